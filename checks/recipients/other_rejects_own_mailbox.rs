//! NSD404: a system refuses a mailbox that is on its own list.
use super::groups;
use crate::model::FaultKind;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD404",
    name: "other-rejects-own-mailbox",
    title: "the other system refuses mailboxes that are on its own list",
    severity: Severity::Critical,
    why: "What the gateway and Exchange let through ends here. Either the mailbox is gone and the list is old, or the \
          system's own recipient look-up is broken.",
    fix: "See whether the mailbox exists there; restore it, or take it off the list.",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for group in groups(case, FaultKind::OtherRejectsOwn) {
        let reply = group.first.reply.clone().unwrap_or_default();
        let detail = format!(
            "{} refuses {}, which {} on its list of mailboxes: {reply}",
            listed(&group.first.hops, 4),
            listed(&group.addresses(), 5),
            if group.recipients.len() == 1 { "is" } else { "are" },
        );
        group.tell(notes, detail).mend(Remedy::steps(
            "other",
            "See whether the mailbox exists there",
            vec!["Restore it, or give its user a mailbox elsewhere".into(), "Or make a new list of mailboxes".into()],
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{OTHER, World};

    #[test]
    fn a_listed_mailbox_that_its_own_system_refuses_is_found() {
        let unknown = "550 5.1.1 User unknown in virtual mailbox table";
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.rcpt(OTHER, "orders@contoso.com", unknown);
        let found = format!(
            "critical proven: smarthost.contoso.com (10.0.0.44) refuses orders@contoso.com, which is on its list of \
             mailboxes: {unknown} [orders@contoso.com]"
        );
        assert_eq!(world.lines(&CHECK), [found]);
        world.directory("orders@contoso.com", "user homeMDB=DB1");
        assert_eq!(world.lines(&CHECK), [""; 0], "it has moved to Exchange");
        let mut world = World::healthy();
        world.answers_all(OTHER, unknown);
        assert_eq!(world.lines(&CHECK), [""; 0], "no control was accepted");
    }
}
