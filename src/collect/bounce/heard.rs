//! What a piece of a notice says: who said which reply, in answer to what.
use super::forms::{BRACKET, EXPIRY, HOSTLESS, LOCAL, NULLED, OWN, OWN_HOST, SAYING, TAIL, UNANSWERED};
use nsdiag_checks::evidence::bounce::{Said, Speaker};
use nsdiag_checks::replies::{Stage, enhanced_code, held, split_code};

/// How much of a piece is looked at, in bytes.
const READ: usize = 16 * 1024;
/// How much of a reply is kept, in bytes.
pub(super) const KEPT: usize = 4 * 1024;

/// Reads `text` into `said`: the reply, its host and its step. What `said` knows already stays.
pub(super) fn hear(said: &mut Said, text: &str) {
    let text = &single(cut(text, READ));
    let mut told = None;
    if let Some((caught, _)) = SAYING.first(text) {
        let get = |name| caught.name(name).map(|found| found.as_str().to_string());
        let code = get("code").map(|code| format!("{code} ")).unwrap_or_default();
        told = get("reply").map(|reply| format!("{code}{}", reply.trim_matches(['\'', '"', ' '])));
        said.stage = said.stage.or_else(|| get("step").and_then(|step| stage(&step)));
        // A greeting that is called a host is none.
        let host = get("host").filter(|host| is_host(host)).or_else(|| get("ip"));
        if said.by == Speaker::Untold {
            said.by = host.map_or(Speaker::Unnamed, |host| Speaker::Host(tidy(&host)));
        }
    } else if let Some((caught, _)) = BRACKET.first(text) {
        let get = |name| caught.name(name).map(|found| found.as_str().to_string());
        told = get("reply");
        said.status = said.status.take().or_else(|| get("status"));
        if said.by == Speaker::Untold {
            said.by = match (&told, get("host")) {
                // Another host replied so to the one that is named.
                (Some(_), _) | (None, None) => Speaker::Unnamed,
                (None, Some(host)) => Speaker::Host(tidy(&host)),
            };
        }
        if told.is_none() {
            // The words before it are people's.
            told = caught.get(0).map(|whole| text[..whole.start()].trim().to_string());
        }
    }
    let words = TAIL.without(told.as_deref().unwrap_or(text).trim());
    take(said, &words);
}

/// Takes the reply out of `words`; where there is none, the words themselves.
fn take(said: &mut Said, words: &str) {
    let words = words.trim();
    if said.code.is_some() || words.is_empty() {
        return;
    }
    // Google repeats the code, and others put a name before it.
    let refused = |(code, _): &(u16, String)| *code >= 400 || !said.action.is_trouble();
    let reply = coded(words).filter(refused).or_else(|| in_words(words));
    if let Some((code, text)) = reply {
        said.code = Some(code);
        said.text = cut(&text, KEPT).trim().to_string();
    } else if said.text.is_empty() {
        said.text = cut(hashed(words).trim(), KEPT).to_string();
    }
    // Postfix says behind a reply what it answers.
    if let Some((_, step)) = words.rsplit_once("(in reply to ") {
        said.stage = said.stage.or_else(|| stage(step));
        let end = said.text.rfind("(in reply to ").map(|at| said.text[..at].trim_end().len());
        said.text.truncate(end.unwrap_or(said.text.len()));
    }
}

/// Whether the code stands in it: `held` makes one up where only an enhanced one is given.
fn has_code(words: &str, code: u16) -> bool {
    words.contains(&code.to_string())
}

/// A reply at the head of `words`.
fn coded(words: &str) -> Option<(u16, String)> {
    let head = words.trim_start_matches(['<', '#', '[', '\'', '"', ' ', ':']);
    let head = match head.get(..3).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit())) {
        // `550: User unknown`.
        Some(code) if head[3..].starts_with(':') => format!("{code}{}", &head[4..]),
        _ => head.to_string(),
    };
    let (code, _) = split_code(&head).filter(|(code, _)| *code >= 400 || *code < 300)?;
    let one = held(&head).ok()?;
    let text = split_code(&one.text).filter(|(again, _)| *again == code).map_or(&*one.text, |(_, text)| text);
    Some((code, text.trim_start().to_string()))
}

/// A reply within a sentence, with a code that something introduces.
fn in_words(words: &str) -> Option<(u16, String)> {
    let one = held(words).ok().filter(|one| one.bare.is_none() && has_code(words, one.code) && one.code >= 400)?;
    Some((one.code, one.text))
}

/// qmail puts the status behind its words, in brackets: `(#5.1.1)`. Before them it is where everybody looks for it.
fn hashed(words: &str) -> String {
    let found = words.find("(#").and_then(|at| Some((at, enhanced_code(&words[at + 2..])?)));
    match found {
        Some((at, status)) if enhanced_code(words).is_none() => format!("{status} {}", words[..at].trim_end()),
        _ => words.to_string(),
    }
}

/// Says who refused, where the words alone tell: nobody, or the host that wrote the notice.
pub(super) fn settle(said: &mut Said, reporting_host: Option<&str>) {
    let text = &said.text;
    let own = || match reporting_host {
        Some(host) => Speaker::Host(host.to_string()),
        None => Speaker::Unnamed,
    };
    let wrote_itself = reporting_host.is_some_and(|host| OWN_HOST.fits(host));
    let by = match std::mem::take(&mut said.by) {
        _ if NULLED.fits(text) => Speaker::NoHost,
        _ if text.contains("QUEUE.Expired") => Speaker::NoAnswer,
        Speaker::Untold | Speaker::Unnamed if OWN.fits(text) => own(),
        Speaker::Untold if said.code.is_none() && LOCAL.fits(text) => own(),
        Speaker::Untold | Speaker::Unnamed if EXPIRY.fits(text) => Speaker::NoAnswer,
        Speaker::Untold if HOSTLESS.fits(text) => Speaker::NoHost,
        Speaker::Untold if UNANSWERED.fits(text) => Speaker::NoAnswer,
        Speaker::Unnamed if wrote_itself => own(),
        // A next hop on the same machine is known by the machine's name.
        Speaker::Host(host) if is_loopback(&host) => own(),
        Speaker::Host(host) => Speaker::Host(host),
        unknown => exchange_online(text).map_or(unknown, Speaker::Host),
    };
    said.by = by;
}

fn is_loopback(host: &str) -> bool {
    host == "::1" || host.starts_with("127.") || host.eq_ignore_ascii_case("localhost")
}

/// Exchange Online's servers name themselves behind their words: `[DB5EUR01FT006.eop-EUR01.prod.protection.outlook.com]`;
/// the first is the one that refused.
fn exchange_online(text: &str) -> Option<String> {
    let ends =
        [".prod.outlook.com", ".prod.protection.outlook.com", ".mail.protection.outlook.com", ".prod.exchangelabs.com"];
    text.split('[').skip(1).find_map(|part| {
        let host = part.split([' ', ']']).next()?;
        let lower = host.to_ascii_lowercase();
        ends.iter().any(|end| lower.ends_with(end)).then(|| tidy(host))
    })
}

/// A step, by its words.
pub(super) fn stage(words: &str) -> Option<Stage> {
    let words = words.to_ascii_lowercase().replace('_', " ");
    let steps: [(&[&str], Stage); 8] = [
        (&["starttls", "tls"], Stage::StartTls),
        (&["rcpt", "recipient"], Stage::Rcpt),
        (&["mail from", "sender", "mail"], Stage::Mail),
        (&["end of data", "data", "after i sent", "text", "body", "message", "."], Stage::Data),
        (&["ehlo", "helo", "lhlo", "my name"], Stage::Ehlo),
        (&["initial connection", "greeting", "refused to talk", "banner"], Stage::Greeting),
        (&["connect"], Stage::Connect),
        (&["quit"], Stage::Quit),
    ];
    let words = words.trim_start_matches("pipelined ");
    // What stands first counts: a RCPT may be for somebody called mail.
    let found = steps.iter().filter_map(|(marks, stage)| {
        let at = marks.iter().filter_map(|mark| words.find(mark)).min()?;
        Some((at, *stage))
    });
    found.min_by_key(|(at, _)| *at).map(|(_, stage)| stage)
}

/// A host as it is written down: without brackets, the root's dot and a port.
pub(super) fn tidy(host: &str) -> String {
    let host = host.trim().trim_matches(['[', ']', '<', '>', '(', ')', ',', ';', '\'']).trim_end_matches('.');
    host.chars().take(255).collect()
}

fn is_host(host: &str) -> bool {
    let host = tidy(host);
    let fits = host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'));
    fits && !host.is_empty() && !host.eq_ignore_ascii_case("unknown")
}

/// `text` with single blanks in place of white space.
pub(super) fn single(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The head of `text`, of so many bytes at most.
pub(super) fn cut(text: &str, most: usize) -> &str {
    &text[..(0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()]
}
