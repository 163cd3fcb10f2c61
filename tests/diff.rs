//! Two runs beside each other: of one landscape, in which nothing changes by itself; of two that differ in a setting; and of
//! one that two vantage points see differently.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
use futures_util::stream::{self, StreamExt};
use nsdiag::app;
use nsdiag::cli::AskArgs;
use nsdiag::commands::check::CheckArgs;
use nsdiag::commands::merge;
use nsdiag::config::Settings;
use nsdiag::report;
use nsdiag::report::format::{Format, View};
use nsdiag_checks::diff::{Diff, Value, diff};
use nsdiag_checks::report::Report;
use nsdiag_lab::{Lab, Scenario};
use std::path::Path;

fn settings(lab: &Lab) -> Settings {
    let args = CheckArgs {
        ask: AskArgs { config: Some(lab.config().to_path_buf()), ..AskArgs::default() },
        ..CheckArgs::default()
    };
    let mut settings = Settings::load(&args).unwrap();
    settings.question.smtp_port = lab.smtp_port();
    settings
}

async fn run(lab: &Lab) -> Report {
    app::check(&settings(lab), &|_| {}).await.unwrap().0
}

/// The report of a scenario as it would be at addresses and ports, with keys and dates, that are the same in every lab.
async fn played(name: &str) -> Report {
    let scenario = Scenario::named(name).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::start(&scenario, folder.path()).await.unwrap();
    let found = run(&lab).await;
    placed(&found, folder.path())
}

fn placed(found: &Report, folder: &Path) -> Report {
    let mut text = report::json(found);
    let resolver = found.run.settings.resolvers[0].clone();
    let (net, _) = resolver.rsplit_once('.').unwrap();
    let port = |text: &str| text.rsplit_once(':').map(|(_, port)| port.to_string()).unwrap_or_default();
    let mut ports = vec![found.run.settings.smtp_port.to_string()];
    ports.extend(found.run.settings.resolvers.iter().map(|one| port(one)));
    ports.extend(found.run.settings.systems.iter().flat_map(|one| &one.ldap).map(|url| port(url)));
    text = text.replace(&format!("{net}."), "127.7.7.").replace(&folder.display().to_string(), "FOLDER");
    for (at, port) in ports.iter().enumerate().filter(|(_, port)| !port.is_empty()) {
        for (before, after) in [(":", ""), (": ", ",")] {
            text = text.replace(&format!("{before}{port}{after}"), &format!("{before}{}{after}", 2500 + at));
        }
    }
    let mut report: Report = serde_json::from_str(&text).unwrap();
    report.evidence.hops.iter_mut().for_each(|hop| hop.port = 2500);
    for session in &mut report.evidence.smtp {
        for certificate in session.tls.iter_mut().flat_map(|tls| &mut tls.chain) {
            let good = certificate.not_after > session.started_at;
            certificate.not_before.clear();
            certificate.not_after = if good { "GOOD" } else { "PAST" }.into();
            certificate.sha256.clear();
        }
    }
    report
}

/// What a diff says, a line each.
fn lines(diff: &Diff) -> Vec<String> {
    let value = |value: &Option<Value>, unread: &Option<String>| match (value, unread) {
        (_, Some(why)) => format!("not read: {why}"),
        (Some(Value::One(text)), _) => text.clone(),
        (Some(Value::Many(all)), _) => format!("[{}]", all.join(", ")),
        (None, _) => "none".into(),
    };
    let mut all: Vec<String> = diff.findings.new.iter().map(|one| format!("+ {}", one.code)).collect();
    all.extend(diff.findings.gone.iter().map(|one| format!("- {}", one.code)));
    all.extend(diff.findings.open.iter().map(|one| format!("? {}: {}", one.finding.code, one.why)));
    all.extend(diff.findings.changed.iter().map(|one| format!("~ {} {:?} {:?}", one.code, one.old, one.new)));
    all.extend(diff.facts.iter().map(|one| {
        let (old, new) = (value(&one.old, &one.old_unread), value(&one.new, &one.new_unread));
        format!("{}, {}: {old} -> {new}", one.what, one.place)
    }));
    let word = |fate: Option<nsdiag_checks::model::diagnosis::Fate>| fate.map_or("not judged", |fate| fate.word());
    all.extend(diff.recipients.iter().map(|one| format!("{}: {} -> {}", one.address, word(one.old), word(one.new))));
    all.extend(diff.questions.new.iter().map(|one| format!("open now: {}", one.what)));
    all.extend(diff.questions.gone.iter().map(|one| format!("open before: {}", one.what)));
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_changes_between_two_runs_of_a_landscape() {
    let all = Scenario::all();
    let twice = |scenario: Scenario| async move {
        let folder = tempfile::tempdir().unwrap();
        let lab = Lab::start(&scenario, folder.path()).await.unwrap();
        let (old, new) = (run(&lab).await, run(&lab).await);
        assert_ne!(old.run.settings.random, new.run.settings.random);
        let found = diff("0", &old, &new).unwrap();
        let quiet = found.same && found.not_compared.is_empty() && found.notes.is_empty();
        (!quiet).then(|| format!("{}: {:#?} {:?} {:?}", scenario.name, lines(&found), found.not_compared, found.notes))
    };
    let wrong: Vec<String> = stream::iter(all).map(twice).buffered(8).filter_map(|one| async { one }).collect().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_setting_is_named_with_its_consequences_and_nothing_else() {
    let schema = jsonschema::validator_for(&serde_json::from_str(&report::diff_schema()).unwrap()).unwrap();
    let healthy = played("healthy").await;
    let cases: [(&str, &[&str]); 6] = [
        ("healthy", &[]),
        (
            "authoritative",
            &[
                "+ NSD302",
                "+ NSD403",
                "- NSD205",
                "accepted domain: recipients are looked up (AddressBookEnabled), contoso.com (corp): no -> yes",
                "accepted domain: type, contoso.com (corp): internal-relay -> authoritative",
                "recipient filter: recipients are looked up (RecipientValidationEnabled), corp: no -> yes",
                "hop: refuses recipients that do not exist, exchange/exch01.corp.contoso.com/127.7.7.10: no -> yes",
                "answer to RCPT, orders@contoso.com (exchange/exch01.corp.contoso.com/127.7.7.10): accepted -> rejected as \
                 unknown-recipient (550 5.1.10)",
                "answer to RCPT, sales@contoso.com (exchange/exch01.corp.contoso.com/127.7.7.10): accepted -> rejected as \
                 unknown-recipient (550 5.1.10)",
                "orders@contoso.com: delivered -> exchange-rejects-other-mailbox",
                "sales@contoso.com: delivered -> exchange-rejects-other-mailbox",
            ],
        ),
        (
            "no-connector",
            &[
                "+ NSD311",
                "+ NSD421",
                "send connector, To Zimbra (corp): address spaces SMTP:contoso.com;1; authentication external-authoritative; \
                 enabled yes; max bytes unlimited; port 2500; smart hosts smarthost.contoso.com; source servers EXCH01; tls \
                 auth level not-set -> none",
                "orders@contoso.com: delivered -> no-route",
                "sales@contoso.com: delivered -> no-route",
            ],
        ),
        (
            "connector-disabled",
            &[
                "+ NSD313",
                "+ NSD421",
                "send connector: enabled, To Zimbra (corp): yes -> no",
                "orders@contoso.com: delivered -> no-route",
                "sales@contoso.com: delivered -> no-route",
            ],
        ),
        (
            "expired-certificate",
            &[
                "+ NSD204",
                "hop: certificate, gateway/mx1.contoso.com/127.7.7.25: [for mx1.contoso.com, of CN=nsdiag lab authority, \
                 valid from  to GOOD, SHA-256 …] -> [for mx1.contoso.com, of CN=nsdiag lab authority, valid from  to PAST, \
                 SHA-256 …]",
            ],
        ),
        (
            "broken-gateway",
            &[
                "+ NSD401",
                "answer to RCPT, orders@contoso.com (gateway/mx1.contoso.com/127.7.7.25): accepted -> rejected as \
                 unknown-recipient (550 5.1.1)",
                "answer to RCPT, sales@contoso.com (gateway/mx1.contoso.com/127.7.7.25): accepted -> rejected as \
                 unknown-recipient (550 5.1.1)",
                "orders@contoso.com: delivered -> gateway-rejects-other-mailbox",
                "sales@contoso.com: delivered -> gateway-rejects-other-mailbox",
            ],
        ),
    ];
    let mut wrong = Vec::new();
    for (name, expected) in cases {
        let other = played(name).await;
        let found = diff("0", &healthy, &other).unwrap();
        let (told, json) = (lines(&found), report::diff::json(&found));
        schema.validate(&serde_json::from_str(&json).unwrap()).unwrap();
        println!("{}", report::diff::table(&found));
        if told != expected || found.same != expected.is_empty() {
            wrong.push(format!("{name}: {told:#?} {:?}", found.not_compared));
        }
        let back = diff("0", &other, &healthy).unwrap();
        assert_eq!(
            (back.findings.gone.len(), back.facts.len()),
            (found.findings.new.len(), found.facts.len()),
            "{name}"
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `name`'s report as of another place, at a time of its own.
async fn seen_from(place: &str, name: &str) -> (Option<String>, Report) {
    let mut report = played(name).await;
    report.run.started_at = format!("2026-11-24T12:{:02}:00Z", 60 - 2 * place.len());
    report.run.vantage.hostname = place.into();
    (None, report)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_refuses_from_outside_alone_is_told_as_that() {
    let schema = jsonschema::validator_for(&serde_json::from_str(&report::schema()).unwrap()).unwrap();
    let outside = seen_from("outside", "broken-gateway").await;
    let inside = seen_from("inside", "healthy").await;
    let merged = merge::of(&[inside.clone(), outside.clone()]).unwrap();
    let text = report::json(&merged);
    assert_eq!(text, report::json(&merge::of(&[outside, inside]).unwrap()));
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    schema.validate(&json).unwrap();
    for pointer in merged.findings.iter().flat_map(|finding| &finding.evidence) {
        assert!(json.pointer(pointer).is_some(), "{pointer}");
    }
    assert_eq!(
        nsdiag::demo::findings(&merged),
        [
            "NSD401 critical likely orders@contoso.com sales@contoso.com",
            "NSD205 info proven exchange/exch01.corp.contoso.com",
        ]
    );
    assert_eq!(merged.findings[0].seen_from, ["outside"]);
    let table = report::table::table(&merged, &View::of_file(false));
    println!("{table}");
    let unfolded = table.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "Seen from outside; from inside, gateway/mx1.contoso.com/127.7.7.25:2500 accepts orders@contoso.com and \
         sales@contoso.com",
        "about 2 recipients (orders@contoso.com and sales@contoso.com): rejected as unknown-recipient (550 5.1.1) from \
         outside; accepted from inside",
    ] {
        assert!(unfolded.contains(words), "{words}\n{table}");
    }
    assert_eq!(merged.disagreements.len(), 1, "{:#?}", merged.disagreements);
    for file in ["merged.md", "merged.html"] {
        let format = Format::of_file(Path::new(file)).unwrap();
        let mut out = Vec::new();
        (format.write)(&merged, &View::of_file(false), &mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains("What the vantage points see differently") && out.contains("outside"), "{file}: {out}");
    }
    // What is merged is judged again as it was.
    let again = nsdiag_checks::report::report(
        &merged.tool.version,
        merged.run.clone(),
        merged.evidence.clone(),
        &app::run_check,
    );
    assert_eq!(report::json(&again.0), text);
}
