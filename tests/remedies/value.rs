//! Values of PowerShell, and calls of cmdlets with them.
use std::collections::BTreeMap;
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    Null,
    Bool(bool),
    Number(i64),
    /// In quotes.
    Text(String),
    /// Without quotes, as it is written.
    Word(String),
    List(Vec<Self>),
    /// `@{Add='a'}`.
    Table(Vec<(String, Self)>),
    /// What JSON gives, and a cmdlet: properties in lower case.
    Object(BTreeMap<String, Self>),
    /// The blocks are numbered as they are met.
    Block(usize),
    /// What `Get-Credential` asked for.
    Credential,
}

impl Value {
    pub fn is_true(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(it) => *it,
            Self::Number(it) => *it != 0,
            Self::Text(it) | Self::Word(it) => !it.is_empty(),
            Self::List(all) => match &all[..] {
                [] => false,
                [one] => one.is_true(),
                _ => true,
            },
            Self::Table(_) | Self::Object(_) | Self::Block(_) | Self::Credential => true,
        }
    }

    /// As PowerShell writes it into a string.
    pub fn text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Bool(true) => "True".into(),
            Self::Bool(false) => "False".into(),
            Self::Number(it) => it.to_string(),
            Self::Text(it) | Self::Word(it) => it.clone(),
            Self::List(all) => all.iter().map(Self::text).collect::<Vec<String>>().join(" "),
            Self::Table(_) | Self::Object(_) | Self::Block(_) | Self::Credential => format!("{self:?}"),
        }
    }

    /// Itself, or each of the list.
    pub fn all(&self) -> impl Iterator<Item = &Self> {
        match self {
            Self::List(all) => all.iter(),
            Self::Null => [].iter(),
            one => std::slice::from_ref(one).iter(),
        }
    }

    /// Makes a list of it, with `other` at its end.
    pub fn push(&mut self, other: Self) {
        match self {
            Self::List(all) => all.push(other),
            one => *one = Self::List(vec![one.clone(), other]),
        }
    }

    /// `.Count`, or a property; of a list those of each in it.
    pub fn member(&self, name: &str) -> Self {
        match self {
            _ if name == "count" => Self::Number(i64::try_from(self.all().count()).unwrap_or(i64::MAX)),
            Self::Object(all) => all.get(name).cloned().unwrap_or(Self::Null),
            Self::List(all) => {
                Self::List(all.iter().flat_map(|one| one.member(name).all().cloned().collect::<Vec<_>>()).collect())
            }
            _ => Self::Null,
        }
    }

    pub fn of_json(json: &serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(it) => Self::Bool(*it),
            serde_json::Value::Number(it) => it.as_i64().map_or_else(|| Self::Text(it.to_string()), Self::Number),
            serde_json::Value::String(it) => Self::Text(it.clone()),
            serde_json::Value::Array(all) => Self::List(all.iter().map(Self::of_json).collect()),
            serde_json::Value::Object(all) => {
                Self::Object(all.iter().map(|(name, value)| (name.to_lowercase(), Self::of_json(value))).collect())
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// `-Name`, with what follows it, if it takes anything.
    Named(String),
    /// `-Name:value`.
    Set(String, Value),
    /// A value.
    Value(Value),
}

/// A cmdlet with what it is called with, in that order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub name: String,
    pub arguments: Vec<Argument>,
}

impl Call {
    /// What stands after `-name`, whatever that is.
    pub fn named(&self, name: &str) -> Option<&Value> {
        self.arguments.iter().enumerate().find_map(|(at, argument)| match argument {
            Argument::Set(one, value) if one == name => Some(value),
            Argument::Named(one) if one == name => match self.arguments.get(at + 1) {
                Some(Argument::Value(value)) => Some(value),
                _ => Some(&Value::Bool(true)),
            },
            _ => None,
        })
    }
}

impl fmt::Display for Call {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.name)
    }
}
