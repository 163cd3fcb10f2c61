//! A report with the same text wherever text comes from outside, for the tests of what renders it.
use nsdiag_checks::report::Report;
use serde_json::{Value, json};

/// Everything that could do harm in some format: markup, links, mentions, fences, tables, control characters, formulas.
pub const HOSTILE: &str = "x <script>alert(1)</script> ![i](http://evil.example/i.png) [l](javascript:x) **b** _e_ `c` ``` ~~~ @user #123 \
                           !7 $x$ :smile: | a || b \\| &amp; www.evil.example http://evil.example <a@evil.example> # h -- --- = 1. + \
                           \u{1b}[31m \u{202e} \u{200b} \u{0} \r\n\n- item\n> quote\n\t=cmd|' /C calc'!A0 '\";]]> <!-- \u{fffe} 50% GH-1 *";

/// `text` in each place; the numbers and the words of the contract are sound.
pub fn report(text: &str) -> Report {
    let address = format!("{text}@contoso.com");
    let hop = format!("gateway/{text}/192.0.2.25:25");
    let settings = json!({
        "domain": text, "systems": [], "gateways": [], "known_good": [], "random": "r", "mail_from": text, "ehlo": text,
        "pace": "polite", "max_recipients": 20, "timeout_s": 10, "deadline_s": 120, "only": [], "skip": [], "resolvers": [],
        "ignores": [{"code": text, "subject": text, "reason": text, "until": text}],
        "severities": [{"code": text, "subject": text, "severity": "info", "reason": text, "until": text}],
        "replies": [{"pattern": text, "meaning": "unknown-recipient", "host": text}],
    });
    let line = |who: &str, code: Value, text: &str| {
        let lines = json!([{"at_ms": 3, "text": text}]);
        json!({"who": who, "stage": "rcpt", "tls": false, "lines": lines, "code": code, "recipient": address})
    };
    let session = json!({
        "hop": hop, "started_at": text, "tls": null, "broke_off": {"how": "hung-up", "said": text},
        "transcript": [line("client", Value::Null, text), line("server", json!(550), text)],
    });
    let mut report = json!({
        "kind": "nsdiag/report", "format_version": "1.0", "tool": {"name": text, "version": text}, "domain": text,
        "run": {"started_at": text, "duration_ms": 1840, "complete": true, "redacted": "names",
                "vantage": {"hostname": text, "addresses": [text]}, "settings": settings},
        "verdict": "critical", "exit_code": 2,
        "summary": {"findings": {"critical": 1, "warning": 0, "info": 1, "ignored": 0},
                    "recipients": {"total": 3, "probed": 3, "delivered": 1, "gateway-rejects-other-mailbox": 2, text: 1}},
        "findings": [finding("NSD401", "critical", text, &address), finding(text, "info", text, &address)],
        "checks": [{"code": "NSD401", "name": text, "status": "failed", "reason": null},
                   {"code": "NSD205", "name": text, "status": "passed", "reason": null},
                   {"code": "NSD332", "name": text, "status": "inconclusive", "reason": text},
                   {"code": text, "name": text, "status": "skipped", "reason": text}],
        "disagreements": [{"what": text, "where": text, "about": [address], "seen": [{"vantage": text, "says": text}]}],
        "gaps": [{"what": text, "why": text, "supply": text, "asked": true, "checks": [text]},
                 {"what": text, "why": text, "supply": text, "asked": false, "checks": [text]}],
        "recipients": [{
            "address": address, "diagnosis": "gateway-rejects-other-mailbox", "certainty": "proven",
            "directories": [{"system": text, "state": "absent"}], "lists": [{"system": text, "listed": true}],
            "hops": [{"hop": hop, "outcome": "rejected", "meaning": "unknown-recipient", "configured": text,
                      "reply": {"code": 550, "enhanced": text, "text": text}, "latency_ms": 12}],
            "predicted": {"disposition": "rejected-at-gateway", "steps": [{"at": "gateway", "says": text}], "missing": text},
        }],
        "hops": [{"hop": hop, "role": "gateway", "product": text, "banner": text, "validates_recipients": true}],
    });
    let evidence = nsdiag_checks::evidence::Evidence::default();
    report["evidence"] = serde_json::to_value(evidence).expect("evidence is JSON");
    report["evidence"]["smtp"] = json!([session]);
    serde_json::from_value(report).expect("a sound report")
}

fn finding(code: &str, severity: &str, text: &str, address: &str) -> Value {
    let remedy = json!({"title": text, "where": "exchange", "shell": "powershell", "commands": [text], "undo": [text], "order": 1});
    let steps = json!({"title": text, "where": text, "shell": null, "commands": [text], "undo": [], "proof": true});
    json!({
        "code": code, "name": text, "severity": severity, "certainty": "proven", "title": text, "detail": text,
        "subjects": [{"kind": "recipient", "value": address}, {"kind": "host", "value": text}],
        "evidence": ["/evidence/smtp/0/transcript/1", format!("/evidence/dns/{text}")],
        "reweighed": {"default": "warning", "reason": text},
        "remedies": [remedy, steps],
    })
}
