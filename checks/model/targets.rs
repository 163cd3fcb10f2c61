//! Contacts and mail users whose target in the shared domain the other side does not take.
use super::{Model, Object, Outcome};
use crate::evidence::exchange::DomainKind;
use crate::evidence::{SystemKind, address};
use crate::prelude::*;
use crate::replies::Confidence;
use alloc::collections::BTreeMap;

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

/// Those among `objects`, by reason, the surest first.
pub fn strays<'m, 'a>(model: &'m Model<'a>, objects: &[&'m Object<'a>]) -> Vec<Stray<'m, 'a>> {
    let mut pointing: BTreeMap<String, Vec<&Object>> = BTreeMap::new();
    for object in model.objects().iter().filter(|object| target(object, model.domain).is_some()) {
        for each in object.addresses() {
            pointing.entry(each).or_default().push(object);
        }
    }
    let mut found = Vec::new();
    for object in objects {
        let Some(target) = target(object, model.domain) else { continue };
        let back = pointing.get(&target).and_then(|all| all.iter().find(|other| other.system != object.system));
        let (certainty, why, seen) = if let Some(back) = back {
            let why = format!("{} has {} for it that targets the domain too", back.system, back.kind().word());
            (Certainty::Likely, why, vec![back.pointer.clone()])
        } else if let Some(refused) = refused(model, object.system, &target) {
            refused
        } else if let Some(pointer) = authoritative(model, object, &target) {
            let why = "the domain is authoritative, and that Exchange sends such mail out is nowhere documented";
            (Certainty::Inconclusive, why.into(), vec![pointer])
        } else {
            continue;
        };
        found.push(Stray { object, target, certainty, why, seen });
    }
    found.sort_by(|one, other| (one.certainty, &one.why).cmp(&(other.certainty, &other.why)));
    found
}

/// The target of a contact or mail user, where it is in `domain`.
fn target(object: &Object, domain: &str) -> Option<String> {
    let stands = matches!(object.kind(), State::Contact | State::MailUser);
    object.target()?.ok().filter(|target| stands && address::domain(target) == domain)
}

/// The other systems' hops, where all of them refuse `target` as unknown beside an accepted control: how sure that is, in
/// words, and what shows it.
fn refused(model: &Model, system: &str, target: &str) -> Option<(Certainty, String, Vec<String>)> {
    let mut hops = Vec::new();
    let mut seen = Vec::new();
    let mut certainty = Certainty::Proven;
    let all = model.hops_of(Role::Other).chain(model.hops_of(Role::Exchange));
    for hop in all.filter(|hop| hop.hop.system.as_deref() != Some(system)) {
        let heard = hop.word_on(target)?;
        let control = hop.control(heard)?;
        if heard.outcome() != Outcome::Rejected || heard.meaning != Meaning::UnknownRecipient {
            return None;
        }
        if heard.confidence == Confidence::Low {
            certainty = Certainty::Likely;
        }
        hops.push(hop.name());
        seen.extend([heard.pointer(), control.pointer()]);
    }
    let why = format!("{} {} no such mailbox", listed(&hops, 3), if hops.len() == 1 { "knows" } else { "know" });
    (!hops.is_empty()).then_some((certainty, why, seen))
}

/// The pointer to the accepted domain, where it is authoritative and the target is an address of the object's own. In
/// Exchange Online that is how a hybrid set-up has its mail users.
fn authoritative(model: &Model, object: &Object, target: &str) -> Option<String> {
    let mut systems = model.question.systems.iter();
    if systems.any(|system| system.name == object.system && system.kind == SystemKind::ExchangeOnline) {
        return None;
    }
    let organisation = model.organisations.iter().find(|each| each.system == object.system)?;
    let (pointer, accepted) = organisation.accepted_domain().ok()??;
    (accepted.kind == DomainKind::Authoritative && object.holds(target)).then_some(pointer)
}
