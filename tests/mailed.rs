//! A report goes out by mail: when, to whom, and what becomes of the run where it does not.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

/// A smart host in the clear: what it says to RCPT for ben, and every mail that it took.
struct SmartHost {
    port: u16,
    to_ben: Arc<Mutex<&'static str>>,
    mails: Arc<Mutex<Vec<String>>>,
}

impl SmartHost {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (to_ben, mails) = (Arc::new(Mutex::new("250 ok")), Arc::new(Mutex::new(Vec::new())));
        let host = Self { port, to_ben: to_ben.clone(), mails: mails.clone() };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let mut say = stream.try_clone().unwrap();
                let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
                let mut answer = |text: &str| drop(write!(say, "{text}\r\n"));
                answer("220 hi");
                while let Some(line) = lines.next() {
                    match line.as_str() {
                        "DATA" => {
                            answer("354 go");
                            let mail: Vec<String> = lines.by_ref().take_while(|line| line != ".").collect();
                            mails.lock().unwrap().push(mail.join("\n"));
                            answer("250 queued");
                        }
                        "RCPT TO:<ben@contoso.com>" => answer(*to_ben.lock().unwrap()),
                        _ => answer("250 ok"),
                    }
                }
            }
        });
        host
    }

    /// The mails since it was asked last.
    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.mails.lock().unwrap())
    }
}

/// Runs nsdiag in `folder`, with a DNS server that is silent.
fn check(folder: &Path, smart_host: u16, more: &str) -> (i32, String, String) {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let config = format!(
        "domain = 'contoso.com'\n[dns]\nresolvers = ['{}']\n[probe]\nehlo = 'adm01.contoso.com'\n[mail]\nsmart_host = \
         'localhost:{smart_host}'\nfrom = 'nsdiag@contoso.com'\ntls = 'none'\n",
        silent.local_addr().unwrap()
    );
    std::fs::write(folder.join("nsdiag.toml"), config).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_nsdiag"))
        .args(["check", "--timeout", "1", "--deadline", "3", "--mail-to", "anna@contoso.com"])
        .args(more.split_whitespace())
        .current_dir(folder)
        .env("HOME", folder)
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("CREDENTIALS_DIRECTORY")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A field of a mail's head.
fn field<'a>(mail: &'a str, name: &str) -> Option<&'a str> {
    let (head, _) = mail.split_once("\n\n").unwrap();
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[test]
fn every_run_is_mailed_unless_only_changes_are_wanted() {
    let (host, folder) = (SmartHost::start(), tempfile::tempdir().unwrap());
    for _ in 0..2 {
        let (code, out, _) = check(folder.path(), host.port, "--only dns");
        assert!(code == 3 && out.starts_with("UNKNOWN  contoso.com: "), "{code} {out}");
        let [mail] = &host.taken()[..] else { panic!("one mail") };
        let subject = "nsdiag: UNKNOWN contoso.com: something that was asked could not be determined";
        assert_eq!(mail.replace("\n ", " ").lines().find_map(|line| line.strip_prefix("Subject: ")), Some(subject));
        assert_eq!((field(mail, "To"), field(mail, "In-Reply-To")), (Some("anna@contoso.com"), None));
    }
    let run = |only: &str, more: &str| {
        let told = check(folder.path(), host.port, &format!("--only {only} --quiet-if-unchanged state {more}"));
        (told, host.taken())
    };
    let (first, mails) = run("dns", "");
    let [news] = &mails[..] else { panic!("one mail: {first:?}") };
    assert!(first.0 == 3 && first.1.starts_with("UNKNOWN"), "{first:?}");
    assert_eq!(run("dns", ""), ((3, String::new(), String::new()), vec![]));
    // What is wanted after every run is quiet on the terminal all the same.
    let (again, mails) = run("dns", "--mail always");
    let [same] = &mails[..] else { panic!("one mail") };
    assert_eq!(again, (3, String::new(), String::new()));
    assert_eq!(
        (field(same, "In-Reply-To"), field(same, "References")),
        (field(news, "Message-ID"), field(news, "Message-ID"))
    );
    // The recovery ends the thread; the next trouble begins one.
    let (well, mails) = run("NSD206", "");
    let [recovered] = &mails[..] else { panic!("one mail: {well:?}") };
    assert_eq!((well.0, field(recovered, "In-Reply-To")), (0, field(news, "Message-ID")));
    let (_, mails) = run("dns", "");
    assert_eq!(field(&mails[0], "In-Reply-To"), None);
}

#[test]
fn a_change_that_reached_nobody_is_mailed_again() {
    let (host, folder) = (SmartHost::start(), tempfile::tempdir().unwrap());
    let run = |port| check(folder.path(), port, "--only NSD206 --quiet-if-unchanged state --mail-to ben@contoso.com");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (code, out, errors) = run(closed);
    let expected = format!(
        "nsdiag: the mail to anna@contoso.com, ben@contoso.com was not sent: no connection with localhost (127.0.0.1:{closed}: \
         connection refused, [::1]:{closed}: "
    );
    assert!(code == 0 && out.starts_with("OK ") && errors.contains(&expected), "{code} {errors}");
    // Who was put off is asked for again, and the others have it twice: better than never.
    *host.to_ben.lock().unwrap() = "452 4.2.2 full";
    for _ in 0..2 {
        let (code, out, errors) = run(host.port);
        let expected = "nsdiag: the mail to ben@contoso.com was not sent: localhost says 452 4.2.2 full\n";
        assert!(code == 0 && out.starts_with("OK ") && errors.ends_with(expected), "{code} {errors}");
        assert_eq!(host.taken().len(), 1);
    }
    // Who is refused for good is told of once.
    *host.to_ben.lock().unwrap() = "550 5.1.1 nobody";
    let (code, _, errors) = run(host.port);
    let expected = "nsdiag: the mail to ben@contoso.com was refused by localhost: 550 5.1.1 nobody\n";
    assert!(code == 0 && errors.ends_with(expected), "{code} {errors}");
    assert_eq!((run(host.port), host.taken().len()), ((0, String::new(), String::new()), 1));
}

#[test]
fn the_plan_says_who_is_mailed_and_mails_nobody() {
    let (host, folder) = (SmartHost::start(), tempfile::tempdir().unwrap());
    let (code, out, _) = check(folder.path(), host.port, "--plan");
    let expected = format!(
        "mail        the report, after every run, from nsdiag@contoso.com to anna@contoso.com\n            through localhost \
         port {} in the clear\n",
        host.port
    );
    assert!(code == 0 && out.contains(&expected), "{out}");
    assert_eq!(host.taken(), Vec::<String>::new());
}
