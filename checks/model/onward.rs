//! Where an organisation hands on mail for one domain: by which connector, to whom, or nowhere.
//!
//! Without a connector Exchange on premises leaves mail in its Unreachable queue until it expires (Microsoft, "Connector
//! selection in external message routing"); Exchange Online goes by the MX.
use super::exits::{Exit, ToEdge};
use super::path::{Fact, Step, Strand};
use super::{Addresses, Model, Object, OrganisationView};
use crate::evidence::exchange::DomainKind;
use crate::judge::Gap;
use crate::prelude::*;

/// What the domains that Microsoft gives a tenant end with.
const CLOUD: &str = ".onmicrosoft.com";

/// The way of a domain's mail out of an organisation.
#[derive(Clone)]
pub struct Onward<'a> {
    /// Where it ends.
    pub end: End<'a>,
    /// Its steps, in order.
    pub steps: Vec<Step>,
    /// Whether it is the way from another AD site than the winning connector's.
    pub aside: bool,
    /// What it supposes, because no configuration says it.
    pub supposes: Option<String>,
    /// The gateway that it passes again, by its place among the hops.
    pub gateway: Option<usize>,
}

/// Where mail is handed on to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End<'a> {
    /// A host of this system.
    System(&'a str),
    /// A gateway, which hands it to this system.
    Gateway(&'a str),
    /// A smart host that is nobody's, by a connector that is meant for the shared domain: the other system's, as it seems.
    Presumed,
    /// Hosts that are nobody's, as far as is known.
    Beyond,
    /// The organisation that it came from.
    Back,
    /// Nowhere: it waits and expires, or bounces for want of a host.
    Stranded(Strand),
    /// A fact is missing.
    Unknown(Fact, Gap),
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

impl<'a> Onward<'a> {
    /// JSON Pointers to what says so.
    pub fn seen(&self) -> impl Iterator<Item = &String> {
        self.steps.iter().flat_map(|step| &step.evidence)
    }

    fn step(mut self, at: &str, host: Option<&str>, says: impl Into<String>, evidence: Vec<String>) -> Self {
        self.steps.push(Step { at: at.into(), host: host.map(String::from), says: says.into(), evidence });
        self
    }

    fn ends(mut self, end: End<'a>) -> Self {
        self.end = end;
        self
    }

    /// The place among the ways of one domain: the least is told.
    fn badness(&self) -> u8 {
        match self.end {
            End::Back => 0,
            End::Stranded(_) => 1,
            End::Unknown(..) => 2,
            End::System(_) | End::Gateway(_) => 3,
            End::Presumed | End::Beyond => 4,
        }
    }
}

impl<'a> Model<'a> {
    /// Where `organisation` hands on mail for `domain`, the shared one or one that an object targets: the way that ends worst.
    pub fn onward(&self, organisation: &OrganisationView, domain: &str) -> Onward<'a> {
        let all = self.ways_out(organisation, domain, 0);
        all.into_iter().min_by_key(|way| (way.aside, way.badness())).expect("there is a way, or a lack of one")
    }

    /// [`Self::ways_out`], found once for each domain and size.
    pub fn known_ways_out(&self, organisation: &OrganisationView<'a>, domain: &str, bytes: u64) -> Vec<Onward<'a>> {
        let key = (organisation.system, domain.to_string(), bytes);
        if let Some(known) = self.ways.borrow().get(&key) {
            return known.clone();
        }
        let found = self.ways_out(organisation, domain, bytes);
        self.ways.borrow_mut().insert(key, found.clone());
        found
    }

    /// The ways by which a message of `bytes` for `domain` leaves `organisation`, the likeliest first: the connector of each AD
    /// site where sites differ, and each smart host.
    pub fn ways_out(&self, organisation: &OrganisationView, domain: &str, bytes: u64) -> Vec<Onward<'a>> {
        let start = |aside| Onward { end: End::Beyond, steps: Vec::new(), aside, supposes: None, gateway: None };
        let exits = match organisation.exits(domain, bytes) {
            Ok(exits) => exits,
            Err(gap) => return vec![start(false).ends(End::Unknown(Fact::Configuration, gap))],
        };
        let mut ways = Vec::new();
        for way in &exits {
            let none = || start(way.site.is_some());
            let from = way.site.map(|site| format!("from {site}: ")).unwrap_or_default();
            let Some(exit) = &way.exit else {
                let seen = organisation.connectors_seen().into_iter().collect();
                // Without a connector Exchange Online takes the way of the MX, and Exchange none.
                if organisation.is_online() {
                    let step =
                        none().step("send-connector", None, format!("no outbound connector serves {domain}"), seen);
                    ways.extend(self.ways_by_mx(organisation, domain, step));
                    continue;
                }
                let says = format!(
                    "{from}no send connector serves {domain}: it waits in the Unreachable queue and expires{}",
                    way.lost
                );
                ways.push(none().step("send-connector", None, says, seen).ends(End::Stranded(Strand::NoConnector)));
                continue;
            };
            let says = format!("{from}'{}' serves {domain}{}", exit.name, way.lost);
            let step = none().step("send-connector", None, says, vec![exit.pointer.clone()]);
            match exit.to_edge {
                // Its connector SMTP:-- sends all authoritative and internal relay domains back inside.
                ToEdge::Yes if exit.by_wildcard && self.comes_in_again(organisation, domain) => {
                    let says = "it sends from the Edge server, which sends the domain's mail back inside";
                    ways.push(step.step("smart-host", None, says, Vec::new()).ends(End::Back));
                }
                ToEdge::Unknown if exit.by_wildcard && self.comes_in_again(organisation, domain) => {
                    let what = format!("from which servers '{}' of {} sends", exit.name, organisation.system);
                    let gap = Gap::unanswered(what, "none is shown", "--exchange-export with Get-SendConnector");
                    ways.push(step.ends(End::Unknown(Fact::Configuration, gap)));
                }
                ToEdge::Yes | ToEdge::No | ToEdge::Unknown if exit.smart_hosts.is_empty() => {
                    ways.extend(self.ways_by_mx(organisation, domain, step));
                }
                ToEdge::Yes | ToEdge::No | ToEdge::Unknown => {
                    ways.extend(self.by_smart_hosts(organisation, domain, exit, step))
                }
            }
        }
        ways
    }

    /// Whether an Edge server hands mail for `domain` back to the organisation: it accepts it, and a subscription is seen.
    fn comes_in_again(&self, organisation: &OrganisationView, domain: &str) -> bool {
        let accepted = organisation.accepted_domain_for(domain).is_ok_and(|found| {
            found.is_some_and(|(_, one)| matches!(one.kind, DomainKind::InternalRelay | DomainKind::Authoritative))
        });
        accepted && organisation.edge_subscriptions().is_ok_and(|(_, all)| !all.is_empty())
    }

    /// The ways by each smart host that has an address: Exchange takes them in turn, and passes over one that has none.
    fn by_smart_hosts(
        &self,
        organisation: &OrganisationView,
        domain: &str,
        exit: &Exit,
        step: Onward<'a>,
    ) -> Vec<Onward<'a>> {
        let (dead, alive): (Vec<&String>, Vec<&String>) =
            exit.smart_hosts.iter().partition(|host| self.resolves_to_nothing(host));
        let pointers = |host: &str| match self.addresses(host) {
            Addresses::Known(_, seen) => seen,
            Addresses::Unknown(_) | Addresses::NotAsked => Vec::new(),
        };
        if alive.is_empty() {
            let seen = dead.iter().flat_map(|host| pointers(host)).collect();
            let says =
                format!("{}: no address, so that mail waits in the queue and expires", exit.smart_hosts.join(", "));
            let host = exit.smart_hosts.first().map(String::as_str);
            return vec![step.step("smart-host", host, says, seen).ends(End::Stranded(Strand::NoAddress))];
        }
        let mut ways: Vec<(End<'a>, Vec<&String>, Vec<String>, &str)> = Vec::new();
        for host in alive {
            let (end, seen, says) = self.behind_smart_host(organisation, domain, exit, host);
            match ways.iter_mut().find(|(known, ..)| *known == end) {
                Some((_, hosts, all, _)) => {
                    hosts.push(host);
                    all.extend(seen);
                }
                None => ways.push((end, vec![host], seen, says)),
            }
        }
        let told = |(end, hosts, seen, says): (End<'a>, Vec<&String>, Vec<String>, &str)| {
            let names = hosts.iter().map(|host| host.as_str()).collect::<Vec<_>>().join(", ");
            let whose = match &end {
                End::System(system) if says.is_empty() => format!(", a host of {system}"),
                End::Back if says.is_empty() => format!(", a host of {} itself", organisation.system),
                End::System(_) | End::Gateway(_) | End::Presumed | End::Beyond => says.to_string(),
                End::Back | End::Stranded(_) | End::Unknown(..) => says.to_string(),
            };
            let says = format!("it goes to {names}{whose}");
            let mut way = step.clone().step("smart-host", hosts.first().map(|host| host.as_str()), says, seen);
            way.supposes = hosts.first().and_then(|host| self.supposed_of(host, exit.port));
            way.gateway = hosts.first().and_then(|host| Some(self.gateway_at(host, exit.port)?.at));
            way.ends(end)
        };
        ways.into_iter().map(told).collect()
    }

    /// Where one smart host leads, what says so, and in words what it is.
    fn behind_smart_host(
        &self,
        organisation: &OrganisationView,
        domain: &str,
        exit: &Exit,
        host: &str,
    ) -> (End<'a>, Vec<String>, &'static str) {
        let system = organisation.system;
        if let Some(gateway) = self.gateway_at(host, exit.port) {
            let seen = vec![gateway.pointer()];
            // What a gateway does with another domain than the shared one is its own matter.
            if domain != self.domain {
                return (End::Beyond, seen, ", the gateway");
            }
            if self.may_be_others(gateway) {
                let what = format!("whether {} hands mail to {system}", gateway.name());
                let gap = Gap::unanswered(what, "nothing tells whose host it is", "delivers_to in [[gateway]]");
                return (End::Unknown(Fact::Behind, gap), seen, ", the gateway");
            }
            let own = self.belongs_to(gateway);
            return match self.delivers_to(gateway) {
                Some(to) if to == system => (End::Back, seen, ", which is the gateway again"),
                Some(to) if own == Some(to) => (End::System(to), seen, ""),
                Some(to) => (End::Gateway(to), seen, ", which is the gateway again"),
                None => (End::Back, seen, ", which is the gateway again"),
            };
        }
        match self.owner(host, exit.port) {
            Some(owner) if owner.system == system => (End::Back, owner.seen, ""),
            Some(owner) => (End::System(owner.system), owner.seen, ""),
            // A connector for all domains leads to the Internet, unless its smart host is known.
            None if domain == self.domain && !exit.by_wildcard => (End::Presumed, Vec::new(), ""),
            None => (End::Beyond, Vec::new(), ", which is nobody's, as far as is known"),
        }
    }

    /// What is supposed of a smart host that is a gateway: to whom it hands what comes from inside, where nobody named that.
    fn supposed_of(&self, host: &str, port: u16) -> Option<String> {
        let gateway = self.gateway_at(host, port)?;
        let open = self.question.named_behind(gateway.hop).is_none() && self.belongs_to(gateway).is_none();
        let to = self.delivers_to(gateway).filter(|_| open)?;
        Some(format!("{} hands what comes from inside to {to}", gateway.name()))
    }

    fn ways_by_mx(&self, organisation: &OrganisationView, domain: &str, step: Onward<'a>) -> Vec<Onward<'a>> {
        let system = organisation.system;
        let step = step.step("send-connector", None, format!("it goes by the MX records of {domain}"), Vec::new());
        // The routing domain of a tenant, by which on-premises Exchange hands on to Exchange Online.
        let mut tenants = self.organisations.iter().filter(|other| other.is_online());
        if let (true, Some(tenant), None) = (domain.ends_with(CLOUD), tenants.next(), tenants.next()) {
            // One whose own domains of that kind are known has no others.
            let others =
                tenant.accepted_domains().is_ok_and(|(_, all)| all.iter().any(|one| one.domain.ends_with(CLOUD)));
            let end = match matches!(tenant.accepting(domain), Ok(None)) && others {
                true => End::Beyond,
                false if tenant.system == system => End::Back,
                false => End::System(tenant.system),
            };
            return vec![step.ends(end)];
        }
        let by_mx = match self.by_mx(domain) {
            Ok(found) => found,
            Err(gap) => return vec![step.ends(End::Unknown(Fact::Dns, gap))],
        };
        let lead = |(to, gateway): (&'a str, &Option<usize>)| {
            let says = match to == system {
                true => format!("the MX leads to {system} again"),
                false => format!("the MX leads to {to}"),
            };
            let end = if to == system { End::Back } else { End::System(to) };
            let mut way = step.clone().step("smart-host", None, says, by_mx.seen.clone());
            way.gateway = *gateway;
            way.ends(end)
        };
        match (&by_mx.systems[..], by_mx.strangers.is_empty()) {
            ([], false) => vec![step.ends(End::Beyond)],
            ([], true) => {
                let says = format!("DNS has no host for {domain}: it bounces with 5.4.4");
                vec![step.step("smart-host", None, says, by_mx.seen).ends(End::Stranded(Strand::NoHost))]
            }
            (systems, _) => systems.iter().copied().zip(&by_mx.gateways).map(lead).collect(),
        }
    }

    /// The routing domains of all organisations whose mail ends nowhere, or where it began, and what is missing to tell.
    pub fn strandings(&self) -> (Vec<Stranding<'_, 'a>>, Vec<Gap>) {
        let (mut found, mut gaps) = (Vec::new(), Vec::new());
        for organisation in &self.organisations {
            for (domain, objects) in self.routing_domains(organisation) {
                let onward = self.onward(organisation, &domain);
                match &onward.end {
                    End::Unknown(_, gap) => gaps.push(gap.clone()),
                    End::Stranded(_) | End::Back => found.push(Stranding { organisation, domain, objects, onward }),
                    End::System(_) | End::Gateway(_) | End::Presumed | End::Beyond => {}
                }
            }
        }
        (found, gaps)
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
            End::Unknown(_, gap) => gap.what,
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
        assert_eq!(onward(&world, routed), ("Stranded(NoConnector)".into(), stuck));
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
