//! One row of the catalogue: what a known reply looks like, and what it means.
use super::kinds::Kind;
use super::{Meaning, Stage};
use alloc::string::String;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How well a row is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// By practice only, or by code alone; never makes a finding `proven`.
    Low,
    /// One real sample, or a secondary list.
    Medium,
    /// Vendor's source or documentation, or two independent samples.
    High,
}

impl Confidence {
    /// Whether a reply that is known so well can prove what it says of a recipient. One secondary source cannot: it may
    /// have heard wrong, and an accusation rests on it.
    pub fn proves(self) -> bool {
        self == Self::High
    }
}

/// When a reply is said, as its source tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// On connecting.
    Connect,
    /// To MAIL.
    Mail,
    /// To RCPT.
    Rcpt,
    /// To DATA, or to the message.
    Data,
    /// In a bounce, after the message was taken.
    Later,
    /// At any step.
    Any,
}

impl Said {
    /// For people: `at RCPT`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Connect => "on connecting",
            Self::Mail => "at MAIL",
            Self::Rcpt => "at RCPT",
            Self::Data => "at DATA or at the end of the message",
            Self::Later => "in a bounce",
            Self::Any => "at any step",
        }
    }
}

/// One known reply.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// The row's number in the catalogue; never reused. A number has several rows where its codes tell meanings apart.
    pub number: u16,
    /// Lower-case patterns, any of which must occur; `*` stands for any text between two parts, `^` for the beginning
    /// behind the enhanced code, `$` for the end, and `@` for an address.
    pub texts: &'static [&'static str],
    /// None of these may occur.
    pub unless: &'static [&'static str],
    /// The kind of words that must occur beside.
    pub kind: Option<Kind>,
    /// The codes it comes with: `5` is any 5xx, empty any but 2xx.
    pub codes: &'static [u16],
    /// The enhanced codes it must come with, those on `*` as prefixes; empty is any or none.
    pub enhanced: &'static [&'static str],
    /// When it is said.
    pub said: Said,
    /// Whether it is this row's only if heard then: told apart from others by nothing else.
    pub only_then: bool,
    /// What it means.
    pub meaning: Meaning,
    /// Whose reply it is.
    pub product: &'static str,
    /// What else to know; may be empty.
    pub note: &'static str,
    /// After this text another host's reply may be quoted, which then decides.
    pub quotes: Option<&'static str>,
    /// Where we know it from, by its key (`sources.rs`).
    pub source: &'static str,
    /// How well.
    pub confidence: Confidence,
    /// A reply that this row decides.
    pub example: &'static str,
}

pub(super) const fn row(
    number: u16,
    texts: &'static [&'static str],
    meaning: Meaning,
    product: &'static str,
    source: &'static str,
    confidence: Confidence,
) -> Row {
    Row {
        number,
        texts,
        unless: &[],
        kind: None,
        codes: &[],
        enhanced: &[],
        said: Said::Rcpt,
        only_then: false,
        meaning,
        product,
        note: "",
        quotes: None,
        source,
        confidence,
        example: "",
    }
}

impl Row {
    pub(super) const fn like(mut self, example: &'static str) -> Self {
        self.example = example;
        self
    }

    pub(super) const fn of(mut self, kind: Kind) -> Self {
        self.kind = Some(kind);
        self
    }

    pub(super) const fn codes(mut self, codes: &'static [u16]) -> Self {
        self.codes = codes;
        self
    }

    pub(super) const fn enhanced(mut self, enhanced: &'static [&'static str]) -> Self {
        self.enhanced = enhanced;
        self
    }

    pub(super) const fn said(mut self, said: Said) -> Self {
        self.said = said;
        self
    }

    pub(super) const fn only(mut self, said: Said) -> Self {
        self.said = said;
        self.only_then = true;
        self
    }

    pub(super) const fn unless(mut self, unless: &'static [&'static str]) -> Self {
        self.unless = unless;
        self
    }

    pub(super) const fn quotes(mut self, marker: &'static str) -> Self {
        self.quotes = Some(marker);
        self
    }

    pub(super) const fn note(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }

    /// Where we know it from, in words.
    pub fn source_in_words(&self) -> String {
        super::sources::in_words(self.source)
    }

    /// Whether this row knows the reply.
    pub(super) fn fits(&self, stage: Stage, code: u16, text: &Text) -> bool {
        (self.codes.is_empty() || self.codes.iter().any(|&known| known == code || known == code / 100))
            && (self.enhanced.is_empty() || text.enhanced().is_some_and(|code| self.enhanced.iter().any(same(code))))
            && (!self.only_then || self.said == Said::Data && stage == Stage::Data)
            && self.texts.iter().any(|pattern| text.holds(pattern))
            && !self.unless.iter().any(|pattern| text.holds(pattern))
            && self.kind.is_none_or(|kind| kind.holds(text))
    }
}

fn same(code: &str) -> impl Fn(&&'static str) -> bool {
    move |known| known.strip_suffix('*').map_or(*known == code, |head| code.starts_with(head))
}

/// A reply's text as the rows see it: in lower case and without accents, with single spaces, and `@` for each address, so
/// that nobody's name is taken for a word of the server's.
pub(crate) struct Text {
    lower: String,
    /// The enhanced code's length.
    head: usize,
    /// Which pairs of bytes occur, so that most patterns need not be looked for: a bit each, by a hash.
    pairs: [u64; 64],
}

impl Text {
    pub(crate) fn new(text: &str) -> Self {
        let mut lower = String::with_capacity(text.len());
        for word in text.split_whitespace() {
            if !lower.is_empty() {
                lower.push(' ');
            }
            push_without_addresses(&mut lower, &folded(word));
        }
        let head = super::enhanced_code(&lower).map_or(0, str::len);
        let mut pairs = [0; 64];
        for pair in lower.as_bytes().windows(2) {
            let (word, bit) = place(pair);
            pairs[word] |= bit;
        }
        Self { lower, head, pairs }
    }

    /// Whether `part` may occur: it does not where one of its pairs of bytes does not.
    pub(super) fn may_hold(&self, part: &str) -> bool {
        part.as_bytes().windows(2).all(|pair| {
            let (word, bit) = place(pair);
            self.pairs[word] & bit != 0
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.lower
    }

    pub(crate) fn enhanced(&self) -> Option<&str> {
        (self.head > 0).then(|| &self.lower[..self.head])
    }

    /// The enhanced code at the head, or one that stands elsewhere behind a `#`, as qmail has it: `(#5.1.1)`.
    pub(crate) fn status(&self) -> Option<&str> {
        let behind = || self.lower.match_indices('#').find_map(|(at, _)| super::enhanced_code(&self.lower[at + 1..]));
        self.enhanced().or_else(behind)
    }

    /// Whether the enhanced code is about the sender, the syntax, the domain's refusal of all mail, security or policy
    /// (RFC 3463, 3.2 and 3.8; RFC 7505): no phrase overrules that.
    pub(crate) fn speaks_of_us(&self) -> bool {
        let detail = self.status().and_then(|status| status.split_once('.')).map_or("", |(_, detail)| detail);
        detail.starts_with("7.") || ["1.3", "1.7", "1.8", "1.10"].contains(&detail)
    }

    /// Whether the enhanced code tells of a signature or of SPF (RFC 7372, 3).
    pub(crate) fn is_of_signature(&self) -> bool {
        let detail = self.status().and_then(|status| status.split_once('.')).map_or("", |(_, detail)| detail);
        detail.len() == 4 && detail.starts_with("7.2")
    }

    /// Whether the parts of `pattern` between its `*` occur, in order.
    pub(crate) fn holds(&self, pattern: &str) -> bool {
        let (pattern, mut rest, begins) = match pattern.strip_prefix('^') {
            Some(pattern) => (pattern, self.lower[self.head..].trim_start(), true),
            None => (pattern, &*self.lower, false),
        };
        let (pattern, ends) = pattern.strip_suffix('$').map_or((pattern, false), |pattern| (pattern, true));
        let last = pattern.split('*').count() - 1;
        pattern.split('*').enumerate().all(|(nth, part)| {
            if !self.may_hold(part) {
                return false;
            }
            let at = match (begins && nth == 0, ends && nth == last) {
                (true, true) => (rest == part).then_some(0),
                (true, false) => rest.starts_with(part).then_some(0),
                (false, true) => rest.ends_with(part).then(|| rest.len() - part.len()),
                (false, false) => rest.find(part),
            };
            at.is_some_and(|at| {
                rest = &rest[at + part.len()..];
                true
            })
        })
    }
}

/// Where the bit of a pair of bytes is.
fn place(pair: &[u8]) -> (usize, u64) {
    let hash = usize::from(pair[0]).wrapping_mul(37) ^ usize::from(pair[1]);
    (hash >> 6 & 63, 1 << (hash & 63))
}

/// `word` in lower case, its letters without accents.
fn folded(word: &str) -> String {
    let mut plain = String::with_capacity(word.len());
    for letter in word.chars().flat_map(char::to_lowercase) {
        match letter {
            'à'..='å' | 'ā' | 'ă' | 'ą' => plain.push('a'),
            'æ' => plain.push_str("ae"),
            'ç' | 'ć' | 'č' => plain.push('c'),
            'ď' | 'đ' => plain.push('d'),
            'è'..='ë' | 'ē' | 'ė' | 'ę' | 'ě' => plain.push('e'),
            'ğ' => plain.push('g'),
            'ì'..='ï' | 'ī' | 'ı' => plain.push('i'),
            'ł' => plain.push('l'),
            'ñ' | 'ń' | 'ň' => plain.push('n'),
            'ò'..='ö' | 'ø' | 'ő' => plain.push('o'),
            'ř' => plain.push('r'),
            'ś' | 'ş' | 'š' | 'ș' => plain.push('s'),
            'ß' => plain.push_str("ss"),
            'ť' | 'ț' => plain.push('t'),
            'ù'..='ü' | 'ū' | 'ů' | 'ű' => plain.push('u'),
            'ý' | 'ÿ' => plain.push('y'),
            'ź' | 'ż' | 'ž' => plain.push('z'),
            'ё' => plain.push('е'),
            'ї' => plain.push('і'),
            '’' => plain.push('\''),
            // Decomposed text has an accent by itself; that of й makes another letter.
            '\u{306}' if plain.ends_with('и') => {
                plain.pop();
                plain.push('й');
            }
            '\u{300}'..='\u{36f}' => {}
            other => plain.push(other),
        }
    }
    plain
}

/// Adds `word` with `@` in place of each address in it (RFC 5321, 4.1.2; RFC 6531 for what is not ASCII).
fn push_without_addresses(text: &mut String, word: &str) {
    let local = |c: char| c.is_alphanumeric() || !c.is_ascii() || "!#$%&+-./?^_`{|}~".contains(c);
    let domain = |c: char| c.is_alphanumeric() || !c.is_ascii() || "-.".contains(c);
    let mut done = 0;
    for (at, _) in word.match_indices('@') {
        if at < done {
            continue;
        }
        let before = word[done..at].trim_end_matches(local);
        let after = word[at + 1..].trim_start_matches(domain);
        // The dots of `<address>... User unknown` are Sendmail's.
        let name = word[at + 1..word.len() - after.len()].trim_end_matches('.');
        text.push_str(before);
        text.push('@');
        done = at + 1 + name.len();
    }
    text.push_str(&word[done..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_no_words_of_the_servers() {
        let cases = [
            ("5.1.1  <Blocked.User@contoso.com>:\tUser Unknown", "5.1.1 <@>: user unknown"),
            ("blacklist@contoso.com... No such user", "@... no such user"),
            ("(x@d:blocked) a@b, ü@ö.example.", "(@:blocked) @, @."),
            ("@ a@ @b", "@ @ @"),
            ("a@b@c", "@@"),
            ("N'est pas connu\u{301} İnvalid Größe", "n'est pas connu invalid grosse"),
            ("N’existe ПОЛЬЗОВАТЕЛЬ Таки\u{306}", "n'existe пользователь такй"),
        ];
        for (text, expected) in cases {
            assert_eq!(Text::new(text).as_str(), expected);
        }
    }

    #[test]
    fn patterns_have_a_beginning_an_end_and_gaps() {
        let text = Text::new("5.1.1 User Unknown in that table");
        for (pattern, expected) in [
            ("user unknown", true),
            ("user*table", true),
            ("table*user", false),
            ("^user unknown", true),
            ("^5.1.1", false),
            ("unknown$", false),
            ("^user*table$", true),
            ("^user unknown in that table$", true),
            ("", true),
        ] {
            assert_eq!(text.holds(pattern), expected, "{pattern}");
        }
    }
}
