//! NSD205: a hop accepts recipients that do not exist (F-26).
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD205",
    name: "hop-validates-nothing",
    title: "a mail host accepts recipients that do not exist",
    severity: Severity::Warning,
    why: "A gateway that accepts everybody must bounce later what nobody has: it fills queues and answers forged senders. \
          Nor can it be asked who exists, so whether it would refuse somebody stays open. One random recipient may meet a \
          mailbox or a lenient moment; it takes two, in two sessions, to prove it. An Exchange \
          Mailbox server accepts everybody at RCPT; there it is normal. With a recipient filter it refuses the whole \
          message for one unknown recipient, which is why Microsoft keeps that filter to Edge servers.",
    fix: "Have the gateway look recipients up in every system of the domain.",
    sources: &[
        "https://cp.hornetsecurity.com/manual/en/partner/recipient_verification/c_about.html",
        "https://learn.microsoft.com/exchange/antispam-and-antimalware/antispam-protection/recipient-filtering",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    super::unheard(case, notes);
    for hop in &case.model.hops {
        let Some(random) = hop.accepted_randoms().next() else {
            if hop.heard_from() && hop.random_control().is_none() {
                let what = format!("whether {} accepts recipients that do not exist", hop.name());
                notes.gap(Gap::unanswered(what, "the random control was not answered", "run it again, later"));
            }
            continue;
        };
        let lacking = match (hop.validates(), hop.refused_randoms().next()) {
            (Some(false), _) => None,
            (_, Some(refused)) => Some(format!("it refused one another time: {}", refused.quote())),
            (_, None) => Some("no second one was accepted in a session of its own".into()),
        };
        let exchange = hop.hop.role == Role::Exchange;
        let so = match hop.hop.role {
            Role::Exchange => "as Exchange does at RCPT unless a recipient filter runs",
            Role::Gateway => "so it bounces later, or not at all, what nobody has",
            Role::Other => "so it cannot vouch for a mailbox",
        };
        let lacks = lacking.as_ref().map_or(String::new(), |lacking| format!("; not proven, because {lacking}"));
        let quote = random.quote();
        let finding = notes.finding(format!("{} accepts a random recipient, {so}: {quote}{lacks}", hop.name()));
        finding.about(SubjectKind::Host, hop.id());
        finding.seen_all(hop.accepted_randoms().chain(hop.refused_randoms()).map(|heard| heard.pointer()));
        if lacking.is_some() {
            finding.certainty(Certainty::Likely);
        }
        if exchange {
            finding.severity(Severity::Info);
            continue;
        }
        // While it relays for another system a tenant has to take everybody, and it asks no next hop.
        if hop.product().is_some_and(|product| product == "Exchange Online") {
            let steps = vec![
                "While the domain is an internal relay domain in the tenant this is meant so: leave it".into(),
                "Once the tenant holds a mail user or mail contact for each mailbox of the other system, the domain may \
                 become authoritative, and edge blocking then refuses who does not exist"
                    .into(),
            ];
            finding.mend(Remedy::note(hop.hop.role.word(), "What decides it", steps));
            continue;
        }
        let mut steps = vec![
            format!("On {}, look recipients up in the directory of every system of the domain", hop.hop.host),
            "Or have it ask the next hop by call-forward, where that hop refuses unknown recipients".into(),
        ];
        if let Some(known) = hop.advice() {
            steps.push(format!("{} {}", known.product, known.looks_up));
            steps.extend(known.test_again());
        }
        finding.mend(Remedy::steps(hop.hop.role.word(), "Have it refuse recipients that do not exist", steps));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{EXCHANGE, GATEWAY, OTHER, RANDOM, SECOND, World};

    #[test]
    fn it_is_normal_at_exchange_and_a_warning_elsewhere() {
        let mut world = World::healthy();
        let exchange = "info proven: exch01.corp.contoso.com (10.0.0.10) accepts a random recipient, as Exchange does at \
                        RCPT unless a recipient filter runs: 250 2.1.5 Ok [exchange/exch01.corp.contoso.com/10.0.0.10:25]";
        assert_eq!(world.lines(&CHECK), [exchange]);
        world.validates(EXCHANGE);
        world.accepts_everybody(GATEWAY);
        world.rcpt(OTHER, RANDOM, "450 4.7.1 Greylisted");
        let gateway = "warning proven: mx1.contoso.com (192.0.2.25) accepts a random recipient, so it bounces later, or not \
                       at all, what nobody has: 250 2.1.5 Ok [gateway/mx1.contoso.com/192.0.2.25:25]";
        assert_eq!(world.lines(&CHECK), [gateway]);
    }

    #[test]
    fn one_random_recipient_proves_nothing() {
        let mut world = World::healthy();
        world.validates(EXCHANGE);
        world.rcpt(GATEWAY, RANDOM, "250 2.1.5 Ok");
        let found = |lacking: &str| {
            format!(
                "warning likely: mx1.contoso.com (192.0.2.25) accepts a random recipient, so it bounces later, or not at all, \
                 what nobody has: 250 2.1.5 Ok; not proven, because {lacking} [gateway/mx1.contoso.com/192.0.2.25:25]"
            )
        };
        let alone = "no second one was accepted in a session of its own";
        assert_eq!(world.lines(&CHECK), [found(alone)]);
        world.rcpt(GATEWAY, SECOND, "250 2.1.5 Ok");
        assert_eq!(world.lines(&CHECK), [found(alone)], "both in one session");
        world.rcpt(GATEWAY, SECOND, "550 5.1.1 User unknown in relay recipient table");
        let other = "it refused one another time: 550 5.1.1 User unknown in relay recipient table";
        assert_eq!(world.lines(&CHECK), [found(other)]);
    }
}
