//! Fields for machines (RFC 3464): groups of them, the first about the message, the others each about a recipient.
use super::heard::{KEPT, cut, hear, single, stage, tidy};
use super::text::MOST;
use nsdiag_checks::evidence::address;
use nsdiag_checks::evidence::bounce::{Action, Said, Speaker};
use nsdiag_checks::replies::enhanced_code;
use std::collections::BTreeMap;

type Group = BTreeMap<String, String>;

/// What the fields in `text` say: who reports, and of each recipient what became of it.
pub(super) fn read(text: &str) -> (Option<String>, Vec<Said>) {
    let groups = groups(text);
    let reporter = groups.iter().find_map(|group| group.get("reporting-mta")).and_then(|value| host(value));
    let all = groups.iter().filter(|group| is_about_recipient(group)).take(MOST).map(said).collect();
    (reporter, all)
}

/// Whether `text` holds such fields, wherever they stand.
pub(super) fn is_in(text: &str) -> bool {
    let has = |name: &str| {
        text.lines().any(|line| line.trim_start().get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name)))
    };
    (has("final-recipient:") || has("original-recipient:"))
        && (has("action:") || has("status:") || has("diagnostic-code:"))
}

fn is_about_recipient(group: &Group) -> bool {
    ["final-recipient", "original-recipient", "x-actual-recipient"].iter().any(|name| group.contains_key(*name))
        || group.contains_key("diagnostic-code") && group.contains_key("action")
}

/// The fields that a recipient has once.
const BEGINS: [&str; 4] = ["final-recipient", "original-recipient", "action", "status"];

fn groups(text: &str) -> Vec<Group> {
    let mut all: Vec<Group> = vec![Group::new()];
    let mut last: Option<String> = None;
    for line in text.lines().take(20_000) {
        if line.trim().is_empty() {
            last = None;
            if all.last().is_some_and(|group| !group.is_empty()) && all.len() <= MOST {
                all.push(Group::new());
            }
            continue;
        }
        let field = line.split_once(':').filter(|(name, _)| {
            // A second recipient without an empty line between is not foreseen, and a field within a value no field.
            !line.starts_with([' ', '\t'])
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
        });
        // Some leave the empty line between two recipients out.
        if let Some((name, _)) = field {
            let again = |group: &Group| {
                BEGINS.iter().any(|each| name.eq_ignore_ascii_case(each))
                    && group.contains_key(&name.to_ascii_lowercase())
            };
            if all.last().is_some_and(again) && all.len() <= MOST {
                all.push(Group::new());
            }
        }
        let Some(group) = all.last_mut() else { continue };
        match field {
            Some((name, value)) => {
                let name = name.to_ascii_lowercase();
                group.entry(name.clone()).or_insert_with(|| value.trim().to_string());
                last = Some(name);
            }
            None => {
                if let Some(value) =
                    last.as_ref().and_then(|name| group.get_mut(name)).filter(|value| value.len() < 8192)
                {
                    value.push('\n');
                    value.push_str(line.trim());
                }
            }
        }
    }
    all
}

fn said(group: &Group) -> Said {
    let get = |name: &str| group.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    let recipient = |name: &str| get(name).and_then(mailbox);
    let (actual, last, first) =
        (recipient("x-actual-recipient"), recipient("final-recipient"), recipient("original-recipient"));
    let address = actual.clone().or_else(|| last.clone()).or_else(|| first.clone());
    let written_to = first.or(last).filter(|written| Some(written) != address.as_ref());
    let status = get("status").and_then(status);
    let action = match get("action")
        .map(|value| value.split([' ', '(']).next().unwrap_or_default().to_ascii_lowercase())
        .as_deref()
    {
        Some("delayed") => Action::Delayed,
        Some("delivered") => Action::Delivered,
        Some("relayed") => Action::Relayed,
        Some("expanded") => Action::Expanded,
        Some(_) => Action::Failed,
        None if status.as_ref().is_some_and(|status| status.starts_with('2')) => Action::Delivered,
        None => Action::Failed,
    };
    let mut said = Said { address, written_to, action, status, ..Said::default() };
    let remote = get("remote-mta").and_then(host);
    let diagnostic = get("diagnostic-code").map(typed);
    let has_reply = diagnostic.as_ref().is_some_and(|(_, text)| !text.is_empty());
    if let (Some(host), true) = (remote, has_reply) {
        said.by = Speaker::Host(host);
    }
    if let Some((kind, text)) = diagnostic {
        hear(&mut said, text);
        // A program of the reporting host's: who stands behind this name, the whole notice tells.
        if kind == "x-unix" && said.by == Speaker::Untold {
            said.by = Speaker::Host("localhost".into());
        }
        // A reply over SMTP of which nobody says who gave it.
        if kind == "smtp" && said.by == Speaker::Untold && said.code.is_some() {
            said.by = Speaker::Unnamed;
        }
    }
    // Some say there why: `4.0.0 (host name lookup failure)`.
    if !has_reply && let Some((_, comment)) = get("status").and_then(|value| value.split_once('(')) {
        said.text = cut(&single(comment.trim_end_matches(')')), KEPT).to_string();
    }
    if let Some(more) = get("x-supplementary-info") {
        let mut other = Said::default();
        hear(&mut other, more);
        if said.code.is_none() && other.code.is_some() {
            (said.code, said.text) = (other.code, other.text);
        }
        // `<mx1.contoso.com #5.1.1 smtp;550 …>`
        let named = single(more).trim_start_matches('<').split(" #").next().map(tidy);
        let named = named.filter(|host| host.contains('.') && !host.contains(' '));
        if let (Speaker::Untold | Speaker::Unnamed, Some(host)) = (&said.by, named) {
            said.by = Speaker::Host(host);
        }
    }
    if said.stage.is_none() {
        // Some put the command that was answered there.
        said.stage = get("x-smtp-command").and_then(stage);
    }
    said
}

/// `type; value`.
fn typed(value: &str) -> (String, &str) {
    match value.split_once(';') {
        Some((kind, rest)) if kind.trim().bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') => {
            (kind.trim().to_ascii_lowercase(), rest.trim())
        }
        _ => (String::new(), value.trim()),
    }
}

/// The address in `rfc822; Name <a@contoso.com>`; none where the type is another one (a file, a command).
fn mailbox(value: &str) -> Option<String> {
    let (kind, rest) = typed(value);
    if !matches!(&*kind, "" | "rfc822" | "utf-8" | "smtp" | "unknown") {
        return None;
    }
    let rest = single(rest);
    let inner = rest.rsplit_once('<').map_or(&*rest, |(_, inner)| inner.split('>').next().unwrap_or_default());
    address::fold(inner.split(' ').next().unwrap_or_default()).ok()
}

/// The host in `dns; mx1.contoso.com (192.0.2.25)`.
fn host(value: &str) -> Option<String> {
    let (kind, rest) = typed(value);
    // A program of the reporting host's.
    if kind.starts_with("x-") {
        return Some("localhost".into());
    }
    let word = rest.split([' ', '\t', '\n', '(', '[']).find(|word| !word.is_empty())?;
    Some(tidy(word)).filter(|host| !host.is_empty())
}

/// The status in `5.1.1 (bad destination mailbox address)`.
fn status(value: &str) -> Option<String> {
    let code = enhanced_code(value.trim_start_matches(['#', ' ']))?;
    Some(code.to_string())
}
