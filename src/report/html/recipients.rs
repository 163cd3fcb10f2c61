//! Who can't get mail, and who can: complete without the script, which filters and sorts.
use super::page::told;
use crate::report::safe;
use crate::report::words::{said, word};
use maud::{Markup, html};
use nsdiag_checks::judge::{count, listed};
use nsdiag_checks::model::Outcome;
use nsdiag_checks::model::diagnosis::Fate;
use nsdiag_checks::model::path::Disposition;
use nsdiag_checks::report::{RecipientResult, Report};

/// How many rows one table has: a browser lays out those alone that are in sight.
const ROWS: usize = 100;
/// From how many on a group is not printed, and closed until somebody opens it.
const MANY: usize = 300;
/// So many are seen at a glance, and not looked for.
const FEW: usize = 12;
/// How much of a reply a row has.
const LETTERS: usize = 240;

/// Those in trouble first, those whose mail arrives last.
const ORDER: [Fate; 11] = [
    Fate::GatewayRejectsOtherMailbox,
    Fate::GatewayRejectsExchangeRecipient,
    Fate::ExchangeRejectsOtherMailbox,
    Fate::OtherRejectsOwnMailbox,
    Fate::MxHostsDisagree,
    Fate::Loop,
    Fate::NoRoute,
    Fate::UnknownEverywhere,
    Fate::InBothSystems,
    Fate::Inconclusive,
    Fate::Delivered,
];

pub(super) fn section(report: &Report) -> Markup {
    let bad =
        report.recipients.iter().filter(|one| !matches!(one.diagnosis, Fate::Delivered | Fate::Inconclusive)).count();
    let open = report.recipients.iter().filter(|one| one.diagnosis == Fate::Inconclusive).count();
    let total = report.summary.recipients.get("total").copied().unwrap_or(0);
    let folded = total.saturating_sub(report.recipients.len());
    html! {
        section #recipients aria-labelledby="recipients-title" {
            h2 #recipients-title { @if bad > 0 { "Who cannot get mail" } @else { "Recipients" } }
            p.lead {
                @match (report.recipients.len(), bad, open) {
                    (0, ..) => "Nobody was judged: no list, no directory and no known-good named a recipient.",
                    (all, 0, 0) => { "Nothing was found in the way of " (count(all, "recipient")) "." }
                    (_, 0, _) => { "Nobody was found to be cut off; for " (count(open, "recipient")) " it is not known." }
                    (all, _, 0) => { (bad) " of " (count(all, "recipient")) "." }
                    (all, ..) => { (bad) " of " (count(all, "recipient")) "; for " (open) " more it is not known." }
                }
                @if folded > 0 { " " (folded) " more are not listed one by one in this report." }
            }
            @if report.recipients.len() > FEW {
                (seek(report))
            }
            @if !report.recipients.is_empty() {
                div #found-rows hidden {}
                div #all-rows {
                    @for fate in ORDER { (group(report, fate)) }
                }
            }
        }
    }
}

/// What the script looks for recipients with.
fn seek(report: &Report) -> Markup {
    html! {
        div #seek role="search" aria-label="Recipients" hidden {
            label { "Filter " input #filter type="search" autocomplete="off" spellcheck="false"; }
            label { "Show "
                select #fate {
                    option value="" { "all" }
                    @for fate in ORDER {
                        @if report.recipients.iter().any(|one| one.diagnosis == fate) {
                            option value=(fate.word()) { (in_words(fate)) }
                        }
                    }
                }
            }
            label { "Sort by " select #order {
                option value="" { "diagnosis" }
                option value="address" { "address" }
                option value="said" { "what hosts said" }
            } }
            p #found role="status" {}
        }
    }
}

fn group(report: &Report, fate: Fate) -> Markup {
    let all: Vec<&RecipientResult> = report.recipients.iter().filter(|one| one.diagnosis == fate).collect();
    let many = all.len() > MANY;
    let open = !many && (fate != Fate::Delivered || all.len() <= 25);
    html! {
        @if !all.is_empty() {
            details.group.many[many] open[open] data-fate=(fate.word()) {
                summary { span.fate { (in_words(fate)) } " " span.number { (all.len()) } span.means { (meaning(fate)) } }
                @if many { p.paper { "These " (all.len()) " are not printed; they are in the file." } }
                @for (nth, rows) in all.chunks(ROWS).enumerate() {
                    div.rows { (table(rows, fate, nth)) }
                }
            }
        }
    }
}

fn table(rows: &[&RecipientResult], fate: Fate, nth: usize) -> Markup {
    html! {
        table {
            caption.unseen { (in_words(fate)) @if nth > 0 { ", continued " (nth) } }
            thead { tr {
                th scope="col" { "Recipient" }
                th scope="col" { "What becomes of it" }
                th scope="col" { "Directories and lists" }
                th scope="col" { "What the hosts said" }
            } }
            tbody { @for one in rows { (row(one)) } }
        }
    }
}

fn row(one: &RecipientResult) -> Markup {
    html! {
        tr {
            th scope="row" { (told(&shortened(&one.address, 320))) }
            td { (in_words(one.diagnosis)) " (" (word(&one.certainty)) ")" (predicted(one)) }
            td { (held(one)) }
            td { (answers(one)) }
        }
    }
}

/// Where the configuration would send it, where that says more than the diagnosis.
fn predicted(one: &RecipientResult) -> Markup {
    let refused = one.predicted.disposition == Disposition::RejectedAtGateway;
    let says = one.predicted.missing.as_ref().map(|missing| format!("missing: {missing}"));
    let says = says.or_else(|| one.predicted.steps.last().map(|step| step.says.clone()));
    html! {
        @if one.diagnosis != Fate::Delivered && !refused && one.predicted.disposition != Disposition::Delivered {
            @if let Some(says) = says { div.more { "By the configuration: " (told(&says)) } }
        }
    }
}

fn held(one: &RecipientResult) -> Markup {
    html! {
        @for (nth, held) in one.directories.iter().enumerate() {
            @if nth > 0 { br; }
            (told(&held.system)) ": " (word(&held.state).replace('-', " "))
        }
        @for (nth, list) in one.lists.iter().filter(|list| list.listed).enumerate() {
            @if nth > 0 || !one.directories.is_empty() { br; }
            "on the list of " (told(&list.system))
        }
    }
}

/// What hops said, those that say the same together: `gateway, exchange: accepted`. Where hosts of one role are divided, they are
/// named.
fn answers(one: &RecipientResult) -> Markup {
    let mut all: Vec<(String, Vec<(&str, &str)>)> = Vec::new();
    for answer in &one.hops {
        let mut parts = answer.hop.split('/');
        let hop = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let says = said(answer.outcome, answer.meaning);
        match all.iter_mut().find(|(same, _)| *same == says) {
            Some((_, hops)) if hops.contains(&hop) => {}
            Some((_, hops)) => hops.push(hop),
            None => all.push((says, vec![hop])),
        }
    }
    let divided = |role: &str| all.iter().filter(|(_, hops)| hops.iter().any(|(own, _)| *own == role)).count() > 1;
    let whom = |hops: &[(&str, &str)]| {
        let mut names: Vec<String> = Vec::new();
        for (role, host) in hops {
            let name = if divided(role) { safe(host) } else { safe(role) };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        listed(&names, 4)
    };
    let bad = |outcome| matches!(outcome, Outcome::Rejected | Outcome::Deferred);
    let reply = one.hops.iter().find(|answer| bad(answer.outcome)).and_then(|answer| answer.reply.as_ref());
    html! {
        @for (nth, (says, hops)) in all.iter().enumerate() {
            @if nth > 0 { br; }
            (told(&whom(hops))) ": " (says)
        }
        @if let Some(reply) = reply {
            div.more { code {
                (reply.code) " " @if let Some(enhanced) = &reply.enhanced { (told(&shortened(enhanced, 12))) " " }
                (told(&shortened(&reply.text, LETTERS)))
            } }
        }
    }
}

/// The beginning of `text`, and how much more there is.
pub(super) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.into(),
        Some((end, _)) => format!("{} … and {} letters more", &text[..end], text[end..].chars().count()),
    }
}

fn in_words(fate: Fate) -> String {
    fate.word().replace('-', " ")
}

/// What a diagnosis means for whoever waits for mail.
fn meaning(fate: Fate) -> &'static str {
    match fate {
        Fate::Delivered => "nothing was found in their way",
        Fate::GatewayRejectsOtherMailbox => "the gateway refuses them; their mailbox is on the other system",
        Fate::GatewayRejectsExchangeRecipient => "the gateway refuses them; Exchange's directory holds them",
        Fate::ExchangeRejectsOtherMailbox => "Exchange refuses them; their mailbox is on the other system",
        Fate::OtherRejectsOwnMailbox => "their own system refuses them",
        Fate::MxHostsDisagree => "one MX host refuses what another one accepts",
        Fate::Loop => "their mail goes round until a host gives it up",
        Fate::InBothSystems => "they have a mailbox in two systems, and mail reaches one",
        Fate::UnknownEverywhere => "they are listed, and no system knows them",
        Fate::NoRoute => "their mail waits in a queue and expires",
        Fate::Inconclusive => "the evidence does not decide",
    }
}
