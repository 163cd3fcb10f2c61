//! What an SMTP reply means.
//!
//! The order of judgement is stage, then text, then enhanced code, then code: 5.1.1 and 5.7.1 alone
//! decide nothing, because servers use both for other things as well. A reply that no row knows is
//! [`Meaning::Ambiguous`], and counts as nothing.
mod catalogue;

use crate::prelude::*;

pub use catalogue::{CATALOGUE, Confidence, Row};

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
    /// The row of the catalogue that decided, if it was a row.
    pub row: Option<&'static Row>,
    /// The reply of another host that this one quotes, where that decided.
    pub quoted: Option<String>,
}

impl Verdict {
    /// How far the verdict can be trusted: a verdict by code alone is low.
    pub fn confidence(&self) -> Confidence {
        self.row.map_or(Confidence::Low, |row| row.confidence)
    }

    fn bare(meaning: Meaning) -> Self {
        Self { meaning, row: None, quoted: None }
    }
}

/// Classifies the reply `code` with its joined `text` (without codes at the head of its lines), heard at `stage`.
pub fn classify(stage: Stage, code: u16, text: &str) -> Verdict {
    let verdict = read(code, text, 0);
    // A refusal before RCPT is never a fact about a recipient (catalogue rule R1).
    if stage < Stage::Rcpt && matches!(verdict.meaning, Meaning::UnknownRecipient | Meaning::UnknownRecipientTemporary)
    {
        let meaning = match stage {
            Stage::Mail => Meaning::SenderRejected,
            _ => Meaning::Ambiguous,
        };
        return Verdict::bare(meaning);
    }
    verdict
}

/// Splits a leading code off a reply as people paste it: `550 5.1.1 …`, `550-5.1.1 …`. `None` where there is none.
pub fn split_code(reply: &str) -> Option<(u16, &str)> {
    let reply = reply.trim_start();
    let code: u16 = reply.get(..3)?.parse().ok()?;
    let rest = &reply[3..];
    let fits = (200..600).contains(&code) && (rest.is_empty() || rest.starts_with([' ', '-', '\t']));
    fits.then(|| (code, rest.trim_start_matches([' ', '-', '\t'])))
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

fn read(code: u16, text: &str, depth: usize) -> Verdict {
    if (200..300).contains(&code) {
        return Verdict::bare(Meaning::Accepted);
    }
    let enhanced = enhanced_code(text);
    let lower = text.to_lowercase();
    let Some(row) = CATALOGUE.iter().find(|row| row.fits(code, enhanced, &lower)) else {
        return Verdict::bare(by_code(code, enhanced));
    };
    let mut verdict = Verdict { meaning: row.meaning, row: Some(row), quoted: None };
    if let Some(marker) = row.quotes.filter(|_| depth < QUOTES) {
        let inner = lower.find(marker).and_then(|at| first_reply(&lower[at + marker.len()..]));
        if let Some((inner_code, inner_text)) = inner {
            let inner = read(inner_code, inner_text, depth + 1);
            verdict.meaning = match inner.meaning {
                Meaning::UnknownRecipient if code < 500 => Meaning::UnknownRecipientTemporary,
                other => other,
            };
            verdict.quoted = Some(inner_text.to_string());
        }
    }
    verdict
}

/// The first thing in `text` that looks like a reply: a three-digit code at a word's start.
fn first_reply(text: &str) -> Option<(u16, &str)> {
    text.char_indices()
        .filter(|&(at, c)| matches!(c, '4' | '5') && !text[..at].ends_with(|b: char| b.is_alphanumeric() || b == '.'))
        .find_map(|(at, _)| split_code(&text[at..]))
}

/// What the numbers alone allow one to say: little.
fn by_code(code: u16, enhanced: Option<&str>) -> Meaning {
    let detail = enhanced.map(|e| &e[2..]);
    match (code, detail) {
        (530, _) => Meaning::AuthenticationRequired,
        (521 | 556, _) => Meaning::NoMail,
        (500..=504, _) => Meaning::Protocol,
        (452, Some("2.2")) | (552, Some("2.2")) => Meaning::Full,
        (452 | 552, _) => Meaning::RateLimited,
        (550 | 551 | 553, Some("2.2")) => Meaning::Full,
        (550 | 551 | 553, Some("2.1" | "1.6")) => Meaning::Disabled,
        (_, Some("4.6" | "4.14")) => Meaning::Loop,
        (_, Some("1.7" | "1.8" | "7.23" | "7.24" | "7.27")) => Meaning::SenderRejected,
        (_, Some("7.25")) => Meaning::Reputation,
        (400..=499, _) => Meaning::Temporary,
        _ => Meaning::Ambiguous,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_means_what_its_text_says_before_what_its_code_says() {
        use Meaning::*;
        let cases = [
            (
                550,
                "5.1.1 <a@contoso.com>: Recipient address rejected: User unknown in relay recipient table",
                UnknownRecipient,
            ),
            (
                450,
                "4.1.1 <a@contoso.com>: Recipient address rejected: User unknown in relay recipient table",
                UnknownRecipientTemporary,
            ),
            (
                450,
                "4.2.0 <a@contoso.com>: Recipient address rejected: Greylisted, see http://postgrey.example",
                Greylisted,
            ),
            (554, "5.7.1 <a@contoso.com>: Recipient address rejected: Access denied", Ambiguous),
            (
                550,
                "5.4.1 Recipient address rejected: Access denied. AS(201806281) [X.prod.outlook.com]",
                UnknownRecipient,
            ),
            (550, "5.4.1 Relay Access Denied", RelayDenied),
            (550, "5.1.1 <a@b.c> - 192.0.2.1 IP has sent to too many recipients this hour. IB607", RateLimited),
            (550, "5.7.606 Access denied, banned sending IP [192.0.2.1]", Reputation),
            (550, "5.7.1 No such user!", UnknownRecipient),
            (550, "5.7.54 SMTP; Unable to relay recipient in non-accepted domain", RelayDenied),
            (454, "4.7.1 <a@b.c>: Relay access denied", RelayDenied),
            (550, "#5.1.0 Address rejected.", Ambiguous),
            (550, "Too many invalid recipients.", RateLimited),
            (550, "5.1.1 something in no catalogue", Ambiguous),
            (550, "5.7.1 something in no catalogue", Ambiguous),
            (250, "2.1.5 Ok", Accepted),
        ];
        for (code, text, expected) in cases {
            assert_eq!(classify(Stage::Rcpt, code, text).meaning, expected, "{code} {text}");
        }
    }

    #[test]
    fn a_quoted_reply_of_the_next_hop_decides() {
        let cases = [
            (
                550,
                "5.1.1 <a@b.c>: Recipient address rejected: undeliverable address: host x[10.0.0.1] said: 550 5.1.1 <a@b.c>: Recipient address rejected: User unknown in virtual mailbox table",
                Meaning::UnknownRecipient,
            ),
            (
                450,
                "4.1.1 <a@b.c>: Recipient address rejected: unverified address: host x[10.0.0.1] said: 550 5.1.1 User unknown in virtual mailbox table",
                Meaning::UnknownRecipientTemporary,
            ),
            (
                450,
                "4.1.1 <a@b.c>: Recipient address rejected: unverified address: Address verification in progress",
                Meaning::VerificationFailed,
            ),
            (
                550,
                "5.1.1 <a@b.c>: Recipient address rejected: undeliverable address: host x[10.0.0.1] said: 554 5.7.1 <a@b.c>: Relay access denied",
                Meaning::RelayDenied,
            ),
        ];
        for (code, text, expected) in cases {
            assert_eq!(classify(Stage::Rcpt, code, text).meaning, expected, "{text}");
        }
    }

    #[test]
    fn a_refusal_before_rcpt_is_no_fact_about_a_recipient() {
        assert_eq!(classify(Stage::Mail, 550, "5.1.1 User unknown").meaning, Meaning::SenderRejected);
        assert_eq!(classify(Stage::Greeting, 550, "no such user").meaning, Meaning::Ambiguous);
    }

    #[test]
    fn codes_are_split_off_as_people_paste_them() {
        assert_eq!(split_code("550-5.1.1 no"), Some((550, "5.1.1 no")));
        assert_eq!(split_code("250"), Some((250, "")));
        assert_eq!(split_code("5501 x"), None);
        assert_eq!(split_code("é50 x"), None);
        assert_eq!(enhanced_code("5.7.606 x"), Some("5.7.606"));
        assert_eq!(enhanced_code("10.0.0.1 said"), None);
        assert_eq!(enhanced_code("5.1 x"), None);
    }
}
