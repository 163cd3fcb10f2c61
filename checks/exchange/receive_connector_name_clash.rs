//! NSD323: a receive connector bears another server's name (F-48).
use super::on_premises;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD323",
    name: "receive-connector-name-clash",
    title: "a receive connector greets with another host's name",
    severity: Severity::Warning,
    why: "Exchange recognises a loop by its own name in the greeting of the host that it sends to. Where the Fqdn of a \
          receive connector is another server's name, that server takes mail to it for a loop and bounces it with 5.3.5.",
    fix: "Set the connector's Fqdn to the name of its own server.",
    sources: &[
        "https://learn.microsoft.com/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in on_premises(case, notes) {
        let Some((pointer, doors)) = notes.need(organisation.receive_connectors()) else { continue };
        if doors.is_empty() {
            continue;
        }
        let Some((of_servers, servers)) = notes.need(organisation.servers()) else { continue };
        for (at, door) in doors.iter().enumerate().filter(|(_, door)| door.enabled) {
            let Some(name) = &door.fqdn else { continue };
            let same = |own: &Option<String>| own.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name));
            let bearer = servers.iter().enumerate().find(|(_, server)| same(&server.fqdn));
            let Some((place, bearer)) = bearer.filter(|(_, one)| !one.name.eq_ignore_ascii_case(&door.server)) else {
                continue;
            };
            let what = format!("the receive connector '{}'", door.name);
            let fields = ["enabled", "server"];
            if notes.need(organisation.read(&what, &door.unreadable, &fields, "Get-ReceiveConnector")).is_none() {
                continue;
            }
            let own = servers.iter().find(|server| server.name.eq_ignore_ascii_case(&door.server));
            let own = own.and_then(|server| server.fqdn.as_ref());
            let identity = format!("{}\\{}", door.server, door.name);
            let set = || Cmdlet::new("Set-ReceiveConnector").with("Identity", &identity);
            let mend = set().or_placeholder("Fqdn", own, "the name of that server");
            let undo = set().with("Fqdn", name);
            notes
                .finding(format!(
                    "The receive connector '{identity}' of {} greets as {name}, which is the server {}",
                    organisation.system, bearer.name
                ))
                .about(SubjectKind::Host, &door.server)
                .about(SubjectKind::Host, name)
                .seen(format!("{pointer}/{at}"))
                .seen(format!("{of_servers}/{place}"))
                .mend(Remedy::exchange("Have it greet with its own name", vec![mend], vec![undo]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::servers::{ExchangeServer, ReceiveConnector};
    use crate::stories::World;

    #[test]
    fn another_servers_name_is_told_and_a_shared_public_one_is_not() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), ["not asked: the receive connectors of corp"]);
        let door = |server: &str, fqdn: &str| ReceiveConnector {
            name: "Default Frontend".into(),
            server: server.into(),
            enabled: true,
            fqdn: Some(fqdn.into()),
            ..ReceiveConnector::default()
        };
        let server = |name: &str| ExchangeServer {
            name: name.into(),
            fqdn: Some(format!("{}.corp.contoso.com", name.to_lowercase())),
            ..ExchangeServer::default()
        };
        world.organisation().servers = Observed::Known(vec![server("EXCH01"), server("EXCH02")]);
        let doors = |world: &mut World, of_second: &str| {
            let both = vec![door("EXCH01", "exch01.corp.contoso.com"), door("EXCH02", of_second)];
            world.organisation().receive_connectors = Observed::Known(both);
        };
        for fine in ["exch02.corp.contoso.com", "mail.contoso.com"] {
            doors(&mut world, fine);
            assert_eq!(world.lines(&CHECK), [""; 0], "{fine}");
        }
        doors(&mut world, "EXCH01.corp.contoso.com");
        let found = "warning proven: The receive connector 'EXCH02\\Default Frontend' of corp greets as \
                     EXCH01.corp.contoso.com, which is the server EXCH01 [EXCH02, EXCH01.corp.contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
        let command = "Set-ReceiveConnector -Identity 'EXCH02\\Default Frontend' -Fqdn 'exch02.corp.contoso.com'";
        assert_eq!(world.commands(&CHECK), [command]);
        let Observed::Known(all) = &mut world.organisation().receive_connectors else { panic!() };
        all[1].unreadable.add("enabled", "msExchSmtpReceiveEnabled is 'x'");
        let gap = "unanswered: the receive connector 'Default Frontend' of corp (could not be read: \
                   msExchSmtpReceiveEnabled is 'x')";
        assert_eq!(world.lines(&CHECK), [gap]);
    }
}
