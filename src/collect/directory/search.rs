//! Searches: in pages, with large attributes fetched to their end, and bounded in what is kept.
use super::filter::Filter;
use super::message::{self, Answer, Kind, Message, Outcome, RawEntry, Scope};
use super::refusal::refusal;
use super::weight::{ATTRIBUTE_OVERHEAD, ENTRY, ENTRY_OVERHEAD, VALUE_OVERHEAD, weight};
use super::wire::Wire;
use super::{Clock, ber};
use crate::collect::western;
use futures_util::future::join_all;
use nsdiag_checks::evidence::directory::Entry;
use nsdiag_checks::evidence::{How, Miss, dn};
use std::collections::btree_map::Entry as MapEntry;
use tokio::time::Instant;

/// How many entries a page holds: AD's own limit.
const PAGE: i32 = 1000;
const PAGE_SIZE: usize = 1000;
/// What a step is called.
const SEARCH: &str = "a directory search";
/// How many pages without an entry may follow each other: a server that looks long sends some.
const EMPTY: usize = 100;

/// What to search for.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) base: &'a str,
    pub(super) scope: Scope,
    pub(super) filter: &'a Filter,
    pub(super) attributes: &'a [&'a str],
    /// The most entries to take; 0 is all.
    pub(super) most: usize,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The entries, by name.
    pub(super) entries: Vec<Entry>,
    /// Another domain that the server referred to, or what may be one: the first of them.
    pub(super) elsewhere: Option<String>,
    /// Whether there is more than was taken.
    pub(super) more: bool,
    /// Whether some were left out to leave room for other answers.
    pub(super) left_out: bool,
}

/// One who searches in a session.
#[derive(Clone, Copy)]
pub(super) struct Searcher<'a> {
    pub(super) wire: &'a Wire,
    pub(super) clock: Clock,
}

impl Searcher<'_> {
    /// Searches, and keeps what is found. In pages only where the server shows no more at once: some servers lose the
    /// place of one search in pages where another is under way in the same session.
    pub(super) async fn search(self, question: Question<'_>) -> Result<Found, Miss> {
        let (mut found, mut cut) = self.found(question, false).await?;
        if found.more && few(question).is_none() && question.scope != Scope::Base {
            (found, cut) = self.found(question, true).await?;
        }
        self.complete(&mut found.entries, cut).await?;
        once(&mut found.entries);
        Ok(found)
    }

    async fn found(self, question: Question<'_>, paged: bool) -> Result<(Found, Vec<(usize, Range)>), Miss> {
        let mut found = Found::default();
        let mut cut = Vec::new();
        let each = |entry: RawEntry| {
            if question.scope == Scope::Base && !found.entries.is_empty() {
                return Err(ber::unsound("one object was asked for, and it sends several"));
            }
            if question.most > 0 && found.entries.len() >= question.most {
                found.more = true;
                return Ok(());
            }
            // Whoever takes thousands leaves room for those who ask for a few.
            if question.most > PAGE_SIZE && self.wire.is_nearly_full() {
                found.left_out = true;
                return Ok(());
            }
            let (entry, ranges) = self.kept(entry, question.attributes)?;
            cut.extend(ranges.into_iter().map(|range| (found.entries.len(), range)));
            found.entries.push(entry);
            Ok(())
        };
        let (elsewhere, more) = self.each(question, paged, each).await?;
        found.elsewhere = elsewhere;
        found.more |= more;
        Ok((found, cut))
    }

    /// Searches, and shows each entry to `each`. Returns the first other domain that was referred to, and whether there is
    /// more than was shown.
    pub(super) async fn each(
        self,
        question: Question<'_>,
        paged: bool,
        mut each: impl FnMut(RawEntry) -> Result<(), Miss>,
    ) -> Result<(Option<String>, bool), Miss> {
        let few = few(question);
        let Question { base, scope, filter, attributes, .. } = question;
        let operation = message::search(base, scope, filter, attributes, few.unwrap_or(0));
        let mut elsewhere = None;
        let mut count = 0;
        let mut empty = 0;
        let mut top = None;
        let ask = |cookie: Vec<u8>| {
            let controls = if paged { message::paged(PAGE, &cookie) } else { vec![] };
            let operation = &operation;
            async move { self.wire.ask(Kind::Search, operation, &controls).await }
        };
        let mut next = None;
        let mut cookie = Vec::new();
        loop {
            let by = Instant::now() + self.clock.step;
            let before = count;
            let mut first = None;
            let mut answers = match next.take() {
                Some(answers) => answers,
                None => self.clock.until(by, SEARCH, ask(cookie)).await??,
            };
            let outcome = loop {
                let piece = self.clock.until(by, SEARCH, answers.next()).await??;
                let outcome = last(&piece)?;
                // The server may go on while we read: the next page is asked for before this one is looked at.
                let goes_on = |one: &Outcome| paged && one.code == 0 && !one.cookie.is_empty() && question.most == 0;
                if let Some(end) = answers.ahead()
                    && let Some(outcome) = last(&end)?.filter(goes_on)
                {
                    next = Some(self.clock.until(by, SEARCH, ask(outcome.cookie)).await??);
                }
                self.show(&piece, &mut elsewhere, |entry| {
                    count += 1;
                    first.get_or_insert_with(|| entry.dn.to_string());
                    each(entry)
                })?;
                if let Some(outcome) = outcome {
                    break outcome;
                }
            };
            match outcome.code {
                0 => {}
                // sizeLimitExceeded: the limit is ours, or one of the server's that pages get round.
                4 if !paged => return Ok((elsewhere, true)),
                _ => return Err(refusal(&outcome)),
            }
            let full = question.most > 0 && count >= question.most;
            // A cookie that was not asked for says that there is more as well.
            if outcome.cookie.is_empty() || full || !paged {
                return Ok((elsewhere, !outcome.cookie.is_empty()));
            }
            empty = if count == before { empty + 1 } else { 0 };
            let again = first.is_some() && first == top;
            if empty > EMPTY || again {
                let said = if again { "shows the same page again" } else { "shows one empty page after the other" };
                return Err(Miss::new(How::Protocol, format!("the directory server {said}")));
            }
            top = first.or(top);
            cookie = outcome.cookie;
        }
    }

    /// Shows the entries of a piece to `each`.
    fn show(
        self,
        piece: &[u8],
        elsewhere: &mut Option<String>,
        mut each: impl FnMut(RawEntry) -> Result<(), Miss>,
    ) -> Result<(), Miss> {
        let mut rest = piece;
        while let Some(length) = ber::whole(rest)? {
            match Message::read(&rest[..length])?.answer()? {
                Answer::Entry(entry) => each(entry)?,
                // The URLs of one reference are ways to the same place (RFC 4511, 4.5.3): one that differs is a doubt.
                Answer::Reference(urls) if urls.is_empty() || !urls.iter().all(|url| holds_no_recipients(url)) => {
                    let url = urls.into_iter().find(|url| !holds_no_recipients(url));
                    let url = url.filter(|url| !url.is_empty()).unwrap_or_else(|| "a server that is not named".into());
                    elsewhere.get_or_insert(url);
                }
                Answer::Reference(_) => {}
                Answer::Outcome(_) | Answer::Nothing => {}
            }
            rest = &rest[length..];
        }
        Ok(())
    }

    /// An entry as it is kept, and which of its attributes came in part only.
    pub(super) fn kept(self, raw: RawEntry, asked: &[&str]) -> Result<(Entry, Vec<Range>), Miss> {
        let mut cost = 0;
        let read = self.read(raw, asked, &mut cost)?;
        self.wire.keep(cost)?;
        Ok(read)
    }

    /// A copy of an entry that is kept; it counts as much.
    pub(super) fn copy(self, entry: &Entry) -> Result<Entry, Miss> {
        self.wire.keep(weight(entry))?;
        Ok(entry.clone())
    }

    /// An entry with those of its attributes that were asked for, and which of them came in part only.
    pub(super) fn read(self, mut raw: RawEntry, asked: &[&str], cost: &mut usize) -> Result<(Entry, Vec<Range>), Miss> {
        *cost += raw.dn.len() + ENTRY_OVERHEAD;
        let dn = std::mem::take(&mut raw.dn);
        let mut entry = Entry { dn: dn.into(), ..Entry::default() };
        let mut ranges = Vec::new();
        while let Some((name, mut values)) = raw.next()? {
            let (name, options) = name.split_once(';').unwrap_or((name, ""));
            if !asked.iter().any(|each| each.eq_ignore_ascii_case(name)) {
                continue;
            }
            let name = name.to_ascii_lowercase();
            let mut add = |more: usize| {
                *cost += more;
                let said = "the directory server sent an object of more than 4 MiB";
                if *cost > ENTRY { Err(Miss::new(How::TooLarge, said)) } else { Ok(()) }
            };
            add(name.len() + ATTRIBUTE_OVERHEAD)?;
            let mut all = Vec::new();
            while let Some(value) = values.next()? {
                add(length(&name, value) + VALUE_OVERHEAD)?;
                all.push(value);
            }
            if let Some(next) = range(options)? {
                ranges.push(Range { attribute: name.clone(), next });
            }
            let values = texts(&name, &all);
            // A list that grows takes more than it holds.
            match entry.attributes.entry(name) {
                MapEntry::Vacant(place) => drop(place.insert(values)),
                MapEntry::Occupied(mut known) => known.get_mut().extend(values),
            }
        }
        Ok((entry, ranges))
    }

    /// Fetches the rest of attributes that came in part.
    async fn complete(self, entries: &mut [Entry], cut: Vec<(usize, Range)>) -> Result<(), Miss> {
        let rests = cut.into_iter().map(|(at, range)| {
            let dn = &entries[at].dn;
            async move { Ok((at, range.attribute.clone(), self.rest(dn, range).await?)) }
        });
        for rest in join_all(rests).await {
            let (at, attribute, values): (usize, String, Vec<String>) = rest?;
            entries[at].attributes.entry(attribute).or_default().extend(values);
        }
        Ok(())
    }

    async fn rest(self, dn: &str, range: Range) -> Result<Vec<String>, Miss> {
        let Range { attribute, mut next } = range;
        let mut values = Vec::new();
        let everything = Filter::Has("objectClass");
        let odd = || Miss::new(How::Protocol, format!("the server does not give all values of {attribute}"));
        loop {
            let wanted = format!("{attribute};range={next}-*");
            let operation = message::search(dn, Scope::Base, &everything, &[&wanted], 0);
            let by = Instant::now() + self.clock.step;
            let mut answers = self.clock.until(by, SEARCH, self.wire.ask(Kind::Search, &operation, &[])).await??;
            let mut part = None;
            let outcome = loop {
                let piece = self.clock.until(by, SEARCH, answers.next()).await??;
                self.show(&piece, &mut None, |raw| {
                    part = Some(self.kept(raw, &[&attribute])?);
                    Ok(())
                })?;
                if let Some(outcome) = last(&piece)? {
                    break outcome;
                }
            };
            if outcome.code != 0 {
                return Err(refusal(&outcome));
            }
            let (mut entry, ranges) = part.ok_or_else(odd)?;
            let more = entry.attributes.remove(&attribute).filter(|more| !more.is_empty()).ok_or_else(odd)?;
            let got = next + more.len();
            values.extend(more);
            match ranges.first() {
                None => return Ok(values),
                Some(range) if range.next == got => next = got,
                Some(_) => return Err(odd()),
            }
        }
    }
}

/// Sorts entries by name, each of them once: what changes its place between two pages comes twice. The later one stays.
pub(super) fn once(entries: &mut Vec<Entry>) {
    entries.sort_by(|a, b| a.dn.cmp(&b.dn));
    entries.dedup_by(|later, earlier| {
        let same = later.dn == earlier.dn;
        if same {
            std::mem::swap(later, earlier);
        }
        same
    });
}

/// The limit to set, where less than a page is wanted.
fn few(question: Question<'_>) -> Option<i32> {
    i32::try_from(question.most).ok().filter(|most| (1..PAGE).contains(most))
}

/// What came of the search, where the last message of a piece says so.
fn last(piece: &[u8]) -> Result<Option<Outcome>, Miss> {
    let mut rest = piece;
    while let Some(length) = ber::whole(rest)? {
        if length == rest.len() {
            let message = Message::read(rest)?;
            return Ok(match message.is_last().then(|| message.answer()).transpose()? {
                Some(Answer::Outcome(outcome)) => Some(outcome),
                _ => None,
            });
        }
        rest = &rest[length..];
    }
    Ok(None)
}

/// An attribute of which a part came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Range {
    attribute: String,
    /// The number of the first value that is missing.
    next: usize,
}

/// From where an attribute with these options goes on: `range=0-1499` from 1500, `range=1500-*` is its end
/// (MS-ADTS, 3.1.1.3.1.3.3).
fn range(options: &str) -> Result<Option<usize>, Miss> {
    let Some(range) = options.split(';').find_map(|option| option.strip_prefix("range=")) else { return Ok(None) };
    let odd = || {
        let mut some: String = range.chars().take(40).collect();
        if some.len() < range.len() {
            some.push('…');
        }
        Miss::new(How::Protocol, format!("the server gives values in a range that is none: '{some}'"))
    };
    match range.split_once('-').ok_or_else(odd)? {
        (_, "*") => Ok(None),
        (_, last) => {
            let last: u32 = last.parse().map_err(|_| odd())?;
            Ok(Some(usize::try_from(last).unwrap_or(usize::MAX).saturating_add(1)))
        }
    }
}

/// An attribute's values as text, which is read leniently, each for itself: one value in another encoding hides none of
/// the others. Those of a binary attribute, and a value that is no text, are hexadecimal digits.
fn texts(name: &str, values: &[&[u8]]) -> Vec<String> {
    let hex = |value: &[u8]| value.iter().map(|byte| format!("{byte:02x}")).collect();
    let is_utf8 = |value: &&[u8]| std::str::from_utf8(value).is_ok();
    // Octet strings (Microsoft, "String(Octet) syntax"): objectGUID, msExchMailboxGuid, objectSid.
    let binary = (name.ends_with("guid") || name.ends_with("sid")) && !values.iter().all(is_utf8);
    let one = |value: &&[u8]| match std::str::from_utf8(value) {
        Ok(text) if !binary => text.to_string(),
        Err(_) if !binary && !value.iter().any(u8::is_ascii_control) => {
            // What grows letter by letter has room for more than it is.
            western::lenient(value).into_owned().into_boxed_str().into_string()
        }
        _ => hex(value),
    };
    values.iter().map(one).collect()
}

/// How long `value` is at most as such a text: a byte of Windows-1252 becomes up to three, and a digit is a letter.
fn length(name: &str, value: &[u8]) -> usize {
    let binary = name.ends_with("guid") || name.ends_with("sid");
    match std::str::from_utf8(value) {
        Ok(_) if !binary => value.len(),
        _ if binary || value.iter().any(u8::is_ascii_control) => 2 * value.len(),
        _ => value.iter().map(|byte| western::letter(*byte).len_utf8()).sum(),
    }
}

/// Whether a reference leads to a naming context of the same forest that holds no recipients: every search from an Active
/// Directory domain's root refers to the configuration and, where DNS is integrated, to `DomainDnsZones` and
/// `ForestDnsZones` (MS-ADTS, 6.1.1.1). What cannot be told may be another domain.
fn holds_no_recipients(url: &str) -> bool {
    let Some(name) = name_in(url) else { return false };
    let (kinds, values): (Vec<String>, Vec<String>) = (dn::kinds(&name), dn::values(&name));
    // Of the parts, which are in front of those that make a domain: `CN=Schema,CN=Configuration`, `DC=DomainDnsZones`.
    let front = kinds.iter().take_while(|kind| *kind != "dc").count();
    let domain = kinds.len() > front && kinds[front..].iter().all(|kind| kind == "dc");
    let named = |at: usize, name: &str| values.get(at).is_some_and(|value| value.eq_ignore_ascii_case(name));
    let common = kinds[..front].iter().all(|kind| kind == "cn");
    domain
        && match front {
            0 => kinds.len() > 1 && (named(0, "DomainDnsZones") || named(0, "ForestDnsZones")),
            1 => common && named(0, "Configuration"),
            2 => common && named(0, "Schema") && named(1, "Configuration"),
            _ => false,
        }
}

/// The name in an LDAP URL, `ldap://host:port/NAME?attributes?scope` (RFC 4516); none where there is none, or none that
/// can be read.
fn name_in(url: &str) -> Option<String> {
    let (_, behind) = url.trim().split_once("://")?;
    let (_, path) = behind.split_once('/')?;
    let name = path.split('?').next()?;
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        let cases = [
            ("", Ok(None)),
            ("binary", Ok(None)),
            ("range=0-1499", Ok(Some(1500))),
            ("range=1500-*", Ok(None)),
            ("range=x", Err(())),
            ("range=0-99999999999", Err(())),
        ];
        for (options, expected) in cases {
            assert_eq!(range(options).map_err(drop), expected, "{options}");
        }
    }

    #[test]
    fn a_reference_leads_to_a_domain_unless_its_name_says_otherwise() {
        let cases = [
            ("ldap://ForestDnsZones.contoso.com/DC=ForestDnsZones,DC=contoso,DC=com", true),
            ("ldaps://domaindnszones.contoso.com:636/dc=domaindnszones, dc=contoso,dc=com??sub", true),
            ("ldap://contoso.com/CN=Configuration,DC=contoso,DC=com", true),
            ("LDAP://contoso.com/CN%3dConfiguration%2cDC%3Dcontoso%2CDC%3Dcom", true),
            ("ldap://contoso.com/CN=Schema,CN=Configuration,DC=contoso,DC=com", true),
            ("ldap://emea.contoso.com/DC=emea,DC=contoso,DC=com", false),
            // The host alone, a value, or a part of a name says nothing.
            ("ldap://ForestDnsZones.contoso.com/DC=emea,DC=contoso,DC=com", false),
            ("ldap://contoso.com/DC=DomainDnsZonesArchive,DC=contoso,DC=com", false),
            ("ldap://contoso.com/DC=emea,DC=DomainDnsZones,DC=contoso,DC=com", false),
            ("ldap://contoso.com/OU=Configuration,DC=contoso,DC=com", false),
            ("ldap://contoso.com/OU=People,CN=Configuration,DC=contoso,DC=com", false),
            ("ldap://contoso.com/CN=Configuration\\,DC=contoso,DC=com", false),
            ("ldap://contoso.com/CN=Configuration", false),
            // Without a name, or with one that cannot be read.
            ("ldap://ForestDnsZones.contoso.com", false),
            ("ldap://ForestDnsZones.contoso.com/", false),
            ("ldap://contoso.com/CN%3Configuration,DC=contoso,DC=com", false),
            ("ldap://contoso.com/CN=Configuration%ff,DC=contoso,DC=com", false),
            ("ldap://contoso.com/Configuration", false),
            ("CN=Configuration,DC=contoso,DC=com", false),
            ("", false),
        ];
        for (url, expected) in cases {
            assert_eq!(holds_no_recipients(url), expected, "{url}");
        }
    }

    #[test]
    fn values_are_text_or_digits() {
        type Case<'a> = (&'a str, [&'a [u8]; 2], [&'a str; 2]);
        let cases: [Case; 6] = [
            ("cn", [b"a", "ü".as_bytes()], ["a", "ü"]),
            ("cn", [b"a", b"Stra\xdfe"], ["a", "Straße"]),
            ("proxyaddresses", [b"SMTP:a@b.c", b"smtp:\xfc@b.c"], ["SMTP:a@b.c", "smtp:ü@b.c"]),
            ("proxyaddresses", [b"SMTP:a@b.c", b"\xff\x00"], ["SMTP:a@b.c", "ff00"]),
            ("msexchmailboxguid", [b"a", b"\xff\x41"], ["61", "ff41"]),
            ("objectsid", [b"a", b"b"], ["a", "b"]),
        ];
        for (name, values, expected) in cases {
            assert_eq!(texts(name, &values), expected, "{name}");
            for (value, text) in values.iter().zip(expected) {
                assert!(length(name, value) >= text.len(), "{name} {text}");
            }
        }
    }
}
