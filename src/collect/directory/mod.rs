//! Reads a directory over LDAP: the Exchange organisation, and what it holds of each recipient.
mod ber;
mod bind;
pub mod catalog;
mod connection;
pub mod discovery;
mod filter;
#[cfg(feature = "gssapi")]
mod kerberos;
mod message;
mod noteworthy;
mod organisation;
mod questions;
mod recipients;
mod refusal;
mod roster;
mod search;
mod sweep;
mod weight;
mod wire;

use super::dns::Resolver;
use super::rosters::Rosters;
use catalog::{Progress, Teller};
use connection::{Connection, Url};
use nsdiag_checks::evidence::directory::{Directory, Server};
use nsdiag_checks::evidence::{How, Miss, Observed};
use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

/// A password: wiped when dropped, never printed.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes a password.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// It itself, for whoever has to keep it out of what is written.
    pub(crate) fn shown(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("(a password)")
    }
}

/// Whether `text` can be the URL of a directory server.
///
/// # Errors
/// In words, where it cannot.
pub fn check_url(text: &str) -> Result<(), String> {
    Url::parse(text).map(drop).map_err(|miss| miss.said)
}

/// The filter that finds a recipient in a directory, as RFC 4515 writes it.
pub fn filter_of(address: &str) -> String {
    recipients::holders_of(address).to_string()
}

/// Takes `bytes` apart as one LDAP message of a server's: the way in for fuzzing.
///
/// # Errors
/// In words, where it is no sound message.
#[doc(hidden)]
pub fn message_in(bytes: &[u8]) -> Result<usize, String> {
    message::taken_apart(bytes)
}

/// How to reach one system's directory.
#[derive(Clone, Debug)]
pub struct Access {
    /// The system.
    pub system: String,
    /// Its servers, as URLs, in the order in which they are tried.
    pub urls: Vec<String>,
    /// Its global catalog, as a URL; none means the one beside its server, or those of DNS SRV.
    pub catalog: Option<String>,
    /// As whom to bind: a DN, a UPN or DOMAIN\user. None binds nobody.
    pub user: Option<String>,
    /// With which password.
    pub password: Option<Password>,
    /// Whether to bind by Kerberos, as whoever the ticket is for, in place of user and password.
    pub kerberos: bool,
    /// Whether the password may go in the clear where StartTLS is not to be had.
    pub plaintext: bool,
    /// How to verify the server; see [`super::smtp::TlsTrust::strict`].
    pub tls: Arc<rustls::ClientConfig>,
}

/// The time that steps may take.
#[derive(Clone, Copy)]
struct Clock {
    step: Duration,
    deadline: Instant,
}

impl Clock {
    /// Awaits one step.
    async fn step<F: Future>(self, what: &str, future: F) -> Result<F::Output, Miss> {
        self.until(Instant::now() + self.step, what, future).await
    }

    /// Awaits a part of a step that must be over by then.
    async fn until<F: Future>(self, by: Instant, what: &str, future: F) -> Result<F::Output, Miss> {
        let by = by.min(self.deadline);
        let late = || match Instant::now() >= self.deadline {
            true => Miss::new(How::Deadline, format!("{what} was not over when the run's deadline came")),
            false => Miss::new(How::TimedOut, format!("{what} took longer than {} s", self.step.as_secs_f32())),
        };
        // What is always there already would be taken without a look at the clock.
        if Instant::now() >= by {
            return Err(late());
        }
        timeout_at(by, future).await.map_err(|_| late())
    }
}

/// What to ask.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The shared domain.
    pub domain: &'a str,
    /// The recipients to look up.
    pub addresses: &'a [String],
    /// Whether to look for a mailbox that can serve as known-good control.
    pub known_good: bool,
    /// Whom to name of those that the directory holds.
    pub roster: Roster,
}

impl Wanted<'_> {
    /// How much the answers may take beyond what any answers may: objects of some kilobytes for whom is asked, and for
    /// whom the directory is to name.
    fn size(self) -> usize {
        const EACH: usize = 12 * 1024;
        const EVERYBODY: usize = 128 * 1024 * 1024;
        let everybody = matches!(self.roster, Roster::Everybody(_)).then_some(EVERYBODY);
        self.addresses.len() * EACH + everybody.unwrap_or_default()
    }
}

/// Whom a directory is to name of those that it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roster {
    /// Nobody.
    Nobody,
    /// Some of each kind.
    Sample,
    /// Everybody, up to so many objects.
    Everybody(usize),
}

impl Roster {
    /// How many aliases of an object are named beside its primary address: all where everybody is to be asked for.
    pub fn aliases(self) -> usize {
        match self {
            Self::Everybody(most) if most >= crate::config::ALL => usize::MAX,
            _ => roster::ALIASES,
        }
    }
}

/// Reads what `wanted` names from the first server that answers. What fails is in the evidence; there is no error.
/// `teller` lets [`catalog::ask`] go along.
pub async fn read(
    access: Access,
    resolver: &Resolver,
    wanted: Wanted<'_>,
    step: Duration,
    deadline: Instant,
    rosters: &Rosters,
    teller: Teller,
) -> Directory {
    let clock = Clock { step, deadline };
    let access = Arc::new(access);
    teller.tell(Progress::Opening(access.clone()));
    let mut found = Directory {
        system: access.system.clone(),
        source: access.urls.first().cloned().unwrap_or_default(),
        ..Directory::default()
    };
    let mut connection = None;
    'servers: for text in &access.urls {
        let refused = |miss| Server { url: text.clone(), outcome: Observed::Unknown(miss) };
        let (url, addresses) = match located(text, resolver).await {
            Ok(located) => located,
            Err(miss) => {
                found.servers.push(refused(miss));
                continue;
            }
        };
        for address in addresses {
            match Connection::open(&url, address, &access, clock).await {
                Ok(open) => {
                    found.servers.push(Server { url: text.clone(), outcome: Observed::Known(()) });
                    found.source.clone_from(text);
                    found.bind = bind::bind(&open, &access, clock).await;
                    // A wrong password is not tried at the next server: that is how accounts are locked.
                    let next = found.bind.miss().is_some_and(|miss| {
                        matches!(miss.how, How::Busy | How::TimedOut | How::HungUp | How::Protocol | How::TooLarge)
                    });
                    if next {
                        continue;
                    }
                    connection = Some(open);
                    break 'servers;
                }
                Err(miss) => found.servers.push(refused(Miss::new(miss.how, format!("{address}: {}", miss.said)))),
            }
        }
    }
    match (connection, &found.bind) {
        (Some(open), Observed::Known(_)) => {
            let source = found.source.clone();
            teller.tell(Progress::Bound(access.clone(), source.clone()));
            found.root = questions::root(&open, clock).await;
            let root = found.root.known().cloned().map(Arc::new);
            if let Some(root) = &root {
                teller.tell(Progress::Known(access.clone(), source.clone(), root.clone()));
            }
            questions::ask(&open, wanted, rosters, clock, &mut found).await;
            if let Some(root) = root {
                let asked: BTreeSet<&String> = wanted.addresses.iter().collect();
                let looked_up = found.lookups.iter().map(|lookup| &lookup.address);
                let named = looked_up.filter(|address| !asked.contains(address)).cloned().collect();
                teller.tell(Progress::Named(access.clone(), source, root, Arc::new(named)));
            }
            open.wire.leave().await;
        }
        (_, bind) => {
            let miss = bind.miss().cloned().unwrap_or_else(|| match &found.servers[..] {
                [] => Miss::new(How::NotTried, "no directory server is known"),
                _ => Miss::new(How::Unreachable, "no directory server answers"),
            });
            questions::nothing(wanted, &miss, &mut found);
        }
    }
    found
}

/// A server's URL, taken apart, and its addresses.
async fn located(text: &str, resolver: &Resolver) -> Result<(Url, Vec<IpAddr>), Miss> {
    let url = Url::parse(text)?;
    match resolver.addresses(&url.host).await {
        Observed::Known(addresses) if !addresses.is_empty() => Ok((url, addresses)),
        Observed::Unknown(miss) => Err(Miss::new(How::Unresolvable, miss.said)),
        _ => Err(Miss::new(How::Unresolvable, format!("{} has no address", url.host))),
    }
}

/// A connection to the server at `text`, at the first of its addresses that takes one.
async fn reach(text: &str, access: &Access, resolver: &Resolver, clock: Clock) -> Result<Connection, Miss> {
    let (url, addresses) = located(text, resolver).await?;
    let mut failed = Miss::new(How::Unresolvable, format!("{} has no address", url.host));
    for address in addresses {
        match Connection::open(&url, address, access, clock).await {
            Ok(open) => return Ok(open),
            Err(miss) => failed = Miss::new(miss.how, format!("{address}: {}", miss.said)),
        }
    }
    Err(failed)
}
