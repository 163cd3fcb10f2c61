//! NSD207: a hop slows us down or counts us.
use crate::model::hops::TARPIT_MS;
use crate::prelude::*;
use crate::replies;

pub(super) const CHECK: Check = Check {
    code: "NSD207",
    name: "hop-throttles",
    title: "a mail host slows the prober down",
    severity: Severity::Info,
    why: "Gateways answer refusals slowly (a tarpit) or end a session after some (421), to make guessing addresses \
          expensive. What they then leave unanswered stays open.",
    fix: "Keep to the pace that the host allows (--pace), or have it exempt this host.",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
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
        let limited =
            hop.replies().find(|heard| heard.meaning == Meaning::RateLimited).map(|h| (h.pointer(), h.quote()));
        let early = || {
            [Stage::Greeting, Stage::Ehlo, Stage::Mail].into_iter().find_map(|stage| {
                let (pointer, turn) = hop.said_at(stage)?;
                let (code, text) = (turn.code.filter(|code| *code >= 400)?, turn.text());
                let limit = replies::classify(stage, code, &text).meaning == Meaning::RateLimited;
                limit.then(|| (pointer, format!("{code} {text}")))
            })
        };
        if let Some((pointer, quote)) = limited.or_else(early) {
            seen.push(pointer);
            what.push(format!("limits us: {quote}"));
        }
        if what.is_empty() {
            continue;
        }
        let pace = match slow.iter().filter_map(|heard| heard.latency_ms).max() {
            Some(ms) => format!("it allows about {} a minute", count((60_000 / ms.max(1)) as usize, "refusal")),
            None => "ask it less at a time".into(),
        };
        notes
            .finding(format!("{} {}; {pace}", hop.name(), what.join(", and it ")))
            .about(SubjectKind::Host, hop.id())
            .seen_all(seen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{GATEWAY, RANDOM, World};

    #[test]
    fn slow_refusals_and_limits_are_told_apart_from_slow_acceptance() {
        let mut world = World::healthy();
        world.last(GATEWAY).transcript.iter_mut().for_each(|turn| turn.latency_ms = Some(5000));
        world.rcpt(GATEWAY, RANDOM, "550 5.1.1 User unknown in relay recipient table");
        assert_eq!(world.lines(&CHECK), [""; 0], "only acceptances were slow");
        world.last(GATEWAY).transcript.last_mut().unwrap().latency_ms = Some(5120);
        let slow = "info proven: mx1.contoso.com (192.0.2.25) answers a refusal after 5.1 s; it allows about 11 refusals a \
                    minute [gateway/mx1.contoso.com/192.0.2.25:25]";
        assert_eq!(world.lines(&CHECK), [slow]);
        world.rcpt(GATEWAY, RANDOM, "421 4.7.0 mx1.contoso.com Error: too many errors");
        let limit = "info proven: mx1.contoso.com (192.0.2.25) limits us: 421 4.7.0 mx1.contoso.com Error: too many errors; \
                     ask it less at a time [gateway/mx1.contoso.com/192.0.2.25:25]";
        assert_eq!(world.lines(&CHECK), [limit]);
    }
}
