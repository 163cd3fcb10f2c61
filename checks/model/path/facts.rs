//! What is known of the hosts that the path asks, and stands in no configuration that nsdiag reads: by whom a gateway decides, and
//! what another system does with recipients that it does not know. Both were learnt from replies; they are facts about the
//! host, and not about the address whose path is asked.
use crate::model::{Model, sources};
use crate::prelude::*;
use alloc::collections::BTreeMap;

/// What is known of gateways and of other systems.
#[derive(Clone, Debug, Default)]
pub struct Facts<'a> {
    /// By what each gateway decides, by its place among the hops.
    pub gateways: BTreeMap<usize, Source<'a>>,
    /// What each system does with recipients that it does not know.
    pub unknown_at: BTreeMap<&'a str, Unknowns>,
}

/// By what a gateway decides.
#[derive(Clone, Debug)]
pub enum Source<'a> {
    /// By nothing: it took recipients that do not exist.
    Nobody(Vec<String>),
    /// By this, as its decisions show.
    Inferred {
        /// In words: `the directory of corp asked for (mail=<address>) would`.
        words: String,
        /// With how many of its decisions that agrees.
        count: String,
        /// Whom it takes so, and whom not.
        takes: BTreeMap<&'a str, bool>,
        /// JSON Pointers to what it refused and took.
        seen: Vec<String>,
    },
    /// It looks recipients up, and nobody knows where.
    Something(Vec<String>),
}

/// What a system does with recipients that it does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknowns {
    /// It refuses them.
    Refuses(Vec<String>),
    /// It takes them: for a mailbox that catches all, for a bounce, or to hand them on.
    Takes(Vec<String>),
}

impl<'a> Facts<'a> {
    /// What the replies in evidence have shown.
    pub fn learnt(model: &Model<'a>) -> Self {
        let mut facts = Self::default();
        for hop in model.hops_of(Role::Gateway) {
            let randoms = || hop.accepted_randoms().chain(hop.refused_randoms()).map(crate::model::Heard::pointer);
            let source = match hop.validates() {
                Some(false) => Source::Nobody(randoms().collect()),
                Some(true) | None => match sources::inferred(model, hop) {
                    Some(found) => Source::Inferred {
                        count: found.count(),
                        takes: model
                            .recipients
                            .iter()
                            .filter_map(|one| Some((one.address, found.would(one)?)))
                            .collect(),
                        words: found.words,
                        seen: [hop.pointer()].into_iter().chain(randoms()).collect(),
                    },
                    None if hop.validates() == Some(true) => Source::Something(randoms().collect()),
                    None => continue,
                },
            };
            facts.gateways.insert(hop.at, source);
        }
        // A smart host that nobody named is of no system, and has a way of its own all the same.
        for system in model.question.systems.iter().map(|system| &*system.name).chain([""]) {
            let own = model.hops_of(Role::Other).filter(|hop| hop.hop.system.as_deref().unwrap_or_default() == system);
            let own = own.chain(model.hops_of(Role::Gateway).filter(|hop| model.belongs_to(hop) == Some(system)));
            let mut seen = (Vec::new(), Vec::new());
            for hop in own {
                match hop.validates() {
                    Some(true) => seen.0.extend(hop.refused_randoms().map(crate::model::Heard::pointer)),
                    Some(false) => seen.1.extend(hop.accepted_randoms().map(crate::model::Heard::pointer)),
                    None => {}
                }
            }
            // One that takes them is enough for mail to come in by.
            match seen {
                (refused, taken) if taken.is_empty() && !refused.is_empty() => {
                    facts.unknown_at.insert(system, Unknowns::Refuses(refused));
                }
                (_, taken) if !taken.is_empty() => {
                    facts.unknown_at.insert(system, Unknowns::Takes(taken));
                }
                _ => {}
            }
        }
        facts
    }
}
