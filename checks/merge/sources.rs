//! Joins what the runs read beside the network: directories, exports, lists. They are the same wherever one looks from.
use super::One;
use crate::evidence::{Contradiction, List, System};
use crate::prelude::*;
use alloc::collections::{BTreeMap, BTreeSet};

/// The systems of all, and each one's evidence by their names: a run without a configuration calls them otherwise.
pub(super) fn same_systems(all: &mut [One]) -> Vec<System> {
    // Whoever knows most of a system has a name for it.
    let known = |one: &One| {
        let read = one.evidence.directories.iter().filter(|each| each.organisation.known().is_some()).count();
        let named =
            one.view.settings.systems.iter().map(|system| system.smtp.len() + system.lists.len()).sum::<usize>();
        (read, named)
    };
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by_key(|at| core::cmp::Reverse(known(&all[*at])));
    let mut systems: Vec<System> = Vec::new();
    for at in order {
        let own = all[at].view.settings.systems.clone();
        let alone = |all: &[System], kind| all.iter().filter(|system| system.kind == kind).count() == 1;
        let mut renamed: BTreeMap<String, String> = BTreeMap::new();
        for system in &own {
            let named = systems.iter().position(|one| one.name == system.name);
            let single = alone(&own, system.kind) && alone(&systems, system.kind);
            let by_kind = || systems.iter().position(|one| one.kind == system.kind).filter(|_| single);
            let found = named.or_else(by_kind);
            match found {
                Some(place) => {
                    renamed.insert(system.name.clone(), systems[place].name.clone());
                    complete(&mut systems[place], system);
                }
                None => systems.push(system.clone()),
            }
        }
        rename(&mut all[at], &renamed);
    }
    systems
}

/// Adds to a system what another run was told of it.
fn complete(system: &mut System, other: &System) {
    let add = |own: &mut Vec<String>, more: &[String]| {
        for one in more {
            if !own.contains(one) {
                own.push(one.clone());
            }
        }
    };
    add(&mut system.smtp, &other.smtp);
    add(&mut system.ldap, &other.ldap);
    add(&mut system.exports, &other.exports);
    add(&mut system.lists, &other.lists);
    add(&mut system.outbound, &other.outbound);
    system.ldap_user = system.ldap_user.take().or_else(|| other.ldap_user.clone());
    system.recipients_in_directory |= other.recipients_in_directory;
}

fn rename(one: &mut One, names: &BTreeMap<String, String>) {
    let named = |name: &mut String| {
        if let Some(other) = names.get(name) {
            name.clone_from(other);
        }
    };
    one.evidence.hops.iter_mut().filter_map(|hop| hop.system.as_mut()).for_each(named);
    one.evidence.directories.iter_mut().for_each(|directory| named(&mut directory.system));
    one.evidence.files.iter_mut().for_each(|list| named(&mut list.system));
    one.view.settings.delivers_to.values_mut().for_each(named);
}

/// Who read a source, and when.
fn reader(one: &One) -> String {
    format!("{} at {}", one.view.name, one.view.started_at)
}

/// Joins the sources of all, which stand in the order of time; the notes say where they differ.
///
/// Where two runs read one directory differently, both readings are kept with the newest before the others, as it is the one that
/// is judged, and what contradicts is a gap: no reading alone can say that nothing is wrong with what was heard at another time.
pub(super) fn join(all: &[One], evidence: &mut Evidence) -> Vec<String> {
    let mut notes = Vec::new();
    let mut readers: BTreeMap<(String, bool), String> = BTreeMap::new();
    for one in all {
        let mut own: BTreeSet<(String, bool)> = BTreeSet::new();
        for directory in &one.evidence.directories {
            let is_export = directory.origin == crate::evidence::directory::Origin::Export;
            let source = (directory.system.clone(), is_export);
            let is_of = |known: &Directory| known.system == directory.system && known.origin == directory.origin;
            let first = evidence.directories.iter().position(is_of);
            let same =
                evidence.directories.iter().position(|known| is_of(known) && differences(known, directory).is_empty());
            // Of a run that was merged before, the first reading is the one that it is judged by.
            let leads = own.insert(source.clone());
            if let Some(first) = first.filter(|first| leads && same != Some(*first)) {
                let what = differences(&evidence.directories[first], directory);
                let before = readers.get(&source).cloned().unwrap_or_default();
                let system = &directory.system;
                notes.push(format!(
                    "the vantage points read different things in the directory of {system}: both are kept, and the newest decides"
                ));
                evidence.contradictions.push(Contradiction {
                    system: Some(system.clone()),
                    what: listed(&what, 4),
                    read: vec![reader(one), before],
                });
            }
            let place = match same {
                Some(place) => {
                    add(&mut evidence.directories[place], directory);
                    place
                }
                None => {
                    evidence.directories.push(directory.clone());
                    evidence.directories.len() - 1
                }
            };
            if leads {
                let newest = evidence.directories.remove(place);
                evidence.directories.insert(first.unwrap_or(place), newest);
                readers.insert(source, reader(one));
            }
        }
        for list in &one.evidence.files {
            join_list(&mut evidence.files, list, &mut notes);
        }
        notes.extend(join_policy(evidence, one, &mut readers));
        let known = one.evidence.contradictions.iter().filter(|each| !evidence.contradictions.contains(each));
        let known: Vec<_> = known.cloned().collect();
        evidence.contradictions.extend(known);
        let new = one.evidence.beyond.iter().filter(|beyond| !evidence.beyond.contains(beyond));
        let new: Vec<_> = new.cloned().collect();
        evidence.beyond.extend(new);
    }
    // Each system's directories beside each other, LDAP first, as a run has them.
    let order: Vec<String> = all
        .first()
        .map(|one| one.view.settings.systems.iter().map(|each| each.name.clone()).collect())
        .unwrap_or_default();
    evidence.directories.sort_by_key(|one| {
        (order.iter().position(|name| *name == one.system), one.origin == crate::evidence::directory::Origin::Export)
    });
    notes
}

/// Takes the MTA-STS policy that was fetched last; a gap and a note where one before it says otherwise.
fn join_policy(evidence: &mut Evidence, one: &One, readers: &mut BTreeMap<(String, bool), String>) -> Option<String> {
    let other = one.evidence.sts_policy.as_ref()?;
    let known = evidence.sts_policy.as_ref().and_then(|policy| policy.text.known());
    let before = readers.get(&(String::new(), false)).cloned();
    let note = match (known, other.text.known(), before) {
        (Some(_), None, _) => return None,
        (Some(known), Some(text), Some(before)) if text != known => {
            let (what, read) = ("the domain's MTA-STS policy".into(), vec![reader(one), before]);
            evidence.contradictions.push(Contradiction { system: None, what, read });
            Some("the vantage points fetched different MTA-STS policies: the newest is judged".into())
        }
        _ => None,
    };
    evidence.sts_policy = Some(other.clone());
    readers.insert((String::new(), false), reader(one));
    note
}

/// Adds a list, unless it is there.
fn join_list(files: &mut Vec<List>, list: &List, notes: &mut Vec<String>) {
    let of_system = |known: &List| known.system == list.system;
    if files.iter().any(|known| of_system(known) && known.addresses == list.addresses) {
        return;
    }
    let unread = files.iter().position(|known| of_system(known) && known.addresses.known().is_none());
    let others = files.iter().any(of_system);
    match (list.addresses.known(), unread) {
        // A list that one could read is no longer one that could not be read.
        (Some(_), Some(place)) => files[place] = list.clone(),
        (None, _) if others => {}
        _ => {
            if others {
                let system = &list.system;
                notes.push(format!("the vantage points have different lists of {system}: everybody on any is judged"));
            }
            files.push(list.clone());
        }
    }
}

/// Of what two readings of a directory say different things, where both know it.
fn differences(one: &Directory, other: &Directory) -> Vec<&'static str> {
    fn parts<T: PartialEq>(one: &Observed<T>, other: &Observed<T>) -> bool {
        matches!((one, other), (Observed::Known(one), Observed::Known(other)) if one != other)
    }
    let organisations = match (one.organisation.known(), other.organisation.known()) {
        (Some(a), Some(b)) => vec![
            ("accepted domains", parts(&a.accepted_domains, &b.accepted_domains)),
            ("send connectors", parts(&a.send_connectors, &b.send_connectors)),
            ("recipient filter", parts(&a.recipient_filter, &b.recipient_filter)),
            ("receive connectors", parts(&a.receive_connectors, &b.receive_connectors)),
            ("servers", parts(&a.servers, &b.servers)),
            ("edge subscriptions", parts(&a.edge_subscriptions, &b.edge_subscriptions)),
            ("inbound connectors", parts(&a.inbound_connectors, &b.inbound_connectors)),
            ("outbound connectors", parts(&a.outbound_connectors, &b.outbound_connectors)),
            ("transport rules", parts(&a.transport_rules, &b.transport_rules)),
            ("remote domains", parts(&a.remote_domains, &b.remote_domains)),
            ("transport config", parts(&a.transport_config, &b.transport_config)),
        ],
        _ => vec![],
    };
    let known: BTreeMap<&str, &Lookup> = one.lookups.iter().map(|lookup| (&*lookup.address, lookup)).collect();
    let lookups = other
        .lookups
        .iter()
        .any(|lookup| known.get(&*lookup.address).is_some_and(|own| parts(&own.entries, &lookup.entries)));
    let all = organisations.into_iter().chain([("recipients", lookups)]);
    all.filter(|(_, differ)| *differ).map(|(what, _)| what).collect()
}

/// Adds to a reading of a directory what another one knows and it does not.
fn add(own: &mut Directory, other: &Directory) {
    fn better<T: Clone>(own: &mut Observed<T>, other: &Observed<T>) {
        let more = match (&*own, other) {
            (Observed::Known(_), _) => false,
            (_, Observed::Known(_)) => true,
            (Observed::NotAsked, Observed::Unknown(_)) => true,
            _ => false,
        };
        if more {
            own.clone_from(other);
        }
    }
    if own.bind.known().is_none() && other.bind.known().is_some() {
        own.source.clone_from(&other.source);
        own.servers.clone_from(&other.servers);
    }
    better(&mut own.root, &other.root);
    better(&mut own.bind, &other.bind);
    match (&mut own.organisation, other.organisation.known()) {
        (Observed::Known(own), Some(other)) => {
            better(&mut own.accepted_domains, &other.accepted_domains);
            better(&mut own.send_connectors, &other.send_connectors);
            better(&mut own.recipient_filter, &other.recipient_filter);
            better(&mut own.receive_connectors, &other.receive_connectors);
            better(&mut own.servers, &other.servers);
            better(&mut own.edge_subscriptions, &other.edge_subscriptions);
            better(&mut own.inbound_connectors, &other.inbound_connectors);
            better(&mut own.outbound_connectors, &other.outbound_connectors);
            better(&mut own.transport_rules, &other.transport_rules);
            better(&mut own.remote_domains, &other.remote_domains);
            better(&mut own.transport_config, &other.transport_config);
        }
        (own, _) => better(own, &other.organisation),
    }
    better(&mut own.known_good, &other.known_good);
    better(&mut own.catalog, &other.catalog);
    better(&mut own.catalog_attributes, &other.catalog_attributes);
    if own.noteworthy.known().is_none() && other.noteworthy.known().is_some() {
        own.noteworthy_incomplete.clone_from(&other.noteworthy_incomplete);
    }
    better(&mut own.noteworthy, &other.noteworthy);
    better(&mut own.population, &other.population);
    if own.roster.known().is_none() && other.roster.known().is_some() {
        own.roster_incomplete.clone_from(&other.roster_incomplete);
    }
    better(&mut own.roster, &other.roster);
    let exports: BTreeSet<String> = own.exports.iter().map(|file| file.path.clone()).collect();
    own.exports.extend(other.exports.iter().filter(|file| !exports.contains(&file.path)).cloned());
    let mut places: BTreeMap<String, usize> =
        own.lookups.iter().enumerate().map(|(at, lookup)| (lookup.address.clone(), at)).collect();
    for lookup in &other.lookups {
        match places.get(&lookup.address) {
            Some(at) => {
                let known = &mut own.lookups[*at];
                if known.entries.known().is_none() && lookup.entries.known().is_some() {
                    known.clone_from(lookup);
                } else {
                    better(&mut known.forest, &lookup.forest);
                }
            }
            None => {
                places.insert(lookup.address.clone(), own.lookups.len());
                own.lookups.push(lookup.clone());
            }
        }
    }
}
