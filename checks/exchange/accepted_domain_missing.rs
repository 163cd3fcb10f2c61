//! NSD301: Exchange does not accept the domain (F-02).
use super::{all, remedies};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD301",
    name: "accepted-domain-missing",
    title: "Exchange has no accepted domain for the shared domain",
    severity: Severity::Critical,
    why: "Exchange relays for nobody from outside: mail for a domain that is not among its accepted domains is refused with \
          550 5.7.54 (5.7.1 in older versions), unable to relay, whoever the recipient.",
    fix: "Add the domain as an internal relay domain.",
    sources: &["https://learn.microsoft.com/exchange/mail-flow/accepted-domains/accepted-domains"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in all(case, notes) {
        let Some((pointer, accepted)) = notes.need(organisation.accepted_domains()) else { continue };
        // Of whatever type: one that is there is not missing.
        let Some(None) = notes.need(organisation.accepting(organisation.domain)) else { continue };
        let domain = organisation.domain;
        let names: Vec<&str> = accepted.iter().map(|accepted| &*accepted.domain).collect();
        notes
            .finding(format!("{} accepts {}, and nothing that covers {domain}", organisation.system, listed(&names, 5)))
            .about(SubjectKind::Domain, domain)
            .about(SubjectKind::System, organisation.system)
            .seen(pointer)
            .mend(remedies::accept(case, Some(organisation), domain).then(organisation.synchronise()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::World;

    #[test]
    fn no_covering_entry_is_missing_and_no_right_is_not() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.accepted(|accepted| accepted.domain = "fabrikam.com".into());
        let found =
            "critical proven: corp accepts fabrikam.com, and nothing that covers contoso.com [contoso.com, corp]";
        assert_eq!(world.lines(&CHECK), [found]);
        let command = "New-AcceptedDomain -Name 'contoso.com' -DomainName 'contoso.com' -DomainType InternalRelay";
        assert_eq!(world.commands(&CHECK), [command]);
        world.accepted(|accepted| accepted.domain = "*.contoso.com".into());
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.accepted(|accepted| {
            accepted.domain = String::new();
            accepted.unreadable.add("domain", "msExchAcceptedDomainName does not show a domain");
        });
        let gap = "unanswered: whether the accepted domain 'contoso.com' covers contoso.com of corp (could not be read: \
                   msExchAcceptedDomainName does not show a domain)";
        assert_eq!(world.lines(&CHECK), [gap]);
        world.hide_configuration();
        let gap = "unanswered: the Exchange configuration of corp (no accepted domain is visible)";
        assert_eq!(world.lines(&CHECK), [gap]);
    }
}
