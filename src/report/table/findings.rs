//! What was found. Many findings of one kind are one block.
use super::layout::Page;
use super::remedies::of_remedy;
use crate::report::words::{reweighed, word};
use crate::report::{management_shell, safe, whose};
use nsdiag_checks::judge::{Certainty, Finding, Severity, Subject};
use nsdiag_checks::remedy::order::Step;
use nsdiag_checks::report::Report;
use std::collections::BTreeMap;

/// So many findings of a kind are shown one by one.
const FEW: usize = 3;
/// How many subjects of a block are named.
const NAMED: usize = 12;

/// All that was found, block by block.
pub(super) fn findings(report: &Report, steps: &[Step], page: &Page) -> String {
    let mut noted: BTreeMap<(&str, [Vec<String>; 2], String), &str> = BTreeMap::new();
    let mut out = String::new();
    for block in blocks(report, page) {
        out.push('\n');
        out.push_str(&head(&block, steps, page));
        let first = block[0];
        for remedy in first.remedies.iter().filter(|remedy| !remedy.mends()) {
            let label = match (remedy.proof, &remedy.shell) {
                (true, Some(_)) => "see",
                (true, None) => "note",
                (false, _) => "mend",
            };
            let title = safe(&remedy.title);
            let said = (&*remedy.title, remedy.lines(), whose(report, remedy));
            if let Some(code) = noted.get(&said) {
                out.push_str(&page.pairs(&[(label, format!("{title}: as for {} above", safe(code)))]));
                continue;
            }
            noted.insert(said, &first.code);
            out.push_str(&of_remedy(page, &first.code, management_shell(report, remedy), label, &title, remedy));
        }
    }
    out
}

/// The findings of a kind, where there are many: what a finding says with its subjects left out is its kind.
fn blocks<'r>(report: &'r Report, page: &Page) -> Vec<Vec<&'r Finding>> {
    type Kind<'r> = (&'r str, Severity, Certainty, String);
    let kind =
        |one: &'r Finding| -> Kind { (&one.code, one.severity, one.certainty, pattern(&one.title, &one.subjects)) };
    let mut kinds: BTreeMap<Kind, Vec<&Finding>> = BTreeMap::new();
    report.findings.iter().for_each(|one| kinds.entry(kind(one)).or_default().push(one));
    let mut blocks = Vec::new();
    for finding in &report.findings {
        let Some(all) = kinds.get(&kind(finding)) else { continue };
        let shown = page.most(FEW, all.len());
        if shown == all.len() {
            blocks.push(vec![finding]);
        } else if std::ptr::eq(all[0], finding) {
            blocks.push(all.clone());
        }
    }
    blocks
}

fn pattern(text: &str, subjects: &[Subject]) -> String {
    let names = subjects.iter().filter(|subject| !subject.value.is_empty());
    names.fold(text.to_string(), |text, subject| text.replace(&subject.value, "\0"))
}

/// Who, why and what mends it; that stands below, in the order in which it works.
fn head(block: &[&Finding], steps: &[Step], page: &Page) -> String {
    let first = block[0];
    let head = format!("{} {}", safe(&first.code), word(&first.severity));
    let mut out = format!("{} ({})", page.severity(first.severity, &head), word(&first.certainty));
    if block.len() > 1 {
        out.push_str(&format!(", {} of a kind", block.len()));
    }
    out.push('\n');
    let mut rows = vec![("", safe(&first.title))];
    rows.extend(reweighed(first).map(|said| ("weight", said)));
    let subjects: Vec<String> =
        block.iter().flat_map(|finding| &finding.subjects).map(|subject| safe(&subject.value)).collect();
    if !subjects.is_empty() {
        rows.push(("for", page.listed(&subjects, NAMED)));
    }
    rows.push(("why", safe(&first.detail)));
    if block.len() > 1 {
        rows.push(("", format!("and {} more like it, each with its own words", block.len() - 1)));
    }
    let of_block = |one: &&Finding| block.iter().any(|finding| std::ptr::eq(*one, *finding));
    let mending: Vec<&Step> = steps.iter().filter(|step| step.findings.iter().any(of_block)).collect();
    if let Some(step) = mending.first() {
        let numbers: Vec<String> = mending.iter().map(|step| step.number.to_string()).collect();
        let steps = if numbers.len() == 1 { "step" } else { "steps" };
        rows.push((
            "mend",
            format!("by {steps} {} below: {}", page.listed(&numbers, NAMED), safe(&step.ways[0].title)),
        ));
    }
    out + &page.pairs(&rows)
}
