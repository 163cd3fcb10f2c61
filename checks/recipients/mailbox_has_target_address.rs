//! NSD409: a mailbox whose mail is sent elsewhere by a targetAddress (F-30).
use super::{for_all, objects, readable, tell_objects};
use crate::model::recipients::typed;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD409",
    name: "mailbox-has-target-address",
    title: "mailboxes whose mail is sent on by a targetAddress",
    severity: Severity::Critical,
    why: "A targetAddress sends an object's mail out of the organisation. On a mailbox it is a remnant, of a migration \
          mostly: its mail goes elsewhere, or round until 5.4.6, and nothing arrives in the mailbox.",
    fix: "Clear targetAddress on the mailbox, unless it has moved: then disable the mailbox.",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    let bad = |object: &&crate::model::Object| object.entry.value("homeMDB").is_some() && object.target().is_some();
    let all: Vec<_> = objects(case, notes).filter(bad).collect();
    for certainty in [Certainty::Proven, Certainty::Likely] {
        // The database is one witness, the recipient type another.
        let proven = |object: &crate::model::Object| typed(object.entry) == Some(State::Mailbox);
        let some: Vec<_> =
            all.iter().copied().filter(|object| proven(object) == (certainty == Certainty::Proven)).collect();
        if some.is_empty() {
            continue;
        }
        let target =
            |object: &crate::model::Object| object.entry.value("targetAddress").unwrap_or_default().to_string();
        let each: Vec<_> = some.iter().map(|object| format!("{} (to {})", object.name(), target(object))).collect();
        let lacking = match certainty {
            Certainty::Proven => "",
            _ => "; not proven, because only homeMDB says that it is a mailbox",
        };
        let clear =
            some.iter().map(|object| format!("Set-ADObject -Identity {} -Clear targetAddress", object.identity()));
        let undo = |object: &&crate::model::Object| {
            format!("Set-ADObject -Identity {} -Add @{{targetAddress={}}}", object.identity(), quoted(&target(object)))
        };
        let each_of_all = "Set-ADObject -Identity (Get-Mailbox -Identity $a).DistinguishedName -Clear targetAddress";
        let clear = for_all(&CHECK, certainty, clear.collect(), each_of_all);
        let undo = readable(some.iter().map(undo));
        let detail = format!("a targetAddress sends on the mail of {}{lacking}", listed(&each, 5));
        tell_objects(notes, &some, detail).certainty(certainty).mend(Remedy::exchange(
            "Let the mail stay in the mailbox",
            clear,
            undo,
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::World;

    #[test]
    fn a_mailbox_with_a_target_is_found_and_a_mail_user_is_not() {
        let anna = "user dn=CN=Anna proxyaddresses=SMTP:anna@contoso.com targetaddress=SMTP:anna@old.contoso.com";
        let found = "a targetAddress sends on the mail of anna@contoso.com (to SMTP:anna@old.contoso.com)";
        let cases: [(String, Vec<String>); 4] = [
            (
                format!("{anna} homemdb=DB1 msexchrecipienttypedetails=1"),
                vec![format!("critical proven: {found} [anna@contoso.com]")],
            ),
            (
                format!("{anna} homemdb=DB1"),
                vec![format!(
                    "critical likely: {found}; not proven, because only homeMDB says that it is a mailbox [anna@contoso.com]"
                )],
            ),
            (format!("{anna} msexchrecipienttypedetails=128"), vec![]),
            ("user proxyaddresses=SMTP:anna@contoso.com homemdb=DB1".into(), vec![]),
        ];
        for (object, expected) in cases {
            let mut world = World::healthy();
            world.noteworthy(&[&object]);
            assert_eq!(world.lines(&CHECK), expected, "{object}");
        }
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.evidence.directories[0].noteworthy = Observed::NotAsked;
        assert_eq!(world.lines(&CHECK), ["not asked: the recipients of corp other than those looked up"]);
        world.noteworthy(&[]);
        world.evidence.directories[0].noteworthy_incomplete = Some(Miss::new(How::TooLarge, "there are more"));
        let more = "unanswered: the recipients of corp other than those looked up (there are more)";
        assert_eq!(world.lines(&CHECK), [more]);
        world.directory("orders@contoso.com", "user homemdb=DB1 targetaddress=SMTP:o@x.com");
        assert!(world.lines(&CHECK)[0].starts_with("critical likely: "), "one that was looked up counts too");
    }

    #[test]
    fn many_are_mended_by_a_loop() {
        let mut world = World::healthy();
        let many: Vec<_> = (0..25)
            .map(|n| format!("user proxyaddresses=SMTP:u{n:02}@contoso.com homemdb=DB1 targetaddress=SMTP:u{n}@x.com"))
            .collect();
        world.noteworthy(&many.iter().map(String::as_str).collect::<Vec<_>>());
        let commands = world.commands(&CHECK);
        assert_eq!(commands.len(), 22);
        let first = "Set-ADObject -Identity 'CN=u00@contoso.com,DC=contoso,DC=com' -Clear targetAddress";
        assert_eq!(commands[0], first);
        assert!(commands[20].starts_with("# and 5 more; "), "{commands:?}");
        assert!(commands[21].contains("$_.code -eq 'NSD409' -and $_.certainty -eq 'likely'"), "{}", commands[21]);
    }
}
