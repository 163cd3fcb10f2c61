//! The page: what stands around its parts, and what they have in common.
use super::recipients::shortened;
use super::{about, dialogues, findings, picture, recipients};
use crate::report::format::View;
use crate::report::safe;
use crate::report::words::{counts_sentence, verdict_sentence, word};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use nsdiag_checks::judge::{Certainty, Severity};
use nsdiag_checks::report::{Report, Verdict};
use ring::digest::{SHA256, digest};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// How much of what one field of the report says is shown.
const LETTERS: usize = 4_000;

/// The whole page.
pub(super) fn page(report: &Report, view: &View) -> Markup {
    let title = format!("{}: {}", report.verdict.word(), verdict_sentence(report));
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="robots" content="noindex";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "To the report" }
                (head(report))
                main #main tabindex="-1" {
                    (picture::section(report))
                    (recipients::section(report))
                    (findings::section(report))
                    (about::views(report))
                    (about::missing(report))
                    (about::checks(report))
                    (dialogues::section(report, view.verbose))
                    (about::run(report))
                    (about::legend())
                }
                div #told.unseen role="status" {}
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// Nothing is loaded, sent or run but the one style sheet and the one script.
fn policy() -> String {
    let [style, script] = [STYLE, SCRIPT].map(|text| STANDARD.encode(digest(&SHA256, text.as_bytes())));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; base-uri 'none'; form-action 'none'"
    )
}

fn head(report: &Report) -> Markup {
    let verdict = report.verdict;
    let whole = verdict_sentence(report);
    let about = format!("{}: ", safe(&report.domain));
    let sentence = whole.strip_prefix(&about).unwrap_or(&whole);
    html! {
        header class={ "verdict " (verdict.word()) } {
            p.domain { bdi { (safe(&report.domain)) } }
            h1 {
                (verdict_sign(verdict))
                span.word { (verdict.word()) } span.unseen { ": " } " "
                span.sentence { bdi { (sentence) } }
            }
            p.counts { bdi { (shortened(&counts_sentence(report), 300)) } }
            p.when {
                "Seen " (moment(&report.run.started_at)) span #age {} "."
                @if !report.run.complete { " " strong { "Cut short: not all was asked that was meant to be." } }
            }
            nav aria-label="Contents" {
                ul {
                    @for (target, words) in contents(report) { li { a href={ "#" (target) } { (words) } } }
                }
            }
        }
    }
}

fn contents(report: &Report) -> Vec<(&'static str, String)> {
    let missing = report.gaps.iter().filter(|gap| gap.asked).count();
    let numbered = |words: &str, number: usize| if number == 0 { words.into() } else { format!("{words} ({number})") };
    vec![
        ("path", "Mail path".into()),
        ("recipients", numbered("Recipients", report.recipients.len())),
        ("findings", numbered("Findings", report.findings.len())),
        ("missing", numbered("Not determined", missing)),
        ("checks", "Checks".into()),
        ("dialogues", "Dialogues".into()),
        ("run", "About this report".into()),
        ("legend", "How to read it".into()),
    ]
}

/// A time of the report's; the script says how long ago that is.
pub(super) fn moment(when: &str) -> Markup {
    let shown = safe(&when.replacen('T', " ", 1).replace('Z', " UTC"));
    let is_time = time::OffsetDateTime::parse(when, &time::format_description::well_known::Rfc3339).is_ok();
    html! {
        @if is_time { time datetime=(when) { (shown) } } @else { bdi { (shown) } }
    }
}

/// `#finding-3`, numbered from 1: nothing that came from outside is ever part of an id.
pub(super) fn anchor(kind: &str, at: usize) -> String {
    format!("#{kind}-{}", at + 1)
}

/// Codes that lead to their findings, each once.
pub(super) fn code_list(all: &[(String, &str)]) -> Markup {
    html! {
        @for (nth, (target, code)) in all.iter().enumerate() {
            @if nth > 0 { ", " }
            a href=(target) { (safe(code)) }
        }
    }
}

/// What came from outside: harmless, and with a direction of writing of its own where it may have another than the page's.
pub(super) fn told(text: &str) -> Markup {
    let text = shortened(&safe(text), LETTERS);
    html! { @if text.is_ascii() { (text) } @else { bdi { (text) } } }
}

/// The sign of a severity: each has a form of its own.
pub(super) fn sign(severity: Severity) -> Markup {
    drawn(match severity {
        Severity::Critical => CRITICAL,
        Severity::Warning => WARNING,
        Severity::Info => r#"<circle r="10"/><path d="M0-1v6M0-5.2v.4"/>"#,
    })
}

const CRITICAL: &str = r#"<path d="M-4.2-10h8.4L10-4.2v8.4L4.2 10h-8.4L-10 4.2v-8.4z"/><path d="M-4-4l8 8M4-4l-8 8"/>"#;
const WARNING: &str = r#"<path d="M0-10L10.5 8.5h-21z"/><path d="M0-4v6M0 5.2v.4"/>"#;

fn verdict_sign(verdict: Verdict) -> Markup {
    drawn(match verdict {
        Verdict::Ok => r#"<circle r="10"/><path d="M-5 0l3.5 3.5 6-7"/>"#,
        Verdict::Warning => WARNING,
        Verdict::Unknown => {
            r#"<path d="M0-10L10 0 0 10-10 0z"/><path d="M-2.6-2.2a2.7 2.7 0 1 1 4 2.4q-1.4.8-1.4 2M0 4.8v.4"/>"#
        }
        Verdict::Critical => CRITICAL,
    })
}

fn drawn(shape: &str) -> Markup {
    html! {
        svg.sign viewBox="-12 -12 24 24" width="24" height="24" aria-hidden="true" focusable="false" { (PreEscaped(shape)) }
    }
}

/// `critical, proven`.
pub(super) fn weight(severity: Severity, certainty: Certainty) -> String {
    format!("{}, {}", word(&severity), word(&certainty))
}
