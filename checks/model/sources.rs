//! Where a gateway has its recipients from, as its decisions show it.
use super::Model;
use super::families::{Decision, Family, Query};
use crate::prelude::*;
use alloc::collections::BTreeMap;

/// Where recipients may come from.
pub struct Source {
    /// How much it supposes: one source, or two.
    pub rank: u8,
    /// In words: `the list of zimbra`.
    pub words: String,
}

/// The sources, those that suppose least first, with how many decisions they agree with.
pub fn sources(model: &Model, decisions: &[Decision]) -> Vec<(Source, usize)> {
    let mut directories: BTreeMap<(bool, &str), (usize, Vec<&str>)> = BTreeMap::new();
    for query in model.queries() {
        let Some(agrees) = agreeing(&query, decisions) else { continue };
        let (best, filters) = directories.entry((query.lists, query.system)).or_default();
        if agrees > *best {
            (*best, *filters) = (agrees, Vec::new());
        }
        if agrees == *best && !filters.contains(&query.family.filter()) {
            filters.push(query.family.filter());
        }
    }
    let mut lists: BTreeMap<&str, usize> = BTreeMap::new();
    for decision in decisions {
        for list in &decision.recipient.lists {
            *lists.entry(list.system).or_default() += usize::from(list.listed == decision.accepted);
        }
    }
    let list = |(system, agrees)| (Source { rank: 1, words: format!("the list of {system}") }, agrees);
    let directory = |((lists, system), (agrees, filters)): ((bool, &str), (usize, Vec<&str>))| {
        let list = if lists { ", beside the other system's list," } else { "" };
        let filters = filters.iter().take(3).copied().collect::<Vec<_>>().join(" or ");
        let words = format!("the directory of {system}{list} asked for {filters}");
        (Source { rank: if lists { 2 } else { 1 }, words }, agrees)
    };
    let mut all: Vec<_> = lists.into_iter().map(list).chain(directories.into_iter().map(directory)).collect();
    all.sort_by_key(|(source, _)| source.rank);
    all
}

/// With how many decisions a gateway agrees that asks so, and knows the other system's list where `lists` says it.
fn agreeing(query: &Query, decisions: &[Decision]) -> Option<usize> {
    let known = |one: &Decision| Some(query.finds(one.recipient)? || query.lists && one.recipient.listed().is_some());
    let agrees = decisions.iter().map(|one| known(one).map(|known| usize::from(known == one.accepted)));
    agrees.sum()
}

/// Those refused that a plain look-up finds, where it agrees with everything else, and no other look-up with everything.
pub fn behind<'m, 'd, 'a>(model: &Model<'a>, decisions: &'d [Decision<'m, 'a>]) -> Vec<&'d Decision<'m, 'a>> {
    let refused: Vec<_> = decisions.iter().filter(|decision| decision.wrongly_refused()).collect();
    let accepted = decisions.iter().filter(|decision| decision.accepted && decision.recipient.resolves()).count();
    let plain = |query: &Query| matches!(query.family, Family::Proxy | Family::Either);
    let fits = |query: Query| {
        decisions.iter().all(|one| query.agrees(one).is_some_and(|agrees| agrees || one.wrongly_refused()))
    };
    let explained = !model.explanations(decisions).is_empty();
    let few = refused.len() < accepted;
    if explained || !few || !model.queries().filter(plain).any(fits) {
        return Vec::new();
    }
    refused
}
