//! Whom else to ask a gateway about, so that its decisions tell its source from the others.
//!
//! The addresses that are known from directories, exports and lists, chosen by information: those about whom the sources
//! that are still plausible differ most evenly. A source that was contradicted once stays plausible, a little: the host
//! may have a replica that lags.
use super::chosen::chosen;
use super::families::{Decision, Family};
use super::limits::Limits;
use super::sources::{ENOUGH, Source, asks_next_host, steady};
use super::{HopView, Model, Outcome, Recipient};
use crate::prelude::*;
use alloc::collections::BTreeSet;

/// How many addresses are asked about before the first are chosen by what was heard.
pub const FIRST: usize = 4;
/// About how many addresses a gateway is asked in all to tell its source.
pub const MOST: usize = 12;
/// How many are chosen at once.
const AT_ONCE: usize = 2;
/// Of how many unasked addresses the best are chosen, in the order that has every kind at its head.
const LOOKED_AT: usize = 1000;
/// By how many decisions the sources named should be ahead of any other that an address could tell from them: one may be
/// a replica that lags.
const AHEAD: usize = 2;

/// Whom to ask the gateways about next, within how they have been: a few addresses, the same for each; none where all is
/// told that can be, or nobody may be asked.
pub fn next<'a>(question: &'a Question, evidence: &'a Evidence) -> Vec<&'a str> {
    let model = Model::new(question, evidence);
    let mut gateways = model.hops_of(Role::Gateway).filter(|hop| kept_from(&model, hop).is_none());
    gateways
        .find_map(|hop| {
            let room = MOST.saturating_sub(asked(&model, hop));
            let mut wanted = wanted(&model, hop, &steady(&model, hop).0, room);
            wanted.truncate(room);
            (!wanted.is_empty()).then_some(wanted)
        })
        .unwrap_or_default()
}

/// The unasked addresses whose answers would decide best between the sources, at most two.
pub(super) fn best<'a>(model: &Model<'a>, hop: &HopView, decisions: &[Decision<'_, 'a>]) -> Vec<&'a str> {
    // Only the sources that would be named, once there is enough to name any.
    let enough = [true, false].iter().all(|kind| of_kind(decisions, *kind) >= ENOUGH);
    let sources = plausible(model, hop, decisions);
    let least = sources.iter().map(|one| one.exceptions).min().unwrap_or_default();
    let ahead = if enough { 1 } else { AHEAD };
    let close: Vec<_> = sources.into_iter().filter(|one| one.exceptions < least + ahead).collect();
    parting(&close, &unasked(model, hop))
}

/// Why the gateway is asked about nobody else, where how it answers forbids it.
pub fn kept_from(model: &Model, hop: &HopView) -> Option<&'static str> {
    if !hop.heard_from() || hop.replies().next().is_none() {
        return Some("it was not heard");
    }
    let limits = Limits::of(hop.sessions.iter().map(|(_, session)| *session));
    if hop.limited() || limits.tarpit_ms.is_some() || !limits.shown.is_empty() || hop.broke_off().is_some() {
        return Some("it limits how much is asked");
    }
    if hop.replies().any(|heard| heard.outcome() == Outcome::Deferred) {
        return Some("it puts recipients off");
    }
    if hop.replies().any(|heard| heard.outcome() == Outcome::Rejected && judges_us(heard.meaning)) {
        return Some("it judges who asks");
    }
    model.recipients.is_empty().then_some("nobody is known")
}

/// About how many addresses it was asked, those of the random controls and of postmaster apart.
fn asked(model: &Model, hop: &HopView) -> usize {
    let known = |address: &&str| model.recipient(address).is_some();
    hop.replies().map(|heard| heard.recipient).filter(known).collect::<BTreeSet<_>>().len()
}

/// Whom to ask about: who parts the sources; then who would confirm what they say of the kind of which there is too little.
fn wanted<'a>(model: &Model<'a>, hop: &HopView, decisions: &[Decision<'_, 'a>], room: usize) -> Vec<&'a str> {
    if hop.validates() != Some(true) {
        // Where everybody is accepted, enough of them.
        let accepts = hop.validates() == Some(false) && asked(model, hop) < ENOUGH;
        let all = if accepts { unasked(model, hop) } else { Vec::new() };
        return all.into_iter().take(AT_ONCE).map(|one| one.address).collect();
    }
    let unasked = unasked(model, hop);
    let sources = plausible(model, hop, decisions);
    let least = sources.iter().map(|one| one.exceptions).min().unwrap_or_default();
    let close: Vec<_> = sources.iter().filter(|one| one.exceptions < least + AHEAD).copied().collect();
    let leading: Vec<_> = sources.iter().filter(|one| one.exceptions == least).collect();
    let lacking = |kind: bool| {
        let predicted = |one: &&&Recipient| {
            let mut told = leading.iter().filter_map(|each| each.source.has(one)).peekable();
            told.peek().is_some() && told.all(|has| has == kind)
        };
        let few = ENOUGH.saturating_sub(of_kind(decisions, kind));
        unasked.iter().filter(predicted).take(few).map(|one| one.address).collect::<Vec<_>>()
    };
    let mut confirming = lacking(false);
    confirming.extend(lacking(true));
    // There is room for those in any case: without enough of each kind nothing is said.
    let spare = confirming.is_empty() || room >= confirming.len() + AT_ONCE;
    let parting = if spare { parting(&close, &unasked) } else { Vec::new() };
    let mut all = if parting.is_empty() { confirming } else { parting };
    all.truncate(AT_ONCE);
    all
}

fn of_kind(decisions: &[Decision], accepted: bool) -> usize {
    decisions.iter().filter(|one| one.accepted == accepted).count()
}

/// Those whom the gateway was not asked about, every kind first.
fn unasked<'m, 'a>(model: &'m Model<'a>, hop: &HopView) -> Vec<&'m Recipient<'a>> {
    if model.recipients.iter().all(|one| hop.word_on(one.address).is_some()) {
        return Vec::new();
    }
    let order = chosen(model.question, model.evidence).into_iter().filter(|one| hop.word_on(one).is_none());
    // What the prober itself cannot ask about, it would not be able to ask about again.
    let order = order.filter(|one| one.is_ascii() && hop.unasked(one).is_none());
    order.take(LOOKED_AT).filter_map(|address| model.recipient(address)).collect()
}

/// A source, with how plausible it is still.
#[derive(Clone, Copy)]
struct Candidate<'m, 'a> {
    source: Source<'m, 'a>,
    exceptions: usize,
    weight: u64,
}

/// The sources, with how plausible each is after `decisions`: how usual it is, and a sixteenth of that for each decision
/// against it.
fn plausible<'m, 'a>(model: &'m Model<'a>, hop: &HopView, decisions: &[Decision<'_, 'a>]) -> Vec<Candidate<'m, 'a>> {
    let asks_host = asks_next_host(hop).is_some();
    let candidate = |source: Source<'m, 'a>| {
        let told = || decisions.iter().filter_map(|one| Some(source.has(one.recipient)? != one.accepted));
        let exceptions = told().filter(|against| *against).count();
        // Of what was not read, nothing is known that an answer could be compared with.
        if !decisions.is_empty() && told().next().is_none() {
            return Candidate { source, exceptions, weight: 0 };
        }
        let usual = usual(&source, asks_host) << 8;
        let weight = usual.checked_shr(4 * u32::try_from(exceptions).unwrap_or(u32::MAX)).unwrap_or(0);
        Candidate { source, exceptions, weight }
    };
    Source::all(model, hop).into_iter().map(candidate).filter(|one| one.weight > 0).collect()
}

/// How usual a source is beside the others: vendors' defaults first, what supposes two sources less.
fn usual(source: &Source, asks_host: bool) -> u64 {
    match source {
        Source::NextHost(_) if asks_host => 128,
        Source::NextHost(_) | Source::List(_) => 16,
        Source::LookUp(query) => {
            let family = match query.family {
                Family::Proxy | Family::Either | Family::Mail => 16,
                Family::Person | Family::UserGroupFolder | Family::EnabledUser => 8,
                Family::Enabled | Family::PersonOrGroup => 6,
                Family::Target => 2,
            };
            if query.lists { family / 2 } else { family }
        }
    }
}

/// The one whose answer parts `sources` most evenly, then the one that parts best what the first leaves together; none
/// where they agree about everybody.
fn parting<'a>(sources: &[Candidate], unasked: &[&Recipient<'a>]) -> Vec<&'a str> {
    let mut groups: Vec<Vec<&Candidate>> = vec![sources.iter().collect()];
    let mut best: Vec<&'a str> = Vec::new();
    while best.len() < AT_ONCE {
        let mut most: Option<(u64, &Recipient<'a>)> = None;
        for one in unasked.iter().filter(|one| !best.contains(&one.address)) {
            let score = groups.iter().map(|group| evenness(group, one)).sum::<u64>();
            // The first of equals: the order has a reason.
            if score > most.map_or(0, |(score, _)| score) {
                most = Some((score, one));
            }
        }
        let Some((_, one)) = most else { break };
        best.push(one.address);
        groups =
            groups.iter().flat_map(|group| [Some(true), Some(false), None].map(|has| of(group, one, has))).collect();
    }
    best
}

fn of<'c, 'm, 'a>(group: &[&'c Candidate<'m, 'a>], one: &Recipient, has: Option<bool>) -> Vec<&'c Candidate<'m, 'a>> {
    group.iter().filter(|each| each.source.has(one) == has).copied().collect()
}

/// How much of the group's weight the answer sets apart: most where its halves weigh the same (Gini's measure).
fn evenness(group: &[&Candidate], one: &Recipient) -> u64 {
    let mut sides = [0, 0];
    for each in group {
        if let Some(has) = each.source.has(one) {
            sides[usize::from(has)] += each.weight;
        }
    }
    sides[0] * sides[1]
}

#[cfg(test)]
mod tests;
