//! What the picture shows: the mail systems, the hosts before them, and the ways between them.
use super::places::{Hands, places};
use super::ways::ways;
use crate::report::safe;
use nsdiag_checks::judge::Case;
use nsdiag_checks::report::Report;

/// Everything in the picture.
pub(super) struct Landscape {
    /// From the Internet on, in the order in which mail reaches them.
    pub(super) places: Vec<Place>,
    /// How mail passes between them.
    pub(super) ways: Vec<Way>,
    /// The codes of the report's findings, in their order.
    pub(super) codes: Vec<String>,
}

/// A box.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// What it is: `Gateway`, `Exchange`.
    pub(super) what: String,
    /// Its name, or the first of its hosts; empty for the Internet.
    pub(super) title: String,
    /// Hosts, and what is to be known of it.
    pub(super) lines: Vec<String>,
    /// What is wrong in it, beside what is wrong on the ways.
    pub(super) wrong: Vec<(Mark, String)>,
    /// The directories and lists that tell of its people.
    pub(super) beside: Vec<Beside>,
    /// How far it is from the Internet.
    pub(super) layer: usize,
}

/// A directory or a list.
#[derive(Clone, Debug)]
pub(super) struct Beside {
    pub(super) kind: BesideKind,
    /// Where it was read.
    pub(super) name: String,
    /// What came of it.
    pub(super) says: String,
    pub(super) mark: Mark,
    /// The findings about it, by their places.
    pub(super) findings: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BesideKind {
    Directory,
    List,
}

/// An arrow.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) mark: Mark,
    /// What is to be said of it, in a few words.
    pub(super) words: String,
    /// The connector that leads there.
    pub(super) by: Option<String>,
    /// The findings about it, by their places.
    pub(super) findings: Vec<usize>,
}

/// How it stands with a way; the worst is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    Fine,
    Unknown,
    Warned,
    Loop,
    Broken,
}

impl Landscape {
    pub(super) fn of(report: &Report) -> Self {
        let case = Case::new(&report.run.settings, &report.evidence);
        let mut hands = Hands::of(report, &case.model);
        let mut places = places(report, &case.model, &mut hands);
        let ways = ways(report, &case.model, &hands, &mut places);
        let codes = report.findings.iter().map(|finding| safe(&finding.code)).collect();
        Self { places, ways, codes }
    }
}

impl Place {
    /// What it is and its name, for a sentence.
    pub(super) fn name(&self) -> String {
        match &*self.title {
            "" => self.what.clone(),
            title => format!("{} {title}", self.what),
        }
    }

    /// Its name alone, or what it is where it has none.
    pub(super) fn short(&self) -> &str {
        if self.title.is_empty() { &self.what } else { &self.title }
    }
}

impl Mark {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Fine => "nothing found",
            Self::Unknown => "not known",
            Self::Warned => "needs a look",
            Self::Loop => "goes round",
            Self::Broken => "broken",
        }
    }

    /// The class that colours it.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Unknown => "unknown",
            Self::Warned => "warned",
            Self::Loop => "loop",
            Self::Broken => "broken",
        }
    }
}

impl BesideKind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::List => "list",
        }
    }
}
