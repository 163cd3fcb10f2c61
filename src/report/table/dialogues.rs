//! The SMTP dialogues, line by line.
use crate::report::safe;
use crate::report::words::{decisive, dialogue};
use nsdiag_checks::report::Report;

pub(super) fn dialogues(report: &Report) -> String {
    let mut out = String::new();
    for (at, session) in report.evidence.smtp.iter().enumerate() {
        out.push_str(&format!("\n=== {} {}\n", safe(&session.hop), safe(&session.started_at)));
        let decisive = decisive(report.findings.iter().flat_map(|finding| &finding.evidence), at);
        for line in dialogue(session, &decisive) {
            let at = line.at_ms.map_or(String::new(), |at_ms| format!("{at_ms:>6} ms"));
            out.push_str(&format!("{at:>9} {:3} {}\n", line.arrow, line.text));
        }
    }
    out
}
