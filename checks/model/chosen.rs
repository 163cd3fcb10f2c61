//! Whom to ask for where not everybody may be: of every combination of sources somebody, before the second of any.
use super::recipients::{self, Held, Recipient, State, holds};
use crate::prelude::*;
use alloc::collections::BTreeMap;

/// What the sources say of one recipient, as far as a gateway may go by it.
type Kind<'a> = (Vec<(&'a str, State, Option<Object<'a>>)>, Vec<(&'a str, bool)>);
/// An object's type, whether its account is disabled, and whether the address is its primary one.
type Object<'a> = (&'a str, bool, bool);

/// All recipients, the one whose answer decides most first: who was named as a known-good, then one of each combination
/// of sources (lists, what each directory holds, alias or primary, enabled or not), then the second of each, and so on.
/// Within a combination the order has nothing to do with the alphabet, and is the same in every run.
pub fn chosen<'a>(question: &'a Question, evidence: &'a Evidence) -> Vec<&'a str> {
    let mut all = recipients::all(question, evidence);
    let named = |recipient: &Recipient| {
        question.known_good.iter().chain(&question.traced).any(|good| good == recipient.address)
    };
    let mut order: Vec<&str> = all.iter().filter(|one| named(one)).map(|one| one.address).collect();
    all.retain(|one| !named(one));
    all.sort_by_cached_key(|recipient| scattered(recipient.address));
    let mut kinds: BTreeMap<Kind, Vec<&str>> = BTreeMap::new();
    for recipient in &all {
        kinds.entry(kind(recipient)).or_default().push(recipient.address);
    }
    let mut kinds: Vec<_> = kinds.into_values().collect();
    // What is rare is of most interest: the common kinds have their turn again and again.
    kinds.sort_by_key(Vec::len);
    let most = kinds.last().map_or(0, Vec::len);
    order.extend((0..most).flat_map(|turn| kinds.iter().filter_map(move |kind| kind.get(turn)).copied()));
    order
}

fn kind<'a>(recipient: &Recipient<'a>) -> Kind<'a> {
    let object = |held: &Held<'a>| {
        let entry = held.entries.iter().copied().find(|entry| holds(entry, recipient.address))?;
        let disabled = entry.integer("userAccountControl").is_some_and(|bits| bits & 0x2 != 0);
        let primary =
            |value: &String| value.strip_prefix("SMTP:").is_some_and(|own| recipients::same(own, recipient.address));
        let primary = entry.values("proxyAddresses").iter().any(primary);
        Some((entry.value("msExchRecipientTypeDetails").unwrap_or_default(), disabled, primary))
    };
    let directories = recipient.directories.iter().map(|held| (held.system, held.state, object(held))).collect();
    let lists = recipient.lists.iter().map(|list| (list.system, list.listed)).collect();
    (directories, lists)
}

/// A number that has nothing to do with the alphabet: in a long list neighbours are alike, of one department or one import
/// (FNV-1a, 64 bits).
fn scattered(address: &str) -> u64 {
    let mixed = address
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    // Its low bits alone are well mixed for short texts.
    mixed ^ (mixed >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::World;

    #[test]
    fn each_combination_of_sources_comes_before_the_second_of_any() {
        let mut world = World::healthy();
        let listed: Vec<String> = (0..30).map(|number| format!("m{number:02}@contoso.com")).collect();
        listed.iter().for_each(|address| world.directory(address, ""));
        let held = [
            ("anna@contoso.com", "user homeMDB=DB1 msExchRecipientTypeDetails=1"),
            ("room@contoso.com", "user homeMDB=DB1 msExchRecipientTypeDetails=16 userAccountControl=514"),
            ("off@contoso.com", "user homeMDB=DB1 msExchRecipientTypeDetails=1 userAccountControl=514"),
            ("all@contoso.com", "group msExchRecipientTypeDetails=256"),
        ];
        held.iter().for_each(|(address, object)| world.directory(address, object));
        world.directory("ben@contoso.com", held[0].1);
        let roster = held.iter().map(|(address, _)| (*address).to_string()).chain(["ben@contoso.com".into()]);
        world.evidence.directories[0].roster = Observed::Known(roster.collect());
        world.evidence.files[0].addresses = Observed::Known(listed);
        let order = chosen(&world.question, &world.evidence);
        assert_eq!((order.len(), order[0]), (36, "helpdesk@contoso.com"));
        let first: Vec<&str> = order[1..6].to_vec();
        for address in ["room@contoso.com", "off@contoso.com", "all@contoso.com"] {
            assert!(first.contains(&address), "{first:?}");
        }
        assert_eq!(first.iter().filter(|one| one.starts_with('m')).count(), 1, "{first:?}");
        let alphabetical = order.windows(2).all(|pair| pair[0] < pair[1]);
        assert!(!alphabetical && order == chosen(&world.question, &world.evidence));
    }
}
