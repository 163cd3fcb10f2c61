//! Renders a report.
pub mod diff;
pub mod format;
pub mod html;
pub mod json;
pub mod junit;
pub mod logfmt;
pub mod markdown;
pub mod nagios;
pub mod powershell;
pub mod prometheus;
pub mod recipients;
#[cfg(test)]
pub(crate) mod sample;
pub mod table;
mod view;
pub mod words;

use format::Format;
use nsdiag_checks::evidence::{System, SystemKind};
use nsdiag_checks::remedy::Remedy;
use nsdiag_checks::remedy::quoting::is_unseen;
use nsdiag_checks::report::{FORMAT_VERSION, Report};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// All formats; the first one is what people get who ask for none. A new one is a file, and its two lines here: where it is, and
/// that it is one.
static FORMATS: &[Format] = &[
    table::FORMAT,
    json::FORMAT,
    markdown::FORMAT,
    html::FORMAT,
    nagios::FORMAT,
    prometheus::FORMAT,
    junit::FORMAT,
    logfmt::FORMAT,
    recipients::CSV,
    recipients::NDJSON,
];

/// The report as JSON, in memory.
pub fn json(report: &Report) -> String {
    let mut out = Vec::new();
    json::write(report, &mut out).expect("memory takes everything, and a report holds nothing that JSON cannot");
    String::from_utf8(out).expect("text was written")
}

/// Takes JSON and passes it on [`escaped`], much at a time.
struct Escaping<W: Write> {
    out: W,
    held: Vec<u8>,
}

impl<W: Write> Escaping<W> {
    /// How much is passed on at once, in bytes.
    const MUCH: usize = 64 * 1024;

    fn new(out: W) -> Self {
        Self { out, held: Vec::with_capacity(2 * Self::MUCH) }
    }

    /// Passes on what is held.
    fn pass(&mut self) -> io::Result<()> {
        match self.held.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n')) {
            true => self.out.write_all(&self.held)?,
            false => {
                let text = std::str::from_utf8(&self.held).map_err(|_| io::ErrorKind::InvalidData)?;
                self.out.write_all(escaped(text).as_bytes())?;
            }
        }
        self.held.clear();
        Ok(())
    }
}

impl<W: Write> Write for Escaping<W> {
    /// Serde writes whole pieces of text.
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(piece);
        if self.held.len() >= Self::MUCH {
            self.pass()?;
        }
        Ok(piece.len())
    }

    /// Whoever has written everything flushes: nothing is written by itself.
    fn flush(&mut self) -> io::Result<()> {
        self.pass()?;
        self.out.flush()
    }
}

/// A saved report.
///
/// # Errors
/// In words, where it is none that can be read.
pub fn read(text: &str) -> Result<Report, String> {
    // What PowerShell writes begins with a mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let head: Head = serde_json::from_str(text).map_err(|error| format!("this is no report: {error}"))?;
    let version = &head.format_version;
    match (&*head.kind, version.split('.').next()) {
        ("nsdiag/report", Some("1")) => serde_json::from_str(text).map_err(|error| match &**version {
            FORMAT_VERSION => format!("this is no report: {error}"),
            _ => format!(
                "a report of format {version}, of which this does not understand all ({FORMAT_VERSION}): {error}"
            ),
        }),
        ("nsdiag/report", _) => Err(format!("a report of format {version}, and this reads 1")),
        (kind, _) => Err(format!("a document of kind '{kind}', and no report")),
    }
}

/// What every document begins with, whatever it holds.
#[derive(serde::Deserialize)]
struct Head {
    kind: String,
    format_version: String,
}

/// The JSON Schema of a report.
pub fn schema() -> String {
    let schema = schemars::schema_for!(Report);
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    text.push('\n');
    text
}

/// The JSON Schema of a diff.
pub fn diff_schema() -> String {
    let schema = schemars::schema_for!(nsdiag_checks::diff::Diff);
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    text.push('\n');
    text
}

/// Writes `text` to `path` whole or not at all, for the owner's eyes alone (mode 0600).
///
/// # Errors
/// The file system's.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    write_by(path, |out| out.write_all(text.as_bytes()))
}

/// [`write`] of what `writing` writes, which need not be in memory at once.
///
/// # Errors
/// The file system's, and those of `writing`.
pub fn write_by(path: &Path, writing: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    // A link stays one: what it leads to is written.
    let path = &target(path);
    let mut file = io::BufWriter::with_capacity(64 * 1024, temporary(path)?);
    writing(&mut file).map_err(unnamed)?;
    let file = file.into_inner().map_err(|error| unnamed(error.into_error()))?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| unnamed(error.error))?;
    Ok(())
}

/// Whether a report can be written to `path`, as far as can be told before the run.
///
/// # Errors
/// The file system's.
pub fn check_place(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    temporary(&target(path)).map(drop)
}

/// Where links lead to; the place of what is not there yet as well.
fn target(path: &Path) -> PathBuf {
    let mut place = path.to_path_buf();
    // As many links as Linux follows.
    for _ in 0..40 {
        let Ok(next) = std::fs::read_link(&place) else { break };
        place = folder_of(&place).join(next);
    }
    place
}

fn temporary(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    tempfile::NamedTempFile::new_in(folder_of(path)).map_err(unnamed)
}

/// The system's error without the temporary file's name, which nobody gave.
fn unnamed(error: io::Error) -> io::Error {
    // It is said behind the system's words and in no field.
    let text = error.to_string();
    match text.split_once(" at path ") {
        Some((said, _)) if error.raw_os_error().is_none() => io::Error::new(error.kind(), said),
        _ => error,
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes text from outside harmless for people: characters that steer a terminal, turn the direction of writing, break
/// lines or show nothing become visible.
pub fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unseen(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// [`safe`] for each line of a text of several.
pub fn safe_lines(text: &str) -> String {
    text.split('\n').map(safe).collect::<Vec<_>>().join("\n")
}

/// A JSON document with the same characters escaped (RFC 8259, section 7): a reader has them all, and nobody's terminal.
pub fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\n' || !is_unseen(c) {
            out.push(c);
        } else {
            out.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    out
}

/// Whose remedy it is, in brackets: equal commands may be for two Exchange organisations.
fn whose(report: &Report, remedy: &Remedy) -> String {
    let exchange = report.run.settings.systems.iter().filter(|system| system.kind != SystemKind::Other);
    match &remedy.system {
        Some(system) if exchange.count() > 1 => format!(" ({})", safe(system)),
        _ => String::new(),
    }
}

/// In which shell a remedy at Exchange is pasted: a tenant's is another than that of servers.
fn management_shell(report: &Report, remedy: &Remedy) -> &'static str {
    const TENANTS: &str = "Exchange Online PowerShell";
    let of_tenant = |system: &System| system.kind == SystemKind::ExchangeOnline;
    let mut exchange = report.run.settings.systems.iter().filter(|system| system.kind != SystemKind::Other);
    // Only tenants have these.
    let is_connector = |text: &str| text.split(' ').next().is_some_and(|name| name.ends_with("boundConnector"));
    if remedy.commands.iter().any(|command| is_connector(command.text())) {
        return TENANTS;
    }
    let own = remedy.system.as_ref().and_then(|own| exchange.clone().find(|system| system.name == *own));
    let (tenants, servers) = match own {
        Some(own) => (of_tenant(own), !of_tenant(own)),
        None => (exchange.clone().any(of_tenant), exchange.any(|system| !of_tenant(system))),
    };
    match (tenants, servers) {
        (true, false) => TENANTS,
        (true, true) => "the PowerShell of the organisation that it is for",
        (false, _) => "Exchange Management Shell",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_no_error_names_the_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let [link, other] = ["link.json", "target.json"].map(|name| folder.path().join(name));
        std::os::unix::fs::symlink("target.json", &link).unwrap();
        for text in ["not there yet", "there"] {
            write(&link, text).unwrap();
            assert_eq!(std::fs::read_to_string(&other).unwrap(), text);
            assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        }
        let error = write(&folder.path().join("none/report.json"), "x").unwrap_err();
        assert_eq!((error.kind(), error.to_string().contains(".tmp")), (io::ErrorKind::NotFound, false), "{error}");
    }

    #[test]
    fn what_could_steer_a_terminal_becomes_visible() {
        assert_eq!(safe("a\u{1b}[31mb\u{9b}\u{202e}c\r\n"), "a\\u{1b}[31mb\\u{9b}\\u{202e}c\\u{d}\\u{a}");
        let unseen = "\0\u{7f}\u{85}\u{200b}\u{200d}\u{200e}\u{61c}\u{2028}\u{2029}\u{2066}\u{feff}\u{e0041}";
        assert!(safe(unseen).is_ascii(), "{}", safe(unseen));
        assert_eq!(safe("grün – ok 日本 é 😀"), "grün – ok 日本 é 😀");
        assert_eq!(safe_lines("a\u{1b}\nb\n\nc"), "a\\u{1b}\nb\n\nc");
    }

    #[test]
    fn json_keeps_every_character_and_shows_none_that_steers() {
        for text in ["a\u{9b}\u{202e}\u{2028}\u{200b}\u{e0041}\u{7f}b\n", "grün – 😀", "\0\u{1b}[31m"] {
            let json = serde_json::to_string_pretty(&[text]).unwrap();
            let out = escaped(&json);
            let mut streamed = Vec::new();
            let mut escaping = Escaping::new(&mut streamed);
            serde_json::to_writer_pretty(&mut escaping, &[text]).unwrap();
            escaping.flush().unwrap();
            assert_eq!(String::from_utf8(streamed).unwrap(), out);
            assert!(!out.contains(|c| c != '\n' && is_unseen(c)), "{out}");
            assert_eq!(serde_json::from_str::<[String; 1]>(&out).unwrap(), [text]);
        }
        assert_eq!(escaped("[\n \"a\u{e0041}\"]"), "[\n \"a\\udb40\\udc41\"]");
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
