//! How a report is shown: that all formats say the same, that the table fits where it is shown, and how it looks.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
#[path = "renderings/agree.rs"]
mod agree;
#[path = "renderings/layout.rs"]
mod layout;
#[path = "own/steady.rs"]
mod steady;

use agree::{disagreements, of_format};
use nsdiag::app;
use nsdiag::cli::AskArgs;
use nsdiag::commands::check::CheckArgs;
use nsdiag::config::Settings;
use nsdiag::report::format::{Format, View};
use nsdiag::report::table::{self, table};
use nsdiag_checks::judge::{Certainty, Severity};
use nsdiag_checks::report::{Report, Verdict};
use nsdiag_lab::{Lab, Scenario};
use serde_json::Value;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Plays the scenario of that name; the report is what any run of it gives.
async fn played(name: &str) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::start(&Scenario::named(name).unwrap(), folder.path()).await.unwrap();
    let args = CheckArgs {
        ask: AskArgs { config: Some(lab.config().to_path_buf()), ..AskArgs::default() },
        ..CheckArgs::default()
    };
    let mut settings = Settings::load(&args).unwrap();
    settings.question.smtp_port = lab.smtp_port();
    let (mut report, _) = app::check(&settings, &|_| {}).await.unwrap();
    report.run.started_at = "2026-11-24T12:00:00Z".into();
    report.run.duration_ms = 1000;
    report.run.vantage.hostname = "adm01".into();
    let mut value = serde_json::to_value(&report).unwrap();
    steadied(&mut value, folder.path(), lab.smtp_port());
    serde_json::from_value(value).unwrap()
}

/// Before it is rendered: what differs from run to run differs in length, too.
fn steadied(value: &mut Value, folder: &Path, port: u16) {
    match value {
        Value::String(text) => {
            *text = steady::steady(&text.replace(&*folder.to_string_lossy(), "lab"), port);
        }
        Value::Array(all) => all.iter_mut().for_each(|one| steadied(one, folder, port)),
        Value::Object(all) => all.values_mut().for_each(|one| steadied(one, folder, port)),
        _ => {}
    }
}

/// The table with something that goes wrong before it.
type Broken = fn(&Report, &View, &mut dyn Write) -> io::Result<()>;

fn with(report: &Report, view: &View, out: &mut dyn Write, wrong: impl FnOnce(&mut Report)) -> io::Result<()> {
    let mut report = report.clone();
    wrong(&mut report);
    (table::FORMAT.write)(&report, view, out)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_format_that_says_something_else_is_found_out() {
    // Two findings that are critical, two for information; one is likely, and one has many subjects.
    let report = played("list-of-40").await;
    assert_eq!(disagreements(&report), [""; 0]);
    let cases: [(Broken, &str); 8] = [
        (|r, v, out| with(r, v, out, |r| drop(r.findings.pop())), "NSD420"),
        (|r, v, out| with(r, v, out, |r| drop(r.findings.drain(..1))), "NSD401"),
        (|r, v, out| with(r, v, out, |r| r.findings[1].severity = Severity::Info), "NSD401, finding 1, is not said"),
        (
            |r, v, out| with(r, v, out, |r| r.findings.iter_mut().for_each(|one| one.certainty = Certainty::Proven)),
            "NSD420, finding 3, is not said",
        ),
        (|r, v, out| with(r, v, out, |r| drop(r.findings[0].subjects.pop())), "subject-21-of-0.example"),
        (|r, v, out| with(r, v, out, |r| r.findings.reverse()), ""),
        (|r, v, out| with(r, v, out, |r| r.verdict = Verdict::Ok), "the verdict is not said"),
        // What is folded is not all.
        (|r, _, out| out.write_all(table(r, &View::of_file(false)).as_bytes()), "is not named"),
    ];
    for (at, (write, expected)) in cases.into_iter().enumerate() {
        let wrong = of_format(&Format { name: "broken", write, ..table::FORMAT }, &report);
        match expected {
            // The order is a format's own.
            "" => assert_eq!(wrong, [""; 0], "{at}"),
            _ => assert!(wrong.iter().any(|said| said.contains(expected)), "{at}: {expected}: {wrong:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_of_six_scenarios_are_those_that_were_looked_at() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/tables"));
    let mut other = Vec::new();
    for name in ["broken-gateway", "healthy", "list-of-40", "mx-hosts-disagree", "no-rights", "two-forests-loop"] {
        let report = played(name).await;
        for width in [60, 80, 120] {
            let path = folder.join(format!("{name}.{width}.txt"));
            let shown = table(&report, &View { width, ..View::of_file(false) });
            if std::env::var_os("UPDATE_TABLES").is_some() {
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(&path, &shown).unwrap();
            }
            let known = std::fs::read_to_string(&path).unwrap_or_default();
            if known != shown {
                let differs = known.lines().zip(shown.lines()).find(|(one, other)| one != other);
                other.push(format!("{}: {differs:?}", path.display()));
            }
        }
    }
    assert_eq!(other, [""; 0], "UPDATE_TABLES=1 cargo test --test renderings writes them anew; look at them then");
}
