//! Whether every format says what a report holds. No format is read: what a report holds is changed, piece by piece, and the
//! rendering has to change with it.
use clap::ValueEnum;
use nsdiag::report::format::{Format, Holds, View};
use nsdiag_checks::evidence::Evidence;
use nsdiag_checks::judge::{Certainty, Finding, Severity};
use nsdiag_checks::model::diagnosis::Fate;
use nsdiag_checks::report::{FindingCounts, Report, Verdict};

/// What the formats in the registry do not say of `report`.
pub fn disagreements(report: &Report) -> Vec<String> {
    Format::value_variants().iter().flat_map(|format| of_format(format, report)).collect()
}

/// What `format` does not say of `report`, though it holds it.
pub fn of_format(format: &Format, report: &Report) -> Vec<String> {
    let mut all = match format.holds {
        Holds::Everything => everything(format, report),
        Holds::Recipients => recipients(format, report),
        Holds::Numbers => numbers(format, report),
    };
    all.iter_mut().for_each(|said| said.insert_str(0, &format!("{}: ", format.name)));
    all
}

/// `report` in `format`, whole, without what markup, escapes and line ends do to words.
fn plain(format: &Format, report: &Report) -> String {
    let mut out = Vec::new();
    (format.write)(report, &View::of_file(true), &mut out).unwrap();
    bare(&String::from_utf8(out).unwrap())
}

fn bare(text: &str) -> String {
    let entities = [
        ("<wbr>", ""),
        ("&shy;", ""),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ];
    let kept = text.chars().filter(|c| !c.is_whitespace() && *c != '\\');
    let text: String = kept.map(|c| c.to_ascii_lowercase()).collect();
    entities
        .iter()
        .filter(|(entity, _)| text.contains(entity))
        .fold(text.clone(), |text, (entity, own)| text.replace(entity, own))
}

fn count(text: &str, word: &str) -> usize {
    text.matches(&bare(word)).count()
}

/// Whether a subject is named: as it is, or a hop by the parts of its id, in other words between them.
fn is_named(text: &str, subject: &str) -> bool {
    count(text, subject) > 0 || subject.contains('/') && subject.split('/').all(|part| count(text, part) > 0)
}

fn word(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_string()
}

fn next<T: PartialEq + Copy>(all: &[T], of: T) -> T {
    let at = all.iter().position(|one| *one == of).unwrap();
    all[(at + 1) % all.len()]
}

const VERDICTS: [Verdict; 4] = [Verdict::Ok, Verdict::Warning, Verdict::Unknown, Verdict::Critical];

fn everything(format: &Format, report: &Report) -> Vec<String> {
    let mut missing = Vec::new();
    let whole = plain(format, report);
    for finding in &report.findings {
        let least = report.findings.iter().filter(|one| one.code == finding.code).count();
        if count(&whole, &finding.code) < least {
            missing.push(format!("{} is not said {least} times", finding.code));
        }
        let names = finding.subjects.iter().map(|subject| &subject.value).filter(|name| !is_named(&whole, name));
        missing.extend(names.map(|name| format!("{}: '{name}' is not named", finding.code)));
    }
    // What the findings rest on is long, and changes nothing of what they say.
    let report = &Report { evidence: Evidence::default(), ..report.clone() };
    let as_is = plain(format, report);
    let other = next(&VERDICTS, report.verdict);
    let changed = plain(format, &Report { verdict: other, exit_code: other.exit_code(), ..report.clone() });
    if count(&changed, other.word()) <= count(&as_is, other.word()) {
        missing.push(format!("the verdict is not said to be {}", other.word()));
    }
    for at in 0..report.findings.len() {
        missing.extend(of_finding(format, report, at, &as_is));
    }
    missing
}

/// What is not said of the finding at this place.
fn of_finding(format: &Format, report: &Report, at: usize, as_is: &str) -> Vec<String> {
    let mut missing = Vec::new();
    let code = &report.findings[at].code;
    let mut changed = report.clone();
    let Finding { severity, certainty, subjects, .. } = &mut changed.findings[at];
    *severity = next(&[Severity::Critical, Severity::Warning, Severity::Info], *severity);
    *certainty = next(&[Certainty::Proven, Certainty::Likely, Certainty::Inconclusive], *certainty);
    let words = [word(*severity), word(*certainty)];
    let names: Vec<String> = (0..subjects.len()).map(|nth| format!("subject-{nth}-of-{at}.example")).collect();
    for (subject, name) in subjects.iter_mut().zip(&names) {
        subject.value = match subject.value.splitn(3, '/').collect::<Vec<_>>()[..] {
            [role, _, address] => format!("{role}/{name}/{address}"),
            _ => name.clone(),
        };
    }
    let text = plain(format, &changed);
    let words = words.iter().filter(|word| count(&text, word) <= count(as_is, word));
    missing.extend(words.map(|word| format!("{code}, finding {at}, is not said to be {word}")));
    let names = names.iter().filter(|name| count(&text, name) == 0);
    missing.extend(names.map(|name| format!("{code}, finding {at}: '{name}' is not named")));

    let mut without = report.clone();
    without.findings.remove(at);
    if count(&plain(format, &without), code) >= count(as_is, code) {
        missing.push(format!("{code}, finding {at}, is not missed where it is not there"));
    }
    missing
}

fn numbers(format: &Format, report: &Report) -> Vec<String> {
    let mut missing = Vec::new();
    let as_is = plain(format, report);
    let other = next(&VERDICTS, report.verdict);
    if plain(format, &Report { verdict: other, exit_code: other.exit_code(), ..report.clone() }) == as_is {
        missing.push("the verdict is not said".to_string());
    }
    for (at, finding) in report.findings.iter().enumerate() {
        let code = &finding.code;
        if count(&as_is, code) == 0 {
            missing.push(format!("{code} is not said"));
        }
        let mut changed = report.clone();
        let severity = &mut changed.findings[at].severity;
        *severity = next(&[Severity::Critical, Severity::Warning, Severity::Info], *severity);
        counted_anew(&mut changed);
        if plain(format, &changed) == as_is {
            missing.push(format!("{code}, finding {at}: its severity is not said"));
        }
        let mut without = report.clone();
        without.findings.remove(at);
        counted_anew(&mut without);
        if plain(format, &without) == as_is {
            missing.push(format!("{code}, finding {at}, is not missed where it is not there"));
        }
    }
    missing
}

fn counted_anew(report: &mut Report) {
    let counted = |severity| report.findings.iter().filter(|finding| finding.severity == severity).count();
    report.summary.findings = FindingCounts {
        critical: counted(Severity::Critical),
        warning: counted(Severity::Warning),
        info: counted(Severity::Info),
        ignored: report.summary.findings.ignored,
    };
}

fn recipients(format: &Format, report: &Report) -> Vec<String> {
    let mut missing = Vec::new();
    let as_is = plain(format, report);
    for (at, one) in report.recipients.iter().enumerate() {
        let mut changed = report.clone();
        let other = if one.diagnosis == Fate::Loop { Fate::NoRoute } else { Fate::Loop };
        changed.recipients[at].diagnosis = other;
        if count(&plain(format, &changed), other.word()) <= count(&as_is, other.word()) {
            missing.push(format!("{} is not said to be {}", one.address, other.word()));
        }
        let mut without = report.clone();
        without.recipients.remove(at);
        if count(&plain(format, &without), &one.address) >= count(&as_is, &one.address) {
            missing.push(format!("{} is not missed where it is not there", one.address));
        }
    }
    missing
}
