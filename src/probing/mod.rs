//! Holds the sessions with one hop: whom to ask in which session, at which pace, and what to ask once more.
//!
//! One scheduler for every pace. It learns from what a hop says how much of what one session may bring, keeps under that
//! afterwards, and resumes where a session ended. `polite` has one session at a time, of at most four recipients of whom
//! two may be refused; `own` has several, pipelines, and tries out in one session at a time what a host bears.
mod desk;
mod estimate;
mod sister;
mod targets;
#[cfg(test)]
mod tests;

use crate::app::Word;
use crate::collect::smtp::{self, Endpoint, Manners, Offers, Script, TlsTrust};
use crate::journal::Journal;
use crate::stop::Stop;
use desk::{After, Desk, Seat};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use nsdiag_checks::evidence::Question;
use nsdiag_checks::evidence::smtp::{Hop, Session};
use nsdiag_checks::report::HopEstimate;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;
pub use targets::Choice;
use targets::Targets;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How many RCPT commands a polite session has at most (contract, section 5).
pub const POLITE: usize = 4;
/// How many of them may be refused, the random control included.
const POLITE_REFUSALS: usize = 2;
/// How many recipients a server takes in one session at least (RFC 5321, 4.5.3.1.8).
const UNPROVEN: usize = 100;
/// How many it is asked to take at most: Postfix has 1000 (`smtpd_recipient_limit`).
const MOST: usize = 1000;
/// How many refusals the first session tries out: fewer than any server is known to end a session for.
const EXPLORE: usize = 4;
/// How many errors a session holds at most, also where no limit has shown itself. Postfix as shipped slows everything
/// down from the tenth on, and ends the session at the twentieth (`smtpd_soft_error_limit`, `smtpd_hard_error_limit`,
/// postconf(5)); a few sessions more cost less.
const CAREFUL: usize = 9;
/// How many recipients a session may name whoever is refused; of more, half must have been accepted (Exim's default
/// configuration, `$rcpt_count` and `$recipients_count` in `acl_check_rcpt`).
const MIXED: usize = 10;
/// How many sessions `own` has at once, and how many commands are on the way in each.
const SESSIONS: usize = 4;
const WINDOW: usize = 100;
/// How long to wait before what was put off is asked once more.
const RETRY_AFTER: Duration = Duration::from_secs(10);
/// From how many milliseconds or sessions on the user is told beforehand.
const LONG_MS: u64 = 30_000;
const LONG_SESSIONS: usize = 50;

/// How fast to go.
#[derive(Clone, Debug)]
pub struct Pace {
    own: bool,
    sessions: usize,
    recipients: usize,
    refusals: usize,
    /// How many commands may be on the way at once.
    pub window: usize,
    /// How long to wait between two of them.
    pub pause: Duration,
}

impl Pace {
    /// The pace that a setting names: `polite`, `own`, or a number of RCPT commands a second.
    pub fn named(name: &str) -> Self {
        let pause = crate::config::per_second(name).map_or(Duration::ZERO, |rate| Duration::from_secs_f64(1.0 / rate));
        match name {
            "own" => Self { own: true, sessions: SESSIONS, recipients: MOST, refusals: EXPLORE, window: WINDOW, pause },
            _ => Self { own: false, sessions: 1, recipients: POLITE, refusals: POLITE_REFUSALS, window: 1, pause },
        }
    }
}

impl Pace {
    /// What it means, for `--plan`.
    pub fn in_words(&self, name: &str) -> String {
        match self.own {
            true => format!(
                "up to {} sessions with each host, up to {} RCPT each, pipelined where offered; less where a host limits us",
                self.sessions, self.recipients
            ),
            false => {
                format!("up to {} RCPT a session, one session at a time with each host, pace {name}", self.recipients)
            }
        }
    }
}

/// In how many sessions, and in how many seconds at least, a host is asked about so many recipients, before anything is
/// known of it.
pub fn expected(pace: &str, recipients: usize) -> (usize, u64) {
    let targets =
        Targets { likely: vec![String::new(); recipients], control: Some(String::new()), ..Targets::default() };
    let pace = Pace::named(pace);
    let desk = Desk::new(&pace, targets, Stop::default(), Instant::now());
    let (sessions, ms) = estimate::rest(&desk.work(), &desk.sums, RETRY_AFTER);
    (sessions, ms.div_ceil(1000))
}

/// Asks hops, within the manners.
pub struct Prober<'a> {
    /// What certificates are judged by.
    pub trust: TlsTrust,
    /// How to behave.
    pub manners: Manners,
    /// How fast.
    pub pace: Pace,
    /// Where answers are kept as they come, and where those of an interrupted run are found.
    pub journal: Option<Journal>,
    /// Tells the user what is going on.
    pub tell: &'a dyn Fn(Word),
    /// What each hop was expected to take.
    pub estimates: RefCell<Vec<HopEstimate>>,
    /// Whether the deadline, or the user, came before all was asked.
    pub cut: Cell<bool>,
    /// The hops that nothing more is asked of, by id: they turned us away, or do not answer.
    pub left: RefCell<BTreeSet<String>>,
}

impl Prober<'_> {
    /// Whether the deadline came, or the user wants to stop.
    pub fn is_cut(&self) -> bool {
        self.manners.stop.is_raised() || Instant::now() >= self.manners.deadline
    }

    /// All sessions with one hop, those of `before` among them, which it goes on from. In the `last` part of a visit what was
    /// put off is asked once more.
    pub async fn probe(
        &self,
        hop: &Hop,
        question: &Question,
        (good, choice): (&[String], &Choice),
        (before, last): (Vec<Session>, bool),
    ) -> Vec<Session> {
        let Some(address) = hop.address else { return vec![] };
        if self.left.borrow().contains(&hop.id) {
            return before;
        }
        let endpoint =
            Endpoint { hop: hop.id.clone(), host: hop.host.clone(), address: SocketAddr::new(address, hop.port) };
        let targets = Targets::of(hop, question, good, choice);
        let desk = Desk::new(&self.pace, targets, self.manners.stop.clone(), self.manners.deadline);
        Visit {
            prober: self,
            endpoint,
            desk: RefCell::new(desk),
            changed: Notify::new(),
            began: Instant::now(),
            estimate: RefCell::new(None),
            last,
        }
        .hold(before)
        .await
    }
}

/// The visit to one hop.
struct Visit<'a> {
    prober: &'a Prober<'a>,
    endpoint: Endpoint,
    desk: RefCell<Desk<'a>>,
    changed: Notify,
    began: Instant,
    estimate: RefCell<Option<(HopEstimate, Known)>>,
    /// Whether nobody else is asked about after this.
    last: bool,
}

/// The limits that an estimate knew.
type Known = (Option<usize>, Option<usize>, Option<usize>, bool);

impl Visit<'_> {
    async fn hold(&self, before: Vec<Session>) -> Vec<Session> {
        // In the first part of a visit, those of an interrupted run.
        let kept = || self.prober.journal.as_ref().map_or(vec![], |journal| journal.sessions_with(&self.endpoint.hop));
        let before = if before.is_empty() { kept() } else { before };
        before.iter().for_each(|session| self.desk.borrow_mut().replay(session));
        self.estimate_anew();
        let mut heard: Vec<(usize, Session)> = before.into_iter().enumerate().collect();
        let first = heard.len();
        let mut number = first;
        let mut running = FuturesUnordered::new();
        let mut stopped = false;
        let mut wait: Option<Instant> = None;
        loop {
            let ready = !stopped && wait.is_none() && !self.desk.borrow().is_cut();
            if ready && self.desk.borrow().wants_session(running.len()) {
                running.push(self.session(number));
                number += 1;
                continue;
            }
            if running.is_empty() {
                if let Some(until) = wait.take() {
                    if !self.rest_until(until).await {
                        break;
                    }
                    continue;
                }
                if !ready || !self.last || !self.goes_on_after_a_rest().await {
                    break;
                }
                continue;
            }
            tokio::select! {
                Some((number, seat, session)) = running.next() => {
                    let after = self.desk.borrow_mut().ended(seat, &session, running.len());
                    heard.push((number, session));
                    match after {
                        After::Go => {}
                        After::Wait(pause) => wait = Some(Instant::now() + pause),
                        After::Stop => stopped = true,
                    }
                    self.estimate_anew();
                }
                () = self.changed.notified() => {}
            }
        }
        if self.desk.borrow().is_cut() && !self.desk.borrow().is_done() {
            self.prober.cut.set(true);
        }
        if stopped {
            self.prober.left.borrow_mut().insert(self.endpoint.hop.clone());
        }
        if let Some((estimate, _)) = self.estimate.take().filter(|_| self.last || stopped) {
            self.prober.estimates.borrow_mut().push(HopEstimate { took_ms: millis(self.began.elapsed()), ..estimate });
        }
        // In the order in which they began, so that the latest word is the last.
        heard.sort_by_key(|(number, _)| *number);
        heard.into_iter().map(|(_, session)| session).collect()
    }

    /// Waits before those who were put off are asked about once more; false where there is nobody or no time.
    async fn goes_on_after_a_rest(&self) -> bool {
        let until = Instant::now() + RETRY_AFTER;
        let manners = &self.prober.manners;
        until + manners.step <= manners.deadline && self.desk.borrow_mut().retry() && self.rest_until(until).await
    }

    /// Waits; false where the deadline or the user came first.
    async fn rest_until(&self, until: Instant) -> bool {
        let manners = &self.prober.manners;
        if until >= manners.deadline {
            return false;
        }
        tokio::select! {
            () = tokio::time::sleep_until(until) => true,
            () = manners.stop.raised() => false,
        }
    }

    /// One session; what became of its seat at the desk.
    async fn session(&self, number: usize) -> (usize, Seat, Session) {
        let prober = self.prober;
        let seat = self.desk.borrow_mut().seat();
        let clear = self.desk.borrow().in_the_clear;
        let manners = Manners { use_tls: prober.manners.use_tls && !clear, ..prober.manners.clone() };
        let id = prober.journal.as_ref().map(Journal::next);
        let mut chair = Chair { visit: self, seat, id };
        let session = smtp::hold(&self.endpoint, &mut chair, &manners, &prober.trust).await;
        if let (Some(journal), Some(id)) = (&prober.journal, id) {
            journal.ended(id, &session);
        }
        (number, chair.seat, session)
    }

    /// Says how long it will take, while little of it is done or something new was learnt.
    fn estimate_anew(&self) {
        let desk = self.desk.borrow();
        let answers = desk.sums.answers();
        let known = self.estimate.borrow().clone();
        let all = desk.all();
        let limits = (desk.limits.refusals, desk.limits.recipients, desk.limits.mixed, desk.limits.tarpit_ms.is_some());
        // A quarter of the answers tells what the rest will be like; after that only a limit that shows itself.
        if answers * 2 > all && known.is_some() {
            return;
        }
        let early = answers * 4 <= all || known.as_ref().is_none_or(|(known, _)| known.answers * 4 < all);
        if !early && known.as_ref().is_some_and(|(_, known)| *known == limits) {
            return;
        }
        let work = desk.work();
        let (sessions, rest_ms) = estimate::rest(&work, &desk.sums, RETRY_AFTER);
        let estimate = HopEstimate {
            hop: self.endpoint.hop.clone(),
            recipients: all,
            sessions: desk.opened() + sessions,
            duration_ms: millis(self.began.elapsed()) + rest_ms,
            answers,
            made_after_ms: millis(self.began.elapsed()),
            took_ms: 0,
        };
        let long =
            |one: &HopEstimate| one.duration_ms >= LONG_MS || one.sessions >= LONG_SESSIONS || one.recipients >= MOST;
        // What was said before stands as long as it is not far off.
        let off = |known: &HopEstimate| known.duration_ms.abs_diff(estimate.duration_ms) > known.duration_ms / 4;
        let changed = known.as_ref().is_none_or(|(known, _)| off(known));
        if !early && !changed {
            let kept = known.map(|(known, _)| (known, limits));
            drop(desk);
            self.estimate.replace(kept);
            return;
        }
        if changed && all > answers && long(&estimate) {
            let left = self.prober.manners.deadline.saturating_duration_since(Instant::now());
            let late = match u128::from(rest_ms) > left.as_millis() {
                true => "; the deadline comes before that, see --deadline",
                false => "",
            };
            let said = format!(
                "{}: {} recipients in about {} sessions and {} s{late}",
                self.endpoint.host,
                all,
                estimate.sessions,
                estimate.duration_ms.div_ceil(1000)
            );
            (self.prober.tell)(Word::Note(&said));
        }
        drop(desk);
        self.estimate.replace(Some((estimate, limits)));
    }
}

/// A session's side of the desk.
struct Chair<'v, 'p> {
    visit: &'v Visit<'p>,
    seat: Seat,
    id: Option<usize>,
}

impl Script for Chair<'_, '_> {
    fn stands(&mut self, offers: &Offers) {
        self.visit.desk.borrow_mut().stands(&mut self.seat, offers);
    }

    fn next(&mut self) -> Vec<String> {
        self.visit.desk.borrow_mut().next(&mut self.seat)
    }

    fn heard(&mut self, session: &Session, from: usize) {
        // Kept before anybody is asked next, so that no answer is asked for twice.
        if let (Some(journal), Some(id)) = (&self.visit.prober.journal, self.id) {
            journal.heard(id, session, from);
        }
        self.visit.desk.borrow_mut().heard(&mut self.seat, session, from);
        self.visit.estimate_anew();
        self.visit.changed.notify_one();
    }

    fn international(&self) -> bool {
        self.visit.desk.borrow().international()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
