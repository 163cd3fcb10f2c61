//! NSD502: a reply is not what configuration, directories and lists have the hop say.
use crate::model::path::{Contradiction, compare};
use crate::prelude::*;
use alloc::collections::{BTreeMap, BTreeSet};

pub(super) const CHECK: Check = Check {
    code: "NSD502",
    name: "prediction-contradicted",
    title: "a mail host answers otherwise than its configuration says",
    severity: Severity::Warning,
    why: "nsdiag predicts the way of each recipient's mail from configuration, directories and lists. Where a host that \
          tells recipients apart says otherwise, one of these is not what the host has: a copy that is behind, a list that \
          lacks somebody, a source or a filter that was not read. What is concluded from it stands on that.",
    fix: "Find which of the two is out of date, and run nsdiag again.",
    sources: &["RFC 5321, 3.3", "https://learn.microsoft.com/exchange/mail-flow/accepted-domains/accepted-domains"],
    judge,
};

/// A hop by its place, which fact is wrong there, and whether that is sure.
type Fact = (usize, &'static str, bool);

/// The checks that name a recipient for what is wrong with the gateway's source itself.
const NAMED_BY: [&str; 4] = ["NSD413", "NSD414", "NSD417", "NSD208"];

fn judge(case: &Case, notes: &mut Notes) {
    let mut found: BTreeMap<Fact, Vec<(&str, Contradiction)>> = BTreeMap::new();
    for recipient in &case.model.recipients {
        // What is wrong for a recipient itself says why a hop refuses it.
        if !case.model.diagnose(recipient).faults.is_empty() {
            continue;
        }
        for one in compare(&case.model, recipient).contradictions {
            found.entry((one.hop, one.fact, one.sure)).or_default().push((recipient.address, one));
        }
    }
    if found.is_empty() {
        return;
    }
    let named = named(case);
    for ((hop, fact, sure), mut all) in found {
        all.retain(|(address, one)| one.at != "gateway" || !named.contains(*address));
        let Some((_, first)) = all.first() else { continue };
        let Some(view) = case.model.hops.get(hop) else { continue };
        let names: Vec<&str> = all.iter().map(|(address, _)| *address).collect();
        let detail = format!(
            "{} says of {} what the model does not, at the step '{}' (predicted: {}; heard: {}): {fact}",
            view.name(),
            listed(&names, 5),
            first.at,
            first.predicted,
            first.reply
        );
        let finding = notes.finding(detail).certainty(if sure { Certainty::Proven } else { Certainty::Likely });
        finding.about(SubjectKind::Host, view.id());
        for (address, one) in &all {
            finding.about(SubjectKind::Recipient, *address).seen_all(&one.evidence);
        }
        let steps = vec![
            format!("Compare what {} has with what was read: {fact}", view.hop.host),
            "Run nsdiag again once they are the same".to_string(),
        ];
        finding.mend(Remedy::steps("here", "Find which of the two is out of date", steps));
    }
}

/// Whom other checks name for what is wrong with a gateway's source.
fn named(case: &Case) -> BTreeSet<String> {
    let checks = crate::checks().into_iter().map(|(_, check)| check).filter(|check| NAMED_BY.contains(&check.code));
    let findings = checks.flat_map(|check| {
        let mut notes = Notes::new(check);
        (check.judge)(case, &mut notes);
        notes.findings
    });
    findings.flat_map(|finding| finding.subjects).map(|subject| subject.value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{EXCHANGE, GATEWAY, OTHER, World};

    #[test]
    fn where_a_host_that_tells_recipients_apart_says_otherwise_the_fact_is_named() {
        const UNKNOWN: &str = "550 5.1.1 User unknown";
        type Change = fn(&mut World);
        let table: [(&str, Change); 9] = [
            ("all agree", |_| {}),
            ("Exchange refuses whom its directory holds", |world| {
                world.validates(EXCHANGE);
                world.rcpt(EXCHANGE, "helpdesk@contoso.com", UNKNOWN);
            }),
            ("Exchange takes a domain that it does not accept", |world| {
                world.accepted(|one| (one.domain, one.name) = ("fabrikam.com".into(), "fabrikam.com".into()));
            }),
            ("the other system takes whom its list lacks", |world| {
                world.knows("lena@contoso.com", "contact targetAddress=SMTP:lena@contoso.com", true);
                world.rcpt(OTHER, "lena@contoso.com", "250 2.1.5 Ok");
            }),
            ("what is put off says nothing", |world| {
                world.rcpt(EXCHANGE, "helpdesk@contoso.com", "450 4.2.0 Greylisted")
            }),
            ("what judges us says nothing", |world| {
                world.answers_all(EXCHANGE, "550 5.7.606 Access denied, banned sending IP [192.0.2.1]");
            }),
            ("a refusal without a control says nothing", |world| world.answers_all(EXCHANGE, UNKNOWN)),
            ("a gateway whose source is not known says nothing", |world| {
                world.rcpt(GATEWAY, "helpdesk@contoso.com", UNKNOWN)
            }),
            ("what has a finding of its own is told there", |world| world.rcpt(OTHER, "orders@contoso.com", UNKNOWN)),
        ];
        let mut told = String::new();
        for (name, change) in table {
            let mut world = World::healthy();
            change(&mut world);
            told += &format!("{name}\n");
            world.lines(&CHECK).iter().for_each(|line| told += &format!("  {line}\n"));
        }
        assert_eq!(told, include_str!("prediction_contradicted.txt"));
    }
}
