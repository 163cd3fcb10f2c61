//! Mails a report, where the user asked for it (`--mail-to`).
//!
//! This is the only part of nsdiag that sends mail, and `client` in it the only one that says DATA. It is given a letter and
//! a smart host of the configuration, and knows no hop, no probe and no recipient under check; nothing that probes knows it.
//! Our own client and not lettre's transport: that one takes no TLS configuration of ours, bounds neither a line nor the
//! whole, and believes what was said in the clear after STARTTLS.
mod client;
mod letter;

use crate::app;
use crate::collect::dns::Resolver;
use crate::collect::smtp::TlsTrust;
use crate::config::{MailSettings, Settings};
pub use client::Fate;
pub use letter::{Letter, is_message_id};
use lettre::Address;
use nsdiag_checks::evidence::Observed;
use nsdiag_checks::report::Report;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::Instant;

pub use crate::collect::directory::Password;

/// How long it may take from the first connection to the last reply. RFC 5321, 4.5.3.2 grants ten minutes to the reply
/// after the message alone; a run of cron does not wait that long.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The host that takes the mail.
#[derive(Clone, Debug)]
pub struct SmartHost {
    /// Its name, or its address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How to talk to it.
    pub line: Line,
}

/// What the conversation goes through. A password is part of a line that hides it, and can go nowhere else.
#[derive(Clone, Debug)]
pub enum Line {
    /// STARTTLS (RFC 3207), or nothing.
    StartTls(Option<Login>),
    /// TLS from the first byte (RFC 8314, 3.3).
    Wrapped(Option<Login>),
    /// No TLS.
    Clear,
}

impl SmartHost {
    /// As whom to send there, if as anybody.
    pub fn login(&self) -> Option<&Login> {
        match &self.line {
            Line::StartTls(login) | Line::Wrapped(login) => login.as_ref(),
            Line::Clear => None,
        }
    }
}

impl fmt::Display for SmartHost {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let line = match self.line {
            Line::StartTls(_) => "with STARTTLS",
            Line::Wrapped(_) => "with TLS",
            Line::Clear => "in the clear",
        };
        write!(f, "{} port {} {line}", self.host, self.port)?;
        self.login().map_or(Ok(()), |login| write!(f, " as {}", login.user))
    }
}

/// As whom to send (RFC 4954).
#[derive(Clone, Debug)]
pub struct Login {
    /// The account.
    pub user: String,
    /// Its password.
    pub password: Password,
}

/// What became of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// Its Message-ID.
    pub id: String,
    /// Who has not got it, and why, in words; none where everybody has.
    pub trouble: Option<String>,
    /// Whether there is nothing to send again: somebody has it, and whoever has not was refused for good.
    pub settled: bool,
}

/// Mails `report` as `settings` say it is to be, going on from the mail that `thread` names.
///
/// # Errors
/// In words, where it comes to no mail.
pub async fn post(
    settings: &Settings,
    mail: &MailSettings,
    report: &Report,
    thread: Option<&str>,
) -> Result<Posted, String> {
    let question = &settings.question;
    let letter = Letter::of_report(report, &mail.from, &mail.to, &question.ehlo, thread)?;
    let trust = app::trust(settings)?;
    let (step, end) = (Duration::from_secs(question.timeout_s), Instant::now() + PATIENCE);
    let resolver = Resolver::new(app::servers(settings), step, end);
    let outcomes = send(&mail.smart_host, &letter, &question.ehlo, &trust, &resolver, PATIENCE).await;
    let trouble = in_words(&mail.smart_host, &outcomes);
    Ok(Posted { id: letter.id().into(), trouble, settled: is_settled(&outcomes) })
}

/// Sends `letter`, within `patience`: what became of it for each recipient. Whatever the smart host does ends in that.
pub async fn send(
    host: &SmartHost,
    letter: &Letter,
    ehlo: &str,
    trust: &TlsTrust,
    resolver: &Resolver,
    patience: Duration,
) -> Vec<(Address, Fate)> {
    let by = Instant::now() + patience;
    // A relay beside us is often called localhost.
    let found = resolver.addresses_of_named(&host.host).await;
    let addresses: Vec<SocketAddr> = match found {
        Observed::Known(found) => found.into_iter().map(|address| SocketAddr::new(address, host.port)).collect(),
        Observed::Unknown(miss) => {
            return letter.every(&Fate::NotSent(format!("the addresses of {} are unknown: {}", host.host, miss.said)));
        }
        Observed::NotAsked => vec![],
    };
    client::deliver(host, &addresses, letter, ehlo, trust.strict(), by).await
}

/// What became of a letter that not everybody has, in words; none where everybody has it.
pub fn in_words(host: &SmartHost, outcomes: &[(Address, Fate)]) -> Option<String> {
    let mut told: Vec<(String, Vec<String>)> = Vec::new();
    for (address, fate) in outcomes {
        let said = match fate {
            Fate::Taken(_) => continue,
            Fate::Refused(why) => format!("refused by {}: {why}", host.host),
            Fate::NotSent(why) => format!("not sent: {why}"),
            Fate::Unsure(why) => format!("perhaps not sent: {why}"),
        };
        match told.iter_mut().find(|(known, _)| *known == said) {
            Some((_, addresses)) => addresses.push(address.to_string()),
            None => told.push((said, vec![address.to_string()])),
        }
    }
    let told = told.into_iter().map(|(said, addresses)| format!("the mail to {} was {said}", addresses.join(", ")));
    Some(told.collect::<Vec<_>>().join("; ")).filter(|said| !said.is_empty())
}

/// Whether there is nothing to send again.
pub fn is_settled(outcomes: &[(Address, Fate)]) -> bool {
    let open = |fate: &Fate| matches!(fate, Fate::NotSent(_) | Fate::Unsure(_));
    outcomes.iter().any(|(_, fate)| matches!(fate, Fate::Taken(_))) && !outcomes.iter().any(|(_, fate)| open(fate))
}
