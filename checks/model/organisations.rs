//! An Exchange organisation as routing sees it, put together from its directory and its exports.
use super::routing::Routing;
use crate::evidence::SystemKind;
use crate::evidence::directory::Origin;
use crate::evidence::exchange::{AcceptedDomain, DomainKind, RecipientFilter, SendConnector};
use crate::evidence::online::{InboundConnector, OutboundConnector};
use crate::evidence::reading::{Unread, Unreadable};
use crate::evidence::servers::{EdgeSubscription, ExchangeServer, ReceiveConnector};
use crate::evidence::transport::{RemoteDomain, TransportConfig, TransportRule};
use crate::judge::Gap;
use crate::prelude::*;

/// What supplies an organisation's configuration where LDAP does not show it.
const GRANT: &str = "grant the LDAP account read access to the Exchange organisation container and what is below it \
                     (nsdiag explain NSD331)";

/// One Exchange system's organisation.
pub struct OrganisationView<'a> {
    /// The system.
    pub system: &'a str,
    /// On premises, or in Exchange Online.
    pub kind: SystemKind,
    /// The shared domain.
    pub domain: &'a str,
    /// Its directories, with their places in the evidence: LDAP before exports, because it is the state of now.
    pub directories: Vec<(usize, &'a Directory)>,
}

/// One part of an organisation: where it stands in the evidence, and by which cmdlet it can be exported.
struct Part<'a, T> {
    name: &'static str,
    field: &'static str,
    cmdlet: &'static str,
    of: fn(&'a Organisation) -> &'a Observed<T>,
    /// Whether all of it could be read.
    whole: fn(&T) -> bool,
}

/// The organisations of all Exchange systems, on premises and online, in the order of the configuration.
pub fn views<'a>(question: &'a Question, evidence: &'a Evidence) -> Vec<OrganisationView<'a>> {
    let view = |system: &'a crate::evidence::System| {
        let mut directories: Vec<_> =
            evidence.directories.iter().enumerate().filter(|(_, one)| one.system == system.name).collect();
        directories.sort_by_key(|(_, directory)| directory.origin == Origin::Export);
        OrganisationView { system: &system.name, kind: system.kind, domain: &question.domain, directories }
    };
    question.systems.iter().filter(|system| system.kind != SystemKind::Other).map(view).collect()
}

impl<'a> OrganisationView<'a> {
    /// Whether it is Exchange Online, which has outbound connectors in place of send connectors.
    pub fn is_online(&self) -> bool {
        self.kind == SystemKind::ExchangeOnline
    }

    /// The accepted domains, with their pointer.
    pub fn accepted_domains(&self) -> Result<(String, &'a Vec<AcceptedDomain>), Gap> {
        self.part(&Part {
            name: "accepted domains",
            field: "accepted_domains",
            cmdlet: "Get-AcceptedDomain",
            of: |organisation| &organisation.accepted_domains,
            whole: |all| all.iter().all(|one| one.unreadable.is_empty()),
        })
    }

    /// The accepted domain that governs the shared domain, where its type is known.
    pub fn accepted_domain(&self) -> Result<Option<(String, &'a AcceptedDomain)>, Gap> {
        self.accepted_domain_for(self.domain)
    }

    /// The accepted domain that governs `domain`, where its type is known.
    pub fn accepted_domain_for(&self, domain: &str) -> Result<Option<(String, &'a AcceptedDomain)>, Gap> {
        let found = self.accepting(domain)?;
        let Some((_, entry)) = found.as_ref().filter(|(_, entry)| entry.kind == DomainKind::Unknown) else {
            return Ok(found);
        };
        let what = format!("the type of the accepted domain '{}'", entry.name);
        let said = entry.unreadable.of(&["kind"]).map_or_else(
            || "it is of a type that is not known".into(),
            |unread| format!("could not be read: {}", unread.said),
        );
        Err(self.unreadable(&what, said, "Get-AcceptedDomain"))
    }

    /// The accepted domain that covers `domain`, of whatever type: the most specific one. One that could not be read may
    /// be that.
    pub fn accepting(&self, domain: &str) -> Result<Option<(String, &'a AcceptedDomain)>, Gap> {
        let (pointer, all) = self.accepted_domains()?;
        let best = all
            .iter()
            .enumerate()
            .filter_map(|(at, entry)| Some((covers(entry, domain)?, at, entry)))
            .max_by_key(|(specific, at, _)| (*specific, core::cmp::Reverse(*at)));
        let reach = best.as_ref().map(|(specific, ..)| *specific);
        let doubtful = |entry: &&AcceptedDomain| {
            let wide = AcceptedDomain { match_subdomains: true, ..(*entry).clone() };
            entry.unreadable.of(&["domain"]).is_some() && reach < Some((domain.len(), true))
                || entry.unreadable.of(&["match_subdomains"]).is_some() && covers(&wide, domain) > reach
        };
        if let Some((entry, unread)) =
            all.iter().filter(doubtful).find_map(|one| Some((one, one.unreadable.of(&["domain", "match_subdomains"])?)))
        {
            let what = format!("whether the accepted domain '{}' covers {domain}", entry.name);
            return Err(self.unreadable(&what, format!("could not be read: {}", unread.said), "Get-AcceptedDomain"));
        }
        Ok(best.map(|(_, at, entry)| (format!("{pointer}/{at}"), entry)))
    }

    /// The send connectors, with their pointer.
    pub fn send_connectors(&self) -> Result<(String, &'a Vec<SendConnector>), Gap> {
        self.part(&Part {
            name: "send connectors",
            field: "send_connectors",
            cmdlet: "Get-SendConnector",
            of: |organisation| &organisation.send_connectors,
            whole: |all| all.iter().all(|one| one.unreadable.is_empty()),
        })
    }

    /// The recipient filter's settings, with their pointer; none where there is no such object.
    pub fn recipient_filter(&self) -> Result<(String, &'a Option<RecipientFilter>), Gap> {
        self.part(&Part {
            name: "recipient filter",
            field: "recipient_filter",
            cmdlet: "Get-RecipientFilterConfig",
            of: |organisation| &organisation.recipient_filter,
            whole: |filter| filter.as_ref().is_none_or(|one| one.unreadable.is_empty()),
        })
    }

    /// The receive connectors of all servers, with their pointer.
    pub fn receive_connectors(&self) -> Result<(String, &'a Vec<ReceiveConnector>), Gap> {
        self.part(&Part {
            name: "receive connectors",
            field: "receive_connectors",
            cmdlet: "Get-ReceiveConnector",
            of: |organisation| &organisation.receive_connectors,
            whole: |all| all.iter().all(|one| one.unreadable.is_empty()),
        })
    }

    /// The Exchange servers, with their pointer.
    pub fn servers(&self) -> Result<(String, &'a Vec<ExchangeServer>), Gap> {
        self.part(&Part {
            name: "Exchange servers",
            field: "servers",
            cmdlet: "Get-ExchangeServer",
            of: |organisation| &organisation.servers,
            whole: |all| all.iter().all(|one| one.unreadable.is_empty()),
        })
    }

    /// The Edge subscriptions, with their pointer.
    pub fn edge_subscriptions(&self) -> Result<(String, &'a Vec<EdgeSubscription>), Gap> {
        self.part(&Part {
            name: "Edge subscriptions",
            field: "edge_subscriptions",
            cmdlet: "Get-EdgeSubscription",
            of: |organisation| &organisation.edge_subscriptions,
            whole: |_| true,
        })
    }

    /// Exchange Online's connectors for mail into the tenant, with their pointer.
    pub fn inbound_connectors(&self) -> Result<(String, &'a Vec<InboundConnector>), Gap> {
        self.part(&Part {
            name: "inbound connectors",
            field: "inbound_connectors",
            cmdlet: "Get-InboundConnector",
            of: |organisation| &organisation.inbound_connectors,
            whole: |_| true,
        })
    }

    /// Exchange Online's connectors for mail out of the tenant, with their pointer.
    pub fn outbound_connectors(&self) -> Result<(String, &'a Vec<OutboundConnector>), Gap> {
        self.part(&Part {
            name: "outbound connectors",
            field: "outbound_connectors",
            cmdlet: "Get-OutboundConnector",
            of: |organisation| &organisation.outbound_connectors,
            whole: |_| true,
        })
    }

    /// The transport rules, in their order, with their pointer.
    pub fn transport_rules(&self) -> Result<(String, &'a Vec<TransportRule>), Gap> {
        self.exported(&Part {
            name: "transport rules",
            field: "transport_rules",
            cmdlet: "Get-TransportRule",
            of: |organisation| &organisation.transport_rules,
            whole: |all| all.iter().all(|one| one.unreadable.is_empty()),
        })
    }

    /// What holds for mail to domains outside, with its pointer.
    pub fn remote_domains(&self) -> Result<(String, &'a Vec<RemoteDomain>), Gap> {
        self.exported(&Part {
            name: "remote domains",
            field: "remote_domains",
            cmdlet: "Get-RemoteDomain",
            of: |organisation| &organisation.remote_domains,
            whole: |_| true,
        })
    }

    /// What holds for the whole organisation, with its pointer.
    pub fn transport_config(&self) -> Result<(String, &'a TransportConfig), Gap> {
        self.exported(&Part {
            name: "transport configuration",
            field: "transport_config",
            cmdlet: "Get-TransportConfig",
            of: |organisation| &organisation.transport_config,
            whole: |one| one.unreadable.is_empty(),
        })
    }

    /// The pointer to the connectors by which mail leaves it, where they are known.
    pub fn connectors_seen(&self) -> Option<String> {
        match self.is_online() {
            true => self.outbound_connectors().ok().map(|(pointer, _)| pointer),
            false => self.send_connectors().ok().map(|(pointer, _)| pointer),
        }
    }

    /// Which send connector Exchange picks for `domain`, with why each other one lost; a gap where something that could
    /// not be read may change that, or where the winner leads.
    pub fn selection(&self, domain: &'a str) -> Result<Routing<'a>, Gap> {
        self.selection_at(domain, 0)
    }

    /// The same for a message of `bytes`.
    pub fn selection_at(&self, domain: &'a str, bytes: u64) -> Result<Routing<'a>, Gap> {
        let (pointer, connectors) = self.send_connectors()?;
        let routing = Routing::from_place(pointer, connectors, domain, bytes, &|_| super::route::HERE);
        self.undoubted(&routing)?;
        if let Some((_, winner)) = routing.winner() {
            self.read_of(winner, &["smart_hosts", "port"])?;
        }
        Ok(routing)
    }

    /// The same, whether or not it could be read where the winner leads.
    pub fn choice(&self, domain: &'a str) -> Result<Routing<'a>, Gap> {
        let (pointer, connectors) = self.send_connectors()?;
        let routing = Routing::new(pointer, connectors, domain);
        self.undoubted(&routing)?;
        Ok(routing)
    }

    /// A gap where something of the connectors that could not be read may change what `routing` says.
    pub fn undoubted(&self, routing: &Routing) -> Result<(), Gap> {
        match routing.doubt() {
            Some((connector, unread)) => Err(self.not_read_of(connector, unread)),
            None => Ok(()),
        }
    }

    /// A gap where one of these `fields` of the connector could not be read.
    pub fn read_of(&self, connector: &SendConnector, fields: &[&str]) -> Result<(), Gap> {
        match connector.unreadable.of(fields) {
            Some(unread) => Err(self.not_read_of(connector, unread)),
            None => Ok(()),
        }
    }

    fn not_read_of(&self, connector: &SendConnector, unread: &Unreadable) -> Gap {
        let what = format!("the send connector '{}'", connector.name);
        self.unreadable(&what, format!("could not be read: {}", unread.said), "Get-SendConnector")
    }

    /// A gap where one of these `fields` of `object` (`the receive connector 'EXCH01\\Default'`) could not be read.
    pub fn read(&self, object: &str, of: &Unread, fields: &[&str], cmdlet: &str) -> Result<(), Gap> {
        match of.of(fields) {
            Some(unread) => Err(self.unreadable(object, format!("could not be read: {}", unread.said), cmdlet)),
            None => Ok(()),
        }
    }

    /// The gap that something of the organisation was seen and could not be read, which another source may show.
    pub fn unreadable(&self, what: &str, why: String, cmdlet: &str) -> Gap {
        let supply = match self.is_online() {
            true => format!("a new export ('export' in [system.directory]) with {cmdlet}"),
            false => format!("--exchange-export with {cmdlet}, or --ldap URL of another domain controller"),
        };
        Gap::unanswered(format!("{what} of {}", self.system), why, supply)
    }

    /// What supplies the recipients of the organisation.
    pub fn recipients_supply(&self) -> String {
        match self.is_online() {
            true => format!("an export of {} ('export' in [system.directory]) with Get-Recipient", self.system),
            false => {
                format!("--ldap URL with --ldap-user for {}, or --exchange-export with Get-Recipient", self.system)
            }
        }
    }

    /// Whether the part at `pointer` was read over LDAP.
    pub fn is_from_ldap(&self, pointer: &str) -> bool {
        let of = |at: &usize| pointer.starts_with(&format!("/evidence/directories/{at}/"));
        self.directories.iter().any(|(at, directory)| of(at) && directory.origin == Origin::Ldap)
    }

    /// The same of what exports alone tell: where none does, nobody asked for it.
    fn exported<T>(&self, part: &Part<'a, T>) -> Result<(String, &'a T), Gap> {
        let told = self.directories.iter().filter_map(|(_, directory)| directory.organisation.known());
        let asked = told.map(|organisation| (part.of)(organisation)).any(|seen| !matches!(seen, Observed::NotAsked));
        match asked {
            true => self.part(part),
            false => {
                let what = format!("the {} of {}", part.name, self.system);
                Err(Gap::not_asked(what, format!("an export with {} (nsdiag explain NSD331)", part.cmdlet)))
            }
        }
    }

    /// The first answer about `part` that could be read whole, or else in part; else why there is none, of what was asked
    /// before what was not.
    fn part<T>(&self, part: &Part<'a, T>) -> Result<(String, &'a T), Gap> {
        let export = match self.is_online() {
            true => format!("an export ('export' in [system.directory]) with {}", part.cmdlet),
            false => format!("--ldap URL with --ldap-user, or --exchange-export with {}", part.cmdlet),
        };
        let whole = || format!("the Exchange configuration of {}", self.system);
        let what = || format!("the {} of {}", part.name, self.system);
        let supply = |directory: &Directory, miss: &Miss| match (directory.origin, miss.how) {
            (Origin::Export, _) => format!("--exchange-export with {}", part.cmdlet),
            (_, How::NoRight) => format!("{GRANT}, or --exchange-export with {}", part.cmdlet),
            _ => way_to_directory(miss).into(),
        };
        let mut lacking: Option<Gap> = None;
        let mut in_part = None;
        for &(at, directory) in &self.directories {
            let gap = match &directory.organisation {
                Observed::Known(organisation) => match (part.of)(organisation) {
                    Observed::Known(found) => {
                        let pointer = format!("/evidence/directories/{at}/organisation/known/{}/known", part.field);
                        if (part.whole)(found) {
                            return Ok((pointer, found));
                        }
                        in_part.get_or_insert((pointer, found));
                        continue;
                    }
                    Observed::Unknown(miss) => Gap::unanswered(what(), miss.said.clone(), supply(directory, miss)),
                    Observed::NotAsked => Gap::not_asked(what(), export.clone()),
                },
                Observed::Unknown(miss) => Gap::unanswered(whole(), miss.said.clone(), supply(directory, miss)),
                Observed::NotAsked => Gap::not_asked(whole(), export.clone()),
            };
            match &lacking {
                Some(first) if first.asked || !gap.asked => {}
                _ => lacking = Some(gap),
            }
        }
        in_part.ok_or_else(|| lacking.unwrap_or_else(|| Gap::not_asked(whole(), export)))
    }
}

/// How specifically `entry` covers `domain`: the number of characters that it fixes, an exact entry before a wildcard.
pub fn covers(entry: &AcceptedDomain, domain: &str) -> Option<(usize, bool)> {
    if entry.domain == domain {
        return Some((domain.len(), true));
    }
    let parent = match entry.domain.strip_prefix("*.") {
        Some(parent) => parent,
        None if entry.domain == "*" => return Some((0, false)),
        None if entry.match_subdomains => &entry.domain,
        None => return None,
    };
    let inside = domain.strip_suffix(parent).is_some_and(|head| head.is_empty() || head.ends_with('.'));
    inside.then_some((parent.len(), false))
}

/// The flag that would get a usable connection to the directory.
fn way_to_directory(miss: &Miss) -> &'static str {
    match miss.how {
        How::WrongPassword => "--ldap-user and --ldap-password-file with a credential that the directory takes",
        How::SigningRequired | How::TlsMissing => "an ldaps:// URL in --ldap",
        How::TlsFailed => "--ca FILE with the root that signed the directory's certificate",
        How::NotTried => "--ldap-user and --ldap-password-file over ldaps://",
        _ => "--ldap URL of another domain controller",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::World;

    #[test]
    fn the_most_specific_accepted_domain_governs() {
        let entry = |domain: &str, match_subdomains| AcceptedDomain {
            name: domain.into(),
            domain: domain.into(),
            kind: DomainKind::InternalRelay,
            address_book: false,
            match_subdomains,
            catch_all: None,
            raw_flags: None,
            changed: None,
            unreadable: Unread::default(),
        };
        let cases = [
            ("contoso.com", false, "contoso.com", Some((11, true))),
            ("*.contoso.com", false, "contoso.com", Some((11, false))),
            ("*.contoso.com", false, "a.contoso.com", Some((11, false))),
            ("*.contoso.com", false, "notcontoso.com", None),
            ("contoso.com", true, "a.contoso.com", Some((11, false))),
            ("contoso.com", false, "a.contoso.com", None),
            ("*", false, "contoso.com", Some((0, false))),
        ];
        for (listed, subdomains, domain, expected) in cases {
            assert_eq!(covers(&entry(listed, subdomains), domain), expected, "{listed} {domain}");
        }
    }

    /// The healthy world with an export beside LDAP, in front of it in the evidence.
    fn with_export(change: impl FnOnce(&mut Organisation)) -> World {
        let mut world = World::healthy();
        let mut organisation = Organisation::default();
        change(&mut organisation);
        let export = Directory {
            system: "corp".into(),
            source: "exchange-export".into(),
            origin: Origin::Export,
            organisation: Observed::Known(organisation),
            ..Directory::default()
        };
        world.evidence.directories.insert(0, export);
        world
    }

    #[test]
    fn each_part_comes_from_the_first_source_that_knows_it() {
        let server = |name: &str| ExchangeServer { name: name.into(), ..ExchangeServer::default() };
        let world = with_export(|export| {
            export.servers = Observed::Known(vec![server("EXCH01")]);
            export.send_connectors = Observed::Known(vec![]);
        });
        let views = views(&world.question, &world.evidence);
        let [view] = &views[..] else { panic!("one organisation, not {}", views.len()) };
        let (pointer, connectors) = view.send_connectors().unwrap();
        assert_eq!(
            (&*pointer, connectors.len()),
            ("/evidence/directories/1/organisation/known/send_connectors/known", 1)
        );
        let (pointer, servers) = view.servers().unwrap();
        assert_eq!((&*pointer, servers.len()), ("/evidence/directories/0/organisation/known/servers/known", 1));
    }

    #[test]
    fn an_accepted_domain_that_cannot_be_read_governs_only_where_no_other_surely_does() {
        let mut world = World::healthy();
        let unread = |domain: &str, field: &str| {
            let mut entry = AcceptedDomain::from_entry(&crate::stories::entry(
                "CN=Odd",
                &[("msExchAcceptedDomainName", domain), ("msExchAcceptedDomainFlags", "2")],
            ))
            .unwrap();
            entry.unreadable.add(field, "it is 'x'");
            entry
        };
        let asked = |world: &World, domain: &str| {
            let views = views(&world.question, &world.evidence);
            let found = views[0].accepting(domain);
            found.map(|found| found.map(|(_, entry)| entry.name.clone())).map_err(|gap| gap.what)
        };
        let whether = |domain: &str| Err(format!("whether the accepted domain 'Odd' covers {domain} of corp"));
        let cases = [
            ("fabrikam.com", "kind", "contoso.com", Ok(Some("contoso.com".to_string()))),
            ("", "domain", "contoso.com", Ok(Some("contoso.com".into()))),
            ("", "domain", "app.contoso.com", whether("app.contoso.com")),
            ("contoso.com", "match_subdomains", "app.contoso.com", whether("app.contoso.com")),
            ("fabrikam.com", "match_subdomains", "app.contoso.com", Ok(None)),
            ("fabrikam.com", "match_subdomains", "app.fabrikam.com", whether("app.fabrikam.com")),
        ];
        for (name, field, domain, expected) in cases {
            let Observed::Known(all) = &mut world.organisation().accepted_domains else { panic!() };
            all.truncate(1);
            all.push(unread(name, field));
            assert_eq!(asked(&world, domain), expected, "{name} {field} {domain}");
        }
    }

    #[test]
    fn a_source_that_can_be_read_whole_counts_before_one_that_cannot() {
        let mut world = with_export(|_| {});
        let readable = world.organisation_at(1).accepted_domains.clone();
        world.accepted_at(1, |accepted| {
            accepted.kind = DomainKind::Unknown;
            accepted.unreadable.add("kind", "msExchAcceptedDomainFlags is 'x', which is no whole number");
        });
        let asked = |world: &World| {
            let found = views(&world.question, &world.evidence)[0].accepted_domain().map(|found| found.unwrap().0);
            found.map_err(|gap| format!("{}: {}", gap.what, gap.why))
        };
        let gap = "the type of the accepted domain 'contoso.com' of corp: could not be read: msExchAcceptedDomainFlags is \
                   'x', which is no whole number";
        assert_eq!(asked(&world), Err(gap.into()));
        world.organisation_at(0).accepted_domains = readable;
        assert_eq!(asked(&world), Ok("/evidence/directories/0/organisation/known/accepted_domains/known/0".into()));
    }

    #[test]
    fn what_was_asked_in_vain_is_told_before_what_was_not_asked() {
        let mut world = with_export(|_| {});
        let gap = |world: &World| {
            let views = views(&world.question, &world.evidence);
            views[0].receive_connectors().map(|_| ()).unwrap_err()
        };
        let supply = "--ldap URL with --ldap-user, or --exchange-export with Get-ReceiveConnector";
        assert_eq!(gap(&world), Gap::not_asked("the receive connectors of corp", supply));
        let hidden = Observed::Unknown(Miss::new(How::NoRight, "CN=Servers is not visible"));
        world.organisation_at(1).receive_connectors = hidden;
        let supply = format!("{GRANT}, or --exchange-export with Get-ReceiveConnector");
        assert_eq!(gap(&world), Gap::unanswered("the receive connectors of corp", "CN=Servers is not visible", supply));
        world.evidence.directories.clear();
        assert_eq!(gap(&world).what, "the Exchange configuration of corp");
        world.question.systems[0].kind = SystemKind::ExchangeOnline;
        assert_eq!(gap(&world).supply, "an export ('export' in [system.directory]) with Get-ReceiveConnector");
    }
}
