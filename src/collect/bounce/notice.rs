//! One notice out of the parts of a message: the fields for machines first, and what they leave out from the text.
use super::forms::PRODUCT;
use super::heard::{cut, settle};
use super::mime::{self, Parts, value};
use super::sender::{is_automatic, is_notice, sender_host};
use super::transcript::Refused;
use super::words::{of_text, skip_to_header};
use super::{dsn, received, text};
use nsdiag_checks::evidence::bounce::{Notice, Said, Source, Speaker};

/// Text without a header: out of a mail program, a ticket, a chat.
pub(super) fn of_pasted(text: &str) -> Notice {
    let found = of_text(&[text.to_string()], "", false, None, &[]);
    let product = PRODUCT.first(cut(text, 256 * 1024)).map(|(_, form)| form.product);
    let mut notice = Notice { recipients: found.said, reporting_host: found.reporter, product, ..Notice::default() };
    finish(&mut notice, &Parts::default(), &found.returned, false);
    if notice.recipients.is_empty() && !notice.received.is_empty() {
        notice.source = Source::Headers;
    }
    notice
}

/// How deep a notice may be within other messages: somebody forwards it, and somebody forwards that.
pub(super) const DEPTH: usize = 4;

/// What a message tells, or one that it carries.
pub(super) fn of_message(parts: &Parts, depth: usize) -> Notice {
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
            if let Some(refused) = refused(&from_text.dialogue, said) {
                let mut told = Said { address: said.address.clone(), ..Said::default() };
                text::apply(&mut told, refused);
                complete(said, &told);
            }
            if let Some(told) = told {
                complete(said, told);
            }
        }
    }
    notice.reporting_host = notice.reporting_host.take().or(from_text.reporter).or(sender);
    notice.product = PRODUCT.first(cut(&marks, 256 * 1024)).map(|(_, form)| form.product);
    notice.notes.extend(from_text.note.map(String::from));
    finish(&mut notice, parts, &returned, is_notice);
    (notice, from_text.copy)
}

/// What the dialogue says of one recipient; or of all, where it is with one host alone.
fn refused<'d>(dialogue: &'d [Refused], said: &Said) -> Option<&'d Refused> {
    let about = |one: &&Refused| one.address.is_some() && one.address == said.address;
    let first = dialogue.first().filter(|one| one.address.is_none() || said.address.is_none());
    let of_all = first.filter(|first| dialogue.iter().all(|one| one.host == first.host));
    dialogue.iter().find(about).or(of_all)
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
    if notice.recipients.len() >= text::MOST {
        notice.notes.push(format!("only its first {} recipients were read", text::MOST));
    }
    notice.received = received::passages(returned);
}
