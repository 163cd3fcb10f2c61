//! `nsdiag`: who cannot get mail in a shared SMTP domain, where it breaks, and why.
use clap::Parser;
use nsdiag::cli::Cli;
use nsdiag::commands::{self, FAULT, Outcome, USAGE};
use nsdiag::report::nagios;
use nsdiag::{border, report};
use nsdiag_checks::report::Verdict;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let outcome = border::guarded(|| {
        Cli::try_parse().map_or_else(|error| of_arguments(&error), |cli| commands::run(cli.command))
    });
    let outcome = outcome.unwrap_or_else(|fault| Err((FAULT, fault)));
    if let Err((_, message)) = &outcome {
        border::tell(message);
    }
    // A monitoring plugin has four states, and says each of them in a line.
    match (outcome, nagios::is_asked_for(std::env::args_os())) {
        (Ok(code), _) => ExitCode::from(code),
        (Err((_, message)), true) => {
            // Where that cannot be written either, the exit status says it.
            let _ = border::print(&nagios::unknown(&message));
            ExitCode::from(Verdict::Unknown.exit_code())
        }
        (Err((code, _)), false) => ExitCode::from(code),
    }
}

/// Help, the version, or what is wrong with the arguments, which may hold anything.
fn of_arguments(error: &clap::Error) -> Outcome {
    let text = report::safe_lines(&error.render().to_string());
    match error.use_stderr() {
        true if nagios::is_asked_for(std::env::args_os()) => {
            let first = text.lines().next().unwrap_or_default();
            Err((USAGE, first.strip_prefix("error: ").unwrap_or(first).into()))
        }
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
