//! Patterns in what gateways refuse although the directory holds it.
use crate::model::families::{self, Decision, Family};
use crate::prelude::*;

/// A pattern in what a gateway refuses although the directory holds it: what it refuses, and how sure the pattern is.
pub(super) struct Pattern<'m, 'a> {
    pub(super) hop: &'m HopView<'a>,
    pub(super) decisions: Vec<Decision<'m, 'a>>,
    pub(super) certainty: Certainty,
    /// The look-ups that agree with all its decisions, in words.
    pub(super) look_ups: String,
}

/// The gateways whose every decision is that of a look-up of such `families`, and of no other.
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
        let certainty = if refused > 2 && accepted > 2 { Certainty::Proven } else { Certainty::Likely };
        let filters: Vec<_> = explanations.iter().map(|one| one.query.family.filter()).collect();
        patterns.push(Pattern { hop, decisions, certainty, look_ups: filters.join(" or ") });
    }
    patterns
}

impl Pattern<'_, '_> {
    /// Those that it refuses although the directory holds them.
    pub(super) fn refused(&self) -> impl Iterator<Item = &Decision<'_, '_>> {
        self.decisions.iter().filter(|decision| decision.wrongly_refused())
    }

    /// Writes the finding down: `what` it refuses.
    pub(super) fn tell<'n>(&self, notes: &'n mut Notes, what: &str) -> &'n mut Finding {
        let detail = format!(
            "{} {what}; its {} are those of a look-up for {}",
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
