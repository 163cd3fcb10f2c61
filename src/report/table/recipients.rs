//! Who gets mail and who does not: a light table, those in trouble first. Of many, those who share a fate share a row.
use super::layout::{Page, bare, cell, trimmed};
use crate::report::safe;
use crate::report::words::{said, word};
use comfy_table::{ColumnConstraint, LineStyle, Width};
use nsdiag_checks::judge::Certainty;
use nsdiag_checks::model::diagnosis::Fate;
use nsdiag_checks::report::{HopAnswer, RecipientResult, Report};
use std::collections::{BTreeMap, BTreeSet};

/// So many recipients have a row each; more are shown by their fate.
const ROWS: usize = 25;
/// How many of those who share a row are named, and how many rows there are.
const NAMED: usize = 5;

/// What the columns beside the address say.
type Cells = [String; 3];

pub(super) fn recipients(report: &Report, page: &Page) -> String {
    let mut all: Vec<&RecipientResult> = report.recipients.iter().collect();
    if all.is_empty() {
        return String::new();
    }
    all.sort_by_key(|one| (one.diagnosis == Fate::Delivered, one.diagnosis == Fate::Inconclusive));
    let mut table = bare(page.view.width);
    table.style_mut().header_separator = LineStyle::none().fill(if page.view.unicode { '─' } else { '-' });
    table.set_header(["recipient", "diagnosis", "directory", "said"]);
    let room = page.view.width * 2 / 5;
    let mut left = 0;
    if page.most(ROWS, all.len()) == all.len() {
        for one in all {
            let [diagnosis, directory, said] = cells(one);
            table.add_row([name(&one.address, room), diagnosis, directory, said]);
        }
    } else {
        let groups = groups(&all);
        for (names, [diagnosis, directory, said]) in groups.iter().take(ROWS) {
            table.add_row([named(names, room), diagnosis.clone(), directory.clone(), said.clone()]);
        }
        left = groups.iter().skip(ROWS).map(|(names, _)| names.len()).sum();
    }
    // An address that is wrapped twice loses what sets it in.
    let widest = table.column_max_content_widths().first().copied().unwrap_or(0);
    if let Some(column) = table.column_mut(0) {
        column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(widest + 2)));
    }
    let mut out = format!("\n{}", trimmed(&table));
    if left > 0 {
        out.push_str(&format!("  and {left} more\n"));
    }
    out
}

/// Those who share their cells, in the order in which they come.
fn groups<'r>(all: &[&'r RecipientResult]) -> Vec<(Vec<&'r str>, Cells)> {
    let mut groups: Vec<(Vec<&str>, Cells)> = Vec::new();
    let mut places: BTreeMap<Cells, usize> = BTreeMap::new();
    for one in all {
        let cells = cells(one);
        let place = *places.entry(cells.clone()).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((names, _)) => names.push(&one.address),
            None => groups.push((vec![&one.address], cells)),
        }
    }
    groups
}

/// The first of several, below how many they are.
fn named(names: &[&str], room: u16) -> String {
    if let [only] = names {
        return name(only, room);
    }
    let mut lines = vec![format!("{} recipients:", names.len())];
    lines.extend(names.iter().take(NAMED).map(|one| format!("  {}", name(one, room - 2).replace('\n', "\n  "))));
    if names.len() > NAMED {
        lines.push(format!("  and {} more", names.len() - NAMED));
    }
    lines.join("\n")
}

/// An address in lines of `room` columns, the second and later ones set in: no rule tells rows apart.
fn name(address: &str, room: u16) -> String {
    let address = safe(address);
    let wrapped = |part: &str, room: u16| {
        let mut table = bare(room);
        table.add_row([cell(part)]);
        if let Some(column) = table.column_mut(0) {
            column.set_padding((0, 0));
        }
        trimmed(&table).trim_end().replace('\n', "\n  ")
    };
    let whole = wrapped(&address, room);
    match address.rfind('@') {
        Some(at) if at > 0 && whole.contains('\n') => {
            let (local, domain) = address.split_at(at);
            format!("{}\n  {}", wrapped(local, room - 2), wrapped(domain, room - 2))
        }
        Some(_) | None => whole,
    }
}

fn cells(one: &RecipientResult) -> Cells {
    let sure = match one.certainty {
        Certainty::Likely if one.diagnosis != Fate::Inconclusive => " (likely)",
        _ => "",
    };
    let states: BTreeSet<String> = one.directories.iter().map(|held| word(&held.state)).collect();
    let states: Vec<String> = states.into_iter().collect();
    [one.diagnosis.word().replace('-', " ") + sure, states.join(", "), answers(&one.hops)]
}

/// What the hops said, a line for each thing that was said. A hop is its role, and its host too where the hosts of a role said
/// different things.
fn answers(hops: &[HopAnswer]) -> String {
    let words: Vec<(Vec<&str>, String)> =
        hops.iter().map(|one| (one.hop.splitn(3, '/').collect(), said(one.outcome, one.meaning))).collect();
    // How many parts of a hop's id it takes until all that bear them said the same.
    let parts = |hop: &[&str]| {
        let agree = |depth: &usize| {
            let mut alike = words.iter().filter(|(other, _)| other.get(..*depth) == hop.get(..*depth));
            let first = alike.next();
            first.is_none_or(|(_, first)| alike.all(|(_, said)| said == first))
        };
        (1..hop.len()).find(agree).unwrap_or(hop.len())
    };
    let mut lines: Vec<(Vec<String>, &str)> = Vec::new();
    for (hop, said) in &words {
        let label = safe(&hop[..parts(hop)].join(" "));
        match lines.iter_mut().find(|(_, known)| known == said) {
            Some((labels, _)) if labels.contains(&label) => {}
            Some((labels, _)) => labels.push(label),
            None => lines.push((vec![label], said)),
        }
    }
    let lines: Vec<String> =
        lines.iter().map(|(labels, said)| format!("{}: {said}", cell(&labels.join(", ")))).collect();
    lines.join("\n")
}
