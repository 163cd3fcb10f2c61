//! NSD406: it is listed, and no system knows it.
use super::{Sight, groups, note_unseen};
use crate::model::FaultKind;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD406",
    name: "address-unknown-everywhere",
    title: "listed addresses that no system knows",
    severity: Severity::Warning,
    why: "The list names a mailbox that the gateway, the directory and the other system all do not know. The refusals are \
          right; the list is wrong, or the mailbox was deleted.",
    fix: "Take the address off the list, or create the mailbox.",
    sources: &["RFC 5321, 3.3"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    note_unseen(case, notes, &[Sight::Lists, Sight::Gateways, Sight::Directories, Sight::Others]);
    for group in groups(case, FaultKind::UnknownEverywhere) {
        let detail = format!(
            "The list names {}; the gateway, the directory and {} know no such recipient",
            listed(&group.addresses(), 5),
            listed(&group.first.hops, 3)
        );
        group.tell(notes, detail).mend(Remedy::steps(
            "other",
            "Correct the list",
            vec!["Take the address off the list, or create its mailbox".into()],
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{OTHER, World};

    #[test]
    fn it_takes_all_three_not_to_know_it() {
        let unknown = "550 5.1.1 User unknown in virtual mailbox table";
        let mut world = World::broken_gateway();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.rcpt(OTHER, "orders@contoso.com", unknown);
        let found = "warning proven: The list names orders@contoso.com; the gateway, the directory and \
                     smarthost.contoso.com (10.0.0.44) know no such recipient [orders@contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
        world.directory("orders@contoso.com", "UNKNOWN");
        let unread = "unanswered: what the directory of corp holds of the recipients (no answer in 10 s)";
        assert_eq!(world.lines(&CHECK), [unread]);
        let mut world = World::healthy();
        world.evidence.files.clear();
        world.evidence.directories.clear();
        world.evidence.hops.clear();
        let nothing = [
            "not asked: who has a mailbox on the other system",
            "not asked: a gateway",
            "not asked: what the directory of corp holds of the recipients",
            "not asked: a hop of the other system",
        ];
        assert_eq!(world.lines(&CHECK), nothing, "what it judges was not seen");
    }
}
