//! Reads what Export-Csv writes, row by row: with or without the `#TYPE` line, with comma, semicolon or tab.
use super::Take;
use super::text::{Fault, Text, shown};
use super::value::{Object, Value};
use nsdiag_checks::evidence::How;
use std::io::{BufRead, Read};

/// The first line that tells of the type, and the separator that the heading shows.
pub struct Heading {
    /// The type of `#TYPE`, where there is one.
    kind: String,
    separator: u8,
    /// Lines end with CR LF, of which the reader leaves the LF to the next row.
    wide_ends: bool,
}

/// Whether `ahead` begins like a table: with a type line, or a heading of several names.
pub fn heading(ahead: &str) -> Option<Heading> {
    let mut lines = ahead.lines();
    let first = lines.next().unwrap_or_default();
    let (kind, heading) = match first.trim_matches('"').strip_prefix("#TYPE ") {
        Some(kind) => (kind.trim().to_string(), lines.next().unwrap_or_default()),
        None => (String::new(), first),
    };
    let is_name = |name: &str| {
        let name = name.trim().trim_matches('"');
        !name.is_empty()
            && name.len() < 100
            && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' '))
    };
    let count = |separator: char| heading.split(separator).filter(|name| is_name(name)).count();
    let (separator, most) = [',', ';', '\t'].map(|each| (each, count(each))).into_iter().max_by_key(|(_, n)| *n)?;
    let whole = heading.split(separator).all(is_name);
    (whole && (most > 1 || !kind.is_empty())).then_some(Heading {
        kind,
        separator: separator as u8,
        wide_ends: ahead.contains("\r\n"),
    })
}

/// Hands every row of `text` to `take`, as an object whose values are texts.
pub fn read<R: Read>(text: &mut Text<R>, heading: &Heading, take: &mut dyn Take) -> Result<(), Fault> {
    let meter = text.meter();
    if !heading.kind.is_empty() {
        let mut line = Vec::new();
        let read = text.take_line(&mut line);
        read?;
    }
    let (first, _) = meter.place();
    let mut reader = csv::ReaderBuilder::new().delimiter(heading.separator).flexible(true).from_reader(&mut *text);
    let mut names = Vec::new();
    let mut row = csv::StringRecord::new();
    let mut line = first;
    let mut fault = None;
    match reader.headers() {
        Ok(head) => names = head.iter().map(|name| name.trim().to_string()).collect(),
        Err(error) => fault = Some(error.to_string()),
    }
    while fault.is_none() {
        match reader.read_record(&mut row) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => {
                fault = Some(error.to_string());
                break;
            }
        }
        line = first + row.position().map_or(0, |at| at.line().saturating_sub(1)) + u64::from(heading.wide_ends);
        meter.begin();
        let names_alone = || {
            let fields = names.iter().map(|name| (name.clone(), Value::Nil)).collect();
            Object { kind: heading.kind.clone(), fields, ..Object::default() }
        };
        if row.len() != names.len() {
            let said = format!(
                "{} cells under {} names: the row is cut off, or the separator is not one",
                row.len(),
                names.len()
            );
            take.begun(&names_alone());
            return Err(meter.fault_at((line, 1), How::Unreadable, &said));
        }
        for _ in &row {
            meter.value()?;
        }
        let cells = row.iter().map(|cell| Value::Text(cell.to_string()));
        let object = Object {
            kind: heading.kind.clone(),
            fields: names.iter().cloned().zip(cells).collect(),
            ..Object::default()
        };
        take.object(object, (line, 1))?;
        meter.end();
    }
    drop(reader);
    if let Some(said) = fault {
        return Err(meter
            .taken()
            .unwrap_or_else(|| meter.fault_at((line, 1), How::Unreadable, &format!("not CSV: {}", shown(&said)))));
    }
    match (text.in_quotes(), text.at_line_start()) {
        (true, _) => Err(meter.fault_at((line, 1), How::Unreadable, "a quote is not closed: the file is cut off")),
        (_, false) => {
            Err(meter.fault_at((line, 1), How::Unreadable, "the last line does not end: the file is cut off"))
        }
        _ => Ok(()),
    }
}

impl<R: Read> Text<R> {
    /// Takes a line off, its end included.
    fn take_line(&mut self, into: &mut Vec<u8>) -> Result<(), Fault> {
        let meter = self.meter();
        match self.read_until(b'\n', into) {
            Ok(_) => Ok(()),
            Err(error) => Err(meter.taken().unwrap_or_else(|| meter.fault(How::Unreadable, &error.to_string()))),
        }
    }
}
