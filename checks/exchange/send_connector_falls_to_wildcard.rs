//! NSD312: only the connector for all domains serves the shared one (F-04).
use super::edge_loop::loops_at_edge;
use super::remedies::new_connector;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD312",
    name: "send-connector-falls-to-wildcard",
    title: "mail for the other system leaves through the connector for all domains",
    severity: Severity::Critical,
    why: "Without a connector of its own the shared domain goes where everything goes: to the Internet, whose MX for it is \
          your own gateway. It comes back, and goes round until it bounces with 5.4.6.",
    fix: "Add a send connector for the domain with the other system's smart host.",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in case.model.on_premises() {
        let domain = organisation.domain;
        // Where it comes back elsewhere, NSD321 sees whether that is a circle.
        if case.model.is_end_of_line(organisation) || !case.model.comes_back(organisation) {
            continue;
        }
        let Some(routing) = notes.need(organisation.selection(domain)) else { continue };
        let Some((pointer, winner)) = routing.winner() else { continue };
        // A disabled connector of its own is why it falls, and NSD313 says so; NSD322 where it falls to the Edge server.
        if !routing.by_wildcard() || routing.disabled().is_some() || loops_at_edge(organisation, &routing) {
            continue;
        }
        let way = match winner.smart_hosts.is_empty() {
            true => format!("which asks DNS for the MX of {domain}"),
            false => format!("which hands it to {}", listed(&winner.smart_hosts, 3)),
        };
        notes
            .finding(format!(
                "The only send connector that serves {domain} is '{}' for all domains, {way}{}",
                winner.name,
                routing.why_others_lost()
            ))
            .about(SubjectKind::Domain, domain)
            .about(SubjectKind::SendConnector, &winner.name)
            .seen(pointer)
            .mend(new_connector(case, domain));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{World, connector};

    #[test]
    fn the_wildcard_is_accused_only_where_it_wins() {
        let mut world = World::healthy();
        world.connectors().push(connector("Internet", "SMTP:*;1"));
        assert_eq!(world.lines(&CHECK), [""; 0], "the specific one wins");
        world.connectors().remove(0);
        world.connector(|connector| connector.smart_hosts.clear());
        let found = "critical proven: The only send connector that serves contoso.com is 'Internet' for all domains, which \
                     asks DNS for the MX of contoso.com [contoso.com, Internet]";
        assert_eq!(world.lines(&CHECK), [found]);
        world.connectors().push(connector("Fabrikam", "SMTP:fabrikam.com;1"));
        let found = found.replace(" [", " ('Fabrikam' serves fabrikam.com) [");
        assert_eq!(world.lines(&CHECK), [found]);
        world.connectors().push(connector("To Zimbra", "SMTP:contoso.com;1"));
        world.connectors()[2].enabled = false;
        assert_eq!(world.lines(&CHECK), [""; 0], "that is NSD313");
    }
    #[test]
    fn by_the_mx_to_another_organisation_is_a_way() {
        let mut world = World::healthy();
        world.connector(|connector| *connector = self::connector("Internet", "SMTP:*;1"));
        assert_eq!(world.lines(&CHECK).len(), 1);
        world.question.delivers_to.insert("mx1.contoso.com".into(), "labs".into());
        assert_eq!(world.lines(&CHECK), [""; 0]);
    }
}
