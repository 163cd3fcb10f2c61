//! NSD322: mail goes round between the Mailbox servers and the Edge server (F-19).
use super::on_premises;
use super::remedies::give_connector;
use crate::evidence::exchange::DomainKind;
use crate::model::OrganisationView;
use crate::model::routing::Routing;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD322",
    name: "edge-loop",
    title: "mail for the other system goes round between Exchange and its Edge server",
    severity: Severity::Critical,
    why: "The connector that an Edge subscription makes for all domains sends from the Edge server. The Edge server's other \
          one, SMTP:--, sends every authoritative and internal relay domain back inside. With no connector of its own the \
          shared domain goes out by the one and in by the other until it bounces with 5.4.6.",
    fix: "Add a send connector for the domain, with Mailbox servers as its source.",
    sources: &[
        "https://learn.microsoft.com/exchange/architecture/edge-transport-servers/edge-subscriptions",
        "https://learn.microsoft.com/exchange/mail-flow/accepted-domains/accepted-domains",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in on_premises(case, notes) {
        let domain = organisation.domain;
        let Some(routing) = notes.need(organisation.choice(domain)) else { continue };
        let Some((pointer, winner)) = routing.winner() else { continue };
        let Some(Some((accepted, entry))) = notes.need(organisation.accepted_domain()) else { continue };
        if !routing.by_wildcard() || routing.disabled().is_some() || entry.kind != DomainKind::InternalRelay {
            continue;
        }
        // Only now does it matter whether there is an Edge server.
        let Some((edge, subscribed)) = notes.need(organisation.edge_subscriptions()) else { continue };
        if subscribed.is_empty() || notes.need(organisation.read_of(winner, &["source_servers"])).is_none() {
            continue;
        }
        if winner.source_servers.is_empty() {
            let what = format!("from which servers '{}' of {} sends", winner.name, organisation.system);
            notes.gap(Gap::unanswered(what, "none is shown", "--exchange-export with Get-SendConnector"));
            continue;
        }
        if !organisation.is_at_edge(winner) {
            continue;
        }
        notes
            .finding(format!(
                "{} relays {domain} and has no send connector for it: '{}' takes it to the Edge server, which sends it \
                 back inside{}",
                organisation.system,
                winner.name,
                routing.why_others_lost()
            ))
            .about(SubjectKind::Domain, domain)
            .about(SubjectKind::SendConnector, &winner.name)
            .seen_all([pointer, accepted, edge])
            .remedies
            .extend(give_connector(case, organisation, &routing));
    }
}

/// Whether the domain's mail falls to the Edge server, which sends it back.
pub(super) fn loops_at_edge(organisation: &OrganisationView, routing: &Routing) -> bool {
    let relayed = organisation
        .accepted_domain()
        .is_ok_and(|found| found.is_some_and(|(_, entry)| entry.kind == DomainKind::InternalRelay));
    relayed && routing.by_wildcard() && routing.winner().is_some_and(|(_, winner)| organisation.is_at_edge(winner))
}

#[cfg(test)]
mod tests {
    use super::super::send_connector_falls_to_wildcard;
    use super::*;
    use crate::evidence::servers::EdgeSubscription;
    use crate::stories::{World, connector};

    #[test]
    fn a_relay_domain_that_falls_to_the_edge_server_goes_round() {
        let mut world = World::healthy();
        let mut out = connector("EdgeSync - Berlin to Internet", "SMTP:*;100");
        (out.smart_hosts, out.source_servers) = (vec![], vec!["EDGE01".into()]);
        let mut back = connector("EdgeSync - Inbound to Berlin", "SMTP:--;1");
        (back.smart_hosts, back.source_servers) = (vec!["--".into()], vec!["EDGE01".into()]);
        world.connectors().extend([out, back]);
        assert_eq!(world.lines(&CHECK), [""; 0], "the domain has its own");
        world.connectors().remove(0);
        assert_eq!(world.lines(&CHECK), ["not asked: the Edge subscriptions of corp"]);
        world.organisation().edge_subscriptions = Observed::Known(vec![]);
        assert_eq!(world.lines(&CHECK), [""; 0], "no Edge server");
        let edge = EdgeSubscription { name: "EDGE01".into(), site: Some("Berlin".into()) };
        world.organisation().edge_subscriptions = Observed::Known(vec![edge]);
        let found = "critical proven: corp relays contoso.com and has no send connector for it: 'EdgeSync - Berlin to \
                     Internet' takes it to the Edge server, which sends it back inside ('EdgeSync - Inbound to Berlin' \
                     serves --) [contoso.com, EdgeSync - Berlin to Internet]";
        assert_eq!(world.lines(&CHECK), [found]);
        assert_eq!(world.lines(&send_connector_falls_to_wildcard::CHECK), [""; 0], "one cause, one finding");
        let sources = core::mem::take(&mut world.connectors()[0].source_servers);
        let gap = "unanswered: from which servers 'EdgeSync - Berlin to Internet' of corp sends (none is shown)";
        assert_eq!(world.lines(&CHECK), [gap]);
        world.connectors()[0].source_servers = sources;
        world.accepted(|accepted| accepted.kind = DomainKind::ExternalRelay);
        assert_eq!(world.lines(&CHECK), [""; 0], "SMTP:-- is for internal relay domains");
    }
}
