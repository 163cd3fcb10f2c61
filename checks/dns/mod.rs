//! What DNS must say so that mail finds its way.
mod dnssec_bogus;
mod mx_missing;
mod mx_target_invalid;
mod mx_views_disagree;
mod named_gateway_is_no_mx;
mod smart_host_is_exchange;
mod smart_host_is_gateway;
mod smart_host_unresolvable;
mod spf_omits_sender;
mod ways;

/// The checks of this area, by code.
pub const CHECKS: &[&crate::judge::Check] = &[
    &mx_missing::CHECK,
    &mx_target_invalid::CHECK,
    &mx_views_disagree::CHECK,
    &spf_omits_sender::CHECK,
    &smart_host_unresolvable::CHECK,
    &smart_host_is_gateway::CHECK,
    &smart_host_is_exchange::CHECK,
    &dnssec_bogus::CHECK,
    &named_gateway_is_no_mx::CHECK,
];
