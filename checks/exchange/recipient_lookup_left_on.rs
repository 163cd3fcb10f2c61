//! NSD304: the recipient filter still looks the relay domain's recipients up (F-09).
use crate::evidence::exchange::DomainKind;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD304",
    name: "recipient-lookup-left-on",
    title: "Exchange still looks up recipients of the relay domain",
    severity: Severity::Critical,
    why: "A domain that was authoritative keeps AddressBookEnabled when it becomes an internal relay domain. With it, a \
          recipient filter refuses at RCPT whoever is not in the directory, although the domain is relayed.",
    fix: "Switch AddressBookEnabled off for the domain, and run Start-EdgeSynchronization where there is an Edge server.",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in case.model.on_premises() {
        let Some(Some((pointer, accepted))) = notes.need(organisation.accepted_domain()) else { continue };
        if accepted.kind != DomainKind::InternalRelay || !accepted.address_book {
            continue;
        }
        let filter = organisation.recipient_filter().ok();
        let validates = filter.map(|(_, filter)| filter.as_ref().is_some_and(|filter| filter.validates));
        let (severity, filter) = match validates {
            Some(true) => (Severity::Critical, "the recipient filter validates, so unknown recipients are refused"),
            Some(false) => (Severity::Warning, "no recipient filter is seen that acts on it now"),
            None => (Severity::Warning, "whether a recipient filter acts on it could not be seen"),
        };
        let name = &accepted.name;
        let set = |on: bool| format!("Set-AcceptedDomain -Identity {} -AddressBookEnabled ${on}", quoted(name));
        let finding = notes.finding(format!(
            "The accepted domain '{name}' of {} is relayed and has AddressBookEnabled on; {filter}",
            organisation.system
        ));
        finding.severity(severity).about(SubjectKind::AcceptedDomain, name).seen(pointer).mend(Remedy::exchange(
            "Switch the look-up off",
            vec![set(false)],
            vec![set(true)],
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::exchange::RecipientFilter;
    use crate::stories::World;

    #[test]
    fn the_recipient_filter_makes_it_critical() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.accepted(|accepted| accepted.address_book = true);
        let found = |severity: &str, filter: &str| {
            format!(
                "{severity} proven: The accepted domain 'contoso.com' of corp is relayed and has AddressBookEnabled on; \
                 {filter} [contoso.com]"
            )
        };
        assert_eq!(world.lines(&CHECK), [found("warning", "no recipient filter is seen that acts on it now")]);
        let filter = RecipientFilter { validates: true, raw_flags: Some(0x800), ..RecipientFilter::default() };
        world.organisation().recipient_filter = Observed::Known(Some(filter));
        let acts = "the recipient filter validates, so unknown recipients are refused";
        assert_eq!(world.lines(&CHECK), [found("critical", acts)]);
        world.accepted(|accepted| accepted.kind = DomainKind::Authoritative);
        assert_eq!(world.lines(&CHECK), [""; 0], "there the look-up is right");
    }
}
