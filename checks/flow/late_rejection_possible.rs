//! NSD503: a hop that is known to refuse recipients after RCPT.
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD503",
    name: "late-rejection-possible",
    title: "a mail host may refuse recipients after it accepted them",
    severity: Severity::Info,
    why: "Some products accept every recipient at RCPT and refuse the message later, or bounce it. nsdiag stops before DATA, \
          so at such a host an acceptance says nothing. This is known of the product, and was not seen here; a host that \
          refuses a random recipient at RCPT decides there.",
    fix: "Follow a real message to the recipient: in the product's message tracking, or by its bounce \
                (`nsdiag bounce`).",
    sources: &["RFC 5321, 6.1", "https://cp.hornetsecurity.com/manual/en/partner/recipient_verification/c_about.html"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for hop in case.model.hops.iter().filter(|hop| !hop.heard_from() && !hop.spared) {
        notes.gap(hop.unheard());
    }
    // At an Exchange mailbox server it is the rule (NSD205).
    for hop in case.model.hops.iter().filter(|hop| hop.hop.role != Role::Exchange) {
        let Some((known, late)) = hop.advice().and_then(|known| Some((known, known.late?))) else { continue };
        if hop.validates() == Some(true) || !hop.heard_from() {
            continue;
        }
        let product = known.product;
        let finding = notes.finding(format!("{} seems to be {product}: {late}", hop.name()));
        let sure = hop.fingerprints.iter().filter(|guess| guess.product == product);
        finding
            .about(SubjectKind::Host, hop.id())
            .seen_all(sure.map(|guess| guess.evidence.clone()))
            .certainty(Certainty::Likely)
            .mend(Remedy::steps(
                "here",
                "See what becomes of a real message",
                vec![format!(
                    "Send one to the recipient, and follow it in the message tracking of {product} or by its bounce"
                )],
            ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{GATEWAY, RANDOM, SECOND, World, turn};

    fn proofpoint() -> World {
        let mut world = World::healthy();
        world.last(GATEWAY).transcript[0] = turn(Stage::Greeting, "220 mx0b-1.pphosted.com ESMTP mfa-m1", None);
        world
    }

    #[test]
    fn it_is_told_by_product_and_never_of_a_host_that_refuses_at_rcpt() {
        assert_eq!(proofpoint().lines(&CHECK), [""; 0], "it refuses the random recipient");
        let mut world = proofpoint();
        world.rcpt(GATEWAY, RANDOM, "250 2.1.5 Ok");
        world.session(GATEWAY, &[(SECOND, "250 2.1.5 Ok")]);
        let found = "info likely: mx1.contoso.com (192.0.2.25) seems to be Proofpoint: it has been seen to take a recipient at \
                     RCPT and to refuse DATA with 550 5.1.1 User Unknown [gateway/mx1.contoso.com/192.0.2.25:25]";
        assert_eq!(world.lines(&CHECK), [found]);
        let mut postfix = World::healthy();
        postfix.rcpt(GATEWAY, RANDOM, "250 2.1.5 Ok");
        postfix.last(GATEWAY).transcript[0] = turn(Stage::Greeting, "220 mx1 ESMTP Postfix", None);
        assert_eq!(postfix.lines(&CHECK), [""; 0], "silence about the product is no guess");
    }
}
