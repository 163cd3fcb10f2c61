//! Subdomains of the shared domain that are in use, and what covers them.
use super::route::fixes;
use super::{Model, OrganisationView, State};
use crate::evidence::address;
use crate::evidence::exchange::{AcceptedDomain, DomainKind};
use crate::judge::Gap;
use crate::prelude::*;
use alloc::collections::BTreeMap;

/// The subdomains in which mailboxes of the organisation have addresses and that it does not accept, each with one such
/// recipient and the pointer to it; and whether any mailbox of it was seen.
pub fn uncovered(
    model: &Model,
    organisation: &OrganisationView,
    notes: &mut Notes,
) -> (BTreeMap<String, (String, String)>, bool) {
    let mut found = BTreeMap::new();
    let mut seen = false;
    for recipient in &model.recipients {
        let own = recipient.directories.iter().filter(|held| held.system == organisation.system);
        for held in own.filter(|held| held.state == State::Mailbox) {
            seen = true;
            for domain in held.entries.iter().flat_map(|entry| below(entry, organisation.domain)) {
                if let Some(None) = notes.need(organisation.accepting(&domain)) {
                    found.entry(domain).or_insert((recipient.address.into(), held.pointer.clone()));
                }
            }
        }
    }
    (found, seen)
}

/// The subdomains of `domain` in which the object has SMTP addresses.
fn below(entry: &Entry, domain: &str) -> Vec<String> {
    let smtp = entry.values("proxyAddresses").iter().filter_map(|value| value.split_once(':'));
    let smtp = smtp.filter(|(kind, _)| kind.eq_ignore_ascii_case("smtp")).filter_map(|(_, address)| {
        let own = address::domain(address).to_lowercase();
        own.strip_suffix(domain).is_some_and(|head| head.ends_with('.')).then_some(own)
    });
    smtp.collect()
}

/// What a tenant lacks, the accepted domain that is to match subdomains, and the pointers to both.
type Lacking<'a> = (String, &'a AcceptedDomain, Vec<String>);

/// What a tenant whose accepted domain matches subdomains lacks for that; none where nothing is missing.
pub fn tenant_lacks<'a>(organisation: &OrganisationView<'a>) -> Result<Option<Lacking<'a>>, Gap> {
    let Some((pointer, entry)) = organisation.accepted_domain()?.filter(|(_, entry)| entry.match_subdomains) else {
        return Ok(None);
    };
    if entry.kind != DomainKind::InternalRelay {
        return Ok(Some(("the domain is no internal relay domain".into(), entry, vec![pointer])));
    }
    let (connectors, all) = organisation.outbound_connectors()?;
    let domain = organisation.domain;
    let serves = |pattern: &String| fixes(pattern, &format!("x.{domain}")).is_some();
    let mut fit = all.iter().filter(|each| each.enabled && !each.by_rule_only);
    let served = fit.any(|each| each.all_accepted_domains || each.recipient_domains.iter().any(serves));
    Ok((!served).then(|| (format!("no outbound connector serves *.{domain}"), entry, vec![pointer, connectors])))
}
