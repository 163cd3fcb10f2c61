//! One LDAP session on a stream: requests go out at once, answers come back in any order.
//!
//! Answers wait in short queues: where nobody takes them, reading stops, and the server waits. Nothing piles up.
use super::ber;
use super::message::{self, Answer, Kind, Message, Outcome};
use nsdiag_checks::evidence::{How, Miss};
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// What is read at once.
const CHUNK: usize = 128 * 1024;
/// How many pieces wait for one request: they hold a page of a thousand recipients, so that its end is seen while its
/// beginning is looked at.
const QUEUE: usize = 8;
/// The most that is kept of what a server says in one session, copies included, beside what was asked for in numbers. The
/// global catalog has a session of its own.
const KEPT: usize = 8 * MIB;
const MIB: usize = 1024 * 1024;

/// What a session runs on.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

type Boxed = Box<dyn Stream>;

/// A session.
pub(super) struct Wire {
    shared: Arc<Shared>,
    writer: tokio::sync::Mutex<Option<WriteHalf<Boxed>>>,
    next: AtomicI32,
    kept: AtomicUsize,
    most: AtomicUsize,
    reading: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    /// Who waits for which answers.
    waiting: Mutex<BTreeMap<i32, Waiting>>,
    /// Why it ended, once it has.
    ended: Mutex<Option<Miss>>,
}

struct Waiting {
    /// What was asked.
    kind: Kind,
    pieces: mpsc::Sender<Vec<u8>>,
    end: oneshot::Sender<Vec<u8>>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

impl Wire {
    /// A session on `stream`.
    pub(super) fn new(stream: impl Stream + 'static) -> Self {
        let boxed: Boxed = Box::new(stream);
        let (reader, writer) = tokio::io::split(boxed);
        let shared = Arc::new(Shared::default());
        let reading = tokio::spawn(read(reader, shared.clone()));
        let writer = tokio::sync::Mutex::new(Some(writer));
        Self {
            shared,
            writer,
            next: AtomicI32::new(1),
            kept: AtomicUsize::new(0),
            most: AtomicUsize::new(KEPT),
            reading,
        }
    }

    /// Sends a request; what comes back is taken from the answers.
    pub(super) async fn ask(&self, kind: Kind, operation: &[u8], controls: &[u8]) -> Result<Answers<'_>, Miss> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, pieces) = mpsc::channel(QUEUE);
        let (end, last) = oneshot::channel();
        lock(&self.shared.waiting).insert(id, Waiting { kind, pieces: sender, end });
        // One that had ended before would have nobody to end it.
        if let Some(miss) = lock(&self.shared.ended).clone() {
            return Err(miss);
        }
        self.write(&message::message(id, operation, controls)).await?;
        Ok(Answers { wire: self, pieces, last })
    }

    /// Sends a request with one answer, and awaits it.
    pub(super) async fn ask_once(&self, kind: Kind, operation: &[u8]) -> Result<Outcome, Miss> {
        let mut answers = self.ask(kind, operation, &[]).await?;
        let piece = answers.next().await?;
        match Message::read(&piece)?.answer()? {
            Answer::Outcome(outcome) => Ok(outcome),
            _ => Err(ber::unsound("it answers what was not asked")),
        }
    }

    /// Takes leave, as far as that is possible at once.
    pub(super) async fn leave(&self) {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let _ = self.write(&message::message(id, &message::unbind(), &[])).await;
    }

    async fn write(&self, bytes: &[u8]) -> Result<(), Miss> {
        // Whoever gives up while writing leaves half a message behind, and no writer.
        let mut place = self.writer.lock().await;
        let mut writer = place.take().ok_or_else(|| self.why())?;
        let wrote = async {
            writer.write_all(bytes).await?;
            writer.flush().await
        };
        wrote.await.map_err(|_| self.why())?;
        *place = Some(writer);
        Ok(())
    }

    /// Lets so many bytes more be kept.
    pub(super) fn allow(&self, more: usize) {
        self.most.fetch_add(more, Ordering::Relaxed);
    }

    /// Counts `cost` bytes as kept.
    pub(super) fn keep(&self, cost: usize) -> Result<(), Miss> {
        let most = self.most.load(Ordering::Relaxed);
        match self.kept.fetch_add(cost, Ordering::Relaxed) + cost > most {
            true => Err(Miss::new(How::TooLarge, format!("the directory server sent more than {} MiB", most / MIB))),
            false => Ok(()),
        }
    }

    /// Whether three quarters of what may be kept are kept: what is collected beside the answers stops there, and leaves them room.
    pub(super) fn is_nearly_full(&self) -> bool {
        self.kept.load(Ordering::Relaxed) > self.most.load(Ordering::Relaxed) / 4 * 3
    }

    fn why(&self) -> Miss {
        lock(&self.shared.ended).clone().unwrap_or_else(closed)
    }
}

/// What comes back to one request.
pub(super) struct Answers<'w> {
    wire: &'w Wire,
    pieces: mpsc::Receiver<Vec<u8>>,
    last: oneshot::Receiver<Vec<u8>>,
}

impl Answers<'_> {
    /// The next piece: one message or several, each whole.
    pub(super) async fn next(&mut self) -> Result<Vec<u8>, Miss> {
        self.pieces.recv().await.ok_or_else(|| self.wire.why())
    }

    /// The message that ends the answer, once, as soon as it came: there may be pieces before it that nobody took yet.
    pub(super) fn ahead(&mut self) -> Option<Vec<u8>> {
        self.last.try_recv().ok()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn closed() -> Miss {
    Miss::new(How::HungUp, "the directory server closed the connection")
}

async fn read(mut reader: ReadHalf<Boxed>, shared: Arc<Shared>) {
    let outcome = read_all(&mut reader, &shared).await;
    *lock(&shared.ended) = Some(outcome.err().unwrap_or_else(closed));
    lock(&shared.waiting).clear();
}

async fn read_all(reader: &mut ReadHalf<Boxed>, shared: &Shared) -> Result<(), Miss> {
    let mut buffer = Vec::new();
    let mut chunk = vec![0; CHUNK];
    let mut found = None;
    loop {
        found = run(&buffer, found, shared)?;
        let Some(run) = found else {
            let count = some(reader.read(&mut chunk).await)?;
            buffer.extend_from_slice(&chunk[..count]);
            continue;
        };
        let pieces = lock(&shared.waiting).get(&run.id).map(|one| one.pieces.clone());
        if run.last
            && let Some(waiting) = lock(&shared.waiting).remove(&run.id)
        {
            let _ = waiting.end.send(buffer[run.end..run.length].to_vec());
        }
        let mut ended = Ok(());
        // Whoever gave up waiting is no reason to end.
        if let Some(pieces) = pieces {
            // A server may send thousands of messages one by one: a piece grows while the one before it is looked at.
            if !run.whole && run.length < CHUNK {
                tokio::select! {
                    biased;
                    _ = pieces.reserve_many(QUEUE) => {}
                    count = reader.read(&mut chunk) => match some(count) {
                        Ok(count) => {
                            buffer.extend_from_slice(&chunk[..count]);
                            continue;
                        }
                        Err(miss) => ended = Err(miss),
                    }
                }
            }
            let _ = pieces.send(buffer[..run.length].to_vec()).await;
        }
        buffer.drain(..run.length);
        found = None;
        ended?;
    }
}

/// How many bytes came: an end is an error.
fn some(count: io::Result<usize>) -> Result<usize, Miss> {
    match count {
        Ok(0) => Err(closed()),
        Ok(count) => Ok(count),
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
            Err(Miss::new(How::HungUp, "the directory server reset the connection"))
        }
        Err(error) => Err(Miss::new(How::HungUp, error.to_string())),
    }
}

/// Whole messages that answer the same request.
#[derive(Clone, Copy)]
struct Run {
    id: i32,
    length: usize,
    /// Where its last message begins.
    end: usize,
    /// Whether no more will come.
    last: bool,
    /// Whether what follows is none of it.
    whole: bool,
}

/// The messages at the start of `buffer` that answer the same request, of which `found` were there before.
fn run(buffer: &[u8], mut found: Option<Run>, shared: &Shared) -> Result<Option<Run>, Miss> {
    loop {
        let from = found.map_or(0, |run| run.length);
        let next = match ber::whole(&buffer[from..]) {
            Ok(None) => return Ok(found),
            Ok(Some(length)) => one(&buffer[from..from + length], shared).map(|(id, last)| (id, length, last)),
            Err(miss) => Err(miss),
        };
        match (next, found) {
            (Ok((id, length, last)), known) if known.is_none_or(|run| run.id == id) => {
                found = Some(Run { id, length: from + length, end: from, last, whole: last });
                if last {
                    return Ok(found);
                }
            }
            (Err(miss), None) => return Err(miss),
            // What came before it is told first.
            (_, known) => return Ok(known.map(|run| Run { whole: true, ..run })),
        }
    }
}

/// Of one message: what it answers, and whether that is all.
fn one(message: &[u8], shared: &Shared) -> Result<(i32, bool), Miss> {
    let message = Message::read(message)?;
    if message.id == 0 {
        // One that is not known is passed over.
        return message.notice().map_or(Ok((0, true)), Err);
    }
    let fits = lock(&shared.waiting).get(&message.id).is_some_and(|one| message.fits(one.kind));
    match fits {
        true => Ok((message.id, message.is_last())),
        false => Err(ber::unsound("it answers what was not asked")),
    }
}
