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

/// How many doubles, and how many holders of one, are named in the sentence.
const NAMED: (usize, usize) = (3, 4);
/// From how many objects, and of each how many addresses, the commands take something.
const OBJECTS: usize = 500;
const ADDRESSES: usize = 200;

/// An address, and the objects that hold it.
type Double<'m, 'a> = (String, Vec<&'m Object<'a>>);

fn judge(case: &Case, notes: &mut Notes) {
    let mut holders: BTreeMap<(&str, usize, &str), Vec<&Object>> = BTreeMap::new();
    for object in objects(case, notes) {
        for each in object.addresses().iter().filter(|each| address::domain(each) == case.question.domain) {
            let all = holders.entry((object.system, object.directory, each)).or_default();
            if all.last().is_none_or(|known| !core::ptr::eq(*known, object)) {
                all.push(object);
            }
        }
    }
    let mut by_system: BTreeMap<(&str, usize), Vec<Double>> = BTreeMap::new();
    for ((system, directory, address), mut all) in holders {
        if all.len() > 1 {
            all.sort_by_cached_key(|object| (object.kind(), &object.entry.dn));
            by_system.entry((system, directory)).or_default().push((address.to_string(), all));
        }
    }
    for ((system, _), doubles) in by_system {
        let by_hand = doubles.iter().flat_map(|(_, all)| all).find(|object| !object.is_recipient());
        let lacking = match (by_hand, moved(&doubles)) {
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
        let each = named(&doubles);
        let finding = notes.finding(format!("the directory of {system} holds more than once: {each}{lacking}"));
        finding.certainty(if lacking.is_empty() { Certainty::Proven } else { Certainty::Likely });
        finding.seen_all(doubles.iter().flat_map(|(_, all)| all).map(|object| &object.pointer));
        for (address, _) in &doubles {
            finding.about(SubjectKind::Recipient, address);
        }
        finding.mend(match case.model.organisation_of(system).is_some_and(|one| one.is_online()) {
            true => at_its_source("leave the address on one of the objects"),
            false => leave_on_one(&doubles),
        });
    }
}

/// The doubles in a sentence, which names some: of very many, with names as long as a directory likes, no more are put
/// into words.
fn named(doubles: &[Double]) -> String {
    let holders = |all: &[&Object]| {
        let name = |object: &&Object| format!("{} '{}'", object.word(), object.entry.dn);
        let mut names: Vec<String> = all.iter().take(NAMED.1).map(name).collect();
        names.resize(all.len(), String::new());
        listed(&names, NAMED.1)
    };
    let each = |(address, all): &Double| format!("{address} by {}", holders(all));
    let mut each: Vec<String> = doubles.iter().take(NAMED.0).map(each).collect();
    each.resize(doubles.len(), String::new());
    listed(&each, NAMED.0)
}

/// Each object among the holders once, in their order, with those of the addresses to which `pick` leads it.
fn by_object<'d, 'm, 'a>(
    doubles: &'d [Double<'m, 'a>],
    pick: impl Fn(&'d [&'m Object<'a>]) -> &'d [&'m Object<'a>],
) -> Vec<(&'m Object<'a>, Vec<&'d str>)> {
    let mut places: BTreeMap<*const Object, usize> = BTreeMap::new();
    let mut found: Vec<(&Object, Vec<&str>)> = Vec::new();
    for (address, all) in doubles {
        for object in pick(all) {
            let place = *places.entry(core::ptr::from_ref(*object)).or_insert(found.len());
            if place == found.len() {
                found.push((object, Vec::new()));
            }
            found[place].1.push(address);
        }
    }
    found
}

/// An object that was moved to another domain: it is there under its old name until the catalog has caught up.
fn moved<'m, 'a>(doubles: &[Double<'m, 'a>]) -> Option<&'m Object<'a>> {
    let all = by_object(doubles, |all| all);
    if !all.iter().any(|(object, _)| object.is_from_catalog()) {
        return None;
    }
    fn alike<'o>(object: &'o Object) -> (State, &'o [String]) {
        (object.kind(), object.addresses())
    }
    let mut count: BTreeMap<(State, &[String]), usize> = BTreeMap::new();
    for (object, _) in &all {
        *count.entry(alike(object)).or_default() += 1;
    }
    let twin = |object: &&Object| object.is_from_catalog() && count[&alike(object)] > 1;
    all.into_iter().map(|(object, _)| object).find(twin)
}

/// Takes each address off all objects that hold it but the first.
fn leave_on_one(doubles: &[Double]) -> Remedy {
    let all = by_object(doubles, |all| &all[1..]);
    let (mut commands, mut undo) = (Vec::new(), Vec::new());
    for (object, addresses) in all.iter().take(OBJECTS) {
        let (take, give) = take_off(object, addresses);
        commands.extend(take);
        undo.extend(give);
    }
    let first = doubles.first().map(|(_, all)| all[0].entry.dn.clone()).unwrap_or_default();
    let rest = all.len().saturating_sub(OBJECTS);
    let left = (rest > 0).then(|| format!("these are the first {OBJECTS} objects; run nsdiag again for {rest} more"));
    Remedy::exchange(format!("Leave it on one object, such as '{first}'"), commands, undo).noting(left)
}

/// The commands that take `addresses` off `object`, and those that give them back.
fn take_off(object: &Object, addresses: &[&str]) -> (Vec<Cmdlet>, Vec<Cmdlet>) {
    let primary = object.addresses().first().map(String::as_str).filter(|first| addresses.contains(first));
    let target = object.entry.value("targetAddress");
    match (object.kind(), target, primary.is_some()) {
        // What the global catalog alone shows may have a mailbox that it hides.
        _ if object.word() == "an object" => (Vec::new(), Vec::new()),
        // It has no other name: out of mail with it, while the object itself stays.
        (State::Contact | State::MailUser, Some(target), true) => (vec![out_of_mail(object)], put_back(object, target)),
        (.., is_primary) => {
            let all = object.entry.values("proxyAddresses");
            // As they are written there, the first of those that fold alike.
            let mut written: BTreeMap<String, &str> = BTreeMap::new();
            for value in all {
                let own = value.split_once(':').filter(|(kind, _)| kind.eq_ignore_ascii_case("smtp"));
                if let Some((own, folded)) = own.and_then(|(_, own)| Some((own, address::fold(own).ok()?))) {
                    written.entry(folded).or_insert(own);
                }
            }
            // The primary one is renamed, and so it is among those that go.
            let others = addresses.iter().filter(|one| primary != Some(**one));
            let some: Vec<String> = primary
                .into_iter()
                .chain(others.copied())
                .take(ADDRESSES)
                .map(|one| format!("smtp:{}", written.get(one).copied().unwrap_or(one)))
                .collect();
            let set = |what| object.cmdlet("Set").change_all("EmailAddresses", what, &some);
            let rest = addresses.len() - some.len();
            let remove = match rest {
                0 => set("Remove"),
                _ => set("Remove")
                    .remark(&format!("the first {ADDRESSES} of its addresses; run nsdiag again for {rest} more")),
            };
            if !is_primary {
                return (vec![remove], vec![set("Add")]);
            }
            let rename = object.cmdlet("Set").remark(POLICY).bool("EmailAddressPolicyEnabled", false);
            let rename = rename.placeholder("PrimarySmtpAddress", "another address");
            // The primary one is the one in capitals.
            (vec![rename, remove], vec![object.cmdlet("Set").list("EmailAddresses", all)])
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
    fn two_objects_with_the_same_thousands_of_aliases_take_one_command_and_no_time() {
        let aliases: String = (0..5000).map(|at| format!(" proxyaddresses=smtp:Q{at}@contoso.com")).collect();
        let group =
            |name: &str| format!("group dn=CN={name} proxyaddresses=SMTP:{name}@contoso.com{aliases} mailnickname=x");
        let (one, other) = (group("one"), group("two"));
        let mut world = World::healthy();
        world.noteworthy(&[&one, &other]);
        let line = world.lines(&CHECK).remove(0);
        let names = "by a group 'CN=one' and a group 'CN=two'";
        let head = format!(
            "critical proven: the directory of corp holds more than once: q0@contoso.com {names}, q1000@contoso.com {names}, \
             q1001@contoso.com {names} and 4997 more"
        );
        assert!(line.starts_with(&head), "{}", &line[..500]);
        let commands = world.commands(&CHECK);
        assert_eq!(commands.len(), 2, "{}", commands.len());
        assert_eq!(commands[0], "# the first 200 of its addresses; run nsdiag again for 4800 more");
        let head = "Set-DistributionGroup -Identity 'CN=two' -EmailAddresses @{Remove='smtp:Q0@contoso.com','smtp:Q1000@contoso.com',";
        assert!(commands[1].starts_with(head), "{}", &commands[1][..200]);
        assert_eq!(commands[1].matches("smtp:").count(), ADDRESSES);
    }

    #[test]
    fn of_a_thousand_objects_with_one_address_some_are_mended_and_the_others_counted() {
        let all: Vec<String> = (0..1000)
            .map(|at| format!("group dn=CN={at:03} proxyaddresses=SMTP:{at}@contoso.com proxyaddresses=smtp:q@contoso.com mailnickname=x"))
            .collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let mut world = World::healthy();
        world.noteworthy(&all);
        let commands = world.commands(&CHECK);
        assert!(commands.iter().any(|line| line.contains("for 499 more")), "{}", commands[0]);
        assert!((1..=OBJECTS).contains(&commands.iter().filter(|line| line.starts_with("Set-")).count()));
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
