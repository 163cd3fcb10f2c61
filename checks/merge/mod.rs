//! Lays reports of several vantage points together: one run, one body of evidence, in which each keeps what it has heard.
mod sources;
#[cfg(test)]
mod tests;

use crate::evidence::{Hop, System};
use crate::prelude::*;
use crate::report::{Places, Report, Run, Vantage, View};
use alloc::collections::{BTreeMap, BTreeSet};

/// A setting, and how it reads in one run.
type Setting<'s> = (&'static str, &'s dyn Fn(&One) -> String);

/// Reports are made within this time of each other, or the world may have changed between them: an hour, in seconds.
const APART: i64 = 3600;

/// One vantage point's run, with the evidence that it alone has and the sources that it read.
struct One {
    view: View,
    evidence: Evidence,
    /// Whether, and how far, its report is redacted.
    redacted: Option<crate::report::Redacted>,
}

/// The run and the evidence of all `reports`, each with a name for its vantage point where the user gave one. They are judged
/// as any other (`report::report`).
///
/// # Errors
/// In words, where they do not belong together.
pub fn merge(reports: &[(Option<String>, Report)]) -> Result<(Run, Evidence), String> {
    let Some((_, first)) = reports.first() else { return Err("there is nothing to merge".into()) };
    if let Some((_, other)) = reports.iter().find(|(_, one)| !one.domain.eq_ignore_ascii_case(&first.domain)) {
        return Err(format!("the reports are of two domains, {} and {}", first.domain, other.domain));
    }
    let mut notes = Vec::new();
    let mut all: Vec<One> = reports.iter().flat_map(|(name, report)| ones(name.as_deref(), report)).collect();
    // In the order of time, whatever the order of the arguments.
    all.sort_by_cached_key(|one| {
        let whole = serde_json::to_string(&(&one.view.settings, &one.evidence)).unwrap_or_default();
        (one.view.started_at.clone(), one.view.name.clone(), one.view.vantage.addresses.clone(), whole)
    });
    twins(&all)?;
    let before = all.len();
    let mut milder = false;
    // The one that is dropped comes first.
    all.dedup_by(|one, kept| {
        let (own, policy) = (&one.view.settings, &kept.view.settings);
        let same = one.view.started_at == kept.view.started_at
            && own.random == policy.random
            && without_policy(own) == without_policy(policy)
            && one.evidence.smtp == kept.evidence.smtp
            && one.evidence.dns == kept.evidence.dns;
        let by = |all: &Question| {
            let Question { only, skip, replies, ignores, severities, .. } = all.clone();
            (only, skip, replies, ignores, severities)
        };
        if same && by(own) != by(policy) {
            milder = true;
            common(&mut kept.view.settings, own);
        }
        same
    });
    if all.len() < before {
        notes.push(format!("{} twice among the arguments, and taken once", said_of(before - all.len())));
    }
    if milder {
        notes.push(
            "one run was judged by different policies: what only some of them ignore, weigh otherwise, read otherwise or leave out \
             is judged as without them"
                .into(),
        );
    }
    name(&mut all);
    let systems = sources::same_systems(&mut all);
    for one in &mut all {
        one.view.settings.systems.clone_from(&systems);
    }
    notes.extend(differences(&all));
    let mut evidence = Evidence::default();
    notes.extend(sources::join(&all, &mut evidence));
    let mut views = Vec::new();
    for one in all {
        let heard = take(&mut evidence, one.evidence);
        views.push(View { heard, ..one.view });
    }
    let redacted = first.run.redacted;
    if reports.iter().any(|(_, one)| one.run.redacted != redacted) {
        notes.push("the reports are not redacted alike: the same host may have two names in them".into());
    }
    // What one of them names, the whole names.
    let redacted = reports.iter().map(|(_, one)| one.run.redacted).min().flatten();
    notes.extend(reports.iter().flat_map(|(_, report)| report.run.notes.iter().cloned()));
    let mut known = BTreeSet::new();
    notes.retain(|note| known.insert(note.clone()));
    Ok((Run { redacted, ..run_of(views, systems, notes) }, evidence))
}

/// Refuses a run that stands there redacted and with its names: its people and hosts would be taken for two each.
fn twins(all: &[One]) -> Result<(), String> {
    for (at, one) in all.iter().enumerate() {
        for other in &all[at + 1..] {
            let alike = one.view.started_at == other.view.started_at
                && one.view.duration_ms == other.view.duration_ms
                && one.evidence.smtp.len() == other.evidence.smtp.len()
                && one.evidence.dns.len() == other.evidence.dns.len();
            if alike && one.redacted != other.redacted {
                return Err(format!(
                    "the run of {} stands there as it was and redacted: everybody would be counted twice; give one of them",
                    one.view.started_at
                ));
            }
        }
    }
    Ok(())
}

/// What a run asked, without what its findings are judged by, and without the systems, which a merged report completes.
fn without_policy(question: &Question) -> Question {
    let (only, skip, replies, ignores, severities) = Default::default();
    let (systems, delivers_to) = Default::default();
    Question { only, skip, replies, ignores, severities, systems, delivers_to, ..question.clone() }
}

/// Leaves of a policy what another one has as well, so that neither hides what the other shows.
fn common(own: &mut Question, other: &Question) {
    own.ignores.retain(|one| other.ignores.contains(one));
    own.severities.retain(|one| other.severities.contains(one));
    own.replies.retain(|one| other.replies.contains(one));
    own.skip.retain(|one| other.skip.contains(one));
    if own.only.is_empty() || other.only.is_empty() {
        own.only.clear();
    } else {
        let more: Vec<String> = other.only.iter().filter(|one| !own.only.contains(one)).cloned().collect();
        own.only.extend(more);
    }
}

fn said_of(number: usize) -> String {
    if number == 1 { "one report stands".into() } else { format!("{number} reports stand") }
}

/// The vantage points of a report: one, or those that it was merged of.
fn ones(name: Option<&str>, report: &Report) -> Vec<One> {
    let run = &report.run;
    if run.vantages.is_empty() {
        let view = View {
            name: name.unwrap_or(&run.vantage.hostname).into(),
            started_at: run.started_at.clone(),
            duration_ms: run.duration_ms,
            complete: run.complete,
            version: report.tool.version.clone(),
            vantage: run.vantage.clone(),
            settings: run.settings.clone(),
            heard: Places::default(),
        };
        return vec![One { view, evidence: report.evidence.clone(), redacted: run.redacted }];
    }
    let part =
        |view: &View| One { view: view.clone(), evidence: report.evidence.heard(&view.heard), redacted: run.redacted };
    run.vantages.iter().map(part).collect()
}

/// Gives each vantage point a name of its own.
fn name(all: &mut [One]) {
    let times = |all: &[One]| {
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        all.iter().for_each(|one| *times.entry(one.view.name.clone()).or_default() += 1);
        times
    };
    let shared = times(all);
    for one in all.iter_mut().filter(|one| shared[&one.view.name] > 1) {
        if let Some(address) = one.view.vantage.addresses.first() {
            one.view.name = format!("{} ({address})", one.view.name);
        }
    }
    let shared = times(all);
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for one in all.iter_mut().filter(|one| shared[&one.view.name] > 1) {
        let number = seen.entry(one.view.name.clone()).or_default();
        *number += 1;
        one.view.name = format!("{}, run {number}", one.view.name);
    }
}

/// Adds what one has heard, and gives its places.
fn take(all: &mut Evidence, own: Evidence) -> Places {
    fn append<T>(all: &mut Vec<T>, own: Vec<T>) -> Vec<usize> {
        let from = all.len();
        all.extend(own);
        (from..all.len()).collect()
    }
    let mut place = |hop: Hop| match all.hops.iter_mut().position(|known| known.id == hop.id) {
        Some(at) => {
            all.hops[at].system = all.hops[at].system.take().or(hop.system);
            at
        }
        None => {
            all.hops.push(hop);
            all.hops.len() - 1
        }
    };
    let hops = own.hops.into_iter().map(&mut place).collect();
    Places {
        hops,
        dns: append(&mut all.dns, own.dns),
        mx_views: append(&mut all.mx_views, own.mx_views),
        smtp: append(&mut all.smtp, own.smtp),
    }
}

fn run_of(views: Vec<View>, systems: Vec<System>, notes: Vec<String>) -> Run {
    let names: Vec<&str> = views.iter().map(|view| &*view.name).collect();
    let addresses: BTreeSet<String> = views.iter().flat_map(|view| view.vantage.addresses.clone()).collect();
    let vantage = Vantage { hostname: listed(&names, 8), addresses: addresses.into_iter().collect() };
    // The settings of the first, with everybody's systems; each keeps its own.
    let settings = views.first().map(|view| view.settings.clone()).unwrap_or_default();
    Run {
        started_at: views.first().map(|view| view.started_at.clone()).unwrap_or_default(),
        duration_ms: views.iter().map(|view| view.duration_ms).max().unwrap_or(0),
        complete: views.iter().all(|view| view.complete),
        vantage,
        settings: Question { systems, ..settings },
        redacted: None,
        estimate: None,
        vantages: views,
        notes,
    }
}

/// What sets the runs apart beside the place: their time, their version, how they asked, whether they came to their end.
fn differences(all: &[One]) -> Vec<String> {
    let mut notes = Vec::new();
    let names = |which: &dyn Fn(&One) -> String| -> Vec<String> {
        all.iter().map(|one| format!("{} by {}", which(one), one.view.name)).collect()
    };
    let differ = |which: &dyn Fn(&One) -> String| all.iter().any(|one| which(one) != which(&all[0]));
    let times: Vec<i64> = all.iter().filter_map(|one| seconds(&one.view.started_at)).collect();
    if let (Some(first), Some(last)) = (times.iter().min(), times.iter().max())
        && last - first > APART
    {
        let when = names(&|one| one.view.started_at.clone());
        notes.push(format!(
            "the runs are more than an hour apart, and the world may have changed between: {}",
            listed(&when, 8)
        ));
    }
    let version = |one: &One| one.view.version.clone();
    if differ(&version) {
        notes.push(format!("written by different versions: {}; judged by this one", listed(&names(&version), 8)));
    }
    let settings: [Setting; 6] = [
        ("gateways", &|one| listed(&one.view.settings.gateways, 8)),
        ("known-good addresses", &|one| listed(&one.view.settings.known_good, 8)),
        ("senders", &|one| one.view.settings.mail_from.clone()),
        ("codes or areas that alone are judged", &|one| listed(&one.view.settings.only, 8)),
        ("codes or areas that are not judged", &|one| listed(&one.view.settings.skip, 8)),
        ("numbers of recipients at most", &|one| one.view.settings.max_recipients.to_string()),
    ];
    for (what, which) in settings {
        if differ(which) {
            let said = names(&|one| Some(which(one)).filter(|said| !said.is_empty()).unwrap_or("none".into()));
            notes.push(format!("the runs were given different {what}: {}", listed(&said, 8)));
        }
    }
    for one in all.iter().filter(|one| !one.view.complete) {
        notes.push(format!("the run of {} was cut short before all was asked", one.view.name));
    }
    notes
}

/// RFC 3339 in UTC as seconds from some day on (civil days after Howard Hinnant's algorithm); none where it is none.
fn seconds(time: &str) -> Option<i64> {
    let number = |from: usize, to: usize| time.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + of_year;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}
