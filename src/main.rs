//! `nsdiag`: who cannot get mail in a shared SMTP domain, where it breaks, and why.
use clap::{Parser, Subcommand};
use nsdiag_checks::replies::{self, Stage};
use std::process::ExitCode;

/// Finds out who cannot get mail in an SMTP domain that Exchange shares with another mail system.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// What an SMTP reply to RCPT means, whose it is, and from where we know
    Explain {
        /// The reply as heard: `550 5.1.1 <a@contoso.com>: Recipient address rejected: …`
        reply: String,
    },
}

fn main() -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|error| {
        let _ = error.print();
        std::process::exit(if error.use_stderr() { 64 } else { 0 });
    });
    match cli.command {
        Command::Explain { reply } => explain(&reply),
    }
}

fn explain(reply: &str) -> ExitCode {
    let Some((code, text)) = replies::split_code(reply) else {
        eprintln!("nsdiag: a reply begins with its three-digit code, as in \"550 5.1.1 User unknown\"");
        return ExitCode::from(64);
    };
    let verdict = replies::classify(Stage::Rcpt, code, text);
    let meaning = serde_json::to_value(verdict.meaning).expect("a unit variant is a string");
    println!("meaning     {}", meaning.as_str().unwrap_or_default());
    match verdict.row {
        Some(row) => {
            println!("product     {}", row.product);
            println!("confidence  {:?}, {} (row {})", row.confidence, row.source, row.number);
            if !row.note.is_empty() {
                println!("note        {}", row.note);
            }
        }
        None => println!("confidence  Low: no known text, judged by its code alone"),
    }
    ExitCode::SUCCESS
}
