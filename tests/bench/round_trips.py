#!/usr/bin/env python3
"""How long `nsdiag check` takes on a slow link, against the longest chain of round trips that it needs.

    round_trips.py [--nsdiag PATH]     needs root; see also tests/real/install.sh

Real servers (tests/real) behind a link with 50 ms round trip; prints the chain, the time and the ratio, of five runs,
beside the start-up time and the size of the program. A ratio of more than 1.1 fails.
"""
import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/real"))
from world import World  # noqa: E402

RUNS = 5


def main() -> int:
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--nsdiag", type=pathlib.Path, default=target / "release/nsdiag")
    nsdiag = arguments.parse_args().nsdiag.resolve()
    print(f"program     {nsdiag.stat().st_size / 1e6:.1f} MB; --help in {help_ms(nsdiag):.1f} ms of CPU time")
    world = World(target / "real-cache", delay_ms=25)
    try:
        unit = round_trip(world)
        print(f"round trip  {unit * 1000:.1f} ms, a TCP connection (median of {RUNS})")
        config = world.config()
        times = []
        for _ in range(RUNS + 1):
            began = time.monotonic()
            done = world.ask(nsdiag, "check", "-c", config, "--format", "json")
            times.append(time.monotonic() - began)
            assert done.returncode == 0, done.stdout + done.stderr
        # The first one warms the servers' caches up.
        took = statistics.median(times[1:])
        steps = chain(json.loads(done.stdout))
    finally:
        world.close()
    trips = sum(count for _, count in steps)
    print("chain       " + ", ".join(f"{name} {count}" for name, count in steps) + f": {trips} round trips")
    ratio = took / (trips * unit)
    print(f"time        {took:.2f} s (median of {RUNS}; {min(times[1:]):.2f} to {max(times[1:]):.2f})")
    print(f"ratio       {ratio:.2f} of the chain's {trips * unit:.2f} s")
    return 0 if ratio <= 1.1 else 1


def help_ms(nsdiag: pathlib.Path) -> float:
    """CPU time of `nsdiag --help`, in milliseconds, the median of 21 runs."""
    times = []
    for _ in range(21):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([nsdiag, "--help"], stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(times) * 1000


def round_trip(world: World) -> float:
    """The time of a TCP handshake across the link, in seconds."""
    probe = ("import socket, time; began = time.monotonic(); socket.create_connection(('10.77.0.25', 25)); "
             "print(time.monotonic() - began)")
    return statistics.median(float(world.ask("python3", "-c", probe).stdout) for _ in range(RUNS))


def chain(report: dict) -> list[tuple[str, int]]:
    """The longest chain of round trips of which each needs the answer to the one before. The directory tells whom to ask
    for, the same people at every hop, so that all sessions follow it. Where a hop accepts a random recipient, a second
    session asks about another one; at a system's own hosts one more has a sender of the other system."""
    dns = [("DNS for the address", 1)]
    directory = dns + [("LDAP: TCP", 1), ("TLS", 1), ("bind", 1), ("rootDSE", 1), ("organisation and recipients at once", 1)]
    sessions: dict[str, list[int]] = {}
    for session in report["evidence"]["smtp"]:
        commands = [turn for turn in session["transcript"] if turn["who"] == "client"]
        # A connection, the greeting behind it, a handshake, and every command with its reply.
        trips = 1 + 1 + (1 if session["tls"] else 0) + len(commands)
        sessions.setdefault(session["hop"], []).append(trips)
    chains = []
    for hop, trips in sessions.items():
        chains.append(directory + [(f"SMTP with {hop.split('/')[1]} in {len(trips)} sessions", sum(trips))])
    return max(chains, key=lambda steps: sum(count for _, count in steps))


if __name__ == "__main__":
    sys.exit(main())
