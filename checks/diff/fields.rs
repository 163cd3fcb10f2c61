//! The fields of an object of Exchange, by the names that reports have for them: whatever an object comes to have is
//! compared without a word here.
use super::parts::{Item, Look, Value};
use crate::evidence::exchange::AddressSpace;
use crate::evidence::reading::Unread;
use crate::prelude::*;
use serde_json::Value as Json;

/// What is no setting: its name, when it was changed, raw values beside their meaning.
const ASIDE: [&str; 5] = ["name", "changed", "unreadable", "raw_flags", "raw_roles"];

/// An object as an item.
pub(super) fn item<T: Serialize>(what: &str, name: impl Into<String>, object: &T) -> Item {
    let json = serde_json::to_value(object).unwrap_or_default();
    let text = |key: &str| json.get(key).and_then(Json::as_str).map(String::from);
    let changed = text("changed");
    let unread: Unread =
        json.get("unreadable").and_then(|all| serde_json::from_value(all.clone()).ok()).unwrap_or_default();
    let mut fields = Vec::new();
    flatten("", &json, &mut fields);
    for (name, look) in &mut fields {
        if let Some(one) = unread.0.iter().find(|one| words(&one.field) == *name) {
            *look = Observed::Unknown(Miss::new(How::Unreadable, one.said.clone()));
        }
    }
    Item { what: what.into(), name: name.into(), fields, changed }
}

fn flatten(prefix: &str, json: &Json, fields: &mut Vec<(String, Look)>) {
    let Json::Object(object) = json else { return };
    for (key, value) in object {
        if ASIDE.contains(&&**key) || key.starts_with("raw_") {
            continue;
        }
        let name = if prefix.is_empty() { words(key) } else { format!("{prefix}: {}", words(key)) };
        match value {
            Json::Object(inner) if inner.contains_key("known") || inner.contains_key("unknown") => {
                fields.push((name, observed(key, inner)));
            }
            Json::Object(_) => flatten(&name, value, fields),
            Json::String(word) if word == "not-asked" => fields.push((name, Observed::NotAsked)),
            _ => fields.push((name, Observed::Known(simple(key, value)))),
        }
    }
}

fn observed(key: &str, inner: &serde_json::Map<String, Json>) -> Look {
    match (inner.get("known"), inner.get("unknown")) {
        (Some(value), _) => Observed::Known(simple(key, value)),
        (_, Some(miss)) => {
            let read = serde_json::from_value(miss.clone());
            Observed::Unknown(read.unwrap_or_else(|_| Miss::new(How::Unreadable, "it could not be read")))
        }
        _ => Observed::NotAsked,
    }
}

fn simple(key: &str, value: &Json) -> Option<Value> {
    match value {
        Json::Null if key.starts_with("max_") => Some(Value::One("unlimited".into())),
        Json::Null => None,
        Json::Array(all) => Some(Value::set(all.iter().map(text))),
        one => Some(Value::One(text(one))),
    }
}

fn text(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::Bool(is) => if *is { "yes" } else { "no" }.into(),
        Json::Number(number) => number.to_string(),
        Json::String(text) => text.clone(),
        Json::Array(all) => all.iter().map(text).collect::<Vec<_>>().join(", "),
        Json::Object(object) => match serde_json::from_value::<AddressSpace>(value.clone()) {
            Ok(AddressSpace { kind, address, cost, local }) => {
                format!("{}{kind}:{address};{cost}", if local { "Local:" } else { "" })
            }
            Err(_) => {
                let said = object.values().map(text).filter(|said| !said.is_empty());
                said.collect::<Vec<_>>().join(" ")
            }
        },
    }
}

/// A field's name for people; Exchange's own where it says more.
fn words(key: &str) -> String {
    match key {
        "kind" => "type".into(),
        "address_book" => "recipients are looked up (AddressBookEnabled)".into(),
        "validates" => "recipients are looked up (RecipientValidationEnabled)".into(),
        "blocked" => "blocked recipients".into(),
        "scoped" => "scoped to its site (IsScopedConnector)".into(),
        "acts" => "enabled and enforced".into(),
        _ => key.replace('_', " "),
    }
}
