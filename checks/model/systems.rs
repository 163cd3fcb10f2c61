//! Whose a host is, and which system a gateway hands mail to.
use super::{Addresses, HopView, Model, OrganisationView, Outcome, Recipient};
use crate::evidence::SystemKind;
use crate::evidence::servers::ServerRole;
use crate::evidence::smtp::Hop;
use crate::prelude::*;
use core::net::IpAddr;

/// Where Exchange Online takes mail: below these names.
const ONLINE: [&str; 2] = [".mail.protection.outlook.com", ".mx.microsoft"];

/// Whose a host is.
#[derive(Clone)]
pub struct Owner<'a> {
    /// The system.
    pub system: &'a str,
    /// JSON Pointers to what says so.
    pub seen: Vec<String>,
}

impl<'a> Model<'a> {
    /// The system that takes mail at `host` and `port`: an Exchange organisation by its servers or hops, or another by
    /// its hops. Edge servers are nobody's here: what one hands to its own Edge server goes out.
    pub fn owner(&self, host: &str, port: u16) -> Option<Owner<'a>> {
        // Asked for with every recipient, and the same each time.
        let key = (host.to_string(), port);
        if let Some(known) = self.owners.borrow().get(&key) {
            return known.clone();
        }
        let found = self.find_owner(host, port);
        self.owners.borrow_mut().insert(key, found.clone());
        found
    }

    fn find_owner(&self, host: &str, port: u16) -> Option<Owner<'a>> {
        let (addresses, looked_up) = match self.addresses(host) {
            Addresses::Known(found, seen) => (found, seen),
            _ => (Vec::new(), Vec::new()),
        };
        if self.organisations.iter().any(|organisation| organisation.is_edge(host)) {
            return None;
        }
        let owner = |system, pointer: String| {
            let seen = [pointer].into_iter().chain(looked_up.iter().cloned()).collect();
            Some(Owner { system, seen })
        };
        let hop_of = |role| {
            self.hops_of(role).filter(|hop| hop.hop.port == port).find_map(|hop| {
                let same = hop.hop.host.eq_ignore_ascii_case(host)
                    || hop.hop.address.is_some_and(|address| addresses.contains(&address));
                same.then_some((hop.hop.system.as_deref()?, hop.pointer()))
            })
        };
        if [25, 2525, self.question.smtp_port].contains(&port) {
            for organisation in &self.organisations {
                if let Some(pointer) = self.server(organisation, host, &addresses) {
                    return owner(organisation.system, pointer);
                }
            }
        }
        if let Some((system, pointer)) = hop_of(Role::Exchange) {
            return owner(system, pointer);
        }
        let mut online = self.question.systems_of(SystemKind::ExchangeOnline);
        if let (true, Some(one), None) = (is_online(host), online.next(), online.next()) {
            let at = self.question.systems.iter().position(|system| system.name == one.name)?;
            return owner(&one.name, format!("/run/settings/systems/{at}"));
        }
        let (system, pointer) = hop_of(Role::Other)?;
        owner(system, pointer)
    }

    /// The pointer to the organisation's Exchange server that `host` or one of its `addresses` is.
    fn server(&self, organisation: &OrganisationView, host: &str, addresses: &[IpAddr]) -> Option<String> {
        let (pointer, servers) = organisation.servers().ok()?;
        let at = servers.iter().position(|server| {
            let name = server.fqdn.as_deref();
            let known = name.map(|name| self.addresses(name));
            let same = server.name.eq_ignore_ascii_case(host)
                || name.is_some_and(|name| name.eq_ignore_ascii_case(host))
                || matches!(known, Some(Addresses::Known(found, _)) if found.iter().any(|one| addresses.contains(one)));
            same && !server.roles.contains(&ServerRole::Edge)
        })?;
        Some(format!("{pointer}/{at}"))
    }

    /// The system that gateway `hop` hands mail to: the one that the configuration names, else the one whose host it is,
    /// else the first of Exchange.
    pub fn delivers_to(&self, hop: &HopView) -> Option<&'a str> {
        let named = self.question.named_behind(hop.hop);
        named.or_else(|| self.belongs_to(hop)).or_else(|| self.first_exchange())
    }

    /// The system whose own host the gateway `hop` is: by name, by address, by the certificate that it shows, or because
    /// Exchange Online takes mail at such a name.
    pub fn belongs_to(&self, hop: &HopView) -> Option<&'a str> {
        let own = hop.hop;
        let systems = || self.question.systems.iter();
        let named = systems().find(|system| system.smtp.iter().any(|host| is_at(host, own, self.question.smtp_port)));
        if let Some(system) = named {
            return Some(&system.name);
        }
        let others = || self.hops.iter().filter(|other| other.hop.role != Role::Gateway);
        let same = |other: &&HopView| {
            let address = other.hop.address.is_some() && other.hop.address == own.address;
            other.hop.port == own.port && (address || other.hop.host.eq_ignore_ascii_case(&own.host))
        };
        // A smart host that nobody named as the other system's own may be the gateway, by mistake (F-17): then only what it
        // says tells.
        let told = |other: &&HopView| {
            let mut named = systems().filter(|system| !system.smtp.is_empty());
            named.any(|system| Some(&system.name) == other.hop.system.as_ref()) || self.knows_others_alone(hop)
        };
        let own_host = others().filter(same).find(told);
        if let Some(system) = own_host.and_then(|other| self.name_of(other.hop.system.as_deref()?)) {
            return Some(system);
        }
        // A certificate for one name is on one machine, or on those of one system; one for all names may be anywhere.
        let shown = |hop: &HopView| {
            let leaf = hop.certificate()?;
            let single = !leaf.names.is_empty() && leaf.names.iter().all(|name| !name.starts_with('*'));
            (single && !leaf.sha256.is_empty()).then(|| leaf.sha256.clone())
        };
        if let Some(leaf) = shown(hop) {
            let mut alike =
                others().filter(|other| shown(other).as_ref() == Some(&leaf)).map(|other| &other.hop.system);
            let first = alike.next().and_then(|system| system.as_deref());
            if let Some(system) = first.filter(|first| alike.all(|other| other.as_deref() == Some(first))) {
                return self.name_of(system);
            }
        }
        let mut online = self.question.systems_of(SystemKind::ExchangeOnline);
        match (is_online(&own.host), online.next(), online.next()) {
            (true, Some(one), None) => Some(&one.name),
            _ => None,
        }
    }

    /// Whether the gateway is also the smart host of a connector, and nothing tells whether it is the other system's own
    /// host or one that hands mail back to Exchange.
    pub fn may_be_others(&self, hop: &HopView) -> bool {
        let own = hop.hop;
        let same = |other: &HopView| other.hop.address == own.address && other.hop.port == own.port;
        let smart_host = own.address.is_some() && self.hops_of(Role::Other).any(same);
        smart_host && self.question.named_behind(own).is_none() && self.belongs_to(hop).is_none()
    }

    /// Whether it accepts somebody who is on another system's list, and refuses somebody who has a mailbox in Exchange as
    /// unknown: so decides the other system.
    fn knows_others_alone(&self, hop: &HopView) -> bool {
        let accepts = |one: &Recipient| one.listed().is_some() && hop.outcome(one.address) == Outcome::Accepted;
        let refuses = |one: &Recipient| {
            let heard = hop.word_on(one.address).filter(|heard| heard.meaning == Meaning::UnknownRecipient);
            one.own_directory().is_some() && heard.is_some_and(|heard| hop.control(heard).is_some())
        };
        self.recipients.iter().any(accepts) && self.recipients.iter().any(refuses)
    }

    /// Whether gateway `hop` is a host of another system than Exchange.
    pub fn is_at_other(&self, hop: &HopView) -> bool {
        self.delivers_to(hop).is_some_and(|system| self.organisation_of(system).is_none())
    }

    /// The system's name as the question has it.
    fn name_of(&self, system: &str) -> Option<&'a str> {
        self.question.systems.iter().find(|one| one.name == system).map(|one| &*one.name)
    }

    /// Whether mail of the domain that takes the way of its MX comes back to `organisation`: not where the gateways hand
    /// it to others only.
    pub fn comes_back(&self, organisation: &OrganisationView) -> bool {
        let mut behind = self.hops_of(Role::Gateway).filter_map(|gateway| self.delivers_to(gateway)).peekable();
        behind.peek().is_none() || behind.any(|system| system == organisation.system)
    }

    /// The first Exchange system on premises, else the first online.
    pub fn first_exchange(&self) -> Option<&'a str> {
        self.question.first_exchange()
    }

    /// The organisation of `system`, where it is an Exchange system.
    pub fn organisation_of(&self, system: &str) -> Option<&OrganisationView<'a>> {
        self.organisations.iter().find(|organisation| organisation.system == system)
    }

    /// Whether the MX of the domain is Exchange Online, with the pointer to the look-up; none where DNS did not say.
    pub fn mx_is_online(&self) -> Option<(bool, String)> {
        let (at, lookup) = self.evidence.dns_of(self.domain, crate::evidence::dns::RecordKind::Mx)?;
        let online = |host: &str| is_online(host) || self.is_hop_of_online(host);
        let found = lookup.answer.known()?.exchanges().into_iter().any(|(_, host)| online(host));
        Some((found, format!("/evidence/dns/{at}")))
    }

    fn is_hop_of_online(&self, host: &str) -> bool {
        let mut hosts = self.question.systems_of(SystemKind::ExchangeOnline).flat_map(|system| &system.smtp);
        hosts.any(|named| named.split(':').next().is_some_and(|named| named.eq_ignore_ascii_case(host)))
    }
}

impl Question {
    /// The system that the configuration says gateway `hop` hands mail to.
    pub fn named_behind(&self, hop: &Hop) -> Option<&str> {
        let named = self.delivers_to.iter().find(|(gateway, _)| is_at(gateway, hop, self.smtp_port));
        named.map(|(_, system)| &**system)
    }

    /// The system that gateway `hop` hands mail to, before anybody was asked: the one that the configuration names, else
    /// the first of Exchange.
    pub fn system_behind(&self, hop: &Hop) -> Option<&str> {
        self.named_behind(hop).or_else(|| self.first_exchange())
    }

    /// The first Exchange system on premises, else the first online.
    pub fn first_exchange(&self) -> Option<&str> {
        let online = self.systems_of(SystemKind::ExchangeOnline);
        self.systems_of(SystemKind::Exchange).chain(online).map(|system| &*system.name).next()
    }
}

impl OrganisationView<'_> {
    /// Whether `name` is one of its Edge servers: by its server object, or by a subscription.
    pub fn is_edge(&self, name: &str) -> bool {
        let label = name.split('.').next().unwrap_or(name);
        let subscribed = self.edge_subscriptions().is_ok_and(|(_, all)| {
            all.iter().any(|edge| edge.name.eq_ignore_ascii_case(label) || edge.name.eq_ignore_ascii_case(name))
        });
        let server = || {
            self.servers().is_ok_and(|(_, all)| {
                all.iter().filter(|server| server.roles.contains(&ServerRole::Edge)).any(|server| {
                    server.name.eq_ignore_ascii_case(name)
                        || server.fqdn.as_deref().is_some_and(|fqdn| fqdn.eq_ignore_ascii_case(name))
                })
            })
        };
        // An address has no label to compare by.
        name.parse::<IpAddr>().is_err() && (subscribed || server())
    }
}

/// Whether `named`, a host with or without a port, is where the hop is.
pub fn is_at(named: &str, hop: &Hop, usual_port: u16) -> bool {
    let (host, port) = match named.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port.parse().ok()),
        _ => (named, None),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let address = host.parse().is_ok_and(|literal: IpAddr| hop.address == Some(literal));
    (address || host.eq_ignore_ascii_case(&hop.host)) && port.unwrap_or(usual_port) == hop.port
}

/// Whether `host` is one of Exchange Online's names.
pub fn is_online(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    ONLINE.iter().any(|suffix| host.ends_with(suffix))
}
