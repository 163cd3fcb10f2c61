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
mod tls_certificate_invalid;
mod vantage_port_blocked;

/// The checks of this area, by code.
pub const CHECKS: &[&crate::judge::Check] = &[
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
    &vantage_port_blocked::CHECK,
];
