//! NSD403: Exchange itself refuses a mailbox of the other system (F-01 or F-09, observed).
use super::{Sight, groups, note_unseen};
use crate::evidence::exchange::{AcceptedDomain, DomainKind};
use crate::exchange::relay::relay;
use crate::model::{FaultKind, OrganisationView};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD403",
    name: "exchange-rejects-other-mailbox",
    title: "Exchange refuses recipients whose mailbox is on the other system",
    severity: Severity::Critical,
    why: "Exchange refuses at RCPT whoever is not in its directory when a recipient filter looks up the recipients of an \
          authoritative domain, or of a relay domain whose AddressBookEnabled was left on.",
    fix: "Make the domain an internal relay domain with AddressBookEnabled off.",
    sources: &[
        "https://learn.microsoft.com/exchange/antispam-and-antimalware/antispam-protection/recipient-filtering",
        "https://learn.microsoft.com/exchange/mail-flow/accepted-domains/accepted-domains",
    ],
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
        let remedy = match (own, accepted) {
            (Some(own), Some((_, accepted))) => mend(case, own, accepted),
            _ => {
                let set = Cmdlet::new("Set-AcceptedDomain").with("Identity", &*case.question.domain);
                let set =
                    set.remark("what the domain was is not known: unless you note it first, this cannot be undone");
                Remedy::exchange(RELAY, vec![set.word("DomainType", "InternalRelay")], vec![])
            }
        };
        group.tell(notes, detail).mend(remedy);
    }
}

const RELAY: &str = "Relay what Exchange does not know, once the connector to the other system is in place";

/// What has the domain relayed. Where it is relayed already, the server that refuses does not know it, or something else
/// looks recipients up there.
fn mend(case: &Case, own: &OrganisationView, accepted: &AcceptedDomain) -> Remedy {
    let looked_up = accepted.address_book && !own.is_online();
    if accepted.kind != DomainKind::InternalRelay || looked_up {
        return relay(case, own, accepted).then(own.synchronise());
    }
    let steps = vec![
        format!("'{}' is an internal relay domain already, and its recipients are not looked up", accepted.name),
        "Restart the transport services of the server that refuses, where that was changed lately".into(),
        "See what else looks recipients up there: a transport agent, or an Edge server that is not synchronised".into(),
    ];
    Remedy::steps("exchange", "Find what refuses them", steps)
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
