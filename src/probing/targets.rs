//! Whom to ask at a hop: its targets, of whom some are likely to be refused, and its controls.
use nsdiag_checks::evidence::smtp::{Hop, Role};
use nsdiag_checks::evidence::{Evidence, Question};
use nsdiag_checks::model::chosen::chosen;
use nsdiag_checks::model::deciding::{FIRST, MOST};
use nsdiag_checks::model::{State, recipients};
use nsdiag_checks::replies::{self, OwnReply};
use nsdiag_checks::report::is_judged;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Who is to be asked about at one hop.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Targets {
    /// Those that the hop will most likely take.
    pub(super) likely: Vec<String>,
    /// Those that it may refuse: the directory, which it may ask, does not hold them.
    pub(super) doubtful: Vec<String>,
    /// The known-good; none at the other system, where the addresses of its own list are each other's control.
    pub(super) control: Option<String>,
    /// The control where there is no other.
    pub(super) postmaster: String,
    /// The random controls, the second for where the first is accepted.
    pub(super) randoms: [String; 2],
    /// What the user says of the hop's replies.
    pub(super) own: Vec<OwnReply>,
}

impl Targets {
    /// The targets at `hop`: of `choice` the first that concern it, as many as it has now, so that each host is asked about
    /// the same people.
    pub(super) fn of(hop: &Hop, question: &Question, good: &[String], choice: &Choice) -> Self {
        let postmaster = format!("postmaster@{}", question.domain);
        let control = match hop.role {
            Role::Other => None,
            _ => Some(good.first().cloned().unwrap_or_else(|| postmaster.clone())),
        };
        let most = choice.order.iter().take(choice.most.saturating_add(1));
        let concerned = most.filter(|target| hop.role != Role::Other || choice.concerns(target, hop.system.as_deref()));
        let targets: Vec<&String> =
            concerned.filter(|target| Some(*target) != control.as_ref()).take(choice.most).collect();
        let doubtful = |target: &&String| hop.role == Role::Gateway && !choice.held.contains(*target);
        let (doubtful, likely): (Vec<&String>, Vec<&String>) = targets.into_iter().partition(doubtful);
        // Neighbours of a long list are alike: mixed, the first hundred tell what the rest will be like.
        let many = doubtful.len() + likely.len() > MANY;
        let owned = |mut all: Vec<&String>| {
            if !many {
                all.sort_unstable();
            }
            all.into_iter().cloned().collect()
        };
        Self {
            likely: owned(likely),
            doubtful: owned(doubtful),
            control,
            postmaster,
            randoms: [question.random.clone(), question.second_random.clone()],
            own: replies::own::of_hop(&question.replies, hop),
        }
    }

    /// All targets: the likely, then the doubtful, each with its place.
    pub(super) fn places(&self) -> HashMap<String, usize> {
        self.likely.iter().chain(&self.doubtful).cloned().enumerate().map(|(place, address)| (address, place)).collect()
    }
}

/// Who may be asked for, and what is known of them beforehand.
#[derive(Debug, Default)]
pub struct Choice {
    /// Everybody, the one whose answer decides most first.
    pub order: Vec<String>,
    /// How many of them are asked for now, at one host.
    most: usize,
    /// Those whom a directory resolves.
    held: BTreeSet<String>,
    /// Those for whom an Exchange directory has an object that stands for a mailbox elsewhere.
    elsewhere: BTreeSet<String>,
    /// Each with the systems whose lists it is on.
    listed: BTreeMap<String, Vec<String>>,
    /// Each with the systems whose directories show its mailbox.
    boxes: BTreeMap<String, Vec<String>>,
    /// Those that the run is about: where they live is what is asked.
    about: BTreeSet<String>,
}

impl Choice {
    /// The choice that follows from what the directories and lists say.
    pub fn of(question: &Question, evidence: &Evidence) -> Self {
        let order = chosen(question, evidence).into_iter().map(String::from).collect();
        let about = question.about.iter().cloned().collect();
        let mut choice = Self { order, about, most: question.max_recipients, ..Self::default() };
        for recipient in recipients::all(question, evidence) {
            let address = recipient.address.to_string();
            let listed: Vec<String> =
                recipient.lists.iter().filter(|list| list.listed).map(|list| list.system.to_string()).collect();
            if recipient.resolves() {
                choice.held.insert(address.clone());
            }
            let stands = |state| matches!(state, State::Contact | State::MailUser | State::RemoteMailbox);
            if recipient.directories.iter().any(|held| stands(held.state)) {
                choice.elsewhere.insert(address.clone());
            }
            let boxes = recipient.directories.iter().filter(|held| held.state == State::Mailbox);
            choice.boxes.insert(address.clone(), boxes.map(|held| held.system.to_string()).collect());
            choice.listed.insert(address, listed);
        }
        choice
    }

    /// Asks for a few first, where some are left out in any case, so that it can be chosen by their answers who comes next;
    /// whether there is something to choose. Of the operator's own hosts, and of very many, all are asked at once.
    pub fn begins_with_few(&mut self, question: &Question) -> bool {
        let few = question.pace != "own"
            && (FIRST + 1..MANY).contains(&question.max_recipients)
            && self.order.len() > question.max_recipients
            && is_judged(question, "recipients", "NSD420");
        if few {
            self.most = FIRST;
        }
        few
    }

    /// Asks for these next, whatever their place; false where there is no room for them, or nobody new.
    pub fn goes_on_with(&mut self, next: &[&str], question: &Question) -> bool {
        let room = question.max_recipients.saturating_sub(self.most);
        let place = |address: &&str| self.order.iter().position(|one| one == *address);
        let mut places: Vec<usize> = next.iter().filter_map(place).filter(|place| *place >= self.most).collect();
        let mut seen = BTreeSet::new();
        places.retain(|place| seen.insert(*place));
        places.truncate(room);
        let moved: Vec<String> = places.iter().map(|place| self.order[*place].clone()).collect();
        self.order.retain(|one| !moved.contains(one));
        let at = self.most.min(self.order.len());
        self.most += moved.len();
        let any = !moved.is_empty();
        self.order.splice(at..at, moved);
        any
    }

    /// Asks for as many as the question allows; of so few that the source is told by them, the known-good is one.
    pub fn ends_with_all(&mut self, question: &Question) {
        let control = usize::from(question.max_recipients <= MOST);
        self.most = self.most.max(question.max_recipients - control);
    }

    /// Somebody of the domain who surely lives at another system than `system`: by that one's list or directory, and
    /// neither on a list of `system` nor with a mailbox there.
    pub(super) fn sister_of(&self, system: &str) -> Option<&String> {
        let homes = |address: &String| {
            let of = |all: &BTreeMap<String, Vec<String>>| all.get(address).cloned().unwrap_or_default();
            [of(&self.listed), of(&self.boxes)].concat()
        };
        let lives_elsewhere = |address: &&String| {
            let homes = homes(address);
            !homes.is_empty() && homes.iter().all(|home| home != system)
        };
        self.order.iter().filter(|address| address.is_ascii()).find(lives_elsewhere)
    }

    /// Whether the hop of another system than Exchange's is to be asked about `target`: who is on its list, and who is on
    /// nobody's and has an object that stands for a mailbox elsewhere; and whom the run is about.
    fn concerns(&self, target: &str, system: Option<&str>) -> bool {
        if self.about.contains(target) {
            return true;
        }
        let listed = self.listed.get(target).map_or(&[][..], Vec::as_slice);
        match listed.is_empty() {
            true => self.elsewhere.contains(target),
            false => system.is_none_or(|system| listed.iter().any(|own| own == system)),
        }
    }
}

/// From how many targets on a list is long.
pub(super) const MANY: usize = 100;
