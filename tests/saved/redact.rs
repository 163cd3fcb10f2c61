//! Names that are hard to tell from what is none, and the commands that redact.
use crate::{nsdiag, play, same};
use nsdiag::redact::{Tokens, redact};
use nsdiag::report;
use nsdiag_checks::report::{Redacted, Report};
use nsdiag_lab::Scenario;
use serde_json::Value;

/// Local parts that are words of a report, of replies or of other names, or that hold signs of some language.
const HARD: [&str; 24] = [
    "accepted",
    "critical",
    "exchange",
    "mx1",
    "exch01",
    "a",
    "1",
    "550",
    "true",
    "user",
    "unknown",
    "contoso",
    "user1",
    "host1",
    "sale",
    "o'brien",
    "j.doe",
    "x+y",
    "{x}",
    "$(id)",
    "a&b",
    "grün",
    "not-asked",
    "0.0.0.0",
];

/// `text` in place of `what`, in every string of a document.
fn put(value: &mut Value, what: &str, text: &str) {
    match value {
        Value::String(one) => *one = one.replace(what, text),
        Value::Array(all) => all.iter_mut().for_each(|one| put(one, what, text)),
        Value::Object(all) => all.values_mut().for_each(|one| put(one, what, text)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_a_word_is_a_name_where_it_stands_for_somebody() {
    let (found, _lab) = play(&Scenario::named("broken-gateway").unwrap()).await;
    let whole = serde_json::to_value(&found).unwrap();
    for local in HARD {
        let mut named = whole.clone();
        let address = format!("{local}@contoso.com");
        put(&mut named, "orders@contoso.com", &address);
        let named: Report = serde_json::from_value(named).unwrap();
        let (redacted, notes) = redact(&named, Redacted::Names, &mut Tokens::default(), &[]).unwrap();
        assert_eq!(notes, [""; 0], "{local}");
        // `user1` is the token of somebody else.
        let text = report::json(&redacted);
        assert!(local == "user1" || same::found(&text, &address).is_none(), "{local}");
        assert_eq!(redacted.evidence.files[0].addresses.known().map(Vec::len), Some(2), "{local}");
        assert_eq!(same::told(&redacted).1, same::told(&named).1, "{local}");
        let (twice, _) = redact(&redacted, Redacted::Names, &mut Tokens::default(), &[]).unwrap();
        assert!(report::json(&twice) == text, "{local}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_servers_say_of_people_names_nobody() {
    let (found, _lab) = play(&Scenario::named("broken-gateway").unwrap()).await;
    let said = [
        "550 5.1.1 user unknown: orders",
        "550 5.1.1 <SRS0=ab1c=x=contoso.com=orders@fwd.fabrikam.com>: no",
        "550 5.1.1 'Orders' at 10.20.30.40 (EXCH01.corp.contoso.com) [fe80::1:2:3]",
        "550 5.1.1 CN=Orders,OU=Berlin Mitte,DC=corp,DC=contoso,DC=com CORP\\orders",
        "550 5.1.1 /home/orders/Maildir \\\\files01\\share$\\orders C:\\Users\\orders\\x.pst",
        "550 5.1.1 ldap://dc1.corp.contoso.com/dc=corp,dc=contoso,dc=com??sub?(mail=orders@contoso.com)",
        "550 5.1.1 password=geheim-7391 queued as 4F1A2B3C4D",
        "550 5.1.1 see https://intern.contoso.com/hilfe/orders?x=orders@contoso.com",
    ];
    let names = [
        "orders",
        "fwd",
        "fabrikam",
        "10.20.30.40",
        "exch01",
        "berlin",
        "corp",
        "dc1",
        "files01",
        "share$",
        "7391",
        "4f1a2b3c4d",
        "1:2:3",
        "intern",
        "hilfe",
    ];
    for text in said {
        let mut named = found.clone();
        let turns = named.evidence.smtp.iter_mut().flat_map(|session| &mut session.transcript);
        let turn =
            turns.rev().find(|turn| turn.code == Some(550) && turn.recipient.as_deref() == Some("orders@contoso.com"));
        turn.unwrap().lines[0].text = text.into();
        let (redacted, _) = redact(&named, Redacted::Names, &mut Tokens::default(), &[]).unwrap();
        let json = report::json(&redacted).to_lowercase();
        for name in names {
            let place = json.find(name).map(|at| json[at.saturating_sub(60)..].chars().take(120).collect::<String>());
            // A letter or a word of nsdiag's own is nobody's.
            assert!(place.is_none() || same::found(&json, name).is_none(), "{text}: {name} in {place:?}");
        }
        assert!(json.contains("550 5.1.1"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_part_is_found_whatever_its_signs_and_an_address_in_every_form() {
    let (found, _lab) = play(&Scenario::named("broken-gateway").unwrap()).await;
    let whole = serde_json::to_value(&found).unwrap();
    let cases = [
        ("meier.2", "550 5.1.1 User unknown: meier.2"),
        ("j.3", "550 5.1.1 j.3: no such user."),
        ("zora.m", "550 5.1.1 User zora.m unknown"),
        ("r&d", "550 5.1.1 <r&d> r&d unknown"),
        ("smith", "550 5.1.1 smith's mailbox _smith_ smith_old x-smith-y https://aka.ms/x?u=smith"),
        ("anna.meier", "550 5.1.1 https://support.google.com/mail/?u=anna.meier"),
    ];
    for (local, said) in cases {
        let mut named = whole.clone();
        put(&mut named, "orders@contoso.com", &format!("{local}@contoso.com"));
        let mut named: Report = serde_json::from_value(named).unwrap();
        let turns = named.evidence.smtp.iter_mut().flat_map(|session| &mut session.transcript);
        let of = format!("{local}@contoso.com");
        let mut turns = turns.filter(|turn| turn.code == Some(550) && turn.recipient.as_deref() == Some(&of));
        turns.next().unwrap().lines[0].text = said.into();
        let (redacted, _) = redact(&named, Redacted::Names, &mut Tokens::default(), &[]).unwrap();
        let json = report::json(&redacted).to_lowercase();
        let place = json.find(local).map(|at| json[at.saturating_sub(60)..].chars().take(120).collect::<String>());
        assert_eq!(place, None, "{said}");
        let (twice, _) = redact(&redacted, Redacted::Names, &mut Tokens::default(), &[]).unwrap();
        assert!(report::json(&twice).to_lowercase() == json, "{local}: redacted twice it is another report");
    }
    // RFC 5321, 4.1.3; RFC 1035, 3.5. What is one host stays one.
    let mut named = found.clone();
    named.run.settings.ehlo = "[IPv6:2001:db8:17::9]".into();
    named.run.vantage.addresses = vec!["2001:db8:17::9".into(), "10.1.2.9".into()];
    let texts = [
        "250-mx1.contoso.com Hello [IPv6:2001:db8:17::9]",
        "250-Hello IPv6:2001:db8:17::9 (x:2001:db8:17::9)",
        "250-Hello ::ffff:10.1.2.9 9.2.1.10.in-addr.arpa S-1-5-21-1004336348-1177238915-682003330-512 pw=geheim",
    ];
    let session = &mut named.evidence.smtp[0];
    for text in texts {
        let mut turn = session.transcript.last().unwrap().clone();
        turn.lines[0].text = text.into();
        session.transcript.push(turn);
    }
    let (redacted, _) = redact(&named, Redacted::Names, &mut Tokens::default(), &[]).unwrap();
    let json = report::json(&redacted).to_lowercase();
    for name in ["2001:db8:17", "10.1.2.9", "9.2.1.10", "1004336348", "geheim"] {
        assert!(!json.contains(name), "{name}: {:#?}", redacted.evidence.smtp[0].transcript);
    }
    let [six, four] = &redacted.run.vantage.addresses[..] else { panic!("two addresses") };
    let reversed: Vec<&str> = four.split('.').rev().collect();
    for whole in [format!("[ipv6:{six}]"), format!("::ffff:{four}"), format!("{}.in-addr.arpa", reversed.join("."))] {
        assert!(json.contains(&whole), "{whole}: {:#?}", redacted.evidence.smtp[0].transcript);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_redact_and_the_table_is_its_owners() {
    let (found, _lab) = play(&Scenario::named("broken-gateway").unwrap()).await;
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    std::fs::write(place("report.json"), report::json(&found)).unwrap();
    let saved = place("report.json");
    let table = place("tokens.json");
    let (code, shared, notes) = nsdiag(&["redact", &saved, "--tokens", &table]);
    assert_eq!((code, &*notes, same::found(&shared, "orders")), (0, "", None));
    let redacted: Report = serde_json::from_str(&shared).unwrap();
    assert_eq!(redacted.run.redacted, Some(Redacted::Names));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&table).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(&table).unwrap()).unwrap();
    let orders = kept["tokens"]["user"]["orders"].as_str().unwrap().to_string();
    assert!(shared.contains(&format!("{orders}@contoso.com")));
    // Other ways to the same.
    for args in [
        vec!["show", &saved, "--redact", "--format", "json", "--tokens", &table],
        vec!["recheck", &saved, "--redact=names", "--format", "json", "--tokens", &table, "--quiet"],
    ] {
        assert!(nsdiag(&args).1 == shared, "{args:?}");
    }
    let (code, text, notes) = nsdiag(&["recheck", &saved, "--redact=domain"]);
    assert!(code == 2 && !text.contains("contoso") && !notes.contains("report.json"), "{text}{notes}");
    let (code, text, _) = nsdiag(&["demo", "--redact", "-v", "--quiet"]);
    assert_eq!((code, same::found(&text, "orders"), same::found(&text, "mx1")), (2, None, None));
    std::fs::write(&table, "{}").unwrap();
    let (code, _, notes) = nsdiag(&["redact", &saved, "--tokens", &table]);
    assert!(code == 64 && notes.contains("this is no table of tokens"), "{notes}");
    let (code, _, notes) = nsdiag(&["show", &saved, "--tokens", &table]);
    assert!(code == 64 && notes.contains("--redact"), "{notes}");
}
