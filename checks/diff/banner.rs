//! What of a greeting stays as it is: not the time, the session's number, or which host of a cluster it was.
use crate::prelude::*;

/// The greeting without what changes from one session to the next.
pub(super) fn steady(text: &str) -> String {
    let dated = text.split_whitespace().any(is_time);
    let kept = text.split_whitespace().filter_map(|word| kept(word, dated));
    kept.collect::<Vec<_>>().join(" ")
}

fn kept(word: &str, dated: bool) -> Option<String> {
    const DATES: [&str; 22] = [
        "mon", "tue", "wed", "thu", "fri", "sat", "sun", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep",
        "oct", "nov", "dec", "utc", "gmt", "cet",
    ];
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
    if !bare.contains(|c: char| c.is_ascii_digit()) {
        let date = dated && (DATES.contains(&&*bare.to_lowercase()) || bare == "CEST" || bare.is_empty());
        return (!date).then(|| word.to_string());
    }
    let (head, tail) = bare.split_once('.').unwrap_or((bare, ""));
    let is_host = tail.contains('.') && tail.rsplit('.').next().is_some_and(|top| top.chars().all(char::is_alphabetic));
    if is_host {
        return Some(if is_number(head) { format!("….{tail}") } else { bare.to_string() });
    }
    let numbered = bare.contains('.') && head.len() <= 5 && bare.len() <= 32 && !is_date(bare);
    let version = numbered && bare.chars().all(|c| c.is_alphanumeric() || "./-+~_".contains(c));
    let short = bare.chars().count() < 6 && bare.chars().any(char::is_alphabetic);
    (version || short).then(|| word.to_string())
}

/// Whether a host's first label is one of a cluster's numbers: `AM4PEPF00027A69`.
fn is_number(label: &str) -> bool {
    label.len() >= 8 && label.chars().filter(char::is_ascii_digit).count() >= 4 && !label.contains('-')
}

/// `15:04:05`.
fn is_time(word: &str) -> bool {
    let mut parts = word.trim_matches(|c: char| !c.is_alphanumeric()).split(':');
    let two = |part: Option<&str>| part.is_some_and(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()));
    two(parts.next()) && two(parts.next())
}

/// `27.11.2026`.
fn is_date(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    parts.len() == 3 && parts[2].len() == 4 && parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_and_the_session_are_not_kept() {
        let cases = [
            ("mx1.contoso.com ESMTP Postfix (Debian/GNU)", "mx1.contoso.com ESMTP Postfix (Debian/GNU)"),
            (
                "exch01.contoso.com Microsoft ESMTP MAIL Service ready at Fri, 27 Nov 2026 10:00:00 +0000",
                "exch01.contoso.com Microsoft ESMTP MAIL Service ready at",
            ),
            (
                "AM4PEPF00027A69.mail.protection.outlook.com Microsoft ESMTP MAIL Service ready at Fri, 27 Nov 2026 \
                 10:00:00 +0000 [08DE2A2B3C4D5E6F]",
                "….mail.protection.outlook.com Microsoft ESMTP MAIL Service ready at",
            ),
            ("mx.google.com ESMTP d2e1a72fcca58-7b93f1c8e5csi1234567b3a.12 - gsmtp", "mx.google.com ESMTP - gsmtp"),
            ("mail.contoso.com ESMTP Exim 4.96 Fri, 27 Nov 2026 10:00:00 +0100", "mail.contoso.com ESMTP Exim 4.96"),
            ("mx ESMTP Sendmail 8.15.2/8.15.2; Fri, 27 Nov 2026 10:00:00 GMT", "mx ESMTP Sendmail 8.15.2/8.15.2;"),
            ("", ""),
        ];
        for (said, expected) in cases {
            assert_eq!(steady(said), expected, "{said}");
        }
    }
}
