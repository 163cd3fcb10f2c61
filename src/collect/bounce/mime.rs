//! The parts of a message that say something of a bounce.
use super::heard::cut;
use mail_parser::decoders::html::html_to_text;
use mail_parser::{Message, MessageParser, MimeHeaders, PartType};

/// How deep messages within messages are followed.
const DEPTH: usize = 6;
/// How many parts are looked at, and how much of the text of one, in bytes.
const PARTS: usize = 200;
const TEXT: usize = 512 * 1024;

/// What a message is made of.
#[derive(Default)]
pub(super) struct Parts {
    /// Its headers: name in lower case, value unfolded.
    pub(super) headers: Vec<(String, String)>,
    /// Its texts for people; those of HTML where there are no others.
    pub(super) texts: Vec<String>,
    /// Its fields for machines (RFC 3464).
    pub(super) status: Vec<String>,
    /// The headers of the message that came back.
    pub(super) returned: Vec<(String, String)>,
    /// The messages within it.
    pub(super) inner: Vec<Parts>,
    /// What it holds that says something about it: `a receipt`, in words.
    pub(super) marks: Vec<&'static str>,
}

impl Parts {
    /// The first header of this name.
    pub(super) fn header(&self, name: &str) -> &str {
        value(&self.headers, name)
    }
}

/// The first header of this name among `headers`.
pub(super) fn value<'h>(headers: &'h [(String, String)], name: &str) -> &'h str {
    headers.iter().find(|(each, _)| each == name).map_or("", |(_, value)| value)
}

/// Takes a message apart; none where it has no header at all.
pub(super) fn parts(bytes: &[u8]) -> Option<Parts> {
    Some(of(&MessageParser::default().parse(bytes)?, DEPTH))
}

fn of(message: &Message, depth: usize) -> Parts {
    let unfolded = |value: &str| value.split_whitespace().collect::<Vec<_>>().join(" ");
    let raw = message.headers_raw().take(2000);
    let mut parts = Parts {
        headers: raw.map(|(name, value)| (name.trim().to_ascii_lowercase(), unfolded(cut(value, 16 * 1024)))).collect(),
        ..Parts::default()
    };
    // Encoded words in a subject are read for what they say.
    if let Some(subject) = message.subject() {
        parts.headers.retain(|(name, _)| name != "subject");
        parts.headers.push(("subject".into(), unfolded(subject)));
    }
    let mut htmls = Vec::new();
    for part in message.parts.iter().take(PARTS) {
        let kind = part.content_type().map_or(String::new(), |kind| {
            format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()).to_ascii_lowercase()
        });
        let text = match &part.body {
            PartType::Text(text) | PartType::Html(text) => cut(text, TEXT).to_string(),
            PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
                String::from_utf8_lossy(&bytes[..bytes.len().min(TEXT)]).into_owned()
            }
            PartType::Message(inner) => {
                if depth > 0 {
                    parts.inner.push(of(inner, depth - 1));
                }
                continue;
            }
            PartType::Multipart(_) => {
                parts.mark(&kind);
                continue;
            }
        };
        match &*kind {
            "message/delivery-status" | "message/global-delivery-status" => parts.status.push(text),
            "text/rfc822-headers" | "message/rfc822-headers" | "message/global-headers" => {
                parts.returned = super::received::headers(&text);
            }
            "text/html" => htmls.push(html_to_text(&text)),
            "text/plain" | "" => parts.texts.push(text),
            kind if kind.starts_with("text/") && matches!(part.body, PartType::Text(_)) => parts.texts.push(text),
            // A part that says it has parts, and has not: what it holds is all there is.
            kind if kind.starts_with("multipart/") => parts.texts.push(text),
            _ => parts.mark(&kind),
        }
    }
    let blank = parts.texts.iter().all(|text| text.trim().is_empty());
    if blank {
        parts.texts = htmls;
    }
    parts
}

impl Parts {
    fn mark(&mut self, kind: &str) {
        let mark = match kind {
            "message/disposition-notification" => {
                "a receipt: it tells what became of a message that arrived (RFC 8098)"
            }
            "message/feedback-report" => "a complaint about a message that arrived (RFC 5965)",
            "multipart/encrypted" | "application/pkcs7-mime" | "application/x-pkcs7-mime" => {
                "encrypted: what it says cannot be read"
            }
            _ => return,
        };
        if !self.marks.contains(&mark) {
            self.marks.push(mark);
        }
    }
}
