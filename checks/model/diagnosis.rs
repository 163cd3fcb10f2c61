//! What became of each recipient, and how surely that is known.
//!
//! One reply proves nothing: a refusal counts where a known-good was accepted beside it and its words mean an unknown
//! recipient; an acceptance counts where the random control was refused.
use super::path::{self, Disposition, Prediction};
use super::{Heard, HopView, Model, Outcome, Recipient, State};
use crate::judge::{Certainty, Gap};
use crate::prelude::*;
use crate::replies::Confidence;

/// What is wrong for one recipient, in the order of the mail path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// A gateway refuses a mailbox of another system.
    GatewayRejectsOther,
    /// A gateway refuses a recipient that the directory holds.
    GatewayRejectsExchange,
    /// Exchange refuses a mailbox of another system.
    ExchangeRejectsOther,
    /// A system refuses a mailbox that is on its own list.
    OtherRejectsOwn,
    /// It is listed, and no system knows it.
    UnknownEverywhere,
    /// It has a mailbox in two systems.
    InBothSystems,
}

/// One thing that is wrong for one recipient.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What.
    pub kind: FaultKind,
    /// How sure.
    pub certainty: Certainty,
    /// The hops at which it was seen.
    pub hops: Vec<String>,
    /// What is missing to a proof, where something is.
    pub lacking: Option<String>,
    /// The reply that shows it, where one does.
    pub reply: Option<String>,
    /// JSON Pointers into the report.
    pub evidence: Vec<String>,
}

/// A recipient's fate in one word (contract, section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// Nothing stands in its way.
    Delivered,
    /// NSD401.
    GatewayRejectsOtherMailbox,
    /// NSD402.
    GatewayRejectsExchangeRecipient,
    /// NSD403.
    ExchangeRejectsOtherMailbox,
    /// NSD404.
    OtherRejectsOwnMailbox,
    /// NSD405.
    MxHostsDisagree,
    /// Its mail goes round.
    Loop,
    /// NSD407.
    InBothSystems,
    /// NSD406.
    UnknownEverywhere,
    /// The evidence does not decide.
    Inconclusive,
}

impl Fate {
    /// The word of the contract.
    pub fn word(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::GatewayRejectsOtherMailbox => "gateway-rejects-other-mailbox",
            Self::GatewayRejectsExchangeRecipient => "gateway-rejects-exchange-recipient",
            Self::ExchangeRejectsOtherMailbox => "exchange-rejects-other-mailbox",
            Self::OtherRejectsOwnMailbox => "other-rejects-own-mailbox",
            Self::MxHostsDisagree => "mx-hosts-disagree",
            Self::Loop => "loop",
            Self::InBothSystems => "in-both-systems",
            Self::UnknownEverywhere => "unknown-everywhere",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// What became of one recipient.
pub struct Diagnosis {
    /// In one word.
    pub fate: Fate,
    /// How sure.
    pub certainty: Certainty,
    /// Everything that is wrong.
    pub faults: Vec<Fault>,
    /// What could not be seen.
    pub gaps: Vec<Gap>,
    /// What the configuration would make of it.
    pub predicted: Prediction,
}

/// A refusal, and whether it may be believed.
enum Refusal<'h, 'a> {
    /// It means that the recipient is unknown there.
    Believed {
        heard: &'h Heard<'a>,
        /// The pointers of the refusal and of the control that was accepted beside it.
        evidence: Vec<String>,
        /// What keeps it from proving anything by itself.
        weak: Option<String>,
    },
    /// It may mean something else.
    Doubtful(String),
}

/// What the other system's own hops say about a recipient.
enum Word {
    /// One accepts it, and refuses recipients that do not exist.
    Confirms(Vec<String>),
    /// They refuse it as unknown, beside an accepted control.
    Denies(Denial),
    /// One refuses it in words that may mean that it is unknown, with no control beside it.
    Contradicts(String),
    /// They do not say, and why.
    Silent(String),
}

/// The refusals of the other system's own hops.
#[derive(Default)]
struct Denial {
    hops: Vec<String>,
    evidence: Vec<String>,
    weak: Option<String>,
    reply: String,
}

impl Model<'_> {
    /// What became of `recipient`.
    pub fn diagnose<'r>(&self, recipient: &'r Recipient) -> &'r Diagnosis {
        recipient.diagnosed.get_or_init(|| self.draw(recipient))
    }

    fn draw(&self, recipient: &Recipient) -> Diagnosis {
        let predicted = path::predict(self, recipient);
        let mut faults = Vec::new();
        let mut gaps = Vec::new();
        let word = self.word_of_other(recipient);
        self.at_gateways(recipient, &word, &mut faults, &mut gaps);
        self.at_exchange(recipient, &word, &mut faults, &mut gaps);
        self.at_other(recipient, &word, &mut faults, &mut gaps);
        faults.sort_by_key(|fault| fault.kind);
        let (fate, certainty) = fate(&faults, &gaps, &predicted, recipient, &word);
        Diagnosis { fate, certainty, faults, gaps, predicted }
    }

    fn at_gateways(&self, recipient: &Recipient, word: &Word, faults: &mut Vec<Fault>, gaps: &mut Vec<Gap>) {
        if self.hops_of(Role::Gateway).next().is_none() {
            let what = format!("{} at the gateway", recipient.address);
            gaps.push(Gap::unanswered(what, "no gateway was found", "--gateway HOST, or a resolver that knows the MX"));
        }
        for hop in self.hops_of(Role::Gateway) {
            let Some(refusal) = refusal(hop, recipient.address, gaps) else { continue };
            let (heard, mut evidence, weak) = match refusal {
                Refusal::Believed { heard, evidence, weak } => (heard, evidence, weak),
                Refusal::Doubtful(why) => {
                    gaps.push(doubt(recipient, hop, why));
                    continue;
                }
            };
            evidence.extend(recipient.directories.iter().map(|held| held.pointer.clone()));
            if recipient.resolves() {
                add(faults, FaultKind::GatewayRejectsExchange, hop, heard, evidence, weak);
                continue;
            }
            let listed = recipient.listed();
            evidence.extend(listed.map(|list| list.pointer.clone()));
            let lacking = match (word, listed) {
                (Word::Denies(_), _) => continue,
                (Word::Confirms(seen), _) => {
                    evidence.extend(seen.iter().cloned());
                    listed.is_none().then(|| "it is on no list of the other system".to_string())
                }
                (Word::Silent(why), Some(_)) => Some(format!("the list alone says that the mailbox exists: {why}")),
                (Word::Silent(why), None) | (Word::Contradicts(why), _) => {
                    let what = format!("whether {} has a mailbox", recipient.address);
                    gaps.push(Gap::unanswered(what, why.clone(), "--recipients FILE and --other HOST"));
                    continue;
                }
            };
            add(faults, FaultKind::GatewayRejectsOther, hop, heard, evidence, weak.or(lacking));
        }
    }

    fn at_exchange(&self, recipient: &Recipient, word: &Word, faults: &mut Vec<Fault>, gaps: &mut Vec<Gap>) {
        for hop in self.hops_of(Role::Exchange) {
            // Exchange takes everybody at RCPT unless a recipient filter runs: its acceptance says nothing, and needn't.
            if hop.outcome(recipient.address) == Outcome::Accepted {
                continue;
            }
            let Some(refusal) = refusal(hop, recipient.address, gaps) else { continue };
            let (heard, mut evidence, weak) = match refusal {
                Refusal::Believed { heard, evidence, weak } => (heard, evidence, weak),
                Refusal::Doubtful(why) => {
                    gaps.push(doubt(recipient, hop, why));
                    continue;
                }
            };
            let listed = recipient.listed();
            if recipient.has_mailbox() || listed.is_none() && !matches!(word, Word::Confirms(_)) {
                gaps.push(doubt(recipient, hop, format!("Exchange refuses it: {}", heard.quote())));
                continue;
            }
            evidence.extend(listed.map(|list| list.pointer.clone()));
            evidence.extend(recipient.directories.iter().map(|held| held.pointer.clone()));
            let lacking = match word {
                Word::Denies(_) | Word::Contradicts(_) => continue,
                Word::Confirms(seen) => {
                    evidence.extend(seen.iter().cloned());
                    listed.is_none().then(|| "it is on no list of the other system".to_string())
                }
                Word::Silent(why) => Some(format!("the list alone says that the mailbox exists: {why}")),
            };
            add(faults, FaultKind::ExchangeRejectsOther, hop, heard, evidence, weak.or(lacking));
        }
    }

    fn at_other(&self, recipient: &Recipient, word: &Word, faults: &mut Vec<Fault>, gaps: &mut Vec<Gap>) {
        let listed = recipient.listed();
        let mailbox = recipient.directories.iter().find(|held| held.state == State::Mailbox);
        let hops = || self.hops_of(Role::Other).map(HopView::name).collect::<Vec<_>>();
        let of_list = listed.map(|list| list.pointer.clone());
        match (word, mailbox) {
            (Word::Confirms(seen), Some(held)) => faults.push(Fault {
                kind: FaultKind::InBothSystems,
                certainty: Certainty::Proven,
                hops: hops(),
                lacking: None,
                reply: None,
                evidence: seen.iter().cloned().chain([held.pointer.clone()]).chain(of_list).collect(),
            }),
            (Word::Silent(why), Some(held)) if listed.is_some() => faults.push(Fault {
                kind: FaultKind::InBothSystems,
                certainty: Certainty::Likely,
                hops: hops(),
                lacking: Some(format!("the list alone says that the other mailbox exists: {why}")),
                reply: None,
                evidence: [held.pointer.clone()].into_iter().chain(of_list).collect(),
            }),
            (Word::Denies(Denial { hops, evidence, weak, reply }), None) if listed.is_some() => {
                let mut evidence = evidence.clone();
                evidence.extend(of_list);
                evidence.extend(recipient.directories.iter().map(|held| held.pointer.clone()));
                let refused = |hop: &HopView| {
                    matches!(refusal(hop, recipient.address, &mut Vec::new()), Some(Refusal::Believed { .. }))
                };
                let mut gateways = self.hops_of(Role::Gateway).peekable();
                let nowhere = recipient.is_absent() && gateways.peek().is_some() && gateways.all(refused);
                faults.push(Fault {
                    kind: if nowhere { FaultKind::UnknownEverywhere } else { FaultKind::OtherRejectsOwn },
                    certainty: if weak.is_some() { Certainty::Likely } else { Certainty::Proven },
                    hops: hops.clone(),
                    lacking: weak.clone(),
                    reply: Some(reply.clone()),
                    evidence,
                });
            }
            _ => {}
        }
        if listed.is_none() {
            return;
        }
        for hop in self.hops_of(Role::Other) {
            match refusal(hop, recipient.address, gaps) {
                Some(Refusal::Doubtful(why)) => gaps.push(doubt(recipient, hop, why)),
                _ => continue,
            }
        }
    }

    /// What the other system's own hops say about `recipient`: those of the system that lists it, where one does.
    fn word_of_other(&self, recipient: &Recipient) -> Word {
        let lister = recipient.listed().map(|list| list.system);
        let its_own = |hop: &&HopView| match (lister, hop.hop.system.as_deref()) {
            (Some(lister), Some(system)) => lister == system,
            _ => true,
        };
        let mut denial: Option<Denial> = None;
        let mut silent: Option<String> = None;
        let mut contradicted = None;
        for hop in self.hops_of(Role::Other).filter(its_own) {
            let Some(heard) = hop.word_on(recipient.address) else {
                silent = Some(format!("{} gave no answer about it", hop.name()));
                continue;
            };
            if heard.outcome() == Outcome::Accepted {
                silent = Some(match hop.validates() {
                    Some(true) => {
                        let random = hop.random_control().map(Heard::pointer);
                        return Word::Confirms([heard.pointer()].into_iter().chain(random).collect());
                    }
                    Some(false) => format!("{} accepts every recipient", hop.name()),
                    None => format!("{} gave no clear answer about the random control", hop.name()),
                });
                continue;
            }
            match refusal(hop, recipient.address, &mut Vec::new()) {
                Some(Refusal::Believed { evidence, weak, heard }) => {
                    let denial = denial.get_or_insert_with(|| Denial { reply: heard.quote(), ..Denial::default() });
                    denial.hops.push(hop.name());
                    denial.evidence.extend(evidence);
                    denial.weak = denial.weak.take().or(weak);
                }
                Some(Refusal::Doubtful(why)) => {
                    let of_it =
                        matches!(heard.meaning, Meaning::UnknownRecipient | Meaning::Ambiguous | Meaning::Disabled);
                    contradicted = contradicted.or(of_it.then(|| why.clone()));
                    silent = Some(why);
                }
                None => silent = Some(format!("{} put it off", hop.name())),
            }
        }
        match (denial, silent, contradicted) {
            (Some(denial), None, _) => Word::Denies(denial),
            (_, _, Some(why)) => Word::Contradicts(why),
            (_, Some(why), None) => Word::Silent(why),
            (None, None, None) => Word::Silent("no hop of the other system was probed (--other HOST)".into()),
        }
    }
}

impl Recipient<'_> {
    /// The list that it is on.
    pub fn listed(&self) -> Option<&super::recipients::Listed<'_>> {
        self.lists.iter().find(|list| list.listed)
    }

    /// Whether it is on a list of `system`.
    pub fn is_listed_by(&self, system: &str) -> bool {
        self.lists.iter().any(|list| list.listed && list.system == system)
    }

    /// Whether a directory resolves it.
    pub fn resolves(&self) -> bool {
        self.directories.iter().any(|held| held.state.resolves())
    }

    /// Whether a directory holds a mailbox for it.
    pub fn has_mailbox(&self) -> bool {
        self.directories.iter().any(|held| held.state == State::Mailbox)
    }

    /// Whether every directory was asked, and none resolves it.
    pub fn is_absent(&self) -> bool {
        let absent = |state| matches!(state, State::Absent | State::MailAttributeOnly);
        !self.directories.is_empty() && self.directories.iter().all(|held| absent(held.state))
    }
}

/// The refusal of `address` at `hop`, if it was refused; what is neither refusal nor clear acceptance goes into `gaps`.
fn refusal<'h, 'a>(hop: &'h HopView<'a>, address: &str, gaps: &mut Vec<Gap>) -> Option<Refusal<'h, 'a>> {
    let heard = match (hop.outcome(address), hop.word_on(address)) {
        (Outcome::Rejected, Some(heard)) => heard,
        (Outcome::Accepted, _) => {
            let why = match (hop.validates(), hop.hop.role) {
                (Some(true), _) | (_, Role::Other) => return None,
                (Some(false), _) => "it accepts every recipient, so its acceptance proves nothing".to_string(),
                (None, _) => match hop.random_control() {
                    Some(random) => format!(
                        "its acceptance proves nothing, because the random control was not refused as unknown ({})",
                        random.quote()
                    ),
                    None => "its acceptance proves nothing, because the random control was not asked".to_string(),
                },
            };
            gaps.push(Gap::unanswered(
                format!("{address} at {}", hop.name()),
                why,
                "probe a hop that validates recipients",
            ));
            return None;
        }
        (Outcome::Deferred, Some(heard)) => {
            let why = format!("it was put off: {}", heard.quote());
            gaps.push(Gap::unanswered(format!("{address} at {}", hop.name()), why, "run it again later"));
            return None;
        }
        (Outcome::NotProbed, _) if hop.limited() => {
            let what = format!("{address} at {}", hop.name());
            gaps.push(Gap::unanswered(
                what,
                "the hop limited us before it was asked",
                "run it again later, or a slower --pace",
            ));
            return None;
        }
        (Outcome::NotProbed, _) if hop.unasked(address).is_some() => {
            let what = format!("{address} at {}", hop.name());
            let why = hop.unasked(address).unwrap_or_default();
            gaps.push(Gap::unanswered(
                what,
                why,
                "a hop that offers what it needs, or another spelling of the address",
            ));
            return None;
        }
        (Outcome::NotProbed, _) if hop.refused_sender().is_some() => {
            let what = format!("{address} at {}", hop.name());
            let why = hop.refused_sender().map(|refused| format!("the hop refused our sender: {}", refused.quote()));
            gaps.push(Gap::unanswered(what, why.unwrap_or_default(), "--mail-from ADDR that the hop takes"));
            return None;
        }
        (Outcome::NotProbed, _) if !hop.asked_all_it_may() => {
            let what = format!("{address} at {}", hop.name());
            gaps.push(Gap::unanswered(
                what,
                "the run ended before it was asked",
                "run it again, with a longer --deadline",
            ));
            return None;
        }
        (Outcome::NotProbed, _) => {
            let what = format!("{address} at {}", hop.name());
            gaps.push(Gap {
                why: "not probed, because of --max-recipients".into(),
                ..Gap::not_asked(what, "a larger --max-recipients")
            });
            return None;
        }
        _ => {
            gaps.push(hop.no_answer(address));
            return None;
        }
    };
    let Some(control) = hop.control(heard) else {
        return Some(Refusal::Doubtful("it was refused, and no known-good was accepted there".into()));
    };
    let mut evidence = vec![heard.pointer(), control.pointer()];
    let random = hop.random_control();
    evidence.extend(random.map(Heard::pointer));
    let weak = match heard.meaning {
        Meaning::UnknownRecipient if heard.confidence == Confidence::Low => {
            Some("that this reply means an unknown recipient is not well documented".to_string())
        }
        Meaning::UnknownRecipient if hop.accepted_randoms().next().is_some() => {
            Some("the hop accepts a random recipient and refuses this one".to_string())
        }
        Meaning::UnknownRecipient => None,
        // Words that no row knows, and the same for a recipient that cannot exist: the difference decides.
        Meaning::Ambiguous if random.is_some_and(|random| alike(random, heard)) => Some(
            "the reply is in no catalogue; the random control got the same, and the known-good did not".to_string(),
        ),
        _ => {
            let meaning = meaning_in_words(heard.meaning);
            return Some(Refusal::Doubtful(format!("it was refused, {meaning}: {}", heard.quote())));
        }
    };
    Some(Refusal::Believed { heard, evidence, weak })
}

/// Whether two refusals differ in nothing but the address that they name.
fn alike(one: &Heard, other: &Heard) -> bool {
    let bare = |heard: &Heard| {
        let text = heard.text.to_lowercase();
        let local = heard.recipient.split('@').next().unwrap_or_default();
        text.replace(heard.recipient, "@").replace(local, "@")
    };
    one.code == other.code && bare(one) == bare(other)
}

/// A meaning in words for people, as in `it was refused, …`.
pub fn meaning_in_words(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Accepted => "although it was accepted",
        Meaning::UnknownRecipient | Meaning::UnknownRecipientTemporary => "as unknown",
        Meaning::VerificationFailed => "because the hop could not verify it",
        Meaning::Disabled => "as disabled or moved",
        Meaning::Full => "as full",
        Meaning::RelayDenied => "because the hop does not take the domain",
        Meaning::AuthenticationRequired => "because the hop wants authentication",
        Meaning::Policy => "by a rule of the site",
        Meaning::Reputation => "because the hop does not trust our address",
        Meaning::SenderRejected => "because of our sender address",
        Meaning::Greylisted => "by greylisting",
        Meaning::RateLimited => "because of a rate limit",
        Meaning::Temporary => "for now",
        Meaning::TlsRequired => "because the hop wants TLS",
        Meaning::Protocol => "as a protocol error",
        Meaning::NoMail => "because the hop takes no mail",
        Meaning::Loop => "as a mail loop",
        Meaning::Ambiguous => "in words that do not say why",
    }
}

fn doubt(recipient: &Recipient, hop: &HopView, why: String) -> Gap {
    let what = format!("{} at {}", recipient.address, hop.name());
    Gap::unanswered(what, why, "probe from a host that the hop trusts, with a --known-good that it accepts")
}

/// Adds what `hop` did to the fault of its kind, so that each recipient has one of a kind.
fn add(
    faults: &mut Vec<Fault>,
    kind: FaultKind,
    hop: &HopView,
    heard: &Heard,
    evidence: Vec<String>,
    lacking: Option<String>,
) {
    let fault = match faults.iter_mut().find(|fault| fault.kind == kind) {
        Some(fault) => fault,
        None => {
            faults.push(Fault {
                kind,
                certainty: Certainty::Likely,
                hops: Vec::new(),
                lacking: None,
                reply: Some(heard.quote()),
                evidence: Vec::new(),
            });
            faults.last_mut().expect("just pushed")
        }
    };
    // One hop that proves it is enough.
    if lacking.is_none() {
        fault.certainty = Certainty::Proven;
        fault.lacking = None;
    } else if fault.certainty != Certainty::Proven {
        fault.lacking = fault.lacking.take().or(lacking);
    }
    fault.hops.push(hop.name());
    for pointer in evidence {
        if !fault.evidence.contains(&pointer) {
            fault.evidence.push(pointer);
        }
    }
}

fn fate(
    faults: &[Fault],
    gaps: &[Gap],
    predicted: &Prediction,
    recipient: &Recipient,
    word: &Word,
) -> (Fate, Certainty) {
    if let Some(fault) = faults.first() {
        let fate = match fault.kind {
            FaultKind::GatewayRejectsOther => Fate::GatewayRejectsOtherMailbox,
            FaultKind::GatewayRejectsExchange => Fate::GatewayRejectsExchangeRecipient,
            FaultKind::ExchangeRejectsOther => Fate::ExchangeRejectsOtherMailbox,
            FaultKind::OtherRejectsOwn => Fate::OtherRejectsOwnMailbox,
            FaultKind::UnknownEverywhere => Fate::UnknownEverywhere,
            FaultKind::InBothSystems => Fate::InBothSystems,
        };
        return (fate, fault.certainty);
    }
    if !gaps.is_empty() {
        return (Fate::Inconclusive, Certainty::Inconclusive);
    }
    match predicted.disposition {
        Disposition::Delivered => {
            let sure = recipient.has_mailbox() || matches!(word, Word::Confirms(_));
            (Fate::Delivered, if sure { Certainty::Proven } else { Certainty::Likely })
        }
        // What the hops said is all there is to judge by where nobody gave the configuration.
        Disposition::InsufficientInformation if !predicted.asked => (Fate::Delivered, Certainty::Likely),
        Disposition::Loop => (Fate::Loop, Certainty::Likely),
        // Exchange takes the message and bounces it later.
        Disposition::RejectedByExchange if recipient.listed().is_some() => {
            (Fate::ExchangeRejectsOtherMailbox, Certainty::Likely)
        }
        _ => (Fate::Inconclusive, Certainty::Inconclusive),
    }
}
