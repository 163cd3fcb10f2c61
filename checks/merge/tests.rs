//! Worlds that are seen from several places.
use super::*;
use crate::evidence::dns::RecordKind;
use crate::evidence::exchange::DomainKind;
use crate::model::diagnosis::Fate;
use crate::report::{Ignore, Verdict, report};
use crate::stories::{EXCHANGE, GATEWAY, OTHER, World, turn};

const UNKNOWN: &str = "550 5.1.1 User unknown in relay recipient table";

fn judge(run: Run, evidence: Evidence) -> Report {
    let judge = |check: &'static Check, case: &Case| {
        let mut notes = Notes::new(check);
        (check.judge)(case, &mut notes);
        Ok(notes)
    };
    report("0", run, evidence, &judge).0
}

/// The report of a run at `name`, `minute` minutes after twelve.
fn seen(name: &str, minute: u32, world: World) -> (Option<String>, Report) {
    let mut run = Run {
        started_at: format!("2026-11-24T12:{minute:02}:00Z"),
        duration_ms: 1,
        complete: true,
        vantage: Vantage { hostname: name.into(), addresses: vec![format!("10.0.0.{minute}")] },
        settings: world.question,
        redacted: None,
        estimate: None,
        vantages: vec![],
        notes: vec![],
    };
    run.settings.random = format!("{name}{}", run.settings.random);
    let random = crate::stories::RANDOM;
    let text = serde_json::to_string(&world.evidence).unwrap().replace(random, &run.settings.random);
    (None, judge(run, serde_json::from_str(&text).unwrap()))
}

fn healthy(change: impl FnOnce(&mut World)) -> World {
    let mut world = World::healthy();
    change(&mut world);
    world
}

fn merged(all: &[(Option<String>, Report)]) -> Report {
    let (run, evidence) = merge(all).unwrap();
    let whole = judge(run.clone(), evidence.clone());
    let json = serde_json::to_value(&whole).unwrap();
    for finding in &whole.findings {
        for pointer in &finding.evidence {
            assert!(json.pointer(pointer).is_some(), "{} points at nothing: {pointer}", finding.code);
        }
    }
    // In any order, and a second time, the same bytes.
    let backwards: Vec<_> = all.iter().rev().cloned().collect();
    assert!(merge(&backwards).unwrap() == (run, evidence), "the order of the arguments counts");
    let text = |report: &Report| serde_json::to_string(report).unwrap();
    let read: Report = serde_json::from_value(json).unwrap();
    assert!(text(&read) == text(&whole), "it reads otherwise than it was written");
    assert!(text(&judge(read.run, read.evidence)) == text(&whole), "judged again it is another report");
    whole
}

fn fates(report: &Report) -> Vec<String> {
    let one = |one: &crate::report::RecipientResult| {
        format!("{} {} {:?}", one.address.split('@').next().unwrap_or_default(), one.diagnosis.word(), one.certainty)
    };
    report.recipients.iter().map(one).collect()
}

fn findings(report: &Report) -> Vec<String> {
    let one =
        |one: &Finding| format!("{} {:?} {:?} [{}]", one.code, one.severity, one.certainty, one.seen_from.join(" "));
    report.findings.iter().map(one).collect()
}

fn refused_outside() -> World {
    healthy(|world| {
        for address in ["orders@contoso.com", "sales@contoso.com"] {
            world.rcpt(GATEWAY, address, UNKNOWN);
        }
    })
}

#[test]
fn what_all_see_is_told_once() {
    let one = seen("a", 1, World::healthy());
    let alone = one.1.clone();
    let whole = merged(&[one, seen("b", 2, World::healthy())]);
    assert_eq!(findings(&whole), ["NSD205 Info Proven []"]);
    assert_eq!((whole.verdict, whole.disagreements.len()), (Verdict::Ok, 0), "{:?}", whole.disagreements);
    assert_eq!(whole.findings[0].detail, alone.findings[0].detail);
    assert_eq!(fates(&whole), fates(&alone));
    assert_eq!((whole.evidence.hops.len(), whole.evidence.smtp.len()), (3, 2 * alone.evidence.smtp.len()));
    assert_eq!((whole.evidence.directories.len(), whole.evidence.files.len()), (1, 1));
    assert_eq!(whole.run.notes, [""; 0]);
}

#[test]
fn a_gateway_that_refuses_from_outside_alone_is_said_and_by_whom() {
    let outside = seen("outside", 1, refused_outside());
    let whole = merged(&[outside, seen("inside", 2, World::healthy())]);
    assert_eq!(whole.verdict, Verdict::Critical);
    assert_eq!(findings(&whole), ["NSD401 Critical Likely [outside]", "NSD205 Info Proven []"]);
    let said = format!("Seen from outside; from inside, {GATEWAY} accepts orders@contoso.com and sales@contoso.com");
    assert!(whole.findings[0].detail.ends_with(&said), "{}", whole.findings[0].detail);
    assert_eq!(whole.findings[0].remedies[0].title, "What to know before it is mended");
    let expected = [
        "helpdesk delivered Proven",
        "orders gateway-rejects-other-mailbox Likely",
        "sales gateway-rejects-other-mailbox Likely",
    ];
    assert_eq!(fates(&whole), expected);
    let orders = whole.recipients.iter().find(|one| one.address == "orders@contoso.com").unwrap();
    let at_gateway: Vec<_> = orders
        .hops
        .iter()
        .filter(|answer| answer.hop == GATEWAY)
        .map(|answer| (answer.vantage.as_deref().unwrap(), answer.outcome))
        .collect();
    assert_eq!(at_gateway, [("outside", Outcome::Rejected), ("inside", Outcome::Accepted)]);
    let one = &whole.disagreements[0];
    assert_eq!(
        (&*one.what, &one.about[..]),
        ("answer to RCPT", &["orders@contoso.com".into(), "sales@contoso.com".into()][..])
    );
    let says: Vec<_> = one.seen.iter().map(|seen| (&*seen.vantage, &*seen.says)).collect();
    assert_eq!(says, [("outside", "rejected as unknown-recipient (550 5.1.1)"), ("inside", "accepted")]);
}

#[test]
fn a_host_that_one_reaches_is_not_dead() {
    let inside = || seen("inside", 2, World::healthy());
    let shut = |world: &mut World| world.silent(EXCHANGE, How::Refused, "connection refused");
    let whole = merged(&[seen("outside", 1, healthy(shut)), inside()]);
    let found = whole.findings.iter().find(|finding| finding.code == "NSD201").unwrap();
    assert_eq!(
        (found.severity, found.certainty, &found.seen_from[..]),
        (Severity::Warning, Certainty::Likely, &["outside".into()][..])
    );
    assert!(found.detail.contains("inside talks to it"), "{}", found.detail);
    assert_eq!(whole.verdict, Verdict::Warning, "{:#?}", whole.gaps);
    let dead = merged(&[seen("outside", 1, healthy(shut)), seen("inside", 2, healthy(shut))]);
    let found = dead.findings.iter().find(|finding| finding.code == "NSD201").unwrap();
    assert_eq!((found.severity, found.seen_from.len()), (Severity::Critical, 0));
}

#[test]
fn who_has_no_way_out_on_port_25_spoils_nothing_for_the_others() {
    let closed = healthy(|world| {
        for hop in [GATEWAY, EXCHANGE, OTHER] {
            world.silent(hop, How::TimedOut, "no connection within 10 s");
        }
    });
    let whole = merged(&[seen("home", 1, closed), seen("inside", 2, World::healthy())]);
    assert_eq!(whole.verdict, Verdict::Ok, "{:#?}", whole.gaps);
    assert_eq!(fates(&whole), ["helpdesk delivered Proven", "orders delivered Proven", "sales delivered Proven"]);
    assert!(findings(&whole).contains(&"NSD901 Info Likely [home]".to_string()), "{:?}", findings(&whole));
}

#[test]
fn names_that_resolve_differently_are_said_and_nobody_is_accused() {
    let inside = healthy(|world| {
        let text = serde_json::to_string(&world.evidence).unwrap().replace("192.0.2.25", "10.0.0.25");
        world.evidence = serde_json::from_str(&text).unwrap();
    });
    let whole = merged(&[seen("outside", 1, World::healthy()), seen("inside", 2, inside)]);
    assert_eq!((whole.verdict, findings(&whole)), (Verdict::Ok, vec!["NSD205 Info Proven []".to_string()]));
    assert_eq!(whole.evidence.hops.len(), 4);
    let [one] = &whole.disagreements[..] else { panic!("{:#?}", whole.disagreements) };
    assert_eq!((&*one.what, &*one.place), ("A records", "mx1.contoso.com"));
}

#[test]
fn what_one_alone_could_read_counts_for_all() {
    let outside = healthy(|world| {
        world.evidence.directories.clear();
        world.evidence.hops.retain(|hop| hop.id == GATEWAY);
        world.evidence.smtp.retain(|session| session.hop == GATEWAY);
        for address in ["orders@contoso.com", "sales@contoso.com"] {
            world.rcpt(GATEWAY, address, UNKNOWN);
        }
        // A run without a configuration has names of its own.
        (world.question.systems[0].name, world.question.systems[1].name) = ("exchange".into(), "other".into());
        world.evidence.files[0].system = "other".into();
    });
    let whole = merged(&[seen("outside", 1, outside), seen("inside", 2, World::healthy())]);
    let systems: Vec<&str> = whole.run.settings.systems.iter().map(|system| &*system.name).collect();
    assert_eq!(systems, ["corp", "zimbra"]);
    assert_eq!((whole.evidence.directories.len(), whole.evidence.files.len()), (1, 1));
    assert_eq!(whole.findings[0].code, "NSD401");
    let orders = whole.recipients.iter().find(|one| one.address == "orders@contoso.com").unwrap();
    assert_eq!((orders.diagnosis, orders.directories[0].state), (Fate::GatewayRejectsOtherMailbox, State::Absent));
}

#[test]
fn an_unanswered_question_stays_open_unless_another_one_answers_it() {
    // Asked about one person less: whoever asked the same has the answer.
    let fewer = || {
        healthy(|world| {
            world.last(GATEWAY).transcript.retain(|turn| turn.recipient.as_deref() != Some("orders@contoso.com"))
        })
    };
    let whole = merged(&[seen("a", 1, fewer()), seen("b", 2, World::healthy())]);
    assert_eq!(whole.verdict, Verdict::Ok, "{:#?}", whole.gaps);
    let whole = merged(&[seen("a", 1, fewer()), seen("b", 2, fewer())]);
    assert_eq!(whole.verdict, Verdict::Unknown);
    // The host that the other one never asked keeps its question open.
    let unheard = healthy(|world| world.answers_all(OTHER, "450 4.2.0 Greylisted"));
    let gateway_alone = healthy(|world| {
        world.evidence.hops.retain(|hop| hop.id == GATEWAY);
        world.evidence.smtp.retain(|session| session.hop == GATEWAY);
    });
    let whole = merged(&[seen("a", 1, unheard), seen("b", 2, gateway_alone)]);
    assert_eq!(whole.verdict, Verdict::Unknown, "{:#?}", whole.gaps);
    // Nor is a run that was cut short whole because another one was not.
    let mut cut = seen("a", 1, World::healthy());
    cut.1.run.complete = false;
    let whole = merged(&[cut, seen("b", 2, World::healthy())]);
    assert_eq!((whole.verdict, whole.run.complete), (Verdict::Unknown, false));
    assert_eq!(whole.run.notes, ["the run of a was cut short before all was asked"]);
}

#[test]
fn three_see_it_and_a_merged_report_can_be_merged_again() {
    let reports =
        [seen("outside", 1, refused_outside()), seen("dmz", 2, World::healthy()), seen("inside", 3, World::healthy())];
    let whole = merged(&reports);
    assert_eq!(whole.findings[0].seen_from, ["outside"]);
    assert!(whole.findings[0].detail.contains("from dmz, ") && whole.findings[0].detail.contains("from inside, "));
    let [outside, dmz, inside] = reports;
    let two = merged(&[outside, dmz]);
    assert!(merged(&[(None, two.clone()), inside]) == whole, "merged in two steps it is another report");
    assert!(merged(&[(None, two.clone())]) == two);
}

#[test]
fn what_does_not_belong_together_is_refused_or_said() {
    let (one, other) = (seen("a", 1, World::healthy()), seen("b", 2, World::healthy()));
    let mut foreign = other.clone();
    foreign.1.domain = "example.net".into();
    let refused = merge(&[one.clone(), foreign]).unwrap_err();
    assert_eq!(refused, "the reports are of two domains, contoso.com and example.net");
    assert!(merge(&[]).is_err());
    let twice = merged(&[one.clone(), one.clone()]);
    assert_eq!(twice.run.vantages.len(), 1);
    assert_eq!(twice.run.notes, ["one report stands twice among the arguments, and taken once"]);

    let mut later = other;
    later.1.run.started_at = "2026-11-25T01:00:00Z".into();
    later.1.tool.version = "9.9.9".into();
    later.1.run.settings.max_recipients = 9;
    later.1.run.vantage.hostname = "a".into();
    if let Observed::Known(organisation) = &mut later.1.evidence.directories[0].organisation
        && let Observed::Known(domains) = &mut organisation.accepted_domains
    {
        domains[0].kind = DomainKind::Authoritative;
    }
    later.1.evidence.files[0].addresses = Observed::Known(vec!["orders@contoso.com".into()]);
    let whole = merged(&[one, later]);
    let names: Vec<&str> = whole.run.vantages.iter().map(|view| &*view.name).collect();
    assert_eq!(names, ["a (10.0.0.1)", "a (10.0.0.2)"]);
    for words in [
        "more than an hour apart",
        "written by different versions: 0 by a (10.0.0.1) and 9.9.9 by a (10.0.0.2)",
        "different numbers of recipients at most",
        "different things in the directory of corp",
        "different lists of zimbra",
    ] {
        assert!(whole.run.notes.iter().any(|note| note.contains(words)), "{words}: {:#?}", whole.run.notes);
    }
}

/// A world whose Exchange says that all recipients of the domain are its own.
fn authoritative() -> World {
    healthy(|world| {
        if let Observed::Known(organisation) = &mut world.evidence.directories[0].organisation
            && let Observed::Known(domains) = &mut organisation.accepted_domains
        {
            domains[0].kind = DomainKind::Authoritative;
        }
    })
}

#[test]
fn a_directory_that_two_runs_read_differently_is_never_health_whichever_is_newer() {
    let runs = |first: World, second: World| merged(&[seen("a", 1, first), seen("b", 2, second)]);
    let broken_now = runs(World::healthy(), authoritative());
    assert_eq!(broken_now.verdict, Verdict::Critical);
    let mended = runs(authoritative(), World::healthy());
    assert_eq!(mended.verdict, Verdict::Unknown, "{:#?}", mended.findings);
    let gap = mended.gaps.iter().find(|gap| gap.what.starts_with("what the directory")).unwrap();
    let what = "what the directory of corp says (accepted domains)";
    let why = "the runs read it differently: b at 2026-11-24T12:02:00Z, and otherwise a at 2026-11-24T12:01:00Z; the newest is judged";
    assert_eq!((&*gap.what, &*gap.why, gap.asked), (what, why, true));
    assert!(mended.run.notes[0].ends_with("both are kept, and the newest decides"), "{:?}", mended.run.notes);
    // In two steps it is as open, and who agrees with the older one is the newest.
    let again = merged(&[(None, mended.clone())]);
    assert!(again == mended, "merged again it is another report");
    let back = merged(&[(None, mended), seen("c", 3, authoritative())]);
    assert_eq!((back.verdict, back.evidence.directories.len()), (Verdict::Critical, 2));
}

#[test]
fn one_run_under_two_policies_is_judged_by_what_both_say() {
    let one = seen("a", 1, refused_outside());
    type Policy = fn(&mut Question);
    let policies: [Policy; 4] = [
        |question| question.ignores.push(Ignore { code: "NSD401".into(), ..Ignore::default() }),
        |question| question.skip.push("NSD401".into()),
        |question| question.only.push("dns".into()),
        |question| {
            question.severities.push(crate::report::SeverityRule {
                code: "NSD401".into(),
                subject: None,
                severity: Severity::Info,
                reason: None,
                until: None,
            });
        },
    ];
    for policy in policies {
        let mut other = one.clone();
        policy(&mut other.1.run.settings);
        other.1 = judge(other.1.run, other.1.evidence);
        assert_eq!(merged(&[other.clone(), other.clone()]).verdict, Verdict::Ok);
        let whole = merged(&[one.clone(), other]);
        assert_eq!((whole.verdict, whole.run.vantages.len()), (Verdict::Critical, 1));
        assert!(whole.run.notes[1].starts_with("one run was judged by different policies"), "{:?}", whole.run.notes);
    }
}

#[test]
fn a_report_and_its_redacted_self_are_not_two() {
    let one = seen("a", 1, World::healthy());
    let mut other = one.clone();
    other.1.run.redacted = Some(crate::report::Redacted::Names);
    other.1.run.settings.random = "other@contoso.com".into();
    let refused = merge(&[one, other]).unwrap_err();
    assert!(refused.contains("redacted: everybody would be counted twice"), "{refused}");
}

#[test]
fn a_resolver_that_fails_for_one_is_no_open_question_where_another_one_answers() {
    let broken = healthy(|world| world.dns("mx1.contoso.com", RecordKind::Aaaa, "SILENCE"));
    let whole = merged(&[seen("a", 1, broken), seen("b", 2, World::healthy())]);
    assert_eq!(whole.verdict, Verdict::Ok, "{:#?}", whole.gaps);
    assert_eq!(whole.disagreements.len(), 1);
}

#[test]
fn merged_reports_are_compared_view_by_view() {
    let split = || {
        healthy(|world| {
            let text = serde_json::to_string(&world.evidence).unwrap().replace("192.0.2.25", "10.0.0.25");
            world.evidence = serde_json::from_str(&text).unwrap();
        })
    };
    let old = merged(&[seen("outside", 1, World::healthy()), seen("inside", 2, split())]);
    let found = crate::diff::diff("0", &old, &old).unwrap();
    assert!(found.same && found.not_compared.is_empty(), "{found:#?}");
    let new = merged(&[seen("outside", 1, refused_outside()), seen("inside", 2, split())]);
    let found = crate::diff::diff("0", &old, &new).unwrap();
    let facts: Vec<&str> = found.facts.iter().map(|fact| &*fact.place).collect();
    let place = |name: &str| format!("{name}@contoso.com (gateway/mx1.contoso.com/192.0.2.25, from outside)");
    assert_eq!(facts, [place("orders"), place("sales")], "{:#?}", found.facts);
    assert_eq!(found.findings.new.len(), 1);
    let found = crate::diff::diff("0", &seen("outside", 1, World::healthy()).1, &old).unwrap();
    assert!(found.notes.iter().any(|note| note.contains("several vantage points")), "{:?}", found.notes);
}

#[test]
fn thousands_of_recipients_are_merged_and_compared_in_time_that_grows_with_their_number() {
    let many: Vec<String> = (0..2_500).map(|number| format!("user{number:05}@contoso.com")).collect();
    let world = |at_gateway: &str| {
        healthy(|world| {
            for (hop, reply) in [(GATEWAY, at_gateway), (EXCHANGE, "250 2.1.5 Ok"), (OTHER, "250 2.1.5 Ok")] {
                let turns = many.iter().map(|address| turn(Stage::Rcpt, reply, Some(address)));
                world.last(hop).transcript.extend(turns);
                world.rcpt(hop, "helpdesk@contoso.com", "250 2.1.5 Ok");
            }
            world.evidence.files[0].addresses = Observed::Known(many.clone());
        })
    };
    let (outside, inside) = (seen("outside", 1, world(UNKNOWN)), seen("inside", 2, world("250 2.1.5 Ok")));
    let found = crate::diff::diff("0", &inside.1, &outside.1).unwrap();
    assert_eq!((found.findings.new.len(), found.recipients.len()), (1, 2_500));
    let (run, evidence) = merge(&[outside, inside]).unwrap();
    let whole = judge(run, evidence);
    assert_eq!(whole.findings[0].seen_from, ["outside"]);
    assert_eq!(whole.summary.recipients["gateway-rejects-other-mailbox"], 2_500);
}
