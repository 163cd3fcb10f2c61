//! What was found: for whom, why, on what evidence, how to see it, and what mends it.
use super::page::{anchor, code_list, sign, told, weight};
use super::{commands, evidence};
use crate::report::safe;
use crate::report::words::{reweighed, word};
use maud::{Markup, html};
use nsdiag_checks::judge::{Finding, Subject, SubjectKind};
use nsdiag_checks::remedy::order::{Step, steps};
use nsdiag_checks::report::{Report, Status};

/// How many subjects stand in sight; the others are folded in parts, which a browser lays out when they are looked at.
const SUBJECTS: usize = 12;
const PART: usize = 200;

pub(super) fn section(report: &Report) -> Markup {
    let steps = steps(&report.findings);
    html! {
        section #findings aria-labelledby="findings-title" {
            h2 #findings-title { "Findings" }
            @if report.findings.is_empty() { p.lead { "Nothing was found." } }
            (order(report, &steps))
            @for (at, finding) in report.findings.iter().enumerate() { (of_finding(report, &steps, at, finding)) }
            (ignored(report))
        }
    }
}

/// The steps, where there are several: they work in this order.
fn order(report: &Report, steps: &[Step]) -> Markup {
    html! {
        @if steps.len() > 1 {
            div.order {
                h3 { "What mends it, in the order in which it works" }
                ol {
                    @for step in steps {
                        @let all: Vec<_> = step.findings.iter().map(|one| (anchor("finding", place(report, one)), &*one.code)).collect();
                        li { (told(&step.ways[0].title)) ": " (code_list(&all)) }
                    }
                }
            }
        }
    }
}

/// The place of a finding in the report.
fn place(report: &Report, finding: &Finding) -> usize {
    report.findings.iter().position(|one| std::ptr::eq(one, finding)).unwrap_or(0)
}

fn of_finding(report: &Report, steps: &[Step], at: usize, finding: &Finding) -> Markup {
    let severity = word(&finding.severity);
    let id = &anchor("finding", at)[1..];
    html! {
        article class={ "finding " (severity) } id=(id) aria-labelledby={ (id) "-title" } {
            header {
                p.tag { (sign(finding.severity)) span.code { (safe(&finding.code)) } " "
                    span.weight { (weight(finding.severity, finding.certainty)) } }
                h3 id={ (id) "-title" } { (told(&finding.title)) }
            }
            dl.facts {
                @if !finding.subjects.is_empty() { dt { "For" } dd { (subjects(&finding.subjects)) } }
                dt { "Why" } dd { (told(&finding.detail)) }
                @if let Some(said) = reweighed(finding) { dt { "Weight" } dd { (told(&said)) } }
            }
            (mending(report, steps, finding))
            (showing(report, finding))
            (evidence::of_finding(report, finding))
            p.explain { "More about it: " code { "nsdiag explain " (safe(&finding.code)) } }
        }
    }
}

fn subjects(all: &[Subject]) -> Markup {
    let (shown, rest) = all.split_at(all.len().min(SUBJECTS));
    html! {
        (line(shown))
        @if !rest.is_empty() {
            details.rest {
                summary { "and " (rest.len()) " more" }
                @for part in rest.chunks(PART) { p.part { (line(part)) } }
            }
        }
    }
}

fn line(all: &[Subject]) -> Markup {
    html! {
            @for (nth, subject) in all.iter().enumerate() {
                @if nth > 0 { ", " }
    @if subject.kind == SubjectKind::Recipient { (told(&subject.value)) }
                @else { span title=(word(&subject.kind).replace('-', " ")) { (told(&subject.value)) } }
            }
        }
}

fn mending(report: &Report, steps: &[Step], finding: &Finding) -> Markup {
    let is_own = |step: &&Step| step.findings.iter().any(|one| std::ptr::eq(*one, finding));
    let step = steps.iter().find(is_own);
    let told_here = |step: &Step| std::ptr::eq(step.findings[0], finding);
    let notes: Vec<_> =
        finding.remedies.iter().filter(|one| !(one.mends() || one.proof && one.shell.is_some())).collect();
    html! {
        @if let Some(step) = step {
            h4 { "What mends it" @if steps.len() > 1 { ": step " (step.number) " of " (steps.len()) } }
            @if told_here(step) {
                @for remedy in &step.ways {
                    (commands::remedy(report, remedy, &format!("step {}, {}", step.number, safe(&finding.code))))
                }
            } @else {
                @let first = (anchor("finding", place(report, step.findings[0])), &*step.findings[0].code);
                p { (told(&step.ways[0].title)) ", as for " (code_list(&[first])) "." }
            }
        }
        @for remedy in notes { (commands::remedy(report, remedy, &safe(&finding.code))) }
    }
}

/// The commands that show what the finding says.
fn showing(report: &Report, finding: &Finding) -> Markup {
    let mut all = finding.remedies.iter().filter(|one| one.proof && one.shell.is_some()).peekable();
    html! {
        @if all.peek().is_some() {
            details.see open {
                summary { h4 { "See it yourself" } }
                @for remedy in all { (commands::remedy(report, remedy, &format!("{}, to see it", safe(&finding.code)))) }
            }
        }
    }
}

fn ignored(report: &Report) -> Markup {
    let number = report.summary.findings.ignored;
    let all = report.checks.iter().filter(|check| check.status == Status::Ignored);
    html! {
        @if number > 0 {
            div.ignored {
                h3 { "Ignored, as the configuration says" }
                p { (nsdiag_checks::judge::count(number, "finding")) " not shown and not judged." }
                ul { @for check in all { li { (told(&check.code)) " " (told(&check.name.replace('-', " "))) } } }
            }
        }
    }
}
