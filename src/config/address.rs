//! Addresses that somebody types or configures: lettre's rules say what one is, and the guard of our SMTP commands what may
//! travel in one.
//!
//! What directories and lists hold is read by `nsdiag_checks::evidence::address` and loses nothing here: mailboxes exist
//! whose names no rule allows.
use crate::collect::lists::in_ascii;
use crate::collect::smtp::envelope;
use lettre::Address;
use lettre::address::AddressError;
use nsdiag_checks::evidence::address::{bare, fold};
use nsdiag_checks::remedy::quoting::is_unseen;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The address that `text` names, its domain in small A-labels and its local part as it was written (RFC 5321, 2.4).
///
/// # Errors
/// In words.
pub(super) fn typed(text: &str) -> Result<Address, String> {
    let text = bare(text);
    // The common slips have words of their own there.
    let folded = in_ascii(&fold(text)?);
    let local = text.rsplit_once('@').map_or("", |(local, _)| local);
    let domain = folded.rsplit_once('@').map_or("", |(_, domain)| domain);
    let address = Address::new(local, domain).map_err(|error| {
        let shown = text.escape_debug();
        match error {
            AddressError::InvalidUser => format!(
                "'{shown}' has no local part of RFC 5321, 4.1.2 before the @: single dots between letters, digits and \
                 !#$%&'*+-/=?^_`{{|}}~, or anything in quotes"
            ),
            AddressError::InvalidDomain => format!("'{shown}' has no domain of RFC 5321, 4.1.2 behind the @"),
            other => format!("'{shown}' is no address: {other}"),
        }
    })?;
    if domain.starts_with('[') && !is_literal(domain) {
        return Err(format!("'{}' has no address literal of RFC 5321, 4.1.3 behind the @", text.escape_debug()));
    }
    if let Some(c) = text.chars().find(|c| is_unseen(*c)) {
        return Err(format!("'{}' holds {}, which nobody sees", text.escape_debug(), c.escape_unicode()));
    }
    envelope::path(address.as_ref())
        .map_err(|why| format!("'{}' cannot stand in an SMTP command: {why}", text.escape_debug()))?;
    Ok(address)
}

/// Whether `text` is an IP address as SMTP writes it: `[192.0.2.1]`, `[IPv6:2001:db8::1]` (RFC 5321, 4.1.3).
pub(super) fn is_literal(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else { return false };
    let of_v6 = inner.get(..5).filter(|tag| tag.eq_ignore_ascii_case("IPv6:")).map(|_| &inner[5..]);
    match of_v6 {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => inner.parse::<Ipv4Addr>().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// What our reader of directories and lists, lettre's parser, and both with the guard say.
    fn judged(text: &str) -> (bool, bool, bool) {
        (fold(text).is_ok(), text.parse::<Address>().is_ok(), typed(text).is_ok())
    }

    #[test]
    fn what_is_read_is_typed_or_is_refused_for_a_reason() {
        let (yes, no) = (true, false);
        let local64 = format!("{}@contoso.com", "a".repeat(64));
        let local65 = format!("{}@contoso.com", "a".repeat(65));
        let label64 = format!("a@{}.com", "b".repeat(64));
        let path254 = format!("{}@{}.com", "a".repeat(64), ["b".repeat(61), "c".repeat(61), "d".repeat(61)].join("."));
        let path255 = format!("{}@{}.com", "a".repeat(64), ["b".repeat(62), "c".repeat(61), "d".repeat(61)].join("."));
        let domain257 = format!("a@{}.c", vec!["b".repeat(63); 4].join("."));
        // Address; read by us, taken by lettre, and typed.
        let cases: &[(&str, (bool, bool, bool))] = &[
            // Both take it.
            ("ben@contoso.com", (yes, yes, yes)),
            ("Ben.Hur+list@Contoso.COM", (yes, yes, yes)),
            ("o'brien@contoso.com", (yes, yes, yes)),
            ("a!#$%&'*+-/=?^_`{|}~@contoso.com", (yes, yes, yes)),
            ("1@2.3", (yes, yes, yes)),
            ("a@localhost", (yes, yes, yes)),
            ("a@con_toso.com", (yes, yes, yes)),
            ("a@xn--bcher-kva.example", (yes, yes, yes)),
            ("a@bücher.example", (yes, yes, yes)),
            ("grün@contoso.com", (yes, yes, yes)),
            ("日本@contoso.com", (yes, yes, yes)),
            ("a@192.0.2.1", (yes, yes, yes)),
            ("a@[192.0.2.1]", (yes, yes, yes)),
            ("a@[IPv6:2001:db8::1]", (yes, yes, yes)),
            ("a@[999.1.1.1]", (yes, yes, no)),
            ("a@[::1]", (yes, yes, no)),
            ("a@[IPv6:zz]", (yes, yes, no)),
            ("a\u{202e}b@contoso.com", (yes, yes, no)),
            ("a\u{200b}@contoso.com", (yes, yes, no)),
            (r#""a@b"@contoso.com"#, (yes, yes, yes)),
            (r#""a..b"@contoso.com"#, (yes, yes, yes)),
            (r#""a\"b"@contoso.com"#, (yes, yes, yes)),
            (&local64, (yes, yes, yes)),
            (&path254, (yes, yes, yes)),
            // People and directories write something around it, which lettre does not know.
            (" ben@contoso.com ", (yes, no, yes)),
            ("<ben@contoso.com>", (yes, no, yes)),
            ("SMTP:ben@contoso.com", (yes, no, yes)),
            ("ben@contoso.com.", (yes, no, yes)),
            // Real mailboxes have such names: they are read, and not typed.
            ("a..b@contoso.com", (yes, no, no)),
            (".a@contoso.com", (yes, no, no)),
            ("a.@contoso.com", (yes, no, no)),
            ("a(b)@contoso.com", (yes, no, no)),
            ("a:b@contoso.com", (yes, no, no)),
            (r"a\b@contoso.com", (yes, no, no)),
            ("a[1]@contoso.com", (yes, no, no)),
            (r#"a"b@contoso.com"#, (yes, no, no)),
            (r#""a"b"@contoso.com"#, (yes, no, no)),
            (r#""@contoso.com"#, (yes, no, no)),
            (r#"""@contoso.com"#, (yes, no, no)),
            ("a@con..toso.com", (yes, no, no)),
            ("a@-contoso.com", (yes, no, no)),
            ("a@contoso-.com", (yes, no, no)),
            ("a@_contoso.com", (yes, no, no)),
            ("a@[192.0.2.1", (yes, no, no)),
            (&label64, (yes, no, no)),
            // Lettre takes what no command should carry.
            (r#""a b"@contoso.com"#, (yes, yes, no)),
            ("\"a\tb\"@contoso.com", (no, yes, no)),
            (r#""a>b"@contoso.com"#, (yes, yes, no)),
            ("a\u{85}b@contoso.com", (no, yes, no)),
            ("a\u{2028}b@contoso.com", (yes, yes, no)),
            ("a@con$toso.com", (no, yes, no)),
            ("a@con\u{202e}toso.com", (no, yes, no)),
            (&path255, (yes, yes, no)),
            // Nobody takes it.
            (&local65, (no, no, no)),
            (&domain257, (no, no, no)),
            ("a\r\nDATA@contoso.com", (no, no, no)),
            ("a@contoso.com\r\nDATA", (no, no, no)),
            ("a\0@contoso.com", (no, no, no)),
            ("\"a\r\nb\"@contoso.com", (no, no, no)),
            ("a b@contoso.com", (no, no, no)),
            ("a@contoso.com> SIZE=1", (no, no, no)),
            ("a,b@contoso.com", (no, no, no)),
            ("contoso.com", (no, no, no)),
            ("@contoso.com", (no, no, no)),
            ("a@", (no, no, no)),
            ("a@.", (no, no, no)),
            ("a@b@contoso.com", (no, no, no)),
            ("<>", (no, no, no)),
            ("", (no, no, no)),
        ];
        for (text, expected) in cases {
            assert_eq!(judged(text), *expected, "{text:?}: {:?}", typed(text));
        }
    }

    #[test]
    fn a_refused_address_is_told_with_the_reason() {
        let local = "has no local part of RFC 5321, 4.1.2 before the @: single dots between letters, digits and \
                     !#$%&'*+-/=?^_`{|}~, or anything in quotes";
        let cases = [
            ("SMTP:Ben@Bücher.example.", Ok("Ben@xn--bcher-kva.example".to_string())),
            ("ben", Err("'ben' has no @".to_string())),
            ("a.@contoso.com", Err(format!("'a.@contoso.com' {local}"))),
            ("a@con..toso.com", Err("'a@con..toso.com' has no domain of RFC 5321, 4.1.2 behind the @".into())),
            (
                "\"a b\"@contoso.com",
                Err(r#"'\"a b\"@contoso.com' cannot stand in an SMTP command: it has ' ' in it"#.into()),
            ),
            ("a@b\r\nDATA", Err(r"'a@b\r\nDATA' has '\r' in its domain".into())),
        ];
        for (text, expected) in cases {
            assert_eq!(typed(text).map(|address| address.to_string()), expected, "{text:?}");
        }
    }

    /// Words with an @ in all that the fixtures hold: addresses, and what looks like them.
    fn of_fixtures(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                of_fixtures(&path, found);
                continue;
            }
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            let apart = |c: char| c.is_whitespace() || c.is_control() || "<>\"',:;()[]{}|`\u{fffd}\\".contains(c);
            found.extend(text.split(apart).filter(|word| word.contains('@')).map(String::from));
        }
    }

    #[test]
    fn of_the_fixtures_addresses_every_one_that_is_read_can_be_typed() {
        let mut found = BTreeSet::new();
        of_fixtures(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"), &mut found);
        let read: Vec<&String> = found.iter().filter(|word| fold(word).is_ok()).collect();
        assert!(read.len() > 200, "{}", read.len());
        let refused: Vec<&&String> = read.iter().filter(|word| typed(word).is_err()).collect();
        assert_eq!(refused, Vec::<&&String>::new());
    }
}
