//! What the vantage points of a merged report see differently, for people.
use super::safe;
use super::table::pairs;
use nsdiag_checks::judge::{count, listed};
use nsdiag_checks::report::{Disagreement, Report};

/// How many lines are shown; the JSON has all.
const SHOWN: usize = 25;

/// The section; nothing where there is one vantage point, or all see the same.
pub fn section(report: &Report) -> String {
    let all = &report.disagreements;
    if all.is_empty() {
        return String::new();
    }
    let mut out = String::from("\nWhat the vantage points see differently\n");
    for one in all.iter().take(SHOWN) {
        out.push_str(&pairs(&[("-", safe(&line(one)))]));
    }
    if all.len() > SHOWN {
        out.push_str(&format!("  and {} more, in the JSON report\n", all.len() - SHOWN));
    }
    out
}

fn line(one: &Disagreement) -> String {
    let about = match one.about.len() {
        0 => String::new(),
        number => format!(" about {} ({})", count(number, "recipient"), listed(&one.about, 5)),
    };
    let seen: Vec<String> = one.seen.iter().map(|seen| format!("{} from {}", seen.says, seen.vantage)).collect();
    format!("{} of {}{about}: {}", one.what, one.place, seen.join("; "))
}
