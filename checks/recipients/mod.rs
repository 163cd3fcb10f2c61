//! Who cannot get mail, and where it breaks.
mod address_unknown_everywhere;
mod contact_targets_shared_domain;
mod contact_without_target;
mod duplicate_proxy_address;
mod exchange_rejects_other_mailbox;
mod forwarding_loop;
mod gateway_list_stale;
mod gateway_misses_aliases;
mod gateway_misses_recipient_types;
mod gateway_recipient_source;
mod gateway_rejects_exchange_recipient;
mod gateway_rejects_other_mailbox;
mod mail_without_proxy_address;
mod mailbox_has_target_address;
mod mailbox_in_both_systems;
mod mx_hosts_disagree;
mod other_rejects_own_mailbox;
mod recipient_wants_authenticated_sender;
mod remote_mailbox_without_routing_address;

use crate::evidence::SystemKind;
use crate::model::families::{self, Decision, Family};
use crate::model::{Diagnosis, Fault, FaultKind, Object, Recipient};
use crate::prelude::*;

/// The checks of this area, by code.
pub const CHECKS: &[&Check] = &[
    &gateway_rejects_other_mailbox::CHECK,
    &gateway_rejects_exchange_recipient::CHECK,
    &exchange_rejects_other_mailbox::CHECK,
    &other_rejects_own_mailbox::CHECK,
    &mx_hosts_disagree::CHECK,
    &address_unknown_everywhere::CHECK,
    &mailbox_in_both_systems::CHECK,
    &contact_targets_shared_domain::CHECK,
    &mailbox_has_target_address::CHECK,
    &forwarding_loop::CHECK,
    &duplicate_proxy_address::CHECK,
    &mail_without_proxy_address::CHECK,
    &gateway_misses_aliases::CHECK,
    &gateway_misses_recipient_types::CHECK,
    &contact_without_target::CHECK,
    &recipient_wants_authenticated_sender::CHECK,
    &gateway_list_stale::CHECK,
    &remote_mailbox_without_routing_address::CHECK,
    &gateway_recipient_source::CHECK,
];

/// Those for whom the same is wrong, with the same certainty and in the same words: one finding.
struct Group<'a> {
    recipients: Vec<&'a Recipient<'a>>,
    first: Fault,
    evidence: Vec<String>,
}

impl Group<'_> {
    fn addresses(&self) -> Vec<&str> {
        self.recipients.iter().map(|recipient| recipient.address).collect()
    }

    /// Writes the finding down.
    fn tell<'n>(&self, notes: &'n mut Notes, detail: String) -> &'n mut Finding {
        let lacking = match &self.first.lacking {
            Some(lacking) => format!("; not proven, because {lacking}"),
            None => String::new(),
        };
        let finding = notes.finding(format!("{detail}{lacking}"));
        finding.certainty(self.first.certainty).seen_all(self.evidence.iter().cloned());
        for address in self.addresses() {
            finding.about(SubjectKind::Recipient, address);
        }
        finding
    }
}

/// The recipients with a fault of `kind`, grouped by where and how surely.
fn groups<'a>(case: &'a Case, kind: FaultKind) -> Vec<Group<'a>> {
    let mut groups: Vec<Group> = Vec::new();
    for recipient in &case.model.recipients {
        let Diagnosis { faults, .. } = case.model.diagnose(recipient);
        let Some(fault) = faults.iter().find(|fault| fault.kind == kind) else { continue };
        let alike = |group: &&mut Group| {
            let first = &group.first;
            first.certainty == fault.certainty
                && first.hops == fault.hops
                && first.accepting == fault.accepting
                && first.lacking == fault.lacking
        };
        match groups.iter_mut().find(alike) {
            Some(group) => {
                group.recipients.push(recipient);
                group.evidence.extend(fault.evidence.iter().cloned());
            }
            None => {
                let evidence = fault.evidence.clone();
                groups.push(Group { recipients: vec![recipient], first: fault.clone(), evidence });
            }
        }
    }
    groups
}

/// A pattern in what a gateway refuses although the directory holds it: what it refuses, and how sure the pattern is.
struct Pattern<'m, 'a> {
    hop: &'m HopView<'a>,
    decisions: Vec<Decision<'m, 'a>>,
    certainty: Certainty,
    /// The look-ups that agree with all its decisions, in words.
    look_ups: String,
}

/// The gateways whose every decision is that of a look-up of such `families`, and of no other.
fn patterns<'m, 'a>(case: &'m Case<'a>, families: fn(Family) -> bool) -> Vec<Pattern<'m, 'a>> {
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
    fn refused(&self) -> impl Iterator<Item = &Decision<'_, '_>> {
        self.decisions.iter().filter(|decision| decision.wrongly_refused())
    }

    /// Writes the finding down: `what` it refuses.
    fn tell<'n>(&self, notes: &'n mut Notes, what: &str) -> &'n mut Finding {
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

/// The directory objects of the shared domain; what was not swept is noted, for then there may be more.
fn objects<'m, 'a>(case: &'m Case<'a>, notes: &mut Notes) -> impl Iterator<Item = &'m Object<'a>> {
    let systems = case.question.systems.iter().filter(|system| system.kind != SystemKind::Other);
    for system in systems {
        let directories = || case.evidence.directories.iter().filter(|directory| directory.system == system.name);
        if directories().any(|directory| directory.noteworthy.known().is_some()) {
            continue;
        }
        let what = format!("the recipients of {} other than those looked up", system.name);
        let supply = "--ldap URL with --ldap-user, or Get-Recipient in --exchange-export";
        let miss = directories().find_map(|directory| directory.noteworthy.miss());
        notes.gap(match miss.filter(|miss| miss.how != How::NotTried) {
            Some(miss) => Gap::unanswered(what, miss.said.clone(), supply),
            None => Gap::not_asked(what, supply),
        });
    }
    let domain = &case.question.domain;
    case.model.objects().iter().filter(move |object| object.is_in(domain))
}

/// One finding about several objects: `detail` behind their names.
fn tell_objects<'n>(notes: &'n mut Notes, objects: &[&Object], detail: String) -> &'n mut Finding {
    let finding = notes.finding(detail);
    finding.seen_all(objects.iter().map(|object| object.pointer.clone()));
    for object in objects {
        finding.about(SubjectKind::Recipient, object.name());
    }
    finding
}

/// How many commands a person reads before a loop serves better.
const READABLE: usize = 20;

/// As many of `commands` as a person reads, and how many more there are.
fn readable(commands: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut commands: Vec<String> = commands.into_iter().collect();
    if commands.len() > READABLE {
        let more = commands.len() - READABLE;
        commands.truncate(READABLE);
        commands.push(format!("# and {more} more in the same way; the report has their names and values"));
    }
    commands
}

/// `commands`, one for each subject of the findings of `check`; past a screenful the first of them, and a loop that does
/// `each` for `$a`, every address in the saved report.
fn for_all(check: &Check, certainty: Certainty, mut commands: Vec<String>, each: &str) -> Vec<String> {
    if commands.len() <= READABLE {
        return commands;
    }
    let more = commands.len() - READABLE;
    let certainty = match certainty {
        Certainty::Proven => "proven",
        Certainty::Likely => "likely",
        Certainty::Inconclusive => "inconclusive",
    };
    commands.truncate(READABLE);
    commands.push(format!(
        "# and {more} more; instead of all these, a loop over the report of nsdiag check … -o report.json:"
    ));
    commands.push(format!(
        "(Get-Content -Raw -Encoding UTF8 report.json | ConvertFrom-Json).findings | Where-Object {{ $_.code -eq '{}' -and \
         $_.certainty -eq '{certainty}' }} | ForEach-Object {{ $_.subjects }} | ForEach-Object {{ $a = $_.value; {each} }}",
        check.code
    ));
    commands
}

/// `orders@contoso.com` as a name for an object in Exchange.
fn object_name(address: &str) -> String {
    address.replace('@', " at ")
}
