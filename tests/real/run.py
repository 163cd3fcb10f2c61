#!/usr/bin/env python3
"""Runs nsdiag against real servers, a world for each scenario; the last line is `N passed, N failed`.

Before it stands how many of those who are to be named by NSD401 are named (recall), and how many of those who are named are
to be (precision), over all scenarios. Both have to be 1.

    run.py [--nsdiag PATH] [--reports FOLDER] [--jobs N] [SCENARIO...]
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

import directory
from layouts import LAYOUTS
from scenarios import SCENARIOS as ASPECTS
from world import World

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCENARIOS = ASPECTS | LAYOUTS


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
    passed = [good for good, _ in outcomes].count(True)
    exact = tell_mission({name: named for name, (_, named) in zip(wanted, outcomes)})
    print(f"{passed} passed, {len(outcomes) - passed} failed")
    return 0 if passed == len(outcomes) and exact else 1


def tell_mission(named: dict) -> bool:
    """Prints recall and precision of NSD401 over the scenarios that were played; whether both are 1. `named` holds whom the
    report of each names: nobody, where there is no report."""
    refused = {name: {address for address, diagnosis in SCENARIOS[name]["expect"]["recipients"].items()
                      if diagnosis == "gateway-rejects-other-mailbox"} for name in named}
    right = sum(len(refused[name] & named[name]) for name in named)
    wanted, told = (sum(map(len, every.values())) for every in (refused, named))
    share = lambda of: f"{right / of if of else 1:.3f} ({right} of {of})"
    print(f"NSD401: recall {share(wanted)}, precision {share(told)}")
    for name in named:
        missed, accused = sorted(refused[name] - named[name]), sorted(named[name] - refused[name])
        if missed or accused:
            print(f"NSD401 in {name}: missed {missed}, accused {accused}")
    return right == wanted == told


def mission(report: dict) -> set:
    """Whom NSD401 names."""
    findings = [finding for finding in report["findings"] if finding["code"] == "NSD401"]
    return {subject["value"] for finding in findings for subject in finding["subjects"]}


def one(name: str, cache: pathlib.Path, arguments: argparse.Namespace) -> tuple[bool, set]:
    """Builds a world, plays its scenario and ends it; whether all was as it should be, and whom NSD401 names."""
    began = time.monotonic()
    world, named = None, set()
    try:
        world = World(cache, **SCENARIOS[name]["world"])
        done = ask(world, arguments.nsdiag.resolve())
        saved = world.folder / "report.json"
        assert saved.exists(), f"no report: {done.stderr}"
        named = mission(json.loads(saved.read_text()))
        if arguments.reports:
            arguments.reports.mkdir(parents=True, exist_ok=True)
            shutil.copy(saved, arguments.reports / f"{name}.json")
        told = judge(world, SCENARIOS[name]["expect"], done, saved.read_text())
        print(f"ok      {name:21} {told}  {time.monotonic() - began:.0f} s", flush=True)
        return True, named
    except Exception as error:
        shown = error if isinstance(error, AssertionError) else traceback.format_exc()
        print(f"FAILED  {name:21} {shown}\n{world.logs() if world else ''}", flush=True)
        return False, named
    finally:
        if world:
            world.close()


def ask(world: World, nsdiag: pathlib.Path) -> subprocess.CompletedProcess:
    """Runs nsdiag, which leaves its report in the world's folder."""
    return world.ask(nsdiag, "check", "-c", world.config(), "-o", world.folder / "report.json")


def judge(world: World, expect: dict, done: subprocess.CompletedProcess, text: str) -> str:
    """Compares what nsdiag says, `text` its report, with what it should."""
    report = json.loads(text)
    shown = f"\n{done.stdout}\n{done.stderr}"
    found = sorted((finding["code"], finding["severity"], finding["certainty"]) for finding in report["findings"])
    assert found == sorted(expect["findings"]), f"found {found}{shown}"
    assert (report["verdict"], done.returncode) == (expect["verdict"], expect["exit"]), \
        f"{report['verdict']}, exit {done.returncode}{shown}"
    # `NSD401`, or `NSD401 likely` where a code is found in several certainties.
    for what, subjects in expect.get("subjects", {}).items():
        code, _, certainty = what.partition(" ")
        told = [subject["value"] for finding in report["findings"] for subject in finding["subjects"]
                if finding["code"] == code and certainty in ("", finding["certainty"])]
        assert told == subjects, f"{what} is about {told}"
    for code, words in expect.get("says", {}).items():
        details = [finding["detail"] for finding in report["findings"] if finding["code"] == code]
        assert any(words in detail for detail in details), f"{code} says {details}"
    gaps = [f"{gap['what']} ({gap['why']})" for gap in report["gaps"]]
    for words in expect.get("gaps", []):
        assert any(words in gap for gap in gaps), f"open: {gaps}"
    diagnoses = {one["address"]: one["diagnosis"] for one in report["recipients"]}
    assert diagnoses == expect["recipients"], f"{diagnoses}{shown}"
    # Without that the scenario would show nothing.
    assert changed_its_mind(report) or not expect.get("changes_its_mind"), "nobody was both accepted and refused"
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


def changed_its_mind(report: dict) -> bool:
    """Whether a hop refused somebody for good and accepted him, too."""
    heard = {}
    for session in report["evidence"]["smtp"]:
        for turn in session["transcript"]:
            if turn["who"] == "server" and turn["stage"] == "rcpt":
                heard.setdefault((session["hop"], turn["recipient"]), set()).add(turn["code"] // 100)
    return any({2, 5} <= codes for codes in heard.values())


def resolve(document, pointer: str):
    """What a JSON Pointer (RFC 6901) points at."""
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


if __name__ == "__main__":
    sys.exit(main())
