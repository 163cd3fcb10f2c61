//! Who gets mail and who does not: a light table.
use super::SHOWN;
use super::layout::trimmed;
use crate::report::format::View;
use crate::report::safe;
use crate::report::words::{said, word};
use comfy_table::{ContentArrangement, Table};
use nsdiag_checks::model::diagnosis::Fate;
use nsdiag_checks::report::{RecipientResult, Report};
use std::collections::BTreeSet;

pub(super) fn recipients(report: &Report, view: &View) -> String {
    let mut shown: Vec<&RecipientResult> = report.recipients.iter().collect();
    if shown.is_empty() {
        return String::new();
    }
    // Those in trouble first.
    shown.sort_by_key(|one| (one.diagnosis == Fate::Delivered, one.diagnosis == Fate::Inconclusive));
    let more = shown.len().saturating_sub(SHOWN);
    shown.truncate(SHOWN);
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(view.width)
        .set_header(["recipient", "diagnosis", "directory", "said"]);
    for one in shown {
        let states: Vec<String> =
            one.directories.iter().map(|held| word(&held.state)).collect::<BTreeSet<_>>().into_iter().collect();
        let mut answers: Vec<String> = one
            .hops
            .iter()
            .map(|answer| {
                let role = answer.hop.split('/').next().unwrap_or_default();
                format!("{role}: {}", said(answer.outcome, answer.meaning))
            })
            .collect();
        answers.dedup();
        table.add_row([
            safe(&one.address),
            one.diagnosis.word().replace('-', " "),
            states.join(", "),
            answers.join("\n"),
        ]);
    }
    let mut out = format!("\n{}", trimmed(&table));
    if more > 0 {
        out.push_str(&format!("and {more} more, in the JSON report\n"));
    }
    out
}
