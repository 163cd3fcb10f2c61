//! NSD318: larger messages take another way, or none (F-45).
use super::{leaves, on_premises};
use crate::model::routing::bytes_in_words;
use crate::prelude::*;

/// What a new send connector and a new receive connector allow, more or less; a limit from here on is nobody's oversight.
const USUAL: u64 = 35 * 1024 * 1024;

pub(super) const CHECK: Check = Check {
    code: "NSD318",
    name: "send-connector-size-limit",
    title: "large messages do not go through the send connector to the other system",
    severity: Severity::Warning,
    why: "Exchange leaves a connector out whose MaxMessageSize is smaller than the message, before it looks at anything \
          else. The message then takes the next best connector, usually the one for all domains, or bounces with 5.3.4.",
    fix: "Raise the connector's limit to what Exchange accepts.",
    sources: &["https://learn.microsoft.com/exchange/mail-flow/mail-routing/connector-selection"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in on_premises(case, notes) {
        if !leaves(case, organisation, notes) {
            continue;
        }
        let Some(routing) = notes.need(organisation.selection(organisation.domain)) else { continue };
        let Some((pointer, connector)) = routing.winner() else { continue };
        if notes.need(organisation.read_of(connector, &["max_bytes"])).is_none() {
            continue;
        }
        let Some(limit) = connector.max_bytes.filter(|_| !routing.by_wildcard()) else { continue };
        let larger = routing.at_size(limit.saturating_add(1));
        if notes.need(organisation.undoubted(&larger)).is_none() {
            continue;
        }
        let mut seen = vec![pointer];
        let instead = match larger.winner() {
            Some((_, next)) if next.smart_hosts == connector.smart_hosts => continue,
            Some((pointer, next)) => {
                seen.push(pointer);
                let way = match next.smart_hosts.is_empty() {
                    true => format!("which asks DNS for the MX of {}", organisation.domain),
                    false => format!("which hands them to {}", listed(&next.smart_hosts, 3)),
                };
                format!("larger ones go through '{}', {way}", next.name)
            }
            None if limit >= USUAL => continue,
            None => {
                let Some((pointer, doors)) = notes.need(organisation.receive_connectors()) else { continue };
                let unread = doors.iter().find_map(|door| Some((door, door.unreadable.of(&["enabled", "max_bytes"])?)));
                if let Some((door, _)) = unread {
                    let what = format!("the receive connector '{}\\{}'", door.server, door.name);
                    let fields = ["enabled", "max_bytes"];
                    notes.need(organisation.read(&what, &door.unreadable, &fields, "Get-ReceiveConnector"));
                    continue;
                }
                let open = doors.iter().filter(|door| door.enabled);
                // None is unlimited, and so more than any limit.
                let Some(most) = open.map(|door| door.max_bytes.unwrap_or(u64::MAX)).max() else { continue };
                if most <= limit {
                    continue;
                }
                seen.push(pointer);
                let taken =
                    if most == u64::MAX { "of any size".into() } else { format!("up to {}", bytes_in_words(most)) };
                format!("Exchange takes messages {taken}, and the larger ones bounce with 5.3.4")
            }
        };
        let name = &connector.name;
        let set = || Cmdlet::new("Set-SendConnector").with("Identity", name);
        let (raise, undo) = (set().word("MaxMessageSize", "unlimited"), set().bytes("MaxMessageSize", limit));
        let others = larger.why_others_lost_but(&[name]);
        notes
            .finding(format!(
                "'{name}' of {} takes {} at most: {instead}{others}",
                organisation.system,
                bytes_in_words(limit)
            ))
            .about(SubjectKind::SendConnector, name)
            .seen_all(seen)
            .mend(
                Remedy::exchange("Raise the limit", vec![raise], vec![undo])
                    .then(organisation.synchronise_for(connector)),
            );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::servers::ReceiveConnector;
    use crate::stories::{World, connector};

    const MB: u64 = 1024 * 1024;

    #[test]
    fn a_limit_is_told_where_larger_messages_go_elsewhere() {
        let mut world = World::healthy();
        world.connectors().push(connector("Internet", "SMTP:*;1"));
        assert_eq!(world.lines(&CHECK), [""; 0], "no limit");
        world.connector(|connector| connector.max_bytes = Some(10 * MB));
        assert_eq!(world.lines(&CHECK), [""; 0], "the other one leads to the same host");
        world.connectors()[1].smart_hosts.clear();
        let found = "warning proven: 'To Zimbra' of corp takes 10 MB at most: larger ones go through 'Internet', which asks \
                     DNS for the MX of contoso.com [To Zimbra]";
        assert_eq!(world.lines(&CHECK), [found]);
        assert_eq!(world.commands(&CHECK), ["Set-SendConnector -Identity 'To Zimbra' -MaxMessageSize unlimited"]);
        world.connectors()[1].max_bytes = Some(10 * MB);
        world.connector(|connector| connector.max_bytes = Some(35 * MB));
        assert_eq!(world.lines(&CHECK), [""; 0], "the usual limit, and nothing takes over");
    }

    #[test]
    fn a_limit_that_cannot_be_read_is_a_gap() {
        let mut world = World::healthy();
        world.connector(|connector| connector.unreadable.add("max_bytes", "delivContLength is '-1'"));
        let gap = "unanswered: the send connector 'To Zimbra' of corp (could not be read: delivContLength is '-1')";
        assert_eq!(world.lines(&CHECK), [gap]);
        let mut world = World::healthy();
        world.connector(|connector| connector.max_bytes = Some(10 * MB));
        let mut door = ReceiveConnector {
            server: "EXCH01".into(),
            name: "Default".into(),
            enabled: true,
            ..ReceiveConnector::default()
        };
        door.unreadable.add("max_bytes", "msExchSmtpReceiveMaxMessageSize is 'x'");
        world.organisation().receive_connectors = Observed::Known(vec![door]);
        let gap = "unanswered: the receive connector 'EXCH01\\Default' of corp (could not be read: \
                   msExchSmtpReceiveMaxMessageSize is 'x')";
        assert_eq!(world.lines(&CHECK), [gap]);
    }

    #[test]
    fn a_small_limit_alone_is_measured_by_what_exchange_takes() {
        let mut world = World::healthy();
        world.connector(|connector| connector.max_bytes = Some(10 * MB));
        assert_eq!(world.lines(&CHECK), ["not asked: the receive connectors of corp"]);
        let door = |max_bytes| ReceiveConnector { enabled: true, max_bytes, ..ReceiveConnector::default() };
        world.organisation().receive_connectors = Observed::Known(vec![door(Some(10 * MB))]);
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.organisation().receive_connectors = Observed::Known(vec![door(Some(10 * MB)), door(Some(36 * MB))]);
        let found = "warning proven: 'To Zimbra' of corp takes 10 MB at most: Exchange takes messages up to 36 MB, and the \
                     larger ones bounce with 5.3.4 [To Zimbra]";
        assert_eq!(world.lines(&CHECK), [found]);
    }
}
