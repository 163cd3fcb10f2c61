//! The report for people: the verdict first, then what is wrong, for whom, why, and what mends it. 80 columns, but for
//! commands: those are pasted, and stand on a line each.
use super::format::Format;
use super::{management_shell, safe, whose};
use anstyle::{AnsiColor, Style};
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width};
use nsdiag_checks::evidence::smtp::Who;
use nsdiag_checks::judge::{Certainty, Finding, Severity, count, listed};
use nsdiag_checks::model::Outcome;
use nsdiag_checks::model::diagnosis::{Fate, meaning_in_words};
use nsdiag_checks::remedy::Remedy;
use nsdiag_checks::remedy::order::{Step, steps};
use nsdiag_checks::replies::Meaning;
use nsdiag_checks::report::{FoldedGap, RecipientResult, Report, Status, Verdict};
use std::collections::BTreeMap;

/// The width that everything but commands fits into.
const WIDTH: u16 = 80;
/// How many recipients are shown; the JSON has all.
const SHOWN: usize = 25;

/// For people.
pub const FORMAT: Format = Format {
    name: "table",
    about: "For people, 80 columns wide",
    endings: &["txt"],
    exact: false,
    write: |report, view, out| out.write_all(table(report, view.colour, view.verbose).as_bytes()),
};

/// Renders `report`; with `colour` for a terminal, with `verbose` the dialogues too.
pub fn table(report: &Report, colour: bool, verbose: bool) -> String {
    let paint = Paint { colour };
    let mut out = String::new();
    out.push_str(&head(report, &paint));
    let steps = steps(&report.findings);
    for finding in &report.findings {
        out.push('\n');
        out.push_str(&of_finding(report, finding, &steps, &paint));
    }
    out.push_str(&mending(report, &steps));
    out.push_str(&recipients(report));
    out.push_str(&configured(report));
    out.push_str(&gaps(report));
    out.push_str(&foot(report));
    if verbose {
        out.push_str(&dialogues(report));
    }
    out
}

struct Paint {
    colour: bool,
}

impl Paint {
    fn bold(&self, text: &str, colour: AnsiColor) -> String {
        let style = if self.colour { colour.on_default().bold() } else { Style::new() };
        format!("{style}{text}{style:#}")
    }

    fn severity(&self, severity: Severity, text: &str) -> String {
        match severity {
            Severity::Critical => self.bold(text, AnsiColor::Red),
            Severity::Warning => self.bold(text, AnsiColor::Yellow),
            Severity::Info => self.bold(text, AnsiColor::Cyan),
        }
    }
}

fn head(report: &Report, paint: &Paint) -> String {
    let word = report.verdict.word().to_uppercase();
    let word = match report.verdict {
        Verdict::Ok => paint.bold(&word, AnsiColor::Green),
        Verdict::Warning | Verdict::Unknown => paint.bold(&word, AnsiColor::Yellow),
        Verdict::Critical => paint.bold(&word, AnsiColor::Red),
    };
    let recipients = &report.summary.recipients;
    let number = |name: &str| recipients.get(name).copied().unwrap_or(0);
    let (total, probed) = (number("total"), number("probed"));
    let (good, open) = (number("delivered"), number("inconclusive"));
    let bad = total - good - open;
    let what = match (report.verdict, total) {
        (Verdict::Ok, 0) => "what was asked was answered, and nothing is wrong".into(),
        (Verdict::Ok, _) if open == 0 => format!("nothing stands in the way of {}", count(total, "recipient")),
        (Verdict::Ok, _) => {
            format!("nothing stands in the way of {good} recipients; {open} of {total} were not probed")
        }
        (Verdict::Unknown, _) => "something that was asked could not be determined".into(),
        _ if bad > 0 => format!("{bad} of {} cannot get mail", count(total, "recipient")),
        (Verdict::Critical, _) => "mail is lost or bounces".into(),
        _ => "something needs a look".into(),
    };
    let mut line = format!("{word}  {}: {what}\n", report.domain);
    let findings = &report.summary.findings;
    let mut parts = Vec::new();
    for (number, name) in [
        (findings.critical, "critical"),
        (findings.warning, "warning"),
        (findings.info, "info"),
        (findings.ignored, "ignored"),
    ] {
        if number > 0 {
            parts.push(format!("{number} {name}"));
        }
    }
    let found = if parts.is_empty() { "no findings".into() } else { parts.join(", ") };
    let probed = if total == 0 { "no recipients".into() } else { format!("{probed} of {total} recipients probed") };
    let cut = if report.run.complete { "" } else { "; cut short before all was asked" };
    line.push_str(&format!("{found}; {probed}; seen from {}{cut}\n", safe(&report.run.vantage.hostname)));
    line
}

/// What was found, with what shows more of it; what mends it stands below, in the order in which it works.
fn of_finding(report: &Report, finding: &Finding, steps: &[Step], paint: &Paint) -> String {
    let severity = format!("{:?}", finding.severity).to_lowercase();
    let certainty = match finding.certainty {
        Certainty::Proven => "proven",
        Certainty::Likely => "likely",
        Certainty::Inconclusive => "inconclusive",
    };
    let head = paint.severity(finding.severity, &format!("{} {severity}", finding.code));
    let mut out = format!("{head} ({certainty})\n");
    let mut rows = vec![("", safe(&finding.title))];
    if let Some(before) = &finding.reweighed {
        let why = before.reason.as_ref().map_or(String::new(), |why| format!(": {}", safe(why)));
        let said = format!("{} by the configuration, {} without it{why}", severity, serde_word(&before.default));
        rows.push(("weight", said));
    }
    if !finding.subjects.is_empty() {
        let subjects: Vec<String> = finding.subjects.iter().map(|subject| safe(&subject.value)).collect();
        rows.push(("for", listed(&subjects, 12)));
    }
    rows.push(("why", safe(&finding.detail)));
    let is_mended = |step: &&Step| step.findings.iter().any(|one| core::ptr::eq(*one, finding));
    if let Some(step) = steps.iter().find(is_mended) {
        rows.push(("mend", format!("by step {} below: {}", step.number, safe(&step.ways[0].title))));
    }
    out.push_str(&pairs(&rows));
    for remedy in finding.remedies.iter().filter(|remedy| !remedy.mends()) {
        let label = match (remedy.proof, &remedy.shell) {
            (true, Some(_)) => "see",
            (true, None) => "note",
            (false, _) => "mend",
        };
        let management = management_shell(report, remedy);
        out.push_str(&of_remedy(&finding.code, management, label, &safe(&remedy.title), remedy));
    }
    out
}

/// What mends it all, step by step; what mends several findings stands once.
fn mending(report: &Report, steps: &[Step]) -> String {
    let mut out = match steps {
        [] => return String::new(),
        [_] => "\nWhat mends it\n".to_string(),
        _ => "\nWhat mends it, in the order in which it works\n".into(),
    };
    let mut told: Vec<(Vec<String>, usize)> = Vec::new();
    for step in steps {
        let codes: Vec<&str> = step.findings.iter().map(|finding| &*finding.code).collect();
        for (at, remedy) in step.ways.iter().enumerate() {
            let title = safe(&remedy.title);
            let title = match at {
                0 => format!("{}{}: {title}", safe(&listed(&distinct(&codes), 6)), whose(report, remedy)),
                _ => title,
            };
            let label = match at {
                0 => format!("{}.", step.number),
                _ if title.starts_with("Or ") || title.starts_with("Then ") => String::new(),
                _ => "or".into(),
            };
            let [mut does, _] = remedy.lines();
            does.extend([remedy.place.clone(), whose(report, remedy)]);
            match told.iter().find(|(known, _)| *known == does) {
                Some((_, number)) => out.push_str(&pairs(&[(&label, format!("{title}, as in step {number}"))])),
                None => {
                    let management = management_shell(report, remedy);
                    out.push_str(&of_remedy(codes[0], management, &label, &title, remedy));
                    told.push((does, step.number));
                }
            }
        }
    }
    out
}

fn distinct<'c>(codes: &[&'c str]) -> Vec<&'c str> {
    let mut all: Vec<&str> = Vec::new();
    for code in codes {
        if !all.contains(code) {
            all.push(code);
        }
    }
    all
}

/// `management` is the shell in which Exchange is managed there.
fn of_remedy(code: &str, management: &str, label: &str, title: &str, remedy: &Remedy) -> String {
    let shell = match (remedy.shell.as_deref(), &*remedy.place) {
        (Some("powershell"), "exchange") => format!(" ({management})"),
        (Some("powershell"), _) => " (PowerShell)".into(),
        (Some(_), _) => " (shell)".into(),
        (None, _) => String::new(),
    };
    let mut out = pairs(&[(label, format!("{title}{shell}:"))]);
    let [commands, undo] = remedy.lines();
    match remedy.shell {
        Some(_) => out.push_str(&block(code, if remedy.proof { "see" } else { "mend" }, &commands)),
        None => out.extend(commands.iter().map(|step| pairs(&[("", format!("- {}", safe(step)))]))),
    }
    if !remedy.undo.is_empty() {
        out.push_str(&pairs(&[("undo", "it with:".into())]));
        match remedy.shell {
            Some(_) => out.push_str(&block(code, "undo", &undo)),
            None => out.extend(undo.iter().map(|step| pairs(&[("", format!("- {}", safe(step)))]))),
        }
    }
    out
}

/// Commands as they are pasted: each on one line however long, between two comments that may be pasted along.
fn block(code: &str, what: &str, commands: &[String]) -> String {
    let marked = |line: &str| format!("          {}\n", safe(line));
    let mut out = marked(&format!("# {code} {what}: from here"));
    out.extend(commands.iter().map(|command| marked(command)));
    out + &marked("# to here")
}

/// Label and text beside each other, wrapped.
pub(crate) fn pairs(rows: &[(&str, String)]) -> String {
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH);
    for (label, text) in rows {
        table.add_row([format!("  {label}"), text.clone()]);
    }
    if let Some(column) = table.column_mut(0) {
        column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(8))).set_padding((0, 0));
    }
    trimmed(&table)
}

fn trimmed(table: &Table) -> String {
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn recipients(report: &Report) -> String {
    let mut shown: Vec<&RecipientResult> = report.recipients.iter().collect();
    if shown.is_empty() {
        return String::new();
    }
    // Those in trouble first.
    shown.sort_by_key(|one| (one.diagnosis == Fate::Delivered, one.diagnosis == Fate::Inconclusive));
    let more = shown.len().saturating_sub(SHOWN);
    shown.truncate(SHOWN);
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH)
        .set_header(["recipient", "diagnosis", "directory", "said"]);
    for one in shown {
        let states: Vec<String> = one
            .directories
            .iter()
            .map(|held| serde_word(&held.state))
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect();
        let said: Vec<String> = one
            .hops
            .iter()
            .map(|answer| {
                let role = answer.hop.split('/').next().unwrap_or_default();
                format!("{role}: {}", in_words(answer.outcome, answer.meaning))
            })
            .collect();
        table.add_row([
            safe(&one.address),
            one.diagnosis.word().replace('-', " "),
            states.join(", "),
            dedup(said).join("\n"),
        ]);
    }
    let mut out = format!("\n{}", trimmed(&table));
    if more > 0 {
        out.push_str(&format!("and {more} more, in the JSON report\n"));
    }
    out
}

/// The replies that were read as the configuration says, and the findings that it leaves out, so that nobody takes its word
/// for nsdiag's.
fn configured(report: &Report) -> String {
    let mut counts: BTreeMap<(&str, Meaning), usize> = BTreeMap::new();
    for answer in report.recipients.iter().flat_map(|one| &one.hops) {
        if let (Some(pattern), Some(meaning)) = (&answer.configured, answer.meaning) {
            *counts.entry((pattern, meaning)).or_default() += 1;
        }
    }
    let line = |((pattern, meaning), replies): (&(&str, Meaning), &usize)| {
        let (pattern, meaning) = (safe(pattern), serde_word(meaning));
        let replies = if *replies == 1 { "1 reply".into() } else { format!("{replies} replies") };
        pairs(&[("-", format!("'{pattern}' is read as {meaning}, as the configuration says: {replies}"))])
    };
    let mut lines: String = counts.iter().map(line).collect();
    for entry in &report.run.settings.ignores {
        let about = entry.subject.as_ref().map_or(String::new(), |subject| format!(" for {}", safe(subject)));
        let until = entry.until.as_ref().map_or(String::new(), |until| format!(" until {}", safe(until)));
        let why = entry.reason.as_ref().map_or(String::new(), |why| format!(": {}", safe(why)));
        let said = format!("{}{about} is ignored{until}, as the configuration says{why}", safe(&entry.code));
        lines.push_str(&pairs(&[("-", said)]));
    }
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

fn dedup(mut lines: Vec<String>) -> Vec<String> {
    lines.dedup();
    lines
}

fn in_words(outcome: Outcome, meaning: Option<Meaning>) -> String {
    match (outcome, meaning) {
        (Outcome::Accepted, _) => "accepted".into(),
        (Outcome::Rejected, Some(meaning)) => format!("rejected {}", meaning_in_words(meaning)),
        (Outcome::Rejected, None) => "rejected".into(),
        (Outcome::Deferred, Some(meaning)) => format!("put off {}", meaning_in_words(meaning)),
        (Outcome::Deferred, None) => "put off".into(),
        (Outcome::Unreachable, _) => "no answer".into(),
        (Outcome::NotProbed, _) => "not probed".into(),
    }
}

fn serde_word<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(String::from)).unwrap_or_default()
}

/// What could not be determined, and what nobody asked for.
fn gaps(report: &Report) -> String {
    let mut out = String::new();
    for (asked, title) in [(true, "Could not be determined"), (false, "Not asked")] {
        let gaps = report.gaps.iter().filter(|gap| gap.asked == asked);
        // What is missing for the same reason is one line, however many recipients it is missing for.
        let mut folded: Vec<(Vec<&str>, &FoldedGap)> = Vec::new();
        let mut places: BTreeMap<(&str, &[String]), usize> = BTreeMap::new();
        for gap in gaps {
            let place = *places.entry((&gap.why, &gap.checks)).or_insert(folded.len());
            match folded.get_mut(place) {
                Some((all, _)) => all.push(&gap.what),
                None => folded.push((vec![&gap.what], gap)),
            }
        }
        if folded.is_empty() {
            continue;
        }
        out.push_str(&format!("\n{title}\n"));
        for (all, gap) in folded.iter().take(SHOWN) {
            let why = if asked { format!(", because {}", safe(&gap.why)) } else { String::new() };
            let checks = listed(&gap.checks, 6);
            let text = format!("{}{why}. Would help: {} ({checks})", safe(&listed(all, 4)), safe(&gap.supply));
            out.push_str(&pairs(&[("-", text)]));
        }
        if folded.len() > SHOWN {
            out.push_str(&format!("  and {} more, in the JSON report\n", folded.len() - SHOWN));
        }
    }
    out
}

fn foot(report: &Report) -> String {
    let mut counts: Vec<(Status, usize)> = Vec::new();
    for check in &report.checks {
        match counts.iter_mut().find(|(status, _)| *status == check.status) {
            Some((_, number)) => *number += 1,
            None => counts.push((check.status, 1)),
        }
    }
    counts.sort_unstable();
    let counts: Vec<_> = counts.iter().map(|(status, number)| format!("{number} {}", serde_word(status))).collect();
    let seconds = report.run.duration_ms as f64 / 1000.0;
    let redacted = match report.run.redacted {
        Some(_) => "\nRedacted: tokens stand for the names of people, hosts, objects and files\n",
        None => "",
    };
    format!("{redacted}\n{} checks: {}; {seconds:.1} s\n", report.checks.len(), counts.join(", "))
}

/// The SMTP dialogues in the notation that mail administrators know from swaks.
fn dialogues(report: &Report) -> String {
    let mut out = String::new();
    for session in &report.evidence.smtp {
        out.push_str(&format!("\n=== {} {}\n", safe(&session.hop), safe(&session.started_at)));
        for turn in &session.transcript {
            let refused = turn.code.is_some_and(|code| code >= 400);
            let arrow = match (turn.who, turn.tls, refused) {
                (Who::Client, false, _) => " ->",
                (Who::Client, true, _) => " ~>",
                (Who::Server, false, false) => "<-",
                (Who::Server, true, false) => "<~",
                (Who::Server, false, true) => "<**",
                (Who::Server, true, true) => "<~*",
                (Who::Prober, ..) => "===",
            };
            for line in &turn.lines {
                out.push_str(&format!("{:>6} ms {arrow:3} {}\n", line.at_ms, safe(&line.text)));
            }
        }
        if let Some(miss) = &session.broke_off {
            out.push_str(&format!("          *** {}\n", safe(&miss.said)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_stands_on_one_line_between_comments() {
        let name = "To the `other` system's |host, which has a name of more than eighty letters, for all that it says";
        let set = || nsdiag_checks::remedy::Cmdlet::new("Set-SendConnector").with("Identity", name);
        let remedy = Remedy::exchange("x", vec![set().bool("Enabled", true)], vec![set().bool("Enabled", false)]);
        let quoted = name.replace('\'', "''");
        let expected = format!(
            "  mend   x (Exchange Management Shell):
          # NSD313 mend: from here
          Set-SendConnector -Identity '{quoted}' -Enabled $true
          # to here
  undo   it with:
          # NSD313 undo: from here
          Set-SendConnector -Identity '{quoted}' -Enabled $false
          # to here
"
        );
        assert_eq!(of_remedy("NSD313", "Exchange Management Shell", "mend", "x", &remedy), expected);
    }
}
