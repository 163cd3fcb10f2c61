//! The text of a list, whatever its encoding: told by its bytes, for a list says nothing about itself.
use crate::collect::western;

/// Stands for what cannot be read. An address that holds it is none.
pub const LOST: char = char::REPLACEMENT_CHARACTER;

/// The text, and its encoding in words.
///
/// # Errors
/// In words, where it is no text.
pub fn text_of(bytes: &[u8]) -> Result<(String, &'static str), String> {
    let (text, encoding) = match bytes {
        [0xff, 0xfe, rest @ ..] => (wide(rest, u16::from_le_bytes), "UTF-16LE"),
        [0xfe, 0xff, rest @ ..] => (wide(rest, u16::from_be_bytes), "UTF-16BE"),
        [0xef, 0xbb, 0xbf, rest @ ..] => narrow(rest),
        _ => match wide_without_mark(bytes) {
            Some(true) => (wide(bytes, u16::from_le_bytes), "UTF-16LE"),
            Some(false) => (wide(bytes, u16::from_be_bytes), "UTF-16BE"),
            None => narrow(bytes),
        },
    };
    if text.contains('\0') {
        return Err(": it is no text: it holds NUL bytes".into());
    }
    // Lines of old Mac programs end in CR alone.
    match text.contains('\r') && !text.contains('\n') {
        true => Ok((text.replace('\r', "\n"), encoding)),
        false => Ok((text, encoding)),
    }
}

fn wide(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let pairs = bytes.chunks_exact(2);
    let cut = !pairs.remainder().is_empty();
    let units = pairs.map(|pair| unit([pair[0], pair[1]]));
    let mut text: String = char::decode_utf16(units).map(|c| c.unwrap_or(LOST)).collect();
    if cut {
        text.push(LOST);
    }
    text
}

/// Whether it is UTF-16 without a byte order mark, and little-endian: of its ASCII every other byte is NUL.
fn wide_without_mark(bytes: &[u8]) -> Option<bool> {
    let head = &bytes[..bytes.len().min(4096)];
    let pairs = head.len() / 2;
    let nuls = |at: usize| head.chunks_exact(2).filter(|pair| pair[at] == 0).count();
    match (nuls(0), nuls(1)) {
        (0, low) if pairs > 1 && low > pairs / 2 => Some(true),
        (high, 0) if pairs > 1 && high > pairs / 2 => Some(false),
        _ => None,
    }
}

/// UTF-8, or an encoding of a byte a character. A byte that UTF-8 does not know among characters that are UTF-8 is damage.
fn narrow(bytes: &[u8]) -> (String, &'static str) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return (text.into(), "UTF-8");
    }
    let (mut good, mut bad) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    if good >= bad {
        return (String::from_utf8_lossy(bytes).into_owned(), "damaged UTF-8");
    }
    // What Windows-1252 leaves undefined, and three letters beyond ASCII in a row, are of other encodings: those of DOS,
    // of the Mac, of Greek and Cyrillic. Which, nobody can tell.
    let undefined = bytes.iter().any(|byte| *byte >= 0x80 && western::letter(*byte).is_control());
    let foreign = bytes.windows(3).any(|three| three.iter().all(|byte| *byte >= 0xc0));
    if undefined || foreign {
        let text = bytes.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { LOST }).collect();
        return (text, "an encoding that cannot be told");
    }
    let text = bytes.iter().map(|byte| western::letter(*byte)).collect();
    match bytes.iter().any(|byte| matches!(byte, 0x80..=0x9f)) {
        true => (text, "Windows-1252"),
        false => (text, "Latin-1"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_told_by_the_bytes_and_what_cannot_be_read_is_never_a_letter() {
        let wide = |text: &str, unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
        let cases: [(&[u8], &str, &str); 14] = [
            (b"gr\xc3\xbcn", "grün", "UTF-8"),
            (b"\xef\xbb\xbfa", "a", "UTF-8"),
            (b"", "", "UTF-8"),
            (&wide("\u{feff}grün\n", u16::to_le_bytes), "grün\n", "UTF-16LE"),
            (&wide("\u{feff}grün\n", u16::to_be_bytes), "grün\n", "UTF-16BE"),
            (&wide("a@c.com\n", u16::to_le_bytes), "a@c.com\n", "UTF-16LE"),
            (&wide("a@c.com\n", u16::to_be_bytes), "a@c.com\n", "UTF-16BE"),
            (b"\xff\xfea\0b", "a\u{fffd}", "UTF-16LE"),
            (b"gr\xfcn", "grün", "Latin-1"),
            (b"\x93gr\xfcn\x94 \x80", "“grün” €", "Windows-1252"),
            (b"gr\xc3\xbcn\n\xfc", "grün\n\u{fffd}", "damaged UTF-8"),
            (b"J\x81rg", "J\u{fffd}rg", "an encoding that cannot be told"),
            (b"\xc8\xe2\xe0\xed", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}", "an encoding that cannot be told"),
            (b"a\rb\r", "a\nb\n", "UTF-8"),
        ];
        for (bytes, text, encoding) in cases {
            assert_eq!(text_of(bytes), Ok((text.into(), encoding)), "{bytes:?}");
        }
        for bytes in [b"a\0\0b".as_slice(), b"\xff\xfe\0\0a\0", b"GIF\0"] {
            assert_eq!(text_of(bytes).unwrap_err(), ": it is no text: it holds NUL bytes", "{bytes:?}");
        }
    }
}
