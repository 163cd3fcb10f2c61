//! Puts addresses and names into the form in which they may travel in an SMTP command.

/// The longest address that is sent: RFC 5321, 4.5.3.1.3 grants a path 256 bytes, brackets included.
const LONGEST: usize = 254;

/// `address` as RCPT may say it, or why it may not: the local part as given, for its case may matter (RFC 5321, 2.4),
/// the domain in A-labels (RFC 5890). What is not ASCII then wants SMTPUTF8 (RFC 6531).
pub(crate) fn path(address: &str) -> Result<String, String> {
    // No address brings a command or a parameter of its own.
    let forbidden = |c: &char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>');
    if let Some(c) = address.chars().find(forbidden) {
        return Err(format!("it has {c:?} in it"));
    }
    let path = match address.rsplit_once('@') {
        // The one mailbox that needs no domain (RFC 5321, 4.5.1).
        None if address.eq_ignore_ascii_case("postmaster") => address.to_string(),
        None => return Err("it has no @".into()),
        Some(("", _) | (_, "")) => return Err("it has nothing on one side of the @".into()),
        Some((local, domain)) => {
            let ascii = host(domain).ok_or_else(|| format!("'{domain}' cannot be a domain"))?;
            format!("{local}@{ascii}")
        }
    };
    match path.len() {
        0..=LONGEST => Ok(path),
        long => Err(format!("it has {long} bytes, and RFC 5321, 4.5.3.1.3 allows {LONGEST}")),
    }
}

/// `address` as MAIL may say it; an empty one is the null sender (RFC 5321, 4.5.5).
pub(super) fn sender(address: &str) -> Result<String, String> {
    if address.is_empty() { Ok(String::new()) } else { path(address) }
}

/// `name` in A-labels, or an address literal as it is; none where it is neither.
pub(crate) fn host(name: &str) -> Option<String> {
    let ascii = if name.is_ascii() { name.to_string() } else { idna::domain_to_ascii(name).ok()? };
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '[' | ']' | ':');
    (!ascii.is_empty() && ascii.len() <= 255 && ascii.chars().all(fits)).then_some(ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_travels_whole_or_not_at_all() {
        let long = format!("{}@contoso.com", "a".repeat(300));
        let cases = [
            ("Ben@contoso.com", Ok("Ben@contoso.com")),
            ("\"a@b\"@contoso.com", Ok("\"a@b\"@contoso.com")),
            ("ben@[192.0.2.1]", Ok("ben@[192.0.2.1]")),
            ("Postmaster", Ok("Postmaster")),
            ("ben@bücher.example", Ok("ben@xn--bcher-kva.example")),
            ("bücher@contoso.com", Ok("bücher@contoso.com")),
            ("ben", Err("it has no @")),
            ("@contoso.com", Err("it has nothing on one side of the @")),
            ("ben@", Err("it has nothing on one side of the @")),
            ("\"a b\"@contoso.com", Err("it has ' ' in it")),
            ("a@b>\r\nDATA", Err("it has '>' in it")),
            ("a\r\nDATA@contoso.com", Err("it has '\\r' in it")),
            ("a\0@contoso.com", Err("it has '\\0' in it")),
            ("a@con;toso.com", Err("'con;toso.com' cannot be a domain")),
            (&long, Err("it has 312 bytes, and RFC 5321, 4.5.3.1.3 allows 254")),
        ];
        for (address, expected) in cases {
            assert_eq!(path(address), expected.map(String::from).map_err(String::from), "{address:?}");
        }
    }
}
