//! NSD101: the Internet finds no host that takes the domain's mail.
use crate::model::names::bare_host;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD101",
    name: "mx-missing",
    title: "the domain has no host that takes mail",
    severity: Severity::Critical,
    why: "Without an MX record senders fall back to the domain's own address (RFC 5321, 5.1); without that, or with a \
          null MX (RFC 7505), every message bounces at its sender.",
    fix: "Publish an MX record that names the gateway: `contoso.com. IN MX 10 mx1.contoso.com.`",
    sources: &["RFC 5321, 5.1", "RFC 7505, 3"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    let domain = &*case.question.domain;
    let Some(mx) = notes.need(case.model.exchangers()) else { return };
    let (exchanges, mut seen) = (mx.answer.exchanges(), vec![mx.pointer]);
    let detail = match &exchanges[..] {
        [(_, ""), rest @ ..] if rest.iter().all(|(_, host)| host.is_empty()) => {
            format!("{domain} has a null MX record (RFC 7505): it declares that it takes no mail")
        }
        [] if !mx.answer.exists => {
            let end = mx.answer.aliases.last().map(|alias| &*alias.target);
            let of = end.map(|end| format!(" is an alias of {end}, which")).unwrap_or_default();
            format!("{domain}{of} does not exist in DNS, says {}", mx.resolver)
        }
        [] => match case.model.addresses(domain) {
            Addresses::Known(found, looked_up) if found.is_empty() => {
                seen.extend(looked_up);
                format!("{domain} has neither MX records nor an address")
            }
            Addresses::Known(..) => return,
            Addresses::Unknown(miss) => return notes.gap(no_dns(format!("the addresses of {domain}"), &miss)),
            Addresses::NotAsked => {
                return notes.gap(Gap::not_asked(format!("the addresses of {domain}"), "--resolver IP"));
            }
        },
        _ => return,
    };
    notes.finding(detail).about(SubjectKind::Domain, domain).seen_all(seen).mend(Remedy::steps(
        "dns",
        "Publish the gateway",
        match &named(case)[..] {
            [] => vec![format!("{domain}. IN MX 10 <the gateway's host name>.")],
            some => some.iter().map(|host| format!("{domain}. IN MX 10 {host}.")).collect(),
        },
    ));
}

/// The gateways that the user named, by names that DNS can hold: an MX record takes no address (RFC 5321, 5.1).
fn named<'c>(case: &'c Case) -> Vec<&'c str> {
    let is_name = |host: &&str| host.parse::<core::net::IpAddr>().is_err();
    let mut hosts: Vec<&str> = case.question.gateways.iter().map(|named| bare_host(named)).filter(is_name).collect();
    hosts.dedup();
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::dns::RecordKind;
    use crate::stories::World;

    #[test]
    fn the_gateways_that_are_named_are_published_by_name() {
        let mut world = World::healthy();
        world.dns("contoso.com", RecordKind::Mx, "0 .");
        let told = |world: &World| {
            let mut notes = Notes::new(&CHECK);
            judge(&Case::new(&world.question, &world.evidence), &mut notes);
            crate::remedy::lines(&notes.findings[0].remedies[0].commands)
        };
        let open = ["contoso.com. IN MX 10 <the gateway's host name>."];
        assert_eq!(told(&world), open);
        world.question.gateways = vec!["192.0.2.25:25".into(), "[2001:db8::25]:25".into()];
        assert_eq!(told(&world), open, "an MX record takes no address");
        world.question.gateways = vec!["mx1.contoso.com:25".into(), "mx2.contoso.com:25".into()];
        let both = ["contoso.com. IN MX 10 mx1.contoso.com.", "contoso.com. IN MX 10 mx2.contoso.com."];
        assert_eq!(told(&world), both);
    }

    #[test]
    fn a_domain_without_a_way_in_is_found() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.dns("contoso.com", RecordKind::Mx, "");
        world.dns("contoso.com", RecordKind::A, "192.0.2.1");
        assert_eq!(world.lines(&CHECK), [""; 0], "the implicit MX");
        world.dns("contoso.com", RecordKind::A, "");
        assert_eq!(world.lines(&CHECK), ["not asked: the addresses of contoso.com"], "one family says nothing");
        world.dns("contoso.com", RecordKind::Aaaa, "2001:db8::1");
        assert_eq!(world.lines(&CHECK), [""; 0], "the implicit MX has IPv6 alone");
        world.dns("contoso.com", RecordKind::Aaaa, "");
        let found = "critical proven: contoso.com has neither MX records nor an address [contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
        world.dns("contoso.com", RecordKind::Mx, "0 .");
        let found = "critical proven: contoso.com has a null MX record (RFC 7505): it declares that it takes no mail \
                     [contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
        world.dns("contoso.com", RecordKind::Mx, "0 ., 10 mx1.contoso.com");
        assert_eq!(world.lines(&CHECK), [""; 0], "a host is there: the null MX beside it is another fault");
        world.dns("contoso.com", RecordKind::Mx, "NXDOMAIN");
        let found = "critical proven: contoso.com does not exist in DNS, says 192.0.2.53:53 [contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
    }

    #[test]
    fn a_silent_resolver_is_no_missing_record() {
        let mut world = World::healthy();
        world.dns("contoso.com", RecordKind::Mx, "SILENCE");
        assert_eq!(world.lines(&CHECK), ["unanswered: the MX records of contoso.com (no answer in 10 s)"]);
        world.evidence.dns.clear();
        assert_eq!(world.lines(&CHECK), ["not asked: the MX records of contoso.com"]);
        world.dns("contoso.com", RecordKind::Mx, "");
        assert_eq!(world.lines(&CHECK), ["not asked: the addresses of contoso.com"]);
        world.dns("contoso.com", RecordKind::A, "SERVFAIL");
        assert_eq!(world.lines(&CHECK), ["unanswered: the addresses of contoso.com (the resolver failed)"]);
    }
}
