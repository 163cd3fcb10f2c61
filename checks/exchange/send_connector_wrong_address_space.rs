//! NSD317: a connector that seems to be meant for the domain serves another one (F-07).
use super::{leaves, on_premises};
use crate::evidence::exchange::{AddressSpace, SendConnector};
use crate::model::OrganisationView;
use crate::model::near::{beside, subdomains_left_out};
use crate::model::routing::{Routing, spaces};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD317",
    name: "send-connector-wrong-address-space",
    title: "the send connector to the other system has the wrong address space",
    severity: Severity::Warning,
    why: "An address space without a wildcard is that domain alone: contoso.com is not app.contoso.com, nor the reverse; \
          *.contoso.com is both. A connector for the wrong one leaves the shared domain to the next best connector, or to \
          none.",
    fix: "Correct the connector's address spaces.",
    sources: &["https://learn.microsoft.com/exchange/mail-flow/connectors/send-connectors"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in on_premises(case, notes) {
        let domain = organisation.domain;
        if !leaves(case, organisation, notes) {
            continue;
        }
        let Some(routing) = notes.need(organisation.choice(domain)) else { continue };
        let Some(meant) = meant(case, organisation, &routing) else { continue };
        let (name, now) = (&meant.connector.name, spaces(meant.connector));
        let others = routing.why_others_lost_but(&[name]);
        notes
            .finding(format!("'{name}' of {} serves {}: {}{others}", organisation.system, listed(&now, 4), meant.why))
            .certainty(if meant.sure { Certainty::Proven } else { Certainty::Likely })
            .about(SubjectKind::SendConnector, name)
            .about(SubjectKind::Domain, domain)
            .seen(&*meant.pointer)
            .mend(meant.mend(organisation, routing.is_served()));
    }
}

/// A connector that seems to be meant for the domain.
pub(super) struct Meant<'a> {
    pointer: String,
    connector: &'a SendConnector,
    why: String,
    /// Whether it leads to another system.
    pub(super) sure: bool,
    /// The address space that it lacks.
    space: String,
}

/// The connector that seems to be meant for the domain of `routing`, or for its subdomains, and serves another.
pub(super) fn meant<'a>(
    case: &Case<'a>,
    organisation: &OrganisationView<'a>,
    routing: &Routing<'a>,
) -> Option<Meant<'a>> {
    // What objects are sent on to has its connectors by intent.
    let routed = case.model.routing_domains(organisation);
    let (pointer, connector, why, sure, space) = match routing.is_served() {
        true => subdomains_left_out(organisation, routing),
        // A disabled one is NSD313's matter.
        false if routing.disabled().is_some() => None,
        false => routing.all().filter(|(_, one)| one.enabled).find_map(|(pointer, connector)| {
            let (why, sure, space) = beside(organisation, connector, &routed)?;
            Some((pointer, connector, why, sure, space))
        }),
    }?;
    // Only where it leads to another system is it surely meant for the domain.
    let mut owners = connector.smart_hosts.iter().filter_map(|host| case.model.owner(host, connector.port));
    let sure = sure && owners.any(|owner| owner.system != organisation.system);
    Some(Meant { pointer, connector, why, sure, space })
}

/// The connector's address spaces with their costs. The cost is 1 where none is given (Microsoft, "Set-SendConnector").
pub(super) fn written(connector: &SendConnector) -> Vec<String> {
    let cost = |space: &AddressSpace| if space.cost == 1 { String::new() } else { format!(";{}", space.cost) };
    let costs = connector.address_spaces.iter().map(cost);
    spaces(connector).iter().zip(costs).map(|(space, cost)| format!("{space}{cost}")).collect()
}

impl Meant<'_> {
    /// The remedy: its address spaces, and the one that it lacks. Beside it the domain needs no other connector.
    pub(super) fn mend(&self, organisation: &OrganisationView, is_served: bool) -> Remedy {
        let set = |spaces: &[String]| {
            Cmdlet::new("Set-SendConnector").with("Identity", &self.connector.name).list("AddressSpaces", spaces)
        };
        let written = written(self.connector);
        let change = |key| {
            Cmdlet::new("Set-SendConnector").with("Identity", &self.connector.name).change(
                "AddressSpaces",
                key,
                &self.space,
            )
        };
        let (serve, back) = match self.connector.unreadable.of(&["address_spaces"]) {
            // What could not be read would be lost with a list.
            Some(_) => (change("Add"), change("Remove")),
            None => {
                let added: Vec<String> = written.iter().cloned().chain([self.space.clone()]).collect();
                (set(&added), set(&written))
            }
        };
        let serve = match is_served || self.sure {
            true => serve,
            false => serve.remark("only where it leads to the other system, and in place of a new connector"),
        };
        Remedy::exchange("Have it serve the domain", vec![serve], vec![back])
            .then(organisation.synchronise_for(self.connector))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::reading::Unreadable;
    use crate::stories::World;

    #[test]
    fn a_space_that_could_not_be_read_is_not_lost_with_the_remedy() {
        let mut world = World::healthy();
        world.connector(|one| one.address_spaces = AddressSpace::parse("app.contoso.com;10").into_iter().collect());
        let list = "Set-SendConnector -Identity 'To Zimbra' -AddressSpaces 'app.contoso.com;10','contoso.com'";
        assert_eq!(world.commands(&CHECK), [list]);
        world.connector(|one| {
            let (field, said) = ("address_spaces".into(), "routingList holds 'FAX:;x'".into());
            one.unreadable.0.push(Unreadable { field, said, value: Some("FAX:;x".into()) });
        });
        let add = "Set-SendConnector -Identity 'To Zimbra' -AddressSpaces @{Add='contoso.com'}";
        assert_eq!(world.commands(&CHECK), [add]);
    }

    #[test]
    fn an_address_space_beside_the_domain_is_told() {
        let cases: [(&str, &[&str]); 8] = [
            ("contoso.com", &[]),
            ("*.contoso.com", &[]),
            ("app.contoso.com", &["proven: that is below contoso.com, and not contoso.com itself"]),
            ("*.app.contoso.com", &["proven: that is below contoso.com, and not contoso.com itself"]),
            ("contosso.com", &["likely: contosso.com may be mistyped for contoso.com"]),
            ("contoso.org", &[]),
            ("fabrikam.com", &[]),
            ("*", &[]),
        ];
        for (space, expected) in cases {
            let mut world = World::healthy();
            world.connector(|connector| connector.address_spaces = AddressSpace::parse(space).into_iter().collect());
            let line = |told: &&str| {
                let (sure, why) = told.split_once(": ").unwrap();
                format!("warning {sure}: 'To Zimbra' of corp serves {space}: {why} [To Zimbra, contoso.com]")
            };
            let expected: Vec<String> = expected.iter().map(line).collect();
            assert_eq!(world.lines(&CHECK), expected, "{space}");
        }
    }

    #[test]
    fn a_connector_that_leads_nobody_knows_where_may_be_meant_for_what_it_says() {
        let mut world = World::healthy();
        world.connector(|connector| {
            connector.address_spaces[0].address = "fax.contoso.com".into();
            connector.smart_hosts = vec!["10.0.0.99".into()];
        });
        let found = "warning likely: 'To Zimbra' of corp serves fax.contoso.com: that is below contoso.com, and not \
                     contoso.com itself [To Zimbra, contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
    }

    #[test]
    fn a_connector_for_a_routing_domain_is_meant_for_that() {
        assert_eq!(World::textbook().lines(&CHECK), [""; 0], "an authoritative domain relays nothing");
        let mut world = World::textbook();
        world.accepted(|accepted| accepted.kind = crate::evidence::exchange::DomainKind::InternalRelay);
        assert_eq!(world.lines(&CHECK), [""; 0], "contacts are sent on to it");
        for address in ["orders@contoso.com", "sales@contoso.com"] {
            world.directory(address, "");
        }
        assert_eq!(world.lines(&CHECK).len(), 1, "nothing is sent on to it");
    }

    #[test]
    fn a_right_connector_clears_the_wrong_one_and_an_accepted_domain_is_no_typing_error() {
        let mut world = World::healthy();
        world.connectors().push(crate::stories::connector("To the app", "SMTP:app.contoso.com;1"));
        assert_eq!(world.lines(&CHECK), [""; 0]);
        let mut world = World::healthy();
        world.connector(|connector| connector.address_spaces[0].address = "contosso.com".into());
        let Observed::Known(all) = &mut world.organisation().accepted_domains else { panic!() };
        let mut other = all[0].clone();
        other.domain = "contosso.com".into();
        all.push(other);
        assert_eq!(world.lines(&CHECK), [""; 0]);
    }

    #[test]
    fn subdomains_that_are_accepted_need_the_wildcard() {
        let mut world = World::healthy();
        world.accepted(|accepted| accepted.match_subdomains = true);
        let why = "the accepted domain 'contoso.com' covers its subdomains too, and no connector serves them";
        let found = format!("warning proven: 'To Zimbra' of corp serves contoso.com: {why} [To Zimbra, contoso.com]");
        assert_eq!(world.lines(&CHECK), [found]);
        let command = "Set-SendConnector -Identity 'To Zimbra' -AddressSpaces 'contoso.com','*.contoso.com'";
        assert_eq!(world.commands(&CHECK), [command]);
        world.connector(|connector| connector.address_spaces[0].cost = 10);
        let command = "Set-SendConnector -Identity 'To Zimbra' -AddressSpaces 'contoso.com;10','*.contoso.com'";
        assert_eq!(world.commands(&CHECK), [command]);
        world.connector(|connector| connector.address_spaces[0].address = "*.contoso.com".into());
        assert_eq!(world.lines(&CHECK), [""; 0]);
        let mut world = World::healthy();
        world.question.domain = "app.contoso.com".into();
        world.accepted(|accepted| accepted.domain = "*.contoso.com".into());
        let found = "warning proven: 'To Zimbra' of corp serves contoso.com: without a wildcard that leaves \
                     app.contoso.com out [To Zimbra, app.contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
    }
}
