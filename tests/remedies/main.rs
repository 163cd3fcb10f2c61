//! Every remedy that any scenario prints, held against what the public reference knows of cmdlets, and tried on a stub of
//! them with its undo; `fixtures/remedies.txt` shows them all.
#![allow(clippy::unwrap_used, clippy::expect_used)] // A panic is how a test fails.
mod cmdlets;
mod held;
mod hostile;
mod lines;
mod literals;
mod printed;
mod shell;
#[path = "../own/steady.rs"]
mod steady;
mod stub;
mod trial;
mod value;
mod variants;

use cmdlets::{Cmdlet, Version};
use futures_util::stream::{self, StreamExt};
use lines::faults;
use nsdiag::app;
use nsdiag::cli::AskArgs;
use nsdiag::commands::check::CheckArgs;
use nsdiag::config::Settings;
use nsdiag::report::format::View;
use nsdiag::report::powershell::scripts;
use nsdiag_checks::evidence::exchange::DomainKind;
use nsdiag_checks::evidence::{Observed, Organisation, SystemKind};
use nsdiag_checks::judge::Finding;
use nsdiag_checks::remedy::{Command, Remedy};
use nsdiag_checks::report::Report;
use nsdiag_lab::{Lab, Scenario};
use printed::{pinned, shown};
use shell::{Shell, Stop};
use std::collections::{BTreeMap, BTreeSet};
use steady::steady;
use stub::Exchange;
use trial::{in_order, named_in, pasted, wrong};
use value::{Argument, Value};
use variants::variants;

/// Plays `scenario` and runs the whole pipeline against it; the report, and the port that the lab's hops have.
async fn play(scenario: &Scenario) -> (Report, u16) {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::start(scenario, folder.path()).await.unwrap();
    let args = CheckArgs {
        ask: AskArgs { config: Some(lab.config().to_path_buf()), ..AskArgs::default() },
        ..CheckArgs::default()
    };
    let mut settings = Settings::load(&args).unwrap();
    settings.question.smtp_port = lab.smtp_port();
    (app::check(&settings, &|_| {}).await.unwrap().0, lab.smtp_port())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_remedy_of_every_scenario_is_one_that_the_shell_takes_and_its_undo_takes_back() {
    let all = Scenario::all();
    let played: Vec<_> = stream::iter(all.iter().map(play)).buffered(8).collect().await;
    let table = cmdlets::read();
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut printed: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (scenario, (report, port)) in all.iter().zip(&played) {
        for (finding, remedy) in remedies(report) {
            let shown = steady(&shown(finding, remedy), *port);
            let names = printed.entry(shown).or_default();
            if names.last() != Some(&&*scenario.name) {
                names.push(&scenario.name);
            }
        }
        for (change, report) in variants(report) {
            for (finding, remedy) in remedies(&report) {
                for fault in wrong(&report, finding, remedy, &table) {
                    let place = format!("{}{change}: {} \"{}\"", scenario.name, finding.code, remedy.title);
                    found.entry(format!("{}: {fault}", finding.code)).or_insert(place);
                }
            }
            for fault in interrupted(&report, &table) {
                found.entry(fault).or_insert_with(|| format!("{}{change}", scenario.name));
            }
            for fault in in_order(&report, &table) {
                found.entry(fault).or_insert_with(|| format!("{}{change}", scenario.name));
            }
        }
    }
    let faults: Vec<String> = found.iter().map(|(fault, place)| format!("{place}\n    {fault}")).collect();
    let differs = pinned(&printed);
    assert!(faults.is_empty(), "{} faults of remedies:\n{}\n{differs:?}", faults.len(), faults.join("\n"));
    assert_eq!(differs, None);
}

fn remedies(report: &Report) -> impl Iterator<Item = (&Finding, &Remedy)> {
    report.findings.iter().flat_map(|finding| finding.remedies.iter().map(move |remedy| (finding, remedy)))
}

#[test]
fn what_the_checks_say_in_words_names_cmdlets_that_there_are() {
    let table = cmdlets::read();
    let mut odd = Vec::new();
    for (_, check) in nsdiag_checks::checks() {
        for name in [check.title, check.why, check.fix].into_iter().flat_map(named_in) {
            if !table.contains_key(&name) {
                odd.push(format!("{}: {name}", check.code));
            }
        }
    }
    assert_eq!(odd, [""; 0]);
}

#[test]
fn the_scripts_call_nothing_that_is_not_in_the_table() {
    let table = cmdlets::read();
    let scripts = [
        ("export.ps1", include_str!("../../src/commands/export.ps1")),
        ("apply.ps1", include_str!("../../src/report/apply.ps1")),
        ("undo.ps1", include_str!("../../src/report/undo.ps1")),
    ];
    for (name, script) in scripts {
        let declared = |one: &str| script.contains(&format!("function {one}("));
        let unknown = |one: &String| !table.contains_key(one) && !declared(one);
        let odd: Vec<String> = named_in(script).into_iter().filter(unknown).collect();
        assert_eq!(odd, [""; 0], "{name}");
        let tree = shell::parse(script).unwrap();
        for call in shell::calls(tree.root_node(), script) {
            assert!(!unknown(&call.name), "{name}: {} is neither in the table nor declared", call.name);
            let Some(cmdlet) = table.get(&*call.name) else {
                continue;
            };
            for argument in &call.arguments {
                let known = |one: &str| cmdlet.parameter(one).or_else(|| table["(common)"].parameter(one)).is_some();
                let Argument::Named(parameter) = argument else { continue };
                assert!(known(parameter), "{name}: {} has no parameter -{parameter}", call.name);
            }
        }
    }
}

#[tokio::test]
async fn a_remedy_that_does_not_mend_or_does_harm_is_found() {
    let (report, _) = play(&Scenario::named("authoritative").unwrap()).await;
    let table = cmdlets::read();
    let finding = report.findings.iter().find(|finding| finding.code == "NSD302").unwrap();
    let relay = "Set-AcceptedDomain -Identity 'contoso.com' -DomainType InternalRelay -AddressBookEnabled $false";
    let back = "Set-AcceptedDomain -Identity 'contoso.com' -DomainType Authoritative -AddressBookEnabled $true";
    let port = "Set-SendConnector -Identity 'To Zimbra' -MaxMessageSize 10KB";
    let cases: [(&[&str], &[&str], &str); 9] = [
        (&[relay], &[back], ""),
        (&[relay], &[], "no undo, and it does not say that it cannot be undone"),
        (&["# it cannot be undone", relay], &[], ""),
        (&[relay], &[relay], "its undo does the same again"),
        (&[back], &[relay], "it changes nothing that was not so before"),
        (
            &[relay],
            &["Set-AcceptedDomain -Identity 'contoso.com' -DomainType Authoritative"],
            "after the undo AddressBookEnabled of contoso.com is Some(Bool(false)), and was Some(Bool(true))",
        ),
        (
            &[port],
            &["Set-SendConnector -Identity 'To Zimbra' -MaxMessageSize unlimited"],
            "the finding is still there after",
        ),
        (
            &[relay, "Set-SendConnector -Identity 'To Zimbra' -Enabled $false"],
            &[back, "Set-SendConnector -Identity 'To Zimbra' -Enabled $true"],
            "with it comes NSD313",
        ),
        (
            &["Set-AcceptedDomain -Identity 'fabrikam.com' -DomainType InternalRelay"],
            &[back],
            "AcceptedDomain fabrikam.com is not there",
        ),
    ];
    for (commands, undo, expected) in cases {
        let [commands, undo] = [commands, undo].map(|all| serde_json::from_value(serde_json::json!(all)).unwrap());
        let mut remedy = finding.remedies[0].clone();
        (remedy.commands, remedy.undo) = (commands, undo);
        let faults = wrong(&report, finding, &remedy, &table);
        let as_expected = match expected {
            "" => faults.is_empty(),
            part => faults.iter().any(|fault| fault.contains(part)),
        };
        assert!(as_expected, "{:?} {:?}: {faults:#?}", remedy.commands, remedy.undo);
    }
}

#[test]
fn every_cmdlet_of_the_table_names_its_page_and_can_be_called() {
    for (name, cmdlet) in cmdlets::read() {
        let page = cmdlet.page.to_lowercase();
        assert!(
            cmdlet.is_program || name == "(common)" || page.ends_with(&format!("/{}", name.to_lowercase())),
            "{page}"
        );
        for parameter in &cmdlet.parameters {
            let usable = cmdlet.sets.iter().any(|set| parameter.is_in(set));
            assert!(usable && !parameter.versions.is_empty(), "{name} -{}", parameter.name);
        }
        for (parameter, (value, versions)) in
            cmdlet.parameters.iter().flat_map(|one| one.values.iter().map(move |value| (one, value)))
        {
            let known = versions.iter().all(|version| parameter.versions.contains(version));
            assert!(known, "{name} -{} {value}", parameter.name);
        }
    }
}

#[test]
fn a_line_that_the_shell_would_refuse_is_found_and_its_like_that_it_takes_is_not() {
    let table = cmdlets::read();
    let on_premises: &[Version] = &Version::ON_PREMISES;
    let cases: &[(&str, &[Version], &str)] = &[
        ("Set-AcceptedDomain -Identity 'a' -DomainType InternalRelay", on_premises, ""),
        ("Set-AcceptedDomain -Identity 'a' -DomainType ExternalRelay", on_premises, ""),
        (
            "Set-AcceptedDomain -Identity 'a' -DomainType ExternalRelay",
            &[Version::Online],
            "Set-AcceptedDomain -DomainType takes no Word(\"ExternalRelay\"): ExternalRelay is not there in Exchange Online",
        ),
        (
            "Set-AcceptedDomain -Identity 'a' -DomainType Relay",
            on_premises,
            "Set-AcceptedDomain -DomainType takes no Word(\"Relay\"): Relay is none of its values",
        ),
        (
            "Set-AcceptedDomain -Identity 'a' -AddressBookEnabled $false",
            &[Version::Online],
            "Set-AcceptedDomain -AddressBookEnabled is not there in Exchange Online",
        ),
        (
            "Set-AcceptedDomain -DomainType InternalRelay",
            &[Version::Se],
            "Set-AcceptedDomain in Exchange SE wants -Identity",
        ),
        ("Set-AcceptedDomain 'a' -DomainType InternalRelay", on_premises, ""),
        (
            "Set-AcceptedDomain -Identity $null -MatchSubDomains $true",
            &[Version::Se],
            "Set-AcceptedDomain -Identity takes no Null: it wants a text",
        ),
        ("New-AcceptedDomain -Name 'a' -DomainName 'a'", on_premises, ""),
        (
            "New-AcceptedDomain -Name 'a' -DomainName 'a'",
            &[Version::V2019, Version::Online],
            "New-AcceptedDomain is not there in Exchange Online",
        ),
        ("New-MailContact -Name 'a' -ExternalEmailAddress 'a@b' -PrimarySmtpAddress 'a@b'", on_premises, ""),
        (
            "New-MailContact -Name 'a' -ExternalEmailAddress 'a@b' -PrimarySmtpAddress 'a@b'",
            &[Version::Online],
            "New-MailContact -PrimarySmtpAddress is not there in Exchange Online",
        ),
        (
            "New-MailContact -Name 'a' -ExternalEmail 'a@b'",
            &[Version::Se],
            "New-MailContact has no parameter -ExternalEmail | New-MailContact in Exchange SE wants -ExternalEmailAddress",
        ),
        (
            "New-Mailcontact -Name 'a'",
            &[Version::Se],
            "New-Mailcontact is not in fixtures/cmdlets.tsv; it is written New-MailContact",
        ),
        (
            "New-MailContact -Name 'a' -ExternalEmailAddress 'a@b' -Alias 'a b'",
            &[Version::Se],
            "New-MailContact -Alias takes no Text(\"a b\"): an alias has letters, digits and some signs, and full stops between them",
        ),
        ("New-MailContact -Name 'a b' -ExternalEmailAddress 'a@b' -Alias 'a.b'", on_premises, ""),
        (
            "Enable-MailContact -Identity 'a' -ExternalEmailAddress 'a@b' -Alias 'a.'",
            &[Version::Se],
            "Enable-MailContact -Alias takes no Text(\"a.\"): an alias has letters, digits and some signs, and full stops between them",
        ),
        ("Remove-MailContact -Identity 'a' -Confirm:$false", on_premises, ""),
        (
            "Remove-MailContact -Identity 'a' -Confirm $false",
            &[Version::Se],
            "Remove-MailContact takes no value Bool(false) without a parameter's name",
        ),
        ("Set-SendConnector -Identity 'a' -Enabled:$true", on_premises, ""),
        (
            "Set-SendConnector -Identity 'a' -Enabled 'yes'",
            &[Version::Se],
            "Set-SendConnector -Enabled takes no Text(\"yes\"): it wants $true or $false",
        ),
        ("Set-SendConnector -Identity 'a' -Enabled", &[Version::Se], "Set-SendConnector -Enabled has no value"),
        ("Set-SendConnector -Identity 'a' -Port 25 -MaxMessageSize 10KB -SmartHosts 'a','b'", on_premises, ""),
        ("Set-SendConnector -Identity 'a' -MaxMessageSize unlimited -SmartHosts $null", on_premises, ""),
        (
            "Set-SendConnector -Identity 'a' -MaxMessageSize 10bytes",
            &[Version::Se],
            "Set-SendConnector -MaxMessageSize takes no Word(\"10bytes\"): it wants a size",
        ),
        ("Set-SendConnector -Identity 'a' -Port 25 -Port 26", &[Version::Se], "Set-SendConnector -Port is given twice"),
        (
            "New-ReceiveConnector -Name 'a' -Usage Custom -Custom -Bindings '0.0.0.0:25' -RemoteIPRanges '10.0.0.1'",
            &[Version::Se],
            "New-ReceiveConnector in Exchange SE wants -Usage not together with what else is given",
        ),
        ("New-ReceiveConnector -Name 'a' -Custom -Bindings '0.0.0.0:25' -RemoteIPRanges '10.0.0.1'", on_premises, ""),
        (
            "New-ReceiveConnector -Name 'a' -Usage Custom -Bindings '0.0.0.0:25' -PermissionGroups AnonymousUsers,Everybody",
            &[Version::Se],
            "New-ReceiveConnector -PermissionGroups takes no List([Word(\"AnonymousUsers\"), Word(\"Everybody\")]): Everybody is \
             none of its values",
        ),
        ("Set-MailContact -Identity 'a' -EmailAddresses @{Add='b@c','d@e';Remove='smtp:f@g'}", on_premises, ""),
        (
            "Set-MailContact -Identity 'a' -EmailAddresses @{Append='b@c'}",
            &[Version::Se],
            "Set-MailContact -EmailAddresses takes no Table([(\"Append\", Text(\"b@c\"))]): it wants texts to Add or Remove",
        ),
        ("Set-ADObject -Identity 'CN=a' -Replace @{targetAddress='SMTP:a@b'}", on_premises, ""),
        (
            "Set-ADObject -Identity 'CN=a' -Clear targetAdress",
            &[Version::Se],
            "Set-ADObject -Clear takes no Word(\"targetAdress\"): targetAdress is no attribute that a remedy writes",
        ),
        ("Get-Queue -Filter \"Status -eq 'Retry'\" | Format-List Identity,LastError", on_premises, ""),
        ("Get-SendConnector | Set-SendConnector -Enabled $false", on_premises, ""),
        ("Set-SendConnector -Identity <the connector> -SmartHosts <the host; or two>", on_premises, ""),
        ("dsacls 'CN=a' /I:T /G 'CORP\\a:GR'", on_premises, ""),
        ("dsacls 'CN=a' /Z", &[Version::Se], "dsacls has no argument /Z"),
        (
            "Set-SendConnector -Identity 'a' -Enabled $true; Remove-Mailbox 'b'",
            &[Version::Se],
            "it is not one command | Remove-Mailbox is not in fixtures/cmdlets.tsv",
        ),
        (
            "Set-SendConnector -Identity 'a\u{2019}b' -Enabled $true",
            &[Version::Se],
            "the test's own PowerShell does not know: a quote ends 'a\u{2019}b' early",
        ),
        ("Set-SendConnector -Identity 'a\u{2019}\u{2018}b' -Enabled $true", on_premises, ""),
        ("Get-AcceptedDomain -ErrorAction Stop", on_premises, ""),
        (
            "Get-AcceptedDomain -ErrorAction Halt",
            &[Version::Se],
            "Get-AcceptedDomain -ErrorAction takes no Word(\"Halt\"): Halt is none of its values",
        ),
        ("Get-MessageTrackingLog -Recipients 'a@b' -Start (Get-Date).AddHours(-24) -EventId Fail", on_premises, ""),
        (
            "Get-MessageTrackingLog -Start (Get-Date).AddHours(24)",
            &[Version::Se],
            "the test's own PowerShell does not know:  -Start (Get-Date).AddHours(24)",
        ),
        (
            "Get-MessageTrackingLog -Start (Get-Date).Delete(-24)",
            &[Version::Se],
            "the test's own PowerShell does not know:  -Start (Get-Date).Delete(-24)",
        ),
        (
            "Get-MessageTrackingLog -Recipients 'a@b' -EventId Bounce",
            &[Version::Online],
            "Get-MessageTrackingLog is not there in Exchange Online",
        ),
        ("Get-MessageTraceV2 -RecipientAddress 'a@b' -Status Failed | Format-List Received", &[Version::Online], ""),
        ("Connect-ExchangeOnline | Where-Object { $_.name -eq 'a' }", &[Version::Online], ""),
        ("Validate-OutboundConnector -Identity 'a' -Recipients 'b@c'", &[Version::Online], ""),
        (
            "Validate-OutboundConnector -Identity 'a'",
            &[Version::Online],
            "Validate-OutboundConnector in Exchange Online wants -Recipients",
        ),
    ];
    for (line, versions, expected) in cases {
        assert_eq!(faults(line, &table, versions).join(" | "), *expected, "{line}");
    }
}

#[tokio::test]
async fn remedies_stand_in_the_order_in_which_they_work_and_each_once() {
    let (report, _) = play(&Scenario::named("accepted-domain-missing").unwrap()).await;
    let again = |change: &dyn Fn(&mut Organisation)| {
        let (mut evidence, run) = (report.evidence.clone(), report.run.clone());
        let directories = evidence.directories.iter_mut();
        for directory in directories {
            let Observed::Known(own) = &mut directory.organisation else { continue };
            change(own);
        }
        nsdiag_checks::report::report(&report.tool.version, run, evidence, &app::run_check).0
    };
    let without = again(&|own| own.send_connectors = Observed::Known(vec![]));
    let order = |code: &str| {
        let finding = without.findings.iter().find(|finding| finding.code == code).unwrap();
        finding.remedies.iter().map(|remedy| remedy.order).collect::<Vec<_>>()
    };
    // What only shows something has no place in it.
    assert_eq!(
        [order("NSD311"), order("NSD301"), order("NSD208")],
        [vec![Some(1), None], vec![Some(2)], vec![Some(2), None]]
    );

    let table = nsdiag::report::table::table(&without, &View::of_file(false));
    let at = |text: &str, part: &str| text.match_indices(part).map(|(at, _)| at).collect::<Vec<_>>();
    let [connector, domain] = ["New-SendConnector ", "New-AcceptedDomain "].map(|part| at(&table, part));
    assert!(connector.len() == 1 && domain.len() == 1 && connector < domain, "{table}");
    assert!(table.contains("\n  2.     NSD208 and NSD301: Accept the domain"), "{table}");
    let note = "# first give contoso.com a connector to the other system, else mail waits and expires";
    assert!(at(&table, note) < domain && at(&table, note) > connector, "who pastes that alone is told: {table}");

    let both = scripts(&without);
    let [connector, domain] = ["New-SendConnector ", "New-AcceptedDomain "].map(|part| at(&both.apply, part));
    assert!(connector.len() == 1 && domain.len() == 1 && connector < domain, "{}", both.apply);
    let [connector, domain] = ["Remove-SendConnector ", "Remove-AcceptedDomain "].map(|part| at(&both.undo, part));
    assert!(connector.len() == 1 && domain.len() == 1 && connector > domain, "{}", both.undo);
    assert!(both.apply.contains("in Exchange' 'first give contoso.com a connector "), "{}", both.apply);

    // A step that rests on one that somebody has to fill in is not taken without it.
    let unseen = |own: &mut Organisation| {
        own.send_connectors = Observed::Known(vec![]);
        own.servers = Observed::NotAsked;
    };
    let script = scripts(&again(&unseen)).apply;
    let why = "in Exchange' 'what mends NSD311 is left to you, and comes first; first give contoso.com a connector ";
    assert!(script.contains(why) && script.contains("    #   New-SendConnector "), "{script}");
    // Where the connector is there, nothing has to come before.
    let script = scripts(&report).apply;
    assert!(script.contains("in Exchange' '' { New-AcceptedDomain ") && !script.contains("first give"), "{script}");
}

#[tokio::test]
async fn equal_commands_say_for_which_organisation_they_are() {
    let (report, _) = play(&Scenario::named("two-forests-loop").unwrap()).await;
    let (mut evidence, run) = (report.evidence.clone(), report.run.clone());
    for directory in &mut evidence.directories {
        let Observed::Known(own) = &mut directory.organisation else { continue };
        let Observed::Known(accepted) = &mut own.accepted_domains else { continue };
        accepted.iter_mut().for_each(|one| one.kind = DomainKind::ExternalRelay);
    }
    let report = nsdiag_checks::report::report(&report.tool.version, run, evidence, &app::run_check).0;
    let (table, script) = (nsdiag::report::table::table(&report, &View::of_file(false)), scripts(&report).apply);
    let titles = |one: &str| {
        let step = format!("NSD303 for {one}, Make it an internal relay domain' 'it is for {one} alone' {{ ");
        [format!("NSD303 ({one})"), step]
    };
    for (text, at) in [(table, 0), (script, 1)] {
        assert!(["corp", "labs"].iter().all(|one| text.contains(&titles(one)[at])), "{text}");
        assert_eq!(text.matches("Set-AcceptedDomain -Identity 'contoso.com' -DomainType InternalRelay").count(), 2);
    }
}

/// A landscape whose gateway refuses thirty mailboxes of the other system, each of them asked for.
const THIRTY: &str = "name = 'thirty-refusals'\nothers = []\nothers_numbered = 30\n\
                      [gateway]\nknows = 'directory'\n[probe]\npace = 'own'\n";

#[tokio::test]
async fn thirty_refusals_are_mended_by_a_block_and_by_a_script_and_both_are_taken_back() {
    let (report, _) = play(&toml::from_str(THIRTY).unwrap()).await;
    let table = cmdlets::read();
    let versions = [Version::V2019, Version::Se];
    let stub = || Exchange::of(&report.evidence, "corp", &table, &versions);
    let finding = report.findings.iter().find(|finding| finding.code == "NSD401").unwrap();
    assert_eq!(finding.subjects.len(), 30);
    let remedy = &finding.remedies[0];
    let [done, undone] = [&remedy.commands, &remedy.undo].map(|all| all.iter().map(Command::text).collect::<Vec<_>>());

    let json: serde_json::Value = serde_json::from_str(&nsdiag::report::json(&report)).unwrap();
    let of = |part: &str| {
        let mut all = json["findings"].as_array().unwrap().iter();
        all.find(|one| one["code"] == "NSD401").unwrap()["remedies"][0][part].clone()
    };
    assert_eq!(remedy.lines().map(|lines| serde_json::json!(lines)), [of("commands"), of("undo")]);

    // As it stands in the table that a person copies from.
    let shown = nsdiag::report::table::table(&report, &View::of_file(false));
    let lines: Vec<&str> = shown.lines().map(str::trim).collect();
    for line in done.iter().chain(&undone) {
        assert!(lines.contains(line), "not on a line of its own: {line}\n{shown}");
    }
    let mut exchange = stub();
    let before = exchange.objects.clone();
    pasted(&done, &mut exchange).unwrap();
    assert_eq!((exchange.faults.len(), created(&exchange, "New-MailContact")), (0, 30));
    pasted(&undone, &mut exchange).unwrap();
    assert_eq!(exchange.objects, before);

    let scripts = scripts(&report);
    let mut files = BTreeMap::new();
    let apply = [("Apply", Value::Bool(true))];

    // Without being told to, it only shows.
    let mut exchange = stub();
    let said = run(&scripts.apply, "C:\\mend.ps1", &[], &mut files, &mut exchange).unwrap();
    assert_eq!((exchange.calls.len(), exchange.previews, files.len()), (0, 30, 0), "{said:?}");

    // It stops at the first error, goes on from there, and does nothing twice.
    exchange.fails_after = Some(10);
    let stop = run(&scripts.apply, "C:\\mend.ps1", &apply, &mut files, &mut exchange).unwrap_err();
    assert_eq!(stop, Stop::Error("the stub was to fail here".into()));
    assert_eq!(created(&exchange, "New-MailContact"), 10);
    let mut half = stub();
    half.objects.clone_from(&exchange.objects);
    run(&scripts.undo, "C:\\mend.undo.ps1", &apply, &mut files.clone(), &mut half).unwrap();
    assert_eq!((half.objects == before, half.calls.len()), (true, 10), "what was done alone is taken back");
    exchange.fails_after = None;
    run(&scripts.apply, "C:\\mend.ps1", &apply, &mut files, &mut exchange).unwrap();
    run(&scripts.apply, "C:\\mend.ps1", &apply, &mut files, &mut exchange).unwrap();
    assert_eq!((exchange.faults.len(), created(&exchange, "New-MailContact")), (0, 30), "{:?}", exchange.faults);
    let names: BTreeSet<String> =
        exchange.calls.iter().map(|(_, bound)| bound["ExternalEmailAddress"].text()).collect();
    assert_eq!(names, finding.subjects.iter().map(|subject| subject.value.clone()).collect());

    run(&scripts.undo, "C:\\mend.undo.ps1", &apply, &mut files, &mut exchange).unwrap();
    assert_eq!(exchange.objects, before);
    let taken: Vec<String> = exchange.calls.iter().skip(30).map(|(name, _)| name.clone()).collect();
    assert_eq!(taken, vec!["Remove-MailContact"; 30]);
}

/// What goes wrong when the script of `report` fails before any of the commands that change something: run again it has to
/// do the rest, and taken back at that point it has to leave what there was.
fn interrupted(report: &Report, table: &BTreeMap<String, Cmdlet>) -> Vec<String> {
    let systems = &report.run.settings.systems;
    let mut exchange = systems.iter().filter(|system| system.kind == SystemKind::Exchange);
    let (Some(system), None) = (exchange.next(), exchange.next()) else { return Vec::new() };
    let scripts = scripts(report);
    if !scripts.apply.contains(" }, { ") {
        return Vec::new();
    }
    let versions = [Version::V2019];
    let stub = || Exchange::of(&report.evidence, &system.name, table, &versions);
    let before = stub().objects;
    // What is on request is asked for.
    let steps = (1..=scripts.apply.matches("    Invoke-Step ").count()).map(|step| Value::Text(step.to_string()));
    let all = [("Apply", Value::Bool(true)), ("Step", Value::List(steps.collect()))];
    let mut whole = stub();
    if run(&scripts.apply, MEND, &all, &mut BTreeMap::new(), &mut whole).is_err() {
        // Whether every step can be taken is seen elsewhere.
        return Vec::new();
    }
    let mut faults = Vec::new();
    // What is for one session alone is done again in the next.
    let lasts = |name: &&String| *name != "Set-ADServerSettings";
    let shown = |calls: &[(String, held::Bound)]| {
        calls.iter().map(|(name, _)| name).filter(lasts).cloned().collect::<Vec<String>>()
    };
    for well in 0..whole.calls.len() {
        let done = shown(&whole.calls[..well]).join(", ");
        let (mut files, mut exchange) = (BTreeMap::new(), stub());
        exchange.fails_after = Some(well);
        if run(&scripts.apply, MEND, &all, &mut files, &mut exchange).is_ok() {
            faults.push(format!("the script goes on after an error behind {done}"));
        }
        let mut half = exchange.clone();
        half.fails_after = None;
        match run(&scripts.undo, UNDO, &all[..1], &mut files.clone(), &mut half) {
            Err(stop) => faults.push(format!("what takes back {done} stops: {stop:?}")),
            Ok(_) if half.objects != before => faults.push(format!("what takes back {done} leaves something")),
            Ok(_) => {}
        }
        exchange.fails_after = None;
        match run(&scripts.apply, MEND, &all, &mut files, &mut exchange) {
            Err(stop) => faults.push(format!("what goes on after {done} stops: {stop:?}")),
            Ok(_) if shown(&exchange.calls) != shown(&whole.calls) || exchange.objects != whole.objects => {
                faults.push(format!("what goes on after {done} does {:?}", shown(&exchange.calls)));
            }
            Ok(_) => {}
        }
    }
    faults
}

const MEND: &str = "C:\\mend.ps1";
const UNDO: &str = "C:\\mend.undo.ps1";

/// A domain that has a catch-all mailbox, a disabled connector that leads to the gateway, and an Edge server, so that one
/// step takes several commands; and two recipients, who are two steps of one kind.
const SEVERAL: &str = "name = 'several'\nothers = ['orders', 'sales']\n\
                       [organisation]\naccepted_flags = 0\ncatch_all = 'anna'\n\
                       [[organisation.connectors]]\nname = 'To Zimbra'\nsmart_host = 'mx1.contoso.com'\nenabled = false\n\
                       [[organisation.servers]]\n\
                       [[organisation.servers]]\nname = 'EDGE01'\nroles = 64\n\
                       [gateway]\nknows = 'directory'\n\
                       [directory]\nsources = ['export']\n\
                       [directory.properties]\n\
                       EXCH01 = { AdminDisplayVersion = 'Version 15.0 (Build 123.4)' }\n\
                       EDGE01 = { AdminDisplayVersion = 'Version 15.0 (Build 123.4)' }\n";

#[tokio::test]
async fn a_step_that_failed_in_the_middle_goes_on_there_and_is_taken_back_as_far_as_it_went() {
    let (report, _) = play(&toml::from_str(SEVERAL).unwrap()).await;
    let table = cmdlets::read();
    let scripts = scripts(&report);
    assert!(scripts.apply.matches(" }, { ").count() >= 3, "{}", scripts.apply);
    assert_eq!(interrupted(&report, &table), [""; 0], "{}\n{}", scripts.apply, scripts.undo);
    let versions = [Version::V2013];
    let stub = || Exchange::of(&report.evidence, "corp", &table, &versions);
    let number = |words: &str| {
        let line =
            scripts.apply.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("{}", scripts.apply));
        line.trim().split(' ').nth(1).unwrap().to_string()
    };
    let step = number(" }, { ");
    let asked = [("Apply", Value::Bool(true)), ("Step", Value::Text(step.clone()))];

    // An undo that failed in the middle is gone on with as well, and until then the step is not taken again.
    let (mut files, mut exchange) = (BTreeMap::new(), stub());
    let before = exchange.objects.clone();
    run(&scripts.apply, MEND, &asked, &mut files, &mut exchange).unwrap();
    let done = exchange.calls.len();
    exchange.fails_after = Some(done + 1);
    assert!(run(&scripts.undo, UNDO, &asked[..1], &mut files, &mut exchange).is_err());
    exchange.fails_after = None;
    let stop = run(&scripts.apply, MEND, &asked, &mut files, &mut exchange).unwrap_err();
    assert!(matches!(stop, Stop::Error(ref why) if why.contains("taken back in part")), "{stop:?}");
    run(&scripts.undo, UNDO, &asked[..1], &mut files, &mut exchange).unwrap();
    assert_eq!((exchange.objects == before, exchange.calls.len()), (true, 2 * done), "{:?}", exchange.calls);
    // Taken back, it can be taken again.
    run(&scripts.apply, MEND, &asked, &mut files, &mut exchange).unwrap();
    assert_eq!((exchange.objects == before, exchange.calls.len()), (false, 3 * done));

    // Steps of one title name what they are about.
    let [orders, sales] = ["orders", "sales"].map(|name| number(&format!(": {name}@contoso.com' ")));
    let by_words = |words: &str, expected: &[&str]| {
        let mut exchange = stub();
        let given = [("Apply", Value::Bool(true)), ("Step", Value::Text(words.into()))];
        run(&scripts.apply, MEND, &given, &mut BTreeMap::new(), &mut exchange).unwrap();
        let made: Vec<String> = exchange.calls.iter().map(|(_, bound)| bound["ExternalEmailAddress"].text()).collect();
        assert_eq!(made, expected, "{words}");
    };
    // As `powershell -File` gives it, one word; and one of them alone.
    by_words(&format!("{orders},{sales}"), &["orders@contoso.com", "sales@contoso.com"]);
    by_words(&sales, &["sales@contoso.com"]);
    let given = [("Apply", Value::Bool(true)), ("Step", Value::Text("1..3".into()))];
    let odd = run(&scripts.apply, MEND, &given, &mut BTreeMap::new(), &mut stub()).unwrap_err();
    assert!(matches!(odd, Stop::Error(_)), "what is no number is told, and not taken for all: {odd:?}");
}

#[tokio::test]
async fn what_a_person_has_to_see_to_first_is_done_on_request_alone_and_is_said_when_it_is_done() {
    let (report, _) = play(&toml::from_str(SEVERAL).unwrap()).await;
    let mut evidence = report.evidence.clone();
    for directory in &mut evidence.directories {
        let Observed::Known(own) = &mut directory.organisation else { continue };
        own.send_connectors = Observed::NotAsked;
        let Observed::Known(accepted) = &mut own.accepted_domains else { continue };
        accepted.iter_mut().for_each(|one| one.catch_all = None);
    }
    let unseen = nsdiag_checks::report::report(&report.tool.version, report.run.clone(), evidence, &app::run_check).0;
    let script = scripts(&unseen).apply;
    let table = cmdlets::read();
    let versions = [Version::V2013];
    let said = |arguments: &[(&str, Value)]| {
        let mut exchange = Exchange::of(&unseen.evidence, "corp", &table, &versions);
        let said = run(&script, MEND, arguments, &mut BTreeMap::new(), &mut exchange).unwrap();
        (said, created(&exchange, "Set-AcceptedDomain"))
    };
    let line =
        script.lines().find(|line| line.contains("once a connector leads")).unwrap_or_else(|| panic!("{script}"));
    let number = line.trim().split(' ').nth(1).unwrap();
    let about =
        |said: &[String], start: &str| said.iter().any(|one| one.starts_with(start) && one.contains("see first"));
    let apply = ("Apply", Value::Bool(true));
    let (by_itself, done) = said(std::slice::from_ref(&apply));
    assert_eq!((done, about(&by_itself, &format!("{number}. "))), (0, true), "{by_itself:?}\n{script}");
    let (on_request, done) = said(&[apply, ("Step", Value::Text(number.into()))]);
    assert_eq!((done, about(&on_request, "   see first ")), (1, true), "{on_request:?}");
    // Where the connector is seen, nothing has to come before.
    let line = scripts(&report).apply;
    let line = line.lines().find(|line| line.contains("DomainType InternalRelay")).unwrap();
    assert!(line.contains(" '' { ") && !line.contains("once"), "{line}");
}

fn created(exchange: &Exchange, cmdlet: &str) -> usize {
    exchange.calls.iter().filter(|(name, _)| name == cmdlet).count()
}

/// Runs a script with the files beside it; what it said.
fn run(
    script: &str,
    path: &str,
    arguments: &[(&str, Value)],
    files: &mut BTreeMap<String, String>,
    exchange: &mut Exchange,
) -> Result<Vec<String>, Stop> {
    let tree = shell::parse(script).map_err(Stop::Refused)?;
    let mut shell = Shell::new(script, path, exchange);
    shell.files = std::mem::take(files);
    let done = shell.run(&tree, arguments);
    *files = std::mem::take(&mut shell.files);
    let said = std::mem::take(&mut shell.said);
    done.map(|_| said)
}
