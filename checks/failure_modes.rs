//! The failure modes of recipients and gateways, each as a story with its code, and a near-miss without it.
use crate::prelude::*;
use crate::remedy::READABLE;
use crate::stories::{GATEWAY, OTHER, World, object, turn};
use alloc::collections::BTreeSet;

type Change = fn(&mut World);

/// The codes that all checks together find in the world so changed.
fn codes(change: Change) -> BTreeSet<&'static str> {
    let mut world = World::healthy();
    change(&mut world);
    let case = Case::new(&world.question, &world.evidence);
    let found = |check: &&'static Check| {
        let mut notes = Notes::new(check);
        (check.judge)(&case, &mut notes);
        !notes.findings.is_empty()
    };
    crate::checks().into_iter().map(|(_, check)| check).filter(found).map(|check| check.code).collect()
}

const UNKNOWN: &str = "550 5.1.1 User unknown in relay recipient table";

/// An object of this class, named so, as Exchange stamps it.
fn stamped(class: &str, name: &str, rest: &str) -> String {
    format!("{class} mail={name}@contoso.com mailnickname={name} proxyaddresses=SMTP:{name}@contoso.com {rest}")
}

/// helpdesk as a mailbox, and these others, each with whether the gateway takes it.
fn gateway(world: &mut World, others: &[(&str, String, bool)]) {
    world.knows("helpdesk@contoso.com", &stamped("user", "helpdesk", "homemdb=DB1"), true);
    for (name, object, taken) in others {
        world.knows(&format!("{name}@contoso.com"), object, *taken);
    }
}

/// carl, a user of a child domain, whom the gateway refuses or takes.
fn child(world: &mut World, taken: bool) {
    let carl = stamped("user", "carl", "homemdb=DB1");
    let helpdesk = stamped("user", "helpdesk", "homemdb=DB1");
    gateway(world, &[("carl", carl.clone(), taken)]);
    world.holds("helpdesk@contoso.com", &[&helpdesk], Some(&[&helpdesk]));
    world.holds("carl@contoso.com", &[], Some(&[&carl]));
    for other in ["orders@contoso.com", "sales@contoso.com"] {
        world.holds(other, &[], Some(&[]));
    }
    world.evidence.directories[0].catalog_attributes = Observed::Known(vec!["mail".into(), "proxyaddresses".into()]);
}

/// helpdesk in one domain, as a global catalog without proxy addresses shows it, at a gateway that takes it or not.
fn blind(world: &mut World, taken: bool) {
    let helpdesk = stamped("user", "helpdesk", "homemdb=DB1");
    world.knows("helpdesk@contoso.com", &helpdesk, taken);
    let shown = helpdesk.replace("proxyaddresses=SMTP:helpdesk@contoso.com ", "");
    world.holds("helpdesk@contoso.com", &[&helpdesk], Some(&[&shown]));
    for other in ["orders@contoso.com", "sales@contoso.com"] {
        world.holds(other, &[], Some(&[]));
    }
    world.rcpt(GATEWAY, "postmaster@contoso.com", "250 2.1.5 Ok");
    world.evidence.directories[0].catalog_attributes = Observed::Known(vec!["mail".into()]);
}

fn forwards(world: &mut World, back: &str) {
    let anna = stamped("user", "anna", "dn=CN=Anna homemdb=DB1 altrecipient=CN=Ben");
    world.noteworthy(&[&anna, &stamped("user", "ben", &format!("dn=CN=Ben homemdb=DB1 {back}"))]);
}

/// Failure mode, code, story, near-miss.
const ROWS: [(&str, &str, Change, Change); 23] = [
    (
        "F-21",
        "NSD401",
        |world| world.rcpt(GATEWAY, "orders@contoso.com", UNKNOWN),
        |world| {
            world.rcpt(GATEWAY, "orders@contoso.com", UNKNOWN);
            world.rcpt(OTHER, "orders@contoso.com", UNKNOWN);
        },
    ),
    (
        "F-22, the recipient",
        "NSD402",
        |world| gateway(world, &[("all", stamped("group", "all", ""), false)]),
        |world| gateway(world, &[("all", stamped("group", "all", ""), true)]),
    ),
    (
        "F-22, the pattern",
        "NSD414",
        |world| {
            let all = stamped("group", "all", "");
            gateway(world, &[("all", all, false), ("board", stamped("group", "board", ""), false)]);
        },
        |world| {
            let all = stamped("group", "all", "");
            gateway(world, &[("all", all, false), ("board", stamped("group", "board", ""), true)]);
        },
    ),
    (
        "F-22, disabled accounts",
        "NSD414",
        |world| {
            let room = |name| stamped("user", name, "homemdb=DB1 useraccountcontrol=514");
            gateway(world, &[("room1", room("room1"), false), ("room2", room("room2"), false)]);
        },
        |world| {
            let room = |name| stamped("user", name, "homemdb=DB1 useraccountcontrol=512");
            gateway(world, &[("room1", room("room1"), false), ("room2", room("room2"), false)]);
        },
    ),
    (
        "F-23, the recipient",
        "NSD402",
        |world| {
            let user = stamped("user", "anna", "homemdb=DB1 proxyaddresses=smtp:a@contoso.com");
            gateway(world, &[("anna", user.clone(), true), ("a", user, false)]);
        },
        |world| {
            let user = stamped("user", "anna", "homemdb=DB1 proxyaddresses=x500:a@contoso.com");
            gateway(world, &[("anna", user.clone(), true), ("a", user, false)]);
        },
    ),
    (
        "F-23, the pattern",
        "NSD413",
        |world| {
            let user = stamped(
                "user",
                "anna",
                "homemdb=DB1 proxyaddresses=smtp:a@contoso.com proxyaddresses=smtp:b@contoso.com",
            );
            gateway(world, &[("anna", user.clone(), true), ("a", user.clone(), false), ("b", user, false)]);
        },
        |world| {
            let user = stamped(
                "user",
                "anna",
                "homemdb=DB1 proxyaddresses=smtp:a@contoso.com proxyaddresses=smtp:b@contoso.com",
            );
            gateway(world, &[("anna", user.clone(), true), ("a", user.clone(), false), ("b", user, true)]);
        },
    ),
    ("F-24", "NSD402", |world| child(world, false), |world| child(world, true)),
    ("F-25", "NSD402", |world| blind(world, false), |world| blind(world, true)),
    (
        "F-26",
        "NSD205",
        |world| world.accepts_everybody(GATEWAY),
        |world| {
            // Exchange's own front end takes everybody, which is NSD205 for information: here it is silent.
            world.evidence.hops.retain(|hop| hop.role != Role::Exchange);
            world.evidence.smtp.retain(|session| !session.hop.starts_with("exchange/"));
        },
    ),
    (
        "F-27, refused",
        "NSD417",
        |world| {
            let mailbox = |name| stamped("user", name, "homemdb=DB1");
            gateway(world, &[("anna", mailbox("anna"), true), ("carl", mailbox("carl"), false)]);
        },
        |world| {
            let disabled = stamped("user", "carl", "homemdb=DB1 useraccountcontrol=514");
            gateway(world, &[("anna", stamped("user", "anna", "homemdb=DB1"), true), ("carl", disabled, false)]);
        },
    ),
    (
        "F-27, accepted",
        "NSD417",
        |world| world.rcpt(OTHER, "orders@contoso.com", UNKNOWN),
        |world| {
            world.rcpt(OTHER, "orders@contoso.com", UNKNOWN);
            world.rcpt(GATEWAY, "orders@contoso.com", UNKNOWN);
        },
    ),
    (
        "F-29",
        "NSD408",
        |world| {
            world.holds(
                "orders@contoso.com",
                &[&stamped("contact", "orders", "targetaddress=SMTP:orders@contoso.com")],
                None,
            );
            world.rcpt(OTHER, "orders@contoso.com", UNKNOWN);
        },
        |world| {
            world.holds(
                "orders@contoso.com",
                &[&stamped("contact", "orders", "targetaddress=SMTP:orders@contoso.com")],
                None,
            );
        },
    ),
    (
        "F-30",
        "NSD409",
        |world| world.noteworthy(&[&stamped("user", "anna", "homemdb=DB1 targetaddress=SMTP:anna@old.com")]),
        |world| world.noteworthy(&[&stamped("user", "anna", "targetaddress=SMTP:anna@old.com")]),
    ),
    ("F-31, recipients", "NSD410", |world| forwards(world, "altrecipient=CN=Anna"), |world| forwards(world, "")),
    (
        "F-31, addresses",
        "NSD410",
        |world| forwards(world, "msexchgenericforwardingaddress=smtp:anna@contoso.com"),
        |world| forwards(world, "msexchgenericforwardingaddress=smtp:anna@elsewhere.com"),
    ),
    (
        "F-32",
        "NSD407",
        |world| world.holds("orders@contoso.com", &[&stamped("user", "orders", "homemdb=DB1")], None),
        |world| {
            world.holds(
                "orders@contoso.com",
                &[&stamped("contact", "orders", "targetaddress=SMTP:o@zimbra.contoso.com")],
                None,
            );
        },
    ),
    (
        "F-34, none",
        "NSD415",
        |world| world.noteworthy(&[&stamped("contact", "c", "")]),
        |world| {
            world.noteworthy(&[&stamped("contact", "c", "targetaddress=SMTP:c@zimbra.contoso.com")]);
        },
    ),
    (
        "F-34, a bad one",
        "NSD415",
        |world| world.noteworthy(&[&stamped("contact", "c", "targetaddress=SMTP:c")]),
        |world| world.noteworthy(&[&stamped("group", "c", "targetaddress=SMTP:c")]),
    ),
    (
        "F-35",
        "NSD411",
        |world| {
            let contact = stamped("contact", "orders", "dn=CN=Old targetaddress=SMTP:o@zimbra.contoso.com");
            world.noteworthy(&[&stamped("user", "orders", "dn=CN=New homemdb=DB1"), &contact]);
        },
        |world| {
            let contact = stamped("contact", "orders2", "dn=CN=Old targetaddress=SMTP:o@zimbra.contoso.com");
            world.noteworthy(&[&stamped("user", "orders", "dn=CN=New homemdb=DB1"), &contact]);
        },
    ),
    (
        "F-36",
        "NSD412",
        |world| world.noteworthy(&["user mail=carl@contoso.com"]),
        |world| world.noteworthy(&["user mail=carl@elsewhere.com"]),
    ),
    (
        "F-39",
        "NSD402",
        |world| gateway(world, &[("carl", stamped("user", "carl", "homemdb=DB1"), false)]),
        |world| gateway(world, &[("carl", stamped("user", "carl", "homemdb=DB1"), true)]),
    ),
    (
        "F-43",
        "NSD418",
        |world| world.noteworthy(&[&stamped("user", "c", "msexchrecipienttypedetails=2147483648")]),
        |world| {
            let routed = "msexchrecipienttypedetails=2147483648 targetaddress=SMTP:c@contoso.mail.onmicrosoft.com";
            world.noteworthy(&[&stamped("user", "c", routed)]);
        },
    ),
    (
        "F-44",
        "NSD416",
        |world| world.noteworthy(&[&stamped("group", "all", "msexchrequireauthtosendto=TRUE")]),
        |world| world.noteworthy(&[&stamped("group", "all", "msexchrequireauthtosendto=FALSE")]),
    ),
];

#[test]
fn every_failure_mode_has_its_code_and_its_near_miss_has_not() {
    for (mode, code, story, near_miss) in ROWS {
        let (found, near) = (codes(story), codes(near_miss));
        assert!(found.contains(code), "{mode}: {code} is not among {found:?}");
        assert!(!near.contains(code), "{mode}: {code} is in the near-miss, {near:?}");
    }
}

#[test]
fn thousands_of_recipients_are_judged_and_no_remedy_is_longer_than_a_person_reads() {
    const MANY: usize = 3_000;
    let mut world = World::healthy();
    let mut swept = Vec::new();
    for number in 0..MANY {
        let name = format!("u{number:05}");
        let class = ["user", "contact", "group"][number % 3];
        let rest = match number % 2 {
            0 => format!("dn=CN={name} targetaddress=SMTP:{name}@contoso.com"),
            _ => format!("dn=CN={name} homemdb=DB1 altrecipient=CN=u{:05}", (number + 2) % MANY),
        };
        let entry = object(&stamped(class, &name, &rest));
        let (address, entries) = (format!("{name}@contoso.com"), Observed::Known(vec![entry.clone()]));
        world.evidence.directories[0].lookups.push(Lookup { address: address.clone(), entries, ..Lookup::default() });
        swept.push(Entry { dn: format!("CN=other{name}"), ..entry });
        let reply = if class == "user" { "250 2.1.5 Ok" } else { UNKNOWN };
        world.last(GATEWAY).transcript.push(turn(Stage::Rcpt, reply, Some(&address)));
        world.last(OTHER).transcript.push(turn(Stage::Rcpt, UNKNOWN, Some(&address)));
        world.question.known_good.push(address);
    }
    world.evidence.directories[0].noteworthy = Observed::Known(swept);
    world.rcpt(GATEWAY, "helpdesk@contoso.com", "250 2.1.5 Ok");
    world.rcpt(OTHER, "orders@contoso.com", "250 2.1.5 Ok");
    let case = Case::new(&world.question, &world.evidence);
    let mut found = BTreeSet::new();
    for check in crate::recipients::CHECKS {
        let mut notes = Notes::new(check);
        (check.judge)(&case, &mut notes);
        for finding in notes.findings {
            for remedy in finding.remedies {
                for all in remedy.lines() {
                    assert!(all.len() <= READABLE + 1, "{}: {}", check.code, remedy.title);
                }
            }
            found.insert(check.code);
        }
    }
    assert_eq!(
        found.into_iter().collect::<Vec<_>>(),
        ["NSD402", "NSD408", "NSD410", "NSD411", "NSD414", "NSD415", "NSD420"]
    );
}

#[test]
fn a_gateway_that_asks_one_domain_or_a_blind_catalog_is_told_so() {
    let cases: [(Change, &str); 2] = [
        (
            |world| child(world, false),
            "its 4 decisions (3 accepted, 1 refused) agree with a look-up for (proxyAddresses=smtp:<address>) in one \
             domain alone beside the other system's list, which misses other domains of the forest",
        ),
        (
            |world| blind(world, false),
            "its 3 decisions (2 accepted, 1 refused) agree with the list of zimbra, or with a look-up for \
             (proxyAddresses=smtp:<address>) at the \
             global catalog beside the other system's list, which misses what the global catalog does not hold",
        ),
    ];
    for (change, expected) in cases {
        let mut world = World::healthy();
        change(&mut world);
        let check = crate::checks().into_iter().find(|(_, check)| check.code == "NSD402").unwrap().1;
        let line = world.lines(check).remove(0);
        assert!(line.contains(expected), "{line}");
    }
}
