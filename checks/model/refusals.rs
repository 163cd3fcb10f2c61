//! One hop's refusal of one recipient, and whether it may be believed.
use super::{Heard, HopView, Outcome};
use crate::judge::Gap;
use crate::prelude::*;

/// A refusal, and whether it may be believed.
pub(super) enum Refusal<'h, 'a> {
    /// It means that the recipient is unknown there.
    Believed {
        heard: &'h Heard<'a>,
        /// The pointers of the refusal and of the control that was accepted beside it.
        evidence: Vec<String>,
        /// What keeps it from proving anything by itself.
        weak: Option<String>,
    },
    /// It may mean something else.
    Doubtful(String),
}

/// The refusal of `address` at `hop`, if it was refused; what is neither refusal nor clear acceptance goes into `gaps`.
pub(super) fn refusal<'h, 'a>(hop: &'h HopView<'a>, address: &str, gaps: &mut Vec<Gap>) -> Option<Refusal<'h, 'a>> {
    let heard = match (hop.outcome(address), hop.word_on(address)) {
        (Outcome::Rejected, Some(heard)) => heard,
        (Outcome::Accepted, _) => {
            let why = match (hop.validates(), hop.hop.role) {
                (Some(true), _) | (_, Role::Other) => return None,
                (Some(false), _) => "it accepts every recipient, so its acceptance proves nothing".to_string(),
                (None, _) => match hop.random_control() {
                    Some(random) => format!(
                        "its acceptance proves nothing, because the random control was not refused as unknown ({})",
                        random.quote()
                    ),
                    None => "its acceptance proves nothing, because the random control was not asked".to_string(),
                },
            };
            gaps.push(Gap::unanswered(
                format!("{address} at {}", hop.name()),
                why,
                "probe a hop that validates recipients",
            ));
            return None;
        }
        // Put off as a stranger is, in words that say so: senders' servers try for days, and then it bounces.
        (Outcome::Deferred, Some(heard)) if is_unknown_for_now(hop, heard) => heard,
        (Outcome::Deferred, Some(heard)) => {
            let why = format!("it was put off: {}", heard.quote());
            gaps.push(Gap::unanswered(format!("{address} at {}", hop.name()), why, "run it again later"));
            return None;
        }
        (Outcome::NotProbed, _) if hop.limited() => {
            let what = format!("{address} at {}", hop.name());
            gaps.push(Gap::unanswered(
                what,
                "the hop limited us before it was asked",
                "run it again later, or a slower --pace",
            ));
            return None;
        }
        (Outcome::NotProbed, _) if hop.unasked(address).is_some() => {
            let what = format!("{address} at {}", hop.name());
            let why = hop.unasked(address).unwrap_or_default();
            gaps.push(Gap::unanswered(
                what,
                why,
                "a hop that offers what it needs, or another spelling of the address",
            ));
            return None;
        }
        (Outcome::NotProbed, _) if hop.refused_sender().is_some() => {
            let what = format!("{address} at {}", hop.name());
            let why = hop.refused_sender().map(|refused| format!("the hop refused our sender: {}", refused.quote()));
            gaps.push(Gap::unanswered(what, why.unwrap_or_default(), "--mail-from ADDR that the hop takes"));
            return None;
        }
        // Who accepts everybody would have accepted this one too.
        (Outcome::NotProbed, _) if hop.hop.role == Role::Exchange && hop.validates() == Some(false) => return None,
        (Outcome::NotProbed, _) => {
            gaps.push(hop.unasked_gap());
            return None;
        }
        _ => {
            gaps.push(hop.no_answer(address));
            return None;
        }
    };
    Some(believed(hop, heard).unwrap_or_else(Refusal::Doubtful))
}

/// The refusal, where it means that the recipient is unknown there; else why it may mean something else.
fn believed<'h, 'a>(hop: &'h HopView<'a>, heard: &'h Heard<'a>) -> Result<Refusal<'h, 'a>, String> {
    let bracket = hop.bracket(heard);
    let control = hop.control(heard).ok_or_else(|| match (bracket.before, bracket.refused_before) {
        (Some(_), before) => format!(
            "it was refused after {}, in a session in which nobody was accepted afterwards: the hop may refuse everybody \
             by then",
            count(before, "other refusal")
        ),
        (None, _) => "it was refused, and no known-good was accepted there".into(),
    })?;
    let unclosed = bracket.after.is_none().then(|| "nobody was accepted after it in the same session".to_string());
    let random = hop.random_control();
    let mut evidence = vec![heard.pointer(), control.pointer()];
    evidence.extend(random.map(Heard::pointer));
    let like_a_stranger =
        || random.is_some_and(|random| alike(random, heard) && hop.control_of_random(random).is_some());
    let weak = match heard.meaning {
        Meaning::UnknownRecipient if !heard.confidence.proves() => {
            Some("that this reply means an unknown recipient is not well documented".to_string())
        }
        Meaning::UnknownRecipient if hop.accepted_randoms().next().is_some() => {
            Some("the hop accepts a random recipient and refuses this one".to_string())
        }
        Meaning::UnknownRecipient => None,
        Meaning::UnknownRecipientTemporary if is_unknown_for_now(hop, heard) => Some(
            "it is put off and not refused, as the random control is: senders try for days, and then get a bounce"
                .into(),
        ),
        // A limit is said to everybody from then on.
        Meaning::RateLimited | Meaning::Greylisted => return Err(in_words(heard)),
        // The same for a recipient that cannot exist: the difference decides, whatever the words.
        Meaning::Ambiguous if like_a_stranger() => Some(
            "the reply is in no catalogue; the random control got the same, and the known-good did not".to_string(),
        ),
        _ if like_a_stranger() => Some(
            "its words are about something else; but the random control got the same, and the known-good did not"
                .into(),
        ),
        _ => return Err(in_words(heard)),
    };
    Ok(Refusal::Believed { heard, evidence, weak: weak.or(unclosed) })
}

/// Whether it is put off as unknown, in the words that put off the random control.
fn is_unknown_for_now(hop: &HopView, heard: &Heard) -> bool {
    let random = hop.random_control();
    heard.meaning == Meaning::UnknownRecipientTemporary && random.is_some_and(|random| alike(random, heard))
}

fn in_words(heard: &Heard) -> String {
    format!("it was refused, {}: {}", meaning_in_words(heard.meaning), heard.quote())
}

/// Whether two refusals differ in nothing but the address that they name.
fn alike(one: &Heard, other: &Heard) -> bool {
    let bare = |heard: &Heard| {
        let text = heard.text.to_lowercase();
        let local = heard.recipient.split('@').next().unwrap_or_default();
        text.replace(heard.recipient, "@").replace(local, "@")
    };
    one.code == other.code && bare(one) == bare(other)
}

/// A meaning in words for people, as in `it was refused, …`.
pub fn meaning_in_words(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Accepted => "although it was accepted",
        Meaning::UnknownRecipient | Meaning::UnknownRecipientTemporary => "as unknown",
        Meaning::VerificationFailed => "because the hop could not verify it",
        Meaning::Disabled => "as disabled or moved",
        Meaning::Full => "as full",
        Meaning::RelayDenied => "because the hop does not take the domain",
        Meaning::AuthenticationRequired => "because the hop wants authentication",
        Meaning::Policy => "by a rule of the site",
        Meaning::Reputation => "because the hop does not trust our address",
        Meaning::SenderRejected => "because of our sender address",
        Meaning::Greylisted => "by greylisting",
        Meaning::RateLimited => "because of a rate limit",
        Meaning::Temporary => "for now",
        Meaning::TlsRequired => "because the hop wants TLS",
        Meaning::Protocol => "as a protocol error",
        Meaning::NoMail => "because the hop takes no mail",
        Meaning::Loop => "as a mail loop",
        Meaning::Ambiguous => "in words that do not say why",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{GATEWAY, OTHER, RANDOM, World, turn};

    const ORDERS: &str = "orders@contoso.com";
    const GOOD: &str = "helpdesk@contoso.com";
    const UNKNOWN: &str = "550 5.1.1 User unknown in relay recipient table";
    const OK: &str = "250 2.1.5 Ok";

    /// What the refusal of orders comes to: `proven`, `likely` or `doubted`, with why; or that it is none.
    fn of_orders(world: &World) -> String {
        let case = Case::new(&world.question, &world.evidence);
        let gateway = case.model.hops.iter().find(|hop| hop.id() == GATEWAY).unwrap();
        match refusal(gateway, ORDERS, &mut Vec::new()) {
            Some(Refusal::Believed { weak: None, .. }) => "proven".into(),
            Some(Refusal::Believed { weak: Some(why), .. }) => format!("likely: {why}"),
            Some(Refusal::Doubtful(why)) => format!("doubted: {why}"),
            None => "none".into(),
        }
    }

    /// A gateway that was asked for these in one session, in this order.
    fn session(replies: &[(&str, &str)]) -> World {
        let mut world = World::healthy();
        let transcript = &mut world.last(GATEWAY).transcript;
        transcript.retain(|turn| turn.stage != Stage::Rcpt);
        transcript.extend(replies.iter().map(|(who, reply)| turn(Stage::Rcpt, reply, Some(who))));
        world
    }

    #[test]
    fn a_refusal_counts_where_somebody_was_accepted_after_it() {
        let counted = "it was refused after 1 other refusal, in a session in which nobody was accepted afterwards: the hop \
                       may refuse everybody by then";
        let cases: [(&[(&str, &str)], String); 7] = [
            (&[(GOOD, OK), (ORDERS, UNKNOWN), (GOOD, OK), (RANDOM, UNKNOWN)], "proven".into()),
            (&[(ORDERS, UNKNOWN), (RANDOM, UNKNOWN), (GOOD, OK)], "proven".into()),
            // Whoever is accepted is a control, wherever his home is.
            (
                &[("anna@contoso.com", OK), (RANDOM, UNKNOWN), (ORDERS, UNKNOWN), ("sales@contoso.com", OK)],
                "proven".into(),
            ),
            (
                &[(GOOD, OK), (ORDERS, UNKNOWN), (RANDOM, UNKNOWN)],
                "likely: nobody was accepted after it in the same session".into(),
            ),
            (&[(GOOD, OK), (RANDOM, UNKNOWN), (ORDERS, UNKNOWN)], format!("doubted: {counted}")),
            // A random recipient that is accepted vouches for nobody, and neither does one for himself.
            (
                &[(ORDERS, UNKNOWN), (RANDOM, OK)],
                "doubted: it was refused, and no known-good was accepted there".into(),
            ),
            (&[(GOOD, UNKNOWN), (RANDOM, UNKNOWN), (ORDERS, OK)], "none".into()),
        ];
        for (replies, expected) in cases {
            assert_eq!(of_orders(&session(replies)), expected, "{replies:?}");
        }
    }

    #[test]
    fn who_is_refused_like_a_stranger_is_unknown_whatever_the_words() {
        let stranger = "likely: its words are about something else; but the random control got the same, and the known-good \
                        did not";
        let cases = [
            ("550 5.7.1 Recipient Prohibited (2)", "550 5.7.1 Recipient Prohibited (2)", stranger),
            ("554 5.7.1 Message blocked: recipient {}", "554 5.7.1 Message blocked: recipient {}", stranger),
            // Other words than the stranger's are about something else.
            (
                "554 5.7.1 Service unavailable; client blocked using a list",
                UNKNOWN,
                "doubted: it was refused, because the hop does not trust our address: 554 5.7.1 Service unavailable; client \
                 blocked using a list",
            ),
            // A limit is said to everybody from then on.
            (
                "550 5.7.1 Too many recipients received this hour",
                "550 5.7.1 Too many recipients received this hour",
                "doubted: it was refused, because of a rate limit: 550 5.7.1 Too many recipients received this hour",
            ),
        ];
        for (orders, random, expected) in cases {
            let (orders, random) = (orders.replace("{}", ORDERS), random.replace("{}", RANDOM));
            let world = session(&[(GOOD, OK), (ORDERS, &orders), (RANDOM, &random), (GOOD, OK)]);
            assert_eq!(of_orders(&world), expected, "{orders}");
            let world = session(&[(ORDERS, &orders), (RANDOM, &random)]);
            assert!(of_orders(&world).starts_with("doubted: "), "nobody was accepted: {orders}");
        }
    }

    #[test]
    fn who_is_put_off_as_unknown_like_a_stranger_is_told_at_once() {
        let later = "likely: it is put off and not refused, as the random control is: senders try for days, and then get a \
                     bounce";
        let unknown = "450 4.1.1 Recipient address rejected: User unknown in relay recipient table";
        let greylisted = "450 4.2.0 Recipient address rejected: Greylisted, see http://postgrey.example";
        for (orders, random, expected) in
            [(unknown, unknown, later), (unknown, UNKNOWN, "none"), (greylisted, greylisted, "none")]
        {
            let world = session(&[(GOOD, OK), (ORDERS, orders), (RANDOM, random), (GOOD, OK)]);
            assert_eq!(of_orders(&world), expected, "{orders} beside {random}");
        }
    }

    #[test]
    fn stale_entries_of_a_list_do_not_hide_each_other() {
        let mut world = World::healthy();
        for stale in ["old1@contoso.com", ORDERS] {
            world.rcpt(OTHER, stale, "550 5.1.1 User unknown in virtual mailbox table");
        }
        world.rcpt(OTHER, "postmaster@contoso.com", "550 5.1.1 User unknown in virtual mailbox table");
        let case = Case::new(&world.question, &world.evidence);
        let other = case.model.hops_of(Role::Other).next().unwrap();
        let refused = refusal(other, ORDERS, &mut Vec::new());
        assert!(matches!(refused, Some(Refusal::Believed { weak: None, .. })), "sales was accepted in that session");
    }
}
