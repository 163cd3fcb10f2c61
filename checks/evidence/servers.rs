//! Exchange's servers, and the doors at which they take mail.
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
    /// How many `Received` lines a message may have (`MaxHopCount`).
    pub max_hops: Option<u32>,
    /// How many of them may be of this organisation (`MaxLocalHopCount`).
    pub max_local_hops: Option<u32>,
    /// How long a refusal is held back (`TarpitInterval`), in milliseconds.
    pub tarpit_ms: Option<u64>,
    /// The largest message that it takes, in bytes; none is unlimited.
    pub max_bytes: Option<u64>,
    /// Whether it demands TLS.
    pub require_tls: bool,
    /// `msExchSMTPReceiveInboundSecurityFlag`, or `AuthMechanism` where it is a number, as read.
    pub raw_authentication: Option<i64>,
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

/// An Edge subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EdgeSubscription {
    /// The Edge server's name.
    pub name: String,
    /// The AD site that it is subscribed to, by name.
    pub site: Option<String>,
}
