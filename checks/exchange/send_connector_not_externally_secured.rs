//! NSD315: the connector to the other system is not externally secured (F-14).
use crate::evidence::exchange::SmartHostAuthentication;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD315",
    name: "send-connector-not-externally-secured",
    title: "the send connector to the other system is not ExternalAuthoritative",
    severity: Severity::Warning,
    why: "Mail passes, but as from outside: groups that only take internal senders refuse it, and out-of-office and \
          trust are lost. ExternalAuthoritative says that the way to the other system is secured by other means.",
    fix: "Set SmartHostAuthMechanism to ExternalAuthoritative, on a way that is secured.",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in case.model.on_premises() {
        let domain = organisation.domain;
        let Some(routing) = notes.need(organisation.selection(domain)) else { continue };
        let Some((pointer, connector)) = routing.winner() else { continue };
        if routing.by_wildcard() || connector.dns_routing() {
            continue;
        }
        let now = match connector.authentication {
            SmartHostAuthentication::ExternalAuthoritative => continue,
            SmartHostAuthentication::None => "None",
            SmartHostAuthentication::Basic => "BasicAuth",
            SmartHostAuthentication::BasicRequireTls => "BasicAuthRequireTLS",
            SmartHostAuthentication::ExchangeServer => "ExchangeServer",
            SmartHostAuthentication::Unknown => "unknown",
        };
        let name = &connector.name;
        let raw = connector.raw_flags.map(|flags| format!(" (msExchSmtpSendFlags {flags})")).unwrap_or_default();
        let set = |how: &str| format!("Set-SendConnector -Identity {} -SmartHostAuthMechanism {how}", quoted(name));
        notes
            .finding(format!("'{name}' hands mail to the other system with SmartHostAuthMechanism {now}{raw}"))
            .about(SubjectKind::SendConnector, name)
            .seen(pointer)
            .mend(Remedy::exchange("Treat the way as secured", vec![set("ExternalAuthoritative")], vec![set(now)]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::World;

    #[test]
    fn every_other_mechanism_is_told_by_its_name() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.connector(|connector| {
            connector.authentication = SmartHostAuthentication::None;
            connector.raw_flags = Some(64);
        });
        let found = "warning proven: 'To Zimbra' hands mail to the other system with SmartHostAuthMechanism None \
                     (msExchSmtpSendFlags 64) [To Zimbra]";
        assert_eq!(world.lines(&CHECK), [found]);
    }
}
