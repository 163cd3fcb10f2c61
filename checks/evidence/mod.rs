//! What was read or heard: facts only, in the order in which they were asked for.
//!
//! A collector fills this in and concludes nothing; a check reads it and asks nothing.
pub mod address;
pub mod bounce;
pub mod directory;
pub mod dn;
pub mod dns;
pub mod exchange;
pub mod online;
pub mod reading;
pub mod servers;
pub mod smtp;
pub mod transport;

use crate::judge::Gap;
use crate::prelude::*;
use crate::report::{Ignore, SeverityRule};
use alloc::collections::BTreeMap;

pub use directory::{Directory, Entry, Lookup};
pub use dns::DnsLookup;
pub use exchange::Organisation;
pub use smtp::{Hop, Role, Session};

/// What one look at the world brought back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Observed<T> {
    /// The world answered; an empty answer is an answer.
    Known(T),
    /// We asked and got no usable answer.
    Unknown(Miss),
    /// Nobody asked.
    #[default]
    NotAsked,
}

impl<T> Observed<T> {
    /// The answer, where there is one.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            _ => None,
        }
    }

    /// Why there is no answer, where one was asked for.
    pub fn miss(&self) -> Option<&Miss> {
        match self {
            Self::Unknown(miss) => Some(miss),
            _ => None,
        }
    }
}

/// A question that got no usable answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Miss {
    /// Which kind of miss.
    pub how: How,
    /// In whose words: the server's, the operating system's or ours.
    pub said: String,
}

impl Miss {
    /// A miss of kind `how`, in these words.
    pub fn new(how: How, said: impl Into<String>) -> Self {
        Self { how, said: said.into() }
    }
}

/// The kinds of miss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// No answer in the time for one step.
    TimedOut,
    /// The run's deadline came first.
    Deadline,
    /// The connection or the DNS query was refused.
    Refused,
    /// No route, or no such network.
    Unreachable,
    /// The other side closed or reset the connection.
    HungUp,
    /// DNS: SERVFAIL, or another failure of the resolver.
    ServerFailure,
    /// DNS: an alias that leads back to itself.
    AliasLoop,
    /// The name to connect to does not resolve.
    Unresolvable,
    /// The TLS handshake failed, or the certificate is not trusted where trust is a condition.
    TlsFailed,
    /// STARTTLS is not offered where it is a condition.
    TlsMissing,
    /// Something followed in clear text between the STARTTLS reply and the handshake (RFC 3207, 4.2).
    TlsInjection,
    /// LDAP: invalidCredentials (49).
    WrongPassword,
    /// LDAP: strongerAuthRequired (8) or confidentialityRequired (13).
    SigningRequired,
    /// LDAP: insufficientAccessRights (50), or an answer that only a missing right explains.
    NoRight,
    /// LDAP: referral (10).
    Referral,
    /// LDAP: busy (51), unavailable (52) or unwillingToPerform (53).
    Busy,
    /// What came is not the protocol.
    Protocol,
    /// What came is larger than the limit.
    TooLarge,
    /// A file that cannot be read or understood.
    Unreadable,
    /// A condition of ours was not met, before anything was sent.
    NotTried,
}

/// Everything that was read or heard in one run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// DNS questions and answers.
    pub dns: Vec<DnsLookup>,
    /// The domain's MX records as each further resolver, and each of the zone's own servers, sees them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mx_views: Vec<dns::MxView>,
    /// The domain's MTA-STS policy, where its DNS announces one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sts_policy: Option<dns::StsPolicy>,
    /// The SMTP end points that were meant to be heard.
    pub hops: Vec<Hop>,
    /// What DNS names and was not probed, because there is more of it than one run visits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beyond: Vec<Beyond>,
    /// What the runs of a merged report read differently at one source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contradictions: Vec<Contradiction>,
    /// SMTP dialogues.
    pub smtp: Vec<Session>,
    /// Directories: LDAP, or exports that stand in for it.
    pub directories: Vec<Directory>,
    /// Lists of mailboxes.
    pub files: Vec<List>,
}

/// Hosts or addresses that DNS names and that were not probed, because there is more of them than one run visits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Beyond {
    /// Which: `2936 of the 3000 MX hosts`.
    pub what: String,
    /// The limit that they are beyond.
    pub why: String,
}

impl Beyond {
    /// What is missing for them.
    pub fn gap(&self) -> Gap {
        Gap::unanswered(format!("not probed: {}", self.what), &*self.why, "--gateway HOST for those that matter")
    }
}

/// Two runs read different things at a source that is the same wherever one looks from: one of them is old, or is another source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contradiction {
    /// The system whose directory it is; none where it is the domain's MTA-STS policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Which parts are read differently: `send connectors`.
    pub what: String,
    /// Who read it and when, the one that is judged first.
    pub read: Vec<String>,
}

impl Contradiction {
    /// What is open for it, whatever the newer reading says: the rest of the evidence may be as old as the older one.
    pub fn gap(&self) -> Gap {
        let what = match &self.system {
            Some(system) => format!("what the directory of {system} says ({})", self.what),
            None => self.what.clone(),
        };
        let why = format!("the runs read it differently: {}; the newest is judged", self.read.join(", and otherwise "));
        Gap::unanswered(what, why, "a run at each place after the last change, of the same source")
    }
}

/// A list of mailboxes of one system, from a file or the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct List {
    /// The system whose mailboxes these are.
    pub system: String,
    /// The file's path, or `--recipient`.
    pub source: String,
    /// What was read: addresses of the domain under check, lower case, sorted, each once.
    pub addresses: Observed<Vec<String>>,
    /// Those of `addresses` that the format calls aliases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// What the list calls people, by the one address of `addresses` that a row gives them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, String>,
    /// The first entries outside the domain under check, and how many more there are; they are never probed.
    pub outside: Vec<String>,
    /// How many entries are outside the domain under check.
    #[serde(default)]
    pub outside_count: usize,
    /// How many entries were a repetition.
    pub repeated: usize,
    /// The format and the encoding that the content shows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub format: String,
    /// The columns, fields or attributes that addresses were taken from, where the format has names for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// How many rows, or entries of a line, it has.
    #[serde(default)]
    pub rows: usize,
    /// How many of them could not be read.
    #[serde(default)]
    pub left_out: usize,
    /// The first of those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out_rows: Vec<LeftOut>,
    /// What else it holds and is no address of a mailbox.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aside: Vec<Aside>,
}

impl List {
    /// Whether so many rows could not be read that it cannot stand for the system's mailboxes: more than one in a hundred.
    pub fn is_full_of_holes(&self) -> bool {
        self.left_out > self.rows / 100
    }

    /// Whether fewer than one row in ten gave an address: then they were probably looked for in the wrong place, as in a
    /// column of managers, or among formulas that nobody had calculated.
    pub fn is_nearly_empty(&self) -> bool {
        let named = self.addresses.known().map_or(0, Vec::len) + self.outside_count + self.repeated;
        named * 10 < self.rows
    }

    /// The rows that were left out, in words: how many, and the first `most` with the reason.
    pub fn left_out_in_words(&self, most: usize) -> String {
        let place = |row: &LeftOut| if row.line == 0 { String::new() } else { format!("line {}: ", row.line) };
        let shown: Vec<String> =
            self.left_out_rows.iter().take(most).map(|row| format!("{}{}", place(row), row.why)).collect();
        let more = self.left_out.saturating_sub(shown.len());
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        format!("{} of {} left out: {}{more}", self.left_out, count(self.rows, "row"), shown.join("; "))
    }
}

/// A row of a list that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// Its line in the file, or its row in a sheet, from 1; 0 where the format has none.
    pub line: usize,
    /// What is wrong with it.
    pub why: String,
}

/// Something that a list holds and that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Aside {
    /// What it is, in the plural.
    pub what: String,
    /// How many there are.
    pub count: usize,
}

/// What was asked for: the domain, the systems and how to probe. The rest is defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Question {
    /// The shared domain, lower case, in A-labels (RFC 5890).
    pub domain: String,
    /// The mail systems that share it.
    pub systems: Vec<System>,
    /// The gateways that the user named, as `host:port`; empty means the MX hosts.
    pub gateways: Vec<String>,
    /// Which system each gateway hands mail to, by the gateway as `host:port`; default is the first of Exchange.
    #[serde(default)]
    pub delivers_to: BTreeMap<String, String>,
    /// Positive controls that the user named.
    pub known_good: Vec<String>,
    /// Addresses that the run is about, of whom nobody says where they live: `bounce` and `trace` have them looked up, and asked
    /// for before others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
    /// The random control of this run.
    pub random: String,
    /// The random control that is asked where the first one was accepted.
    #[serde(default)]
    pub second_random: String,
    /// The sender of probes.
    pub mail_from: String,
    /// The name of probes in EHLO.
    pub ehlo: String,
    /// The pace, as given.
    pub pace: String,
    /// The port of hops that are named without one: 25 everywhere but in the demo.
    #[serde(default = "smtp_port")]
    pub smtp_port: u16,
    /// How many recipients are probed at one hop at most.
    pub max_recipients: usize,
    /// One network step's time, in seconds.
    pub timeout_s: u64,
    /// The whole run's time, in seconds.
    pub deadline_s: u64,
    /// Codes or areas that alone are judged; empty is all.
    pub only: Vec<String>,
    /// Codes or areas that are not judged.
    pub skip: Vec<String>,
    /// Resolvers that the user named.
    pub resolvers: Vec<String>,
    /// What the user says of the replies of their own hosts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replies: Vec<OwnReply>,
    /// Findings that the user wants left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignores: Vec<Ignore>,
    /// Findings that the user weighs otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub severities: Vec<SeverityRule>,
}

fn smtp_port() -> u16 {
    25
}

impl Question {
    /// The systems of one kind.
    pub fn systems_of(&self, kind: SystemKind) -> impl Iterator<Item = &System> {
        self.systems.iter().filter(move |system| system.kind == kind)
    }
}

/// One mail system of the domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct System {
    /// Its name in the configuration.
    pub name: String,
    /// What it is.
    pub kind: SystemKind,
    /// Its SMTP hops, as `host:port`.
    pub smtp: Vec<String>,
    /// Its directory servers, as URLs.
    pub ldap: Vec<String>,
    /// As whom to bind.
    pub ldap_user: Option<String>,
    /// Exports of its configuration.
    pub exports: Vec<String>,
    /// Files that list its mailboxes.
    pub lists: Vec<String>,
    /// The hosts and addresses through which it sends mail to the Internet.
    #[serde(default)]
    pub outbound: Vec<String>,
    /// Whether Exchange's directory holds an object for each of its mailboxes, as the user says.
    #[serde(default, skip_serializing_if = "is_false")]
    pub recipients_in_directory: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// What a mail system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SystemKind {
    /// An Exchange organisation on premises: one AD forest.
    Exchange,
    /// Exchange Online.
    ExchangeOnline,
    /// Anything else.
    Other,
}
