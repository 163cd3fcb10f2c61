//! `checks/` cannot do I/O: not by its dependencies, and not by its own code.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
use std::path::Path;
use std::process::Command;

#[test]
fn the_checks_depend_on_pure_crates_alone() {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--offline",
            "-p",
            "nsdiag-checks",
            "-e",
            "normal",
            "--prefix",
            "none",
            "-f",
            "{lib}",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut crates: Vec<&str> =
        text.lines().map(|line| line.trim_end_matches(" (*)")).filter(|line| !line.is_empty()).collect();
    crates.sort_unstable();
    crates.dedup();
    let known = [
        "dyn_clone",
        "itoa",
        "memchr",
        "nsdiag_checks",
        "ref_cast",
        "ref_cast_impl",
        "schemars",
        "schemars_derive",
        "serde",
        "serde_core",
        "serde_derive",
        "serde_derive_internals",
        "serde_json",
        "zmij",
        "proc_macro2",
        "quote",
        "syn",
        "unicode_ident",
    ];
    let unknown: Vec<_> = crates.iter().filter(|name| !known.contains(name)).collect();
    assert!(unknown.is_empty() && crates.contains(&"nsdiag_checks"), "{unknown:?} of {crates:?}");
}

#[test]
fn a_check_that_opens_a_socket_does_not_compile() {
    let folder = tempfile::tempdir().unwrap();
    let checks = Path::new(env!("CARGO_MANIFEST_DIR")).join("checks");
    let copy = folder.path().join("checks");
    copy_folder(&checks, &copy);
    let root = std::fs::read_to_string(checks.join("../Cargo.toml")).unwrap();
    let tables: String =
        root.split("\n[").filter(|table| table.starts_with("workspace")).map(|table| format!("[{table}\n")).collect();
    let tables = tables.replace(r#"members = [".", "checks", "fixtures/lab"]"#, r#"members = ["checks"]"#);
    std::fs::write(folder.path().join("Cargo.toml"), tables).unwrap();
    std::fs::copy(checks.join("../Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
    let check = |name: &str| {
        let output = Command::new(env!("CARGO"))
            .args(["check", "--offline", "-p", "nsdiag-checks"])
            .current_dir(folder.path())
            .env("CARGO_TARGET_DIR", folder.path().join("target"))
            .output()
            .unwrap();
        (output.status.success(), format!("{name}: {}", String::from_utf8_lossy(&output.stderr)))
    };
    let (compiles, errors) = check("as it is");
    assert!(compiles, "{errors}");
    let file = copy.join("dns/mx_missing.rs");
    let text = std::fs::read_to_string(&file).unwrap();
    let opens =
        "fn judge(case: &Case, notes: &mut Notes) {\n    let _ = std::net::TcpStream::connect(\"192.0.2.1:25\");";
    let opened = text.replacen("fn judge(case: &Case, notes: &mut Notes) {", opens, 1);
    assert_ne!(opened, text);
    std::fs::write(&file, opened).unwrap();
    let (compiles, errors) = check("with a socket");
    assert!(!compiles && errors.contains("cannot find module or crate `std`"), "{errors}");
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => copy_folder(&entry.path(), &to.join(entry.file_name())),
            false => drop(std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
        }
    }
}

/// What probes is a stranger to what mails: none of it knows the module, and the command that begins a mail is in one file.
#[test]
fn nothing_that_probes_can_send_mail() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut knows = Vec::new();
    let mut says = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        let name = file.strip_prefix(&src).unwrap().display().to_string();
        if text.contains("mailing") {
            knows.push(name.clone());
        }
        // As a command, alone in a text or at its beginning.
        if text.contains("\"DATA") {
            says.push(name);
        }
    }
    knows.sort_unstable();
    assert_eq!(knows, ["commands/check.rs", "config/mail.rs", "lib.rs"]);
    assert_eq!(says, ["mailing/client.rs"]);
}

fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sources(&path, found),
            false => found.push(path),
        }
    }
}
