//! Hosts that play the limits of real servers, as fast as they can otherwise, and write down whom they were asked about.
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a host does.
#[derive(Clone, Copy)]
pub enum Kind {
    /// No limits; so many of a hundred it does not know.
    Quick { unknown: usize },
    /// 20 ms for each recipient.
    Slow,
    /// `TarpitInterval` 5 s, `MaxProtocolErrors` 5 (Set-ReceiveConnector).
    Exchange,
    /// `smtpd_soft_error_limit` 10, `smtpd_error_sleep_time` 1 s, `smtpd_hard_error_limit` 20 (postconf(5)).
    Postfix,
    /// The check of the default configuration: `$rcpt_count` above 10, fewer than half accepted.
    Exim,
    /// One of these, with so many of a hundred that it does not know.
    Limited(Limited, usize),
}

/// A host with limits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Limited {
    Exchange,
    Postfix,
    Exim,
}

impl Kind {
    pub fn not_knowing(self, unknown: usize) -> Self {
        match self {
            Self::Exchange => Self::Limited(Limited::Exchange, unknown),
            Self::Postfix => Self::Limited(Limited::Postfix, unknown),
            Self::Exim => Self::Limited(Limited::Exim, unknown),
            other => other,
        }
    }

    fn unknown(self) -> usize {
        match self {
            Self::Quick { unknown } | Self::Limited(_, unknown) => unknown,
            _ => 0,
        }
    }

    fn limited(self) -> Option<Limited> {
        if let Self::Limited(limited, _) = self { Some(limited) } else { None }
    }
}

/// Whether a user of this number is one of the `share` of a hundred who are not known.
pub fn is_unknown(number: usize, share: usize) -> bool {
    number * 37 % 100 < share
}

#[derive(Default)]
struct Seen {
    asked: Mutex<Vec<String>>,
    answered: AtomicUsize,
    open: AtomicUsize,
    data: AtomicBool,
    limits: Mutex<BTreeMap<&'static str, usize>>,
}

/// A host on loopback.
pub struct Host {
    pub address: SocketAddr,
    seen: Arc<Seen>,
}

impl Host {
    pub fn start(kind: Kind) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let shared = seen.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = shared.clone();
                seen.open.fetch_add(1, SeqCst);
                std::thread::spawn(move || {
                    // A client that is killed in the middle ends its session; that is what it is about.
                    let _ = session(kind, stream, &seen);
                    seen.open.fetch_sub(1, SeqCst);
                });
            }
        });
        Self { address, seen }
    }

    /// How many recipients were answered since the last `take`.
    pub fn answered(&self) -> usize {
        self.seen.answered.load(SeqCst)
    }

    /// Waits until no session is open.
    pub fn quiet(&self) {
        while self.seen.open.load(SeqCst) > 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Whom it was asked about since the last time.
    pub fn take(&self) -> Vec<String> {
        self.seen.answered.store(0, SeqCst);
        std::mem::take(&mut self.seen.asked.lock().unwrap())
    }

    pub fn heard_data(&self) -> bool {
        self.seen.data.load(SeqCst)
    }

    /// In how many sessions each limit was shown.
    pub fn limits_shown(&self) -> BTreeMap<&'static str, usize> {
        self.seen.limits.lock().unwrap().clone()
    }
}

fn session(kind: Kind, stream: TcpStream, seen: &Seen) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = BufWriter::new(stream);
    let limited = kind.limited();
    writer.write_all(b"220 mx1.contoso.com ESMTP\r\n")?;
    writer.flush()?;
    let (mut count, mut refusals) = (0, 0);
    let mut shown: Option<&'static str> = None;
    let mut line = String::new();
    loop {
        // Replies go out when nothing more waits to be read, as Postfix and Exim do.
        if reader.buffer().is_empty() {
            writer.flush()?;
        }
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let command = line.trim_end();
        let verb = command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        if verb != "RCPT" {
            seen.data.fetch_or(verb == "DATA", SeqCst);
            let reply: &[u8] = match &*verb {
                "EHLO" => b"250-mx1.contoso.com\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
                "QUIT" => b"221 2.0.0 Bye\r\n",
                "MAIL" | "RSET" => b"250 2.0.0 Ok\r\n",
                _ => b"502 5.5.2 Error: command not recognized\r\n",
            };
            writer.write_all(reply)?;
            if verb == "QUIT" {
                return writer.flush();
            }
            continue;
        }
        let address = command.split(['<', '>']).nth(1).unwrap_or_default().to_string();
        let number = address.strip_prefix('u').and_then(|rest| rest.get(..5)?.parse::<usize>().ok());
        let known = number.map_or(address.starts_with("helpdesk@"), |number| !is_unknown(number, kind.unknown()));
        let mut limit = |what: &'static str| {
            if shown.replace(what).is_none() {
                *seen.limits.lock().unwrap().entry(what).or_default() += 1;
            }
        };
        match limited {
            Some(Limited::Exim) if count >= 10 && (count - refusals) * 2 < count + 1 => {
                limit("bad recipients");
                writer.write_all(b"550 Rejected for too many bad recipients\r\n")?;
                continue;
            }
            Some(Limited::Postfix) if refusals >= 10 => {
                writer.flush()?;
                std::thread::sleep(Duration::from_secs(1));
            }
            // Hosts that answer at once leave nothing to estimate.
            Some(Limited::Exim) => std::thread::sleep(Duration::from_millis(50)),
            Some(Limited::Postfix) => std::thread::sleep(Duration::from_millis(20)),
            Some(Limited::Exchange) if !known => {
                writer.flush()?;
                std::thread::sleep(Duration::from_secs(5));
            }
            None if matches!(kind, Kind::Slow) => std::thread::sleep(Duration::from_millis(20)),
            // About as fast as a real server: a run is long enough to be killed in the middle.
            None if count % 20 == 0 => std::thread::sleep(Duration::from_millis(1)),
            _ => {}
        }
        count += 1;
        refusals += usize::from(!known);
        seen.asked.lock().unwrap().push(address);
        seen.answered.fetch_add(1, SeqCst);
        writer.write_all(match known {
            true => b"250 2.1.5 Ok\r\n" as &[u8],
            false => b"550 5.1.1 Recipient address rejected: User unknown in relay recipient table\r\n",
        })?;
        let drop = match limited {
            Some(Limited::Exchange) if refusals >= 5 => {
                Some("Too many errors on this connection, closing transmission channel")
            }
            Some(Limited::Postfix) if refusals >= 20 => Some("mx1.contoso.com Error: too many errors"),
            _ => None,
        };
        if let Some(text) = drop {
            limit("errors");
            writer.write_all(format!("421 4.7.0 {text}\r\n").as_bytes())?;
            return writer.flush();
        }
    }
}

/// A DNS server that knows no name.
pub struct Dns {
    pub address: SocketAddr,
}

impl Dns {
    pub fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        std::thread::spawn(move || {
            let mut buffer = [0; 1500];
            while let Ok((count, from)) = socket.recv_from(&mut buffer) {
                let Some(query) = buffer.get(..count.max(12)) else { continue };
                let mut reply = query.to_vec();
                // A response, NXDOMAIN, with the question alone (RFC 1035, 4.1.1).
                (reply[2], reply[3]) = (0x84 | reply[2] & 1, 3);
                reply[6..12].fill(0);
                let mut end = 12;
                while reply.get(end).is_some_and(|length| *length > 0) {
                    end += usize::from(reply[end]) + 1;
                }
                reply.truncate(end + 5);
                let _ = socket.send_to(&reply, from);
            }
        });
        Self { address }
    }
}
