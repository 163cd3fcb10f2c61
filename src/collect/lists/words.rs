//! The addresses in a text as people and programs write them: a cell, a value, a line of several.
use super::encoding::LOST;
use crate::report::safe;
use nsdiag_checks::evidence::address;

/// What an address is at its system, where the format tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// The one that a mailbox sends with.
    Primary,
    /// One more of a mailbox.
    Alias,
    /// Nothing tells.
    #[default]
    Untold,
}

/// One thing in a text of addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word<'a> {
    /// An address, folded, its domain in A-labels.
    Address(String, Kind),
    /// Something without an @.
    Name(&'a str),
    /// What stands for many addresses: `@contoso.com`, `*@contoso.com`.
    Pattern,
    /// A folder of a mailbox that has an entry of its own: `user/ann/Sent@contoso.com`.
    Folder,
    /// Something else, and what is wrong with it.
    Wrong(String),
}

/// The prefixes of proxy addresses that are none of SMTP.
const OTHERS: [&str; 12] = ["x400", "x500", "sip", "eum", "spo", "notes", "gwise", "ms", "ccmail", "fax", "ex", "im"];
/// How much of a text is shown.
const SHOWN: usize = 80;

/// A list's own text, fit for a message: short, and every character of it visible.
pub fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(SHOWN).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    safe(&short)
}

/// Hands each word of `text` to `give`.
pub fn each<'a>(text: &'a str, give: &mut dyn FnMut(Word<'a>)) {
    let text = bare(text);
    // What Format-List and Format-Table put around a collection.
    let inside = text.strip_prefix('{').map(|rest| rest.strip_suffix('}').unwrap_or(rest));
    let mut words = Words { give: &mut *give, names: Vec::new(), other: false };
    let mut last = "";
    for (piece, comma) in (Pieces { rest: Some(inside.unwrap_or(text)), quotes: true }) {
        words.piece(bare(piece), comma);
        last = piece;
    }
    words.names();
    // What a console cuts off behind an address of another kind may be any.
    if inside.is_some() && is_cut(bare(last)) && words.other {
        give(Word::Wrong(format!("a collection is cut off behind '{}'", shown(bare(last)))));
    }
}

/// The words of a text, at once.
pub fn all(text: &str) -> Vec<Word<'_>> {
    let mut all = Vec::new();
    each(text, &mut |word| all.push(word));
    all
}

/// Whether a text names an address.
pub fn has_address(text: &str) -> bool {
    let mut found = false;
    if text.contains('@') {
        each(text, &mut |word| found |= matches!(word, Word::Address(..)));
    }
    found
}

/// Whether a text names several proxy addresses of SMTP's.
pub fn has_proxies(text: &str) -> bool {
    let mut found = 0;
    if text.contains('@') && text.contains(':') {
        each(text, &mut |word| found += usize::from(matches!(word, Word::Address(_, Kind::Primary | Kind::Alias))));
    }
    found > 1
}

/// Whether a text names at least one address, and nothing that is none.
pub fn is_addresses(text: &str) -> bool {
    let (mut good, mut bad) = (false, false);
    if text.contains('@') {
        each(text, &mut |word| match word {
            Word::Address(..) | Word::Pattern | Word::Folder => good = true,
            Word::Name(_) | Word::Wrong(_) => bad = true,
        });
    }
    good && !bad
}

/// One address, or what is wrong with it.
pub fn one<'a>(text: &str, kind: Kind) -> Word<'a> {
    let wrong = |why: &str| Word::Wrong(format!("'{}' {why}", shown(text)));
    if is_cut(text) {
        return wrong("is cut off");
    }
    if text.contains(LOST) {
        return wrong("has letters that cannot be read in this encoding");
    }
    let folded = match address::fold(text) {
        Ok(folded) => folded,
        Err(_) if text.starts_with('@') && address::fold(&format!("x{text}")).is_ok() => return Word::Pattern,
        Err(wrong) => return Word::Wrong(shown(&wrong)),
    };
    if safe(text) != text {
        return wrong("has an invisible character");
    }
    let (local, domain) = folded.rsplit_once('@').unwrap_or_default();
    // Cyrus calls a mailbox so, and its folders `user/ann/Sent@contoso.com`.
    if let Some(name) = local.strip_prefix("user/") {
        return match name.contains('/') {
            true => Word::Folder,
            false => one(&format!("{name}@{domain}"), kind),
        };
    }
    if !domain.starts_with('[') && (domain.contains([':', '[', ']']) || domain.split('.').any(str::is_empty)) {
        return wrong("has no domain that could be one");
    }
    if local.contains('*') {
        return Word::Pattern;
    }
    // What RFC 5321, 4.1.2 allows in quotes alone is the rest of another format.
    let odd = |c: &char| matches!(c, '(' | ')' | '[' | ']' | ':' | '\\' | '"' | '|' | '{' | '}');
    let quoted = local.len() > 1 && local.starts_with('"') && local.ends_with('"');
    if let Some(c) = local.chars().find(odd).filter(|_| !quoted) {
        return wrong(&format!("has {c:?} in its local part"));
    }
    if local.starts_with('\'') && local.matches('\'').count() == 1 {
        return wrong("has an open quote");
    }
    Word::Address(super::in_ascii(&folded), kind)
}

/// Whether a console cut the text off.
fn is_cut(text: &str) -> bool {
    text.ends_with("...") || text.ends_with('…')
}

/// Without white space and marks of no width around it.
fn bare(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}'))
}

/// What stands between separators outside of quotes, and whether a comma follows it.
struct Pieces<'a> {
    rest: Option<&'a str>,
    /// Whether a quote may still be closed.
    quotes: bool,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = (&'a str, bool);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest?;
        let bytes = rest.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at] {
                b',' | b';' | b'\n' | b'\r' | b'|' => {
                    self.rest = Some(&rest[at + 1..]);
                    return Some((&rest[..at], bytes[at] == b','));
                }
                b'\\' if bytes.get(at + 1).is_some_and(u8::is_ascii) => at += 2,
                b'"' if self.quotes => match rest[at + 1..].find('"') {
                    Some(length) => at += length + 2,
                    None => {
                        self.quotes = false;
                        at += 1;
                    }
                },
                _ => at += 1,
            }
        }
        self.rest = None;
        Some((rest, false))
    }
}

struct Words<'a, 'g> {
    give: &'g mut dyn FnMut(Word<'a>),
    /// What had no @ so far, and may be the beginning of a name before an address: `Doe, John <j@…>`.
    names: Vec<&'a str>,
    /// Whether the last address was of another kind: the pieces of an X.400 address belong to it.
    other: bool,
}

impl<'a> Words<'a, '_> {
    fn names(&mut self) {
        for name in std::mem::take(&mut self.names) {
            (self.give)(Word::Name(name));
        }
    }

    fn piece(&mut self, piece: &'a str, comma: bool) {
        if piece.is_empty() {
            return;
        }
        if let Some(open) = piece.find('<').filter(|open| piece[*open..].contains('>')) {
            self.names.clear();
            self.other = false;
            let mut rest = &piece[open..];
            while let Some((inside, behind)) = rest.split_once('<').and_then(|(_, rest)| rest.split_once('>')) {
                (self.give)(tagged(bare(inside)));
                rest = behind;
            }
            return;
        }
        if is_other(piece) {
            self.names();
            return self.joined(piece);
        }
        if !piece.contains('@') {
            if !self.other {
                self.names.push(unquoted(piece));
            }
            if !comma {
                self.names();
            }
            return;
        }
        self.names();
        self.other = false;
        let inner = unquoted(piece);
        if inner.len() < piece.len() && inner.contains([',', ';', '\n', '|']) {
            return each(inner, self.give);
        }
        // A comment (RFC 5322, 3.2.2), or the address itself behind a name.
        let comment = inner.strip_suffix(')').and_then(|rest| rest.split_once(" ("));
        let inner = match comment {
            Some((head, inside)) if !head.contains('@') => bare(inside),
            Some((head, _)) => bare(head),
            None => inner,
        };
        // In a row, those of other kinds too.
        let mut parts = inner.split_whitespace();
        if parts.clone().nth(1).is_some() && parts.all(|part| part.contains('@') || scheme(part).is_some()) {
            return inner.split_whitespace().for_each(|part| self.piece(part, false));
        }
        self.joined(inner);
    }

    /// Proxy addresses with a plus between them, as the admin centre of Microsoft 365 writes them, or one address.
    fn joined(&mut self, text: &'a str) {
        let mut rest = Some(text);
        while let Some(text) = rest {
            let (first, behind) = split_plus(text).map_or((text, None), |(first, behind)| (first, Some(behind)));
            self.other = is_other(first);
            if !self.other {
                (self.give)(tagged(first));
            }
            rest = behind;
        }
    }
}

/// Takes `SMTP:a@…+smtp:b@…` apart behind the first.
fn split_plus(text: &str) -> Option<(&str, &str)> {
    scheme(text)?;
    let plus = text.match_indices('+').find(|(at, _)| is_known(&text[at + 1..]))?.0;
    Some((&text[..plus], &text[plus + 1..]))
}

fn is_known(text: &str) -> bool {
    is_other(text) || scheme(text).is_some_and(|(name, _)| name.eq_ignore_ascii_case("smtp"))
}

/// Whether it is an address of another kind than SMTP's.
fn is_other(text: &str) -> bool {
    scheme(text).is_some_and(|(name, _)| OTHERS.iter().any(|other| name.eq_ignore_ascii_case(other)))
}

/// What stands before the first colon, where it looks like the kind of a proxy address.
fn scheme(text: &str) -> Option<(&str, &str)> {
    let colon = text.bytes().take(8).position(|byte| byte == b':')?;
    let name = &text[..colon];
    let fits = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    fits.then_some((name, &text[colon + 1..]))
}

/// An address, perhaps with its kind before it: that of the primary one is in capitals.
fn tagged<'a>(text: &str) -> Word<'a> {
    match scheme(text) {
        Some(("SMTP", rest)) => one(rest, Kind::Primary),
        Some((name, rest)) if name.eq_ignore_ascii_case("smtp") => one(rest, Kind::Alias),
        Some((name, rest)) if name.eq_ignore_ascii_case("mailto") => one(rest, Kind::Untold),
        _ => one(text, Kind::Untold),
    }
}

fn unquoted(text: &str) -> &str {
    let within = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote).filter(|inner| !inner.contains(quote));
    within('"').or_else(|| within('\'')).map_or(text, bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of a text, as one line: primaries with an exclamation mark, aliases with a tilde.
    fn told(text: &str) -> String {
        let word = |word: Word| match word {
            Word::Address(address, Kind::Primary) => format!("!{address}"),
            Word::Address(address, Kind::Alias) => format!("~{address}"),
            Word::Address(address, Kind::Untold) => address,
            Word::Name(name) => format!("name {name}"),
            Word::Pattern => "pattern".into(),
            Word::Folder => "folder".into(),
            Word::Wrong(why) => why,
        };
        all(text).into_iter().map(word).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn addresses_are_found_as_people_write_them() {
        let cases = [
            ("A@Contoso.com", "a@contoso.com"),
            ("a@c.com, b@c.com;c@c.com\nd@c.com", "a@c.com | b@c.com | c@c.com | d@c.com"),
            ("a@c.com b@c.com", "a@c.com | b@c.com"),
            ("Roe, Jane (b@c.com); a@c.com (b@d.com)", "name Roe | b@c.com | a@c.com"),
            ("user/a.b@c.com user/a.b/Sent@c.com", "a.b@c.com | folder"),
            ("{SMTP:a@c.com, X500:/o=C/cn=a}", "!a@c.com"),
            ("Doe, John <a@c.com>; Roe, Jane <b@c.com>", "a@c.com | b@c.com"),
            ("a@c.com, N <c@c.com>", "a@c.com | c@c.com"),
            ("\"Doe, John\" <a@c.com>, 'b@c.com' <b@c.com>", "a@c.com | b@c.com"),
            ("\"a@c.com; b@c.com\"", "a@c.com | b@c.com"),
            ("'a@c.com'; mailto:b@c.com; c@c.com (Jane)", "a@c.com | b@c.com | c@c.com"),
            ("SMTP:a@c.com;smtp:b@c.com;X400:c=US\\;a= \\;p=C;s=Doe\\;;SIP:a@c.com", "!a@c.com | ~b@c.com"),
            ("X400:C=US;A= ;P=C;O=Exchange;S=Doe;", ""),
            ("SMTP:a@c.com+smtp:b+tag@c.com+SIP:a@c.com+smtp:d@c.com", "!a@c.com | ~b+tag@c.com | ~d@c.com"),
            ("SIP:a@c.com+SMTP:a@c.com", "!a@c.com"),
            ("SMTP:a@c.com smtp:b@c.com SIP:a@c.com X500:/o=C/cn=a", "!a@c.com | ~b@c.com"),
            ("{SMTP:a@c.com, smtp:b@c.com}", "!a@c.com | ~b@c.com"),
            ("\u{feff}a@c.com\u{200b}", "a@c.com"),
            ("\"a b\"@c.com", "\"a b\"@c.com"),
            ("o'neil@c.com, 'b@c.com'", "o'neil@c.com | b@c.com"),
            ("@c.com, *@c.com", "pattern | pattern"),
            ("SMTP:a@c.com smtp:b@c.com SIP:a@c.com", "!a@c.com | ~b@c.com"),
            ("a@bücher.example", "a@xn--bcher-kva.example"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_named_and_never_becomes_one() {
        let cases = [
            ("N/A", "name N/A"),
            ("a@c.com, N/A", "a@c.com | name N/A"),
            ("Doe, a@c.com", "name Doe | a@c.com"),
            ("N/A; Doe <a@c.com>", "name N/A | a@c.com"),
            ("{SMTP:a@c.com, smtp:b@c...}", "!a@c.com | 'b@c...' is cut off"),
            ("{SMTP:a@c.com, X500:/o=C/cn=a...}", "!a@c.com | a collection is cut off behind 'X500:/o=C/cn=a...'"),
            ("{X500:/o=C/cn=a\n  b...}", "a collection is cut off behind 'b...'"),
            ("ann@contoso.c…", "'ann@contoso.c…' is cut off"),
            ("a@c.com:", "'a@c.com:' has no domain that could be one"),
            ("*@c.com:", "'*@c.com:' has no domain that could be one"),
            ("a@c..com", "'a@c..com' has no domain that could be one"),
            ("Note:a@c.com", "'Note:a@c.com' has ':' in its local part"),
            ("a\u{200b}b@c.com", "'a\\u{200b}b@c.com' has an invisible character"),
            ("gr\u{fffd}n@c.com", "'gr\u{fffd}n@c.com' has letters that cannot be read in this encoding"),
            ("'a@c.com", "''a@c.com' has an open quote"),
            ("a b@c.com", "'a b@c.com' has ' ' in its local part"),
            ("\u{1b}[2Ja@c.com", "'\\u{1b}[2Ja@c.com' has '\\u{1b}' in its local part"),
        ];
        for (text, expected) in cases {
            assert_eq!(told(text), expected, "{text}");
        }
        let long = told(&format!("{}@c.com", "x".repeat(5_000)));
        assert!(long.chars().count() < 200 && long.starts_with("'xxx"), "{long}");
    }
}
