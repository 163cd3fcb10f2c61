//! Who cannot get mail, and where it breaks.
mod address_unknown_everywhere;
mod contact_targets_shared_domain;
mod contact_without_target;
mod duplicate_proxy_address;
mod exchange_rejects_other_mailbox;
mod forwarding_loop;
mod gateway_list_stale;
mod gateway_misses_aliases;
mod gateway_misses_recipient_types;
pub(crate) mod gateway_recipient_source;
mod gateway_rejects_exchange_recipient;
mod gateway_rejects_other_mailbox;
mod mail_without_proxy_address;
mod mailbox_has_target_address;
mod mailbox_in_both_systems;
mod mx_hosts_disagree;
mod other_rejects_own_mailbox;
mod recipient_wants_authenticated_sender;
mod remote_mailbox_without_routing_address;

// What they share.
mod contacts;
mod gather;
mod patterns;

use crate::prelude::*;
use gather::{
    Group, POLICY, Sight, at_its_source, groups, is_online, note_unseen, objects, out_of_mail, put_back, tell_objects,
};
use patterns::patterns;

/// The checks of this area, by code.
pub const CHECKS: &[&Check] = &[
    &gateway_rejects_other_mailbox::CHECK,
    &gateway_rejects_exchange_recipient::CHECK,
    &exchange_rejects_other_mailbox::CHECK,
    &other_rejects_own_mailbox::CHECK,
    &mx_hosts_disagree::CHECK,
    &address_unknown_everywhere::CHECK,
    &mailbox_in_both_systems::CHECK,
    &contact_targets_shared_domain::CHECK,
    &mailbox_has_target_address::CHECK,
    &forwarding_loop::CHECK,
    &duplicate_proxy_address::CHECK,
    &mail_without_proxy_address::CHECK,
    &gateway_misses_aliases::CHECK,
    &gateway_misses_recipient_types::CHECK,
    &contact_without_target::CHECK,
    &recipient_wants_authenticated_sender::CHECK,
    &gateway_list_stale::CHECK,
    &remote_mailbox_without_routing_address::CHECK,
    &gateway_recipient_source::CHECK,
];
