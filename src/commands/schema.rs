//! `nsdiag schema`: the JSON Schema of a document.
use super::{Outcome, print};
use crate::report;
use clap::{Args, ValueEnum};

/// What `schema` takes.
#[derive(Args, Clone, Debug)]
pub struct SchemaArgs {
    /// The document's kind
    #[arg(default_value = "report")]
    pub kind: Kind,
}

/// The kinds of document.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Kind {
    /// What `check` writes
    Report,
    /// What `diff` writes
    Diff,
    /// What `bounce` writes
    Bounce,
    /// What `trace` writes
    Trace,
}

/// Prints the schema.
///
/// # Errors
/// With the exit status, in words.
pub fn run(args: &SchemaArgs) -> Outcome {
    match args.kind {
        Kind::Report => print(&report::schema()),
        Kind::Trace => print(&report::trace::schema()),
        Kind::Diff => print(&report::diff_schema()),
        Kind::Bounce => print(&report::bounce_schema()),
    }
}
