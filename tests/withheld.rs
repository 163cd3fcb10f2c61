//! Every scenario with each source withheld in turn: nothing is healthy then, and no check passes without its evidence.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
use futures_util::stream::{self, StreamExt};
use nsdiag::app;
use nsdiag::cli::AskArgs;
use nsdiag::commands::check::CheckArgs;
use nsdiag::config::Settings;
use nsdiag_checks::evidence::directory::Origin;
use nsdiag_checks::evidence::smtp::Session;
use nsdiag_checks::evidence::{Evidence, How, Miss, Observed};
use nsdiag_checks::report::{Report, Status, report};
use nsdiag_lab::{Lab, Scenario};

/// A source, what takes it away, whether it was there, and the checks that rest on it: those cannot pass without.
struct Source {
    name: &'static str,
    withhold: fn(&mut Evidence),
    there: fn(&Evidence) -> bool,
    rests: fn(&str) -> bool,
}

const SOURCES: [Source; 5] = [
    Source {
        name: "DNS",
        withhold: no_dns,
        there: |evidence| !evidence.dns.is_empty(),
        rests: |code| code.starts_with("NSD1"),
    },
    Source {
        name: "SMTP",
        withhold: no_smtp,
        there: |evidence| !evidence.hops.is_empty(),
        rests: |code| code.starts_with("NSD2") || OF_HOPS.contains(&code),
    },
    Source {
        name: "LDAP",
        withhold: |evidence| no_directory(evidence, Origin::Ldap),
        there: |evidence| evidence.directories.iter().all(|one| one.origin == Origin::Ldap),
        rests: |code| code.starts_with("NSD3") && code != "NSD334" || OF_OBJECTS.contains(&code),
    },
    Source {
        name: "exports",
        withhold: |evidence| no_directory(evidence, Origin::Export),
        there: |evidence| {
            !evidence.directories.is_empty() && evidence.directories.iter().all(|one| one.origin == Origin::Export)
        },
        rests: |code| code.starts_with("NSD30") || code.starts_with("NSD31") || OF_OBJECTS.contains(&code),
    },
    Source {
        name: "lists",
        withhold: |evidence| evidence.files.iter_mut().for_each(|list| list.addresses = silent()),
        there: |evidence| !evidence.files.is_empty(),
        rests: |code| ["NSD401", "NSD404", "NSD406", "NSD407"].contains(&code),
    },
];

/// Checks of recipients and of flow that rest on what hops said.
const OF_HOPS: [&str; 10] =
    ["NSD401", "NSD402", "NSD403", "NSD404", "NSD405", "NSD406", "NSD413", "NSD414", "NSD417", "NSD503"];
/// Checks of recipients that rest on a directory's objects.
const OF_OBJECTS: [&str; 9] =
    ["NSD402", "NSD408", "NSD409", "NSD410", "NSD411", "NSD412", "NSD415", "NSD416", "NSD418"];

fn silent<T>() -> Observed<T> {
    Observed::Unknown(Miss::new(How::TimedOut, "no answer in 10 s"))
}

fn no_dns(evidence: &mut Evidence) {
    evidence.dns.iter_mut().for_each(|lookup| {
        (lookup.answer, lookup.authenticated, lookup.unvalidated) = (silent(), false, None);
    });
    evidence.mx_views.iter_mut().for_each(|view| view.answer = silent());
    evidence.sts_policy = None;
    // Without an answer nobody knows whom to ask: hosts that were named stay, without an address.
    evidence.hops.retain(|hop| hop.role != nsdiag_checks::evidence::Role::Gateway);
    evidence.hops.iter_mut().for_each(|hop| hop.address = None);
    evidence.smtp.clear();
}

fn no_smtp(evidence: &mut Evidence) {
    let hung = |hop: &nsdiag_checks::evidence::Hop| Session {
        transcript: vec![],
        tls: None,
        broke_off: Some(Miss::new(How::TimedOut, "no connection within 10 s")),
        ..evidence.smtp.iter().find(|session| session.hop == hop.id).cloned().unwrap_or(Session {
            hop: hop.id.clone(),
            started_at: "2026-11-24T12:00:00Z".into(),
            sister: None,
            transcript: vec![],
            tls: None,
            broke_off: None,
        })
    };
    evidence.smtp = evidence.hops.iter().map(hung).collect();
}

fn no_directory(evidence: &mut Evidence, origin: Origin) {
    for directory in evidence.directories.iter_mut().filter(|one| one.origin == origin) {
        (directory.bind, directory.root, directory.organisation) = (silent(), silent(), silent());
        (directory.noteworthy, directory.roster, directory.known_good) = (silent(), silent(), silent());
        (directory.catalog, directory.catalog_attributes, directory.population) = (silent(), silent(), silent());
        directory.servers.iter_mut().for_each(|server| server.outcome = silent());
        directory.exports.iter_mut().for_each(|file| file.objects = silent());
        for lookup in &mut directory.lookups {
            (lookup.entries, lookup.forest) = (silent(), silent());
        }
    }
}

async fn play(scenario: &Scenario) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::start(scenario, folder.path()).await.unwrap();
    let args = CheckArgs {
        ask: AskArgs { config: Some(lab.config().to_path_buf()), ..AskArgs::default() },
        ..CheckArgs::default()
    };
    let mut settings = Settings::load(&args).unwrap();
    settings.question.smtp_port = lab.smtp_port();
    app::check(&settings, &|_| {}).await.unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn without_one_of_its_sources_no_scenario_is_healthy_and_no_check_passes_by_it() {
    let all = Scenario::all();
    let played: Vec<_> = stream::iter(all.iter().map(play)).buffered(8).collect().await;
    let mut wrong = Vec::new();
    for (scenario, found) in all.iter().zip(&played) {
        for source in SOURCES.iter().filter(|source| (source.there)(&found.evidence)) {
            let mut evidence = found.evidence.clone();
            (source.withhold)(&mut evidence);
            let (without, _) = report(&found.tool.version, found.run.clone(), evidence, &app::run_check);
            let what = format!("{} without {}", scenario.name, source.name);
            if without.exit_code == 0 {
                wrong.push(format!("{what}: ok"));
            }
            let passed = without.checks.iter().filter(|check| check.status == Status::Passed);
            wrong.extend(
                passed
                    .filter(|check| (source.rests)(&check.code))
                    .map(|check| format!("{what}: {} passed", check.code)),
            );
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
