//! The report for people: the verdict first, then what is wrong, for whom, why, and what mends it. As wide as the terminal, but
//! for commands: those are pasted, and stand on a line each.
mod dialogues;
mod findings;
mod gaps;
pub(crate) mod layout;
mod recipients;
mod remedies;
mod views;

use super::format::{Format, Holds, View};
use super::words::{counts_sentence, redacted, verdict_line, word};
use layout::Page;
use nsdiag_checks::remedy::order::steps;
use nsdiag_checks::report::{Report, Status};

/// Where the rest is.
const REST: &str = "Not all is shown: with -v all is, and -o FILE.json keeps it (nsdiag show FILE.json -v)";

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
    let page = Page::new(view);
    let line = verdict_line(report);
    if view.brief {
        return format!("{}\n", page.verdict(report.verdict, &line));
    }
    let mut out = page.verdict(report.verdict, &page.wrapped(&line));
    out.push_str(&page.wrapped(&counts_sentence(report)));
    let steps = steps(&report.findings);
    out.push_str(&findings::findings(report, &steps, &page));
    out.push_str(&remedies::mending(report, &steps, &page));
    out.push_str(&recipients::recipients(report, &page));
    out.push_str(&views::section(report, &page));
    out.push_str(&gaps::configured(report, &page));
    out.push_str(&gaps::gaps(report, &page));
    out.push('\n');
    if page.is_shortened() {
        out.push_str(&page.wrapped(REST));
    }
    redacted(report).into_iter().for_each(|said| out.push_str(&page.wrapped(said)));
    out.push_str(&page.wrapped(&foot(report)));
    if view.verbose {
        out.push_str(&dialogues::dialogues(report, &page));
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
    format!("{} checks: {}; {seconds:.1} s", report.checks.len(), counts.join(", "))
}
