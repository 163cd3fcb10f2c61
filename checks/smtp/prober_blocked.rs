//! NSD210: a hop judges us, and so says nothing about recipients.
use crate::model::Heard;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD210",
    name: "prober-blocked",
    title: "a mail host judges the prober, not the recipients",
    severity: Severity::Info,
    why: "A host that does not trust our address or our sender refuses everybody from here. Nothing that it says then is \
          about a recipient.",
    fix: "Probe from a host that it trusts, or with a --mail-from and --ehlo that it accepts.",
    sources: &["RFC 5321, 7.9"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    super::unheard(case, notes);
    for hop in &case.model.hops {
        let domain = |address: &str| address.rsplit_once('@').map(|(_, domain)| domain.to_lowercase());
        let forged = domain(&case.question.mail_from).is_some_and(|domain| domain == case.question.domain);
        let early = [Stage::Greeting, Stage::Ehlo, Stage::Mail].into_iter().find_map(|stage| {
            let (pointer, turn) = hop.said_at(stage)?;
            let (code, text) = (turn.code?, turn.text());
            let meaning = hop.meaning(stage, code, &text);
            // Whatever the words, a refusal of MAIL is about the sender.
            let about_us = judges_us(meaning) || stage == Stage::Mail && code >= 500;
            (code >= 400 && about_us).then(|| (pointer, "before any recipient was named", format!("{code} {text}")))
        });
        let control = || {
            // Words that no row knows, said to everybody alike, are about whoever asks.
            let alike = hop.replies().all(|heard| heard.meaning == Meaning::Ambiguous && heard.code >= 500);
            let about_us = |heard: &&Heard| heard.outcome() != Outcome::Accepted && (judges_us(heard.meaning) || alike);
            let refused = hop.controls().find(about_us)?;
            let all = hop.controls().all(|heard| heard.outcome() != Outcome::Accepted);
            all.then(|| (refused.pointer(), "whatever the recipient, a known-good included", refused.quote()))
        };
        let Some((pointer, how, quote)) = early.or_else(control) else { continue };
        if let Some(sender) = foreign_sender(case, hop, &quote) {
            let detail = format!(
                "{} refuses everybody, because a host that it asks refuses its own sender {sender}, which is not ours: {quote}",
                hop.name()
            );
            let steps =
                vec![format!("See at the next host behind {} why it refuses {sender} as a sender", hop.hop.host)];
            let finding = notes.finding(detail).about(SubjectKind::Host, hop.id()).seen(pointer);
            finding.certainty(Certainty::Likely).mend(Remedy::steps(
                "gateway",
                "Let its question about recipients pass",
                steps,
            ));
            continue;
        }
        // A gateway that knows its own domains refuses them as senders from elsewhere: that guards, and is no fault.
        if let Some(refused) =
            hop.refused_sender().filter(|refused| forged && refused.meaning == Meaning::SenderRejected)
        {
            let sender = &case.question.mail_from;
            let detail = format!(
                "{} does not take {sender} as the sender from here, because it guards the shared domain against forgery: {}",
                hop.name(),
                refused.quote()
            );
            notes.finding(detail).about(SubjectKind::Host, hop.id()).seen(refused.pointer).mend(Remedy::steps(
                "here",
                "Name a sender outside the shared domain",
                vec!["--mail-from ADDR, of a domain whose SPF lets this host send".into()],
            ));
            continue;
        }
        notes
            .finding(format!("{} refuses us {how}: {quote}", hop.name()))
            .about(SubjectKind::Host, hop.id())
            .seen(pointer)
            .mend(Remedy::steps(
                "here",
                "Be one whom it trusts",
                vec![
                    "Run nsdiag on a host from which it takes mail".into(),
                    "Or give a sender and a name that it takes: --mail-from ADDR --ehlo NAME".into(),
                ],
            ));
    }
}

/// The sender that a reply quotes, where it is neither ours nor a recipient that was asked for: the host's own, in a callout.
fn foreign_sender(case: &Case, hop: &HopView, quote: &str) -> Option<String> {
    let lower = quote.to_lowercase();
    let ends = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | '(' | ')' | ',' | ';' | '=');
    let words = lower.split(ends).map(|word| word.trim_matches([':', '.', '[', ']'])).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    let ours = case.question.mail_from.to_lowercase();
    let asked = |word: &str| word == ours || hop.replies().any(|heard| heard.recipient == word);
    let address = |word: &str| word.contains('@') && crate::evidence::address::fold(word).is_ok();
    if words.iter().any(|word| **word == *ours) {
        return None;
    }
    // What stands behind "sender", or behind MAIL FROM, and nothing else that a reply quotes.
    let named = words.windows(2).filter(|pair| matches!(pair[0], "sender" | "from" | "mail from" | "mailfrom"));
    let named = named.map(|pair| pair[1]).find(|word| address(word) && !asked(word));
    named.map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{GATEWAY, World, turn};

    #[test]
    fn only_a_judgement_on_us_counts() {
        let banned = "550 5.7.606 Access denied, banned sending IP [192.0.2.1]";
        let found = |quote: &str| {
            format!(
                "info proven: mx1.contoso.com (192.0.2.25) refuses us whatever the recipient, a known-good included: \
                 {quote} [gateway/mx1.contoso.com/192.0.2.25:25]"
            )
        };
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.answers_all(GATEWAY, banned);
        assert_eq!(world.lines(&CHECK), [found(banned)]);
        world.rcpt(GATEWAY, "helpdesk@contoso.com", "250 Ok");
        assert_eq!(world.lines(&CHECK), [""; 0], "the known-good was accepted");
        world.answers_all(GATEWAY, "550 5.1.1 User unknown in relay recipient table");
        assert_eq!(world.lines(&CHECK), [""; 0], "that is about recipients");
        let odd = "550 5.1.1 Recipient address rejected: none";
        world.answers_all(GATEWAY, odd);
        assert_eq!(world.lines(&CHECK), [found(odd)], "the same to everybody, in words that no row knows");
        let soft = "450 4.7.1 Client host rejected: cannot find your hostname, [192.0.2.1]";
        world.answers_all(GATEWAY, soft);
        assert_eq!(world.lines(&CHECK), [found(soft)], "a later try changes nothing");
        let refused = "553 5.1.8 Sender address rejected";
        world.last(GATEWAY).transcript = vec![turn(Stage::Mail, refused, None)];
        let early = |quote| {
            found(quote).replace("whatever the recipient, a known-good included", "before any recipient was named")
        };
        assert_eq!(world.lines(&CHECK), [early(refused)]);
        world.question.mail_from = "orders@contoso.com".into();
        let guards = format!(
            "info proven: mx1.contoso.com (192.0.2.25) does not take orders@contoso.com as the sender from here, because it \
             guards the shared domain against forgery: {refused} [gateway/mx1.contoso.com/192.0.2.25:25]"
        );
        assert_eq!(world.lines(&CHECK), [guards]);
        world.last(GATEWAY).transcript = vec![turn(Stage::Mail, banned, None)];
        assert_eq!(world.lines(&CHECK), [early(banned)], "that is about our address");
    }

    #[test]
    fn a_sender_that_is_not_ours_is_the_gateways_own_in_a_callout() {
        let mut world = World::healthy();
        world.question.mail_from = "nsdiag@probe.example".into();
        let callout = "550 5.1.8 callout failed: sender <verify@gw.contoso.net> rejected";
        world.answers_all(GATEWAY, callout);
        let lines = world.lines(&CHECK);
        let found = format!(
            "info likely: mx1.contoso.com (192.0.2.25) refuses everybody, because a host that it asks refuses its own sender \
             verify@gw.contoso.net, which is not ours: {callout} [{GATEWAY}]"
        );
        assert_eq!(lines, [found]);
        for ours in [
            "550 5.1.8 <nsdiag@probe.example>: Sender address rejected: Domain not found",
            "550 5.1.8 Sender address rejected: Domain not found",
            "550 5.7.1 sender verify failed; see postmaster@help.example or ask nsdiag@probe.example",
            "553 5.1.8 Sender address rejected; contact postmaster@fabrikam.example",
            "550 5.7.1 Access denied; mail postmaster@fabrikam.example for help",
        ] {
            world.answers_all(GATEWAY, ours);
            let lines = world.lines(&CHECK);
            assert!(lines.iter().all(|line| !line.contains("refuses its own sender")), "{lines:?}");
        }
    }
}
