//! Gateways of each kind over a population in which everything occurs, asked as a run asks them.
use super::*;
use crate::evidence::smtp::Turn;
use crate::recipients::gateway_recipient_source::CHECK;
use crate::stories::{EXCHANGE, GATEWAY, OTHER, RANDOM, SECOND, World};

const OK: &str = "250 2.1.5 Ok";
const UNKNOWN: &str = "550 5.1.1 User unknown in relay recipient table";
const CALLOUT: &str = "550 5.1.1 Recipient address rejected: undeliverable address: host 10.0.0.10[10.0.0.10] said: 550 \
                       5.1.10 RESOLVER.ADR.RecipientNotFound (in reply to RCPT TO command)";

/// What somebody is.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    User,
    Alias,
    Room,
    Group,
    Dynamic,
    Contact,
    Folder,
    MailOnly,
    /// On the other system's list, with a contact at Exchange, and without.
    Known,
    Bare,
}
use Kind::*;

const EVERY: [Kind; 10] = [User, Alias, Room, Group, Dynamic, Contact, Folder, MailOnly, Known, Bare];

fn address(kind: Kind, number: usize) -> String {
    let names = ["user", "alias", "room", "group", "dynamic", "contact", "folder", "mail-only", "known", "bare"];
    let place = EVERY.iter().position(|one| *one == kind).unwrap();
    format!("{}{number}@contoso.com", names[place])
}

fn everybody() -> Vec<(String, Kind)> {
    EVERY.into_iter().flat_map(|kind| (1..=4).map(move |number| (address(kind, number), kind))).collect()
}

fn kind_of(full: &str) -> Kind {
    let name = full.split('@').next().unwrap().trim_end_matches(char::is_numeric);
    EVERY.into_iter().find(|kind| address(*kind, 1).starts_with(&format!("{name}1@"))).unwrap()
}

fn object(address: &str, kind: Kind) -> String {
    let own = format!("mail={address} proxyaddresses=SMTP:{address}");
    match kind {
        User => format!("user {own} homemdb=DB1 useraccountcontrol=512"),
        Alias => {
            format!("user mail=x{address} proxyaddresses=SMTP:x{address} proxyaddresses=smtp:{address} homemdb=DB1")
        }
        Room => format!("user {own} homemdb=DB1 useraccountcontrol=514"),
        Group => format!("group {own}"),
        Dynamic => format!("msExchDynamicDistributionList {own}"),
        Contact | Known => format!("contact {own} targetaddress=SMTP:x{address}"),
        Folder => format!("publicFolder {own}"),
        MailOnly => format!("user mail={address}"),
        Bare => String::new(),
    }
}

/// The population, of whom nobody was asked about yet.
fn world() -> World {
    let mut world = World::healthy();
    for id in [GATEWAY, EXCHANGE, OTHER] {
        world.evidence.smtp.retain(|session| session.hop != id);
    }
    world.question.known_good.clear();
    world.question.max_recipients = MOST;
    world.evidence.directories[0].lookups.clear();
    let everybody = everybody();
    for (address, kind) in &everybody {
        let object = object(address, *kind);
        let own: &[&str] = if object.is_empty() { &[] } else { &[&object] };
        world.holds(address, own, None);
    }
    let held = everybody.iter().filter(|(_, kind)| *kind != Bare).map(|(address, _)| address.clone());
    world.evidence.directories[0].roster = Observed::Known(held.collect());
    let listed = everybody.iter().filter(|(_, kind)| matches!(kind, Known | Bare)).map(|(address, _)| address.clone());
    let mut listed: Vec<String> = listed.collect();
    listed.sort();
    world.evidence.files[0].addresses = Observed::Known(listed);
    world
}

/// What a hop says to an address.
type Hop<'h> = (&'h str, &'h dyn Fn(&str) -> &'static str);

/// Asks the hops about these in a session that a control opens and closes, and that a random recipient ends.
fn ask(world: &mut World, hops: &[Hop], about: &[String]) {
    for (hop, says) in hops {
        let good = everybody().into_iter().map(|(address, _)| address).find(|address| says(address) == OK);
        world.session(hop, &[]);
        let mut all: Vec<&str> = about.iter().map(String::as_str).collect();
        all.insert(0, RANDOM);
        all.extend(good.as_deref().filter(|_| !about.is_empty()));
        for address in all {
            let reply = if [RANDOM, SECOND].contains(&address) { says("nobody@contoso.com") } else { says(address) };
            world.rcpt(hop, address, reply);
        }
    }
}

/// Asks as a run does: a few of each kind, then who is chosen; whom the gateway was asked about.
fn play(world: &mut World, hops: &[Hop]) -> BTreeSet<String> {
    // The control is among them.
    let first: Vec<String> =
        chosen(&world.question, &world.evidence).into_iter().take(FIRST - 1).map(String::from).collect();
    ask(world, hops, &first);
    for _ in 0..MOST {
        let chosen: Vec<String> = next(&world.question, &world.evidence).into_iter().map(String::from).collect();
        if chosen.is_empty() {
            break;
        }
        ask(world, hops, &chosen);
    }
    asked_at_gateway(world)
}

fn asked_at_gateway(world: &World) -> BTreeSet<String> {
    let sessions = world.evidence.smtp.iter().filter(|session| session.hop == GATEWAY);
    let turns = sessions.flat_map(|session| &session.transcript).filter_map(|turn: &Turn| turn.recipient.clone());
    turns.filter(|recipient| recipient != RANDOM && recipient != SECOND).collect()
}

/// What NSD420 says, without where: the sources, and what follows.
fn said(world: &World) -> String {
    let lines = world.lines(&CHECK);
    let told = lines.iter().find(|line| line.starts_with("info likely: "));
    let line = told.or(lines.last()).cloned().unwrap_or_default();
    line.replace("info likely: mx1.contoso.com (192.0.2.25) ", "").replace(&format!(" [{GATEWAY}]"), "")
}

fn gateway(knows: impl Fn(Kind) -> bool) -> impl Fn(&str) -> &'static str {
    move |address| if address.starts_with("nobody") || !knows(kind_of(address)) { UNKNOWN } else { OK }
}

#[test]
fn of_twelve_addresses_each_kind_of_source_is_named() {
    type Row = (&'static str, fn(Kind) -> bool, &'static str);
    let asks = "decides as the directory of corp asked for ";
    let rows: [Row; 9] = [
        ("by proxyAddresses", |kind| !matches!(kind, MailOnly | Bare), "(proxyAddresses=smtp:<address>) would"),
        ("by mail", |kind| !matches!(kind, Alias | Bare), "(mail=<address>) would"),
        ("by either", |kind| kind != Bare, "(|(mail=<address>)(proxyAddresses=smtp:<address>)) would"),
        (
            "people alone",
            |kind| matches!(kind, User | Alias | Room | Contact | Known),
            "(&(objectClass=person)(proxyAddresses=smtp:<address>)) would",
        ),
        (
            "without contacts",
            |kind| matches!(kind, User | Alias | Room | Group | Folder),
            "(&(|(objectClass=user)(objectClass=group)(objectClass=publicFolder))(proxyAddresses=smtp:<address>)) would",
        ),
        (
            "enabled users",
            |kind| matches!(kind, User | Alias),
            "(&(objectClass=user)(!(userAccountControl:1.2.840.113556.1.4.803:=2))(proxyAddresses=smtp:<address>)) would",
        ),
        (
            "people and groups",
            |kind| matches!(kind, User | Alias | Room | Group | Contact | Known),
            "(&(|(objectClass=person)(objectClass=group))(proxyAddresses=smtp:<address>)) would",
        ),
        ("the other system's list", |kind| matches!(kind, Known | Bare), "LIST"),
        ("by mail, beside the list", |kind| kind != Alias, "BESIDE"),
    ];
    for (name, knows, source) in rows {
        let mut world = world();
        let asked = play(&mut world, &[(GATEWAY, &gateway(knows))]);
        let said = said(&world);
        let expected = match source {
            "LIST" => "decides as the list of zimbra would".to_string(),
            "BESIDE" => {
                "decides as the directory of corp, beside the other system's list, asked for (mail=<address>) would"
                    .into()
            }
            _ => format!("{asks}{source}"),
        };
        assert!(said.starts_with(&format!("{expected}: ")) && said.ends_with("agree"), "{name}: {said}\n{asked:?}");
        assert!(asked.len() <= MOST, "{name}: {asked:?}");
    }
}

#[test]
fn whose_words_quote_another_host_asks_it() {
    let knows = |kind: Kind| !matches!(kind, MailOnly | Bare | Contact);
    let exchange = gateway(knows);
    let ahead = |address: &str| if exchange(address) == OK { OK } else { CALLOUT };
    let mut world = world();
    let asked = play(&mut world, &[(GATEWAY, &ahead), (EXCHANGE, &exchange)]);
    let said = said(&world);
    let name = "decides as exch01.corp.contoso.com (10.0.0.10), asked about each recipient (call-ahead), would: ";
    assert!(
        said.starts_with(name) && said.ends_with(&format!("; its refusals quote the other host ({CALLOUT})")),
        "{said}"
    );
    assert!(asked.len() <= MOST, "{asked:?}");
    // Nobody heard that host.
    let mut world = self::world();
    play(&mut world, &[(GATEWAY, &ahead)]);
    let said = self::said(&world);
    assert!(
        said.starts_with("asks another host about each recipient (call-ahead), as its words say (550 5.1.1"),
        "{said}"
    );
    // Its own words, and a directory that would have decided in the same way.
    let exchange = gateway(|kind| !matches!(kind, MailOnly | Bare));
    let mut world = self::world();
    play(&mut world, &[(GATEWAY, &exchange), (EXCHANGE, &exchange)]);
    let said = self::said(&world);
    let both = "asked for (proxyAddresses=smtp:<address>) would, or as exch01.corp.contoso.com (10.0.0.10), asked about each \
                recipient (call-ahead), would: ";
    let neither = "between these nobody can choose from outside: no address that is known tells them apart";
    assert!(said.contains(both) && said.ends_with(neither), "{said}");
}

#[test]
fn a_gateway_that_takes_everybody_asks_no_source() {
    let mut world = world();
    let everybody = |_: &str| OK;
    play(&mut world, &[(GATEWAY, &everybody)]);
    world.accepts_everybody(GATEWAY);
    let asked = play(&mut world, &[(GATEWAY, &everybody)]);
    let said = said(&world);
    assert!(said.starts_with("asks no source before it accepts: it took all "), "{said}");
    assert!(asked.len() <= MOST, "{asked:?}");
}

#[test]
fn two_addresses_are_not_enough_and_the_two_that_would_decide_are_named() {
    let mut world = world();
    let hop = gateway(|kind| !matches!(kind, MailOnly | Bare));
    let two = [address(User, 1), address(Bare, 1)];
    ask(&mut world, &[(GATEWAY, &hop)], &two);
    let case = Case::new(&world.question, &world.evidence);
    let mut notes = Notes::new(&CHECK);
    (CHECK.judge)(&case, &mut notes);
    assert_eq!(notes.findings.len(), 0);
    let why = &notes.gaps.last().unwrap().why;
    let chosen = next(&world.question, &world.evidence);
    assert_eq!(chosen.len(), 2);
    let expected = format!(
        "not enough: 2 decisions (1 accepted, 1 refused), and it takes 3 of each kind; {} and {} would decide it best",
        chosen[0], chosen[1]
    );
    assert_eq!(*why, expected);
}

#[test]
fn the_chosen_part_the_sources_most_evenly() {
    // Between the plain look-ups a contact, a group, an alias or who is in mail alone: of each kind one is as good.
    let mut world = world();
    let hop = gateway(|kind| !matches!(kind, MailOnly | Bare));
    ask(&mut world, &[(GATEWAY, &hop)], &[address(User, 1), address(Bare, 1)]);
    let kinds: Vec<Kind> = next(&world.question, &world.evidence).into_iter().map(kind_of).collect();
    assert!(kinds.len() == 2 && kinds[0] != kinds[1], "the second parts what the first leaves together");
    assert!(kinds.iter().all(|kind| !matches!(kind, User | Bare)), "nobody disagrees about those");
}

#[test]
fn nobody_else_is_asked_about_where_the_gateway_does_not_bear_it_or_all_is_told() {
    type Change = fn(&mut World);
    let cases: [(&str, Change); 5] = [
        ("it puts off", |world| world.rcpt(GATEWAY, "group1@contoso.com", "450 4.2.0 Greylisted, try again")),
        ("it limits", |world| world.rcpt(GATEWAY, "group1@contoso.com", "452 4.5.3 Too many recipients")),
        ("it judges us", |world| {
            world.rcpt(GATEWAY, "group1@contoso.com", "550 5.7.606 Access denied, banned sending IP [192.0.2.1]");
        }),
        ("it hung up", |world| {
            world.last(GATEWAY).broke_off = Some(Miss::new(How::HungUp, "it closed the connection"))
        }),
        ("it was not heard", |world| world.silent(GATEWAY, How::TimedOut, "no answer")),
    ];
    for (name, change) in cases {
        let mut world = world();
        let hop = gateway(|kind| !matches!(kind, MailOnly | Bare));
        ask(&mut world, &[(GATEWAY, &hop)], &[address(User, 1), address(Bare, 1)]);
        assert_eq!(next(&world.question, &world.evidence).len(), 2);
        change(&mut world);
        assert_eq!(next(&world.question, &world.evidence), [""; 0], "{name}");
    }
}

#[test]
fn roles_swapped_and_sources_missing_make_no_false_statement() {
    // In front of the other system, whose mailboxes it takes; Exchange's people are unknown to it.
    let list = gateway(|kind| matches!(kind, Known | Bare));
    let proxy = gateway(|kind| !matches!(kind, MailOnly | Bare));
    type Row<'h> = (&'static str, &'h dyn Fn(&str) -> &'static str, fn(&mut World), &'static str);
    let rows: [Row; 5] = [
        (
            "the other system's gateway, no directory",
            &list,
            |world| world.evidence.directories[0].lookups.clear(),
            "decides as the list of zimbra would: ",
        ),
        (
            "a directory unread",
            &proxy,
            |world| {
                for lookup in &mut world.evidence.directories[0].lookups {
                    lookup.entries = Observed::Unknown(Miss::new(How::TimedOut, "no answer in 10 s"));
                }
            },
            "not asked: what the decisions of mx1.contoso.com (192.0.2.25) follow",
        ),
        (
            "a list missing",
            &proxy,
            |world| world.evidence.files[0].addresses = Observed::NotAsked,
            "decides as the directory of corp asked for (proxyAddresses=smtp:<address>) would: ",
        ),
        (
            "one answer of the directory missing",
            &list,
            |world| {
                let lookup = &mut world.evidence.directories[0].lookups[0];
                lookup.entries = Observed::Unknown(Miss::new(How::TimedOut, "no answer in 10 s"));
            },
            "decides as the list of zimbra would: ",
        ),
        (
            "two organisations",
            &proxy,
            |world| {
                let mut labs = world.evidence.directories[0].clone();
                labs.system = "labs".into();
                for lookup in &mut labs.lookups {
                    let none = lookup.entries.known().is_some_and(Vec::is_empty);
                    let user = World::healthy().evidence.directories[0].lookups[0].entries.clone();
                    lookup.entries = if none { user } else { Observed::Known(vec![]) };
                }
                world
                    .question
                    .systems
                    .push(crate::evidence::System { name: "labs".into(), ..world.question.systems[0].clone() });
                world.evidence.directories.push(labs);
            },
            "decides as the directory of corp asked for (proxyAddresses=smtp:<address>) would: ",
        ),
    ];
    for (name, hop, change, expected) in rows {
        let mut world = world();
        change(&mut world);
        let asked = play(&mut world, &[(GATEWAY, hop)]);
        let said = said(&world);
        assert!(said.starts_with(expected), "{name}: {said}\n{asked:?}");
        assert!(asked.len() <= MOST, "{name}: {asked:?}");
    }
}

#[test]
fn a_source_that_changes_its_mind_or_is_unknown_is_said_to_be_so() {
    // Whom a replica that lags refused and the other accepted, counts for nothing.
    let mut world = world();
    let hop = gateway(|kind| !matches!(kind, MailOnly | Bare));
    play(&mut world, &[(GATEWAY, &hop)]);
    let accepted = address(Contact, 4);
    ask(&mut world, &[(GATEWAY, &hop)], core::slice::from_ref(&accepted));
    ask(
        &mut world,
        &[(GATEWAY, &|address| if address == "contact4@contoso.com" { UNKNOWN } else { hop(address) })],
        &[accepted],
    );
    let said = said(&world);
    assert!(said.contains("(proxyAddresses=smtp:<address>) would: "), "{said}");
    assert!(said.ends_with("; it changed its mind about contact4@contoso.com, which counts for nothing"), "{said}");
    // A table of half of each kind is nothing that was read.
    let mut world = self::world();
    let half = |address: &str| {
        let odd = address.chars().rev().find(char::is_ascii_digit).is_some_and(|digit| (digit as u8).is_multiple_of(2));
        if odd && !address.starts_with("nobody") { OK } else { UNKNOWN }
    };
    play(&mut world, &[(GATEWAY, &half)]);
    let said = self::said(&world);
    assert!(said.starts_with("decides as none of the sources that were read would: the nearest ("), "{said}");
    assert!(said.ends_with("it has a list of its own, or asks a source that was not read"), "{said}");
}
