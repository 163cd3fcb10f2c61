//! What is asked of a directory: the rootDSE, then everything else at once, then what the answers point to.
use super::connection::Connection;
use super::filter::Filter;
use super::message::Scope;
use super::noteworthy::{self, Noteworthy};
use super::recipients::{RECIPIENT, known_good, lookups, unanswered};
use super::search::{Question, Searcher};
use super::sweep::{self, Swept};
use super::{Clock, Roster, Wanted, organisation, roster};
use crate::collect::rosters::Rosters;
use nsdiag_checks::evidence::directory::{Directory, Entry, Lookup, RootDse};
use nsdiag_checks::evidence::{How, Miss, Observed, dn};
use std::collections::BTreeSet;

/// The longest name that a rootDSE may tell, in bytes: a host's, a domain's, a site's, as distinguished names.
const NAME: usize = 1024;

/// The rootDSE (RFC 4512, 5.1).
pub(super) async fn root(connection: &Connection, clock: Clock) -> Observed<RootDse> {
    let attributes = [
        "dnsHostName",
        "defaultNamingContext",
        "configurationNamingContext",
        "rootDomainNamingContext",
        "schemaNamingContext",
        "namingContexts",
        "isGlobalCatalogReady",
        "dsServiceName",
    ];
    let filter = Filter::Has("objectClass");
    let question = Question { base: "", scope: Scope::Base, filter: &filter, attributes: &attributes, most: 0 };
    match (Searcher { wire: &connection.wire, clock }).search(question).await {
        Err(miss) => Observed::Unknown(miss),
        Ok(answer) => match answer.entries.first() {
            None => Observed::Unknown(Miss::new(How::Protocol, "the server shows no rootDSE")),
            // They go into every search and every answer.
            Some(entry) if entry.attributes.values().flatten().any(|value| value.len() > NAME) => {
                Observed::Unknown(Miss::new(How::Protocol, "the rootDSE names what is longer than a name can be"))
            }
            Some(entry) => {
                let value = |name: &str| entry.value(name).map(String::from);
                Observed::Known(RootDse {
                    host: value("dnsHostName"),
                    default_context: value("defaultNamingContext"),
                    configuration_context: value("configurationNamingContext"),
                    root_domain_context: value("rootDomainNamingContext"),
                    schema_context: value("schemaNamingContext"),
                    contexts: entry.values("namingContexts").to_vec(),
                    global_catalog: entry.boolean("isGlobalCatalogReady"),
                    site: entry.value("dsServiceName").and_then(site),
                })
            }
        },
    }
}

/// The site of a domain controller, from the name of its settings: `CN=NTDS Settings,CN=DC1,CN=Servers,CN=Berlin,CN=Sites,…`.
fn site(service: &str) -> Option<String> {
    let parts = dn::values(service);
    let sites = parts.get(4).is_some_and(|part| part.eq_ignore_ascii_case("Sites"));
    parts.into_iter().nth(3).filter(|_| sites)
}

/// Asks everything, and writes the answers into `found`, which has the rootDSE.
pub(super) async fn ask(
    connection: &Connection,
    wanted: Wanted<'_>,
    rosters: &Rosters,
    clock: Clock,
    found: &mut Directory,
) {
    let root = match &found.root {
        Observed::Known(root) => root.clone(),
        other => {
            let miss = other.miss().cloned().unwrap_or_else(|| Miss::new(How::Protocol, "there is no rootDSE"));
            nothing(wanted, &miss, found);
            return;
        }
    };
    let ask = Searcher { wire: &connection.wire, clock };
    connection.wire.allow(wanted.size());
    let base = root.default_context.clone().or_else(|| root.contexts.first().cloned()).unwrap_or_default();
    let long = wanted.addresses.len() > sweep::WORTH || matches!(wanted.roster, Roster::Everybody(_));
    let good = async {
        // A sweep comes upon one.
        match wanted.known_good && !long {
            true => known_good(ask, &base, &wanted).await,
            false => Observed::NotAsked,
        }
    };
    let recipients = async {
        match long {
            true => sweep::sweep(ask, &base, wanted, true).await,
            false => {
                let asked = lookups(ask, &base, wanted.addresses);
                let noteworthy = noteworthy::noteworthy(ask, &base, wanted.domain);
                let sampled = async {
                    match wanted.roster {
                        Roster::Nobody => Ok(roster::Roster::default()),
                        _ => roster::sample(ask, &base, wanted.domain).await,
                    }
                };
                let (lookups, noteworthy, roster) = tokio::join!(asked, noteworthy, sampled);
                let (population, known_good) = (Observed::NotAsked, Observed::NotAsked);
                Ok(Swept { lookups, noteworthy, population, known_good, roster })
            }
        }
    };
    let (organisation, good, catalogued, recipients) =
        tokio::join!(organisation::organisation(ask, &root), good, catalogued(ask, &root), recipients);
    found.organisation = organisation;
    found.known_good = good;
    found.catalog_attributes = catalogued;
    let swept = recipients.unwrap_or_else(|miss| Swept {
        lookups: unanswered(wanted.addresses, &base, &miss),
        noteworthy: Err(miss.clone()),
        population: Observed::Unknown(miss.clone()),
        known_good: if wanted.known_good { Observed::Unknown(miss.clone()) } else { Observed::NotAsked },
        roster: Err(miss),
    });
    let Swept { lookups: looked_up, noteworthy, population, known_good, roster } = swept;
    if long {
        found.known_good = known_good;
    }
    found.lookups = looked_up;
    found.population = population;
    let (noted, missing) = match noteworthy {
        Ok(known) => (known, None),
        Err(miss) => (Noteworthy::default(), Some(miss)),
    };
    named(wanted, roster, &base, found);
    rosters.post(found.roster.known());
    // What was found has been judged by us, not looked up: do that now, so that its state is known like any other's. And
    // whom the other systems name may be here as well.
    let good = found.known_good.known().cloned().flatten();
    let known: BTreeSet<&String> = found.lookups.iter().map(|lookup| &lookup.address).collect();
    let extra: BTreeSet<String> = rosters.others().await.into_iter().chain(good).collect();
    let extra: Vec<String> = extra.into_iter().filter(|address| !known.contains(address)).collect();
    let (extra, followed) = tokio::join!(
        lookups(ask, &base, &extra),
        noteworthy::follow(ask, &base, wanted.domain, &found.lookups, &noted.entries),
    );
    found.lookups.extend(extra);
    found.lookups.sort_by(|a, b| a.address.cmp(&b.address));
    found.noteworthy_incomplete = noted.incomplete;
    found.noteworthy = match missing {
        None => noteworthy::together([noted.entries, followed]),
        Some(miss) => Observed::Unknown(miss),
    };
}

/// Writes down whom the directory names, each looked up.
fn named(wanted: Wanted<'_>, roster: Result<roster::Roster, Miss>, base: &str, found: &mut Directory) {
    found.roster = match roster {
        _ if wanted.roster == Roster::Nobody => Observed::NotAsked,
        Err(miss) => Observed::Unknown(miss),
        Ok(roster) => {
            found.roster_incomplete.clone_from(&roster.incomplete);
            let (addresses, answers) = roster.answers(base);
            let known: BTreeSet<&String> = found.lookups.iter().map(|lookup| &lookup.address).collect();
            let new: Vec<Lookup> = answers.into_iter().filter(|one| !known.contains(&one.address)).collect();
            found.lookups.extend(new);
            Observed::Known(addresses)
        }
    };
}

/// Writes down that nothing of what was wanted could be asked.
pub(super) fn nothing(wanted: Wanted<'_>, miss: &Miss, found: &mut Directory) {
    let unknown = || miss.clone();
    found.organisation = Observed::Unknown(unknown());
    found.noteworthy = Observed::Unknown(unknown());
    if wanted.roster != Roster::Nobody {
        found.roster = Observed::Unknown(unknown());
    }
    found.catalog_attributes = Observed::Unknown(unknown());
    if wanted.known_good {
        found.known_good = Observed::Unknown(unknown());
    }
    found.lookups = unanswered(wanted.addresses, "", miss);
}

/// Which of the attributes that we and gateways ask for are in the global catalog: the schema says so of each (F-25).
async fn catalogued(ask: Searcher<'_>, root: &RootDse) -> Observed<Vec<String>> {
    let of_configuration = || root.configuration_context.as_ref().map(|base| format!("CN=Schema,{base}"));
    let Some(base) = root.schema_context.clone().or_else(of_configuration) else {
        return Observed::Unknown(Miss::new(How::Protocol, "the server does not say where its schema is"));
    };
    let filter = Filter::Or(RECIPIENT.iter().map(|name| Filter::is("lDAPDisplayName", name)).collect());
    let attributes = ["lDAPDisplayName", "isMemberOfPartialAttributeSet"];
    let question = Question { base: &base, scope: Scope::One, filter: &filter, attributes: &attributes, most: 0 };
    match ask.search(question).await {
        Err(miss) => Observed::Unknown(miss),
        Ok(found) if found.entries.is_empty() => {
            Observed::Unknown(Miss::new(How::NoRight, format!("no attribute is visible below {base}")))
        }
        Ok(found) => {
            let inside = |entry: &&Entry| entry.boolean("isMemberOfPartialAttributeSet") == Some(true);
            let name = |entry: &Entry| Some(entry.value("lDAPDisplayName")?.to_ascii_lowercase());
            let mut names: Vec<String> = found.entries.iter().filter(inside).filter_map(name).collect();
            names.sort_unstable();
            Observed::Known(names)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_site_is_read_from_the_name_of_the_service() {
        let name = "CN=NTDS Settings,CN=DC1,CN=Servers,CN=Berlin,CN=Sites,CN=Configuration,DC=corp";
        assert_eq!(site(name), Some("Berlin".into()));
        assert_eq!(site("CN=DC1,DC=corp"), None);
    }
}
