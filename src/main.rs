//! `nsdiag`: who cannot get mail in a shared SMTP domain, where it breaks, and why.
use anstream::{AutoStream, ColorChoice};
use clap::{CommandFactory, Parser};
use nsdiag::app::{self, Failure, Word};
use nsdiag::border::{self, Secrets};
use nsdiag::cli::{CheckArgs, Cli, Color, Command, DemoArgs, Format, Kind, ReportArgs, ShowArgs};
use nsdiag::config::{MailSettings, Settings};
use nsdiag::mailing::{self, Posted};
use nsdiag::report::powershell::{BYTE_ORDER_MARK, Scripts, beside, doubted, scripts};
use nsdiag::stop::Stop;
use nsdiag::{demo, explain, journal, report, state};
use nsdiag_checks::report::{Report, Verdict};
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Bad arguments or configuration (`EX_USAGE` of sysexits.h).
const USAGE: u8 = 64;
/// A fault of our own (`EX_SOFTWARE`).
const FAULT: u8 = 70;

fn main() -> ExitCode {
    let outcome = border::guarded(|| Cli::try_parse().map_or_else(|error| of_arguments(&error), run));
    match outcome.unwrap_or_else(|fault| Err((FAULT, fault))) {
        Ok(code) => ExitCode::from(code),
        Err((code, message)) => {
            border::tell(&message);
            ExitCode::from(code)
        }
    }
}

type Outcome = Result<u8, (u8, String)>;

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
        false => print(&text),
    }
}

fn run(cli: Cli) -> Outcome {
    match cli.command {
        Command::Check(args) => check(&args),
        Command::Demo(args) => play(&args),
        Command::Show(args) => show(&args),
        Command::Explain(args) => explain::run(&args).map_err(|error| (FAULT, error)),
        Command::Schema { kind: Kind::Report } => print(&report::schema()),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "nsdiag", &mut text);
            print(&String::from_utf8_lossy(&text))
        }
        Command::Man => {
            let mut text = Vec::new();
            let rendered = clap_mangen::Man::new(Cli::command()).render(&mut text);
            rendered.map_err(|error| (FAULT, error.to_string()))?;
            print(&String::from_utf8_lossy(&text))
        }
    }
}

fn check(args: &CheckArgs) -> Outcome {
    let settings = Settings::load(args).map_err(|error| (USAGE, error.0))?;
    check_outputs(&args.report, args.quiet_if_unchanged.as_ref())?;
    if args.plan {
        return print(&report::safe_lines(&app::plan(&settings)));
    }
    let quiet = args.report.quiet || args.quiet_if_unchanged.is_some();
    let runtime = runtime()?;
    let (report, mut notes) = runtime.block_on(async {
        tokio::spawn(listen(settings.stop.clone()));
        app::check(&settings, &progress(quiet, &settings.secrets)).await.map_err(failed)
    })?;
    let code = tell(&report, &mut notes, args, &settings, |mail, thread| {
        progress(quiet, &settings.secrets)(Word::Step("mailing the report"));
        let posted = runtime.block_on(mailing::post(&settings, mail, &report, thread));
        // A smart host may echo a password, too.
        let mask = |said: String| settings.secrets.mask(&said);
        posted.map(|posted| Posted { trouble: posted.trouble.map(mask), ..posted })
    })?;
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
    border::tell("interrupted; what there is will be reported");
    stop.raise();
    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    std::process::exit(130);
}

/// Prints the report, writes its files and mails it, unless nothing changed.
fn tell(
    report: &Report,
    notes: &mut Vec<String>,
    args: &CheckArgs,
    settings: &Settings,
    mail: impl FnOnce(&MailSettings, Option<&str>) -> Result<Posted, String>,
) -> Outcome {
    let state = args.quiet_if_unchanged.as_deref();
    // What could not be told is a change the next time too.
    let kept = state.map_or(Ok(None), state::read).unwrap_or_else(|why| {
        notes.push(why);
        None
    });
    let unchanged = kept.as_ref().is_some_and(|kept| kept.says_the_same(report));
    let told = match unchanged {
        true => write_files(report, &args.report).map(|()| report.exit_code),
        false => finish(report, notes, &args.report),
    };
    let before = kept.and_then(|kept| kept.thread);
    let (mut thread, mut settled, mut trouble) = (before.clone(), true, None);
    if let Some(wanted) = settings.mail.as_ref().filter(|mail| mail.always || !unchanged) {
        match mail(wanted, before.as_deref()) {
            Ok(posted) => {
                thread = thread.or(Some(posted.id));
                (settled, trouble) = (posted.settled, posted.trouble);
            }
            Err(why) => (settled, trouble) = (false, Some(why)),
        }
        // The next trouble is another story.
        thread = thread.filter(|_| report.verdict != Verdict::Ok);
    }
    // The verdict is the run's: that somebody did not hear of it is told, and mailed again by the next run.
    trouble.iter().for_each(|trouble| border::tell(trouble));
    let code = told?;
    if let Some(path) = state.filter(|_| settled && (!unchanged || thread != before)) {
        state::keep(path, report, thread.as_deref())
            .map_err(|error| (FAULT, format!("{}: {error}", path.display())))?;
    }
    Ok(code)
}

fn play(args: &DemoArgs) -> Outcome {
    if args.list {
        let line = |scenario: nsdiag_lab::Scenario| format!("{:29} {}\n", scenario.name, scenario.summary);
        return print(&nsdiag_lab::Scenario::all().into_iter().map(line).collect::<String>());
    }
    let scenario = demo::scenario(&args.scenario).map_err(|wrong| (USAGE, wrong))?;
    check_outputs(&args.report, None)?;
    let folder = tempfile::tempdir().map_err(|error| (FAULT, error.to_string()))?;
    let (report, mut notes) = runtime()?.block_on(async {
        let lab = nsdiag_lab::Lab::start(&scenario, folder.path()).await.map_err(|error| match error.kind() {
            ErrorKind::InvalidInput => (USAGE, format!("{}: {error}", args.scenario)),
            _ => (FAULT, format!("the lab cannot start on loopback: {error}")),
        })?;
        let check =
            CheckArgs { config: Some(lab.config().to_path_buf()), report: args.report.clone(), ..CheckArgs::default() };
        let mut settings = Settings::load(&check).map_err(|error| (USAGE, error.0))?;
        settings.question.smtp_port = lab.smtp_port();
        app::check(&settings, &progress(args.report.quiet, &settings.secrets)).await.map_err(failed)
    })?;
    // How the lab's own lists are written is nobody's question.
    let read = report.evidence.files.iter().filter_map(|list| app::read_note(list, &report.domain));
    let read: Vec<String> = read.collect();
    notes.retain(|note| !read.contains(note));
    let code = finish(&report, &notes, &args.report)?;
    let differences = scenario.expect.map_or(vec![], |expect| demo::differences(&report, &expect));
    differences.iter().for_each(|line| border::tell(line));
    Ok(code)
}

/// Renders a saved report again.
fn show(args: &ShowArgs) -> Outcome {
    let named = args.report.display();
    let text = std::fs::read_to_string(&args.report).map_err(|error| (USAGE, format!("{named}: {error}")))?;
    let report = report::read(&text).map_err(|wrong| (USAGE, format!("{named}: {wrong}")))?;
    let outputs = ReportArgs {
        format: args.format,
        output: args.output.clone(),
        color: args.color,
        verbose: args.verbose,
        ..ReportArgs::default()
    };
    check_outputs(&outputs, None)?;
    let other = |path: &&PathBuf| !matches!(written_as(path), Some(Written::Script));
    if let Some(path) = args.remedies.as_ref().and_then(|_| args.output.iter().find(other)) {
        let name = path.display();
        let why = "the remedies are written as a script, with what takes them back beside it: the ending is .ps1";
        return Err((USAGE, format!("--output: {name}: {why}")));
    }
    if args.remedies.is_none() {
        let is_table = |path: &&PathBuf| matches!(written_as(path), Some(Written::Report(Format::Table)));
        let (tables, others): (Vec<&PathBuf>, Vec<&PathBuf>) = outputs.output.iter().partition(is_table);
        let with =
            |paths: Vec<&PathBuf>| ReportArgs { output: paths.into_iter().cloned().collect(), ..outputs.clone() };
        if args.format == Format::Json {
            let shown = Report { findings: doubted(&report), ..report.clone() };
            write_files(&shown, &with(tables))?;
            return finish(&report, &[], &with(others));
        }
        write_files(&report, &with(others))?;
        let shown = Report { findings: doubted(&report), ..report };
        return finish(&shown, &[], &with(tables));
    }
    write_files(&report, &outputs)?;
    if outputs.output.is_empty() {
        // A file that standard output is led to is read by PowerShell as well.
        let mark = if std::io::stdout().is_terminal() { "" } else { BYTE_ORDER_MARK };
        print(&format!("{mark}{}", scripts(&report).apply))?;
    }
    Ok(report.exit_code)
}

fn runtime() -> Result<tokio::runtime::Runtime, (u8, String)> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| (FAULT, error.to_string()))
}

fn failed(failure: Failure) -> (u8, String) {
    match failure {
        Failure::Usage(message) => (USAGE, message),
        Failure::Fault(message) => (FAULT, message),
    }
}

/// Progress goes to a terminal only, notes wherever standard error leads.
fn progress(quiet: bool, secrets: &Secrets) -> impl Fn(Word) {
    let terminal = std::io::stderr().is_terminal();
    move |word| match word {
        Word::Step(what) if terminal && !quiet => border::tell(&secrets.mask(what)),
        Word::Note(what) if !quiet => border::tell(&secrets.mask(what)),
        Word::Step(_) | Word::Note(_) => {}
    }
}

fn finish(report: &Report, notes: &[String], args: &ReportArgs) -> Outcome {
    if !args.quiet {
        notes.iter().for_each(|note| border::tell(note));
    }
    // Where one place cannot be written to, the others have the report.
    let written = write_files(report, args);
    let colour = match args.color {
        Color::Always => true,
        Color::Never => false,
        // NO_COLOR, CLICOLOR and terminals that know none.
        Color::Auto => AutoStream::choice(&std::io::stdout()) != ColorChoice::Never,
    };
    print(&match args.format {
        Format::Table => report::table::table(report, colour, args.verbose),
        Format::Json => report::json(report),
    })?;
    written.map(|()| report.exit_code)
}

/// What a file is written as, by its ending: a script, or a report in a format.
enum Written {
    Report(Format),
    Script,
}

fn written_as(path: &Path) -> Option<Written> {
    match path.extension()?.to_str()? {
        "json" => Some(Written::Report(Format::Json)),
        "txt" => Some(Written::Report(Format::Table)),
        "ps1" => Some(Written::Script),
        _ => None,
    }
}

/// Bad endings, and places that cannot be written to, are told before the run, not after it.
fn check_outputs(args: &ReportArgs, state: Option<&PathBuf>) -> Result<(), (u8, String)> {
    let unknown = |path: &&PathBuf| written_as(path).is_none();
    if let Some(path) = args.output.iter().find(unknown) {
        return Err((USAGE, format!("--output: {}: the ending is none of .json, .txt and .ps1", path.display())));
    }
    let beside: Vec<PathBuf> = args
        .output
        .iter()
        .filter(|path| matches!(written_as(path), Some(Written::Script)))
        .map(|path| beside(path))
        .collect();
    let outputs = args.output.iter().chain(&beside).map(|path| ("--output", path));
    for (flag, path) in outputs.chain(state.map(|path| ("--quiet-if-unchanged", path))) {
        report::check_place(path).map_err(|error| (USAGE, format!("{flag}: {}: {error}", path.display())))?;
    }
    Ok(())
}

fn write_files(report: &Report, args: &ReportArgs) -> Result<(), (u8, String)> {
    let mut failed = Ok(());
    for path in &args.output {
        let written = match written_as(path) {
            Some(Written::Report(Format::Json)) => write(path, &report::json(report)),
            Some(Written::Script) => {
                let Scripts { apply, undo } = scripts(report);
                // Whoever has the one has the other.
                write(&beside(path), &format!("{BYTE_ORDER_MARK}{undo}"))
                    .and_then(|()| write(path, &format!("{BYTE_ORDER_MARK}{apply}")))
            }
            _ => write(path, &report::table::table(report, false, args.verbose)),
        };
        failed = failed.and(written);
    }
    failed
}

fn write(path: &Path, text: &str) -> Result<(), (u8, String)> {
    report::write(path, text).map_err(|error| (FAULT, format!("{}: {error}", path.display())))
}

/// Prints to standard output.
fn print(text: &str) -> Outcome {
    border::print(text).map(|()| 0).map_err(|error| (FAULT, error))
}
