//! Servers that misbehave: each ends in a recorded outcome, within its time and within bounded memory.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
use nsdiag::collect::smtp::{Endpoint, Manners, TlsTrust, converse};
use nsdiag::stop::Stop;
use nsdiag_checks::evidence::smtp::{Session, Who};
use nsdiag_checks::evidence::{How, Observed};
use nsdiag_checks::replies::Stage;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
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

/// What a server does, in order.
#[derive(Clone)]
enum Act {
    /// Sends these bytes.
    Say(Vec<u8>),
    /// Waits for a line from the client.
    Hear,
    /// Sends the bytes one at a time, so slowly that each step would never end.
    Drip(Vec<u8>),
    /// Sends the bytes again and again until the client leaves.
    Forever(Vec<u8>),
    /// Says nothing more, and keeps the connection.
    Silence,
    /// Closes.
    Close,
    /// Resets the connection.
    Reset,
}
use Act::*;

fn say(text: &str) -> Act {
    Say(text.replace('\n', "\r\n").into_bytes())
}

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

fn rows() -> Vec<(&'static str, Vec<Act>, &'static str)> {
    let hello = || vec![say("220 hi\n"), Hear, say("250-h\n250 SIZE\n")];
    let mail = || [hello(), vec![Hear, say("250 ok\n")]].concat();
    let at = |before: Vec<Act>, more: Vec<Act>| [before, more].concat();
    let rest = || vec![Hear, say("250 ok\n"), Hear, say("221 bye\n")];
    let starttls = || vec![say("220 hi\n"), Hear, say("250-h\n250 STARTTLS\n"), Hear];
    let long = |count: usize| [b"220 ".to_vec(), vec![b'x'; count], b"\r\n".to_vec()].concat();
    let lines = |count: usize| Say(b"220-x\r\n".repeat(count));
    vec![
        (
            "a sound dialogue",
            at(mail(), [vec![Hear, say("550 5.1.1 no\n")], rest()].concat()),
            "220 250 250 550 250 221 |  | -",
        ),
        ("silence at connect", vec![Silence], " |  | TimedOut: no reply in time (waiting for the greeting)"),
        (
            "a hang-up at connect",
            vec![Close],
            " |  | HungUp: the server closed the connection (waiting for the greeting)",
        ),
        ("a reset at connect", vec![Reset], " |  | HungUp: the server reset the connection…"),
        (
            "a greeting drop by drop",
            vec![Drip(b"220 this greeting never comes to its end\r\n".to_vec())],
            " |  | TimedOut: no whole reply in time (waiting for the greeting)",
        ),
        (
            "an endless greeting line",
            vec![Forever(vec![b'x'; 1000])],
            " |  | TooLarge: a reply line has more than 2048 bytes (waiting for the greeting)",
        ),
        (
            "a line of 10 MB",
            vec![Say(long(10_000_000))],
            " |  | TooLarge: a reply line has more than 2048 bytes (waiting for the greeting)",
        ),
        (
            "endless lines of one reply",
            vec![Forever(b"220-x\r\n".to_vec())],
            "? |  | TooLarge: the reply has more than 128 lines (waiting for the greeting)",
        ),
        (
            "129 lines",
            vec![lines(129), say("220 x\n")],
            "? |  | TooLarge: the reply has more than 128 lines (waiting for the greeting)",
        ),
        (
            "a half reply, then silence",
            vec![say("220-x\n"), Silence],
            "? |  | TimedOut: no whole reply in time (waiting for the greeting)",
        ),
        (
            "a half reply, then a hang-up",
            vec![say("220-x\n220"), Close],
            "? |  | HungUp: the server closed the connection in the middle of a line (waiting for the greeting)",
        ),
        (
            "another protocol",
            vec![say("HTTP/1.1 400 Bad Request\n")],
            "? |  | Protocol: what came is not an SMTP reply (waiting for the greeting)",
        ),
        (
            "an SSH banner",
            vec![say("SSH-2.0-OpenSSH_9.2\n")],
            "? |  | Protocol: what came is not an SMTP reply (waiting for the greeting)",
        ),
        (
            "a code of two digits",
            vec![say("22 hi\n")],
            "? |  | Protocol: what came is not an SMTP reply (waiting for the greeting)",
        ),
        (
            "a code beyond all codes",
            vec![say("999 hi\n")],
            "? |  | Protocol: what came is not an SMTP reply (waiting for the greeting)",
        ),
        (
            "an empty line",
            vec![say("\n")],
            "? |  | Protocol: what came is not an SMTP reply (waiting for the greeting)",
        ),
        ("a refusal in the greeting", vec![say("554 no\n"), Hear, say("221 bye\n")], "554 221 |  | -"),
        ("a refusal and a hang-up", vec![say("554 no\n"), Close], "554 |  | -"),
        (
            "421 in the greeting",
            vec![say("421 4.3.2 busy\n")],
            "421 |  | HungUp: the server ended the session: 421 4.3.2 busy (waiting for the greeting)",
        ),
        (
            "a bare code",
            at(vec![say("220\n")], at(vec![Hear, say("250\n"), Hear, say("250\n"), Hear, say("250\n")], rest())),
            "220 250 250 250 250 221 |  | -",
        ),
        (
            "bare LF",
            at(
                vec![
                    Say(b"220 hi\n".to_vec()),
                    Hear,
                    Say(b"250 h\n".to_vec()),
                    Hear,
                    say("250 ok\n"),
                    Hear,
                    say("250 ok\n"),
                ],
                rest(),
            ),
            "220 250 250 250 250 221 | a line ends in a bare LF | -",
        ),
        (
            "Latin-1",
            at(
                vec![
                    Say(b"220 gr\xfcn\r\n".to_vec()),
                    Hear,
                    say("250 h\n"),
                    Hear,
                    say("250 ok\n"),
                    Hear,
                    say("250 ok\n"),
                ],
                rest(),
            ),
            "220 250 250 250 250 221 | it holds bytes that are not UTF-8 | -",
        ),
        (
            "NUL and escapes",
            at(
                vec![
                    Say(b"220 \x00\x1b[31m\r\n".to_vec()),
                    Hear,
                    say("250 h\n"),
                    Hear,
                    say("250 ok\n"),
                    Hear,
                    say("250 ok\n"),
                ],
                rest(),
            ),
            "220 250 250 250 250 221 | it holds control characters | -",
        ),
        (
            "a line longer than allowed",
            at(vec![Say(long(600)), Hear, say("250 h\n"), Hear, say("250 ok\n"), Hear, say("250 ok\n")], rest()),
            "220 250 250 250 250 221 | a line is longer than the 512 bytes that RFC 5321 allows | -",
        ),
        (
            "mixed codes",
            at(mail(), at(vec![Hear, say("550-no\n250 yes\n")], rest())),
            "220 250 250 250 250 221 | its lines bear different codes; the last one counts | -",
        ),
        (
            "EHLO refused, HELO taken",
            at(
                vec![
                    say("220 hi\n"),
                    Hear,
                    say("502 no\n"),
                    Hear,
                    say("250 h\n"),
                    Hear,
                    say("250 ok\n"),
                    Hear,
                    say("250 ok\n"),
                ],
                rest(),
            ),
            "220 502 250 250 250 250 221 |  | -",
        ),
        (
            "EHLO and HELO refused",
            vec![say("220 hi\n"), Hear, say("550 no\n"), Hear, say("550 no\n"), Hear, say("221 bye\n")],
            "220 550 550 221 |  | -",
        ),
        ("EHLO put off", vec![say("220 hi\n"), Hear, say("450 later\n"), Hear, say("221 bye\n")], "220 450 221 |  | -"),
        ("silence at EHLO", vec![say("220 hi\n"), Hear, Silence], "220 |  | TimedOut: no reply in time (at EHLO)"),
        (
            "421 at EHLO",
            vec![say("220 hi\n"), Hear, say("421 bye\n")],
            "220 421 |  | HungUp: the server ended the session: 421 bye (at EHLO)",
        ),
        (
            "a hang-up at EHLO",
            vec![say("220 hi\n"), Hear, Close],
            "220 |  | HungUp: the server closed the connection (at EHLO)",
        ),
        (
            "STARTTLS refused",
            at(starttls(), at(vec![say("454 no\n"), Hear, say("250 ok\n"), Hear, say("250 ok\n")], rest())),
            "220 250 454 250 250 250 221 |  | -",
        ),
        ("silence at STARTTLS", at(starttls(), vec![Silence]), "220 250 |  | TimedOut: no reply in time (at STARTTLS)"),
        (
            "injection before TLS",
            at(starttls(), vec![say("220 go\n250 injected\n")]),
            "220 250 220 |  | TlsInjection: 14 bytes in clear text followed the reply to STARTTLS",
        ),
        (
            "garbage for TLS",
            at(starttls(), vec![say("220 go\n"), Hear, Say(b"\x00\x01garbage that is no TLS at all".to_vec()), Close]),
            "220 250 220 |  | TlsFailed…",
        ),
        (
            "silence for TLS",
            at(starttls(), vec![say("220 go\n"), Silence]),
            "220 250 220 |  | TimedOut: the TLS handshake after STARTTLS did not end in time",
        ),
        ("a hang-up for TLS", at(starttls(), vec![say("220 go\n"), Close]), "220 250 220 |  | TlsFailed…"),
        (
            "MAIL refused",
            at(hello(), vec![Hear, say("550 5.7.1 no\n"), Hear, say("221 bye\n")]),
            "220 250 550 221 |  | -",
        ),
        ("silence at MAIL", at(hello(), vec![Hear, Silence]), "220 250 |  | TimedOut: no reply in time (at MAIL)"),
        (
            "421 at MAIL",
            at(hello(), vec![Hear, say("421 bye\n")]),
            "220 250 421 |  | HungUp: the server ended the session: 421 bye (at MAIL)",
        ),
        ("silence at RCPT", at(mail(), vec![Hear, Silence]), "220 250 250 |  | TimedOut: no reply in time (at RCPT)"),
        (
            "421 at RCPT",
            at(mail(), vec![Hear, say("421 4.7.0 too many\n")]),
            "220 250 250 421 |  | HungUp: the server ended the session: 421 4.7.0 too many (at RCPT)",
        ),
        (
            "a hang-up at RCPT",
            at(mail(), vec![Hear, Close]),
            "220 250 250 |  | HungUp: the server closed the connection (at RCPT)",
        ),
        (
            "a reset at RCPT",
            at(mail(), vec![Hear, Reset]),
            "220 250 250 |  | HungUp: the server reset the connection (at RCPT)",
        ),
        (
            "a reply drop by drop at RCPT",
            at(mail(), vec![Hear, Drip(b"250 it takes its time, and more than that\r\n".to_vec())]),
            "220 250 250 |  | TimedOut: no whole reply in time (at RCPT)",
        ),
        (
            "a reply before its command",
            at(hello(), at(vec![Hear, say("250 ok\n550 early\n"), Hear, say("250 ok\n")], rest())),
            "220 250 250 ? 250 250 221 | it came before RCPT was sent and answers nothing | -",
        ),
        (
            "an acceptance before its command",
            at(hello(), at(vec![Hear, say("250 ok\n250 early\n"), Hear, say("550 no\n")], rest())),
            "220 250 250 ? 550 250 221 | it came before RCPT was sent and answers nothing | -",
        ),
        (
            "half a reply before its command",
            at(hello(), vec![Hear, say("250 ok\n550-early\n"), Silence]),
            "220 250 250 ? |  | TimedOut: no whole reply in time (at RCPT)",
        ),
        (
            "all replies at once",
            vec![say("220 hi\n250 h\n250 ok\n250 ok\n250 ok\n221 bye\n"), Silence],
            "220 ? ? ? ? ? | it came before EHLO was sent and answers nothing | TimedOut: no reply in time (at EHLO)",
        ),
        ("chatter without end", vec![say("220 hi\n"), Forever(b"250 more\r\n".to_vec())], "220 ?…"),
        (
            "421 unasked",
            at(hello(), vec![Hear, say("250 ok\n421 idle\n")]),
            "220 250 250 421 |  | HungUp: the server ended the session: 421 idle (at RCPT)",
        ),
        ("a greeting of 3yz", vec![say("354 go on\n"), Hear, say("221 bye\n")], "354 221 |  | -"),
        (
            "silence at RSET",
            at(mail(), vec![Hear, say("250 ok\n"), Hear, Silence]),
            "220 250 250 250 |  | TimedOut: no reply in time (at RSET)",
        ),
        (
            "a hang-up at QUIT",
            at(mail(), vec![Hear, say("250 ok\n"), Hear, say("250 ok\n"), Hear, Close]),
            "220 250 250 250 250 |  | -",
        ),
        (
            "silence at QUIT",
            at(mail(), vec![Hear, say("250 ok\n"), Hear, say("250 ok\n"), Hear, Silence]),
            "220 250 250 250 250 |  | -",
        ),
    ]
}

/// Whom the pipelining rows ask about.
const FOUR: [&str; 4] = ["a@contoso.com", "b@contoso.com", "c@contoso.com", "d@contoso.com"];

/// Servers that are given four RCPT commands at once.
fn pipelined_rows() -> Vec<(&'static str, Vec<Act>, &'static str)> {
    let hello = || vec![say("220 hi\n"), Hear, say("250-h\n250 PIPELINING\n")];
    let mail = || [hello(), vec![Hear, say("250 ok\n")]].concat();
    let all = || [mail(), vec![Hear, Hear, Hear, Hear]].concat();
    let at = |before: Vec<Act>, more: Vec<Act>| [before, more].concat();
    let rest = || vec![Hear, say("250 ok\n"), Hear, say("221 bye\n")];
    let four = "250 a\n550 5.1.1 <b@contoso.com> unknown\n250 c\n250 d\n";
    let void = "it answers nothing: the server said more replies than it had been given commands";
    let too_many = "Protocol: the server said more replies than it had been given commands";
    let fewer = "it answers nothing: the server answered fewer commands than it was given";
    let other = "it answers nothing: a reply names another recipient than the one that it would answer";
    let line = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    vec![
        (
            "four commands, four replies",
            at(all(), [vec![say(four)], rest()].concat()),
            "220 250 250 250 550 250 250 250 221 |  | -",
        ),
        (
            "four replies one by one",
            at(
                mail(),
                [[Hear, say("250 a\n")], [Hear, say("550 b\n")], [Hear, say("250-c\n250 c\n")], [Hear, say("452 d\n")]]
                    .concat(),
            )
            .into_iter()
            .chain(rest())
            .collect(),
            "220 250 250 250 550 250 452 250 221 |  | -",
        ),
        (
            "three replies to four commands",
            at(all(), vec![say("250 a\n250 b\n250 c\n"), Silence]),
            line(format!("220 250 250 ? ? ? | {fewer} | TimedOut: no reply in time (at RCPT)")),
        ),
        (
            "no reply to four commands",
            at(all(), vec![Silence]),
            "220 250 250 |  | TimedOut: no reply in time (at RCPT)",
        ),
        (
            "five replies to four commands",
            at(all(), vec![say(four), say("250 e\n"), Silence]),
            line(format!("220 250 250 ? ? ? ? ? | {void}, nobody had asked for it | {too_many}…")),
        ),
        (
            "a fifth reply after RSET",
            at(all(), vec![say(four), Hear, say("250 e\n250 ok\n"), Silence]),
            line(format!("220 250 250 ? ? ? ? 250 ? | {void}, nobody had asked for it | {too_many}…")),
        ),
        (
            "a fifth reply after QUIT",
            at(all(), vec![say(four), Hear, say("250 e\n"), Hear, say("250 ok\n221 bye\n"), Silence]),
            line(format!("220 250 250 ? ? ? ? 250 250 | {void} | {too_many}")),
        ),
        (
            "replies without end",
            at(all(), vec![Forever(b"250 more\r\n".to_vec())]),
            line(format!("220 250 250 ? ? ? ? ? | {void}, nobody had asked for it | {too_many}…")),
        ),
        (
            "421 in the middle",
            at(all(), vec![say("250 a\n250 b\n421 4.7.0 too many errors\n"), Close]),
            "220 250 250 250 250 421 |  | HungUp: the server ended the session: 421 4.7.0 too many errors (at RCPT)",
        ),
        (
            "421 after the last",
            at(all(), vec![say(four), say("421 4.7.0 too many errors\n"), Close]),
            "220 250 250 250 550 250 250 421 |  | HungUp: the server ended the session: 421 4.7.0 too many errors (at RCPT)",
        ),
        (
            "a hang-up in the middle",
            at(all(), vec![say("250 a\n250 b\n"), Close]),
            "220 250 250 250 250 |  | HungUp: the server closed the connection (at RCPT)",
        ),
        (
            "a hang-up in the middle of a line",
            at(all(), vec![say("250 a\n25"), Close]),
            "220 250 250 250 |  | HungUp: the server closed the connection in the middle of a line (at RCPT)",
        ),
        (
            "a reset in the middle",
            at(mail(), vec![Hear, Reset]),
            "220 250 250 |  | HungUp: the server reset the connection…",
        ),
        (
            "replies in another order",
            at(all(), vec![say("250 a\n550 5.1.1 <c@contoso.com> unknown\n250 b\n250 d\n"), Silence]),
            line(format!(
                "220 250 250 ? ? ? ? | {other} | Protocol: the server's replies are not in the order of our commands (at RCPT)"
            )),
        ),
        (
            "a reply before its command",
            at(hello(), vec![Hear, say("250 ok\n250 early\n"), Hear, Hear, Hear, Hear, say(four)])
                .into_iter()
                .chain(rest())
                .collect(),
            "220 250 250 ? 250 550 250 250 250 221 | it came before RCPT was sent and answers nothing | -",
        ),
        (
            "all replies before their commands",
            at(hello(), vec![Hear, say("250 ok\n250 a\n250 b\n250 c\n250 d\n"), Hear, Hear, Hear, Hear, Silence]),
            "220 250 250 ? ? ? ? | it came before RCPT was sent and answers nothing | TimedOut: no reply in time (at RCPT)",
        ),
        (
            "what is no reply in the middle",
            at(all(), vec![say("250 a\nhello\n250 c\n250 d\n"), Silence]),
            "220 250 250 250 ? |  | Protocol: what came is not an SMTP reply (at RCPT)",
        ),
        (
            "an endless line in the middle",
            at(all(), vec![say("250 a\n"), Forever(vec![b'x'; 1000])]),
            "220 250 250 250 |  | TooLarge: a reply line has more than 2048 bytes (at RCPT)",
        ),
        (
            "a reply drop by drop in the middle",
            at(all(), vec![say("250 a\n"), Drip(b"250 it takes its time, and more than that\r\n".to_vec())]),
            line(format!("220 250 250 ? | {fewer} | TimedOut: no whole reply in time (at RCPT)")),
        ),
        (
            "pipelining that is not offered",
            vec![say("220 hi\n"), Hear, say("250 h\n"), Hear, say("250 ok\n"), Hear, say(four), Silence],
            "220 250 250 250 ? ? ? | it came before RCPT was sent and answers nothing | TimedOut: no reply in time (at RCPT)",
        ),
        (
            "injection before TLS where pipelining is offered",
            vec![
                say("220 hi\n"),
                Hear,
                say("250-h\n250-PIPELINING\n250 STARTTLS\n"),
                Hear,
                say("220 go\n250-h\n250 PIPELINING\n250 ok\n"),
            ],
            "220 250 220 |  | TlsInjection: 31 bytes in clear text followed the reply to STARTTLS",
        ),
    ]
}

/// A behaviour by its name, the acts, the outcome, who is asked about, and how many at once.
type Row = (&'static str, Vec<Act>, &'static str, &'static [&'static str], usize);

/// Every row, with whom it is asked about and how many at once.
fn every_row() -> Vec<Row> {
    let one = rows().into_iter().map(|(name, acts, expected)| (name, acts, expected, &FOUR[..1], 1));
    let four = pipelined_rows().into_iter().map(|(name, acts, expected)| (name, acts, expected, &FOUR[..], 8));
    one.chain(four).collect()
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
