//! Names and the addresses behind them, as DNS answered.
use super::Model;
use crate::evidence::dns::{Answer, RecordKind};
use crate::evidence::exchange::SendConnector;
use crate::prelude::*;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What DNS says of a host's addresses.
pub enum Addresses {
    /// These, perhaps none, with the pointers to the look-ups.
    Known(Vec<IpAddr>, Vec<String>),
    /// There was no usable answer.
    Unknown(Miss),
    /// Nobody asked.
    NotAsked,
}

/// The domain's MX records.
pub struct Exchangers<'a> {
    /// The JSON Pointer to the look-up.
    pub pointer: String,
    /// Who answered.
    pub resolver: &'a str,
    /// The answer.
    pub answer: &'a Answer,
}

impl<'a> Exchangers<'a> {
    /// The hosts, each once, by preference; the domain itself where it has no MX record (RFC 5321, 5.1). None of a null MX.
    pub fn hosts(&self, domain: &'a str) -> Vec<&'a str> {
        let hosts = self.answer.hosts();
        let implicit = self.answer.exists && self.answer.exchanges().is_empty();
        implicit.then_some(domain).into_iter().chain(hosts).collect()
    }
}

/// The host of `named`, a host with or without a port; an address literal without its brackets.
pub fn bare_host(named: &str) -> &str {
    let host = match named.rsplit_once(':') {
        Some((host, _)) if !host.contains(':') || host.ends_with(']') => host,
        _ => named,
    };
    host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.')
}

/// Whether `host` is this machine by a name that DNS is not asked for (RFC 6761, 6.3).
pub fn is_localhost(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

impl<'a> Model<'a> {
    /// The domain's MX records, or why they are not known.
    pub fn exchangers(&self) -> Result<Exchangers<'a>, Gap> {
        let what = format!("the MX records of {}", self.domain);
        let lookup = self.evidence.dns_of(self.domain, RecordKind::Mx);
        match lookup.map(|(at, lookup)| (at, lookup, &lookup.answer)) {
            Some((at, lookup, Observed::Known(answer))) => {
                Ok(Exchangers { pointer: format!("/evidence/dns/{at}"), resolver: &lookup.resolver, answer })
            }
            Some((.., Observed::Unknown(miss))) => Err(no_dns(what, miss)),
            _ => Err(Gap::not_asked(what, "--resolver IP")),
        }
    }

    /// Whether two names are of one host, by name or by address; none where DNS does not tell.
    pub fn is_same_host(&self, one: &str, other: &str) -> Option<bool> {
        let (one, other) = (bare_host(one), bare_host(other));
        if one.eq_ignore_ascii_case(other) {
            return Some(true);
        }
        let ((ours, all), (theirs, all_theirs)) = (self.told(one)?, self.told(other)?);
        let shared = ours.iter().any(|address| theirs.contains(address));
        (shared || all && all_theirs).then_some(shared)
    }

    /// What DNS tells of a host's addresses, and whether that is all; none where it tells nothing.
    fn told(&self, host: &str) -> Option<(Vec<IpAddr>, bool)> {
        if is_localhost(host) {
            return Some((vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()], true));
        }
        let known = |kind| self.evidence.dns_of(host, kind).is_some_and(|(_, lookup)| lookup.answer.known().is_some());
        match self.addresses(host) {
            Addresses::Known(found, pointers) => {
                Some((found, pointers.is_empty() || known(RecordKind::A) && known(RecordKind::Aaaa)))
            }
            Addresses::Unknown(miss) if miss.how == How::AliasLoop => Some((vec![], true)),
            _ => None,
        }
    }

    /// The addresses of `host`; an address literal, in brackets or not, stands for itself.
    pub fn addresses(&self, host: &str) -> Addresses {
        let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
        if let Ok(literal) = host.parse::<IpAddr>() {
            return Addresses::Known(vec![literal.to_canonical()], Vec::new());
        }
        let asked = [RecordKind::A, RecordKind::Aaaa].map(|kind| self.evidence.dns_of(host, kind));
        let mut found = Vec::new();
        let mut pointers = Vec::new();
        let mut miss = None;
        for (at, lookup) in asked.into_iter().flatten() {
            pointers.push(format!("/evidence/dns/{at}"));
            match &lookup.answer {
                Observed::Known(answer) => found.extend(answer.addresses()),
                Observed::Unknown(why) => miss = Some(why.clone()),
                Observed::NotAsked => {}
            }
        }
        match miss {
            // One family that answers with addresses is enough; one that fails, or was not asked, leaves "none" unproven.
            Some(miss) if found.is_empty() => Addresses::Unknown(miss),
            _ if found.is_empty() && pointers.len() < 2 => Addresses::NotAsked,
            _ => Addresses::Known(found, pointers),
        }
    }

    /// The domain's MX hosts, by preference.
    pub fn mx_hosts(&self) -> impl Iterator<Item = &str> {
        let lookups = self.evidence.dns.iter().filter(|lookup| lookup.kind == RecordKind::Mx);
        let own = lookups.filter(|lookup| lookup.name == self.domain);
        own.filter_map(|lookup| lookup.answer.known()).flat_map(|answer| answer.exchanges()).map(|(_, host)| host)
    }

    /// Whether `host` at `port` is one of the gateways, by name or by address.
    pub fn is_gateway(&self, host: &str, port: u16) -> bool {
        self.gateway_at(host, port).is_some()
    }

    /// The gateway that `host` at `port` is, by name or by address.
    pub fn gateway_at(&self, host: &str, port: u16) -> Option<&HopView<'_>> {
        let addresses = match self.addresses(host) {
            Addresses::Known(found, _) => found,
            _ => Vec::new(),
        };
        self.hops_of(Role::Gateway).filter(|hop| hop.hop.port == port).find(|hop| {
            hop.hop.host.eq_ignore_ascii_case(host) || hop.hop.address.is_some_and(|one| addresses.contains(&one))
        })
    }

    /// The connector that hands the domain's mail to `hop`, with its pointer.
    pub fn connector_to(&self, hop: &HopView) -> Option<(String, &'a SendConnector)> {
        let bare = |host: &str| host.trim_matches(['[', ']']).trim_end_matches('.').to_lowercase();
        let own = bare(&hop.hop.host);
        self.organisations.iter().filter(|_| hop.hop.role == Role::Other).find_map(|organisation| {
            let routing = organisation.selection(organisation.domain).ok()?;
            routing.winner().filter(|(_, connector)| connector.smart_hosts.iter().any(|host| bare(host) == own))
        })
    }

    /// Whether DNS surely has no address for `host`, nor an MX: a smart host may be the name of either (Microsoft, "Send
    /// connectors").
    pub fn resolves_to_nothing(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.');
        let known = |kind| self.evidence.dns_of(host, kind).and_then(|(_, lookup)| lookup.answer.known());
        // A name that does not exist has no MX either (RFC 8020).
        let without_mx = match known(RecordKind::Mx) {
            Some(answer) => answer.exchanges().iter().all(|(_, exchange)| exchange.is_empty()),
            None => known(RecordKind::A).is_some_and(|answer| !answer.exists),
        };
        match self.addresses(host) {
            Addresses::Known(found, _) => found.is_empty() && without_mx,
            Addresses::Unknown(miss) => miss.how == How::AliasLoop,
            Addresses::NotAsked => false,
        }
    }
}
