//! NSD203: a hop does not offer to encrypt (F-47).
use crate::model::promises::Breaking;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD203",
    name: "starttls-missing",
    title: "a mail host does not offer STARTTLS, or breaks it",
    severity: Severity::Warning,
    why: "Mail then travels in the clear. A send connector that requires TLS sends nothing to such a smart host, and where \
          the gateway has TLSA records, or the domain an MTA-STS policy that is enforced, senders that heed them send \
          nothing to such a gateway.",
    fix: "Give the host a certificate and switch STARTTLS on (RFC 3207).",
    sources: &["RFC 3207, 4", "RFC 7672, 2.2", "RFC 8461, 5"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    super::unheard(case, notes);
    for hop in &case.model.hops {
        let (mut said, seen) = match (hop.offers_starttls(), hop.breaks_starttls()) {
            (Some((pointer, false)), _) => (format!("{} does not offer STARTTLS", hop.name()), vec![pointer]),
            (_, Some((how, seen))) => (format!("{} offers STARTTLS and {how}", hop.name()), seen),
            _ => continue,
        };
        let never = hop.encrypts().is_none_or(|(_, encrypts)| !encrypts);
        let demand = case.model.tls_demand(hop).filter(|_| never);
        let breaches = case.model.breaches(hop);
        let breach = breaches.into_iter().find(|breach| breach.how == Breaking::NoTls);
        if let Some(demand) = &demand {
            said += &format!(", and '{}' requires TLS: Exchange sends it nothing", demand.connector.name);
        }
        if let Some(breach) = &breach {
            said += &format!(", and {}", breach.said);
        }
        let too_old = never && hop.is_too_old_for_us() && hop.offers_starttls().is_some_and(|(_, offered)| offered);
        if too_old {
            said += "; an older TLS than ours, which we do not speak, may still come about";
        }
        let finding = notes.finding(said);
        finding.certainty(if too_old { Certainty::Likely } else { Certainty::Proven });
        finding.about(SubjectKind::Host, hop.id()).seen_all(seen).mend(Remedy::steps(
            hop.hop.role.word(),
            "Switch STARTTLS on",
            vec![format!("On {}, install a certificate for its name and enable STARTTLS", hop.hop.host)],
        ));
        if let Some(demand) = demand {
            finding.severity(Severity::Critical).seen(demand.pointer);
            finding.about(SubjectKind::SendConnector, &demand.connector.name);
        }
        if let Some(breach) = breach {
            finding.seen_all(breach.seen);
            if case.model.no_host_is_left() {
                finding.severity(Severity::Critical);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::smtp::Who;
    use crate::stories::{GATEWAY, OTHER, World, tls, turn};

    fn without_starttls(world: &mut World, hop: &str) {
        world.last(hop).transcript.retain(|turn| turn.stage != Stage::Ehlo);
        world.last(hop).transcript.insert(1, turn(Stage::Ehlo, "250 PIPELINING", None));
    }

    #[test]
    fn only_the_first_ehlo_counts_and_a_connector_may_make_it_critical() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.last(OTHER).transcript.push(turn(Stage::Ehlo, "250 PIPELINING", None));
        assert_eq!(world.lines(&CHECK), [""; 0], "after STARTTLS it is not offered again");
        world.connector(|connector| connector.require_tls = true);
        let miss = Miss::new(How::TlsFailed, "handshake failure");
        world.last(OTHER).broke_off = Some(miss);
        assert_eq!(world.lines(&CHECK), [""; 0], "a handshake that fails was offered");
        world.connector(|connector| connector.require_tls = false);
        without_starttls(&mut world, OTHER);
        let found = "smarthost.contoso.com (10.0.0.44) does not offer STARTTLS";
        assert_eq!(world.lines(&CHECK), [format!("warning proven: {found} [{OTHER}]")]);
        world.connector(|connector| connector.require_tls = true);
        let critical = format!("critical proven: {found}, and 'To Zimbra' requires TLS: Exchange sends it nothing");
        assert_eq!(world.lines(&CHECK), [format!("{critical} [{OTHER}, To Zimbra]")]);
        world.last(OTHER).transcript = vec![turn(Stage::Greeting, "220 hi", None), turn(Stage::Ehlo, "250 host", None)];
        world.last(OTHER).transcript[1].stage = Stage::Ehlo;
        assert_eq!(world.lines(&CHECK).len(), 1, "HELO alone knows no extensions");
        world.silent(OTHER, How::TimedOut, "no connection within 10 s");
        let unheard = "unanswered: smarthost.contoso.com (10.0.0.44) (no connection within 10 s)";
        assert_eq!(world.lines(&CHECK), [unheard], "who says nothing refuses nothing");
    }

    #[test]
    fn starttls_that_is_offered_and_does_not_come_about_is_told() {
        let offer = || turn(Stage::Ehlo, "250 STARTTLS", None);
        let broken = |how, said: &str| Some(Miss::new(how, said));
        let failed =
            |how| crate::evidence::smtp::Tls { handshake: Observed::Unknown(Miss::new(how, "closed")), ..tls("x") };
        let rows = [
            ("454", "454 4.7.0 TLS not available", None, None, Some("answers it with 454 4.7.0 TLS not available")),
            (
                "handshake",
                "220 go",
                Some(failed(How::TlsFailed)),
                broken(How::TlsFailed, "closed"),
                Some("the connection does not get there: closed"),
            ),
            (
                "broken after it",
                "220 go",
                Some(tls("x")),
                broken(How::HungUp, "it hung up"),
                Some("breaks after the handshake: it hung up"),
            ),
            (
                "hangs up on it",
                "",
                None,
                broken(How::HungUp, "it hung up (at STARTTLS)"),
                Some("gets to no handshake: it hung up (at STARTTLS)"),
            ),
            ("our deadline, before", "", None, broken(How::Deadline, "late"), None),
            ("our deadline", "220 go", Some(failed(How::Deadline)), broken(How::Deadline, "late"), None),
            ("our deadline, after it", "220 go", Some(tls("x")), broken(How::Deadline, "late"), None),
            ("not broken off", "220 go", Some(tls("x")), None, None),
        ];
        for (name, reply, shown, broke_off, expected) in rows {
            let mut world = World::healthy();
            let mut asks = turn(Stage::StartTls, "STARTTLS", None);
            (asks.who, asks.code) = (Who::Client, None);
            let mut transcript = vec![turn(Stage::Greeting, "220 hi", None), offer(), asks];
            transcript.extend((!reply.is_empty()).then(|| turn(Stage::StartTls, reply, None)));
            let last = world.last(OTHER);
            (last.transcript, last.tls, last.broke_off) = (transcript, shown, broke_off);
            let found = |how: &str| format!("smarthost.contoso.com (10.0.0.44) offers STARTTLS and {how}");
            let line = |how| format!("warning proven: {} [{OTHER}]", found(how));
            assert_eq!(world.lines(&CHECK), expected.map(line).into_iter().collect::<Vec<_>>(), "{name}");
            world.connector(|connector| connector.require_tls = true);
            let so = ", and 'To Zimbra' requires TLS: Exchange sends it nothing";
            let line = |how| format!("critical proven: {}{so} [{OTHER}, To Zimbra]", found(how));
            assert_eq!(world.lines(&CHECK), expected.map(line).into_iter().collect::<Vec<_>>(), "{name}, required");
            let Some(how) = expected else { continue };
            world.session(OTHER, &[]);
            let mut through = turn(Stage::Ehlo, "250 host", None);
            through.tls = true;
            world.last(OTHER).transcript.push(through);
            let line = format!("warning proven: {} (in other sessions it came about) [{OTHER}]", found(how));
            assert_eq!(world.lines(&CHECK), [line], "{name}, but not always");
        }
    }

    #[test]
    fn a_gateway_for_which_tls_is_promised_must_offer_it() {
        let mut world = World::healthy();
        without_starttls(&mut world, GATEWAY);
        let found = "mx1.contoso.com (192.0.2.25) does not offer STARTTLS";
        assert_eq!(world.lines(&CHECK), [format!("warning proven: {found} [{GATEWAY}]")]);
        let policy = |mode| format!("version: STSv1\nmode: {mode}\nmx: mx1.contoso.com\nmax_age: 86400\n");
        world.policy(&policy("testing"));
        assert_eq!(world.lines(&CHECK), [format!("warning proven: {found} [{GATEWAY}]")]);
        world.policy(&policy("enforce"));
        let promised = "the MTA-STS policy enforces it: senders that follow it send it nothing";
        assert_eq!(world.lines(&CHECK), [format!("critical proven: {found}, and {promised} [{GATEWAY}]")]);
    }
}
