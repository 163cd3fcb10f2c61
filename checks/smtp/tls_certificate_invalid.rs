//! NSD204: a certificate that a careful sender does not take.
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD204",
    name: "tls-certificate-invalid",
    title: "a mail host shows a certificate that is not valid",
    severity: Severity::Warning,
    why: "Most senders encrypt with any certificate. Those that verify (MTA-STS, DANE, a connector that requires TLS with \
          a domain name) send nothing through a certificate that is expired, untrusted or for another name.",
    fix: "Install a certificate for the host's name from an authority that senders trust, and renew it in time.",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for hop in &case.model.hops {
        let Some((at, session, tls)) =
            hop.sessions.iter().rev().find_map(|(at, session)| Some((*at, session, session.tls.as_ref()?)))
        else {
            continue;
        };
        if let Some(miss) = tls.handshake.miss() {
            let what = format!("the certificate of {}", hop.name());
            notes.gap(Gap::unanswered(what, miss.said.clone(), "look into the TLS settings of that host"));
            continue;
        }
        let Some(leaf) = tls.chain.first() else { continue };
        let mut wrong = Vec::new();
        // RFC 3339 in UTC compares as text.
        if leaf.not_after < session.started_at {
            wrong.push(format!("expired on {}", leaf.not_after));
        }
        if leaf.not_before > session.started_at {
            wrong.push(format!("is not valid before {}", leaf.not_before));
        }
        if tls.names_host == Observed::Known(false) {
            let names = if leaf.names.is_empty() { "nobody".into() } else { listed(&leaf.names, 4) };
            wrong.push(format!("is for {names}, not for {}", hop.hop.host));
        }
        if tls.trusted == Observed::Known(false) {
            wrong.push(format!("leads to no trusted root (issuer: {})", leaf.issuer));
        }
        if wrong.is_empty() {
            continue;
        }
        notes
            .finding(format!("The certificate of {} {}", hop.name(), wrong.join("; it ")))
            .about(SubjectKind::Host, hop.id())
            .seen(format!("/evidence/smtp/{at}/tls"))
            .mend(Remedy::steps(
                hop.hop.role.word(),
                "Install a valid certificate",
                vec![
                    format!("Install one for {} on that host", hop.hop.host),
                    "If it comes from your own authority, name its root with --ca FILE".into(),
                ],
            ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::smtp::{Certificate, Handshake, Tls};
    use crate::stories::{GATEWAY, World};

    #[test]
    fn each_fault_of_a_certificate_is_named() {
        let good = Tls {
            handshake: Observed::Known(Handshake { version: "TLSv1.3".into(), cipher: "x".into() }),
            chain: vec![Certificate {
                subject: "CN=mx1".into(),
                issuer: "CN=Contoso CA".into(),
                names: vec!["mx1.contoso.com".into()],
                not_before: "2026-01-01T00:00:00Z".into(),
                not_after: "2027-01-01T00:00:00Z".into(),
                ..Certificate::default()
            }],
            trusted: Observed::Known(true),
            names_host: Observed::Known(true),
            objection: None,
        };
        type Change = fn(&mut Tls);
        let cases: [(Change, Option<&str>); 5] = [
            (|_| {}, None),
            (|tls| tls.chain[0].not_after = "2026-11-01T00:00:00Z".into(), Some("expired on 2026-11-01T00:00:00Z")),
            (
                |tls| tls.chain[0].not_before = "2026-12-01T00:00:00Z".into(),
                Some("is not valid before 2026-12-01T00:00:00Z"),
            ),
            (|tls| tls.names_host = Observed::Known(false), Some("is for mx1.contoso.com, not for mx1.contoso.com")),
            (|tls| tls.trusted = Observed::Known(false), Some("leads to no trusted root (issuer: CN=Contoso CA)")),
        ];
        for (change, wrong) in cases {
            let mut world = World::healthy();
            let mut tls = good.clone();
            change(&mut tls);
            world.last(GATEWAY).tls = Some(tls);
            let expected = wrong.map(|wrong| {
                format!(
                    "warning proven: The certificate of mx1.contoso.com (192.0.2.25) {wrong} \
                     [gateway/mx1.contoso.com/192.0.2.25:25]"
                )
            });
            assert_eq!(world.lines(&CHECK), expected.into_iter().collect::<Vec<_>>());
        }
        let mut world = World::healthy();
        let handshake = Observed::Unknown(Miss::new(How::TlsFailed, "handshake failure"));
        world.last(GATEWAY).tls = Some(Tls { handshake, ..good });
        assert_eq!(
            world.lines(&CHECK),
            ["unanswered: the certificate of mx1.contoso.com (192.0.2.25) (handshake failure)"]
        );
    }
}
