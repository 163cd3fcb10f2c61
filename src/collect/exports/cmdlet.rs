//! Which cmdlet an object came from, told from its type or its properties; never from the file's name.
use super::text::shown;
use super::value::Object;

/// The cmdlets that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cmdlet {
    /// Get-AcceptedDomain.
    AcceptedDomain,
    /// Get-SendConnector.
    SendConnector,
    /// Get-ReceiveConnector.
    ReceiveConnector,
    /// Get-RecipientFilterConfig.
    RecipientFilter,
    /// Get-EdgeSubscription.
    EdgeSubscription,
    /// Get-ExchangeServer.
    Server,
    /// Get-InboundConnector.
    Inbound,
    /// Get-OutboundConnector.
    Outbound,
    /// Get-TransportRule.
    TransportRule,
    /// Get-RemoteDomain.
    RemoteDomain,
    /// Get-TransportConfig.
    TransportConfig,
    /// Get-Recipient and those that give some recipients alone, by name; empty where the properties do not tell which.
    Recipients(&'static str),
}

/// What can be told of an object.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    /// It is one of these.
    Read(Cmdlet),
    /// It is of another; in words.
    Other(String),
}

const BY_NAME: [(&str, Cmdlet); 19] = [
    ("Get-AcceptedDomain", Cmdlet::AcceptedDomain),
    ("Get-SendConnector", Cmdlet::SendConnector),
    ("Get-ReceiveConnector", Cmdlet::ReceiveConnector),
    ("Get-RecipientFilterConfig", Cmdlet::RecipientFilter),
    ("Get-EdgeSubscription", Cmdlet::EdgeSubscription),
    ("Get-ExchangeServer", Cmdlet::Server),
    ("Get-InboundConnector", Cmdlet::Inbound),
    ("Get-OutboundConnector", Cmdlet::Outbound),
    ("Get-TransportRule", Cmdlet::TransportRule),
    ("Get-RemoteDomain", Cmdlet::RemoteDomain),
    ("Get-TransportConfig", Cmdlet::TransportConfig),
    ("Get-Recipient", Cmdlet::Recipients("Get-Recipient")),
    ("Get-Mailbox", Cmdlet::Recipients("Get-Mailbox")),
    ("Get-MailContact", Cmdlet::Recipients("Get-MailContact")),
    ("Get-MailUser", Cmdlet::Recipients("Get-MailUser")),
    ("Get-RemoteMailbox", Cmdlet::Recipients("Get-RemoteMailbox")),
    ("Get-DistributionGroup", Cmdlet::Recipients("Get-DistributionGroup")),
    ("Get-DynamicDistributionGroup", Cmdlet::Recipients("Get-DynamicDistributionGroup")),
    ("Get-MailPublicFolder", Cmdlet::Recipients("Get-MailPublicFolder")),
];

/// The last part of the .NET type that each gives.
const BY_TYPE: [(&str, &str); 19] = [
    ("AcceptedDomain", "Get-AcceptedDomain"),
    ("SmtpSendConnectorConfig", "Get-SendConnector"),
    ("ReceiveConnector", "Get-ReceiveConnector"),
    ("RecipientFilterConfig", "Get-RecipientFilterConfig"),
    ("EdgeSubscription", "Get-EdgeSubscription"),
    ("ExchangeServer", "Get-ExchangeServer"),
    ("TenantInboundConnector", "Get-InboundConnector"),
    ("TenantOutboundConnector", "Get-OutboundConnector"),
    ("Rule", "Get-TransportRule"),
    ("DomainContentConfig", "Get-RemoteDomain"),
    ("TransportConfigContainer", "Get-TransportConfig"),
    ("ReducedRecipient", "Get-Recipient"),
    ("Mailbox", "Get-Mailbox"),
    ("MailContact", "Get-MailContact"),
    ("MailUser", "Get-MailUser"),
    ("RemoteMailbox", "Get-RemoteMailbox"),
    ("DistributionGroup", "Get-DistributionGroup"),
    ("DynamicDistributionGroup", "Get-DynamicDistributionGroup"),
    ("MailPublicFolder", "Get-MailPublicFolder"),
];

impl Cmdlet {
    /// Its name; empty where recipients do not tell theirs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Recipients(name) => name,
            other => BY_NAME.iter().find(|(_, each)| *each == other).map_or("", |(name, _)| name),
        }
    }

    /// The cmdlet of a name that a wrapper gives.
    pub fn named(name: &str) -> Option<Self> {
        BY_NAME.iter().find(|(own, _)| own.eq_ignore_ascii_case(name.trim())).map(|(_, cmdlet)| *cmdlet)
    }

    /// Whether objects of both may be in one file: recipients are one family.
    pub fn goes_with(self, other: Self) -> bool {
        self == other || matches!((self, other), (Self::Recipients(_), Self::Recipients(_)))
    }
}

/// Tells the cmdlet of an object.
pub fn tell(object: &Object) -> Told {
    let kind = bare(&object.kind);
    if let Some(last) = kind.strip_prefix("Microsoft.Exchange.").and_then(|rest| rest.rsplit('.').next()) {
        let known = BY_TYPE.iter().find(|(own, _)| *own == last).and_then(|(_, name)| Cmdlet::named(name));
        return known.map_or_else(|| Told::Other(format!("objects of type {}", shown(last))), Told::Read);
    }
    match by_properties(object) {
        Some(cmdlet) => Told::Read(cmdlet),
        None => Told::Other(others(object)),
    }
}

/// A type without what remoting and Select-Object put before it.
fn bare(mut kind: &str) -> &str {
    while let Some(rest) = kind.strip_prefix("Selected.").or_else(|| kind.strip_prefix("Deserialized.")) {
        kind = rest;
    }
    kind
}

/// By the properties that one cmdlet's objects have and no other's.
fn by_properties(object: &Object) -> Option<Cmdlet> {
    let all = |names: &[&str]| names.iter().all(|name| object.has(name));
    let any = |names: &[&str]| names.iter().any(|name| object.has(name));
    if any(&["PrimarySmtpAddress", "EmailAddresses"]) && any(&["RecipientTypeDetails", "RecipientType"]) {
        return Some(Cmdlet::Recipients(recipients(object)));
    }
    let told = if all(&["DomainName", "DomainType"]) {
        Cmdlet::AcceptedDomain
    } else if all(&["Bindings", "RemoteIPRanges"]) {
        Cmdlet::ReceiveConnector
    } else if all(&["SenderDomains", "SenderIPAddresses"]) {
        Cmdlet::Inbound
    } else if all(&["RecipientDomains", "UseMXRecord"]) {
        Cmdlet::Outbound
    } else if object.has("AddressSpaces")
        && any(&["SmartHosts", "SmartHostsString", "DNSRoutingEnabled"])
        && !any(&["DeliveryProtocol", "DropDirectory"])
    {
        Cmdlet::SendConnector
    } else if object.has("RecipientValidationEnabled") && any(&["BlockListEnabled", "BlockedRecipients"]) {
        Cmdlet::RecipientFilter
    } else if all(&["State", "Mode", "Conditions", "Actions"]) || all(&["StopRuleProcessing", "RuleErrorAction"]) {
        Cmdlet::TransportRule
    } else if object.has("DomainName") && any(&["AllowedOOFType", "NDREnabled", "AutoForwardEnabled"]) {
        Cmdlet::RemoteDomain
    } else if object.has("InternalSMTPServers") {
        Cmdlet::TransportConfig
    } else if object.has("ServerRole") && any(&["Fqdn", "AdminDisplayVersion", "IsEdgeServer"]) {
        Cmdlet::Server
    } else {
        return None;
    };
    Some(told)
}

fn recipients(object: &Object) -> &'static str {
    let any = |names: &[&str]| names.iter().any(|name| object.has(name));
    if any(&["HasActiveSyncDevicePartnership", "StorageGroupName", "ServerLegacyDN"]) {
        "Get-Recipient"
    } else if object.has("RemoteRoutingAddress") {
        "Get-RemoteMailbox"
    } else if any(&["LdapRecipientFilter", "RecipientContainer"]) {
        "Get-DynamicDistributionGroup"
    } else if any(&["MemberJoinRestriction", "MemberDepartRestriction"]) {
        "Get-DistributionGroup"
    } else if any(&["ContentMailbox", "ContentMailboxGuid", "EntryId"]) {
        "Get-MailPublicFolder"
    } else if any(&["ProhibitSendQuota", "ForwardingSmtpAddress", "IsMailboxEnabled"]) {
        "Get-Mailbox"
    } else if object.has("MacAttachmentFormat") {
        if object.has("UserPrincipalName") { "Get-MailUser" } else { "Get-MailContact" }
    } else {
        ""
    }
}

/// Words for objects of another cmdlet: the class that Exchange's objects bear, or their first properties.
fn others(object: &Object) -> String {
    let class = object.short("ObjectCategory").and_then(|text| text.rsplit('/').next().map(shown));
    match class.filter(|class| class.starts_with("ms-Exch-")) {
        Some(class) => format!("objects of class {class}"),
        None if object.fields.is_empty() => "objects without properties".into(),
        None => {
            let names: Vec<String> = object.fields.iter().take(4).map(|(name, _)| shown(name)).collect();
            format!("objects with the properties {}", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::Value;
    use super::*;

    #[test]
    fn a_cmdlet_is_told_from_type_or_properties() {
        let cases = [
            ("Microsoft.Exchange.Data.Directory.SystemConfiguration.AcceptedDomain", "", "Get-AcceptedDomain"),
            ("Deserialized.Microsoft.Exchange.Data.Directory.Management.Mailbox", "", "Get-Mailbox"),
            (
                "Selected.Deserialized.Microsoft.Exchange.Data.Directory.Management.ReducedRecipient",
                "",
                "Get-Recipient",
            ),
            (
                "Microsoft.Exchange.Data.Directory.SystemConfiguration.HybridConfiguration",
                "",
                "objects of type HybridConfiguration",
            ),
            ("System.Management.Automation.PSCustomObject", "DomainName DomainType", "Get-AcceptedDomain"),
            ("", "DomainName TargetDeliveryDomain", "objects with the properties DomainName, TargetDeliveryDomain"),
            ("", "AddressSpaces SmartHosts", "Get-SendConnector"),
            (
                "",
                "AddressSpaces SmartHosts DeliveryProtocol",
                "objects with the properties AddressSpaces, SmartHosts, DeliveryProtocol",
            ),
            ("", "Name bindings remoteipranges", "Get-ReceiveConnector"),
            ("", "SenderDomains SenderIPAddresses", "Get-InboundConnector"),
            ("", "RecipientDomains UseMXRecord SmartHosts", "Get-OutboundConnector"),
            ("", "PrimarySmtpAddress RecipientTypeDetails", ""),
            ("", "PrimarySmtpAddress RecipientTypeDetails RemoteRoutingAddress", "Get-RemoteMailbox"),
            ("", "EmailAddresses RecipientType ForwardingSmtpAddress", "Get-Mailbox"),
            ("", "RecipientValidationEnabled BlockListEnabled", "Get-RecipientFilterConfig"),
            ("", "ServerRole Fqdn", "Get-ExchangeServer"),
            ("Deserialized.Microsoft.Exchange.MessagingPolicies.Rules.Tasks.Rule", "", "Get-TransportRule"),
            ("", "Name State Mode Conditions Actions", "Get-TransportRule"),
            ("", "Name State Priority", "objects with the properties Name, State, Priority"),
            ("", "DomainName NDREnabled", "Get-RemoteDomain"),
            ("", "InternalSMTPServers MaxSendSize", "Get-TransportConfig"),
            // A mailbox has these limits too.
            ("", "MaxSendSize MaxReceiveSize", "objects with the properties MaxSendSize, MaxReceiveSize"),
        ];
        for (kind, properties, expected) in cases {
            let fields = properties.split_whitespace().map(|name| (name.to_string(), Value::Nil)).collect();
            let object = Object { kind: kind.into(), fields, ..Object::default() };
            let told = match tell(&object) {
                Told::Read(cmdlet) => cmdlet.name().to_string(),
                Told::Other(words) => words,
            };
            assert_eq!(told, expected, "{kind} {properties}");
        }
    }
}
