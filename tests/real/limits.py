#!/usr/bin/env python3
"""`--pace own` against a real Postfix and a real Exim with the limits that they come with, 30 ms away.

    limits.py [--nsdiag PATH]

Of Postfix's addresses 30 in a hundred are unknown: it slows a session down from the tenth error on and ends it at the twentieth
(smtpd_soft_error_limit, smtpd_hard_error_limit, postconf(5)), and neither may show. Of Exim's 70: after ten recipients of whom
fewer than half were accepted, it refuses the others, which may show once. Everybody has to be judged right, and the report has to
say beforehand, within a quarter, how long it takes.
"""
import argparse
import asyncio
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from exim import Exim

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/bench"))
from own_pace import Postfix

# One way, in seconds.
DISTANCE = 0.015


def main() -> int:
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--nsdiag", type=pathlib.Path, default=target / "debug/nsdiag")
    arguments = arguments.parse_args()
    if os.geteuid() != 0:
        sys.exit("Postfix and Exim take root")
    cache = target / "real-cache"
    cache.mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nsdiag-limits-"))
    folder.chmod(0o755)
    servers = []
    try:
        everybody, known = users(2500, 30)
        servers.append(Postfix(folder / "postfix", known, in_flow_delay="1s"))
        exims, known_there = users(400, 70)
        servers.append(Exim(folder / "exim", cache, known_there))
        asked = [("Postfix", servers[0], everybody, known, nothing_shows), ("Exim", servers[1], exims, known_there, shows_once)]
        with ThreadPoolExecutor(len(asked)) as pool:
            resolver = servers[0].resolver
            outcomes = list(pool.map(lambda one: play(folder, arguments.nsdiag.resolve(), resolver, *one), asked))
        return 0 if all(outcomes) else 1
    finally:
        for server in servers:
            server.close()
        shutil.rmtree(folder, ignore_errors=True)


def users(count: int, unknown: int) -> tuple[list, list]:
    """So many addresses, and those without so many of a hundred."""
    everybody = [f"user{number:05}@contoso.com" for number in range(count)]
    return everybody, ["helpdesk@contoso.com"] + [user for number, user in enumerate(everybody) if number * 37 % 100 >= unknown]


def play(folder: pathlib.Path, nsdiag: pathlib.Path, resolver: int, name: str, server, everybody: list, known: list, limits) -> bool:
    try:
        print(f"ok      {name}: {check(folder, nsdiag, resolver, name, server, everybody, set(known), limits)}", flush=True)
        return True
    except AssertionError as error:
        print(f"FAILED  {name}: {error}", flush=True)
        return False


def check(folder: pathlib.Path, nsdiag: pathlib.Path, resolver: int, name: str, server, everybody: list, known: set, limits) -> str:
    """Runs nsdiag, and looks at what it did and said."""
    listed, saved = folder / f"{name}.txt", folder / f"{name}.json"
    listed.write_text("".join(f"{user}\n" for user in everybody))
    done = subprocess.run([nsdiag, "check", "contoso.com", "-c", "/dev/null", "--pace", "own", "--gateway",
                           f"127.0.0.1:{far_away(server.port)}", "--resolver", f"127.0.0.1:{resolver}", "--recipients", listed,
                           "--known-good", "helpdesk@contoso.com", "--mail-from", "probe@example.net", "--ehlo",
                           "client.example.net", "-o", saved], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert saved.exists(), f"no report: {done.stderr}"
    report = json.loads(saved.read_text())
    assert report["run"]["complete"]
    judged = {one["address"]: (one["hops"][0]["outcome"], one["hops"][0]["meaning"]) for one in report["recipients"]}
    right = {True: ("accepted", "accepted"), False: ("rejected", "unknown-recipient")}
    wrong = {user: judged.get(user) for user in everybody if judged.get(user) != right[user in known]}
    assert not wrong, f"judged wrong: {wrong}"

    sessions = [[turn for turn in session["transcript"] if turn["who"] == "server"] for session in report["evidence"]["smtp"]]
    errors = [sum((turn.get("code") or 0) >= 400 for turn in session) for session in sessions]
    ended = sum(any(turn.get("code") == 421 for turn in session) for session in sessions)
    assert ended == 0, f"{ended} sessions were ended by 421"
    told = [finding["detail"] for finding in report["findings"] if finding["code"] == "NSD207"]
    shown = limits(server, sessions, errors, told)

    hop, run = report["run"]["estimate"]["hops"][0], report["run"]
    said = (f"{len(sessions)} sessions, at most {max(errors)} errors each, {shown}; {hop['took_ms'] / 1000:.1f} s; estimated after "
            f"{hop['made_after_ms'] / 1000:.1f} s and {hop['answers']} answers: {hop['sessions']} sessions, "
            f"{hop['duration_ms'] / 1000:.1f} s; {run['duration_ms'] / 1000:.1f} s in all")
    assert abs(hop["duration_ms"] - hop["took_ms"]) * 4 <= hop["took_ms"], f"not within a quarter: {said}"
    assert abs(run["estimate"]["duration_ms"] - run["duration_ms"]) * 4 <= run["duration_ms"], f"not within a quarter: {said}"
    assert hop["made_after_ms"] * 2 <= hop["took_ms"], f"that late it is no estimate: {said}"
    return said


def nothing_shows(postfix: Postfix, sessions: list, errors: list, told: list) -> str:
    assert max(errors) < 10, f"a session came to {max(errors)} errors"
    assert not told, f"a limit showed itself: {told}"
    log = (postfix.home / "log").read_text(errors="replace")
    assert "too many errors" not in log, "Postfix ended a session"
    # smtpd counts the commands of a session when it ends: rcpt=accepted/all.
    counted = [int(all_) - int(accepted) for accepted, all_ in re.findall(r" rcpt=(\d+)/(\d+)", log)]
    assert counted and max(counted) < 10, f"Postfix counted {max(counted, default=0)} refusals in a session"
    assert postfix.heard("DATA") == 0, "Postfix heard DATA"
    return "no limit shown"


def shows_once(exim: Exim, sessions: list, errors: list, told: list) -> str:
    said = "too many bad recipients"
    shown = sum(any(said in line["text"] for turn in session for line in turn["lines"]) for session in sessions)
    assert shown <= 1, f"the limit to bad recipients showed itself in {shown} sessions"
    assert len(told) == shown, f"{shown} sessions showed a limit, and this was told: {told}"
    log = exim.log()
    assert "rejected RCPT" in log and (said in log) == (shown == 1), "the log and the report differ"
    assert "DATA" not in log, "Exim heard DATA"
    return f"the limit to bad recipients shown in {shown}"


def far_away(port: int) -> int:
    """A port of loopback from which `port` is as far as a host across the country."""
    loop = asyncio.new_event_loop()

    async def forward(reader, writer, other_writer):
        while data := await reader.read(65536):
            loop.call_later(DISTANCE, other_writer.write, data)
        loop.call_later(DISTANCE, other_writer.close)

    async def joined(reader, writer):
        # The handshake of TCP takes its round trip, too.
        await asyncio.sleep(2 * DISTANCE)
        other_reader, other_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(forward(reader, writer, other_writer), forward(other_reader, other_writer, writer))

    server = loop.run_until_complete(asyncio.start_server(joined, "127.0.0.1", 0))
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return server.sockets[0].getsockname()[1]


if __name__ == "__main__":
    sys.exit(main())
