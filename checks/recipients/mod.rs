//! Who cannot get mail, and where it breaks.
mod address_unknown_everywhere;
mod exchange_rejects_other_mailbox;
mod gateway_rejects_exchange_recipient;
mod gateway_rejects_other_mailbox;
mod mailbox_in_both_systems;
mod other_rejects_own_mailbox;

use crate::model::{Diagnosis, Fault, FaultKind, Recipient};
use crate::prelude::*;

/// The checks of this area, by code.
pub const CHECKS: &[&Check] = &[
    &gateway_rejects_other_mailbox::CHECK,
    &gateway_rejects_exchange_recipient::CHECK,
    &exchange_rejects_other_mailbox::CHECK,
    &other_rejects_own_mailbox::CHECK,
    &address_unknown_everywhere::CHECK,
    &mailbox_in_both_systems::CHECK,
];

/// Those for whom the same is wrong, with the same certainty and in the same words: one finding.
struct Group<'a> {
    recipients: Vec<&'a Recipient<'a>>,
    first: Fault,
    evidence: Vec<String>,
}

impl Group<'_> {
    fn addresses(&self) -> Vec<&str> {
        self.recipients.iter().map(|recipient| recipient.address).collect()
    }

    /// Writes the finding down.
    fn tell<'n>(&self, notes: &'n mut Notes, detail: String) -> &'n mut Finding {
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
fn groups<'a>(case: &'a Case, kind: FaultKind) -> Vec<Group<'a>> {
    let mut groups: Vec<Group> = Vec::new();
    for recipient in &case.model.recipients {
        let Diagnosis { faults, .. } = case.model.diagnose(recipient);
        let Some(fault) = faults.iter().find(|fault| fault.kind == kind) else { continue };
        let alike = |group: &&mut Group| {
            let first = &group.first;
            first.certainty == fault.certainty && first.hops == fault.hops && first.lacking == fault.lacking
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

/// `orders@contoso.com` as a name for an object in Exchange.
fn object_name(address: &str) -> String {
    address.replace('@', " at ")
}
