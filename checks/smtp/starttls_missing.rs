//! NSD203: a hop does not offer to encrypt (F-47).
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD203",
    name: "starttls-missing",
    title: "a mail host does not offer STARTTLS",
    severity: Severity::Warning,
    why: "Mail then travels in the clear. A send connector that requires TLS sends nothing to such a smart host, and senders \
          with a TLS policy for the domain send nothing to such a gateway.",
    fix: "Give the host a certificate and switch STARTTLS on (RFC 3207).",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for hop in &case.model.hops {
        // The reply to the first EHLO of a session; after STARTTLS it is no longer offered.
        let first = hop.sessions.iter().find_map(|(at, session)| {
            let replies = session.transcript.iter().enumerate();
            let mut hello = replies.filter(|(_, turn)| turn.stage == Stage::Ehlo && turn.code == Some(250));
            hello.next().map(|(turn, reply)| (format!("/evidence/smtp/{at}/transcript/{turn}"), reply))
        });
        let Some((pointer, reply)) = first else { continue };
        let offered =
            reply.lines.iter().any(|line| line.text.get(4..).is_some_and(|word| word.eq_ignore_ascii_case("STARTTLS")));
        if offered {
            continue;
        }
        let demanding = case.model.organisations.iter().find_map(|organisation| {
            let routing = organisation.selection(organisation.domain).ok()?;
            let (pointer, connector) = routing.winner()?;
            let serves = hop.hop.role == Role::Other && connector.smart_hosts.contains(&hop.hop.host);
            (serves && connector.require_tls).then(|| (pointer, connector.name.clone()))
        });
        let so = match &demanding {
            Some((_, name)) => format!(", and '{name}' requires TLS: Exchange sends it nothing"),
            None => String::new(),
        };
        let finding = notes.finding(format!("{} does not offer STARTTLS{so}", hop.name()));
        finding.about(SubjectKind::Host, hop.id()).seen(pointer).mend(Remedy::steps(
            hop.hop.role.word(),
            "Switch STARTTLS on",
            vec![format!("On {}, install a certificate for its name and enable STARTTLS", hop.hop.host)],
        ));
        if let Some((pointer, name)) = demanding {
            finding.severity(Severity::Critical).about(SubjectKind::SendConnector, name).seen(pointer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{OTHER, World, turn};

    #[test]
    fn only_the_first_ehlo_counts_and_a_connector_may_make_it_critical() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.last(OTHER).transcript.push(turn(Stage::Ehlo, "250 PIPELINING", None));
        assert_eq!(world.lines(&CHECK), [""; 0], "after STARTTLS it is not offered again");
        world.last(OTHER).transcript.retain(|turn| turn.stage != Stage::Ehlo || turn.text() != "STARTTLS");
        let found = "smarthost.contoso.com (10.0.0.44) does not offer STARTTLS";
        assert_eq!(world.lines(&CHECK), [format!("warning proven: {found} [{OTHER}]")]);
        world.connector(|connector| connector.require_tls = true);
        let critical = format!("critical proven: {found}, and 'To Zimbra' requires TLS: Exchange sends it nothing");
        assert_eq!(world.lines(&CHECK), [format!("{critical} [{OTHER}, To Zimbra]")]);
        world.silent(OTHER, How::TimedOut, "no connection within 10 s");
        assert_eq!(world.lines(&CHECK), [""; 0], "who says nothing refuses nothing");
    }
}
