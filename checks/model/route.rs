//! Which send connector Exchange picks: its own six rules, in its own order.
//!
//! Microsoft, "Connector selection in external message routing": size, then enabled, scope and match, then the most
//! specific address space, the lowest cost, the fewest hops, the lowest name.
use crate::evidence::exchange::{AddressSpace, SendConnector};
use crate::prelude::*;

/// What is to be routed, and from where.
#[derive(Clone, Copy)]
pub struct Errand<'a> {
    /// The recipient's domain, lower case.
    pub domain: &'a str,
    /// The message's size in bytes; 0 where it does not matter.
    pub bytes: u64,
    /// The sending server's standing towards a connector: its site-link cost, or none where it is out of scope.
    pub place: &'a dyn Fn(&SendConnector) -> Place,
}

/// Where a connector is, seen from the server that routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whether a connector that is scoped to its site can be seen from here.
    pub same_site: bool,
    /// The sum of the site-link costs to it.
    pub site_cost: u32,
    /// 0 this server, 1 this site, 2 another site.
    pub distance: u8,
}

/// The place of a server in the connector's own site: what one assumes without knowing the sites.
pub const HERE: Place = Place { same_site: true, site_cost: 0, distance: 1 };

/// The choice, with a reason for each that lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The winner, by its place in the list.
    pub winner: Option<usize>,
    /// The others, each with the rule that it lost by.
    pub lost: Vec<(usize, Lost)>,
}

/// The rule that a connector lost by, in the order of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lost {
    /// The message is too large for it.
    Size,
    /// It is disabled.
    Disabled,
    /// It is scoped to another site.
    Scope,
    /// None of its address spaces matches.
    NoMatch,
    /// Another matches more closely.
    LessSpecific,
    /// Another costs less.
    Cost,
    /// Another is nearer.
    Distance,
    /// Another comes first by name.
    Name,
}

/// Picks the connector for `errand`.
pub fn select(connectors: &[SendConnector], errand: Errand) -> Selection {
    let mut lost = Vec::new();
    let mut candidates = Vec::new();
    for (at, connector) in connectors.iter().enumerate() {
        match standing(connector, errand) {
            Ok(standing) => candidates.push((standing, at)),
            Err(why) => lost.push((at, why)),
        }
    }
    candidates.sort();
    let winner = candidates.first().cloned();
    if let Some((best, _)) = &winner {
        lost.extend(candidates.iter().skip(1).map(|(other, at)| (*at, best.beats(other))));
    }
    lost.sort_unstable();
    Selection { winner: winner.map(|(_, at)| at), lost }
}

/// How well `space` matches `domain`: the number of characters it fixes, or none. `*` fixes none.
///
/// `contoso.com` matches that domain alone; `*.contoso.com` matches it and its subdomains.
pub fn specificity(space: &AddressSpace, domain: &str) -> Option<(usize, bool)> {
    if space.kind == "SMTP" { fixes(&space.address, domain) } else { None }
}

/// The same for the address alone, as Exchange Online writes recipient domains.
pub fn fixes(address: &str, domain: &str) -> Option<(usize, bool)> {
    if address == "*" {
        return Some((0, false));
    }
    let Some(suffix) = address.strip_prefix("*.") else {
        return (address == domain).then_some((address.len(), true));
    };
    let inside = domain.strip_suffix(suffix).is_some_and(|head| head.is_empty() || head.ends_with('.'));
    inside.then_some((suffix.len(), false))
}

/// The cost of the address space by which `connector` serves `domain`, without the site links.
pub fn cost(connector: &SendConnector, domain: &str) -> Option<u32> {
    closest(connector, domain).map(|(_, cost)| cost)
}

/// The connector's closest address space, the cheapest of equals.
fn closest(connector: &SendConnector, domain: &str) -> Option<(core::cmp::Reverse<(usize, bool)>, u32)> {
    let spaces = connector.address_spaces.iter();
    spaces.filter_map(|space| Some((core::cmp::Reverse(specificity(space, domain)?), space.cost))).min()
}

/// What candidates are ordered by; the least is the best.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Standing {
    specific: core::cmp::Reverse<(usize, bool)>,
    cost: u32,
    distance: u8,
    name: String,
}

impl Standing {
    fn beats(&self, other: &Self) -> Lost {
        if self.specific != other.specific {
            Lost::LessSpecific
        } else if self.cost != other.cost {
            Lost::Cost
        } else if self.distance != other.distance {
            Lost::Distance
        } else {
            Lost::Name
        }
    }
}

fn standing(connector: &SendConnector, errand: Errand) -> Result<Standing, Lost> {
    if connector.max_bytes.is_some_and(|most| most < errand.bytes) {
        return Err(Lost::Size);
    }
    if !connector.enabled {
        return Err(Lost::Disabled);
    }
    let place = (errand.place)(connector);
    if connector.scoped && !place.same_site {
        return Err(Lost::Scope);
    }
    let closest = closest(connector, errand.domain).ok_or(Lost::NoMatch)?;
    Ok(Standing {
        specific: closest.0,
        cost: closest.1.saturating_add(place.site_cost),
        distance: place.distance,
        name: connector.name.to_lowercase(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `name: spaces [flags]`, where flags are `off`, `10k` (size limit in kilobytes) and `scoped`.
    fn connector(text: &str) -> SendConnector {
        let (name, rest) = text.split_once(": ").unwrap();
        let words: Vec<&str> = rest.split(' ').collect();
        let address_spaces: Vec<_> = words[0].split(',').filter_map(AddressSpace::parse).collect();
        SendConnector {
            name: name.into(),
            enabled: !words.contains(&"off"),
            scoped: words.contains(&"scoped") || address_spaces.iter().any(|space| space.local),
            address_spaces,
            max_bytes: words.iter().find_map(|word| word.strip_suffix('k')?.parse::<u64>().ok()).map(|kb| kb * 1024),
            ..SendConnector::default()
        }
    }

    /// A connector whose name begins with `far` is in another site at cost 10; `near` in ours, others on this server.
    fn place(connector: &SendConnector) -> Place {
        match &connector.name {
            name if name.starts_with("far") => Place { same_site: false, site_cost: 10, distance: 2 },
            name if name.starts_with("near") => Place { same_site: true, site_cost: 0, distance: 1 },
            _ => Place { same_site: true, site_cost: 0, distance: 0 },
        }
    }

    #[test]
    fn the_winner_is_exchanges_own() {
        use Lost::*;
        type Row = (&'static str, u64, &'static [&'static str], Option<&'static str>, &'static [(&'static str, Lost)]);
        let table: &[Row] = &[
            ("contoso.com", 0, &[], None, &[]),
            ("contoso.com", 0, &["a: contoso.com"], Some("a"), &[]),
            ("contoso.com", 0, &["a: smtp:contoso.com;1"], Some("a"), &[]),
            ("contoso.com", 0, &["a: fabrikam.com"], None, &[("a", NoMatch)]),
            ("contoso.com", 0, &["a: x400:contoso.com;1"], None, &[("a", NoMatch)]),
            ("contoso.com", 0, &["a: *"], Some("a"), &[]),
            ("contoso.com", 0, &["a: *.com"], Some("a"), &[]),
            ("contoso.com", 0, &["a: *contoso.com"], None, &[("a", NoMatch)]),
            ("contoso.com", 0, &["a: SMTP:--;1"], None, &[("a", NoMatch)]),
            // Apex, subdomain, wildcard.
            ("contoso.com", 0, &["a: *.contoso.com"], Some("a"), &[]),
            ("app.contoso.com", 0, &["a: *.contoso.com"], Some("a"), &[]),
            ("x.app.contoso.com", 0, &["a: *.contoso.com"], Some("a"), &[]),
            ("notcontoso.com", 0, &["a: *.contoso.com"], None, &[("a", NoMatch)]),
            ("app.contoso.com", 0, &["a: contoso.com"], None, &[("a", NoMatch)]),
            ("contoso.com", 0, &["a: app.contoso.com"], None, &[("a", NoMatch)]),
            // The most specific wins, whatever it costs.
            ("contoso.com", 0, &["a: *", "b: contoso.com"], Some("b"), &[("a", LessSpecific)]),
            ("contoso.com", 0, &["a: *;1", "b: contoso.com;100"], Some("b"), &[("a", LessSpecific)]),
            ("contoso.com", 0, &["a: *.contoso.com;1", "b: contoso.com;100"], Some("b"), &[("a", LessSpecific)]),
            ("app.contoso.com", 0, &["a: *.contoso.com;1", "b: app.contoso.com;9"], Some("b"), &[("a", LessSpecific)]),
            ("x.app.contoso.com", 0, &["a: *.contoso.com", "b: *.app.contoso.com"], Some("b"), &[("a", LessSpecific)]),
            ("contoso.com", 0, &["a: *.com", "b: *"], Some("a"), &[("b", LessSpecific)]),
            ("contoso.com", 0, &["a: *.contoso.com", "b: *.com"], Some("a"), &[("b", LessSpecific)]),
            // A connector counts by its closest address space.
            ("contoso.com", 0, &["a: *;1,contoso.com;50", "b: *.contoso.com;1"], Some("a"), &[("b", LessSpecific)]),
            ("contoso.com", 0, &["a: contoso.com;9,contoso.com;2", "b: contoso.com;3"], Some("a"), &[("b", Cost)]),
            // Cost, with the site links.
            ("contoso.com", 0, &["a: contoso.com;2", "b: contoso.com;1"], Some("b"), &[("a", Cost)]),
            ("contoso.com", 0, &["far: contoso.com;1", "b: contoso.com;10"], Some("b"), &[("far", Cost)]),
            ("contoso.com", 0, &["far: contoso.com;1", "b: contoso.com;12"], Some("far"), &[("b", Cost)]),
            ("contoso.com", 0, &["a: *;2", "b: *;1"], Some("b"), &[("a", Cost)]),
            // Distance, where the cost is equal.
            ("contoso.com", 0, &["near: contoso.com;1", "z: contoso.com;1"], Some("z"), &[("near", Distance)]),
            ("contoso.com", 0, &["far: contoso.com;1", "near: contoso.com;11"], Some("near"), &[("far", Distance)]),
            // Name, where all is equal; case does not matter.
            ("contoso.com", 0, &["b: contoso.com", "A: contoso.com"], Some("A"), &[("b", Name)]),
            ("contoso.com", 0, &["b: contoso.com", "a: contoso.com"], Some("a"), &[("b", Name)]),
            ("contoso.com", 0, &["a2: *", "a10: *"], Some("a10"), &[("a2", Name)]),
            // Disabled ones are invisible, and the wildcard takes over.
            ("contoso.com", 0, &["a: contoso.com off"], None, &[("a", Disabled)]),
            ("contoso.com", 0, &["a: contoso.com off", "b: *"], Some("b"), &[("a", Disabled)]),
            ("contoso.com", 0, &["a: fabrikam.com off"], None, &[("a", Disabled)]),
            // Scope.
            ("contoso.com", 0, &["far: contoso.com scoped"], None, &[("far", Scope)]),
            ("contoso.com", 0, &["far: local:smtp:contoso.com;1", "b: *"], Some("b"), &[("far", Scope)]),
            ("contoso.com", 0, &["near: contoso.com scoped", "b: *"], Some("near"), &[("b", LessSpecific)]),
            ("contoso.com", 0, &["far: contoso.com", "b: *"], Some("far"), &[("b", LessSpecific)]),
            // Size comes first of all.
            ("contoso.com", 20_000, &["a: contoso.com 10k", "b: *"], Some("b"), &[("a", Size)]),
            ("contoso.com", 10_240, &["a: contoso.com 10k"], Some("a"), &[]),
            ("contoso.com", 10_241, &["a: contoso.com 10k"], None, &[("a", Size)]),
            ("contoso.com", 20_000, &["a: contoso.com 10k off"], None, &[("a", Size)]),
            ("contoso.com", 20_000, &["a: contoso.com 10k", "b: contoso.com;50 30k"], Some("b"), &[("a", Size)]),
            ("contoso.com", 20_000, &["a: contoso.com 10k", "b: * 10k"], None, &[("a", Size), ("b", Size)]),
            ("contoso.com", 20_000, &["far: contoso.com 10k scoped"], None, &[("far", Size)]),
            ("contoso.com", 20_000, &["a: fabrikam.com 10k", "b: *"], Some("b"), &[("a", Size)]),
            (
                "contoso.com",
                20_000,
                &["a: contoso.com 10k off", "b: *.contoso.com off"],
                None,
                &[("a", Size), ("b", Disabled)],
            ),
            // A disabled one is disabled before it is out of scope, and out of scope before it matches nothing.
            ("contoso.com", 0, &["far: contoso.com scoped off"], None, &[("far", Disabled)]),
            ("contoso.com", 0, &["far: fabrikam.com scoped"], None, &[("far", Scope)]),
            // One of several spaces that matches is enough; those of another kind never do.
            (
                "app.contoso.com",
                0,
                &["a: contoso.com,*.contoso.com;7", "b: *.com;1"],
                Some("a"),
                &[("b", LessSpecific)],
            ),
            ("contoso.com", 0, &["a: x400:c=us;1,contoso.com;3", "b: contoso.com;2"], Some("b"), &[("a", Cost)]),
            ("contoso.com", 0, &["a: --,*;5", "b: *;6"], Some("a"), &[("b", Cost)]),
            ("contoso.com", 0, &["a: fabrikam.com,tailspin.com", "b: *"], Some("b"), &[("a", NoMatch)]),
            // Case and other scripts: spaces are folded, domains come as A-labels, names sort without case.
            ("contoso.com", 0, &["a: SMTP:CONTOSO.COM;1"], Some("a"), &[]),
            ("xn--bcher-kva.example", 0, &["a: *.XN--BCHER-KVA.example", "b: *"], Some("a"), &[("b", LessSpecific)]),
            ("contoso.com", 0, &["Ä: contoso.com", "z: contoso.com"], Some("z"), &[("Ä", Name)]),
            ("contoso.com", 0, &["É: contoso.com", "è: contoso.com"], Some("è"), &[("É", Name)]),
            // All ties but the name; and equal names stay in their order.
            ("contoso.com", 0, &["a: contoso.com;1", "a: contoso.com;1"], Some("a"), &[("a", Name)]),
            (
                "contoso.com",
                0,
                &["far: *.contoso.com;1", "near: *.contoso.com;11", "z: *.contoso.com;11"],
                Some("z"),
                &[("far", Distance), ("near", Distance)],
            ),
            ("contoso.com", 0, &["far: contoso.com;100", "b: *;1"], Some("far"), &[("b", LessSpecific)]),
            ("com", 0, &["a: *.com", "b: *"], Some("a"), &[("b", LessSpecific)]),
        ];
        for (domain, bytes, texts, winner, lost) in table {
            let all: Vec<_> = texts.iter().map(|text| connector(text)).collect();
            let chosen = select(&all, Errand { domain, bytes: *bytes, place: &place });
            let names: Vec<_> = chosen.lost.iter().map(|&(at, why)| (&*all[at].name, why)).collect();
            assert_eq!(chosen.winner.map(|at| &*all[at].name), *winner, "{domain} {texts:?}");
            assert_eq!(names, *lost, "{domain} {texts:?}");
        }
    }
}
