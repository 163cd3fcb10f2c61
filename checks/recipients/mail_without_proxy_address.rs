//! NSD412: an address in `mail` that is no proxy address (F-36).
use super::contacts::owner;
use super::{at_its_source, is_online, objects, tell_objects};
use crate::evidence::address;
use crate::evidence::exchange::DomainKind;
use crate::exchange::relay::way_first;
use crate::model::Object;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD412",
    name: "mail-without-proxy-address",
    title: "addresses that are in mail alone, where Exchange does not look",
    severity: Severity::Warning,
    why: "Exchange resolves proxyAddresses, a gateway may look at mail. Such an address passes that gateway and is unknown to \
          Exchange: it bounces (5.1.10 since Exchange 2016, 5.1.1 before), or is relayed like everything that Exchange does \
          not know. Where another object holds it in proxyAddresses, Exchange resolves it to that one, and all is well.",
    fix: "Mail-enable the object, so that Exchange stamps its proxy addresses.",
    sources: &["https://learn.microsoft.com/exchange/mail-flow/mail-routing/recipient-resolution"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    let domain = &case.question.domain;
    let mail = |object: &Object| {
        let mail = address::fold(object.entry.value("mail")?).ok()?;
        (address::domain(&mail) == domain && object.sees("proxyaddresses") && !object.holds(&mail)).then_some(mail)
    };
    let orphan = |object: &'_ Object| mail(object).filter(|mail| !is_held(case, object.system, mail));
    let all: Vec<_> = objects(case, notes).filter_map(|object| Some((object, orphan(object)?))).collect();
    for fate in [Fate::Bounces, Fate::MayBounce, Fate::Relayed, Fate::Open, Fate::Arrives] {
        let some: Vec<_> = all.iter().filter(|(object, mail)| Fate::of(case, object, mail) == fate).collect();
        let Some((first, _)) = some.first() else { continue };
        let names: Vec<&str> = some.iter().map(|(_, mail)| &**mail).collect();
        let (severity, certainty, becomes) = match fate {
            Fate::Bounces => (Severity::Warning, Certainty::Proven, ""),
            Fate::MayBounce => (
                Severity::Warning,
                Certainty::Likely,
                "; not proven, because nobody asked whether another object holds it in proxyAddresses",
            ),
            Fate::Relayed => (
                Severity::Warning,
                Certainty::Likely,
                "; Exchange relays them, and whether anybody has their mailboxes is not known",
            ),
            Fate::Open => (
                Severity::Warning,
                Certainty::Likely,
                "; whether Exchange bounces or relays them is not known, because its accepted domains were not seen",
            ),
            Fate::Arrives => {
                (Severity::Info, Certainty::Proven, "; Exchange relays them to the other system, whose list names them")
            }
        };
        let object = if some.len() == 1 { format!(" ('{}')", first.entry.dn) } else { String::new() };
        let detail = format!("in mail, and not in proxyAddresses: {}{object}{becomes}", listed(&names, 5));
        let owners: Vec<_> = some.iter().filter_map(|(object, mail)| owner(case, object, mail)).collect();
        let own = some.iter().filter(|(object, mail)| owner(case, object, mail).is_none());
        let pairs: Vec<_> = own.map(|(object, mail)| enable(object, mail)).collect();
        let objects: Vec<_> = some.iter().map(|(object, _)| *object).collect();
        let finding = tell_objects(notes, &objects, detail);
        let remedy = match some.iter().any(|(object, _)| is_online(case, object)) {
            true => at_its_source("add the address to proxyAddresses"),
            false => Remedy::stepwise("Mail-enable them", pairs).noting(way_first(case, first.system)),
        };
        finding.severity(severity).certainty(certainty);
        if !remedy.commands.is_empty() {
            finding.mend(remedy);
        }
        if !owners.is_empty() {
            let steps = vec![format!("The address is the name of {}: mail-enable that instead", listed(&owners, 5))];
            finding.mend(Remedy::steps("exchange", "Leave second accounts as they are", steps));
        }
    }
}

/// Whether another object of the system holds `mail` among its proxy addresses, as far as is in evidence: an administrator's
/// second account often bears the first one's address.
fn is_held(case: &Case, system: &str, mail: &str) -> bool {
    let recipient = case.model.recipient(mail);
    let held = recipient.into_iter().flat_map(|one| &one.directories).find(|held| held.system == system);
    held.is_some_and(|held| held.state.resolves()) || case.model.holders(mail).any(|object| object.system == system)
}

/// What becomes of the mail.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    /// Exchange does not relay, and nothing holds the address.
    Bounces,
    /// Exchange does not relay; whether another object holds the address was not asked.
    MayBounce,
    /// Exchange relays what it does not know.
    Relayed,
    /// Whether it relays was not seen.
    Open,
    /// It relays it to where the mailbox is.
    Arrives,
}

impl Fate {
    fn of(case: &Case, object: &Object, mail: &str) -> Self {
        let organisation = case.model.organisations.iter().find(|each| each.system == object.system);
        let recipient = case.model.recipient(mail);
        let mut held =
            recipient.into_iter().flat_map(|one| &one.directories).filter(|held| held.system == object.system);
        let asked = held.any(|held| matches!(held.state, State::Absent | State::MailAttributeOnly));
        match organisation.map(|each| each.accepted_domain()) {
            Some(Ok(Some((_, accepted)))) => match accepted.kind {
                DomainKind::InternalRelay | DomainKind::ExternalRelay => match recipient.and_then(|one| one.listed()) {
                    Some(_) => Self::Arrives,
                    None => Self::Relayed,
                },
                DomainKind::Unknown => Self::Open,
                DomainKind::Authoritative if asked => Self::Bounces,
                DomainKind::Authoritative => Self::MayBounce,
            },
            // It refuses the whole domain.
            Some(Ok(None)) if asked => Self::Bounces,
            Some(Ok(None)) => Self::MayBounce,
            Some(Err(_)) | None => Self::Open,
        }
    }
}

/// The command that mail-enables `object` with the address, and the one that takes it back.
fn enable(object: &Object, mail: &str) -> (Vec<Cmdlet>, Vec<Cmdlet>) {
    let set = |noun| {
        let set = |what| object.cmdlet_of("Set", noun).change("EmailAddresses", what, mail);
        (vec![set("Add")], vec![set("Remove")])
    };
    let enable = |noun, parameters: &[&'static str]| {
        let enable = parameters.iter().fold(object.cmdlet_of("Enable", noun), |cmdlet, name| cmdlet.with(name, mail));
        let disable = object.cmdlet_of("Disable", noun).off("Confirm");
        (object.enabled_by(enable), object.taken_back(disable))
    };
    match object.kind() {
        // It is a recipient already, under other addresses.
        _ if !object.addresses().is_empty() => set(object.noun()),
        State::Mailbox => set("Mailbox"),
        State::Group => enable("DistributionGroup", &["PrimarySmtpAddress"]),
        State::PublicFolder => enable("MailPublicFolder", &[]),
        // Without a primary address the address policy gives one that is made of the alias.
        State::Contact => enable("MailContact", &["ExternalEmailAddress", "PrimarySmtpAddress"]),
        _ => enable("MailUser", &["ExternalEmailAddress", "PrimarySmtpAddress"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::World;

    #[test]
    fn mail_alone_is_found_and_is_harmless_only_where_it_is_relayed() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.noteworthy(&["user dn=CN=Carl mail=carl@contoso.com", "user mail=x@elsewhere.com"]);
        let found = "warning likely: in mail, and not in proxyAddresses: carl@contoso.com ('CN=Carl'); Exchange relays them, \
                     and whether anybody has their mailboxes is not known [carl@contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
        assert_eq!(
            world.commands(&CHECK),
            ["Enable-MailUser -Identity 'CN=Carl' -ExternalEmailAddress 'carl@contoso.com' -PrimarySmtpAddress \
              'carl@contoso.com'"]
        );
        world.noteworthy(&["user mail=carl@contoso.com proxyaddresses=smtp:Carl@contoso.com"]);
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.noteworthy(&["user dn=CN=Orders mail=orders@contoso.com"]);
        let relayed = "info proven: in mail, and not in proxyAddresses: orders@contoso.com ('CN=Orders'); Exchange relays \
                       them to the other system, whose list names them [orders@contoso.com]";
        assert_eq!(world.lines(&CHECK), [relayed]);
        world.accepted(|accepted| accepted.kind = DomainKind::Authoritative);
        assert!(world.lines(&CHECK)[0].starts_with("warning proven: "));
        world.noteworthy(&["user dn=CN=Carl mail=carl@contoso.com"]);
        let unasked = "; not proven, because nobody asked whether another object holds it in proxyAddresses";
        assert!(world.lines(&CHECK)[0].starts_with("warning likely: ") && world.lines(&CHECK)[0].contains(unasked));
        world.hide_configuration();
        let open = "whether Exchange bounces or relays them is not known";
        assert!(world.lines(&CHECK)[0].starts_with("warning likely: ") && world.lines(&CHECK)[0].contains(open));
        world.noteworthy(&[]);
        world.holds("sales@contoso.com", &[], Some(&["user mail=sales@contoso.com"]));
        assert_eq!(world.lines(&CHECK), [""; 0], "the global catalog may lack the proxy addresses");
    }

    #[test]
    fn a_second_account_with_somebody_elses_address_is_no_fault() {
        let admin = "user dn=CN=Carl_Admin mail=carl@contoso.com";
        let carl = "user dn=CN=Carl proxyaddresses=SMTP:carl@contoso.com mail=carl@contoso.com homemdb=DB1";
        let mut world = World::healthy();
        world.noteworthy(&[admin, carl]);
        assert_eq!(world.lines(&CHECK), [""; 0], "swept");
        world.noteworthy(&[admin]);
        world.question.known_good.push("carl@contoso.com".into());
        world.holds("carl@contoso.com", &[admin, carl], None);
        assert_eq!(world.lines(&CHECK), [""; 0], "looked up");
        world.holds("carl@contoso.com", &[admin], None);
        assert_eq!(world.lines(&CHECK).len(), 1);
    }

    #[test]
    fn an_account_with_the_name_of_another_is_not_mail_enabled() {
        let mut world = World::healthy();
        let second = "user dn=CN=Admin mail=orders@contoso.com";
        world.holds("orders@contoso.com", &[second], None);
        assert_eq!(world.commands(&CHECK).len(), 1);
        let accounts = &mut world.evidence.directories[0].lookups.last_mut().unwrap().accounts;
        accounts.push(crate::stories::object("user dn=CN=Orders userprincipalname=orders@contoso.com"));
        assert_eq!(world.commands(&CHECK), [""; 0]);
        world.holds("orders@contoso.com", &[&format!("{second} userprincipalname=Orders@contoso.com")], None);
        assert_eq!(world.commands(&CHECK).len(), 1, "it is its own name");
    }

    #[test]
    fn both_kinds_of_relay_domain_relay() {
        let mut world = World::healthy();
        world.noteworthy(&["user dn=CN=Orders mail=orders@contoso.com"]);
        for (kind, expected) in [
            (DomainKind::InternalRelay, "info proven: "),
            (DomainKind::ExternalRelay, "info proven: "),
            (DomainKind::Unknown, "warning likely: "),
        ] {
            world.accepted(|accepted| accepted.kind = kind);
            assert!(world.lines(&CHECK)[0].starts_with(expected), "{kind:?}: {:?}", world.lines(&CHECK));
        }
    }
}
