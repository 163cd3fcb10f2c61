//! What is asked of a directory: a bind, the rootDSE, the Exchange organisation, the recipients.
use super::connection::Connection;
use super::{Access, Clock, Wanted};
use ldap3::adapters::{Adapter, EntriesOnly, PagedResults};
use ldap3::{LdapError, Scope, SearchEntry, SearchOptions, ldap_escape};
use nsdiag_checks::evidence::directory::{Directory, Entry, Lookup, RootDse};
use nsdiag_checks::evidence::exchange::{AcceptedDomain, Organisation, RecipientFilter, SendConnector};
use nsdiag_checks::evidence::{How, Miss, Observed, address};
use nsdiag_checks::model::recipients::holds;

/// How many entries a page holds; AD's own limit is 1000.
const PAGE: i32 = 500;
/// How many addresses one filter asks for.
const BATCH: usize = 50;
/// How many mailboxes are looked at to find a known-good.
const CANDIDATES: i32 = 50;

/// The attributes that tell what a recipient is.
const RECIPIENT: [&str; 22] = [
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
    "whenCreated",
    "whenChanged",
];

/// Binds as the user of `access`; without one, nobody is bound.
pub(super) async fn bind(connection: &mut Connection, access: &Access, clock: Clock) -> Observed<String> {
    let Some(user) = &access.user else { return Observed::Known("nobody (anonymous)".into()) };
    let Some(password) = access.password.as_ref().filter(|password| !password.0.is_empty()) else {
        // RFC 4513, 5.1.2: a name without a password binds nobody, and many servers say success to it.
        let said = "there is no password; give --ldap-password-file FILE";
        return Observed::Unknown(Miss::new(How::NotTried, said));
    };
    if !connection.is_secure() && !access.plaintext {
        let said = "the password would go in the clear; use ldaps://, or --ldap-plaintext on a wire that you trust";
        return Observed::Unknown(Miss::new(How::NotTried, said));
    }
    let bound = clock.step("the bind", connection.ldap.simple_bind(user, &password.0)).await;
    match bound {
        Ok(Ok(result)) if result.rc == 0 => Observed::Known(user.clone()),
        Ok(Ok(result)) => Observed::Unknown(refusal(result.rc, &result.text, &result.refs)),
        Ok(Err(error)) => Observed::Unknown(connection.why(&error)),
        Err(miss) => Observed::Unknown(miss),
    }
}

/// Asks everything, and writes the answers into `found`.
pub(super) async fn ask(connection: &Connection, wanted: Wanted<'_>, clock: Clock, found: &mut Directory) {
    found.root = root(connection, clock).await;
    let root = match &found.root {
        Observed::Known(root) => root.clone(),
        other => {
            let miss = other.miss().cloned().unwrap_or_else(|| Miss::new(How::Protocol, "there is no rootDSE"));
            found.organisation = Observed::Unknown(miss.clone());
            unanswered(wanted, &miss, found);
            return;
        }
    };
    let base = root.default_context.clone().or_else(|| root.contexts.first().cloned()).unwrap_or_default();
    let organisation = organisation(connection, &root, clock);
    let good = async {
        match wanted.known_good {
            true => known_good(connection, &base, wanted, clock).await,
            false => Observed::NotAsked,
        }
    };
    let batches = wanted.addresses.chunks(BATCH).map(|batch| recipients(connection, &base, batch, clock));
    let (organisation, good, lookups) = tokio::join!(organisation, good, futures_util::future::join_all(batches));
    found.organisation = organisation;
    found.known_good = good;
    found.lookups = lookups.into_iter().flatten().collect();
    // What was found has been judged by us, not looked up: do that now, so that its state is known like any other's.
    let extra = found.known_good.known().cloned().flatten();
    if let Some(extra) = extra.filter(|extra| !wanted.addresses.contains(extra)) {
        found.lookups.extend(recipients(connection, &base, &[extra], clock).await);
    }
    found.lookups.sort_by(|a, b| a.address.cmp(&b.address));
}

/// Writes down that nothing of what was wanted could be asked.
pub(super) fn unanswered(wanted: Wanted<'_>, miss: &Miss, found: &mut Directory) {
    if wanted.known_good {
        found.known_good = Observed::Unknown(miss.clone());
    }
    let lookup = |address: &String| Lookup {
        address: address.clone(),
        base: String::new(),
        filter: filter_of(address),
        entries: Observed::Unknown(miss.clone()),
        ..Lookup::default()
    };
    found.lookups = wanted.addresses.iter().map(lookup).collect();
}

async fn root(connection: &Connection, clock: Clock) -> Observed<RootDse> {
    let attributes = [
        "dnsHostName",
        "defaultNamingContext",
        "configurationNamingContext",
        "rootDomainNamingContext",
        "namingContexts",
        "isGlobalCatalogReady",
    ];
    let question =
        Question { base: "", scope: Scope::Base, filter: "(objectClass=*)", attributes: &attributes, most: 0 };
    match search(connection, question, clock).await {
        Err(miss) => Observed::Unknown(miss),
        Ok(answer) => match answer.entries.first() {
            None => Observed::Unknown(Miss::new(How::Protocol, "the server shows no rootDSE")),
            Some(entry) => {
                let value = |name: &str| entry.value(name).map(String::from);
                Observed::Known(RootDse {
                    host: value("dnsHostName"),
                    default_context: value("defaultNamingContext"),
                    configuration_context: value("configurationNamingContext"),
                    root_domain_context: value("rootDomainNamingContext"),
                    contexts: entry.values("namingContexts").to_vec(),
                    global_catalog: entry.boolean("isGlobalCatalogReady"),
                })
            }
        },
    }
}

/// Finds the Exchange organisation in the configuration naming context, wherever it is, with one search.
async fn organisation(connection: &Connection, root: &RootDse, clock: Clock) -> Observed<Organisation> {
    let Some(configuration) = &root.configuration_context else {
        let said = "the server has no configuration naming context: it is not Active Directory";
        return Observed::Unknown(Miss::new(How::Protocol, said));
    };
    // The two containers tell "none" from "not readable".
    let filter = "(|(objectClass=msExchOrganizationContainer)(objectClass=msExchAcceptedDomain)\
                  (objectClass=msExchRoutingSMTPConnector)(objectClass=msExchMessageHygieneRecipientFilterConfig)\
                  (cn=Accepted Domains)(cn=Connections))";
    let base = format!("CN=Services,{configuration}");
    let question = Question { base: &base, scope: Scope::Subtree, filter, attributes: &["*"], most: 0 };
    let answer = match search(connection, question, clock).await {
        Ok(answer) => answer,
        Err(miss) => return Observed::Unknown(miss),
    };
    let of_class = |class: &str| answer.entries.iter().filter(move |entry| entry.is(class)).collect::<Vec<_>>();
    let organisations = of_class("msExchOrganizationContainer");
    let Some(organisation) = organisations.first() else {
        let said = format!(
            "no Exchange organisation is visible below {base}: the account has no right to read it, or there is none"
        );
        return Observed::Unknown(Miss::new(How::NoRight, said));
    };
    let dn = organisation.dn.clone();
    let inside = |entry: &&&Entry| below(&entry.dn, &dn);
    let no_right = |what: &str| Miss::new(How::NoRight, format!("{what}, so the account has no right to read them"));
    let accepted: Vec<_> = of_class("msExchAcceptedDomain")
        .iter()
        .filter(inside)
        .filter_map(|entry| AcceptedDomain::from_entry(entry))
        .collect();
    let mut connectors: Vec<_> = of_class("msExchRoutingSMTPConnector")
        .iter()
        .filter(inside)
        .filter_map(|entry| SendConnector::from_entry(entry))
        .collect();
    connectors.sort_by(|a, b| a.name.cmp(&b.name));
    let container = answer.entries.iter().any(|entry| {
        entry.dn.get(..15).is_some_and(|head| head.eq_ignore_ascii_case("CN=Connections,")) && below(&entry.dn, &dn)
    });
    let filters = of_class("msExchMessageHygieneRecipientFilterConfig");
    let filter = filters.iter().find(|entry| below(&entry.dn, &dn)).map(|entry| RecipientFilter::from_entry(entry));
    let sees_accepted = !accepted.is_empty();
    Observed::Known(Organisation {
        accepted_domains: match sees_accepted {
            true => {
                let mut accepted = accepted;
                accepted.sort_by(|a, b| a.name.cmp(&b.name));
                Observed::Known(accepted)
            }
            // Setup makes one that cannot be deleted: none visible is no right.
            false => Observed::Unknown(no_right("an organisation always has an accepted domain, and none is visible")),
        },
        send_connectors: match connectors.is_empty() && !container {
            true => {
                Observed::Unknown(no_right("neither a send connector nor their container CN=Connections is visible"))
            }
            false => Observed::Known(connectors),
        },
        // No such object is an answer only to somebody who sees the objects beside it.
        recipient_filter: match (filter, sees_accepted) {
            (None, false) => Observed::Unknown(no_right("the transport settings are not visible")),
            (filter, _) => Observed::Known(filter),
        },
        dn,
        ..Organisation::default()
    })
}

fn below(dn: &str, ancestor: &str) -> bool {
    let start = dn.len().checked_sub(ancestor.len()).filter(|start| dn.is_char_boundary(*start));
    start.is_some_and(|start| dn[start..].eq_ignore_ascii_case(ancestor))
}

/// A mailbox of the domain that a gateway surely knows, if anybody: an ordinary one, enabled, of a user.
async fn known_good(connection: &Connection, base: &str, wanted: Wanted<'_>, clock: Clock) -> Observed<Option<String>> {
    let filter = "(&(objectCategory=person)(objectClass=user)(msExchRecipientTypeDetails=1)(homeMDB=*))";
    let question = Question { base, scope: Scope::Subtree, filter, attributes: &RECIPIENT, most: CANDIDATES };
    let answer = match search(connection, question, clock).await {
        Ok(answer) => answer,
        Err(miss) => return Observed::Unknown(miss),
    };
    let ordinary = |entry: &&Entry| {
        let system = ["HealthMailbox", "SystemMailbox", "DiscoverySearchMailbox", "Migration.", "FederatedEmail."];
        let name = entry.value("cn").unwrap_or_default();
        let enabled = entry.integer("userAccountControl").is_none_or(|flags| flags & 2 == 0);
        enabled && entry.value("targetAddress").is_none() && !system.iter().any(|head| name.starts_with(head))
    };
    let primary = |entry: &Entry| {
        let value = entry.values("proxyAddresses").iter().find_map(|value| value.strip_prefix("SMTP:"))?;
        address::fold(value).ok().filter(|folded| address::domain(folded) == wanted.domain)
    };
    let mut found: Vec<_> = answer.entries.iter().filter(ordinary).filter_map(primary).collect();
    found.retain(|address| !wanted.addresses.contains(address));
    found.sort_unstable();
    Observed::Known(found.into_iter().next())
}

fn filter_of(address: &str) -> String {
    let escaped = ldap_escape(address);
    format!("(|(proxyAddresses=smtp:{escaped})(mail={escaped}))")
}

/// Looks up to [`BATCH`] recipients up, with one search.
async fn recipients(connection: &Connection, base: &str, batch: &[String], clock: Clock) -> Vec<Lookup> {
    let filter = match batch {
        [one] => filter_of(one),
        _ => format!("(|{})", batch.iter().map(|address| filter_of(address)).collect::<String>()),
    };
    let question = Question { base, scope: Scope::Subtree, filter: &filter, attributes: &RECIPIENT, most: 0 };
    let answer = search(connection, question, clock).await;
    let lookup = |address: &String| {
        let entries = match &answer {
            Err(miss) => Observed::Unknown(miss.clone()),
            Ok(answer) => {
                let matches = |entry: &&Entry| {
                    let mail = entry.value("mail").is_some_and(|mail| address::fold(mail).as_ref() == Ok(address));
                    batch.len() == 1 || holds(entry, address) || mail
                };
                let entries: Vec<_> = answer.entries.iter().filter(matches).cloned().collect();
                match answer.elsewhere.first().filter(|_| entries.is_empty()) {
                    // Absent in one domain of a forest is not absent.
                    Some(elsewhere) => Observed::Unknown(Miss::new(
                        How::Referral,
                        format!(
                            "not in this domain, and {elsewhere} was not searched; ask a global catalog (port 3269)"
                        ),
                    )),
                    None => Observed::Known(entries),
                }
            }
        };
        Lookup { address: address.clone(), base: base.into(), filter: filter_of(address), entries, ..Lookup::default() }
    };
    batch.iter().map(lookup).collect()
}

struct Question<'a> {
    base: &'a str,
    scope: Scope,
    filter: &'a str,
    attributes: &'a [&'a str],
    /// The most entries to take; 0 is all, in pages.
    most: i32,
}

struct Found {
    entries: Vec<Entry>,
    /// Other domains that the server referred to.
    elsewhere: Vec<String>,
}

async fn search(connection: &Connection, question: Question<'_>, clock: Clock) -> Result<Found, Miss> {
    clock.step("a directory search", search_all(connection, question)).await?
}

async fn search_all(connection: &Connection, question: Question<'_>) -> Result<Found, Miss> {
    let failed = |error: &LdapError| connection.why(error);
    let mut ldap = connection.ldap.clone();
    let mut adapters: Vec<Box<dyn Adapter<_, _>>> = vec![Box::new(EntriesOnly::new())];
    match question.most {
        0 if question.scope == Scope::Base => {}
        0 => adapters.push(Box::new(PagedResults::new(PAGE))),
        most => drop(ldap.with_search_options(SearchOptions::new().sizelimit(most))),
    }
    let mut stream = ldap
        .streaming_search_with(adapters, question.base, question.scope, question.filter, question.attributes.to_vec())
        .await
        .map_err(|error| failed(&error))?;
    let mut entries = Vec::new();
    while let Some(entry) = stream.next().await.map_err(|error| failed(&error))? {
        entries.push(plain(SearchEntry::construct(entry)));
    }
    let result = stream.finish().await;
    let partial = question.most > 0 && result.rc == 4;
    if result.rc != 0 && !partial {
        return Err(refusal(result.rc, &result.text, &result.refs));
    }
    // The zones and the configuration are other naming contexts of the same forest, and hold no recipients.
    let domain = |url: &&String| {
        let lower = url.to_lowercase();
        !["domaindnszones", "forestdnszones", "cn=configuration"].iter().any(|other| lower.contains(other))
    };
    let elsewhere = result.refs.iter().filter(domain).cloned().collect();
    entries.sort_by(|a, b| a.dn.cmp(&b.dn));
    Ok(Found { entries, elsewhere })
}

fn plain(entry: SearchEntry) -> Entry {
    let mut plain = Entry { dn: entry.dn, ..Entry::default() };
    let hex = |value: Vec<u8>| value.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let binary = entry.bin_attrs.into_iter().map(|(name, values)| (name, values.into_iter().map(hex).collect()));
    for (name, values) in entry.attrs.into_iter().chain(binary) {
        let values: Vec<String> = values;
        // `proxyAddresses;range=0-1499` is the first part of `proxyAddresses` (MS-ADTS, 3.1.1.3.1.3.3).
        let name = name.split(';').next().unwrap_or_default().to_ascii_lowercase();
        plain.attributes.entry(name).or_default().extend(values);
    }
    plain
}

/// A result code other than success, in words (RFC 4511, appendix A; the codes after `data` are AD's).
fn refusal(code: u32, text: &str, refs: &[String]) -> Miss {
    let detail = text.split("data ").nth(1).and_then(|rest| rest.split([',', ' ']).next());
    let reason = match detail.filter(|_| code == 49) {
        Some("525") => ": no such account",
        Some("52e") => ": wrong account or password",
        Some("530" | "531") => ": the account may not log on at this time or from here",
        Some("532") => ": the password has expired",
        Some("533") => ": the account is disabled",
        Some("701") => ": the account has expired",
        Some("773") => ": the password must be changed first",
        Some("775") => ": the account is locked",
        _ => "",
    };
    let (how, words) = match code {
        8 => (How::SigningRequired, "it demands signing or TLS (strongerAuthRequired)"),
        13 => (How::SigningRequired, "it demands TLS (confidentialityRequired)"),
        1 if text.contains("successful bind") => (How::NoRight, "it answers nobody without a bind; give --ldap-user"),
        10 => (How::Referral, "it refers to another server, which is not followed"),
        32 => (How::NoRight, "no such object is visible (noSuchObject)"),
        48 => (How::NoRight, "it does not take this kind of bind (inappropriateAuthentication)"),
        49 => (How::WrongPassword, "invalid credentials"),
        50 => (How::NoRight, "the account may not do this (insufficientAccessRights)"),
        51 => (How::Busy, "it is busy"),
        52 => (How::Busy, "it is unavailable"),
        53 => (How::Busy, "it is unwilling to perform this"),
        _ => (How::Protocol, "it refuses"),
    };
    let to = if refs.is_empty() { String::new() } else { format!(" ({})", refs.join(", ")) };
    let server = if text.is_empty() { String::new() } else { format!("; it says: {text}") };
    Miss::new(how, format!("{words}{reason}{to} (result {code}){server}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_codes_are_told_apart() {
        let ad = "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data 775, v4563";
        let cases = [
            (49, ad, How::WrongPassword, "invalid credentials: the account is locked (result 49)"),
            (8, "", How::SigningRequired, "it demands signing or TLS (strongerAuthRequired) (result 8)"),
            (50, "", How::NoRight, "the account may not do this (insufficientAccessRights) (result 50)"),
            (51, "", How::Busy, "it is busy (result 51)"),
            (
                1,
                "In order to perform this operation a successful bind must be completed",
                How::NoRight,
                "it answers nobody",
            ),
        ];
        for (code, text, how, words) in cases {
            let miss = refusal(code, text, &[]);
            assert!(miss.how == how && miss.said.starts_with(words), "{miss:?}");
        }
        assert!(refusal(10, "", &["ldap://dc2".into()]).said.contains("ldap://dc2"));
    }
}
