//! What could not be determined, what nobody asked for, and whose word was taken.
use super::SHOWN;
use super::layout::pairs;
use crate::report::format::View;
use crate::report::safe;
use crate::report::words::{folded_gaps, word};
use nsdiag_checks::judge::listed;
use nsdiag_checks::replies::Meaning;
use nsdiag_checks::report::Report;
use std::collections::BTreeMap;

/// What could not be determined, and what nobody asked for.
pub(super) fn gaps(report: &Report, view: &View) -> String {
    let mut out = String::new();
    for (asked, title) in [(true, "Could not be determined"), (false, "Not asked")] {
        let folded = folded_gaps(report, asked);
        if folded.is_empty() {
            continue;
        }
        out.push_str(&format!("\n{title}\n"));
        for gap in folded.iter().take(SHOWN) {
            let why = if asked { format!(", because {}", safe(gap.why)) } else { String::new() };
            let checks = safe(&listed(gap.checks, 6));
            let text = format!("{}{why}. Would help: {} ({checks})", safe(&listed(&gap.what, 4)), safe(gap.supply));
            out.push_str(&pairs(view.width, &[("-", text)]));
        }
        if folded.len() > SHOWN {
            out.push_str(&format!("  and {} more, in the JSON report\n", folded.len() - SHOWN));
        }
    }
    out
}

/// The replies that were read as the configuration says, so that nobody takes its word for nsdiag's.
pub(super) fn configured(report: &Report, view: &View) -> String {
    let mut counts: BTreeMap<(&str, Meaning), usize> = BTreeMap::new();
    for answer in report.recipients.iter().flat_map(|one| &one.hops) {
        if let (Some(pattern), Some(meaning)) = (&answer.configured, answer.meaning) {
            *counts.entry((pattern, meaning)).or_default() += 1;
        }
    }
    let line = |((pattern, meaning), replies): (&(&str, Meaning), &usize)| {
        let (pattern, meaning) = (safe(pattern), word(meaning));
        let replies = if *replies == 1 { "1 reply".into() } else { format!("{replies} replies") };
        pairs(view.width, &[("-", format!("'{pattern}' is read as {meaning}, as the configuration says: {replies}"))])
    };
    let lines: String = counts.iter().map(line).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}
