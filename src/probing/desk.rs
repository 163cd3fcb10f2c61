//! The desk of one hop: hands out whom to ask next, hears what was said, and keeps every session under the hop's limits.
mod after;
mod bounds;
mod doubt;
mod risk;

use super::estimate::{Sums, Work};
use super::targets::Targets;
use super::{CAREFUL, EXPLORE, MIXED, Pace, UNPROVEN};
use crate::collect::smtp::Offers;
use crate::stop::Stop;
pub(super) use after::After;
use nsdiag_checks::evidence::smtp::{Session, Turn, Who};
use nsdiag_checks::model::limits::Limits;
use nsdiag_checks::replies::{self, Meaning, Stage};
use risk::Risk;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// How often a target is asked about before an answer at most; each time the session broke before the answer.
const TRIES: u8 = 3;
/// How often a target is asked about anew where its refusal stood among others that nobody closed.
const DOUBTS: u8 = 3;
/// A reply that took so long, after refusals, is one of a host that slows down.
const SLOW_MS: u64 = 900;

/// What is known of one target.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Asked,
    /// Put off once; it is asked about once more.
    PutOff,
    /// Answered, or given up.
    Done,
}

/// What a control came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Control {
    Open,
    Asked,
    Accepted,
    Refused,
    PutOff,
}

/// The desk.
pub(super) struct Desk<'a> {
    pace: &'a Pace,
    stop: Stop,
    deadline: Instant,
    targets: Targets,
    places: HashMap<String, usize>,
    states: Vec<State>,
    tries: Vec<u8>,
    /// The likely, the doubtful.
    waiting: [VecDeque<usize>; 2],
    /// How often each was asked about anew, because a refusal stood where the hop refused everybody.
    doubted: Vec<u8>,
    /// Somebody whom the hop has accepted, random controls apart.
    accepted: Option<String>,
    /// Those who were refused while nobody was known whom the hop accepts.
    unproven: Vec<usize>,
    /// Whether the known-good was refused, and is a target since.
    demoted: bool,
    /// Whether a session brought what nobody had asked for.
    disbelieved: bool,
    put_off: Vec<usize>,
    good: Control,
    randoms: [Control; 2],
    pub(super) limits: Limits,
    pub(super) sums: Sums,
    window: usize,
    /// The most refusals, and the most recipients, that a session has come through.
    survived: usize,
    reached: usize,
    /// Whether a session went on although most of its first recipients, and more than ten, were refused.
    unmixed: bool,
    exploring: bool,
    /// How many sessions were answered, of how many that may be open at once.
    answered: usize,
    ceiling: usize,
    strikes: u32,
    heard_from: bool,
    opened: usize,
    retried: bool,
    /// TLS failed: what follows goes in the clear.
    pub(super) in_the_clear: bool,
    international: bool,
}

/// One session's place at the desk.
#[derive(Default)]
pub(super) struct Seat {
    pipelining: bool,
    explorer: bool,
    asked: usize,
    targets: usize,
    doubtful: usize,
    answers: usize,
    accepted: usize,
    refusals: usize,
    slow: usize,
    quick: bool,
    good_first: bool,
    random: bool,
    /// The targets that were refused since somebody was accepted last, and how many refusals there were until then.
    unclosed: Vec<usize>,
    closed_at: usize,
    /// Whether somebody was asked for who should close them, and whether that one was refused as well.
    closing: bool,
    turned: bool,
    stands: bool,
    limited: bool,
    voided: bool,
    over: bool,
    on_the_way: Vec<usize>,
    began: Option<Instant>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(pace: &'a Pace, targets: Targets, stop: Stop, deadline: Instant) -> Self {
        let (likely, all) = (targets.likely.len(), targets.likely.len() + targets.doubtful.len());
        // Two addresses of one list are each other's control.
        let foreign = |address: &String| !address.is_ascii();
        let international = targets.likely.iter().chain(&targets.doubtful).any(foreign);
        let paired = targets.control.is_none() && all > 1;
        Self {
            pace,
            stop,
            deadline,
            places: targets.places(),
            states: vec![State::Waiting; all],
            tries: vec![0; all],
            waiting: [(0..likely).collect(), (likely..all).collect()],
            doubted: vec![0; all],
            accepted: None,
            unproven: Vec::new(),
            demoted: false,
            disbelieved: false,
            targets,
            put_off: Vec::new(),
            good: if paired { Control::Accepted } else { Control::Open },
            randoms: [Control::Open; 2],
            limits: Limits::default(),
            sums: Sums::default(),
            window: pace.window,
            survived: 0,
            reached: 0,
            unmixed: false,
            exploring: false,
            answered: 0,
            ceiling: pace.sessions,
            strikes: 0,
            heard_from: false,
            opened: 0,
            retried: false,
            in_the_clear: false,
            international,
        }
    }

    /// Whether another session, beside `running` ones, has something to ask.
    pub(super) fn wants_session(&self, running: usize) -> bool {
        let waiting = self.waiting.iter().map(VecDeque::len).sum::<usize>();
        let wanted = self.at_once(waiting).min(self.answered + 1);
        let controls = running == 0 && (self.random_open().is_some() || self.good == Control::Open);
        running < wanted || controls
    }

    /// How many sessions at once are worth their while for so many who wait.
    fn at_once(&self, waiting: usize) -> usize {
        // A second one costs its beginning and its end: that is worth it for many; where refusals take long, or end a
        // session soon, for a few.
        let each = match (self.limits.tarpit_ms, self.limits.refusals) {
            (Some(_), _) => 2,
            (None, Some(most)) => most.max(2),
            // Sessions are short where some are refused.
            (None, None) if self.sums.refused_one() => 2 * CAREFUL,
            (None, None) => 200,
        };
        waiting.div_ceil(each).min(self.ceiling)
    }

    /// Whether nobody is left to ask.
    pub(super) fn is_done(&self) -> bool {
        !self.wants_session(0)
    }

    /// Whether the run must end here.
    pub(super) fn is_cut(&self) -> bool {
        self.stop.is_raised() || Instant::now() >= self.deadline
    }

    /// Takes a seat for one more session.
    pub(super) fn seat(&mut self) -> Seat {
        self.opened += 1;
        let explorer = !self.exploring && self.limits.refusals.is_none();
        self.exploring |= explorer;
        Seat { explorer, began: Some(Instant::now()), ..Seat::default() }
    }

    /// A session stands, with what the server offers.
    pub(super) fn stands(&mut self, seat: &mut Seat, offers: &Offers) {
        seat.pipelining = offers.pipelining;
        seat.stands = true;
        self.heard_from = true;
        if let Some(most) = offers.recipients {
            self.limits.recipients = Some(self.limits.recipients.map_or(most, |known| known.min(most)));
        }
        if let Some(began) = seat.began {
            self.sums.set_up(millis(began.elapsed()));
        }
    }

    /// Whom to ask next in this session; nobody ends it.
    pub(super) fn next(&mut self, seat: &mut Seat) -> Vec<String> {
        // The random control is the last word of a polite session.
        if seat.over || seat.random && !self.pace.own || self.is_cut() {
            return vec![];
        }
        let most = self.recipients_a_session(seat);
        let size = if seat.pipelining { self.window } else { 1 };
        let mut group: Vec<String> = self.first_control(seat, most).into_iter().collect();
        let random = self.random_due(seat.random).is_some() && (most > 2 || seat.targets > 0);
        let reserved = usize::from(random) + usize::from(self.wants_closing(seat) && most > 2);
        let before = seat.targets;
        let mut risk = Risk::default();
        let size = size.min(self.cautious(seat));
        while group.len() < size && seat.asked + group.len() + reserved < most {
            let Some(target) = self.pick(seat, group.len(), &mut risk) else { break };
            self.states[target] = State::Asked;
            self.tries[target] += 1;
            seat.targets += 1;
            seat.doubtful += usize::from(target >= self.targets.likely.len());
            seat.on_the_way.push(target);
            group.push(self.address(target).to_string());
        }
        if group.is_empty() && seat.asked < most {
            group.extend(self.last_control(seat));
        }
        seat.asked += group.len();
        self.sums.group(seat.targets > before);
        group
    }

    /// How many recipients this session may name.
    fn recipients_a_session(&self, seat: &Seat) -> usize {
        let most = self.limits.recipients.unwrap_or(usize::MAX).min(self.pace.recipients);
        // What RFC 5321, 4.5.3.1.8 promises may be used at once; what is beyond, one session tries out first.
        if self.pace.own && !seat.explorer { most.min(self.reached.max(UNPROVEN)) } else { most }
    }

    /// The known-good, at the beginning.
    fn first_control(&mut self, seat: &mut Seat, most: usize) -> Option<String> {
        if seat.good_first {
            return None;
        }
        seat.good_first = true;
        let waiting = self.waiting.iter().map(VecDeque::len).sum::<usize>();
        let known = matches!(self.good, Control::Accepted | Control::Asked);
        let postmaster = &self.targets.postmaster;
        let control = match &self.targets.control {
            Some(_) => self.control(),
            // One address alone has nothing to be compared with.
            None if waiting < 2 && !self.places.contains_key(postmaster) => self.control(),
            None => return None,
        };
        // In `own`, the first session has it first; later ones ask it where they meet a refusal.
        if known && (self.pace.own || most < 2) {
            return None;
        }
        self.good = if self.good == Control::Accepted { self.good } else { Control::Asked };
        Some(control)
    }

    /// Who serves as the known-good: the one that was named, unless the hop refuses it and has accepted another.
    fn control(&self) -> String {
        let refused = self.demoted || self.good == Control::Refused && self.accepted.is_some();
        let named = self.targets.control.as_ref().filter(|_| !refused);
        named.or(self.accepted.as_ref()).unwrap_or(&self.targets.postmaster).clone()
    }

    /// What ends a session: after a refusal somebody whom the hop accepts, which shows that it does not refuse everybody by
    /// then; and a random recipient, which is the last word of a polite session.
    fn last_control(&mut self, seat: &mut Seat) -> Option<String> {
        let random = |desk: &mut Self, seat: &mut Seat| {
            let which = desk.random_due(seat.random)?;
            seat.random = true;
            desk.randoms[which] = Control::Asked;
            Some(desk.targets.randoms[which].clone())
        };
        if self.pace.own
            && let Some(random) = random(self, seat)
        {
            return Some(random);
        }
        if self.wants_closing(seat) && (!self.pace.own || self.is_balanced(seat, 0)) {
            seat.closing = true;
            return Some(self.control());
        }
        random(self, seat)
    }

    /// Whether somebody is to be asked for who closes the refusals so far: not once such a one was asked for in vain, and
    /// not where nobody is known whom the hop accepts.
    fn wants_closing(&self, seat: &Seat) -> bool {
        let known = self.accepted.is_some() || self.targets.control.is_some() && self.good != Control::Refused;
        !seat.unclosed.is_empty() && !seat.closing && !seat.turned && known
    }

    /// How large a group may be where something new is tried out, so that little is on the way when it goes wrong: the
    /// first group of all, after which other sessions open; and refusals beyond what a session has come through.
    fn cautious(&self, seat: &Seat) -> usize {
        if self.sums.answers() == 0 {
            2
        } else if seat.refusals >= self.survived.max(EXPLORE) {
            EXPLORE
        } else {
            usize::MAX
        }
    }

    /// Which random control is due in a session that has (or has not) asked one: in `polite` each session has one, for
    /// the difference is clearest in one session; in `own` that would cost a refusal in each of many.
    fn random_due(&self, asked: bool) -> Option<usize> {
        match (asked, self.pace.own) {
            (true, _) => None,
            (false, true) => self.random_open(),
            (false, false) => Some(self.random_open().unwrap_or(0)),
        }
    }

    /// Which random control has not been answered yet and should be.
    fn random_open(&self) -> Option<usize> {
        match self.randoms {
            [Control::Open, _] => Some(0),
            // A second one, in a session of its own, before a hop is said to accept everybody.
            [Control::Accepted, Control::Open] => Some(1),
            _ => None,
        }
    }

    /// The next target that this session can bear, if any.
    fn pick(&mut self, seat: &Seat, ahead: usize, risk: &mut Risk) -> Option<usize> {
        // With room for somebody who is accepted, behind whoever is refused.
        if !self.is_balanced(seat, ahead + 1) {
            return None;
        }
        let [likely, doubtful] = [self.waiting[0].len(), self.waiting[1].len()];
        // The likely first in each session, the doubtful spread over all of them.
        let taken = (seat.doubtful, seat.targets);
        let behind = doubtful > 0 && (likely == 0 || taken.0 * (likely + doubtful) < taken.1 * doubtful);
        let order = if behind { [1, 0] } else { [0, 1] };
        for class in order.into_iter().filter(|class| !self.waiting[*class].is_empty()) {
            // Who may well be refused leaves room for somebody who is accepted after it, in a session of a few.
            let left = self.recipients_a_session(seat).saturating_sub(seat.asked + ahead + 1);
            let first = seat.targets == 0 && ahead == 0;
            if class == 1 && !first && left < 1 + usize::from(self.random_open().is_some()) {
                continue;
            }
            let chance = self.chance(class);
            let with = risk.with(chance);
            if first || self.bears(with, seat) {
                // Each refusal of a tarpit takes as long in a group as alone, and other sessions stand idle meanwhile. Where
                // nobody was refused yet, it may be one.
                let slow = self.limits.tarpit_ms.is_some() || !self.sums.refused_one();
                let bearable = if self.limits.tarpit_ms.is_some() { 0.5 } else { 1.0 };
                if self.pace.own && slow && ahead > 0 && with.expected > bearable {
                    return None;
                }
                *risk = with;
                return self.waiting[class].pop_front();
            }
        }
        None
    }

    fn address(&self, target: usize) -> &str {
        let likely = self.targets.likely.len();
        if target < likely { &self.targets.likely[target] } else { &self.targets.doubtful[target - likely] }
    }

    /// Hears a session from turn `from` on.
    pub(super) fn heard(&mut self, seat: &mut Seat, session: &Session, from: usize) {
        let mut open = Vec::new();
        // A server counts each error, whichever the command.
        let others =
            session.transcript[from..].iter().filter(|turn| turn.who == Who::Server && turn.stage != Stage::Rcpt);
        for turn in others {
            seat.refusals += usize::from(turn.code.is_some_and(|code| code >= 400));
            if let (Stage::Mail | Stage::Rset | Stage::Quit, Some(ms)) = (turn.stage, turn.latency_ms) {
                self.sums.spoken(ms);
            }
        }
        for turn in session.transcript[from..].iter().filter(|turn| turn.stage == Stage::Rcpt) {
            let Some(recipient) = turn.recipient.as_deref() else { continue };
            match (turn.who, turn.code) {
                (Who::Server, Some(code)) => self.answer(seat, recipient, code, turn),
                // What was heard before turns out to answer nothing; or it never was an answer.
                (Who::Server, None) if !turn.oddities.is_empty() => {
                    seat.voided = true;
                    self.open_again(recipient, &mut open);
                }
                // It cannot be asked about here at all.
                (Who::Prober, _) => self.done(recipient),
                _ => {}
            }
        }
        for target in open.into_iter().rev() {
            self.back(target);
        }
    }

    /// Hears a session of an earlier run, which this one goes on from.
    pub(super) fn replay(&mut self, session: &Session) {
        let mut seat = self.seat();
        let hello = session.transcript.iter().rfind(|turn| turn.stage == Stage::Ehlo && turn.code == Some(250));
        if let Some(hello) = hello {
            seat.began = None;
            self.stands(&mut seat, &Offers::read(hello));
        }
        self.heard(&mut seat, session, 0);
        self.sums.forget_groups();
        self.ended(seat, session, 0);
        self.strikes = 0;
        let states = &self.states;
        self.waiting.iter_mut().for_each(|queue| queue.retain(|target| states[*target] == State::Waiting));
    }

    fn answer(&mut self, seat: &mut Seat, recipient: &str, code: u16, turn: &Turn) {
        let ms = turn.latency_ms.unwrap_or(0);
        let meaning = match code {
            0..=299 => Meaning::Accepted,
            _ => replies::classify_with(&self.targets.own, &[], Stage::Rcpt, code, &turn.text()).meaning,
        };
        if code == 421 || meaning == Meaning::RateLimited {
            seat.refusals += 1;
            (seat.over, seat.limited) = (true, true);
            return;
        }
        // What was answered after them, and as quickly as ever, the refusals before did not prevent.
        if ms < SLOW_MS || self.limits.tarpit_ms.is_some() {
            self.survived = self.survived.max(seat.refusals);
        }
        // One more session at a time, each once the one before it is answered.
        self.answered += usize::from(seat.answers == 0);
        seat.answers += 1;
        self.reached = self.reached.max(seat.answers);
        self.unmixed |= seat.answers > MIXED && seat.accepted * 2 + 1 < seat.answers;
        let random = self.targets.randoms.iter().position(|random| random == recipient);
        match code < 400 {
            true => {
                seat.accepted += 1;
                if random.is_none() {
                    seat.unclosed.clear();
                    seat.closing = false;
                    seat.closed_at = seat.refusals;
                    self.accepted.get_or_insert_with(|| recipient.into());
                }
            }
            false => seat.refusals += 1,
        }
        // Three slow replies in a row after refusals, where the first were quick: enough of this session.
        let slow = ms >= SLOW_MS && seat.quick && self.limits.tarpit_ms.is_none();
        seat.quick |= seat.answers == 1 && ms < SLOW_MS / 2;
        seat.slow = if slow { seat.slow + 1 } else { 0 };
        seat.over |= self.pace.own && seat.slow >= 3 && seat.refusals >= 3;
        if code >= 400 && ms > nsdiag_checks::model::hops::TARPIT_MS {
            self.limits.tarpit_ms = self.limits.tarpit_ms.max(Some(ms));
        }
        let put_off = (400..500).contains(&code);
        let control = match (code, put_off) {
            (..400, _) => Control::Accepted,
            (_, true) => Control::PutOff,
            _ => Control::Refused,
        };
        if let Some(which) = random {
            self.randoms[which] = control;
            return;
        }
        // Whom the hop had accepted before, it refuses now.
        let known = self.accepted.as_deref() == Some(recipient) || self.good == Control::Accepted;
        seat.turned |= code >= 500 && known && !seat.unclosed.is_empty() && !self.is_waiting(recipient);
        let Some(target) = self.places.get(recipient).copied() else {
            self.good = if self.good == Control::Accepted { self.good } else { control };
            return;
        };
        seat.on_the_way.retain(|each| *each != target);
        let class = usize::from(target >= self.targets.likely.len());
        self.sums.answered(class, code >= 400, ms);
        if code >= 400 {
            seat.unclosed.push(target);
        }
        let before = std::mem::replace(&mut self.states[target], State::Done);
        if before == State::PutOff {
            self.put_off.retain(|each| *each != target);
        } else if put_off && !self.retried {
            self.states[target] = State::PutOff;
            self.put_off.push(target);
        }
    }

    /// Whether it is a target that has not been answered.
    fn is_waiting(&self, recipient: &str) -> bool {
        self.places.get(recipient).is_some_and(|target| self.states[*target] != State::Done)
    }

    fn done(&mut self, recipient: &str) {
        if let Some(target) = self.places.get(recipient) {
            self.states[*target] = State::Done;
        } else {
            self.randoms.iter_mut().filter(|random| **random == Control::Asked).for_each(|one| *one = Control::Refused);
        }
    }

    fn open_again(&mut self, recipient: &str, open: &mut Vec<usize>) {
        if let Some(target) = self.places.get(recipient).copied() {
            self.states[target] = State::Asked;
            self.put_off.retain(|each| *each != target);
            open.push(target);
        } else if let Some(which) = self.targets.randoms.iter().position(|random| random == recipient) {
            self.randoms[which] = Control::Open;
        } else {
            self.good = Control::Open;
        }
    }

    /// Puts a target that was asked about and not answered back to the front, unless it has had its tries.
    fn back(&mut self, target: usize) {
        if self.states[target] != State::Asked {
            return;
        }
        if self.tries[target] >= TRIES {
            self.states[target] = State::Done;
            return;
        }
        self.states[target] = State::Waiting;
        let class = usize::from(target >= self.targets.likely.len());
        self.waiting[class].push_front(target);
    }

    /// A session is over: what next?
    pub(super) fn ended(&mut self, mut seat: Seat, session: &Session, running: usize) -> After {
        for target in std::mem::take(&mut seat.on_the_way).into_iter().rev() {
            self.back(target);
        }
        for control in self.randoms.iter_mut().chain([&mut self.good]) {
            if *control == Control::Asked && running == 0 {
                *control = Control::Open;
            }
        }
        self.exploring &= !seat.explorer;
        let before = (self.limits.refusals, self.limits.recipients, self.limits.mixed);
        self.limits.learn(session, &self.targets.own);
        self.doubt(&mut seat);
        self.disbelieve(session);
        let learnt = before != (self.limits.refusals, self.limits.recipients, self.limits.mixed);
        if session.broke_off.is_none() {
            self.survived = self.survived.max(seat.refusals);
        }
        self.heard_from |= session.transcript.iter().any(|turn| turn.who == Who::Server);
        self.after(&seat, session, learnt, running)
    }

    /// Has everybody who was put off asked about once more; false where there is nobody, or it was done.
    pub(super) fn retry(&mut self) -> bool {
        let controls = self.randoms.contains(&Control::PutOff) || self.good == Control::PutOff;
        if self.retried || (self.put_off.is_empty() && !controls) {
            return false;
        }
        self.retried = true;
        self.strikes = 0;
        for target in std::mem::take(&mut self.put_off) {
            self.states[target] = State::Waiting;
            self.tries[target] = TRIES - 1;
            self.waiting[usize::from(target >= self.targets.likely.len())].push_back(target);
        }
        for control in self.randoms.iter_mut().chain([&mut self.good]) {
            if *control == Control::PutOff {
                *control = Control::Open;
            }
        }
        true
    }

    /// What is left to do, for the estimate.
    pub(super) fn work(&self) -> Work {
        let waiting = [self.waiting[0].len(), self.waiting[1].len()];
        let on_the_way = self.states.iter().filter(|state| **state == State::Asked).count();
        Work {
            waiting,
            on_the_way,
            own: self.pace.own,
            control: self.targets.control.is_some(),
            refusals: match self.pace.own {
                true => self.most_refusals(true),
                false => self.limits.refusals.unwrap_or(self.pace.refusals),
            },
            recipients: self.limits.recipients.unwrap_or(usize::MAX).min(self.pace.recipients),
            mixed: self.limits.mixed.or((self.pace.own && !self.unmixed).then_some(MIXED)),
            tarpit_ms: self.limits.tarpit_ms,
            sessions: self.at_once(waiting.iter().sum()).max(1),
            random: self.random_open().is_some() || self.randoms.contains(&Control::Asked),
            again: !self.put_off.is_empty() && !self.retried,
            pause: self.pace.pause,
        }
    }

    /// How many targets there are.
    pub(super) fn all(&self) -> usize {
        self.states.len()
    }

    /// Whether one of them needs SMTPUTF8.
    pub(super) fn international(&self) -> bool {
        self.international
    }

    /// How many sessions were opened.
    pub(super) fn opened(&self) -> usize {
        self.opened
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
