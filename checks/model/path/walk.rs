//! The walk itself: from place to place, along every way that the mail can take, until each has an end.
use super::ending::{Bounce, Circle, Ending, Fact, Missing};
use super::facts::Facts;
use super::{Asked, Origin, Step, Trace, Traces};
use crate::evidence::address;
use crate::model::recipients::same;
use crate::model::{Model, Recipient, State};
use crate::prelude::*;

/// So many ends are followed at most; a model with more of them is told by these.
const MOST: usize = 32;

/// A walk through the model.
pub(super) struct Walk<'m, 'a, 'r> {
    pub model: &'m Model<'a>,
    pub facts: &'m Facts<'a>,
    pub asked: Asked<'m, 'r>,
    /// Whether what the hops said about this one address fills in what is missing.
    pub heard: bool,
    pub done: Vec<Trace>,
}

/// One way, as far as it has come.
#[derive(Clone)]
pub(super) struct Way {
    pub steps: Vec<Step>,
    /// The systems that it has passed, in order.
    pub systems: Vec<String>,
    /// The same with the address by which it came.
    places: Vec<(String, String)>,
    /// The address that it has now.
    pub address: String,
    /// What it supposes.
    pub supposes: Vec<String>,
    /// Whether it is the way from another AD site than the winner's own.
    pub aside: bool,
}

/// What a directory holds of an address.
pub(super) struct Found<'r> {
    pub state: State,
    pub entries: Vec<&'r Entry>,
    /// JSON Pointers to what says so.
    pub seen: Vec<String>,
    /// Whether it was asked for.
    pub asked: bool,
    /// Whether it is what the system holds of the address before it was rewritten, for want of a look-up of this one.
    pub supposed: bool,
}

impl Way {
    pub fn step(
        &mut self,
        at: &str,
        host: Option<&str>,
        says: impl Into<String>,
        evidence: impl IntoIterator<Item = String>,
    ) {
        self.steps.push(Step {
            at: at.into(),
            host: host.map(String::from),
            says: says.into(),
            evidence: evidence.into_iter().collect(),
        });
    }

    /// The domain of the address that it has now.
    pub fn domain(&self) -> String {
        address::domain(&self.address).to_string()
    }
}

impl<'m, 'a, 'r> Walk<'m, 'a, 'r> {
    pub fn new(model: &'m Model<'a>, asked: Asked<'m, 'r>, heard: bool) -> Self {
        Self { model, facts: model.facts(), asked, heard, done: Vec::new() }
    }

    /// Follows it from its origin.
    pub fn whole(mut self) -> Traces {
        let way = self.way();
        match self.asked.from {
            Origin::Internet => self.by_internet(way),
            Origin::Inside(system) => {
                let mut way = way;
                way.step("start", None, format!("a user of {system} sends it"), []);
                self.at(way, system);
            }
        }
        Traces { all: self.done }
    }

    /// Follows it from `system` on.
    pub fn beginning_at(mut self, system: &str) -> Traces {
        let way = self.way();
        self.at(way, system);
        Traces { all: self.done }
    }

    fn way(&self) -> Way {
        Way {
            steps: Vec::new(),
            systems: Vec::new(),
            places: Vec::new(),
            address: self.asked.address.into(),
            supposes: Vec::new(),
            aside: false,
        }
    }

    pub fn end(&mut self, way: Way, ending: Ending) {
        let Way { steps, systems, supposes, aside, .. } = way;
        if self.done.len() < MOST {
            self.done.push(Trace { ending, steps, systems, supposes, aside });
        }
    }

    pub fn lacks(&mut self, way: Way, fact: Fact, gap: Gap) {
        self.end(way, Ending::Insufficient(Missing { fact, gap }));
    }

    /// Whether so many ends were found that no further way is followed.
    pub fn is_full(&self) -> bool {
        self.done.len() >= MOST
    }

    /// The path from `system` on, unless it has been there with this address.
    pub fn at(&mut self, mut way: Way, system: &str) {
        let here = (system.to_string(), way.address.clone());
        if way.places.contains(&here) {
            return self.goes_round(way, system);
        }
        let again = way.systems.iter().any(|been| been == system);
        match self.model.organisation_of(system) {
            Some(organisation) => {
                // By another address it is another errand, where the directory says who that is.
                if again && self.find(system, &way.address).is_none_or(|found| found.supposed) {
                    way.supposes.push(format!("{system} sends {} on as {}", way.address, self.asked.address));
                    return self.goes_round(way, system);
                }
                way.systems.push(system.into());
                way.places.push(here);
                self.in_exchange(way, organisation);
            }
            None => {
                way.systems.push(system.into());
                way.places.push(here);
                self.in_other(way, Some(system));
            }
        }
    }

    fn goes_round(&mut self, mut way: Way, system: &str) {
        let first = way.systems.iter().position(|been| been == system).unwrap_or_default();
        let circle = way.systems[first..].iter().map(String::as_str).chain([system]).collect::<Vec<_>>().join(" to ");
        way.step("loop", None, format!("it has been there: {circle}"), []);
        way.systems.push(system.into());
        self.end(way, Ending::Loop(Circle::Systems));
    }

    /// What the directory of `system` holds of `address`; none where there is no directory of it.
    pub fn find(&self, system: &str, address: &str) -> Option<Found<'_>> {
        let Some(recipient) = self.asked.recipient else {
            return Some(Found {
                state: State::Absent,
                entries: Vec::new(),
                seen: Vec::new(),
                asked: true,
                supposed: false,
            });
        };
        if same(address, recipient.address) {
            return self.held(recipient, system).or_else(|| self.among_objects(system, address));
        }
        if let Some(found) = self.among_objects(system, address) {
            return Some(found);
        }
        match self.model.recipient(address) {
            Some(other) => self.held(other, system),
            None => {
                // Who is sent on by a routing address is the same person there.
                let found = self.held(recipient, system)?;
                Some(Found { supposed: true, ..found })
            }
        }
    }

    fn held<'x>(&'x self, recipient: &'x Recipient, system: &str) -> Option<Found<'x>> {
        let held = recipient.directories.iter().find(|held| held.system == system)?;
        if held.state == State::Unknown
            && let Some(found) = self.among_objects(system, recipient.address)
        {
            return Some(found);
        }
        // The mailbox that another directory offered as known-good is looked up there alone.
        let offered = self.model.evidence.directories.iter().any(|other| {
            other.system != system
                && other.known_good.known().is_some_and(|good| good.as_deref() == Some(recipient.address))
        });
        Some(Found {
            state: held.state,
            entries: held.entries.clone(),
            seen: vec![held.pointer.clone()],
            asked: held.lookup.is_some() || !offered,
            supposed: false,
        })
    }

    /// The object of the system that holds the address, where a sweep or another look-up came upon it.
    fn among_objects(&self, system: &str, address: &str) -> Option<Found<'_>> {
        let mut holders = self.model.holders(address).filter(|one| one.system == system);
        let first = holders.next()?;
        let state = if holders.next().is_some() { State::Ambiguous } else { first.kind() };
        Some(Found {
            state,
            entries: vec![first.entry],
            seen: vec![first.pointer.clone()],
            asked: true,
            supposed: false,
        })
    }

    /// Whether `list` counts for the address: the one that was asked about, and no address that it was rewritten to.
    pub fn is_listed_by(&self, system: Option<&str>) -> Option<(&str, String)> {
        let recipient = self.asked.recipient?;
        let mut lists = recipient.lists.iter().filter(|list| list.listed);
        let list = lists.find(|list| system.is_none_or(|system| system == list.system))?;
        Some((list.system, list.pointer.clone()))
    }

    /// Ends with a bounce of Exchange's.
    pub fn bounces(&mut self, way: Way, why: Bounce) {
        self.end(way, Ending::RejectedByExchange(why));
    }
}
