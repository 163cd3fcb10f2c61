//! One question to one server: hickory's pool asks, and what its sockets hear is kept.
//!
//! The pool picks identifiers, sends again what may be lost, and goes over to TCP where an answer is truncated (RFC 7766).
//! It makes less of what comes than a report has to tell: garbage and a closed port are silence to it, a failure loses
//! its words, "no such record" its flags, and whatever goes wrong over TCP is "truncated". So it works with sockets that
//! remember; their memory speaks where the pool has no answer. Nothing more is sent for that.
use async_trait::async_trait;
use futures_io::{AsyncRead, AsyncWrite};
use futures_util::FutureExt as _;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::{
    DnsTcpStream, DnsUdpSocket, RuntimeProvider, TokioHandle, TokioRuntimeProvider, TokioTime,
};
use hickory_resolver::net::xfer::{DnsHandle as _, FirstAnswer as _};
use hickory_resolver::proto::op::{Message, MessageType, Query, ResponseCode};
use hickory_resolver::{NameServerPool, PoolContext, TlsConfig};
use std::io;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::net::UdpSocket;

/// Why there is no answer, and whether a truncated one had come before.
pub(super) struct Failed {
    pub(super) truncated: bool,
    pub(super) why: Why,
}

/// What came in place of an answer.
pub(super) enum Why {
    /// Nothing in time.
    Silence,
    /// The network's own word.
    Network(io::Error),
    /// Something that cannot be read.
    Malformed,
    /// Something that is no answer to the question.
    Other,
    /// Over TCP, an answer that is truncated as well.
    Truncated,
    /// hickory gave up, in its own words.
    Library(String),
}

/// Asks `server`, which has `within` to answer. Whatever it sends, this ends by then, and does not panic.
pub(super) async fn ask(server: SocketAddr, question: Message, within: Duration) -> Result<Message, Failed> {
    let query = question.queries.first().cloned().unwrap_or_default();
    let sockets = Sockets { server, query, tokio: TokioRuntimeProvider::new(), heard: Arc::default() };
    // A pool for each question: what its sockets hear is about no other one, and nothing of it is left afterwards.
    let asked = async {
        let mut options = ResolverOpts::default();
        options.timeout = within;
        // Of the system's own range, which is what a host's firewall expects.
        options.os_port_selection = true;
        let lines = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut line| {
            line.port = server.port();
            line
        });
        let server = NameServerConfig::new(server.ip(), true, lines.into());
        let context = PoolContext::new(options, TlsConfig::new()?);
        let pool = NameServerPool::from_config([server], Arc::new(context), sockets.clone());
        pool.send(question.into()).first_answer().await
    };
    let why = match tokio::time::timeout(within, AssertUnwindSafe(asked).catch_unwind()).await {
        Ok(Ok(Ok(response))) => return Ok(response.into_message()),
        Ok(Ok(Err(NetError::Timeout))) | Err(_) => Why::Silence,
        Ok(Ok(Err(error))) => Why::Library(error.to_string()),
        Ok(Err(_)) => Why::Library("it panicked".into()),
    };
    std::mem::take(&mut *sockets.heard()).told(why)
}

/// What was heard since the last connection was made.
#[derive(Default)]
struct Heard {
    /// Over TCP, after a truncated answer.
    tcp: bool,
    /// What was sent, which begins with the identifier; over TCP with the length.
    sent: Vec<u8>,
    answer: Option<Message>,
    /// What came last and is none.
    instead: Option<Why>,
}

impl Heard {
    /// What it comes to where the pool has no answer, but `why`.
    fn told(self, why: Why) -> Result<Message, Failed> {
        let failed = |truncated, why| Err(Failed { truncated, why });
        match self.answer {
            // The pool turns to TCP for these two; a failure needs no more room than it had.
            Some(answer) if answer.metadata.truncation && !fails(&answer) => {
                failed(true, if self.tcp { Why::Truncated } else { Why::Silence })
            }
            Some(answer) => Ok(answer),
            None => failed(self.tcp, self.instead.unwrap_or(why)),
        }
    }

    /// Whether `bytes` answer `query`; they are kept if they do.
    fn takes(&mut self, bytes: &[u8], query: &Query) -> bool {
        let from = if self.tcp { 2 } else { 0 };
        let ours = self.sent.get(from..from + 2).is_some_and(|id| bytes.starts_with(id));
        match Message::from_vec(bytes) {
            Ok(message) if ours && answers(&message, query) => {
                self.answer = Some(message);
                return true;
            }
            // A datagram with another identifier may be anybody's; at the other end of a connection is the server.
            _ if !self.tcp && !ours => {}
            Ok(_) => self.instead = Some(Why::Other),
            Err(_) => self.instead = Some(Why::Malformed),
        }
        false
    }
}

fn answers(message: &Message, query: &Query) -> bool {
    message.metadata.message_type == MessageType::Response
        // Servers that fail may leave the question out.
        && (message.queries == std::slice::from_ref(query) || message.queries.is_empty() && fails(message))
}

fn fails(message: &Message) -> bool {
    !matches!(message.response_code, ResponseCode::NoError | ResponseCode::NXDomain)
}

/// Makes hickory's connections to `server`.
#[derive(Clone)]
struct Sockets {
    server: SocketAddr,
    query: Query,
    tokio: TokioRuntimeProvider,
    heard: Arc<Mutex<Heard>>,
}

impl Sockets {
    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers an error of the network.
    fn failed(&self, error: io::Error) -> io::Error {
        let again = error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error);
        self.heard().instead = Some(Why::Network(error));
        again
    }
}

type Connecting<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;
type Tcp = <TokioRuntimeProvider as RuntimeProvider>::Tcp;

impl RuntimeProvider for Sockets {
    type Handle = TokioHandle;
    type Timer = TokioTime;
    type Udp = Line<UdpSocket>;
    type Tcp = Line<Tcp>;

    fn create_handle(&self) -> TokioHandle {
        self.tokio.create_handle()
    }

    /// Connected: it takes datagrams of this server alone, and hears when the port is closed.
    fn bind_udp(&self, local: SocketAddr, _: SocketAddr) -> Connecting<Line<UdpSocket>> {
        let sockets = self.clone();
        Box::pin(async move {
            let connected = async {
                let socket = UdpSocket::bind(local).await?;
                socket.connect(sockets.server).await?;
                Ok(socket)
            };
            let socket = connected.await.map_err(|error| sockets.failed(error))?;
            Ok(Line { socket, sockets, came: Vec::new() })
        })
    }

    fn connect_tcp(&self, _: SocketAddr, local: Option<SocketAddr>, within: Option<Duration>) -> Connecting<Line<Tcp>> {
        let sockets = self.clone();
        *sockets.heard() = Heard { tcp: true, ..Heard::default() };
        let connecting = self.tokio.connect_tcp(self.server, local, within);
        Box::pin(async move {
            let socket = connecting.await.map_err(|error| sockets.failed(error))?;
            Ok(Line { socket, sockets, came: Vec::new() })
        })
    }
}

/// A socket that remembers.
struct Line<S> {
    socket: S,
    sockets: Sockets,
    /// Over TCP: the answer as far as it has come, behind its length.
    came: Vec<u8>,
}

#[async_trait]
impl DnsUdpSocket for Line<UdpSocket> {
    type Time = TokioTime;

    async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        // hickory's buffer is as large as the question allows; not every server keeps to that.
        let mut datagram = vec![0; 65_535];
        loop {
            let count = self.socket.recv(&mut datagram).await.map_err(|error| self.sockets.failed(error))?;
            let mut heard = self.sockets.heard();
            // Anything that is not an answer to this very question may be forged: it is passed over, and told of where
            // nothing better comes.
            if !heard.takes(&datagram[..count], &self.sockets.query) {
                continue;
            }
            // What hickory would wait past: it is heard already.
            if heard.answer.as_ref().is_some_and(|answer| answer.queries.is_empty()) {
                return Err(io::ErrorKind::InvalidData.into());
            }
            let count = count.min(buffer.len());
            buffer[..count].copy_from_slice(&datagram[..count]);
            return Ok((count, self.sockets.server));
        }
    }

    async fn send_to(&self, bytes: &[u8], _: SocketAddr) -> io::Result<usize> {
        self.sockets.heard().sent = bytes.to_vec();
        self.socket.send(bytes).await.map_err(|error| self.sockets.failed(error))
    }

    // Asked for by the trait, and by nothing that is used here: tokio's polling does not hear of a closed port.
    fn poll_recv_from(&self, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }

    fn poll_send_to(&self, _: &mut Context<'_>, _: &[u8], _: SocketAddr) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }
}

impl DnsTcpStream for Line<Tcp> {
    type Time = TokioTime;
}

impl AsyncRead for Line<Tcp> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let line = &mut *self;
        // One answer is all; the rest of what a server says is not read.
        if line.sockets.heard().answer.is_some() {
            return Poll::Ready(Ok(0));
        }
        let count = ready!(Pin::new(&mut line.socket).poll_read(cx, buffer)).and_then(|count| match count {
            0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "early eof")),
            count => Ok(count),
        });
        let count = count.map_err(|error| line.sockets.failed(error))?;
        line.came.extend_from_slice(&buffer[..count]);
        if let Some((length, bytes)) = line.came.split_first_chunk()
            && let Some(bytes) = bytes.get(..u16::from_be_bytes(*length).into())
            && !line.sockets.heard().takes(bytes, &line.sockets.query)
        {
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        Poll::Ready(Ok(count))
    }
}

impl AsyncWrite for Line<Tcp> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.socket).poll_write(cx, bytes))?;
        self.sockets.heard().sent.extend_from_slice(&bytes[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_close(cx)
    }
}
