//! How text is laid out: what stands beside each other, and where lines end.
use anstyle::{AnsiColor, Style};
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width};
use nsdiag_checks::judge::Severity;
use nsdiag_checks::report::Verdict;

/// Colours, or none. Nothing is told by colour alone.
pub(super) struct Paint {
    pub(super) colour: bool,
}

impl Paint {
    fn bold(&self, text: &str, colour: AnsiColor) -> String {
        let style = if self.colour { colour.on_default().bold() } else { Style::new() };
        format!("{style}{text}{style:#}")
    }

    pub(super) fn severity(&self, severity: Severity, text: &str) -> String {
        match severity {
            Severity::Critical => self.bold(text, AnsiColor::Red),
            Severity::Warning => self.bold(text, AnsiColor::Yellow),
            Severity::Info => self.bold(text, AnsiColor::Cyan),
        }
    }

    pub(super) fn verdict(&self, verdict: Verdict) -> String {
        let colour = match verdict {
            Verdict::Ok => AnsiColor::Green,
            Verdict::Warning | Verdict::Unknown => AnsiColor::Yellow,
            Verdict::Critical => AnsiColor::Red,
        };
        self.bold(&verdict.word().to_uppercase(), colour)
    }
}

/// Label and text beside each other, wrapped to `width` columns.
pub(crate) fn pairs(width: u16, rows: &[(&str, String)]) -> String {
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width);
    for (label, text) in rows {
        table.add_row([format!("  {label}"), text.clone()]);
    }
    if let Some(column) = table.column_mut(0) {
        column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(8))).set_padding((0, 0));
    }
    trimmed(&table)
}

pub(super) fn trimmed(table: &Table) -> String {
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
