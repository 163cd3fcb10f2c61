//! What hops said about an address beside what configuration, directories and lists have them say.
use super::gateway::Decision;
use super::other::Listing;
use super::walk::Walk;
use super::{Asked, Unknowns};
use crate::model::refusals::{Refusal, refusal};
use crate::model::{HopView, Model, Outcome, Recipient};
use crate::prelude::*;

/// How prediction and replies stand to each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// How many replies could be compared with what the model has the hop say.
    pub compared: usize,
    /// Where they part.
    pub contradictions: Vec<Contradiction>,
}

/// A reply that is not what the model has the hop say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// At which step: `gateway`, `recipient`, `accepted-domain`, `other-system`.
    pub at: &'static str,
    /// The hop, by its place among the hops.
    pub hop: usize,
    /// What the model says: `it takes it: the directory of corp holds a mailbox`.
    pub predicted: String,
    /// The reply.
    pub reply: String,
    /// Which fact is wrong or missing.
    pub fact: &'static str,
    /// Whether nothing weakens it.
    pub sure: bool,
    /// JSON Pointers to both.
    pub evidence: Vec<String>,
}

impl Comparison {
    /// Whether they agree; none where nothing could be compared.
    pub fn agree(&self) -> Option<bool> {
        match (self.compared, &self.contradictions[..]) {
            (0, _) => None,
            (_, contradictions) => Some(contradictions.is_empty()),
        }
    }
}

/// What the model has a hop say at RCPT.
struct Expected {
    takes: bool,
    at: &'static str,
    why: String,
    evidence: Vec<String>,
    /// Which fact is wrong where the hop says otherwise.
    fact: &'static str,
    /// Whether it was concluded from replies itself.
    inferred: bool,
}

/// Compares what the hops said about `recipient` with what the model has them say. What is put off, what judges us and what no
/// control stands beside is no contradiction.
pub fn compare(model: &Model, recipient: &Recipient) -> Comparison {
    let walk = Walk::new(model, Asked::from_internet(recipient), false);
    let mut found = Comparison::default();
    for hop in model.hops.iter().filter(|hop| !hop.spared) {
        let Some(expected) = walk.expected_at(hop) else { continue };
        let (takes, heard, weak, evidence) = match hop.outcome(recipient.address) {
            Outcome::Accepted => {
                let Some(heard) = hop.word_on(recipient.address) else { continue };
                // Who takes everybody agrees with nothing. Only whose domain it is needs no control.
                if hop.validates() != Some(true) && expected.at != "accepted-domain" {
                    continue;
                }
                let random = hop.random_control().map(crate::model::Heard::pointer);
                (true, heard, None, [heard.pointer()].into_iter().chain(random).collect::<Vec<_>>())
            }
            Outcome::Rejected => match refusal(hop, recipient.address, &mut Vec::new()) {
                Some(Refusal::Believed { heard, evidence, weak }) => (false, heard, weak, evidence),
                Some(Refusal::Doubtful(_)) | None => continue,
            },
            Outcome::Deferred | Outcome::Unreachable | Outcome::NotProbed => continue,
        };
        found.compared += 1;
        if takes == expected.takes {
            continue;
        }
        let does = if expected.takes { "takes it" } else { "refuses it" };
        found.contradictions.push(Contradiction {
            at: expected.at,
            hop: hop.at,
            predicted: format!("{} {does}: {}", hop.name(), expected.why),
            reply: heard.quote(),
            fact: expected.fact,
            sure: weak.is_none() && !expected.inferred,
            evidence: evidence.into_iter().chain(expected.evidence).collect(),
        });
    }
    found
}

impl<'a> Walk<'_, 'a, '_> {
    fn expected_at(&self, hop: &HopView<'a>) -> Option<Expected> {
        match hop.hop.role {
            Role::Gateway => self.expected_of_gateway(hop),
            Role::Exchange => self.expected_of_exchange(hop),
            Role::Other => self.expected_of_other(hop),
        }
    }

    fn expected_of_gateway(&self, hop: &HopView<'a>) -> Option<Expected> {
        let (takes, why, evidence, fact) = match self.decision_at(hop) {
            Decision::Takes(why, seen) => {
                (true, why, seen, "the gateway has its recipients from elsewhere, or from a copy that is behind")
            }
            Decision::Refuses(why, seen) => {
                (false, why, seen, "the gateway knows it from another source as well, or from a copy that is behind")
            }
            Decision::Itself | Decision::Open => return None,
        };
        let why = why.trim_start_matches([',', ' ']).to_string();
        Some(Expected { takes, at: "gateway", why, evidence, fact, inferred: true })
    }

    fn expected_of_exchange(&self, hop: &HopView<'a>) -> Option<Expected> {
        let organisation = self.model.organisation_of(hop.hop.system.as_deref()?)?;
        let system = organisation.system;
        let domain = crate::evidence::address::domain(self.asked.address);
        let accepting = organisation.accepting(domain).ok();
        if let Some(None) = accepting {
            return Some(Expected {
                takes: false,
                at: "accepted-domain",
                why: format!("{system} does not accept {domain}"),
                evidence: organisation.accepted_domains().ok().map(|(pointer, _)| pointer).into_iter().collect(),
                fact: "the accepted domains that were read are not those that the server has",
                inferred: false,
            });
        }
        let found = self.find(system, self.asked.address).filter(|found| found.state.resolves() && !found.supposed)?;
        Some(Expected {
            takes: true,
            at: "recipient",
            why: format!("the directory of {system} holds {}", found.state.word()),
            evidence: found.seen,
            fact: "the server knows less than the directory that was read: a replica that is behind, or a recipient filter",
            inferred: false,
        })
    }

    fn expected_of_other(&self, hop: &HopView<'a>) -> Option<Expected> {
        let system = hop.hop.system.as_deref();
        match self.listing(system) {
            Listing::Has(why, evidence) => Some(Expected {
                takes: true,
                at: "other-system",
                why,
                evidence,
                fact: "the list names a mailbox that the system does not know",
                inferred: false,
            }),
            Listing::Lacks(mut evidence) => {
                let refuses = self.facts.unknown_at.get(system.unwrap_or_default());
                let Some(Unknowns::Refuses(random)) = refuses else { return None };
                // Whose mailbox is in Exchange the other system may know all the same.
                self.asked.recipient.filter(|one| one.own_directory().is_none())?;
                evidence.extend(random.iter().cloned());
                Some(Expected {
                    takes: false,
                    at: "other-system",
                    why: format!("it is not on the list of {}", system.unwrap_or("the other system")),
                    evidence,
                    fact: "the list lacks it",
                    inferred: false,
                })
            }
            Listing::Open => None,
        }
    }
}
