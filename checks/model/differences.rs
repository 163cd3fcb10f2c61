//! Where the directory and the exports of one organisation say different things.
use super::recipients::{holds, kind};
use super::sites::server_name;
use super::{OrganisationView, State, routing};
use crate::evidence::directory::Origin;
use crate::evidence::exchange::{AcceptedDomain, SendConnector, SmartHostAuthentication};
use crate::evidence::reading::Unread;
use crate::prelude::*;
use alloc::collections::{BTreeMap, BTreeSet};

/// One thing of which the two sources say different things.
pub struct Difference {
    /// What: `the accepted domain 'contoso.com'`.
    pub what: String,
    /// What LDAP says: `internal-relay`.
    pub ldap: String,
    /// What the export says.
    pub export: String,
    /// JSON Pointers to both.
    pub seen: [String; 2],
}

/// One value of an object, by the name that the cmdlet has for it.
type Values = Vec<(&'static str, String)>;

/// What differs between the organisation's LDAP directory and its exports, where both know it.
pub fn differences(of: &OrganisationView) -> Vec<Difference> {
    let by = |origin| of.directories.iter().find(move |(_, directory)| directory.origin == origin);
    let (Some(&(ldap, by_ldap)), Some(&(export, by_export))) = (by(Origin::Ldap), by(Origin::Export)) else {
        return vec![];
    };
    let mut found = Vec::new();
    if let (Some(one), Some(other)) = (by_ldap.organisation.known(), by_export.organisation.known()) {
        let pointers = |field: &str| {
            [ldap, export].map(|at| format!("/evidence/directories/{at}/organisation/known/{field}/known"))
        };
        if let (Some(one), Some(other)) = (one.accepted_domains.known(), other.accepted_domains.known()) {
            let named = |each: &AcceptedDomain| (each.domain.clone(), of_domain(each));
            let all = [one.iter().map(named).collect(), other.iter().map(named).collect()];
            compare("accepted domain", all, pointers("accepted_domains"), &mut found);
        }
        if let (Some(one), Some(other)) = (one.send_connectors.known(), other.send_connectors.known()) {
            let named = |each: &SendConnector| (each.name.clone(), of_connector(each));
            let all = [one.iter().map(named).collect(), other.iter().map(named).collect()];
            compare("send connector", all, pointers("send_connectors"), &mut found);
        }
    }
    let exported: BTreeMap<&str, (usize, &Lookup)> =
        by_export.lookups.iter().enumerate().map(|(at, lookup)| (&*lookup.address, (at, lookup))).collect();
    for (at, lookup) in by_ldap.lookups.iter().enumerate() {
        let Some(&(place, other)) = exported.get(&*lookup.address) else { continue };
        let entries = lookup.forest.known().or(lookup.entries.known());
        let (Some(one), Some(other)) = (entries, other.entries.known()) else { continue };
        let (one, other) = (state(one, &lookup.address), state(other, &lookup.address));
        if one != other {
            found.push(Difference {
                what: lookup.address.clone(),
                ldap: one.word().into(),
                export: other.word().into(),
                seen: [(ldap, at), (export, place)]
                    .map(|(directory, at)| format!("/evidence/directories/{directory}/lookups/{at}")),
            });
        }
    }
    found
}

/// Compares the objects of one class, by name.
fn compare(class: &str, all: [Vec<(String, Values)>; 2], pointers: [String; 2], found: &mut Vec<Difference>) {
    let names: BTreeSet<&str> = all.iter().flatten().map(|(name, _)| &**name).collect();
    for name in names {
        let place = |at: usize| all[at].iter().position(|(own, _)| own.eq_ignore_ascii_case(name));
        let what = format!("the {class} '{name}'");
        let at = |which: usize, place: Option<usize>| match place {
            Some(place) => format!("{}/{place}", pointers[which]),
            None => pointers[which].clone(),
        };
        let (one, other) = (place(0), place(1));
        let seen = [at(0, one), at(1, other)];
        let there = |place: Option<usize>| if place.is_some() { "there" } else { "not there" }.to_string();
        let (Some(one), Some(other)) = (one, other) else {
            found.push(Difference { what, ldap: there(one), export: there(other), seen });
            continue;
        };
        let values = all[0][one].1.iter().zip(&all[1][other].1);
        let unlike = values.filter(|((_, one), (_, other))| one != other && !one.is_empty() && !other.is_empty());
        let (ldap, export): (Vec<_>, Vec<_>) =
            unlike.map(|((key, one), (_, other))| (format!("{key} {one}"), format!("{key} {other}"))).unzip();
        if !ldap.is_empty() {
            found.push(Difference { what, ldap: ldap.join(", "), export: export.join(", "), seen });
        }
    }
}

fn of_domain(each: &AcceptedDomain) -> Values {
    let kind = format!("{:?}", each.kind);
    vec![
        ("DomainType", if kind == "Unknown" { String::new() } else { kind }),
        ("AddressBookEnabled", read(&each.unreadable, "address_book", each.address_book.to_string())),
        ("MatchSubDomains", read(&each.unreadable, "match_subdomains", each.match_subdomains.to_string())),
        // The one names it by DN and the other by identity.
        ("CatchAllRecipient", if each.catch_all.is_some() { "set" } else { "not set" }.into()),
    ]
}

fn of_connector(each: &SendConnector) -> Values {
    let sorted = |mut all: Vec<String>| {
        all.sort();
        if all.is_empty() { "none".into() } else { all.join("+") }
    };
    let authentication = match each.authentication {
        SmartHostAuthentication::Unknown => String::new(),
        known => format!("{known:?}"),
    };
    let costs = each.address_spaces.iter().map(|space| space.cost);
    let with_costs =
        routing::spaces(each).into_iter().zip(costs).map(|(space, cost)| format!("{space};{cost}")).collect();
    let sources = each.source_servers.iter().map(|source| server_name(source).to_uppercase()).collect();
    let read = |field, value| read(&each.unreadable, field, value);
    let size = each.max_bytes.map_or("unlimited".into(), routing::bytes_in_words);
    // Where one source does not tell the servers, that is no difference.
    let sources = if each.source_servers.is_empty() { String::new() } else { sorted(sources) };
    vec![
        ("Enabled", read("enabled", each.enabled.to_string())),
        ("AddressSpaces", read("address_spaces", sorted(with_costs))),
        ("SmartHosts", read("smart_hosts", sorted(each.smart_hosts.clone()))),
        ("Port", read("port", each.port.to_string())),
        ("SmartHostAuthMechanism", authentication),
        ("IsScopedConnector", read("address_spaces", each.scoped.to_string())),
        ("MaxMessageSize", read("max_bytes", size)),
        ("RequireTLS", read("require_tls", each.require_tls.to_string())),
        ("SourceTransportServers", read("source_servers", sources)),
    ]
}

/// A value, or nothing where it could not be read: that is no difference.
fn read(unread: &Unread, field: &str, value: String) -> String {
    if unread.of(&[field]).is_some() { String::new() } else { value }
}

fn state(entries: &[Entry], address: &str) -> State {
    match entries.iter().filter(|entry| holds(entry, address)).collect::<Vec<_>>()[..] {
        [] => State::Absent,
        [one] => kind(one),
        _ => State::Ambiguous,
    }
}
