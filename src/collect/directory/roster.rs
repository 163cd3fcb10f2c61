//! Whom a directory holds, though nobody named them: some of each kind of recipient, so that each kind can be asked for.
use super::filter::Filter;
use super::message::Scope;
use super::recipients::{RECIPIENT, lookup};
use super::search::{Found, Question, Searcher};
use futures_util::future::join_all;
use nsdiag_checks::evidence::directory::{Entry, Lookup};
use nsdiag_checks::evidence::{How, Miss, Observed};
use nsdiag_checks::model::recipients::rostered;
use std::collections::BTreeMap;

/// How many objects of each kind are taken: more than a polite run asks a host for.
const EACH: usize = 40;
/// How many aliases of an object are taken beside its primary address where not everybody is asked for.
pub(super) const ALIASES: usize = 2;

/// The kinds, by `msExchRecipientTypeDetails`: mailboxes of users, shared ones and rooms, remote ones, mail users, contacts,
/// groups, dynamic groups, public folders.
const KINDS: [&[&str]; 8] = [
    &["1", "2", "8"],
    &["4", "16", "32"],
    &["2147483648", "8589934592", "17179869184", "34359738368"],
    &["128"],
    &["64", "32768"],
    &["256", "512", "1024", "268435456", "1099511627776"],
    &["2048"],
    &["4096"],
];

/// The classes of recipients that have no type.
const CLASSES: [&[&str]; 4] = [&["user"], &["group"], &["contact"], &["publicFolder", "msExchDynamicDistributionList"]];

/// Addresses of the domain, each with the objects that hold it.
#[derive(Clone, Debug, Default)]
pub(super) struct Roster {
    pub(super) held: BTreeMap<String, Vec<Entry>>,
    /// Why there may be more.
    pub(super) incomplete: Option<Miss>,
}

impl Roster {
    /// Takes an object in, a `copy` for each of its addresses in the domain.
    pub(super) fn take(
        &mut self,
        entry: &Entry,
        domain: &str,
        aliases: usize,
        copy: impl Fn(&Entry) -> Result<Entry, Miss>,
    ) -> Result<(), Miss> {
        for address in rostered(entry, domain, aliases) {
            let objects = self.held.entry(address).or_default();
            if objects.iter().all(|known| known.dn != entry.dn) {
                // Hardly an address has two objects, and of addresses there may be very many.
                objects.reserve_exact(1);
                objects.push(copy(entry)?);
            }
        }
        Ok(())
    }

    /// The addresses, and the look-ups that they stand for.
    pub(super) fn answers(self, base: &str) -> (Vec<String>, Vec<Lookup>) {
        let addresses = self.held.keys().cloned().collect();
        let answer = |(address, entries): (String, Vec<Entry>)| lookup(&address, base, Observed::Known(entries));
        (addresses, self.held.into_iter().map(answer).collect())
    }
}

/// Why a roster may lack some.
pub(super) fn sampled() -> Miss {
    Miss::new(How::TooLarge, format!("of some kind there are more than {EACH}, and only so many were read"))
}

/// Some recipients of each kind that have an address in `domain`.
pub(super) async fn sample(ask: Searcher<'_>, base: &str, domain: &str) -> Result<Roster, Miss> {
    let typed =
        |kinds: &[&str]| Filter::Or(kinds.iter().map(|kind| Filter::is("msExchRecipientTypeDetails", kind)).collect());
    // What another program than Exchange made has no type: its class tells.
    let untyped = |class: &[&str]| {
        let of_class = Filter::Or(class.iter().map(|class| Filter::is("objectClass", class)).collect());
        Filter::And(vec![of_class, Filter::lacks("msExchRecipientTypeDetails")])
    };
    let inside = || Filter::Ends("proxyAddresses", format!("@{domain}"));
    let filters = KINDS.iter().map(|kinds| typed(kinds)).chain(CLASSES.iter().map(|class| untyped(class)));
    let filters: Vec<Filter> = filters.map(|kind| Filter::And(vec![kind, inside()])).collect();
    let asked = filters
        .iter()
        .map(|filter| ask.search(Question { base, scope: Scope::Subtree, filter, attributes: &RECIPIENT, most: EACH }));
    let mut roster = Roster::default();
    for found in join_all(asked).await {
        let Found { entries, elsewhere, more, .. } = found?;
        for entry in &entries {
            roster.take(entry, domain, ALIASES, |entry| ask.copy(entry))?;
        }
        if more {
            roster.incomplete = Some(sampled());
        }
        if let Some(elsewhere) = elsewhere.filter(|_| roster.incomplete.is_none()) {
            roster.incomplete = Some(Miss::new(How::Referral, format!("{elsewhere} was not searched")));
        }
    }
    Ok(roster)
}
