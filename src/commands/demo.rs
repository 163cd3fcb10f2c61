//! `nsdiag demo`: the main job against an embedded lab.
use super::outputs::Outputs;
use super::{FAULT, Outcome, USAGE, check::CheckArgs, failed, print, progress, runtime};
use crate::cli::{AskArgs, ReportArgs};
use crate::config::Settings;
use crate::{app, border, demo};
use clap::Args;
use std::io::ErrorKind;

/// What `demo` takes.
#[derive(Args, Clone, Debug)]
pub struct DemoArgs {
    /// The scenario: a name, which --list shows, or a file (its name ends in .toml or has a / in it)
    #[arg(default_value = "broken-gateway")]
    pub scenario: String,
    /// List the scenarios
    #[arg(long)]
    pub list: bool,
    /// What becomes of the report
    #[command(flatten)]
    pub report: ReportArgs,
}

/// Plays a scenario and looks at it.
///
/// # Errors
/// With the exit status, in words.
pub fn run(args: &DemoArgs) -> Outcome {
    if args.list {
        let line = |scenario: nsdiag_lab::Scenario| format!("{:29} {}\n", scenario.name, scenario.summary);
        return print(&nsdiag_lab::Scenario::all().into_iter().map(line).collect::<String>());
    }
    let scenario = demo::scenario(&args.scenario).map_err(|wrong| (USAGE, wrong))?;
    let outputs = Outputs::of(&args.report.told, None)?;
    let folder = tempfile::tempdir().map_err(|error| (FAULT, error.to_string()))?;
    let (report, mut notes) = runtime()?.block_on(async {
        let lab = nsdiag_lab::Lab::start(&scenario, folder.path()).await.map_err(|error| match error.kind() {
            ErrorKind::InvalidInput => (USAGE, format!("{}: {error}", args.scenario)),
            _ => (FAULT, format!("the lab cannot start on loopback: {error}")),
        })?;
        let check = CheckArgs {
            ask: AskArgs { config: Some(lab.config().to_path_buf()), ..AskArgs::default() },
            report: args.report.clone(),
            ..CheckArgs::default()
        };
        let mut settings = Settings::load(&check).map_err(|error| (USAGE, error.0))?;
        settings.question.smtp_port = lab.smtp_port();
        app::check(&settings, &progress(args.report.told.quiet, &settings.secrets)).await.map_err(failed)
    })?;
    // How the lab's own lists are written is nobody's question.
    let read = report.evidence.files.iter().filter_map(|list| app::read_note(list, &report.domain));
    let read: Vec<String> = read.collect();
    notes.retain(|note| !read.contains(note));
    let told = args.report.told.redact.apply(&report, &mut notes)?;
    let code = outputs.finish((&*told).into(), &notes)?;
    let differences = scenario.expect.map_or(vec![], |expect| demo::differences(&report, &expect));
    differences.iter().for_each(|line| border::tell(line));
    Ok(code)
}
