//! A remedy tried: held against the table of cmdlets, run on a stub of the system that it is for, judged by the model as the
//! stub is then, and taken back.
use crate::cmdlets::{Cmdlet, Version};
use crate::held::BLANK;
use crate::lines::{commands, faults, is_blank, only_reads, with_blanks};
use crate::shell::{self, Shell, Stop};
use crate::stub::Exchange;
use nsdiag::app;
use nsdiag_checks::evidence::{Evidence, SystemKind};
use nsdiag_checks::judge::Finding;
use nsdiag_checks::remedy::{Command, Remedy};
use nsdiag_checks::report::Report;
use std::collections::{BTreeMap, BTreeSet};

/// The Exchange systems that `finding` may be about, each with the versions that it may be of: those whose directory it rests
/// on, else all.
fn environments(report: &Report, finding: &Finding) -> Vec<(String, Vec<Version>)> {
    let rests = |system: &str| {
        finding.evidence.iter().any(|pointer| {
            let at = pointer
                .strip_prefix("/evidence/directories/")
                .and_then(|rest| rest.split('/').next()?.parse::<usize>().ok());
            at.is_some_and(|at| report.evidence.directories[at].system == system)
        })
    };
    let exchange = || report.run.settings.systems.iter().filter(|system| system.kind != SystemKind::Other);
    let about: Vec<_> = exchange().filter(|system| rests(&system.name)).collect();
    let about = if about.is_empty() { exchange().collect() } else { about };
    about
        .into_iter()
        .map(|system| {
            let versions = match system.kind {
                SystemKind::ExchangeOnline => vec![Version::Online],
                _ => versions(&report.evidence, &system.name),
            };
            (system.name.clone(), versions)
        })
        .collect()
}

/// The versions that `system` may be of. Exchange 2019 and SE are both 15.2 (Exchange Server build numbers and release dates).
fn versions(evidence: &Evidence, system: &str) -> Vec<Version> {
    let of_it = evidence.directories.iter().filter(|directory| directory.system == system);
    let servers = of_it.filter_map(|directory| directory.organisation.known()).filter_map(|one| one.servers.known());
    let mut all = BTreeSet::new();
    for server in servers.flatten() {
        let words = server.version.as_deref().unwrap_or_default();
        match words.strip_prefix("Version 15.").map(|rest| &rest[..1]) {
            Some("0") => all.extend([Version::V2013]),
            Some("1") => all.extend([Version::V2016]),
            Some("2") => all.extend([Version::V2019, Version::Se]),
            _ => all.extend(Version::ON_PREMISES),
        }
    }
    if all.is_empty() { Version::ON_PREMISES.to_vec() } else { all.into_iter().collect() }
}

/// What is wrong with `remedy`, if it fits none of the systems that it may be for: with the one that it fits best.
pub fn wrong(report: &Report, finding: &Finding, remedy: &Remedy, table: &BTreeMap<String, Cmdlet>) -> Vec<String> {
    let environments = environments(report, finding);
    let alone = environments.len() == 1;
    let all = environments.iter().map(|(system, versions)| {
        let trial = Trial { report, finding, remedy, table, system, versions, alone };
        match remedy.shell.as_deref() {
            Some("powershell") => trial.in_powershell(),
            Some("sh") => trial.in_sh(),
            Some(other) => vec![format!("nobody knows the shell {other}")],
            None => trial.in_words(),
        }
    });
    all.min_by_key(Vec::len).unwrap_or_default()
}

/// A remedy, and the system that it is tried on.
struct Trial<'a> {
    report: &'a Report,
    finding: &'a Finding,
    remedy: &'a Remedy,
    table: &'a BTreeMap<String, Cmdlet>,
    system: &'a str,
    versions: &'a [Version],
    /// Whether the finding is about no other system.
    alone: bool,
}

impl Trial<'_> {
    fn in_powershell(&self) -> Vec<String> {
        let [done, undone] = [&self.remedy.commands, &self.remedy.undo].map(|all| texts(all));
        let mut all = Vec::new();
        for (lines, what) in [(&done, "command"), (&undone, "undo")] {
            for line in commands(lines) {
                let faults = faults(line, self.table, self.versions);
                all.extend(faults.into_iter().map(|fault| format!("{what} {line}: {fault}")));
            }
        }
        let changes = done.iter().any(|line| !only_reads(line));
        if changes && undone.is_empty() && !self.says_that_it_stays() {
            all.push("no undo, and it does not say that it cannot be undone".into());
        }
        let renews = ["Start-EdgeSynchronization", "Update-", "Retry-", "Restart-", "Get-"];
        for line in done.iter().filter(|line| undone.contains(line)) {
            if !renews.iter().any(|one| line.starts_with(one)) {
                all.push(format!("its undo does the same again: {line}"));
            }
        }
        if all.is_empty() && self.remedy.place == "exchange" && changes {
            all.extend(self.on_a_stub(&done, &undone));
        }
        all
    }

    /// Whether it says that nothing takes it back.
    fn says_that_it_stays(&self) -> bool {
        let remarks = self.remedy.commands.iter().chain(&self.remedy.undo).flat_map(Command::remarks);
        let lines = texts(&self.remedy.commands).into_iter().filter(|line| line.starts_with('#'));
        let mut said = [&*self.remedy.title].into_iter().chain(remarks.map(|one| &**one)).chain(lines);
        said.any(|text| text.contains("cannot be undone") || text.contains("cannot be taken back"))
    }

    /// What goes wrong where the commands and then their undo are pasted to a stub of the system.
    fn on_a_stub(&self, done: &[&str], undone: &[&str]) -> Vec<String> {
        let mut exchange = Exchange::of(&self.report.evidence, self.system, self.table, self.versions);
        let before = exchange.objects.clone();
        if let Err(stop) = pasted(done, &mut exchange) {
            return vec![format!("the stub says to {}: {stop:?}", done.join(" | "))];
        }
        if exchange.objects == before {
            return vec![format!("it changes nothing that was not so before: {}", done.join(" | "))];
        }
        let mut all = self.judged(&exchange);
        // An object that is yet to be named cannot be found again.
        if self.says_that_it_stays() || undone.iter().any(|line| is_blank(line)) {
            return all;
        }
        if let Err(stop) = pasted(undone, &mut exchange) {
            all.push(format!("the stub says to the undo {}: {stop:?}", undone.join(" | ")));
            return all;
        }
        for key in before.keys().chain(exchange.objects.keys()).collect::<BTreeSet<_>>() {
            match (before.get(key), exchange.objects.get(key)) {
                (Some(was), Some(is)) => {
                    for name in was.keys().chain(is.keys()).collect::<BTreeSet<_>>() {
                        let (was, is) = (was.get(name), is.get(name));
                        if was != is {
                            all.push(format!("after the undo {name} of {} is {is:?}, and was {was:?}", key.1));
                        }
                    }
                }
                (None, _) => all.push(format!("after the undo {} {} is still there", key.0, key.1)),
                (_, None) => all.push(format!("after the undo {} {} is gone", key.0, key.1)),
            }
        }
        all
    }

    /// The model's verdict on the system as `exchange` is now: whether the finding is still there, or another has come. What
    /// hops said before cannot tell, so a finding that rests on that is not looked at.
    fn judged(&self, exchange: &Exchange) -> Vec<String> {
        let of_directories =
            |finding: &Finding| finding.evidence.iter().all(|pointer| pointer.starts_with("/evidence/directories/"));
        if !self.alone || !of_directories(self.finding) {
            return Vec::new();
        }
        let mut evidence = self.report.evidence.clone();
        exchange.shown_in(&mut evidence, self.system);
        let (version, run) = (&self.report.tool.version, self.report.run.clone());
        let after = nsdiag_checks::report::report(version, run, evidence, &[], &app::run_check).0;
        let same = |one: &&Finding| one.code == self.finding.code && one.subjects == self.finding.subjects;
        let mut all = Vec::new();
        if after.findings.iter().any(|one| same(&one)) {
            let calls: Vec<String> = exchange.calls.iter().map(|(name, bound)| format!("{name} {bound:?}")).collect();
            all.push(format!("the finding is still there after {}", calls.join("; ")));
        }
        let known: BTreeSet<&str> = self.report.findings.iter().map(|one| &*one.code).collect();
        for one in after.findings.iter().filter(|one| !known.contains(&*one.code)) {
            all.push(format!("with it comes {}: {}", one.code, one.detail));
        }
        all
    }

    fn in_sh(&self) -> Vec<String> {
        let mut all = Vec::new();
        for line in self
            .remedy
            .commands
            .iter()
            .chain(&self.remedy.undo)
            .map(Command::text)
            .filter(|line| !line.starts_with('#'))
        {
            let mut words = line.split_whitespace().filter(|word| *word != "sudo");
            let name = words.next().unwrap_or_default();
            match self.table.get(name).filter(|program| program.is_program) {
                None => all.push(format!("{line}: the program {name} is not in fixtures/cmdlets.tsv")),
                Some(program) => {
                    let odd = words.filter(|word| word.starts_with(['-', '+']) && program.parameter(word).is_none());
                    all.extend(odd.map(|word| format!("{line}: {name} has no argument {word}")));
                }
            }
        }
        all
    }

    /// The cmdlets that a step in words names are there.
    fn in_words(&self) -> Vec<String> {
        let steps = [&*self.remedy.title].into_iter().chain(self.remedy.commands.iter().map(Command::text));
        let mut all = Vec::new();
        for step in steps {
            for name in named_in(step) {
                match self.table.get(&name) {
                    None => all.push(format!("{step}: {name} is not in fixtures/cmdlets.tsv")),
                    // Words may be for several versions, and say for which.
                    Some(cmdlet) if !self.versions.iter().any(|version| cmdlet.versions.contains(version)) => {
                        all.push(format!("{step}: {name} is not there in {}", self.versions[0]));
                    }
                    Some(_) => {}
                }
            }
        }
        all
    }
}

fn texts(commands: &[Command]) -> Vec<&str> {
    commands.iter().map(Command::text).collect()
}

/// Pastes `lines`, whatever is to be filled in filled in.
pub fn pasted(lines: &[&str], exchange: &mut Exchange) -> Result<(), Stop> {
    // A pasted block does not end at an error; here any of them is a fault.
    let filled = |line: &&str| {
        let line = with_blanks(line).replace(&format!("Address {BLANK}"), "Address someone@filled.example.com");
        line.replace(BLANK, "filled.example.com")
    };
    let block: Vec<String> = lines.iter().map(filled).collect();
    let source = format!("$ErrorActionPreference = 'Stop'\n{}\n", block.join("\n"));
    let tree = shell::parse(&source).map_err(Stop::Refused)?;
    Shell::new(&source, "", exchange).run(&tree, &[]).map(|_| ())
}

/// The cmdlets that a text names.
pub fn named_in(text: &str) -> Vec<String> {
    const VERBS: [&str; 18] = [
        "Add", "Clear", "Connect", "Disable", "Enable", "Export", "Get", "Import", "New", "Remove", "Resolve",
        "Restart", "Retry", "Set", "Start", "Test", "Update", "Validate",
    ];
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').filter_map(|word| {
        let (verb, noun) = word.split_once('-')?;
        let is_noun = noun.starts_with(|c: char| c.is_ascii_uppercase()) && !noun.contains('-');
        (VERBS.contains(&verb) && is_noun).then(|| word.to_string())
    });
    words.collect()
}
