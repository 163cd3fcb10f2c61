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
        "notimp" => response.metadata.response_code = ResponseCode::NotImp,
        // Servers that do not understand may copy nothing of the question.
        "headless" => {
            response.metadata.response_code = ResponseCode::FormErr;
            response.queries.clear();
        }
        "headless-none" => response.queries.clear(),
        "secure-none" => response.metadata.authentic_data = query.metadata.authentic_data,
        "secure-gone" => {
            response.metadata.authentic_data = query.metadata.authentic_data;
            response.metadata.response_code = ResponseCode::NXDomain;
        }
        // More than the question allows.
        "oversize" => {
            (0..200).for_each(|last| {
                let data = RData::A(A::new(192, 0, 2, last));
                response.add_answer(Record::from_rdata(name.clone(), 60, data));
            });
        }
        "refused" => response.metadata.response_code = ResponseCode::Refused,
        "nothing" => {}
        "nxdomain" => response.metadata.response_code = ResponseCode::NXDomain,
        "alias" => {
            response.add_answer(alias(&name, "good.test."));
        }
        "self" => {
            response.add_answer(alias(&name, "self.test."));
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
        // Truncated, and over TCP something else.
        _ if label.starts_with("tcp-") && !tcp => response.metadata.truncation = true,
        "tcp-none" => response.metadata.authentic_data = query.metadata.authentic_data,
        "tcp-servfail" => {
            response.metadata.response_code = ResponseCode::ServFail;
            let mut edns = Edns::new();
            edns.options_mut().insert(EdnsOption::Unknown(15, b"\x00\x16".to_vec()));
            response.edns = Some(edns);
        }
        "tcp-other" => response.queries[0].query_type = RecordType::HINFO,
        "tcp-forged" => response.metadata.id = response.metadata.id.wrapping_add(1),
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
        "bothclasses" | "aliasclass" => {
            let mut chaos = match &*label {
                "aliasclass" => address(&Name::from_str("good.test.").unwrap()),
                _ => Record::from_rdata(name.clone(), 60, RData::A(A::new(192, 0, 2, 99))),
            };
            chaos.dns_class = DNSClass::CH;
            let own = if label == "aliasclass" { alias(&name, "good.test.") } else { address(&name) };
            response.add_answer(own);
            response.add_answer(chaos);
        }
        "badvers" => {
            response.metadata.response_code = ResponseCode::BADVERS;
            response.edns = Some(Edns::new());
        }
        "fifteen" => response.metadata.response_code = ResponseCode::Unknown(15),
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

/// A port that is free for UDP and for TCP.
async fn both() -> (UdpSocket, TcpListener, SocketAddr) {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let at = udp.local_addr().unwrap();
        if let Ok(tcp) = TcpListener::bind(at).await {
            return (udp, tcp, at);
        }
    }
}

async fn server() -> (SocketAddr, Arc<AtomicUsize>) {
    let (udp, tcp, at) = both().await;
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    tokio::spawn(async move {
        let mut buffer = [0; 2048];
        while let Ok((length, from)) = udp.recv_from(&mut buffer).await {
            counter.fetch_add(1, Ordering::SeqCst);
            let Some(response) = answer(&buffer[..length], false) else { continue };
            // Noise that comes before the answer.
            if buffer[12..length].starts_with(b"\x05noise") {
                udp.send_to(b"220 mx.test ESMTP", from).await.unwrap();
                udp.send_to(&response[..response.len() - 3], from).await.unwrap();
                udp.send_to(&answer(&[&buffer[..13], b"o", &buffer[14..length]].concat(), false).unwrap(), from)
                    .await
                    .unwrap();
            }
            udp.send_to(&response, from).await.unwrap();
        }
    });
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = tcp.accept().await {
            let length = stream.read_u16().await.unwrap();
            let mut query = vec![0; length.into()];
            stream.read_exact(&mut query).await.unwrap();
            let name = Message::from_vec(&query).unwrap().queries[0].name().to_ascii();
            let response = answer(&query, true).unwrap();
            let length = u16::try_from(response.len()).unwrap().to_be_bytes();
            let whole = [&length, &*response].concat();
            let said = match name.split('.').next().unwrap() {
                "tcp-hangs-up" => vec![],
                "tcp-half" => whole[..whole.len() / 2].to_vec(),
                "tcp-empty" => vec![0, 0],
                "tcp-garbage" => b"\x00\x10HTTP/1.1 400 BadBad".to_vec(),
                // Two answers, and an end without one.
                "tcp-more" => [&*whole, &whole, b"\xff\xff"].concat(),
                "tcp-silent" => {
                    tokio::spawn(async move {
                        tokio::time::sleep(Duration::from_secs(5)).await;
                        drop(stream);
                    });
                    continue;
                }
                _ => whole,
            };
            stream.write_all(&said).await.unwrap();
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
        // Nothing is answered without asking.
        ("localhost", Ok((true, 1, 0))),
        ("one.invalid", Ok((true, 1, 0))),
        ("noise.test", Ok((true, 1, 0))),
        ("oversize.test", Ok((true, 200, 0))),
        ("tcp-none.test", Ok((true, 0, 0))),
        ("tcp-more.test", Ok((true, 1, 0))),
        ("authority.test", Ok((true, 0, 0))),
        ("loop.test", Err((How::AliasLoop, "pool.test is an alias of loop.test: an alias loop"))),
        ("self.test", Err((How::AliasLoop, "self.test is an alias of self.test: an alias loop"))),
        ("eight.test", Err((How::TooLarge, "a chain of more than 8 aliases"))),
        ("cut.test", Err((How::Protocol, "a truncated answer, and over TCP it is truncated as well"))),
        ("elsewhere.test", Err((How::Protocol, "about another name"))),
        ("otherkind.test", Err((How::Protocol, "of another kind"))),
        ("otherclass.test", Err((How::Protocol, "of another class"))),
        ("bothclasses.test", Ok((true, 1, 0))),
        ("aliasclass.test", Ok((true, 1, 1))),
        ("badvers.test", Err((How::ServerFailure, "answered 16 (BADVERS: it does not know this version of EDNS)"))),
        ("fifteen.test", Err((How::ServerFailure, "the DNS server answered the unknown code 15"))),
        ("twofold.test", Err((How::Protocol, "an alias of several others"))),
        ("contrary.test", Err((How::Protocol, "does not exist, and gives records of it"))),
        ("referral.test", Err((How::Protocol, "refers to others"))),
        ("malformed.test", Err((How::Protocol, "what came cannot be read"))),
        ("servfail.test", Err((How::ServerFailure, "SERVFAIL"))),
        ("notimp.test", Err((How::ServerFailure, "the DNS server answered 4 (Not Implemented)"))),
        ("headless.test", Err((How::ServerFailure, "the DNS server answered 1 (Form Error)"))),
        ("headless-none.test", Err((How::Protocol, "no answer to the question"))),
        ("tcp-servfail.test", Err((How::ServerFailure, "SERVFAIL: 22 No Reachable Authority"))),
        ("tcp-other.test", Err((How::Protocol, "over TCP what came is no answer to the question"))),
        ("tcp-forged.test", Err((How::Protocol, "over TCP what came is no answer to the question"))),
        ("tcp-garbage.test", Err((How::Protocol, "over TCP what came cannot be read: it is malformed"))),
        ("tcp-empty.test", Err((How::Protocol, "over TCP what came cannot be read: it is malformed"))),
        ("tcp-hangs-up.test", Err((How::Unreachable, "a truncated answer, and over TCP early eof"))),
        ("tcp-half.test", Err((How::Unreachable, "a truncated answer, and over TCP early eof"))),
        ("tcp-silent.test", Err((How::TimedOut, "a truncated answer, and over TCP no whole one in time"))),
        ("refused.test", Err((How::Refused, "refuses the question"))),
        ("silent.test", Err((How::TimedOut, "no answer within 0.4 s"))),
        ("forged.test", Err((How::TimedOut, "no answer within 0.4 s"))),
        ("a..b", Err((How::NotTried, "is no DNS name"))),
    ];
    for (name, expected) in cases {
        let began = Instant::now();
        let lookup = resolver.ask(name, RecordKind::A).await;
        let waits =
            ["silent", "forged", "malformed", "headless-none", "tcp-silent"].iter().any(|one| name.starts_with(one));
        assert_eq!(began.elapsed() > Duration::from_millis(300), waits, "{name}: {:?}", began.elapsed());
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
    assert!(began.elapsed() < Duration::from_millis(300), "{:?} {lookup:?}", began.elapsed());
    let miss = resolver(vec![dead]).ask("good.test", RecordKind::A).await.answer.miss().cloned().unwrap();
    assert!(miss.how == How::Refused && miss.said.contains(&dead.to_string()), "{miss:?}");
}

#[tokio::test]
async fn a_server_without_tcp_is_told_of_where_an_answer_is_truncated() {
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let at = udp.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 2048];
        while let Ok((length, from)) = udp.recv_from(&mut buffer).await {
            udp.send_to(&answer(&buffer[..length], false).unwrap(), from).await.unwrap();
        }
    });
    let miss = resolver(vec![at]).ask("large.test", RecordKind::A).await.answer.miss().cloned().unwrap();
    let said = format!("{at}: a truncated answer, and over TCP nothing listens on the DNS port there");
    assert_eq!((miss.how, miss.said), (How::Refused, said));
}

#[tokio::test]
async fn a_question_says_what_it_wants() {
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let resolver = resolver(vec![udp.local_addr().unwrap()]);
    let mut ids = std::collections::BTreeSet::new();
    for number in 0..4 {
        let mut buffer = [0; 2048];
        let name = format!("q{number}.test");
        let asked = resolver.ask(&name, RecordKind::Tlsa);
        let heard = async {
            let (length, from) = udp.recv_from(&mut buffer).await.unwrap();
            udp.send_to(&answer(&buffer[..length], false).unwrap(), from).await.unwrap();
            Message::from_vec(&buffer[..length]).unwrap()
        };
        let (_, question) = tokio::join!(asked, heard);
        let bits = question.metadata;
        assert_eq!((bits.recursion_desired, bits.authentic_data, bits.checking_disabled), (true, true, false));
        let edns = question.edns.unwrap();
        assert_eq!((edns.max_payload(), edns.flags().dnssec_ok), (1232, false));
        assert_eq!(question.queries[0].to_string(), format!("{name}. IN TLSA"));
        ids.insert(bits.id);
    }
    assert!(ids.len() > 1, "an identifier that can be foretold: {ids:?}");
}

#[tokio::test]
async fn nothing_is_waited_for_after_the_deadline() {
    let (at, _) = server().await;
    for (name, how) in [("silent.test", How::Deadline), ("tcp-silent.test", How::Deadline)] {
        let began = Instant::now();
        // The second one is not asked any more.
        let resolver = Resolver::new(vec![at, at], Duration::from_secs(10), began + Duration::from_millis(300));
        let miss = resolver.ask(name, RecordKind::A).await.answer.miss().cloned().unwrap();
        assert!(miss.how == how && began.elapsed() < Duration::from_millis(600), "{name}: {miss:?}");
    }
}

/// One seed, one run of luck.
struct Luck(u64);

impl Luck {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

#[tokio::test]
async fn whatever_a_server_sends_ends_in_an_answer_or_a_miss() {
    // Answers with a few bytes changed, cut off or added, each over UDP and over TCP.
    let (udp, tcp, at) = both().await;
    let labels = ["good", "alias", "bogus", "lame", "authority", "secure-gone", "oversize", "tcp-servfail"];
    let spoilt = move |query: &[u8], luck: &mut Luck| {
        let label = labels[luck.below(labels.len())];
        let mut named = Message::from_vec(query).unwrap();
        let question = named.queries[0].clone();
        named.queries[0].set_name(Name::from_str(&format!("{label}.test.")).unwrap());
        let mut response = Message::from_vec(&answer(&named.to_vec().unwrap(), true).unwrap()).unwrap();
        response.queries = vec![question];
        let mut bytes = response.to_vec().unwrap();
        for _ in 0..luck.below(6) {
            // Not the identifier: what has another one is passed over unread.
            let place = 2 + luck.below(bytes.len() - 2);
            match luck.below(4) {
                0 => bytes[place] = luck.below(256) as u8,
                1 => bytes[place] = 0xC0 | luck.below(4) as u8,
                2 => bytes.truncate(place.max(3)),
                _ => bytes.insert(place, 0xFF),
            }
        }
        bytes
    };
    tokio::spawn(async move {
        let (mut buffer, mut luck) = ([0; 2048], Luck(1));
        while let Ok((length, from)) = udp.recv_from(&mut buffer).await {
            let mut bytes = spoilt(&buffer[..length], &mut luck);
            // Every other question is asked again over TCP.
            if luck.below(2) == 0 {
                bytes = buffer[..length].to_vec();
                bytes[2] |= 0x82;
            }
            udp.send_to(&bytes, from).await.unwrap();
        }
    });
    tokio::spawn(async move {
        let mut luck = Luck(2);
        while let Ok((mut stream, _)) = tcp.accept().await {
            let Ok(length) = stream.read_u16().await else { continue };
            let mut query = vec![0; length.into()];
            stream.read_exact(&mut query).await.unwrap();
            let bytes = spoilt(&query, &mut luck);
            // Now and then a length that is not kept, or an answer without end.
            let length = [bytes.len(), bytes.len(), bytes.len() + 9, bytes.len() / 2, 0][luck.below(5)] as u16;
            let times = if luck.below(4) == 0 { 2000 } else { 1 };
            let _ = stream.write_all(&[&length.to_be_bytes(), &*bytes].concat().repeat(times)).await;
        }
    });
    let step = Duration::from_millis(300);
    let resolver = Resolver::new(vec![at], step, Instant::now() + Duration::from_secs(120));
    let mut outcomes = std::collections::BTreeSet::new();
    for hundred in 0..6 {
        let began = Instant::now();
        let asked = (0..100).map(|number| (hundred, number));
        let asked = asked
            .map(async |(hundred, number)| resolver.ask(&format!("n{hundred}{number:02}.test"), RecordKind::A).await);
        for lookup in futures_util::future::join_all(asked).await {
            outcomes.insert(match lookup.answer {
                Observed::Known(answer) => format!("exists: {}", answer.exists),
                Observed::Unknown(miss) => format!("{:?}", miss.how),
                Observed::NotAsked => panic!("{lookup:?}"),
            });
        }
        // A failure is asked three times; an alias leads to another question.
        assert!(began.elapsed() < 8 * step, "{hundred}: {:?}", began.elapsed());
    }
    let expected = ["Protocol", "ServerFailure", "exists: false", "exists: true"];
    assert!(expected.iter().all(|one| outcomes.contains(*one)), "{outcomes:?}");
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
    for name in ["secure-none.test", "secure-gone.test", "tcp-none.test"] {
        assert!(resolver.ask(name, RecordKind::A).await.authenticated, "{name}: what is missing is validated too");
    }
    for name in ["good.test", "nothing.test", "nxdomain.test"] {
        assert!(!resolver.ask(name, RecordKind::A).await.authenticated, "{name}");
    }
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
