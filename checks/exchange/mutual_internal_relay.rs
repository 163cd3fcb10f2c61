//! NSD321: organisations relay what they do not know to each other (F-16).
use crate::evidence::exchange::{AcceptedDomain, DomainKind};
use crate::model::OrganisationView;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD321",
    name: "mutual-internal-relay",
    title: "Exchange organisations relay unknown recipients to each other",
    severity: Severity::Critical,
    why: "A shared domain has one end of the line: the system that bounces what nobody knows. Where each organisation relays \
          the domain to the other, mail for an unknown address goes back and forth until it bounces with 5.4.6 or 5.4.14. \
          Known addresses are fine, so it goes unnoticed.",
    fix: "Make the domain authoritative in the organisation that is last in the path, once it has mail contacts or mail \
          users for the mailboxes of the others.",
    judge,
};

/// One organisation that hands the domain on: its accepted domain, its connector, and to which organisation.
struct Relay<'a> {
    organisation: &'a OrganisationView<'a>,
    accepted: &'a AcceptedDomain,
    by: String,
    to: Vec<usize>,
    seen: Vec<String>,
}

fn judge(case: &Case, notes: &mut Notes) {
    let organisations = &case.model.organisations;
    if organisations.len() < 2 {
        return;
    }
    let relays: Vec<Option<Relay>> = organisations.iter().map(|each| relay(case, notes, each)).collect();
    for circle in circles(&relays) {
        let members: Vec<&Relay> = circle.iter().filter_map(|at| relays[*at].as_ref()).collect();
        let way = members.iter().map(|one| format!("{} (by '{}')", one.organisation.system, one.by));
        let way: Vec<String> = way.chain([members[0].organisation.system.to_string()]).collect();
        let finding = notes.finding(format!(
            "{} is an internal relay domain in each of them, and mail for an address that nobody knows goes round: {}",
            members[0].organisation.domain,
            way.join(" to ")
        ));
        for one in &members {
            finding.about(SubjectKind::System, one.organisation.system).seen_all(one.seen.iter().cloned());
        }
        // The last in the path, seen from the gateway, is the end of the line: that is the one change.
        let first = case.model.hops_of(Role::Gateway).find_map(|hop| case.model.delivers_to(hop));
        let last = members.iter().rev().find(|one| Some(one.organisation.system) != first).unwrap_or(&members[0]);
        let others: Vec<&str> = members.iter().map(|one| one.organisation.system).collect();
        let others: Vec<&str> = others.into_iter().filter(|name| *name != last.organisation.system).collect();
        let set = |kind: &str, lookup: bool| {
            let name = quoted(&last.accepted.name);
            format!("Set-AcceptedDomain -Identity {name} -DomainType {kind} -AddressBookEnabled ${lookup}")
        };
        finding.mend(Remedy::exchange(
            format!(
                "Make {} the end of the line, once it has mail contacts or mail users for the mailboxes of {}",
                last.organisation.system,
                listed(&others, 5)
            ),
            vec![set("Authoritative", true)],
            vec![set("InternalRelay", last.accepted.address_book)],
        ));
    }
}

fn relay<'a>(case: &'a Case, notes: &mut Notes, organisation: &'a OrganisationView<'a>) -> Option<Relay<'a>> {
    let (entry, accepted) = notes.need(organisation.accepted_domain())??;
    if accepted.kind != DomainKind::InternalRelay {
        return None;
    }
    let exit = notes.need(organisation.exit(organisation.domain))??;
    let mut seen = vec![format!("{entry}/kind"), exit.pointer];
    let mut to = Vec::new();
    for host in exit.smart_hosts {
        let Some(owner) = case.model.owner(host, exit.port) else { continue };
        let place = case.model.organisations.iter().position(|other| other.system == owner.system);
        if let Some(place) = place.filter(|place| case.model.organisations[*place].system != organisation.system) {
            to.push(place);
            seen.extend(owner.seen);
        }
    }
    Some(Relay { organisation, accepted, by: exit.name.into(), to, seen })
}

/// Every circle, each once, beginning with its first organisation.
fn circles(relays: &[Option<Relay>]) -> Vec<Vec<usize>> {
    let mut found: Vec<Vec<usize>> = Vec::new();
    for start in 0..relays.len() {
        let mut open = vec![vec![start]];
        while let Some(way) = open.pop() {
            let Some(relay) = way.last().and_then(|at| relays[*at].as_ref()) else { continue };
            for next in &relay.to {
                if *next == start && !found.contains(&way) {
                    found.push(way.clone());
                } else if *next > start && !way.contains(next) && way.len() < 6 {
                    open.push(way.iter().copied().chain([*next]).collect());
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::World;

    const FOUND: &str = "critical proven: contoso.com is an internal relay domain in each of them, and mail for an address \
                         that nobody knows goes round: corp (by 'To labs') to labs (by 'To corp') to corp [corp, labs]";

    #[test]
    fn one_end_of_the_line_breaks_the_circle() {
        let mut world = World::two_forests();
        assert_eq!(world.lines(&CHECK), [FOUND]);
        let command = "Set-AcceptedDomain -Identity 'contoso.com' -DomainType Authoritative -AddressBookEnabled $true";
        assert_eq!(world.commands(&CHECK), [command]);
        let Observed::Known(all) = &mut world.organisation_at(1).accepted_domains else { panic!() };
        all[0].kind = DomainKind::Authoritative;
        assert_eq!(world.lines(&CHECK), [""; 0]);
    }

    #[test]
    fn a_connector_that_leads_elsewhere_is_no_circle_and_one_that_is_not_seen_is_a_gap() {
        let mut world = World::two_forests();
        world.connector(|connector| connector.smart_hosts = vec!["smarthost.contoso.com".into()]);
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.connector(|connector| connector.smart_hosts = vec!["10.1.0.10".into()]);
        assert_eq!(world.lines(&CHECK), [FOUND], "by address");
        let hidden = Observed::Unknown(Miss::new(How::NoRight, "not visible"));
        world.organisation_at(1).send_connectors = hidden;
        assert_eq!(world.lines(&CHECK), ["unanswered: the send connectors of labs (not visible)"]);
        assert_eq!(World::healthy().lines(&CHECK), [""; 0], "one organisation alone");
    }
}
