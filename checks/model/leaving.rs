//! Whether mail of the shared domain has to leave an organisation, and where the MX of a domain leads.
//!
//! An authoritative domain relays nothing (Microsoft, "Accepted domains in Exchange Server"): what leaves it is what an
//! object targets. Contacts and mail users whose target is in the shared domain itself go out by its connector; those
//! with a routing domain of their own, as `orders@zimbra.contoso.com`, by that domain's.
use super::{Model, Object, OrganisationView, State};
use crate::evidence::address;
use crate::evidence::dns::RecordKind;
use crate::evidence::exchange::DomainKind;
use crate::judge::{Gap, no_dns};
use crate::prelude::*;
use alloc::collections::BTreeMap;

/// Where the best MX hosts of a domain lead.
pub struct ByMx<'a> {
    /// The systems, each once.
    pub systems: Vec<&'a str>,
    /// The gateway by which each of them is reached, by its place among the hops, where it is one.
    pub gateways: Vec<Option<usize>>,
    /// The hosts that are nobody's.
    pub strangers: Vec<String>,
    /// JSON Pointers to what says so.
    pub seen: Vec<String>,
}

impl<'a> Model<'a> {
    /// What sends mail of the shared domain out of `organisation`, as JSON Pointers: the accepted domain that is relayed,
    /// or the objects that target the domain. None where nothing does, so that its connectors carry nothing of it.
    pub fn leaves(&self, organisation: &OrganisationView) -> Result<Option<Vec<String>>, Gap> {
        let Some((pointer, entry)) = organisation.accepted_domain()? else { return Ok(Some(vec![])) };
        if entry.kind != DomainKind::Authoritative {
            return Ok(Some(vec![format!("{pointer}/kind")]));
        }
        let here = |object: &&Object| object.system == organisation.system && sends_to(object, self.domain);
        let targeted: Vec<String> =
            self.objects().iter().filter(here).take(3).map(|object| object.pointer.clone()).collect();
        if !targeted.is_empty() {
            return Ok(Some([pointer].into_iter().chain(targeted).collect()));
        }
        // Whether there is none only a sweep tells.
        let what = format!("whether an object of {} targets {}", organisation.system, self.domain);
        let supply = organisation.recipients_supply();
        let mut lacking = Gap::not_asked(&*what, &*supply);
        for (_, directory) in &organisation.directories {
            match (&directory.noteworthy, &directory.noteworthy_incomplete) {
                (Observed::Known(_), None) => return Ok(None),
                (Observed::Unknown(miss), _) | (_, Some(miss)) => {
                    lacking = Gap::unanswered(&*what, miss.said.clone(), &*supply);
                }
                (Observed::NotAsked, None) => {}
            }
        }
        Err(lacking)
    }

    /// The routing domains of the organisation: those other than the shared one to which objects with an address in the
    /// shared domain are sent on, with the objects.
    pub fn routing_domains(&self, organisation: &OrganisationView) -> BTreeMap<String, Vec<&Object<'a>>> {
        let mut found: BTreeMap<String, Vec<&Object>> = BTreeMap::new();
        let own = self.objects().iter().filter(|object| object.system == organisation.system);
        for object in own.filter(|object| object.is_in(self.domain)) {
            let Some(domain) = sent_to(object).filter(|domain| domain != self.domain) else { continue };
            found.entry(domain).or_default().push(object);
        }
        found
    }

    /// Where the best MX hosts of `domain` lead, or its address where it has no MX (RFC 5321, 5.1).
    pub fn by_mx(&self, domain: &str) -> Result<ByMx<'a>, Gap> {
        let mut found = ByMx { systems: Vec::new(), gateways: Vec::new(), strangers: Vec::new(), seen: Vec::new() };
        let what = || format!("the MX records of {domain}");
        let Some((at, lookup)) = self.evidence.dns_of(domain, RecordKind::Mx) else {
            return Err(Gap::not_asked(what(), "a run that asks DNS for them"));
        };
        found.seen.push(format!("/evidence/dns/{at}"));
        let answer = match &lookup.answer {
            Observed::Known(answer) => answer,
            Observed::Unknown(miss) => return Err(no_dns(what(), miss)),
            Observed::NotAsked => return Err(Gap::not_asked(what(), "a run that asks DNS for them")),
        };
        let all = answer.exchanges();
        let best = all.first().map(|(preference, _)| *preference);
        let mut hosts: Vec<&str> = all.iter().filter(|(own, _)| Some(*own) == best).map(|(_, host)| *host).collect();
        if hosts.is_empty() {
            match self.addresses(domain) {
                Addresses::Known(addresses, _) if addresses.is_empty() => {}
                Addresses::Known(..) => hosts.push(domain),
                Addresses::Unknown(miss) => return Err(no_dns(format!("the addresses of {domain}"), &miss)),
                // A name that does not exist has none; else nobody asked.
                Addresses::NotAsked if !answer.exists => {}
                Addresses::NotAsked => return Err(Gap::not_asked(format!("the addresses of {domain}"), "")),
            }
        }
        // A null MX is an empty name (RFC 7505).
        for host in hosts.into_iter().filter(|host| !host.is_empty()) {
            let port = self.question.smtp_port;
            let gateway = self.gateway_at(host, port);
            let system = match gateway {
                Some(gateway) => {
                    found.seen.push(gateway.pointer());
                    self.delivers_to(gateway)
                }
                None => self.owner(host, port).map(|owner| {
                    found.seen.extend(owner.seen);
                    owner.system
                }),
            };
            match system {
                Some(system) if found.systems.contains(&system) => {}
                Some(system) => {
                    found.systems.push(system);
                    found.gateways.push(gateway.map(|hop| hop.at));
                }
                None => found.strangers.push(host.into()),
            }
        }
        Ok(found)
    }
}

/// The domain to which Exchange sends an object's mail on; groups and folders have none.
fn sent_to(object: &Object) -> Option<String> {
    let goes_on = !matches!(object.kind(), State::Group | State::PublicFolder);
    let target = object.target()?.ok().filter(|_| goes_on)?;
    Some(address::domain(&target).into())
}

fn sends_to(object: &Object, domain: &str) -> bool {
    sent_to(object).is_some_and(|target| target == domain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::World;

    fn leaves(world: &World) -> Result<bool, String> {
        let case = Case::new(&world.question, &world.evidence);
        case.model.leaves(&case.model.organisations[0]).map(|found| found.is_some()).map_err(|gap| gap.what)
    }

    #[test]
    fn an_authoritative_domain_relays_nothing_and_sends_on_what_targets_it() {
        let mut world = World::healthy();
        assert_eq!(leaves(&world), Ok(true), "relayed");
        world.accepted(|accepted| accepted.kind = DomainKind::ExternalRelay);
        assert_eq!(leaves(&world), Ok(true), "relayed");
        world.accepted(|accepted| accepted.kind = DomainKind::Authoritative);
        assert_eq!(leaves(&world), Ok(false));
        world.directory("orders@contoso.com", "contact targetAddress=SMTP:orders@zimbra.contoso.com");
        assert_eq!(leaves(&world), Ok(false), "a routing domain has a connector of its own");
        world.directory("sales@contoso.com", "contact targetAddress=SMTP:sales@contoso.com");
        assert_eq!(leaves(&world), Ok(true), "the shared domain itself");
        world.directory("sales@contoso.com", "");
        world.evidence.directories[0].noteworthy = Observed::NotAsked;
        assert_eq!(leaves(&world), Err("whether an object of corp targets contoso.com".into()), "not swept");
        world.accepted(|accepted| accepted.kind = DomainKind::Unknown);
        assert_eq!(leaves(&world), Err("the type of the accepted domain 'contoso.com' of corp".into()));
    }

    #[test]
    fn the_best_mx_hosts_lead_where_their_owner_is() {
        type Row = (&'static str, Result<(&'static [&'static str], usize), &'static str>);
        let cases: [Row; 7] = [
            ("10 mx1.contoso.com", Ok((&["corp"], 0))),
            ("10 smarthost.contoso.com, 20 mx1.contoso.com", Ok((&["zimbra"], 0))),
            ("10 mx1.contoso.com, 10 mx.example.net", Ok((&["corp"], 1))),
            ("10 mx.example.net", Ok((&[], 1))),
            ("0 .", Ok((&[], 0))),
            ("NXDOMAIN", Ok((&[], 0))),
            ("SERVFAIL", Err("the MX records of contoso.com")),
        ];
        for (records, expected) in cases {
            let mut world = World::healthy();
            world.dns("contoso.com", RecordKind::Mx, records);
            let case = Case::new(&world.question, &world.evidence);
            let found = case.model.by_mx("contoso.com").map(|found| (found.systems, found.strangers.len()));
            let expected = expected.map(|(systems, strangers)| (systems.to_vec(), strangers)).map_err(String::from);
            assert_eq!(found.map_err(|gap| gap.what), expected, "{records}");
        }
    }
}
