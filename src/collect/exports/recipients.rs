//! Makes directory entries out of exported recipients, and keeps of many those that matter.
use super::fields::{Decoded, Undecoded, flag_or_false, reference, text_or_none, texts};
use super::text::shown;
use super::value::{Object, Value};
use crate::collect::directory::{Roster, Wanted};
use crate::collect::lists::in_ascii;
use nsdiag_checks::evidence::address;
use nsdiag_checks::evidence::directory::{Entry, Population};
use nsdiag_checks::model::recipients::{kind, rostered};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// How many objects of each kind are named where some are enough.
const ROSTER: usize = 40;
/// The most noteworthy objects that are kept.
const NOTEWORTHY: usize = 5_000;

/// What stands for a value that the directory has and the export does not.
const ABSENT: &str = "(not in the export)";

/// `msExchRecipientTypeDetails` by name.
const DETAILS: [(i64, &str); 30] = [
    (1, "UserMailbox"),
    (1 << 1, "LinkedMailbox"),
    (1 << 2, "SharedMailbox"),
    (1 << 3, "LegacyMailbox"),
    (1 << 4, "RoomMailbox"),
    (1 << 5, "EquipmentMailbox"),
    (1 << 6, "MailContact"),
    (1 << 7, "MailUser"),
    (1 << 8, "MailUniversalDistributionGroup"),
    (1 << 9, "MailNonUniversalGroup"),
    (1 << 10, "MailUniversalSecurityGroup"),
    (1 << 11, "DynamicDistributionGroup"),
    (1 << 12, "PublicFolder"),
    (1 << 13, "SystemAttendantMailbox"),
    (1 << 14, "SystemMailbox"),
    (1 << 15, "MailForestContact"),
    (1 << 16, "User"),
    (1 << 17, "Contact"),
    (1 << 21, "DisabledUser"),
    (1 << 23, "ArbitrationMailbox"),
    (1 << 25, "LinkedUser"),
    (1 << 28, "RoomList"),
    (1 << 29, "DiscoveryMailbox"),
    (1 << 30, "RoleGroup"),
    (1 << 31, "RemoteUserMailbox"),
    (1 << 33, "RemoteRoomMailbox"),
    (1 << 34, "RemoteEquipmentMailbox"),
    (1 << 35, "RemoteSharedMailbox"),
    (1 << 36, "PublicFolderMailbox"),
    (1 << 40, "GroupMailbox"),
];
/// The others, which mail for a domain does not meet: `MonitoringMailbox`.
const MONITORING: (i64, &str) = (1 << 39, "MonitoringMailbox");

/// What kind of object a type is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Mailbox,
    User,
    Contact,
    Group,
    Dynamic,
    Folder,
}

/// The class that a type's name shows; also of types that are newer than the table.
fn class_of(name: &str) -> Option<Class> {
    Some(match name {
        "DynamicDistributionGroup" => Class::Dynamic,
        "PublicFolder" => Class::Folder,
        "RoomList" => Class::Group,
        "GroupMailbox" => Class::Group,
        _ if name.ends_with("Contact") => Class::Contact,
        _ if name.ends_with("Group") => Class::Group,
        _ if name.ends_with("Mailbox") && !name.starts_with("Remote") => Class::Mailbox,
        _ if name.ends_with("Mailbox") || name.ends_with("User") => Class::User,
        _ => return None,
    })
}

/// The type of a recipient: its name, and its number where it has one.
fn details(object: &Object) -> Decoded<(String, Option<i64>)> {
    let of_details = object.field("RecipientTypeDetails").filter(|value| !value.is_nil());
    if let Some(value) = of_details {
        let all = || DETAILS.iter().chain([&MONITORING]);
        let text = value.text().filter(|text| text.parse::<i64>().is_err());
        let found = match (&text, value.number()) {
            (Some(text), _) => all().find(|(_, name)| name.eq_ignore_ascii_case(text)),
            (None, Some(number)) => all().find(|(own, _)| *own == number),
            _ => None,
        };
        if let Some((number, name)) = found {
            return Ok(((*name).to_string(), Some(*number)));
        }
        if let Some(text) = text.filter(|text| class_of(text).is_some()) {
            return Ok((text, None));
        }
        let why = format!("'{}' is no type of recipient", shown(&value.text().unwrap_or_default()));
        return Err(Undecoded { field: "RecipientTypeDetails", why });
    }
    match text_or_none(object, "RecipientType")? {
        Some(text) if class_of(&text).is_some() => Ok((text, None)),
        _ => Err(Undecoded {
            field: "RecipientTypeDetails",
            why: "the export does not tell what this recipient is".into(),
        }),
    }
}

/// A recipient as the directory would give it; and why its aliases are not known, where they are not.
pub fn entry(object: &Object) -> Decoded<(Entry, Option<String>)> {
    let (name, number) = details(object)?;
    let class = class_of(&name).unwrap_or(Class::User);
    let mut entry = Entry { dn: reference(object, "DistinguishedName")?.unwrap_or_default(), ..Entry::default() };
    if entry.dn.is_empty() {
        entry.dn = object.short("Identity").or_else(|| object.short("Name")).unwrap_or_default();
    }
    let classes: &[&str] = match class {
        Class::Mailbox | Class::User => &["top", "person", "organizationalPerson", "user"],
        Class::Contact => &["top", "person", "organizationalPerson", "contact"],
        Class::Group => &["top", "group"],
        Class::Dynamic => &["top", "msExchDynamicDistributionList"],
        Class::Folder => &["top", "publicFolder"],
    };
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            entry.attributes.entry(name.into()).or_default().push(value);
        }
    };
    classes.iter().for_each(|class| put("objectclass", Some((*class).to_string())));
    let primary = text_or_none(object, "PrimarySmtpAddress")?;
    put("cn", text_or_none(object, "Name")?);
    put("mail", primary.clone());
    let (aliases, lost) = match object.has("EmailAddresses") {
        false => (vec![], Some("the export has no EmailAddresses".to_string())),
        true => match texts(object, "EmailAddresses") {
            Ok(all) => (all, None),
            Err(wrong) => (vec![], Some(format!("{}: {}", wrong.field, wrong.why))),
        },
    };
    for alias in &aliases {
        put("proxyaddresses", Some(if alias.contains(':') { alias.clone() } else { format!("smtp:{alias}") }));
    }
    if let (Some(_), Some(primary)) = (&lost, &primary) {
        put("proxyaddresses", Some(format!("SMTP:{primary}")));
    }
    let target = ["RemoteRoutingAddress", "ExternalEmailAddress"];
    let target = target.iter().find_map(|field| text_or_none(object, field).transpose()).transpose()?;
    let target = target.map(|text| if text.contains(':') { text } else { format!("SMTP:{text}") });
    // A contact without a target is broken; one whose target was not exported is not.
    let has_target = object.has("ExternalEmailAddress") || object.has("RemoteRoutingAddress");
    if matches!(class, Class::Contact | Class::User) && !has_target {
        super::fields::needed(object, "ExternalEmailAddress")?;
    }
    put("targetaddress", target);
    if class == Class::Mailbox {
        put("homemdb", reference(object, "Database")?.or_else(|| Some(ABSENT.into())));
    }
    put("msexchrecipienttypedetails", number.map(|number| number.to_string()));
    put("mailnickname", text_or_none(object, "Alias")?);
    put("altrecipient", reference(object, "ForwardingAddress")?);
    put("msexchgenericforwardingaddress", text_or_none(object, "ForwardingSmtpAddress")?);
    for (field, attribute) in [
        ("DeliverToMailboxAndForward", "deliverandredirect"),
        ("RequireSenderAuthenticationEnabled", "msexchrequireauthtosendto"),
        ("HiddenFromAddressListsEnabled", "msexchhidefromaddresslists"),
    ] {
        let told = object.field(field).is_some_and(|value| !value.is_nil());
        put(attribute, if told { Some(flag_or_false(object, field)?.to_string().to_uppercase()) } else { None });
    }
    match object.field("AccountDisabled").and_then(Value::flag) {
        Some(true) => put("useraccountcontrol", Some("514".into())),
        Some(false) => put("useraccountcontrol", Some("512".into())),
        None => {}
    }
    put("whenchanged", super::fields::changed(object));
    Ok((entry, lost))
}

/// An address as it is compared; none where it is none.
fn folded(text: &str) -> Option<String> {
    address::fold(text).ok().map(|folded| in_ascii(&folded))
}

/// The SMTP proxy addresses of an entry, folded.
fn proxies(entry: &Entry) -> impl Iterator<Item = String> + '_ {
    entry.values("proxyAddresses").iter().filter_map(|value| {
        value.split_once(':').filter(|(kind, _)| kind.eq_ignore_ascii_case("smtp")).and_then(|(_, rest)| folded(rest))
    })
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.to_lowercase().hash(&mut hasher);
    hasher.finish()
}

/// Whether a text is a distinguished name, by which an object is told from another across files.
fn is_dn(text: &str) -> bool {
    text.contains('=') && text.contains(',')
}

/// What is kept of all recipients of all files.
pub struct Sieve<'a> {
    /// What is wanted of them.
    pub wanted: Wanted<'a>,
    addresses: HashSet<&'a str>,
    /// Of each SMTP address the first object that has it: of which file, its key, whether the key is a DN.
    holders: HashMap<u64, (u32, u64, bool)>,
    /// Objects that were counted, by key.
    counted: HashSet<u64>,
    shared: HashSet<u64>,
    forwarded: HashSet<u64>,
    /// The objects of each wanted address.
    pub found: BTreeMap<&'a str, Vec<Entry>>,
    noteworthy: Vec<Entry>,
    /// A mailbox that may serve as control.
    pub known_good: Option<String>,
    /// All of them, counted.
    pub population: Population,
    /// Whom the exports name: each address with the objects that hold it.
    pub roster: BTreeMap<String, Vec<Entry>>,
    /// Whether there are more than were kept.
    pub more: bool,
    /// The most of each kind, by type and whether the account is disabled, and how many there are so far.
    most: usize,
    kinds: HashMap<(Option<i64>, bool), usize>,
    /// Whether distinguished names tell all objects apart.
    pub all_by_dn: bool,
    /// The file that is read, and the number of the object in it.
    pub file: u32,
    number: u64,
}

impl<'a> Sieve<'a> {
    /// A sieve for what is wanted.
    pub fn new(wanted: Wanted<'a>) -> Self {
        Self {
            wanted,
            addresses: wanted.addresses.iter().map(String::as_str).collect(),
            holders: HashMap::new(),
            counted: HashSet::new(),
            shared: HashSet::new(),
            forwarded: HashSet::new(),
            found: wanted.addresses.iter().map(|address| (address.as_str(), vec![])).collect(),
            noteworthy: Vec::new(),
            known_good: None,
            population: Population::default(),
            roster: BTreeMap::new(),
            more: false,
            kinds: HashMap::new(),
            most: match wanted.roster {
                Roster::Nobody => 0,
                Roster::Sample => ROSTER,
                Roster::Everybody(most) => most,
            },
            all_by_dn: true,
            file: 0,
            number: 0,
        }
    }

    /// Takes a recipient in, at the first reading.
    pub fn take(&mut self, entry: Entry) {
        self.number += 1;
        let by_dn = is_dn(&entry.dn);
        self.all_by_dn &= by_dn;
        let key = if by_dn { hash(&entry.dn) } else { hash(&format!("{} {} {}", self.file, self.number, entry.dn)) };
        if self.counted.insert(key) {
            self.population.total += 1;
            let state = serde_json::to_value(kind(&entry)).ok();
            let word = state.as_ref().and_then(|state| state.as_str()).unwrap_or("unknown");
            *self.population.by_state.entry(word.into()).or_default() += 1;
        }
        for address in proxies(&entry) {
            let mine = (self.file, key, by_dn);
            let first = *self.holders.entry(hash(&address)).or_insert(mine);
            // Two files may hold the same object; only distinguished names tell that they do not.
            if first.1 != key && (first.0 == self.file || first.2 && by_dn) {
                self.shared.insert(hash(&address));
            }
        }
        for target in ["altRecipient", "msExchGenericForwardingAddress"] {
            if let Some(target) = entry.value(target) {
                self.forwarded.insert(hash(&folded(target).unwrap_or_else(|| target.into())));
            }
        }
        if self.wanted.known_good {
            self.consider(&entry);
        }
        self.name(&entry);
        let held: Vec<&'a str> = self.addresses_of(&entry);
        for address in held {
            if let Some(entries) = self.found.get_mut(address) {
                merge(entries, &entry);
            }
        }
        if self.is_noteworthy(&entry) {
            self.keep(entry);
        }
    }

    /// Keeps the object under the addresses by which people write to it.
    fn name(&mut self, entry: &Entry) {
        if self.most == 0 {
            return;
        }
        let addresses = rostered(entry, self.wanted.domain, self.wanted.roster.aliases());
        if addresses.is_empty() {
            return;
        }
        let disabled = entry.integer("userAccountControl").is_some_and(|flags| flags & 2 != 0);
        let alike = self.kinds.entry((entry.integer("msExchRecipientTypeDetails"), disabled)).or_default();
        let known = addresses.iter().all(|address| self.roster.contains_key(address));
        let taken = known || *alike < self.most;
        self.more |= !taken;
        *alike += usize::from(!known && taken);
        for address in addresses {
            // Another object with the same address is of interest whatever its kind.
            match self.roster.get_mut(&address) {
                Some(entries) => merge(entries, entry),
                None if taken => merge(self.roster.entry(address).or_default(), entry),
                None => {}
            }
        }
    }

    /// Whether a second reading has anything to look for.
    pub fn wants_more(&self) -> bool {
        !self.shared.is_empty() || !self.forwarded.is_empty()
    }

    /// Takes a recipient in, at the second reading: those that share an address, or that another forwards to.
    pub fn take_again(&mut self, entry: Entry) {
        let identity = [&*entry.dn, entry.value("cn").unwrap_or_default()].map(hash);
        let shares = proxies(&entry)
            .map(|address| hash(&address))
            .any(|address| self.shared.contains(&address) || self.forwarded.contains(&address));
        if shares || identity.iter().any(|identity| self.forwarded.contains(identity)) {
            self.keep(entry);
        }
    }

    /// The noteworthy objects, and whether there are more.
    pub fn noteworthy(&mut self) -> (Vec<Entry>, bool) {
        let more = self.noteworthy.len() >= NOTEWORTHY;
        let mut all = std::mem::take(&mut self.noteworthy);
        all.sort_by(|a, b| a.dn.cmp(&b.dn));
        (all, more)
    }

    fn keep(&mut self, entry: Entry) {
        if self.noteworthy.len() < NOTEWORTHY {
            merge(&mut self.noteworthy, &entry);
        }
    }

    /// The wanted addresses that the entry has, in its proxy addresses, in `mail` or as its target.
    fn addresses_of(&self, entry: &Entry) -> Vec<&'a str> {
        let others = ["mail", "targetAddress"].into_iter().filter_map(|name| folded(entry.value(name)?));
        let mut held: Vec<&str> =
            proxies(entry).chain(others).filter_map(|address| self.addresses.get(&*address).copied()).collect();
        held.sort_unstable();
        held.dedup();
        held
    }

    fn is_noteworthy(&self, entry: &Entry) -> bool {
        let inside = |text: Option<&str>| {
            text.and_then(folded).is_some_and(|folded| address::domain(&folded) == self.wanted.domain)
        };
        let target = entry.value("targetAddress");
        let outside = entry.is("contact") || entry.is("user") && entry.value("homeMDB").is_none();
        entry.value("homeMDB").is_some() && target.is_some()
            || outside && (target.is_none() || inside(target))
            || entry.value("altRecipient").is_some()
            || entry.value("msExchGenericForwardingAddress").is_some()
            || inside(entry.value("mail")) && proxies(entry).next().is_none()
    }

    /// A mailbox of the domain that a gateway surely knows, if anybody: of a user, enabled, delivered here.
    fn consider(&mut self, entry: &Entry) {
        let system = ["HealthMailbox", "SystemMailbox", "DiscoverySearchMailbox", "Migration.", "FederatedEmail."];
        let name = entry.value("cn").unwrap_or_default();
        let ordinary = entry.integer("msExchRecipientTypeDetails") == Some(1)
            && entry.value("targetAddress").is_none()
            && entry.integer("userAccountControl").is_none_or(|flags| flags & 2 == 0)
            && !system.iter().any(|head| name.starts_with(head));
        let primary =
            entry.values("proxyAddresses").iter().find_map(|value| value.strip_prefix("SMTP:")).and_then(folded);
        let Some(primary) = primary.filter(|_| ordinary) else { return };
        let fits = address::domain(&primary) == self.wanted.domain && !self.addresses.contains(&*primary);
        if fits && self.known_good.as_ref().is_none_or(|known| primary < *known) {
            self.known_good = Some(primary);
        }
    }
}

/// Adds an entry, or what it knows more of one that is there: the same object from another cmdlet.
fn merge(entries: &mut Vec<Entry>, entry: &Entry) {
    let same = |own: &&mut Entry| own.dn.eq_ignore_ascii_case(&entry.dn) && is_dn(&entry.dn) || *own == entry;
    let Some(own) = entries.iter_mut().find(same) else { return entries.push(entry.clone()) };
    for (name, values) in &entry.attributes {
        let known = own.attributes.entry(name.clone()).or_default();
        // A placeholder, or the primary address alone where the aliases were lost, gives way.
        if values.len() > known.len() || known.iter().all(|value| value == ABSENT) {
            known.clone_from(values);
        }
    }
}
