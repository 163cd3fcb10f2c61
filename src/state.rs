//! What the last run said, for `--quiet-if-unchanged`.
use nsdiag_checks::report::Report;
use serde_json::{Value, json};
use std::io;
use std::path::Path;

/// Where the mail is named.
const THREAD: &str = "thread";

/// What a run keeps for the next one.
#[derive(Debug)]
pub struct Kept {
    essence: Value,
    /// The mail that told of it first, where one did.
    pub thread: Option<String>,
}

impl Kept {
    /// Whether `report` has the verdict and the findings of the run that kept this.
    pub fn says_the_same(&self, report: &Report) -> bool {
        self.essence == essence(report)
    }
}

/// What the last run kept in `path`; none before the first one.
///
/// # Errors
/// In words, where the file is there and cannot be used; the run then counts as a first one.
pub fn read(path: &Path) -> Result<Option<Kept>, String> {
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}; taken as a first run", path.display());
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(told(&error)),
    };
    let mut essence: Value = serde_json::from_str(&text).map_err(|error| told(&error))?;
    let thread = essence.as_object_mut().and_then(|object| object.remove(THREAD));
    let thread = thread.as_ref().and_then(Value::as_str).map(String::from);
    Ok(Some(Kept { essence, thread }))
}

/// Keeps what `report` says, and the mail that told of it first.
///
/// # Errors
/// The file system's.
pub fn keep(path: &Path, report: &Report, thread: Option<&str>) -> io::Result<()> {
    let mut kept = essence(report);
    if let Some(thread) = thread {
        kept[THREAD] = thread.into();
    }
    crate::report::write(path, &crate::report::escaped(&format!("{kept:#}\n")))
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
