//! Stands between the server and ldap3: binds on its own connection, then lets whole and sound messages through, no faster
//! than they are taken.
//!
//! It holds what nsdiag demands of a connection, as cheaply as that goes: one look at each byte of structure, no copy of a
//! message, one write for all that came at once. What it does not hold is said in docs/decisions/ldap.md.
use crate::Failed;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Semaphore;

/// The largest message, and how deep its elements may be nested.
const MESSAGE: usize = 8 * 1024 * 1024;
const DEPTH: usize = 12;
/// What is read at once.
const CHUNK: usize = 256 * 1024;
/// How many entries may wait in ldap3, whose own queues have no limit.
const WAITING: usize = 4096;

type Wrong = &'static str;

pub struct Guard {
    inside: Mutex<Option<StdUnixStream>>,
    room: Arc<Semaphore>,
    refused: Arc<Mutex<Option<String>>>,
}

impl Guard {
    /// Connects to a server, binds, and stands between.
    pub async fn open(address: &str, user: &str, password: &str) -> Result<Self, Failed> {
        let mut server = TcpStream::connect(address).await?;
        server.set_nodelay(true)?;
        bind(&mut server, user, password).await?;
        let (inside, outside) = StdUnixStream::pair()?;
        outside.set_nonblocking(true)?;
        let guard =
            Self { inside: Mutex::new(Some(inside)), room: Arc::new(Semaphore::new(WAITING)), refused: Arc::default() };
        let (room, refused) = (guard.room.clone(), guard.refused.clone());
        let outside = UnixStream::from_std(outside)?;
        tokio::spawn(async move {
            let (mut from_server, mut to_server) = server.into_split();
            let (mut from_ldap3, mut to_ldap3) = outside.into_split();
            tokio::spawn(async move { tokio::io::copy(&mut from_ldap3, &mut to_server).await });
            let mut buffer = vec![0; CHUNK];
            let mut held = 0;
            loop {
                // A message that is larger than the buffer makes it grow, up to the limit.
                if held == buffer.len() {
                    buffer.resize(2 * held, 0);
                }
                let Ok(count @ 1..) = from_server.read(&mut buffer[held..]).await else { return };
                held += count;
                let (sound, entries) = match sound(&buffer[..held]) {
                    Ok(sound) => sound,
                    Err(wrong) => {
                        *refused.lock().unwrap_or_else(PoisonError::into_inner) =
                            Some(format!("refused by the guard: {wrong}"));
                        return;
                    }
                };
                let wanted = u32::try_from(entries.min(WAITING)).unwrap_or_default();
                let Ok(room) = room.acquire_many(wanted).await else { return };
                room.forget();
                if to_ldap3.write_all(&buffer[..sound]).await.is_err() {
                    return;
                }
                buffer.copy_within(sound..held, 0);
                held -= sound;
            }
        });
        Ok(guard)
    }

    /// The end for ldap3.
    pub fn inside(&self) -> Result<StdUnixStream, Failed> {
        let inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner).take();
        inside.ok_or_else(|| "it is taken".into())
    }

    /// An entry was taken.
    pub fn taken(&self) {
        self.room.add_permits(1);
    }

    /// What the server sent that was not let through.
    pub fn refused(self) -> Option<String> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A simple bind (RFC 4513, 5.1), whose bytes are wiped.
async fn bind(server: &mut TcpStream, user: &str, password: &str) -> Result<(), Failed> {
    let parts = [element(2, &[3]), element(4, user.as_bytes()), element(0x80, password.as_bytes())].concat();
    let mut request = element(0x30, &[element(2, &[0x7f]), element(0x60, &parts)].concat());
    server.write_all(&request).await?;
    request.fill(0);
    let mut answer = vec![];
    loop {
        let mut chunk = [0; 4096];
        let count = server.read(&mut chunk).await?;
        answer.extend_from_slice(&chunk[..count]);
        match whole(&answer)? {
            Some(length) if length == answer.len() && answer.windows(3).any(|part| part == [10, 1, 0]) => return Ok(()),
            None if count > 0 => {}
            _ => return Err("the bind failed".into()),
        }
    }
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&[tag, 0x84], &length[..], content].concat()
}

/// How many bytes of whole, sound messages there are, and how many entries in them.
fn sound(buffer: &[u8]) -> Result<(usize, usize), Wrong> {
    let (mut at, mut entries) = (0, 0);
    while let Some(length) = whole(&buffer[at..])? {
        entries += usize::from(message(&buffer[at..at + length])?);
        at += length;
    }
    Ok((at, entries))
}

/// The length of the first message, where it is there whole.
fn whole(buffer: &[u8]) -> Result<Option<usize>, Wrong> {
    match buffer {
        [] | [0x30] => return Ok(None),
        [0x30, ..] => {}
        _ => return Err("no LDAP message"),
    }
    let size = usize::from(buffer[1] & 0x7f);
    let (head, length) = match buffer[1] {
        0..=0x7f => (2, size),
        0x81..=0x84 => match buffer.get(2..2 + size) {
            Some(bytes) => (2 + size, number(bytes)),
            None => return Ok(None),
        },
        _ => return Err("a length that is not a definite one"),
    };
    match head + length {
        total if total > MESSAGE => Err("a message of more than 8 MiB"),
        total => Ok((buffer.len() >= total).then_some(total)),
    }
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

/// The next element: its tag, its content, and the rest.
fn next(buffer: &[u8]) -> Result<(u8, &[u8], &[u8]), Wrong> {
    let [tag, first, rest @ ..] = buffer else { return Err("an element that is cut short") };
    let (length, rest) = match *first {
        short @ 0..=0x7f => (usize::from(short), rest),
        long @ 0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(long & 0x7f)).ok_or("a length that is cut short")?;
            (number(bytes), rest)
        }
        _ => return Err("a length that is not a definite one"),
    };
    let (content, rest) = rest.split_at_checked(length).ok_or("an element longer than what holds it")?;
    match tag & 0x1f {
        0x1f => Err("a tag of several bytes"),
        _ => Ok((*tag, content, rest)),
    }
}

fn expect(buffer: &[u8], tag: u8) -> Result<(&[u8], &[u8]), Wrong> {
    match next(buffer)? {
        (found, content, rest) if found == tag => Ok((content, rest)),
        _ => Err("an element of another kind than is due"),
    }
}

fn text(content: &[u8]) -> Result<(), Wrong> {
    std::str::from_utf8(content).map(drop).map_err(|_| "a name or words that are not UTF-8")
}

/// Whether a message is an entry; whatever ldap3 unwraps is looked at. All that is asked for here is one search.
fn message(bytes: &[u8]) -> Result<bool, Wrong> {
    let (parts, _) = expect(bytes, 0x30)?;
    let (id, parts) = expect(parts, 2)?;
    if !(1..=4).contains(&id.len()) || id[0] & 0x80 != 0 {
        return Err("an id that is none");
    }
    let (operation, content, controls) = next(parts)?;
    if id.iter().all(|byte| *byte == 0) {
        return Err("a notice of disconnection");
    }
    match operation {
        0x64 => entry(content)?,
        0x65 => result(content)?,
        0x73 => each(content, |tag, url| if tag == 4 { text(url) } else { Err("a reference that is none") })?,
        _ => return Err("an answer to what was not asked"),
    }
    if !controls.is_empty() {
        let (all, rest) = expect(controls, 0xa0)?;
        each(all, |_, control| expect(control, 4).and_then(|(name, _)| text(name)))?;
        if !rest.is_empty() {
            return Err("a part too many");
        }
        nested(all, DEPTH)?;
    }
    Ok(operation == 0x64)
}

fn each<'a>(mut rest: &'a [u8], mut look: impl FnMut(u8, &'a [u8]) -> Result<(), Wrong>) -> Result<(), Wrong> {
    while !rest.is_empty() {
        let (tag, content, behind) = next(rest)?;
        look(tag, content)?;
        rest = behind;
    }
    Ok(())
}

fn entry(content: &[u8]) -> Result<(), Wrong> {
    let (name, rest) = expect(content, 4)?;
    text(name)?;
    let (attributes, rest) = expect(rest, 0x30)?;
    each(attributes, |_, attribute| {
        let (name, rest) = expect(attribute, 4)?;
        text(name)?;
        let (values, rest) = expect(rest, 0x31)?;
        each(values, |tag, _| if tag == 4 { Ok(()) } else { Err("a value that is no string") })?;
        if rest.is_empty() { Ok(()) } else { Err("a part too many") }
    })?;
    if rest.is_empty() { Ok(()) } else { Err("a part too many") }
}

fn result(content: &[u8]) -> Result<(), Wrong> {
    let (code, rest) = expect(content, 10)?;
    let (matched, rest) = expect(rest, 4)?;
    let (words, rest) = expect(rest, 4)?;
    text(matched)?;
    text(words)?;
    if !(1..=4).contains(&code.len()) {
        return Err("a result code that is none");
    }
    each(rest, |tag, urls| if tag == 0xa3 { each(urls, |_, url| text(url)) } else { Ok(()) })
}

/// That elements of elements are not nested deeper than this: ldap3 reads them by recursion.
fn nested(content: &[u8], depth: usize) -> Result<(), Wrong> {
    if depth == 0 {
        return Err("elements that are nested too deep");
    }
    each(content, |tag, inside| if tag & 0x20 == 0 { Ok(()) } else { nested(inside, depth - 1) })
}
