"""An Exim of its own on a free port of loopback, with the check of bad recipients that its default configuration brings.

Debian has one mail server at a time installed, and that is Postfix here: Exim is unpacked beside it.
"""
import pathlib
import shlex
import shutil
import socket
import subprocess
import time

PACKAGES = ["exim4-base", "exim4-daemon-light", "libidn12"]

# `acl_check_rcpt` has that `deny` in the configuration that Exim comes with; whom the list lacks, nobody routes.
CONFIG = """\
exim_user = Debian-exim
exim_group = Debian-exim
primary_hostname = mx1.contoso.com
spool_directory = {home}/spool
log_file_path = {home}/log/%s
pid_file_path = {home}/pid
host_lookup =
tls_advertise_hosts =
keep_environment =
domainlist local_domains = contoso.com
acl_smtp_rcpt = acl_check_rcpt
acl_smtp_predata = acl_check_predata
begin acl
acl_check_rcpt:
  deny    condition     = ${{if and {{{{>{{$rcpt_count}}{{10}}}}{{<{{$recipients_count}}{{${{eval:$rcpt_count/2}}}}}}}}}}
          message       = Rejected for too many bad recipients
  require domains       = +local_domains
  require verify        = recipient
  accept
acl_check_predata:
  deny    log_message   = heard DATA
begin routers
mailboxes:
  driver = accept
  domains = +local_domains
  local_parts = lsearch;{home}/mailboxes
  transport = nowhere
begin transports
nowhere:
  driver = appendfile
  file = /dev/null
"""


class Exim:
    """Exim, who knows these users."""

    def __init__(self, home: pathlib.Path, cache: pathlib.Path, users: list):
        self.home = home
        unpacked = unpack(cache)
        for part in ("spool", "log"):
            (home / part).mkdir(parents=True)
            shutil.chown(home / part, "mail", "mail")
        (home / "mailboxes").write_text("".join(f"{user.split('@')[0]}\n" for user in users))
        (home / "conf").write_text(CONFIG.format(home=home))
        # It insists on the user that it was built for: it sees one, and nobody else does.
        for name, line in [("passwd", "Debian-exim:x:8:8::/nonexistent:/usr/sbin/nologin"), ("group", "Debian-exim:x:8:")]:
            (home / name).write_text(pathlib.Path("/etc", name).read_text() + line + "\n")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        here = shlex.quote(str(home))
        libraries = next(unpacked.glob("usr/lib/*/libidn.so.12")).parent
        start = (f"mount --bind {here}/passwd /etc/passwd && mount --bind {here}/group /etc/group && "
                 f"exec env LD_LIBRARY_PATH={shlex.quote(str(libraries))} {shlex.quote(str(unpacked / 'usr/sbin/exim4'))} "
                 f"-C {here}/conf -bdf -oX 127.0.0.1:{self.port}")
        with open(home / "output", "w") as output:
            self.process = subprocess.Popen(["unshare", "-m", "sh", "-c", start], stdout=output, stderr=output)
        end = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise AssertionError(f"Exim does not start: {(home / 'output').read_text()}") from None
                time.sleep(0.1)

    def log(self) -> str:
        return "".join(path.read_text(errors="replace") for path in (self.home / "log").iterdir())

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(30)


def unpack(cache: pathlib.Path) -> pathlib.Path:
    """Where Exim is unpacked: once."""
    folder = cache / "exim"
    if not folder.exists():
        work = pathlib.Path(subprocess.run(["mktemp", "-d", "-p", cache], check=True, capture_output=True, text=True).stdout.strip())
        download = ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", *PACKAGES]
        if subprocess.run(download, cwd=work, capture_output=True).returncode != 0:
            subprocess.run(["apt-get", "update", "-qq"], check=True)
            subprocess.run(download, cwd=work, check=True)
        for package in work.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, work / "unpacked"], check=True)
        try:
            (work / "unpacked").rename(folder)
        except OSError:
            assert folder.exists(), "Exim cannot be unpacked"
        shutil.rmtree(work)
    return folder
