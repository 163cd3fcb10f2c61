//! NSD105: the send connector's smart host has no address (F-11).
use super::ways::{Aim, SmartHost, ways};
use crate::exchange::aiming::carrier;
use crate::exchange::known::other_hosts;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD105",
    name: "smart-host-unresolvable",
    title: "the send connector's smart host has no address",
    severity: Severity::Critical,
    why: "Exchange hands mail for the other system to the smart host of the send connector. If its name does not resolve, \
          that mail waits in the queue and expires.",
    fix: "Put the name into the DNS that Exchange asks, or name another smart host on the connector.",
    sources: &[
        "https://learn.microsoft.com/exchange/mail-flow/connectors/outbound-smart-host-routing",
        "https://learn.microsoft.com/exchange/mail-flow/queues/message-intervals",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for way in ways(case, notes) {
        let (name, domain) = (way.exit.name, way.organisation.domain);
        // Its servers may name other DNS servers for the outside, which nsdiag does not know.
        let routing = way.organisation.selection(domain).ok().filter(|_| !way.organisation.is_online());
        let external =
            routing.and_then(|routing| routing.winner()).is_some_and(|(_, connector)| connector.external_dns);
        let elsewhere = match external {
            true => "; but the connector asks the DNS servers for the outside (UseExternalDNSServersEnabled)",
            false => "",
        };
        let rest = match &way.rest()[..] {
            [] => "mail for the other system stays in the queue".to_string(),
            rest => format!("{} is left to the connector", listed(rest, 3)),
        };
        for SmartHost { name: host, seen, .. } in way.hosts.iter().filter(|host| host.aim == Aim::Dead) {
            let finding = notes.finding(format!(
                "'{name}' hands mail for {domain} to {host}, which has no address in the DNS that was asked; {rest}{elsewhere}"
            ));
            finding.severity(way.severity());
            finding.certainty(if external { Certainty::Likely } else { Certainty::Proven });
            finding.about(SubjectKind::Host, *host).about(SubjectKind::SendConnector, name);
            finding.seen(&*way.exit.pointer).seen_all(seen).mend(way.mend(case, "Name a smart host that exists"));
            let more = carrier(way.organisation).map(|one| one.serves_besides(domain)).unwrap_or_default();
            if !more.is_empty() {
                // The other system's address would draw their mail there.
                let step = format!(
                    "Publish {host} with the address of the host that '{name}' is to use for {}",
                    listed(&more, 4)
                );
                let title = format!("What else '{name}' serves needs a smart host as well");
                finding.mend(Remedy::note("dns", title, vec![step]));
                continue;
            }
            let steps = match other_hosts(case, way.organisation).records(host) {
                none if none.is_empty() => vec![format!("{host}. IN A <the other system's address>")],
                known => known,
            };
            finding.mend(Remedy::steps("dns", "Or publish its name", steps));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::dns::RecordKind;
    use crate::evidence::exchange::AddressSpace;
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
        assert_eq!(world.lines(&CHECK), [""; 0], "nobody asked for its MX");
        world.dns("smarthost.contoso.com", RecordKind::Mx, "");
        world.connector(|connector| connector.external_dns = true);
        let lines = world.lines(&CHECK);
        assert!(lines[0].starts_with("critical likely: 'To Zimbra' hands mail"), "{lines:?}");
        assert!(lines[0].contains("the connector asks the DNS servers for the outside"), "{lines:?}");
        world.dns("smarthost.contoso.com", RecordKind::Mx, "10 mail.zimbra.contoso.com");
        assert_eq!(world.lines(&CHECK), [""; 0]);
    }

    #[test]
    fn where_one_of_two_is_dead_the_living_one_stays() {
        let mut world = World::healthy();
        let aim = |world: &mut World, hosts: &[&str]| {
            world.connector(|one| one.smart_hosts = hosts.iter().map(ToString::to_string).collect());
        };
        let dead = |severity: &str, host: &str, rest: &str| {
            format!(
                "{severity} proven: 'To Zimbra' hands mail for contoso.com to {host}, which has no address in the DNS that was \
                 asked; {rest} [{host}, To Zimbra]"
            )
        };
        for old in ["old.contoso.com", "older.contoso.com"] {
            world.dns(old, RecordKind::A, "NXDOMAIN");
            world.dns(old, RecordKind::Aaaa, "NXDOMAIN");
        }
        aim(&mut world, &["old.contoso.com", "smarthost.contoso.com"]);
        let left = "smarthost.contoso.com is left to the connector";
        assert_eq!(world.lines(&CHECK), [dead("warning", "old.contoso.com", left)]);
        let kept = "Set-SendConnector -Identity 'To Zimbra' -SmartHosts 'smarthost.contoso.com'";
        assert_eq!(world.commands(&CHECK), [kept]);
        aim(&mut world, &["old.contoso.com", "older.contoso.com"]);
        let none = "mail for the other system stays in the queue";
        let both = [dead("critical", "old.contoso.com", none), dead("critical", "older.contoso.com", none)];
        assert_eq!(world.lines(&CHECK), both);
        aim(&mut world, &["old.contoso.com", "mx1.contoso.com"]);
        assert_eq!(world.lines(&CHECK), [dead("critical", "old.contoso.com", none)], "the gateway hands it back");
        assert_eq!(world.commands(&CHECK), [kept], "the other system's host is known");
        let other = world.evidence.hops.pop().unwrap();
        let named = "Set-SendConnector -Identity 'To Zimbra' -SmartHosts <the host of the other system>";
        assert_eq!(world.commands(&CHECK), [named]);
        world.evidence.hops.push(other);
        // What cannot be told is no dead host, and may be a living one.
        aim(&mut world, &["old.contoso.com", "slow.contoso.com"]);
        world.dns("slow.contoso.com", RecordKind::A, "SERVFAIL");
        let gap = "unanswered: the addresses of the smart host slow.contoso.com (the resolver failed)";
        let left = "slow.contoso.com is left to the connector";
        assert_eq!(world.lines(&CHECK), [dead("warning", "old.contoso.com", left), gap.to_string()]);
    }

    #[test]
    fn a_name_that_leads_round_leads_nowhere_and_one_that_nobody_asked_for_is_open() {
        let mut world = World::healthy();
        world.dns("smarthost.contoso.com", RecordKind::A, "LOOP");
        world.dns("smarthost.contoso.com", RecordKind::Aaaa, "LOOP");
        assert!(
            world.lines(&CHECK)[0].starts_with("critical proven: 'To Zimbra' hands mail"),
            "{:?}",
            world.lines(&CHECK)
        );
        world.evidence.dns.retain(|lookup| lookup.name != "smarthost.contoso.com");
        assert_eq!(world.lines(&CHECK), ["not asked: the addresses of the smart host smarthost.contoso.com"]);
        world.connector(|one| one.smart_hosts = vec!["SmartHost.contoso.com.".into()]);
        world.dns("smarthost.contoso.com", RecordKind::A, "10.0.0.44");
        assert_eq!(world.lines(&CHECK), [""; 0], "the final dot is no part of the name");
    }

    #[test]
    fn a_name_that_other_domains_use_is_not_given_the_other_systems_address() {
        let told = |spaces: &[&str]| {
            let mut world = World::healthy();
            world.connector(|one| {
                one.smart_hosts = vec!["dead.contoso.com".into()];
                one.address_spaces = spaces.iter().filter_map(|space| AddressSpace::parse(space)).collect();
            });
            world.dns("dead.contoso.com", RecordKind::A, "NXDOMAIN");
            world.dns("dead.contoso.com", RecordKind::Aaaa, "NXDOMAIN");
            let mut notes = Notes::new(&CHECK);
            judge(&Case::new(&world.question, &world.evidence), &mut notes);
            let last = notes.findings[0].remedies.pop().unwrap();
            (last.mends(), crate::remedy::lines(&last.commands))
        };
        assert_eq!(told(&["contoso.com"]), (true, vec!["dead.contoso.com. IN A 10.0.0.44".to_string()]));
        let step = "Publish dead.contoso.com with the address of the host that 'To Zimbra' is to use for *";
        assert_eq!(told(&["*"]), (false, vec![step.to_string()]));
    }

    #[test]
    fn an_address_literal_needs_no_dns() {
        for literal in ["192.0.2.44", "[192.0.2.44]", "[2001:db8::44]"] {
            let mut world = World::healthy();
            world.connector(|connector| connector.smart_hosts = vec![literal.into()]);
            assert_eq!(world.lines(&CHECK), [""; 0], "{literal}");
        }
    }

    #[test]
    fn an_outbound_connector_is_judged_as_well_and_nothing_passes_unseen() {
        let mut world = World::online();
        world.accepted(|accepted| accepted.kind = crate::evidence::exchange::DomainKind::InternalRelay);
        world.dns("smarthost.contoso.com", RecordKind::A, "NXDOMAIN");
        world.dns("smarthost.contoso.com", RecordKind::Aaaa, "NXDOMAIN");
        assert!(world.lines(&CHECK)[0].starts_with("critical proven: 'To Zimbra' hands mail"));
        let named = "Set-OutboundConnector -Identity 'To Zimbra' -SmartHosts <the host of the other system>";
        assert_eq!(world.commands(&CHECK), [named]);
        world.question.systems.remove(0);
        assert_eq!(world.lines(&CHECK), ["not asked: an Exchange system"]);
        let mut world = World::healthy();
        world.hide_configuration();
        assert_eq!(
            world.lines(&CHECK),
            ["unanswered: the Exchange configuration of corp (no accepted domain is visible)"]
        );
    }

    #[test]
    fn a_connector_that_carries_nothing_of_the_domain_loses_nothing() {
        let mut world = World::healthy();
        world.dns("smarthost.contoso.com", RecordKind::A, "NXDOMAIN");
        world.dns("smarthost.contoso.com", RecordKind::Aaaa, "NXDOMAIN");
        assert_eq!(world.lines(&CHECK).len(), 1);
        world.accepted(|accepted| accepted.kind = crate::evidence::exchange::DomainKind::Authoritative);
        assert_eq!(world.lines(&CHECK), ["not asked: a smart host for mail of contoso.com"]);
    }
}
