//! An Exchange organisation as routing sees it: the accepted domain and the send connector that decide.
use super::route::{self, Errand, HERE, Selection};
use crate::evidence::SystemKind;
use crate::evidence::exchange::{AcceptedDomain, SendConnector};
use crate::judge::Gap;
use crate::prelude::*;

/// What supplies an organisation's configuration where LDAP does not.
const GRANT: &str = "grant the LDAP account read access to the Exchange organisation container and what is below it \
                     (nsdiag explain NSD331)";

/// One Exchange system's organisation.
pub struct OrganisationView<'a> {
    /// The system.
    pub system: &'a str,
    /// The shared domain.
    pub domain: &'a str,
    /// Its directory, with its place in the evidence; none where no directory was given.
    pub directory: Option<(usize, &'a Directory)>,
}

/// The organisations of all Exchange systems.
pub fn views<'a>(question: &'a Question, evidence: &'a Evidence) -> Vec<OrganisationView<'a>> {
    let view = |system: &'a str| OrganisationView {
        system,
        domain: &question.domain,
        directory: evidence.directories.iter().enumerate().find(|(_, directory)| directory.system == system),
    };
    question.systems_of(SystemKind::Exchange).map(|system| view(&system.name)).collect()
}

impl<'a> OrganisationView<'a> {
    /// The organisation.
    pub fn organisation(&self) -> Result<(String, &'a Organisation), Gap> {
        let what = || format!("the Exchange configuration of {}", self.system);
        let Some((at, directory)) = self.directory else {
            return Err(Gap::not_asked(what(), "--ldap URL with --ldap-user"));
        };
        match &directory.organisation {
            Observed::Known(organisation) => {
                Ok((format!("/evidence/directories/{at}/organisation/known"), organisation))
            }
            Observed::Unknown(miss) => Err(Gap::unanswered(what(), miss.said.clone(), supply(miss))),
            Observed::NotAsked => Err(Gap::not_asked(what(), "--ldap URL with --ldap-user")),
        }
    }

    /// The accepted domains, with their pointer.
    pub fn accepted_domains(&self) -> Result<(String, &'a [AcceptedDomain]), Gap> {
        let (pointer, organisation) = self.organisation()?;
        let all = self.part("accepted domains", &organisation.accepted_domains)?;
        Ok((format!("{pointer}/accepted_domains/known"), all))
    }

    /// The accepted domain that governs the shared domain: the most specific entry that covers it.
    pub fn accepted_domain(&self) -> Result<Option<(String, &'a AcceptedDomain)>, Gap> {
        let (pointer, all) = self.accepted_domains()?;
        let best = all
            .iter()
            .enumerate()
            .filter_map(|(at, entry)| Some((covers(entry, self.domain)?, at, entry)))
            .max_by_key(|(specific, at, _)| (*specific, core::cmp::Reverse(*at)));
        Ok(best.map(|(_, at, entry)| (format!("{pointer}/{at}"), entry)))
    }

    /// The send connectors, with their pointer.
    pub fn send_connectors(&self) -> Result<(String, &'a [SendConnector]), Gap> {
        let (pointer, organisation) = self.organisation()?;
        let all = self.part("send connectors", &organisation.send_connectors)?;
        Ok((format!("{pointer}/send_connectors/known"), all))
    }

    /// Which connector Exchange picks for `domain`, with why each other one lost.
    pub fn selection(&self, domain: &str) -> Result<Routing<'a>, Gap> {
        let (pointer, connectors) = self.send_connectors()?;
        let selection = route::select(connectors, Errand { domain, bytes: 0, place: |_| HERE });
        Ok(Routing { pointer, connectors, selection })
    }

    fn part<T>(&self, name: &str, part: &'a Observed<Vec<T>>) -> Result<&'a [T], Gap> {
        let what = || format!("the {name} of {}", self.system);
        match part {
            Observed::Known(all) => Ok(all),
            Observed::Unknown(miss) => Err(Gap::unanswered(what(), miss.said.clone(), supply(miss))),
            Observed::NotAsked => Err(Gap::not_asked(what(), "--ldap URL with --ldap-user")),
        }
    }
}

/// The outcome of connector selection, with what it was made from.
pub struct Routing<'a> {
    pointer: String,
    connectors: &'a [SendConnector],
    selection: Selection,
}

impl<'a> Routing<'a> {
    /// The JSON Pointer to the list of connectors.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// The winner, with its pointer.
    pub fn winner(&self) -> Option<(String, &'a SendConnector)> {
        self.selection.winner.map(|at| self.at(at))
    }

    /// Whether the winner serves the domain only because it serves all domains.
    pub fn by_wildcard(&self, domain: &str) -> bool {
        self.winner().is_some_and(|(_, connector)| closest(connector, domain).is_some_and(|fixed| fixed == 0))
    }

    /// A disabled connector that would have won were it enabled.
    pub fn disabled(&self, domain: &str) -> Option<(String, &'a SendConnector)> {
        let winner = self.winner().and_then(|(_, connector)| closest(connector, domain));
        let disabled = self.selection.lost.iter().filter(|(_, why)| *why == route::Lost::Disabled);
        disabled
            .filter_map(|(at, _)| Some((closest(&self.connectors[*at], domain)?, *at)))
            .filter(|(fixed, _)| *fixed > 0 && winner.is_none_or(|won| *fixed > won))
            .max_by_key(|(fixed, at)| (*fixed, core::cmp::Reverse(*at)))
            .map(|(_, at)| self.at(at))
    }

    fn at(&self, at: usize) -> (String, &'a SendConnector) {
        (format!("{}/{at}", self.pointer), &self.connectors[at])
    }
}

/// How many characters of `domain` the connector's closest address space fixes; none where it does not serve it.
fn closest(connector: &SendConnector, domain: &str) -> Option<usize> {
    connector.address_spaces.iter().filter_map(|space| route::specificity(space, domain)).max().map(|(fixed, _)| fixed)
}

/// How specifically `entry` covers `domain`: the number of characters that it fixes, an exact entry before a wildcard.
fn covers(entry: &AcceptedDomain, domain: &str) -> Option<(usize, bool)> {
    if entry.domain == domain {
        return Some((domain.len(), true));
    }
    let parent = match entry.domain.strip_prefix("*.") {
        Some(parent) => parent,
        None if entry.match_subdomains => &entry.domain,
        None => return None,
    };
    let inside = domain.strip_suffix(parent).is_some_and(|head| head.is_empty() || head.ends_with('.'));
    inside.then_some((parent.len(), false))
}

/// The flag or right that would supply what is missing.
fn supply(miss: &Miss) -> &'static str {
    match miss.how {
        How::NoRight => GRANT,
        How::WrongPassword => "--ldap-user and --ldap-password-file with a credential that the directory takes",
        How::SigningRequired | How::TlsMissing => "an ldaps:// URL in --ldap",
        How::TlsFailed => "--ca FILE with the root that signed the directory's certificate",
        How::NotTried => "--ldap-user and --ldap-password-file over ldaps://",
        _ => "--ldap URL of another domain controller",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_accepted_domain_governs() {
        let entry = |domain: &str, match_subdomains| AcceptedDomain {
            name: domain.into(),
            domain: domain.into(),
            kind: crate::evidence::exchange::DomainKind::InternalRelay,
            address_book: false,
            match_subdomains,
            catch_all: None,
            raw_flags: None,
            changed: None,
        };
        let cases = [
            ("contoso.com", false, "contoso.com", Some((11, true))),
            ("*.contoso.com", false, "contoso.com", Some((11, false))),
            ("*.contoso.com", false, "a.contoso.com", Some((11, false))),
            ("*.contoso.com", false, "notcontoso.com", None),
            ("contoso.com", true, "a.contoso.com", Some((11, false))),
            ("contoso.com", false, "a.contoso.com", None),
        ];
        for (listed, subdomains, domain, expected) in cases {
            assert_eq!(covers(&entry(listed, subdomains), domain), expected, "{listed} {domain}");
        }
    }
}
