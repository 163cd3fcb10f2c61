//! NSD313: the connector that would serve the domain is disabled (F-05), in Exchange Online too (F-42).
use super::{all, leaves};
use crate::model::OrganisationView;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD313",
    name: "send-connector-disabled",
    title: "the send connector to the other system is disabled",
    severity: Severity::Critical,
    why: "Routing does not see a disabled connector: mail takes the next best one, usually the one for all domains, or none.",
    fix: "Enable the connector.",
    sources: &["https://learn.microsoft.com/exchange/mail-flow/mail-routing/connector-selection"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in all(case, notes) {
        let domain = organisation.domain;
        if !leaves(case, organisation, notes) {
            continue;
        }
        if organisation.is_online() {
            online(organisation, notes);
            continue;
        }
        let Some(routing) = notes.need(organisation.choice(domain)) else { continue };
        let Some((pointer, connector)) = routing.disabled() else { continue };
        let instead = match routing.winner() {
            Some((_, winner)) => format!("mail for {domain} goes through '{}' instead", winner.name),
            None => format!("nothing else serves {domain}"),
        };
        let name = &connector.name;
        let set = |on| Cmdlet::new("Set-SendConnector").with("Identity", name).bool("Enabled", on);
        notes
            .finding(format!(
                "The send connector '{name}' of {} is disabled; {instead}{}",
                organisation.system,
                routing.why_others_lost_but(&[name])
            ))
            .about(SubjectKind::SendConnector, name)
            .seen(pointer)
            .mend(
                Remedy::exchange("Enable it", vec![set(true)], vec![set(false)])
                    .then(organisation.synchronise_for(connector)),
            );
    }
}

/// A disabled outbound connector for the domain, where no other serves it.
fn online(organisation: &OrganisationView, notes: &mut Notes) {
    let domain = organisation.domain;
    let Some(outbound) = notes.need(organisation.outbound(domain)) else { return };
    let Some((pointer, connector)) = outbound.disabled.into_iter().next() else { return };
    let instead = match &outbound.winner {
        Some(_) if !outbound.by_wildcard => return,
        Some((_, winner)) => format!("mail for {domain} goes through '{}' instead", winner.name),
        None => format!("nothing else serves {domain}"),
    };
    let name = &connector.name;
    let set = |on| Cmdlet::new("Set-OutboundConnector").with("Identity", name).bool("Enabled", on);
    notes
        .finding(format!("The outbound connector '{name}' of {} is disabled; {instead}", organisation.system))
        .about(SubjectKind::SendConnector, name)
        .seen(pointer)
        .mend(Remedy::exchange("Enable it", vec![set(true)], vec![set(false)]));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{World, connector};

    #[test]
    fn only_a_disabled_connector_that_would_win_is_told() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.connector(|connector| connector.enabled = false);
        let found = |instead: &str| {
            format!("critical proven: The send connector 'To Zimbra' of corp is disabled; {instead} [To Zimbra]")
        };
        assert_eq!(world.lines(&CHECK), [found("nothing else serves contoso.com")]);
        world.connectors().push(connector("Internet", "SMTP:*;1"));
        assert_eq!(world.lines(&CHECK), [found("mail for contoso.com goes through 'Internet' instead")]);
        assert_eq!(world.commands(&CHECK), ["Set-SendConnector -Identity 'To Zimbra' -Enabled $true"]);
        world.connectors().push(connector("New", "SMTP:contoso.com;1"));
        assert_eq!(world.lines(&CHECK), [""; 0], "another of the same space is in its place");
    }

    #[test]
    fn what_an_authoritative_domain_does_not_relay_needs_no_connector() {
        let mut world = World::textbook();
        let mut old = connector("Old", "SMTP:contoso.com;1");
        old.enabled = false;
        world.connectors().push(old);
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.accepted(|accepted| accepted.kind = crate::evidence::exchange::DomainKind::InternalRelay);
        assert_eq!(world.lines(&CHECK).len(), 1);
    }

    #[test]
    fn a_disabled_outbound_connector_is_told_where_no_other_serves() {
        let mut world = World::online();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.outbound_connectors()[0].enabled = false;
        let found = "critical proven: The outbound connector 'To Zimbra' of corp is disabled; nothing else serves contoso.com \
                     [To Zimbra]";
        assert_eq!(world.lines(&CHECK), [found]);
        assert_eq!(world.commands(&CHECK), ["Set-OutboundConnector -Identity 'To Zimbra' -Enabled $true"]);
        world.outbound_connectors().push(crate::stories::outbound("New", "contoso.com"));
        assert_eq!(world.lines(&CHECK), [""; 0]);
    }
}
