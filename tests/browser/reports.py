"""Reports that no scenario gives: hostile, huge, cut short, of many gateways; each made from one that nsdiag wrote."""

import copy

HOSTILE = [
    '"><script>document.title="owned"</script><img src=x onerror="document.title=\'owned\'">',
    "</style></script></title><svg onload=alert(1)><a href='javascript:alert(1)'>x</a>",
    "' onmouseover='document.title=1' style='position:fixed;inset:0' x='",
    "\u202egnp.exe\u202c \u2066isolated\u2069 \u200bzero\u200d \ufeff",
    "\u001b[2J\u001b[31mred\u001b[0m \u0000 nul \u0007 bell \u009b csi",
    "W" * 10_000,
    "שלום مرحبا 日本語のホスト " * 6,
    "&lt;b&gt; &amp;amp; &#x3c;script&#x3e; ${7*7} {{7*7}}",
]


def hostile(report):
    """All that a server or a file could have said is hostile; what nsdiag's own types fix stays."""
    fixed = {
        "kind", "format_version", "started_at", "verdict", "severity", "certainty", "diagnosis", "outcome", "meaning",
        "status", "state", "role", "who", "stage", "disposition", "where", "how", "origin", "address", "id", "hop",
        "resolver", "by", "confidence", "shell", "pace", "code", "evidence", "domain", "authentication", "tls_auth_level",
        "roles", "permission_groups", "port",
    }
    turn = iter(range(1 << 30))

    def spoil(value, key=None):
        if isinstance(value, dict):
            return {name: spoil(inner, name if name != "known" else key) for name, inner in value.items()}
        if isinstance(value, list):
            return [spoil(inner, key) for inner in value]
        if isinstance(value, str) and key not in fixed and value not in ("not-asked",):
            return value + " " + HOSTILE[next(turn) % len(HOSTILE)]
        return value

    spoiled = copy.deepcopy(report)
    for part in ("findings", "checks", "gaps", "recipients", "hops"):
        spoiled[part] = spoil(spoiled[part])
    spoiled["run"]["vantage"] = spoil(spoiled["run"]["vantage"])
    spoiled["evidence"]["smtp"] = spoil(spoiled["evidence"]["smtp"])
    spoiled["evidence"]["files"] = spoil(spoiled["evidence"]["files"])
    spoiled["evidence"]["directories"] = spoil(spoiled["evidence"]["directories"], "directories")
    for nth, one in enumerate(spoiled["recipients"]):
        one["address"] = HOSTILE[nth % len(HOSTILE)] + one["address"]
    for nth, one in enumerate(spoiled["findings"]):
        one["code"] = HOSTILE[nth % len(HOSTILE)]
        for subject in one["subjects"]:
            subject["value"] = HOSTILE[nth % len(HOSTILE)] + subject["value"]
    spoiled["domain"] = HOSTILE[0]
    spoiled["run"]["started_at"] = HOSTILE[2]
    return spoiled


def gateways(report, number, refusing=1):
    """The same with so many gateways, the first of which refuse what the first did."""
    changed = copy.deepcopy(report)
    first = next(hop for hop in changed["evidence"]["hops"] if hop["role"] == "gateway")
    result = next(hop for hop in changed["hops"] if hop["hop"] == first["id"])
    for nth in range(2, number + 1):
        hop = dict(first, host=f"mx{nth}.contoso.com", address=f"192.0.2.{nth}")
        hop["id"] = f"gateway/{hop['host']}/{hop['address']}:{hop['port']}"
        changed["evidence"]["hops"].append(hop)
        changed["hops"].append(dict(result, hop=hop["id"]))
        for recipient in changed["recipients"]:
            answer = copy.deepcopy(next(one for one in recipient["hops"] if one["hop"] == first["id"]))
            answer["hop"] = hop["id"]
            if nth > refusing and answer["outcome"] == "rejected":
                answer.update(outcome="accepted", meaning="accepted", reply={"code": 250, "enhanced": "2.1.5", "text": "Ok"})
            recipient["hops"].append(answer)
    return changed


def cut_short(report):
    """The same, as far as a run got before its deadline, with evidence that is gone."""
    changed = copy.deepcopy(report)
    changed["run"]["complete"] = False
    changed["evidence"]["smtp"] = changed["evidence"]["smtp"][:1]
    changed["evidence"]["directories"] = []
    changed["evidence"]["dns"] = []
    changed["evidence"]["files"] = []
    for hop in changed["recipients"][0]["hops"]:
        hop.update(outcome="unreachable", meaning=None, reply=None)
    return changed


def empty(report):
    """A report of nothing at all."""
    changed = copy.deepcopy(report)
    for part in ("findings", "checks", "gaps", "recipients", "hops"):
        changed[part] = []
    changed["evidence"] = {"dns": [], "hops": [], "smtp": [], "directories": [], "files": []}
    changed["run"]["settings"]["systems"] = []
    changed["summary"] = {"findings": {"critical": 0, "warning": 0, "info": 0, "ignored": 0}, "recipients": {}}
    changed["verdict"], changed["exit_code"] = "unknown", 3
    return changed


def thousands(report, number):
    """The broken gateway with so many recipients: half are Exchange's, and of the others the gateway refuses every second one.

    The dialogues are those of `--pace own`: 200 recipients in each.
    """
    changed = copy.deepcopy(report)
    domain = changed["domain"]
    good = next(one for one in changed["recipients"] if one["diagnosis"] == "delivered")
    bad = next(one for one in changed["recipients"] if one["diagnosis"] == "gateway-rejects-other-mailbox")
    held = next(one for one in changed["evidence"]["directories"][0]["lookups"] if one["address"] == good["address"])
    absent = next(one for one in changed["evidence"]["directories"][0]["lookups"] if one["address"] == bad["address"])
    addresses = [f"person.number{nth:05}@{domain}" for nth in range(number)]
    recipients, lookups, listed = [], [], []
    for nth, address in enumerate(addresses):
        like, found = (good, held) if nth % 2 == 0 else (bad, absent)
        one = copy.deepcopy(like)
        one["address"] = address
        if nth % 4 == 3:
            one["diagnosis"] = "delivered"
            one["predicted"]["disposition"] = "delivered"
            one["hops"][0].update(outcome="accepted", meaning="accepted", reply={"code": 250, "enhanced": "2.1.5", "text": "Ok"})
        recipients.append(one)
        found = copy.deepcopy(found)
        found["address"] = address
        found["filter"] = found["filter"].replace(like["address"], address)
        lookups.append(found)
        if nth % 2:
            listed.append(address)
    changed["recipients"] = recipients
    changed["evidence"]["directories"][0]["lookups"] = lookups
    changed["evidence"]["directories"][0]["roster"] = {"known": addresses[::2]}
    changed["evidence"]["files"][0]["addresses"] = {"known": listed}
    refused = {one["address"] for one in recipients if one["diagnosis"] != "delivered"}
    sessions = []
    for hop in changed["evidence"]["hops"]:
        like = next(one for one in changed["evidence"]["smtp"] if one["hop"] == hop["id"])
        head = [turn for turn in like["transcript"] if turn["stage"] != "rcpt"]
        asked = listed if hop["role"] == "other" else addresses
        for start in range(0, len(asked), 200):
            turns = list(head)
            for address in asked[start : start + 200]:
                no = hop["role"] == "gateway" and address in refused
                text = f"550 5.1.1 <{address}>: Recipient address rejected: User unknown" if no else "250 2.1.5 Ok"
                turns.append({"who": "client", "stage": "rcpt", "tls": True, "recipient": address,
                              "lines": [{"at_ms": 40, "text": f"RCPT TO:<{address}>"}]})
                turns.append({"who": "server", "stage": "rcpt", "tls": True, "recipient": address, "latency_ms": 1,
                              "code": 550 if no else 250, "lines": [{"at_ms": 41, "text": text}]})
            sessions.append(dict(like, transcript=turns))
    changed["evidence"]["smtp"] = sessions
    pointers = [
        f"/evidence/smtp/{at}/transcript/{place}"
        for at, session in enumerate(sessions)
        for place, turn in enumerate(session["transcript"])
        if turn.get("recipient") in refused and turn["who"] == "server"
    ]
    finding = changed["findings"][0]
    finding["subjects"] = [{"kind": "recipient", "value": address} for address in sorted(refused)]
    finding["evidence"] = pointers
    counts = {"total": number, "probed": number, "delivered": number - len(refused),
              "gateway-rejects-other-mailbox": len(refused)}
    changed["summary"]["recipients"] = counts
    return changed
