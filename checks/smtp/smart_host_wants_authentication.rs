//! NSD209: the other system takes mail only after AUTH, and the connector gives none (F-13).
use crate::evidence::exchange::SmartHostAuthentication;
use crate::evidence::smtp::Turn;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD209",
    name: "smart-host-wants-authentication",
    title: "the smart host wants authentication that the send connector does not give",
    severity: Severity::Critical,
    why: "A connector with ExternalAuthoritative or None never authenticates. A smart host that answers 530 to MAIL or RCPT \
          then takes none of its mail.",
    fix: "Trust Exchange's addresses at the smart host, or give the connector BasicAuthRequireTLS with a credential.",
    sources: &["https://learn.microsoft.com/exchange/mail-flow/connectors/send-connectors", "RFC 4954, 6"],
    judge,
};

/// Said before, because the undo leaves it.
const STAYS: &str = "the credential stays with the connector, unused, when this is taken back: that cannot be undone by the \
                     command below; another one that was set before, for which only Exchange has the password, is lost";

fn judge(case: &Case, notes: &mut Notes) {
    super::unheard(case, notes);
    for organisation in case.model.on_premises() {
        let Some(routing) = notes.need(organisation.selection(organisation.domain)) else { continue };
        let Some((pointer, connector)) = routing.winner() else { continue };
        let silent = matches!(
            connector.authentication,
            SmartHostAuthentication::ExternalAuthoritative | SmartHostAuthentication::None
        );
        let of_connector =
            |hop: &&HopView| case.model.connector_to(hop).is_some_and(|(other, _)| silent && other == pointer);
        for hop in case.model.hops_of(Role::Other).filter(of_connector) {
            // 530 is "authentication required" (RFC 4954, 6), and "STARTTLS first" as well (RFC 3207, 4): the words tell.
            let wants = |turn: &Turn| {
                let meaning = hop.meaning(Stage::Mail, turn.code.unwrap_or_default(), &turn.text());
                turn.code == Some(530) && meaning != Meaning::TlsRequired
            };
            let at_mail = hop.said_at(Stage::Mail).filter(|(_, turn)| wants(turn));
            let at_mail = at_mail.map(|(seen, turn)| (seen, format!("530 {}", turn.text())));
            let all = hop.replies().all(|heard| heard.meaning == Meaning::AuthenticationRequired);
            let at_rcpt = hop.replies().next().filter(|_| all).map(|heard| (heard.pointer(), heard.quote()));
            let Some((seen, quote)) = at_mail.or(at_rcpt) else { continue };
            let name = &connector.name;
            let finding = notes.finding(format!(
                "{} wants authentication, and '{name}' gives none: {quote}; it may ask less of Exchange's own address",
                hop.name()
            ));
            finding.about(SubjectKind::SendConnector, name).about(SubjectKind::Host, hop.id());
            finding.certainty(Certainty::Likely).seen(seen).seen(&pointer).mend(Remedy::steps(
                "other",
                "Trust Exchange at the smart host",
                vec![format!("On {}, take mail from Exchange's addresses without AUTH", hop.hop.host)],
            ));
            let set = |how| Cmdlet::new("Set-SendConnector").with("Identity", name).word("SmartHostAuthMechanism", how);
            let before = match connector.authentication {
                SmartHostAuthentication::None => "None",
                _ => "ExternalAuthoritative",
            };
            finding.mend(
                Remedy::exchange(
                    "Or have the connector authenticate",
                    vec![set("BasicAuthRequireTLS").remark(STAYS).credential("AuthenticationCredential")],
                    vec![set(before)],
                )
                .then(organisation.synchronise_for(connector)),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{GATEWAY, OTHER, World, turn};

    #[test]
    fn an_edge_server_that_sends_hears_of_the_credential() {
        let mut world = World::healthy();
        world.answers_all(OTHER, "530 5.7.0 Authentication required");
        assert_eq!(world.commands(&CHECK).len(), 2, "a remark and the command");
        world.sends_from_edge();
        assert_eq!(world.commands(&CHECK)[2..], ["Start-EdgeSynchronization"]);
    }

    #[test]
    fn only_a_smart_host_that_takes_nobody_without_authentication_is_told() {
        let wants = "530 5.7.0 Authentication required";
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.rcpt(OTHER, "orders@contoso.com", wants);
        assert_eq!(world.lines(&CHECK), [""; 0], "others are taken");
        world.answers_all(OTHER, wants);
        let found = format!(
            "critical likely: smarthost.contoso.com (10.0.0.44) wants authentication, and 'To Zimbra' gives none: {wants}; \
             it may ask less of Exchange's own address [To Zimbra, other/smarthost.contoso.com/10.0.0.44:25]"
        );
        assert_eq!(world.lines(&CHECK), [&*found]);
        world.connector(|connector| connector.smart_hosts = vec!["SmartHost.contoso.com.".into()]);
        assert_eq!(world.lines(&CHECK), [found], "the same host in other letters");
        world.connector(|connector| connector.authentication = SmartHostAuthentication::BasicRequireTls);
        assert_eq!(world.lines(&CHECK), [""; 0], "the connector authenticates");
        let mut world = World::healthy();
        world.last(OTHER).transcript = vec![turn(Stage::Mail, "530 5.7.0 Must issue a STARTTLS command first", None)];
        assert_eq!(world.lines(&CHECK), [""; 0], "that is about TLS");
        world.last(OTHER).transcript = vec![turn(Stage::Mail, wants, None)];
        assert_eq!(world.lines(&CHECK).len(), 1);
        let mut world = World::healthy();
        world.answers_all(GATEWAY, wants);
        assert_eq!(world.lines(&CHECK), [""; 0], "the gateway is no smart host");
        world.evidence.directories.clear();
        assert_eq!(world.lines(&CHECK), ["not asked: the Exchange configuration of corp"]);
    }
}
