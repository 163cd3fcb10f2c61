//! `nsdiag man`: the manual page.
use super::{FAULT, Outcome, print};
use crate::cli::Cli;
use clap::CommandFactory;

/// Prints the page.
///
/// # Errors
/// With the exit status, in words.
pub fn run() -> Outcome {
    let mut text = Vec::new();
    let rendered = clap_mangen::Man::new(Cli::command()).render(&mut text);
    rendered.map_err(|error| (FAULT, error.to_string()))?;
    print(&String::from_utf8_lossy(&text))
}
