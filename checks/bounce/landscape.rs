//! A refusal beside what a run has seen: whether it is false, and what `check` says of the recipient.
use super::{Answer, Beside, Refusal};
use crate::evidence::address;
use crate::evidence::bounce::{Action, Said, Speaker};
use crate::evidence::{Hop, System, SystemKind};
use crate::judge::Severity;
use crate::model::diagnosis::Fate;
use crate::prelude::*;
use crate::report::{DirectoryState, HopAnswer, RecipientResult, Report};

/// The hop that is called so, or has this address; none where several hosts do.
pub(super) fn hop<'h>(hops: &'h [Hop], host: &str) -> Option<&'h Hop> {
    let is = |hop: &&Hop| {
        let address = hop.address.is_some_and(|address| host.trim_matches(['[', ']']).parse() == Ok(address));
        address || hop.host.trim_end_matches('.').eq_ignore_ascii_case(host.trim_end_matches('.'))
    };
    let mut found = hops.iter().filter(is);
    let first = found.next()?;
    // Of several addresses of one host the notice says no more than the name.
    found.all(|other| other.host == first.host && other.role == first.role).then_some(first)
}

/// Which of the two addresses is of the domain under check: the one that was refused, else the one that was written to.
pub fn own_address<'s>(said: &'s Said, domain: &str) -> Option<&'s str> {
    let own = |one: &&str| address::domain(one) == domain;
    said.address.as_deref().filter(own).or_else(|| said.written_to.as_deref().filter(own))
}

/// Writes down what the run says of it.
pub(super) fn complete(refusal: &mut Refusal, said: &Said, beside: Beside) {
    (refusal.false_rejection, refusal.why) = by_itself(refusal, said);
    if !said.action.is_trouble() {
        return;
    }
    let (Some(report), Some(domain)) = (beside.report, beside.domain) else { return };
    let Some(own) = own_address(said, domain) else {
        refusal.why = format!("{}; its address is not in {domain}, and was not asked for", refusal.why);
        return;
    };
    refusal.looked_up = Some(own.into());
    let about =
        |finding: &&Finding| finding.subjects.iter().any(|one| one.kind == SubjectKind::Recipient && one.value == own);
    let of_all = |finding: &&Finding| {
        finding.severity == Severity::Critical && finding.subjects.iter().all(|one| one.kind != SubjectKind::Recipient)
    };
    refusal.findings = report.findings.iter().filter(|one| about(one) || of_all(one)).cloned().collect();
    for remedy in refusal.findings.iter().flat_map(|finding| &finding.remedies) {
        if !refusal.remedies.contains(remedy) {
            refusal.remedies.push(remedy.clone());
        }
    }
    let Some(result) = report.recipients.iter().find(|one| one.address == own) else {
        refusal.why = format!("{}; {own} is not among those whom the report is about", refusal.why);
        return;
    };
    (refusal.diagnosis, refusal.certainty) = (Some(result.diagnosis), Some(result.certainty));
    (refusal.false_rejection, refusal.why) = by_run(refusal, result, report, own, said);
}

/// What the notice by itself says: of a refusal, nothing that decides.
fn by_itself(refusal: &Refusal, said: &Said) -> (Answer, String) {
    use Meaning::*;
    let why = match (said.action, &said.by, refusal.meaning) {
        (Action::Delivered | Action::Relayed | Action::Expanded, ..) => {
            return (Answer::No, format!("nothing was refused: the message was {}", said.action.word()));
        }
        (_, Speaker::NoHost, _) => "nobody refused it: the domain has no host that takes mail",
        (_, Speaker::NoAnswer, _) => "nobody refused it: no host answered in time",
        (Action::Delayed, ..) => "it is put off and still tried; one notice does not tell whether the mailbox exists",
        (.., UnknownRecipient | UnknownRecipientTemporary) => {
            "the host says that there is no such recipient; one reply does not tell whether that is so"
        }
        (.., VerificationFailed) => "the host could not finish its own check of the recipient",
        (.., Disabled | Full) => {
            "the host says that it knows the mailbox; whether it is as it says, one reply does not tell"
        }
        (.., Ambiguous) => "the words do not say why it was refused",
        _ => "the words are not about whether the recipient exists",
    };
    (Answer::Unknown, why.into())
}

/// What the run says of it. A refusal is false only where the words say that there is no such recipient, and the run finds
/// that there is one whom that host, or one that takes mail before it, refuses.
fn by_run(refusal: &Refusal, result: &RecipientResult, report: &Report, own: &str, said: &Said) -> (Answer, String) {
    use Meaning::*;
    let sure = match result.certainty {
        Certainty::Proven => "proven",
        Certainty::Likely => "likely",
        Certainty::Inconclusive => "not certain",
    };
    let about_recipient =
        matches!(refusal.meaning, UnknownRecipient | UnknownRecipientTemporary | VerificationFailed | Ambiguous);
    let is_ours = match &said.by {
        Speaker::Host(host) => hop(&report.evidence.hops, host).is_some(),
        Speaker::Unnamed | Speaker::Untold => true,
        Speaker::NoHost | Speaker::NoAnswer => false,
    };
    let elsewhere = match &said.by {
        Speaker::Host(host) if !is_ours => {
            format!("; {host}, which refused then, is none of the hosts that were asked")
        }
        _ => String::new(),
    };
    match result.diagnosis {
        Fate::GatewayRejectsOtherMailbox
        | Fate::GatewayRejectsExchangeRecipient
        | Fate::ExchangeRejectsOtherMailbox
        | Fate::OtherRejectsOwnMailbox
        | Fate::MxHostsDisagree => {
            let found = format!("{own} has a mailbox and is refused still ({})", result.diagnosis.word());
            match (about_recipient && is_ours, result.certainty) {
                (true, Certainty::Proven | Certainty::Likely) => (Answer::Yes, format!("{found}; {sure}")),
                (true, Certainty::Inconclusive) => (Answer::Unknown, format!("{found}; {sure}")),
                (false, _) if !about_recipient => {
                    (Answer::Unknown, format!("{found}; the words of this bounce are about something else"))
                }
                (false, _) => (Answer::Unknown, format!("{found}{elsewhere}")),
            }
        }
        Fate::UnknownEverywhere => match result.certainty {
            Certainty::Proven => (Answer::No, format!("no system knows {own}; proven")),
            _ => (Answer::Unknown, format!("no system seems to know {own}; {sure}")),
        },
        Fate::Delivered => {
            (Answer::Unknown, format!("{own} is taken at every hop now ({sure}); it was refused then{elsewhere}"))
        }
        Fate::Inconclusive if nobody_knows(result, report) => {
            let said =
                "no directory holds it, and the other system's own hosts refuse it as unknown, and strangers with it";
            (Answer::No, format!("{own} is nobody's: {said}"))
        }
        Fate::NoRoute | Fate::Loop | Fate::InBothSystems | Fate::Inconclusive => {
            let found = format!("the run says of {own}: {} ({sure})", result.diagnosis.word());
            (Answer::Unknown, format!("{found}{elsewhere}"))
        }
    }
}

/// Whether each system says that it has nobody of this address: Exchange by its directory, others by a host of their own
/// that refuses strangers and refuses this one as unknown; and no host that refuses strangers takes it.
fn nobody_knows(result: &RecipientResult, report: &Report) -> bool {
    let systems = &report.run.settings.systems;
    let validates = |id: &str| report.hops.iter().any(|hop| hop.hop == id && hop.validates_recipients == Some(true));
    let answer = |id: &str| result.hops.iter().find(|answer| answer.hop == id);
    let refuses = |hop: &&Hop| {
        let refused =
            |one: &HopAnswer| one.outcome == Outcome::Rejected && one.meaning == Some(Meaning::UnknownRecipient);
        validates(&hop.id) && answer(&hop.id).is_some_and(refused)
    };
    let knows_nobody = |system: &System| match system.kind {
        SystemKind::Exchange | SystemKind::ExchangeOnline => {
            let own = |held: &&DirectoryState| held.system == system.name;
            result.directories.iter().find(own).is_some_and(|held| held.state == State::Absent)
        }
        SystemKind::Other => {
            let own =
                |hop: &&Hop| hop.role == Role::Other && hop.system.as_ref().is_none_or(|name| *name == system.name);
            let mut hops = report.evidence.hops.iter().filter(own).peekable();
            hops.peek().is_some() && hops.all(|hop| refuses(&hop))
        }
    };
    let taken = result.hops.iter().any(|one| one.outcome == Outcome::Accepted && validates(&one.hop));
    let listed = result.lists.iter().any(|list| list.listed);
    systems.len() > 1 && systems.iter().all(knows_nobody) && !taken && !listed
}
