//! NSD211: one system refuses the other one's people as senders.
use crate::evidence::smtp::Who;
use crate::model::systems::is_at;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD211",
    name: "system-refuses-sister-senders",
    title: "a system refuses senders of the shared domain who live at the other one",
    severity: Severity::Warning,
    why: "A server that holds the domain for its own alone takes a sender of it whom it does not know for forged (Postfix: \
          smtpd_reject_unlisted_sender, reject_sender_login_mismatch; Exchange: 5.7.60, without the right to send as an \
          authoritative domain). With a shared domain that is mail from the colleagues, and they get the bounce.",
    fix: "Except the other system's hosts from the anti-spoofing rule, or tell the server of all the domain's addresses.",
    sources: &[
        "https://www.postfix.org/postconf.5.html",
        "https://learn.microsoft.com/exchange/mail-flow/connectors/receive-connectors",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    super::unheard(case, notes);
    for hop in case.model.hops.iter().filter(|hop| hop.hop.role != Role::Gateway && hop.heard_from()) {
        let what = format!("whether {} takes senders of the domain who live elsewhere", hop.name());
        let Some((at, session)) = hop.sisters.last() else {
            let system = case.question.systems.iter().find(|system| Some(&system.name) == hop.hop.system.as_ref());
            let named = |host: &String| is_at(host, hop.hop, case.question.smtp_port);
            let supply = match system.is_some_and(|system| system.smtp.iter().any(named)) {
                true => "a list of the other system's mailboxes, and somebody whom this hop accepts",
                false => "--exchange HOST or --other HOST, which names it as a system's own",
            };
            notes.gap(Gap::not_asked(what, supply));
            continue;
        };
        let sister = session.sister.as_deref().unwrap_or_default();
        let mut replies = session.transcript.iter().enumerate().filter(|(_, turn)| turn.who == Who::Server);
        let refusal = replies.find(|(_, turn)| {
            matches!(turn.stage, Stage::Mail | Stage::Rcpt) && turn.code.is_some_and(|code| code >= 400)
        });
        let Some((turn, refused)) = refusal else {
            let taken = session.rcpt_replies().any(|(_, _, code, _)| code < 300) && session.unasked_reply().is_none();
            if !taken {
                let why = session.broke_off.as_ref().map_or("it gave no answer that counts", |miss| &miss.said);
                notes.gap(Gap { why: why.into(), ..Gap::not_asked(what, "a run at another time") });
            }
            continue;
        };
        let (code, text) = (refused.code.unwrap_or_default(), refused.text());
        let meaning = hop.meaning(refused.stage, code, &text);
        let quote = format!("{code} {text}");
        // Whom our own sender reached is refused as unknown now: that says more of the host than of the sender.
        let lower = text.to_lowercase();
        let of_recipient = meaning == Meaning::UnknownRecipient && !lower.contains("sender");
        if code < 500 || of_recipient || matches!(meaning, Meaning::RateLimited | Meaning::Greylisted) {
            notes.gap(Gap { why: quote, ..Gap::not_asked(what, "a run at another time") });
            continue;
        }
        let connector = case.model.connector_to(hop);
        // A host that trusts the sister by its address says so to nobody else. That it looks the sender up, it told.
        let looked_up = meaning == Meaning::SenderRejected
            && ["unknown", "not exist", "no such", "not found", "invalid", "unlisted"]
                .iter()
                .any(|it| lower.contains(it));
        let said = format!(
            "{} refuses {sister}, who lives at the other system, as a sender, and takes another sender to the same \
             recipient: {quote}",
            hop.name()
        );
        let finding = notes.finding(said);
        finding.about(SubjectKind::Host, hop.id()).seen(format!("/evidence/smtp/{at}/transcript/{turn}"));
        finding.certainty(if looked_up { Certainty::Proven } else { Certainty::Likely });
        if !looked_up {
            finding.detail += "; it may trust the other system's own hosts, from which nsdiag did not ask";
        }
        finding.mend(Remedy::steps(
            hop.hop.role.word(),
            "Let the colleagues send",
            vec![
                format!("On {}, except the other system's hosts from the rule against forged senders", hop.hop.host),
                "Or have it know every address of the domain as a valid sender".into(),
            ],
        ));
        if let Some((pointer, connector)) = connector {
            finding.severity(Severity::Critical).seen(pointer);
            finding.about(SubjectKind::SendConnector, &connector.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{GATEWAY, OTHER, World, turn};

    /// The world in which helpdesk wrote to orders at the other system, which answered so.
    fn asked(stage: Stage, reply: &str) -> World {
        let mut world = World::healthy();
        world.question.systems[1].smtp = vec!["smarthost.contoso.com".into()];
        world.session(OTHER, &[]);
        let session = world.last(OTHER);
        session.sister = Some("helpdesk@contoso.com".into());
        if stage == Stage::Mail {
            session.transcript.retain(|turn| turn.stage != Stage::Mail);
        }
        session.transcript.push(turn(stage, reply, (stage == Stage::Rcpt).then_some("orders@contoso.com")));
        world
    }

    /// What the check says of the other system's host.
    fn told(world: &World) -> Vec<String> {
        let mut lines = world.lines(&CHECK);
        lines.retain(|line| !line.contains("exch01"));
        lines
    }

    #[test]
    fn a_sender_whom_the_other_system_does_not_know_is_refused() {
        let unknown =
            "550 5.1.0 <helpdesk@contoso.com>: Sender address rejected: User unknown in virtual mailbox table";
        let found = |how: &str, quote: &str| {
            format!(
                "critical {how}: smarthost.contoso.com (10.0.0.44) refuses helpdesk@contoso.com, who lives at the other \
                 system, as a sender, and takes another sender to the same recipient: {quote}"
            )
        };
        for stage in [Stage::Mail, Stage::Rcpt] {
            let mut world = asked(stage, unknown);
            assert_eq!(told(&world), [format!("{} [{OTHER}, To Zimbra]", found("proven", unknown))]);
            world.connector(|connector| connector.smart_hosts = vec!["mx9.contoso.com".into()]);
            let warning = found("proven", unknown).replace("critical", "warning");
            assert_eq!(told(&world), [format!("{warning} [{OTHER}]")], "no connector leads there");
        }
        let forged = "550 5.7.1 Sender rejected: you may not send as this domain from there";
        let trusts = "; it may trust the other system's own hosts, from which nsdiag did not ask";
        let line = format!("{}{trusts} [{OTHER}, To Zimbra]", found("likely", forged));
        assert_eq!(told(&asked(Stage::Mail, forged)), [line]);
    }

    #[test]
    fn whatever_else_is_said_accuses_nobody() {
        let what =
            "not asked: whether smarthost.contoso.com (10.0.0.44) takes senders of the domain who live elsewhere";
        for (stage, reply, expected) in [
            (Stage::Rcpt, "250 2.1.5 Ok", None),
            (Stage::Rcpt, "451 4.7.1 Greylisting in action, please come back later", Some(what)),
            (Stage::Rcpt, "550 5.1.1 User unknown in virtual mailbox table", Some(what)),
            (Stage::Mail, "250 2.1.0 Ok", Some(what)),
        ] {
            let lines = told(&asked(stage, reply));
            assert_eq!(lines, expected.into_iter().collect::<Vec<_>>(), "{reply}");
        }
        assert_eq!(World::healthy().lines(&CHECK).len(), 2, "nobody asked: {:?}", World::healthy().lines(&CHECK));
        let mut world = asked(Stage::Rcpt, "550 5.1.0 Sender address rejected: User unknown");
        world.silent(GATEWAY, How::TimedOut, "no connection within 10 s");
        assert_eq!(told(&world).len(), 2, "the gateway was not heard: {:?}", told(&world));
        let healthy = World::healthy();
        let outcome = |world: &World| {
            let case = Case::new(&world.question, &world.evidence);
            let hop = case.model.hops.iter().find(|hop| hop.id() == OTHER).unwrap();
            hop.outcome("orders@contoso.com")
        };
        assert_eq!(outcome(&world), outcome(&healthy), "it is no word on the recipient");
    }
}
