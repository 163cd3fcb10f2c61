//! The remedies as a script for PowerShell, and the script that takes them back.
//!
//! The commands are those that the evidence calls for, judged once more: a saved report may have been written by anybody,
//! and what it says that one should run is not believed.
use crate::app::run_check;
use nsdiag_checks::evidence::SystemKind;
use nsdiag_checks::judge::{Case, Certainty, Finding, Severity};
use nsdiag_checks::remedy::quoting::{in_words, powershell};
use nsdiag_checks::remedy::{Command, Remedy, Shell};
use nsdiag_checks::report::Report;
use std::path::{Path, PathBuf};

/// Windows PowerShell takes a file without it for one in the system's old encoding (about_Character_Encoding).
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// What does the remedies of a report, and what takes them back.
#[derive(Debug)]
pub struct Scripts {
    /// Does them.
    pub apply: String,
    /// Takes them back.
    pub undo: String,
}

/// The file beside `path` for the script that takes back what the one there does.
pub fn beside(path: &Path) -> PathBuf {
    path.with_extension("undo.ps1")
}

/// One thing that is done whole or not at all.
struct Step {
    title: String,
    /// Why it is done on request alone; empty where it is not.
    on_request: String,
    commands: Vec<Command>,
    undo: Vec<Command>,
}

/// The scripts for `report`.
pub fn scripts(report: &Report) -> Scripts {
    let several = organisations(report);
    let (mut apply, mut undo) = (Vec::new(), Vec::new());
    let mut number = 0;
    let mut known: Vec<String> = Vec::new();
    for finding in judged_again(report) {
        let code = &finding.code;
        let powershell = |(_, one): &(usize, &Remedy)| one.shell.as_deref() == Some(Shell::PowerShell.word());
        let changes = |one: &&Remedy| one.shell.is_none() || !one.commands.iter().all(Command::reads);
        // The first may be one in words.
        for (place, remedy) in finding.remedies.iter().filter(changes).enumerate().filter(powershell) {
            let aside = match (place, &*remedy.place) {
                (0, "exchange") => None,
                (0, elsewhere) => Some(format!("it is done elsewhere ({elsewhere})")),
                _ => Some("it is another way than the first".into()),
            };
            if let Some(why) = aside {
                apply.push(told(
                    &format!("{code}, not done by this script, because {why}: {}", remedy.title),
                    &remedy.commands,
                ));
                continue;
            }
            for step in steps(&finding, remedy, &several) {
                let text: String = step.commands.iter().map(|one| format!("{}\n", one.text())).collect();
                // Two findings with one cure.
                if known.contains(&text) {
                    continue;
                }
                known.push(text);
                if !step.commands.iter().all(Command::is_whole) {
                    let why = "something has to be filled in between < and >";
                    apply
                        .push(told(&format!("{}, not done by this script, because {why}", step.title), &step.commands));
                    continue;
                }
                number += 1;
                apply.push(invoked(number, &step.title, &step.on_request, &step.commands));
                undo.push(match step.undo.iter().all(Command::is_whole) {
                    true if step.undo.is_empty() => {
                        told(&format!("{number}. {}: nothing takes it back", step.title), &[])
                    }
                    true => invoked(number, &step.title, "", &step.undo),
                    false => told(&format!("{number}. {}: fill in, and take it back by hand", step.title), &step.undo),
                });
            }
        }
    }
    undo.reverse();
    if number == 0 {
        apply.push("    # Nothing is left for this script to do.\n".into());
    }
    let when = &report.run.started_at;
    let [about, back] = ["What mends it", "What takes back what was done"].map(|what| {
        let words = format!("{what} for {}, by what nsdiag {} saw at {when}.", report.domain, report.tool.version);
        format!("# {}\n", in_words(&words))
    });
    // The steps of another report have other numbers, whatever the file is called.
    let run = quoted(&format!("{when} {}", env!("CARGO_PKG_VERSION")));
    let whole = |head: String, frame: &str, steps: &[String]| {
        let frame = frame.replace("# RUN\n", &format!("$Run = {run}\n"));
        (head + &frame.replace("# STEPS\n", &steps.concat())).replace('\n', "\r\n")
    };
    Scripts {
        apply: whole(about, include_str!("apply.ps1"), &apply),
        undo: whole(back, include_str!("undo.ps1"), &undo),
    }
}

/// The findings of `report` that its evidence still yields, with their remedies in full.
fn judged_again(report: &Report) -> Vec<Finding> {
    let case = Case::new(&report.run.settings, &report.evidence);
    let mut found: Vec<Finding> = Vec::new();
    for (_, check) in nsdiag_checks::checks() {
        if report.findings.iter().any(|finding| finding.code == check.code) {
            found.extend(run_check(check, &case).map_or_else(|_| Vec::new(), |notes| notes.findings));
        }
    }
    let again = |told: &Finding| {
        found
            .iter()
            .find(|one| one.code == told.code && one.subjects == told.subjects && one.detail == told.detail)
            .cloned()
    };
    report.findings.iter().filter_map(again).collect()
}

/// The Exchange organisations that the report is about, in words, where there are several: a step is for one of them.
fn organisations(report: &Report) -> String {
    let systems = report.run.settings.systems.iter().filter(|system| system.kind != SystemKind::Other);
    let names: Vec<&str> = systems.map(|system| &*system.name).collect();
    if names.len() > 1 { format!("it is for one of {}", names.join(", ")) } else { String::new() }
}

/// The steps of a remedy: one for each command that has its own undo, else the whole.
fn steps(finding: &Finding, remedy: &Remedy, several: &str) -> Vec<Step> {
    let title = format!("{}, {}", finding.code, remedy.title);
    let on_request = match (finding.severity, finding.certainty) {
        _ if !several.is_empty() => several.to_string(),
        (_, Certainty::Likely | Certainty::Inconclusive) => "it is not proven that this is wrong".into(),
        (Severity::Info, _) => "this may be meant".into(),
        _ => String::new(),
    };
    let step = |commands, undo| Step { title: title.clone(), on_request: on_request.clone(), commands, undo };
    match remedy.pairs() {
        Some(pairs) => pairs.map(|(one, back)| step(one.to_vec(), back.to_vec())).collect(),
        None => vec![step(remedy.commands.clone(), remedy.undo.clone())],
    }
}

fn invoked(number: usize, title: &str, on_request: &str, commands: &[Command]) -> String {
    let remarks: String = commands.iter().flat_map(Command::remarks).map(|one| format!("    # {one}\n")).collect();
    let [title, on_request] = [title, on_request].map(quoted);
    let blocks: Vec<String> = commands
        .iter()
        .map(|one| match one.reads() {
            true => format!("{{ {} }}", one.text()),
            false => format!("{{ {} -WhatIf:$Preview -ErrorAction $OnError }}", one.text()),
        })
        .collect();
    format!("{remarks}    Invoke-Step {number} {title} {on_request} {}\n", blocks.join(", "))
}

/// Words for people as a literal.
fn quoted(words: &str) -> String {
    powershell(&in_words(words)).expect("what cannot be quoted is written out")
}

/// What is not run: a comment, whatever its commands are.
fn told(why: &str, commands: &[Command]) -> String {
    let lines = commands.iter().flat_map(Command::lines).map(|line| format!("    #   {line}\n"));
    format!("    # {}\n{}", in_words(why), lines.collect::<String>())
}
