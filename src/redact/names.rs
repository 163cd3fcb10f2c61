//! Names: of hosts, people, objects and files. What is below the shared domain stays below it, and what has a parent in
//! common still has.
use super::Redactor;
use super::tokens::Kind;
use nsdiag_checks::products;
use std::net::{IpAddr, SocketAddr};

/// Local parts that every domain has, and that are nobody's (RFC 2142, 4 and 5; what MTAs call themselves).
const ROLES: [&str; 9] =
    ["postmaster", "hostmaster", "abuse", "noc", "security", "webmaster", "mailer-daemon", "nobody", "root"];

/// Labels that say what a name is for, and nothing of whose it is.
const LABELS: [&str; 10] =
    ["mta-sts", "autodiscover", "gc", "dc", "domains", "in-addr", "ip6", "arpa", "localhost", "localdomain"];

/// Objects that every Active Directory and every Exchange organisation has.
const OBJECTS: [&str; 36] = [
    "configuration",
    "schema",
    "services",
    "microsoft exchange",
    "administrative groups",
    "servers",
    "protocols",
    "exchange administrative group (fydibohf23spdlt)",
    "smtp receive connectors",
    "connections",
    "routing groups",
    "exchange routing group (dwbgzmfd01qnbjr)",
    "transport settings",
    "accepted domains",
    "message hygiene",
    "recipientfilterconfig",
    "sites",
    "users",
    "computers",
    "ntds settings",
    "databases",
    "smtp",
    "1",
    "builtin",
    "recipients",
    "default naming context",
    "partitions",
    "contacts",
    "groups",
    "domain controllers",
    "microsoft exchange system objects",
    "system",
    "first organization",
    "default-first-site-name",
    "default",
    "mail",
];

/// Beginnings of the names that Exchange's setup gives to receive connectors; a server's name follows.
const CONNECTORS: [&str; 5] =
    ["outbound proxy frontend ", "default frontend ", "client frontend ", "client proxy ", "default "];

/// Domains that belong to a service, where other people's names are below.
const SERVICES: [&str; 12] = [
    "mail.onmicrosoft.com",
    "onmicrosoft.com",
    "outlook.com",
    "microsoft.com",
    "office365.com",
    "google.com",
    "aka.ms",
    "googlemail.com",
    "gmail.com",
    "amazonaws.com",
    "mimecastsupport.zendesk.com",
    "root-servers.net",
];

/// What people call a system that says nothing of whose it is.
const SYSTEMS: [&str; 22] = [
    "exchange",
    "exchange-online",
    "online",
    "other",
    "cloud",
    "tenant",
    "on-premises",
    "onprem",
    "m365",
    "o365",
    "zimbra",
    "postfix",
    "dovecot",
    "exim",
    "domino",
    "groupwise",
    "google",
    "kerio",
    "mdaemon",
    "hmailserver",
    "zoho",
    "sendmail",
];

impl Redactor<'_> {
    /// An address, or what stands for one; without an @ an account.
    pub(super) fn address(&mut self, text: &str) -> String {
        let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
        let is_scheme = ["smtp", "sip", "mailto"].iter().any(|known| known.eq_ignore_ascii_case(scheme));
        let (head, rest) = if is_scheme { text.split_at(scheme.len() + 1) } else { ("", text) };
        match rest.rsplit_once('@') {
            Some((local, domain)) => format!("{head}{}@{}", self.local(local), self.host(domain)),
            None => format!("{head}{}", self.account(rest)),
        }
    }

    /// The local part of an address.
    pub(super) fn local(&mut self, text: &str) -> String {
        let lower = text.to_lowercase();
        if text.is_empty() || text == "*" || ROLES.contains(&&*lower) || self.controls.contains(&lower) {
            return text.into();
        }
        let tail = lower.rsplit_once(['=', ':']).map(|(_, tail)| tail);
        match tail.filter(|tail| !tail.is_empty() && self.tokens.is_met(Kind::User, tail)) {
            // `mail=anna@contoso.com` in a filter.
            Some(tail) => {
                let head = &text[..text.len().saturating_sub(tail.len())];
                format!("{}{}", self.text(head), self.tokens.of(Kind::User, tail))
            }
            None => self.tokens.of(Kind::User, text),
        }
    }

    /// As whom one binds: a UPN, `DOMAIN\user`, a distinguished name or a bare name.
    pub(super) fn account(&mut self, text: &str) -> String {
        match text.split_once('\\') {
            Some((domain, user)) => format!("{}\\{}", self.label(domain, false), self.account(user)),
            None if text.contains('=') => self.dn(text),
            None if text.contains('@') => self.address(text),
            None => self.local(text),
        }
    }

    /// `host`, `host:port`, an address of IP with or without a port and brackets, `*.domain`.
    pub(super) fn host(&mut self, text: &str) -> String {
        if let Ok(socket) = text.parse::<SocketAddr>() {
            return SocketAddr::new(self.ip(socket.ip()), socket.port()).to_string();
        }
        if let Ok(ip) = text.parse::<IpAddr>() {
            return self.ip(ip).to_string();
        }
        // RFC 5321, 4.1.3.
        if let Some((head, rest)) = text.split_at_checked(5).filter(|(head, _)| head.eq_ignore_ascii_case("ipv6:")) {
            return format!("{head}{}", self.host(rest));
        }
        if let Some(reversed) = self.reversed(text) {
            return reversed;
        }
        if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return format!("[{}]", self.host(inner));
        }
        if let Some(rest) = text.strip_prefix("*.") {
            return format!("*.{}", self.host(rest));
        }
        if let Some(rest) = text.strip_suffix('.') {
            return format!("{}.", self.host(rest));
        }
        match text.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                format!("{}:{port}", self.host(host))
            }
            Some(_) => self.text(text),
            None if text.contains('/') => self.text(text),
            None if text.chars().all(|c| !c.is_alphanumeric()) => text.into(),
            None => self.domain_name(text),
        }
    }

    /// The name under which an address of IP is looked up (RFC 1035, 3.5; RFC 3596, 2.5).
    fn reversed(&mut self, text: &str) -> Option<String> {
        let lower = text.to_lowercase();
        if let Some(four) = lower.strip_suffix(".in-addr.arpa") {
            let octets: Vec<&str> = four.split('.').rev().collect();
            let ip: std::net::Ipv4Addr = octets.join(".").parse().ok()?;
            let new = self.ip(ip.into()).to_string();
            let octets: Vec<&str> = new.split('.').rev().collect();
            return Some(format!("{}.in-addr.arpa", octets.join(".")));
        }
        let digits: Vec<&str> = lower.strip_suffix(".ip6.arpa")?.split('.').rev().collect();
        let is_whole = digits.len() == 32 && digits.iter().all(|digit| digit.len() == 1);
        let bits = u128::from_str_radix(&digits.concat(), 16).ok().filter(|_| is_whole)?;
        let IpAddr::V6(new) = self.ip(std::net::Ipv6Addr::from_bits(bits).into()) else { return None };
        let digits: Vec<String> = format!("{:032x}", new.to_bits()).chars().rev().map(String::from).collect();
        Some(format!("{}.ip6.arpa", digits.join(".")))
    }

    /// A name of DNS.
    fn domain_name(&mut self, text: &str) -> String {
        let lower = text.to_lowercase();
        if let Some(suffix) = self.kept_suffix(&lower) {
            let head = lower.strip_suffix(suffix.as_str()).unwrap_or_default().trim_end_matches('.');
            return match head {
                "" => text.into(),
                head => format!("{}.{suffix}", self.labels(head)),
            };
        }
        let labels: Vec<&str> = lower.split('.').collect();
        match labels.len() {
            1 => self.label(text, false),
            2 => self.registered(&lower),
            many => {
                let (head, last) = (labels[..many - 2].join("."), labels[many - 2..].join("."));
                format!("{}.{}", self.labels(&head), self.registered(&last))
            }
        }
    }

    /// A domain of two labels: what is the parent of others.
    fn registered(&mut self, lower: &str) -> String {
        if lower.ends_with(".arpa") || lower == "localhost.localdomain" {
            return lower.into();
        }
        if let (Some((first, _)), false) =
            (lower.split_once('.'), self.tokens.known(Kind::Domain, lower).is_some_and(|token| token == lower))
        {
            // Its first label is what people call whose it is.
            self.tokens.of(Kind::Host, first);
        }
        self.tokens.of(Kind::Domain, lower)
    }

    fn labels(&mut self, head: &str) -> String {
        let last = head.split('.').count() - 1;
        let parts: Vec<&str> = head.split('.').collect();
        parts.iter().enumerate().map(|(at, label)| self.label(label, at > 0 && last > 0)).collect::<Vec<_>>().join(".")
    }

    /// One label, or the name of a server; with `inner` one that has others before it.
    pub(super) fn label(&mut self, text: &str, inner: bool) -> String {
        let lower = text.to_lowercase();
        let is_kept =
            text.is_empty() || text.starts_with('_') || LABELS.contains(&&*lower) || self.kept_labels.contains(&lower);
        if is_kept {
            return text.into();
        }
        // Which it is, is told by where it is met first.
        let kinds = if inner { [Kind::Sub, Kind::Host] } else { [Kind::Host, Kind::Sub] };
        let kind = kinds.into_iter().rev().find(|kind| self.tokens.is_met(*kind, &lower)).unwrap_or(kinds[0]);
        self.tokens.of(kind, text)
    }

    /// The longest end of `lower` that stays as it is: the shared domain, or that of a service that many use.
    fn kept_suffix(&self, lower: &str) -> Option<String> {
        let below =
            |suffix: &str| lower == suffix || lower.strip_suffix(suffix).is_some_and(|head| head.ends_with('.'));
        let services = products::known_names().chain(SERVICES);
        let all = self.kept_domains.iter().map(|own| &**own).chain(services.map(|own| -> &str { own }));
        all.filter(|suffix| below(suffix)).max_by_key(|suffix| suffix.len()).map(String::from)
    }

    /// An address of IP.
    pub(super) fn ip(&mut self, ip: IpAddr) -> IpAddr {
        if let IpAddr::V6(six) = ip
            && let Some(four) = six.to_ipv4_mapped()
        {
            return match self.ip(four.into()) {
                IpAddr::V4(four) => four.to_ipv6_mapped().into(),
                six => six,
            };
        }
        self.met.insert(ip);
        self.addresses.as_ref().map_or(ip, |addresses| addresses.of(ip))
    }

    /// A distinguished name (RFC 4514), part by part.
    pub(super) fn dn(&mut self, text: &str) -> String {
        use nsdiag_checks::evidence::dn::{kinds, values};
        let (kinds, values) = (kinds(text), values(text));
        let is_dc = |kind: &String| kind == "dc";
        let labels: Vec<String> =
            kinds.iter().zip(&values).filter(|(kind, _)| is_dc(kind)).map(|(_, value)| value.clone()).collect();
        let domain = self.host(&labels.join("."));
        let mut domain = domain.split('.');
        let mut parts = Vec::new();
        for (kind, value) in kinds.iter().zip(&values) {
            let value = match kind.as_str() {
                "dc" => domain.next().unwrap_or_default().to_string(),
                _ if value.is_empty() => String::new(),
                _ => escaped(&self.object(value)),
            };
            parts.push(format!("{}={value}", kind.to_uppercase()));
        }
        parts.join(",")
    }

    /// The name of an object.
    pub(super) fn object(&mut self, text: &str) -> String {
        let lower = text.trim().to_lowercase();
        if lower.is_empty() || OBJECTS.contains(&&*lower) {
            return text.into();
        }
        let head = CONNECTORS.iter().find(|head| lower.starts_with(**head) && lower.len() > head.len());
        if let Some((first, server)) = head.and_then(|head| text.split_at_checked(head.len())) {
            return format!("{first}{}", self.object(server));
        }
        if let Some(shape) = self.shaped(text) {
            return shape;
        }
        for kind in [Kind::User, Kind::Host, Kind::Sub] {
            if self.tokens.is_met(kind, &lower) {
                return self.tokens.of(kind, &lower);
            }
        }
        self.tokens.of(Kind::Name, text)
    }

    /// What a value shows by its form alone that it is; none of a name.
    fn shaped(&mut self, text: &str) -> Option<String> {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b".-+Z:T/ ".contains(&byte));
        let plain = text.len() < 32 && is_number && text.bytes().any(|byte| byte.is_ascii_digit());
        if text.parse::<IpAddr>().is_ok() || text.parse::<SocketAddr>().is_ok() {
            return Some(self.host(text));
        }
        if plain || ["true", "false"].contains(&&*text.to_lowercase()) {
            return Some(text.into());
        }
        if text.contains("://") || text.starts_with("/o=") || text.starts_with("/O=") {
            return Some(self.text(text));
        }
        if text.contains('@') && !text.contains(char::is_whitespace) {
            return Some(self.address(text));
        }
        let lower = text.to_lowercase();
        if ["cn=", "ou=", "dc=", "o="].iter().any(|head| lower.starts_with(head)) {
            return Some(self.dn(text));
        }
        let host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '*');
        (text.contains('.') && text.chars().all(host) && !text.ends_with('.')).then(|| self.host(text))
    }

    /// A mail system, by its name in the configuration.
    pub(super) fn system(&mut self, text: &str) -> String {
        match text.is_empty() || SYSTEMS.contains(&&*text.to_lowercase()) {
            true => text.into(),
            false => self.tokens.of(Kind::System, text),
        }
    }

    /// A file or folder; an URL where it is one. Its ending says what it is.
    pub(super) fn path(&mut self, text: &str) -> String {
        if text.is_empty() || text.starts_with("--") {
            return text.into();
        }
        if text.contains("://") {
            return self.text(text);
        }
        let name = text.rsplit(['/', '\\']).next().unwrap_or_default();
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
        let ending =
            ending.filter(|one| ENDINGS.contains(&one.as_str())).map_or(String::new(), |one| format!(".{one}"));
        let whole = text.to_lowercase();
        let key = whole.strip_suffix(&ending).unwrap_or(&whole);
        format!("{}{ending}", self.tokens.of(Kind::Path, key))
    }

    /// A fingerprint in hexadecimal digits, of the same length.
    pub(super) fn digest(&mut self, text: &str) -> String {
        let zeros = text.bytes().take_while(|byte| *byte == b'0').count();
        let known = text.is_empty() || self.tokens.again && zeros + 6 >= text.len();
        match known {
            true => text.into(),
            false => {
                let number = self.tokens.of(Kind::Digest, text);
                format!("{number:0>width$}", width = text.len())
            }
        }
    }
}

/// Endings that say what a file is.
const ENDINGS: [&str; 14] =
    ["csv", "json", "xml", "clixml", "txt", "ldif", "ldf", "xlsx", "sql", "toml", "pem", "cf", "db", "conf"];

/// A value of a distinguished name with what must be escaped in it (RFC 4514, 2.4).
fn escaped(value: &str) -> String {
    let mut out = String::new();
    for c in value.chars() {
        if ",+\"\\<>;=".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
