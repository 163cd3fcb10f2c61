"""Samba AD domains with Exchange's classes in their schema: provisioned once, copied for each world.

The script of its own at the end runs under the distribution's Python, which has Samba's modules.
"""
import fcntl
import hashlib
import inspect
import json
import pathlib
import shutil
import subprocess

PASSWORD = "Gr8-secret-of-the-tool"


class Forest:
    """The names of a forest of one domain, `corp` or `labs`."""

    def __init__(self, name: str):
        self.name = name
        self.home = f"{name}.contoso.com"
        self.address = {"corp": "10.77.0.10", "labs": "10.77.0.11"}[name]
        self.domain = f"DC={name},DC=contoso,DC=com"
        self.configuration = f"CN=Configuration,{self.domain}"
        self.organisation = f"CN=Contoso {name},CN=Microsoft Exchange,CN=Services,{self.configuration}"
        self.transport = f"CN=Transport Settings,{self.organisation}"
        self.group = f"CN=Exchange Administrative Group (FYDIBOHF23SPDLT),CN=Administrative Groups,{self.organisation}"
        routing = f"CN=Exchange Routing Group (DWBGZMFD01QNBJR),CN=Routing Groups,{self.group}"
        self.connections = f"CN=Connections,{routing}"
        self.server = f"CN=EXCH01,CN=Servers,{self.group}"


def provision(folder: pathlib.Path, name: str) -> pathlib.Path:
    """The folder of a provisioned domain, made where it is not there yet."""
    forest = Forest(name)
    what = inspect.getsource(provision) + inspect.getsource(schema) + repr((ATTRIBUTES, sorted(LISTS), RECIPIENT, CLASSES))
    made = folder / f"{name}-{hashlib.sha256(what.encode()).hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f"lock-{name}", "w") as lock:
        # Two runs at once: the second waits, and finds it made.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (made / "ready").exists():
            shutil.rmtree(made, ignore_errors=True)
            run("samba-tool", "domain", "provision", f"--targetdir={made}", f"--realm={forest.home.upper()}",
                f"--domain={name.upper()}", "--server-role=dc", "--dns-backend=NONE", "--adminpass=Adm1n-of-the-lab",
                "--host-name=dc1", f"--host-ip={forest.address}", f"--option=interfaces={forest.address}",
                "--option=bind interfaces only=yes")
            run("samba-tool", "user", "create", "nsdiag", PASSWORD, f"--configfile={made}/etc/smb.conf",
                "-H", f"{made}/private/sam.ldb")
            run("/usr/bin/python3", __file__, str(made), name, "schema")
            (made / "ready").touch()
    return made


def copy(base: pathlib.Path, to: pathlib.Path, name: str, organisation: dict, tls: pathlib.Path) -> None:
    """A copy of the domain at `to`, with the objects of `organisation`, and the certificate at `tls` (.crt and .key)."""
    shutil.copytree(base, to, symlinks=True, ignore=lambda _, names: [n for n in names if n.endswith(".sock")])
    config = to / "etc/smb.conf"
    text = config.read_text().replace(str(base), str(to))
    settings = [
        f"tls certfile = {tls}.crt", f"tls keyfile = {tls}.key", f"tls cafile = {tls.parent}/ca.crt",
        f"ncalrpc dir = {to}/ncalrpc", f"pid directory = {to}", f"log file = {to}/log",
        # As AD does: Kerberos inside TLS needs no signing of its own.
        "server services = ldap, kdc, cldap", "ldap server require strong auth = allow_sasl_over_tls",
    ]
    config.write_text(text.replace("[global]", "[global]\n\t" + "\n\t".join(settings), 1))
    run("/usr/bin/python3", __file__, str(to), name, "objects", json.dumps(organisation))


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command[:4])}: {done.stderr[-2000:]}{done.stdout[-500:]}")


# What follows runs as a script of its own.

# Syntaxes: attributeSyntax, oMSyntax (MS-ADTS, 3.1.1.2.2.2).
TEXT, NUMBER, LARGE, FLAG, NAME = ("2.5.5.12", 64), ("2.5.5.9", 2), ("2.5.5.16", 65), ("2.5.5.8", 1), ("2.5.5.1", 127)
# Single-valued where no list says otherwise. The OIDs are of the arc that Microsoft gives to whoever has none.
ATTRIBUTES = {
    TEXT: ["msExchAcceptedDomainName", "routingList", "msExchSmtpSmartHost", "msExchSmtpSendTlsDomain",
           "msExchSMTPSendConnectorFQDN", "msExchMessageHygieneBlockedRecipient", "msExchSmtpReceiveBindings",
           "msExchSmtpReceiveRemoteIPRanges", "msExchSMTPReceiveConnectorFQDN", "mailNickname", "homeMDB",
           "targetAddress", "msExchGenericForwardingAddress", "msExchHomeServerName"],
    NUMBER: ["msExchAcceptedDomainFlags", "msExchSmtpSendFlags", "msExchSmtpSendPort", "msExchSmtpOutboundSecurityFlag",
             "delivContLength", "msExchAgentsFlags", "msExchSMTPReceiveInboundSecurityFlag", "msExchSmtpReceiveRole",
             "msExchSmtpReceiveMaxHopCount", "msExchSmtpReceiveMaxLocalHopCount", "msExchSmtpReceiveTarpitInterval",
             "msExchSmtpReceiveMaxMessageSize", "msExchSmtpReceiveProtocolRestrictions", "msExchCurrentServerRoles",
             "msExchRecipientDisplayType"],
    LARGE: ["msExchRecipientTypeDetails", "msExchRemoteRecipientType"],
    FLAG: ["msExchSmtpSendEnabled", "msExchSmtpReceiveEnabled", "msExchHideFromAddressLists",
           "msExchRequireAuthToSendTo", "deliverAndRedirect"],
    NAME: ["msExchCatchAllRecipientLink", "msExchSourceBridgeheadServersDN", "msExchServerSite", "altRecipient"],
}
LISTS = {"routingList", "msExchMessageHygieneBlockedRecipient", "msExchSmtpReceiveBindings",
         "msExchSmtpReceiveRemoteIPRanges", "msExchSourceBridgeheadServersDN"}
RECIPIENT = ["mailNickname", "homeMDB", "targetAddress", "msExchGenericForwardingAddress", "msExchHomeServerName",
             "msExchRecipientDisplayType", "msExchRecipientTypeDetails", "msExchRemoteRecipientType",
             "msExchHideFromAddressLists", "msExchRequireAuthToSendTo", "deliverAndRedirect", "altRecipient"]
CLASSES = {
    "msExchOrganizationContainer": [],
    "msExchAcceptedDomain": ["msExchAcceptedDomainName", "msExchAcceptedDomainFlags", "msExchCatchAllRecipientLink"],
    "msExchRoutingSMTPConnector": ["routingList", "msExchSmtpSmartHost", "msExchSmtpSendFlags", "msExchSmtpSendPort",
                                   "msExchSmtpSendEnabled", "msExchSmtpSendTlsDomain", "msExchSMTPSendConnectorFQDN",
                                   "msExchSmtpOutboundSecurityFlag", "delivContLength",
                                   "msExchSourceBridgeheadServersDN"],
    "msExchMessageHygieneRecipientFilterConfig": ["msExchAgentsFlags", "msExchMessageHygieneBlockedRecipient"],
    "msExchExchangeServer": ["networkAddress", "serialNumber", "msExchCurrentServerRoles", "msExchServerSite"],
    "msExchSmtpReceiveConnector": ["msExchSmtpReceiveEnabled", "msExchSmtpReceiveBindings",
                                   "msExchSmtpReceiveRemoteIPRanges", "msExchSMTPReceiveInboundSecurityFlag",
                                   "msExchSmtpReceiveRole", "msExchSmtpReceiveMaxHopCount",
                                   "msExchSmtpReceiveMaxLocalHopCount", "msExchSmtpReceiveTarpitInterval",
                                   "msExchSmtpReceiveMaxMessageSize", "msExchSmtpReceiveProtocolRestrictions",
                                   "msExchSMTPReceiveConnectorFQDN"],
    "msExchDynamicDistributionList": ["mail", "proxyAddresses", "displayName", *RECIPIENT],
    "publicFolder": ["mail", "proxyAddresses", "displayName", *RECIPIENT],
}
EVERYBODY_READS = "D:(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;DA)(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;SY)(A;;RPLCLORC;;;AU)"
ARC = "1.2.840.113556.1.8000.2554.7701"


def script(folder: str, name: str, what: str, argument: str = "{}") -> None:
    from samba.auth import system_session
    from samba.param import LoadParm
    from samba.samdb import SamDB

    parameters = LoadParm()
    parameters.load(f"{folder}/etc/smb.conf")
    parameters.set("dsdb:schema update allowed", "yes")
    database = SamDB(url=f"{folder}/private/sam.ldb", session_info=system_session(), lp=parameters)
    if what == "schema":
        schema(database, Forest(name))
    else:
        objects(database, Forest(name), json.loads(argument))


def schema(database, forest: Forest) -> None:
    base = str(database.get_schema_basedn())
    known = {str(entry["lDAPDisplayName"]) for entry in database.search(base, attrs=["lDAPDisplayName"])
             if "lDAPDisplayName" in entry}
    refresh = "dn:\nchangetype: modify\nreplace: schemaUpdateNow\nschemaUpdateNow: 1\n"
    every = [(name, syntax) for syntax, names in ATTRIBUTES.items() for name in names]
    for number, (name, (syntax, om)) in enumerate(every):
        if name not in known:
            kind = "oMObjectClass:: KwwCh3McAIVK\n" if om == 127 else ""
            database.add_ldif(f"dn: CN={name},{base}\nobjectClass: attributeSchema\nattributeID: {ARC}.1.{number}\n"
                              f"lDAPDisplayName: {name}\nattributeSyntax: {syntax}\noMSyntax: {om}\n{kind}"
                              f"isSingleValued: {str(name not in LISTS).upper()}\nsearchFlags: {int(om != 127)}\n"
                              "isMemberOfPartialAttributeSet: TRUE\n")
    # What Exchange's setup does: proxy addresses are in the global catalog.
    database.modify_ldif(f"dn: CN=Proxy-Addresses,{base}\nchangetype: modify\nreplace: isMemberOfPartialAttributeSet\n"
                         "isMemberOfPartialAttributeSet: TRUE\n")
    database.modify_ldif(refresh)
    for number, (name, attributes) in enumerate(CLASSES.items()):
        may = "".join(f"mayContain: {attribute}\n" for attribute in attributes)
        database.add_ldif(f"dn: CN={name},{base}\nobjectClass: classSchema\ngovernsID: {ARC}.2.{number}\n"
                          f"lDAPDisplayName: {name}\nsubClassOf: container\nobjectClassCategory: 1\nrDNAttID: cn\n"
                          f"possSuperiors: container\ndefaultSecurityDescriptor: {EVERYBODY_READS}\n{may}")
    database.modify_ldif(refresh)
    database.modify_ldif(f"dn: CN=Mail-Recipient,{base}\nchangetype: modify\nadd: mayContain\n"
                         + "".join(f"mayContain: {name}\n" for name in RECIPIENT))
    database.modify_ldif(refresh)
    # By which names Kerberos knows the server (MS-DRSR, 2.2.4.3).
    names = "".join(f"servicePrincipalName: {kind}/dc1.{forest.home}\n" for kind in ("ldap", "GC"))
    controller = f"CN=DC1,OU=Domain Controllers,{forest.domain}"
    database.modify_ldif(f"dn: {controller}\nchangetype: modify\nadd: servicePrincipalName\n{names}")


def objects(database, forest: Forest, wanted: dict) -> None:
    def add(dn: str, kind: str, *lines: str) -> None:
        database.add_ldif(f"dn: {dn}\nobjectClass: {kind}\n" + "".join(f"{line}\n" for line in lines))

    def chain(inner: str, outer: str) -> None:
        """Adds the containers between two, the inner one included."""
        parts = inner[:-len(outer) - 1].split(",")
        for dn in [",".join(parts[depth:] + [outer]) for depth in range(len(parts) - 1, -1, -1)]:
            if dn not in made:
                add(dn, "container")
                made.add(dn)

    made = set()

    add(",".join(forest.organisation.split(",")[1:]), "container")
    add(forest.organisation, "msExchOrganizationContainer")
    chain(f"CN=Accepted Domains,{forest.transport}", forest.organisation)
    for name, flags in [(forest.home, 12), ("contoso.com", wanted["accepted_flags"])]:
        add(f"CN={name},CN=Accepted Domains,{forest.transport}", "msExchAcceptedDomain",
            f"msExchAcceptedDomainName: {name}", f"msExchAcceptedDomainFlags: {flags}")
    add(f"CN=Message Hygiene,{forest.transport}", "container")
    add(f"CN=RecipientFilterConfig,CN=Message Hygiene,{forest.transport}", "msExchMessageHygieneRecipientFilterConfig",
        f"msExchAgentsFlags: {wanted['filter_flags']}")
    chain(f"CN=Servers,{forest.group}", forest.organisation)
    site = f"CN=Default-First-Site-Name,CN=Sites,{forest.configuration}"
    add(forest.server, "msExchExchangeServer", f"networkAddress: ncacn_ip_tcp:exch01.{forest.home}",
        "serialNumber: Version 15.2 (Build 1544.4)", "msExchCurrentServerRoles: 54", f"msExchServerSite: {site}")
    doors = f"CN=SMTP Receive Connectors,CN=Protocols,{forest.server}"
    chain(doors, forest.server)
    anyone = ["0.0.0.0-255.255.255.255", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]
    trusted = [["From the other organisation", [wanted["trusts"]], 32]] if wanted["trusts"] else []
    for name, ranges, authentication in [["Default Frontend EXCH01", anyone, 31], *trusted]:
        add(f"CN={name},{doors}", "msExchSmtpReceiveConnector", "msExchSmtpReceiveEnabled: TRUE",
            "msExchSmtpReceiveBindings: 0.0.0.0:25", *[f"msExchSmtpReceiveRemoteIPRanges: {one}" for one in ranges],
            f"msExchSMTPReceiveInboundSecurityFlag: {authentication}", "msExchSmtpReceiveMaxHopCount: 60",
            f"msExchSMTPReceiveConnectorFQDN: exch01.{forest.home}", "msExchSmtpReceiveMaxMessageSize: 37748736")
    chain(forest.connections, forest.organisation)
    source = f"CN=1,CN=SMTP,CN=Protocols,{forest.server}"
    chain(source, forest.server)
    for name, spaces, host in wanted["connectors"]:
        add(f"CN={name},{forest.connections}", "msExchRoutingSMTPConnector",
            *[f"routingList: {space}" for space in spaces], f"msExchSmtpSmartHost: {host}",
            "msExchSmtpSendFlags: 16777216", "msExchSmtpSendPort: 25", "msExchSmtpSendEnabled: TRUE",
            f"msExchSourceBridgeheadServersDN: {source}")
    place = lambda name: f"CN={name},CN=Users,{forest.domain}"
    for local in wanted["mailboxes"]:
        recipients = ["homeMDB: CN=DB01", "msExchRecipientTypeDetails: 1", "userAccountControl: 544"]
        add(place(local), "user", f"sAMAccountName: {local}", f"mail: {local}@contoso.com", f"mailNickname: {local}",
            f"proxyAddresses: SMTP:{local}@contoso.com", f"proxyAddresses: smtp:{local}@{forest.home}", *recipients)
    for local in wanted["contacts"]:
        # Where it leads: to the other forest's own domain, or to the other system's.
        name, target = local if isinstance(local, list) else (local, f"{local}@zimbra.contoso.com")
        add(place(f"{name} elsewhere"), "contact", f"mail: {name}@contoso.com", f"mailNickname: {name}",
            f"proxyAddresses: SMTP:{name}@contoso.com", f"targetAddress: SMTP:{target}", "msExchRecipientTypeDetails: 64")
    # References among them come last, when everybody is there.
    later = []
    for name, kind, *lines in wanted["recipients"]:
        later += [f"dn: {place(name)}\nchangetype: modify\nadd: altRecipient\naltRecipient: {place(line[14:])}\n"
                  for line in lines if line.startswith("altRecipient: ")]
        own = [f"sAMAccountName: {name.replace(' ', '')}"] if kind in ("user", "group") else []
        add(place(name), kind, *own, *[line for line in lines if not line.startswith("altRecipient: ")])
    for ldif in later:
        database.modify_ldif(ldif)
    if wanted["hidden"]:
        top = {"organisation": forest.organisation, "connectors": forest.connections}[wanted["hidden"]]
        hide(database, top, itself=wanted["hidden"] == "connectors")


def hide(database, top: str, itself: bool) -> None:
    """Hides what is below an object, as a plain user finds it in AD; and `itself`."""
    from samba.dcerpc import security
    from samba.ndr import ndr_pack
    import ldb

    sid = security.dom_sid(database.get_domain_sid())
    closed = security.descriptor.from_sddl("O:DAG:DAD:PAI(A;;GA;;;DA)(A;;GA;;;SY)", sid)
    for entry in database.search(top, attrs=["dn"]):
        if str(entry.dn).lower() == top.lower() and not itself:
            continue
        message = ldb.Message(entry.dn)
        message["sd"] = ldb.MessageElement(ndr_pack(closed), ldb.FLAG_MOD_REPLACE, "nTSecurityDescriptor")
        database.modify(message, ["sd_flags:1:7"])


if __name__ == "__main__":
    import sys

    script(*sys.argv[1:])
