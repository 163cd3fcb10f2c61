//! Renders what a bounce means.
use super::format::width_of_output;
use super::markdown::text::{block, code, inline};
use super::table::layout::pairs;
use super::{escaped, safe};
use nsdiag_checks::bounce::{Bounce, Refusal};
use nsdiag_checks::evidence::bounce::{Action, Source};
use nsdiag_checks::judge::count;
use nsdiag_checks::model::diagnosis::meaning_in_words;
use nsdiag_checks::remedy::Remedy;
use nsdiag_checks::replies::Confidence;

/// How many recipients people are shown one by one; the JSON has all.
const SHOWN: usize = 20;
/// How many characters of a reply people are shown.
const LONGEST: usize = 600;

/// The document as JSON.
pub fn json(bounce: &Bounce) -> String {
    let mut text = serde_json::to_string_pretty(bounce).expect("a bounce holds nothing that JSON cannot");
    text.push('\n');
    escaped(&text)
}

/// For people, as wide as the terminal.
pub fn table(bounce: &Bounce, quiet: bool) -> String {
    let width = width_of_output();
    let mut out = format!("{}\n", safe(&head(bounce)));
    if quiet {
        return out;
    }
    out.push_str(&pairs(width, &[("from", safe(&read_from(bounce)))]));
    for refusal in bounce.recipients.iter().take(SHOWN) {
        out.push_str(&format!("\n{}\n", safe(&title(refusal))));
        let rows = rows(refusal);
        let rows: Vec<(&str, String)> = rows.iter().map(|(label, text)| (*label, safe(text))).collect();
        out.push_str(&pairs(width, &rows));
        for remedy in mending(refusal) {
            out.push_str(&pairs(width, &[("mend", format!("{} ({})", safe(&remedy.title), safe(&remedy.place)))]));
            let [does, _] = remedy.lines();
            for line in does.iter().map(|line| safe(line)) {
                match remedy.shell {
                    // Commands stand on one line each, to be pasted.
                    Some(_) => out.push_str(&format!("    {line}\n")),
                    None => out.push_str(&pairs(width, &[("-", line)])),
                }
            }
        }
    }
    out.push_str(&more(bounce));
    if !bounce.notes.is_empty() {
        out.push('\n');
        let notes: Vec<(&str, String)> = bounce.notes.iter().map(|note| ("note", safe(note))).collect();
        out.push_str(&pairs(width, &notes));
    }
    out
}

/// For a ticket.
pub fn markdown(bounce: &Bounce) -> String {
    let mut out = format!("## {}\n\n{}\n", inline(&safe(&head(bounce))), inline(&safe(&read_from(bounce))));
    for refusal in bounce.recipients.iter().take(SHOWN) {
        out.push_str(&format!("\n### {}\n\n", inline(&safe(&title(refusal)))));
        for (label, text) in rows(refusal) {
            let text = if label == "reply" { code(&safe(&text)) } else { inline(&safe(&text)) };
            out.push_str(&format!("- {label}: {text}\n"));
        }
        for remedy in mending(refusal) {
            out.push_str(&format!("\n{} ({})\n\n", inline(&safe(&remedy.title)), inline(&safe(&remedy.place))));
            let [does, _] = remedy.lines();
            if !does.is_empty() {
                out.push_str(&block(remedy.shell.as_deref().unwrap_or("text"), does.iter().map(|line| safe(line))));
            }
        }
    }
    out.push_str(&more(bounce));
    for note in &bounce.notes {
        out.push_str(&format!("\n> {}\n", inline(&safe(note))));
    }
    out
}

fn more(bounce: &Bounce) -> String {
    match bounce.recipients.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("\nand {}, in the JSON\n", count(more, "more recipient")),
    }
}

/// The first line: the verdict, and what became of whom.
fn head(bounce: &Bounce) -> String {
    let verdict = bounce.verdict.word().to_uppercase();
    let said = match &bounce.recipients[..] {
        [] if bounce.looped == Some(true) => {
            format!("the message went in a circle between {}", bounce.repeated_hosts.join(", "))
        }
        [] => "nothing in it says that a message was refused".to_string(),
        [one] => outcome(one),
        [first, rest @ ..] => format!("{}; and {}", outcome(first), count(rest.len(), "more recipient")),
    };
    format!("{verdict}  {said}")
}

fn outcome(refusal: &Refusal) -> String {
    let whom = refusal.address.as_deref().unwrap_or("somebody");
    let meaning = word(refusal.meaning);
    match (refusal.action, &refusal.refused_by) {
        (Action::Failed, Some(by)) => format!("{} refused {whom}: {meaning}", by.host),
        (Action::Failed, None) => format!("the message to {whom} was given up: {meaning}"),
        (Action::Delayed, Some(by)) => format!("{} puts {whom} off: {meaning}", by.host),
        (Action::Delayed, None) => format!("the message to {whom} waits: {meaning}"),
        (action, _) => format!("the message to {whom} was {}", action.word()),
    }
}

fn read_from(bounce: &Bounce) -> String {
    let what = match bounce.source {
        Source::Dsn => "the fields for machines (RFC 3464) of a notice",
        Source::Text => "the words of a notice",
        Source::Headers => "the headers of a message",
    };
    let by = bounce.reporting_host.as_ref().filter(|_| bounce.source != Source::Headers);
    let by = by.map(|host| format!(" written by {host}")).unwrap_or_default();
    let product = bounce.product.as_ref().map(|product| format!(", in the form of {product}")).unwrap_or_default();
    format!("{what}{by}{product}")
}

fn title(refusal: &Refusal) -> String {
    let whom = refusal.address.as_deref().unwrap_or("a recipient whom the notice does not name");
    match &refusal.written_to {
        Some(written_to) => format!("{whom} (written to as {written_to})"),
        None => whom.into(),
    }
}

fn rows(refusal: &Refusal) -> Vec<(&'static str, String)> {
    let mut rows = vec![("action", refusal.action.word().to_string())];
    if let Some(by) = &refusal.refused_by {
        let known: Vec<String> = by.hop.iter().chain(&by.product).cloned().collect();
        let known = if known.is_empty() { String::new() } else { format!(" ({})", known.join("; ")) };
        rows.push(("by", format!("{}{known}", by.host)));
    }
    rows.extend(refusal.stage.map(|stage| ("at", word(stage))));
    rows.extend(refusal.status.as_ref().map(|status| ("status", status.clone())));
    if let Some(reply) = &refusal.reply {
        let code = reply.code.map(|code| format!("{code} ")).unwrap_or_default();
        let enhanced = reply.enhanced.as_ref().map(|code| format!("{code} ")).unwrap_or_default();
        let label = if reply.code.is_some() { "reply" } else { "words" };
        rows.push((label, cut(format!("{code}{enhanced}{}", reply.text).trim_end())));
    }
    if refusal.action.is_trouble() {
        let sure = match refusal.confidence {
            Confidence::High => "",
            Confidence::Medium => " (medium confidence)",
            Confidence::Low => " (low confidence)",
        };
        let did = if refusal.action == Action::Delayed { "put off" } else { "refused" };
        let how = meaning_in_words(refusal.meaning);
        rows.push(("means", format!("{}: {did}, {how}{sure}", word(refusal.meaning))));
        rows.extend(refusal.known_from.as_ref().map(|source| ("source", source.clone())));
    }
    rows.push(("false?", format!("{}: {}", refusal.false_rejection.word(), refusal.why)));
    rows.push((
        "loop?",
        match (refusal.looped, &refusal.repeated_hosts[..]) {
            (Some(true), []) => "yes, by the reply".into(),
            (Some(true), hosts) => format!("yes, between {}", hosts.join(", ")),
            (Some(false), _) => "no, by its Received fields".into(),
            (None, _) => "unknown: it came without Received fields".into(),
        },
    ));
    if let (Some(diagnosis), Some(address)) = (refusal.diagnosis, &refusal.looked_up) {
        let known = refusal.certainty.filter(|certainty| word(certainty) != diagnosis.word());
        let certainty = known.map(|certainty| format!(" ({})", word(certainty))).unwrap_or_default();
        rows.push(("now", format!("{address}: {}{certainty}", diagnosis.word())));
    }
    for finding in &refusal.findings {
        let severity = word(finding.severity);
        rows.push(("found", format!("{} {severity}, {}: {}", finding.code, finding.title, finding.detail)));
    }
    rows
}

/// The remedies that mend something.
fn mending(refusal: &Refusal) -> impl Iterator<Item = &Remedy> {
    refusal.remedies.iter().filter(|remedy| remedy.mends())
}

/// As JSON names it.
fn word(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(String::from)).unwrap_or_default()
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}
