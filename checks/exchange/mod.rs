//! What Exchange and its directory must hold.
mod accepted_domain_authoritative;
mod accepted_domain_external_relay;
mod accepted_domain_missing;
pub(crate) mod aiming;
mod catch_all_mailbox_set;
mod directory_refuses_bind;
mod directory_unreachable;
mod edge_loop;
mod exchange_configuration_unreadable;
mod exchange_sources_differ;
mod inbound_connector_refuses;
pub(crate) mod known;
mod mutual_internal_relay;
mod peer_not_externally_secured;
mod receive_connector_name_clash;
mod receive_connector_refuses_gateway;
mod recipient_lookup_left_on;
pub(crate) mod relay;
pub(crate) mod remedies;
mod remote_domain_suppresses;
mod send_connector_disabled;
mod send_connector_dns_routing;
mod send_connector_falls_to_wildcard;
mod send_connector_missing;
mod send_connector_not_externally_secured;
mod send_connector_scoped;
mod send_connector_size_limit;
mod send_connector_wrong_address_space;
mod size_limits_shrink;
mod subdomain_not_covered;
mod transport_rule_diverts;
mod trial;

use crate::model::OrganisationView;
use crate::prelude::*;

/// The Exchange organisations, on premises and online. Where there is none nothing was judged.
fn all<'c, 'a>(case: &'c Case<'a>, notes: &mut Notes) -> impl Iterator<Item = &'c OrganisationView<'a>> + use<'c, 'a> {
    if case.model.organisations.is_empty() {
        notes.gap(Gap::not_asked("an Exchange system", "a [[system]] of kind exchange with its directory or exports"));
    }
    case.model.organisations.iter()
}

/// The organisations on premises.
fn on_premises<'c, 'a>(
    case: &'c Case<'a>,
    notes: &mut Notes,
) -> impl Iterator<Item = &'c OrganisationView<'a>> + use<'c, 'a> {
    if case.model.on_premises().next().is_none() {
        let supply = "a [[system]] of kind exchange with its directory or exports";
        notes.gap(Gap::not_asked("an Exchange organisation on premises", supply));
    }
    case.model.on_premises()
}

/// Whether mail of the shared domain leaves the organisation at all. What does not carry it cannot lose it.
fn leaves(case: &Case, organisation: &OrganisationView, notes: &mut Notes) -> bool {
    notes.need(case.model.leaves(organisation)).is_some_and(|by| by.is_some())
}

/// The checks of this area, by code.
pub const CHECKS: &[&Check] = &[
    &accepted_domain_missing::CHECK,
    &accepted_domain_authoritative::CHECK,
    &accepted_domain_external_relay::CHECK,
    &recipient_lookup_left_on::CHECK,
    &catch_all_mailbox_set::CHECK,
    &subdomain_not_covered::CHECK,
    &send_connector_missing::CHECK,
    &send_connector_falls_to_wildcard::CHECK,
    &send_connector_disabled::CHECK,
    &send_connector_dns_routing::CHECK,
    &send_connector_not_externally_secured::CHECK,
    &send_connector_scoped::CHECK,
    &send_connector_wrong_address_space::CHECK,
    &send_connector_size_limit::CHECK,
    &mutual_internal_relay::CHECK,
    &edge_loop::CHECK,
    &receive_connector_name_clash::CHECK,
    &peer_not_externally_secured::CHECK,
    &transport_rule_diverts::CHECK,
    &inbound_connector_refuses::CHECK,
    &receive_connector_refuses_gateway::CHECK,
    &size_limits_shrink::CHECK,
    &remote_domain_suppresses::CHECK,
    &exchange_configuration_unreadable::CHECK,
    &directory_unreachable::CHECK,
    &directory_refuses_bind::CHECK,
    &exchange_sources_differ::CHECK,
];
