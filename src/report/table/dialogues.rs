//! The SMTP dialogues, line by line.
use super::layout::{Page, bare, beside, cell};
use crate::report::safe;
use crate::report::words::{Decisive, dialogue};
use nsdiag_checks::report::Report;

const LEGEND: &str = "The dialogues: -> said by nsdiag, <- by the server, <** refused by it; with ~ through TLS; === done by \
                      nsdiag, *** how it broke off. What a finding rests on is marked with >";

/// All dialogues. A line that is too long goes on below its own text: none can be taken for another one.
pub(super) fn dialogues(report: &Report, page: &Page) -> String {
    if report.evidence.smtp.is_empty() {
        return String::new();
    }
    let decisive = Decisive::of(report.findings.iter().flat_map(|finding| &finding.evidence));
    let mut out = format!("\n{}", page.wrapped(LEGEND));
    for (at, session) in report.evidence.smtp.iter().enumerate() {
        out.push('\n');
        out.push_str(&page.wrapped(&format!("=== {} {}", safe(&session.hop), safe(&session.started_at))));
        let mut table = bare(page.view.width);
        for line in dialogue(session, at, &decisive) {
            let mark = if line.decides { ">" } else { " " };
            let time = line.at_ms.map_or(String::new(), |at_ms| format!("{at_ms:>6} ms"));
            table.add_row([format!("{mark}{time:>9} {:3}", line.arrow), cell(&line.text).into()]);
        }
        out.push_str(&beside(&mut table, 14));
    }
    out
}
