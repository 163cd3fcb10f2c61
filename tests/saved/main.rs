//! What people do with a saved report afterwards, over every scenario of `fixtures/scenarios/`.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
mod hostile;
mod recheck;

use futures_util::stream::{self, StreamExt};
use nsdiag::app;
use nsdiag::cli::AskArgs;
use nsdiag::commands::check::CheckArgs;
use nsdiag::config::Settings;
use nsdiag_checks::report::Report;
use nsdiag_lab::{Lab, Scenario};
use std::process::Command;

/// Plays `scenario` and runs the whole pipeline against it, as `nsdiag demo` does.
async fn play(scenario: &Scenario) -> (Report, Lab) {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::start(scenario, folder.path()).await.unwrap();
    let args = CheckArgs {
        ask: AskArgs { config: Some(lab.config().to_path_buf()), ..AskArgs::default() },
        ..CheckArgs::default()
    };
    let mut settings = Settings::load(&args).unwrap();
    settings.question.smtp_port = lab.smtp_port();
    (app::check(&settings, &|_| {}).await.unwrap().0, lab)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_every_scenario_leaves_can_be_judged_again() {
    let all = Scenario::all();
    // Some beside each other, so that none waits for a processor until it gives up.
    let played: Vec<_> = stream::iter(all.iter().map(play)).buffered(24).collect().await;
    assert!(played.len() > 50, "{}", played.len());
    for (scenario, (report, _lab)) in all.iter().zip(played) {
        recheck::gives_the_same(&scenario.name, &report);
    }
}

/// The exit status, standard output and standard error of `nsdiag` with these arguments.
fn nsdiag(args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_nsdiag")).args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}
