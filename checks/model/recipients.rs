//! The recipients under judgement, and what the directories hold of each.
use super::Diagnosis;
use super::hops::known_good;
use crate::evidence::address;
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

/// What one directory holds of a recipient.
pub struct Held<'a> {
    /// The system.
    pub system: &'a str,
    /// What it is there.
    pub state: State,
    /// The objects that hold the address in `proxyAddresses`, or in `mail` alone.
    pub entries: &'a [Entry],
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

/// All recipients: those on lists, and the known-goods that were named or found.
pub fn all<'a>(question: &'a Question, evidence: &'a Evidence) -> Vec<Recipient<'a>> {
    let on_lists = evidence.files.iter().filter_map(|list| list.addresses.known()).flatten().map(String::as_str);
    let addresses: BTreeSet<&str> = on_lists.chain(known_good(question, evidence)).collect();
    let by_address = |directory: &'a Directory| -> BTreeMap<&'a str, usize> {
        // Backwards, so that the first of several counts.
        directory.lookups.iter().enumerate().rev().map(|(place, lookup)| (&*lookup.address, place)).collect()
    };
    let directories: Vec<_> = evidence.directories.iter().map(|one| (one, by_address(one))).collect();
    let held = |address| {
        let each = directories.iter().enumerate();
        each.map(|(at, (directory, places))| held(at, directory, places.get(address).copied(), address)).collect()
    };
    addresses
        .into_iter()
        .filter(|address| address::domain(address) == question.domain)
        .map(|address| Recipient {
            address,
            directories: held(address),
            lists: lists(evidence, address),
            diagnosed: OnceCell::new(),
        })
        .collect()
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
    lists
}

fn held<'a>(at: usize, directory: &'a Directory, place: Option<usize>, address: &str) -> Held<'a> {
    let entries = place.and_then(|place| directory.lookups.get(place)?.entries.known());
    Held {
        system: &directory.system,
        state: entries.map_or(State::Unknown, |entries| state(entries, address)),
        entries: entries.map_or(&[], Vec::as_slice),
        pointer: match place {
            Some(place) => format!("/evidence/directories/{at}/lookups/{place}"),
            None => format!("/evidence/directories/{at}"),
        },
    }
}

/// What the objects that matched `address` make of it.
fn state(entries: &[Entry], address: &str) -> State {
    let by_proxy: Vec<&Entry> = entries.iter().filter(|entry| holds(entry, address)).collect();
    match by_proxy[..] {
        [] if entries.is_empty() => State::Absent,
        [] => State::MailAttributeOnly,
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

fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other) || one.to_lowercase() == other.to_lowercase()
}

/// The remote mailbox types of `msExchRecipientTypeDetails`: user, room, equipment, shared.
const REMOTE: [i64; 4] = [1 << 31, 1 << 33, 1 << 34, 1 << 35];

/// What one object is; the first that fits decides.
pub fn kind(entry: &Entry) -> State {
    let details = entry.integer("msExchRecipientTypeDetails").unwrap_or(0);
    if entry.is("publicFolder") || details == 4096 {
        State::PublicFolder
    } else if entry.is("group") || entry.is("msExchDynamicDistributionList") {
        State::Group
    } else if entry.is("contact") {
        State::Contact
    } else if REMOTE.contains(&details) || entry.value("msExchRemoteRecipientType").is_some_and(|kind| kind != "0") {
        State::RemoteMailbox
    } else if entry.value("homeMDB").is_some() {
        State::Mailbox
    } else if entry.value("targetAddress").is_some() {
        State::MailUser
    } else if entry.value("msExchMailboxGuid").is_some() || entry.value("msExchHomeServerName").is_some() {
        State::Mailbox
    } else {
        State::MailUser
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
        let cases: [(&[(&str, &str)], State); 10] = [
            (&[("objectClass", "user"), ("homeMDB", "CN=DB1")], State::Mailbox),
            (&[("objectClass", "user"), ("msExchMailboxGuid", "x")], State::Mailbox),
            (&[("objectClass", "user"), ("homeMDB", "CN=DB1"), ("targetAddress", "SMTP:a@b.c")], State::Mailbox),
            (&[("objectClass", "user"), ("targetAddress", "SMTP:a@b.c"), ("msExchMailboxGuid", "x")], State::MailUser),
            (&[("objectClass", "user"), ("msExchRecipientTypeDetails", "2147483648")], State::RemoteMailbox),
            (&[("objectClass", "user"), ("msExchRecipientTypeDetails", "34359738368")], State::RemoteMailbox),
            (&[("objectClass", "contact"), ("targetAddress", "SMTP:a@b.c")], State::Contact),
            (&[("objectClass", "top"), ("objectClass", "group")], State::Group),
            (&[("objectClass", "msExchDynamicDistributionList")], State::Group),
            (&[("objectClass", "publicFolder")], State::PublicFolder),
        ];
        for (attributes, expected) in cases {
            assert_eq!(kind(&entry(attributes)), expected, "{attributes:?}");
        }
    }

    #[test]
    fn proxy_addresses_decide_and_mail_alone_does_not() {
        let a = "a@contoso.com";
        let by_proxy = entry(&[("objectClass", "contact"), ("proxyAddresses", "smtp:A@Contoso.com")]);
        let by_mail = entry(&[("objectClass", "user"), ("mail", a)]);
        let by_x500 = entry(&[("objectClass", "user"), ("proxyAddresses", "x500:a@contoso.com"), ("mail", a)]);
        assert_eq!(state(&[], a), State::Absent);
        assert_eq!(state(core::slice::from_ref(&by_proxy), a), State::Contact);
        assert_eq!(state(core::slice::from_ref(&by_mail), a), State::MailAttributeOnly);
        assert_eq!(state(core::slice::from_ref(&by_x500), a), State::MailAttributeOnly);
        assert_eq!(state(&[by_proxy.clone(), by_mail.clone()], a), State::Contact);
        assert_eq!(state(&[by_proxy.clone(), by_proxy], a), State::Ambiguous);
    }
}
