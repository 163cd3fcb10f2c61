//! Compares what two reports say, fact by fact.
use super::parts::{Absence, Item, Look, Part, Value};
use super::{Fact, Left, Which};
use crate::prelude::*;
use alloc::collections::{BTreeMap, BTreeSet};

/// What differs, and what only one of the two was asked for.
pub(super) fn compare(old: &[Part], new: &[Part]) -> (Vec<Fact>, Vec<Left>) {
    let mut found = Found::default();
    let key = |part: &Part| (part.what.clone(), part.place.clone());
    let unread =
        |all: &[Part]| -> BTreeSet<_> { all.iter().filter(|part| part.items.miss().is_some()).map(key).collect() };
    let unread = [unread(old), unread(new)];
    // What could not be read as a whole is said once.
    let silent = |part: &Part, of: usize| {
        let mut whole = part.within;
        core::iter::from_fn(|| {
            let one = whole?;
            let key = (one.to_string(), part.place.clone());
            whole = of_old_or_new(old, new, &key).and_then(|part| part.within);
            Some(key)
        })
        .take(3)
        .any(|key| unread[of].contains(&key))
    };
    let of_new: BTreeMap<_, &Part> = new.iter().map(|part| (key(part), part)).collect();
    let of_old: BTreeSet<_> = old.iter().map(key).collect();
    for part in old {
        match of_new.get(&key(part)) {
            Some(_) if silent(part, 0) || silent(part, 1) => {}
            Some(other) => found.part(part, other),
            None if silent(part, 1) => {}
            None => found.left(part, Which::Old),
        }
    }
    for part in new.iter().filter(|part| !of_old.contains(&key(part)) && !silent(part, 0)) {
        found.left(part, Which::New);
    }
    (found.facts, found.left)
}

/// The part of that name and place in either report.
fn of_old_or_new<'p>(old: &'p [Part], new: &'p [Part], (what, place): &(String, String)) -> Option<&'p Part> {
    old.iter().chain(new).find(|part| part.what == *what && part.place == *place)
}

#[derive(Default)]
struct Found {
    facts: Vec<Fact>,
    left: Vec<Left>,
}

impl Found {
    fn part(&mut self, old: &Part, new: &Part) {
        let names = Names { what: &new.what, name: "", place: &new.place };
        match (&old.items, &new.items) {
            (Observed::Known(one), Observed::Known(other)) => self.items((old, one), (new, other)),
            (Observed::NotAsked, Observed::NotAsked) => {}
            (Observed::NotAsked, _) => self.left(new, Which::New),
            (_, Observed::NotAsked) => self.left(old, Which::Old),
            (one, other) => self.looks(&names, &summary(one), &summary(other), None),
        }
    }

    fn items(&mut self, (old_part, old): (&Part, &[Item]), (new_part, new): (&Part, &[Item])) {
        let key = |item: &Item| (item.what.clone(), item.name.clone());
        let of_new: BTreeMap<_, &Item> = new.iter().map(|item| (key(item), item)).collect();
        let of_old: BTreeMap<_, &Item> = old.iter().map(|item| (key(item), item)).collect();
        for item in old {
            match of_new.get(&key(item)) {
                Some(other) => self.item(new_part, item, other),
                None => self.alone(old_part, item, new_part.absence, Which::Old),
            }
        }
        for item in new.iter().filter(|item| !of_old.contains_key(&key(item))) {
            self.alone(new_part, item, old_part.absence, Which::New);
        }
        if new_part.ordered {
            let common = |items: &[Item], other: &BTreeMap<_, &Item>| {
                let both = items.iter().filter(|item| other.contains_key(&key(item)));
                Observed::Known(Some(Value::Many(both.map(|item| item.name.clone()).collect())))
            };
            let what = format!("order of the {}", new_part.what);
            let names = Names { what: &what, name: "", place: &new_part.place };
            self.looks(&names, &common(old, &of_new), &common(new, &of_old), None);
        }
    }

    fn item(&mut self, part: &Part, old: &Item, new: &Item) {
        let of_new: BTreeMap<&str, &Look> = new.fields.iter().map(|(name, look)| (&**name, look)).collect();
        let of_old: BTreeSet<&str> = old.fields.iter().map(|(name, _)| &**name).collect();
        let nothing = Observed::Known(None);
        let changed = new.changed.as_deref().filter(|_| new.changed != old.changed);
        for (name, look) in &old.fields {
            // A resolver of its own, a handshake that nobody tried: what the other one has no word for was not asked.
            let lacking = if part.absence == Absence::Nothing && !is_object(part) { None } else { Some(&nothing) };
            let Some(other) = of_new.get(&**name).copied().or(lacking) else { continue };
            self.looks(&Names::of(part, new, name).names(part, new), look, other, changed);
        }
        for (name, look) in new.fields.iter().filter(|(name, _)| !of_old.contains(&**name)) {
            if part.absence != Absence::Nothing || is_object(part) {
                self.looks(&Names::of(part, new, name).names(part, new), &nothing, look, changed);
            }
        }
    }

    /// An item that one of both has alone; `absence` is what that means in the other one.
    fn alone(&mut self, part: &Part, item: &Item, absence: Absence, which: Which) {
        let what = if item.what.is_empty() { &part.what } else { &item.what };
        let names = Names { what, name: &item.name, place: &part.place };
        match absence {
            Absence::Nothing => {}
            Absence::NotAsked => self.push_left(&names, which),
            Absence::Gone => {
                let said = Observed::Known(Some(described(item)));
                let nothing = Observed::Known(None);
                match which {
                    Which::Old => self.looks(&names, &said, &nothing, None),
                    Which::New => self.looks(&names, &nothing, &said, item.changed.as_deref()),
                }
            }
        }
    }

    fn looks(&mut self, names: &Names, old: &Look, new: &Look, changed: Option<&str>) {
        let same = match (old, new) {
            (Observed::Known(one), Observed::Known(other)) => one == other,
            // In whose words matters little.
            (Observed::Unknown(one), Observed::Unknown(other)) => one.how == other.how,
            (Observed::NotAsked, Observed::NotAsked) => true,
            (Observed::NotAsked, _) => return self.push_left(names, Which::New),
            (_, Observed::NotAsked) => return self.push_left(names, Which::Old),
            _ => false,
        };
        if same {
            return;
        }
        let value = |look: &Look| look.known().cloned().flatten();
        let unread = |look: &Look| look.miss().map(|miss| miss.said.clone());
        self.facts.push(Fact {
            what: names.what.into(),
            place: names.place(),
            old: value(old),
            new: value(new),
            old_unread: unread(old),
            new_unread: unread(new),
            changed_at: changed.map(String::from),
            name: names.name.into(),
            container: names.place.into(),
        });
    }

    fn left(&mut self, part: &Part, which: Which) {
        // A part that nobody asked for in either says nothing.
        if !matches!(part.items, Observed::NotAsked) {
            self.left.push(Left {
                what: part.what.clone(),
                place: part.place.clone(),
                only_in: which,
                name: String::new(),
            });
        }
    }

    fn push_left(&mut self, names: &Names, which: Which) {
        self.left.push(Left { what: names.what.into(), place: names.place(), only_in: which, name: names.name.into() });
    }
}

/// Whether an item of the part lacks what it does not hold: an object's attributes.
fn is_object(part: &Part) -> bool {
    part.what == "objects"
}

/// What a fact is about.
struct Names<'n> {
    what: &'n str,
    name: &'n str,
    place: &'n str,
}

/// The same, with words made for it.
struct Owned(String);

impl Names<'_> {
    fn of(part: &Part, item: &Item, field: &str) -> Owned {
        let what = if item.what.is_empty() { &part.what } else { &item.what };
        Owned(if field.is_empty() { what.clone() } else { format!("{what}: {field}") })
    }

    fn place(&self) -> String {
        if self.name.is_empty() { self.place.into() } else { format!("{} ({})", self.name, self.place) }
    }
}

impl Owned {
    fn names<'n>(&'n self, part: &'n Part, item: &'n Item) -> Names<'n> {
        Names { what: &self.0, name: &item.name, place: &part.place }
    }
}

/// How many things a part holds.
fn summary(items: &Observed<Vec<Item>>) -> Look {
    super::parts::look(items, |all| {
        let named = all.iter().filter(|item| !item.name.is_empty()).count();
        Some(Value::One(if named > 0 { format!("read ({named})") } else { "read".into() }))
    })
}

/// What an item is, in one line.
fn described(item: &Item) -> Value {
    let said = |(name, look): &(String, Look)| {
        let value = match look {
            Observed::Known(Some(Value::One(text))) if text != "no" => text.clone(),
            Observed::Known(Some(Value::Many(all))) if !all.is_empty() => all.join(" "),
            _ => return None,
        };
        Some(if name.is_empty() { value } else { format!("{name} {value}") })
    };
    let all: Vec<String> = item.fields.iter().filter_map(said).collect();
    Value::One(if all.is_empty() { "there".into() } else { all.join("; ") })
}
