//! Whom to ask at a hop: its targets, of whom some are likely to be refused, and its controls.
use nsdiag_checks::evidence::smtp::{Hop, Role};
use nsdiag_checks::evidence::{Directory, List, Question};
use nsdiag_checks::model::recipients::holds;
use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

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
}

impl Targets {
    /// The targets at `hop`, as many as the question allows; which ones, and in which order, is the same in every run.
    pub(super) fn of(
        hop: &Hop,
        question: &Question,
        good: &[String],
        files: &[List],
        directories: &[Directory],
    ) -> Self {
        let own =
            |list: &&List| hop.role != Role::Other || hop.system.as_ref().is_none_or(|system| *system == list.system);
        let listed: BTreeSet<&String> =
            files.iter().filter(own).filter_map(|list| list.addresses.known()).flatten().collect();
        let postmaster = format!("postmaster@{}", question.domain);
        let control = match hop.role {
            Role::Other => None,
            _ => Some(good.first().cloned().unwrap_or_else(|| postmaster.clone())),
        };
        let mut targets: BTreeSet<&String> = listed;
        if hop.role != Role::Other {
            targets.extend(good.iter().skip(1));
        }
        let held = |directory: &Directory| -> BTreeSet<String> {
            let known = directory.lookups.iter().filter_map(|lookup| Some((lookup, lookup.entries.known()?)));
            let held = known.filter(|(lookup, entries)| entries.iter().any(|entry| holds(entry, &lookup.address)));
            held.map(|(lookup, _)| lookup.address.clone()).collect()
        };
        let held: BTreeSet<String> = directories.iter().flat_map(held).collect();
        let doubtful = |target: &&String| hop.role == Role::Gateway && !held.contains(*target);
        let targets = targets.into_iter().filter(|target| Some(*target) != control.as_ref());
        let (mut doubtful, mut likely): (Vec<&String>, Vec<&String>) = targets.partition(doubtful);
        // Those whom the directory lacks first: of them a gateway is most likely to say something of interest.
        doubtful.truncate(question.max_recipients);
        likely.truncate(question.max_recipients - doubtful.len());
        let many = doubtful.len() + likely.len() > MANY;
        let ordered = |mut all: Vec<&String>| {
            // In a long list neighbours are alike: old accounts beside each other, one department, one import. Mixed, the
            // first hundred tell what the rest will be like.
            if many {
                all.sort_by_cached_key(|address| scattered(address));
            }
            all.into_iter().cloned().collect()
        };
        Self {
            likely: ordered(likely),
            doubtful: ordered(doubtful),
            control,
            postmaster,
            randoms: [question.random.clone(), question.second_random.clone()],
        }
    }

    /// All targets: the likely, then the doubtful, each with its place.
    pub(super) fn places(&self) -> HashMap<String, usize> {
        self.likely.iter().chain(&self.doubtful).cloned().enumerate().map(|(place, address)| (address, place)).collect()
    }
}

/// From how many targets on their order is mixed.
pub(super) const MANY: usize = 100;

/// A number that has nothing to do with the alphabet, and is the same in every run of this version.
fn scattered(address: &str) -> u64 {
    // `new` has fixed keys.
    let mut hasher = DefaultHasher::new();
    address.hash(&mut hasher);
    hasher.finish()
}
