//! Transport rules, remote domains and the transport configuration: the same from every format, and nothing is guessed.
use super::shapes::{FORMATS, Output, Properties, Shape, write};
use super::{files, read};
use nsdiag_checks::evidence::transport::{RuleActionKind, Side, TransportRule};
use nsdiag_checks::evidence::{Observed, Organisation};

fn words(text: &str) -> Shape {
    Shape::Text(text.into())
}

fn list(all: &[&str]) -> Shape {
    Shape::List(all.iter().map(|one| words(one)).collect())
}

/// A rule with what it is for and what it does as Exchange names them.
fn rule(name: &str, conditions: &[&str], actions: &[&str], set: Properties) -> Properties {
    let types = |names: &[&str], tail: &str| {
        Shape::List(
            names
                .iter()
                .map(|name| words(&format!("Microsoft.Exchange.MessagingPolicies.Rules.Tasks.{name}{tail}")))
                .collect(),
        )
    };
    let mut all = vec![
        ("Name", words(name)),
        ("State", words("Enabled")),
        ("Mode", words("Enforce")),
        ("StopRuleProcessing", Shape::Flag(false)),
        ("RuleErrorAction", words("Ignore")),
        ("Conditions", types(conditions, "Predicate")),
        ("Exceptions", types(&[], "Predicate")),
        ("Actions", types(actions, "Action")),
        ("RecipientDomainIs", Shape::Null),
        ("SentTo", Shape::Null),
        ("FromScope", Shape::Null),
        ("RedirectMessageTo", Shape::Null),
        ("RejectMessageReasonText", Shape::Null),
        ("DeleteMessage", Shape::Flag(false)),
    ];
    for (name, value) in set {
        let place = all.iter_mut().find(|(own, _)| *own == name).expect("it is one of these");
        place.1 = value;
    }
    all
}

fn outputs() -> Vec<Output> {
    let output = |cmdlet, kind, objects| Output { cmdlet, kind, objects };
    let rules = vec![
        rule("Disclaimer", &[], &["ApplyDisclaimerWithFallback"], vec![]),
        rule(
            "No strangers",
            &["RecipientDomainIs", "FromScope"],
            &["RejectMessage"],
            vec![
                ("RecipientDomainIs", list(&["Contoso.com", "grün.example"])),
                ("FromScope", words("NotInOrganization")),
                ("RejectMessageReasonText", words("No, thank you.")),
            ],
        ),
        rule(
            "Gone",
            &["SentTo", "SubjectContains"],
            &["RedirectMessage", "DeleteMessage"],
            vec![
                ("SentTo", list(&["Orders@contoso.com"])),
                ("RedirectMessageTo", list(&["eva@fabrikam.com"])),
                ("DeleteMessage", Shape::Flag(true)),
            ],
        ),
    ];
    let remote = vec![
        ("DomainName", words("*")),
        ("AllowedOOFType", words("External")),
        ("NDREnabled", Shape::Flag(false)),
        ("AutoForwardEnabled", Shape::Flag(true)),
        ("Name", words("Default")),
    ];
    let config = vec![
        ("Name", words("Transport Settings")),
        ("InternalSMTPServers", list(&["10.0.0.44", "192.0.2.0/24"])),
        ("MaxSendSize", words("Unlimited")),
        ("MaxReceiveSize", words("10 MB (10,485,760 bytes)")),
    ];
    vec![
        output("Get-TransportRule", "Microsoft.Exchange.MessagingPolicies.Rules.Tasks.Rule", rules),
        output(
            "Get-RemoteDomain",
            "Microsoft.Exchange.Data.Directory.SystemConfiguration.DomainContentConfig",
            vec![remote],
        ),
        output(
            "Get-TransportConfig",
            "Microsoft.Exchange.Data.Directory.SystemConfiguration.TransportConfigContainer",
            vec![config],
        ),
    ]
}

/// A rule in one line.
fn line(rule: &TransportRule) -> String {
    let kinds: Vec<_> = rule.actions.iter().map(|action| format!("{:?} {:?}", action.kind, action.to)).collect();
    let (only, unread) = (&rule.only, &rule.unreadable.0);
    format!(
        "{} {} {:?} {:?} {:?} {:?} {kinds:?} {unread:?}",
        rule.name, rule.acts, only.named, only.domains, only.recipients, only.from
    )
}

#[test]
fn every_format_tells_the_same_of_rules_domains_and_limits() {
    for format in FORMATS {
        let folder = tempfile::tempdir().unwrap();
        for (number, output) in outputs().iter().enumerate() {
            write(folder.path(), number, output, format);
        }
        let read = read(folder.path(), &[]);
        assert!(files(&read).iter().all(|line| line.starts_with("Get-")), "{format:?}: {:?}", files(&read));
        let organisation: &Organisation = read.organisation.known().unwrap();
        let rules: Vec<String> = organisation.transport_rules.known().unwrap().iter().map(line).collect();
        let reject = format!("{:?} []", RuleActionKind::Reject);
        let outside = Some(Side::Outside);
        let expected = [
            "Disclaimer true [] [] [] None [] []".to_string(),
            format!(
                "No strangers true [\"RecipientDomainIs\", \"FromScope\"] [\"contoso.com\", \"xn--grn-ioa.example\"] [] \
                 {outside:?} [{reject:?}] []"
            ),
            "Gone true [\"SentTo\", \"SubjectContains\"] [] [\"orders@contoso.com\"] None [\"Delete []\", \"Redirect \
             [\\\"eva@fabrikam.com\\\"]\"] []"
                .to_string(),
        ];
        assert_eq!(rules, expected, "{format:?}");
        let remote = &organisation.remote_domains.known().unwrap()[0];
        assert_eq!((&*remote.domain, remote.reports, remote.forwards), ("*", false, true), "{format:?}");
        let config = organisation.transport_config.known().unwrap();
        let limits = (config.max_send, config.max_receive);
        assert_eq!((limits, config.unreadable.is_empty()), ((None, Some(10_485_760)), true), "{format:?}");
        assert_eq!(config.internal_servers, ["10.0.0.44", "192.0.2.0/24"], "{format:?}");
    }
}

#[test]
fn an_export_of_an_older_script_asks_for_none_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let accepted = r#"{"cmdlet":"Get-AcceptedDomain","objects":[
        {"Name":"contoso.com","DomainName":"contoso.com","DomainType":"InternalRelay","AddressBookEnabled":false}]}"#;
    std::fs::write(folder.path().join("a.json"), accepted).unwrap();
    let read = read(folder.path(), &[]);
    let organisation = read.organisation.known().unwrap();
    assert_eq!(organisation.transport_rules, Observed::NotAsked);
    assert_eq!(organisation.remote_domains, Observed::NotAsked);
    assert_eq!(organisation.transport_config, Observed::NotAsked);
}
