//! What the directories say: the Exchange organisation, and the recipients' objects.
use super::fields;
use super::parts::{Absence, Item, Look, Part, field, known, look, set};
use crate::evidence::directory::Origin;
use crate::evidence::transport::TransportConfig;
use crate::model::recipients::kind;
use crate::prelude::*;
use alloc::collections::BTreeMap;

/// Attributes that lead no mail: names for people, and times, which each domain controller has for itself.
const ASIDE: [&str; 6] =
    ["cn", "displayname", "whencreated", "whenchanged", "legacyexchangedn", "msexchhidefromaddresslists"];

/// Attributes by the names that administrators know them by.
const KNOWN: [&str; 15] = [
    "objectClass",
    "mailNickname",
    "proxyAddresses",
    "targetAddress",
    "homeMDB",
    "msExchHomeServerName",
    "msExchMailboxGuid",
    "msExchRecipientTypeDetails",
    "msExchRecipientDisplayType",
    "msExchRemoteRecipientType",
    "msExchRequireAuthToSendTo",
    "msExchGenericForwardingAddress",
    "altRecipient",
    "deliverAndRedirect",
    "userAccountControl",
];

/// The part that all others of a directory are within, and the one that those of its organisation are within.
const WHOLE: &str = "directory";
const ORGANISATION: &str = "Exchange organisation";

pub(super) fn parts(evidence: &Evidence) -> Vec<Part> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let of_one = |directory| {
        let name = name(directory);
        let times = seen.entry(name.clone()).or_default();
        *times += 1;
        let name = if *times > 1 { format!("{name}, {times}") } else { name };
        of_directory(directory, &name)
    };
    evidence.directories.iter().flat_map(of_one).collect()
}

/// Whose directory, and over which way.
fn name(directory: &Directory) -> String {
    match directory.origin {
        Origin::Ldap => directory.system.clone(),
        Origin::Export => format!("{}, by export", directory.system),
    }
}

fn of_directory(directory: &Directory, name: &str) -> Vec<Part> {
    let mut all = Vec::new();
    if directory.origin == Origin::Ldap {
        let bind = look(&directory.bind, |user| vec![Item::new("", "", vec![field("bound as", known(user))])]);
        all.push(Part::new(WHOLE, name, bind));
    }
    let exports = directory.exports.iter().map(|file| {
        let read = look(&file.objects, |_| Some(super::Value::One("yes".into())));
        Item::new("export", &file.path, vec![field("readable", read), field("cmdlet", known(&file.cmdlet))])
    });
    if !directory.exports.is_empty() {
        all.push(Part::new("exports", name, Observed::Known(exports.collect())));
    }
    match &directory.organisation {
        Observed::Known(organisation) => {
            let parts = of_organisation(organisation, name);
            all.extend(parts.into_iter().map(|part| part.within(ORGANISATION)));
        }
        Observed::Unknown(_) | Observed::NotAsked => {}
    }
    all.push(Part::new(ORGANISATION, name, look(&directory.organisation, |_| vec![])).within(WHOLE));
    let attributes = look(&directory.catalog_attributes, |all| Some(super::Value::set(all.iter().cloned())));
    let catalog = match &directory.catalog {
        Observed::Known(_) => vec![field("attributes", attributes)],
        Observed::Unknown(miss) => vec![field("attributes", Observed::Unknown(miss.clone()))],
        Observed::NotAsked => vec![],
    };
    if !catalog.is_empty() {
        all.push(Part::one("global catalog", name, catalog).within(WHOLE));
    }
    if let Observed::Known(population) = &directory.population {
        let by_state = population.by_state.iter().map(|(state, number)| field(state, known(number.to_string())));
        let total = field("all", known(population.total.to_string()));
        let counted = [total].into_iter().chain(by_state).collect();
        all.push(Part::one("number of recipients", name, counted).within(WHOLE));
    }
    let recipients = of_roster(directory, name).into_iter().chain(of_lookups(directory, name));
    all.extend(recipients.chain(of_objects(directory, name)).map(|part| part.within(WHOLE)));
    all
}

/// A list of an organisation's objects.
fn listed<T: Serialize>(
    (what, plural): (&str, &str),
    place: &str,
    seen: &Observed<Vec<T>>,
    named: impl Fn(&T) -> String,
) -> Part {
    let items = look(seen, |all| {
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        let item = |object: &T| {
            let name = named(object);
            let times = times.entry(name.clone()).or_default();
            *times += 1;
            fields::item(what, if *times > 1 { format!("{name}, {times}") } else { name }, object)
        };
        all.iter().map(item).collect()
    });
    Part::new(plural, place, items)
}

fn of_organisation(seen: &Organisation, place: &str) -> Vec<Part> {
    let domain = |name: &String, domain: &String| if domain.is_empty() { name.clone() } else { domain.clone() };
    let of = |what, plural| (what, plural);
    let filter = look(&seen.recipient_filter, |filter| filter.iter().map(|one| fields::item("", "", one)).collect());
    let config = |one: &TransportConfig| vec![fields::item("", "", one)];
    let mut rules =
        listed(of("transport rule", "transport rules"), place, &seen.transport_rules, |one| one.name.clone());
    rules.ordered = true;
    let receive = of("receive connector", "receive connectors");
    vec![
        listed(of("accepted domain", "accepted domains"), place, &seen.accepted_domains, |one| {
            domain(&one.name, &one.domain)
        }),
        listed(of("send connector", "send connectors"), place, &seen.send_connectors, |one| one.name.clone()),
        Part::new("recipient filter", place, filter),
        listed(receive, place, &seen.receive_connectors, |one| format!("{}\\{}", one.server, one.name)),
        listed(of("Exchange server", "Exchange servers"), place, &seen.servers, |one| one.name.clone()),
        listed(of("Edge subscription", "Edge subscriptions"), place, &seen.edge_subscriptions, |one| one.name.clone()),
        listed(of("inbound connector", "inbound connectors"), place, &seen.inbound_connectors, |one| one.name.clone()),
        listed(of("outbound connector", "outbound connectors"), place, &seen.outbound_connectors, |one| {
            one.name.clone()
        }),
        rules,
        listed(of("remote domain", "remote domains"), place, &seen.remote_domains, |one| {
            domain(&one.name, &one.domain)
        }),
        Part::new("transport configuration", place, look(&seen.transport_config, config)),
    ]
}

/// Whom the directory names, where it names everybody: of a sample nobody's absence means anything.
fn of_roster(directory: &Directory, place: &str) -> Option<Part> {
    let all = directory.roster.known().filter(|_| directory.roster_incomplete.is_none())?;
    let item = |address: &String| Item::new("address in the directory", address, vec![]);
    Some(Part::new("addresses in the directory", place, Observed::Known(all.iter().map(item).collect())))
}

/// Which objects hold each address, and what it is by them.
fn of_lookups(directory: &Directory, place: &str) -> Option<Part> {
    if directory.lookups.is_empty() {
        return None;
    }
    let holders = |entries: &Vec<Entry>| {
        let one = |entry: &Entry| format!("{} ({})", entry.dn, kind(entry).word());
        Some(super::Value::set(entries.iter().map(one)))
    };
    let item = |lookup: &Lookup| {
        let mut fields = vec![field("held by", look(&lookup.entries, holders))];
        if !matches!(lookup.forest, Observed::NotAsked) {
            fields.push(field("held in the whole forest by", look(&lookup.forest, holders)));
        }
        Item::new("address", &lookup.address, fields)
    };
    let items = directory.lookups.iter().map(item).collect();
    let mut part = Part::new("addresses looked up", place, Observed::Known(items));
    part.absence = Absence::NotAsked;
    Some(part)
}

/// The objects themselves, each once, whatever they were found by.
fn of_objects(directory: &Directory, place: &str) -> Vec<Part> {
    let mut objects: BTreeMap<&str, &Entry> = BTreeMap::new();
    let whole = directory.lookups.iter().flat_map(|one| one.entries.known().into_iter().flatten());
    for entry in whole.chain(directory.noteworthy.known().into_iter().flatten()) {
        objects.entry(&entry.dn).or_insert(entry);
    }
    let items = objects.values().map(|entry| object(entry)).collect();
    let mut known = Part::new("objects", place, Observed::Known(items));
    // Who holds an address is told of the address.
    known.absence = Absence::Nothing;
    let whole = directory.noteworthy_incomplete.is_none();
    let noted = look(&directory.noteworthy, |all| {
        let item = |entry: &Entry| {
            Item::new("object of note", &entry.dn, vec![field("", super::parts::known(kind(entry).word()))])
        };
        all.iter().map(item).collect()
    });
    let mut noted = Part::new("objects of note", place, noted);
    noted.absence = if whole { Absence::Gone } else { Absence::NotAsked };
    vec![known, noted]
}

fn object(entry: &Entry) -> Item {
    let fields = entry.attributes.iter().filter(|(name, _)| !ASIDE.contains(&&***name)).map(|(name, values)| {
        let shown = KNOWN.iter().find(|known| known.eq_ignore_ascii_case(name)).map_or(&**name, |known| known);
        let look: Look = set(values.iter().cloned());
        field(shown, look)
    });
    let mut item = Item::new("object", &entry.dn, fields.collect());
    item.changed = entry.value("whenChanged").map(String::from);
    item
}
