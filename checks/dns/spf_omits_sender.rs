//! NSD104: SPF does not let a system of the domain send (F-40).
use crate::evidence::dns::RecordKind;
use crate::model::spf::{self, Qualifier};
use crate::model::{OrganisationView, ranges};
use crate::prelude::*;
use core::net::IpAddr;

pub(super) const CHECK: Check = Check {
    code: "NSD104",
    name: "spf-omits-sender",
    title: "SPF does not cover a host that sends for the domain",
    severity: Severity::Warning,
    why: "Every system sends with addresses of the shared domain, so its SPF record must name the outbound hosts of all of \
          them (RFC 7208). Mail of a host that it omits may land in the junk folder, or bounce (Exchange Online: 5.7.23).",
    fix: "Add the outbound addresses to the SPF record: `v=spf1 ip4:192.0.2.7 mx -all`. A domain has one SPF record only.",
    sources: &["RFC 7208, 3.2", "RFC 7208, 8.4"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    let domain = &*case.question.domain;
    let lookup = case.evidence.dns_of(domain, RecordKind::Txt);
    let what = format!("the SPF record of {domain}");
    match lookup.map(|(_, lookup)| &lookup.answer) {
        Some(Observed::Known(_)) => {}
        // Who named no outbound host asked for nothing that SPF could tell.
        Some(Observed::Unknown(miss)) => {
            let asked = case.question.systems.iter().any(|system| !system.outbound.is_empty());
            return notes.gap(Gap { asked, ..no_dns(what, miss) });
        }
        _ => return notes.gap(Gap::not_asked(what, "--resolver IP")),
    }
    let records = lookup.and_then(|(_, lookup)| lookup.answer.known()).map(spf::records).unwrap_or_default();
    let seen = lookup.map(|(at, _)| format!("/evidence/dns/{at}"));
    if records.len() > 1 {
        let all = records.len();
        let steps = vec![format!("Make one SPF record of the {all}, and take the others out of {domain}")];
        notes
            .finding(format!("{domain} has {all} SPF records; receivers take that for an error, and for no permission"))
            .about(SubjectKind::Domain, domain)
            .seen_all(seen)
            .mend(Remedy::steps("dns", "Leave one SPF record", steps));
        return;
    }
    for system in &case.question.systems {
        let (omitted, gaps) = case.model.omitted_by_spf(system);
        gaps.into_iter().for_each(|gap| notes.gap(gap));
        let Some(first) = omitted.first() else { continue };
        let hosts: Vec<_> = omitted.iter().map(|one| &one.name).collect();
        let finding = notes.finding(format!(
            "SPF of {domain} does not cover {}, from which {} sends: {} decides",
            listed(&hosts, 4),
            system.name,
            first.by
        ));
        if omitted.iter().all(|one| one.result == Qualifier::Neutral) {
            finding.severity(Severity::Info);
        }
        finding.about(SubjectKind::System, &system.name).about(SubjectKind::Domain, domain).seen_all(seen.clone());
        finding.seen_all(omitted.iter().flat_map(|one| &one.seen));
        let term = |ip: IpAddr| format!(" ip{}:{ip}", if ip.is_ipv4() { 4 } else { 6 });
        let added: String = omitted.iter().map(|one| term(one.ip)).collect();
        let rest = records.first().and_then(|record| record.get(6..)).unwrap_or_default();
        let steps = vec![format!("{domain}. IN TXT \"v=spf1{added}{rest}\"")];
        finding.mend(Remedy::steps("dns", "Add the addresses to the SPF record", steps));
        let ips: Vec<IpAddr> = omitted.iter().map(|one| one.ip).collect();
        for organisation in case.model.on_premises().filter(|organisation| organisation.system != system.name) {
            judged_inside(organisation, &ips, finding);
        }
    }
}

/// Exchange's own Sender ID agent, where it runs, holds SPF against every host that is not among the organisation's own
/// (Microsoft, "Sender ID"). Only exports tell of those; an SPF record that is mended mends this too.
fn judged_inside(organisation: &OrganisationView, ips: &[IpAddr], finding: &mut Finding) {
    let Ok((pointer, config)) = organisation.transport_config() else { return };
    let own = &config.internal_servers;
    let is_own = |ip: &&IpAddr| own.iter().any(|range| ranges::width(range, **ip).is_some());
    if config.unreadable.of(&["internal_servers"]).is_some() || ips.iter().any(|ip| is_own(&ip)) {
        return;
    }
    let name = organisation.system;
    finding.detail += &format!("; {name} does not name it in InternalSMTPServers, for its own Sender ID agent");
    finding.seen(format!("{pointer}/internal_servers"));
    let set = || Cmdlet::new("Set-TransportConfig");
    let texts: Vec<String> = own.iter().cloned().chain(ips.iter().map(IpAddr::to_string)).collect();
    let command = set()
        .remark("where Get-TransportAgent shows the Sender ID Agent; the addresses are then not checked for spam by address")
        .list("InternalSMTPServers", &texts);
    let undo = set().list("InternalSMTPServers", own);
    let title = format!("Or, for mail to {name}, name them as the organisation's own");
    finding.mend(Remedy::exchange(title, vec![command], vec![undo]));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::transport::TransportConfig;
    use crate::stories::World;

    fn world(outbound: &[&str], record: &str) -> World {
        let mut world = World::healthy();
        world.question.systems.remove(0);
        world.question.systems[0].outbound = outbound.iter().map(ToString::to_string).collect();
        world.dns("contoso.com", RecordKind::Txt, record);
        world.dns("mail.contoso.com", RecordKind::A, "203.0.113.7");
        world.dns("mail.contoso.com", RecordKind::Aaaa, "");
        world
    }

    #[test]
    fn a_sender_that_spf_omits_is_found_and_nothing_is_guessed() {
        let omitted = |host: &str, by: &str| {
            let found = format!(
                "SPF of contoso.com does not cover {host}, from which zimbra sends: {by} of contoso.com decides"
            );
            format!("{found} [zimbra, contoso.com]")
        };
        let unsure = "unanswered: whether SPF covers 203.0.113.7, from which zimbra sends";
        let cases: [(&[&str], &str, String); 12] = [
            (&["mail.contoso.com"], "v=spf1 mx ip4:203.0.113.0/24 -all", String::new()),
            (&["203.0.113.7"], "v=spf1 mx -all", format!("warning proven: {}", omitted("203.0.113.7", "-all"))),
            (
                &["mail.contoso.com"],
                "v=spf1 mx ~all",
                format!("warning proven: {}", omitted("mail.contoso.com (203.0.113.7)", "~all")),
            ),
            (&["203.0.113.7"], "v=spf1 mx ?all", format!("info proven: {}", omitted("203.0.113.7", "?all"))),
            (&["203.0.113.7"], "", String::new()),
            (
                &["10.0.0.44"],
                "v=spf1 mx -all",
                "not asked: the public address behind 10.0.0.44, from which zimbra sends".into(),
            ),
            (&[], "v=spf1 mx -all", "not asked: the hosts from which zimbra sends to the Internet".into()),
            (&["203.0.113.7"], "SERVFAIL", "unanswered: the SPF record of contoso.com (the resolver failed)".into()),
            (&[], "SERVFAIL", "not asked: the SPF record of contoso.com".into()),
            (
                &["203.0.113.7"],
                "v=spf1 mail -all",
                format!("{unsure} (a permanent error: 'mail' in the record of contoso.com is no mechanism)"),
            ),
            (
                &[],
                "v=spf1 mx -all, v=spf1 ip4:203.0.113.7 -all",
                "warning proven: contoso.com has 2 SPF records; receivers take that for an error, and for no permission \
                 [contoso.com]"
                    .into(),
            ),
            (
                &["gone.contoso.com"],
                "v=spf1 mx -all",
                "unanswered: the addresses of gone.contoso.com, from which zimbra sends (DNS has none)".into(),
            ),
        ];
        for (outbound, record, expected) in cases {
            let expected: Vec<_> = Some(expected).filter(|line| !line.is_empty()).into_iter().collect();
            assert_eq!(world(outbound, record).lines(&CHECK), expected, "{outbound:?} {record}");
        }
        let mut world = world(&["203.0.113.7"], "v=spf1 mx -all");
        world.evidence.dns.retain(|lookup| lookup.kind != RecordKind::Txt);
        assert_eq!(world.lines(&CHECK), ["not asked: the SPF record of contoso.com"]);
    }

    #[test]
    fn exchanges_own_list_of_internal_servers_is_told_where_it_was_read() {
        let told = |internal: Option<&[&str]>| {
            let mut world = World::healthy();
            world.question.systems[1].outbound = vec!["203.0.113.7".into()];
            world.dns("contoso.com", RecordKind::Txt, "v=spf1 mx -all");
            if let Some(internal) = internal {
                let internal_servers = internal.iter().map(|one| (*one).into()).collect();
                let config = TransportConfig { internal_servers, ..TransportConfig::default() };
                world.organisation().transport_config = Observed::Known(config);
            }
            let line = world.lines(&CHECK).remove(0);
            (line.contains("InternalSMTPServers"), world.commands(&CHECK).pop().unwrap_or_default())
        };
        let set = |all: &str| (true, format!("Set-TransportConfig -InternalSMTPServers {all}"));
        assert_eq!(told(None), (false, String::new()));
        assert_eq!(told(Some(&[])), set("'203.0.113.7'"));
        assert_eq!(told(Some(&["10.0.0.0/8"])), set("'10.0.0.0/8','203.0.113.7'"));
        assert_eq!(told(Some(&["203.0.113.0/24"])), (false, String::new()));
    }
}
