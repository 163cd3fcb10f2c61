//! How much one session may bring: errors, and recipients whoever is refused.
use super::risk::Risk;
use super::{Control, Desk, Seat};
use crate::probing::targets::MANY;
use crate::probing::{CAREFUL, EXPLORE, MIXED};

impl Desk<'_> {
    /// How likely a target of this class is to be refused, at most: 0 is likely, 1 is doubtful.
    pub(super) fn chance(&self, class: usize) -> f64 {
        match (self.pace.own, class) {
            (true, _) => self.sums.chance(class),
            (false, 0) => 0.0,
            (false, _) => 1.0,
        }
    }

    /// Whether this session can bear such a group. In `own`, a group must not run over the limit that is known, or that
    /// servers come with: it is as large as the refusals that are left, and larger only where nearly everybody is accepted
    /// and the order is mixed. How far sessions have come so far is no limit yet, and to run over it is no harm.
    pub(super) fn bears(&self, risk: Risk, seat: &Seat) -> bool {
        let most = self.bearable(seat);
        let spare = self.limits.refusals.unwrap_or(CAREFUL).min(CAREFUL) - self.most_refusals(seat.explorer);
        match (self.pace.own, self.states.len() > MANY) {
            (false, _) => risk.expected <= most as f64,
            (true, true) => risk.likely_at_most(most) && risk.hardly_more_than(most + spare),
            (true, false) => risk.never_more_than(most),
        }
    }

    /// How many refusals one session may hold, as far as is known.
    pub(super) fn most_refusals(&self, explorer: bool) -> usize {
        let unlimited = if explorer { EXPLORE.max(2 * self.survived) } else { self.survived.max(1) };
        self.limits.refusals.unwrap_or(unlimited).min(CAREFUL)
    }

    /// How many more refusals this session can bear; the controls, which may be refused, come last.
    pub(super) fn bearable(&self, seat: &Seat) -> usize {
        let random = usize::from(self.random_due(seat.random).is_some());
        let (most, so_far) = match self.pace.own {
            false => {
                let most = self.limits.refusals.map_or(self.pace.refusals, |most| most.min(self.pace.refusals));
                (most, if self.limits.refusals.is_some() { seat.refusals.max(seat.doubtful) } else { seat.doubtful })
            }
            true => (self.most_refusals(seat.explorer), seat.refusals),
        };
        // The known-good, too, where it has not been accepted yet.
        let good = usize::from(self.pace.own && most > 1 && self.good != Control::Accepted && !seat.turned);
        most.saturating_sub(so_far + random + good)
    }

    /// Whether one more recipient, with `ahead` before it, keeps the share of accepted ones that the hop asks for. Exim
    /// comes with such a limit; one session tries it out, the others keep it until then.
    pub(super) fn is_balanced(&self, seat: &Seat, ahead: usize) -> bool {
        let asked = seat.asked + ahead + 1;
        let unknown = (self.pace.own && !seat.explorer && !self.unmixed).then_some(MIXED);
        self.limits.mixed.or(unknown).is_none_or(|most| asked <= most || seat.accepted * 2 >= asked)
    }
}
