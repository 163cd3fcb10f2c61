//! The remedy for a connector that carries the domain's mail to the wrong place: another aim, where it serves nothing else.
use super::known::other_hosts;
use super::remedies::{connector, connector_name, served};
use super::send_connector_wrong_address_space::{meant, written};
use super::trial::{Change, brings, is_won_by, told};
use crate::evidence::exchange::{SendConnector, SmartHostAuthentication};
use crate::evidence::online::OutboundConnector;
use crate::model::OrganisationView;
use crate::model::route::fixes;
use crate::prelude::*;

/// The connector that carries the domain's mail out.
pub(crate) enum Carrier<'a> {
    /// On premises.
    Send(&'a SendConnector),
    /// Of Exchange Online.
    Outbound(&'a OutboundConnector),
}

/// The connector that carries the shared domain's mail out of `organisation`.
pub(crate) fn carrier<'a>(organisation: &OrganisationView<'a>) -> Option<Carrier<'a>> {
    if organisation.is_online() {
        return organisation.outbound(organisation.domain).ok()?.winner.map(|(_, one)| Carrier::Outbound(one));
    }
    organisation.selection(organisation.domain).ok()?.winner().map(|(_, one)| Carrier::Send(one))
}

/// The remedy that has the domain's mail go to the other system. A connector that serves other domains as well would take
/// their mail there with it, so that the domain gets one of its own.
pub(crate) fn aim<'a>(case: &Case<'a>, organisation: &OrganisationView<'a>, carrier: &Carrier, title: &str) -> Remedy {
    let more = carrier.serves_besides(organisation.domain);
    if !more.is_empty() {
        return apart(case, organisation, carrier, &more);
    }
    let (hosts, set) = (other_hosts(case, organisation), || carrier.set());
    let (to, back) = match carrier {
        Carrier::Outbound(one) => {
            let by_mx = one.use_mx || one.smart_hosts.is_empty();
            let mx = |set: Cmdlet, on| if by_mx { set.bool("UseMXRecord", on) } else { set };
            (hosts.put_online(mx(set(), false)), mx(set(), true).list("SmartHosts", &one.smart_hosts))
        }
        Carrier::Send(one) => {
            let to = if one.dns_routing() { set().bool("DNSRoutingEnabled", false) } else { set() };
            let mut back = set().list("SmartHosts", &one.smart_hosts);
            if one.dns_routing() {
                back = back.bool("DNSRoutingEnabled", true);
            }
            if hosts.is_at_another_port(one.port) {
                back = back.number("Port", one.port.into());
            }
            with_authentication(one, hosts.put(to, one.port), back)
        }
    };
    Remedy::exchange(title, vec![to], vec![back]).then(carrier.synchronise(organisation))
}

/// What another smart host must not be given: the name and password that the last one takes, or a login as Exchange server.
fn with_authentication(connector: &SendConnector, to: Cmdlet, back: Cmdlet) -> (Cmdlet, Cmdlet) {
    let (name, mechanism) = (&connector.name, "SmartHostAuthMechanism");
    let told = |mechanism: &str| {
        format!(
            "'{name}' authenticates by {mechanism}, and would offer the new host the name and password of the old one: \
             that is switched off; where the new host wants a login, give it that host's own"
        )
    };
    // Only Exchange has it, and no cmdlet shows it.
    let lost = "the name and password of the old host cannot be read: they have to be typed in";
    let word = match connector.authentication {
        SmartHostAuthentication::None | SmartHostAuthentication::ExternalAuthoritative => return (to, back),
        SmartHostAuthentication::Unknown => {
            let see = format!(
                "whether '{name}' authenticates could not be read: see first (Get-SendConnector), for it would offer the \
                 new host the name and password of the old one"
            );
            return (to.remark(&see), back);
        }
        SmartHostAuthentication::Basic => "BasicAuth",
        SmartHostAuthentication::BasicRequireTls => "BasicAuthRequireTLS",
        SmartHostAuthentication::ExchangeServer => {
            let as_server = format!("'{name}' logs in as an Exchange server, which the new host is not known to take");
            let to = to.word(mechanism, "ExternalAuthoritative").remark(&as_server);
            return (to, back.word(mechanism, "ExchangeServer"));
        }
    };
    let to = to.word(mechanism, "ExternalAuthoritative").remark(&told(word));
    (
        to.remark(&format!("to take it back: {lost}")),
        back.word(mechanism, word).credential("AuthenticationCredential").remark(lost),
    )
}

/// A connector for the domain alone, beside the one that serves `more`; where one is there that is surely meant for it, that.
fn apart<'a>(case: &Case<'a>, organisation: &OrganisationView<'a>, carrier: &Carrier, more: &[String]) -> Remedy {
    if let Carrier::Send(_) = carrier
        && let Ok(routing) = organisation.choice(organisation.domain)
        && let Some(meant) = meant(case, organisation, &routing).filter(|meant| meant.sure)
    {
        return meant.mend(organisation, routing.is_served());
    }
    let (domain, old) = (organisation.domain, carrier.name());
    let (name, own, hosts) = (connector_name(domain), served(organisation, domain), other_hosts(case, organisation));
    let (mut add, remove) = connector(case, organisation, domain);
    add = add.remark(&format!("'{old}' serves {} as well, so its smart hosts stay as they are", listed(more, 4)));
    let mut changes = vec![Change::Connector(&name, &own, &hosts)];
    // Of two that serve the same, cost, distance and name decide: the old one leaves the domain to the new one.
    let (parameter, all) = carrier.spaces();
    let is_own = |space: &&(String, String)| own.contains(&space.0);
    let left: Vec<String> = all.iter().filter(|space| !is_own(space)).map(|(_, written)| written.clone()).collect();
    let whole: Vec<String> = all.into_iter().map(|(_, written)| written).collect();
    let (mut commands, mut undo) = (Vec::new(), Vec::new());
    if left.len() < whole.len() {
        if carrier.can_be_written() {
            commands.push(carrier.set().list(parameter, &left));
            undo.push(carrier.set().list(parameter, &whole));
            changes.push(Change::Spaces(old, &left));
        } else {
            add = add.remark(&format!(
                "then take {} out of what '{old}' serves, by hand: a list of all the rest could lose some of it",
                listed(&own, 4)
            ));
        }
    }
    if !is_won_by(case, organisation, &changes, &name) {
        add = add.remark(&format!(
            "see that mail for {domain} takes it: another connector may serve the domain as closely, and be cheaper or nearer"
        ));
    }
    for brought in brings(case, organisation, &changes) {
        add = add.remark(&told(&brought));
    }
    commands.insert(0, add);
    undo.push(remove);
    let edges = if commands.len() > 1 { carrier.synchronise(organisation) } else { None };
    Remedy::exchange("Give the domain a connector of its own to the other system", commands, undo).then(edges)
}

impl Carrier<'_> {
    /// Its name.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Send(one) => &one.name,
            Self::Outbound(one) => &one.name,
        }
    }

    /// The command that sets something of it.
    pub(crate) fn set(&self) -> Cmdlet {
        let noun = if matches!(self, Self::Send(_)) { "SendConnector" } else { "OutboundConnector" };
        Cmdlet::of("Set", noun).with("Identity", self.name())
    }

    /// The command by which Edge servers learn a change to it, where they have to.
    pub(crate) fn synchronise(&self, organisation: &OrganisationView) -> Option<Cmdlet> {
        match self {
            Self::Send(one) => organisation.synchronise_for(one),
            Self::Outbound(_) => None,
        }
    }

    /// What it serves besides `domain` and what is below it, in words.
    pub(crate) fn serves_besides(&self, domain: &str) -> Vec<String> {
        let below = format!("*.{domain}");
        let is_below = |address: &str| fixes(&below, address.strip_prefix("*.").unwrap_or(address)).is_some();
        let (_, spaces) = self.spaces();
        let mut more: Vec<String> =
            spaces.into_iter().map(|(address, _)| address).filter(|address| !is_below(address)).collect();
        match self {
            Self::Send(_) if !self.is_read() => more.push("what could not be read".into()),
            Self::Outbound(one) if one.all_accepted_domains => more.push("all accepted domains".into()),
            Self::Outbound(one) if one.all_via_on_premises => more.push("all mail".into()),
            _ => {}
        }
        more
    }

    /// Whether all that it serves could be read.
    fn is_read(&self) -> bool {
        match self {
            Self::Send(one) => one.unreadable.of(&["address_spaces"]).is_none(),
            Self::Outbound(_) => true,
        }
    }

    /// Whether a list can say all that it serves: one of another type than SMTP is not read letter by letter.
    fn can_be_written(&self) -> bool {
        let is_smtp = |one: &SendConnector| one.address_spaces.iter().all(|space| space.kind == "SMTP");
        self.is_read() && if let Self::Send(one) = self { is_smtp(one) } else { true }
    }

    /// The parameter for what it serves, and each of that: what it is called, and as it is written with its cost.
    fn spaces(&self) -> (&'static str, Vec<(String, String)>) {
        match self {
            Self::Send(one) => {
                let named = crate::model::routing::spaces(one);
                ("AddressSpaces", named.into_iter().zip(written(one)).collect())
            }
            Self::Outbound(one) => {
                ("RecipientDomains", one.recipient_domains.iter().map(|each| (each.clone(), each.clone())).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::dns::RecordKind;
    use crate::evidence::exchange::AddressSpace;
    use crate::stories::{World, connector};

    /// The commands of the cure of check `code`, and after `undo:` what takes them back.
    fn cure(world: &World, code: &str) -> Vec<String> {
        let (_, check) = crate::checks().into_iter().find(|(_, check)| check.code == code).unwrap();
        let mut notes = Notes::new(check);
        (check.judge)(&Case::new(&world.question, &world.evidence), &mut notes);
        let remedy = crate::remedy::order::cure(notes.findings.first().expect(code)).unwrap();
        let mut told = crate::remedy::lines(&remedy.commands);
        told.push("undo:".into());
        told.extend(crate::remedy::lines(&remedy.undo));
        told
    }

    fn serving(spaces: &[&str], host: &str) -> World {
        let mut world = World::healthy();
        world.connector(|one| {
            *one = connector("Internet", "*;5");
            one.address_spaces = spaces.iter().filter_map(|space| AddressSpace::parse(space)).collect();
            one.smart_hosts = if host.is_empty() { vec![] } else { vec![host.into()] };
        });
        for kind in [RecordKind::A, RecordKind::Aaaa] {
            world.dns("dead.contoso.com", kind, "NXDOMAIN");
        }
        world
    }

    const NEW: &str = "New-SendConnector -Name 'To the other system of contoso.com' -Usage Internal -AddressSpaces \
                       'contoso.com' -DNSRoutingEnabled $false -SmartHosts 'smarthost.contoso.com' \
                       -SmartHostAuthMechanism ExternalAuthoritative -SourceTransportServers <the Mailbox servers that send>";
    const REMOVE: &str = "Remove-SendConnector -Identity 'To the other system of contoso.com' -Confirm:$false";

    #[test]
    fn a_connector_that_serves_others_as_well_is_never_aimed_at_the_other_system() {
        const TAKE: &str = "Set-SendConnector -Identity 'Internet' -AddressSpaces ";
        let kept = |more: &str| format!("# 'Internet' serves {more} as well, so its smart hosts stay as they are");
        // What it serves, what of that is named, and its spaces without and with the domain's own.
        type Row = (&'static [&'static str], &'static str, Option<[&'static str; 2]>);
        let table: [Row; 3] = [
            (&["*.contoso.com", "fabrikam.com"], "fabrikam.com", None),
            (&["contoso.com;10", "*;5"], "*", Some(["'*;5'", "'contoso.com;10','*;5'"])),
            (
                &["fabrikam.com", "contoso.com", "*.de;7"],
                "fabrikam.com and *.de",
                Some(["'fabrikam.com','*.de;7'", "'fabrikam.com','contoso.com','*.de;7'"]),
            ),
        ];
        let aims = [
            ("NSD105", "dead.contoso.com"),
            ("NSD106", "mx1.contoso.com"),
            ("NSD107", "exch01.corp.contoso.com"),
            ("NSD314", ""),
        ];
        for (spaces, more, taken) in table {
            for (code, host) in aims {
                let told = cure(&serving(spaces, host), code);
                let expected: Vec<String> = match taken {
                    None => vec![kept(more), NEW.into(), "undo:".into(), REMOVE.into()],
                    Some([without, with]) => vec![
                        kept(more),
                        NEW.into(),
                        format!("{TAKE}{without}"),
                        "undo:".into(),
                        format!("{TAKE}{with}"),
                        REMOVE.into(),
                    ],
                };
                assert_eq!(told, expected, "{code} {spaces:?}");
            }
        }
        for (code, host) in [("NSD105", "dead.contoso.com"), ("NSD106", "mx1.contoso.com")] {
            let told = cure(&serving(&["*;5"], host), code);
            assert_eq!(told, [kept("*"), NEW.into(), "undo:".into(), REMOVE.into()], "{code} *");
        }
    }

    #[test]
    fn a_connector_of_the_domains_own_is_aimed_at_the_other_system() {
        let aim = "Set-SendConnector -Identity 'Internet' -SmartHosts 'smarthost.contoso.com'";
        for spaces in
            [&["contoso.com"][..], &["*.contoso.com"], &["contoso.com", "app.contoso.com", "*.eu.contoso.com"]]
        {
            let told = cure(&serving(spaces, "mx1.contoso.com"), "NSD106");
            let back = "Set-SendConnector -Identity 'Internet' -SmartHosts 'mx1.contoso.com'";
            assert_eq!(told, [aim, "undo:", back], "{spaces:?}");
        }
        let told = cure(&serving(&["contoso.com", "notcontoso.com"], "mx1.contoso.com"), "NSD106");
        assert_eq!(told[1], NEW, "a name that only ends like it is another domain");
    }

    #[test]
    fn what_could_not_be_read_is_neither_turned_nor_lost() {
        let mut world = serving(&["contoso.com"], "mx1.contoso.com");
        world.connector(|one| one.unreadable.add("address_spaces", "routingList holds 'FAX:;x'"));
        let told = cure(&world, "NSD106");
        assert!(told[0].contains("serves what could not be read as well"), "{told:?}");
        assert!(told[1].starts_with("# then take contoso.com out of what 'Internet' serves, by hand"), "{told:?}");
        assert!(told[2].starts_with("# see that mail for contoso.com takes it"), "{told:?}");
        assert_eq!(told[3..], [NEW, "undo:", REMOVE]);
        let told = cure(&serving(&["contoso.com", "X400:c=de;a= ;3"], "mx1.contoso.com"), "NSD106");
        assert!(told[0].contains("serves X400:c=de;a= as well"), "{told:?}");
        assert!(told[1].starts_with("# then take contoso.com out of what 'Internet' serves, by hand"), "{told:?}");
        assert_eq!(told[3..], [NEW, "undo:", REMOVE]);
    }

    #[test]
    fn that_the_new_one_wins_is_tried_and_else_said() {
        let mut world = serving(&["contoso.com", "*"], "mx1.contoso.com");
        world.connectors().push(connector("Old way", "contoso.com;50"));
        let told = cure(&world, "NSD106");
        assert!(told.iter().any(|line| line.starts_with("# see that mail for contoso.com takes it")), "{told:?}");
        world.connectors()[1].enabled = false;
        let told = cure(&world, "NSD106");
        assert!(!told.iter().any(|line| line.starts_with("# see that")), "{told:?}");
    }

    #[test]
    fn of_several_smart_hosts_of_such_a_connector_only_a_dead_one_goes() {
        let mut world = serving(&["*"], "dead.contoso.com");
        world.connector(|one| one.smart_hosts.push("relay.example.net".into()));
        let told = cure(&world, "NSD105");
        assert_eq!(told[0], "Set-SendConnector -Identity 'Internet' -SmartHosts 'relay.example.net'");
        world.connector(|one| one.smart_hosts[0] = "mx1.contoso.com".into());
        assert_eq!(cure(&world, "NSD106")[1], NEW, "the gateway takes the others' mail");
    }

    #[test]
    fn a_tenants_connector_for_all_domains_stays_as_well() {
        let new = "New-OutboundConnector -Name 'To the other system of contoso.com' -ConnectorType OnPremises \
                   -RecipientDomains 'contoso.com' -UseMXRecord $false -SmartHosts 'smarthost.contoso.com'";
        let remove = "Remove-OutboundConnector -Identity 'To the other system of contoso.com' -Confirm:$false";
        let mut world = World::online();
        world.dns("contoso.com", RecordKind::Mx, "10 contoso-com.mail.protection.outlook.com");
        world.outbound_connectors()[0].use_mx = true;
        let told = cure(&world, "NSD314");
        let aim = "Set-OutboundConnector -Identity 'To Zimbra' -UseMXRecord $false -SmartHosts 'smarthost.contoso.com'";
        assert_eq!(told[0], aim, "it serves the domain alone");
        world.outbound_connectors()[0].recipient_domains = vec!["*".into()];
        let told = cure(&world, "NSD314");
        assert_eq!(told[1..], [new, "undo:", remove], "{told:?}");
        world.outbound_connectors()[0].recipient_domains = vec!["contoso.com".into(), "fabrikam.com".into()];
        let set = |domains: &str| format!("Set-OutboundConnector -Identity 'To Zimbra' -RecipientDomains {domains}");
        let told = cure(&world, "NSD314");
        let expected = [
            new.into(),
            set("'fabrikam.com'"),
            "undo:".into(),
            set("'contoso.com','fabrikam.com'"),
            remove.to_string(),
        ];
        assert_eq!(told[1..], expected);
        world.outbound_connectors()[0].recipient_domains = vec!["contoso.com".into()];
        world.outbound_connectors()[0].all_accepted_domains = true;
        assert!(cure(&world, "NSD314")[0].contains("serves all accepted domains as well"));
    }

    #[test]
    fn the_old_hosts_password_is_not_offered_to_the_new_one() {
        use SmartHostAuthentication::*;
        let set = |rest: &str| format!("Set-SendConnector -Identity 'Internet' -SmartHosts {rest}");
        let table = [
            (None, "", ""),
            (ExternalAuthoritative, "", ""),
            (Unknown, "", ""),
            (
                ExchangeServer,
                " -SmartHostAuthMechanism ExternalAuthoritative",
                " -SmartHostAuthMechanism ExchangeServer",
            ),
            (
                Basic,
                " -SmartHostAuthMechanism ExternalAuthoritative",
                " -SmartHostAuthMechanism BasicAuth -AuthenticationCredential (Get-Credential)",
            ),
            (
                BasicRequireTls,
                " -SmartHostAuthMechanism ExternalAuthoritative",
                " -SmartHostAuthMechanism BasicAuthRequireTLS -AuthenticationCredential (Get-Credential)",
            ),
        ];
        for (authentication, to, back) in table {
            let mut world = serving(&["contoso.com"], "mx1.contoso.com");
            world.connector(|one| one.authentication = authentication);
            let told = cure(&world, "NSD106");
            let (remarks, commands): (Vec<_>, Vec<_>) = told.into_iter().partition(|line| line.starts_with('#'));
            let expected = [
                set(&format!("'smarthost.contoso.com'{to}")),
                "undo:".into(),
                set(&format!("'mx1.contoso.com'{back}")),
            ];
            assert_eq!(commands, expected);
            let offers =
                remarks.iter().any(|line| line.contains("offer the new host the name and password of the old one"));
            assert_eq!(offers, matches!(authentication, Basic | BasicRequireTls | Unknown), "{remarks:?}");
            let lost = remarks.iter().filter(|line| line.contains("cannot be read: they have to be typed in")).count();
            assert_eq!(lost, if matches!(authentication, Basic | BasicRequireTls) { 2 } else { 0 }, "{remarks:?}");
        }
        let mut world = serving(&["contoso.com"], "mx1.contoso.com");
        world.connector(|one| {
            one.authentication = Basic;
            one.smart_hosts.push("smarthost.contoso.com".into());
        });
        assert_eq!(cure(&world, "NSD106")[0], set("'smarthost.contoso.com'"), "that one has had it all along");
    }

    #[test]
    fn edge_servers_that_send_hear_of_it() {
        const SYNCHRONISE: &str = "Start-EdgeSynchronization";
        type Change = fn(&mut World);
        let aims: [(&str, Change); 5] = [
            ("NSD105", |world| world.connector(|one| one.smart_hosts = vec!["dead.contoso.com".into()])),
            ("NSD106", |world| world.connector(|one| one.smart_hosts = vec!["mx1.contoso.com".into()])),
            ("NSD107", |world| world.connector(|one| one.smart_hosts = vec!["exch01.corp.contoso.com".into()])),
            ("NSD106", |world| {
                world.connector(|one| {
                    one.smart_hosts = ["mx1", "smarthost"].map(|name| format!("{name}.contoso.com")).to_vec()
                });
            }),
            ("NSD315", |world| world.connector(|one| one.authentication = SmartHostAuthentication::None)),
        ];
        for (code, change) in aims {
            let mut world = serving(&["contoso.com"], "smarthost.contoso.com");
            change(&mut world);
            let without = cure(&world, code);
            assert!(!without.iter().any(|line| line.starts_with(SYNCHRONISE)), "{code}: {without:?}");
            world.sends_from_edge();
            let told = cure(&world, code);
            assert_eq!(told.iter().filter(|line| *line == SYNCHRONISE).count(), 2, "{code}: {told:?}");
        }
        let mut world = serving(&["contoso.com", "*"], "mx1.contoso.com");
        world.sends_from_edge();
        let told = cure(&world, "NSD106");
        assert_eq!(
            told.iter().filter(|line| *line == SYNCHRONISE).count(),
            2,
            "the domain is taken out there: {told:?}"
        );
        let mut world = serving(&["*"], "mx1.contoso.com");
        world.sends_from_edge();
        let told = cure(&world, "NSD106");
        assert!(!told.iter().any(|line| line == SYNCHRONISE), "nothing changes there: {told:?}");
    }
}
