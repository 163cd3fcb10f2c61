//! `nsdiag diff`: what changed between two reports.
use super::{FAULT, Outcome, USAGE, print, saved};
use crate::report;
use clap::{Args, ValueEnum};
use nsdiag_checks::diff::{Diff, diff};
use std::path::{Path, PathBuf};

/// What `diff` takes.
#[derive(Args, Clone, Debug)]
pub struct DiffArgs {
    /// The older report: what check -o FILE.json wrote
    pub old: PathBuf,
    /// The newer one
    pub new: PathBuf,
    /// What goes to standard output
    #[arg(long, value_enum, default_value_t)]
    pub format: DiffFormat,
    /// Also write a file, in the format of its ending: .json, .md or .txt
    #[arg(short, long, value_name = "FILE")]
    pub output: Vec<PathBuf>,
}

/// The formats of a diff.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// For people, 80 columns wide
    #[default]
    Table,
    /// All of it
    Json,
    /// For a ticket or a chat
    Markdown,
}

impl DiffFormat {
    pub(super) fn of_file(path: &Path) -> Result<Self, (u8, String)> {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("json") => Ok(Self::Json),
            Some("md") => Ok(Self::Markdown),
            Some("txt") => Ok(Self::Table),
            _ => Err((USAGE, format!("--output: {}: the ending is none of .json, .md and .txt", path.display()))),
        }
    }

    fn render(self, diff: &Diff) -> String {
        match self {
            Self::Table => report::diff::table(diff),
            Self::Json => report::diff::json(diff),
            Self::Markdown => report::diff::markdown(diff),
        }
    }
}

/// Compares two saved reports; the exit status is 0 where nothing changed, else 1.
///
/// # Errors
/// With the exit status, in words.
pub fn run(args: &DiffArgs) -> Outcome {
    let files = args.output.iter().map(|path| Ok((path, DiffFormat::of_file(path)?)));
    let files: Vec<_> = files.collect::<Result<_, (u8, String)>>()?;
    for (path, _) in &files {
        report::check_place(path).map_err(|error| (USAGE, format!("--output: {}: {error}", path.display())))?;
    }
    let (old, new) = (saved(&args.old)?, saved(&args.new)?);
    let found = diff(env!("CARGO_PKG_VERSION"), &old, &new).map_err(|wrong| (USAGE, wrong))?;
    for (path, format) in files {
        report::write(path, &format.render(&found)).map_err(|error| (FAULT, format!("{}: {error}", path.display())))?;
    }
    print(&args.format.render(&found))?;
    Ok(u8::from(!found.same))
}
