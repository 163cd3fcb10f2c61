//! NSD409: a mailbox whose mail is sent elsewhere by a targetAddress (F-30).
use super::{at_its_source, is_online, objects, tell_objects};
use crate::model::Object;
use crate::model::recipients::typed;
use crate::model::targets::{Onward, onward};
use crate::prelude::*;
use alloc::collections::BTreeMap;

pub(super) const CHECK: Check = Check {
    code: "NSD409",
    name: "mailbox-has-target-address",
    title: "mailboxes whose mail is sent on by a targetAddress",
    severity: Severity::Critical,
    why: "A targetAddress sends an object's mail on, whatever else the object is: the mailbox gets nothing, or no more \
          than the copy that a migration tool leaves. Such tools set it on purpose, so that the mail follows a user who is \
          being moved; left over, it takes mail from somebody who still reads it here. Where it leads nowhere, or back, the \
          mail is lost: it expires, or goes round until 5.4.6.",
    fix: "Clear targetAddress on a mailbox that is in use; where the user has moved, leave it and disable the mailbox in the end.",
    sources: &[
        "https://learn.microsoft.com/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    let sent_on = |object: &&Object| object.entry.value("homeMDB").is_some();
    let all: Vec<_> = objects(case, notes).filter(sent_on).collect();
    let all = all.into_iter().filter_map(|object| Some((object, onward(&case.model, object)?)));
    let (lost, arrives): (Vec<_>, Vec<_>) = all.partition(|(_, onward)| matches!(onward, Onward::Lost(..)));
    // The database is one witness that it is a mailbox, the recipient type another.
    let lacking = |(object, onward): &(&Object, Onward)| match onward {
        _ if typed(object.entry) != Some(State::Mailbox) => {
            "; not proven, because only homeMDB says that it is a mailbox"
        }
        Onward::Lost(_, _, false) => "; not proven, because nobody there was asked",
        _ => "",
    };
    let mut by_proof: BTreeMap<&str, Vec<&(&Object, Onward)>> = BTreeMap::new();
    for one in &lost {
        by_proof.entry(lacking(one)).or_default().push(one);
    }
    for (lacking, some) in by_proof {
        let certainty = if lacking.is_empty() { Certainty::Proven } else { Certainty::Likely };
        tell((case, notes), &some, certainty, |each| {
            format!("a targetAddress sends on the mail of {each}, and nobody gets it{lacking}")
        });
    }
    // Deliberate or left over: that is in nobody's directory.
    if !arrives.is_empty() {
        let finding = tell((case, notes), &arrives.iter().collect::<Vec<_>>(), Certainty::Likely, |each| {
            format!(
                "a targetAddress sends on the mail of {each}: if the user has moved, or is being moved, that is meant; \
                     the mailbox here gets nothing"
            )
        });
        finding.severity(Severity::Warning);
        let moved = match arrives.iter().any(|(object, _)| is_online(case, object)) {
            true => "Once it has moved: make it a mail user with the same target where it comes from",
            false => {
                "Once it has moved: note its LegacyExchangeDN; Disable-Mailbox; Enable-MailUser with the same target; and add \
                      X500: and that value to its addresses, so that replies to old mail find it"
            }
        };
        let steps = vec![
            "While it is being moved: nothing; the migration tool takes it back, or the mailbox goes".into(),
            moved.into(),
        ];
        finding.mend(Remedy::steps("exchange", "If the user has moved, leave it", steps));
    }
}

/// One finding about `some`, in the words that `says` makes of each with its target and where that leads.
fn tell<'n>(
    (case, notes): (&Case, &'n mut Notes),
    some: &[&(&Object, Onward)],
    certainty: Certainty,
    says: impl Fn(&str) -> String,
) -> &'n mut Finding {
    let target = |object: &Object| object.entry.value("targetAddress").unwrap_or_default().to_string();
    let each = |(object, onward): &&(&Object, Onward)| {
        let (Onward::Taken(why, _) | Onward::Lost(why, ..) | Onward::Open(why)) = onward;
        format!("{} (to {}: {why})", object.name(), target(object))
    };
    let each: Vec<_> = some.iter().map(each).collect();
    let clear = |object: &Object| object.attribute().word("Clear", "targetAddress");
    let undo = |object: &Object| object.attribute().change("Add", "targetAddress", target(object));
    let pairs = some.iter().map(|(object, _)| (clear(object), undo(object)));
    let named: Vec<_> = some.iter().map(|(object, _)| *object).collect();
    let finding = tell_objects(notes, &named, says(&listed(&each, 5)));
    finding.certainty(certainty);
    for (_, onward) in some {
        if let Onward::Taken(_, seen) | Onward::Lost(_, seen, _) = onward {
            finding.seen_all(seen);
        }
    }
    finding.mend(match some.iter().any(|(object, _)| is_online(case, object)) {
        true => at_its_source("clear the attribute targetAddress"),
        false => Remedy::each("Let the mail stay in the mailbox", pairs),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remedy::READABLE;
    use crate::stories::{OTHER, World};

    const ANNA: &str = "user dn=CN=Anna proxyaddresses=SMTP:anna@contoso.com homemdb=DB1 msexchrecipienttypedetails=1";

    /// What is said of anna, whose mail is sent on to `target`.
    fn line(mut world: World, target: &str) -> String {
        world.noteworthy(&[&format!("{ANNA} targetaddress={target}")]);
        world.lines(&CHECK).remove(0)
    }

    #[test]
    fn a_target_that_leads_nowhere_or_back_loses_the_mail() {
        let told = |target: &str, why: &str, certainty: &str, lacking: &str| {
            format!(
                "critical {certainty}: a targetAddress sends on the mail of anna@contoso.com (to {target}: {why}), and \
                 nobody gets it{lacking} [anna@contoso.com]"
            )
        };
        let lost = |target: &str, why: &str| told(target, why, "proven", "");
        let likely =
            |target: &str, why: &str| told(target, why, "likely", "; not proven, because nobody there was asked");
        let old = "SMTP:anna@old.contoso.com";
        let none = "no send connector serves old.contoso.com: it waits in the queue and expires";
        assert_eq!(line(World::healthy(), old), lost(old, none));
        assert_eq!(line(World::healthy(), "SMTP:anna"), lost("SMTP:anna", "'anna' has no @"));
        let own = "SMTP:anna@contoso.com";
        let unlisted = "'To Zimbra' hands it to smarthost.contoso.com, and no list names it";
        assert_eq!(line(World::healthy(), own), likely(own, unlisted));
        let mut refuses = World::healthy();
        refuses.rcpt(OTHER, "anna@contoso.com", "550 5.1.1 User unknown in virtual mailbox table");
        assert_eq!(line(refuses, own), lost(own, "smarthost.contoso.com (10.0.0.44) knows no such mailbox"));
        let mut back = World::healthy();
        back.connector(|connector| connector.smart_hosts = vec!["exch01.corp.contoso.com".into()]);
        assert_eq!(line(back, own), lost(own, "'To Zimbra' hands it to exch01.corp.contoso.com, and so back"));
        let mut bounces = World::healthy();
        bounces.accepted(|accepted| accepted.kind = crate::evidence::exchange::DomainKind::Authoritative);
        let nobody = "SMTP:annette@contoso.com";
        assert_eq!(line(bounces, nobody), likely(nobody, "contoso.com is authoritative in corp, where nobody has it"));
    }

    #[test]
    fn a_mailbox_whose_mail_somebody_takes_elsewhere_is_being_moved_or_left_over_and_nobody_can_tell() {
        let own = "SMTP:anna@contoso.com";
        let says = |target: &str, why: &str| {
            format!(
                "warning likely: a targetAddress sends on the mail of anna@contoso.com (to {target}: {why}): if the user has \
                 moved, or is being moved, that is meant; the mailbox here gets nothing [anna@contoso.com]"
            )
        };
        let mut takes = World::healthy();
        takes.rcpt(OTHER, "anna@contoso.com", "250 2.1.5 Ok");
        assert_eq!(line(takes, own), says(own, "smarthost.contoso.com (10.0.0.44) takes it"));
        let mut on_list = World::healthy();
        on_list.evidence.files[0].addresses = Observed::Known(vec!["anna@contoso.com".into()]);
        assert_eq!(line(on_list, own), says(own, "it is on the list of zimbra"));
        let routed = "SMTP:anna@zimbra.contoso.com";
        let mut of_its_own = World::healthy();
        let space = crate::evidence::exchange::AddressSpace::parse("SMTP:zimbra.contoso.com;1");
        of_its_own.connector(|connector| connector.address_spaces.extend(space));
        assert_eq!(line(of_its_own, routed), says(routed, "'To Zimbra' hands it to smarthost.contoso.com"));
        let mut no_list = World::healthy();
        no_list.evidence.files.clear();
        let open = "'To Zimbra' hands it to smarthost.contoso.com, and whether somebody has it there was not asked";
        assert_eq!(line(no_list, own), says(own, open));
        let mut hidden = World::healthy();
        hidden.hide_configuration();
        assert!(line(hidden, routed).starts_with("warning likely: "), "the connectors were not seen");
        let mut online = World::online();
        online.noteworthy(&[&format!("{ANNA} targetaddress={routed}")]);
        assert!(online.lines(&CHECK)[0].starts_with("warning likely: "), "a tenant needs no connector");
        assert!(
            line(World::healthy(), "NOTES:Anna/Contoso").starts_with("warning likely: "),
            "nobody sees such connectors"
        );
        let mut inside = World::healthy();
        let ben = "user dn=CN=Ben proxyaddresses=SMTP:ben@contoso.com homemdb=DB1";
        inside.noteworthy(&[&format!("{ANNA} targetaddress=SMTP:ben@contoso.com"), ben]);
        assert_eq!(inside.lines(&CHECK), [says("SMTP:ben@contoso.com", "a mailbox has it")]);
    }

    #[test]
    fn what_is_no_mailbox_or_has_no_target_is_not_found_and_what_was_not_read_is_told() {
        let old = "user proxyaddresses=SMTP:anna@contoso.com targetaddress=SMTP:anna@old.contoso.com";
        let cases: [(String, bool); 3] = [
            (format!("{old} homemdb=DB1"), true),
            (format!("{old} msexchrecipienttypedetails=128"), false),
            ("user proxyaddresses=SMTP:anna@contoso.com homemdb=DB1".into(), false),
        ];
        for (object, found) in cases {
            let mut world = World::healthy();
            world.noteworthy(&[&object]);
            let lines = world.lines(&CHECK);
            assert_eq!(lines.len(), usize::from(found), "{object}: {lines:?}");
            let lacking = "; not proven, because only homeMDB says that it is a mailbox";
            assert!(
                lines.iter().all(|line| line.starts_with("critical likely: ") && line.contains(lacking)),
                "{lines:?}"
            );
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
    fn more_than_a_person_reads_are_counted() {
        let mut world = World::healthy();
        let many: Vec<_> = (0..READABLE + 5)
            .map(|n| format!("user proxyaddresses=SMTP:u{n:02}@contoso.com homemdb=DB1 msexchrecipienttypedetails=1 targetaddress=SMTP:u{n}@x.com"))
            .collect();
        world.noteworthy(&many.iter().map(String::as_str).collect::<Vec<_>>());
        let commands = world.commands(&CHECK);
        assert_eq!(commands.len(), READABLE + 1);
        let first = "Set-ADObject -Identity 'CN=u00@contoso.com,DC=contoso,DC=com' -Clear targetAddress";
        assert_eq!(commands[0], first);
        assert!(commands[READABLE].starts_with("# and 5 more; "), "{commands:?}");
    }
}
