//! Refusals beside what a run has seen, and ways of messages.
use super::*;
use crate::report::{Run, Vantage, report};
use crate::stories::{GATEWAY, OTHER, World};

const UNKNOWN: &str = "550 5.1.1 User unknown in relay recipient table";
const ORDERS: &str = "orders@contoso.com";

fn run(mut world: World, about: &[&str]) -> Report {
    world.question.about = about.iter().map(ToString::to_string).collect();
    let run = Run {
        started_at: "2026-11-24T12:00:00Z".into(),
        duration_ms: 1,
        complete: true,
        vantage: Vantage { hostname: "adm01".into(), addresses: vec![] },
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

fn said(address: &str, by: Speaker, code: u16, text: &str) -> Said {
    Said { address: Some(address.into()), code: Some(code), text: text.into(), by, ..Said::default() }
}

fn host(name: &str) -> Speaker {
    Speaker::Host(name.into())
}

fn judged(said: Said, report: Option<&Report>) -> Bounce {
    let notice = Notice { source: Source::Dsn, recipients: vec![said], ..Notice::default() };
    judge("0", &notice, Beside { domain: Some("contoso.com"), own: &[], report })
}

/// The verdict, whether the refusal is false, the codes of what `check` finds of the address, and why.
fn line(bounce: &Bounce) -> String {
    let one = &bounce.recipients[0];
    let codes: Vec<&str> = one.findings.iter().map(|finding| &*finding.code).collect();
    let hop = one.refused_by.as_ref().and_then(|by| by.hop.as_deref()).unwrap_or("-");
    format!("{} {} [{}] {hop}: {}", bounce.verdict.word(), one.false_rejection.word(), codes.join(" "), one.why)
}

#[test]
fn a_refusal_is_false_only_where_a_run_finds_the_mailbox_refused() {
    let broken = || {
        let mut world = World::healthy();
        world.rcpt(GATEWAY, ORDERS, UNKNOWN);
        world
    };
    let gateway = || host("MX1.contoso.com.");
    let text = "5.1.1 <orders@contoso.com>: Recipient address rejected: User unknown in relay recipient table";
    let cases = [
        (
            "nobody was asked",
            said(ORDERS, gateway(), 550, text),
            None,
            "unknown unknown [] -: the host says that there is no such recipient; one reply does not tell whether that is so",
        ),
        (
            "the gateway refuses still",
            said(ORDERS, gateway(), 550, text),
            Some(run(broken(), &[])),
            "critical yes [NSD401] gateway/mx1.contoso.com/192.0.2.25:25: orders@contoso.com has a mailbox and is refused still \
             (gateway-rejects-other-mailbox); proven",
        ),
        (
            "the gateway, by its address",
            said(ORDERS, host("192.0.2.25"), 550, text),
            Some(run(broken(), &[])),
            "critical yes [NSD401] gateway/mx1.contoso.com/192.0.2.25:25: orders@contoso.com has a mailbox and is refused still \
             (gateway-rejects-other-mailbox); proven",
        ),
        (
            "a host of somebody else's refused",
            said(ORDERS, host("mx.example.net"), 550, text),
            Some(run(broken(), &[])),
            "critical unknown [NSD401] -: orders@contoso.com has a mailbox and is refused still \
             (gateway-rejects-other-mailbox); mx.example.net, which refused then, is none of the hosts that were asked",
        ),
        (
            "the bounce is about our address, and not the recipient",
            said(
                ORDERS,
                gateway(),
                554,
                "5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
            ),
            Some(run(broken(), &[])),
            "critical unknown [NSD401] gateway/mx1.contoso.com/192.0.2.25:25: orders@contoso.com has a mailbox and is refused \
             still (gateway-rejects-other-mailbox); the words of this bounce are about something else",
        ),
        (
            "it is taken now",
            said(ORDERS, gateway(), 550, text),
            Some(run(World::healthy(), &[])),
            "unknown unknown [] gateway/mx1.contoso.com/192.0.2.25:25: orders@contoso.com is taken at every hop now (proven); \
             it was refused then",
        ),
        (
            "the report is about others",
            said("eva@contoso.com", gateway(), 550, text),
            Some(run(World::healthy(), &[])),
            "unknown unknown [] gateway/mx1.contoso.com/192.0.2.25:25: the host says that there is no such recipient; one reply \
             does not tell whether that is so; eva@contoso.com is not among those whom the report is about",
        ),
        (
            "the address is somebody else's",
            said("eva@example.net", gateway(), 550, text),
            Some(run(World::healthy(), &[])),
            "unknown unknown [] gateway/mx1.contoso.com/192.0.2.25:25: the host says that there is no such recipient; one reply \
             does not tell whether that is so; its address is not in contoso.com, and was not asked for",
        ),
        (
            "it arrived",
            Said { action: Action::Relayed, ..said(ORDERS, Speaker::Untold, 250, "2.1.5 Ok") },
            Some(run(broken(), &[])),
            "ok no [] -: nothing was refused: the message was relayed",
        ),
        (
            "nobody answered",
            said(
                ORDERS,
                Speaker::NoAnswer,
                450,
                "4.4.1 connect to mx1.contoso.com[192.0.2.25]:25: Connection timed out",
            ),
            None,
            "unknown unknown [] -: nobody refused it: no host answered in time",
        ),
    ];
    for (name, said, report, expected) in cases {
        assert_eq!(line(&judged(said, report.as_ref())), expected, "{name}");
    }
}

#[test]
fn who_is_only_asked_about_is_nobodys_mailbox() {
    let typo = "ordres@contoso.com";
    let mut world = World::healthy();
    world.directory(typo, "");
    world.rcpt(GATEWAY, typo, UNKNOWN);
    world.rcpt(OTHER, typo, "550 5.1.1 User unknown in virtual mailbox table");
    let report = run(world, &[typo]);
    let bounce =
        judged(said(typo, host("mx1.contoso.com"), 550, "5.1.1 User unknown in relay recipient table"), Some(&report));
    let one = &bounce.recipients[0];
    assert!(one.findings.iter().all(|finding| finding.code != "NSD401"), "a typing error is no false refusal");
    assert_ne!(one.false_rejection, Answer::Yes, "{}", one.why);
    // Where the other system takes it and refuses a stranger, it has a mailbox there though no list has it.
    let mut world = World::healthy();
    world.directory(typo, "");
    world.rcpt(GATEWAY, typo, UNKNOWN);
    world.rcpt(OTHER, typo, "250 2.1.5 Ok");
    let report = run(world, &[typo]);
    let bounce =
        judged(said(typo, host("mx1.contoso.com"), 550, "5.1.1 User unknown in relay recipient table"), Some(&report));
    assert_eq!(bounce.recipients[0].false_rejection, Answer::Yes, "{}", bounce.recipients[0].why);
}

#[test]
fn the_address_that_was_written_to_is_looked_up_where_the_refused_one_is_elsewhere() {
    let mut forwarded = said("orders@zimbra.example.net", host("mx.example.net"), 550, "5.1.1 User unknown");
    forwarded.written_to = Some(ORDERS.into());
    let report = run(World::healthy(), &[]);
    let bounce = judged(forwarded, Some(&report));
    assert_eq!(bounce.recipients[0].looked_up.as_deref(), Some(ORDERS));
}

#[test]
fn what_the_user_says_of_a_hosts_replies_is_for_that_host() {
    let own = OwnReply {
        pattern: "Kennung siebzehn".into(),
        meaning: Meaning::UnknownRecipient,
        host: Some("mx1.contoso.com".into()),
    };
    for (by, expected) in [
        (host("mx1.contoso.com"), Meaning::UnknownRecipient),
        (host("mx2.contoso.com"), Meaning::Ambiguous),
        (Speaker::Unnamed, Meaning::Ambiguous),
    ] {
        let notice =
            Notice { recipients: vec![said(ORDERS, by.clone(), 550, "Kennung siebzehn")], ..Notice::default() };
        let bounce = judge("0", &notice, Beside { own: core::slice::from_ref(&own), ..Beside::default() });
        assert_eq!(bounce.recipients[0].meaning, expected, "{by:?}");
    }
}

/// `from>by` or `from>by!for`, the newest first.
fn way(text: &str) -> Vec<Passage> {
    text.split_whitespace()
        .map(|one| {
            let (one, recipient) = one.split_once('!').map_or((one, None), |(one, to)| (one, Some(to.to_string())));
            let (from, by) = one.split_once('>').unwrap();
            Passage { from: Some(from.into()).filter(|from: &String| !from.is_empty()), by: Some(by.into()), recipient }
        })
        .collect()
}

#[test]
fn a_message_looped_where_it_passed_between_two_hosts_again() {
    let cases = [
        ("", None),
        (">a.example", Some("")),
        ("b.example>c.example a.example>b.example", Some("")),
        (
            "a.example>b.example b.example>a.example a.example>b.example x.example>a.example",
            Some("a.example b.example"),
        ),
        // The newest first: over three systems.
        ("b>c a>b c>a b>c a>b x>a", Some("a b c")),
        ("A.Example.>b.example B.example>a.example a.example>b.example", Some("a.example b.example")),
        // A filter beside the host, a host that hands the same over twice in a row, and a list that is on another list.
        ("mx>mx localhost>mx mx>localhost localhost>mx mx>localhost x>mx", Some("")),
        ("127.0.0.1>mx x>mx [127.0.0.1]>mx", Some("")),
        ("a>b a>b x>a", Some("")),
        ("mx>lists!staff@x.example lists>mx mx>lists!all@x.example x>mx", Some("")),
        ("unknown>mx a>b unknown>mx", Some("")),
    ];
    for (text, expected) in cases {
        let found = looped(&way(text)).map(|found| found.hosts.join(" "));
        assert_eq!(found.as_deref(), expected, "{text}");
    }
    let times = looped(&way("a>b b>a a>b b>a a>b b>a x>b")).unwrap().times;
    assert_eq!(times, 3);
}

#[test]
fn a_loop_is_critical_whether_the_reply_or_the_headers_tell() {
    let of = |text: &str, received: &str| {
        let notice = Notice {
            recipients: vec![said(ORDERS, Speaker::Unnamed, 554, text)],
            received: way(received),
            ..Notice::default()
        };
        let bounce = judge("0", &notice, Beside::default());
        (bounce.verdict, bounce.looped, bounce.repeated_hosts.join(" "))
    };
    let hops = "5.4.14 Hop count exceeded - possible mail loop ATTR34";
    let unknown = "5.1.1 User unknown";
    let round = "a.x>b.x b.x>a.x a.x>b.x";
    let cases = [
        (hops, "", (Verdict::Critical, Some(true), "")),
        (hops, "a.x>b.x", (Verdict::Critical, Some(true), "")),
        (hops, round, (Verdict::Critical, Some(true), "a.x b.x")),
        (unknown, round, (Verdict::Critical, Some(true), "a.x b.x")),
        (unknown, "a.x>b.x", (Verdict::Unknown, Some(false), "")),
        (unknown, "", (Verdict::Unknown, None, "")),
    ];
    for (text, received, (verdict, looped, hosts)) in cases {
        assert_eq!(of(text, received), (verdict, looped, hosts.to_string()), "{text}; {received}");
    }
}

#[test]
fn the_reply_decides_and_not_the_status_that_somebody_made_of_it() {
    use Meaning::*;
    let cases = [
        (Some(550), "IP address blacklisted by recipient", Some("5.1.1"), Speaker::Unnamed, Action::Failed, Reputation),
        (Some(550), "5.7.1 Rejected", Some("5.1.1"), Speaker::Unnamed, Action::Failed, Ambiguous),
        (None, "user unknown", Some("5.1.1"), Speaker::Untold, Action::Failed, UnknownRecipient),
        (None, "", Some("5.1.1"), Speaker::Untold, Action::Failed, Ambiguous),
        (None, "", Some("5.2.2"), Speaker::Untold, Action::Failed, Full),
        (None, "", Some("4.4.7"), Speaker::NoAnswer, Action::Delayed, Temporary),
        // Nobody was asked about the recipient, whatever the words.
        (Some(550), "user unknown", None, Speaker::NoHost, Action::Failed, Ambiguous),
        (Some(550), "user unknown", None, Speaker::NoAnswer, Action::Failed, Temporary),
        (None, "DNS Error: the domain returned Null MX", None, Speaker::NoHost, Action::Failed, NoMail),
        (Some(250), "user unknown", None, Speaker::Untold, Action::Delivered, Accepted),
    ];
    for (code, text, status, by, action, expected) in cases {
        let said = Said {
            code,
            text: text.into(),
            status: status.map(String::from),
            by: by.clone(),
            action,
            ..Said::default()
        };
        assert_eq!(meaning::of(&said, &[]).meaning, expected, "{code:?} {text} {status:?} {by:?}");
    }
}
