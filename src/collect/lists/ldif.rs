//! LDIF (RFC 2849), as ldifde, ldapsearch and slapcat write it.
use super::columns::role;
use super::sheet::{Records, take};
use super::taken::Taken;
use super::words::shown;

/// Whether it is one.
pub fn tells(text: &str) -> bool {
    let begins = |line: &str, head: &str| line.get(..head.len()).is_some_and(|own| own.eq_ignore_ascii_case(head));
    let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let first = lines.next().unwrap_or_default();
    begins(first, "dn:") || begins(first, "version:") && lines.next().is_some_and(|line| begins(line, "dn:"))
}

/// Reads it.
pub fn read(text: &str, taken: &mut Taken) -> Result<String, String> {
    let mut reading = Reading { records: Records::default(), open: false, changes: false, bad: 0 };
    let mut whole: Option<(usize, String)> = None;
    for (at, line) in text.lines().enumerate() {
        match (line.strip_prefix(' '), &mut whole) {
            // A line that begins with a blank goes on with the one before.
            (Some(rest), Some((_, before))) => before.push_str(rest),
            _ => {
                if let Some((at, line)) = whole.replace((at + 1, line.into())) {
                    reading.line(at, &line, taken)?;
                }
            }
        }
    }
    if let Some((at, line)) = whole {
        reading.line(at, &line, taken)?;
    }
    match take(&reading.records.sheet(), taken) {
        Err(_) if reading.bad > 0 => {}
        other => other?,
    }
    Ok("LDIF".into())
}

struct Reading {
    records: Records<'static>,
    /// Whether a record is open.
    open: bool,
    /// Whether the record changes an entry, and shows none.
    changes: bool,
    /// How many values could not be read.
    bad: usize,
}

impl Reading {
    fn line(&mut self, at: usize, line: &str, taken: &mut Taken) -> Result<(), String> {
        let Some((name, value)) = line.split_once(':').filter(|_| !line.starts_with('#')) else {
            self.open &= !line.trim().is_empty();
            return Ok(());
        };
        if !self.open || name.eq_ignore_ascii_case("dn") {
            self.records.begin(at);
            (self.open, self.changes) = (true, false);
        }
        if name.eq_ignore_ascii_case("changetype") && !value.trim().eq_ignore_ascii_case("add") {
            self.changes = true;
            self.bad += 1;
            taken.row();
            taken.leave(at, "the record changes an entry, and does not show it".into());
        }
        if self.changes {
            return Ok(());
        }
        let wrong = match (value.strip_prefix(':'), value.starts_with('<')) {
            (Some(encoded), _) => match decode(encoded.trim()) {
                Some(value) => return self.records.field(name, value),
                None => format!("the base64 of {} cannot be read", shown(name)),
            },
            (None, true) => format!("{} stands in another file", shown(name)),
            (None, false) => return self.records.field(name, value.trim().to_string()),
        };
        // Of passwords and pictures nobody wants to know.
        if role(name).is_telling() {
            self.bad += 1;
            taken.row();
            taken.leave(at, wrong);
        }
        Ok(())
    }
}

fn decode(text: &str) -> Option<String> {
    use base64::Engine;
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(text).ok()?).ok()
}
