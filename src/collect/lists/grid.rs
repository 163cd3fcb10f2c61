//! Tables drawn for people: Format-Table of PowerShell, psql, mysql, sqlite3.
use super::sheet::{COLUMNS, Count, Row, Sheet, take};
use super::taken::Taken;
use std::borrow::Cow;

/// In how many lines the rule below the heading is looked for.
const HEAD: usize = 30;

/// Whether it is one: a rule of dashes stands below its heading.
pub fn tells(text: &str) -> bool {
    rule(text).is_some()
}

/// The rule, with its number among the lines.
fn rule(text: &str) -> Option<(usize, &str)> {
    let mut lines = text.lines().enumerate().take(HEAD).filter(|(_, line)| !line.trim().is_empty()).peekable();
    let mut before: Option<&str> = None;
    while let Some((at, line)) = lines.next() {
        if is_rule(line) {
            let heading = before.is_some_and(|before| !before.contains('@'));
            // mysql draws one above its heading too.
            let boxed = lines.peek().is_some_and(|(_, next)| next.trim_start().starts_with('|'));
            return (heading || boxed).then_some((at, line));
        }
        before = Some(line);
    }
    None
}

fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.contains("--") && line.chars().all(|c| matches!(c, '-' | '+' | ' ' | '|'))
}

/// Reads it.
pub fn read(text: &str, taken: &mut Taken) -> Result<String, String> {
    let Some((at, rule)) = rule(text) else { return Err(": no heading".into()) };
    let bars = rule.contains('+') || rule.contains('|');
    let starts = starts(rule);
    let cells = |line: &str| if bars { barred(line) } else { cut(line, &starts) };
    let mut count = Count::default();
    let mut sheet = Sheet { rigid: bars, ..Sheet::default() };
    let before = text.lines().take(at).filter(|line| !line.trim().is_empty()).last();
    if let Some(heading) = before.filter(|line| !bars || line.contains('|') || !rule.trim().starts_with('+')) {
        sheet.columns = cells(heading);
    }
    for (at, line) in text.lines().enumerate().skip(at + 1) {
        if line.trim().is_empty() || is_rule(line) || is_footer(line) {
            continue;
        }
        let all = cells(line);
        count.more(all.len())?;
        if sheet.columns.is_empty() {
            sheet.columns = all;
            continue;
        }
        let width = all.len();
        // What stands before the first column, or across the border of two, belongs to none of them.
        let wrong = (!bars && !keeps(line, &starts)).then_some("it does not keep to the columns");
        let filled = all.into_iter().enumerate().filter(|(_, cell)| !cell.is_empty());
        let cells = filled.map(|(at, cell)| (at, Cow::Owned(cell))).collect();
        sheet.rows.push(Row { line: at + 1, cells, width, wrong });
    }
    take(&sheet, taken)?;
    Ok(if bars { "a table with rules" } else { "Format-Table" }.into())
}

fn barred(line: &str) -> Vec<String> {
    let line = line.trim();
    let line = line.strip_prefix('|').unwrap_or(line);
    line.strip_suffix('|').unwrap_or(line).split('|').take(COLUMNS).map(|cell| cell.trim().into()).collect()
}

/// Where the columns begin, in characters.
fn starts(rule: &str) -> Vec<usize> {
    let chars: Vec<char> = rule.chars().collect();
    (0..chars.len()).filter(|at| chars[*at] == '-' && (*at == 0 || chars[at - 1] == ' ')).take(COLUMNS).collect()
}

/// Whether a blank stands before each column: a cell in another one would be cut in two.
fn keeps(line: &str, starts: &[usize]) -> bool {
    let chars: Vec<char> = line.chars().collect();
    starts.iter().all(|start| *start == 0 || chars.get(start - 1).is_none_or(|c| *c == ' '))
}

fn cut(line: &str, starts: &[usize]) -> Vec<String> {
    let chars: Vec<char> = line.chars().collect();
    let cell = |(at, start): (usize, &usize)| {
        let end = starts.get(at + 1).copied().unwrap_or(chars.len()).min(chars.len());
        chars.get(*start..end).map(|cell| cell.iter().collect::<String>().trim().to_string()).unwrap_or_default()
    };
    starts.iter().enumerate().map(cell).collect()
}

/// What the programs print below: `(3 rows)`, `3 rows in set (0.00 sec)`; and the prompt.
fn is_footer(line: &str) -> bool {
    let line = line.trim();
    let bare = line.trim_start_matches('(');
    let rest = bare.trim_start_matches(|c: char| c.is_ascii_digit());
    let rows = rest.len() < bare.len() && (rest == " row)" || rest == " rows)" || rest.contains(" in set"));
    rows || super::blocks::is_prompt(line)
}
