//! What changed between two reports: in findings, in facts, for recipients (contract, section 4).
mod banner;
mod compare;
mod directories;
mod fields;
mod findings;
mod hops;
mod lists;
mod names;
mod parts;
mod settings;
#[cfg(test)]
mod tests;
mod views;

use crate::judge::Subject;
use crate::model::diagnosis::Fate;
use crate::prelude::*;
use crate::report::{Report, Tool, Verdict};
use alloc::collections::{BTreeMap, BTreeSet};
pub use parts::Value;
pub use views::disagreements;

/// The whole document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Diff {
    /// `nsdiag/diff`.
    pub kind: String,
    /// The layout's version; consumers ignore fields that they don't know.
    pub format_version: String,
    /// What wrote it.
    pub tool: Tool,
    /// The domain of both reports.
    pub domain: String,
    /// Whether nothing changed.
    pub same: bool,
    /// The older report, as it was named.
    pub old: Side,
    /// The newer one.
    pub new: Side,
    /// What to bear in mind when reading this.
    pub notes: Vec<String>,
    /// The findings.
    pub findings: Findings,
    /// What changed in what was seen.
    pub facts: Vec<Fact>,
    /// Whose diagnosis changed.
    pub recipients: Vec<RecipientChange>,
    /// What one of the two could not tell, and the other one could.
    pub questions: Questions,
    /// What one of the two has seen, and the other one was not asked for: no change, as far as is known.
    pub not_compared: Vec<Left>,
}

/// One of the two reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// When its run began.
    pub started_at: String,
    /// The version that wrote it.
    pub version: String,
    /// The host that it was seen from.
    pub vantage: String,
    /// Its verdict.
    pub verdict: Verdict,
}

/// The findings that changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Findings {
    /// Those of the newer report alone.
    pub new: Vec<Told>,
    /// Those of the older report alone, of which the newer one judged the same.
    pub gone: Vec<Told>,
    /// Those that both have, of another severity, certainty or about others.
    pub changed: Vec<Changed>,
    /// Those of the older report alone, which the newer one could not judge.
    pub open: Vec<Open>,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Told {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub certainty: Certainty,
    /// What is wrong.
    pub title: String,
    /// What was seen.
    pub detail: String,
    /// Whom or what it is about.
    pub subjects: Vec<Subject>,
    /// Of a new one: why the older report could not have it, where it did not judge the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_before: Option<String>,
}

/// A finding that both reports have, in different states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changed {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What is wrong.
    pub title: String,
    /// What the newer report saw.
    pub detail: String,
    /// As it was.
    pub old: State,
    /// As it is.
    pub new: State,
}

/// The state of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct State {
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub certainty: Certainty,
    /// Whom or what it is about.
    pub subjects: Vec<Subject>,
}

/// A finding that the newer report could not judge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Open {
    /// The finding, as the older report has it.
    #[serde(flatten)]
    pub finding: Told,
    /// Why.
    pub why: String,
}

/// One thing that was seen otherwise. A value that is null is of nothing, or of what could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fact {
    /// What: `accepted domain: type`.
    pub what: String,
    /// Of which object, of whom: `contoso.com (corp)`.
    #[serde(rename = "where")]
    pub place: String,
    /// What the older report says.
    pub old: Option<Value>,
    /// What the newer report says.
    pub new: Option<Value>,
    /// Why the older report could not read it; then it does not say that there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_unread: Option<String>,
    /// Why the newer report could not read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_unread: Option<String>,
    /// When the object was last changed, as its directory says; by whom, no directory says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<String>,
    /// The object's name, which `where` begins with.
    #[serde(skip)]
    pub name: String,
    /// Whose it is, which `where` ends with.
    #[serde(skip)]
    pub container: String,
}

/// A recipient whose diagnosis changed. Where one is null, that report did not judge it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecipientChange {
    /// Its address.
    pub address: String,
    /// The diagnosis of the older report.
    pub old: Option<Fate>,
    /// The diagnosis of the newer one.
    pub new: Option<Fate>,
    /// How sure the older one was.
    pub old_certainty: Option<Certainty>,
    /// How sure the newer one is.
    pub new_certainty: Option<Certainty>,
}

/// What could not be told in one of both alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Questions {
    /// What the newer report could not tell.
    pub new: Vec<Gap>,
    /// What the older one could not, and the newer one could, or was not asked.
    pub gone: Vec<Gap>,
}

/// Something that could not be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "OpenQuestion")]
pub struct Gap {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}

/// What one report alone was asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Left {
    /// What.
    pub what: String,
    /// Of which object, of whom.
    #[serde(rename = "where")]
    pub place: String,
    /// The report that has it.
    pub only_in: Which,
    /// The object's name, which `where` begins with.
    #[serde(skip)]
    pub name: String,
}

/// One of the two reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Which {
    /// The older.
    Old,
    /// The newer.
    New,
}

/// What changed from `old` to `new`.
///
/// # Errors
/// In words, where they are of different domains.
pub fn diff(tool_version: &str, old: &Report, new: &Report) -> Result<Diff, String> {
    if !old.domain.eq_ignore_ascii_case(&new.domain) {
        return Err(format!("the reports are of two domains, {} and {}", old.domain, new.domain));
    }
    let (facts, mut not_compared) = compare::compare(&parts::of(old), &parts::of(new));
    let findings = findings::compare(old, new);
    let recipients = recipients(old, new);
    // Who was judged in one alone was asked about in one alone.
    let alone = recipients.iter().filter(|one| one.old.is_none() || one.new.is_none());
    let alone: BTreeSet<&String> = alone.map(|one| &one.address).collect();
    not_compared.retain(|left| !alone.contains(&left.name));
    not_compared.sort_unstable();
    not_compared.dedup();
    let questions = findings::questions(old, new);
    let Findings { new: fresh, gone, changed, open } = &findings;
    let quiet = fresh.is_empty() && gone.is_empty() && changed.is_empty() && open.is_empty();
    let settled = questions.new.is_empty() && questions.gone.is_empty() && old.verdict == new.verdict;
    Ok(Diff {
        kind: "nsdiag/diff".into(),
        format_version: "1.0".into(),
        tool: Tool { name: "nsdiag".into(), version: tool_version.into() },
        domain: new.domain.clone(),
        same: quiet && settled && facts.is_empty() && recipients.is_empty(),
        old: side(old),
        new: side(new),
        notes: notes(old, new),
        findings,
        facts,
        recipients,
        questions,
        not_compared,
    })
}

fn side(report: &Report) -> Side {
    Side {
        started_at: report.run.started_at.clone(),
        version: report.tool.version.clone(),
        vantage: report.run.vantage.hostname.clone(),
        verdict: report.verdict,
    }
}

fn recipients(old: &Report, new: &Report) -> Vec<RecipientChange> {
    let of = |report: &Report| -> BTreeMap<String, (Fate, Certainty)> {
        report.recipients.iter().map(|one| (one.address.clone(), (one.diagnosis, one.certainty))).collect()
    };
    let (before, after) = (of(old), of(new));
    let all: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let change = |address: &String| {
        let (one, other) = (before.get(address), after.get(address));
        (one != other).then(|| RecipientChange {
            address: address.clone(),
            old: one.map(|one| one.0),
            new: other.map(|one| one.0),
            old_certainty: one.map(|one| one.1),
            new_certainty: other.map(|one| one.1),
        })
    };
    all.into_iter().filter_map(change).collect()
}

fn notes(old: &Report, new: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    if old.run.started_at > new.run.started_at {
        notes.push(format!(
            "the older report ({}) is younger than the newer one ({}): the arguments may be the wrong way round",
            old.run.started_at, new.run.started_at
        ));
    }
    if old.tool.version != new.tool.version {
        notes.push(format!(
            "written by different versions, {} and {}: a finding may be new because the check is (nsdiag recheck judges both \
             by one)",
            old.tool.version, new.tool.version
        ));
    }
    if old.run.redacted != new.run.redacted {
        notes.push("the reports are not redacted alike: the same host may have two names in them".into());
    }
    if old.run.vantages.is_empty() != new.run.vantages.is_empty() {
        let said = "one of the reports is of several vantage points and the other one is of one: what the hosts and DNS said is \
                    not compared";
        notes.push(said.into());
    }
    for (report, which) in [(old, "older"), (new, "newer")] {
        if !report.run.complete {
            notes.push(format!("the {which} run was cut short before all was asked"));
        }
    }
    let answered = |report: &Report| -> BTreeMap<String, String> {
        let hosts = report.evidence.directories.iter().filter_map(|one| Some((one, one.root.known()?.host.clone()?)));
        hosts.map(|(one, host)| (one.system.clone(), host)).collect()
    };
    let (before, after) = (answered(old), answered(new));
    for (system, host) in &before {
        if let Some(other) = after.get(system).filter(|other| *other != host) {
            notes.push(format!(
                "the directory of {system} was read at {host}, and then at {other}, which may lag behind"
            ));
        }
    }
    notes
}

/// A hop's id without its port, which the demo's hops change each time; anything else as it is.
fn place_of(id: &str) -> &str {
    match (id.split('/').count(), id.rsplit_once(':')) {
        (3, Some((place, port))) if port.bytes().all(|byte| byte.is_ascii_digit()) => place,
        _ => id,
    }
}
