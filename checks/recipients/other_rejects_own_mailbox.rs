//! NSD404: a system refuses a mailbox that is on its own list.
use super::{Sight, groups, note_unseen};
use crate::model::{FaultKind, Recipient};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD404",
    name: "other-rejects-own-mailbox",
    title: "the other system refuses mailboxes that are on its own list",
    severity: Severity::Critical,
    why: "What the gateway and Exchange let through ends here. Either the mailbox is gone and the list is old, or the \
          system's own recipient look-up is broken. A mailbox that is full or locked exists, and its senders get a bounce all \
          the same.",
    fix: "See whether the mailbox exists there; restore it, make room in it or unlock it, or take it off the list.",
    sources: &["RFC 5321, 3.3", "RFC 3463, 3.3"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    note_unseen(case, notes, &[Sight::Lists, Sight::Others]);
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
    for meaning in [Meaning::Full, Meaning::Disabled] {
        closed(case, notes, meaning);
    }
}

/// Mailboxes that exist at their own system, and take nothing: each refused for good as full, or as disabled, beside a
/// control that was accepted. A mailbox that is full for now (4.2.2) is put off, and no bounce.
fn closed(case: &Case, notes: &mut Notes, meaning: Meaning) {
    let hops = case.model.hops_of(Role::Other).chain(case.model.hops_of(Role::Exchange));
    for hop in hops {
        // One that says so of an address that cannot exist says it of unknown recipients.
        if hop.random_control().is_some_and(|random| random.meaning == meaning) {
            continue;
        }
        let system = hop.hop.system.as_deref();
        let at_home = |recipient: &&Recipient| {
            let held =
                |system| recipient.directories.iter().any(|held| held.system == system && held.state == State::Mailbox);
            let own = system.is_some_and(|system| recipient.is_listed_by(system) || held(system));
            own || hop.hop.role == Role::Other && system.is_none() && recipient.listed().is_some()
        };
        let refused = |recipient: &'_ Recipient| {
            let heard = hop.word_on(recipient.address)?;
            let closed = heard.outcome() == Outcome::Rejected && heard.meaning == meaning;
            Some((heard, hop.control(heard)?)).filter(|_| closed)
        };
        let some: Vec<_> = case.model.recipients.iter().filter(at_home).filter_map(refused).collect();
        let Some((first, _)) = some.first() else { continue };
        let names: Vec<_> = some.iter().map(|(heard, _)| heard.recipient).collect();
        let one = names.len() == 1;
        let (closed, steps) = match meaning {
            Meaning::Full if one => ("which exists and is full", "Have its user make room, or raise its quota"),
            Meaning::Full => ("which exist and are full", "Have their users make room, or raise their quota"),
            _ => ("as disabled, locked or moved", "Unlock the account, or say where its user is now"),
        };
        let detail =
            format!("{} refuses {}, {closed}: senders get a bounce: {}", hop.name(), listed(&names, 5), first.quote());
        let sure = some.iter().all(|(heard, _)| heard.confidence.proves());
        let finding = notes.finding(detail);
        finding.severity(Severity::Warning).certainty(if sure { Certainty::Proven } else { Certainty::Likely });
        finding.seen_all(some.iter().flat_map(|(heard, control)| [heard.pointer(), control.pointer()]));
        for name in names {
            finding.about(SubjectKind::Recipient, name);
        }
        finding.mend(Remedy::steps("other", "Have the mailbox take mail again", vec![steps.into()]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{GATEWAY, OTHER, RANDOM, World};

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
        let lines = world.lines(&CHECK);
        assert!(lines.iter().all(|line| line.starts_with("unanswered: ")), "no control was accepted: {lines:?}");
    }

    #[test]
    fn a_mailbox_that_is_full_or_locked_at_its_own_system_costs_its_senders_a_bounce() {
        let cases = [
            ("552 5.2.2 <orders@contoso.com>: Mailbox full", "which exists and is full"),
            ("550 5.2.1 The email account that you tried to reach is disabled", "as disabled, locked or moved"),
        ];
        for (reply, closed) in cases {
            let mut world = World::healthy();
            world.rcpt(OTHER, "orders@contoso.com", reply);
            let found = format!(
                "warning proven: smarthost.contoso.com (10.0.0.44) refuses orders@contoso.com, {closed}: senders get a \
                 bounce: {reply} [orders@contoso.com]"
            );
            assert_eq!(world.lines(&CHECK)[0], found);
        }
    }

    #[test]
    fn full_for_now_full_elsewhere_and_full_for_everybody_are_none() {
        let full = "552 5.2.2 <orders@contoso.com>: Mailbox full";
        type Change = fn(&mut World, &str);
        let cases: [(&str, Change); 5] = [
            ("for now", |world, _| world.rcpt(OTHER, "orders@contoso.com", "452 4.2.2 Mailbox full")),
            ("at the gateway only", |world, full| world.rcpt(GATEWAY, "orders@contoso.com", full)),
            ("the control as well", |world, full| world.answers_all(OTHER, full)),
            ("the random control as well", |world, full| {
                ["orders@contoso.com", RANDOM].iter().for_each(|one| world.rcpt(OTHER, one, full));
            }),
            ("another system's mailbox", |world, full| {
                world.question.known_good.push("carl@contoso.com".into());
                world.directory("carl@contoso.com", "user homeMDB=DB1");
                world.rcpt(OTHER, "carl@contoso.com", full);
            }),
        ];
        for (why, change) in cases {
            let mut world = World::healthy();
            change(&mut world, full);
            let lines = world.lines(&CHECK);
            assert!(lines.iter().all(|line| line.starts_with("unanswered: ")), "{why}: {lines:?}");
        }
    }

    #[test]
    fn what_was_not_read_or_heard_is_told() {
        let mut world = World::healthy();
        world.evidence.files.clear();
        world.evidence.hops.retain(|hop| hop.id != OTHER);
        let not_seen = ["not asked: who has a mailbox on the other system", "not asked: a hop of the other system"];
        assert_eq!(world.lines(&CHECK), not_seen);
        let mut world = World::healthy();
        world.silent(OTHER, How::TimedOut, "no answer in 10 s");
        let lines = world.lines(&CHECK);
        let silent = "unanswered: orders@contoso.com at smarthost.contoso.com (10.0.0.44) (no answer in 10 s)";
        assert!(lines.contains(&silent.to_string()), "{lines:?}");
    }
}
