//! The hosts from which the systems send to the Internet, and what SPF says of them.
use super::Model;
use super::spf::{self, Qualifier, Verdict};
use crate::evidence::System;
use crate::prelude::*;
use core::net::IpAddr;

/// An outbound address that SPF does not let pass.
pub struct Omitted {
    /// The address.
    pub ip: IpAddr,
    /// It with its name: `mail.contoso.com (192.0.2.7)`.
    pub name: String,
    /// What SPF says instead.
    pub result: Qualifier,
    /// The term that decided.
    pub by: String,
    /// The look-ups of its addresses.
    pub seen: Vec<String>,
}

impl Model<'_> {
    /// The outbound addresses of `system` that SPF omits, and what could not be told. Addresses that the Internet never
    /// sees are passed over.
    pub fn omitted_by_spf(&self, system: &System) -> (Vec<Omitted>, Vec<Gap>) {
        let sends = &*system.name;
        if system.outbound.is_empty() {
            return (vec![], vec![self.unnamed(system)]);
        }
        let (mut omitted, mut gaps) = (vec![], vec![]);
        for host in &system.outbound {
            let what = format!("the addresses of {host}, from which {sends} sends");
            let (found, seen) = match self.addresses(host) {
                Addresses::Known(found, seen) => (found, seen),
                Addresses::Unknown(miss) => {
                    gaps.push(no_dns(what, &miss));
                    continue;
                }
                Addresses::NotAsked => (vec![], vec![]),
            };
            if found.is_empty() {
                gaps.push(Gap::unanswered(what, "DNS has none", "an 'outbound' that resolves"));
            } else if found.iter().all(|ip| spf::is_private(*ip)) {
                let what = format!("the public address behind {host}, from which {sends} sends");
                gaps.push(Gap::not_asked(what, "that address in 'outbound' of the system"));
            }
            for ip in found.into_iter().filter(|ip| !spf::is_private(*ip)) {
                let what = format!("whether SPF covers {ip}, from which {sends} sends");
                let (why, supply) = match spf::verdict(&self.evidence.dns, self.domain, ip) {
                    Verdict::Result(Qualifier::Pass, _) | Verdict::None => continue,
                    Verdict::Result(result, by) => {
                        let name = if *host == ip.to_string() { host.clone() } else { format!("{host} ({ip})") };
                        omitted.push(Omitted { ip, name, result, by, seen: seen.clone() });
                        continue;
                    }
                    Verdict::Several(count) => (format!("{count} SPF records"), "one SPF record"),
                    Verdict::Permanent(why) => (format!("a permanent error: {why}"), "an SPF record that can be read"),
                    Verdict::Temporary(why) => (why, "--resolver IP of a DNS server that answers"),
                    Verdict::Open(why) => (why, "a test message to a host that shows what SPF said"),
                };
                gaps.push(Gap::unanswered(what, why, supply));
            }
        }
        (omitted, gaps)
    }

    /// The gap that nobody said from where a system sends. Where it takes mail is no proof: many send through other
    /// hosts.
    fn unnamed(&self, system: &System) -> Gap {
        let what = format!("the hosts from which {} sends to the Internet", system.name);
        let mut gap = Gap::not_asked(what, "'outbound' of the system in the configuration");
        let uncovered = self.hops.iter().filter(|hop| hop.hop.system.as_ref() == Some(&system.name)).find(|hop| {
            let public = hop.hop.address.filter(|ip| !spf::is_private(*ip));
            let verdict = public.map(|ip| spf::verdict(&self.evidence.dns, self.domain, ip));
            matches!(verdict, Some(Verdict::Result(Qualifier::Fail | Qualifier::SoftFail, _)))
        });
        if let Some(hop) = uncovered {
            gap.why = format!("not asked for; SPF does not cover {}, where it takes mail", hop.name());
        }
        gap
    }
}
