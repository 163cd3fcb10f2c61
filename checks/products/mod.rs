//! Who stands there: which product answers at a hop, guessed from its name and its words, and what that product is known for.
mod advice;
mod exim;
mod names;
pub mod postfix;
pub mod remedies;
mod words;

use crate::evidence::dns::{Record, RecordKind};
use crate::evidence::smtp::{Hop, Turn, Who};
use crate::prelude::*;
use crate::replies::sources::in_words;
use crate::replies::{self, Confidence, Text};
pub use advice::{ADVICE, Advice, advice};
use alloc::collections::BTreeSet;

/// One guess at a hop's product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fingerprint {
    /// The product.
    pub product: String,
    /// What it is guessed from.
    pub by: By,
    /// How good a guess it is.
    pub confidence: Confidence,
    /// The JSON Pointer to what it is guessed from.
    pub evidence: String,
    /// Where we know the mark from.
    pub source: String,
}

/// What a product is guessed from, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// Words of a reply to MAIL or RCPT.
    Reply,
    /// The greeting.
    Greeting,
    /// The answer to EHLO.
    Ehlo,
    /// The host's name.
    Name,
    /// The domain's SPF record, which tells of the way out.
    Spf,
}

struct Name {
    suffix: &'static str,
    product: &'static str,
    source: &'static str,
    confidence: Confidence,
}

struct Words {
    texts: &'static [&'static str],
    product: &'static str,
    source: &'static str,
    confidence: Confidence,
}

/// The ends of the names of hosts that many organisations share, because a provider runs them.
pub fn known_names() -> impl Iterator<Item = &'static str> {
    names::MX.iter().chain(names::SPF).map(|name| name.suffix)
}

/// What products are known by in what they say.
pub fn known_words() -> impl Iterator<Item = &'static str> {
    let all = words::GREETINGS.iter().chain(words::EHLO).chain(words::REPLIES);
    all.flat_map(|words| words.texts.iter().copied().chain([words.product]))
}

/// Products that are made of others, whose words they may use.
const MADE_OF: [(&str, &str); 14] = [
    ("Proofpoint Essentials", "Postfix"),
    ("Proofpoint", "Sendmail"),
    ("Trend Micro Email Security", "Postfix"),
    ("Trend Micro InterScan", "Postfix"),
    ("Sophos Email", "Postfix"),
    ("Symantec Messaging Gateway", "Postfix"),
    ("Hornetsecurity", "Postfix"),
    ("SpamTitan", "Postfix"),
    ("Zimbra", "Postfix"),
    ("N-able Mail Assure", "Exim"),
    ("Exchange Online", "Exchange"),
    ("Outlook.com", "Exchange Online"),
    ("Gmail", "Google Workspace"),
    ("OpenSMTPD", "Sendmail"),
];

/// How many different replies of a hop are looked at.
const REPLIES: usize = 64;

/// The guesses at the product of `hop`, the best first; `at` is its place among the evidence's hops.
pub fn fingerprints(question: &Question, evidence: &Evidence, hop: &Hop, at: usize) -> Vec<Fingerprint> {
    let mut found: Vec<Fingerprint> = Vec::new();
    let mut replies = BTreeSet::new();
    for (nth, session) in evidence.smtp.iter().enumerate().filter(|(_, session)| session.hop == hop.id) {
        for (place, turn) in session.transcript.iter().enumerate().filter(|(_, turn)| turn.who == Who::Server) {
            let (by, table) = match turn.stage {
                Stage::Greeting => (By::Greeting, words::GREETINGS),
                Stage::Ehlo => (By::Ehlo, words::EHLO),
                // Of those that differ in the recipient alone one is enough, wherever in a long run it stands.
                Stage::Mail | Stage::Rcpt if replies.len() < REPLIES && replies.insert(without_recipient(turn)) => {
                    (By::Reply, words::REPLIES)
                }
                _ => continue,
            };
            let text = Text::new(own_words(turn.code.unwrap_or_default(), &turn.text()));
            let Some(mark) = table.iter().find(|mark| mark.texts.iter().any(|pattern| text.holds(pattern))) else {
                continue;
            };
            add(
                &mut found,
                by,
                mark.product,
                mark.confidence,
                mark.source,
                format!("/evidence/smtp/{nth}/transcript/{place}"),
            );
        }
    }
    if let Some((product, confidence, source)) = by_name(&hop.host) {
        add(&mut found, By::Name, product, confidence, source, format!("/evidence/hops/{at}"));
    }
    if hop.role == Role::Gateway {
        by_spf(question, evidence, &mut found);
    }
    found.sort_by_key(|guess| (guess.confidence == Confidence::Low, guess.by));
    found
}

/// The product that `guesses` amount to, the best first: one that is made of the best guess stands for it. A guess of low
/// confidence amounts to nothing: what SPF includes sends for the domain, and need not stand at its MX.
pub fn product(guesses: &[Fingerprint]) -> Option<&str> {
    let mut product = &*guesses.iter().find(|guess| guess.confidence != Confidence::Low)?.product;
    while let Some(whole) = guesses.iter().find(|guess| made_of(&guess.product, product)) {
        product = &whole.product;
    }
    Some(product)
}

/// The products that stand at one address, the outermost first, where name, greeting and replies are of several that
/// are not made of each other: a relay, or a proxy that hands the next host's replies through.
pub fn layers(guesses: &[Fingerprint]) -> Vec<&str> {
    let sure = |guess: &&Fingerprint| guess.confidence != Confidence::Low && guess.by != By::Spf;
    let mut sorted: Vec<&Fingerprint> = guesses.iter().filter(sure).collect();
    sorted.sort_by_key(|guess| core::cmp::Reverse(guess.by));
    let mut layers: Vec<&str> = Vec::new();
    for guess in &sorted {
        let part = sorted.iter().any(|other| made_of(&other.product, &guess.product));
        if !part && !layers.contains(&&*guess.product) {
            layers.push(&guess.product);
        }
    }
    if layers.len() > 1 { layers } else { Vec::new() }
}

fn made_of(whole: &str, part: &str) -> bool {
    MADE_OF.iter().any(|(product, of)| *product == whole && (*of == part || made_of(of, part)))
}

fn add(found: &mut Vec<Fingerprint>, by: By, product: &str, confidence: Confidence, source: &str, evidence: String) {
    if !found.iter().any(|guess| guess.by == by && guess.product == product) {
        found.push(Fingerprint { product: product.into(), by, confidence, evidence, source: in_words(source) });
    }
}

/// A reply's code and text, with nothing in the place of the recipient.
fn without_recipient(turn: &Turn) -> (Option<u16>, String) {
    let text = turn.text().to_lowercase();
    let recipient = turn.recipient.as_deref().unwrap_or_default();
    let local = recipient.split('@').next().unwrap_or_default();
    match local.is_empty() {
        true => (turn.code, text),
        false => (turn.code, text.replace(recipient, "").replace(local, "")),
    }
}

/// A reply without what it quotes of another host's.
fn own_words(code: u16, text: &str) -> &str {
    let verdict = replies::classify(Stage::Rcpt, code, text);
    let marker = verdict.row.and_then(|row| row.quotes).filter(|_| verdict.quoted.is_some());
    let end = marker.and_then(|marker| Some(text.to_ascii_lowercase().find(marker)? + marker.len()));
    end.map_or(text, |end| &text[..end])
}

/// The product that a host's name tells of.
pub fn of_host(host: &str) -> Option<&'static str> {
    by_name(host.trim_end_matches('.')).map(|(product, ..)| product)
}

fn by_name(host: &str) -> Option<(&'static str, Confidence, &'static str)> {
    let host = host.to_lowercase();
    if host.starts_with(names::SES.0) && host.ends_with(names::SES.1) {
        return Some(("Amazon SES", Confidence::High, "SOE"));
    }
    let best = names::MX.iter().filter(|name| ends(&host, name.suffix)).max_by_key(|name| name.suffix.len())?;
    Some((best.product, best.confidence, best.source))
}

/// Whether `name` is `suffix`, or a name below it.
fn ends(name: &str, suffix: &str) -> bool {
    name.strip_suffix(suffix).is_some_and(|head| head.is_empty() || head.ends_with('.'))
}

fn by_spf(question: &Question, evidence: &Evidence, found: &mut Vec<Fingerprint>) {
    let Some((at, lookup)) = evidence.dns_of(&question.domain, RecordKind::Txt) else { return };
    let Observed::Known(answer) = &lookup.answer else { return };
    for record in &answer.records {
        let Record::Text(text) = record else { continue };
        let text = text.to_lowercase();
        let Some(terms) = text.strip_prefix("v=spf1 ") else { continue };
        for term in terms.split_whitespace() {
            let Some((_, target)) = term.split_once([':', '=']) else { continue };
            let Some(name) = names::SPF.iter().find(|name| ends(target, name.suffix)) else { continue };
            add(found, By::Spf, name.product, Confidence::Low, name.source, format!("/evidence/dns/{at}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{GATEWAY, World, turn};

    /// Product and layers of a gateway that is called, greets, and refuses so.
    fn seen(host: &str, greeting: &str, ehlo: &str, reply: &str) -> (Option<String>, String) {
        let mut world = World::healthy();
        let hop = world.evidence.hops.iter_mut().find(|hop| hop.id == GATEWAY).unwrap();
        hop.host = host.into();
        let session = world.last(GATEWAY);
        session.transcript[0] = turn(Stage::Greeting, greeting, None);
        session.transcript[1] = turn(Stage::Ehlo, ehlo, None);
        world.answers_all(GATEWAY, reply);
        let guesses = fingerprints(&world.question, &world.evidence, &world.evidence.hops[0], 0);
        (product(&guesses).map(String::from), layers(&guesses).join(" > "))
    }

    #[test]
    fn replies_count_before_the_greeting_the_greeting_before_ehlo_and_ehlo_before_the_name() {
        let mimecast = "550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550 [x.uk12]";
        let postfix = "550 5.1.1 <a@contoso.com>: Recipient address rejected: User unknown in relay recipient table";
        let exchange = "250 EXCH01 Hello [192.0.2.1] X-ANONYMOUSTLS AUTH NTLM X-EXPS GSSAPI NTLM XRDST";
        let plain = "250 STARTTLS";
        let cases = [
            (("mx1.contoso.com", "220 ESMTP", plain, "250 ok"), None, ""),
            (("mx1.contoso.com", "220 mx1 ESMTP Postfix", plain, "250 ok"), Some("Postfix"), ""),
            (("mx1.contoso.com", "220 mx1 ESMTP", exchange, "250 ok"), Some("Exchange"), ""),
            (
                ("mx1.contoso.com", "220 mx1 ESMTP", plain, "550 #5.1.0 Address rejected."),
                Some("Cisco Secure Email"),
                "",
            ),
            (("eu-smtp-inbound-1.mimecast.com", "220 ESMTP", plain, "250 ok"), Some("Mimecast"), ""),
            (("eu-smtp-inbound-1.mimecast.com", "220 ESMTP", plain, mimecast), Some("Mimecast"), ""),
            (("notmimecast.com", "220 ESMTP", plain, "250 ok"), None, ""),
            // What a product is made of is no second layer.
            (
                ("mx-01-eu-west-1.prod.hydra.sophos.com", "220 x ESMTP Postfix", plain, postfix),
                Some("Sophos Email"),
                "",
            ),
            // A proxy that hands Exchange's words through, and a relay behind a gateway's name.
            (("mx1.contoso.com", "220 mx1 ESMTP Postfix", exchange, "250 ok"), Some("Postfix"), "Exchange > Postfix"),
            (
                ("mx1.contoso.com", "220 mx1 Microsoft ESMTP MAIL Service ready at x", plain, mimecast),
                Some("Mimecast"),
                "Exchange > Mimecast",
            ),
            (
                (
                    "contoso-com.mail.protection.outlook.com",
                    "220 X.mail.protection.outlook.com Microsoft ESMTP MAIL Service ready at x",
                    plain,
                    "250 2.1.5 Recipient OK",
                ),
                Some("Exchange Online"),
                "",
            ),
        ];
        for ((host, greeting, ehlo, reply), expected, stacked) in cases {
            let (product, layers) = seen(host, greeting, ehlo, reply);
            assert_eq!((product.as_deref(), &*layers), (expected, stacked), "{host} {greeting} {ehlo} {reply}");
        }
    }

    #[test]
    fn a_mark_counts_wherever_in_a_long_run_it_stands() {
        let mut world = World::healthy();
        world.answers_all(GATEWAY, "250 ok");
        for number in 0..200 {
            let address = format!("user{number}@contoso.com");
            world.rcpt(GATEWAY, &address, &format!("250 <{address}> ok"));
        }
        let refusal = "550 5.1.1 <x@contoso.com>: Recipient address rejected: User unknown in relay recipient table";
        world.rcpt(GATEWAY, "x@contoso.com", refusal);
        let guesses = fingerprints(&world.question, &world.evidence, &world.evidence.hops[0], 0);
        assert_eq!(product(&guesses), Some("Postfix"));
    }

    #[test]
    fn a_quoted_reply_is_not_the_hops_own() {
        let quoting = "550 5.1.1 <a@contoso.com>: Recipient address rejected: undeliverable address: host \
                       aspmx.l.google.com[192.0.2.9] said: 550-5.1.1 The email account that you tried to reach does not \
                       exist. - gsmtp (in reply to RCPT TO command)";
        assert_eq!(seen("mx1.contoso.com", "220 x", "250 x", quoting), (Some("Postfix".into()), String::new()));
    }

    #[test]
    fn spf_is_a_weak_guess_and_each_guess_has_its_evidence() {
        let mut world = World::healthy();
        let records =
            vec![Record::Text("v=spf1 include:_spf.google.com include:eu._netblocks.mimecast.com -all".into())];
        let answer = Observed::Known(crate::evidence::dns::Answer { exists: true, aliases: vec![], records });
        world.answers_all(GATEWAY, "250 ok");
        world.evidence.dns[0].kind = RecordKind::Txt;
        world.evidence.dns[0].answer = answer;
        let guesses = fingerprints(&world.question, &world.evidence, &world.evidence.hops[0], 0);
        let told: Vec<_> = guesses.iter().map(|guess| (&*guess.product, guess.by, &*guess.evidence)).collect();
        assert_eq!(told, [("Google Workspace", By::Spf, "/evidence/dns/0"), ("Mimecast", By::Spf, "/evidence/dns/0")]);
        assert_eq!((product(&guesses), layers(&guesses)), (None, vec![]), "who sends need not receive");
    }

    #[test]
    fn marks_are_written_as_they_are_compared() {
        for words in words::GREETINGS.iter().chain(words::EHLO).chain(words::REPLIES) {
            assert!(words.texts.iter().all(|text| *text == text.to_lowercase()) && !words.source.is_empty());
        }
        for name in names::MX.iter().chain(names::SPF) {
            assert!(name.suffix == name.suffix.to_lowercase() && !name.source.is_empty(), "{}", name.suffix);
        }
        // Who is known for something is somebody whom a mark names.
        let known = |product: &str| {
            words::GREETINGS.iter().chain(words::EHLO).chain(words::REPLIES).any(|words| words.product == product)
                || names::MX.iter().any(|name| name.product == product)
        };
        assert!(ADVICE.iter().all(|advice| known(advice.product) || advice.product == "Amazon SES"));
    }
}
