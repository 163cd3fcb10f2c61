#!/usr/bin/env python3
"""nsdiag's own LDAP client against the crate ldap3: how fast, how much CPU and memory, and what malformed bytes do to them.

    ldap3_sweep.py [--nsdiag PATH] [--recipients N] [--runs N]     needs cargo, slapd and ldap-utils
    ldap3_sweep.py --hostile [--nsdiag PATH]                       needs cargo

The first reads the same attributes of the same recipients from the same slapd on loopback, in pages of 1000, in turns:

- `ldapsearch`, its output thrown away;
- nsdiag's own client, in the program of tests/bench/ldap3: its files without the rest of nsdiag;
- `ldap3 bare`: the crate as its documentation shows it, in the same program, on one thread and on several;
- `ldap3 guarded`: the crate behind a guard that lets no message through at which it would panic or abort, binds on a
  connection of its own, and bounds what waits;
- `nsdiag check` with a list of 3,000 addresses, as in directory_sweep.py: the sweep and a whole run besides.

Of the program's three each makes every entry an object of strings, counts, and keeps nothing.

Prints medians of wall time and CPU time (user and system) and the largest peak memory, and the ratios to ldapsearch. Only
the ratios mean something on a machine that does other things as well.

The second plays a server that sends one malformed answer, at a bind or a search, to the bare crate and to nsdiag, and prints
how each of them ended. It fails where nsdiag does not end with a report.
"""
import argparse
import itertools
import json
import os
import pathlib
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from slapd import ATTRIBUTES, BASE, FILTER, PASSWORD, USER, Slapd

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROJECT = ROOT / "tests/bench/ldap3"


def main() -> int:
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nsdiag", type=pathlib.Path, default=target / "release/nsdiag")
    parser.add_argument("--recipients", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--hostile", action="store_true")
    arguments = parser.parse_args()
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet", "--manifest-path", PROJECT / "Cargo.toml",
                    "--target-dir", target / "ldap3"], check=True)
    nsdiag, ldap3 = arguments.nsdiag.resolve(), target / "ldap3/release/ldap3-sweep"
    with tempfile.TemporaryDirectory(prefix="nsdiag-ldap3-") as name:
        folder = pathlib.Path(name)
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o600)
        (folder / "nsdiag.toml").write_text("")
        if arguments.hostile:
            return hostile(folder, nsdiag, ldap3)
        server = Slapd(folder / "slapd", arguments.recipients)
        try:
            return compare(arguments, folder, server.url, nsdiag, ldap3)
        finally:
            server.close()


def check(nsdiag: pathlib.Path, folder: pathlib.Path, url: str, seconds: int) -> list:
    return [nsdiag, "check", "contoso.com", "-c", folder / "nsdiag.toml", "--ldap", url, "--ldap-user", USER,
            "--ldap-password-file", folder / "password", "--ldap-plaintext", "--recipients", folder / "list.txt",
            "--resolver", "127.0.0.1:1", "--only", "exchange,recipients", "--format", "json", "--quiet",
            "--timeout", str(seconds)]


def compare(arguments, folder: pathlib.Path, url: str, nsdiag: pathlib.Path, ldap3: pathlib.Path) -> int:
    step = max(arguments.recipients // 3000, 1)
    (folder / "list.txt").write_text("".join(f"user{at * step:06}@contoso.com\n" for at in range(3000)))
    sweep = lambda kind, threads: [ldap3, kind, threads, url, USER, folder / "password", BASE, FILTER, *ATTRIBUTES]
    commands = {
        "ldapsearch": ["ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-H", url, "-D", USER, "-y", folder / "password",
                       "-b", BASE, "-E", "pr=1000/noprompt", FILTER, *ATTRIBUTES],
        "nsdiag's client, one thread": sweep("own", "one"),
        "nsdiag's client, many threads": sweep("own", "many"),
        "ldap3 bare, one thread": sweep("bare", "one"),
        "ldap3 bare, many threads": sweep("bare", "many"),
        "ldap3 guarded, one thread": sweep("guarded", "one"),
        "ldap3 guarded, many threads": sweep("guarded", "many"),
        "nsdiag, a whole run": check(nsdiag, folder, url, 60),
    }
    taken: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
    chance = random.Random(7)
    for turn in range(arguments.runs + 1):
        # In another order each time: what one leaves to be written to disk slows the next.
        for name in chance.sample(list(commands), len(commands)):
            out = folder / "out"
            status, errors, used = run(commands[name], out if not turn else pathlib.Path(os.devnull))
            assert status in (0, 1, 2, 3), f"{name}: {status}: {errors}"
            # The first turn warms the server's caches up, and shows that all of them read all.
            if turn:
                taken[name].append(used)
            else:
                seen = entries(name, out)
                assert seen == arguments.recipients, f"{name} read {seen} of {arguments.recipients}"
    base = [statistics.median(column) for column in zip(*taken["ldapsearch"])]
    print(f"{arguments.recipients} recipients, medians of {arguments.runs} in turns")
    print(f"{'':30} {'wall':>7} {'of ldapsearch':>14} {'CPU':>8} {'of ldapsearch':>14} {'peak':>8}")
    for name, runs in taken.items():
        wall, cpu, _ = (statistics.median(column) for column in zip(*runs))
        peak = max(peak for _, _, peak in runs)
        print(f"{name:30} {wall:5.2f} s {wall / base[0]:14.2f} {cpu:6.2f} s {cpu / base[1]:14.2f} {peak:5.0f} MB")
    return 0


def entries(name: str, out: pathlib.Path) -> int:
    # Line by line: a process that is started has a peak of no less than what this one has at that time.
    with open(out, "rb") as lines:
        if name == "ldapsearch":
            return sum(line.startswith(b"dn:") for line in lines)
        if name.startswith("nsdiag, "):
            population = itertools.dropwhile(lambda line: b'"population"' not in line, lines)
            return int(next(line for line in population if b'"total"' in line).strip(b' ",\ntoal:'))
        return int(lines.readline().split()[0])


def run(command: list, output: pathlib.Path, seconds: float = 600) -> tuple[int, str, tuple[float, float, float]]:
    """Runs it, its output into a file: its exit status, its complaints, and its wall time, CPU time (s) and peak memory (MB)."""
    with open(output, "wb") as out, tempfile.TemporaryFile() as errors:
        began = time.monotonic()
        process = subprocess.Popen([str(word) for word in command], stdout=out, stderr=errors,
                                   env={**os.environ, "RUST_BACKTRACE": "0"})
        watch = threading.Timer(seconds, process.kill)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        took = time.monotonic() - began
        watch.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        used = (took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
        return process.returncode, errors.read().decode(errors="replace"), used


# What a server sends in the place of a sound answer: at the bind, or to the search for recipients.


def tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return bytes([tag, 0x84]) + len(content).to_bytes(4, "big") + content


def message(number: bytes, *parts: bytes) -> bytes:
    return tlv(0x30, tlv(2, number), *parts)


def result(tag: int, words: bytes = b"", code: bytes = b"\0") -> bytes:
    return tlv(tag, tlv(10, code), tlv(4), tlv(4, words))


def nested(depth: int) -> bytes:
    return b"".join(b"\x30\x84" + (6 * level).to_bytes(4, "big") for level in reversed(range(depth)))


def found(name: bytes = b"CN=a", *attributes: bytes) -> bytes:
    return tlv(0x64, tlv(4, name), tlv(0x30, *attributes))


MAIL = tlv(0x30, tlv(4, b"mail"), tlv(0x31, tlv(4, b"a@contoso.com")))
ROWS = [
    ("an empty message", "bind", lambda number: tlv(0x30)),
    ("an id that is a string", "bind", lambda number: tlv(0x30, tlv(4, number), result(0x61))),
    ("a result without its parts", "bind", lambda number: message(number, tlv(0x61))),
    ("a refusal in Latin-1", "bind", lambda number: message(number, result(0x61, b"ung\xfcltig", b"\x31"))),
    ("a control that is empty", "bind", lambda number: message(number, result(0x61), tlv(0xa0, tlv(0x30)))),
    ("40,000 levels of nesting", "bind", lambda number: nested(40_000)),
    ("HTTP", "bind", lambda number: b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    ("a length of 4 GiB", "bind", lambda number: b"\x30\x84\xff\xff\xff\xff"),
    ("the answer to a bind", "search", lambda number: message(number, result(0x61))),
    ("an entry whose name is Latin-1", "search",
     lambda number: message(number, found(b"CN=\xfc", MAIL)) + message(number, result(0x65))),
    ("an entry without attributes", "search", lambda number: message(number, tlv(0x64, tlv(4, b"CN=a")))),
    ("an attribute without values", "search", lambda number: message(number, found(b"CN=a", tlv(0x30, tlv(4, b"mail"))))),
    ("a paging control without value", "search",
     lambda number: message(number, result(0x65), tlv(0xa0, tlv(0x30, tlv(4, b"1.2.840.113556.1.4.319"))))),
    ("entries without end", "search", None),
]


class Hostile:
    """A server that answers soundly up to the row's place."""

    def __init__(self, place: str, says):
        self.place, self.says = place, says
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"ldap://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.session, args=(client,), daemon=True).start()

    def session(self, client: socket.socket) -> None:
        try:
            with client:
                client.settimeout(30)
                while True:
                    head = self.exactly(client, 2)
                    size = head[1] & 0x7f if head[1] & 0x80 else 0
                    length = int.from_bytes(self.exactly(client, size), "big") if size else head[1]
                    self.answer(client, self.exactly(client, length))
        except OSError:
            return

    def exactly(self, client: socket.socket, count: int) -> bytes:
        got = b""
        while len(got) < count:
            more = client.recv(count - len(got))
            if not more:
                raise ConnectionError
            got += more
        return got

    def answer(self, client: socket.socket, request: bytes) -> None:
        number, operation = request[2:2 + request[1]], request[2 + request[1]]
        recipients = operation == 0x63 and b"proxyAddresses" in request
        if operation == 0x60 and self.place == "bind" or recipients and self.place == "search":
            if self.says:
                client.sendall(self.says(number))
                return
            entry = message(number, found(b"CN=a", MAIL)) * 1000
            while True:
                client.sendall(entry)
        elif operation == 0x77:
            client.sendall(message(number, result(0x78, b"", b"\x02")))
        elif operation == 0x60:
            client.sendall(message(number, result(0x61)))
        elif operation == 0x63:
            root = found(b"", tlv(0x30, tlv(4, b"defaultNamingContext"), tlv(0x31, tlv(4, BASE.encode()))))
            client.sendall((message(number, root) if not recipients else b"") + message(number, result(0x65)))


def hostile(folder: pathlib.Path, nsdiag: pathlib.Path, ldap3: pathlib.Path) -> int:
    (folder / "list.txt").write_text("a@contoso.com\n")
    failed = 0
    for name, place, says in ROWS:
        print(f"{name} ({place})")
        for who in ("ldap3 bare", "nsdiag"):
            server = Hostile(place, says)
            command = [ldap3, "bare", "one", server.url, USER, folder / "password", BASE, FILTER, *ATTRIBUTES]
            if who == "nsdiag":
                command = check(nsdiag, folder, server.url, 2)
            status, errors, (took, _, peak) = run(command, folder / "out", 5 if who == "ldap3 bare" else 60)
            server.listener.close()
            out = (folder / "out").read_bytes()
            how = gap(out) if who == "nsdiag" else ended(out, errors)
            failed += who == "nsdiag" and (status not in (0, 1, 2, 3) or not how)
            shown = f"signal {-status}" if status < 0 else f"exit {status}"
            print(f"  {who:10} {shown:9} {took:4.1f} s {peak:5.0f} MB  {how or 'no report: ' + errors.strip()[-200:]}")
    return 1 if failed else 0


def gap(out: bytes) -> str:
    """What nsdiag's report says of the directory."""
    try:
        directory = json.loads(out)["evidence"]["directories"][0]
    except ValueError:
        return ""
    looks = [directory["bind"], directory["root"], *(lookup["entries"] for lookup in directory["lookups"])]
    return next((look["unknown"]["said"] for look in looks if "unknown" in look), "read all")


def ended(out: bytes, errors: str) -> str:
    """What became of ldap3: what it panicked at, else what it said, else that it was ended after five seconds."""
    lines = [line for line in errors.splitlines() if line.strip()]
    panics = [at for at, line in enumerate(lines) if "panicked at" in line]
    for at in panics[:1]:
        place = lines[at].split("panicked at ")[1].rstrip(":").split("/")
        return f"panic at {'/'.join(place[-3:])}: {lines[at + 1] if at + 1 < len(lines) else ''}"
    said = next((line for line in lines if "overflow" in line), out.decode(errors="replace").strip())
    return said or "waits, and was ended after 5 s"


if __name__ == "__main__":
    sys.exit(main())
