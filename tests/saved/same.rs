//! What holds for every saved report: judged again it says the same, and with tokens in place of names nobody is named.
use clap::ValueEnum as _;
use nsdiag::commands::recheck;
use nsdiag::redact::{Tokens, redact};
use nsdiag::report;
use nsdiag::report::format::{Format, View};
use nsdiag_checks::report::{Redacted, Report};
use regex::Regex;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Every string in a document.
fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(all) => all.iter().for_each(|one| strings(one, found)),
        Value::Object(all) => all.iter().for_each(|(key, one)| {
            found.push(key.clone());
            strings(one, found);
        }),
        _ => {}
    }
}

/// Names in these texts by their form: local parts, labels of hosts, values of distinguished names, files, and addresses.
fn named(texts: &[String]) -> BTreeSet<String> {
    let forms = [
        r"([\w.+'-]+)@[\w.-]+",
        r"@([\w-]+)\.[\w.-]+",
        r"\b([\w-]+)(?:\.[\w-]+)*\.(?:contoso|fabrikam|adatum|northwind)\.(?:com|net|org)",
        r"\.([\w-]+)\.contoso\.com",
        r"(?i)\b(?:cn|ou)=([^,=()]+)",
        r"(/tmp/[\w./-]+)",
        r"\b((?:10|172|192)\.\d+\.\d+\.\d+)\b",
    ];
    let forms = forms.map(|form| Regex::new(form).unwrap());
    let all = texts.iter().flat_map(|text| forms.iter().flat_map(move |form| form.captures_iter(text)));
    all.map(|found| found[1].trim().to_lowercase()).collect()
}

/// Words of nsdiag's own, of every Exchange's and every directory's.
static COMMON: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let mut texts = vec![report::schema(), include_str!("common.txt").to_string()];
    texts.extend(nsdiag_checks::checks().iter().flat_map(|(_, check)| [check.name.into(), check.title.into()]));
    let products = nsdiag_checks::replies::catalogue().flat_map(|row| row.texts.iter().map(ToString::to_string));
    texts.extend(products);
    let lines = include_str!("common.txt").lines().map(str::to_lowercase);
    let words = texts.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric())).map(str::to_lowercase);
    words.chain(lines).collect()
});

/// Where `name` stands in `text` as a word of its own.
pub fn found(text: &str, name: &str) -> Option<String> {
    let alone = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let at = text
        .match_indices(name)
        .find(|(at, name)| alone(text[..*at].chars().next_back()) && alone(text[at + name.len()..].chars().next()));
    at.map(|(at, _)| text[..at].chars().rev().take(60).collect::<Vec<_>>().into_iter().rev().collect::<String>() + name)
}

/// Of each finding what it is, how bad and how sure, and how many it is about; of each recipient what became of it.
pub fn told(report: &Report) -> (BTreeMap<String, usize>, BTreeMap<String, usize>) {
    let mut findings = BTreeMap::new();
    for one in &report.findings {
        let kinds: Vec<_> = one.subjects.iter().map(|subject| subject.kind).collect();
        let line = format!("{} {:?} {:?} {kinds:?} {}", one.code, one.severity, one.certainty, one.remedies.len());
        *findings.entry(line).or_default() += 1;
    }
    (findings, report.summary.recipients.clone())
}

/// Redacted in every format, it holds no name of the scenario's, is whole, and says the same: what is otherwise.
pub fn named_still(name: &str, report: &Report, mut texts: Vec<String>) -> Vec<String> {
    strings(&serde_json::to_value((&report.run, &report.evidence)).unwrap(), &mut texts);
    let settings = &report.run.settings;
    let controls = [&settings.random, &settings.second_random].map(|one| one.split('@').next().unwrap().to_string());
    let names = named(&texts).into_iter().filter(|one| !COMMON.contains(one) && !controls.contains(one));
    let names: Vec<String> =
        names.filter(|one| one.len() > 2 && !one.starts_with('_') && !one.ends_with(" is visible")).collect();
    assert!(names.len() > 5, "{name}: {names:?}");
    let mut wrong = Vec::new();

    let mut tokens = Tokens::default();
    let (redacted, notes) = redact(report, Redacted::Names, &mut tokens, &[]).unwrap();
    wrong.extend(notes);
    for format in Format::value_variants() {
        let mut out = Vec::new();
        (format.write)(&redacted, &View::of_file(true), &mut out).unwrap();
        let out = String::from_utf8(out).unwrap().to_lowercase();
        wrong.extend(names.iter().filter_map(|one| Some(format!("as {}: …{}", format.name, found(&out, one)?))));
    }
    let json: Value = serde_json::from_str(&report::json(&redacted)).unwrap();
    let pointers = redacted.findings.iter().flat_map(|finding| &finding.evidence);
    wrong.extend(pointers.filter(|pointer| json.pointer(pointer).is_none()).map(|lost| format!("lost: {lost}")));
    gives_the_same(name, &redacted);

    // A second time it stays as it is; with the table, the same once more.
    let (twice, _) = redact(&redacted, Redacted::Names, &mut Tokens::default(), &[]).unwrap();
    let mut kept = Tokens::read(&tokens.json()).unwrap();
    let (again, _) = redact(report, Redacted::Names, &mut kept, &[]).unwrap();
    for (which, other) in [("a second time", &twice), ("by the table", &again)] {
        let (was, is) = (report::json(&redacted), report::json(other));
        let parted = was.lines().zip(is.lines()).find(|(was, is)| was != is);
        wrong.extend(parted.map(|(was, is)| format!("{which} {was} is {is}")));
    }
    let (hidden, notes) = redact(report, Redacted::Domain, &mut Tokens::default(), &[]).unwrap();
    wrong.extend(notes);
    for (which, other) in [("redacted", &redacted), ("without the domain", &hidden)] {
        if told(other) != told(report) {
            wrong.push(format!("{which} it says {:?}, and {:?} before", told(other), told(report)));
        }
    }
    wrong.extend(
        found(&report::json(&hidden).to_lowercase(), "contoso").map(|place| format!("without the domain: …{place}")),
    );
    wrong.into_iter().map(|line| format!("{name}: {line}")).collect()
}

/// Judged again, it is byte for byte the same, from what was written.
pub fn gives_the_same(name: &str, report: &Report) {
    let text = report::json(report);
    let saved = report::read(&text).unwrap();
    let (again, _) = recheck::again(&saved.run, &saved);
    assert_eq!(recheck::changes(&saved, &again), [""; 0], "{name}");
    assert!(report::json(&again) == text, "{name}");
}
