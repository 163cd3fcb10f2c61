//! NSD324: the second organisation takes the first one's mail as from outside (F-15).
use super::known::{Known, mailbox_servers};
use super::{leaves, on_premises};
use crate::evidence::exchange::SmartHostAuthentication;
use crate::evidence::online::{ConnectorType, InboundConnector};
use crate::evidence::servers::{ReceiveAuthentication, ReceiveConnector};
use crate::model::{Addresses, OrganisationView, ranges};
use crate::prelude::*;
use core::net::IpAddr;

pub(super) const CHECK: Check = Check {
    code: "NSD324",
    name: "peer-not-externally-secured",
    title: "the receiving organisation treats the other one's mail as from outside",
    severity: Severity::Warning,
    why: "Whether senders count as internal is for the receiving organisation to say. Unless it has a receive connector with \
          ExternalAuthoritative for the sender's servers, or they authenticate, it takes their mail as anonymous: groups \
          that only take internal senders bounce it with 5.7.1, and out-of-office and trust are lost. A tenant knows its own \
          organisation by an inbound connector of type OnPremises, and relays nothing for others (5.7.64).",
    fix: "Make a receive connector there for the sending servers, with ExternalAuthoritative and ExchangeServers; in a tenant \
          an inbound connector for their certificate.",
    sources: &[
        "https://learn.microsoft.com/exchange/mail-flow/connectors/receive-connectors",
        "https://learn.microsoft.com/exchange/mail-flow-best-practices/use-connectors-to-configure-mail-flow/use-connectors-to-configure-mail-flow",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    let organisations: Vec<_> = on_premises(case, notes).collect();
    for sender in &organisations {
        tenant(case, sender, notes);
    }
    if organisations.len() == 1 {
        let what = "a second Exchange organisation on premises";
        return notes.gap(Gap::not_asked(what, "a second [[system]] of kind exchange"));
    }
    for sender in organisations {
        let Some((domain, receiver)) = peer(case, sender, notes, |one| !one.is_online()) else { continue };
        let Some(Some(exit)) = notes.need(sender.exit(&domain)) else { continue };
        let Some(routing) = notes.need(sender.selection(&domain)) else { continue };
        let Some((_, connector)) = routing.winner() else { continue };
        match connector.authentication {
            SmartHostAuthentication::None | SmartHostAuthentication::ExternalAuthoritative => {}
            // Who authenticates is no stranger.
            SmartHostAuthentication::Basic
            | SmartHostAuthentication::BasicRequireTls
            | SmartHostAuthentication::ExchangeServer => continue,
            SmartHostAuthentication::Unknown => {
                let what = format!("whether '{}' authenticates", connector.name);
                let why = connector.unreadable.of(&["authentication"]);
                let why = why.map_or_else(|| "its mechanism is none that is known".into(), |one| one.said.clone());
                notes.gap(sender.unreadable(&what, why, "Get-SendConnector"));
                continue;
            }
        }
        let Some((pointer, doors)) = notes.need(receiver.receive_connectors()) else { continue };
        let (from, seen) = addresses(case, sender);
        if from.is_empty() {
            let what = format!("from which addresses {} sends", sender.system);
            notes.gap(Gap::not_asked(what, "'smtp' of that system, or its directory with the Exchange servers"));
            continue;
        }
        let anonymous: Vec<String> =
            from.iter().filter(|address| !secured(doors, **address)).map(IpAddr::to_string).collect();
        if doors.is_empty() || anonymous.is_empty() {
            continue;
        }
        // One that could not be read may be the one that trusts them.
        let unread = |door: &&ReceiveConnector| {
            door.unreadable.of(&FIELDS).is_some() || door.remote_ranges.iter().any(|range| !ranges::is_range(range))
        };
        if let Some(door) = doors.iter().find(unread) {
            let why = door.unreadable.of(&FIELDS).map_or("its RemoteIPRanges", |one| &one.said);
            let what = format!("the receive connector '{}\\{}'", door.server, door.name);
            notes.gap(receiver.unreadable(&what, format!("could not be read: {why}"), "Get-ReceiveConnector"));
            continue;
        }
        notes
            .finding(format!(
                "{} sends to {} from {}, and {} has no receive connector with ExternalAuthoritative for {}",
                sender.system,
                receiver.system,
                listed(&anonymous, 4),
                receiver.system,
                if anonymous.len() == 1 { "it" } else { "them" }
            ))
            // Whether mail really leaves from these addresses only the receiver's log tells.
            .certainty(Certainty::Likely)
            .about(SubjectKind::System, receiver.system)
            .about(SubjectKind::System, sender.system)
            .seen_all([pointer, exit.pointer].into_iter().chain(seen))
            .mend(open(case, sender, receiver, exit.smart_hosts, &from).of(receiver.system));
    }
}

/// The remedy: a receive connector for the sender's addresses, on each server that its mail reaches. What that opens, and
/// that the addresses are those that this host sees, is said before it.
fn open(
    case: &Case,
    sender: &OrganisationView,
    receiver: &OrganisationView,
    smart_hosts: &[String],
    from: &[IpAddr],
) -> Remedy {
    let name = format!("From {}", sender.system);
    const ROLE: &str = "-TransportRole is there since Exchange 2013; before, leave it out";
    let (before_2013, role) =
        (receiver.is_before_2013(), |cmdlet: Cmdlet| cmdlet.word("TransportRole", "FrontendTransport"));
    let new = |first: bool| {
        let new = Cmdlet::new("New-ReceiveConnector");
        let told = OPENS.iter().chain(before_2013.is_none().then_some(&ROLE));
        let new = if first { told.fold(new, |cmdlet, what| cmdlet.remark(what)) } else { new };
        new.with("Name", &name)
    };
    // Mail by IPv6 never meets a binding of IPv4.
    let families = [("0.0.0.0:25", from.iter().any(IpAddr::is_ipv4)), ("[::]:25", from.iter().any(IpAddr::is_ipv6))];
    let bindings: Vec<&str> = families.into_iter().filter(|(_, is)| *is).map(|(binding, _)| binding).collect();
    let rest = |cmdlet: Cmdlet| {
        let cmdlet = match before_2013 {
            Some(true) => cmdlet,
            Some(false) | None => role(cmdlet),
        };
        cmdlet
            .word("Usage", "Custom")
            .list("Bindings", &bindings)
            .list("RemoteIPRanges", from.iter().map(IpAddr::to_string))
            .word("AuthMechanism", "ExternalAuthoritative")
            .word("PermissionGroups", "ExchangeServers")
    };
    let remove = || Cmdlet::new("Remove-ReceiveConnector");
    let title = format!("At {}, treat the way as secured", receiver.system);
    let servers = reached(case, receiver, smart_hosts);
    if servers.names.is_empty() {
        let close = remove()
            .remark(&format!("the identity is the server, a backslash and {name}"))
            .placeholder("Identity", "see the comment")
            .off("Confirm");
        let open = rest(servers.put(new(true), "Server", "a Mailbox server"));
        return Remedy::exchange(title, vec![open], vec![close]);
    }
    let pair = |(at, server): (usize, &String)| {
        let close = remove().with("Identity", format!("{server}\\{name}")).off("Confirm");
        (rest(new(at == 0).with("Server", server)), close)
    };
    Remedy::each(title, servers.names.iter().enumerate().map(pair))
}

/// What a connector with ExternalAuthoritative opens (Microsoft, "Allow anonymous relay on Exchange servers", "Externally
/// secured").
const OPENS: [&str; 3] = [
    "who sends from these addresses is then trusted as an Exchange server: relay to anywhere, any sender, no anti-spam",
    "the addresses are as this host sees them; behind NAT or a load balancer they are others, perhaps everybody's: see the \
     protocol log of the receiving server before",
    "narrower: single addresses from that log alone, and in -Bindings the server's internal address in place of 0.0.0.0",
];

/// The receiver's servers at which mail for `smart_hosts` arrives: those of that name or address, else all.
fn reached(case: &Case, receiver: &OrganisationView, smart_hosts: &[String]) -> Known {
    let all = mailbox_servers(receiver);
    let Ok((_, servers)) = receiver.servers() else { return all };
    let of = |host: &str| match case.model.addresses(host) {
        Addresses::Known(found, _) => found,
        _ => Vec::new(),
    };
    let aimed_at: Vec<IpAddr> = smart_hosts.iter().flat_map(|host| of(host)).collect();
    let is_aimed_at = |name: &&String| {
        let server = servers.iter().find(|server| server.name == **name);
        let fqdn = server.and_then(|server| server.fqdn.as_deref());
        let named =
            |host: &String| host.eq_ignore_ascii_case(name) || fqdn.is_some_and(|own| host.eq_ignore_ascii_case(own));
        smart_hosts.iter().any(named) || fqdn.is_some_and(|own| of(own).iter().any(|one| aimed_at.contains(one)))
    };
    let names: Vec<String> = all.names.iter().filter(is_aimed_at).cloned().collect();
    if names.is_empty() { all } else { Known { names, ..all } }
}

/// A tenant takes the organisation's mail for its own only by an inbound connector of type OnPremises (Microsoft, "Configure
/// mail flow using connectors in Exchange Online").
fn tenant<'a>(case: &Case<'a>, sender: &OrganisationView<'a>, notes: &mut Notes) {
    if !case.model.organisations.iter().any(OrganisationView::is_online) {
        return;
    }
    let Some((domain, receiver)) = peer(case, sender, notes, OrganisationView::is_online) else { return };
    let Some(Some(exit)) = notes.need(sender.exit(&domain)) else { return };
    let Some((pointer, all)) = notes.need(receiver.inbound_connectors()) else { return };
    // Whether one that is there fits only the certificate and the addresses that arrive tell; another kind may be it too.
    let may_be = |one: &&InboundConnector| one.enabled && one.kind != ConnectorType::Partner;
    if all.iter().any(|one| may_be(&one)) {
        return;
    }
    let by = listed(exit.smart_hosts, 3);
    let finding = notes.finding(format!(
        "{} sends to {} by {by}, and {} has no enabled inbound connector of type OnPremises",
        sender.system, receiver.system, receiver.system
    ));
    finding.certainty(Certainty::Likely).seen(pointer).seen(exit.pointer);
    finding.about(SubjectKind::System, receiver.system).about(SubjectKind::System, sender.system);
    let name = format!("From {}", sender.system);
    let open = Cmdlet::new("New-InboundConnector")
        .remark("Exchange Online PowerShell; or run the Hybrid Configuration Wizard, which makes both sides")
        .remark("who has that certificate may then send as your own, and relay through the tenant")
        .with("Name", &name)
        .word("ConnectorType", "OnPremises")
        .with("SenderDomains", "*")
        .bool("RequireTls", true)
        .placeholder("TlsSenderCertificateName", "the name in the certificate of the Exchange servers");
    let close = Cmdlet::new("Remove-InboundConnector").with("Identity", &name).off("Confirm");
    let title = format!("At {}, know the organisation by its certificate", receiver.system);
    finding.mend(Remedy::exchange(title, vec![open], vec![close]).of(receiver.system));
}

/// The domain whose mail leaves `sender` for another organisation that is of a `kind`: the shared one, or one that its
/// objects are sent on to; and that organisation.
fn peer<'c, 'a>(
    case: &'c Case<'a>,
    sender: &OrganisationView<'a>,
    notes: &mut Notes,
    kind: fn(&OrganisationView<'a>) -> bool,
) -> Option<(String, &'c OrganisationView<'a>)> {
    let routed = case.model.routing_domains(sender);
    let shared = leaves(case, sender, notes).then(|| sender.domain.to_string());
    shared.into_iter().chain(routed.into_keys()).find_map(|domain| {
        let exit = notes.need(sender.exit(&domain))??;
        let owners = exit.smart_hosts.iter().filter_map(|host| case.model.owner(host, exit.port));
        let to = owners.map(|owner| owner.system).find(|system| *system != sender.system)?;
        let receiver = case.model.organisation_of(to).filter(|receiver| kind(receiver))?;
        Some((domain, receiver))
    })
}

/// What of a receive connector decides.
const FIELDS: [&str; 3] = ["enabled", "authentication", "server"];

/// The addresses that an organisation's servers and hops have, with what says so.
fn addresses(case: &Case, of: &OrganisationView) -> (Vec<IpAddr>, Vec<String>) {
    let hops = case.model.hops_of(Role::Exchange).filter(|hop| hop.hop.system.as_deref() == Some(of.system));
    let (mut found, mut seen): (Vec<IpAddr>, Vec<String>) =
        hops.filter_map(|hop| Some((hop.hop.address?, hop.pointer()))).unzip();
    if let Ok((pointer, servers)) = of.servers() {
        for name in servers.iter().filter_map(|server| server.fqdn.as_deref()) {
            if let Addresses::Known(more, looked_up) = case.model.addresses(name) {
                found.extend(more);
                seen.extend([pointer.clone()].into_iter().chain(looked_up));
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    (found, seen)
}

/// Whether some server takes mail of `address` as secured: the connector with the closest range of its server decides
/// (Microsoft, "Receive connectors").
fn secured(doors: &[ReceiveConnector], address: IpAddr) -> bool {
    let width = |door: &ReceiveConnector| {
        door.remote_ranges.iter().filter_map(|range| ranges::width(range, address)).min().filter(|_| door.enabled)
    };
    let trusts = |door: &ReceiveConnector| door.authentication.contains(&ReceiveAuthentication::ExternalAuthoritative);
    doors.iter().filter(|door| trusts(door)).any(|door| {
        let beside = doors.iter().filter(|other| other.server == door.server && other.bindings == door.bindings);
        width(door).is_some_and(|own| beside.filter_map(width).all(|other| own <= other))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::servers::{ExchangeServer, ServerRole};
    use crate::stories::World;

    fn door(ranges: &[&str], authentication: Vec<ReceiveAuthentication>) -> ReceiveConnector {
        let remote_ranges = ranges.iter().map(|range| (*range).into()).collect();
        ReceiveConnector { enabled: true, remote_ranges, authentication, ..ReceiveConnector::default() }
    }

    #[test]
    fn a_peer_needs_a_connector_for_the_senders_addresses() {
        let mut world = World::two_forests();
        let anyone = || door(&["0.0.0.0-255.255.255.255"], vec![ReceiveAuthentication::Tls]);
        let trusted = |range: &str| door(&[range], vec![ReceiveAuthentication::ExternalAuthoritative]);
        assert_eq!(world.lines(&CHECK).len(), 2, "neither's receive connectors are known");
        world.organisation_at(0).receive_connectors = Observed::Known(vec![anyone(), trusted("10.1.0.0/16")]);
        world.organisation_at(1).receive_connectors = Observed::Known(vec![anyone()]);
        let found = "warning likely: corp sends to labs from 10.0.0.10, and labs has no receive connector with \
                     ExternalAuthoritative for it [labs, corp]";
        assert_eq!(world.lines(&CHECK), [found]);
        let other = Observed::Known(vec![anyone(), trusted("10.9.0.0/16")]);
        world.organisation_at(1).receive_connectors = other;
        assert_eq!(world.lines(&CHECK), [found], "it is for other addresses");
        world.organisation_at(1).receive_connectors = Observed::Known(vec![anyone(), trusted("10.0.0.10")]);
        assert_eq!(world.lines(&CHECK), [""; 0]);
        let closer = door(&["10.0.0.10"], vec![ReceiveAuthentication::Tls]);
        world.organisation_at(1).receive_connectors = Observed::Known(vec![trusted("10.0.0.0/16"), closer]);
        assert_eq!(world.lines(&CHECK), [found], "another one is closer");
        for silent in [SmartHostAuthentication::BasicRequireTls, SmartHostAuthentication::ExchangeServer] {
            world.connector(|connector| connector.authentication = silent);
            assert_eq!(world.lines(&CHECK), [""; 0], "{silent:?}");
        }
        world.connector(|connector| connector.authentication = SmartHostAuthentication::Unknown);
        let gap = "unanswered: whether 'To labs' authenticates of corp (its mechanism is none that is known)";
        assert_eq!(world.lines(&CHECK), [gap]);
        world.connector(|connector| connector.authentication = SmartHostAuthentication::None);
        assert_eq!(world.lines(&CHECK), [found]);
        world.organisation_at(1).receive_connectors = Observed::Known(vec![anyone(), door(&["10.0.0.x"], vec![])]);
        let gap = "unanswered: the receive connector '\\' of labs (could not be read: its RemoteIPRanges)";
        assert_eq!(world.lines(&CHECK), [gap]);
        world.organisation_at(1).receive_connectors = Observed::Known(vec![anyone()]);
        let line = |server: &str| {
            format!(
                "New-ReceiveConnector -Name 'From corp' -Server {server} -TransportRole FrontendTransport -Usage Custom \
                 -Bindings '0.0.0.0:25' -RemoteIPRanges '10.0.0.10' -AuthMechanism ExternalAuthoritative -PermissionGroups \
                 ExchangeServers"
            )
        };
        let told = |world: &World| {
            let lines = world.commands(&CHECK);
            let commands: Vec<String> = lines.iter().filter(|line| !line.starts_with('#')).cloned().collect();
            (commands, lines.len())
        };
        assert_eq!(told(&world), (vec![line("<a Mailbox server>")], 5), "no server of labs was read");
        let server = |name: &str, fqdn: &str| ExchangeServer {
            name: name.into(),
            fqdn: Some(fqdn.into()),
            roles: vec![ServerRole::Mailbox],
            ..ExchangeServer::default()
        };
        let both = vec![server("LAB01", "lab01.contoso.com"), server("LAB02", "lab02.contoso.com")];
        world.organisation_at(1).servers = Observed::Known(both);
        assert_eq!(told(&world), (vec![line("'LAB01'"), line("'LAB02'")], 6), "nobody knows which it reaches");
        let both = vec![server("LAB01", "exch.labs.contoso.com"), server("LAB02", "lab02.contoso.com")];
        world.organisation_at(1).servers = Observed::Known(both);
        assert_eq!(told(&world), (vec![line("'LAB01'")], 5), "its smart host is that one");
        let alone = ["not asked: a second Exchange organisation on premises"];
        assert_eq!(World::healthy().lines(&CHECK), alone);
    }

    #[test]
    fn a_new_connector_is_bound_to_the_families_by_which_mail_comes() {
        let cases: [(&[&str], &str); 3] = [
            (&["10.0.0.10"], " -Bindings '0.0.0.0:25' "),
            (&["2001:db8::10"], " -Bindings '[::]:25' "),
            (&["10.0.0.10", "2001:db8::10"], " -Bindings '0.0.0.0:25','[::]:25' "),
        ];
        for (addresses, expected) in cases {
            let mut world = World::two_forests();
            let anyone = door(&["10.9.0.0/24"], vec![ReceiveAuthentication::Tls]);
            world.organisation_at(1).receive_connectors = Observed::Known(vec![anyone]);
            let hop = world.evidence.hops.iter().find(|hop| hop.id == crate::stories::EXCHANGE).unwrap().clone();
            world.evidence.hops.retain(|hop| hop.id != crate::stories::EXCHANGE);
            let at = |address: &&str| crate::evidence::smtp::Hop { address: address.parse().ok(), ..hop.clone() };
            world.evidence.hops.extend(addresses.iter().map(at));
            let text = world.commands(&CHECK).join("\n");
            assert!(text.contains(expected), "{addresses:?}: {text}");
        }
    }

    #[test]
    fn the_role_of_a_receive_connector_is_named_where_the_version_has_roles() {
        let told = |versions: &[&str]| {
            let mut world = World::two_forests();
            let anyone = door(&["0.0.0.0-255.255.255.255"], vec![ReceiveAuthentication::Tls]);
            world.organisation_at(0).receive_connectors = Observed::Known(vec![]);
            world.organisation_at(1).receive_connectors = Observed::Known(vec![anyone]);
            let server =
                |version: &&str| ExchangeServer { version: Some((*version).into()), ..ExchangeServer::default() };
            world.organisation_at(1).servers = Observed::Known(versions.iter().map(server).collect());
            let text = world.commands(&CHECK).join("\n");
            (text.contains(" -TransportRole FrontendTransport "), text.contains("# -TransportRole is there since"))
        };
        let (new, old) = ("Version 15.2 (Build 1544.4)", "Version 14.3 (Build 123.4)");
        let cases: [(&[&str], (bool, bool)); 5] = [
            (&[new], (true, false)),
            (&[old, old], (false, false)),
            (&[new, old], (true, true)),
            (&[], (true, true)),
            (&["14"], (true, true)),
        ];
        for (versions, expected) in cases {
            assert_eq!(told(versions), expected, "{versions:?}");
        }
    }

    #[test]
    fn a_tenant_needs_an_inbound_connector_for_its_own_organisation() {
        let connector =
            |kind, enabled| InboundConnector { name: "In".into(), kind, enabled, ..InboundConnector::default() };
        let mut world = World::hybrid();
        world.connectors().push(crate::stories::connector("To EXO", "contoso.mail.onmicrosoft.com"));
        world.connector(|one| one.smart_hosts = vec!["contoso-com.mail.protection.outlook.com".into()]);
        let alone = "not asked: a second Exchange organisation on premises".to_string();
        let found =
            "warning likely: corp sends to cloud by contoso-com.mail.protection.outlook.com, and cloud has no enabled \
                     inbound connector of type OnPremises [cloud, corp]"
                .to_string();
        let cases = [
            (vec![], true),
            (vec![connector(ConnectorType::Partner, true)], true),
            (vec![connector(ConnectorType::OnPremises, false)], true),
            (vec![connector(ConnectorType::Partner, true), connector(ConnectorType::OnPremises, true)], false),
            (vec![connector(ConnectorType::Unknown, true)], false),
        ];
        for (all, is_told) in cases {
            world.organisation_at(1).inbound_connectors = Observed::Known(all.clone());
            let expected = if is_told { vec![found.clone(), alone.clone()] } else { vec![alone.clone()] };
            assert_eq!(world.lines(&CHECK), expected, "{all:?}");
        }
        world.organisation_at(1).inbound_connectors = Observed::NotAsked;
        assert_eq!(world.lines(&CHECK), ["not asked: the inbound connectors of cloud".to_string(), alone.clone()]);
        assert_eq!(World::healthy().lines(&CHECK), [alone]);
    }
}
