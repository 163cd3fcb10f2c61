//! NSD204: a certificate that a careful sender does not take.
use crate::model::promises::Breaking;
use crate::model::tls::Fault;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD204",
    name: "tls-certificate-invalid",
    title: "a mail host shows a certificate that is not valid",
    severity: Severity::Warning,
    why: "Most senders encrypt with any certificate. Those that verify (MTA-STS that is enforced, a connector that requires \
          TLS with a domain name) send nothing through a certificate that is expired, untrusted or for another name. DANE \
          wants one that matches its TLSA record, and with DANE-EE looks at neither dates nor name (RFC 7672, 3.1.1).",
    fix: "Install a certificate for the host's name from an authority that senders trust, and renew it in time; publish \
          the TLSA record of a new key before it is used.",
    sources: &["RFC 7672, 3", "RFC 8461, 4"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    super::unheard(case, notes);
    case.model.unseen_promises().into_iter().for_each(|gap| notes.gap(gap));
    for hop in &case.model.hops {
        let breaches = case.model.breaches(hop);
        // Exchange Online validates DANE; it and Google follow MTA-STS. Where no MX host is left to them, their mail is lost.
        let total = |finding: &mut Finding| {
            if case.model.no_host_is_left() {
                finding.severity(Severity::Critical);
            }
        };
        let promised = |how| matches!(how, Breaking::OtherCertificate | Breaking::Outside);
        for breach in breaches.iter().filter(|breach| promised(breach.how)) {
            let finding = notes.finding(&*breach.said).about(SubjectKind::Host, hop.id()).seen_all(&breach.seen);
            finding.seen_all(hop.handshake().map(|(at, ..)| format!("/evidence/smtp/{at}/tls")));
            total(finding.mend(Remedy::steps("dns", "Promise what the host keeps", vec![breach.step.clone()])));
        }
        let Some((at, _, tls)) = hop.handshake() else { continue };
        if let Some(miss) = tls.handshake.miss() {
            // That TLS does not come about is NSD203's to say.
            let (what, supply) =
                (format!("the certificate of {}", hop.name()), "look into the TLS settings of that host");
            notes.gap(Gap { why: miss.said.clone(), ..Gap::not_asked(what, supply) });
            continue;
        }
        let demand = case.model.tls_demand(hop).and_then(|demand| Some((demand.objection(hop)?, demand)));
        // Behind the gateway nobody looks at name and root unless a connector demands it: Exchange comes with a certificate
        // that it signed itself (Microsoft, "Default settings for self-signed certificates").
        let inside = hop.hop.role != Role::Gateway && demand.is_none();
        let mut faults = hop.certificate_faults();
        faults.retain(|(fault, _)| !inside || *fault == Fault::Date);
        let words: Vec<_> = faults.iter().map(|(_, words)| &**words).collect();
        let mut said = format!("The certificate of {} {}", hop.name(), words.join("; it "));
        let broken = breaches.iter().find(|breach| breach.how == Breaking::NotValid);
        match (&demand, broken) {
            (Some((objection, _)), _) if faults.is_empty() => said = objection.said.clone(),
            (Some((objection, _)), _) => said += &format!(". {}", objection.said),
            // Good for whoever has the root of --ca, which strangers have not.
            (None, Some(breach)) if faults.is_empty() => {
                said = format!(
                    "The certificate of {} leads to none of the system's roots, and {}",
                    hop.name(),
                    breach.said
                );
            }
            (None, Some(breach)) => said += &format!(", and {}", breach.said),
            (None, None) if faults.is_empty() => continue,
            (None, None) => {}
        }
        let finding = notes.finding(said);
        finding.about(SubjectKind::Host, hop.id()).seen(format!("/evidence/smtp/{at}/tls")).mend(Remedy::steps(
            hop.hop.role.word(),
            "Install a valid certificate",
            vec![
                format!("Install one for {} on that host", hop.hop.host),
                "If it comes from your own authority, name its root with --ca FILE".into(),
            ],
        ));
        if inside {
            finding.severity(Severity::Info);
            finding.detail += match case.model.organisations.iter().all(|each| each.connectors_seen().is_some()) {
                true => "; no send connector demands a valid one, so mail passes",
                false => {
                    "; Exchange minds only where a send connector validates it, and not all connectors could be read"
                }
            };
        }
        if let Some(breach) = broken {
            total(finding.seen_all(&breach.seen));
        }
        if let Some((objection, demand)) = demand {
            finding.about(SubjectKind::SendConnector, &demand.connector.name).seen(&*demand.pointer);
            finding.severity(Severity::Critical).certainty(objection.certainty);
            let edges = case.model.on_premises().find_map(|organisation| {
                let (pointer, _) = organisation.send_connectors().ok()?;
                let is_its_own = demand.pointer.strip_prefix(&*pointer)?.starts_with('/');
                organisation.synchronise_for(demand.connector).filter(|_| is_its_own)
            });
            finding.remedies.extend(objection.remedy.map(|remedy| remedy.then(edges)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::dns::RecordKind;
    use crate::evidence::exchange::TlsAuthLevel;
    use crate::stories::{GATEWAY, OTHER, World, tls};

    /// What the check says of a hop, without the hop.
    fn told(world: &World) -> Vec<String> {
        let hops = [(" [gateway/mx1.contoso.com/192.0.2.25:25]", ""), ("mx1.contoso.com (192.0.2.25)", "MX1")];
        let lines = world.lines(&CHECK).into_iter();
        lines.map(|line| hops.iter().fold(line, |line, (from, to)| line.replace(from, to))).collect()
    }

    #[test]
    fn each_fault_of_a_certificate_is_named() {
        type Change = fn(&mut crate::evidence::smtp::Tls);
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
            world.last(GATEWAY).tls = Some(tls("mx1.contoso.com"));
            change(world.last(GATEWAY).tls.as_mut().unwrap());
            let expected = |severity: &str, so: &str| {
                let line = |wrong| format!("{severity} proven: The certificate of MX1 {wrong}{so}");
                wrong.map(line).into_iter().collect::<Vec<_>>()
            };
            assert_eq!(told(&world), expected("warning", ""));
            world.policy("version: STSv1\nmode: enforce\nmx: mx1.contoso.com\nmax_age: 86400\n");
            let so = ", and the MTA-STS policy is enforced: senders that follow it skip the host";
            assert_eq!(told(&world), expected("critical", so));
        }
        let mut world = World::healthy();
        world.last(GATEWAY).tls = Some(tls("mx1.contoso.com"));
        world.last(GATEWAY).tls.as_mut().unwrap().publicly_trusted = Observed::Known(false);
        assert_eq!(told(&world), [""; 0], "the user trusts it");
        world.policy("version: STSv1\nmode: enforce\nmx: mx1.contoso.com\nmax_age: 86400\n");
        let found = "critical proven: The certificate of MX1 leads to none of the system's roots, and the MTA-STS policy is \
                     enforced: senders that follow it skip the host";
        assert_eq!(told(&world), [found]);
        let mut world = World::healthy();
        let handshake = Observed::Unknown(Miss::new(How::TlsFailed, "handshake failure"));
        world.last(GATEWAY).tls = Some(crate::evidence::smtp::Tls { handshake, ..tls("mx1.contoso.com") });
        assert_eq!(told(&world), ["not asked: the certificate of MX1"], "NSD203 tells of it");
    }

    #[test]
    fn a_promise_to_the_world_is_kept_by_one_host_or_broken_by_all() {
        let mut world = World::healthy();
        world.last(GATEWAY).tls = Some(tls("mx1.contoso.com"));
        world.dns("_25._tcp.mx1.contoso.com", RecordKind::Tlsa, "3 1 1 0123456789");
        world.evidence.dns.iter_mut().for_each(|lookup| lookup.authenticated = true);
        let found = "proven: MX1 shows a certificate that its TLSA records do not name (3 1 1 01234567…; 192.0.2.53:53 \
                     validates them): senders that validate DANE send it nothing";
        assert_eq!(told(&world), [format!("critical {found}")]);
        world.dns("contoso.com", RecordKind::Mx, "10 mx1.contoso.com, 20 mx2.contoso.com");
        world.evidence.dns.iter_mut().for_each(|lookup| lookup.authenticated = true);
        world.hop("gateway/mx2.contoso.com/192.0.2.26:25");
        world.session("gateway/mx2.contoso.com/192.0.2.26:25", &[]);
        assert_eq!(told(&world), [format!("warning {found}")], "mx2 takes their mail");
    }

    #[test]
    fn what_a_connector_demands_decides_for_its_smart_host() {
        let mut world = World::healthy();
        world.last(OTHER).tls = Some(tls("smarthost.contoso.com"));
        let level = |world: &mut World, level, domain: Option<&str>| {
            world.connector(|connector| {
                (connector.require_tls, connector.tls_auth_level) = (true, level);
                connector.tls_domain = domain.map(String::from);
            });
        };
        level(&mut world, TlsAuthLevel::DomainValidation, Some("smarthost.contoso.com"));
        assert_eq!(told(&world), [""; 0]);
        level(&mut world, TlsAuthLevel::EncryptionOnly, Some("mail.contoso.com"));
        assert_eq!(told(&world), [""; 0], "nobody looks at the name");
        level(&mut world, TlsAuthLevel::DomainValidation, Some("mail.contoso.com"));
        let subjects = format!("[{OTHER}, To Zimbra]");
        let found = "critical proven: 'To Zimbra' demands a certificate for mail.contoso.com, and that of \
                     smarthost.contoso.com (10.0.0.44) is for smarthost.contoso.com: Exchange sends it nothing";
        assert_eq!(told(&world), [format!("{found} {subjects}")]);
        let set = "Set-SendConnector -Identity 'To Zimbra' -TlsDomain 'smarthost.contoso.com'";
        assert_eq!(world.commands(&CHECK), [set]);
        world.sends_from_edge();
        assert_eq!(world.commands(&CHECK), [set, "Start-EdgeSynchronization"]);
        level(&mut world, TlsAuthLevel::CertificateValidation, None);
        world.last(OTHER).tls.as_mut().unwrap().trusted = Observed::Known(false);
        let found = "critical likely: The certificate of smarthost.contoso.com (10.0.0.44) leads to no trusted root (issuer: \
                     CN=Contoso CA). 'To Zimbra' validates it: Exchange sends it nothing, unless it trusts roots that this \
                     host does not";
        assert_eq!(told(&world), [format!("{found} {subjects}")]);
    }

    #[test]
    fn behind_the_gateway_only_a_date_is_told_and_no_name_is_compared_for_an_address() {
        let mut world = World::healthy();
        world.last(OTHER).tls = Some(tls("localhost"));
        let shown = |world: &mut World| {
            let tls = world.last(OTHER).tls.as_mut().unwrap();
            (tls.names_host, tls.trusted) = (Observed::Known(false), Observed::Known(false));
        };
        shown(&mut world);
        assert_eq!(told(&world), [""; 0], "no connector validates it");
        world.last(OTHER).tls.as_mut().unwrap().chain[0].not_after = "2026-11-01T00:00:00Z".into();
        let expired = format!(
            "info proven: The certificate of smarthost.contoso.com (10.0.0.44) expired on 2026-11-01T00:00:00Z; no send \
             connector demands a valid one, so mail passes [{OTHER}]"
        );
        assert_eq!(told(&world), [expired]);
        world.last(OTHER).tls.as_mut().unwrap().chain[0].not_after = "2027-11-01T00:00:00Z".into();
        world.connector(|connector| {
            (connector.require_tls, connector.tls_auth_level) = (true, TlsAuthLevel::CertificateValidation);
        });
        assert!(told(&world)[0].starts_with("critical likely: "), "one validates it: {:?}", told(&world));
        const BARE: &str = "gateway/192.0.2.27/192.0.2.27:25";
        let mut world = World::healthy();
        world.hop(BARE);
        world.session(BARE, &[]);
        world.last(BARE).tls = Some(tls("mx1.contoso.com"));
        world.last(BARE).tls.as_mut().unwrap().names_host = Observed::Known(false);
        assert_eq!(told(&world), [""; 0], "an address is no name");
    }
}
