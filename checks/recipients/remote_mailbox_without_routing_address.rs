//! NSD418: a remote mailbox without an address that leads to Exchange Online (F-43).
use super::{objects, readable, tell_objects};
use crate::evidence::address;
use crate::model::Object;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD418",
    name: "remote-mailbox-without-routing-address",
    title: "remote mailboxes without a usable remote routing address",
    severity: Severity::Warning,
    why: "Exchange hands the mail of a remote mailbox to Exchange Online by its targetAddress, in \
          <tenant>.mail.onmicrosoft.com. Without one it bounces (5.1.1, 5.2.0); with one in the shared domain it goes round.",
    fix: "Set the remote routing address to the address that the mailbox has in <tenant>.mail.onmicrosoft.com.",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    let domain = &case.question.domain;
    let wrong = |object: &Object| match object.target() {
        _ if object.kind() != State::RemoteMailbox => None,
        None => object.sees("targetaddress").then(|| "none".to_string()),
        Some(Err(wrong)) => Some(wrong),
        // Another domain may well be one of the tenant's; the shared one cannot tell the two sides apart.
        Some(Ok(target)) => (address::domain(&target) == domain).then_some(target),
    };
    let all: Vec<_> = objects(case, notes).filter_map(|object| Some((object, wrong(object)?))).collect();
    if all.is_empty() {
        return;
    }
    let tenant = case.model.objects().iter().filter_map(|object| object.target()?.ok());
    let tenant = tenant.map(|target| address::domain(&target).to_string());
    let tenant = tenant.filter(|domain| domain.ends_with(".mail.onmicrosoft.com")).min();
    let tenant = tenant.unwrap_or_else(|| "<tenant>.mail.onmicrosoft.com".into());
    let each: Vec<_> = all.iter().map(|(object, wrong)| format!("{} ({wrong})", object.name())).collect();
    let set = |(object, _): &(&Object, String)| {
        let name = object.entry.value("mailNickname").map_or_else(|| object.name(), String::from);
        let local = name.split('@').next().unwrap_or_default();
        let routing = quoted(&format!("{local}@{tenant}"));
        format!("Set-RemoteMailbox -Identity {} -RemoteRoutingAddress {routing}", object.identity())
    };
    let undo = |(object, _): &(&Object, String)| match object.entry.value("targetAddress") {
        Some(before) => {
            format!("Set-RemoteMailbox -Identity {} -RemoteRoutingAddress {}", object.identity(), quoted(before))
        }
        None => format!("Set-ADObject -Identity {} -Clear targetAddress", object.identity()),
    };
    let commands = readable(all.iter().map(set));
    let undo = readable(all.iter().map(undo));
    let objects: Vec<_> = all.iter().map(|(object, _)| *object).collect();
    tell_objects(
        notes,
        &objects,
        format!("the remote routing address does not lead to Exchange Online: {}", listed(&each, 5)),
    )
    .mend(Remedy::exchange("Set the address that the mailbox has in the tenant", commands, undo));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::World;

    #[test]
    fn a_remote_mailbox_needs_an_address_that_leads_there() {
        let remote = "user dn=CN=Anna proxyaddresses=SMTP:anna@contoso.com msexchrecipienttypedetails=2147483648";
        let good = "user proxyaddresses=SMTP:b@contoso.com msexchrecipienttypedetails=2147483648 \
                    targetaddress=SMTP:b@contoso.mail.onmicrosoft.com";
        let found = "warning proven: the remote routing address does not lead to Exchange Online: anna@contoso.com";
        let mut world = World::healthy();
        world.noteworthy(&[good]);
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.noteworthy(&[good, remote]);
        assert_eq!(world.lines(&CHECK), [format!("{found} (none) [anna@contoso.com]")]);
        let set = "Set-RemoteMailbox -Identity 'CN=Anna' -RemoteRoutingAddress 'anna@contoso.mail.onmicrosoft.com'";
        assert_eq!(world.commands(&CHECK), [set]);
        world.noteworthy(&[&format!("{remote} targetaddress=SMTP:anna@contoso.com")]);
        assert_eq!(world.lines(&CHECK), [format!("{found} (anna@contoso.com) [anna@contoso.com]")]);
        world.noteworthy(&[&format!("{remote} targetaddress=SMTP:anna@cloud.contoso.com")]);
        assert_eq!(world.lines(&CHECK), [""; 0], "that may be a domain of the tenant's");
    }
}
