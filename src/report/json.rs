//! The report itself, as JSON (contract, section 4).
use super::Escaping;
use super::format::{Format, Holds};
use nsdiag_checks::report::Report;
use std::io::{self, Write};

/// The whole report, as a stream.
pub const FORMAT: Format = Format {
    name: "json",
    about: "The whole report, with its evidence",
    endings: &["json"],
    exact: true,
    holds: Holds::Everything,
    write: |report, _, out| write(report, out),
};

/// Writes `report` to `out`, piece by piece: a long one is in memory once.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut out = Escaping::new(out);
    serde_json::to_writer_pretty(&mut out, report)?;
    out.write_all(b"\n")?;
    out.flush()
}
