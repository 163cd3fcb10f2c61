//! Objects that are asked for by what they are: those whose mail goes on, or should and does not.
use super::filter::Filter;
use super::message::Scope;
use super::recipients::{Names, RECIPIENT, holders_of};
use super::search::{Question, Searcher};
use futures_util::future::join_all;
use nsdiag_checks::evidence::directory::{Entry, Lookup};
use nsdiag_checks::evidence::{Miss, Observed, address};
use std::collections::BTreeSet;

/// How many such objects are taken.
pub(super) const MOST: usize = 5000;
/// How many of those that mail goes on to are fetched.
const FOLLOWED: usize = 500;
/// How many addresses one filter asks for.
const BATCH: usize = 50;

/// The recipient types that are nothing without a target: contacts, mail users, remote mailboxes.
const TARGETED: [&str; 7] = ["64", "128", "32768", "2147483648", "8589934592", "17179869184", "34359738368"];

/// Which objects are worth a look in `domain`.
fn filter(domain: &str) -> Filter {
    let targeted = TARGETED.iter().map(|kind| Filter::is("msExchRecipientTypeDetails", kind)).collect();
    let contact = vec![Filter::is("objectClass", "contact"), Filter::Has("mailNickname")];
    Filter::Or(vec![
        Filter::And(vec![Filter::Has("homeMDB"), Filter::Has("targetAddress")]),
        Filter::Ends("targetAddress", format!("@{domain}")),
        Filter::And(vec![Filter::Or(vec![Filter::Or(targeted), Filter::And(contact)]), Filter::lacks("targetAddress")]),
        Filter::Has("altRecipient"),
        Filter::Has("msExchGenericForwardingAddress"),
        Filter::And(vec![Filter::Ends("mail", format!("@{domain}")), Filter::lacks("proxyAddresses")]),
    ])
}

/// Whether an object that a sweep came upon is worth a look: what the filter says, and more that no filter can.
pub(super) fn is_noteworthy(entry: &Entry, names: &Names, domain: &str) -> bool {
    let target = entry.value("targetAddress").is_some();
    let typed = || entry.value("msExchRecipientTypeDetails").is_some_and(|kind| TARGETED.contains(&kind));
    let contact = || entry.is("contact") && entry.value("mailNickname").is_some();
    let inside = |name: &&String| address::domain(name) == domain;
    // Its own `mail` may be missing among proxy addresses that it has.
    let orphan = || names.mail.as_ref().filter(inside).is_some_and(|mail| !names.proxies.contains(mail));
    target && entry.value("homeMDB").is_some()
        || names.target.as_ref().is_some_and(|target| inside(&target))
        || !target && (typed() || contact())
        || entry.value("altRecipient").is_some()
        || entry.value("msExchGenericForwardingAddress").is_some()
        || orphan()
}

/// Such objects.
#[derive(Debug, Default)]
pub(super) struct Noteworthy {
    pub(super) entries: Vec<Entry>,
    /// Why there may be more of them.
    pub(super) incomplete: Option<Miss>,
}

/// Searches for them below `base`.
pub(super) async fn noteworthy(ask: Searcher<'_>, base: &str, domain: &str) -> Result<Noteworthy, Miss> {
    let filter = filter(domain);
    let question = Question { base, scope: Scope::Subtree, filter: &filter, attributes: &RECIPIENT, most: MOST };
    let found = ask.search(question).await?;
    Ok(Noteworthy { entries: found.entries, incomplete: found.left_out.then(too_large).or(found.more.then(too_many)) })
}

pub(super) fn too_large() -> Miss {
    let said = "the objects that forward, have a target or lack an address take more memory than there is for them";
    Miss::new(nsdiag_checks::evidence::How::TooLarge, said)
}

pub(super) fn too_many() -> Miss {
    let said = format!("there are more than {MOST} objects that forward, have a target or lack an address");
    Miss::new(nsdiag_checks::evidence::How::TooLarge, said)
}

/// Fetches the objects that mail goes on to, of those in `lookups` and `known`, where they are not among them: one step
/// far, for whatever forwards in turn is among `known`.
pub(super) async fn follow(
    ask: Searcher<'_>,
    base: &str,
    domain: &str,
    lookups: &[Lookup],
    known: &[Entry],
) -> Vec<Entry> {
    let looked_up = || lookups.iter().filter_map(|lookup| lookup.entries.known()).flatten();
    let objects = || looked_up().chain(known);
    let there: BTreeSet<String> = objects().map(|entry| entry.dn.to_lowercase()).collect();
    let held: BTreeSet<String> = objects().flat_map(|entry| Names::of(entry).proxies).collect();
    let asked: BTreeSet<&str> = lookups.iter().map(|lookup| &*lookup.address).collect();
    let missing: BTreeSet<&str> = objects()
        .filter_map(|entry| entry.value("altRecipient"))
        .filter(|dn| !there.contains(&dn.to_lowercase()))
        .take(FOLLOWED)
        .collect();
    let targets = |entry: &Entry| {
        let values = ["targetAddress", "msExchGenericForwardingAddress"].map(|name| entry.value(name));
        values.into_iter().flatten().filter_map(|value| address::fold(value).ok()).collect::<Vec<_>>()
    };
    let addresses: BTreeSet<String> = objects()
        .flat_map(targets)
        .filter(|to| address::domain(to) == domain && !held.contains(to) && !asked.contains(&**to))
        .take(FOLLOWED)
        .collect();
    let addresses: Vec<String> = addresses.into_iter().collect();
    let everything = Filter::Has("objectClass");
    let by_name = missing.into_iter().map(|dn| {
        let question = Question { base: dn, scope: Scope::Base, filter: &everything, attributes: &RECIPIENT, most: 0 };
        ask.search(question)
    });
    let by_address = addresses.chunks(BATCH).map(|batch| async move {
        let filter = Filter::Or(batch.iter().map(|address| holders_of(address)).collect());
        ask.search(Question { base, scope: Scope::Subtree, filter: &filter, attributes: &RECIPIENT, most: 0 }).await
    });
    let (by_name, by_address) = tokio::join!(join_all(by_name), join_all(by_address));
    // What cannot be fetched is a chain whose end is not known, and so it stays.
    let found = by_name.into_iter().chain(by_address).flatten().flat_map(|found| found.entries);
    found.filter(|entry| !there.contains(&entry.dn.to_lowercase())).collect()
}

/// Puts them together, each once, by name.
pub(super) fn together(groups: impl IntoIterator<Item = Vec<Entry>>) -> Observed<Vec<Entry>> {
    let mut all: Vec<Entry> = groups.into_iter().flatten().collect();
    all.sort_by(|a, b| a.dn.cmp(&b.dn));
    all.dedup_by(|a, b| a.dn == b.dn);
    Observed::Known(all)
}
