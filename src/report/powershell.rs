//! The remedies as a script for PowerShell, and the script that takes them back.
//!
//! The commands are those that the evidence calls for, judged once more: a saved report may have been written by anybody,
//! and what it says that one should run is not believed.
use super::safe;
use crate::app::run_check;
use nsdiag_checks::evidence::SystemKind;
use nsdiag_checks::judge::{Case, Certainty, Finding, Severity, listed};
use nsdiag_checks::remedy::inverse::{Undoes, inverse};
use nsdiag_checks::remedy::order::{self, Turn};
use nsdiag_checks::remedy::quoting::{in_words, powershell};
use nsdiag_checks::remedy::{Command, Remedy, Shell};
use nsdiag_checks::report::Report;
use std::collections::{BTreeMap, BTreeSet};
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
    /// The title of all steps of its remedy.
    of: String,
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
        let says =
            |remedy: &Remedy| own.is_some_and(|own| own.remedies.iter().any(|one| one.lines() == remedy.lines()));
        for remedy in finding.remedies.iter_mut().filter(|remedy| remedy.shell.is_some()) {
            if !says(remedy) {
                remedy.shell = None;
                remedy.title += " (as the file has it; this version of nsdiag does not say so: read it well)";
            }
        }
    }
    findings
}

/// What the script says of a remedy.
enum Part {
    Step(Step),
    /// It is left to a person: why, and the commands.
    Told(String, Vec<Command>),
}

/// The scripts for `report`.
pub fn scripts(report: &Report) -> Scripts {
    let (mut apply, mut undo): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut number = 0;
    let mut synchronised = 0;
    let mut before = String::new();
    for part in named_apart(parts(report)) {
        let step = match part {
            Part::Told(why, commands) => {
                apply.push(told(&why, &commands));
                continue;
            }
            Part::Step(step) => step,
        };
        number += 1;
        apply.push(invoked(number, &step));
        let back = match step.undo.iter().all(Command::is_whole) {
            true if step.undo.is_empty() => told(&format!("{number}. {}: nothing takes it back", step.title), &[]),
            true => taken_back(number, &step),
            false => told(&format!("{number}. {}: fill in, and take it back by hand", step.title), &step.undo),
        };
        if step.of != before {
            (synchronised, before) = (undo.len(), step.of);
        }
        // The last is taken back first, but Edge servers learn it when the rest of the remedy is taken back.
        match step.undo.iter().all(Command::synchronises) && !step.undo.is_empty() {
            true => undo.insert(synchronised, back),
            false => undo.push(back),
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
    // The steps of another report have other numbers, whatever the file is called. It stands in patterns of the script.
    let plain: String = when.chars().filter(|c| !"[]*?`".contains(*c)).collect();
    let run = quoted(&format!("{plain} {}", env!("CARGO_PKG_VERSION")));
    let whole = |head: String, frame: &str, steps: &[String]| {
        let frame = frame.replace("# RUN\n", &format!("$Run = {run}\n"));
        (head + &frame.replace("# STEPS\n", &steps.concat())).replace('\n', "\r\n")
    };
    Scripts {
        apply: whole(about, include_str!("apply.ps1"), &apply),
        undo: whole(back, include_str!("undo.ps1"), &undo),
    }
}

/// What is done, and what is left to a person, in their order.
fn parts(report: &Report) -> Vec<Part> {
    let several = organisations(report);
    let mut all = Vec::new();
    // What is left to a person, and when its turn is: what comes after it may rest on it.
    let mut by_hand: Vec<(Turn, &str)> = Vec::new();
    let findings = judged_again(report);
    for taken in order::steps(&findings) {
        let codes: BTreeSet<&str> = taken.findings.iter().map(|finding| &*finding.code).collect();
        let system = taken.ways[0].system.as_deref().filter(|_| several.len() > 1);
        let codes = listed(&codes.into_iter().collect::<Vec<_>>(), 6)
            + &system.map_or_else(String::new, |system| format!(" for {}", safe(system)));
        let shell = match system {
            Some(system) => format!("it is for {system} alone"),
            None if several.len() > 1 => format!("it is for one of {}", several.join(", ")),
            None => String::new(),
        };
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
                all.push(Part::Told(title, remedy.commands.clone()));
                if place == 0 && remedy.place == "exchange" {
                    by_hand.push((remedy.turn(), &taken.findings[0].code));
                }
                continue;
            }
            let before = by_hand.iter().find(|(turn, _)| *turn < remedy.turn()).map(|(_, code)| *code);
            let title = format!("{codes}, {}", remedy.title);
            for step in steps(remedy, &title, &on_request(&taken, remedy, &shell, before)) {
                if !step.commands.iter().all(Command::is_whole) {
                    let why = "something has to be filled in between < and >";
                    all.push(Part::Told(
                        format!("{}, not done by this script, because {why}", step.title),
                        step.commands,
                    ));
                    by_hand.push((remedy.turn(), &taken.findings[0].code));
                    continue;
                }
                all.push(Part::Step(step));
            }
        }
    }
    all
}

/// The same, where steps of one title also have the names of what they are about: one asks for them by their numbers.
fn named_apart(mut parts: Vec<Part>) -> Vec<Part> {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for part in &parts {
        if let Part::Step(step) = part {
            *times.entry(step.title.clone()).or_default() += 1;
        }
    }
    for part in &mut parts {
        let Part::Step(step) = part else { continue };
        if times[&step.title] > 1 {
            let does = step.commands.iter().find(|one| !one.reads()).unwrap_or(&step.commands[0]);
            let cmdlet = || does.text().split(' ').next().unwrap_or_default();
            step.title = format!("{}: {}", step.title, does.object().unwrap_or_else(cmdlet));
        }
    }
    parts
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

/// The Exchange organisations that the report is about: where there are several, a step is for one of them.
fn organisations(report: &Report) -> Vec<&str> {
    let systems = report.run.settings.systems.iter().filter(|system| system.kind != SystemKind::Other);
    systems.map(|system| &*system.name).collect()
}

/// Why a step is taken on request alone; empty where it is not.
fn on_request(taken: &order::Step, remedy: &Remedy, shell: &str, before: Option<&str>) -> String {
    // Who needs all of it; another finding may need a part of it alone.
    let needs =
        |finding: &&&Finding| order::cure(finding).is_some_and(|cure| cure.commands.len() == remedy.commands.len());
    let whose = || taken.findings.iter().filter(needs);
    match () {
        () if !shell.is_empty() => shell.into(),
        () if before.is_some() => format!("what mends {} is left to you, and comes first", before.unwrap_or_default()),
        () if !whose().any(|finding| finding.certainty == Certainty::Proven) => {
            "it is not proven that this is wrong".into()
        }
        () if whose().all(|finding| finding.severity == Severity::Info) => "this may be meant".into(),
        () => String::new(),
    }
}

/// The steps of a remedy: one for each command that has its own undo, else the whole. What a person has to do before one is
/// why that goes on request alone; what stands before the first is for all.
fn steps(remedy: &Remedy, title: &str, on_request: &str) -> Vec<Step> {
    let once = remedy.title.to_lowercase().split([' ', ',', '.', ';']).any(|word| word == "once");
    let once = once.then_some(remedy.title.as_str());
    let of_all = remedy.commands.first().and_then(Command::first).or(once);
    let step = |commands: &[Command], undo: &[Command]| {
        let first = commands.iter().find_map(Command::first).or(of_all).unwrap_or_default();
        let reasons: Vec<&str> = [on_request, first].into_iter().filter(|why| !why.is_empty()).collect();
        let [commands, undo] = [commands, undo].map(<[_]>::to_vec);
        Step { title: title.into(), of: title.into(), on_request: reasons.join("; "), commands, undo }
    };
    match remedy.pairs() {
        Some(pairs) => pairs.map(|(one, back)| step(one, back)).collect(),
        None => vec![step(&remedy.commands, &remedy.undo)],
    }
}

/// The call that takes a step: what a person has to know is said as well, and which commands are no progress.
fn invoked(number: usize, step: &Step) -> String {
    let [title, on_request] = [&step.title, &step.on_request].map(|words| quoted(words));
    let mut said = BTreeSet::new();
    let remarks = step.commands.iter().flat_map(Command::remarks).filter(|remark| said.insert(*remark));
    let remarks: Vec<String> = remarks.map(|remark| quoted(remark)).collect();
    let reads = step.commands.iter().zip(1..).filter(|(one, _)| one.reads()).map(|(_, at)| at.to_string());
    let given = |name: &str, all: Vec<String>| match &all[..] {
        [] => String::new(),
        all => format!(" -{name} {}", all.join(",")),
    };
    let (remarks, reads) = (given("Remarks", remarks), given("Reads", reads.collect()));
    format!("    Invoke-Step {number} {title} {on_request} {}{remarks}{reads}\n", blocks(&step.commands))
}

/// The call that takes a step back, with the commands that each undo is for.
fn taken_back(number: usize, step: &Step) -> String {
    let of = inverse(&step.commands, &step.undo).into_iter().map(|undoes| match undoes {
        Undoes::Nothing => "reads".into(),
        Undoes::Whole => "whole".into(),
        Undoes::Any(places) => places.iter().map(|at| (at + 1).to_string()).collect::<Vec<_>>().join(" "),
    });
    let of: Vec<String> = of.map(|words: String| quoted(&words)).collect();
    format!("    Invoke-Step {number} {} {} {}\n", quoted(&step.title), blocks(&step.undo), of.join(","))
}

fn blocks(commands: &[Command]) -> String {
    let block = |one: &Command| match one.reads() {
        true => format!("{{ {} }}", one.text()),
        false => format!("{{ {} -WhatIf:$Preview -ErrorAction $OnError }}", one.text()),
    };
    commands.iter().map(block).collect::<Vec<_>>().join(", ")
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
