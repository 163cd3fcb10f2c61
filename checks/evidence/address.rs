//! An SMTP address, as far as comparing and probing need it (RFC 5321, 4.1.2; RFC 6531).
use crate::prelude::*;

/// An address as people and directories write it, without what stands around it: brackets, `smtp:`, the root's dot.
pub fn bare(text: &str) -> &str {
    let text = text.trim();
    let text = text.strip_prefix('<').and_then(|t| t.strip_suffix('>')).unwrap_or(text);
    let text = match text.get(..5) {
        Some(prefix) if prefix.eq_ignore_ascii_case("smtp:") => &text[5..],
        _ => text,
    };
    text.trim_end_matches('.')
}

/// Folds `text` to the form in which addresses are compared, or says what is wrong with it.
///
/// The domain's case never matters; the local part's does by RFC 5321, 2.4, and does not at any system that shares a
/// domain with Exchange, which folds it.
pub fn fold(text: &str) -> Result<String, String> {
    let text = bare(text);
    let Some((local, domain)) = text.rsplit_once('@') else {
        return Err(format!("'{text}' has no @"));
    };
    if local.is_empty() || domain.is_empty() {
        return Err(format!("'{text}' has nothing on one side of the @"));
    }
    if local.len() > 64 || domain.len() > 255 {
        return Err(format!("'{text}' is longer than RFC 5321, 4.5.3.1 allows"));
    }
    let quoted = local.len() > 1 && local.starts_with('"') && local.ends_with('"');
    let bad = |c: char| c.is_control() || matches!(c, '<' | '>' | '@' | ',' | ';' | ' ') && !quoted;
    if let Some(c) = local.chars().find(|&c| bad(c)) {
        return Err(format!("'{}' has {c:?} in its local part", text.escape_default()));
    }
    let label = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | '[' | ']' | ':');
    if let Some(c) = domain.chars().find(|&c| !label(c)) {
        return Err(format!("'{}' has {c:?} in its domain", text.escape_default()));
    }
    if text.is_ascii() {
        return Ok(text.to_ascii_lowercase());
    }
    Ok(format!("{}@{}", local.to_lowercase(), domain.to_lowercase()))
}

/// The domain of a folded address.
pub fn domain(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_fold_and_bad_ones_are_named() {
        let cases = [
            ("SMTP:Orders@Contoso.COM", Ok("orders@contoso.com")),
            (" <a@contoso.com.> ", Ok("a@contoso.com")),
            ("grün@contoso.com", Ok("grün@contoso.com")),
            ("\"a b\"@contoso.com", Ok("\"a b\"@contoso.com")),
            ("contoso.com", Err("'contoso.com' has no @")),
            ("a@.", Err("'a@' has nothing on one side of the @")),
            ("@contoso.com", Err("'@contoso.com' has nothing on one side of the @")),
            ("a b@contoso.com", Err("'a b@contoso.com' has ' ' in its local part")),
            ("a\r\nDATA@contoso.com", Err("'a\\r\\nDATA@contoso.com' has '\\r' in its local part")),
            ("a@contoso.com>", Err("'a@contoso.com>' has '>' in its domain")),
        ];
        for (text, expected) in cases {
            assert_eq!(fold(text), expected.map(String::from).map_err(String::from), "{text:?}");
        }
    }
}
