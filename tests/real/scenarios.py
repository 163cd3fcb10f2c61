"""What differs from a healthy landscape in each scenario, and what nsdiag is to say of it."""

# Exchange takes every recipient at RCPT; that is normal, and told as such.
NORMAL = ("NSD205", "info", "proven")


# Exchange's own people are asked for as well as those who are listed, though nobody names them.
EXCHANGE = ["anna", "ben", "helpdesk"]


def each(diagnosis: str, *locals_: str) -> dict:
    return {f"{one}@contoso.com": diagnosis for one in locals_}


def recipients(other: str, exchange: str = "delivered", people: list = EXCHANGE) -> dict:
    return each(exchange, *people) | each(other, "orders", "sales")


BOTH = ["orders@contoso.com", "sales@contoso.com"]

def first() -> dict:
    """The first of two organisations, which relays what it does not know to the second."""
    return {"connectors": [["To labs", ["SMTP:contoso.com;1", "SMTP:labs.contoso.com;1"], "exch01.labs.contoso.com"]],
            "contacts": [["orders", "orders@labs.contoso.com"], ["sales", "sales@labs.contoso.com"]],
            "trusts": "10.77.0.27"}


def second(flags: int) -> dict:
    """The second one."""
    return {"accepted_flags": flags, "mailboxes": ["orders", "sales"], "trusts": "10.77.0.26",
            "connectors": [["To corp", ["SMTP:contoso.com;1", "SMTP:corp.contoso.com;1"], "exch01.corp.contoso.com"]],
            "contacts": [[name, f"{name}@corp.contoso.com"] for name in ("anna", "ben", "helpdesk")]}


def addresses(*locals_: str) -> list:
    prefixes = ["SMTP"] + ["smtp"] * len(locals_)
    every = [f"proxyAddresses: {prefix}:{one}@contoso.com" for prefix, one in zip(prefixes, locals_)]
    return [f"mail: {locals_[0]}@contoso.com", f"mailNickname: {locals_[0]}", *every]


MAILBOX = ["homeMDB: CN=DB01", "msExchRecipientTypeDetails: 1"]
KINDS = [
    ["all", "group", *addresses("all"), "msExchRecipientTypeDetails: 256"],
    ["partner", "contact", *addresses("partner"), "targetAddress: SMTP:partner@fabrikam.com",
     "msExchRecipientTypeDetails: 64"],
    # A room's account is disabled by design.
    ["room1", "user", *addresses("room1"), "homeMDB: CN=DB01", "msExchRecipientTypeDetails: 16",
     "userAccountControl: 546"],
]
ALIASES = [
    ["carl", "user", *addresses("carl", "c.smith"), *MAILBOX, "userAccountControl: 544"],
    ["dora", "user", *addresses("dora", "d.jones"), *MAILBOX, "userAccountControl: 544"],
    ["helpdesk", "user", *addresses("helpdesk", "help"), *MAILBOX, "userAccountControl: 544"],
]
FAULTS = [
    ["carl", "user", *addresses("carl"), *MAILBOX, "userAccountControl: 544", "altRecipient: carl outside"],
    ["carl outside", "contact", *addresses("carl-outside"), "targetAddress: SMTP:carl@contoso.com",
     "msExchRecipientTypeDetails: 64"],
    ["double", "user", *addresses("double"), *MAILBOX, "userAccountControl: 544"],
    ["double again", "group", *addresses("again", "double"), "msExchRecipientTypeDetails: 256"],
]

SCENARIOS = {
    "broken-gateway": {
        # This one reads the directory by StartTLS.
        "world": {"contacts": [], "ldap": "ldap://dc1.corp.contoso.com"},
        "expect": {"verdict": "critical", "exit": 2, "findings": [("NSD401", "critical", "proven"), NORMAL],
                   "subjects": {"NSD401": BOTH}, "recipients": recipients("gateway-rejects-other-mailbox")},
    },
    "healthy": {
        "world": {},
        "expect": {"verdict": "ok", "exit": 0, "findings": [NORMAL], "recipients": recipients("delivered")},
    },
    "authoritative": {
        "world": {"contacts": [], "accepted_flags": 8, "filter_flags": 2051, "gateway_also": ["orders", "sales"],
                  "exchange_knows": ["anna", "ben", "helpdesk"]},
        "expect": {"verdict": "critical", "exit": 2,
                   "findings": [("NSD302", "critical", "proven"), ("NSD403", "critical", "proven")],
                   "subjects": {"NSD403": BOTH}, "recipients": recipients("exchange-rejects-other-mailbox")},
    },
    "no-connector": {
        "world": {"connectors": []},
        "expect": {"verdict": "critical", "exit": 2, "findings": [("NSD311", "critical", "proven"), ("NSD421", "critical", "likely"), NORMAL],
                   "subjects": {"NSD421": BOTH}, "recipients": recipients("no-route")},
    },
    "bad-smarthost": {
        "world": {"connectors": [["To Zimbra", ["SMTP:contoso.com;1", "SMTP:zimbra.contoso.com;1"],
                                  "smtp-old.contoso.com"]]},
        "expect": {"verdict": "critical", "exit": 2, "findings": [("NSD105", "critical", "proven"), ("NSD421", "critical", "proven"), NORMAL],
                   "subjects": {"NSD421": BOTH}, "recipients": recipients("no-route")},
    },
    "greylist": {
        "world": {"greylist": True},
        "expect": {"verdict": "unknown", "exit": 3, "findings": [("NSD206", "info", "proven"), NORMAL],
                   "recipients": recipients("inconclusive", "inconclusive")},
    },
    "gateway-down": {
        "world": {"gateway_drops": True},
        "expect": {"verdict": "critical", "exit": 2, "findings": [("NSD201", "critical", "proven"), NORMAL],
                   "recipients": recipients("inconclusive", "inconclusive")},
    },
    "no-rights": {
        "world": {"hidden": "organisation"},
        "expect": {"verdict": "unknown", "exit": 3, "findings": [("NSD331", "warning", "proven"), NORMAL],
                   "recipients": recipients("inconclusive")},
    },
    "wrong-password": {
        "world": {"password": "not-the-password"},
        "expect": {"verdict": "critical", "exit": 2, "findings": [("NSD333", "critical", "proven"), NORMAL],
                   # The directory's people are not known without it.
                   "recipients": recipients("inconclusive", "inconclusive", people=["helpdesk"])},
    },
    "dnssec-bogus": {
        "world": {"dnssec": "wrong-ds"},
        "expect": {"verdict": "critical", "exit": 2, "findings": [("NSD108", "critical", "proven"), NORMAL],
                   "subjects": {"NSD108": ["contoso.com"]}, "recipients": recipients("inconclusive", "inconclusive")},
    },
    "dane": {
        "world": {"dnssec": "signed", "tlsa": "right"},
        "expect": {"verdict": "ok", "exit": 0, "findings": [NORMAL], "recipients": recipients("delivered")},
    },
    "dane-mismatch": {
        "world": {"dnssec": "signed", "tlsa": "old"},
        "expect": {"verdict": "critical", "exit": 2, "findings": [("NSD204", "critical", "proven"), NORMAL],
                   "subjects": {"NSD204": ["gateway/mx1.contoso.com/10.77.0.25:25"]},
                   "recipients": recipients("delivered")},
    },
    "mx-views": {
        "world": {"stale_server": True},
        "expect": {"verdict": "warning", "exit": 1, "findings": [("NSD103", "warning", "proven"), NORMAL],
                   "recipients": recipients("delivered")},
    },
    "port-blocked": {
        "world": {"port_25_drops": True},
        "expect": {"verdict": "unknown", "exit": 3, "findings": [("NSD901", "info", "likely")],
                   "recipients": recipients("inconclusive", "inconclusive")},
    },
    # The container of the send connectors is not to be seen; in "no-connector" it is, and is empty.
    "connectors-hidden": {
        "world": {"hidden": "connectors"},
        "expect": {"verdict": "unknown", "exit": 3, "findings": [("NSD331", "warning", "proven"), NORMAL],
                   "recipients": recipients("inconclusive")},
    },
    "two-forests": {
        "world": {**first(), "second": second(8)},
        "expect": {"verdict": "ok", "exit": 0, "findings": [NORMAL, NORMAL], "recipients": recipients("delivered")},
    },
    "two-forests-loop": {
        "world": {**first(), "trusts": None, "second": second(2)},
        "expect": {"verdict": "critical", "exit": 2,
                   "findings": [("NSD321", "critical", "proven"), ("NSD501", "critical", "proven"),
                                ("NSD324", "warning", "likely"), NORMAL, NORMAL],
                   "subjects": {"NSD321": ["corp", "labs"], "NSD324": ["corp", "labs"]},
                   "recipients": recipients("delivered")},
    },
    # Groups, contacts and an account that is disabled: a gateway that looks for enabled users alone misses them.
    "gateway-enabled-users": {
        "world": {"recipients": KINDS, "gateway_also": ["orders", "sales"], "contacts": [],
                  "known_good": ["helpdesk", "anna", "all", "partner", "room1"],
                  "gateway_filter": "(&(objectClass=user)(proxyAddresses=smtp:%s)"
                                    "(!(userAccountControl:1.2.840.113556.1.4.803:=2)))"},
        "expect": {"verdict": "critical", "exit": 2,
                   "findings": [("NSD402", "critical", "proven"), ("NSD414", "warning", "proven"),
                                ("NSD420", "info", "likely"), NORMAL],
                   "subjects": {"NSD402": ["all@contoso.com", "partner@contoso.com", "room1@contoso.com"]},
                   "recipients": recipients("delivered")
                   | each("gateway-rejects-exchange-recipient", "all", "partner", "room1")},
    },
    "gateway-mail-only": {
        "world": {"recipients": ALIASES, "gateway_also": ["orders", "sales"], "contacts": [], "mailboxes": [],
                  "known_good": ["helpdesk", "carl", "dora", "c.smith", "d.jones", "help"],
                  "gateway_filter": "(mail=%s)"},
        "expect": {"verdict": "critical", "exit": 2,
                   "findings": [("NSD402", "critical", "proven"), ("NSD413", "warning", "proven"),
                                ("NSD420", "info", "likely"), NORMAL],
                   "subjects": {"NSD402": ["c.smith@contoso.com", "d.jones@contoso.com", "help@contoso.com"]},
                   "recipients": recipients("delivered", people=["helpdesk", "carl", "dora"])
                   | each("gateway-rejects-exchange-recipient", "c.smith", "d.jones", "help")},
    },
    # A mailbox forwards to a contact that leads back to it; an address is on two objects. The directory takes StartTLS
    # alone.
    "recipients": {
        "world": {"recipients": FAULTS, "known_good": ["helpdesk", "double"],
                  "ldap": "ldap://dc1.corp.contoso.com", "port_636_drops": True},
        "expect": {"verdict": "critical", "exit": 2,
                   "findings": [("NSD410", "critical", "likely"), ("NSD411", "critical", "proven"),
                                ("NSD501", "critical", "likely"), NORMAL],
                   "subjects": {"NSD411": ["double@contoso.com"]},
                   "recipients": recipients("delivered") | each("inconclusive", "double")
                   | each("loop", "carl", "carl-outside") | each("delivered", "again")},
    },
}
