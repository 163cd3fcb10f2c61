//! NSD410: forwarding that comes back to where it began (F-31).
use super::objects;
use crate::model::forwarding::{Forwarding, Link, Via};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD410",
    name: "forwarding-loop",
    title: "mail is forwarded in a circle",
    severity: Severity::Critical,
    why: "Exchange follows forwarding recipients, forwarding addresses and the targets of contacts one after the other. Where \
          they lead back to where they began it gives up: 5.4.6, RESOLVER.FWD.Loop.",
    fix: "Break the circle at one of its members.",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    let shared = objects(case, notes).count();
    let forwarding = Forwarding::new(case.model.objects());
    let all = case.model.objects();
    for circle in forwarding.circles().iter().filter(|_| shared > 0) {
        let domain = &case.question.domain;
        if !circle.iter().any(|link| all[link.from].is_in(domain)) {
            continue;
        }
        // What an address resolves to is our reading of the directory; a forwarding recipient is named outright.
        let sure = circle.iter().all(|link| link.via == Via::AltRecipient);
        let finding = notes.finding(format!("{}: a circle", forwarding.words(circle)));
        finding.certainty(if sure { Certainty::Proven } else { Certainty::Likely });
        for link in circle {
            finding.about(SubjectKind::Recipient, all[link.from].name());
        }
        finding.seen_all(circle.iter().map(|link| &all[link.from].pointer));
        for link in circle.iter().take(4) {
            finding.mend(cut(&all[link.from], link));
        }
    }
}

/// What ends the circle at one member.
fn cut(object: &crate::model::Object, link: &Link) -> Remedy {
    let (name, dn) = (object.name(), object.identity());
    let value = object.entry.value(link.via.attribute()).unwrap_or_default();
    let parameter = match link.via {
        Via::AltRecipient => "ForwardingAddress",
        Via::ForwardingAddress => "ForwardingSmtpAddress",
        Via::TargetAddress => {
            let disable = format!("Disable-{} -Identity {dn} -Confirm:$false", object.noun());
            let enable = format!("Enable-{} -Identity {dn} -ExternalEmailAddress {}", object.noun(), quoted(value));
            return match object.kind() {
                State::Contact | State::MailUser => Remedy::exchange(
                    format!("Take {name} out of mail, if its mailbox is elsewhere in the circle"),
                    vec![disable],
                    vec![enable],
                ),
                _ => Remedy::exchange(
                    format!("Clear the target of {name}"),
                    vec![format!("Set-ADObject -Identity {dn} -Clear targetAddress")],
                    vec![format!("Set-ADObject -Identity {dn} -Add @{{targetAddress={}}}", quoted(value))],
                ),
            };
        }
    };
    let set = |to: &str| format!("Set-{} -Identity {dn} -{parameter} {to}", object.noun());
    Remedy::exchange(format!("End the forwarding of {name}"), vec![set("$null")], vec![set(&quoted(value))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::World;

    #[test]
    fn a_circle_is_found_and_a_chain_is_not() {
        let anna = "user dn=CN=Anna proxyaddresses=SMTP:anna@contoso.com homemdb=DB1";
        let ben = "user dn=CN=Ben proxyaddresses=SMTP:ben@contoso.com homemdb=DB1";
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.noteworthy(&[&format!("{anna} altrecipient=CN=Ben"), ben]);
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.noteworthy(&[&format!("{anna} altrecipient=CN=Ben"), &format!("{ben} altrecipient=CN=Anna")]);
        let found = "critical proven: mail for anna@contoso.com goes on to ben@contoso.com (altRecipient), which goes on to \
                     anna@contoso.com (altRecipient): a circle [anna@contoso.com, ben@contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
        let commands = world.commands(&CHECK);
        assert_eq!(commands[0], "Set-Mailbox -Identity 'CN=Anna' -ForwardingAddress $null");
        let back = format!("{ben} msexchgenericforwardingaddress=smtp:anna@contoso.com");
        world.noteworthy(&[&format!("{anna} altrecipient=CN=Ben"), &back]);
        assert!(world.lines(&CHECK)[0].starts_with("critical likely: "));
        assert_eq!(world.commands(&CHECK)[1], "Set-Mailbox -Identity 'CN=Ben' -ForwardingSmtpAddress $null");
    }
}
