#!/usr/bin/python3
"""Renders a report of every scenario in every format for machines and tickets, and has the tools that know each format read it.

JUnit is held against the schemas of Ant (junit.xsd) and of Jenkins (jenkins.xsd) by xmllint, Prometheus against promtool, Markdown is read by a CommonMark parser,
and a plugin's output by the grammar of the Monitoring Plugins guidelines. The last line is `N passed, N failed`.

    run.py [--nsdiag PATH] [--reports FOLDER]

FOLDER holds more reports, such as those of tests/real/run.py --reports.
"""
import argparse
import csv
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import traceback
import xml.etree.ElementTree as xml
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
import plugin
from markdown_it import MarkdownIt

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
STATES = {0: "ok", 1: "warning", 2: "critical", 3: "unknown"}
HOSTILE = ("x <script>alert(1)</script> ![i](http://evil.example/i) [l](javascript:x) **b** _e_ `c` ``` @user #123 | a || b \\| &amp; "
           "www.evil.example <a@evil.example> \u001b[31m \u202e \u0000 \r\n\n- item\n\t=cmd|' /C calc'!A0 '\";]]> <!-- \ufffe\uffff")


def main() -> int:
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--nsdiag", type=pathlib.Path, default=target / "debug/nsdiag")
    arguments.add_argument("--reports", type=pathlib.Path, help="more reports")
    arguments = arguments.parse_args()
    nsdiag = arguments.nsdiag.resolve()
    grammar_holds()
    with tempfile.TemporaryDirectory() as folder:
        reports = pathlib.Path(folder)
        names = [line.split()[0] for line in run(nsdiag, "demo", "--list").stdout.splitlines()]
        assert names, "there are no scenarios"
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda name: run(nsdiag, "demo", name, "-q", "-o", reports / f"{name}.json"), names))
        hostile(reports / "broken-gateway.json", reports / "hostile-text.json")
        many(reports / "broken-gateway.json", reports / "many-recipients.json")
        paths = sorted(reports.glob("*.json")) + sorted((arguments.reports or reports / "none").glob("*.json"))
        with ThreadPoolExecutor(2) as pool:
            passed = list(pool.map(lambda path: one(nsdiag, path), paths))
    print(f"{passed.count(True)} passed, {passed.count(False)} failed")
    return 0 if all(passed) and len(passed) >= len(names) + 2 else 1


def grammar_holds() -> None:
    """What is no plugin's output is not read as one."""
    good = "NSDIAG OK - x | 'a b'=1;;;0;5 t=1.2s;@1:3;~:4;0\nlong\n"
    assert plugin.read(good)["data"]["t"] == {"value": 1.2, "uom": "s", "warn": "@1:3", "crit": "~:4", "min": "0", "max": None}
    for bad in ("NSDIAG FINE - x\n", "OK\n", "NSDIAG OK - x", "NSDIAG OK - x | a b=1\n", "NSDIAG OK - x | a=1 | b=2\n",
                "NSDIAG OK - x | a=1;b\n", "NSDIAG OK - x | a=1 a=2\n", "NSDIAG OK - x |\n", "NSDIAG OK - x\n|a=1\n",
                "NSDIAG OK - x | a=1,5\n", "NSDIAG OK - x\n\n", "NSDIAG OK - " + "x" * 5000 + "\n"):
        try:
            plugin.read(bad)
        except AssertionError:
            continue
        raise SystemExit(f"read as a plugin's output: {bad!r}")


def run(*command, within=60) -> subprocess.CompletedProcess:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=within, stdin=subprocess.DEVNULL)


def one(nsdiag: pathlib.Path, path: pathlib.Path) -> bool:
    """Whether all renderings of one report are what they should be."""
    began = time.monotonic()
    try:
        report = json.loads(path.read_text())
        with tempfile.TemporaryDirectory() as folder:
            out = {ending: pathlib.Path(folder) / f"report.{ending}" for ending in ["xml", "prom", "md", "csv", "ndjson"]}
            files = [part for file in out.values() for part in ("-o", file)]
            shown = run(nsdiag, "show", path, "--format", "nagios", *files)
            assert shown.returncode == report["exit_code"], f"exit {shown.returncode}: {shown.stderr}"
            junit(out["xml"], report)
            prometheus(out["prom"], report)
            markdown(out["md"].read_text(), report)
            recipients(out["csv"], out["ndjson"], report)
            monitored(shown.stdout, shown.returncode, report)
            thresholds(nsdiag, path, report)
        print(f"ok      {path.stem:30} {time.monotonic() - began:.1f} s", flush=True)
        return True
    except Exception as error:
        told = error if isinstance(error, AssertionError) else traceback.format_exc()
        print(f"FAILED  {path.stem:30} {told}", flush=True)
        return False


def junit(path: pathlib.Path, report: dict) -> None:
    for schema in ("junit.xsd", "jenkins.xsd"):
        read = run("xmllint", "--noout", "--huge", "--schema", HERE / schema, path)
        assert read.returncode == 0, f"{schema}: {read.stderr[:2000]}"
    suites = xml.parse(path).getroot()
    healthy = not suites.findall(".//failure") and not suites.findall(".//error")
    assert healthy == (report["verdict"] == "ok"), f"JUnit passes: {healthy}, and the verdict is {report['verdict']}"
    for suite in suites:
        cases = suite.findall("testcase")
        counts = [len(cases)] + [len(suite.findall(f"testcase/{what}")) for what in ("failure", "error", "skipped")]
        assert counts == [int(suite.get(name)) for name in ("tests", "failures", "errors", "skipped")], counts
    names = [case.get("name") for case in suites.iter("testcase")]
    assert len([name for name in names if name != "verdict"]) >= len(report["checks"])
    worst = {"critical": 2, "warning": 1}
    for code in {finding["code"] for finding in report["findings"] if finding["severity"] in worst}:
        severities = [finding["severity"] for finding in report["findings"] if finding["code"] == code]
        failed = [case.find("failure") for case in suites.iter("testcase") if case.get("name").split(" ")[0] == code]
        assert [one.get("type") for one in failed] == [max(severities, key=lambda one: worst.get(one, 0))], code


def prometheus(path: pathlib.Path, report: dict) -> None:
    text = path.read_text()
    read = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    # Lint is told on either stream, and its exit status is 3.
    assert (read.returncode, read.stdout, read.stderr) == (0, "", ""), f"promtool: {read.stdout}{read.stderr}"
    assert "@" not in text, "an address in a label"
    for recipient in report["recipients"][:50]:
        assert recipient["address"] not in text
    found = sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith("nsdiag_findings{"))
    assert found == len(report["findings"]), f"{found} findings"


def markdown(text: str, report: dict) -> None:
    parser = MarkdownIt("commonmark", {"linkify": False}).enable(["table", "strikethrough"])
    tokens = list(parser.parse(text))
    tokens += [child for token in tokens for child in token.children or []]
    ours = {"heading", "paragraph", "inline", "text", "code_inline", "fence", "table", "thead", "tbody", "tr", "th", "td",
            "bullet_list", "list_item", "strong", "softbreak", "hr"}
    kinds = {token.type.removesuffix("_open").removesuffix("_close") for token in tokens}
    assert kinds <= ours, f"Markdown has {kinds - ours}"
    # What is shown of the text that came from outside is one piece of code or one piece of text, each.
    pieces = {piece for token in tokens if token.type in ("code_inline", "fence") for piece in token.content.split("\n")}
    heads = [token.content for token in tokens if token.type == "inline"]
    for finding in report["findings"]:
        head = f"{finding['severity']} ({finding['certainty']}): "
        assert any(head in one for one in heads), head
        names = [subject["value"] for subject in finding["subjects"][:12]]
        if all(name.isprintable() and name == name.strip() for name in names):
            assert set(names) <= pieces, f"{finding['code']} is about {names}"
    rows = sum(token.type == "tr_open" for token in tokens)
    assert rows == (min(len(report["recipients"]), 50) + 1 if report["recipients"] else 0), f"{rows} rows"


def recipients(table: pathlib.Path, lines: pathlib.Path, report: dict) -> None:
    rows = list(csv.DictReader(io.StringIO(table.read_bytes().decode(), newline="")))
    objects = [json.loads(line) for line in lines.read_text().splitlines()]
    assert len(rows) == len(objects) == len(report["recipients"])
    codes = {}
    for finding in report["findings"]:
        for subject in finding["subjects"]:
            if subject["kind"] == "recipient" and finding["code"] not in codes.setdefault(subject["value"], []):
                codes[subject["value"]].append(finding["code"])
    for row, line, recipient in zip(rows, objects, report["recipients"]):
        named = codes.get(recipient["address"], [])
        assert line.pop("findings") == named and line == recipient, line
        assert row["diagnosis"] == recipient["diagnosis"] and row["certainty"] == recipient["certainty"]
        assert recipient["address"] != recipient["address"].strip() or not recipient["address"].isprintable() \
            or row["address"].removeprefix("'") == recipient["address"], row
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values()), row


def monitored(text: str, code: int, report: dict) -> None:
    told = plugin.read(text)
    assert told["state"] == STATES[code].upper(), text
    # Whoever has two mailboxes has the mail in one of them.
    with_mail = ("delivered", "inconclusive", "in-both-systems")
    refused = [one for one in report["recipients"] if one["diagnosis"] not in with_mail]
    assert told["data"]["refused"]["value"] == len(refused), text
    for finding in report["findings"]:
        words = f"{finding['severity']} ({finding['certainty']})"
        cut = any("(cut here:" in line for line in told["long"])
        assert cut or any(words in line for line in told["long"]), words


def thresholds(nsdiag: pathlib.Path, path: pathlib.Path, report: dict) -> None:
    """Wide thresholds lower what is about the refused alone; narrow ones raise."""
    wide = run(nsdiag, "show", path, "--format", "nagios", "-w", "~:", "--critical", "~:")
    open_questions = any(gap["asked"] for gap in report["gaps"]) or report["verdict"] == "unknown"
    assert plugin.read(wide.stdout)["state"] == STATES[wide.returncode].upper()
    assert not (open_questions and wide.returncode == 0), "unknown became ok"
    narrow = run(nsdiag, "show", path, "--format", "nagios", "--critical", "@~:")
    assert (narrow.returncode, plugin.read(narrow.stdout)["state"]) == (2, "CRITICAL"), narrow.stdout


def hostile(source: pathlib.Path, path: pathlib.Path) -> None:
    """The report with text that is markup somewhere, wherever somebody else chose the words."""
    def changed(value, key=""):
        if isinstance(value, dict):
            return {key: changed(part, key) for key, part in value.items()}
        if isinstance(value, list):
            return [changed(part, key) for part in value]
        chosen = key in ("text", "detail", "title", "value", "address", "reason", "what", "why", "supply", "said", "hostname",
                         "commands", "undo", "banner", "product", "recipient", "missing", "says")
        return HOSTILE if chosen and isinstance(value, str) else value

    report = json.loads(source.read_text())
    evidence = report.pop("evidence")
    report = changed(report)
    report["domain"] = HOSTILE
    evidence["smtp"] = [dict(session, transcript=changed(session["transcript"])) for session in evidence["smtp"]]
    report["evidence"] = evidence
    path.write_text(json.dumps(report))


def many(source: pathlib.Path, path: pathlib.Path, number: int = 20_000) -> None:
    """The report of a run with so many recipients, every second of them refused."""
    report = json.loads(source.read_text())
    bad = next(one for one in report["recipients"] if one["diagnosis"] == "gateway-rejects-other-mailbox")
    good = next(one for one in report["recipients"] if one["diagnosis"] == "delivered")
    report["recipients"] = [dict(bad if at % 2 else good, address=f"user{at}@contoso.com") for at in range(number)]
    report["summary"]["recipients"] = {"total": number, "probed": number, "delivered": number // 2,
                                       "gateway-rejects-other-mailbox": number // 2}
    finding = next(one for one in report["findings"] if one["code"] == "NSD401")
    finding["subjects"] = [{"kind": "recipient", "value": f"user{at}@contoso.com"} for at in range(1, number, 2)]
    path.write_text(json.dumps(report))


if __name__ == "__main__":
    sys.exit(main())
