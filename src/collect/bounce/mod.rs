//! Reads a bounce, or a message with its headers, whatever product wrote it and however it was saved.
//!
//! Nothing is concluded here: what it says is written down, and `nsdiag_checks::bounce` judges.
mod dsn;
mod forms;
mod heard;
mod mime;
mod notifications;
mod received;
mod text;
mod transcript;

use crate::collect::lists::encoding::text_of;
use forms::{PRODUCT, REPORTER};
use heard::{cut, hear, settle, tidy};
use mime::{Parts, value};
use nsdiag_checks::evidence::address;
use nsdiag_checks::evidence::bounce::{Notice, Said, Source, Speaker};
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
    let starts = |from: usize| {
        rest[from..].windows(7).position(|part| part == b"\n\nFrom ").map(|at| from + at).or_else(|| None)
    };
    let crlf = rest.windows(9).position(|part| part == b"\r\n\r\nFrom ");
    match starts(0).into_iter().chain(crlf).min() {
        Some(end) => {
            notes.push("it holds several messages (mbox): the first one is read".into());
            &rest[..end]
        }
        None => rest,
    }
}

/// How deep a notice may be within other messages: somebody forwards it, and somebody forwards that.
const DEPTH: usize = 4;

fn of_message(parts: &Parts, depth: usize) -> Notice {
    let (mut notice, copy) = of_itself(parts);
    let tells = |notice: &Notice| notice.recipients.iter().any(|said| said.code.is_some() || said.status.is_some());
    if tells(&notice) {
        return notice;
    }
    if depth > 0 {
        let inline = mime::parts(skip_to_header(&copy).as_bytes()).filter(is_notice);
        for inner in parts.inner.iter().chain(&inline) {
            let mut other = of_message(inner, depth - 1);
            let better = !other.recipients.is_empty() && (notice.recipients.is_empty() || tells(&other));
            // The message that came back is no notice of this bounce, whatever it holds.
            if better && (is_notice(inner) || tells(&other)) {
                other.notes.push("the notice is a message that another one carries".into());
                return other;
            }
        }
    }
    if !notice.recipients.is_empty() {
        return notice;
    }
    // A message with its headers: how it travelled is all that it tells.
    if notice.received.is_empty() {
        notice.received = received::passages(&parts.headers);
    }
    if !notice.received.is_empty() {
        notice.source = Source::Headers;
    }
    notice.notes.extend(parts.marks.iter().map(|mark| format!("it is {mark}")));
    if notice.notes.is_empty() && is_automatic(parts) {
        notice.notes.push("it is an automatic answer, and no bounce".into());
    }
    notice
}

fn is_automatic(parts: &Parts) -> bool {
    let auto = parts.header("auto-submitted").to_ascii_lowercase();
    auto.starts_with("auto-") || !parts.header("x-autoreply").is_empty() || !parts.header("x-autorespond").is_empty()
}

/// What the message itself says, and the copy that its text ends in.
fn of_itself(parts: &Parts) -> (Notice, String) {
    let subject = parts.header("subject");
    let texts: String = parts.texts.iter().map(|text| format!("{text}\n\n")).collect();
    let mut notice = Notice::default();
    let returned = parts.inner.first().map(|inner| inner.headers.clone()).filter(|headers| !headers.is_empty());
    let mut returned = returned.unwrap_or_else(|| parts.returned.clone());
    let is_notice = is_notice(parts);
    let header_lines: String = parts.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    let marks = format!("{header_lines}\n{}\n{texts}", parts.status.join("\n"));
    let sender = sender_host(parts);
    let failed = text::addresses(parts.header("x-failed-recipients"));
    let mut from_text = of_text(&parts.texts, subject, is_notice, sender.as_deref(), &failed);
    if returned.is_empty() {
        returned = std::mem::take(&mut from_text.returned);
    }
    for text in &parts.status {
        let (reporter, said) = dsn::read(text);
        notice.reporting_host = notice.reporting_host.take().or(reporter);
        notice.recipients.extend(said);
        notice.source = Source::Dsn;
    }
    notice.recipients.truncate(text::MOST);
    if notice.recipients.is_empty() {
        notice.source = Source::Text;
        notice.recipients = std::mem::take(&mut from_text.said);
    } else {
        for said in &mut notice.recipients {
            let same =
                |one: &&Said| one.address.is_some() && (one.address == said.address || one.address == said.written_to);
            let told = from_text.said.iter().find(same);
            let told =
                told.or_else(|| from_text.said.first().filter(|_| from_text.said.len() == 1 && said.address.is_none()));
            let dialogue =
                from_text.dialogue.iter().find(|one| one.address.is_some() && one.address == said.address).or_else(
                    || from_text.dialogue.first().filter(|one| one.address.is_none() || said.address.is_none()),
                );
            if let Some(told) = told {
                complete(said, told);
            }
            if let Some(refused) = dialogue {
                let mut told = Said { address: said.address.clone(), ..Said::default() };
                text::apply(&mut told, refused);
                complete(said, &told);
            }
        }
    }
    notice.reporting_host = notice.reporting_host.take().or(from_text.reporter).or(sender);
    notice.product = PRODUCT.first(cut(&marks, 256 * 1024)).map(|(_, form)| form.product);
    notice.notes.extend(from_text.note.map(String::from));
    finish(&mut notice, parts, &returned, is_notice);
    (notice, from_text.copy)
}

/// Takes from the text for people what the fields for machines leave out.
fn complete(said: &mut Said, told: &Said) {
    said.address = said.address.take().or_else(|| told.address.clone());
    said.stage = said.stage.or(told.stage);
    if told.code.is_some() {
        // Sendmail keeps the first line of several alone.
        let cut_off = said.code == told.code && told.text.len() > said.text.len() && {
            let plain = |text: &str| text.split_whitespace().collect::<String>();
            plain(&told.text).starts_with(&plain(&said.text))
        };
        if said.code.is_none() && said.action.is_trouble() || cut_off {
            (said.code, said.text) = (told.code, told.text.clone());
        }
    } else if said.code.is_none() && !said.text.contains(char::is_alphabetic) {
        said.text.clone_from(&told.text);
    }
    if matches!(said.by, Speaker::Untold | Speaker::Unnamed) && matches!(told.by, Speaker::Host(_)) {
        said.by = told.by.clone();
    }
}

/// Settles what depends on the whole notice.
fn finish(notice: &mut Notice, parts: &Parts, returned: &[(String, String)], is_notice: bool) {
    if notice.recipients.iter().all(|said| said.address.is_none()) {
        let failed = text::addresses(parts.header("x-failed-recipients"));
        let to = text::addresses(value(returned, "to"));
        let known = if failed.is_empty() && to.len() == 1 { to } else { failed };
        let first = notice.recipients.first().cloned();
        if let (true, [..]) = (is_notice && !known.is_empty(), &known[..]) {
            notice.recipients = known
                .into_iter()
                .map(|address| Said { address: Some(address), ..first.clone().unwrap_or_default() })
                .collect();
        }
    }
    for said in &mut notice.recipients {
        if said.action.is_trouble() {
            settle(said, notice.reporting_host.as_deref());
        }
    }
    notice.received = received::passages(returned);
}

/// What the text of a notice says.
#[derive(Default)]
struct FromText {
    said: Vec<Said>,
    reporter: Option<String>,
    dialogue: Vec<transcript::Refused>,
    returned: Vec<(String, String)>,
    copy: String,
    note: Option<&'static str>,
}

/// Reads a notice's texts. Where nothing marks the message as a notice, only what holds a reply counts. `failed` are the
/// addresses that its headers call failed.
fn of_text(texts: &[String], subject: &str, is_notice: bool, sender: Option<&str>, failed: &[String]) -> FromText {
    if let Some((reporter, said)) = texts.iter().find_map(|text| notifications::read(text)) {
        let note = said.is_empty().then_some("it is a complaint about a message that arrived, or another notification");
        return FromText { said, reporter, note, ..FromText::default() };
    }
    let (mut notice, mut copy) = (String::new(), String::new());
    for text in texts {
        let plain = text::unquoted(text);
        let (own, of_message) = text::split(plain.as_deref().unwrap_or(text));
        notice.push_str(&own);
        notice.push_str("\n\n");
        copy.push_str(&of_message);
    }
    let first = FromText { returned: received::headers(skip_to_header(&copy)), copy, ..FromText::default() };
    let reporter = REPORTER.first(&notice).and_then(|(caught, _)| caught.name("host").map(|host| tidy(host.as_str())));
    if dsn::is_in(&notice) {
        let (by, said) = dsn::read(&notice);
        return FromText { said, reporter: by.or(reporter), ..first };
    }
    let (mut said, before, dialogue) = text::read(&notice);
    let action = text::action(subject, &notice);
    let known = said.iter().any(|one| one.code.is_some() || one.status.is_some())
        || is_notice
        || PRODUCT.fits(cut(&notice, 64 * 1024));
    if !known {
        said.clear();
    }
    if said.is_empty() {
        let about = dialogue.iter().filter(|one| one.address.is_some());
        said = about
            .map(|refused| {
                let mut one = Said { address: refused.address.clone(), ..Said::default() };
                text::apply(&mut one, refused);
                one
            })
            .collect();
    }
    if said.is_empty() {
        let mut one = Said::default();
        hear(&mut one, &before);
        if one.code.is_some() || one.status.is_some() || is_notice && !before.trim().is_empty() {
            // Who reports is not who was written to.
            let own = |address: &String| {
                sender.is_some_and(|host| address::domain(address) == host)
                    || address.starts_with("postmaster@")
                    || address.starts_with("mailer-daemon@")
            };
            let named = text::addresses(&one.text);
            let named = if named.is_empty() { text::addresses(&before) } else { named };
            let mut named: Vec<String> = named.into_iter().filter(|address| !own(address)).collect();
            one.address = match failed {
                [failed] => Some(failed.clone()),
                _ => (named.len() == 1).then(|| named.remove(0)),
            };
            said.push(one);
        }
    }
    for one in &mut said {
        one.action = action;
    }
    FromText { said, reporter, dialogue, ..first }
}

/// From the first header on: a line or two stand before a copy of a message.
fn skip_to_header(copy: &str) -> &str {
    let mut at = 0;
    for line in copy.split_inclusive('\n').take(12) {
        let named = line.split_once(':').is_some_and(|(name, _)| received::is_name(name) && !name.starts_with('-'));
        if named && !line.starts_with([' ', '\t']) {
            return &copy[at..];
        }
        at += line.len();
    }
    ""
}

/// Text without a header: out of a mail program, a ticket, a chat.
fn of_pasted(text: &str) -> Notice {
    let found = of_text(&[text.to_string()], "", false, None, &[]);
    let product = PRODUCT.first(cut(text, 256 * 1024)).map(|(_, form)| form.product);
    let mut notice = Notice { recipients: found.said, reporting_host: found.reporter, product, ..Notice::default() };
    finish(&mut notice, &Parts::default(), &found.returned, false);
    if notice.recipients.is_empty() && !notice.received.is_empty() {
        notice.source = Source::Headers;
    }
    notice
}

/// Whether a message is a notice of a mail system's: by who wrote it, or what it is called.
fn is_notice(parts: &Parts) -> bool {
    let from = parts.header("from").to_lowercase();
    let subject = parts.header("subject").to_lowercase();
    const SENDERS: [&str; 7] = [
        "mailer-daemon",
        "postmaster",
        "mail delivery",
        "maildelivery",
        "mail.delivery",
        "system administrator",
        "mailerdaemon",
    ];
    const SUBJECTS: [&str; 16] = [
        "undeliver",
        "unzustellbar",
        "delivery status notification",
        "delivery failure",
        "delivery has failed",
        "failure notice",
        "returned mail",
        "mail delivery",
        "could not be delivered",
        "non remis",
        "non-deliv",
        "nicht zugestellt",
        "no se puede entregar",
        "mail system error",
        "delivery failed",
        "returned to sender",
    ];
    let empty_path = parts.header("return-path") == "<>";
    let auto = parts.header("auto-submitted").to_ascii_lowercase().starts_with("auto-replied");
    SENDERS.iter().any(|mark| from.contains(mark))
        || SUBJECTS.iter().any(|mark| subject.contains(mark))
        || !parts.header("x-failed-recipients").is_empty()
        || !parts.status.is_empty()
        || empty_path && !auto
}

/// The host that wrote a notice: the one that took it first, else the domain of who wrote it.
fn sender_host(parts: &Parts) -> Option<String> {
    let passages = received::passages(&parts.headers);
    let local = |host: &String| {
        host.starts_with("localhost") || !host.contains('.') || host.parse::<std::net::IpAddr>().is_ok()
    };
    // Who hands it over is who wrote it, where the first host that took it is another one.
    let first = passages.last();
    let handed = first.and_then(|first| first.from.clone().filter(|from| Some(from) != first.by.as_ref()));
    let by = handed.filter(|host| !local(host)).or_else(|| first?.by.clone().filter(|host| !local(host)));
    let from = || text::addresses(parts.header("from")).first().map(|from| address::domain(from).to_string());
    by.or_else(from)
}
