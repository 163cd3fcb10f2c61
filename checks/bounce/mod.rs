//! What a bounce means: who refused whom, in which words, whether that refusal is false, and whether the message looped
//! (contract, section 4).
mod landscape;
mod looped;
mod meaning;
#[cfg(test)]
mod tests;

use crate::evidence::bounce::{Action, Notice, Passage, Said, Source, Speaker};
use crate::judge::Severity;
use crate::model::diagnosis::Fate;
use crate::prelude::*;
use crate::replies::{Confidence, Row, enhanced_code};
use crate::report::{FORMAT_VERSION, FoldedGap, Report, Tool, Verdict};
use crate::{products, replies};
pub use landscape::own_address;
pub use looped::{Loop, looped};

/// The whole document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bounce {
    /// `nsdiag/bounce`.
    pub kind: String,
    /// The layout's version; consumers ignore fields that they don't know.
    pub format_version: String,
    /// What wrote it.
    pub tool: Tool,
    /// The domain under check; none where nobody named one and the message has recipients in several, or in none.
    pub domain: Option<String>,
    /// What the message was read from.
    pub source: Source,
    /// The host that wrote it; it need not be the one that refused.
    pub reporting_host: Option<String>,
    /// The product whose form it has.
    pub product: Option<String>,
    /// The worst that can be said.
    pub verdict: Verdict,
    /// The exit status that goes with it.
    pub exit_code: u8,
    /// Whether the message went in a circle; none where nothing tells.
    pub looped: Option<bool>,
    /// The hosts between which it did, as far as its Received fields show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeated_hosts: Vec<String>,
    /// What it says of each recipient, in its order, and what that means.
    pub recipients: Vec<Refusal>,
    /// How the message travelled that it is about: its Received fields, the newest first.
    pub received: Vec<Passage>,
    /// What to bear in mind.
    pub notes: Vec<String>,
}

/// What became of one recipient, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// The address that was refused, folded: behind aliases and forwarding, the last that the notice names.
    pub address: Option<String>,
    /// The address that was written to, where it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_to: Option<String>,
    /// What became of the message.
    pub action: Action,
    /// The status (RFC 3463): the reply's, else the notice's.
    pub status: Option<String>,
    /// The reply; or the notice's own words, where it tells no reply.
    pub reply: Option<ToldReply>,
    /// Who refused; none where nobody did (no host answered, or the time was over), or where that is not told.
    pub refused_by: Option<Refuser>,
    /// At which step, where that is told.
    pub stage: Option<Stage>,
    /// What the reply means.
    pub meaning: Meaning,
    /// How far that can be trusted.
    pub confidence: Confidence,
    /// Whose words they are, and from where we know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_from: Option<String>,
    /// Whether the refusal is false: the mailbox exists, and the host says that it does not.
    pub false_rejection: Answer,
    /// Why that is said.
    pub why: String,
    /// Whether the message went in a circle; none where nothing tells.
    pub looped: Option<bool>,
    /// The hosts between which it did, as far as its Received fields show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeated_hosts: Vec<String>,
    /// The address of the domain under check that was looked up and asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_up: Option<String>,
    /// What becomes of mail to it now, where it was looked up.
    pub diagnosis: Option<Fate>,
    /// How sure that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certainty: Option<Certainty>,
    /// What `check` finds of it, and the critical findings that are about hosts, connectors and the domain.
    pub findings: Vec<Finding>,
    /// What mends it.
    pub remedies: Vec<Remedy>,
}

/// A reply, as a notice tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ToldReply {
    /// Its code; none where the notice tells words alone.
    pub code: Option<u16>,
    /// Its enhanced code (RFC 3463), where it has one.
    pub enhanced: Option<String>,
    /// Its text, without the code.
    pub text: String,
}

/// Who refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refuser {
    /// Its name or address.
    pub host: String,
    /// Which hop of the run it is, where it is one.
    pub hop: Option<String>,
    /// Its product, as far as its name or its words tell.
    pub product: Option<String>,
}

/// Whether something is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// Nothing tells.
    Unknown,
}

impl Answer {
    /// As the report has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

/// What a notice is judged by beside itself.
#[derive(Clone, Copy, Default)]
pub struct Beside<'a> {
    /// The domain under check, folded.
    pub domain: Option<&'a str>,
    /// What the user says of their hosts' replies.
    pub own: &'a [OwnReply],
    /// The report of a run about the domain, if there is one.
    pub report: Option<&'a Report>,
}

/// How many of the things that a run could not see are told.
const GAPS: usize = 8;

/// Judges `notice`.
pub fn judge(tool_version: &str, notice: &Notice, beside: Beside) -> Bounce {
    let circle = looped(&notice.received);
    let recipients: Vec<Refusal> =
        notice.recipients.iter().map(|said| refusal(notice, said, circle.as_ref(), beside)).collect();
    let verdict = verdict(notice, &recipients, circle.as_ref());
    let mut notes = notice.notes.clone();
    if recipients.is_empty() {
        notes.push("nothing in it says that a message was refused or put off".into());
        match &circle {
            Some(Loop { hosts, times }) if !hosts.is_empty() => {
                notes.push(format!("its headers show a loop: it passed between {} {times} times", hosts.join(" and ")));
            }
            Some(_) => notes.push("its headers show no loop".into()),
            None => {}
        }
    }
    let open = recipients.iter().any(|one| one.looked_up.is_some() && one.false_rejection == Answer::Unknown);
    if let (Some(report), true) = (beside.report, open) {
        let told = |gap: &FoldedGap| format!("{}: {}; what would tell: {}", gap.what, gap.why, gap.supply);
        // What the checks of recipients wait for.
        let counts = |gap: &&FoldedGap| gap.checks.iter().any(|code| code.starts_with("NSD40"));
        notes.extend(report.gaps.iter().filter(counts).take(GAPS).map(told));
    }
    Bounce {
        kind: "nsdiag/bounce".into(),
        format_version: FORMAT_VERSION.into(),
        tool: Tool { name: "nsdiag".into(), version: tool_version.into() },
        domain: beside.domain.map(String::from),
        source: notice.source,
        reporting_host: notice.reporting_host.clone(),
        product: notice.product.map(String::from),
        verdict,
        exit_code: verdict.exit_code(),
        looped: recipients.iter().filter_map(|one| one.looped).max().or(by_headers(circle.as_ref())),
        repeated_hosts: circle.map(|circle| circle.hosts).unwrap_or_default(),
        recipients,
        received: notice.received.clone(),
        notes,
    }
}

/// What the Received fields say of a loop.
fn by_headers(circle: Option<&Loop>) -> Option<bool> {
    circle.map(|circle| !circle.hosts.is_empty())
}

fn refusal(notice: &Notice, said: &Said, circle: Option<&Loop>, beside: Beside) -> Refusal {
    let host = match &said.by {
        Speaker::Host(host) => Some(&**host),
        _ => None,
    };
    let own: Vec<OwnReply> = beside.own.iter().filter(|own| own.is_for_host(host)).cloned().collect();
    let read = meaning::of(said, &own);
    let hops = beside.report.map(|report| &*report.evidence.hops).unwrap_or_default();
    let product = |host: &str| {
        let by_words = read.row.filter(|row| is_of_one(row.product)).map(|row| bare(row.product));
        let by_form = notice.product.filter(|_| notice.reporting_host.as_deref() == Some(host));
        products::of_host(host).or(by_form).or(by_words).map(String::from)
    };
    let refused_by = match &said.by {
        Speaker::Host(host) => {
            let hop = landscape::hop(hops, host).map(|hop| hop.id.clone());
            Some(Refuser { host: host.clone(), hop, product: product(host) })
        }
        Speaker::Unnamed | Speaker::NoHost | Speaker::NoAnswer | Speaker::Untold => None,
    };
    // Some put a mark before it: `550 #5.1.0 Address rejected`.
    let words = said.text.trim_start_matches('#');
    let enhanced = enhanced_code(words).map(String::from);
    // The reply's counts: the host that reports it may make up its own (Sendmail: 5.1.1 for any 550).
    let status = enhanced.clone().or_else(|| said.status.clone());
    let reply = (said.code.is_some() || !said.text.is_empty()).then(|| ToldReply {
        code: said.code,
        text: match &enhanced {
            Some(code) => words[code.len()..].trim_start().into(),
            None => said.text.clone(),
        },
        enhanced,
    });
    let by_reply = read.meaning == Meaning::Loop && said.action.is_trouble();
    let looped = if by_reply { Some(true) } else { by_headers(circle) };
    let mut refusal = Refusal {
        address: said.address.clone(),
        written_to: said.written_to.clone(),
        action: said.action,
        status,
        reply,
        refused_by,
        stage: said.stage,
        meaning: read.meaning,
        confidence: read.confidence,
        known_from: read.known_from(),
        false_rejection: Answer::Unknown,
        why: String::new(),
        looped,
        repeated_hosts: circle.map(|circle| circle.hosts.clone()).unwrap_or_default(),
        looked_up: None,
        diagnosis: None,
        certainty: None,
        findings: Vec::new(),
        remedies: Vec::new(),
    };
    landscape::complete(&mut refusal, said, beside);
    refusal
}

/// The worst that can be said: a loop, a false refusal and a critical finding are critical; a refusal of which nobody knows
/// whether it is false is unknown.
fn verdict(notice: &Notice, recipients: &[Refusal], circle: Option<&Loop>) -> Verdict {
    let severity = |wanted| recipients.iter().flat_map(|one| &one.findings).any(|finding| finding.severity == wanted);
    let looped = circle.is_some_and(|circle| !circle.hosts.is_empty());
    let is_false = recipients.iter().any(|one| one.false_rejection == Answer::Yes);
    if looped || is_false || severity(Severity::Critical) || recipients.iter().any(|one| one.looped == Some(true)) {
        return Verdict::Critical;
    }
    let open = |one: &Refusal| one.false_rejection == Answer::Unknown;
    if notice.recipients.is_empty() || recipients.iter().any(open) {
        return Verdict::Unknown;
    }
    if severity(Severity::Warning) { Verdict::Warning } else { Verdict::Ok }
}

/// Whether the catalogue names one product, and not the words of many.
fn is_of_one(product: &str) -> bool {
    !["various", "other", "many", ","].iter().any(|word| product.contains(word))
}

/// `Postfix`, of `Postfix relay_recipient_maps`.
fn bare(product: &str) -> &str {
    let end =
        product.split(' ').take_while(|word| !word.contains(['_', '('])).map(|word| word.len() + 1).sum::<usize>();
    product[..end.min(product.len())].trim_end()
}

/// What a reply was read as.
struct Read {
    meaning: Meaning,
    confidence: Confidence,
    row: Option<&'static Row>,
    own: Option<String>,
}

impl Read {
    fn known_from(&self) -> Option<String> {
        match (&self.own, self.row) {
            (Some(pattern), _) => Some(format!("the configuration's [[reply]] '{pattern}'")),
            (None, Some(row)) => Some(format!("{}; {} (row {})", row.product, row.source_in_words(), row.number)),
            (None, None) => None,
        }
    }
}

impl From<replies::Verdict> for Read {
    fn from(verdict: replies::Verdict) -> Self {
        let row = verdict.quoted_row.or(verdict.row);
        Self { meaning: verdict.meaning, confidence: verdict.confidence(), row, own: verdict.own }
    }
}
