//! What a format of a report is. They stand in [`FORMATS`].
use super::FORMATS;
pub use super::view::{View, width_of_output};
use clap::ValueEnum;
use clap::builder::PossibleValue;
use nsdiag_checks::report::Report;
use std::io::{self, Write};
use std::path::Path;

/// A format of a report.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// Its name, as `--format` takes it.
    pub name: &'static str,
    /// What it is for, as `--help` says it.
    pub about: &'static str,
    /// The endings of files that are written in it, without a dot.
    pub endings: &'static [&'static str],
    /// Whether it is the report itself, which nsdiag reads again: nothing of it is reworded for people.
    pub exact: bool,
    /// What of a report it holds when all of it is asked for.
    pub holds: Holds,
    /// Writes a report.
    pub write: fn(&Report, &View, &mut dyn Write) -> io::Result<()>,
}

/// What of a report a format holds, by its nature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// The verdict and each finding, with its code, severity, certainty and subjects.
    Everything,
    /// Each recipient with its diagnosis; no findings.
    Recipients,
    /// The verdict, and each code and severity with numbers; nobody is named.
    Numbers,
}

impl Format {
    /// The format of a file with the ending of `path`; none where it is in none.
    pub fn of_file(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?;
        FORMATS.iter().find(|format| format.endings.contains(&ending)).copied()
    }

    /// The endings of all, each with its dot.
    pub fn endings() -> impl Iterator<Item = String> {
        FORMATS.iter().flat_map(|format| format.endings).map(|ending| format!(".{ending}"))
    }
}

/// What `--output` is told to take.
pub fn files() -> String {
    let endings = Format::endings().collect::<Vec<_>>().join(", ");
    format!(
        "Also write a file, in the format of its ending: {endings}, or .ps1 (the remedies as a script for PowerShell, with the one \
         that takes them back beside it: .undo.ps1)"
    )
}

impl Default for Format {
    fn default() -> Self {
        FORMATS[0]
    }
}

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Format {}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        FORMATS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name).help(self.about))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_name_and_no_ending_is_taken_twice() {
        let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
        let endings: Vec<String> = Format::endings().collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
        assert_eq!(endings.iter().collect::<BTreeSet<_>>().len(), endings.len(), "{endings:?}");
        assert_eq!(Format::of_file(Path::new("a/report.json")).map(|format| format.name), Some("json"));
        assert_eq!(Format::of_file(Path::new("a.json/report")), None);
    }
}
