//! Where an organisation hands on mail for one domain: by which connector, to whom, or nowhere.
//!
//! Without a connector Exchange on premises leaves mail in its Unreachable queue until it expires (Microsoft, "Connector
//! selection in external message routing"); Exchange Online goes by the MX.
use super::path::Step;
use super::{Model, Object, OrganisationView};
use crate::judge::Gap;
use crate::prelude::*;

/// What the domains that Microsoft gives a tenant end with.
const CLOUD: &str = ".onmicrosoft.com";

/// The way of a domain's mail out of an organisation.
pub struct Onward<'a> {
    /// Where it ends.
    pub end: End<'a>,
    /// Its steps, in order.
    pub steps: Vec<Step>,
    /// JSON Pointers to what says so.
    pub seen: Vec<String>,
}

/// Where mail is handed on to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End<'a> {
    /// A host of this system.
    System(&'a str),
    /// Hosts that are nobody's, as far as is known.
    Beyond,
    /// The organisation that it came from.
    Back,
    /// Nowhere: it waits and expires, or bounces for want of a host.
    Stranded,
    /// A fact is missing.
    Unknown(Gap),
}

/// A routing domain whose mail ends nowhere, or where it began.
pub struct Stranding<'m, 'a> {
    /// The organisation.
    pub organisation: &'m OrganisationView<'a>,
    /// The routing domain.
    pub domain: String,
    /// The objects that are sent on to it.
    pub objects: Vec<&'m Object<'a>>,
    /// The way.
    pub onward: Onward<'a>,
}

impl<'a> Model<'a> {
    /// Where `organisation` hands on mail for `domain`: the shared one, or one that an object targets.
    pub fn onward<'d>(&self, organisation: &OrganisationView<'d>, domain: &'d str) -> Onward<'a> {
        let mut way = Onward { end: End::Beyond, steps: Vec::new(), seen: Vec::new() };
        way.end = self.way(organisation, domain, &mut way).unwrap_or_else(End::Unknown);
        way
    }

    fn way<'d>(
        &self,
        organisation: &OrganisationView<'d>,
        domain: &'d str,
        way: &mut Onward<'a>,
    ) -> Result<End<'a>, Gap> {
        let system = organisation.system;
        let Some(exit) = organisation.exit(domain)? else {
            if organisation.is_online() {
                way.step("send-connector", format!("no outbound connector serves {domain}"));
                return self.way_by_mx(organisation, domain, way);
            }
            let routing = organisation.choice(domain)?;
            way.seen.push(routing.pointer().into());
            let says = format!(
                "no send connector serves {domain}: it waits in the Unreachable queue and expires{}",
                routing.why_others_lost()
            );
            way.step("send-connector", says);
            return Ok(End::Stranded);
        };
        way.seen.push(exit.pointer.clone());
        way.step("send-connector", format!("'{}' serves {domain}", exit.name));
        if exit.smart_hosts.is_empty() {
            return self.way_by_mx(organisation, domain, way);
        }
        way.step("smart-host", exit.smart_hosts.join(", "));
        if exit.smart_hosts.iter().all(|host| self.resolves_to_nothing(host)) {
            way.step("smart-host", "it has no address: mail waits in the queue and expires");
            return Ok(End::Stranded);
        }
        let mut end = End::Beyond;
        // Several are taken in turn, so that one which leads back is enough.
        for host in exit.smart_hosts {
            let to = match self.gateway_at(host, exit.port) {
                // What a gateway does with another domain than the shared one is its own matter.
                Some(gateway) => {
                    way.seen.push(gateway.pointer());
                    self.delivers_to(gateway).filter(|_| domain == self.domain)
                }
                None => self.owner(host, exit.port).map(|owner| {
                    way.seen.extend(owner.seen);
                    owner.system
                }),
            };
            match to {
                Some(to) if to == system => return Ok(End::Back),
                Some(to) if end == End::Beyond => end = End::System(to),
                _ => {}
            }
        }
        Ok(end)
    }

    fn way_by_mx(&self, organisation: &OrganisationView, domain: &str, way: &mut Onward<'a>) -> Result<End<'a>, Gap> {
        let system = organisation.system;
        way.step("send-connector", format!("it goes by the MX records of {domain}"));
        // The routing domain of a tenant, by which on-premises Exchange hands on to Exchange Online.
        let mut tenants = self.organisations.iter().filter(|other| other.is_online());
        if let (true, Some(tenant), None) = (domain.ends_with(CLOUD), tenants.next(), tenants.next()) {
            // One whose own domains of that kind are known has no others.
            let others =
                tenant.accepted_domains().is_ok_and(|(_, all)| all.iter().any(|one| one.domain.ends_with(CLOUD)));
            return Ok(match matches!(tenant.accepting(domain), Ok(None)) && others {
                true => End::Beyond,
                false if tenant.system == system => End::Back,
                false => End::System(tenant.system),
            });
        }
        let by_mx = self.by_mx(domain)?;
        way.seen.extend(by_mx.seen);
        if by_mx.systems.contains(&system) {
            way.step("smart-host", format!("the MX leads to {system} again"));
            return Ok(End::Back);
        }
        match (by_mx.systems.first(), by_mx.strangers.is_empty()) {
            (Some(to), _) => Ok(End::System(to)),
            (None, false) => Ok(End::Beyond),
            (None, true) => {
                way.step("smart-host", format!("DNS has no host for {domain}: it bounces with 5.4.4"));
                Ok(End::Stranded)
            }
        }
    }

    /// The routing domains of all organisations whose mail ends nowhere, or where it began, and what is missing to tell.
    pub fn strandings(&self) -> (Vec<Stranding<'_, 'a>>, Vec<Gap>) {
        let (mut found, mut gaps) = (Vec::new(), Vec::new());
        for organisation in &self.organisations {
            for (domain, objects) in self.routing_domains(organisation) {
                let onward = self.onward(organisation, &domain);
                match &onward.end {
                    End::Unknown(gap) => gaps.push(gap.clone()),
                    End::Stranded | End::Back => found.push(Stranding { organisation, domain, objects, onward }),
                    End::System(_) | End::Beyond => {}
                }
            }
        }
        (found, gaps)
    }
}

impl Onward<'_> {
    fn step(&mut self, at: &str, says: impl Into<String>) {
        self.steps.push(Step { at: at.into(), says: says.into() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::dns::RecordKind;
    use crate::stories::{World, connector, outbound};

    /// Where mail for `domain` ends that leaves the first organisation, and the last step.
    fn onward(world: &World, domain: &str) -> (String, String) {
        let case = Case::new(&world.question, &world.evidence);
        let way = case.model.onward(&case.model.organisations[0], domain);
        let end = match way.end {
            End::Unknown(gap) => gap.what,
            end => format!("{end:?}"),
        };
        (end, way.steps.last().map_or(String::new(), |step| step.says.clone()))
    }

    #[test]
    fn a_routing_domain_needs_a_connector_that_leads_somewhere() {
        let routed = "zimbra.contoso.com";
        let world = World::healthy();
        let lost = "('To Zimbra' serves contoso.com)";
        let stuck = format!("no send connector serves {routed}: it waits in the Unreachable queue and expires {lost}");
        assert_eq!(onward(&world, routed), ("Stranded".into(), stuck));
        assert_eq!(onward(&world, "contoso.com").0, "System(\"zimbra\")");
        type Row = (&'static str, fn(&mut World), &'static str);
        let cases: [Row; 10] = [
            ("its own", |_| {}, "System(\"zimbra\")"),
            ("disabled", |world| world.connectors()[1].enabled = false, "Stranded"),
            ("nobody's host", |world| world.connectors()[1].smart_hosts = vec!["10.0.0.99".into()], "Beyond"),
            ("Exchange itself", |world| world.connectors()[1].smart_hosts = vec!["10.0.0.10".into()], "Back"),
            (
                "a host that has no address",
                |world| {
                    world.connectors()[1].smart_hosts = vec!["gone.contoso.com".into()];
                    world.dns("gone.contoso.com", RecordKind::A, "NXDOMAIN");
                    world.dns("gone.contoso.com", RecordKind::Aaaa, "NXDOMAIN");
                },
                "Stranded",
            ),
            ("by an MX that nobody asked for", |world| world.connectors()[1].smart_hosts.clear(), "the MX records of"),
            (
                "by its MX",
                |world| {
                    world.connectors()[1].smart_hosts.clear();
                    world.dns("zimbra.contoso.com", RecordKind::Mx, "10 smarthost.contoso.com");
                },
                "System(\"zimbra\")",
            ),
            (
                "by the wildcard and an MX that is the gateway",
                |world| {
                    world.connectors()[1] = connector("Internet", "SMTP:*;1");
                    world.connectors()[1].smart_hosts.clear();
                    world.dns("zimbra.contoso.com", RecordKind::Mx, "10 mx1.contoso.com");
                },
                "Back",
            ),
            (
                "by a domain that does not exist",
                |world| {
                    world.connectors()[1].smart_hosts.clear();
                    world.dns("zimbra.contoso.com", RecordKind::Mx, "NXDOMAIN");
                },
                "Stranded",
            ),
            (
                "one that may be disabled",
                |world| world.connectors()[1].unreadable.add("enabled", "x"),
                "the send connector 'Routed' of corp",
            ),
        ];
        for (name, change, expected) in cases {
            let mut world = World::healthy();
            world.connectors().push(connector("Routed", "SMTP:zimbra.contoso.com;1"));
            change(&mut world);
            let (end, last) = onward(&world, routed);
            assert!(end.starts_with(expected), "{name}: {end}: {last}");
        }
    }

    #[test]
    fn a_tenant_without_a_connector_goes_by_the_mx() {
        let mut world = World::online();
        world.outbound_connectors().clear();
        assert_eq!(onward(&world, "contoso.com"), ("Back".into(), "the MX leads to corp again".into()));
        world.dns("corp.contoso.com", RecordKind::Mx, "10 smarthost.contoso.com");
        assert_eq!(onward(&world, "corp.contoso.com").0, "System(\"zimbra\")");
        world.outbound_connectors().push(outbound("To corp", "corp.contoso.com"));
        assert_eq!(onward(&world, "corp.contoso.com").0, "System(\"zimbra\")");
    }

    #[test]
    fn remote_mailboxes_without_a_way_to_the_tenant_are_found_with_their_domain() {
        let mut world = World::hybrid();
        let found = |world: &World| {
            let case = Case::new(&world.question, &world.evidence);
            let (found, gaps) = case.model.strandings();
            let named = |one: &Stranding| {
                let names: Vec<String> = one.objects.iter().map(|object| object.name()).collect();
                format!("{} {}: {}", one.organisation.system, one.domain, names.join(", "))
            };
            (found.iter().map(named).collect::<Vec<_>>(), gaps.into_iter().map(|gap| gap.what).collect::<Vec<_>>())
        };
        let stranded = "corp contoso.mail.onmicrosoft.com: eva@contoso.com";
        world.connectors().clear();
        assert_eq!(found(&world), (vec![stranded.to_string()], vec![]), "no connector at all");
        let mut way = connector("To the tenant", "SMTP:contoso.mail.onmicrosoft.com;1");
        way.smart_hosts.clear();
        world.connectors().push(way);
        assert_eq!(found(&world), (vec![], vec![]));
        world.connectors()[0] = connector("Internet", "SMTP:*;1");
        world.connectors()[0].smart_hosts.clear();
        assert_eq!(found(&world), (vec![], vec![]), "the connector for all domains asks for its MX");
        world.connectors()[0].enabled = false;
        assert_eq!(found(&world).0, [stranded]);
        world.connectors()[0].enabled = true;
        let Observed::Known(all) = &mut world.organisation_at(1).accepted_domains else { panic!() };
        let mut own = all[0].clone();
        own.domain = "fabrikam.onmicrosoft.com".into();
        all.push(own);
        let case = Case::new(&world.question, &world.evidence);
        let corp = &case.model.organisations[0];
        assert_eq!(case.model.onward(corp, "contoso.mail.onmicrosoft.com").end, End::Beyond, "another tenant's");
        assert_eq!(case.model.onward(corp, "fabrikam.onmicrosoft.com").end, End::System("cloud"));
        world.organisation().send_connectors = Observed::NotAsked;
        assert_eq!(found(&world), (vec![], vec!["the send connectors of corp".into()]));
    }
}
