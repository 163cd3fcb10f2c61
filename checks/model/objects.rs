//! The directory objects that are in evidence: those that were looked up, and those that a sweep came upon, each once.
use super::Model;
use super::recipients::{holds, typed};
use crate::evidence::directory::Origin;
use crate::evidence::servers::{ExchangeServer, ServerRole};
use crate::evidence::{SystemKind, address, dn};
use crate::prelude::*;
use alloc::collections::BTreeSet;
use core::cell::OnceCell;

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
    /// Where it was read.
    source: &'a Directory,
    /// Its SMTP proxy addresses, folded, the primary one first.
    addresses: OnceCell<Vec<String>>,
}

/// The AD domain of the object named `dn`, where a session at an Exchange server of the directory's organisation does not
/// see it by itself: its scope is the server's own domain (Microsoft, "Set-ADServerSettings"). Where the servers are not
/// known, the domain that was asked stands for theirs; none where nothing is known.
pub fn afar(directory: &Directory, dn: &str) -> Option<String> {
    let servers = directory.organisation.known().and_then(|one| one.servers.known());
    let of_server = |server: &ExchangeServer| {
        let edge = server.roles.contains(&ServerRole::Edge);
        server.fqdn.as_deref().filter(|_| !edge)?.split_once('.').map(|(_, domain)| domain.to_lowercase())
    };
    let mut homes: Vec<String> = servers.into_iter().flatten().filter_map(of_server).collect();
    if homes.is_empty() {
        homes.extend(directory.root.known().and_then(|root| dn::domain(root.default_context.as_deref()?)));
    }
    let own = dn::domain(dn)?;
    homes.iter().any(|home| *home != own).then_some(own)
}

/// What has a session see the objects of all domains.
pub fn whole_forest() -> Cmdlet {
    Cmdlet::new("Set-ADServerSettings").bool("ViewEntireForest", true)
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
    pub fn addresses(&self) -> &[String] {
        self.addresses.get_or_init(|| addresses(self.entry))
    }

    /// How to call it in a sentence: its primary address, else `mail`, else its name.
    pub fn name(&self) -> String {
        let mail = || self.entry.value("mail").and_then(|mail| address::fold(mail).ok());
        self.addresses().first().cloned().or_else(mail).unwrap_or_else(|| self.entry.dn.clone())
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
        let mail = || self.entry.value("mail").and_then(|mail| address::fold(mail).ok());
        let inside = |each: &String| address::domain(each) == domain;
        self.addresses().iter().any(inside) || mail().is_some_and(|mail| inside(&mail))
    }

    /// Whether it holds `address` among its proxy addresses.
    pub fn holds(&self, address: &str) -> bool {
        holds(self.entry, address)
    }

    /// The AD domain that it is in, where a session has to be told that.
    fn afar(&self) -> Option<String> {
        afar(self.source, &self.entry.dn)
    }

    /// The cmdlet of Exchange's that does `verb` to it: `Set-MailContact -Identity …`.
    pub fn cmdlet(&self, verb: &'static str) -> Cmdlet {
        self.cmdlet_of(verb, self.noun())
    }

    /// The same of a noun that is given. One that enables has no switch for objects of another domain: see `enabled_by`.
    pub fn cmdlet_of(&self, verb: &'static str, noun: &'static str) -> Cmdlet {
        let cmdlet = Cmdlet::of(verb, noun).with("Identity", &self.entry.dn);
        if verb != "Enable" && self.afar().is_some() { cmdlet.flag("IgnoreDefaultScope") } else { cmdlet }
    }

    /// What `enable` takes to find it, and `enable`.
    pub fn enabled_by(&self, enable: Cmdlet) -> Vec<Cmdlet> {
        self.afar().map(|_| whole_forest()).into_iter().chain([enable]).collect()
    }

    /// `disable`, and what gives it back the attributes that go with that.
    pub fn taken_back(&self, disable: Cmdlet) -> Vec<Cmdlet> {
        taken_back(disable, self.entry, self.afar().as_deref())
    }

    /// The cmdlet that changes its attributes: `Set-ADObject -Identity …`.
    pub fn attribute(&self) -> Cmdlet {
        attribute(&self.entry.dn, self.afar().as_deref())
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

fn addresses(entry: &Entry) -> Vec<String> {
    let values = entry.values("proxyAddresses").iter();
    let smtp = values.filter(|value| value.get(..5).is_some_and(|kind| kind.eq_ignore_ascii_case("smtp:")));
    let mut all: Vec<(bool, String)> =
        smtp.filter_map(|value| Some((!value.starts_with("SMTP:"), address::fold(value).ok()?))).collect();
    all.sort_by_key(|(secondary, _)| *secondary);
    all.into_iter().map(|(_, address)| address).collect()
}

/// The cmdlet that changes the attributes of the object named `dn`, which is in the domain `afar` where that is another
/// than the session's own.
pub fn attribute(dn: &str, afar: Option<&str>) -> Cmdlet {
    let set = Cmdlet::new("Set-ADObject").with("Identity", dn);
    afar.into_iter().fold(set, |set, domain| set.with("Server", domain))
}

/// `disable`, and what gives `entry` back the attributes that go with that.
pub fn taken_back(disable: Cmdlet, entry: &Entry, afar: Option<&str>) -> Vec<Cmdlet> {
    let again = |name| {
        let values = entry.values(name);
        (!values.is_empty()).then(|| attribute(&entry.dn, afar).change_all("Replace", name, values))
    };
    [Some(disable), again("mail"), again("mailNickname"), again("proxyAddresses")].into_iter().flatten().collect()
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
                source: held.directory,
                addresses: OnceCell::new(),
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
            let (system, partly) = (&*directory.system, None);
            add(Object {
                system,
                directory: at,
                entry,
                pointer,
                partly,
                exported,
                source: directory,
                addresses: OnceCell::new(),
            });
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
                source: held.directory,
                addresses: OnceCell::new(),
            });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::World;

    #[test]
    fn an_object_of_another_domain_than_exchanges_is_found_by_a_session_that_is_told() {
        let contact = "contact dn=CN=C,DC=child,DC=corp,DC=com mail=c@contoso.com mailnickname=c";
        let server = |fqdn: &str, role| ExchangeServer {
            fqdn: Some(fqdn.into()),
            roles: vec![role],
            ..ExchangeServer::default()
        };
        let mailbox = |fqdn| server(fqdn, ServerRole::Mailbox);
        let root = |context: &str| crate::evidence::directory::RootDse {
            default_context: Some(context.into()),
            ..crate::evidence::directory::RootDse::default()
        };
        let cases = [
            (vec![mailbox("exch01.Child.corp.com")], "DC=corp,DC=com", false),
            (vec![mailbox("exch01.corp.com")], "DC=child,DC=corp,DC=com", true),
            (vec![mailbox("exch01.child.corp.com"), mailbox("exch02.corp.com")], "DC=child,DC=corp,DC=com", true),
            (vec![mailbox("exch01.child.corp.com"), server("edge.dmz.com", ServerRole::Edge)], "DC=corp,DC=com", false),
            (vec![], "DC=child,DC=corp,DC=com", false),
            (vec![], "DC=corp,DC=com", true),
        ];
        for (servers, context, far) in cases {
            let mut world = World::healthy();
            world.noteworthy(&[contact]);
            world.organisation().servers = Observed::Known(servers);
            world.evidence.directories[0].root = Observed::Known(root(context));
            let case = Case::new(&world.question, &world.evidence);
            let object = case.model.objects().iter().find(|one| one.entry.is("contact")).unwrap();
            let text = |cmdlet: Cmdlet| crate::remedy::Command::from(cmdlet).text().to_string();
            let dn = "-Identity 'CN=C,DC=child,DC=corp,DC=com'";
            let (switch, server) = if far { (" -IgnoreDefaultScope", " -Server 'child.corp.com'") } else { ("", "") };
            assert_eq!(text(object.cmdlet("Set")), format!("Set-MailContact {dn}{switch}"), "{context}");
            assert_eq!(text(object.attribute()), format!("Set-ADObject {dn}{server}"), "{context}");
            assert_eq!(object.enabled_by(object.cmdlet("Enable")).len(), if far { 2 } else { 1 }, "{context}");
        }
    }

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
