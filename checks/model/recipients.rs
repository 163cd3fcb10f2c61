//! The recipients under judgement, and what the directories hold of each.
use super::Diagnosis;
use super::hops::known_good;
use crate::evidence::address;
use crate::evidence::directory::{Lookup, Origin};
use crate::prelude::*;
use alloc::collections::{BTreeMap, BTreeSet};
use core::cell::OnceCell;

/// One recipient.
pub struct Recipient<'a> {
    /// Its address, folded.
    pub address: &'a str,
    /// What each directory holds of it.
    pub directories: Vec<Held<'a>>,
    /// Which lists were read, and whether it is on them.
    pub lists: Vec<Listed<'a>>,
    /// What became of it, once that was asked for.
    pub(super) diagnosed: OnceCell<Diagnosis>,
}

/// What one system's directory holds of a recipient: over LDAP, or in exports where LDAP does not say.
pub struct Held<'a> {
    /// The system.
    pub system: &'a str,
    /// What it is there.
    pub state: State,
    /// The objects that matched the address, those of other domains of the forest included.
    pub entries: Vec<&'a Entry>,
    /// The objects that matched in the server's own domain, or in the exports; none where that is not known.
    pub own: Option<&'a [Entry]>,
    /// The objects that matched in the global catalog; none where it did not say.
    pub forest: Option<&'a [Entry]>,
    /// The directory that this was read from.
    pub directory: &'a Directory,
    /// The look-up, where there was one.
    pub lookup: Option<&'a Lookup>,
    /// The JSON Pointer to the look-up.
    pub pointer: String,
}

/// Whether a recipient is on one list.
pub struct Listed<'a> {
    /// The system whose mailboxes the list names.
    pub system: &'a str,
    /// Whether it is on it.
    pub listed: bool,
    /// The JSON Pointer to the list.
    pub pointer: String,
}

/// What a recipient is in a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// A mailbox of this organisation.
    Mailbox,
    /// A mailbox of this organisation in Exchange Online.
    RemoteMailbox,
    /// An account whose mailbox is elsewhere.
    MailUser,
    /// A contact whose mailbox is elsewhere.
    Contact,
    /// A group.
    Group,
    /// A public folder.
    PublicFolder,
    /// Only `mail` is set: Exchange resolves `proxyAddresses` alone.
    MailAttributeOnly,
    /// Several objects hold the address.
    Ambiguous,
    /// No object holds it.
    Absent,
    /// The directory did not say.
    Unknown,
}

impl State {
    /// Whether Exchange resolves the address to an object.
    pub fn resolves(self) -> bool {
        !matches!(self, Self::MailAttributeOnly | Self::Absent | Self::Unknown)
    }

    /// The state in words, as in `AD holds a contact`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Mailbox => "a mailbox",
            Self::RemoteMailbox => "a remote mailbox",
            Self::MailUser => "a mail user",
            Self::Contact => "a mail contact",
            Self::Group => "a group",
            Self::PublicFolder => "a public folder",
            Self::MailAttributeOnly => "an object with this address in mail, and not in proxyAddresses",
            Self::Ambiguous => "several objects",
            Self::Absent => "no object",
            Self::Unknown => "unknown",
        }
    }
}

/// Everybody under judgement: those on lists, those that a directory names, the known-goods that were named or found, and
/// those that the run is about.
pub fn addresses<'a>(question: &'a Question, evidence: &'a Evidence) -> BTreeSet<&'a str> {
    let on_lists = evidence.files.iter().filter_map(|list| list.addresses.known()).flatten().map(String::as_str);
    let named = evidence.directories.iter().filter_map(|one| one.roster.known()).flatten().map(String::as_str);
    let about = question.about.iter().map(String::as_str);
    let all = on_lists.chain(named).chain(about).chain(known_good(question, evidence));
    all.filter(|address| address::domain(address) == question.domain).collect()
}

/// All recipients.
pub fn all<'a>(question: &'a Question, evidence: &'a Evidence) -> Vec<Recipient<'a>> {
    let systems = sources(evidence);
    addresses(question, evidence)
        .into_iter()
        .map(|address| Recipient {
            address,
            directories: systems.iter().map(|sources| held(sources, address)).collect(),
            lists: lists(evidence, address),
            diagnosed: OnceCell::new(),
        })
        .collect()
}

/// The recipient of that address, whether or not it is under judgement.
pub fn one<'a>(question: &'a Question, evidence: &'a Evidence, address: &'a str) -> Recipient<'a> {
    let systems = sources(evidence);
    let held = if address::domain(address) == question.domain {
        systems.iter().map(|sources| held(sources, address)).collect()
    } else {
        Vec::new()
    };
    Recipient { address, directories: held, lists: lists(evidence, address), diagnosed: OnceCell::new() }
}

fn lists<'a>(evidence: &'a Evidence, address: &str) -> Vec<Listed<'a>> {
    let mut lists: Vec<Listed> = Vec::new();
    for (at, list) in evidence.files.iter().enumerate() {
        let Some(addresses) = list.addresses.known() else { continue };
        let found = addresses.binary_search_by(|each| each.as_str().cmp(address)).ok();
        let pointer = match found {
            Some(place) => format!("/evidence/files/{at}/addresses/known/{place}"),
            None => format!("/evidence/files/{at}"),
        };
        match lists.iter_mut().find(|each| each.system == list.system) {
            Some(each) if found.is_some() && !each.listed => *each = Listed { listed: true, pointer, ..*each },
            Some(_) => {}
            None => lists.push(Listed { system: &list.system, listed: found.is_some(), pointer }),
        }
    }
    // There may be very many recipients, and a list that grows takes room for four.
    lists.shrink_to_fit();
    lists
}

/// One directory with its place in the evidence, and its look-ups by address.
struct Source<'a> {
    at: usize,
    directory: &'a Directory,
    places: BTreeMap<&'a str, usize>,
}

/// The directories of each system, in the order in which they count: LDAP before exports.
fn sources(evidence: &Evidence) -> Vec<Vec<Source<'_>>> {
    let mut systems: Vec<Vec<Source>> = Vec::new();
    for (at, directory) in evidence.directories.iter().enumerate() {
        // Backwards, so that the first of several counts.
        let places = directory.lookups.iter().enumerate().rev().map(|(place, each)| (&*each.address, place)).collect();
        let source = Source { at, directory, places };
        match systems.iter_mut().find(|sources| sources[0].directory.system == directory.system) {
            Some(sources) => sources.push(source),
            None => systems.push(vec![source]),
        }
    }
    for sources in &mut systems {
        sources.sort_by_key(|source| source.directory.origin == Origin::Export);
    }
    systems
}

/// What a system's directories hold of `address`: the word of the first that says. An absence from one domain is no
/// absence from the forest, so an export that holds the address counts before it.
fn held<'a>(sources: &[Source<'a>], address: &str) -> Held<'a> {
    let looks = || sources.iter().map(|source| look(source, address));
    let narrow = |held: &Held| !held.state.resolves() && held.forest.is_none();
    let mut first = looks().find(|held| held.state != State::Unknown);
    if first.as_ref().is_some_and(narrow) {
        first = looks().find(|held| held.state.resolves()).or(first);
    }
    first.unwrap_or_else(|| look(&sources[0], address))
}

fn look<'a>(source: &Source<'a>, address: &str) -> Held<'a> {
    let Source { at, directory, places } = source;
    let place = places.get(address).copied();
    let lookup = place.and_then(|place| directory.lookups.get(place));
    let own = lookup.and_then(|lookup| lookup.entries.known()).map(Vec::as_slice);
    let forest = lookup.and_then(|lookup| lookup.forest.known()).map(Vec::as_slice);
    let entries = united(own, forest);
    let state = match state(&entries, address) {
        _ if own.is_none() && forest.is_none() => State::Unknown,
        // A catalog without proxyAddresses cannot say that nobody holds it.
        State::Absent | State::MailAttributeOnly if own.is_none() && !catalogs(directory, "proxyaddresses") => {
            State::Unknown
        }
        state => state,
    };
    let pointer = match place {
        Some(place) => format!("/evidence/directories/{at}/lookups/{place}"),
        None => format!("/evidence/directories/{at}"),
    };
    Held { system: &directory.system, state, entries, own, forest, directory, lookup, pointer }
}

/// The objects of the domain, then those that the global catalog adds: it lacks attributes, and may be behind.
fn united<'a>(own: Option<&'a [Entry]>, forest: Option<&'a [Entry]>) -> Vec<&'a Entry> {
    let mut all: Vec<&Entry> = own.unwrap_or_default().iter().collect();
    for entry in forest.unwrap_or_default() {
        if all.iter().all(|known| !known.dn.eq_ignore_ascii_case(&entry.dn)) {
            all.push(entry);
        }
    }
    all
}

/// Whether the global catalog holds `attribute` (lower case), as far as is known.
pub fn catalogs(directory: &Directory, attribute: &str) -> bool {
    directory.catalog_attributes.known().is_none_or(|all| all.iter().any(|each| each == attribute))
}

/// What the objects that matched `address` make of it. One that has it in `targetAddress` alone does not resolve it.
fn state(entries: &[&Entry], address: &str) -> State {
    let by_proxy: Vec<&Entry> = entries.iter().copied().filter(|entry| holds(entry, address)).collect();
    match by_proxy[..] {
        [] if entries.iter().any(|entry| entry.values("mail").iter().any(|mail| same(mail, address))) => {
            State::MailAttributeOnly
        }
        [] => State::Absent,
        [one] => kind(one),
        _ => State::Ambiguous,
    }
}

/// Whether `address` is among the entry's SMTP proxy addresses; their case tells primary from secondary only.
pub fn holds(entry: &Entry, address: &str) -> bool {
    entry.values("proxyAddresses").iter().any(|value| {
        value.split_once(':').is_some_and(|(kind, rest)| kind.eq_ignore_ascii_case("smtp") && same(rest, address))
    })
}

/// Whether two addresses are the same to Exchange, which folds their case.
pub fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other) || one.to_lowercase() == other.to_lowercase()
}

/// What a value of `msExchRecipientTypeDetails` stands for: 64 bits, of which one is set.
fn of_type(details: i64) -> Option<State> {
    const GROUPS: i64 = 1 << 8 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 28 | 1 << 40;
    // User, linked, shared, legacy, room, equipment; system, arbitration, discovery, public folder, monitoring.
    const MAILBOXES: i64 = 0x3F | 1 << 13 | 1 << 14 | 1 << 23 | 1 << 29 | 1 << 36 | 1 << 39;
    const REMOTE: i64 = 1 << 31 | 1 << 33 | 1 << 34 | 1 << 35;
    match details {
        64 | 32768 => Some(State::Contact),
        128 => Some(State::MailUser),
        4096 => Some(State::PublicFolder),
        _ if details.count_ones() != 1 => None,
        _ if details & GROUPS != 0 => Some(State::Group),
        _ if details & MAILBOXES != 0 => Some(State::Mailbox),
        _ if details & REMOTE != 0 => Some(State::RemoteMailbox),
        _ => None,
    }
}

/// The addresses in `domain` by which people write to the object: its primary one, and so many of the others. None of what
/// Exchange keeps for itself.
pub fn rostered(entry: &Entry, domain: &str, aliases: usize) -> Vec<String> {
    const SERVICES: i64 = 1 << 13 | 1 << 14 | 1 << 23 | 1 << 29 | 1 << 36 | 1 << 39;
    const NAMES: [&str; 5] =
        ["HealthMailbox", "SystemMailbox", "DiscoverySearchMailbox", "Migration.", "FederatedEmail."];
    let of_service = entry.integer("msExchRecipientTypeDetails").is_some_and(|details| details & SERVICES != 0);
    let name = crate::evidence::dn::first(&entry.dn).unwrap_or_default();
    if of_service || NAMES.iter().any(|head| name.starts_with(head)) {
        return Vec::new();
    }
    let smtp = |value: &&String| value.get(..5).is_some_and(|kind| kind.eq_ignore_ascii_case("smtp:"));
    let values = entry.values("proxyAddresses").iter().filter(smtp);
    let mut all: Vec<(bool, String)> =
        values.filter_map(|value| Some((!value.starts_with("SMTP:"), address::fold(value).ok()?))).collect();
    all.retain(|(_, each)| address::domain(each) == domain);
    all.sort();
    all.dedup();
    let primary = usize::from(all.first().is_some_and(|(secondary, _)| !secondary));
    all.truncate(aliases.saturating_add(primary));
    all.into_iter().map(|(_, each)| each).collect()
}

/// What its recipient type says that an object is.
pub fn typed(entry: &Entry) -> Option<State> {
    of_type(entry.integer("msExchRecipientTypeDetails")?)
}

/// What one object is; the first that fits decides.
pub fn kind(entry: &Entry) -> State {
    let by_type = typed(entry);
    let remote = by_type.is_none() && entry.value("msExchRemoteRecipientType").is_some_and(|kind| kind != "0");
    let target = entry.value("targetAddress").is_some();
    if entry.is("publicFolder") {
        State::PublicFolder
    } else if entry.is("group") || entry.is("msExchDynamicDistributionList") {
        State::Group
    } else if entry.is("contact") {
        State::Contact
    } else if entry.value("homeMDB").is_some() || by_type == Some(State::Mailbox) && !target {
        State::Mailbox
    } else if remote || by_type == Some(State::RemoteMailbox) {
        State::RemoteMailbox
    } else if target {
        State::MailUser
    } else if let Some(state) = by_type {
        state
    } else if entry.value("msExchMailboxGuid").is_some() || entry.value("msExchHomeServerName").is_some() {
        State::Mailbox
    } else {
        State::MailUser
    }
}

impl Recipient<'_> {
    /// The list that it is on.
    pub fn listed(&self) -> Option<&Listed<'_>> {
        self.lists.iter().find(|list| list.listed)
    }

    /// Whether it is on a list of `system`.
    pub fn is_listed_by(&self, system: &str) -> bool {
        self.lists.iter().any(|list| list.listed && list.system == system)
    }

    /// Whether a directory resolves it.
    pub fn resolves(&self) -> bool {
        self.directories.iter().any(|held| held.state.resolves())
    }

    /// Whether the directory of `system` resolves it; any directory, where none is named.
    pub(super) fn resolves_at(&self, system: Option<&str>) -> bool {
        let own = |held: &&Held| system.is_none_or(|system| held.system == system);
        self.directories.iter().filter(own).any(|held| held.state.resolves())
    }

    /// Whether the directory of `system` holds a mailbox for it; any directory, where none is named.
    pub(super) fn has_mailbox_at(&self, system: Option<&str>) -> bool {
        let own = |held: &&Held| system.is_none_or(|system| held.system == system);
        self.directories.iter().filter(own).any(|held| held.state == State::Mailbox)
    }

    /// The directory of another system than `own` that holds a recipient of its own for it.
    pub(super) fn mailbox_beyond(&self, own: Option<&str>) -> Option<&Held<'_>> {
        let of_its_own = |state| matches!(state, State::Mailbox | State::Group | State::PublicFolder);
        self.directories.iter().find(|held| Some(held.system) != own && of_its_own(held.state))
    }

    /// The Exchange directory that holds a recipient of its own for it.
    pub fn own_directory(&self) -> Option<&Held<'_>> {
        self.mailbox_beyond(None)
    }

    /// Whether a directory holds a mailbox for it.
    pub fn has_mailbox(&self) -> bool {
        self.directories.iter().any(|held| held.state == State::Mailbox)
    }

    /// Whether every directory was asked, and none resolves it.
    pub fn is_absent(&self) -> bool {
        let absent = |state| matches!(state, State::Absent | State::MailAttributeOnly);
        !self.directories.is_empty() && self.directories.iter().all(|held| absent(held.state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(attributes: &[(&str, &str)]) -> Entry {
        let mut entry = Entry::default();
        for (name, value) in attributes {
            entry.attributes.entry(name.to_ascii_lowercase()).or_default().push((*value).into());
        }
        entry
    }

    #[test]
    fn objects_are_told_apart() {
        let cases: [(&[(&str, &str)], State); 23] = [
            (&[("objectClass", "user"), ("homeMDB", "CN=DB1")], State::Mailbox),
            (&[("objectClass", "user"), ("msExchMailboxGuid", "x")], State::Mailbox),
            (&[("objectClass", "user"), ("homeMDB", "CN=DB1"), ("targetAddress", "SMTP:a@b.c")], State::Mailbox),
            (&[("objectClass", "user"), ("homeMDB", "CN=DB1"), ("msExchRemoteRecipientType", "4")], State::Mailbox),
            (&[("objectClass", "user"), ("msExchRecipientTypeDetails", "1")], State::Mailbox),
            (&[("objectClass", "user"), ("msExchRecipientTypeDetails", "68719476736")], State::Mailbox),
            (&[("objectClass", "user"), ("targetAddress", "SMTP:a@b.c"), ("msExchMailboxGuid", "x")], State::MailUser),
            (&[("objectClass", "user"), ("msExchRecipientTypeDetails", "128")], State::MailUser),
            (&[("objectClass", "user")], State::MailUser),
            (&[("objectClass", "user"), ("msExchRecipientTypeDetails", "2147483648")], State::RemoteMailbox),
            (&[("objectClass", "user"), ("msExchRecipientTypeDetails", "34359738368")], State::RemoteMailbox),
            (&[("objectClass", "user"), ("msExchRemoteRecipientType", "1")], State::RemoteMailbox),
            (&[("objectClass", "user"), ("msExchRemoteRecipientType", "0")], State::MailUser),
            (
                &[("objectClass", "user"), ("msExchRemoteRecipientType", "4"), ("msExchRecipientTypeDetails", "128")],
                State::MailUser,
            ),
            (&[("objectClass", "contact"), ("targetAddress", "SMTP:a@b.c")], State::Contact),
            (&[("msExchRecipientTypeDetails", "64"), ("objectClass", "top")], State::Contact),
            (&[("objectClass", "top"), ("objectClass", "group")], State::Group),
            (&[("objectClass", "msExchDynamicDistributionList")], State::Group),
            (&[("objectClass", "top"), ("msExchRecipientTypeDetails", "268435456")], State::Group),
            (&[("objectClass", "publicFolder")], State::PublicFolder),
            (&[("objectClass", "top"), ("msExchRecipientTypeDetails", "4096")], State::PublicFolder),
            (&[("objectClass", "user"), ("msExchRecipientTypeDetails", "-1")], State::MailUser),
            (&[("objectClass", "user"), ("msExchRecipientTypeDetails", "9223372036854775808")], State::MailUser),
        ];
        for (attributes, expected) in cases {
            assert_eq!(kind(&entry(attributes)), expected, "{attributes:?}");
        }
    }

    #[test]
    fn proxy_addresses_decide_and_mail_or_a_target_alone_does_not() {
        let a = "a@contoso.com";
        let by_proxy = entry(&[("objectClass", "contact"), ("proxyAddresses", "smtp:A@Contoso.com")]);
        let by_mail = entry(&[("objectClass", "user"), ("mail", a)]);
        let by_x500 = entry(&[("objectClass", "user"), ("proxyAddresses", "x500:a@contoso.com"), ("mail", a)]);
        let by_target = entry(&[("objectClass", "contact"), ("targetAddress", "SMTP:a@contoso.com")]);
        let cases: [(&[&Entry], State); 7] = [
            (&[], State::Absent),
            (&[&by_target], State::Absent),
            (&[&by_proxy], State::Contact),
            (&[&by_mail], State::MailAttributeOnly),
            (&[&by_x500], State::MailAttributeOnly),
            (&[&by_proxy, &by_mail, &by_target], State::Contact),
            (&[&by_proxy, &by_proxy], State::Ambiguous),
        ];
        for (entries, expected) in cases {
            assert_eq!(state(entries, a), expected, "{entries:?}");
        }
    }

    /// A directory of `corp` that holds `address` as these classes in its own domain and in the forest.
    fn directory(origin: Origin, address: &str, own: Option<&[&str]>, forest: Option<&[&str]>) -> Directory {
        let look = |classes: Option<&[&str]>| match classes {
            Some(classes) => Observed::Known(classes.iter().map(|class| named(class, address)).collect()),
            None => Observed::NotAsked,
        };
        let lookup = Lookup { address: address.into(), entries: look(own), forest: look(forest), ..Lookup::default() };
        Directory { system: "corp".into(), origin, lookups: vec![lookup], ..Directory::default() }
    }

    fn named(class: &str, address: &str) -> Entry {
        let proxy = format!("smtp:{address}");
        let one = entry(&[("objectClass", class), ("proxyAddresses", &proxy), ("homeMDB", "CN=DB1")]);
        Entry { dn: format!("CN={class}"), ..one }
    }

    #[test]
    fn several_directories_of_a_system_have_one_word() {
        let a = "a@contoso.com";
        let ldap = |own, forest| directory(Origin::Ldap, a, own, forest);
        let export = |own| directory(Origin::Export, a, own, None);
        let cases: [(&str, Vec<Directory>, State, &str); 8] = [
            ("the forest adds", vec![ldap(Some(&[]), Some(&["user"]))], State::Mailbox, "0"),
            ("one object once", vec![ldap(Some(&["user"]), Some(&["user"]))], State::Mailbox, "0"),
            ("two in the forest", vec![ldap(Some(&["user"]), Some(&["contact"]))], State::Ambiguous, "0"),
            ("LDAP first", vec![export(Some(&["contact"])), ldap(Some(&["user"]), None)], State::Mailbox, "1"),
            ("the export where LDAP failed", vec![ldap(None, None), export(Some(&["contact"]))], State::Contact, "1"),
            ("one domain is not all", vec![ldap(Some(&[]), None), export(Some(&["contact"]))], State::Contact, "1"),
            ("the forest is all", vec![ldap(Some(&[]), Some(&[])), export(Some(&["contact"]))], State::Absent, "0"),
            ("nobody says", vec![ldap(None, None), export(None)], State::Unknown, "0"),
        ];
        for (name, directories, expected, place) in cases {
            let evidence = Evidence { directories, ..Evidence::default() };
            let systems = sources(&evidence);
            let held = held(&systems[0], a);
            assert_eq!((systems.len(), held.state), (1, expected), "{name}");
            assert_eq!(held.pointer, format!("/evidence/directories/{place}/lookups/0"), "{name}");
        }
    }

    #[test]
    fn a_catalog_without_proxy_addresses_proves_no_absence() {
        let mut blind = directory(Origin::Ldap, "a@contoso.com", None, Some(&[]));
        blind.catalog_attributes = Observed::Known(vec!["mail".into()]);
        let evidence = Evidence { directories: vec![blind], ..Evidence::default() };
        assert_eq!(held(&sources(&evidence)[0], "a@contoso.com").state, State::Unknown);
    }
}
