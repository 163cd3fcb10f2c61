//! NSD421: by configuration a recipient's mail ends nowhere.
use crate::model::Recipient;
use crate::model::diagnosis::Fate;
use crate::model::onward::End;
use crate::prelude::*;
use alloc::collections::BTreeMap;

pub(super) const CHECK: Check = Check {
    code: "NSD421",
    name: "recipient-has-no-route",
    title: "recipients whose mail has no way on from Exchange",
    severity: Severity::Critical,
    why: "Exchange takes their mail and has no connector that hands it on, or one that leads nowhere: it waits in a queue, and \
          its sender gets a bounce when it expires, after two days as shipped (Microsoft, \"Configure message retry, resubmit, \
          and expiration intervals\"). Every hop accepts such a recipient, so that nothing is to be heard of it.",
    fix: "Give the domain a send connector that leads to the system with the mailbox.",
    sources: &["https://learn.microsoft.com/exchange/mail-flow/queues/message-intervals"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    let mut stranded: BTreeMap<(Certainty, &str), Vec<&Recipient>> = BTreeMap::new();
    for recipient in &case.model.recipients {
        let found = case.model.diagnose(recipient);
        let last = found.concluded.worst().steps.last();
        if let Some(last) = last.filter(|_| found.fate == Fate::NoRoute) {
            stranded.entry((found.certainty, &last.says)).or_default().push(recipient);
        }
    }
    unprobed(case, notes);
    for ((certainty, why), recipients) in stranded {
        let names: Vec<&str> = recipients.iter().map(|one| one.address).collect();
        let detail = format!("mail for {} ends in Exchange: {why}", listed(&names, 5));
        // What the configuration alone says is likely: Exchange accepts such a recipient.
        let finding = notes.finding(detail).certainty(certainty);
        for recipient in recipients {
            finding.about(SubjectKind::Recipient, recipient.address);
            let way_out = case.model.diagnose(recipient).concluded.worst().steps.iter();
            let way_out = way_out.filter(|step| matches!(&*step.at, "send-connector" | "smart-host"));
            finding.seen_all(way_out.flat_map(|step| &step.evidence));
            finding.seen_all(recipient.directories.iter().map(|held| &held.pointer));
        }
        let online = case.model.organisations.iter().all(|one| one.is_online());
        let queue = match online {
            true => "See what became of it: the message trace of the Exchange admin center",
            false => {
                "See the queue: Get-Queue -Identity *\\Unreachable on the Mailbox servers, or the one of the connector"
            }
        };
        let steps = vec![queue.into(), "Mend the connector that the findings beside this one name".into()];
        finding.mend(Remedy::steps("exchange", "Give their mail a way on", steps));
    }
}

/// Objects whose routing domain has no way on, and which nobody diagnosed: of a long directory not everybody was read.
fn unprobed(case: &Case, notes: &mut Notes) {
    let (found, gaps) = case.model.strandings();
    gaps.into_iter().for_each(|gap| notes.gap(gap));
    for stranding in found.into_iter().filter(|one| matches!(one.onward.end, End::Stranded(_))) {
        let known = |address: &String| case.model.recipient(address).is_some();
        let left: Vec<_> = stranding.objects.iter().filter(|object| !object.addresses().iter().any(known)).collect();
        let (false, Some(last)) = (left.is_empty(), stranding.onward.steps.last()) else { continue };
        let names: Vec<String> = left.iter().map(|object| object.name()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let detail = format!("mail for {} ends in Exchange: {}", listed(&names, 5), last.says);
        let finding = notes.finding(detail).certainty(Certainty::Likely);
        for object in left {
            finding.about(SubjectKind::Recipient, object.name()).seen(object.pointer.clone());
        }
        finding.seen_all(stranding.onward.seen()).mend(Remedy::steps(
            "exchange",
            "Give their mail a way on",
            vec![format!("See which connector is to serve {}: Get-SendConnector", stranding.domain)],
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::World;

    #[test]
    fn an_object_that_nobody_asked_about_is_named_where_its_routing_domain_has_no_way() {
        let mut world = World::healthy();
        world.noteworthy(&["contact proxyAddresses=SMTP:lena@contoso.com targetAddress=SMTP:lena@zimbra.contoso.com"]);
        let found = "critical likely: mail for lena@contoso.com ends in Exchange: no send connector serves zimbra.contoso.com: \
                     it waits in the Unreachable queue and expires ('To Zimbra' serves contoso.com) [lena@contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
        world.connectors().push(crate::stories::connector("Routed", "SMTP:zimbra.contoso.com;1"));
        assert_eq!(world.lines(&CHECK), [""; 0]);
    }

    #[test]
    fn whom_no_connector_carries_on_is_named_and_whom_one_does_is_not() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.connectors().clear();
        let both = "critical likely: mail for orders@contoso.com and sales@contoso.com ends in Exchange: no send connector \
                    serves contoso.com: it waits in the Unreachable queue and expires \
                    [orders@contoso.com, sales@contoso.com]";
        assert_eq!(world.lines(&CHECK), [both]);
        world.hide_configuration();
        assert_eq!(world.lines(&CHECK), [""; 0], "what cannot be read strands nobody");
    }

    #[test]
    fn a_smart_host_without_an_address_strands_and_one_that_dns_does_not_tell_of_does_not() {
        use crate::evidence::dns::RecordKind;
        let mut world = World::healthy();
        world.connector(|connector| connector.smart_hosts = vec!["gone.contoso.com".into()]);
        for (answer, stranded) in [("NXDOMAIN", 1), ("SERVFAIL", 0)] {
            world.dns("gone.contoso.com", RecordKind::A, answer);
            world.dns("gone.contoso.com", RecordKind::Aaaa, answer);
            assert_eq!(world.lines(&CHECK).len(), stranded, "{answer}: {:?}", world.lines(&CHECK));
        }
    }
}
