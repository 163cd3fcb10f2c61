//! Organisations that relay the domain to each other.
use super::{Model, OrganisationView};
use crate::evidence::exchange::{AcceptedDomain, DomainKind};
use crate::judge::Gap;
use crate::prelude::*;

/// One organisation that hands the domain on: its accepted domain, its connector, and to which organisation.
pub struct Relay<'a> {
    /// The organisation.
    pub organisation: &'a OrganisationView<'a>,
    /// Its accepted domain.
    pub accepted: &'a AcceptedDomain,
    /// The connector, by its name.
    pub by: String,
    /// The organisations that it hands mail to, by their places.
    pub to: Vec<usize>,
    /// JSON Pointers to all of it.
    pub seen: Vec<String>,
}

/// How `organisation` hands the domain on; none where it does not.
pub fn relay<'a>(model: &Model, organisation: &'a OrganisationView<'a>) -> Result<Option<Relay<'a>>, Gap> {
    let relayed = organisation.accepted_domain()?.filter(|(_, entry)| entry.kind == DomainKind::InternalRelay);
    let Some((entry, accepted)) = relayed else { return Ok(None) };
    let Some(exit) = organisation.exit(organisation.domain)? else { return Ok(None) };
    let mut seen = vec![format!("{entry}/kind"), exit.pointer];
    let mut next: Vec<&str> = Vec::new();
    for host in exit.smart_hosts {
        if let Some(gateway) = model.gateway_at(host, exit.port) {
            next.extend(model.delivers_to(gateway));
            seen.push(gateway.pointer());
        } else if let Some(owner) = model.owner(host, exit.port) {
            next.push(owner.system);
            seen.extend(owner.seen);
        }
    }
    // By DNS it takes the way of the MX.
    for gateway in model.hops.iter().filter(|hop| hop.hop.role == Role::Gateway && exit.smart_hosts.is_empty()) {
        next.extend(model.delivers_to(gateway));
        seen.push(gateway.pointer());
    }
    let place = |system: &str| model.organisations.iter().position(|other| other.system == system);
    let to = next.into_iter().filter(|system| *system != organisation.system).filter_map(place).collect();
    Ok(Some(Relay { organisation, accepted, by: exit.name.into(), to, seen }))
}

/// Every circle, each once, beginning with its first organisation.
pub fn circles(relays: &[Option<Relay>]) -> Vec<Vec<usize>> {
    let mut found: Vec<Vec<usize>> = Vec::new();
    for start in 0..relays.len() {
        let mut open = vec![vec![start]];
        while let Some(way) = open.pop() {
            let Some(relay) = way.last().and_then(|at| relays[*at].as_ref()) else { continue };
            for next in &relay.to {
                if *next == start && !found.contains(&way) {
                    found.push(way.clone());
                } else if *next > start && !way.contains(next) && way.len() < 6 {
                    open.push(way.iter().copied().chain([*next]).collect());
                }
            }
        }
    }
    found
}
