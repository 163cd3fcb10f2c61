#!/usr/bin/env python3
"""A real gateway that refuses two mailboxes to whoever comes from outside alone, seen from outside and from beside the servers:
`nsdiag merge` says so, and by whom; the last line is `N passed, N failed`.

    merge.py [--nsdiag PATH]     needs root; see also install.sh
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import traceback

from run import resolve
from world import World

ROOT = pathlib.Path(__file__).resolve().parents[2]
REFUSED = ["orders@contoso.com", "sales@contoso.com"]
GATEWAY = "gateway/mx1.contoso.com/10.77.0.25:25"
# access(5): what is looked up for whom connects from the client's address.
SETTINGS = {
    "smtpd_restriction_classes": "outsiders",
    "outsiders": "check_recipient_access inline:{" + ", ".join(
        f"{{{address} = 550 5.1.1 User unknown in relay recipient table}}" for address in REFUSED) + "}",
    "smtpd_recipient_restrictions": "reject_unauth_destination, check_client_access inline:{{10.77.1.2 = outsiders}}",
}


def main() -> int:
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--nsdiag", type=pathlib.Path, default=target / "debug/nsdiag")
    arguments = arguments.parse_args()
    if os.geteuid() != 0:
        arguments.error("network namespaces take root")
    world, good = None, False
    try:
        world = World(target / "real-cache", contacts=[], gateway_also=["orders", "sales"], gateway_settings=SETTINGS)
        judge(world, arguments.nsdiag.resolve())
        good = True
    except Exception as error:
        print(f"FAILED  {error if isinstance(error, AssertionError) else traceback.format_exc()}")
    finally:
        if world:
            world.close()
    print(f"{int(good)} passed, {int(not good)} failed")
    return 0 if good else 1


def judge(world: World, nsdiag: pathlib.Path) -> None:
    """Looks from both places, merges, and compares what is said with what is so."""
    alone = {}
    for name, space in {"outside": world.client, "inside": world.servers}.items():
        report = world.folder / f"{name}.json"
        subprocess.run(["ip", "netns", "exec", space, nsdiag, "check", "-q", "-c", world.config(), "-o", report],
                       capture_output=True, timeout=240)
        alone[name] = json.loads(report.read_text())
    arguments = [f"{name}={world.folder / name}.json" for name in alone]
    done = [subprocess.run([nsdiag, "merge", *order, "--format", "json"], capture_output=True, text=True)
            for order in (arguments, arguments[::-1])]
    assert done[0].stdout == done[1].stdout, "the order of the arguments counts"
    assert done[0].returncode == 2, done[0].stderr
    merged = json.loads(done[0].stdout)
    mission = [finding for finding in merged["findings"] if finding["code"] == "NSD401"]
    assert [sorted(subject["value"] for subject in finding["subjects"]) for finding in mission] == [REFUSED], mission
    assert mission[0]["seen_from"] == ["outside"] and mission[0]["certainty"] == "likely", mission
    assert f"Seen from outside; from inside, {GATEWAY} accepts orders@contoso.com" in mission[0]["detail"], mission
    others = {finding["code"] for finding in merged["findings"]} - {"NSD401"}
    told = {finding["code"] for report in alone.values() for finding in report["findings"]}
    assert others <= told, f"{others} is more than {told}"
    assert "NSD401" not in {finding["code"] for finding in alone["inside"]["findings"]}, "it refuses inside too"
    said = [one for one in merged["disagreements"] if one["what"] == "answer to RCPT"]
    assert [sorted(one["about"]) for one in said] == [REFUSED], said
    diagnoses = {one["address"]: one["diagnosis"] for one in merged["recipients"]}
    assert all(diagnoses[address] == "gateway-rejects-other-mailbox" for address in REFUSED), diagnoses
    for finding in merged["findings"]:
        for pointer in finding["evidence"]:
            resolve(merged, pointer)
    print(f"ok      {' '.join(finding['code'] for finding in merged['findings'])}")


if __name__ == "__main__":
    sys.exit(main())
