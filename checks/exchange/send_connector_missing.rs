//! NSD311: nothing carries the domain's mail out of Exchange (F-03).
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD311",
    name: "send-connector-missing",
    title: "no send connector serves the shared domain",
    severity: Severity::Critical,
    why: "Exchange relays what it has no mailbox for through a send connector whose address space is the domain. Without \
          one that mail waits in the Unreachable queue and expires.",
    fix: "Add a send connector for the domain with the other system's smart host.",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in case.model.on_premises() {
        let domain = organisation.domain;
        let Some(routing) = notes.need(organisation.selection(domain)) else { continue };
        if routing.winner().is_some() || routing.disabled().is_some() {
            continue;
        }
        notes
            .finding(format!("{} has no send connector that serves {domain}", organisation.system))
            .about(SubjectKind::Domain, domain)
            .about(SubjectKind::System, organisation.system)
            .seen(routing.pointer())
            .mend(new_connector(case, domain));
    }
}

/// The remedy that adds the connector, with the smart host where a hop of the other system is known.
pub(super) fn new_connector(case: &Case, domain: &str) -> Remedy {
    let host = case.model.hops_of(Role::Other).next().map(|hop| hop.hop.host.clone());
    let host = host.unwrap_or_else(|| "<the other system's host>".into());
    let name = format!("To the other system of {domain}");
    Remedy::exchange(
        "Add a send connector to the other system",
        vec![format!(
            "New-SendConnector -Name {} -Usage Internal -AddressSpaces {} -DNSRoutingEnabled $false -SmartHosts {} \
             -SmartHostAuthMechanism ExternalAuthoritative -SourceTransportServers <the Mailbox servers that send>",
            quoted(&name),
            quoted(domain),
            quoted(&host)
        )],
        vec![format!("Remove-SendConnector -Identity {} -Confirm:$false", quoted(&name))],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{World, connector};

    #[test]
    fn an_empty_container_is_a_finding_and_an_unreadable_one_is_not() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.connectors().clear();
        let found = "critical proven: corp has no send connector that serves contoso.com [contoso.com, corp]";
        assert_eq!(world.lines(&CHECK), [found]);
        let command = "New-SendConnector -Name 'To the other system of contoso.com' -Usage Internal -AddressSpaces \
                       'contoso.com' -DNSRoutingEnabled $false -SmartHosts 'smarthost.contoso.com' \
                       -SmartHostAuthMechanism ExternalAuthoritative -SourceTransportServers <the Mailbox servers that send>";
        assert_eq!(world.commands(&CHECK), [command]);
        world.connectors().push(connector("Fabrikam", "SMTP:fabrikam.com;1"));
        assert_eq!(world.lines(&CHECK), [found]);
        world.connectors().push(connector("Internet", "SMTP:*;1"));
        assert_eq!(world.lines(&CHECK), [""; 0], "that is NSD312");
        let miss = Miss::new(How::NoRight, "CN=Connections is not visible");
        world.organisation().send_connectors = Observed::Unknown(miss);
        assert_eq!(world.lines(&CHECK), ["unanswered: the send connectors of corp (CN=Connections is not visible)"]);
    }

    #[test]
    fn a_disabled_connector_is_not_missing() {
        let mut world = World::healthy();
        world.connector(|connector| connector.enabled = false);
        assert_eq!(world.lines(&CHECK), [""; 0]);
    }
}
