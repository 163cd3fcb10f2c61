//! Recipients of other systems that an organisation would bounce, were its domain authoritative.
use super::{Model, OrganisationView, Recipient, State};
use crate::evidence::SystemKind;
use crate::evidence::exchange::DomainKind;
use crate::prelude::*;

/// Recipients whose home is elsewhere, by what the organisation's directory holds of them.
#[derive(Default)]
pub struct Foreign<'m, 'a> {
    /// Those that it has no object for.
    pub absent: Vec<&'m Recipient<'a>>,
    /// Those of which it did not say.
    pub unknown: Vec<&'m Recipient<'a>>,
    /// How many it has an object for.
    pub held: usize,
}

impl<'a> Model<'a> {
    /// Whether the domain may well be authoritative in `organisation`: in a tenant that holds all recipients, in an
    /// organisation that has nobody but such a tenant beside it, and in the last of several organisations, which is the
    /// end of the line.
    pub fn may_be_authoritative(&self, organisation: &OrganisationView) -> bool {
        let others = || self.question.systems.iter().filter(|system| system.name != organisation.system);
        let online = |kind| kind == SystemKind::ExchangeOnline;
        let hybrid = others().next().is_some() && others().all(|system| online(system.kind));
        let mut gateways = self.hops_of(Role::Gateway);
        let behind = gateways.any(|gateway| self.delivers_to(gateway) == Some(organisation.system));
        let last = !behind && self.first_exchange() != Some(organisation.system);
        organisation.is_online() || hybrid || last && self.on_premises().count() > 1
    }

    /// Whether the domain is authoritative there and may be: then nothing has to leave it.
    pub fn is_end_of_line(&self, organisation: &OrganisationView) -> bool {
        let accepted = organisation.accepted_domain().ok().flatten();
        accepted.is_some_and(|(_, entry)| entry.kind == DomainKind::Authoritative)
            && self.may_be_authoritative(organisation)
    }

    /// The recipients that are at home in other systems than `organisation`: by a list, or by a mailbox in another
    /// organisation's directory.
    pub fn foreign_to<'m>(&'m self, organisation: &OrganisationView) -> Foreign<'m, 'a> {
        let system = organisation.system;
        let mut found = Foreign::default();
        for recipient in &self.recipients {
            let listed = recipient.lists.iter().any(|list| list.listed && list.system != system);
            let beyond = recipient.directories.iter().any(|held| held.system != system && held.state == State::Mailbox);
            if !listed && !beyond {
                continue;
            }
            let held = recipient.directories.iter().find(|held| held.system == system);
            match held.map_or(State::Unknown, |held| held.state) {
                State::Unknown => found.unknown.push(recipient),
                State::Absent | State::MailAttributeOnly => found.absent.push(recipient),
                _ => found.held += 1,
            }
        }
        found
    }
}
