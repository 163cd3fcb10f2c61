#!/usr/bin/env python3
"""`--pace own` on a local Postfix, against clients that do less: ten thousand accepted recipients, medians of five.

    own_pace.py [--nsdiag PATH] [--addresses N] [--runs N]

(a) a client in C that pipelines and does nothing else: the server's limit, at the best of one, two and four sessions.
    While nsdiag talks to the host it has to reach 0.9 of that rate. What it does beside that and the client does not
    (DNS, the recipient list, judging, 15 MB of report) is shown with the whole run, from its start to the report on disk,
    by which (b) and (c) are measured.
(b) `swaks` once for each address, four at a time (`xargs -P4`); sixty addresses, extrapolated. 50 times as fast.
(c) what check-if-email-exists does (core/src/smtp/connect.rs, 0.11): a connection for each address, MAIL, RCPT for a random
    recipient, RCPT for the address, QUIT, nothing pipelined; its CLI takes one address at a time. A client in C does just
    that; the CLI itself is not built here, because it asks the Internet for more (MX, disposable domains) and could only be
    slower. 10 times as fast. Four of them at once are shown beside it, for comparison.

Postfix has its limits as shipped (smtpd_recipient_limit 1000, the error limits, anvil's), a hash table of mailboxes, no
TLS for anybody. One setting is not as shipped, in favour of (b) and (c): in_flow_delay is 0. With its second, each
transaction beyond the first hundred that leaves no message waits for one, which is four connections a second for them. All five rounds are interleaved, so that what else the machine does hits everybody alike.
"""
import argparse
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import textwrap
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
# How many of the addresses the slow clients are given; their times are extrapolated.
SWAKS = 60
SINGLE = 1000


def main() -> int:
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--nsdiag", type=pathlib.Path, default=target / "release/nsdiag")
    arguments.add_argument("--addresses", type=int, default=10_000)
    arguments.add_argument("--runs", type=int, default=5)
    arguments = arguments.parse_args()
    if os.geteuid() != 0:
        sys.exit("Postfix takes root")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nsdiag-bench-"))
    folder.chmod(0o755)
    postfix = None
    try:
        users = [f"user{number:05}@contoso.com" for number in range(arguments.addresses)]
        (folder / "users.txt").write_text("".join(f"{user}\n" for user in users))
        postfix = Postfix(folder / "postfix", users + ["helpdesk@contoso.com"])
        subprocess.run(["gcc", "-O2", "-pthread", "-o", folder / "clients", ROOT / "tests/bench/clients.c"], check=True)
        return measure(folder, postfix, users, arguments)
    finally:
        if postfix:
            postfix.close()
        shutil.rmtree(folder, ignore_errors=True)


def measure(folder: pathlib.Path, postfix: "Postfix", users: list, arguments) -> int:
    count = arguments.addresses
    clients = {f"pipelining client, {number} at once": ["pipeline", number] for number in (1, 2, 4)}
    times: dict[str, list[float]] = {}
    probing = []
    for number in range(arguments.runs + 1):
        took = {}
        for name, (kind, sessions) in clients.items():
            took[name] = client(folder, postfix, kind, sessions)
        took["nsdiag --pace own"], probed = nsdiag(folder, postfix, arguments.nsdiag, count)
        probing.append(probed)
        some = min(SINGLE, count)
        took["a connection each"] = client(folder, postfix, "single", 1, some) * count / some
        took["a connection each, 4 at once"] = client(folder, postfix, "single", 4, some) * count / some
        took["swaks, xargs -P4"] = swaks(folder, postfix, users[:SWAKS]) * count / SWAKS
        # The first round warms the caches.
        if number > 0:
            for name, seconds in took.items():
                times.setdefault(name, []).append(seconds)
    medians = {name: statistics.median(all_) for name, all_ in times.items()}
    for name, median in medians.items():
        low, high = min(times[name]), max(times[name])
        some = SWAKS if "swaks" in name else SINGLE if "each" in name else count
        sampled = f", extrapolated from {some}" if some < count else ""
        print(f"{name:32} {median:8.2f} s ({low:.2f} to {high:.2f}){sampled}  {count / median:8.0f} recipients/s")
    print(f"{'of which nsdiag probed':32} {statistics.median(probing[1:]):8.2f} s")
    own = medians["nsdiag --pace own"]
    limit = min(medians[name] for name in clients)
    heard = postfix.heard("DATA")
    ratios = [("of the server's limit while it talks", limit / statistics.median(probing[1:]), 0.9), ("times as fast as a connection each",
              medians["a connection each"] / own, 10), ("times as fast as swaks", medians["swaks, xargs -P4"] / own, 50)]
    failed = bool(heard)
    print(f"{limit / own:8.2f} of the server's limit from the start to the report")
    print(f"DATA heard: {heard}")
    for what, ratio, least in ratios:
        failed |= ratio < least
        print(f"{ratio:8.2f} {what} ({'at least' if ratio >= least else 'SHOULD BE AT LEAST'} {least})")
    return 1 if failed else 0


def client(folder: pathlib.Path, postfix: "Postfix", kind: str, sessions: int, most: int = 1_000_000) -> float:
    users = "".join((folder / "users.txt").read_text().splitlines(True)[:most])
    began = time.monotonic()
    subprocess.run([folder / "clients", kind, str(postfix.port), str(sessions)], input=users, text=True, check=True,
                   stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def swaks(folder: pathlib.Path, postfix: "Postfix", users: list) -> float:
    began = time.monotonic()
    done = subprocess.run(["xargs", "-P4", "-n1", "swaks", "--silent", "3", "--server", f"127.0.0.1:{postfix.port}", "--ehlo",
                           "client.example.net", "--from", "probe@example.net", "--quit-after", "RCPT", "--to"],
                          input="\n".join(users), text=True, stdout=subprocess.DEVNULL)
    assert done.returncode == 0, "swaks was refused"
    return time.monotonic() - began


def nsdiag(folder: pathlib.Path, postfix: "Postfix", binary: pathlib.Path, count: int) -> tuple[float, float]:
    """Runs nsdiag: how long it took, and for how much of that it talked to the host."""
    began = time.monotonic()
    done = subprocess.run([binary, "check", "contoso.com", "-c", "/dev/null", "--pace", "own", "--gateway",
                           f"127.0.0.1:{postfix.port}", "--resolver", f"127.0.0.1:{postfix.resolver}", "--recipients",
                           folder / "users.txt", "--known-good", "helpdesk@contoso.com", "--mail-from",
                           "probe@example.net", "--ehlo", "client.example.net", "-o", folder / "report.json", "-q"],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    took = time.monotonic() - began
    assert (folder / "report.json").exists(), done.stderr
    report = json.loads((folder / "report.json").read_text())
    accepted = sum(one["hops"][0]["outcome"] == "accepted" for one in report["recipients"])
    assert accepted == count + 1, f"{accepted} of {count + 1} accepted"
    assert report["hops"][0]["validates_recipients"], "the random recipient was not refused"
    assert report["run"]["complete"]
    (folder / "report.json").unlink()
    return took, report["run"]["estimate"]["hops"][0]["took_ms"] / 1000


class Postfix:
    """A Postfix of its own on a free port of loopback, and a DNS server that knows nobody."""

    def __init__(self, home: pathlib.Path, users: list, services: str = "", **more):
        """`services` are further ones of master.cf(5), `more` other settings of postconf(5)."""
        self.home = home
        for part in ("etc", "queue", "data"):
            (home / part).mkdir(parents=True)
        shutil.chown(home / "data", "postfix")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.dns.bind(("127.0.0.1", 0))
        self.resolver = self.dns.getsockname()[1]
        threading.Thread(target=self.answer, daemon=True).start()
        (home / "mailboxes").write_text("".join(f"{user} OK\n" for user in users))
        settings = {
            "compatibility_level": "3.6", "queue_directory": home / "queue", "data_directory": home / "data",
            "myhostname": "mx1.contoso.com", "mydestination": "", "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4", "mynetworks": "192.0.2.1/32", "alias_maps": "", "local_recipient_maps": "",
            "virtual_mailbox_domains": "contoso.com", "virtual_mailbox_maps": f"hash:{home}/mailboxes",
            "virtual_transport": "discard:", "maillog_file": home / "log", "maillog_file_prefixes": home, "in_flow_delay": 0,
        } | more
        (home / "etc/main.cf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
        (home / "etc/master.cf").write_text(textwrap.dedent(f"""\
            127.0.0.1:{self.port} inet n - n - - smtpd
            cleanup  unix n - n -    0 cleanup
            qmgr     unix n - n 300  1 qmgr
            rewrite  unix - - n -    - trivial-rewrite
            bounce   unix - - n -    0 bounce
            defer    unix - - n -    0 bounce
            discard  unix - - n -    - discard
            anvil    unix - - n -    1 anvil
            tlsmgr   unix - - n 1000 1 tlsmgr
            proxymap unix - - n -    - proxymap
            postlog  unix-dgram n - n - 1 postlogd
            """) + services)
        subprocess.run(["postmap", "-c", home / "etc", f"hash:{home}/mailboxes"], check=True)
        subprocess.run(["postfix", "-c", home / "etc", "start"], check=True, capture_output=True)
        end = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def answer(self) -> None:
        """NXDOMAIN to everything (RFC 1035, 4.1.1)."""
        while True:
            try:
                query, sender = self.dns.recvfrom(1500)
            except OSError:
                return
            end = 12
            while end < len(query) and query[end]:
                end += query[end] + 1
            self.dns.sendto(query[:2] + bytes([0x84 | query[2] & 1, 3]) + query[4:6] + bytes(6) + query[12:end + 5], sender)

    def heard(self, verb: str) -> int:
        """How many sessions said that command: smtpd counts them when a session ends (`data=1`)."""
        log = (self.home / "log").read_text(errors="replace")
        assert "rcpt=" in log, "the log shows no command at all"
        return sum(f" {verb.lower()}=" in line for line in log.splitlines())

    def close(self) -> None:
        subprocess.run(["postfix", "-c", self.home / "etc", "abort"], capture_output=True)
        self.dns.close()


if __name__ == "__main__":
    sys.exit(main())
