//! NSD326: the tenant takes mail only from hosts that an inbound connector names.
use crate::evidence::online::{ConnectorType, InboundConnector};
use crate::model::route::fixes;
use crate::model::systems::is_online;
use crate::model::{Addresses, HopView, OrganisationView, ranges};
use crate::prelude::*;
use core::net::IpAddr;

pub(super) const CHECK: Check = Check {
    code: "NSD326",
    name: "inbound-connector-refuses",
    title: "an inbound connector of the tenant refuses mail from hosts that it does not name",
    severity: Severity::Warning,
    why: "A Partner connector with RestrictDomainsToIPAddresses or RestrictDomainsToCertificate has Exchange Online refuse \
          what comes from its sender domains by another way (5.7.51, TenantInboundAttribution). For * that is all mail, for \
          the shared domain the mail of the other system's people (Microsoft, Set-InboundConnector). At which step it \
          refuses no public page says: that it takes RCPT proves nothing against it, and makes it less sure.",
    fix: "Name the addresses from which the gateways and the other system send, or make the connector for fewer domains.",
    sources: &[
        "https://learn.microsoft.com/powershell/module/exchangepowershell/set-inboundconnector",
        "https://learn.microsoft.com/exchange/mail-flow-best-practices/use-connectors-to-configure-mail-flow/set-up-connectors-for-secure-mail-flow-with-a-partner",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    let mut tenants = case.model.organisations.iter().filter(|organisation| organisation.is_online()).peekable();
    if tenants.peek().is_none() {
        notes.gap(Gap::not_asked(
            "a tenant of Exchange Online",
            "a [[system]] of kind exchange-online with its exports",
        ));
    }
    for tenant in tenants {
        let Some((pointer, all)) = notes.need(tenant.inbound_connectors()) else { continue };
        for (at, connector) in all.iter().enumerate().filter(|(_, one)| restricts(one, tenant.domain)) {
            judge_one(case, notes, tenant, &format!("{pointer}/{at}"), connector);
        }
    }
}

/// Whether it refuses some mail to the tenant whose senders are of `domain`. One for a partner's domain refuses the
/// partner's alone; what is restricted of the kind OnPremises is not looked at (Microsoft, Set-InboundConnector).
fn restricts(connector: &InboundConnector, domain: &str) -> bool {
    let of_a_partner = connector.kind == ConnectorType::Partner;
    let restricts = connector.addresses_only || connector.certificate_only;
    connector.enabled
        && of_a_partner
        && restricts
        && connector.sender_domains.iter().any(|one| fixes(one, domain).is_some())
}

fn is_for_all(connector: &InboundConnector) -> bool {
    connector.sender_domains.iter().any(|one| one == "*")
}

fn judge_one(case: &Case, notes: &mut Notes, tenant: &OrganisationView, pointer: &str, connector: &InboundConnector) {
    let name = &connector.name;
    let senders = if is_for_all(connector) { "everybody".into() } else { format!("senders of {}", tenant.domain) };
    let by = match (connector.addresses_only, &connector.certificate_name) {
        (true, _) => listed(&connector.sender_addresses, 4),
        (false, Some(name)) => format!("hosts with the certificate {name}"),
        (false, None) => "hosts with a certificate that the export does not name".into(),
    };
    let takes = format!("The inbound connector '{name}' of {} takes mail of {senders} from {by} alone", tenant.system);
    if is_for_all(connector)
        && let Some((true, mx)) = case.model.mx_is_online()
    {
        let mut said = format!("{takes}, and the MX of {} is Exchange Online", tenant.domain);
        let taken = taken_from_here(case);
        if let Some((host, _)) = &taken {
            said += &format!(
                ", though {host} took RCPT from this host: whether it refuses the message, one sent from outside shows"
            );
        }
        let finding = notes.finding(said);
        finding.certainty(Certainty::Likely).seen(pointer).seen(mx);
        match taken {
            Some((_, reply)) => finding.seen(reply),
            None => finding.severity(Severity::Critical),
        };
        finding.about(SubjectKind::System, tenant.system).about(SubjectKind::Domain, tenant.domain);
        finding.mend(lift(connector));
        return;
    }
    if let Some(range) = connector.sender_addresses.iter().find(|range| !ranges::is_range(range)) {
        let what = format!("whom the inbound connector '{name}' of {} takes mail from", tenant.system);
        return notes.gap(Gap::unanswered(what, format!("'{range}' is no range of addresses"), "Get-InboundConnector"));
    }
    for system in case.question.systems.iter().filter(|system| system.name != tenant.system) {
        let what = format!("whether '{name}' of {} takes the mail of {}", tenant.system, system.name);
        if !connector.addresses_only {
            notes.gap(Gap::not_asked(what, "a look at the certificate with which that system sends"));
            continue;
        }
        if system.outbound.is_empty() {
            notes.gap(Gap::not_asked(what, "'outbound' of that system in the configuration"));
            continue;
        }
        let (mut strangers, mut seen) = (Vec::new(), Vec::new());
        for host in &system.outbound {
            match case.model.addresses(host) {
                Addresses::Known(found, looked_up) => {
                    let unnamed = |one: &IpAddr| {
                        connector.sender_addresses.iter().all(|range| ranges::width(range, *one).is_none())
                    };
                    // A private address is none that the tenant sees.
                    let public = |one: &IpAddr| !crate::model::spf::is_private(*one);
                    strangers.extend(found.into_iter().filter(|one| public(one) && unnamed(one)));
                    seen.extend(looked_up);
                }
                Addresses::Unknown(miss) => notes.gap(no_dns(what.clone(), &miss)),
                Addresses::NotAsked => {}
            }
        }
        if strangers.is_empty() {
            continue;
        }
        strangers.sort_unstable();
        strangers.dedup();
        let texts: Vec<String> = strangers.iter().map(IpAddr::to_string).collect();
        let finding = notes.finding(format!("{takes}, and {} sends from {}", system.name, listed(&texts, 4)));
        finding.certainty(Certainty::Likely).seen(pointer).seen_all(seen);
        finding.about(SubjectKind::System, tenant.system).about(SubjectKind::System, &system.name);
        let set = || Cmdlet::new("Set-InboundConnector").with("Identity", name);
        let before = connector.sender_addresses.iter().map(String::as_str);
        let undo = set().list("SenderIPAddresses", &connector.sender_addresses);
        let command = set()
            .remark("Exchange Online PowerShell; these hosts can then send to the tenant as the ones that are there")
            .list("SenderIPAddresses", before.chain(texts.iter().map(String::as_str)));
        finding.mend(Remedy::exchange("Name that system's addresses too", vec![command], vec![undo]));
    }
}

/// The host of Exchange Online that took a recipient from this host, with its reply.
fn taken_from_here(case: &Case) -> Option<(String, String)> {
    let online = |hop: &&HopView| is_online(&hop.hop.host);
    case.model.hops_of(Role::Gateway).filter(online).find_map(|hop| {
        let mut heard = case.model.recipients.iter().filter_map(|one| hop.word_on(one.address));
        let taken = heard.find(|heard| heard.outcome() == Outcome::Accepted)?;
        Some((hop.name(), taken.pointer()))
    })
}

/// Has the connector no longer refuse others.
fn lift(connector: &InboundConnector) -> Remedy {
    let set = || Cmdlet::new("Set-InboundConnector").with("Identity", &connector.name);
    let switch = |on: bool| {
        let one = set();
        let one = if connector.addresses_only { one.bool("RestrictDomainsToIPAddresses", on) } else { one };
        if connector.certificate_only { one.bool("RestrictDomainsToCertificate", on) } else { one }
    };
    let command = switch(false).remark(
        "Exchange Online PowerShell; where a gateway is meant to be the only way in, turn the MX to it instead",
    );
    Remedy::exchange("Take mail from others too", vec![command], vec![switch(true)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::dns::RecordKind;
    use crate::stories::World;

    fn partner(domains: &[&str], addresses: &[&str]) -> InboundConnector {
        InboundConnector {
            name: "In".into(),
            enabled: true,
            kind: ConnectorType::Partner,
            sender_domains: domains.iter().map(|one| (*one).into()).collect(),
            sender_addresses: addresses.iter().map(|one| (*one).into()).collect(),
            addresses_only: true,
            ..InboundConnector::default()
        }
    }

    fn world(connector: InboundConnector, outbound: &[&str]) -> World {
        let mut world = World::online();
        world.organisation().inbound_connectors = Observed::Known(vec![connector]);
        world.question.systems[1].outbound = outbound.iter().map(|one| (*one).into()).collect();
        world
    }

    #[test]
    fn only_a_restriction_that_somebody_meets_is_told() {
        let (gateway, zimbra) = (&["203.0.113.0/24"], &["198.51.100.7"]);
        let all = || partner(&["*"], gateway);
        let from = |who: &str| {
            format!(
                "warning likely: The inbound connector 'In' of corp takes mail of {who} from 203.0.113.0/24 alone, and \
                     zimbra sends from 198.51.100.7 [corp, zimbra]"
            )
        };
        let unknown = "not asked: whether 'In' of corp takes the mail of zimbra".to_string();
        let changed = |change: fn(&mut InboundConnector)| {
            let mut connector = all();
            change(&mut connector);
            connector
        };
        let cases: Vec<(&str, InboundConnector, &[&str], Vec<String>)> =
            vec![
            ("for all", all(), zimbra, vec![from("everybody")]),
            ("for the domain", partner(&["contoso.com"], gateway), zimbra, vec![from("senders of contoso.com")]),
            ("for what is below it", partner(&["*.com"], gateway), zimbra, vec![from("senders of contoso.com")]),
            ("for another", partner(&["fabrikam.com"], gateway), zimbra, vec![]),
            ("for one that ends alike", partner(&["oso.com"], gateway), zimbra, vec![]),
            ("named", partner(&["*"], &["198.51.100.0/24"]), zimbra, vec![]),
            ("behind NAT", all(), &["10.0.0.44"], vec![]),
            ("nobody said", all(), &[], vec![unknown.clone()]),
            ("disabled", changed(|one| one.enabled = false), zimbra, vec![]),
            ("it restricts nothing", changed(|one| one.addresses_only = false), zimbra, vec![]),
            ("on premises", changed(|one| one.kind = ConnectorType::OnPremises), zimbra, vec![]),
            (
                "by certificate",
                changed(|one| (one.addresses_only, one.certificate_only) = (false, true)),
                zimbra,
                vec![unknown],
            ),
            (
                "unreadable",
                partner(&["*"], &["somewhere"]),
                zimbra,
                vec!["unanswered: whom the inbound connector 'In' of corp takes mail from ('somewhere' is no range of \
                      addresses)"
                    .into()],
            ),
        ];
        for (what, connector, outbound, expected) in cases {
            assert_eq!(world(connector, outbound).lines(&CHECK), expected, "{what}");
        }
        let alone = ["not asked: a tenant of Exchange Online"];
        assert_eq!(World::healthy().lines(&CHECK), alone);
    }

    #[test]
    fn where_the_mx_is_the_tenant_a_connector_for_all_refuses_the_internet() {
        let mut world = world(partner(&["*"], &["203.0.113.0/24"]), &["203.0.113.9"]);
        world.dns("contoso.com", RecordKind::Mx, "0 contoso-com.mail.protection.outlook.com");
        let found = "critical likely: The inbound connector 'In' of corp takes mail of everybody from 203.0.113.0/24 alone, \
                     and the MX of contoso.com is Exchange Online [corp, contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
        let gateway = world.evidence.hops.iter_mut().find(|hop| hop.id == crate::stories::GATEWAY).unwrap();
        gateway.host = "contoso-com.mail.protection.outlook.com".into();
        let taken = world.lines(&CHECK).remove(0);
        assert!(taken.starts_with("warning likely: ") && taken.contains(" took RCPT from this host: "), "{taken}");
        let connector = partner(&["fabrikam.com", "contoso.com"], &["203.0.113.0/24"]);
        world.organisation().inbound_connectors = Observed::Known(vec![connector]);
        assert_eq!(world.lines(&CHECK), [""; 0], "who is no sender of the domain comes in");
    }
}
