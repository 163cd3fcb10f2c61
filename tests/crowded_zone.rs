//! A zone that names more mail hosts, or addresses of them, than anybody visits.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
use hickory_proto::op::{Message, MessageType};
use hickory_proto::rr::rdata::{A, MX};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::process::Command;
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

/// What the zone says; 1,200 mail hosts fit into the 64 KiB of an answer.
fn answer(query: &[u8], tcp: bool, [hosts, addresses]: [usize; 2]) -> Vec<u8> {
    let query = Message::from_vec(query).unwrap();
    let question = query.queries[0].clone();
    let (name, kind) = (question.name().clone(), question.query_type());
    let mut response = Message::new(query.metadata.id, MessageType::Response, query.metadata.op_code);
    response.add_query(question);
    let ours = name.to_ascii() == "contoso.com.";
    let records: Vec<RData> = match kind {
        RecordType::MX if ours => (0..hosts)
            .map(|nth| RData::MX(MX::new(10, Name::from_str(&format!("m{nth}.contoso.com.")).unwrap())))
            .collect(),
        RecordType::A if !ours && name.to_ascii().starts_with('m') => {
            (0..addresses).map(|nth| RData::A(A::new(127, 9, 9, nth as u8))).collect()
        }
        _ => vec![],
    };
    if records.len() > 20 && !tcp {
        response.metadata.truncation = true;
    } else {
        response.answers = records.into_iter().map(|data| Record::from_rdata(name.clone(), 60, data)).collect();
    }
    response.to_vec().unwrap()
}

/// Serves the zone for as long as the test runs.
fn zone(size: [usize; 2]) -> SocketAddr {
    let (udp, tcp) = loop {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()) {
            break (udp, tcp);
        }
    };
    let at = udp.local_addr().unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 2048];
        while let Ok((length, from)) = udp.recv_from(&mut buffer) {
            udp.send_to(&answer(&buffer[..length], false, size), from).unwrap();
        }
    });
    thread::spawn(move || {
        for mut stream in tcp.incoming().map_while(Result::ok) {
            let mut length = [0; 2];
            if stream.read_exact(&mut length).is_err() {
                continue;
            }
            let mut query = vec![0; u16::from_be_bytes(length).into()];
            stream.read_exact(&mut query).unwrap();
            let response = answer(&query, true, size);
            let length = u16::try_from(response.len()).unwrap().to_be_bytes();
            stream.write_all(&[&length, &*response].concat()).unwrap();
        }
    });
    at
}

#[test]
fn what_is_beyond_the_limit_is_told_and_leaves_the_verdict_open() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [([usize; 2], &[&str]); 2] = [
        ([1200, 1], &["not probed: 1136 of the 1200 MX hosts"]),
        (
            [200, 100],
            &["not probed: 136 of the 200 MX hosts", "not probed: 6144 of the 6400 addresses of the gateways"],
        ),
    ];
    for (size, expected) in cases {
        let resolver = zone(size).to_string();
        let began = Instant::now();
        for skip in ["NSD203", "smtp"] {
            let output = Command::new(env!("CARGO_BIN_EXE_nsdiag"))
                .args(["check", "contoso.com", "--config", "/dev/null", "--resolver", &resolver, "--skip", skip])
                .args(["--timeout", "5", "--deadline", "60", "--format", "json", "--recipient", "a@contoso.com"])
                .env("HOME", folder.path())
                .current_dir(folder.path())
                .output()
                .unwrap();
            let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(report["verdict"], "unknown", "{size:?}");
            assert!(report["evidence"]["hops"].as_array().unwrap().len() <= 256);
            let gaps: Vec<&str> =
                report["gaps"].as_array().unwrap().iter().map(|gap| gap["what"].as_str().unwrap()).collect();
            for one in expected {
                assert!(gaps.contains(one), "{one}: {gaps:?}");
            }
            // Of each hop that is visited a few things are missing.
            assert!(gaps.len() < 1000, "{}", gaps.len());
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    }
}
