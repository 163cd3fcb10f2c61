//! The scheduler at its desk, against hosts that are played without a network.
use super::desk::{After, Desk};
use super::targets::{Choice, Targets};
use super::{POLITE, Pace};
use crate::collect::smtp::Offers;
use crate::stop::Stop;
use nsdiag_checks::evidence::smtp::{Hop, Line, Role, Session, Turn, Who};
use nsdiag_checks::evidence::{Evidence, How, List, Miss, Observed, Question};
use nsdiag_checks::replies::Stage;
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::Instant;

const NO: &str = "550 5.1.1 User unknown in virtual mailbox table";
const OK: &str = "250 2.1.5 Ok";

fn targets(role: Role, good: &[&str], listed: &[String], most: usize) -> Targets {
    let id = format!("{}/h/10.0.0.1:25", role.word());
    let address = Some(IpAddr::from([10, 0, 0, 1]));
    let hop = Hop { id, role, system: Some("zimbra".into()), host: "h".into(), address, port: 25 };
    let question = Question {
        domain: "c.com".into(),
        random: "r@c.com".into(),
        second_random: "s@c.com".into(),
        max_recipients: most,
        ..Question::default()
    };
    let list = List {
        system: "zimbra".into(),
        source: "x".into(),
        addresses: Observed::Known(listed.iter().map(|local| format!("{local}@c.com")).collect()),
        ..List::default()
    };
    let good: Vec<_> = good.iter().map(|local| format!("{local}@c.com")).collect();
    let question = Question { known_good: good.clone(), ..question };
    let evidence = Evidence { files: vec![list], ..Evidence::default() };
    Targets::of(&hop, &question, &good, &Choice::of(&question, &evidence))
}

#[test]
fn of_few_that_may_be_asked_about_most_are_chosen_by_the_first_answers() {
    let listed: Vec<String> = (0..40).map(|number| format!("m{number:02}@c.com")).collect();
    let list = List { system: "zimbra".into(), addresses: Observed::Known(listed), ..List::default() };
    let evidence = Evidence { files: vec![list], ..Evidence::default() };
    let question = |pace: &str, max_recipients, skip: &[&str]| Question {
        domain: "c.com".into(),
        pace: pace.into(),
        max_recipients,
        skip: skip.iter().map(ToString::to_string).collect(),
        ..Question::default()
    };
    let (id, address) = ("gateway/h/10.0.0.1:25".into(), Some(IpAddr::from([10, 0, 0, 1])));
    let hop = Hop { id, role: Role::Gateway, system: None, host: "h".into(), address, port: 25 };
    let asked = |question: &Question, choice: &Choice| {
        let targets = Targets::of(&hop, question, &[], choice);
        [targets.likely, targets.doubtful].concat()
    };
    let few = question("polite", 12, &[]);
    let mut choice = Choice::of(&few, &evidence);
    assert!(choice.begins_with_few(&few));
    let first = asked(&few, &choice);
    assert_eq!(first.len(), 4);
    let next: Vec<String> = choice.order[30..32].to_vec();
    assert!(choice.goes_on_with(&[&next[0], &next[1], "nobody@c.com"], &few));
    let then = asked(&few, &choice);
    assert_eq!(then.len(), 6);
    assert!(first.iter().chain(&next).all(|one| then.contains(one)), "{then:?} of {first:?} and {next:?}");
    assert!(!choice.goes_on_with(&[&next[0]], &few), "who was asked about is nobody new");
    choice.ends_with_all(&few);
    assert_eq!((asked(&few, &choice).len(), choice.order.len()), (11, 40), "the known-good is the twelfth");
    // Of the operator's own hosts, of very many, of everybody, of too few, and where nobody wants to know it: all at once.
    let at_once = [
        question("own", 12, &[]),
        question("polite", 100, &[]),
        question("polite", 40, &[]),
        question("polite", 2, &[]),
        question("polite", 12, &["NSD420"]),
    ];
    for question in at_once {
        assert!(!Choice::of(&question, &evidence).begins_with_few(&question), "{question:?}");
    }
}

/// A host: what it says to the recipient (its local part) that is the so-many-th of a session after so many refusals;
/// a reply of 421 ends the session.
type Host<'a> = &'a dyn Fn(&str, usize, usize) -> &'static str;

/// Plays sessions one after the other until the desk has no more; whom each asked about, and how the last one ended.
fn played(pace: &str, targets: Targets, offers: &Offers, host: Host) -> (Vec<String>, After) {
    let pace = Pace::named(pace);
    let mut desk = Desk::new(&pace, targets, Stop::default(), Instant::now() + Duration::from_secs(60));
    let mut sessions = Vec::new();
    let mut after = After::Go;
    while desk.wants_session(0) && after != After::Stop && sessions.len() < 10_000 {
        let (session, then) = one(&mut desk, offers, host);
        let asked = session.transcript.iter().filter(|turn| turn.who == Who::Client);
        let locals: Vec<String> =
            asked.filter_map(|turn| turn.recipient.as_ref()).map(|address| address.replace("@c.com", "")).collect();
        sessions.push(locals.join(" "));
        after = then;
        if !desk.wants_session(0) {
            desk.retry();
        }
    }
    (sessions, after)
}

fn one(desk: &mut Desk, offers: &Offers, host: Host) -> (Session, After) {
    let mut seat = desk.seat();
    desk.stands(&mut seat, offers);
    let (hop, started_at) = ("h".into(), String::new());
    let mut session = Session { hop, started_at, sister: None, transcript: vec![], tls: None, broke_off: None };
    let (mut count, mut refusals) = (0, 0);
    'session: loop {
        let group = desk.next(&mut seat);
        if group.is_empty() {
            break;
        }
        let from = session.transcript.len();
        session.transcript.extend(group.iter().map(|address| turn(Who::Client, "RCPT", address)));
        for address in &group {
            let reply = host(address.trim_end_matches("@c.com"), count, refusals);
            count += 1;
            refusals += usize::from(reply.starts_with('5') || reply.starts_with('4'));
            session.transcript.push(turn(Who::Server, reply, address));
            if reply.starts_with("421") {
                session.broke_off = Some(Miss::new(How::HungUp, format!("the server ended the session: {reply}")));
                desk.heard(&mut seat, &session, from);
                break 'session;
            }
        }
        desk.heard(&mut seat, &session, from);
    }
    session.transcript.push(Turn { stage: Stage::Rset, recipient: None, ..turn(Who::Server, "250 ok", "") });
    let after = desk.ended(seat, &session, 0);
    (session, after)
}

fn turn(who: Who, text: &str, recipient: &str) -> Turn {
    Turn {
        who,
        stage: Stage::Rcpt,
        tls: false,
        lines: vec![Line { at_ms: 0, text: text.into() }],
        code: text.get(..3).and_then(|code| code.parse().ok()),
        recipient: Some(recipient.into()),
        latency_ms: (who == Who::Server).then_some(1),
        oddities: vec![],
        unasked: false,
    }
}

fn knows(local: &str) -> &'static str {
    if matches!(local, "r" | "s") { NO } else { OK }
}

fn locals(text: &str) -> Vec<String> {
    text.split_whitespace().map(String::from).collect()
}

fn many(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("u{number:05}")).collect()
}

#[test]
fn polite_sessions_keep_to_the_manners() {
    let planned = |role, good: &[&str], listed: &str, most| {
        played("polite", targets(role, good, &locals(listed), most), &Offers::default(), &|local, _, _| knows(local)).0
    };
    assert_eq!(planned(Role::Gateway, &["g"], "a b", 20), ["g a r", "g b r"]);
    assert_eq!(planned(Role::Exchange, &["g"], "a b c", 20), ["g a b r", "g c r"]);
    assert_eq!(planned(Role::Other, &["g"], "a b c d", 20), ["a b c r", "a d r"]);
    assert_eq!(planned(Role::Gateway, &[], "", 20), ["postmaster r"]);
    assert_eq!(planned(Role::Gateway, &["g"], "a b", 1), ["g a r"]);
    assert_eq!(planned(Role::Gateway, &["a"], "a", 20), ["a r"]);
    let limited = Offers { recipients: Some(2), ..Offers::default() };
    let two = targets(Role::Exchange, &["g"], &locals("a b"), 20);
    assert_eq!(played("polite", two, &limited, &|local, _, _| knows(local)).0, ["g a", "g b", "g r"]);
}

#[test]
fn a_random_recipient_that_is_accepted_is_followed_by_another_in_a_session_of_its_own() {
    for (pace, expected) in [("polite", ["g a r", "g s"]), ("own", ["g a r", "s"])] {
        let asked =
            played(pace, targets(Role::Exchange, &["g"], &locals("a"), 20), &Offers::default(), &|_, _, _| OK).0;
        assert_eq!(asked, expected);
    }
}

#[test]
fn own_asks_everybody_once_and_the_controls_once_or_after_refusals() {
    let offers = Offers { pipelining: true, ..Offers::default() };
    let list = many(2500);
    let (sessions, _) =
        played("own", targets(Role::Exchange, &["g"], &list, usize::MAX), &offers, &|local, _, _| knows(local));
    let asked: Vec<&str> = sessions.iter().flat_map(|session| session.split(' ')).collect();
    assert_eq!(asked.len(), 2502);
    assert_eq!(sessions.len(), 3);
    let mut once = asked.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), asked.len());
    assert!(sessions[0].starts_with("g ") && sessions[0].ends_with(" r"));
}

/// A host with limits, the share of those whom it does not know, and how often it may show a limit before it is kept.
#[test]
fn no_host_drops_us_twice_for_the_same_reason_and_everybody_is_answered() {
    const DROP: &str = "421 4.7.0 Too many errors on this connection, closing transmission channel";
    const BAD: &str = "550 Rejected for too many bad recipients";
    const FULL: &str = "452 4.5.3 Error: too many recipients";
    let unknown = |local: &str, share: usize| {
        matches!(local, "r" | "s")
            || local.strip_prefix('u').is_some_and(|number| number.parse::<usize>().unwrap() % 100 < share)
    };
    let says = move |local: &str, share| if unknown(local, share) { NO } else { OK };
    type Limited = fn(usize, usize) -> Option<&'static str>;
    let hosts: [(&str, Limited); 5] = [
        ("none", |_, _| None),
        ("Exchange: five errors", |_, refusals| (refusals >= 5).then_some(DROP)),
        ("Postfix: twenty errors", |_, refusals| (refusals >= 20).then_some(DROP)),
        ("Exim: ten recipients, most of them bad", |count, refusals| {
            (count >= 10 && (count - refusals) * 2 < count + 1).then_some(BAD)
        }),
        ("fifty recipients", |count, _| (count >= 50).then_some(FULL)),
    ];
    let offers = Offers { pipelining: true, ..Offers::default() };
    for (name, limited) in hosts {
        for share in [0, 3, 30, 70, 100] {
            for pace in ["own", "polite"] {
                let list = many(if pace == "own" { 2000 } else { 100 });
                let shown = std::cell::Cell::new(0);
                let answered = std::cell::RefCell::new(std::collections::BTreeMap::<String, usize>::new());
                let host = |local: &str, count: usize, refusals: usize| match limited(count, refusals) {
                    Some(limit) => {
                        // One reply that shows the limit, and what was on the way behind it, are one showing.
                        shown.set(shown.get() + 1);
                        limit
                    }
                    None => {
                        *answered.borrow_mut().entry(local.into()).or_default() += 1;
                        says(local, share)
                    }
                };
                let first = std::cell::Cell::new(0);
                let sessions = {
                    let targets = targets(Role::Exchange, &["g"], &list, usize::MAX);
                    let pace = Pace::named(pace);
                    let mut desk = Desk::new(&pace, targets, Stop::default(), Instant::now() + Duration::from_secs(60));
                    let mut sessions = 0;
                    while desk.wants_session(0) {
                        let before = shown.get();
                        let (_, after) = one(&mut desk, &offers, &host);
                        assert_ne!(after, After::Stop, "{name}, {share} %");
                        sessions += 1;
                        first.set(first.get() + usize::from(shown.get() > before));
                        assert!(sessions < 5000, "{name}, {share} %");
                    }
                    sessions
                };
                println!("{name}, {share} % unknown, {pace}: {sessions} sessions, {} of them limited", first.get());
                assert!(first.get() <= 1, "{name}, {share} %, {pace}: limited in {} sessions", first.get());
                let answered = answered.borrow();
                let repeated: usize =
                    answered.iter().filter(|(local, _)| list.contains(local)).map(|(_, n)| n - 1).sum();
                assert!(list.iter().all(|local| answered.contains_key(local)), "{name}, {share} %, {pace}");
                // Only whom the limit caught before somebody was accepted after him is asked about twice.
                assert!(repeated <= 10, "{name}, {share} %, {pace}: {repeated} asked about twice");
                assert!(pace == "own" || sessions * POLITE >= list.len());
            }
        }
    }
}

#[test]
fn who_is_put_off_is_asked_once_more() {
    let offers = Offers::default();
    let calls = std::cell::Cell::new(0);
    let host = |local: &str, _: usize, _: usize| match local {
        "a" => {
            calls.set(calls.get() + 1);
            "450 4.2.0 Recipient address rejected: Greylisted, see http://postgrey.example"
        }
        local => knows(local),
    };
    for pace in ["polite", "own"] {
        calls.set(0);
        let (sessions, _) = played(pace, targets(Role::Exchange, &["g"], &locals("a b"), 20), &offers, &host);
        let last = if pace == "own" { "a g" } else { "g a g r" };
        assert_eq!((calls.get(), &**sessions.last().unwrap()), (2, last), "{sessions:?}");
    }
}

#[test]
fn a_host_that_says_too_often_is_left_alone_for_longer_and_longer() {
    let targets = targets(Role::Exchange, &["g"], &locals("a b"), 20);
    let pace = Pace::named("own");
    let mut desk = Desk::new(&pace, targets, Stop::default(), Instant::now() + Duration::from_secs(60));
    let host = |_: &str, _: usize, _: usize| "450 4.7.1 Error: too much mail from 192.0.2.9";
    let after: Vec<After> = (0..5).map(|_| one(&mut desk, &Offers::default(), &host).1).collect();
    let seconds = |count| After::Wait(Duration::from_secs(count));
    assert_eq!(after, [seconds(5), seconds(10), seconds(20), seconds(40), After::Stop]);
}

#[test]
fn a_session_of_an_earlier_run_counts_as_if_it_had_been_held_in_this_one() {
    let pace = Pace::named("own");
    let list = many(300);
    let of_run = || {
        Desk::new(
            &pace,
            targets(Role::Exchange, &["g"], &list, usize::MAX),
            Stop::default(),
            Instant::now() + Duration::from_secs(60),
        )
    };
    let mut first = of_run();
    let (session, _) = one(&mut first, &Offers::default(), &|local, _, _| knows(local));
    let mut cut = session.clone();
    cut.transcript.truncate(101);
    let mut second = of_run();
    second.replay(&cut);
    let (rest, _) = one(&mut second, &Offers::default(), &|local, _, _| knows(local));
    let asked = |session: &Session| -> Vec<String> {
        let answers = session.rcpt_replies();
        answers.map(|(_, recipient, ..)| recipient.to_string()).collect()
    };
    let mut both = [asked(&cut), asked(&rest)].concat();
    let mut whole = asked(&session);
    both.sort_unstable();
    whole.sort_unstable();
    assert_eq!(both.join(" "), whole.join(" "));
    let mut third = of_run();
    third.replay(&session);
    assert!(!third.wants_session(0));
}

/// The answers that may be believed: each refusal of a target with somebody accepted after it in its session.
fn bracketed(sessions: &[Session]) -> std::collections::BTreeSet<String> {
    let mut closed = std::collections::BTreeSet::new();
    for session in sessions {
        let answers: Vec<_> = session.rcpt_replies().map(|(_, who, code, _)| (who.to_string(), code)).collect();
        for (at, (who, code)) in answers.iter().enumerate() {
            let after = answers[at + 1..].iter().any(|(_, later)| *later < 300);
            if *code < 300 || after {
                closed.insert(who.clone());
            }
        }
    }
    closed
}

#[test]
fn every_refusal_has_somebody_accepted_after_it_where_the_host_accepts_anybody() {
    const COUNTED: &str = "550 5.1.1 User unknown";
    type Limited = fn(usize) -> bool;
    let hosts: [(&str, Limited); 3] =
        [("patient", |_| false), ("after five everybody is unknown", |n| n >= 5), ("after two", |n| n >= 2)];
    for (name, turns) in hosts {
        for pace in ["own", "polite"] {
            let list: Vec<String> = (0..30).map(|number| format!("u{number:02}")).collect();
            let unknown = |local: &str| matches!(local, "r" | "s") || local.ends_with(['0', '1', '2', '3']);
            let host = |local: &str, _: usize, refusals: usize| match turns(refusals) || unknown(local) {
                true => COUNTED,
                false => OK,
            };
            let named = Pace::named(pace);
            let targets = targets(Role::Gateway, &["g"], &list, usize::MAX);
            let mut desk = Desk::new(&named, targets, Stop::default(), Instant::now() + Duration::from_secs(60));
            let mut sessions = Vec::new();
            while desk.wants_session(0) && sessions.len() < 200 {
                let (session, after) = one(&mut desk, &Offers::default(), &host);
                sessions.push(session);
                if after == After::Stop {
                    break;
                }
            }
            let known = bracketed(&sessions);
            for local in &list {
                assert!(known.contains(&format!("{local}@c.com")), "{name}, {pace}: {local}");
            }
            let most = sessions.iter().map(|session| session.rcpt_replies().count()).max().unwrap();
            assert!(pace == "own" || most <= POLITE, "{name}: {most} recipients in a polite session");
            assert!(sessions.len() <= 75, "{name}, {pace}: {} sessions", sessions.len());
        }
    }
}

#[test]
fn a_host_that_refuses_everybody_for_good_is_left_alone() {
    let list = many(200);
    let asked = std::cell::Cell::new(0);
    let refused = std::cell::Cell::new(0);
    let host = |local: &str, _: usize, _: usize| {
        asked.set(asked.get() + 1);
        let unknown = refused.get() >= 10 || local.ends_with('7') || matches!(local, "r" | "s");
        refused.set(refused.get() + usize::from(unknown));
        if unknown { NO } else { OK }
    };
    let (sessions, after) = played("own", targets(Role::Gateway, &["g"], &list, usize::MAX), &Offers::default(), &host);
    assert_eq!(after, After::Stop, "{} sessions", sessions.len());
    assert!(asked.get() < 250, "{} asked", asked.get());
}
