#!/usr/bin/env python3
"""Runs nsdiag against real servers, a world for each scenario; the last line is `N passed, N failed`.

    run.py [--nsdiag PATH] [--reports FOLDER] [--jobs N] [SCENARIO...]
"""
import argparse
import json
import os
import pathlib
import shutil
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

import directory
from scenarios import SCENARIOS
from world import World

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main() -> int:
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--nsdiag", type=pathlib.Path, default=target / "debug/nsdiag")
    arguments.add_argument("--reports", type=pathlib.Path, help="keep the JSON reports there")
    arguments.add_argument("--jobs", type=int, default=3, help="how many worlds stand at once")
    arguments.add_argument("scenario", nargs="*", default=[])
    arguments = arguments.parse_args()
    unknown = set(arguments.scenario) - set(SCENARIOS)
    if unknown:
        arguments.error(f"no scenario {', '.join(sorted(unknown))}; there are {', '.join(SCENARIOS)}")
    if os.geteuid() != 0:
        arguments.error("network namespaces take root")
    wanted = arguments.scenario or list(SCENARIOS)
    # A world mostly waits, for its servers and for answers.
    with ThreadPoolExecutor(arguments.jobs) as pool:
        outcomes = list(pool.map(lambda name: one(name, target / "real-cache", arguments), wanted))
    print(f"{outcomes.count(True)} passed, {outcomes.count(False)} failed")
    return 0 if all(outcomes) else 1


def one(name: str, cache: pathlib.Path, arguments: argparse.Namespace) -> bool:
    """Builds a world, plays its scenario and ends it; whether all was as it should be."""
    began = time.monotonic()
    world = None
    try:
        world = World(cache, **SCENARIOS[name]["world"])
        told = play(world, SCENARIOS[name], arguments.nsdiag.resolve())
        if arguments.reports:
            arguments.reports.mkdir(parents=True, exist_ok=True)
            shutil.copy(world.folder / "report.json", arguments.reports / f"{name}.json")
        print(f"ok      {name:21} {told}  {time.monotonic() - began:.0f} s", flush=True)
        return True
    except Exception as error:
        shown = error if isinstance(error, AssertionError) else traceback.format_exc()
        print(f"FAILED  {name:21} {shown}\n{world.logs() if world else ''}", flush=True)
        return False
    finally:
        if world:
            world.close()


def play(world: World, scenario: dict, nsdiag: pathlib.Path) -> str:
    """Runs nsdiag, and compares what it says with what it should."""
    config = world.config()
    saved = world.folder / "report.json"
    done = world.ask(nsdiag, "check", "-c", config, "-o", saved)
    assert saved.exists(), f"no report: {done.stderr}"
    text = saved.read_text()
    report = json.loads(text)
    shown = f"\n{done.stdout}\n{done.stderr}"
    expect = scenario["expect"]
    found = sorted((finding["code"], finding["severity"], finding["certainty"]) for finding in report["findings"])
    assert found == sorted(expect["findings"]), f"found {found}{shown}"
    assert (report["verdict"], done.returncode) == (expect["verdict"], expect["exit"]), \
        f"{report['verdict']}, exit {done.returncode}{shown}"
    for code, subjects in expect.get("subjects", {}).items():
        told = [subject["value"] for finding in report["findings"] if finding["code"] == code
                for subject in finding["subjects"]]
        assert told == subjects, f"{code} is about {told}"
    diagnoses = {one["address"]: one["diagnosis"] for one in report["recipients"]}
    assert diagnoses == expect["recipients"], f"{diagnoses}{shown}"
    for finding in report["findings"]:
        for pointer in finding["evidence"]:
            resolve(report, pointer)
    heard = world.hosts_that_heard("DATA")
    assert not heard, f"{heard} heard DATA"
    codes = [finding["code"] for finding in report["findings"]]
    if "NSD901" not in codes and (report["verdict"] != "critical" or "NSD201" not in codes):
        assert world.hosts_that_heard("RCPT TO"), "the logs show no command at all"
    for where, what in [("report", text), ("output", done.stdout), ("errors", done.stderr)]:
        assert directory.PASSWORD not in what and world.changes["password"] not in what, f"a password in the {where}"
    assert report["run"]["duration_ms"] < report["run"]["settings"]["deadline_s"] * 1000
    return f"{report['verdict']:9}{' '.join(finding['code'] for finding in report['findings'])}"


def resolve(document, pointer: str):
    """What a JSON Pointer (RFC 6901) points at."""
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


if __name__ == "__main__":
    sys.exit(main())
