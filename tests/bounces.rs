//! What nsdiag makes of real bounces of many products, beside what somebody makes of them who reads them.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
use nsdiag::collect::bounce::read_bytes;
use nsdiag_checks::bounce::{Answer, Beside, Bounce, judge};
use nsdiag_checks::evidence::bounce::{Action, Source};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What a reader takes from each bounce, a line a recipient: file, recipient, address, the address that was written to,
/// action, status, code, who refused, step, meaning, whether it looped, product of the form. `-` is what it does not say.
const READ: &str = include_str!("bounces/read.tsv");

/// Where the classifier of replies takes a reply otherwise than a reader, and why that is left so. None of them is taken for
/// an unknown recipient.
const TAKEN_OTHERWISE: &str = include_str!("bounces/otherwise.tsv");

fn judged(bytes: &[u8]) -> Bounce {
    judge("0.1.0", &read_bytes(bytes).unwrap(), Beside::default())
}

fn word(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap_or("-").into()
}

/// A line for each recipient of a bounce.
fn lines(name: &str, bounce: &Bounce) -> Vec<Vec<String>> {
    let or = |text: Option<&str>| text.unwrap_or("-").to_string();
    let mut all = Vec::new();
    for (at, one) in bounce.recipients.iter().enumerate() {
        let code = one.reply.as_ref().and_then(|reply| reply.code);
        all.push(vec![
            name.to_string(),
            (at + 1).to_string(),
            or(one.address.as_deref()),
            or(one.written_to.as_deref()),
            one.action.word().to_string(),
            or(one.status.as_deref()),
            code.map_or("-".into(), |code| code.to_string()),
            or(one.refused_by.as_ref().map(|by| &*by.host)),
            word(one.stage),
            word(one.meaning),
            one.looped.map_or("-".into(), |looped| looped.to_string()),
            or(bounce.product.as_deref()),
        ]);
    }
    if all.is_empty() {
        all.push([vec![name.to_string(), "0".into()], vec!["-".to_string(); 10]].concat());
    }
    all
}

#[test]
fn real_bounces_are_read_as_a_reader_reads_them() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/bounces");
    if !Path::new(folder).is_dir() {
        println!("skipped: {folder} is missing");
        return;
    }
    let otherwise: BTreeMap<&str, &str> = TAKEN_OTHERWISE.lines().map(|line| line.split_once('\t').unwrap()).collect();
    let mut names: Vec<String> = READ.lines().map(|line| line.split('\t').next().unwrap().to_string()).collect();
    names.dedup();
    let mut ours = Vec::new();
    for name in &names {
        let bounce = judged(&std::fs::read(format!("{folder}/{name}.eml")).unwrap());
        // Nothing beside a bounce tells whether its refusal is false.
        for one in &bounce.recipients {
            let expected = if one.action.is_trouble() { Answer::Unknown } else { Answer::No };
            assert_eq!(one.false_rejection, expected, "{name}");
        }
        ours.extend(lines(name, &bounce));
    }
    const COLUMNS: [&str; 12] = [
        "file",
        "recipient",
        "address",
        "written to",
        "action",
        "status",
        "code",
        "refused by",
        "step",
        "meaning",
        "looped",
        "product",
    ];
    let theirs: Vec<Vec<&str>> = READ.lines().map(|line| line.split('\t').collect()).collect();
    let mut wrong = Vec::new();
    let mut meanings: BTreeMap<(String, String), usize> = BTreeMap::new();
    assert_eq!(ours.len(), theirs.len(), "more or fewer recipients");
    for (read, taken) in theirs.iter().zip(&ours) {
        *meanings.entry((read[9].into(), taken[9].clone())).or_default() += 1;
        for (at, column) in COLUMNS.iter().enumerate() {
            let known = at == 9 && otherwise.get(read[0]) == Some(&&*taken[9]);
            if read[at] != taken[at] && !known {
                wrong.push(format!("{} {}: {column}: {} is read, {} taken", read[0], read[1], read[at], taken[at]));
            }
        }
        let accused = taken[9].starts_with("unknown-recipient") && !read[9].starts_with("unknown-recipient");
        assert!(!accused, "{taken:?}");
    }
    println!("{:28} {:28} recipients", "read", "taken");
    for ((read, taken), count) in &meanings {
        println!("{read:28} {taken:28} {count}");
    }
    let products: BTreeSet<&str> = theirs.iter().map(|read| read[11]).filter(|product| *product != "-").collect();
    let same = meanings.iter().filter(|((read, taken), _)| read == taken).map(|(_, count)| count).sum::<usize>();
    println!(
        "{} recipients of {} bounces, {} products; {same} meanings as read",
        ours.len(),
        names.len(),
        products.len()
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(names.len() >= 60 && products.len() >= 12, "{} of {}", names.len(), products.len());
    assert!(same * 100 >= ours.len() * 95, "{same} of {}", ours.len());
}
