//! NSD303: the domain is an external relay domain, and Exchange has mailboxes in it.
use crate::evidence::exchange::DomainKind;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD303",
    name: "accepted-domain-external-relay",
    title: "the shared domain is an external relay domain in Exchange",
    severity: Severity::Warning,
    why: "An external relay domain is for mail that passes through: none of its recipients is to have a mailbox or contact \
          in Exchange, and address policies do not apply to it. A shared domain has mailboxes in Exchange.",
    fix: "Make it an internal relay domain.",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in &case.model.organisations {
        let Some(Some((pointer, accepted))) = notes.need(organisation.accepted_domain()) else { continue };
        if accepted.kind != DomainKind::ExternalRelay {
            continue;
        }
        let name = &accepted.name;
        let set = |kind: &str| format!("Set-AcceptedDomain -Identity {} -DomainType {kind}", quoted(name));
        notes
            .finding(format!(
                "The accepted domain '{name}' of {} is an external relay domain; {} has mailboxes there",
                organisation.system, organisation.domain
            ))
            .about(SubjectKind::AcceptedDomain, name)
            .seen(pointer)
            .mend(Remedy::exchange(
                "Make it an internal relay domain",
                vec![set("InternalRelay")],
                vec![set("ExternalRelay")],
            ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::World;

    #[test]
    fn only_the_external_kind_is_told() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.accepted(|accepted| accepted.kind = DomainKind::ExternalRelay);
        let found = "warning proven: The accepted domain 'contoso.com' of corp is an external relay domain; contoso.com has \
                     mailboxes there [contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
    }
}
