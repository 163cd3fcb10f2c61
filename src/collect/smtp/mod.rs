//! The prober: talks to an SMTP hop as far as RCPT, and writes the whole dialogue down.
//!
//! Our own transport and not lettre's: lettre hides bare and mixed codes, hides what came before the TLS handshake, and
//! sets no limit to lines and replies. No mail is ever sent: there is no DATA in this module.
mod reader;
mod tls;

use nsdiag_checks::evidence::smtp::{Handshake, Line, Session, Turn, Who};
use nsdiag_checks::evidence::{How, Miss, Observed, address};
use nsdiag_checks::replies::Stage;
use reader::{Reader, Reply, Stream};
use rustls::pki_types::ServerName;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
pub use tls::TlsTrust;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout_at};

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
}

/// Holds one session with `endpoint`: greeting, EHLO (HELO where EHLO is refused), STARTTLS and EHLO again, MAIL, RCPT
/// for each of `recipients` in order, RSET, QUIT. Without recipients it ends after EHLO.
///
/// Whatever the server does ends in the session's evidence, within the limits of [`Manners`] and of the reader; there is
/// no error and no panic.
pub async fn converse(endpoint: &Endpoint, recipients: &[String], manners: &Manners, trust: &TlsTrust) -> Session {
    let began = Instant::now();
    let mut dialogue = Dialogue {
        session: Session {
            hop: endpoint.hop.clone(),
            started_at: crate::clock::now(),
            transcript: Vec::new(),
            tls: None,
            broke_off: None,
        },
        stage: Stage::Connect,
        encrypted: false,
        began,
        reader: Reader::new(began),
        manners,
    };
    if let Err(miss) = dialogue.run(endpoint, recipients, trust).await {
        dialogue.session.broke_off = Some(miss);
    }
    dialogue.session
}

struct Dialogue<'a> {
    session: Session,
    stage: Stage,
    encrypted: bool,
    began: Instant,
    reader: Reader,
    manners: &'a Manners,
}

/// What EHLO said.
#[derive(Default)]
struct Extensions {
    starttls: bool,
    smtputf8: bool,
}

impl Dialogue<'_> {
    async fn run(&mut self, endpoint: &Endpoint, recipients: &[String], trust: &TlsTrust) -> Result<(), Miss> {
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
        if self.hear(&mut *stream, None).await? >= 400 {
            return self.quit(&mut *stream).await;
        }
        let Some(mut extensions) = self.hello(&mut *stream).await? else { return self.quit(&mut *stream).await };
        if extensions.starttls && self.manners.use_tls {
            self.stage = Stage::StartTls;
            if self.say(&mut *stream, "STARTTLS", None).await? == 220 {
                stream = self.secure(stream, endpoint, trust).await?;
                let Some(again) = self.hello(&mut *stream).await? else { return self.quit(&mut *stream).await };
                extensions = again;
            }
        }
        if recipients.is_empty() {
            return self.quit(&mut *stream).await;
        }
        self.envelope(&mut *stream, recipients, &extensions).await
    }

    /// EHLO, or HELO where EHLO is refused for good; none where neither is taken.
    async fn hello(&mut self, stream: &mut dyn Stream) -> Result<Option<Extensions>, Miss> {
        self.stage = Stage::Ehlo;
        let code = self.say(stream, &format!("EHLO {}", self.manners.ehlo), None).await?;
        if code / 100 == 2 {
            let turn = self.session.transcript.last();
            let offered = |keyword: &str| {
                let keyword_of =
                    |line: &Line| line.text.get(4..).and_then(|rest| rest.split([' ', '=']).next().map(str::to_string));
                turn.is_some_and(|turn| {
                    turn.lines.iter().skip(1).filter_map(keyword_of).any(|word| word.eq_ignore_ascii_case(keyword))
                })
            };
            return Ok(Some(Extensions { starttls: offered("STARTTLS"), smtputf8: offered("SMTPUTF8") }));
        }
        if code / 100 == 4 {
            return Ok(None);
        }
        let code = self.say(stream, &format!("HELO {}", self.manners.ehlo), None).await?;
        Ok((code / 100 == 2).then(Extensions::default))
    }

    /// The TLS handshake after a 220 to STARTTLS (RFC 3207).
    async fn secure(
        &mut self,
        stream: Box<dyn Stream>,
        endpoint: &Endpoint,
        trust: &TlsTrust,
    ) -> Result<Box<dyn Stream>, Miss> {
        self.stage = Stage::Handshake;
        // Whoever sits on the line could have put these bytes there; taken after the handshake they would seem secured.
        if !self.reader.buffer.is_empty() {
            let count = self.reader.buffer.len();
            let said = format!("{count} bytes in clear text followed the reply to STARTTLS");
            return Err(Miss::new(How::TlsInjection, said));
        }
        let (config, seen) = trust.capture().map_err(|error| Miss::new(How::TlsFailed, error))?;
        let host = idna::domain_to_ascii(&endpoint.host).unwrap_or_else(|_| endpoint.host.clone());
        let name = ServerName::try_from(host).unwrap_or_else(|_| ServerName::IpAddress(endpoint.address.ip().into()));
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

    /// MAIL, RCPT for each recipient, RSET, QUIT.
    async fn envelope(
        &mut self,
        stream: &mut dyn Stream,
        recipients: &[String],
        extensions: &Extensions,
    ) -> Result<(), Miss> {
        self.stage = Stage::Mail;
        let international = recipients.iter().any(|recipient| !is_ascii_local(recipient));
        let parameter = if international && extensions.smtputf8 { " SMTPUTF8" } else { "" };
        let mail = format!("MAIL FROM:<{}>{parameter}", self.manners.mail_from);
        if self.say(stream, &mail, None).await? / 100 != 2 {
            return self.quit(stream).await;
        }
        self.stage = Stage::Rcpt;
        for (count, recipient) in recipients.iter().enumerate() {
            let path = match path_of(recipient, extensions.smtputf8) {
                Ok(path) => path,
                Err(why) => {
                    self.note(format!("{recipient} was not asked: {why}"), Some(recipient));
                    continue;
                }
            };
            if count > 0 && !self.manners.pause.is_zero() {
                tokio::time::sleep_until((Instant::now() + self.manners.pause).min(self.manners.deadline)).await;
            }
            self.say(stream, &format!("RCPT TO:<{path}>"), Some(recipient)).await?;
        }
        self.stage = Stage::Rset;
        self.say(stream, "RSET", None).await?;
        self.quit(stream).await
    }

    /// Takes leave. A server that hangs up on QUIT has done what it should, a little early.
    async fn quit(&mut self, stream: &mut dyn Stream) -> Result<(), Miss> {
        self.stage = Stage::Quit;
        let _ = self.say(stream, "QUIT", None).await;
        Ok(())
    }

    /// Sends a command, and hears the reply: its code.
    async fn say(&mut self, stream: &mut dyn Stream, command: &str, recipient: Option<&str>) -> Result<u16, Miss> {
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

    /// Hears one reply: its code. A 421 ends the session (RFC 5321, 3.8).
    async fn hear(&mut self, stream: &mut dyn Stream, recipient: Option<&str>) -> Result<u16, Miss> {
        let asked = Instant::now();
        let mut reply = Reply::default();
        let by = self.by();
        let outcome = self.reader.reply(stream, by, &mut reply).await;
        let whole = outcome.is_ok();
        let code = reply.code.filter(|_| whole);
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
            });
        }
        match (outcome, code) {
            (Err(miss), _) if miss.how == How::TimedOut => Err(self.late(miss.said)),
            (Err(miss), _) => Err(self.at(miss)),
            (Ok(()), Some(421)) if self.stage != Stage::Quit => {
                let text = self.session.transcript.last().map(Turn::text).unwrap_or_default();
                Err(self.at(Miss::new(How::HungUp, format!("the server ended the session: 421 {text}"))))
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
        });
    }
}

/// The address as RCPT may say it, or why it may not.
fn path_of(recipient: &str, smtputf8: bool) -> Result<String, String> {
    // Folding refuses control characters, so that no address can bring a command of its own.
    let folded = address::fold(recipient)?;
    let domain = address::domain(&folded);
    let local = &folded[..folded.len() - domain.len() - 1];
    if !local.is_ascii() && !smtputf8 {
        return Err("its local part needs SMTPUTF8 (RFC 6531), which the server does not offer".into());
    }
    let domain = idna::domain_to_ascii(domain).map_err(|_| "its domain has no ASCII form".to_string())?;
    Ok(format!("{local}@{domain}"))
}

fn is_ascii_local(recipient: &str) -> bool {
    recipient.rsplit_once('@').is_none_or(|(local, _)| local.is_ascii())
}

/// An operating system's error, in words without its number.
fn plain(error: &io::Error) -> String {
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
