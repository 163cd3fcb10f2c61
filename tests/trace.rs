//! `nsdiag trace`: the predicted path beside the observed one, as people and programs meet it.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
use std::path::Path;
use std::process::Command;

fn nsdiag(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_nsdiag"))
        .args(args)
        .current_dir(folder)
        .env("HOME", folder)
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("CREDENTIALS_DIRECTORY")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A saved report of `scenario`, as `report.json`.
fn played(scenario: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let args = ["demo", scenario, "-q", "-o", "report.json"];
    assert!(nsdiag(folder.path(), &args).0 < 64, "{scenario}");
    folder
}

/// The lab's addresses of this run are nobody's.
fn without_addresses(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("127.") {
        out += &rest[..at];
        out += "IP";
        rest = rest[at..].trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    }
    out + rest
}

const PICTURE: &str = "\
orders@contoso.com, from the Internet

  [mx]   contoso.com has its mail sent to mx1.contoso.com
     |
  [gateway]
         whether mx1.contoso.com (IP) takes it is not known from configuration
     |   heard: 550 5.1.1 <orders@contoso.com>: Recipient address rejected: User
         unknown in relay recipient table (mx1.contoso.com)
     |
  [recipient]
         the directory of corp holds no object
     |   heard: 250 2.1.5 Recipient OK (exch01.corp.contoso.com)
     |
  [accepted-domain]
         'contoso.com' relays unknown recipients
     |
  [send-connector]
         'To Zimbra' serves contoso.com
     |
  [smart-host]
         it goes to smarthost.contoso.com, a host of zimbra
     |
  [mailbox]
         it is on the list of zimbra
     |   heard: 250 2.1.5 Ok (smarthost.contoso.com)
     v
  ends   delivered, supposed that mx1.contoso.com (IP) takes it
  heard  with what the hops said it is rejected-at-gateway instead (gateway:
         mx1.contoso.com (IP) refuses it)
  agree  the replies that can be compared agree
";

/// Words alone: where lines break depends on how long the lab's addresses are.
fn words(text: &str) -> Vec<String> {
    without_addresses(text).split_whitespace().map(String::from).collect()
}

#[test]
fn the_predicted_path_stands_beside_the_replies_in_every_format() {
    let folder = played("broken-gateway");
    let trace = |args: &[&str]| nsdiag(folder.path(), &[&["trace", "--report", "report.json"], args].concat());
    let (code, out, errors) = trace(&["Orders@contoso.com", "-o", "t.json", "-o", "t.md"]);
    assert_eq!((code, &*errors), (2, ""));
    assert_eq!(words(&out), words(PICTURE), "{out}");
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(read("t.md").starts_with("### orders\\@contoso.com, from the Internet\n\n1. mx: "), "{}", read("t.md"));
    let json: serde_json::Value = serde_json::from_str(&read("t.json")).unwrap();
    let one = &json["traces"][0];
    let told = [
        "/question",
        "/predicted/disposition",
        "/concluded/disposition",
        "/observed/0/outcome",
        "/agree",
        "/contradiction",
    ];
    let told = told.map(|at| one.pointer(at).unwrap().to_string()).join(" ");
    assert_eq!(told, "\"recipient\" \"delivered\" \"rejected-at-gateway\" \"rejected\" true null");
    let (_, schema, _) = nsdiag(folder.path(), &["schema", "trace"]);
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    assert!(schema.is_valid(&json), "{json}");
    let report: serde_json::Value = serde_json::from_str(&read("report.json")).unwrap();
    for step in one["predicted"]["steps"].as_array().unwrap() {
        for pointer in step["evidence"].as_array().into_iter().flatten() {
            assert!(report.pointer(pointer.as_str().unwrap()).is_some(), "{pointer} points at nothing");
        }
    }
}

#[test]
fn where_the_message_comes_from_and_how_large_it_is_decide_the_way() {
    let folder = played("connector-size-limit");
    let trace = |args: &[&str]| {
        let all = [&["trace", "--report", "report.json", "--format", "json"], args].concat();
        let (code, out, errors) = nsdiag(folder.path(), &all);
        let Ok(json) = serde_json::from_str::<serde_json::Value>(&out) else { return format!("{code}: {errors}") };
        let each = json["traces"].as_array().unwrap().iter();
        let each = each.map(|one| format!("{} {}", one["from"], one["predicted"]["disposition"]));
        format!("{code}: {}", each.collect::<Vec<_>>().join(", "))
    };
    let table: [(&[&str], &str); 7] = [
        (&["orders@contoso.com"], "0: \"internet\" \"delivered\""),
        (&["orders@contoso.com", "--from", "anna@contoso.com"], "0: \"corp\" \"delivered\""),
        (&["orders@contoso.com", "--size", "500000000"], "2: \"internet\" \"loop\""),
        (&["--unknown"], "0: \"internet\" \"rejected-at-gateway\""),
        (&["--unknown", "--from", "anna@contoso.com"], "0: \"corp\" \"rejected-by-other\""),
        (&["orders@fabrikam.com"], "64: orders@fabrikam.com is neither in contoso.com nor below it\n"),
        (
            &["orders@contoso.com", "--from", "ghost@contoso.com"],
            "64: --from: ghost@contoso.com is in contoso.com, and no directory or list that was read says where its mailbox is\n",
        ),
    ];
    for (args, expected) in table {
        assert_eq!(trace(args).replace("nsdiag: ", "").replace("error: ", ""), expected, "{args:?}");
    }
}

#[test]
fn a_redacted_trace_holds_no_name_but_the_domain() {
    let folder = played("broken-gateway");
    let all = ["trace", "--report", "report.json", "--format", "json", "--redact", "orders@contoso.com"];
    let (code, out, _) = nsdiag(folder.path(), &all);
    assert_eq!(code, 2, "{out}");
    for name in ["orders", "mx1", "smarthost", "exch01"] {
        assert!(!out.contains(name), "{name}: {out}");
    }
}
