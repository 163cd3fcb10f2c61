#!/usr/bin/env python3
"""`--pace own` against a real Postfix with its limits as shipped, 30 ms away: everybody is judged right and no limit shows.

    limits.py [--nsdiag PATH]

Of the addresses 30 in a hundred are unknown. Postfix slows a session down from the tenth error on and ends it at the twentieth
(smtpd_soft_error_limit, smtpd_hard_error_limit, postconf(5)). The report has to say beforehand, within a quarter, how long it takes.
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

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/bench"))
from own_pace import Postfix

ADDRESSES = 2500
# Of a hundred.
UNKNOWN = 30
# One way, in seconds.
DISTANCE = 0.015


def main() -> int:
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--nsdiag", type=pathlib.Path, default=target / "debug/nsdiag")
    arguments = arguments.parse_args()
    if os.geteuid() != 0:
        sys.exit("Postfix takes root")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nsdiag-limits-"))
    folder.chmod(0o755)
    users = [f"user{number:05}@contoso.com" for number in range(ADDRESSES)]
    known = [user for number, user in enumerate(users) if number * 37 % 100 >= UNKNOWN]
    (folder / "users.txt").write_text("".join(f"{user}\n" for user in users))
    postfix = None
    try:
        postfix = Postfix(folder / "postfix", known + ["helpdesk@contoso.com"], in_flow_delay="1s")
        print(f"ok      Postfix's limits      {play(folder, postfix, set(known), arguments.nsdiag.resolve())}")
        return 0
    except AssertionError as error:
        print(f"FAILED  Postfix's limits      {error}")
        return 1
    finally:
        if postfix:
            postfix.close()
        shutil.rmtree(folder, ignore_errors=True)


def play(folder: pathlib.Path, postfix: Postfix, known: set, nsdiag: pathlib.Path) -> str:
    began = time.monotonic()
    saved = folder / "report.json"
    done = subprocess.run([nsdiag, "check", "contoso.com", "-c", "/dev/null", "--pace", "own", "--gateway",
                           f"127.0.0.1:{far_away(postfix.port)}", "--resolver", f"127.0.0.1:{postfix.resolver}",
                           "--recipients", folder / "users.txt", "--known-good", "helpdesk@contoso.com", "--mail-from",
                           "probe@example.net", "--ehlo", "client.example.net", "-o", saved],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    took = time.monotonic() - began
    assert saved.exists(), f"no report: {done.stderr}"
    report = json.loads(saved.read_text())
    assert report["run"]["complete"]
    judged = {one["address"]: (one["hops"][0]["outcome"], one["hops"][0]["meaning"]) for one in report["recipients"]}
    right = {True: ("accepted", "accepted"), False: ("rejected", "unknown-recipient")}
    wrong = {user: judged.get(user) for user in (folder / "users.txt").read_text().split()
             if judged.get(user) != right[user in known]}
    assert not wrong, f"judged wrong: {wrong}"

    sessions = [[turn for turn in session["transcript"] if turn["who"] == "server"] for session in report["evidence"]["smtp"]]
    errors = [sum(turn.get("code") is not None and turn["code"] >= 400 for turn in session) for session in sessions]
    assert max(errors) < 10, f"a session came to {max(errors)} errors"
    told = [finding["detail"] for finding in report["findings"] if finding["code"] == "NSD207"]
    assert not told, f"a limit showed itself: {told}"
    log = (postfix.home / "log").read_text(errors="replace")
    assert "too many errors" not in log, "Postfix ended a session"
    # smtpd counts the commands of a session when it ends: rcpt=accepted/all.
    counted = [int(all_) - int(accepted) for accepted, all_ in re.findall(r" rcpt=(\d+)/(\d+)", log)]
    assert counted and max(counted) < 10, f"Postfix counted {max(counted, default=0)} refusals in a session"
    assert postfix.heard("DATA") == 0, "Postfix heard DATA"

    hop = report["run"]["estimate"]["hops"][0]
    said = (f"{len(sessions)} sessions, at most {max(errors)} errors each, {hop['took_ms'] / 1000:.1f} s; estimated after "
            f"{hop['made_after_ms'] / 1000:.1f} s and {hop['answers']} answers: {hop['sessions']} sessions, "
            f"{hop['duration_ms'] / 1000:.1f} s; {took:.1f} s in all")
    assert abs(hop["duration_ms"] - hop["took_ms"]) * 4 <= hop["took_ms"], f"not within a quarter: {said}"
    assert abs(report["run"]["estimate"]["duration_ms"] - report["run"]["duration_ms"]) * 4 <= report["run"]["duration_ms"], said
    assert hop["made_after_ms"] * 2 <= hop["took_ms"], f"that late it is no estimate: {said}"
    return said


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
