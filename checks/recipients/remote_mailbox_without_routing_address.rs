//! NSD418: a remote mailbox without an address that leads to Exchange Online (F-43).
use super::{objects, tell_objects};
use crate::evidence::address;
use crate::model::Object;
use crate::model::recipients::typed;
use crate::model::targets::{Onward, onward};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD418",
    name: "remote-mailbox-without-routing-address",
    title: "remote mailboxes without a usable remote routing address",
    severity: Severity::Warning,
    why: "Exchange hands the mail of a remote mailbox to Exchange Online by its targetAddress, in \
          <tenant>.mail.onmicrosoft.com. Without one it bounces (5.1.10 since Exchange 2016, 5.1.1 before; 5.2.0); one in the shared domain leaves by the \
          connector for that domain, to the other system or back, unless that connector leads to the tenant.",
    fix: "Set the remote routing address to the address that the mailbox has in <tenant>.mail.onmicrosoft.com.",
    sources: &["https://learn.microsoft.com/exchange/transport-routing"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    let domain = &case.question.domain;
    // What is wrong, and whether that is sure.
    let wrong = |object: &Object| match object.target() {
        _ if object.kind() != State::RemoteMailbox => None,
        None => object.sees("targetaddress").then(|| ("none".to_string(), true)),
        Some(Err(wrong)) => Some((wrong, true)),
        // Another domain may well be one of the tenant's; the shared one leads there by its connector alone.
        Some(Ok(target)) if address::domain(&target) == domain => match onward(&case.model, object)? {
            _ if leads_to_tenant(case, object.system) => None,
            // Wherever it ends, that is not the tenant.
            Onward::Lost(why, ..) | Onward::Taken(why, _) => Some((format!("{target}: {why}"), true)),
            Onward::Open(why) => Some((format!("{target}: {why}"), false)),
        },
        Some(Ok(_)) => None,
    };
    let all: Vec<_> = objects(case, notes).filter_map(|object| Some((object, wrong(object)?))).collect();
    for certainty in [Certainty::Proven, Certainty::Likely] {
        // That it is a remote mailbox its type says; what else marks one is a sign.
        let sure = |(object, (_, sure)): &(&Object, (String, bool))| {
            *sure && typed(object.entry) == Some(State::RemoteMailbox)
        };
        let some: Vec<_> = all.iter().filter(|one| sure(one) == (certainty == Certainty::Proven)).collect();
        if !some.is_empty() {
            tell(case, notes, &some).certainty(certainty);
        }
    }
}

/// Whether the connector for the shared domain hands it to Exchange Online.
fn leads_to_tenant(case: &Case, system: &str) -> bool {
    let organisation = case.model.organisation_of(system);
    let exit = organisation.and_then(|organisation| organisation.exit(&case.question.domain).ok()?);
    let owner =
        |host: &String, port| case.model.owner(host, port).and_then(|owner| case.model.organisation_of(owner.system));
    exit.is_some_and(|exit| {
        exit.smart_hosts.iter().any(|host| owner(host, exit.port).is_some_and(|owner| owner.is_online()))
    })
}

/// The domain by which the other remote mailboxes of `system` reach the tenant, where they agree.
fn tenant(case: &Case, system: &str) -> Option<String> {
    let targets =
        case.model.objects().iter().filter(|object| object.system == system).filter_map(|one| one.target()?.ok());
    let mut domains: Vec<_> = targets.map(|target| address::domain(&target).to_string()).collect();
    domains.retain(|domain| domain.ends_with(".mail.onmicrosoft.com"));
    domains.sort_unstable();
    domains.dedup();
    if domains.len() == 1 { domains.pop() } else { None }
}

fn tell<'n>(case: &Case, notes: &'n mut Notes, all: &[&(&Object, (String, bool))]) -> &'n mut Finding {
    let each: Vec<_> = all.iter().map(|(object, (wrong, _))| format!("{} ({wrong})", object.name())).collect();
    let remote = |object: &Object| object.cmdlet_of("Set", "RemoteMailbox");
    let set = |(object, _): &&(&Object, (String, bool))| {
        let held = object.addresses().iter().find(|each| each.ends_with(".mail.onmicrosoft.com")).cloned();
        let made = || {
            let name = object.entry.value("mailNickname").map_or_else(|| object.name(), String::from);
            Some(format!("{}@{}", name.split('@').next()?, tenant(case, object.system)?))
        };
        let routing = held.or_else(made);
        remote(object).or_placeholder("RemoteRoutingAddress", routing, "its address at the tenant.mail.onmicrosoft.com")
    };
    let undo = |(object, _): &&(&Object, (String, bool))| match object.entry.value("targetAddress") {
        Some(before) => remote(object).with("RemoteRoutingAddress", before),
        None => object.attribute().word("Clear", "targetAddress"),
    };
    let pairs = all.iter().map(|one| (set(one), undo(one)));
    let objects: Vec<_> = all.iter().map(|(object, _)| *object).collect();
    tell_objects(
        notes,
        &objects,
        format!("the remote routing address does not lead to Exchange Online: {}", listed(&each, 5)),
    )
    .mend(Remedy::each("Set the address that the mailbox has in the tenant", pairs))
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
        let unlisted = "'To Zimbra' hands it to smarthost.contoso.com, and no list names it";
        assert_eq!(world.lines(&CHECK), [format!("{found} (anna@contoso.com: {unlisted}) [anna@contoso.com]")]);
        world.evidence.files.clear();
        assert!(
            world.lines(&CHECK)[0].starts_with("warning likely: "),
            "whether somebody takes it there was not asked"
        );
        world.noteworthy(&[&remote.replace("msexchrecipienttypedetails=2147483648", "msexchremoterecipienttype=4")]);
        assert!(world.lines(&CHECK)[0].starts_with("warning likely: "), "its type is not known");
        world.noteworthy(&[&format!("{remote} targetaddress=SMTP:anna@cloud.contoso.com")]);
        assert_eq!(world.lines(&CHECK), [""; 0], "that may be a domain of the tenant's");
    }

    #[test]
    fn a_connector_to_the_tenant_makes_the_shared_domain_lead_there() {
        let remote = "user proxyaddresses=SMTP:eva@contoso.com msexchrecipienttypedetails=2147483648 \
                      targetaddress=SMTP:eva@contoso.com";
        let mut world = World::hybrid();
        world.noteworthy(&[remote]);
        assert!(world.lines(&CHECK)[0].starts_with("warning "), "no connector serves the domain");
        let mut to_cloud = crate::stories::connector("To cloud", "SMTP:contoso.com;1");
        to_cloud.smart_hosts = vec!["contoso-com.mail.protection.outlook.com".into()];
        world.connectors().push(to_cloud);
        assert_eq!(world.lines(&CHECK), [""; 0]);
    }
}
