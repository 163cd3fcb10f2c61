//! What an SMTP reply means.
//!
//! The order of judgement is stage, then text, then enhanced code, then code: 5.1.1 and 5.7.1 alone
//! decide nothing, because servers use both for other things as well. A reply that no row knows is
//! [`Meaning::Ambiguous`], and counts as nothing.
mod gateways;
mod held;
mod kinds;
pub mod own;
mod policy;
mod quoting;
mod rate;
mod relay;
mod restricted;
mod row;
pub(crate) mod sources;
#[cfg(test)]
mod tests;
mod trust;
mod unfinished;
mod unknown;
mod words;

use crate::prelude::*;

pub use held::{Held, bearing, held, standard};
pub use kinds::Kind;
pub use own::OwnReply;
pub(crate) use row::Text;
pub use row::{Confidence, Row, Said};

/// The catalogue, section by section, in the order in which rows are tried: what quotes another host, gateways, rate and
/// greylisting, policy and the sender, trust, restricted recipients, relaying, unfinished checks, unknown recipients; then
/// what is known by the kind of its words alone.
static SECTIONS: [&[Row]; 12] = [
    quoting::ROWS,
    gateways::ROWS,
    rate::ROWS,
    policy::ROWS,
    trust::ROWS,
    restricted::ROWS,
    relay::ROWS,
    unfinished::ROWS,
    unknown::ROWS,
    kinds::ROWS,
    unknown::PHRASES,
    kinds::UNKNOWN,
];

/// The place of the section on trust.
const TRUST: usize = 4;

/// Every row, in the order in which they are tried.
pub fn catalogue() -> impl Iterator<Item = &'static Row> {
    SECTIONS.into_iter().flatten()
}

/// At which step of the dialogue a reply was heard (RFC 5321, 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The TCP connection.
    Connect,
    /// The greeting, before any command.
    Greeting,
    /// EHLO or HELO.
    Ehlo,
    /// STARTTLS (RFC 3207).
    StartTls,
    /// The TLS handshake.
    Handshake,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA, or the message. A bounce may quote a reply to it; a probe never gets there.
    Data,
    /// RSET.
    Rset,
    /// QUIT.
    Quit,
}

/// What a reply says about the recipient, or about us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Meaning {
    /// Taken at RCPT; that alone does not prove that the mailbox exists.
    Accepted,
    /// No such recipient, for good.
    UnknownRecipient,
    /// No such recipient, said with a 4xx.
    UnknownRecipientTemporary,
    /// The server could not finish its own check of the recipient.
    VerificationFailed,
    /// The mailbox is known, and disabled or moved.
    Disabled,
    /// The mailbox is known, and full.
    Full,
    /// The domain is not accepted here.
    RelayDenied,
    /// Only authenticated or internal senders may write here.
    AuthenticationRequired,
    /// A rule of the site.
    Policy,
    /// Our address or domain is not trusted.
    Reputation,
    /// The sender address was refused.
    SenderRejected,
    /// Greylisting (RFC 6647).
    Greylisted,
    /// Too fast, too many.
    RateLimited,
    /// Trouble at the server, for now.
    Temporary,
    /// STARTTLS is wanted first.
    TlsRequired,
    /// Syntax or sequence.
    Protocol,
    /// The host or the domain takes no mail at all (RFC 7504, RFC 7505).
    NoMail,
    /// A mail loop.
    Loop,
    /// The text does not decide.
    Ambiguous,
}

/// A meaning, and why it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What the reply means.
    pub meaning: Meaning,
    /// The row of the catalogue that knows the reply, if one does.
    pub row: Option<&'static Row>,
    /// The reply of another host that this one quotes, where that decided.
    pub quoted: Option<String>,
    /// The row that knows what is quoted, if one does.
    pub quoted_row: Option<&'static Row>,
    /// The pattern of the user's own reply that decided, if one did.
    pub own: Option<String>,
}

impl Verdict {
    /// How far the verdict can be trusted: a verdict by code alone is low.
    pub fn confidence(&self) -> Confidence {
        let of = |row: Option<&Row>| row.map_or(Confidence::Low, |row| row.confidence);
        if self.own.is_some() {
            return Confidence::High;
        }
        if self.quoted.is_some() { of(self.row).min(of(self.quoted_row)) } else { of(self.row) }
    }

    fn bare(meaning: Meaning) -> Self {
        Self { meaning, row: None, quoted: None, quoted_row: None, own: None }
    }
}

/// Classifies the reply `code` with its joined `text` (without codes at the head of its lines), heard at `stage`.
pub fn classify(stage: Stage, code: u16, text: &str) -> Verdict {
    classify_for(&[], stage, code, text)
}

/// As [`classify`], for a prober that spoke from the addresses `ours`: a refusal that names one of them is about us.
pub fn classify_for(ours: &[&str], stage: Stage, code: u16, text: &str) -> Verdict {
    classify_with(&[], ours, stage, code, text)
}

/// As [`classify_for`], for a host of whose replies the user says what `own` holds.
pub fn classify_with(own: &[OwnReply], ours: &[&str], stage: Stage, code: u16, text: &str) -> Verdict {
    within(stage, own::verdict(own, code, text).unwrap_or_else(|| read(ours, stage, code, text, 0)))
}

/// Splits a leading code off a reply as people paste it: `550 5.1.1 …`, `550-5.1.1 …`. `None` where there is none.
pub fn split_code(reply: &str) -> Option<(u16, &str)> {
    let reply = reply.trim_start();
    let code: u16 = reply.get(..3)?.parse().ok()?;
    let rest = &reply[3..];
    let fits = (200..600).contains(&code) && (rest.is_empty() || rest.starts_with([' ', '-', '\t']));
    fits.then(|| (code, rest.trim_start_matches([' ', '-', '\t'])))
}

/// The text of a reply's `lines`, joined by a space, without their codes; the enhanced code, which is repeated on every
/// line (RFC 2034, 4), once.
pub fn joined<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    let mut shared: Option<&str> = None;
    for line in lines {
        let line = split_code(line).map_or(line, |(_, rest)| rest);
        let line = match (shared, enhanced_code(line)) {
            (Some(first), Some(code)) if first == code => line[code.len()..].trim_start(),
            (None, Some(code)) => {
                shared = Some(code);
                line
            }
            _ => line,
        };
        if !text.is_empty() && !line.is_empty() {
            text.push(' ');
        }
        text.push_str(line);
    }
    text
}

/// The enhanced status code (RFC 3463) at the head of `text`, as in `5.1.1`.
pub fn enhanced_code(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let code = &text[..end];
    let mut parts = code.split('.');
    let class = parts.next()?;
    let fits = matches!(class, "2" | "4" | "5")
        && parts.clone().count() == 2
        && parts.all(|part| (1..=3).contains(&part.len()));
    fits.then_some(code)
}

/// How deep quotations of other hosts' replies are followed.
const QUOTES: usize = 3;

/// The verdict, as far as a reply at `stage` can say it.
fn within(stage: Stage, verdict: Verdict) -> Verdict {
    use Meaning::*;
    // A refusal before RCPT is never a fact about a recipient (catalogue rule R1).
    let of_recipient =
        matches!(verdict.meaning, UnknownRecipient | UnknownRecipientTemporary | VerificationFailed | Disabled | Full);
    match stage {
        Stage::Mail if of_recipient => Verdict::bare(SenderRejected),
        stage if stage < Stage::Rcpt && of_recipient => Verdict::bare(Ambiguous),
        _ => verdict,
    }
}

fn read(ours: &[&str], stage: Stage, code: u16, text: &str, depth: usize) -> Verdict {
    if (200..300).contains(&code) {
        return Verdict::bare(Meaning::Accepted);
    }
    let seen = Text::new(text);
    let Some(row) = row_for(ours, stage, code, &seen, depth) else {
        return Verdict::bare(by_code(code, seen.enhanced()));
    };
    let own = Verdict { row: Some(row), ..Verdict::bare(row.meaning) };
    // Case apart, offsets stay what they are.
    let behind = |marker: &str| text.to_ascii_lowercase().find(marker).map(|at| &text[at + marker.len()..]);
    let Some(rest) = row.quotes.and_then(behind) else { return own };
    let (inner, quoted) = match first_reply(rest) {
        Some((inner_code, words)) => {
            let stage = stage_in(words);
            (within(stage, read(&[], stage, inner_code, words, depth + 1)), format!("{inner_code} {words}"))
        }
        // No reply in it: the words may be the server's own.
        None => (read(ours, stage, code, rest, depth + 1), rest.trim().to_string()),
    };
    if inner.row.is_none() && first_reply(rest).is_none() {
        return own;
    }
    let meaning = match inner.meaning {
        Meaning::UnknownRecipient if code < 500 => Meaning::UnknownRecipientTemporary,
        other => other,
    };
    Verdict { meaning, row: Some(row), quoted: Some(quoted), quoted_row: inner.quoted_row.or(inner.row), own: None }
}

/// The first row that knows the reply.
fn row_for(ours: &[&str], stage: Stage, code: u16, text: &Text, depth: usize) -> Option<&'static Row> {
    let from = usize::from(depth >= QUOTES);
    SECTIONS.iter().enumerate().skip(from).find_map(|(at, section)| {
        // Rule R5: a reply that names our address is about us, before any word about recipients.
        if at == TRUST && ours.iter().any(|address| names(text.as_str(), address)) {
            return section.first();
        }
        section.iter().find(|row| row.fits(stage, code, text))
    })
}

/// Whether `text` holds `address` as a word of its own.
fn names(text: &str, address: &str) -> bool {
    let part = |c: char| c.is_ascii_hexdigit() || c == ':';
    !address.is_empty()
        && text.match_indices(address).any(|(at, _)| {
            let (before, after) = (&text[..at], &text[at + address.len()..]);
            // A dot that ends the sentence is no part of the address.
            let goes_on = after.strip_prefix('.').map_or(after, |rest| rest).starts_with(|c: char| c.is_ascii_digit());
            !before.ends_with(|c: char| part(c) || c == '.') && !after.starts_with(part) && !goes_on
        })
}

/// The first thing in `text` that looks like a reply: a three-digit code at a word's start, behind any `said:`.
fn first_reply(text: &str) -> Option<(u16, &str)> {
    let text = text.split_once(" said: ").map_or(text, |(_, said)| said);
    text.char_indices()
        .filter(|&(at, c)| {
            let inside = |b: char| b.is_alphanumeric() || matches!(b, '.' | '#');
            matches!(c, '4' | '5') && !text[..at].ends_with(inside)
        })
        .find_map(|(at, _)| split_code(&text[at..]))
        .map(|(code, words)| (code, words.trim_start_matches(['\'', '"']).trim_end_matches([')', '\'', '"'])))
}

/// At which step a quoted reply was heard, where Postfix says so; RCPT otherwise.
fn stage_in(words: &str) -> Stage {
    let lower = words.to_ascii_lowercase();
    let at = |step: &str| lower.contains(&format!("in reply to {step}"));
    if at("mail from") {
        Stage::Mail
    } else if at("helo") || at("ehlo") {
        Stage::Ehlo
    } else if at("data") || at("end of data") {
        Stage::Data
    } else {
        Stage::Rcpt
    }
}

/// What the numbers alone allow one to say: little. 1.1, 1.2 and 7.1 say nothing, for each is used of everything.
fn by_code(code: u16, enhanced: Option<&str>) -> Meaning {
    use Meaning::*;
    let mut numbers = enhanced.unwrap_or_default().splitn(3, '.').skip(1).map(|part| part.parse().unwrap_or(0));
    let detail: (u16, u16) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    match (code, detail) {
        (_, (1, 3)) => Protocol,
        (_, (1, 6) | (2, 1) | (7, 13)) if code >= 500 => Disabled,
        (_, (1, 7 | 8) | (7, 20..=24 | 26 | 27 | 29)) => SenderRejected,
        (_, (1, 10)) => NoMail,
        (450..=452 | 550..=553, (2, 2)) => Full,
        (_, (2, 3) | (3, 4)) => Policy,
        (_, (4, 6 | 14)) => Loop,
        (_, (4, 300..=399)) => Temporary,
        (_, (5, 3) | (7, 28)) => RateLimited,
        (_, (7, 25 | 500..=899)) => Reputation,
        (_, (7, 30)) => TlsRequired,
        (_, (7, 54 | 57 | 64)) => RelayDenied,
        (_, (7, 900..=999)) => Policy,
        (530, _) => AuthenticationRequired,
        (525, _) => Disabled,
        (521 | 556, _) => NoMail,
        (500..=504, _) => Protocol,
        // After RCPT 452 means too many recipients (RFC 5321, 4.5.3.1.10). 552 does as well, and mailboxes that are full.
        (452, _) => RateLimited,
        (400..=499, _) => Temporary,
        _ => Ambiguous,
    }
}
