//! The same landscape as other organisations have it.
use nsdiag::app;
use nsdiag_checks::evidence::directory::Origin;
use nsdiag_checks::evidence::exchange::{DomainKind, SendConnector, SmartHostAuthentication};
use nsdiag_checks::evidence::online::{ConnectorType, OutboundConnector};
use nsdiag_checks::evidence::{Evidence, Observed, Organisation, Question, SystemKind};
use nsdiag_checks::report::Report;

/// `report`, and what is said of the same evidence where Exchange is older or of no known version, and where connectors and
/// accepted domains are set as they seldom are.
pub fn variants(report: &Report) -> Vec<(&'static str, Report)> {
    let again_as = |change: &dyn Fn(&mut Evidence, &mut Question)| {
        let (mut evidence, mut run) = (report.evidence.clone(), report.run.clone());
        change(&mut evidence, &mut run.settings);
        nsdiag_checks::report::report(&report.tool.version, run, evidence, &app::run_check).0
    };
    let again = |change: &dyn Fn(&mut Evidence)| again_as(&|evidence, _| change(evidence));
    let of_version = |version: Option<&'static str>| {
        again(&move |evidence| {
            for server in organisations(evidence).filter_map(|one| known(&mut one.servers)).flatten() {
                server.version = version.map(String::from);
            }
        })
    };
    let costly = again(&|evidence| {
        for connector in organisations(evidence).filter_map(|one| known(&mut one.send_connectors)).flatten() {
            connector.address_spaces.iter_mut().for_each(|space| space.cost = 10);
        }
    });
    let with_passwords = again(&|evidence| {
        for connector in organisations(evidence).filter_map(|one| known(&mut one.send_connectors)).flatten() {
            connector.authentication = SmartHostAuthentication::BasicRequireTls;
            connector.smart_hosts.insert(0, "relay.fabrikam.com".into());
            connector.require_tls = true;
        }
    });
    let catching = again(&|evidence| {
        for accepted in organisations(evidence).filter_map(|one| known(&mut one.accepted_domains)).flatten() {
            // Exchange lets it be set there alone; a tenant has none.
            let can = accepted.kind == DomainKind::Authoritative && accepted.raw_flags.is_some();
            accepted.catch_all = can.then(|| "CN=Lost,DC=corp,DC=contoso,DC=com".into());
        }
    });
    let in_the_cloud = again_as(&|evidence, question| {
        for system in question.systems.iter_mut().filter(|system| system.kind == SystemKind::Exchange) {
            system.kind = SystemKind::ExchangeOnline;
        }
        organisations(evidence).for_each(moved);
        for directory in &mut evidence.directories {
            // Nothing else is to be had from a tenant.
            directory.origin = Origin::Export;
            let lookups = directory.lookups.iter_mut().flat_map(|one| [&mut one.entries, &mut one.forest]);
            for entry in lookups.chain([&mut directory.noteworthy]).filter_map(known).flatten() {
                // A mailbox elsewhere is a mail user there (Get-Recipient, RecipientTypeDetails: 2^31 and 2^7).
                for kind in entry.attributes.get_mut("msexchrecipienttypedetails").into_iter().flatten() {
                    *kind = kind.replace("2147483648", "128");
                }
            }
        }
    });
    let elsewhere = again(&|evidence| {
        for server in organisations(evidence).filter_map(|one| known(&mut one.servers)).flatten() {
            server.fqdn =
                server.fqdn.as_ref().and_then(|fqdn| Some(format!("{}.hub.example.com", fqdn.split('.').next()?)));
        }
    });
    let without_connectors = |evidence: &mut Evidence| {
        for organisation in organisations(evidence) {
            known(&mut organisation.send_connectors).into_iter().for_each(Vec::clear);
            known(&mut organisation.outbound_connectors).into_iter().for_each(Vec::clear);
        }
    };
    let authoritative = |evidence: &mut Evidence| {
        for accepted in organisations(evidence).filter_map(|one| known(&mut one.accepted_domains)).flatten() {
            (accepted.kind, accepted.address_book) = (DomainKind::Authoritative, true);
        }
    };
    let disabled = |evidence: &mut Evidence| {
        for organisation in organisations(evidence) {
            known(&mut organisation.send_connectors).into_iter().flatten().for_each(|one| one.enabled = false);
            known(&mut organisation.outbound_connectors).into_iter().flatten().for_each(|one| one.enabled = false);
        }
    };
    let both = |first: &dyn Fn(&mut Evidence), second: &dyn Fn(&mut Evidence)| {
        again(&|evidence| {
            first(evidence);
            second(evidence);
        })
    };
    vec![
        (" without connectors", again(&without_connectors)),
        (" authoritative", again(&authoritative)),
        (" authoritative and without connectors", both(&authoritative, &without_connectors)),
        (" authoritative and with disabled connectors", both(&authoritative, &disabled)),
        (" as Exchange Online", in_the_cloud),
        (" with Exchange in another domain of the forest", elsewhere),
        ("", again(&|_| {})),
        (" with connectors that log in", with_passwords),
        (" with catch-all recipients", catching),
        (" on Exchange 2013", of_version(Some("Version 15.0 (Build 1497.2)"))),
        (" on Exchange 2016", of_version(Some("Version 15.1 (Build 2507.6)"))),
        (" on Exchange of no known version", of_version(None)),
        (" with address spaces of cost 10", costly),
    ]
}

fn organisations(evidence: &mut Evidence) -> impl Iterator<Item = &mut Organisation> {
    evidence.directories.iter_mut().filter_map(|directory| known(&mut directory.organisation))
}

/// What an organisation has of `organisation` in Exchange Online.
fn moved(organisation: &mut Organisation) {
    if let Some(connectors) = known(&mut organisation.send_connectors) {
        let outbound = |one: &mut SendConnector| OutboundConnector {
            name: one.name.clone(),
            enabled: one.enabled,
            kind: ConnectorType::OnPremises,
            recipient_domains: one.address_spaces.iter().map(|space| space.address.clone()).collect(),
            use_mx: one.smart_hosts.is_empty(),
            smart_hosts: one.smart_hosts.clone(),
            by_rule_only: false,
            all_accepted_domains: false,
            all_via_on_premises: false,
            tls: None,
            changed: None,
        };
        organisation.outbound_connectors = Observed::Known(connectors.iter_mut().map(outbound).collect());
    }
    for accepted in known(&mut organisation.accepted_domains).into_iter().flatten() {
        if accepted.kind == DomainKind::ExternalRelay {
            accepted.kind = DomainKind::InternalRelay;
        }
    }
    organisation.send_connectors = Observed::NotAsked;
    organisation.receive_connectors = Observed::NotAsked;
    organisation.recipient_filter = Observed::NotAsked;
    organisation.servers = Observed::NotAsked;
    organisation.edge_subscriptions = Observed::NotAsked;
}

fn known<T>(seen: &mut Observed<T>) -> Option<&mut T> {
    if let Observed::Known(known) = seen { Some(known) } else { None }
}
