//! What could not be determined, what nobody asked for, and whose word was taken.
use super::layout::Page;
use crate::report::safe;
use crate::report::words::{folded_gaps, policy};
use nsdiag_checks::report::Report;

/// How many things that are missing have a line.
const LINES: usize = 25;
/// How much of what is missing for one reason is named, and how many of the checks that wait for it.
const NAMED: usize = 4;
const CODES: usize = 6;

/// What could not be determined, and why, and what would help; then what nobody asked for, and what it takes to ask.
pub(super) fn gaps(report: &Report, page: &Page) -> String {
    let mut out = String::new();
    for asked in [true, false] {
        let folded = folded_gaps(report, asked);
        if folded.is_empty() {
            continue;
        }
        // What nobody asked for is no news in an incident: that it was not asked is said, and with -v what it takes.
        let help = asked || page.view.verbose;
        out.push_str(match (asked, help) {
            (true, _) => "\nCould not be determined\n",
            (false, true) => "\nNot asked\n",
            (false, false) => "\nNot asked (-v says what it takes)\n",
        });
        let lines = page.most(LINES, folded.len());
        for gap in &folded[..lines] {
            let (what, checks) = (page.listed(&gap.what, NAMED), page.listed(gap.checks, CODES));
            let why = if asked { format!(", because {}", safe(gap.why)) } else { String::new() };
            let help = if help { format!(". Would help: {}", safe(gap.supply)) } else { String::new() };
            out.push_str(&page.pairs(&[("-", format!("{}{why}{help} ({})", safe(&what), safe(&checks)))]));
        }
        if lines < folded.len() {
            out.push_str(&format!("  and {} more\n", folded.len() - lines));
        }
    }
    out
}

/// What the configuration has made of it, so that nobody takes its word for nsdiag's.
pub(super) fn configured(report: &Report, page: &Page) -> String {
    let lines: String = policy(report).into_iter().map(|line| page.pairs(&[("-", line)])).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}
