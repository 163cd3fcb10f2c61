//! Reads a directory object's attributes, and writes down which of them could not be read.
use crate::prelude::*;
use core::ops::RangeInclusive;

/// A field that an object has and that could not be read. What stands in the field then means nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unreadable {
    /// The field, as this document names it.
    pub field: String,
    /// What of it could not be read: `msExchSmtpSendPort is 'x', which is no whole number`.
    pub said: String,
    /// What stands there, where a part of it may be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// The fields of one object that could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Unread(pub Vec<Unreadable>);

impl Unread {
    /// The first of `fields` that could not be read.
    pub fn of(&self, fields: &[&str]) -> Option<&Unreadable> {
        self.0.iter().find(|one| fields.contains(&&*one.field))
    }

    /// Whether every field could be read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a field that could not be read, and why.
    pub fn add(&mut self, field: &str, said: impl Into<String>) {
        self.0.push(Unreadable { field: field.into(), said: said.into(), value: None });
    }
}

/// One object while it is read. An attribute that is absent is none; one that cannot be read is none, and noted.
pub(super) struct Reading<'a> {
    entry: &'a Entry,
    pub(super) unread: Unread,
}

/// The numbers of AD's integers (Microsoft, "Integer syntax"): 32 bits with a sign.
pub(super) const INTEGER: RangeInclusive<i64> = i32::MIN as i64..=i32::MAX as i64;

impl<'a> Reading<'a> {
    pub(super) fn new(entry: &'a Entry) -> Self {
        Self { entry, unread: Unread::default() }
    }

    /// A number in `range`, which these `fields` come from.
    pub(super) fn number(&mut self, attribute: &str, fields: &[&str], range: RangeInclusive<i64>) -> Option<i64> {
        let text = self.entry.value(attribute)?;
        let found = text.parse().ok().filter(|number| range.contains(number));
        if found.is_none() {
            let said = match text.parse::<i64>() {
                Ok(number) => format!("{attribute} is {number}, which is out of its range"),
                Err(_) => format!("{attribute} is '{}', which is no whole number that it can hold", shown(text)),
            };
            fields.iter().for_each(|field| self.unread.add(field, &*said));
        }
        found
    }

    /// A boolean (RFC 4517, 3.3.3).
    pub(super) fn flag(&mut self, attribute: &str, field: &str) -> Option<bool> {
        let text = self.entry.value(attribute)?;
        let found = self.entry.boolean(attribute);
        if found.is_none() {
            self.unread.add(field, format!("{attribute} is '{}', neither TRUE nor FALSE", shown(text)));
        }
        found
    }

    /// What `read` makes of each value.
    pub(super) fn all<T>(&mut self, attribute: &str, field: &str, read: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let mut found = Vec::new();
        for value in self.entry.values(attribute) {
            match read(value) {
                Some(one) => found.push(one),
                None => self.unread.0.push(Unreadable {
                    field: field.into(),
                    said: format!("{attribute} holds '{}', which cannot be read", shown(value)),
                    value: Some(value.clone()),
                }),
            }
        }
        found
    }
}

/// The beginning of a value, printable.
fn shown(text: &str) -> String {
    let head: String = text.chars().take(40).flat_map(char::escape_debug).collect();
    if text.chars().nth(40).is_some() { head + "…" } else { head }
}
