//! BER as LDAP uses it: definite lengths, and tags of one byte (RFC 4511, 5.1).
//!
//! Reading neither recurses nor copies, so that no message of a broken or hostile server can exhaust the stack.
use crate::collect::western;
use nsdiag_checks::evidence::{How, Miss};
use std::borrow::Cow;

/// The largest message that is taken.
const MESSAGE: usize = 8 * 1024 * 1024;
/// How many bytes of a server's words are taken.
const WORDS: usize = 1000;

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const ENUMERATED: u8 = 0x0a;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

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
            (number(bytes), 2 + size)
        }
        _ => return Err(unsound("its length is not a definite one")),
    };
    if length > MESSAGE {
        return Err(Miss::new(How::TooLarge, "the directory server sent a message of more than 8 MiB"));
    }
    Ok((buffer.len() >= header + length).then_some(header + length))
}

/// What a server sent that is no LDAP.
pub(super) fn unsound(what: &str) -> Miss {
    Miss::new(How::Protocol, format!("the directory server sent what is not sound LDAP: {what}"))
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte))
}

/// One element: its tag and its content.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
}

impl<'a> Element<'a> {
    /// Its content as text for people.
    pub(super) fn text(self) -> Cow<'a, str> {
        western::lenient(self.content)
    }

    /// The same, cut where it is longer than anybody reads: it goes into every line that says why something is unknown.
    pub(super) fn words(self) -> String {
        let Some(behind) = self.content.get(WORDS) else { return self.text().into() };
        let first = &self.content[..WORDS];
        // Not in the middle of a character (RFC 3629, 3).
        let is_inside = |byte: &u8| byte & 0xc0 == 0x80;
        let whole = first.iter().rposition(|byte| !is_inside(byte)).filter(|at| is_inside(behind) && at + 4 > WORDS);
        format!("{}…", western::lenient(&first[..whole.unwrap_or(WORDS)]))
    }

    /// Its content as a name that decides something, which must be UTF-8.
    pub(super) fn name(self) -> Result<&'a str, Miss> {
        std::str::from_utf8(self.content).map_err(|_| unsound("the name of an attribute is not UTF-8"))
    }

    /// Its content as a number of at most four bytes.
    pub(super) fn number(self) -> Option<i32> {
        let (first, rest) = self.content.split_first().filter(|(_, rest)| rest.len() < 4)?;
        let sign = i32::from(i8::from_be_bytes([*first]));
        Some(rest.iter().fold(sign, |value, byte| value << 8 | i32::from(*byte)))
    }
}

/// Reads elements, one behind the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(content: &'a [u8]) -> Self {
        Self(content)
    }

    /// The next element; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Element<'a>>, Miss> {
        let (tag, first, rest) = match *self.0 {
            [] => return Ok(None),
            [tag, first, ref rest @ ..] => (tag, first, rest),
            _ => return Err(unsound("an element is cut short")),
        };
        if tag & 0x1f == 0x1f {
            return Err(unsound("a tag of several bytes"));
        }
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (bytes, rest) =
                    rest.split_at_checked(usize::from(first & 0x7f)).ok_or_else(|| unsound("a length is cut short"))?;
                (number(bytes), rest)
            }
            _ => return Err(unsound("a length is not a definite one")),
        };
        let (content, rest) =
            rest.split_at_checked(length).ok_or_else(|| unsound("an element is longer than what holds it"))?;
        self.0 = rest;
        Ok(Some(Element { tag, content }))
    }

    /// The next element, which must be of kind `tag`; `otherwise` says what is wrong where it is not.
    pub(super) fn expect(&mut self, tag: u8, otherwise: &str) -> Result<Element<'a>, Miss> {
        self.next()?.filter(|element| element.tag == tag).ok_or_else(|| unsound(otherwise))
    }

    /// That nothing follows.
    pub(super) fn end(self, otherwise: &str) -> Result<(), Miss> {
        if self.0.is_empty() { Ok(()) } else { Err(unsound(otherwise)) }
    }
}

/// Writes one element.
pub(super) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = Vec::with_capacity(length + 6);
    out.push(tag);
    match u8::try_from(length) {
        Ok(short @ 0..=0x7f) => out.push(short),
        _ => {
            let bytes = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
            out.push(0x84);
            out.extend(bytes);
        }
    }
    out.extend_from_slice(content);
    out
}

/// Writes a number that is not negative.
pub(super) fn integer(tag: u8, value: i32) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    // A leading byte may go where it says nothing of the sign (X.690, 8.3.2).
    let spare = (0..3).take_while(|at| bytes[*at] == 0 && bytes[at + 1] & 0x80 == 0).count();
    element(tag, &bytes[spare..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_only_whole_and_within_the_limit() {
        assert_eq!(whole(&[]), Ok(None));
        assert_eq!(whole(&[0x30, 3, 2, 1]), Ok(None));
        assert!(whole(b"HTTP/1.1 400").is_err());
        assert!(whole(&[0x30, 0x80, 0, 0]).is_err());
        assert_eq!(whole(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]).unwrap_err().how, How::TooLarge);
    }

    #[test]
    fn words_are_cut_between_characters() {
        let cases = [
            ("x".repeat(WORDS), None),
            ("x".repeat(WORDS + 1), Some(WORDS)),
            (format!("x{}", "ü".repeat(500)), Some(WORDS - 1)),
        ];
        for (text, cut) in cases {
            let expected = cut.map_or_else(|| text.clone(), |cut| format!("{}…", &text[..cut]));
            assert_eq!(Element { tag: OCTETS, content: text.as_bytes() }.words(), expected);
        }
        let latin = Element { tag: OCTETS, content: &[0xfc; 2 * WORDS] };
        assert_eq!(latin.words(), format!("{}…", "ü".repeat(WORDS)));
    }

    #[test]
    fn text_is_read_whatever_its_encoding() {
        let cases: [(&[u8], &str); 5] = [
            ("Straße".as_bytes(), "Straße"),
            (b"Stra\xdfe", "Straße"),
            (b"\x93ung\xfcltig\x94 \x80", "“ungültig” €"),
            (b"cut \xc3", "cut Ã"),
            (b"", ""),
        ];
        for (bytes, expected) in cases {
            assert_eq!(Element { tag: OCTETS, content: bytes }.text(), expected, "{bytes:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for value in [0, 1, 127, 128, 255, 256, 65_535, 8_388_608, i32::MAX] {
            let written = integer(INTEGER, value);
            let read = Reader::new(&written).next().unwrap().unwrap();
            assert_eq!((read.tag, read.number()), (INTEGER, Some(value)), "{written:?}");
        }
        let long = element(OCTETS, &[7; 300]);
        assert_eq!(Reader::new(&long).next().unwrap().unwrap().content, [7; 300]);
        let minus = Element { tag: INTEGER, content: &[0xff] };
        assert_eq!(minus.number(), Some(-1));
        assert_eq!(Element { tag: INTEGER, content: &[1; 5] }.number(), None);
    }
}
