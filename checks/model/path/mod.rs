//! The way of one message, by what configuration, directories and lists say: step by step, along every branch that it can take,
//! until each ends.
//!
//! What hops said about the address is no part of it: that stands beside the prediction, and one place compares the two.
mod ending;
mod exchange;
mod facts;
mod gateway;
mod observed;
mod other;
mod walk;

use super::{Model, Recipient};
use crate::prelude::*;
pub use ending::{Bounce, Circle, Disposition, Ending, Fact, Missing, Strand};
pub use facts::{Facts, Source, Unknowns};
pub use gateway::Decision;
pub use observed::{Comparison, Contradiction, compare};
use walk::Walk;

/// Whose path is asked, and from where.
#[derive(Clone, Copy)]
pub struct Asked<'m, 'r> {
    /// The recipient; none is somebody whom no directory and no list knows.
    pub recipient: Option<&'m Recipient<'r>>,
    /// The address, folded.
    pub address: &'m str,
    /// Where the message comes from.
    pub from: Origin<'m>,
    /// Its size in bytes; 0 where it does not matter.
    pub bytes: u64,
}

/// Where a message comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'m> {
    /// From outside, by the MX.
    Internet,
    /// From a user of this system.
    Inside(&'m str),
}

impl<'m, 'r> Asked<'m, 'r> {
    /// A message of no size from the Internet.
    pub fn from_internet(recipient: &'m Recipient<'r>) -> Self {
        Self { recipient: Some(recipient), address: recipient.address, from: Origin::Internet, bytes: 0 }
    }
}

/// One way that a message can take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// How it ends.
    pub ending: Ending,
    /// Its steps, in order.
    pub steps: Vec<Step>,
    /// The mail systems that it reaches, in order; where it comes back to one, that stands there again.
    pub systems: Vec<String>,
    /// What it supposes, because no configuration says it.
    pub supposes: Vec<String>,
    /// Whether it is taken only by what another AD site's servers send on than those of the winning connector.
    pub aside: bool,
}

/// All ways that a message can take, the likeliest first. There is at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traces {
    /// The ways.
    pub all: Vec<Trace>,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Where: `start`, `mx`, `gateway`, `transport-rule`, `recipient`, `accepted-domain`, `send-connector`, `smart-host`,
    /// `other-system`, `mailbox`, `loop`.
    pub at: String,
    /// The host that does it, where that is one host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// What happens there.
    pub says: String,
    /// JSON Pointers into the report, to what says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

/// A predicted path: of all ways that the mail can take, the one that ends worst.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Prediction {
    /// How it ends.
    pub disposition: Disposition,
    /// Its steps, in order.
    pub steps: Vec<Step>,
    /// The mail systems that it reaches, in order; where it comes back to one, that stands there again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub systems: Vec<String>,
    /// The fact that is missing, where the information is insufficient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// The flag, right or export that would supply it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supply: Option<String>,
    /// What it supposes, because no configuration says it: `mx1.contoso.com takes it`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub supposes: Vec<String>,
    /// The other ways that the mail can take, the likeliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub otherwise: Vec<Branch>,
}

/// One more way that the mail can take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Branch {
    /// How it ends.
    pub disposition: Disposition,
    /// Whether it is likelier than the way that ends worst.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub likelier: bool,
    /// Whether it is taken only by what another AD site's servers send on.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub from_other_site: bool,
    /// Its steps, in order.
    pub steps: Vec<Step>,
    /// The fact that is missing, where the information is insufficient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

impl Trace {
    /// What is missing, where it cannot be followed to its end.
    pub fn missing(&self) -> Option<&Gap> {
        if let Ending::Insufficient(missing) = &self.ending { Some(&missing.gap) } else { None }
    }

    /// JSON Pointers to all that it follows.
    pub fn seen(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for pointer in self.steps.iter().flat_map(|step| &step.evidence) {
            if !all.contains(pointer) {
                all.push(pointer.clone());
            }
        }
        all
    }
}

impl Traces {
    /// The way that ends worst, but for those from another AD site: which site mail comes in by is not known. Of several, the
    /// likeliest.
    pub fn worst(&self) -> &Trace {
        &self.all[self.place_of_worst()]
    }

    fn place_of_worst(&self) -> usize {
        let rank = |one: &Trace| (one.aside, one.ending.disposition().badness());
        let worst = self.all.iter().enumerate().min_by_key(|(_, one)| rank(one));
        worst.map(|(at, _)| at).expect("a walk ends at least once")
    }

    /// The likeliest way: by the preference of MX hosts, and the connector that a server of the winner's own site takes.
    pub fn likeliest(&self) -> &Trace {
        self.all.first().expect("a walk ends at least once")
    }

    /// Whether every way ends so.
    pub fn all_end(&self, so: impl Fn(&Ending) -> bool) -> bool {
        self.all.iter().all(|one| so(&one.ending))
    }

    /// The prediction as reports tell it.
    pub fn told(&self) -> Prediction {
        let (at, worst) = (self.place_of_worst(), self.worst());
        let what = |one: &Trace| one.missing().map(|gap| gap.what.clone());
        let others = self.all.iter().enumerate().filter(|(other, _)| *other != at);
        let branch = |(other, one): (usize, &Trace)| Branch {
            disposition: one.ending.disposition(),
            likelier: other < at && !one.aside,
            from_other_site: one.aside,
            steps: one.steps.clone(),
            missing: what(one),
        };
        Prediction {
            disposition: worst.ending.disposition(),
            steps: worst.steps.clone(),
            systems: worst.systems.clone(),
            missing: what(worst),
            supply: worst.missing().map(|gap| gap.supply.clone()).filter(|supply| !supply.is_empty()),
            supposes: worst.supposes.clone(),
            otherwise: others.map(branch).collect(),
        }
    }
}

/// The paths of a message, by configuration, directories and lists alone.
pub fn predict(model: &Model, asked: Asked) -> Traces {
    Walk::new(model, asked, false).whole()
}

/// The paths of a message from `system` on, whatever the gateways do.
pub fn predict_from(model: &Model, asked: Asked, system: &str) -> Traces {
    Walk::new(model, asked, false).beginning_at(system)
}

/// The paths of a message where what the hops said about its address fills in what is missing.
pub fn concluded(model: &Model, asked: Asked) -> Traces {
    Walk::new(model, asked, true).whole()
}

#[cfg(test)]
mod table;
#[cfg(test)]
mod tests;
