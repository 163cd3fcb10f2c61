//! Renders a diff of two reports.
use super::table::layout::pairs;
use super::{escaped, safe};
use nsdiag_checks::diff::{Changed, Diff, Fact, Left, State, Told, Value, Which};
use nsdiag_checks::judge::{Severity, count, listed};
use nsdiag_checks::model::diagnosis::Fate;
use std::collections::BTreeMap;

/// How many of what is alike are named.
const NAMED: usize = 5;
/// How many lines of one kind people are shown; the JSON has all.
const SHOWN: usize = 40;

/// How wide the table is.
const WIDTH: u16 = 80;
/// How many characters of a line people are shown.
const LONGEST: usize = 1200;

/// One section: its title, and its lines, each with what it begins with.
type Section = (&'static str, Vec<(String, String)>);

/// The document as JSON.
pub fn json(diff: &Diff) -> String {
    let mut text = serde_json::to_string_pretty(diff).expect("a diff holds nothing that JSON cannot");
    text.push('\n');
    escaped(&text)
}

/// For people, 80 columns wide.
pub fn table(diff: &Diff) -> String {
    let mut out: String = head(diff).iter().map(|line| format!("{}\n", safe(line))).collect();
    for note in &diff.notes {
        out.push_str(&pairs(WIDTH, &[("note", safe(note))]));
    }
    for (title, lines) in sections(diff) {
        out.push_str(&format!("\n{title}\n"));
        for (label, text) in lines.iter().take(SHOWN) {
            out.push_str(&pairs(WIDTH, &[(label, safe(&cut(text)))]));
        }
        out.push_str(&more(&lines, "  "));
    }
    out
}

/// For a ticket.
pub fn markdown(diff: &Diff) -> String {
    let [first, old, new] = head(diff).map(|line| plain(&line));
    let mut out = format!("## {first}\n\n{old}, {new}\n");
    for note in &diff.notes {
        out.push_str(&format!("\n> {}\n", plain(note)));
    }
    for (title, lines) in sections(diff) {
        out.push_str(&format!("\n### {title}\n\n"));
        for (label, text) in lines.iter().take(SHOWN) {
            let label = if label.is_empty() { String::new() } else { format!("{} ", plain(label)) };
            out.push_str(&format!("- {label}{}\n", plain(&cut(text))));
        }
        out.push_str(&more(&lines, "- "));
    }
    out
}

/// The beginning of what is longer than anybody reads; the JSON has all.
fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}

fn more(lines: &[(String, String)], indent: &str) -> String {
    match lines.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("{indent}and {more} more, in the JSON\n"),
    }
}

/// Text that Markdown takes for nothing but text: what could be markup is escaped (CommonMark, 2.4).
pub(super) fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in safe(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '!' | '@' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

fn head(diff: &Diff) -> [String; 3] {
    let side = |side: &nsdiag_checks::diff::Side| {
        format!("{} ({}, seen from {})", side.started_at, side.verdict.word(), side.vantage)
    };
    let word = if diff.same { "SAME" } else { "CHANGED" };
    let found = &diff.findings;
    let numbers = [
        (found.new.len(), "new finding"),
        (found.gone.len(), "finding gone"),
        (found.changed.len(), "finding changed"),
        (found.open.len(), "finding that could not be judged again"),
        (diff.facts.len(), "fact"),
        (diff.recipients.len(), "recipient"),
    ];
    let said: Vec<String> = numbers.into_iter().filter(|(number, _)| *number > 0).map(counted).collect();
    let said = match (diff.same, said.is_empty()) {
        (true, _) => "nothing that counts changed".into(),
        (_, true) => "the verdict, or what could not be told".into(),
        _ => said.join(", "),
    };
    [format!("{word}  {}: {said}", diff.domain), format!("from {}", side(&diff.old)), format!("to {}", side(&diff.new))]
}

fn counted((number, what): (usize, &str)) -> String {
    match what.split_once(' ') {
        Some((one, rest)) if one == "finding" => format!("{} {rest}", count(number, one)),
        _ => count(number, what),
    }
}

fn sections(diff: &Diff) -> Vec<Section> {
    let told = |one: &Told| finding(&one.code, one.severity, &one.title, &one.subjects, &one.detail);
    let mut new = Vec::new();
    for one in &diff.findings.new {
        new.extend(told(one));
        new.extend(one.open_before.iter().map(|why| (String::new(), format!("OLD could not judge it: {why}"))));
    }
    let mut open = Vec::new();
    for one in &diff.findings.open {
        open.extend(told(&one.finding));
        open.push((String::new(), format!("NEW cannot tell whether it is gone: {}", one.why)));
    }
    let gone: Vec<_> = diff.findings.gone.iter().flat_map(told).collect();
    let changed = diff.findings.changed.iter().flat_map(of_changed).collect();
    let questions = |all: &[nsdiag_checks::diff::Gap]| {
        all.iter().map(|gap| ("-".to_string(), format!("{}, because {}", gap.what, gap.why))).collect()
    };
    let all: [Section; 9] = [
        ("New findings", new),
        ("Findings gone", gone),
        ("Findings changed", changed),
        ("Findings that could not be judged again", open),
        ("What was seen otherwise", facts(&diff.facts)),
        ("Recipients", recipients(diff)),
        ("What could not be determined this time", questions(&diff.questions.new)),
        ("What could not be determined last time", questions(&diff.questions.gone)),
        ("Not compared: only one of the two was asked for it", left(&diff.not_compared)),
    ];
    all.into_iter().filter(|(_, lines)| !lines.is_empty()).collect()
}

fn finding(
    code: &str,
    severity: Severity,
    title: &str,
    subjects: &[nsdiag_checks::judge::Subject],
    detail: &str,
) -> Vec<(String, String)> {
    let names: Vec<&str> = subjects.iter().map(|subject| &*subject.value).collect();
    let about = if names.is_empty() { String::new() } else { format!(": {}", listed(&names, NAMED)) };
    let severity = format!("{severity:?}").to_lowercase();
    vec![(code.into(), format!("{severity}: {title}{about}")), (String::new(), detail.into())]
}

fn of_changed(one: &Changed) -> Vec<(String, String)> {
    let mut said = Vec::new();
    let word = |value: &dyn std::fmt::Debug| format!("{value:?}").to_lowercase();
    let State { severity, certainty, subjects } = &one.old;
    if *severity != one.new.severity {
        said.push(format!("{} -> {}", word(severity), word(&one.new.severity)));
    }
    if *certainty != one.new.certainty {
        said.push(format!("{} -> {}", word(certainty), word(&one.new.certainty)));
    }
    let names = |all: &[nsdiag_checks::judge::Subject]| all.iter().map(|one| one.value.clone()).collect::<Vec<_>>();
    said.extend(of_sets(&names(subjects), &names(&one.new.subjects)));
    vec![(one.code.clone(), format!("{}: {}", one.title, said.join("; "))), (String::new(), one.detail.clone())]
}

/// What a set lost and what it gained.
fn of_sets(old: &[String], new: &[String]) -> Vec<String> {
    let without =
        |all: &[String], other: &[String]| all.iter().filter(|one| !other.contains(one)).cloned().collect::<Vec<_>>();
    let (gone, came) = (without(old, new), without(new, old));
    let mut said = Vec::new();
    if !gone.is_empty() {
        said.push(format!("no longer {}", listed(&gone, NAMED)));
    }
    if !came.is_empty() {
        said.push(format!("now {}", listed(&came, NAMED)));
    }
    said
}

/// The facts, those that say the same of several things as one.
fn facts(facts: &[Fact]) -> Vec<(String, String)> {
    let mut groups: Vec<(&Fact, Vec<&str>)> = Vec::new();
    let mut places: BTreeMap<_, usize> = BTreeMap::new();
    for fact in facts {
        let key = (&fact.what, &fact.container, (&fact.old, &fact.new), (&fact.old_unread, &fact.new_unread));
        let place = *places.entry(key).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, names)) => names.push(&fact.name),
            None => groups.push((fact, vec![&fact.name])),
        }
    }
    let line = |(fact, names): (&Fact, Vec<&str>)| {
        let place = match &names[..] {
            [_] => fact.place.clone(),
            names => format!("{} ({}): {}", count(names.len(), "time"), fact.container, listed(names, NAMED)),
        };
        let changed = fact.changed_at.as_ref().map(|when| format!(" (changed {when}, as the directory says)"));
        let said = match (&fact.old, &fact.new) {
            (Some(Value::Many(old)), Some(Value::Many(new))) if !fact.what.starts_with("order") => {
                of_sets(old, new).join("; ")
            }
            _ => format!("{} -> {}", value(&fact.old, &fact.old_unread), value(&fact.new, &fact.new_unread)),
        };
        ("-".to_string(), format!("{}, {place}: {said}{}", fact.what, changed.unwrap_or_default()))
    };
    groups.into_iter().map(line).collect()
}

fn value(value: &Option<Value>, unread: &Option<String>) -> String {
    match (value, unread) {
        (_, Some(why)) => format!("not read ({why})"),
        (Some(Value::One(text)), _) => text.clone(),
        (Some(Value::Many(all)), _) if all.is_empty() => "none".into(),
        (Some(Value::Many(all)), _) => listed(all, NAMED),
        (None, None) => "none".into(),
    }
}

fn recipients(diff: &Diff) -> Vec<(String, String)> {
    let word = |fate: Option<Fate>| fate.map_or("not judged".into(), |fate| fate.word().replace('-', " "));
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for one in &diff.recipients {
        let sure = |certainty| match certainty {
            Some(certainty) if one.old == one.new => format!(" ({certainty:?})").to_lowercase(),
            _ => String::new(),
        };
        let (before, after) = (sure(one.old_certainty), sure(one.new_certainty));
        let said = format!("{}{before} -> {}{after}", word(one.old), word(one.new));
        match groups.iter_mut().find(|(known, _)| *known == said) {
            Some((_, all)) => all.push(&one.address),
            None => groups.push((said, vec![&one.address])),
        }
    }
    let line = |(said, all): (String, Vec<&str>)| ("-".to_string(), format!("{said}: {}", listed(&all, 2 * NAMED)));
    groups.into_iter().map(line).collect()
}

fn left(all: &[Left]) -> Vec<(String, String)> {
    let mut groups: BTreeMap<(Which, &str), Vec<&str>> = BTreeMap::new();
    for one in all {
        groups.entry((one.only_in, &one.what)).or_default().push(&one.place);
    }
    let line = |((which, what), places): ((Which, &str), Vec<&str>)| {
        let which = if which == Which::Old { "OLD" } else { "NEW" };
        ("-".to_string(), format!("only in {which}: {what}, {}", listed(&places, NAMED)))
    };
    groups.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(what: &str, name: &str, old: Value, new: Value) -> Fact {
        Fact {
            what: what.into(),
            place: format!("{name} (corp)"),
            old: Some(old),
            new: Some(new),
            old_unread: None,
            new_unread: None,
            changed_at: None,
            name: name.into(),
            container: "corp".into(),
        }
    }

    #[test]
    fn what_is_alike_is_one_line_and_sets_show_their_difference() {
        let one = |text: &str| Value::One(text.into());
        let many: Vec<Fact> =
            (0..7).map(|at| fact("answer to RCPT", &format!("u{at}"), one("accepted"), one("rejected"))).collect();
        let said = facts(&many);
        let expected = "answer to RCPT, 7 times (corp): u0, u1, u2, u3, u4 and 2 more: accepted -> rejected";
        assert_eq!(said, [("-".to_string(), expected.to_string())]);
        let sets = fact("smart hosts", "To Zimbra", Value::set(["a", "b"]), Value::set(["b", "c"]));
        assert_eq!(facts(&[sets])[0].1, "smart hosts, To Zimbra (corp): no longer a; now c");
    }

    #[test]
    fn markdown_shows_what_others_wrote_as_text() {
        let hostile = "<script>*a*</script> [x](http://e) `b` @all\u{202e}\n# h";
        let shown = plain(hostile);
        assert_eq!(
            shown,
            "&lt;script&gt;\\*a\\*&lt;/script&gt; \\[x\\](http://e) \\`b\\` \\@all\\\\u{202e}\\\\u{a}\\# h"
        );
    }
}
