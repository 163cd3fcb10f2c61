//! Commands: what shows a finding, what mends it and what takes that back. Each is one line, however the page breaks it.
use super::page::told;
use crate::report::{management_shell, safe, whose};
use maud::{Markup, html};
use nsdiag_checks::remedy::Remedy;
use nsdiag_checks::report::Report;

/// What a remedy does, or shows; `label` names it for whoever copies its commands.
pub(super) fn remedy(report: &Report, remedy: &Remedy, label: &str) -> Markup {
    let [commands, undo] = remedy.lines();
    html! {
        div.remedy {
            p.does { (told(&remedy.title)) (told(&whose(report, remedy))) span.shell { (shell(report, remedy)) } }
            (block(remedy, &commands, &format!("Commands for {label}")))
            @if !undo.is_empty() {
                p.does.undo { "What takes it back" }
                (block(remedy, &undo, &format!("What takes back {label}")))
            }
        }
    }
}

/// Where it is typed.
fn shell(report: &Report, remedy: &Remedy) -> String {
    match (remedy.shell.as_deref(), &*remedy.place) {
        (Some("powershell"), "exchange") => management_shell(report, remedy).into(),
        (Some("powershell"), _) => "PowerShell".into(),
        (Some(_), "here") => "shell, on this host".into(),
        (Some(_), place) => safe(&format!("shell, at the {place}")),
        (None, _) => String::new(),
    }
}

/// Commands are in a block that can be copied; steps in words are a list.
fn block(remedy: &Remedy, lines: &[String], label: &str) -> Markup {
    html! {
        @if remedy.shell.is_some() {
            div.block {
                pre.commands tabindex="0" role="group" aria-label=(label) {
                    code { @for line in lines { span.line { (safe(line)) } } }
                }
            }
        } @else {
            ul.steps { @for line in lines { li { (told(line)) } } }
        }
    }
}
