//! The table of tokens: which one stands for what. Its owner may keep it, and have the same tokens again.
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// What a token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// The local part of an address, or an account.
    User,
    /// A label of a host name that stands first, or a server's name.
    Host,
    /// A label of a host name with others before it.
    Sub,
    /// A domain of two labels, the parent of others.
    Domain,
    /// A name that somebody gave to an object.
    Name,
    /// A mail system.
    System,
    /// A file or folder.
    Path,
    /// What a server calls a message or a session.
    Id,
    /// A fingerprint.
    Digest,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Host => "host",
            Self::Sub => "sub",
            Self::Domain => "domain",
            Self::Name => "name",
            Self::System => "system",
            Self::Path => "path",
            Self::Id => "id",
            Self::Digest => "digest",
        }
    }
}

/// The table.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Tokens {
    /// `nsdiag/tokens`.
    kind: String,
    #[serde(default)]
    tokens: BTreeMap<Kind, BTreeMap<String, String>>,
    #[serde(default)]
    pub(super) addresses: BTreeMap<IpAddr, IpAddr>,
    #[serde(skip)]
    wanted: BTreeMap<Kind, BTreeSet<String>>,
    /// Whether words that look like tokens are tokens: those of a report that says that it is redacted.
    #[serde(skip)]
    pub(super) again: bool,
}

/// What the file of a table says that it is.
const KIND: &str = "nsdiag/tokens";

impl Tokens {
    /// A table that somebody kept.
    ///
    /// # Errors
    /// In words, where it is none.
    pub fn read(text: &str) -> Result<Self, String> {
        let table: Self = serde_json::from_str(text).map_err(|error| format!("this is no table of tokens: {error}"))?;
        match table.kind == KIND {
            true => Ok(table),
            false => Err(format!("a document of kind '{}', and no table of tokens", table.kind)),
        }
    }

    /// The table as JSON.
    pub fn json(&self) -> String {
        let whole = Self { kind: KIND.into(), ..self.clone() };
        let text = serde_json::to_string_pretty(&whole).expect("a table is JSON");
        format!("{}\n", crate::report::escaped(&text))
    }

    /// The token for `text`; before all are numbered, `text` itself, which is noted.
    pub(super) fn of(&mut self, kind: Kind, text: &str) -> String {
        let key = text.to_lowercase();
        if let Some(token) = self.known(kind, &key) {
            return token;
        }
        self.wanted.entry(kind).or_default().insert(key);
        text.into()
    }

    /// The token for `key`, in small letters, where there is one.
    pub(super) fn known(&self, kind: Kind, key: &str) -> Option<String> {
        if self.again && is_token(kind, key) {
            return Some(key.into());
        }
        self.tokens.get(&kind)?.get(key).cloned()
    }

    /// Whether `key` was met as a `kind`.
    pub(super) fn is_met(&self, kind: Kind, key: &str) -> bool {
        self.known(kind, key).is_some() || self.wanted.get(&kind).is_some_and(|all| all.contains(key))
    }

    /// The keys that have tokens.
    pub(super) fn keys(&self, kind: Kind) -> impl Iterator<Item = (&String, &String)> {
        self.tokens.get(&kind).into_iter().flatten()
    }

    /// Whether something was met that has no token.
    pub(super) fn is_wanting(&self) -> bool {
        !self.wanted.is_empty()
    }

    /// Gives a token to everything that was met, in the order of the alphabet.
    pub(super) fn number(&mut self) {
        for (kind, wanted) in std::mem::take(&mut self.wanted) {
            let table = self.tokens.entry(kind).or_default();
            let wanted: Vec<String> = wanted.into_iter().filter(|key| !table.contains_key(key)).collect();
            let taken: BTreeSet<String> = table.values().cloned().collect();
            let width = (table.len() + wanted.len()).to_string().len();
            // Those of a report that is redacted already stay, and are nobody else's.
            let met = |token: &String| taken.contains(token) || self.again && wanted.contains(token);
            let numbers = (1..).map(|number| token(kind, number, width)).filter(|token| !met(token));
            let new: Vec<(String, String)> = wanted.iter().cloned().zip(numbers).collect();
            table.extend(new);
        }
    }
}

fn token(kind: Kind, number: usize, width: usize) -> String {
    match kind {
        Kind::Domain => format!("domain{number}.example"),
        Kind::Digest => number.to_string(),
        kind => format!("{}{number:0width$}", kind.word()),
    }
}

fn is_token(kind: Kind, key: &str) -> bool {
    let number = |rest: Option<&str>| rest.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    let plain = |kind: Kind| number(key.strip_prefix(kind.word()));
    match kind {
        Kind::Domain => number(key.strip_prefix("domain").and_then(|rest| rest.strip_suffix(".example"))),
        Kind::Digest => false,
        // A label is called by where it was met first.
        Kind::Host | Kind::Sub | Kind::User | Kind::Name => {
            [Kind::Host, Kind::Sub, Kind::User, Kind::Name].into_iter().any(plain)
        }
        kind => plain(kind),
    }
}

/// Whether `key` has the form of a token, of whatever kind.
pub(super) fn is_any_token(key: &str) -> bool {
    [Kind::User, Kind::Domain, Kind::System, Kind::Path, Kind::Id].into_iter().any(|kind| is_token(kind, key))
}
