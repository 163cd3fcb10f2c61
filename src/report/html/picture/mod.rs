//! The picture of the mail path: what stands where, how mail passes between it, and where it does not.
mod across;
mod down;
mod ink;
mod landscape;
mod places;
mod spots;
mod ways;

use super::page::{anchor, code_list};
use landscape::{Landscape, Mark, Way};
use maud::{Markup, html};
use nsdiag_checks::report::Report;

/// The section: the picture twice, as wide as a screen and as narrow as a phone, and the same in words.
pub(super) fn section(report: &Report) -> Markup {
    let landscape = Landscape::of(report);
    html! {
        section #path aria-labelledby="path-title" {
            h2 #path-title { "The path of the mail" }
            figure {
                (across::draw(&landscape))
                (down::draw(&landscape))
                figcaption { (key()) }
            }
            details.words {
                summary { "The same in words" }
                ol {
                    @for way in &landscape.ways { (in_words(report, &landscape, way)) }
                }
                @if landscape.places.iter().any(|place| !place.beside.is_empty()) {
                    ul {
                        @for place in &landscape.places {
                            @for one in &place.beside {
                                li {
                                    bdi { (place.name()) } ": " (one.kind.word()) " " bdi { (one.name) } ", " (one.says)
                                    (codes(report, &one.findings))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn in_words(report: &Report, landscape: &Landscape, way: &Way) -> Markup {
    let [from, to] = [way.from, way.to].map(|at| landscape.places[at].name());
    html! {
        li {
            bdi { (from) } " to " bdi { (to) } ": " strong { (way.mark.word()) } ", " bdi { (way.words) }
            @if let Some(by) = &way.by { " (" bdi { (by) } ")" }
            (codes(report, &way.findings))
        }
    }
}

fn codes(report: &Report, findings: &[usize]) -> Markup {
    let all: Vec<_> = findings.iter().map(|at| (anchor("finding", *at), &*report.findings[*at].code)).collect();
    html! { @if !all.is_empty() { ": " (code_list(&all)) } }
}

/// What the marks mean: only those that a reader has to look up.
fn key() -> Markup {
    html! {
        @for mark in [Mark::Fine, Mark::Broken, Mark::Warned, Mark::Unknown, Mark::Loop] {
            span.key { (ink::badge(mark)) " " (mark.word()) }
        }
    }
}
