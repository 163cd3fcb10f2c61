//! NSD207: a hop slows us down or counts us.
use crate::model::hops::TARPIT_MS;
use crate::model::limits::Limits;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD207",
    name: "hop-throttles",
    title: "a mail host slows the prober down",
    severity: Severity::Info,
    why: "Gateways answer refusals slowly (a tarpit) or end a session after some (421), to make guessing addresses \
          expensive. The prober learns from that how much one session may bring, and keeps under it afterwards; what a \
          host leaves unanswered all the same stays open.",
    fix: "Keep to the pace that the host allows (--pace), or have it exempt this host.",
    sources: &[
        "https://learn.microsoft.com/exchange/antispam-and-antimalware/antispam-protection/recipient-filtering",
        "RFC 5321, 3.8",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    super::unheard(case, notes);
    for hop in &case.model.hops {
        let mut seen = Vec::new();
        let mut what = Vec::new();
        let slow: Vec<_> = hop
            .replies()
            .filter(|heard| heard.outcome() != Outcome::Accepted && heard.latency_ms.is_some_and(|ms| ms > TARPIT_MS))
            .collect();
        if let Some(slowest) = slow.iter().filter_map(|heard| heard.latency_ms).max() {
            seen.extend(slow.iter().map(|heard| heard.pointer()));
            what.push(format!("answers a refusal after {}.{} s", slowest / 1000, slowest % 1000 / 100));
        }
        let mut limits = Limits::default();
        for (at, session) in &hop.sessions {
            let known = limits.shown.len();
            limits.learn(session, hop.own_replies());
            for shown in &limits.shown[known..] {
                // What it waits before a refusal is told above, with how long.
                let Some(says) = shown.what.strip_prefix("it ").filter(|_| shown.counts) else { continue };
                what.push(says.into());
                seen.push(match shown.turn {
                    Some(turn) => format!("/evidence/smtp/{at}/transcript/{turn}"),
                    None => format!("/evidence/smtp/{at}"),
                });
            }
        }
        let limited = || {
            let limited = hop.replies().find(|heard| heard.meaning == Meaning::RateLimited);
            limited.map(|heard| (heard.pointer(), heard.quote()))
        };
        let early = || {
            [Stage::Greeting, Stage::Ehlo, Stage::Mail].into_iter().find_map(|stage| {
                let (pointer, turn) = hop.said_at(stage)?;
                let (code, text) = (turn.code.filter(|code| *code >= 400)?, turn.text());
                let limit = hop.meaning(stage, code, &text) == Meaning::RateLimited;
                limit.then(|| (pointer, format!("{code} {text}")))
            })
        };
        let learnt = limits.refusals.or(limits.recipients).or(limits.mixed).is_some();
        if let Some((pointer, quote)) = limited().filter(|_| !learnt || what.is_empty()).or_else(early) {
            seen.push(pointer);
            what.push(format!("limits us: {quote}"));
        }
        if what.is_empty() {
            continue;
        }
        let slowest = slow.iter().filter_map(|heard| heard.latency_ms).max();
        notes
            .finding(format!("{} {}; {}", hop.name(), what.join(", and it "), pace(&limits, slowest)))
            .about(SubjectKind::Host, hop.id())
            .seen_all(seen);
    }
}

/// The pace that it allows.
fn pace(limits: &Limits, slowest_ms: Option<u64>) -> String {
    let mut allows = Vec::new();
    if let Some(ms) = slowest_ms {
        allows.push(format!("about {} a minute", count((60_000 / ms.max(1)) as usize, "refusal")));
    }
    if let Some(most) = limits.refusals {
        allows.push(format!("sessions of at most {}", count(most, "refusal")));
    }
    if let Some(most) = limits.mixed {
        allows.push(format!("sessions of at most {} unless half are accepted", count(most, "recipient")));
    } else if let Some(most) = limits.recipients {
        allows.push(format!("sessions of at most {}", count(most, "recipient")));
    }
    match allows.is_empty() {
        true => "ask it less at a time".into(),
        false => format!("it allows {}", listed(&allows, 4)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{GATEWAY, RANDOM, World};

    const UNKNOWN: &str = "550 5.1.1 User unknown in relay recipient table";

    #[test]
    fn slow_refusals_and_limits_are_told_apart_from_slow_acceptance() {
        let mut world = World::healthy();
        world.last(GATEWAY).transcript.iter_mut().for_each(|turn| turn.latency_ms = Some(5000));
        world.rcpt(GATEWAY, RANDOM, UNKNOWN);
        assert_eq!(world.lines(&CHECK), [""; 0], "only acceptances were slow");
        let random = |turn: &&mut crate::evidence::smtp::Turn| turn.recipient.as_deref() == Some(RANDOM);
        world.last(GATEWAY).transcript.iter_mut().find(random).unwrap().latency_ms = Some(5120);
        let slow = "info proven: mx1.contoso.com (192.0.2.25) answers a refusal after 5.1 s; it allows about 11 refusals a \
                    minute [gateway/mx1.contoso.com/192.0.2.25:25]";
        assert_eq!(world.lines(&CHECK), [slow]);
        world.rcpt(GATEWAY, RANDOM, "450 4.7.1 Error: too much mail from 192.0.2.9");
        let limit = "info proven: mx1.contoso.com (192.0.2.25) limits us: 450 4.7.1 Error: too much mail from 192.0.2.9; \
                     ask it less at a time [gateway/mx1.contoso.com/192.0.2.25:25]";
        assert_eq!(world.lines(&CHECK), [limit]);
    }

    #[test]
    fn what_a_session_may_bring_is_told_with_how_it_showed() {
        let told = |detail: &str| {
            format!("info proven: mx1.contoso.com (192.0.2.25) {detail} [gateway/mx1.contoso.com/192.0.2.25:25]")
        };
        let mut world = World::healthy();
        (0..4).for_each(|number| world.rcpt(GATEWAY, &format!("old{number}@contoso.com"), UNKNOWN));
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.rcpt(GATEWAY, "old4@contoso.com", "421 4.7.0 mx1.contoso.com Error: too many errors");
        let ends = "ends a session after 5 refusals: 421 4.7.0 mx1.contoso.com Error: too many errors; \
                    it allows sessions of at most 4 refusals";
        assert_eq!(world.lines(&CHECK), [told(ends)]);
        world.rcpt(GATEWAY, "old4@contoso.com", "452 4.5.3 Error: too many recipients");
        let takes = "takes 8 recipients a session: 452 4.5.3 Error: too many recipients; it allows sessions of at most 8 \
                     recipients";
        assert_eq!(world.lines(&CHECK), [told(takes)]);
    }
}
