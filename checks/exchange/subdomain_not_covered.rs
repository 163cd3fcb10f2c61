//! NSD306: a subdomain in use is not covered by the accepted domains (F-20).
use super::all;
use crate::evidence::exchange::DomainKind;
use crate::model::{OrganisationView, subdomains};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD306",
    name: "subdomain-not-covered",
    title: "a subdomain in use is not covered by the accepted domains",
    severity: Severity::Warning,
    why: "Exchange takes mail from outside for accepted domains only. Its Edge server knows the listed domains alone: one \
          that is covered by a wildcard and not listed goes out again and comes back. In Exchange Online subdomains need an \
          internal relay domain and an outbound connector for *.domain.",
    fix: "Accept the subdomain as an internal relay domain of its own.",
    sources: &[
        "https://learn.microsoft.com/en-us/troubleshoot/exchange/mailflow/hop-count-exceeded-possible-mail-loop",
        "https://learn.microsoft.com/exchange/mail-flow-best-practices/manage-accepted-domains/enable-mail-flow-for-subdomains",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in all(case, notes) {
        let Some((pointer, _)) = notes.need(organisation.accepted_domains()) else { continue };
        match organisation.is_online() {
            true => tenant(organisation, notes),
            false => edge(case, organisation, notes),
        }
        let (uncovered, seen) = subdomains::uncovered(&case.model, organisation, notes);
        if !seen {
            let what = format!("the addresses of {}'s mailboxes", organisation.system);
            notes.gap(Gap::not_asked(what, organisation.recipients_supply()));
        }
        for (domain, (address, held)) in uncovered {
            notes
                .finding(format!(
                    "{address} has an address in {domain}, which no accepted domain of {} covers: mail from outside for it \
                     is refused",
                    organisation.system
                ))
                // Nobody may write to it.
                .certainty(Certainty::Likely)
                .about(SubjectKind::Domain, &domain)
                .seen_all([pointer.clone(), held])
                .mend(accept(case, organisation, &domain));
        }
    }
}

/// The Edge server's `SMTP:--` is the listed domains: one under a wildcard is none of them.
fn edge(case: &Case, organisation: &OrganisationView, notes: &mut Notes) {
    let domain = organisation.domain;
    let Some(Some((pointer, entry))) = notes.need(organisation.accepted_domain()) else { return };
    if entry.domain == domain || entry.kind != DomainKind::InternalRelay {
        return;
    }
    let Some((edges, all)) = notes.need(organisation.edge_subscriptions()) else { return };
    let Some(first) = all.first() else { return };
    notes
        .finding(format!(
            "{} accepts {domain} by '{}' alone, and its Edge server {} does not count that as one of its own domains",
            organisation.system, entry.domain, first.name
        ))
        .about(SubjectKind::Domain, domain)
        .about(SubjectKind::AcceptedDomain, &entry.name)
        .seen_all([pointer, edges])
        .mend(accept(case, organisation, domain));
}

/// `MatchSubDomains` in Exchange Online works with an internal relay domain and a connector for the subdomains.
fn tenant(organisation: &OrganisationView, notes: &mut Notes) {
    let domain = organisation.domain;
    let Some(Some((lacking, entry, seen))) = notes.need(subdomains::tenant_lacks(organisation)) else { return };
    notes
        .finding(format!("'{}' of {} matches subdomains, and {lacking}", entry.name, organisation.system))
        .about(SubjectKind::AcceptedDomain, &entry.name)
        .seen_all(seen)
        .mend(Remedy::steps(
            "exchange",
            "Relay the subdomains",
            vec![format!("Make {domain} an internal relay domain, and add *.{domain} to the outbound connector")],
        ));
}

fn accept(case: &Case, organisation: &OrganisationView, domain: &str) -> Remedy {
    if organisation.is_online() {
        return super::remedies::accept(case, Some(organisation), domain);
    }
    Remedy::exchange(
        "Accept the subdomain",
        vec![
            Cmdlet::new("New-AcceptedDomain")
                .with("Name", domain)
                .with("DomainName", domain)
                .word("DomainType", "InternalRelay"),
        ],
        vec![Cmdlet::new("Remove-AcceptedDomain").with("Identity", domain).off("Confirm")],
    )
    .then(organisation.synchronise())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::servers::EdgeSubscription;
    use crate::stories::{World, outbound};

    #[test]
    fn a_wildcard_is_not_enough_for_an_edge_server() {
        let mut world = World::healthy();
        world.question.known_good.push("app@app.contoso.com".into());
        world.directory("app@app.contoso.com", "user homeMDB=DB1");
        world.question.domain = "app.contoso.com".into();
        world.accepted(|accepted| accepted.domain = "*.contoso.com".into());
        assert_eq!(world.lines(&CHECK), ["not asked: the Edge subscriptions of corp"]);
        world.organisation().edge_subscriptions = Observed::Known(vec![]);
        assert_eq!(world.lines(&CHECK), [""; 0]);
        let edge = EdgeSubscription { name: "EDGE01".into(), ..EdgeSubscription::default() };
        world.organisation().edge_subscriptions = Observed::Known(vec![edge]);
        let found = "warning proven: corp accepts app.contoso.com by '*.contoso.com' alone, and its Edge server EDGE01 does \
                     not count that as one of its own domains [app.contoso.com, contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
        world.accepted(|accepted| accepted.domain = "app.contoso.com".into());
        assert_eq!(world.lines(&CHECK), [""; 0], "listed itself");
    }

    #[test]
    fn an_address_in_a_subdomain_needs_it_accepted() {
        let mut world = World::healthy();
        let addresses = ["SMTP:helpdesk@contoso.com", "smtp:Help@App.contoso.com", "smtp:h@notcontoso.com"];
        let entry = |world: &mut World| {
            world.directory("helpdesk@contoso.com", "user homeMDB=DB1");
            let lookups = &mut world.evidence.directories[0].lookups;
            let Some(Observed::Known(entries)) = lookups.last_mut().map(|lookup| &mut lookup.entries) else { panic!() };
            entries[0].attributes.insert("proxyaddresses".into(), addresses.map(String::from).to_vec());
        };
        entry(&mut world);
        let found = "warning likely: helpdesk@contoso.com has an address in app.contoso.com, which no accepted domain of corp \
                     covers: mail from outside for it is refused [app.contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
        world.accepted(|accepted| accepted.match_subdomains = true);
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.accepted(|accepted| {
            accepted.match_subdomains = false;
            accepted.unreadable.add("match_subdomains", "msExchAcceptedDomainFlags is 'x'");
        });
        let gap = "unanswered: whether the accepted domain 'contoso.com' covers app.contoso.com of corp (could not be read: \
                   msExchAcceptedDomainFlags is 'x')";
        assert_eq!(world.lines(&CHECK), [gap]);
        world.directory("helpdesk@contoso.com", "UNKNOWN");
        assert_eq!(world.lines(&CHECK), ["not asked: the addresses of corp's mailboxes"]);
    }

    #[test]
    fn a_tenant_that_matches_subdomains_needs_a_connector_for_them() {
        let mut world = World::online();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.accepted(|accepted| accepted.match_subdomains = true);
        let found = |lacking: &str| {
            format!("warning proven: 'contoso.com' of corp matches subdomains, and {lacking} [contoso.com]")
        };
        assert_eq!(world.lines(&CHECK), [found("no outbound connector serves *.contoso.com")]);
        world.outbound_connectors().push(outbound("Below", "*.contoso.com"));
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.accepted(|accepted| accepted.kind = DomainKind::Authoritative);
        assert_eq!(world.lines(&CHECK), [found("the domain is no internal relay domain")]);
    }
}
