"""Real servers in two network namespaces: Samba AD, Postfix hosts, Knot and Unbound, a client beside them."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time

import directory
import names

HOSTS = {
    "ns1.contoso.com": "10.77.0.52",
    "resolver.contoso.com": "10.77.0.53",
    "ns2.contoso.com": "10.77.0.54",
    "dc1.corp.contoso.com": "10.77.0.10",
    "dc1.labs.contoso.com": "10.77.0.11",
    "mx1.contoso.com": "10.77.0.25",
    "exch01.corp.contoso.com": "10.77.0.26",
    "exch01.labs.contoso.com": "10.77.0.27",
    "smarthost.contoso.com": "10.77.0.44",
}
# An Exchange organisation and its directory; see directory.py.
FOREST = {"accepted_flags": 2, "filter_flags": 3, "mailboxes": ["anna", "ben", "helpdesk"],
          "contacts": ["orders", "sales"], "recipients": [],
          "connectors": [["To Zimbra", ["SMTP:contoso.com;1", "SMTP:zimbra.contoso.com;1"], "smarthost.contoso.com"]],
          # The address whose mail a receive connector takes as secured; what the tool's account may not see:
          # "organisation", "connectors".
          "trusts": None, "hidden": None}
COUNT = iter(range(1000))


class World:
    """The servers, up until `close`. `changes` says what differs from a healthy landscape; see scenarios.py."""

    def __init__(self, cache: pathlib.Path, **changes):
        self.changes = FOREST | {
            # Another organisation in place of the other system: what differs in it from FOREST.
            "second": None, "known_good": ["helpdesk"],
            "gateway_filter": "(proxyAddresses=smtp:%s)", "gateway_also": [], "exchange_knows": None, "greylist": False,
            "gateway_drops": False, "password": directory.PASSWORD, "delay_ms": 0,
            # DNSSEC: none, "signed", "wrong-ds"; the gateway's TLSA record: none, "right", "old".
            "dnssec": None, "tlsa": None, "stale_server": False, "port_25_drops": False,
            # The MX hosts, all of one preference; who has a mailbox on the other system, and who is on its list where
            # that differs; what the configuration says of the list: "file", "none", "in-directory".
            "mx": ["mx1.contoso.com"], "others": ["orders", "sales"], "listed": None, "list": "file",
            # Whether the other system knows Exchange's recipients too, and relays their mail.
            "other_relays": False,
            # Hosts' IPv6 addresses, to which nothing leads; what else [probe] of the configuration says.
            "addresses6": {}, "probe": {},
            # The gateway: where its look-up starts, a table in place of the look-up, settings of Postfix's, and after how
            # many unknown recipients in a session it calls everybody unknown.
            "gateway_base": "", "gateway_table": None, "gateway_settings": {}, "gateway_counts": None,
            "ldap": "ldaps://dc1.corp.contoso.com", "port_636_drops": False} | changes
        # Namespaces' names are the machine's: two runs at once must not share them.
        name = f"nsd{os.getpid()}x{next(COUNT)}"
        self.servers, self.client = f"{name}s", f"{name}c"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="nsdiag-real-"))
        self.folder.chmod(0o755)
        self.postfixes: list[pathlib.Path] = []
        self.processes: list[subprocess.Popen] = []
        self.cache = cache
        try:
            self.network()
            self.certificates()
            self.directory()
            names.start(self, HOSTS)
            self.hops()
            self.wait()
        except BaseException:
            self.close()
            raise

    # The parts, in the order in which they start.

    def network(self) -> None:
        hosts = "127.0.0.1 localhost\n" + "".join(f"{ip} {host} {host.split('.')[0]}\n" for host, ip in HOSTS.items())
        hosts += f"127.0.0.1 {socket.gethostname()}\n"
        for space in (self.servers, self.client):
            etc = pathlib.Path("/etc/netns") / space
            etc.mkdir(parents=True)
            (etc / "hosts").write_text(hosts)
            (etc / "resolv.conf").write_text("nameserver 10.77.0.53\n")
            sh("ip", "netns", "add", space)
            self.within(space, "ip", "link", "set", "lo", "up")
        if self.changes["delay_ms"]:
            self.slow_link()
        else:
            sh("ip", "link", "add", "wire", "netns", self.servers, "type", "veth", "peer", "name", "wire", "netns",
               self.client)
            for space, address in ((self.servers, "10.77.1.1/24"), (self.client, "10.77.1.2/24")):
                self.within(space, "ip", "addr", "add", address, "dev", "wire")
                self.within(space, "ip", "link", "set", "wire", "up")
        self.within(self.client, "ip", "route", "add", "10.77.0.0/24", "via", "10.77.1.1")
        for ip in HOSTS.values():
            self.within(self.servers, "ip", "addr", "add", f"{ip}/32", "dev", "lo")

    def slow_link(self) -> None:
        delay = pathlib.Path(__file__).parents[1] / "bench/delay.py"
        process = subprocess.Popen([sys.executable, delay, self.servers, "10.77.1.1/24", self.client, "10.77.1.2/24",
                                    str(self.changes["delay_ms"])], stdout=subprocess.PIPE)
        self.processes.append(process)
        if process.stdout.readline() != b"ready\n":
            raise RuntimeError("the slow link does not stand")

    def certificates(self) -> None:
        tls = self.folder / "tls"
        tls.mkdir()
        new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
        sh(*new, "-keyout", tls / "ca.key", "-out", tls / "ca.crt", "-subj", "/CN=nsdiag test authority")
        for host in HOSTS:
            sh(*new, "-CA", tls / "ca.crt", "-CAkey", tls / "ca.key", "-keyout", tls / f"{host}.key", "-out",
               tls / f"{host}.crt", "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}", "-addext",
               "basicConstraints=critical,CA:FALSE")
            (tls / f"{host}.key").chmod(0o600)

    def directory(self) -> None:
        self.forests = {"corp": self.changes}
        if self.changes["second"] is not None:
            self.forests["labs"] = FOREST | self.changes["second"]
        for name, wanted in self.forests.items():
            samba = self.folder / f"samba-{name}"
            keys = {key: wanted[key] for key in FOREST}
            directory.copy(directory.provision(self.cache, name), samba, name, keys,
                           self.folder / f"tls/dc1.{name}.contoso.com")
            self.start(f"samba-{name}", "samba", "-i", "-M", "single", f"--configfile={samba}/etc/smb.conf",
                       "--no-process-group")
        realms = "".join(f"{name.upper()}.CONTOSO.COM = {{\nkdc = {HOSTS[f'dc1.{name}.contoso.com']}\n}}\n"
                         for name in self.forests)
        domains = "".join(f".{name}.contoso.com = {name.upper()}.CONTOSO.COM\n" for name in self.forests)
        (self.folder / "krb5.conf").write_text(
            "[libdefaults]\ndefault_realm = CORP.CONTOSO.COM\nrdns = false\ndns_lookup_kdc = false\n"
            f"dns_lookup_realm = false\n[realms]\n{realms}[domain_realm]\n{domains}")

    def look_up(self, name: str) -> str:
        """The gateway's map of a forest's recipients."""
        path = self.folder / f"{name}-recipients.cf"
        path.write_text(
            f"server_host = ldaps://dc1.{name}.contoso.com:636\nversion = 3\nbind = yes\n"
            f"bind_dn = nsdiag@{name}.contoso.com\nbind_pw = {directory.PASSWORD}\n"
            f"tls_ca_cert_file = {self.folder}/tls/ca.crt\ntls_require_cert = yes\n"
            f"search_base = {self.changes['gateway_base']}DC={name},DC=contoso,DC=com\n"
            f"query_filter = {self.changes['gateway_filter']}\n"
            "result_attribute = cn\n")
        return f"ldap:{path}"

    def hops(self) -> None:
        look_ups = " ".join(self.look_up(name) for name in self.forests)
        if "mx1.contoso.com" in self.changes["mx"]:
            self.gateway(look_ups)
        exchange = {"relay_domains": "contoso.com", "relay_recipient_maps": "",
                    "smtpd_banner": "$myhostname Microsoft ESMTP MAIL Service ready"}
        if self.changes["exchange_knows"] is not None:
            known = self.table("exchange", self.changes["exchange_knows"])
            exchange["smtpd_recipient_restrictions"] = (
                f"reject_unauth_destination, check_recipient_access {known}, check_recipient_access static:"
                "{550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup}")
        for name in self.forests:
            self.postfix(f"exch01.{name}.contoso.com", exchange)
        if "labs" not in self.forests:
            self.other(look_ups)

    def gateway(self, look_ups: str) -> None:
        """A host that takes whom its tables or its look-ups find."""
        if self.changes["gateway_table"] is not None:
            look_ups = self.table("gateway", self.changes["gateway_table"])
        also = self.table("also", self.changes["gateway_also"])
        gateway = {"relay_domains": "contoso.com", "relay_recipient_maps": f"{also} {look_ups}",
                   "smtpd_banner": "$myhostname ESMTP $mail_name"} | self.changes["gateway_settings"]
        if self.changes["greylist"]:
            gateway["smtpd_recipient_restrictions"] = "reject_unauth_destination, check_policy_service inet:10.77.0.25:10023"
            greylist = self.folder / "postgrey"
            greylist.mkdir()
            shutil.chown(greylist, "postgrey")
            self.start("postgrey", "postgrey", "--inet=10.77.0.25:10023", f"--dbdir={greylist}",
                       f"--pidfile={greylist}/pid")
        if self.changes["gateway_counts"] is not None:
            gateway["smtpd_recipient_restrictions"] = "reject_unauth_destination, check_policy_service inet:10.77.0.25:10024"
            program = pathlib.Path(__file__).with_name("counting.py")
            self.start("counting", sys.executable, program, "10.77.0.25", 10024, self.changes["gateway_counts"],
                       *self.changes["gateway_table"])
        self.postfix("mx1.contoso.com", gateway)

    def other(self, look_ups: str) -> None:
        """The other system's host: its own mailboxes, and Exchange's recipients where it relays them."""
        banner = {"smtpd_banner": "$myhostname ESMTP $mail_name"}
        mailboxes = self.table("zimbra", self.changes["others"])
        if self.changes["other_relays"]:
            at_home = self.table("at-home", self.changes["others"], "discard:")
            self.postfix("smarthost.contoso.com", banner | {
                "relay_domains": "contoso.com", "relay_recipient_maps": f"{mailboxes} {look_ups}",
                "relay_transport": "relay:[exch01.corp.contoso.com]", "transport_maps": at_home})
        else:
            self.postfix("smarthost.contoso.com", banner | {
                "virtual_mailbox_domains": "contoso.com", "virtual_mailbox_maps": mailboxes,
                "virtual_transport": "discard:"})

    def table(self, name: str, locals_: list, value: str = "OK") -> str:
        path = self.folder / f"{name}.table"
        path.write_text("".join(f"{local}@contoso.com {value}\n" for local in locals_))
        return f"texthash:{path}"

    def postfix(self, host: str, settings: dict) -> None:
        home = self.folder / host
        for part in ("etc", "queue", "data"):
            (home / part).mkdir(parents=True)
        shutil.chown(home / "data", "postfix")
        settings = {
            "compatibility_level": "3.6", "queue_directory": home / "queue", "data_directory": home / "data",
            "myhostname": host, "mydestination": "", "inet_interfaces": HOSTS[host], "inet_protocols": "ipv4",
            "mynetworks": "127.0.0.1/32", "alias_maps": "", "local_recipient_maps": "",
            "smtpd_relay_restrictions": "reject_unauth_destination", "relay_transport": "discard:",
            "smtpd_tls_cert_file": self.folder / f"tls/{host}.crt", "smtpd_tls_key_file": self.folder / f"tls/{host}.key",
            "smtpd_tls_security_level": "may", "maillog_file": home / "log", "maillog_file_prefixes": home,
        } | settings
        (home / "etc/main.cf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
        # -v writes every command that a client says into the log: that is how DATA would be seen.
        (home / "etc/master.cf").write_text(textwrap.dedent("""\
            smtp     inet n - n -    - smtpd -v
            cleanup  unix n - n -    0 cleanup
            qmgr     unix n - n 300  1 qmgr
            rewrite  unix - - n -    - trivial-rewrite
            bounce   unix - - n -    0 bounce
            defer    unix - - n -    0 bounce
            discard  unix - - n -    - discard
            smtp     unix - - n -    - smtp
            verify   unix - - n -    1 verify
            error    unix - - n -    - error
            anvil    unix - - n -    1 anvil
            tlsmgr   unix - - n 1000 1 tlsmgr
            proxymap unix - - n -    - proxymap
            postlog  unix-dgram n - n - 1 postlogd
            """))
        self.within(self.servers, "postfix", "-c", home / "etc", "start")
        self.postfixes.append(home)

    def wait(self) -> None:
        ports = [(HOSTS[f"dc1.{name}.contoso.com"], 636) for name in self.forests]
        ports += [(HOSTS[home.name], 25) for home in self.postfixes]
        ports += [(HOSTS["mx1.contoso.com"], 10024)] if self.changes["gateway_counts"] is not None else []
        probe = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)"
        end = time.monotonic() + 40
        for ip, port in ports:
            while subprocess.run(["ip", "netns", "exec", self.servers, "python3", "-c", probe, ip, str(port)],
                                 capture_output=True).returncode:
                if time.monotonic() > end:
                    raise RuntimeError(f"nothing listens at {ip}:{port}\n" + self.logs())
                time.sleep(0.2)
        while subprocess.run(["ip", "netns", "exec", self.client, "python3", "-c", "import socket; "
                              "socket.getaddrinfo('mx1.contoso.com', 25)"], capture_output=True).returncode:
            if time.monotonic() > end:
                raise RuntimeError("DNS does not answer\n" + self.logs())
            time.sleep(0.2)
        dropped = "ip daddr 10.77.0.25 tcp dport 25" if self.changes["gateway_drops"] else "tcp dport 25"
        if self.changes["port_636_drops"]:
            # The gateway beside the directory still reaches it.
            dropped = "iif wire tcp dport 636"
        if any(self.changes[name] for name in ("gateway_drops", "port_25_drops", "port_636_drops")):
            self.within(self.servers, "nft", "add table inet hole; add chain inet hole in { type filter hook input "
                        f"priority 0; }}; add rule inet hole in {dropped} drop")

    # What tests use.

    def config(self) -> pathlib.Path:
        """A configuration that points nsdiag at this world."""
        (self.folder / "ldap-password").write_text(self.changes["password"])
        (self.folder / "ldap-password").chmod(0o600)
        listed = self.changes["others"] if self.changes["listed"] is None else self.changes["listed"]
        (self.folder / "users.txt").write_text("".join(f"{local}@contoso.com\n" for local in listed))
        recipients = {"file": 'recipients = "users.txt"', "in-directory": 'recipients = "in-directory"', "none": ""}
        path = self.folder / "nsdiag.toml"
        path.write_text(textwrap.dedent("""\
            domain = "contoso.com"
            [dns]
            resolvers = ["10.77.0.53"]
            [tls]
            ca_files = ["tls/ca.crt"]
            [probe]
            mail_from = "nsdiag@example.net"
            ehlo = "client.example.net"
            """) + "".join(f"{name} = {json.dumps(value)}\n" for name, value in self.changes["probe"].items())
            + f"known_good = {json.dumps([f'{one}@contoso.com' for one in self.changes['known_good']])}\n"
            + "".join(self.system(name) for name in self.forests)
            + ("" if "labs" in self.forests else textwrap.dedent("""\
            [[system]]
            name = "zimbra"
            kind = "other"
            smtp = ["smarthost.contoso.com"]
            """) + recipients[self.changes["list"]] + "\n"))
        return path

    def system(self, name: str) -> str:
        """An Exchange system, in the configuration."""
        ldap = self.changes["ldap"].replace("corp", name)
        listed = 'recipients = "users.txt"' if name == "labs" else ""
        return textwrap.dedent(f"""\
            [[system]]
            name = "{name}"
            kind = "exchange"
            smtp = ["exch01.{name}.contoso.com"]
            {listed}
            [system.directory]
            ldap = ["{ldap}"]
            user = "nsdiag@{name}.contoso.com"
            password_file = "ldap-password"
            """)

    def ask(self, *command) -> subprocess.CompletedProcess:
        """Runs a command beside the client."""
        return subprocess.run(["ip", "netns", "exec", self.client, *map(str, command)], capture_output=True, text=True,
                              timeout=240, env=os.environ | {"KRB5_CONFIG": str(self.folder / "krb5.conf")})

    def hosts_that_heard(self, verb: str) -> list[str]:
        """The hops whose log holds that SMTP command, said by anybody."""
        found = []
        for home in self.postfixes:
            log = (home / "log").read_text(errors="replace") if (home / "log").exists() else ""
            if any("< " in line and line.rstrip().split(": ")[-1].upper().startswith(verb) for line in log.splitlines()):
                found.append(home.name)
        return found

    def close(self) -> None:
        """Ends everything that this world started."""
        for home in self.postfixes:
            subprocess.run(["ip", "netns", "exec", self.servers, "postfix", "-c", home / "etc", "abort"],
                           capture_output=True)
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
        for space in (self.servers, self.client):
            left = subprocess.run(["ip", "netns", "pids", space], capture_output=True, text=True).stdout.split()
            for pid in left:
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    pass
            subprocess.run(["ip", "netns", "del", space], capture_output=True)
            shutil.rmtree(pathlib.Path("/etc/netns") / space, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    # Plumbing.

    def within(self, space: str, *command) -> None:
        sh("ip", "netns", "exec", space, *command)

    def start(self, name: str, *command) -> None:
        log = open(self.folder / f"{name}.log", "w")
        self.processes.append(subprocess.Popen(["ip", "netns", "exec", self.servers, *map(str, command)], stdout=log,
                                               stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL))

    def logs(self) -> str:
        """The ends of all logs, for a test that failed."""
        paths = sorted(self.folder.glob("*.log")) + [home / "log" for home in self.postfixes]
        tail = lambda path: "".join(path.read_text(errors="replace").splitlines(True)[-12:]) if path.exists() else ""
        return "".join(f"--- {path.name} of {path.parent.name}\n{tail(path)}" for path in paths)


def sh(*command) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr}{done.stdout}")
