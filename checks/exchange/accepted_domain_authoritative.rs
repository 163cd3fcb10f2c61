//! NSD302: Exchange bounces what it has no mailbox for (F-01).
use crate::evidence::exchange::DomainKind;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD302",
    name: "accepted-domain-authoritative",
    title: "the shared domain is authoritative in Exchange",
    severity: Severity::Critical,
    why: "In an authoritative domain Exchange bounces every recipient that it has no object for, with 5.1.10, also those \
          with a mailbox on the other system.",
    fix: "Make it an internal relay domain, after the send connector to the other system is in place.",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in &case.model.organisations {
        let Some(Some((pointer, accepted))) = notes.need(organisation.accepted_domain()) else { continue };
        if accepted.kind != DomainKind::Authoritative {
            continue;
        }
        let name = &accepted.name;
        let changed = accepted.changed.as_ref().map(|at| format!(", last changed {at}")).unwrap_or_default();
        let finding = notes.finding(format!(
            "The accepted domain '{name}' of {} is authoritative for {}{changed}: Exchange bounces recipients that it \
             does not know",
            organisation.system, organisation.domain
        ));
        let set = |kind: &str, lookup: bool| {
            format!("Set-AcceptedDomain -Identity {} -DomainType {kind} -AddressBookEnabled ${lookup}", quoted(name))
        };
        finding.about(SubjectKind::AcceptedDomain, name).seen(pointer).mend(Remedy::exchange(
            "Relay what Exchange does not know, once the send connector is in place",
            vec![set("InternalRelay", false)],
            vec![set("Authoritative", accepted.address_book)],
        ));
    }
}

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
        let found = "critical proven: The accepted domain 'Contoso's' of corp is authoritative for contoso.com: Exchange \
                     bounces recipients that it does not know [Contoso's]";
        assert_eq!(world.lines(&CHECK), [found]);
        let command = "Set-AcceptedDomain -Identity 'Contoso''s' -DomainType InternalRelay -AddressBookEnabled $false";
        assert_eq!(world.commands(&CHECK), [command]);
        world.accepted(|accepted| accepted.kind = DomainKind::Unknown);
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.evidence.directories.clear();
        assert_eq!(world.lines(&CHECK), ["not asked: the Exchange configuration of corp"]);
    }
}
