//! What the hops say of themselves and of us.
mod hop_defers;
mod hop_refuses_service;
mod hop_throttles;
mod hop_unreachable;
mod hop_validates_nothing;
mod prober_blocked;
mod relay_denied;
mod smart_host_wants_authentication;
mod starttls_missing;
mod system_refuses_sister_senders;
mod tls_certificate_invalid;
mod vantage_port_blocked;

use crate::prelude::*;

/// The checks of this area, by code.
pub const CHECKS: &[&Check] = &[
    &hop_unreachable::CHECK,
    &hop_refuses_service::CHECK,
    &starttls_missing::CHECK,
    &tls_certificate_invalid::CHECK,
    &hop_validates_nothing::CHECK,
    &hop_defers::CHECK,
    &hop_throttles::CHECK,
    &relay_denied::CHECK,
    &smart_host_wants_authentication::CHECK,
    &prober_blocked::CHECK,
    &system_refuses_sister_senders::CHECK,
    &vantage_port_blocked::CHECK,
];

/// The gaps that hops were not heard: no check of this area passes for a hop that said nothing.
fn unheard(case: &Case, notes: &mut Notes) {
    if case.model.hops.is_empty() {
        return notes.gap(Gap::not_asked("any SMTP hop", "--gateway, --exchange or --other HOST"));
    }
    for hop in case.model.hops.iter().filter(|hop| !hop.heard_from() && !hop.spared) {
        notes.gap(hop.unheard());
    }
}
