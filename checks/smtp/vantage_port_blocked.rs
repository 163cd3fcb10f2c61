//! NSD901: no outbound port 25 from here.
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD901",
    name: "vantage-port-blocked",
    title: "this host seems to have no way out on port 25",
    severity: Severity::Info,
    why: "Many networks let no client connect to port 25. Every hop then looks dead from here, whether it is or not.",
    fix: "Run nsdiag on a host that may send mail: the gateway, Exchange, or a server beside them.",
    sources: &[
        "https://learn.microsoft.com/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    if !case.model.port_blocked() {
        return;
    }
    let mut hosts: Vec<&str> = case.model.hops_at_25().map(|hop| &*hop.hop.host).collect();
    hosts.dedup();
    let finding = notes.finding(format!(
        "No connection to port 25 came about from here, to none of {}: nothing is said about these hosts",
        listed(&hosts, 5)
    ));
    finding.certainty(Certainty::Likely);
    for hop in case.model.hops_at_25() {
        finding.about(SubjectKind::Host, hop.id());
        finding.seen_all(hop.broke_off().map(|(session, _)| format!("/evidence/smtp/{session}")));
    }
    finding.mend(Remedy::steps(
        "here",
        "Probe from elsewhere",
        vec!["Run nsdiag on the gateway or on Exchange".into()],
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{EXCHANGE, GATEWAY, OTHER, World};

    #[test]
    fn it_takes_silence_of_all_hosts_and_of_more_than_one() {
        let mut world = World::healthy();
        world.silent(GATEWAY, How::TimedOut, "no connection within 10 s");
        world.silent(EXCHANGE, How::TimedOut, "no connection within 10 s");
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.silent(OTHER, How::TimedOut, "no connection within 10 s");
        let lines = world.lines(&CHECK);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].starts_with("info likely: No connection to port 25 came about from here, to none of mx1"));
        world.hop("other/submit.contoso.com/10.0.0.45:587");
        world.session("other/submit.contoso.com/10.0.0.45:587", &[]);
        assert_eq!(world.lines(&CHECK), lines, "another port is another matter");
        world.silent(OTHER, How::Refused, "connection refused");
        assert_eq!(world.lines(&CHECK), [""; 0], "a refusal is an answer");
        let mut world = World::healthy();
        world.evidence.hops.retain(|hop| hop.id == GATEWAY);
        world.silent(GATEWAY, How::TimedOut, "no connection within 10 s");
        assert_eq!(world.lines(&CHECK), [""; 0], "one host that is silent may be down");
    }
}
