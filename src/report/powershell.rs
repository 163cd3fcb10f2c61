//! The remedies as a script for PowerShell, and the script that takes them back.
//!
//! The commands are those that the evidence calls for, judged once more: a saved report may have been written by anybody,
//! and what it says that one should run is not believed.
use super::whose;
use crate::app::run_check;
use nsdiag_checks::evidence::SystemKind;
use nsdiag_checks::judge::{Case, Certainty, Finding, Severity, listed};
use nsdiag_checks::remedy::order::{self, Turn};
use nsdiag_checks::remedy::quoting::{in_words, powershell};
use nsdiag_checks::remedy::{Command, Remedy, Shell, lines};
use nsdiag_checks::report::Report;
use std::collections::BTreeSet;
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

/// The findings of a saved report, for people: what of its remedies this version does not say to its evidence may be anybody's,
/// and is no command to paste.
pub fn doubted(report: &Report) -> Vec<Finding> {
    let again = judged_again(report);
    let mut findings = report.findings.clone();
    for finding in &mut findings {
        let own = again.iter().find(|one| one.code == finding.code && one.detail == finding.detail);
        let says = |remedy: &Remedy| {
            let same = |one: &&Remedy| {
                lines(&one.commands) == lines(&remedy.commands) && lines(&one.undo) == lines(&remedy.undo)
            };
            own.is_some_and(|own| own.remedies.iter().any(|one| same(&one)))
        };
        for remedy in finding.remedies.iter_mut().filter(|remedy| remedy.shell.is_some()) {
            if !says(remedy) {
                remedy.shell = None;
                remedy.title += " (as the file has it; this version of nsdiag does not say so: read it well)";
            }
        }
    }
    findings
}

/// The scripts for `report`.
pub fn scripts(report: &Report) -> Scripts {
    let several = organisations(report);
    let (mut apply, mut undo) = (Vec::new(), Vec::new());
    let mut number = 0;
    // What is left to a person, and when its turn is: what comes after it may rest on it.
    let mut by_hand: Vec<(Turn, &str)> = Vec::new();
    let findings = judged_again(report);
    for taken in order::steps(&findings) {
        let codes: BTreeSet<&str> = taken.findings.iter().map(|finding| &*finding.code).collect();
        let codes = listed(&codes.into_iter().collect::<Vec<_>>(), 6) + &whose(report, taken.ways[0]);
        for (place, remedy) in taken.ways.iter().enumerate() {
            let is_for_us = remedy.shell.as_deref() == Some(Shell::PowerShell.word());
            let aside = match (place, &*remedy.place) {
                (0, _) if remedy.shell.is_none() => Some(format!("it is done by hand ({})", remedy.place)),
                (0, "exchange") if is_for_us => None,
                (0, elsewhere) => Some(format!("it is done elsewhere ({elsewhere})")),
                _ if is_for_us => Some("it is another way than the first".into()),
                _ => continue,
            };
            if let Some(why) = aside {
                let title = format!("{codes}, not done by this script, because {why}: {}", remedy.title);
                apply.push(told(&title, &remedy.commands));
                if place == 0 && remedy.place == "exchange" {
                    by_hand.push((remedy.turn(), &taken.findings[0].code));
                }
                continue;
            }
            let before = by_hand.iter().find(|(turn, _)| *turn < remedy.turn()).map(|(_, code)| *code);
            let title = format!("{codes}, {}", remedy.title);
            for step in steps(remedy, &title, &on_request(&taken, remedy, &several, before)) {
                if !step.commands.iter().all(Command::is_whole) {
                    let why = "something has to be filled in between < and >";
                    apply
                        .push(told(&format!("{}, not done by this script, because {why}", step.title), &step.commands));
                    by_hand.push((remedy.turn(), &taken.findings[0].code));
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
    let mut again: Vec<Finding> = report.findings.iter().filter_map(again).collect();
    case.arrange(&mut again);
    again
}

/// The Exchange organisations that the report is about, in words, where there are several: a step is for one of them.
fn organisations(report: &Report) -> String {
    let systems = report.run.settings.systems.iter().filter(|system| system.kind != SystemKind::Other);
    let names: Vec<&str> = systems.map(|system| &*system.name).collect();
    if names.len() > 1 { format!("it is for one of {}", names.join(", ")) } else { String::new() }
}

/// Why a step is taken on request alone; empty where it is not.
fn on_request(taken: &order::Step, remedy: &Remedy, several: &str, before: Option<&str>) -> String {
    // Who needs all of it; another finding may need a part of it alone.
    let needs =
        |finding: &&&Finding| order::cure(finding).is_some_and(|cure| cure.commands.len() == remedy.commands.len());
    let whose = || taken.findings.iter().filter(needs);
    match () {
        () if !several.is_empty() => several.into(),
        () if before.is_some() => format!("what mends {} is left to you, and comes first", before.unwrap_or_default()),
        () if !whose().any(|finding| finding.certainty == Certainty::Proven) => {
            "it is not proven that this is wrong".into()
        }
        () if whose().all(|finding| finding.severity == Severity::Info) => "this may be meant".into(),
        () => String::new(),
    }
}

/// The steps of a remedy: one for each command that has its own undo, else the whole.
fn steps(remedy: &Remedy, title: &str, on_request: &str) -> Vec<Step> {
    let step = |commands, undo| Step { title: title.into(), on_request: on_request.into(), commands, undo };
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
    let safe = |command: &Command, line: String| if command.is_step() { in_words(&line) } else { line };
    let lines = commands.iter().flat_map(|one| one.lines().map(|line| format!("    #   {}\n", safe(one, line))));
    format!("    # {}\n{}", in_words(why), lines.collect::<String>())
}
