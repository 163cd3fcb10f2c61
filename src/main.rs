//! `nsdiag`: who cannot get mail in a shared SMTP domain, where it breaks, and why.
use clap::Parser;
use nsdiag::cli::Cli;
use nsdiag::commands::{self, FAULT, Outcome, USAGE};
use nsdiag::{border, report};
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let outcome = border::guarded(|| {
        Cli::try_parse().map_or_else(|error| of_arguments(&error), |cli| commands::run(cli.command))
    });
    match outcome.unwrap_or_else(|fault| Err((FAULT, fault))) {
        Ok(code) => ExitCode::from(code),
        Err((code, message)) => {
            border::tell(&message);
            ExitCode::from(code)
        }
    }
}

/// Help, the version, or what is wrong with the arguments, which may hold anything.
fn of_arguments(error: &clap::Error) -> Outcome {
    let text = report::safe_lines(&error.render().to_string());
    match error.use_stderr() {
        true => {
            let _ = std::io::stderr().write_all(text.as_bytes());
            Ok(USAGE)
        }
        false if std::io::stdout().is_terminal() => {
            error.print().map(|()| 0).map_err(|error| (FAULT, error.to_string()))
        }
        false => border::print(&text).map(|()| 0).map_err(|error| (FAULT, error)),
    }
}
