//! Smart hosts that misbehave: each ends in words of its own, in time, and gets neither the mail nor the password unless all
//! was as it should be.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
use nsdiag::collect::dns::Resolver;
use nsdiag::collect::smtp::TlsTrust;
use nsdiag::mailing::{self, Fate, Letter, Line, Login, Password, SmartHost};
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;

/// How long a mail may take here.
const PATIENCE: Duration = Duration::from_secs(10);
const PASSWORD: &str = "geheim-7391";

/// What a smart host does, in order.
#[derive(Clone)]
enum Act {
    /// Sends this; `\n` is a line end of SMTP.
    Say(&'static str),
    /// Waits for a line.
    Hear,
    /// Waits for the end of a message.
    Mail,
    /// Does the handshake of TLS.
    Tls,
    /// Sends this until nobody takes it.
    Forever(&'static str),
    /// Keeps the connection, and says nothing.
    Silence,
    Close,
}
use Act::*;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Plays the acts; what it heard, a line each, the message as one.
async fn play(listener: TcpListener, acts: Vec<Act>, tls: Arc<ServerConfig>) -> Vec<String> {
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream: Box<dyn Stream> = Box::new(stream);
    let mut buffer: Vec<u8> = Vec::new();
    let mut heard = Vec::new();
    for act in acts {
        match act {
            Say(text) => drop(stream.write_all(text.replace('\n', "\r\n").as_bytes()).await),
            Hear | Mail => {
                let ending: &[u8] = if matches!(act, Mail) { b"\r\n.\r\n" } else { b"\r\n" };
                let end = loop {
                    if let Some(at) = buffer.windows(ending.len()).position(|part| part == ending) {
                        break at + ending.len();
                    }
                    let mut chunk = [0; 4096];
                    match stream.read(&mut chunk).await {
                        Ok(count) if count > 0 => buffer.extend_from_slice(&chunk[..count]),
                        _ => return heard,
                    }
                };
                heard.push(String::from_utf8(buffer.drain(..end).collect()).unwrap());
            }
            Tls => match tokio_rustls::TlsAcceptor::from(tls.clone()).accept(stream).await {
                Ok(secured) => stream = Box::new(secured),
                Err(_) => return heard,
            },
            Forever(text) => while stream.write_all(text.as_bytes()).await.is_ok() {},
            Silence => break,
            Close => return heard,
        }
    }
    // Whatever else comes is heard to its end.
    let _ = stream.flush().await;
    let _ = stream.read_to_end(&mut buffer).await;
    // A handshake that nobody answers is none of it.
    let text = String::from_utf8(buffer).ok().filter(|text| !text.contains('\0')).unwrap_or_default();
    heard.extend(text.split_inclusive("\r\n").map(String::from));
    heard
}

/// A certificate for `name`, and the root that vouches for it.
fn certificate(name: &str) -> (Arc<ServerConfig>, (String, Vec<u8>)) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_string()]).unwrap().self_signed(&key).unwrap();
    let pem = certificate.pem().into_bytes();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    (Arc::new(config), ("ca.pem".into(), pem))
}

fn letter(to: &[&str]) -> Letter {
    let to: Vec<_> = to.iter().map(|address| address.parse().unwrap()).collect();
    let text = "a\n.\n..b\nDATA\n";
    Letter::new(&"nsdiag@contoso.com".parse().unwrap(), &to, "a", text, "adm01.contoso.com", None).unwrap()
}

/// Sends `letter` to whoever plays `acts`: the verbs that were said, and what became of it, for everybody or each.
async fn meet(acts: Vec<Act>, line: Line, letter: &Letter, name: &str, trusted: bool) -> (String, Vec<String>) {
    let (tls, root) = certificate(name);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let playing = tokio::spawn(play(listener, acts, tls));
    let trust = TlsTrust::new(if trusted { std::slice::from_ref(&root) } else { &[] }).unwrap();
    let resolver = Resolver::new(vec![], Duration::from_secs(1), Instant::now() + Duration::from_secs(9));
    let host = SmartHost { host: "127.0.0.1".into(), port, line };
    let fates = mailing::send(&host, letter, "adm01.contoso.com", &trust, &resolver, PATIENCE).await;
    let mut told: Vec<String> = fates
        .into_iter()
        .map(|(_, fate)| match fate {
            Fate::Taken(said) => format!("taken: {said}"),
            Fate::Refused(said) => format!("refused: {said}"),
            Fate::NotSent(said) => format!("not sent: {said}"),
            Fate::Unsure(said) => format!("unsure: {said}"),
        })
        .collect();
    told.dedup();
    let heard = tokio::time::timeout(PATIENCE * 4, playing).await.unwrap().unwrap();
    let verb = |line: &String| line.split([' ', '\r']).next().unwrap_or_default().to_string();
    let verbs: Vec<String> =
        heard.iter().map(|line| if line.ends_with("\r\n.\r\n") { "(mail)".into() } else { verb(line) }).collect();
    (format!("{} | {}", verbs.join(" "), told.join(" | ")), heard)
}

/// What a line of a row is.
#[derive(Clone, Copy, PartialEq)]
enum Through {
    Clear,
    StartTls,
    WithLogin,
    Wrapped,
    /// STARTTLS with a certificate that nobody vouches for, and with one for another host.
    Untrusted,
    Misnamed,
}
use Through::*;

type Row = (&'static str, Through, Vec<Act>, &'static str);

fn rows() -> Vec<Row> {
    let hello = [Say("220 hi\n"), Hear, Say("250-h\n250 SIZE 1000000\n")];
    let with = |more: &[Act]| [&hello[..], more].concat();
    let ok = || [Hear, Say("250 2.1.0 ok\n")];
    let mail = |more: &[Act]| with(&[&ok()[..], more].concat());
    let both = |more: &[Act]| mail(&[&ok()[..], &ok()[..], more].concat());
    let message = |more: &[Act]| both(&[&[Hear, Say("354 go\n"), Mail], more].concat());
    let secured = |offer: &'static str, more: &[Act]| {
        let begin =
            [Say("220 hi\n"), Hear, Say("250-h\n250-AUTH PLAIN LOGIN\n250 STARTTLS\n"), Hear, Say("220 go\n"), Tls];
        [&begin[..], &[Hear, Say(offer)], more].concat()
    };
    let delivered = || {
        let told = [Hear, Say("354 go\n"), Mail, Say("250 2.0.0 queued as 1\n"), Hear, Say("221 bye\n")];
        [&ok()[..], &ok()[..], &ok()[..], &told].concat()
    };
    let all = "EHLO MAIL RCPT RCPT DATA (mail) QUIT | taken: 250 2.0.0 queued as 1";
    vec![
        ("a sound smart host", Clear, with(&delivered()), all),
        (
            "silence at connect",
            Clear,
            vec![Silence],
            " | not sent: 127.0.0.1: no reply in time (waiting for the greeting)",
        ),
        (
            "silence at EHLO",
            Clear,
            vec![Say("220 hi\n"), Hear, Silence],
            "EHLO | not sent: 127.0.0.1: no reply in time (at EHLO)",
        ),
        (
            "silence at MAIL",
            Clear,
            with(&[Hear, Silence]),
            "EHLO MAIL | not sent: 127.0.0.1: no reply in time (at MAIL)",
        ),
        (
            "silence at the second recipient",
            Clear,
            mail(&[&ok()[..], &[Hear, Silence]].concat()),
            "EHLO MAIL RCPT RCPT | not sent: 127.0.0.1: no reply in time (at RCPT)",
        ),
        (
            "silence at DATA",
            Clear,
            both(&[Hear, Silence]),
            "EHLO MAIL RCPT RCPT DATA | not sent: 127.0.0.1: no reply in time (at DATA)",
        ),
        (
            "silence after the message",
            Clear,
            message(&[Silence]),
            "EHLO MAIL RCPT RCPT DATA (mail) | unsure: 127.0.0.1: no reply in time (after the message); whether it was taken \
             is not known",
        ),
        (
            "half a reply after the message",
            Clear,
            message(&[Say("250-2.0.0 que"), Close]),
            "EHLO MAIL RCPT RCPT DATA (mail) | unsure: 127.0.0.1: the server closed the connection in the middle of a line \
             (after the message); whether it was taken is not known",
        ),
        (
            "a hang-up after the message",
            Clear,
            message(&[Close]),
            "EHLO MAIL RCPT RCPT DATA (mail) | unsure: 127.0.0.1: the server closed the connection (after the message); \
             whether it was taken is not known",
        ),
        (
            "an odd code after the message",
            Clear,
            message(&[Say("354 go on\n")]),
            "EHLO MAIL RCPT RCPT DATA (mail) | unsure: no reply to a message bears such a code (after the message): 127.0.0.1 \
             says 354 go on",
        ),
        (
            "the message refused",
            Clear,
            message(&[Say("554-5.7.1 spam\n554 5.7.1 go away\n"), Hear, Say("221 bye\n")]),
            "EHLO MAIL RCPT RCPT DATA (mail) QUIT | refused: 554 5.7.1 spam 5.7.1 go away",
        ),
        (
            "the message put off",
            Clear,
            message(&[Say("452 4.3.1 disk full\n"), Hear, Say("221 bye\n")]),
            "EHLO MAIL RCPT RCPT DATA (mail) QUIT | not sent: 127.0.0.1 says 452 4.3.1 disk full",
        ),
        (
            "421 after the message",
            Clear,
            message(&[Say("421 4.3.2 shutting down\n"), Close]),
            "EHLO MAIL RCPT RCPT DATA (mail) | not sent: 127.0.0.1 says 421 4.3.2 shutting down",
        ),
        (
            "an endless line",
            Clear,
            vec![Forever("220 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")],
            " | not sent: 127.0.0.1: a reply line has more than 2048 bytes (waiting for the greeting)",
        ),
        (
            "endless lines",
            Clear,
            vec![Say("220 hi\n"), Hear, Forever("250-x\r\n")],
            "EHLO | not sent: 127.0.0.1: the reply has more than 128 lines (at EHLO)",
        ),
        (
            "another protocol",
            Clear,
            vec![Say("SSH-2.0-OpenSSH_9.2\n")],
            " | not sent: 127.0.0.1: what came is not an SMTP reply: SSH-2.0-OpenSSH_9.2 (waiting for the greeting)",
        ),
        (
            "no service",
            Clear,
            vec![Say("554 5.7.1 not you\n")],
            " | not sent: no mail is taken (waiting for the greeting): 127.0.0.1 says 554 5.7.1 not you",
        ),
        (
            "421 as the greeting",
            Clear,
            vec![Say("421 busy\n"), Close],
            " | not sent: no mail is taken (waiting for the greeting): 127.0.0.1 says 421 busy",
        ),
        (
            "EHLO refused",
            Clear,
            vec![Say("220 hi\n"), Hear, Say("502 what\n")],
            "EHLO | not sent: EHLO is refused (at EHLO): 127.0.0.1 says 502 what",
        ),
        (
            "lines of different codes",
            Clear,
            vec![Say("220 hi\n"), Hear, Say("250-h\n550 no\n")],
            "EHLO | not sent: 127.0.0.1: the lines of one reply bear different codes (at EHLO)",
        ),
        (
            "a reply that nobody asked for",
            Clear,
            vec![Say("220 hi\n"), Hear, Say("250 h\n250 ok\n250 ok\n250 ok\n354 go\n250 queued\n")],
            "EHLO | not sent: nobody had asked for what was said (at MAIL): 127.0.0.1 says 250 ok",
        ),
        (
            "a message too large",
            Clear,
            vec![Say("220 hi\n"), Hear, Say("250-h\n250 SIZE 100\n")],
            "EHLO | not sent: the mail has … bytes, and 127.0.0.1 takes 100",
        ),
        (
            "the sender refused",
            Clear,
            with(&[Hear, Say("550 5.7.1 who\n"), Hear, Say("221 bye\n")]),
            "EHLO MAIL QUIT | refused: the sender: 550 5.7.1 who",
        ),
        (
            "421 at MAIL",
            Clear,
            with(&[Hear, Say("421 4.7.0 too many\n"), Close]),
            "EHLO MAIL | not sent: the session was ended (at MAIL): 127.0.0.1 says 421 4.7.0 too many",
        ),
        (
            "452 at one of two recipients",
            Clear,
            mail(
                &[
                    &ok()[..],
                    &[
                        Hear,
                        Say("452 4.2.2 full\n"),
                        Hear,
                        Say("354 go\n"),
                        Mail,
                        Say("250 queued\n"),
                        Hear,
                        Say("221 bye\n"),
                    ],
                ]
                .concat(),
            ),
            "EHLO MAIL RCPT RCPT DATA (mail) QUIT | taken: 250 queued | not sent: 127.0.0.1 says 452 4.2.2 full",
        ),
        (
            "550 at one of two recipients",
            Clear,
            mail(
                &[
                    &[Hear, Say("550 5.1.1 nobody\n")][..],
                    &ok(),
                    &[Hear, Say("354 go\n"), Mail, Say("250 queued\n"), Hear, Say("221 bye\n")],
                ]
                .concat(),
            ),
            "EHLO MAIL RCPT RCPT DATA (mail) QUIT | refused: 550 5.1.1 nobody | taken: 250 queued",
        ),
        (
            "both refused",
            Clear,
            mail(&[Hear, Say("550 no\n"), Hear, Say("450 later\n"), Hear, Say("221 bye\n")]),
            "EHLO MAIL RCPT RCPT QUIT | refused: 550 no | not sent: 127.0.0.1 says 450 later",
        ),
        (
            "421 at the second recipient",
            Clear,
            mail(&[&ok()[..], &[Hear, Say("421 bye\n"), Close]].concat()),
            "EHLO MAIL RCPT RCPT | not sent: the session was ended (at RCPT): 127.0.0.1 says 421 bye",
        ),
        (
            "354 to a recipient",
            Clear,
            mail(&[Hear, Say("354 go\n")]),
            "EHLO MAIL RCPT | not sent: no reply to RCPT bears such a code (at RCPT): 127.0.0.1 says 354 go",
        ),
        (
            "250 in place of 354",
            Clear,
            both(&[Hear, Say("250 ok\n")]),
            "EHLO MAIL RCPT RCPT DATA | not sent: DATA is not answered with 354 (at DATA): 127.0.0.1 says 250 ok",
        ),
        (
            "the message taken before it is said",
            Clear,
            both(&[Hear, Say("354 go\n250 2.0.0 queued\n")]),
            "EHLO MAIL RCPT RCPT DATA | not sent: nobody had asked for what was said (in the message): 127.0.0.1 says 250 2.0.0 \
             queued",
        ),
        (
            "replies to recipients who were not named yet",
            Clear,
            mail(&[Hear, Say("250 ok\n250 ok\n354 go\n250 queued\n")]),
            "EHLO MAIL RCPT | not sent: nobody had asked for what was said (at RCPT): 127.0.0.1 says 250 ok",
        ),
        (
            "DATA refused",
            Clear,
            both(&[Hear, Say("554 5.5.1 no valid recipients\n"), Hear, Say("221 bye\n")]),
            "EHLO MAIL RCPT RCPT DATA QUIT | refused: DATA: 554 5.5.1 no valid recipients",
        ),
        (
            "DATA put off",
            Clear,
            both(&[Hear, Say("451 later\n"), Hear, Say("221 bye\n")]),
            "EHLO MAIL RCPT RCPT DATA QUIT | not sent: 127.0.0.1 put off DATA: 451 later",
        ),
        (
            "a hang-up on QUIT",
            Clear,
            message(&[Say("250 queued\n"), Hear, Close]),
            "EHLO MAIL RCPT RCPT DATA (mail) QUIT | taken: 250 queued",
        ),
        // TLS.
        (
            "STARTTLS not offered, or taken out on the way",
            StartTls,
            with(&[]),
            "EHLO | not sent: 127.0.0.1 offers no STARTTLS, and nothing is sent in the clear",
        ),
        (
            "STARTTLS put off",
            StartTls,
            vec![Say("220 hi\n"), Hear, Say("250-h\n250 starttls\n"), Hear, Say("454 4.7.0 later\n")],
            "EHLO STARTTLS | not sent: STARTTLS is refused, and nothing is sent in the clear (at STARTTLS): 127.0.0.1 says \
             454 4.7.0 later",
        ),
        (
            "words put in before the handshake",
            StartTls,
            vec![
                Say("220 hi\n"),
                Hear,
                Say("250-h\n250 STARTTLS\n"),
                Hear,
                Say("220 go\n250-e\n250 AUTH PLAIN\n"),
                Tls,
            ],
            "EHLO STARTTLS | not sent: 127.0.0.1: 23 bytes in clear text followed the reply to STARTTLS",
        ),
        (
            "no handshake",
            StartTls,
            vec![Say("220 hi\n"), Hear, Say("250-h\n250 STARTTLS\n"), Hear, Say("220 go\n"), Silence],
            "EHLO STARTTLS | not sent: the TLS handshake with 127.0.0.1 did not end in time",
        ),
        (
            "a hang-up in the handshake",
            StartTls,
            vec![Say("220 hi\n"), Hear, Say("250-h\n250 STARTTLS\n"), Hear, Say("220 go\n"), Close],
            "EHLO STARTTLS | not sent: the TLS handshake with 127.0.0.1 failed: …",
        ),
        (
            "a certificate that nobody vouches for",
            Untrusted,
            secured("250 h\n", &[]),
            "EHLO STARTTLS | not sent: the TLS handshake with 127.0.0.1 failed: invalid peer certificate: UnknownIssuer; roots \
             of your own are named by --ca, or ca_files of [tls]",
        ),
        (
            "a certificate for another host",
            Misnamed,
            secured("250 h\n", &[]),
            "EHLO STARTTLS | not sent: the TLS handshake with 127.0.0.1 failed: invalid peer certificate: certificate not \
             valid for name …",
        ),
        (
            "EHLO refused through TLS",
            StartTls,
            secured("502 no\n", &[]),
            "EHLO STARTTLS EHLO | not sent: EHLO is refused (at EHLO): 127.0.0.1 says 502 no",
        ),
        (
            "STARTTLS, all well",
            StartTls,
            secured("250 h\n", &delivered()),
            "EHLO STARTTLS EHLO MAIL RCPT RCPT DATA (mail) QUIT | taken: 250 2.0.0 queued as 1",
        ),
        (
            "TLS from the first byte",
            Wrapped,
            [&[Tls][..], &with(&delivered())].concat(),
            "EHLO MAIL RCPT RCPT DATA (mail) QUIT | taken: 250 2.0.0 queued as 1",
        ),
        (
            "a greeting in the clear in place of TLS",
            Wrapped,
            vec![Say("220 hi\n"), Silence],
            " | not sent: the TLS handshake with 127.0.0.1 failed: …",
        ),
        // Authentication.
        (
            "AUTH offered in the clear alone",
            WithLogin,
            secured("250 h\n", &[]),
            "EHLO STARTTLS EHLO | not sent: 127.0.0.1 offers no AUTH, and PLAIN or LOGIN is needed for 'svc'",
        ),
        (
            "AUTH of another kind",
            WithLogin,
            secured("250-h\n250 AUTH GSSAPI NTLM\n", &[]),
            "EHLO STARTTLS EHLO | not sent: 127.0.0.1 offers AUTH GSSAPI NTLM alone, and PLAIN or LOGIN is needed for 'svc'",
        ),
        (
            "a wrong password",
            WithLogin,
            secured("250-h\n250 AUTH LOGIN PLAIN\n", &[Hear, Say("535 5.7.8 authentication failed\n")]),
            "EHLO STARTTLS EHLO AUTH | not sent: 'svc' is not let in (at AUTH): 127.0.0.1 says 535 5.7.8 authentication failed",
        ),
        (
            "a wrong password for LOGIN",
            WithLogin,
            secured(
                "250-h\n250 AUTH=LOGIN\n",
                &[Hear, Say("334 VXNlcm5hbWU6\n"), Hear, Say("334 UGFzc3dvcmQ6\n"), Hear, Say("535 5.7.3 no\n")],
            ),
            "EHLO STARTTLS EHLO AUTH c3Zj Z2VoZWltLTczOTE= | not sent: 'svc' is not let in (at AUTH): 127.0.0.1 says 535 5.7.3 no",
        ),
        (
            "LOGIN that lets anybody in",
            WithLogin,
            secured("250-h\n250 AUTH LOGIN\n", &[Hear, Say("334 x\n"), Hear, Say("235 welcome\n")]),
            "EHLO STARTTLS EHLO AUTH c3Zj | not sent: AUTH LOGIN asks for no password (at AUTH): 127.0.0.1 says 235 welcome",
        ),
        (
            "silence at AUTH",
            WithLogin,
            secured("250-h\n250 AUTH PLAIN\n", &[Hear, Silence]),
            "EHLO STARTTLS EHLO AUTH | not sent: 127.0.0.1: no reply in time (at AUTH)",
        ),
        (
            "PLAIN, all well",
            WithLogin,
            secured("250-h\n250 auth plain\n", &[&[Hear, Say("235 2.7.0 ok\n")][..], &delivered()].concat()),
            "EHLO STARTTLS EHLO AUTH MAIL RCPT RCPT DATA (mail) QUIT | taken: 250 2.0.0 queued as 1",
        ),
        (
            "LOGIN, all well",
            WithLogin,
            secured(
                "250-h\n250 AUTH LOGIN\n",
                &[&[Hear, Say("334 x\n"), Hear, Say("334 y\n"), Hear, Say("235 ok\n")][..], &delivered()].concat(),
            ),
            "EHLO STARTTLS EHLO AUTH c3Zj Z2VoZWltLTczOTE= MAIL RCPT RCPT DATA (mail) QUIT | taken: 250 2.0.0 queued as 1",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_smart_host_ends_in_its_words_and_in_time() {
    let all = rows();
    assert!(all.len() >= 50, "{}", all.len());
    let met = all.into_iter().map(|(name, through, acts, expected)| async move {
        let login = Login { user: "svc".into(), password: Password::new(PASSWORD.into()) };
        let line = match through {
            Clear => Line::Clear,
            StartTls | Untrusted | Misnamed => Line::StartTls(None),
            WithLogin => Line::StartTls(Some(login)),
            Wrapped => Line::Wrapped(None),
        };
        let named = if through == Misnamed { "mail.fabrikam.com" } else { "127.0.0.1" };
        let began = Instant::now();
        let letter = letter(&["anna@contoso.com", "ben@contoso.com"]);
        let (told, heard) = meet(acts, line, &letter, named, through != Untrusted).await;
        (name, expected, told, heard, began.elapsed())
    });
    for (name, expected, told, heard, took) in futures_util::future::join_all(met).await {
        // A … leaves open what rustls says, and how long the mail is.
        let (head, tail) = expected.split_once('…').unwrap_or((expected, ""));
        let fits = told.starts_with(head) && told.ends_with(tail) && (expected.contains('…') || told == expected);
        assert!(fits, "{name}:\n{told}\n{expected}");
        assert!(took < PATIENCE * 5, "{name} took {took:?}");
        if let Some(mail) = heard.iter().find(|line| line.contains("Auto-Submitted")) {
            assert!(mail.ends_with("\r\n\r\na\r\n..\r\n...b\r\nDATA\r\n\r\n.\r\n"), "{name}: {mail}");
        }
    }
}

/// The program itself, whose smart host echoes the password that it refuses.
#[tokio::test]
async fn an_echoed_password_is_not_told() {
    let (tls, (_, pem)) = certificate("127.0.0.1");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acts = [
        &[Say("220 hi\n")][..],
        &[Hear, Say("250-h\n250 STARTTLS\n"), Hear, Say("220 go\n"), Tls, Hear, Say("250-h\n250 AUTH PLAIN\n"), Hear],
        &[Say("535 5.7.8 geheim-7391 is wrong, and so is AHN2YwBnZWhlaW0tNzM5MQ==\n")],
    ];
    let playing = tokio::spawn(play(listener, acts.concat(), tls));
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "domain = 'contoso.com'\n[dns]\nresolvers = ['127.0.0.1:9']\n[tls]\nca_files = ['ca.pem']\n[mail]\nsmart_host = \
         '127.0.0.1:{port}'\nfrom = 'nsdiag@contoso.com'\nuser = 'svc'\npassword_file = 'password'\n"
    );
    for (name, text) in [("nsdiag.toml", config.as_bytes()), ("ca.pem", &pem), ("password", PASSWORD.as_bytes())] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_nsdiag"))
        .args(["check", "--only", "NSD206", "--timeout", "1", "--deadline", "5", "-q", "--mail-to", "anna@contoso.com"])
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .output()
        .await
        .unwrap();
    let (out, errors) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let heard = playing.await.unwrap();
    assert!(heard[3].starts_with("AUTH PLAIN AHN2YwBnZWhlaW0tNzM5MQ=="), "{heard:?}");
    assert_eq!(output.status.code(), Some(0), "{out}{errors}");
    let expected = "nsdiag: the mail to anna@contoso.com was not sent: 'svc' is not let in (at AUTH): 127.0.0.1 says 535 5.7.8 \
                    *** is wrong, and so is ***\n";
    assert_eq!(errors, expected);
    assert!(out.starts_with("OK "), "{out}");
}

#[tokio::test]
async fn what_is_said_is_what_the_smart_host_offers() {
    let ok = [Hear, Say("250 ok\n")];
    let rest = [&ok[..], &ok, &[Hear, Say("354 go\n"), Mail, Say("250 queued\n"), Hear, Say("221 bye\n")]].concat();
    let with = |offer| [&[Say("220 hi\n"), Hear, Say(offer)][..], &rest].concat();
    let (plain, wide) = (letter(&["anna@contoso.com"]), letter(&["grün@xn--bcher-kva.example"]));
    let said = |heard: Vec<String>| heard.into_iter().skip(1).take(2).collect::<String>();
    let size = plain.bytes().len();
    let cases = [
        (with("250 h\n"), &plain, "MAIL FROM:<nsdiag@contoso.com>\r\nRCPT TO:<anna@contoso.com>\r\n".to_string()),
        (
            with("250-h\n250-size\n250 SMTPUTF8\n"),
            &plain,
            format!("MAIL FROM:<nsdiag@contoso.com> SIZE={size}\r\nRCPT TO:<anna@contoso.com>\r\n"),
        ),
        (
            with("250-h\n250-8BITMIME\n250 SMTPUTF8\n"),
            &wide,
            "MAIL FROM:<nsdiag@contoso.com> BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<grün@xn--bcher-kva.example>\r\n".into(),
        ),
    ];
    for (acts, letter, expected) in cases {
        let (told, heard) = meet(acts, Line::Clear, letter, "127.0.0.1", true).await;
        assert!(told.ends_with(" QUIT | taken: 250 queued"), "{told}");
        assert_eq!(said(heard), expected);
    }
    let (told, _) = meet(with("250 h\n"), Line::Clear, &wide, "127.0.0.1", true).await;
    assert_eq!(
        told,
        "EHLO | not sent: an address of the mail needs SMTPUTF8 (RFC 6531), which 127.0.0.1 does not offer"
    );
}

#[tokio::test]
async fn who_does_not_answer_is_told_and_so_is_a_name_without_an_address() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let trust = TlsTrust::new(&[]).unwrap();
    let resolver = Resolver::new(vec![], Duration::from_secs(1), Instant::now() + Duration::from_secs(9));
    let letter = letter(&["anna@contoso.com"]);
    for (name, expected) in [
        ("127.0.0.1", format!("no connection with 127.0.0.1 (127.0.0.1:{closed}: connection refused)")),
        ("relay.contoso.com", "the addresses of relay.contoso.com are unknown: ".into()),
    ] {
        let host = SmartHost { host: name.into(), port: closed, line: Line::Clear };
        let fates = mailing::send(&host, &letter, "adm01.contoso.com", &trust, &resolver, PATIENCE).await;
        assert!(matches!(&fates[0].1, Fate::NotSent(why) if why.starts_with(&expected)), "{fates:?}");
        let words = mailing::in_words(&host, &fates).unwrap();
        assert!(words.starts_with(&format!("the mail to anna@contoso.com was not sent: {expected}")), "{words}");
        assert!(!mailing::is_settled(&fates));
    }
}
