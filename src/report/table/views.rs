//! What the vantage points of a merged report see differently, for people.
use super::layout::Page;
use crate::report::words::disagreement;
use nsdiag_checks::report::Report;

/// How many lines are shown without -v.
const SHOWN: usize = 25;
/// How many recipients of a line are named without -v.
const NAMED: usize = 5;

/// The section; nothing where there is one vantage point, or all see the same.
pub(super) fn section(report: &Report, page: &Page) -> String {
    let all = &report.disagreements;
    if all.is_empty() {
        return String::new();
    }
    let mut out = String::from("\nWhat the vantage points see differently\n");
    let lines = page.most(SHOWN, all.len());
    for one in &all[..lines] {
        out.push_str(&page.pairs(&[("-", disagreement(one, if page.view.verbose { one.about.len() } else { NAMED }))]));
    }
    if lines < all.len() {
        out.push_str(&format!("  and {} more\n", all.len() - lines));
    }
    out
}
