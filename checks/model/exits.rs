//! The way by which a domain's mail leaves an organisation: a send connector, or an outbound connector of Exchange Online.
use super::routing::Routing;
use super::{OrganisationView, route};
use crate::evidence::online::OutboundConnector;
use crate::judge::Gap;
use crate::prelude::*;

/// The connector that carries a domain's mail out.
pub struct Exit<'a> {
    /// The JSON Pointer to it.
    pub pointer: String,
    /// Its name.
    pub name: &'a str,
    /// The smart hosts; empty where it routes by DNS.
    pub smart_hosts: &'a [String],
    /// Their port.
    pub port: u16,
    /// Whether it serves the domain only because it serves all domains.
    pub by_wildcard: bool,
    /// Whether it sends from an Edge server.
    pub to_edge: ToEdge,
}

/// Whether a connector sends from an Edge server, which then hands mail on in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToEdge {
    /// It does.
    Yes,
    /// It sends from other servers.
    No,
    /// Its source servers are not shown.
    Unknown,
}

/// One way out of an organisation.
pub struct WayOut<'a> {
    /// The AD site whose servers take it, where another takes another.
    pub site: Option<&'a str>,
    /// The connector; none where none serves the domain.
    pub exit: Option<Exit<'a>>,
    /// Why each other connector lost, as a sentence's tail.
    pub lost: String,
}

/// Which outbound connector Exchange Online picks, and what keeps others that serve the domain from it.
pub struct Outbound<'a> {
    /// The JSON Pointer to the list of connectors.
    pub pointer: String,
    /// The connector that is used, with its pointer.
    pub winner: Option<(String, &'a OutboundConnector)>,
    /// Whether that serves the domain only because it serves all domains.
    pub by_wildcard: bool,
    /// Those for the domain that are disabled.
    pub disabled: Vec<(String, &'a OutboundConnector)>,
    /// Those for the domain that are used only where a transport rule says so.
    pub by_rule: Vec<(String, &'a OutboundConnector)>,
}

impl<'a> OrganisationView<'a> {
    /// The way out for `domain`; none where no connector serves it.
    pub fn exit(&self, domain: &'a str) -> Result<Option<Exit<'a>>, Gap> {
        Ok(self.exits(domain, 0)?.swap_remove(0).exit)
    }

    /// The ways out for a message of `bytes` to `domain`: the one from the winner's own AD site first, then each one that a
    /// server of another site takes instead. There is at least one.
    pub fn exits(&self, domain: &'a str, bytes: u64) -> Result<Vec<WayOut<'a>>, Gap> {
        if self.is_online() {
            let outbound = self.outbound(domain)?;
            let exit = outbound.winner.map(|(pointer, connector)| Exit {
                pointer,
                name: &connector.name,
                smart_hosts: if connector.use_mx { &[] } else { &connector.smart_hosts },
                port: 25,
                by_wildcard: outbound.by_wildcard,
                to_edge: ToEdge::No,
            });
            return Ok(vec![WayOut { site: None, exit, lost: String::new() }]);
        }
        let routing = self.selection_at(domain, bytes)?;
        let mut ways = vec![self.way_out(None, &routing)?];
        for site in self.routing_sites().into_iter().flatten() {
            let there = routing.seen_from(&|connector| self.place_from(site, connector));
            self.undoubted(&there)?;
            let way = self.way_out(Some(site), &there)?;
            let name = |way: &WayOut<'a>| way.exit.as_ref().map(|exit| exit.name);
            if ways.iter().all(|known| name(known) != name(&way)) {
                ways.push(way);
            }
        }
        Ok(ways)
    }

    fn way_out(&self, site: Option<&'a str>, routing: &Routing<'a>) -> Result<WayOut<'a>, Gap> {
        let by_wildcard = routing.by_wildcard();
        let Some((pointer, connector)) = routing.winner() else {
            return Ok(WayOut { site, exit: None, lost: routing.why_others_lost() });
        };
        self.read_of(connector, &["smart_hosts", "port"])?;
        let to_edge = match () {
            () if self.is_at_edge(connector) => ToEdge::Yes,
            () if connector.source_servers.is_empty() => ToEdge::Unknown,
            () => ToEdge::No,
        };
        let exit = Exit {
            pointer,
            name: &connector.name,
            smart_hosts: &connector.smart_hosts,
            port: connector.port,
            by_wildcard,
            to_edge,
        };
        Ok(WayOut { site, exit: Some(exit), lost: routing.why_others_lost() })
    }

    /// The outbound connectors of Exchange Online for `domain`.
    pub fn outbound(&self, domain: &str) -> Result<Outbound<'a>, Gap> {
        let (pointer, all) = self.outbound_connectors()?;
        let mut serving: Vec<_> =
            all.iter().enumerate().filter_map(|(at, each)| Some((fixed(each, domain)?, at, each))).collect();
        // The most specific first; the first by name among equals, for want of a documented rule.
        serving.sort_by(|(one, _, first), (other, _, second)| (other, &first.name).cmp(&(one, &second.name)));
        let own = |unfit: fn(&OutboundConnector) -> bool| {
            let of_domain = serving.iter().filter(|((fixed, _), _, each)| *fixed > 0 && unfit(each));
            of_domain.map(|(_, at, each)| (format!("{pointer}/{at}"), *each)).collect::<Vec<_>>()
        };
        let winner = serving.iter().find(|(.., each)| each.enabled && !each.by_rule_only);
        Ok(Outbound {
            by_wildcard: winner.is_some_and(|((fixed, _), ..)| *fixed == 0),
            winner: winner.map(|(_, at, each)| (format!("{pointer}/{at}"), *each)),
            disabled: own(|each| !each.enabled),
            by_rule: own(|each| each.enabled && each.by_rule_only),
            pointer,
        })
    }
}

/// How much of `domain` the connector's closest recipient domain fixes; none where it does not serve it.
fn fixed(connector: &OutboundConnector, domain: &str) -> Option<(usize, bool)> {
    let listed = connector.recipient_domains.iter().filter_map(|pattern| route::fixes(pattern, domain)).max();
    let accepted = connector.all_accepted_domains.then_some((domain.len(), false));
    let all = connector.all_via_on_premises.then_some((0, false));
    listed.max(accepted).max(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{World, outbound};

    #[test]
    fn the_enabled_connector_of_the_closest_domain_is_used() {
        let set = |change: fn(&mut OutboundConnector)| {
            let mut connector = outbound("Own", "contoso.com");
            change(&mut connector);
            connector
        };
        let all = || outbound("All", "*");
        type Row = (Vec<OutboundConnector>, Option<&'static str>, bool);
        let table: Vec<Row> = vec![
            (vec![], None, false),
            (vec![all()], Some("All"), true),
            (vec![all(), set(|_| {})], Some("Own"), false),
            (vec![all(), set(|own| own.enabled = false)], Some("All"), true),
            (vec![set(|own| own.by_rule_only = true)], None, false),
            (vec![outbound("Sub", "*.contoso.com"), set(|_| {})], Some("Own"), false),
            (vec![outbound("Sub", "*.contoso.com"), all()], Some("Sub"), false),
            (vec![outbound("Fabrikam", "fabrikam.com")], None, false),
            (vec![set(|own| (own.recipient_domains, own.all_accepted_domains) = (vec![], true))], Some("Own"), false),
            (vec![set(|own| (own.recipient_domains, own.all_via_on_premises) = (vec![], true))], Some("Own"), true),
            (vec![outbound("B", "contoso.com"), outbound("A", "contoso.com")], Some("A"), false),
        ];
        for (connectors, winner, by_wildcard) in table {
            let mut world = World::online();
            *world.outbound_connectors() = connectors;
            let case = Case::new(&world.question, &world.evidence);
            let chosen = case.model.organisations[0].outbound("contoso.com").unwrap();
            let name = chosen.winner.as_ref().map(|(_, connector)| &*connector.name);
            assert_eq!((name, chosen.by_wildcard), (winner, by_wildcard));
        }
    }
}
