//! Makes the Exchange organisation out of exported objects.
use super::cmdlet::Cmdlet;
use super::fields::{
    Decoded, Undecoded, address_spaces, changed, choice, domain, flag, flag_or_false, name_in, number, reference, set,
    size, smart_hosts, text, text_or_none, texts,
};
use super::transport;
use super::value::{Object, Value};
use nsdiag_checks::evidence::exchange::{
    AcceptedDomain, AddressSpace, DomainKind, Organisation, RecipientFilter, SendConnector, SmartHostAuthentication,
    TlsAuthLevel, split_smart_hosts,
};
use nsdiag_checks::evidence::online::{ConnectorType, InboundConnector, OutboundConnector};
use nsdiag_checks::evidence::reading::Unread;
use nsdiag_checks::evidence::servers::{
    EdgeSubscription, ExchangeServer, PermissionGroup, ReceiveAuthentication, ReceiveConnector, ServerRole,
};
use nsdiag_checks::evidence::transport::{RemoteDomain, TransportConfig, TransportRule};
use nsdiag_checks::evidence::{How, Miss, Observed, address};

/// The objects of one file, as far as they describe the organisation.
#[derive(Debug, Default)]
pub struct Parts {
    accepted_domains: Vec<AcceptedDomain>,
    send_connectors: Vec<SendConnector>,
    recipient_filter: Vec<RecipientFilter>,
    receive_connectors: Vec<ReceiveConnector>,
    servers: Vec<ExchangeServer>,
    edge_subscriptions: Vec<EdgeSubscription>,
    inbound_connectors: Vec<InboundConnector>,
    outbound_connectors: Vec<OutboundConnector>,
    transport_rules: Vec<TransportRule>,
    remote_domains: Vec<RemoteDomain>,
    transport_config: Vec<TransportConfig>,
    /// The organisation container's DN, where an object's own tells it.
    dn: Option<String>,
}

/// One file of the organisation, with what became of it.
#[derive(Debug)]
pub struct Source {
    /// Its path.
    pub path: String,
    /// The cmdlets whose objects were seen in it.
    pub cmdlets: Vec<Cmdlet>,
    /// Its objects.
    pub parts: Parts,
    /// Why it does not count, or what of it cannot be read.
    pub wrong: Option<Miss>,
}

impl Parts {
    /// Takes an object in.
    pub fn take(&mut self, cmdlet: Cmdlet, object: &Object) -> Decoded<()> {
        if self.dn.is_none() {
            self.dn = object.short("DistinguishedName").and_then(|dn| container(&dn));
        }
        match cmdlet {
            Cmdlet::AcceptedDomain => self.accepted_domains.push(accepted_domain(object)?),
            Cmdlet::SendConnector => self.send_connectors.push(send_connector(object)?),
            Cmdlet::RecipientFilter => self.recipient_filter.push(recipient_filter(object)?),
            Cmdlet::ReceiveConnector => self.receive_connectors.push(receive_connector(object)?),
            Cmdlet::Server => self.servers.push(server(object)?),
            Cmdlet::EdgeSubscription => self.edge_subscriptions.push(EdgeSubscription {
                name: text(object, "Name")?,
                site: reference(object, "Site")?.map(|site| name_in(&site)),
            }),
            Cmdlet::Inbound => self.inbound_connectors.push(inbound(object)?),
            Cmdlet::Outbound => self.outbound_connectors.push(outbound(object)?),
            Cmdlet::TransportRule => self.transport_rules.push(transport::rule(object)?),
            Cmdlet::RemoteDomain => self.remote_domains.push(transport::remote_domain(object)?),
            Cmdlet::TransportConfig => self.transport_config.push(transport::config(object)?),
            Cmdlet::Recipients(_) => {}
        }
        Ok(())
    }
}

/// Puts the files together. `untold` is what is wrong with files of which it is not known what they hold.
pub fn assemble(sources: Vec<Source>, untold: Option<&Miss>) -> Observed<Organisation> {
    if sources.is_empty() && untold.is_none() {
        return Observed::NotAsked;
    }
    let dn = sources.iter().find_map(|source| source.parts.dn.clone()).unwrap_or_default();
    let part = Part { sources: &sources, untold };
    let mut organisation = Organisation {
        dn,
        accepted_domains: part.whole(Cmdlet::AcceptedDomain, |parts| &parts.accepted_domains),
        send_connectors: part.whole(Cmdlet::SendConnector, |parts| &parts.send_connectors),
        receive_connectors: part.by_server(
            Cmdlet::ReceiveConnector,
            |parts| &parts.receive_connectors,
            |one| (&one.server, &one.name),
        ),
        servers: part.by_server(Cmdlet::Server, |parts| &parts.servers, |one| (&one.name, "")),
        edge_subscriptions: part.whole(Cmdlet::EdgeSubscription, |parts| &parts.edge_subscriptions),
        inbound_connectors: part.whole(Cmdlet::Inbound, |parts| &parts.inbound_connectors),
        outbound_connectors: part.whole(Cmdlet::Outbound, |parts| &parts.outbound_connectors),
        transport_rules: part.whole(Cmdlet::TransportRule, |parts| &parts.transport_rules),
        remote_domains: part.whole(Cmdlet::RemoteDomain, |parts| &parts.remote_domains),
        transport_config: match part.one(Cmdlet::TransportConfig, |parts| &parts.transport_config) {
            Observed::Known(Some(config)) => Observed::Known(config),
            Observed::Known(None) => {
                Observed::Unknown(Miss::new(How::NoRight, "Get-TransportConfig gave nothing, and there always is one"))
            }
            Observed::Unknown(miss) => Observed::Unknown(miss),
            Observed::NotAsked => Observed::NotAsked,
        },
        recipient_filter: part.one(Cmdlet::RecipientFilter, |parts| &parts.recipient_filter),
    };
    if organisation.accepted_domains.known().is_some_and(Vec::is_empty) {
        let said = "Get-AcceptedDomain gave nothing, and an organisation always has an accepted domain: export it with an \
                    account that sees it";
        organisation.accepted_domains = Observed::Unknown(Miss::new(How::NoRight, said));
    }
    Observed::Known(organisation)
}

struct Part<'a> {
    sources: &'a [Source],
    untold: Option<&'a Miss>,
}

impl Part<'_> {
    fn of(&self, cmdlet: Cmdlet) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(move |source| source.cmdlets.contains(&cmdlet))
    }

    /// What there is where no file of the cmdlet was read.
    fn missing<T>(&self, cmdlet: Cmdlet) -> Observed<T> {
        match self.of(cmdlet).find_map(|source| source.wrong.as_ref()).or(self.untold) {
            Some(miss) => Observed::Unknown(miss.clone()),
            None => Observed::NotAsked,
        }
    }

    /// Of a cmdlet that gives the whole organisation's: one file is enough, and several must say the same.
    fn whole<T: Clone + PartialEq + 'static>(&self, cmdlet: Cmdlet, of: fn(&Parts) -> &Vec<T>) -> Observed<Vec<T>> {
        let mut whole = self.of(cmdlet).filter(|source| source.wrong.is_none());
        let Some(first) = whole.next() else { return self.missing(cmdlet) };
        let all = of(&first.parts);
        let same = |other: &Vec<T>| other.len() == all.len() && other.iter().all(|one| all.contains(one));
        match whole.find(|source| !same(of(&source.parts))) {
            Some(other) => {
                let said = format!(
                    "{} and {} are both of {} and differ: leave the one that is true",
                    first.path,
                    other.path,
                    cmdlet.name()
                );
                Observed::Unknown(Miss::new(How::Unreadable, said))
            }
            None => Observed::Known(all.clone()),
        }
    }

    /// Of a cmdlet that gives one object at most.
    fn one<T: Clone + PartialEq + 'static>(&self, cmdlet: Cmdlet, of: fn(&Parts) -> &Vec<T>) -> Observed<Option<T>> {
        match self.whole(cmdlet, of) {
            Observed::Known(all) if all.len() > 1 => {
                let said = format!("{} gave several objects, and there is one", cmdlet.name());
                Observed::Unknown(Miss::new(How::Unreadable, said))
            }
            Observed::Known(all) => Observed::Known(all.into_iter().next()),
            Observed::Unknown(miss) => Observed::Unknown(miss),
            Observed::NotAsked => Observed::NotAsked,
        }
    }

    /// Of a cmdlet that may be asked of each server alone: all files are needed, and none may contradict another.
    fn by_server<T: Clone + PartialEq + 'static>(
        &self,
        cmdlet: Cmdlet,
        of: fn(&Parts) -> &Vec<T>,
        key: for<'t> fn(&'t T) -> (&'t str, &'t str),
    ) -> Observed<Vec<T>> {
        let mut all: Vec<T> = Vec::new();
        let mut from: Vec<&str> = Vec::new();
        if self.of(cmdlet).next().is_none() || self.of(cmdlet).any(|source| source.wrong.is_some()) {
            return self.missing(cmdlet);
        }
        for source in self.of(cmdlet) {
            for one in of(&source.parts) {
                match all.iter().position(|own| key(own) == key(one)) {
                    Some(at) if all[at] == *one => {}
                    Some(at) => {
                        let said = format!(
                            "{} and {} differ in {}: leave the one that is true",
                            from[at],
                            source.path,
                            key(one).1
                        );
                        return Observed::Unknown(Miss::new(How::Unreadable, said));
                    }
                    None => {
                        all.push(one.clone());
                        from.push(&source.path);
                    }
                }
            }
        }
        Observed::Known(all)
    }
}

/// The organisation container in the DN of something below it.
fn container(dn: &str) -> Option<String> {
    let at = dn.find(",CN=Microsoft Exchange,CN=Services,")?;
    let start = dn[..at].rfind(",CN=")? + 1;
    Some(dn[start..].to_string())
}

fn accepted_domain(object: &Object) -> Decoded<AcceptedDomain> {
    let kinds = [
        (0, "Authoritative", DomainKind::Authoritative),
        (1, "ExternalRelay", DomainKind::ExternalRelay),
        (2, "InternalRelay", DomainKind::InternalRelay),
    ];
    let domain = domain(object, "DomainName")?;
    Ok(AcceptedDomain {
        name: text_or_none(object, "Name")?.unwrap_or_else(|| domain.clone()),
        kind: chosen(object, "DomainType", &kinds)?,
        address_book: flag(object, "AddressBookEnabled")?,
        match_subdomains: flag_or_false(object, "MatchSubDomains")?,
        catch_all: reference(object, "CatchAllRecipientID")?,
        raw_flags: None,
        changed: changed(object),
        unreadable: Unread::default(),
        domain,
    })
}

/// An enumeration that must be there.
fn chosen<T: Copy>(object: &Object, field: &'static str, all: &[(i64, &str, T)]) -> Decoded<T> {
    super::fields::needed(object, field)?;
    choice(object, field, all)?.ok_or_else(|| Undecoded { field, why: "it is null".into() })
}

fn send_connector(object: &Object) -> Decoded<SendConnector> {
    let authentications = [
        (0, "None", SmartHostAuthentication::None),
        (2, "BasicAuth", SmartHostAuthentication::Basic),
        (4, "BasicAuthRequireTLS", SmartHostAuthentication::BasicRequireTls),
        (8, "ExchangeServer", SmartHostAuthentication::ExchangeServer),
        (16, "ExternalAuthoritative", SmartHostAuthentication::ExternalAuthoritative),
    ];
    let levels = [
        (0, "NotSet", TlsAuthLevel::NotSet),
        (1, "EncryptionOnly", TlsAuthLevel::EncryptionOnly),
        (2, "CertificateValidation", TlsAuthLevel::CertificateValidation),
        (4, "DomainValidation", TlsAuthLevel::DomainValidation),
    ];
    let scoped = flag(object, "IsScopedConnector")?;
    let address_spaces = address_spaces(object, "AddressSpaces", scoped)?;
    let smart_hosts = smart_hosts(object)?;
    let by_dns = object.field("DNSRoutingEnabled").and_then(Value::flag);
    let contradicts = by_dns.is_some_and(|by_dns| by_dns != smart_hosts.is_empty());
    if contradicts {
        let why = match smart_hosts.is_empty() {
            true => "it is False, and the export shows no smart host",
            false => "it is True, and the export shows smart hosts",
        };
        return Err(Undecoded { field: "DNSRoutingEnabled", why: why.into() });
    }
    let mut unreadable = Unread::default();
    // Exchange always has a port. Older versions have no CloudServicesMailEnabled, and an export may leave it out.
    for (field, property) in [("port", "Port"), ("cloud_services", "CloudServicesMailEnabled")] {
        if object.field(property).is_none_or(Value::is_nil) {
            unreadable.add(field, format!("the export lacks {property}"));
        }
    }
    let port: Option<u16> = number(object, "Port")?;
    if port == Some(0) {
        return Err(Undecoded { field: "Port", why: "it is 0".into() });
    }
    Ok(SendConnector {
        name: text(object, "Name")?,
        enabled: flag(object, "Enabled")?,
        scoped: scoped || address_spaces.iter().any(|space: &AddressSpace| space.local),
        address_spaces,
        smart_hosts,
        port: port.unwrap_or(25),
        authentication: choice(object, "SmartHostAuthMechanism", &authentications)?
            .unwrap_or(SmartHostAuthentication::Unknown),
        max_bytes: size(object, "MaxMessageSize")?,
        require_tls: flag(object, "RequireTLS")?,
        ignore_starttls: flag_or_false(object, "IgnoreSTARTTLS")?,
        tls_auth_level: choice(object, "TlsAuthLevel", &levels)?.unwrap_or_default(),
        tls_domain: text_or_none(object, "TlsDomain")?.map(|name| name.to_lowercase()),
        external_dns: flag_or_false(object, "UseExternalDNSServersEnabled")?,
        domain_secure: flag_or_false(object, "DomainSecureEnabled")?,
        cloud_services: flag_or_false(object, "CloudServicesMailEnabled")?,
        fqdn: text_or_none(object, "Fqdn")?.map(|name| name.to_lowercase()),
        source_servers: texts(object, "SourceTransportServers")?.iter().map(|name| name_in(name)).collect(),
        raw_flags: None,
        changed: changed(object),
        unreadable,
    })
}

fn recipient_filter(object: &Object) -> Decoded<RecipientFilter> {
    // Some exports leave it out, and then the look-up itself decides.
    let runs = !object.has("Enabled") || flag(object, "Enabled")?;
    let blocked = match flag_or_false(object, "BlockListEnabled")? && object.has("BlockedRecipients") {
        true => texts(object, "BlockedRecipients")?,
        false => vec![],
    };
    let mut unreadable = Unread::default();
    for wrong in blocked.iter().filter_map(|one| address::fold(one).err()) {
        unreadable.add("blocked", format!("BlockedRecipients: {wrong}"));
    }
    Ok(RecipientFilter {
        validates: runs && flag(object, "RecipientValidationEnabled")?,
        blocked: blocked.iter().filter_map(|one| address::fold(one).ok()).collect(),
        raw_flags: None,
        unreadable,
    })
}

fn receive_connector(object: &Object) -> Decoded<ReceiveConnector> {
    let authentications = [
        (0, "None", None),
        (1, "Tls", Some(ReceiveAuthentication::Tls)),
        (2, "Integrated", Some(ReceiveAuthentication::Integrated)),
        (4, "BasicAuth", Some(ReceiveAuthentication::Basic)),
        (8, "BasicAuthRequireTLS", Some(ReceiveAuthentication::BasicRequireTls)),
        (16, "ExchangeServer", Some(ReceiveAuthentication::ExchangeServer)),
        (32, "ExternalAuthoritative", Some(ReceiveAuthentication::ExternalAuthoritative)),
    ];
    let groups = [
        (1, "AnonymousUsers", PermissionGroup::AnonymousUsers),
        (2, "ExchangeUsers", PermissionGroup::ExchangeUsers),
        (4, "ExchangeServers", PermissionGroup::ExchangeServers),
        (8, "ExchangeLegacyServers", PermissionGroup::ExchangeLegacyServers),
        // Their numbers are not published: they are told by name alone.
        (1 << 62, "Partners", PermissionGroup::Partners),
        (1 << 61, "Custom", PermissionGroup::Custom),
    ];
    let name = text(object, "Name")?;
    let identity = text_or_none(object, "Identity")?.unwrap_or_default();
    let server = match (reference(object, "Server")?, identity.split_once('\\')) {
        (Some(server), _) => name_in(&server),
        (None, Some((server, _))) => server.to_string(),
        (None, None) => {
            return Err(Undecoded { field: "Server", why: "the export has neither it nor Identity".into() });
        }
    };
    Ok(ReceiveConnector {
        name,
        server,
        enabled: flag(object, "Enabled")?,
        bindings: texts(object, "Bindings")?,
        remote_ranges: texts(object, "RemoteIPRanges")?,
        authentication: set(object, "AuthMechanism", &authentications)?.into_iter().flatten().collect(),
        permission_groups: match (object.has("PermissionGroups"), set(object, "PermissionGroups", &groups)) {
            (false, _) => Observed::NotAsked,
            (true, Ok(groups)) => Observed::Known(groups),
            (true, Err(wrong)) => {
                Observed::Unknown(Miss::new(How::Unreadable, format!("PermissionGroups: {}", wrong.why)))
            }
        },
        fqdn: text_or_none(object, "Fqdn")?.map(|name| name.to_lowercase()),
        max_bytes: size(object, "MaxMessageSize")?,
        raw_authentication: object.field("AuthMechanism").and_then(Value::number),
        raw_role: choice(object, "TransportRole", &[(32, "HubTransport", 32), (16_384, "FrontendTransport", 16_384)])?,
        unreadable: Unread::default(),
    })
}

fn server(object: &Object) -> Decoded<ExchangeServer> {
    let all = [
        (0, "None", None),
        (2, "Mailbox", Some(ServerRole::Mailbox)),
        (4, "ClientAccess", Some(ServerRole::ClientAccess)),
        (16, "UnifiedMessaging", Some(ServerRole::UnifiedMessaging)),
        (32, "HubTransport", Some(ServerRole::HubTransport)),
        (64, "Edge", Some(ServerRole::Edge)),
    ];
    let mut roles: Vec<ServerRole> = set(object, "ServerRole", &all)?.into_iter().flatten().collect();
    // Since Exchange 2013 `ServerRole` says Mailbox for all that is on one server; these tell.
    let told = [
        ("IsMailboxServer", ServerRole::Mailbox),
        ("IsClientAccessServer", ServerRole::ClientAccess),
        ("IsUnifiedMessagingServer", ServerRole::UnifiedMessaging),
        ("IsHubTransportServer", ServerRole::HubTransport),
        ("IsEdgeServer", ServerRole::Edge),
    ];
    for (field, role) in told {
        if flag_or_false(object, field)? {
            roles.push(role);
        }
    }
    roles.sort_unstable();
    roles.dedup();
    Ok(ExchangeServer {
        name: text(object, "Name")?,
        fqdn: text_or_none(object, "Fqdn")?.map(|name| name.to_lowercase()),
        roles,
        site: reference(object, "Site")?.map(|site| name_in(&site)),
        version: text_or_none(object, "AdminDisplayVersion")?,
        raw_roles: object.field("ServerRole").and_then(Value::number),
        unreadable: Unread::default(),
    })
}

const CONNECTOR_TYPES: [(i64, &str, ConnectorType); 2] =
    [(-1, "OnPremises", ConnectorType::OnPremises), (-2, "Partner", ConnectorType::Partner)];

/// `ConnectorType`, whose numbers are not published.
fn connector_type(object: &Object) -> ConnectorType {
    choice(object, "ConnectorType", &CONNECTOR_TYPES).ok().flatten().unwrap_or_default()
}

/// Domains that are written as address spaces or bare: `smtp:contoso.com;1`, `contoso.com`.
fn domains(object: &Object, field: &'static str) -> Decoded<Vec<String>> {
    Ok(address_spaces(object, field, false)?.into_iter().map(|space| space.address).collect())
}

fn texts_or_none(object: &Object, field: &'static str) -> Decoded<Vec<String>> {
    if object.has(field) { texts(object, field) } else { Ok(vec![]) }
}

fn inbound(object: &Object) -> Decoded<InboundConnector> {
    Ok(InboundConnector {
        name: text(object, "Name")?,
        enabled: flag(object, "Enabled")?,
        kind: connector_type(object),
        sender_domains: domains(object, "SenderDomains")?,
        sender_addresses: texts_or_none(object, "SenderIPAddresses")?,
        certificate_name: text_or_none(object, "TlsSenderCertificateName")?,
        require_tls: flag_or_false(object, "RequireTls")?,
        addresses_only: flag_or_false(object, "RestrictDomainsToIPAddresses")?,
        certificate_only: flag_or_false(object, "RestrictDomainsToCertificate")?,
        changed: changed(object),
    })
}

fn outbound(object: &Object) -> Decoded<OutboundConnector> {
    Ok(OutboundConnector {
        name: text(object, "Name")?,
        enabled: flag(object, "Enabled")?,
        kind: connector_type(object),
        recipient_domains: domains(object, "RecipientDomains")?,
        smart_hosts: texts(object, "SmartHosts")?.iter().flat_map(|host| split_smart_hosts(host)).collect(),
        use_mx: flag(object, "UseMXRecord")?,
        by_rule_only: flag(object, "IsTransportRuleScoped")?,
        all_accepted_domains: flag(object, "AllAcceptedDomains")?,
        all_via_on_premises: flag(object, "RouteAllMessagesViaOnPremises")?,
        tls: text_or_none(object, "TlsSettings")?,
        changed: changed(object),
    })
}
