//! NSD408: a contact or mail user whose target in the shared domain leads nowhere, or back (F-29).
use super::{objects, readable};
use crate::evidence::address;
use crate::evidence::exchange::DomainKind;
use crate::model::Object;
use crate::prelude::*;
use alloc::collections::BTreeMap;

pub(super) const CHECK: Check = Check {
    code: "NSD408",
    name: "contact-targets-shared-domain",
    title: "contacts that target the shared domain, where the other side does not take them",
    severity: Severity::Warning,
    why: "A contact whose target is an address of the shared domain hands its mail to the other side, which is right while \
          the mailbox is there. Once it is gone, or the other side has a contact that points back, mail bounces or goes round.",
    fix: "Delete what is stale, or target a domain of each system's own (…@ext.contoso.com) that routing can tell apart.",
    judge,
};

/// Why the other side does not take it.
type Reason<'a> = (Certainty, String, Vec<String>, &'a Object<'a>, String);

fn judge(case: &Case, notes: &mut Notes) {
    let domain = &case.question.domain;
    let mut elsewhere: BTreeMap<String, Vec<&Object>> = BTreeMap::new();
    for object in case.model.objects().iter().filter(|object| stands_for(object, domain).is_some()) {
        for each in object.addresses() {
            elsewhere.entry(each).or_default().push(object);
        }
    }
    let mut found: Vec<Reason> = Vec::new();
    for object in objects(case, notes) {
        let Some(target) = stands_for(object, domain) else { continue };
        let back = elsewhere.get(&target).and_then(|all| all.iter().find(|other| other.system != object.system));
        if let Some(back) = back {
            let why = format!("{} has {} for it that targets the domain too", back.system, back.kind().word());
            found.push((Certainty::Likely, why, vec![back.pointer.clone()], object, target));
        } else if let Some((why, seen)) = refused(case, object, &target) {
            found.push((Certainty::Proven, why, seen, object, target));
        } else if let Some(pointer) = authoritative(case, object, &target) {
            let why = "the domain is authoritative, and that Exchange sends such mail out is nowhere documented".into();
            found.push((Certainty::Inconclusive, why, vec![pointer], object, target));
        }
    }
    found.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
    for alike in found.chunk_by(|one, other| (one.0, &one.1) == (other.0, &other.1)) {
        let (certainty, why, ..) = &alike[0];
        let each = |(_, _, _, object, target): &Reason| match object.holds(target) {
            true => object.name(),
            false => format!("{} (to {target})", object.name()),
        };
        let each: Vec<_> = alike.iter().map(each).collect();
        let finding = notes.finding(format!("{} {} sent on within {domain}: {why}", listed(&each, 5), {
            if each.len() == 1 { "is" } else { "are" }
        }));
        finding.certainty(*certainty);
        if *certainty == Certainty::Inconclusive {
            finding.severity(Severity::Info);
        }
        let aim = |(_, _, _, object, _): &Reason, to: &str| {
            format!("Set-{} -Identity {} -ExternalEmailAddress {}", object.noun(), object.identity(), quoted(to))
        };
        let routed = |reason: &Reason| {
            let name = reason.3.name();
            let local = name.split('@').next().unwrap_or_default();
            aim(reason, &format!("{local}@<routing domain of the other system>"))
        };
        let commands = readable(alike.iter().map(routed));
        let undo = readable(alike.iter().map(|reason| aim(reason, &reason.4)));
        for (_, _, seen, object, _) in alike {
            finding.about(SubjectKind::Recipient, object.name()).seen(object.pointer.clone()).seen_all(seen.clone());
        }
        let stale = "If the mailbox is gone: Disable-MailContact or Disable-MailUser takes the object out of mail";
        finding.mend(Remedy::exchange("Target a domain of the other system's own", commands, undo));
        finding.mend(Remedy::steps("exchange", "Or take out what is stale", vec![stale.into()]));
    }
}

/// The target of a contact or mail user, where it is in the shared domain.
fn stands_for(object: &Object, domain: &str) -> Option<String> {
    let stands = matches!(object.kind(), State::Contact | State::MailUser);
    object.target()?.ok().filter(|target| stands && address::domain(target) == domain)
}

/// Why the other side has no such mailbox: its hops, all of which refuse it as unknown beside an accepted control.
fn refused(case: &Case, object: &Object, target: &str) -> Option<(String, Vec<String>)> {
    let mut hops = Vec::new();
    let mut seen = Vec::new();
    for hop in case.model.hops_of(Role::Other).filter(|hop| hop.hop.system.as_deref() != Some(object.system)) {
        let heard = hop.word_on(target)?;
        let control = hop.control(heard)?;
        if heard.outcome() != Outcome::Rejected || heard.meaning != Meaning::UnknownRecipient {
            return None;
        }
        hops.push(hop.name());
        seen.extend([heard.pointer(), control.pointer()]);
    }
    (!hops.is_empty()).then(|| (format!("{} knows no such mailbox", listed(&hops, 3)), seen))
}

/// The pointer to the accepted domain, where it is authoritative and the target is an address of the object's own.
fn authoritative(case: &Case, object: &Object, target: &str) -> Option<String> {
    let organisation = case.model.organisations.iter().find(|each| each.system == object.system)?;
    let (pointer, accepted) = organisation.accepted_domain().ok()??;
    (accepted.kind == DomainKind::Authoritative && object.holds(target)).then_some(pointer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{OTHER, World};

    const CONTACT: &str =
        "contact dn=CN=Orders proxyaddresses=SMTP:orders@contoso.com targetaddress=SMTP:orders@contoso.com";

    #[test]
    fn a_contact_that_the_other_system_takes_is_the_usual_way_and_one_that_it_refuses_is_stale() {
        let mut world = World::healthy();
        world.holds("orders@contoso.com", &[CONTACT], None);
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.rcpt(OTHER, "orders@contoso.com", "550 5.1.1 User unknown in virtual mailbox table");
        let found = "warning proven: orders@contoso.com is sent on within contoso.com: smarthost.contoso.com (10.0.0.44) knows \
                     no such mailbox [orders@contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
        world.rcpt(OTHER, "orders@contoso.com", "450 4.2.0 Greylisted");
        assert_eq!(world.lines(&CHECK), [""; 0]);
        let routed =
            CONTACT.replace("targetaddress=SMTP:orders@contoso.com", "targetaddress=SMTP:o@zimbra.contoso.com");
        world.holds("orders@contoso.com", &[&routed], None);
        assert_eq!(world.lines(&CHECK), [""; 0]);
    }

    #[test]
    fn an_authoritative_domain_leaves_it_open() {
        let mut world = World::healthy();
        world.holds("orders@contoso.com", &[CONTACT], None);
        world.accepted(|accepted| accepted.kind = DomainKind::Authoritative);
        assert!(
            world.lines(&CHECK)[0].starts_with("info inconclusive: orders@contoso.com is sent on within contoso.com")
        );
    }

    #[test]
    fn two_organisations_that_point_at_each_other_are_found() {
        let mut world = World::healthy();
        world.holds("orders@contoso.com", &[CONTACT], None);
        let mut other = world.evidence.directories[0].clone();
        other.system = "fabrikam".into();
        world.evidence.directories.push(other);
        let lines = world.lines(&CHECK);
        assert_eq!(lines.len(), 2, "{lines:?}");
        let found = "orders@contoso.com is sent on within contoso.com: corp has a mail contact for it that targets the domain too";
        assert!(lines[0].starts_with(&format!("warning likely: {found}")), "{lines:?}");
    }
}
