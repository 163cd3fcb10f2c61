//! An Exchange of objects and their properties, as the evidence of a system shows them: cmdlets change it, and what they
//! were called with is kept.
use crate::cmdlets::{Cmdlet, Version};
use crate::held::{Bound, held};
use crate::shell::Host;
use crate::value::{Call, Value};
use nsdiag_checks::evidence::exchange::{
    AcceptedDomain, AddressSpace, DomainKind, SendConnector, SmartHostAuthentication,
};
use nsdiag_checks::evidence::online::{InboundConnector, OutboundConnector};
use nsdiag_checks::evidence::servers::{PermissionGroup, ReceiveAuthentication, ReceiveConnector};
use nsdiag_checks::evidence::transport::{RemoteDomain, TransportRule};
use nsdiag_checks::evidence::{Directory, Entry, Evidence, Observed};
use std::collections::BTreeMap;

/// What is known of one object; a property that is not here was not read.
type Properties = BTreeMap<String, Value>;

/// What recipients are: one namespace, whatever their cmdlets' nouns.
const RECIPIENT: &str = "recipient";
const RECIPIENTS: [&str; 9] = [
    "MailContact",
    "MailUser",
    "Mailbox",
    "RemoteMailbox",
    "DistributionGroup",
    "DynamicDistributionGroup",
    "MailPublicFolder",
    "Contact",
    "ADObject",
];
const OTHERS: [&str; 8] = [
    "AcceptedDomain",
    "SendConnector",
    "ReceiveConnector",
    "OutboundConnector",
    "InboundConnector",
    "TransportRule",
    "RemoteDomain",
    "TransportConfig",
];

/// The stub.
#[derive(Clone)]
pub struct Exchange<'a> {
    table: &'a BTreeMap<String, Cmdlet>,
    versions: &'a [Version],
    /// By noun and identity in lower case.
    pub objects: BTreeMap<(String, String), Properties>,
    /// What changed something, with its values.
    pub calls: Vec<(String, Bound)>,
    /// What was only shown, with -WhatIf.
    pub previews: usize,
    /// What cannot be held against it.
    pub faults: Vec<String>,
    /// How many calls that change something go well before one fails.
    pub fails_after: Option<usize>,
    /// The AD domain of the servers, of which a session sees the recipients, where it is known.
    home: Option<String>,
    /// Whether the session was told to see all of the forest.
    whole_forest: bool,
}

impl<'a> Exchange<'a> {
    /// What `evidence` shows of `system`.
    pub fn of(evidence: &Evidence, system: &str, table: &'a BTreeMap<String, Cmdlet>, versions: &'a [Version]) -> Self {
        let mut objects = BTreeMap::new();
        let mut put = |noun: &str, name: &str, properties: Vec<(&str, Value)>| {
            let properties: Properties =
                properties.into_iter().map(|(name, value)| (name.to_string(), value)).collect();
            objects.entry((noun.to_string(), name.to_lowercase())).or_insert(properties);
        };
        for directory in evidence.directories.iter().filter(|directory| directory.system == system) {
            if let Some(organisation) = directory.organisation.known() {
                for one in organisation.accepted_domains.known().into_iter().flatten() {
                    put("AcceptedDomain", &one.name, accepted(one));
                }
                for one in organisation.send_connectors.known().into_iter().flatten() {
                    put("SendConnector", &one.name, sends(one));
                }
                for one in organisation.receive_connectors.known().into_iter().flatten() {
                    put("ReceiveConnector", &format!("{}\\{}", one.server, one.name), receives(one));
                }
                for one in organisation.outbound_connectors.known().into_iter().flatten() {
                    put("OutboundConnector", &one.name, outbound(one));
                }
                for one in organisation.transport_rules.known().into_iter().flatten() {
                    put("TransportRule", &one.name, rule(one));
                }
                for one in organisation.inbound_connectors.known().into_iter().flatten() {
                    put("InboundConnector", &one.name, inbound(one));
                }
                for one in organisation.remote_domains.known().into_iter().flatten() {
                    put("RemoteDomain", &one.name, remote(one));
                }
                if let Some(one) = organisation.transport_config.known() {
                    put(
                        "TransportConfig",
                        "",
                        vec![("InternalSMTPServers", list(one.internal_servers.iter().cloned()))],
                    );
                }
            }
            for entry in entries(directory) {
                put(RECIPIENT, &entry.dn, recipient(entry));
            }
        }
        let organisations = evidence.directories.iter().filter(|directory| directory.system == system);
        let mut servers = organisations.filter_map(|one| one.organisation.known()?.servers.known()).flatten();
        let home = servers.find_map(|server| Some(server.fqdn.as_deref()?.split_once('.')?.1.to_lowercase()));
        Self {
            table,
            versions,
            objects,
            calls: Vec::new(),
            previews: 0,
            faults: Vec::new(),
            fails_after: None,
            home,
            whole_forest: false,
        }
    }

    /// Has `evidence` show `system` as it is now.
    pub fn shown_in(&self, evidence: &mut Evidence, system: &str) {
        for directory in evidence.directories.iter_mut().filter(|directory| directory.system == system) {
            if let Observed::Known(organisation) = &mut directory.organisation {
                self.shown(&mut organisation.accepted_domains, "AcceptedDomain", |one| &one.name, accept);
                self.shown(&mut organisation.send_connectors, "SendConnector", |one| &one.name, send);
                for one in known(&mut organisation.receive_connectors).into_iter().flatten() {
                    let key = ("ReceiveConnector".to_string(), format!("{}\\{}", one.server, one.name).to_lowercase());
                    let Some(properties) = self.objects.get(&key) else { continue };
                    one.fqdn = properties.get("Fqdn").and_then(|it| texts(it).pop());
                    if let (Observed::Known(groups), Some(value)) = (&mut one.permission_groups, properties.get(GROUPS))
                    {
                        *groups = texts(value).iter().filter_map(|word| group(word)).collect();
                    }
                }
                self.shown(&mut organisation.outbound_connectors, "OutboundConnector", |one| &one.name, send_out);
                self.shown(&mut organisation.transport_rules, "TransportRule", |one| &one.name, act);
                self.shown(&mut organisation.inbound_connectors, "InboundConnector", |one| &one.name, take_in);
                self.shown(&mut organisation.remote_domains, "RemoteDomain", |one| &one.name, suppress);
            }
            let lookups = directory.lookups.iter_mut().flat_map(|lookup| [&mut lookup.entries, &mut lookup.forest]);
            for seen in lookups.chain([&mut directory.noteworthy]) {
                let Observed::Known(entries) = seen else { continue };
                for entry in entries {
                    let key = (RECIPIENT.to_string(), entry.dn.to_lowercase());
                    if let Some(properties) = self.objects.get(&key) {
                        receive(entry, properties);
                    }
                }
            }
        }
    }

    /// Writes the objects of `noun` into what was seen of them: those that are gone, changed and new.
    fn shown<T: serde::de::DeserializeOwned>(
        &self,
        seen: &mut Observed<Vec<T>>,
        noun: &str,
        name: fn(&T) -> &String,
        write: fn(&mut T, &Properties),
    ) {
        let Observed::Known(all) = seen else { return };
        all.retain(|one| self.objects.contains_key(&(noun.to_string(), name(one).to_lowercase())));
        for ((_, key), properties) in self.objects.iter().filter(|((one, _), _)| one == noun) {
            let at = all.iter().position(|one| name(one).to_lowercase() == *key).unwrap_or_else(|| {
                all.push(serde_json::from_value(unwritten(noun, key)).unwrap());
                all.len() - 1
            });
            write(&mut all[at], properties);
        }
    }

    /// The object that `name` is: by identity, or by one of the values that are as good.
    fn find(&self, noun: &str, name: &str) -> Option<(String, String)> {
        let key = (noun.to_string(), name.to_lowercase());
        if self.objects.contains_key(&key) {
            return Some(key);
        }
        let names = ["Name", "Alias", "PrimarySmtpAddress", "ExternalEmailAddress", "DistinguishedName"];
        let same = |value: &Value| bare(&value.text()).eq_ignore_ascii_case(bare(name));
        // An account of which Exchange knows nothing has no address to Exchange, whatever its mail says.
        let unknown = |properties: &Properties| {
            let none = |name: &str| properties.get(name).is_some_and(|value| *value == Value::Null);
            none("EmailAddresses") && none("ExternalEmailAddress")
        };
        let mut all = self.objects.iter().filter(|((one, _), properties)| {
            one == noun && !unknown(properties) && names.iter().any(|it| properties.get(*it).is_some_and(same))
        });
        all.next().map(|(key, _)| key.clone())
    }

    /// Whether the session finds the recipient of `key`: in the servers' own domain, or where it was told to look.
    fn in_scope(&self, noun: &str, key: &(String, String), bound: &Bound) -> Result<(), String> {
        let dn = self.objects[key].get("DistinguishedName").map(Value::text).unwrap_or_default();
        let own = nsdiag_checks::evidence::dn::domain(&dn);
        let (Some(home), Some(own)) = (&self.home, own) else { return Ok(()) };
        let told = match noun {
            "ADObject" => bound.get("Server").is_some_and(|server| server.text() == own),
            _ => self.whole_forest || bound.get("IgnoreDefaultScope").is_some_and(Value::is_true),
        };
        let found = *home == own || told;
        if found { Ok(()) } else { Err(format!("{} is in {own}, and the session sees {home}", key.1)) }
    }

    fn change(&mut self, verb: &str, noun: &str, bound: &Bound) -> Result<(), String> {
        let group = if RECIPIENTS.contains(&noun) { RECIPIENT } else { noun };
        let name = |parameter: &str| bound.get(parameter).map(Value::text).unwrap_or_default();
        if verb == "New" {
            let key = (group.to_string(), name("Name").to_lowercase());
            let target = name("ExternalEmailAddress");
            if self.find(group, &name("Name")).is_some() || !target.is_empty() && self.find(group, &target).is_some() {
                return Err(format!("{noun} {} is there already", name("Name")));
            }
            let mut properties = Properties::new();
            for (parameter, value) in settings(bound) {
                properties.insert(parameter.into(), normal(parameter, value));
            }
            // A name of its own in each server.
            let key = match bound.get("Server").filter(|_| noun == "ReceiveConnector") {
                Some(server) => (key.0, format!("{}\\{}", server.text(), key.1).to_lowercase()),
                None => key,
            };
            self.objects.insert(key, properties);
            return Ok(());
        }
        let Some(key) = self.find(group, &name("Identity")) else {
            return Err(format!("{noun} {} is not there", name("Identity")));
        };
        if group == RECIPIENT {
            self.in_scope(noun, &key, bound)?;
        }
        if verb == "Remove" {
            self.objects.remove(&key);
            return Ok(());
        }
        let properties = self.objects.get_mut(&key).expect("it was found");
        match (verb, noun) {
            ("Set", "ADObject") => attributes(properties, bound)?,
            ("Set", _) => {
                for (parameter, value) in settings(bound) {
                    let Some(before) = properties.get(parameter) else {
                        return Err(format!("nobody read -{parameter} of {}, so its undo is a guess", key.1));
                    };
                    let value = match value {
                        Value::Table(changes) => changed(before, changes),
                        value => normal(parameter, value),
                    };
                    properties.insert(parameter.into(), value);
                }
            }
            ("Disable" | "Enable", "TransportRule") => {
                properties.insert("State".into(), Value::Text(format!("{verb}d")));
            }
            ("Disable", "MailContact" | "MailUser") => {
                let gone =
                    ["ExternalEmailAddress", "EmailAddresses", "LegacyExchangeDN", "Alias", "PrimarySmtpAddress"];
                for gone in gone {
                    properties.insert(gone.into(), Value::Null);
                }
                for off in ["HiddenFromAddressListsEnabled", "RequireSenderAuthenticationEnabled"] {
                    properties.insert(off.into(), Value::Bool(false));
                }
            }
            ("Enable", "MailContact" | "MailUser") => {
                let primary = bound.get("PrimarySmtpAddress").or_else(|| bound.get("ExternalEmailAddress"));
                let primary = primary.map(|address| format!("SMTP:{}", bare(&address.text())));
                properties.insert("EmailAddresses".into(), list(primary.into_iter()));
                for (parameter, value) in settings(bound) {
                    properties.insert(parameter.into(), normal(parameter, value));
                }
            }
            _ => return Err(format!("the stub has no {verb}-{noun}")),
        }
        let relayed = properties.get("DomainType").is_some_and(|kind| kind.text() != "Authoritative");
        let catches = properties.get("CatchAllRecipient").is_some_and(|mailbox| *mailbox != Value::Null);
        if noun == "AcceptedDomain" && bound.contains_key("DomainType") && relayed && catches {
            return Err(format!("{} has a catch-all recipient, and cannot be relayed", key.1));
        }
        Ok(())
    }
}

impl Host for Exchange<'_> {
    fn seen(&mut self, call: &Call, piped: bool) {
        self.faults.extend(held(call, piped, self.table, self.versions).1);
    }

    fn call(&mut self, call: &Call, input: Option<&Value>) -> Result<Vec<Value>, String> {
        let bound = held(call, input.is_some(), self.table, self.versions).0;
        let (verb, noun) = call.name.split_once('-').unwrap_or((&call.name, ""));
        match (verb, noun) {
            ("Get", "Credential") => return Ok(vec![Value::Credential]),
            ("Get" | "Test" | "Resolve" | "Validate" | "Format" | "Select" | "Sort", _) => return Ok(Vec::new()),
            ("Set", "ADServerSettings") => {
                self.whole_forest = bound.get("ViewEntireForest").is_some_and(Value::is_true);
            }
            ("Start", _)
                if !bound.get("WhatIf").is_some_and(Value::is_true)
                    && self.fails_after.is_some_and(|well| self.calls.len() >= well) =>
            {
                return Err("the stub was to fail here".into());
            }
            // They only have made known what is set already.
            ("Start", "EdgeSynchronization") | ("Update" | "Restart" | "Retry", _) => {}
            (_, noun) if RECIPIENTS.contains(&noun) || OTHERS.contains(&noun) => {
                if bound.get("WhatIf").is_some_and(Value::is_true) {
                    self.previews += 1;
                    return Ok(Vec::new());
                }
                if self.fails_after.is_some_and(|well| self.calls.len() >= well) {
                    return Err("the stub was to fail here".into());
                }
                let before = self.objects.clone();
                if let Err(why) = self.change(verb, noun, &bound) {
                    self.objects = before;
                    return Err(why);
                }
            }
            _ => return Err(format!("the stub has no {}", call.name)),
        }
        self.calls.push((call.name.clone(), bound));
        Ok(Vec::new())
    }
}

/// The parameters that are properties.
fn settings(bound: &Bound) -> impl Iterator<Item = (&String, &Value)> {
    let none =
        ["Identity", "Confirm", "WhatIf", "ErrorAction", "Server", "DomainController", "Force", "IgnoreDefaultScope"];
    bound.iter().filter(move |(parameter, _)| !none.contains(&&***parameter))
}

/// A value as the object keeps it, however it was written.
fn normal(parameter: &str, value: &Value) -> Value {
    let all: Vec<Value> = value.all().cloned().collect();
    match (parameter, value) {
        (_, Value::Null) => Value::Null,
        // Exchange writes them with type and cost: SMTP and 1 where none is given.
        ("AddressSpaces", _) => list(all.iter().map(|one| space(&one.text()))),
        (
            "SmartHosts"
            | "EmailAddresses"
            | "RecipientDomains"
            | EXCEPT
            | "SenderIPAddresses"
            | "InternalSMTPServers"
            | "SourceTransportServers"
            | "RemoteIPRanges"
            | "Bindings"
            | "AuthMechanism"
            | "PermissionGroups",
            _,
        ) => list(all.iter().map(Value::text)),
        ("MaxMessageSize", Value::Word(text) | Value::Text(text)) => text
            .strip_suffix('B')
            .and_then(|bytes| bytes.parse().ok())
            .map_or_else(|| Value::Text(text.clone()), Value::Number),
        ("ExternalEmailAddress" | "ForwardingSmtpAddress" | "RemoteRoutingAddress", _) => {
            Value::Text(bare(&value.text()).to_lowercase())
        }
        (_, Value::Word(text)) => Value::Text(text.clone()),
        (_, value) => value.clone(),
    }
}

/// None of them is as good as no value.
fn list(all: impl Iterator<Item = String>) -> Value {
    let all: Vec<Value> = all.map(Value::Text).collect();
    if all.is_empty() { Value::Null } else { Value::List(all) }
}

fn space(written: &str) -> String {
    let (rest, cost) = written.rsplit_once(';').unwrap_or((written, "1"));
    format!("{};{cost}", if rest.contains(':') { rest.into() } else { format!("SMTP:{rest}") })
}

/// An address without its type.
fn bare(address: &str) -> &str {
    address.split_once(':').filter(|(kind, _)| kind.eq_ignore_ascii_case("smtp")).map_or(address, |(_, bare)| bare)
}

/// `@{Add='a';Remove='b'}`.
fn changed(before: &Value, changes: &[(String, Value)]) -> Value {
    let mut all: Vec<String> = before.all().map(Value::text).collect();
    for (key, value) in changes {
        for one in value.all().map(Value::text) {
            all.retain(|known| !known.eq_ignore_ascii_case(&one));
            if key == "Add" {
                all.push(one);
            }
        }
    }
    list(all.into_iter())
}

/// `Set-ADObject` of the attributes that are properties.
fn attributes(properties: &mut Properties, bound: &Bound) -> Result<(), String> {
    let property = |attribute: &str| match attribute {
        "targetAddress" => Ok("ExternalEmailAddress"),
        "proxyAddresses" => Ok("EmailAddresses"),
        "mail" => Ok("PrimarySmtpAddress"),
        "mailNickname" => Ok("Alias"),
        "altRecipient" => Ok("ForwardingAddress"),
        "legacyExchangeDN" => Ok("LegacyExchangeDN"),
        other => Err(format!("the stub has no attribute {other}")),
    };
    for cleared in bound.get("Clear").into_iter().flat_map(Value::all) {
        properties.insert(property(&cleared.text())?.into(), Value::Null);
    }
    for (verb, value) in bound.iter().filter(|(verb, _)| ["Add", "Replace", "Remove"].contains(&&***verb)) {
        let Value::Table(entries) = value else { return Err(format!("-{verb} {value:?}")) };
        for (attribute, value) in entries {
            let name = property(attribute)?;
            let value = match (&**verb, name) {
                ("Add", "ExternalEmailAddress") if properties.get(name).is_some_and(|it| *it != Value::Null) => {
                    return Err(format!("{attribute} has a value, and takes one"));
                }
                ("Add" | "Remove", "EmailAddresses") => {
                    let before = properties.get(name).cloned().unwrap_or(Value::Null);
                    changed(&before, &[(verb.clone(), value.clone())])
                }
                _ => normal(name, value),
            };
            properties.insert(name.into(), value);
        }
    }
    Ok(())
}

fn text(value: Option<&str>) -> Value {
    value.map_or(Value::Null, |text| Value::Text(text.into()))
}

fn accepted(one: &AcceptedDomain) -> Vec<(&'static str, Value)> {
    let kind = match one.kind {
        DomainKind::Authoritative => "Authoritative",
        DomainKind::InternalRelay => "InternalRelay",
        DomainKind::ExternalRelay => "ExternalRelay",
        DomainKind::Unknown => "",
    };
    vec![
        ("DomainName", Value::Text(one.domain.clone())),
        ("DomainType", Value::Text(kind.into())),
        ("AddressBookEnabled", Value::Bool(one.address_book)),
        ("MatchSubDomains", Value::Bool(one.match_subdomains)),
        ("CatchAllRecipient", text(one.catch_all.as_deref())),
    ]
}

fn sends(one: &SendConnector) -> Vec<(&'static str, Value)> {
    let authentication = match one.authentication {
        SmartHostAuthentication::None => "None",
        SmartHostAuthentication::Basic => "BasicAuth",
        SmartHostAuthentication::BasicRequireTls => "BasicAuthRequireTLS",
        SmartHostAuthentication::ExchangeServer => "ExchangeServer",
        SmartHostAuthentication::ExternalAuthoritative => "ExternalAuthoritative",
        SmartHostAuthentication::Unknown => "",
    };
    let spaces = one.address_spaces.iter().map(|space| format!("{}:{};{}", space.kind, space.address, space.cost));
    let size = one.max_bytes.map_or_else(
        || Value::Text("unlimited".into()),
        |bytes| i64::try_from(bytes).map_or(Value::Null, Value::Number),
    );
    vec![
        ("Enabled", Value::Bool(one.enabled)),
        ("AddressSpaces", list(spaces)),
        ("SmartHosts", list(one.smart_hosts.iter().cloned())),
        ("DNSRoutingEnabled", Value::Bool(one.smart_hosts.is_empty())),
        ("Port", Value::Number(one.port.into())),
        ("SmartHostAuthMechanism", Value::Text(authentication.into())),
        // A password is never read: what was there is lost.
        ("AuthenticationCredential", Value::Null),
        ("IsScopedConnector", Value::Bool(one.scoped)),
        ("MaxMessageSize", size),
        ("RequireTLS", Value::Bool(one.require_tls)),
        ("IgnoreSTARTTLS", Value::Bool(one.ignore_starttls)),
        ("TlsDomain", text(one.tls_domain.as_deref())),
        ("UseExternalDNSServersEnabled", Value::Bool(one.external_dns)),
        ("DomainSecureEnabled", Value::Bool(one.domain_secure)),
        ("CloudServicesMailEnabled", Value::Bool(one.cloud_services)),
        ("Fqdn", text(one.fqdn.as_deref())),
        ("SourceTransportServers", list(one.source_servers.iter().cloned())),
    ]
}

fn receives(one: &ReceiveConnector) -> Vec<(&'static str, Value)> {
    let authentication = one.authentication.iter().map(|way| match way {
        ReceiveAuthentication::Tls => "Tls",
        ReceiveAuthentication::Integrated => "Integrated",
        ReceiveAuthentication::Basic => "BasicAuth",
        ReceiveAuthentication::BasicRequireTls => "BasicAuthRequireTLS",
        ReceiveAuthentication::ExchangeServer => "ExchangeServer",
        ReceiveAuthentication::ExternalAuthoritative => "ExternalAuthoritative",
    });
    vec![
        ("Enabled", Value::Bool(one.enabled)),
        ("Fqdn", text(one.fqdn.as_deref())),
        ("Bindings", list(one.bindings.iter().cloned())),
        ("RemoteIPRanges", list(one.remote_ranges.iter().cloned())),
        ("AuthMechanism", list(authentication.map(String::from))),
        (GROUPS, list(one.permission_groups.known().into_iter().flatten().map(|group| group.word().into()))),
    ]
}

const GROUPS: &str = "PermissionGroups";

fn group(word: &str) -> Option<PermissionGroup> {
    use PermissionGroup::{AnonymousUsers, ExchangeLegacyServers, ExchangeServers, ExchangeUsers, Partners};
    let all = [AnonymousUsers, ExchangeUsers, ExchangeServers, ExchangeLegacyServers, Partners];
    all.into_iter().find(|group| group.word() == word)
}

fn inbound(one: &InboundConnector) -> Vec<(&'static str, Value)> {
    vec![
        ("SenderIPAddresses", list(one.sender_addresses.iter().cloned())),
        ("RestrictDomainsToIPAddresses", Value::Bool(one.addresses_only)),
        ("RestrictDomainsToCertificate", Value::Bool(one.certificate_only)),
    ]
}

fn take_in(one: &mut InboundConnector, properties: &Properties) {
    for (name, value) in properties {
        match &**name {
            "SenderIPAddresses" => one.sender_addresses = texts(value),
            "RestrictDomainsToIPAddresses" => one.addresses_only = value.is_true(),
            "RestrictDomainsToCertificate" => one.certificate_only = value.is_true(),
            _ => {}
        }
    }
}

fn remote(one: &RemoteDomain) -> Vec<(&'static str, Value)> {
    vec![("NDREnabled", Value::Bool(one.reports)), ("AutoForwardEnabled", Value::Bool(one.forwards))]
}

fn suppress(one: &mut RemoteDomain, properties: &Properties) {
    one.reports = properties.get("NDREnabled").is_some_and(Value::is_true);
    one.forwards = properties.get("AutoForwardEnabled").is_some_and(Value::is_true);
}

fn outbound(one: &OutboundConnector) -> Vec<(&'static str, Value)> {
    vec![
        ("Enabled", Value::Bool(one.enabled)),
        ("RecipientDomains", list(one.recipient_domains.iter().cloned())),
        ("SmartHosts", list(one.smart_hosts.iter().cloned())),
        ("UseMXRecord", Value::Bool(one.use_mx)),
        ("IsTransportRuleScoped", Value::Bool(one.by_rule_only)),
        ("AllAcceptedDomains", Value::Bool(one.all_accepted_domains)),
        ("RouteAllMessagesViaOnPremises", Value::Bool(one.all_via_on_premises)),
        ("TlsSettings", text(one.tls.as_deref())),
    ]
}

/// An object that was just made, before any of its properties.
fn unwritten(noun: &str, name: &str) -> serde_json::Value {
    match noun {
        "AcceptedDomain" => serde_json::json!({
            "name": name, "domain": "", "kind": "authoritative", "address_book": false, "match_subdomains": false,
            "catch_all": null, "raw_flags": null, "changed": null,
        }),
        "SendConnector" => serde_json::json!({
            "name": name, "enabled": true, "address_spaces": [], "smart_hosts": [], "port": 25, "authentication": "none",
            "scoped": false, "max_bytes": null, "require_tls": false, "source_servers": [], "raw_flags": null,
            "changed": null,
        }),
        _ => serde_json::json!({
            "name": name, "enabled": true, "kind": "on-premises", "recipient_domains": [], "smart_hosts": [],
            "use_mx": true, "by_rule_only": false, "all_accepted_domains": false, "all_via_on_premises": false,
            "tls": null, "changed": null,
        }),
    }
}

fn accept(one: &mut AcceptedDomain, properties: &Properties) {
    for (name, value) in properties {
        match &**name {
            "DomainName" => one.domain = value.text(),
            "DomainType" => {
                one.kind = match &*value.text() {
                    "Authoritative" => DomainKind::Authoritative,
                    "InternalRelay" => DomainKind::InternalRelay,
                    "ExternalRelay" => DomainKind::ExternalRelay,
                    _ => DomainKind::Unknown,
                }
            }
            "AddressBookEnabled" => one.address_book = value.is_true(),
            "MatchSubDomains" => one.match_subdomains = value.is_true(),
            "CatchAllRecipient" => one.catch_all = texts(value).pop(),
            _ => {}
        }
    }
}

fn send(one: &mut SendConnector, properties: &Properties) {
    for (name, value) in properties {
        match &**name {
            "Enabled" => one.enabled = value.is_true(),
            "AddressSpaces" => {
                one.address_spaces = texts(value)
                    .iter()
                    .filter_map(|written| {
                        let (kind, rest) = written.split_once(':')?;
                        let (address, cost) = rest.rsplit_once(';')?;
                        let (kind, address) = (kind.into(), address.into());
                        Some(AddressSpace { kind, address, cost: cost.parse().ok()?, local: false })
                    })
                    .collect();
            }
            "SmartHosts" => one.smart_hosts = texts(value),
            "SmartHostAuthMechanism" => {
                one.authentication = match &*value.text() {
                    "None" => SmartHostAuthentication::None,
                    "BasicAuth" => SmartHostAuthentication::Basic,
                    "BasicAuthRequireTLS" => SmartHostAuthentication::BasicRequireTls,
                    "ExchangeServer" => SmartHostAuthentication::ExchangeServer,
                    "ExternalAuthoritative" => SmartHostAuthentication::ExternalAuthoritative,
                    _ => SmartHostAuthentication::Unknown,
                }
            }
            "IsScopedConnector" => one.scoped = value.is_true(),
            "MaxMessageSize" => one.max_bytes = value.text().parse().ok(),
            "TlsDomain" => one.tls_domain = texts(value).pop(),
            "RequireTLS" => one.require_tls = value.is_true(),
            "SourceTransportServers" => one.source_servers = texts(value),
            _ => {}
        }
    }
}

fn rule(one: &TransportRule) -> Vec<(&'static str, Value)> {
    let state = if one.acts { "Enabled" } else { "Disabled" };
    vec![("State", text(Some(state))), (EXCEPT, list(one.except.domains.iter().cloned()))]
}

const EXCEPT: &str = "ExceptIfRecipientDomainIs";

fn act(one: &mut TransportRule, properties: &Properties) {
    one.acts = properties.get("State").is_some_and(|state| state.text() == "Enabled");
    one.except.domains = properties.get(EXCEPT).map(texts).unwrap_or_default();
    one.except.named.retain(|name| name != "RecipientDomainIs");
    if !one.except.domains.is_empty() {
        one.except.named.push("RecipientDomainIs".into());
    }
}

fn send_out(one: &mut OutboundConnector, properties: &Properties) {
    for (name, value) in properties {
        match &**name {
            "Enabled" => one.enabled = value.is_true(),
            "RecipientDomains" => one.recipient_domains = texts(value),
            "SmartHosts" => one.smart_hosts = texts(value),
            "UseMXRecord" => one.use_mx = value.is_true(),
            "AllAcceptedDomains" => one.all_accepted_domains = value.is_true(),
            "IsTransportRuleScoped" => one.by_rule_only = value.is_true(),
            _ => {}
        }
    }
}

fn receive(entry: &mut Entry, properties: &Properties) {
    let prefixed = |value: &Value| texts(value).iter().map(|one| format!("SMTP:{}", bare(one))).collect();
    let before: BTreeMap<&str, Value> = recipient(entry).into_iter().collect();
    for (property, attribute) in ATTRIBUTE_OF {
        let Some(value) = properties.get(property).filter(|value| before.get(property) != Some(value)) else {
            continue;
        };
        let values: Vec<String> = match (property, value) {
            ("ExternalEmailAddress" | "RemoteRoutingAddress", value) => prefixed(value),
            (_, Value::Bool(it)) => vec![if *it { "TRUE" } else { "FALSE" }.into()],
            (_, value) => texts(value),
        };
        let attribute = attribute.to_ascii_lowercase();
        match values.is_empty() {
            true => entry.attributes.remove(&attribute),
            false => entry.attributes.insert(attribute, values),
        };
    }
}

/// The attribute in which a directory keeps a property.
const ATTRIBUTE_OF: [(&str, &str); 8] = [
    ("ExternalEmailAddress", "targetAddress"),
    ("RemoteRoutingAddress", "targetAddress"),
    ("EmailAddresses", "proxyAddresses"),
    ("ForwardingAddress", "altRecipient"),
    ("ForwardingSmtpAddress", "msExchGenericForwardingAddress"),
    ("Alias", "mailNickname"),
    ("RequireSenderAuthenticationEnabled", "msExchRequireAuthToSendTo"),
    ("HiddenFromAddressListsEnabled", "msExchHideFromAddressLists"),
];

fn known<T>(seen: &mut Observed<T>) -> Option<&mut T> {
    if let Observed::Known(known) = seen { Some(known) } else { None }
}

fn texts(value: &Value) -> Vec<String> {
    value.all().map(Value::text).collect()
}

fn entries(directory: &Directory) -> impl Iterator<Item = &Entry> {
    let looked_up = directory.lookups.iter().flat_map(|lookup| [lookup.entries.known(), lookup.forest.known()]);
    let accounts = directory.lookups.iter().flat_map(|lookup| lookup.accounts.iter().chain(&lookup.forest_accounts));
    looked_up.chain([directory.noteworthy.known()]).flatten().flatten().chain(accounts)
}

fn recipient(entry: &Entry) -> Vec<(&'static str, Value)> {
    let boolean = |name| Value::Bool(entry.boolean(name).unwrap_or(false));
    let target = entry.value("targetAddress").map(|address| Value::Text(bare(address).to_lowercase()));
    let target = target.unwrap_or(Value::Null);
    let forward = entry.value("msExchGenericForwardingAddress");
    vec![
        ("DistinguishedName", Value::Text(entry.dn.clone())),
        ("PrimarySmtpAddress", text(entry.value("mail"))),
        ("Alias", text(entry.value("mailNickname"))),
        ("LegacyExchangeDN", text(entry.value("legacyExchangeDN"))),
        ("ExternalEmailAddress", target.clone()),
        ("RemoteRoutingAddress", target),
        ("EmailAddresses", list(entry.values("proxyAddresses").iter().cloned())),
        ("ForwardingAddress", text(entry.value("altRecipient"))),
        ("ForwardingSmtpAddress", forward.map_or(Value::Null, |it| Value::Text(bare(it).to_lowercase()))),
        ("RequireSenderAuthenticationEnabled", boolean("msExchRequireAuthToSendTo")),
        ("HiddenFromAddressListsEnabled", boolean("msExchHideFromAddressLists")),
    ]
}
