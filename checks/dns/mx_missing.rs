//! NSD101: the Internet finds no host that takes the domain's mail.
use crate::evidence::dns::RecordKind;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD101",
    name: "mx-missing",
    title: "the domain has no host that takes mail",
    severity: Severity::Critical,
    why: "Without an MX record senders fall back to the domain's own address (RFC 5321, 5.1); without that, or with a \
          null MX (RFC 7505), every message bounces at its sender.",
    fix: "Publish an MX record that names the gateway: `contoso.com. IN MX 10 mx1.contoso.com.`",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    let domain = &*case.question.domain;
    let Some((at, lookup)) = case.evidence.dns_of(domain, RecordKind::Mx) else {
        return notes.gap(Gap::not_asked(format!("the MX records of {domain}"), "--resolver IP"));
    };
    let answer = match &lookup.answer {
        Observed::Known(answer) => answer,
        Observed::Unknown(miss) => return notes.gap(no_dns(format!("the MX records of {domain}"), miss)),
        Observed::NotAsked => return,
    };
    let exchanges = answer.exchanges();
    let detail = match &exchanges[..] {
        [(_, "")] => format!("{domain} has a null MX record (RFC 7505): it declares that it takes no mail"),
        [] if !answer.exists => format!("{domain} does not exist in DNS, says {}", lookup.resolver),
        [] => match case.model.addresses(domain) {
            Addresses::Known(found, _) if found.is_empty() => format!("{domain} has neither MX records nor an address"),
            Addresses::Unknown(miss) => return notes.gap(no_dns(format!("the addresses of {domain}"), &miss)),
            _ => return,
        },
        _ => return,
    };
    notes.finding(detail).about(SubjectKind::Domain, domain).seen(format!("/evidence/dns/{at}")).mend(Remedy::steps(
        "dns",
        "Publish the gateway",
        vec![format!("{domain}. IN MX 10 <the gateway's host name>.")],
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::World;

    #[test]
    fn a_domain_without_a_way_in_is_found() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.dns("contoso.com", RecordKind::Mx, "");
        world.dns("contoso.com", RecordKind::A, "192.0.2.1");
        assert_eq!(world.lines(&CHECK), [""; 0], "the implicit MX");
        world.dns("contoso.com", RecordKind::A, "");
        let found = "critical proven: contoso.com has neither MX records nor an address [contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
        world.dns("contoso.com", RecordKind::Mx, "0 .");
        let found = "critical proven: contoso.com has a null MX record (RFC 7505): it declares that it takes no mail \
                     [contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
        world.dns("contoso.com", RecordKind::Mx, "NXDOMAIN");
        let found = "critical proven: contoso.com does not exist in DNS, says 192.0.2.53:53 [contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
    }

    #[test]
    fn a_silent_resolver_is_no_missing_record() {
        let mut world = World::healthy();
        world.dns("contoso.com", RecordKind::Mx, "SILENCE");
        assert_eq!(world.lines(&CHECK), ["unanswered: the MX records of contoso.com (no answer in 10 s)"]);
    }
}
