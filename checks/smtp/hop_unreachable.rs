//! NSD201: nobody answers at a hop (F-10).
use crate::prelude::*;
use crate::remedy::order::Turn;

pub(super) const CHECK: Check = Check {
    code: "NSD201",
    name: "hop-unreachable",
    title: "a mail host does not answer",
    severity: Severity::Critical,
    why: "Senders that cannot reach the gateway, and Exchange that cannot reach the smart host, keep mail in their queues \
          until it expires.",
    fix: "See that the host runs, listens on its port, and that no firewall on the way drops it. What is unreachable from \
          here may be reachable from Exchange: run nsdiag there as well.",
    sources: &["RFC 5321, 4.5.4.1", "https://learn.microsoft.com/exchange/mail-flow/queues/message-intervals"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for beyond in &case.evidence.beyond {
        notes.gap(beyond.gap());
    }
    if case.model.hops.is_empty() {
        return notes.gap(Gap::not_asked("any SMTP hop", "--gateway, --exchange or --other HOST"));
    }
    let blocked = case.model.port_blocked();
    for hop in &case.model.hops {
        if hop.heard_from() {
            continue;
        }
        if hop.hop.address.is_none() {
            unresolved(case, notes, hop);
            continue;
        }
        let Some((session, miss)) = hop.broke_off() else {
            if !hop.sessions.is_empty() {
                notes.gap(Gap::unanswered(hop.name(), "its session has no words", "run it again"));
            } else {
                notes.gap(Gap::unanswered(hop.name(), "the deadline came before it was probed", "a longer --deadline"));
            }
            continue;
        };
        if blocked && hop.hop.port == 25 || matches!(miss.how, How::Deadline | How::NotTried) {
            let why = if blocked { "this host seems to have no way out on port 25 (NSD901)" } else { &miss.said };
            notes.gap(Gap::unanswered(hop.name(), why, "run it from a host that may use port 25"));
            continue;
        }
        if case.model.lacks_way_to(hop) {
            let family = if hop.hop.address.is_some_and(|own| own.is_ipv6()) { "IPv6" } else { "IPv4" };
            if !hop.spared {
                let why = format!("this host seems to have no way to {family} addresses: {}", miss.said);
                notes.gap(Gap::unanswered(hop.name(), why, format!("run it from a host with {family}")));
                continue;
            }
            let said = format!(
                "{} was not heard, because this host seems to have no way to {family} addresses; its other address decides: {}",
                hop.name(),
                miss.said
            );
            let finding = notes.finding(said).severity(Severity::Info).about(SubjectKind::Host, hop.id());
            // What an own router says is sure; silence may have other reasons.
            finding.certainty(if miss.how == How::Unreachable { Certainty::Proven } else { Certainty::Likely });
            finding.seen(format!("/evidence/smtp/{session}")).mend(Remedy::steps(
                "here",
                format!("Probe over {family} too"),
                vec![format!("Run nsdiag from a host with {family}")],
            ));
            continue;
        }
        let said =
            format!("{} does not answer on port {} from this vantage point: {}", hop.name(), hop.hop.port, miss.said);
        // Senders try every address of a host, and every MX host (RFC 5321, 5.1).
        let mut mx = case.model.hops_of(Role::Gateway).filter(|other| other.heard_from());
        let finding = if hop.spared {
            notes.finding(said + "; another address of the host does").severity(Severity::Warning)
        } else if let Some(other) = mx.next().filter(|_| hop.hop.role == Role::Gateway) {
            notes.finding(format!("{said}; {} does, and senders try it too", other.name())).severity(Severity::Warning)
        } else if !case.evidence.beyond.is_empty() {
            // Senders may reach one of those.
            notes.finding(said + "; not all hosts and addresses were probed").severity(Severity::Warning)
        } else {
            notes.finding(said)
        };
        finding.about(SubjectKind::Host, hop.id()).seen(format!("/evidence/smtp/{session}")).mend(Remedy::steps(
            hop.hop.role.word(),
            "Make it answer",
            vec![
                format!("See that the mail service on {} runs and listens on port {}", hop.hop.host, hop.hop.port),
                "See that no firewall between here and there drops the connection".into(),
            ],
        ));
    }
}

/// A hop whose name has no address. MX hosts are NSD102's; what remains was named by the user.
fn unresolved(case: &Case, notes: &mut Notes, hop: &HopView) {
    let what = format!("{}, whose name does not resolve", hop.hop.host);
    let named = hop.hop.role != Role::Gateway || !case.question.gateways.is_empty();
    match case.model.addresses(&hop.hop.host) {
        Addresses::Known(found, seen) if found.is_empty() && named => {
            notes
                .finding(format!("{} has no address in the DNS that was asked, so nobody can reach it", hop.hop.host))
                .about(SubjectKind::Host, hop.id())
                .seen(hop.pointer())
                .seen_all(seen)
                .mend(
                    Remedy::steps("dns", "Publish its name", vec![format!("{}. IN A <its address>", hop.hop.host)])
                        .at(Turn::Beyond),
                );
        }
        Addresses::Unknown(miss) => notes.gap(no_dns(format!("the addresses of {}", hop.hop.host), &miss)),
        _ => notes.gap(Gap::unanswered(what, "DNS has no address for it", "--gateway HOST with a name that resolves")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Beyond;
    use crate::stories::{EXCHANGE, GATEWAY, OTHER, World};

    #[test]
    fn a_hop_that_does_not_answer_is_found_and_one_that_refuses_is_none() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.answers_all(GATEWAY, "550 5.7.1 go away");
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.silent(GATEWAY, How::TimedOut, "no connection within 10 s");
        let found = "critical proven: mx1.contoso.com (192.0.2.25) does not answer on port 25 from this vantage point: \
                     no connection within 10 s [gateway/mx1.contoso.com/192.0.2.25:25]";
        assert_eq!(world.lines(&CHECK), [found]);
        let (what, why) = ("36 of the 100 addresses of the gateways".to_string(), "there are too many".to_string());
        world.evidence.beyond.push(Beyond { what, why });
        let lines = world.lines(&CHECK);
        let told = |line: &str| lines.iter().any(|one| one.contains(line));
        assert!(
            told("warning proven: mx1.contoso.com") && told("not all hosts and addresses were probed"),
            "{lines:?}"
        );
        assert!(
            told("unanswered: not probed: 36 of the 100 addresses of the gateways (there are too many)"),
            "{lines:?}"
        );
        world.evidence.beyond.clear();
        world.last(GATEWAY).broke_off = Some(Miss::new(How::Deadline, "the deadline came first"));
        assert_eq!(world.lines(&CHECK), ["unanswered: mx1.contoso.com (192.0.2.25) (the deadline came first)"]);
    }

    #[test]
    fn where_all_of_port_25_is_closed_no_single_host_is_accused() {
        let mut world = World::healthy();
        for hop in [GATEWAY, EXCHANGE, OTHER] {
            world.silent(hop, How::TimedOut, "no connection within 10 s");
        }
        let lines = world.lines(&CHECK);
        assert!(lines.iter().all(|line| line.starts_with("unanswered: ")), "{lines:?}");
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn a_family_of_addresses_to_which_we_have_no_way_is_our_fault() {
        const SIX: &str = "gateway/mx1.contoso.com/2001:db8::25:25";
        const SIX_ALONE: &str = "gateway/mx6.contoso.com/2001:db8::26:25";
        let dead = |world: &mut World, id: &str, how: How, said: &str| {
            world.hop(id);
            world.session(id, &[]);
            world.silent(id, how, said);
        };
        let mut world = World::healthy();
        dead(&mut world, SIX, How::Unreachable, "network is unreachable");
        let spared = format!(
            "info proven: mx1.contoso.com (2001:db8::25) was not heard, because this host seems to have no way to IPv6 \
             addresses; its other address decides: network is unreachable [{SIX}]"
        );
        assert_eq!(world.lines(&CHECK), [spared], "the sibling was heard");
        let mut world = World::healthy();
        dead(&mut world, SIX_ALONE, How::TimedOut, "no connection within 10 s");
        let alone = "unanswered: mx6.contoso.com (2001:db8::26) (this host seems to have no way to IPv6 addresses: no \
                     connection within 10 s)";
        assert_eq!(world.lines(&CHECK), [alone], "no other address decides");
        let mut world = World::healthy();
        dead(&mut world, SIX, How::Refused, "connection refused");
        let refuses = format!(
            "warning proven: mx1.contoso.com (2001:db8::25) does not answer on port 25 from this vantage point: connection \
             refused; another address of the host does [{SIX}]"
        );
        assert_eq!(world.lines(&CHECK), [&*refuses], "somebody refused: there is a way");
        let mut world = World::healthy();
        dead(&mut world, SIX, How::TimedOut, "no connection within 10 s");
        world.hop(SIX_ALONE);
        world.session(SIX_ALONE, &[("helpdesk@contoso.com", "250 2.1.5 Ok")]);
        assert_eq!(world.lines(&CHECK).len(), 1);
        assert!(world.lines(&CHECK)[0].starts_with("warning proven: "), "another host was heard over IPv6");
        let mut world = World::healthy();
        dead(&mut world, "gateway/mx9.contoso.com/192.0.2.99:25", How::Refused, "connection refused");
        assert!(world.lines(&CHECK)[0].starts_with("warning proven: "), "there is another MX host");
        let mut world = World::healthy();
        dead(&mut world, "other/smart2.contoso.com/10.0.0.45:25", How::Refused, "connection refused");
        assert!(world.lines(&CHECK)[0].starts_with("critical proven: "), "a host of its own");
    }
}
