#!/usr/bin/env python3
"""Binds to a real domain by Kerberos, with nsdiag built with the feature `gssapi`; the last line is `N passed, N failed`.

    kerberos.py --nsdiag PATH     needs root; see also install.sh
"""
import argparse
import json
import os
import pathlib
import sys

import directory
from world import World

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRINCIPAL = "nsdiag@CORP.CONTOSO.COM"


def main() -> int:
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nsdiag", type=pathlib.Path, required=True)
    nsdiag = parser.parse_args().nsdiag.resolve()
    world = World(target / "real-cache")
    failed = 0
    try:
        prepare(world)
        for name, environment, url, expected in cases(world):
            try:
                found = play(world, nsdiag, environment, url)
                assert expected(found), json.dumps({key: found[key] for key in ("servers", "bind", "catalog")}, indent=1)
                print(f"ok      {name}", flush=True)
            except AssertionError as error:
                failed += 1
                print(f"FAILED  {name}: {error}\n{world.logs()}", flush=True)
    finally:
        world.close()
    print(f"{len(cases(world)) - failed} passed, {failed} failed")
    return 1 if failed else 0


def prepare(world: World) -> None:
    """A ticket by password, and a keytab."""
    password = world.folder / "kinit-password"
    password.write_text(directory.PASSWORD + "\n")
    cache = world.folder / "ticket"
    done = world.ask("sh", "-c", f"kinit -c FILE:{cache} {PRINCIPAL} < {password}")
    assert done.returncode == 0, done.stderr
    directory.run("samba-tool", "domain", "exportkeytab", f"{world.folder}/keytab", f"--principal={PRINCIPAL}",
                  f"--configfile={world.folder}/samba-corp/etc/smb.conf")


def cases(world: World) -> list:
    tls, start_tls = "ldaps://dc1.corp.contoso.com", "ldap://dc1.corp.contoso.com"
    ticket = {"KRB5CCNAME": f"FILE:{world.folder}/ticket"}
    nothing = {"KRB5CCNAME": f"FILE:{world.folder}/none", "KRB5_CLIENT_KTNAME": f"FILE:{world.folder}/none"}
    keytab = {"KRB5CCNAME": "MEMORY:", "KRB5_CLIENT_KTNAME": f"FILE:{world.folder}/keytab"}

    def bound(found: dict) -> bool:
        organisation = found["organisation"].get("known", {})
        return (found["bind"] == {"known": f"{PRINCIPAL} (Kerberos)"} and "known" in organisation["accepted_domains"]
                and all("known" in lookup["entries"] for lookup in found["lookups"]) and "known" in found["catalog"])

    def no_ticket(found: dict) -> bool:
        miss = found["bind"].get("unknown", {})
        return miss.get("how") == "not-tried" and miss["said"].startswith("there is no Kerberos ticket: ")

    return [
        ("a ticket, over LDAPS", ticket, tls, bound),
        ("a ticket, over StartTLS", ticket, start_tls, bound),
        ("a keytab", keytab, tls, bound),
        ("no ticket", nothing, tls, no_ticket),
    ]


def play(world: World, nsdiag: pathlib.Path, environment: dict, url: str) -> dict:
    """Runs nsdiag, and gives what it read of the directory."""
    config = world.config()
    text = config.read_text()
    named = 'user = "nsdiag@corp.contoso.com"\npassword_file = "ldap-password"\n'
    assert named in text, text
    config.write_text(text.replace(named, "kerberos = true\n").replace('"ldaps://dc1.corp.contoso.com"', f'"{url}"'))
    variables = [f"{name}={value}" for name, value in environment.items()]
    done = world.ask("env", *variables, nsdiag, "check", "-c", config, "--format", "json")
    assert done.stdout, done.stderr
    return json.loads(done.stdout)["evidence"]["directories"][0]


if __name__ == "__main__":
    sys.exit(main())
