//! NSD314: the connector to the other system asks DNS (F-08), in Exchange Online too (F-42).
use super::aiming::{Carrier, aim};
use super::{all, leaves};
use crate::evidence::dns::RecordKind;
use crate::model::{End, OrganisationView};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD314",
    name: "send-connector-dns-routing",
    title: "the send connector for the shared domain routes by DNS",
    severity: Severity::Critical,
    why: "Where the MX records of the shared domain name the gateway that hands it to Exchange, a connector that routes by \
          them sends mail for the other system in a circle, which ends in 5.4.4 or 5.4.6.",
    fix: "Give the connector the other system's smart host, and switch DNS routing off.",
    sources: &[
        "https://learn.microsoft.com/exchange/mail-flow/connectors/send-connectors",
        "https://learn.microsoft.com/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in all(case, notes) {
        let domain = organisation.domain;
        if !leaves(case, organisation, notes) {
            continue;
        }
        if organisation.is_online() {
            online(case, organisation, notes);
            continue;
        }
        let Some(routing) = notes.need(organisation.selection(domain)) else { continue };
        let Some((pointer, connector)) = routing.winner() else { continue };
        if !connector.dns_routing() || routing.by_wildcard() {
            continue;
        }
        // Where the MX leads to another system that is the way; between organisations NSD321 sees whether it is a circle.
        let onward = case.model.onward(organisation, domain);
        let certainty = match onward.end {
            End::System(_) | End::Gateway(_) | End::Stranded(_) => continue,
            End::Unknown(_, gap) => {
                notes.gap(gap);
                continue;
            }
            End::Back => Certainty::Proven,
            End::Presumed | End::Beyond => Certainty::Likely,
        };
        let mx = case.evidence.dns_of(domain, RecordKind::Mx);
        let hosts: Vec<_> = mx
            .and_then(|(_, lookup)| lookup.answer.known())
            .map_or_else(Vec::new, |answer| answer.exchanges().into_iter().map(|(_, host)| host).collect());
        let to = if hosts.is_empty() { String::new() } else { format!(", to {}", listed(&hosts, 3)) };
        let name = &connector.name;
        notes
            .finding(format!("'{name}' serves {domain} and has no smart host: it routes by the MX records{to}"))
            .certainty(certainty)
            .about(SubjectKind::SendConnector, name)
            .seen(pointer)
            .seen_all(mx.map(|(at, _)| format!("/evidence/dns/{at}")))
            .seen_all(onward.seen())
            .mend(aim(case, organisation, &Carrier::Send(connector), "Hand the mail to the other system itself"));
    }
}

/// An outbound connector that routes by MX comes back where the MX is Exchange Online; elsewhere it may be the way.
fn online<'a>(case: &Case<'a>, organisation: &OrganisationView<'a>, notes: &mut Notes) {
    let domain = organisation.domain;
    let Some(outbound) = notes.need(organisation.outbound(domain)) else { return };
    let Some((pointer, connector)) = outbound.winner else { return };
    if !connector.use_mx && !connector.smart_hosts.is_empty() || !outbound.disabled.is_empty() {
        return;
    }
    let Some((comes_back, mx)) = case.model.mx_is_online() else {
        let what = format!("the MX of {domain}, which '{}' goes by", connector.name);
        return notes.gap(Gap::unanswered(what, "DNS did not say", "--resolver IP of a DNS server that answers"));
    };
    if !comes_back {
        return;
    }
    let name = &connector.name;
    notes
        .finding(format!("'{name}' serves {domain} and routes by the MX records, which are Exchange Online again"))
        .about(SubjectKind::SendConnector, name)
        .seen_all([pointer, mx])
        .mend(aim(case, organisation, &Carrier::Outbound(connector), "Hand the mail to the other system itself"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{OTHER, World, connector};

    #[test]
    fn another_port_is_set_with_the_host_and_taken_back_with_it() {
        for (port, set, back) in [(25, "", ""), (2525, " -Port 2525", " -Port 25")] {
            let mut world = World::healthy();
            world.connector(|connector| connector.smart_hosts.clear());
            world.evidence.hops.iter_mut().filter(|hop| hop.id == OTHER).for_each(|hop| hop.port = port);
            let mut notes = Notes::new(&CHECK);
            judge(&Case::new(&world.question, &world.evidence), &mut notes);
            let remedy = &notes.findings[0].remedies[0];
            let told = [&remedy.commands, &remedy.undo].map(|all| crate::remedy::lines(all).concat());
            let expected = [
                format!(
                    "Set-SendConnector -Identity 'To Zimbra' -DNSRoutingEnabled $false -SmartHosts \
                     'smarthost.contoso.com'{set}"
                ),
                format!("Set-SendConnector -Identity 'To Zimbra' -SmartHosts $null -DNSRoutingEnabled $true{back}"),
            ];
            assert_eq!(told, expected);
        }
    }

    #[test]
    fn a_connector_of_its_own_without_smart_host_is_found() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.connector(|connector| connector.smart_hosts.clear());
        let found = "critical proven: 'To Zimbra' serves contoso.com and has no smart host: it routes by the MX records, to \
                     mx1.contoso.com [To Zimbra]";
        assert_eq!(world.lines(&CHECK), [found]);
        world.question.delivers_to.insert("mx1.contoso.com".into(), "labs".into());
        assert_eq!(world.lines(&CHECK), [""; 0], "the MX leads to another organisation");
        world.question.delivers_to.clear();
        world.dns("contoso.com", RecordKind::Mx, "10 smarthost.contoso.com");
        assert_eq!(world.lines(&CHECK), [""; 0], "the MX is the other system");
        world.dns("contoso.com", RecordKind::Mx, "10 mx.example.net");
        assert_eq!(
            world.lines(&CHECK),
            [found.replace("proven", "likely").replace("mx1.contoso.com", "mx.example.net")]
        );
        world.dns("contoso.com", RecordKind::Mx, "10 mx1.contoso.com");
        world.accepted(|accepted| accepted.kind = crate::evidence::exchange::DomainKind::Authoritative);
        assert_eq!(world.lines(&CHECK), [""; 0], "it carries nothing");
        world.accepted(|accepted| accepted.kind = crate::evidence::exchange::DomainKind::InternalRelay);
        *world.connectors() = vec![connector("Internet", "SMTP:*;1")];
        world.connector(|connector| connector.smart_hosts.clear());
        assert_eq!(world.lines(&CHECK), [""; 0], "that is NSD312");
    }
    #[test]
    fn an_outbound_connector_by_mx_is_found_where_the_mx_is_the_tenant() {
        let mut world = World::online();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.outbound_connectors()[0].use_mx = true;
        assert_eq!(world.lines(&CHECK), [""; 0], "the MX is a gateway of its own");
        world.dns("contoso.com", RecordKind::Mx, "10 contoso-com.mail.protection.outlook.com");
        let found = "critical proven: 'To Zimbra' serves contoso.com and routes by the MX records, which are Exchange Online \
                     again [To Zimbra]";
        assert_eq!(world.lines(&CHECK), [found]);
        world.dns("contoso.com", RecordKind::Mx, "SERVFAIL");
        assert_eq!(
            world.lines(&CHECK),
            ["unanswered: the MX of contoso.com, which 'To Zimbra' goes by (DNS did not say)"]
        );
    }
}
