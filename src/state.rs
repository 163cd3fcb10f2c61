//! What the last run said, for `--quiet-if-unchanged`.
use nsdiag_checks::report::Report;
use serde_json::{Value, json};
use std::io;
use std::path::Path;

/// Whether the verdict and the findings are those that `path` keeps; a first run is a change.
///
/// # Errors
/// In words, where the file is there and cannot be used; the run then counts as a change.
pub fn unchanged(path: &Path, report: &Report) -> Result<bool, String> {
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}; taken as a first run", path.display());
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(told(&error)),
    };
    let kept: Value = serde_json::from_str(&text).map_err(|error| told(&error))?;
    Ok(kept == essence(report))
}

/// Keeps what `report` says.
///
/// # Errors
/// The file system's.
pub fn keep(path: &Path, report: &Report) -> io::Result<()> {
    crate::report::write(path, &crate::report::escaped(&format!("{:#}\n", essence(report))))
}

/// What counts as a change: the verdict, and of each finding its code, weight and subjects; not its words.
fn essence(report: &Report) -> Value {
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| json!([finding.code, finding.severity, finding.certainty, finding.subjects]))
        .collect();
    json!({"kind": "nsdiag/state", "domain": report.domain, "verdict": report.verdict, "findings": findings})
}
