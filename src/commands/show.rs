//! `nsdiag show`: a saved report again.
use super::outputs::{Outputs, Told};
use super::{Outcome, USAGE, print, saved};
use crate::border;
use crate::cli::ToldArgs;
use crate::report::powershell::{BYTE_ORDER_MARK, doubted, scripts};
use clap::{Args, ValueEnum};
use nsdiag_checks::report::Report;
use std::io::IsTerminal;
use std::path::PathBuf;

/// What `show` takes.
#[derive(Args, Clone, Debug)]
pub struct ShowArgs {
    /// The report: what check -o FILE.json wrote
    pub report: PathBuf,
    /// The remedies as a script, in place of the report; with -o FILE.ps1, the one that takes them back is written too
    #[arg(long, value_enum, value_name = "SHELL", conflicts_with = "format")]
    pub remedies: Option<Scripted>,
    /// How it is told
    #[command(flatten)]
    pub told: ToldArgs,
}

/// The shells that remedies are written as a script for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scripted {
    /// The Exchange Management Shell
    Powershell,
}

/// Renders a saved report again.
///
/// # Errors
/// With the exit status, in words.
pub fn run(args: &ShowArgs) -> Outcome {
    let outputs = Outputs::of(&args.told, None)?;
    let saved = saved(&args.report)?;
    let mut notes = Vec::new();
    let report = &*args.told.redact.apply(&saved, &mut notes)?;
    notes.iter().for_each(|note| border::tell(note));
    if args.remedies.is_none() {
        let shown = Report { findings: doubted(report), ..report.clone() };
        return outputs.finish(Told { exact: report, shown: &shown }, &[]);
    }
    if let Some(path) = outputs.first_report() {
        let name = path.display();
        let why = "the remedies are written as a script, with what takes them back beside it: the ending is .ps1";
        return Err((USAGE, format!("--output: {name}: {why}")));
    }
    outputs.write_files(Told::from(report))?;
    if args.told.output.is_empty() {
        // A file that standard output is led to is read by PowerShell as well.
        let mark = if std::io::stdout().is_terminal() { "" } else { BYTE_ORDER_MARK };
        print(&format!("{mark}{}", scripts(report).apply))?;
    }
    Ok(report.exit_code)
}
