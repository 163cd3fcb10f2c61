//! What was found.
use super::layout::{Paint, pairs};
use super::remedies::of_remedy;
use crate::report::format::View;
use crate::report::words::word;
use crate::report::{management_shell, safe};
use nsdiag_checks::judge::{Finding, listed};
use nsdiag_checks::remedy::order::Step;
use nsdiag_checks::report::Report;

/// What was found, with what shows more of it; what mends it stands below, in the order in which it works.
pub(super) fn of_finding(report: &Report, finding: &Finding, steps: &[Step], view: &View, paint: &Paint) -> String {
    let head = paint.severity(finding.severity, &format!("{} {}", safe(&finding.code), word(&finding.severity)));
    let mut out = format!("{head} ({})\n", word(&finding.certainty));
    let mut rows = vec![("", safe(&finding.title))];
    if !finding.subjects.is_empty() {
        let subjects: Vec<String> = finding.subjects.iter().map(|subject| safe(&subject.value)).collect();
        rows.push(("for", listed(&subjects, 12)));
    }
    rows.push(("why", safe(&finding.detail)));
    let is_mended = |step: &&Step| step.findings.iter().any(|one| core::ptr::eq(*one, finding));
    if let Some(step) = steps.iter().find(is_mended) {
        rows.push(("mend", format!("by step {} below: {}", step.number, safe(&step.ways[0].title))));
    }
    out.push_str(&pairs(view.width, &rows));
    for remedy in finding.remedies.iter().filter(|remedy| !remedy.mends()) {
        let label = match (remedy.proof, &remedy.shell) {
            (true, Some(_)) => "see",
            (true, None) => "note",
            (false, _) => "mend",
        };
        let management = management_shell(report, remedy);
        out.push_str(&of_remedy(view, &finding.code, management, label, &safe(&remedy.title), remedy));
    }
    out
}
