//! Hostile names in every field that a remedy prints: whatever a directory, an export, a list or a server says, a person
//! pastes the commands that were meant, in each form of the report.
use crate::lines::with_blanks;
use crate::literals::divided;
use crate::value::{Argument, Call};
use crate::variants::variants;
use crate::{play, remedies, shell};
use futures_util::stream::{self, StreamExt};
use nsdiag::app;
use nsdiag::report::powershell::scripts;
use nsdiag::report::{format::View, json, table::table};
use nsdiag_checks::evidence::{Evidence, Question};
use nsdiag_checks::judge::Finding;
use nsdiag_checks::remedy::Remedy;
use nsdiag_checks::remedy::quoting::is_unseen;
use nsdiag_checks::report::{Report, Status};
use nsdiag_lab::Scenario;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What is put into names, and whether a literal can hold it.
const PAYLOADS: [(&str, bool); 9] = [
    ("'|calc|'", true),
    ("\u{2019}|calc.exe|\u{2019}", true),
    ("\u{2018}\u{201a}\u{201b}\u{201c}\u{201d}\u{201e}", true),
    ("\"$(calc)`n;&%PATH%<#@'#>", true),
    ("\u{2013}Confirm \u{2014}x", true),
    ("\r\ncalc\r\n#", false),
    ("\u{202e}x\u{2066}", false),
    ("\0", false),
    ("\u{fffd}", false),
];

/// What is meant where a hostile name makes a directory another one than any scenario's: an object has lost its address, its
/// type or its kind of target.
const ELSEWHERE: [(&str, &[&str]); 3] = [
    ("Set-Mailbox", &["Identity", "EmailAddresses"]),
    ("Set-ADObject", &["Identity", "Replace"]),
    ("Enable-MailContact", &["Identity", "ExternalEmailAddress"]),
];

/// A cmdlet and the names of its parameters, or a program and its options.
type Meant = BTreeSet<(String, Vec<String>)>;

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_run_nothing_but_the_commands_that_were_meant() {
    let all = Scenario::all();
    let played: Vec<_> = stream::iter(all.iter().map(play)).buffered(8).collect().await;
    let reports: Vec<(String, Report)> = all
        .iter()
        .zip(&played)
        .flat_map(|(scenario, (report, _))| {
            variants(report).into_iter().map(|(change, report)| (format!("{}{change}", scenario.name), report))
        })
        .collect();
    let mut meant: Meant = reports
        .iter()
        .flat_map(|(_, report)| all_lines(report))
        .flat_map(|(shell, line)| read(&shell, &line).unwrap().calls)
        .collect();
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_string()).collect();
    meant.extend(ELSEWHERE.iter().map(|(cmdlet, parameters)| ((*cmdlet).to_string(), named(parameters))));
    // Scenarios have the same remedies: each is tried once.
    let mut tried: BTreeSet<(String, String)> = BTreeSet::new();
    let mut held: BTreeMap<bool, BTreeSet<String>> = BTreeMap::new();
    for (name, report) in &reports {
        let fresh: Vec<(String, String)> = remedies(report)
            .filter(|(_, remedy)| remedy.shell.is_some() && (!remedy.proof || takes_a_value(remedy)))
            .map(|(finding, remedy)| (kind(finding, remedy), remedy.title.clone()))
            .filter(|key| !tried.contains(key))
            .collect();
        if fresh.is_empty() {
            continue;
        }
        tried.extend(fresh);
        for value in printed(report) {
            for (payload, quotable) in PAYLOADS {
                let Some(hostile) = with(report, &value, payload) else { continue };
                let what = format!("{name}, {value:?} with {payload:?}");
                for (kind, line) in judged(&hostile, &meant, &what) {
                    let kept = match quotable {
                        true => line.literals.iter().any(|one| one.contains(payload)),
                        false => line.blank,
                    };
                    if kept {
                        held.entry(quotable).or_default().insert(kind);
                    }
                }
            }
        }
    }
    // Each kind of command that takes a value was tried with names that it quotes, and with such that it cannot.
    let kinds: BTreeSet<String> = tried.into_iter().map(|(kind, _)| kind).collect();
    for quotable in [true, false] {
        let never: Vec<_> = kinds.difference(&held[&quotable]).collect();
        assert!(never.is_empty(), "no hostile name got into the commands of {never:?} (quotable: {quotable})");
    }
}

/// What is tried as one: the remedies of a check, or what shows something by the same program beside whatever finding.
fn kind(finding: &Finding, remedy: &Remedy) -> String {
    let program = || remedy.commands.last().and_then(|last| last.text().split(' ').next());
    program().filter(|_| remedy.proof).unwrap_or(&finding.code).into()
}

fn takes_a_value(remedy: &Remedy) -> bool {
    remedy.lines()[0].iter().any(|line| line.contains('\''))
}

/// Every line of `report`'s remedies for a shell, with the shell.
fn all_lines(report: &Report) -> Vec<(String, String)> {
    let of = |remedy: &Remedy| remedy.lines().concat();
    let with_shell = |remedy: &Remedy| {
        let shell = remedy.shell.clone();
        shell
            .into_iter()
            .flat_map(|shell| of(remedy).into_iter().map(move |line| (shell.clone(), line)))
            .collect::<Vec<_>>()
    };
    remedies(report).flat_map(|(_, remedy)| with_shell(remedy)).collect()
}

/// A line as its shell reads it.
struct Read {
    calls: Meant,
    literals: Vec<String>,
    /// Whether the shell refuses it, until what was too hostile is filled in.
    blank: bool,
}

fn read(shell: &str, line: &str) -> Result<Read, String> {
    let blank = line.contains("<see the comment>");
    match shell {
        "powershell" => Ok(Read { calls: called(line)?, literals: divided(line)?.literals, blank }),
        _ if line.starts_with('#') => Ok(Read { calls: Meant::new(), literals: Vec::new(), blank: false }),
        _ => {
            // The words of the line, by the shell itself; what else it would run says something.
            let words = |line: &str| {
                let script = format!("printf '%s\\0' {line}");
                std::process::Command::new("sh").args(["-c", &script]).output().unwrap()
            };
            let filled = filled(line);
            if filled != line {
                let refused = words(line);
                if refused.status.success() || !refused.stdout.is_empty() {
                    return Err("a line with a placeholder runs".into());
                }
            }
            let said = words(&filled);
            let text = String::from_utf8(said.stdout).unwrap();
            let words: Vec<String> = text.split_terminator('\0').map(String::from).collect();
            let odd = !said.status.success() || !said.stderr.is_empty() || line.contains(['\r', '\n']);
            let [program, arguments @ ..] = &words[..] else { return Err("it says nothing".into()) };
            let (options, literals): (Vec<String>, _) =
                arguments.iter().cloned().partition(|word| word.starts_with('-'));
            let calls = Meant::from([(program.clone(), options)]);
            if odd { Err(String::from_utf8_lossy(&said.stderr).into()) } else { Ok(Read { calls, literals, blank }) }
        }
    }
}

/// A line for a POSIX shell with a word in the place of each `(<placeholder>)`, which stands outside quotes.
fn filled(line: &str) -> String {
    let (mut out, mut quoted, mut rest) = (String::new(), false, line);
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '\\' if !quoted => 2,
            '(' if !quoted && rest.starts_with("(<") => {
                out += "placeholder";
                rest = rest.split_once(">)").map_or("", |(_, behind)| behind);
                continue;
            }
            _ => c.len_utf8(),
        };
        quoted ^= c == '\'';
        out += &rest[..length];
        rest = &rest[length..];
    }
    out
}

/// What a line for PowerShell would call.
fn called(line: &str) -> Result<Meant, String> {
    let frame = divided(line)?.frame;
    if frame.is_empty() {
        return Ok(Meant::new());
    }
    let source = with_blanks(&frame);
    let tree = shell::parse(&source)?;
    let statements = tree.root_node().named_child(0).map_or(0, |list| list.named_child_count());
    if statements > 1 {
        return Err("it is more than one statement".into());
    }
    let parameters = |call: Call| {
        let names = call.arguments.into_iter().filter_map(|one| match one {
            // Any object may lie in another domain.
            Argument::Named(name) => Some(name).filter(|name| name != "IgnoreDefaultScope"),
            _ => None,
        });
        (call.name, names.collect())
    };
    Ok(shell::calls(tree.root_node(), &source).into_iter().map(parameters).collect())
}

/// The texts of the evidence that are a part of a command or of what is said before it.
fn printed(report: &Report) -> Vec<String> {
    let lines = all_lines(report);
    let mut literals: Vec<String> =
        lines.iter().flat_map(|(shell, line)| read(shell, line).unwrap().literals).collect();
    literals.extend(lines.into_iter().map(|(_, line)| line).filter(|line| line.starts_with('#')));
    let mut texts = BTreeSet::new();
    for part in parts(report) {
        collect(&part, &mut texts);
    }
    let shown = |text: &String| text.chars().count() > 3 && literals.iter().any(|literal| literal.contains(&**text));
    texts.into_iter().filter(shown).collect()
}

fn parts(report: &Report) -> [Value; 2] {
    [serde_json::to_value(&report.run.settings).unwrap(), serde_json::to_value(&report.evidence).unwrap()]
}

fn collect(value: &Value, texts: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(texts.insert(text.clone())),
        Value::Array(all) => all.iter().for_each(|one| collect(one, texts)),
        Value::Object(all) => all.values().for_each(|one| collect(one, texts)),
        _ => {}
    }
}

/// `report` as it is where `value` has `payload` in it, wherever it stands; none where it is a word of the evidence's own.
fn with(report: &Report, value: &str, payload: &str) -> Option<Report> {
    let start = value.find('=').map_or(1, |at| at + 1);
    let at = value.char_indices().map(|(at, _)| at).find(|at| *at > start).unwrap_or(value.len());
    let changed = format!("{}{payload}{}", &value[..at], &value[at..]);
    let [question, evidence] = parts(report).map(|mut part| {
        replace(&mut part, value, &changed);
        part
    });
    let question: Question = serde_json::from_value(question).ok()?;
    let evidence: Evidence = serde_json::from_value(evidence).ok()?;
    let run = nsdiag_checks::report::Run { settings: question, ..report.run.clone() };
    Some(nsdiag_checks::report::report(&report.tool.version, run, evidence, &app::run_check).0)
}

fn replace(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) => *text = text.replace(from, to),
        Value::Array(all) => all.iter_mut().for_each(|one| replace(one, from, to)),
        Value::Object(all) => all.values_mut().for_each(|one| replace(one, from, to)),
        _ => {}
    }
}

/// Judges `report` in each of its forms; the lines for shells, each with what it is tried as.
fn judged(report: &Report, meant: &Meant, what: &str) -> Vec<(String, Read)> {
    let crashed: Vec<_> = report.checks.iter().filter(|check| check.status == Status::Crashed).collect();
    assert!(crashed.is_empty(), "{what}: {crashed:?}");
    let (table, json): (String, Value) =
        (table(report, &View::of_file(false)), serde_json::from_str(&json(report)).unwrap());
    let mut all = Vec::new();
    for (at, finding) in report.findings.iter().enumerate() {
        for (place, remedy) in finding.remedies.iter().enumerate() {
            let Some(shell) = remedy.shell.as_deref() else { continue };
            for (lines, part) in remedy.lines().into_iter().zip(["commands", "undo"]) {
                for line in &lines {
                    let read = read(shell, line).unwrap_or_else(|why| panic!("{what}: {why}: {line}"));
                    let other: Vec<_> = read.calls.difference(meant).collect();
                    assert!(other.is_empty(), "{what}: {other:?} in {line}");
                    all.push((kind(finding, remedy), read));
                }
                assert_eq!(json["findings"][at]["remedies"][place][part], serde_json::json!(lines), "{what}");
                let block: String = lines.iter().map(|line| format!("          {line}\n")).collect();
                // Of two findings with one cure the remedy of one is printed, with its own comments between the lines.
                let shared = report.findings.iter().enumerate().any(|(other, one)| {
                    other != at && one.remedies.iter().any(|one| one.order.is_some() && one.order == remedy.order)
                });
                let each = || lines.iter().all(|line| table.contains(&format!("          {line}\n")));
                assert!(
                    table.contains(&block) || shared && each(),
                    "{what}: the table has another block than\n{block}"
                );
            }
        }
    }
    let scripts = scripts(report);
    script(&scripts.apply, include_str!("../../src/report/apply.ps1"), meant, what);
    script(&scripts.undo, include_str!("../../src/report/undo.ps1"), meant, what);
    all
}

/// That a script is its frame, comments, and steps that call what was meant.
fn script(text: &str, frame: &str, meant: &Meant, what: &str) {
    let mut frame = frame.lines().filter(|line| !["# RUN", "# STEPS"].contains(line));
    for (number, line) in text.split_terminator("\r\n").enumerate() {
        assert!(!line.contains(is_unseen), "{what}: {line:?}");
        // What it is about, and what is not run.
        if number == 0 || line.starts_with("    #") {
            assert!(line.trim_start().starts_with("# "), "{what}: {line}");
            continue;
        }
        if line.starts_with("$Run = ") {
            assert_eq!(divided(line).map(|it| it.frame), Ok("$Run = '0'".into()), "{what}");
            continue;
        }
        if !line.starts_with("    Invoke-Step ") {
            assert_eq!(Some(line), frame.next(), "{what}");
            continue;
        }
        let called = called(line.trim_start()).unwrap_or_else(|why| panic!("{what}: {why}: {line}"));
        for (name, mut parameters) in called {
            parameters.retain(|one| !["WhatIf", "ErrorAction"].contains(&&**one));
            assert!(
                name == "Invoke-Step" || meant.contains(&(name.clone(), parameters.clone())),
                "{what}: {name} {parameters:?}"
            );
        }
    }
    assert_eq!(frame.next(), None, "{what}");
}
