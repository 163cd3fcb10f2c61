//! Reads lists of a system's mailboxes: text, CSV, JSON, LDIF.
use nsdiag_checks::evidence::{How, List, Miss, Observed, address};
use std::collections::BTreeSet;
use std::path::Path;

/// The largest list that is read, in bytes.
const MOST: u64 = 256 * 1024 * 1024;
/// How many entries outside the domain are named.
const NAMED: usize = 20;
/// The names that columns and attributes of addresses go by, in other programs' exports.
const NAMES: [&str; 13] = [
    "primarysmtpaddress",
    "emailaddress",
    "emailaddresses",
    "email",
    "e-mail",
    "mail",
    "address",
    "recipient",
    "smtp",
    "zimbramaildeliveryaddress",
    "zimbramailalias",
    "mailalternateaddress",
    "proxyaddresses",
];

/// Reads the file at `path`: the mailboxes that `system` has in `domain`. What cannot be read is in the evidence, with
/// file and line.
pub fn read(path: &Path, system: &str, domain: &str) -> List {
    let source = path.display().to_string();
    let unread = |said: String| List {
        system: system.into(),
        source: source.clone(),
        addresses: Observed::Unknown(Miss::new(How::Unreadable, said)),
        outside: vec![],
        repeated: 0,
    };
    let bytes = match std::fs::metadata(path).and_then(|meta| match meta.len() > MOST {
        true => Err(std::io::Error::other("larger than 256 MiB")),
        false => std::fs::read(path),
    }) {
        Ok(bytes) => bytes,
        Err(error) => return unread(format!("{source}: {error}")),
    };
    let entries = text_of(&bytes).and_then(|text| entries(&text));
    match entries.and_then(|entries| sort(entries, system, &source, domain)) {
        Ok(list) => list,
        Err(wrong) => unread(format!("{source}{wrong}")),
    }
}

/// The addresses of `--recipient`.
///
/// # Errors
/// In words, where one is no address.
pub fn from_flags(addresses: &[String], system: &str, domain: &str) -> Result<List, String> {
    let entries = addresses.iter().map(|address| (0, address.clone())).collect();
    sort(entries, system, "--recipient", domain).map_err(|wrong| format!("--recipient{wrong}"))
}

/// Folds, sorts and counts. The error begins behind the file's name.
fn sort(entries: Vec<(usize, String)>, system: &str, source: &str, domain: &str) -> Result<List, String> {
    let mut inside = BTreeSet::new();
    let mut outside = BTreeSet::new();
    let mut repeated = 0;
    for (line, entry) in entries {
        let at = if line == 0 { String::new() } else { format!(":{line}") };
        let folded = address::fold(&entry).map(|folded| in_ascii(&folded)).map_err(|wrong| format!("{at}: {wrong}"))?;
        let own = address::domain(&folded) == domain;
        let new = if own { inside.insert(folded) } else { outside.insert(folded) };
        repeated += usize::from(!new);
    }
    if inside.is_empty() && outside.is_empty() {
        return Err(": it holds no address".into());
    }
    let more = outside.len().saturating_sub(NAMED);
    let mut outside: Vec<_> = outside.into_iter().take(NAMED).collect();
    if more > 0 {
        outside.push(format!("and {more} more"));
    }
    let addresses = Observed::Known(inside.into_iter().collect());
    Ok(List { system: system.into(), source: source.into(), addresses, outside, repeated })
}

/// A folded address with its domain in A-labels (RFC 5890), as the domain under check is.
pub fn in_ascii(folded: &str) -> String {
    let domain = address::domain(folded);
    match idna::domain_to_ascii(domain) {
        Ok(ascii) => format!("{}{ascii}", &folded[..folded.len() - domain.len()]),
        Err(_) => folded.into(),
    }
}

/// UTF-8 with or without a byte order mark, or UTF-16 with one.
fn text_of(bytes: &[u8]) -> Result<String, String> {
    let wide = |from: fn([u8; 2]) -> u16| {
        let units = bytes[2..].chunks(2).map(|pair| from([pair[0], pair.get(1).copied().unwrap_or(0)]));
        char::decode_utf16(units).collect::<Result<String, _>>().map_err(|error| format!(": not UTF-16: {error}"))
    };
    match bytes {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        _ => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            let text = std::str::from_utf8(bytes).map_err(|error| {
                let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
                format!(":{line}: not UTF-8")
            })?;
            Ok(text.to_string())
        }
    }
}

/// The entries with their lines, by the format that the text shows.
fn entries(text: &str) -> Result<Vec<(usize, String)>, String> {
    let start = text.trim_start();
    if start.starts_with(['[', '{']) {
        return json(text);
    }
    let first = start.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or_default();
    let lower = first.to_ascii_lowercase();
    if lower.starts_with("dn:") || lower.starts_with("version:") {
        return ldif(text);
    }
    // A comma inside `"Doe, John" <john@…>` makes no table; a table's rows have no angle brackets around addresses.
    match [';', '\t', ','].into_iter().find(|separator| first.contains(*separator)).filter(|_| !first.contains('<')) {
        Some(separator) => csv(text, separator),
        None if named(first) => csv(text, ','),
        None => Ok(plain(text)),
    }
}

fn named(heading: &str) -> bool {
    let bare: String = heading.trim().trim_matches('"').to_ascii_lowercase().replace([' ', '_'], "");
    NAMES.contains(&&*bare)
}

/// One address a line, `Name <address>` too; `#` begins a comment.
fn plain(text: &str) -> Vec<(usize, String)> {
    let of_line = |(at, line): (usize, &str)| {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let inside = line.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(inside, _)| inside);
        Some((at + 1, inside.unwrap_or(line).to_string()))
    };
    text.lines().enumerate().filter_map(of_line).collect()
}

fn csv(text: &str, separator: char) -> Result<Vec<(usize, String)>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator as u8)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| {
            let line = error.position().map(|at| format!(":{}", at.line())).unwrap_or_default();
            format!("{line}: not CSV: {error}")
        })?;
        let line = row.position().map_or(0, |at| usize::try_from(at.line()).unwrap_or(0));
        // Windows PowerShell's Export-Csv puts a type line first.
        if row.get(0).is_some_and(|cell| cell.starts_with("#TYPE")) {
            continue;
        }
        rows.push((line, row));
    }
    let Some((_, first)) = rows.first() else { return Err(": it holds no address".into()) };
    let is_address = |cell: &str| cell.contains('@') && address::fold(cell).is_ok();
    let heading = !first.iter().any(is_address);
    let column = match heading {
        true => NAMES.iter().find_map(|name| {
            first.iter().position(|cell| cell.trim().to_ascii_lowercase().replace([' ', '_'], "") == **name)
        }),
        false => None,
    };
    let guess = || {
        let columns = rows.iter().map(|(_, row)| row.len()).max().unwrap_or(0);
        let hits = |column: usize| rows.iter().filter(|(_, row)| row.get(column).is_some_and(is_address)).count();
        (0..columns).rev().max_by_key(|column| hits(*column)).filter(|column| hits(*column) > 0)
    };
    let column = column.or_else(guess).ok_or(": no column holds addresses")?;
    let cell = |(line, row): &(usize, csv::StringRecord)| {
        let cell = row.get(column).unwrap_or_default().trim().to_string();
        (!cell.is_empty()).then_some((*line, cell))
    };
    Ok(rows.iter().skip(usize::from(heading)).filter_map(cell).collect())
}

/// An array of addresses, or of objects of which one field is named like an address; also one inside an object.
fn json(text: &str) -> Result<Vec<(usize, String)>, String> {
    let value: serde_json::Value = serde_json::from_str(text)
        .map_err(|error| format!(":{}:{}: not JSON: {error}", error.line(), error.column()))?;
    let mut found = Vec::new();
    gather(&value, &mut found);
    if found.is_empty() {
        return Err(
            ": it holds no address: wanted is an array of addresses, or of objects with a field 'mail' or 'email'"
                .into(),
        );
    }
    Ok(found)
}

fn gather(value: &serde_json::Value, found: &mut Vec<(usize, String)>) {
    match value {
        serde_json::Value::String(text) => found.push((0, text.clone())),
        serde_json::Value::Array(all) => all.iter().for_each(|each| gather(each, found)),
        serde_json::Value::Object(fields) => {
            let bare = |name: &str| name.to_ascii_lowercase().replace([' ', '_'], "");
            let of = |name: &&str| fields.iter().find(|(field, _)| bare(field) == **name).map(|(_, value)| value);
            match NAMES.iter().find_map(of) {
                Some(value) => gather(value, found),
                None => fields.values().filter(|v| v.is_array() || v.is_object()).for_each(|each| gather(each, found)),
            }
        }
        _ => {}
    }
}

/// The address attributes of an LDIF (RFC 2849): folded lines and base64 too.
fn ldif(text: &str) -> Result<Vec<(usize, String)>, String> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        match (line.strip_prefix(' '), lines.last_mut()) {
            (Some(rest), Some((_, before))) => before.push_str(rest),
            _ => lines.push((at + 1, line.to_string())),
        }
    }
    let mut found = Vec::new();
    for (at, line) in lines {
        let Some((name, value)) = line.split_once(':') else { continue };
        if line.starts_with('#') || !NAMES.contains(&&*name.to_ascii_lowercase()) {
            continue;
        }
        let value = match value.strip_prefix(':') {
            Some(encoded) => {
                decode(encoded.trim()).ok_or_else(|| format!(":{at}: the base64 of {name} cannot be read"))?
            }
            None => value.trim().to_string(),
        };
        // proxyAddresses hold other kinds of address as well.
        let kind = value.split_once(':').map(|(kind, _)| kind.to_ascii_lowercase());
        if kind.is_none_or(|kind| kind == "smtp") {
            found.push((at, value));
        }
    }
    Ok(found)
}

fn decode(text: &str) -> Option<String> {
    use base64::Engine;
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &[u8]) -> List {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut list = read(file.path(), "zimbra", "contoso.com");
        if let Observed::Unknown(miss) = &mut list.addresses {
            miss.said = miss.said.replace(&list.source, "FILE");
        }
        list
    }

    #[test]
    fn lists_are_read_in_every_format() {
        let wide: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("a@contoso.com\r\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let cases: [(&str, &[u8], &[&str]); 10] = [
            ("text", b"# mailboxes\nB@Contoso.com\n\nDoe, John <a@contoso.com>\n", &["a@contoso.com", "b@contoso.com"]),
            ("BOM", b"\xef\xbb\xbfa@contoso.com\r\n", &["a@contoso.com"]),
            ("UTF-16", &wide, &["a@contoso.com"]),
            (
                "CSV",
                b"Name,Alias,PrimarySmtpAddress\n\"Doe, J\",j,a@contoso.com\nK,k,b@contoso.com\n",
                &["a@contoso.com", "b@contoso.com"],
            ),
            ("CSV without heading", b"Ann;a@contoso.com\nBen;b@contoso.com\n", &["a@contoso.com", "b@contoso.com"]),
            ("one column", b"email\na@contoso.com\n", &["a@contoso.com"]),
            ("PowerShell CSV", b"#TYPE X\n\"Name\",\"EmailAddress\"\n\"A\",\"a@contoso.com\"\n", &["a@contoso.com"]),
            ("JSON", br#"["a@contoso.com", "smtp:B@contoso.com"]"#, &["a@contoso.com", "b@contoso.com"]),
            ("JSON objects", br#"{"value": [{"id": 1, "mail": "a@contoso.com"}]}"#, &["a@contoso.com"]),
            (
                "LDIF",
                b"dn: uid=a\nmail: a@con\n toso.com\nproxyAddresses: x500:/o=x\nmail:: YkBjb250b3NvLmNvbQ==\n",
                &["a@contoso.com", "b@contoso.com"],
            ),
        ];
        for (name, text, expected) in cases {
            let list = read_text(text);
            let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
            assert_eq!(list.addresses, Observed::Known(expected), "{name}");
        }
    }

    #[test]
    fn bad_lists_are_refused_with_file_and_line() {
        let cases: [(&[u8], &str); 7] = [
            (b"a@contoso.com\nb at contoso.com\n", "FILE:2: 'b at contoso.com' has no @"),
            (b"", "FILE: it holds no address"),
            (b"a@contoso.com\n\xe4@contoso.com\n", "FILE:2: not UTF-8"),
            (b"[\"a@contoso.com\",", "FILE:1:17: not JSON: EOF while parsing a value at line 1 column 17"),
            (b"Name,Age\nAnn,7\n", "FILE: no column holds addresses"),
            (b"email\na@contoso.com\nnobody\n", "FILE:3: 'nobody' has no @"),
            (b"dn: x\nmail:: %%\n", "FILE:2: the base64 of mail cannot be read"),
        ];
        for (text, expected) in cases {
            let list = read_text(text);
            assert_eq!(list.addresses.miss().map(|miss| &*miss.said), Some(expected));
        }
        let list = read(Path::new("/no/such/list"), "zimbra", "contoso.com");
        assert_eq!(list.addresses.miss().unwrap().said, "/no/such/list: No such file or directory (os error 2)");
    }

    #[test]
    fn an_international_domain_is_the_same_in_both_spellings() {
        let both = ["a@bücher.example".to_string(), "A@xn--bcher-kva.example".to_string()];
        let list = from_flags(&both, "zimbra", "xn--bcher-kva.example").unwrap();
        assert_eq!(list.addresses, Observed::Known(vec!["a@xn--bcher-kva.example".into()]));
        assert_eq!((list.outside.len(), list.repeated), (0, 1));
    }

    #[test]
    fn what_is_outside_or_repeated_is_counted() {
        let list = read_text(b"a@contoso.com\nA@CONTOSO.com\nx@fabrikam.com\n");
        assert_eq!((list.outside, list.repeated), (vec!["x@fabrikam.com".to_string()], 1));
    }
}
