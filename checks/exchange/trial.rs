//! A change of the configuration tried by the model before it is printed: what the checks would find with it.
use super::known::Hosts;
use crate::evidence::exchange::{AddressSpace, DomainKind, SendConnector, SmartHostAuthentication};
use crate::evidence::online::{ConnectorType, OutboundConnector};
use crate::model::OrganisationView;
use crate::prelude::*;
use crate::remedy::order::cure;
use alloc::collections::BTreeSet;

/// The checks that see where the domain's mail goes. Those whose own remedy is a connector that is tried here do not judge
/// that one.
const SEE: [&str; 18] = [
    "NSD105", "NSD106", "NSD107", "NSD203", "NSD204", "NSD209", "NSD306", "NSD311", "NSD312", "NSD313", "NSD314",
    "NSD315", "NSD316", "NSD317", "NSD318", "NSD321", "NSD322", "NSD324",
];
const LACK_A_CONNECTOR: [&str; 3] = ["NSD311", "NSD312", "NSD322"];
/// Those whose remedy may be a connector of the domain's own, which is tried in its turn.
pub(super) const LEAD_ASTRAY: [&str; 4] = ["NSD105", "NSD106", "NSD107", "NSD314"];

/// A change that a remedy makes.
pub(super) enum Change<'c> {
    /// This accepted domain is an internal relay domain, without look-up and catch-all mailbox.
    Relay(&'c str),
    /// This connector is enabled.
    Enable(&'c str),
    /// A connector of this name leads from these domains to these hosts.
    Connector(&'c str, &'c [String], &'c Hosts),
    /// The connector of this name serves these alone.
    Spaces(&'c str, &'c [String]),
}

/// What is wrong with `changes` made in `organisation` that was not wrong before, the worst first.
pub(super) fn brings(case: &Case, organisation: &OrganisationView, changes: &[Change]) -> Vec<Finding> {
    let evidence = changed(case, organisation, changes);
    let relays = changes.iter().any(|change| matches!(change, Change::Relay(_)));
    let enables = changes.iter().any(|change| matches!(change, Change::Enable(_)));
    // Each trial leaves out the checks whose remedies try the same, so that it ends.
    let looks = |check: &Check| {
        let is = |all: &[&str]| all.contains(&check.code);
        is(&SEE) && (relays || !is(&LACK_A_CONNECTOR) && !is(&["NSD313"]) && (enables || !is(&LEAD_ASTRAY)))
    };
    let known: BTreeSet<_> = found(case, looks).into_iter().map(|one| (one.code, one.subjects)).collect();
    let mut new = found(&Case::new(case.question, &evidence), looks);
    new.retain(|one| !known.contains(&(one.code.clone(), one.subjects.clone())));
    new.sort_by_key(|one| one.severity);
    new
}

/// Whether the model has the domain's mail take the connector `name` after `changes`, whatever costs and distances are.
pub(super) fn is_won_by(case: &Case, organisation: &OrganisationView, changes: &[Change], name: &str) -> bool {
    let evidence = changed(case, organisation, changes);
    let case = Case::new(case.question, &evidence);
    let Some(own) = case.model.organisation_of(organisation.system) else { return false };
    let domain = own.domain;
    if !own.exit(domain).is_ok_and(|exit| exit.is_some_and(|exit| exit.name == name)) {
        return false;
    }
    let Ok((_, all)) = own.send_connectors() else { return own.is_online() };
    let serves = |one: &&SendConnector| one.enabled && one.address_spaces.iter().any(|space| space.address == domain);
    own.is_online() || all.iter().filter(serves).all(|one| one.name == name)
}

/// The evidence with `changes` made in `organisation`.
fn changed(case: &Case, organisation: &OrganisationView, changes: &[Change]) -> Evidence {
    let mut evidence = case.evidence.clone();
    for directory in evidence.directories.iter_mut().filter(|one| one.system == organisation.system) {
        if let Observed::Known(own) = &mut directory.organisation {
            changes.iter().for_each(|change| change.make(own, organisation.is_online()));
        }
    }
    evidence
}

/// What is said of a finding that comes with a remedy, and is not mended by it.
pub(super) fn told(brought: &Finding) -> String {
    match cure(brought).filter(|_| brought.severity == Severity::Critical) {
        Some(cure) => format!("first, for {}: {} ({})", brought.code, cure.title, cure.place),
        None => format!("then {} is left: {}", brought.code, brought.title),
    }
}

fn found(case: &Case, looks: impl Fn(&Check) -> bool) -> Vec<Finding> {
    let judge = |check: &'static Check| {
        let mut notes = Notes::new(check);
        (check.judge)(case, &mut notes);
        notes.findings
    };
    let checks = crate::checks().into_iter().map(|(_, check)| check);
    checks.filter(|check| looks(check)).flat_map(judge).collect()
}

impl Change<'_> {
    fn make(&self, organisation: &mut Organisation, online: bool) {
        match self {
            Self::Relay(name) => {
                let all = known(&mut organisation.accepted_domains).into_iter().flatten();
                for one in all.filter(|one| one.name == *name) {
                    (one.kind, one.address_book, one.catch_all) = (DomainKind::InternalRelay, false, None);
                }
            }
            Self::Enable(name) => {
                let send = known(&mut organisation.send_connectors).into_iter().flatten();
                send.filter(|one| one.name == *name).for_each(|one| one.enabled = true);
                let outbound = known(&mut organisation.outbound_connectors).into_iter().flatten();
                outbound.filter(|one| one.name == *name).for_each(|one| one.enabled = true);
            }
            Self::Spaces(name, left) => {
                let send = known(&mut organisation.send_connectors).into_iter().flatten();
                for one in send.filter(|one| one.name == *name) {
                    one.address_spaces = left.iter().filter_map(|space| AddressSpace::parse(space)).collect();
                }
                let outbound = known(&mut organisation.outbound_connectors).into_iter().flatten();
                outbound.filter(|one| one.name == *name).for_each(|one| one.recipient_domains = left.to_vec());
            }
            Self::Connector(name, domains, hosts) if online => {
                let new = OutboundConnector {
                    name: (*name).into(),
                    enabled: true,
                    kind: ConnectorType::OnPremises,
                    recipient_domains: domains.to_vec(),
                    smart_hosts: hosts.names(),
                    ..OutboundConnector::default()
                };
                known(&mut organisation.outbound_connectors).into_iter().for_each(|all| all.push(new.clone()));
            }
            Self::Connector(name, domains, hosts) => {
                let new = SendConnector {
                    name: (*name).into(),
                    address_spaces: domains.iter().filter_map(|domain| AddressSpace::parse(domain)).collect(),
                    smart_hosts: hosts.names(),
                    port: hosts.port(),
                    authentication: SmartHostAuthentication::ExternalAuthoritative,
                    // Usage Internal (Microsoft, "Send connectors": no limit).
                    max_bytes: None,
                    raw_flags: Some(0x0100_0000),
                    ..SendConnector::default()
                };
                known(&mut organisation.send_connectors).into_iter().for_each(|all| all.push(new.clone()));
            }
        }
    }
}

fn known<T>(seen: &mut Observed<T>) -> Option<&mut T> {
    if let Observed::Known(known) = seen { Some(known) } else { None }
}
