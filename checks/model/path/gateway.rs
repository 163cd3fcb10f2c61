//! The part of the path before the first mail system: the MX, and the gateway that it names.
use super::ending::{Ending, Fact, Strand};
use super::facts::Source;
use super::walk::{Walk, Way};
use crate::model::{HopView, Outcome};
use crate::prelude::*;

/// What a gateway does with a recipient, as far as that is known without asking for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It takes it, and why, with JSON Pointers to what says so.
    Takes(String, Vec<String>),
    /// It refuses it.
    Refuses(String, Vec<String>),
    /// It is the host of a mail system, which decides.
    Itself,
    /// That stands in no configuration.
    Open,
}

/// Gateways that do the same.
struct Group<'a> {
    /// The first of them.
    host: String,
    hosts: Vec<String>,
    decision: Decision,
    behind: Option<&'a str>,
    seen: Vec<String>,
}

impl<'m, 'a> Walk<'m, 'a, '_> {
    /// The way of what comes from the Internet.
    pub(super) fn by_internet(&mut self, mut way: Way) {
        let domain = way.domain();
        if domain != self.model.domain {
            return self.by_mx_of(way, &domain);
        }
        let model = self.model;
        let exchangers = model.exchangers();
        let mut hops: Vec<&HopView> = model.hops_of(Role::Gateway).collect();
        if let Ok(found) = &exchangers {
            let hosts = found.hosts(model.domain);
            let place = |hop: &&HopView| hosts.iter().position(|host| host.eq_ignore_ascii_case(&hop.hop.host));
            hops.sort_by_key(|hop| place(hop).unwrap_or(usize::MAX));
            if hops.is_empty() && hosts.iter().all(|host| host.is_empty()) {
                let says = format!("{domain} has no MX and no address: senders have nowhere to send it");
                way.step("mx", None, says, [found.pointer.clone()]);
                return self.end(way, Ending::Stranded(Strand::NoHost));
            }
            if !hops.is_empty() {
                let named: Vec<&str> = hosts.iter().copied().filter(|host| !host.is_empty()).collect();
                if !named.is_empty() {
                    way.step(
                        "mx",
                        None,
                        format!("{domain} has its mail sent to {}", listed(&named, 4)),
                        [found.pointer.clone()],
                    );
                }
            }
        }
        if hops.is_empty() {
            let Some(first) = model.first_exchange() else {
                let gap = Gap::not_asked("the Exchange system", "a [[system]] of kind exchange");
                return self.lacks(way, Fact::Start, gap);
            };
            return self.at(way, first);
        }
        let groups = if self.heard { self.heard_at(&hops) } else { self.decided_at(&hops) };
        for group in groups {
            if self.is_full() {
                return;
            }
            self.through(way.clone(), group);
        }
    }

    fn through(&mut self, mut way: Way, group: Group<'a>) {
        let hosts = listed(&group.hosts.iter().map(String::as_str).collect::<Vec<_>>(), 3);
        let host = Some(group.host.as_str());
        match group.decision {
            Decision::Takes(why, seen) => way.step("gateway", host, format!("{hosts} takes it{why}"), seen),
            Decision::Refuses(why, seen) => {
                way.step("gateway", host, format!("{hosts} refuses it{why}"), seen);
                return self.end(way, Ending::RejectedAtGateway);
            }
            Decision::Itself => {}
            Decision::Open => {
                way.step(
                    "gateway",
                    host,
                    format!("whether {hosts} takes it is not known from configuration"),
                    group.seen,
                );
                way.supposes.push(format!("{hosts} takes it"));
            }
        }
        match group.behind {
            Some(system) => self.at(way, system),
            None => {
                let what = format!("to whom {hosts} hands mail");
                let gap = Gap::not_asked(what, "delivers_to in [[gateway]], and a [[system]] of kind exchange");
                self.lacks(way, Fact::Behind, gap);
            }
        }
    }

    /// What the gateways said of this address; one that refuses it is enough.
    fn heard_at(&self, hops: &[&HopView<'a>]) -> Vec<Group<'a>> {
        let address = self.asked.address;
        let mut groups: Vec<Group> = Vec::new();
        for hop in hops {
            let outcome = hop.outcome(address);
            let seen: Vec<String> = hop.word_on(address).map(|heard| heard.pointer()).into_iter().collect();
            let decision = match outcome {
                Outcome::Rejected => Decision::Refuses(String::new(), seen.clone()),
                Outcome::Accepted => Decision::Takes(String::new(), seen.clone()),
                Outcome::Deferred | Outcome::Unreachable | Outcome::NotProbed => Decision::Itself,
            };
            let group = Group {
                host: hop.hop.host.clone(),
                hosts: vec![hop.name()],
                decision,
                behind: self.model.delivers_to(hop),
                seen,
            };
            if outcome == Outcome::Rejected {
                return vec![group];
            }
            match groups.iter_mut().find(|one| one.behind == group.behind) {
                Some(one) if matches!(one.decision, Decision::Itself) => *one = group,
                Some(one) if matches!(group.decision, Decision::Takes(..)) => one.hosts.extend(group.hosts),
                Some(_) => {}
                None => groups.push(group),
            }
        }
        groups
    }

    fn decided_at(&self, hops: &[&HopView<'a>]) -> Vec<Group<'a>> {
        let mut groups: Vec<Group> = Vec::new();
        for hop in hops {
            let (decision, behind) = (self.decision_at(hop), self.model.delivers_to(hop));
            match groups.iter_mut().find(|one| one.behind == behind && alike(&one.decision, &decision)) {
                Some(one) => {
                    one.hosts.push(hop.name());
                    one.seen.push(hop.pointer());
                }
                None => groups.push(Group {
                    host: hop.hop.host.clone(),
                    hosts: vec![hop.name()],
                    decision,
                    behind,
                    seen: vec![hop.pointer()],
                }),
            }
        }
        groups
    }

    /// What gateway `hop` does with the address.
    pub(super) fn decision_at(&self, hop: &HopView<'a>) -> Decision {
        let model = self.model;
        match self.facts.gateways.get(&hop.at) {
            Some(Source::Nobody(seen)) => {
                return Decision::Takes(", as it takes recipients that do not exist".into(), seen.clone());
            }
            Some(Source::Something(seen) | Source::Inferred { seen, .. }) if self.asked.recipient.is_none() => {
                return Decision::Refuses(", as it refused the random control".into(), seen.clone());
            }
            Some(Source::Inferred { words, count, takes, seen }) => {
                let why = || format!(", inferred: as {words} ({count})");
                match takes.get(self.asked.address) {
                    Some(true) => return Decision::Takes(why(), seen.clone()),
                    Some(false) => return Decision::Refuses(why(), seen.clone()),
                    None => {}
                }
            }
            Some(Source::Something(_)) | None => {}
        }
        let behind = model.delivers_to(hop);
        if behind.is_some() && model.belongs_to(hop) == behind { Decision::Itself } else { Decision::Open }
    }

    /// The way of mail for another domain than the shared one, by its MX.
    fn by_mx_of(&mut self, mut way: Way, domain: &str) {
        let found = match self.model.by_mx(domain) {
            Ok(found) => found,
            Err(gap) => return self.lacks(way, Fact::Dns, gap),
        };
        let hosts = match (&found.systems[..], &found.strangers[..]) {
            ([], []) => {
                way.step(
                    "mx",
                    None,
                    format!("DNS has no host for {domain}: senders have nowhere to send it"),
                    found.seen,
                );
                return self.end(way, Ending::Stranded(Strand::NoHost));
            }
            ([], strangers) => listed(&strangers.iter().map(String::as_str).collect::<Vec<_>>(), 3),
            (systems, _) => listed(systems, 3),
        };
        way.step("mx", None, format!("the MX of {domain} leads to {hosts}"), found.seen);
        if found.systems.is_empty() {
            return self.end(way, Ending::LeavesTheModel);
        }
        for system in found.systems {
            self.at(way.clone(), system);
        }
    }
}

/// Whether two decisions are the same to somebody who reads them.
fn alike(one: &Decision, other: &Decision) -> bool {
    match (one, other) {
        (Decision::Takes(one, _), Decision::Takes(other, _))
        | (Decision::Refuses(one, _), Decision::Refuses(other, _)) => one == other,
        (Decision::Itself, Decision::Itself) | (Decision::Open, Decision::Open) => true,
        (Decision::Takes(..) | Decision::Refuses(..) | Decision::Itself | Decision::Open, _) => false,
    }
}
