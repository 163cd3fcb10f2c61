//! `nsdiag redact`, and `--redact` of other commands: a report with tokens in place of names.
use super::outputs::Outputs;
use super::{FAULT, Outcome, USAGE, saved};
use crate::cli::{Color, ToldArgs};
use crate::redact::{self, Tokens};
use crate::report::format::{Format, files};
use crate::report::{check_place, json, write};
use clap::{Args, ValueEnum};
use nsdiag_checks::report::{Redacted, Report};
use std::borrow::Cow;
use std::io::ErrorKind;
use std::path::PathBuf;

/// How a report is redacted where one is told or written.
#[derive(Args, Clone, Debug, Default)]
pub struct TokenArgs {
    /// Put tokens in place of people, hosts, addresses, objects and files in what is printed, written and mailed; with
    /// `domain` of the shared domain too
    #[arg(long, value_enum, value_name = "LEVEL", num_args = 0..=1, require_equals = true, default_missing_value = "names")]
    pub redact: Option<Level>,
    /// The table of the tokens: kept in this file (for you alone), and read from it where it is there, so that the same
    /// names have the same tokens again
    #[arg(long, value_name = "FILE", requires = "redact")]
    pub tokens: Option<PathBuf>,
}

/// What tokens stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// All names but the shared domain's
    Names,
    /// The shared domain as well
    Domain,
}

/// What `redact` takes.
#[derive(Args, Clone, Debug)]
pub struct RedactArgs {
    /// The report: what check -o FILE.json wrote
    pub report: PathBuf,
    /// Put a token in place of the shared domain as well
    #[arg(long)]
    pub domain: bool,
    /// The table of the tokens: kept in this file (for you alone), and read from it where it is there, so that the same
    /// names have the same tokens again
    #[arg(long, value_name = "FILE")]
    pub tokens: Option<PathBuf>,
    /// What goes to standard output
    #[arg(long, value_enum, default_value_t = json::FORMAT)]
    pub format: Format,
    /// Also write a file
    #[arg(short, long, value_name = "FILE", help = files())]
    pub output: Vec<PathBuf>,
    /// When to colour the table
    #[arg(long, value_enum, default_value_t)]
    pub color: Color,
    /// No notes
    #[arg(short, long)]
    pub quiet: bool,
    /// The whole dialogues with the hops as well
    #[arg(short, long)]
    pub verbose: bool,
}

/// Puts tokens in place of names in a saved report.
///
/// # Errors
/// With the exit status, in words.
pub fn run(args: &RedactArgs) -> Outcome {
    let level = if args.domain { Level::Domain } else { Level::Names };
    let how = TokenArgs { redact: Some(level), tokens: args.tokens.clone() };
    let outputs = ToldArgs {
        format: args.format,
        output: args.output.clone(),
        color: args.color,
        quiet: args.quiet,
        verbose: args.verbose,
        redact: how.clone(),
        ..ToldArgs::default()
    };
    let outputs = Outputs::of(&outputs, None)?;
    let report = saved(&args.report)?;
    let mut notes = Vec::new();
    let redacted = how.apply(&report, &mut notes)?;
    outputs.finish((&*redacted).into(), &notes)?;
    Ok(0)
}

impl TokenArgs {
    /// That the table can be kept where it is to be, before anything is asked.
    ///
    /// # Errors
    /// With the exit status, in words.
    pub fn check(&self) -> Result<(), (u8, String)> {
        let Some(path) = &self.tokens else { return Ok(()) };
        self.table()?;
        check_place(path).map_err(|error| (USAGE, format!("--tokens: {}: {error}", path.display())))
    }

    /// `report` as it is to be told, and `notes` with it.
    ///
    /// # Errors
    /// With the exit status, in words.
    pub fn apply<'r>(&self, report: &'r Report, notes: &mut Vec<String>) -> Result<Cow<'r, Report>, (u8, String)> {
        let Some(level) = self.redact else { return Ok(Cow::Borrowed(report)) };
        let mut tokens = self.table()?;
        let (redacted, told) =
            redact::redact(report, level.into(), &mut tokens, notes).map_err(|error| (FAULT, error))?;
        *notes = told;
        if let Some(path) = &self.tokens {
            write(path, &tokens.json()).map_err(|error| (FAULT, format!("{}: {error}", path.display())))?;
        }
        Ok(Cow::Owned(redacted))
    }

    /// The table that was kept; an empty one before the first time.
    fn table(&self) -> Result<Tokens, (u8, String)> {
        let Some(path) = &self.tokens else { return Ok(Tokens::default()) };
        let wrong = |error: &dyn std::fmt::Display| (USAGE, format!("--tokens: {}: {error}", path.display()));
        match std::fs::read_to_string(path) {
            Ok(text) => Tokens::read(&text).map_err(|error| wrong(&error)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Tokens::default()),
            Err(error) => Err(wrong(&error)),
        }
    }
}

impl From<Level> for Redacted {
    fn from(level: Level) -> Self {
        match level {
            Level::Names => Self::Names,
            Level::Domain => Self::Domain,
        }
    }
}
