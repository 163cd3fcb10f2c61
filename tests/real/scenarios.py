"""What differs from a healthy landscape in each scenario, and what nsdiag is to say of it."""

# Exchange takes every recipient at RCPT; that is normal, and told as such.
NORMAL = ("NSD205", "info", "proven")


def recipients(other: str, exchange: str = "delivered") -> dict:
    return {"helpdesk@contoso.com": exchange, "orders@contoso.com": other, "sales@contoso.com": other}


BOTH = ["orders@contoso.com", "sales@contoso.com"]

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
        "expect": {"verdict": "critical", "exit": 2, "findings": [("NSD311", "critical", "proven"), NORMAL],
                   "recipients": recipients("inconclusive")},
    },
    "bad-smarthost": {
        "world": {"connectors": [["To Zimbra", ["SMTP:contoso.com;1", "SMTP:zimbra.contoso.com;1"],
                                  "smtp-old.contoso.com"]]},
        "expect": {"verdict": "critical", "exit": 2, "findings": [("NSD105", "critical", "proven"), NORMAL],
                   "recipients": recipients("inconclusive")},
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
        "world": {"readable": False},
        "expect": {"verdict": "unknown", "exit": 3, "findings": [("NSD331", "warning", "proven"), NORMAL],
                   "recipients": recipients("inconclusive")},
    },
    "wrong-password": {
        "world": {"password": "not-the-password"},
        "expect": {"verdict": "critical", "exit": 2, "findings": [("NSD333", "critical", "proven"), NORMAL],
                   "recipients": recipients("inconclusive", "inconclusive")},
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
}
