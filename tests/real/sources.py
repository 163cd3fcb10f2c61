#!/usr/bin/env python3
"""What NSD420 says of real gateways that know their recipients in different ways, from at most twelve addresses; a line for
each, with how many addresses the gateway was asked about. The last line is `N passed, N failed`.

    sources.py [--nsdiag PATH] [--jobs N] [VARIANT...]     needs root; see also install.sh
"""
import argparse
import json
import os
import pathlib
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

from scenarios import MAILBOX, addresses
from world import World

ROOT = pathlib.Path(__file__).resolve().parents[2]
MOST = 12
FILTERS = {
    "proxy": "(proxyAddresses=smtp:%s)",
    "mail": "(mail=%s)",
    "person": "(&(objectClass=person)(proxyAddresses=smtp:%s))",
    "no contacts": "(&(|(objectClass=user)(objectClass=group)(objectClass=publicFolder))(proxyAddresses=smtp:%s))",
}
ENABLED = "userAccountControl: 544"


def people() -> list:
    """Of everything that an organisation has, several: aliases, rooms, groups, contacts, folders."""
    every = []
    for one in "abcd":
        every.append([f"user-{one}", "user", *addresses(f"user-{one}", f"alias-{one}"), *MAILBOX, ENABLED])
    for one in "abc":
        room = ["homeMDB: CN=DB01", "msExchRecipientTypeDetails: 16", "userAccountControl: 546"]
        contact = [f"targetAddress: SMTP:partner-{one}@fabrikam.com", "msExchRecipientTypeDetails: 64"]
        every.append([f"room-{one}", "user", *addresses(f"room-{one}"), *room])
        every.append([f"all-{one}", "group", *addresses(f"all-{one}"), "msExchRecipientTypeDetails: 256"])
        every.append([f"partner-{one}", "contact", *addresses(f"partner-{one}"), *contact])
        every.append([f"reports-{one}", "publicFolder", *addresses(f"reports-{one}")])
    return every


# Whom the other system has: some of them are contacts at Exchange.
OTHERS = [f"m{number:02}" for number in range(1, 21)]
LANDSCAPE = {"recipients": people(), "others": OTHERS, "contacts": OTHERS[:6], "probe": {"max_recipients": MOST}}
# Exchange's own word, where it refuses whom it does not know: not all that its directory holds.
KNOWN = ["anna", "ben", "helpdesk", "user-a", "user-b", "alias-a", "all-a", "room-b", "partner-c", *OTHERS[3:9]]
AHEAD = {
    "relay_recipient_maps": "", "smtpd_recipient_restrictions": "reject_unauth_destination, reject_unverified_recipient",
    "address_verify_relay_transport": "smtp:[exch01.corp.contoso.com]", "unverified_recipient_reject_code": 550,
    "address_verify_poll_delay": "1s",
}
DIRECTORY = "decides as the directory of corp asked for "
EITHER = "(proxyAddresses=smtp:<address>) or (|(mail=<address>)(proxyAddresses=smtp:<address>)) would: "


def asked(name: str) -> str:
    return FILTERS[name].replace("%s", "<address>")


# What differs in the landscape, and what NSD420 is to say.
VARIANTS = {
    # Nobody has an address in `mail` alone, so that nobody can tell the two filters apart.
    "by proxyAddresses": ({"gateway_filter": FILTERS["proxy"]}, DIRECTORY + EITHER),
    "by mail": ({"gateway_filter": FILTERS["mail"]}, DIRECTORY + asked("mail") + " would: "),
    "people only": ({"gateway_filter": FILTERS["person"]}, DIRECTORY + asked("person") + " would: "),
    "without contacts": ({"gateway_filter": FILTERS["no contacts"]}, DIRECTORY + asked("no contacts") + " would: "),
    "call-ahead": ({"gateway_settings": AHEAD, "exchange_knows": KNOWN},
                   "decides as exch01.corp.contoso.com (10.77.0.26), asked about each recipient (call-ahead), would: "),
    "static list": ({"gateway_table": OTHERS}, "decides as the list of zimbra would"),
    "a list of its own": ({"gateway_table": sorted({*KNOWN[::2], *OTHERS[::2]})},
                          "decides as none of the sources that were read would: "),
    "catch-all": ({"gateway_settings": {"relay_recipient_maps": ""}}, "asks no source before it accepts: "),
    # Two addresses are too few; it says who would decide.
    "from two addresses": ({"gateway_filter": FILTERS["proxy"], "probe": {"max_recipients": 2}}, None),
}


def main() -> int:
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--nsdiag", type=pathlib.Path, default=target / "debug/nsdiag")
    arguments.add_argument("--jobs", type=int, default=3, help="how many worlds stand at once")
    arguments.add_argument("variant", nargs="*", default=[])
    arguments = arguments.parse_args()
    unknown = set(arguments.variant) - set(VARIANTS)
    if unknown:
        arguments.error(f"no variant {', '.join(sorted(unknown))}; there are {', '.join(VARIANTS)}")
    if os.geteuid() != 0:
        arguments.error("network namespaces take root")
    with ThreadPoolExecutor(arguments.jobs) as pool:
        good = list(pool.map(lambda name: one(name, target / "real-cache", arguments.nsdiag.resolve()),
                             arguments.variant or VARIANTS))
    print(f"{good.count(True)} passed, {good.count(False)} failed")
    return 0 if all(good) else 1


def one(name: str, cache: pathlib.Path, nsdiag: pathlib.Path) -> bool:
    """Builds a world with that gateway, and compares what is said of it with what is so."""
    began = time.monotonic()
    world = None
    try:
        changes, expected = VARIANTS[name]
        world = World(cache, **(LANDSCAPE | changes))
        done = world.ask(nsdiag, "check", "-c", world.config(), "-o", world.folder / "report.json")
        saved = world.folder / "report.json"
        assert saved.exists(), f"no report: {done.stderr}"
        report = json.loads(saved.read_text())
        number = len(probed(report))
        said = judge(report, expected, number)
        assert not world.hosts_that_heard("DATA"), "DATA was heard"
        print(f"ok      {name:20} {number:2} addresses  {said}  {time.monotonic() - began:.0f} s", flush=True)
        return True
    except Exception as error:
        shown = error if isinstance(error, AssertionError) else traceback.format_exc()
        print(f"FAILED  {name:20} {shown}\n{world.logs() if world and not isinstance(error, AssertionError) else ''}",
              flush=True)
        return False
    finally:
        if world:
            world.close()


def judge(report: dict, expected: str | None, number: int) -> str:
    """What is said, where it is what should be."""
    told = [finding["detail"] for finding in report["findings"] if finding["code"] == "NSD420"]
    why = [gap["why"] for gap in report["gaps"] if gap["what"].startswith("what the decisions of mx1.contoso.com")]
    most = 3 if expected is None else MOST
    assert number <= most, f"{number} addresses were asked about: {sorted(probed(report))}"
    if expected is None:
        assert not told, f"it says {told}"
        assert len(why) == 1 and why[0].startswith("not enough: ") and why[0].endswith(" would decide it best"), f"open: {why}"
        return why[0]
    host = "mx1.contoso.com (10.77.0.25) "
    assert len(told) == 1 and told[0].startswith(host + expected), f"it says {told}, open: {why}; {sorted(probed(report))}"
    return told[0].removeprefix(host)


def probed(report: dict) -> set:
    """Whom the gateway was asked about, random recipients and postmaster apart."""
    heard = {turn.get("recipient") for session in report["evidence"]["smtp"] if session["hop"].startswith("gateway/")
             for turn in session["transcript"] if turn["stage"] == "rcpt"}
    settings = report["run"]["settings"]
    return heard - {None, settings["random"], settings["second_random"], "postmaster@contoso.com"}


if __name__ == "__main__":
    sys.exit(main())
