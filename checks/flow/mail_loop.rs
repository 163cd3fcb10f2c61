//! NSD501: the model sends mail round.
use crate::evidence::exchange::{AddressSpace, SendConnector};
use crate::evidence::online::{ConnectorType, OutboundConnector};
use crate::model::diagnosis::Fate;
use crate::model::path::{Asked, Circle, Disposition, Ending, Origin, Trace, predict};
use crate::model::{Model, Recipient};
use crate::prelude::*;
use crate::proofs::places;
use crate::remedy::order::cure;
use alloc::collections::BTreeMap;

pub(super) const CHECK: Check = Check {
    code: "NSD501",
    name: "mail-loop",
    title: "mail goes round between the mail systems",
    severity: Severity::Critical,
    why: "By configuration mail comes back to a system that it has passed, until a server counts too many Received headers and \
          bounces it with 5.4.6 or 5.4.14 (RFC 5321, 6.3). For known recipients that is lost mail; where only unknown ones \
          go round, it goes unnoticed until somebody mistypes an address, or floods the domain.",
    fix: "Break the circle at the place that the finding names.",
    sources: &[
        "RFC 5321, 6.3",
        "https://learn.microsoft.com/exchange/mail-flow/accepted-domains/accepted-domains",
        "https://learn.microsoft.com/exchange/mail-flow-best-practices/non-delivery-reports-in-exchange-online/fix-error-code-5-4-6-through-5-4-20-in-exchange-online",
    ],
    judge,
};

/// The checks that may say why mail goes round.
const CAUSES: [&str; 10] =
    ["NSD106", "NSD107", "NSD311", "NSD312", "NSD313", "NSD314", "NSD321", "NSD322", "NSD408", "NSD410"];
/// Whoever no list and no directory knows.
const ANYBODY: &str = "an address that nobody knows";
/// So many circles are tried out at most.
const MOST: usize = 8;

/// One circle, and whose mail goes round in it.
struct Round<'m, 'a> {
    trace: Trace,
    /// The recipients.
    who: Vec<&'m Recipient<'a>>,
    /// A system from whose users mail for unknown recipients goes round in it.
    unknown: Option<&'a str>,
}

fn judge(case: &Case, notes: &mut Notes) {
    let rounds = rounds(case);
    if rounds.is_empty() {
        return;
    }
    let causes = causes(case);
    for (at, (systems, round)) in rounds.iter().enumerate() {
        let seen = round.trace.seen();
        let names: Vec<&str> = round.who.iter().map(|one| one.address).collect();
        // A cause is about what the circle runs over, or about the objects that send its mail on.
        let of_it = |cause: &&Finding| match &*cause.code {
            "NSD408" | "NSD410" => cause.subjects.iter().any(|subject| names.contains(&&*subject.value)),
            _ => !systems.is_empty() && cause.evidence.iter().any(|pointer| seen.iter().any(|one| is_of(pointer, one))),
        };
        let mine: Vec<&Finding> = causes.iter().filter(of_it).collect();
        let mut whom: Vec<&str> = names.iter().copied().take(5).collect();
        let more = names.len() - whom.len();
        let more = format!("{more} more");
        whom.extend((names.len() > 5).then_some(&*more));
        whom.extend(round.unknown.map(|_| ANYBODY));
        let way = match &systems[..] {
            [] => "it is forwarded in a circle".to_string(),
            [first, ..] => {
                let steps = round.trace.steps.iter();
                let steps = steps.filter(|step| matches!(&*step.at, "send-connector" | "smart-host" | "other-system"));
                let steps: Vec<&str> = steps.map(|step| &*step.says).take(8).collect();
                let tail = if steps.is_empty() { String::new() } else { format!(" ({})", steps.join("; ")) };
                format!("{} to {first}{tail}", systems.join(" to "))
            }
        };
        let mut codes: Vec<&str> = mine.iter().map(|cause| &*cause.code).collect();
        codes.dedup();
        let why = if codes.is_empty() { String::new() } else { format!("; {} says why", listed(&codes, 3)) };
        let change = if at < MOST { smallest(case, round) } else { None };
        let breaks =
            change.as_ref().map(|(what, then)| format!("; what breaks it: {what}; {then}")).unwrap_or_default();
        let supposed = match &round.trace.supposes[..] {
            [] => String::new(),
            some => format!(", supposed that {}", some.join(", and ")),
        };
        let detail = format!("mail for {} goes round: {way}{supposed}{why}{breaks}", listed(&whom, 7));
        // Who forwards to whom is as sure as the check says that tells of it.
        let read = !systems.is_empty() || mine.iter().any(|cause| cause.certainty == Certainty::Proven);
        let sure = round.trace.supposes.is_empty() && read;
        let certainty = if sure { Certainty::Proven } else { Certainty::Likely };
        let finding = notes.finding(detail).certainty(certainty);
        for system in systems {
            finding.about(SubjectKind::System, system);
        }
        for recipient in &round.who {
            finding.about(SubjectKind::Recipient, recipient.address);
            finding.seen_all(recipient.directories.iter().map(|held| &held.pointer));
        }
        finding.seen_all(seen).seen_all(mine.iter().flat_map(|cause| &cause.evidence));
        match (mine.iter().find_map(|cause| cure(cause)), change) {
            (Some(cure), _) => finding.mend(cure.clone()),
            (None, Some((what, then))) => finding.mend(Remedy::steps(
                "exchange",
                "Break the circle",
                vec![format!("Have it so: {what} ({then})")],
            )),
            (None, None) => finding,
        };
    }
}

/// The circles, each once, by the systems in it, from the first by name; that of forwarding alone has none.
fn rounds<'m, 'a>(case: &'m Case<'a>) -> Vec<(Vec<String>, Round<'m, 'a>)> {
    let mut found: BTreeMap<Vec<String>, Round> = BTreeMap::new();
    let model = &case.model;
    for recipient in &model.recipients {
        let diagnosis = model.diagnose(recipient);
        if diagnosis.fate != Fate::Loop {
            continue;
        }
        let predicted;
        let trace = match diagnosis.concluded.worst() {
            concluded @ Trace { ending: Ending::Loop(_), .. } => concluded,
            _ => {
                predicted = predict(model, Asked::from_internet(recipient));
                predicted.worst()
            }
        };
        let Some(systems) = circle(trace) else { continue };
        let round = Round { trace: trace.clone(), who: vec![], unknown: None };
        found.entry(systems).or_insert(round).who.push(recipient);
    }
    for system in case.question.systems.iter().map(|system| &*system.name) {
        let all = predict(model, unknown(case, system));
        let Some(systems) = circle(all.worst()) else { continue };
        let round = Round { trace: all.worst().clone(), who: vec![], unknown: None };
        found.entry(systems).or_insert(round).unknown.get_or_insert(system);
    }
    found.into_iter().collect()
}

/// Somebody whom nobody knows, written to by a user of `system`.
fn unknown<'m>(case: &'m Case, system: &'m str) -> Asked<'m, 'm> {
    Asked { recipient: None, address: &case.question.random, from: Origin::Inside(system), bytes: 0 }
}

/// The systems of the circle in which the trace ends; none where it ends otherwise.
fn circle(trace: &Trace) -> Option<Vec<String>> {
    match trace.ending {
        Ending::Loop(Circle::Forwarding) => Some(Vec::new()),
        Ending::Loop(Circle::Systems) => {
            let last = trace.systems.last()?;
            let first = trace.systems.iter().position(|system| system == last)?;
            let mut systems = trace.systems[first..trace.systems.len() - 1].to_vec();
            let least = systems.iter().enumerate().min_by_key(|(_, name)| *name).map_or(0, |(at, _)| at);
            systems.rotate_left(least);
            Some(systems)
        }
        Ending::Delivered
        | Ending::RejectedAtGateway
        | Ending::RejectedByExchange(_)
        | Ending::RejectedByOther
        | Ending::Stranded(_)
        | Ending::LeavesTheModel
        | Ending::Insufficient(_) => None,
    }
}

/// Whether a finding that rests on `pointer` is about what the way rests on at `seen`: the same, or one of the connectors that
/// were looked through in vain.
fn is_of(pointer: &str, seen: &str) -> bool {
    let among = || pointer.strip_prefix(seen).is_some_and(|rest| rest.starts_with('/'));
    pointer == seen || seen.ends_with("_connectors/known") && among()
}

/// What the checks say that may be why.
fn causes(case: &Case) -> Vec<Finding> {
    let judged = |check: &'static Check| {
        let mut notes = Notes::new(check);
        (check.judge)(case, &mut notes);
        notes.findings
    };
    let checks = crate::checks().into_iter().map(|(_, check)| check);
    checks.filter(|check| CAUSES.contains(&check.code)).flat_map(judged).collect()
}

/// The smallest change that breaks the circle, and what becomes of the mail then, tried by the model with it made.
fn smallest(case: &Case, round: &Round) -> Option<(String, String)> {
    let pointers = |at: &'static str| {
        let steps = round.trace.steps.iter().filter(move |step| step.at == at);
        steps.flat_map(|step| &step.evidence).rev().collect::<Vec<_>>()
    };
    if let Some(home) = round.who.iter().find_map(|one| one.listed()).map(|list| list.system) {
        let of_home = |hop: &&HopView| hop.hop.system.as_deref().is_none_or(|own| own == home);
        let hop = case.model.hops_of(Role::Other).find(of_home)?;
        let host = (hop.hop.host.as_str(), hop.hop.port);
        for pointer in pointers("send-connector") {
            let mut evidence = case.evidence.clone();
            let Some(what) = lead(&mut evidence, pointer, &case.question.domain, host) else { continue };
            if let Some(then) = tried(case, &evidence, round) {
                return Some((what, then));
            }
        }
        return None;
    }
    for pointer in pointers("accepted-domain") {
        let mut evidence = case.evidence.clone();
        let Some(system) = end_of_line(&mut evidence, pointer) else { continue };
        if let Some(then) = tried(case, &evidence, round) {
            return Some((format!("the domain is authoritative in {system}"), then));
        }
    }
    None
}

/// What becomes of the mail that went round, where it goes round no more and nobody's mail that arrived is lost.
fn tried(case: &Case, evidence: &Evidence, round: &Round) -> Option<String> {
    let changed = Model::new(case.question, evidence);
    let end = |model: &Model, address: &str| {
        let one = model.recipient(address)?;
        Some(predict(model, Asked::from_internet(one)).worst().ending.disposition())
    };
    let then = match (round.who.first(), round.unknown) {
        (Some(one), _) => end(&changed, one.address)?,
        (None, Some(system)) => predict(&changed, unknown(case, system)).worst().ending.disposition(),
        (None, None) => return None,
    };
    if then == Disposition::Loop || !round.who.is_empty() && then != Disposition::Delivered {
        return None;
    }
    let mut all = case.model.recipients.iter().take(500).map(|one| one.address);
    let arrives = |model: &Model, address: &str| end(model, address) == Some(Disposition::Delivered);
    let loses = all.any(|address| arrives(&case.model, address) && !arrives(&changed, address));
    (!loses).then(|| {
        format!(
            "tried in the model, {} is then {}",
            if round.who.is_empty() { "it" } else { "their mail" },
            then.in_words()
        )
    })
}

/// Has mail for `domain` leave for `host`: by the connector at `pointer` where it serves nothing else, else by one of its own;
/// that in words.
fn lead(evidence: &mut Evidence, pointer: &str, domain: &str, (host, port): (&str, u16)) -> Option<String> {
    const SEND: &str = "/evidence/directories/*/organisation/known/send_connectors/known";
    const OUTBOUND: &str = "/evidence/directories/*/organisation/known/outbound_connectors/known";
    // The last part is the connector's place; where none serves the domain, the pointer is to all of them.
    let (all, at) = match pointer.rsplit_once('/') {
        Some((all, at)) if at != "known" => (all, at.parse::<usize>().ok()),
        _ => (pointer, None),
    };
    let new = format!("{domain} has a connector of its own that leads to {host}");
    if let Some([directory]) = places(all, SEND) {
        let Observed::Known(all) = &mut organisation(evidence, directory)?.send_connectors else { return None };
        let own = |one: &&mut SendConnector| one.address_spaces.iter().all(|space| space.address == domain);
        if let Some(one) = at.and_then(|at| all.get_mut(at)).filter(own) {
            (one.smart_hosts, one.port) = (vec![host.into()], port);
            return Some(format!("'{}' leads to {host}", one.name));
        }
        all.push(SendConnector {
            name: format!("To {host}"),
            address_spaces: AddressSpace::parse(domain).into_iter().collect(),
            smart_hosts: vec![host.into()],
            port,
            ..SendConnector::default()
        });
        return Some(new);
    }
    let [directory] = places(all, OUTBOUND)?;
    let Observed::Known(all) = &mut organisation(evidence, directory)?.outbound_connectors else { return None };
    let own = |one: &&mut OutboundConnector| {
        one.recipient_domains.iter().all(|served| served == domain)
            && !one.all_accepted_domains
            && !one.all_via_on_premises
    };
    if let Some(one) = at.and_then(|at| all.get_mut(at)).filter(own) {
        (one.smart_hosts, one.use_mx) = (vec![host.into()], false);
        return Some(format!("'{}' leads to {host}", one.name));
    }
    all.push(OutboundConnector {
        name: format!("To {host}"),
        enabled: true,
        kind: ConnectorType::OnPremises,
        recipient_domains: vec![domain.into()],
        smart_hosts: vec![host.into()],
        ..OutboundConnector::default()
    });
    Some(new)
}

/// Makes the accepted domain at `pointer` the end of the line; its system.
fn end_of_line(evidence: &mut Evidence, pointer: &str) -> Option<String> {
    const KIND: &str = "/evidence/directories/*/organisation/known/accepted_domains/known/*/kind";
    let [directory, at] = places(pointer, KIND)?;
    let system = evidence.directories.get(directory)?.system.clone();
    let organisation = organisation(evidence, directory)?;
    let Observed::Known(all) = &mut organisation.accepted_domains else { return None };
    all.get_mut(at)?.kind = crate::evidence::exchange::DomainKind::Authoritative;
    Some(system)
}

fn organisation(evidence: &mut Evidence, at: usize) -> Option<&mut Organisation> {
    match &mut evidence.directories.get_mut(at)?.organisation {
        Observed::Known(organisation) => Some(organisation),
        Observed::Unknown(_) | Observed::NotAsked => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::World;

    #[test]
    fn each_circle_is_told_once_with_whose_mail_goes_round_and_what_breaks_it() {
        type Change = fn(&mut World);
        let table: [(&str, World, Change); 7] = [
            ("nothing goes round", World::healthy(), |_| {}),
            ("the smart host is the gateway", World::healthy(), |world| {
                world.connector(|one| one.smart_hosts = vec!["mx1.contoso.com".into()]);
            }),
            ("the smart host is Exchange itself", World::healthy(), |world| {
                world.connector(|one| one.smart_hosts = vec!["exch01.corp.contoso.com".into()]);
            }),
            ("it goes by the MX", World::healthy(), |world| world.connector(|one| one.smart_hosts.clear())),
            ("two relay to each other", World::two_forests(), |_| {}),
            ("one of two bounces", World::two_forests(), |world| {
                world.accepted_at(1, |one| one.kind = crate::evidence::exchange::DomainKind::Authoritative);
            }),
            ("what is unread goes nowhere", World::healthy(), |world| {
                world.connector(|one| one.smart_hosts = vec!["mx1.contoso.com".into()]);
                world.hide_configuration();
            }),
        ];
        let mut told = String::new();
        for (name, mut world, change) in table {
            change(&mut world);
            told += &format!("{name}\n");
            world.lines(&CHECK).iter().for_each(|line| told += &format!("  {line}\n"));
        }
        assert_eq!(told, include_str!("mail_loop.txt"));
    }
}
