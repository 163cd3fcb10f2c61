//! Where an object's targetAddress leads: out of Exchange, back, or nowhere; and contacts and mail users whose target in
//! the shared domain the other side does not take.
use super::recipients::typed;
use super::{Model, Object, OrganisationView, Outcome};
use crate::evidence::address;
use crate::evidence::exchange::DomainKind;
use crate::prelude::*;
use alloc::collections::BTreeMap;

/// What becomes of mail that a target sends on, in words, and what shows it.
pub enum Onward {
    /// Somebody takes it there.
    Taken(String, Vec<String>),
    /// Nobody does: it comes back, leads nowhere, or nobody there knows the address; and whether that is sure.
    Lost(String, Vec<String>, bool),
    /// The evidence does not reach so far.
    Open(String),
}

/// What becomes of the mail that the target of `object` sends on; none where it has no target.
///
/// A target counts before everything else that Exchange would do with the object, and leaves by the connector for its
/// domain, whatever the type of the accepted domain (exchange-ad.md, section 10).
pub fn onward(model: &Model, object: &Object) -> Option<Onward> {
    let target = match object.target()? {
        Ok(target) => target,
        Err(wrong) if object.other_kind().is_some() => return Some(Onward::Open(wrong)),
        Err(wrong) => return Some(Onward::Lost(wrong, Vec::new(), true)),
    };
    if model.is_circling(object.system, &object.entry.dn) {
        return Some(Onward::Lost("it goes in a circle".into(), Vec::new(), false));
    }
    let other = |other: &&Object| other.system == object.system && other.entry.dn != object.entry.dn;
    if let Some(other) = model.holders(&target).find(other) {
        return Some(Onward::Taken(format!("{} has it", other.word()), vec![other.pointer.clone()]));
    }
    let Some(organisation) = model.organisation_of(object.system) else {
        return Some(Onward::Open("the way out of its organisation is not known".into()));
    };
    let domain = address::domain(&target);
    // An address that Exchange should resolve itself, and that is nobody's.
    if !object.holds(&target) {
        match organisation.accepted_domain_for(domain) {
            Ok(Some((pointer, accepted))) if accepted.kind == DomainKind::Authoritative => {
                let whose = format!("{domain} is authoritative in {}", object.system);
                return Some(match domain == model.domain {
                    true => Onward::Lost(format!("{whose}, where nobody has it"), vec![pointer], false),
                    false => Onward::Open(format!("{whose}, and whether somebody has it there was not asked")),
                });
            }
            _ => {}
        }
    }
    match leaves(model, organisation, domain) {
        Onward::Open(way) if domain == model.domain => Some(elsewhere(model, object.system, &target, way)),
        way => Some(way),
    }
}

/// The way out of `organisation` for `domain`: `Open` where it ends at a host whose word on the address is not known.
fn leaves(model: &Model, organisation: &OrganisationView, domain: &str) -> Onward {
    let exit = match organisation.exit(domain) {
        Ok(Some(exit)) => exit,
        // Exchange Online needs no connector: it goes by the MX of the domain.
        Ok(None) if organisation.is_online() => return Onward::Open(format!("it goes by the MX records of {domain}")),
        Ok(None) => {
            let why = format!("no send connector serves {domain}: it waits in the queue and expires");
            let seen = organisation.send_connectors().map(|(pointer, _)| pointer).into_iter().collect();
            return Onward::Lost(why, seen, true);
        }
        Err(gap) => return Onward::Open(format!("{} were not seen", gap.what)),
    };
    let seen = || vec![exit.pointer.clone()];
    if exit.smart_hosts.is_empty() {
        return match domain == model.domain && model.comes_back(organisation) {
            true => Onward::Lost(format!("'{}' sends it to the MX of {domain}, and so back", exit.name), seen(), true),
            false => Onward::Open(format!("'{}' sends it to the MX of {domain}", exit.name)),
        };
    }
    let hosts = listed(exit.smart_hosts, 3);
    if exit.smart_hosts.iter().all(|host| model.resolves_to_nothing(host)) {
        return Onward::Lost(format!("'{}' hands it to {hosts}, which has no address", exit.name), seen(), true);
    }
    let owners = exit.smart_hosts.iter().map(|host| model.owner(host, exit.port));
    if owners.flatten().any(|owner| owner.system == organisation.system) {
        return Onward::Lost(format!("'{}' hands it to {hosts}, and so back", exit.name), seen(), true);
    }
    Onward::Open(format!("'{}' hands it to {hosts}", exit.name))
}

/// What the other systems make of `target`, an address of the shared domain that leaves `system` by `way`.
fn elsewhere(model: &Model, system: &str, target: &str, way: String) -> Onward {
    let hops = model.hops_of(Role::Other).chain(model.hops_of(Role::Exchange));
    let mut others = hops.filter(|hop| hop.hop.system.as_deref() != Some(system) && hop.validates() == Some(true));
    let taken = others
        .find_map(|hop| Some((hop, hop.word_on(target)?)).filter(|(_, heard)| heard.outcome() == Outcome::Accepted));
    if let Some((hop, heard)) = taken {
        return Onward::Taken(format!("{} takes it", hop.name()), vec![heard.pointer()]);
    }
    if let Some((certainty, why, seen)) = refused(model, system, target) {
        return Onward::Lost(why, seen, certainty == Certainty::Proven);
    }
    let read = |list: &&crate::evidence::List| list.addresses.known().is_some();
    for (at, list) in model.evidence.files.iter().enumerate().filter(|(_, list)| list.system != system) {
        let place = list.addresses.known().and_then(|all| all.binary_search_by(|each| each.as_str().cmp(target)).ok());
        if let Some(place) = place {
            let pointer = format!("/evidence/files/{at}/addresses/known/{place}");
            return Onward::Taken(format!("it is on the list of {}", list.system), vec![pointer]);
        }
    }
    if let Some(object) = model.holders(target).find(|object| object.system != system) {
        return Onward::Taken(format!("the directory of {} holds it", object.system), vec![object.pointer.clone()]);
    }
    let mut systems = model.question.systems.iter().filter(|other| other.name != system).peekable();
    let all_read = systems.peek().is_some()
        && systems.all(|other| model.evidence.files.iter().filter(read).any(|list| list.system == other.name));
    if all_read {
        let seen = (0..model.evidence.files.len()).map(|at| format!("/evidence/files/{at}")).collect();
        return Onward::Lost(format!("{way}, and no list names it"), seen, false);
    }
    Onward::Open(format!("{way}, and whether somebody has it there was not asked"))
}

/// One of them.
pub struct Stray<'m, 'a> {
    /// The object.
    pub object: &'m Object<'a>,
    /// Its target, folded.
    pub target: String,
    /// How sure.
    pub certainty: Certainty,
    /// Why the other side does not take it.
    pub why: String,
    /// What shows it, beside the object.
    pub seen: Vec<String>,
}

impl Stray<'_, '_> {
    /// Whether the other is one for the same reason.
    pub fn is_like(&self, other: &Self) -> bool {
        (self.certainty, &self.why) == (other.certainty, &other.why)
    }
}

/// Those among `objects`, by reason, the surest first. That the domain is authoritative is no reason: what has a target
/// elsewhere is sent on all the same (exchange-ad.md, section 10).
pub fn strays<'m, 'a>(model: &'m Model<'a>, objects: &[&'m Object<'a>]) -> Vec<Stray<'m, 'a>> {
    let mut pointing: BTreeMap<&str, Vec<&Object>> = BTreeMap::new();
    for object in model.objects().iter().filter(|object| target(object, model.domain).is_some()) {
        for each in object.addresses() {
            pointing.entry(each).or_default().push(object);
        }
    }
    let mut found = Vec::new();
    for object in objects {
        let Some(target) = target(object, model.domain) else { continue };
        let back = |other: &&&Object| {
            let leads = |from: &Object, to: &str| may_lead(model, from.system, to);
            other.system != object.system && leads(object, other.system) && leads(other, object.system)
        };
        let back = pointing.get(&*target).and_then(|all| all.iter().find(back));
        let (certainty, why, seen) = if let Some(back) = back {
            let why = format!("{} has {} for it that targets the domain too", back.system, back.word());
            (Certainty::Likely, why, vec![back.pointer.clone()])
        } else if let Some(refused) = refused(model, object.system, &target) {
            refused
        } else {
            continue;
        };
        found.push(Stray { object, target, certainty, why, seen });
    }
    found.sort_by(|one, other| (one.certainty, &one.why).cmp(&(other.certainty, &other.why)));
    found
}

/// Whether mail of the domain that leaves `from` may reach `to`: not where its connector is known to lead to others alone.
fn may_lead(model: &Model, from: &str, to: &str) -> bool {
    let Some(organisation) = model.organisation_of(from) else { return true };
    let Ok(exit) = organisation.exit(model.domain) else { return true };
    let Some(exit) = exit else { return false };
    let by_gateway = |host: &String| model.gateway_at(host, exit.port).and_then(|hop| model.delivers_to(hop));
    let owner = |host| by_gateway(host).or_else(|| model.owner(host, exit.port).map(|owner| owner.system));
    exit.smart_hosts.is_empty() || exit.smart_hosts.iter().any(|host| owner(host).is_none_or(|system| system == to))
}

/// The target of a contact or mail user, where it is in `domain`.
fn target(object: &Object, domain: &str) -> Option<String> {
    let stands = match object.kind() {
        State::Contact => true,
        // A mailbox looks like one where the global catalog shows no database.
        State::MailUser => object.sees("homemdb") || typed(object.entry).is_some(),
        _ => false,
    };
    object.target()?.ok().filter(|target| stands && address::domain(target) == domain)
}

/// The other systems' hops, where all of them refuse `target` as unknown beside an accepted control: how sure that is, in
/// words, and what shows it. None where a system without a hop may have it.
fn refused(model: &Model, system: &str, target: &str) -> Option<(Certainty, String, Vec<String>)> {
    let all = model.hops_of(Role::Other).chain(model.hops_of(Role::Exchange));
    let all: Vec<_> = all.filter(|hop| hop.hop.system.as_deref() != Some(system)).collect();
    let unheard = |other: &str| {
        other != system && all.iter().all(|hop| hop.hop.system.as_deref().is_some_and(|own| own != other))
    };
    if let Some(recipient) = model.recipient(target) {
        let mut lists = recipient.lists.iter().filter(|list| list.listed).map(|list| list.system);
        let mut held = recipient.directories.iter().filter(|held| held.state == State::Mailbox).map(|held| held.system);
        if lists.any(unheard) || held.any(unheard) {
            return None;
        }
    }
    let mut hops = Vec::new();
    let mut seen = Vec::new();
    let mut certainty = Certainty::Proven;
    for hop in all {
        let heard = hop.word_on(target)?;
        let control = hop.control(heard)?;
        if heard.outcome() != Outcome::Rejected || heard.meaning != Meaning::UnknownRecipient {
            return None;
        }
        if !heard.confidence.proves() {
            certainty = Certainty::Likely;
        }
        hops.push(hop.name());
        seen.extend([heard.pointer(), control.pointer()]);
    }
    let why = format!("{} {} no such mailbox", listed(&hops, 3), if hops.len() == 1 { "knows" } else { "know" });
    (!hops.is_empty()).then_some((certainty, why, seen))
}
