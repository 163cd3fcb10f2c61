//! NSD106: the send connector hands mail back to the gateway (F-17).
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD106",
    name: "smart-host-is-gateway",
    title: "the send connector's smart host is the gateway",
    severity: Severity::Critical,
    why: "The gateway hands the domain's mail to Exchange. If Exchange hands what it does not know back to the gateway, \
          that mail goes round until it bounces with 5.4.6.",
    fix: "Name the other system's own host on the connector.",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in case.model.on_premises() {
        // What an authoritative domain does not relay no connector loses.
        let Some(Some(_)) = notes.need(case.model.leaves(organisation)) else { continue };
        let Some(routing) = notes.need(organisation.selection(organisation.domain)) else { continue };
        let Some((pointer, connector)) = routing.winner() else { continue };
        // A gateway that hands mail to another organisation may be the way there.
        let back = connector.smart_hosts.iter().filter(|host| {
            let gateway = case.model.gateway_at(host, connector.port);
            gateway.is_some_and(|gateway| case.model.delivers_to(gateway) == Some(organisation.system))
        });
        for host in back {
            let gateway = case.model.gateway_at(host, connector.port);
            if gateway.is_some_and(|gateway| case.model.may_be_others(gateway)) {
                notes.gap(Gap::unanswered(
                    format!(
                        "whether {host}, which is the MX and the smart host of '{}', hands mail to Exchange",
                        connector.name
                    ),
                    "it may be the other system's own host as well",
                    "'smtp' of the other system (--other HOST), or 'delivers_to' of the gateway",
                ));
                continue;
            }
            let name = &connector.name;
            let finding = notes.finding(format!(
                "'{name}' hands mail for {} to {host}, which is the gateway that hands it to Exchange",
                organisation.domain
            ));
            finding.about(SubjectKind::SendConnector, name).about(SubjectKind::Host, host).seen(&pointer);
            if let Addresses::Known(_, seen) = case.model.addresses(host) {
                finding.seen_all(seen);
            }
            let hosts: Vec<_> = connector.smart_hosts.iter().map(|host| quoted(host)).collect();
            let set = |hosts: &str| format!("Set-SendConnector -Identity {} -SmartHosts {hosts}", quoted(name));
            finding.mend(Remedy::exchange(
                "Hand the mail to the other system itself",
                vec![set("'<the other system's host>'")],
                vec![set(&hosts.join(","))],
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::dns::RecordKind;
    use crate::stories::World;

    #[test]
    fn the_gateway_is_recognised_by_name_and_by_address() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        let found = |host: &str| {
            format!(
                "critical proven: 'To Zimbra' hands mail for contoso.com to {host}, which is the gateway that hands \
                 it to Exchange [To Zimbra, {host}]"
            )
        };
        world.connector(|connector| connector.smart_hosts = vec!["mx1.contoso.com".into()]);
        assert_eq!(world.lines(&CHECK), [found("mx1.contoso.com")]);
        world.connector(|connector| connector.smart_hosts = vec!["relay.contoso.com".into()]);
        world.dns("relay.contoso.com", RecordKind::A, "192.0.2.25");
        assert_eq!(world.lines(&CHECK), [found("relay.contoso.com")]);
        world.connector(|connector| connector.port = 2525);
        assert_eq!(world.lines(&CHECK), [""; 0], "another service at the same host");
        world.connector(|connector| connector.port = 25);
        world.question.delivers_to.insert("mx1.contoso.com".into(), "labs".into());
        assert_eq!(world.lines(&CHECK), [""; 0], "the gateway hands on to another organisation");
    }

    #[test]
    fn an_mx_that_is_the_other_systems_own_host_is_no_gateway_of_exchanges() {
        let mut world = World::healthy();
        world.dns("mx1.contoso.com", RecordKind::A, "10.0.0.44");
        world.evidence.hops[0].address = Some([10, 0, 0, 44].into());
        let open = "unanswered: whether smarthost.contoso.com, which is the MX and the smart host of 'To Zimbra', hands mail \
                    to Exchange (it may be the other system's own host as well)";
        assert_eq!(world.lines(&CHECK), [open], "everybody is accepted there: that tells nothing");
        world.question.systems[1].smtp = vec!["smarthost.contoso.com".into()];
        assert_eq!(world.lines(&CHECK), [""; 0], "the user named it as the other system's");
        world.question.systems[1].smtp.clear();
        world.directory("anna@contoso.com", "user homeMDB=DB1");
        world.question.known_good.push("anna@contoso.com".into());
        world.rcpt(crate::stories::GATEWAY, "anna@contoso.com", "550 5.1.1 User unknown in virtual mailbox table");
        assert_eq!(world.lines(&CHECK), [""; 0], "it knows the other system's people alone");
        world.question.delivers_to.insert("mx1.contoso.com".into(), "corp".into());
        assert_eq!(world.lines(&CHECK).len(), 1, "the user says that it hands mail to Exchange");
    }

    #[test]
    fn a_connector_that_carries_nothing_of_the_domain_loses_nothing() {
        let mut world = World::healthy();
        world.connector(|connector| connector.smart_hosts = vec!["mx1.contoso.com".into()]);
        assert_eq!(world.lines(&CHECK).len(), 1);
        world.accepted(|accepted| accepted.kind = crate::evidence::exchange::DomainKind::Authoritative);
        assert_eq!(world.lines(&CHECK), [""; 0]);
    }
}
