//! Policy: findings that the configuration gives another severity, after judging and never inside a check.
use super::ignores::is_about;
use crate::judge::{Finding, Reweighed};
use crate::prelude::*;
use alloc::collections::BTreeSet;

/// An entry of `[[severity]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SeverityRule {
    /// The code of the findings.
    pub code: String,
    /// The subject that they are about, in which `*` stands for anything; none is all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The severity that they get.
    pub severity: Severity,
    /// Why, in the user's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The last day on which it holds, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// What became of the entries.
pub(super) struct Severities<'a> {
    entries: &'a [SeverityRule],
    today: &'a str,
    used: BTreeSet<usize>,
    /// Those that name some of a finding's subjects, and would play down the others as well.
    partial: BTreeSet<usize>,
}

impl<'a> Severities<'a> {
    pub(super) fn new(entries: &'a [SeverityRule], today: &'a str) -> Self {
        Self { entries, today, used: BTreeSet::new(), partial: BTreeSet::new() }
    }

    /// Gives the findings the severity of the first entry that is about them.
    ///
    /// One that is about some of a finding's subjects may make it worse, and never better: the others are as badly off as
    /// before.
    pub(super) fn apply(&mut self, findings: &mut [Finding]) {
        for finding in findings {
            for (at, entry) in self.entries.iter().enumerate().filter(|(_, entry)| !is_over(entry, self.today)) {
                if entry.code != finding.code {
                    continue;
                }
                let fits = |name: &String| finding.subjects.iter().filter(|one| is_about(&one.value, name)).count();
                let about = entry.subject.as_ref().map_or(finding.subjects.len(), fits);
                let (none, some) = (about == 0 && entry.subject.is_some(), about < finding.subjects.len());
                if none {
                    continue;
                }
                if some && entry.severity > finding.severity {
                    self.partial.insert(at);
                    continue;
                }
                self.used.insert(at);
                let before = core::mem::replace(&mut finding.severity, entry.severity);
                finding.reweighed = Some(Reweighed { default: before, reason: entry.reason.clone() });
                break;
            }
        }
    }

    /// What the user should know: entries that have expired, match nothing or cannot be applied.
    pub(super) fn notes(&self) -> Vec<String> {
        let note = |(at, entry): (usize, &SeverityRule)| {
            let about = entry.subject.as_ref().map_or(String::new(), |subject| format!(" for {subject}"));
            let named = format!("[[severity]] {}{about}", entry.code);
            match &entry.until {
                Some(until) if is_over(entry, self.today) => {
                    Some(format!("{named} expired on {until}; it is not applied"))
                }
                _ if self.partial.contains(&at) => Some(format!(
                    "{named} is not applied where a finding is about others as well: it would play them down"
                )),
                _ if self.used.contains(&at) => None,
                _ => Some(format!("{named} matches no finding")),
            }
        };
        self.entries.iter().enumerate().filter_map(note).collect()
    }
}

fn is_over(entry: &SeverityRule, today: &str) -> bool {
    entry.until.as_deref().is_some_and(|until| until < today)
}
