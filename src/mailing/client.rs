//! An SMTP client that sends one mail: the only place in nsdiag that says DATA.
//!
//! All of it has one deadline; replies are read within the limits of the reader that probes have, too. It sends nothing
//! before the line is what the configuration wants: TLS, a certificate that the roots vouch for, EHLO asked again.
use super::{Letter, Line, Login, SmartHost};
use crate::collect::smtp::reader::{self, Reader, Stream};
use crate::collect::smtp::{envelope, plain, tls};
use crate::collect::tcp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::Address;
use nsdiag_checks::evidence::How;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

/// How long the smart host may take to say goodbye once it has the mail.
const LEAVE: Duration = Duration::from_secs(2);

/// What became of a mail for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The smart host answers for it: its reply.
    Taken(String),
    /// It refuses it for good: its reply.
    Refused(String),
    /// It was not sent, and may be sent again: why.
    NotSent(String),
    /// It was sent, and nobody knows whether it was taken: why.
    Unsure(String),
}

/// Delivers `letter` to the first of `addresses` that lets us in.
pub(super) async fn deliver(
    host: &SmartHost,
    addresses: &[SocketAddr],
    letter: &Letter,
    ehlo: &str,
    trust: Arc<ClientConfig>,
    by: Instant,
) -> Vec<(Address, Fate)> {
    let stream = match connected(&host.host, addresses, by).await {
        Ok(stream) => stream,
        Err(why) => return letter.every(&Fate::NotSent(why)),
    };
    let mut session = Session {
        host: &host.host,
        stream,
        reader: Reader::new(Instant::now()),
        by,
        step: "waiting for the greeting",
        fates: vec![None; letter.to().len()],
        ended: false,
    };
    let done = session.hold(host, letter, ehlo, trust).await;
    let why = done.err().unwrap_or_default();
    let Session { fates, ended, .. } = session;
    let open = match ended {
        true => Fate::Unsure(why),
        false => Fate::NotSent(why),
    };
    letter.to().iter().cloned().zip(fates.into_iter().map(|fate| fate.unwrap_or_else(|| open.clone()))).collect()
}

async fn connected(host: &str, addresses: &[SocketAddr], by: Instant) -> Result<Box<dyn Stream>, String> {
    if addresses.is_empty() {
        return Err(format!("{host} has no address"));
    }
    let mut tried = Vec::new();
    for (at, address) in addresses.iter().enumerate() {
        // Who does not answer leaves the others their share of the time.
        let left = by.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - at).unwrap_or(u32::MAX);
        tried.push(match tokio::time::timeout(share, tcp::connect(*address)).await {
            Ok(Ok(stream)) => return Ok(Box::new(stream)),
            Ok(Err(error)) => format!("{address}: {}", plain(&error)),
            Err(_) => format!("{address}: no answer within {:.0} s", share.as_secs_f32()),
        });
    }
    Err(format!("no connection with {host} ({})", tried.join(", ")))
}

/// One reply: its code, and all of it in one line.
struct Reply {
    code: u16,
    said: String,
    lines: Vec<String>,
}

/// What a smart host offers after EHLO.
#[derive(Default)]
struct Offers {
    starttls: bool,
    smtputf8: bool,
    /// The largest message in bytes, where it says one (RFC 1870).
    size: Option<usize>,
    takes_size: bool,
    mechanisms: Vec<String>,
}

impl Offers {
    fn read(lines: &[String]) -> Self {
        let mut offers = Self::default();
        for line in lines.iter().skip(1) {
            let mut words = line.split([' ', '=']).map(str::to_ascii_uppercase);
            match words.next().unwrap_or_default().as_str() {
                "STARTTLS" => offers.starttls = true,
                "SMTPUTF8" => offers.smtputf8 = true,
                "SIZE" => {
                    offers.takes_size = true;
                    // 0 is no limit (RFC 1870, 4).
                    offers.size = words.next().and_then(|most| most.parse().ok()).filter(|most| *most > 0);
                }
                "AUTH" => offers.mechanisms.extend(words),
                _ => {}
            }
        }
        offers
    }
}

struct Session<'a> {
    host: &'a str,
    stream: Box<dyn Stream>,
    reader: Reader,
    by: Instant,
    /// Where it is, in words.
    step: &'static str,
    /// What has become of the mail, recipient by recipient.
    fates: Vec<Option<Fate>>,
    /// Whether the end of the message has been sent.
    ended: bool,
}

impl Session<'_> {
    async fn hold(
        &mut self,
        host: &SmartHost,
        letter: &Letter,
        ehlo: &str,
        trust: Arc<ClientConfig>,
    ) -> Result<(), String> {
        let name =
            envelope::host(ehlo).ok_or_else(|| format!("'{}' cannot be our name in EHLO", ehlo.escape_debug()))?;
        if matches!(host.line, Line::Wrapped(_)) {
            self.secure(trust.clone()).await?;
        }
        self.step = "waiting for the greeting";
        let greeting = self.hear().await?;
        self.wants(220, &greeting, "no mail is taken")?;
        let mut offers = self.hello(&name).await?;
        if let Line::StartTls(_) = host.line {
            self.step = "at STARTTLS";
            if !offers.starttls {
                return Err(format!("{} offers no STARTTLS, and nothing is sent in the clear", self.host));
            }
            let reply = self.say("STARTTLS").await?;
            self.wants(220, &reply, "STARTTLS is refused, and nothing is sent in the clear")?;
            // Whoever sits on the line could have put these bytes there; taken after the handshake they would seem secured.
            if self.reader.something_waits(&mut *self.stream).await {
                let count = self.reader.buffer.len();
                return Err(format!("{}: {count} bytes in clear text followed the reply to STARTTLS", self.host));
            }
            self.secure(trust).await?;
            // What was offered in the clear counts for nothing (RFC 3207, 4.2).
            offers = self.hello(&name).await?;
        }
        if let Some(login) = host.login() {
            self.step = "at AUTH";
            self.authenticate(login, &offers).await?;
        }
        self.transfer(letter, &offers).await?;
        self.by = self.by.min(Instant::now() + LEAVE);
        // The mail is where it should be, whatever is said of this.
        let _ = self.say("QUIT").await;
        Ok(())
    }

    async fn secure(&mut self, trust: Arc<ClientConfig>) -> Result<(), String> {
        let host = self.host;
        let name: ServerName =
            tls::server_name(host).ok_or_else(|| format!("'{host}' can be in no certificate: name the smart host"))?;
        // Until the handshake is through there is nothing to talk to.
        let clear = std::mem::replace(&mut self.stream, Box::new(tokio::io::empty()));
        match timeout_at(self.by, tokio_rustls::TlsConnector::from(trust).connect(name, clear)).await {
            Ok(Ok(stream)) => {
                self.stream = Box::new(stream);
                Ok(())
            }
            Ok(Err(error)) => {
                let hint = match error.to_string().contains("UnknownIssuer") {
                    true => "; roots of your own are named by --ca, or ca_files of [tls]",
                    false => "",
                };
                Err(format!("the TLS handshake with {host} failed: {error}{hint}"))
            }
            Err(_) => Err(format!("the TLS handshake with {host} did not end in time")),
        }
    }

    async fn hello(&mut self, name: &str) -> Result<Offers, String> {
        self.step = "at EHLO";
        let reply = self.say(&format!("EHLO {name}")).await?;
        self.wants(250, &reply, "EHLO is refused")?;
        Ok(Offers::read(&reply.lines))
    }

    /// PLAIN (RFC 4616), else LOGIN. A line that this is called for is encrypted: none other has a login.
    async fn authenticate(&mut self, login: &Login, offers: &Offers) -> Result<(), String> {
        let offered = |wanted: &str| offers.mechanisms.iter().any(|name| name == wanted);
        let base64 = |text: &str| Zeroizing::new(STANDARD.encode(text));
        let (user, password) = (&login.user, login.password.shown());
        let reply = if offered("PLAIN") {
            let plain = Zeroizing::new(format!("\0{user}\0{password}"));
            self.say(&Zeroizing::new(format!("AUTH PLAIN {}", *base64(&plain)))).await?
        } else if offered("LOGIN") {
            let asks_for_user = self.say("AUTH LOGIN").await?;
            self.wants(334, &asks_for_user, "AUTH LOGIN is refused")?;
            let asks_for_password = self.say(&base64(user)).await?;
            self.wants(334, &asks_for_password, "AUTH LOGIN asks for no password")?;
            self.say(&base64(password)).await?
        } else {
            let offered = match offers.mechanisms.is_empty() {
                true => "no AUTH".to_string(),
                false => format!("AUTH {} alone", offers.mechanisms.join(" ")),
            };
            return Err(format!("{} offers {offered}, and PLAIN or LOGIN is needed for '{user}'", self.host));
        };
        self.wants(235, &reply, &format!("'{user}' is not let in"))
    }

    /// MAIL, RCPT, DATA, the message.
    async fn transfer(&mut self, letter: &Letter, offers: &Offers) -> Result<(), String> {
        self.step = "at MAIL";
        let size = letter.bytes().len();
        if let Some(most) = offers.size.filter(|most| *most < size) {
            return Err(format!("the mail has {size} bytes, and {} takes {most}", self.host));
        }
        let from = letter.from().map_or(Ok(String::new()), |from| envelope::path(from.as_ref()));
        let from = from.map_err(|why| format!("the sender cannot stand in a command: {why}"))?;
        let international = !letter.bytes().is_ascii();
        if international && !offers.smtputf8 {
            return Err(format!(
                "an address of the mail needs SMTPUTF8 (RFC 6531), which {} does not offer",
                self.host
            ));
        }
        let mut mail = format!("MAIL FROM:<{from}>");
        if offers.takes_size {
            mail.push_str(&format!(" SIZE={size}"));
        }
        if international {
            mail.push_str(" BODY=8BITMIME SMTPUTF8");
        }
        let reply = self.say(&mail).await?;
        if reply.code / 100 != 2 {
            return self.all_refused(&reply, "the sender");
        }
        self.step = "at RCPT";
        for (at, address) in letter.to().iter().enumerate() {
            let path = match envelope::path(address.as_ref()) {
                Ok(path) => path,
                Err(why) => {
                    self.fates[at] = Some(Fate::Refused(format!("it cannot stand in a command: {why}")));
                    continue;
                }
            };
            let reply = self.say(&format!("RCPT TO:<{path}>")).await?;
            self.fates[at] = match reply.code {
                421 => return Err(self.wrong(&reply, "the session was ended")),
                200..300 => None,
                400..500 => Some(Fate::NotSent(self.in_words(&reply))),
                500.. => Some(Fate::Refused(reply.said)),
                _ => return Err(self.wrong(&reply, "no reply to RCPT bears such a code")),
            };
        }
        if self.fates.iter().all(Option::is_some) {
            return Ok(());
        }
        self.step = "at DATA";
        let reply = self.say("DATA").await?;
        match reply.code {
            354 => {}
            400.. => return self.all_refused(&reply, "DATA"),
            _ => return Err(self.wrong(&reply, "DATA is not answered with 354")),
        }
        self.step = "in the message";
        self.nothing_waits().await?;
        self.write(&stuffed(letter.bytes())).await?;
        // What is said before the end of the message is no word on the whole of it.
        self.nothing_waits().await?;
        self.step = "after the message";
        self.ended = true;
        let unsure = "; whether it was taken is not known";
        self.write(b".\r\n").await.map_err(|why| why + unsure)?;
        let reply = self.hear().await.map_err(|why| why + unsure)?;
        let fate = match reply.code {
            200..300 => Fate::Taken(reply.said),
            400..500 => Fate::NotSent(self.in_words(&reply)),
            500.. => Fate::Refused(reply.said),
            _ => return Err(self.wrong(&reply, "no reply to a message bears such a code")),
        };
        self.fates.iter_mut().filter(|open| open.is_none()).for_each(|open| *open = Some(fate.clone()));
        Ok(())
    }

    /// A refusal of MAIL or DATA is everybody's who has not one of his own.
    fn all_refused(&mut self, reply: &Reply, what: &str) -> Result<(), String> {
        let said = format!("{what}: {}", reply.said);
        let fate = match reply.code {
            421 => return Err(self.wrong(reply, "the session was ended")),
            400..500 => Fate::NotSent(format!("{} put off {said}", self.host)),
            500.. => Fate::Refused(said),
            _ => return Err(self.wrong(reply, &format!("{what} is answered with an odd code"))),
        };
        self.fates.iter_mut().filter(|open| open.is_none()).for_each(|open| *open = Some(fate.clone()));
        Ok(())
    }

    /// That a reply has this code, or else what is wrong.
    fn wants(&self, code: u16, reply: &Reply, wrong: &str) -> Result<(), String> {
        if reply.code == code { Ok(()) } else { Err(self.wrong(reply, wrong)) }
    }

    fn wrong(&self, reply: &Reply, what: &str) -> String {
        format!("{what} ({}): {}", self.step, self.in_words(reply))
    }

    fn in_words(&self, reply: &Reply) -> String {
        format!("{} says {}", self.host, reply.said)
    }

    /// Sends a command, and hears the reply to it.
    async fn say(&mut self, command: &str) -> Result<Reply, String> {
        self.nothing_waits().await?;
        let line = Zeroizing::new([command.as_bytes(), b"\r\n"].concat());
        match self.write(&line).await {
            Ok(()) => self.hear().await,
            // A server that refuses and hangs up at once has often said why.
            Err(why) => self.hear().await.map_err(|_| why),
        }
    }

    /// That nothing was said which nobody had asked for: it would be heard as the answer to what is said next.
    async fn nothing_waits(&mut self) -> Result<(), String> {
        if !self.reader.something_waits(&mut *self.stream).await {
            return Ok(());
        }
        let unasked = self.hear().await?;
        Err(self.wrong(&unasked, "nobody had asked for what was said"))
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        let sent = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        match timeout_at(self.by, sent).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.broken(&plain(&error))),
            Err(_) => Err(self.broken("it took nothing more in time")),
        }
    }

    async fn hear(&mut self) -> Result<Reply, String> {
        let mut reply = reader::Reply::default();
        let heard = self.reader.reply(&mut *self.stream, self.by, &mut reply).await;
        heard.map_err(|miss| match (miss.how, reply.lines.last()) {
            (How::Protocol, Some(line)) => self.broken(&format!("{}: {}", miss.said, line.text)),
            _ => self.broken(&miss.said),
        })?;
        let code = reply.code.ok_or_else(|| self.broken("the lines of one reply bear different codes"))?;
        let lines: Vec<String> = reply.lines.iter().map(|line| line.text.get(4..).unwrap_or_default().into()).collect();
        Ok(Reply { code, said: format!("{code} {}", lines.join(" ")).trim_end().into(), lines })
    }

    fn broken(&self, why: &str) -> String {
        format!("{}: {why} ({})", self.host, self.step)
    }
}

/// The message with the line ends of SMTP, each dot at a line's beginning doubled (RFC 5321, 4.5.2), and no bare CR or LF
/// that somebody could take for the end of it.
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + message.len() / 50 + 2);
    let mut rest = message;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len());
        if rest[0] == b'.' {
            out.push(b'.');
        }
        out.extend_from_slice(&rest[..end]);
        out.extend_from_slice(b"\r\n");
        let ending = if rest[end..].starts_with(b"\r\n") { 2 } else { 1 };
        rest = rest.get(end + ending..).unwrap_or_default();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_a_message_ends_it() {
        let cases: [(&str, &str); 9] = [
            ("", ""),
            ("a", "a\r\n"),
            ("a\r\nb\r\n", "a\r\nb\r\n"),
            (".\r\n", "..\r\n"),
            ("a\r\n.\r\n..b\r\n", "a\r\n..\r\n...b\r\n"),
            ("a\n.\nb", "a\r\n..\r\nb\r\n"),
            ("a\r.\rb", "a\r\n..\r\nb\r\n"),
            ("a\r\n\r\n", "a\r\n\r\n"),
            ("a\n\r.\r\n", "a\r\n\r\n..\r\n"),
        ];
        for (message, expected) in cases {
            assert_eq!(String::from_utf8(stuffed(message.as_bytes())).unwrap(), expected, "{message:?}");
        }
    }

    #[test]
    fn what_is_offered_is_read_in_any_case() {
        let read = |text: &str| Offers::read(&text.lines().map(String::from).collect::<Vec<_>>());
        let offers = read("STARTTLS at your service\nsize 1000\nAuth plain Login\nAUTH=LOGIN\n8BITMIME\nSmtpUtf8");
        assert!(!offers.starttls && offers.smtputf8 && offers.takes_size);
        assert_eq!((offers.size, offers.mechanisms.join(" ")), (Some(1000), "PLAIN LOGIN LOGIN".into()));
        assert_eq!(read("h\nSIZE 0").size, None);
        assert_eq!(read("h\nSIZE x").size, None);
        assert!(read("h\nstarttls").starttls);
    }
}
