//! NSD410: forwarding that comes back to where it began (F-31).
use super::{objects, out_of_mail, put_back};
use crate::model::forwarding::{Fate, Forwarding, Link, Via};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD410",
    name: "forwarding-loop",
    title: "mail is forwarded in a circle",
    severity: Severity::Critical,
    why: "Exchange follows forwarding recipients and the targets of contacts one after the other. Where they lead back to \
          where they began, and no mailbox on the way keeps a copy, it gives up: 5.4.6, RESOLVER.FWD.Loop. Forwarding by SMTP \
          address that comes back is not forwarded again, and the message stays in the mailbox.",
    fix: "Break the circle at one of its members.",
    sources: &["https://learn.microsoft.com/exchange/mail-flow/mail-routing/recipient-resolution"],
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
        let named = circle.iter().all(|link| link.via == Via::AltRecipient);
        let (severity, certainty, becomes) = match forwarding.fate(circle) {
            Fate::Lost if named => (Severity::Critical, Certainty::Proven, ""),
            Fate::Lost => (Severity::Critical, Certainty::Likely, ""),
            Fate::Cut => {
                (Severity::Info, Certainty::Likely, "; Exchange forwards nothing twice by address, so it stays there")
            }
            Fate::Kept => (Severity::Info, Certainty::Likely, "; each keeps a copy, so nothing is lost"),
            Fate::Collected => (
                Severity::Warning,
                Certainty::Likely,
                "; who keeps a copy has it, and the sender may get 5.4.6 for the rest",
            ),
            Fate::Open => (Severity::Warning, Certainty::Inconclusive, "; whether mail is lost there is not known"),
        };
        let finding = notes.finding(format!("{}: a circle{becomes}", forwarding.words(circle)));
        finding.severity(severity).certainty(certainty);
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
    let name = object.name();
    let value = object.entry.value(link.via.attribute()).unwrap_or_default();
    let parameter = match link.via {
        Via::AltRecipient => "ForwardingAddress",
        Via::ForwardingAddress => "ForwardingSmtpAddress",
        Via::TargetAddress => {
            return match object.kind() {
                State::Contact | State::MailUser => Remedy::exchange(
                    format!("Take {name} out of mail, if its mailbox is elsewhere in the circle"),
                    vec![out_of_mail(object)],
                    put_back(object, value),
                ),
                _ => Remedy::exchange(
                    format!("Clear the target of {name}"),
                    vec![object.attribute().word("Clear", "targetAddress")],
                    vec![object.attribute().change("Add", "targetAddress", value)],
                ),
            };
        }
    };
    let (end, undo) = (object.cmdlet("Set").null(parameter), object.cmdlet("Set").with(parameter, value));
    Remedy::exchange(format!("End the forwarding of {name}"), vec![end], vec![undo])
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
    }

    #[test]
    fn only_a_circle_of_forwarding_recipients_without_copies_loses_mail() {
        let [alt_a, alt_b] = ["altrecipient=CN=Ben", "altrecipient=CN=Anna"];
        let [smtp_a, smtp_b] =
            ["ben", "anna"].map(|name| format!("msexchgenericforwardingaddress=smtp:{name}@contoso.com"));
        let (copy, none) = ("deliverandredirect=TRUE", "deliverandredirect=FALSE");
        let cases = [
            ("critical proven", alt_a, none, alt_b, none),
            ("info likely", &smtp_a, none, &smtp_b, none),
            ("info likely", &smtp_a, copy, &smtp_b, copy),
            ("info likely", alt_a, copy, alt_b, copy),
            ("warning likely", alt_a, copy, alt_b, none),
            ("warning likely", alt_a, none, &smtp_b, copy),
            ("warning inconclusive", alt_a, none, &smtp_b, none),
        ];
        for (expected, anna, of_anna, ben, of_ben) in cases {
            let mut world = World::healthy();
            world.noteworthy(&[
                &format!("user dn=CN=Anna proxyaddresses=SMTP:anna@contoso.com homemdb=DB1 {anna} {of_anna}"),
                &format!("user dn=CN=Ben proxyaddresses=SMTP:ben@contoso.com homemdb=DB1 {ben} {of_ben}"),
            ]);
            let lines = world.lines(&CHECK);
            assert!(
                lines.len() == 1 && lines[0].starts_with(&format!("{expected}: ")),
                "{anna} {of_anna} {ben}: {lines:?}"
            );
        }
    }

    #[test]
    fn an_export_that_does_not_show_copies_proves_no_loss() {
        let mut world = World::healthy();
        world.noteworthy(&[
            "user dn=CN=Anna proxyaddresses=SMTP:anna@contoso.com homemdb=DB1 altrecipient=CN=Ben",
            "user dn=CN=Ben proxyaddresses=SMTP:ben@contoso.com homemdb=DB1 altrecipient=CN=Anna",
        ]);
        assert!(world.lines(&CHECK)[0].starts_with("critical proven: "), "absent from the directory is FALSE");
        world.evidence.directories[0].origin = crate::evidence::directory::Origin::Export;
        assert!(world.lines(&CHECK)[0].starts_with("warning inconclusive: "));
    }

    #[test]
    fn a_target_counts_before_a_forwarding_recipient_and_ends_the_circle() {
        let mut world = World::healthy();
        world.noteworthy(&[
            "user dn=CN=Anna proxyaddresses=SMTP:anna@contoso.com homemdb=DB1 altrecipient=CN=Ben targetaddress=SMTP:a@x.com",
            "user dn=CN=Ben proxyaddresses=SMTP:ben@contoso.com homemdb=DB1 altrecipient=CN=Anna",
        ]);
        assert_eq!(world.lines(&CHECK), [""; 0]);
    }
}
