//! NSD105: the send connector's smart host has no address (F-11).
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD105",
    name: "smart-host-unresolvable",
    title: "the send connector's smart host has no address",
    severity: Severity::Critical,
    why: "Exchange hands mail for the other system to the smart host of the send connector. If its name does not resolve, \
          that mail waits in the queue and expires.",
    fix: "Put the name into the DNS that Exchange asks, or name another smart host on the connector.",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in case.model.on_premises() {
        // What an authoritative domain does not relay no connector loses.
        let Some(Some(_)) = notes.need(case.model.leaves(organisation)) else { continue };
        let Some(routing) = notes.need(organisation.selection(organisation.domain)) else { continue };
        let Some((pointer, connector)) = routing.winner() else { continue };
        let hosts = &connector.smart_hosts;
        let mut dead = Vec::new();
        for host in hosts {
            match case.model.addresses(host) {
                Addresses::Known(_, seen) if case.model.resolves_to_nothing(host) => dead.push((host, seen)),
                Addresses::Unknown(miss) => notes.gap(no_dns(format!("the addresses of the smart host {host}"), &miss)),
                _ => {}
            }
        }
        let all = dead.len() == hosts.len();
        for (host, seen) in dead {
            let name = &connector.name;
            // Its servers may name other DNS servers for the outside, which nsdiag does not know.
            let elsewhere = if connector.external_dns {
                "; but the connector asks the DNS servers for the outside (UseExternalDNSServersEnabled)"
            } else {
                ""
            };
            let rest = if all { "mail for the other system stays in the queue" } else { "the connector has others" };
            let finding = notes.finding(format!(
                "'{name}' hands mail for {} to {host}, which has no address in the DNS that was asked; {rest}{elsewhere}",
                organisation.domain
            ));
            finding.severity(if all { Severity::Critical } else { Severity::Warning });
            finding.certainty(if connector.external_dns { Certainty::Likely } else { Certainty::Proven });
            finding.about(SubjectKind::Host, host).about(SubjectKind::SendConnector, name).seen(&pointer);
            finding.seen_all(seen);
            let set = |hosts: &[String]| {
                let hosts: Vec<_> = hosts.iter().map(|host| quoted(host)).collect();
                format!("Set-SendConnector -Identity {} -SmartHosts {}", quoted(name), hosts.join(","))
            };
            let right = vec!["<the other system's host>".to_string()];
            finding.mend(Remedy::exchange("Name a smart host that exists", vec![set(&right)], vec![set(hosts)])).mend(
                Remedy::steps("dns", "Or publish its name", vec![format!("{host}. IN A <the other system's address>")]),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::dns::RecordKind;
    use crate::stories::World;

    #[test]
    fn a_smart_host_without_an_address_is_found() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.dns("smarthost.contoso.com", RecordKind::A, "NXDOMAIN");
        world.dns("smarthost.contoso.com", RecordKind::Aaaa, "NXDOMAIN");
        let found = "critical proven: 'To Zimbra' hands mail for contoso.com to smarthost.contoso.com, which has no \
                     address in the DNS that was asked; mail for the other system stays in the queue \
                     [smarthost.contoso.com, To Zimbra]";
        assert_eq!(world.lines(&CHECK), [found]);
        world.dns("smarthost.contoso.com", RecordKind::A, "SERVFAIL");
        let gap = "unanswered: the addresses of the smart host smarthost.contoso.com (the resolver failed)";
        assert_eq!(world.lines(&CHECK), [gap]);
    }

    #[test]
    fn an_mx_is_enough_and_other_dns_servers_may_know_more() {
        let mut world = World::healthy();
        for kind in [RecordKind::A, RecordKind::Aaaa] {
            world.dns("smarthost.contoso.com", kind, "");
        }
        world.connector(|connector| connector.external_dns = true);
        let lines = world.lines(&CHECK);
        assert!(lines[0].starts_with("critical likely: 'To Zimbra' hands mail"), "{lines:?}");
        assert!(lines[0].contains("the connector asks the DNS servers for the outside"), "{lines:?}");
        world.dns("smarthost.contoso.com", RecordKind::Mx, "10 mail.zimbra.contoso.com");
        assert_eq!(world.lines(&CHECK), [""; 0]);
    }

    #[test]
    fn an_address_literal_needs_no_dns() {
        let mut world = World::healthy();
        world.connector(|connector| connector.smart_hosts = vec!["192.0.2.44".into()]);
        assert_eq!(world.lines(&CHECK), [""; 0]);
    }

    #[test]
    fn a_connector_that_carries_nothing_of_the_domain_loses_nothing() {
        let mut world = World::healthy();
        world.dns("smarthost.contoso.com", RecordKind::A, "NXDOMAIN");
        world.dns("smarthost.contoso.com", RecordKind::Aaaa, "NXDOMAIN");
        assert_eq!(world.lines(&CHECK).len(), 1);
        world.accepted(|accepted| accepted.kind = crate::evidence::exchange::DomainKind::Authoritative);
        assert_eq!(world.lines(&CHECK), [""; 0]);
    }
}
