//! What stands in which field of a report: whose name it is, or a word of nsdiag's own.
use super::Redactor;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// What stands in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// A word, a number or a date of nsdiag's or of the protocol.
    Word,
    Address,
    Account,
    Host,
    /// A server's name, or a site's.
    Label,
    /// `gateway/mx1.contoso.com/192.0.2.25:25`.
    Hop,
    /// A distinguished name.
    Dn,
    /// The name of an object, or anything that such a field holds.
    Object,
    /// A mail system.
    System,
    Path,
    Digest,
    /// A filter of LDAP.
    Filter,
    Text,
}

/// The fields by the name of what they are in and their own; `*` is anything, and the first that fits counts. What is not
/// here is a sentence.
const FIELDS: &[(&str, &str, Class)] = &[
    (
        "*",
        "started_at not_before not_after changed version cipher pace only skip cmdlet format code field until",
        Class::Word,
    ),
    ("run", "redacted", Class::Word),
    ("transport_rules", "from named", Class::Word),
    ("only", "domains", Class::Host),
    ("only except", "named", Class::Word),
    ("except", "domains", Class::Host),
    ("only except", "recipients", Class::Object),
    ("address_spaces", "kind", Class::Word),
    ("*", "catalog_attributes", Class::Word),
    ("outbound_connectors", "tls", Class::Word),
    ("systems", "name", Class::System),
    ("*", "system delivers_to", Class::System),
    ("*", "random second_random mail_from known_good traced sister recipient blocked aliases roster", Class::Address),
    ("lookups", "address", Class::Address),
    ("files", "addresses outside", Class::Address),
    ("*", "ldap_user bind", Class::Account),
    ("settings", "domain ehlo gateways resolvers", Class::Host),
    ("systems", "smtp outbound", Class::Host),
    ("*", "exports lists path source", Class::Path),
    ("vantage", "hostname addresses", Class::Host),
    ("*", "hop", Class::Hop),
    ("hops", "id", Class::Hop),
    ("hops root replies", "host", Class::Host),
    ("hops records", "address", Class::Host),
    ("dns aliases", "name", Class::Host),
    ("*", "resolver target exchange authority fqdn smart_hosts tls_domain domain bindings", Class::Host),
    ("mx_views records", "server", Class::Host),
    ("address_spaces", "address", Class::Host),
    ("inbound_connectors", "sender_domains certificate_name", Class::Host),
    ("outbound_connectors", "recipient_domains", Class::Host),
    ("chain", "names", Class::Host),
    ("chain", "subject issuer", Class::Dn),
    ("*", "sha256 sha512 key_sha256 key_sha512 digest", Class::Digest),
    ("*", "default_context configuration_context root_domain_context schema_context contexts dn base", Class::Dn),
    ("*", "filter", Class::Filter),
    ("*", "site source_servers", Class::Label),
    ("receive_connectors", "server", Class::Label),
    ("servers edge_subscriptions", "name", Class::Label),
    ("*", "name catch_all to value subject", Class::Object),
];

/// Attributes of directory objects whose values say nothing of whose they are.
const ATTRIBUTES: [&str; 11] = [
    "objectclass",
    "msexchrecipienttypedetails",
    "msexchrecipientdisplaytype",
    "msexchremoterecipienttype",
    "msexchhidefromaddresslists",
    "msexchrequireauthtosendto",
    "deliverandredirect",
    "useraccountcontrol",
    "whencreated",
    "whenchanged",
    "grouptype",
];

/// The words that the schema has for a field.
static WORDS: LazyLock<BTreeMap<String, BTreeSet<String>>> = LazyLock::new(|| {
    let schema: Value = serde_json::from_str(&crate::report::schema()).expect("the schema is JSON");
    let mut found = BTreeMap::new();
    gather(&schema, &schema, &mut found);
    found
});

fn gather(schema: &Value, whole: &Value, found: &mut BTreeMap<String, BTreeSet<String>>) {
    if let Some(Value::Object(properties)) = schema.get("properties") {
        for (name, property) in properties {
            words(property, whole, 0, found.entry(name.clone()).or_default());
        }
    }
    match schema {
        Value::Object(all) => all.values().for_each(|inner| gather(inner, whole, found)),
        Value::Array(all) => all.iter().for_each(|inner| gather(inner, whole, found)),
        _ => {}
    }
}

/// The words that a value of this schema may be, or a list of such may hold.
fn words(schema: &Value, whole: &Value, depth: u8, found: &mut BTreeSet<String>) {
    if depth > 6 {
        return;
    }
    let one = schema.get("const").into_iter();
    let all = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    found.extend(one.chain(all).filter_map(Value::as_str).map(String::from));
    let named =
        schema.get("$ref").and_then(Value::as_str).and_then(|place| whole.pointer(place.trim_start_matches('#')));
    let inner = ["oneOf", "anyOf"].iter().filter_map(|of| schema.get(of)?.as_array()).flatten();
    // An answer that is in a list, or is known, is the answer.
    let within = [schema.get("items"), schema.pointer("/properties/known")];
    for schema in named.into_iter().chain(inner).chain(within.into_iter().flatten()) {
        words(schema, whole, depth + 1, found);
    }
}

/// The rows by the field's own name.
static PLACES: LazyLock<BTreeMap<&str, Vec<(&str, Class)>>> = LazyLock::new(|| {
    let mut all: BTreeMap<&str, Vec<(&str, Class)>> = BTreeMap::new();
    for (owners, names, class) in FIELDS {
        names.split(' ').for_each(|name| all.entry(name).or_default().push((owners, *class)));
    }
    all
});

fn class(owner: &str, name: &str) -> Class {
    let fits = |all: &str| all == "*" || all.split(' ').any(|word| word == owner);
    let found = PLACES.get(name).into_iter().flatten().find(|(owners, _)| fits(owners));
    found.map_or(Class::Text, |(_, class)| *class)
}

impl Redactor<'_> {
    /// Replaces all names in a part of a report: the field that it stands in is `name`, which is one of `owner`.
    pub(super) fn walk(&mut self, value: &mut Value, owner: &str, name: &str) {
        match value {
            Value::Object(object) => self.object_of(object, owner, name),
            Value::Array(all) => all.iter_mut().for_each(|one| self.walk(one, owner, name)),
            Value::String(text) if !WORDS.get(name).is_some_and(|words| words.contains(text.as_str())) => {
                *text = self.field(class(owner, name), text);
            }
            _ => {}
        }
    }

    fn object_of(&mut self, object: &mut Map<String, Value>, owner: &str, name: &str) {
        if name == "transcript" {
            let recipient = object.get("recipient").and_then(Value::as_str);
            self.own = recipient.and_then(|address| address.rsplit_once('@')).map(|(local, _)| local.to_lowercase());
        }
        let keys: Option<Class> = match name {
            "names" => Some(Class::Address),
            "delivers_to" => Some(Class::Host),
            _ => None,
        };
        let old = std::mem::take(object);
        for (key, mut value) in old {
            match (&*key, name) {
                // What stands around an answer is no field of its own.
                ("known", _) => self.walk(&mut value, owner, name),
                (_, "attributes") => self.attribute(&key, &mut value),
                (_, "by_state") => {}
                // The record's kind is around what the record holds.
                _ if keys.is_some() => self.walk(&mut value, owner, if name == "names" { "name" } else { name }),
                _ => self.walk(&mut value, name, &key),
            }
            let key = keys.map_or_else(|| key.clone(), |class| self.field(class, &key));
            object.insert(key, value);
        }
        if name == "transcript" {
            self.own = None;
        }
    }

    fn attribute(&mut self, name: &str, values: &mut Value) {
        if ATTRIBUTES.contains(&name) {
            return;
        }
        for value in values.as_array_mut().into_iter().flatten() {
            if let Value::String(text) = value {
                *text = match name {
                    "mailnickname" | "samaccountname" | "uid" => self.account(text),
                    _ => self.object(text),
                };
            }
        }
    }

    fn field(&mut self, class: Class, text: &str) -> String {
        match class {
            Class::Word => text.into(),
            Class::Address | Class::Account => self.account(text),
            Class::Host => self.host(text),
            Class::Label if text.contains('.') => self.host(text),
            Class::Label => self.label(text, false),
            Class::Hop => {
                let mut parts = text.splitn(2, '/');
                let role = parts.next().unwrap_or_default();
                let rest = parts.flat_map(|rest| rest.split('/')).map(|part| self.host(part)).collect::<Vec<_>>();
                std::iter::once(role.to_string()).chain(rest).collect::<Vec<_>>().join("/")
            }
            Class::Dn => self.dn(text),
            Class::Object => self.object(text),
            Class::System => self.system(text),
            Class::Path => self.path(text),
            Class::Digest => self.digest(text),
            Class::Filter => self.filter(text),
            Class::Text => self.text(text),
        }
    }

    /// A filter (RFC 4515): the values of its conditions.
    fn filter(&mut self, text: &str) -> String {
        let mut out = String::new();
        for part in text.split_inclusive(['(', ')']) {
            let (body, end) = part.split_at(part.trim_end_matches(['(', ')']).len());
            match body.split_once('=') {
                Some((attribute, value)) => {
                    let value = self.object(&unescaped(value));
                    out.push_str(&format!("{attribute}={}{end}", value.replace('\\', "\\5c").replace('*', "\\2a")));
                }
                None => out.push_str(part),
            }
        }
        out
    }
}

/// A value of a filter without its escapes.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after
            .get(..2)
            .and_then(|two| std::str::from_utf8(two).ok())
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        match hex {
            Some(own) if byte == b'\\' => (bytes.push(own), rest = &after[2..]),
            _ => (bytes.push(byte), rest = after),
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
