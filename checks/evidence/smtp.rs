//! What was heard from an SMTP hop.
use crate::prelude::*;
use core::net::IpAddr;

/// One SMTP end point that was meant to be heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hop {
    /// `gateway/mx1.contoso.com/192.0.2.25:25`; without an address where the name does not resolve.
    pub id: String,
    /// What it is in the mail path.
    pub role: Role,
    /// The system that it belongs to, if one does.
    pub system: Option<String>,
    /// Its name, or its address where no name is known.
    pub host: String,
    /// Its address; none where the name does not resolve.
    #[schemars(with = "Option<String>")]
    pub address: Option<IpAddr>,
    /// Its port.
    pub port: u16,
}

/// What a hop is in the mail path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The Internet meets it first.
    Gateway,
    /// Exchange's own hop behind the gateway.
    Exchange,
    /// The other system's own hop.
    Other,
}

impl Role {
    /// The role's word in a hop's id.
    pub fn word(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Exchange => "exchange",
            Self::Other => "other",
        }
    }
}

/// One dialogue with one hop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Session {
    /// The hop's id.
    pub hop: String,
    /// When it began, RFC 3339 in UTC.
    pub started_at: String,
    /// The address of another system's person whom MAIL named, where this session asked how such a sender is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sister: Option<String>,
    /// The whole dialogue.
    pub transcript: Vec<Turn>,
    /// The TLS handshake, where one was begun.
    pub tls: Option<Tls>,
    /// Why the dialogue ended before its own end; none where it ended with QUIT.
    pub broke_off: Option<Miss>,
}

/// One command, one whole reply, or one act of the prober's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Turn {
    /// Who spoke.
    pub who: Who,
    /// At which step.
    pub stage: Stage,
    /// Whether it went through TLS.
    pub tls: bool,
    /// The lines, each with its time.
    pub lines: Vec<Line>,
    /// A reply's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// The recipient that a RCPT command, or the reply to it, is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// How long the reply took from its command's last byte, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// What was odd about a reply, in our words: bare LF, bytes that are not UTF-8, mixed codes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub oddities: Vec<String>,
    /// Whether nobody had asked for it: then nobody knows what the other replies of its session answer.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unasked: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// One line of a dialogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// Milliseconds since the session began.
    pub at_ms: u64,
    /// The line without its end, as heard; bytes that are not UTF-8 as `\xNN`.
    pub text: String,
}

/// Who spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// Us.
    Client,
    /// The hop.
    Server,
    /// The prober, of what it did or saw: connected, TLS, a limit.
    Prober,
}

/// A TLS handshake, and apart from it what the certificate is worth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tls {
    /// The handshake: the protocol version and cipher, or why it failed.
    pub handshake: Observed<Handshake>,
    /// The chain as sent, leaf first.
    pub chain: Vec<Certificate>,
    /// Whether the chain leads to a trusted root, dates apart.
    pub trusted: Observed<bool>,
    /// Whether it leads to one of the system's roots, dates and the user's own roots apart: what a stranger trusts.
    #[serde(default)]
    pub publicly_trusted: Observed<bool>,
    /// Whether the leaf names the host.
    pub names_host: Observed<bool>,
    /// The verifier's own words where it objects.
    pub objection: Option<String>,
}

/// What a handshake agreed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Handshake {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: String,
    /// The cipher suite, by its IANA name.
    pub cipher: String,
}

/// One certificate of a chain (RFC 5280).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Certificate {
    /// The subject's distinguished name.
    pub subject: String,
    /// The issuer's distinguished name.
    pub issuer: String,
    /// The DNS names and addresses of the subject alternative name.
    pub names: Vec<String>,
    /// Valid from, RFC 3339 in UTC.
    pub not_before: String,
    /// Valid to, RFC 3339 in UTC.
    pub not_after: String,
    /// SHA-256 of the certificate, hexadecimal.
    pub sha256: String,
    /// SHA-512 of the certificate, hexadecimal.
    #[serde(default)]
    pub sha512: String,
    /// SHA-256 of its public key (SubjectPublicKeyInfo), hexadecimal; empty where it cannot be read.
    #[serde(default)]
    pub key_sha256: String,
    /// SHA-512 of its public key, hexadecimal; empty where it cannot be read.
    #[serde(default)]
    pub key_sha512: String,
}

impl Turn {
    /// A reply's text for people and for the classifier: its lines without their codes, joined by a space.
    pub fn text(&self) -> String {
        let lines = self.lines.iter().map(|line| &*line.text);
        match self.code {
            Some(_) => crate::replies::joined(lines),
            None => lines.collect::<Vec<_>>().join(" "),
        }
    }
}

impl Session {
    /// The reply at `stage`, with its place in the transcript; the last one where there are several.
    pub fn reply_at(&self, stage: Stage) -> Option<(usize, &Turn)> {
        self.transcript.iter().enumerate().rfind(|(_, turn)| turn.stage == stage && turn.who == Who::Server)
    }

    /// The reply that nobody had asked for, where there was one: then no reply of the session proves anything.
    pub fn unasked_reply(&self) -> Option<&Turn> {
        self.transcript.iter().find(|turn| turn.unasked)
    }

    /// Whether STARTTLS was said in it.
    pub fn tried_starttls(&self) -> bool {
        self.transcript.iter().any(|turn| turn.who == Who::Client && turn.stage == Stage::StartTls)
    }

    /// Whether the server said something of use through TLS.
    pub fn spoke_through_tls(&self) -> bool {
        let of_use = |turn: &Turn| turn.who == Who::Server && turn.tls && turn.code.is_some_and(|code| code < 400);
        self.transcript.iter().any(of_use)
    }

    /// The address that the prober spoke from, as it noted on connecting.
    pub fn our_address(&self) -> Option<&str> {
        let connected = self.transcript.iter().find(|turn| turn.who == Who::Prober && turn.stage == Stage::Connect)?;
        connected.lines.first()?.text.rsplit_once(" from ").map(|(_, address)| address)
    }

    /// The replies to RCPT, with their places in the transcript.
    pub fn rcpt_replies(&self) -> impl Iterator<Item = (usize, &str, u16, &Turn)> {
        self.transcript.iter().enumerate().filter_map(|(at, turn)| {
            let heard = turn.who == Who::Server && turn.stage == Stage::Rcpt;
            let (recipient, code) = (turn.recipient.as_deref()?, turn.code?);
            heard.then_some((at, recipient, code, turn))
        })
    }
}
