//! How text is laid out: what stands beside each other, where lines end, and what is cut short.
use crate::report::format::View;
use anstyle::{AnsiColor, Style};
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};
use nsdiag_checks::judge::{Severity, listed};
use nsdiag_checks::report::Verdict;
use std::borrow::Cow;
use std::cell::Cell;

/// What is written on: it knows how wide it is, and whether something was left out.
pub(super) struct Page<'v> {
    pub(super) view: &'v View,
    shortened: Cell<bool>,
}

impl<'v> Page<'v> {
    pub(super) fn new(view: &'v View) -> Self {
        Self { view, shortened: Cell::new(false) }
    }

    /// Whether something was left out.
    pub(super) fn is_shortened(&self) -> bool {
        self.shortened.get()
    }

    /// How many of `all` are shown where `most` are enough. What is left out is remembered.
    pub(super) fn most(&self, most: usize, all: usize) -> usize {
        if self.view.verbose || all <= most {
            return all;
        }
        self.shortened.set(true);
        most
    }

    /// `a, b and c`; past `most`, how many more.
    pub(super) fn listed<S: AsRef<str>>(&self, items: &[S], most: usize) -> String {
        listed(items, self.most(most, items.len()))
    }

    /// Label and text beside each other, wrapped.
    pub(super) fn pairs(&self, rows: &[(&str, String)]) -> String {
        pairs(self.view.width, rows)
    }

    /// Text alone, wrapped.
    pub(super) fn wrapped(&self, text: &str) -> String {
        let mut table = bare(self.view.width);
        table.add_row([cell(text)]);
        if let Some(column) = table.column_mut(0) {
            column.set_padding((0, 0));
        }
        trimmed(&table)
    }

    fn bold(&self, text: &str, colour: AnsiColor) -> String {
        let style = if self.view.colour { colour.on_default().bold() } else { Style::new() };
        format!("{style}{text}{style:#}")
    }

    /// Nothing is told by colour alone: the word is there.
    pub(super) fn severity(&self, severity: Severity, text: &str) -> String {
        match severity {
            Severity::Critical => self.bold(text, AnsiColor::Red),
            Severity::Warning => self.bold(text, AnsiColor::Yellow),
            Severity::Info => self.bold(text, AnsiColor::Cyan),
        }
    }

    /// The verdict's word where `line` begins with it, in its colour.
    pub(super) fn verdict(&self, verdict: Verdict, line: &str) -> String {
        let colour = match verdict {
            Verdict::Ok => AnsiColor::Green,
            Verdict::Warning | Verdict::Unknown => AnsiColor::Yellow,
            Verdict::Critical => AnsiColor::Red,
        };
        let word = verdict.word().to_uppercase();
        line.strip_prefix(&word).map_or_else(|| line.into(), |rest| self.bold(&word, colour) + rest)
    }
}

/// Label and text beside each other, wrapped to `width` columns.
pub(crate) fn pairs(width: u16, rows: &[(&str, String)]) -> String {
    let mut table = bare(width);
    for (label, text) in rows {
        table.add_row([format!("  {label}"), cell(text).into()]);
    }
    beside(&mut table, 8)
}

/// A table without lines.
pub(super) fn bare(width: u16) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table
}

/// The longest word that is wrapped as it is, in bytes.
const WORD: usize = 500;

/// `text` for a cell. Wrapping measures what is left of a word for each line of it: a huge one is cut into lines before.
pub(super) fn cell(text: &str) -> Cow<'_, str> {
    if text.split([' ', '\n']).all(|word| word.len() <= WORD) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + text.len() / WORD + 1);
    let mut length = 0;
    for c in text.chars() {
        length = if c == ' ' || c == '\n' { 0 } else { length + c.len_utf8() };
        if length > WORD {
            out.push('\n');
            length = c.len_utf8();
        }
        out.push(c);
    }
    out.into()
}

/// What it says where the first column is so wide.
pub(super) fn beside(table: &mut Table, first: u16) -> String {
    if let Some(column) = table.column_mut(0) {
        column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(first))).set_padding((0, 0));
    }
    trimmed(table)
}

pub(super) fn trimmed(table: &Table) -> String {
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
