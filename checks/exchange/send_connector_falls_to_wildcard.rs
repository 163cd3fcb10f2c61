//! NSD312: only the connector for all domains serves the shared one (F-04).
use super::edge_loop::loops_at_edge;
use super::remedies::give_connector;
use super::{leaves, on_premises};
use crate::evidence::exchange::SendConnector;
use crate::model::{End, OrganisationView};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD312",
    name: "send-connector-falls-to-wildcard",
    title: "mail for the other system leaves through the connector for all domains",
    severity: Severity::Critical,
    why: "Without a connector of its own a relayed domain goes where everything goes: by DNS to the domain's MX, or to a \
          smart host for the Internet. Where that leads to the gateway that hands the domain to Exchange it comes back, and \
          goes round until it bounces with 5.4.6.",
    fix: "Add a send connector for the domain with the other system's smart host.",
    sources: &[
        "https://learn.microsoft.com/exchange/mail-flow/mail-routing/connector-selection",
        "https://learn.microsoft.com/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in on_premises(case, notes) {
        let domain = organisation.domain;
        if !leaves(case, organisation, notes) {
            continue;
        }
        let Some(routing) = notes.need(organisation.selection(domain)) else { continue };
        let Some((pointer, winner)) = routing.winner() else { continue };
        // A disabled connector of its own is why it falls, and NSD313 says so; NSD322 where it falls to the Edge server.
        if !routing.by_wildcard() || routing.disabled().is_some() || loops_at_edge(organisation, &routing) {
            continue;
        }
        // Another system, to which it leads, may be the very one that it is for; NSD321 sees circles between several.
        let onward = case.model.onward(organisation, domain);
        let certainty = match onward.end {
            End::System(_) | End::Gateway(_) | End::Stranded(_) => continue,
            End::Unknown(_, gap) => {
                notes.gap(gap);
                continue;
            }
            End::Back if winner.dns_routing() || leads_inside(case, organisation, winner) => Certainty::Proven,
            // What a gateway does with mail from inside, or a host that is nobody's, only its owner knows.
            End::Back | End::Presumed | End::Beyond => Certainty::Likely,
        };
        let way = match winner.smart_hosts.is_empty() {
            true => format!("which asks DNS for the MX of {domain}"),
            false => format!("which hands it to {}", listed(&winner.smart_hosts, 3)),
        };
        let open = match onward.end == End::Beyond {
            true => "; whether that host knows the way to the other system is not known",
            false => "",
        };
        notes
            .finding(format!(
                "The only send connector that serves {domain} is '{}' for all domains, {way}{}{open}",
                winner.name,
                routing.why_others_lost()
            ))
            .certainty(certainty)
            .about(SubjectKind::Domain, domain)
            .about(SubjectKind::SendConnector, &winner.name)
            .seen(pointer)
            .seen_all(onward.seen())
            .remedies
            .extend(give_connector(case, organisation, &routing));
    }
}

/// Whether a smart host is a server of the organisation's own.
fn leads_inside(case: &Case, organisation: &OrganisationView, connector: &SendConnector) -> bool {
    let owners = connector.smart_hosts.iter().filter_map(|host| case.model.owner(host, connector.port));
    owners.into_iter().any(|owner| owner.system == organisation.system)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::dns::RecordKind;
    use crate::evidence::exchange::DomainKind;
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
        world.connector(|connector| connector.smart_hosts.clear());
        assert_eq!(world.lines(&CHECK).len(), 1);
        world.question.delivers_to.insert("mx1.contoso.com".into(), "labs".into());
        assert_eq!(world.lines(&CHECK), [""; 0]);
    }

    #[test]
    fn whose_the_host_is_decides_whether_the_connector_for_all_domains_is_a_fault() {
        const UNKNOWN: &str =
            "; whether that host knows the way to the other system is not known [contoso.com, Internet]";
        type Row = (&'static str, fn(&mut World), &'static [&'static str]);
        let cases: [Row; 9] = [
            ("the other system itself", |_| {}, &[]),
            (
                "nobody's",
                |world| world.connector(|one| one.smart_hosts = vec!["relay.example.net".into()]),
                &["critical likely: ", "which hands it to relay.example.net", UNKNOWN],
            ),
            (
                "the gateway",
                |world| world.connector(|one| one.smart_hosts = vec!["mx1.contoso.com".into()]),
                &["critical likely: ", "which hands it to mx1.contoso.com [contoso.com, Internet]"],
            ),
            (
                "the MX of the other system",
                |world| {
                    world.connector(|one| one.smart_hosts.clear());
                    world.dns("contoso.com", RecordKind::Mx, "10 smarthost.contoso.com");
                },
                &[],
            ),
            (
                "an MX that is nobody's",
                |world| {
                    world.connector(|one| one.smart_hosts.clear());
                    world.dns("contoso.com", RecordKind::Mx, "10 mx.example.net");
                },
                &["critical likely: ", "asks DNS for the MX", UNKNOWN],
            ),
            (
                "an MX that DNS does not tell",
                |world| {
                    world.connector(|one| one.smart_hosts.clear());
                    world.dns("contoso.com", RecordKind::Mx, "SERVFAIL");
                },
                &["unanswered: the MX records of contoso.com (the resolver failed)"],
            ),
            (
                "hosts that cannot be read",
                |world| world.connector(|one| one.unreadable.add("smart_hosts", "msExchSmtpSmartHost holds ','")),
                &[
                    "unanswered: the send connector 'Internet' of corp (could not be read: msExchSmtpSmartHost holds ',')",
                ],
            ),
            (
                "Exchange itself",
                |world| world.connector(|one| one.smart_hosts = vec!["10.0.0.10".into()]),
                &["critical proven: ", "which hands it to 10.0.0.10 [contoso.com, Internet]"],
            ),
            ("nothing is relayed", |world| world.accepted(|one| one.kind = DomainKind::Authoritative), &[]),
        ];
        for (name, change, parts) in cases {
            let mut world = World::healthy();
            world.connector(|connector| *connector = self::connector("Internet", "SMTP:*;1"));
            change(&mut world);
            let lines = world.lines(&CHECK);
            assert_eq!(lines.len(), usize::from(!parts.is_empty()), "{name}: {lines:?}");
            assert!(parts.iter().all(|part| lines[0].contains(part)), "{name}: {lines:?}");
        }
    }

    #[test]
    fn centralised_mail_transport_to_the_tenant_is_a_way() {
        let mut world = World::hybrid();
        world.accepted(|accepted| accepted.kind = DomainKind::InternalRelay);
        let mut all = connector("Mail to O365", "SMTP:*;1");
        all.smart_hosts = vec!["contoso-com.mail.protection.outlook.com".into()];
        *world.connectors() = vec![all];
        assert_eq!(world.lines(&CHECK), [""; 0]);
    }
}
