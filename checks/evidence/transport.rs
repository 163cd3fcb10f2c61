//! What Exchange does with mail beside routing it: transport rules, remote domains, the limits of the whole organisation.
//! Exports alone tell of them.
use super::reading::Unread;
use crate::prelude::*;

/// A transport rule (`Get-TransportRule`), which Microsoft also calls a mail flow rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TransportRule {
    /// Its name.
    pub name: String,
    /// Whether it is enabled (`State`) and acts (`Mode` Enforce): in the other modes it only writes into a log.
    pub acts: bool,
    /// Whether the rules behind it are passed over for what it applies to (`StopRuleProcessing`).
    pub stops: bool,
    /// From when on it acts (`ActivationDate`), as the export writes it.
    pub from: Option<String>,
    /// Until when it acts (`ExpiryDate`), as the export writes it.
    pub until: Option<String>,
    /// Those of its actions that keep a message from its recipient, or take it out of its way.
    pub actions: Vec<RuleAction>,
    /// What it applies to; where that is empty, to all mail.
    pub only: RuleScope,
    /// What it does not apply to.
    pub except: RuleScope,
    /// When it was last changed, as the export writes it.
    pub changed: Option<String>,
    /// What of it could not be read.
    #[serde(default, skip_serializing_if = "Unread::is_empty")]
    pub unreadable: Unread,
}

/// An action of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleAction {
    /// What it does.
    pub kind: RuleActionKind,
    /// To whom, or through which connector, where the export shows it.
    pub to: Vec<String>,
}

/// What a rule does that keeps a message from its recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RuleActionKind {
    /// It goes back to its sender, or is refused at an Edge server.
    Reject,
    /// It is gone, and nobody is told.
    Delete,
    /// Somebody else gets it instead.
    Redirect,
    /// It waits in quarantine.
    Quarantine,
    /// It waits until somebody lets it pass.
    Approval,
    /// It goes through a connector that the rule names.
    Connector,
}

/// The conditions of a rule, or its exceptions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleScope {
    /// All of them, by the names that Exchange has for them: `SentTo`, `SubjectContains`.
    pub named: Vec<String>,
    /// The domains of recipients (`RecipientDomainIs`), lower case.
    pub domains: Vec<String>,
    /// The recipients (`SentTo`), as the export writes them, lower case.
    pub recipients: Vec<String>,
    /// Whether recipients are inside (`SentToScope`).
    pub to: Option<Side>,
    /// Whether senders are inside (`FromScope`).
    pub from: Option<Side>,
}

/// Where senders or recipients are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// In the organisation.
    Inside,
    /// Outside of it.
    Outside,
    /// With a partner, or somewhere that is not known.
    Elsewhere,
}

/// What holds for mail to a domain outside (`Get-RemoteDomain`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RemoteDomain {
    /// Its name.
    pub name: String,
    /// The domain, lower case: `contoso.com`, `*.contoso.com`, `*`.
    pub domain: String,
    /// Whether non-delivery reports are sent there (`NDREnabled`).
    pub reports: bool,
    /// Whether messages that are forwarded automatically are sent there (`AutoForwardEnabled`).
    pub forwards: bool,
    /// When it was last changed, as the export writes it.
    pub changed: Option<String>,
}

/// What holds for the whole organisation (`Get-TransportConfig`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TransportConfig {
    /// The servers before Exchange that are the organisation's own (`InternalSMTPServers`), as Exchange writes ranges.
    pub internal_servers: Vec<String>,
    /// The largest message that is sent (`MaxSendSize`), in bytes; none is unlimited.
    pub max_send: Option<u64>,
    /// The largest message that is received (`MaxReceiveSize`), in bytes; none is unlimited.
    pub max_receive: Option<u64>,
    /// What of it could not be read.
    #[serde(default, skip_serializing_if = "Unread::is_empty")]
    pub unreadable: Unread,
}
