//! Exchange Online's connectors, which exports alone tell of.
use crate::prelude::*;

/// Which other side a connector of Exchange Online is for (`ConnectorType`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectorType {
    /// The organisation's own servers.
    OnPremises,
    /// A partner.
    Partner,
    /// A value that is not known.
    #[default]
    Unknown,
}

/// A connector for mail into the tenant (`Get-InboundConnector`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InboundConnector {
    /// Its name.
    pub name: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Which other side it is for.
    pub kind: ConnectorType,
    /// The domains of senders that it is for, lower case.
    pub sender_domains: Vec<String>,
    /// The addresses that it knows the other side by.
    pub sender_addresses: Vec<String>,
    /// The certificate name that it knows the other side by.
    pub certificate_name: Option<String>,
    /// Whether it demands TLS.
    pub require_tls: bool,
    /// Whether what comes from other addresses is refused (`RestrictDomainsToIPAddresses`).
    #[serde(default)]
    pub addresses_only: bool,
    /// Whether what comes without that certificate is refused (`RestrictDomainsToCertificate`).
    #[serde(default)]
    pub certificate_only: bool,
    /// When it was last changed, as the export writes it.
    pub changed: Option<String>,
}

/// A connector for mail out of the tenant (`Get-OutboundConnector`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutboundConnector {
    /// Its name.
    pub name: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Which other side it is for.
    pub kind: ConnectorType,
    /// The recipients' domains that it serves, lower case: `contoso.com`, `*.contoso.com`, `*`.
    pub recipient_domains: Vec<String>,
    /// Its smart hosts, lower case, without brackets; none means routing by MX.
    pub smart_hosts: Vec<String>,
    /// Whether it routes by MX (`UseMXRecord`).
    pub use_mx: bool,
    /// Whether it is used only where a transport rule says so (`IsTransportRuleScoped`).
    pub by_rule_only: bool,
    /// Whether it serves all accepted domains (`AllAcceptedDomains`).
    pub all_accepted_domains: bool,
    /// Whether all mail goes through the organisation's own servers (`RouteAllMessagesViaOnPremises`).
    pub all_via_on_premises: bool,
    /// What it demands of TLS (`TlsSettings`), as the export writes it.
    pub tls: Option<String>,
    /// When it was last changed, as the export writes it.
    pub changed: Option<String>,
}
