//! What DNS must say so that mail finds its way.
mod mx_missing;
mod mx_target_invalid;
mod smart_host_is_gateway;
mod smart_host_unresolvable;

/// The checks of this area, by code.
pub const CHECKS: &[&crate::judge::Check] =
    &[&mx_missing::CHECK, &mx_target_invalid::CHECK, &smart_host_unresolvable::CHECK, &smart_host_is_gateway::CHECK];
