//! Any other part of the report that a JSON Pointer leads to, in words.
use super::evidence::{answer_shown, entry};
use super::page::told;
use super::recipients::shortened;
use maud::{Markup, html};
use nsdiag_checks::evidence::{Directory, Entry, Observed};
use nsdiag_checks::report::Report;
use serde::Serialize;
use serde_json::Value;

/// How many members of one thing are shown, and how many letters of one value.
const MEMBERS: usize = 40;
const LETTERS: usize = 600;

/// What `pointer` leads to.
pub(super) fn shown(report: &Report, pointer: &str) -> Markup {
    let parts: Vec<String> =
        pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    if let Some(special) = known(report, &parts) {
        return special;
    }
    match resolve(report, &parts) {
        Some(value) => html! {
            div.seen {
                p.of { (told(&title(report, &parts, &value))) }
                (whole(&value))
            }
        },
        None => gone(pointer),
    }
}

/// A pointer that leads nowhere: the report was cut, or is of another version.
pub(super) fn gone(pointer: &str) -> Markup {
    html! { p.more { "Not in this report: " code { (told(pointer)) } } }
}

/// What has a notation of its own.
fn known(report: &Report, parts: &[&str]) -> Option<Markup> {
    let number = |at: usize| parts.get(at)?.parse::<usize>().ok();
    match parts {
        ["evidence", "mx_views", _] => {
            let view = report.evidence.mx_views.get(number(2)?)?;
            let by = view.authority.as_deref().unwrap_or(&view.server);
            Some(html! {
                div.seen {
                    p.of { "MX records, as " (told(by)) " has them" }
                    div.record { @match &view.answer {
                        Observed::Known(answer) => (answer_shown(&report.domain, "MX", answer)),
                        Observed::Unknown(miss) => div.line.none { "no answer: " (told(&miss.said)) },
                        Observed::NotAsked => div.line.none { "not asked" },
                    } }
                }
            })
        }
        ["evidence", "directories", _, "noteworthy", "known", _] => {
            let directory = report.evidence.directories.get(number(2)?)?;
            let one: &Entry = directory.noteworthy.known()?.get(number(5)?)?;
            Some(html! {
                div.seen {
                    p.of { "Directory of " (told(&directory.system)) }
                    div.record tabindex="0" role="group" aria-label="Directory object" { (entry(one)) }
                }
            })
        }
        _ => None,
    }
}

/// The part of the report, as JSON has it. The report itself may be of many megabytes: only the part is written.
fn resolve(report: &Report, parts: &[&str]) -> Option<Value> {
    let nth = |part: &str| part.parse::<usize>().ok();
    let of = |value: Option<Value>, rest: &[&str]| {
        let pointer: String =
            rest.iter().map(|part| format!("/{}", part.replace('~', "~0").replace('/', "~1"))).collect();
        value?.pointer(&pointer).cloned()
    };
    match parts {
        ["evidence", "directories", at, rest @ ..] => in_directory(report.evidence.directories.get(nth(at)?)?, rest),
        ["evidence", "smtp", at, field @ ("tls" | "broke_off" | "hop" | "started_at"), rest @ ..] => {
            let session = report.evidence.smtp.get(nth(at)?)?;
            let value = match *field {
                "tls" => json(&session.tls),
                "broke_off" => json(&session.broke_off),
                "hop" => json(&session.hop),
                _ => json(&session.started_at),
            };
            of(value, rest)
        }
        ["evidence", "hops", at, rest @ ..] => of(json(report.evidence.hops.get(nth(at)?)?), rest),
        ["evidence", "sts_policy", rest @ ..] => of(json(report.evidence.sts_policy.as_ref()?), rest),
        ["evidence", "dns", at, rest @ ..] => of(json(report.evidence.dns.get(nth(at)?)?), rest),
        ["evidence", "files", at, rest @ ..] => {
            let list = report.evidence.files.get(nth(at)?)?;
            if rest.is_empty() { json(&list.source) } else { of(json(list), rest) }
        }
        ["checks", at, rest @ ..] => of(json(report.checks.get(nth(at)?)?), rest),
        ["hops", at, rest @ ..] => of(json(report.hops.get(nth(at)?)?), rest),
        ["gaps", at, rest @ ..] => of(json(report.gaps.get(nth(at)?)?), rest),
        ["recipients", at, rest @ ..] => of(json(report.recipients.get(nth(at)?)?), rest),
        ["run", rest @ ..] => of(json(&report.run), rest),
        _ => None,
    }
}

fn in_directory(directory: &Directory, rest: &[&str]) -> Option<Value> {
    let (field, below) = rest.split_first().unwrap_or((&"source", &[]));
    let value = match *field {
        "organisation" => json(&directory.organisation),
        "servers" => json(&directory.servers),
        "bind" => json(&directory.bind),
        "root" => json(&directory.root),
        "exports" => json(&directory.exports),
        "catalog" => json(&directory.catalog),
        "catalog_attributes" => json(&directory.catalog_attributes),
        "known_good" => json(&directory.known_good),
        "population" => json(&directory.population),
        "source" => json(&directory.source),
        "noteworthy" => json(&directory.noteworthy),
        "noteworthy_incomplete" => json(&directory.noteworthy_incomplete),
        "roster_incomplete" => json(&directory.roster_incomplete),
        _ => None,
    }?;
    let pointer: String = below.iter().map(|part| format!("/{part}")).collect();
    value.pointer(&pointer).cloned()
}

fn json(value: &impl Serialize) -> Option<Value> {
    serde_json::to_value(value).ok()
}

/// Where it is: `corp: send connectors: To Zimbra`.
fn title(report: &Report, parts: &[&str], value: &Value) -> String {
    let system = match parts {
        ["evidence", "directories", at, ..] => {
            at.parse().ok().and_then(|at: usize| report.evidence.directories.get(at))
        }
        _ => None,
    };
    let place = |part: &&&str| {
        !matches!(**part, "evidence" | "known" | "directories" | "organisation") && part.parse::<usize>().is_err()
    };
    let mut all: Vec<String> = system.map(|directory| directory.system.clone()).into_iter().collect();
    all.extend(parts.iter().filter(place).map(|part| part.replace('_', " ")));
    all.extend(["name", "id"].iter().find_map(|key| Some(value.get(key)?.as_str()?.to_string())));
    all.join(": ")
}

fn whole(value: &Value) -> Markup {
    let members = |all: &[Value]| {
        html! {
            @if all.is_empty() { p.listed { "none" } }
            @for one in all.iter().take(MEMBERS) { (whole(one)) }
            @if all.len() > MEMBERS { p.more { "and " (all.len() - MEMBERS) " more" } }
        }
    };
    match observed(value) {
        Value::Object(fields) => html! {
            dl.object {
                @for (name, value) in fields.iter().filter(|(name, value)| tells(name, value)).take(MEMBERS) {
                    dt { (told(&name.replace('_', " "))) } dd { (told(&in_line(value))) }
                }
            }
        },
        Value::Array(all) if all.iter().any(Value::is_object) => members(all),
        other => html! { p.listed { (told(&in_line(other))) } },
    }
}

/// Whether a field says something: not what is empty, nor the raw value beside its meaning.
fn tells(name: &str, value: &Value) -> bool {
    let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty) || value.as_str() == Some("not-asked");
    !empty && !name.starts_with("raw_")
}

/// What was observed, without the word that it was.
fn observed(value: &Value) -> &Value {
    match value.as_object() {
        Some(one) if one.len() == 1 => one.get("known").map_or(value, observed),
        _ => value,
    }
}

fn in_line(value: &Value) -> String {
    let text = match observed(value) {
        Value::Null => "none".into(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if text == "not-asked" => "not asked".into(),
        Value::String(text) => text.clone(),
        Value::Array(all) if all.is_empty() => "none".into(),
        Value::Array(all) => all.iter().take(MEMBERS).map(in_line).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => match fields.get("unknown").and_then(|miss| miss.get("said")?.as_str()) {
            Some(said) => format!("not known: {said}"),
            None => {
                let all = fields.iter().filter(|(name, value)| tells(name, value)).take(MEMBERS);
                let field = |(name, value): (&String, &Value)| format!("{} {}", name.replace('_', " "), in_line(value));
                all.map(field).collect::<Vec<_>>().join(", ")
            }
        },
    };
    shortened(&text, LETTERS)
}
