//! What the checks of recipients have in common: those for whom the same is wrong, and the objects of a directory.
use crate::evidence::SystemKind;
use crate::model::{Diagnosis, Fault, FaultKind, Object, Recipient};
use crate::prelude::*;

/// Those for whom the same is wrong, with the same certainty and in the same words: one finding.
pub(super) struct Group<'a> {
    pub(super) recipients: Vec<&'a Recipient<'a>>,
    pub(super) first: Fault,
    pub(super) evidence: Vec<String>,
}

impl Group<'_> {
    pub(super) fn addresses(&self) -> Vec<&str> {
        self.recipients.iter().map(|recipient| recipient.address).collect()
    }

    /// Writes the finding down.
    pub(super) fn tell<'n>(&self, notes: &'n mut Notes, detail: String) -> &'n mut Finding {
        let lacking = match &self.first.lacking {
            Some(lacking) => format!("; not proven, because {lacking}"),
            None => String::new(),
        };
        let finding = notes.finding(format!("{detail}{lacking}"));
        finding.certainty(self.first.certainty).seen_all(self.evidence.iter().cloned());
        for address in self.addresses() {
            finding.about(SubjectKind::Recipient, address);
        }
        finding
    }
}

/// The recipients with a fault of `kind`, grouped by where and how surely.
pub(super) fn groups<'a>(case: &'a Case, kind: FaultKind) -> Vec<Group<'a>> {
    let mut groups: Vec<Group> = Vec::new();
    for recipient in &case.model.recipients {
        let Diagnosis { faults, .. } = case.model.diagnose(recipient);
        let Some(fault) = faults.iter().find(|fault| fault.kind == kind) else { continue };
        let alike = |group: &&mut Group| {
            let first = &group.first;
            first.certainty == fault.certainty
                && first.hops == fault.hops
                && first.accepting == fault.accepting
                && first.lacking == fault.lacking
        };
        match groups.iter_mut().find(alike) {
            Some(group) => {
                group.recipients.push(recipient);
                group.evidence.extend(fault.evidence.iter().cloned());
            }
            None => {
                let evidence = fault.evidence.clone();
                groups.push(Group { recipients: vec![recipient], first: fault.clone(), evidence });
            }
        }
    }
    groups
}

/// The directory objects of the shared domain; what was not swept is noted, for then there may be more.
pub(super) fn objects<'m, 'a>(case: &'m Case<'a>, notes: &mut Notes) -> impl Iterator<Item = &'m Object<'a>> {
    let systems = case.question.systems.iter().filter(|system| system.kind != SystemKind::Other);
    for system in systems {
        let directories = || case.evidence.directories.iter().filter(|directory| directory.system == system.name);
        let whole =
            |directory: &Directory| directory.noteworthy.known().is_some() && directory.noteworthy_incomplete.is_none();
        if directories().any(whole) {
            continue;
        }
        let what = format!("the recipients of {} other than those looked up", system.name);
        let supply = "--ldap URL with --ldap-user, or Get-Recipient in --exchange-export";
        let miss = directories()
            .find_map(|directory| directory.noteworthy.miss().or(directory.noteworthy_incomplete.as_ref()));
        notes.gap(match miss.filter(|miss| miss.how != How::NotTried) {
            Some(miss) => Gap::unanswered(what, miss.said.clone(), supply),
            None => Gap::not_asked(what, supply),
        });
    }
    let domain = &case.question.domain;
    case.model.objects().iter().filter(move |object| object.is_in(domain))
}

/// One finding about several objects: `detail` behind their names.
pub(super) fn tell_objects<'n>(notes: &'n mut Notes, objects: &[&Object], detail: String) -> &'n mut Finding {
    let finding = notes.finding(detail);
    finding.seen_all(objects.iter().map(|object| object.pointer.clone()));
    for object in objects {
        finding.about(SubjectKind::Recipient, object.name());
    }
    finding
}
