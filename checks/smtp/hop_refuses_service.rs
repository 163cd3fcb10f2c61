//! NSD202: a hop answers, and takes no mail from anybody.
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD202",
    name: "hop-refuses-service",
    title: "a mail host refuses the SMTP dialogue",
    severity: Severity::Critical,
    why: "A host that refuses in its greeting or at EHLO takes no mail, from us at least (RFC 5321, 3.1).",
    fix: "See in the host's log why it refuses; a maintenance mode and a full disk are common.",
    sources: &["RFC 5321, 3.1"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    super::unheard(case, notes);
    for hop in &case.model.hops {
        let refused = [Stage::Greeting, Stage::Ehlo].into_iter().find_map(|stage| {
            let (pointer, turn) = hop.said_at(stage)?;
            let code = turn.code.filter(|code| *code >= 400)?;
            Some((stage, pointer, code, turn.text()))
        });
        let Some((stage, pointer, code, text)) = refused else { continue };
        let meaning = hop.meaning(stage, code, &text);
        if code < 500 || judges_us(meaning) {
            // 4xx is NSD206's or NSD207's, a judgement on us is NSD210's.
            continue;
        }
        let at = if stage == Stage::Greeting { "in its greeting" } else { "at EHLO and HELO" };
        notes
            .finding(format!("{} refuses {at}: {code} {text}", hop.name()))
            .about(SubjectKind::Host, hop.id())
            .seen(pointer)
            .mend(Remedy::steps(
                hop.hop.role.word(),
                "Have it take mail again",
                vec![format!("Look for this reply in the log of {}: {code} {text}", hop.hop.host)],
            ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{GATEWAY, World, turn};

    #[test]
    fn a_refusal_of_service_is_told_from_a_refusal_of_us() {
        let cases: [(&str, &[&str]); 3] = [
            (
                "554 No SMTP service here",
                &["critical proven: mx1.contoso.com (192.0.2.25) refuses in its greeting: 554 No SMTP service here \
                   [gateway/mx1.contoso.com/192.0.2.25:25]"],
            ),
            ("421 4.3.2 Service not available", &[]),
            ("554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org", &[]),
        ];
        for (greeting, expected) in cases {
            let mut world = World::healthy();
            world.last(GATEWAY).transcript = vec![turn(Stage::Greeting, greeting, None)];
            assert_eq!(world.lines(&CHECK), expected, "{greeting}");
        }
    }
}
