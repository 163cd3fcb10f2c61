//! Asks DNS, and writes down what each server said.
//!
//! hickory-resolver asks, one pool of it for one server. Which server is asked, and what an answer comes to, is decided
//! here: hickory's own `Resolver` does not tell who answered, takes an alias loop for "no record", and answers for
//! 127.0.0.0/8 and `localhost` itself.
mod wire;

use super::smtp::tls::hex;
use futures_util::future::join_all;
use hickory_resolver::proto::op::{Edns, Message, Query, ResponseCode};
use hickory_resolver::proto::rr::rdata::opt::EdnsOption;
use hickory_resolver::proto::rr::{DNSClass, Name, RData, RecordType};
use nsdiag_checks::evidence::dns::{Alias, Answer, DnsLookup, MxView, Record, RecordKind, Unvalidated};
use nsdiag_checks::evidence::{How, Miss, Observed};
use nsdiag_checks::model::names::is_localhost;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::Instant;
use wire::{Failed, Why};

/// The longest alias chain that is followed.
const ALIASES: usize = 8;
/// The largest answer that is taken over UDP (RFC 6891, 6.2.5; 1232 bytes pass unfragmented nearly everywhere).
const UDP: u16 = 1232;
/// How long a server whose view is only compared with others' may take. Many networks drop questions to servers other
/// than their own; the run should not wait for these.
const VIEW: Duration = Duration::from_secs(2);
/// How many resolvers, how many of a zone's servers and how many of their addresses are asked for their view.
const VIEWS: [usize; 3] = [4, 4, 6];

/// How many MX hosts are resolved, by preference: real domains have a dozen at most, and senders try few of them.
pub const EXCHANGES: usize = 64;
/// How many names are looked up at once: more gain no time, and a zone may make us look up thousands.
const AT_ONCE: usize = 32;

/// How a question is put.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// To a resolver, which validates if it can.
    Plain,
    /// To a resolver, which is not to validate (CD).
    Unchecked,
    /// To one of the zone's own servers, about its own zone.
    Authority,
}

/// An answer that did not come.
struct Failure {
    miss: Miss,
    /// SERVFAIL, which may be a failed validation; with the server's own words (RFC 8914), if it has some.
    failed: Option<Option<String>>,
}

impl From<Miss> for Failure {
    fn from(miss: Miss) -> Self {
        Self { miss, failed: None }
    }
}

/// Asks the given servers, each question once.
pub struct Resolver {
    servers: Vec<SocketAddr>,
    step: Duration,
    deadline: Instant,
    asked: Mutex<BTreeMap<(String, RecordKind), Shared>>,
    at_once: Semaphore,
}

/// An answer that everybody who asks the same waits for.
type Shared = Arc<OnceCell<DnsLookup>>;

/// The servers of `/etc/resolv.conf`.
///
/// # Errors
/// In words, where the file cannot be read or names no server.
pub fn system_servers() -> Result<Vec<SocketAddr>, String> {
    let file = "/etc/resolv.conf";
    let text = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
    let config = resolv_conf::Config::parse(&text).map_err(|error| format!("{file}: {error}"))?;
    let servers: Vec<_> =
        config.nameservers.iter().map(|server| SocketAddr::new(IpAddr::from(server.clone()), 53)).collect();
    match servers.is_empty() {
        true => Err(format!("{file} names no server; give one with --resolver IP")),
        false => Ok(servers),
    }
}

impl Resolver {
    /// Asks `servers` in order; each has `step` to answer, and nothing is asked after `deadline`.
    pub fn new(servers: Vec<SocketAddr>, step: Duration, deadline: Instant) -> Self {
        Self { servers, step, deadline, asked: Mutex::default(), at_once: Semaphore::new(AT_ONCE) }
    }

    /// Asks for the records of `kind` at `name`. Whoever asks the same again shares the answer.
    pub async fn ask(&self, name: &str, kind: RecordKind) -> DnsLookup {
        let name = name.trim_end_matches('.').to_lowercase();
        let cell = {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            asked.entry((name.clone(), kind)).or_default().clone()
        };
        cell.get_or_init(|| self.look_up(name, kind)).await.clone()
    }

    /// The addresses of `host`, IPv4 first; an address literal, in brackets or not, stands for itself.
    pub async fn addresses(&self, host: &str) -> Observed<Vec<IpAddr>> {
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(literal) = literal.parse::<IpAddr>() {
            return Observed::Known(vec![literal.to_canonical()]);
        }
        let (v4, v6) = tokio::join!(self.ask(host, RecordKind::A), self.ask(host, RecordKind::Aaaa));
        let mut found: Vec<IpAddr> = Vec::new();
        let mut miss = None;
        for lookup in [v4, v6] {
            match lookup.answer {
                Observed::Known(answer) => found.extend(answer.addresses()),
                Observed::Unknown(why) => miss = Some(why),
                Observed::NotAsked => {}
            }
        }
        found.sort_unstable();
        found.dedup();
        match miss {
            Some(miss) if found.is_empty() => Observed::Unknown(miss),
            _ => Observed::Known(found),
        }
    }

    /// The addresses of `host`, which the user named: what `localhost` is no DNS server is asked (RFC 6761, 6.3). For a
    /// host that DNS or another machine names so, that is no word about this one.
    pub async fn addresses_of_named(&self, host: &str) -> Observed<Vec<IpAddr>> {
        match is_localhost(host) {
            true => Observed::Known(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]),
            false => self.addresses(host).await,
        }
    }

    /// Everything that was asked, by name and kind.
    pub fn lookups(&self) -> Vec<DnsLookup> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.values().filter_map(|cell| cell.get().cloned()).collect()
    }

    /// The domain's MX records as every resolver but the one of `first`, and each of the zone's own servers at `port`,
    /// sees them. They are few, and asked all at once.
    pub async fn mx_views(&self, first: &DnsLookup, port: u16) -> Vec<MxView> {
        let domain = &*first.name;
        let brief = Self::new(self.servers.clone(), self.step.min(VIEW), self.deadline);
        let view = async |server: SocketAddr, authority: Option<String>| {
            let manner = if authority.is_some() { Manner::Authority } else { Manner::Plain };
            let answer = match brief.chase(server, domain, RecordKind::Mx, manner).await {
                Ok((answer, _)) => Observed::Known(answer),
                Err(failure) => Observed::Unknown(failure.miss),
            };
            MxView { authority, server: server.to_string(), answer }
        };
        let [resolvers, ..] = VIEWS;
        let others = self.servers.iter().take(resolvers).filter(|server| server.to_string() != first.resolver);
        let others = join_all(others.map(|server| view(*server, None)));
        let authorities = async {
            let authorities = self.authorities(&brief, first).await;
            join_all(authorities.into_iter().map(|(name, ip)| view(SocketAddr::new(ip, port), Some(name)))).await
        };
        let (mut others, authorities) = tokio::join!(others, authorities);
        others.extend(authorities);
        others
    }

    /// The zone's own servers, with their addresses.
    async fn authorities(&self, brief: &Self, first: &DnsLookup) -> Vec<(String, IpAddr)> {
        let servers = async |zone: &str| {
            let answer = self.ask(zone, RecordKind::Ns).await.answer;
            let records = answer.known().map_or(&[][..], |answer| &answer.records);
            let name = |record: &Record| match record {
                Record::Server(name) => Some(name.clone()),
                _ => None,
            };
            records.iter().filter_map(name).collect::<Vec<_>>()
        };
        let mut found = servers(&first.name).await;
        if found.is_empty() {
            // A domain below its zone's apex: the SOA of the negative answer tells the zone (RFC 2308, 3).
            let (Ok(resolver), Ok(name)) = (first.resolver.parse(), parse(&first.name)) else { return vec![] };
            let Ok(answer) = brief.exchange(resolver, &name, RecordKind::Ns, Manner::Plain).await else {
                return vec![];
            };
            let soa = answer.authorities.iter().find(|record| record.record_type() == RecordType::SOA);
            let Some(zone) = soa.map(|soa| soa.name.clone()) else { return vec![] };
            if zone == name || zone.num_labels() < 2 || !zone.zone_of(&name) {
                return vec![];
            }
            found = servers(&plain(&zone)).await;
        }
        let [_, names, most] = VIEWS;
        let addresses = found.into_iter().take(names).map(async |name| {
            let found = self.addresses(&name).await;
            let found = found.known().cloned().unwrap_or_default();
            found.into_iter().take(2).map(move |ip| (name.clone(), ip)).collect::<Vec<_>>()
        });
        join_all(addresses).await.into_iter().flatten().take(most).collect()
    }

    async fn look_up(&self, name: String, kind: RecordKind) -> DnsLookup {
        // Nobody closes it; the deadline is looked at when it is our turn.
        let _turn = self.at_once.acquire().await;
        let began = Instant::now();
        let mut lookup = DnsLookup {
            name,
            kind,
            resolver: String::new(),
            answer: Observed::Unknown(Miss::new(How::NotTried, "no DNS server is known; give one with --resolver IP")),
            authenticated: false,
            unvalidated: None,
            latency_ms: 0,
        };
        for &server in &self.servers {
            lookup.resolver = server.to_string();
            let mut heard = self.chase(server, &lookup.name, kind, Manner::Plain).await;
            if let Err(Failure { failed: Some(extended), .. }) = &heard {
                let extended = extended.clone();
                if let Ok((answer, _)) = self.chase(server, &lookup.name, kind, Manner::Unchecked).await
                    && !answer.records.is_empty()
                {
                    // Once more: a server in trouble may have come round in the meantime.
                    heard = self.chase(server, &lookup.name, kind, Manner::Plain).await;
                    if heard.as_ref().is_err_and(|failure| failure.failed.is_some()) && lookup.unvalidated.is_none() {
                        lookup.unvalidated = Some(Unvalidated { resolver: server.to_string(), answer, extended });
                    }
                }
            }
            match heard {
                Ok((answer, authenticated)) => {
                    (lookup.answer, lookup.authenticated) = (Observed::Known(answer), authenticated);
                    break;
                }
                Err(Failure { miss, .. }) => {
                    lookup.answer = Observed::Unknown(Miss::new(miss.how, format!("{server}: {}", miss.said)));
                }
            }
        }
        lookup.latency_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        lookup
    }

    /// Asks one server, and follows aliases that it did not follow itself: the answer, and whether all of it is
    /// validated.
    async fn chase(
        &self,
        server: SocketAddr,
        name: &str,
        kind: RecordKind,
        manner: Manner,
    ) -> Result<(Answer, bool), Failure> {
        let mut authenticated = true;
        let mut answer = Answer { exists: true, ..Answer::default() };
        let mut wanted = parse(name)?;
        let mut known: Vec<(Name, RData)> = Vec::new();
        let mut asked_for = None;
        loop {
            let at_name = known.iter().filter(|(owner, _)| *owner == wanted);
            answer.records = at_name.filter_map(|(_, data)| record(kind, data)).collect();
            if !answer.records.is_empty() {
                answer.records.sort_unstable();
                answer.records.dedup();
                return Ok((answer, authenticated));
            }
            let alias = known.iter().find_map(|(owner, data)| match data {
                RData::CNAME(target) if *owner == wanted => Some(target.0.clone()),
                _ => None,
            });
            if let Some(target) = alias {
                answer.aliases.push(Alias { name: plain(&wanted), target: plain(&target) });
                if answer.aliases.iter().any(|alias| alias.name == plain(&target)) {
                    let said = format!("{} is an alias of {}: an alias loop", plain(&wanted), plain(&target));
                    return Err(Miss::new(How::AliasLoop, said).into());
                }
                if answer.aliases.len() > ALIASES {
                    let said = format!("a chain of more than {ALIASES} aliases, at {}", plain(&wanted));
                    return Err(Miss::new(How::TooLarge, said).into());
                }
                wanted = target;
                continue;
            }
            if asked_for.as_ref() == Some(&wanted) {
                return Ok((answer, authenticated));
            }
            let response = self.exchange(server, &wanted, kind, manner).await?;
            authenticated &= response.metadata.authentic_data;
            asked_for = Some(wanted.clone());
            match response.response_code {
                ResponseCode::NoError => {}
                ResponseCode::NXDomain => answer.exists = false,
                ResponseCode::Refused => {
                    return Err(Miss::new(How::Refused, "the DNS server refuses the question").into());
                }
                ResponseCode::ServFail => {
                    let extended = extended_error(&response);
                    let why = extended.as_ref().map_or_else(String::new, |why| format!(": {why}"));
                    let miss = Miss::new(How::ServerFailure, format!("the DNS server failed (SERVFAIL{why})"));
                    return Err(Failure { miss, failed: Some(extended) });
                }
                other => {
                    let said = format!("the DNS server answered {}", in_words(other));
                    return Err(Miss::new(How::ServerFailure, said).into());
                }
            }
            if manner == Manner::Authority && !response.metadata.authoritative {
                return Err(Miss::new(How::Protocol, "the DNS server is no authority for the zone").into());
            }
            if let Some(said) = unusable(&response, &wanted, kind) {
                return Err(Miss::new(How::Protocol, said).into());
            }
            known.extend(response.answers.iter().map(|record| (record.name.clone(), record.data.clone())));
        }
    }

    /// One question, and its answer.
    async fn exchange(
        &self,
        server: SocketAddr,
        name: &Name,
        kind: RecordKind,
        manner: Manner,
    ) -> Result<Message, Miss> {
        // A new message has an identifier of its own.
        let mut question = Message::query();
        question.metadata.recursion_desired = manner != Manner::Authority;
        // AD in a question asks for AD in the answer (RFC 6840, 5.7).
        question.metadata.authentic_data = manner == Manner::Plain;
        question.metadata.checking_disabled = manner == Manner::Unchecked;
        question.add_query(Query::query(name.clone(), record_type(kind)));
        question.edns.get_or_insert_with(Edns::new).set_max_payload(UDP);
        let left = self.deadline.saturating_duration_since(Instant::now());
        let Failed { truncated, why } = match wire::ask(server, question, self.step.min(left)).await {
            Ok(response) => return of_the_internet(response),
            Err(failed) => failed,
        };
        let miss = match why {
            Why::Silence if truncated => Miss::new(How::TimedOut, "no whole one in time"),
            Why::Silence if Instant::now() >= self.deadline => {
                Miss::new(How::Deadline, "no answer before the run's deadline")
            }
            Why::Silence => Miss::new(How::TimedOut, format!("no answer within {} s", self.step.as_secs_f32())),
            Why::Network(error) => network(&error),
            Why::Malformed => Miss::new(How::Protocol, "what came cannot be read: it is malformed"),
            Why::Other => Miss::new(How::Protocol, "what came is no answer to the question"),
            Why::Truncated => Miss::new(How::Protocol, "it is truncated as well"),
            Why::Library(said) => Miss::new(How::Protocol, format!("the DNS library gave up: {said}")),
        };
        let before = if truncated { "a truncated answer, and over TCP " } else { "" };
        Err(Miss::new(miss.how, format!("{before}{}", miss.said)))
    }
}

/// An answer without the records of other classes, which are of another name space (RFC 1034, 3.6): they say neither what
/// is there nor that nothing is.
fn of_the_internet(mut response: Message) -> Result<Message, Miss> {
    let was_empty = response.answers.is_empty();
    for section in [&mut response.answers, &mut response.authorities] {
        section.retain(|record| record.dns_class == DNSClass::IN);
    }
    match response.answers.is_empty() && !was_empty {
        true => Err(Miss::new(How::Protocol, "the DNS server's answer is of another class than was asked for")),
        false => Ok(response),
    }
}

/// A response code. hickory takes 16 for TSIG's, which no question of ours has: in an answer with OPT it is BADVERS
/// (RFC 6891, 9).
fn in_words(code: ResponseCode) -> String {
    match (u16::from(code), code) {
        (16, _) => "16 (BADVERS: it does not know this version of EDNS)".into(),
        (number, ResponseCode::Unknown(_)) => format!("the unknown code {number}"),
        (number, code) => format!("{number} ({code})"),
    }
}

/// Why an answer about `wanted` says neither what is there nor that nothing is.
fn unusable(response: &Message, wanted: &Name, kind: RecordKind) -> Option<&'static str> {
    let (answers, kind) = (&response.answers, record_type(kind));
    let absent = response.metadata.response_code == ResponseCode::NXDomain;
    if answers.is_empty() {
        // RFC 2308, 2.2: name servers without an SOA refer to others; "no such record" has an SOA, or neither.
        let has = |kind| response.authorities.iter().any(|record| record.record_type() == kind);
        let refers = !absent && !response.metadata.authoritative && has(RecordType::NS) && !has(RecordType::SOA);
        return refers.then_some("the DNS server refers to others, and does not ask them itself (no recursion)");
    }
    if absent && answers.iter().any(|record| record.record_type() == kind) {
        return Some("the DNS server says that the name does not exist, and gives records of it");
    }
    let at_name: Vec<_> = answers.iter().filter(|one| one.name == *wanted).collect();
    if at_name.is_empty() {
        return Some("the DNS server's answer is about another name");
    }
    let aliases = at_name.iter().filter(|record| record.record_type() == RecordType::CNAME);
    let targets: BTreeSet<String> = aliases.map(|record| record.data.to_string().to_lowercase()).collect();
    match targets.len() {
        0 if at_name.iter().all(|record| record.record_type() != kind) => {
            Some("the DNS server's answer is of another kind than was asked for")
        }
        0 | 1 => None,
        // RFC 1034, 3.6.2; RFC 2181, 10.1.
        _ => Some("the name is an alias of several others, which no name may be"),
    }
}

fn parse(name: &str) -> Result<Name, Miss> {
    let bad = |error: String| Miss::new(How::NotTried, format!("'{name}' is no DNS name: {error}"));
    let ascii = idna::domain_to_ascii(name).map_err(|error| bad(error.to_string()))?;
    let mut parsed = Name::from_ascii(&ascii).map_err(|error| bad(error.to_string()))?;
    // Absolute: no search list.
    parsed.set_fqdn(true);
    Ok(parsed)
}

fn record_type(kind: RecordKind) -> RecordType {
    match kind {
        RecordKind::A => RecordType::A,
        RecordKind::Aaaa => RecordType::AAAA,
        RecordKind::Mx => RecordType::MX,
        RecordKind::Srv => RecordType::SRV,
        RecordKind::Txt => RecordType::TXT,
        RecordKind::Ns => RecordType::NS,
        RecordKind::Tlsa => RecordType::TLSA,
    }
}

/// The record's data, if it is of `kind`.
fn record(kind: RecordKind, data: &RData) -> Option<Record> {
    Some(match (kind, data) {
        (RecordKind::A, RData::A(address)) => Record::Address(address.0.into()),
        // Of `::ffff:192.0.2.1` a sender makes a connection over IPv4.
        (RecordKind::Aaaa, RData::AAAA(address)) => Record::Address(IpAddr::from(address.0).to_canonical()),
        (RecordKind::Mx, RData::MX(mx)) => Record::Mx { preference: mx.preference, exchange: plain(&mx.exchange) },
        (RecordKind::Srv, RData::SRV(srv)) => {
            Record::Srv { priority: srv.priority, weight: srv.weight, port: srv.port, target: plain(&srv.target) }
        }
        (RecordKind::Txt, RData::TXT(txt)) => {
            let text: Vec<u8> = txt.txt_data.iter().flat_map(|part| part.iter().copied()).collect();
            Record::Text(String::from_utf8_lossy(&text).into_owned())
        }
        (RecordKind::Ns, RData::NS(server)) => Record::Server(plain(&server.0)),
        (RecordKind::Tlsa, RData::TLSA(tlsa)) => {
            let (usage, selector, matching) = (tlsa.cert_usage.into(), tlsa.selector.into(), tlsa.matching.into());
            let digest = match matching {
                0 => hex(&ring::digest::SHA256, &tlsa.cert_data),
                _ => tlsa.cert_data.iter().map(|byte| format!("{byte:02x}")).collect(),
            };
            Record::Tlsa { usage, selector, matching, digest }
        }
        _ => return None,
    })
}

/// A name for people and for comparing: lower case, without the final dot.
fn plain(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_lowercase()
}

/// Why a resolver failed, in its own words (RFC 8914).
fn extended_error(response: &Message) -> Option<String> {
    const NAMES: [&str; 13] = [
        "Other",
        "Unsupported DNSKEY Algorithm",
        "Unsupported DS Digest Type",
        "Stale Answer",
        "Forged Answer",
        "DNSSEC Indeterminate",
        "DNSSEC Bogus",
        "Signature Expired",
        "Signature Not Yet Valid",
        "DNSKEY Missing",
        "RRSIGs Missing",
        "No Zone Key Bit Set",
        "NSEC Missing",
    ];
    let options = &response.edns.as_ref()?.options().options;
    let bytes = options.iter().find_map(|(_, option)| match option {
        EdnsOption::Unknown(15, bytes) => Some(bytes),
        _ => None,
    })?;
    let (code, text) = bytes.split_at_checked(2)?;
    let code = u16::from_be_bytes([code[0], code[1]]);
    let name = match code {
        22 => "No Reachable Authority",
        23 => "Network Error",
        _ => NAMES.get(usize::from(code)).copied().unwrap_or_default(),
    };
    let whole = String::from_utf8_lossy(text);
    let mut text: String = whole.chars().take(200).collect();
    // That it was cut is said: so is a secret found of which a part is left.
    if text.len() < whole.len() {
        text.push('…');
    }
    let text = text.trim_matches('\0').escape_debug().to_string();
    let colon = if text.is_empty() { "" } else { ": " };
    Some(format!("{} {name}", code).trim_end().to_string() + colon + &text)
}

fn network(error: &io::Error) -> Miss {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Miss::new(How::Refused, "nothing listens on the DNS port there"),
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => {
            Miss::new(How::Unreachable, "no route to the DNS server")
        }
        _ => Miss::new(How::Unreachable, error.to_string()),
    }
}
