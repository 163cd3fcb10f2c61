//! NSD109: the gateways that were named are not the hosts that the Internet meets.
use crate::model::names::bare_host;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD109",
    name: "named-gateway-is-no-mx",
    title: "the gateways that the configuration names are not the MX hosts",
    severity: Severity::Info,
    why: "Senders go where the MX records point (RFC 5321, 5.1). Where the configuration names gateways, those alone are asked: \
          what another host says to senders was not heard, and what a gateway says that is no MX host no sender hears.",
    fix: "Name the MX hosts as gateways, or leave the gateways out so that nsdiag takes them from DNS. Where a filter of \
          somebody else's stands before the gateways, this is as it should be.",
    sources: &["RFC 5321, 5.1"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    let (domain, model) = (&*case.question.domain, &case.model);
    let Some(mx) = notes.need(model.exchangers()) else { return };
    let named: Vec<&str> = case.question.gateways.iter().map(|gateway| bare_host(gateway)).collect();
    if named.is_empty() {
        return;
    }
    let mut hosts = mx.hosts(domain);
    if mx.answer.exchanges().is_empty() {
        match model.addresses(domain) {
            Addresses::Known(found, _) if found.is_empty() => hosts.clear(),
            Addresses::Unknown(miss) => return notes.gap(no_dns(format!("the addresses of {domain}"), &miss)),
            _ => {}
        }
    }
    let mut unsure: Vec<String> = Vec::new();
    let mut among = |ours: &str, all: &[&str]| {
        let same: Vec<_> = all.iter().map(|other| model.is_same_host(ours, other)).collect();
        if same.contains(&None) && !same.contains(&Some(true)) {
            unsure.push(ours.into());
            return true;
        }
        same.contains(&Some(true))
    };
    let strangers: Vec<&str> = named.iter().copied().filter(|gateway| !among(gateway, &hosts)).collect();
    let unasked: Vec<&str> = hosts.iter().copied().filter(|host| !among(host, &named)).collect();
    // A domain may have thousands of MX records, and not all of them are looked up.
    let (single, rest) = unsure.split_at(unsure.len().min(4));
    let more = (!rest.is_empty()).then(|| format!("each of {} more hosts", rest.len()));
    for ours in single.iter().chain(&more) {
        let what = format!("whether {ours} is an MX host of {domain} and a named gateway");
        let why = "DNS does not tell all addresses of these hosts";
        notes.gap(Gap::unanswered(what, why, "--resolver IP of a DNS server that answers"));
    }
    let verb = |count: usize, one: &str, several: &str| if count == 1 { one.to_string() } else { several.to_string() };
    if !strangers.is_empty() {
        let mx_hosts = if hosts.is_empty() { "there is none".to_string() } else { listed(&hosts, 4) };
        let detail = format!(
            "{}, which the configuration names, {} of {domain} ({mx_hosts})",
            listed(&strangers, 4),
            verb(strangers.len(), "is no MX host", "are no MX hosts")
        );
        told(notes, detail, &strangers, &mx.pointer);
    }
    if !unasked.is_empty() {
        let detail = format!(
            "{}, {} of {domain}, {} among the gateways that the configuration names: as {} was not asked",
            listed(&unasked, 4),
            verb(unasked.len(), "an MX host", "MX hosts"),
            verb(unasked.len(), "is not", "are not"),
            verb(unasked.len(), "a gateway it", "gateways they"),
        );
        told(notes, detail, &unasked, &mx.pointer);
    }
}

fn told(notes: &mut Notes, detail: String, hosts: &[&str], pointer: &str) {
    let finding = notes.finding(detail).seen(pointer);
    for host in hosts {
        finding.about(SubjectKind::Host, *host);
    }
    let step = "Name the MX hosts in [[gateway]], or take [[gateway]] out of the configuration";
    finding.mend(Remedy::steps("here", "Ask the hosts that senders meet", vec![step.into()]));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::dns::RecordKind;
    use crate::stories::World;

    fn world(gateways: &[&str], mx: &str) -> World {
        let mut world = World::healthy();
        world.question.gateways = gateways.iter().map(ToString::to_string).collect();
        world.dns("contoso.com", RecordKind::Mx, mx);
        for (host, address) in
            [("mx2.contoso.com", "192.0.2.26"), ("gw.contoso.com", "192.0.2.25"), ("contoso.com", "192.0.2.25")]
        {
            world.dns(host, RecordKind::A, address);
            world.dns(host, RecordKind::Aaaa, "");
        }
        world
    }

    #[test]
    fn gateways_and_mx_hosts_are_compared_by_name_and_by_address() {
        let stranger = "info proven: mx2.contoso.com, which the configuration names, is no MX host of contoso.com";
        let unasked = "an MX host of contoso.com, is not among the gateways that the configuration names: as a gateway it was not asked";
        let one = "10 mx1.contoso.com";
        let cases: [(&[&str], &str, Vec<String>); 11] = [
            (&[], one, vec![]),
            (&["mx1.contoso.com:25"], one, vec![]),
            (&["MX1.contoso.com"], one, vec![]),
            (&["gw.contoso.com:25"], one, vec![]),
            (&["192.0.2.25:25"], one, vec![]),
            (&["contoso.com"], "", vec![]),
            (&["mx1.contoso.com:25"], "", vec![]),
            (
                &["mx1.contoso.com", "mx2.contoso.com"],
                one,
                vec![format!("{stranger} (mx1.contoso.com) [mx2.contoso.com]")],
            ),
            (
                &["mx1.contoso.com"],
                "10 mx1.contoso.com, 20 mx2.contoso.com",
                vec![format!("info proven: mx2.contoso.com, {unasked} [mx2.contoso.com]")],
            ),
            (
                &["mx2.contoso.com"],
                one,
                vec![
                    format!("{stranger} (mx1.contoso.com) [mx2.contoso.com]"),
                    format!("info proven: mx1.contoso.com, {unasked} [mx1.contoso.com]"),
                ],
            ),
            (&["mx2.contoso.com"], "0 .", vec![format!("{stranger} (there is none) [mx2.contoso.com]")]),
        ];
        for (gateways, mx, expected) in cases {
            assert_eq!(world(gateways, mx).lines(&CHECK), expected, "{gateways:?} {mx}");
        }
    }

    #[test]
    fn what_dns_does_not_tell_is_open() {
        let silent = |name: &str| {
            let mut world = world(&["gw.contoso.com"], "10 mx1.contoso.com");
            world.dns(name, if name == "contoso.com" { RecordKind::Mx } else { RecordKind::A }, "SILENCE");
            world.lines(&CHECK)
        };
        assert_eq!(silent("contoso.com"), ["unanswered: the MX records of contoso.com (no answer in 10 s)"]);
        let open = |host: &str| {
            let what =
                "is an MX host of contoso.com and a named gateway (DNS does not tell all addresses of these hosts)";
            format!("unanswered: whether {host} {what}")
        };
        let both = [open("gw.contoso.com"), open("mx1.contoso.com")];
        assert_eq!((silent("mx1.contoso.com"), silent("gw.contoso.com")), (both.to_vec(), both.to_vec()));
        // What surely leads nowhere is surely another host.
        let mut round = world(&["mx1.contoso.com"], "10 mx1.contoso.com, 20 mx2.contoso.com");
        round.dns("mx2.contoso.com", RecordKind::A, "LOOP");
        round.dns("mx2.contoso.com", RecordKind::Aaaa, "LOOP");
        assert!(
            round.lines(&CHECK)[0].starts_with("info proven: mx2.contoso.com, an MX host of"),
            "{:?}",
            round.lines(&CHECK)
        );
        let mut none = world(&["mx1.contoso.com"], "");
        none.dns("contoso.com", RecordKind::A, "");
        let found = "info proven: mx1.contoso.com, which the configuration names, is no MX host of contoso.com (there is none) \
                     [mx1.contoso.com]";
        assert_eq!(none.lines(&CHECK), [found]);
        none.dns("contoso.com", RecordKind::A, "SILENCE");
        assert_eq!(none.lines(&CHECK), ["unanswered: the addresses of contoso.com (no answer in 10 s)"]);
        let mut world = world(&["mx1.contoso.com"], "10 mx1.contoso.com");
        world.dns("mx1.contoso.com", RecordKind::A, "SILENCE");
        assert_eq!(world.lines(&CHECK), [""; 0], "one name is one host");
    }
}
