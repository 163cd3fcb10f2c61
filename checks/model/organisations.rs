//! An Exchange organisation as routing sees it, put together from its directory and its exports.
use super::routing::Routing;
use crate::evidence::SystemKind;
use crate::evidence::directory::Origin;
use crate::evidence::exchange::{AcceptedDomain, RecipientFilter, SendConnector};
use crate::evidence::online::{InboundConnector, OutboundConnector};
use crate::evidence::servers::{EdgeSubscription, ExchangeServer, ReceiveConnector};
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
        })
    }

    /// The accepted domain that governs the shared domain: the most specific entry that covers it.
    pub fn accepted_domain(&self) -> Result<Option<(String, &'a AcceptedDomain)>, Gap> {
        self.accepted_domain_for(self.domain)
    }

    /// The accepted domain that governs `domain`.
    pub fn accepted_domain_for(&self, domain: &str) -> Result<Option<(String, &'a AcceptedDomain)>, Gap> {
        let (pointer, all) = self.accepted_domains()?;
        let best = all
            .iter()
            .enumerate()
            .filter_map(|(at, entry)| Some((covers(entry, domain)?, at, entry)))
            .max_by_key(|(specific, at, _)| (*specific, core::cmp::Reverse(*at)));
        Ok(best.map(|(_, at, entry)| (format!("{pointer}/{at}"), entry)))
    }

    /// The send connectors, with their pointer.
    pub fn send_connectors(&self) -> Result<(String, &'a Vec<SendConnector>), Gap> {
        self.part(&Part {
            name: "send connectors",
            field: "send_connectors",
            cmdlet: "Get-SendConnector",
            of: |organisation| &organisation.send_connectors,
        })
    }

    /// The recipient filter's settings, with their pointer; none where there is no such object.
    pub fn recipient_filter(&self) -> Result<(String, &'a Option<RecipientFilter>), Gap> {
        self.part(&Part {
            name: "recipient filter",
            field: "recipient_filter",
            cmdlet: "Get-RecipientFilterConfig",
            of: |organisation| &organisation.recipient_filter,
        })
    }

    /// The receive connectors of all servers, with their pointer.
    pub fn receive_connectors(&self) -> Result<(String, &'a Vec<ReceiveConnector>), Gap> {
        self.part(&Part {
            name: "receive connectors",
            field: "receive_connectors",
            cmdlet: "Get-ReceiveConnector",
            of: |organisation| &organisation.receive_connectors,
        })
    }

    /// The Exchange servers, with their pointer.
    pub fn servers(&self) -> Result<(String, &'a Vec<ExchangeServer>), Gap> {
        self.part(&Part {
            name: "Exchange servers",
            field: "servers",
            cmdlet: "Get-ExchangeServer",
            of: |organisation| &organisation.servers,
        })
    }

    /// The Edge subscriptions, with their pointer.
    pub fn edge_subscriptions(&self) -> Result<(String, &'a Vec<EdgeSubscription>), Gap> {
        self.part(&Part {
            name: "Edge subscriptions",
            field: "edge_subscriptions",
            cmdlet: "Get-EdgeSubscription",
            of: |organisation| &organisation.edge_subscriptions,
        })
    }

    /// Exchange Online's connectors for mail into the tenant, with their pointer.
    pub fn inbound_connectors(&self) -> Result<(String, &'a Vec<InboundConnector>), Gap> {
        self.part(&Part {
            name: "inbound connectors",
            field: "inbound_connectors",
            cmdlet: "Get-InboundConnector",
            of: |organisation| &organisation.inbound_connectors,
        })
    }

    /// Exchange Online's connectors for mail out of the tenant, with their pointer.
    pub fn outbound_connectors(&self) -> Result<(String, &'a Vec<OutboundConnector>), Gap> {
        self.part(&Part {
            name: "outbound connectors",
            field: "outbound_connectors",
            cmdlet: "Get-OutboundConnector",
            of: |organisation| &organisation.outbound_connectors,
        })
    }

    /// The pointer to the connectors by which mail leaves it, where they are known.
    pub fn connectors_seen(&self) -> Option<String> {
        match self.is_online() {
            true => self.outbound_connectors().ok().map(|(pointer, _)| pointer),
            false => self.send_connectors().ok().map(|(pointer, _)| pointer),
        }
    }

    /// Which send connector Exchange picks for `domain`, with why each other one lost.
    pub fn selection(&self, domain: &'a str) -> Result<Routing<'a>, Gap> {
        let (pointer, connectors) = self.send_connectors()?;
        Ok(Routing::new(pointer, connectors, domain))
    }

    /// The first known answer about `part`; else why there is none, of what was asked before what was not.
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
        for &(at, directory) in &self.directories {
            let gap = match &directory.organisation {
                Observed::Known(organisation) => match (part.of)(organisation) {
                    Observed::Known(found) => {
                        return Ok((
                            format!("/evidence/directories/{at}/organisation/known/{}/known", part.field),
                            found,
                        ));
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
        Err(lacking.unwrap_or_else(|| Gap::not_asked(whole(), export)))
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
            kind: crate::evidence::exchange::DomainKind::InternalRelay,
            address_book: false,
            match_subdomains,
            catch_all: None,
            raw_flags: None,
            changed: None,
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
