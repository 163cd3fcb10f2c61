//! What the mail hosts are, and whom they take.
use super::banner::steady;
use super::parts::{Absence, Item, Look, Part, Value, field, known, look, set, yes};
use super::place_of;
use crate::evidence::smtp::{Certificate, Session, Turn, Who};
use crate::model::Model;
use crate::prelude::*;
use crate::report::{HopAnswer, Report};
use alloc::collections::{BTreeMap, BTreeSet};

pub(super) fn parts(report: &Report) -> Vec<Part> {
    let model = Model::new(&report.run.settings, &report.evidence);
    let places = places(report);
    let mut all = Vec::new();
    for hop in &model.hops {
        let place = &places[hop.id()];
        let items = match (hop.heard_from(), hop.broke_off()) {
            (true, _) => Observed::Known(vec![Item::new("hop", "", of_hop(hop))]),
            (false, Some((_, miss))) => Observed::Unknown(miss.clone()),
            (false, None) if hop.hop.address.is_none() => {
                Observed::Unknown(Miss::new(How::Unresolvable, "its name has no address"))
            }
            (false, None) => Observed::NotAsked,
        };
        all.push(Part::new("hop", place, items));
    }
    let mut answers: BTreeMap<&str, Vec<Item>> = BTreeMap::new();
    for one in &report.recipients {
        for answer in one.hops.iter().filter_map(|answer| Some((&*answer.hop, said(answer)?))) {
            let item = Item::new("answer to RCPT", &one.address, vec![field("", known(answer.1))]);
            answers.entry(answer.0).or_default().push(item);
        }
    }
    for hop in &report.evidence.hops {
        if let Some(items) = answers.remove(&*hop.id) {
            let mut part = Part::new("answers to RCPT", &places[&*hop.id], Observed::Known(items));
            part.absence = Absence::NotAsked;
            all.push(part.within("hop"));
        }
    }
    all
}

/// The hops by role, host and address; by their port as well where several share the rest.
fn places(report: &Report) -> BTreeMap<&str, String> {
    let ids: BTreeSet<&str> = report.evidence.hops.iter().map(|hop| &*hop.id).collect();
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    ids.iter().for_each(|id| *times.entry(place_of(id)).or_default() += 1);
    ids.iter().map(|id| (*id, if times[place_of(id)] > 1 { *id } else { place_of(id) }.to_string())).collect()
}

/// What it said of a recipient, in a word, with the reply's codes; none where it said nothing.
fn said(answer: &HopAnswer) -> Option<String> {
    let outcome = match answer.outcome {
        Outcome::Accepted => return Some("accepted".into()),
        Outcome::Rejected => "rejected",
        Outcome::Deferred => "deferred",
        Outcome::Unreachable | Outcome::NotProbed => return None,
    };
    let meaning = answer.meaning.and_then(|meaning| serde_json::to_value(meaning).ok());
    let meaning = meaning.as_ref().and_then(serde_json::Value::as_str).map(|word| format!(" as {word}"));
    let reply = answer.reply.as_ref().map(|reply| match &reply.enhanced {
        Some(enhanced) => format!(" ({} {enhanced})", reply.code),
        None => format!(" ({})", reply.code),
    });
    Some(format!("{outcome}{}{}", meaning.unwrap_or_default(), reply.unwrap_or_default()))
}

fn of_hop(hop: &HopView) -> Vec<(String, Look)> {
    let mut fields = vec![
        field("port", known(hop.hop.port.to_string())),
        field("greeting", text(hop.greeting().map(|(_, turn)| steady(&turn.text())))),
        field("product", text(hop.product().map(String::from))),
        field("offers in the clear", offers(hop, false)),
        field("offers through TLS", offers(hop, true)),
        field("STARTTLS", starttls(hop)),
    ];
    if let Some((_, _, tls)) = hop.handshake() {
        let agreed = look(&tls.handshake, |one| Some(Value::One(format!("{}, {}", one.version, one.cipher))));
        fields.push(field("TLS", agreed));
        fields.push(field("certificate", certificates(hop)));
        fields.push(field("certificate leads to a trusted root", look(&tls.trusted, |is| word(*is))));
        fields.push(field("certificate names the host", look(&tls.names_host, |is| word(*is))));
    }
    let sender = hop.refused_sender().map(|refused| format!("refused with {}", refused.code));
    fields.push(field("our sender", known(sender.unwrap_or_else(|| "taken".into()))));
    fields.push(field("senders of the other system", sisters(hop)));
    fields.push(field(
        "refuses recipients that do not exist",
        match hop.validates() {
            Some(validates) => yes(validates),
            None => known("not known"),
        },
    ));
    fields
}

fn text(said: Option<String>) -> Look {
    Observed::Known(said.map(Value::One))
}

fn word(is: bool) -> Option<Value> {
    Some(Value::One(if is { "yes" } else { "no" }.into()))
}

/// The extensions of the last EHLO, in the clear or through TLS; not asked where none was answered there.
fn offers(hop: &HopView, tls: bool) -> Look {
    let taken = |turn: &&Turn| turn.stage == Stage::Ehlo && turn.code == Some(250) && turn.tls == tls;
    let hello = hop.sessions.iter().rev().find_map(|(_, session)| session.transcript.iter().rfind(taken));
    match hello {
        // The first line greets us by our name or address (RFC 5321, 4.1.1.1).
        Some(turn) => set(turn.lines.iter().skip(1).filter_map(|line| line.text.get(4..)).map(|line| line.trim())),
        None => Observed::NotAsked,
    }
}

fn starttls(hop: &HopView) -> Look {
    match (hop.offers_starttls(), hop.breaks_starttls()) {
        (None, _) => Observed::NotAsked,
        (Some((_, false)), _) => known("not offered"),
        (Some(_), Some(_)) => known("offered, and does not come about"),
        (Some(_), None) => known("offered, and works"),
    }
}

/// The certificates that it showed: behind one address there may be several hosts.
fn certificates(hop: &HopView) -> Look {
    let leaf = |session: &Session| session.tls.as_ref()?.chain.first().map(certificate);
    set(hop.sessions.iter().filter_map(|(_, session)| leaf(session)))
}

fn certificate(leaf: &Certificate) -> String {
    let Certificate { names, issuer, not_before, not_after, sha256, .. } = leaf;
    let mark: String = sha256.chars().take(16).collect();
    format!("for {}, of {issuer}, valid from {not_before} to {not_after}, SHA-256 {mark}…", listed(names, 4))
}

/// How a sender of the other system was taken, where that was asked.
fn sisters(hop: &HopView) -> Look {
    let answer = |session: &Session| {
        let last = session.transcript.iter().rfind(|turn| {
            turn.who == Who::Server && matches!(turn.stage, Stage::Mail | Stage::Rcpt) && turn.code.is_some()
        })?;
        let code = last.code?;
        Some(if code < 400 { "taken".to_string() } else { format!("refused with {code}") })
    };
    let all: Vec<String> = hop.sisters.iter().filter_map(|(_, session)| answer(session)).collect();
    if all.is_empty() { Observed::NotAsked } else { set(all) }
}
