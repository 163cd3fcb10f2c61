//! NSD203: a hop does not offer to encrypt (F-47).
use crate::model::promises::Breaking;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD203",
    name: "starttls-missing",
    title: "a mail host does not offer STARTTLS",
    severity: Severity::Warning,
    why: "Mail then travels in the clear. A send connector that requires TLS sends nothing to such a smart host, and senders \
          that look for the domain's TLSA records or its MTA-STS policy send nothing to such a gateway.",
    fix: "Give the host a certificate and switch STARTTLS on (RFC 3207).",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for hop in &case.model.hops {
        let Some((pointer, false)) = hop.offers_starttls() else { continue };
        let demand = case.model.tls_demand(hop);
        let breaches = case.model.breaches(hop);
        let breach = breaches.into_iter().find(|breach| breach.how == Breaking::NoTls);
        let mut said = format!("{} does not offer STARTTLS", hop.name());
        if let Some(demand) = &demand {
            said += &format!(", and '{}' requires TLS: Exchange sends it nothing", demand.connector.name);
        }
        if let Some(breach) = &breach {
            said += &format!(", and {}", breach.said);
        }
        let finding = notes.finding(said);
        finding.about(SubjectKind::Host, hop.id()).seen(pointer).mend(Remedy::steps(
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
    use crate::stories::{GATEWAY, OTHER, World, turn};

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
        assert_eq!(world.lines(&CHECK), [""; 0], "who says nothing refuses nothing");
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
