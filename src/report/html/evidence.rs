//! What a finding rests on: its JSON Pointers, led to what they name, in the notation that a reader knows.
use super::dialogues::{excerpt, name, place};
use super::objects;
use super::page::{anchor, told};
use crate::report::safe;
use crate::report::words::Decisive;
use maud::{Markup, html};
use nsdiag_checks::evidence::dns::{Answer, Record};
use nsdiag_checks::evidence::{DnsLookup, Entry, Lookup, Observed};
use nsdiag_checks::judge::{Finding, Severity, count};
use nsdiag_checks::report::Report;
use std::collections::BTreeSet;

/// How much of one kind is shown; the JSON report has all.
const SESSIONS: usize = 4;
const TURNS: usize = 10;
const LOOKUPS: usize = 6;
const OTHERS: usize = 12;
/// How many values of an attribute, and how many objects of one look-up.
const VALUES: usize = 12;

/// The pointers of one finding by what they lead to, each in the order of its first mention.
#[derive(Default)]
struct Sorted<'f> {
    sessions: Vec<(usize, BTreeSet<usize>)>,
    lookups: Vec<(usize, usize)>,
    listed: Vec<(usize, Vec<usize>)>,
    dns: Vec<usize>,
    others: Vec<&'f str>,
}

impl<'f> Sorted<'f> {
    fn of(pointers: &'f [String]) -> Self {
        let mut all = Self::default();
        let mut known = BTreeSet::new();
        for pointer in pointers {
            let parts: Vec<&str> = pointer.split('/').skip(1).collect();
            let number = |at: usize| parts.get(at).and_then(|part| part.parse::<usize>().ok());
            match (&parts[..], number(2), number(4)) {
                (["evidence", "smtp", _, "tls", ..], ..) => all.others.push(pointer),
                (["evidence", "smtp", ..], Some(_), _) => {
                    let Some((session, turn)) = place(pointer) else { continue };
                    match all.sessions.iter_mut().find(|(known, _)| *known == session) {
                        Some((_, turns)) => turns.extend(turn),
                        None => all.sessions.push((session, turn.into_iter().collect())),
                    }
                }
                (["evidence", "directories", _, "lookups", _, ..], Some(directory), Some(lookup)) => {
                    if known.insert((directory, lookup)) {
                        all.lookups.push((directory, lookup));
                    }
                }
                (["evidence", "files", _, "addresses", "known", _], Some(file), _) => {
                    let Some(address) = number(5) else { continue };
                    match all.listed.iter_mut().find(|(known, _)| *known == file) {
                        Some((_, addresses)) => addresses.push(address),
                        None => all.listed.push((file, vec![address])),
                    }
                }
                (["evidence", "dns", _], Some(at), _) => all.dns.push(at),
                _ => all.others.push(pointer),
            }
        }
        all
    }
}

pub(super) fn of_finding(report: &Report, finding: &Finding) -> Markup {
    let sorted = Sorted::of(&finding.evidence);
    html! {
        @if !finding.evidence.is_empty() {
            details.evidence open[finding.severity != Severity::Info] {
                summary { h4 { "What it rests on" } }
                (sessions(report, &sorted.sessions, &Decisive::of(&finding.evidence)))
                (lookups(report, &sorted.lookups))
                @for (file, addresses) in &sorted.listed { (listed(report, *file, addresses)) }
                (dns(report, &sorted.dns))
                @for pointer in sorted.others.iter().take(OTHERS) { (objects::shown(report, pointer)) }
                (more(sorted.others.len(), OTHERS, "more place"))
            }
        }
    }
}

/// How many more there are, where not all are shown.
fn more(all: usize, shown: usize, what: &str) -> Markup {
    html! { @if all > shown { p.more { "and " (count(all - shown, what)) ", in the JSON report" } } }
}

fn sessions(report: &Report, all: &[(usize, BTreeSet<usize>)], decisive: &Decisive) -> Markup {
    html! {
        @for (at, turns) in all.iter().take(SESSIONS) {
            @match report.evidence.smtp.get(*at) {
                Some(session) => {
                    div.seen {
                        p.of { (name(session)) " " a href=(anchor("dialogue", *at)) { "whole dialogue" } }
                        (excerpt(session, *at, &turns.iter().copied().take(TURNS).collect(), decisive))
                        @if turns.len() > TURNS { p.more { "and " (turns.len() - TURNS) " more of its replies" } }
                    }
                }
                None => { (objects::gone(&format!("/evidence/smtp/{at}"))) }
            }
        }
        (more(all.len(), SESSIONS, "more dialogue"))
    }
}

fn lookups(report: &Report, all: &[(usize, usize)]) -> Markup {
    html! {
        @for (directory, at) in all.iter().take(LOOKUPS) {
            @let found = report.evidence.directories.get(*directory);
            @match found.and_then(|found| Some((found, found.lookups.get(*at)?))) {
                Some((directory, lookup)) => {
                    div.seen {
                        p.of { "Directory of " (told(&directory.system)) ", " (told(&lookup.address)) }
                        (lookup_shown(lookup))
                    }
                }
                None => { (objects::gone(&format!("/evidence/directories/{directory}/lookups/{at}"))) }
            }
        }
        (more(all.len(), LOOKUPS, "more look-up"))
    }
}

fn lookup_shown(lookup: &Lookup) -> Markup {
    let asked = format!("{} below {}", lookup.filter, if lookup.base.is_empty() { "the root" } else { &lookup.base });
    html! {
        div.record tabindex="0" role="group" aria-label="Directory look-up" {
            div.line.asked { (told(&asked)) }
            @match &lookup.entries {
                Observed::Known(found) if found.is_empty() => div.line.none { "no object holds it" },
                Observed::Known(found) => { @for one in found.iter().take(VALUES) { (entry(one)) } },
                Observed::Unknown(miss) => div.line.none { "no answer: " (told(&miss.said)) },
                Observed::NotAsked => div.line.none { "not asked" },
            }
        }
    }
}

/// A directory object as LDIF writes it (RFC 2849).
pub(super) fn entry(one: &Entry) -> Markup {
    html! {
        div.line { "dn: " (told(&one.dn)) }
        @for (name, values) in &one.attributes {
            @for value in values.iter().take(VALUES) { div.line { (safe(name)) ": " (told(value)) } }
            @if values.len() > VALUES { div.line.gap { "… " (values.len() - VALUES) " more of " (safe(name)) } }
        }
    }
}

fn listed(report: &Report, file: usize, addresses: &[usize]) -> Markup {
    let Some(list) = report.evidence.files.get(file) else { return objects::gone(&format!("/evidence/files/{file}")) };
    let known = list.addresses.known().map_or(&[][..], Vec::as_slice);
    let named: Vec<&String> = addresses.iter().filter_map(|at| known.get(*at)).collect();
    html! {
        div.seen {
            p.of { "List of " (told(&list.system)) ": " (told(&list.source)) }
            p.listed {
                @for (nth, address) in named.iter().take(VALUES).enumerate() { @if nth > 0 { ", " } (told(address)) }
                @if named.len() > VALUES { " and " (named.len() - VALUES) " more" }
                @if named.is_empty() { "not in this report" }
            }
        }
    }
}

fn dns(report: &Report, all: &[usize]) -> Markup {
    html! {
        @if !all.is_empty() {
            div.seen {
                p.of { "DNS" }
                div.record tabindex="0" role="group" aria-label="DNS answers" {
                    @for at in all.iter().take(OTHERS) {
                        @match report.evidence.dns.get(*at) {
                            Some(lookup) => (dns_shown(lookup)),
                            None => (objects::gone(&format!("/evidence/dns/{at}"))),
                        }
                    }
                }
                (more(all.len(), OTHERS, "more look-up"))
            }
        }
    }
}

fn dns_shown(lookup: &DnsLookup) -> Markup {
    let question = format!("{}. {}", lookup.name, lookup.kind.word());
    html! {
        div.line.asked { "; " (told(&question)) ", asked of " (told(&lookup.resolver)) }
        @match &lookup.answer {
            Observed::Known(answer) => { (answer_shown(&lookup.name, lookup.kind.word(), answer)) },
            Observed::Unknown(miss) => div.line.none { "no answer: " (told(&miss.said)) },
            Observed::NotAsked => div.line.none { "not asked" },
        }
    }
}

/// Records as zone files have them.
pub(super) fn answer_shown(name: &str, kind: &str, answer: &Answer) -> Markup {
    let owner = answer.aliases.last().map_or(name, |alias| &alias.target);
    html! {
        @for alias in &answer.aliases { div.line { (told(&format!("{}. CNAME {}.", alias.name, alias.target))) } }
        @for record in answer.records.iter().take(VALUES) { div.line { (told(&format!("{owner}. {kind} {}", data(record)))) } }
        @if answer.records.len() > VALUES { div.line.gap { "… " (answer.records.len() - VALUES) " more" } }
        @if !answer.exists { div.line.none { "no such name (NXDOMAIN)" } }
        @else if answer.records.is_empty() { div.line.none { "no such record" } }
    }
}

fn data(record: &Record) -> String {
    match record {
        Record::Address(address) => address.to_string(),
        Record::Mx { preference, exchange } => format!("{preference} {exchange}."),
        Record::Srv { priority, weight, port, target } => format!("{priority} {weight} {port} {target}."),
        Record::Text(text) => format!("\"{text}\""),
        Record::Server(name) => format!("{name}."),
        Record::Tlsa { usage, selector, matching, digest } => format!("{usage} {selector} {matching} {digest}"),
    }
}
