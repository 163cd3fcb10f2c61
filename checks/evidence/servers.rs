//! Exchange's servers, and the doors at which they take mail.
//!
//! Attribute and flag layouts are known from interoperability work but for those of roles and authentication, which are
//! the numbers of `Get-ExchangeServer` and `Get-ReceiveConnector` too; the raw value is kept beside its meaning.
use super::dn;
use super::exchange::{host, name_of};
use super::reading::{INTEGER, Reading, Unread};
use crate::prelude::*;

/// An Exchange server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExchangeServer {
    /// Its name.
    pub name: String,
    /// Its full host name, lower case.
    pub fqdn: Option<String>,
    /// What it is.
    pub roles: Vec<ServerRole>,
    /// Its AD site, by name.
    pub site: Option<String>,
    /// Its version, as the directory writes it.
    pub version: Option<String>,
    /// `msExchCurrentServerRoles` as read.
    pub raw_roles: Option<i64>,
    /// What of it could not be read.
    #[serde(default, skip_serializing_if = "Unread::is_empty")]
    pub unreadable: Unread,
}

/// What an Exchange server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ServerRole {
    /// Mailboxes.
    Mailbox,
    /// Clients' access.
    ClientAccess,
    /// Unified messaging.
    UnifiedMessaging,
    /// Hub transport.
    HubTransport,
    /// Edge transport.
    Edge,
}

/// A receive connector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReceiveConnector {
    /// Its name, without the server's.
    pub name: String,
    /// The server that it is on, by name.
    pub server: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Where it listens: `0.0.0.0:25`, `[::]:25`.
    pub bindings: Vec<String>,
    /// From where it takes mail, as Exchange writes ranges: `10.0.0.0/8`, `10.0.0.1-10.0.0.9`, one address.
    pub remote_ranges: Vec<String>,
    /// What it takes for authentication.
    pub authentication: Vec<ReceiveAuthentication>,
    /// Who may send through it; not known over LDAP, where it is an access control list.
    pub permission_groups: Observed<Vec<PermissionGroup>>,
    /// The name that it greets with (`Fqdn`), lower case.
    pub fqdn: Option<String>,
    /// The largest message that it takes, in bytes; none is unlimited.
    pub max_bytes: Option<u64>,
    /// `msExchSmtpReceiveRole`, or `TransportRole` where it is a number, as read: 32 hub transport, 16384 front end.
    #[serde(default)]
    pub raw_role: Option<i64>,
    /// `msExchSMTPReceiveInboundSecurityFlag`, or `AuthMechanism` where it is a number, as read.
    pub raw_authentication: Option<i64>,
    /// What of it could not be read.
    #[serde(default, skip_serializing_if = "Unread::is_empty")]
    pub unreadable: Unread,
}

/// What a receive connector takes for authentication (`AuthMechanism`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReceiveAuthentication {
    /// STARTTLS is offered.
    Tls,
    /// Windows integrated authentication.
    Integrated,
    /// AUTH with a password.
    Basic,
    /// AUTH with a password, through TLS only.
    BasicRequireTls,
    /// As one Exchange server to another.
    ExchangeServer,
    /// The channel counts as secured by other means.
    ExternalAuthoritative,
}

/// Who may send through a receive connector (`PermissionGroups`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PermissionGroup {
    /// Anybody.
    AnonymousUsers,
    /// Accounts of the organisation.
    ExchangeUsers,
    /// Exchange servers.
    ExchangeServers,
    /// Exchange servers of 2003.
    ExchangeLegacyServers,
    /// Partners.
    Partners,
    /// A list of rights made by hand.
    Custom,
}

impl PermissionGroup {
    /// Its name to Exchange's cmdlets.
    pub fn word(self) -> &'static str {
        match self {
            Self::AnonymousUsers => "AnonymousUsers",
            Self::ExchangeUsers => "ExchangeUsers",
            Self::ExchangeServers => "ExchangeServers",
            Self::ExchangeLegacyServers => "ExchangeLegacyServers",
            Self::Partners => "Partners",
            Self::Custom => "Custom",
        }
    }
}

/// An Edge subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EdgeSubscription {
    /// The Edge server's name.
    pub name: String,
    /// The AD site that it is subscribed to, by name.
    pub site: Option<String>,
}

impl ExchangeServer {
    /// Reads an object of class `msExchExchangeServer`.
    pub fn from_entry(entry: &Entry) -> Option<Self> {
        const ROLES: [(i64, ServerRole); 5] = [
            (2, ServerRole::Mailbox),
            (4, ServerRole::ClientAccess),
            (16, ServerRole::UnifiedMessaging),
            (32, ServerRole::HubTransport),
            (64, ServerRole::Edge),
        ];
        let mut reading = Reading::new(entry);
        let raw_roles = reading.number("msExchCurrentServerRoles", &["roles"], 0..=*INTEGER.end());
        let bits = raw_roles.unwrap_or(0);
        let mut names = entry.values("networkAddress").iter();
        let fqdn = names.find_map(|value| {
            let (kind, name) = value.split_once(':')?;
            kind.eq_ignore_ascii_case("ncacn_ip_tcp").then_some(name)
        });
        Some(Self {
            name: name_of(entry)?,
            fqdn: host(fqdn),
            roles: ROLES.into_iter().filter(|(bit, _)| bits & bit != 0).map(|(_, role)| role).collect(),
            site: entry.value("msExchServerSite").and_then(dn::first),
            version: entry.value("serialNumber").map(String::from),
            raw_roles,
            unreadable: reading.unread,
        })
    }
}

impl EdgeSubscription {
    /// The subscription of `server`, where it is an Edge server: subscribing makes an object of the server's class, which
    /// bears the role of an Edge server and the site that it is subscribed to. That there is no class of its own for
    /// subscriptions is likely, not documented.
    pub fn of(server: &ExchangeServer) -> Option<Self> {
        let edge = server.roles.contains(&ServerRole::Edge);
        edge.then(|| Self { name: server.name.clone(), site: server.site.clone() })
    }
}

impl ReceiveConnector {
    /// Reads an object of class `msExchSmtpReceiveConnector`.
    pub fn from_entry(entry: &Entry) -> Option<Self> {
        const AUTHENTICATION: [(i64, ReceiveAuthentication); 6] = [
            (1, ReceiveAuthentication::Tls),
            (2, ReceiveAuthentication::Integrated),
            (4, ReceiveAuthentication::Basic),
            (8, ReceiveAuthentication::BasicRequireTls),
            (16, ReceiveAuthentication::ExchangeServer),
            (32, ReceiveAuthentication::ExternalAuthoritative),
        ];
        let mut reading = Reading::new(entry);
        let integer = || 0..=*INTEGER.end();
        let flag = "msExchSMTPReceiveInboundSecurityFlag";
        let raw_authentication = reading.number(flag, &["authentication"], integer());
        let bits = raw_authentication.unwrap_or(0);
        // `CN=Default EX01,CN=SMTP Receive Connectors,CN=Protocols,CN=EX01,CN=Servers,…`
        let server = dn::values(&entry.dn).into_iter().nth(3).unwrap_or_default();
        if server.is_empty() {
            reading.unread.add("server", format!("'{}' does not show its server", entry.dn));
        }
        // In bytes, unlike a send connector's: likely, since 64 KB of headers are stored as 65536 beside it.
        let size = reading.number("msExchSmtpReceiveMaxMessageSize", &["max_bytes"], 0..=i64::MAX);
        let unsigned = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
        let permission = Miss::new(How::NotTried, "over LDAP they are an access control list, which is not read");
        Some(Self {
            name: name_of(entry)?,
            server,
            enabled: reading.flag("msExchSmtpReceiveEnabled", "enabled").unwrap_or(true),
            bindings: entry.values("msExchSmtpReceiveBindings").to_vec(),
            remote_ranges: entry.values("msExchSmtpReceiveRemoteIPRanges").to_vec(),
            authentication: AUTHENTICATION.into_iter().filter(|(bit, _)| bits & bit != 0).map(|(_, how)| how).collect(),
            permission_groups: Observed::Unknown(permission),
            fqdn: host(entry.value("msExchSMTPReceiveConnectorFQDN")),
            max_bytes: unsigned(size),
            raw_role: reading.number("msExchSmtpReceiveRole", &["raw_role"], integer()),
            raw_authentication,
            unreadable: reading.unread,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::entry;

    #[test]
    fn servers_are_read_and_those_of_the_edge_are_subscriptions() {
        use ServerRole::{ClientAccess, Edge, HubTransport, Mailbox, UnifiedMessaging};
        let cases: [(&str, &[ServerRole], bool); 5] = [
            ("54", &[Mailbox, ClientAccess, UnifiedMessaging, HubTransport], false),
            ("2", &[Mailbox], false),
            ("16385", &[], false),
            ("64", &[Edge], true),
            ("x", &[], false),
        ];
        for (roles, expected, edge) in cases {
            let read = ExchangeServer::from_entry(&entry(
                "CN=EX01,CN=Servers,CN=Group",
                &[
                    ("networkAddress", "netbios:EX01"),
                    ("networkAddress", "ncacn_ip_tcp:EX01.corp.contoso.com"),
                    ("msExchCurrentServerRoles", roles),
                    ("msExchServerSite", "CN=Berlin,CN=Sites,CN=Configuration,DC=corp"),
                    ("serialNumber", "Version 15.2 (Build 31118.7)"),
                ],
            ))
            .unwrap();
            assert_eq!((&*read.roles, read.raw_roles), (expected, roles.parse().ok()), "{roles}");
            assert_eq!(read.unreadable.of(&["roles"]).is_some(), roles == "x", "{roles}");
            assert_eq!((&*read.name, read.fqdn.as_deref()), ("EX01", Some("ex01.corp.contoso.com")));
            let subscription = EdgeSubscription { name: "EX01".into(), site: Some("Berlin".into()) };
            assert_eq!(EdgeSubscription::of(&read), edge.then_some(subscription), "{roles}");
        }
    }

    #[test]
    fn receive_connectors_are_read_with_what_is_not_set() {
        let dn = "CN=Default Frontend EX01,CN=SMTP Receive Connectors,CN=Protocols,CN=EX01,CN=Servers,CN=Group";
        let bare = ReceiveConnector::from_entry(&entry(dn, &[])).unwrap();
        assert_eq!((&*bare.name, &*bare.server, bare.enabled), ("Default Frontend EX01", "EX01", true));
        assert_eq!(bare.max_bytes, None);
        assert!(bare.permission_groups.miss().is_some() && bare.authentication.is_empty());
        let full = ReceiveConnector::from_entry(&entry(
            dn,
            &[
                ("msExchSmtpReceiveEnabled", "FALSE"),
                ("msExchSmtpReceiveBindings", "0.0.0.0:25"),
                ("msExchSmtpReceiveBindings", "[::]:25"),
                ("msExchSmtpReceiveRemoteIPRanges", "10.0.0.1-10.0.0.9"),
                ("msExchSMTPReceiveInboundSecurityFlag", "32"),
                ("msExchSMTPReceiveConnectorFQDN", "EX01.corp.contoso.com"),
                ("msExchSmtpReceiveMaxMessageSize", "37748736"),
                ("msExchSmtpReceiveRole", "16384"),
            ],
        ))
        .unwrap();
        assert!(!full.enabled);
        assert_eq!(full.bindings, ["0.0.0.0:25", "[::]:25"]);
        assert_eq!(full.authentication, [ReceiveAuthentication::ExternalAuthoritative]);
        assert_eq!(full.fqdn.as_deref(), Some("ex01.corp.contoso.com"));
        assert_eq!((full.max_bytes, full.raw_role, full.raw_authentication), (Some(37_748_736), Some(16384), Some(32)));
        let all = ReceiveConnector::from_entry(&entry(dn, &[("msExchSMTPReceiveInboundSecurityFlag", "31")])).unwrap();
        assert_eq!(all.authentication.len(), 5);
        for (attribute, value, field) in [
            ("msExchSmtpReceiveEnabled", "yes", "enabled"),
            ("msExchSMTPReceiveInboundSecurityFlag", "-1", "authentication"),
            ("msExchSmtpReceiveMaxMessageSize", "-5", "max_bytes"),
        ] {
            let odd = ReceiveConnector::from_entry(&entry(dn, &[(attribute, value)])).unwrap();
            assert!(odd.unreadable.of(&[field]).is_some(), "{attribute} {value}");
        }
        assert!(full.unreadable.is_empty() && bare.unreadable.is_empty());
    }
}
