//! `nsdiag check`: collect, judge, report.
use super::outputs::Outputs;
use super::{FAULT, Outcome, USAGE, failed, print, progress, runtime};
use crate::app::{self, Word};
use crate::cli::{AskArgs, ReportArgs};
use crate::config::{MailSettings, Settings};
use crate::mailing::{self, Posted};
use crate::stop::Stop;
use crate::{border, journal, report, state};
use clap::{Args, ValueEnum};
use nsdiag_checks::report::{Report, Verdict};
use std::future::pending;
use std::path::PathBuf;

/// What `check` takes.
#[derive(Args, Clone, Debug, Default)]
pub struct CheckArgs {
    /// The shared domain; the configuration's where it is not given
    pub domain: Option<String>,
    /// What is asked, of whom and how
    #[command(flatten)]
    pub ask: AskArgs,
    /// Where the report goes, and what is left out of it
    #[command(flatten)]
    pub report: ReportArgs,
    /// Print nothing unless the verdict or a finding changed since the last run, which is kept in this file
    #[arg(long, value_name = "STATE")]
    pub quiet_if_unchanged: Option<PathBuf>,
    /// Mail the report to this address, through the smart host of [mail] in the configuration
    #[arg(long, value_name = "ADDR")]
    pub mail_to: Vec<String>,
    /// When to mail it: after every run, or when the verdict or a finding changed since the last run [default: change
    /// with --quiet-if-unchanged, which keeps what the last run said, else always]
    #[arg(long, value_enum, value_name = "WHEN", requires = "mail_to")]
    pub mail: Option<MailWhen>,
    /// Print what would be asked of whom, and touch nothing
    #[arg(long)]
    pub plan: bool,
}

/// When a report is mailed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MailWhen {
    /// When the verdict or a finding changed
    Change,
    /// After every run
    Always,
}

/// Asks, judges and reports.
///
/// # Errors
/// With the exit status, in words.
pub fn run(args: &CheckArgs) -> Outcome {
    let settings = Settings::load(args).map_err(|error| (USAGE, error.0))?;
    let outputs = Outputs::of(&args.report.told, args.quiet_if_unchanged.as_deref())?;
    if args.plan {
        return print(&report::safe_lines(&app::plan(&settings)));
    }
    let quiet = args.report.told.quiet || args.quiet_if_unchanged.is_some();
    let runtime = runtime()?;
    let (report, mut notes) = runtime.block_on(async {
        tokio::spawn(listen(settings.stop.clone()));
        app::check(&settings, &progress(quiet, &settings.secrets)).await.map_err(failed)
    })?;
    let told = args.report.told.redact.apply(&report, &mut notes)?;
    let code = tell([&report, &*told], &mut notes, &outputs, args, &settings, |mail, thread| {
        progress(quiet, &settings.secrets)(Word::Step("mailing the report"));
        let posted = runtime.block_on(async {
            // Who interrupted the run wants its report; who interrupts the mailing, an end.
            let already = settings.stop.is_raised();
            let stopped = async { if already { pending().await } else { settings.stop.raised().await } };
            tokio::select! {
                posted = mailing::post(&settings, mail, &told, thread) => posted,
                () = stopped => Err("the mail was perhaps not sent: it was interrupted".into()),
            }
        });
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
pub(super) async fn listen(stop: Stop) {
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

/// Prints the report as it is told, writes its files and mails it, unless nothing changed in what it is.
fn tell(
    [report, told]: [&Report; 2],
    notes: &mut Vec<String>,
    outputs: &Outputs,
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
    let outcome = match unchanged {
        true => outputs.write_files(told.into()).map(|()| outputs.exit_code(report)),
        false => outputs.finish(told.into(), notes),
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
    let code = outcome?;
    if let Some(path) = state.filter(|_| settled && (!unchanged || thread != before)) {
        state::keep(path, report, thread.as_deref())
            .map_err(|error| (FAULT, format!("{}: {error}", path.display())))?;
    }
    Ok(code)
}
