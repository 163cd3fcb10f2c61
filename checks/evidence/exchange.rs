//! The Exchange organisation: accepted domains, send connectors, recipient filter, and what else routing goes by.
//!
//! Attribute and flag layouts are those of Exchange's schema in AD; where Microsoft publishes none they are known from
//! interoperability work, so the raw value is kept beside its meaning.
use super::online::{InboundConnector, OutboundConnector};
use super::reading::{INTEGER, Reading, Unread};
use super::servers::{EdgeSubscription, ExchangeServer, ReceiveConnector};
use super::transport::{RemoteDomain, TransportConfig, TransportRule};
use super::{address, dn};
use crate::prelude::*;

/// An Exchange organisation, from LDAP or from exports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Organisation {
    /// The distinguished name of the organisation container; empty where exports do not tell.
    pub dn: String,
    /// Accepted domains. An organisation always has one, so none visible is `Unknown` (no right), never none.
    pub accepted_domains: Observed<Vec<AcceptedDomain>>,
    /// SMTP send connectors.
    pub send_connectors: Observed<Vec<SendConnector>>,
    /// The recipient filter's settings; none where there is no such object.
    pub recipient_filter: Observed<Option<RecipientFilter>>,
    /// Receive connectors of all servers.
    #[serde(default)]
    pub receive_connectors: Observed<Vec<ReceiveConnector>>,
    /// Exchange servers, Edge servers included where they are subscribed.
    #[serde(default)]
    pub servers: Observed<Vec<ExchangeServer>>,
    /// Edge subscriptions.
    #[serde(default)]
    pub edge_subscriptions: Observed<Vec<EdgeSubscription>>,
    /// Exchange Online: connectors for mail into the tenant.
    #[serde(default)]
    pub inbound_connectors: Observed<Vec<InboundConnector>>,
    /// Exchange Online: connectors for mail out of the tenant, which has no send connectors.
    #[serde(default)]
    pub outbound_connectors: Observed<Vec<OutboundConnector>>,
    /// Transport rules, in the order in which they are applied. Those of Edge servers are their own, and not among them.
    #[serde(default)]
    pub transport_rules: Observed<Vec<TransportRule>>,
    /// What holds for mail to domains outside.
    #[serde(default)]
    pub remote_domains: Observed<Vec<RemoteDomain>>,
    /// What holds for the whole organisation.
    #[serde(default)]
    pub transport_config: Observed<TransportConfig>,
}

/// An accepted domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AcceptedDomain {
    /// Its name in Exchange, which remedies must use.
    pub name: String,
    /// The domain: `contoso.com` or `*.contoso.com`, lower case.
    pub domain: String,
    /// What Exchange does with recipients that it does not know.
    pub kind: DomainKind,
    /// `AddressBookEnabled`: whether the recipient filter looks recipients of this domain up.
    pub address_book: bool,
    /// `MatchSubDomains`.
    pub match_subdomains: bool,
    /// The mailbox that takes what nobody else takes.
    pub catch_all: Option<String>,
    /// `msExchAcceptedDomainFlags` as read.
    pub raw_flags: Option<i64>,
    /// When it was last changed, as the directory writes it.
    pub changed: Option<String>,
    /// What of it could not be read.
    #[serde(default, skip_serializing_if = "Unread::is_empty")]
    pub unreadable: Unread,
}

/// An accepted domain's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DomainKind {
    /// Exchange bounces unknown recipients.
    Authoritative,
    /// Exchange relays all, and has no recipients there.
    ExternalRelay,
    /// Exchange relays unknown recipients.
    InternalRelay,
    /// A value that is not known.
    Unknown,
}

/// A send connector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SendConnector {
    /// Its name, which remedies must use.
    pub name: String,
    /// Whether it is enabled; routing does not see it otherwise.
    pub enabled: bool,
    /// The address spaces it serves.
    pub address_spaces: Vec<AddressSpace>,
    /// The smart hosts; none means DNS routing.
    pub smart_hosts: Vec<String>,
    /// The port of the smart host.
    pub port: u16,
    /// How it authenticates to the smart host.
    pub authentication: SmartHostAuthentication,
    /// Whether it is scoped to its own AD site.
    pub scoped: bool,
    /// The largest message that it takes, in bytes; none is unlimited.
    pub max_bytes: Option<u64>,
    /// Whether it demands TLS (`RequireTLS`).
    pub require_tls: bool,
    /// Whether it never uses STARTTLS (`IgnoreSTARTTLS`).
    #[serde(default)]
    pub ignore_starttls: bool,
    /// What it demands of the smart host's certificate (`TlsAuthLevel`).
    #[serde(default)]
    pub tls_auth_level: TlsAuthLevel,
    /// The name that the smart host's certificate must bear (`TlsDomain`), lower case.
    #[serde(default)]
    pub tls_domain: Option<String>,
    /// Whether it asks the DNS servers for the outside (`UseExternalDNSServersEnabled`).
    #[serde(default)]
    pub external_dns: bool,
    /// Whether it sends through mutual TLS alone (`DomainSecureEnabled`).
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub domain_secure: bool,
    /// Whether it keeps Exchange's own headers for a hybrid partner (`CloudServicesMailEnabled`).
    #[serde(default)]
    pub cloud_services: bool,
    /// The name that it gives in EHLO (`Fqdn`); none is the server's own.
    #[serde(default)]
    pub fqdn: Option<String>,
    /// The servers that may send through it, by name.
    pub source_servers: Vec<String>,
    /// `msExchSmtpSendFlags` as read.
    pub raw_flags: Option<i64>,
    /// When it was last changed, as the directory writes it.
    pub changed: Option<String>,
    /// What of it could not be read.
    #[serde(default, skip_serializing_if = "Unread::is_empty")]
    pub unreadable: Unread,
}

/// One address space of a connector: `[Local:]type:address;cost`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AddressSpace {
    /// `SMTP`, `X400` …, upper case.
    pub kind: String,
    /// `contoso.com`, `*.contoso.com`, `*`; lower case.
    pub address: String,
    /// 1 to 100.
    pub cost: u32,
    /// Whether it bears the `Local:` prefix of a scoped connector.
    pub local: bool,
}

/// How a connector authenticates to its smart host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SmartHostAuthentication {
    /// Not at all.
    None,
    /// AUTH with a password.
    Basic,
    /// AUTH with a password, through TLS only.
    BasicRequireTls,
    /// As one Exchange server to another.
    ExchangeServer,
    /// The channel counts as secured by other means; nothing goes over the wire.
    ExternalAuthoritative,
    /// A value that is not known.
    Unknown,
}

/// What a connector demands of the certificate of the host that it sends to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TlsAuthLevel {
    /// Nothing is set.
    #[default]
    NotSet,
    /// A channel that is encrypted.
    EncryptionOnly,
    /// A certificate that is trusted.
    CertificateValidation,
    /// A trusted certificate for the name in `TlsDomain`.
    DomainValidation,
    /// A value that is not known.
    Unknown,
}

/// The recipient filter agent's settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecipientFilter {
    /// Whether recipients are looked up. Whether the agent runs at all is not in AD.
    pub validates: bool,
    /// The addresses that it refuses by name (`BlockedRecipients`), folded; relayed domains included.
    #[serde(default)]
    pub blocked: Vec<String>,
    /// `msExchAgentsFlags` as read.
    pub raw_flags: Option<i64>,
    /// What of it could not be read.
    #[serde(default, skip_serializing_if = "Unread::is_empty")]
    pub unreadable: Unread,
}

impl AcceptedDomain {
    /// Reads an object of class `msExchAcceptedDomain`; none of one for X.400 addresses.
    ///
    /// Without flags it is authoritative: Exchange leaves a value of 0 out.
    pub fn from_entry(entry: &Entry) -> Option<Self> {
        let mut reading = Reading::new(entry);
        let fields = ["kind", "address_book", "match_subdomains"];
        let flags = reading.number("msExchAcceptedDomainFlags", &fields, 0..=DOMAIN_FLAGS);
        let bits = flags.unwrap_or(0);
        let domain = entry.value("msExchAcceptedDomainName").unwrap_or_default().to_lowercase();
        if domain.contains('=') {
            return None;
        }
        if !is_domain(&domain) {
            reading.unread.add("domain", "msExchAcceptedDomainName does not show a domain");
        }
        Some(Self {
            name: name_of(entry)?,
            domain,
            kind: match bits & 0x3 {
                _ if reading.unread.of(&["kind"]).is_some() => DomainKind::Unknown,
                0 => DomainKind::Authoritative,
                1 => DomainKind::ExternalRelay,
                2 => DomainKind::InternalRelay,
                _ => DomainKind::Unknown,
            },
            address_book: bits & 0x8 != 0,
            match_subdomains: bits & 0x1_0000 != 0,
            catch_all: entry.value("msExchCatchAllRecipientLink").map(String::from),
            raw_flags: flags,
            changed: entry.value("whenChanged").map(String::from),
            unreadable: reading.unread,
        })
    }
}

/// The bits of an accepted domain's flags that have a meaning: others may change that of these.
const DOMAIN_FLAGS: i64 = 0x3_FFFF;

impl SendConnector {
    /// Reads an object of class `msExchRoutingSMTPConnector`.
    pub fn from_entry(entry: &Entry) -> Option<Self> {
        let mut reading = Reading::new(entry);
        let fields = ["authentication", "tls_auth_level", "external_dns", "cloud_services", "domain_secure"];
        let flags = reading.number("msExchSmtpSendFlags", &fields, INTEGER);
        // A value above 0x7FFFFFFF is stored as a negative one; masks read both alike.
        let bits = flags.unwrap_or(0);
        let unread_flags = reading.unread.of(&["authentication"]).is_some();
        let fields = ["require_tls", "ignore_starttls"];
        let security = reading.number("msExchSmtpOutboundSecurityFlag", &fields, INTEGER).unwrap_or(0);
        let mut source_servers = reading.all("msExchSourceBridgeheadServersDN", "source_servers", source_server);
        source_servers.sort_unstable();
        source_servers.dedup();
        let address_spaces = reading.all("routingList", "address_spaces", AddressSpace::parse);
        let smart_hosts = reading.all("msExchSmtpSmartHost", "smart_hosts", smart_hosts);
        let port = reading.number("msExchSmtpSendPort", &["port"], 1..=u16::MAX.into());
        // In KB, of which a byte count fits into 64 bits.
        let size = reading.number("delivContLength", &["max_bytes"], 0..=i32::MAX.into());
        Some(Self {
            name: name_of(entry)?,
            enabled: reading.flag("msExchSmtpSendEnabled", "enabled").unwrap_or(true),
            scoped: address_spaces.iter().any(|space| space.local),
            address_spaces,
            smart_hosts: smart_hosts.into_iter().flatten().collect(),
            port: port.and_then(|port| port.try_into().ok()).unwrap_or(25),
            // Bits 20 to 31; 16 is 0x01000000 in the whole value.
            authentication: match (bits >> 20) & 0xFFF {
                _ if unread_flags => SmartHostAuthentication::Unknown,
                0 => SmartHostAuthentication::None,
                2 => SmartHostAuthentication::Basic,
                4 => SmartHostAuthentication::BasicRequireTls,
                8 => SmartHostAuthentication::ExchangeServer,
                16 => SmartHostAuthentication::ExternalAuthoritative,
                _ => SmartHostAuthentication::Unknown,
            },
            max_bytes: size.and_then(|kb| u64::try_from(kb).ok()?.checked_mul(1024)),
            require_tls: security & 0x4 != 0,
            ignore_starttls: security & 0x80_0000 != 0,
            tls_auth_level: match (bits >> 4) & 0xFF {
                _ if unread_flags => TlsAuthLevel::Unknown,
                0 => TlsAuthLevel::NotSet,
                1 => TlsAuthLevel::EncryptionOnly,
                2 => TlsAuthLevel::CertificateValidation,
                4 => TlsAuthLevel::DomainValidation,
                _ => TlsAuthLevel::Unknown,
            },
            tls_domain: host(entry.value("msExchSmtpSendTlsDomain")),
            external_dns: bits & 0x2 != 0,
            domain_secure: bits & 0x4 != 0,
            cloud_services: bits & 0x2_0000 != 0,
            fqdn: host(entry.value("msExchSMTPSendConnectorFQDN")),
            source_servers,
            raw_flags: flags,
            changed: entry.value("whenChanged").map(String::from),
            unreadable: reading.unread,
        })
    }

    /// Whether it routes by DNS: Exchange stores no flag for it, an empty list of smart hosts says so.
    pub fn dns_routing(&self) -> bool {
        self.smart_hosts.is_empty()
    }
}

impl Default for SendConnector {
    /// What New-SendConnector makes where nothing is said: enabled, at port 25.
    fn default() -> Self {
        Self {
            name: String::new(),
            enabled: true,
            address_spaces: Vec::new(),
            smart_hosts: Vec::new(),
            port: 25,
            authentication: SmartHostAuthentication::None,
            scoped: false,
            max_bytes: None,
            require_tls: false,
            ignore_starttls: false,
            tls_auth_level: TlsAuthLevel::NotSet,
            tls_domain: None,
            external_dns: false,
            domain_secure: false,
            cloud_services: false,
            fqdn: None,
            source_servers: Vec::new(),
            raw_flags: None,
            changed: None,
            unreadable: Unread::default(),
        }
    }
}

impl RecipientFilter {
    /// Reads the object of class `msExchMessageHygieneRecipientFilterConfig`.
    pub fn from_entry(entry: &Entry) -> Self {
        let mut reading = Reading::new(entry);
        let flags = reading.number("msExchAgentsFlags", &["validates"], INTEGER);
        let fold = |value: &str| address::fold(value).ok();
        let mut blocked = reading.all("msExchMessageHygieneBlockedRecipient", "blocked", fold);
        blocked.sort_unstable();
        blocked.dedup();
        let validates = flags.is_some_and(|bits| bits & 0x800 != 0);
        Self { validates, blocked, raw_flags: flags, unreadable: reading.unread }
    }
}

impl AddressSpace {
    /// Reads `[Local:][type:]address[;cost]`; the type defaults to SMTP, the cost to 1 (Microsoft, "Set-SendConnector").
    /// None where it is no address space, or has a cost that is none of 1 to 100.
    pub fn parse(text: &str) -> Option<Self> {
        let (local, kind, rest) = Self::parts(text);
        // An X.400 address holds semicolons of its own; the cost is behind the last.
        let (address, cost) = match rest.rsplit_once(';') {
            Some((address, cost)) if kind == "SMTP" || cost.trim().parse::<u32>().is_ok() => {
                (address, cost.trim().parse().ok().filter(|cost| (1..=100).contains(cost))?)
            }
            _ => (rest, 1),
        };
        let address = address.trim().to_lowercase();
        let fits = if kind == "SMTP" { address == "--" || is_domain(&address) } else { !address.is_empty() };
        fits.then_some(Self { kind, address, cost, local })
    }

    /// What of an address space stands, where not all of it could be read: the type, and the address where it is one.
    pub fn stands(text: &str) -> (String, Option<String>) {
        let (_, kind, rest) = Self::parts(text);
        let address = rest.split(';').next().unwrap_or_default().trim().to_lowercase();
        (kind, Some(address).filter(|address| is_domain(address)))
    }

    /// Whether it bears the prefix of a scoped connector, its type, and the rest.
    fn parts(text: &str) -> (bool, String, &str) {
        let text = text.trim();
        let (text, local) = match text.get(..6) {
            Some(prefix) if prefix.eq_ignore_ascii_case("local:") => (&text[6..], true),
            _ => (text, false),
        };
        let (kind, rest) = text.split_once(':').unwrap_or(("SMTP", text));
        (local, kind.trim().to_uppercase(), rest)
    }
}

/// Whether `text` may be a domain, with or without a wildcard, in whatever script.
fn is_domain(text: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '*');
    !text.is_empty() && text.chars().all(fits) && text != "--"
}

/// A list of smart hosts; none where one of them is no host, or where there is none in it.
fn smart_hosts(text: &str) -> Option<Vec<String>> {
    let hosts = split_smart_hosts(text);
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    let whole = !hosts.is_empty() && hosts.iter().all(|host| host.chars().all(fits));
    whole.then_some(hosts)
}

/// Splits a list of smart hosts at commas and semicolons, and takes the brackets off address literals.
pub fn split_smart_hosts(text: &str) -> Vec<String> {
    text.split([',', ';'])
        .map(|host| host.trim().trim_start_matches('[').trim_end_matches(']').to_lowercase())
        .filter(|host| !host.is_empty())
        .collect()
}

/// An object's name: `cn`, else what its distinguished name begins with.
pub(super) fn name_of(entry: &Entry) -> Option<String> {
    entry.value("cn").map(String::from).or_else(|| dn::first(&entry.dn))
}

/// A value as Exchange compares host names: lower case; none where it is empty.
pub(super) fn host(value: Option<&str>) -> Option<String> {
    value.map(|value| value.trim().to_lowercase()).filter(|value| !value.is_empty())
}

/// The server of a source: the name points at its virtual SMTP server of old, `CN=1,CN=SMTP,CN=Protocols,CN=EX01,…`, and
/// seldom at the server itself.
fn source_server(name: &str) -> Option<String> {
    let mut parts = dn::values(name);
    let old = parts.get(2).is_some_and(|part| part.eq_ignore_ascii_case("Protocols"));
    let at = if old { 3 } else { 0 };
    (at < parts.len()).then(|| parts.swap_remove(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::entry;

    #[test]
    fn flags_are_masked_and_kept() {
        let cases = [
            ("12", DomainKind::Authoritative, true),
            ("2", DomainKind::InternalRelay, false),
            ("10", DomainKind::InternalRelay, true),
            ("65538", DomainKind::InternalRelay, false),
            ("1", DomainKind::ExternalRelay, false),
            ("3", DomainKind::Unknown, false),
        ];
        for (flags, kind, address_book) in cases {
            let read = AcceptedDomain::from_entry(&entry(
                "CN=Contoso Wild,CN=Accepted Domains",
                &[("msExchAcceptedDomainName", "Contoso.com"), ("msExchAcceptedDomainFlags", flags)],
            ))
            .unwrap();
            assert_eq!((read.kind, read.address_book), (kind, address_book), "{flags}");
            assert_eq!(
                (&*read.name, &*read.domain, read.raw_flags),
                ("Contoso Wild", "contoso.com", flags.parse().ok())
            );
            assert!(read.unreadable.is_empty(), "{flags}");
        }
    }

    /// The fields of an accepted domain with these attributes that cannot be read, and its type.
    fn domain(attributes: &[(&str, &str)]) -> (Vec<String>, DomainKind) {
        let read = AcceptedDomain::from_entry(&entry("CN=Contoso", attributes)).unwrap();
        (read.unreadable.0.into_iter().map(|one| one.field).collect(), read.kind)
    }

    #[test]
    fn flags_that_cannot_be_read_make_no_type_and_absent_ones_make_an_authoritative_domain() {
        let thirty = "9".repeat(30);
        let name = ("msExchAcceptedDomainName", "contoso.com");
        for flags in ["", "x", "2 ", "0x2", "2.0", "-4", "262144", "4294967296", &thirty] {
            let (fields, kind) = domain(&[name, ("msExchAcceptedDomainFlags", flags)]);
            assert_eq!((fields.len(), kind), (3, DomainKind::Unknown), "'{flags}'");
        }
        assert_eq!(domain(&[name]), (vec![], DomainKind::Authoritative));
        assert_eq!(domain(&[name, ("msExchAcceptedDomainFlags", "196610")]), (vec![], DomainKind::InternalRelay));
        for odd in ["", "a b", "a@contoso.com"] {
            assert_eq!(domain(&[("msExchAcceptedDomainName", odd)]).0, ["domain"], "'{odd}'");
        }
        assert_eq!(domain(&[]).0, ["domain"], "not shown");
        let x400 = entry("CN=Old", &[("msExchAcceptedDomainName", "c=US;a= ;p=Contoso")]);
        assert_eq!(AcceptedDomain::from_entry(&x400), None);
    }

    #[test]
    fn what_of_a_connector_cannot_be_read_is_named_and_the_rest_stands() {
        let thirty = "9".repeat(30);
        let flags: &[&str] = &["authentication", "tls_auth_level", "external_dns", "cloud_services", "domain_secure"];
        let cases: [(&str, &str, &[&str]); 22] = [
            ("msExchSmtpSendEnabled", "PERHAPS", &["enabled"]),
            ("msExchSmtpSendEnabled", "1", &["enabled"]),
            ("msExchSmtpSendEnabled", "false", &[]),
            ("msExchSmtpSendPort", "70000", &["port"]),
            ("msExchSmtpSendPort", "0", &["port"]),
            ("msExchSmtpSendPort", "-25", &["port"]),
            ("msExchSmtpSendPort", "smtp", &["port"]),
            ("msExchSmtpSendFlags", &thirty, flags),
            ("msExchSmtpSendFlags", "-2147483648", &[]),
            ("msExchSmtpOutboundSecurityFlag", "yes", &["require_tls", "ignore_starttls"]),
            ("delivContLength", &thirty, &["max_bytes"]),
            ("delivContLength", "-1", &["max_bytes"]),
            ("delivContLength", "18014398509481985", &["max_bytes"]),
            ("delivContLength", "2147483647", &[]),
            ("routingList", "SMTP:contoso.com;0", &["address_spaces"]),
            ("routingList", "SMTP:contoso.com;101", &["address_spaces"]),
            ("routingList", "SMTP:contoso.com;x", &["address_spaces"]),
            ("routingList", "SMTP:", &["address_spaces"]),
            ("routingList", "X400:c=US;a= ;p=Contoso;3", &[]),
            ("msExchSmtpSmartHost", ",;", &["smart_hosts"]),
            ("msExchSmtpSmartHost", "[10.1.1.1", &[]),
            ("msExchSmtpSmartHost", "zimbra contoso", &["smart_hosts"]),
        ];
        for (attribute, value, expected) in cases {
            let read = SendConnector::from_entry(&entry("CN=To Zimbra", &[(attribute, value)])).unwrap();
            let fields: Vec<&str> = read.unreadable.0.iter().map(|one| &*one.field).collect();
            assert_eq!(fields, expected, "{attribute} {value}");
            assert!(read.unreadable.0.iter().all(|one| one.said.starts_with(attribute)), "{attribute} {value}");
        }
    }

    #[test]
    fn a_connector_is_read_with_its_defaults() {
        let read = SendConnector::from_entry(&entry(
            "CN=To Zimbra,CN=Connections",
            &[
                ("routingList", "SMTP:contoso.com;1"),
                ("msExchSmtpSmartHost", "[10.1.1.1];Zimbra.contoso.com"),
                ("msExchSmtpSendFlags", "16777216"),
            ],
        ))
        .unwrap();
        assert_eq!(read.smart_hosts, ["10.1.1.1", "zimbra.contoso.com"]);
        assert_eq!(read.authentication, SmartHostAuthentication::ExternalAuthoritative);
        assert!(read.enabled && !read.dns_routing() && !read.scoped);
        assert_eq!((read.port, read.max_bytes), (25, None));
    }

    #[test]
    fn every_flag_of_a_connector_has_its_field() {
        let read = |attributes: &[(&str, &str)]| {
            SendConnector::from_entry(&entry("CN=To Zimbra,CN=Connections", attributes)).unwrap()
        };
        let usual = SendConnector { name: "To Zimbra".into(), ..SendConnector::default() };
        assert_eq!(read(&[]), usual);
        let flags = |raw: i64, change: SendConnector| {
            let expected = SendConnector { raw_flags: Some(raw), name: "To Zimbra".into(), ..change };
            assert_eq!(read(&[("msExchSmtpSendFlags", &raw.to_string())]), expected, "{raw:#x}");
        };
        let usual = SendConnector::default;
        flags(0x2, SendConnector { external_dns: true, ..usual() });
        flags(0x40, SendConnector { tls_auth_level: TlsAuthLevel::DomainValidation, ..usual() });
        flags(0x20, SendConnector { tls_auth_level: TlsAuthLevel::CertificateValidation, ..usual() });
        flags(0x10, SendConnector { tls_auth_level: TlsAuthLevel::EncryptionOnly, ..usual() });
        flags(0x30, SendConnector { tls_auth_level: TlsAuthLevel::Unknown, ..usual() });
        flags(0x2000, usual());
        let cloud = SendConnector { cloud_services: true, tls_auth_level: TlsAuthLevel::DomainValidation, ..usual() };
        flags(131_136, cloud);
        flags(0x40_0000, SendConnector { authentication: SmartHostAuthentication::BasicRequireTls, ..usual() });
        let old = "CN=1,CN=SMTP,CN=Protocols,CN=EX02,CN=Servers,CN=Group";
        let more = read(&[
            ("msExchSmtpOutboundSecurityFlag", "8388612"),
            ("msExchSmtpSendTlsDomain", "Zimbra.Contoso.com"),
            ("msExchSMTPSendConnectorFQDN", "mail.contoso.com"),
            ("delivContLength", "35840"),
            ("msExchSourceBridgeheadServersDN", old),
            ("msExchSourceBridgeheadServersDN", "CN=EX01,CN=Servers,CN=Group"),
            ("msExchSourceBridgeheadServersDN", old),
        ]);
        assert!(more.require_tls && more.ignore_starttls);
        assert_eq!(
            (more.tls_domain.as_deref(), more.fqdn.as_deref()),
            (Some("zimbra.contoso.com"), Some("mail.contoso.com"))
        );
        assert_eq!(
            (more.max_bytes, &more.source_servers[..]),
            (Some(36_700_160), &["EX01".to_string(), "EX02".into()][..])
        );
    }

    #[test]
    fn the_recipient_filter_names_whom_it_blocks() {
        let read = |attributes| RecipientFilter::from_entry(&entry("CN=RecipientFilterConfig", attributes));
        let blocked = [
            ("msExchAgentsFlags", "3075"),
            ("msExchMessageHygieneBlockedRecipient", "Sales@Contoso.com"),
            ("msExchMessageHygieneBlockedRecipient", "no address"),
        ];
        let expected = RecipientFilter {
            validates: true,
            blocked: vec!["sales@contoso.com".into()],
            raw_flags: Some(3075),
            ..RecipientFilter::default()
        };
        let found = read(&blocked);
        assert_eq!(found.unreadable.of(&["blocked"]).and_then(|one| one.value.as_deref()), Some("no address"));
        assert_eq!(RecipientFilter { unreadable: Unread::default(), ..found }, expected);
        assert!(!read(&[("msExchAgentsFlags", "3")]).validates);
        assert!(read(&[("msExchAgentsFlags", "on")]).unreadable.of(&["validates"]).is_some());
    }

    #[test]
    fn address_spaces_are_read_in_their_whole_grammar() {
        let cases = [
            ("SMTP:contoso.com;1", Some(("SMTP", "contoso.com", 1, false))),
            ("smtp:*;100", Some(("SMTP", "*", 100, false))),
            ("Local:SMTP:*.Contoso.com;5", Some(("SMTP", "*.contoso.com", 5, true))),
            ("contoso.com", Some(("SMTP", "contoso.com", 1, false))),
            ("X400:c=US;a= ;p=Contoso;3", Some(("X400", "c=us;a= ;p=contoso", 3, false))),
            ("SMTP:--;1", Some(("SMTP", "--", 1, false))),
            ("SMTP:contoso.com;100", Some(("SMTP", "contoso.com", 100, false))),
            ("SMTP:contoso.com;0", None),
            ("SMTP:contoso.com;101", None),
            ("SMTP:contoso.com;", None),
            ("SMTP:contoso com;1", None),
            ("SMTP:a@contoso.com;1", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|(kind, address, cost, local)| AddressSpace {
                kind: kind.into(),
                address: address.into(),
                cost,
                local,
            });
            assert_eq!(AddressSpace::parse(text), expected, "{text}");
        }
    }
}
