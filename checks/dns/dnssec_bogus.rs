//! NSD108: a resolver that validates does not take the domain's records.
use crate::prelude::*;
use alloc::collections::{BTreeMap, BTreeSet};

pub(super) const CHECK: Check = Check {
    code: "NSD108",
    name: "dnssec-bogus",
    title: "the domain's records fail DNSSEC validation",
    severity: Severity::Critical,
    why: "A validating resolver gives no such records out, and answers SERVFAIL (RFC 4035, 5.5): the mail of senders behind \
          one waits, and bounces when it expires. Senders whose resolver does not validate notice nothing, so the failure \
          looks random.",
    fix: "Have the parent zone's DS record name a key that signs the zone, or take the DS record out; and sign the zone anew \
          where its signatures have expired.",
    sources: &["RFC 4035, 5.5"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    let domain = &*case.question.domain;
    let mail_hosts = || case.model.hops.iter().map(|hop| &*hop.hop.host).chain(case.model.mx_hosts());
    // What mail to the domain depends on: its own names, and those of its mail hosts.
    let ours = |name: &str| {
        let below = name.strip_suffix(domain).is_some_and(|head| head.is_empty() || head.ends_with('.'));
        below || mail_hosts().any(|host| host.eq_ignore_ascii_case(name))
    };
    // By resolver: each question with its pointer, and the reasons.
    let mut bogus: BTreeMap<_, (Vec<(String, String)>, BTreeSet<_>)> = BTreeMap::new();
    for (at, lookup) in case.evidence.dns.iter().enumerate().filter(|(_, lookup)| ours(&lookup.name)) {
        let Some(unvalidated) = &lookup.unvalidated else { continue };
        let failed = (format!("{} {}", lookup.name, lookup.kind.word()), format!("/evidence/dns/{at}"));
        let (all, reasons) = bogus.entry(&*unvalidated.resolver).or_default();
        all.push(failed);
        reasons.extend(unvalidated.extended.as_deref());
    }
    // What no resolver answered none has validated.
    if bogus.is_empty() && notes.need(case.model.exchangers()).is_none() {
        return;
    }
    // A resolver that says of no answer that it is validated need not look: then a broken signature stays unseen.
    if bogus.is_empty() && !case.evidence.dns.iter().any(|lookup| lookup.authenticated) {
        let what = format!("whether the records of {domain} are signed, and pass validation");
        let mut gap = Gap::not_asked(what, "--resolver IP of a DNS server that validates");
        gap.why = "no answer was validated: the domain is not signed, or the resolver does not look".into();
        return notes.gap(gap);
    }
    for (resolver, (failed, reasons)) in bogus {
        let (names, seen): (Vec<_>, Vec<_>) = failed.into_iter().unzip();
        let reasons: Vec<_> = reasons.into_iter().collect();
        let why = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join("; ")) };
        let finding = notes.finding(format!(
            "The resolver {resolver} fails at {}{why}, and answers where it is told not to validate",
            listed(&names, 3)
        ));
        finding.about(SubjectKind::Domain, domain).seen_all(seen);
        finding.mend(Remedy::steps(
            "dns",
            "Mend the chain of trust",
            vec![
                format!("Compare the DS records in the parent zone with the zone's keys: dig DS {domain}; dig DNSKEY {domain}"),
                "Publish the DS record of the key that signs the zone, or take the DS record out".into(),
                format!("Look whether the signatures have expired: dig +cd +dnssec MX {domain}"),
            ],
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::dns::{Answer, RecordKind, Unvalidated};
    use crate::stories::World;

    /// Has a resolver fail at `name` unless it is told not to validate.
    fn bogus(world: &mut World, name: &str, kind: RecordKind, extended: Option<&str>) {
        world.dns(name, kind, "SERVFAIL");
        let unvalidated = Unvalidated {
            resolver: "10.0.0.53:53".into(),
            answer: Answer { exists: true, ..Answer::default() },
            extended: extended.map(String::from),
        };
        world.evidence.dns.last_mut().unwrap().unvalidated = Some(unvalidated);
    }

    #[test]
    fn what_only_an_unchecked_question_brings_is_bogus() {
        let mut world = World::healthy();
        let unseen = "not asked: whether the records of contoso.com are signed, and pass validation";
        assert_eq!(world.lines(&CHECK), [unseen], "nobody validated anything");
        world.evidence.dns[0].authenticated = true;
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.dns("contoso.com", RecordKind::Mx, "SERVFAIL");
        let failed = "unanswered: the MX records of contoso.com (the resolver failed)";
        assert_eq!(
            world.lines(&CHECK),
            [failed],
            "a resolver that fails in any case has said nothing about validation"
        );
        bogus(&mut world, "spf.example.net", RecordKind::Txt, None);
        assert_eq!(world.lines(&CHECK), [failed], "no record that mail to the domain depends on");
        bogus(&mut world, "contoso.com", RecordKind::Mx, None);
        let found = "critical proven: The resolver 10.0.0.53:53 fails at contoso.com MX, and answers where it is told not \
                     to validate [contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
        bogus(&mut world, "contoso.com", RecordKind::Mx, Some("6 DNSSEC Bogus: no signatures"));
        bogus(&mut world, "mx1.contoso.com", RecordKind::A, Some("9 DNSKEY Missing"));
        let found = "critical proven: The resolver 10.0.0.53:53 fails at contoso.com MX and mx1.contoso.com A (6 DNSSEC \
                     Bogus: no signatures; 9 DNSKEY Missing), and answers where it is told not to validate [contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
    }
}
