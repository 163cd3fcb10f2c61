//! Lists by the line: addresses, one or several a line, and maps of Postfix, Exim, sendmail and others, whose lines say
//! what becomes of mail for an address.
use super::columns::role;
use super::taken::{Taken, is_local};
use super::words::{self, Kind, Word, shown};

/// What a line is.
#[derive(Debug, PartialEq, Eq)]
enum Line<'a> {
    /// Addresses, and perhaps what is none.
    Addresses(&'a str),
    /// A key of a map, with what stands behind it.
    Entry(&'a str, &'a str),
    /// A domain of a map.
    Domain,
}

/// What introduces recipients in a message that somebody copied; the first one also in sendmail's access table.
const HEADERS: [&str; 5] = ["to:", "cc:", "bcc:", "an:", "kopie:"];
/// Actions of maps that refuse a recipient, or throw its mail away: access(5), Exim's redirect router, sendmail.
const REFUSED: [&str; 10] = [
    "reject",
    "discard",
    "defer",
    "defer_if_permit",
    "error",
    ":fail:",
    ":defer:",
    ":blackhole:",
    ":unknown:",
    "bounce",
];

/// How many of the first `most` lines are read whole.
pub fn good(text: &str, most: usize) -> usize {
    let good = |line: &str| match line_of(line) {
        Line::Addresses(line) => words::is_addresses(line),
        // `info: ann, ben` of an alias file is no row of a table.
        Line::Entry(key, _) => key.starts_with('/') || is_local(key) || words::is_addresses(key),
        Line::Domain => true,
    };
    contents(text).take(most).filter(|(_, line)| good(line)).count()
}

/// The lines that hold something, with their numbers.
fn contents(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    lines.filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
}

/// Reads it.
pub fn read(text: &str, taken: &mut Taken) -> Result<String, String> {
    let names_alone = taken.list_domain.is_none() && contents(text).all(|(_, line)| is_local(line.trim()));
    if names_alone && contents(text).next().is_some() {
        return Err(": it holds names without a domain; --list-domain says which is theirs".into());
    }
    let mut keys = std::collections::BTreeSet::new();
    let again = contents(text).any(|(_, line)| {
        let key = line.split_once(':').map(|(key, _)| key).filter(|key| is_local(key));
        let key =
            key.filter(|key| !HEADERS.iter().any(|header| header.trim_end_matches(':').eq_ignore_ascii_case(key)));
        key.is_some_and(|key| !keys.insert(key.to_ascii_lowercase()))
    });
    if again {
        return Err(": its lines are fields of records, and no map: export it as CSV".into());
    }
    let indented = |line: &str| line.starts_with([' ', '\t']);
    let ragged = contents(text).next().is_some_and(|(_, line)| indented(line));
    let is_map = contents(text).any(|(_, line)| !indented(line) && matches!(line_of(line), Line::Entry(..)));
    let mut several = false;
    let mut before = "";
    for (at, (number, line)) in contents(text).enumerate() {
        let listed_on = !is_map && before.trim_end().ends_with([',', ';']);
        let continues = at > 0 && indented(line) && !ragged && !listed_on;
        before = line;
        if at == 0 && is_heading(line) {
            taken.column(line.trim().trim_matches('"'));
            continue;
        }
        if continues && is_map {
            // A line that begins with white space goes on with the one before it (postmap(1)).
            taken.aside("targets of entries", targets(line, "").0);
            continue;
        }
        if continues {
            taken.row();
            taken.leave(number, "it is indented: an address, or where mail for the one above goes?".into());
            continue;
        }
        match line_of(line) {
            Line::Domain => taken.aside("domains", 1),
            Line::Entry(key, value) => {
                taken.row();
                entry(number, key, value, taken);
            }
            Line::Addresses(line) => {
                let words = words::all(line);
                several |= words.len() > 1;
                // Only by itself a name can be that of a mailbox: beside others it may be anything.
                let alone = words.len() == 1;
                for word in words {
                    taken.row();
                    match word {
                        Word::Name(name) if !alone => taken.leave(number, format!("'{}' has no @", shown(name))),
                        word => taken.word(number, word, Kind::Untold),
                    }
                }
            }
        }
    }
    Ok(match (is_map, several) {
        (true, _) => "a map, an address and what becomes of it a line",
        (false, true) => "text, several addresses a line",
        (false, false) => "text, an address a line",
    }
    .into())
}

/// How many addresses `text` names beside `own`, and whether it names that one.
fn targets(text: &str, own: &str) -> (usize, bool) {
    let (mut others, mut itself) = (0, false);
    words::each(text, &mut |word| match word {
        Word::Address(address, _) if address == own => itself = true,
        Word::Address(..) => others += 1,
        _ => {}
    });
    (others, itself)
}

/// Whether a first line names what stands below it.
fn is_heading(line: &str) -> bool {
    let line = line.trim();
    let first = line.trim_matches('"').split([' ', '\t']).next().unwrap_or_default();
    !line.contains('@') && (role(first).is_telling() || role(line.trim_matches('"')).is_telling())
}

fn line_of(line: &str) -> Line<'_> {
    let line = line.trim();
    let header = HEADERS.iter().find(|header| {
        line.get(..header.len()).is_some_and(|head| head.eq_ignore_ascii_case(header)) && line.contains('@')
    });
    let line = header.map_or(line, |header| line[header.len()..].trim());
    let line = without_bullet(line);
    let end = line.find(char::is_whitespace).unwrap_or(line.len());
    let (key, value) = (&line[..end], line[end..].trim());
    // `key: value`, as Exim and alias files write it, and `key:value`, as password files do.
    if let Some(key) = key.strip_suffix(':').filter(|key| is_local(key) || words::is_addresses(key)) {
        return Line::Entry(key, value);
    }
    if words::is_addresses(line) && (header.is_some() || !is_pair(line)) {
        return Line::Addresses(line);
    }
    if let Some(colon) = key.find(':').filter(|at| words::is_addresses(&key[..*at])) {
        return Line::Entry(&line[..colon], line[colon + 1..].trim());
    }
    // A password file's line has no domain in its name where the file's place tells it (passwd(5)).
    if let Some(colon) = key.find(':').filter(|at| is_local(&key[..*at]) && line.matches(':').count() >= 5) {
        return Line::Entry(&line[..colon], &line[colon + 1..]);
    }
    if value.is_empty() {
        return Line::Addresses(line);
    }
    if key.starts_with('/') || words::is_addresses(key) && !key.contains([',', ';', '<']) {
        return Line::Entry(key, value);
    }
    // virtual(5) names the domains that it is for so.
    let label = |own: &str| !own.is_empty() && own.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let one = !value.contains(|c: char| c.is_whitespace() || c == '@');
    match key.contains('.') && key.split('.').all(label) && one {
        true => Line::Domain,
        false => Line::Addresses(line),
    }
}

/// A line without the number or the mark that a list in a document has before it.
fn without_bullet(line: &str) -> &str {
    let Some((mark, rest)) = line.split_once(' ') else { return line };
    let number = mark.strip_suffix(['.', ')']).unwrap_or_default();
    let is_mark = matches!(mark, "-" | "*" | "•" | "–" | "·");
    let numbered = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    if (is_mark || numbered) && rest.contains('@') { rest.trim_start() } else { line }
}

/// An address and behind white space another one, or several with commas: an entry of a map, which says where mail for
/// the first one goes.
fn is_pair(line: &str) -> bool {
    let mut parts = line.split_whitespace();
    let two = parts.next().zip(parts.next()).is_some_and(|(first, second)| {
        first.contains('@') && second.contains('@') && !first.ends_with([',', ';', '>']) && !second.starts_with('<')
    });
    two && (parts.next().is_none() || line.contains(','))
}

fn entry(line: usize, key: &str, value: &str, taken: &mut Taken) {
    if is_refusal(value) {
        return taken.aside("entries that refuse mail or throw it away", 1);
    }
    if key.starts_with('/') {
        return taken.aside("patterns that stand for many addresses", 1);
    }
    // A command or a file of addresses may hold an @; else what stands there would be lost without a word.
    let starts = |head: &str| value.starts_with(head);
    let file = starts("/") && !starts("/ ") || starts("|") || starts("\"|") || starts(":include:");
    let strange = |word: &Word| matches!(word, Word::Wrong(why) if why.contains('@'));
    if !file && words::all(value).iter().any(strange) {
        taken.leave(line, format!("'{}' stands behind the address", shown(value)));
    }
    for word in words::all(key) {
        let own = if let Word::Address(address, _) = &word { address } else { "" };
        let (others, itself) = targets(value, own);
        taken.aside("targets of entries", others);
        match word {
            Word::Name(name) if taken.list_domain.is_none() => {
                taken.leave(line, format!("'{}' has no @; --list-domain would say its domain", shown(name)));
            }
            // An entry that goes to other addresses alone is an alias of theirs.
            word => taken.word(line, word, if others == 0 || itself { Kind::Untold } else { Kind::Alias }),
        }
    }
}

/// Whether what a map says of an address is that it takes no mail.
fn is_refusal(value: &str) -> bool {
    let mut parts = value.split_whitespace();
    let first = parts.next().unwrap_or_default().trim_matches('"').to_ascii_lowercase();
    let code = first.len() == 3 && first.starts_with(['4', '5']) && first.bytes().all(|byte| byte.is_ascii_digit());
    // `zmprov gqu` puts two numbers, quota and use, behind its addresses.
    let text = parts.next().is_none_or(|second| second.parse::<u64>().is_err());
    REFUSED.contains(&&*first) || first.starts_with("error:") || code && text
}
