//! Compares what two reports found, and what they could not tell.
use super::{Changed, Findings, Open, Questions, State, Told, place_of};
use crate::judge::Subject;
use crate::prelude::*;
use crate::report::{FoldedGap, Report, Status};
use alloc::collections::{BTreeMap, BTreeSet};

/// What is new, gone, changed, and no longer told.
pub(super) fn compare(old: &Report, new: &Report) -> Findings {
    let mut pairs: Vec<(&Finding, &Finding)> = Vec::new();
    let mut left: Vec<&Finding> = old.findings.iter().collect();
    let mut rest: Vec<&Finding> = Vec::new();
    // Those about the same things first, then those that share some.
    for finding in &new.findings {
        let same = |one: &&Finding| one.code == finding.code && subjects(one) == subjects(finding);
        match left.iter().position(same) {
            Some(at) => pairs.push((left.remove(at), finding)),
            None => rest.push(finding),
        }
    }
    let mut fresh = Vec::new();
    for finding in rest {
        let shared = |one: &Finding| subjects(one).intersection(&subjects(finding)).count();
        let alike = left.iter().enumerate().filter(|(_, one)| one.code == finding.code && shared(one) > 0);
        // The first of those that share most.
        match alike.rev().max_by_key(|(_, one)| shared(one)).map(|(at, _)| at) {
            Some(at) => pairs.push((left.remove(at), finding)),
            None => fresh.push(finding),
        }
    }
    let changed = pairs.into_iter().filter(|(one, other)| weight(one) != weight(other));
    let (mut gone, mut open) = (Vec::new(), Vec::new());
    for finding in left {
        match unjudged(finding, old, new) {
            Some(why) => open.push(Open { finding: told(finding, None), why }),
            None => gone.push(told(finding, None)),
        }
    }
    Findings {
        new: fresh.into_iter().map(|finding| told(finding, unjudged(finding, new, old))).collect(),
        gone,
        changed: changed.map(|(one, other)| of_pair(one, other)).collect(),
        open,
    }
}

/// What could not be told in one of both alone.
pub(super) fn questions(old: &Report, new: &Report) -> Questions {
    let asked = |report: &Report| -> BTreeMap<String, String> {
        report.gaps.iter().filter(|gap| gap.asked).map(|gap| (gap.what.clone(), gap.why.clone())).collect()
    };
    let (before, after) = (asked(old), asked(new));
    let only = |one: &BTreeMap<String, String>, other: &BTreeMap<String, String>| {
        let alone = one.iter().filter(|(what, _)| !other.contains_key(*what));
        alone.map(|(what, why)| super::Gap { what: what.clone(), why: why.clone() }).collect()
    };
    Questions { new: only(&after, &before), gone: only(&before, &after) }
}

/// The subjects as they are compared: a hop without its port.
fn subjects(finding: &Finding) -> BTreeSet<(SubjectKind, &str)> {
    finding.subjects.iter().map(|subject| (subject.kind, place_of(&subject.value))).collect()
}

fn weight(finding: &Finding) -> (Severity, Certainty, BTreeSet<(SubjectKind, &str)>) {
    (finding.severity, finding.certainty, subjects(finding))
}

/// Why `other` does not have a finding that `one` has, where it did not judge the same.
fn unjudged(finding: &Finding, one: &Report, other: &Report) -> Option<String> {
    let check = other.checks.iter().find(|check| check.code == finding.code);
    let Some(check) = check else {
        // What no check has, a crash for one, is told by who wrote it.
        return (finding.code != "NSD999").then(|| "it has no such check".into());
    };
    if !matches!(check.status, Status::Passed | Status::Failed) {
        let before = one.checks.iter().find(|before| before.code == finding.code);
        let same = before.is_some_and(|before| before.status == check.status);
        return (!same).then(|| check.reason.clone().unwrap_or_else(|| "it was not judged".into()));
    }
    let hops: BTreeSet<&str> = other.evidence.hops.iter().map(|hop| place_of(&hop.id)).collect();
    let recipients: BTreeSet<&str> = other.recipients.iter().map(|one| &*one.address).collect();
    let known = |subject: &&Subject| match subject.kind {
        SubjectKind::Host if subject.value.split('/').count() == 3 => hops.contains(place_of(&subject.value)),
        SubjectKind::Recipient => recipients.contains(&*subject.value),
        _ => true,
    };
    if !finding.subjects.is_empty() && !finding.subjects.iter().any(|one| known(&one)) {
        return Some(format!("{} was not asked about", finding.subjects[0].value));
    }
    // A check may have judged all but this.
    let waits = |gap: &&FoldedGap| gap.checks.contains(&finding.code);
    let known: BTreeSet<&str> = one.gaps.iter().filter(waits).map(|gap| &*gap.what).collect();
    let gap = other.gaps.iter().filter(waits).find(|gap| !known.contains(&*gap.what))?;
    Some(format!("{}: {}", gap.what, gap.why))
}

fn told(finding: &Finding, open_before: Option<String>) -> Told {
    Told {
        code: finding.code.clone(),
        name: finding.name.clone(),
        severity: finding.severity,
        certainty: finding.certainty,
        title: finding.title.clone(),
        detail: finding.detail.clone(),
        subjects: finding.subjects.clone(),
        open_before,
    }
}

fn of_pair(old: &Finding, new: &Finding) -> Changed {
    let state = |finding: &Finding| State {
        severity: finding.severity,
        certainty: finding.certainty,
        subjects: finding.subjects.clone(),
    };
    Changed {
        code: new.code.clone(),
        name: new.name.clone(),
        title: new.title.clone(),
        detail: new.detail.clone(),
        old: state(old),
        new: state(new),
    }
}
