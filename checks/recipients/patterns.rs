//! Patterns in what gateways refuse although the directory holds it.
use crate::model::Recipient;
use crate::model::families::{self, Decision, Family};
use crate::prelude::*;

/// A pattern in what a gateway refuses although the directory holds it: what it refuses, and how sure the pattern is.
pub(super) struct Pattern<'m, 'a> {
    pub(super) hop: &'m HopView<'a>,
    pub(super) decisions: Vec<Decision<'m, 'a>>,
    pub(super) certainty: Certainty,
    /// The look-ups that agree with all its decisions, in words.
    pub(super) look_ups: String,
    /// Those whom these look-ups miss and the gateway accepts: the other system's list beside them has them.
    from_list: Vec<&'a str>,
    /// Those among them whom the directory holds: of the kind that it misses, and accepted.
    excepted: Vec<&'a str>,
}

/// The gateways whose every decision is that of a look-up of such `families`, and of no other look-up.
pub(super) fn patterns<'m, 'a>(case: &'m Case<'a>, families: fn(Family) -> bool) -> Vec<Pattern<'m, 'a>> {
    let mut patterns = Vec::new();
    for hop in case.model.hops_of(Role::Gateway) {
        let decisions = case.model.decisions(hop);
        let refused = decisions.iter().filter(|decision| decision.wrongly_refused()).count();
        let accepted = decisions.iter().filter(|decision| decision.accepted && decision.recipient.resolves()).count();
        let explanations = case.model.explanations(&decisions);
        let only = !explanations.is_empty() && explanations.iter().all(|one| families(one.query.family));
        if !only || refused < 2 || accepted == 0 {
            continue;
        }
        let mut from_list: Vec<&str> = explanations.iter().flat_map(|one| one.from_list(&decisions)).collect();
        from_list.sort_unstable();
        from_list.dedup();
        let held = |address: &&str| case.model.recipient(address).is_some_and(Recipient::resolves);
        let excepted: Vec<_> = from_list.iter().copied().filter(held).collect();
        let plain = refused > 2 && accepted > 2 && excepted.is_empty();
        let certainty = if plain { Certainty::Proven } else { Certainty::Likely };
        let filters: Vec<_> = explanations.iter().map(|one| one.query.family.filter()).collect();
        patterns.push(Pattern { hop, decisions, certainty, look_ups: filters.join(" or "), from_list, excepted });
    }
    patterns
}

/// Notes that no gateway decided about any recipient that `fits`, where none did: then there is no pattern to see.
pub(super) fn note_unasked(case: &Case, notes: &mut Notes, whom: &str, fits: fn(&Recipient) -> bool) {
    let mut gateways = case.model.hops_of(Role::Gateway);
    let decided = |hop| case.model.decisions(hop).iter().any(|decision| fits(decision.recipient));
    if !gateways.any(decided) {
        let what = format!("what the gateways decide about {whom}");
        let why = "no answer about one says so".to_string();
        notes.gap(Gap {
            why,
            ..Gap::not_asked(what, "--known-good ADDR with such addresses, or a larger --max-recipients")
        });
    }
}

impl Pattern<'_, '_> {
    /// Those that it refuses although the directory holds them.
    pub(super) fn refused(&self) -> impl Iterator<Item = &Decision<'_, '_>> {
        self.decisions.iter().filter(|decision| decision.wrongly_refused())
    }

    /// `, all that it was asked for`, with those whom it accepts all the same.
    pub(super) fn all_asked_for(&self) -> String {
        match self.excepted.is_empty() {
            true => ", all that it was asked for".into(),
            false => format!(", all that it was asked for but {}", listed(&self.excepted, 3)),
        }
    }

    /// Writes the finding down: `what` it refuses, and what else than a look-up explains it.
    pub(super) fn tell<'n>(&self, notes: &'n mut Notes, what: &str) -> &'n mut Finding {
        let beside = match self.from_list.is_empty() {
            true => String::new(),
            false => format!(" beside the other system's list, from which it has {}", listed(&self.from_list, 3)),
        };
        let detail = format!(
            "{} {what}; its {} are those of a look-up for {}{beside}, or of a list of its own that lacks exactly these",
            self.hop.name(),
            families::tally(&self.decisions),
            self.look_ups
        );
        let finding = notes.finding(detail);
        finding.certainty(self.certainty).about(SubjectKind::Host, self.hop.id());
        finding.seen_all(self.decisions.iter().map(|decision| decision.pointer.clone()));
        finding.seen_all(self.refused().flat_map(|one| &one.recipient.directories).map(|held| held.pointer.clone()))
    }
}
