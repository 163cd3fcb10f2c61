#!/usr/bin/env python3
"""How long the HTML of 20,000 recipients takes, against the JSON of the same report.

    html.py [--nsdiag PATH] [--recipients N]

Both are rendered by `nsdiag show` in turn, from one saved report that is read and judged the same way each time. Prints the
seconds of each, the shortest of five runs, the ratio, and the size of the page. More than 2 s for the HTML fails.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/browser"))
import reports  # noqa: E402

RUNS = 5
MOST_S = 2.0


def seconds(*command) -> float:
    begun = time.monotonic()
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - begun


def main() -> int:
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--nsdiag", type=pathlib.Path, default=target / "release/nsdiag")
    arguments.add_argument("--recipients", type=int, default=20_000)
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base, saved = f"{folder}/base.json", f"{folder}/saved.json"
        seconds(asked.nsdiag, "demo", "broken-gateway", "-q", "-o", base)
        many = reports.thousands(json.loads(pathlib.Path(base).read_text()), asked.recipients)
        pathlib.Path(saved).write_text(json.dumps(many))
        both = {name: [] for name in ("html", "json")}
        for _ in range(RUNS):
            for name, taken in both.items():
                taken.append(seconds(asked.nsdiag, "show", saved, "--format", name))
        html, as_json = min(both["html"]), min(both["json"])
        seconds(asked.nsdiag, "show", saved, "-q", "-o", f"{folder}/page.html")
        size = pathlib.Path(f"{folder}/page.html").stat().st_size
    print(f"{asked.recipients} recipients: HTML {html:.2f} s, JSON {as_json:.2f} s, ratio {html / as_json:.2f}, {size / 1e6:.1f} MB")
    return int(html > MOST_S)


if __name__ == "__main__":
    sys.exit(main())
