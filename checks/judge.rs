//! How a check judges: what it is given, what it may say, and what becomes of that.
use crate::model::Model;
use crate::prelude::*;
use crate::proofs;
use crate::remedy::order;
use alloc::collections::BTreeSet;

/// One check: who it is, why it matters, what to do, how it judges.
pub struct Check {
    /// `NSD401`; never reused.
    pub code: &'static str,
    /// The check's name, which is its file's name.
    pub name: &'static str,
    /// What is wrong, in one line.
    pub title: &'static str,
    /// The severity that its findings have unless they say otherwise.
    pub severity: Severity,
    /// Why it matters.
    pub why: &'static str,
    /// What to do about it.
    pub fix: &'static str,
    /// Where it is written, in public: pages, and sections of RFCs as `RFC 5321, 5.1`.
    pub sources: &'static [&'static str],
    /// Reads the case, writes notes.
    pub judge: fn(&Case, &mut Notes),
}

/// What a check is given.
pub struct Case<'a> {
    /// What was asked.
    pub question: &'a Question,
    /// What was seen.
    pub evidence: &'a Evidence,
    /// What follows from it for the mail path.
    pub model: Model<'a>,
}

impl<'a> Case<'a> {
    /// A case, with its model drawn.
    pub fn new(question: &'a Question, evidence: &'a Evidence) -> Self {
        Self { question, evidence, model: Model::new(question, evidence) }
    }

    /// Gives these findings what shows more of them, and their remedies the system that they are for, and their order.
    pub fn arrange(&self, findings: &mut [Finding]) {
        for finding in &mut *findings {
            proofs::prove(self, finding);
            let system = finding.system(self.evidence).map(str::to_string);
            for remedy in finding.remedies.iter_mut().filter(|remedy| remedy.place == "exchange") {
                remedy.system = remedy.system.take().or_else(|| system.clone());
            }
        }
        let alone = self.model.organisations.len() < 2;
        order::arrange(findings, |one, other| alone || one.system.is_some() && one.system == other.system);
    }
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Mail is lost or bounces.
    Critical,
    /// It will hurt, or hurts some.
    Warning,
    /// Worth knowing.
    Info,
}

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// The controls behaved, and all witnesses agree.
    Proven,
    /// A witness is missing; the detail says which.
    Likely,
    /// The evidence does not decide.
    Inconclusive,
}

/// What a failed check says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The check's code.
    pub code: String,
    /// The check's name.
    pub name: String,
    /// How bad.
    pub severity: Severity,
    /// What the configuration makes another severity of, and why, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reweighed: Option<Reweighed>,
    /// How sure.
    pub certainty: Certainty,
    /// What is wrong, in one line.
    pub title: String,
    /// What was seen.
    pub detail: String,
    /// Whom or what it is about.
    pub subjects: Vec<Subject>,
    /// The vantage points that see it, where a merged report has others that do not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen_from: Vec<String>,
    /// JSON Pointers (RFC 6901) into the report.
    pub evidence: Vec<String>,
    /// What mends it: any one of them.
    pub remedies: Vec<Remedy>,
}

/// A severity that the configuration has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reweighed {
    /// What it is without the configuration.
    pub default: Severity,
    /// Why, in the user's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Whom or what a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Subject {
    /// Its kind.
    pub kind: SubjectKind,
    /// Its name.
    pub value: String,
}

/// The kinds of subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectKind {
    /// An address.
    Recipient,
    /// A host or a hop.
    Host,
    /// A domain.
    Domain,
    /// An accepted domain, by its name in Exchange.
    AcceptedDomain,
    /// A send connector, by its name in Exchange.
    SendConnector,
    /// A mail system.
    System,
    /// A file.
    File,
}

/// What a check could not see.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// What is missing: `the accepted domains of corp`.
    pub what: String,
    /// Why.
    pub why: String,
    /// The flag, right or export that would supply it.
    pub supply: String,
    /// Whether it was asked for; what nobody asked for does not spoil a verdict.
    pub asked: bool,
}

impl Gap {
    /// Something that was asked for and did not come.
    pub fn unanswered(what: impl Into<String>, why: impl Into<String>, supply: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into(), supply: supply.into(), asked: true }
    }

    /// Something that nobody asked for.
    pub fn not_asked(what: impl Into<String>, supply: impl Into<String>) -> Self {
        Self { what: what.into(), why: "not asked for".into(), supply: supply.into(), asked: false }
    }
}

/// The gap that DNS did not answer `what`.
pub fn no_dns(what: String, miss: &Miss) -> Gap {
    Gap::unanswered(what, miss.said.clone(), "--resolver IP of a DNS server that answers")
}

/// What a check writes down.
pub struct Notes {
    check: &'static Check,
    /// The findings.
    pub findings: Vec<Finding>,
    /// What it could not see.
    pub gaps: Vec<Gap>,
    noted: BTreeSet<Gap>,
}

impl Notes {
    /// An empty sheet for `check`.
    pub fn new(check: &'static Check) -> Self {
        Self { check, findings: Vec::new(), gaps: Vec::new(), noted: BTreeSet::new() }
    }

    /// Takes an answer out of `look`, or notes what is missing.
    pub fn need<T>(&mut self, look: Result<T, Gap>) -> Option<T> {
        look.map_err(|gap| self.gap(gap)).ok()
    }

    /// Notes what could not be seen, once.
    pub fn gap(&mut self, gap: Gap) {
        if self.noted.insert(gap.clone()) {
            self.gaps.push(gap);
        }
    }

    /// Adds a finding with the check's own severity, proven; change what differs on what is returned.
    pub fn finding(&mut self, detail: impl Into<String>) -> &mut Finding {
        self.findings.push(Finding {
            code: self.check.code.into(),
            name: self.check.name.into(),
            severity: self.check.severity,
            reweighed: None,
            certainty: Certainty::Proven,
            title: self.check.title.into(),
            detail: detail.into(),
            subjects: Vec::new(),
            seen_from: Vec::new(),
            evidence: Vec::new(),
            remedies: Vec::new(),
        });
        self.findings.last_mut().expect("just pushed")
    }
}

impl Finding {
    /// The one system whose directories it rests on.
    pub fn system<'e>(&self, evidence: &'e Evidence) -> Option<&'e str> {
        let at =
            |pointer: &String| pointer.strip_prefix("/evidence/directories/")?.split('/').next()?.parse::<usize>().ok();
        let mut systems = self.evidence.iter().filter_map(at).filter_map(|at| evidence.directories.get(at));
        let first = &*systems.next()?.system;
        systems.all(|directory| directory.system == first).then_some(first)
    }

    /// Adds a subject.
    pub fn about(&mut self, kind: SubjectKind, value: impl Into<String>) -> &mut Self {
        self.subjects.push(Subject { kind, value: value.into() });
        self
    }

    /// Adds evidence.
    pub fn seen(&mut self, pointer: impl Into<String>) -> &mut Self {
        let pointer = pointer.into();
        if !self.evidence.contains(&pointer) {
            self.evidence.push(pointer);
        }
        self
    }

    /// Adds several pieces of evidence.
    pub fn seen_all<S: Into<String>>(&mut self, pointers: impl IntoIterator<Item = S>) -> &mut Self {
        let mut known: BTreeSet<String> = self.evidence.iter().cloned().collect();
        let new = pointers.into_iter().map(Into::into).filter(|pointer: &String| known.insert(pointer.clone()));
        self.evidence.extend(new);
        self
    }

    /// Adds a remedy.
    pub fn mend(&mut self, remedy: Remedy) -> &mut Self {
        self.remedies.push(remedy);
        self
    }

    /// Sets the severity.
    pub fn severity(&mut self, severity: Severity) -> &mut Self {
        self.severity = severity;
        self
    }

    /// Sets the certainty.
    pub fn certainty(&mut self, certainty: Certainty) -> &mut Self {
        self.certainty = certainty;
        self
    }
}

/// `1 recipient`, `2 recipients`.
pub fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// `a`, `a and b`, `a, b and c`; past `most`, how many more.
pub fn listed<S: AsRef<str>>(items: &[S], most: usize) -> String {
    let shown: Vec<&str> = items.iter().take(most).map(AsRef::as_ref).collect();
    if items.len() > most {
        return format!("{} and {} more", shown.join(", "), items.len() - most);
    }
    match shown.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_string(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_put_together_as_people_write_them() {
        assert_eq!(listed(&["a"], 3), "a");
        assert_eq!(listed(&["a", "b", "c"], 3), "a, b and c");
        assert_eq!(listed(&["a", "b", "c", "d"], 2), "a, b and 2 more");
        assert_eq!((count(1, "host"), count(2, "host")), ("1 host".into(), "2 hosts".into()));
    }
}
