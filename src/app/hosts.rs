//! Which hosts are asked: the gateways, the systems' own, and the smart hosts of the connectors.
use super::Collector;
use crate::config::split_host;
use futures_util::future::join_all;
use nsdiag_checks::evidence::dns::RecordKind;
use nsdiag_checks::evidence::smtp::{Hop, Role};
use nsdiag_checks::evidence::{Evidence, Observed, Question, SystemKind};
use nsdiag_checks::model::Model;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// How many of an organisation's servers are resolved, to recognise a smart host that is one of them.
const SERVERS: usize = 64;
/// How many domains to which objects are sent on, and how many MX hosts of each, are looked up.
const ROUTED: usize = 10;

impl Collector<'_> {
    /// The gateways: those that were named, else every MX host at every address. MX is asked for in either case.
    pub(super) async fn gateways(&self, question: &Question) -> Vec<Hop> {
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
                    false => {
                        exchanges.into_iter().filter(|(_, host)| !host.is_empty()).map(|(_, h)| h.to_string()).collect()
                    }
                }
            }
            (named, _) => named.to_vec(),
        };
        let found = join_all(hosts.iter().map(|host| self.hops(Role::Gateway, None, host, question.smtp_port))).await;
        let mut seen = BTreeSet::new();
        found.into_iter().flatten().filter(|hop| seen.insert(hop.id.clone())).collect()
    }

    /// The smart hosts of the connectors that win for the domain; their names are resolved in any case. Those that are
    /// hosts of an Exchange system are no other system's.
    pub(super) async fn smart_hosts(&self, question: &Question, evidence: &mut Evidence) -> Vec<Hop> {
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
        let hops = hosts.map(|(system, host)| self.hops(Role::Exchange, Some(system), host, question.smtp_port));
        evidence.hops = join_all(hops).await.into_iter().flatten().collect();
        evidence.dns = self.resolver.lookups();
        let model = Model::new(question, evidence);
        wanted.retain(|(host, port)| model.owner(host, *port).is_none());
        let found =
            join_all(wanted.iter().map(|(host, port)| self.hops(Role::Other, other.as_ref(), host, *port))).await;
        found.into_iter().flatten().collect()
    }

    /// A hop for every address of `host`; one without an address where there is none.
    pub(super) async fn hops(&self, role: Role, system: Option<&String>, host: &str, port: u16) -> Vec<Hop> {
        let Some((host, port)) = split_host(host, port) else { return vec![] };
        let hop = |address: Option<IpAddr>| {
            let at = match address {
                Some(IpAddr::V6(address)) => format!("[{address}]:{port}"),
                Some(address) => format!("{address}:{port}"),
                None => format!("unresolved:{port}"),
            };
            let id = format!("{}/{host}/{at}", role.word());
            Hop { id, role, system: system.cloned(), host: host.clone(), address, port }
        };
        match self.resolver.addresses(&host).await {
            Observed::Known(addresses) if !addresses.is_empty() => {
                addresses.into_iter().map(|address| hop(Some(address))).collect()
            }
            _ => vec![hop(None)],
        }
    }
}
