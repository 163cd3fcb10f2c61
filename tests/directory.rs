//! Directory servers that refuse or misbehave: what is written down of each.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
use nsdiag::collect::directory::{Access, Password, Roster, Wanted, catalog, read};
use nsdiag::collect::dns::Resolver;
use nsdiag::collect::rosters::Rosters;
use nsdiag::collect::smtp::TlsTrust;
use nsdiag_checks::evidence::{Directory, How, Observed};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = vec![tag];
    match u8::try_from(length) {
        Ok(short @ 0..=0x7f) => out.push(short),
        _ => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend(content);
    out
}

/// An LDAPResult as operation `tag`.
fn result(id: u8, tag: u8, code: u8, text: &str) -> Vec<u8> {
    let parts = [tlv(0x0a, &[code]), tlv(4, b""), tlv(4, text.as_bytes())].concat();
    tlv(0x30, &[tlv(2, &[id]), tlv(tag, &parts)].concat())
}

/// What the server does with a bind: answers with these bytes, for the message id.
type Answer = fn(u8) -> Vec<u8>;

/// A server in the clear: it refuses StartTLS, answers every bind with `answer`, and every search with a success
/// without entries. How many binds it saw is counted.
async fn server(answer: Answer) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    let binds = Arc::new(AtomicUsize::new(0));
    let counter = binds.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let counter = counter.clone();
            tokio::spawn(async move {
                let mut chunk = [0; 4096];
                while let Ok(count) = stream.read(&mut chunk).await {
                    if count < 7 {
                        return;
                    }
                    // Every request here is short: SEQUENCE, length, INTEGER of one byte, operation.
                    let (id, operation) = (chunk[4], chunk[5]);
                    let reply = match operation {
                        0x77 => result(id, 0x78, 2, "no StartTLS here"),
                        0x60 => {
                            counter.fetch_add(1, Ordering::SeqCst);
                            answer(id)
                        }
                        _ => result(id, 0x65, 0, ""),
                    };
                    if stream.write_all(&reply).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (url, binds)
}

async fn ask(urls: Vec<String>, plaintext: bool) -> Directory {
    let access = Access {
        system: "corp".into(),
        urls,
        catalog: None,
        kerberos: false,
        user: Some("nsdiag@corp.contoso.com".into()),
        password: Some(Password::new("geheim-7391".into())),
        plaintext,
        tls: TlsTrust::new(&[]).unwrap().strict(),
    };
    let step = Duration::from_millis(500);
    let deadline = Instant::now() + Duration::from_secs(10);
    let resolver = Resolver::new(vec![], step, deadline);
    let addresses = ["a@contoso.com".to_string()];
    let wanted = Wanted { domain: "contoso.com", addresses: &addresses, known_good: true, roster: Roster::Nobody };
    let (teller, listener) = catalog::pair();
    let rosters = &Rosters::of(1)[0];
    let shown = format!("{access:?}");
    let asking = catalog::ask(listener, &resolver, wanted, step, deadline);
    let (mut found, catalog) = tokio::join!(read(access, &resolver, wanted, step, deadline, rosters, teller), asking);
    catalog.complete(&mut found);
    assert!(!format!("{found:?}{shown}").contains("geheim"), "a password");
    found
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let cases: [(&str, Answer, How, &str); 9] = [
        (
            "a disabled account",
            |id| result(id, 0x61, 49, "AcceptSecurityContext error, data 533, v4563"),
            How::WrongPassword,
            "invalid credentials: the account is disabled (result 49)",
        ),
        (
            "signing",
            |id| result(id, 0x61, 8, "00002028: LdapErr"),
            How::SigningRequired,
            "it demands signing or TLS (strongerAuthRequired) (result 8)",
        ),
        ("no right", |id| result(id, 0x61, 50, ""), How::NoRight, "the account may not do this"),
        (
            "a referral",
            |id| result(id, 0x61, 10, ""),
            How::Referral,
            "it refers to another server, which is not followed",
        ),
        ("busy", |id| result(id, 0x61, 51, ""), How::Busy, "it is busy"),
        ("silence", |_| vec![], How::TimedOut, "the bind took longer than 0.5 s"),
        ("HTTP", |_| b"HTTP/1.1 400 Bad Request\r\n".to_vec(), How::Protocol, "it is no LDAP message"),
        (
            "nested thousandfold",
            |_| (0..5_000).fold(vec![], |inner, _| tlv(0x30, &inner)),
            How::Protocol,
            "its id is no integer",
        ),
        ("another operation", |id| result(id, 0x65, 0, ""), How::Protocol, "it answers what was not asked"),
    ];
    for (name, answer, how, said) in cases {
        let (url, _) = server(answer).await;
        let found = ask(vec![url], true).await;
        let miss = found.bind.miss().unwrap_or_else(|| panic!("{name}: {:?}", found.bind));
        assert!(miss.how == how && miss.said.contains(said), "{name}: {miss:?}");
        assert!(matches!(&found.lookups[0].entries, Observed::Unknown(_)), "{name}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_not_tried_at_the_next_server() {
    let (one, first) = server(|id| result(id, 0x61, 49, "data 52e, v4563")).await;
    let (two, second) = server(|id| result(id, 0x61, 49, "data 52e, v4563")).await;
    ask(vec![one, two], true).await;
    assert_eq!((first.load(Ordering::SeqCst), second.load(Ordering::SeqCst)), (1, 0));
}

#[tokio::test]
async fn the_next_server_is_asked_where_one_is_dead_or_busy() {
    let (busy, _) = server(|id| result(id, 0x61, 51, "")).await;
    let (good, binds) = server(|id| result(id, 0x61, 0, "")).await;
    // Nothing listens there any more.
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let found = ask(vec![format!("ldap://{dead}"), busy, good.clone()], true).await;
    assert_eq!((found.source, binds.load(Ordering::SeqCst)), (good, 1));
    let outcomes: Vec<_> = found.servers.iter().map(|server| server.outcome.miss().map(|miss| miss.how)).collect();
    assert_eq!(outcomes, [Some(How::Refused), None, None]);
}

#[tokio::test]
async fn a_password_goes_in_the_clear_only_where_that_was_allowed() {
    let (url, binds) = server(|id| result(id, 0x61, 0, "")).await;
    let found = ask(vec![url], false).await;
    let miss = found.servers[0].outcome.miss().unwrap();
    assert!(miss.how == How::TlsMissing && miss.said.contains("--ldap-plaintext"), "{miss:?}");
    assert_eq!(binds.load(Ordering::SeqCst), 0);
}
