//! How a person sees by hand what a finding says: commands that only read, made from the evidence that it rests on.
mod directory;
mod dns;
mod exchange;
mod gateway;
mod rcpt;
#[cfg(test)]
mod tests;

use crate::prelude::*;

/// Adds the proofs of `finding` behind its remedies.
pub fn prove(case: &Case, finding: &mut Finding) {
    let asked = rcpt::asked(case, finding);
    let mut proofs: Vec<Remedy> = rcpt::again(case, &asked).into_iter().collect();
    proofs.extend(dns::again(case, finding));
    proofs.extend(gateway::looked_up(&asked));
    proofs.extend(directory::looked_up(case, finding, &asked));
    proofs.extend(exchange::shown(case, finding));
    finding.remedies.extend(proofs);
}

/// The numbers of a JSON Pointer: `/evidence/smtp/0/transcript/7` is of the `pattern` `/evidence/smtp/*/transcript/*`.
pub(crate) fn places<const N: usize>(pointer: &str, pattern: &str) -> Option<[usize; N]> {
    let mut all = [0; N];
    let mut next = all.iter_mut();
    let mut parts = pointer.split('/');
    for expected in pattern.split('/') {
        let part = parts.next()?;
        match expected {
            "*" => *next.next()? = part.parse().ok()?,
            word if word != part => return None,
            _ => {}
        }
    }
    (next.next().is_none()).then_some(all)
}

/// The recipients that `finding` is about.
fn recipients(finding: &Finding) -> impl Iterator<Item = &str> {
    let all = finding.subjects.iter().filter(|subject| subject.kind == SubjectKind::Recipient);
    all.map(|subject| &*subject.value)
}
