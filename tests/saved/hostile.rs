//! Saved reports that lie, are cut short or are none: a clear word, and never a panic.
use crate::{nsdiag, play};
use nsdiag::commands::recheck;
use nsdiag::report;
use nsdiag_checks::report::Report;
use nsdiag_lab::Scenario;
use serde_json::{Value, json};

/// What stands in place of a value, after what stood there.
fn others(value: &Value) -> Vec<Value> {
    match value {
        Value::String(_) => {
            ["", "a", "\u{202e}@\0", "ö@", "-1", "[::1", "x.y.z/25", "CN=\\", "999.1.1.1", "@contoso.com"]
                .into_iter()
                .map(Value::from)
                .collect()
        }
        Value::Number(_) => vec![json!(0), json!(1), json!(65535)],
        Value::Array(all) => vec![json!([]), all.iter().chain(all).cloned().collect()],
        Value::Bool(value) => vec![json!(!value)],
        Value::Object(_) | Value::Null => vec![],
    }
}

/// The places of all values in `value`, as JSON Pointers.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_string());
    match value {
        // Of many alike a few are enough.
        Value::Array(all) => {
            all.iter().enumerate().take(3).for_each(|(n, one)| places(one, &format!("{at}/{n}"), found))
        }
        Value::Object(all) => all.iter().for_each(|(name, one)| {
            places(one, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
        }),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_that_lies_is_judged_without_a_panic() {
    let mut random = fastrand::Rng::with_seed(7);
    for name in ["broken-gateway", "two-forests-loop", "hybrid"] {
        let Some(scenario) = Scenario::named(name) else { panic!("{name}") };
        let (found, _lab) = play(&scenario).await;
        let whole: Value = serde_json::from_str(&report::json(&found)).unwrap();
        let mut all = Vec::new();
        places(&whole["evidence"], "/evidence", &mut all);
        places(&whole["run"], "/run", &mut all);
        random.shuffle(&mut all);
        let mut judged = 0;
        for place in all.iter().take(90) {
            for other in others(whole.pointer(place).unwrap()) {
                let mut lying = whole.clone();
                *lying.pointer_mut(place).unwrap() = other;
                let Ok(saved) = serde_json::from_value::<Report>(lying) else { continue };
                let (again, _) = recheck::again(&saved.run, &saved);
                judged += 1;
                let crashed = again.findings.iter().find(|finding| finding.code == "NSD999");
                assert!(crashed.is_none(), "{name} {place}: {crashed:#?}");
            }
        }
        assert!(judged > 100, "{name}: {judged}");
    }
}

#[test]
fn what_is_no_report_is_told_in_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.json");
    let named = path.to_str().unwrap();
    let deep = "[".repeat(1_000_000);
    let cases: [(&[u8], &str); 6] = [
        (b"", "this is no report: EOF while parsing"),
        (b"{}", "this is no report: missing field `kind`"),
        (deep.as_bytes(), "this is no report: "),
        (br#"{"kind": "nsdiag/report", "format_version": "1.0"}"#, "this is no report: missing field `tool`"),
        (br#"{"kind": "nsdiag/report", "format_version": "\u001b[31m"}"#, "a report of format \\u{1b}[31m, and"),
        (b"\xff\xfe{\0", "stream did not contain valid UTF-8"),
    ];
    for (text, said) in cases {
        std::fs::write(&path, text).unwrap();
        for command in ["recheck", "show"] {
            let (code, out, errors) = nsdiag(&[command, named]);
            let expected = format!("nsdiag: {named}: {said}");
            assert!(code == 64 && out.is_empty() && errors.starts_with(&expected), "{errors}");
            assert_eq!(errors.lines().count(), 1, "{errors}");
        }
    }
}
