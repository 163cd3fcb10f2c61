//! NSD405: one gateway refuses a recipient that another accepts (F-38).
use super::{Group, Sight, groups, note_unseen};
use crate::model::FaultKind;
use crate::prelude::*;
use crate::products::remedies::tell_of_second_system;

pub(super) const CHECK: Check = Check {
    code: "NSD405",
    name: "mx-hosts-disagree",
    title: "the domain's mail hosts disagree about recipients",
    severity: Severity::Critical,
    why: "A sender takes any MX host of the best preference, and any of its addresses; a refusal with 5xx there is final. Where one \
          refuses whom another accepts, some mail arrives and some bounces. Each host and address is judged beside its own \
          controls; that one defers is no disagreement.",
    fix: "Give every MX host the same list of recipients, or the same look-up, or take the one that \
                lacks it out of the MX set.",
    sources: &["RFC 5321, 5.1", "RFC 5321, 4.2.1"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    note_unseen(case, notes, &[Sight::Gateways]);
    for group in groups(case, FaultKind::MxHostsDisagree) {
        let detail = told(&group, "");
        let finding = group.tell(notes, detail);
        let align = vec![
            format!(
                "Give {} the list or the look-up that {} has",
                names(&group.first.hops),
                names(&group.first.accepting)
            ),
            "Or remove the MX host that lacks it from DNS".into(),
        ];
        finding.mend(Remedy::steps("gateway", "Have every MX host look up the same recipients", align));
        if group.recipients.iter().any(|recipient| recipient.listed().is_some()) {
            for remedy in tell_of_second_system(case, &group.first.hops, &group.addresses()) {
                finding.mend(remedy);
            }
        }
    }
    for group in groups(case, FaultKind::OpenMxHost) {
        let detail = told(&group, ", as everybody");
        let open = names(&group.first.accepting);
        let steps = vec![format!("Have {open} look recipients up as the others do, or remove it from the MX records")];
        group.tell(notes, detail).severity(Severity::Warning).mend(Remedy::steps(
            "gateway",
            "Have every MX host look up the same recipients",
            steps,
        ));
    }
}

fn told(group: &Group, how: &str) -> String {
    let (refusing, accepting) = (&group.first.hops, &group.first.accepting);
    let pronoun = if group.recipients.len() == 1 { "it" } else { "them" };
    let verb = |hops: &[String], one: &'static str, more| if hops.len() == 1 { one } else { more };
    format!(
        "{} {} {}, and {} {} {pronoun}{how}: {}",
        names(refusing),
        verb(refusing, "refuses", "refuse"),
        listed(&group.addresses(), 5),
        names(accepting),
        verb(accepting, "accepts", "accept"),
        group.first.reply.as_deref().unwrap_or_default(),
    )
}

fn names(hops: &[String]) -> String {
    listed(hops, 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{BACKUP, World};

    #[test]
    fn one_that_knows_whom_another_refuses_and_one_that_takes_everybody() {
        assert_eq!(World::broken_gateway().lines(&CHECK), [""; 0], "one gateway");
        let mut world = World::two_gateways();
        let found = "critical proven: mx1.contoso.com (192.0.2.25) refuses orders@contoso.com and sales@contoso.com, and \
                     mx2.contoso.com (192.0.2.26) accepts them: 550 5.1.1 <orders@contoso.com>: Recipient address rejected: \
                     User unknown in relay recipient table [orders@contoso.com, sales@contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
        world.accepts_everybody(BACKUP);
        let found = "warning likely: mx1.contoso.com (192.0.2.25) refuses orders@contoso.com and sales@contoso.com, and \
                     mx2.contoso.com (192.0.2.26) accepts them, as everybody: 550 5.1.1 <orders@contoso.com>: Recipient \
                     address rejected: User unknown in relay recipient table; not proven, because who accepts everybody \
                     need not know this one [orders@contoso.com, sales@contoso.com]";
        assert_eq!(world.lines(&CHECK)[0], found);
    }
}
