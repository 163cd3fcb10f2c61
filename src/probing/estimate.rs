//! How long the rest of a hop's probing will take, and in how many sessions.
use std::time::Duration;

/// What is taken for a round trip before the first one was measured.
const ROUND_TRIP_MS: f64 = 30.0;
/// How many round trips a session takes until it stands: TCP, greeting, EHLO, STARTTLS, TLS, EHLO.
const SET_UP: f64 = 6.0;
/// And around its recipients: MAIL; RSET, QUIT.
const SPOKEN: f64 = 3.0;

/// What was heard, in numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    /// The likely, the doubtful: how many were answered, how many of those refused.
    classes: [(usize, usize); 2],
    /// Acceptances, refusals: how many, and how many milliseconds they took.
    accepted: (usize, u64),
    refused: (usize, u64),
    /// Connection, greeting, EHLO, TLS.
    set_up: (usize, u64),
    /// MAIL, RSET, QUIT.
    spoken: (usize, u64),
    /// Groups of recipients: how many, and how many milliseconds their replies took together.
    groups: (usize, u64),
}

impl Sums {
    pub(super) fn answered(&mut self, class: usize, refused: bool, ms: u64) {
        self.classes[class].0 += 1;
        self.classes[class].1 += usize::from(refused);
        let sum = if refused { &mut self.refused } else { &mut self.accepted };
        (sum.0, sum.1) = (sum.0 + 1, sum.1 + ms);
        self.groups.1 += ms;
    }

    pub(super) fn set_up(&mut self, ms: u64) {
        (self.set_up.0, self.set_up.1) = (self.set_up.0 + 1, self.set_up.1 + ms);
    }

    /// A group goes out, with or without targets.
    pub(super) fn group(&mut self, targets: bool) {
        self.groups.0 += usize::from(targets);
    }

    /// What was heard from an earlier run does not say which went out together.
    pub(super) fn forget_groups(&mut self) {
        self.groups = (0, 0);
    }

    /// MAIL, RSET or QUIT was answered.
    pub(super) fn spoken(&mut self, ms: u64) {
        (self.spoken.0, self.spoken.1) = (self.spoken.0 + 1, self.spoken.1 + ms);
    }

    /// How likely the next of this class is to be refused: certain until something else was seen.
    pub(super) fn chance(&self, class: usize) -> f64 {
        let (answered, refused) = self.classes[class];
        (refused + 1) as f64 / (answered + 1) as f64
    }

    /// Whether anybody was refused.
    pub(super) fn refused_one(&self) -> bool {
        self.refused.0 > 0
    }

    /// How many targets were answered.
    pub(super) fn answers(&self) -> usize {
        self.classes[0].0 + self.classes[1].0
    }

    /// The share of this class that will be refused, as far as can be told; `before` where nobody was answered yet.
    fn share(&self, class: usize, before: f64) -> f64 {
        match self.classes[class] {
            (0, _) => before,
            (answered, refused) => refused as f64 / answered as f64,
        }
    }
}

/// What is left to do.
#[derive(Clone, Debug, Default)]
pub(super) struct Work {
    /// The likely, the doubtful.
    pub(super) waiting: [usize; 2],
    pub(super) on_the_way: usize,
    pub(super) own: bool,
    pub(super) control: bool,
    /// A session's limits.
    pub(super) refusals: usize,
    pub(super) recipients: usize,
    pub(super) mixed: Option<usize>,
    pub(super) tarpit_ms: Option<u64>,
    /// How many sessions at once.
    pub(super) sessions: usize,
    /// Whether a random recipient is still to be asked about: one more refusal.
    pub(super) random: bool,
    /// Whether some are asked about once more.
    pub(super) again: bool,
    pub(super) pause: Duration,
}

/// How many more sessions, and how many more milliseconds.
pub(super) fn rest(work: &Work, sums: &Sums, retry: Duration) -> (usize, u64) {
    let mean = |sum: (usize, u64), before: f64| if sum.0 == 0 { before } else { sum.1 as f64 / sum.0 as f64 };
    let around = mean(sums.set_up, SET_UP * ROUND_TRIP_MS) + SPOKEN * mean(sums.spoken, ROUND_TRIP_MS);
    let pipelined = if work.own { 20.0 } else { 1.0 };
    let pause = work.pause.as_millis() as f64;
    let accepted_ms = mean(sums.accepted, ROUND_TRIP_MS / pipelined) + pause;
    let refused_ms = mean(sums.refused, work.tarpit_ms.map_or(ROUND_TRIP_MS / pipelined, |ms| ms as f64)) + pause;
    let waiting = (work.waiting[0] + work.waiting[1] + work.on_the_way) as f64;
    if waiting == 0.0 {
        return (0, 0);
    }
    let [likely, doubtful] = work.waiting.map(|count| count as f64);
    let refused =
        likely * sums.share(0, 0.0) + doubtful * sums.share(1, 1.0) + work.on_the_way as f64 * sums.share(0, 0.0);
    let refused = refused + f64::from(u8::from(work.random));
    let chance = (refused / waiting).min(1.0);
    let full = Full::of(work, chance);
    let (sessions, asked_beside) = if work.own {
        // A session that meets a refusal asks for the known-good after it.
        let beside = if refused > 0.0 { 1.0 } else { 0.0 };
        ((waiting / full.recipients).ceil().max(1.0), beside)
    } else {
        let room = work.recipients.saturating_sub(1 + usize::from(work.control)).max(1) as f64;
        let by_refusals = doubtful / work.refusals.saturating_sub(1).max(1) as f64;
        ((waiting / room).max(by_refusals).ceil().max(1.0), 1.0 + f64::from(u8::from(work.control)))
    };
    let at_once = match work.tarpit_ms {
        Some(_) if work.own => (work.sessions as f64).min(refused.ceil()).max(1.0),
        _ => (work.sessions as f64).min(sessions).max(1.0),
    };
    // Refusals that take long come in rounds, one in each session that is open; the last round takes as long as a full one.
    let in_rounds = match work.tarpit_ms {
        Some(_) => (refused / at_once).ceil() * refused_ms,
        None => refused * refused_ms / at_once,
    };
    let mut beside = sessions * (around + asked_beside * accepted_ms) / at_once;
    let mut one_by_one = in_rounds + (waiting - refused) * accepted_ms / at_once;
    if work.own && work.tarpit_ms.is_none() && full.short {
        // Groups become smaller with each refusal, so that it is their number that costs. The last sessions do not all
        // end together.
        let group_ms = mean(sums.groups, ROUND_TRIP_MS) + pause;
        let each = around + group_ms * (full.groups + asked_beside);
        beside = each * (at_once - 1.0) / 2.0 / at_once;
        one_by_one = sessions * each / at_once;
    }
    let again = if work.again { retry.as_millis() as f64 + around } else { 0.0 };
    ((sessions as usize), (beside + one_by_one + again).round() as u64)
}

/// A session that holds as many refusals as it may: how many recipients it names, and in how many groups.
struct Full {
    recipients: f64,
    groups: f64,
    /// Whether refusals end it, and not the number of recipients.
    short: bool,
}

impl Full {
    /// Such a session where each recipient is refused with this chance.
    fn of(work: &Work, chance: f64) -> Self {
        // Where half of them are refused, a session may not be longer than this.
        let mixed = work.mixed.filter(|_| chance >= 0.5).unwrap_or(usize::MAX);
        let most = work.recipients.min(mixed).max(1) as f64;
        let mut full = Self { recipients: 0.0, groups: 0.0, short: mixed < work.recipients };
        let mut left = work.refusals.max(1) as f64;
        while left > 0.01 && full.recipients < most {
            let size = left.max(1.0).min(most - full.recipients);
            full.recipients += size;
            full.groups += 1.0;
            left -= size * chance;
        }
        full.short |= left <= 0.01;
        full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(waiting: [usize; 2], own: bool) -> Work {
        let (refusals, recipients, sessions) = if own { (4, 1000, 4) } else { (2, 4, 1) };
        Work { waiting, own, control: true, refusals, recipients, sessions, ..Work::default() }
    }

    #[test]
    fn before_anything_is_heard_it_counts_sessions_and_round_trips() {
        let none = Sums::default();
        let retry = Duration::from_secs(10);
        assert_eq!(rest(&work([0, 0], true), &none, retry), (0, 0));
        assert_eq!(rest(&work([10, 0], false), &none, retry).0, 5);
        assert_eq!(rest(&work([0, 10], false), &none, retry).0, 10);
        assert_eq!(rest(&work([10_000, 0], true), &none, retry).0, 10);
    }

    #[test]
    fn a_tarpit_and_a_limit_to_refusals_make_rounds() {
        let mut sums = Sums::default();
        (0..8).for_each(|_| sums.answered(0, true, 5000));
        (0..8).for_each(|_| sums.answered(0, false, 0));
        let tarpit = Work { tarpit_ms: Some(5000), ..work([40, 0], true) };
        // Twenty refusals, four in each session, four sessions at once.
        let (sessions, ms) = rest(&tarpit, &sums, Duration::ZERO);
        assert_eq!(sessions, 5);
        assert!((25_000..26_000).contains(&ms), "{ms}");
    }
}
