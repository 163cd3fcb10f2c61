//! The secrets of a run, and how they are found in whatever is written.
mod cut;

use crate::collect::directory::Password;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use nsdiag_checks::report::Report;
use std::io::{self, Write};
use std::ops::Range;
use zeroize::Zeroizing;

/// What stands for a secret.
const MASK: &str = "***";
/// Below so many characters a secret turns up in words, numbers and addresses that have nothing to do with it.
const LONG: usize = 6;

/// The secrets of a run, which a server may echo: nothing that is written shows them.
///
/// A secret is found as it is, in base64 at any place of what was encoded (so in SASL PLAIN too), in URL encoding, in
/// hexadecimal digits, with what languages, LDAP and HTML escape in it, and in UTF-16 of both orders. A server that means to
/// tell it can always find another form, or break it over two lines: it has the secret. A short
/// one, or one that is a part of what the report names anyway (the domain, a host, the account), cannot be hidden
/// everywhere: its letters are in innocent words, ids and addresses, whose masking would make the report useless and,
/// since those words are known, betray it. It is masked where it is a word of its own in a sentence, which is how servers
/// echo.
#[derive(Clone, Debug, Default)]
pub struct Secrets(Vec<Secret>);

#[derive(Clone)]
struct Secret {
    forms: Vec<Form>,
    /// Whether it is one that innocent text holds too.
    common: bool,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("(a secret)")
    }
}

/// One way to write a secret.
#[derive(Clone)]
struct Form {
    text: Zeroizing<String>,
    /// Whether the whole run of base64 around it goes with it.
    base64: bool,
}

impl Secrets {
    /// Takes in the password with which `user` binds; `named` is what the report says anyway.
    pub fn add(&mut self, user: &str, password: &Password, named: &str) {
        let secret = password.shown();
        let common = secret.chars().count() < LONG || folded(named).contains(&folded(secret));
        self.0.push(Secret { forms: forms(user, secret, common), common });
    }

    /// `text` without them.
    pub fn mask(&self, text: &str) -> String {
        self.masked(text, false).unwrap_or_else(|| text.into())
    }

    /// `report` without them, which can be judged again as before: the names of its parts and its numbers stay.
    ///
    /// # Errors
    /// In words, where it would be none any more.
    pub fn mask_report(&self, report: Report) -> Result<Report, String> {
        if self.0.is_empty() {
            return Ok(report);
        }
        // A long report is looked through piece by piece; only one that holds a secret is in memory as text.
        let mut seeker = self.seeker();
        serde_json::to_writer(&mut seeker, &report).expect("a report holds nothing that JSON cannot");
        if !seeker.ends_found() {
            return Ok(report);
        }
        let text = serde_json::to_string(&report).expect("a report holds nothing that JSON cannot");
        let read = |careful| Some(serde_json::from_str(&self.in_json(&text, careful)?));
        match read(false) {
            None => Ok(report),
            Some(Ok(masked)) => Ok(masked),
            // The secret is one of the words or numbers that a report is made of.
            Some(Err(_)) => match read(true) {
                None => Ok(report),
                Some(masked) => {
                    masked.map_err(|error| format!("the report cannot be kept free of a password: {error}"))
                }
            },
        }
    }

    /// A document without them.
    ///
    /// # Errors
    /// In words, where it would be none any more.
    pub fn mask_document<D: serde::Serialize + serde::de::DeserializeOwned>(&self, document: D) -> Result<D, String> {
        let text = serde_json::to_string(&document).expect("a document holds nothing that JSON cannot");
        let read = |careful| Some(serde_json::from_str(&self.in_json(&text, careful)?));
        match read(false) {
            None => Ok(document),
            Some(Ok(masked)) => Ok(masked),
            // The secret is one of the words that a document is made of.
            Some(Err(_)) => match read(true) {
                None => Ok(document),
                Some(masked) => masked.map_err(|error| format!("it cannot be kept free of a password: {error}")),
            },
        }
    }

    /// A JSON document without them.
    pub fn mask_json(&self, text: &str) -> String {
        self.in_json(text, false).unwrap_or_else(|| text.into())
    }

    /// A JSON document with the values of its strings masked; none where there is nothing to mask. With `careful`, all
    /// secrets are looked for in sentences alone.
    fn in_json(&self, text: &str, careful: bool) -> Option<String> {
        let mut seeker = self.seeker();
        seeker.write_all(text.as_bytes()).ok()?;
        if !seeker.ends_found() {
            return None;
        }
        let mut out = String::new();
        let mut done = 0;
        let mut at = 0;
        while let Some(start) = text[at..].find('"').map(|found| at + found) {
            let end = end_of_string(text, start)?;
            at = end;
            // The name of a member, which is none of a server's words.
            if text[end..].trim_start().starts_with(':') {
                continue;
            }
            let value: String = serde_json::from_str(&text[start..end]).ok()?;
            if let Some(masked) = self.masked(&value, careful) {
                out.push_str(&text[done..start]);
                out.push_str(&serde_json::to_string(&masked).ok()?);
                done = end;
            }
        }
        (done > 0).then(|| out + &text[done..])
    }

    /// Looks for all forms in JSON.
    fn seeker(&self) -> Seeker {
        let in_json = |form: &Form| {
            let escaped = Zeroizing::new(serde_json::to_string(&*form.text).unwrap_or_default());
            Zeroizing::new(folded(&escaped[1..escaped.len() - 1]))
        };
        let forms: Vec<_> = self.0.iter().flat_map(|secret| &secret.forms).map(in_json).collect();
        let kept = forms.iter().map(|form| form.len()).max().map_or(0, |longest| longest + '…'.len_utf8());
        Seeker { forms, kept, window: Zeroizing::new(Vec::with_capacity(kept + 2 * WINDOW)), lowered: 0, found: false }
    }

    /// `text` without them; none where there is none of them in it.
    fn masked(&self, text: &str, careful: bool) -> Option<String> {
        let lower = folded(text);
        let mut found: Vec<Range<usize>> = Vec::new();
        for secret in &self.0 {
            let common = secret.common || careful;
            if common && !text.contains(char::is_whitespace) {
                continue;
            }
            for form in &secret.forms {
                let (within, wanted) = match form.base64 {
                    true => (text, form.text.clone()),
                    false => (&*lower, Zeroizing::new(folded(&form.text))),
                };
                let places = within.match_indices(&**wanted).map(|(at, part)| at..at + part.len());
                let places =
                    places.chain(cut::places(within, &wanted)).filter(|place| !common || stands_alone(text, place));
                found.extend(places.map(|place| if form.base64 { run_of_base64(text, place) } else { place }));
            }
        }
        found.sort_by_key(|place| (place.start, place.end));
        let mut out = String::new();
        let mut done = 0;
        for place in &found {
            if place.start >= done {
                out.push_str(&text[done..place.start]);
                out.push_str(MASK);
            }
            done = done.max(place.end);
        }
        (!found.is_empty()).then(|| out + &text[done..])
    }
}

/// How much of a stream is looked through at once, in bytes.
const WINDOW: usize = 64 * 1024;

/// Looks for forms of secrets in a stream, of which it holds a window.
struct Seeker {
    forms: Vec<Zeroizing<String>>,
    /// How much of what was looked through may be the beginning of a form.
    kept: usize,
    window: Zeroizing<Vec<u8>>,
    /// How much of the window is in small letters.
    lowered: usize,
    found: bool,
}

impl Seeker {
    /// Whether there was a form in all that was written.
    fn ends_found(&mut self) -> bool {
        self.look();
        self.found
    }

    fn look(&mut self) {
        self.window[self.lowered..].make_ascii_lowercase();
        // Half a character at the edge of the window is no part of a form: it is looked at again with its other half.
        let text = String::from_utf8_lossy(&self.window);
        let cut = cut::is_in(&text);
        let shows =
            |form: &Zeroizing<String>| text.contains(form.as_str()) || cut && cut::places(&text, form).next().is_some();
        self.found = self.found || self.forms.iter().any(shows);
        let done = self.window.len().saturating_sub(self.kept);
        self.window.drain(..done);
        self.lowered = self.window.len();
    }
}

impl Write for Seeker {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if self.found {
            return Ok(piece.len());
        }
        let piece = &piece[..piece.len().min(WINDOW)];
        self.window.extend_from_slice(piece);
        if self.window.len() >= self.kept + WINDOW {
            self.look();
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// In small letters, byte for byte at the same place.
fn folded(text: &str) -> String {
    text.to_ascii_lowercase()
}

/// The ways to write a secret that are looked for.
fn forms(user: &str, secret: &str, common: bool) -> Vec<Form> {
    let plain = |text: String| Form { text: Zeroizing::new(text), base64: false };
    let mut all: Vec<Form> = of_characters(secret).into_iter().chain(of_bytes(secret)).map(plain).collect();
    all.extend(in_base64(user, secret, common));
    all.retain(|form| !form.text.is_empty());
    all.sort_by(|a, b| (&*a.text, a.base64).cmp(&(&*b.text, b.base64)));
    all.dedup_by(|a, b| a.text == b.text && a.base64 == b.base64);
    all
}

/// As it is, and with the escapes of those who write characters.
fn of_characters(secret: &str) -> Vec<String> {
    // Text is compared without the case of ASCII; another letter's case is a form of its own.
    let mut all = vec![secret.to_string(), secret.to_lowercase(), secret.to_uppercase()];
    // As a string of JSON, or of a program.
    let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let inside = |text: String| text.get(1..text.len().saturating_sub(1)).map(String::from).unwrap_or_default();
    let escaped = inside(quoted(secret));
    all.extend([inside(quoted(&escaped)), secret.escape_debug().to_string(), secret.escape_default().to_string()]);
    let each = |text: &str, escape: &dyn Fn(char) -> Option<String>| -> String {
        text.chars().map(|c| escape(c).unwrap_or_else(|| c.to_string())).collect()
    };
    let units = |c: char| c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
    all.push(each(&escaped, &|c| (!c.is_ascii()).then(|| units(c))));
    all.push(escaped);
    // In a distinguished name and a filter (RFC 4514, 2.4; RFC 4515, 3).
    let special = |c: char| "\"+,;<>\\=#".contains(c);
    let digits = |c: char| c.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("\\{byte:02x}")).collect::<String>();
    all.push(each(secret, &|c| special(c).then(|| format!("\\{c}"))));
    all.push(each(secret, &|c| special(c).then(|| digits(c))));
    all.push(each(secret, &|c| (special(c) || !c.is_ascii()).then(|| digits(c))));
    all.push(each(secret, &|c| "*()\\".contains(c).then(|| digits(c))));
    // In HTML.
    let entities = [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;"), ('\'', "&#39;")];
    let entity = |c: char| entities.iter().find(|(own, _)| *own == c).map(|(_, entity)| (*entity).to_string());
    let numbered = |c: char| entities.iter().any(|(own, _)| *own == c) || !c.is_ascii();
    all.push(each(secret, &entity));
    all.push(each(secret, &|c| numbered(c).then(|| format!("&#{};", u32::from(c)))));
    all.push(each(secret, &|c| numbered(c).then(|| format!("&#x{:x};", u32::from(c)))));
    all.push(each(secret, &|c| entity(c).or_else(|| (!c.is_ascii()).then(|| format!("&#{};", u32::from(c))))));
    all
}

/// With the escapes of those who write bytes: UTF-8, Latin-1, and UTF-16 in both orders.
fn of_bytes(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let each = |text: &[u8], escape: &dyn Fn(u8) -> Option<String>| -> String {
        text.iter().map(|byte| escape(*byte).unwrap_or_else(|| char::from(*byte).to_string())).collect()
    };
    let mut all = Vec::new();
    let [little, big] = wide(secret);
    for bytes in [bytes, &little, &big] {
        for (before, between) in [("", ""), ("", " "), ("", ":"), ("", "-"), ("0x", ","), ("0x", ", "), ("\\x", "")] {
            let digits: Vec<String> = bytes.iter().map(|byte| format!("{before}{byte:02x}")).collect();
            all.push(digits.join(between));
        }
    }
    // In URLs, and in quoted-printable (RFC 2045, 6.7).
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let percent = |byte: u8| Some(format!("%{byte:02x}"));
    all.push(each(bytes, &|byte| (!unreserved(byte)).then(|| percent(byte)).flatten()));
    all.push(each(bytes, &|byte| {
        if byte == b' ' { Some("+".into()) } else { percent(byte).filter(|_| !unreserved(byte)) }
    }));
    all.push(each(bytes, &percent));
    all.push(each(bytes, &|byte| (!byte.is_ascii() || byte == b'=').then(|| format!("={byte:02x}"))));
    // UTF-8 that was taken for Latin-1; and bytes of which an SMTP transcript, or a program, keeps the digits.
    let digits = |byte: u8| format!("\\x{byte:02x}");
    all.push(each(bytes, &|_| None));
    all.push(each(bytes, &|byte| (!byte.is_ascii()).then(|| digits(byte))));
    all.push(
        secret.chars().map(|c| if c.is_ascii() { c.to_string() } else { format!("\\x{:02x}", u32::from(c)) }).collect(),
    );
    for bytes in [&little, &big] {
        // The zero at the edge may be gone.
        let bytes = bytes.strip_prefix(&[0]).or(bytes.strip_suffix(&[0])).unwrap_or(bytes);
        all.push(each(bytes, &|_| None));
        all.push(each(bytes, &|byte| (!(b' '..=b'~').contains(&byte)).then(|| digits(byte))));
    }
    all
}

/// UTF-16, as Windows has it within and as the network has it.
fn wide(secret: &str) -> [Vec<u8>; 2] {
    let with = |bytes: fn(u16) -> [u8; 2]| secret.encode_utf16().flat_map(bytes).collect();
    [with(u16::to_le_bytes), with(u16::to_be_bytes)]
}

/// SASL PLAIN (RFC 4616), what AUTH LOGIN sends, and a part of anything that was encoded.
fn in_base64(user: &str, secret: &str, common: bool) -> Vec<Form> {
    let base64 = |text: String| Form { text: Zeroizing::new(text), base64: true };
    let bytes = secret.as_bytes();
    let [little, big] = wide(secret);
    let whole = [
        format!("\0{user}\0{secret}").into_bytes(),
        format!("{user}\0{user}\0{secret}").into_bytes(),
        bytes.to_vec(),
        little.clone(),
        big.clone(),
    ];
    let mut all = Vec::new();
    for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        all.extend(whole.iter().map(|bytes| base64(engine.encode(bytes))));
        if common {
            continue;
        }
        // Three bytes make four letters: what stands before it shifts it, and the letters at its edges depend on others.
        for bytes in [bytes, &little, &big] {
            for (shift, lost) in [(0, 0), (1, 2), (2, 3)] {
                let encoded = engine.encode([&[0; 2][..shift], bytes].concat());
                let last = usize::from(!(shift + bytes.len()).is_multiple_of(3));
                all.extend(encoded.get(lost..encoded.len() - last).map(|core| base64(core.into())));
            }
        }
    }
    all
}

/// Behind the string of a JSON document that begins at `start`.
fn end_of_string(text: &str, start: usize) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(start + 1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn stands_alone(text: &str, place: &Range<usize>) -> bool {
    let before = text[..place.start].chars().next_back();
    let behind = text[place.end..].chars().next();
    !before.into_iter().chain(behind).any(char::is_alphanumeric)
}

/// The letters of base64 around a place, and what pads them.
fn run_of_base64(text: &str, place: Range<usize>) -> Range<usize> {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
    let before = text.as_bytes()[..place.start].iter().rev().take_while(|byte| is_letter(byte)).count();
    let behind = &text.as_bytes()[place.end..];
    let letters = behind.iter().take_while(|byte| is_letter(byte)).count();
    let pads = behind[letters..].iter().take_while(|byte| **byte == b'=').count();
    place.start - before..place.end + letters + pads
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(user: &str, secret: &str, named: &str) -> Secrets {
        let mut secrets = Secrets::default();
        secrets.add(user, &Password::new(secret.into()), named);
        secrets
    }

    #[test]
    fn a_secret_is_masked_in_every_form() {
        let hide = secrets("nsdiag", "geheim-7391 ü", "contoso.com");
        let base64 = |bytes: &[u8]| STANDARD_NO_PAD.encode(bytes);
        let plain = "\0nsdiag\0geheim-7391 ü".as_bytes();
        let cases = [
            ("wrong: geheim-7391 ü!".to_string(), "wrong: ***!"),
            ("GEHEIM-7391 ü, geheim-7391 ü".into(), "***, ***"),
            ("geheim-7391 üüü".into(), "***üü"),
            (format!("334 {}=", base64(plain)), "334 ***"),
            (format!("={}=", base64(b"geheim-7391 \xc3\xbc")), "=***"),
            (format!("a {} b", base64(b"xgeheim-7391 \xc3\xbcyz")), "a *** b"),
            (format!("a {}, b", base64(b"xygeheim-7391 \xc3\xbcz")), "a ***, b"),
            (format!("a {}: b", base64(b"xyzgeheim-7391 \xc3\xbczz")), "a ***: b"),
            ("p=geheim-7391%20%C3%BC&q".into(), "p=***&q"),
            ("p=geheim-7391+%c3%bc".into(), "p=***"),
            ("67656865696D2D3733393120C3BC".into(), "***"),
            ("67 65 68 65 69 6d 2d 37 33 39 31 20 c3 bc".into(), "***"),
            ("geheim-7391 Ã¼".into(), "***"),
            ("550 geheim-7391 \\xfc".into(), "550 ***"),
            ("geheim-7391 ü|".chars().flat_map(|c| [c, '\0']).collect(), "***\0|\0"),
            (
                format!(
                    "a {} b",
                    base64("x: geheim-7391 ü".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>().as_slice())
                ),
                "a *** b",
            ),
            // UTF-16 of which a transcript keeps the zeros as digits, in both orders; a reader may have lost the zero at the edge.
            (
                "geheim-7391 ü"
                    .chars()
                    .fold("550 ".into(), |text, c| text + &c.to_string().replace('ü', "\\xfc") + "\\x00"),
                "550 ***\\x00",
            ),
            (
                "geheim-7391 ü"
                    .chars()
                    .fold("550 ".into(), |text, c| text + "\\x00" + &c.to_string().replace('ü', "\\xfc")),
                "550 \\x00***",
            ),
            (r"x geheim-7391 \u00fc y".into(), "x *** y"),
            (r"x geheim-7391 \C3\BC y".into(), "x *** y"),
            (r"b'geheim-7391 \xc3\xbc'".into(), "b'***'"),
            ("geheim-7391 &#252; y".into(), "*** y"),
            ("x geheim-7391 =C3=BC y".into(), "x *** y"),
            ("GEHEIM-7391 Ü".into(), "***"),
            ("67-65-68-65-69-6D-2D-37-33-39-31-20-C3-BC".into(), "***"),
            ("0x67, 0x65, 0x68, 0x65, 0x69, 0x6d, 0x2d, 0x37, 0x33, 0x39, 0x31, 0x20, 0xc3, 0xbc".into(), "***"),
            (
                format!(
                    "a {} b",
                    base64("x: geheim-7391 ü".encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>().as_slice())
                ),
                "a *** b",
            ),
            // Near misses.
            ("geheim-739 1 ü, geheim, 7391".into(), "geheim-739 1 ü, geheim, 7391"),
            (base64(b"geheim-7392 \xc3\xbc"), &*base64(b"geheim-7392 \xc3\xbc")),
            (String::new(), ""),
        ];
        for (text, expected) in &cases {
            assert_eq!(hide.mask(text), *expected, "{text}");
        }
    }

    #[test]
    fn a_secret_is_masked_with_what_others_escape_in_it() {
        let hide = secrets("nsdiag", "it's \"7<9>1\\+(x)*&", "");
        let cases = [
            r#"it\'s \"7<9>1\\+(x)*&"#,
            r#"it's \"7<9>1\\+(x)*&"#,
            r#"it's \"7\<9\>1\\\+(x)*&"#,
            r"it's \227\3C9\3e1\5c\2b(x)*&",
            r#"it's "7<9>1\5c+\28x\29\2a&"#,
            r"it&#39;s &quot;7&lt;9&gt;1\+(x)*&amp;",
        ];
        for text in cases {
            assert_eq!(hide.mask(&format!("'{text}' is wrong")), "'***' is wrong", "{text}");
        }
        let near = r#"its "7<9>1\+(x)*&"#;
        assert_eq!(hide.mask(near), near);
    }

    #[test]
    fn a_short_secret_or_a_known_word_is_masked_where_it_is_a_word_of_a_sentence() {
        let short = secrets("nsdiag", "x1", "");
        let known = secrets("nsdiag", "Contoso", "the domain contoso.com");
        let plain = STANDARD_NO_PAD.encode("\0nsdiag\0x1");
        let cases = [
            (&short, "bad password x1 for nsdiag", "bad password *** for nsdiag"),
            (&short, "bad password (X1)", "bad password (***)"),
            (&short, "mx1.contoso.com, ax1 and x12", "mx1.contoso.com, ax1 and x12"),
            (&short, "x1", "x1"),
            (&short, &*format!("334 {plain}"), "334 ***"),
            (&short, "gateway/x1/10.0.0.1:25", "gateway/x1/10.0.0.1:25"),
            (&known, "orders@contoso.com", "orders@contoso.com"),
            (&known, "wrong password contoso", "wrong password ***"),
        ];
        for (hide, text, expected) in cases {
            assert_eq!(hide.mask(text), expected, "{text}");
        }
    }

    #[test]
    fn a_document_stays_sound_and_the_names_of_its_parts_stay() {
        let cases = [
            ("quo\"te\\n7", r#"{"a":"x quo\"te\\n7 y"}"#, r#"{"a":"x *** y"}"#),
            ("tab\there", r#"["tab\there", "tab there"]"#, r#"["***", "tab there"]"#),
            // What looks like a secret across an escape is none.
            ("nabcdef", r#"["\nabcdef", "x\\nabcdef"]"#, r#"["\nabcdef", "x\\***"]"#),
            ("verdict-1", r#"{"verdict-1" : "verdict-1", "n": 1}"#, r#"{"verdict-1" : "***", "n": 1}"#),
            ("nothing", r#"{"a": ["b"]}"#, r#"{"a": ["b"]}"#),
        ];
        for (secret, text, expected) in cases {
            let masked = secrets("nsdiag", secret, "").mask_json(text);
            assert_eq!(masked, expected, "{secret}");
            assert!(serde_json::from_str::<serde_json::Value>(&masked).is_ok(), "{masked}");
        }
    }

    #[test]
    fn a_secret_in_a_stream_is_found_wherever_its_pieces_are_cut() {
        let all = secrets("nsdiag", "geheim-7391 ü", "");
        let longest = all.seeker().kept;
        // Around the edges of the window, and far behind them.
        for before in (WINDOW - 20..WINDOW + longest + 20).step_by(13).chain([0, 1, 3 * WINDOW + 5]) {
            for cut in [1, 7, 4096, 200_000] {
                // The cut in the middle of a character is for the short ones, of which there are enough.
                if cut == 1 && before % 3 != 0 {
                    continue;
                }
                let text = format!("{}Geheim-7391 ü tail", "x".repeat(before));
                let mut seeker = all.seeker();
                text.as_bytes().chunks(cut).for_each(|piece| seeker.write_all(piece).unwrap());
                assert!(seeker.ends_found(), "{before} {cut}");
                let mut seeker = all.seeker();
                let near = text.replace("7391", "7392");
                near.as_bytes().chunks(cut).for_each(|piece| seeker.write_all(piece).unwrap());
                assert!(!seeker.ends_found(), "{before} {cut}");
            }
        }
    }

    #[test]
    fn nothing_shows_a_secret_by_the_way() {
        let shown = format!("{:?}", secrets("nsdiag", "geheim-7391", ""));
        assert!(!shown.contains("7391"), "{shown}");
    }
}
