//! `nsdiag trace`: for each address, the predicted path beside the observed one.
use super::redact::TokenArgs;
use super::{FAULT, Outcome, USAGE, failed, print, progress, runtime, saved};
use crate::cli::AskArgs;
use crate::commands::check::CheckArgs;
use crate::config::Settings;
use crate::{app, border, report};
use clap::{Args, ValueEnum};
use nsdiag_checks::evidence::address;
use nsdiag_checks::model::path::Disposition;
use nsdiag_checks::report::Report;
use nsdiag_checks::trace::{Question, Traces, Wish, trace};
use std::path::{Path, PathBuf};

/// What `trace` takes.
#[derive(Args, Clone, Debug)]
pub struct TraceArgs {
    /// The addresses whose mail is followed
    #[arg(required_unless_present = "unknown", value_name = "ADDRESS")]
    pub addresses: Vec<String>,
    /// The sender: of somebody in the shared domain the path begins where the mailbox is [default: somebody on the Internet]
    #[arg(long, value_name = "ADDR")]
    pub from: Option<String>,
    /// The size of the message in bytes: a connector may take no larger ones
    #[arg(long, value_name = "BYTES", default_value_t = 0)]
    pub size: u64,
    /// Follow an address that nobody knows, too
    #[arg(long)]
    pub unknown: bool,
    /// Ask nobody: the evidence is that of this report, which check -o FILE.json wrote
    #[arg(long, value_name = "REPORT")]
    pub report: Option<PathBuf>,
    /// What is asked, of whom and how
    #[command(flatten)]
    pub ask: AskArgs,
    /// What goes to standard output
    #[arg(long, value_enum, default_value_t)]
    pub format: TraceFormat,
    /// Also write a file, in the format of its ending: .json, .md or .txt
    #[arg(short, long, value_name = "FILE")]
    pub output: Vec<PathBuf>,
    /// Whether names are told
    #[command(flatten)]
    pub redact: TokenArgs,
    /// No progress and no notes
    #[arg(short, long)]
    pub quiet: bool,
}

/// The formats of a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TraceFormat {
    /// A picture for people, 80 columns wide
    #[default]
    Table,
    /// All of it
    Json,
    /// For a ticket or a chat
    Markdown,
}

impl TraceFormat {
    fn of_file(path: &Path) -> Result<Self, (u8, String)> {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("json") => Ok(Self::Json),
            Some("md") => Ok(Self::Markdown),
            Some("txt") => Ok(Self::Table),
            _ => Err((USAGE, format!("--output: {}: the ending is none of .json, .md and .txt", path.display()))),
        }
    }

    fn render(self, traces: &Traces) -> String {
        match self {
            Self::Table => report::trace::table(traces),
            Self::Json => report::trace::json(traces),
            Self::Markdown => report::trace::markdown(traces),
        }
    }
}

/// Follows the mail of each address; the exit status is 2 where somebody's does not arrive, 3 where that is not known, 1 where a
/// reply contradicts the prediction.
///
/// # Errors
/// With the exit status, in words.
pub fn run(args: &TraceArgs) -> Outcome {
    let files = args.output.iter().map(|path| Ok((path, TraceFormat::of_file(path)?)));
    let files: Vec<_> = files.collect::<Result<_, (u8, String)>>()?;
    for (path, _) in &files {
        report::check_place(path).map_err(|error| (USAGE, format!("--output: {}: {error}", path.display())))?;
    }
    let fold = |given: &String| address::fold(given).map_err(|wrong| (USAGE, wrong));
    let addresses = args.addresses.iter().map(fold).collect::<Result<Vec<_>, _>>()?;
    let from =
        args.from.as_ref().map(|given| address::fold(given).map_err(|wrong| (USAGE, format!("--from: {wrong}"))));
    let from = from.transpose()?;
    let mut notes = Vec::new();
    let mut seen = match &args.report {
        Some(path) => saved(path)?,
        None => asked(args, &addresses, from.as_ref(), &mut notes)?,
    };
    let domain = &seen.run.settings.domain;
    if let Some(foreign) = addresses.iter().find(|one| !is_in(one, domain)) {
        return Err((USAGE, format!("{foreign} is neither in {domain} nor below it")));
    }
    // What is redacted afterwards has to know whom it was about.
    let all = addresses.iter().chain(&from).filter(|one| address::domain(one) == domain);
    seen.run.settings.about = all.cloned().collect();
    let wish = Wish { addresses, unknown: args.unknown, from, bytes: args.size };
    let found = match &*args.redact.apply(&seen, &mut notes)? {
        told if std::ptr::eq(told, &raw const seen) => trace(env!("CARGO_PKG_VERSION"), told, &wish),
        told => trace(env!("CARGO_PKG_VERSION"), told, &renamed(&seen, told, &wish)?),
    };
    let found = found.map_err(|wrong| (USAGE, format!("--from: {wrong}")))?;
    if !args.quiet {
        notes.iter().for_each(|note| border::tell(note));
    }
    for (path, format) in files {
        report::write(path, &format.render(&found)).map_err(|error| (FAULT, format!("{}: {error}", path.display())))?;
    }
    print(&args.format.render(&found))?;
    Ok(exit_code(&found))
}

/// Collects evidence as `check` does, the addresses among those who are looked up and probed.
fn asked(
    args: &TraceArgs,
    addresses: &[String],
    from: Option<&String>,
    notes: &mut Vec<String>,
) -> Result<Report, (u8, String)> {
    let check = |domain: Option<String>| CheckArgs { domain, ask: args.ask.clone(), ..CheckArgs::default() };
    // The configuration names the domain; else the first address does.
    let own = addresses.first().map(|first| address::domain(first).to_string());
    let settings = Settings::load(&check(None)).or_else(|_| Settings::load(&check(own)));
    let mut settings = settings.map_err(|error| (USAGE, error.0))?;
    let question = &mut settings.question;
    let all = addresses.iter().chain(from).filter(|one| address::domain(one) == question.domain);
    question.about = all.cloned().collect();
    let runtime = runtime()?;
    let (report, told) = runtime
        .block_on(async { app::check(&settings, &progress(args.quiet, &settings.secrets)).await.map_err(failed) })?;
    notes.extend(told);
    Ok(report)
}

/// The wish with the names that the redacted report has.
fn renamed(seen: &Report, told: &Report, wish: &Wish) -> Result<Wish, (u8, String)> {
    let pairs = seen.run.settings.about.iter().zip(&told.run.settings.about);
    let names: std::collections::BTreeMap<&String, &String> = pairs.collect();
    let new = |one: &String| match names.get(one) {
        Some(name) => Ok((*name).clone()),
        None => Err((USAGE, format!("{one}: an address below the shared domain cannot be traced with --redact"))),
    };
    Ok(Wish {
        addresses: wish.addresses.iter().map(new).collect::<Result<_, _>>()?,
        // Who is on the Internet has no part in the way.
        from: wish.from.as_ref().filter(|from| names.contains_key(from)).map(new).transpose()?,
        ..wish.clone()
    })
}

fn is_in(one: &str, domain: &str) -> bool {
    let own = address::domain(one);
    own == domain || own.strip_suffix(domain).is_some_and(|head| head.ends_with('.'))
}

/// The worst of all traces, in the order of the contract: 2 before 3 before 1.
fn exit_code(found: &Traces) -> u8 {
    let each = found.traces.iter().map(|one| match (one.disposition(), one.question) {
        (Disposition::Loop, _) => 2,
        (
            Disposition::RejectedAtGateway
            | Disposition::RejectedByExchange
            | Disposition::RejectedByOther
            | Disposition::Stranded,
            Question::Recipient,
        ) => 2,
        (Disposition::LeavesTheModel | Disposition::InsufficientInformation, _) => 3,
        // Nobody is missed whom nobody knows.
        (_, Question::Unknown) => 0,
        (Disposition::Delivered, Question::Recipient) => u8::from(one.agree == Some(false)),
    });
    let rank = |code: &u8| [0, 1, 3, 2].iter().position(|one| one == code);
    each.max_by_key(rank).unwrap_or(0)
}
