//! Connectors that serve nearly the domain: one below it, one above it, one mistyped.
use super::route::specificity;
use super::routing::Routing;
use super::{Object, OrganisationView};
use crate::evidence::exchange::{DomainKind, SendConnector};
use crate::prelude::*;
use alloc::collections::BTreeMap;

/// Why `connector` seems to be meant for the domain, whether that is sure, and the address space that it lacks. One for a
/// domain in `routed`, to which objects are sent on, is meant for that.
pub fn beside(
    organisation: &OrganisationView,
    connector: &SendConnector,
    routed: &BTreeMap<String, Vec<&Object>>,
) -> Option<(String, bool, String)> {
    let domain = organisation.domain;
    let accepted = |space: &str| organisation.accepted_domain_for(space).map_or(true, |found| found.is_some());
    let smtp = connector.address_spaces.iter().filter(|space| space.kind == "SMTP");
    if connector.address_spaces.iter().any(|space| routed.keys().any(|one| specificity(space, one).is_some())) {
        return None;
    }
    smtp.filter(|space| space.address != "*").find_map(|space| {
        let address = space.address.strip_prefix("*.").unwrap_or(&space.address);
        let below = |one: &str, other: &str| one.strip_suffix(other).is_some_and(|head| head.ends_with('.'));
        if below(address, domain) {
            return Some((format!("that is below {domain}, and not {domain} itself"), true, domain.into()));
        }
        if below(domain, address) && address.contains('.') {
            return Some((format!("without a wildcard that leaves {domain} out"), true, format!("*.{address}")));
        }
        let typed = mistyped(address, domain) && !accepted(address);
        typed.then(|| (format!("{address} may be mistyped for {domain}"), false, domain.into()))
    })
}

/// A connector with its pointer, why it seems meant for the domain, whether that is sure, and the space that it lacks.
type Meant<'a> = (String, &'a SendConnector, String, bool, String);

/// Where Exchange accepts the domain with its subdomains and the connector serves the domain alone.
pub fn subdomains_left_out<'a>(organisation: &OrganisationView<'a>, routing: &Routing<'a>) -> Option<Meant<'a>> {
    let (_, accepted) = organisation.accepted_domain().ok()??;
    let domain = organisation.domain;
    let wild = accepted.domain.strip_prefix("*.") == Some(domain) || accepted.match_subdomains;
    let wild = wild && accepted.kind == DomainKind::InternalRelay;
    let below = format!("x.{domain}");
    if !wild
        || accepted.domain != domain && !accepted.domain.starts_with("*.")
        || routing.for_domain(&below).is_served()
        || routing.for_domain(&below).doubt().is_some()
    {
        return None;
    }
    let (pointer, connector) = routing.winner()?;
    let why =
        format!("the accepted domain '{}' covers its subdomains too, and no connector serves them", accepted.name);
    Some((pointer, connector, why, true, format!("*.{domain}")))
}

/// Whether `typed` is `meant` with one letter left out, added, changed or swapped with its neighbour, under the same
/// top-level domain: contoso.com and contoso.org are two domains and no typing error.
pub fn mistyped(typed: &str, meant: &str) -> bool {
    let (Some((typed, top)), Some((meant, of_meant))) = (typed.rsplit_once('.'), meant.rsplit_once('.')) else {
        return false;
    };
    // In a short name one letter makes another name.
    top == of_meant && typed != meant && meant.chars().count() >= 5 && one_step(typed, meant)
}

fn one_step(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    let head = short.iter().zip(&long).take_while(|(a, b)| a == b).count();
    match long.len() - short.len() {
        1 => short[head..] == long[head + 1..],
        0 => {
            let changed = short[head + 1..] == long[head + 1..];
            let swapped = head + 1 < short.len()
                && short[head] == long[head + 1]
                && short[head + 1] == long[head]
                && short[head + 2..] == long[head + 2..];
            changed || swapped
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_letter_makes_a_typing_error_and_two_make_another_name() {
        let cases = [
            ("contosso.com", true),
            ("contso.com", true),
            ("cotnoso.com", true),
            ("kontoso.com", true),
            ("contosoo.com", true),
            ("contoso.com", false),
            ("contoso.org", false),
            ("contoso.co", false),
            ("kontosso.com", false),
            ("mail.contoso.com", false),
            ("com", false),
            ("", false),
        ];
        for (typed, expected) in cases {
            assert_eq!(mistyped(typed, "contoso.com"), expected, "{typed}");
        }
        assert!(!mistyped("abd.com", "abc.com"), "too short to tell");
    }
}
