//! NSD403: Exchange itself refuses a mailbox of the other system (F-01 or F-09, observed).
use super::{Sight, groups, note_unseen};
use crate::model::FaultKind;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD403",
    name: "exchange-rejects-other-mailbox",
    title: "Exchange refuses recipients whose mailbox is on the other system",
    severity: Severity::Critical,
    why: "Exchange refuses at RCPT whoever is not in its directory when a recipient filter looks up the recipients of an \
          authoritative domain, or of a relay domain whose AddressBookEnabled was left on.",
    fix: "Make the domain an internal relay domain with AddressBookEnabled off.",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    note_unseen(case, notes, &[Sight::Exchange]);
    for group in groups(case, FaultKind::ExchangeRejectsOther) {
        let addresses = group.addresses();
        let reply = group.first.reply.clone().unwrap_or_default();
        let detail = format!(
            "{} refuses {}, whose {} on the other system: {reply}",
            listed(&group.first.hops, 4),
            listed(&addresses, 5),
            if addresses.len() == 1 { "mailbox is" } else { "mailboxes are" },
        );
        let refusing = case.model.hops_of(Role::Exchange).find(|hop| group.first.hops.contains(&hop.name()));
        let refusing = refusing.and_then(|hop| hop.hop.system.as_deref());
        let own = refusing.and_then(|system| case.model.organisation_of(system));
        let accepted = own.and_then(|organisation| organisation.accepted_domain().ok()?);
        let name = accepted.as_ref().map_or(&*case.question.domain, |(_, accepted)| &*accepted.name);
        let set = |name: &str, kind, lookup| {
            let domain = Cmdlet::new("Set-AcceptedDomain").with("Identity", name);
            domain.word("DomainType", kind).bool("AddressBookEnabled", lookup)
        };
        let undo = accepted.as_ref().map(|(_, accepted)| {
            use crate::evidence::exchange::DomainKind::*;
            let kind = match accepted.kind {
                Authoritative => "Authoritative",
                ExternalRelay => "ExternalRelay",
                InternalRelay | Unknown => "InternalRelay",
            };
            set(&accepted.name, kind, accepted.address_book)
        });
        group.tell(notes, detail).mend(Remedy::exchange(
            "Relay what Exchange does not know, once the send connector is in place",
            vec![set(name, "InternalRelay", false)],
            undo.into_iter().collect(),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{EXCHANGE, OTHER, RANDOM, World};

    #[test]
    fn a_refusal_by_exchange_is_told_with_its_words() {
        let refusal = "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup";
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.validates(EXCHANGE);
        world.rcpt(EXCHANGE, RANDOM, refusal);
        assert_eq!(world.lines(&CHECK), [""; 0], "only the random control");
        world.rcpt(EXCHANGE, "orders@contoso.com", refusal);
        let found = format!(
            "critical proven: exch01.corp.contoso.com (10.0.0.10) refuses orders@contoso.com, whose mailbox is on the other \
             system: {refusal} [orders@contoso.com]"
        );
        assert_eq!(world.lines(&CHECK), [found]);
        world.rcpt(OTHER, RANDOM, "250 Ok");
        assert!(world.lines(&CHECK)[0].starts_with("critical likely: "));
        world.directory("orders@contoso.com", "user homeMDB=DB1");
        let gap = format!(
            "unanswered: orders@contoso.com at exch01.corp.contoso.com (10.0.0.10) (Exchange refuses it: {refusal})"
        );
        assert_eq!(world.lines(&CHECK), [gap], "its mailbox is in Exchange: that is no mailbox of the other system");
    }
}
