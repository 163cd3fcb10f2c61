//! Which hosts are asked: the gateways, the systems' own, and the smart hosts of the connectors.
use super::Collector;
use crate::collect::dns::EXCHANGES;
use crate::config::split_host;
use futures_util::future::join_all;
use nsdiag_checks::evidence::dns::RecordKind;
use nsdiag_checks::evidence::smtp::{Hop, Role};
use nsdiag_checks::evidence::{Beyond, Evidence, Observed, Question, SystemKind};
use nsdiag_checks::model::Model;
use nsdiag_checks::model::names::is_localhost;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// How many hops a run visits, and how many addresses of one host. Domains have some dozens of them; what DNS names beyond
/// that would cost more sessions than anybody waits for, and is told.
pub(super) const HOPS: usize = 256;
const ADDRESSES: usize = 64;
/// How many of an organisation's servers are resolved, to recognise a smart host that is one of them.
const SERVERS: usize = 64;
/// How many domains to which objects are sent on, and how many MX hosts of each, are looked up.
const ROUTED: usize = 10;

impl Collector<'_> {
    /// The gateways, by host: those that were named, else the MX hosts. MX is asked for in either case.
    pub(super) async fn gateways(&self, question: &Question) -> Vec<Vec<Hop>> {
        let lookup = self.resolver.ask(&question.domain, RecordKind::Mx).await;
        let hosts: Vec<String> = match (&question.gateways[..], lookup.answer.known()) {
            ([], None) => vec![],
            ([], Some(answer)) => {
                let exchanges = answer.exchanges();
                match exchanges.is_empty() && answer.exists {
                    // RFC 5321, 5.1: the implicit MX. Its addresses tell whether there is one.
                    true => match self.resolver.addresses(&question.domain).await {
                        Observed::Known(found) if !found.is_empty() => vec![question.domain.clone()],
                        _ => vec![],
                    },
                    false => answer.hosts().into_iter().map(String::from).collect(),
                }
            }
            (named, _) => return self.named_gateways(named, question.smtp_port).await,
        };
        let beyond = hosts.len().saturating_sub(EXCHANGES);
        if beyond > 0 {
            self.beyond(
                format!("{beyond} of the {} MX hosts", hosts.len()),
                format!("only the first {EXCHANGES} by preference are looked up"),
            );
        }
        let hops = hosts.iter().take(EXCHANGES).map(|host| self.hops(Role::Gateway, None, host, question.smtp_port));
        join_all(hops).await
    }

    async fn named_gateways(&self, named: &[String], port: u16) -> Vec<Vec<Hop>> {
        let mut seen = BTreeSet::new();
        let mut found = join_all(named.iter().map(|host| self.named_hops(Role::Gateway, None, host, port))).await;
        found.iter_mut().for_each(|hops| hops.retain(|hop| seen.insert(hop.id.clone())));
        found
    }

    fn beyond(&self, what: String, why: String) {
        self.beyond.borrow_mut().push(Beyond { what, why });
    }

    /// So many addresses of the hosts that there are no more hops than there is `room` for, the first of each host in any
    /// case; `whose` they are is told of the rest.
    pub(super) fn within(&self, room: &mut usize, whose: &str, mut hosts: Vec<Vec<Hop>>) -> Vec<Hop> {
        let all: usize = hosts.iter().map(Vec::len).sum();
        // A round gives each host one address more, while there is room.
        let (mut each, mut taken) = (0, 0);
        while each < ADDRESSES && taken < all {
            let round = hosts.iter().filter(|hops| hops.len() > each).count();
            if each > 0 && taken + round > *room {
                break;
            }
            (each, taken) = (each + 1, taken + round);
        }
        hosts.iter_mut().for_each(|hops| hops.truncate(each));
        *room = room.saturating_sub(taken);
        if taken < all {
            self.beyond(
                format!("{} of the {all} addresses of {whose}", all - taken),
                format!(
                    "a run visits up to {ADDRESSES} addresses of one host and {HOPS} in all, of each host the first"
                ),
            );
        }
        hosts.into_iter().flatten().collect()
    }

    /// The smart hosts of the connectors that win for the domain; their names are resolved in any case. Those that are
    /// hosts of an Exchange system are no other system's.
    pub(super) async fn smart_hosts(&self, question: &Question, evidence: &mut Evidence) -> Vec<Vec<Hop>> {
        let other = question.systems_of(SystemKind::Other).next().map(|system| system.name.clone());
        let mut wanted: Vec<(String, u16)> = Vec::new();
        let mut names: Vec<String> = Vec::new();
        let mut by_mx: Vec<String> = Vec::new();
        let model = Model::new(question, evidence);
        for organisation in &model.organisations {
            if let Ok((_, servers)) = organisation.servers() {
                names.extend(servers.iter().filter_map(|server| server.fqdn.clone()).take(SERVERS));
            }
            // The domains to which objects are sent on: their connectors lead to the other system as well, if it is
            // their mailboxes that they stand for.
            for (domain, objects) in model.routing_domains(organisation).into_iter().take(ROUTED) {
                let Ok(Some(exit)) = organisation.exit(&domain) else { continue };
                names.extend(exit.smart_hosts.iter().cloned());
                if exit.smart_hosts.is_empty() {
                    by_mx.push(domain.clone());
                }
                let is_listed = |address: &String| {
                    let known = evidence.files.iter().filter_map(|list| list.addresses.known());
                    known.into_iter().any(|all| all.contains(address))
                };
                if !exit.by_wildcard && objects.iter().any(|object| object.addresses().iter().any(is_listed)) {
                    wanted.extend(exit.smart_hosts.iter().map(|host| (host.clone(), exit.port)));
                }
            }
            let Ok(Some(exit)) = organisation.exit(&question.domain) else { continue };
            names.extend(exit.smart_hosts.iter().cloned());
            // A connector for all domains leads to the Internet, not to the other system.
            if !exit.by_wildcard {
                wanted.extend(exit.smart_hosts.iter().map(|host| (host.clone(), exit.port)));
            }
        }
        drop(model);
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() && names.is_empty() && by_mx.is_empty() {
            return vec![];
        }
        join_all(names.iter().map(|name| async {
            // A smart host may be the name of an MX.
            if matches!(self.resolver.addresses(name).await, Observed::Known(found) if found.is_empty()) {
                self.resolver.ask(name, RecordKind::Mx).await;
            }
        }))
        .await;
        join_all(by_mx.iter().map(|domain| async {
            let lookup = self.resolver.ask(domain, RecordKind::Mx).await;
            let hosts = lookup.answer.known().map(|answer| answer.exchanges()).unwrap_or_default();
            let hosts: Vec<&str> = hosts.iter().map(|(_, host)| *host).filter(|host| !host.is_empty()).collect();
            let hosts = if hosts.is_empty() { vec![domain.as_str()] } else { hosts };
            join_all(hosts.into_iter().take(ROUTED).map(|host| self.resolver.addresses(host))).await;
        }))
        .await;
        let exchange = question.systems.iter().filter(|system| system.kind != SystemKind::Other);
        let hosts = exchange.flat_map(|system| system.smtp.iter().map(move |host| (&system.name, host)));
        let hops = hosts.map(|(system, host)| self.named_hops(Role::Exchange, Some(system), host, question.smtp_port));
        evidence.hops = join_all(hops).await.into_iter().flatten().collect();
        evidence.dns = self.resolver.lookups();
        let model = Model::new(question, evidence);
        wanted.retain(|(host, port)| model.owner(host, *port).is_none());
        join_all(wanted.iter().map(|(host, port)| self.hops(Role::Other, other.as_ref(), host, *port))).await
    }

    /// A hop for every address of `host`; one without an address where there is none.
    async fn hops(&self, role: Role, system: Option<&String>, host: &str, port: u16) -> Vec<Hop> {
        let Some((host, port)) = split_host(host, port) else { return vec![] };
        let found = self.resolver.addresses(&host).await;
        hops(role, system, &host, port, found)
    }

    /// The hops of a host that the user named.
    pub(super) async fn named_hops(&self, role: Role, system: Option<&String>, host: &str, port: u16) -> Vec<Hop> {
        let Some((host, port)) = split_host(host, port) else { return vec![] };
        let mut found = self.resolver.addresses_of_named(&host).await;
        // Few services listen on both loopback addresses, and none has to.
        if let (true, Observed::Known(found)) = (is_localhost(&host), &mut found) {
            found.truncate(1);
        }
        hops(role, system, &host, port, found)
    }
}

fn hops(role: Role, system: Option<&String>, host: &str, port: u16, found: Observed<Vec<IpAddr>>) -> Vec<Hop> {
    let hop = |address: Option<IpAddr>| {
        let at = match address {
            Some(IpAddr::V6(address)) => format!("[{address}]:{port}"),
            Some(address) => format!("{address}:{port}"),
            None => format!("unresolved:{port}"),
        };
        let id = format!("{}/{host}/{at}", role.word());
        Hop { id, role, system: system.cloned(), host: host.into(), address, port }
    };
    match found {
        Observed::Known(addresses) if !addresses.is_empty() => {
            addresses.into_iter().map(|address| hop(Some(address))).collect()
        }
        _ => vec![hop(None)],
    }
}
