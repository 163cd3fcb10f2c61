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
    let lines: String =
        table.iter().map(|((label, meaning), count)| format!("{label:16} {meaning:28} {count}\n")).collect();
    println!("{:16} {:28} replies\n{lines}", "their reason", "our meaning");
    // Whoever changes a cell looks at its replies first, and then writes the new one down.
    assert_eq!(lines, include_str!("../fixtures/replies/confusion.txt"));
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
    assert!(ours.len() >= 47, "{} of {}", ours.len(), theirs.len());
}

/// `5.2.1 … User Unknown` is `suspend` in two bounces and `userunknown` in four: the words say that the user is unknown, and
/// win over what the code says of disabled mailboxes.
#[test]
fn the_words_of_an_unknown_user_win_over_the_code_of_a_disabled_one() {
    let of = |bounce: &Bounce| bounce.reply.starts_with("550 5.2.1") && bounce.reply.contains("User Unknown");
    let labels: Vec<&str> = bounces().iter().filter(|bounce| of(bounce)).map(|bounce| bounce.label).collect();
    assert!(labels.contains(&"suspend") && labels.contains(&"userunknown"), "{labels:?}");
    assert!(bounces().iter().filter(|bounce| of(bounce)).all(|one| one.verdict.meaning == Meaning::UnknownRecipient));
}

#[test]
fn replies_that_the_catalogue_had_not_seen_are_read_as_they_are_meant() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/replies.tsv");
    let Ok(text) = std::fs::read_to_string(file) else {
        println!("skipped: {file} is missing");
        return;
    };
    let (mut all, mut right, mut unknown, mut seen) = (0, 0, 0, 0);
    let mut wrong = Vec::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let &[reply, product, meant, step, ..] = &fields[..] else { panic!("{line}") };
        let stage = match step {
            "greeting" => Stage::Greeting,
            "mail" => Stage::Mail,
            "data" => Stage::Data,
            _ => Stage::Rcpt,
        };
        let (code, text) = split_code(reply).unwrap_or_else(|| panic!("{line}"));
        let verdict = classify(stage, code, text);
        let ours = word(verdict.meaning);
        all += 1;
        right += usize::from(ours == meant);
        unknown += usize::from(meant == "unknown-recipient");
        seen += usize::from(meant == "unknown-recipient" && ours == meant);
        if ours != meant {
            println!("{meant:20} {ours:20} {:4} {product:20} {reply}", verdict.row.map_or(0, |row| row.number));
        }
        if ours.starts_with("unknown-recipient") && meant != "unknown-recipient" {
            wrong.push(format!("{meant}: {reply}"));
        }
    }
    println!("{right} of {all}; of unknown recipients {seen} of {unknown}");
    assert!(wrong.is_empty(), "accused: {wrong:#?}");
    assert!(seen * 10 >= unknown * 9, "{seen} of {unknown}");
    assert!(right * 10 >= all * 8, "{right} of {all}");
}
