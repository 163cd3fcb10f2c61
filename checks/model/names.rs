//! Names and the addresses behind them, as DNS answered.
use super::Model;
use crate::evidence::dns::RecordKind;
use crate::evidence::exchange::SendConnector;
use crate::prelude::*;
use core::net::IpAddr;

/// What DNS says of a host's addresses.
pub enum Addresses {
    /// These, perhaps none, with the pointers to the look-ups.
    Known(Vec<IpAddr>, Vec<String>),
    /// There was no usable answer.
    Unknown(Miss),
    /// Nobody asked.
    NotAsked,
}

impl<'a> Model<'a> {
    /// The addresses of `host`; an address literal stands for itself.
    pub fn addresses(&self, host: &str) -> Addresses {
        if let Ok(literal) = host.parse() {
            return Addresses::Known(vec![literal], Vec::new());
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
            // One family that answers with addresses is enough; one that fails leaves "none" unproven.
            Some(miss) if found.is_empty() => Addresses::Unknown(miss),
            _ if pointers.is_empty() => Addresses::NotAsked,
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
        let mx = self.evidence.dns_of(host, RecordKind::Mx).and_then(|(_, lookup)| lookup.answer.known());
        let by_mx = mx.is_some_and(|answer| answer.exchanges().iter().any(|(_, exchange)| !exchange.is_empty()));
        !by_mx && matches!(self.addresses(host), Addresses::Known(found, _) if found.is_empty())
    }
}
