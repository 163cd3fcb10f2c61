//! Reads all recipients, page by page, and keeps those that matter: for a long list that is fewer round trips than asking
//! for each.
use super::Wanted;
use super::filter::Filter;
use super::message::{RawEntry, Scope};
use super::noteworthy::{MOST, Noteworthy, is_noteworthy, too_large, too_many};
use super::recipients::{Names, is_ordinary, known, lookup, lookups};
use super::roster::{ALIASES, Roster};
use super::search::{Question, Searcher, once};
use nsdiag_checks::evidence::directory::{Entry, Lookup, Population};
use nsdiag_checks::evidence::{How, Miss, Observed, address};
use nsdiag_checks::model::State;
use nsdiag_checks::model::recipients::{kind, rostered};
use std::collections::hash_map::RandomState;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::BuildHasher;

/// From how many addresses on a sweep is worth it: up to that they are asked for in three waves of searches at most.
pub(super) const WORTH: usize = 2000;
/// How many objects a sweep names where some are enough.
const SAMPLE: usize = 2000;
/// How many addresses that several objects share are looked up.
const SHARED: usize = 500;
/// Among how many addresses those are searched for: as many hashes as fit into 16 MiB.
const SEEN: usize = 1_750_000;

/// What is asked of every object: what the checks go by, and no more, since there may be very many.
pub(super) const ASKED: [&str; 18] = [
    "objectClass",
    "mail",
    "mailNickname",
    "proxyAddresses",
    "targetAddress",
    "homeMDB",
    "msExchHomeServerName",
    "msExchMailboxGuid",
    "msExchRecipientTypeDetails",
    "msExchRemoteRecipientType",
    "msExchGenericForwardingAddress",
    "altRecipient",
    "deliverAndRedirect",
    "msExchRecipientDisplayType",
    "msExchHideFromAddressLists",
    "msExchRequireAuthToSendTo",
    "userAccountControl",
    "whenChanged",
];
/// The attributes by which an object is classified; the others are read of those alone that are kept.
const CLASSIFYING: [&str; 13] = [
    "objectClass",
    "mail",
    "mailNickname",
    "proxyAddresses",
    "targetAddress",
    "homeMDB",
    "msExchHomeServerName",
    "msExchMailboxGuid",
    "msExchRecipientTypeDetails",
    "msExchRemoteRecipientType",
    "msExchGenericForwardingAddress",
    "altRecipient",
    "userAccountControl",
];

/// What a sweep brought.
pub(super) struct Swept {
    pub(super) lookups: Vec<Lookup>,
    pub(super) noteworthy: Result<Noteworthy, Miss>,
    pub(super) population: Observed<Population>,
    /// A mailbox that may serve as known-good control, where one was wanted.
    pub(super) known_good: Observed<Option<String>>,
    /// Whom the directory names.
    pub(super) roster: Result<Roster, Miss>,
}

/// Sweeps the recipients below `base`. `everything` says whether all are to be classified, or only the wanted ones found.
pub(super) async fn sweep(ask: Searcher<'_>, base: &str, wanted: Wanted<'_>, everything: bool) -> Result<Swept, Miss> {
    let mut broom = Broom::new(ask, wanted, everything);
    let filter = Filter::Or(["proxyAddresses", "mail", "targetAddress"].map(Filter::Has).to_vec());
    let question = Question { base, scope: Scope::Subtree, filter: &filter, attributes: &ASKED, most: 0 };
    let (elsewhere, _) = ask.each(question, true, |raw| broom.take(raw)).await?;
    broom.whole().await?;
    let shared = broom.shared.iter().cloned().collect::<Vec<_>>();
    let mut noteworthy = broom.noteworthy;
    // That two addresses are the same was told by their hashes: the directory has the last word.
    for lookup in lookups(ask, base, &shared).await {
        noteworthy.extend(lookup.entries.known().into_iter().flatten().cloned());
    }
    let mut incomplete = (noteworthy.len() >= MOST || shared.len() >= SHARED).then(too_many);
    if broom.left_out {
        incomplete = Some(too_large());
    }
    if broom.full {
        incomplete =
            Some(Miss::new(How::TooLarge, format!("only the first {SEEN} addresses were searched for shared ones")));
    }
    let mut found = broom.found;
    let mut answers = Vec::with_capacity(wanted.addresses.len());
    for address in wanted.addresses {
        let mut entries = found.remove(&**address).unwrap_or_default();
        once(&mut entries);
        answers.push(lookup(address, base, known(entries, elsewhere.as_deref())));
    }
    if noteworthy.len() > 2 * MOST {
        noteworthy.truncate(2 * MOST);
        incomplete = Some(too_many());
    }
    let noteworthy = Ok(Noteworthy { entries: noteworthy, incomplete });
    let known_good = match wanted.known_good && everything {
        true => Observed::Known(broom.good),
        false => Observed::NotAsked,
    };
    let mut roster = broom.roster;
    if let Some(elsewhere) = elsewhere.filter(|_| roster.incomplete.is_none()) {
        roster.incomplete = Some(Miss::new(How::Referral, format!("{elsewhere} was not searched")));
    }
    let population = Observed::Known(broom.population);
    Ok(Swept { lookups: answers, noteworthy, population, known_good, roster: Ok(roster) })
}

struct Broom<'a> {
    ask: Searcher<'a>,
    domain: &'a str,
    everything: bool,
    found: HashMap<&'a str, Vec<Entry>>,
    noteworthy: Vec<Entry>,
    population: Population,
    /// The first by name of the mailboxes that a gateway surely knows.
    good: Option<String>,
    hasher: RandomState,
    /// The hashes of all proxy addresses.
    seen: HashSet<u64>,
    /// Whether there were more of them.
    full: bool,
    /// Whether noteworthy objects were left out to leave room for the answers.
    left_out: bool,
    /// Addresses that were seen before.
    shared: BTreeSet<String>,
    /// Objects with more values than came.
    cut: Vec<String>,
    /// Whom the directory names, of how many objects at most, and of how many so far.
    roster: Roster,
    /// How many aliases of each it takes.
    aliases: usize,
    most: usize,
    named: usize,
}

impl<'a> Broom<'a> {
    fn new(ask: Searcher<'a>, wanted: Wanted<'a>, everything: bool) -> Self {
        Self {
            ask,
            domain: wanted.domain,
            everything,
            found: wanted.addresses.iter().map(|address| (&**address, vec![])).collect(),
            noteworthy: vec![],
            population: Population::default(),
            good: None,
            hasher: RandomState::new(),
            seen: HashSet::new(),
            full: false,
            left_out: false,
            shared: BTreeSet::new(),
            cut: vec![],
            roster: Roster::default(),
            most: match wanted.roster {
                super::Roster::Everybody(most) if everything => most,
                // Of very many the first so many tell what there is.
                super::Roster::Sample if everything => SAMPLE,
                _ => 0,
            },
            aliases: wanted.roster.aliases(),
            named: 0,
        }
    }

    fn take(&mut self, raw: RawEntry) -> Result<(), Miss> {
        let (light, ranges) = self.ask.read(raw.clone(), &CLASSIFYING, &mut 0)?;
        if !ranges.is_empty() {
            self.ask.wire.keep(raw.dn.len())?;
            self.cut.push(raw.dn.into());
            return Ok(());
        }
        let names = Names::of(&light);
        let (wanted, noteworthy) = self.weigh(&light, &names);
        let named = self.names_it(&light);
        if wanted || noteworthy || named {
            let (entry, _) = self.ask.kept(raw, &ASKED)?;
            self.keep(&names, entry, noteworthy, named)?;
        }
        Ok(())
    }

    /// Whether an object is one of the wanted, and whether it is worth a look; it is counted in any case.
    fn weigh(&mut self, light: &Entry, names: &Names) -> (bool, bool) {
        let wanted = names.all().any(|name| self.found.contains_key(&**name));
        if !self.everything {
            return (wanted, false);
        }
        let state = match names.proxies.is_empty() {
            true => State::MailAttributeOnly,
            false => kind(light),
        };
        self.population.total += 1;
        match self.population.by_state.get_mut(word(state)) {
            Some(count) => *count += 1,
            None => drop(self.population.by_state.insert(word(state).into(), 1)),
        }
        let mut own = HashSet::with_capacity(names.proxies.len());
        for proxy in &names.proxies {
            let hash = self.hasher.hash_one(proxy);
            self.full |= self.seen.len() >= SEEN;
            let new = match self.full {
                true => !self.seen.contains(&hash),
                false => self.seen.insert(hash),
            };
            let new = !own.insert(proxy) || new;
            if !new && self.shared.len() < SHARED {
                self.shared.insert(proxy.clone());
            }
        }
        let good = names.primary.as_ref().filter(|name| {
            let first = self.good.as_ref().is_none_or(|good| *name < good);
            first && address::domain(name) == self.domain && !self.found.contains_key(&***name)
        });
        if good.is_some_and(|_| state == State::Mailbox && is_ordinary(light)) {
            self.good = good.cloned();
        }
        let noteworthy = self.noteworthy.len() < MOST && is_noteworthy(light, names, self.domain);
        let room = !self.ask.wire.is_nearly_full();
        self.left_out |= noteworthy && !room;
        (wanted, noteworthy && room)
    }

    /// Whether it is one of those whom the directory names.
    fn names_it(&mut self, light: &Entry) -> bool {
        // One more than there is room for tells that there are more.
        if self.most == 0 || self.named > self.most || rostered(light, self.domain, ALIASES).is_empty() {
            return false;
        }
        self.named += 1;
        if self.named > self.most {
            let said = format!("there are more than {}, and only so many were kept", self.most);
            self.roster.incomplete = Some(Miss::new(How::TooLarge, said));
        }
        self.named <= self.most
    }

    /// Keeps an entry wherever it belongs; each copy counts, and the last place gets the entry itself.
    fn keep(&mut self, names: &Names, entry: Entry, noteworthy: bool, named: bool) -> Result<(), Miss> {
        let ask = self.ask;
        if named {
            self.roster.take(&entry, self.domain, self.aliases, |entry| ask.copy(entry))?;
        }
        let mut names: Vec<&String> = BTreeSet::from_iter(names.all()).into_iter().collect();
        names.retain(|name| self.found.contains_key(&***name));
        if noteworthy {
            if names.is_empty() {
                self.noteworthy.push(entry);
                return Ok(());
            }
            self.noteworthy.push(ask.copy(&entry)?);
        }
        let Some(last) = names.pop() else { return Ok(()) };
        let mut put = |name: &String, entry| {
            if let Some(found) = self.found.get_mut(&**name) {
                found.reserve_exact(1);
                found.push(entry);
            }
        };
        for name in names {
            put(name, ask.copy(&entry)?);
        }
        put(last, entry);
        Ok(())
    }

    /// Fetches the objects of which not all values came.
    async fn whole(&mut self) -> Result<(), Miss> {
        let everything = Filter::Has("objectClass");
        for dn in std::mem::take(&mut self.cut) {
            let question = Question { base: &dn, scope: Scope::Base, filter: &everything, attributes: &ASKED, most: 0 };
            for entry in self.ask.search(question).await?.entries {
                let names = Names::of(&entry);
                let noteworthy = self.weigh(&entry, &names).1;
                let named = self.names_it(&entry);
                self.keep(&names, entry, noteworthy, named)?;
            }
        }
        Ok(())
    }
}

/// A state's word in a report.
fn word(state: State) -> &'static str {
    match state {
        State::Mailbox => "mailbox",
        State::RemoteMailbox => "remote-mailbox",
        State::MailUser => "mail-user",
        State::Contact => "contact",
        State::Group => "group",
        State::PublicFolder => "public-folder",
        State::MailAttributeOnly => "mail-attribute-only",
        State::Ambiguous => "ambiguous",
        State::Absent => "absent",
        State::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_the_report() {
        let all = [
            State::Mailbox,
            State::RemoteMailbox,
            State::MailUser,
            State::Contact,
            State::Group,
            State::PublicFolder,
            State::MailAttributeOnly,
            State::Ambiguous,
            State::Absent,
            State::Unknown,
        ];
        for state in all {
            assert_eq!(serde_json::to_value(state).unwrap(), word(state));
        }
    }
}
