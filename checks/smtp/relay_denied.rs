//! NSD208: a hop does not take the domain at all (F-02, F-12).
use crate::exchange::remedies::accept;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD208",
    name: "relay-denied",
    title: "a mail host does not take the domain",
    severity: Severity::Critical,
    why: "Every system on the way must hold the shared domain as its own or as a relay domain, or let the host that hands the \
          mail over relay through it. One that does neither refuses all of its mail, whoever the recipient.",
    fix: "Add the domain to the host's accepted or relay domains, and allow the host that hands it over.",
    sources: &["https://learn.microsoft.com/exchange/mail-flow/accepted-domains/accepted-domains", "RFC 5321, 3.6.2"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    super::unheard(case, notes);
    for hop in &case.model.hops {
        let mut denied = Vec::new();
        let mut other_word = false;
        for heard in hop.replies() {
            match heard.meaning {
                Meaning::RelayDenied => denied.push(heard),
                _ => other_word = true,
            }
        }
        let (Some(first), false) = (denied.first(), other_word) else { continue };
        // A smart host often relays for Exchange's addresses alone; from here that looks the same.
        let by_address = hop.hop.role == Role::Other;
        let caveat = if by_address { "; it may take it from Exchange's own address and not from this one" } else { "" };
        let domain = &*case.question.domain;
        let finding =
            notes.finding(format!("{} takes no recipient of {domain}: {}{caveat}", hop.name(), first.quote()));
        finding.about(SubjectKind::Host, hop.id()).seen_all(denied.iter().map(|heard| heard.pointer()));
        // One recipient is not everybody.
        let several = denied.iter().any(|other| other.recipient != first.recipient);
        finding.certainty(if by_address || !several { Certainty::Likely } else { Certainty::Proven });
        let held = case.model.organisations.iter().filter(|one| Some(one.system) == hop.hop.system.as_deref());
        let held = held.filter_map(|one| one.accepted_domain().ok()?).next();
        if let (Role::Exchange, Some((pointer, accepted))) = (hop.hop.role, held) {
            let name = &accepted.name;
            finding.detail += &format!("; its configuration holds the domain as '{name}'");
            let steps = vec![
                format!(
                    "See which server answers as {}: a front end or an Edge server has a configuration of its own",
                    hop.name()
                ),
                "Restart the transport services there where the accepted domain is new".into(),
            ];
            finding.seen(pointer).mend(Remedy::steps("exchange", "Have this server know the domain too", steps));
        } else if hop.hop.role == Role::Exchange {
            let own = hop.hop.system.as_deref().and_then(|system| case.model.organisation_of(system));
            let edges = own.and_then(|own| own.synchronise());
            finding.mend(accept(case, own, domain).then(edges));
        } else {
            let steps = vec![
                format!("On {}, add {domain} to the domains that it takes or relays", hop.hop.host),
                "Allow the addresses of the host that hands mail over to it".into(),
            ];
            finding.mend(Remedy::steps(hop.hop.role.word(), "Have it take the domain", steps));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::smtp::Turn;
    use crate::stories::{EXCHANGE, OTHER, World};

    #[test]
    fn only_a_hop_that_takes_nobody_is_accused() {
        let denied = "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain";
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.rcpt(EXCHANGE, "orders@contoso.com", denied);
        assert_eq!(world.lines(&CHECK), [""; 0], "others are taken");
        world.answers_all(EXCHANGE, denied);
        let found = |certainty: &str, so: &str| {
            format!(
                "critical {certainty}: exch01.corp.contoso.com (10.0.0.10) takes no recipient of contoso.com: {denied}{so} \
                 [exchange/exch01.corp.contoso.com/10.0.0.10:25]"
            )
        };
        assert_eq!(world.lines(&CHECK), [found("proven", "; its configuration holds the domain as 'contoso.com'")]);
        world.hide_configuration();
        assert_eq!(world.lines(&CHECK), [found("proven", "")]);
        let other = |turn: &Turn| turn.recipient.as_ref().is_some_and(|one| !one.starts_with("helpdesk"));
        world.evidence.smtp.iter_mut().for_each(|session| session.transcript.retain(|turn| !other(turn)));
        assert_eq!(world.lines(&CHECK), [found("likely", "")], "one recipient is not everybody");
        let mut world = World::healthy();
        world.answers_all(OTHER, "554 5.7.1 <x@contoso.com>: Relay access denied");
        assert!(world.lines(&CHECK)[0].starts_with("critical likely: smarthost.contoso.com (10.0.0.44) takes no"));
    }
}
