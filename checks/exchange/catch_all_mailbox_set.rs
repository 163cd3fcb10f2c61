//! NSD305: a mailbox takes whatever nobody else takes (F-46).
use super::on_premises;
use super::relay::no_catch_all;
use crate::evidence::exchange::DomainKind;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD305",
    name: "catch-all-mailbox-set",
    title: "a catch-all mailbox swallows mail for the other system",
    severity: Severity::Warning,
    why: "With CatchAllRecipient on an authoritative accepted domain, Exchange puts mail for every address that it does not \
          know into one mailbox. Users of the other system get nothing, and no sender gets a bounce. As far as is \
          known it is for authoritative domains alone, and Exchange refuses to make the domain an internal relay domain \
          while it is set.",
    fix: "Take the catch-all recipient off the accepted domain, and then make it an internal relay domain.",
    sources: &[
        "https://learn.microsoft.com/en-us/previous-versions/office/exchange-server-api/jj936515(v=exchg.150)",
        "https://learn.microsoft.com/exchange/mail-flow/accepted-domains/accepted-domains",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in on_premises(case, notes) {
        let Some(Some((pointer, accepted))) = notes.need(organisation.accepting(organisation.domain)) else { continue };
        let Some(mailbox) = &accepted.catch_all else { continue };
        let name = &accepted.name;
        let (fate, then) = match accepted.kind {
            DomainKind::Authoritative => (
                "what Exchange does not know goes there, and not to the other system",
                "Take it off, before the domain is made a relay domain (NSD302): until then unknown recipients bounce",
            ),
            DomainKind::InternalRelay | DomainKind::ExternalRelay => (
                "the domain is relayed, for which Exchange does not let one be set, and whether it still takes what Exchange \
                 does not know is nowhere documented",
                "Take it off: it is left over from when the domain was authoritative",
            ),
            DomainKind::Unknown => {
                ("what Exchange does not know may go there, and not to the other system", "Take it off")
            }
        };
        notes
            .finding(format!(
                "The accepted domain '{name}' of {} has the catch-all recipient {mailbox}: {fate}",
                organisation.system
            ))
            .about(SubjectKind::AcceptedDomain, name)
            .seen(format!("{pointer}/catch_all"))
            .mend(no_catch_all(organisation, accepted, mailbox, then).then(organisation.synchronise()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::servers::ExchangeServer;
    use crate::stories::World;

    #[test]
    fn the_mailbox_is_named() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.accepted(|accepted| {
            (accepted.kind, accepted.catch_all) = (DomainKind::Authoritative, Some("CN=Lost,OU=Users,DC=corp".into()));
        });
        let found = "warning proven: The accepted domain 'contoso.com' of corp has the catch-all recipient \
                     CN=Lost,OU=Users,DC=corp: what Exchange does not know goes there, and not to the other system \
                     [contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
        assert_eq!(world.commands(&CHECK), [""; 0], "the reference of Exchange 2013 alone has a command for that");
        let version = Some("Version 15.0 (Build 1497.2)".into());
        world.organisation().servers = Observed::Known(vec![ExchangeServer { version, ..ExchangeServer::default() }]);
        assert_eq!(world.commands(&CHECK), ["Set-AcceptedDomain -Identity 'contoso.com' -CatchAllRecipient $null"]);
        world.accepted(|accepted| accepted.kind = DomainKind::InternalRelay);
        let stale = "warning proven: The accepted domain 'contoso.com' of corp has the catch-all recipient \
                     CN=Lost,OU=Users,DC=corp: the domain is relayed, for which Exchange does not let one be set, and whether \
                     it still takes what Exchange does not know is nowhere documented [contoso.com]";
        assert_eq!(world.lines(&CHECK), [stale]);
        world.hide_configuration();
        let gap = "unanswered: the Exchange configuration of corp (no accepted domain is visible)";
        assert_eq!(world.lines(&CHECK), [gap]);
    }

    #[test]
    fn another_domains_catch_all_is_its_own_matter() {
        let mut world = World::healthy();
        let Observed::Known(all) = &mut world.organisation().accepted_domains else { panic!() };
        let mut other = all[0].clone();
        (other.domain, other.catch_all) = ("fabrikam.com".into(), Some("CN=Lost".into()));
        all.push(other);
        assert_eq!(world.lines(&CHECK), [""; 0]);
    }
}
