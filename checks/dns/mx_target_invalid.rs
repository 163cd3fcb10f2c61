//! NSD102: an MX record names a host that cannot be reached by its name.
use crate::evidence::dns::RecordKind;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD102",
    name: "mx-target-invalid",
    title: "an MX record names a host that is an alias or has no address",
    severity: Severity::Warning,
    why: "An MX record must name a host with address records of its own, never an alias (RFC 5321, 5.1; RFC 2181, 10.3). \
          Some senders follow an alias and some do not; a host without an address costs every sender a try.",
    fix: "Give the host an A or AAAA record, or point the MX record at a host that has one.",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    let domain = &*case.question.domain;
    let Some((mx, lookup)) = case.evidence.dns_of(domain, RecordKind::Mx) else {
        return notes.gap(Gap::not_asked(format!("the MX records of {domain}"), "--resolver IP"));
    };
    let answer = match &lookup.answer {
        Observed::Known(answer) => answer,
        Observed::Unknown(miss) => return notes.gap(no_dns(format!("the MX records of {domain}"), miss)),
        Observed::NotAsked => return,
    };
    let mut bad = Vec::new();
    let mut usable = 0;
    for (_, host) in answer.exchanges() {
        if host.is_empty() {
            continue;
        }
        let (found, mut seen) = match case.model.addresses(host) {
            Addresses::Known(found, seen) => (found, seen),
            Addresses::Unknown(miss) => {
                usable += 1;
                notes.gap(no_dns(format!("the addresses of {host}"), &miss));
                continue;
            }
            Addresses::NotAsked => continue,
        };
        seen.push(format!("/evidence/dns/{mx}"));
        if found.is_empty() {
            bad.push((host, format!("{host}, an MX of {domain}, has no address"), seen));
            continue;
        }
        usable += 1;
        let alias = case.evidence.dns_of(host, RecordKind::A).and_then(|(_, lookup)| lookup.answer.known());
        if let Some(alias) = alias.and_then(|answer| answer.aliases.first()) {
            bad.push((host, format!("{host}, an MX of {domain}, is an alias of {}", alias.target), seen));
        }
    }
    for (host, detail, seen) in bad {
        let finding = notes.finding(detail).about(SubjectKind::Host, host);
        finding.severity(if usable == 0 { Severity::Critical } else { Severity::Warning });
        finding.seen_all(seen);
        let steps =
            vec![format!("Give {host} an A or AAAA record of its own, or take it out of the MX records of {domain}")];
        finding.mend(Remedy::steps("dns", "Mend the MX record", steps));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::World;

    #[test]
    fn aliases_and_names_without_address_are_found() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.dns("contoso.com", RecordKind::Mx, "10 mx1.contoso.com, 20 mx2.contoso.com");
        world.dns("mx2.contoso.com", RecordKind::A, "");
        world.dns("mx2.contoso.com", RecordKind::Aaaa, "");
        let none = "proven: mx2.contoso.com, an MX of contoso.com, has no address [mx2.contoso.com]";
        assert_eq!(world.lines(&CHECK), [format!("warning {none}")]);
        world.dns("contoso.com", RecordKind::Mx, "20 mx2.contoso.com");
        assert_eq!(world.lines(&CHECK), [format!("critical {none}")]);
        world.dns("mx2.contoso.com", RecordKind::A, "CNAME relay.contoso.com 192.0.2.9");
        let alias =
            "warning proven: mx2.contoso.com, an MX of contoso.com, is an alias of relay.contoso.com [mx2.contoso.com]";
        assert_eq!(world.lines(&CHECK), [alias]);
        world.dns("mx2.contoso.com", RecordKind::A, "SILENCE");
        assert_eq!(world.lines(&CHECK), ["unanswered: the addresses of mx2.contoso.com (no answer in 10 s)"]);
    }
}
