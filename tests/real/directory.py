"""A Samba AD domain with Exchange's classes in its schema: provisioned once, copied for each world.

The script of its own at the end runs under the distribution's Python, which has Samba's modules.
"""
import fcntl
import hashlib
import json
import pathlib
import shutil
import subprocess

DOMAIN = "DC=corp,DC=contoso,DC=com"
CONFIGURATION = f"CN=Configuration,{DOMAIN}"
ORGANISATION = f"CN=Contoso,CN=Microsoft Exchange,CN=Services,{CONFIGURATION}"
TRANSPORT = f"CN=Transport Settings,{ORGANISATION}"
GROUP = f"CN=Exchange Administrative Group (FYDIBOHF23SPDLT),CN=Administrative Groups,{ORGANISATION}"
CONNECTIONS = f"CN=Connections,CN=Exchange Routing Group (DWBGZMFD01QNBJR),CN=Routing Groups,{GROUP}"
PASSWORD = "Gr8-secret-of-the-tool"


def provision(folder: pathlib.Path) -> pathlib.Path:
    """The folder of a provisioned domain, made where it is not there yet."""
    me = pathlib.Path(__file__)
    made = folder / hashlib.sha256(me.read_bytes()).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        # Two runs at once: the second waits, and finds it made.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (made / "ready").exists():
            shutil.rmtree(made, ignore_errors=True)
            run("samba-tool", "domain", "provision", f"--targetdir={made}", "--realm=CORP.CONTOSO.COM", "--domain=CORP",
                "--server-role=dc", "--dns-backend=NONE", "--adminpass=Adm1n-of-the-lab", "--host-name=dc1",
                "--host-ip=10.77.0.10", "--option=interfaces=10.77.0.10", "--option=bind interfaces only=yes")
            run("samba-tool", "user", "create", "nsdiag", PASSWORD, f"--configfile={made}/etc/smb.conf",
                "-H", f"{made}/private/sam.ldb")
            run("/usr/bin/python3", __file__, str(made), "schema")
            (made / "ready").touch()
    return made


def copy(base: pathlib.Path, to: pathlib.Path, organisation: dict, tls: pathlib.Path) -> None:
    """A copy of the domain at `to`, with the objects of `organisation`, and the certificate at `tls` (.crt and .key)."""
    shutil.copytree(base, to, symlinks=True, ignore=lambda _, names: [n for n in names if n.endswith(".sock")])
    config = to / "etc/smb.conf"
    text = config.read_text().replace(str(base), str(to))
    settings = [
        f"tls certfile = {tls}.crt", f"tls keyfile = {tls}.key", f"tls cafile = {tls.parent}/ca.crt",
        f"ncalrpc dir = {to}/ncalrpc", f"pid directory = {to}", f"log file = {to}/log",
        "server services = ldap, kdc, cldap",
    ]
    config.write_text(text.replace("[global]", "[global]\n\t" + "\n\t".join(settings), 1))
    run("/usr/bin/python3", __file__, str(to), "objects", json.dumps(organisation))


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command[:4])}: {done.stderr[-2000:]}{done.stdout[-500:]}")


# What follows runs as a script of its own.

# Name, syntax, oMSyntax, single-valued. The OIDs are of the arc that Microsoft gives to whoever has none.
ATTRIBUTES = [
    ("msExchAcceptedDomainName", "2.5.5.12", 64, True),
    ("msExchAcceptedDomainFlags", "2.5.5.9", 2, True),
    ("routingList", "2.5.5.12", 64, False),
    ("msExchSmtpSmartHost", "2.5.5.12", 64, True),
    ("msExchSmtpSendFlags", "2.5.5.9", 2, True),
    ("msExchSmtpSendPort", "2.5.5.9", 2, True),
    ("msExchSmtpSendEnabled", "2.5.5.8", 1, True),
    ("msExchAgentsFlags", "2.5.5.9", 2, True),
    ("mailNickname", "2.5.5.12", 64, True),
    ("homeMDB", "2.5.5.12", 64, True),
    ("targetAddress", "2.5.5.12", 64, True),
    ("msExchRecipientTypeDetails", "2.5.5.16", 65, True),
]
CLASSES = {
    "msExchOrganizationContainer": [],
    "msExchAcceptedDomain": ["msExchAcceptedDomainName", "msExchAcceptedDomainFlags"],
    "msExchRoutingSMTPConnector": ["routingList", "msExchSmtpSmartHost", "msExchSmtpSendFlags", "msExchSmtpSendPort",
                                   "msExchSmtpSendEnabled"],
    "msExchMessageHygieneRecipientFilterConfig": ["msExchAgentsFlags"],
}
EVERYBODY_READS = "D:(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;DA)(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;SY)(A;;RPLCLORC;;;AU)"
ARC = "1.2.840.113556.1.8000.2554.7701"


def script(folder: str, what: str, argument: str = "{}") -> None:
    from samba.auth import system_session
    from samba.param import LoadParm
    from samba.samdb import SamDB

    parameters = LoadParm()
    parameters.load(f"{folder}/etc/smb.conf")
    parameters.set("dsdb:schema update allowed", "yes")
    database = SamDB(url=f"{folder}/private/sam.ldb", session_info=system_session(), lp=parameters)
    if what == "schema":
        schema(database)
    else:
        objects(database, json.loads(argument))


def schema(database) -> None:
    base = str(database.get_schema_basedn())
    known = {str(entry["lDAPDisplayName"]) for entry in database.search(base, attrs=["lDAPDisplayName"])
             if "lDAPDisplayName" in entry}
    refresh = "dn:\nchangetype: modify\nreplace: schemaUpdateNow\nschemaUpdateNow: 1\n"
    for number, (name, syntax, om, single) in enumerate(ATTRIBUTES):
        if name not in known:
            database.add_ldif(f"dn: CN={name},{base}\nobjectClass: attributeSchema\nattributeID: {ARC}.1.{number}\n"
                              f"lDAPDisplayName: {name}\nattributeSyntax: {syntax}\noMSyntax: {om}\n"
                              f"isSingleValued: {str(single).upper()}\nsearchFlags: 1\n")
    database.modify_ldif(refresh)
    for number, (name, attributes) in enumerate(CLASSES.items()):
        may = "".join(f"mayContain: {attribute}\n" for attribute in attributes)
        database.add_ldif(f"dn: CN={name},{base}\nobjectClass: classSchema\ngovernsID: {ARC}.2.{number}\n"
                          f"lDAPDisplayName: {name}\nsubClassOf: container\nobjectClassCategory: 1\nrDNAttID: cn\n"
                          f"possSuperiors: container\ndefaultSecurityDescriptor: {EVERYBODY_READS}\n{may}")
        database.modify_ldif(refresh)
    recipient = ["mailNickname", "homeMDB", "targetAddress", "msExchRecipientTypeDetails"]
    database.modify_ldif(f"dn: CN=Mail-Recipient,{base}\nchangetype: modify\nadd: mayContain\n"
                         + "".join(f"mayContain: {name}\n" for name in recipient))
    database.modify_ldif(refresh)


def objects(database, wanted: dict) -> None:
    def add(dn: str, kind: str, *lines: str) -> None:
        database.add_ldif(f"dn: {dn}\nobjectClass: {kind}\n" + "".join(f"{line}\n" for line in lines))

    parts = ORGANISATION.split(",")
    add(",".join(parts[1:]), "container")
    add(ORGANISATION, "msExchOrganizationContainer")
    add(TRANSPORT, "container")
    add(f"CN=Accepted Domains,{TRANSPORT}", "container")
    for name, flags in [("corp.contoso.com", 12), ("contoso.com", wanted["accepted_flags"])]:
        add(f"CN={name},CN=Accepted Domains,{TRANSPORT}", "msExchAcceptedDomain",
            f"msExchAcceptedDomainName: {name}", f"msExchAcceptedDomainFlags: {flags}")
    add(f"CN=Message Hygiene,{TRANSPORT}", "container")
    add(f"CN=RecipientFilterConfig,CN=Message Hygiene,{TRANSPORT}", "msExchMessageHygieneRecipientFilterConfig",
        f"msExchAgentsFlags: {wanted['filter_flags']}")
    chain = CONNECTIONS[:-len(ORGANISATION) - 1].split(",")
    for depth in range(len(chain) - 1, -1, -1):
        add(",".join(chain[depth:] + [ORGANISATION]), "container")
    for name, spaces, host in wanted["connectors"]:
        add(f"CN={name},{CONNECTIONS}", "msExchRoutingSMTPConnector", *[f"routingList: {space}" for space in spaces],
            f"msExchSmtpSmartHost: {host}", "msExchSmtpSendFlags: 16777216", "msExchSmtpSendPort: 25",
            "msExchSmtpSendEnabled: TRUE")
    for local in ["anna", "ben", "helpdesk"]:
        add(f"CN={local},CN=Users,{DOMAIN}", "user", f"sAMAccountName: {local}", f"mail: {local}@contoso.com",
            f"proxyAddresses: SMTP:{local}@contoso.com", f"mailNickname: {local}", "homeMDB: CN=DB01",
            "msExchRecipientTypeDetails: 1", "userAccountControl: 544")
    for local in wanted["contacts"]:
        add(f"CN={local} at Zimbra,CN=Users,{DOMAIN}", "contact", f"mail: {local}@contoso.com",
            f"proxyAddresses: SMTP:{local}@contoso.com", f"mailNickname: {local}",
            f"targetAddress: SMTP:{local}@zimbra.contoso.com", "msExchRecipientTypeDetails: 64")
    if not wanted["readable"]:
        hide(database)


def hide(database) -> None:
    """Leaves the organisation itself readable, and nothing below it, as a plain user finds it in AD."""
    import ldb
    from samba.dcerpc import security
    from samba.ndr import ndr_pack

    sid = security.dom_sid(database.get_domain_sid())
    closed = security.descriptor.from_sddl("O:DAG:DAD:PAI(A;;GA;;;DA)(A;;GA;;;SY)", sid)
    for entry in database.search(ORGANISATION, attrs=["dn"]):
        if str(entry.dn).lower() == ORGANISATION.lower():
            continue
        message = ldb.Message(entry.dn)
        message["sd"] = ldb.MessageElement(ndr_pack(closed), ldb.FLAG_MOD_REPLACE, "nTSecurityDescriptor")
        database.modify(message, ["sd_flags:1:7"])


if __name__ == "__main__":
    import sys

    script(*sys.argv[1:])
