//! What nsdiag makes of the replies in real bounces, beside what the Sisimai project makes of them.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
use nsdiag_checks::replies::{Meaning, Stage, Verdict, classify, split_code};
use std::collections::BTreeMap;

/// The reasons that are never about whether a recipient exists.
const OF_US: [&str; 19] = [
    "authfailure",
    "badreputation",
    "blocked",
    "contenterror",
    "exceedlimit",
    "failedstarttls",
    "mesgtoobig",
    "norelaying",
    "notcompliantrfc",
    "policyviolation",
    "ratelimited",
    "rejected",
    "requireptr",
    "securityerror",
    "spamdetected",
    "speeding",
    "systemfull",
    "toomanyconn",
    "virusdetected",
];

/// Where the text says plainly what the label denies.
const LABELLED_WRONGLY: [(&str, &str); 1] =
    [("rhost-nttdocomo-03", "`rejected`, and the reply is `550 Unknown user …`")];

struct Bounce {
    file: &'static str,
    label: &'static str,
    reply: &'static str,
    verdict: Verdict,
}

fn bounces() -> Vec<Bounce> {
    let read = |line: &'static str| {
        let fields: Vec<&str> = line.split('\t').collect();
        let &[file, _, label, step, reply] = &fields[..] else { panic!("{line}") };
        let stage = match step {
            "greeting" => Stage::Greeting,
            "mail" => Stage::Mail,
            "data" => Stage::Data,
            _ => Stage::Rcpt,
        };
        let (code, text) = split_code(reply).unwrap_or_else(|| panic!("{line}"));
        Bounce { file, label, reply, verdict: classify(stage, code, text) }
    };
    include_str!("../fixtures/replies/bounces.tsv").lines().map(read).collect()
}

fn word(meaning: Meaning) -> String {
    serde_json::to_value(meaning).unwrap().as_str().unwrap().into()
}

#[test]
fn no_refusal_that_is_about_us_is_taken_for_an_unknown_recipient() {
    let all = bounces();
    let mut table: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for bounce in &all {
        *table.entry((bounce.label, word(bounce.verdict.meaning))).or_default() += 1;
    }
    println!("{:16} {:28} replies", "their reason", "our meaning");
    for ((label, meaning), count) in &table {
        println!("{label:16} {meaning:28} {count}");
    }
    let unknown = [Meaning::UnknownRecipient, Meaning::UnknownRecipientTemporary];
    let wrong: Vec<String> = all
        .iter()
        .filter(|bounce| OF_US.contains(&bounce.label) && unknown.contains(&bounce.verdict.meaning))
        .filter(|bounce| !LABELLED_WRONGLY.iter().any(|(file, _)| *file == bounce.file))
        .map(|bounce| format!("{} ({}): {}", bounce.file, bounce.label, bounce.reply))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    for (file, why) in LABELLED_WRONGLY {
        let bounce = all.iter().find(|bounce| bounce.file == file).unwrap();
        assert_eq!(bounce.verdict.meaning, Meaning::UnknownRecipient, "{file} ({why}): {}", bounce.reply);
    }
}

#[test]
fn unknown_recipients_are_recognised() {
    let theirs: Vec<Bounce> = bounces().into_iter().filter(|bounce| bounce.label == "userunknown").collect();
    let (ours, others): (Vec<_>, Vec<_>) =
        theirs.iter().partition(|bounce| bounce.verdict.meaning == Meaning::UnknownRecipient);
    println!("{} of {} are unknown-recipient to us; the others:", ours.len(), theirs.len());
    for bounce in &others {
        println!("{:24} {:28} {}", bounce.file, word(bounce.verdict.meaning), bounce.reply);
    }
    assert!(ours.len() >= 43, "{} of {}", ours.len(), theirs.len());
}
