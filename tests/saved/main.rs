//! What people do with a saved report afterwards, over every scenario of `fixtures/scenarios/`.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
mod hostile;
mod recheck;
mod redact;
mod same;

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
    assert!(all.len() > 50, "{}", all.len());
    // Some beside each other, so that none waits for a processor until it gives up.
    let looked_at = all.into_iter().map(|scenario| async move {
        let (report, _lab) = play(&scenario).await;
        tokio::task::spawn_blocking(move || {
            same::gives_the_same(&scenario.name, &report);
            let file = format!("{}/fixtures/scenarios/{}.toml", env!("CARGO_MANIFEST_DIR"), scenario.name);
            same::named_still(&scenario.name, &report, vec![std::fs::read_to_string(file).unwrap()])
        })
        .await
        .unwrap()
    });
    let wrong: Vec<Vec<String>> = stream::iter(looked_at).buffer_unordered(8).collect().await;
    let wrong = wrong.concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The exit status, standard output and standard error of `nsdiag` with these arguments.
fn nsdiag(args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_nsdiag")).args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}
