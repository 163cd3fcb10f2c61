//! The text of an export file, whatever its encoding: decoded as it is read, with the place, within limits.
use crate::collect::western;
use nsdiag_checks::evidence::{How, Miss};
use std::cell::{Cell, RefCell};
use std::io::{self, BufRead, Read};
use std::rc::Rc;

/// The most bytes of text that one object may take.
pub const OBJECT: u64 = 16 * 1024 * 1024;
/// The most values that one object may hold, those inside of it counted.
pub const VALUES: usize = 100_000;
/// The most levels of objects and lists inside each other.
pub const LEVELS: usize = 64;
/// The largest file, in bytes.
pub const FILE: u64 = 16 * 1024 * 1024 * 1024;
const CHUNK: usize = 64 * 1024;
/// What is wrong with a text in another encoding than those that PowerShell writes in the West.
const FOREIGN: &str = "neither UTF-8, UTF-16 with a byte order mark nor Windows-1252: export it with -Encoding UTF8";

/// Why a file cannot be used, with the place in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which kind of miss.
    pub how: How,
    /// `:line:column: what`, or `: what`; it goes behind the file's name.
    pub said: String,
}

impl Fault {
    /// The miss that it makes of the file at `path`.
    pub fn miss(&self, path: &str) -> Miss {
        Miss::new(self.how, format!("{path}{}", self.said))
    }
}

/// Where reading stands, and what it has used up. Shared by the text and the reader of its format.
#[derive(Debug)]
pub struct Meter {
    line: Cell<u64>,
    column: Cell<u64>,
    spent: Cell<u64>,
    values: Cell<usize>,
    /// The number of the object that is read, from 1; 0 before the first.
    pub object: Cell<usize>,
    /// Whether reading stands inside of it.
    inside: Cell<bool>,
    /// The property of it that is read, where it is known.
    pub field: RefCell<String>,
    fault: RefCell<Option<Fault>>,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            line: Cell::new(1),
            column: Cell::new(1),
            spent: Cell::new(0),
            values: Cell::new(0),
            object: Cell::new(0),
            inside: Cell::new(false),
            field: RefCell::default(),
            fault: RefCell::default(),
        }
    }
}

impl Meter {
    /// Line and column of what comes next, in characters from 1.
    pub fn place(&self) -> (u64, u64) {
        (self.line.get(), self.column.get())
    }

    /// Begins an object: its share is fresh.
    pub fn begin(&self) {
        self.object.set(self.object.get() + 1);
        self.inside.set(true);
        self.spent.set(0);
        self.values.set(0);
        self.field.borrow_mut().clear();
    }

    /// Ends it.
    pub fn end(&self) {
        self.inside.set(false);
        self.field.borrow_mut().clear();
    }

    /// Counts one value of the object.
    pub fn value(&self) -> Result<(), Fault> {
        self.values.set(self.values.get() + 1);
        match self.values.get() > VALUES {
            true => Err(self.fault(How::TooLarge, &format!("more than {VALUES} values in one object"))),
            false => Ok(()),
        }
    }

    /// Counts a level; `depth` is how many there are around it.
    pub fn level(&self, depth: usize) -> Result<(), Fault> {
        match depth > LEVELS {
            true => Err(self.fault(How::TooLarge, &format!("more than {LEVELS} levels inside each other"))),
            false => Ok(()),
        }
    }

    /// A fault at the place where reading stands.
    pub fn fault(&self, how: How, what: &str) -> Fault {
        self.fault_at(self.place(), how, what)
    }

    /// A fault at a place, with the object and the property.
    pub fn fault_at(&self, (line, column): (u64, u64), how: How, what: &str) -> Fault {
        let field = self.field.borrow();
        let object = match self.object.get() {
            _ if !self.inside.get() => String::new(),
            number if field.is_empty() => format!("object {number}: "),
            number => format!("object {number}, {}: ", shown(&field)),
        };
        Fault { how, said: format!(":{line}:{column}: {object}{what}") }
    }

    /// Keeps a fault for [`Meter::taken`], where an error of another library has to carry it.
    pub fn keep(&self, fault: Fault) {
        self.fault.borrow_mut().get_or_insert(fault);
    }

    /// The fault that was kept.
    pub fn taken(&self) -> Option<Fault> {
        self.fault.borrow_mut().take()
    }
}

/// A hostile file's own text, fit for a message: short, and without control characters.
pub fn shown(text: &str) -> String {
    printable(text, 60)
}

/// `text` without control characters, and cut after `most` characters.
pub fn printable(text: &str, most: usize) -> String {
    let short: String = text.chars().take(most).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    match text.chars().nth(most) {
        Some(_) => short + "…",
        None => short,
    }
}

/// A file's encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf8Mark,
    Utf16Le,
    Utf16Be,
    /// What Windows PowerShell writes with `Set-Content` or `-Encoding Default` in the West.
    Western,
}

/// The decoded text of a file.
pub struct Text<R> {
    inner: R,
    encoding: Encoding,
    /// Whether there were only ASCII's letters so far.
    plain: bool,
    /// Bytes that are not decoded yet: what was read ahead, or the head of a character.
    raw: Vec<u8>,
    out: Vec<u8>,
    at: usize,
    ended: bool,
    /// What is wrong behind `out`.
    bad: Option<(How, &'static str)>,
    /// The last byte that was handed out.
    last: u8,
    /// Whether the number of quotes so far is odd.
    quoted: bool,
    meter: Rc<Meter>,
}

impl<R: Read> Text<R> {
    /// Begins to read, and finds out the encoding.
    pub fn new(mut inner: R) -> Result<Self, Fault> {
        let meter = Rc::new(Meter::default());
        let mut raw = Vec::new();
        let read = inner.by_ref().take(3).read_to_end(&mut raw);
        read.map_err(|error| Fault { how: How::Unreadable, said: format!(": {error}") })?;
        let (encoding, mark) = match raw[..] {
            [0xff, 0xfe, ..] => (Encoding::Utf16Le, 2),
            [0xfe, 0xff, ..] => (Encoding::Utf16Be, 2),
            [0xef, 0xbb, 0xbf] => (Encoding::Utf8Mark, 3),
            _ => (Encoding::Utf8, 0),
        };
        raw.drain(..mark);
        let (out, at, last) = (Vec::new(), 0, b'\n');
        Ok(Self { inner, encoding, plain: true, raw, out, at, ended: false, bad: None, last, quoted: false, meter })
    }

    /// The encoding in words, as far as what was read tells it.
    pub fn encoding(&self) -> &'static str {
        match self.encoding {
            Encoding::Utf8 => "UTF-8",
            Encoding::Utf8Mark => "UTF-8 with BOM",
            Encoding::Utf16Le => "UTF-16LE",
            Encoding::Utf16Be => "UTF-16BE",
            Encoding::Western => "Windows-1252",
        }
    }

    /// Where reading stands.
    pub fn meter(&self) -> Rc<Meter> {
        self.meter.clone()
    }

    /// Whether all that was handed out ends with a line end, or nothing was.
    pub fn at_line_start(&self) -> bool {
        self.last == b'\n'
    }

    /// Whether a quote is open, as far as counting tells.
    pub fn in_quotes(&self) -> bool {
        self.quoted
    }

    /// Skips white space; the next byte, none at the end.
    pub fn next_visible(&mut self) -> Result<Option<u8>, Fault> {
        loop {
            let (skip, next) = match self.fill_buf() {
                Err(error) => return Err(self.told(&error)),
                Ok([]) => return Ok(None),
                Ok(bytes) => {
                    let skip = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                    (skip, bytes.get(skip).copied())
                }
            };
            self.consume(skip);
            // White space is nobody's object.
            self.meter.spent.set(0);
            if next.is_some() {
                return Ok(next);
            }
        }
    }

    /// What can be seen ahead without consuming it; a few kilobytes at least, unless the file is shorter.
    pub fn ahead(&mut self) -> Result<String, Fault> {
        match self.fill_buf() {
            Ok(bytes) => Ok(String::from_utf8_lossy(bytes).into_owned()),
            Err(error) => Err(self.told(&error)),
        }
    }

    /// The fault behind an error of reading.
    fn told(&self, error: &io::Error) -> Fault {
        self.meter.taken().unwrap_or_else(|| self.meter.fault(How::Unreadable, &error.to_string()))
    }

    fn fails(&self, how: How, what: &str) -> io::Error {
        self.meter.keep(self.meter.fault(how, what));
        io::Error::other("kept")
    }

    fn refill(&mut self) -> io::Result<()> {
        if let Some((how, what)) = self.bad {
            return Err(self.fails(how, what));
        }
        self.out.clear();
        self.at = 0;
        while self.out.is_empty() && !self.ended && self.bad.is_none() {
            let head = self.raw.len();
            self.raw.resize(head + CHUNK, 0);
            let read = loop {
                match self.inner.read(&mut self.raw[head..]) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    other => break other,
                }
            };
            let read = match read {
                Ok(read) => read,
                Err(error) => return Err(self.fails(How::Unreadable, &error.to_string())),
            };
            self.raw.truncate(head + read);
            self.ended = read == 0;
            match self.encoding {
                Encoding::Utf8 | Encoding::Utf8Mark => self.decode_bytes(),
                Encoding::Utf16Le => self.decode_units(u16::from_le_bytes),
                Encoding::Utf16Be => self.decode_units(u16::from_be_bytes),
                Encoding::Western => self.decode_western(),
            }
            if self.ended && !self.raw.is_empty() && self.bad.is_none() {
                self.bad = Some((How::Unreadable, "the file ends in the middle of a character: it is cut off"));
            }
            if let Some(nul) = self.out.iter().position(|byte| *byte == 0) {
                self.out.truncate(nul);
                self.bad = Some((How::Unreadable, "a NUL byte: no text, or UTF-16 without a byte order mark"));
            }
        }
        match self.bad {
            Some((how, what)) if self.out.is_empty() => Err(self.fails(how, what)),
            _ => Ok(()),
        }
    }

    fn decode_bytes(&mut self) {
        let (whole, bad) = match std::str::from_utf8(&self.raw) {
            Ok(text) => (text.len(), false),
            Err(error) => (error.valid_up_to(), error.error_len().is_some()),
        };
        self.plain &= self.raw[..whole].is_ascii();
        self.out.extend_from_slice(&self.raw[..whole]);
        self.raw.drain(..whole);
        match (bad, self.plain && self.encoding == Encoding::Utf8) {
            (true, true) => {
                self.encoding = Encoding::Western;
                self.decode_western();
            }
            (true, false) => self.bad = Some((How::Unreadable, FOREIGN)),
            (false, _) => {}
        }
    }

    /// A text of which no letter is UTF-8's: one that holds such letters too is of nobody's encoding.
    fn decode_western(&mut self) {
        let raw = std::mem::take(&mut self.raw);
        let is_utf8 = |at: usize| {
            (2..=4).any(|size| raw.get(at..at + size).is_some_and(|part| std::str::from_utf8(part).is_ok()))
        };
        for (at, byte) in raw.iter().enumerate() {
            let letter = western::letter(*byte);
            if !byte.is_ascii() && (letter.is_control() || is_utf8(at)) {
                self.bad = Some((How::Unreadable, FOREIGN));
                return;
            }
            self.out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    fn decode_units(&mut self, unit: fn([u8; 2]) -> u16) {
        let mut whole = 0;
        let units: Vec<u16> = self.raw.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        for decoded in char::decode_utf16(units.iter().copied()) {
            match decoded {
                Ok(character) => {
                    self.out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                    whole += 2 * character.len_utf16();
                }
                // The other half of the last character is still to come.
                Err(_) if whole + 2 >= 2 * units.len() && !self.ended => break,
                Err(_) => {
                    self.bad = Some((How::Unreadable, "not UTF-16: half a character"));
                    break;
                }
            }
        }
        self.raw.drain(..whole);
    }
}

impl<R: Read> BufRead for Text<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.meter.spent.get() > OBJECT {
            let what = format!("more than {} MiB in one object", OBJECT / 1024 / 1024);
            return Err(self.fails(How::TooLarge, &what));
        }
        if self.at == self.out.len() {
            self.refill()?;
        }
        Ok(&self.out[self.at..])
    }

    fn consume(&mut self, count: usize) {
        let Some(bytes) = self.out.get(self.at..self.at + count) else { return };
        let (mut line, mut column) = self.meter.place();
        for byte in bytes {
            match byte {
                b'\n' => (line, column) = (line + 1, 1),
                0x80..=0xbf => {}
                b'"' => {
                    self.quoted = !self.quoted;
                    column += 1;
                }
                _ => column += 1,
            }
        }
        self.last = bytes.last().copied().unwrap_or(self.last);
        self.meter.line.set(line);
        self.meter.column.set(column);
        self.meter.spent.set(self.meter.spent.get() + count as u64);
        self.at += count;
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let count = ready.len().min(into.len());
        into[..count].copy_from_slice(&ready[..count]);
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> Result<(String, &'static str), String> {
        let mut text = Text::new(bytes).map_err(|fault| fault.said)?;
        let mut all = String::new();
        match text.read_to_string(&mut all) {
            Ok(_) => Ok((all, text.encoding())),
            Err(error) => Err(text.told(&error).said),
        }
    }

    #[test]
    fn every_encoding_that_powershell_writes_is_told_and_what_is_none_has_its_place() {
        let wide = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(bytes).collect()
        };
        let foreign = |line, column| format!(":{line}:{column}: {FOREIGN}");
        type Case<'a> = (Vec<u8>, Result<(&'a str, &'static str), &'a str>);
        let cases: [Case; 13] = [
            (b"gr\xc3\xbcn".to_vec(), Ok(("grün", "UTF-8"))),
            (b"\xef\xbb\xbfa".to_vec(), Ok(("a", "UTF-8 with BOM"))),
            (wide("grün 😀\n", u16::to_le_bytes), Ok(("grün 😀\n", "UTF-16LE"))),
            (wide("grün", u16::to_be_bytes), Ok(("grün", "UTF-16BE"))),
            (vec![], Ok(("", "UTF-8"))),
            (b"ab\ngr\xfcn \x96 \x80".to_vec(), Ok(("ab\ngrün – €", "Windows-1252"))),
            // Of two encodings, or of code page 850.
            (b"gr\xc3\xbcn\ngr\xfcn".to_vec(), Err(&foreign(2, 3))),
            (b"\xef\xbb\xbfgr\xfcn".to_vec(), Err(&foreign(1, 3))),
            (b"gr\xfcn\ngr\xc3\xbcn".to_vec(), Err(&foreign(2, 3))),
            (b"gr\x81n".to_vec(), Err(&foreign(1, 3))),
            (b"a\0b\0".to_vec(), Err(":1:2: a NUL byte: no text, or UTF-16 without a byte order mark")),
            (b"ab\n\xc3".to_vec(), Err(":2:1: the file ends in the middle of a character: it is cut off")),
            (b"\xff\xfea\0\x00\xd8b\0".to_vec(), Err(":1:2: not UTF-16: half a character")),
        ];
        for (bytes, expected) in cases {
            let expected = expected.map(|(text, name)| (text.to_string(), name)).map_err(String::from);
            assert_eq!(decoded(&bytes), expected, "{bytes:?}");
        }
        let long = "ü😀x\n".repeat(50_000);
        assert_eq!(decoded(&wide(&long, u16::to_le_bytes)), Ok((long.clone(), "UTF-16LE")), "across the chunks");
        assert_eq!(decoded(long.as_bytes()), Ok((long, "UTF-8")));
    }
}
