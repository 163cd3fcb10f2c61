//! The report in Markdown, for a ticket and for a chat.
pub(super) mod text;

use super::format::{Format, Holds, View};
use super::words::{
    Decisive, counts_sentence, dialogue, disagreement, folded_gaps, policy, redacted, reweighed, said,
    verdict_sentence, word,
};
use super::{management_shell, whose};
use nsdiag_checks::evidence::smtp::{Turn, Who};
use nsdiag_checks::judge::{Finding, count, listed};
use nsdiag_checks::model::diagnosis::Fate;
use nsdiag_checks::remedy::Remedy;
use nsdiag_checks::remedy::order::{Step, steps};
use nsdiag_checks::report::{RecipientResult, Report};
use std::collections::BTreeSet;
use text::{block, cell, code, inline};

/// How many recipients are shown, and how many subjects and lines of dialogue of a finding, unless all are wanted.
const SHOWN: usize = 50;
const NAMED: usize = 12;
const LINES: usize = 12;

/// For tickets and chats.
pub const FORMAT: Format = Format {
    name: "markdown",
    about: "For a ticket or a chat",
    endings: &["md"],
    exact: false,
    holds: Holds::Everything,
    write: |report, view, out| out.write_all(markdown(report, view).as_bytes()),
};

fn markdown(report: &Report, view: &View) -> String {
    let word = report.verdict.word().to_uppercase();
    let mut out = format!("## {word}: {}\n", inline(&verdict_sentence(report)));
    if view.brief {
        return out;
    }
    out.push_str(&format!("\n{}\n", inline(&counts_sentence(report))));
    let steps = steps(&report.findings);
    for finding in &report.findings {
        out.push_str(&of_finding(report, finding, &steps, view));
    }
    if out.contains("\nHeard from ") {
        out.push_str(
            "\n`->` is said by nsdiag, `<-` by the server and `<**` by the server that refuses; `~` is TLS.\n",
        );
    }
    out.push_str(&mending(report, &steps));
    out.push_str(&recipients(report, view));
    out.push_str(&views(report, view));
    out.push_str(&by_configuration(report));
    out.push_str(&gaps(report, view));
    out.push_str(&foot(report));
    out
}

fn of_finding(report: &Report, finding: &Finding, steps: &[Step], view: &View) -> String {
    let Finding { severity, certainty, title, detail, subjects, .. } = finding;
    let head = format!("{} {} ({}): {title}", finding.code, word(severity), word(certainty));
    let mut out = format!("\n### {}\n\n", inline(&head));
    if !subjects.is_empty() {
        let names: Vec<String> = subjects.iter().map(|subject| code(&subject.value)).collect();
        let most = if view.verbose { names.len() } else { NAMED };
        out.push_str(&format!("- **For** {}\n", listed(&names, most)));
    }
    out.push_str(&format!("- **Why** {}\n", inline(detail)));
    out.extend(reweighed(finding).map(|said| format!("- **Weight** {}\n", inline(&said))));
    let is_mended = |step: &&Step| step.findings.iter().any(|one| core::ptr::eq(*one, finding));
    if let Some(step) = steps.iter().find(is_mended) {
        out.push_str(&format!("- **Mend** by step {} below: {}\n", step.number, inline(&step.ways[0].title)));
    }
    out.push_str(&heard(report, finding, view));
    for remedy in finding.remedies.iter().filter(|remedy| !remedy.mends()) {
        let label = match (remedy.proof, &remedy.shell) {
            (true, Some(_)) => "See",
            (true, None) => "Note",
            (false, _) => "Mend",
        };
        out.push_str(&of_remedy(report, label, &inline(&remedy.title), remedy));
    }
    out
}

/// The lines of the dialogues that a finding rests on, each with the command that it answers, and where else it rests.
fn heard(report: &Report, finding: &Finding, view: &View) -> String {
    let mut out = String::new();
    let most = if view.verbose { usize::MAX } else { LINES };
    let (mut shown, mut more) = (0, 0);
    let turns = with_commands(report, &finding.evidence);
    for (at, session) in report.evidence.smtp.iter().enumerate() {
        let lines: Vec<String> = dialogue(session, at, &turns)
            .into_iter()
            .filter(|line| line.decides)
            .map(|line| format!("{:3} {}", line.arrow, line.text))
            .collect();
        let room = (most - shown).min(lines.len());
        more += lines.len() - room;
        shown += room;
        if room > 0 {
            let lines = lines.into_iter().take(room);
            out.push_str(&format!("\nHeard from {}:\n\n{}", code(&session.hop), block("text", lines)));
        }
    }
    if more > 0 {
        out.push_str(&format!("\nand {} more of the dialogues, in the JSON report\n", count(more, "line")));
    }
    let is_elsewhere = |pointer: &&String| Decisive::of([*pointer]) == Decisive::default();
    let elsewhere: Vec<String> = finding.evidence.iter().filter(is_elsewhere).map(|pointer| code(pointer)).collect();
    if !elsewhere.is_empty() {
        out.push_str(&format!("\nIn the JSON report: {}\n", listed(&elsewhere, 6)));
    }
    out
}

/// What these pointers lead to in the dialogues, each reply with its command.
fn with_commands(report: &Report, pointers: &[String]) -> Decisive {
    let replies = Decisive::of(pointers);
    let mut all = pointers.to_vec();
    for (at, session) in report.evidence.smtp.iter().enumerate() {
        for (place, reply) in session.transcript.iter().enumerate() {
            if reply.who != Who::Server || !replies.names(at, Some(place)) {
                continue;
            }
            let asks =
                |turn: &Turn| turn.who == Who::Client && turn.stage == reply.stage && turn.recipient == reply.recipient;
            let asked = session.transcript[..place].iter().rposition(asks);
            all.extend(asked.map(|asked| format!("/evidence/smtp/{at}/transcript/{asked}")));
        }
    }
    Decisive::of(&all)
}

/// What mends it all, step by step.
fn mending(report: &Report, steps: &[Step]) -> String {
    let mut out = match steps {
        [] => return String::new(),
        [_] => "\n### What mends it\n".to_string(),
        _ => "\n### What mends it, in the order in which it works\n".into(),
    };
    for step in steps {
        let codes: BTreeSet<&str> = step.findings.iter().map(|finding| &*finding.code).collect();
        let codes: Vec<&str> = codes.into_iter().collect();
        for (at, remedy) in step.ways.iter().enumerate() {
            let (label, title) = match at {
                0 => {
                    let whose = whose(report, remedy);
                    (format!("Step {}", step.number), format!("{}{whose}: {}", listed(&codes, 6), remedy.title))
                }
                _ if remedy.title.starts_with("Or ") || remedy.title.starts_with("Then ") => {
                    (String::new(), remedy.title.clone())
                }
                _ => ("Or".into(), remedy.title.clone()),
            };
            out.push_str(&of_remedy(report, &label, &inline(&title), remedy));
        }
    }
    out
}

/// `title` is Markdown already.
fn of_remedy(report: &Report, label: &str, title: &str, remedy: &Remedy) -> String {
    let (language, shell) = match (remedy.shell.as_deref(), &*remedy.place) {
        (Some("powershell"), "exchange") => ("powershell", format!(" ({})", management_shell(report, remedy))),
        (Some("powershell"), _) => ("powershell", " (PowerShell)".into()),
        (Some("sh"), _) => ("sh", " (shell)".into()),
        (Some(_), _) => ("text", " (shell)".into()),
        (None, _) => ("", String::new()),
    };
    let label = if label.is_empty() { String::new() } else { format!("**{label}** ") };
    let mut out = format!("\n{label}{title}{shell}:\n\n");
    let [commands, undo] = remedy.lines();
    let told = |lines: Vec<String>| match remedy.shell {
        Some(_) => block(language, lines),
        None => lines.iter().map(|line| format!("- {}\n", inline(line))).collect(),
    };
    out.push_str(&told(commands));
    if !undo.is_empty() {
        out.push_str(&format!("\n**Undo** it with:\n\n{}", told(undo)));
    }
    out
}

fn recipients(report: &Report, view: &View) -> String {
    let mut shown: Vec<&RecipientResult> = report.recipients.iter().collect();
    if shown.is_empty() {
        return String::new();
    }
    // Those in trouble first.
    shown.sort_by_key(|one| (one.diagnosis == Fate::Delivered, one.diagnosis == Fate::Inconclusive));
    let more = if view.verbose { 0 } else { shown.len().saturating_sub(SHOWN) };
    shown.truncate(shown.len() - more);
    let mut out = String::from("\n### Who gets mail\n\n");
    out.push_str("| recipient | diagnosis | certainty | directory | said |\n|---|---|---|---|---|\n");
    for one in shown {
        let states: BTreeSet<String> = one.directories.iter().map(|held| word(&held.state)).collect();
        let role = |hop: &str| hop.split('/').next().unwrap_or_default().to_string();
        let mut answers: Vec<String> =
            one.hops.iter().map(|hop| format!("{}: {}", role(&hop.hop), said(hop.outcome, hop.meaning))).collect();
        answers.dedup();
        let cells = [
            code(&one.address).replace('|', "\\|"),
            cell(&one.diagnosis.word().replace('-', " ")),
            word(&one.certainty),
            states.into_iter().collect::<Vec<_>>().join(", "),
            cell(&answers.join("; ")),
        ];
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    if more > 0 {
        out.push_str(&format!("\nand {more} more, in the JSON report\n"));
    }
    out
}

/// What could not be determined, and what nobody asked for.
fn gaps(report: &Report, view: &View) -> String {
    let mut out = String::new();
    let open = folded_gaps(report, true);
    if !open.is_empty() {
        out.push_str("\n### Could not be determined\n\n");
    }
    let most = if view.verbose { usize::MAX } else { SHOWN };
    for gap in open.iter().take(most) {
        let (what, checks) = (listed(&gap.what, 4), listed(gap.checks, 6));
        let text = format!("{what}, because {}. Would help: {} ({checks})", gap.why, gap.supply);
        out.push_str(&format!("- {}\n", inline(&text)));
    }
    if open.len() > most {
        out.push_str(&format!("- and {} more, in the JSON report\n", open.len() - most));
    }
    let idle = folded_gaps(report, false);
    match (idle.len(), view.verbose) {
        (0, _) => {}
        (number, false) => {
            let number = count(number, "thing");
            out.push_str(&format!("\nNot asked: {number}; the table and `nsdiag show -v` name them.\n"));
        }
        (_, true) => {
            out.push_str("\n### Not asked\n\n");
            for gap in &idle {
                let (what, checks) = (listed(&gap.what, 4), listed(gap.checks, 6));
                out.push_str(&format!("- {}\n", inline(&format!("{what}. Would help: {} ({checks})", gap.supply))));
            }
        }
    }
    out
}

/// What the vantage points of a merged report see differently.
fn views(report: &Report, view: &View) -> String {
    let all = &report.disagreements;
    if all.is_empty() {
        return String::new();
    }
    let mut out = String::from("\n### What the vantage points see differently\n\n");
    let (most, named) = if view.verbose { (all.len(), usize::MAX) } else { (SHOWN, NAMED) };
    out.extend(all.iter().take(most).map(|one| format!("- {}\n", inline(&disagreement(one, named)))));
    if all.len() > most {
        out.push_str(&format!("- and {} more, in the JSON report\n", all.len() - most));
    }
    out
}

/// What the configuration has made of it.
fn by_configuration(report: &Report) -> String {
    let lines: String = policy(report).iter().map(|line| format!("- {}\n", inline(line))).collect();
    if lines.is_empty() { lines } else { format!("\n### By the configuration\n\n{lines}") }
}

fn foot(report: &Report) -> String {
    let run = &report.run;
    let seconds = run.duration_ms as f64 / 1000.0;
    let addresses: Vec<String> = run.vantage.addresses.iter().map(|address| code(address)).collect();
    let addresses = if addresses.is_empty() { String::new() } else { format!(" ({})", listed(&addresses, 4)) };
    let (when, host) = (code(&run.started_at), code(&run.vantage.hostname));
    let (name, version) = (inline(&report.tool.name), code(&report.tool.version));
    let cut = if run.complete { "" } else { "; cut short before all was asked" };
    let checks = count(report.checks.len(), "check");
    let tokens = redacted(report).map_or(String::new(), |said| format!("{said}.\n\n"));
    format!(
        "\n---\n\n{tokens}Seen at {when} from {host}{addresses} by {name} {version}, in {seconds:.1} s; {checks}{cut}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::text::tests::seen;
    use super::*;
    use crate::report::safe;
    use crate::report::sample::{HOSTILE, report};

    #[test]
    fn a_reader_sees_who_why_on_what_evidence_and_what_mends_it() {
        let text = seen(&markdown(&report("mx1"), &View::of_file(false)));
        let expected = [
            "CRITICAL: mx1: 2 of 3 recipients cannot get mail\n",
            "NSD401 critical (proven): mx1\n",
            "For mx1@contoso.com and mx1\n",
            "Why mx1\n",
            "Mend by step 1 below: mx1\n",
            "Heard from gateway/mx1/192.0.2.25:25:\n -> mx1\n<** mx1\n",
            "In the JSON report: /evidence/dns/mx1\n",
            "Step 1 NSD401 and mx1: mx1 (Exchange Management Shell):\nmx1\n",
            "Undo it with:\nmx1\n",
            "mx1@contoso.com / gateway rejects other mailbox / proven / absent / gateway: rejected as unknown / \n",
            "mx1, because mx1. Would help: mx1 (mx1)\n",
            "Not asked: 1 thing; the table and nsdiag show -v name them.\n",
            "Seen at mx1 from mx1 (mx1) by mx1 mx1, in 1.8 s; 4 checks\n",
        ];
        for words in expected {
            assert!(text.contains(words), "{words} in {text}");
        }
        let brief = View { brief: true, ..View::of_file(false) };
        assert_eq!(markdown(&report("mx1"), &brief).lines().count(), 1);
    }

    #[test]
    fn hostile_text_is_seen_as_text() {
        let text = seen(&markdown(&report(HOSTILE), &View::of_file(true)));
        let shown = safe(HOSTILE);
        assert!(text.lines().any(|line| line == shown), "the command as it is: {text}");
        assert!(text.lines().any(|line| line == format!("<** {shown}")), "the reply as it is: {text}");
        let squeezed = shown.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        assert!(text.contains(&format!("Why {squeezed}\n")), "{text}");
        assert!(text.contains(&format!("{shown}@contoso.com / gateway rejects")), "{text}");
    }

    #[test]
    fn what_is_long_is_folded_unless_all_is_wanted() {
        let mut long = report("x");
        long.recipients = vec![long.recipients[0].clone(); 60];
        long.findings[0].subjects = vec![long.findings[0].subjects[0].clone(); 60];
        let [folded, whole] = [false, true].map(|verbose| markdown(&long, &View::of_file(verbose)));
        assert!(folded.contains("and 10 more, in the JSON report") && folded.contains(" and 48 more\n"), "{folded}");
        assert_eq!(whole.matches("| gateway rejects other mailbox |").count(), 60);
        assert!(!whole.contains(" more"), "{whole}");
    }
}
