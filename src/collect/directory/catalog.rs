//! Asks a global catalog for the whole forest, beside the directory itself and without holding it up.
//!
//! The connection is made while the directory's is, on the guess that the domain controller is a catalog as well, which
//! most are. It is bound only once the same credential was taken there: a wrong one must not count twice.
use super::connection::{Connection, Url};
use super::recipients::{NOT_HERE, lookup, lookups, unanswered};
use super::roster::{self, Roster};
use super::search::Searcher;
use super::{Access, Clock, Wanted, bind, discovery, reach, sweep};
use crate::collect::dns::Resolver;
use nsdiag_checks::evidence::directory::{Directory, Lookup, RootDse};
use nsdiag_checks::evidence::{How, Miss, Observed, dn};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How many catalogs that DNS names are tried.
const TRIED: usize = 3;
/// The time for one step: nothing else waits for a catalog, and so the run should not either.
const STEP: Duration = Duration::from_secs(5);

/// How far the directory's own session is.
#[derive(Clone, Debug, Default)]
pub(super) enum Progress {
    /// Its servers are not known yet.
    #[default]
    Before,
    /// These are tried.
    Opening(Arc<Access>),
    /// This one took the credential.
    Bound(Arc<Access>, String),
    /// And said what it is.
    Known(Arc<Access>, String, Arc<RootDse>),
    /// And whom it holds beside those who were asked for.
    Named(Arc<Access>, String, Arc<RootDse>, Arc<Vec<String>>),
    /// None did.
    Ended,
}

/// Tells the catalog's part how far the directory's is.
pub struct Teller(watch::Sender<Progress>);

/// Hears of it.
pub struct Listener(watch::Receiver<Progress>);

/// A teller and its listener.
pub fn pair() -> (Teller, Listener) {
    let (sender, receiver) = watch::channel(Progress::default());
    (Teller(sender), Listener(receiver))
}

impl Teller {
    pub(super) fn tell(&self, progress: Progress) {
        self.0.send_replace(progress);
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.0.send_if_modified(|progress| {
            let over = !matches!(progress, Progress::Known(..) | Progress::Named(..));
            if over {
                *progress = Progress::Ended;
            }
            over
        });
    }
}

impl Listener {
    async fn hear(&mut self, enough: impl Fn(&Progress) -> bool) -> Progress {
        let ended = |progress: &Progress| enough(progress) || matches!(progress, Progress::Ended);
        self.0.wait_for(ended).await.map_or(Progress::Ended, |progress| progress.clone())
    }
}

/// What a global catalog said.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    url: Observed<String>,
    found: BTreeMap<String, Lookup>,
    /// Whom it names in the whole forest; none where it was not asked for, or did not say.
    named: Option<Roster>,
}

impl Catalog {
    /// Writes it down beside what the directory itself said.
    pub fn complete(mut self, directory: &mut Directory) {
        for lookup in &mut directory.lookups {
            if let Some(found) = self.found.remove(&lookup.address) {
                lookup.forest = found.entries;
                lookup.forest_accounts = found.accounts;
            }
            // The domain did answer; where the whole forest is known, it no longer matters that others were not searched.
            let miss = lookup.entries.miss().filter(|miss| miss.said.starts_with(NOT_HERE));
            if miss.is_some() && lookup.forest.known().is_some() {
                lookup.entries = Observed::Known(vec![]);
            }
        }
        directory.catalog = self.url;
        if let (Some(named), Observed::Known(roster)) = (self.named, &mut directory.roster) {
            // Other domains of the forest were not searched, and here they are.
            if directory.roster_incomplete.as_ref().is_some_and(|miss| miss.how == How::Referral) {
                directory.roster_incomplete = named.incomplete;
            }
            for (address, entries) in named.held {
                if let Err(place) = roster.binary_search(&address) {
                    let known = directory.lookups.iter().any(|lookup| lookup.address == address);
                    if !known {
                        let mut lookup = lookup(&address, "", Observed::Known(vec![]));
                        lookup.forest = Observed::Known(entries);
                        directory.lookups.push(lookup);
                    }
                    roster.insert(place, address);
                }
            }
            directory.lookups.sort_by(|one, other| one.address.cmp(&other.address));
        }
    }
}

/// Asks the catalog at the directory's own server, else those that DNS names.
pub async fn ask(
    mut listener: Listener,
    resolver: &Resolver,
    wanted: Wanted<'_>,
    step: Duration,
    deadline: tokio::time::Instant,
) -> Catalog {
    let clock = Clock { step: step.min(STEP), deadline };
    let (Progress::Opening(access)
    | Progress::Bound(access, _)
    | Progress::Known(access, ..)
    | Progress::Named(access, ..)) = listener.hear(|progress| !matches!(progress, Progress::Before)).await
    else {
        return Catalog::default();
    };
    // The guess: named by the user, else beside the first server.
    let guess = access.catalog.clone().or_else(|| beside(access.urls.first()?));
    let guessing = async {
        let url = guess.clone()?;
        Some(reach(&url, &access, resolver, clock).await.map(|connection| (url.clone(), connection)))
    };
    let bound = |progress: &Progress| !matches!(progress, Progress::Before | Progress::Opening(_));
    let (guessed, bound) = tokio::join!(guessing, listener.hear(bound));
    let (Progress::Bound(_, source) | Progress::Known(_, source, _) | Progress::Named(_, source, ..)) = bound else {
        return Catalog::default();
    };
    // Another server answered than the first: then its own catalog is the better guess.
    let right = access.catalog.clone().or_else(|| beside(&source));
    let mut failed = Vec::new();
    let first = match (guessed, right) {
        (Some(Ok((url, connection))), Some(right)) if url == right => Some((url, Ok(connection))),
        (Some(Err(miss)), Some(right)) if guess.as_ref() == Some(&right) => Some((right, Err(miss))),
        (_, Some(right)) => {
            let connection = reach(&right, &access, resolver, clock).await;
            Some((right, connection))
        }
        (_, None) => None,
    };
    // While the directory says what it is, the same credential is shown here.
    let mut open = None;
    if let Some((url, connection)) = first {
        match signed_on(connection, &access, clock).await {
            Ok(connection) => open = Some((url, connection)),
            Err(miss) => failed.push((url, miss)),
        }
    }
    let known = |progress: &Progress| matches!(progress, Progress::Known(..) | Progress::Named(..));
    let (Progress::Known(_, _, root) | Progress::Named(_, _, root, _)) = listener.hear(known).await else {
        return Catalog::default();
    };
    let is_one = access.catalog.is_some() || root.global_catalog != Some(false);
    if let Some((url, connection)) = open.take_if(|_| is_one) {
        match questions(&connection, wanted, &mut listener, clock).await {
            Ok((found, named)) => return Catalog { url: Observed::Known(url), found, named },
            Err(miss) => failed.push((url, miss)),
        }
    }
    match elsewhere(&access, &root, resolver, wanted, &mut listener, clock, &mut failed).await {
        Some(catalog) => catalog,
        None => nobody(wanted, &root, &failed),
    }
}

/// Tries the catalogs that DNS names for the forest. There the credential goes over TLS alone: whoever allowed it in the
/// clear allowed that for the servers that he named.
async fn elsewhere(
    access: &Access,
    root: &RootDse,
    resolver: &Resolver,
    wanted: Wanted<'_>,
    listener: &mut Listener,
    clock: Clock,
    failed: &mut Vec<(String, Miss)>,
) -> Option<Catalog> {
    let refused = |failed: &[(String, Miss)]| failed.iter().any(|(_, miss)| miss.how == How::WrongPassword);
    let forest = forest(root)?;
    if access.catalog.is_some() || refused(failed) {
        return None;
    }
    let strict = Access { plaintext: false, ..access.clone() };
    let mut servers = discovery::catalogs(resolver, &forest, root.site.as_deref()).await;
    servers.retain(|url| !failed.iter().any(|(tried, _)| tried == url));
    for url in servers.into_iter().take(TRIED) {
        let connection = reach(&url, &strict, resolver, clock).await;
        let answer = match signed_on(connection, &strict, clock).await {
            Ok(connection) => questions(&connection, wanted, listener, clock).await,
            Err(miss) => Err(miss),
        };
        match answer {
            Ok((found, named)) => return Some(Catalog { url: Observed::Known(url), found, named }),
            Err(miss) => failed.push((url, miss)),
        }
        if refused(failed) {
            break;
        }
    }
    None
}

/// A connection with the credential taken.
async fn signed_on(connection: Result<Connection, Miss>, access: &Access, clock: Clock) -> Result<Connection, Miss> {
    let connection = connection?;
    match bind::bind(&connection, access, clock).await {
        Observed::Unknown(miss) => Err(miss),
        _ => Ok(connection),
    }
}

/// The answer about each address, and whom else the catalog names.
type Said = (BTreeMap<String, Lookup>, Option<Roster>);

/// The look-ups, in all domains: below the empty name.
async fn questions(
    connection: &Connection,
    wanted: Wanted<'_>,
    listener: &mut Listener,
    clock: Clock,
) -> Result<Said, Miss> {
    let ask = Searcher { wire: &connection.wire, clock };
    connection.wire.allow(wanted.size());
    let mut found = match wanted.addresses.len() > sweep::WORTH {
        true => sweep::sweep(ask, "", wanted, false).await?.lookups,
        false => lookups(ask, "", wanted.addresses).await,
    };
    let roster = match wanted.roster {
        super::Roster::Nobody => None,
        _ => roster::sample(ask, "", wanted.domain).await.ok(),
    };
    let named = listener.hear(|progress| matches!(progress, Progress::Named(..))).await;
    if let Progress::Named(.., named) = named {
        found.extend(lookups(ask, "", &named).await);
    }
    connection.wire.leave().await;
    // One that answers nothing is no catalog.
    let misses: Vec<&Miss> = found.iter().filter_map(|lookup| lookup.entries.miss()).collect();
    match misses.first() {
        Some(miss) if misses.len() == found.len() => Err((*miss).clone()),
        _ => Ok((by_address(found), roster)),
    }
}

fn by_address(found: Vec<Lookup>) -> BTreeMap<String, Lookup> {
    found.into_iter().map(|lookup| (lookup.address.clone(), lookup)).collect()
}

fn nobody(wanted: Wanted<'_>, root: &RootDse, failed: &[(String, Miss)]) -> Catalog {
    let tried: Vec<String> = failed.iter().map(|(url, miss)| format!("{url}: {}", miss.said)).collect();
    let named = match forest(root) {
        Some(forest) => format!("DNS names no other global catalog of {forest}"),
        // Not Active Directory: nobody promised a catalog.
        None if failed.is_empty() => return Catalog::default(),
        None => "the server names no forest".into(),
    };
    let how = failed.last().map_or(How::Unresolvable, |(_, miss)| miss.how);
    let miss = Miss::new(how, tried.into_iter().chain([named]).collect::<Vec<_>>().join("; "));
    let found = by_address(unanswered(wanted.addresses, "", &miss));
    Catalog { url: Observed::Unknown(miss), found, named: None }
}

/// The catalog's port at the same server; none where the server's own port is an unusual one.
fn beside(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let port = match (url.tls, url.port) {
        (true, 636 | 3269) => 3269,
        (false, 389 | 3268) => 3268,
        _ => return None,
    };
    Some(Url { port, ..url }.to_string())
}

/// The forest's root domain.
fn forest(root: &RootDse) -> Option<String> {
    let context = root.root_domain_context.as_deref()?;
    Some(dn::values(context).join(".").to_lowercase()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalog_is_guessed_beside_the_usual_ports_alone() {
        let cases = [
            ("ldaps://dc1.corp.contoso.com", Some("ldaps://dc1.corp.contoso.com:3269")),
            ("ldap://dc1:389", Some("ldap://dc1:3268")),
            ("ldaps://[2001:db8::1]:3269", Some("ldaps://[2001:db8::1]:3269")),
            ("ldaps://dc1:1636", None),
            ("nonsense", None),
        ];
        for (url, expected) in cases {
            assert_eq!(beside(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn the_forest_is_named_by_its_root_domain() {
        let root = |context: &str| RootDse { root_domain_context: Some(context.into()), ..RootDse::default() };
        assert_eq!(forest(&root("DC=Corp,DC=contoso,DC=com")).as_deref(), Some("corp.contoso.com"));
        assert_eq!(forest(&RootDse::default()), None);
    }

    #[test]
    fn a_domain_that_holds_nothing_is_known_once_the_forest_is() {
        let elsewhere = || Observed::Unknown(Miss::new(How::Referral, format!("{NOT_HERE}, and another was not")));
        let silent = || Observed::Unknown(Miss::new(How::TimedOut, "no answer in 5 s"));
        let cases = [
            (elsewhere(), Observed::Known(vec![]), Observed::Known(vec![])),
            (elsewhere(), silent(), elsewhere()),
            (silent(), Observed::Known(vec![]), silent()),
        ];
        for (entries, forest, expected) in cases {
            let address = String::from("kim@contoso.com");
            let lookup = Lookup { address: address.clone(), entries, ..Lookup::default() };
            let mut directory = Directory { lookups: vec![lookup], ..Directory::default() };
            let found = [(address, Lookup { entries: forest, ..Lookup::default() })].into();
            let catalog = Catalog { url: Observed::NotAsked, found, named: None };
            catalog.complete(&mut directory);
            assert_eq!(directory.lookups[0].entries, expected);
        }
    }
}
