//! `nsdiag merge`: reports of several vantage points as one.
use super::outputs::Outputs;
use super::{Outcome, USAGE, saved};
use crate::app;
use crate::cli::ToldArgs;
use clap::Args;
use nsdiag_checks::merge::merge;
use nsdiag_checks::report::{Report, report};
use std::path::Path;

/// What `merge` takes.
#[derive(Args, Clone, Debug)]
pub struct MergeArgs {
    /// The reports: what check -o FILE.json wrote, each from another place; a name for the place may stand before it
    #[arg(required = true, value_name = "[NAME=]REPORT")]
    pub reports: Vec<String>,
    /// How it is told
    #[command(flatten)]
    pub told: ToldArgs,
}

/// Merges saved reports, and judges them by this version's rules; the exit status is the verdict's.
///
/// # Errors
/// With the exit status, in words.
pub fn run(args: &MergeArgs) -> Outcome {
    let outputs = Outputs::of(&args.told, None)?;
    let reports = args.reports.iter().map(|named| of_argument(named)).collect::<Result<Vec<_>, _>>()?;
    let merged = of(&reports).map_err(|wrong| (USAGE, wrong))?;
    let mut notes = merged.run.notes.clone();
    let told = args.told.redact.apply(&merged, &mut notes)?;
    outputs.finish((&*told).into(), &notes)
}

/// One report of `reports`, judged by this version's rules.
///
/// # Errors
/// In words, where they do not belong together.
pub fn of(reports: &[(Option<String>, Report)]) -> Result<Report, String> {
    let (run, evidence) = merge(reports)?;
    Ok(report(env!("CARGO_PKG_VERSION"), run, evidence, &app::run_check).0)
}

/// `outside=report.json`, or a path that may hold the sign itself.
fn of_argument(named: &str) -> Result<(Option<String>, Report), (u8, String)> {
    match named.split_once('=').filter(|(name, _)| !name.is_empty() && !Path::new(named).exists()) {
        Some((name, path)) => Ok((Some(name.into()), saved(Path::new(path))?)),
        None => Ok((None, saved(Path::new(named))?)),
    }
}
