//! The part of the path at a system that is no Exchange: it has a mailbox for the address, refuses it, or hands it on.
use super::ending::{Ending, Fact};
use super::facts::Unknowns;
use super::walk::{Walk, Way};
use crate::model::{HopView, Outcome, State};
use crate::prelude::*;

/// What a system's own list, or a directory that stands for one, says of an address.
pub(super) enum Listing {
    /// It has a mailbox there.
    Has(String, Vec<String>),
    /// It has none.
    Lacks(Vec<String>),
    /// Nobody gave the whole list.
    Open,
}

impl Walk<'_, '_, '_> {
    /// What happens at the other system: at `system`, or at one that nobody named.
    pub(super) fn in_other(&mut self, mut way: Way, system: Option<&str>) {
        let name = system.unwrap_or("the other system");
        if self.heard && self.is_refused_at(system) {
            way.step("other-system", None, "the other system refuses it", []);
            return self.end(way, Ending::RejectedByOther);
        }
        let lacks = match self.listing(system) {
            Listing::Has(says, seen) => {
                way.step("mailbox", None, says, seen);
                return self.end(way, Ending::Delivered);
            }
            Listing::Lacks(seen) => Some(seen),
            Listing::Open => None,
        };
        let home = self.asked.recipient.and_then(|one| one.own_directory()).map(|held| held.system.to_string());
        let known = if self.heard { self.knows(system) } else { None };
        if let Some(home) = home {
            // Who takes it and refuses strangers knows it, and hands on what has its mailbox elsewhere.
            if let Some(seen) = known {
                way.step("other-system", None, format!("{name} takes it, and hands it on to {home}"), [seen]);
                return self.at(way, &home);
            }
            // Where mail of the domain begins its way, handing on is what a system that shares it has to do.
            if !self.heard && way.systems.len() == 1 {
                let says =
                    format!("whether {name} knows it, and hands it on to {home}, is not known from configuration");
                way.step("other-system", None, says, []);
                way.supposes.push(format!("{name} hands it on to {home}"));
                return self.at(way, &home);
            }
            let gap = Gap::unanswered(
                format!("whether {name} hands it on to {home}"),
                "no configuration says so",
                format!("a message to it, followed in the log of {name}"),
            );
            return self.lacks(way, Fact::HandsOn, gap);
        }
        if let Some(seen) = known {
            way.step("mailbox", None, "the other system takes it", [seen]);
            return self.end(way, Ending::Delivered);
        }
        let Some(mut seen) = lacks.or_else(|| self.asked.recipient.is_none().then(Vec::new)) else {
            let what = "whether the other system has a mailbox for it";
            let gap =
                Gap::unanswered(what, "nobody gave the list of its mailboxes", format!("--recipients FILE of {name}"));
            return self.lacks(way, Fact::Mailbox, gap);
        };
        match self.facts.unknown_at.get(system.unwrap_or_default()) {
            Some(Unknowns::Refuses(random)) => {
                seen.extend(random.iter().cloned());
                let says = format!("{name} has no mailbox for it, and refuses recipients that it does not know");
                way.step("other-system", None, says, seen);
                self.end(way, Ending::RejectedByOther);
            }
            Some(Unknowns::Takes(random)) => {
                seen.extend(random.iter().cloned());
                let says = format!("{name} has no mailbox for it, and takes recipients that it does not know");
                way.step("other-system", None, says, seen);
                let what = format!("what {name} does with recipients that it takes and does not know");
                let gap = Gap::unanswered(
                    what,
                    "it bounces them, catches them, or hands them on",
                    "a message to one of them",
                );
                self.lacks(way, Fact::Unknowns, gap);
            }
            None => {
                way.step("other-system", None, format!("{name} has no mailbox for it"), seen);
                let what = format!("what {name} does with recipients that it does not know");
                let gap = Gap::unanswered(what, "its hop gave no answer about the random control", "--other HOST");
                self.lacks(way, Fact::Unknowns, gap);
            }
        }
    }

    pub(super) fn listing(&self, system: Option<&str>) -> Listing {
        let model = self.model;
        if let Some((list, pointer)) = self.is_listed_by(system) {
            return Listing::Has(format!("it is on the list of {list}"), vec![pointer]);
        }
        let Some(recipient) = self.asked.recipient else { return Listing::Open };
        // Where the user says so, Exchange's directory holds an object for each of its mailboxes.
        let stands_in =
            |name: &str| model.question.systems.iter().any(|one| one.name == name && one.recipients_in_directory);
        if let Some(name) = system.filter(|name| stands_in(name)) {
            let mut held = recipient.directories.iter().filter(|held| held.state != State::Unknown).peekable();
            if held.peek().is_some() {
                let object = held.clone().find(|held| matches!(held.state, State::Contact | State::MailUser));
                return match object {
                    Some(held) => {
                        let says =
                            format!("the directory of {} holds an object for each mailbox of {name}", held.system);
                        Listing::Has(says, vec![held.pointer.clone()])
                    }
                    None => Listing::Lacks(held.map(|held| held.pointer.clone()).collect()),
                };
            }
        }
        // Addresses on the command line are some of them, and a list full of holes is no list.
        let whole = |list: &crate::evidence::List| list.source != "--recipient" && !list.is_full_of_holes();
        let own = |list: &crate::evidence::List| system.is_none_or(|system| system == list.system);
        let mut lists = model.evidence.files.iter().enumerate().filter(|(_, list)| own(list)).peekable();
        let mut seen = Vec::new();
        let is_there = lists.peek().is_some();
        for (at, list) in lists {
            if list.addresses.known().is_none() || list.source != "--recipient" && !whole(list) {
                return Listing::Open;
            }
            if whole(list) {
                seen.push(format!("/evidence/files/{at}"));
            }
        }
        if is_there && !seen.is_empty() { Listing::Lacks(seen) } else { Listing::Open }
    }

    fn hops_at(&self, system: Option<&str>) -> Vec<&HopView<'_>> {
        let model = self.model;
        let its_own = |hop: &&HopView| match (system, hop.hop.system.as_deref()) {
            (Some(system), Some(own)) => system == own,
            _ => true,
        };
        let gateways = model.hops_of(Role::Gateway).filter(|hop| system.is_some() && model.belongs_to(hop) == system);
        model.hops_of(Role::Other).filter(its_own).chain(gateways).collect()
    }

    fn is_refused_at(&self, system: Option<&str>) -> bool {
        let hops = self.hops_at(system);
        !hops.is_empty() && hops.iter().all(|hop| hop.outcome(self.asked.address) == Outcome::Rejected)
    }

    /// The acceptance by a hop of the system that refuses strangers, where there is one.
    fn knows(&self, system: Option<&str>) -> Option<String> {
        let hops = self.hops_at(system);
        let takes = hops.iter().find(|hop| hop.outcome(self.asked.address) == Outcome::Accepted)?;
        takes.word_on(self.asked.address).filter(|_| takes.validates() == Some(true)).map(|heard| heard.pointer())
    }
}
