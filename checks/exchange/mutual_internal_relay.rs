//! NSD321: organisations relay what they do not know to each other (F-16).
use super::all;
use crate::model::circles::{Relay, circles, relay};
use crate::model::path::{Asked, Disposition, predict_from};
use crate::model::{HopView, Recipient, State};
use crate::prelude::*;
use crate::remedy::order::Turn;

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
    sources: &[
        "https://learn.microsoft.com/exchange/mail-flow/accepted-domains/accepted-domains",
        "https://learn.microsoft.com/exchange/mail-flow-best-practices/non-delivery-reports-in-exchange-online/fix-error-code-5-4-6-through-5-4-20-in-exchange-online",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    let organisations: Vec<_> = all(case, notes).collect();
    if organisations.len() == 1 {
        return notes.gap(Gap::not_asked("a second Exchange organisation", "a second [[system]] of kind exchange"));
    }
    let relays: Vec<Option<Relay>> = organisations.iter().map(|each| notes.need(relay(&case.model, each))?).collect();
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
        let names: Vec<&str> = members.iter().map(|one| one.organisation.system).collect();
        let others: Vec<&str> = names.iter().copied().filter(|name| *name != last.organisation.system).collect();
        if let Some(third) = beyond(case, &names, last) {
            finding.mend(third);
            continue;
        }
        // Exchange Online has no AddressBookEnabled.
        let set = |kind, lookup| {
            let set = Cmdlet::new("Set-AcceptedDomain").with("Identity", &last.accepted.name).word("DomainType", kind);
            if last.organisation.is_online() { set } else { set.bool("AddressBookEnabled", lookup) }
        };
        let lacking = case.model.foreign_to(last.organisation);
        let absent: Vec<&str> = lacking.absent.iter().map(|recipient| recipient.address).collect();
        let known = lacking.unknown.is_empty() && lacking.untold.is_empty();
        let first = match &absent[..] {
            [] if known => None,
            [] => Some("first see that it holds everybody: whom the others have is not all known".to_string()),
            some => {
                Some(format!("first give these a contact or mail user there, else they bounce: {}", listed(some, 12)))
            }
        };
        finding.mend(
            Remedy::exchange(
                format!(
                    "Make {} the end of the line, once it has mail contacts or mail users for the mailboxes of {}",
                    last.organisation.system,
                    listed(&others, 5)
                ),
                vec![set("Authoritative", true)],
                vec![set("InternalRelay", last.accepted.address_book)],
            )
            .noting(first)
            .then(last.organisation.synchronise())
            .of(last.organisation.system),
        );
    }
}

/// What mends it where recipients are known to be on a system outside the circle, and no way leads there. An object for them
/// in `last` changes nothing: mail for it takes the connector that mail for unknown recipients takes today.
fn beyond(case: &Case, members: &[&str], last: &Relay) -> Option<Remedy> {
    let model = &case.model;
    let own = last.organisation.system;
    let (mut thirds, mut lost): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for system in case.question.systems.iter().map(|one| &*one.name).filter(|name| !members.contains(name)) {
        let is_home = |recipient: &Recipient| {
            let mut held = recipient.directories.iter().filter(|held| held.system == system);
            recipient.is_listed_by(system) || held.any(|held| held.state == State::Mailbox)
        };
        let goes_astray = |recipient: &Recipient| {
            let end = predict_from(model, Asked::from_internet(recipient), own).worst().ending.disposition();
            matches!(end, Disposition::Loop | Disposition::Stranded | Disposition::RejectedByExchange)
        };
        let mut here = model.recipients.iter().filter(|one| is_home(one) && goes_astray(one)).map(|one| one.address);
        if let Some(first) = here.next() {
            thirds.push(system);
            lost.extend([first].into_iter().chain(here));
        }
    }
    if thirds.is_empty() {
        return None;
    }
    let is_theirs = |hop: &&HopView| hop.hop.system.as_deref().is_some_and(|system| thirds.contains(&system));
    let mut hosts: Vec<&str> = model.hops.iter().filter(is_theirs).map(|hop| &*hop.hop.host).collect();
    hosts.dedup();
    let to = listed(&thirds, 3);
    let at = if hosts.is_empty() { format!("the hosts of {to}") } else { listed(&hosts, 4) };
    let others: Vec<&str> = members.iter().copied().filter(|name| *name != own).collect();
    let steps = vec![
        format!(
            "{} are at {to}, where no way leads: an authoritative domain with contacts would not bring them their mail",
            listed(&lost, 12)
        ),
        format!(
            "First, in {own}, have objects for the mailboxes of {} with targets in a domain of their own that leads there",
            listed(&others, 5)
        ),
        format!(
            "Then have '{}' of {own} lead to {at}: {to} is the end of the line, and bounces whom nobody knows",
            last.by
        ),
    ];
    Some(Remedy::steps("exchange", format!("Give {own} a connector to {to}"), steps).at(Turn::WayOut))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::exchange::DomainKind;
    use crate::stories::World;

    const FOUND: &str = "critical proven: contoso.com is an internal relay domain in each of them, and mail for an address \
                         that nobody knows goes round: corp (by 'To labs') to labs (by 'To corp') to corp [corp, labs]";

    #[test]
    fn one_end_of_the_line_breaks_the_circle() {
        let mut world = World::two_forests();
        assert_eq!(world.lines(&CHECK), [FOUND]);
        let command = "Set-AcceptedDomain -Identity 'contoso.com' -DomainType Authoritative -AddressBookEnabled $true";
        let open = "# first see that it holds everybody: whom the others have is not all known";
        assert_eq!(world.commands(&CHECK), [open, command]);
        world.evidence.files.push(World::healthy().evidence.files[0].clone());
        for address in ["orders@contoso.com", "sales@contoso.com"] {
            world.directory_at(1, address, "");
        }
        let lacking = "# first give these a contact or mail user there, else they bounce: orders@contoso.com and \
                       sales@contoso.com";
        assert_eq!(world.commands(&CHECK), [lacking, command]);
        world.accepted_at(1, |accepted| accepted.kind = DomainKind::Authoritative);
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.accepted_at(1, |accepted| accepted.kind = DomainKind::Unknown);
        let gap =
            "unanswered: the type of the accepted domain 'contoso.com' of labs (it is of a type that is not known)";
        assert_eq!(world.lines(&CHECK), [gap]);
    }

    #[test]
    fn whoever_is_on_a_third_system_needs_a_way_there() {
        let healthy = World::healthy();
        let told = |change: fn(&mut World)| {
            let mut world = World::two_forests();
            world.question.systems.push(healthy.question.systems[1].clone());
            world.hop(crate::stories::OTHER);
            world.evidence.files.push(healthy.evidence.files[0].clone());
            for address in ["orders@contoso.com", "sales@contoso.com"] {
                world.directory_at(1, address, "");
            }
            change(&mut world);
            let mut notes = Notes::new(&CHECK);
            judge(&Case::new(&world.question, &world.evidence), &mut notes);
            let remedy = notes.findings.pop().unwrap().remedies.remove(0);
            (remedy.title.clone(), crate::remedy::lines(&remedy.commands))
        };
        let (title, steps) = told(|_| {});
        assert_eq!(title, "Give labs a connector to zimbra");
        assert!(steps[0].starts_with("orders@contoso.com and sales@contoso.com are at zimbra, where no way leads"));
        assert!(
            steps[2].starts_with("Then have 'To corp' of labs lead to smarthost.contoso.com: zimbra is"),
            "{steps:?}"
        );
        // A contact for the shared domain leads nowhere else.
        let (title, _) = told(|world| {
            for address in ["orders@contoso.com", "sales@contoso.com"] {
                world.directory_at(1, address, &format!("contact targetAddress=SMTP:{address}"));
            }
        });
        assert_eq!(title, "Give labs a connector to zimbra");
        // A domain of zimbra's own does, and a connector for it.
        let (title, _) = told(|world| {
            for name in ["orders", "sales"] {
                let contact = format!("contact targetAddress=SMTP:{name}@zimbra.contoso.com");
                world.directory_at(1, &format!("{name}@contoso.com"), &contact);
            }
            let way = crate::stories::connector("To Zimbra", "SMTP:zimbra.contoso.com;1");
            let Observed::Known(all) = &mut world.organisation_at(1).send_connectors else { panic!() };
            all.push(way);
        });
        assert!(title.starts_with("Make labs the end of the line"), "{title}");
        let (title, _) = told(|world| world.evidence.files.clear());
        assert!(title.starts_with("Make labs the end of the line"), "nobody is known to be there: {title}");
    }

    #[test]
    fn a_connector_that_leads_elsewhere_is_no_circle_and_one_that_is_not_seen_is_a_gap() {
        let mut world = World::two_forests();
        world.connector(|connector| connector.smart_hosts = vec!["smarthost.contoso.com".into()]);
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.connector(|connector| connector.smart_hosts = vec!["10.1.0.10".into()]);
        assert_eq!(world.lines(&CHECK), [FOUND], "by address");
        let Observed::Known(all) = &mut world.organisation_at(1).send_connectors else { panic!() };
        all[0].smart_hosts = vec!["mx1.contoso.com".into()];
        assert_eq!(world.lines(&CHECK), [FOUND], "by way of the gateway");
        let Observed::Known(all) = &mut world.organisation_at(1).send_connectors else { panic!() };
        all[0].smart_hosts.clear();
        assert_eq!(world.lines(&CHECK), [FOUND], "by way of the MX");
        world.question.delivers_to.insert("mx1.contoso.com".into(), "labs".into());
        assert_eq!(world.lines(&CHECK), [""; 0], "the MX leads to labs itself, which is NSD314");
        let hidden = Observed::Unknown(Miss::new(How::NoRight, "not visible"));
        world.organisation_at(1).send_connectors = hidden;
        assert_eq!(world.lines(&CHECK), ["unanswered: the send connectors of labs (not visible)"]);
        assert_eq!(World::healthy().lines(&CHECK), ["not asked: a second Exchange organisation"]);
    }
}
