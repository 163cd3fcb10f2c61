//! NSD303: the domain is an external relay domain, and Exchange has mailboxes in it.
use super::all;
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
    sources: &["https://learn.microsoft.com/exchange/mail-flow/accepted-domains/accepted-domains"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in all(case, notes) {
        let Some(Some((pointer, accepted))) = notes.need(organisation.accepted_domain()) else { continue };
        if accepted.kind != DomainKind::ExternalRelay {
            continue;
        }
        let name = &accepted.name;
        let held = case.model.recipients.iter().find_map(|recipient| {
            let held = recipient.directories.iter().find(|held| held.system == organisation.system)?;
            (held.state == State::Mailbox).then(|| (recipient.address, held.pointer.clone()))
        });
        let has = match &held {
            Some((address, _)) => format!("and {address} has a mailbox there"),
            None => format!("and so {} is to have no mailbox there", organisation.domain),
        };
        let set = |kind| Cmdlet::new("Set-AcceptedDomain").with("Identity", name).word("DomainType", kind);
        notes
            .finding(format!(
                "The accepted domain '{name}' of {} is an external relay domain, {has}",
                organisation.system
            ))
            .certainty(if held.is_some() { Certainty::Proven } else { Certainty::Likely })
            .about(SubjectKind::AcceptedDomain, name)
            .seen(pointer)
            .seen_all(held.map(|(_, pointer)| pointer))
            .mend(
                Remedy::exchange(
                    "Make it an internal relay domain",
                    vec![set("InternalRelay")],
                    vec![set("ExternalRelay")],
                )
                .then(organisation.synchronise()),
            );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::World;

    #[test]
    fn only_the_external_kind_is_told_and_a_mailbox_proves_it_wrong() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.accepted(|accepted| accepted.kind = DomainKind::ExternalRelay);
        let found = "The accepted domain 'contoso.com' of corp is an external relay domain, and";
        let proven = format!("warning proven: {found} helpdesk@contoso.com has a mailbox there [contoso.com]");
        assert_eq!(world.lines(&CHECK), [proven]);
        world.directory("helpdesk@contoso.com", "UNKNOWN");
        let likely = format!("warning likely: {found} so contoso.com is to have no mailbox there [contoso.com]");
        assert_eq!(world.lines(&CHECK), [likely]);
        world.hide_configuration();
        let gap = "unanswered: the Exchange configuration of corp (no accepted domain is visible)";
        assert_eq!(world.lines(&CHECK), [gap]);
    }
}
