//! What to do after a session: the next one, a pause, or no other.
use super::{Desk, Seat};
use nsdiag_checks::evidence::How;
use nsdiag_checks::evidence::smtp::{Session, Turn, Who};
use nsdiag_checks::replies::{self, Meaning, Stage};
use std::time::Duration;

/// How many seconds to wait where a hop says that we come too often; twice as many each time.
const BACK_OFF: u64 = 5;

/// What to do after a session.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::probing) enum After {
    /// The next one.
    Go,
    /// The next one, in a while.
    Wait(Duration),
    /// No other.
    Stop,
}

impl Desk<'_> {
    /// What follows from a session that is over; `learnt` tells whether it showed a limit that was not known.
    pub(super) fn after(&mut self, seat: &Seat, session: &Session, learnt: bool, running: usize) -> After {
        let how = session.broke_off.as_ref().map(|miss| miss.how);
        let too_many = self.opened > 3 * self.states.len() + 20;
        if self.is_cut() || too_many || matches!(how, Some(How::Deadline | How::NotTried | How::TlsInjection)) {
            return After::Stop;
        }
        // TLS that does not come about, or breaks before a word went through it: what follows goes in the clear.
        let broken = how.is_some() && session.tried_starttls() && !session.spoke_through_tls();
        if broken && !self.in_the_clear {
            self.in_the_clear = true;
            return After::Go;
        }
        if seat.voided && self.window > 1 {
            // Its replies cannot be told apart when they come together: one at a time, then.
            self.window = 1;
            return After::Go;
        }
        let closed =
            how.is_none() && !session.transcript.iter().any(|turn| matches!(turn.stage, Stage::Rcpt | Stage::Rset));
        if closed && seat.stands && seat.asked == 0 {
            // Others had asked about everybody meanwhile.
            return After::Go;
        }
        let last = session.transcript.iter().rev().find(|turn| turn.who == Who::Server && turn.stage != Stage::Quit);
        let limited = seat.limited || last.is_some_and(|turn| self.says_too_much(turn));
        if how.is_none() && !limited && !closed {
            self.strikes = 0;
            return After::Go;
        }
        if learnt {
            // It said how much is too much, and has our word to stay below.
            return if self.pace.own { After::Go } else { After::Wait(Duration::from_secs(1)) };
        }
        if limited {
            self.ceiling = running.max(1);
            self.strikes += 1;
            let (wait, most) = if self.pace.own { (BACK_OFF << (self.strikes - 1).min(4), 4) } else { (10, 1) };
            return if self.strikes > most { After::Stop } else { After::Wait(Duration::from_secs(wait)) };
        }
        if closed {
            let put_off = last.is_some_and(|turn| turn.code.is_some_and(|code| (400..500).contains(&code)));
            self.strikes += 1;
            let again = put_off && self.strikes == 1;
            return if again { After::Wait(crate::probing::RETRY_AFTER) } else { After::Stop };
        }
        self.strikes += 1;
        match self.heard_from && self.strikes < 3 {
            true => After::Wait(Duration::from_secs(1)),
            false => After::Stop,
        }
    }

    /// Whether a reply says that we ask too much.
    fn says_too_much(&self, turn: &Turn) -> bool {
        let own = &self.targets.own;
        let limits =
            |code| replies::classify_with(own, &[], turn.stage, code, &turn.text()).meaning == Meaning::RateLimited;
        turn.code.filter(|code| *code >= 400).is_some_and(limits)
    }
}
