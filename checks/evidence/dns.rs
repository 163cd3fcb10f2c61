//! What DNS answered (RFC 1035).
use crate::prelude::*;
use core::net::IpAddr;

/// One question to DNS, and what came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DnsLookup {
    /// The name asked for, lower case, without the final dot.
    pub name: String,
    /// The record type.
    pub kind: RecordKind,
    /// The resolver that answered, or was the last to be asked, as `address:port`.
    pub resolver: String,
    /// The answer. No such name and no such record are answers; failures, refusals and time-outs are misses.
    pub answer: Observed<Answer>,
    /// How long it took, in milliseconds.
    pub latency_ms: u64,
}

/// The record types that are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum RecordKind {
    /// IPv4 address.
    A,
    /// IPv6 address.
    Aaaa,
    /// Mail exchanger.
    Mx,
    /// Service location (RFC 2782).
    Srv,
    /// Text.
    Txt,
}

/// A usable answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// Whether the name exists at all; false is NXDOMAIN.
    pub exists: bool,
    /// The alias chain that led to the records: each name that is an alias, with its target.
    pub aliases: Vec<Alias>,
    /// The records of the kind that was asked for.
    pub records: Vec<Record>,
}

/// One step of an alias chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Alias {
    /// The alias.
    pub name: String,
    /// What it stands for.
    pub target: String,
}

/// One record's data.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Record {
    /// A or AAAA.
    Address(#[schemars(with = "String")] IpAddr),
    /// MX. An exchange of "" is the null MX (RFC 7505).
    Mx {
        /// Lower is tried first.
        preference: u16,
        /// The host, lower case, without the final dot.
        exchange: String,
    },
    /// SRV.
    Srv {
        /// Lower is tried first.
        priority: u16,
        /// Share among those of one priority.
        weight: u16,
        /// The port.
        port: u16,
        /// The host.
        target: String,
    },
    /// TXT, its strings joined.
    Text(String),
}

impl Evidence {
    /// The lookup of `kind` for `name`, with its place.
    pub fn dns_of(&self, name: &str, kind: RecordKind) -> Option<(usize, &DnsLookup)> {
        self.dns.iter().enumerate().find(|(_, lookup)| lookup.kind == kind && lookup.name.eq_ignore_ascii_case(name))
    }
}

impl Answer {
    /// The addresses among the records.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.records.iter().filter_map(|record| match record {
            Record::Address(address) => Some(*address),
            _ => None,
        })
    }

    /// The mail exchangers among the records, by preference.
    pub fn exchanges(&self) -> Vec<(u16, &str)> {
        let mut all: Vec<_> = self
            .records
            .iter()
            .filter_map(|record| match record {
                Record::Mx { preference, exchange } => Some((*preference, &**exchange)),
                _ => None,
            })
            .collect();
        all.sort_unstable();
        all
    }
}
