//! NSD415: a contact or mail user that leads nowhere (F-34).
use super::{objects, readable, tell_objects};
use crate::model::Object;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD415",
    name: "contact-without-target",
    title: "contacts and mail users without a usable target",
    severity: Severity::Warning,
    why: "A mail contact or mail user stands for a mailbox elsewhere, and its targetAddress says where. Without one, or with \
          one that is no SMTP address, Exchange resolves the recipient and has nowhere to send its mail: 5.2.0, \
          RESOLVER.CON.NoTarget or InvalidTarget.",
    fix: "Give it the address of its mailbox (ExternalEmailAddress).",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    let bad = |object: &&Object| {
        let stands = matches!(object.kind(), State::Contact | State::MailUser) && !object.addresses().is_empty();
        let visible = object.sees("targetaddress") && object.sees("homemdb");
        stands && visible && !matches!(object.target(), Some(Ok(_)))
    };
    let all: Vec<_> = objects(case, notes).filter(bad).collect();
    // One without type and alias may be no recipient to Exchange, or have a mailbox that nsdiag has no right to see.
    let sure = |object: &Object| object.is_recipient();
    for certainty in [Certainty::Proven, Certainty::Likely] {
        let some: Vec<_> =
            all.iter().copied().filter(|object| sure(object) == (certainty == Certainty::Proven)).collect();
        if some.is_empty() {
            continue;
        }
        let says = |object: &&Object| match object.target() {
            Some(Err(wrong)) => format!("{} ({wrong})", object.name()),
            _ => format!("{} (no targetAddress)", object.name()),
        };
        let each: Vec<_> = some.iter().map(says).collect();
        let detail = match certainty {
            Certainty::Proven => format!("contacts and mail users that lead nowhere: {}", listed(&each, 5)),
            _ => format!("objects with a proxy address and neither mailbox nor target: {}", listed(&each, 5)),
        };
        let (commands, undo): (Vec<_>, Vec<_>) = some.iter().map(|object| aim(object)).unzip();
        tell_objects(notes, &some, detail).certainty(certainty).mend(Remedy::exchange(
            "Say where their mailbox is",
            readable(commands),
            readable(undo),
        ));
    }
}

/// The command that gives `object` a target, and what takes it back.
fn aim(object: &Object) -> (String, String) {
    let (dn, address) = (object.identity(), quoted(&object.name()));
    let before = object.entry.value("targetAddress");
    let verb = if object.is_recipient() { "Set" } else { "Enable" };
    let undo = match (verb, before) {
        ("Enable", _) => format!("Disable-{} -Identity {dn} -Confirm:$false", object.noun()),
        (_, Some(before)) => format!("Set-ADObject -Identity {dn} -Replace @{{targetAddress={}}}", quoted(before)),
        (_, None) => format!("Set-ADObject -Identity {dn} -Clear targetAddress"),
    };
    (format!("{verb}-{} -Identity {dn} -ExternalEmailAddress {address}", object.noun()), undo)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::World;

    #[test]
    fn a_contact_that_leads_nowhere_is_found() {
        let cases = [
            (
                "contact dn=CN=C proxyaddresses=SMTP:c@contoso.com mailnickname=c",
                "warning proven: contacts and mail users that lead nowhere: c@contoso.com (no targetAddress) [c@contoso.com]",
                "Set-MailContact -Identity 'CN=C' -ExternalEmailAddress 'c@contoso.com'",
            ),
            (
                "user dn=CN=C proxyaddresses=SMTP:c@contoso.com msexchrecipienttypedetails=128 targetaddress=SMTP:nobody",
                "warning proven: contacts and mail users that lead nowhere: c@contoso.com ('nobody' has no @) [c@contoso.com]",
                "Set-MailUser -Identity 'CN=C' -ExternalEmailAddress 'c@contoso.com'",
            ),
            (
                "user dn=CN=C proxyaddresses=SMTP:c@contoso.com",
                "warning likely: objects with a proxy address and neither mailbox nor target: c@contoso.com (no \
                 targetAddress) [c@contoso.com]",
                "Enable-MailUser -Identity 'CN=C' -ExternalEmailAddress 'c@contoso.com'",
            ),
        ];
        for (object, line, command) in cases {
            let mut world = World::healthy();
            world.noteworthy(&[object]);
            assert_eq!((world.lines(&CHECK), world.commands(&CHECK)), (vec![line.to_string()], vec![command.into()]));
        }
    }

    #[test]
    fn what_has_a_target_or_needs_none_is_not() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.noteworthy(&[
            "contact proxyaddresses=SMTP:c@contoso.com targetaddress=SMTP:c@zimbra.contoso.com",
            "contact mail=d@contoso.com",
            "user proxyaddresses=SMTP:e@contoso.com homemdb=DB1",
            "group proxyaddresses=SMTP:f@contoso.com",
            "contact proxyaddresses=SMTP:g@elsewhere.com",
        ]);
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.holds("orders@contoso.com", &[], Some(&["contact proxyaddresses=SMTP:orders@contoso.com"]));
        assert_eq!(world.lines(&CHECK), [""; 0], "the global catalog may lack the target");
    }
}
