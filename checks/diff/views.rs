//! What several vantage points see differently at the same time.
use super::parts::{self, Item, Look, Part, Value};
use crate::prelude::*;
use crate::report::{Disagreement, Report, Seen};
use alloc::collections::BTreeMap;

/// What says nothing of the world: from where somebody looked, and what was asked.
const ASIDE: [&str; 3] = ["vantage point", "settings", "list of mailboxes"];

/// One thing, and what each says of it.
type Said<'r> = BTreeMap<(String, String, String), Vec<(&'r str, String)>>;

/// What the reports, each of the vantage point of its name, say differently of what several of them were asked.
pub fn disagreements(all: &[(&str, &Report)]) -> Vec<Disagreement> {
    let mut said = Said::new();
    for (name, report) in all {
        let parts = parts::of(report);
        parts.iter().filter(|part| !ASIDE.contains(&&*part.what)).for_each(|part| of_part(name, part, &mut said));
    }
    let mut folded: BTreeMap<(String, String, Vec<Seen>), Vec<String>> = BTreeMap::new();
    for ((what, place, about), each) in said {
        let (_, first) = &each[0];
        if each.iter().all(|(_, other)| other == first) {
            continue;
        }
        let seen = each.into_iter().map(|(name, says)| Seen { vantage: name.into(), says }).collect();
        folded.entry((what, place, seen)).or_default().extend((!about.is_empty()).then_some(about));
    }
    folded.into_iter().map(|((what, place, seen), about)| Disagreement { what, place, about, seen }).collect()
}

fn of_part<'r>(name: &'r str, part: &Part, said: &mut Said<'r>) {
    let mut say = |what: String, about: &str, says: String| {
        said.entry((what, part.place.clone(), about.into())).or_default().push((name, says));
    };
    match &part.items {
        Observed::Known(items) => {
            if part.what == "hop" {
                say(part.what.clone(), "", "heard".into());
            }
            for (item, (field, look)) in
                items.iter().flat_map(|item: &Item| item.fields.iter().map(move |field| (item, field)))
            {
                let what = if item.what.is_empty() { &part.what } else { &item.what };
                let what = if field.is_empty() { what.clone() } else { format!("{what}: {field}") };
                if let Some(says) = words(look) {
                    say(what, &item.name, says);
                }
            }
        }
        Observed::Unknown(miss) => say(part.what.clone(), "", format!("not heard: {}", miss.said)),
        Observed::NotAsked => {}
    }
}

fn words(look: &Look) -> Option<String> {
    match look {
        Observed::Known(Some(Value::One(text))) => Some(text.clone()),
        Observed::Known(Some(Value::Many(all))) if all.is_empty() => Some("none".into()),
        Observed::Known(Some(Value::Many(all))) => Some(listed(all, 8)),
        Observed::Known(None) => Some("none".into()),
        Observed::Unknown(miss) => Some(format!("no answer: {}", miss.said)),
        Observed::NotAsked => None,
    }
}
