//! The same organisation over LDAP and from exports of every format: the same findings.
use super::shapes::{FORMATS, Format, Output, Properties, Shape, write};
use nsdiag::app;
use nsdiag::cli::AskArgs;
use nsdiag::commands::check::CheckArgs;
use nsdiag::config::{ExportSettings, Settings};
use nsdiag_checks::evidence::exchange::{AcceptedDomain, DomainKind, SendConnector, SmartHostAuthentication};
use nsdiag_checks::evidence::{Directory, Entry, Organisation};
use nsdiag_checks::report::Report;
use nsdiag_lab::{Lab, Scenario};
use std::path::Path;

const CHANGED: i64 = 1_795_169_700;

fn words(text: &str) -> Shape {
    Shape::Text(text.into())
}

/// An Exchange domain name, as SmtpDomainWithSubdomains.
fn domain(name: &str) -> Shape {
    let bare = name.strip_prefix("*.").unwrap_or(name);
    let fields = vec![
        ("Address", words(name)),
        ("IncludeSubDomains", Shape::Flag(bare != name)),
        ("Domain", words(bare)),
        ("IsStar", Shape::Flag(false)),
    ];
    Shape::Object(name.into(), fields)
}

fn accepted_domain(one: &AcceptedDomain) -> Properties {
    let kind = match one.kind {
        DomainKind::Authoritative => Shape::Enum(0, "Authoritative"),
        DomainKind::ExternalRelay => Shape::Enum(1, "ExternalRelay"),
        _ => Shape::Enum(2, "InternalRelay"),
    };
    vec![
        ("DomainName", domain(&one.domain)),
        ("CatchAllRecipientID", one.catch_all.as_ref().map_or(Shape::Null, |dn| words(dn))),
        ("DomainType", kind),
        ("MatchSubDomains", Shape::Flag(one.match_subdomains)),
        ("AddressBookEnabled", Shape::Flag(one.address_book)),
        ("Name", words(&one.name)),
        ("WhenChangedUTC", Shape::Date(CHANGED)),
    ]
}

fn send_connector(one: &SendConnector) -> Properties {
    let host = |host: &String| {
        let is_address = host.parse::<std::net::IpAddr>().is_ok();
        let address = if is_address { host } else { "0.0.0.0" };
        let address = Shape::Object(address.into(), vec![("IPAddressToString", words(address))]);
        let text = if is_address { format!("[{host}]") } else { host.clone() };
        let fields = vec![("Address", address), ("IsIPAddress", Shape::Flag(is_address)), ("Domain", words(host))];
        Shape::Object(text, fields)
    };
    let spaces = one.address_spaces.iter().map(|space| {
        let fields = vec![
            ("Address", words(&space.address)),
            ("Type", words(&space.kind)),
            ("Cost", Shape::Number(space.cost.into())),
        ];
        Shape::Object(format!("{}:{};{}", space.kind, space.address, space.cost), fields)
    });
    let size = match one.max_bytes {
        None => Shape::Object("Unlimited".into(), vec![("IsUnlimited", Shape::Flag(true))]),
        Some(bytes) => {
            let text = format!("{} MB ({bytes} bytes)", bytes / 1024 / 1024);
            Shape::Object(text.clone(), vec![("IsUnlimited", Shape::Flag(false)), ("Value", words(&text))])
        }
    };
    let authentication = match one.authentication {
        SmartHostAuthentication::ExternalAuthoritative => Shape::Enum(16, "ExternalAuthoritative"),
        SmartHostAuthentication::BasicRequireTls => Shape::Enum(4, "BasicAuthRequireTLS"),
        SmartHostAuthentication::None => Shape::Enum(0, "None"),
        other => panic!("{other:?}"),
    };
    vec![
        ("DNSRoutingEnabled", Shape::Flag(one.smart_hosts.is_empty())),
        ("SmartHosts", Shape::List(one.smart_hosts.iter().map(host).collect())),
        ("Port", Shape::Number(one.port.into())),
        ("IgnoreSTARTTLS", Shape::Flag(one.ignore_starttls)),
        ("Fqdn", Shape::Null),
        ("TlsAuthLevel", Shape::Null),
        ("RequireTLS", Shape::Flag(one.require_tls)),
        ("Enabled", Shape::Flag(one.enabled)),
        ("SmartHostAuthMechanism", authentication),
        ("SmartHostsString", words(&one.smart_hosts.join(","))),
        ("AddressSpaces", Shape::List(spaces.collect())),
        ("IsScopedConnector", Shape::Flag(one.scoped)),
        ("SourceTransportServers", Shape::List(one.source_servers.iter().map(|name| words(name)).collect())),
        ("MaxMessageSize", size),
        ("Name", words(&one.name)),
        ("WhenChangedUTC", Shape::Date(CHANGED)),
    ]
}

fn recipient(entry: &Entry) -> Properties {
    let address = |value: &String| {
        let (prefix, address) = value.split_once(':').unwrap();
        let fields = vec![
            ("SmtpAddress", words(address)),
            ("AddressString", words(address)),
            ("ProxyAddressString", words(value)),
            ("Prefix", words(&prefix.to_uppercase())),
        ];
        Shape::Object(value.clone(), fields)
    };
    let kind = match (entry.integer("msExchRecipientTypeDetails"), entry.is("contact")) {
        (Some(1), _) => Shape::Enum(1, "UserMailbox"),
        (_, true) => Shape::Enum(64, "MailContact"),
        (Some(256), _) => Shape::Enum(256, "MailUniversalDistributionGroup"),
        (Some(128), _) => Shape::Enum(128, "MailUser"),
        other => panic!("{other:?} {entry:?}"),
    };
    let optional = |name: &str| entry.value(name).map_or(Shape::Null, words);
    let primary = entry.value("mail").map_or(Shape::Null, |mail| {
        let (local, domain) = mail.split_once('@').unwrap();
        Shape::Object(mail.into(), vec![("Local", words(local)), ("Domain", words(domain)), ("Address", words(mail))])
    });
    vec![
        ("Alias", optional("mailNickname")),
        ("Database", optional("homeMDB")),
        ("EmailAddresses", Shape::List(entry.values("proxyAddresses").iter().map(address).collect())),
        ("ExternalEmailAddress", optional("targetAddress")),
        ("HasActiveSyncDevicePartnership", Shape::Flag(false)),
        ("PrimarySmtpAddress", primary),
        ("RecipientTypeDetails", kind),
        ("Name", optional("cn")),
        ("DistinguishedName", words(&entry.dn)),
    ]
}

/// What the cmdlets would give of an organisation that was read over LDAP.
fn outputs(organisation: &Organisation, recipients: &[&Entry]) -> Vec<Output> {
    let filter = organisation.recipient_filter.known().unwrap().iter().map(|filter| {
        vec![
            ("Name", words("RecipientFilterConfig")),
            ("BlockedRecipients", Shape::List(filter.blocked.iter().map(|address| words(address)).collect())),
            ("RecipientValidationEnabled", Shape::Flag(filter.validates)),
            ("BlockListEnabled", Shape::Flag(!filter.blocked.is_empty())),
            ("Enabled", Shape::Flag(true)),
        ]
    });
    let output = |cmdlet, kind, objects: Vec<Properties>| Output { cmdlet, kind, objects };
    vec![
        output(
            "Get-AcceptedDomain",
            "Microsoft.Exchange.Data.Directory.SystemConfiguration.AcceptedDomain",
            organisation.accepted_domains.known().unwrap().iter().map(accepted_domain).collect(),
        ),
        output(
            "Get-SendConnector",
            "Microsoft.Exchange.Data.Directory.SystemConfiguration.SmtpSendConnectorConfig",
            organisation.send_connectors.known().unwrap().iter().map(send_connector).collect(),
        ),
        output(
            "Get-RecipientFilterConfig",
            "Microsoft.Exchange.Data.Directory.SystemConfiguration.RecipientFilterConfig",
            filter.collect(),
        ),
        output(
            "Get-Recipient",
            "Microsoft.Exchange.Data.Directory.Management.ReducedRecipient",
            recipients.iter().map(|entry| recipient(entry)).collect(),
        ),
    ]
}

fn export(folder: &Path, directory: &Directory, format: Format) {
    let organisation = directory.organisation.known().unwrap();
    let mut recipients: Vec<&Entry> =
        directory.lookups.iter().filter_map(|lookup| lookup.entries.known()).flatten().collect();
    recipients.sort_by_key(|entry| &entry.dn);
    recipients.dedup();
    for (number, output) in outputs(organisation, &recipients).iter().enumerate() {
        write(folder, number, output, format);
    }
}

/// Verdict, findings with their details, and what became of each recipient. The ports of a run's servers are its own.
fn told(report: &Report) -> Vec<String> {
    let findings = report.findings.iter().map(|finding| {
        let subjects: Vec<&str> = finding.subjects.iter().map(|subject| &*subject.value).collect();
        format!(
            "{} {:?} {:?} {} {}",
            finding.code,
            finding.severity,
            finding.certainty,
            subjects.join(" "),
            finding.detail
        )
    });
    let recipients = report.recipients.iter().map(|one| {
        let states: Vec<String> = one.directories.iter().map(|held| format!("{:?}", held.state)).collect();
        format!("{} {:?} {}", one.address, one.diagnosis, states.join(" "))
    });
    std::iter::once(report.verdict.word().to_string()).chain(findings).chain(recipients).collect()
}

async fn judged(settings: &Settings) -> Report {
    // On the heap: a run is large, and several of them on one test's stack are too much.
    Box::pin(app::check(settings, &|_| {})).await.unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_organisation_gives_the_same_findings_over_ldap_and_from_every_format() {
    let names = ["healthy", "broken-gateway", "authoritative", "connector-disabled", "no-connector", "bad-smarthost"];
    let play = |name: &'static str| {
        Box::pin(async move {
            let folder = tempfile::tempdir().unwrap();
            let lab = Lab::start(&Scenario::named(name).unwrap(), folder.path()).await.unwrap();
            let args = CheckArgs {
                ask: AskArgs { config: Some(lab.config().to_path_buf()), ..AskArgs::default() },
                ..CheckArgs::default()
            };
            let mut settings = Settings::load(&args).unwrap();
            settings.question.smtp_port = lab.smtp_port();
            let over_ldap = judged(&settings).await;
            let directory = &over_ldap.evidence.directories[0];
            for format in FORMATS {
                let exports = tempfile::tempdir().unwrap();
                export(exports.path(), directory, format);
                let mut instead = settings.clone();
                instead.exports = vec![ExportSettings { system: "corp".into(), paths: vec![exports.path().into()] }];
                let mut beside = instead.clone();
                instead.directories.clear();
                instead.question.systems[0].ldap.clear();
                let report = judged(&instead).await;
                assert_eq!(
                    told(&report),
                    told(&over_ldap),
                    "{name} {format:?}: {:#?}",
                    report.evidence.directories[0].exports
                );
                let read = &report.evidence.directories[0];
                assert!(read.exports.iter().all(|file| file.objects.known().is_some()), "{name} {format:?}: {read:#?}");
                beside.question.random.clone_from(&settings.question.random);
                let report = judged(&beside).await;
                assert_eq!(told(&report), told(&over_ldap), "{name} {format:?} beside LDAP");
                assert_eq!(report.evidence.directories.len(), 2);
            }
        })
    };
    futures_util::future::join_all(names.map(play)).await;
}
