//! Fetching an MTA-STS policy from HTTPS servers that behave and from ones that do not.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
use hickory_proto::op::{Message, MessageType};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record, RecordType};
use nsdiag::collect::dns::Resolver;
use nsdiag::collect::smtp::TlsTrust;
use nsdiag::collect::sts;
use nsdiag_checks::evidence::{How, Observed};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::time::Instant;

const POLICY: &str = "version: STSv1\r\nmode: enforce\r\nmx: mx1.contoso.com\r\nmax_age: 86400\r\n";

/// A resolver for which every host is on this machine.
async fn resolver() -> Resolver {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let at = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 2048];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let query = Message::from_vec(&buffer[..length]).unwrap();
            let question = query.queries[0].clone();
            let mut response = Message::new(query.metadata.id, MessageType::Response, query.metadata.op_code);
            response.add_query(question.clone());
            if question.query_type() == RecordType::A {
                let data = RData::A(A::new(127, 0, 0, 1));
                response.add_answer(Record::from_rdata(question.name().clone(), 60, data));
            }
            socket.send_to(&response.to_vec().unwrap(), from).await.unwrap();
        }
    });
    Resolver::new(vec![at], Duration::from_secs(5), Instant::now() + Duration::from_secs(60))
}

/// An HTTPS server for `host` that says `answer` and hangs up; its port, and the request that it heard.
async fn server(authority: &Issuer<'_, KeyPair>, host: &str, answer: String) -> (u16, tokio::task::JoinHandle<String>) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![host.to_string()]).unwrap().signed_by(&key, authority).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let Ok(mut stream) = tokio_rustls::TlsAcceptor::from(Arc::new(config)).accept(stream).await else {
            return String::new();
        };
        let mut heard = [0; 4096];
        let count = stream.read(&mut heard).await.unwrap_or(0);
        // The client may leave in the middle of an answer that is too long.
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
        String::from_utf8_lossy(&heard[..count]).into_owned()
    });
    (port, heard)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_taken_from_its_own_host_alone() {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    let authority = Issuer::new(params, key);
    let trust = TlsTrust::new(&[("ca.pem".into(), pem.into_bytes())]).unwrap();
    let resolver = resolver().await;
    let deadline = Instant::now() + Duration::from_secs(60);
    let plain = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
    let own = "mta-sts.contoso.com";
    let cases = [
        (own, format!("{plain}{POLICY}"), Ok(POLICY)),
        ("www.contoso.com", format!("{plain}{POLICY}"), Err(How::TlsFailed)),
        (own, "HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:1/\r\n\r\n".into(), Err(How::Protocol)),
        (own, format!("{plain}{}", "mx: a.example\r\n".repeat(500_000)), Err(How::TooLarge)),
        (own, String::new(), Err(How::Protocol)),
    ];
    for (host, answer, expected) in cases {
        let (port, heard) = server(&authority, host, answer).await;
        let policy = sts::fetch(&resolver, &trust, "contoso.com", port, deadline).await;
        assert_eq!(policy.url, "https://mta-sts.contoso.com/.well-known/mta-sts.txt");
        match (&policy.text, expected) {
            (Observed::Known(text), Ok(expected)) => {
                assert_eq!(text, expected);
                let request = heard.await.unwrap();
                assert!(request.starts_with("GET /.well-known/mta-sts.txt HTTP/1.0\r\nHost: mta-sts.contoso.com\r\n"));
            }
            (Observed::Unknown(miss), Err(how)) => assert_eq!(miss.how, how, "{miss:?}"),
            (text, expected) => panic!("{text:?}, and not {expected:?}"),
        }
    }
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let policy = sts::fetch(&resolver, &trust, "contoso.com", nobody, deadline).await;
    assert_eq!(policy.text.miss().map(|miss| miss.how), Some(How::Unreachable));
}
