//! The part of the path inside an Exchange organisation: transport rules, the resolver, the accepted domain, and the way out.
use super::ending::{Bounce, Circle, Ending, Fact};
use super::gateway::Decision;
use super::walk::{Walk, Way};
use crate::evidence::address;
use crate::evidence::exchange::DomainKind;
use crate::model::objects::kind_of;
use crate::model::onward::{End, Onward};
use crate::model::{OrganisationView, State};
use crate::prelude::*;

/// Where a transport rule is applied.
const RULE: &str = "transport-rule";

impl<'m, 'a> Walk<'m, 'a, '_> {
    pub(super) fn in_exchange(&mut self, mut way: Way, organisation: &'m OrganisationView<'a>) {
        let system = organisation.system;
        if let Some(ending) = self.by_rules(&mut way, organisation) {
            return self.end(way, ending);
        }
        let listed = self.is_listed_by(Some(system)).map(|(_, pointer)| pointer);
        let found = self.find(system, &way.address);
        let state = found.as_ref().map_or(State::Unknown, |found| found.state);
        let holds = format!("the directory of {system} holds {}", state.word());
        let seen = found.as_ref().map(|found| found.seen.clone()).unwrap_or_default();
        let entries = found.as_ref().map(|found| found.entries.clone()).unwrap_or_default();
        let (asked, supposed) = found.as_ref().map_or((false, false), |found| (found.asked, found.supposed));
        if state.resolves() && entries.iter().any(|entry| self.model.is_circling(system, &entry.dn)) {
            way.step("recipient", None, holds, seen);
            way.step("recipient", None, "it is forwarded in a circle", []);
            return self.end(way, Ending::Loop(Circle::Forwarding));
        }
        let target = entries.iter().find_map(|entry| entry.value("targetAddress")).map(String::from);
        match state {
            State::Mailbox | State::Group | State::PublicFolder => {
                way.step("recipient", None, holds, seen.clone());
                // A mailbox that has a target sends its mail on, as a contact does.
                if state != State::Mailbox || target.is_none() {
                    return self.end(way, Ending::Delivered);
                }
            }
            State::Unknown if listed.is_some() => {
                way.step("mailbox", None, format!("it is on the list of {system}"), listed);
                return self.end(way, Ending::Delivered);
            }
            State::Unknown => {
                let what = format!("what the directory of {system} holds of it");
                let supply = organisation.recipients_supply();
                let gap = match asked {
                    true => Gap::unanswered(what, "it was not looked up there, or gave no answer", supply),
                    false => Gap::not_asked(what, supply),
                };
                return self.lacks(way, Fact::Held, gap);
            }
            State::Ambiguous => {
                let what = format!("which of several objects in the directory of {system} it is");
                let gap = Gap::unanswered(what, "several hold the address", "one holder of each address (NSD411)");
                return self.lacks(way, Fact::Which, gap);
            }
            State::RemoteMailbox | State::MailUser | State::Contact | State::MailAttributeOnly | State::Absent => {
                way.step("recipient", None, holds, seen.clone());
            }
        }
        if supposed {
            let what = format!("what the directory of {system} holds of {}", way.address);
            let gap = Gap::unanswered(what, "it was not looked up there", organisation.recipients_supply());
            return self.lacks(way, Fact::Held, gap);
        }
        // What is no SMTP address goes by a foreign connector (`NOTES:…`).
        if let Some(foreign) = target.as_deref().filter(|target| kind_of(target).is_some()) {
            way.step("recipient", None, format!("it is sent on to {foreign}, which is no SMTP address"), seen);
            return self.end(way, Ending::LeavesTheModel);
        }
        let target = target.and_then(|target| address::fold(&target).ok());
        let domain = target.as_deref().map_or_else(|| way.domain(), |target| address::domain(target).to_string());
        if let Some(target) = &target
            && domain != organisation.domain
        {
            way.step("recipient", None, format!("it is sent on to {domain}"), seen);
            way.address.clone_from(target);
            return self.out_of(way, organisation, &domain);
        }
        let accepted = match organisation.accepted_domain_for(&domain) {
            Err(gap) => return self.lacks(way, Fact::Configuration, gap),
            Ok(accepted) => accepted,
        };
        let Some((pointer, accepted)) = accepted else {
            let all = organisation.accepted_domains().ok().map(|(pointer, _)| pointer);
            way.step("accepted-domain", None, format!("{system} does not accept {domain}"), all);
            return self.bounces(way, Bounce::NotAccepted);
        };
        // It takes whom nobody knows, before the domain's kind decides.
        if accepted.catch_all.is_some() && target.is_none() {
            let says = format!("the catch-all mailbox of '{}' takes them", accepted.name);
            way.step("accepted-domain", None, says, [pointer]);
            return self.end(way, Ending::LeavesTheModel);
        }
        match accepted.kind {
            DomainKind::Authoritative if target.is_none() => {
                let says = format!("{domain} is authoritative: unknown recipients bounce");
                way.step("accepted-domain", None, says, [format!("{pointer}/kind")]);
                return self.bounces(way, Bounce::Authoritative);
            }
            DomainKind::Authoritative | DomainKind::InternalRelay | DomainKind::ExternalRelay | DomainKind::Unknown => {
                let says = format!("'{}' relays unknown recipients", accepted.name);
                way.step("accepted-domain", None, says, [format!("{pointer}/kind")]);
            }
        }
        self.out_of(way, organisation, &domain);
    }

    /// What transport rules do with it; none where it goes on. What nsdiag cannot evaluate is told.
    fn by_rules(&mut self, way: &mut Way, organisation: &'m OrganisationView<'a>) -> Option<Ending> {
        let address = self.asked.address;
        for view in self.model.rules(organisation).ok()?.iter().filter(|view| view.may_touch(address)) {
            let (name, says) = (&view.rule.name, view.says(organisation.domain));
            let seen = [view.pointer.clone()];
            if view.takes(address) {
                way.step(RULE, None, format!("the rule '{name}' {says}"), seen);
                return Some(match view.rejects() {
                    true => Ending::RejectedByExchange(Bounce::Rule),
                    false => Ending::LeavesTheModel,
                });
            }
            let says = format!("the rule '{name}' {says}: nsdiag cannot evaluate that for this message");
            way.step(RULE, None, says, seen);
        }
        None
    }

    /// The ways by which mail for `domain` leaves the organisation.
    fn out_of(&mut self, way: Way, organisation: &'m OrganisationView<'a>, domain: &str) {
        for Onward { end, steps, aside, supposes, gateway } in
            self.model.known_ways_out(organisation, domain, self.asked.bytes)
        {
            if self.is_full() {
                return;
            }
            let mut way = way.clone();
            way.steps.extend(steps);
            way.aside |= aside;
            way.supposes.extend(supposes);
            // It looks recipients up, whoever hands it the mail.
            let hop = gateway.filter(|_| domain == self.model.domain).and_then(|at| self.model.hops.get(at));
            if let Some(hop) = hop
                && let Decision::Refuses(why, seen) = self.decision_at(hop)
            {
                way.step("gateway", Some(&hop.hop.host), format!("{} refuses it{why}", hop.name()), seen);
                self.end(way, Ending::RejectedAtGateway);
                continue;
            }
            match end {
                End::System(system) => self.hand_over(way, system),
                End::Gateway(system) => self.at(way, system),
                End::Back => self.at(way, organisation.system),
                End::Presumed => self.in_other(way, None),
                End::Beyond => self.end(way, Ending::LeavesTheModel),
                End::Stranded(strand) => self.end(way, Ending::Stranded(strand)),
                End::Unknown(fact, gap) => self.lacks(way, fact, gap),
            }
        }
    }

    fn hand_over(&mut self, mut way: Way, system: &str) {
        // A tenant knows its mailbox by the address in the shared domain as well.
        if self.model.organisation_of(system).is_some_and(OrganisationView::is_online) {
            way.address = self.asked.address.into();
        }
        self.at(way, system);
    }
}
