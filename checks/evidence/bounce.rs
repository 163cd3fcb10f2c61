//! What a message says of mail that did not arrive: a bounce (RFC 3464, or a product's own form), or a message's headers.
use crate::prelude::*;

/// One message, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notice {
    /// What it was read from.
    pub source: Source,
    /// The host that wrote it; it need not be the one that refused.
    pub reporting_host: Option<String>,
    /// The product whose form it has.
    pub product: Option<&'static str>,
    /// What it says of each recipient, in its order.
    pub recipients: Vec<Said>,
    /// How the message travelled that it is about: its Received fields, the newest first.
    pub received: Vec<Passage>,
    /// What to bear in mind, in words.
    pub notes: Vec<String>,
}

/// What a message was read from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Its fields for machines (RFC 3464).
    Dsn,
    /// Its text for people.
    #[default]
    Text,
    /// The headers of a message: nothing in it says that it was refused.
    Headers,
}

/// What it says of one recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The address that was refused, folded: behind aliases and forwarding, the last that is named.
    pub address: Option<String>,
    /// The address that was written to, where it is another.
    pub written_to: Option<String>,
    /// What became of the message.
    pub action: Action,
    /// The status (RFC 3463), as the notice has it.
    pub status: Option<String>,
    /// The reply's code, where one is told.
    pub code: Option<u16>,
    /// The reply's text, without codes at the head of its lines; or the notice's own words, where it tells no reply.
    pub text: String,
    /// At which step it was said, where that is told.
    pub stage: Option<Stage>,
    /// Who said it.
    pub by: Speaker,
}

/// Who refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Speaker {
    /// This host, by name or address.
    Host(String),
    /// A host that the notice does not name.
    Unnamed,
    /// Nobody: the domain has no host that could be asked.
    NoHost,
    /// Nobody: no host answered, or the time was over.
    NoAnswer,
    /// It does not tell.
    #[default]
    Untold,
}

/// What became of the message (RFC 3464, 2.3.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It was given up.
    #[default]
    Failed,
    /// It is still tried.
    Delayed,
    /// It arrived.
    Delivered,
    /// It was handed to a host that says no more of it.
    Relayed,
    /// It was handed to the members of a list.
    Expanded,
}

impl Action {
    /// Whether the message did not arrive, or not yet.
    pub fn is_trouble(self) -> bool {
        matches!(self, Self::Failed | Self::Delayed)
    }

    /// As the report has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Delayed => "delayed",
            Self::Delivered => "delivered",
            Self::Relayed => "relayed",
            Self::Expanded => "expanded",
        }
    }
}

/// One Received field (RFC 5321, 4.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Passage {
    /// The host that handed it over, as it called itself or as the other one knew it; none where there was no host.
    pub from: Option<String>,
    /// The host that took it.
    pub by: Option<String>,
    /// For whom, where one recipient alone is named.
    #[serde(rename = "for")]
    pub recipient: Option<String>,
}
