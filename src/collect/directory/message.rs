//! LDAP messages: ours to the server, and the server's to us, of which every part is checked before it is used (RFC 4511).
use super::ber::{BOOLEAN, ENUMERATED, Element, INTEGER, OCTETS, Reader, SEQUENCE, SET, element, integer, unsound};
use super::filter::Filter;
use nsdiag_checks::evidence::{How, Miss};
use std::borrow::Cow;
use zeroize::Zeroizing;

const CONTROLS: u8 = 0xa0;
const REFERRAL: u8 = 0xa3;
const BIND: u8 = 0x60;
const BIND_RESPONSE: u8 = 0x61;
const UNBIND: u8 = 0x42;
const SEARCH: u8 = 0x63;
const ENTRY: u8 = 0x64;
const DONE: u8 = 0x65;
const REFERENCE: u8 = 0x73;
const EXTENDED: u8 = 0x77;
const EXTENDED_RESPONSE: u8 = 0x78;
const INTERMEDIATE: u8 = 0x79;
/// Simple paged results (RFC 2696).
const PAGED: &str = "1.2.840.113556.1.4.319";
/// The name of the notice of disconnection (RFC 4511, 4.4.1).
const DISCONNECTION: &[u8] = b"1.3.6.1.4.1.1466.20036";
/// How many places one referral may name, and how long the name of one may be.
const PLACES: usize = 100;
const PLACE: usize = 1024;
/// The longest name of an object that is taken.
const NAME: usize = 16 * 1024;
/// The longest cookie that is taken: it is sent back.
const COOKIE: usize = 64 * 1024;

/// How far a search reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The base alone.
    Base,
    /// What is directly below it.
    One,
    /// The base and all that is below it.
    Subtree,
}

/// Which answers fit a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bind,
    Extended,
    Search,
}

/// A simple bind (RFC 4513, 5.1).
pub(super) fn simple_bind(user: &str, password: &str) -> Zeroizing<Vec<u8>> {
    bind(user, &Zeroizing::new(element(0x80, password.as_bytes())))
}

/// A step of a SASL bind (RFC 4511, 4.2).
#[cfg(feature = "gssapi")]
pub(super) fn sasl_bind(mechanism: &str, token: &[u8]) -> Zeroizing<Vec<u8>> {
    let parts = [element(OCTETS, mechanism.as_bytes()), element(OCTETS, token)].concat();
    bind("", &element(0xa3, &parts))
}

fn bind(user: &str, authentication: &[u8]) -> Zeroizing<Vec<u8>> {
    let head = [integer(INTEGER, 3), element(OCTETS, user.as_bytes())].concat();
    let parts = Zeroizing::new([&head, authentication].concat());
    Zeroizing::new(element(BIND, &parts))
}

/// A request for StartTLS (RFC 4511, 4.14).
pub(super) fn start_tls() -> Vec<u8> {
    element(EXTENDED, &element(0x80, b"1.3.6.1.4.1.1466.20037"))
}

/// The end of a session.
pub(super) fn unbind() -> Vec<u8> {
    element(UNBIND, &[])
}

/// A search for `attributes`, with at most `most` entries; 0 is all.
pub(super) fn search(base: &str, scope: Scope, filter: &Filter, attributes: &[&str], most: i32) -> Vec<u8> {
    let octets = |text: &str| element(OCTETS, text.as_bytes());
    let names: Vec<u8> = attributes.iter().flat_map(|name| octets(name)).collect();
    let parts = [
        octets(base),
        integer(ENUMERATED, scope as i32),
        integer(ENUMERATED, 0),
        integer(INTEGER, most),
        integer(INTEGER, 0),
        element(BOOLEAN, &[0]),
        filter.encoded(),
        element(SEQUENCE, &names),
    ];
    element(SEARCH, &parts.concat())
}

/// The control that asks for the page behind `cookie`.
pub(super) fn paged(size: i32, cookie: &[u8]) -> Vec<u8> {
    let value = element(SEQUENCE, &[integer(INTEGER, size), element(OCTETS, cookie)].concat());
    let control = element(SEQUENCE, &[element(OCTETS, PAGED.as_bytes()), element(OCTETS, &value)].concat());
    element(CONTROLS, &control)
}

/// A whole message: an operation, perhaps with controls, under an id.
pub(super) fn message(id: i32, operation: &[u8], controls: &[u8]) -> Zeroizing<Vec<u8>> {
    let parts = Zeroizing::new([&integer(INTEGER, id), operation, controls].concat());
    Zeroizing::new(element(SEQUENCE, &parts))
}

/// A message of the server's, its parts told apart and not looked into yet.
pub(super) struct Message<'a> {
    pub(super) id: i32,
    operation: Element<'a>,
    controls: &'a [u8],
}

impl<'a> Message<'a> {
    /// Takes a message apart.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Miss> {
        let shape = "it has not the parts of a message";
        let mut outer = Reader::new(bytes);
        let mut parts = Reader::new(outer.expect(SEQUENCE, "it is no LDAP message")?.content);
        outer.end("it is not one element")?;
        let id = parts.next()?.ok_or_else(|| unsound(shape))?;
        let id = if id.tag == INTEGER { id.number() } else { None };
        let id = id.filter(|id| *id >= 0).ok_or_else(|| unsound("its id is no integer"))?;
        let operation = parts.next()?.filter(|operation| operation.tag != CONTROLS).ok_or_else(|| unsound(shape))?;
        let mut message = Self { id, operation, controls: &[] };
        while let Some(part) = parts.next()? {
            match part.tag {
                CONTROLS if message.controls.is_empty() => message.controls = part.content,
                CONTROLS => return Err(unsound(shape)),
                // Active Directory puts the name of its notice of disconnection here.
                tag if is_new(tag) => {}
                _ => return Err(unsound(shape)),
            }
        }
        Ok(message)
    }

    /// Whether it can be an answer to a request of `kind`.
    pub(super) fn fits(&self, kind: Kind) -> bool {
        match kind {
            Kind::Bind => self.operation.tag == BIND_RESPONSE,
            Kind::Extended => self.operation.tag == EXTENDED_RESPONSE,
            Kind::Search => matches!(self.operation.tag, ENTRY | DONE | REFERENCE | INTERMEDIATE),
        }
    }

    /// Whether it is the last answer to its request.
    pub(super) fn is_last(&self) -> bool {
        matches!(self.operation.tag, BIND_RESPONSE | EXTENDED_RESPONSE | DONE)
    }

    /// What it says.
    pub(super) fn answer(&self) -> Result<Answer<'a>, Miss> {
        let content = self.operation.content;
        Ok(match self.operation.tag {
            ENTRY => Answer::Entry(RawEntry::read(content)?),
            REFERENCE => Answer::Reference(urls(content)?),
            BIND_RESPONSE | EXTENDED_RESPONSE | DONE => Answer::Outcome(Outcome::read(content, self.controls)?),
            _ => Answer::Nothing,
        })
    }

    /// Why the server ends the connection, where this is its notice of that (RFC 4511, 4.4.1); none where it is another
    /// message to nobody in particular.
    pub(super) fn notice(&self) -> Option<Miss> {
        let outcome = Outcome::read(self.operation.content, &[]).unwrap_or_default();
        if outcome.name.is_some_and(|name| name != DISCONNECTION) {
            return None;
        }
        let text = if outcome.text.is_empty() { String::new() } else { format!(": {}", outcome.text) };
        Some(Miss::new(How::HungUp, format!("the directory server ended the connection{text}")))
    }
}

/// Takes `bytes` apart as one message, to its last value: the way in for fuzzing. How many bytes of values it held.
///
/// # Errors
/// In words, where it is no sound message.
pub(super) fn taken_apart(bytes: &[u8]) -> Result<usize, String> {
    let apart = || {
        let message = Message::read(bytes)?;
        let Answer::Entry(mut entry) = message.answer()? else { return Ok(0) };
        // Its characters: one that is not UTF-8 is read as Windows-1252, of which a byte is up to three in UTF-8.
        let mut total = entry.dn.chars().count();
        while let Some((name, mut values)) = entry.next()? {
            total += name.len();
            while let Some(value) = values.next()? {
                total += value.len();
            }
        }
        Ok(total)
    };
    apart().map_err(|miss: Miss| miss.said)
}

/// What a server says.
#[derive(Debug)]
pub(super) enum Answer<'a> {
    /// An object.
    Entry(RawEntry<'a>),
    /// Where more of what was asked for is.
    Reference(Vec<String>),
    /// What came of a request.
    Outcome(Outcome),
    /// Something that does not matter.
    Nothing,
}

/// What came of a request: an LDAPResult (RFC 4511, 4.1.9).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) code: i32,
    pub(super) text: String,
    /// Other servers that it refers to.
    pub(super) refs: Vec<String>,
    /// The server's part of a SASL bind.
    pub(super) credentials: Option<Vec<u8>>,
    /// What an extended response is called.
    pub(super) name: Option<Vec<u8>>,
    /// From where the next page goes on; empty at the end.
    pub(super) cookie: Vec<u8>,
}

impl Outcome {
    fn read(content: &[u8], controls: &[u8]) -> Result<Self, Miss> {
        let shape = "a result has not its three parts";
        let mut parts = Reader::new(content);
        let code = parts.expect(ENUMERATED, shape)?;
        let code = code.number().ok_or_else(|| unsound("a result code is no number"))?;
        parts.expect(OCTETS, shape)?;
        // Active Directory ends its messages with a NUL.
        let text = parts.expect(OCTETS, shape)?.words().trim_end_matches('\0').to_string();
        let mut outcome = Self { code, text, ..Self::default() };
        while let Some(part) = parts.next()? {
            match part.tag {
                REFERRAL => outcome.refs = urls(part.content)?,
                0x87 => outcome.credentials = Some(part.content.to_vec()),
                0x8a => outcome.name = Some(part.content.to_vec()),
                tag if is_new(tag) => {}
                _ => return Err(unsound("a result has a part that it must not have")),
            }
        }
        let mut controls = Reader::new(controls);
        while let Some(control) = controls.next()? {
            if control.tag != SEQUENCE {
                return Err(unsound("a control is none"));
            }
            let mut parts = Reader::new(control.content);
            let name = parts.expect(OCTETS, "a control has no name")?;
            let mut value = parts.next()?;
            if value.is_some_and(|flag| flag.tag == BOOLEAN) {
                value = parts.next()?;
            }
            if name.content == PAGED.as_bytes() {
                let odd = "a paging control of another shape";
                let value = value.filter(|value| value.tag == OCTETS).ok_or_else(|| unsound(odd))?;
                let mut inner = Reader::new(Reader::new(value.content).expect(SEQUENCE, odd)?.content);
                inner.expect(INTEGER, odd)?;
                let cookie = inner.expect(OCTETS, odd)?.content;
                if cookie.len() > COOKIE {
                    return Err(Miss::new(
                        How::TooLarge,
                        "the directory server sent a paging cookie of more than 64 KiB",
                    ));
                }
                outcome.cookie = cookie.to_vec();
            }
        }
        Ok(outcome)
    }
}

/// Whether a part may be one of a later standard's, which is passed over where it stands at the end (RFC 4511, 4).
fn is_new(tag: u8) -> bool {
    tag & 0xc0 == 0x80
}

fn urls(content: &[u8]) -> Result<Vec<String>, Miss> {
    let mut all = Vec::new();
    let mut parts = Reader::new(content);
    while let Some(part) = parts.next()? {
        if all.len() == PLACES || part.content.len() > PLACE {
            return Err(Miss::new(How::TooLarge, "the directory server refers to more places than can be told"));
        }
        all.push(part.text().into_owned());
    }
    Ok(all)
}

/// An object as it came; nothing of it is copied.
#[derive(Clone, Debug)]
pub(super) struct RawEntry<'a> {
    pub(super) dn: Cow<'a, str>,
    attributes: Reader<'a>,
}

impl<'a> RawEntry<'a> {
    fn read(content: &'a [u8]) -> Result<Self, Miss> {
        let shape = "an entry has not its two parts";
        let mut parts = Reader::new(content);
        let dn = parts.expect(OCTETS, shape)?;
        if dn.content.len() > NAME {
            return Err(Miss::new(
                How::TooLarge,
                "the directory server sent an object with a name of more than 16 KiB",
            ));
        }
        let dn = dn.text();
        let attributes = parts.expect(SEQUENCE, shape)?;
        parts.end(shape)?;
        Ok(Self { dn, attributes: Reader::new(attributes.content) })
    }

    /// The next attribute: its name, and its values.
    pub(super) fn next(&mut self) -> Result<Option<(&'a str, Values<'a>)>, Miss> {
        let Some(attribute) = self.attributes.next()? else { return Ok(None) };
        let shape = "an attribute has not its two parts";
        let mut parts = Reader::new(attribute.content);
        let name = parts.expect(OCTETS, shape)?.name()?;
        let values = parts.expect(SET, "an attribute's values are no set of strings")?;
        parts.end(shape)?;
        Ok(Some((name, Values(Reader::new(values.content)))))
    }
}

/// The values of an attribute.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values<'a>(Reader<'a>);

impl<'a> Values<'a> {
    /// The next value.
    pub(super) fn next(&mut self) -> Result<Option<&'a [u8]>, Miss> {
        match self.0.next()? {
            Some(value) if value.tag != OCTETS => Err(unsound("an attribute's values are no set of strings")),
            value => Ok(value.map(|value| value.content)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(id: u8, operation: Vec<u8>) -> Vec<u8> {
        element(SEQUENCE, &[element(INTEGER, &[id]), operation].concat())
    }

    fn done(code: &[u8], text: &[u8]) -> Vec<u8> {
        element(DONE, &[element(ENUMERATED, code), element(OCTETS, b""), element(OCTETS, text)].concat())
    }

    fn one_entry(name: &[u8], values: Vec<u8>) -> Vec<u8> {
        let attribute = element(SEQUENCE, &[element(OCTETS, b"mail"), values].concat());
        element(ENTRY, &[element(OCTETS, name), element(SEQUENCE, &attribute)].concat())
    }

    /// A result with a matched name and a referral that are not UTF-8.
    fn in_latin_1() -> Vec<u8> {
        let referral = element(REFERRAL, &element(OCTETS, b"ldap://h/OU=\xdf"));
        element(
            DONE,
            &[element(ENUMERATED, &[32]), element(OCTETS, b"OU=\xdf"), element(OCTETS, b""), referral].concat(),
        )
    }

    /// Reads a message to its last value, as the rest of the collector does.
    fn read(bytes: &[u8]) -> Result<String, Miss> {
        let message = Message::read(bytes)?;
        if let Some(notice) = message.notice().filter(|_| message.id == 0) {
            return Err(notice);
        }
        if !message.fits(Kind::Search) {
            return Err(unsound("it answers what was not asked"));
        }
        let Answer::Entry(mut entry) = message.answer()? else { return Ok(format!("{:?}", message.answer()?)) };
        let mut text = entry.dn.to_string();
        while let Some((name, mut values)) = entry.next()? {
            while let Some(value) = values.next()? {
                text += &format!(" {name}={}", String::from_utf8_lossy(value));
            }
        }
        Ok(text)
    }

    #[test]
    fn sound_messages_are_read_and_all_others_are_named() {
        let nested = (0..40_000).fold(vec![], |inner, _| element(SEQUENCE, &inner));
        let set = || element(SET, &element(OCTETS, b"a@b.c"));
        let cases: [(&str, Vec<u8>, Result<&str, &str>); 21] = [
            ("a result", sent(1, done(&[4], b"")), Ok("code: 4")),
            ("an entry", sent(1, one_entry(b"CN=a", set())), Ok("CN=a mail=a@b.c")),
            ("deep", nested, Err("its id is no integer")),
            ("empty", vec![0x30, 0], Err("it has not the parts of a message")),
            ("id", element(SEQUENCE, &[element(OCTETS, b"1"), done(&[0], b"")].concat()), Err("its id is no integer")),
            ("kind", sent(1, element(BIND_RESPONSE, &[])), Err("it answers what was not asked")),
            ("Latin-1", sent(1, done(&[0], b"Stra\xdfe")), Ok("text: \"Straße\"")),
            ("NUL at the end", sent(1, done(&[49], b"v4563\0")), Ok("text: \"v4563\"")),
            ("NUL inside", sent(1, done(&[49], b"data\0x\0")), Ok("text: \"data\\0x\"")),
            ("matched name", sent(1, in_latin_1()), Ok("code: 32")),
            ("reference", sent(1, element(REFERENCE, &element(OCTETS, b"ldap://h/OU=\xdf"))), Ok("ldap://h/OU=ß")),
            ("result of no text", sent(1, element(DONE, &[10, 1, 0, 4, 0, 2, 1, 0])), Err("its three parts")),
            ("no result", sent(1, element(DONE, &[])), Err("a result has not its three parts")),
            ("long code", sent(1, done(&[1; 5], b"")), Err("a result code is no number")),
            ("name", sent(1, one_entry(b"CN=\xdf", set())), Ok("CN=ß mail=a@b.c")),
            ("values", sent(1, one_entry(b"CN=a", element(SEQUENCE, b""))), Err("values are no set of strings")),
            ("value", sent(1, one_entry(b"CN=a", element(SET, &[2, 1, 1]))), Err("values are no set of strings")),
            (
                "no attributes",
                sent(1, element(ENTRY, &element(OCTETS, b"CN=a"))),
                Err("an entry has not its two parts"),
            ),
            ("odd part", sent(1, element(DONE, &[&done(&[0], b"")[2..], &[4, 0]].concat())), Err("must not have")),
            ("new part", sent(1, element(DONE, &[&done(&[0], b"")[2..], &[0x99, 0]].concat())), Ok("code: 0")),
            (
                "notice",
                sent(
                    0,
                    element(
                        0x78,
                        &[element(ENUMERATED, &[52]), element(OCTETS, b""), element(OCTETS, b"bye")].concat(),
                    ),
                ),
                Err("bye"),
            ),
        ];
        for (name, bytes, expected) in cases {
            match (read(&bytes), expected) {
                (Ok(text), Ok(expected)) => assert!(text.contains(expected), "{name}: {text}"),
                (Err(miss), Err(expected)) => assert!(miss.said.contains(expected), "{name}: {miss:?}"),
                (outcome, _) => panic!("{name}: {outcome:?}"),
            }
        }
    }

    #[test]
    fn the_cookie_of_a_page_is_found_among_the_controls() {
        let operation = done(&[0], b"");
        let with = |controls: &[u8]| element(SEQUENCE, &[&element(INTEGER, &[1]), &operation, controls].concat());
        let cookie = |bytes: &[u8]| match Message::read(bytes).unwrap().answer() {
            Ok(Answer::Outcome(outcome)) => Ok(outcome.cookie),
            other => Err(format!("{other:?}")),
        };
        assert_eq!(cookie(&with(&paged(0, b"next"))), Ok(b"next".to_vec()));
        assert_eq!(cookie(&with(&[])), Ok(vec![]));
        let odd =
            element(CONTROLS, &element(SEQUENCE, &[element(OCTETS, PAGED.as_bytes()), element(OCTETS, b"x")].concat()));
        assert!(cookie(&with(&odd)).unwrap_err().contains("cut short"));
    }

    #[test]
    fn every_bent_byte_of_a_sound_message_is_borne() {
        let sound = sent(1, one_entry(b"CN=a", element(SET, &element(OCTETS, b"a@b.c"))));
        for at in 0..sound.len() {
            for byte in 0..=255 {
                let mut bent = sound.clone();
                bent[at] = byte;
                // Whether it is refused does not matter here: that it comes back does.
                let _ = read(&bent);
            }
        }
    }
}
