//! The report for people: the verdict first, then what is wrong, for whom, why, and what mends it. As wide as the terminal, but
//! for commands: those are pasted, and stand on a line each.
mod dialogues;
mod findings;
mod gaps;
pub(crate) mod layout;
mod recipients;
mod remedies;

use super::format::{Format, Holds, View};
use super::words::{counts_sentence, verdict_sentence, word};
use layout::Paint;
use nsdiag_checks::remedy::order::steps;
use nsdiag_checks::report::{Report, Status};

/// How many recipients are shown; the JSON has all.
const SHOWN: usize = 25;

/// For people.
pub const FORMAT: Format = Format {
    name: "table",
    about: "For people, as wide as the terminal",
    endings: &["txt"],
    exact: false,
    holds: Holds::Everything,
    write: |report, view, out| out.write_all(table(report, view).as_bytes()),
};

/// Renders `report`.
pub fn table(report: &Report, view: &View) -> String {
    let paint = Paint { colour: view.colour };
    let mut out = format!("{}  {}\n", paint.verdict(report.verdict), verdict_sentence(report));
    if view.brief {
        return out;
    }
    out.push_str(&format!("{}\n", counts_sentence(report)));
    let steps = steps(&report.findings);
    for finding in &report.findings {
        out.push('\n');
        out.push_str(&findings::of_finding(report, finding, &steps, view, &paint));
    }
    out.push_str(&remedies::mending(report, &steps, view));
    out.push_str(&recipients::recipients(report, view));
    out.push_str(&gaps::configured(report, view));
    out.push_str(&gaps::gaps(report, view));
    out.push_str(&foot(report));
    if view.verbose {
        out.push_str(&dialogues::dialogues(report));
    }
    out
}

fn foot(report: &Report) -> String {
    let mut counts: Vec<(Status, usize)> = Vec::new();
    for check in &report.checks {
        match counts.iter_mut().find(|(status, _)| *status == check.status) {
            Some((_, number)) => *number += 1,
            None => counts.push((check.status, 1)),
        }
    }
    counts.sort_unstable();
    let counts: Vec<_> = counts.iter().map(|(status, number)| format!("{number} {}", word(status))).collect();
    let seconds = report.run.duration_ms as f64 / 1000.0;
    format!("\n{} checks: {}; {seconds:.1} s\n", report.checks.len(), counts.join(", "))
}
