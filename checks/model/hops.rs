//! What each SMTP hop answered, and how far its answers can be trusted.
use super::controls::Controls;
use super::recipients::{addresses, holds};
use super::vantage;
use crate::evidence::smtp::{Hop, Turn, Who};
use crate::judge::Gap;
use crate::prelude::*;
use crate::products::{self, Advice, Fingerprint};
use crate::replies::{self, Confidence, Row};
use alloc::collections::{BTreeMap, BTreeSet};

/// A refusal that took longer than this many milliseconds is a tarpit's (contract, section 5).
pub const TARPIT_MS: u64 = 2000;

/// One hop, with what it said.
pub struct HopView<'a> {
    /// The hop.
    pub hop: &'a Hop,
    /// Its place among the evidence's hops.
    pub at: usize,
    /// Its sessions, with their places in the evidence.
    pub sessions: Vec<(usize, &'a Session)>,
    /// Every reply to RCPT by recipient, in the order heard.
    rcpts: BTreeMap<&'a str, Vec<Heard<'a>>>,
    /// The guesses at its product, the best first.
    pub fingerprints: Vec<Fingerprint>,
    /// The random controls: the first, and the one that is asked where the first was accepted.
    randoms: [&'a str; 2],
    /// The addresses that serve as known-good here, without `postmaster`.
    good: BTreeSet<&'a str>,
    pub(super) controls: Controls<'a>,
    validates: Option<bool>,
    limited: bool,
    /// Whether as many targets were asked about as the settings allow.
    full: bool,
    /// How many recipients it was not asked about, and of how many.
    left_out: (usize, usize),
    /// Whether it was not heard, and another address of the same host was: that one decides, for who sends mail tries them
    /// all (RFC 5321, 5.1).
    pub spared: bool,
    /// Its sessions, by place, in which another system's person was the sender.
    pub sisters: Vec<(usize, &'a Session)>,
    /// What the user says of its replies.
    own: Vec<OwnReply>,
    /// What the prober itself did not ask, and why.
    unasked: BTreeMap<&'a str, &'a Turn>,
}

/// One reply to RCPT.
#[derive(Clone, Debug)]
pub struct Heard<'a> {
    /// The session's place in the evidence.
    pub session: usize,
    /// The reply's place in the transcript.
    pub turn: usize,
    /// The recipient.
    pub recipient: &'a str,
    /// The reply's code.
    pub code: u16,
    /// Its text, without codes at the head of the lines.
    pub text: String,
    /// What it means.
    pub meaning: Meaning,
    /// The catalogue's row that said so.
    pub row: Option<&'static Row>,
    /// The pattern of the user's own reply that said so.
    pub own: Option<String>,
    /// How far the meaning can be trusted.
    pub confidence: Confidence,
    /// How long it took, in milliseconds.
    pub latency_ms: Option<u64>,
}

/// What became of one recipient at one hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// 2xx.
    Accepted,
    /// 5xx.
    Rejected,
    /// 4xx, after the retry.
    Deferred,
    /// The hop did not get as far as an answer.
    Unreachable,
    /// It was not asked.
    NotProbed,
}

impl Heard<'_> {
    /// The JSON Pointer to the reply.
    pub fn pointer(&self) -> String {
        format!("/evidence/smtp/{}/transcript/{}", self.session, self.turn)
    }

    /// The outcome that its code stands for.
    pub fn outcome(&self) -> Outcome {
        match self.code {
            200..=299 => Outcome::Accepted,
            400..=499 => Outcome::Deferred,
            _ => Outcome::Rejected,
        }
    }

    /// `550 5.1.1 User unknown`.
    pub fn quote(&self) -> String {
        format!("{} {}", self.code, self.text).trim_end().to_string()
    }
}

/// A refusal of MAIL: about our sender, or about us, and never about a recipient.
pub struct RefusedSender {
    /// The JSON Pointer to it.
    pub pointer: String,
    /// Its code.
    pub code: u16,
    /// Its text.
    pub text: String,
    /// What it means.
    pub meaning: Meaning,
}

impl RefusedSender {
    /// `553 5.7.1 Sender address rejected`.
    pub fn quote(&self) -> String {
        format!("{} {}", self.code, self.text).trim_end().to_string()
    }
}

/// Whether a refusal with this meaning is about us and not about the recipient.
pub fn judges_us(meaning: Meaning) -> bool {
    use Meaning::*;
    matches!(meaning, AuthenticationRequired | Policy | Reputation | SenderRejected | TlsRequired)
}

/// The hops of the evidence, each with its sessions.
pub fn views<'a>(question: &'a Question, evidence: &'a Evidence) -> Vec<HopView<'a>> {
    let everybody = addresses(question, evidence);
    let of_hop = |hop: &'a Hop, at| {
        let own = replies::own::of_hop(&question.replies, hop);
        let all = evidence.smtp.iter().enumerate().filter(|(_, session)| session.hop == hop.id);
        // What is said to another sender is another matter.
        let (sisters, sessions): (Vec<_>, Vec<_>) = all.partition(|(_, session)| session.sister.is_some());
        let mut rcpts: BTreeMap<&str, Vec<Heard>> = BTreeMap::new();
        let mut unasked = BTreeMap::new();
        for (session, seen) in &sessions {
            let from: Vec<&str> = seen.our_address().into_iter().collect();
            let ours = seen.transcript.iter().filter(|turn| turn.who == Who::Prober);
            unasked.extend(ours.filter_map(|turn| Some((turn.recipient.as_deref()?, turn))));
            let void = |turn: &&Turn| turn.who == Who::Server && turn.code.is_none() && !turn.oddities.is_empty();
            let void = seen.transcript.iter().filter(void).filter_map(|turn| Some((turn.recipient.as_deref()?, turn)));
            unasked.extend(void);
            // Where something came that nobody had asked for, nobody knows what answers what.
            if let Some(turn) = seen.unasked_reply() {
                unasked.extend(seen.rcpt_replies().map(|(_, recipient, ..)| (recipient, turn)));
                continue;
            }
            for (turn, recipient, code, reply) in seen.rcpt_replies() {
                let heard = heard((&own, &from), (*session, turn), (recipient, code, reply));
                rcpts.entry(recipient).or_default().push(heard);
            }
        }
        // At the other system the control is an address of its own list (contract, section 5).
        let good = match hop.role {
            Role::Other => listed(evidence, hop.system.as_deref()).collect(),
            _ => good_at(question, evidence, hop).into_iter().collect(),
        };
        let randoms = [&*question.random, &*question.second_random];
        let mut view = HopView {
            hop,
            at,
            sessions,
            rcpts,
            fingerprints: products::fingerprints(question, evidence, hop, at),
            randoms,
            good,
            controls: Controls::default(),
            validates: None,
            limited: false,
            full: false,
            left_out: (0, 0),
            spared: false,
            sisters,
            own,
            unasked,
        };
        // Drawn once, because they are asked for with every recipient.
        view.controls = Controls::of(&view.rcpts, &view.randoms);
        view.validates = view.refuses_random();
        let targets = view.rcpts.keys().chain(view.unasked.keys()).collect::<BTreeSet<_>>();
        let asked = |one: &&&str| !view.rcpts.contains_key(**one) && !view.unasked.contains_key(**one);
        let concerned = |one: &&&str| hop.role != Role::Other || view.good.contains(**one);
        let concerned: Vec<&&str> = everybody.iter().filter(concerned).collect();
        view.left_out = (concerned.iter().filter(|one| asked(one)).count(), concerned.len());
        let asked = targets.iter().filter(|target| !view.randoms.contains(target)).count();
        // The same people are asked for at every hop, so that one which not all of them concern is asked for fewer.
        let cut = view.sessions.iter().any(|(_, session)| session.broke_off.is_some());
        view.full = asked >= question.max_recipients || !cut && everybody.len() > question.max_recipients && asked > 0;
        view.limited = view.rcpts.values().flatten().any(|heard| heard.meaning == Meaning::RateLimited);
        view
    };
    let mut views: Vec<HopView> = evidence.hops.iter().enumerate().map(|(at, hop)| of_hop(hop, at)).collect();
    let spared: Vec<bool> = views.iter().map(|view| !view.heard_from() && vantage::has_sibling(view, &views)).collect();
    views.iter_mut().zip(spared).for_each(|(view, spared)| view.spared = spared);
    views
}

/// The known-good controls for the gateways and for Exchange: the user's, then a mailbox that the directory offered.
pub fn known_good<'a>(question: &'a Question, evidence: &'a Evidence) -> impl Iterator<Item = &'a str> {
    let found = evidence.directories.iter().filter_map(|directory| directory.known_good.known()?.as_deref());
    let found = if question.known_good.is_empty() { Some(found) } else { None };
    question.known_good.iter().map(String::as_str).chain(found.into_iter().flatten())
}

/// The known-good controls for `hop`, a gateway or one of Exchange's: of several organisations a mailbox is known to be
/// good at its own, and no control where only another one holds it.
pub fn good_at<'a>(question: &'a Question, evidence: &'a Evidence, hop: &'a Hop) -> Vec<&'a str> {
    let system = match hop.role {
        Role::Gateway => question.system_behind(hop),
        _ => hop.system.as_deref(),
    };
    let held = |own: bool, address: &str| {
        let directories = evidence.directories.iter().filter(|one| (Some(&*one.system) == system) == own);
        let lookups = directories.flat_map(|one| &one.lookups).filter(|lookup| lookup.address == address);
        let entries = lookups.filter_map(|lookup| lookup.forest.known().or(lookup.entries.known()));
        entries.map(|entries| entries.iter().any(|entry| holds(entry, address))).reduce(|one, other| one || other)
    };
    // Asked only where there are several directories: the user's word stands otherwise.
    let several = evidence.directories.iter().any(|one| one.system != evidence.directories[0].system);
    let foreign = |address: &&str| several && held(true, address) == Some(false) && held(false, address) == Some(true);
    let found = evidence.directories.iter().filter(|one| !several || Some(&*one.system) == system);
    let found = found.filter_map(|directory| directory.known_good.known()?.as_deref());
    let found = question.known_good.is_empty().then_some(found).into_iter().flatten();
    question.known_good.iter().map(String::as_str).chain(found).filter(|address| !foreign(address)).collect()
}

fn listed<'a>(evidence: &'a Evidence, system: Option<&'a str>) -> impl Iterator<Item = &'a str> {
    let of_system = move |name: &str| system.is_none_or(|system| system == name);
    let lists = evidence.files.iter().filter(move |list| of_system(&list.system));
    lists.filter_map(|list| list.addresses.known()).flatten().map(String::as_str)
}

/// A reply to RCPT, at its place in the evidence.
fn heard<'a>(
    (own, ours): (&[OwnReply], &[&str]),
    (session, turn): (usize, usize),
    (recipient, code, reply): (&'a str, u16, &Turn),
) -> Heard<'a> {
    let text = reply.text();
    let verdict = replies::classify_with(own, ours, Stage::Rcpt, code, &text);
    Heard {
        session,
        turn,
        recipient,
        code,
        text,
        meaning: verdict.meaning,
        confidence: verdict.confidence(),
        row: verdict.row,
        own: verdict.own,
        latency_ms: reply.latency_ms,
    }
}

impl<'a> HopView<'a> {
    /// The hop's id.
    pub fn id(&self) -> &'a str {
        &self.hop.id
    }

    /// The JSON Pointer to the hop.
    pub fn pointer(&self) -> String {
        format!("/evidence/hops/{}", self.at)
    }

    /// Host and address for people: `mx1.contoso.com (192.0.2.25)`.
    pub fn name(&self) -> String {
        match self.hop.address {
            Some(address) if address.to_string() != self.hop.host => format!("{} ({address})", self.hop.host),
            _ => self.hop.host.clone(),
        }
    }

    /// Every reply to RCPT.
    pub fn replies(&self) -> impl Iterator<Item = &Heard<'a>> {
        self.rcpts.values().flatten()
    }

    /// The last word on `recipient`: a definite answer counts before a deferral, the latest before an earlier one. A refusal
    /// that nothing closes takes back no acceptance: the hop may refuse everybody by then.
    pub fn word_on(&self, recipient: &str) -> Option<&Heard<'a>> {
        let all = self.rcpts.get(recipient)?;
        let definite = || all.iter().rev().filter(|heard| heard.outcome() != Outcome::Deferred);
        let accepted = definite().any(|heard| heard.outcome() == Outcome::Accepted);
        let counts =
            |heard: &&Heard| heard.outcome() == Outcome::Accepted || !accepted || self.bracket(heard).after.is_some();
        definite().find(counts).or(all.last())
    }

    /// What became of `recipient` here.
    pub fn outcome(&self, recipient: &str) -> Outcome {
        match self.word_on(recipient) {
            Some(heard) => heard.outcome(),
            None if self.heard_from() && self.broke_off().is_none() => Outcome::NotProbed,
            None if self.sessions.is_empty() && self.hop.address.is_some() => Outcome::NotProbed,
            None => Outcome::Unreachable,
        }
    }

    /// Which product answers there, as far as its words and its name tell.
    pub fn product(&self) -> Option<&str> {
        products::product(&self.fingerprints)
    }

    /// What that product is known for.
    pub fn advice(&self) -> Option<&'static Advice> {
        products::advice(self.product()?)
    }

    /// The reply to the greeting of the first session that had one.
    pub fn greeting(&self) -> Option<(String, &'a Turn)> {
        self.said_at(Stage::Greeting)
    }

    /// The last reply of any session at `stage`, with its pointer.
    pub fn said_at(&self, stage: Stage) -> Option<(String, &'a Turn)> {
        self.sessions.iter().rev().find_map(|(at, session)| {
            let (turn, reply) = session.reply_at(stage)?;
            Some((format!("/evidence/smtp/{at}/transcript/{turn}"), reply))
        })
    }

    /// What its reply at `stage` means.
    pub fn meaning(&self, stage: Stage, code: u16, text: &str) -> Meaning {
        replies::classify_with(&self.own, &[], stage, code, text).meaning
    }

    /// What the user says of its replies.
    pub fn own_replies(&self) -> &[OwnReply] {
        &self.own
    }

    /// Whether it said anything at all.
    pub fn heard_from(&self) -> bool {
        self.sessions.iter().any(|(_, session)| session.transcript.iter().any(|turn| turn.who == Who::Server))
    }

    /// Why its last session ended early.
    pub fn broke_off(&self) -> Option<(usize, &'a Miss)> {
        let (at, session) = self.sessions.last()?;
        Some((*at, session.broke_off.as_ref()?))
    }

    /// The replies about each recipient, in the order heard.
    pub(super) fn each_recipient(&self) -> impl Iterator<Item = (&str, &[Heard<'a>])> {
        self.rcpts.iter().map(|(recipient, heard)| (*recipient, heard.as_slice()))
    }

    /// The reply about `recipient` at that place.
    pub(super) fn reply(&self, recipient: &str, place: usize) -> Option<&Heard<'a>> {
        self.rcpts.get(recipient)?.get(place)
    }

    /// The replies to known-good controls.
    pub fn controls(&self) -> impl Iterator<Item = &Heard<'a>> {
        self.replies().filter(|heard| self.is_good(heard.recipient))
    }

    /// The last reply to the first random control.
    pub fn random_control(&self) -> Option<&Heard<'a>> {
        self.word_on(self.randoms[0])
    }

    /// The replies to random controls that were acceptances, in the order of the controls.
    pub fn accepted_randoms(&self) -> impl Iterator<Item = &Heard<'a>> {
        let all = self.randoms.iter().filter_map(|random| self.rcpts.get(random)).flatten();
        all.filter(|heard| heard.outcome() == Outcome::Accepted)
    }

    /// The replies to random controls that were refusals for good.
    pub fn refused_randoms(&self) -> impl Iterator<Item = &Heard<'a>> {
        let all = self.randoms.iter().filter_map(|random| self.rcpts.get(random)).flatten();
        all.filter(|heard| heard.outcome() == Outcome::Rejected)
    }

    /// Whether it refuses recipients that do not exist: none where the random controls do not tell.
    ///
    /// That it refuses none takes two of them, accepted in two sessions: one may have met somebody's mailbox, a cache or
    /// a lenient moment.
    pub fn validates(&self) -> Option<bool> {
        self.validates
    }

    fn refuses_random(&self) -> Option<bool> {
        let mut accepted = self.accepted_randoms();
        if let Some(first) = accepted.next() {
            let second = accepted.any(|heard| heard.recipient != first.recipient && heard.session != first.session);
            return (second && self.refused_randoms().next().is_none()).then_some(false);
        }
        let random = self.random_control()?;
        match (random.outcome(), random.meaning) {
            (Outcome::Rejected, Meaning::UnknownRecipient) => Some(true),
            (Outcome::Deferred, Meaning::UnknownRecipientTemporary) => Some(true),
            // A limit says nothing of who exists; any other refusal does, whatever its words, where others are accepted.
            (Outcome::Rejected, Meaning::RateLimited | Meaning::Greylisted) => None,
            (Outcome::Rejected, _) if self.control_of_random(random).is_some() => Some(true),
            _ => None,
        }
    }

    /// Whether it limited us: some reply says that we ask too much.
    pub fn limited(&self) -> bool {
        self.limited
    }

    /// Whether as many targets were asked about as the settings allow; who was not asked then waits for a larger number.
    pub fn asked_all_it_may(&self) -> bool {
        self.full
    }

    /// Whether it was not asked about some recipients, because the settings allow no more.
    pub fn leaves_out(&self) -> bool {
        self.full && self.left_out.0 > 0
    }

    /// The gap that some recipients were not asked for here.
    pub fn unasked_gap(&self) -> Gap {
        let (missing, all) = self.left_out;
        let what = format!("{missing} of {} at {}", count(all, "recipient"), self.name());
        match self.full {
            true => Gap::unanswered(
                what,
                "they were not asked for, because of --max-recipients",
                "--pace own where the hosts are yours, or a larger --max-recipients",
            ),
            false => Gap::unanswered(
                what,
                "the run ended before they were asked for",
                "run it again, with a longer --deadline",
            ),
        }
    }

    /// The refusal of MAIL, where no session got beyond it.
    pub fn refused_sender(&self) -> Option<RefusedSender> {
        if !self.rcpts.is_empty() {
            return None;
        }
        let (pointer, turn) = self.said_at(Stage::Mail)?;
        let code = turn.code.filter(|code| *code >= 500)?;
        let text = turn.text();
        let meaning = match self.meaning(Stage::Mail, code, &text) {
            // Whatever the words: what is refused at MAIL is the sender (RFC 5321, 3.3).
            Meaning::Ambiguous | Meaning::Policy | Meaning::Disabled | Meaning::RelayDenied => Meaning::SenderRejected,
            meaning => meaning,
        };
        Some(RefusedSender { pointer, code, text, meaning })
    }

    /// Why the prober itself did not ask about `recipient`, where it did not.
    pub fn unasked(&self, recipient: &str) -> Option<String> {
        let turn = self.unasked.get(recipient)?;
        Some(match turn.unasked {
            false if turn.who == Who::Server => {
                format!("its reply answers nothing: {} ({})", turn.oddities.join("; "), turn.text())
            }
            true => format!(
                "in its session the host said what nobody had asked for ({}), so its replies prove nothing",
                turn.text()
            ),
            false => turn.text(),
        })
    }

    /// Whether `recipient` is a control and not a target.
    pub fn is_control(&self, recipient: &str) -> bool {
        self.randoms.contains(&recipient) || self.is_good(recipient)
    }

    fn is_good(&self, recipient: &str) -> bool {
        self.good.contains(&recipient) || recipient.starts_with("postmaster@")
    }

    /// The gap that it said nothing at all.
    pub fn unheard(&self) -> Gap {
        let why = match self.broke_off() {
            Some((_, miss)) => miss.said.clone(),
            None if self.hop.address.is_none() => "DNS has no address for it".into(),
            None => "it was not probed".into(),
        };
        Gap::unanswered(self.name(), why, "run it where this hop can be reached")
    }

    /// The gap that `recipient` has no answer here.
    pub fn no_answer(&self, recipient: &str) -> Gap {
        let why = match self.broke_off() {
            Some((_, miss)) => miss.said.clone(),
            None if self.hop.address.is_none() => format!("{} does not resolve", self.hop.host),
            None => "it was not probed".into(),
        };
        Gap::unanswered(format!("{recipient} at {}", self.name()), why, "run it where this hop can be reached, later")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{GATEWAY, World};

    #[test]
    fn where_something_came_unasked_nothing_of_the_session_counts() {
        let mut world = World::healthy();
        let sales = |world: &World| {
            let case = Case::new(&world.question, &world.evidence);
            let hop = case.model.hops.iter().find(|hop| hop.id() == GATEWAY).unwrap();
            (hop.outcome("sales@contoso.com") == Outcome::Accepted, hop.unasked("sales@contoso.com"))
        };
        assert_eq!(sales(&world), (true, None));
        let mut stray = crate::stories::turn(Stage::Rcpt, "250 2.1.5 Ok", None);
        (stray.code, stray.unasked) = (None, true);
        world.last(GATEWAY).transcript.push(stray);
        let (counts, why) = sales(&world);
        assert!(!counts && why.clone().is_some_and(|why| why.contains("prove nothing")), "{why:?}");
        world.session(GATEWAY, &[("sales@contoso.com", "250 2.1.5 Ok")]);
        assert!(sales(&world).0, "asked again in a session that is sound");
    }
}
