//! NSD206: a hop puts recipients off, and still does at the second try.
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD206",
    name: "hop-defers",
    title: "a mail host puts recipients off",
    severity: Severity::Info,
    why: "A 4xx reply asks for a later try. Greylisting does so with every new sender (RFC 6647), a host in trouble with \
          everybody. By itself it does not tell whether a recipient exists.",
    fix: "Run nsdiag again after the host's greylisting time, or from a host that it does not greylist.",
    sources: &["RFC 5321, 4.2.1", "RFC 6647, 2"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    super::unheard(case, notes);
    for hop in &case.model.hops {
        let mut put_off: Vec<_> = hop
            .replies()
            .filter(|heard| hop.outcome(heard.recipient) == Outcome::Deferred && asks_for_a_later_try(heard.meaning))
            .collect();
        let early = [Stage::Greeting, Stage::Ehlo, Stage::Mail].into_iter().find_map(|stage| {
            let (pointer, turn) = hop.said_at(stage)?;
            let (code, text) = (turn.code?, turn.text());
            let meaning = hop.meaning(stage, code, &text);
            ((400..500).contains(&code) && asks_for_a_later_try(meaning)).then(|| (pointer, format!("{code} {text}")))
        });
        put_off.dedup_by_key(|heard| heard.recipient);
        let (detail, seen) = match (put_off.first(), early) {
            (Some(first), _) => {
                let how = if first.meaning == Meaning::Greylisted { " by greylisting" } else { "" };
                let detail =
                    format!("{} put {} off{how}: {}", hop.name(), count(put_off.len(), "recipient"), first.quote());
                (detail, put_off.iter().map(|heard| heard.pointer()).collect())
            }
            (None, Some((pointer, quote))) => (format!("{} puts everybody off: {quote}", hop.name()), vec![pointer]),
            (None, None) => continue,
        };
        notes.finding(detail).about(SubjectKind::Host, hop.id()).seen_all(seen).mend(Remedy::steps(
            "here",
            "Ask again later",
            vec!["Run the same command again in five minutes or more".into()],
        ));
    }
}

/// Some say with a 4xx what a later try does not change: that we come too often (NSD207), that they do not take the
/// domain (NSD208), that they do not take us (NSD210).
fn asks_for_a_later_try(meaning: Meaning) -> bool {
    !judges_us(meaning) && !matches!(meaning, Meaning::RateLimited | Meaning::RelayDenied)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{GATEWAY, World};

    #[test]
    fn what_is_still_put_off_is_told_and_what_was_taken_in_the_end_is_not() {
        let greylisted = "450 4.2.0 Recipient address rejected: Greylisted, see http://postgrey.example";
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.rcpt(GATEWAY, "orders@contoso.com", greylisted);
        let found = "info proven: mx1.contoso.com (192.0.2.25) put 1 recipient off by greylisting: 450 4.2.0 Recipient \
                     address rejected: Greylisted, see http://postgrey.example [gateway/mx1.contoso.com/192.0.2.25:25]";
        assert_eq!(world.lines(&CHECK), [found]);
        world.session(GATEWAY, &[("orders@contoso.com", "250 2.1.5 Ok")]);
        assert_eq!(world.lines(&CHECK), [""; 0], "taken at the second try");
        for other in [
            "454 4.7.1 <orders@contoso.com>: Relay access denied",
            "450 4.7.1 Client host rejected: cannot find your hostname, [192.0.2.1]",
            "421 4.7.0 mx1.contoso.com Error: too many errors",
        ] {
            let mut world = World::healthy();
            world.answers_all(GATEWAY, other);
            assert_eq!(world.lines(&CHECK), [""; 0], "{other}");
        }
    }
}
