#!/usr/bin/env python3
"""Two runs against real servers with one setting changed in between: `nsdiag diff` names that setting, what follows from it, and
nothing else; the last line is `N passed, N failed`.

    diff.py [--nsdiag PATH]     needs root; see also install.sh
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor

from directory import Forest
from world import World, sh

ROOT = pathlib.Path(__file__).resolve().parents[2]
GATEWAY = "gateway/mx1.contoso.com/10.77.0.25"
REFUSED = "rejected as unknown-recipient (550 5.1.1)"


def nothing(world: World) -> None:
    pass


def authoritative(world: World) -> None:
    """The administrator makes the accepted domain authoritative."""
    forest = Forest("corp")
    ldif = world.folder / "change.ldif"
    ldif.write_text(f"dn: CN=contoso.com,CN=Accepted Domains,{forest.transport}\nchangetype: modify\n"
                    "replace: msExchAcceptedDomainFlags\nmsExchAcceptedDomainFlags: 0\n")
    sh("ldbmodify", "-H", world.folder / "samba-corp/private/sam.ldb", ldif)


def users_alone(world: World) -> None:
    """The gateway's administrator narrows the filter of its look-up to users: contacts are unknown from then on."""
    path = world.folder / "corp-recipients.cf"
    path.write_text(path.read_text().replace("(proxyAddresses=smtp:%s)", "(&(objectClass=user)(proxyAddresses=smtp:%s))"))
    home = next(home for home in world.postfixes if home.name == "mx1.contoso.com")
    world.within(world.servers, "postfix", "-c", home / "etc", "reload")


CASES = {
    "nothing": (nothing, []),
    "authoritative": (authoritative, [
        "+ NSD302 info contoso.com",
        "accepted domain: type, contoso.com (corp): internal-relay -> authoritative",
    ]),
    "users-alone": (users_alone, [
        "+ NSD402 critical orders@contoso.com sales@contoso.com",
        f"+ NSD414 warning {GATEWAY}:25",
        f"answer to RCPT, orders@contoso.com ({GATEWAY}): accepted -> {REFUSED}",
        f"answer to RCPT, sales@contoso.com ({GATEWAY}): accepted -> {REFUSED}",
        "orders@contoso.com: delivered -> gateway-rejects-exchange-recipient",
        "sales@contoso.com: delivered -> gateway-rejects-exchange-recipient",
    ]),
}


def main() -> int:
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--nsdiag", type=pathlib.Path, default=target / "debug/nsdiag")
    arguments = arguments.parse_args()
    if os.geteuid() != 0:
        arguments.error("network namespaces take root")
    with ThreadPoolExecutor(len(CASES)) as pool:
        outcomes = list(pool.map(lambda name: one(name, target / "real-cache", arguments.nsdiag.resolve()), CASES))
    print(f"{outcomes.count(True)} passed, {outcomes.count(False)} failed")
    return 0 if all(outcomes) else 1


def one(name: str, cache: pathlib.Path, nsdiag: pathlib.Path) -> bool:
    """Plays a world, changes it, and compares what nsdiag says before and after."""
    change, expected = CASES[name]
    world = None
    try:
        world = World(cache)
        reports = [world.folder / f"{when}.json" for when in ("before", "after")]
        world.ask(nsdiag, "check", "-q", "-c", world.config(), "-o", reports[0])
        change(world)
        world.ask(nsdiag, "check", "-q", "-c", world.config(), "-o", reports[1])
        done = subprocess.run([nsdiag, "diff", *reports, "--format", "json"], capture_output=True, text=True)
        assert done.returncode in (0, 1), done.stderr
        document = json.loads(done.stdout)
        found = lines(document)
        assert found == expected, f"found {json.dumps(found, indent=1)}\n{document['notes']}"
        assert done.returncode == (1 if expected else 0), done.returncode
        assert not document["not_compared"], document["not_compared"]
        print(f"ok      {name}", flush=True)
        return True
    except Exception as error:
        shown = error if isinstance(error, AssertionError) else traceback.format_exc()
        print(f"FAILED  {name}: {shown}\n{world.logs() if world and not isinstance(error, AssertionError) else ''}", flush=True)
        return False
    finally:
        if world:
            world.close()


def lines(document: dict) -> list[str]:
    """What a diff says, a line each."""
    subjects = lambda finding: "".join(f" {subject['value']}" for subject in finding["subjects"])
    findings = document["findings"]
    told = [f"{sign} {finding['code']} {finding['severity']}{subjects(finding)}" for sign, kind in
            (("+", "new"), ("-", "gone"), ("?", "open")) for finding in findings[kind]]
    told += [f"~ {finding['code']} {finding['old']} {finding['new']}" for finding in findings["changed"]]
    told += [f"{fact['what']}, {fact['where']}: {fact.get('old_unread') or fact['old']} -> "
             f"{fact.get('new_unread') or fact['new']}" for fact in document["facts"]]
    told += [f"{one['address']}: {one['old']} -> {one['new']}" for one in document["recipients"]]
    told += [f"open {when}: {gap['what']}" for when, gaps in document["questions"].items() for gap in gaps]
    return told


if __name__ == "__main__":
    sys.exit(main())
