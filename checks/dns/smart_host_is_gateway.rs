//! NSD106: the send connector hands mail back to the gateway (F-17).
use super::ways::{Aim, ways};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD106",
    name: "smart-host-is-gateway",
    title: "the send connector's smart host is the gateway",
    severity: Severity::Critical,
    why: "The gateway hands the domain's mail to Exchange. If Exchange hands what it does not know back to the gateway, \
          that mail goes round until one of them counts too many hops, and it bounces (Exchange: 5.4.6).",
    fix: "Name the other system's own host on the connector.",
    sources: &[
        "https://learn.microsoft.com/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for way in ways(case, notes) {
        let (name, domain) = (way.exit.name, way.organisation.domain);
        for host in &way.hosts {
            match &host.aim {
                Aim::Either(gap) => notes.gap(gap.clone()),
                Aim::Gateway => {
                    let finding = notes.finding(format!(
                        "'{name}' hands mail for {domain} to {}, which is the gateway that hands it to Exchange{}",
                        host.name,
                        way.in_turn()
                    ));
                    finding.severity(way.severity());
                    finding.about(SubjectKind::SendConnector, name).about(SubjectKind::Host, host.name);
                    finding.seen(&*way.exit.pointer).seen_all(&host.seen);
                    finding.mend(way.mend(case, "Hand the mail to the other system itself"));
                }
                _ => {}
            }
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
    fn of_several_smart_hosts_the_right_one_stays() {
        let mut world = World::healthy();
        let aim = |world: &mut World, hosts: &[&str]| {
            world.connector(|one| one.smart_hosts = hosts.iter().map(ToString::to_string).collect());
        };
        aim(&mut world, &["mx1.contoso.com", "smarthost.contoso.com"]);
        let found = "warning proven: 'To Zimbra' hands mail for contoso.com to mx1.contoso.com, which is the gateway that hands \
                     it to Exchange; Exchange shares the mail out among its smart hosts, so the part that \
                     smarthost.contoso.com does not get goes round [To Zimbra, mx1.contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
        let kept = "Set-SendConnector -Identity 'To Zimbra' -SmartHosts 'smarthost.contoso.com'";
        assert_eq!(world.commands(&CHECK), [kept]);
        aim(&mut world, &["mx1.contoso.com", "exch01.corp.contoso.com"]);
        let found = "critical proven: 'To Zimbra' hands mail for contoso.com to mx1.contoso.com, which is the gateway that hands \
                     it to Exchange [To Zimbra, mx1.contoso.com]";
        assert_eq!(world.lines(&CHECK), [found], "the other one is Exchange itself: none is left");
    }

    #[test]
    fn an_mx_host_beside_the_named_gateways_may_hand_it_back() {
        let mut world = World::healthy();
        world.question.gateways = vec!["mx1.contoso.com:25".into()];
        world.dns("contoso.com", RecordKind::Mx, "10 filter.example.net");
        world.dns("filter.example.net", RecordKind::A, "203.0.113.25");
        world.dns("filter.example.net", RecordKind::Aaaa, "");
        assert_eq!(world.lines(&CHECK), [""; 0], "the smart host is another one");
        world.connector(|one| one.smart_hosts = vec!["filter.example.net".into()]);
        let open = "unanswered: whether filter.example.net, which is the MX and the smart host of 'To Zimbra', hands mail to \
                    Exchange (it may be the other system's own host as well)";
        assert_eq!(world.lines(&CHECK), [open]);
        world.question.systems[1].smtp = vec!["filter.example.net:25".into()];
        assert_eq!(world.lines(&CHECK), [""; 0], "the user named it as the other system's");
    }

    #[test]
    fn whether_it_is_the_gateway_takes_addresses_to_tell() {
        let mut world = World::healthy();
        world.dns("smarthost.contoso.com", RecordKind::A, "SILENCE");
        let gap = "unanswered: the addresses of the smart host smarthost.contoso.com (no answer in 10 s)";
        assert_eq!(world.lines(&CHECK), [gap]);
        world.connector(|one| one.smart_hosts = vec!["10.0.0.44".into()]);
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.dns("contoso.com", RecordKind::Mx, "SILENCE");
        assert_eq!(world.lines(&CHECK), ["unanswered: the MX records of contoso.com (no answer in 10 s)"]);
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
        assert_eq!(world.lines(&CHECK), ["not asked: a smart host for mail of contoso.com"]);
    }
}
