//! NSD102: an MX record names a host that cannot be reached by its name.
use crate::evidence::dns::RecordKind;
use crate::prelude::*;
use core::net::IpAddr;

pub(super) const CHECK: Check = Check {
    code: "NSD102",
    name: "mx-target-invalid",
    title: "an MX record names a host that is an alias or has no address",
    severity: Severity::Warning,
    why: "An MX record must name a host with address records of its own: never an alias (RFC 5321, 5.1; RFC 2181, 10.3), an \
          address or, beside other hosts, the null MX (RFC 7505, 3). Some senders make something of it and some do not; a \
          host without an address costs every sender a try.",
    fix: "Give the host an A or AAAA record, or point the MX record at a host that has one.",
    sources: &["RFC 5321, 5.1", "RFC 2181, 10.3", "RFC 7505, 3"],
    judge,
};

/// What is wrong with one exchange.
struct Bad<'a> {
    host: &'a str,
    detail: String,
    step: String,
    seen: Vec<String>,
}

fn judge(case: &Case, notes: &mut Notes) {
    let domain = &*case.question.domain;
    let Some(mx) = notes.need(case.model.exchangers()) else { return };
    let exchanges = mx.answer.exchanges();
    let hosts: Vec<&str> = mx.hosts(domain).into_iter().filter(|_| !exchanges.is_empty()).collect();
    let mut bad: Vec<Bad> = Vec::new();
    let mut usable = 0;
    let mut unasked: Vec<&str> = Vec::new();
    if !hosts.is_empty() && exchanges.iter().any(|(_, host)| host.is_empty()) {
        let detail = format!(
            "{domain} has a null MX record beside {}: some senders take it for the word that {domain} takes no mail",
            listed(&hosts, 3)
        );
        let step = format!("Take the record 'MX 0 .' out of {domain}");
        bad.push(Bad { host: domain, detail, step, seen: vec![] });
    }
    for host in hosts {
        let named = format!("{host}, an MX of {domain},");
        let step = format!("Give {host} an A or AAAA record of its own, or take it out of the MX records of {domain}");
        if host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok() {
            let detail =
                format!("{named} is an address, and an MX record holds a name: most senders find no such host");
            let step =
                format!("Give the host a name with that address, and put the name into the MX record of {domain}");
            bad.push(Bad { host, detail, step, seen: vec![] });
            continue;
        }
        let known = |kind| case.evidence.dns_of(host, kind).and_then(|(_, lookup)| lookup.answer.known());
        let answers = [RecordKind::A, RecordKind::Aaaa].map(known);
        let alias = answers.iter().flatten().find_map(|answer| Some(&answer.aliases.last()?.target));
        let (found, seen) = match case.model.addresses(host) {
            Addresses::Known(found, seen) => (found, seen),
            Addresses::Unknown(miss) if miss.how == How::AliasLoop => {
                let detail = format!("{named} has no address: {}", miss.said);
                let at = [RecordKind::A, RecordKind::Aaaa].map(|kind| case.evidence.dns_of(host, kind));
                let seen = at.into_iter().flatten().map(|(at, _)| format!("/evidence/dns/{at}")).collect();
                bad.push(Bad { host, detail, step, seen });
                continue;
            }
            Addresses::Unknown(miss) => {
                usable += 1;
                notes.gap(no_dns(format!("the addresses of {host}"), &miss));
                continue;
            }
            Addresses::NotAsked => {
                usable += 1;
                unasked.push(host);
                continue;
            }
        };
        usable += usize::from(!found.is_empty());
        let gone = answers.iter().flatten().all(|answer| !answer.exists);
        let detail = match (alias, found.is_empty()) {
            (Some(target), true) => {
                format!(
                    "{named} is an alias of {target}, which {}",
                    if gone { "does not exist" } else { "has no address" }
                )
            }
            (Some(target), false) => format!("{named} is an alias of {target}"),
            (None, true) if gone => format!("{named} does not exist"),
            (None, true) => format!("{named} has no address"),
            (None, false) => continue,
        };
        bad.push(Bad { host, detail, step, seen });
    }
    if !unasked.is_empty() {
        notes.gap(Gap::not_asked(format!("the addresses of {}", listed(&unasked, 4)), "--resolver IP"));
    }
    for Bad { host, detail, step, seen } in bad {
        let kind = if host == domain { SubjectKind::Domain } else { SubjectKind::Host };
        let finding = notes.finding(detail).about(kind, host);
        finding.severity(if usable == 0 { Severity::Critical } else { Severity::Warning });
        finding.seen_all(seen).seen(&*mx.pointer);
        finding.mend(Remedy::steps("dns", "Mend the MX record", vec![step]));
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
        assert_eq!(world.lines(&CHECK), ["not asked: the addresses of mx2.contoso.com"]);
        world.dns("mx2.contoso.com", RecordKind::A, "");
        assert_eq!(world.lines(&CHECK), ["not asked: the addresses of mx2.contoso.com"], "it may have IPv6 alone");
        world.dns("mx2.contoso.com", RecordKind::Aaaa, "");
        let none = "proven: mx2.contoso.com, an MX of contoso.com, has no address [mx2.contoso.com]";
        assert_eq!(world.lines(&CHECK), [format!("warning {none}")]);
        world.dns("contoso.com", RecordKind::Mx, "20 mx2.contoso.com");
        assert_eq!(world.lines(&CHECK), [format!("critical {none}")]);
        world.dns("mx2.contoso.com", RecordKind::A, "SILENCE");
        assert_eq!(world.lines(&CHECK), ["unanswered: the addresses of mx2.contoso.com (no answer in 10 s)"]);
        world.dns("mx2.contoso.com", RecordKind::Aaaa, "2001:db8::2");
        assert_eq!(world.lines(&CHECK), [""; 0], "one family is enough");
    }

    #[test]
    fn each_way_not_to_be_a_host_is_told() {
        let of = "an MX of contoso.com,";
        let cases: [(&str, &str, &str, &str); 7] = [
            ("mx2.contoso.com", "CNAME relay.contoso.com 192.0.2.9", "", "is an alias of relay.contoso.com"),
            ("mx2.contoso.com", "NXDOMAIN", "NXDOMAIN", "does not exist"),
            (
                "mx2.contoso.com",
                "CNAME gone.contoso.com NXDOMAIN",
                "NXDOMAIN",
                "is an alias of gone.contoso.com, which does not exist",
            ),
            ("mx2.contoso.com", "LOOP", "LOOP", "has no address: an alias loop"),
            (
                "192.0.2.9",
                "NXDOMAIN",
                "NXDOMAIN",
                "is an address, and an MX record holds a name: most senders find no such host",
            ),
            (
                "[192.0.2.9]",
                "NXDOMAIN",
                "NXDOMAIN",
                "is an address, and an MX record holds a name: most senders find no such host",
            ),
            ("mx2.contoso.com", "192.0.2.26", "", ""),
        ];
        for (host, v4, v6, said) in cases {
            let mut world = World::healthy();
            world.dns("contoso.com", RecordKind::Mx, &format!("10 mx1.contoso.com, 20 {host}"));
            world.dns(host, RecordKind::A, v4);
            world.dns(host, RecordKind::Aaaa, v6);
            let said = Some(said).filter(|said| !said.is_empty());
            let expected: Vec<_> =
                said.map(|said| format!("warning proven: {host}, {of} {said} [{host}]")).into_iter().collect();
            assert_eq!(world.lines(&CHECK), expected, "{host} {v4}");
        }
    }

    #[test]
    fn a_null_mx_must_be_the_only_one() {
        let mut world = World::healthy();
        let found = "proven: contoso.com has a null MX record beside mx1.contoso.com: some senders take it for the word that \
                     contoso.com takes no mail [contoso.com]";
        for records in ["0 ., 10 mx1.contoso.com", "10 mx1.contoso.com, 20 ."] {
            world.dns("contoso.com", RecordKind::Mx, records);
            assert_eq!(world.lines(&CHECK), [format!("warning {found}")], "{records}");
        }
        world.dns("mx1.contoso.com", RecordKind::A, "");
        assert_eq!(world.lines(&CHECK)[0], format!("critical {found}"), "no host is left");
        world.dns("contoso.com", RecordKind::Mx, "0 .");
        assert_eq!(world.lines(&CHECK), [""; 0], "alone it is no fault of a target: the domain takes no mail");
        world.dns("contoso.com", RecordKind::Mx, "");
        assert_eq!(world.lines(&CHECK), [""; 0], "the implicit MX is no record");
    }
}
