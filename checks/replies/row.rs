//! One row of the catalogue: what a known reply looks like, and what it means.
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

    /// Whether it is a phrase that belongs to no product's known text, and says that a recipient is unknown.
    pub(super) fn is_nobodys(&self) -> bool {
        self.product == "various"
            && matches!(self.meaning, Meaning::UnknownRecipient | Meaning::UnknownRecipientTemporary)
    }

    /// Whether this row knows the reply.
    pub(super) fn fits(&self, stage: Stage, code: u16, text: &Text) -> bool {
        (self.codes.is_empty() || self.codes.iter().any(|&known| known == code || known == code / 100))
            && (self.enhanced.is_empty() || text.enhanced().is_some_and(|code| self.enhanced.iter().any(same(code))))
            && (!self.only_then || self.said == Said::Data && stage == Stage::Data)
            && self.texts.iter().any(|pattern| text.holds(pattern))
            && !self.unless.iter().any(|pattern| text.holds(pattern))
    }
}

fn same(code: &str) -> impl Fn(&&'static str) -> bool {
    move |known| known.strip_suffix('*').map_or(*known == code, |head| code.starts_with(head))
}

/// A reply's text as the rows see it: in lower case, with single spaces, and `@` for each address, so that nobody's
/// name is taken for a word of the server's.
pub(crate) struct Text {
    lower: String,
    /// The enhanced code's length.
    head: usize,
}

impl Text {
    pub(crate) fn new(text: &str) -> Self {
        let mut lower = String::with_capacity(text.len());
        for word in text.split_whitespace() {
            if !lower.is_empty() {
                lower.push(' ');
            }
            push_without_addresses(&mut lower, &word.to_lowercase());
        }
        let head = super::enhanced_code(&lower).map_or(0, str::len);
        Self { lower, head }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.lower
    }

    pub(crate) fn enhanced(&self) -> Option<&str> {
        (self.head > 0).then(|| &self.lower[..self.head])
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
