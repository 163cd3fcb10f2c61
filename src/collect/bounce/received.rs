//! Received fields (RFC 5321, 4.4), as far as a circle shows in them.
use super::heard::{cut, tidy};
use nsdiag_checks::evidence::address;
use nsdiag_checks::evidence::bounce::Passage;

/// How many Received fields are read: more than any host lets pass (RFC 5321, 6.3: 100).
const MOST: usize = 200;

/// The header lines of `text`, unfolded: up to its first empty line, or the first that is no header.
pub(super) fn headers(text: &str) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if line.trim().is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = all.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
            continue;
        }
        let named = line.split_once(':').filter(|(name, _)| is_name(name));
        match named {
            Some((name, value)) => all.push((name.trim().to_ascii_lowercase(), value.trim().to_string())),
            // The line of an mbox, or a remark of a mail program's.
            None if all.is_empty() => {}
            None => break,
        }
        if all.len() > 2000 {
            break;
        }
    }
    all
}

/// Whether it may be a header's name (RFC 5322, 2.2).
pub(super) fn is_name(name: &str) -> bool {
    let name = name.trim_end();
    (1..=80).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The passages that `headers` tell of, the newest first.
pub(super) fn passages(headers: &[(String, String)]) -> Vec<Passage> {
    headers.iter().filter(|(name, _)| name == "received").take(MOST).map(|(_, value)| passage(value)).collect()
}

fn passage(value: &str) -> Passage {
    let value = cut(value, 2048);
    let bare = without_comments(value);
    let words: Vec<&str> = bare.split([';']).next().unwrap_or_default().split_whitespace().collect();
    let after = |word: &str| {
        let at = words.iter().position(|each| each.eq_ignore_ascii_case(word))?;
        words.get(at + 1).map(|next| tidy(next)).filter(|next| !next.is_empty())
    };
    let recipient = after("for").and_then(|one| address::fold(&one).ok());
    Passage { from: after("from"), by: after("by"), recipient }
}

/// Comments stand in round brackets, perhaps in each other (RFC 5322, 3.2.2).
fn without_comments(text: &str) -> String {
    let mut depth = 0_usize;
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => out.push(c),
            _ => {}
        }
        if c == ')' && depth == 0 {
            out.push(' ');
        }
    }
    out
}
