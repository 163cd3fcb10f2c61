"""DNS for a world: Knot with the zones, Unbound as the resolver that nsdiag asks; DNSSEC where a scenario wants it."""
import pathlib
import subprocess
import textwrap


def start(world, hosts: dict) -> None:
    """Writes the configurations below the world's folder, and starts the servers."""
    folder = world.folder / "dns"
    folder.mkdir()
    signing = world.changes["dnssec"] is not None
    zones = {"contoso.com": records(world, hosts, "contoso.com", signing)}
    if signing:
        # The directory's names are an unsigned zone of their own, as they are where AD has its own DNS.
        zones["corp.contoso.com"] = records(world, hosts, "corp.contoso.com", signing)
    knot(folder / "ns1", hosts["ns1.contoso.com"], zones, signed=["contoso.com", "com"] if signing else [])
    trust = []
    if signing:
        conf = folder / "ns1/knot.conf"
        delegation = keys(conf, "contoso.com")
        if world.changes["dnssec"] == "wrong-ds":
            owner, kind, tag, algorithm, digest, value = delegation.split()
            delegation = " ".join([owner, kind, tag, algorithm, digest, value[::-1]])
        zones["com"] = ("@ SOA ns.com. hostmaster.com. 1 3600 900 86400 300\n@ NS ns.com.\n"
                        f"ns A {hosts['ns1.contoso.com']}\ncontoso NS ns1.contoso.com.\n{delegation}\n"
                        f"ns1.contoso.com. A {hosts['ns1.contoso.com']}\n")
        (folder / "ns1/com.zone").write_text("$TTL 300\n" + zones["com"])
        trust = ['domain-insecure: "corp.contoso.com"', f'trust-anchor: "{keys(conf, "com")}"']
    world.start("knot", "knotd", "-c", folder / "ns1/knot.conf")
    if world.changes["stale_server"]:
        # A secondary that has not got the zone's latest version.
        stale = zones["contoso.com"].replace("MX 10 mx1.contoso.com.", "MX 10 mx-old.contoso.com.")
        knot(folder / "ns2", hosts["ns2.contoso.com"], {"contoso.com": stale}, signed=[])
        world.start("knot2", "knotd", "-c", folder / "ns2/knot.conf")
    resolver(folder, hosts, "validator iterator" if signing else "iterator", trust, list(zones))
    world.start("unbound", "unbound", "-d", "-c", folder / "unbound.conf")


def records(world, hosts: dict, zone: str, split: bool) -> str:
    """The zone's records. `split`: corp.contoso.com is a zone of its own."""
    inner = lambda host: host.endswith(".corp.contoso.com")
    mine = [(host, ip) for host, ip in hosts.items() if not split or inner(host) == (zone == "corp.contoso.com")]
    text = f"@ SOA ns1.contoso.com. hostmaster.contoso.com. 1 3600 900 86400 300\n@ NS ns1.contoso.com.\n"
    text += "".join(f"{host}. A {ip}\n" for host, ip in mine)
    if zone != "contoso.com":
        return text
    text += "".join(f"@ MX 10 {host}.\n" for host in world.changes["mx"])
    text += "".join(f"{host}. AAAA {ip}\n" for host, ip in world.changes["addresses6"].items())
    if world.changes["stale_server"]:
        text += "@ NS ns2.contoso.com.\n"
    if split:
        text += "corp NS ns1.contoso.com.\n"
    if world.changes["tlsa"]:
        digest = key_digest(world.folder / "tls/mx1.contoso.com.crt")
        text += f"_25._tcp.mx1 TLSA 3 1 1 {digest if world.changes['tlsa'] == 'right' else digest[::-1]}\n"
    return text


def key_digest(certificate: pathlib.Path) -> str:
    """SHA-256 of the certificate's public key, by openssl."""
    key = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-pubkey"], capture_output=True, check=True)
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key.stdout, capture_output=True, check=True)
    done = subprocess.run(["openssl", "dgst", "-sha256", "-r"], input=der.stdout, capture_output=True, check=True)
    return done.stdout.split()[0].decode()


def knot(folder: pathlib.Path, ip: str, zones: dict, signed: list) -> None:
    folder.mkdir()
    listed = ""
    for zone in [*zones, *(name for name in signed if name not in zones)]:
        if zone in zones:
            (folder / f"{zone}.zone").write_text("$TTL 300\n" + zones[zone])
        listed += f"  - domain: {zone}\n    storage: {folder}\n    file: {zone}.zone\n"
        # Signatures stay out of the file, which is ours.
        listed += "    zonefile-sync: -1\n    zonefile-load: difference-no-serial\n    journal-content: all\n"
        listed += "    dnssec-signing: on\n    dnssec-policy: one\n" if zone in signed else ""
    (folder / "knot.conf").write_text(
        f"server:\n    rundir: {folder}\n    listen: {ip}@53\ndatabase:\n    storage: {folder}\n"
        f"policy:\n  - id: one\n    single-type-signing: on\n    algorithm: ecdsap256sha256\nzone:\n{listed}")


def keys(conf: pathlib.Path, zone: str) -> str:
    """Makes the zone's key; its DS record."""
    made = ["keymgr", "-c", conf, zone, "generate", "algorithm=ecdsap256sha256", "ksk=yes", "zsk=yes"]
    subprocess.run(made, capture_output=True, check=True)
    told = subprocess.run(["keymgr", "-c", conf, zone, "ds"], capture_output=True, check=True, text=True).stdout
    return next(line for line in told.splitlines() if line.split()[4] == "2")


def resolver(folder: pathlib.Path, hosts: dict, modules: str, trust: list, zones: list) -> None:
    stubs = "".join(f'stub-zone:\n    name: "{zone}"\n    stub-addr: {hosts["ns1.contoso.com"]}\n' for zone in zones)
    conf = textwrap.dedent(f"""\
        server:
            interface: {hosts["resolver.contoso.com"]}
            access-control: 10.77.0.0/16 allow
            directory: "{folder}"
            chroot: ""
            username: ""
            pidfile: ""
            use-syslog: no
            logfile: ""
            module-config: "{modules}"
            do-ip6: no
            ede: yes
        """)
    conf += "".join(f"    {line}\n" for line in trust) + stubs + "remote-control:\n    control-enable: no\n"
    (folder / "unbound.conf").write_text(conf)
