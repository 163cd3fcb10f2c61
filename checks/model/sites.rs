//! On which server and in which AD site a send connector is, and how it looks from another site.
use super::OrganisationView;
use super::route::Place;
use crate::evidence::exchange::SendConnector;
use crate::evidence::servers::{ExchangeServer, ServerRole};
use crate::prelude::*;
use alloc::collections::BTreeSet;

/// The server's name in what a connector names as its source: a name, or the DN of the server's virtual SMTP server
/// (`CN=1,CN=SMTP,CN=Protocols,CN=EXCH01,CN=Servers,…`).
pub fn server_name(source: &str) -> &str {
    let below = |text: &str| text.find("CN=Protocols,").map(|at| at + "CN=Protocols,".len());
    let dn = below(source).map_or(source, |at| &source[at..]);
    match dn.get(..3) {
        Some(head) if head.eq_ignore_ascii_case("cn=") => dn[3..].split(',').next().unwrap_or(dn),
        _ => dn,
    }
}

impl<'a> OrganisationView<'a> {
    /// The AD sites with servers that route mail, each once; none where the sites are not known.
    pub fn routing_sites(&self) -> Option<BTreeSet<&'a str>> {
        let (_, servers) = self.servers().ok()?;
        // One whose roles could not be read may route mail, or not.
        if servers.iter().any(|server| server.unreadable.of(&["roles"]).is_some()) {
            return None;
        }
        let routes = |server: &&ExchangeServer| {
            server.roles.iter().any(|role| matches!(role, ServerRole::Mailbox | ServerRole::HubTransport))
        };
        servers.iter().filter(routes).map(|server| server.site.as_deref()).collect()
    }

    /// The AD sites of the connector's source servers; none where one of them is not known.
    pub fn sites_of(&self, connector: &SendConnector) -> Option<BTreeSet<&'a str>> {
        let (_, servers) = self.servers().ok()?;
        let site = |source: &String| {
            let name = server_name(source);
            let server = servers.iter().find(|server| server.name.eq_ignore_ascii_case(name))?;
            server.site.as_deref()
        };
        let found: Option<BTreeSet<&str>> = connector.source_servers.iter().map(site).collect();
        found.filter(|sites| !sites.is_empty())
    }

    /// How `connector` looks from `site`. What is not known counts as being there.
    pub fn place_from(&self, site: &str, connector: &SendConnector) -> Place {
        let here = self.sites_of(connector).is_none_or(|sites| sites.contains(site));
        Place { same_site: here, site_cost: 0, distance: if here { 1 } else { 2 } }
    }

    /// Whether all of its servers are older than Exchange 2013, whose transport has one role; none where some are, or where
    /// that is not known.
    pub fn is_before_2013(&self) -> Option<bool> {
        let (_, servers) = self.servers().ok().filter(|(_, servers)| !servers.is_empty())?;
        let major = |server: &ExchangeServer| {
            let words = server.version.as_deref()?.strip_prefix("Version ")?;
            words.split('.').next()?.parse::<u32>().ok()
        };
        let old: Option<BTreeSet<bool>> = servers.iter().map(|server| Some(major(server)? < 15)).collect();
        let old = old?;
        old.first().copied().filter(|_| old.len() == 1)
    }

    /// What has the Edge servers hear at once of a change to accepted domains or recipients, which reach them by
    /// synchronisation alone (Microsoft, "Edge Subscriptions"): from a Mailbox server of their site. None without a
    /// subscription in evidence.
    pub fn synchronise(&self) -> Option<Cmdlet> {
        let (_, edges) = self.edge_subscriptions().ok().filter(|(_, edges)| !edges.is_empty())?;
        let of_site = |server: &&ExchangeServer| {
            let inside = server.roles.iter().any(|role| matches!(role, ServerRole::Mailbox | ServerRole::HubTransport));
            let site = server.site.as_deref();
            inside && site.is_some() && edges.iter().any(|edge| edge.site.as_deref() == site)
        };
        let servers = self.servers().ok();
        let server = servers.and_then(|(_, all)| all.iter().filter(of_site).map(|server| &*server.name).min());
        let start = Cmdlet::new("Start-EdgeSynchronization");
        Some(match server {
            Some(server) => start.with("Server", server),
            // Of the server where it runs.
            None => start,
        })
    }

    /// The same for a change to `connector`, which concerns them where it sends from one of theirs.
    pub fn synchronise_for(&self, connector: &SendConnector) -> Option<Cmdlet> {
        self.synchronise().filter(|_| self.is_at_edge(connector))
    }

    /// Whether `connector` sends from an Edge server.
    pub fn is_at_edge(&self, connector: &SendConnector) -> bool {
        let edge = |source: &String| self.is_edge(server_name(source));
        !connector.source_servers.is_empty() && connector.source_servers.iter().all(edge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edge_servers_are_synchronised_with_where_there_is_a_subscription_from_their_site() {
        use crate::evidence::servers::EdgeSubscription;
        use crate::stories::World;
        let server = |name: &str, role, site: &str| ExchangeServer {
            name: name.into(),
            roles: vec![role],
            site: Some(site.into()),
            ..ExchangeServer::default()
        };
        let told = |world: &World| {
            let case = Case::new(&world.question, &world.evidence);
            let start = case.model.organisations[0].synchronise();
            start.map(|start| crate::remedy::Command::from(start).text().to_string())
        };
        let mut world = World::healthy();
        assert_eq!(told(&world), None, "nobody asked");
        world.organisation().edge_subscriptions = Observed::Known(vec![]);
        assert_eq!(told(&world), None);
        let edge = EdgeSubscription { name: "EDGE01".into(), site: Some("Berlin".into()) };
        world.organisation().edge_subscriptions = Observed::Known(vec![edge]);
        assert_eq!(told(&world).as_deref(), Some("Start-EdgeSynchronization"), "its servers are not known");
        world.organisation().servers = Observed::Known(vec![
            server("EDGE01", ServerRole::Edge, "Berlin"),
            server("EXCH03", ServerRole::Mailbox, "Berlin"),
            server("EXCH02", ServerRole::Mailbox, "Berlin"),
            server("EXCH01", ServerRole::Mailbox, "Bonn"),
        ]);
        assert_eq!(told(&world).as_deref(), Some("Start-EdgeSynchronization -Server 'EXCH02'"));
    }

    #[test]
    fn a_source_is_named_or_pointed_to() {
        let cases = [
            ("EXCH01", "EXCH01"),
            ("CN=1,CN=SMTP,CN=Protocols,CN=EXCH01,CN=Servers,CN=Exchange Administrative Group", "EXCH01"),
            ("CN=EXCH01,CN=Servers,DC=corp", "EXCH01"),
            ("", ""),
        ];
        for (source, name) in cases {
            assert_eq!(server_name(source), name, "{source}");
        }
    }
}
