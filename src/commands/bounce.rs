//! `nsdiag bounce`: who refused a message, why, whether that is false, and what mends it.
use super::check::{CheckArgs, listen};
use super::diff::DiffFormat;
use super::{FAULT, Outcome, USAGE, failed, print, progress, runtime, saved};
use crate::app;
use crate::cli::{AskArgs, ReportArgs};
use crate::collect::bounce;
use crate::config::Settings;
use crate::{border, report};
use clap::Args;
use nsdiag_checks::bounce::{Beside, Bounce, judge, own_address};
use nsdiag_checks::evidence::address;
use nsdiag_checks::evidence::bounce::Notice;
use nsdiag_checks::report::Report;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// What `bounce` takes.
#[derive(Args, Clone, Debug, Default)]
pub struct BounceArgs {
    /// The bounce: a message (.eml, mbox) or text out of a mail program or a ticket; a message with its headers does as
    /// well; `-` reads standard input
    #[arg(value_name = "FILE|-")]
    pub file: PathBuf,
    /// The domain under check [default: the configuration's, then that of the bounced address]
    #[arg(long, value_name = "DOMAIN")]
    pub domain: Option<String>,
    /// Ask nobody: say what the bounce says
    #[arg(long)]
    pub offline: bool,
    /// Ask nobody, and judge beside this report: what check -o FILE.json wrote
    #[arg(long, value_name = "REPORT", conflicts_with = "offline")]
    pub report: Option<PathBuf>,
    /// What is asked, of whom and how
    #[command(flatten)]
    pub ask: AskArgs,
    /// Judge only these codes or areas (dns, smtp, exchange, recipients, flow)
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Do not judge these codes or areas
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub skip: Vec<String>,
    /// What goes to standard output
    #[arg(long, value_enum, default_value_t)]
    pub format: DiffFormat,
    /// Also write a file, in the format of its ending: .json, .md or .txt
    #[arg(short, long, value_name = "FILE")]
    pub output: Vec<PathBuf>,
    /// No progress and no notes, and of the table the first line
    #[arg(short, long)]
    pub quiet: bool,
}

/// How many addresses of one bounce are asked for.
const MOST: usize = 20;

/// Reads a bounce, asks about its address, and says what it means; the exit status is that of its verdict.
///
/// # Errors
/// With the exit status, in words.
pub fn run(args: &BounceArgs) -> Outcome {
    let files = args.output.iter().map(|path| Ok((path, DiffFormat::of_file(path)?)));
    let files: Vec<_> = files.collect::<Result<_, (u8, String)>>()?;
    for (path, _) in &files {
        report::check_place(path).map_err(|error| (USAGE, format!("--output: {}: {error}", path.display())))?;
    }
    let notice = read(args)?;
    let bounce = judged(args, &notice)?;
    for (path, format) in files {
        report::write(path, &render(format, &bounce, false))
            .map_err(|error| (FAULT, format!("{}: {error}", path.display())))?;
    }
    print(&render(args.format, &bounce, args.quiet))?;
    Ok(bounce.exit_code)
}

fn render(format: DiffFormat, bounce: &Bounce, quiet: bool) -> String {
    match format {
        DiffFormat::Table => report::bounce::table(bounce, quiet),
        DiffFormat::Json => report::bounce::json(bounce),
        DiffFormat::Markdown => report::bounce::markdown(bounce),
    }
}

fn read(args: &BounceArgs) -> Result<Notice, (u8, String)> {
    let (name, read) = match args.file.to_str() {
        Some("-") => ("standard input".to_string(), bounce::read(&mut std::io::stdin().lock())),
        _ => {
            let name = args.file.display().to_string();
            let mut file = std::fs::File::open(&args.file).map_err(|error| (USAGE, format!("{name}: {error}")))?;
            (name, bounce::read(&mut file))
        }
    };
    read.map_err(|wrong| (USAGE, format!("{name}{wrong}")))
}

/// The document, beside what is known of the domain.
fn judged(args: &BounceArgs, notice: &Notice) -> Result<Bounce, (u8, String)> {
    if let Some(path) = &args.report {
        let report = saved(path)?;
        let domain = report.domain.clone();
        if args.domain.as_ref().is_some_and(|given| !given.eq_ignore_ascii_case(&domain)) {
            return Err((USAGE, format!("--domain: {} is about {domain}", path.display())));
        }
        return Ok(of(notice, &report.run.settings.replies, Some(&domain), Some(&report), &[]));
    }
    let report = ReportArgs { only: args.only.clone(), skip: args.skip.clone(), ..ReportArgs::default() };
    let mut ask = CheckArgs { domain: args.domain.clone(), ask: args.ask.clone(), report, ..CheckArgs::default() };
    let configured = Settings::domain(&ask).map_err(|error| (USAGE, error.0))?;
    let domains: BTreeSet<&str> = notice
        .recipients
        .iter()
        .filter(|said| said.action.is_trouble())
        .filter_map(|said| said.address.as_deref().map(address::domain))
        .collect();
    let domain = configured.or_else(|| domains.first().filter(|_| domains.len() == 1).map(ToString::to_string));
    if args.offline {
        let replies = Settings::replies(&ask).map_err(|error| (USAGE, error.0))?;
        return Ok(of(notice, &replies, domain.as_deref(), None, &[]));
    }
    let Some(domain) = domain else {
        let note = match domains.len() {
            0 => "nobody was asked: it names no recipient whose mail did not arrive".to_string(),
            _ => {
                let all: Vec<&str> = domains.iter().copied().collect();
                let all = nsdiag_checks::judge::listed(&all, 5);
                format!("nobody was asked: its recipients are in {all}, and --domain does not say which is under check")
            }
        };
        return Ok(of(notice, &[], None, None, &[note]));
    };
    ask.domain = Some(domain.clone());
    let mut settings = Settings::load(&ask).map_err(|error| (USAGE, error.0))?;
    let domain = settings.question.domain.clone();
    let troubles = notice.recipients.iter().filter(|said| said.action.is_trouble());
    let own: BTreeSet<String> = troubles.filter_map(|said| own_address(said, &domain)).map(String::from).collect();
    if own.is_empty() {
        let note = format!("nobody was asked: no recipient in {domain} is named whose mail did not arrive");
        return Ok(of(notice, &settings.question.replies, Some(&domain), None, &[note]));
    }
    settings.ask_about(own.iter().take(MOST).cloned().collect(), args.ask.max_recipients);
    let runtime = runtime()?;
    let (report, notes) = runtime.block_on(async {
        tokio::spawn(listen(settings.stop.clone()));
        app::check(&settings, &progress(args.quiet, &settings.secrets)).await.map_err(failed)
    })?;
    if !args.quiet {
        notes.iter().for_each(|note| border::tell(note));
    }
    let left_out = own.len().saturating_sub(MOST);
    let note = (left_out > 0).then(|| format!("{left_out} more of its recipients were not asked for"));
    let bounce = of(notice, &settings.question.replies, Some(&domain), Some(&report), note.as_slice());
    settings.secrets.mask_document(bounce).map_err(|error| (FAULT, error))
}

fn of(
    notice: &Notice,
    own: &[nsdiag_checks::replies::OwnReply],
    domain: Option<&str>,
    report: Option<&Report>,
    notes: &[String],
) -> Bounce {
    let mut bounce = judge(env!("CARGO_PKG_VERSION"), notice, Beside { domain, own, report });
    bounce.notes.extend(notes.iter().cloned());
    bounce
}
