//! Remedies that several checks of this area give.
use crate::prelude::*;

/// The remedy that adds an outbound connector to Exchange Online.
pub(super) fn new_outbound(case: &Case, domain: &str) -> Remedy {
    let name = format!("To the other system of {domain}");
    let add = Cmdlet::new("New-OutboundConnector")
        .with("Name", &name)
        .word("ConnectorType", "OnPremises")
        .with("RecipientDomains", domain)
        .bool("UseMXRecord", false)
        .or_placeholder("SmartHosts", other_host(case), OTHER_HOST);
    let remove = Cmdlet::new("Remove-OutboundConnector").with("Identity", &name).off("Confirm");
    Remedy::exchange("Add an outbound connector to the other system", vec![add], vec![remove])
}

/// The remedy that adds the connector, with the smart host where a hop of the other system is known.
pub(super) fn new_connector(case: &Case, domain: &str) -> Remedy {
    let name = format!("To the other system of {domain}");
    let add = Cmdlet::new("New-SendConnector")
        .with("Name", &name)
        .word("Usage", "Internal")
        .with("AddressSpaces", domain)
        .bool("DNSRoutingEnabled", false)
        .or_placeholder("SmartHosts", other_host(case), OTHER_HOST)
        .word("SmartHostAuthMechanism", "ExternalAuthoritative")
        .placeholder("SourceTransportServers", "the Mailbox servers that send");
    let remove = Cmdlet::new("Remove-SendConnector").with("Identity", &name).off("Confirm");
    Remedy::exchange("Add a send connector to the other system", vec![add], vec![remove])
}

/// What stands in a command for a host that nobody named.
pub(super) const OTHER_HOST: &str = "the host of the other system";

/// The first known host of the other system.
pub(super) fn other_host<'c>(case: &'c Case) -> Option<&'c str> {
    case.model.hops_of(Role::Other).next().map(|hop| &*hop.hop.host)
}
