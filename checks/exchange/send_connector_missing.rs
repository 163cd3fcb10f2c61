//! NSD311: nothing carries the domain's mail out of Exchange (F-03), or out of Exchange Online (F-42).
use super::all;
use super::remedies::{give_connector, new_connector};
use crate::evidence::exchange::DomainKind;
use crate::model::OrganisationView;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD311",
    name: "send-connector-missing",
    title: "no send connector serves the shared domain",
    severity: Severity::Critical,
    why: "Exchange relays what it has no mailbox for through a send connector whose address space is the domain. Without \
          one that mail waits in the Unreachable queue and expires. Exchange Online then goes by the MX. An authoritative \
          domain relays nothing, and needs none.",
    fix: "Add a send connector for the domain with the other system's smart host.",
    sources: &[
        "https://learn.microsoft.com/exchange/mail-flow/mail-routing/connector-selection",
        "https://learn.microsoft.com/exchange/mail-flow/queues/message-intervals",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in all(case, notes) {
        let domain = organisation.domain;
        if organisation.is_online() {
            online(case, organisation, notes);
            continue;
        }
        let Some(Some(by)) = notes.need(case.model.leaves(organisation)) else { continue };
        let Some(routing) = notes.need(organisation.choice(domain)) else { continue };
        if routing.winner().is_some() || routing.disabled().is_some() {
            continue;
        }
        notes
            .finding(format!("{} has no send connector that serves {domain}", organisation.system))
            .about(SubjectKind::Domain, domain)
            .about(SubjectKind::System, organisation.system)
            .seen(routing.pointer())
            .seen_all(by)
            .remedies
            .extend(give_connector(case, organisation, &routing));
    }
}

/// What Exchange Online relays needs an outbound connector, too; without one it takes the way of the MX.
fn online(case: &Case, organisation: &OrganisationView, notes: &mut Notes) {
    let (system, domain) = (organisation.system, organisation.domain);
    let Some(Some((accepted, entry))) = notes.need(organisation.accepted_domain()) else { return };
    if entry.kind != DomainKind::InternalRelay {
        return;
    }
    let Some(outbound) = notes.need(organisation.outbound(domain)) else { return };
    if outbound.winner.is_some() || !outbound.disabled.is_empty() {
        return;
    }
    let by_rule = outbound.by_rule.iter().map(|(_, each)| format!("'{}'", each.name)).collect::<Vec<_>>();
    let only = match &by_rule[..] {
        [] => String::new(),
        some => format!(" but where a transport rule says so ({})", listed(some, 3)),
    };
    let Some((online, mx)) = case.model.mx_is_online() else {
        let what = format!("the MX of {domain}, which {system} goes by without an outbound connector");
        return notes.gap(Gap::unanswered(what, "DNS did not say", "--resolver IP of a DNS server that answers"));
    };
    let way = if online {
        "it takes the way of the MX, which is Exchange Online again"
    } else {
        "it takes the way of the MX"
    };
    notes
        .finding(format!("{system} relays {domain} and has no outbound connector for it{only}: {way}"))
        .severity(if online { Severity::Critical } else { Severity::Warning })
        .about(SubjectKind::Domain, domain)
        .about(SubjectKind::System, system)
        .seen_all([outbound.pointer, accepted, mx])
        .mend(new_connector(case, organisation, domain));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::dns::RecordKind;
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
        let look = "Get-Queue | Format-List Identity, NextHopDomain, Status, MessageCount, LastError";
        assert_eq!(world.commands(&CHECK), [command, look]);
        world.connectors().push(connector("To Zimbra", "SMTP:app.contoso.com;1"));
        let meant = "Set-SendConnector -Identity 'To Zimbra' -AddressSpaces 'app.contoso.com','contoso.com'";
        assert_eq!(world.commands(&CHECK), [meant, command, look], "one that leads there is rather made to serve it");
        world.connector(|connector| connector.smart_hosts = vec!["10.0.0.99".into()]);
        assert_eq!(world.commands(&CHECK), [command, look], "where that leads nobody knows");
        world.connectors()[0] = connector("Fabrikam", "SMTP:fabrikam.com;1");
        assert_eq!(world.lines(&CHECK), [found]);
        world.connectors().push(connector("Internet", "SMTP:*;1"));
        assert_eq!(world.lines(&CHECK), [""; 0], "that is NSD312");
        let miss = Miss::new(How::NoRight, "CN=Connections is not visible");
        world.organisation().send_connectors = Observed::Unknown(miss);
        assert_eq!(world.lines(&CHECK), ["unanswered: the send connectors of corp (CN=Connections is not visible)"]);
    }

    #[test]
    fn nothing_has_to_leave_the_end_of_the_line() {
        let mut world = World::two_forests();
        world.organisation_at(1).send_connectors = Observed::Known(vec![]);
        assert_eq!(
            world.lines(&CHECK),
            ["critical proven: labs has no send connector that serves contoso.com [contoso.com, labs]"]
        );
        world.accepted_at(1, |accepted| accepted.kind = DomainKind::Authoritative);
        assert_eq!(world.lines(&CHECK), [""; 0]);
        assert_eq!(World::hybrid().lines(&CHECK), [""; 0]);
    }

    #[test]
    fn a_disabled_connector_is_not_missing_and_one_that_may_be_is_a_gap() {
        let mut world = World::healthy();
        world.connector(|connector| connector.enabled = false);
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.connector(|connector| connector.unreadable.add("enabled", "msExchSmtpSendEnabled is 'x'"));
        let gap =
            "unanswered: the send connector 'To Zimbra' of corp (could not be read: msExchSmtpSendEnabled is 'x')";
        assert_eq!(world.lines(&CHECK), [gap]);
        world.connectors().push(connector("New", "SMTP:contoso.com;1"));
        world.connector(|connector| connector.address_spaces[0].cost = 2);
        assert_eq!(world.lines(&CHECK), [""; 0], "another serves it either way");
    }

    #[test]
    fn an_authoritative_domain_with_a_routing_domain_of_the_other_system_needs_none() {
        let mut world = World::textbook();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.directory("sales@contoso.com", "contact targetAddress=SMTP:sales@contoso.com");
        let found = "critical proven: corp has no send connector that serves contoso.com [contoso.com, corp]";
        assert_eq!(world.lines(&CHECK), [found], "it targets the shared domain itself");
    }
    #[test]
    fn a_tenant_that_relays_needs_an_outbound_connector() {
        let mut world = World::online();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.outbound_connectors()[0].by_rule_only = true;
        let found = "warning proven: corp relays contoso.com and has no outbound connector for it but where a transport rule \
                     says so ('To Zimbra'): it takes the way of the MX [contoso.com, corp]";
        assert_eq!(world.lines(&CHECK), [found]);
        world.outbound_connectors().clear();
        world.dns("contoso.com", RecordKind::Mx, "10 contoso-com.mail.protection.outlook.com");
        let found = "critical proven: corp relays contoso.com and has no outbound connector for it: it takes the way of the \
                     MX, which is Exchange Online again [contoso.com, corp]";
        assert_eq!(world.lines(&CHECK), [found]);
        let command = "New-OutboundConnector -Name 'To the other system of contoso.com' -ConnectorType OnPremises \
                       -RecipientDomains 'contoso.com' -UseMXRecord $false -SmartHosts 'smarthost.contoso.com'";
        assert_eq!(world.commands(&CHECK), [command]);
        world.accepted(|accepted| accepted.kind = DomainKind::Authoritative);
        assert_eq!(world.lines(&CHECK), [""; 0], "nothing is to leave it");
        world.organisation().outbound_connectors = Observed::NotAsked;
        world.accepted(|accepted| accepted.kind = DomainKind::InternalRelay);
        assert_eq!(world.lines(&CHECK), ["not asked: the outbound connectors of corp"]);
    }
}
