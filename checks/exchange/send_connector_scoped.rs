//! NSD316: the connector to the other system is seen from its own AD site only (F-06).
use super::{leaves, on_premises};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD316",
    name: "send-connector-scoped",
    title: "the send connector to the other system serves one AD site only",
    severity: Severity::Warning,
    why: "A scoped connector is invisible to Exchange servers of other sites. Their mail for the other system takes the \
          next best connector, usually the one for all domains, or waits in the queue: some users' mail passes, others' \
          does not.",
    fix: "Take the scope off the connector, or give each site one of its own.",
    sources: &["https://learn.microsoft.com/exchange/mail-flow/mail-routing/connector-selection"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in on_premises(case, notes) {
        if !leaves(case, organisation, notes) {
            continue;
        }
        let Some(routing) = notes.need(organisation.choice(organisation.domain)) else { continue };
        let Some((pointer, connector)) = routing.winner() else { continue };
        if !connector.scoped || routing.by_wildcard() {
            continue;
        }
        let (domain, name) = (organisation.domain, &connector.name);
        let sites = organisation.routing_sites().filter(|_| organisation.sites_of(connector).is_some());
        let mut cut_off = Vec::new();
        for site in sites.iter().flatten() {
            let there = routing.seen_from(&|connector| organisation.place_from(site, connector));
            notes.need(organisation.undoubted(&there));
            if !there.is_served() {
                let instead = there.winner().map_or("nothing".to_string(), |(_, other)| format!("'{}'", other.name));
                cut_off.push(format!("{site} (there {instead} serves {domain}{})", there.why_others_lost()));
            }
        }
        if sites.is_some() && cut_off.is_empty() {
            continue;
        }
        let set = |on: bool| Cmdlet::new("Set-SendConnector").with("Identity", name).bool("IsScopedConnector", on);
        let seen = match sites {
            Some(_) => format!("is scoped to its site and is not seen from {}", listed(&cut_off, 4)),
            None => "is scoped to its site; which sites have Exchange servers is not known".into(),
        };
        let finding = notes.finding(format!("'{name}' of {} {seen}", organisation.system));
        finding.certainty(if sites.is_some() { Certainty::Proven } else { Certainty::Likely });
        finding.about(SubjectKind::SendConnector, name).seen(pointer);
        finding.seen_all(organisation.servers().ok().filter(|_| sites.is_some()).map(|(pointer, _)| pointer));
        let remedy = Remedy::exchange("Take the scope off", vec![set(false)], vec![set(true)]);
        finding.mend(remedy.then(organisation.synchronise_for(connector)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::servers::{ExchangeServer, ServerRole};
    use crate::stories::{World, connector};

    fn server(name: &str, site: &str) -> ExchangeServer {
        let site = (!site.is_empty()).then(|| site.into());
        ExchangeServer { name: name.into(), site, roles: vec![ServerRole::Mailbox], ..ExchangeServer::default() }
    }

    #[test]
    fn a_site_that_sees_no_connector_is_named() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0], "not scoped");
        let mut unscoped = World::textbook();
        unscoped.connector(|connector| connector.scoped = true);
        assert_eq!(unscoped.lines(&CHECK), [""; 0], "it carries nothing of the domain");
        world.connector(|connector| {
            connector.scoped = true;
            connector.source_servers = vec!["EXCH01".into()];
        });
        let unsure = "warning likely: 'To Zimbra' of corp is scoped to its site; which sites have Exchange servers is not \
                      known [To Zimbra]";
        assert_eq!(world.lines(&CHECK), [unsure]);
        world.organisation().servers = Observed::Known(vec![server("EXCH01", "Berlin"), server("EXCH02", "Berlin")]);
        assert_eq!(world.lines(&CHECK), [""; 0], "one site only");
        world.organisation().servers = Observed::Known(vec![server("EXCH01", "Berlin"), server("EXCH02", "Oslo")]);
        world.connectors().push(connector("Internet", "SMTP:*;1"));
        let found = "warning proven: 'To Zimbra' of corp is scoped to its site and is not seen from Oslo (there 'Internet' \
                     serves contoso.com ('To Zimbra' is scoped to another site)) [To Zimbra]";
        assert_eq!(world.lines(&CHECK), [found]);
        assert_eq!(world.commands(&CHECK), ["Set-SendConnector -Identity 'To Zimbra' -IsScopedConnector $false"]);
        let mut own = connector("To Zimbra from Oslo", "SMTP:contoso.com;1");
        (own.scoped, own.source_servers) = (true, vec!["EXCH02".into()]);
        world.connectors().push(own);
        assert_eq!(world.lines(&CHECK), [""; 0], "each site has its own");
    }
}
