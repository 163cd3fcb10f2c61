//! Gateways that answer differently about one recipient.
use super::diagnosis::Word;
use super::refusals::{Refusal, refusal};
use super::{Fault, FaultKind, Heard, Model, Outcome, Recipient};
use crate::prelude::*;

/// How the gateways are divided over one recipient that some of them refuse as unknown.
struct Division {
    /// Those that refuse it.
    refusing: Vec<String>,
    /// Those that accept it, and refuse recipients that do not exist.
    accepting: Vec<String>,
    /// Those that accept it as they accept everybody.
    open: Vec<String>,
    /// The first refusal.
    reply: String,
    /// What keeps every refusal from proving anything, where something does.
    weak: Option<String>,
    /// JSON Pointers to all of it.
    evidence: Vec<String>,
}

impl Model<'_> {
    /// Where another gateway, which looks recipients up, accepts what one refuses, that they disagree is the fault, and
    /// no longer that the one refuses it. Where the other one accepts everybody, its word weighs nothing against the
    /// refusal: the fault stays, and the open host is told beside it.
    pub(super) fn between_gateways(&self, recipient: &Recipient, word: &Word, faults: &mut Vec<Fault>) {
        let Some(mut division) = self.division(recipient) else { return };
        let refused =
            |fault: &Fault| matches!(fault.kind, FaultKind::GatewayRejectsOther | FaultKind::GatewayRejectsExchange);
        if division.accepting.is_empty() {
            if faults.iter().any(refused) {
                faults.push(Fault {
                    kind: FaultKind::OpenMxHost,
                    certainty: Certainty::Likely,
                    lacking: Some("who accepts everybody need not know this one".into()),
                    hops: division.refusing,
                    accepting: division.open,
                    reply: Some(division.reply),
                    evidence: division.evidence,
                });
            }
            return;
        }
        faults.retain(|fault| !refused(fault));
        let witness = match (recipient.listed(), word) {
            (_, Word::Confirms(seen)) => seen.clone(),
            (Some(list), Word::Silent(_)) => vec![list.pointer.clone()],
            _ if recipient.resolves() => recipient.directories.iter().map(|held| held.pointer.clone()).collect(),
            _ => Vec::new(),
        };
        let lacking = division.weak.or(witness
            .is_empty()
            .then(|| "nothing but the host that accepts it says that the mailbox exists".to_string()));
        division.evidence.extend(witness);
        faults.push(Fault {
            kind: FaultKind::MxHostsDisagree,
            certainty: if lacking.is_some() { Certainty::Likely } else { Certainty::Proven },
            hops: division.refusing,
            accepting: division.accepting,
            lacking,
            reply: Some(division.reply),
            evidence: division.evidence,
        });
    }

    /// How the gateways are divided over `recipient`; none where they are not. Every host and address is judged alone,
    /// beside its own controls; who defers, or cannot be believed, takes no side.
    fn division(&self, recipient: &Recipient) -> Option<Division> {
        let mut division: Option<Division> = None;
        for hop in self.hops_of(Role::Gateway) {
            let Some(Refusal::Believed { heard, evidence, weak }) = refusal(hop, recipient.address, &mut Vec::new())
            else {
                continue;
            };
            let all = division.get_or_insert_with(|| Division {
                refusing: Vec::new(),
                accepting: Vec::new(),
                open: Vec::new(),
                reply: heard.quote(),
                weak: weak.clone(),
                evidence: Vec::new(),
            });
            all.refusing.push(hop.name());
            all.evidence.extend(evidence);
            // One refusal that proves it is enough.
            all.weak = all.weak.take().and(weak);
        }
        let mut division = division?;
        for hop in self.hops_of(Role::Gateway).filter(|hop| hop.outcome(recipient.address) == Outcome::Accepted) {
            match hop.validates() {
                Some(true) => division.accepting.push(hop.name()),
                Some(false) => division.open.push(hop.name()),
                None => continue,
            }
            let randoms = hop.accepted_randoms().chain(hop.refused_randoms());
            division.evidence.extend(hop.word_on(recipient.address).into_iter().chain(randoms).map(Heard::pointer));
        }
        (!division.accepting.is_empty() || !division.open.is_empty()).then_some(division)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::diagnosis::Fate;
    use crate::stories::{BACKUP, GATEWAY, OTHER, RANDOM, World};

    const UNKNOWN: &str = "550 5.1.1 User unknown in relay recipient table";
    const BOTH: [&str; 2] = ["orders@contoso.com", "sales@contoso.com"];

    /// The fate of orders, and everything that is wrong.
    fn fate(world: &World) -> (Fate, Vec<(FaultKind, Certainty)>) {
        let case = Case::new(&world.question, &world.evidence);
        let orders = case.model.recipients.iter().find(|one| one.address == BOTH[0]).unwrap();
        let diagnosis = case.model.diagnose(orders);
        (diagnosis.fate, diagnosis.faults.iter().map(|fault| (fault.kind, fault.certainty)).collect())
    }

    #[test]
    fn where_some_refuse_and_some_know_better_that_they_disagree_is_the_fault() {
        let disagree = (Fate::MxHostsDisagree, vec![(FaultKind::MxHostsDisagree, Certainty::Proven)]);
        assert_eq!(fate(&World::two_gateways()), disagree);
        let mut world = World::two_gateways();
        world.directory(BOTH[0], "contact targetAddress=SMTP:orders@zimbra.contoso.com");
        assert_eq!(fate(&world), disagree, "in the directory too");
    }

    #[test]
    fn who_defers_or_judges_us_or_refuses_as_well_takes_no_side() {
        let refuses = (Fate::GatewayRejectsOtherMailbox, vec![(FaultKind::GatewayRejectsOther, Certainty::Proven)]);
        type Change = fn(&mut World);
        let cases: [Change; 6] = [
            |world| BOTH.into_iter().for_each(|address| world.rcpt(BACKUP, address, UNKNOWN)),
            |world| world.answers_all(BACKUP, "450 4.2.0 Greylisted"),
            |world| world.answers_all(BACKUP, "550 5.7.606 Access denied, banned sending IP [192.0.2.1]"),
            |world| world.answers_all(BACKUP, "421 4.7.0 too many errors"),
            |world| world.rcpt(BACKUP, RANDOM, "450 4.2.0 Greylisted"),
            |world| world.silent(BACKUP, How::TimedOut, "no answer"),
        ];
        for (nth, change) in cases.iter().enumerate() {
            let mut world = World::two_gateways();
            change(&mut world);
            assert_eq!(fate(&world), refuses, "case {nth}");
        }
        let mut world = World::two_gateways();
        world.rcpt(GATEWAY, "helpdesk@contoso.com", UNKNOWN);
        assert_eq!(fate(&world), (Fate::Inconclusive, vec![]), "a refusal without a control beside it");
    }

    #[test]
    fn one_that_accepts_everybody_clears_nobody_and_is_told_beside_the_fault() {
        let mut world = World::two_gateways();
        world.accepts_everybody(BACKUP);
        let both =
            vec![(FaultKind::GatewayRejectsOther, Certainty::Proven), (FaultKind::OpenMxHost, Certainty::Likely)];
        assert_eq!(fate(&world), (Fate::GatewayRejectsOtherMailbox, both));
    }

    #[test]
    fn whether_the_mailbox_exists_must_be_vouched_for_by_another() {
        let mut world = World::two_gateways();
        world.rcpt(OTHER, BOTH[0], UNKNOWN);
        let unsure =
            vec![(FaultKind::MxHostsDisagree, Certainty::Likely), (FaultKind::OtherRejectsOwn, Certainty::Proven)];
        assert_eq!(fate(&world), (Fate::MxHostsDisagree, unsure));
    }
}
