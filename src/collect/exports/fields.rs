//! Reads the properties of Exchange's objects, in every shape that exports give them.
use super::value::{Object, Value};
use nsdiag_checks::evidence::dn;
use nsdiag_checks::evidence::exchange::{AddressSpace, split_smart_hosts};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

/// A property that cannot be read: its name, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecoded {
    /// The property.
    pub field: &'static str,
    /// Why.
    pub why: String,
}

/// A property, or why there is none.
pub type Decoded<T> = Result<T, Undecoded>;

/// How to make the export so that it can be read.
const AGAIN: &str = "export it with Export-Clixml, or with the script that 'nsdiag explain NSD331' prints";

/// How to make the export so that it has every property.
const WHOLE: &str =
    "export the objects whole, without Select-Object, or with the script that 'nsdiag explain NSD331' prints";

fn undecoded<T>(field: &'static str, value: &Value) -> Decoded<T> {
    let why = match value {
        Value::Text(text) if super::value::is_type_name(text.trim()) => {
            format!("it holds only '{}', which is no value; {AGAIN}", super::text::shown(text.trim()))
        }
        Value::Text(text) => format!("'{}' is not understood", super::text::shown(text)),
        Value::Number(number) => format!("{number} is not understood"),
        Value::Nil => "it is null".into(),
        Value::Lost => format!("it refers to an object that is not at hand; {AGAIN}"),
        Value::Unclear(why) => format!("{why}; {AGAIN}"),
        _ => format!("it has an unknown shape; {AGAIN}"),
    };
    Err(Undecoded { field, why })
}

/// A property that the export must have.
pub fn needed<'a>(object: &'a Object, field: &'static str) -> Decoded<&'a Value> {
    object.field(field).ok_or_else(|| Undecoded { field, why: format!("the export lacks it; {WHOLE}") })
}

/// A text that must be there.
pub fn text(object: &Object, field: &'static str) -> Decoded<String> {
    let value = needed(object, field)?;
    value.text().filter(|text| !text.is_empty()).map_or_else(|| undecoded(field, value), Ok)
}

/// A text that may be absent or null.
pub fn text_or_none(object: &Object, field: &'static str) -> Decoded<Option<String>> {
    match object.field(field) {
        None => Ok(None),
        Some(value) if value.is_nil() => Ok(None),
        Some(value) => {
            value.text().map_or_else(|| undecoded(field, value), |text| Ok(Some(text).filter(|t| !t.is_empty())))
        }
    }
}

/// A boolean that must be there.
pub fn flag(object: &Object, field: &'static str) -> Decoded<bool> {
    let value = needed(object, field)?;
    value.flag().map_or_else(|| undecoded(field, value), Ok)
}

/// A boolean; what is absent or null is false: older versions of Exchange do not have it.
pub fn flag_or_false(object: &Object, field: &'static str) -> Decoded<bool> {
    match object.field(field) {
        Some(value) if !value.is_nil() => flag(object, field),
        _ => Ok(false),
    }
}

/// A whole number that may be absent or null.
pub fn number<T: TryFrom<i64>>(object: &Object, field: &'static str) -> Decoded<Option<T>> {
    match object.field(field) {
        None => Ok(None),
        Some(value) if value.is_nil() => Ok(None),
        Some(value) => {
            let number = value.number().and_then(|number| T::try_from(number).ok());
            number.map_or_else(|| undecoded(field, value), |number| Ok(Some(number)))
        }
    }
}

/// An enumeration, by name or number; none where it is absent or null.
pub fn choice<T: Copy>(object: &Object, field: &'static str, all: &[(i64, &str, T)]) -> Decoded<Option<T>> {
    let Some(value) = object.field(field).filter(|value| !value.is_nil()) else { return Ok(None) };
    let text = value.text().unwrap_or_default();
    let by_name = all.iter().find(|(_, name, _)| name.eq_ignore_ascii_case(&text));
    let by_number = || value.number().and_then(|number| all.iter().find(|(own, ..)| *own == number));
    by_name.or_else(by_number).map_or_else(|| undecoded(field, value), |(.., choice)| Ok(Some(*choice)))
}

/// A set of flags: `Tls, BasicAuth`, or the sum of their bits.
pub fn set<T: Copy + Ord>(object: &Object, field: &'static str, all: &[(i64, &str, T)]) -> Decoded<Vec<T>> {
    let value = needed(object, field)?;
    let names = value.text().filter(|text| text.parse::<i64>().is_err());
    let mut found = match (names, value.number()) {
        (Some(names), _) => {
            let mut found = Vec::new();
            for name in
                names.split(',').map(str::trim).filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("None"))
            {
                match all.iter().find(|(_, own, _)| own.eq_ignore_ascii_case(name)) {
                    Some((.., one)) => found.push(*one),
                    None => return undecoded(field, value),
                }
            }
            found
        }
        (None, Some(sum)) if sum & !all.iter().fold(0, |bits, (bit, ..)| bits | bit) == 0 => {
            all.iter().filter(|(bit, ..)| *bit != 0 && sum & bit == *bit).map(|(.., one)| *one).collect()
        }
        _ => return undecoded(field, value),
    };
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// A collection's members as texts; a joined text is taken apart at commas and white space.
pub fn texts(object: &Object, field: &'static str) -> Decoded<Vec<String>> {
    let value = needed(object, field)?;
    let Some(members) = value.members() else { return undecoded(field, value) };
    let mut all = Vec::new();
    for member in members {
        let text = match member {
            Value::Object(object) => object_text(object).or_else(|| member.text()),
            _ => member.text(),
        };
        let Some(text) = text else { return undecoded(field, member) };
        match value {
            Value::Text(_) => {
                all.extend(text.split([',', ' ', '\n', '\r', '\t']).filter(|part| !part.is_empty()).map(String::from));
            }
            _ => all.push(text),
        }
    }
    Ok(all)
}

/// Objects whose text has to be put together: a binding, a range, a smart host.
fn object_text(object: &Object) -> Option<String> {
    if object.text.is_some() {
        return None;
    }
    let inner = |name: &str| match object.field(name)? {
        Value::Object(address) => address.short("IPAddressToString").or_else(|| address.text.clone()),
        value => value.text(),
    };
    if let (Some(port), Some(address)) = (object.field("Port").and_then(Value::number), inner("Address")) {
        let address = if address.contains(':') { format!("[{address}]") } else { address };
        return Some(format!("{address}:{port}"));
    }
    if let Some(is_address) = object.field("IsIPAddress").and_then(Value::flag) {
        return inner(if is_address { "Address" } else { "Domain" });
    }
    match (inner("LowerBound"), inner("UpperBound")) {
        (Some(low), Some(high)) if !object.has("Expression") => {
            Some(if low == high { low } else { format!("{low}-{high}") })
        }
        _ => None,
    }
}

/// A domain as `contoso.com`, `*.contoso.com` or `*`, lower case, in A-labels.
pub fn domain(object: &Object, field: &'static str) -> Decoded<String> {
    let value = needed(object, field)?;
    let text = match value {
        Value::Object(inner) if inner.text.is_none() => {
            let bare = inner.short("Address").or_else(|| inner.short("Domain"));
            let wild = inner.field("IncludeSubDomains").and_then(Value::flag).unwrap_or(false);
            bare.map(|bare| if wild && !bare.starts_with('*') { format!("*.{bare}") } else { bare })
        }
        _ => value.text(),
    };
    text.and_then(|text| domain_of(&text)).map_or_else(|| undecoded(field, value), Ok)
}

/// A domain, lower case, in A-labels (RFC 5890); none where it is none.
pub fn domain_of(text: &str) -> Option<String> {
    let (head, rest) = match text.trim() {
        "*" => return Some("*".into()),
        text => text.strip_prefix("*.").map_or(("", text), |rest| ("*.", rest)),
    };
    let rest = idna::domain_to_ascii(rest.trim_end_matches('.')).ok()?.to_ascii_lowercase();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (!rest.is_empty() && rest.chars().all(fits)).then(|| format!("{head}{rest}"))
}

/// Address spaces; `local` is what `IsScopedConnector` says.
pub fn address_spaces(object: &Object, field: &'static str, local: bool) -> Decoded<Vec<AddressSpace>> {
    let value = needed(object, field)?;
    let Some(members) = value.members() else { return undecoded(field, value) };
    let mut spaces = Vec::new();
    for member in members {
        match member {
            Value::Object(inner) if inner.text.is_none() && inner.has("Type") => {
                let kind = inner.short("Type").map(|kind| kind.to_uppercase());
                let address = inner.short("Address").or_else(|| {
                    let domain = inner.short("Domain")?;
                    let wild = inner.field("IncludeSubDomains").and_then(Value::flag).unwrap_or(false);
                    Some(if wild && domain != "*" && !domain.starts_with("*.") {
                        format!("*.{domain}")
                    } else {
                        domain
                    })
                });
                // A cost that is left out is 1; one that is there is 1 to 100 (Microsoft, "Set-SendConnector").
                let cost = match inner.field("Cost").filter(|cost| !cost.is_nil()) {
                    None => Some(1),
                    Some(cost) => cost.number().and_then(|cost| u32::try_from(cost).ok()),
                };
                let cost = cost.filter(|cost| (1..=100).contains(cost));
                let (Some(kind), Some(address), Some(cost)) = (kind, address, cost) else {
                    return undecoded(field, member);
                };
                spaces.push(AddressSpace { kind, address: address.to_lowercase(), cost, local });
            }
            _ => {
                let Some(text) = member.text() else { return undecoded(field, member) };
                let x400 = text.to_ascii_lowercase().contains("x400:");
                let parts: Vec<&str> = match x400 {
                    true => vec![&text],
                    false => text.split([',', ' ', '\n', '\r', '\t']).filter(|part| !part.is_empty()).collect(),
                };
                for part in parts {
                    let Some(mut space) = AddressSpace::parse(part) else { return undecoded(field, member) };
                    space.local |= local;
                    spaces.push(space);
                }
            }
        }
    }
    for space in &mut spaces {
        if space.kind != "SMTP" || space.address == "--" {
            continue;
        }
        match domain_of(&space.address) {
            Some(domain) => space.address = domain,
            None => return undecoded(field, &Value::Text(space.address.clone())),
        }
    }
    Ok(spaces)
}

/// Smart hosts, from `SmartHostsString` where it is there: the safest of the two.
pub fn smart_hosts(object: &Object) -> Decoded<Vec<String>> {
    if let Some(text) = text_or_none(object, "SmartHostsString")? {
        return Ok(split_smart_hosts(&text));
    }
    if object.has("SmartHosts") || !object.has("SmartHostsString") {
        let all = texts(object, "SmartHosts");
        // A collection that was lost is empty where the flat list beside it is.
        match all {
            Err(_) if object.has("SmartHostsString") => {}
            all => return Ok(all?.iter().flat_map(|host| split_smart_hosts(host)).collect()),
        }
    }
    Ok(vec![])
}

/// A size in bytes: `35 MB (36,700,160 bytes)` in any locale, `35 MB`, a number; none for `Unlimited`.
pub fn size(object: &Object, field: &'static str) -> Decoded<Option<u64>> {
    let value = needed(object, field)?;
    if let Value::Object(inner) = value
        && inner.field("IsUnlimited").and_then(Value::flag) == Some(true)
    {
        return Ok(None);
    }
    let text = match value {
        Value::Object(inner) if inner.text.is_none() => inner.field("Value").and_then(Value::text),
        _ => value.text(),
    };
    let Some(text) = text.filter(|text| !text.is_empty()) else { return undecoded(field, value) };
    if text.eq_ignore_ascii_case("unlimited") {
        return Ok(None);
    }
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>().parse::<u64>().ok();
    let bytes = match text.split_once('(') {
        Some((_, inside)) => digits(inside),
        None => {
            let unit = text.trim_start_matches(|c: char| c.is_ascii_digit()).trim();
            let factor = match &*unit.to_ascii_uppercase() {
                "" | "B" => Some(1),
                "KB" => Some(1 << 10),
                "MB" => Some(1 << 20),
                "GB" => Some(1 << 30),
                _ => None,
            };
            factor.and_then(|factor: u64| digits(&text)?.checked_mul(factor))
        }
    };
    bytes.map_or_else(|| undecoded(field, value), |bytes| Ok(Some(bytes)))
}

/// When the object was changed, as the directory writes it (RFC 4517, 3.3.13) where it can be told.
pub fn changed(object: &Object) -> Option<String> {
    let text = object.short("WhenChangedUTC").or_else(|| object.short("WhenChanged"))?;
    Some(date(&text).unwrap_or(text))
}

/// `/Date(1633548245000)/` (Windows PowerShell) or RFC 3339, as `20211006192405.0Z`.
fn date(text: &str) -> Option<String> {
    let at = match text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) {
        Some(inside) => {
            let digits = inside.split(['+', '-']).find(|part| !part.is_empty())?;
            OffsetDateTime::from_unix_timestamp(digits.parse::<i64>().ok()? / 1000).ok()?
        }
        None => OffsetDateTime::parse(text, &Rfc3339).ok()?.to_offset(UtcOffset::UTC),
    };
    at.format(format_description!("[year][month][day][hour][minute][second].0Z")).ok()
}

/// The name in what refers to another object: a DN, a canonical name, the name itself.
pub fn name_in(text: &str) -> String {
    let by_dn = (text.contains('=') && text.contains(',')).then(|| dn::first(text)).flatten();
    by_dn.unwrap_or_else(|| text.rsplit(['/', '\\']).next().unwrap_or(text).to_string())
}

/// The distinguished name in what refers to another object, else its text.
pub fn reference(object: &Object, field: &'static str) -> Decoded<Option<String>> {
    if let Some(Value::Object(inner)) = object.field(field)
        && let Some(dn) = inner.short("DistinguishedName")
    {
        return Ok(Some(dn));
    }
    text_or_none(object, field)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(value: Value) -> Object {
        Object { fields: vec![("X".into(), value)], ..Object::default() }
    }

    fn shape(fields: &[(&str, Value)]) -> Value {
        let fields = fields.iter().map(|(name, value)| ((*name).to_string(), value.clone())).collect();
        Value::Object(Object { fields, ..Object::default() })
    }

    fn words(text: &str) -> Value {
        Value::Text(text.into())
    }

    #[test]
    fn sizes_are_read_in_every_locale() {
        let unlimited = shape(&[("IsUnlimited", Value::Flag(true)), ("Value", Value::Nil)]);
        let limited = shape(&[("IsUnlimited", Value::Flag(false)), ("Value", words("35 MB (36,700,160 bytes)"))]);
        let cases = [
            (words("35 MB (36,700,160 bytes)"), Some(Some(36_700_160))),
            (words("35 MB (36.700.160 Bytes)"), Some(Some(36_700_160))),
            (words("35 MB (36\u{a0}700\u{a0}160 octets)"), Some(Some(36_700_160))),
            (words("35MB"), Some(Some(36_700_160))),
            (words("10240"), Some(Some(10_240))),
            (Value::Number(10_240), Some(Some(10_240))),
            (words("Unlimited"), Some(None)),
            (unlimited, Some(None)),
            (limited, Some(Some(36_700_160))),
            (words("1,5 MB"), None),
            (Value::Nil, None),
            (words("Microsoft.Exchange.Data.Unlimited`1[Microsoft.Exchange.Data.ByteQuantifiedSize]"), None),
        ];
        for (value, expected) in cases {
            assert_eq!(size(&with(value.clone()), "X").ok(), expected, "{value:?}");
        }
    }

    #[test]
    fn address_spaces_are_read_in_every_shape_and_never_guessed() {
        let object =
            |address: &str| shape(&[("Address", words(address)), ("Type", words("SMTP")), ("Cost", Value::Number(5))]);
        let costing =
            |cost: &str| shape(&[("Address", words("contoso.com")), ("Type", words("SMTP")), ("Cost", words(cost))]);
        let cases = [
            (Value::List(vec![words("SMTP:Contoso.com;1"), words("smtp:*;100")]), Ok("contoso.com;1 *;100")),
            (words("SMTP:contoso.com;1,SMTP:*.contoso.com;2"), Ok("contoso.com;1 *.contoso.com;2")),
            (Value::List(vec![object("*.contoso.com")]), Ok("*.contoso.com;5")),
            (
                Value::List(vec![shape(&[
                    ("Type", words("SMTP")),
                    ("Domain", words("contoso.com")),
                    ("IncludeSubDomains", Value::Flag(true)),
                ])]),
                Ok("*.contoso.com;1"),
            ),
            (Value::List(vec![words("SMTP:grün.example;1")]), Ok("xn--grn-ioa.example;1")),
            (Value::List(vec![words("SMTP:--;1")]), Ok("--;1")),
            (Value::List(vec![]), Ok("")),
            (
                words("Microsoft.Exchange.Data.MultiValuedProperty`1[Microsoft.Exchange.Data.AddressSpace]"),
                Err(
                    "it holds only 'Microsoft.Exchange.Data.MultiValuedProperty`1[Microsoft.Exch…', which is no value; ",
                ),
            ),
            (
                Value::List(vec![words("Microsoft.Exchange.Data.AddressSpace")]),
                Err("it holds only 'Microsoft.Exchange.Data.AddressSpace'"),
            ),
            (words("SMTP:a;1;SMTP:b;1"), Err("'SMTP:a;1;SMTP:b;1' is not understood")),
            (words("SMTP:contoso.com;0"), Err("'SMTP:contoso.com;0' is not understood")),
            (words("SMTP:contoso.com;x"), Err("'SMTP:contoso.com;x' is not understood")),
            (Value::List(vec![costing("101")]), Err("it has an unknown shape")),
            (Value::List(vec![costing("dear")]), Err("it has an unknown shape")),
            (Value::List(vec![costing("100")]), Ok("contoso.com;100")),
            (Value::List(vec![words("SMTP:a b;1")]), Ok("a;1 b;1")),
            (Value::Lost, Err("it refers to an object that is not at hand")),
        ];
        for (value, expected) in cases {
            let read = address_spaces(&with(value.clone()), "X", false);
            let read =
                read.map(|all| all.iter().map(|s| format!("{};{}", s.address, s.cost)).collect::<Vec<_>>().join(" "));
            match expected {
                Ok(expected) => assert_eq!(read.as_deref(), Ok(expected), "{value:?}"),
                Err(expected) => {
                    assert!(read.as_ref().is_err_and(|e| e.why.starts_with(expected)), "{value:?}: {read:?}")
                }
            }
        }
    }

    #[test]
    fn smart_hosts_never_come_from_a_placeholder() {
        let host = |address: &str, is_address, domain: &str| {
            let address = shape(&[("IPAddressToString", words(address))]);
            shape(&[("Address", address), ("IsIPAddress", Value::Flag(is_address)), ("Domain", words(domain))])
        };
        let hosts = Value::List(vec![host("0.0.0.0", false, "Zimbra.contoso.com"), host("10.1.1.1", true, "")]);
        let both = |hosts: Value, text: Option<&str>| {
            let mut object = Object { fields: vec![("SmartHosts".into(), hosts)], ..Object::default() };
            object.fields.extend(text.map(|text| ("SmartHostsString".to_string(), words(text))));
            smart_hosts(&object).ok()
        };
        let list = |hosts: &[&str]| Some(hosts.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(both(hosts.clone(), None), list(&["zimbra.contoso.com", "10.1.1.1"]));
        assert_eq!(
            both(words("Microsoft.Exchange.Data.MultiValuedProperty`1[x]"), Some("[10.1.1.1],b.example")),
            list(&["10.1.1.1", "b.example"])
        );
        assert_eq!(both(words("Microsoft.Exchange.Data.MultiValuedProperty`1[x]"), None), None);
        assert_eq!(both(hosts, Some("")), list(&["zimbra.contoso.com", "10.1.1.1"]));
    }

    #[test]
    fn sets_domains_and_dates_are_read() {
        let all = [(1, "Tls", 1), (2, "Integrated", 2), (4, "BasicAuth", 4)];
        for (value, expected) in [
            (words("Tls, BasicAuth"), Some(vec![1, 4])),
            (Value::Number(5), Some(vec![1, 4])),
            (words("5"), Some(vec![1, 4])),
            (words("None"), Some(vec![])),
            (Value::Number(64), None),
            (words("Tls, Kerberos"), None),
        ] {
            assert_eq!(set(&with(value.clone()), "X", &all).ok(), expected, "{value:?}");
        }
        let wild = shape(&[("Domain", words("Contoso.local")), ("IncludeSubDomains", Value::Flag(true))]);
        for (value, expected) in
            [(words("*.Contoso.com"), Some("*.contoso.com")), (wild, Some("*.contoso.local")), (words("a b"), None)]
        {
            assert_eq!(domain(&with(value.clone()), "X").ok().as_deref(), expected, "{value:?}");
        }
        for text in ["/Date(1633548245000)/", "2021-10-06T21:24:05+02:00", "2021-10-06T19:24:05.0000000Z"] {
            assert_eq!(date(text).as_deref(), Some("20211006192405.0Z"), "{text}");
        }
        assert_eq!(date("06.10.2021 21:24:05"), None);
        assert_eq!(name_in("CN=EX1,CN=Servers,CN=x"), "EX1");
        assert_eq!(name_in("Solo.com/Configuration/Sites/Default-First-Site-Name"), "Default-First-Site-Name");
    }
}
