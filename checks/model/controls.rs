//! The acceptances around a refusal, without which it is not believed.
//!
//! A host that counts unknown recipients refuses everybody after some, in whatever words. So a refusal counts where the
//! same session accepted somebody after it. Whoever was accepted serves: a known-good, a listed mailbox, a postmaster.
use super::hops::{Heard, HopView};
use super::{Outcome, Place};
use crate::prelude::*;
use alloc::collections::BTreeMap;

/// How many refusals before it keep a random control from telling anything, where nobody was accepted after it: no host is
/// known to turn away everybody sooner, and a polite session holds no more (contract, section 5).
const FEW: usize = 2;

/// One session's acceptances and refusals, by their turns.
#[derive(Default)]
struct Replies<'a> {
    /// The first two who were accepted, and the last two: one must not vouch for itself.
    first: Vec<(usize, Place<'a>)>,
    last: Vec<(usize, Place<'a>)>,
    refused: Vec<usize>,
}

/// Who was accepted in which session, random controls apart.
#[derive(Default)]
pub(super) struct Controls<'a> {
    sessions: BTreeMap<usize, Replies<'a>>,
}

/// What stands around one reply in its session.
pub struct Bracket<'h, 'a> {
    /// Somebody who was accepted before it.
    pub before: Option<&'h Heard<'a>>,
    /// Somebody who was accepted after it.
    pub after: Option<&'h Heard<'a>>,
    /// How many were refused before it.
    pub refused_before: usize,
}

impl<'a> Controls<'a> {
    /// Reads the replies of a hop, by recipient; `random` are no controls.
    pub(super) fn of(replies: &BTreeMap<&'a str, Vec<Heard<'a>>>, random: &[&str]) -> Self {
        let mut all: Vec<(&Heard<'a>, Place<'a>)> = Vec::new();
        for (recipient, heard) in replies {
            all.extend(heard.iter().enumerate().map(|(place, heard)| (heard, (*recipient, place))));
        }
        all.sort_by_key(|(heard, _)| (heard.session, heard.turn));
        let mut sessions: BTreeMap<usize, Replies> = BTreeMap::new();
        for (heard, place) in all {
            let replies = sessions.entry(heard.session).or_default();
            if heard.outcome() != Outcome::Accepted {
                replies.refused.push(heard.turn);
                continue;
            }
            if random.contains(&place.0) {
                continue;
            }
            if replies.first.len() < 2 && replies.first.iter().all(|(_, known)| known.0 != place.0) {
                replies.first.push((heard.turn, place));
            }
            replies.last.retain(|(_, known)| known.0 != place.0);
            replies.last.insert(0, (heard.turn, place));
            replies.last.truncate(2);
        }
        Self { sessions }
    }
}

impl<'a> HopView<'a> {
    /// What stands around `reply` in its session.
    pub fn bracket(&self, reply: &Heard) -> Bracket<'_, 'a> {
        let Some(replies) = self.controls.sessions.get(&reply.session) else {
            return Bracket { before: None, after: None, refused_before: 0 };
        };
        let other = |(_, place): &&(usize, Place<'a>)| place.0 != reply.recipient;
        let heard = |(_, (recipient, place)): &(usize, Place<'a>)| self.reply(recipient, *place);
        let before = replies.first.iter().filter(|(turn, _)| *turn < reply.turn).find(other).and_then(heard);
        let after = replies.last.iter().filter(|(turn, _)| *turn > reply.turn).find(other).and_then(heard);
        Bracket { before, after, refused_before: replies.refused.partition_point(|turn| *turn < reply.turn) }
    }

    /// The acceptance by which a refusal may be believed: after it in the same session; or before it, where nobody had
    /// been refused yet.
    pub fn control(&self, refusal: &Heard) -> Option<&Heard<'a>> {
        let bracket = self.bracket(refusal);
        bracket.after.or_else(|| bracket.before.filter(|_| bracket.refused_before == 0))
    }

    /// The acceptance beside a random control: it may be the last word of a session of a few.
    pub(super) fn control_of_random(&self, random: &Heard) -> Option<&Heard<'a>> {
        let bracket = self.bracket(random);
        bracket.after.or_else(|| bracket.before.filter(|_| bracket.refused_before <= FEW))
    }

    /// Whether it refuses whoever it was asked for as unknown, several of them: its look-up finds nobody, or it says so to
    /// us alone.
    pub fn finds_nobody(&self) -> bool {
        let mut recipients = 0;
        let unknown = self.each_recipient().all(|(_, heard)| {
            recipients += 1;
            heard.iter().all(|one| one.outcome() == Outcome::Rejected && one.meaning == Meaning::UnknownRecipient)
        });
        unknown && recipients > 1
    }
}
