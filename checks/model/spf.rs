//! SPF: which addresses may send for a domain (RFC 7208), as far as the DNS answers in the evidence tell.
use crate::evidence::dns::{Answer, DnsLookup, RecordKind};
use crate::prelude::*;
use core::net::IpAddr;

/// How many terms may ask DNS, and how many hosts one `mx` may have (RFC 7208, 4.6.4).
const TERMS: usize = 10;
/// How many of them may find nothing.
const VOID: usize = 2;

/// What SPF says of one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A term matches, or none does: the result, and the term that decided.
    Result(Qualifier, String),
    /// The domain has no SPF record.
    None,
    /// The domain has several records, which is a permanent error (RFC 7208, 4.5).
    Several(usize),
    /// Another permanent error.
    Permanent(String),
    /// DNS did not answer.
    Temporary(String),
    /// It depends on what nobody but a receiver knows.
    Open(String),
}

/// What a term that matches says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qualifier {
    /// `+`
    Pass,
    /// `-`
    Fail,
    /// `~`
    SoftFail,
    /// `?`
    Neutral,
}

#[derive(Debug)]
struct Term<'a> {
    text: &'a str,
    qualifier: Qualifier,
    name: String,
    /// What follows `:` or `=`, with the prefix lengths.
    value: &'a str,
    modifier: bool,
}

/// Evaluates one address; counts as receivers count.
struct Reading<'a> {
    dns: &'a [DnsLookup],
    ip: IpAddr,
    terms: usize,
    void: usize,
}

/// What SPF of `domain` says of `ip`.
pub fn verdict(dns: &[DnsLookup], domain: &str, ip: IpAddr) -> Verdict {
    Reading { dns, ip, terms: 0, void: 0 }.check(domain)
}

/// The SPF records among the TXT records of a domain (RFC 7208, 4.5).
pub fn records(answer: &Answer) -> Vec<&str> {
    let is_spf = |text: &&str| {
        let (version, rest) = text.split_at_checked(6).unwrap_or((text, ""));
        version.eq_ignore_ascii_case("v=spf1") && (rest.is_empty() || rest.starts_with(' '))
    };
    answer.texts().filter(is_spf).collect()
}

/// What must still be asked of DNS before an address can be judged; nothing where all has been asked that may be.
pub fn wanted(dns: &[DnsLookup], domain: &str) -> Vec<(String, RecordKind)> {
    let mut walk = Walk { dns, terms: 0, seen: vec![], wanted: vec![] };
    walk.record(&domain.to_lowercase());
    walk.wanted
}

/// Goes through the records in the order in which a receiver does.
struct Walk<'a> {
    dns: &'a [DnsLookup],
    terms: usize,
    seen: Vec<String>,
    wanted: Vec<(String, RecordKind)>,
}

impl<'a> Walk<'a> {
    fn want(&mut self, name: &str, kind: RecordKind) -> Option<&'a Answer> {
        let question = (name.to_string(), kind);
        match find(self.dns, name, kind) {
            Some(lookup) => return lookup.answer.known(),
            None if self.wanted.contains(&question) => {}
            None => self.wanted.push(question),
        }
        None
    }

    fn record(&mut self, domain: &str) {
        if self.seen.iter().any(|seen| seen == domain) {
            return;
        }
        self.seen.push(domain.into());
        let record = self.want(domain, RecordKind::Txt).and_then(|answer| records(answer).first().copied());
        for term in record.map(parse).unwrap_or_default() {
            let target = match target(&term, domain) {
                Ok(target) if matches!(&*term.name, "include" | "redirect" | "a" | "mx") => target,
                _ => continue,
            };
            self.terms += 1;
            if self.terms > TERMS {
                return;
            }
            let hosts = match &*term.name {
                "include" | "redirect" => {
                    self.record(&target);
                    continue;
                }
                "a" => vec![target],
                _ => exchanges(self.want(&target, RecordKind::Mx)),
            };
            for host in hosts.iter().filter(|host| !host.is_empty()).take(TERMS) {
                self.want(host, RecordKind::A);
                self.want(host, RecordKind::Aaaa);
            }
        }
    }
}

fn exchanges(answer: Option<&Answer>) -> Vec<String> {
    answer.map_or_else(Vec::new, |answer| answer.exchanges().into_iter().map(|(_, host)| host.to_string()).collect())
}

fn find<'a>(dns: &'a [DnsLookup], name: &str, kind: RecordKind) -> Option<&'a DnsLookup> {
    dns.iter().find(|lookup| lookup.kind == kind && lookup.name.eq_ignore_ascii_case(name))
}

impl<'a> Reading<'a> {
    fn check(&mut self, domain: &str) -> Verdict {
        let answer = match self.ask(domain, RecordKind::Txt) {
            Ok(answer) => answer,
            Err(verdict) => return verdict,
        };
        let found = records(answer);
        let record = match &found[..] {
            [] => return Verdict::None,
            [record] => *record,
            several => return Verdict::Several(several.len()),
        };
        let terms = parse(record);
        if let Some(bad) = terms.iter().find(|term| !term.modifier && !MECHANISMS.contains(&&*term.name)) {
            return Verdict::Permanent(format!("'{}' in the record of {domain} is no mechanism", bad.text));
        }
        let mut open = None;
        for term in terms.iter().filter(|term| !term.modifier) {
            let matches = match self.matches(term, domain) {
                Ok(matches) => matches,
                Err(Verdict::Open(why)) => {
                    open = open.or(Some((why, term.qualifier)));
                    continue;
                }
                Err(verdict) => return verdict,
            };
            if matches {
                let result = Verdict::Result(term.qualifier, format!("{} of {domain}", term.text));
                return match open {
                    // Whether or not the open term matches, the address passes.
                    Some((_, Qualifier::Pass)) if term.qualifier == Qualifier::Pass => result,
                    Some((why, _)) => Verdict::Open(why),
                    None => result,
                };
            }
        }
        let rest = match terms.iter().find(|term| term.modifier && term.name == "redirect") {
            None => Verdict::Result(Qualifier::Neutral, format!("the end of the record of {domain}")),
            Some(term) => match self.term().and_then(|()| target(term, domain)) {
                Err(verdict) => verdict,
                Ok(target) => match self.check(&target) {
                    Verdict::None => Verdict::Permanent(format!("'{}' leads to no SPF record", term.text)),
                    verdict => verdict,
                },
            },
        };
        match (open, rest) {
            (Some((_, Qualifier::Pass)), rest @ Verdict::Result(Qualifier::Pass, _)) | (None, rest) => rest,
            (Some((why, _)), _) => Verdict::Open(why),
        }
    }

    fn matches(&mut self, term: &Term, domain: &str) -> Result<bool, Verdict> {
        let permanent = || Verdict::Permanent(format!("'{}' in the record of {domain} cannot be read", term.text));
        match &*term.name {
            "all" => Ok(true),
            "ip4" | "ip6" => {
                let (address, length) = term.value.split_once('/').unwrap_or((term.value, ""));
                let net: IpAddr = address.parse().map_err(|_| permanent())?;
                let most = if net.is_ipv4() { 32 } else { 128 };
                let length = if length.is_empty() { most } else { length.parse().map_err(|_| permanent())? };
                if net.is_ipv4() != (term.name == "ip4") || length > most {
                    return Err(permanent());
                }
                Ok(inside(self.ip, net, length))
            }
            "include" => {
                self.term()?;
                let target = target(term, domain)?;
                match self.check(&target) {
                    Verdict::Result(result, _) => Ok(result == Qualifier::Pass),
                    Verdict::None => Err(Verdict::Permanent(format!("'{}' leads to no SPF record", term.text))),
                    Verdict::Several(count) => Err(Verdict::Permanent(format!("{target} has {count} SPF records"))),
                    verdict => Err(verdict),
                }
            }
            "a" | "mx" => {
                self.term()?;
                let target = target(term, domain)?;
                let length = length(term, self.ip.is_ipv4()).ok_or_else(permanent)?;
                let hosts = match &*term.name {
                    "a" => vec![target],
                    _ => exchanges(Some(self.counted(&target, RecordKind::Mx)?)),
                };
                if hosts.len() > TERMS {
                    return Err(Verdict::Permanent(format!("'{}' names more than {TERMS} hosts", term.text)));
                }
                let kind = if self.ip.is_ipv4() { RecordKind::A } else { RecordKind::Aaaa };
                for host in hosts.iter().filter(|host| !host.is_empty()) {
                    if self.counted(host, kind)?.addresses().any(|net| inside(self.ip, net, length)) {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            _ => {
                self.term()?;
                Err(Verdict::Open(format!(
                    "'{}' in the record of {domain} depends on more than the address",
                    term.text
                )))
            }
        }
    }

    /// Counts a term that asks DNS.
    fn term(&mut self) -> Result<(), Verdict> {
        self.terms += 1;
        match self.terms > TERMS {
            true => Err(Verdict::Permanent(format!("more than {TERMS} terms ask DNS (RFC 7208, 4.6.4)"))),
            false => Ok(()),
        }
    }

    /// An answer that counts where it is empty.
    fn counted(&mut self, name: &str, kind: RecordKind) -> Result<&'a Answer, Verdict> {
        let answer = self.ask(name, kind)?;
        self.void += usize::from(answer.records.is_empty());
        match self.void > VOID {
            true => Err(Verdict::Permanent(format!("more than {VOID} terms find nothing (RFC 7208, 4.6.4)"))),
            false => Ok(answer),
        }
    }

    fn ask(&self, name: &str, kind: RecordKind) -> Result<&'a Answer, Verdict> {
        match find(self.dns, name, kind).map(|lookup| &lookup.answer) {
            Some(Observed::Known(answer)) => Ok(answer),
            Some(Observed::Unknown(miss)) => Err(Verdict::Temporary(format!("{name}: {}", miss.said))),
            _ => Err(Verdict::Open(format!("{name} was not asked for"))),
        }
    }
}

const MECHANISMS: [&str; 8] = ["all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"];

fn parse(record: &str) -> Vec<Term<'_>> {
    let words = record.split(' ').skip(1).filter(|word| !word.is_empty());
    let term = |text| {
        let (qualifier, rest) = match str::split_at_checked(text, 1) {
            Some(("+", rest)) => (Qualifier::Pass, rest),
            Some(("-", rest)) => (Qualifier::Fail, rest),
            Some(("~", rest)) => (Qualifier::SoftFail, rest),
            Some(("?", rest)) => (Qualifier::Neutral, rest),
            _ => (Qualifier::Pass, text),
        };
        let end = rest.find([':', '=', '/']).unwrap_or(rest.len());
        let (name, tail) = rest.split_at(end);
        let modifier = tail.starts_with('=');
        let value = tail.strip_prefix([':', '=']).unwrap_or(tail);
        Term { text, qualifier, name: name.to_ascii_lowercase(), value, modifier }
    };
    words.map(term).collect()
}

/// The domain that a term names, which is the record's own where it names none.
fn target(term: &Term, domain: &str) -> Result<String, Verdict> {
    let name = term.value.split('/').next().unwrap_or_default();
    let name = name.replace("%{d}", domain).replace("%{D}", domain);
    if name.contains('%') {
        return Err(Verdict::Open(format!("'{}' in the record of {domain} depends on the message", term.text)));
    }
    match (name.is_empty(), &*term.name) {
        (true, "a" | "mx") => Ok(domain.into()),
        (true, _) => Err(Verdict::Permanent(format!("'{}' in the record of {domain} names no domain", term.text))),
        (false, _) => Ok(name.trim_end_matches('.').to_lowercase()),
    }
}

/// The prefix length of `a/24//64` for the address's family.
fn length(term: &Term, v4: bool) -> Option<u32> {
    let most = if v4 { 32 } else { 128 };
    let Some((_, lengths)) = term.value.split_once('/') else { return Some(most) };
    let (four, six) = match lengths.strip_prefix('/') {
        Some(six) => ("", six),
        None => lengths.split_once("//").unwrap_or((lengths, "")),
    };
    let own = if v4 { four } else { six };
    match own.is_empty() {
        true => Some(most),
        false => own.parse().ok().filter(|length| *length <= most),
    }
}

/// Whether `ip` is in the net of `length` bits around `net`.
fn inside(ip: IpAddr, net: IpAddr, length: u32) -> bool {
    match (ip, net) {
        (IpAddr::V4(ip), IpAddr::V4(net)) => {
            let shift = 32 - length.min(32);
            u64::from(ip.to_bits()) >> shift == u64::from(net.to_bits()) >> shift
        }
        (IpAddr::V6(ip), IpAddr::V6(net)) => {
            let mask = u128::MAX.checked_shl(128 - length.min(128)).unwrap_or(0);
            ip.to_bits() & mask == net.to_bits() & mask
        }
        _ => false,
    }
}

/// Whether an address is not one of the Internet's: nobody there ever sees it, so SPF need not name it.
pub fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let shared = ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64; // RFC 6598
            ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || shared
        }
        IpAddr::V6(ip) => {
            let head = ip.segments()[0];
            ip.is_loopback() || ip.is_unspecified() || head & 0xfe00 == 0xfc00 || head & 0xffc0 == 0xfe80
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::World;

    fn world(record: &str) -> World {
        let mut world = World::healthy();
        world.dns("contoso.com", RecordKind::Txt, record);
        world.dns("contoso.com", RecordKind::A, "203.0.113.80");
        world.dns("contoso.com", RecordKind::Aaaa, "");
        world.dns("one.example", RecordKind::Txt, "v=spf1 ip4:198.51.100.0/24 -all");
        world.dns("two.example", RecordKind::Txt, "v=spf1 include:one.example ?all");
        world.dns("none.example", RecordKind::Txt, "hello");
        world.dns("late.example", RecordKind::Txt, "SILENCE");
        world.dns("odd.example", RecordKind::Txt, "v=spf1 exists:%{i}.spf.example -all");
        world.dns("loop.example", RecordKind::Txt, "v=spf1 include:loop.example -all");
        world
    }

    #[test]
    fn records_are_read_as_receivers_read_them() {
        let cases = [
            ("v=spf1 ip4:198.51.100.7 -all", "198.51.100.7", "Pass, ip4:198.51.100.7 of contoso.com"),
            ("v=spf1 ip4:198.51.100.0/24 -all", "198.51.101.7", "Fail, -all of contoso.com"),
            ("v=spf1 ip4:0.0.0.0/0 -all", "198.51.101.7", "Pass, ip4:0.0.0.0/0 of contoso.com"),
            ("V=SPF1 IP6:2001:db8::/32 ~ALL", "2001:db8::1", "Pass, IP6:2001:db8::/32 of contoso.com"),
            ("v=spf1 ip6:2001:db8::/32 ~all", "198.51.100.7", "SoftFail, ~all of contoso.com"),
            ("v=spf1 a -all", "203.0.113.80", "Pass, a of contoso.com"),
            ("v=spf1 a/28 -all", "203.0.113.81", "Pass, a/28 of contoso.com"),
            ("v=spf1 a//64 -all", "203.0.113.81", "Fail, -all of contoso.com"),
            ("v=spf1 mx -all", "192.0.2.25", "Pass, mx of contoso.com"),
            ("v=spf1 a:mx1.contoso.com -all", "192.0.2.25", "Pass, a:mx1.contoso.com of contoso.com"),
            ("v=spf1 include:two.example -all", "198.51.100.7", "Pass, include:two.example of contoso.com"),
            ("v=spf1 include:two.example -all", "203.0.113.7", "Fail, -all of contoso.com"),
            ("v=spf1 redirect=one.example", "203.0.113.7", "Fail, -all of one.example"),
            ("v=spf1 exp=x.example ip4:192.0.2.1", "203.0.113.7", "Neutral, the end of the record of contoso.com"),
            ("v=spf10 -all", "203.0.113.7", "none"),
            ("", "203.0.113.7", "none"),
            ("v=spf1 -all, v=spf1 mx -all", "203.0.113.7", "several: 2"),
            (
                "v=spf1 include:none.example -all",
                "203.0.113.7",
                "permanent: 'include:none.example' leads to no SPF record",
            ),
            (
                "v=spf1 ip4:1.2.3 -all",
                "203.0.113.7",
                "permanent: 'ip4:1.2.3' in the record of contoso.com cannot be read",
            ),
            ("v=spf1 mail -all", "203.0.113.7", "permanent: 'mail' in the record of contoso.com is no mechanism"),
            (
                "v=spf1 include:loop.example -all",
                "203.0.113.7",
                "permanent: more than 10 terms ask DNS (RFC 7208, 4.6.4)",
            ),
            ("v=spf1 include:late.example -all", "203.0.113.7", "temporary: late.example: no answer in 10 s"),
            ("SERVFAIL", "203.0.113.7", "temporary: contoso.com: the resolver failed"),
            (
                "v=spf1 include:odd.example -all",
                "203.0.113.7",
                "open: 'exists:%{i}.spf.example' in the record of odd.example depends on more than the address",
            ),
            ("v=spf1 include:odd.example ip4:203.0.113.7 -all", "203.0.113.7", "Pass, ip4:203.0.113.7 of contoso.com"),
        ];
        for (record, ip, expected) in cases {
            let told = match verdict(&world(record).evidence.dns, "contoso.com", ip.parse().unwrap()) {
                Verdict::Result(result, by) => format!("{result:?}, {by}"),
                Verdict::None => "none".into(),
                Verdict::Several(count) => format!("several: {count}"),
                Verdict::Permanent(why) => format!("permanent: {why}"),
                Verdict::Temporary(why) => format!("temporary: {why}"),
                Verdict::Open(why) => format!("open: {why}"),
            };
            assert_eq!(told, expected, "{record} {ip}");
        }
    }

    #[test]
    fn what_is_wanted_is_what_is_missing_and_never_without_end() {
        let mut world = World::healthy();
        let txt = |name: &str| (name.to_string(), RecordKind::Txt);
        assert_eq!(wanted(&world.evidence.dns, "contoso.com"), [txt("contoso.com")]);
        world.dns("contoso.com", RecordKind::Txt, "v=spf1 mx a:x.example include:one.example ip4:192.0.2.1 -all");
        let of = |kind| ("x.example".to_string(), kind);
        let expected = [of(RecordKind::A), of(RecordKind::Aaaa), txt("one.example")];
        assert_eq!(wanted(&world.evidence.dns, "contoso.com"), expected);
        world.dns("one.example", RecordKind::Txt, "v=spf1 redirect=one.example");
        assert_eq!(wanted(&world.evidence.dns, "contoso.com"), expected[..2]);
        let many = (0..40).fold("v=spf1".to_string(), |record, at| format!("{record} include:i{at}.example"));
        world.dns("contoso.com", RecordKind::Txt, &many);
        assert_eq!(wanted(&world.evidence.dns, "contoso.com").len(), 10);
    }
}
