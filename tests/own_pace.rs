//! `--pace own` end to end: hosts with limits are kept under them, and a run that is killed goes on where it stopped.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
#[path = "own/host.rs"]
mod host;

use host::{Dns, Host, Kind, is_unknown};
use nsdiag_checks::report::Report;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A list of recipients, of whom the host does not know those whose number is below `unknown` of a hundred.
fn list(folder: &Path, count: usize) -> PathBuf {
    let path = folder.join("users.txt");
    let users: String = (0..count).map(|number| format!("u{number:05}@contoso.com\n")).collect();
    std::fs::write(&path, users).unwrap();
    path
}

/// Whether it is one of the list; a random control may begin as those do.
fn is_listed(address: &str) -> bool {
    let number = address.strip_prefix('u').and_then(|rest| rest.split_once('@')).map(|(number, _)| number);
    number.is_some_and(|number| number.len() == 5 && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// nsdiag against one host, as a gateway.
fn nsdiag(folder: &Path, dns: &Dns, host: &Host, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nsdiag"));
    command
        .current_dir(folder)
        .args(["check", "contoso.com", "-c", "/dev/null", "--pace", "own", "--only", "smtp,recipients"])
        .args(["--recipients", "users.txt", "--known-good", "helpdesk@contoso.com"])
        .args(["--mail-from", "probe@example.net", "--ehlo", "client.example.net", "--format", "json"])
        .arg("--resolver")
        .arg(dns.address.to_string())
        .arg("--gateway")
        .arg(host.address.to_string())
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn report(folder: &Path) -> Report {
    serde_json::from_str(&std::fs::read_to_string(folder.join("report.json")).unwrap()).unwrap()
}

/// What a report says, without when it was said, how long each reply took, and where in a transcript it stands.
fn essence(folder: &Path) -> Value {
    let mut report: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("report.json")).unwrap()).unwrap();
    ["findings", "recipients", "hops"].iter().for_each(|part| strip(&mut report[*part]));
    let parts = ["verdict", "exit_code", "summary", "findings", "checks", "gaps", "recipients", "hops"];
    parts.iter().map(|part| ((*part).to_string(), report[part].take())).collect()
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !matches!(&**name, "evidence" | "latency_ms"));
            fields.values_mut().for_each(strip);
        }
        Value::Array(all) => all.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Where two reports differ first.
fn difference(one: &Value, other: &Value, path: &str) -> Option<String> {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) if a.len() == b.len() => a
            .iter()
            .find_map(|(key, value)| difference(value, b.get(key).unwrap_or(&Value::Null), &format!("{path}/{key}"))),
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b).enumerate();
            pairs.find_map(|(at, (a, b))| difference(a, b, &format!("{path}/{at}")))
        }
        _ => (one != other).then(|| format!("{path}: {one:.300} and {other:.300}")),
    }
}

/// The targets whose answers a journal holds; its last line may be torn.
fn journalled(path: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let lines = whole.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let turns = lines.flat_map(|line| line["turns"].as_array().cloned().unwrap_or_default());
    let answers = turns.filter(|turn| turn["who"] == "server" && turn["code"].is_u64());
    let recipients = answers.filter_map(|turn| turn["recipient"].as_str().map(String::from));
    recipients.filter(|recipient| is_listed(recipient)).collect()
}

/// Waits for the child's end.
fn end(mut child: Child, within: Duration) -> ExitStatus {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if began.elapsed() > within {
            child.kill().unwrap();
            panic!("it did not end within {within:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A refusal that nothing closed before the end is asked about once more, for by itself it says nothing; nobody else is.
fn only_open_refusals(asked: &[String], kept: &BTreeSet<String>, when: &str) {
    let refused = |address: &str| {
        let number = address.strip_prefix('u').and_then(|rest| rest.split('@').next()?.parse().ok());
        number.is_some_and(|number| is_unknown(number, 2))
    };
    let twice: BTreeSet<_> = asked.iter().filter(|address| kept.contains(*address)).collect();
    assert!(twice.iter().all(|address| refused(address)), "{when}: asked again although known: {twice:?}");
    assert!(twice.len() <= 40, "{when}: {} asked again", twice.len());
}

#[test]
fn a_run_that_is_killed_goes_on_where_it_stopped_and_ends_with_the_same_report() {
    const COUNT: usize = 10_000;
    let dns = Dns::start();
    let host = Host::start(Kind::Quick { unknown: 2 });
    let folder = tempfile::tempdir().unwrap();
    list(folder.path(), COUNT);
    let long = ["-o", "report.json", "--deadline", "300"];
    let began = Instant::now();
    let status = end(nsdiag(folder.path(), &dns, &host, &long).spawn().unwrap(), Duration::from_secs(200));
    println!("undisturbed: {:?}, {:.1} s", status.code(), began.elapsed().as_secs_f32());
    let undisturbed = essence(folder.path());
    assert!(report(folder.path()).run.complete);
    let asked = host.take();
    assert_eq!(asked.iter().filter(|address| is_listed(address)).count(), COUNT);
    let journal = folder.path().join("report.json.journal");
    assert!(!journal.exists(), "a complete run leaves no journal");

    let mut seed = fastrand::Rng::with_seed(u64::from(std::process::id()));
    println!("seed {}", std::process::id());
    for round in 0..12 {
        std::fs::remove_file(folder.path().join("report.json")).unwrap();
        // Killed at a random moment: when the host has answered so many.
        let until = seed.usize(1..COUNT);
        let mut child = nsdiag(folder.path(), &dns, &host, &long).spawn().unwrap();
        while host.answered() < until {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it was killed");
            std::thread::sleep(Duration::from_micros(500));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        host.quiet();
        let first = host.take();
        let kept = journalled(&journal);
        assert!(!folder.path().join("report.json").exists());
        let again = end(nsdiag(folder.path(), &dns, &host, &long).spawn().unwrap(), Duration::from_secs(200));
        assert_eq!(again.code(), status.code(), "round {round}");
        let second = host.take();
        only_open_refusals(&second, &kept, &format!("round {round}"));
        assert_eq!(
            difference(&undisturbed, &essence(folder.path()), ""),
            None,
            "round {round}, killed after {until} answers"
        );
        assert!(!journal.exists());
        println!(
            "round {round:2}: killed after {:5} answers, {:5} kept, {:5} asked afterwards",
            first.len(),
            kept.len(),
            second.len()
        );
    }
    assert!(!host.heard_data());
}

#[test]
fn ctrl_c_and_the_deadline_leave_a_partial_report_and_a_journal() {
    let dns = Dns::start();
    let folder = tempfile::tempdir().unwrap();
    list(folder.path(), 3000);
    let host = Host::start(Kind::Quick { unknown: 2 });
    let long = ["-o", "report.json", "--deadline", "300"];
    let whole = end(nsdiag(folder.path(), &dns, &host, &long).spawn().unwrap(), Duration::from_secs(100));
    let undisturbed = essence(folder.path());
    host.take();
    for signal in ["INT", "TERM"] {
        let child = nsdiag(folder.path(), &dns, &host, &long).spawn().unwrap();
        while host.answered() < 1000 {
            std::thread::sleep(Duration::from_micros(500));
        }
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        let status = end(child, Duration::from_secs(60));
        let partial = report(folder.path());
        assert!(!partial.run.complete, "{signal}");
        // A critical finding that was proven before the interruption stays one.
        assert_eq!(status.code(), Some(i32::from(partial.exit_code)), "{signal}");
        assert!(matches!(partial.exit_code, 2 | 3), "{signal}: {}", partial.exit_code);
        let kept = journalled(&folder.path().join("report.json.journal"));
        assert!(kept.len() >= 900, "{signal}: {}", kept.len());
        host.take();
        let again = end(nsdiag(folder.path(), &dns, &host, &long).spawn().unwrap(), Duration::from_secs(100));
        assert_eq!(again.code(), whole.code());
        only_open_refusals(&host.take(), &kept, signal);
        assert_eq!(difference(&undisturbed, &essence(folder.path()), ""), None, "{signal}");
    }
    // The deadline does the same; and another question does not go on from that journal.
    let slow = Host::start(Kind::Slow);
    let short = ["-o", "report.json", "--deadline", "3"];
    end(nsdiag(folder.path(), &dns, &slow, &short).spawn().unwrap(), Duration::from_secs(60));
    assert!(!report(folder.path()).run.complete);
    let kept = journalled(&folder.path().join("report.json.journal"));
    assert!(!kept.is_empty());
    slow.take();
    let other = nsdiag(folder.path(), &dns, &slow, &["-o", "report.json", "--known-good", "anna@contoso.com"])
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&other.stderr).to_string();
    assert_eq!(other.status.code(), Some(64), "{told}");
    assert!(told.contains("report.json.journal: this journal holds the answers to another question"), "{told}");
    end(nsdiag(folder.path(), &dns, &slow, &short).spawn().unwrap(), Duration::from_secs(60));
    assert!(slow.take().iter().all(|address| !kept.contains(address)));
    assert!(journalled(&folder.path().join("report.json.journal")).len() > kept.len());
    assert!(!host.heard_data() && !slow.heard_data());
}

/// Hosts with the limits of a default installation; the list, how many of a hundred the host does not know.
#[test]
fn hosts_with_limits_are_asked_about_everybody_and_drop_us_once_at_most() {
    let hosts = [
        ("Exchange: tarpit of 5 s, five errors", Kind::Exchange, 60, 40, true),
        // Sessions stay below the tenth error anyway, so that it never shows.
        ("Postfix: 1 s from the tenth error on, twenty errors", Kind::Postfix, 2000, 30, false),
        ("Exim: after ten recipients, half must have been accepted", Kind::Exim, 300, 70, true),
    ];
    std::thread::scope(|scope| {
        for (name, kind, count, unknown, shows) in hosts {
            scope.spawn(move || {
                let dns = Dns::start();
                let host = Host::start(kind.not_knowing(unknown));
                let folder = tempfile::tempdir().unwrap();
                list(folder.path(), count);
                let long = ["-o", "report.json", "--deadline", "300"];
                end(nsdiag(folder.path(), &dns, &host, &long).spawn().unwrap(), Duration::from_secs(280));
                let report = report(folder.path());
                assert!(report.run.complete, "{name}");
                for recipient in report.recipients.iter().filter(|one| is_listed(&one.address)) {
                    let number: usize = recipient.address[1..6].parse().unwrap();
                    let hop = serde_json::to_value(&recipient.hops[0]).unwrap();
                    let told = (hop["outcome"].as_str().unwrap(), hop["meaning"].as_str().unwrap());
                    let expected =
                        if is_unknown(number, unknown) { ("rejected", "unknown-recipient") } else { ("accepted", "accepted") };
                    assert_eq!(told, expected, "{name}: {}", recipient.address);
                }
                let limits = host.limits_shown();
                assert!(limits.values().all(|times| *times <= 1), "{name}: {limits:?}");
                let estimate = report.run.estimate.unwrap();
                let hop = &estimate.hops[0];
                println!(
                    "{name}: {} recipients in {} sessions, {:.1} s; estimated after {:.1} s and {} answers: {} sessions, {:.1} s; {limits:?}",
                    count,
                    report.evidence.smtp.len(),
                    hop.took_ms as f64 / 1000.0,
                    hop.made_after_ms as f64 / 1000.0,
                    hop.answers,
                    hop.sessions,
                    hop.duration_ms as f64 / 1000.0,
                );
                for finding in report.findings.iter().filter(|finding| finding.code == "NSD207") {
                    println!("  {}", finding.detail);
                }
                let off = hop.duration_ms.abs_diff(hop.took_ms);
                assert!(off * 4 <= hop.took_ms, "{name}: {hop:?}");
                assert!(hop.made_after_ms * 2 <= hop.took_ms, "{name}: that late it is no estimate: {hop:?}");
                let told = report.findings.iter().any(|finding| finding.code == "NSD207");
                assert_eq!(told, shows, "{name}: what showed itself is told");
                assert!(!host.heard_data(), "{name}");
            });
        }
    });
}
