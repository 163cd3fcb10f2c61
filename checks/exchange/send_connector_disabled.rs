//! NSD313: the connector that would serve the domain is disabled (F-05), in Exchange Online too (F-42).
use super::aiming::Carrier;
use super::trial::{Change, LEAD_ASTRAY, brings, told};
use super::{all, leaves};
use crate::model::OrganisationView;
use crate::prelude::*;
use crate::remedy::Command;
use crate::remedy::order::cure;

pub(super) const CHECK: Check = Check {
    code: "NSD313",
    name: "send-connector-disabled",
    title: "the send connector to the other system is disabled",
    severity: Severity::Critical,
    why: "Routing does not see a disabled connector: mail takes the next best one, usually the one for all domains, or none.",
    fix: "Enable the connector.",
    sources: &["https://learn.microsoft.com/exchange/mail-flow/mail-routing/connector-selection"],
    judge,
};

/// What is run once, at the end.
const SYNCHRONISE: &str = "Start-EdgeSynchronization";

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
        let Some(routing) = notes.need(organisation.choice(domain)) else { continue };
        let Some((pointer, connector)) = routing.disabled() else { continue };
        let instead = match routing.winner() {
            Some((_, winner)) => format!("mail for {domain} goes through '{}' instead", winner.name),
            None => format!("nothing else serves {domain}"),
        };
        let name = &connector.name;
        let remedy = enable(case, organisation, &Carrier::Send(connector));
        notes
            .finding(format!(
                "The send connector '{name}' of {} is disabled; {instead}{}",
                organisation.system,
                routing.why_others_lost_but(&[name])
            ))
            .about(SubjectKind::SendConnector, name)
            .seen(pointer)
            .mend(remedy);
    }
}

/// A disabled outbound connector for the domain, where no other serves it.
fn online(case: &Case, organisation: &OrganisationView, notes: &mut Notes) {
    let domain = organisation.domain;
    let Some(outbound) = notes.need(organisation.outbound(domain)) else { return };
    let Some((pointer, connector)) = outbound.disabled.into_iter().next() else { return };
    let instead = match &outbound.winner {
        Some(_) if !outbound.by_wildcard => return,
        Some((_, winner)) => format!("mail for {domain} goes through '{}' instead", winner.name),
        None => format!("nothing else serves {domain}"),
    };
    let name = &connector.name;
    notes
        .finding(format!("The outbound connector '{name}' of {} is disabled; {instead}", organisation.system))
        .about(SubjectKind::SendConnector, name)
        .seen(pointer)
        .mend(enable(case, organisation, &Carrier::Outbound(connector)));
}

/// Enables it; before that what would be wrong with it then is mended, in the same block.
fn enable(case: &Case, organisation: &OrganisationView, carrier: &Carrier) -> Remedy {
    let mut set = carrier.set().bool("Enabled", true);
    let more = carrier.serves_besides(organisation.domain);
    if !more.is_empty() {
        set = set.remark(&format!("it serves {} as well, whose mail it then carries", listed(&more, 4)));
    }
    let (mut title, mut commands, mut undo) = ("Enable it", Vec::new(), Vec::new());
    for brought in brings(case, organisation, &[Change::Enable(carrier.name())]) {
        match cure(&brought).filter(|_| LEAD_ASTRAY.contains(&&*brought.code)) {
            // Several findings of one connector have one cure.
            Some(cure) if cure.shell.is_some() => {
                title = "Have it lead to the other system, and enable it";
                if commands.is_empty() {
                    commands.extend(cure.commands.iter().cloned());
                    undo.extend(cure.undo.iter().cloned());
                }
            }
            _ => set = set.remark(&told(&brought)),
        }
    }
    let is_new = commands.iter().any(|one: &Command| one.text().starts_with("New-"));
    if is_new {
        // The domain has one of its own then, and the disabled one is needed by nobody.
        title = "Give the domain a connector of its own to the other system; leave the disabled one";
    } else {
        commands.retain(|one| !one.text().starts_with(SYNCHRONISE));
        undo.retain(|one| !one.text().starts_with(SYNCHRONISE));
        commands.push(set.into());
        undo.insert(0, carrier.set().bool("Enabled", false).into());
    }
    let mut remedy = Remedy::exchange(title, Vec::new(), Vec::new());
    (remedy.commands, remedy.undo) = (commands, undo);
    if is_new { remedy } else { remedy.then(carrier.synchronise(organisation)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::dns::RecordKind;
    use crate::evidence::exchange::AddressSpace;
    use crate::stories::{World, connector};

    #[test]
    fn only_a_disabled_connector_that_would_win_is_told() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.connector(|connector| connector.enabled = false);
        let found = |instead: &str| {
            format!("critical proven: The send connector 'To Zimbra' of corp is disabled; {instead} [To Zimbra]")
        };
        assert_eq!(world.lines(&CHECK), [found("nothing else serves contoso.com")]);
        world.connectors().push(connector("Internet", "SMTP:*;1"));
        assert_eq!(world.lines(&CHECK), [found("mail for contoso.com goes through 'Internet' instead")]);
        assert_eq!(world.commands(&CHECK), ["Set-SendConnector -Identity 'To Zimbra' -Enabled $true"]);
        world.connectors().push(connector("New", "SMTP:contoso.com;1"));
        assert_eq!(world.lines(&CHECK), [""; 0], "another of the same space is in its place");
    }

    #[test]
    fn what_an_authoritative_domain_does_not_relay_needs_no_connector() {
        let mut world = World::textbook();
        let mut old = connector("Old", "SMTP:contoso.com;1");
        old.enabled = false;
        world.connectors().push(old);
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.accepted(|accepted| accepted.kind = crate::evidence::exchange::DomainKind::InternalRelay);
        assert_eq!(world.lines(&CHECK).len(), 1);
    }

    #[test]
    fn what_would_lead_astray_is_aimed_before_it_is_enabled() {
        let on = "Set-SendConnector -Identity 'To Zimbra' -Enabled $true";
        let off = "Set-SendConnector -Identity 'To Zimbra' -Enabled $false";
        let aim = |host: &str| format!("Set-SendConnector -Identity 'To Zimbra' -SmartHosts '{host}'");
        let disabled = |host: &str| {
            let mut world = World::healthy();
            world.connector(|one| (one.enabled, one.smart_hosts) = (false, vec![host.into()]));
            for kind in [RecordKind::A, RecordKind::Aaaa] {
                world.dns("dead.contoso.com", kind, "NXDOMAIN");
            }
            world
        };
        let told = |world: &World| {
            let mut notes = Notes::new(&CHECK);
            judge(&Case::new(&world.question, &world.evidence), &mut notes);
            let remedy = notes.findings.pop().unwrap().remedies.remove(0);
            (crate::remedy::lines(&remedy.commands), crate::remedy::lines(&remedy.undo))
        };
        for host in ["mx1.contoso.com", "dead.contoso.com", "exch01.corp.contoso.com"] {
            let (commands, undo) = told(&disabled(host));
            assert_eq!(commands, [&*aim("smarthost.contoso.com"), on], "{host}");
            assert_eq!(undo, [off, &*aim(host)], "{host}");
        }
        assert_eq!(told(&disabled("smarthost.contoso.com")).0, [on], "it leads there");
        assert_eq!(told(&disabled("relay.example.net")).0, [on], "nobody knows where that leads");
        let mut world = disabled("mx1.contoso.com");
        world.sends_from_edge();
        assert_eq!(told(&world).0, [&*aim("smarthost.contoso.com"), on, "Start-EdgeSynchronization"]);
        let mut world = disabled("mx1.contoso.com");
        world.connector(|one| one.address_spaces.extend(AddressSpace::parse("fabrikam.com")));
        let (commands, _) = told(&world);
        assert!(
            commands[1].starts_with("New-SendConnector -Name 'To the other system of contoso.com'"),
            "{commands:?}"
        );
        assert!(!commands.iter().any(|line| line == on), "its mail for others stays as it is: {commands:?}");
        world.connector(|one| one.smart_hosts = vec!["smarthost.contoso.com".into()]);
        assert_eq!(told(&world).0, ["# it serves fabrikam.com as well, whose mail it then carries", on]);
    }

    #[test]
    fn a_disabled_outbound_connector_is_told_where_no_other_serves() {
        let mut world = World::online();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.outbound_connectors()[0].enabled = false;
        let found = "critical proven: The outbound connector 'To Zimbra' of corp is disabled; nothing else serves contoso.com \
                     [To Zimbra]";
        assert_eq!(world.lines(&CHECK), [found]);
        assert_eq!(world.commands(&CHECK), ["Set-OutboundConnector -Identity 'To Zimbra' -Enabled $true"]);
        world.outbound_connectors().push(crate::stories::outbound("New", "contoso.com"));
        assert_eq!(world.lines(&CHECK), [""; 0]);
    }
}
