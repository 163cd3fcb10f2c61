//! What a gateway's look-up finds in the directory, where its decisions show which one it makes.
use super::rcpt::Asked;
use crate::model::families::{Family, Query, Scope};
use crate::model::sources::{Asks, seems_to_ask};
use crate::prelude::*;
use crate::remedy::Program;

/// The checks that infer a gateway's look-up in a directory, or rest on one.
const INFERRING: [&str; 6] = ["NSD401", "NSD402", "NSD413", "NSD414", "NSD417", "NSD420"];

/// How a person makes it.
pub fn looked_up(case: &Case, finding: &Finding, asked: &[Asked]) -> Option<Remedy> {
    if !INFERRING.contains(&&*finding.code) {
        return None;
    }
    let mut gateways = asked.iter().filter(|one| one.hop.hop.role == Role::Gateway);
    let (one, (address, _)) = gateways.find_map(|one| Some((one, one.refused?)))?;
    let query = query(case, one.hop)?;
    let asked = search(case, &query, address)?;
    let mut searches = vec![asked];
    // What a plain look-up finds, and this one does not.
    if query.family.misses().is_some() {
        searches.extend(search(case, &Query { family: Family::Either, ..query }, address));
    }
    let title = "Search the directory as the gateway seems to; the password is asked for";
    Some(Remedy::proof("here", title, searches))
}

/// The plainest look-up that explains all that `hop` decided; of a gateway that seems to ask the directory, the usual one.
fn query<'a>(case: &Case<'a>, hop: &HopView) -> Option<Query<'a>> {
    let decisions = case.model.decisions(hop);
    if let Some(Asks::NextHost(_)) = seems_to_ask(&case.model, hop) {
        return None;
    }
    let behind = case.model.delivers_to(hop);
    let explained = case.model.explanations(&decisions).into_iter().map(|one| one.query);
    explained.min_by_key(|query| Some(query.system) != behind)
}

/// The search, in the domain of the objects that were seen, whatever told of them.
fn search(case: &Case, query: &Query, address: &str) -> Option<Program> {
    let of_system = |one: &&Directory| one.system == query.system;
    let directories = || case.evidence.directories.iter().filter(of_system);
    if case.model.organisation_of(query.system)?.is_online() {
        return None;
    }
    let entries = directories().flat_map(|one| &one.lookups).filter_map(|one| one.entries.known()).flatten();
    let roots = directories().filter_map(|one| one.root.known()?.default_context.as_deref());
    let base = entries.map(|entry| &*entry.dn).chain(roots).find_map(domain_of)?;
    let name: Vec<&str> = base.split(',').filter_map(|part| part.split_once('=')).map(|(_, label)| label).collect();
    // Each domain controller answers to its domain's name ("LdapIpAddress"; Microsoft, "How DNS Support for Active Directory
    // Works"), and nothing goes over an open line. A global catalog is asked for the whole forest.
    let (port, base) = match query.scope {
        Scope::Domain => ("", base),
        Scope::Forest => (":3269", ""),
    };
    let system = case.question.systems.iter().find(|system| system.name == query.system)?;
    let ask = Program::new("ldapsearch").word("-LLL").word("-o").word("ldif-wrap=no");
    let ask = match (&system.ldap_user, directories().find_map(|one| one.bind.known())) {
        (Some(user), _) => ask.word("-x").word("-D").value(user).word("-W"),
        (None, Some(nobody)) if nobody.contains("anonymous") => ask.word("-x"),
        (None, Some(_)) => ask.word("-Y").word("GSSAPI"),
        (None, None) => ask.word("-x").word("-D").placeholder("an account that may read").word("-W"),
    };
    let ask = ask.word("-H").value(format!("ldaps://{}{port}", name.join("."))).word("-b").value(base);
    Some(ask.value(query.family.filter_for(address)).word("mail").word("proxyAddresses"))
}

/// The part of a distinguished name that names its domain (RFC 2247).
fn domain_of(dn: &str) -> Option<&str> {
    let is_of_domain = |part: &str| part.get(..3).is_some_and(|head| head.eq_ignore_ascii_case("DC="));
    let at = (0..dn.len()).find(|at| dn.is_char_boundary(*at) && dn[*at..].split(',').all(is_of_domain))?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "=,-_".contains(c);
    Some(&dn[at..]).filter(|domain| domain.chars().all(plain))
}
