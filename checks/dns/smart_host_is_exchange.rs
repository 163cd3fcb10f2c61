//! NSD107: the connector hands mail back to its own Exchange organisation (F-18).
use super::ways::{Aim, Way, ways};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD107",
    name: "smart-host-is-exchange",
    title: "the send connector's smart host is Exchange itself",
    severity: Severity::Critical,
    why: "A connector to the other system whose smart host is one of the organisation's own servers hands Exchange what \
          Exchange just decided to hand on. The mail goes round inside until it bounces with 5.4.6.",
    fix: "Name the other system's own host on the connector.",
    sources: &[
        "https://learn.microsoft.com/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for way in ways(case, notes).into_iter().filter(|way| !way.exit.by_wildcard) {
        let (name, organisation) = (way.exit.name, way.organisation);
        if way.hosts.iter().any(|host| host.aim != Aim::Itself) {
            unknown_servers(case, &way, notes);
        }
        for host in way.hosts.iter().filter(|host| host.aim == Aim::Itself) {
            let finding = notes.finding(format!(
                "'{name}' hands mail for {} to {}, which is {} itself{}",
                organisation.domain,
                host.name,
                organisation.system,
                way.in_turn()
            ));
            finding.severity(way.severity());
            finding.about(SubjectKind::SendConnector, name).about(SubjectKind::Host, host.name);
            finding.seen(&*way.exit.pointer).seen_all(&host.seen);
            finding.mend(way.mend(case, "Hand the mail to the other system itself"));
        }
    }
}

/// Notes what of the organisation's servers is not known, by which a smart host could be one of them.
fn unknown_servers(case: &Case, way: &Way, notes: &mut Notes) {
    let organisation = way.organisation;
    let mut hops = case.model.hops_of(Role::Exchange);
    let heard = hops.any(|hop| hop.hop.system.as_deref() == Some(organisation.system));
    let servers = match organisation.servers() {
        Ok((_, servers)) => servers,
        // By its hops at least, or by the names of Exchange Online.
        Err(_) if heard || organisation.is_online() => return,
        Err(gap) => return notes.gap(gap),
    };
    for name in servers.iter().filter_map(|server| server.fqdn.as_deref()) {
        if let Addresses::Unknown(miss) = case.model.addresses(name) {
            notes.gap(no_dns(format!("the addresses of Exchange's server {name}"), &miss));
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
    fn of_several_smart_hosts_the_right_one_stays() {
        let mut world = World::healthy();
        world.connector(|one| one.smart_hosts = vec!["exch01.corp.contoso.com".into(), "smarthost.contoso.com".into()]);
        let found = "warning proven: 'To Zimbra' hands mail for contoso.com to exch01.corp.contoso.com, which is corp itself; \
                     Exchange shares the mail out among its smart hosts, so the part that smarthost.contoso.com does not get \
                     goes round [To Zimbra, exch01.corp.contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
        let kept = "Set-SendConnector -Identity 'To Zimbra' -SmartHosts 'smarthost.contoso.com'";
        assert_eq!(world.commands(&CHECK), [kept]);
    }

    #[test]
    fn who_is_not_known_is_not_ruled_out() {
        let mut world = World::healthy();
        world.dns("smarthost.contoso.com", RecordKind::A, "SILENCE");
        let gap = "unanswered: the addresses of the smart host smarthost.contoso.com (no answer in 10 s)";
        assert_eq!(world.lines(&CHECK), [gap]);
        let mut world = World::healthy();
        world.evidence.hops.retain(|hop| hop.role != Role::Exchange);
        assert_eq!(world.lines(&CHECK), ["not asked: the Exchange servers of corp"]);
        let fqdn = Some("exch02.corp.contoso.com".to_string());
        let server = ExchangeServer { name: "EXCH02".into(), fqdn, ..ExchangeServer::default() };
        world.organisation().servers = Observed::Known(vec![server]);
        world.dns("exch02.corp.contoso.com", RecordKind::A, "SILENCE");
        let gap = "unanswered: the addresses of Exchange's server exch02.corp.contoso.com (no answer in 10 s)";
        assert_eq!(world.lines(&CHECK), [gap]);
        world.dns("exch02.corp.contoso.com", RecordKind::A, "10.0.0.12");
        assert_eq!(world.lines(&CHECK), [""; 0]);
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
        assert_eq!(world.lines(&CHECK), ["not asked: a smart host for mail of contoso.com"]);
    }
}
