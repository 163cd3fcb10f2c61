//! Pseudonyms: a report in which tokens stand for people, hosts, addresses, objects and files, and what belongs together
//! still does.
//!
//! Evidence and settings are gone through field by field; everything else is judged anew from them, so nothing that follows
//! from the evidence can hold a name that the evidence does not.
mod addresses;
mod fields;
mod names;
mod text;
mod tokens;

use crate::commands::recheck;
use addresses::Addresses;
use aho_corasick::{AhoCorasick, MatchKind};
use nsdiag_checks::evidence::Evidence;
use nsdiag_checks::report::{Redacted, Report, Run};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use tokens::Kind;
pub use tokens::Tokens;

/// Goes through a report.
struct Redactor<'t> {
    tokens: &'t mut Tokens,
    addresses: Option<Addresses>,
    /// The addresses of IP that were met.
    met: BTreeSet<IpAddr>,
    /// The domains that keep their names: the shared one, and those above it.
    kept_domains: Vec<String>,
    /// What `DOMAIN` of `DOMAIN\user` may be that the shared domain shows anyway.
    kept_labels: BTreeSet<String>,
    /// The local parts of the random controls.
    controls: BTreeSet<String>,
    /// The local part that the dialogue is about at this place.
    own: Option<String>,
    /// Names of several words, with what stands for them.
    phrases: Option<(AhoCorasick, Vec<String>)>,
    /// Local parts, with what stands for them.
    users: Option<(AhoCorasick, Vec<String>)>,
}

/// `report` with tokens in place of names, and what there is to say of it: `notes`, with tokens too, and what is new.
///
/// # Errors
/// In words, where it would be no report any more.
pub fn redact(
    report: &Report,
    level: Redacted,
    tokens: &mut Tokens,
    notes: &[String],
) -> Result<(Report, Vec<String>), String> {
    let level = report.run.redacted.map_or(level, |before| before.max(level));
    let parts = serde_json::to_value((&report.run, &report.evidence, notes)).expect("a report is JSON");
    tokens.again = report.run.redacted.is_some();
    let mut redactor = Redactor::new(report, level, tokens);
    let mut redacted = parts.clone();
    redactor.parts(&mut redacted);
    // What is met is numbered when all is known; a name in a sentence is one that stands elsewhere, perhaps behind it.
    let mut met = usize::MAX;
    for _ in 0..8 {
        if !redactor.tokens.is_wanting() && met == redactor.met.len() {
            break;
        }
        met = redactor.met.len();
        redactor.tokens.number();
        redactor.addresses = Some(Addresses::new(&redactor.met, &redactor.tokens.addresses));
        redactor.phrases = redactor.known_phrases();
        redactor.users = redactor.known_locals();
        redacted = parts.clone();
        redactor.parts(&mut redacted);
    }
    redactor.remember();
    let wrong = |error| format!("it cannot be redacted: {error}");
    let (mut run, evidence, mut notes): (Run, Evidence, Vec<String>) =
        serde_json::from_value(redacted).map_err(wrong)?;
    run.redacted = Some(level);
    let (judged, _) = recheck::judge(&run, evidence);
    notes.extend(otherwise(report, &judged));
    Ok((judged, notes))
}

/// What the report says otherwise than before: of what, how bad and how sure.
fn otherwise(before: &Report, now: &Report) -> Vec<String> {
    let (before, _) = recheck::again(&before.run, before);
    let told = |report: &Report| {
        let all = report.findings.iter();
        let mut all: Vec<_> =
            all.map(|one| (one.code.clone(), one.severity, one.certainty, one.subjects.len())).collect();
        all.sort();
        all
    };
    match told(&before) == told(now) && before.verdict == now.verdict {
        true => vec![],
        false => {
            let codes =
                |report: &Report| report.findings.iter().map(|one| one.code.clone()).collect::<Vec<_>>().join(", ");
            let (old, new) = (codes(&before), codes(now));
            vec![format!(
                "with tokens in place of names it is judged otherwise, and is not to be relied on: {old} before, {new} now"
            )]
        }
    }
}

impl<'t> Redactor<'t> {
    fn new(report: &Report, level: Redacted, tokens: &'t mut Tokens) -> Self {
        let domain = report.run.settings.domain.to_lowercase();
        let kept = level == Redacted::Names || report.run.redacted == Some(Redacted::Domain);
        let mut kept_domains = Vec::new();
        let mut rest = Some(&*domain).filter(|_| kept);
        while let Some(one) = rest.filter(|one| one.contains('.')) {
            kept_domains.push(one.to_string());
            rest = one.split_once('.').map(|(_, above)| above);
        }
        let settings = &report.run.settings;
        // They are nobody's, if they are what they are to be.
        let controls = [&settings.random, &settings.second_random].into_iter().filter_map(|one| one.split('@').next());
        let is_random = |local: &&str| {
            local.len() == 16 && local.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        let first = |domain: &String| domain.split('.').next().map(String::from);
        Self {
            tokens,
            addresses: None,
            met: BTreeSet::new(),
            kept_labels: kept_domains.first().and_then(first).into_iter().filter(|label| label.len() > 2).collect(),
            kept_domains,
            controls: controls.filter(is_random).map(String::from).collect(),
            own: None,
            phrases: None,
            users: None,
        }
    }

    /// The run, the evidence and what was noted.
    fn parts(&mut self, parts: &mut Value) {
        for (at, name) in ["run", "evidence", "notes"].into_iter().enumerate() {
            self.walk(&mut parts[at], "", name);
        }
    }

    /// A finder of names that are no single words.
    fn known_phrases(&self) -> Option<(AhoCorasick, Vec<String>)> {
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '\'' | '+' | '-' | '.');
        let several = |key: &String| key.chars().count() > 3 && !key.chars().all(plain);
        let names = [Kind::Name, Kind::User].into_iter().flat_map(|kind| self.tokens.keys(kind));
        let names: BTreeMap<&String, &String> = names.filter(|(key, _)| several(key)).collect();
        finder(names)
    }

    /// A finder of local parts, but those that are words of replies or tokens, are numbers, or have one or two letters.
    fn known_locals(&self) -> Option<(AhoCorasick, Vec<String>)> {
        let telling = |key: &String| {
            key.chars().count() > 2
                && key.chars().any(char::is_alphabetic)
                && !text::is_of_replies(key)
                && !tokens::is_any_token(key)
        };
        finder(self.tokens.keys(Kind::User).filter(|(key, _)| telling(key)).collect())
    }

    /// Keeps what stands for which address.
    fn remember(&mut self) {
        if let Some(addresses) = &self.addresses {
            let pairs = self.met.iter().map(|ip| (*ip, addresses.of(*ip))).filter(|(from, to)| from != to);
            self.tokens.addresses.extend(pairs);
        }
    }
}

/// A finder of `names`, with what stands for each.
fn finder(names: BTreeMap<&String, &String>) -> Option<(AhoCorasick, Vec<String>)> {
    if names.is_empty() {
        return None;
    }
    let (keys, tokens): (Vec<&String>, Vec<&String>) = names.into_iter().unzip();
    let mut finder = AhoCorasick::builder();
    let finder = finder.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest).build(keys);
    Some((finder.ok()?, tokens.into_iter().cloned().collect()))
}
