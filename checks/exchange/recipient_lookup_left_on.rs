//! NSD304: the recipient filter still looks the relay domain's recipients up (F-09).
use super::on_premises;
use crate::evidence::exchange::{DomainKind, RecipientFilter};
use crate::model::Recipient;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD304",
    name: "recipient-lookup-left-on",
    title: "Exchange still looks up recipients of the relay domain",
    severity: Severity::Critical,
    why: "A domain that was authoritative keeps AddressBookEnabled when it becomes an internal relay domain. With it, a \
          recipient filter refuses whoever is not in the directory, although the domain is relayed: an Edge server at RCPT, \
          a Mailbox server after the message. Of Microsoft's pages one has that switch decide, and another has the filter \
          leave relay domains alone; what the server answers to a recipient who is elsewhere settles it.",
    fix: "Switch AddressBookEnabled off for the domain, and run Start-EdgeSynchronization where there is an Edge server.",
    sources: &[
        "https://learn.microsoft.com/exchange/mail-flow/accepted-domains/accepted-domains",
        "https://learn.microsoft.com/exchange/antispam-and-antimalware/antispam-protection/recipient-filtering",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in on_premises(case, notes) {
        let Some(Some((pointer, accepted))) = notes.need(organisation.accepted_domain()) else { continue };
        if accepted.kind != DomainKind::InternalRelay || !accepted.address_book {
            continue;
        }
        let filter = organisation.recipient_filter().ok();
        let readable = |filter: &RecipientFilter| filter.unreadable.of(&["validates"]).is_none();
        let filter = filter.filter(|(_, filter)| filter.as_ref().is_none_or(readable));
        let validates = filter.as_ref().map(|(_, filter)| filter.as_ref().is_some_and(|filter| filter.validates));
        // Whether the agent runs at all is not in the directory; what a server of Exchange's says at RCPT shows it.
        let own = |hop: &&HopView| hop.hop.system.as_deref() == Some(organisation.system);
        let refusing = case.model.hops_of(Role::Exchange).filter(own).find(|hop| hop.validates() == Some(true));
        let edge = organisation.edge_subscriptions().ok().filter(|(_, edges)| !edges.is_empty());
        let (severity, certainty, filter) = match (validates, &refusing, &edge) {
            (_, Some(hop), _) => {
                let seen = format!("{} refuses unknown recipients", hop.name());
                (Severity::Critical, Certainty::Proven, seen)
            }
            (Some(true), ..) => {
                let said = "the recipient filter validates, so unknown recipients are refused where its agent runs";
                (Severity::Critical, Certainty::Likely, said.into())
            }
            (_, None, Some(_)) => {
                let said = "an Edge server is subscribed, whose recipient filter is not in the directory";
                (Severity::Warning, Certainty::Proven, said.into())
            }
            (Some(false), ..) => {
                (Severity::Warning, Certainty::Proven, "no recipient filter is seen that acts on it now".into())
            }
            (None, ..) => {
                let said = "whether a recipient filter acts on it could not be seen";
                (Severity::Warning, Certainty::Proven, said.into())
            }
        };
        // With an object for everybody elsewhere the look-up refuses nobody (Microsoft, "Accepted domains").
        let elsewhere = case
            .model
            .recipients
            .iter()
            .filter(|one| one.listed().is_some_and(|listed| listed.system != organisation.system));
        let held = |one: &Recipient| {
            one.directories.iter().any(|held| held.system == organisation.system && held.state.resolves())
        };
        let (known, all) = elsewhere.fold((0, 0), |(known, all), one| (known + usize::from(held(one)), all + 1));
        let (severity, but) = match all > 0 && known == all {
            true => {
                let who = if all == 1 { "the one address" } else { "each of the addresses" };
                (Severity::Info, format!("; but {who} on the other side's list has an object in the directory"))
            }
            false => (severity, String::new()),
        };
        let name = &accepted.name;
        let set = |on| vec![Cmdlet::new("Set-AcceptedDomain").with("Identity", name).bool("AddressBookEnabled", on)];
        notes
            .finding(format!(
                "The accepted domain '{name}' of {} is relayed and has AddressBookEnabled on; {filter}{but}",
                organisation.system
            ))
            .severity(severity)
            .certainty(certainty)
            .about(SubjectKind::AcceptedDomain, name)
            .seen(pointer)
            .seen_all(refusing.and_then(|hop| Some(hop.random_control()?.pointer())))
            .seen_all(edge.as_ref().map(|(pointer, _)| pointer.clone()))
            .mend(Remedy::exchange("Switch the look-up off", set(false), set(true)).then(organisation.synchronise()))
            .mend(Remedy::exchange(
                "See whether the recipient filter runs there",
                vec![Cmdlet::new("Get-TransportAgent").shows(&["Identity", "Enabled", "Priority"])],
                Vec::new(),
            ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::servers::EdgeSubscription;
    use crate::stories::{EXCHANGE, World};

    #[test]
    fn the_recipient_filter_makes_it_critical() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.accepted(|accepted| accepted.address_book = true);
        let found = |severity: &str, filter: &str| {
            format!(
                "{severity}: The accepted domain 'contoso.com' of corp is relayed and has AddressBookEnabled on; \
                 {filter} [contoso.com]"
            )
        };
        assert_eq!(world.lines(&CHECK), [found("warning proven", "no recipient filter is seen that acts on it now")]);
        let filter = RecipientFilter { validates: true, raw_flags: Some(0x800), ..RecipientFilter::default() };
        world.organisation().recipient_filter = Observed::Known(Some(filter));
        let acts = "the recipient filter validates, so unknown recipients are refused where its agent runs";
        assert_eq!(world.lines(&CHECK), [found("critical likely", acts)]);
        let mut odd = RecipientFilter::default();
        odd.unreadable.add("validates", "msExchAgentsFlags is 'x'");
        let filter = core::mem::replace(&mut world.organisation().recipient_filter, Observed::Known(Some(odd)));
        let unseen = "whether a recipient filter acts on it could not be seen";
        assert_eq!(world.lines(&CHECK), [found("warning proven", unseen)]);
        world.organisation().recipient_filter = filter;
        world.validates(EXCHANGE);
        let refuses = "exch01.corp.contoso.com (10.0.0.10) refuses unknown recipients";
        assert_eq!(world.lines(&CHECK), [found("critical proven", refuses)]);
        for each in ["orders@contoso.com", "sales@contoso.com"] {
            assert_eq!(world.lines(&CHECK), [found("critical proven", refuses)], "{each} has no object");
            world.directory(each, "contact targetAddress=SMTP:somebody@zimbra.contoso.com");
        }
        let but =
            format!("{refuses}; but each of the addresses on the other side's list has an object in the directory");
        assert_eq!(world.lines(&CHECK), [found("info proven", &but)]);
        world.accepted(|accepted| accepted.kind = DomainKind::Authoritative);
        assert_eq!(world.lines(&CHECK), [""; 0], "there the look-up is right");
    }

    #[test]
    fn an_edge_server_has_a_filter_of_its_own() {
        let mut world = World::healthy();
        world.accepted(|accepted| accepted.address_book = true);
        let edge = EdgeSubscription { name: "EDGE01".into(), ..EdgeSubscription::default() };
        world.organisation().edge_subscriptions = Observed::Known(vec![edge]);
        let found = "warning proven: The accepted domain 'contoso.com' of corp is relayed and has AddressBookEnabled on; an \
                     Edge server is subscribed, whose recipient filter is not in the directory [contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
        let commands = [
            "Set-AcceptedDomain -Identity 'contoso.com' -AddressBookEnabled $false",
            "Start-EdgeSynchronization",
            "Get-TransportAgent | Format-List Identity, Enabled, Priority",
        ];
        assert_eq!(world.commands(&CHECK), commands);
        world.accepted(|accepted| accepted.address_book = false);
        assert_eq!(world.lines(&CHECK), [""; 0]);
    }
}
