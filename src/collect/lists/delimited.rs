//! CSV and its kin: rows with a separator (RFC 4180), with or without a heading.
use super::columns::role;
use super::lines;
use super::sheet::{COLUMNS, Count, Row, Sheet, heading_of, take};
use super::taken::Taken;
use super::words;
use std::borrow::Cow;

/// By how many rows the format is told.
const SAMPLE: usize = 200;
/// The longest cell in quotes. One without end would take the rest of the file with it.
const CELL: usize = 64 * 1024;
const SEPARATORS: [char; 4] = [';', '\t', ',', '|'];

/// Whether it is one.
pub fn tells(text: &str) -> bool {
    separator(text).is_some()
}

/// Reads it.
pub fn read(text: &str, taken: &mut Taken) -> Result<String, String> {
    let separator = separator(text).unwrap_or(',');
    let mut count = Count::default();
    let mut rows = Vec::new();
    for row in (Rows { rest: text, line: 1, separator }) {
        count.more(row.cells.len())?;
        rows.push(row);
    }
    take(&Sheet::with_heading_inside(String::new(), rows), taken)?;
    Ok(match separator {
        ',' => "CSV",
        ';' => "CSV with semicolons",
        '\t' => "columns with tabs between",
        _ => "columns with bars between",
    }
    .into())
}

/// The separator with which it is a table: a heading names what is known, or more rows give an address than as lines.
fn separator(text: &str) -> Option<char> {
    let sample = |separator| -> Vec<Row> { Rows { rest: text, line: 1, separator }.take(SAMPLE).collect() };
    let known = |rows: &[Row]| {
        let head = heading_of(rows).map(|at| &rows[at]);
        let names = |row: &Row| row.cells.iter().filter(|(_, cell)| role(cell).is_telling()).count();
        head.filter(|row| row.width > 1).map_or(0, names)
    };
    let good = |rows: &[Row]| {
        let cell = |row: &&Row| row.width > 1 && row.cells.iter().any(|(_, cell)| words::is_addresses(cell));
        rows.iter().filter(cell).count()
    };
    // Of those that are as good, the first.
    let best = |all: [usize; 4]| (0..4).rev().max_by_key(|at| all[*at]).filter(|at| all[*at] > 0);
    let samples = SEPARATORS.map(sample);
    if let Some(at) = best(samples.each_ref().map(|rows| known(rows))) {
        return Some(SEPARATORS[at]);
    }
    // A heading that nobody knows, and rows that keep to it.
    let tabular = |rows: &Vec<Row>| {
        let Some((head, rest)) = rows.split_first().filter(|(head, rest)| head.width > 1 && rest.len() > 1) else {
            return false;
        };
        let is_heading =
            head.wrong.is_none() && head.cells.iter().all(|(_, cell)| !cell.contains('@') && cell.len() < 40);
        let even = rest.iter().filter(|row| row.width == head.width).count() * 10 >= rest.len() * 9;
        is_heading && even && good(rest) > 0
    };
    // White space and bars stand in maps too.
    let comma_or_semicolon =
        |at: &usize| matches!(SEPARATORS[*at], ',' | ';') && lines::good(text, SAMPLE) < samples[*at].len();
    if let Some(at) = (0..4).filter(comma_or_semicolon).find(|at| tabular(&samples[*at])) {
        return Some(SEPARATORS[at]);
    }
    let at = best(samples.each_ref().map(|rows| good(rows)))?;
    (good(&samples[at]) > lines::good(text, SAMPLE)).then_some(SEPARATORS[at])
}

/// The rows of a text, those that hold nothing or a comment left out.
struct Rows<'a> {
    rest: &'a str,
    line: usize,
    separator: char,
}

impl<'a> Iterator for Rows<'a> {
    type Item = Row<'a>;

    fn next(&mut self) -> Option<Row<'a>> {
        while !self.rest.is_empty() {
            let line = self.rest.split('\n').next().unwrap_or_default();
            // Windows PowerShell's Export-Csv puts a type line first.
            let comment = line.starts_with("#TYPE") || line.starts_with("# ") || line.trim() == "#";
            if comment || line.trim_matches(|c: char| c == self.separator || c.is_whitespace()).is_empty() {
                self.skip(line.len() + 1);
                continue;
            }
            let broken = || (Row { wrong: Some("its quotes are not closed"), ..Row::default() }, line.len() + 1);
            let (mut row, used) = strict(self.rest, self.separator).unwrap_or_else(broken);
            row.line = self.line;
            self.skip(used);
            return Some(row);
        }
        None
    }
}

impl Rows<'_> {
    fn skip(&mut self, bytes: usize) {
        let (used, rest) = self.rest.split_at(bytes.min(self.rest.len()));
        self.line += used.bytes().filter(|byte| *byte == b'\n').count();
        self.rest = rest;
    }
}

/// A row by the rules, and how long it is; none where its quotes do not close as they should.
fn strict(text: &str, separator: char) -> Option<(Row<'_>, usize)> {
    let mut row = Row::default();
    let mut at = 0;
    let blanks = |at: usize| text[at..].bytes().take_while(|byte| *byte == b' ').count();
    loop {
        let cell = match text[at + blanks(at)..].strip_prefix('"') {
            Some(inside) => {
                let (cell, used) = in_quotes(inside)?;
                at = text.len() - inside.len() + used;
                at += blanks(at);
                if text[at..].starts_with(|c: char| c != separator && !matches!(c, '\r' | '\n')) {
                    return None;
                }
                cell
            }
            None => {
                let used = text[at..].find([separator, '\n']).unwrap_or(text.len() - at);
                at += used;
                Cow::Borrowed(&text[at - used..at])
            }
        };
        if row.width >= COLUMNS {
            let line = text.split('\n').next().unwrap_or_default();
            return Some((Row { wrong: Some("it has too many columns"), ..Row::default() }, line.len() + 1));
        }
        if !cell.trim().is_empty() {
            row.cells.push((row.width, trimmed(cell)));
        }
        row.width += 1;
        let rest = text[at..].strip_prefix('\r').unwrap_or(&text[at..]);
        match rest.bytes().next() {
            Some(b'\n') => return Some((row, text.len() - rest.len() + 1)),
            None => return Some((row, text.len())),
            // The separator; a CR in the middle of a line is part of the cell behind it.
            Some(_) => at = if text[at..].starts_with(separator) { at + 1 } else { text.len() - rest.len() },
        }
    }
}

/// What stands up to the closing quote, with doubled quotes made one, and how much of the text that is.
fn in_quotes(text: &str) -> Option<(Cow<'_, str>, usize)> {
    let mut end = 0;
    loop {
        end += text[end..].find('"')?;
        match text[end + 1..].starts_with('"') {
            _ if end > CELL => return None,
            true => end += 2,
            false => break,
        }
    }
    let cell = match text[..end].contains('"') {
        true => Cow::Owned(text[..end].replace("\"\"", "\"")),
        false => Cow::Borrowed(&text[..end]),
    };
    Some((cell, end + 1))
}

fn trimmed(cell: Cow<'_, str>) -> Cow<'_, str> {
    match cell {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_cut_as_rfc_4180_says_and_an_open_quote_costs_its_own_line_alone() {
        let rows = |text: &str| -> Vec<String> {
            let row = |row: Row| {
                let cells: Vec<String> = row.cells.iter().map(|(at, cell)| format!("{at}={cell}")).collect();
                format!("{} of {}: {}{}", row.line, row.width, cells.join(" "), row.wrong.unwrap_or_default())
            };
            Rows { rest: text, line: 1, separator: ',' }.map(row).collect()
        };
        let cases: [(&str, &[&str]); 9] = [
            ("a,b\r\nc,\r\n", &["1 of 2: 0=a 1=b", "2 of 2: 0=c"]),
            ("\n,,\n# x\n#TYPE y\na,b", &["5 of 2: 0=a 1=b"]),
            ("\"a, \"\"b\"\"\",c\n", &["1 of 2: 0=a, \"b\" 1=c"]),
            ("\"a\nb\",c\nd,e\n", &["1 of 2: 0=a\nb 1=c", "3 of 2: 0=d 1=e"]),
            ("\"a,b\nc,d\n", &["1 of 0: its quotes are not closed", "2 of 2: 0=c 1=d"]),
            ("\"a\"b\",c\nd,e\n", &["1 of 0: its quotes are not closed", "2 of 2: 0=d 1=e"]),
            ("a, \"b, c\" ,d\n", &["1 of 3: 0=a 1=b, c 2=d"]),
            ("a\"b,c\n", &["1 of 2: 0=a\"b 1=c"]),
            ("ü,\"ö\"\n", &["1 of 2: 0=ü 1=ö"]),
        ];
        for (text, expected) in cases {
            assert_eq!(rows(text), expected, "{text}");
        }
    }
}
