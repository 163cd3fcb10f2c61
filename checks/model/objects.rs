//! The directory objects that are in evidence: those that were looked up, and those that a sweep came upon, each once.
use super::Model;
use super::recipients::{holds, typed};
use crate::evidence::directory::Origin;
use crate::evidence::{SystemKind, address};
use crate::prelude::*;
use alloc::collections::BTreeSet;

/// One object of an Exchange system's directory.
pub struct Object<'a> {
    /// The system.
    pub system: &'a str,
    /// Its place among the evidence's directories.
    pub directory: usize,
    /// The object.
    pub entry: &'a Entry,
    /// The JSON Pointer to it.
    pub pointer: String,
    /// The attributes that were visible, where the global catalog alone showed it; none is all.
    partly: Option<&'a Directory>,
    /// Whether it was read from an export, which may leave attributes out.
    exported: bool,
}

/// The kind of a `targetAddress` where that is another than SMTP.
pub(super) fn kind_of(target: &str) -> Option<&str> {
    let (kind, rest) = target.split_once(':')?;
    let word = !kind.is_empty() && kind.chars().all(|each| each.is_ascii_alphanumeric());
    (word && !rest.trim().is_empty() && !kind.eq_ignore_ascii_case("smtp")).then_some(kind)
}

impl<'a> Object<'a> {
    /// Whether the absence of `attribute` (lower case) from this object means anything.
    pub fn sees(&self, attribute: &str) -> bool {
        let Some(directory) = self.partly else { return true };
        directory.catalog_attributes.known().is_some_and(|all| all.iter().any(|each| each == attribute))
    }

    /// Whether the global catalog alone showed it, which may be behind.
    pub fn is_from_catalog(&self) -> bool {
        self.partly.is_some()
    }

    /// What it is.
    pub fn kind(&self) -> State {
        super::recipients::kind(self.entry)
    }

    /// What it is in words; no more than that where the global catalog hides what tells a mailbox from a mail user.
    pub fn word(&self) -> &'static str {
        match self.kind() {
            State::MailUser if !self.sees("homemdb") && typed(self.entry).is_none() => "an object",
            kind => kind.word(),
        }
    }

    /// Whether its mailbox keeps a copy of what it forwards (`deliverAndRedirect`); none where that was not seen. An absent
    /// attribute is FALSE in the directory, and says nothing in an export.
    pub fn keeps_copy(&self) -> Option<bool> {
        let absent = (!self.exported && self.sees("deliverandredirect")).then_some(false);
        self.entry.boolean("deliverAndRedirect").or(absent)
    }

    /// The kind of its target where that is a kind of its own: `NOTES`, `X400`. Exchange hands it to a connector for that
    /// kind.
    pub fn other_kind(&self) -> Option<&str> {
        kind_of(self.entry.value("targetAddress")?)
    }

    /// Whether Exchange surely takes it for a recipient: one that was stamped by hand has neither type nor alias.
    pub fn is_recipient(&self) -> bool {
        let marks = ["homeMDB", "mailNickname", "targetAddress"];
        typed(self.entry).is_some() || marks.iter().any(|mark| self.entry.value(mark).is_some())
    }

    /// Its SMTP proxy addresses, folded, the primary one first.
    pub fn addresses(&self) -> Vec<String> {
        let values = self.entry.values("proxyAddresses").iter();
        let smtp = values.filter(|value| value.get(..5).is_some_and(|kind| kind.eq_ignore_ascii_case("smtp:")));
        let mut all: Vec<(bool, String)> =
            smtp.filter_map(|value| Some((!value.starts_with("SMTP:"), address::fold(value).ok()?))).collect();
        all.sort_by_key(|(secondary, _)| *secondary);
        all.into_iter().map(|(_, address)| address).collect()
    }

    /// How to call it in a sentence: its primary address, else `mail`, else its name.
    pub fn name(&self) -> String {
        let mail = || self.entry.value("mail").and_then(|mail| address::fold(mail).ok());
        self.addresses().into_iter().next().or_else(mail).unwrap_or_else(|| self.entry.dn.clone())
    }

    /// Its `targetAddress` folded, or what is wrong with it; none where it has none.
    pub fn target(&self) -> Option<Result<String, String>> {
        let target = self.entry.value("targetAddress")?;
        Some(match target.split_once(':') {
            Some((kind, _)) if !kind.eq_ignore_ascii_case("smtp") && !kind.contains('@') => {
                Err(format!("'{target}' is no SMTP address"))
            }
            _ => address::fold(target),
        })
    }

    /// Whether one of its addresses is in `domain`.
    pub fn is_in(&self, domain: &str) -> bool {
        let mail = self.entry.value("mail").and_then(|mail| address::fold(mail).ok());
        self.addresses().iter().chain(&mail).any(|each| address::domain(each) == domain)
    }

    /// Whether it holds `address` among its proxy addresses.
    pub fn holds(&self, address: &str) -> bool {
        holds(self.entry, address)
    }

    /// The cmdlet of Exchange's that does `verb` to it: `Set-MailContact -Identity …`.
    pub fn cmdlet(&self, verb: &'static str) -> Cmdlet {
        Cmdlet::of(verb, self.noun()).with("Identity", &self.entry.dn)
    }

    /// The cmdlet that changes its attributes: `Set-ADObject -Identity …`.
    pub fn attribute(&self) -> Cmdlet {
        Cmdlet::new("Set-ADObject").with("Identity", &self.entry.dn)
    }

    /// The noun of the cmdlets that change it: `Set-MailContact` is for a contact.
    pub fn noun(&self) -> &'static str {
        match self.kind() {
            State::Mailbox => "Mailbox",
            State::RemoteMailbox => "RemoteMailbox",
            State::Contact => "MailContact",
            State::Group if self.entry.is("msExchDynamicDistributionList") => "DynamicDistributionGroup",
            State::Group => "DistributionGroup",
            State::PublicFolder => "MailPublicFolder",
            _ => "MailUser",
        }
    }
}

/// All objects, by system and place in the evidence.
pub(super) fn all<'a>(question: &Question, evidence: &'a Evidence, model: &Model<'a>) -> Vec<Object<'a>> {
    let exchange = |system: &str| {
        let known = question.systems.iter().find(|each| each.name == system);
        known.is_none_or(|each| each.kind != SystemKind::Other)
    };
    let mut all: Vec<Object> = Vec::new();
    let mut seen: BTreeSet<(&str, String)> = BTreeSet::new();
    let mut add = |object: Object<'a>| {
        if object.entry.dn.is_empty() || seen.insert((object.system, object.entry.dn.to_lowercase())) {
            all.push(object);
        }
    };
    let place = |directory: &Directory| {
        evidence.directories.iter().position(|each| core::ptr::eq(each, directory)).unwrap_or_default()
    };
    let held = || model.recipients.iter().flat_map(|one| &one.directories).filter(|held| exchange(held.system));
    // What the domain itself said first: the global catalog shows a part of each object only.
    for held in held() {
        for (at, entry) in held.own.unwrap_or_default().iter().enumerate() {
            let pointer = format!("{}/entries/known/{at}", held.pointer);
            let exported = held.directory.origin == Origin::Export;
            add(Object {
                system: held.system,
                directory: place(held.directory),
                entry,
                pointer,
                partly: None,
                exported,
            });
        }
    }
    // Of several directories of a system, the first that was swept: the same object may have another name in the next.
    let mut swept: Vec<(usize, &Directory, &[Entry])> = Vec::new();
    for (at, directory) in evidence.directories.iter().enumerate() {
        let Some(entries) = directory.noteworthy.known().filter(|_| exchange(&directory.system)) else { continue };
        match swept.iter_mut().find(|(_, known, _)| known.system == directory.system) {
            Some(known) if known.1.origin == Origin::Export && directory.origin == Origin::Ldap => {
                *known = (at, directory, entries);
            }
            Some(_) => {}
            None => swept.push((at, directory, entries)),
        }
    }
    for (at, directory, entries) in swept {
        for (place, entry) in entries.iter().enumerate() {
            let pointer = format!("/evidence/directories/{at}/noteworthy/known/{place}");
            let exported = directory.origin == Origin::Export;
            add(Object { system: &directory.system, directory: at, entry, pointer, partly: None, exported });
        }
    }
    for held in held() {
        for (at, entry) in held.forest.unwrap_or_default().iter().enumerate() {
            let pointer = format!("{}/forest/known/{at}", held.pointer);
            let partly = Some(held.directory);
            add(Object {
                system: held.system,
                directory: place(held.directory),
                entry,
                pointer,
                partly,
                exported: false,
            });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;
    use crate::stories::World;

    #[test]
    fn an_object_is_in_evidence_once_and_whole_where_it_can_be() {
        let user = "user dn=CN=Orders proxyaddresses=smtp:alias@contoso.com proxyaddresses=SMTP:Orders@contoso.com";
        let child = "user dn=CN=Sales proxyaddresses=SMTP:sales@contoso.com";
        let mut world = World::healthy();
        world.holds("orders@contoso.com", &[user], Some(&[user]));
        world.holds("sales@contoso.com", &[], Some(&[child]));
        world.noteworthy(&[user, "contact dn=CN=Other mail=other@contoso.com targetaddress=X400:c=de"]);
        let case = Case::new(&world.question, &world.evidence);
        let found: Vec<_> =
            case.model.objects().iter().map(|one| (one.name(), &*one.pointer, one.sees("homemdb"))).collect();
        let lookup = |at: usize, rest: &str| format!("/evidence/directories/0/lookups/{at}/{rest}");
        let expected = [
            ("helpdesk@contoso.com".to_string(), lookup(0, "entries/known/0"), true),
            ("orders@contoso.com".to_string(), lookup(1, "entries/known/0"), true),
            ("other@contoso.com".to_string(), "/evidence/directories/0/noteworthy/known/1".to_string(), true),
            ("sales@contoso.com".to_string(), lookup(2, "forest/known/0"), false),
        ];
        assert_eq!(found, expected.each_ref().map(|(name, pointer, whole)| (name.clone(), &**pointer, *whole)));
        let other = &case.model.objects()[2];
        assert_eq!(other.target(), Some(Err("'X400:c=de' is no SMTP address".into())));
        assert_eq!(case.model.objects()[1].addresses(), ["orders@contoso.com", "alias@contoso.com"]);
    }
}
