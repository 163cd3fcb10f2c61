//! NSD325: a transport rule keeps mail for the domain from its recipients (F-50).
use super::all;
use super::relay::way_first;
use crate::evidence::transport::RuleActionKind;
use crate::model::rules::{Reach, RuleView};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD325",
    name: "transport-rule-diverts",
    title: "a transport rule keeps mail for the domain from its recipients",
    severity: Severity::Warning,
    why: "Transport rules (mail flow rules) are applied to every message that passes Exchange, after it was accepted: no \
          probe sees them. One without conditions applies to all messages (Microsoft, \"Mail flow rules in Exchange \
          Server\"). nsdiag reads what rules do and whom they mean; what is in a message, and who is a member of what, it \
          cannot evaluate. Those of Edge servers are their own and are not read, and LDAP does not show them.",
    fix: "Exempt the shared domain from the rule, or narrow it; where it is meant so, ignore this finding by the rule's \
          name.",
    sources: &["https://learn.microsoft.com/exchange/policy-and-compliance/mail-flow-rules/mail-flow-rules"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in all(case, notes) {
        let Some(rules) = notes.need(case.model.rules(organisation)) else { continue };
        for view in rules {
            let (name, domain) = (&view.rule.name, organisation.domain);
            let passes = |kind| matches!(kind, RuleActionKind::Approval | RuleActionKind::Connector);
            let lost = view.rule.actions.iter().any(|action| !passes(action.kind));
            let (severity, certainty) = match &view.reach {
                Reach::All(None) if lost => (Severity::Critical, Certainty::Proven),
                Reach::All(None) => (Severity::Warning, Certainty::Proven),
                Reach::All(Some(_)) => (Severity::Warning, Certainty::Likely),
                Reach::Named(whom, but) => {
                    let known = whom.iter().any(|address| case.model.recipient(address).is_some());
                    let severity = if known { Severity::Warning } else { Severity::Info };
                    (severity, if but.is_some() { Certainty::Likely } else { Certainty::Proven })
                }
                Reach::Recipients(_) | Reach::Unread(_) => (Severity::Warning, Certainty::Inconclusive),
                Reach::Messages(_) => (Severity::Info, Certainty::Inconclusive),
            };
            let mut said = format!("The rule '{name}' of {} {}", organisation.system, view.says(domain));
            if matches!(view.reach, Reach::Messages(_)) {
                said += "; what else is said here holds for the other messages";
            }
            let see = Cmdlet::new("Get-TransportRule").with("Identity", name).shows(&[
                "Name",
                "State",
                "Mode",
                "Description",
            ]);
            let finding = notes.finding(said);
            finding.severity(severity).certainty(certainty).seen(&*view.pointer);
            finding.about(SubjectKind::System, organisation.system);
            if let Reach::Named(whom, _) = &view.reach {
                for address in whom.iter().filter(|address| case.model.recipient(address).is_some()).take(SUBJECTS) {
                    finding.about(SubjectKind::Recipient, address);
                }
            } else {
                finding.about(SubjectKind::Domain, domain);
            }
            finding.mend(Remedy::exchange("See what the rule does, in words", vec![see], Vec::new()));
            finding.mend(exempt(view, domain).noting(way_first(case, organisation.system)));
        }
    }
}

/// Takes the domain, or the recipients, out of the rule.
fn exempt(view: &RuleView, domain: &str) -> Remedy {
    let name = &*view.rule.name;
    let on = |verb| Cmdlet::of(verb, "TransportRule").with("Identity", name);
    let but = "Or exempt the domain, where it is not meant so";
    match &view.reach {
        // It is for the domain alone: exempting that would leave a rule for nothing.
        Reach::All(_)
            if view.rule.only.domains.iter().any(|one| one == domain) && view.rule.only.domains.len() == 1 =>
        {
            let title = "Or disable the rule, where it is not meant so";
            Remedy::exchange(title, vec![on("Disable")], vec![on("Enable")])
        }
        Reach::All(_) if view.rule.unreadable.is_empty() => {
            let before = &view.rule.except.domains;
            let (set, parameter) = (|| on("Set"), "ExceptIfRecipientDomainIs");
            let undo = match before.is_empty() {
                true => set().null(parameter),
                false => set().list(parameter, before),
            };
            Remedy::exchange(
                but,
                vec![set().list(parameter, before.iter().map(|one| &**one).chain([domain]))],
                vec![undo],
            )
        }
        _ => {
            let step =
                format!("Add an exception for the recipient domain {domain} to the rule, or narrow its conditions");
            Remedy::steps("exchange", but, vec![step])
        }
    }
}

/// The most recipients that one finding is about; its detail counts the others.
const SUBJECTS: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::exchange::DomainKind;
    use crate::evidence::transport::{RuleAction, RuleScope, Side, TransportRule};
    use crate::model::path::{Asked, Disposition, predict};
    use crate::stories::World;

    fn rule(kind: RuleActionKind, to: &[&str]) -> TransportRule {
        let to = to.iter().map(|to| (*to).into()).collect();
        let actions = vec![RuleAction { kind, to }];
        TransportRule { name: "R".into(), acts: true, actions, ..TransportRule::default() }
    }

    fn scope(named: &[&str]) -> RuleScope {
        RuleScope { named: named.iter().map(|name| (*name).into()).collect(), ..RuleScope::default() }
    }

    fn to_domain(domain: &str) -> RuleScope {
        RuleScope { domains: vec![domain.into()], ..scope(&["RecipientDomainIs"]) }
    }

    fn sent_to(whom: &[&str]) -> RuleScope {
        RuleScope { recipients: whom.iter().map(|one| (*one).into()).collect(), ..scope(&["SentTo"]) }
    }

    fn world(rules: Vec<TransportRule>) -> World {
        let mut world = World::healthy();
        world.organisation().transport_rules = Observed::Known(rules);
        world
    }

    fn told(world: &World) -> Vec<String> {
        let told = world.lines(&CHECK);
        told.into_iter().map(|line| line.replace("The rule 'R' of corp ", "").replace("contoso.com", "C")).collect()
    }

    #[test]
    fn a_rule_is_told_as_far_as_it_reaches_and_no_further() {
        use RuleActionKind::{Approval, Connector, Delete, Quarantine, Redirect, Reject};
        let with = |kind, change: fn(&mut TransportRule)| {
            let mut rule = rule(kind, &[]);
            change(&mut rule);
            rule
        };
        let unevaluated = "messages which nsdiag cannot tell (by SubjectContains); what else is said here holds for the other \
                           messages [corp, C]";
        let cases: Vec<(&str, TransportRule, String)> = vec![
            ("all", rule(Reject, &[]), "critical proven: rejects all mail for C [corp, C]".into()),
            ("gone", rule(Delete, &[]), "critical proven: deletes all mail for C [corp, C]".into()),
            (
                "to another",
                rule(Redirect, &["eva@fabrikam.com"]),
                "critical proven: redirects all mail for C to eva@fabrikam.com [corp, C]".into(),
            ),
            ("held", rule(Quarantine, &[]), "critical proven: puts all mail for C into quarantine [corp, C]".into()),
            (
                "approved",
                rule(Approval, &["eva@contoso.com"]),
                "warning proven: holds all mail for C for the approval of eva@C [corp, C]".into(),
            ),
            (
                "routed",
                rule(Connector, &["Via DLP"]),
                "warning proven: sends all mail for C through the connector 'Via DLP' [corp, C]".into(),
            ),
            ("a disclaimer", with(Reject, |rule| rule.actions.clear()), String::new()),
            ("disabled, or in a test", with(Reject, |rule| rule.acts = false), String::new()),
            (
                "for the domain",
                with(Reject, |rule| rule.only = to_domain("contoso.com")),
                "critical proven: rejects all mail for C [corp, C]".into(),
            ),
            ("for another domain", with(Reject, |rule| rule.only = to_domain("fabrikam.com")), String::new()),
            ("for one that ends alike", with(Reject, |rule| rule.only = to_domain("oso.com")), String::new()),
            ("but the domain", with(Reject, |rule| rule.except = to_domain("contoso.com")), String::new()),
            (
                "but another domain",
                with(Reject, |rule| rule.except = to_domain("fabrikam.com")),
                "critical proven: rejects all mail for C [corp, C]".into(),
            ),
            (
                "for one of them",
                with(Delete, |rule| rule.only = sent_to(&["orders@contoso.com"])),
                "warning proven: deletes mail for orders@C [corp, orders@C]".into(),
            ),
            (
                "for one whom nobody asked for",
                with(Delete, |rule| rule.only = sent_to(&["left@contoso.com"])),
                "info proven: deletes mail for left@C [corp]".into(),
            ),
            ("for somebody of another domain", with(Delete, |rule| rule.only = sent_to(&["a@fabrikam.com"])), String::new()),
            (
                "for one, and not for him",
                with(Delete, |rule| {
                    (rule.only, rule.except) = (sent_to(&["orders@contoso.com"]), sent_to(&["orders@contoso.com"]));
                }),
                String::new(),
            ),
            (
                "for somebody by a name",
                with(Delete, |rule| rule.only = sent_to(&["orders"])),
                "warning inconclusive: deletes mail for recipients whom nsdiag cannot tell (by SentTo) [corp, C]".into(),
            ),
            (
                "for members",
                with(Delete, |rule| rule.only = scope(&["SentToMemberOf"])),
                "warning inconclusive: deletes mail for recipients whom nsdiag cannot tell (by SentToMemberOf) [corp, C]".into(),
            ),
            (
                "by content",
                with(Reject, |rule| rule.only = scope(&["SubjectContains"])),
                format!("info inconclusive: rejects {unevaluated}"),
            ),
            (
                "by content, for another domain",
                with(Reject, |rule| {
                    rule.only = to_domain("fabrikam.com");
                    rule.only.named.push("SubjectContains".into());
                }),
                String::new(),
            ),
            (
                "from outside",
                with(Reject, |rule| {
                    rule.only = RuleScope { from: Some(Side::Outside), ..scope(&["FromScope"]) };
                }),
                "critical proven: rejects all mail for C [corp, C]".into(),
            ),
            (
                "from inside",
                with(Reject, |rule| {
                    rule.only = RuleScope { from: Some(Side::Inside), ..scope(&["FromScope"]) };
                }),
                format!("info inconclusive: rejects {}", unevaluated.replace("SubjectContains", "FromScope")),
            ),
            (
                "to outside",
                with(Reject, |rule| {
                    rule.only = RuleScope { to: Some(Side::Outside), ..scope(&["SentToScope"]) };
                }),
                String::new(),
            ),
            (
                "with an exception",
                with(Reject, |rule| rule.except = scope(&["FromMemberOf"])),
                "warning likely: rejects all mail for C, but for exceptions that nsdiag cannot evaluate (FromMemberOf) [corp, C]"
                    .into(),
            ),
            (
                "for a time",
                with(Reject, |rule| rule.until = Some("2026-12-01".into())),
                "warning likely: rejects all mail for C, but only until 2026-12-01 [corp, C]".into(),
            ),
            (
                "what could not be read",
                with(Reject, |rule| rule.unreadable.add("only", "Conditions: the export lacks it")),
                "warning inconclusive: rejects mail which cannot be told (Conditions: the export lacks it) [corp, C]".into(),
            ),
            (
                "an action that could not be read",
                with(Reject, |rule| {
                    rule.actions.clear();
                    rule.unreadable.add("actions", "Actions: the export lacks it");
                }),
                "warning inconclusive: may act on mail which cannot be told (Actions: the export lacks it) [corp, C]".into(),
            ),
            (
                "what could not be read, of another domain",
                with(Reject, |rule| {
                    rule.only = to_domain("fabrikam.com");
                    rule.unreadable.add("actions", "Actions: the export lacks it");
                }),
                String::new(),
            ),
        ];
        for (name, rule, expected) in cases {
            let expected: Vec<String> = Some(expected).filter(|line| !line.is_empty()).into_iter().collect();
            assert_eq!(told(&world(vec![rule])), expected, "{name}");
        }
    }

    #[test]
    fn where_nobody_exported_rules_nobody_asked_and_where_they_cannot_be_read_it_is_open() {
        assert_eq!(World::healthy().lines(&CHECK), ["not asked: the transport rules of corp"]);
        let mut hidden = World::healthy();
        hidden.hide_configuration();
        assert_eq!(hidden.lines(&CHECK), ["not asked: the transport rules of corp"], "that is NSD331's matter");
        let mut damaged = world(vec![]);
        let miss = Miss::new(How::Unreadable, "rules.json:1: cut off");
        damaged.organisation().transport_rules = Observed::Unknown(miss);
        assert_eq!(damaged.lines(&CHECK), ["unanswered: the transport rules of corp (rules.json:1: cut off)"]);
        assert_eq!(world(vec![]).lines(&CHECK), [""; 0], "there is none");
    }

    #[test]
    fn an_outside_domain_and_a_rule_before_it_weigh() {
        let outside = || {
            let mut rule = rule(RuleActionKind::Reject, &[]);
            rule.only = RuleScope { to: Some(Side::Outside), ..scope(&["SentToScope"]) };
            rule
        };
        let mut world = world(vec![outside()]);
        world.accepted(|accepted| accepted.kind = DomainKind::ExternalRelay);
        let by = "warning inconclusive: rejects mail for recipients whom nsdiag cannot tell (by SentToScope) [corp, C]";
        assert_eq!(told(&world), [by]);
        let stops = TransportRule { name: "First".into(), acts: true, stops: true, ..TransportRule::default() };
        let rules = vec![stops, rule(RuleActionKind::Reject, &[])];
        world.organisation().transport_rules = Observed::Known(rules);
        let told = told(&world);
        let but =
            "warning likely: rejects all mail for C, but for what the rule 'First' before it keeps from it [corp, C]";
        assert_eq!(told, [but]);
    }

    #[test]
    fn whom_a_rule_names_by_another_address_is_found_where_the_directory_shows_it() {
        let mut rule = rule(RuleActionKind::Delete, &[]);
        rule.only = sent_to(&["help@fabrikam.com"]);
        let mut world = world(vec![rule]);
        assert_eq!(world.lines(&CHECK), [""; 0]);
        let both = "user homeMDB=DB1 proxyAddresses=SMTP:help@fabrikam.com proxyAddresses=smtp:helpdesk@contoso.com";
        world.holds("helpdesk@contoso.com", &[both], None);
        assert_eq!(told(&world), ["warning proven: deletes mail for helpdesk@C [corp, helpdesk@C]"]);
    }

    #[test]
    fn a_rule_stands_in_the_path_by_its_name() {
        let path = |rule: TransportRule, address: &str| {
            let world = world(vec![rule]);
            let case = Case::new(&world.question, &world.evidence);
            let recipient = case.model.recipient(address).unwrap();
            let found = predict(&case.model, Asked::from_internet(recipient)).told();
            let step = found.steps.iter().find(|step| step.at == "transport-rule").map(|step| step.says.clone());
            (found.disposition, step.unwrap_or_default())
        };
        let reject = || rule(RuleActionKind::Reject, &[]);
        let by_subject = || TransportRule { only: scope(&["SubjectContains"]), ..reject() };
        let for_orders =
            || TransportRule { only: sent_to(&["orders@contoso.com"]), ..rule(RuleActionKind::Delete, &[]) };
        let (orders, sales) = ("orders@contoso.com", "sales@contoso.com");
        let rejects = "the rule 'R' rejects all mail for contoso.com";
        assert_eq!(path(reject(), orders), (Disposition::RejectedByExchange, rejects.into()));
        let some = "the rule 'R' rejects messages which nsdiag cannot tell (by SubjectContains): nsdiag cannot evaluate that \
                    for this message";
        assert_eq!(path(by_subject(), orders), (Disposition::Delivered, some.into()));
        let deletes = "the rule 'R' deletes mail for orders@contoso.com";
        assert_eq!(path(for_orders(), orders), (Disposition::LeavesTheModel, deletes.into()));
        assert_eq!(path(for_orders(), sales), (Disposition::Delivered, String::new()));
    }
}
