//! What a session showed that is not to be believed, and whom to ask about once more for it.
use super::{Control, DOUBTS, Desk, Seat, State};
use nsdiag_checks::evidence::smtp::Session;

impl Desk<'_> {
    /// Has those asked about anew whose refusal nobody closed, in smaller sessions, where somebody could close them.
    pub(super) fn doubt(&mut self, seat: &mut Seat) {
        let mut unclosed = std::mem::take(&mut seat.unclosed);
        unclosed.retain(|target| self.states[*target] == State::Done);
        if self.accepted.is_none() {
            self.unproven.append(&mut unclosed);
            return;
        }
        unclosed.append(&mut self.unproven);
        if self.good == Control::Refused && !self.demoted {
            // Whom it refuses although he was named as a known-good is asked about like anybody else.
            self.demote();
        }
        if seat.turned {
            // It refuses everybody after some refusals, fewer than these: a third of them the next time.
            let fewer = (seat.closed_at + (seat.refusals - seat.closed_at) / 3).max(1);
            self.limits.refusals = Some(self.limits.refusals.map_or(fewer, |known| known.min(fewer)));
            // Not even who begins a session is accepted any more: it counts over sessions.
            seat.limited |= seat.accepted == 0;
        }
        for target in unclosed.into_iter().rev() {
            if self.doubted[target] < DOUBTS {
                self.doubted[target] += 1;
                self.states[target] = State::Waiting;
                self.waiting[usize::from(target >= self.targets.likely.len())].push_front(target);
            }
        }
    }

    /// Has everybody of a session asked about once more in which a reply came that nobody had asked for.
    pub(super) fn disbelieve(&mut self, session: &Session) {
        if session.unasked_reply().is_none() {
            return;
        }
        let heard: Vec<String> = session.rcpt_replies().map(|(_, recipient, ..)| recipient.to_string()).collect();
        if !self.disbelieved {
            self.accepted = self.accepted.take().filter(|accepted| !heard.contains(accepted));
            self.good = if self.good == Control::Accepted && !self.demoted { Control::Open } else { self.good };
        }
        for recipient in heard.iter().rev() {
            let random = self.targets.randoms.iter().position(|random| random == recipient);
            match (self.places.get(recipient).copied(), random) {
                (Some(target), _) if self.doubted[target] == 0 && self.states[target] == State::Done => {
                    self.doubted[target] = DOUBTS;
                    self.states[target] = State::Waiting;
                    self.waiting[usize::from(target >= self.targets.likely.len())].push_front(target);
                }
                (None, Some(which)) if !self.disbelieved => self.randoms[which] = Control::Open,
                _ => {}
            }
        }
        self.disbelieved = true;
    }

    /// Makes the known-good a target; whoever was accepted takes its place.
    fn demote(&mut self) {
        self.demoted = true;
        self.good = Control::Accepted;
        let Some(control) = self.targets.control.clone().filter(|control| !self.places.contains_key(control)) else {
            return;
        };
        let place = self.states.len();
        self.places.insert(control.clone(), place);
        self.targets.doubtful.push(control);
        self.states.push(State::Waiting);
        self.tries.push(0);
        self.doubted.push(0);
        self.waiting[1].push_back(place);
    }
}
