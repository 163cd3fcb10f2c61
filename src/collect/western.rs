//! Text in Windows-1252, as Windows and its programs write it in the West.
use std::borrow::Cow;

/// Text for people: UTF-8, else Windows-1252. No word of a server's is worth losing its answer for.
pub fn lenient(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => bytes.iter().map(|byte| letter(*byte)).collect(),
    }
}

/// A byte of Windows-1252; what it has no character for stays a control character, as the WHATWG's encoding has it.
pub fn letter(byte: u8) -> char {
    const FROM_80: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => FROM_80[usize::from(byte) - 0x80],
        _ => char::from(byte),
    }
}
