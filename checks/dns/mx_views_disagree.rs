//! NSD103: who sends mail to the domain depends on whom he asks.
use crate::evidence::dns::RecordKind;
use crate::prelude::*;
use alloc::collections::{BTreeMap, BTreeSet};

pub(super) const CHECK: Check = Check {
    code: "NSD103",
    name: "mx-views-disagree",
    title: "DNS servers give different MX records for the domain",
    severity: Severity::Warning,
    why: "A sender goes where its own resolver points. Where the zone's servers or the resolvers disagree, some senders reach \
          another host than those that were tested here.",
    fix: "Have all of the zone's servers hold the same version of the zone. Where an internal view differs on purpose, run \
          nsdiag once for each view (--resolver IP).",
    sources: &["RFC 1034, 4.3.5"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    let domain = &*case.question.domain;
    // The records, each set with who gives it; and the sets that the zone's own servers give.
    let mut views: BTreeMap<Vec<(u16, &str)>, Vec<String>> = BTreeMap::new();
    let mut zone = BTreeSet::new();
    let mut seen = Vec::new();
    if let Some((at, lookup)) = case.evidence.dns_of(domain, RecordKind::Mx)
        && let Observed::Known(answer) = &lookup.answer
    {
        views.entry(answer.exchanges()).or_default().push(format!("the resolver {}", lookup.resolver));
        seen.push(format!("/evidence/dns/{at}"));
    }
    for (at, view) in case.evidence.mx_views.iter().enumerate() {
        let who = match &view.authority {
            Some(name) => format!("the zone's server {name} ({})", view.server),
            None => format!("the resolver {}", view.server),
        };
        match &view.answer {
            Observed::Known(answer) => {
                if view.authority.is_some() {
                    zone.insert(answer.exchanges());
                }
                views.entry(answer.exchanges()).or_default().push(who);
                seen.push(format!("/evidence/mx_views/{at}"));
            }
            // Only a resolver that the user named was asked for; other views are a welcome addition.
            Observed::Unknown(miss) if view.authority.is_none() && !case.question.resolvers.is_empty() => {
                notes.gap(no_dns(format!("the MX records of {domain} as {who} sees them"), miss));
            }
            _ => {}
        }
    }
    if seen.len() < 2 {
        let what = format!("a second view of the MX records of {domain}");
        return notes.gap(Gap::not_asked(what, "a second --resolver IP, or a way to the zone's own servers"));
    }
    if views.len() == 1 {
        return;
    }
    let told: Vec<String> = views
        .iter()
        .map(|(set, who)| {
            let hosts: Vec<_> = set.iter().map(|(preference, host)| format!("{preference} {host}.")).collect();
            let hosts = if hosts.is_empty() { "none".into() } else { listed(&hosts, 4) };
            format!("{hosts} by {}", listed(who, 4))
        })
        .collect();
    let why = match zone.len() {
        0 => "one of the resolvers may hold an older answer, or differ on purpose (split DNS)",
        1 => {
            "a resolver may hold an older answer, or differ on purpose (split DNS); the Internet follows the zone's servers"
        }
        _ => "the zone's own servers disagree: one of them has another version of the zone",
    };
    let steps = vec![
        format!("Compare the serial numbers: dig +short SOA {domain} @SERVER, at each server named above"),
        "Where a view differs on purpose, test each of them with --resolver IP".into(),
    ];
    notes
        .finding(format!("The MX records of {domain} are {}; {why}", told.join(", but ")))
        .about(SubjectKind::Domain, domain)
        .seen_all(seen)
        .mend(Remedy::steps("dns", "Have every server give the same records", steps));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::dns::{Answer, MxView, Record};
    use crate::stories::World;

    fn view(authority: Option<&str>, server: &str, exchange: Option<&str>) -> MxView {
        let mx = |exchange: &str| Record::Mx { preference: 10, exchange: exchange.into() };
        let answer = match exchange {
            Some("") => Observed::Unknown(Miss::new(How::TimedOut, "no answer in 2 s")),
            _ => {
                let records = exchange.map(mx).into_iter().collect();
                Observed::Known(Answer { exists: true, aliases: vec![], records })
            }
        };
        MxView { authority: authority.map(String::from), server: server.into(), answer }
    }

    #[test]
    fn a_difference_is_told_with_who_says_what_and_silence_is_no_difference() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), ["not asked: a second view of the MX records of contoso.com"]);
        let ns1 = || view(Some("ns1.contoso.com"), "192.0.2.1:53", Some("mx1.contoso.com"));
        let ns2 = |exchange| view(Some("ns2.contoso.com"), "192.0.2.2:53", exchange);
        let own = "10 mx1.contoso.com. by the resolver 192.0.2.53:53";
        world.evidence.mx_views = vec![ns1(), ns2(Some("mx1.contoso.com"))];
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.evidence.mx_views = vec![ns1(), ns2(Some(""))];
        assert_eq!(world.lines(&CHECK), [""; 0], "a server that does not answer has no view");
        world.evidence.mx_views = vec![ns1(), ns2(Some("old.contoso.com"))];
        let found = format!(
            "warning proven: The MX records of contoso.com are {own} and the zone's server ns1.contoso.com (192.0.2.1:53), \
             but 10 old.contoso.com. by the zone's server ns2.contoso.com (192.0.2.2:53); the zone's own servers disagree: \
             one of them has another version of the zone [contoso.com]"
        );
        assert_eq!(world.lines(&CHECK), [found]);
        world.evidence.mx_views = vec![ns2(Some("mx9.contoso.com"))];
        let found = format!(
            "warning proven: The MX records of contoso.com are {own}, but 10 mx9.contoso.com. by the zone's server \
             ns2.contoso.com (192.0.2.2:53); a resolver may hold an older answer, or differ on purpose (split DNS); the \
             Internet follows the zone's servers [contoso.com]"
        );
        assert_eq!(world.lines(&CHECK), [found]);
        world.evidence.mx_views = vec![view(None, "10.0.0.54:53", None)];
        let found = format!(
            "warning proven: The MX records of contoso.com are none by the resolver 10.0.0.54:53, but {own}; one of the \
             resolvers may hold an older answer, or differ on purpose (split DNS) [contoso.com]"
        );
        assert_eq!(world.lines(&CHECK), [found]);
    }

    #[test]
    fn a_resolver_that_was_named_and_is_silent_is_a_gap() {
        let mut world = World::healthy();
        let agrees = view(None, "10.0.0.55:53", Some("mx1.contoso.com"));
        world.evidence.mx_views = vec![view(None, "10.0.0.54:53", Some("")), agrees];
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.question.resolvers = vec!["10.0.0.54:53".into()];
        let gap = "unanswered: the MX records of contoso.com as the resolver 10.0.0.54:53 sees them (no answer in 2 s)";
        assert_eq!(world.lines(&CHECK), [gap]);
    }
}
