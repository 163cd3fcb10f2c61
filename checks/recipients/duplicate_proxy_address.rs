//! NSD411: one address on several objects of a forest (F-35).
use super::{POLICY, at_its_source, objects, out_of_mail, put_back};
use crate::evidence::address;
use crate::model::Object;
use crate::prelude::*;
use alloc::collections::BTreeMap;

pub(super) const CHECK: Check = Check {
    code: "NSD411",
    name: "duplicate-proxy-address",
    title: "one address is on several objects",
    severity: Severity::Critical,
    why: "Exchange resolves an address by its proxyAddresses. Where several objects of the forest hold it none is resolved: \
          it takes the mail and puts it off (420 4.2.0, RESOLVER.ADR.Ambiguous), tries again every 30 minutes, and sends it \
          back when it expires, after 2 days by default. Exchange 2003 and before bounced it at once, with 5.1.4.",
    fix: "Leave the address on the object that has the mailbox, and take it off the others.",
    sources: &["https://learn.microsoft.com/exchange/mail-flow/mail-routing/recipient-resolution"],
    judge,
};

/// An address, and the objects that hold it.
type Double<'m, 'a> = (String, Vec<&'m Object<'a>>);

fn judge(case: &Case, notes: &mut Notes) {
    let mut holders: BTreeMap<(&str, usize, String), Vec<&Object>> = BTreeMap::new();
    for object in objects(case, notes) {
        for each in object.addresses().into_iter().filter(|each| address::domain(each) == case.question.domain) {
            let all = holders.entry((object.system, object.directory, each)).or_default();
            if all.iter().all(|known| !core::ptr::eq(*known, object)) {
                all.push(object);
            }
        }
    }
    let mut by_system: BTreeMap<(&str, usize), Vec<Double>> = BTreeMap::new();
    for ((system, directory, address), mut all) in holders {
        if all.len() > 1 {
            all.sort_by_key(|object| (object.kind(), &object.entry.dn));
            by_system.entry((system, directory)).or_default().push((address, all));
        }
    }
    for ((system, _), doubles) in by_system {
        let name = |object: &&Object| format!("{} '{}'", object.word(), object.entry.dn);
        let each =
            |(address, all): &Double| format!("{address} by {}", listed(&all.iter().map(name).collect::<Vec<_>>(), 4));
        let each: Vec<_> = doubles.iter().map(each).collect();
        let by_hand = doubles.iter().flat_map(|(_, all)| all).find(|object| !object.is_recipient());
        // An object that was moved to another domain is there under its old name until the catalog has caught up.
        let twin = |object: &&&Object| {
            let mut others = doubles.iter().flat_map(|(_, all)| all).filter(|other| !core::ptr::eq(**other, **object));
            object.is_from_catalog()
                && others.any(|other| (other.kind(), other.addresses()) == (object.kind(), object.addresses()))
        };
        let moved = doubles.iter().flat_map(|(_, all)| all).find(twin);
        let lacking = match (by_hand, moved) {
            (Some(object), _) => {
                let dn = &object.entry.dn;
                format!("; not proven, because '{dn}' may be no recipient to Exchange: it has no alias and no type")
            }
            (_, Some(object)) => {
                let dn = &object.entry.dn;
                format!("; not proven, because '{dn}', from the global catalog, may be the other under its old name")
            }
            _ => String::new(),
        };
        let each = listed(&each, 3);
        let finding = notes.finding(format!("the directory of {system} holds more than once: {each}{lacking}"));
        finding.certainty(if lacking.is_empty() { Certainty::Proven } else { Certainty::Likely });
        finding.seen_all(doubles.iter().flat_map(|(_, all)| all).map(|object| &object.pointer));
        let (mut commands, mut undo) = (Vec::new(), Vec::new());
        for (address, all) in &doubles {
            finding.about(SubjectKind::Recipient, address);
            for object in &all[1..] {
                let (take, give) = take_off(object, address);
                commands.extend(take);
                undo.extend(give);
            }
        }
        let first = doubles.first().map(|(_, all)| all[0].entry.dn.clone()).unwrap_or_default();
        let title = format!("Leave it on one object, such as '{first}'");
        finding.mend(match case.model.organisation_of(system).is_some_and(|one| one.is_online()) {
            true => at_its_source("leave the address on one of the objects"),
            false => Remedy::exchange(title, commands, undo),
        });
    }
}

/// The commands that take `address` off `object`, and those that give it back.
fn take_off(object: &Object, address: &str) -> (Vec<Cmdlet>, Vec<Cmdlet>) {
    let primary = object.addresses().first().is_some_and(|first| first == address);
    let target = object.entry.value("targetAddress");
    match (object.kind(), target) {
        // What the global catalog alone shows may have a mailbox that it hides.
        _ if object.word() == "an object" => (Vec::new(), Vec::new()),
        // It has no other name: out of mail with it, while the object itself stays.
        (State::Contact | State::MailUser, Some(target)) if primary => {
            (vec![out_of_mail(object)], put_back(object, target))
        }
        _ => {
            let all = object.entry.values("proxyAddresses");
            let smtp = |value: &String| {
                let (kind, own) = value.split_once(':')?;
                let is = kind.eq_ignore_ascii_case("smtp") && address::fold(own).is_ok_and(|own| own == address);
                is.then(|| format!("smtp:{own}"))
            };
            let held = all.iter().find_map(smtp).unwrap_or_else(|| format!("smtp:{address}"));
            let set = |what| object.cmdlet("Set").change("EmailAddresses", what, &held);
            if !primary {
                return (vec![set("Remove")], vec![set("Add")]);
            }
            let rename = object.cmdlet("Set").remark(POLICY).bool("EmailAddressPolicyEnabled", false);
            let rename = rename.placeholder("PrimarySmtpAddress", "another address");
            // The primary one is the one in capitals.
            (vec![rename, set("Remove")], vec![object.cmdlet("Set").list("EmailAddresses", all)])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::World;

    #[test]
    fn the_same_address_twice_is_found_across_the_forest_and_in_one_object_it_is_not() {
        let mailbox = "user dn=CN=Orders proxyaddresses=SMTP:orders@contoso.com homemdb=DB1";
        let contact = "contact dn=CN=Zimbra proxyaddresses=SMTP:Orders@contoso.com targetaddress=SMTP:o@z.com";
        let alias = "group dn=CN=All proxyaddresses=SMTP:all@contoso.com proxyaddresses=smtp:orders@contoso.com";
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.holds("orders@contoso.com", &[mailbox], Some(&[mailbox]));
        world.noteworthy(&[mailbox, "user dn=CN=X proxyaddresses=X500:orders@contoso.com mail=orders@contoso.com"]);
        assert_eq!(world.lines(&CHECK), [""; 0], "one object, seen thrice, and one that holds it in mail alone");
        world.holds("orders@contoso.com", &[mailbox], Some(&[mailbox, contact]));
        let found = "critical proven: the directory of corp holds more than once: orders@contoso.com by a mailbox 'CN=Orders' \
                     and a mail contact 'CN=Zimbra' [orders@contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
        let commands = world.commands(&CHECK);
        assert!(commands[..2].iter().all(|line| line.starts_with("# ")), "what no undo brings back is said before");
        assert_eq!(commands[2..], ["Disable-MailContact -Identity 'CN=Zimbra' -Confirm:$false"]);
        world.holds("orders@contoso.com", &[mailbox, alias], None);
        let remove = "Set-DistributionGroup -Identity 'CN=All' -EmailAddresses @{Remove='smtp:orders@contoso.com'}";
        assert_eq!(world.commands(&CHECK), [remove]);
        assert!(world.lines(&CHECK)[0].starts_with("critical likely: "), "a group that was stamped by hand");
        world.holds("orders@contoso.com", &[mailbox], None);
        world.noteworthy(&[contact]);
        assert_eq!(world.lines(&CHECK), [found]);
    }

    #[test]
    fn what_takes_it_back_is_what_was_there() {
        let undo = |second: &str| {
            let mailbox = "user dn=CN=Orders proxyaddresses=SMTP:orders@contoso.com homemdb=DB1";
            let mut world = World::healthy();
            world.holds("orders@contoso.com", &[mailbox, second], None);
            let mut notes = Notes::new(&CHECK);
            (CHECK.judge)(&Case::new(&world.question, &world.evidence), &mut notes);
            let undo: Vec<String> =
                notes.findings[0].remedies[0].undo.iter().flat_map(|one| one.lines().collect::<Vec<_>>()).collect();
            undo
        };
        let held = "proxyaddresses=SMTP:Orders@contoso.com proxyaddresses=smtp:o@contoso.com proxyaddresses=x400:c=de";
        let hidden = format!(
            "contact dn=CN=C {held} targetaddress=SMTP:o@z.com mailnickname=o legacyexchangedn=/o=X/cn=o \
             msexchhidefromaddresslists=TRUE"
        );
        let [enable, set] = [
            "Enable-MailContact -Identity 'CN=C' -ExternalEmailAddress 'SMTP:o@z.com' -Alias 'o' -PrimarySmtpAddress \
             'orders@contoso.com'",
            "Set-MailContact -Identity 'CN=C' -EmailAddresses \
             'SMTP:Orders@contoso.com','smtp:o@contoso.com','x400:c=de','X500:/o=X/cn=o' \
             -HiddenFromAddressListsEnabled $true",
        ];
        assert_eq!(undo(&hidden), [enable, set]);
        // The primary address of a group is put back as the primary one, with the aliases beside it.
        let group = format!("group dn=CN=G {held} mailnickname=g");
        let all = "Set-DistributionGroup -Identity 'CN=G' -EmailAddresses \
                   'SMTP:Orders@contoso.com','smtp:o@contoso.com','x400:c=de'";
        assert_eq!(undo(&group), [all]);
        let alias =
            "group dn=CN=G proxyaddresses=SMTP:g@contoso.com proxyaddresses=smtp:Orders@contoso.com mailnickname=g";
        let add = "Set-DistributionGroup -Identity 'CN=G' -EmailAddresses @{Add='smtp:Orders@contoso.com'}";
        assert_eq!(undo(alias), [add]);
    }

    #[test]
    fn what_the_catalog_alone_shows_may_be_the_same_object_under_its_old_name() {
        let new = "user dn=CN=Orders,DC=corp proxyaddresses=SMTP:orders@contoso.com homemdb=DB1";
        let old = "user dn=CN=Orders,DC=old proxyaddresses=SMTP:orders@contoso.com homemdb=DB1";
        let mut world = World::healthy();
        world.holds("orders@contoso.com", &[new], Some(&[new, old]));
        let line = world.lines(&CHECK).remove(0);
        let why =
            "not proven, because 'CN=Orders,DC=old', from the global catalog, may be the other under its old name";
        assert!(line.starts_with("critical likely: ") && line.contains(why), "{line}");
        world.holds("orders@contoso.com", &[new, old], None);
        assert!(world.lines(&CHECK)[0].starts_with("critical proven: "), "both in the domain");
    }

    #[test]
    fn nobody_is_taken_out_of_mail_whose_mailbox_the_catalog_may_hide() {
        let mailbox = "user dn=CN=Orders proxyaddresses=SMTP:orders@contoso.com homemdb=DB1";
        let hidden =
            "user dn=CN=Child proxyaddresses=SMTP:orders@contoso.com targetaddress=SMTP:o@z.com mailnickname=o";
        let mut world = World::healthy();
        world.holds("orders@contoso.com", &[mailbox], Some(&[mailbox, hidden]));
        let line = world.lines(&CHECK).remove(0);
        assert!(line.contains("a mailbox 'CN=Orders' and an object 'CN=Child'"), "{line}");
        assert_eq!(world.commands(&CHECK), [""; 0]);
    }
}
