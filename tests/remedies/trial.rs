//! A remedy tried: held against the table of cmdlets, run on a stub of the system that it is for, judged by the model as the
//! stub is then, and taken back.
use crate::cmdlets::{Cmdlet, Version};
use crate::held::BLANK;
use crate::lines::{commands, faults, is_blank, only_reads, with_blanks};
use crate::shell::{self, Shell, Stop};
use crate::stub::Exchange;
use crate::value::Value;
use nsdiag::app;
use nsdiag_checks::evidence::exchange::AddressSpace;
use nsdiag_checks::evidence::{Evidence, Observed, SystemKind};
use nsdiag_checks::judge::{Finding, Severity};
use nsdiag_checks::remedy::{Command, Remedy, order};
use nsdiag_checks::report::Report;
use std::collections::{BTreeMap, BTreeSet};

/// What is filled in for a placeholder: a host, a server, the domain of an address.
const FILLED_IN: &str = "filled.example.com";

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
        by_hand(self.remedy, &mut exchange);
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
        if !self.alone || !is_of_directories(self.finding) {
            return Vec::new();
        }
        let after = judged(self.report, exchange, self.system);
        let mut all = Vec::new();
        if after.iter().any(|one| is_same(one, self.finding)) {
            let calls: Vec<String> = exchange.calls.iter().map(|(name, bound)| format!("{name} {bound:?}")).collect();
            all.push(format!("the finding is still there after {}", calls.join("; ")));
        }
        // What another remedy has to do before is said, and tried in the order of all.
        if !remarks(self.remedy).any(|one| one.starts_with("first ")) {
            let new = new(self.report, &after).filter(|one| !tells_of(self.remedy, one));
            all.extend(new.map(|one| format!("with it comes {}: {}", one.code, one.detail)));
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

/// What is wrong with the remedies of `report`, taken in their order on one stub and then taken back: at each step what it
/// mends is gone and stays so, and nothing comes that was not there.
pub fn in_order(report: &Report, table: &BTreeMap<String, Cmdlet>) -> Vec<String> {
    let systems: Vec<_> =
        report.run.settings.systems.iter().filter(|system| system.kind != SystemKind::Other).collect();
    let [system] = systems[..] else { return Vec::new() };
    let versions = match system.kind {
        SystemKind::ExchangeOnline => vec![Version::Online],
        _ => versions(&report.evidence, &system.name),
    };
    let mut exchange = Exchange::of(&report.evidence, &system.name, table, &versions);
    let before = exchange.objects.clone();
    let (mut all, mut mended, mut back) = (Vec::new(), Vec::new(), Vec::new());
    let mut is_whole = true;
    for step in order::steps(&report.findings) {
        let (remedy, codes) = (step.ways[0], step.findings.iter().map(|one| &*one.code).collect::<Vec<_>>().join("+"));
        for finding in &step.findings {
            let numbers: Vec<_> = finding.remedies.iter().filter(|one| one.mends()).map(|one| one.order).collect();
            if numbers.iter().any(|number| *number != Some(step.number)) {
                all.push(format!("{}: step {} is numbered {numbers:?}", finding.code, step.number));
            }
        }
        if by_hand(remedy, &mut exchange) {
            is_whole = false;
        }
        if remedy.shell.as_deref() != Some("powershell") || remedy.place != "exchange" {
            continue;
        }
        if let Err(stop) = pasted(&texts(&remedy.commands), &mut exchange) {
            all.push(format!("{codes} in its turn: the stub says {stop:?}"));
            continue;
        }
        is_whole &=
            !remedy.undo.is_empty() && !texts(&remedy.undo).iter().any(|line| is_blank(line) || line.starts_with('#'));
        back.push(texts(&remedy.undo));
        let after = judged(report, &exchange, &system.name);
        mended.extend(step.findings.iter().copied().filter(|one| is_of_directories(one)).map(|one| (one, step.number)));
        for (finding, number) in &mended {
            if after.iter().any(|one| is_same(one, finding)) {
                all.push(format!("{} of step {number} is there after step {}", finding.code, step.number));
            }
        }
        // What loses no mail may be left to the next run, if it is told. Where the report has no step that gives the way
        // on, as nothing of the domain needed it until now, it is told that it comes first.
        let way = |one: &Finding| ["NSD311", "NSD313", "NSD421"].contains(&&*one.code);
        let is_left = |one: &Finding| {
            one.severity != Severity::Critical && tells_of(remedy, one)
                || way(one) && remarks(remedy).any(|told| told.starts_with("first ") && told.contains("connector"))
        };
        let came = new(report, &after).filter(|one| is_of_directories(one) && !is_left(one));
        all.extend(came.map(|one| format!("{codes} in its turn: with it comes {}: {}", one.code, one.detail)));
    }
    back.reverse();
    for undo in back.iter().filter(|_| is_whole) {
        if let Err(stop) = pasted(undo, &mut exchange) {
            all.push(format!("in turn, the stub says to the undo {}: {stop:?}", undo.join(" | ")));
        }
    }
    if is_whole && all.is_empty() && exchange.objects != before {
        all.push("taken back in turn, the system is not as it was".into());
    }
    all
}

/// Does what a remedy leaves to a person, where no reference has a command for it: the catch-all recipient.
fn by_hand(remedy: &Remedy, exchange: &mut Exchange) -> bool {
    let says = |text: &str| text.contains("Take the catch-all recipient off");
    let told = remedy.commands.iter().any(|one| says(one.text()) || one.remarks().iter().any(|remark| says(remark)));
    for (_, properties) in exchange.objects.iter_mut().filter(|((noun, _), _)| told && noun == "AcceptedDomain") {
        properties.insert("CatchAllRecipient".into(), Value::Null);
    }
    told
}

/// What the model finds where the system is as `exchange` is now.
fn judged(report: &Report, exchange: &Exchange, system: &str) -> Vec<Finding> {
    let mut evidence = report.evidence.clone();
    exchange.shown_in(&mut evidence, system);
    serve_what_is_filled_in(&mut evidence, system);
    let (version, run) = (&report.tool.version, report.run.clone());
    nsdiag_checks::report::report(version, run, evidence, &app::run_check).0.findings
}

/// Whoever fills in an address gives one that a connector serves.
fn serve_what_is_filled_in(evidence: &mut Evidence, system: &str) {
    for directory in evidence.directories.iter_mut().filter(|one| one.system == system) {
        let Observed::Known(organisation) = &mut directory.organisation else { continue };
        if let Observed::Known(all) = &mut organisation.send_connectors
            && let Some(mut one) = all.first().cloned()
        {
            let space = AddressSpace { kind: "SMTP".into(), address: FILLED_IN.into(), cost: 1, local: false };
            (one.name, one.address_spaces, one.enabled) = ("For what is filled in".into(), vec![space], true);
            all.push(one);
        }
        if let Observed::Known(all) = &mut organisation.outbound_connectors
            && let Some(mut one) = all.first().cloned()
        {
            (one.name, one.recipient_domains) = ("For what is filled in".into(), vec![FILLED_IN.into()]);
            all.push(one);
        }
    }
}

fn remarks(remedy: &Remedy) -> impl Iterator<Item = &str> {
    remedy.commands.iter().flat_map(Command::remarks).map(|one| &**one)
}

/// Whether a remark says that `finding` comes with the remedy.
fn tells_of(remedy: &Remedy, finding: &Finding) -> bool {
    remarks(remedy).any(|one| one.contains(&*finding.code))
}

fn is_of_directories(finding: &Finding) -> bool {
    finding.evidence.iter().all(|pointer| pointer.starts_with("/evidence/directories/"))
}

fn is_same(one: &Finding, other: &Finding) -> bool {
    one.code == other.code && one.subjects == other.subjects
}

/// Those of `after` that are of no kind that `report` has.
fn new<'f>(report: &Report, after: &'f [Finding]) -> impl Iterator<Item = &'f Finding> + use<'f> {
    let known: BTreeSet<String> = report.findings.iter().map(|one| one.code.clone()).collect();
    after.iter().filter(move |one| !known.contains(&one.code))
}

fn texts(commands: &[Command]) -> Vec<&str> {
    commands.iter().map(Command::text).collect()
}

/// Pastes `lines`, whatever is to be filled in filled in.
pub fn pasted(lines: &[&str], exchange: &mut Exchange) -> Result<(), Stop> {
    // A pasted block does not end at an error; here any of them is a fault.
    let filled = |line: &&str| {
        let line = with_blanks(line).replace(&format!("Address {BLANK}"), &format!("Address someone@{FILLED_IN}"));
        line.replace(BLANK, FILLED_IN)
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
