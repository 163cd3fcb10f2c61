//! What differs from run to run, taken out of a text.

/// `text` without what differs from run to run: the lab's ports, its addresses, the hashes of its keys, and the random
/// control.
pub fn steady(text: &str, port: u16) -> String {
    let mut out = String::new();
    for word in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '.') {
        let bare = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let rest = &word[bare.len()..];
        let octets: Vec<&str> = bare.split('.').collect();
        let is_of = |one: &str, is: fn(&char) -> bool, least: usize| one.len() >= least && one.chars().all(|c| is(&c));
        match &octets[..] {
            ["127", _, _, last] => out += &format!("127.0.0.{last}"),
            [one] if *one == port.to_string() => out += "25",
            // Of other services the system gave one that was free.
            [one] if one.len() == 5 && is_of(one, char::is_ascii_digit, 5) => out += "<port>",
            [one] if one.len() == 16 && rest == "@" && is_of(one, char::is_ascii_alphanumeric, 16) => out += "<random>",
            [one] if one.len() == 64 && one.chars().all(|c| c.is_ascii_hexdigit()) => out += "<hash>",
            _ => out += bare,
        }
        out += rest;
    }
    out
}
