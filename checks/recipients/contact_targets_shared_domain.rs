//! NSD408: a contact or mail user whose target in the shared domain leads nowhere, or back (F-29).
use super::gather::at_its_source;
use super::{is_online, objects};
use crate::evidence::address;
use crate::model::targets::{Stray, strays};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD408",
    name: "contact-targets-shared-domain",
    title: "contacts that target the shared domain, where the other side does not take them",
    severity: Severity::Warning,
    why: "A contact whose target is an address of the shared domain hands its mail to the other side, which is right while \
          the mailbox is there. Once it is gone, or the other side has a contact that points back, mail bounces or goes round.",
    fix: "Delete what is stale, or target a domain of each system's own (…@ext.contoso.com) that routing can tell apart.",
    sources: &["https://learn.microsoft.com/exchange/mail-flow/mail-routing/recipient-resolution"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    let domain = &case.question.domain;
    let shared: Vec<_> = objects(case, notes).collect();
    for alike in strays(&case.model, &shared).chunk_by(Stray::is_like) {
        let Stray { certainty, why, .. } = &alike[0];
        let each = |stray: &Stray| match stray.object.holds(&stray.target) {
            true => stray.object.name(),
            false => format!("{} (to {})", stray.object.name(), stray.target),
        };
        let each: Vec<_> = alike.iter().map(each).collect();
        let finding = notes.finding(format!("{} {} sent on within {domain}: {why}", listed(&each, 5), {
            if each.len() == 1 { "is" } else { "are" }
        }));
        finding.certainty(*certainty);
        let routed = |stray: &Stray| {
            let set = stray.object.cmdlet("Set");
            set.placeholder("ExternalEmailAddress", "its address in the routing domain of the other system")
        };
        let before = |stray: &Stray| {
            let set = stray.object.cmdlet("Set").with("ExternalEmailAddress", &stray.target);
            let held = Some(stray.object.entry.values("proxyAddresses")).filter(|all| !all.is_empty());
            // A tenant changes no addresses of what it has from a directory on premises.
            let held = held.filter(|_| !is_online(case, stray.object));
            [set].into_iter().chain(held.map(|all| stray.object.cmdlet("Set").list("EmailAddresses", all)))
        };
        // Exchange drops the old target from the proxy addresses, and with it the address that senders know. Where the
        // target is set back, it is there again.
        let keep = |stray: &Stray| {
            let is = |value: &&String| address::fold(value).is_ok_and(|own| own == stray.target);
            let held = stray.object.entry.values("proxyAddresses").iter().find(is);
            let held = held.filter(|_| !is_online(case, stray.object));
            held.map(|value| {
                let set = stray.object.cmdlet("Set");
                // While an address policy applies, no other than its own becomes the primary one.
                let set = match value.starts_with("SMTP:") {
                    true => set.remark(
                        "where an e-mail address policy applies Exchange refuses this: switch EmailAddressPolicyEnabled off \
                         for it first, and on again with the undo",
                    ),
                    false => set,
                };
                set.change("EmailAddresses", "Add", value)
            })
        };
        let commands = alike.iter().flat_map(|stray| [routed(stray)].into_iter().chain(keep(stray))).collect();
        let undo = alike.iter().flat_map(before).collect();
        finding.seen_all(alike.iter().flat_map(|stray| [&stray.object.pointer].into_iter().chain(&stray.seen)));
        for stray in alike {
            finding.about(SubjectKind::Recipient, stray.object.name());
        }
        let stale = match alike.iter().any(|stray| is_online(case, stray.object)) {
            true => "If the mailbox is gone: delete the object where it comes from",
            false => "If the mailbox is gone: Disable-MailContact or Disable-MailUser takes the object out of mail",
        };
        match alike.iter().any(|stray| is_online(case, stray.object)) {
            // What came from a directory on premises is changed there alone.
            true => finding.mend(at_its_source(
                "set the external address to the one in the routing domain of the other system, and keep the address in \
                 the shared domain among its addresses",
            )),
            false => finding.mend(Remedy::exchange("Target a domain of the other system's own", commands, undo)),
        };
        finding.mend(Remedy::steps("exchange", "Or take out what is stale", vec![stale.into()]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::SystemKind;
    use crate::evidence::exchange::DomainKind;
    use crate::stories::{LABS, OTHER, World};

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
        world.rcpt(OTHER, "orders@contoso.com", "501 Invalid address");
        assert!(world.lines(&CHECK)[0].starts_with("warning likely: "), "a reply that is not well known");
        world.rcpt(OTHER, "orders@contoso.com", "450 4.2.0 Greylisted");
        assert_eq!(world.lines(&CHECK), [""; 0]);
        let routed =
            CONTACT.replace("targetaddress=SMTP:orders@contoso.com", "targetaddress=SMTP:o@zimbra.contoso.com");
        world.holds("orders@contoso.com", &[&routed], None);
        assert_eq!(world.lines(&CHECK), [""; 0]);
    }

    #[test]
    fn a_contact_of_an_authoritative_domain_is_sent_out_by_its_target_and_is_no_fault() {
        let mut world = World::healthy();
        world.holds("orders@contoso.com", &[CONTACT], None);
        world.accepted(|accepted| accepted.kind = DomainKind::Authoritative);
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.rcpt(OTHER, "orders@contoso.com", "550 5.1.1 User unknown in virtual mailbox table");
        assert!(world.lines(&CHECK)[0].starts_with("warning proven: "), "the other side does not take it");
        world.evidence.hops.retain(|hop| hop.id != OTHER);
        assert_eq!(world.lines(&CHECK), [""; 0], "its list has orders, and nobody asked its hop");
    }

    #[test]
    fn what_the_global_catalog_alone_shows_may_be_a_mailbox_whose_database_it_hides() {
        let user = "user dn=CN=Orders proxyaddresses=SMTP:orders@contoso.com targetaddress=SMTP:orders@contoso.com";
        let mut world = World::healthy();
        world.rcpt(OTHER, "orders@contoso.com", "550 5.1.1 User unknown in virtual mailbox table");
        world.holds("orders@contoso.com", &[], Some(&[user]));
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.holds("orders@contoso.com", &[], Some(&[CONTACT]));
        assert_eq!(world.lines(&CHECK).len(), 1, "a contact is one by its class");
    }

    #[test]
    fn two_organisations_that_both_send_to_a_third_do_not_point_at_each_other() {
        let mut world = World::two_forests();
        world.question.known_good.push("orders@contoso.com".into());
        world.holds("orders@contoso.com", &[CONTACT], None);
        world.directory_at(1, "orders@contoso.com", &CONTACT.replace("dn=CN=Orders", "dn=CN=Labs"));
        assert_eq!(world.lines(&CHECK).len(), 2, "their connectors lead to each other");
        let zimbra = crate::evidence::System {
            name: "zimbra".into(),
            kind: SystemKind::Other,
            ..world.question.systems[1].clone()
        };
        world.question.systems.push(zimbra);
        world.hop(OTHER);
        world.session(OTHER, &[("orders@contoso.com", "250 2.1.5 Ok")]);
        world.connector(|connector| connector.smart_hosts = vec!["smarthost.contoso.com".into()]);
        assert_eq!(world.lines(&CHECK), [""; 0], "corp's leads to zimbra");
    }

    #[test]
    fn two_organisations_that_point_at_each_other_are_found() {
        let mut world = World::two_forests();
        world.question.known_good.push("orders@contoso.com".into());
        world.holds("orders@contoso.com", &[CONTACT], None);
        world.directory_at(1, "orders@contoso.com", &CONTACT.replace("dn=CN=Orders", "dn=CN=Labs"));
        let lines = world.lines(&CHECK);
        assert_eq!(lines.len(), 2, "{lines:?}");
        let found = "orders@contoso.com is sent on within contoso.com: corp has a mail contact for it that targets the domain too";
        assert!(lines[0].starts_with(&format!("warning likely: {found}")), "{lines:?}");
    }
    #[test]
    fn the_hop_of_a_second_organisation_has_its_word_too() {
        let mut world = World::two_forests();
        world.question.known_good.push("orders@contoso.com".into());
        world.holds("orders@contoso.com", &[CONTACT], None);
        world.directory_at(1, "helpdesk@contoso.com", "user homeMDB=DB2");
        world.rcpt(LABS, "orders@contoso.com", "250 2.1.5 Ok");
        assert_eq!(world.lines(&CHECK), [""; 0]);
        let unknown = "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup";
        world.rcpt(LABS, "orders@contoso.com", unknown);
        let found = "warning proven: orders@contoso.com is sent on within contoso.com: exch.labs.contoso.com (10.1.0.10) knows no \
                     such mailbox [orders@contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
    }
}
