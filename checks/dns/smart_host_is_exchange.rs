//! NSD107: the connector hands mail back to its own Exchange organisation (F-18).
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD107",
    name: "smart-host-is-exchange",
    title: "the send connector's smart host is Exchange itself",
    severity: Severity::Critical,
    why: "A connector to the other system whose smart host is one of the organisation's own servers hands Exchange what \
          Exchange just decided to hand on. The mail goes round inside until it bounces with 5.4.6.",
    fix: "Name the other system's own host on the connector.",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in &case.model.organisations {
        // What an authoritative domain does not relay no connector loses.
        let Some(Some(_)) = notes.need(case.model.leaves(organisation)) else { continue };
        let Some(exit) = notes.need(organisation.exit(organisation.domain)) else { continue };
        let Some(exit) = exit.filter(|exit| !exit.by_wildcard) else { continue };
        for host in exit.smart_hosts {
            let owner = case.model.owner(host, exit.port);
            let Some(owner) = owner.filter(|owner| owner.system == organisation.system) else { continue };
            let name = exit.name;
            let online = organisation.is_online();
            let cmdlet = if online { "Set-OutboundConnector" } else { "Set-SendConnector" };
            let set = |hosts: &str| format!("{cmdlet} -Identity {} -SmartHosts {hosts}", quoted(name));
            let now: Vec<String> = exit.smart_hosts.iter().map(|host| quoted(host)).collect();
            notes
                .finding(format!(
                    "'{name}' hands mail for {} to {host}, which is {} itself",
                    organisation.domain, organisation.system
                ))
                .about(SubjectKind::SendConnector, name)
                .about(SubjectKind::Host, host)
                .seen(&exit.pointer)
                .seen_all(owner.seen)
                .mend(Remedy::exchange(
                    "Hand the mail to the other system itself",
                    vec![set("'<the other system's host>'")],
                    vec![set(&now.join(","))],
                ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::dns::RecordKind;
    use crate::evidence::servers::{ExchangeServer, ServerRole};
    use crate::stories::World;

    #[test]
    fn the_organisations_own_servers_are_recognised() {
        let found = |host: &str| {
            let told = format!("'To Zimbra' hands mail for contoso.com to {host}, which is corp itself");
            format!("critical proven: {told} [To Zimbra, {host}]")
        };
        let mut world = World::healthy();
        let aim = |world: &mut World, host: &str| world.connector(|one| one.smart_hosts = vec![host.into()]);
        assert_eq!(world.lines(&CHECK), [""; 0]);
        aim(&mut world, "exch01.corp.contoso.com");
        assert_eq!(world.lines(&CHECK), [found("exch01.corp.contoso.com")], "by the name of its hop");
        world.dns("mail.contoso.com", RecordKind::A, "10.0.0.10");
        aim(&mut world, "mail.contoso.com");
        assert_eq!(world.lines(&CHECK), [found("mail.contoso.com")], "by its address");
        world.connector(|one| one.port = 2626);
        assert_eq!(world.lines(&CHECK), [""; 0], "another service at the same host");
    }

    #[test]
    fn a_server_of_the_directory_counts_and_an_edge_server_does_not() {
        let mut world = World::healthy();
        let fqdn = Some("exch02.corp.contoso.com".to_string());
        let server = ExchangeServer { name: "EXCH02".into(), fqdn, ..ExchangeServer::default() };
        world.organisation().servers = Observed::Known(vec![server.clone()]);
        world.connector(|one| one.smart_hosts = vec!["10.0.0.12".into()]);
        assert_eq!(world.lines(&CHECK), [""; 0], "nobody knows whose address that is");
        world.dns("exch02.corp.contoso.com", RecordKind::A, "10.0.0.12");
        let found = "critical proven: 'To Zimbra' hands mail for contoso.com to 10.0.0.12, which is corp itself \
                     [To Zimbra, 10.0.0.12]";
        assert_eq!(world.lines(&CHECK), [found]);
        let edge = ExchangeServer { roles: vec![ServerRole::Edge], ..server };
        world.organisation().servers = Observed::Known(vec![edge]);
        world.connector(|one| one.smart_hosts = vec!["exch02.corp.contoso.com".into()]);
        assert_eq!(world.lines(&CHECK), [""; 0]);
    }

    #[test]
    fn a_connector_that_carries_nothing_of_the_domain_loses_nothing() {
        let mut world = World::healthy();
        world.connector(|one| one.smart_hosts = vec!["exch01.corp.contoso.com".into()]);
        assert_eq!(world.lines(&CHECK).len(), 1);
        world.accepted(|accepted| accepted.kind = crate::evidence::exchange::DomainKind::Authoritative);
        assert_eq!(world.lines(&CHECK), [""; 0]);
    }
}
