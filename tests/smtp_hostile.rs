//! Servers that misbehave: each ends in a recorded outcome, within its time and within bounded memory.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
#[path = "hostile/rows.rs"]
mod rows;

use nsdiag::collect::smtp::{Endpoint, Manners, TlsTrust, converse};
use nsdiag::stop::Stop;
use nsdiag_checks::evidence::smtp::{Session, Who};
use nsdiag_checks::evidence::{How, Observed};
use nsdiag_checks::replies::Stage;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rows::*;
use rustls::pki_types::CertificateDer;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The time for one step; the prober's own limit, so that every row ends soon.
const STEP: Duration = Duration::from_millis(400);

/// Plays the acts for one connection; what the client said is in `heard`.
async fn act(acts: Vec<Act>, stream: TcpStream, heard: Arc<Mutex<String>>) {
    let mut stream = stream;
    let mut buffer = Vec::new();
    for act in acts {
        match act {
            Say(bytes) => drop(stream.write_all(&bytes).await),
            Hear => loop {
                if let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = buffer.drain(..=end).collect();
                    heard.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
                    break;
                }
                let mut chunk = [0; 512];
                match stream.read(&mut chunk).await {
                    Ok(count) if count > 0 => buffer.extend_from_slice(&chunk[..count]),
                    _ => return,
                }
            },
            Drip(bytes) => {
                for byte in bytes {
                    if stream.write_all(&[byte]).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
            Forever(bytes) => while stream.write_all(&bytes).await.is_ok() {},
            Silence => tokio::time::sleep(Duration::from_secs(30)).await,
            Close => return,
            Reset => {
                // Closing with unread data in the socket makes the kernel reset.
                tokio::time::sleep(Duration::from_millis(20)).await;
                let _ = stream.set_zero_linger();
                return;
            }
        }
    }
    // Whatever else the client says is heard to its end.
    loop {
        let mut chunk = [0; 512];
        match stream.read(&mut chunk).await {
            Ok(count) if count > 0 => heard.lock().unwrap().push_str(&String::from_utf8_lossy(&chunk[..count])),
            _ => return,
        }
    }
}

/// A server that plays the acts for its first connection: where it listens, and what it hears.
async fn server(acts: Vec<Act>) -> (SocketAddr, Arc<Mutex<String>>, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let heard = Arc::new(Mutex::new(String::new()));
    let playing = {
        let heard = heard.clone();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            act(acts, stream, heard).await;
        })
    };
    (address, heard, playing)
}

/// Runs the prober against a server; how long it took, and what it recorded.
async fn probe(address: SocketAddr, recipients: &[&str], window: usize) -> (Duration, Session) {
    let endpoint = Endpoint { hop: "gateway/h/127.0.0.1:25".into(), host: "mx1.contoso.com".into(), address };
    let recipients: Vec<String> = recipients.iter().map(ToString::to_string).collect();
    let trust = TlsTrust::new(&[]).unwrap();
    let began = Instant::now();
    let session = converse(&endpoint, &recipients, &Manners { window, ..manners() }, &trust).await;
    (began.elapsed(), session)
}

/// Runs the prober against the acts; how long it took, what it recorded, what the server heard.
async fn meet(acts: Vec<Act>, recipients: &[&str], window: usize) -> (Duration, Session, String) {
    let (address, heard, playing) = server(acts).await;
    let (took, session) = probe(address, recipients, window).await;
    playing.abort();
    let heard = heard.lock().unwrap().clone();
    (took, session, heard)
}

fn manners() -> Manners {
    Manners {
        ehlo: "client.example.net".into(),
        mail_from: "probe@example.net".into(),
        step: STEP,
        deadline: Instant::now() + Duration::from_secs(20),
        pause: Duration::ZERO,
        use_tls: true,
        window: 1,
        stop: Stop::default(),
    }
}

/// `codes of the replies | oddities | how it broke off: in which words`.
fn outcome(session: &Session) -> String {
    let replies = session.transcript.iter().filter(|turn| turn.who == Who::Server);
    let codes: Vec<String> =
        replies.clone().map(|turn| turn.code.map_or("?".into(), |code| code.to_string())).collect();
    let mut oddities: Vec<&str> = replies.flat_map(|turn| turn.oddities.iter().map(String::as_str)).collect();
    oddities.dedup();
    let end = session.broke_off.as_ref().map_or("-".into(), |miss| format!("{:?}: {}", miss.how, miss.said));
    format!("{} | {} | {end}", codes.join(" "), oddities.join(", "))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_behaviour_ends_in_its_outcome_and_in_time() {
    let all = every_row();
    assert!(all.len() >= 75, "{}", all.len());
    let met =
        futures_util::future::join_all(all.into_iter().map(|(name, acts, expected, recipients, window)| async move {
            (name, expected, meet(acts, recipients, window).await)
        }));
    for (name, expected, (took, session, heard)) in met.await {
        let outcome = outcome(&session);
        // An end of … leaves open what rustls says of garbage, and at which step a reset is noticed.
        let fits = match expected.strip_suffix('…') {
            Some(head) => outcome.starts_with(head),
            None => outcome == expected,
        };
        assert!(fits, "{name}:\n{outcome}\n{expected}");
        // A handful of steps, and room for a machine that has much else to do.
        assert!(took < STEP * 25, "{name} took {took:?}");
        assert!(!heard.to_uppercase().contains("DATA"), "{name}: {heard}");
    }
}

/// The memory that the prober takes, measured in a process of its own: the servers are in this one.
#[tokio::test(flavor = "multi_thread")]
async fn all_behaviours_together_take_less_than_32_mb() {
    let mut ports = Vec::new();
    let mut playing = Vec::new();
    for (_, acts, _, recipients, window) in every_row() {
        let (address, _, task) = server(acts).await;
        ports.push(format!("{}/{}/{window}", address.port(), recipients.len()));
        playing.push(task);
    }
    let child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_prober_of_the_memory_test", "--nocapture", "--test-threads=1"])
        .env("NSDIAG_TEST_PORTS", ports.join(" "))
        .output();
    let child = child.await.unwrap();
    playing.iter().for_each(JoinHandle::abort);
    let out = String::from_utf8_lossy(&child.stdout);
    let line = out.lines().find_map(|line| line.split_once("peak ").map(|(_, rest)| rest)).expect("it measures");
    let kib: Vec<u64> = line.split(' ').map(|number| number.parse().unwrap()).collect();
    println!("{} KiB at the start, {} KiB at the peak of {} servers at once", kib[0], kib[1], ports.len());
    assert!(kib[1] - kib[0] < 32 * 1024, "{kib:?}");
}

/// Does nothing by itself: it is what the test above starts.
#[tokio::test(flavor = "multi_thread")]
async fn the_prober_of_the_memory_test() {
    let Ok(ports) = std::env::var("NSDIAG_TEST_PORTS") else { return };
    let before = peak();
    futures_util::future::join_all(ports.split(' ').map(|server| async move {
        let numbers: Vec<usize> = server.split('/').map(|number| number.parse().unwrap()).collect();
        let address = SocketAddr::from(([127, 0, 0, 1], u16::try_from(numbers[0]).unwrap()));
        drop(probe(address, &FOUR[..numbers[1]], numbers[2]).await);
    }))
    .await;
    println!("peak {before} {}", peak());
}

/// The most memory that this process has had resident, in KiB (proc(5)).
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
async fn addresses_cannot_bring_commands_of_their_own() {
    let acts = [say("220 hi\n"), Hear, say("250 h\n"), Hear, say("250 ok\n"), Hear, say("250 ok\n")];
    let (_, session, heard) = meet(acts.to_vec(), &["a\r\nDATA\r\n@contoso.com", "grün@contoso.com"], 1).await;
    assert!(!heard.contains("RCPT"), "{heard}");
    let notes: Vec<_> =
        session.transcript.iter().filter(|turn| turn.who == Who::Prober && turn.recipient.is_some()).collect();
    assert_eq!(notes.len(), 2);
    assert!(notes[1].lines[0].text.ends_with("needs SMTPUTF8 (RFC 6531), which the server does not offer"));
}

#[tokio::test]
async fn a_sender_or_a_name_with_a_command_in_it_is_never_said() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint { hop: "h".into(), host: "h".into(), address: listener.local_addr().unwrap() };
    let trust = TlsTrust::new(&[]).unwrap();
    let cases = [
        Manners { mail_from: "a@b.example>\r\nRSET".into(), ..manners() },
        Manners { mail_from: "nobody".into(), ..manners() },
        Manners { ehlo: "h\r\nRSET".into(), ..manners() },
        Manners { ehlo: String::new(), ..manners() },
    ];
    for manners in cases {
        let session = converse(&endpoint, &["a@contoso.com".into()], &manners, &trust).await;
        let miss = session.broke_off.unwrap();
        assert_eq!((miss.how, session.transcript.len()), (How::NotTried, 0), "{}", miss.said);
    }
}

#[tokio::test]
async fn a_recipient_s_case_is_kept_and_smtputf8_is_used_where_it_is_offered() {
    let ok = || [Hear, say("250 ok\n")];
    let acts = [vec![say("220 hi\n"), Hear, say("250-h\n250 smtputf8\n")], [ok(), ok(), ok(), ok()].concat()].concat();
    let (_, session, heard) = meet(acts, &["Ben@Contoso.com", "grün@bücher.example"], 1).await;
    assert_eq!(session.broke_off, None);
    let said: Vec<&str> = heard.lines().skip(1).take(3).collect();
    let expected =
        ["MAIL FROM:<probe@example.net> SMTPUTF8", "RCPT TO:<Ben@Contoso.com>", "RCPT TO:<grün@xn--bcher-kva.example>"];
    assert_eq!(said, expected);
}

/// A server with this certificate for mx1.contoso.com, up to TLS and EHLO.
async fn with_certificate(params: CertificateParams, trusted: bool) -> Session {
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let pem = certificate.pem().into_bytes();
    let roots = if trusted { vec![("ca.pem".to_string(), pem)] } else { vec![] };
    with_chain(vec![certificate.der().clone()], &key, &roots).await
}

/// A server with this chain, up to TLS and EHLO; `roots` are trusted beside the system's.
async fn with_chain(chain: Vec<CertificateDer<'static>>, key: &KeyPair, roots: &[(String, Vec<u8>)]) -> Session {
    let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut chunk = [0; 512];
        stream.write_all(b"220 hi\r\n").await.unwrap();
        assert!(stream.read(&mut chunk).await.unwrap() > 0);
        stream.write_all(b"250-h\r\n250 STARTTLS\r\n").await.unwrap();
        assert!(stream.read(&mut chunk).await.unwrap() > 0);
        stream.write_all(b"220 go\r\n").await.unwrap();
        let mut stream = tokio_rustls::TlsAcceptor::from(Arc::new(config)).accept(stream).await.unwrap();
        for reply in ["250 h\r\n", "221 bye\r\n"] {
            assert!(stream.read(&mut chunk).await.unwrap() > 0);
            stream.write_all(reply.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
        }
    });
    let endpoint = Endpoint { hop: "h".into(), host: "mx1.contoso.com".into(), address };
    let session = converse(&endpoint, &[], &manners(), &TlsTrust::new(roots).unwrap()).await;
    server.await.unwrap();
    session
}

#[tokio::test]
async fn a_certificate_s_faults_are_told_apart() {
    let named = |name: &str| CertificateParams::new(vec![name.to_string()]).unwrap();
    let date = rcgen::date_time_ymd;
    let with = |name, from, to| {
        let mut params = named(name);
        (params.not_before, params.not_after) = (from, to);
        params
    };
    let (old, new, far) = (date(2020, 1, 1), date(2021, 1, 1), date(2090, 1, 1));
    // Name, trusted root, what is to be seen: trusted, names the host, valid from, valid to.
    let cases = [
        ("good", with("mx1.contoso.com", old, far), true, (true, true, "2020", "2090")),
        ("expired", with("mx1.contoso.com", old, new), true, (true, true, "2020", "2021")),
        ("not yet valid", with("mx1.contoso.com", date(2080, 1, 1), far), true, (true, true, "2080", "2090")),
        ("another name", with("mail.fabrikam.com", old, far), true, (true, false, "2020", "2090")),
        ("self-signed", with("mx1.contoso.com", old, far), false, (false, true, "2020", "2090")),
    ];
    for (name, params, trusted, (leads, names, from, to)) in cases {
        let session = with_certificate(params, trusted).await;
        assert_eq!(session.broke_off, None, "{name}");
        let tls = session.tls.unwrap();
        assert!(matches!(&tls.handshake, Observed::Known(shake) if shake.version == "TLSv1.3"), "{name}");
        assert_eq!((tls.trusted, tls.names_host), (Observed::Known(leads), Observed::Known(names)), "{name}");
        assert!(tls.chain[0].not_before.starts_with(from) && tls.chain[0].not_after.starts_with(to), "{name}");
        let faultless = leads && names && from == "2020" && to == "2090";
        assert_eq!(tls.objection.is_none(), faultless, "{name}: {:?}", tls.objection);
    }
}

#[tokio::test]
async fn a_chain_leads_to_a_root_although_its_intermediate_has_expired() {
    let date = rcgen::date_time_ymd;
    let (old, new, far) = (date(2020, 1, 1), date(2021, 1, 1), date(2090, 1, 1));
    let params = |name: &str, ca, to| {
        let mut params = CertificateParams::new(vec![name.to_string()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        (params.not_before, params.not_after) = (old, to);
        params.is_ca = if ca { IsCa::Ca(BasicConstraints::Unconstrained) } else { IsCa::NoCa };
        params
    };
    let keys: Vec<KeyPair> = (0..3).map(|_| KeyPair::generate().unwrap()).collect();
    let (root, middle) = (params("root.example", true, far), params("middle.example", true, new));
    let anchor = root.self_signed(&keys[0]).unwrap().pem().into_bytes();
    let middle_signed = middle.signed_by(&keys[1], &Issuer::from_params(&root, &keys[0])).unwrap();
    let leaf = params("mx1.contoso.com", false, far);
    let leaf = leaf.signed_by(&keys[2], &Issuer::from_params(&middle, &keys[1])).unwrap();
    let chain = vec![leaf.der().clone(), middle_signed.der().clone()];
    for (roots, leads) in [(vec![("root.pem".to_string(), anchor)], true), (vec![], false)] {
        let tls = with_chain(chain.clone(), &keys[2], &roots).await.tls.unwrap();
        assert_eq!((tls.trusted, tls.names_host), (Observed::Known(leads), Observed::Known(true)));
        assert!(tls.objection.is_some());
        assert!(tls.chain[1].not_after.starts_with("2021"));
    }
}

#[tokio::test]
async fn pipelining_through_tls_takes_what_was_offered_there_and_counts_replies_as_well() {
    let cases = [
        // What EHLO offers in the clear, what through TLS, how many replies to RCPT; what came of it.
        ("250-h\r\n250-PIPELINING\r\n250 STARTTLS\r\n", "250-h\r\n250 PIPELINING\r\n", 4, "250 250 250 250"),
        ("250-h\r\n250 STARTTLS\r\n", "250-h\r\n250 PIPELINING\r\n", 5, "? ? ? ? ?"),
        ("250-h\r\n250-PIPELINING\r\n250 STARTTLS\r\n", "250 h\r\n", 4, "250 ? ? ?"),
    ];
    for (clear, secured, count, expected) in cases {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["mx1.contoso.com".into()]).unwrap().self_signed(&key).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let playing = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut chunk = [0; 512];
            for reply in ["220 hi\r\n", clear, "220 go\r\n"] {
                stream.write_all(reply.as_bytes()).await.unwrap();
                if !reply.starts_with("220 go") {
                    assert!(stream.read(&mut chunk).await.unwrap() > 0);
                }
            }
            let mut stream = tokio_rustls::TlsAcceptor::from(Arc::new(config)).accept(stream).await.unwrap();
            for reply in [secured.to_string(), "250 ok\r\n".into(), "250 ok\r\n".repeat(count)] {
                assert!(stream.read(&mut chunk).await.unwrap() > 0);
                stream.write_all(reply.as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
            }
            tokio::time::sleep(Duration::from_secs(10)).await;
        });
        let (_, session) = probe(address, &FOUR, 8).await;
        playing.abort();
        let said = session.transcript.iter().filter(|turn| turn.who == Who::Server && turn.stage == Stage::Rcpt);
        let codes: Vec<_> = said.map(|turn| turn.code.map_or("?".into(), |code| code.to_string())).collect();
        assert_eq!(codes.join(" "), expected, "{:?}", session.broke_off);
        assert!(session.transcript.iter().any(|turn| turn.tls));
    }
}
