//! Servers that echo the password with which nsdiag binds: it stands in nothing that is written.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
use base64::Engine as _;
use nsdiag_checks::report::Report;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;

/// A directory server in the clear that refuses every bind with `text`.
fn directory(text: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let text = text.clone();
            std::thread::spawn(move || {
                let mut chunk = [0; 4096];
                while let Ok(7..) = stream.read(&mut chunk) {
                    let (tag, code, text) = if chunk[5] == 0x77 { (0x78, 2, &[][..]) } else { (0x61, 49, &text[..]) };
                    let length = u8::try_from(text.len()).unwrap();
                    assert!(length < 110, "lengths of one byte");
                    let head = [0x30, 12 + length, 2, 1, chunk[4], tag, 7 + length, 10, 1, code, 4, 0, 4, length];
                    if stream.write_all(&[&head, text].concat()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

/// A mail host that refuses every recipient with `text`.
fn host(text: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let text = text.clone();
            std::thread::spawn(move || {
                let mut out = stream.try_clone().unwrap();
                let _ = write!(out, "220 mx {text}\r\n");
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let reply = match line.get(..4).unwrap_or_default() {
                        "RCPT" => format!("550 5.1.1 {text}"),
                        "QUIT" => "221 bye".into(),
                        _ => "250 ok".into(),
                    };
                    let _ = write!(out, "{reply}\r\n");
                }
            });
        }
    });
    address
}

/// Everything that a run writes, with the directory's and the host's words.
fn written(password: &str, directory_says: &[u8], host_says: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), format!("{password}\n")).unwrap();
    let ldap = format!("ldap://{}", directory(directory_says.to_vec()));
    let gateway = host(host_says.into()).to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_nsdiag"))
        .args([
            "check",
            "contoso.com",
            "-c",
            "/dev/null",
            "-v",
            "-o",
            "report.json",
            "-o",
            "report.txt",
            "--deadline",
            "5",
        ])
        .args(["--ldap", &ldap, "--ldap-user", "svc", "--ldap-password-file", "password", "--ldap-plaintext"])
        .args(["--gateway", &gateway, "--recipient", "a@contoso.com", "--resolver", "127.0.0.1:9"])
        .args(["--quiet-if-unchanged", "state.json"])
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .output()
        .unwrap();
    let mut all = [output.stdout, output.stderr].concat();
    for name in ["report.json", "report.txt", "state.json"] {
        let text = std::fs::read(folder.path().join(name)).unwrap();
        if name == "report.json" {
            let report: Report = serde_json::from_slice(&text).unwrap();
            // It is judged as before.
            let judge = &nsdiag::app::run_check;
            let (again, _) = nsdiag_checks::report::report("0", report.run.clone(), report.evidence.clone(), judge);
            let codes = |report: &Report| report.findings.iter().map(|one| one.code.to_string()).collect::<Vec<_>>();
            assert_eq!((codes(&again), again.verdict), (codes(&report), report.verdict));
            assert!(report.findings.iter().any(|finding| finding.code == "NSD333"), "{report:?}");
        }
        all.extend(text);
    }
    String::from_utf8(all).unwrap()
}

#[test]
fn an_echoed_password_is_written_nowhere() {
    let password = "ge\"heim\\7391-ü";
    let base64 = |text: String| base64::engine::general_purpose::STANDARD.encode(text);
    let hex: String = password.bytes().map(|byte| format!("{byte:02X}")).collect();
    let plain = base64(format!("\0svc\0{password}"));
    let forms = [
        password.to_string(),
        password.replace('\\', "\\\\").replace('"', "\\\""),
        plain,
        base64(format!("ab{password}c")),
        hex,
    ];
    for form in &forms {
        let all = written(password, format!("no such login: {form}").as_bytes(), &format!("who is {form}?"));
        let escaped = serde_json::to_string(form).unwrap();
        assert!(all.contains("***"), "{form}: {all}");
        assert!(!all.contains(form) && !all.contains(&escaped[1..escaped.len() - 1]), "{form}: {all}");
        assert!(!all.contains("7391"), "{form}: {all}");
    }
    // In Latin-1, as a server of its own language writes.
    let latin: Vec<u8> = password.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let all = written(password, &latin, "nobody");
    assert!(all.contains("it says: ***") && !all.contains("7391"), "{all}");
}

#[test]
fn a_password_that_is_a_word_of_the_report_leaves_it_whole() {
    for password in ["critical", "gateway", "nsdiag/report", "contoso.com", "25", "a"] {
        let all = written(password, format!("wrong password {password} given").as_bytes(), &format!("no: {password}"));
        assert!(all.contains("wrong password *** given"), "{password}: {all}");
        assert!(all.contains("CRITICAL  contoso.com: ") && all.contains("\"a@contoso.com\""), "{password}: {all}");
    }
}

#[test]
fn what_no_server_echoes_is_written_as_it_was_said() {
    let all = written("geheim-7391", b"geheim-7392", "geheim 7391");
    // What marks the end of a dialogue is explained.
    let all = all.replace("*** how it broke off", "");
    assert!(!all.contains("***") && all.contains("it says: geheim-7392") && all.contains("geheim 7391"), "{all}");
}
