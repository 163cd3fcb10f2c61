//! Every scenario of `fixtures/scenarios/`, over real sockets: what nsdiag says of it, and how it behaves.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
#[path = "renderings/agree.rs"]
mod agree;

use futures_util::stream::{self, StreamExt};
use nsdiag::app;
use nsdiag::cli::AskArgs;
use nsdiag::commands::check::CheckArgs;
use nsdiag::config::Settings;
use nsdiag::report::format::View;
use nsdiag::{demo, report};
use nsdiag_checks::report::Report;
use nsdiag_lab::{Lab, Scenario};

/// The products that gateways play, as nsdiag is to recognise them.
const PLAYED: [(&str, &str); 9] = [
    ("gateway-barracuda", "Barracuda Email Gateway Defense"),
    ("gateway-cisco", "Cisco Secure Email"),
    ("gateway-exchange-online", "Exchange Online"),
    ("gateway-exim", "Exim"),
    ("gateway-google", "Google Workspace"),
    ("gateway-mimecast", "Mimecast"),
    ("gateway-postfix", "Postfix"),
    ("gateway-proofpoint", "Proofpoint"),
    ("gateway-proofpoint-essentials", "Proofpoint Essentials"),
];

/// Plays `scenario` and runs the whole pipeline against it, as `nsdiag demo` does.
async fn play(scenario: &Scenario) -> (Report, Lab) {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::start(scenario, folder.path()).await.unwrap();
    let args = CheckArgs {
        ask: AskArgs { config: Some(lab.config().to_path_buf()), ..AskArgs::default() },
        ..CheckArgs::default()
    };
    let mut settings = Settings::load(&args).unwrap();
    settings.question.smtp_port = lab.smtp_port();
    let (report, notes) = app::check(&settings, &|_| {}).await.unwrap();
    // All that it says beforehand is what was read of each list.
    let read: Vec<String> =
        report.evidence.files.iter().filter_map(|list| app::read_note(list, &report.domain)).collect();
    assert_eq!(notes, read, "{}", scenario.name);
    assert!(!app::plan(&settings).contains(lab.password()));
    (report, lab)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_yields_exactly_the_findings_that_it_should() {
    let schema = jsonschema::validator_for(&serde_json::from_str(&report::schema()).unwrap()).unwrap();
    let all = Scenario::all();
    // Some beside each other, so that none waits for a processor until it gives up.
    let played: Vec<_> = stream::iter(all.iter().map(play)).buffered(8).collect().await;
    let mut wrong = Vec::new();
    for (scenario, (found, lab)) in all.iter().zip(played) {
        let name = &scenario.name;
        let expect = scenario.expect.as_ref().filter(|expect| expect.is_whole());
        let Some(expect) = expect else { panic!("{name} does not tell all that is expected") };
        println!("{name}: {} {:?}", found.verdict.word(), demo::findings(&found));
        let differences = demo::differences(&found, expect);
        if !differences.is_empty() {
            println!("{name}\n{}\n{:#?}", report::table::table(&found, &View::of_file(true)), found.gaps);
        }
        wrong.extend(differences.iter().map(|one| format!("{name}: {one}")));

        let json: serde_json::Value = serde_json::from_str(&report::json(&found)).unwrap();
        if let Err(error) = schema.validate(&json) {
            panic!("{name}: the report breaks its schema at {}: {error}", error.instance_path());
        }
        for finding in &found.findings {
            assert!(!finding.evidence.is_empty(), "{name}: {} rests on nothing", finding.code);
            for pointer in &finding.evidence {
                assert!(json.pointer(pointer).is_some(), "{name}: {} points at nothing: {pointer}", finding.code);
            }
        }

        let written =
            [report::json(&found), report::table::table(&found, &View { colour: true, ..View::of_file(true) })];
        assert!(written.iter().all(|text| !text.contains(lab.password())), "{name}: a password");
        assert_eq!(agree::disagreements(&found), [""; 0], "{name}");
        let table = report::table::table(&found, &View::of_file(false));
        // A command that is to be copied is never broken.
        let pasted = |line: &&str| line.starts_with("          ");
        let wide = table.lines().find(|line| line.chars().count() > 80 && !pasted(line));
        assert_eq!(wide, None, "{name}: a line of more than 80 columns");

        if let Some((_, product)) = PLAYED.iter().find(|(scenario, _)| *scenario == name) {
            assert_eq!(found.hops[0].product.as_deref(), Some(*product), "{name}: {:#?}", found.hops[0]);
            assert_eq!(found.hops[0].layers, [""; 0], "{name}");
        }
        manners(name, &found, &lab.commands_heard());
    }
    assert_eq!(wrong, [""; 0]);
}

/// The contract's section 5, as the hops heard it.
fn manners(name: &str, found: &Report, heard: &[(String, String)]) {
    for (host, command) in heard {
        let verb = command.split([' ', ':']).next().unwrap().to_ascii_uppercase();
        assert!(
            ["EHLO", "STARTTLS", "MAIL", "RCPT", "RSET", "QUIT"].contains(&&*verb),
            "{name}: {host} heard {command}"
        );
        if verb == "RCPT" {
            assert!(command.ends_with("@contoso.com>"), "{name}: {command}");
        }
    }
    for session in found.evidence.smtp.iter().filter(|session| session.sister.is_none()) {
        let asked: Vec<&str> = session.rcpt_replies().map(|(_, recipient, ..)| recipient).collect();
        assert!(asked.len() <= 4 || found.run.settings.pace == "own", "{name}: {asked:?}");
        let settings = &found.run.settings;
        let random = |address: &str| address == settings.random || address == settings.second_random;
        // The random control is the last word; where the last place is needed, somebody who closes a refusal has it.
        let own = found.run.settings.pace == "own";
        let place = asked.iter().position(|asked| random(asked));
        assert!(own || place.is_none_or(|place| place + 1 == asked.len()), "{name}: {asked:?}");
    }
    for finding in &found.findings {
        let settings = &found.run.settings;
        let controls = [&settings.random, &settings.second_random];
        let random = finding.subjects.iter().any(|subject| controls.contains(&&subject.value));
        assert!(!random, "{name}: the random control is a subject");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_evidence_gives_the_same_report() {
    let (found, _lab) = play(&Scenario::named("broken-gateway").unwrap()).await;
    let again = || {
        let judged = nsdiag_checks::report::report(
            &found.tool.version,
            found.run.clone(),
            found.evidence.clone(),
            &app::run_check,
        );
        report::json(&judged.0)
    };
    assert_eq!(again(), again());
    assert_eq!(again(), report::json(&found));
    let read: Report = serde_json::from_str(&report::json(&found)).unwrap();
    assert_eq!(report::json(&read), report::json(&found));
}
