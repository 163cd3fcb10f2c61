//! Distinguished names, taken apart (RFC 4514).
use crate::prelude::*;

/// The values of a name's parts, from the object up: `CN=To Zimbra,CN=Connections` gives `To Zimbra`, `Connections`.
pub fn values(dn: &str) -> Vec<String> {
    parts(dn)
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').map_or("", |(_, value)| value))
        .map(plain)
        .collect()
}

/// The kinds of a name's parts, from the object up, in small letters: `CN=To Zimbra,DC=com` gives `cn`, `dc`.
pub fn kinds(dn: &str) -> Vec<String> {
    let kind = |part: &str| part.split_once('=').map_or("", |(kind, _)| kind).trim().to_ascii_lowercase();
    parts(dn).filter(|part| !part.is_empty()).map(kind).collect()
}

/// The DNS name of the AD domain that a name is in: `CN=Anna,DC=corp,DC=contoso,DC=com` gives `corp.contoso.com`.
pub fn domain(dn: &str) -> Option<String> {
    let mut parts: Vec<_> = kinds(dn).into_iter().zip(values(dn)).collect();
    parts.retain(|(kind, _)| kind == "dc");
    let labels: Vec<String> = parts.into_iter().map(|(_, label)| label.to_lowercase()).collect();
    (!labels.is_empty()).then(|| labels.join("."))
}

/// The value of a name's first part.
pub fn first(dn: &str) -> Option<String> {
    values(dn).into_iter().next().filter(|value| !value.is_empty())
}

/// The name of the object above; none above the root.
pub fn parent(dn: &str) -> Option<&str> {
    let at = parts(dn).next()?.len();
    dn.get(at + 1..).map(str::trim_start).filter(|rest| !rest.is_empty())
}

/// Whether `dn` is `ancestor` or below it; case and spaces behind commas do not matter.
pub fn below(dn: &str, ancestor: &str) -> bool {
    let (inner, outer): (Vec<_>, Vec<_>) = (parts(dn).collect(), parts(ancestor).collect());
    let Some(start) = inner.len().checked_sub(outer.len()) else { return false };
    let same = |(a, b): (&&str, &&str)| {
        a.trim().eq_ignore_ascii_case(b.trim()) || a.trim().to_lowercase() == b.trim().to_lowercase()
    };
    inner[start..].iter().zip(&outer).all(same)
}

/// The parts between the commas that are no part of a value.
fn parts(dn: &str) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    dn.split(move |c| {
        let cut = c == ',' && !escaped;
        escaped = c == '\\' && !escaped;
        cut
    })
}

/// A value without its escapes: `\,` and `\2C` are a comma.
fn plain(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.trim().as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let hex = after.get(..2).and_then(|two| core::str::from_utf8(two).ok());
        match hex.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.extend(after.first());
                rest = after.get(1..).unwrap_or_default();
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_with_their_escapes() {
        let cases: [(&str, &[&str]); 6] = [
            ("CN=To Zimbra,CN=Connections, DC=contoso", &["To Zimbra", "Connections", "contoso"]),
            (r"CN=Zimbra\, Berlin,CN=Connections", &["Zimbra, Berlin", "Connections"]),
            (r"CN=a\2Cb\C3\BC,DC=x", &["a,bü", "x"]),
            (r"CN=end\\,DC=x", &[r"end\", "x"]),
            ("", &[]),
            (r"CN=cut\", &["cut"]),
        ];
        for (dn, expected) in cases {
            assert_eq!(values(dn), expected, "{dn}");
        }
    }

    #[test]
    fn what_is_above_and_below_is_told_by_whole_parts() {
        assert_eq!(parent(r"CN=a\,b,CN=c,DC=d"), Some("CN=c,DC=d"));
        assert_eq!(parent("DC=d"), None);
        let cases = [
            ("CN=a,CN=Org,DC=x", "cn=org, dc=x", true),
            ("CN=Org,DC=x", "CN=Org,DC=x", true),
            ("CN=a,CN=BigOrg,DC=x", "Org,DC=x", false),
            ("DC=x", "CN=Org,DC=x", false),
        ];
        for (dn, ancestor, expected) in cases {
            assert_eq!(below(dn, ancestor), expected, "{dn} {ancestor}");
        }
    }
}
