//! `nsdiag completions`: what a shell completes.
use super::{Outcome, print};
use crate::cli::Cli;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// What `completions` takes.
#[derive(Args, Clone, Debug)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// Prints the completions.
///
/// # Errors
/// With the exit status, in words.
pub fn run(args: &CompletionsArgs) -> Outcome {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "nsdiag", &mut text);
    print(&String::from_utf8_lossy(&text))
}
