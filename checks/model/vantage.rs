//! What this vantage point cannot reach, whatever the hosts do.
use super::{HopView, Model};
use crate::prelude::*;
use alloc::collections::BTreeSet;

/// Whether a hop could not be heard because there is no way from here to addresses of its family: the network says so, or it
/// says nothing, and no host of that family was heard while hosts of the other one were.
pub(super) fn lacks_way_to(hop: &HopView, all: &[HopView]) -> bool {
    let Some(own) = hop.hop.address else { return false };
    let how = hop.broke_off().map(|(_, miss)| miss.how);
    let heard = |six: bool| {
        let of_family = |other: &&HopView| other.hop.address.is_some_and(|address| address.is_ipv6() == six);
        all.iter().filter(of_family).any(HopView::heard_from)
    };
    let silent = !hop.heard_from() && matches!(how, Some(How::Unreachable | How::TimedOut));
    silent && !heard(own.is_ipv6()) && heard(!own.is_ipv6())
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
