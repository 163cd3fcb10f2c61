//! What a report's evidence says that stays as it is from one run to the next while nobody changes anything.
//!
//! Times, orders of sets, session numbers, random controls and the words of dialogues are left out.
use super::{directories, hops, lists, names, settings};
use crate::prelude::*;
use crate::report::{Report, Run, View};

/// A value: one, or a set in order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Value {
    /// One.
    One(String),
    /// A set.
    Many(Vec<String>),
}

impl Value {
    /// A set, whatever its order.
    pub fn set<S: Into<String>>(items: impl IntoIterator<Item = S>) -> Self {
        let mut all: Vec<String> = items.into_iter().map(Into::into).collect();
        all.sort_unstable();
        all.dedup();
        Self::Many(all)
    }
}

/// What was read of one thing; of what is not there, none.
pub(super) type Look = Observed<Option<Value>>;

/// Something that was asked for as a whole: the accepted domains of an organisation, one DNS name, one hop.
pub(super) struct Part {
    /// What it is.
    pub what: String,
    /// Of whom.
    pub place: String,
    /// What it holds.
    pub items: Observed<Vec<Item>>,
    /// What it means that an item is not among them.
    pub absence: Absence,
    /// Whether the order of the items counts.
    pub ordered: bool,
    /// The part, of the same place, without which there is nothing of this one.
    pub within: Option<&'static str>,
}

/// What the absence of an item means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absence {
    /// There is none.
    Gone,
    /// Nobody asked for it, or not everything was shown.
    NotAsked,
    /// Nothing, and it is not worth a word.
    Nothing,
}

/// One thing of a part.
pub(super) struct Item {
    /// What it is: `send connector`; where that is empty, what its part is.
    pub what: String,
    /// Its name; empty where its part has one item alone.
    pub name: String,
    /// What is known of it, by name; the first is what it is.
    pub fields: Vec<(String, Look)>,
    /// When it was last changed, where its directory says so.
    pub changed: Option<String>,
}

impl Part {
    /// A part whose items are all there are.
    pub fn new(what: impl Into<String>, place: impl Into<String>, items: Observed<Vec<Item>>) -> Self {
        Self { what: what.into(), place: place.into(), items, absence: Absence::Gone, ordered: false, within: None }
    }

    /// The same, of which there is nothing where `whole` could not be read.
    pub fn within(mut self, whole: &'static str) -> Self {
        self.within = Some(whole);
        self
    }

    /// A part of one item without a name.
    pub fn one(what: impl Into<String>, place: impl Into<String>, fields: Vec<(String, Look)>) -> Self {
        Self::new(what, place, Observed::Known(vec![Item::new("", "", fields)]))
    }
}

impl Item {
    /// An item.
    pub fn new(what: &str, name: impl Into<String>, fields: Vec<(String, Look)>) -> Self {
        Self { what: what.into(), name: name.into(), fields, changed: None }
    }
}

/// A value that was read.
pub(super) fn known(value: impl Into<String>) -> Look {
    Observed::Known(Some(Value::One(value.into())))
}

/// A set that was read.
pub(super) fn set<S: Into<String>>(items: impl IntoIterator<Item = S>) -> Look {
    Observed::Known(Some(Value::set(items)))
}

/// Yes or no.
pub(super) fn yes(is: bool) -> Look {
    known(if is { "yes" } else { "no" })
}

/// A named field.
pub(super) fn field(name: &str, look: Look) -> (String, Look) {
    (name.into(), look)
}

/// The same look at something else.
pub(super) fn look<T, U>(seen: &Observed<T>, read: impl FnOnce(&T) -> U) -> Observed<U> {
    match seen {
        Observed::Known(value) => Observed::Known(read(value)),
        Observed::Unknown(miss) => Observed::Unknown(miss.clone()),
        Observed::NotAsked => Observed::NotAsked,
    }
}

/// All that a report says: what was asked of whom, DNS, the directories, the lists, the hops.
pub(super) fn of(report: &Report) -> Vec<Part> {
    let mut all = Vec::new();
    if report.run.vantages.is_empty() {
        all.extend(settings::parts(report));
        all.extend(names::parts(&report.evidence));
    }
    all.extend(directories::parts(&report.evidence));
    all.extend(lists::parts(&report.evidence));
    if report.run.vantages.is_empty() {
        all.extend(hops::parts(report));
    }
    // Of a merged report, what each vantage point has heard is a matter of its own.
    for view in &report.run.vantages {
        let own = alone(report, view);
        let parts = settings::parts(&own).into_iter().chain(names::parts(&own.evidence)).chain(hops::parts(&own));
        all.extend(parts.map(|part| Part { place: format!("{}, from {}", part.place, view.name), ..part }));
    }
    all
}

/// What one vantage point of a merged report has heard, as a report.
fn alone(report: &Report, view: &View) -> Report {
    let mut recipients = report.recipients.clone();
    for one in &mut recipients {
        one.hops.retain(|answer| answer.vantage.as_ref() == Some(&view.name));
    }
    let run = Run {
        started_at: view.started_at.clone(),
        duration_ms: view.duration_ms,
        complete: view.complete,
        vantage: view.vantage.clone(),
        settings: view.settings.clone(),
        vantages: Vec::new(),
        ..report.run.clone()
    };
    Report { run, recipients, evidence: report.evidence.heard(&view.heard), ..report.clone() }
}
