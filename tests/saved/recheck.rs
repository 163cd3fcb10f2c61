//! A saved report's evidence, judged again.
use crate::{nsdiag, play};
use nsdiag::report;
use nsdiag_lab::Scenario;
use serde_json::{Value, json};
use std::path::Path;

fn write(path: &Path, report: &Value) -> String {
    std::fs::write(path, report.to_string()).unwrap();
    path.to_str().unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_report_is_judged_anew_and_what_is_otherwise_is_told() {
    let (found, _lab) = play(&Scenario::named("broken-gateway").unwrap()).await;
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let whole: Value = serde_json::from_str(&report::json(&found)).unwrap();
    let saved = write(&place("report.json"), &whole);
    let told = format!("nsdiag: judged from what {saved} says; nobody was asked\n");

    let (code, out, notes) = nsdiag(&["recheck", &saved, "--format", "json"]);
    assert_eq!((code, out == report::json(&found), &*notes), (2, true, &*told));
    let (_, table, _) = nsdiag(&["recheck", &saved]);
    assert_eq!(table, nsdiag(&["show", &saved]).1);

    // Somebody made it look better than it is; and one finding is of a check that this version does not have.
    let mut changed = whole.clone();
    let mission = changed["findings"].as_array().unwrap().iter().position(|one| one["code"] == "NSD401").unwrap();
    changed["findings"][mission]["severity"] = "info".into();
    changed["findings"][1]["code"] = "NSD998".into();
    (changed["verdict"], changed["exit_code"]) = ("ok".into(), 0.into());
    let better = write(&place("better.json"), &changed);
    let (code, out, notes) = nsdiag(&["recheck", &better, "--format", "json"]);
    assert_eq!((code, out == report::json(&found)), (2, true));
    let lines: Vec<&str> = notes.lines().collect();
    let other = found.findings[1].code.as_str();
    assert!(lines[0].starts_with("nsdiag: changed: NSD401 gateway-rejects-other-mailbox ("), "{notes}");
    assert!(lines[0].ends_with(": info, proven before and critical, proven now"), "{notes}");
    assert!(lines[1].starts_with(&format!("nsdiag: new: {other} ")), "{notes}");
    assert!(lines[2].starts_with("nsdiag: gone: NSD998 "), "{notes}");
    assert_eq!(lines.len(), 4, "{notes}");

    // The policy that goes with the evidence, and another one.
    let mut policed = whole.clone();
    policed["run"]["settings"]["ignores"] = json!([{"code": "NSD401", "reason": "known", "until": "2999-01-01"}]);
    let policed = write(&place("policed.json"), &policed);
    let (code, out, notes) = nsdiag(&["recheck", &policed, "--format", "json"]);
    let again: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code == 2, &again["summary"]["findings"]["ignored"]), (false, &json!(1)), "{notes}");
    assert_eq!(again["run"]["settings"]["ignores"][0]["reason"], "known");
    std::fs::write(place("other.toml"), "[[ignore]]\ncode = 'NSD998'\n").unwrap();
    let other = place("other.toml");
    let (code, out, notes) = nsdiag(&["recheck", &policed, "-c", other.to_str().unwrap(), "--format", "json"]);
    assert!(code == 2 && notes.contains("[[ignore]] NSD998 matches no finding"), "{notes}");
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["summary"]["findings"]["ignored"], 0);
    let (code, _, notes) = nsdiag(&["recheck", &saved, "--only", "weather"]);
    assert_eq!((code, notes.contains("--only: 'weather' is neither a code nor one of dns")), (64, true));
    let (code, out, _) = nsdiag(&["recheck", &saved, "--only", "dns", "--quiet"]);
    assert!(code != 2 && !out.contains("NSD401"), "{code} {out}");
    assert!(out.contains("recipients cannot get mail") && out.contains("checks are left out by --only"), "{out}");
    std::fs::write(place("foreign.toml"), "domain = 'other.example'\n[[ignore]]\ncode = 'NSD401'\n").unwrap();
    let (code, _, notes) = nsdiag(&["recheck", &saved, "-c", place("foreign.toml").to_str().unwrap()]);
    let said = "the configuration is for other.example, and the report is of contoso.com";
    assert_eq!((code, notes.contains(said)), (64, true), "{notes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_of_other_versions_are_read_or_refused_by_name() {
    let (found, _lab) = play(&Scenario::named("broken-gateway").unwrap()).await;
    let folder = tempfile::tempdir().unwrap();
    let whole: Value = serde_json::from_str(&report::json(&found)).unwrap();
    let judged = |change: &dyn Fn(&mut Value)| {
        let mut report = whole.clone();
        change(&mut report);
        let (code, out, notes) =
            nsdiag(&["recheck", &write(&folder.path().join("r.json"), &report), "--format", "json"]);
        (code, out, notes.lines().next().unwrap_or_default().rsplit("r.json: ").next().unwrap().to_string())
    };
    // A newer minor one has fields more; an older one has none of those that came later.
    let newer = judged(&|report| {
        report["format_version"] = "1.9".into();
        report["weather"] = json!({"fine": true});
        report["evidence"]["smtp"][0]["mood"] = "good".into();
    });
    assert_eq!((newer.0, newer.1 == report::json(&found)), (2, true), "{}", newer.2);
    let older = judged(&|report| {
        let settings = report["run"]["settings"].as_object_mut().unwrap();
        for later in ["delivers_to", "second_random"] {
            settings.remove(later);
        }
    });
    assert_eq!((older.0, older.2.contains("no report")), (2, false), "{}", older.2);
    let word = judged(&|report| {
        report["format_version"] = "1.9".into();
        report["evidence"]["hops"][0]["role"] = "satellite".into();
    });
    let said = "a report of format 1.9, of which this does not understand all (1.0): unknown variant `satellite`";
    assert!(word.0 == 64 && word.2.starts_with(said), "{}", word.2);
    let major = judged(&|report| *report = json!({"kind": "nsdiag/report", "format_version": "2.0", "new": []}));
    assert_eq!((major.0, &*major.2), (64, "a report of format 2.0, and this reads 1"));
    let other = judged(&|report| *report = json!({"kind": "nsdiag/trace", "format_version": "1.0"}));
    assert_eq!((other.0, &*other.2), (64, "a document of kind 'nsdiag/trace', and no report"));
}
