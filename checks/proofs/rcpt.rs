//! A reply to RCPT, asked for again: at the same host and port, by the same name, from the same sender.
use super::{places, recipients};
use crate::evidence::smtp::{Turn, Who};
use crate::model::hops::known_good;
use crate::prelude::*;
use crate::remedy::Program;

/// At how many hops a person asks for one finding.
const HOPS: usize = 4;

/// What one hop was asked, as far as a finding rests on it.
pub struct Asked<'m, 'a> {
    /// The hop.
    pub hop: &'m HopView<'a>,
    /// The session.
    session: &'a Session,
    /// The place in it of the reply that says most.
    at: usize,
    /// Whom it refused, and how.
    pub refused: Option<(&'a str, &'a Turn)>,
    /// Whom to ask about: somebody accepted, the one that it is about, a random one.
    recipients: Vec<String>,
}

/// What the hops were asked of which `finding` tells the replies.
pub fn asked<'m, 'a>(case: &'m Case<'a>, finding: &Finding) -> Vec<Asked<'m, 'a>> {
    let mut hops: Vec<(&HopView, Vec<Reply>)> = Vec::new();
    for pointer in &finding.evidence {
        let Some([nth, at]) = places(pointer, "/evidence/smtp/*/transcript/*") else { continue };
        let Some(session) = case.evidence.smtp.get(nth) else { continue };
        let Some(turn) = session.transcript.get(at).filter(|turn| turn.who == Who::Server) else { continue };
        let (Stage::Rcpt, Some(recipient), Some(code)) = (turn.stage, turn.recipient.as_deref(), turn.code) else {
            continue;
        };
        let Some(hop) = case.model.hops.iter().find(|hop| hop.id() == session.hop) else { continue };
        let reply = Reply { session, at, turn, recipient, accepted: code < 300 };
        match hops.iter_mut().find(|(known, _)| known.id() == hop.id()) {
            Some((_, replies)) => replies.push(reply),
            None => hops.push((hop, vec![reply])),
        }
    }
    let one = |(hop, replies): (&'m HopView<'a>, Vec<Reply<'a>>)| of_hop(case, finding, hop, &replies);
    hops.into_iter().take(HOPS).filter_map(one).collect()
}

#[derive(Clone, Copy)]
struct Reply<'a> {
    session: &'a Session,
    at: usize,
    turn: &'a Turn,
    recipient: &'a str,
    accepted: bool,
}

fn of_hop<'m, 'a>(
    case: &Case<'a>,
    finding: &Finding,
    hop: &'m HopView<'a>,
    replies: &[Reply<'a>],
) -> Option<Asked<'m, 'a>> {
    let randoms = [&*case.question.random, &*case.question.second_random];
    let is_random = |reply: &&Reply| randoms.contains(&reply.recipient);
    let is_subject = |reply: &&Reply| recipients(finding).any(|one| one == reply.recipient);
    // Of several the same one whatever the order in which they were heard.
    let first = |accepted: bool| {
        let all = || replies.iter().filter(|reply| !is_random(reply) && reply.accepted == accepted);
        all().filter(is_subject).min_by_key(|one| one.recipient).or(all().min_by_key(|one| one.recipient)).copied()
    };
    let (refused, random) = (first(false), replies.iter().find(is_random).copied());
    let accepted = first(true).filter(|reply| is_subject(&reply) || refused.is_none());
    let most = refused.or(accepted).or(random)?;
    // A refusal says nothing without somebody who is accepted beside it.
    let is_accepted = |address: &&str| hop.outcome(address) == Outcome::Accepted;
    let beside = || {
        refused?;
        let mut good = known_good(case.question, case.evidence).filter(is_accepted);
        let mut others =
            hop.replies().map(|heard| heard.recipient).filter(|one| !randoms.contains(one)).filter(is_accepted);
        good.next().or_else(|| others.next())
    };
    let good = accepted.map(|reply| reply.recipient).or_else(beside);
    let of = |reply: Option<Reply<'a>>| reply.map(|reply| reply.recipient.to_string());
    // The random one is another in each run, and any name that nobody has does as well.
    let nobody = random.map(|_| format!("nobody.has.this.name@{}", case.question.domain));
    Some(Asked {
        hop,
        session: most.session,
        at: most.at,
        refused: refused.map(|reply| (reply.recipient, reply.turn)),
        recipients: [good.map(ToString::to_string), of(refused), nobody].into_iter().flatten().collect(),
    })
}

/// How a person hears the replies.
pub fn again(case: &Case, asked: &[Asked]) -> Option<Remedy> {
    let commands: Vec<Program> = asked.iter().map(|one| one.again(case)).collect();
    (!commands.is_empty())
        .then(|| Remedy::proof("here", "Hear the replies, from this host; no message is sent", commands))
}

impl Asked<'_, '_> {
    fn again(&self, case: &Case) -> Program {
        let hop = self.hop.hop;
        // One name may stand for several hosts. In brackets no part of an address is taken for a port.
        let server = match hop.address {
            Some(address) if address.is_ipv6() => format!("[{address}]"),
            Some(address) => address.to_string(),
            None => hop.host.clone(),
        };
        let ask = Program::new("swaks").word("--quit-after").word("RCPT").word("--server").value(server);
        let ask = if hop.port == 25 { ask } else { ask.word("--port").value(hop.port.to_string()) };
        let tls = self.session.transcript[self.at].tls;
        let ask = if tls { ask.word("--tls") } else { ask };
        let ehlo = self.said(Stage::Ehlo).and_then(|text| text.split_whitespace().nth(1));
        let sender =
            self.said(Stage::Mail).and_then(|text| text.split_once('<')?.1.rsplit_once('>').map(|(all, _)| all));
        let sender = match sender.unwrap_or(&case.question.mail_from) {
            "" => "<>",
            some => some,
        };
        let ask = ask.word("--ehlo").value(ehlo.unwrap_or(&case.question.ehlo)).word("--from").value(sender);
        ask.word("--to").list(self.recipients.clone())
    }

    /// Our last command at `stage` before the reply.
    fn said(&self, stage: Stage) -> Option<&str> {
        let before = self.session.transcript[..self.at].iter();
        let turn = before.rev().find(|turn| turn.who == Who::Client && turn.stage == stage)?;
        turn.lines.first().map(|line| &*line.text)
    }
}
