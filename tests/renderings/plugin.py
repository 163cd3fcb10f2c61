"""Reads a monitoring plugin's output by the grammar of the Monitoring Plugins Development Guidelines and the plugin API.

    OUTPUT    = FIRST *( newline LONG )
    FIRST     = SERVICE " " STATE " - " TEXT [ "|" DATA ]
    DATA      = ITEM *( space ITEM )
    ITEM      = LABEL "=" VALUE [UOM] *4( ";" [...] )      value;warn;crit;min;max
    LABEL     = 1*( any but space, "=" and "'" ) / "'" *( any but "=" and "'" / "''" ) "'"
    RANGE     = ["@"] [ ( NUMBER / "~" ) ":" ] [NUMBER]
"""
import re

STATES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
RANGE = rf"@?(?:(?:{NUMBER}|~):)?(?:{NUMBER})?"
ITEM = re.compile(
    rf"(?P<label>[^\s='|]+|'(?:[^='|]|'')+')=(?P<value>{NUMBER})(?P<uom>s|us|ms|%|B|KB|MB|TB|c)?"
    rf"(?:;(?P<warn>{RANGE})(?:;(?P<crit>{RANGE})(?:;(?P<min>{NUMBER})?(?:;(?P<max>{NUMBER})?)?)?)?)?")


def read(output: str) -> dict:
    """State, text, performance data by label and long text; what is not of the grammar is an assertion that fails."""
    assert output.endswith("\n") and output.isprintable() is False, "no line"
    lines = output[:-1].split("\n")
    assert all(line and (line.isprintable() or not re.search(r"[\x00-\x1f\x7f-\x9f]", line)) for line in lines), "control characters"
    assert len(lines[0].encode()) <= 4096 and len(output.encode()) <= 32 * 1024, "too long"
    first, bar, data = lines[0].partition("|")
    head = re.fullmatch(r"NSDIAG (\w+) - (.+)", first.rstrip(" "))
    assert head and head[1] in STATES, f"no state line: {lines[0]}"
    assert "|" not in data and not any("|" in line for line in lines[1:]), "a second bar"
    found, data = {}, data.strip(" ")
    at = 0
    while bar and at < len(data):
        item = ITEM.match(data, at)
        assert item, f"no performance data: {data[at:]}"
        label = item["label"].strip("'").replace("''", "'")
        assert label not in found and len(label) <= 19, f"{label} twice, or too long"
        found[label] = {"value": float(item["value"]), "uom": item["uom"] or "", "warn": item["warn"] or "",
                        "crit": item["crit"] or "", "min": item["min"], "max": item["max"]}
        at = item.end()
        assert at == len(data) or data[at] == " ", f"what follows an item: {data[at:]}"
        at += 1
    assert found or not bar, "a bar and nothing behind it"
    return {"state": head[1], "text": head[2], "data": found, "long": lines[1:]}
