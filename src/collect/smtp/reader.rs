//! Reads replies off the wire, within limits.
//!
//! RFC 5321, 4.5.3.1.5 allows 512 bytes a reply line; servers exceed it, so we take four times that and note it. It
//! sets no limit to the lines of a reply or to a session; ours are far above what EHLO needs and far below what hurts: a
//! session has at most a thousand recipients, so a mebibyte leaves a kilobyte for each. The limits hold in the clear and
//! through TLS alike, for the reader is above both; rustls bounds its own records (RFC 8446, 5.1).
use futures_util::FutureExt as _;
use nsdiag_checks::evidence::smtp::Line;
use nsdiag_checks::evidence::{How, Miss};
use std::fmt::Write;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::time::{Instant, timeout_at};

/// A reply line's limit in bytes.
const LINE: usize = 2048;
/// What RFC 5321 allows, CR LF included.
const LINE_BY_RFC: usize = 512;
/// A reply's limit in lines.
const LINES: usize = 128;
/// A session's limit in bytes.
const SESSION: usize = 1024 * 1024;

/// A connection, in the clear or through TLS.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// The receiving side of one session.
pub(crate) struct Reader {
    pub(crate) buffer: Vec<u8>,
    taken: usize,
    began: Instant,
    /// How the connection ended, where that was seen before anybody waited for a reply.
    ended: Option<Miss>,
}

/// One reply, or as much of it as came.
#[derive(Default)]
pub(crate) struct Reply {
    pub(crate) lines: Vec<Line>,
    pub(crate) code: Option<u16>,
    pub(super) oddities: Vec<String>,
}

impl Reply {
    fn odd(&mut self, what: &str) {
        if !self.oddities.iter().any(|known| known == what) {
            self.oddities.push(what.into());
        }
    }
}

impl Reader {
    pub(crate) fn new(began: Instant) -> Self {
        Self { buffer: Vec::new(), taken: 0, began, ended: None }
    }

    /// Whether the server has said something that nobody has read yet. Waits for nothing.
    pub(crate) async fn something_waits(&mut self, stream: &mut dyn Stream) -> bool {
        if self.buffer.is_empty() && self.ended.is_none() {
            // The runtime looks at its sockets before it comes back to a task that yields.
            tokio::task::yield_now().await;
            if let Some(Err(miss)) = self.fill(stream).now_or_never() {
                self.ended = Some(miss);
            }
        }
        !self.buffer.is_empty()
    }

    /// Reads one whole reply until `by`; what came before a failure is in `reply` all the same.
    pub(crate) async fn reply(&mut self, stream: &mut dyn Stream, by: Instant, reply: &mut Reply) -> Result<(), Miss> {
        let (mut first, mut disagree) = (None, false);
        loop {
            let bytes = self.line(stream, by, reply).await?;
            let at_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
            let text = escape(&bytes, reply);
            let (code, last) = split(&bytes);
            reply.lines.push(Line { at_ms, text });
            let Some(code) = code else {
                return Err(Miss::new(How::Protocol, "what came is not an SMTP reply"));
            };
            if first.is_some_and(|before| before != code) {
                reply.odd("its lines bear different codes, and so it means nothing");
                disagree = true;
            }
            first = first.or(Some(code));
            // RFC 5321, 4.2.1: the code is the same on every line. Where it is not, none of them counts.
            reply.code = first.filter(|_| !disagree);
            if last {
                return Ok(());
            }
            if reply.lines.len() >= LINES {
                return Err(Miss::new(How::TooLarge, format!("the reply has more than {LINES} lines")));
            }
        }
    }

    async fn line(&mut self, stream: &mut dyn Stream, by: Instant, reply: &mut Reply) -> Result<Vec<u8>, Miss> {
        loop {
            if let Some(end) = self.buffer.iter().position(|&byte| byte == b'\n') {
                if end + 1 > LINE_BY_RFC {
                    reply.odd("a line is longer than the 512 bytes that RFC 5321 allows");
                }
                let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
                line.pop();
                match line.last() {
                    Some(b'\r') => drop(line.pop()),
                    _ => reply.odd("a line ends in a bare LF"),
                }
                if line.len() > LINE {
                    return Err(Miss::new(How::TooLarge, format!("a reply line has more than {LINE} bytes")));
                }
                return Ok(line);
            }
            if self.buffer.len() > LINE {
                return Err(Miss::new(How::TooLarge, format!("a reply line has more than {LINE} bytes")));
            }
            let Ok(filled) = timeout_at(by, self.fill(stream)).await else {
                let partly = !self.buffer.is_empty() || !reply.lines.is_empty();
                let said = if partly { "no whole reply in time" } else { "no reply in time" };
                return Err(Miss::new(How::TimedOut, said));
            };
            filled?;
        }
    }

    /// Waits for bytes, and takes what is there.
    async fn fill(&mut self, stream: &mut dyn Stream) -> Result<(), Miss> {
        if let Some(miss) = &self.ended {
            return Err(miss.clone());
        }
        let mut chunk = [0; 4096];
        let count = match stream.read(&mut chunk).await {
            Ok(0) => {
                let cut = if self.buffer.is_empty() { "" } else { " in the middle of a line" };
                return Err(Miss::new(How::HungUp, format!("the server closed the connection{cut}")));
            }
            Ok(count) => count,
            // The way in which rustls reports an alert or a broken record: a server that wants a client's certificate
            // says so only now (RFC 8446, 4.4.2.4).
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(Miss::new(How::TlsFailed, format!("TLS failed after its handshake: {error}")));
            }
            Err(error) => return Err(Miss::new(How::HungUp, super::plain(&error))),
        };
        self.buffer.extend_from_slice(&chunk[..count]);
        self.taken += count;
        if self.taken > SESSION {
            return Err(Miss::new(How::TooLarge, "the server sent more than 1 MiB in one session"));
        }
        Ok(())
    }
}

/// The replies that a server sends with `bytes` before it hangs up, each as its code and lines: the way in for fuzzing.
pub async fn replies_in(bytes: &[u8]) -> Vec<(Option<u16>, Vec<String>)> {
    let mut stream = tokio::io::join(bytes, tokio::io::sink());
    let mut reader = Reader::new(Instant::now());
    let mut replies = Vec::new();
    loop {
        let mut reply = Reply::default();
        let by = Instant::now() + std::time::Duration::from_secs(10);
        let whole = reader.reply(&mut stream, by, &mut reply).await.is_ok();
        replies.push((reply.code, reply.lines.into_iter().map(|line| line.text).collect()));
        if !whole {
            return replies;
        }
    }
}

/// The code of a reply line, and whether the line is the reply's last (RFC 5321, 4.2).
fn split(line: &[u8]) -> (Option<u16>, bool) {
    let digits =
        line.get(..3).filter(|digits| digits.iter().all(u8::is_ascii_digit) && (b'2'..=b'5').contains(&digits[0]));
    let code = digits.map(|digits| digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0')));
    match line.get(3) {
        None | Some(b' ' | b'\t') => (code, true),
        Some(b'-') => (code, false),
        Some(_) => (None, true),
    }
}

/// The line as text; bytes that are not UTF-8, and control characters, as `\xNN`.
fn escape(bytes: &[u8], reply: &mut Reply) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() && c != '\t' {
                reply.odd("it holds control characters");
                // Writing to a String cannot fail.
                let _ = write!(text, "\\x{:02x}", u32::from(c));
            } else {
                text.push(c);
            }
        }
        for byte in chunk.invalid() {
            reply.odd("it holds bytes that are not UTF-8");
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}
