//! Stands between the wire and `ldap3`, and lets only sound LDAP messages through (RFC 4511).
//!
//! `ldap3` and the BER parser below it abort or panic on messages that a broken or hostile server can send: nested
//! thousandfold, cut short, in odd types, not UTF-8, or answers of the wrong kind to a search. Everything is checked here
//! in its shape, its size and its id, before they see it.
use nsdiag_checks::evidence::{How, Miss};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The largest message that is taken.
const MESSAGE: usize = 8 * 1024 * 1024;
/// The most that is taken in one connection.
const CONNECTION: usize = 64 * 1024 * 1024;
/// The deepest nesting that is taken; LDAP itself needs seven.
const DEPTH: usize = 12;

/// Why the connection ended, once it has.
pub(super) type Ended = Arc<Mutex<Option<Miss>>>;

/// Copies between the server and `ldap3` until either ends; why it ended is left in `ended`.
pub(super) async fn pump<S, C>(server: S, client: C, ended: Ended)
where
    S: AsyncRead + AsyncWrite + Unpin,
    C: AsyncRead + AsyncWrite + Unpin,
{
    let (mut server_in, mut server_out) = tokio::io::split(server);
    let (mut client_in, mut client_out) = tokio::io::split(client);
    let searches: Mutex<BTreeMap<i32, bool>> = Mutex::default();
    let down = async {
        let mut buffer = Vec::new();
        let mut taken = 0;
        loop {
            while let Some(length) = whole(&buffer)? {
                let message: Vec<u8> = buffer.drain(..length).collect();
                answer(&message, &searches.lock().unwrap_or_else(PoisonError::into_inner))?;
                client_out.write_all(&message).await.map_err(|_| closed())?;
            }
            let mut chunk = [0; 16 * 1024];
            let count = server_in.read(&mut chunk).await.map_err(|error| Miss::new(How::HungUp, error.to_string()))?;
            if count == 0 {
                return Err(closed());
            }
            taken += count;
            if taken > CONNECTION {
                return Err(Miss::new(How::TooLarge, "the server sent more than 64 MiB"));
            }
            buffer.extend_from_slice(&chunk[..count]);
        }
    };
    let up = async {
        let mut buffer = Vec::new();
        loop {
            while let Some(length) = whole(&buffer)? {
                let message: Vec<u8> = buffer.drain(..length).collect();
                if let Some((id, kind)) = head(&message) {
                    let mut searches = searches.lock().unwrap_or_else(PoisonError::into_inner);
                    searches.insert(id, kind == SEARCH);
                }
                server_out.write_all(&message).await.map_err(|_| closed())?;
                server_out.flush().await.map_err(|_| closed())?;
            }
            let mut chunk = [0; 16 * 1024];
            match client_in.read(&mut chunk).await {
                Ok(count) if count > 0 => buffer.extend_from_slice(&chunk[..count]),
                _ => return Ok(()),
            }
        }
    };
    let outcome: Result<(), Miss> = tokio::select! { outcome = down => outcome, outcome = up => outcome };
    if let Err(miss) = outcome {
        *ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(miss);
    }
}

fn closed() -> Miss {
    Miss::new(How::HungUp, "the directory server closed the connection")
}

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const ENUMERATED: u8 = 0x0a;
const CONTROLS: u8 = 0xa0;
const REFERRAL: u8 = 0xa3;
const BIND_RESPONSE: u8 = 0x61;
const SEARCH: u8 = 0x63;
const ENTRY: u8 = 0x64;
const DONE: u8 = 0x65;
const REFERENCE: u8 = 0x73;
const EXTENDED: u8 = 0x78;
const INTERMEDIATE: u8 = 0x79;

/// The length of the first message in `buffer`, once it is there whole.
pub(super) fn whole(buffer: &[u8]) -> Result<Option<usize>, Miss> {
    let Some(&tag) = buffer.first() else { return Ok(None) };
    if tag != SEQUENCE {
        return Err(unsound("it is no LDAP message"));
    }
    let Some(&first) = buffer.get(1) else { return Ok(None) };
    let (length, header) = match first {
        0..=0x7f => (usize::from(first), 2),
        0x81..=0x84 => {
            let size = usize::from(first & 0x7f);
            let Some(bytes) = buffer.get(2..2 + size) else { return Ok(None) };
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), 2 + size)
        }
        _ => return Err(unsound("its length is not a definite one")),
    };
    if length > MESSAGE {
        return Err(Miss::new(How::TooLarge, "the directory server sent a message of more than 8 MiB"));
    }
    Ok((buffer.len() >= header + length).then_some(header + length))
}

fn unsound(what: &str) -> Miss {
    Miss::new(How::Protocol, format!("the directory server sent what is not sound LDAP: {what}"))
}

/// One element: its tag and its content.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
}

/// The elements of `content`, in order.
fn elements(mut content: &[u8]) -> Result<Vec<Element<'_>>, Miss> {
    let mut found = Vec::new();
    while let [tag, first, rest @ ..] = content {
        if tag & 0x1f == 0x1f {
            return Err(unsound("a tag of several bytes"));
        }
        let (length, rest) = match *first {
            0..=0x7f => (usize::from(*first), rest),
            0x81..=0x84 => {
                let size = usize::from(first & 0x7f);
                let bytes = rest.get(..size).ok_or_else(|| unsound("a length is cut short"))?;
                (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), &rest[size..])
            }
            _ => return Err(unsound("a length is not a definite one")),
        };
        let inner = rest.get(..length).ok_or_else(|| unsound("an element is longer than what holds it"))?;
        found.push(Element { tag: *tag, content: inner });
        content = &rest[length..];
    }
    if content.is_empty() { Ok(found) } else { Err(unsound("an element is cut short")) }
}

/// Whether everything in `content` is well formed and not too deep.
fn depth(content: &[u8], left: usize) -> Result<(), Miss> {
    let left = left.checked_sub(1).ok_or_else(|| unsound("it is nested too deep"))?;
    for element in elements(content)? {
        if element.tag & 0x20 != 0 {
            depth(element.content, left)?;
        }
    }
    Ok(())
}

/// The id and the operation of a message.
fn head(message: &[u8]) -> Option<(i32, u8)> {
    let outer = elements(message).ok()?;
    let parts = elements(outer.first()?.content).ok()?;
    let [id, operation, ..] = &parts[..] else { return None };
    Some((integer(id)?, operation.tag))
}

fn integer(element: &Element) -> Option<i32> {
    let fits = element.tag == INTEGER && (1..=4).contains(&element.content.len());
    let value = element.content.iter().fold(0, |value: i64, byte| value << 8 | i64::from(*byte));
    fits.then(|| i32::try_from(value).ok())?
}

/// Checks one message of the server's. `asked` tells of each id that was used whether it was a search.
pub(super) fn answer(message: &[u8], asked: &BTreeMap<i32, bool>) -> Result<(), Miss> {
    depth(message, DEPTH)?;
    let outer = elements(message)?;
    let [message] = &outer[..] else { return Err(unsound("it is not one element")) };
    let parts = elements(message.content)?;
    let (id, operation, controls) = match &parts[..] {
        [id, operation] => (id, operation, None),
        [id, operation, controls] if controls.tag == CONTROLS => (id, operation, Some(controls)),
        _ => return Err(unsound("it has not the parts of a message")),
    };
    let id = integer(id).ok_or_else(|| unsound("its id is no integer"))?;
    if let Some(controls) = controls {
        self::controls(controls.content)?;
    }
    if id == 0 {
        result(operation.content, &[0x8a, 0x8b])?;
        let text = elements(operation.content)?.get(2).map(|e| String::from_utf8_lossy(e.content).into_owned());
        let said = format!("the directory server ended the connection: {}", text.unwrap_or_default());
        return Err(Miss::new(How::HungUp, said));
    }
    let fits = match asked.get(&id) {
        Some(true) => matches!(operation.tag, ENTRY | DONE | REFERENCE | INTERMEDIATE),
        Some(false) => matches!(operation.tag, BIND_RESPONSE | EXTENDED),
        None => false,
    };
    if !fits {
        return Err(unsound("it answers what was not asked"));
    }
    match operation.tag {
        ENTRY => entry(operation.content),
        REFERENCE => elements(operation.content)?.iter().try_for_each(utf8),
        DONE => result(operation.content, &[]),
        BIND_RESPONSE => result(operation.content, &[0x87]),
        EXTENDED => result(operation.content, &[0x8a, 0x8b]),
        _ => Ok(()),
    }
}

/// The result code of a message that holds an LDAPResult.
pub(super) fn result_code(message: &[u8]) -> Option<u8> {
    let outer = elements(message).ok()?;
    let parts = elements(outer.first()?.content).ok()?;
    let result = elements(parts.get(1)?.content).ok()?;
    result.first()?.content.last().copied()
}

fn utf8(element: &Element) -> Result<(), Miss> {
    match element.tag == OCTETS && std::str::from_utf8(element.content).is_ok() {
        true => Ok(()),
        false => Err(unsound("a string is not UTF-8")),
    }
}

fn entry(content: &[u8]) -> Result<(), Miss> {
    let parts = elements(content)?;
    let [name, attributes] = &parts[..] else { return Err(unsound("an entry has not its two parts")) };
    utf8(name)?;
    if attributes.tag != SEQUENCE {
        return Err(unsound("an entry's attributes are no sequence"));
    }
    for attribute in elements(attributes.content)? {
        let parts = elements(attribute.content)?;
        let [name, values] = &parts[..] else { return Err(unsound("an attribute has not its two parts")) };
        utf8(name)?;
        let octets = values.tag == SET && elements(values.content)?.iter().all(|value| value.tag == OCTETS);
        if attribute.tag != SEQUENCE || !octets {
            return Err(unsound("an attribute's values are no set of strings"));
        }
    }
    Ok(())
}

/// An LDAPResult, and after it none but the `further` tags.
fn result(content: &[u8], further: &[u8]) -> Result<(), Miss> {
    let parts = elements(content)?;
    let [code, name, text, rest @ ..] = &parts[..] else { return Err(unsound("a result has not its three parts")) };
    if code.tag != ENUMERATED || !(1..=2).contains(&code.content.len()) {
        return Err(unsound("a result code is no number"));
    }
    utf8(name)?;
    utf8(text)?;
    for part in rest {
        match part.tag {
            REFERRAL => elements(part.content)?.iter().try_for_each(utf8)?,
            tag if further.contains(&tag) => {
                std::str::from_utf8(part.content).map_err(|_| unsound("a string is not UTF-8"))?;
            }
            _ => return Err(unsound("a result has a part that it must not have")),
        }
    }
    Ok(())
}

fn controls(content: &[u8]) -> Result<(), Miss> {
    for control in elements(content)? {
        let parts = elements(control.content)?;
        let (kind, rest) = parts.split_first().ok_or_else(|| unsound("an empty control"))?;
        utf8(kind)?;
        let value = match rest {
            [] => None,
            [one] if one.tag == 0x01 && one.content.len() == 1 => None,
            [one] if one.tag == OCTETS => Some(one),
            [flag, value] if flag.tag == 0x01 && flag.content.len() == 1 && value.tag == OCTETS => Some(value),
            _ => return Err(unsound("a control has not its parts")),
        };
        if control.tag != SEQUENCE {
            return Err(unsound("a control is no sequence"));
        }
        // Simple paged results (RFC 2696): its value is taken apart without looking.
        if kind.content == b"1.2.840.113556.1.4.319" {
            let value = value.ok_or_else(|| unsound("a paging control without value"))?;
            let outer = elements(value.content)?;
            let inner = outer.first().map_or_else(|| Ok(Vec::new()), |outer| elements(outer.content))?;
            let fits = matches!(&inner[..], [size, cookie] if integer(size).is_some() && cookie.tag == OCTETS);
            if outer.len() != 1 || outer[0].tag != SEQUENCE || !fits {
                return Err(unsound("a paging control of another shape"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len();
        let mut out = vec![tag];
        match u8::try_from(length) {
            Ok(short @ 0..=0x7f) => out.push(short),
            _ => out.extend([0x83, (length >> 16) as u8, (length >> 8) as u8, length as u8]),
        }
        out.extend(content);
        out
    }

    fn message(id: u8, operation: Vec<u8>) -> Vec<u8> {
        tlv(SEQUENCE, &[tlv(INTEGER, &[id]), operation].concat())
    }

    fn done(code: &[u8], text: &[u8]) -> Vec<u8> {
        tlv(DONE, &[tlv(ENUMERATED, code), tlv(OCTETS, b""), tlv(OCTETS, text)].concat())
    }

    fn one_entry(name: &[u8], values: Vec<u8>) -> Vec<u8> {
        let attribute = tlv(SEQUENCE, &[tlv(OCTETS, b"mail"), values].concat());
        tlv(ENTRY, &[tlv(OCTETS, name), tlv(SEQUENCE, &attribute)].concat())
    }

    #[test]
    fn sound_messages_pass_and_all_others_are_named() {
        let nested = (0..40_000).fold(vec![], |inner, _| tlv(SEQUENCE, &inner));
        let set = || tlv(SET, &tlv(OCTETS, b"a@b.c"));
        let cases: [(&str, Vec<u8>, Option<&str>); 13] = [
            ("a result", message(1, done(&[0], b"")), None),
            ("an entry", message(1, one_entry(b"CN=a", set())), None),
            ("deep", nested, Some("it is nested too deep")),
            ("empty", vec![0x30, 0], Some("it has not the parts of a message")),
            ("id", tlv(SEQUENCE, &[tlv(OCTETS, b"1"), done(&[0], b"")].concat()), Some("its id is no integer")),
            ("kind", message(1, tlv(BIND_RESPONSE, &[])), Some("it answers what was not asked")),
            ("stranger", message(9, done(&[0], b"")), Some("it answers what was not asked")),
            ("Latin-1", message(1, done(&[0], b"Stra\xdfe")), Some("a string is not UTF-8")),
            ("no result", message(1, tlv(DONE, &[])), Some("a result has not its three parts")),
            ("name", message(1, one_entry(b"CN=\xff", set())), Some("a string is not UTF-8")),
            (
                "values",
                message(1, one_entry(b"CN=a", tlv(SEQUENCE, b""))),
                Some("an attribute's values are no set of strings"),
            ),
            ("no attributes", message(1, tlv(ENTRY, &tlv(OCTETS, b"CN=a"))), Some("an entry has not its two parts")),
            (
                "notice",
                message(0, tlv(EXTENDED, &[tlv(ENUMERATED, &[52]), tlv(OCTETS, b""), tlv(OCTETS, b"bye")].concat())),
                Some("bye"),
            ),
        ];
        let asked = BTreeMap::from([(1, true)]);
        for (name, bytes, expected) in cases {
            assert_eq!(whole(&bytes), Ok(Some(bytes.len())), "{name}");
            match (answer(&bytes, &asked), expected) {
                (Ok(()), None) => {}
                (Err(miss), Some(expected)) => assert!(miss.said.contains(expected), "{name}: {miss:?}"),
                (outcome, _) => panic!("{name}: {outcome:?}"),
            }
        }
    }

    #[test]
    fn messages_are_taken_only_whole_and_within_the_limit() {
        assert_eq!(whole(&[]), Ok(None));
        assert_eq!(whole(&[0x30, 3, 2, 1]), Ok(None));
        assert!(whole(b"HTTP/1.1 400").is_err());
        assert!(whole(&[0x30, 0x80, 0, 0]).is_err());
        assert_eq!(whole(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]).unwrap_err().how, How::TooLarge);
    }

    #[test]
    fn every_cut_of_a_sound_message_is_refused_or_waited_for() {
        let sound = message(1, one_entry(b"CN=a", tlv(SET, &tlv(OCTETS, b"a@b.c"))));
        let asked = BTreeMap::from([(1, true)]);
        for at in 0..sound.len() {
            for byte in [0, 0x30, 0x7f, 0x84, 0xff] {
                let mut bent = sound.clone();
                bent[at] = byte;
                if let Ok(Some(length)) = whole(&bent) {
                    // Whether it is refused does not matter here: that it comes back does.
                    let _ = answer(&bent[..length], &asked);
                }
            }
        }
    }
}
