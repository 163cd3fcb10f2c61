//! The reports that the tests on real servers leave behind keep to the schema, and judged again they say the same,
//! and redacted they name nobody.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
#[path = "saved/same.rs"]
mod same;

use nsdiag::report;

#[test]
#[ignore = "needs the reports of tests/real/run.py --reports FOLDER, named in NSDIAG_REPORTS"]
fn every_report_of_real_servers_keeps_to_the_schema() {
    let schema = jsonschema::validator_for(&serde_json::from_str(&report::schema()).unwrap()).unwrap();
    let folder = std::env::var_os("NSDIAG_REPORTS").expect("NSDIAG_REPORTS names the folder");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty());
    let mut wrong = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let saved = report::read(&text).unwrap();
        let name = file.display().to_string();
        same::gives_the_same(&name, &saved);
        wrong.extend(same::named_still(&name, &saved, vec![]));
        let json = serde_json::from_str(&text).unwrap();
        if let Err(error) = schema.validate(&json) {
            panic!("{}: at {}: {error}", file.display(), error.instance_path());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
