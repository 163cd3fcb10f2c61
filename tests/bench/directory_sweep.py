#!/usr/bin/env python3
"""How long nsdiag takes to sweep a large directory, against ldapsearch, and how much memory it needs.

    directory_sweep.py [--nsdiag PATH] [--recipients N] [--listed N] [--runs N]     needs slapd and ldap-utils

Both read the same attributes of the same recipients from the same slapd on loopback, in pages of 1000, in turns:

- `ldapsearch -E pr=1000/noprompt` with the filter and the attributes of nsdiag's sweep, its output thrown away.
- `nsdiag check contoso.com` with a list of 3,000 addresses, which is above the length from which it sweeps: DNS that
  refuses at once, no gateway, the organisation and the schema read, all recipients swept, classified, counted and
  searched for duplicates, what concerns the 3,000 kept, every check of `exchange` and `recipients` judged, the report
  written as JSON. So it does all that ldapsearch does and a whole run besides.

Prints the medians, their ratio and nsdiag's peak memory. A ratio above 1.1 or a peak of 60 MB fails.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from slapd import ATTRIBUTES, BASE, FILTER, PASSWORD, USER, Slapd

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main() -> int:
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nsdiag", type=pathlib.Path, default=target / "release/nsdiag")
    parser.add_argument("--recipients", type=int, default=100_000)
    parser.add_argument("--listed", type=int, default=3000)
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nsdiag-sweep-") as name:
        folder = pathlib.Path(name)
        server = Slapd(folder / "slapd", arguments.recipients)
        try:
            return compare(arguments, folder, server)
        finally:
            server.close()


def compare(arguments, folder: pathlib.Path, server: Slapd) -> int:
    (folder / "password").write_text(PASSWORD)
    (folder / "password").chmod(0o600)
    step = max(arguments.recipients // arguments.listed, 1)
    (folder / "list.txt").write_text("".join(f"user{at * step:06}@contoso.com\n" for at in range(arguments.listed)))
    (folder / "nsdiag.toml").write_text("")
    ldapsearch = ["ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-H", server.url, "-D", USER, "-y", folder / "password",
                  "-b", BASE, "-E", "pr=1000/noprompt", FILTER, *ATTRIBUTES]
    nsdiag = [arguments.nsdiag.resolve(), "check", "contoso.com", "-c", folder / "nsdiag.toml", "--ldap", server.url,
              "--ldap-user", USER, "--ldap-password-file", folder / "password", "--ldap-plaintext", "--recipients",
              folder / "list.txt", "--resolver", "127.0.0.1:1", "--only", "exchange,recipients", "--format", "json",
              "--timeout", "60", "--quiet"]
    theirs, ours, peaks = [], [], []
    for turn in range(arguments.runs + 1):
        seconds, _ = run(ldapsearch, folder / "ldif")
        again, peak = run(nsdiag, folder / "report.json")
        # The first turn warms the server's caches up.
        if turn:
            theirs.append(seconds)
            ours.append(again)
            peaks.append(peak)
    entries = sum(line.startswith(b"dn:") for line in open(folder / "ldif", "rb"))
    report = json.loads((folder / "report.json").read_text())
    directory = report["evidence"]["directories"][0]
    population = directory["population"]["known"]
    found = sum(bool(lookup["entries"].get("known")) for lookup in directory["lookups"])
    print(f"recipients  {entries} by ldapsearch, {population['total']} by nsdiag: "
          + ", ".join(f"{count} {state}" for state, count in population["by_state"].items()))
    print(f"kept        {found} of {arguments.listed} listed, {len(directory['noteworthy']['known'])} noteworthy, "
          f"{len(report['findings'])} findings")
    assert entries == population["total"] == arguments.recipients and found >= arguments.listed, "not all were swept"
    ratio = statistics.median(ours) / statistics.median(theirs)
    print(f"ldapsearch  {spread(theirs)}")
    print(f"nsdiag      {spread(ours)}")
    print(f"ratio       {ratio:.2f}")
    print(f"peak        {max(peaks):.0f} MB")
    return 0 if ratio <= 1.1 and max(peaks) < 60 else 1


def run(command: list, output: pathlib.Path) -> tuple[float, float]:
    """Runs it, its output into a file: how long it took, and its peak memory in MB."""
    with open(output, "wb") as out:
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE)
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        took = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1, 2, 3):
        raise RuntimeError(f"{command[0]}: {process.returncode}: {said.decode()}")
    return took, usage.ru_maxrss / 1024


def spread(times: list[float]) -> str:
    return f"{statistics.median(times):.2f} s (median of {len(times)}; {min(times):.2f} to {max(times):.2f})"


if __name__ == "__main__":
    sys.exit(main())
