//! Worlds that differ in one setting, and what is said of them.
use super::*;
use crate::evidence::directory::RootDse;
use crate::evidence::dns::RecordKind;
use crate::evidence::exchange::{AddressSpace, DomainKind};
use crate::evidence::transport::TransportRule;
use crate::report::{Run, Vantage, report};
use crate::stories::{BACKUP, EXCHANGE, GATEWAY, OTHER, RANDOM, World, connector, tls};

fn judged(world: World) -> Report {
    let run = Run {
        started_at: "2026-11-24T12:00:00Z".into(),
        duration_ms: 1,
        complete: true,
        vantage: Vantage { hostname: "adm01".into(), addresses: vec!["10.0.0.9".into()] },
        settings: world.question,
        redacted: None,
        estimate: None,
        vantages: Vec::new(),
        notes: Vec::new(),
    };
    let judge = |check: &'static Check, case: &Case| {
        let mut notes = Notes::new(check);
        (check.judge)(case, &mut notes);
        Ok(notes)
    };
    report("0", run, world.evidence, &judge).0
}

fn shown(value: &Option<Value>, unread: &Option<String>) -> String {
    match (value, unread) {
        (_, Some(why)) => format!("not read: {why}"),
        (Some(Value::One(text)), _) => text.clone(),
        (Some(Value::Many(all)), _) => format!("[{}]", all.join(", ")),
        (None, None) => "none".into(),
    }
}

/// The diff, a line each.
fn lines(old: &Report, new: &Report) -> Vec<String> {
    let diff = diff("0", old, new).unwrap();
    let values = |subjects: &[Subject]| subjects.iter().map(|one| one.value.clone()).collect::<Vec<_>>().join(" ");
    let told = |sign: &str, one: &Told| format!("{sign} {} {}", one.code, values(&one.subjects));
    let mut all: Vec<String> = diff.findings.new.iter().map(|one| told("+", one)).collect();
    all.extend(diff.findings.gone.iter().map(|one| told("-", one)));
    all.extend(diff.findings.open.iter().map(|one| format!("{}: {}", told("?", &one.finding), one.why)));
    all.extend(diff.findings.changed.iter().map(|one| {
        let state = |state: &State| format!("{:?} {:?} {}", state.severity, state.certainty, values(&state.subjects));
        format!("~ {} {} -> {}", one.code, state(&one.old), state(&one.new))
    }));
    all.extend(diff.facts.iter().map(|one| {
        let (old, new) = (shown(&one.old, &one.old_unread), shown(&one.new, &one.new_unread));
        format!("{}, {}: {old} -> {new}", one.what, one.place)
    }));
    let word = |fate: Option<Fate>| fate.map_or("not judged", Fate::word);
    all.extend(diff.recipients.iter().map(|one| format!("{}: {} -> {}", one.address, word(one.old), word(one.new))));
    all.extend(diff.not_compared.iter().map(|one| format!("only in {:?}: {}, {}", one.only_in, one.what, one.place)));
    assert_eq!(diff.same, all.iter().all(|line| line.starts_with("only in")) && old.verdict == new.verdict, "{all:#?}");
    all
}

fn changed(change: impl FnOnce(&mut World)) -> Vec<String> {
    let mut world = World::healthy();
    change(&mut world);
    lines(&judged(World::healthy()), &judged(world))
}

type Change = fn(&mut World);

#[test]
fn a_setting_is_named_with_its_consequences_and_nothing_else() {
    let cases: Vec<(Change, &[&str])> = vec![
        (|_| {}, &[]),
        (
            |world| world.accepted(|one| (one.kind, one.raw_flags) = (DomainKind::Authoritative, Some(0))),
            &[
                "+ NSD302 contoso.com",
                "accepted domain: type, contoso.com (corp): internal-relay -> authoritative",
                "orders@contoso.com: delivered -> exchange-rejects-other-mailbox",
                "sales@contoso.com: delivered -> exchange-rejects-other-mailbox",
            ],
        ),
        (
            |world| world.connector(|one| one.enabled = false),
            &[
                "+ NSD313 To Zimbra",
                "+ NSD421 orders@contoso.com sales@contoso.com",
                "send connector: enabled, To Zimbra (corp): yes -> no",
                "orders@contoso.com: delivered -> no-route",
                "sales@contoso.com: delivered -> no-route",
            ],
        ),
        (
            |world| world.connector(|one| one.fqdn = Some("out.contoso.com".into())),
            &["send connector: fqdn, To Zimbra (corp): none -> out.contoso.com"],
        ),
        (
            |world| world.connector(|one| one.address_spaces.extend(AddressSpace::parse("SMTP:*.x.com;7"))),
            &["send connector: address spaces, To Zimbra (corp): [SMTP:contoso.com;1] -> [SMTP:*.x.com;7, \
               SMTP:contoso.com;1]"],
        ),
        (
            |world| world.connectors().push(connector("Spare", "SMTP:example.net;9")),
            &["send connector, Spare (corp): none -> address spaces SMTP:example.net;9; authentication \
               external-authoritative; enabled yes; max bytes unlimited; port 25; smart hosts smarthost.contoso.com; tls auth \
               level not-set"],
        ),
        (
            |world| {
                world.connector(|one| one.unreadable.add("tls_domain", "msExchSmtpSendTlsDomain is 'x'"));
            },
            &["send connector: tls domain, To Zimbra (corp): none -> not read: msExchSmtpSendTlsDomain is 'x'"],
        ),
        (
            |world| world.directory("orders@contoso.com", "contact targetAddress=SMTP:orders@zimbra.contoso.com"),
            &[
                "+ NSD421 orders@contoso.com",
                "address: held by, orders@contoso.com (corp): [] -> [CN=orders@contoso.com (a mail contact)]",
                "orders@contoso.com: delivered -> no-route",
            ],
        ),
        (
            |world| world.directory("helpdesk@contoso.com", "user homeMDB=DB2"),
            &["object: homeMDB, CN=helpdesk@contoso.com (corp): [DB1] -> [DB2]"],
        ),
        (
            |world| world.dns("mx1.contoso.com", RecordKind::A, "192.0.2.25, 192.0.2.99"),
            &["A records, mx1.contoso.com: [192.0.2.25] -> [192.0.2.25, 192.0.2.99]"],
        ),
        (
            |world| world.dns("mx1.contoso.com", RecordKind::Aaaa, "2001:db8::25"),
            &["AAAA records, mx1.contoso.com: [] -> [2001:db8::25]"],
        ),
        (
            |world| world.last(OTHER).transcript[1].lines[0].text = "250-SIZE".into(),
            &[
                "+ NSD203 other/smarthost.contoso.com/10.0.0.44:25",
                "hop: STARTTLS, other/smarthost.contoso.com/10.0.0.44: offered, and works -> not offered",
            ],
        ),
        (|world| world.question.max_recipients = 7, &["settings: max recipients, the run: 0 -> 7"]),
        (
            |world| world.evidence.files[0].addresses = Observed::Known(vec!["orders@contoso.com".into()]),
            &[
                "address on the list, sales@contoso.com (zimbra): listed -> none",
                "sales@contoso.com: delivered -> not judged",
            ],
        ),
        (
            |world| {
                for address in ["orders@contoso.com", "sales@contoso.com"] {
                    world.rcpt(GATEWAY, address, "550 5.1.1 User unknown in relay recipient table");
                }
            },
            &[
                "+ NSD401 orders@contoso.com sales@contoso.com",
                "answer to RCPT, orders@contoso.com (gateway/mx1.contoso.com/192.0.2.25): accepted -> rejected as \
                 unknown-recipient (550 5.1.1)",
                "answer to RCPT, sales@contoso.com (gateway/mx1.contoso.com/192.0.2.25): accepted -> rejected as \
                 unknown-recipient (550 5.1.1)",
                "orders@contoso.com: delivered -> gateway-rejects-other-mailbox",
                "sales@contoso.com: delivered -> gateway-rejects-other-mailbox",
            ],
        ),
    ];
    check(cases);
}

/// Every case is looked at, whatever the first ones gave.
fn check(cases: Vec<(Change, &[&str])>) {
    let wrong: Vec<String> = cases
        .into_iter()
        .enumerate()
        .filter_map(|(at, (change, expected))| {
            let found = changed(change);
            (found != expected).then(|| format!("case {at}: {found:#?}\nexpected {expected:#?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_changes_by_itself_is_no_change() {
    let cases: Vec<(Change, &[&str])> = vec![
        (|world| world.last(GATEWAY).started_at = "2026-11-24T13:00:00Z".into(), &[]),
        (
            |world| {
                for session in &mut world.evidence.smtp {
                    for turn in &mut session.transcript {
                        turn.latency_ms = Some(700);
                        turn.lines.iter_mut().for_each(|line| line.at_ms += 90);
                    }
                }
                world.evidence.dns.iter_mut().for_each(|lookup| lookup.latency_ms = 70);
            },
            &[],
        ),
        (
            |world| {
                world.evidence.dns.reverse();
                world.evidence.directories[0].lookups.reverse();
                world.evidence.files[0].names.insert("orders@contoso.com".into(), "Orders".into());
            },
            &[],
        ),
        (|world| world.accepted(|one| one.changed = Some("20261124120000.0Z".into())), &[]),
        (
            |world| {
                let text =
                    serde_json::to_string(&world.evidence).unwrap().replace(RANDOM, "z2y3x4w5v6u7t8s9@contoso.com");
                world.evidence = serde_json::from_str(&text).unwrap();
                world.question.random = "z2y3x4w5v6u7t8s9@contoso.com".into();
            },
            &[],
        ),
        (
            |world| {
                let text = serde_json::to_string(&world.evidence).unwrap().replace("10.0.0.44:25", "10.0.0.44:40025");
                world.evidence = serde_json::from_str(&text).unwrap();
                world.evidence.hops.iter_mut().filter(|hop| hop.role == Role::Other).for_each(|hop| hop.port = 40025);
            },
            &["hop: port, other/smarthost.contoso.com/10.0.0.44: 25 -> 40025"],
        ),
    ];
    check(cases);
}

#[test]
fn what_could_not_be_read_or_was_not_asked_is_not_gone() {
    let cases: Vec<(Change, &[&str])> = vec![
        (
            World::hide_configuration,
            &[
                "+ NSD331 corp",
                "Exchange organisation, corp: read -> not read: no accepted domain is visible",
                "orders@contoso.com: delivered -> inconclusive",
                "sales@contoso.com: delivered -> inconclusive",
            ],
        ),
        (
            |world| {
                let unread = Observed::Unknown(Miss::new(How::NoRight, "no connector is visible"));
                world.organisation().send_connectors = unread;
            },
            &[
                "+ NSD331 corp",
                "send connectors, corp: read (1) -> not read: no connector is visible",
                "orders@contoso.com: delivered -> inconclusive",
                "sales@contoso.com: delivered -> inconclusive",
            ],
        ),
        (
            |world| world.organisation().send_connectors = Observed::NotAsked,
            &[
                "orders@contoso.com: delivered -> delivered",
                "sales@contoso.com: delivered -> delivered",
                "only in Old: send connectors, corp",
            ],
        ),
        (
            |world| world.evidence.directories.clear(),
            &[
                "helpdesk@contoso.com: delivered -> delivered",
                "orders@contoso.com: delivered -> delivered",
                "sales@contoso.com: delivered -> delivered",
                "only in Old: Exchange organisation, corp",
                "only in Old: accepted domains, corp",
                "only in Old: addresses in the directory, corp",
                "only in Old: addresses looked up, corp",
                "only in Old: directory, corp",
                "only in Old: objects, corp",
                "only in Old: objects of note, corp",
                "only in Old: recipient filter, corp",
                "only in Old: send connectors, corp",
            ],
        ),
        (
            |world| world.silent(OTHER, How::TimedOut, "no connection within 10 s"),
            &[
                "+ NSD201 other/smarthost.contoso.com/10.0.0.44:25",
                "hop, other/smarthost.contoso.com/10.0.0.44: read -> not read: no connection within 10 s",
                "orders@contoso.com: delivered -> inconclusive",
                "sales@contoso.com: delivered -> inconclusive",
            ],
        ),
        (
            |world| world.dns("mx1.contoso.com", RecordKind::Aaaa, "SILENCE"),
            &["AAAA records, mx1.contoso.com: [] -> not read: no answer in 10 s"],
        ),
        (
            |world| world.hop(BACKUP),
            &[
                "helpdesk@contoso.com: delivered -> inconclusive",
                "orders@contoso.com: delivered -> inconclusive",
                "sales@contoso.com: delivered -> inconclusive",
            ],
        ),
        (
            |world| {
                world.evidence.hops.retain(|hop| hop.id != EXCHANGE);
                world.evidence.smtp.retain(|session| session.hop != EXCHANGE);
            },
            &[
                "? NSD205 exchange/exch01.corp.contoso.com/10.0.0.10:25: exchange/exch01.corp.contoso.com/10.0.0.10:25 was \
                 not asked about",
                "only in Old: answers to RCPT, exchange/exch01.corp.contoso.com/10.0.0.10",
                "only in Old: hop, exchange/exch01.corp.contoso.com/10.0.0.10",
            ],
        ),
        (
            |world| {
                let miss = Miss::new(How::Unreadable, "zimbra-users.csv: it is cut off");
                world.evidence.files[0].addresses = Observed::Unknown(miss);
            },
            &[
                "list of mailboxes, zimbra: read (2) -> not read: zimbra-users.csv: it is cut off",
                "orders@contoso.com: delivered -> not judged",
                "sales@contoso.com: delivered -> not judged",
                "only in Old: answers to RCPT, other/smarthost.contoso.com/10.0.0.44",
            ],
        ),
        (
            |world| world.directory("orders@contoso.com", "UNKNOWN"),
            &[
                "address: held by, orders@contoso.com (corp): [] -> not read: no answer in 10 s",
                "orders@contoso.com: delivered -> inconclusive",
            ],
        ),
    ];
    check(cases);
}

#[test]
fn a_finding_that_cannot_be_judged_any_more_is_not_gone() {
    let old = judged(World::broken_gateway());
    let mut world = World::broken_gateway();
    world.silent(GATEWAY, How::TimedOut, "no connection within 10 s");
    let found = lines(&old, &judged(world));
    assert!(found.iter().any(|line| line.starts_with("? NSD401 orders@contoso.com")), "{found:#?}");
    assert!(!found.iter().any(|line| line.starts_with('-')), "{found:#?}");
    let mended = lines(&old, &judged(World::healthy()));
    assert_eq!(mended[0], "- NSD401 orders@contoso.com sales@contoso.com");
    let mut one = World::broken_gateway();
    one.rcpt(GATEWAY, "sales@contoso.com", "250 2.1.5 Ok");
    let found = lines(&old, &judged(one));
    assert_eq!(
        found[0],
        "~ NSD401 Critical Proven orders@contoso.com sales@contoso.com -> Critical Proven orders@contoso.com"
    );
}

#[test]
fn what_to_bear_in_mind_is_said() {
    let (old, mut new) = (judged(World::healthy()), judged(World::healthy()));
    assert_eq!(diff("0", &old, &new).unwrap().notes, [""; 0]);
    new.tool.version = "9.9.9".into();
    new.run.complete = false;
    new.run.redacted = Some(crate::report::Redacted::Names);
    new.run.started_at = "2026-11-23T12:00:00Z".into();
    let notes = diff("0", &old, &new).unwrap().notes;
    for words in
        ["wrong way round", "different versions, 0 and 9.9.9", "not redacted alike", "the newer run was cut short"]
    {
        assert!(notes.iter().any(|note| note.contains(words)), "{words}: {notes:?}");
    }
    let answered = |report: &mut Report, host: &str| {
        let root = RootDse { host: Some(host.into()), ..RootDse::default() };
        report.evidence.directories[0].root = Observed::Known(root);
    };
    let mut old = old;
    answered(&mut old, "dc1.corp.contoso.com");
    answered(&mut new, "dc2.corp.contoso.com");
    let notes = diff("0", &old, &new).unwrap().notes;
    assert!(notes.iter().any(|note| note.contains("at dc1.corp.contoso.com, and then at dc2")), "{notes:?}");
    new.domain = "example.net".into();
    assert_eq!(diff("0", &old, &new).unwrap_err(), "the reports are of two domains, contoso.com and example.net");
}

#[test]
fn rules_that_stand_in_another_order_are_told_and_a_new_one_moves_nobody() {
    let rules = |names: &[&str]| {
        let mut world = World::healthy();
        let rule = |name: &&str| TransportRule { name: (*name).into(), acts: true, ..TransportRule::default() };
        world.organisation().transport_rules = Observed::Known(names.iter().map(rule).collect());
        judged(world)
    };
    let of = |one: &[&str], other: &[&str]| lines(&rules(one), &rules(other));
    assert_eq!(of(&["a", "b"], &["b", "a"]), ["order of the transport rules, corp: [a, b] -> [b, a]"]);
    assert_eq!(of(&["a", "b"], &["c", "a", "b"]), ["transport rule, c (corp): none -> enabled and enforced yes"]);
    assert_eq!(of(&["a", "b"], &["b"]), ["transport rule, a (corp): enabled and enforced yes -> none"]);
}

#[test]
fn a_certificate_that_was_replaced_is_one_fact() {
    let with = |mark: &str| {
        let mut world = World::healthy();
        let mut shown = tls("mx1.contoso.com");
        shown.chain[0].sha256 = mark.into();
        world.last(GATEWAY).tls = Some(shown);
        judged(world)
    };
    let found = lines(&with("aa"), &with("bb"));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with("hop: certificate, gateway/mx1.contoso.com/192.0.2.25: [for mx1"), "{found:#?}");
}
