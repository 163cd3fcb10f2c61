//! A reply as people hold it: out of a bounce, a log, a transcript or somebody's mail.
use super::{Row, Stage, Text, catalogue, enhanced_code, joined, split_code, stage_in};
use crate::prelude::*;
use alloc::borrow::Cow;

/// A reply, taken out of what stood around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The code; where only an enhanced one was given, the plainest of its class.
    pub code: u16,
    /// The text, on one line.
    pub text: String,
    /// The step at which it was heard, where that is said; else RCPT.
    pub stage: Stage,
    /// The enhanced code, where nothing else was given.
    pub bare: Option<String>,
}

/// What stands before a reply in bounces, logs and transcripts.
const BEFORE: [&str; 13] = ["[", "<<<", "<-", "<~*", "<~", "<**", "<*", "s:", "##", "#<", "#", "<", "-"];
/// What introduces a reply in a sentence.
const SAID: [&str; 8] =
    [" said:", "server returned", "server responded", "smtp;", "response was:", "response:", "error was:", "reply:"];

/// Takes the reply out of `text`: `smtp;550 …`, `#550 5.1.1 … ##`, `Remote Server returned '550 …'`, `host … said: 550 … (in
/// reply to RCPT TO command)`, `<<< 550 …`, several lines of `550-…`, `5.1.1 user unknown`, `5.4.1`.
///
/// # Errors
/// In words, where there is none.
pub fn held(text: &str) -> Result<Held, String> {
    let lines: Vec<Cow<str>> = text.lines().map(bare).filter(|line| !line.is_empty()).map(spaced).collect();
    let lines: Vec<&str> = lines.iter().map(AsRef::as_ref).collect();
    let Some(first) = lines.first() else { return Err("there is no reply in an empty line".into()) };
    let stage = stage_in(text);
    if let Some((code, _)) = split_code(first) {
        let coded = |line: &&&str| split_code(line).is_some_and(|(other, _)| other != code);
        if let Some(other) = lines.iter().find(coded).filter(|_| lines.iter().all(|line| split_code(line).is_some())) {
            let other = split_code(other).map_or(0, |(other, _)| other);
            return Err(format!("its lines disagree in their codes, {code} and {other}: such a reply says nothing"));
        }
        let lines = lines.iter().flat_map(|line| unfolded(line, code));
        return Ok(Held { code, text: ends(&joined(lines)).to_string(), stage, bare: None });
    }
    let whole = joined(lines.iter().copied());
    // What is said last was said first: a host quotes another.
    let lower = whole.to_ascii_lowercase();
    let introduced = SAID.iter().filter_map(|said| Some(lower.find(said)? + said.len())).min();
    let rest = introduced.map_or(&*whole, |at| &whole[at..]);
    let found = introduced.and_then(|_| super::first_reply(rest)).or_else(|| first_of(&whole));
    if let Some((code, text)) = found {
        // Of several lines, or of one that quotes another.
        let several = format!("{code}-{text}");
        let text = if whole.contains(&several) { joined(unfolded(&several, code)) } else { text.to_string() };
        return Ok(Held { code, text: ends(&text).to_string(), stage, bare: None });
    }
    for rest in [bare(rest), &whole] {
        let Some(enhanced) = enhanced_code(rest).filter(|code| !rest[code.len()..].starts_with(char::is_alphanumeric))
        else {
            continue;
        };
        let code = match enhanced.as_bytes()[0] {
            b'2' => 250,
            b'4' => 450,
            _ => 550,
        };
        let alone = ends(rest) == enhanced;
        return Ok(Held { code, text: ends(rest).to_string(), stage, bare: alone.then(|| enhanced.to_string()) });
    }
    Err("a reply begins with its three-digit code, as in \"550 5.1.1 User unknown\", or with an enhanced one, as in \"5.1.1\"; \
         a finding's code with NSD"
        .into())
}

/// A line without what stands before and around a reply.
fn bare(line: &str) -> &str {
    // Programs of Windows put a byte order mark before the first line.
    let mut line = line.trim_start_matches('\u{feff}').trim().trim_matches(['"', '\'', '`']).trim();
    loop {
        let lower = line.get(..3).unwrap_or(line).to_ascii_lowercase();
        let mark = BEFORE.iter().find(|mark| lower.starts_with(**mark));
        let typed = line.split_once(';').filter(|(head, _)| {
            let kind = head.rsplit(' ').next().unwrap_or_default();
            let word = !kind.is_empty() && kind.chars().all(|c| c.is_ascii_alphabetic() || c == '-');
            word && (head == &kind || head.to_ascii_lowercase().starts_with("diagnostic-code:"))
        });
        line = match (mark, typed) {
            (Some(mark), _) => line[mark.len()..].trim_start(),
            (None, Some((_, rest))) => rest.trim_start().trim_start_matches(['"', '\'']),
            (None, None) => return line,
        };
    }
}

/// A line with a blank behind its code, where people wrote `550: User unknown` or `550, 5.1.1, …`.
fn spaced(line: &str) -> Cow<'_, str> {
    let code = line.get(..3).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()));
    match code.and_then(|code| Some((code, line[3..].strip_prefix([':', ','])?))) {
        Some((code, rest)) if rest.starts_with(' ') => Cow::Owned(format!("{code}{rest}")),
        _ => Cow::Borrowed(line),
    }
}

/// The first reply in `text` that something introduces: a number of three digits is no code by itself.
fn first_of(text: &str) -> Option<(u16, &str)> {
    let introduced = |at: &usize| text[..*at].trim_end().ends_with([':', ';', '"', '\'', '<', '(', '>', '=']);
    let at = text.match_indices(['4', '5']).map(|(at, _)| at).filter(introduced);
    at.filter_map(|at| split_code(&text[at..]))
        .find(|(_, words)| !words.starts_with(|c: char| c.is_ascii_digit()) || enhanced_code(words).is_some())
}

/// A reply of several lines that was pasted as one.
fn unfolded(line: &str, code: u16) -> Vec<&str> {
    let more = format!(" {code}-");
    if !line.starts_with(&more[1..]) {
        return vec![line];
    }
    let last = format!(" {code} ");
    let mut lines: Vec<&str> = line.split(&*more).collect();
    if let Some((before, end)) = lines.last().and_then(|line| line.split_once(&*last)) {
        lines.pop();
        lines.extend([before, end]);
    }
    lines
}

/// `text` without what stands behind a reply: `##`, a quote that is closed, the command that it answers.
fn ends(text: &str) -> &str {
    let text = match text.to_ascii_lowercase().rfind("(in reply to ") {
        Some(at) if !text[at..].trim_end().trim_end_matches(')').contains(')') => &text[..at],
        _ => text,
    };
    let text = text.trim_end().trim_end_matches("#SMTP#").trim_end_matches(['#', ' ']);
    let odd = |quote: char| text.ends_with(quote) && text.matches(quote).count() % 2 == 1;
    let open = text.ends_with('>') && text.matches('>').count() > text.matches('<').count();
    match ['"', '\'', '`'].into_iter().any(odd) || open {
        true => &text[..text.len() - 1],
        false => text,
    }
}

/// The rows whose replies bear this enhanced code.
pub fn bearing(enhanced: &str) -> impl Iterator<Item = &'static Row> {
    catalogue().filter(move |row| {
        let text = split_code(row.example).map_or("", |(_, text)| text);
        row.enhanced.contains(&enhanced) || Text::new(text).status() == Some(enhanced)
    })
}

/// What the standard calls an enhanced code, whatever its class (RFC 3463; RFC 5248's registry for those that came later).
pub fn standard(enhanced: &str) -> Option<&'static str> {
    const NAMES: [(&str, &str); 52] = [
        ("1.0", "other address status"),
        ("1.1", "bad destination mailbox address"),
        ("1.2", "bad destination system address"),
        ("1.3", "bad destination mailbox address syntax"),
        ("1.4", "destination mailbox address ambiguous"),
        ("1.5", "destination address valid"),
        ("1.6", "destination mailbox has moved, no forwarding address"),
        ("1.7", "bad sender's mailbox address syntax"),
        ("1.8", "bad sender's system address"),
        ("1.9", "message relayed to non-compliant mailer"),
        ("1.10", "recipient address has null MX (RFC 7505)"),
        ("2.0", "other or undefined mailbox status"),
        ("2.1", "mailbox disabled, not accepting messages"),
        ("2.2", "mailbox full"),
        ("2.3", "message length exceeds administrative limit"),
        ("2.4", "mailing list expansion problem"),
        ("3.0", "other or undefined mail system status"),
        ("3.1", "mail system full"),
        ("3.2", "system not accepting network messages"),
        ("3.3", "system not capable of selected features"),
        ("3.4", "message too big for system"),
        ("3.5", "system incorrectly configured"),
        ("4.0", "other or undefined network or routing status"),
        ("4.1", "no answer from host"),
        ("4.2", "bad connection"),
        ("4.3", "directory server failure"),
        ("4.4", "unable to route"),
        ("4.5", "mail system congestion"),
        ("4.6", "routing loop detected"),
        ("4.7", "delivery time expired"),
        ("5.0", "other or undefined protocol status"),
        ("5.1", "invalid command"),
        ("5.2", "syntax error"),
        ("5.3", "too many recipients"),
        ("5.4", "invalid command arguments"),
        ("5.5", "wrong protocol version"),
        ("6.0", "other or undefined media error"),
        ("7.0", "other or undefined security status"),
        ("7.1", "delivery not authorized, message refused"),
        ("7.2", "mailing list expansion prohibited"),
        ("7.3", "security conversion required but not possible"),
        ("7.4", "security features not supported"),
        ("7.5", "cryptographic failure"),
        ("7.8", "authentication credentials invalid (RFC 4954)"),
        ("7.13", "user account disabled"),
        ("7.20", "no passing DKIM signature found (RFC 7372)"),
        ("7.23", "SPF validation failed (RFC 7372)"),
        ("7.24", "SPF validation error (RFC 7372)"),
        ("7.25", "reverse DNS validation failed (RFC 7372)"),
        ("7.26", "multiple authentication checks failed (RFC 7372)"),
        ("7.27", "sender address has null MX (RFC 7505)"),
        ("7.30", "REQUIRETLS support required (RFC 8689)"),
    ];
    let (_, detail) = enhanced.split_once('.')?;
    NAMES.iter().find(|(known, _)| *known == detail).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_taken_out_of_what_stands_around_it() {
        let unknown = "5.1.1 <a@contoso.com> user unknown";
        let cases = [
            "550 5.1.1 <a@contoso.com> user unknown",
            "  550-5.1.1 <a@contoso.com> user\n550 5.1.1 unknown",
            "550-5.1.1 <a@contoso.com> user 550 5.1.1 unknown",
            "smtp;550 5.1.1 <a@contoso.com> user unknown",
            "smtp; 550 5.1.1 <a@contoso.com> user unknown",
            "Diagnostic-Code: smtp; 550 5.1.1 <a@contoso.com> user unknown",
            "X-Postfix; 550 5.1.1 <a@contoso.com> user unknown",
            "#550 5.1.1 <a@contoso.com> user unknown ##",
            "#< #550 5.1.1 <a@contoso.com> user unknown> #SMTP#",
            "Remote Server returned '550 5.1.1 <a@contoso.com> user unknown'",
            "Remote server returned \"550 5.1.1 <a@contoso.com> user unknown\"",
            "host mx1.contoso.com[192.0.2.25] said: 550 5.1.1 <a@contoso.com> user unknown (in reply to RCPT TO command)",
            "<a@contoso.com>: host mx1.contoso.com[192.0.2.25] said: 550-5.1.1 <a@contoso.com> user 550 5.1.1 unknown (in reply \
             to RCPT TO command)",
            "<<< 550 5.1.1 <a@contoso.com> user unknown",
            "<~* 550 5.1.1 <a@contoso.com> user unknown",
            "<** 550 5.1.1 <a@contoso.com> user unknown",
            "'550 5.1.1 <a@contoso.com> user unknown'",
            "\u{feff}550 5.1.1 <a@contoso.com> user unknown",
            "550: 5.1.1 <a@contoso.com> user unknown",
            "550, 5.1.1 <a@contoso.com> user unknown",
            "5.1.1 <a@contoso.com> user unknown",
            "smtp; 5.1.1 <a@contoso.com> user unknown",
            "SMTP error from remote mail server after RCPT TO:<a@contoso.com>: host mx1.contoso.com [192.0.2.25]: 550 5.1.1 \
             <a@contoso.com> user unknown",
            "The response was: 550 5.1.1 <a@contoso.com> user unknown",
        ];
        for case in cases {
            let found = held(case).map(|held| (held.code, held.text, held.stage, held.bare));
            assert_eq!(found, Ok((550, unknown.to_string(), Stage::Rcpt, None)), "{case}");
            // Whatever is cut off, it is read or said to be none.
            for (at, _) in case.char_indices() {
                let _ = (held(&case[at..]), held(&case[..at]));
            }
        }
        let later = held("450 4.1.1 x").unwrap();
        assert_eq!((later.code, &*later.text), (450, "4.1.1 x"));
        assert_eq!(held("4.2.2 mailbox full").unwrap().code, 450);
        assert_eq!(
            held("host x[192.0.2.1] said: 550 5.1.1 y (in reply to MAIL FROM command)").unwrap().stage,
            Stage::Mail
        );
        assert_eq!(held("5.4.1").unwrap().bare.as_deref(), Some("5.4.1"));
        assert_eq!(held(" #5.4.1 ").unwrap().bare.as_deref(), Some("5.4.1"));
        assert_eq!(held("550 5.4.1").unwrap().bare, None);
    }

    #[test]
    fn what_is_no_reply_is_said_to_be_none() {
        for nothing in
            ["hello", "NSD401", "5.1", "10.0.0.1 said", "1234 x", "call 555-0100 now", "é", ";", "#", "<", "smtp;"]
        {
            assert!(held(nothing).is_err(), "{nothing}: {:?}", held(nothing));
        }
        assert_eq!(held("  \n "), Err("there is no reply in an empty line".into()));
        let mixed = held("250-fine\n550 not fine").unwrap_err();
        assert_eq!(mixed, "its lines disagree in their codes, 250 and 550: such a reply says nothing");
    }

    #[test]
    fn a_code_alone_is_explained_by_the_products_that_say_it() {
        let products: Vec<_> = bearing("5.4.1").map(|row| (row.meaning, row.product)).collect();
        assert!(products.contains(&(Meaning::RelayDenied, "Exchange Online")), "{products:?}");
        assert!(products.contains(&(Meaning::Policy, "Zoho")), "{products:?}");
        assert!(products.iter().any(|(meaning, _)| *meaning == Meaning::UnknownRecipient), "{products:?}");
        assert!(bearing("5.1.1").any(|row| row.meaning == Meaning::RateLimited));
        assert_eq!(standard("5.4.1"), Some("no answer from host"));
        assert_eq!((standard("5.7.606"), standard("4.2.2")), (None, Some("mailbox full")));
    }
}
