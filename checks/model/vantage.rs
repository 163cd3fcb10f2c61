//! What this vantage point cannot reach, whatever the hosts do.
use super::{HopView, Model};
use crate::prelude::*;
use alloc::collections::BTreeSet;
use core::net::IpAddr;

/// Whether a hop could not be heard because there is no way from here to addresses of its family: the network says so, or it
/// says nothing, and no host of that family was heard while hosts of the other one were.
pub(super) fn lacks_way_to(hop: &HopView, all: &[HopView]) -> bool {
    let Some(own) = hop.hop.address else { return false };
    let how = hop.broke_off().map(|(_, miss)| miss.how);
    // Whoever answers, refuses or resets can be reached. What is local says nothing of the ways of IPv6 beyond.
    let reached = |six: bool| {
        let alike =
            |address: IpAddr| address.is_ipv6() == six && (!six || own.is_ipv4() || is_local(address) == is_local(own));
        let of_family = |other: &&HopView| other.hop.address.is_some_and(alike);
        all.iter()
            .filter(of_family)
            .any(|other| other.heard_from() || other.broke_off().is_some_and(|(_, miss)| answered(miss)))
    };
    let silent = !hop.heard_from() && matches!(how, Some(How::Unreachable | How::TimedOut));
    silent && !reached(own.is_ipv6()) && reached(!own.is_ipv6())
}

/// Whether a miss shows that packets get there and back.
fn answered(miss: &Miss) -> bool {
    matches!(miss.how, How::Refused | How::HungUp | How::Protocol)
}

/// Whether an address is no global one: loopback, link-local, or unique local (RFC 4193).
fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => {
            address.is_loopback()
                || matches!(address.segments()[0] & 0xfe00, 0xfc00)
                || matches!(address.segments()[0] & 0xffc0, 0xfe80)
        }
    }
}

/// Whether another address of the same host was heard.
pub(super) fn has_sibling(hop: &HopView, all: &[HopView]) -> bool {
    let same = |other: &&HopView| {
        (other.hop.role, other.hop.port) == (hop.hop.role, hop.hop.port)
            && other.hop.host.eq_ignore_ascii_case(&hop.hop.host)
    };
    all.iter().filter(same).any(HopView::heard_from)
}

impl Model<'_> {
    /// Whether `hop` was not heard because there is no way from here to addresses of its family.
    pub fn lacks_way_to(&self, hop: &HopView) -> bool {
        lacks_way_to(hop, &self.hops)
    }

    /// Whether this vantage point seems to have no way out on port 25: of two or more hosts there none answered, and none
    /// refused. What is heard at other ports says nothing about that one.
    pub fn port_blocked(&self) -> bool {
        let silent = |hop: &HopView| {
            let how = hop.broke_off().map(|(_, miss)| miss.how);
            !hop.heard_from() && matches!(how, Some(How::TimedOut | How::Unreachable))
        };
        let hosts: BTreeSet<_> = self.hops_at_25().map(|hop| hop.hop.host.to_lowercase()).collect();
        hosts.len() > 1 && self.hops_at_25().all(silent)
    }

    /// The hops at port 25 that have an address.
    pub fn hops_at_25(&self) -> impl Iterator<Item = &HopView<'_>> {
        self.hops.iter().filter(|hop| hop.hop.port == 25 && hop.hop.address.is_some())
    }
}
