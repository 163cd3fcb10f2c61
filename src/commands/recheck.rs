//! `nsdiag recheck`: a saved report's evidence, judged again without asking anybody.
use super::outputs::Outputs;
use super::{Outcome, USAGE, saved};
use crate::app::run_check;
use crate::cli::ReportArgs;
use crate::config::Policy;
use clap::Args;
use nsdiag_checks::evidence::Evidence;
use nsdiag_checks::judge::Finding;
use nsdiag_checks::report::{self, Redacted, Report, Run};
use std::path::PathBuf;

/// What `recheck` takes.
#[derive(Args, Clone, Debug)]
pub struct RecheckArgs {
    /// The report: what check -o FILE.json wrote
    pub report: PathBuf,
    /// Judge by the policy of this configuration ([[ignore]], [[severity]] and [[reply]]) in place of the report's
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What becomes of the report
    #[command(flatten)]
    pub judged: ReportArgs,
}

/// How many findings are told of that the saved report has otherwise.
const TOLD: usize = 20;

/// Judges a saved report's evidence again.
///
/// # Errors
/// With the exit status, in words.
pub fn run(args: &RecheckArgs) -> Outcome {
    let outputs = Outputs::of(&args.judged.told, None)?;
    let mut old = saved(&args.report)?;
    if let Some(path) = &args.config {
        let policy = Policy::load(path).map_err(|wrong| (USAGE, wrong.0))?;
        // Of a report in which a token stands for the domain, nobody can tell.
        let is_named = old.run.redacted != Some(Redacted::Domain);
        let other = policy.domain.as_ref().filter(|domain| is_named && !domain.eq_ignore_ascii_case(&old.domain));
        if let Some(domain) = other {
            let (path, own) = (path.display(), &old.domain);
            return Err((USAGE, format!("{path}: the configuration is for {domain}, and the report is of {own}")));
        }
        old.run.all_settings().for_each(|settings| policy.apply(settings));
    }
    let ReportArgs { only, skip, .. } = &args.judged;
    for (name, asked) in [("--only", only), ("--skip", skip)] {
        crate::config::codes_or_areas(name, asked).map_err(|wrong| (USAGE, wrong.0))?;
    }
    for settings in old.run.all_settings() {
        for (ours, asked) in [(&mut settings.only, only), (&mut settings.skip, skip)] {
            if !asked.is_empty() {
                ours.clone_from(asked);
            }
        }
    }
    let (report, mut notes) = again(&old.run, &old);
    notes.extend(changes(&old, &report));
    notes.push(format!("judged from what {} says; nobody was asked", args.report.display()));
    let told = args.judged.told.redact.apply(&report, &mut notes)?;
    outputs.finish((&*told).into(), &notes)
}

/// The report that this version makes of another one's evidence, and what there is to say of its policy.
pub fn again(run: &Run, old: &Report) -> (Report, Vec<String>) {
    judge(run, old.evidence.clone())
}

/// The report that this version makes of `evidence`, and what there is to say of its policy.
pub fn judge(run: &Run, evidence: Evidence) -> (Report, Vec<String>) {
    report::report(env!("CARGO_PKG_VERSION"), run.clone(), evidence, &run_check)
}

/// What the findings of `new` have that those of `old` have not, and the other way round: a line each.
pub fn changes(old: &Report, new: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    let mut left: Vec<(&Finding, String)> = old.findings.iter().map(|one| (one, written(one))).collect();
    let mut open = Vec::new();
    // Of what is whole as it was, nothing is told; what is left is paired by whom it is about.
    for finding in &new.findings {
        let text = written(finding);
        match left.iter().position(|(_, one)| *one == text) {
            Some(at) => drop(left.remove(at)),
            None => open.push(finding),
        }
    }
    for finding in open {
        let same = |one: &Finding| one.code == finding.code && one.subjects == finding.subjects;
        match left.iter().position(|(one, _)| same(one)) {
            Some(at) => lines.push(format!("changed: {}{}", named(finding), difference(left.remove(at).0, finding))),
            None => lines.push(format!("new: {}", named(finding))),
        }
    }
    lines.extend(left.iter().map(|(finding, _)| format!("gone: {}", named(finding))));
    if lines.len() > TOLD {
        let more = lines.len() - TOLD;
        lines.truncate(TOLD);
        lines.push(format!("and {more} more findings are otherwise than in the saved report"));
    }
    lines
}

/// As it is written: what was read knows less of a command than what was made.
fn written(it: impl serde::Serialize) -> String {
    serde_json::to_string(&it).expect("a finding is JSON")
}

fn named(finding: &Finding) -> String {
    let subjects: Vec<&str> = finding.subjects.iter().map(|subject| &*subject.value).collect();
    let about = match subjects.is_empty() {
        true => String::new(),
        false => format!(" ({})", nsdiag_checks::judge::listed(&subjects, 3)),
    };
    format!("{} {}{about}", finding.code, finding.name)
}

/// In which of its parts a finding is another than before.
fn difference(old: &Finding, new: &Finding) -> String {
    let weight = |one: &Finding| format!("{:?}, {:?}", one.severity, one.certainty).to_lowercase();
    let (was, is) = (weight(old), weight(new));
    let parts = [
        (was != is).then(|| format!("{was} before and {is} now")),
        (old.detail != new.detail || old.title != new.title).then(|| "its words".into()),
        (old.evidence != new.evidence).then(|| "its evidence".into()),
        (written(&old.remedies) != written(&new.remedies)).then(|| "its remedies".into()),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) }
}
