//! Remedies that several checks of this area give.
use super::known::{other_hosts, sources};
use super::relay::way_first;
use super::send_connector_wrong_address_space::meant;
use super::trial::{Change, brings, told};
use crate::model::OrganisationView;
use crate::model::organisations::covers;
use crate::model::routing::Routing;
use crate::prelude::*;
use crate::remedy::order::Turn;

/// The remedy that adds a connector to the other system, with its host and the servers that send where they are known.
pub(super) fn new_connector(case: &Case, organisation: &OrganisationView, domain: &str) -> Remedy {
    let kind = if organisation.is_online() { "an outbound" } else { "a send" };
    let (mut add, remove) = connector(case, organisation, domain);
    let (name, served, hosts) = (connector_name(domain), served(organisation, domain), other_hosts(case, organisation));
    for brought in brings(case, organisation, &[Change::Connector(&name, &served, &hosts)]) {
        add = add.remark(&told(&brought));
    }
    Remedy::exchange(format!("Add {kind} connector to the other system"), vec![add], vec![remove])
}

/// The remedies for a domain that has no connector of its own on premises: the one that seems to be meant for it serves it,
/// or a new one does.
pub(super) fn give_connector<'a>(
    case: &Case<'a>,
    organisation: &OrganisationView<'a>,
    routing: &Routing<'a>,
) -> Vec<Remedy> {
    let meant = meant(case, organisation, routing).filter(|meant| meant.sure);
    let meant = meant.map(|meant| meant.mend(organisation, routing.is_served()));
    meant.into_iter().chain([new_connector(case, organisation, organisation.domain), queues()]).collect()
}

/// The command that adds the connector, and the one that removes it.
pub(super) fn connector(case: &Case, organisation: &OrganisationView, domain: &str) -> (Cmdlet, Cmdlet) {
    let (name, served) = (connector_name(domain), served(organisation, domain));
    let hosts = other_hosts(case, organisation);
    let (noun, add) = match organisation.is_online() {
        true => {
            let add = Cmdlet::of("New", "OutboundConnector").with("Name", &name).word("ConnectorType", "OnPremises");
            let add = add.list("RecipientDomains", served).bool("UseMXRecord", false);
            ("OutboundConnector", hosts.put_online(add))
        }
        false => {
            let add = Cmdlet::of("New", "SendConnector").with("Name", &name).word("Usage", "Internal");
            let add = hosts.put(add.list("AddressSpaces", served).bool("DNSRoutingEnabled", false), 25);
            let add = add.word("SmartHostAuthMechanism", "ExternalAuthoritative");
            let words = "the Mailbox servers that send";
            ("SendConnector", sources(organisation).put(add, "SourceTransportServers", words))
        }
    };
    (add, Cmdlet::of("Remove", noun).with("Identity", &name).off("Confirm"))
}

/// What a new connector is called.
pub(super) fn connector_name(domain: &str) -> String {
    format!("To the other system of {domain}")
}

/// What a new connector for `domain` serves: the subdomains too, where Exchange accepts them with it.
pub(super) fn served(organisation: &OrganisationView, domain: &str) -> Vec<String> {
    let accepted = organisation.accepting(domain).ok().flatten();
    let wide = accepted.is_some_and(|(_, entry)| covers(entry, &format!("x.{domain}")).is_some());
    [domain.to_string()].into_iter().chain(wide.then(|| format!("*.{domain}"))).collect()
}

/// The remedy that has Exchange take `domain`, and relay what has no mailbox there. A tenant's domains come with those of
/// Microsoft 365.
pub(crate) fn accept(case: &Case, organisation: Option<&OrganisationView>, domain: &str) -> Remedy {
    if organisation.is_some_and(OrganisationView::is_online) {
        return Remedy::steps(
            "exchange",
            "Add the domain to the tenant, and relay what has no mailbox there",
            vec![
                format!("In the Microsoft 365 admin center, add and verify {domain}; leave its MX records as they are"),
                "In the Exchange admin center, make its accepted domain an internal relay domain, before mail comes"
                    .into(),
            ],
        )
        .at(Turn::Domain);
    }
    let new = Cmdlet::new("New-AcceptedDomain").with("Name", domain).with("DomainName", domain);
    Remedy::exchange(
        "Accept the domain, and relay what has no mailbox in Exchange",
        vec![new.word("DomainType", "InternalRelay")],
        vec![Cmdlet::new("Remove-AcceptedDomain").with("Identity", domain).off("Confirm")],
    )
    .noting(organisation.and_then(|organisation| way_first(case, organisation.system)))
}

/// What shows whether mail waits for a way on.
pub(crate) fn queues() -> Remedy {
    let shown = ["Identity", "NextHopDomain", "Status", "MessageCount", "LastError"];
    let queue = Cmdlet::new("Get-Queue").shows(&shown);
    Remedy::exchange("See what waits, on each Mailbox server that sends", vec![queue], Vec::new())
}
