//! What Exchange and its directory must hold.
mod accepted_domain_authoritative;
mod accepted_domain_external_relay;
mod accepted_domain_missing;
mod directory_refuses_bind;
mod directory_unreachable;
mod exchange_configuration_unreadable;
mod recipient_lookup_left_on;
mod send_connector_disabled;
mod send_connector_dns_routing;
mod send_connector_falls_to_wildcard;
mod send_connector_missing;
mod send_connector_not_externally_secured;

/// The checks of this area, by code.
pub const CHECKS: &[&crate::judge::Check] = &[
    &accepted_domain_missing::CHECK,
    &accepted_domain_authoritative::CHECK,
    &accepted_domain_external_relay::CHECK,
    &recipient_lookup_left_on::CHECK,
    &send_connector_missing::CHECK,
    &send_connector_falls_to_wildcard::CHECK,
    &send_connector_disabled::CHECK,
    &send_connector_dns_routing::CHECK,
    &send_connector_not_externally_secured::CHECK,
    &exchange_configuration_unreadable::CHECK,
    &directory_unreachable::CHECK,
    &directory_refuses_bind::CHECK,
];
