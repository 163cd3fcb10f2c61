//! What the vantage points of a merged report see differently, for people.
use super::layout::Page;
use crate::report::safe;
use nsdiag_checks::judge::count;
use nsdiag_checks::report::{Disagreement, Report};

/// How many lines are shown without -v.
const SHOWN: usize = 25;

/// The section; nothing where there is one vantage point, or all see the same.
pub(super) fn section(report: &Report, page: &Page) -> String {
    let all = &report.disagreements;
    if all.is_empty() {
        return String::new();
    }
    let mut out = String::from("\nWhat the vantage points see differently\n");
    let lines = page.most(SHOWN, all.len());
    for one in &all[..lines] {
        out.push_str(&page.pairs(&[("-", safe(&line(one, page)))]));
    }
    if lines < all.len() {
        out.push_str(&format!("  and {} more\n", all.len() - lines));
    }
    out
}

fn line(one: &Disagreement, page: &Page) -> String {
    let about = match one.about.len() {
        0 => String::new(),
        number => format!(" about {} ({})", count(number, "recipient"), page.listed(&one.about, 5)),
    };
    let seen: Vec<String> = one.seen.iter().map(|seen| format!("{} from {}", seen.says, seen.vantage)).collect();
    format!("{} of {}{about}: {}", one.what, one.place, seen.join("; "))
}
