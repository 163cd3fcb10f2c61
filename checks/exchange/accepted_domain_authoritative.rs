//! NSD302: Exchange bounces what it has no mailbox for (F-01), on premises or online (F-41).
use super::{all, relay};
use crate::evidence::exchange::DomainKind;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD302",
    name: "accepted-domain-authoritative",
    title: "the shared domain is authoritative in Exchange",
    severity: Severity::Critical,
    why: "In an authoritative domain Exchange bounces every recipient that it has no object for, with 5.1.10 (before \
          Exchange 2016 5.1.1), also those with a mailbox on the other system. Exchange Online, where mail \
          comes to it first, refuses them at its edge, with 5.4.1. A contact or mail user for each of them is as good as a \
          relay domain: its mail is sent on to its target.",
    fix: "Make it an internal relay domain, after the send connector to the other system is in place; or add a contact or \
          mail user for each recipient that is named.",
    sources: &[
        "https://learn.microsoft.com/exchange/mail-flow/accepted-domains/accepted-domains",
        "https://learn.microsoft.com/exchange/mail-flow-best-practices/use-directory-based-edge-blocking",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in all(case, notes) {
        let Some(Some((pointer, accepted))) = notes.need(organisation.accepted_domain()) else { continue };
        if accepted.kind != DomainKind::Authoritative {
            continue;
        }
        let others = case.model.foreign_to(organisation);
        let bounced: Vec<&str> = others.absent.iter().map(|recipient| recipient.address).collect();
        let may_be = case.model.may_be_authoritative(organisation);
        let system = organisation.system;
        if bounced.is_empty() {
            if !others.unknown.is_empty() {
                let unknown: Vec<&str> = others.unknown.iter().map(|recipient| recipient.address).collect();
                let what = format!("whether the other systems' recipients are all in the directory of {system}");
                let why = format!("it did not tell of {}", listed(&unknown, 3));
                notes.gap(Gap::unanswered(what, why, organisation.recipients_supply()));
            }
            others.untold.iter().for_each(|gap| notes.gap(gap.clone()));
        }
        let told = others.unknown.is_empty() && others.untold.is_empty();
        let fate = match &accepted.catch_all {
            Some(mailbox) => format!("what Exchange does not know goes to its catch-all mailbox {mailbox}"),
            None => "Exchange bounces recipients that it does not know".into(),
        };
        let (severity, whom) = match &bounced[..] {
            // A tenant that holds everybody, or the end of the line, is as it should be.
            [] if may_be || told && others.held == 0 => continue,
            [] if told => {
                (Severity::Info, "; each of the other systems' that is known has an object there".to_string())
            }
            [] => (Severity::Warning, "; whom that concerns is not known".into()),
            some => (Severity::Critical, format!(": {} among them", listed(some, 5))),
        };
        let name = &accepted.name;
        let changed = accepted.changed.as_ref().map(|at| format!(", last changed {at}")).unwrap_or_default();
        // Exchange leaves a value of 0 out, and so does a directory that may not show it.
        let absent = accepted.raw_flags.is_none() && organisation.is_from_ldap(&pointer);
        let flags = if absent { " (msExchAcceptedDomainFlags is not set, which stands for that)" } else { "" };
        let finding = notes.finding(format!(
            "The accepted domain '{name}' of {system} is authoritative for {}{flags}{changed}: {fate}{whom}",
            organisation.domain
        ));
        finding.severity(severity);
        let open = severity == Severity::Warning;
        finding.certainty(if absent || open { Certainty::Likely } else { Certainty::Proven });
        finding.about(SubjectKind::AcceptedDomain, name).seen(pointer);
        for recipient in others.absent.iter().take(5) {
            finding.seen_all(recipient.directories.iter().map(|held| held.pointer.clone()));
        }
        // Nothing has to change where everybody is covered.
        if severity != Severity::Info {
            finding.mend(relay::relay(case, organisation, accepted).then(organisation.synchronise()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::directory::Population;
    use crate::evidence::exchange::{AcceptedDomain, SmartHostAuthentication};
    use crate::evidence::servers::ExchangeServer;
    use crate::stories::World;

    #[test]
    fn only_the_authoritative_kind_is_accused() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.accepted(|accepted| {
            accepted.kind = DomainKind::Authoritative;
            accepted.name = "Contoso's".into();
            accepted.address_book = true;
        });
        let told = "The accepted domain 'Contoso's' of corp is authoritative for contoso.com: Exchange bounces recipients \
                    that it does not know";
        let both = "orders@contoso.com and sales@contoso.com among them [Contoso's]";
        assert_eq!(world.lines(&CHECK), [format!("critical proven: {told}: {both}")]);
        let command = "Set-AcceptedDomain -Identity 'Contoso''s' -DomainType InternalRelay -AddressBookEnabled $false";
        assert_eq!(world.commands(&CHECK), [command]);
        for address in ["orders@contoso.com", "sales@contoso.com"] {
            world.directory(address, "contact targetAddress=SMTP:x@zimbra.contoso.com");
        }
        let covered = "each of the other systems' that is known has an object there [Contoso's]";
        assert_eq!(world.lines(&CHECK), [format!("info proven: {told}; {covered}")]);
        assert_eq!(world.commands(&CHECK), [""; 0], "that is a design, too");
        let open = format!("warning likely: {told}; whom that concerns is not known [Contoso's]");
        let list = world.evidence.files.pop().unwrap();
        assert_eq!(world.lines(&CHECK), [open.clone(), "not asked: who has a mailbox in zimbra".into()]);
        world.evidence.files.push(list);
        world.directory("sales@contoso.com", "UNKNOWN");
        let gap = "unanswered: whether the other systems' recipients are all in the directory of corp (it did not tell of \
                   sales@contoso.com)";
        assert_eq!(world.lines(&CHECK), [open, gap.into()]);
        world.accepted(|accepted| accepted.kind = DomainKind::Unknown);
        let gap = "unanswered: the type of the accepted domain 'Contoso's' of corp (it is of a type that is not known)";
        assert_eq!(world.lines(&CHECK), [gap]);
        world.evidence.directories.clear();
        assert_eq!(world.lines(&CHECK), ["not asked: the Exchange configuration of corp"]);
    }

    #[test]
    fn a_tenant_is_accused_only_of_those_who_are_not_in_it() {
        let mut world = World::online();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.accepted(|accepted| accepted.kind = DomainKind::Authoritative);
        let found = "critical proven: The accepted domain 'contoso.com' of corp is authoritative for contoso.com: Exchange \
                     bounces recipients that it does not know: orders@contoso.com and sales@contoso.com among them \
                     [contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
        assert_eq!(world.commands(&CHECK), ["Set-AcceptedDomain -Identity 'contoso.com' -DomainType InternalRelay"]);
        for address in ["orders@contoso.com", "sales@contoso.com"] {
            world.directory(address, "user targetAddress=SMTP:x@zimbra.contoso.com");
        }
        assert_eq!(world.lines(&CHECK), [""; 0], "all of them are mail users there");
        world.directory("orders@contoso.com", "UNKNOWN");
        let what = "whether the other systems' recipients are all in the directory of corp";
        assert_eq!(world.lines(&CHECK), [format!("unanswered: {what} (it did not tell of orders@contoso.com)")]);
        world.evidence.files.clear();
        assert_eq!(world.lines(&CHECK), ["not asked: who has a mailbox in zimbra"]);
    }

    #[test]
    fn a_hybrid_whose_directories_hold_everybody_is_as_it_should_be() {
        let mut world = World::hybrid();
        for directory in &mut world.evidence.directories {
            directory.population = Observed::Known(Population::default());
        }
        assert_eq!(world.lines(&CHECK), [""; 0]);
        let found = |system: &str, address: &str| {
            format!(
                "critical proven: The accepted domain 'contoso.com' of {system} is authoritative for contoso.com: Exchange \
                 bounces recipients that it does not know: {address} among them [contoso.com]"
            )
        };
        world.directory("eva@contoso.com", "");
        assert_eq!(world.lines(&CHECK), [found("corp", "eva@contoso.com")], "a user of the cloud alone");
        world.directory("eva@contoso.com", "user msExchRemoteRecipientType=4 targetAddress=SMTP:e@c.onmicrosoft.com");
        world.directory_at(1, "helpdesk@contoso.com", "");
        assert_eq!(world.lines(&CHECK), [found("cloud", "helpdesk@contoso.com")], "a pilot synchronises a part");
        world.directory_at(1, "helpdesk@contoso.com", "UNKNOWN");
        let gap = "unanswered: whether the other systems' recipients are all in the directory of cloud (it did not tell of \
                   helpdesk@contoso.com)";
        assert_eq!(world.lines(&CHECK), [gap], "not seen is not absent");
        world.evidence.directories[1].lookups.clear();
        world.evidence.directories[1].population = Observed::NotAsked;
        world.directory("eva@contoso.com", "");
        assert_eq!(world.lines(&CHECK), ["not asked: who has a mailbox in cloud", gap]);
    }

    #[test]
    fn the_end_of_the_line_is_rightly_authoritative() {
        let mut world = World::two_forests();
        world.evidence.directories[0].population = Observed::Known(Population::default());
        world.accepted_at(1, |accepted| accepted.kind = DomainKind::Authoritative);
        let gap = "unanswered: whether the other systems' recipients are all in the directory of labs (it did not tell of \
                   helpdesk@contoso.com)";
        assert_eq!(world.lines(&CHECK), [gap]);
        world.directory_at(1, "helpdesk@contoso.com", "contact targetAddress=SMTP:helpdesk@corp.contoso.com");
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.question.delivers_to.insert("mx1.contoso.com".into(), "labs".into());
        assert!(world.lines(&CHECK)[0].starts_with("info proven: "), "it is the first in the line");
        world.directory_at(1, "helpdesk@contoso.com", "");
        assert!(world.lines(&CHECK)[0].contains("helpdesk@contoso.com among them"));
    }

    #[test]
    fn flags_that_are_not_set_are_less_than_a_proof_and_those_that_cannot_be_read_are_none() {
        let mut world = World::healthy();
        let read = |flags: &[(&str, &str)]| {
            let own = [("msExchAcceptedDomainName", "contoso.com")];
            AcceptedDomain::from_entry(&crate::stories::entry("CN=Contoso", &[&own, flags].concat())).unwrap()
        };
        world.accepted(|accepted| *accepted = read(&[]));
        let [line] = &world.lines(&CHECK)[..] else { panic!("one finding") };
        assert!(
            line.starts_with("critical likely: ") && line.contains("(msExchAcceptedDomainFlags is not set"),
            "{line}"
        );
        world.accepted(|accepted| *accepted = read(&[("msExchAcceptedDomainFlags", "8x")]));
        let gap = "unanswered: the type of the accepted domain 'Contoso' of corp (could not be read: \
                   msExchAcceptedDomainFlags is '8x', which is no whole number that it can hold)";
        assert_eq!(world.lines(&CHECK), [gap]);
    }

    #[test]
    fn a_catch_all_mailbox_goes_first() {
        let mut world = World::healthy();
        world.accepted(|accepted| {
            accepted.kind = DomainKind::Authoritative;
            accepted.catch_all = Some("CN=Lost".into());
        });
        let found = "critical proven: The accepted domain 'contoso.com' of corp is authoritative for contoso.com: what \
                     Exchange does not know goes to its catch-all mailbox CN=Lost: orders@contoso.com and \
                     sales@contoso.com among them [contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
        let relay = "Set-AcceptedDomain -Identity 'contoso.com' -DomainType InternalRelay -AddressBookEnabled $false";
        let commands = ["Set-AcceptedDomain -Identity 'contoso.com' -CatchAllRecipient $null", relay];
        let server = |version: &str| ExchangeServer { version: Some(version.into()), ..ExchangeServer::default() };
        let of_2013 = || server("Version 15.0 (Build 1497.2)");
        world.organisation().servers = Observed::Known(vec![of_2013()]);
        assert_eq!(world.commands(&CHECK), commands);
        // No reference of a later version knows the parameter.
        let later = vec![of_2013(), server("Version 15.1 (Build 2507.6)")];
        for servers in [Observed::Known(later), Observed::Known(vec![]), Observed::NotAsked] {
            world.organisation().servers = servers;
            let [note, first, last] = &world.commands(&CHECK)[..] else { panic!("two comments and a command") };
            assert!(first.starts_with("# first, by hand: Take the catch-all recipient off ("), "{first}");
            assert_eq!(
                (&**note, &**last),
                ("# first, by hand: Note the catch-all recipient, to set it again: CN=Lost", relay)
            );
        }
    }

    #[test]
    fn what_is_relayed_has_a_way_on_first() {
        let relay = "Set-AcceptedDomain -Identity 'contoso.com' -DomainType InternalRelay -AddressBookEnabled $false";
        let new = "New-SendConnector -Name 'To the other system of contoso.com' -Usage Internal -AddressSpaces 'contoso.com' \
                   -DNSRoutingEnabled $false -SmartHosts 'smarthost.contoso.com' -SmartHostAuthMechanism \
                   ExternalAuthoritative -SourceTransportServers <the Mailbox servers that send>";
        let enable = "Set-SendConnector -Identity 'To Zimbra' -Enabled $true";
        let unseen = "# see first that a connector leads to the other system, else mail waits and expires: the send \
                      connectors of corp (no right)";
        let aimed = "Set-SendConnector -Identity 'To Zimbra' -SmartHosts 'smarthost.contoso.com'";
        let left = "# then NSD315 is left: the send connector to the other system is not ExternalAuthoritative";
        let told =
            "# first give contoso.com a connector to the other system, else mail waits and expires (NSD311 to NSD322)";
        type Row = (&'static str, fn(&mut World), Vec<&'static str>);
        let cases: [Row; 10] = [
            ("it is there", |_| {}, vec![relay]),
            (
                "nobody's host may be the way",
                |world| world.connector(|one| one.smart_hosts = vec!["10.0.0.99".into()]),
                vec![relay],
            ),
            ("none", |world| world.connectors().clear(), vec![new, relay]),
            ("disabled", |world| world.connector(|one| one.enabled = false), vec![enable, relay]),
            (
                "that for all domains leads back",
                |world| world.connector(|one| (one.address_spaces[0].address, one.smart_hosts) = ("*".into(), vec![])),
                vec![new, relay],
            ),
            (
                "it leads back",
                |world| world.connector(|one| one.smart_hosts = vec!["mx1.contoso.com".into()]),
                vec![aimed, relay],
            ),
            (
                "the disabled one leads back",
                |world| {
                    world.connector(|one| (one.enabled, one.smart_hosts) = (false, vec!["mx1.contoso.com".into()]));
                },
                vec![aimed, enable, relay],
            ),
            (
                "a flaw that loses nothing",
                |world| world.connector(|one| one.authentication = SmartHostAuthentication::None),
                vec![left, relay],
            ),
            (
                "not seen",
                |world| world.organisation().send_connectors = Observed::Unknown(Miss::new(How::NoRight, "no right")),
                vec![unseen, relay],
            ),
            // A contact leaves for the domain, so that NSD311 gives it the connector.
            (
                "another finding gives it",
                |world| {
                    world.connectors().clear();
                    world.directory("orders@contoso.com", "contact targetAddress=SMTP:orders@contoso.com");
                },
                vec![told, relay],
            ),
        ];
        for (why, change, expected) in cases {
            let mut world = World::healthy();
            world.accepted(|accepted| accepted.kind = DomainKind::Authoritative);
            change(&mut world);
            assert_eq!(world.commands(&CHECK), expected, "{why}");
        }
        // The other organisation relays to this one, which is the end of the line.
        let mut world = World::two_forests();
        world.accepted(|accepted| accepted.kind = DomainKind::Authoritative);
        world.evidence.files.push(World::healthy().evidence.files[0].clone());
        world.question.systems[1].lists.push("eva.txt".into());
        assert!(world.lines(&CHECK)[0].starts_with("critical "), "{:?}", world.lines(&CHECK));
        assert_eq!(world.commands(&CHECK), [""; 0], "mail for unknown recipients would go round");
        let mut world = World::online();
        world.accepted(|accepted| accepted.kind = DomainKind::Authoritative);
        world.outbound_connectors().clear();
        let add = "New-OutboundConnector -Name 'To the other system of contoso.com' -ConnectorType OnPremises \
                   -RecipientDomains 'contoso.com' -UseMXRecord $false -SmartHosts 'smarthost.contoso.com'";
        assert_eq!(
            world.commands(&CHECK),
            [add, "Set-AcceptedDomain -Identity 'contoso.com' -DomainType InternalRelay"]
        );
    }
}
