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
