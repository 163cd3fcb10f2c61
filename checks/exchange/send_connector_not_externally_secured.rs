//! NSD315: the connector to the other system is not externally secured (F-14).
use super::{leaves, on_premises};
use crate::evidence::exchange::{SmartHostAuthentication, TlsAuthLevel};
use crate::model::systems::is_online;
use crate::prelude::*;
use crate::remedy::order::Turn;

pub(super) const CHECK: Check = Check {
    code: "NSD315",
    name: "send-connector-not-externally-secured",
    title: "the send connector to the other system is not ExternalAuthoritative",
    severity: Severity::Warning,
    why: "ExternalAuthoritative says that the way to the other system is secured by other means. On the sending side it \
          differs from None in one thing: the right to send Exch50 data, which a system other than Exchange ignores. \
          Whether senders count as internal there is for the receiving connector to say (NSD324).",
    fix: "Set SmartHostAuthMechanism to ExternalAuthoritative where the way is secured; leave it where the connector \
          authenticates.",
    sources: &["https://learn.microsoft.com/exchange/mail-flow/connectors/send-connectors"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in on_premises(case, notes) {
        let domain = organisation.domain;
        if !leaves(case, organisation, notes) {
            continue;
        }
        let Some(routing) = notes.need(organisation.selection(domain)) else { continue };
        let Some((pointer, connector)) = routing.winner() else { continue };
        if routing.by_wildcard() || connector.dns_routing() {
            continue;
        }
        let name = &connector.name;
        let raw = connector.raw_flags.map(|flags| format!(" (msExchSmtpSendFlags {flags})")).unwrap_or_default();
        match connector.authentication {
            SmartHostAuthentication::None => {}
            SmartHostAuthentication::Unknown => {
                let read = organisation.read_of(connector, &["authentication"]);
                let what = format!("the SmartHostAuthMechanism of '{name}'");
                let unknown = || organisation.unreadable(&what, format!("it is none that is known{raw}"), CMDLET);
                notes.gap(read.err().unwrap_or_else(unknown));
                continue;
            }
            // These authenticate, and another mechanism would switch that off.
            SmartHostAuthentication::Basic
            | SmartHostAuthentication::BasicRequireTls
            | SmartHostAuthentication::ExchangeServer
            | SmartHostAuthentication::ExternalAuthoritative => continue,
        }
        // A hybrid connector keeps Exchange's own headers by itself; mutual TLS and a certificate by name secure the way.
        let by_name = connector.tls_auth_level == TlsAuthLevel::DomainValidation && connector.tls_domain.is_some();
        if connector.cloud_services || connector.domain_secure || by_name {
            continue;
        }
        if let Some(unread) = connector.unreadable.of(&["cloud_services"]) {
            let what = format!("whether '{name}' is a hybrid connector: {}", unread.said);
            notes.gap(Gap::not_asked(what, "--exchange-export with Get-SendConnector, whole"));
            continue;
        }
        // There it would be wrong: the way is secured by TLS, and the mail marked as the organisation's own.
        if connector.smart_hosts.iter().any(|host| is_online(host)) {
            notes
                .finding(format!(
                    "'{name}' hands mail to Exchange Online with SmartHostAuthMechanism None{raw} and without \
                     CloudServicesMailEnabled: it loses Exchange's own headers on the way; the mail passes all the same"
                ))
                .about(SubjectKind::SendConnector, name)
                .seen(pointer)
                .mend(Remedy::steps("exchange", "Make it a hybrid connector", hybrid(name)).at(Turn::WayOut));
            continue;
        }
        let set = |how| Cmdlet::new("Set-SendConnector").with("Identity", name).word("SmartHostAuthMechanism", how);
        notes
            .finding(format!(
                "'{name}' hands mail to the other system with SmartHostAuthMechanism None{raw}, and the guide for a shared \
                 domain sets ExternalAuthoritative; the mail passes all the same"
            ))
            .about(SubjectKind::SendConnector, name)
            .seen(pointer)
            .mend(
                Remedy::exchange(
                    "Treat the way as secured",
                    vec![set("ExternalAuthoritative").remark(SECURED)],
                    vec![set("None")],
                )
                .then(organisation.synchronise_for(connector)),
            );
    }
}

/// It is no login: it declares that the way is secured by other means (Microsoft, "Send connectors in Exchange Server").
const SECURED: &str = "only where the way to it is secured (the same network, IPsec): it declares that";

/// What a connector to Exchange Online has (Microsoft, "Hybrid Configuration wizard"; the parameters are those of
/// Set-SendConnector since Exchange 2013).
fn hybrid(name: &str) -> Vec<String> {
    vec![
        format!("Run the Hybrid Configuration Wizard, which sets up a connector such as '{name}'"),
        "Or, where both ends have been set up by it, set CloudServicesMailEnabled and RequireTLS to $true, TlsAuthLevel to \
         DomainValidation and TlsDomain to mail.protection.outlook.com (Set-SendConnector)"
            .into(),
        "Leave SmartHostAuthMechanism at None: ExternalAuthoritative is for a way that is secured without TLS".into(),
    ]
}

const CMDLET: &str = "Get-SendConnector";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::exchange::DomainKind;
    use crate::stories::World;

    #[test]
    fn towards_exchange_online_it_is_tls_and_elsewhere_a_declaration() {
        let told = |host: &str| {
            let mut world = World::healthy();
            world.connector(|one| {
                (one.authentication, one.smart_hosts) = (SmartHostAuthentication::None, vec![host.into()]);
            });
            (world.lines(&CHECK), world.commands(&CHECK))
        };
        for host in [
            "contoso-com.mail.protection.outlook.com",
            "Contoso-com.mail.protection.outlook.com.",
            "x.k-v1.mx.microsoft",
        ] {
            let (lines, commands) = told(host);
            assert!(
                lines[0].starts_with("warning proven: 'To Zimbra' hands mail to Exchange Online with"),
                "{lines:?}"
            );
            assert_eq!(commands, [""; 0], "{host}: in words alone");
        }
        let set = "Set-SendConnector -Identity 'To Zimbra' -SmartHostAuthMechanism ExternalAuthoritative";
        for host in ["smarthost.contoso.com", "mail.protection.outlook.com.example.net"] {
            let (lines, commands) = told(host);
            assert!(
                lines[0].starts_with("warning proven: 'To Zimbra' hands mail to the other system with"),
                "{lines:?}"
            );
            assert_eq!(commands, [&*format!("# {SECURED}"), set], "{host}");
        }
    }

    #[test]
    fn a_connector_without_any_mechanism_is_told() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        let none = |connector: &mut crate::evidence::exchange::SendConnector| {
            (connector.authentication, connector.raw_flags) = (SmartHostAuthentication::None, Some(0));
        };
        world.connector(none);
        let found = "warning proven: 'To Zimbra' hands mail to the other system with SmartHostAuthMechanism None \
                     (msExchSmtpSendFlags 0), and the guide for a shared domain sets ExternalAuthoritative; the mail passes \
                     all the same [To Zimbra]";
        assert_eq!(world.lines(&CHECK), [found]);
        world.accepted(|accepted| accepted.kind = DomainKind::Authoritative);
        assert_eq!(world.lines(&CHECK), [""; 0], "it carries nothing of the domain");
        type Change = fn(&mut crate::evidence::exchange::SendConnector);
        let cases: [(&str, Change, &[&str]); 9] = [
            ("Basic", |one| one.authentication = SmartHostAuthentication::Basic, &[]),
            ("Basic over TLS", |one| one.authentication = SmartHostAuthentication::BasicRequireTls, &[]),
            ("as a server", |one| one.authentication = SmartHostAuthentication::ExchangeServer, &[]),
            ("hybrid", |one| one.cloud_services = true, &[]),
            ("mutual TLS", |one| one.domain_secure = true, &[]),
            (
                "a certificate by name",
                |one| {
                    one.tls_auth_level = TlsAuthLevel::DomainValidation;
                    one.tls_domain = Some("zimbra.contoso.com".into());
                },
                &[],
            ),
            (
                "of an unknown number",
                |one| (one.authentication, one.raw_flags) = (SmartHostAuthentication::Unknown, Some(3_145_728)),
                &["unanswered: the SmartHostAuthMechanism of 'To Zimbra' of corp (it is none that is known \
                   (msExchSmtpSendFlags 3145728))"],
            ),
            (
                "that could not be read",
                |one| {
                    one.authentication = SmartHostAuthentication::Unknown;
                    one.unreadable.add("authentication", "msExchSmtpSendFlags is 'x'");
                },
                &["unanswered: the send connector 'To Zimbra' of corp (could not be read: msExchSmtpSendFlags is 'x')"],
            ),
            (
                "exported in part",
                |one| one.unreadable.add("cloud_services", "the export lacks CloudServicesMailEnabled"),
                &["not asked: whether 'To Zimbra' is a hybrid connector: the export lacks CloudServicesMailEnabled"],
            ),
        ];
        for (name, change, expected) in cases {
            let mut world = World::healthy();
            world.connector(none);
            world.connector(change);
            assert_eq!(world.lines(&CHECK), expected, "{name}");
        }
    }
}
