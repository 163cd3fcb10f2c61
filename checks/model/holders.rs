//! Which objects hold an address among their proxy addresses: an index, for there may be thousands of both.
use super::{Model, Object};
use crate::prelude::*;
use alloc::borrow::Cow;

/// The addresses in small letters, each with the place of an object that holds it; sorted.
pub(super) type Holders<'a> = Vec<(Cow<'a, str>, usize)>;

impl<'a> Model<'a> {
    /// The objects that hold `address` among their SMTP proxy addresses, in the order of all.
    pub fn holders(&self, address: &str) -> impl Iterator<Item = &Object<'a>> {
        let all = self.holders.get_or_init(|| index(self.objects()));
        let wanted = address.to_lowercase();
        let start = all.partition_point(|(held, _)| **held < *wanted);
        let places = all[start..].iter().take_while(move |(held, _)| **held == *wanted);
        places.map(|(_, place)| &self.objects()[*place])
    }
}

fn index<'a>(objects: &[Object<'a>]) -> Holders<'a> {
    let mut all = Holders::new();
    for (place, object) in objects.iter().enumerate() {
        for value in object.entry.values("proxyAddresses") {
            let Some((_, held)) = value.split_once(':').filter(|(kind, _)| kind.eq_ignore_ascii_case("smtp")) else {
                continue;
            };
            let small = !held.chars().any(|c| !c.is_ascii() || c.is_ascii_uppercase());
            all.push((if small { Cow::Borrowed(held) } else { Cow::Owned(held.to_lowercase()) }, place));
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;
    use crate::stories::World;

    #[test]
    fn the_index_says_what_each_object_says() {
        let mut world = World::healthy();
        world.noteworthy(&[
            "user dn=CN=A proxyaddresses=SMTP:Orders@contoso.com proxyaddresses=smtp:a@contoso.com",
            "user dn=CN=B proxyaddresses=Smtp:ORDERS@contoso.com proxyaddresses=smtp:orders@contoso.com",
            "user dn=CN=C proxyaddresses=X500:orders@contoso.com mail=orders@contoso.com proxyaddresses=smtp:ÄRA@contoso.com",
        ]);
        let case = Case::new(&world.question, &world.evidence);
        for address in ["orders@contoso.com", "A@contoso.com", "ära@contoso.com", "nobody@contoso.com", ""] {
            let found: Vec<&str> = case.model.holders(address).map(|one| &*one.entry.dn).collect();
            let each = case.model.objects().iter().filter(|one| one.holds(address));
            assert_eq!(found, each.map(|one| &*one.entry.dn).collect::<Vec<_>>(), "{address}");
        }
        let found: Vec<&str> = case.model.holders("ORDERS@contoso.com").map(|one| &*one.entry.dn).collect();
        assert_eq!(found, ["CN=A", "CN=B"]);
    }
}
