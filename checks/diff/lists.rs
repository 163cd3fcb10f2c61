//! Who is on the lists of mailboxes.
use super::parts::{Item, Part, field, known, look};
use crate::evidence::List;
use crate::prelude::*;
use alloc::collections::BTreeSet;

pub(super) fn parts(evidence: &Evidence) -> Vec<Part> {
    let of_system = |system: &str| evidence.files.iter().filter(|list| list.system == system).count();
    let part = |list: &List| {
        let aliases: BTreeSet<&String> = list.aliases.iter().collect();
        let item = |address: &String| {
            let kind = if aliases.contains(address) { "an alias" } else { "listed" };
            Item::new("address on the list", address, vec![field("", known(kind))])
        };
        let items = look(&list.addresses, |all| {
            let mut items: Vec<Item> = all.iter().map(item).collect();
            let left_out = vec![field("rows that could not be read", known(list.left_out.to_string()))];
            items.push(Item::new("list", "", left_out));
            items
        });
        // One list is the same one under another name.
        let place = match of_system(&list.system) {
            1 => list.system.clone(),
            _ => format!("{}, {}", list.system, list.source),
        };
        Part::new("list of mailboxes", place, items)
    };
    evidence.files.iter().map(part).collect()
}
