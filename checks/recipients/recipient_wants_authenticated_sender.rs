//! NSD416: recipients that refuse senders who did not log in (F-44).
use super::{for_all, objects, readable, tell_objects};
use crate::model::Object;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD416",
    name: "recipient-wants-authenticated-sender",
    title: "recipients that take mail from authenticated senders alone",
    severity: Severity::Info,
    why: "Exchange accepts RCPT for them and bounces the message afterwards (5.7.1, RESOLVER.RST.AuthRequired; in Exchange \
          Online 5.7.133 to 5.7.136) when it comes from outside, or from the other system over an anonymous connector. Groups \
          are made so by default, and many are meant to be so.",
    fix: "Where the other system's users or the outside should reach them, clear RequireSenderAuthenticationEnabled, or \
          receive the other system's mail over an externally secured connector.",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    let strict = |object: &&Object| object.entry.boolean("msExchRequireAuthToSendTo") == Some(true);
    let all: Vec<_> = objects(case, notes).filter(strict).collect();
    if all.is_empty() {
        return;
    }
    let each: Vec<_> = all.iter().map(|object| format!("{} ({})", object.name(), object.kind().word())).collect();
    let set = |object: &Object, value: &str| {
        let (noun, dn) = (object.noun(), object.identity());
        format!("Set-{noun} -Identity {dn} -RequireSenderAuthenticationEnabled ${value}")
    };
    let clear = all.iter().map(|object| set(object, "false"));
    let undo = readable(all.iter().map(|object| set(object, "true")));
    // One loop serves one kind of object.
    let noun = all[0].noun();
    let clear = match all.iter().all(|object| object.noun() == noun) {
        true => {
            let each_of_all = format!("Set-{noun} -Identity $a -RequireSenderAuthenticationEnabled $false");
            for_all(&CHECK, Certainty::Proven, clear.collect(), &each_of_all)
        }
        false => readable(clear),
    };
    let detail = format!("mail from senders who did not log in bounces for {}", listed(&each, 5));
    tell_objects(notes, &all, detail).mend(Remedy::exchange(
        "Let everybody write to them, if that is meant",
        clear,
        undo,
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::World;

    #[test]
    fn a_strict_recipient_is_told_and_an_open_one_is_not() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.noteworthy(&["group proxyaddresses=SMTP:all@contoso.com msexchrequireauthtosendto=FALSE"]);
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.noteworthy(&["group dn=CN=All proxyaddresses=SMTP:all@contoso.com msexchrequireauthtosendto=TRUE"]);
        let found =
            "info proven: mail from senders who did not log in bounces for all@contoso.com (a group) [all@contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
        let open = "Set-DistributionGroup -Identity 'CN=All' -RequireSenderAuthenticationEnabled $false";
        assert_eq!(world.commands(&CHECK), [open]);
    }

    #[test]
    fn a_loop_is_given_for_one_kind_of_object_alone() {
        let strict = |class: &str, n: usize| {
            format!("{class} proxyaddresses=SMTP:{class}{n:02}@contoso.com homemdb=DB1 msexchrequireauthtosendto=TRUE")
        };
        let mut world = World::healthy();
        let mut all: Vec<_> = (0..25).map(|n| strict("user", n)).collect();
        world.noteworthy(&all.iter().map(String::as_str).collect::<Vec<_>>());
        let commands = world.commands(&CHECK);
        assert!(commands.last().unwrap().contains("Set-Mailbox -Identity $a"), "{commands:?}");
        all.push(strict("group", 0));
        world.noteworthy(&all.iter().map(String::as_str).collect::<Vec<_>>());
        let commands = world.commands(&CHECK);
        assert!(commands.last().unwrap().starts_with("# and 6 more in the same way"), "{commands:?}");
    }
}
