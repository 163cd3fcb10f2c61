//! What the user says of the replies of their own gateway (`[[reply]]` of the configuration): it beats the catalogue.
use super::row::Text;
use super::{Meaning, Verdict};
use crate::evidence::Hop;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Words of a reply that no catalogue can know, and what they mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OwnReply {
    /// A part of the reply, its code included; case, accents and runs of white space do not count.
    pub pattern: String,
    /// What it means.
    pub meaning: Meaning,
    /// The one host that says it, by name or by address; none is every host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

impl OwnReply {
    /// Whether it is for the replies of `hop`.
    pub fn is_for(&self, hop: &Hop) -> bool {
        let is = |host: &str| {
            let address = hop.address.is_some_and(|address| host.parse() == Ok(address));
            address || host.trim_end_matches('.').eq_ignore_ascii_case(hop.host.trim_end_matches('.'))
        };
        self.host.as_deref().is_none_or(is)
    }

    /// Whether it is for the replies of a host that is called so; of one that is not named, only what is for every host.
    pub fn is_for_host(&self, named: Option<&str>) -> bool {
        let bare = |host: &str| host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
        match (&self.host, named) {
            (None, _) => true,
            (Some(host), Some(named)) => bare(host) == bare(named),
            (Some(_), None) => false,
        }
    }

    fn knows(&self, code: u16, text: &str) -> bool {
        let (pattern, reply) = (Text::new(&self.pattern), Text::new(&format!("{code} {text}")));
        reply.as_str().contains(pattern.as_str())
    }
}

/// Whether a pattern tells one reply from another: codes alone do not, and in place of addresses it sees none.
pub fn is_telling(pattern: &str) -> bool {
    let weight = |c: char| match c {
        _ if !c.is_alphabetic() => 0,
        // A sign of Chinese or Japanese says as much as a syllable.
        '\u{2e80}'.. => 2,
        _ => 1,
    };
    Text::new(pattern).as_str().chars().map(weight).sum::<usize>() >= 3
}

/// The meaning of a refusal by its name in reports.
pub fn meaning(name: &str) -> Option<Meaning> {
    let word = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(name);
    Meaning::deserialize(word).ok().filter(|meaning| *meaning != Meaning::Accepted)
}

/// The names of all meanings that a refusal can have, as the schema of reports has them.
pub fn meanings() -> Vec<String> {
    let schema = schemars::schema_for!(Meaning);
    let all = schema.as_value()["oneOf"].as_array().into_iter().flatten();
    let names = all.filter_map(|one| one["const"].as_str().map(String::from));
    names.filter(|name| meaning(name).is_some()).collect()
}

/// Those of `all` that are for the replies of `hop`.
pub fn of_hop(all: &[OwnReply], hop: &Hop) -> Vec<OwnReply> {
    all.iter().filter(|own| own.is_for(hop)).cloned().collect()
}

/// The first of `all` that knows a refusal.
pub(super) fn verdict(all: &[OwnReply], code: u16, text: &str) -> Option<Verdict> {
    use Meaning::{UnknownRecipient, UnknownRecipientTemporary};
    let own = all.iter().find(|own| code >= 400 && own.knows(code, text))?;
    // Whether it is for good, the code says.
    let meaning = match own.meaning {
        UnknownRecipient | UnknownRecipientTemporary if code < 500 => UnknownRecipientTemporary,
        UnknownRecipientTemporary => UnknownRecipient,
        other => other,
    };
    Some(Verdict { own: Some(own.pattern.clone()), ..Verdict::bare(meaning) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Role;
    use crate::replies::{Confidence, Stage, classify_with};

    fn own(pattern: &str, meaning: Meaning, host: Option<&str>) -> OwnReply {
        OwnReply { pattern: pattern.into(), meaning, host: host.map(String::from) }
    }

    #[test]
    fn what_the_user_says_beats_the_catalogue_and_no_code() {
        use Meaning::*;
        let all = [
            own("kein solches Postfach", UnknownRecipient, None),
            own("550 Kennung-17", RateLimited, None),
            own("User unknown", Ambiguous, None),
            own("zurückgestellt", UnknownRecipientTemporary, None),
        ];
        let cases = [
            (Stage::Rcpt, 550, "5.7.1 KEIN   solches postfach hier", UnknownRecipient, true),
            (Stage::Rcpt, 450, "4.7.1 Kein solches Postfach", UnknownRecipientTemporary, true),
            (Stage::Rcpt, 550, "5.1.1 zuruckgestellt", UnknownRecipient, true),
            (Stage::Rcpt, 550, "Kennung-17", RateLimited, true),
            (Stage::Rcpt, 551, "Kennung-17", Ambiguous, false),
            (Stage::Rcpt, 550, "5.1.1 <a@contoso.com>: User unknown", Ambiguous, true),
            (Stage::Rcpt, 550, "5.1.1 No such user", UnknownRecipient, false),
            // Taken is taken, and at MAIL nobody was named yet.
            (Stage::Rcpt, 250, "2.1.5 kein solches Postfach", Accepted, false),
            (Stage::Mail, 550, "kein solches Postfach", SenderRejected, false),
        ];
        for (stage, code, text, meaning, from_user) in cases {
            let verdict = classify_with(&all, &[], stage, code, text);
            assert_eq!((verdict.meaning, verdict.own.is_some()), (meaning, from_user), "{stage:?} {code} {text}");
            assert!(!from_user || verdict.confidence() == Confidence::High);
        }
    }

    #[test]
    fn a_host_narrows_it_to_one_hop() {
        let hop = |host: &str, address: &str| Hop {
            id: String::new(),
            role: Role::Gateway,
            system: None,
            host: host.into(),
            port: 25,
            address: address.parse().ok(),
        };
        let cases = [
            (None, true),
            (Some("MX1.contoso.com."), true),
            (Some("192.0.2.25"), true),
            (Some("mx2.contoso.com"), false),
            (Some("192.0.2.2"), false),
            (Some("contoso.com"), false),
        ];
        for (host, fits) in cases {
            let own = own("x", Meaning::Policy, host);
            assert_eq!(own.is_for(&hop("mx1.contoso.com", "192.0.2.25")), fits, "{host:?}");
        }
        assert!(own("x", Meaning::Policy, Some("2001:db8:0::1")).is_for(&hop("2001:db8::1", "2001:db8::1")));
    }
}
