//! Directory servers that send what is no LDAP, or what should not come: each ends in its recorded outcome, in time and
//! within bounded memory, through the whole program.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
#[path = "hostile/ldap.rs"]
mod rows;

use futures_util::stream::{self, StreamExt};
use rcgen::{CertificateParams, KeyPair};
use rows::*;
use serde_json::Value;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// How many rows are played at once.
const AT_ONCE: usize = 12;
/// The run's deadline, in seconds, and what a loaded machine may take beyond it.
const DEADLINE: u64 = 10;
const ROOM: Duration = Duration::from_secs(10);
/// What a row may take of memory beyond a healthy run, in KiB.
const MEMORY: u64 = 32 * 1024;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A server that plays a row.
struct Server {
    url: String,
    playing: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.playing.abort();
    }
}

async fn server(row: Arc<Row>, tls: TlsAcceptor) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();

    let url = format!("ldap://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let playing = tokio::spawn(async move {
        let mut sessions = tokio::task::JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            sessions.spawn(session(stream, row.clone(), tls.clone()));
        }
    });
    Server { url, playing }
}

/// One session: sound answers up to the row's place, there what the row says, and sound answers to all else.
async fn session(stream: TcpStream, row: Arc<Row>, tls: TlsAcceptor) {
    let mut stream: Box<dyn Stream> = Box::new(stream);
    let mut buffer = Vec::new();
    let mut times = 0;
    loop {
        let Some(asked) = hear(&mut stream, &mut buffer).await else { return };
        let acts = match asked.place == row.place && (asked.place != Place::Search || asked.about_a) {
            true => {
                times += 1;
                (row.says)(&Asked { times, ..asked })
            }
            false => vec![Sound],
        };
        for act in acts {
            let done = match act {
                Say(bytes) => stream.write_all(&bytes).await.is_ok(),
                Sound => stream.write_all(&asked.sound(row.place)).await.is_ok(),
                Drip(bytes, pause) => {
                    let mut done = true;
                    for byte in bytes {
                        done &= stream.write_all(&[byte]).await.is_ok();
                        if !pause.is_zero() {
                            tokio::time::sleep(pause).await;
                        }
                    }
                    done
                }
                Forever(more) => {
                    let mut number = 0;
                    while stream.write_all(&more(&asked, number)).await.is_ok() {
                        number += 1;
                    }
                    false
                }
                Shake => {
                    let Ok(sealed) = tls.accept(stream).await else { return };
                    stream = Box::new(sealed);
                    true
                }
                Hear => matches!(stream.read(&mut [0; 512]).await, Ok(1..)),
                Silence => {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                    false
                }
                Close => {
                    // Not with requests unread: that would be a reset, which overtakes what was said.
                    let _ = stream.shutdown().await;
                    while hear(&mut stream, &mut buffer).await.is_some() {}
                    return;
                }
            };
            if !done {
                return;
            }
        }
        if stream.flush().await.is_err() {
            return;
        }
    }
}

/// The next request.
async fn hear(stream: &mut Box<dyn Stream>, buffer: &mut Vec<u8>) -> Option<Asked> {
    loop {
        if let Some((asked, length)) = Asked::read(buffer) {
            buffer.drain(..length);
            return Some(asked);
        }
        let mut chunk = [0; 8192];
        match stream.read(&mut chunk).await {
            Ok(count) if count > 0 => buffer.extend_from_slice(&chunk[..count]),
            _ => return None,
        }
    }
}

/// What came of a run.
struct Met {
    outcome: String,
    took: Duration,
    /// The most memory that was resident, in KiB.
    peak: u64,
}

/// Runs nsdiag against a server that plays `row`, in a folder with a certificate, a password and a list.
async fn meet(row: Arc<Row>, folder: &Path, tls: TlsAcceptor) -> Met {
    let server = server(row.clone(), tls).await;
    // Short where time is what ends it, and else longer than a loaded machine needs.
    let step = if row.outcome.contains("took longer than 2 s") { "2" } else { "5" };
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_nsdiag"));
    command
        .args(["check", "contoso.com", "-c", "/dev/null", "--format", "json", "-q", "--timeout", step])
        .args(["--only", "exchange,recipients", "--resolver", "127.0.0.1:1", "--deadline", &DEADLINE.to_string()])
        .args(["--ldap", &server.url, "--ldap-user", "svc@contoso.com", "--ldap-password-file", "password"])
        .args(["--ca", "ca.pem", "--recipients", if row.place == Place::Sweep { "many.txt" } else { "some.txt" }])
        .current_dir(folder)
        .env("HOME", folder)
        .env("SSL_CERT_FILE", folder.join("ca.pem"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    // Where StartTLS is the matter, what is wrong with it must not be got round.
    if row.place != Place::StartTls {
        command.arg("--ldap-plaintext");
    }
    let began = Instant::now();
    let child = command.spawn().unwrap();
    let watched = watch(child.id().unwrap());
    let ended = tokio::time::timeout(Duration::from_secs(DEADLINE) + ROOM, child.wait_with_output());
    let (ended, peak) = tokio::join!(ended, watched);
    let took = began.elapsed();
    let outcome = match ended {
        Ok(output) => outcome(&output.unwrap()),
        Err(_) => "it does not end".into(),
    };
    Met { outcome, took, peak }
}

/// The most memory that a process has had resident, in KiB (proc(5)), looked at until it ends.
async fn watch(process: u32) -> u64 {
    let mut peak = 0;
    while let Ok(status) = std::fs::read_to_string(format!("/proc/{process}/status")) {
        let Some(line) = status.lines().find_map(|line| line.strip_prefix("VmHWM:")) else { break };
        peak = line.trim().trim_end_matches(" kB").parse().unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    peak
}

/// `exit status, codes of the directory's findings | where the first gap is: how: in which words`, or what was found.
fn outcome(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    let Ok(report) = serde_json::from_slice::<Value>(&output.stdout) else {
        return format!("{}, no report, {said}", output.status);
    };
    if !said.is_empty() || report["exit_code"].as_i64() != output.status.code().map(i64::from) {
        return format!("{}, {}, {said}", output.status, report["exit_code"]);
    }
    let directory = &report["evidence"]["directories"][0];
    let codes: Vec<&str> =
        report["findings"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    let lookups = directory["lookups"].as_array().unwrap();
    let gap = |place: &str, look: &Value| {
        let miss = look.get("unknown")?;
        let said = miss["said"].as_str().unwrap();
        // Whoever reads the report is told, not only whoever reads its evidence.
        let told = [("findings", "detail"), ("checks", "reason")].iter().any(|(list, field)| {
            report[list]
                .as_array()
                .unwrap()
                .iter()
                .any(|one| one[field].as_str().is_some_and(|text| text.contains(said)))
        });
        let untold = if told { "" } else { ", and nobody is told" };
        let said = if said.len() > 4000 { format!("{} bytes of words", said.len()) } else { said.into() };
        Some(format!("{place}: {}: {said}{untold}", miss["how"].as_str().unwrap()))
    };
    let servers = directory["servers"].as_array().unwrap();
    let found = servers.last().and_then(|server| gap("server", &server["outcome"]));
    let found = found.or_else(|| gap("bind", &directory["bind"])).or_else(|| gap("rootDSE", &directory["root"]));
    let found = found.or_else(|| lookups.iter().find_map(|one| gap("look-up", &one["entries"])));
    let found =
        found.or_else(|| gap("noteworthy", &directory["noteworthy"])).or_else(|| gap("roster", &directory["roster"]));
    let found = found.unwrap_or_else(|| {
        let a = lookups.iter().find(|one| one["address"] == "a@contoso.com").unwrap();
        format!("found: {}", a["entries"]["known"].as_array().unwrap().len())
    });
    format!("{} {} | {found}", report["exit_code"], codes.join(" "))
}

fn folder() -> (tempfile::TempDir, TlsAcceptor) {
    let folder = tempfile::tempdir().unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["127.0.0.1".into()]).unwrap().self_signed(&key).unwrap();
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    write("ca.pem", certificate.pem());
    write("password", "geheim-7391\n".into());
    let list = |count: usize| (0..count).map(|number| format!("user{number}@contoso.com\n")).collect::<String>();
    write("some.txt", format!("a@contoso.com\n{}", list(99)));
    write("many.txt", format!("a@contoso.com\n{}", list(2100)));
    let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    (folder, TlsAcceptor::from(Arc::new(config)))
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_directory_server_sends_ends_in_its_outcome_in_time_and_in_little_memory() {
    let (folder, tls) = folder();
    let rows: Vec<Arc<Row>> = every_row().into_iter().map(Arc::new).collect();
    assert!(rows.len() >= 100, "{}", rows.len());
    let mut healthy = [0, 0];
    for (at, place) in [Place::Search, Place::Sweep].into_iter().enumerate() {
        let row = Row { name: "a healthy run".into(), place, says: |_| vec![Sound], outcome: String::new() };
        let met = meet(Arc::new(row), folder.path(), tls.clone()).await;
        assert_eq!(met.outcome, HEALTHY);
        healthy[at] = met.peak;
    }
    let (place, tls) = (folder.path(), &tls);
    let meetings = rows.iter().map(|row| async move { (row, meet(row.clone(), place, tls.clone()).await) });
    let mut wrong = Vec::new();
    let mut all = stream::iter(meetings).buffer_unordered(AT_ONCE);
    while let Some((row, met)) = all.next().await {
        let Row { name, place, outcome, .. } = &**row;
        let more = met.peak.saturating_sub(healthy[usize::from(*place == Place::Sweep)]);
        println!("{name} ({place:?}), {} ms, {more} KiB more:\n    {}", met.took.as_millis(), met.outcome);
        // An end of … leaves open what a library says; of a flood, time or memory is over first.
        let fits = outcome.split(" || ").any(|outcome| match outcome.strip_suffix('…') {
            Some(head) => met.outcome.starts_with(head),
            None => met.outcome == *outcome,
        });
        if !fits {
            wrong.push(format!("{name} ({place:?}):\n  {}\n  {outcome}", met.outcome));
        }
        if more > MEMORY {
            wrong.push(format!("{name} ({place:?}): {more} KiB more than a healthy run"));
        }
        if met.took > Duration::from_secs(DEADLINE) + ROOM {
            wrong.push(format!("{name} ({place:?}): {:?}", met.took));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
