//! Scenarios of the embedded lab: which one is meant, and how a report differs from what its author expects.
use crate::report::words::word;
use nsdiag_checks::report::Report;
use nsdiag_lab::{Expect, Scenario};
use std::collections::BTreeMap;
use std::path::{MAIN_SEPARATOR, Path};

/// The scenario of that name, or in that file: what ends in `.toml` or has a path's separator in it is a file.
///
/// # Errors
/// In words, with the file, the line, the column and the key where a file is no scenario.
pub fn scenario(named: &str) -> Result<Scenario, String> {
    if named.ends_with(".toml") || named.contains(['/', MAIN_SEPARATOR]) {
        let text = std::fs::read_to_string(Path::new(named)).map_err(|error| format!("{named}: {error}"))?;
        return Scenario::parse(&text).map_err(|wrong| format!("{named}:{wrong}"));
    }
    Scenario::named(named).ok_or_else(|| {
        let near = match Scenario::like(named) {
            near if near.is_empty() => String::new(),
            near => format!("; the nearest are {}", near.join(", ")),
        };
        format!("no scenario '{named}'{near}; `nsdiag demo --list` shows all, and a file's name ends in .toml")
    })
}

/// The findings, each as `code severity certainty subject …`; a hop is its role and host.
pub fn findings(report: &Report) -> Vec<String> {
    let line = |finding: &nsdiag_checks::judge::Finding| {
        let subjects = finding.subjects.iter().map(|subject| match subject.value.rsplit_once('/') {
            Some((hop, _)) => format!(" {hop}"),
            None => format!(" {}", subject.value),
        });
        let subjects: String = subjects.collect();
        format!("{} {} {}{subjects}", finding.code, word(&finding.severity), word(&finding.certainty))
    };
    report.findings.iter().map(line).collect()
}

/// The diagnosis of each recipient.
pub fn recipients(report: &Report) -> BTreeMap<String, String> {
    report.recipients.iter().map(|one| (one.address.clone(), one.diagnosis.word().to_string())).collect()
}

/// What the report says otherwise than expected, a line each.
pub fn differences(report: &Report, expect: &Expect) -> Vec<String> {
    let mut all = Vec::new();
    let (verdict, exit) = (report.verdict.word(), report.exit_code);
    if let Some(wanted) = expect.verdict.as_deref().filter(|wanted| *wanted != verdict) {
        all.push(format!("the verdict is {verdict}, and {wanted} is expected"));
    }
    if let Some(wanted) = expect.exit.filter(|wanted| *wanted != exit) {
        all.push(format!("the exit status is {exit}, and {wanted} is expected"));
    }
    if let Some(wanted) = &expect.findings {
        let found = findings(report);
        all.extend(wanted.iter().filter(|line| !found.contains(line)).map(|line| format!("missing: {line}")));
        all.extend(found.iter().filter(|line| !wanted.contains(line)).map(|line| format!("not expected: {line}")));
        if all.is_empty() && found != *wanted {
            all.push(format!("the findings come in another order: {}", found.join("; ")));
        }
    }
    if let Some(wanted) = &expect.recipients {
        let found = recipients(report);
        let names: std::collections::BTreeSet<&String> = found.keys().chain(wanted.keys()).collect();
        let said = |all: &BTreeMap<String, String>, name| all.get(name).map_or("absent".to_string(), Clone::clone);
        // Exchange's own people are asked for too: whose mail arrives needs no word.
        let arrives = |name: &String| found.get(name).is_some_and(|said| said == "delivered");
        let unnamed = |name: &String| !wanted.contains_key(name) && arrives(name);
        let other = names.into_iter().filter(|name| found.get(*name) != wanted.get(*name) && !unnamed(name));
        all.extend(
            other.map(|name| format!("{name} is {}, and {} is expected", said(&found, name), said(wanted, name))),
        );
    }
    all
}
