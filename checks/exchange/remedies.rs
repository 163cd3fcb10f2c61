//! Remedies that several checks of this area give.
use crate::prelude::*;

/// The remedy that adds an outbound connector to Exchange Online.
pub(super) fn new_outbound(case: &Case, domain: &str) -> Remedy {
    let host = case.model.hops_of(Role::Other).next().map(|hop| hop.hop.host.clone());
    let host = host.unwrap_or_else(|| "<the other system's host>".into());
    let name = format!("To the other system of {domain}");
    Remedy::exchange(
        "Add an outbound connector to the other system",
        vec![format!(
            "New-OutboundConnector -Name {} -ConnectorType OnPremises -RecipientDomains {} -UseMXRecord $false -SmartHosts {}",
            quoted(&name),
            quoted(domain),
            quoted(&host)
        )],
        vec![format!("Remove-OutboundConnector -Identity {} -Confirm:$false", quoted(&name))],
    )
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
