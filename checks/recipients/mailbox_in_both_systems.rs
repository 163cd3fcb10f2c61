//! NSD407: one address, two mailboxes (F-32).
use super::{Sight, groups, note_unseen};
use crate::model::FaultKind;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD407",
    name: "mailbox-in-both-systems",
    title: "addresses with a mailbox in both systems",
    severity: Severity::Warning,
    why: "Each system delivers what comes to it to the mailbox of its own: mail from outside to the system that it reaches \
          first, mail from a colleague to the system that the colleague uses. Each mailbox holds a part, and nobody gets a \
          bounce.",
    fix: "Decide which is the mailbox; retire the other, and make it a mail contact or a forward.",
    sources: &["https://learn.microsoft.com/exchange/mail-flow/mail-routing/recipient-resolution"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    note_unseen(case, notes, &[Sight::Directories, Sight::Lists, Sight::Others]);
    for group in groups(case, FaultKind::InBothSystems) {
        let at = match &group.first.hops[..] {
            [] => "the other system's list".to_string(),
            hops => listed(hops, 3),
        };
        let detail = format!("{} {} a mailbox in Exchange and at {at}", listed(&group.addresses(), 5), {
            if group.recipients.len() == 1 { "has" } else { "have" }
        });
        group.tell(notes, detail).mend(Remedy::steps(
            "exchange",
            "Keep one mailbox",
            vec![
                "If it stays in Exchange: remove it from the other system, after moving its mail".into(),
                "If it stays there: note the LegacyExchangeDN of the Exchange mailbox, disable it, mail-enable its account \
                 with the external address, and add X500: and that value to its addresses, so that replies to old mail \
                 find it"
                    .into(),
            ],
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{OTHER, World};

    #[test]
    fn two_mailboxes_are_found_and_a_contact_is_none() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.directory("orders@contoso.com", "contact targetAddress=SMTP:orders@zimbra.contoso.com");
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.directory("orders@contoso.com", "user homeMDB=DB1");
        let found = "orders@contoso.com has a mailbox in Exchange and at smarthost.contoso.com (10.0.0.44)";
        assert_eq!(world.lines(&CHECK), [format!("warning proven: {found} [orders@contoso.com]")]);
        world.accepts_everybody(OTHER);
        assert!(world.lines(&CHECK)[0].starts_with(&format!("warning likely: {found}; not proven, because the list")));
        world.rcpt(OTHER, "orders@contoso.com", "550 5.1.1 User unknown in virtual mailbox table");
        world.validates(OTHER);
        assert_eq!(world.lines(&CHECK), [""; 0], "it is gone from there");
    }
}
