//! How a path ends, and what is missing where it cannot be followed to its end.
use crate::judge::Gap;
use crate::prelude::*;

/// How a path ends, in one word (contract, section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Disposition {
    /// In a mailbox.
    Delivered,
    /// At the gateway.
    RejectedAtGateway,
    /// In Exchange.
    RejectedByExchange,
    /// At the other system.
    RejectedByOther,
    /// Where it began.
    Loop,
    /// In a queue, until it expires: no connector takes it, or one that leads nowhere.
    Stranded,
    /// Somewhere that the evidence does not reach.
    LeavesTheModel,
    /// A fact is missing; the last step names it.
    InsufficientInformation,
}

impl Disposition {
    /// The word of the contract.
    pub fn word(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::RejectedAtGateway => "rejected-at-gateway",
            Self::RejectedByExchange => "rejected-by-exchange",
            Self::RejectedByOther => "rejected-by-other",
            Self::Loop => "loop",
            Self::Stranded => "stranded",
            Self::LeavesTheModel => "leaves-the-model",
            Self::InsufficientInformation => "insufficient-information",
        }
    }

    /// The same as people say it, of mail: `is then …`.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::RejectedAtGateway => "refused at the gateway",
            Self::RejectedByExchange => "bounced by Exchange",
            Self::RejectedByOther => "refused by the other system",
            Self::Loop => "going round",
            Self::Stranded => "stranded",
            Self::LeavesTheModel => "gone where the evidence does not reach",
            Self::InsufficientInformation => "of an end that is not known",
        }
    }

    /// Its place among the ways that one message may take: the least is the worst.
    pub(super) fn badness(self) -> u8 {
        match self {
            Self::Loop => 0,
            Self::RejectedAtGateway | Self::RejectedByExchange | Self::RejectedByOther => 1,
            Self::Stranded => 2,
            Self::LeavesTheModel => 3,
            Self::InsufficientInformation => 4,
            Self::Delivered => 5,
        }
    }
}

/// How a path ends, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// In a mailbox.
    Delivered,
    /// At the gateway.
    RejectedAtGateway,
    /// In Exchange.
    RejectedByExchange(Bounce),
    /// At the other system.
    RejectedByOther,
    /// Where it began.
    Loop(Circle),
    /// Nowhere.
    Stranded(Strand),
    /// Somewhere that the evidence does not reach.
    LeavesTheModel,
    /// Not known: this is missing.
    Insufficient(Missing),
}

impl Ending {
    /// The word of the contract for it.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Delivered => Disposition::Delivered,
            Self::RejectedAtGateway => Disposition::RejectedAtGateway,
            Self::RejectedByExchange(_) => Disposition::RejectedByExchange,
            Self::RejectedByOther => Disposition::RejectedByOther,
            Self::Loop(_) => Disposition::Loop,
            Self::Stranded(_) => Disposition::Stranded,
            Self::LeavesTheModel => Disposition::LeavesTheModel,
            Self::Insufficient(_) => Disposition::InsufficientInformation,
        }
    }
}

/// Why Exchange refuses or bounces a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounce {
    /// A transport rule says so.
    Rule,
    /// It does not accept the domain.
    NotAccepted,
    /// The domain is authoritative, and nobody holds the address.
    Authoritative,
}

/// What goes round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Circle {
    /// Objects of a directory that forward to each other.
    Forwarding,
    /// Mail systems that hand it to each other, or one to itself.
    Systems,
}

/// Why mail has no way on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strand {
    /// No connector serves the domain.
    NoConnector,
    /// The connector's smart hosts have no address.
    NoAddress,
    /// It goes by the MX, and DNS has no host for the domain.
    NoHost,
}

/// What is missing to follow a path to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Which kind of fact.
    pub fact: Fact,
    /// What, why, and what would supply it.
    pub gap: Gap,
}

/// The kinds of fact that a path may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// What a directory holds of an address.
    Held,
    /// Which of several objects an address means.
    Which,
    /// A part of Exchange's configuration.
    Configuration,
    /// What DNS says.
    Dns,
    /// To whom a gateway hands mail.
    Behind,
    /// Whether another system has a mailbox for it.
    Mailbox,
    /// Whether another system hands on mail for somebody whose mailbox is elsewhere.
    HandsOn,
    /// What another system does with recipients that it does not know.
    Unknowns,
    /// Where mail for the domain begins its way.
    Start,
}
