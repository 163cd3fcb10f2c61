//! The shape of a report: what JSON shows, field by field (contract, section 4).
use crate::judge::Finding;
use crate::model::diagnosis::Fate;
use crate::model::path::Prediction;
use crate::prelude::*;
use crate::products::Fingerprint;
use alloc::collections::BTreeMap;

/// The version of the layout: consumers ignore fields that they don't know, and a newer major one is another document.
pub const FORMAT_VERSION: &str = "1.0";

/// The whole report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// `nsdiag/report`.
    pub kind: String,
    /// The layout's version; consumers ignore fields that they don't know.
    pub format_version: String,
    /// What wrote it.
    pub tool: Tool,
    /// The domain under check.
    pub domain: String,
    /// The run.
    pub run: Run,
    /// The worst that can be said.
    pub verdict: Verdict,
    /// The exit status that goes with it.
    pub exit_code: u8,
    /// Numbers.
    pub summary: Summary,
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
    /// Every check, with what became of it.
    pub checks: Vec<CheckResult>,
    /// What could not be seen: each thing once, with who waits for it.
    pub gaps: Vec<FoldedGap>,
    /// Every recipient under judgement.
    pub recipients: Vec<RecipientResult>,
    /// Every hop.
    pub hops: Vec<HopResult>,
    /// What the vantage points of a merged report see differently.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disagreements: Vec<Disagreement>,
    /// What all of this rests on.
    pub evidence: Evidence,
}

/// What wrote a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// `nsdiag`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// When it began, RFC 3339 in UTC.
    pub started_at: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Whether it asked all that it meant to ask before its deadline.
    pub complete: bool,
    /// From where it looked.
    pub vantage: Vantage,
    /// What was asked.
    pub settings: Question,
    /// What of the names in it is replaced by tokens, where somebody had that done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redacted: Option<Redacted>,
    /// How long probing was expected to take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
    /// The runs that a merged report is made of; what each has heard is judged by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vantages: Vec<View>,
    /// What to bear in mind about the runs of a merged report.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Run {
    /// What was asked: of a merged report at each vantage point too, which is judged by what it asked.
    pub fn all_settings(&mut self) -> impl Iterator<Item = &mut Question> {
        core::iter::once(&mut self.settings).chain(self.vantages.iter_mut().map(|view| &mut view.settings))
    }
}

impl Run {
    /// What is ignored: of a merged report at each vantage point.
    pub fn all_ignores(&self) -> impl Iterator<Item = &super::Ignore> {
        let own = self.settings.ignores.iter().filter(|_| self.vantages.is_empty());
        own.chain(self.vantages.iter().flat_map(|view| &view.settings.ignores))
    }
}

/// One run of those that a merged report is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct View {
    /// The vantage point's name in this report.
    pub name: String,
    /// When it began, RFC 3339 in UTC.
    pub started_at: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Whether it asked all that it meant to ask before its deadline.
    pub complete: bool,
    /// The version that ran.
    pub version: String,
    /// From where it looked.
    pub vantage: Vantage,
    /// What was asked.
    pub settings: Question,
    /// The places of what it has heard, among the evidence.
    pub heard: Places,
}

/// Places among the evidence. Directories and lists are everybody's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Places {
    /// Of DNS answers.
    pub dns: Vec<usize>,
    /// Of single servers' MX records.
    pub mx_views: Vec<usize>,
    /// Of the hops that were meant to be heard.
    pub hops: Vec<usize>,
    /// Of SMTP dialogues.
    pub smtp: Vec<usize>,
}

/// One thing that vantage points see differently.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Disagreement {
    /// What: `answer to RCPT`.
    pub what: String,
    /// Whose: a hop's, a name's.
    #[serde(rename = "where")]
    pub place: String,
    /// About whom, where it is about recipients.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
    /// What each vantage point says that was asked.
    pub seen: Vec<Seen>,
}

/// What one vantage point says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Seen {
    /// The vantage point.
    pub vantage: String,
    /// What it says.
    pub says: String,
}

/// What tokens stand for in a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Redacted {
    /// People, hosts, addresses, objects and files.
    Names,
    /// These, and the shared domain.
    Domain,
}

/// How long probing was expected to take: all hops are visited at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// In how many sessions.
    pub sessions: usize,
    /// In how many milliseconds.
    pub duration_ms: u64,
    /// Hop by hop.
    pub hops: Vec<HopEstimate>,
}

/// How long one hop was expected to take, when little of it was done or a limit of the hop's had just shown itself.
///
/// The first sessions tell how far away the hop is and how many it refuses, so the estimate is made anew until a quarter of
/// the recipients are answered, and where a limit shows itself until half of them are; `made_after_ms` tells when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HopEstimate {
    /// The hop's id.
    pub hop: String,
    /// How many recipients there were to ask about.
    pub recipients: usize,
    /// In how many sessions.
    pub sessions: usize,
    /// In how many milliseconds.
    pub duration_ms: u64,
    /// After how many answers that was said.
    pub answers: usize,
    /// After how many milliseconds.
    pub made_after_ms: u64,
    /// How long it took in the end.
    pub took_ms: u64,
}

impl Estimate {
    /// The estimate for a run that visits these hops at once; none where it visited none.
    pub fn of(mut hops: Vec<HopEstimate>) -> Option<Self> {
        hops.sort_by(|a, b| a.hop.cmp(&b.hop));
        let sessions = hops.iter().map(|hop| hop.sessions).sum();
        let duration_ms = hops.iter().map(|hop| hop.duration_ms).max()?;
        Some(Self { sessions, duration_ms, hops })
    }
}

/// From where a run looked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Vantage {
    /// The host's name.
    pub hostname: String,
    /// The addresses that probes went out from.
    pub addresses: Vec<String>,
}

/// The worst that can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The questions asked were answered, and nothing is wrong.
    Ok,
    /// The worst finding is a warning.
    Warning,
    /// A question that was asked could not be answered.
    Unknown,
    /// A critical finding.
    Critical,
}

impl Verdict {
    /// The exit status (contract, section 2).
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }

    /// The word of the contract.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Unknown => "unknown",
            Self::Critical => "critical",
        }
    }
}

/// Numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Findings by severity.
    pub findings: FindingCounts,
    /// Recipients: `total`, `probed`, and by diagnosis.
    pub recipients: BTreeMap<String, usize>,
}

/// Findings by severity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindingCounts {
    /// How many are critical.
    pub critical: usize,
    /// How many are warnings.
    pub warning: usize,
    /// How many are for information.
    pub info: usize,
    /// How many the configuration says to ignore.
    pub ignored: usize,
}

/// What became of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckResult {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What became of it.
    pub status: Status,
    /// Why, for all but `passed` and `failed`.
    pub reason: Option<String>,
}

/// What became of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It looked, and nothing is wrong.
    Passed,
    /// It has findings.
    Failed,
    /// Nobody asked for what it needs.
    Skipped,
    /// What it needs was asked for and did not come.
    Inconclusive,
    /// The configuration says to ignore all of its findings.
    Ignored,
    /// It failed in itself.
    Crashed,
}

/// One thing that could not be seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FoldedGap {
    /// What is missing.
    pub what: String,
    /// Why.
    pub why: String,
    /// The flag, right or export that would supply it.
    pub supply: String,
    /// Whether it was asked for.
    pub asked: bool,
    /// The codes of the checks that wait for it.
    pub checks: Vec<String>,
}

/// One recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecipientResult {
    /// Its address.
    pub address: String,
    /// What became of it.
    pub diagnosis: Fate,
    /// How sure that is.
    pub certainty: Certainty,
    /// What each directory holds.
    pub directories: Vec<DirectoryState>,
    /// Which lists were read, and whether it is on them.
    pub lists: Vec<ListState>,
    /// What each hop said.
    pub hops: Vec<HopAnswer>,
    /// What the configuration would make of it.
    pub predicted: Prediction,
}

/// What one directory holds of a recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DirectoryState {
    /// The system.
    pub system: String,
    /// What it is there.
    pub state: State,
}

/// Whether a recipient is on a system's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListState {
    /// The system.
    pub system: String,
    /// Whether it is on it.
    pub listed: bool,
}

/// What one hop said of a recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HopAnswer {
    /// The hop's id.
    pub hop: String,
    /// The vantage point that asked, in a merged report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vantage: Option<String>,
    /// The outcome.
    pub outcome: Outcome,
    /// What the reply means, where there was one.
    pub meaning: Option<Meaning>,
    /// The pattern of the configuration's `[[reply]]` that says so, where one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configured: Option<String>,
    /// The reply.
    pub reply: Option<Reply>,
    /// How long it took, in milliseconds.
    pub latency_ms: Option<u64>,
}

/// A reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reply {
    /// Its code.
    pub code: u16,
    /// Its enhanced code (RFC 3463), where it has one.
    pub enhanced: Option<String>,
    /// Its text, without the codes.
    pub text: String,
}

/// One hop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HopResult {
    /// Its id.
    pub hop: String,
    /// What it is in the mail path.
    pub role: Role,
    /// The product that answers there, as far as its words and its name tell.
    pub product: Option<String>,
    /// The guesses at the product, the best first, each with what it is guessed from.
    #[serde(default)]
    pub fingerprints: Vec<Fingerprint>,
    /// The products that stand one before the other at this address, where its words are of several.
    #[serde(default)]
    pub layers: Vec<String>,
    /// Its greeting.
    pub banner: Option<String>,
    /// The vantage points that heard it, in a merged report.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heard_from: Vec<String>,
    /// Whether it refuses recipients that do not exist; none where that is not known.
    pub validates_recipients: Option<bool>,
}
