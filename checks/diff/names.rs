//! What DNS says, and the policy that it announces.
use super::parts::{Absence, Item, Look, Part, Value, field, known, look, yes};
use crate::evidence::dns::{Answer, DnsLookup, Record, RecordKind};
use crate::prelude::*;

pub(super) fn parts(evidence: &Evidence) -> Vec<Part> {
    let mut all: Vec<Part> = evidence.dns.iter().map(of_lookup).collect();
    for view in &evidence.mx_views {
        let who = match &view.authority {
            Some(name) => format!("the zone's server {name} ({})", view.server),
            None => format!("the resolver {}", view.server),
        };
        let records = look(&view.answer, |answer| Some(records(answer, |_| true)));
        all.push(Part::one("MX as seen by", who, vec![field("", records)]));
    }
    if let Some(policy) = &evidence.sts_policy {
        let lines = |text: &String| Some(Value::Many(text.lines().map(String::from).collect()));
        all.push(Part::one("MTA-STS policy", &policy.url, vec![field("", look(&policy.text, lines))]));
    }
    all
}

fn of_lookup(lookup: &DnsLookup) -> Part {
    let of = |keep: &dyn Fn(&str) -> bool| look(&lookup.answer, |answer| Some(records(answer, keep)));
    let spf = |text: &str| text.get(..6).is_some_and(|head| head.eq_ignore_ascii_case("v=spf1"));
    let mut items = match lookup.kind {
        RecordKind::Txt => {
            vec![
                Item::new("TXT records", "", vec![field("", of(&|text| !spf(text)))]),
                Item::new("SPF record", "", vec![field("", of(&spf))]),
            ]
        }
        _ => vec![Item::new("", "", vec![field("", of(&|_| true))])],
    };
    if matches!(lookup.kind, RecordKind::Mx | RecordKind::Tlsa) {
        let validated: Look = match (&lookup.answer, &lookup.unvalidated) {
            (_, Some(_)) => known("no, its validation fails"),
            (Observed::Known(_), None) => yes(lookup.authenticated),
            (other, None) => look(other, |_| None),
        };
        // Whether it validates is the resolver's own matter.
        let of_resolver = format!("validated by {}", lookup.resolver);
        items[0].fields.push((of_resolver, validated));
    }
    let what = format!("{} records", lookup.kind.word());
    let mut part = Part::new(what, &lookup.name, Observed::Known(items));
    part.absence = Absence::Nothing;
    part
}

/// The records, and the aliases that lead to them.
fn records(answer: &Answer, keep: impl Fn(&str) -> bool) -> Value {
    if !answer.exists && answer.aliases.is_empty() {
        return Value::One("no such name".into());
    }
    let aliases = answer.aliases.iter().map(|alias| format!("alias of {}", alias.target));
    Value::set(aliases.chain(answer.records.iter().map(record).filter(|text| keep(text))))
}

fn record(record: &Record) -> String {
    match record {
        Record::Address(address) => address.to_string(),
        Record::Mx { preference, exchange } => format!("{preference} {exchange}"),
        Record::Srv { priority, weight, port, target } => format!("{priority} {weight} {port} {target}"),
        Record::Text(text) => text.clone(),
        Record::Server(name) => name.clone(),
        Record::Tlsa { usage, selector, matching, digest } => format!("{usage} {selector} {matching} {digest}"),
    }
}
