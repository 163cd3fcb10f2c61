//! NSD416: recipients that refuse senders who did not log in (F-44).
use super::{objects, tell_objects};
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
    sources: &[
        "https://learn.microsoft.com/exchange/mail-flow/mail-routing/recipient-resolution",
        "https://learn.microsoft.com/exchange/mail-flow-best-practices/non-delivery-reports-in-exchange-online/non-delivery-reports-in-exchange-online",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    let strict = |object: &&Object| object.entry.boolean("msExchRequireAuthToSendTo") == Some(true);
    let all: Vec<_> = objects(case, notes).filter(strict).collect();
    if all.is_empty() {
        return;
    }
    let each: Vec<_> = all.iter().map(|object| format!("{} ({})", object.name(), object.kind().word())).collect();
    let set = |object: &Object, on| object.cmdlet("Set").bool("RequireSenderAuthenticationEnabled", on);
    let pairs = all.iter().map(|object| (set(object, false), set(object, true)));
    let detail = format!("mail from senders who did not log in bounces for {}", listed(&each, 5));
    tell_objects(notes, &all, detail).mend(Remedy::each("Let everybody write to them, if that is meant", pairs));
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
    fn each_of_many_is_opened_by_the_cmdlet_for_its_kind() {
        let strict = |class: &str, n: usize| {
            format!("{class} proxyaddresses=SMTP:{class}{n:02}@contoso.com homemdb=DB1 msexchrequireauthtosendto=TRUE")
        };
        let mut world = World::healthy();
        let all: Vec<_> = (0..25).map(|n| strict("user", n)).chain([strict("group", 0)]).collect();
        world.noteworthy(&all.iter().map(String::as_str).collect::<Vec<_>>());
        let commands = world.commands(&CHECK);
        let of = |cmdlet: &str| commands.iter().filter(|command| command.starts_with(cmdlet)).count();
        assert_eq!((of("Set-Mailbox "), of("Set-DistributionGroup ")), (25, 1), "{commands:?}");
    }
}
