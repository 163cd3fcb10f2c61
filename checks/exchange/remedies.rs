//! Remedies that several checks of this area give.
use crate::evidence::exchange::{AcceptedDomain, DomainKind};
use crate::model::OrganisationView;
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

/// Relays what Exchange does not know. The change of type is refused while a catch-all mailbox is set.
pub(crate) fn relay(organisation: &OrganisationView, accepted: &AcceptedDomain) -> Remedy {
    let domain = || Cmdlet::new("Set-AcceptedDomain").with("Identity", &accepted.name);
    // Exchange Online has no AddressBookEnabled to go with it.
    let set = |kind, lookup| match organisation.is_online() {
        true => domain().word("DomainType", kind),
        false => domain().word("DomainType", kind).bool("AddressBookEnabled", lookup),
    };
    let off = accepted.catch_all.as_ref().map(|_| domain().null("CatchAllRecipient"));
    let on = accepted.catch_all.as_ref().map(|mailbox| domain().with("CatchAllRecipient", mailbox));
    let first = if off.is_some() { "Take the catch-all mailbox off, and relay" } else { "Relay" };
    let connector = if organisation.is_online() { "outbound" } else { "send" };
    Remedy::exchange(
        format!("{first} what Exchange does not know, once the {connector} connector is in place"),
        off.into_iter().chain([set("InternalRelay", false)]).collect(),
        [set(word(accepted.kind), accepted.address_book)].into_iter().chain(on).collect(),
    )
}

/// The type of an accepted domain, as Set-AcceptedDomain takes it.
fn word(kind: DomainKind) -> &'static str {
    match kind {
        DomainKind::Authoritative => "Authoritative",
        DomainKind::ExternalRelay => "ExternalRelay",
        DomainKind::InternalRelay | DomainKind::Unknown => "InternalRelay",
    }
}

/// The remedy that has Exchange take `domain`, and relay what has no mailbox there. A tenant's domains come with those of
/// Microsoft 365.
pub(crate) fn accept(domain: &str, online: bool) -> Remedy {
    if online {
        return Remedy::steps(
            "exchange",
            "Add the domain to the tenant, and relay what has no mailbox there",
            vec![
                format!("In the Microsoft 365 admin center, add and verify {domain}; leave its MX records as they are"),
                "In the Exchange admin center, make its accepted domain an internal relay domain, before mail comes"
                    .into(),
            ],
        );
    }
    let new = Cmdlet::new("New-AcceptedDomain").with("Name", domain).with("DomainName", domain);
    Remedy::exchange(
        "Accept the domain, and relay what has no mailbox in Exchange",
        vec![new.word("DomainType", "InternalRelay")],
        vec![Cmdlet::new("Remove-AcceptedDomain").with("Identity", domain).off("Confirm")],
    )
}

/// What shows whether mail waits for a way on.
pub(crate) fn queues() -> Remedy {
    let shown = ["Identity", "NextHopDomain", "Status", "MessageCount", "LastError"];
    let queue = Cmdlet::new("Get-Queue").shows(&shown);
    Remedy::exchange("See what waits, on each Mailbox server that sends", vec![queue], Vec::new())
}
