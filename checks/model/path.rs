//! Where the configuration would send one recipient's mail, step by step.
use super::{HopView, Model, OrganisationView, Outcome, Recipient, State};
use crate::evidence::exchange::DomainKind;
use crate::prelude::*;

/// How a path ends (contract, section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Disposition {
    /// In a mailbox.
    Delivered,
    /// At the gateway.
    RejectedAtGateway,
    /// In Exchange.
    RejectedByExchange,
    /// At the other system.
    RejectedByOther,
    /// Where it began.
    Loop,
    /// Somewhere that the evidence does not reach.
    LeavesTheModel,
    /// A fact is missing; the last step names it.
    InsufficientInformation,
}

/// A predicted path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Prediction {
    /// How it ends.
    pub disposition: Disposition,
    /// Its steps, in order.
    pub steps: Vec<Step>,
    /// The fact that is missing, where the information is insufficient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// Whether the missing fact was asked for.
    #[serde(skip, default)]
    pub asked: bool,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Where: `gateway`, `accepted-domain`, `recipient`, `send-connector`, `smart-host`, `mailbox`.
    pub at: String,
    /// What happens there.
    pub says: String,
}

/// The path of `recipient`'s mail.
pub fn predict(model: &Model, recipient: &Recipient) -> Prediction {
    let mut path = Path { steps: Vec::new(), missing: None, asked: false };
    let disposition = path.walk(model, recipient);
    Prediction { disposition, steps: path.steps, missing: path.missing, asked: path.asked }
}

struct Path {
    steps: Vec<Step>,
    missing: Option<String>,
    asked: bool,
}

impl Path {
    fn step(&mut self, at: &str, says: impl Into<String>) {
        self.steps.push(Step { at: at.into(), says: says.into() });
    }

    fn lacks(&mut self, fact: impl Into<String>, asked: bool) -> Disposition {
        self.missing = Some(fact.into());
        self.asked = asked;
        Disposition::InsufficientInformation
    }

    fn walk(&mut self, model: &Model, recipient: &Recipient) -> Disposition {
        for hop in model.hops_of(Role::Gateway) {
            match hop.outcome(recipient.address) {
                Outcome::Rejected => {
                    self.step("gateway", format!("{} refuses it", hop.name()));
                    return Disposition::RejectedAtGateway;
                }
                Outcome::Accepted => self.step("gateway", format!("{} takes it", hop.name())),
                Outcome::Deferred | Outcome::Unreachable | Outcome::NotProbed => {}
            }
        }
        let Some(organisation) = model.organisations.first() else {
            return self.lacks("the Exchange system", false);
        };
        self.in_exchange(model, organisation, recipient)
    }

    fn in_exchange(&mut self, model: &Model, organisation: &OrganisationView, recipient: &Recipient) -> Disposition {
        let system = organisation.system;
        let state = recipient.directories.iter().find(|held| held.system == system).map(|held| (held.state, held));
        match state {
            Some((State::Mailbox | State::Group | State::PublicFolder, held)) => {
                self.step("recipient", format!("the directory of {system} holds {}", held.state.word()));
                return Disposition::Delivered;
            }
            None => return self.lacks(format!("what the directory of {system} holds of it"), false),
            Some((State::Unknown, _)) => {
                return self.lacks(format!("what the directory of {system} holds of it"), true);
            }
            Some((State::Ambiguous, _)) => {
                return self.lacks(format!("which of several objects in the directory of {system} it is"), true);
            }
            Some((state, _)) => self.step("recipient", format!("the directory of {system} holds {}", state.word())),
        }
        let target = state.and_then(|(_, held)| held.entries.iter().find_map(|entry| entry.value("targetAddress")));
        let target = target.and_then(|target| crate::evidence::address::fold(target).ok());
        let domain = target.as_deref().map_or(organisation.domain, crate::evidence::address::domain);
        if domain == organisation.domain {
            match organisation.accepted_domain() {
                Err(gap) => return self.lacks(gap.what, gap.asked),
                Ok(None) => {
                    self.step("accepted-domain", format!("{system} does not accept {domain}"));
                    return Disposition::RejectedByExchange;
                }
                Ok(Some((_, accepted))) if accepted.kind == DomainKind::Authoritative && target.is_none() => {
                    self.step("accepted-domain", format!("{domain} is authoritative: unknown recipients bounce"));
                    return Disposition::RejectedByExchange;
                }
                Ok(Some((_, accepted))) => {
                    self.step("accepted-domain", format!("'{}' relays unknown recipients", accepted.name));
                }
            }
        } else {
            self.step("recipient", format!("it is sent on to {domain}"));
        }
        self.out_of_exchange(model, organisation, recipient, domain)
    }

    fn out_of_exchange(
        &mut self,
        model: &Model,
        organisation: &OrganisationView,
        recipient: &Recipient,
        domain: &str,
    ) -> Disposition {
        let routing = match organisation.selection(domain) {
            Ok(routing) => routing,
            Err(gap) => return self.lacks(gap.what, gap.asked),
        };
        let Some((_, connector)) = routing.winner() else {
            self.step(
                "send-connector",
                format!("no send connector serves {domain}: it waits in the queue and expires"),
            );
            return Disposition::LeavesTheModel;
        };
        self.step("send-connector", format!("'{}' serves {domain}", connector.name));
        if connector.dns_routing() {
            self.step("send-connector", format!("it routes by the MX records of {domain}"));
            let back = domain == organisation.domain;
            return if back { Disposition::Loop } else { Disposition::LeavesTheModel };
        }
        self.step("smart-host", connector.smart_hosts.join(", "));
        if routing.by_wildcard() {
            return Disposition::LeavesTheModel;
        }
        if connector.smart_hosts.iter().all(|host| model.resolves_to_nothing(host)) {
            self.step("smart-host", "it has no address: mail waits in the queue and expires");
            return Disposition::LeavesTheModel;
        }
        if connector.smart_hosts.iter().any(|host| model.is_gateway(host, connector.port)) {
            self.step("smart-host", "that is the gateway again");
            return Disposition::Loop;
        }
        let refused = |hop: &HopView| hop.outcome(recipient.address) == Outcome::Rejected;
        let mut others = model.hops_of(Role::Other).peekable();
        if others.peek().is_some() && others.clone().all(refused) {
            self.step("smart-host", "the other system refuses it");
            return Disposition::RejectedByOther;
        }
        let confirmed =
            others.any(|hop| hop.outcome(recipient.address) == Outcome::Accepted && hop.validates() == Some(true));
        match recipient.listed() {
            Some(list) => self.step("mailbox", format!("it is on the list of {}", list.system)),
            None if confirmed => self.step("mailbox", "the other system takes it"),
            None => return self.lacks("whether the other system has a mailbox for it", true),
        }
        Disposition::Delivered
    }
}
