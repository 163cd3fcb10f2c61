//! NSD302: Exchange bounces what it has no mailbox for (F-01), on premises or online (F-41).
use crate::evidence::exchange::DomainKind;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD302",
    name: "accepted-domain-authoritative",
    title: "the shared domain is authoritative in Exchange",
    severity: Severity::Critical,
    why: "In an authoritative domain Exchange bounces every recipient that it has no object for, with 5.1.10, also those \
          with a mailbox on the other system. Exchange Online refuses them at its edge, with 5.4.1.",
    fix: "Make it an internal relay domain, after the send connector to the other system is in place.",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in &case.model.organisations {
        let Some(Some((pointer, accepted))) = notes.need(organisation.accepted_domain()) else { continue };
        if accepted.kind != DomainKind::Authoritative {
            continue;
        }
        let others = case.model.foreign_to(organisation);
        let bounced: Vec<&str> = others.absent.iter().map(|recipient| recipient.address).collect();
        if case.model.may_be_authoritative(organisation) && bounced.is_empty() {
            let what =
                format!("whether the other systems' recipients are all in the directory of {}", organisation.system);
            match (others.unknown.first(), others.held) {
                (Some(_), _) => notes.gap(Gap::unanswered(what, "it did not tell of some", SUPPLY)),
                (None, 0) => notes.gap(Gap::not_asked(what, SUPPLY)),
                (None, _) => {}
            }
            continue;
        }
        let whom = match (&bounced[..], others.unknown.len(), others.held) {
            ([], 0, 1..) => {
                "; those of the other system that are listed have an object there now, others bounce".into()
            }
            ([], ..) => String::new(),
            (some, ..) => format!(": {} among them", listed(some, 5)),
        };
        let name = &accepted.name;
        let changed = accepted.changed.as_ref().map(|at| format!(", last changed {at}")).unwrap_or_default();
        let finding = notes.finding(format!(
            "The accepted domain '{name}' of {} is authoritative for {}{changed}: Exchange bounces recipients that it \
             does not know{whom}",
            organisation.system, organisation.domain
        ));
        let covered = bounced.is_empty() && others.unknown.is_empty() && others.held > 0;
        finding.severity(if covered { Severity::Warning } else { Severity::Critical });
        finding.about(SubjectKind::AcceptedDomain, name).seen(pointer);
        for recipient in others.absent.iter().take(5) {
            finding.seen_all(recipient.directories.iter().map(|held| held.pointer.clone()));
        }
        // Exchange Online has no AddressBookEnabled to go with it.
        let set = |kind: &str, lookup: bool| match organisation.is_online() {
            true => format!("Set-AcceptedDomain -Identity {} -DomainType {kind}", quoted(name)),
            false => {
                format!(
                    "Set-AcceptedDomain -Identity {} -DomainType {kind} -AddressBookEnabled ${lookup}",
                    quoted(name)
                )
            }
        };
        let connector = if organisation.is_online() { "outbound" } else { "send" };
        finding.mend(Remedy::exchange(
            format!("Relay what Exchange does not know, once the {connector} connector is in place"),
            vec![set("InternalRelay", false)],
            vec![set("Authoritative", accepted.address_book)],
        ));
    }
}

const SUPPLY: &str = "--recipients FILE of the other systems, and Get-Recipient in the export";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::World;

    #[test]
    fn only_the_authoritative_kind_is_accused() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.accepted(|accepted| {
            accepted.kind = DomainKind::Authoritative;
            accepted.name = "Contoso's".into();
            accepted.address_book = true;
        });
        let told = "The accepted domain 'Contoso's' of corp is authoritative for contoso.com: Exchange bounces recipients \
                    that it does not know";
        let both = "orders@contoso.com and sales@contoso.com among them [Contoso's]";
        assert_eq!(world.lines(&CHECK), [format!("critical proven: {told}: {both}")]);
        let command = "Set-AcceptedDomain -Identity 'Contoso''s' -DomainType InternalRelay -AddressBookEnabled $false";
        assert_eq!(world.commands(&CHECK), [command]);
        for address in ["orders@contoso.com", "sales@contoso.com"] {
            world.directory(address, "contact targetAddress=SMTP:x@zimbra.contoso.com");
        }
        let covered = "those of the other system that are listed have an object there now, others bounce [Contoso's]";
        assert_eq!(world.lines(&CHECK), [format!("warning proven: {told}; {covered}")]);
        world.accepted(|accepted| accepted.kind = DomainKind::Unknown);
        let gap = "unanswered: the type of the accepted domain 'Contoso's' of corp (it is of a type that is not known)";
        assert_eq!(world.lines(&CHECK), [gap]);
        world.evidence.directories.clear();
        assert_eq!(world.lines(&CHECK), ["not asked: the Exchange configuration of corp"]);
    }

    #[test]
    fn a_tenant_is_accused_only_of_those_who_are_not_in_it() {
        let mut world = World::online();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.accepted(|accepted| accepted.kind = DomainKind::Authoritative);
        let found = "critical proven: The accepted domain 'contoso.com' of corp is authoritative for contoso.com: Exchange \
                     bounces recipients that it does not know: orders@contoso.com and sales@contoso.com among them \
                     [contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
        assert_eq!(world.commands(&CHECK), ["Set-AcceptedDomain -Identity 'contoso.com' -DomainType InternalRelay"]);
        for address in ["orders@contoso.com", "sales@contoso.com"] {
            world.directory(address, "user targetAddress=SMTP:x@zimbra.contoso.com");
        }
        assert_eq!(world.lines(&CHECK), [""; 0], "all of them are mail users there");
        world.directory("orders@contoso.com", "UNKNOWN");
        let what = "whether the other systems' recipients are all in the directory of corp";
        assert_eq!(world.lines(&CHECK), [format!("unanswered: {what} (it did not tell of some)")]);
        world.evidence.files.clear();
        assert_eq!(world.lines(&CHECK), [format!("not asked: {what}")]);
    }

    #[test]
    fn a_hybrid_whose_directories_hold_everybody_is_as_it_should_be() {
        let mut world = World::hybrid();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.directory("eva@contoso.com", "");
        let found = "critical proven: The accepted domain 'contoso.com' of corp is authoritative for contoso.com: Exchange \
                     bounces recipients that it does not know: eva@contoso.com among them [contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
    }

    #[test]
    fn the_end_of_the_line_is_rightly_authoritative() {
        let mut world = World::two_forests();
        let Observed::Known(all) = &mut world.organisation_at(1).accepted_domains else { panic!() };
        all[0].kind = DomainKind::Authoritative;
        let gap = "unanswered: whether the other systems' recipients are all in the directory of labs (it did not tell of \
                   some)";
        assert_eq!(world.lines(&CHECK), [gap]);
        world.directory_at(1, "helpdesk@contoso.com", "contact targetAddress=SMTP:helpdesk@corp.contoso.com");
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.question.delivers_to.insert("mx1.contoso.com".into(), "labs".into());
        assert!(world.lines(&CHECK)[0].starts_with("warning proven: "), "it is the first in the line");
    }
}
