//! How a value becomes a part of a command: one function for each shell, and no other way.
//!
//! What no quotes make safe for pasting is refused: a terminal acts on control characters, a console breaks lines at some,
//! and what cannot be seen or turns the direction of writing shows another command than the one that runs.
use crate::prelude::*;

/// A value that no quotes make safe in a shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unquotable;

/// `value` as a literal of PowerShell, in single quotes: nothing is expanded there, and each quote stands doubled for
/// itself. PowerShell takes U+2018, U+2019, U+201A and U+201B for the straight one (about_Quoting_Rules; the language
/// specification, 2.3.5.2), each doubled by whichever of them, so each by itself.
///
/// # Errors
/// Where it cannot be quoted.
pub fn powershell(value: &str) -> Result<String, Unquotable> {
    let mut out = String::from("'");
    for c in seen(value)?.chars() {
        if matches!(c, '\'' | '\u{2018}'..='\u{201b}') {
            out.push(c);
        }
        out.push(c);
    }
    out.push('\'');
    Ok(out)
}

/// `value` as an argument of a program that PowerShell starts. Windows PowerShell puts double quotes around it without
/// escaping those inside, and drops an empty one (about_Parsing, "Passing arguments that contain quote characters"). Such
/// lines are pasted into `cmd` as well, so what ends an argument there is refused too.
///
/// # Errors
/// Where it cannot be quoted.
pub fn argument(value: &str) -> Result<String, Unquotable> {
    cmd(value)?;
    powershell(value)
}

/// `value` as an argument in a POSIX shell, in single quotes (XCU 2.2.2): nothing is special there but the quote.
///
/// # Errors
/// Where it cannot be quoted.
pub fn sh(value: &str) -> Result<String, Unquotable> {
    match value.starts_with('-') {
        true => Err(Unquotable),
        false => Ok(format!("'{}'", seen(value)?.replace('\'', "'\\''"))),
    }
}

/// `value` as an argument in `cmd`, in double quotes. `%` and `!` expand within them, nothing escapes `"` there, and a
/// backslash at the end escapes the closing one for the program.
///
/// # Errors
/// Where it cannot be quoted.
pub fn cmd(value: &str) -> Result<String, Unquotable> {
    let bad = value.is_empty() || value.contains(['%', '!', '"', '^', '&', '|', '<', '>']);
    if bad || value.ends_with('\\') || value.starts_with(['/', '-']) {
        return Err(Unquotable);
    }
    Ok(format!("\"{}\"", seen(value)?))
}

/// `value` as a value in an LDAP filter (RFC 4515, 3).
pub fn ldap(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '*' | '(' | ')' | '\\' | '\0' => out.push_str(&format!("\\{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// `value` as data for people: what cannot be seen, and what could not be read, is written out.
pub fn in_words(value: &str) -> String {
    written_out(value, is_unsafe)
}

/// [`in_words`], with all that means something to a shell written out as well: `cmd`, and `zsh` at the prompt, take no `#`
/// for the beginning of a comment.
pub(super) fn in_letters(value: &str) -> String {
    let special = |c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && !" @.,=:_/+-\\".contains(c);
    written_out(value, |c| is_unsafe(c) || special(c))
}

fn written_out(value: &str, bad: impl Fn(char) -> bool) -> String {
    const MOST: usize = 300;
    let mut out = String::new();
    for c in value.chars().take(MOST) {
        match bad(c) {
            true => out.extend(c.escape_unicode()),
            false => out.push(c),
        }
    }
    if value.chars().nth(MOST).is_some() {
        out.push_str(" ...");
    }
    out
}

fn seen(value: &str) -> Result<&str, Unquotable> {
    if value.contains(is_unsafe) { Err(Unquotable) } else { Ok(value) }
}

/// Whether a character must not stand in a command: what shows nothing, noncharacters, and U+FFFD, which stands for
/// something that could not be read, so that the value would be another.
fn is_unsafe(c: char) -> bool {
    is_unseen(c) || c == '\u{fffd}' || matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe
}

/// Whether a character shows nothing by itself and does something: control characters (C0, DEL, C1), bidirectional ones,
/// separators of lines and paragraphs, those without width, and those that only mark or select (Unicode's
/// Default_Ignorable_Code_Point, as far as programs write it).
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_quotes_what_ends_its_strings() {
        let said = |quoted: Result<String, Unquotable>| quoted.unwrap_or_else(|_| "refused".into());
        let cases = [
            ("plain", "'plain'", "'plain'", "\"plain\"", "'plain'"),
            ("", "''", "''", "refused", "refused"),
            ("O'Brien & sons", "'O''Brien & sons'", "'O'\\''Brien & sons'", "refused", "refused"),
            ("a\u{2018}b", "'a\u{2018}\u{2018}b'", "'a\u{2018}b'", "\"a\u{2018}b\"", "'a\u{2018}\u{2018}b'"),
            (
                "CN=x\u{2019}|calc.exe|\u{2019}",
                "'CN=x\u{2019}\u{2019}|calc.exe|\u{2019}\u{2019}'",
                "'CN=x\u{2019}|calc.exe|\u{2019}'",
                "refused",
                "refused",
            ),
            (
                "\u{201a}\u{201b}",
                "'\u{201a}\u{201a}\u{201b}\u{201b}'",
                "'\u{201a}\u{201b}'",
                "\"\u{201a}\u{201b}\"",
                "'\u{201a}\u{201a}\u{201b}\u{201b}'",
            ),
            (
                "\u{201c}$(x)\u{201d}`n",
                "'\u{201c}$(x)\u{201d}`n'",
                "'\u{201c}$(x)\u{201d}`n'",
                "\"\u{201c}$(x)\u{201d}`n\"",
                "'\u{201c}$(x)\u{201d}`n'",
            ),
            ("\u{2013}Force", "'\u{2013}Force'", "'\u{2013}Force'", "\"\u{2013}Force\"", "'\u{2013}Force'"),
            ("-rf", "'-rf'", "refused", "refused", "refused"),
            ("/Q", "'/Q'", "'/Q'", "refused", "refused"),
            ("%PATH%", "'%PATH%'", "'%PATH%'", "refused", "refused"),
            ("a\"b", "'a\"b'", "'a\"b'", "refused", "refused"),
            ("C:\\", "'C:\\'", "'C:\\'", "refused", "refused"),
            ("日本 é 😀", "'日本 é 😀'", "'日本 é 😀'", "\"日本 é 😀\"", "'日本 é 😀'"),
        ];
        for (value, in_powershell, in_sh, in_cmd, as_argument) in cases {
            let quoted = [powershell(value), sh(value), cmd(value), argument(value)].map(said);
            assert_eq!(quoted, [in_powershell, in_sh, in_cmd, as_argument], "{value}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_refused_by_every_shell_and_written_out_in_words() {
        let unsafe_ones = "\0\u{1}\t\n\r\u{1b}\u{7f}\u{85}\u{9b}\u{ad}\u{200b}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\
                           \u{2066}\u{2069}\u{feff}\u{fdd0}\u{fffd}\u{fffe}\u{ffff}\u{1ffff}\u{e0041}";
        for c in unsafe_ones.chars() {
            let value = format!("a{c}b");
            for refused in [powershell(&value), sh(&value), cmd(&value), argument(&value)] {
                assert_eq!(refused, Err(Unquotable), "U+{:04X}", u32::from(c));
            }
            assert!(in_words(&value).is_ascii(), "{}", in_words(&value));
        }
        assert_eq!(in_words("CN=a\r\nb’"), "CN=a\\u{d}\\u{a}b’");
        assert_eq!(in_words(&"x".repeat(400)).len(), 304);
    }
}
