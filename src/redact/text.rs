//! Sentences: what servers say, and what nsdiag says of them. Whatever has the form of an address, a host or a path is
//! replaced, known or not; and so is each word that stands elsewhere for somebody or something.
use super::Redactor;
use super::tokens::Kind;
use regex::{Captures, Regex};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::LazyLock;

/// What is looked for, the first that fits at a place.
static FORMS: LazyLock<Regex> = LazyLock::new(|| {
    let forms = [
        r#"(?P<secret>\b(?:(?:password|passwd|pwd|kennwort|passwort|secret)\s*[=:]\s*\S+|(?:pass|pw)=\S+))"#,
        r#"(?P<literal>\bipv6:[0-9a-f:.]*[0-9a-f:])"#,
        r#"(?P<sid>\bS-1-\d+(?:-\d+){4,})"#,
        r#"(?P<arpa>\b(?:(?:\d{1,3}\.){4}in-addr|(?:[0-9a-f]\.){32}ip6)\.arpa\b)"#,
        r#"(?P<url>\b[a-z][a-z0-9+.-]*://[^\s<>"']+)"#,
        r#"(?P<unc>\\\\[\w.-]+(?:\\[^\s\\"'<>|]+)+)"#,
        r#"(?P<drive>\b[a-z]:\\[^\s"'<>|:*?]*)"#,
        r#"(?P<address>(?:"[^"@]{1,64}"|[^\s<>()\[\],;"'@\\][^\s<>()\[\],;"@\\]{0,255})@(?:\[[^\]\s]+\]|[\w.-]*\w))"#,
        r#"(?P<dn>\b(?:(?:cn|ou|o|l|st|c|uid)=(?:\\.|[^,\\"<>;'=])*,\s*)*dc=[\w-]+(?:,\s*dc=[\w-]+)*)"#,
        r#"(?P<legacy>/o=[^/,;"'<>]+(?:/(?:ou|cn)=[^/,;"'<>]+)+)"#,
        r#"(?P<guid>\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b)"#,
        r#"(?P<six>[0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*(?:/\d{1,3})?)"#,
        r#"(?P<four>\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?:/\d{1,2})?\b)"#,
        r#"(?P<host>(?:\b|_)[\w-]+(?:\.[\w-]+)*\.\p{Alphabetic}[\w-]*\w)"#,
        r#"(?P<account>\b[\w.-]+\\[\w.$-]+)"#,
        r#"(?P<path>(?:/[\w.@~+-]+){2,}/?)"#,
        r#"(?P<word>\w(?:[\w'+-]*\w)?)"#,
    ];
    Regex::new(&format!("(?i){}", forms.join("|"))).expect("the forms are patterns")
});

/// Words of which replies are made: where one stands alone, nobody can tell that it is somebody's name as well.
static WORDS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let catalogue = nsdiag_checks::replies::catalogue().flat_map(|row| row.texts.iter().chain(row.unless)).copied();
    let products = nsdiag_checks::products::known_words();
    let words = catalogue.chain(products).chain([OURS]).flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
});

/// Words of SMTP, and of what nsdiag itself notes in a dialogue.
const OURS: &str = "helo ehlo mail from rcpt to data quit rset starttls auth login plain size pipelining 8bitmime smtputf8 dsn \
    etrn vrfy expn chunking help enhancedstatuscodes esmtp smtp smtpd ready ok bye closing connection connected connect time \
    out timed limit no answer in with within the a an and is of by for at on it its this that not was were has had have be \
    one two service available transmission channel requested action okay completed hello hi server host client system domain \
    recipient sender user unknown mailbox address addresses message mx dns ldap ldaps exchange other gateway gateways relay \
    certificate tls name names record records directory objects object rights right search base filter list lists lines line \
    file files row rows column columns csv json xml address: com net org local lan internal example cn ou dc all any none \
    true false accepted rejected critical warning info proven likely unreachable refused closed reset error";

impl Redactor<'_> {
    /// A sentence without anybody's name.
    pub(super) fn text(&mut self, text: &str) -> String {
        let text = self.phrases(text);
        let mut out = String::with_capacity(text.len());
        // A reply's code is not a part of the host behind it: `250-mx1.contoso.com`.
        let coded =
            text.as_bytes().get(..4).is_some_and(|head| head[..3].iter().all(u8::is_ascii_digit) && head[3] == b'-');
        let (code, text) = text.split_at(if coded { 4 } else { 0 });
        out.push_str(code);
        let mut done = 0;
        for found in FORMS.captures_iter(text) {
            let whole = found.get(0).expect("a match is whole");
            out.push_str(&text[done..whole.start()]);
            let quoted = text[..whole.start()].ends_with(['<', '\'', '"', '`']);
            out.push_str(&self.form(&found, quoted));
            done = whole.end();
        }
        out.push_str(&text[done..]);
        self.known_users(out)
    }

    /// Replaces the local parts that are known from elsewhere and that no form took for a word: `meier.2`, `r&d`, `smith's`.
    fn known_users(&self, text: String) -> String {
        let Some((finder, tokens)) = &self.users else { return text };
        let mut out = String::with_capacity(text.len());
        finder.replace_all_with(&text, &mut out, |found, word, out| {
            let mut before = text[..found.start()].chars().rev();
            let mut behind = text[found.end()..].chars();
            // `contoso` of `contoso.com` is nobody; the dot at a sentence's end belongs to no name.
            let joined = |next: Option<char>, more: Option<char>| match next {
                Some('.' | '@') => more.is_some_and(char::is_alphanumeric),
                next => next.is_some_and(char::is_alphanumeric),
            };
            let within = joined(before.next(), before.next()) || joined(behind.next(), behind.next());
            out.push_str(if within { word } else { &tokens[found.pattern()] });
            true
        });
        out
    }

    /// Replaces names of several words, which are known from elsewhere.
    fn phrases(&self, text: &str) -> String {
        match &self.phrases {
            Some((finder, tokens)) if text.contains(char::is_whitespace) => {
                let mut out = String::new();
                finder.replace_all_with(text, &mut out, |found, word, out| {
                    let before = text[..found.start()].chars().next_back();
                    let behind = text[found.end()..].chars().next();
                    let alone = !before.into_iter().chain(behind).any(char::is_alphanumeric);
                    out.push_str(if alone { &tokens[found.pattern()] } else { word });
                    true
                });
                out
            }
            _ => text.into(),
        }
    }

    fn form(&mut self, found: &Captures, quoted: bool) -> String {
        let form = |name: &str| found.name(name).map(|found| found.as_str());
        if let Some(text) = form("secret") {
            let word: String = text.chars().take_while(|c| c.is_alphanumeric()).collect();
            return format!("{word}=***");
        }
        if let Some(text) = form("literal").or(form("arpa")) {
            return self.host(text);
        }
        if let Some(text) = form("sid") {
            return self.tokens.of(Kind::Id, text);
        }
        if let Some(text) = form("url") {
            return self.url(text);
        }
        if let Some(text) = form("unc") {
            let mut parts = text[2..].splitn(2, '\\');
            let host = self.host(parts.next().unwrap_or_default());
            return format!("\\\\{host}\\{}", self.path(parts.next().unwrap_or_default()));
        }
        if let Some(text) = form("drive").or(form("path")) {
            return self.path(text);
        }
        if let Some(text) = form("address") {
            return self.address(text);
        }
        if let Some(text) = form("dn") {
            return self.dn(text);
        }
        if let Some(text) = form("legacy") {
            return self.legacy(text);
        }
        if let Some(text) = form("guid") {
            return self.guid(text);
        }
        if let Some(text) = form("six").or(form("four")) {
            let (base, bits) = text.split_once('/').unwrap_or((text, ""));
            return match base.parse::<IpAddr>() {
                Ok(ip) if bits.is_empty() => self.ip(ip).to_string(),
                Ok(ip) => format!("{}/{bits}", network(self.ip(ip), bits.parse().unwrap_or(128))),
                Err(_) if bare(text).is_some_and(|(_, ip, _)| ip != text) => {
                    let (head, ip, tail) = bare(text).unwrap_or_default();
                    format!("{head}{}{tail}", self.host(ip))
                }
                // A port behind a host, or a time.
                Err(_) => text.split(':').map(|part| self.word(part, false)).collect::<Vec<_>>().join(":"),
            };
        }
        if let Some(text) = form("host") {
            return match self.tokens.known(Kind::User, &text.to_lowercase()) {
                _ if is_phrase(text) => text.into(),
                Some(user) => user,
                None => self.host(text),
            };
        }
        if let Some(text) = form("account") {
            // A byte that is no letter of the dialogue: `\xfc`.
            let (head, tail) = text.split_once('\\').unwrap_or((text, ""));
            let is_byte =
                tail.starts_with('x') && tail.get(1..3).is_some_and(|two| u8::from_str_radix(two, 16).is_ok());
            return match is_byte || tail.starts_with("u{") {
                true => format!("{}\\{tail}", self.word(head, false)),
                false => self.account(text),
            };
        }
        self.word(found.name("word").map_or("", |found| found.as_str()), quoted)
    }

    /// A word that may be somebody's name.
    fn word(&mut self, text: &str, quoted: bool) -> String {
        let lower = text.to_lowercase();
        if self.own.as_deref() == Some(&*lower) && (quoted || lower.len() > 1) && !WORDS.contains(&lower) {
            return self.local(text);
        }
        let telling =
            lower.chars().count() > 2 && !lower.bytes().all(|byte| byte.is_ascii_digit()) && !WORDS.contains(&lower);
        if quoted || telling {
            for kind in [Kind::User, Kind::Host, Kind::Sub, Kind::Name] {
                if let Some(token) = self.tokens.known(kind, &lower) {
                    return token;
                }
            }
        }
        let digits = lower.bytes().filter(u8::is_ascii_digit).count();
        let id = lower.len() >= 10
            && lower.is_ascii()
            && digits >= 2
            && digits < lower.len()
            && !lower.contains(['\'', '_']);
        if id && !self.controls.contains(&lower) && !WORDS.contains(&lower) && lower.split('-').any(is_id) {
            return self.tokens.of(Kind::Id, text);
        }
        text.into()
    }

    /// A page that many know stays; of any other the host and what it is asked are replaced.
    fn url(&mut self, text: &str) -> String {
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let (place, path) = rest.find(['/', '?', '#']).map_or((rest, ""), |at| rest.split_at(at));
        let place = place.rsplit_once('@').map_or(place, |(_, host)| host);
        let bare = place.rsplit_once(':').map_or(place, |(host, _)| host).to_lowercase();
        if ["http", "https"].contains(&scheme) && (is_phrase(&bare) || PAGES.iter().any(|page| bare == *page)) {
            let path = path.split_inclusive(['/', '?', '&', '=']);
            let path: String = path.map(|part| self.parameter(part)).collect();
            return format!("{scheme}://{place}{path}");
        }
        let place = self.host(place);
        match (path.trim_start_matches('/'), scheme.starts_with("ldap")) {
            ("", _) => format!("{scheme}://{place}{path}"),
            (path, true) => format!("{scheme}://{place}/{}", self.account(path)),
            ("policy" | ".well-known/mta-sts.txt", _) => format!("{scheme}://{place}{path}"),
            (path, _) => format!("{scheme}://{place}/{}", self.path(path)),
        }
    }

    fn parameter(&mut self, part: &str) -> String {
        match part.contains(['@', '%', '.']) {
            true => {
                let (body, end) = part.split_at(part.trim_end_matches(['/', '?', '&', '=']).len());
                format!(
                    "{}{end}",
                    if body.contains('.') && !body.contains('@') {
                        body.into()
                    } else {
                        self.tokens.of(Kind::Id, body)
                    }
                )
            }
            false => part.into(),
        }
    }

    /// A name as Exchange of old has it: `/o=Contoso/ou=…/cn=Recipients/cn=anna`.
    fn legacy(&mut self, text: &str) -> String {
        let part = |part: &str, own: &mut Self| match part.split_once('=') {
            Some((kind, value)) => format!("{kind}={}", own.object(value)),
            None => part.to_string(),
        };
        text.split('/').map(|one| part(one, self)).collect::<Vec<_>>().join("/")
    }

    fn guid(&mut self, text: &str) -> String {
        let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
        let new = self.digest(&digits);
        let cut = |from: usize, to: usize| new.get(from..to).unwrap_or_default().to_string();
        [cut(0, 8), cut(8, 12), cut(12, 16), cut(16, 20), cut(20, new.len())].join("-")
    }
}

/// The address of IP in what has colons or dots around it.
fn bare(text: &str) -> Option<(&str, &str, &str)> {
    let ends = [
        text.trim_start_matches(':').trim_end_matches([':', '.']),
        text.trim_end_matches(':'),
        text.trim_end_matches('.'),
    ];
    let heads = ends.into_iter().chain([text.strip_prefix(':').unwrap_or(text)]);
    let ip = heads.into_iter().find(|one| one.parse::<IpAddr>().is_ok())?;
    let at = text.find(ip)?;
    Some((&text[..at], ip, &text[at + ip.len()..]))
}

/// Whether `text` is a word of which replies are made, in small letters.
pub(super) fn is_of_replies(text: &str) -> bool {
    WORDS.contains(text)
}

/// The first address of a network.
fn network(ip: IpAddr, bits: u32) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => {
            IpAddr::V4((ip.to_bits() & u32::MAX.checked_shl(32u32.saturating_sub(bits)).unwrap_or(0)).into())
        }
        IpAddr::V6(ip) => {
            IpAddr::V6((ip.to_bits() & u128::MAX.checked_shl(128u32.saturating_sub(bits)).unwrap_or(0)).into())
        }
    }
}

/// Pages of vendors that replies name.
const PAGES: [&str; 6] = [
    "support.google.com",
    "aka.ms",
    "go.microsoft.com",
    "community.mimecast.com",
    "www.postfix.org",
    "postmaster.google.com",
];

/// Whether what looks like a host's name is a part of a reply that the catalogue knows: `RESOLVER.ADR.RecipientNotFound`.
fn is_phrase(text: &str) -> bool {
    let lower = text.to_lowercase();
    let dotted = ["resolver.", "smtpsend.", "storedrv.", "agent.", "routing.", "smtp.mailfrom", "client.was."];
    dotted.iter().any(|head| lower.starts_with(head))
        || lower.split('.').all(|part| WORDS.contains(part)) && lower.len() > 7 && PHRASES.contains(&lower)
}

/// Words with dots in them that the catalogue knows.
static PHRASES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let texts = nsdiag_checks::replies::catalogue().flat_map(|row| row.texts.iter().copied());
    let words = texts.flat_map(|text| text.split(|c: char| c.is_whitespace() || "*^$:/()<>\"',;".contains(c)));
    words.map(|word| word.trim_matches('.')).filter(|word| word.contains('.')).map(String::from).collect()
});

/// Whether a word is of letters and digits in no order, as queues and sessions are called.
fn is_id(part: &str) -> bool {
    let turns = part.as_bytes().windows(2).filter(|two| two[0].is_ascii_digit() != two[1].is_ascii_digit()).count();
    part.len() >= 8 && turns >= 2
}
