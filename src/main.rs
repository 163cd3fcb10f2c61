//! `nsdiag`: who cannot get mail in a shared SMTP domain, where it breaks, and why.
use clap::{CommandFactory, Parser};
use nsdiag::app::{self, Failure, Word};
use nsdiag::cli::{CheckArgs, Cli, Color, Command, DemoArgs, Format, Kind, ReportArgs};
use nsdiag::config::Settings;
use nsdiag::stop::Stop;
use nsdiag::{demo, explain, journal, report, state};
use nsdiag_checks::report::Report;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Bad arguments or configuration (`EX_USAGE` of sysexits.h).
const USAGE: u8 = 64;
/// A fault of our own (`EX_SOFTWARE`).
const FAULT: u8 = 70;

fn main() -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|error| {
        // Help that cannot be printed has no reader.
        let _ = error.print();
        std::process::exit(if error.use_stderr() { USAGE.into() } else { 0 });
    });
    let code = match cli.command {
        Command::Check(args) => check(&args),
        Command::Demo(args) => play(&args),
        Command::Explain(args) => return ExitCode::from(explain::run(&args)),
        Command::Schema { kind: Kind::Report } => Ok(print(&report::schema())),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "nsdiag", &mut text);
            Ok(print(&String::from_utf8_lossy(&text)))
        }
        Command::Man => {
            let mut text = Vec::new();
            let rendered = clap_mangen::Man::new(Cli::command()).render(&mut text);
            rendered.map(|()| print(&String::from_utf8_lossy(&text))).map_err(|error| (FAULT, error.to_string()))
        }
    };
    match code {
        Ok(code) => ExitCode::from(code),
        Err((code, message)) => {
            eprintln!("nsdiag: {}", report::safe(&message));
            ExitCode::from(code)
        }
    }
}

type Outcome = Result<u8, (u8, String)>;

fn check(args: &CheckArgs) -> Outcome {
    let settings = Settings::load(args).map_err(|error| (USAGE, error.0))?;
    check_outputs(&args.report)?;
    if args.plan {
        return Ok(print(&app::plan(&settings)));
    }
    let quiet = args.report.quiet || args.quiet_if_unchanged.is_some();
    let (report, mut notes) = runtime()?.block_on(async {
        tokio::spawn(listen(settings.stop.clone()));
        app::check(&settings, &progress(quiet)).await.map_err(failed)
    })?;
    let code = tell(&report, &mut notes, args)?;
    if report.run.complete {
        journal::finish(&settings.journal).map_err(|error| (FAULT, format!("the journal: {error}")))?;
    }
    Ok(code)
}

/// Ends the run at the first Ctrl-C or SIGTERM, with a report of what there is; the second one leaves at once.
async fn listen(stop: Stop) {
    use tokio::signal::unix::{SignalKind, signal};
    // Where no handler can be had, the signal does what it always does.
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    let Ok(mut interrupt) = signal(SignalKind::interrupt()) else { return };
    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    eprintln!("nsdiag: interrupted; what there is will be reported");
    stop.raise();
    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    std::process::exit(130);
}

/// Prints the report and writes its files, unless nothing changed.
fn tell(report: &Report, notes: &mut Vec<String>, args: &CheckArgs) -> Outcome {
    if let Some(path) = &args.quiet_if_unchanged {
        match state::unchanged(path, report) {
            Ok(true) => {
                write_files(report, &args.report)?;
                return Ok(report.exit_code);
            }
            Ok(false) => {}
            Err(why) => notes.push(why),
        }
        state::keep(path, report).map_err(|error| (FAULT, format!("{}: {error}", path.display())))?;
    }
    finish(report, notes, &args.report)
}

fn play(args: &DemoArgs) -> Outcome {
    if args.list {
        let line = |scenario: nsdiag_lab::Scenario| format!("{:29} {}\n", scenario.name, scenario.summary);
        return Ok(print(&nsdiag_lab::Scenario::all().into_iter().map(line).collect::<String>()));
    }
    let scenario = demo::scenario(&args.scenario).map_err(|wrong| (USAGE, wrong))?;
    check_outputs(&args.report)?;
    let folder = tempfile::tempdir().map_err(|error| (FAULT, error.to_string()))?;
    let (report, notes) = runtime()?.block_on(async {
        let lab = nsdiag_lab::Lab::start(&scenario, folder.path()).await.map_err(|error| match error.kind() {
            ErrorKind::InvalidInput => (USAGE, format!("{}: {error}", args.scenario)),
            _ => (FAULT, format!("the lab cannot start on loopback: {error}")),
        })?;
        let check =
            CheckArgs { config: Some(lab.config().to_path_buf()), report: args.report.clone(), ..CheckArgs::default() };
        let mut settings = Settings::load(&check).map_err(|error| (USAGE, error.0))?;
        settings.question.smtp_port = lab.smtp_port();
        app::check(&settings, &progress(args.report.quiet)).await.map_err(failed)
    })?;
    let code = finish(&report, &notes, &args.report)?;
    let differences = scenario.expect.map_or(vec![], |expect| demo::differences(&report, &expect));
    differences.iter().for_each(|line| eprintln!("nsdiag: {}", report::safe(line)));
    Ok(code)
}

fn runtime() -> Result<tokio::runtime::Runtime, (u8, String)> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| (FAULT, error.to_string()))
}

fn failed(failure: Failure) -> (u8, String) {
    match failure {
        Failure::Usage(message) => (USAGE, message),
    }
}

/// Progress goes to a terminal only, notes wherever standard error leads.
fn progress(quiet: bool) -> impl Fn(Word) {
    let terminal = std::io::stderr().is_terminal();
    move |word| match word {
        Word::Step(what) if terminal && !quiet => eprintln!("nsdiag: {}", report::safe(what)),
        Word::Note(what) if !quiet => eprintln!("nsdiag: {}", report::safe(what)),
        Word::Step(_) | Word::Note(_) => {}
    }
}

fn finish(report: &Report, notes: &[String], args: &ReportArgs) -> Outcome {
    if !args.quiet {
        notes.iter().for_each(|note| eprintln!("nsdiag: {}", report::safe(note)));
    }
    write_files(report, args)?;
    let colour = match args.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty()),
    };
    print(&match args.format {
        Format::Table => report::table::table(report, colour, args.verbose),
        Format::Json => report::json(report),
    });
    Ok(report.exit_code)
}

/// The format of a file, by its ending.
fn format_of(path: &Path) -> Option<Format> {
    match path.extension()?.to_str()? {
        "json" => Some(Format::Json),
        "txt" => Some(Format::Table),
        _ => None,
    }
}

/// Bad endings are told before the run, not after it.
fn check_outputs(args: &ReportArgs) -> Result<(), (u8, String)> {
    let unknown = |path: &&PathBuf| format_of(path).is_none();
    match args.output.iter().find(unknown) {
        Some(path) => Err((USAGE, format!("--output: {}: the ending is neither .json nor .txt", path.display()))),
        None => Ok(()),
    }
}

fn write_files(report: &Report, args: &ReportArgs) -> Result<(), (u8, String)> {
    for path in &args.output {
        let text = match format_of(path) {
            Some(Format::Json) => report::json(report),
            _ => report::table::table(report, false, args.verbose),
        };
        report::write(path, &text).map_err(|error| (FAULT, format!("{}: {error}", path.display())))?;
    }
    Ok(())
}

/// Prints to standard output; a reader that has gone (`| head`) is no fault.
fn print(text: &str) -> u8 {
    let _ = std::io::stdout().write_all(text.as_bytes());
    0
}
