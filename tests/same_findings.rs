//! The same organisation over LDAP and from each format of export: the same findings, whatever they point at.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
use futures_util::stream::{self, StreamExt};
use nsdiag::app;
use nsdiag::cli::AskArgs;
use nsdiag::commands::check::CheckArgs;
use nsdiag::config::{ExportSettings, Settings};
use nsdiag_checks::report::Report;
use nsdiag_lab::{Format, Lab, Scenario};

const FORMATS: [Format; 4] = [Format::Clixml, Format::Json51, Format::Json7, Format::Csv];

/// Landscapes whose findings rest on what Exchange's cmdlets tell as the directory does.
const SCENARIOS: [&str; 16] = [
    "healthy",
    "authoritative",
    "no-connector",
    "connector-scoped",
    "connector-size-limit",
    "edge-loop",
    "receive-connector-name-clash",
    "subdomain-not-covered",
    "catch-all-mailbox",
    "duplicate-address",
    "forwarding-loop",
    "contact-without-target",
    "internal-senders-only",
    "gateway-mail-only",
    "gateway-people-only",
    "two-forests-loop",
];

/// Verdict, every finding whole but for its pointers, and every recipient's diagnosis.
fn told(report: &Report) -> Vec<String> {
    let findings = report.findings.iter().map(|finding| {
        let mut finding = finding.clone();
        finding.evidence.clear();
        serde_json::to_string_pretty(&finding).unwrap()
    });
    let recipients = report.recipients.iter().map(|one| format!("{} {}", one.address, one.diagnosis.word()));
    findings.chain(recipients).chain([report.verdict.word().to_string()]).collect()
}

async fn play(name: &str) {
    let scenario = Scenario::named(name).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::start(&scenario, folder.path()).await.unwrap();
    let args = CheckArgs {
        ask: AskArgs { config: Some(lab.config().to_path_buf()), ..AskArgs::default() },
        ..CheckArgs::default()
    };
    let mut settings = Settings::load(&args).unwrap();
    settings.question.smtp_port = lab.smtp_port();
    let over_ldap = app::check(&settings, &|_| {}).await.unwrap().0;
    for format in FORMATS {
        let exports = tempfile::tempdir().unwrap();
        let mut instead = settings.clone();
        instead.exports = lab
            .export(&scenario, format, exports.path())
            .unwrap()
            .into_iter()
            .map(|(system, path)| ExportSettings { system, paths: vec![path] })
            .collect();
        instead.directories.clear();
        instead.question.systems.iter_mut().for_each(|system| system.ldap.clear());
        let from_exports = app::check(&instead, &|_| {}).await.unwrap().0;
        for file in from_exports.evidence.directories.iter().flat_map(|one| &one.exports) {
            assert!(file.objects.known().is_some(), "{name} from {format:?}: {file:?}");
        }
        for (one, other) in told(&from_exports).iter().zip(told(&over_ldap)) {
            assert_eq!(one, &other, "{name} from {format:?}");
        }
        assert_eq!(told(&from_exports).len(), told(&over_ldap).len(), "{name} from {format:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ldap_and_every_format_of_export_give_the_same_findings() {
    stream::iter(SCENARIOS).for_each_concurrent(12, play).await;
}
