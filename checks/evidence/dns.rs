//! What DNS answered (RFC 1035).
use crate::prelude::*;
use alloc::collections::BTreeSet;
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
    /// Whether the resolver says that it has validated the answer (AD; RFC 4035, 3.2.3). That is worth as much as the
    /// path to the resolver.
    #[serde(default, skip_serializing_if = "is_false")]
    pub authenticated: bool,
    /// A resolver that fails at this question, and answers it with checking disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unvalidated: Option<Unvalidated>,
    /// How long it took, in milliseconds.
    pub latency_ms: u64,
}

/// What a resolver tells only whoever takes it unchecked (CD; RFC 4035, 3.2.2): it failed before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unvalidated {
    /// The resolver, as `address:port`.
    pub resolver: String,
    /// Its answer with checking disabled.
    pub answer: Answer,
    /// Why it failed, in its own words (RFC 8914): `6 DNSSEC Bogus: …`.
    pub extended: Option<String>,
}

/// What one server alone says of the domain's MX records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MxView {
    /// The server's name, where it is one of the zone's own; none for a resolver.
    pub authority: Option<String>,
    /// The server, as `address:port`.
    pub server: String,
    /// Its answer. A server that is no authority for the zone has no view of its own.
    pub answer: Observed<Answer>,
}

/// The domain's MTA-STS policy, as it was fetched (RFC 8461, 3.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StsPolicy {
    /// From where.
    pub url: String,
    /// The policy's text.
    pub text: Observed<String>,
}

fn is_false(value: &bool) -> bool {
    !value
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
    /// Name server.
    Ns,
    /// TLS certificate association (RFC 6698).
    Tlsa,
}

impl RecordKind {
    /// Its name in zone files.
    pub fn word(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Mx => "MX",
            Self::Srv => "SRV",
            Self::Txt => "TXT",
            Self::Ns => "NS",
            Self::Tlsa => "TLSA",
        }
    }
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
    /// NS: the server's name.
    Server(String),
    /// TLSA.
    Tlsa {
        /// Whom it pins: 2 an authority, 3 the host itself (DANE-TA, DANE-EE; RFC 7672, 3.1).
        usage: u8,
        /// What of the certificate: 0 all, 1 its public key.
        selector: u8,
        /// How: 0 as it is, 1 by SHA-256, 2 by SHA-512.
        matching: u8,
        /// The digest, hexadecimal; where `matching` is 0, the SHA-256 of what the record holds.
        digest: String,
    },
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

    /// The texts among the records.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.records.iter().filter_map(|record| match record {
            Record::Text(text) => Some(&**text),
            _ => None,
        })
    }

    /// The hosts that mail goes to, each once, by preference.
    pub fn hosts(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        let all = self.exchanges().into_iter().map(|(_, host)| host);
        all.filter(|host| !host.is_empty() && seen.insert(*host)).collect()
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
