//! The commands, each in a file of its own with the arguments that only it takes.
pub mod bounce;
pub mod check;
pub mod completions;
pub mod demo;
pub mod diff;
pub mod explain;
pub mod man;
pub mod merge;
pub mod outputs;
pub mod recheck;
pub mod redact;
pub mod schema;
pub mod show;
pub mod trace;

use crate::app::{Failure, Word};
use crate::border::{self, Secrets};
use crate::cli::Command;
use crate::report;
use nsdiag_checks::report::Report;
use std::io::IsTerminal;
use std::path::Path;

/// Bad arguments or configuration (`EX_USAGE` of sysexits.h).
pub const USAGE: u8 = 64;
/// A fault of our own (`EX_SOFTWARE`).
pub const FAULT: u8 = 70;

/// The exit status; or, with another one, what went wrong.
pub type Outcome = Result<u8, (u8, String)>;

/// Does what was asked for.
///
/// # Errors
/// With the exit status, in words.
pub fn run(command: Command) -> Outcome {
    match command {
        Command::Check(args) => check::run(&args),
        Command::Bounce(args) => bounce::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Trace(args) => trace::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Merge(args) => merge::run(&args),
        Command::Recheck(args) => recheck::run(&args),
        Command::Redact(args) => redact::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man => man::run(),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, (u8, String)> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| (FAULT, error.to_string()))
}

fn failed(failure: Failure) -> (u8, String) {
    match failure {
        Failure::Usage(message) => (USAGE, message),
        Failure::Fault(message) => (FAULT, message),
    }
}

/// Progress goes to a terminal only, notes wherever standard error leads.
fn progress(quiet: bool, secrets: &Secrets) -> impl Fn(Word) {
    let terminal = std::io::stderr().is_terminal();
    move |word| match word {
        Word::Step(what) if terminal && !quiet => border::tell(&secrets.mask(what)),
        Word::Note(what) if !quiet => border::tell(&secrets.mask(what)),
        Word::Step(_) | Word::Note(_) => {}
    }
}

/// The report in a file.
fn saved(path: &Path) -> Result<Report, (u8, String)> {
    let named = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| (USAGE, format!("{named}: {error}")))?;
    report::read(&text).map_err(|wrong| (USAGE, format!("{named}: {wrong}")))
}

/// Prints to standard output.
fn print(text: &str) -> Outcome {
    border::print(text).map(|()| 0).map_err(|error| (FAULT, error))
}
