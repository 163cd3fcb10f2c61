//! `nsdiag show`: a saved report again.
use super::outputs::{Outputs, Told};
use super::{Outcome, USAGE, print, saved};
use crate::border;
use crate::cli::ToldArgs;
use crate::report::powershell::{BYTE_ORDER_MARK, doubted, scripts};
use clap::{Args, ValueEnum};
use nsdiag_checks::judge::{Finding, Severity};
use nsdiag_checks::report::{Report, Status, Verdict};
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
    let mut saved = saved(&args.report)?;
    let mut notes = Vec::new();
    notes.extend(settle(&mut saved));
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

/// Gives a report that contradicts itself the verdict that its own findings and gaps have, where that is the worse one, and its
/// exit status: whoever wrote the file, it never says that nothing is wrong beside what is. What there is to say of it.
fn settle(report: &mut Report) -> Option<String> {
    let of_finding = |finding: &Finding| match finding.severity {
        Severity::Critical => Verdict::Critical,
        Severity::Warning => Verdict::Warning,
        Severity::Info => Verdict::Ok,
    };
    let crashed = report.checks.iter().any(|check| check.status == Status::Crashed);
    let open = crashed || !report.run.complete || report.gaps.iter().any(|gap| gap.asked);
    let open = if open { Verdict::Unknown } else { Verdict::Ok };
    let worst = report.findings.iter().map(of_finding).max().unwrap_or(Verdict::Ok).max(open).max(report.verdict);
    if worst == report.verdict && report.exit_code == worst.exit_code() {
        return None;
    }
    let (said, code) = (report.verdict.word(), report.exit_code);
    (report.verdict, report.exit_code) = (worst, worst.exit_code());
    let worst = worst.word();
    Some(format!("the report contradicts itself: it says {said}, exit status {code}, and what it holds is {worst}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_that_contradicts_itself_is_shown_with_the_worse_verdict() {
        let sound = crate::report::sample::report("x");
        type Change = fn(&mut Report);
        let cases: [(Change, Verdict, bool); 5] = [
            (|_| (), Verdict::Critical, false),
            (|report| (report.verdict, report.exit_code) = (Verdict::Ok, 0), Verdict::Critical, true),
            (|report| report.exit_code = 0, Verdict::Critical, true),
            (
                |report| {
                    report.findings.clear();
                    (report.verdict, report.exit_code) = (Verdict::Ok, 0);
                },
                Verdict::Unknown,
                true,
            ),
            // A verdict that no finding explains is nobody's to lower.
            (|report| report.findings.clear(), Verdict::Critical, false),
        ];
        for (change, verdict, said) in cases {
            let mut report = sound.clone();
            change(&mut report);
            let note = settle(&mut report);
            assert_eq!((report.verdict, report.exit_code, note.is_some()), (verdict, verdict.exit_code(), said));
        }
    }
}
