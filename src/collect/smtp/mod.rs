//! The prober: talks to an SMTP hop as far as RCPT, and writes the whole dialogue down.
//!
//! Our own transport and not lettre's: lettre hides bare and mixed codes, hides what came before the TLS handshake, and
//! sets no limit to lines and replies. No mail is ever sent: there is no DATA in this module.
pub(crate) mod envelope;
mod group;
pub(crate) mod reader;
mod script;
pub(crate) mod tls;

use crate::stop::Stop;
use nsdiag_checks::evidence::smtp::{Handshake, Line, Session, Turn, Who};
use nsdiag_checks::evidence::{How, Miss, Observed};
use nsdiag_checks::replies::Stage;
#[doc(hidden)]
pub use reader::replies_in;
use reader::{Reader, Reply, Stream};
use rustls::pki_types::ServerName;
pub use script::{Offers, Script};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
pub use tls::TlsTrust;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout_at};

/// How many replies that nobody asked for are heard before one command.
const UNASKED: usize = 8;
/// How long a session may take to say goodbye once the user wants to stop.
const GRACE: Duration = Duration::from_secs(2);

/// One SMTP end point.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The hop's id in the evidence.
    pub hop: String,
    /// Its name, for TLS; an address where no name is known.
    pub host: String,
    /// Where to connect.
    pub address: SocketAddr,
}

/// How to behave in a session.
#[derive(Clone, Debug)]
pub struct Manners {
    /// The name to give in EHLO.
    pub ehlo: String,
    /// The address to give in MAIL.
    pub mail_from: String,
    /// The time for one network step: connecting, one whole reply, the TLS handshake.
    pub step: Duration,
    /// When the run ends.
    pub deadline: Instant,
    /// The time to wait between two RCPT commands.
    pub pause: Duration,
    /// Whether to use STARTTLS where it is offered.
    pub use_tls: bool,
    /// How many RCPT commands may be on the way at once where the server offers PIPELINING (RFC 2920); 1 is none.
    pub window: usize,
    /// The user's wish to stop.
    pub stop: Stop,
}

/// Holds one session with `endpoint` about each of `recipients`, in order; without recipients it ends after EHLO.
pub async fn converse(endpoint: &Endpoint, recipients: &[String], manners: &Manners, trust: &TlsTrust) -> Session {
    let mut list = script::Recipients::new(recipients, manners.window);
    hold(endpoint, &mut list, manners, trust).await
}

/// Holds one session with `endpoint`: greeting, EHLO (HELO where EHLO is refused), STARTTLS and EHLO again, MAIL, RCPT
/// for whom `script` names, RSET, QUIT. Where it names nobody to begin with, the session ends after EHLO.
///
/// A reply counts for a command only if it came after it. What a server says unasked is written down without a code,
/// so that it is never taken for what the server says of the next recipient (RFC 5321, 4.2: one reply a command). Where
/// commands are pipelined, replies count in their order, and only once their number has turned out to be right.
///
/// Whatever the server does ends in the session's evidence, within the limits of [`Manners`] and of the reader; there is
/// no error and no panic.
pub async fn hold(endpoint: &Endpoint, script: &mut dyn Script, manners: &Manners, trust: &TlsTrust) -> Session {
    let began = Instant::now();
    let mut dialogue = Dialogue {
        session: Session {
            hop: endpoint.hop.clone(),
            started_at: crate::clock::now(),
            sister: None,
            transcript: Vec::new(),
            tls: None,
            broke_off: None,
        },
        stage: Stage::Connect,
        encrypted: false,
        began,
        reader: Reader::new(began),
        manners,
        told: 0,
        group: 0,
    };
    let stopped = async {
        manners.stop.raised().await;
        tokio::time::sleep(GRACE).await;
    };
    let ended = tokio::select! {
        ended = dialogue.run(endpoint, script, trust) => ended,
        () = stopped => Err(Miss::new(How::Deadline, "the run was interrupted")),
    };
    dialogue.session.broke_off = ended.err();
    dialogue.tell(script);
    dialogue.session
}

struct Dialogue<'a> {
    session: Session,
    stage: Stage,
    encrypted: bool,
    began: Instant,
    reader: Reader,
    manners: &'a Manners,
    /// How much of the transcript the script has heard.
    told: usize,
    /// Where in the transcript the last group of pipelined commands begins; 0 where there was none.
    group: usize,
}

impl Dialogue<'_> {
    async fn run(&mut self, endpoint: &Endpoint, script: &mut dyn Script, trust: &TlsTrust) -> Result<(), Miss> {
        let not_ours = |why| Miss::new(How::NotTried, why);
        let Some(ehlo) = envelope::host(&self.manners.ehlo) else {
            return Err(not_ours(format!("'{}' cannot be our name in EHLO", self.manners.ehlo.escape_debug())));
        };
        let sender = envelope::sender(&self.manners.mail_from).map_err(|why| {
            not_ours(format!("'{}' cannot be the sender: {why}", self.manners.mail_from.escape_debug()))
        })?;
        if self.manners.deadline <= self.began {
            return Err(Miss::new(How::Deadline, "the run's deadline came before the connection"));
        }
        let by = self.by();
        let tcp = match timeout_at(by, super::tcp::connect(endpoint.address)).await {
            Ok(Ok(tcp)) => tcp,
            Ok(Err(error)) => return Err(connect_miss(&error)),
            Err(_) => return Err(self.late(format!("no connection within {} s", self.manners.step.as_secs_f32()))),
        };
        let from = tcp.local_addr().map_or_else(|_| String::new(), |from| format!(" from {}", from.ip()));
        self.note(format!("connected to {}{from}", endpoint.address), None);
        let mut stream: Box<dyn Stream> = Box::new(tcp);

        self.stage = Stage::Greeting;
        if self.hear(&mut *stream, None).await? / 100 != 2 {
            return self.quit(&mut *stream).await;
        }
        let Some(mut offers) = self.hello(&mut *stream, &ehlo).await? else {
            return self.quit(&mut *stream).await;
        };
        if offers.starttls && self.manners.use_tls {
            self.stage = Stage::StartTls;
            if self.say(&mut *stream, "STARTTLS", None).await? == 220 {
                stream = self.secure(stream, endpoint, trust).await?;
                let Some(again) = self.hello(&mut *stream, &ehlo).await? else { return self.quit(&mut *stream).await };
                offers = again;
            }
        }
        script.stands(&offers);
        let first = script.next();
        if first.is_empty() {
            return self.quit(&mut *stream).await;
        }
        self.envelope(&mut *stream, &sender, first, script, &offers).await
    }

    /// EHLO, or HELO where EHLO is refused for good; none where neither is taken.
    async fn hello(&mut self, stream: &mut dyn Stream, name: &str) -> Result<Option<Offers>, Miss> {
        self.stage = Stage::Ehlo;
        let code = self.say(stream, &format!("EHLO {name}"), None).await?;
        if code / 100 == 2 {
            return Ok(Some(self.session.transcript.last().map(Offers::read).unwrap_or_default()));
        }
        if code / 100 != 5 {
            return Ok(None);
        }
        let code = self.say(stream, &format!("HELO {name}"), None).await?;
        Ok((code / 100 == 2).then(Offers::default))
    }

    /// The TLS handshake after a 220 to STARTTLS (RFC 3207).
    async fn secure(
        &mut self,
        mut stream: Box<dyn Stream>,
        endpoint: &Endpoint,
        trust: &TlsTrust,
    ) -> Result<Box<dyn Stream>, Miss> {
        self.stage = Stage::Handshake;
        // Whoever sits on the line could have put these bytes there; taken after the handshake they would seem secured.
        if self.reader.something_waits(&mut *stream).await {
            let count = self.reader.buffer.len();
            let said = format!("{count} bytes in clear text followed the reply to STARTTLS");
            return Err(Miss::new(How::TlsInjection, said));
        }
        // Without a usable name the address is asked for, which means no SNI, and no name to judge.
        let named = tls::server_name(&endpoint.host);
        let (config, seen) = trust.capture(named.is_some()).map_err(|error| Miss::new(How::TlsFailed, error))?;
        let name = named.unwrap_or_else(|| ServerName::IpAddress(endpoint.address.ip().into()));
        let connecting = tokio_rustls::TlsConnector::from(config).connect(name, stream);
        let done = timeout_at(self.by(), connecting).await;
        let seen = std::mem::take(&mut *seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        let miss = match done {
            Ok(Ok(stream)) => {
                let (_, connection) = stream.get_ref();
                let version = match connection.protocol_version() {
                    Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2".to_string(),
                    Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3".to_string(),
                    other => format!("{other:?}"),
                };
                let cipher = connection.negotiated_cipher_suite();
                // rustls names TLS 1.3 suites TLS13_…; IANA's register says TLS_….
                let cipher = cipher.map_or_else(String::new, |suite| format!("{:?}", suite.suite()));
                let cipher = cipher.replace("TLS13_", "TLS_");
                self.note(format!("{version} with {cipher}"), None);
                self.session.tls = Some(seen.into_evidence(Observed::Known(Handshake { version, cipher })));
                self.encrypted = true;
                return Ok(Box::new(stream));
            }
            Ok(Err(error)) => tls::handshake_miss(&error),
            Err(_) => self.late("the TLS handshake after STARTTLS did not end in time".into()),
        };
        self.session.tls = Some(seen.into_evidence(Observed::Unknown(miss.clone())));
        Err(miss)
    }

    /// MAIL, RCPT for whom the script names, RSET, QUIT.
    async fn envelope(
        &mut self,
        stream: &mut dyn Stream,
        sender: &str,
        first: Vec<String>,
        script: &mut dyn Script,
        offers: &Offers,
    ) -> Result<(), Miss> {
        self.stage = Stage::Mail;
        let smtputf8 = offers.smtputf8 && (!sender.is_ascii() || script.international());
        if !sender.is_ascii() && !smtputf8 {
            let said = format!("the sender {sender} needs SMTPUTF8 (RFC 6531), which the server does not offer");
            self.quit(stream).await?;
            return Err(Miss::new(How::NotTried, said));
        }
        let parameter = if smtputf8 { " SMTPUTF8" } else { "" };
        let mail = format!("MAIL FROM:<{sender}>{parameter}");
        if self.say(stream, &mail, None).await? / 100 != 2 {
            return self.quit(stream).await;
        }
        self.tell(script);
        self.stage = Stage::Rcpt;
        let mut group = first;
        let mut asked = false;
        while !group.is_empty() {
            let commands = self.commands(&group, smtputf8);
            if asked && !commands.is_empty() && !self.manners.pause.is_zero() {
                tokio::time::sleep_until((Instant::now() + self.manners.pause).min(self.manners.deadline)).await;
                if Instant::now() >= self.manners.deadline {
                    return Err(Miss::new(How::Deadline, "the run's deadline came in the pause before the next RCPT"));
                }
            }
            asked |= !commands.is_empty();
            self.ask(stream, &commands).await?;
            self.tell(script);
            group = script.next();
        }
        self.stage = Stage::Rset;
        self.say(stream, "RSET", None).await?;
        self.quit(stream).await
    }

    /// What RCPT says of each of `recipients`; who cannot be asked about is noted.
    fn commands(&mut self, recipients: &[String], smtputf8: bool) -> Vec<(String, String)> {
        let mut commands = Vec::new();
        for recipient in recipients {
            let path = envelope::path(recipient).and_then(|path| match path.is_ascii() || smtputf8 {
                true => Ok(path),
                false => Err("its local part needs SMTPUTF8 (RFC 6531), which the server does not offer".into()),
            });
            match path {
                Ok(path) => commands.push((recipient.clone(), format!("RCPT TO:<{path}>"))),
                Err(why) => self.note(format!("{} was not asked: {why}", recipient.escape_debug()), Some(recipient)),
            }
        }
        commands
    }

    /// Lets the script hear what is new in the transcript.
    fn tell(&mut self, script: &mut dyn Script) {
        if self.told < self.session.transcript.len() {
            script.heard(&self.session, self.told);
            self.told = self.session.transcript.len();
        }
    }

    /// Takes leave. A server that hangs up on QUIT has done what it should, a little early.
    async fn quit(&mut self, stream: &mut dyn Stream) -> Result<(), Miss> {
        self.stage = Stage::Quit;
        match self.say(stream, "QUIT", None).await {
            Ok(221 | 400..) => {}
            // The reply to RSET, a command too late: one of the group's replies was one too many (RFC 5321, 4.3.2).
            Ok(_) if self.group > 0 => {
                if let Some(turn) = self.session.transcript.last_mut() {
                    turn.unasked = true;
                }
                self.void(group::TOO_MANY);
                return Err(Miss::new(How::Protocol, group::TOO_MANY));
            }
            Ok(_) => {}
            Err(miss) if miss.how == How::Protocol && self.group > 0 => return Err(miss),
            Err(miss) => self.note(miss.said, None),
        }
        Ok(())
    }

    /// Sends a command, and hears the reply: its code.
    async fn say(&mut self, stream: &mut dyn Stream, command: &str, recipient: Option<&str>) -> Result<u16, Miss> {
        self.unasked(stream, command).await?;
        self.turn(Who::Client, command.into(), recipient);
        let by = self.by();
        let sent = async {
            stream.write_all(format!("{command}\r\n").as_bytes()).await?;
            stream.flush().await
        };
        match timeout_at(by, sent).await {
            Ok(Ok(())) => self.hear(stream, recipient).await,
            Ok(Err(error)) => {
                // A server that refuses and hangs up at once has often said why.
                let heard = self.hear(stream, recipient).await;
                heard.map_err(|_| self.at(Miss::new(How::HungUp, plain(&error))))
            }
            Err(_) => Err(self.late("the command could not be sent in time".into())),
        }
    }

    /// Writes down what the server said unasked before `command`, so that it is not heard as the answer to it.
    async fn unasked(&mut self, stream: &mut dyn Stream, command: &str) -> Result<(), Miss> {
        let verb = command.split([' ', ':']).next().unwrap_or_default();
        for _ in 0..UNASKED {
            if !self.reader.something_waits(stream).await {
                return Ok(());
            }
            if self.group > 0 {
                return Err(self.too_many(stream).await);
            }
            let code = self.hear(stream, None).await?;
            if let Some(turn) = self.session.transcript.last_mut().filter(|_| code != 421) {
                (turn.code, turn.latency_ms, turn.unasked) = (None, None, true);
                turn.oddities.push(format!("it came before {verb} was sent and answers nothing"));
            }
        }
        Err(self.at(Miss::new(How::Protocol, format!("the server said {UNASKED} replies that nobody had asked for"))))
    }

    /// Hears one reply: its code. A 421 ends the session (RFC 5321, 3.8).
    async fn hear(&mut self, stream: &mut dyn Stream, recipient: Option<&str>) -> Result<u16, Miss> {
        let asked = Instant::now();
        let mut reply = Reply::default();
        let by = self.by();
        let outcome = self.reader.reply(stream, by, &mut reply).await;
        let whole = outcome.is_ok();
        let mut code = reply.code.filter(|_| whole);
        // RFC 5321, 4.3.2: RCPT is answered with 2xx, 4xx or 5xx. Whatever else comes means nothing.
        if self.stage == Stage::Rcpt && code.is_some_and(|code| !matches!(code / 100, 2 | 4 | 5)) {
            reply.oddities.push("no reply to RCPT bears such a code, and so it means nothing".into());
            code = None;
        }
        if !reply.lines.is_empty() {
            self.session.transcript.push(Turn {
                who: Who::Server,
                stage: self.stage,
                tls: self.encrypted,
                lines: reply.lines,
                code,
                recipient: recipient.map(String::from),
                latency_ms: whole.then(|| u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX)),
                oddities: reply.oddities,
                unasked: false,
            });
        }
        match (outcome, code) {
            (Err(miss), _) if miss.how == How::TimedOut => Err(self.late(miss.said)),
            (Err(miss), _) => Err(self.at(miss)),
            (Ok(()), Some(421)) if self.stage != Stage::Quit => {
                let text = self.session.transcript.last().map(Turn::text).unwrap_or_default();
                Err(self.at(Miss::new(How::HungUp, format!("the server ended the session: 421 {text}"))))
            }
            // Without a code for a whole step nobody knows whether the session may go on.
            (Ok(()), None) if self.stage != Stage::Rcpt && self.stage != Stage::Quit => {
                Err(self.at(Miss::new(How::Protocol, "the lines of one reply bear different codes")))
            }
            (Ok(()), code) => Ok(code.unwrap_or_default()),
        }
    }

    /// When the current step must be over.
    fn by(&self) -> Instant {
        (Instant::now() + self.manners.step).min(self.manners.deadline)
    }

    /// The miss of a step that took too long.
    fn late(&self, said: String) -> Miss {
        if Instant::now() >= self.manners.deadline {
            return self.at(Miss::new(How::Deadline, format!("{said}; the run's deadline came")));
        }
        self.at(Miss::new(How::TimedOut, said))
    }

    /// The miss with the step at which it came.
    fn at(&self, miss: Miss) -> Miss {
        let step = match self.stage {
            Stage::Connect | Stage::Handshake => return miss,
            Stage::Greeting => "waiting for the greeting",
            Stage::Ehlo => "at EHLO",
            Stage::StartTls => "at STARTTLS",
            Stage::Mail => "at MAIL",
            Stage::Rcpt => "at RCPT",
            Stage::Rset => "at RSET",
            Stage::Data => "at DATA",
            Stage::Quit => "at QUIT",
        };
        Miss::new(miss.how, format!("{} ({step})", miss.said))
    }

    fn note(&mut self, text: String, recipient: Option<&str>) {
        self.turn(Who::Prober, text, recipient);
    }

    fn turn(&mut self, who: Who, text: String, recipient: Option<&str>) {
        let at_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.session.transcript.push(Turn {
            who,
            stage: self.stage,
            tls: self.encrypted,
            lines: vec![Line { at_ms, text }],
            code: None,
            recipient: recipient.map(String::from),
            latency_ms: None,
            oddities: Vec::new(),
            unasked: false,
        });
    }
}

/// An operating system's error, in words without its number.
pub(crate) fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionReset => "the server reset the connection".into(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof => "the server closed the connection".into(),
        io::ErrorKind::ConnectionRefused => "connection refused".into(),
        io::ErrorKind::HostUnreachable => "no route to the host".into(),
        io::ErrorKind::NetworkUnreachable => "no route to the network".into(),
        _ => error.to_string(),
    }
}

/// A connection that did not come about.
fn connect_miss(error: &io::Error) -> Miss {
    let how = match error.kind() {
        io::ErrorKind::ConnectionRefused => How::Refused,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => How::HungUp,
        io::ErrorKind::TimedOut => How::TimedOut,
        _ => How::Unreachable,
    };
    Miss::new(how, plain(error))
}
