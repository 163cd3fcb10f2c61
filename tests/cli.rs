//! The binary as scripts and people meet it.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// Runs nsdiag in `folder`, with nothing of this machine's own configuration.
fn nsdiag(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nsdiag"))
        .args(args)
        .current_dir(folder)
        .env("HOME", folder)
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("COLUMNS")
        .env_remove("CREDENTIALS_DIRECTORY")
        .output()
        .unwrap()
}

fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn the_demo_names_exactly_the_two_who_are_refused() {
    let folder = folder();
    let args = ["demo", "--format", "json", "-o", "report.json", "-o", "report.txt"];
    let (code, out, errors) = told(&nsdiag(folder.path(), &args));
    assert_eq!((code, &*errors), (2, ""));
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let finding = &report["findings"][0];
    assert_eq!((&finding["code"], &finding["certainty"]), (&"NSD401".into(), &"proven".into()));
    let subjects: Vec<_> =
        finding["subjects"].as_array().unwrap().iter().map(|one| one["value"].as_str().unwrap()).collect();
    assert_eq!(subjects, ["orders@contoso.com", "sales@contoso.com"]);
    assert_eq!(std::fs::read_to_string(folder.path().join("report.json")).unwrap(), out);
    let table = std::fs::read_to_string(folder.path().join("report.txt")).unwrap();
    assert!(table.starts_with("CRITICAL  contoso.com: 2 of 5 recipients cannot get mail\n"), "{table}");
    assert!(!table.contains('\x1b'));
}

#[test]
fn a_diff_is_told_by_its_exit_status_and_refuses_what_it_cannot_compare() {
    let folder = folder();
    assert_eq!(told(&nsdiag(folder.path(), &["demo", "-q", "-o", "old.json"])).0, 2);
    let text = std::fs::read_to_string(folder.path().join("old.json")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("same.json", &text);
    write("changed.json", &text.replace("\"enabled\": true", "\"enabled\": false"));
    write("other.json", &text.replace("contoso.com", "example.net"));
    write("later.json", &text.replacen("\"1.0\"", "\"2.0\"", 1));
    write("none.json", "{}");
    let diff = |args: &[&str]| told(&nsdiag(folder.path(), &[&["diff", "old.json"], args].concat()));
    let (code, out, errors) = diff(&["same.json"]);
    assert_eq!((code, &*errors), (0, ""));
    assert!(out.starts_with("SAME  contoso.com: nothing that counts changed\n"), "{out}");
    let (code, out, _) = diff(&["changed.json", "-o", "d.md", "-o", "d.json"]);
    assert_eq!(code, 1);
    assert!(out.contains("send connector: enabled, To Zimbra (corp): yes -> no"), "{out}");
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    let json: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(folder.path().join("d.json")).unwrap()).unwrap();
    assert_eq!((&json["kind"], &json["facts"][0]["new"]), (&"nsdiag/diff".into(), &"no".into()));
    assert!(std::fs::read_to_string(folder.path().join("d.md")).unwrap().starts_with("## CHANGED"));
    for (args, said) in [
        (&["other.json"][..], "the reports are of two domains, contoso.com and example.net"),
        (&["later.json"], "later.json: a report of format 2.0, and this reads 1"),
        (&["none.json"], "none.json: this is no report"),
        (&["missing.json"], "missing.json: "),
        (&["same.json", "-o", "d.pdf"], "--output: d.pdf: the ending is none of .json, .md and .txt"),
    ] {
        let (code, out, errors) = diff(args);
        assert_eq!((code, &*out), (64, ""), "{errors}");
        assert!(errors.contains(said), "{errors}");
    }
}

#[test]
fn reports_are_merged_under_the_names_that_they_are_given() {
    let folder = folder();
    nsdiag(folder.path(), &["demo", "-q", "-o", "one.json"]);
    let text = std::fs::read_to_string(folder.path().join("one.json")).unwrap();
    std::fs::write(folder.path().join("other.json"), text.replace("contoso.com", "example.net")).unwrap();
    // As another run, a second later.
    let run: serde_json::Value = serde_json::from_str(&text).unwrap();
    let random = run["run"]["settings"]["random"].as_str().unwrap();
    std::fs::write(folder.path().join("two.json"), text.replace(random, "abcdefgh12345678@contoso.com")).unwrap();
    let merge = |args: &[&str]| told(&nsdiag(folder.path(), &[&["merge"], args].concat()));
    let (code, out, errors) = merge(&["outside=one.json", "inside=two.json", "--format", "json", "-o", "both.txt"]);
    assert_eq!((code, &*errors), (2, ""));
    let merged: serde_json::Value = serde_json::from_str(&out).unwrap();
    let names: Vec<_> =
        merged["run"]["vantages"].as_array().unwrap().iter().map(|view| view["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["inside", "outside"]);
    assert_eq!(merged["findings"][0]["code"], "NSD401");
    assert_eq!(merged["findings"][0]["seen_from"], serde_json::Value::Null, "both see it");
    assert!(std::fs::read_to_string(folder.path().join("both.txt")).unwrap().contains("seen from inside and outside"));
    let (code, _, errors) = merge(&["one.json", "one.json"]);
    assert_eq!((code, errors.contains("one report stands twice among the arguments")), (2, true), "{errors}");
    for (args, said) in [
        (&["one.json", "other.json"][..], "the reports are of two domains, contoso.com and example.net"),
        (&["missing.json"], "missing.json: "),
        (&["a=missing.json"], "missing.json: "),
        (&[], "required"),
    ] {
        let (code, out, errors) = merge(args);
        assert_eq!((code, &*out), (64, ""), "{errors}");
        assert!(errors.contains(said), "{errors}");
    }
}

#[test]
fn a_scenario_in_a_file_is_played_and_what_differs_from_its_expectations_is_told() {
    let folder = folder();
    let agrees = "[gateway]\nknows = \"directory\"\n[expect]\nverdict = \"critical\"\nexit = 2\n";
    let differs = "\
[expect]
verdict = 'warning'
findings = ['NSD401 critical proven orders@contoso.com', 'NSD205 info proven exchange/exch01.corp.contoso.com']
[expect.recipients]
'helpdesk@contoso.com' = 'delivered'
'orders@contoso.com' = 'loop'
'sales@contoso.com' = 'delivered'
'gone@contoso.com' = 'loop'
";
    std::fs::write(folder.path().join("mine.toml"), agrees).unwrap();
    std::fs::write(folder.path().join("mine"), differs).unwrap();
    let (code, out, errors) = told(&nsdiag(folder.path(), &["demo", "mine.toml"]));
    assert_eq!((code, &*errors), (2, ""), "{out}");
    assert!(out.starts_with("CRITICAL  contoso.com: 2 of 5 recipients cannot get mail\n"), "{out}");
    let (code, out, errors) = told(&nsdiag(folder.path(), &["demo", "./mine", "-q"]));
    assert!(code == 0 && out.starts_with("OK "), "{out}");
    let expected = "\
nsdiag: the verdict is ok, and warning is expected
nsdiag: missing: NSD401 critical proven orders@contoso.com
nsdiag: gone@contoso.com is absent, and loop is expected
nsdiag: orders@contoso.com is delivered, and loop is expected
";
    assert_eq!(errors, expected);
}

#[test]
fn an_export_that_was_named_and_gave_nothing_is_no_ok() {
    let folder = folder();
    let play = |damage: &str| {
        let scenario = format!("[directory]\nsources = ['ldap', 'export']\ndamage = '{damage}'\n");
        std::fs::write(folder.path().join("mine.toml"), scenario).unwrap();
        told(&nsdiag(folder.path(), &["demo", "mine.toml"]))
    };
    for (damage, why) in
        [("empty", "the folder is empty"), ("garbage", "neither CLIXML, JSON, CSV nor"), ("cut", "cut off")]
    {
        let (code, out, errors) = play(damage);
        let joined = out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(code == 3 && out.starts_with("UNKNOWN ") && joined.contains("- what the export "), "{damage}: {out}");
        assert!(joined.contains(why) && errors.contains(why), "{damage}: {out} {errors}");
    }
    let (code, out, errors) = play("none");
    assert!(code == 0 && out.starts_with("OK ") && !errors.contains("export"), "{out} {errors}");
}

#[test]
fn bad_arguments_are_told_and_exit_64() {
    let folder = folder();
    std::fs::write(folder.path().join("nsdiag.toml"), "domain = 'contoso.com'\n[prob]\n").unwrap();
    std::fs::write(folder.path().join("bad.pem"), "no certificate").unwrap();
    let cases: [(&[&str], &str); 11] = [
        (&["check"], "nsdiag: nsdiag.toml:2:2: unknown key 'prob'; the nearest is 'probe'\n"),
        (&["check", "-c", "/no/such"], "nsdiag: /no/such: No such file or directory (os error 2)\n"),
        (&["demo", "broken-gatway"], "nsdiag: no scenario 'broken-gatway'; the nearest are broken-gateway, "),
        (&["demo", "no/such"], "nsdiag: no/such: No such file or directory (os error 2)\n"),
        (&["demo", "nsdiag.toml"], "nsdiag: nsdiag.toml:1:1: domain: unknown key 'domain'"),
        (&["demo", "-o", "report.pdf"], "nsdiag: --output: report.pdf: the ending is none of .txt, "),
        (
            &["check", "-c", "/dev/null", "contoso.com", "--exchange-export", "no/such"],
            "nsdiag: --exchange-export: no/such: No such file or directory (os error 2)\n",
        ),
        (&["check", "--frobnicate"], "error: unexpected argument '--frobnicate' found"),
        (&["explain", "NSD000"], "nsdiag: no code 'NSD000'; `nsdiag explain` alone lists them\n"),
        (&["explain", "hello"], "nsdiag: a reply begins with its three-digit code"),
        (
            &["check", "-c", "/dev/null", "contoso.com", "--ca", "bad.pem"],
            "nsdiag: bad.pem: holds no PEM certificate\n",
        ),
    ];
    for (args, expected) in cases {
        let (code, out, errors) = told(&nsdiag(folder.path(), args));
        assert_eq!((code, &*out), (64, ""), "{args:?}");
        assert!(errors.starts_with(expected), "{args:?}: {errors}");
    }
}

#[test]
fn a_file_that_is_named_and_cannot_be_used_is_told_before_anything_is_asked() {
    let folder = folder();
    let here = |name: &str| folder.path().join(name);
    std::fs::create_dir(here("folder")).unwrap();
    std::fs::create_dir(here("report.json")).unwrap();
    std::fs::write(here("list"), "a@contoso.com\n").unwrap();
    // Whoever is asked would be heard here.
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let resolver = socket.local_addr().unwrap().to_string();
    let none = "No such file or directory (os error 2)";
    let cases: [(&[&str], String); 13] = [
        (&["--recipients", "no/list"], format!("no/list: {none}")),
        (&["--recipients", "folder"], "folder: is a directory".into()),
        (&["--recipients", "list", "--recipients", "list2"], format!("list2: {none}")),
        (&["--exchange-export", "no/export"], format!("--exchange-export: no/export: {none}")),
        (&["--ca", "ca.pem"], format!("ca.pem: {none}")),
        (&["--ca", "folder"], "folder: is a directory".into()),
        (&["--ldap-user", "n", "--ldap-password-file", "pw"], format!("pw: {none}")),
        (&["--ldap-user", "n", "--ldap-password-file", "folder"], "folder: Is a directory (os error 21)".into()),
        (&["-c", "folder"], "folder: Is a directory (os error 21)".into()),
        (&["-o", "no/report.txt"], format!("--output: no/report.txt: {none}")),
        (&["-o", "report.json"], "--output: report.json: is a directory".into()),
        (&["--quiet-if-unchanged", "no/state"], format!("--quiet-if-unchanged: no/state: {none}")),
        (&["--journal", "folder"], "folder: Is a directory (os error 21)".into()),
    ];
    for (args, expected) in cases {
        let base = ["check", "contoso.com", "--resolver", &resolver, "--deadline", "1"];
        let config: &[&str] = if args[0] == "-c" { &[] } else { &["-c", "/dev/null"] };
        let (code, out, errors) = told(&nsdiag(folder.path(), &[&base[..], config, args].concat()));
        assert_eq!((code, &*out), (64, ""), "{args:?}: {errors}");
        assert!(
            errors.starts_with(&format!("nsdiag: {}", expected.split(" at path").next().unwrap())),
            "{args:?}: {errors}"
        );
    }
    socket.set_nonblocking(true).unwrap();
    assert!(socket.recv(&mut [0; 512]).is_err(), "somebody was asked");
    // A name that can be used asks.
    let fine = ["check", "contoso.com", "-c", "/dev/null", "--recipients", "list", "--plan"];
    assert_eq!(told(&nsdiag(folder.path(), &fine)).0, 0);
}

#[test]
#[cfg(target_os = "linux")]
fn what_cannot_be_written_is_told_and_a_reader_that_has_gone_is_no_fault() {
    use std::process::Stdio;
    let folder = folder();
    let run = |args: &[&str], out: Stdio| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nsdiag"));
        command.args(args).current_dir(folder.path()).env("HOME", folder.path()).stdin(Stdio::null());
        let output = command.stdout(out).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
        let (code, _, errors) = told(&output);
        (code, errors)
    };
    let full = || Stdio::from(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Stdio::from(writer)
    };
    let cases: [(&[&str], i32); 10] = [
        (&["schema"], 0),
        (&["man"], 0),
        (&["completions", "bash"], 0),
        (&["explain"], 0),
        (&["explain", "NSD401"], 0),
        (&["explain", "550 5.1.1 User unknown"], 0),
        (&["--help"], 0),
        (&["demo", "--list"], 0),
        (&["demo"], 2),
        (&["demo", "--format", "json", "-o", "kept.json"], 2),
    ];
    for (args, usual) in cases {
        let (code, errors) = run(args, full());
        let said = "nsdiag: standard output: No space left on device (os error 28)\n";
        assert!(code == 70 && errors.contains(said), "{args:?}: {code} {errors}");
        let (code, errors) = run(args, closed());
        assert!(code == usual && !errors.contains("output"), "{args:?}: {code} {errors}");
    }
    assert!(folder.path().join("kept.json").is_file(), "the file was written all the same");
    // Nor is standard error a reason to fall over.
    let mut bad = Command::new(env!("CARGO_BIN_EXE_nsdiag"));
    let status = bad.args(["explain", "hello"]).stderr(full()).status().unwrap();
    assert_eq!(status.code(), Some(64));
}

#[test]
fn names_from_the_command_line_steer_no_terminal() {
    let folder = folder();
    let name = "a\u{1b}]0;x\u{202e}.json";
    std::fs::write(folder.path().join(name), "[]").unwrap();
    let cases: [&[&str]; 3] = [
        &["check", "-c", "/dev/null", "contoso.com", "--exchange-export", name, "--plan"],
        &["check", "-c", name, "contoso.com"],
        &["check", "--\u{1b}[31m\u{202e}"],
    ];
    for args in cases {
        let (_, out, errors) = told(&nsdiag(folder.path(), args));
        let all = out + &errors;
        assert!(all.contains("\\u{202e}") && !all.contains(['\u{1b}', '\u{202e}']), "{args:?}: {all:?}");
    }
}

#[test]
fn help_version_and_the_rest_print_what_they_are() {
    let folder = folder();
    let cases: [(&[&str], &str); 8] = [
        (&["--help"], "nsdiag check contoso.com --plan"),
        (&["--version"], "nsdiag 0.1.0"),
        (&["schema"], "\"$schema\""),
        (&["completions", "bash"], "_nsdiag"),
        (&["man"], ".TH nsdiag"),
        (&["explain"], "NSD401  recipients "),
        (&["explain", "nsd401"], "NSD401  gateway-rejects-other-mailbox (critical; area recipients)"),
        (&["demo", "--list"], "broken-gateway "),
    ];
    for (args, expected) in cases {
        let (code, out, errors) = told(&nsdiag(folder.path(), args));
        assert_eq!((code, &*errors), (0, ""), "{args:?}");
        assert!(out.contains(expected), "{args:?}: {out}");
    }
}

#[test]
fn each_page_is_shown_with_its_sources_in_text_and_in_json() {
    let folder = folder();
    let (code, out, _) = told(&nsdiag(folder.path(), &["explain", "NSD102"]));
    let end = "  source RFC 5321, 5.1\n         RFC 2181, 10.3\n         RFC 7505, 3\n";
    assert!(code == 0 && out.ends_with(end), "{out}");
    let json = |args: &[&str]| {
        let (code, out, errors) = told(&nsdiag(folder.path(), args));
        assert_eq!((code, &*errors), (0, ""), "{args:?}");
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<serde_json::Value>>()
    };
    let one = json(&["explain", "nsd102", "--format", "json"]);
    let keys: Vec<&String> = one[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["area", "code", "fix", "name", "severity", "source", "title", "why"]);
    assert_eq!(one[0]["source"], "RFC 5321, 5.1; RFC 2181, 10.3; RFC 7505, 3");
    let all = json(&["explain", "--format", "json"]);
    assert!(all.len() > 60 && all.contains(&one[0]), "{}", all.len());
    let (code, _, errors) = told(&nsdiag(folder.path(), &["explain", "NSD000", "--format", "json"]));
    assert!(code == 64 && errors.contains("no code 'NSD000'"), "{errors}");
}

#[test]
fn the_page_of_an_unreadable_configuration_ends_with_the_script_that_exports_it() {
    let folder = folder();
    let (code, out, errors) = told(&nsdiag(folder.path(), &["explain", "NSD331"]));
    assert_eq!((code, &*errors), (0, ""));
    assert!(out.ends_with(nsdiag::commands::explain::EXPORT_SCRIPT), "{out}");
    assert_eq!(out.lines().find(|line| line.chars().count() > 80 && !line.contains("https://")), None);
    // It reads and writes its own folder, and changes nothing.
    let verbs = ["Set-", "New-", "Remove-", "Enable-", "Disable-", "Add-", "Update-", "Invoke-", "Start-"];
    let changes: Vec<&str> =
        out.split([' ', '(', '|', '\n']).filter(|word| verbs.iter().any(|verb| word.starts_with(verb))).collect();
    assert_eq!(
        changes,
        ["New-Item", "Set-ADServerSettings", "Set-ADServerSettings", "New-Object", "New-Object", "Remove-Item"]
    );
}

#[test]
fn the_plan_names_the_exports() {
    let folder = folder();
    std::fs::write(folder.path().join("domains.json"), "damaged").unwrap();
    let args = ["check", "-c", "/dev/null", "contoso.com", "--exchange-export", "domains.json", "--plan"];
    let (code, out, errors) = told(&nsdiag(folder.path(), &args));
    assert_eq!((code, &*errors), (0, ""));
    assert!(out.lines().any(|line| line == "export      domains.json (exchange)"), "{out}");
    assert!(!out.lines().any(|line| line.starts_with("directory")), "no LDAP: {out}");
}

#[test]
fn a_reply_is_explained_with_its_source() {
    let folder = folder();
    let reply = "550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [X.prod.outlook.com]";
    let (code, out, _) = told(&nsdiag(folder.path(), &["explain", "--format", "json", reply]));
    let object: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &object["meaning"]), (0, &"unknown-recipient".into()));
    assert!(object["product"].as_str().unwrap().contains("Exchange Online"), "{object}");
    assert!(["reply", "confidence", "source"].iter().all(|key| object[key].is_string()), "{object}");
}

#[test]
fn what_a_reply_means_is_said_in_words_and_whose_it_is() {
    let folder = folder();
    let cases = [
        (
            "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)",
            "meaning     unknown-recipient: the recipient was refused, as unknown\n\
             product     Exchange Online (directory-based edge blocking)\n\
             said        at RCPT\n\
             confidence  high\n\
             source      Microsoft's Exchange documentation; zone-mta (row 1 of the catalogue)\n\
             note        the domain is authoritative there, and the tenant has no object with this address\n",
        ),
        (
            "550-5.1.1 The email account that you tried to reach\n550 5.1.1 does not exist. - gsmtp",
            "meaning     unknown-recipient: the recipient was refused, as unknown\n\
             product     Google\n\
             said        at RCPT\n\
             confidence  high\n\
             source      real bounces of the set-of-emails collection; zone-mta (row 31 of the catalogue)\n",
        ),
        (
            "450 4.1.1 <a@b.c>: Recipient address rejected: unverified address: host x[10.0.0.1] said: \
                550 5.1.1 User unknown",
            "meaning     unknown-recipient-temporary: the recipient was put off, as unknown\n\
             product     Postfix call-ahead\n\
             said        at RCPT\n\
             confidence  high\n\
             source      Postfix's source and documentation (smtpd_check.c) (row 47 of the catalogue)\n\
             note        said while Postfix still asks, and of refused addresses too while unverified_recipient_reject_code is 450: ask again after 60 s\n\
             it quotes   550 5.1.1 User unknown\n            Exchange recipient filter, and others; Microsoft's Exchange documentation (recipient-filtering.md) (row 6)\n",
        ),
        (
            "554 5.7.1 whatever",
            "meaning     ambiguous: the recipient was refused, in words that do not say why\n\
             confidence  low: no known text, judged by its code alone\n            by itself it proves nothing\n",
        ),
        (
            "250 2.1.5 Ok",
            "meaning     accepted\nconfidence  low: no known text, judged by its code alone\n            \
                by itself it proves nothing\n",
        ),
    ];
    for (reply, expected) in cases {
        assert_eq!(told(&nsdiag(folder.path(), &["explain", reply])), (0, expected.into(), String::new()), "{reply}");
    }
}

#[test]
fn a_code_alone_is_explained_by_what_products_say_with_it() {
    let folder = folder();
    let (code, out, _) = told(&nsdiag(folder.path(), &["explain", "5.4.1"]));
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!((code, lines[0]), (0, "meaning     ambiguous: the code alone does not decide"));
    assert_eq!(lines[1], "standard    no answer from host (the registry of enhanced codes, RFC 5248)");
    for said in ["unknown-recipient: Exchange Online", "relay-denied: Exchange Online (550 5.4.1 Relay", "policy: Zoho"]
    {
        assert!(lines[2..].iter().any(|line| line.contains(said)), "{said}: {out}");
    }
}

#[test]
fn ten_thousand_replies_are_explained_at_once() {
    use std::io::Write;
    let mut child = Command::new(env!("CARGO_BIN_EXE_nsdiag"))
        .args(["explain", "-", "--format", "json"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let input = "550 5.1.1 <a@contoso.com> some words that no row of the catalogue knows, and that go on for a while\n";
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(input.repeat(10_000).as_bytes()).unwrap());
    let began = Instant::now();
    let (code, out, _) = told(&child.wait_with_output().unwrap());
    writer.join().unwrap();
    assert_eq!((code, out.lines().count()), (0, 10_000));
    // Without optimisation it takes some twenty times as long.
    let limit = if cfg!(debug_assertions) { 30 } else { 1 };
    assert!(began.elapsed().as_secs() < limit, "{:?}", began.elapsed());
}

#[test]
fn replies_from_standard_input_are_explained_line_by_line() {
    use std::io::Write;
    let mut child = Command::new(env!("CARGO_BIN_EXE_nsdiag"))
        .args(["explain", "-", "--format", "json"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = b"550 5.1.1 <\xfc@b.c>... User unknown\n\nno reply\n".to_vec();
    input
        .extend(b"550 ".iter().chain(&[b'x'; 70_000]).chain(b"\n451 Internal resources are temporarily unavailable\n"));
    input.extend(b"smtp;550 5.1.1 Utilisateur inconnu\n5.4.1");
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&input).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let (code, out, errors) = told(&output);
    let objects: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = |object: &serde_json::Value| {
        let [meaning, error] = ["meaning", "error"].map(|key| object[key].as_str().map(String::from));
        meaning.or(error).unwrap()
    };
    let lines: Vec<String> = objects.iter().map(told).collect();
    assert_eq!((code, errors.as_str()), (64, ""));
    assert!(objects.iter().all(|object| object["reply"].is_string()), "{objects:?}");
    assert_eq!(lines[..2], ["unknown-recipient", "there is no reply in an empty line"]);
    assert!(lines[2].starts_with("a reply begins with its three-digit code"), "{}", lines[2]);
    assert_eq!(lines[3], "it has more than 65536 bytes, and no reply has");
    assert_eq!(lines[4..], ["greylisted", "unknown-recipient", "ambiguous"]);
    assert_eq!(objects[4]["product"], "Mimecast");
    assert!(objects[6]["known"].as_array().unwrap().iter().any(|one| one["product"] == "Zoho"), "{}", objects[6]);
}

#[test]
fn the_plan_touches_nothing_and_tells_no_password() {
    let folder = folder();
    std::fs::write(folder.path().join("password"), "geheim-7391\n").unwrap();
    let resolver = UdpSocket::bind("127.0.0.1:0").unwrap();
    resolver.set_nonblocking(true).unwrap();
    let address = resolver.local_addr().unwrap().to_string();
    let args = [
        "check",
        "contoso.com",
        "--plan",
        "-v",
        "--resolver",
        &address,
        "--ldap",
        "ldaps://dc1.corp.contoso.com",
        "--ldap-user",
        "nsdiag@corp.contoso.com",
        "--ldap-password-file",
        "password",
        "--other",
        "10.0.0.44",
    ];
    let (code, out, errors) = told(&nsdiag(folder.path(), &args));
    assert_eq!(code, 0, "{errors}");
    for expected in ["ldaps://dc1.corp.contoso.com, as nsdiag@corp.contoso.com", "10.0.0.44", "never DATA", &address] {
        assert!(out.contains(expected), "{expected}: {out}");
    }
    assert!(!(out + &errors).contains("geheim"));
    assert_eq!(resolver.recv(&mut [0; 16]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn a_silent_resolver_ends_in_unknown_inside_the_deadline() {
    let folder = folder();
    std::fs::write(folder.path().join("password"), "geheim-7391\n").unwrap();
    // It takes the questions, and answers none.
    let resolver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = resolver.local_addr().unwrap().to_string();
    let began = Instant::now();
    let args = [
        "check",
        "contoso.com",
        "--resolver",
        &address,
        "--timeout",
        "1",
        "--deadline",
        "5",
        "--recipient",
        "a@contoso.com",
        "--ldap",
        "ldaps://dc1.corp.contoso.com",
        "--ldap-user",
        "u",
        "--ldap-password-file",
        "password",
        "-o",
        "report.json",
    ];
    let (code, out, errors) = told(&nsdiag(folder.path(), &args));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    // That no directory server can be found is critical; either way it is not ok.
    assert!(code == 2 || code == 3, "{code}\n{out}");
    assert!(out.contains("no answer within 1 s") && out.contains("--resolver IP"), "{out}");
    let json = std::fs::read_to_string(folder.path().join("report.json")).unwrap();
    assert!(!format!("{out}{errors}{json}").contains("geheim"));
}

#[test]
fn a_list_that_was_named_and_cannot_be_used_leaves_the_question_open_and_is_told() {
    let folder = folder();
    let cases = [
        ("", "list: it holds no address"),
        ("Dear all,\n", "list:1: 'Dear all' has no @"),
        // One that can be used, be it of another domain, beside one of this.
        ("x@fabrikam.com\n", ""),
        ("a@contoso.com\n", ""),
    ];
    for (text, said) in cases {
        std::fs::write(folder.path().join("list"), text).unwrap();
        std::fs::write(folder.path().join("good"), "b@contoso.com\n").unwrap();
        let args = ["check", "contoso.com", "-c", "/dev/null", "--recipients", "list", "--recipients", "good"];
        let narrow = ["--resolver", "127.0.0.1:9", "--timeout", "1", "--deadline", "2", "--only", "NSD404"];
        let (code, out, errors) = told(&nsdiag(folder.path(), &[&args[..], &narrow].concat()));
        let open = !said.is_empty();
        assert_eq!(
            (code, errors.contains(&format!("nsdiag: {said}\n"))),
            (if open { 3 } else { 0 }, open),
            "{text}: {errors}"
        );
        assert_eq!(out.contains("Could not be determined"), open, "{text}: {out}");
    }
}

#[test]
fn the_plan_and_a_run_say_what_was_read_of_each_list_and_what_was_not() {
    let folder = folder();
    let list = "Name;E-Mail;Forward\nAnn;ann@contoso.com;\nBen;N/A;ben@fabrikam.com\n";
    std::fs::write(folder.path().join("list"), list).unwrap();
    std::fs::write(folder.path().join("names"), "ann\nben\n").unwrap();
    let said = [
        "CSV with semicolons: 1 address in contoso.com from 'E-Mail', in 2 rows",
        "1 of 2 rows left out: line 3: 'N/A' has no @",
        "not taken: addresses in 'Forward' (1)",
    ];
    let lists = ["--recipients", "list", "--recipients", "names"];
    let args = [&["check", "contoso.com", "-c", "/dev/null"], &lists[..]].concat();
    let (code, out, _) = told(&nsdiag(folder.path(), &[&args[..], &["--plan"]].concat()));
    let block = format!("list        list (mailboxes of other)\n            {}\n", said.join("\n            "));
    assert!(code == 0 && out.contains(&block), "{out}");
    let unread = "it holds names without a domain; --list-domain says which is theirs";
    assert!(out.contains(&format!("            it cannot be read: names: {unread}\n")), "{out}");
    let (_, out, _) = told(&nsdiag(folder.path(), &[&args[..], &["--plan", "--list-domain", "Contoso.com"]].concat()));
    assert!(out.contains("            text, an address a line: 2 addresses in contoso.com, in 2 rows\n"), "{out}");
    let narrow = ["--resolver", "127.0.0.1:9", "--timeout", "1", "--deadline", "2", "--only", "NSD401"];
    let (code, out, errors) = told(&nsdiag(folder.path(), &[&args[..4], &lists[..2], &narrow].concat()));
    for said in said {
        assert!(errors.contains(&format!("nsdiag: list: {said}\n")), "{errors}");
    }
    assert!(code == 3 && out.contains("who else is in the list list of other"), "{out}");
    let wrong = told(&nsdiag(folder.path(), &[&args[..], &["--plan", "--list-domain", "no domain"]].concat()));
    assert_eq!((wrong.0, &*wrong.2), (64, "nsdiag: --list-domain: 'no domain' is no domain, such as contoso.com\n"));
}

#[test]
fn with_neither_directory_nor_list_the_question_stays_open() {
    let folder = folder();
    let resolver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = resolver.local_addr().unwrap().to_string();
    let args = ["check", "contoso.com", "--resolver", &address, "--timeout", "1", "--deadline", "4"];
    let (code, out, _) = told(&nsdiag(folder.path(), &args));
    assert_eq!(code, 3, "{out}");
    assert!(out.starts_with("UNKNOWN  contoso.com: ") && out.contains("--recipients FILE"), "{out}");
}

#[test]
fn quiet_is_one_line_and_a_table_is_as_wide_as_it_may_be() {
    let folder = folder();
    let args = ["demo", "-q", "-v", "-o", "report.json", "-o", "report.txt"];
    let line = "CRITICAL  contoso.com: 2 of 5 recipients cannot get mail\n";
    assert_eq!(told(&nsdiag(folder.path(), &args)), (2, line.into(), String::new()));
    // A file is whole.
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let table = read("report.txt");
    assert!(table.starts_with(line) && table.contains("\nThe dialogues: ") && table.contains('─'), "{table}");
    assert_eq!(told(&nsdiag(folder.path(), &["show", "report.json", "-q"])), (2, line.into(), String::new()));
    let args = ["show", "report.json", "-q", "--format", "json"];
    assert_eq!(told(&nsdiag(folder.path(), &args)), (2, read("report.json"), String::new()));

    for (columns, locale, width, is_ascii) in [("60", "C", 60, true), ("9", "C.UTF-8", 60, false), ("", "", 80, true)] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nsdiag"));
        command.current_dir(folder.path()).args(["show", "report.json"]);
        command.envs([("COLUMNS", columns), ("LC_ALL", locale), ("LC_CTYPE", ""), ("LANG", "")]);
        let (_, out, _) = told(&command.output().unwrap());
        let widest = out.lines().filter(|line| !line.starts_with("          ")).map(|line| line.chars().count()).max();
        assert_eq!((widest, out.is_ascii()), (Some(width), is_ascii), "{out}");
    }
}

#[test]
fn a_saved_report_is_shown_as_it_was_and_its_remedies_are_written_as_scripts() {
    let folder = folder();
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let args = ["demo", "-o", "report.json", "-o", "mend.ps1"];
    let (code, table, errors) = told(&nsdiag(folder.path(), &args));
    assert_eq!((code, &*errors), (2, ""));
    let cases: [(&[&str], String); 3] = [
        (&["show", "report.json"], table),
        (&["show", "report.json", "--format", "json"], read("report.json")),
        (&["show", "report.json", "--remedies", "powershell"], read("mend.ps1")),
    ];
    for (args, expected) in cases {
        assert_eq!(told(&nsdiag(folder.path(), args)), (2, expected, String::new()), "{args:?}");
    }
    let (code, out, errors) =
        told(&nsdiag(folder.path(), &["show", "report.json", "--remedies", "powershell", "-o", "later.ps1"]));
    assert_eq!((code, &*out, &*errors), (2, "", ""));
    for (name, later) in [("mend.ps1", "later.ps1"), ("mend.undo.ps1", "later.undo.ps1")] {
        let script = read(name);
        assert_eq!(script, read(later), "{name}");
        // Without the mark, Windows PowerShell would read it in another encoding.
        assert!(script.starts_with("\u{feff}# ") && !script.replace("\r\n", "").contains(['\r', '\n']), "{name}");
        assert_eq!(script.matches("    Invoke-Step ").count(), 2, "{script}");
    }
    // Another ending would have the one without the other.
    for other in ["later.txt", "later.json"] {
        let args = ["show", "report.json", "--remedies", "powershell", "-o", other];
        let (code, out, errors) = told(&nsdiag(folder.path(), &args));
        assert_eq!((code, &*out, folder.path().join(other).exists()), (64, "", false), "{errors}");
        assert!(errors.contains(other) && errors.contains("the ending is .ps1"), "{errors}");
    }
    let (code, ..) = told(&nsdiag(folder.path(), &["show", "report.json", "-o", "later.txt"]));
    assert_eq!((code, folder.path().join("later.txt").exists()), (2, true));
    assert!(read("mend.undo.ps1").contains("{ Remove-MailContact -Identity 'orders@contoso.com' -Confirm:$false "));
}

#[test]
fn what_a_saved_report_says_that_one_should_run_is_not_believed() {
    let folder = folder();
    nsdiag(folder.path(), &["demo", "-o", "report.json"]);
    let path = folder.path().join("report.json");
    let report = std::fs::read_to_string(&path).unwrap();
    let told_otherwise = report.replace("New-MailContact -Name 'orders", "Remove-Mailbox -Identity 'orders");
    assert_ne!(report, told_otherwise);
    std::fs::write(&path, told_otherwise).unwrap();
    let (code, out, _) = told(&nsdiag(folder.path(), &["show", "report.json", "--remedies", "powershell"]));
    assert_eq!((code, out.contains("Remove-Mailbox"), out.matches("{ New-MailContact ").count()), (2, false, 2));
    // A finding that the evidence does not yield is nobody's remedy either.
    std::fs::write(&path, report.replace("\"NSD401\"", "\"NSD302\"")).unwrap();
    let (_, out, _) = told(&nsdiag(folder.path(), &["show", "report.json", "--remedies", "powershell"]));
    assert!(out.contains("# Nothing is left for this script to do.") && !out.contains("    Invoke-Step "), "{out}");
}

#[test]
fn what_is_no_report_of_this_kind_is_told() {
    let folder = folder();
    nsdiag(folder.path(), &["demo", "-o", "report.json", "-q"]);
    let report = std::fs::read_to_string(folder.path().join("report.json")).unwrap();
    let cases = [
        ("", "this is no report: "),
        ("{}", "this is no report: "),
        (&*report.replace("\"1.0\"", "\"2.0\""), "a report of format 2.0, and this reads 1"),
        (&*report.replace("nsdiag/report", "nsdiag/diff"), "a document of kind 'nsdiag/diff', and no report"),
    ];
    for (text, expected) in cases {
        std::fs::write(folder.path().join("other.json"), text).unwrap();
        let (code, out, errors) = told(&nsdiag(folder.path(), &["show", "other.json"]));
        assert_eq!((code, &*out), (64, ""), "{expected}");
        assert!(errors.starts_with(&format!("nsdiag: other.json: {expected}")), "{errors}");
    }
    let (code, _, errors) = told(&nsdiag(folder.path(), &["show", "no/such"]));
    assert_eq!((code, &*errors), (64, "nsdiag: no/such: No such file or directory (os error 2)\n"));
}

#[test]
fn what_a_saved_report_says_without_evidence_is_no_command_to_paste() {
    let folder = folder();
    nsdiag(folder.path(), &["demo", "-q", "-o", "report.json"]);
    let path = folder.path().join("report.json");
    let mut report: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let findings = report["findings"].as_array_mut().unwrap();
    let told = findings.iter_mut().find(|finding| finding["code"] == "NSD401").unwrap();
    told["remedies"][0]["commands"][0] = "Remove-Mailbox 'anna@contoso.com'".into();
    told["remedies"][0]["undo"][0] = "Remove-Mailbox 'ben@contoso.com'".into();
    std::fs::write(&path, report.to_string()).unwrap();
    let (_, out, _) =
        self::told(&nsdiag(folder.path(), &["show", "report.json", "-o", "again.json", "-o", "shown.txt"]));
    assert!(out.contains("\n         - Remove-Mailbox 'anna@contoso.com'\n"), "{out}");
    assert!(out.contains("\n         - Remove-Mailbox 'ben@contoso.com'\n") && out.contains("read it well"), "{out}");
    assert!(!out.contains("          Remove-Mailbox"), "{out}");
    // What only shows something is this version's own.
    assert!(out.contains("\n          postconf relay_recipient_maps\n"), "{out}");
    assert_eq!(std::fs::read_to_string(folder.path().join("shown.txt")).unwrap(), out);
    let again: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(folder.path().join("again.json")).unwrap()).unwrap();
    assert_eq!(again, report, "a file keeps what was saved");
}

#[test]
fn a_script_does_by_itself_what_is_proven_whole_and_for_one_organisation() {
    const FILLED_IN: &str =
        "not done by this script, because something has to be filled in between < and >\r\n    #   ";
    let cases = [
        ("mailbox-has-target", 1, "'NSD409, Let the mail stay in the mailbox' '' { Set-ADObject "),
        ("mailbox-being-moved", 1, "'it is not proven that this is wrong' { Set-ADObject "),
        ("two-forests-loop", 1, "'it is for labs alone; Make labs the end of the line, once it has mail contacts"),
        ("contact-targets-shared-domain", 0, FILLED_IN),
        ("wants-authentication", 0, "because it is another way than the first: Or have the connector"),
        ("authoritative-misses-one", 1, " '' { New-SendConnector -Name 'To the other system of contoso.com' "),
        (
            "connector-wrong-space",
            1,
            " '' { Set-SendConnector -Identity 'To Zimbra' -AddressSpaces 'zimbra.contoso.com','contoso",
        ),
        ("catch-all-mailbox", 0, "because it is done by hand (exchange): Take it off"),
        ("no-rights", 0, "because it is done elsewhere (directory): Grant the account read access"),
    ];
    let folder = folder();
    for (scenario, steps, expected) in cases {
        nsdiag(folder.path(), &["demo", scenario, "-q", "-o", "mend.ps1"]);
        let script = std::fs::read_to_string(folder.path().join("mend.ps1")).unwrap();
        assert!(script.contains(expected), "{scenario}: {expected}\n{script}");
        assert_eq!(script.matches("    Invoke-Step ").count(), steps, "{scenario}: {script}");
    }
}

#[test]
fn cron_hears_of_changes_alone() {
    let folder = folder();
    let resolver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = resolver.local_addr().unwrap().to_string();
    let run = |only: &str| {
        let args = [
            "check",
            "contoso.com",
            "--resolver",
            &address,
            "--timeout",
            "1",
            "--deadline",
            "4",
            "--quiet-if-unchanged",
            "state",
            "--only",
            only,
        ];
        told(&nsdiag(folder.path(), &args))
    };
    let first = run("dns");
    assert!(first.0 == 3 && first.1.starts_with("UNKNOWN"), "{first:?}");
    assert_eq!(run("dns"), (3, String::new(), String::new()));
    // Nothing of Exchange is asked for here: skipped checks leave it at ok, which is news.
    let changed = run("NSD206");
    assert!(changed.0 == 0 && changed.1.starts_with("OK"), "{changed:?}");
    std::fs::write(folder.path().join("state"), "{").unwrap();
    let (code, out, errors) = run("NSD206");
    assert!(code == 0 && out.starts_with("OK") && errors.contains("taken as a first run"), "{errors}");
}

#[test]
fn colour_is_for_terminals_that_know_it_and_users_who_want_it() {
    let folder = folder();
    let (code, ..) = told(&nsdiag(folder.path(), &["demo", "-q", "-o", "report.json"]));
    assert_eq!(code, 2);
    // script(1) gives it a terminal.
    let shown = |terminal: bool, variables: &[(&str, &str)], more: &str| {
        let command = format!("{} show report.json {more}", env!("CARGO_BIN_EXE_nsdiag"));
        let mut shown = Command::new(if terminal { "script" } else { "sh" });
        shown.args(if terminal { vec!["-qec", &command, "/dev/null"] } else { vec!["-c", &command] });
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI"] {
            shown.env_remove(name);
        }
        let shown = shown.current_dir(folder.path()).env("TERM", "xterm").envs(variables.iter().copied());
        let text = String::from_utf8(shown.output().unwrap().stdout).unwrap();
        assert!(text.contains("CRITICAL"), "{text}");
        text.contains('\x1b')
    };
    type Case = (bool, &'static [(&'static str, &'static str)], &'static str, bool);
    let cases: [Case; 10] = [
        (true, &[], "", true),
        (true, &[("NO_COLOR", "1")], "", false),
        (true, &[("NO_COLOR", "")], "", true),
        (true, &[("TERM", "dumb")], "", false),
        (true, &[("CLICOLOR", "0")], "", false),
        (true, &[], "--color never", false),
        (true, &[("NO_COLOR", "1")], "--color always", true),
        (false, &[], "", false),
        (false, &[("CI", "1")], "", false),
        (false, &[("CLICOLOR_FORCE", "1")], "", true),
    ];
    for (terminal, variables, more, expected) in cases {
        assert_eq!(shown(terminal, variables, more), expected, "{terminal} {variables:?} {more}");
    }
}

#[test]
fn a_monitoring_plugin_says_one_of_four_states_whatever_happens() {
    let folder = folder();
    std::fs::write(folder.path().join("bad.toml"), "domain = 'contoso.com'\n[prob|]\n").unwrap();
    std::fs::write(folder.path().join("report.json"), "{}").unwrap();
    let cases: [(&[&str], &str); 8] = [
        (&["check", "--frobnicate"], "unexpected argument '--frobnicate' found"),
        (&["check", "contoso.com", "-w", "many"], "invalid value 'many' for '--warning ‹RANGE›': 'many' is no range: "),
        (&["check", "contoso.com", "--critical", "3:1"], "invalid value '3:1' for '--critical ‹RANGE›'"),
        (&["check", "-c", "bad.toml"], "bad.toml:2:6: "),
        (&["check", "-c", "/no/such"], "/no/such: No such file or directory (os error 2)"),
        (&["show", "report.json"], "report.json: this is no report: missing field"),
        (&["demo", "-o", "no/such/report.md"], "--output: no/such/report.md: No such file or directory"),
        (&["demo", "broken-gatway"], "no scenario 'broken-gatway'"),
    ];
    for (args, expected) in cases {
        let (code, out, errors) = told(&nsdiag(folder.path(), &[args, &["--format", "nagios"]].concat()));
        assert!(code == 3 && out.lines().count() == 1 && !errors.is_empty(), "{args:?}: {code} {out} {errors}");
        assert!(out.starts_with(&format!("NSDIAG UNKNOWN - {expected}")) && !out.contains('|'), "{args:?}: {out}");
        let (code, out, _) = told(&nsdiag(folder.path(), args));
        assert_eq!((code, &*out), (64, ""), "{args:?}");
    }
}

#[test]
fn thresholds_weigh_how_many_are_refused_and_files_are_what_they_were() {
    let folder = folder();
    let play = |args: &[&str]| {
        let (code, out, errors) = told(&nsdiag(folder.path(), &[&["demo", "--format", "nagios"], args].concat()));
        assert_eq!(errors, "");
        (code, out.split(" | ").next().unwrap().to_string(), out)
    };
    let said =
        |state: &str, more: &str| format!("NSDIAG {state} - contoso.com: 2 of 5 recipients cannot get mail{more}");
    let (code, line, out) =
        play(&["-o", "report.json", "-o", "r.md", "-o", "r.xml", "-o", "r.prom", "-o", "r.csv", "-o", "r.ndjson"]);
    assert_eq!((code, line), (2, said("CRITICAL", "")));
    assert!(
        out.contains(" | refused=2;;;0;5 probed=5;;;0;5 ") && out.contains("\n\\_[CRITICAL] NSD401 critical (proven) "),
        "{out}"
    );
    let begins = [
        ("r.md", "## CRITICAL: `contoso.com`: 2 of 5 recipients cannot get mail\n"),
        ("r.xml", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>"),
        ("r.prom", "# HELP nsdiag_build_info "),
        ("r.csv", "address,diagnosis,"),
        ("r.ndjson", "{\"address\":\""),
    ];
    for (name, begin) in begins {
        let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(text.starts_with(begin), "{text}");
    }
    let (code, line, _) = play(&["-w", "5", "--critical", "10", "-o", "lowered.json"]);
    assert_eq!((code, line), (0, said("OK", " (within --warning 5 and --critical 10)")));
    let saved = std::fs::read_to_string(folder.path().join("lowered.json")).unwrap();
    assert!(saved.contains("\"exit_code\": 2"));
    let (code, line, _) = play(&["--warning=1", "--critical", "10", "-q"]);
    assert_eq!((code, line), (1, said("WARNING", " (within --critical 10)")));
    let shown = ["show", "report.json", "--format", "nagios", "-w", "1"];
    assert_eq!(told(&nsdiag(folder.path(), &shown)).0, 2);
    let (code, out, errors) = told(&nsdiag(folder.path(), &["show", "report.json", "-w", "1"]));
    assert_eq!((code, &*out, &*errors), (64, "", "nsdiag: --warning and --critical are for --format nagios\n"));
    let silent = ["check", "-c", "/dev/null", "contoso.com", "--format", "nagios", "--quiet-if-unchanged", "state"];
    let (code, out, _) = told(&nsdiag(folder.path(), &silent));
    assert!(code == 3 && out.starts_with("NSDIAG UNKNOWN - --quiet-if-unchanged is not for --format nagios"), "{out}");
}
