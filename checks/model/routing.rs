//! The send connector that Exchange picks, and in words why each other one lost.
use super::route::{self, Errand, HERE, Lost, Place, Selection};
use crate::evidence::exchange::{AddressSpace, SendConnector};
use crate::evidence::reading::Unreadable;
use crate::prelude::*;

/// The outcome of connector selection for one domain, with what it was made from.
pub struct Routing<'a> {
    pointer: String,
    connectors: &'a [SendConnector],
    domain: &'a str,
    bytes: u64,
    choice: Choice,
    /// The connector of which something could not be read that may change the choice.
    doubt: Option<(usize, &'a Unreadable)>,
}

/// Who wins, how much of the domain the winner fixes, and which disabled one would win were it enabled.
struct Choice {
    selection: Selection,
    fixed: Option<usize>,
    disabled: Option<usize>,
}

impl<'a> Routing<'a> {
    /// Selects for a message of no size, from a server in each connector's own site.
    pub fn new(pointer: String, connectors: &'a [SendConnector], domain: &'a str) -> Self {
        Self::from_place(pointer, connectors, domain, 0, &|_| HERE)
    }

    /// Selects for a message of `bytes`, from a server that stands to each connector as `place` says.
    pub fn from_place(
        pointer: String,
        connectors: &'a [SendConnector],
        domain: &'a str,
        bytes: u64,
        place: &dyn Fn(&SendConnector) -> Place,
    ) -> Self {
        let (choice, doubt) = choose(connectors, Errand { domain, bytes, place });
        Self { pointer, connectors, domain, bytes, choice, doubt }
    }

    /// The same for a message of `bytes`.
    pub fn at_size(&self, bytes: u64) -> Self {
        Self::from_place(self.pointer.clone(), self.connectors, self.domain, bytes, &|_| HERE)
    }

    /// The same from another place.
    pub fn seen_from(&self, place: &dyn Fn(&SendConnector) -> Place) -> Self {
        Self::from_place(self.pointer.clone(), self.connectors, self.domain, self.bytes, place)
    }

    /// The same for another domain.
    pub fn for_domain<'d>(&self, domain: &'d str) -> Routing<'d>
    where
        'a: 'd,
    {
        Routing::new(self.pointer.clone(), self.connectors, domain)
    }

    /// The connector of which something could not be read that may make it win, or lose.
    pub fn doubt(&self) -> Option<(&'a SendConnector, &'a Unreadable)> {
        self.doubt.map(|(at, unread)| (&self.connectors[at], unread))
    }

    /// The JSON Pointer to the list of connectors.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// All connectors, with their pointers.
    pub fn all(&self) -> impl Iterator<Item = (String, &'a SendConnector)> {
        (0..self.connectors.len()).map(|at| self.at(at))
    }

    /// The winner, with its pointer.
    pub fn winner(&self) -> Option<(String, &'a SendConnector)> {
        self.choice.selection.winner.map(|at| self.at(at))
    }

    /// Whether the winner serves the domain only because it serves all domains.
    pub fn by_wildcard(&self) -> bool {
        self.choice.fixed == Some(0)
    }

    /// Whether a connector that is meant for the domain serves it.
    pub fn is_served(&self) -> bool {
        self.winner().is_some() && !self.by_wildcard()
    }

    /// A disabled connector that would have won were it enabled.
    pub fn disabled(&self) -> Option<(String, &'a SendConnector)> {
        self.choice.disabled.map(|at| self.at(at))
    }

    /// Why each other connector lost, as a sentence's tail; empty where there is no other.
    pub fn why_others_lost(&self) -> String {
        let each: Vec<String> = self.choice.selection.lost.iter().map(|&(at, why)| self.reason(at, why)).collect();
        if each.is_empty() { String::new() } else { format!(" ({})", listed(&each, 6)) }
    }

    /// The same without the connectors named `names`.
    pub fn why_others_lost_but(&self, names: &[&str]) -> String {
        let told = self.choice.selection.lost.iter().filter(|(at, _)| !names.contains(&&*self.connectors[*at].name));
        let each: Vec<String> = told.map(|&(at, why)| self.reason(at, why)).collect();
        if each.is_empty() { String::new() } else { format!(" ({})", listed(&each, 6)) }
    }

    fn reason(&self, at: usize, why: Lost) -> String {
        let connector = &self.connectors[at];
        let won = self.choice.selection.winner.map(|at| &self.connectors[at]);
        let winner = won.map_or(String::new(), |won| format!("'{}'", won.name));
        let cost = |connector: &SendConnector| route::cost(connector, self.domain).unwrap_or_default();
        let of_winner = won.map(cost).unwrap_or_default();
        let reason = match why {
            Lost::Size => format!("takes {} at most", bytes_in_words(connector.max_bytes.unwrap_or_default())),
            Lost::Disabled => "is disabled".into(),
            Lost::Scope => "is scoped to another site".into(),
            Lost::NoMatch => match &spaces(connector)[..] {
                [] => "has no address space".into(),
                spaces => format!("serves {}", listed(spaces, 3)),
            },
            Lost::LessSpecific => format!("is less specific than {winner}"),
            Lost::Cost if cost(connector) > of_winner => {
                format!("costs {}, {winner} {of_winner}", cost(connector))
            }
            Lost::Cost => format!("costs more than {winner} with the site links"),
            Lost::Distance => format!("is farther than {winner}"),
            Lost::Name => format!("comes after {winner} by name"),
        };
        format!("'{}' {reason}", connector.name)
    }

    fn at(&self, at: usize) -> (String, &'a SendConnector) {
        (format!("{}/{at}", self.pointer), &self.connectors[at])
    }
}

impl Choice {
    fn of(connectors: &[SendConnector], errand: Errand) -> Self {
        let selection = route::select(connectors, errand);
        let fixed = selection.winner.and_then(|at| closest(&connectors[at], errand.domain));
        let disabled = selection.lost.iter().filter(|(_, why)| *why == Lost::Disabled);
        let disabled = disabled
            .filter_map(|(at, _)| Some((closest(&connectors[*at], errand.domain)?, *at)))
            .filter(|(own, _)| *own > 0 && fixed.is_none_or(|won| *own > won))
            .max_by_key(|(own, at)| (*own, core::cmp::Reverse(*at)))
            .map(|(_, at)| at);
        Self { selection, fixed, disabled }
    }

    fn is_like(&self, other: &Self) -> bool {
        (self.selection.winner, self.fixed, self.disabled) == (other.selection.winner, other.fixed, other.disabled)
    }
}

/// The choice with what could not be read supposed to be at its worst, and the first connector that changes it when it is
/// supposed to be at its best.
fn choose<'a>(connectors: &'a [SendConnector], errand: Errand) -> (Choice, Option<(usize, &'a Unreadable)>) {
    const DECIDING: [&str; 3] = ["enabled", "address_spaces", "max_bytes"];
    let mut doubtful =
        connectors.iter().enumerate().filter_map(|(at, one)| Some((at, one.unreadable.of(&DECIDING)?))).peekable();
    if doubtful.peek().is_none() {
        return (Choice::of(connectors, errand), None);
    }
    let mut all: Vec<SendConnector> = connectors.iter().map(|one| supposed(one, errand, false)).collect();
    let choice = Choice::of(&all, errand);
    let doubt = doubtful.find(|(at, _)| {
        let worst = core::mem::replace(&mut all[*at], supposed(&connectors[*at], errand, true));
        let other = Choice::of(&all, errand);
        all[*at] = worst;
        !other.is_like(&choice)
    });
    (choice, doubt)
}

/// The connector with what could not be read supposed to be at its best for the errand, or at its worst.
fn supposed(connector: &SendConnector, errand: Errand, best: bool) -> SendConnector {
    let unread = |field| connector.unreadable.of(&[field]).is_some();
    let mut supposed = connector.clone();
    if unread("enabled") {
        supposed.enabled = best;
    }
    if unread("max_bytes") {
        supposed.max_bytes = (!best).then_some(0);
    }
    for one in connector.unreadable.0.iter().filter(|one| one.field == "address_spaces") {
        let (kind, address) = AddressSpace::stands(one.value.as_deref().unwrap_or_default());
        let cost = if best { 1 } else { 100 };
        match address {
            _ if kind != "SMTP" => {}
            // Its cost alone could not be read.
            Some(address) => supposed.address_spaces.push(AddressSpace { kind, address, cost, local: false }),
            None if best => {
                supposed.address_spaces.push(AddressSpace { kind, address: errand.domain.into(), cost, local: false });
            }
            None => {}
        }
    }
    supposed
}

/// The address spaces of a connector as an administrator writes them.
pub fn spaces(connector: &SendConnector) -> Vec<String> {
    let written = |space: &AddressSpace| match &*space.kind {
        "SMTP" => space.address.clone(),
        kind => format!("{kind}:{}", space.address),
    };
    connector.address_spaces.iter().map(written).collect()
}

/// How many characters of `domain` the connector's closest address space fixes; none where it does not serve it.
pub fn closest(connector: &SendConnector, domain: &str) -> Option<usize> {
    connector.address_spaces.iter().filter_map(|space| route::specificity(space, domain)).max().map(|(fixed, _)| fixed)
}

/// A size as Exchange writes it, in whole megabytes or kilobytes where it is one.
pub fn bytes_in_words(bytes: u64) -> String {
    const KB: u64 = 1024;
    const MB: u64 = 1024 * KB;
    match bytes {
        _ if bytes >= MB && bytes.is_multiple_of(MB) => format!("{} MB", bytes / MB),
        _ if bytes >= KB && bytes.is_multiple_of(KB) => format!("{} KB", bytes / KB),
        _ => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::connector;

    #[test]
    fn each_loser_is_told_with_its_reason() {
        let mut all = vec![
            connector("To Zimbra", "SMTP:contoso.com;5"),
            connector("Internet", "SMTP:*;1"),
            connector("Old", "SMTP:contoso.com;1"),
            connector("Dear", "SMTP:contoso.com;9"),
            connector("Fabrikam", "SMTP:fabrikam.com;1"),
            connector("Zz", "SMTP:contoso.com;5"),
            connector("Fax", "X400:c=us;1"),
            connector("Small", "SMTP:contoso.com;1"),
        ];
        all[2].enabled = false;
        all[7].max_bytes = Some(10 * 1024 * 1024);
        let routing = Routing::from_place("/x".into(), &all, "contoso.com", 20 * 1024 * 1024, &|_| HERE);
        assert_eq!(routing.winner().map(|(pointer, won)| (pointer, &*won.name)), Some(("/x/0".into(), "To Zimbra")));
        assert_eq!(
            routing.why_others_lost(),
            " ('Internet' is less specific than 'To Zimbra', 'Old' is disabled, 'Dear' costs 9, 'To Zimbra' 5, \
             'Fabrikam' serves fabrikam.com, 'Zz' comes after 'To Zimbra' by name, 'Fax' serves X400:c=us and 1 more)"
        );
        assert_eq!(Routing::new("/x".into(), &all[..1], "contoso.com").why_others_lost(), "");
        assert_eq!(routing.at_size(0).winner().map(|(_, won)| &*won.name), Some("Small"));
        assert!(routing.is_served() && !routing.for_domain("fabrikam.org").is_served());
    }

    #[test]
    fn what_cannot_be_read_is_in_doubt_only_where_it_may_change_the_choice() {
        let odd = |name: &str, space: &str, field: &str, value: &str| {
            let mut one = connector(name, space);
            let unread = Unreadable { field: field.into(), said: "x".into(), value: Some(value.into()) };
            one.unreadable.0.push(unread);
            one
        };
        let zimbra = || connector("To Zimbra", "SMTP:contoso.com;5");
        let cases: Vec<(&str, Vec<SendConnector>, u64, Option<&str>)> = vec![
            ("nothing is in doubt", vec![zimbra(), connector("Internet", "SMTP:*;1")], 0, None),
            ("the only one may be disabled", vec![odd("Odd", "SMTP:contoso.com;1", "enabled", "")], 0, Some("Odd")),
            ("the better one may be", vec![zimbra(), odd("Odd", "SMTP:contoso.com;1", "enabled", "")], 0, Some("Odd")),
            ("a worse one", vec![zimbra(), odd("Odd", "SMTP:contoso.com;9", "enabled", "")], 0, None),
            ("the wildcard beside its own", vec![zimbra(), odd("Odd", "SMTP:*;1", "enabled", "")], 0, None),
            ("another domain's", vec![zimbra(), odd("Odd", "SMTP:fabrikam.com;1", "enabled", "")], 0, None),
            ("a space", vec![zimbra(), odd("Odd", "", "address_spaces", "SMTP:co ntoso;1")], 0, Some("Odd")),
            ("a space beside the wildcard", vec![odd("Odd", "SMTP:*;1", "address_spaces", "?")], 0, Some("Odd")),
            ("a cost", vec![zimbra(), odd("Odd", "", "address_spaces", "SMTP:contoso.com;x")], 0, Some("Odd")),
            ("the only one's cost", vec![odd("Odd", "", "address_spaces", "SMTP:contoso.com;x")], 0, None),
            ("another domain's cost", vec![zimbra(), odd("Odd", "", "address_spaces", "fabrikam.com;0")], 0, None),
            ("a fax space", vec![zimbra(), odd("Odd", "", "address_spaces", "FAX:;x")], 0, None),
            ("a size that matters to none", vec![odd("Odd", "SMTP:contoso.com;1", "max_bytes", "")], 0, None),
            ("a size", vec![odd("Odd", "SMTP:contoso.com;1", "max_bytes", "")], 1024, Some("Odd")),
            ("a port", vec![odd("Odd", "SMTP:contoso.com;1", "port", "")], 0, None),
        ];
        for (name, all, bytes, expected) in cases {
            let routing = Routing::from_place("/x".into(), &all, "contoso.com", bytes, &|_| HERE);
            assert_eq!(routing.doubt().map(|(connector, _)| &*connector.name), expected, "{name}");
            assert!(routing.winner().is_some() || expected.is_some(), "{name}");
        }
    }

    #[test]
    fn sizes_are_told_as_exchange_writes_them() {
        let cases = [(36_700_160, "35 MB"), (10_240, "10 KB"), (1_000, "1000 bytes"), (1_500_000, "1500000 bytes")];
        for (bytes, words) in cases {
            assert_eq!(bytes_in_words(bytes), words);
        }
    }
}
