#!/usr/bin/env python3
"""A report is mailed through a real Postfix: STARTTLS, TLS from the first byte, authentication by Cyrus SASL; the last line is
`N passed, N failed`.

    mailing.py [--nsdiag PATH]     needs root; see also install.sh
"""
import argparse
import email
import email.policy
import mailbox
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/bench"))
from own_pace import Postfix

PASSWORD = "geheim, \"7391\" ü"


class Relay:
    """A smart host that takes mail from whom it knows; each of its ports does that in a way of its own."""

    WAYS = {
        # STARTTLS; PLAIN and LOGIN.
        "starttls": "",
        "login": "-o smtpd_sasl_path=login",
        "wrapped": "-o smtpd_tls_wrappermode=yes",
        "small": "-o message_size_limit=500",
        "without-tls": "-o smtpd_tls_security_level=none",
    }

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.certificate()
        self.ports, services = {}, "virtual unix - n n - - virtual\n"
        for way, options in self.WAYS.items():
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.ports[way] = free.getsockname()[1]
            services += f"127.0.0.1:{self.ports[way]} inet n - n - - smtpd\n" + (f"    {options}\n" if options else "")
        boxes = folder / "boxes"
        boxes.mkdir()
        shutil.chown(boxes, "nobody", "nogroup")
        (folder / "boxes.map").write_text("anna@contoso.com anna\nben@contoso.com ben\n")
        self.postfix = Postfix(
            folder / "postfix", [], services, smtpd_tls_security_level="may", smtpd_tls_cert_file=folder / "relay.crt",
            smtpd_tls_key_file=folder / "relay.key", smtpd_tls_auth_only="yes", smtpd_sasl_auth_enable="yes",
            smtpd_sasl_local_domain="contoso.com",
            smtpd_recipient_restrictions="reject_unlisted_recipient, permit_sasl_authenticated, reject",
            virtual_mailbox_maps=f"texthash:{folder}/boxes.map", virtual_mailbox_base=boxes, virtual_transport="virtual",
            virtual_uid_maps="static:65534", virtual_gid_maps="static:65534")
        self.accounts(folder / "postfix/etc/sasl")

    def certificate(self) -> None:
        new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
        ca, own = self.folder / "ca", self.folder / "relay"
        run(*new, "-keyout", f"{ca}.key", "-out", f"{ca}.crt", "-subj", "/CN=nsdiag test authority")
        run(*new, "-CA", f"{ca}.crt", "-CAkey", f"{ca}.key", "-keyout", f"{own}.key", "-out", f"{own}.crt", "-subj",
            "/CN=relay", "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE")

    def accounts(self, sasl: pathlib.Path) -> None:
        """`sasl` beside main.cf(5) is where Debian's Postfix looks for the settings of Cyrus SASL."""
        users = self.folder / "sasldb"
        sasl.mkdir()
        for name, mechanisms in [("smtpd", "PLAIN LOGIN"), ("login", "LOGIN")]:
            (sasl / f"{name}.conf").write_text(f"pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {users}\n"
                                               f"mech_list: {mechanisms}\n")
        run("saslpasswd2", "-p", "-c", "-f", users, "-u", "contoso.com", "nsdiag", input=PASSWORD)
        shutil.chown(users, "postfix")

    def mails(self, name: str) -> list:
        """What is in somebody's mailbox, which is empty then."""
        path = self.folder / "boxes" / name
        if not path.exists():
            return []
        box = mailbox.mbox(path, lambda file: email.message_from_binary_file(file, policy=email.policy.default))
        found = list(box)
        box.close()
        path.unlink()
        return found

    def settle(self) -> None:
        """Waits until the queue is empty."""
        end = time.monotonic() + 20
        queue = self.folder / "postfix/queue"
        while any(path.is_file() for part in ("maildrop", "incoming", "active") for path in (queue / part).rglob("*")):
            assert time.monotonic() < end, "mail stays in the queue"
            time.sleep(0.05)


def run(*command, **more) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **more)
    assert done.returncode == 0, f"{command}: {done.stderr}{done.stdout}"


def mail(relay: Relay, nsdiag: pathlib.Path, way: str, to: list, user: str = "nsdiag", password: str = PASSWORD,
         roots: str = '["ca.crt"]') -> tuple:
    """Runs nsdiag, which mails its report: what it ended with, what it said, and who got what."""
    folder = relay.folder
    tls = {"wrapped": "wrapped", "clear": "none"}.get(way, "starttls")
    login = f'user = "{user}"\npassword_file = "password"\n' if user else ""
    (folder / "nsdiag.toml").write_text(textwrap.dedent(f"""\
        domain = "contoso.com"
        [dns]
        resolvers = ["127.0.0.1:{relay.postfix.resolver}"]
        [tls]
        ca_files = {roots}
        [mail]
        smart_host = "127.0.0.1:{relay.ports["starttls" if way == "clear" else way]}"
        tls = "{tls}"
        from = "nsdiag@contoso.com"
        """) + login)
    (folder / "password").write_text(password)
    (folder / "password").chmod(0o600)
    addresses = [part for one in to for part in ("--mail-to", f"{one}@contoso.com")]
    done = subprocess.run([nsdiag, "check", "-q", "-o", "report.txt", "--ehlo", "adm01.contoso.com", *addresses], cwd=folder,
                          capture_output=True, text=True, timeout=100)
    relay.settle()
    got = {name: relay.mails(name) for name in ("anna", "ben")}
    for what in (done.stdout, done.stderr):
        assert password not in what and "geheim" not in what, f"a password is told: {what}"
    return done.returncode, done.stderr, got


def arrives(way: str, with_words: str):
    def play(relay: Relay, nsdiag: pathlib.Path) -> None:
        code, errors, got = mail(relay, nsdiag, way, ["anna", "ben"])
        report = (relay.folder / "report.txt").read_text()
        assert (code, errors) == (2, ""), (code, errors)
        for name in ("anna", "ben"):
            [one] = got[name]
            text = one.get_content().replace("\r\n", "\n").rstrip("\n")
            assert text == report.rstrip("\n"), text
            assert one["Subject"] == "nsdiag: " + " ".join(report.splitlines()[0].split()), one["Subject"]
            assert (one["From"], one["To"]) == ("nsdiag <nsdiag@contoso.com>", "anna@contoso.com, ben@contoso.com")
            assert one["Auto-Submitted"] == "auto-generated" and one["Message-ID"].endswith("@adm01.contoso.com>")
            assert one["Return-Path"] == "<nsdiag@contoso.com>", one["Return-Path"]
            # Postfix writes how it got it: with TLS (S) and authenticated (A), RFC 3848.
            assert f"with {with_words} " in " ".join(one["Received"].split()), one["Received"]
    return play


def fails(way: str, expected: str, **more):
    def play(relay: Relay, nsdiag: pathlib.Path) -> None:
        code, errors, got = mail(relay, nsdiag, way, ["anna"], **more)
        assert code == 2 and expected in errors, (code, errors)
        assert not got["anna"], "it arrived all the same"
    return play


def one_of_two(relay: Relay, nsdiag: pathlib.Path) -> None:
    code, errors, got = mail(relay, nsdiag, "starttls", ["nobody", "anna"])
    assert code == 2 and errors.startswith("nsdiag: the mail to nobody@contoso.com was refused by 127.0.0.1: 550 5.1.1 "), errors
    assert "anna" not in errors and len(got["anna"]) == 1, errors


CASES = {
    "STARTTLS and PLAIN": arrives("starttls", "ESMTPSA"),
    "STARTTLS and LOGIN": arrives("login", "ESMTPSA"),
    "TLS from the first byte": arrives("wrapped", "ESMTPSA"),
    "a recipient whom it does not know": one_of_two,
    "a wrong password": fails("starttls", "'nsdiag' is not let in (at AUTH): 127.0.0.1 says 535 5.7.8 ", password="geheim"),
    "a wrong password for LOGIN": fails("login", "'nsdiag' is not let in (at AUTH): 127.0.0.1 says 535 5.7.8 ", password="geheim"),
    "nobody's name": fails("starttls", "was refused by 127.0.0.1: 554 5.7.1 ", user=""),
    "no STARTTLS": fails("without-tls", "127.0.0.1 offers no STARTTLS, and nothing is sent in the clear"),
    "a certificate of nobody's": fails("starttls", "invalid peer certificate: UnknownIssuer", roots="[]"),
    "a mail too large": fails("small", "bytes, and 127.0.0.1 takes 500"),
    "in the clear, to who wants a name": fails("clear", "was refused by 127.0.0.1: 554 5.7.1 ", user=""),
}


def main() -> int:
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--nsdiag", type=pathlib.Path, default=target / "debug/nsdiag")
    nsdiag = arguments.parse_args().nsdiag.resolve()
    if os.geteuid() != 0:
        sys.exit("Postfix takes root")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nsdiag-mailing-"))
    folder.chmod(0o755)
    relay, failed = None, 0
    try:
        relay = Relay(folder)
        for name, play in CASES.items():
            try:
                play(relay, nsdiag)
                print(f"ok      {name}", flush=True)
            except AssertionError as error:
                failed += 1
                log = (folder / "postfix/log").read_text(errors="replace").splitlines()[-15:]
                print(f"FAILED  {name}: {error}\n" + "\n".join(log), flush=True)
    finally:
        if relay:
            relay.postfix.close()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
