//! The SMTP dialogues in the notation that mail administrators know from swaks, with the lines that decide marked.
use super::page::{moment, told};
use super::recipients::shortened;
use crate::report::words::{Decisive, Spoken, dialogue};
use maud::{Markup, html};
use nsdiag_checks::evidence::Session;
use nsdiag_checks::judge::count;
use nsdiag_checks::report::Report;
use std::collections::{BTreeMap, BTreeSet};

/// How many dialogues the page has. Of one that has more lines than this the turns are shown that decide, as far as that goes.
const SESSIONS: usize = 40;
const LINES: usize = 150;
const TURNS: usize = 40;
/// How much of one line.
const LETTERS: usize = 2_000;

/// The turns that findings rest on, by session; sessions that they rest on as a whole have none.
fn turns(report: &Report) -> BTreeMap<usize, BTreeSet<usize>> {
    let mut all: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for pointer in report.findings.iter().flat_map(|finding| &finding.evidence) {
        if let Some((session, turn)) = place(pointer) {
            all.entry(session).or_default().extend(turn);
        }
    }
    all
}

/// The session, and the turn in it, that a JSON Pointer leads to.
pub(super) fn place(pointer: &str) -> Option<(usize, Option<usize>)> {
    let mut parts = pointer.strip_prefix("/evidence/smtp/")?.split('/');
    let session = parts.next()?.parse().ok()?;
    let turn = parts.next().filter(|part| *part == "transcript").and_then(|_| parts.next()?.parse().ok());
    Some((session, turn))
}

/// The dialogues that findings rest on; with `all` the others too.
pub(super) fn section(report: &Report, all: bool) -> Markup {
    let turns = turns(report);
    let decisive = Decisive::of(report.findings.iter().flat_map(|finding| &finding.evidence));
    let none = BTreeSet::new();
    let shown: Vec<(usize, &Session)> =
        report.evidence.smtp.iter().enumerate().filter(|(at, _)| all || turns.contains_key(at)).collect();
    let more = report.evidence.smtp.len() - shown.len().min(if all { usize::MAX } else { SESSIONS });
    let limit = if all { usize::MAX } else { SESSIONS };
    html! {
        section #dialogues aria-labelledby="dialogues-title" {
            h2 #dialogues-title { "Dialogues" }
            @if report.evidence.smtp.is_empty() { p.lead { "No host was spoken to." } }
            @if !shown.is_empty() { p.paper { "They are not printed; they are in the file." } }
            @for (at, session) in shown.iter().take(limit) {
                details.session.many id={ "dialogue-" (at + 1) } {
                    summary { (told(&session.hop)) " " span.at { (moment(&session.started_at)) } }
                    (whole(session, *at, turns.get(at).unwrap_or(&none), &decisive, all))
                }
            }
            @if more > 0 { p.more { (count(more, "more dialogue")) " in the JSON report." } }
        }
    }
}

fn whole(session: &Session, at: usize, turns: &BTreeSet<usize>, decisive: &Decisive, all: bool) -> Markup {
    let lines: Vec<(usize, Spoken)> = dialogue(session, at, decisive).into_iter().map(|line| (0, line)).collect();
    if all || lines.len() <= LINES {
        return talk(&lines);
    }
    html! {
        (excerpt(session, at, &turns.iter().copied().take(TURNS).collect(), decisive))
        p.more { "Of " (lines.len()) " lines; all are in the JSON report, and here with " code { "nsdiag show -v" } "." }
    }
}

/// Lines of a dialogue, each with the number of those that are left out before it.
fn talk(lines: &[(usize, Spoken)]) -> Markup {
    html! {
        div.talk tabindex="0" role="group" aria-label="SMTP dialogue" {
            @for (left_out, one) in lines {
                @if *left_out > 0 { div.gap { "… " (count(*left_out, "line")) } }
                div.line.decides[one.decides].refusal[one.arrow.contains('*')] {
                    @if one.decides { span.pointer { "▸" } span.unseen { " decisive: " } }
                    span.arrow { (one.arrow) } " " bdi { (shortened(&one.text, LETTERS)) }
                }
            }
        }
    }
}

/// The turns of a session that `turns` names, each with the command before it.
pub(super) fn excerpt(session: &Session, at: usize, turns: &BTreeSet<usize>, decisive: &Decisive) -> Markup {
    let mut wanted: BTreeSet<usize> = BTreeSet::from([0]);
    for turn in turns {
        wanted.extend([turn.saturating_sub(1), *turn]);
    }
    // The turn of each line; the one after the last says why the dialogue ended.
    let turn_of: Vec<usize> =
        session.transcript.iter().enumerate().flat_map(|(at, turn)| turn.lines.iter().map(move |_| at)).collect();
    let mut left_out = 0;
    let mut lines: Vec<(usize, Spoken)> = Vec::new();
    for (nth, line) in dialogue(session, at, decisive).into_iter().enumerate() {
        match turn_of.get(nth).is_none_or(|turn| wanted.contains(turn)) {
            true => lines.push((std::mem::take(&mut left_out), line)),
            false => left_out += 1,
        }
    }
    talk(&lines)
}

/// Whose the dialogue was.
pub(super) fn name(session: &Session) -> Markup {
    html! { (told(&session.hop)) ", " (moment(&session.started_at)) }
}
