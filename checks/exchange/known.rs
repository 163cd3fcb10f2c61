//! What of a new connector is in evidence: the hosts that it is to lead to, and the servers that it is to be on.
use crate::evidence::SystemKind;
use crate::evidence::servers::{ExchangeServer, ServerRole};
use crate::model::sites::server_name;
use crate::model::{HopView, OrganisationView};
use crate::prelude::*;
use alloc::collections::BTreeSet;
use core::net::IpAddr;

/// Names for a command, as far as it is known which are meant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// Those that are meant.
    pub names: Vec<String>,
    /// Else those that may be, with what tells them apart.
    pub perhaps: Vec<String>,
}

impl Known {
    /// `cmdlet` with these for `parameter`; else with a placeholder of `words`, and a comment that says what they may be.
    pub(crate) fn put(&self, cmdlet: Cmdlet, parameter: &'static str, words: &'static str) -> Cmdlet {
        match (&self.names[..], &self.perhaps[..]) {
            ([], []) => cmdlet.placeholder(parameter, words),
            ([], some) => {
                cmdlet.remark(&format!("{words}, of these: {}", listed(some, 12))).placeholder(parameter, words)
            }
            (names, _) => cmdlet.list(parameter, names),
        }
    }
}

/// The hosts of the other system, and their port.
pub(crate) struct Hosts {
    known: Known,
    port: u16,
    /// The port that stands for 25: the demo's hosts listen where they can.
    usual: u16,
    addresses: Vec<IpAddr>,
}

/// The hosts that take mail for the other system. Of several systems nobody knows which is meant, nor which of several
/// ports; a host that leads back into the organisation, or nowhere, is none.
pub(crate) fn other_hosts(case: &Case, organisation: &OrganisationView) -> Hosts {
    let model = &case.model;
    let others: Vec<_> = case.question.systems.iter().filter(|system| system.name != organisation.system).collect();
    let is_theirs = |hop: &&HopView| match hop.hop.role {
        Role::Other => true,
        Role::Exchange => others
            .iter()
            .any(|system| Some(&system.name) == hop.hop.system.as_ref() && system.kind == SystemKind::Exchange),
        Role::Gateway => false,
    };
    let leads_on = |hop: &&HopView| {
        let (host, port) = (&*hop.hop.host, hop.hop.port);
        let own = model.owner(host, port).is_some_and(|owner| owner.system == organisation.system);
        let back = |gateway: &HopView| model.delivers_to(gateway) == Some(organisation.system);
        !own && !model.gateway_at(host, port).is_some_and(back) && !model.resolves_to_nothing(host)
    };
    let mut all: Vec<&HopView> = model.hops.iter().filter(is_theirs).filter(leads_on).collect();
    if all.iter().any(|hop| hop.heard_from()) {
        all.retain(|hop| hop.heard_from());
    }
    let ports: BTreeSet<u16> = all.iter().map(|hop| hop.hop.port).collect();
    let is_clear = others.len() < 2 && ports.len() == 1;
    let told = |hop: &HopView| match (is_clear, hop.hop.port, hop.hop.system.as_deref()) {
        (true, ..) => hop.hop.host.clone(),
        (_, port, system) => format!("{} at port {port} ({})", hop.hop.host, system.unwrap_or("whose is not known")),
    };
    let addresses = all.iter().filter_map(|hop| hop.hop.address).filter(|_| is_clear).collect();
    let mut names: Vec<String> = Vec::new();
    for name in all.into_iter().map(told) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let (names, perhaps) = if is_clear { (names, Vec::new()) } else { (Vec::new(), names) };
    let usual = case.question.smtp_port;
    Hosts { known: Known { names, perhaps }, port: ports.first().copied().unwrap_or(usual), usual, addresses }
}

impl Hosts {
    /// Their names; a name that leads nowhere known, where none is.
    pub(super) fn names(&self) -> Vec<String> {
        if self.known.names.is_empty() { vec!["to-be-named.invalid".into()] } else { self.known.names.clone() }
    }

    /// Records that give `host` their addresses.
    pub(crate) fn records(&self, host: &str) -> Vec<String> {
        let record = |address: &IpAddr| match address {
            IpAddr::V4(address) => format!("{host}. IN A {address}"),
            IpAddr::V6(address) => format!("{host}. IN AAAA {address}"),
        };
        self.addresses.iter().map(record).collect()
    }

    /// Their port.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// `cmdlet` with these as the smart hosts of a send connector whose port is `before` until then.
    pub(crate) fn put(&self, cmdlet: Cmdlet, before: u16) -> Cmdlet {
        let cmdlet = self.known.put(cmdlet, "SmartHosts", "the host of the other system");
        match self.is_at_another_port(before) {
            true => cmdlet.number("Port", self.port.into()),
            false => cmdlet,
        }
    }

    /// The same for an outbound connector, which has no port.
    pub(crate) fn put_online(&self, cmdlet: Cmdlet) -> Cmdlet {
        let cmdlet = self.put(cmdlet, self.port);
        match self.is_at_another_port(25) {
            true => cmdlet.remark(&format!(
                "that system was asked at port {}; an outbound connector has no such setting, so have it listen on 25",
                self.port
            )),
            false => cmdlet,
        }
    }

    /// Whether a connector that had `before` is set another port with them.
    pub(crate) fn is_at_another_port(&self, before: u16) -> bool {
        let real = |port| if port == self.usual { 25 } else { port };
        !self.known.names.is_empty() && real(self.port) != real(before)
    }
}

/// The servers that route mail, and whether that is all of them: where the roles of one could not be read it may be another.
fn routing(organisation: &OrganisationView) -> Option<(Vec<ExchangeServer>, bool)> {
    let (_, servers) = organisation.servers().ok()?;
    let routes = |server: &&ExchangeServer| {
        server.roles.iter().any(|role| matches!(role, ServerRole::Mailbox | ServerRole::HubTransport))
    };
    let whole = servers.iter().all(|server| server.unreadable.of(&["roles"]).is_none());
    Some((servers.iter().filter(routes).cloned().collect(), whole))
}

/// The Mailbox servers, where they are known.
pub(crate) fn mailbox_servers(organisation: &OrganisationView) -> Known {
    let names = |all: Vec<ExchangeServer>| all.into_iter().map(|server| server.name).collect();
    match routing(organisation) {
        None => Known::default(),
        Some((all, true)) => Known { names: names(all), perhaps: Vec::new() },
        Some((all, false)) => Known { names: Vec::new(), perhaps: names(all) },
    }
}

/// The servers that a new send connector is to be on: those that send to other systems by smart host already, else all
/// Mailbox servers where they are in one AD site. Where they are in several, somebody has to choose.
pub(crate) fn sources(organisation: &OrganisationView) -> Known {
    let Some((servers, whole)) = routing(organisation) else { return Known::default() };
    let is_one = |name: &String| servers.iter().any(|server| server.name.eq_ignore_ascii_case(name));
    let connectors = organisation.send_connectors().map(|(_, all)| all.as_slice()).unwrap_or_default();
    let mut sets: BTreeSet<Vec<String>> = BTreeSet::new();
    for connector in connectors.iter().filter(|one| one.enabled && !one.smart_hosts.is_empty()) {
        let mut set: Vec<String> = connector.source_servers.iter().map(|name| server_name(name).into()).collect();
        set.sort_unstable();
        // Edge servers are no way out for what Mailbox servers hold, and a server that is gone sends nothing.
        if !set.is_empty() && set.iter().all(is_one) {
            sets.insert(set);
        }
    }
    let one_site = organisation.routing_sites().is_some_and(|sites| sites.len() == 1);
    let told = |server: &ExchangeServer| match &server.site {
        Some(site) => format!("{} in {site}", server.name),
        None => server.name.clone(),
    };
    match (sets.len(), sets.pop_first()) {
        (1, Some(names)) => Known { names, perhaps: Vec::new() },
        _ if whole && one_site => mailbox_servers(organisation),
        _ => Known { names: Vec::new(), perhaps: servers.iter().map(told).collect() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::dns::RecordKind;
    use crate::stories::{OTHER, World};

    fn server(name: &str, site: &str, roles: &[ServerRole]) -> ExchangeServer {
        let (name, site) = (name.into(), Some(site.into()));
        ExchangeServer { name, site, roles: roles.to_vec(), ..ExchangeServer::default() }
    }

    /// What becomes of a command, with its comments.
    fn told(world: &World, put: fn(&Case, &OrganisationView) -> Cmdlet) -> Vec<String> {
        let case = Case::new(&world.question, &world.evidence);
        crate::remedy::lines(&[put(&case, &case.model.organisations[0]).into()])
    }

    #[test]
    fn the_servers_that_send_are_named_where_it_is_clear_which_they_are() {
        let put = |_: &Case, own: &OrganisationView| sources(own).put(Cmdlet::new("X"), "S", "the servers");
        let mut world = World::healthy();
        assert_eq!(told(&world, put), ["X -S <the servers>"], "no server was read");
        let berlin = || server("EX01", "Berlin", &[ServerRole::Mailbox]);
        let edge = || server("EDGE01", "Berlin", &[ServerRole::Edge]);
        world.organisation().servers = Observed::Known(vec![berlin(), edge()]);
        assert_eq!(told(&world, put), ["X -S 'EX01'"], "the Edge server is none");
        let second = server("EX02", "Berlin", &[ServerRole::Mailbox]);
        world.organisation().servers = Observed::Known(vec![berlin(), second.clone(), edge()]);
        assert_eq!(told(&world, put), ["X -S 'EX01','EX02'"]);
        world.connector(|one| one.source_servers = vec!["EX02".into()]);
        assert_eq!(told(&world, put), ["X -S 'EX02'"], "it sends already");
        world.connector(|one| one.source_servers = vec!["EX09".into()]);
        assert_eq!(told(&world, put), ["X -S 'EX01','EX02'"], "that one is gone");
        let paris = server("EX03", "Paris", &[ServerRole::Mailbox]);
        world.organisation().servers = Observed::Known(vec![berlin(), paris]);
        let choice = ["# the servers, of these: EX01 in Berlin and EX03 in Paris", "X -S <the servers>"];
        assert_eq!(told(&world, put), choice);
        let mut unread = second;
        unread.unreadable.add("roles", "x");
        world.organisation().servers = Observed::Known(vec![berlin(), unread]);
        assert!(told(&world, put)[1].contains("<the servers>"), "it may be another than a Mailbox server");
    }

    #[test]
    fn the_other_systems_host_is_named_where_there_is_one_system_and_it_leads_there() {
        let put = |case: &Case, own: &OrganisationView| other_hosts(case, own).put(Cmdlet::new("X"), 25);
        let mut world = World::healthy();
        assert_eq!(told(&world, put), ["X -SmartHosts 'smarthost.contoso.com'"]);
        world.hop("other/smart2.contoso.com/10.0.0.45:25");
        assert_eq!(told(&world, put), ["X -SmartHosts 'smarthost.contoso.com'"], "the other one was not heard");
        world.session("other/smart2.contoso.com/10.0.0.45:25", &[]);
        assert_eq!(told(&world, put), ["X -SmartHosts 'smarthost.contoso.com','smart2.contoso.com'"]);
        world.evidence.hops.pop();
        world.evidence.hops.iter_mut().for_each(|hop| hop.port = if hop.id == OTHER { 2525 } else { 25 });
        assert_eq!(told(&world, put), ["X -SmartHosts 'smarthost.contoso.com' -Port 2525"]);
        world
            .question
            .systems
            .push(crate::evidence::System { name: "old".into(), ..world.question.systems[1].clone() });
        let choice = [
            "# the host of the other system, of these: smarthost.contoso.com at port 2525 (zimbra)",
            "X -SmartHosts <the host of the other system>",
        ];
        assert_eq!(told(&world, put), choice, "nobody knows which of the two is meant");

        let nowhere = ["X -SmartHosts <the host of the other system>"];
        let mut world = World::healthy();
        for kind in [RecordKind::A, RecordKind::Aaaa] {
            world.dns("smarthost.contoso.com", kind, "NXDOMAIN");
        }
        assert_eq!(told(&world, put), nowhere);
        let mut world = World::healthy();
        world.evidence.hops.retain(|hop| hop.id != OTHER);
        assert_eq!(told(&world, put), nowhere);
        let world = World::two_forests();
        assert_eq!(told(&world, put), ["X -SmartHosts 'exch.labs.contoso.com'"], "another organisation is one, too");
    }
}
