//! NSD415: a contact or mail user that leads nowhere (F-34).
use super::{at_its_source, is_online, objects, tell_objects};
use crate::exchange::relay::way_first;
use crate::model::Object;
use crate::model::recipients::typed;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD415",
    name: "contact-without-target",
    title: "contacts and mail users without a usable target",
    severity: Severity::Warning,
    why: "A mail contact or mail user stands for a mailbox elsewhere, and its targetAddress says where. Without one, or with \
          one that is no address, Exchange resolves the recipient and has nowhere to send its mail: 5.2.0, \
          RESOLVER.CON.NoTarget or InvalidTarget. An address of another kind (NOTES, X400) takes a connector for that kind; \
          without one the mail bounces with 5.4.4.",
    fix: "Give it the address of its mailbox (ExternalEmailAddress).",
    sources: &[
        "https://learn.microsoft.com/exchange/mail-flow/mail-routing/recipient-resolution",
        "https://learn.microsoft.com/exchange/mail-flow/mail-routing/connector-selection",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    let bad = |object: &&Object| {
        let stands = matches!(object.kind(), State::Contact | State::MailUser) && !object.addresses().is_empty();
        let visible = object.sees("targetaddress") && object.sees("homemdb");
        stands && visible && !matches!(object.target(), Some(Ok(_)))
    };
    let (other, all): (Vec<_>, Vec<_>) =
        objects(case, notes).filter(bad).partition(|object| object.other_kind().is_some());
    // One without type may be no recipient to Exchange, or have a mailbox that nsdiag has no right to see.
    let sure = |object: &Object| typed(object.entry).is_some() || object.entry.is("contact") && object.is_recipient();
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
            _ => format!("objects with a proxy address and neither mailbox nor usable target: {}", listed(&each, 5)),
        };
        tell_objects(notes, &some, detail).certainty(certainty).mend(
            match some.iter().any(|object| is_online(case, object)) {
                true => at_its_source("set the external address"),
                false => Remedy::stepwise("Say where their mailbox is", some.iter().map(|object| aim(case, object)))
                    .noting(way_first(case, some[0].system)),
            },
        );
    }
    let unserved: Vec<_> = other.into_iter().filter(|object| !is_served(case, object)).collect();
    if !unserved.is_empty() {
        let says = |object: &&Object| {
            format!("{} ({})", object.name(), object.entry.value("targetAddress").unwrap_or_default())
        };
        let each: Vec<_> = unserved.iter().map(says).collect();
        let detail = format!(
            "targets that are no SMTP addresses: {}; whether a foreign connector or a delivery agent serves them is not known",
            listed(&each, 5)
        );
        let steps = vec![
            Cmdlet::new("Get-ForeignConnector").shows(&["Name", "AddressSpaces"]),
            Cmdlet::new("Get-DeliveryAgentConnector").shows(&["Name", "AddressSpaces"]),
        ];
        tell_objects(notes, &unserved, detail)
            .severity(Severity::Info)
            .certainty(Certainty::Inconclusive)
            .mend(Remedy::exchange("See which connectors serve addresses of that kind", steps, Vec::new()));
    }
}

/// Whether a send connector in evidence serves addresses of the kind of the object's target. Foreign connectors and
/// delivery agents are not in evidence.
fn is_served(case: &Case, object: &Object) -> bool {
    let organisation = case.model.organisation_of(object.system);
    let connectors = organisation.and_then(|organisation| organisation.send_connectors().ok());
    let mut spaces =
        connectors.into_iter().flat_map(|(_, all)| all).filter(|one| one.enabled).flat_map(|one| &one.address_spaces);
    object.other_kind().is_some_and(|kind| spaces.any(|space| space.kind.eq_ignore_ascii_case(kind)))
}

/// The command that gives `object` a target, and what takes it back.
fn aim(case: &Case, object: &Object) -> (Vec<Cmdlet>, Vec<Cmdlet>) {
    let before = object.entry.value("targetAddress");
    let verb = if object.is_recipient() { "Set" } else { "Enable" };
    let undo = match (verb, before) {
        ("Enable", _) => object.taken_back(object.cmdlet("Disable").off("Confirm")),
        (_, Some(before)) => vec![object.attribute().change("Replace", "targetAddress", before)],
        (_, None) => vec![object.attribute().word("Clear", "targetAddress")],
    };
    let name = object.name();
    // In the shared domain only where the other system has the mailbox.
    let listed = case.model.recipient(&name).is_some_and(|one| one.listed().is_some());
    let words = "its address at the other system";
    let aim = object.cmdlet(verb).or_placeholder("ExternalEmailAddress", listed.then_some(name), words);
    (if verb == "Enable" { object.enabled_by(aim) } else { vec![aim] }, undo)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::exchange::AddressSpace;
    use crate::stories::World;

    #[test]
    fn a_contact_that_leads_nowhere_is_found() {
        let cases = [
            (
                "contact dn=CN=C proxyaddresses=SMTP:c@contoso.com mailnickname=c",
                "warning proven: contacts and mail users that lead nowhere: c@contoso.com (no targetAddress) [c@contoso.com]",
                "Set-MailContact -Identity 'CN=C' -ExternalEmailAddress <its address at the other system>",
            ),
            (
                "user dn=CN=C proxyaddresses=SMTP:c@contoso.com msexchrecipienttypedetails=128 targetaddress=SMTP:nobody",
                "warning proven: contacts and mail users that lead nowhere: c@contoso.com ('nobody' has no @) [c@contoso.com]",
                "Set-MailUser -Identity 'CN=C' -ExternalEmailAddress <its address at the other system>",
            ),
            (
                "user dn=CN=C proxyaddresses=SMTP:c@contoso.com",
                "warning likely: objects with a proxy address and neither mailbox nor usable target: c@contoso.com (no \
                 targetAddress) [c@contoso.com]",
                "Enable-MailUser -Identity 'CN=C' -ExternalEmailAddress <its address at the other system>",
            ),
            // Who is on the other system's list is there under that address.
            (
                "contact dn=CN=C proxyaddresses=SMTP:orders@contoso.com mailnickname=orders",
                "warning proven: contacts and mail users that lead nowhere: orders@contoso.com (no targetAddress) \
                 [orders@contoso.com]",
                "Set-MailContact -Identity 'CN=C' -ExternalEmailAddress 'orders@contoso.com'",
            ),
        ];
        for (object, line, command) in cases {
            let mut world = World::healthy();
            world.noteworthy(&[object]);
            assert_eq!((world.lines(&CHECK), world.commands(&CHECK)), (vec![line.to_string()], vec![command.into()]));
        }
    }

    #[test]
    fn a_target_of_another_kind_leads_where_a_connector_for_that_kind_does() {
        let contact = "contact dn=CN=C proxyaddresses=SMTP:c@contoso.com mailnickname=c targetaddress";
        for target in ["NOTES:C/Contoso", "X400:c=de;a=_;s=c;", "EX:/o=Contoso/cn=c", "MAPI:c"] {
            let mut world = World::healthy();
            world.noteworthy(&[&format!("{contact}={target}")]);
            let lines = world.lines(&CHECK);
            assert!(
                lines.len() == 1 && lines[0].starts_with("info inconclusive: targets that are no SMTP"),
                "{lines:?}"
            );
            let kind = target.split(':').next().unwrap();
            let space = AddressSpace { kind: kind.into(), address: "*".into(), cost: 1, local: false };
            world.connector(|connector| connector.address_spaces.push(space));
            assert_eq!(world.lines(&CHECK), [""; 0], "a connector serves {kind}");
        }
        let mut world = World::healthy();
        world.noteworthy(&[&format!("{contact}=NOTES:")]);
        assert!(world.lines(&CHECK)[0].starts_with("warning proven: "), "a kind, and no address");
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
