//! What Exchange itself tells of mail that it bounced, sent round or keeps, and whether a tenant's connector works.
use super::{places, recipients};
use crate::exchange::remedies::queues;
use crate::model::path::Disposition;
use crate::prelude::*;
use alloc::collections::BTreeSet;

/// The checks of Exchange's configuration by which mail bounces or goes round, whoever it is for.
const FOR_ANYBODY: [&str; 3] = ["NSD302", "NSD321", "NSD322"];

/// How many addresses a person looks for at once.
const MOST: usize = 5;

/// How a person sees it in Exchange.
pub fn shown(case: &Case, finding: &Finding) -> Vec<Remedy> {
    let mut all: Vec<Remedy> = bounces(case, finding).into_iter().collect();
    let stranded = addresses(case, finding, |end| end == Disposition::Stranded);
    if !stranded.is_empty() && finding.code == "NSD421" && is_online(case, finding) == Some(false) {
        all.push(queues());
    }
    all.extend(tried(case, finding));
    all
}

/// The bounces of the last day, where Exchange takes the mail first. What it refuses at RCPT it tracks nowhere.
fn bounces(case: &Case, finding: &Finding) -> Option<Remedy> {
    let named = recipients(finding).next().is_some();
    if !named && !FOR_ANYBODY.contains(&&*finding.code) {
        return None;
    }
    let ends = |end| matches!(end, Disposition::RejectedByExchange | Disposition::Loop);
    let bounced = addresses(case, finding, ends);
    let bounced: Vec<&str> = bounced.into_iter().take(MOST).collect();
    if bounced.is_empty() {
        return None;
    }
    let remedy = |title: &str, look: Cmdlet| Remedy::exchange(title, vec![look], Vec::new());
    Some(match is_online(case, finding)? {
        // Without dates it tells of the last 48 hours (Microsoft, "Get-MessageTraceV2").
        true => remedy(
            "See what bounced in the last two days",
            Cmdlet::new("Get-MessageTraceV2").list("RecipientAddress", bounced).word("Status", "Failed").shows(&[
                "Received",
                "SenderAddress",
                "RecipientAddress",
                "Status",
            ]),
        ),
        false => remedy(
            "See what bounced in the last day, on each Mailbox server",
            Cmdlet::new("Get-MessageTrackingLog")
                .list("Recipients", bounced)
                .hours_ago("Start", 24)
                .word("EventId", "Fail")
                .shows(&["Timestamp", "Source", "Sender", "Recipients", "RecipientStatus"]),
        ),
    })
}

/// Those of `finding`, or where it is about nobody those of the case, whose mail ends so, and whom no hop of Exchange
/// refuses at RCPT.
fn addresses<'a>(case: &Case<'a>, finding: &Finding, ends: impl Fn(Disposition) -> bool) -> Vec<&'a str> {
    let named: BTreeSet<&str> = recipients(finding).collect();
    let all = case.model.recipients.iter().filter(|one| named.is_empty() || named.contains(one.address));
    let refused =
        |address: &str| case.model.hops_of(Role::Exchange).any(|hop| hop.outcome(address) == Outcome::Rejected);
    let matching = all
        .filter(|one| ends(case.model.diagnose(one).concluded.worst().ending.disposition()) && !refused(one.address));
    matching.map(|one| one.address).collect()
}

/// Whether the Exchange that `finding` is about is a tenant: by the directories that it rests on, else by those that there
/// are; none where it may be either.
fn is_online(case: &Case, finding: &Finding) -> Option<bool> {
    let of_pointer = |pointer: &String| {
        let [at] = places(pointer, "/evidence/directories/*")?;
        let directory = case.evidence.directories.get(at)?;
        Some(case.model.organisation_of(&directory.system)?.is_online())
    };
    let seen: Vec<bool> = finding.evidence.iter().filter_map(of_pointer).collect();
    let all: Vec<bool> = case.model.organisations.iter().map(|one| one.is_online()).collect();
    let of = if seen.is_empty() { all } else { seen };
    let first = of.first()?;
    of.iter().all(|one| one == first).then_some(*first)
}

/// A tenant's own trial of the outbound connector that `finding` is about.
fn tried(case: &Case, finding: &Finding) -> Option<Remedy> {
    let connectors = || finding.subjects.iter().filter(|subject| subject.kind == SubjectKind::SendConnector);
    let tenants = || case.model.organisations.iter().filter(|one| one.is_online());
    let outbound = |name: &str| {
        let known =
            tenants().filter_map(|one| case.evidence.directories.iter().find(|other| other.system == one.system));
        let known = known.filter_map(|one| one.organisation.known()?.outbound_connectors.known());
        known.flatten().any(|connector| connector.name == name && connector.enabled)
    };
    let name = connectors().map(|subject| &*subject.value).find(|name| outbound(name))?;
    let mut listed = case.model.recipients.iter().filter(|one| one.listed().is_some());
    let try_it = Cmdlet::new("Validate-OutboundConnector").with("Identity", name);
    let try_it =
        try_it.or_placeholder("Recipients", listed.next().map(|one| one.address), "somebody of the other system");
    // It sends one (Microsoft, "Validate-OutboundConnector").
    let title = "Have the tenant try the connector: a test message goes to the recipient";
    Some(Remedy::exchange(title, vec![try_it], Vec::new()))
}
