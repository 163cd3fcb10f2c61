"""A slapd with Exchange's classes and any number of recipients, on loopback and in a folder of its own."""
import pathlib
import random
import shutil
import socket
import subprocess
import time

BASE = "DC=corp,DC=contoso,DC=com"
USER, PASSWORD = f"CN=nsdiag,{BASE}", "bench-of-the-tool"
# All that nsdiag's sweep asks for.
ATTRIBUTES = """objectClass mail mailNickname proxyAddresses targetAddress homeMDB msExchHomeServerName
    msExchMailboxGuid msExchRecipientTypeDetails msExchRemoteRecipientType msExchGenericForwardingAddress altRecipient
    deliverAndRedirect msExchRecipientDisplayType msExchHideFromAddressLists msExchRequireAuthToSendTo userAccountControl
    whenChanged""".split()
FILTER = "(|(proxyAddresses=*)(mail=*)(targetAddress=*))"

TEXT, NAME, NUMBER, FLAG, BYTES = (
    "EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15",
    "EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12",
    "EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE",
    "EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE",
    "EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE",
)
# The types that core.schema lacks; those of the organisation too.
TYPES = {
    TEXT: """mail displayName mailNickname proxyAddresses targetAddress msExchHomeServerName legacyExchangeDN
        msExchGenericForwardingAddress whenCreated whenChanged objectCategory msExchAcceptedDomainName routingList
        msExchSmtpSmartHost networkAddress lDAPDisplayName dnsHostName""",
    NAME: "homeMDB altRecipient defaultNamingContext configurationNamingContext rootDomainNamingContext",
    NUMBER: """msExchRecipientTypeDetails msExchRecipientDisplayType msExchRemoteRecipientType userAccountControl
        msExchAcceptedDomainFlags msExchSmtpSendFlags msExchAgentsFlags msExchCurrentServerRoles""",
    FLAG: """msExchHideFromAddressLists msExchRequireAuthToSendTo deliverAndRedirect msExchSmtpSendEnabled
        isGlobalCatalogReady isMemberOfPartialAttributeSet""",
    BYTES: "msExchMailboxGuid",
}
CLASSES = """user contact group container msExchOrganizationContainer msExchAcceptedDomain msExchRoutingSMTPConnector
    msExchMessageHygieneRecipientFilterConfig msExchExchangeServer rootDSE""".split()
ARC = "1.2.840.113556.1.8000.2554.7702"


class Slapd:
    """Runs until it is closed."""

    def __init__(self, folder: pathlib.Path, recipients: int):
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "data").mkdir(parents=True)
        (folder / "exchange.schema").write_text(schema())
        (folder / "root.ldif").write_text(
            f"dn:\nobjectClass: rootDSE\ndnsHostName: localhost\ndefaultNamingContext: {BASE}\n"
            f"configurationNamingContext: CN=Configuration,{BASE}\nrootDomainNamingContext: {BASE}\n"
            "isGlobalCatalogReady: FALSE\n")
        (folder / "slapd.conf").write_text(
            f"include /etc/ldap/schema/core.schema\ninclude {folder}/exchange.schema\nmodulepath /usr/lib/ldap\n"
            f"moduleload back_mdb\npidfile {folder}/pid\nrootDSE {folder}/root.ldif\nsizelimit unlimited\n"
            f"database mdb\nmaxsize 2147483648\nsuffix \"{BASE}\"\nrootdn \"{USER}\"\nrootpw {PASSWORD}\n"
            f"directory {folder}/data\nindex objectClass eq\nindex proxyAddresses,mail,targetAddress pres,eq\n"
            "index cn,msExchRecipientTypeDetails,homeMDB,altRecipient pres,eq\n")
        with open(folder / "all.ldif", "w") as out:
            for line in objects(recipients):
                out.write(line)
        done = subprocess.run(["/usr/sbin/slapadd", "-q", "-f", folder / "slapd.conf", "-l", folder / "all.ldif"],
                              capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr[-3000:])
        (folder / "all.ldif").unlink()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"ldap://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(["/usr/sbin/slapd", "-f", folder / "slapd.conf", "-h", self.url, "-d", "0"])
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise RuntimeError("slapd does not listen") from None
                time.sleep(0.1)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)


def schema() -> str:
    lines, number = [], 0
    for syntax, names in TYPES.items():
        for name in names.split():
            # core.schema has mail already.
            if name != "mail":
                number += 1
                lines.append(f"attributetype ( {ARC}.1.{number} NAME '{name}' {syntax} )\n")
    every = " $ ".join(name for names in TYPES.values() for name in names.split())
    for at, name in enumerate(CLASSES):
        lines.append(f"objectclass ( {ARC}.2.{at} NAME '{name}' SUP top STRUCTURAL MAY ( cn $ description $ {every} ) )\n")
    return "".join(lines)


def entry(dn: str, kind: str, **values) -> str:
    lines = [f"dn: {dn}", f"objectClass: {kind}"]
    for name, value in values.items():
        lines += [f"{name}: {one}" for one in (value if isinstance(value, list) else [value])]
    return "\n".join(lines) + "\n\n"


def objects(count: int):
    """The organisation, and so many recipients: of each hundred 80 mailboxes, 10 contacts, 6 groups, 4 remote mailboxes;
    a few are broken in the ways that nsdiag looks for."""
    yield f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\no: Contoso\ndc: corp\n\n"
    exchange = f"CN=Contoso,CN=Microsoft Exchange,CN=Services,CN=Configuration,{BASE}"
    parts = exchange.split(",")
    for at in range(len(parts) - 4, 0, -1):
        yield entry(",".join(parts[at:]), "container")
    yield entry(exchange, "msExchOrganizationContainer")
    for name in ("Accepted Domains", "Connections", "Message Hygiene", "Servers"):
        yield entry(f"CN={name},{exchange}", "container", cn=name)
    for name, flags in (("corp.contoso.com", 12), ("contoso.com", 2)):
        yield entry(f"CN={name},CN=Accepted Domains,{exchange}", "msExchAcceptedDomain", msExchAcceptedDomainName=name,
                    msExchAcceptedDomainFlags=flags)
    yield entry(f"CN=To Zimbra,CN=Connections,{exchange}", "msExchRoutingSMTPConnector",
                routingList="SMTP:contoso.com;1", msExchSmtpSmartHost="[127.0.0.1]", msExchSmtpSendFlags=16777216)
    yield entry(f"CN=EX01,CN=Servers,{exchange}", "msExchExchangeServer", msExchCurrentServerRoles=54,
                networkAddress="ncacn_ip_tcp:ex01.corp.contoso.com")
    yield entry(f"CN=People,{BASE}", "container")
    chance = random.Random(7)
    for at in range(count):
        local = f"user{at:06}"
        guid = "".join(chance.choices("0123456789abcdef", k=24))
        common = {
            "cn": local, "displayName": f"User {at:06} of Contoso", "mail": f"{local}@contoso.com", "mailNickname": local,
            "proxyAddresses": [f"SMTP:{local}@contoso.com", f"smtp:{local}@corp.contoso.com",
                               f"smtp:u.{at:06}@contoso.com", f"X500:/o=Contoso/ou=Exchange/cn=Recipients/cn={guid}"],
            "legacyExchangeDN": f"/o=Contoso/ou=Exchange Administrative Group/cn=Recipients/cn={guid}",
            "whenCreated": "20240101080000.0Z", "whenChanged": "20261120101500.0Z",
        }
        if at % 2500 == 2499:
            common["proxyAddresses"].append("smtp:shared@contoso.com")
        dn = f"CN={local},CN=People,{BASE}"
        kind = at % 100
        if kind < 80:
            if at % 5000 == 0:
                common["targetAddress"] = f"SMTP:{local}@elsewhere.example"
            yield entry(dn, "user", homeMDB=f"CN=DB{at % 20:02},CN=Databases,{exchange}", msExchMailboxGuid=guid[:16],
                        msExchHomeServerName="/o=Contoso/cn=Servers/cn=EX01", msExchRecipientTypeDetails=1,
                        msExchRecipientDisplayType=1073741824, userAccountControl=512, **common)
        elif kind < 90:
            yield entry(dn, "contact", targetAddress=f"SMTP:{local}@zimbra.contoso.com", msExchRecipientTypeDetails=64,
                        msExchRecipientDisplayType=6, **common)
        elif kind < 96:
            yield entry(dn, "group", msExchRecipientTypeDetails=256, msExchRecipientDisplayType=1,
                        msExchRequireAuthToSendTo="FALSE", **common)
        else:
            yield entry(dn, "user", targetAddress=f"SMTP:{local}@contoso.mail.onmicrosoft.com", userAccountControl=512,
                        msExchRecipientTypeDetails=2147483648, msExchRemoteRecipientType=4, **common)
