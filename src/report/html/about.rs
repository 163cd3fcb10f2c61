//! What could not be seen, what the checks came to, and how the report came about.
use super::page::{moment, sign, told};
use crate::report::safe;
use crate::report::words::{self, Missing, folded_gaps, word};
use maud::{Markup, html};
use nsdiag_checks::evidence::{Question, System};
use nsdiag_checks::judge::{Severity, count};
use nsdiag_checks::report::{HopResult, Report, Status};

/// How many names of one kind are written out.
const NAMES: usize = 6;
/// How many lines of what is missing, or of hosts.
const SHOWN: usize = 60;

/// What could not be determined and what would help; what nobody asked for is folded.
pub(super) fn missing(report: &Report) -> Markup {
    let (open, not_asked) = (folded_gaps(report, true), folded_gaps(report, false));
    html! {
        section #missing aria-labelledby="missing-title" {
            h2 #missing-title { "What could not be determined" }
            @if open.is_empty() { p.lead { "All that was asked was answered." } }
            @else { (gaps(&open, true)) }
            @if !not_asked.is_empty() {
                details.quiet {
                    summary { "Not asked (" (not_asked.len()) ")" }
                    (gaps(&not_asked, false))
                }
            }
        }
    }
}

fn gaps(all: &[Missing], asked: bool) -> Markup {
    html! {
        ul.gaps {
            @for gap in all.iter().take(SHOWN) {
                li {
                    p { strong { (names(&gap.what)) } @if asked { ": " (told(gap.why)) } }
                    p.help { "Would help: " (told(gap.supply)) " " span.codes { "(" (names(gap.checks)) ")" } }
                }
            }
        }
        @if all.len() > SHOWN { p.more { "and " (all.len() - SHOWN) " more, in the JSON report" } }
    }
}

fn names<S: AsRef<str>>(all: &[S]) -> Markup {
    html! {
        @for (nth, one) in all.iter().take(NAMES).enumerate() { @if nth > 0 { ", " } (told(one.as_ref())) }
        @if all.len() > NAMES { " and " (all.len() - NAMES) " more" }
        @if all.is_empty() { "none" }
    }
}

/// Every check, with what became of it.
pub(super) fn checks(report: &Report) -> Markup {
    let statuses =
        [Status::Failed, Status::Crashed, Status::Inconclusive, Status::Skipped, Status::Ignored, Status::Passed];
    let number = |status| report.checks.iter().filter(|check| check.status == status).count();
    html! {
        section #checks aria-labelledby="checks-title" {
            h2 #checks-title { "Checks" }
            p.lead { (count(report.checks.len(), "check")) ": "
                @for (nth, status) in statuses.into_iter().filter(|status| number(*status) > 0).enumerate() {
                    @if nth > 0 { ", " } (number(status)) " " (word(&status))
                }
            }
            details.quiet {
                summary { "All checks" }
                @let passed = report.checks.iter().filter(|check| check.status == Status::Passed);
                p.passed { strong { "Passed: " }
                    @for (nth, check) in passed.enumerate() {
                        @if nth > 0 { ", " }
                        (told(&check.code)) " " (told(&check.name.replace('-', " ")))
                    }
                    @if number(Status::Passed) == 0 { "none" }
                }
                table.plain.checks {
                    caption.unseen { "Checks that did not pass" }
                    thead { tr { th scope="col" { "Check" } th scope="col" { "Status" } th scope="col" { "Reason" } } }
                    tbody {
                        @for status in statuses.into_iter().filter(|status| *status != Status::Passed) {
                            @for check in report.checks.iter().filter(|check| check.status == status) {
                                tr {
                                    th scope="row" { (told(&check.code)) " " (told(&check.name.replace('-', " "))) }
                                    td { (word(&check.status)) }
                                    td { (told(check.reason.as_deref().unwrap_or_default())) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// When, from where, by which version, what was asked and who answered.
pub(super) fn run(report: &Report) -> Markup {
    let (run, question) = (&report.run, &report.run.settings);
    html! {
        section #run aria-labelledby="run-title" {
            h2 #run-title { "About this report" }
            @if let Some(said) = words::redacted(report) { p.lead { (said) "." } }
            dl.facts {
                dt { "Seen" } dd { (moment(&run.started_at)) ", in " (format!("{:.1}", run.duration_ms as f64 / 1000.0)) " s"
                    @if !run.complete { "; cut short before all was asked" } }
                dt { "From" } dd { (told(&run.vantage.hostname)) @if !run.vantage.addresses.is_empty() { " (" (names(&run.vantage.addresses)) ")" } }
                dt { "By" } dd { (told(&report.tool.name)) " " (told(&report.tool.version)) ", report format " (told(&report.format_version)) }
                (settings(question))
            }
            @if !question.systems.is_empty() { h3 { "Systems" } @for system in &question.systems { (of_system(system)) } }
            @if !report.hops.is_empty() { (hosts(report)) }
            (policy(report))
        }
    }
}

fn settings(question: &Question) -> Markup {
    let rows: [(&str, Vec<String>); 9] = [
        ("Gateways", question.gateways.clone()),
        ("Known-good", question.known_good.clone()),
        ("Resolvers", question.resolvers.clone()),
        ("Sender of probes", vec![question.mail_from.clone()]),
        ("Name in EHLO", vec![question.ehlo.clone()]),
        ("Pace", vec![format!("{}, {} at a hop at most", question.pace, count(question.max_recipients, "recipient"))]),
        ("Time limits", vec![format!("{} s a step, {} s in all", question.timeout_s, question.deadline_s)]),
        ("Only", question.only.clone()),
        ("Skipped", question.skip.clone()),
    ];
    html! {
        @for (label, values) in rows.iter().filter(|(_, values)| values.iter().any(|value| !value.is_empty())) {
            dt { (label) } dd { (names(values)) }
        }
    }
}

fn of_system(system: &System) -> Markup {
    let user: Vec<String> = system.ldap_user.iter().cloned().collect();
    let rows = [
        ("SMTP", &system.smtp),
        ("LDAP", &system.ldap),
        ("Bound as", &user),
        ("Exports", &system.exports),
        ("Lists", &system.lists),
        ("Sends by", &system.outbound),
    ];
    html! {
        div.system {
            h4 { (told(&system.name)) ", " (word(&system.kind).replace('-', " ")) }
            dl.facts {
                @for (label, values) in rows.into_iter().filter(|(_, values)| !values.is_empty()) {
                    dt { (label) } dd { (names(values)) }
                }
                @if system.recipients_in_directory { dt { "Mailboxes" } dd { "each has an object in Exchange's directory, as the configuration says" } }
            }
        }
    }
}

fn hosts(report: &Report) -> Markup {
    let validates = |hop: &HopResult| match hop.validates_recipients {
        Some(true) => "refuses those whom nobody has",
        Some(false) => "accepts anybody",
        None => "not known",
    };
    html! {
        h3 { "Hosts" }
        table.plain {
            caption.unseen { "Hosts" }
            thead { tr { th scope="col" { "Host" } th scope="col" { "Product" } th scope="col" { "Greeting" } th scope="col" { "Unknown recipients" } } }
            tbody {
                @for hop in report.hops.iter().take(SHOWN) {
                    tr {
                        th scope="row" { (told(&hop.hop)) }
                        td { (told(hop.product.as_deref().unwrap_or("not known"))) }
                        td { @match &hop.banner { Some(banner) => code { (told(banner)) }, None => "none heard" } }
                        td { (validates(hop)) }
                    }
                }
            }
        }
        @if report.hops.len() > SHOWN { p.more { "and " (report.hops.len() - SHOWN) " more, in the JSON report" } }
    }
}

/// What the configuration says that nsdiag would not say by itself.
fn policy(report: &Report) -> Markup {
    let (ignored, all) = (report.summary.findings.ignored, words::policy(report));
    html! {
        h3 { "Policy in force" }
        @if ignored == 0 && all.is_empty() { p { "None: nothing is ignored, and every reply is read as nsdiag reads it." } }
        @else {
            ul {
                @if ignored > 0 { li { (count(ignored, "finding")) " ignored, as the configuration says" } }
                @for line in &all { li { (told(line)) } }
            }
        }
    }
}

/// What the vantage points of a merged report see differently.
pub(super) fn views(report: &Report) -> Markup {
    let all = &report.disagreements;
    html! {
        @if !all.is_empty() {
            section #views aria-labelledby="views-title" {
                h2 #views-title { "What the vantage points see differently" }
                ul { @for one in all.iter().take(SHOWN) { li { (told(&words::disagreement(one, NAMES))) } } }
                @if all.len() > SHOWN { p.more { "and " (all.len() - SHOWN) " more, in the JSON report" } }
            }
        }
    }
}

/// What the words and signs mean.
pub(super) fn legend() -> Markup {
    html! {
        section #legend aria-labelledby="legend-title" {
            h2 #legend-title { "How to read it" }
            dl.facts {
                dt { (sign(Severity::Critical)) "critical" } dd { "Mail is lost or bounces." }
                dt { (sign(Severity::Warning)) "warning" } dd { "It will hurt, or hurts some." }
                dt { (sign(Severity::Info)) "info" } dd { "Worth knowing." }
                dt { "proven" } dd { "Known-good addresses were accepted, an invented one was refused, and all witnesses agree." }
                dt { "likely" } dd { "A witness is missing; the finding says which." }
                dt { "inconclusive" } dd { "The evidence does not decide." }
                dt { code { "->" } ", " code { "<-" } } dd { "What nsdiag said, what the host answered. With ~ it went through TLS." }
                dt { code { "<**" } } dd { "The host refuses, or puts off." }
                dt { code { "===" } ", " code { "***" } } dd { "What nsdiag did; why it ended." }
                dt { span.pointer { "▸" } } dd { "The line that the finding rests on." }
                dt { code { "\\u{…}" } } dd { "A character that would not be seen, or would change how the line reads." }
            }
            p { "Everything here is in the JSON report too: " code { (safe("nsdiag show REPORT.json")) } " renders it in any format." }
        }
    }
}
