//! What DNS servers answer, and how it is told apart.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
use hickory_proto::op::{Edns, Message, MessageType, ResponseCode};
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::rdata::{A, CNAME, MX, NS};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use nsdiag::collect::dns::Resolver;
use nsdiag_checks::evidence::dns::RecordKind;
use nsdiag_checks::evidence::{How, Observed};
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::time::Instant;

/// How often a server that is in trouble for a moment was asked.
static SHAKY: AtomicUsize = AtomicUsize::new(0);

/// Answers by the first label of the name that is asked for; counts the questions.
fn answer(query: &[u8], tcp: bool) -> Option<Vec<u8>> {
    let query = Message::from_vec(query).ok()?;
    let question = query.queries.first()?.clone();
    let name = question.name().clone();
    let question_type = question.query_type();
    let label = name.to_ascii().split('.').next()?.to_lowercase();
    let mut response = Message::new(query.metadata.id, MessageType::Response, query.metadata.op_code);
    response.add_query(question);
    let address = |name: &Name| Record::from_rdata(name.clone(), 60, RData::A(A::new(192, 0, 2, 1)));
    let alias =
        |from: &Name, to: &str| Record::from_rdata(from.clone(), 60, RData::CNAME(CNAME(Name::from_str(to).unwrap())));
    match &*label {
        "silent" => return None,
        "bogus" if !query.metadata.checking_disabled => {
            response.metadata.response_code = ResponseCode::ServFail;
            let mut edns = Edns::new();
            edns.options_mut().insert(EdnsOption::Unknown(15, b"\x00\x06no signature".to_vec()));
            response.edns = Some(edns);
        }
        "secure" => {
            response.metadata.authentic_data = query.metadata.authentic_data;
            response.add_answer(address(&name));
        }
        // Fails at the first question only.
        "shaky" if SHAKY.fetch_add(1, Ordering::SeqCst) == 0 => {
            response.metadata.response_code = ResponseCode::ServFail
        }
        // A zone with one server, which says something else than what its resolver says.
        "zone" => {
            let data = match (question_type, query.metadata.recursion_desired) {
                (RecordType::NS, _) => RData::NS(NS(Name::from_str("ns.lame.test.").unwrap())),
                (RecordType::MX, true) => RData::MX(MX::new(10, Name::from_str("old.test.").unwrap())),
                _ => RData::MX(MX::new(10, Name::from_str("new.test.").unwrap())),
            };
            response.metadata.authoritative = !query.metadata.recursion_desired;
            response.add_answer(Record::from_rdata(name.clone(), 60, data));
        }
        "lame" => {
            response.add_answer(Record::from_rdata(
                name.clone(),
                60,
                match question_type {
                    RecordType::NS => RData::NS(NS(Name::from_str("ns.lame.test.").unwrap())),
                    _ => RData::MX(MX::new(10, Name::from_str("old.test.").unwrap())),
                },
            ));
        }
        "ns" if question_type == RecordType::A => {
            response.add_answer(Record::from_rdata(name.clone(), 60, RData::A(A::new(127, 0, 0, 1))));
        }
        "ns" => {}
        "servfail" => response.metadata.response_code = ResponseCode::ServFail,
        "refused" => response.metadata.response_code = ResponseCode::Refused,
        "nothing" => {}
        "nxdomain" => response.metadata.response_code = ResponseCode::NXDomain,
        "alias" => {
            response.add_answer(alias(&name, "good.test."));
        }
        "loop" => {
            response.add_answer(alias(&name, "pool.test."));
        }
        "pool" => {
            response.add_answer(alias(&name, "loop.test."));
        }
        "eight" => {
            response.add_answer(alias(&name, "one.chain.test."));
        }
        _ if name.to_ascii().ends_with(".chain.test.") => {
            response.add_answer(alias(&name, &format!("x{label}.chain.test.")));
        }
        "large" | "cut" if !tcp => response.metadata.truncation = true,
        "cut" => {
            response.metadata.truncation = true;
            response.add_answer(address(&name));
        }
        "elsewhere" => {
            response.add_answer(address(&Name::from_str("good.test.").unwrap()));
        }
        "otherkind" => {
            response.add_answer(Record::from_rdata(name.clone(), 60, RData::NS(NS(name.clone()))));
        }
        "otherclass" => {
            let mut record = address(&name);
            record.dns_class = DNSClass::CH;
            response.add_answer(record);
        }
        "twofold" => {
            response.add_answer(alias(&name, "good.test."));
            response.add_answer(alias(&name, "nothing.test."));
        }
        "contrary" => {
            response.metadata.response_code = ResponseCode::NXDomain;
            response.add_answer(address(&name));
        }
        "gone" => {
            response.metadata.response_code = ResponseCode::NXDomain;
            response.add_answer(alias(&name, "nxdomain.test."));
        }
        "referral" | "authority" => {
            response.metadata.authoritative = label == "authority";
            response.authorities.push(Record::from_rdata(
                Name::from_str("test.").unwrap(),
                60,
                RData::NS(NS(Name::from_str("ns.test.").unwrap())),
            ));
        }
        // The record's data is shorter than it says.
        "malformed" => {
            response.add_answer(address(&name));
            let mut bytes = response.to_vec().ok()?;
            bytes.truncate(bytes.len() - 2);
            return Some(bytes);
        }
        // The name of the exchange points to itself.
        "undecodable" => {
            let data = MX::new(10, Name::from_str("mx.test.").unwrap());
            response.add_answer(Record::from_rdata(name.clone(), 60, RData::MX(data)));
            let mut bytes = response.to_vec().ok()?;
            let target = bytes.windows(3).rposition(|part| part == b"\x02mx")?;
            bytes[target] = 0xC0 | (target >> 8) as u8;
            bytes[target + 1] = target as u8;
            return Some(bytes);
        }
        "forged" if !tcp => response.metadata.id = response.metadata.id.wrapping_add(1),
        _ => {
            response.add_answer(address(&name));
        }
    }
    response.to_vec().ok()
}

async fn server() -> (SocketAddr, Arc<AtomicUsize>) {
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let at = udp.local_addr().unwrap();
    let tcp = TcpListener::bind(at).await.unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    tokio::spawn(async move {
        let mut buffer = [0; 2048];
        while let Ok((length, from)) = udp.recv_from(&mut buffer).await {
            counter.fetch_add(1, Ordering::SeqCst);
            if let Some(response) = answer(&buffer[..length], false) {
                udp.send_to(&response, from).await.unwrap();
            }
        }
    });
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = tcp.accept().await {
            let length = stream.read_u16().await.unwrap();
            let mut query = vec![0; length.into()];
            stream.read_exact(&mut query).await.unwrap();
            let response = answer(&query, true).unwrap();
            stream.write_u16(response.len().try_into().unwrap()).await.unwrap();
            stream.write_all(&response).await.unwrap();
        }
    });
    (at, count)
}

fn resolver(servers: Vec<SocketAddr>) -> Resolver {
    Resolver::new(servers, Duration::from_millis(400), Instant::now() + Duration::from_secs(20))
}

#[tokio::test]
async fn every_kind_of_answer_is_told_apart() {
    let (at, _) = server().await;
    let resolver = resolver(vec![at]);
    // Name; whether it exists, how many records, how many aliases; or the kind of miss.
    let cases = [
        ("good.test", Ok((true, 1, 0))),
        ("nothing.test", Ok((true, 0, 0))),
        ("nxdomain.test", Ok((false, 0, 0))),
        ("alias.test", Ok((true, 1, 1))),
        ("large.test", Ok((true, 1, 0))),
        ("gone.test", Ok((false, 0, 1))),
        ("authority.test", Ok((true, 0, 0))),
        ("loop.test", Err((How::AliasLoop, "pool.test is an alias of loop.test: an alias loop"))),
        ("eight.test", Err((How::TooLarge, "a chain of more than 8 aliases"))),
        ("cut.test", Err((How::Protocol, "a truncated answer, and over TCP it is truncated as well"))),
        ("elsewhere.test", Err((How::Protocol, "about another name"))),
        ("otherkind.test", Err((How::Protocol, "of another kind"))),
        ("otherclass.test", Err((How::Protocol, "about another name"))),
        ("twofold.test", Err((How::Protocol, "an alias of several others"))),
        ("contrary.test", Err((How::Protocol, "does not exist, and gives records of it"))),
        ("referral.test", Err((How::Protocol, "refers to others"))),
        ("malformed.test", Err((How::Protocol, "what came cannot be read"))),
        ("servfail.test", Err((How::ServerFailure, "SERVFAIL"))),
        ("refused.test", Err((How::Refused, "refuses the question"))),
        ("silent.test", Err((How::TimedOut, "no answer within 0.4 s"))),
        ("forged.test", Err((How::TimedOut, "no answer within 0.4 s"))),
        ("a..b", Err((How::NotTried, "is no DNS name"))),
    ];
    for (name, expected) in cases {
        let lookup = resolver.ask(name, RecordKind::A).await;
        match (&lookup.answer, expected) {
            (Observed::Known(answer), Ok(expected)) => {
                assert_eq!((answer.exists, answer.records.len(), answer.aliases.len()), expected, "{name}");
                assert_eq!(lookup.resolver, at.to_string());
            }
            (Observed::Unknown(miss), Err((how, said))) => {
                assert!(miss.how == how && miss.said.contains(said), "{name}: {miss:?}");
            }
            (answer, _) => panic!("{name}: {answer:?}"),
        }
    }
}

#[tokio::test]
async fn an_exchange_whose_name_cannot_be_read_is_no_missing_one() {
    let (at, _) = server().await;
    let answer = resolver(vec![at]).ask("undecodable.test", RecordKind::Mx).await.answer;
    let miss = answer.miss().unwrap_or_else(|| panic!("{answer:?}"));
    assert!(miss.how == How::Protocol && miss.said.contains("cannot be read"), "{miss:?}");
}

#[tokio::test]
async fn each_question_is_asked_once() {
    let (at, count) = server().await;
    let resolver = resolver(vec![at]);
    let asked = (0..20).map(|_| resolver.ask("GOOD.test.", RecordKind::A));
    futures_util::future::join_all(asked).await;
    assert_eq!((count.load(Ordering::SeqCst), resolver.lookups().len()), (1, 1));
    assert_eq!(resolver.addresses("[192.0.2.9]").await, Observed::Known(vec!["192.0.2.9".parse().unwrap()]));
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_next_server_is_asked_where_one_is_dead() {
    let (at, _) = server().await;
    let dead = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let began = Instant::now();
    let lookup = resolver(vec![dead, at]).ask("good.test", RecordKind::A).await;
    assert_eq!(lookup.resolver, at.to_string());
    // A closed port is heard of at once.
    assert!(began.elapsed() < Duration::from_millis(300));
    let miss = resolver(vec![dead]).ask("good.test", RecordKind::A).await.answer.miss().cloned().unwrap();
    assert!(miss.how == How::Refused && miss.said.contains(&dead.to_string()), "{miss:?}");
}

#[tokio::test]
async fn a_failed_validation_is_told_from_a_failure() {
    let (at, _) = server().await;
    let resolver = resolver(vec![at]);
    let bogus = resolver.ask("bogus.test", RecordKind::A).await;
    let said = bogus.answer.miss().unwrap().said.clone();
    assert_eq!(said, format!("{at}: the DNS server failed (SERVFAIL: 6 DNSSEC Bogus: no signature)"));
    let unvalidated = bogus.unvalidated.unwrap();
    assert_eq!((unvalidated.resolver, unvalidated.answer.records.len()), (at.to_string(), 1));
    assert_eq!(unvalidated.extended.as_deref(), Some("6 DNSSEC Bogus: no signature"));
    let broken = resolver.ask("servfail.test", RecordKind::A).await;
    assert!(broken.unvalidated.is_none(), "it fails in any case");
    let shaky = resolver.ask("shaky.test", RecordKind::A).await;
    assert!(shaky.unvalidated.is_none() && shaky.answer.known().is_some(), "it came round: {shaky:?}");
    assert!(resolver.ask("secure.test", RecordKind::A).await.authenticated);
    assert!(!resolver.ask("good.test", RecordKind::A).await.authenticated);
}

#[tokio::test]
async fn every_server_is_asked_for_its_own_view_and_silence_is_none() {
    let (at, _) = server().await;
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let resolver = resolver(vec![at, silent.local_addr().unwrap()]);
    let told = async |zone: &str| {
        let first = resolver.ask(zone, RecordKind::Mx).await;
        let views = resolver.mx_views(&first, at.port()).await;
        let line = |view: &nsdiag_checks::evidence::dns::MxView| match &view.answer {
            Observed::Known(answer) => format!("{:?} {:?}", view.authority, answer.exchanges()),
            other => format!("{:?} {}", view.authority, other.miss().unwrap().said),
        };
        views.iter().map(line).collect::<Vec<_>>()
    };
    let silence = "None no answer within 0.4 s";
    assert_eq!(told("zone.test").await, [silence, "Some(\"ns.lame.test\") [(10, \"new.test\")]"]);
    assert_eq!(
        told("lame.test").await,
        [silence, "Some(\"ns.lame.test\") the DNS server is no authority for the zone"]
    );
    assert_eq!(told("nothing.test").await, [silence], "a zone without servers of its own");
}
