"""Landscapes whose layout differs from the usual one: where the MX is, who is asked for, what a gateway goes by.

As in scenarios.py: what differs from a healthy landscape, and what nsdiag is to say of it.
"""
from scenarios import BOTH, EXCHANGE, NORMAL, addresses, each, recipients

# Whom the default of twenty a host reaches, in a list of forty beside three mailboxes of Exchange's: the order is a hash.
ASKED = [5, 6, 8, 10, 12, 13, 14, 17, 18, 20, 23, 27, 28, 31, 32, 37, 39, 40]


def numbered(numbers, name: str = "m") -> list:
    return [f"{name}{number:02}" for number in numbers]


def full(locals_: list) -> list:
    return [f"{local}@contoso.com" for local in locals_]


# What is no user with an enabled account, and what a synchronisation of users alone leaves out.
NO_USERS = [
    ["all", "group", *addresses("all"), "msExchRecipientTypeDetails: 256"],
    # A shared mailbox's account is disabled by design.
    ["info", "user", *addresses("info"), "homeMDB: CN=DB01", "msExchRecipientTypeDetails: 4", "userAccountControl: 546"],
    ["partner", "contact", *addresses("partner"), "targetAddress: SMTP:partner@fabrikam.com",
     "msExchRecipientTypeDetails: 64"],
    ["reports", "publicFolder", *addresses("reports")],
]
# A list of which a third is stale, at a gateway that knows the rest.
STALE = numbered(range(1, 7), "gone")
STALE_LIST = {"contacts": [], "others": numbered(range(1, 13)), "listed": STALE + numbered(range(1, 13)),
              "gateway_table": EXCHANGE + numbered(range(1, 13)), "probe": {"pace": "own"}}
NOBODY_ACCUSED = each("delivered", *EXCHANGE, *numbered(range(1, 13))) | each("unknown-everywhere", *STALE)

LAYOUTS = {
    # The other system's own Postfix is the MX, and Exchange's smart host as well: nothing is wrong with the connector.
    "mx-at-other": {
        "world": {"mx": ["smarthost.contoso.com"]},
        "expect": {"verdict": "critical", "exit": 2, "findings": [("NSD402", "critical", "proven"), NORMAL],
                   "subjects": {"NSD402": full(EXCHANGE)},
                   "recipients": recipients("delivered", "gateway-rejects-exchange-recipient")},
    },
    # It asks Exchange's directory too, and hands on what it finds there.
    "mx-at-other-relays": {
        "world": {"mx": ["smarthost.contoso.com"], "other_relays": True},
        "expect": {"verdict": "ok", "exit": 0, "findings": [NORMAL], "recipients": recipients("delivered")},
    },
    # A gateway that asks Exchange's directory alone beside the other system itself: each refuses the other's half.
    "mx-of-two-kinds": {
        "world": {"mx": ["mx1.contoso.com", "smarthost.contoso.com"], "contacts": []},
        "expect": {"verdict": "critical", "exit": 2,
                   "findings": [("NSD405", "critical", "proven"), ("NSD405", "critical", "proven"), NORMAL],
                   "subjects": {"NSD405": full(EXCHANGE) + BOTH},
                   "recipients": recipients("mx-hosts-disagree", "mx-hosts-disagree")},
    },
    # Twenty a host are asked for; the gateway's decisions tell of the others.
    "list-of-40": {
        "world": {"contacts": [], "others": numbered(range(1, 41))},
        "expect": {"verdict": "critical", "exit": 2,
                   "findings": [("NSD401", "critical", "proven"), ("NSD401", "critical", "likely"),
                                ("NSD420", "info", "likely"), NORMAL],
                   "subjects": {"NSD401 proven": full(numbered(ASKED)),
                                "NSD401 likely": full(numbered(n for n in range(1, 41) if n not in ASKED))},
                   "recipients": each("delivered", *EXCHANGE)
                   | each("gateway-rejects-other-mailbox", *numbered(range(1, 41)))},
    },
    # All is well with those who are known, and nobody says who else there is.
    "no-list": {
        "world": {"list": "none"},
        "expect": {"verdict": "unknown", "exit": 3, "findings": [NORMAL], "recipients": recipients("delivered"),
                   "gaps": ["who has a mailbox on zimbra (there is no list of them)"]},
    },
    # The gateway refuses the other system's mailboxes, and no source names one.
    "no-list-refused": {
        "world": {"list": "none", "contacts": []},
        "expect": {"verdict": "unknown", "exit": 3, "findings": [NORMAL], "recipients": each("delivered", *EXCHANGE),
                   "gaps": ["who has a mailbox on zimbra (there is no list of them)"]},
    },
    # The configuration says that the directory's contacts are the list.
    "list-in-directory": {
        "world": {"list": "in-directory"},
        "expect": {"verdict": "ok", "exit": 0, "findings": [NORMAL], "recipients": recipients("delivered")},
    },
    # The prefix of documentation, to which nobody has a route (RFC 3849): the vantage point's fault, not the gateway's.
    "dual-stack": {
        "world": {"addresses6": {"mx1.contoso.com": "2001:db8::25"}},
        "expect": {"verdict": "ok", "exit": 0, "findings": [("NSD201", "info", "proven"), NORMAL],
                   "subjects": {"NSD201": ["gateway/mx1.contoso.com/[2001:db8::25]:25"]},
                   "recipients": recipients("delivered")},
    },
    # The gateway's table was made from the users of the directory, as one that is synchronised by way of Entra ID may be.
    "gateway-lacks-objects": {
        "world": {"recipients": NO_USERS, "contacts": [], "gateway_table": EXCHANGE + ["orders", "sales"]},
        "expect": {"verdict": "critical", "exit": 2,
                   "findings": [("NSD402", "critical", "proven"), ("NSD414", "warning", "proven"),
                                ("NSD420", "info", "likely"), NORMAL],
                   "subjects": {"NSD402": full(["all", "info", "partner", "reports"])},
                   "recipients": recipients("delivered")
                   | each("gateway-rejects-exchange-recipient", "all", "info", "partner", "reports")},
    },
    # A letter is missing in the look-up's filter: it finds nobody, and Postfix says "User unknown" to everybody.
    "look-up-misspelt": {
        "world": {"contacts": [], "gateway_filter": "(proxyAdresses=smtp:%s)"},
        "expect": {"verdict": "critical", "exit": 2, "findings": [("NSD402", "critical", "likely"), NORMAL],
                   "subjects": {"NSD402": full(EXCHANGE)}, "says": {"NSD402": "its look-up finds nobody"},
                   "recipients": recipients("inconclusive", "gateway-rejects-exchange-recipient")},
    },
    # The look-up starts where nobody is; a table beside it has the other system's mailboxes, and they are accepted.
    "look-up-wrong-base": {
        "world": {"contacts": [], "gateway_base": "CN=Computers,", "gateway_also": ["orders", "sales"]},
        "expect": {"verdict": "critical", "exit": 2, "findings": [("NSD402", "critical", "proven"), NORMAL],
                   "subjects": {"NSD402": full(EXCHANGE)},
                   "recipients": recipients("delivered", "gateway-rejects-exchange-recipient")},
    },
    # It starts at an object that is not there: that Postfix takes for a fault of the server, and puts off whom it does not
    # find in the table. So it puts off the random control too, and its acceptances prove nothing.
    "look-up-no-base": {
        "world": {"contacts": [], "gateway_base": "OU=Staff,", "gateway_also": ["orders", "sales"]},
        "expect": {"verdict": "unknown", "exit": 3, "findings": [("NSD206", "info", "proven"), NORMAL],
                   "recipients": recipients("inconclusive", "inconclusive")},
    },
    # After five unknown recipients in a session it calls everybody unknown.
    "gateway-counts": {
        "world": STALE_LIST | {"gateway_counts": 5},
        "expect": {"verdict": "warning", "exit": 1, "findings": [("NSD406", "warning", "proven"), ("NSD420", "info", "likely"), NORMAL],
                   "subjects": {"NSD406": full(STALE)}, "recipients": NOBODY_ACCUSED, "changes_its_mind": True},
    },
    # After five it ends the session (smtpd_hard_error_limit, postconf(5)).
    "gateway-hangs-up": {
        "world": STALE_LIST | {"gateway_settings": {"smtpd_hard_error_limit": 5}},
        "expect": {"verdict": "warning", "exit": 1,
                   "findings": [("NSD406", "warning", "proven"), ("NSD207", "info", "proven"), ("NSD420", "info", "likely"),
                                NORMAL],
                   "subjects": {"NSD406": full(STALE)}, "recipients": NOBODY_ACCUSED},
    },
}
