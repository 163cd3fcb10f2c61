//! Reads a bounce, or a message with its headers, whatever product wrote it and however it was saved.
//!
//! Nothing is concluded here: what it says is written down, and `nsdiag_checks::bounce` judges.
mod dsn;
mod forms;
mod heard;
mod mime;
mod notice;
mod notifications;
mod received;
mod sender;
mod text;
mod transcript;
mod words;

use crate::collect::lists::encoding::text_of;
use notice::{DEPTH, of_message, of_pasted};
use nsdiag_checks::evidence::bounce::{Notice, Source};
use std::io::Read;

/// How much of a message is read, in bytes: what a bounce says stands at its beginning.
pub const LIMIT: usize = 16 * 1024 * 1024;

/// Reads what `input` gives, up to [`LIMIT`].
///
/// # Errors
/// In words, behind the name of the input: where it cannot be read, or is no text.
pub fn read(input: &mut dyn Read) -> Result<Notice, String> {
    let mut bytes = Vec::new();
    input.take(LIMIT as u64 + 1).read_to_end(&mut bytes).map_err(|error| format!(": {error}"))?;
    let longer = bytes.len() > LIMIT;
    bytes.truncate(LIMIT);
    let mut notice = read_bytes(&bytes)?;
    if longer {
        notice.notes.push(format!("only its first {} MiB were read", LIMIT / 1024 / 1024));
    }
    Ok(notice)
}

/// What files begin with that hold messages in a form of their own.
const OTHERS: [(&[u8], &str); 5] = [
    (&[0xd0, 0xcf, 0x11, 0xe0], "an Outlook file (.msg): save the message as .eml (or as text), or paste what it says"),
    (&[0x78, 0x9f, 0x3e, 0x22], "a winmail.dat: save the message that it came with"),
    (b"PK\x03\x04", "a zip archive: unpack it first"),
    (&[0x1f, 0x8b], "compressed by gzip: unpack it first"),
    (b"%PDF", "a PDF: save the message as .eml, or paste what it says"),
];

/// Reads a message: MIME, an mbox (its first message), or text out of a mail program or a ticket.
///
/// # Errors
/// In words, behind the name of the input.
pub fn read_bytes(bytes: &[u8]) -> Result<Notice, String> {
    if let Some((_, what)) = OTHERS.iter().find(|(head, _)| bytes.starts_with(head)) {
        return Err(format!(": it is {what}"));
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(": it is empty".into());
    }
    let mut notes = Vec::new();
    // A message may hold bytes of any encoding, and says itself which; a text saved by Windows is UTF-16.
    let wide = bytes.starts_with(&[0xff, 0xfe])
        || bytes.starts_with(&[0xfe, 0xff])
        || bytes.get(..4096.min(bytes.len())).is_some_and(|head| head.contains(&0));
    let decoded;
    let bytes = if wide {
        decoded = text_of(bytes)?.0.into_bytes();
        &decoded[..]
    } else {
        bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes)
    };
    let message = first_of_mbox(bytes, &mut notes);
    let mut notice = match is_message(message) {
        true => mime::parts(message).map(|parts| of_message(&parts, DEPTH)),
        false => None,
    }
    .unwrap_or_default();
    if notice.recipients.is_empty() && notice.source != Source::Headers || !is_message(message) {
        let pasted =
            text_of(message).map(|(text, _)| text).unwrap_or_else(|_| String::from_utf8_lossy(message).into_owned());
        let other = of_pasted(&pasted);
        if !other.recipients.is_empty() || !is_message(message) {
            let marks = std::mem::take(&mut notice.notes);
            notice = other;
            notes.extend(marks.into_iter().filter(|_| notice.recipients.is_empty()));
        }
    }
    notes.append(&mut notice.notes);
    notice.notes = notes;
    Ok(notice)
}

/// Whether the first line is a header of mail.
fn is_message(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(64 * 1024)];
    let head = String::from_utf8_lossy(head);
    let headers = received::headers(&head);
    const KNOWN: [&str; 12] = [
        "received",
        "return-path",
        "from",
        "to",
        "date",
        "subject",
        "message-id",
        "mime-version",
        "content-type",
        "delivered-to",
        "x-original-to",
        "authentication-results",
    ];
    let first = head.lines().next().unwrap_or_default();
    let begins = first.split_once(':').is_some_and(|(name, _)| received::is_name(name));
    begins && headers.iter().filter(|(name, _)| KNOWN.contains(&&**name)).count() >= 2
}

/// The first message of an mbox, without the line that begins it; a message that is none as it is.
fn first_of_mbox<'b>(bytes: &'b [u8], notes: &mut Vec<String>) -> &'b [u8] {
    if !bytes.starts_with(b"From ") {
        return bytes;
    }
    let Some(at) = bytes.iter().position(|byte| *byte == b'\n') else { return bytes };
    let rest = &bytes[at + 1..];
    let next = |mark: &[u8]| rest.windows(mark.len()).position(|part| part == mark);
    match next(b"\n\nFrom ").into_iter().chain(next(b"\r\n\r\nFrom ")).min() {
        Some(end) => {
            notes.push("it holds several messages (mbox): the first one is read".into());
            &rest[..end]
        }
        None => rest,
    }
}
