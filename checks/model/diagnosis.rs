//! What became of each recipient, and how surely that is known.
//!
//! One reply proves nothing: a refusal counts where a known-good was accepted beside it and its words mean an unknown
//! recipient; an acceptance counts where the random control was refused.
use super::path::{self, Asked, Bounce, Ending, Strand, Traces};
pub use super::refusals::meaning_in_words;
use super::refusals::{Refusal, refusal};
use super::{Heard, HopView, Model, Outcome, Recipient, State};
use crate::judge::{Certainty, Gap};
use crate::prelude::*;

/// What is wrong for one recipient, in the order of the mail path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// One gateway refuses it and another, which looks recipients up, accepts it.
    MxHostsDisagree,
    /// A gateway refuses a mailbox of another system.
    GatewayRejectsOther,
    /// A gateway refuses a recipient that the directory holds.
    GatewayRejectsExchange,
    /// Exchange refuses a mailbox of another system.
    ExchangeRejectsOther,
    /// A system refuses a mailbox that is on its own list.
    OtherRejectsOwn,
    /// A mailbox is full or locked at its own system.
    OtherCannotTake,
    /// It is listed, and no system knows it.
    UnknownEverywhere,
    /// It has a mailbox in two systems.
    InBothSystems,
    /// A gateway that accepts everybody takes what another one wrongly refuses.
    OpenMxHost,
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
    /// The gateways that accept what those refuse, where that is the fault.
    pub accepting: Vec<String>,
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
    /// NSD421.
    NoRoute,
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
            Self::NoRoute => "no-route",
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
    /// Every way that its mail can take, where what the hops said about it fills in what is missing. What configuration alone
    /// makes of it is drawn anew by who asks for it: of a long list it need not be kept.
    pub concluded: Traces,
}

/// What the other system's own hops say about a recipient.
pub(super) enum Word {
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
pub(super) struct Denial {
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
        let predicted = path::predict(self, Asked::from_internet(recipient));
        let concluded = path::concluded(self, Asked::from_internet(recipient));
        let mut faults = Vec::new();
        let mut gaps = Vec::new();
        let word = self.word_of_other(recipient);
        self.at_gateways(recipient, &word, &mut faults, &mut gaps);
        self.between_gateways(recipient, &word, &mut faults);
        self.at_exchange(recipient, &word, &mut faults, &mut gaps);
        self.at_other(recipient, &word, &mut faults, &mut gaps);
        faults.sort_by_key(|fault| fault.kind);
        // There may be very many recipients, and a list that grows takes room for four.
        faults.shrink_to_fit();
        gaps.shrink_to_fit();
        let (fate, certainty) = self.fate(&faults, &gaps, (&predicted, &concluded), recipient, &word);
        Diagnosis { fate, certainty, faults, gaps, concluded }
    }

    fn at_gateways(&self, recipient: &Recipient, word: &Word, faults: &mut Vec<Fault>, gaps: &mut Vec<Gap>) {
        if self.hops_of(Role::Gateway).next().is_none() {
            let what = format!("{} at the gateway", recipient.address);
            gaps.push(Gap::unanswered(what, "no gateway was found", "--gateway HOST, or a resolver that knows the MX"));
        }
        for hop in self.hops_of(Role::Gateway) {
            match self.inferred_at(hop, recipient.address) {
                Some(true) => continue,
                Some(false) => {
                    let weak = "it was not asked for: so the host decides about the others".to_string();
                    let seen = Seen { reply: None, evidence: vec![hop.pointer()], weak: Some(weak) };
                    self.accuse(hop, recipient, word, seen, faults, gaps);
                    continue;
                }
                None => {}
            }
            let (heard, evidence, weak) = match self.refused(hop, recipient, gaps) {
                Some(Refusal::Believed { heard, evidence, weak }) => (heard, evidence, weak),
                Some(Refusal::Doubtful(why)) => {
                    gaps.push(doubt(recipient, hop, why));
                    continue;
                }
                None => continue,
            };
            self.accuse(hop, recipient, word, Seen { reply: Some(heard.quote()), evidence, weak }, faults, gaps);
        }
    }

    /// The refusal at a gateway. A look-up that finds nobody refuses mailboxes as well, whoever is asked for.
    fn refused<'h, 'a>(
        &self,
        hop: &'h HopView<'a>,
        recipient: &Recipient,
        gaps: &mut Vec<Gap>,
    ) -> Option<Refusal<'h, 'a>> {
        let refusal = refusal(hop, recipient.address, gaps)?;
        let heard = hop.word_on(recipient.address).filter(|_| hop.finds_nobody());
        match (refusal, heard) {
            (Refusal::Doubtful(_), Some(heard)) if self.holds_behind(hop, recipient) => {
                let weak = "nobody was accepted there: its look-up finds nobody, or it says so to us alone";
                let random = hop.random_control().map(Heard::pointer);
                let evidence = [heard.pointer()].into_iter().chain(random).collect();
                Some(Refusal::Believed { heard, evidence, weak: Some(weak.into()) })
            }
            // Full or locked there: said of the mailbox at its own system (NSD404), and no riddle at the gateway.
            (Refusal::Doubtful(_), None) if self.is_stopped_at_home(recipient) => None,
            (refusal, _) => Some(refusal),
        }
    }

    /// Whether the directory that decides for gateway `hop` resolves `recipient`: that of the organisation behind it, or
    /// any, where another system is behind it.
    fn holds_behind(&self, hop: &HopView, recipient: &Recipient) -> bool {
        let behind = self.delivers_to(hop);
        recipient.resolves_at(behind.filter(|system| self.has_directory(system)))
            && !behind.is_some_and(|system| self.organisation_of(system).is_none() && recipient.is_listed_by(system))
    }

    /// Whom the refusal of gateway `hop` cuts off.
    fn accuse(
        &self,
        hop: &HopView,
        recipient: &Recipient,
        word: &Word,
        seen: Seen,
        faults: &mut Vec<Fault>,
        gaps: &mut Vec<Gap>,
    ) {
        let Seen { reply, mut evidence, weak } = seen;
        evidence.extend(recipient.directories.iter().map(|held| held.pointer.clone()));
        let behind = self.delivers_to(hop);
        if self.holds_behind(hop, recipient) {
            return add(faults, FaultKind::GatewayRejectsExchange, hop, reply, evidence, weak);
        }
        let listed = recipient.listed();
        evidence.extend(listed.map(|list| list.pointer.clone()));
        // A mailbox in another organisation's directory says that it exists, as a list does.
        let witness = listed
            .map(|_| "list".to_string())
            .or_else(|| recipient.mailbox_beyond(behind).map(|held| format!("directory of {}", held.system)));
        let lacking = match (word, witness) {
            (Word::Denies(_), _) => return,
            (Word::Confirms(seen), witness) => {
                evidence.extend(seen.iter().cloned());
                witness.is_none().then(|| "it is on no list of the other system".to_string())
            }
            (Word::Silent(why), Some(witness)) => {
                Some(format!("the {witness} alone says that the mailbox exists: {why}"))
            }
            (Word::Silent(why), None) | (Word::Contradicts(why), _) => {
                let what = format!("whether {} has a mailbox", recipient.address);
                gaps.push(Gap::unanswered(what, why.clone(), "--recipients FILE and --other HOST"));
                return;
            }
        };
        add(faults, FaultKind::GatewayRejectsOther, hop, reply, evidence, weak.or(lacking));
    }

    /// Whether `recipient` was not asked for at `hop`, and is judged by what the gateways' decisions follow.
    fn is_inferred(&self, hop: &HopView, recipient: &Recipient) -> bool {
        let mut gateways = self.hops_of(Role::Gateway);
        hop.outcome(recipient.address) == Outcome::NotProbed
            && gateways.any(|gateway| self.inferred_at(gateway, recipient.address).is_some())
    }

    /// Whether its own system says that the mailbox exists and takes nothing: it is full, or locked.
    fn is_stopped_at_home(&self, recipient: &Recipient) -> bool {
        self.hops_of(Role::Other).any(|hop| stopped(hop, recipient).is_some())
    }

    fn at_exchange(&self, recipient: &Recipient, word: &Word, faults: &mut Vec<Fault>, gaps: &mut Vec<Gap>) {
        for hop in self.hops_of(Role::Exchange) {
            // Exchange takes everybody at RCPT unless a recipient filter runs: its acceptance says nothing, and needn't.
            if hop.outcome(recipient.address) == Outcome::Accepted || self.is_inferred(hop, recipient) {
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
            let own = hop.hop.system.as_deref();
            let listed = recipient.listed().filter(|list| Some(list.system) != own);
            let beyond = recipient.mailbox_beyond(own).filter(|_| own.is_some());
            let elsewhere = listed.is_some() || beyond.is_some() || matches!(word, Word::Confirms(_));
            if recipient.has_mailbox_at(own) || !elsewhere {
                gaps.push(doubt(recipient, hop, format!("Exchange refuses it: {}", heard.quote())));
                continue;
            }
            let witness = match (listed, beyond) {
                (None, Some(held)) => format!("directory of {}", held.system),
                _ => "list".into(),
            };
            evidence.extend(listed.map(|list| list.pointer.clone()));
            evidence.extend(recipient.directories.iter().map(|held| held.pointer.clone()));
            let lacking = match word {
                Word::Denies(_) | Word::Contradicts(_) => continue,
                Word::Confirms(seen) => {
                    evidence.extend(seen.iter().cloned());
                    let none = listed.is_none() && beyond.is_none();
                    none.then(|| "it is on no list of the other system".to_string())
                }
                Word::Silent(why) => Some(format!("the {witness} alone says that the mailbox exists: {why}")),
            };
            add(faults, FaultKind::ExchangeRejectsOther, hop, Some(heard.quote()), evidence, weak.or(lacking));
        }
    }

    fn at_other(&self, recipient: &Recipient, word: &Word, faults: &mut Vec<Fault>, gaps: &mut Vec<Gap>) {
        let listed = recipient.listed();
        let home = self.home(recipient);
        // What the home of the recipient holds of it is no second mailbox.
        let mut mailboxes = recipient.directories.iter().filter(|held| held.state == State::Mailbox);
        let mailbox = mailboxes.clone().find(|held| Some(held.system) != home);
        // Two systems that read one directory show one object.
        let unlike = |one: &super::Held, other: &super::Held| {
            let dn = |held: &super::Held| held.entries.first().map(|entry| entry.dn.to_lowercase());
            one.entries.is_empty() || dn(one) != dn(other)
        };
        let two = (mailboxes.next(), mailboxes.next());
        if let (Some(one), Some(other)) = two
            && unlike(one, other)
        {
            faults.push(Fault {
                kind: FaultKind::InBothSystems,
                certainty: Certainty::Proven,
                hops: vec![other.system.into()],
                accepting: Vec::new(),
                lacking: None,
                reply: None,
                evidence: [one.pointer.clone(), other.pointer.clone()].to_vec(),
            });
            return;
        }
        let hops = || self.hops_of(Role::Other).map(HopView::name).collect::<Vec<_>>();
        let of_list = listed.map(|list| list.pointer.clone());
        match (word, mailbox) {
            (Word::Confirms(seen), Some(held)) => faults.push(Fault {
                kind: FaultKind::InBothSystems,
                certainty: Certainty::Proven,
                hops: hops(),
                accepting: Vec::new(),
                lacking: None,
                reply: None,
                evidence: seen.iter().cloned().chain([held.pointer.clone()]).chain(of_list).collect(),
            }),
            (Word::Silent(why), Some(held)) if listed.is_some() => faults.push(Fault {
                kind: FaultKind::InBothSystems,
                certainty: Certainty::Likely,
                hops: hops(),
                accepting: Vec::new(),
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
                    accepting: Vec::new(),
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
        for hop in self.hops_of(Role::Other).filter(|hop| !self.is_inferred(hop, recipient)) {
            if let Some((heard, control)) = stopped(hop, recipient) {
                let evidence = vec![heard.pointer(), control.pointer()];
                add(faults, FaultKind::OtherCannotTake, hop, Some(heard.quote()), evidence, None);
                continue;
            }
            match refusal(hop, recipient.address, gaps) {
                Some(Refusal::Doubtful(why)) => gaps.push(doubt(recipient, hop, why)),
                _ => continue,
            }
        }
    }

    /// The system beyond the first organisation that holds `recipient`: the one whose list it is on, else the Exchange
    /// organisation whose directory has a mailbox for it.
    fn home<'r>(&self, recipient: &'r Recipient) -> Option<&'r str> {
        let first = self.hops_of(Role::Gateway).find_map(|hop| self.delivers_to(hop)).or_else(|| self.first_exchange());
        let listed = recipient.listed().map(|list| list.system);
        listed.or_else(|| recipient.mailbox_beyond(first).map(|held| held.system))
    }

    /// Whether the directories behind the gateways were asked, and none of them resolves `recipient`.
    pub fn is_absent_behind_gateways(&self, recipient: &Recipient) -> bool {
        let behind: Vec<&str> = self.hops_of(Role::Gateway).filter_map(|hop| self.delivers_to(hop)).collect();
        let mut held = recipient.directories.iter().filter(|held| behind.contains(&held.system)).peekable();
        held.peek().is_some() && held.all(|held| matches!(held.state, State::Absent | State::MailAttributeOnly))
    }

    /// Whether `system` has a directory, so that what it resolves can be told from what others do.
    fn has_directory(&self, system: &str) -> bool {
        self.organisation_of(system).is_some_and(|organisation| !organisation.directories.is_empty())
    }

    /// What the other system's own hops say about `recipient`: those of its home, where that is known.
    fn word_of_other(&self, recipient: &Recipient) -> Word {
        let home = self.home(recipient);
        let its_own = |hop: &&HopView| match (home, hop.hop.system.as_deref()) {
            (Some(home), Some(system)) => home == system,
            (Some(home), None) => self.organisation_of(home).is_none(),
            _ => true,
        };
        let mut denial: Option<Denial> = None;
        let mut silent: Option<String> = None;
        let mut contradicted = None;
        let of_exchange = home.filter(|home| self.organisation_of(home).is_some());
        let hops =
            self.hops_of(Role::Exchange).filter(|hop| of_exchange.is_some() && hop.hop.system.as_deref() == home);
        for hop in self.hops_of(Role::Other).filter(its_own).chain(hops) {
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
            if let Some((heard, control)) = stopped(hop, recipient) {
                return Word::Confirms(vec![heard.pointer(), control.pointer()]);
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

/// What a gateway's refusal is known by.
struct Seen {
    /// The reply; none where it was not asked for.
    reply: Option<String>,
    evidence: Vec<String>,
    weak: Option<String>,
}

/// The refusal for good of a mailbox that is full or locked, which therefore exists, and somebody whom the hop accepts.
fn stopped<'h, 'a>(hop: &'h HopView<'a>, recipient: &Recipient) -> Option<(&'h Heard<'a>, &'h Heard<'a>)> {
    let heard = hop.word_on(recipient.address)?;
    let stopped = matches!(heard.meaning, Meaning::Full | Meaning::Disabled) && heard.outcome() == Outcome::Rejected;
    Some((heard, hop.control(heard).filter(|_| stopped)?))
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
    reply: Option<String>,
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
                accepting: Vec::new(),
                lacking: None,
                reply,
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

impl Model<'_> {
    fn fate(
        &self,
        faults: &[Fault],
        gaps: &[Gap],
        (predicted, concluded): (&Traces, &Traces),
        recipient: &Recipient,
        word: &Word,
    ) -> (Fate, Certainty) {
        if let Some(fault) = faults.first() {
            return (fault.kind.fate(), fault.certainty);
        }
        let listed = recipient.listed().is_some();
        // What no gateway can change: whichever way the mail of somebody who exists takes behind them, it has no end.
        if listed || recipient.resolves() {
            if predicted.all_end(|ending| matches!(ending, Ending::Stranded(_))) {
                return (Fate::NoRoute, self.sure_of(concluded, recipient));
            }
            if predicted.all_end(|ending| matches!(ending, Ending::Loop(_))) {
                return (Fate::Loop, Certainty::Likely);
            }
        }
        if !gaps.is_empty() {
            return (Fate::Inconclusive, Certainty::Inconclusive);
        }
        match &concluded.worst().ending {
            Ending::Delivered => {
                let sure = recipient.has_mailbox() || matches!(word, Word::Confirms(_));
                (Fate::Delivered, if sure { Certainty::Proven } else { Certainty::Likely })
            }
            // What the hops said is all there is to judge by where nobody gave the configuration.
            Ending::Insufficient(missing) if !missing.gap.asked => (Fate::Delivered, Certainty::Likely),
            Ending::Insufficient(_) => (Fate::Inconclusive, Certainty::Inconclusive),
            Ending::Loop(_) => (Fate::Loop, Certainty::Likely),
            Ending::Stranded(_) => (Fate::NoRoute, self.sure_of(concluded, recipient)),
            // Exchange takes the message and bounces it later.
            Ending::RejectedByExchange(Bounce::NotAccepted | Bounce::Authoritative)
                if listed || recipient.has_mailbox() =>
            {
                (Fate::ExchangeRejectsOtherMailbox, Certainty::Likely)
            }
            Ending::RejectedByExchange(Bounce::Rule) if listed => {
                (Fate::ExchangeRejectsOtherMailbox, Certainty::Likely)
            }
            Ending::RejectedByExchange(_) => (Fate::Inconclusive, Certainty::Inconclusive),
            // It has a mailbox, and is handed to a system that is not its own and refuses whom it does not know.
            Ending::RejectedByOther if listed && matches!(predicted.worst().ending, Ending::RejectedByOther) => {
                (Fate::NoRoute, Certainty::Likely)
            }
            Ending::RejectedByOther | Ending::RejectedAtGateway | Ending::LeavesTheModel => {
                (Fate::Inconclusive, Certainty::Inconclusive)
            }
        }
    }

    /// How sure it is that mail has no way on: by configuration alone it is likely; proven where DNS has no address for the
    /// smart host, and a hop on the way took the recipient.
    fn sure_of(&self, concluded: &Traces, recipient: &Recipient) -> Certainty {
        let no_address = concluded.all_end(|ending| matches!(ending, Ending::Stranded(Strand::NoAddress)));
        let mut hops = self.hops_of(Role::Gateway).chain(self.hops_of(Role::Exchange));
        let taken = hops.any(|hop| hop.outcome(recipient.address) == Outcome::Accepted);
        if no_address && taken { Certainty::Proven } else { Certainty::Likely }
    }
}

impl FaultKind {
    /// What it makes of the recipient.
    pub fn fate(self) -> Fate {
        match self {
            Self::MxHostsDisagree | Self::OpenMxHost => Fate::MxHostsDisagree,
            Self::GatewayRejectsOther => Fate::GatewayRejectsOtherMailbox,
            Self::GatewayRejectsExchange => Fate::GatewayRejectsExchangeRecipient,
            Self::ExchangeRejectsOther => Fate::ExchangeRejectsOtherMailbox,
            Self::OtherRejectsOwn | Self::OtherCannotTake => Fate::OtherRejectsOwnMailbox,
            Self::UnknownEverywhere => Fate::UnknownEverywhere,
            Self::InBothSystems => Fate::InBothSystems,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{EXCHANGE, GATEWAY, LABS, OTHER, World};

    const EVA: &str = "eva@contoso.com";
    const UNKNOWN: &str = "550 5.1.1 User unknown in relay recipient table";

    /// corp, which the gateway hands mail to, and labs, where eva has her mailbox.
    fn forests() -> World {
        let mut world = World::two_forests();
        world.question.known_good.push(EVA.into());
        world.directory(EVA, "");
        world.directory_at(1, EVA, "user homeMDB=DB9");
        for hop in [GATEWAY, EXCHANGE, LABS] {
            world.rcpt(hop, EVA, "250 2.1.5 Ok");
        }
        world.accepts_everybody(LABS);
        world
    }

    /// Gives the object that was looked up another name.
    fn rename(lookup: &mut Lookup) {
        let Observed::Known(entries) = &mut lookup.entries else { panic!("no entries") };
        entries[0].dn = "CN=Eva,OU=corp".into();
    }

    /// eva's fate, how sure, and what is missing to a proof.
    fn fate_of_eva(world: &World) -> (Fate, Certainty, Option<String>) {
        let case = Case::new(&world.question, &world.evidence);
        let eva = case.model.recipients.iter().find(|one| one.address == EVA).unwrap();
        let found = case.model.diagnose(eva);
        let lacking = found.faults.first().and_then(|fault| fault.lacking.clone());
        (found.fate, found.certainty, lacking)
    }

    #[test]
    fn the_second_organisation_is_the_other_system_of_the_first() {
        let mut world = forests();
        assert_eq!(fate_of_eva(&world), (Fate::Delivered, Certainty::Proven, None));
        world.rcpt(GATEWAY, EVA, UNKNOWN);
        let lacking = "the directory of labs alone says that the mailbox exists: exch.labs.contoso.com (10.1.0.10) \
                       accepts every recipient";
        let likely = (Fate::GatewayRejectsOtherMailbox, Certainty::Likely, Some(lacking.to_string()));
        assert_eq!(fate_of_eva(&world), likely);
        world.validates(LABS);
        assert_eq!(fate_of_eva(&world), (Fate::GatewayRejectsOtherMailbox, Certainty::Proven, None), "it confirms her");
        world.directory(EVA, "contact targetAddress=SMTP:eva@labs.contoso.com");
        assert_eq!(fate_of_eva(&world).0, Fate::GatewayRejectsExchangeRecipient, "corp's directory holds her");
    }

    #[test]
    fn nobody_is_accused_without_a_mailbox_and_an_accepted_control() {
        let mut world = forests();
        world.directory_at(1, EVA, "");
        world.rcpt(GATEWAY, EVA, UNKNOWN);
        assert_eq!(fate_of_eva(&world).0, Fate::Inconclusive, "neither directory holds her");
        let mut world = forests();
        world.answers_all(GATEWAY, UNKNOWN);
        assert_eq!(fate_of_eva(&world).0, Fate::Inconclusive, "the gateway refuses helpdesk too");
    }

    #[test]
    fn the_first_organisations_server_must_not_refuse_her_and_two_mailboxes_are_one_too_many() {
        let mut world = forests();
        world.rcpt(EXCHANGE, EVA, "550 5.1.1 User unknown");
        assert_eq!(fate_of_eva(&world).0, Fate::ExchangeRejectsOtherMailbox);
        let mut world = forests();
        world.directory(EVA, "user homeMDB=DB1");
        assert_eq!(fate_of_eva(&world).0, Fate::Delivered, "the same object, seen twice");
        world.evidence.directories[0].lookups.last_mut().map(rename);
        assert_eq!(fate_of_eva(&world), (Fate::InBothSystems, Certainty::Proven, None));
    }

    /// The domain's MX is the other system's own host, which knows its own people alone; anna has her mailbox at Exchange.
    fn mx_at_other() -> World {
        let mut world = World::healthy();
        world.evidence.hops[0].address = Some([10, 0, 0, 44].into());
        world.question.known_good.push(ANNA.into());
        world.directory(ANNA, "user homeMDB=DB1");
        for address in ["helpdesk@contoso.com", ANNA] {
            world.rcpt(GATEWAY, address, "550 5.1.1 User unknown in virtual mailbox table");
            world.rcpt(EXCHANGE, address, "250 2.1.5 Ok");
        }
        world
    }

    const ANNA: &str = "anna@contoso.com";

    fn fate(world: &World, address: &str) -> (Fate, Certainty) {
        let case = Case::new(&world.question, &world.evidence);
        let found = case.model.diagnose(case.model.recipient(address).unwrap());
        (found.fate, found.certainty)
    }

    #[test]
    fn a_gateway_that_is_the_other_system_refuses_exchanges_people() {
        let mut world = mx_at_other();
        let refused = (Fate::GatewayRejectsExchangeRecipient, Certainty::Proven);
        assert_eq!(fate(&world, ANNA), refused, "it accepts its own, and refuses a stranger");
        assert_eq!(fate(&world, "orders@contoso.com"), (Fate::Delivered, Certainty::Proven), "no loop");
        world.rcpt(GATEWAY, ANNA, "250 2.1.5 Ok");
        assert_eq!(fate(&world, ANNA), (Fate::Delivered, Certainty::Proven), "it knows her, and hands her mail on");
        // Told by the configuration, by the certificate, or by nobody.
        let mut named = mx_at_other();
        named.evidence.hops[0].address = Some([192, 0, 2, 25].into());
        named.question.delivers_to.insert("mx1.contoso.com".into(), "zimbra".into());
        assert_eq!(fate(&named, "orders@contoso.com").0, Fate::Delivered);
        let mut shown = mx_at_other();
        shown.evidence.hops[0].address = Some([192, 0, 2, 25].into());
        for hop in [GATEWAY, OTHER] {
            let mut tls = crate::stories::tls("mail.contoso.com");
            tls.chain[0].sha256 = "ab".into();
            shown.last(hop).tls = Some(tls);
        }
        let case = Case::new(&shown.question, &shown.evidence);
        assert_eq!(case.model.delivers_to(&case.model.hops[0]), Some("zimbra"));
    }

    #[test]
    fn a_look_up_that_finds_nobody_refuses_mailboxes() {
        let mut world = World::healthy();
        for address in ["helpdesk@contoso.com", "orders@contoso.com", "sales@contoso.com"] {
            world.rcpt(GATEWAY, address, UNKNOWN);
        }
        let broken = (Fate::GatewayRejectsExchangeRecipient, Certainty::Likely);
        assert_eq!(fate(&world, "helpdesk@contoso.com"), broken);
        assert_eq!(fate(&world, "orders@contoso.com").0, Fate::Inconclusive, "nobody was accepted beside it");
        for other in ["550 5.7.1 Client host blocked using a list", "450 4.2.0 Greylisted", "250 2.1.5 Ok"] {
            let mut world = world_with(other);
            world.rcpt(GATEWAY, "helpdesk@contoso.com", UNKNOWN);
            let found = fate(&world, "helpdesk@contoso.com");
            let accepted = other.starts_with('2');
            assert_eq!(found == (Fate::GatewayRejectsExchangeRecipient, Certainty::Proven), accepted, "{other}");
            assert!(accepted || found.0 == Fate::Inconclusive, "{other}");
        }
    }

    /// The gateway says this to everybody but the random control.
    fn world_with(reply: &str) -> World {
        let mut world = World::healthy();
        for address in ["helpdesk@contoso.com", "orders@contoso.com", "sales@contoso.com"] {
            world.rcpt(GATEWAY, address, reply);
        }
        world
    }

    #[test]
    fn a_mailbox_that_is_full_exists() {
        let mut world = World::healthy();
        world.rcpt(OTHER, "orders@contoso.com", "552 5.2.2 Mailbox full");
        assert_eq!(fate(&world, "orders@contoso.com"), (Fate::OtherRejectsOwnMailbox, Certainty::Proven));
        world.rcpt(GATEWAY, "orders@contoso.com", UNKNOWN);
        assert_eq!(fate(&world, "orders@contoso.com"), (Fate::GatewayRejectsOtherMailbox, Certainty::Proven));
        world.rcpt(OTHER, "sales@contoso.com", "552 5.2.2 Mailbox full");
        assert_eq!(fate(&world, "orders@contoso.com").1, Certainty::Likely, "everybody is full: no control there");
    }
}
