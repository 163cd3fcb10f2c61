//! Joins what the runs read beside the network: directories, exports, lists. They are the same wherever one looks from.
use super::One;
use crate::evidence::{List, System};
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

/// Joins the sources of all; the notes say where they differ.
pub(super) fn join(all: &[One], evidence: &mut Evidence) -> Vec<String> {
    let mut notes = Vec::new();
    for one in all {
        for directory in &one.evidence.directories {
            let same = |known: &&mut Directory| {
                known.system == directory.system && known.origin == directory.origin && !differ(known, directory)
            };
            let other = evidence
                .directories
                .iter()
                .any(|known| known.system == directory.system && known.origin == directory.origin);
            match evidence.directories.iter_mut().find(same) {
                Some(known) => add(known, directory),
                None => {
                    if other {
                        notes.push(format!(
                            "the vantage points read different things in the directory of {}: both are kept, and the first \
                             decides",
                            directory.system
                        ));
                    }
                    evidence.directories.push(directory.clone());
                }
            }
        }
        for list in &one.evidence.files {
            join_list(&mut evidence.files, list, &mut notes);
        }
        notes.extend(join_policy(evidence, &one.evidence));
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

/// Takes the MTA-STS policy that could be fetched first; a note where another one says otherwise.
fn join_policy(evidence: &mut Evidence, own: &Evidence) -> Option<String> {
    let other = own.sts_policy.as_ref()?;
    let known = evidence.sts_policy.as_ref().and_then(|policy| policy.text.known());
    match (known, other.text.known()) {
        (None, _) => {
            evidence.sts_policy = Some(other.clone());
            None
        }
        (Some(known), Some(text)) if text != known => {
            Some("the vantage points fetched different MTA-STS policies: the first one is judged".into())
        }
        _ => None,
    }
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

/// Whether two readings of a directory say different things of what both know.
fn differ(one: &Directory, other: &Directory) -> bool {
    fn parts<T: PartialEq>(one: &Observed<T>, other: &Observed<T>) -> bool {
        matches!((one, other), (Observed::Known(one), Observed::Known(other)) if one != other)
    }
    let organisations = match (one.organisation.known(), other.organisation.known()) {
        (Some(a), Some(b)) => {
            parts(&a.accepted_domains, &b.accepted_domains)
                || parts(&a.send_connectors, &b.send_connectors)
                || parts(&a.recipient_filter, &b.recipient_filter)
                || parts(&a.receive_connectors, &b.receive_connectors)
                || parts(&a.servers, &b.servers)
                || parts(&a.edge_subscriptions, &b.edge_subscriptions)
                || parts(&a.inbound_connectors, &b.inbound_connectors)
                || parts(&a.outbound_connectors, &b.outbound_connectors)
                || parts(&a.transport_rules, &b.transport_rules)
                || parts(&a.remote_domains, &b.remote_domains)
                || parts(&a.transport_config, &b.transport_config)
        }
        _ => false,
    };
    let known: BTreeMap<&str, &Lookup> = one.lookups.iter().map(|lookup| (&*lookup.address, lookup)).collect();
    let lookups = other
        .lookups
        .iter()
        .any(|lookup| known.get(&*lookup.address).is_some_and(|own| parts(&own.entries, &lookup.entries)));
    organisations || lookups
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
