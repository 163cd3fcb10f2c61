//! Reads lists of a system's mailboxes, in the formats that mail systems and their administrators have.
//!
//! The format is told by the content, never by the file's name. To add one: a file with `tells` and `read` beside the
//! others, and its line in [`FORMATS`]. A reader hands every address to [`Taken`], and says there what it does not take:
//! nothing is left out without a word. The limits: 256 MiB a file, and as much unpacked; 16,000,000 cells; 5,000,000
//! addresses.
mod blocks;
mod columns;
mod delimited;
pub(super) mod encoding;
mod grid;
mod json;
mod ldif;
mod lines;
mod sheet;
mod sql;
mod taken;
#[cfg(test)]
mod tests;
mod words;
mod xlsx;

use encoding::text_of;
use nsdiag_checks::evidence::{How, List, Miss, Observed, address};
use nsdiag_checks::judge::{count, listed};
use std::io::Read as _;
use std::path::Path;
use taken::Taken;
use words::{Kind, Word};

/// The largest list that is read, in bytes.
const MOST: u64 = 256 * 1024 * 1024;

/// A format of text.
struct Format {
    /// Whether a text is of it.
    tells: fn(&str) -> bool,
    /// Reads one, and says what it was. An error begins behind the file's name.
    read: fn(&str, &mut Taken) -> Result<String, String>,
}

/// The formats, each before those that would take its texts for their own.
const FORMATS: [Format; 6] = [
    Format { tells: json::tells, read: json::read },
    Format { tells: ldif::tells, read: ldif::read },
    Format { tells: sql::tells, read: sql::read },
    Format { tells: blocks::tells, read: blocks::read },
    Format { tells: grid::tells, read: grid::read },
    Format { tells: delimited::tells, read: delimited::read },
];
/// What everything else is.
const LINES: Format = Format { tells: |_| true, read: lines::read };

/// Beginnings of files that are no lists, with what to do about it.
const OTHERS: [(&[u8], &str); 6] = [
    (b"\xd0\xcf\x11\xe0", "it is an old Excel workbook, or one with a password: save it as XLSX or CSV"),
    (b"\x1f\x8b", "it is compressed: unpack it"),
    (b"%PDF", "it is a PDF, which is no list"),
    (b"{\\rtf", "it is RTF: save it as plain text"),
    (b"<?xml", "it is XML: export it as CSV; what Export-Clixml wrote of recipients is for --exchange-export"),
    (b"<!DOCTYPE", "it is HTML: export it as CSV"),
];

/// Reads the file at `path`: the mailboxes that `system` has in `domain`. Names without a domain are of `list_domain`. What
/// cannot be read is in the evidence, with file and line.
pub fn read(path: &Path, system: &str, domain: &str, list_domain: Option<&str>) -> List {
    let source = path.display().to_string();
    let read = bytes_of(path).and_then(|bytes| read_bytes(&bytes, system, &source, domain, list_domain));
    read.unwrap_or_else(|wrong| List {
        system: system.into(),
        addresses: Observed::Unknown(Miss::new(How::Unreadable, format!("{source}{wrong}"))),
        source,
        ..List::default()
    })
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| format!(": {error}"))?;
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(|error| format!(": {error}"))?;
    match bytes.len() as u64 > MOST {
        true => Err(": larger than 256 MiB".into()),
        false => Ok(bytes),
    }
}

/// Reads a list from its bytes.
///
/// # Errors
/// In words that go behind the file's name, where no address of it can be read.
pub fn read_bytes(
    bytes: &[u8],
    system: &str,
    source: &str,
    domain: &str,
    list_domain: Option<&str>,
) -> Result<List, String> {
    if let Some((_, what)) = OTHERS.iter().find(|(start, _)| bytes.starts_with(start)) {
        return Err(format!(": {what}"));
    }
    let mut taken = Taken::new(list_domain);
    let format = match xlsx::tells(bytes) {
        true => xlsx::read(bytes, &mut taken)?,
        false => {
            let (text, encoding) = text_of(bytes)?;
            let format = FORMATS.iter().find(|format| (format.tells)(&text)).unwrap_or(&LINES);
            let format = (format.read)(&text, &mut taken)?;
            if encoding == "UTF-8" { format } else { format!("{format}, {encoding}") }
        }
    };
    taken.list(system, source, format, domain)
}

/// The addresses of `--recipient`.
///
/// # Errors
/// In words, where one is no address.
pub fn from_flags(addresses: &[String], system: &str, domain: &str) -> Result<List, String> {
    let mut taken = Taken::new(None);
    for given in addresses {
        let folded = address::fold(given).map_err(|wrong| format!("--recipient: {wrong}"))?;
        taken.row();
        taken.word(0, Word::Address(in_ascii(&folded), Kind::Untold), Kind::Untold);
    }
    taken.list(system, "--recipient", String::new(), domain).map_err(|wrong| format!("--recipient{wrong}"))
}

/// A folded address with its domain in A-labels (RFC 5890), as the domain under check is.
pub fn in_ascii(folded: &str) -> String {
    let domain = address::domain(folded);
    match idna::domain_to_ascii(domain) {
        Ok(ascii) => format!("{}{ascii}", &folded[..folded.len() - domain.len()]),
        Err(_) => folded.into(),
    }
}

/// What was read of a file, in words; of one that could not be read, its miss says all.
pub fn read_in_words(list: &List, domain: &str) -> Option<String> {
    let addresses = list.addresses.known().filter(|_| !list.format.is_empty())?;
    let columns: Vec<String> = list.columns.iter().map(|name| format!("'{name}'")).collect();
    let from = if columns.is_empty() { String::new() } else { format!(" from {}", listed(&columns, 6)) };
    let aliases = match list.aliases.len() {
        0 => String::new(),
        1 => " (1 is an alias)".into(),
        aliases => format!(" ({aliases} are aliases)"),
    };
    let repeated = if list.repeated == 0 { String::new() } else { format!(", {} repeated", list.repeated) };
    let addresses = match addresses.len() {
        0 => format!("it names nobody in {domain}"),
        1 => format!("1 address in {domain}"),
        more => format!("{more} addresses in {domain}"),
    };
    Some(format!("{}: {addresses}{aliases}{from}, in {}{repeated}", list.format, count(list.rows, "row")))
}

/// What else a list holds and was not taken, a sentence each: rows that could not be read, what names nobody here, and whom
/// it names elsewhere.
pub fn not_taken_in_words(list: &List, domain: &str) -> Vec<String> {
    let mut said = Vec::new();
    if list.left_out > 0 {
        said.push(list.left_out_in_words(10));
    }
    if !list.aside.is_empty() {
        let aside: Vec<String> = list.aside.iter().map(|aside| format!("{} ({})", aside.what, aside.count)).collect();
        said.push(format!("not taken: {}", aside.join(", ")));
    }
    if list.outside_count > 0 {
        let named = list.outside.join(", ");
        said.push(format!("{} outside {domain}, not probed: {named}", list.outside_count));
    }
    said
}
