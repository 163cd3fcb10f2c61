//! Renders a report.
pub mod table;

use nsdiag_checks::report::Report;
use std::io::{self, Write};
use std::path::Path;

/// The report as JSON (contract, section 4).
pub fn json(report: &Report) -> String {
    let mut text = serde_json::to_string_pretty(report).expect("a report holds nothing that JSON cannot");
    text.push('\n');
    text
}

/// The JSON Schema of a report.
pub fn schema() -> String {
    let schema = schemars::schema_for!(Report);
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    text.push('\n');
    text
}

/// Writes `text` to `path` whole or not at all, for the owner's eyes alone (mode 0600).
///
/// # Errors
/// The file system's.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Makes text from outside harmless on a terminal: control characters and those that turn the direction of writing
/// become visible.
pub fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let turns =
            matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{061c}');
        if c.is_control() || turns {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_steer_a_terminal_becomes_visible() {
        assert_eq!(safe("a\u{1b}[31mb\u{9b}\u{202e}c\r\n"), "a\\u{1b}[31mb\\u{9b}\\u{202e}c\\u{d}\\u{a}");
        assert_eq!(safe("grün – ok"), "grün – ok");
    }

    #[test]
    fn a_file_is_written_whole_and_for_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        write(&path, "one").unwrap();
        write(&path, "two").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two");
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions()) & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write(&folder.path().join("no/such/folder"), "x").is_err());
    }
}
