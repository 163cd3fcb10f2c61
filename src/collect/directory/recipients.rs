//! Looks recipients up: in batches, which are under way at once.
use super::Wanted;
use super::filter::Filter;
use super::message::Scope;
use super::search::{Found, Question, Searcher};
use futures_util::StreamExt;
use futures_util::stream;
use nsdiag_checks::evidence::directory::{Entry, Lookup};
use nsdiag_checks::evidence::{How, Miss, Observed, address, dn};
use std::collections::BTreeMap;

/// How many addresses one filter asks for.
const BATCH: usize = 50;
/// How many searches are under way at once: what a domain controller bears from one client.
const AT_ONCE: usize = 16;
/// How many mailboxes are looked at to find a known-good.
const CANDIDATES: usize = 50;

/// The attributes that tell what a recipient is.
pub(super) const RECIPIENT: [&str; 23] = [
    "objectClass",
    "cn",
    "displayName",
    "mail",
    "mailNickname",
    "proxyAddresses",
    "targetAddress",
    "homeMDB",
    "msExchHomeServerName",
    "msExchMailboxGuid",
    "msExchRecipientTypeDetails",
    "msExchRecipientDisplayType",
    "msExchRemoteRecipientType",
    "msExchHideFromAddressLists",
    "msExchRequireAuthToSendTo",
    "msExchGenericForwardingAddress",
    "altRecipient",
    "deliverAndRedirect",
    "legacyExchangeDN",
    "userAccountControl",
    "userPrincipalName",
    "whenCreated",
    "whenChanged",
];

/// The objects that hold `address`, in any of the attributes that lead mail.
pub(super) fn holders_of(address: &str) -> Filter {
    Filter::Or(holding(address))
}

/// These, and the account of that name.
fn filter_of(address: &str) -> Filter {
    let mut any = holding(address);
    any.push(Filter::is("userPrincipalName", address));
    Filter::Or(any)
}

fn holding(address: &str) -> Vec<Filter> {
    let smtp = format!("smtp:{address}");
    vec![Filter::is("proxyAddresses", &smtp), Filter::is("mail", address), Filter::Is("targetAddress", smtp)]
}

/// What is to be said of each address where nothing could be asked.
pub(super) fn unanswered(addresses: &[String], base: &str, miss: &Miss) -> Vec<Lookup> {
    addresses.iter().map(|address| lookup(address, base, Observed::Unknown(miss.clone()))).collect()
}

/// A look-up that a search with this filter would have brought as well.
pub(super) fn lookup(address: &str, base: &str, entries: Observed<Vec<Entry>>) -> Lookup {
    looked_up(address, base, &holders_of(address), entries)
}

fn looked_up(address: &str, base: &str, filter: &Filter, entries: Observed<Vec<Entry>>) -> Lookup {
    let filter = filter.to_string();
    Lookup { address: address.into(), base: base.into(), filter, entries, ..Lookup::default() }
}

/// Looks `addresses` up below `base`, in their order.
pub(super) async fn lookups(ask: Searcher<'_>, base: &str, addresses: &[String]) -> Vec<Lookup> {
    // A directory may find more letters alike than we do; whom such an answer is about is clear only to a single question.
    let (plain, odd): (Vec<_>, Vec<_>) = addresses.iter().partition(|address| address.is_ascii());
    let batches = plain.chunks(BATCH).map(<[_]>::to_vec).chain(odd.iter().map(|one| vec![*one]));
    let asked = batches.map(|batch| async move { one_batch(ask, base, &batch).await });
    let answers: Vec<Vec<Lookup>> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    let mut all: BTreeMap<String, Lookup> =
        answers.into_iter().flatten().map(|lookup| (lookup.address.clone(), lookup)).collect();
    addresses.iter().filter_map(|address| all.remove(address)).collect()
}

async fn one_batch(ask: Searcher<'_>, base: &str, batch: &[&String]) -> Vec<Lookup> {
    let filter = match batch {
        [one] => filter_of(one),
        _ => Filter::Or(batch.iter().map(|address| filter_of(address)).collect()),
    };
    let question = Question { base, scope: Scope::Subtree, filter: &filter, attributes: &RECIPIENT, most: 0 };
    let Found { entries, elsewhere, .. } = match ask.search(question).await {
        Ok(found) => found,
        Err(miss) => return unknown(base, batch, &miss),
    };
    let (mut matched, mut accounts) = match sorted(ask, batch, entries) {
        Ok(sorted) => sorted,
        Err(miss) => return unknown(base, batch, &miss),
    };
    let answer = |address: &&String| {
        let entries = matched.remove(address.as_str()).unwrap_or_default();
        let accounts = accounts.remove(address.as_str()).unwrap_or_default();
        let found = looked_up(address, base, &filter_of(address), known(entries, elsewhere.as_deref()));
        Lookup { accounts, ..found }
    };
    batch.iter().map(answer).collect()
}

fn unknown(base: &str, batch: &[&String], miss: &Miss) -> Vec<Lookup> {
    let one = |one: &&String| looked_up(one, base, &filter_of(one), Observed::Unknown(miss.clone()));
    batch.iter().map(one).collect()
}

/// Entries by address.
type ByAddress<'b> = BTreeMap<&'b str, Vec<Entry>>;

/// The entries that hold each address of a batch, and the accounts of its name. Where one goes to several, each copy counts.
fn sorted<'b>(
    ask: Searcher<'_>,
    batch: &[&'b String],
    entries: Vec<Entry>,
) -> Result<(ByAddress<'b>, ByAddress<'b>), Miss> {
    let mut matched: ByAddress = batch.iter().map(|one| (one.as_str(), vec![])).collect();
    let mut accounts = matched.clone();
    for entry in entries {
        let own = Names::of(&entry);
        let account = own.account.as_ref().filter(|name| !own.all().any(|held| held == *name));
        if let Some(of_its_name) = account.and_then(|name| accounts.get_mut(name.as_str())) {
            of_its_name.push(ask.copy(&entry)?);
        }
        let mut names: Vec<&str> = match batch {
            [one] if account == Some(*one) => vec![],
            [one] => vec![one.as_str()],
            _ => own.all().filter_map(|name| matched.get_key_value(name.as_str()).map(|(name, _)| *name)).collect(),
        };
        names.sort_unstable();
        names.dedup();
        let Some(last) = names.pop() else { continue };
        for name in names {
            matched.entry(name).or_default().push(ask.copy(&entry)?);
        }
        matched.entry(last).or_default().push(entry);
    }
    Ok((matched, accounts))
}

/// How the answer of a domain that is one of several begins, where it holds nothing.
pub(super) const NOT_HERE: &str = "not in this domain";

/// What was found of one address; absent in one domain of a forest is not absent.
pub(super) fn known(entries: Vec<Entry>, elsewhere: Option<&str>) -> Observed<Vec<Entry>> {
    match elsewhere.filter(|_| entries.is_empty()) {
        Some(elsewhere) => Observed::Unknown(Miss::new(
            How::Referral,
            format!("{NOT_HERE}, and {elsewhere} was not searched; ask a global catalog (port 3269)"),
        )),
        None => Observed::Known(entries),
    }
}

/// The addresses by which `filter_of` finds an object, folded.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Those of `proxyAddresses`.
    pub(super) proxies: Vec<String>,
    /// The primary one of them.
    pub(super) primary: Option<String>,
    /// `mail`.
    pub(super) mail: Option<String>,
    /// `targetAddress`.
    pub(super) target: Option<String>,
    /// `userPrincipalName`, which leads no mail.
    account: Option<String>,
}

impl Names {
    pub(super) fn of(entry: &Entry) -> Self {
        let smtp = |value: &String| {
            let smtp = value.get(..5).is_some_and(|kind| kind.eq_ignore_ascii_case("smtp:"));
            smtp.then(|| address::fold(&value[5..]).ok())?
        };
        let proxies = entry.values("proxyAddresses");
        Self {
            primary: proxies.iter().find(|value| value.starts_with("SMTP:")).and_then(smtp),
            proxies: proxies.iter().filter_map(smtp).collect(),
            mail: entry.value("mail").and_then(|mail| address::fold(mail).ok()),
            target: entry.values("targetAddress").first().and_then(smtp),
            account: entry.value("userPrincipalName").and_then(|name| address::fold(name).ok()),
        }
    }

    /// All of them that lead mail.
    pub(super) fn all(&self) -> impl Iterator<Item = &String> {
        self.proxies.iter().chain(&self.mail).chain(&self.target)
    }
}

/// Whether a mailbox is one that people use: an account that is enabled, of no service of Exchange's, and not redirected.
pub(super) fn is_ordinary(entry: &Entry) -> bool {
    let system = ["HealthMailbox", "SystemMailbox", "DiscoverySearchMailbox", "Migration.", "FederatedEmail."];
    let name = dn::first(&entry.dn).unwrap_or_default();
    let enabled = entry.integer("userAccountControl").is_none_or(|flags| flags & 2 == 0);
    let user = entry.value("msExchRecipientTypeDetails") == Some("1") && entry.is("user");
    let here = entry.value("homeMDB").is_some() && entry.value("targetAddress").is_none();
    user && here && enabled && !system.iter().any(|head| name.starts_with(head))
}

/// A mailbox of the domain that a gateway surely knows, if anybody: an ordinary one, enabled, of a user.
pub(super) async fn known_good(ask: Searcher<'_>, base: &str, wanted: &Wanted<'_>) -> Observed<Option<String>> {
    let filter = Filter::And(vec![
        Filter::is("objectCategory", "person"),
        Filter::is("objectClass", "user"),
        Filter::is("msExchRecipientTypeDetails", "1"),
        Filter::Has("homeMDB"),
    ]);
    let question = Question { base, scope: Scope::Subtree, filter: &filter, attributes: &RECIPIENT, most: CANDIDATES };
    let found = match ask.search(question).await {
        Ok(found) => found,
        Err(miss) => return Observed::Unknown(miss),
    };
    let primary = |entry: &Entry| Names::of(entry).primary.filter(|folded| address::domain(folded) == wanted.domain);
    let mut found: Vec<_> = found.entries.iter().filter(|entry| is_ordinary(entry)).filter_map(primary).collect();
    found.retain(|address| wanted.addresses.binary_search(address).is_err() && !wanted.addresses.contains(address));
    found.sort_unstable();
    Observed::Known(found.into_iter().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_found_by_what_the_filter_asks_for() {
        let mut entry = Entry::default();
        let mut add = |name: &str, values: &[&str]| {
            entry.attributes.insert(name.into(), values.iter().map(ToString::to_string).collect());
        };
        add("proxyaddresses", &["SMTP:Anna@C.com", "smtp:anna@d.com", "X500:/o=x", "sip:anna@c.com", "smtp:"]);
        add("mail", &["A@c.com"]);
        add("targetaddress", &["SMTP:anna@e.com"]);
        let names = Names::of(&entry);
        assert_eq!(names.all().collect::<Vec<_>>(), ["anna@c.com", "anna@d.com", "a@c.com", "anna@e.com"]);
        assert_eq!(names.primary.as_deref(), Some("anna@c.com"));
    }

    #[test]
    fn the_filter_is_written_down_as_it_is_asked() {
        let expected = "(|(proxyAddresses=smtp:a@c.com)(mail=a@c.com)(targetAddress=smtp:a@c.com))";
        assert_eq!(holders_of("a@c.com").to_string(), expected);
        let expected =
            "(|(proxyAddresses=smtp:a@c.com)(mail=a@c.com)(targetAddress=smtp:a@c.com)(userPrincipalName=a@c.com))";
        assert_eq!(filter_of("a@c.com").to_string(), expected);
    }
}
