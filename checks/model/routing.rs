//! The send connector that Exchange picks, and in words why each other one lost.
use super::route::{self, Errand, HERE, Lost, Place, Selection};
use crate::evidence::exchange::SendConnector;
use crate::prelude::*;

/// The outcome of connector selection for one domain, with what it was made from.
pub struct Routing<'a> {
    pointer: String,
    connectors: &'a [SendConnector],
    domain: &'a str,
    selection: Selection,
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
        let selection = route::select(connectors, Errand { domain, bytes, place });
        Self { pointer, connectors, domain, selection }
    }

    /// The same for a message of `bytes`.
    pub fn at_size(&self, bytes: u64) -> Self {
        Self::from_place(self.pointer.clone(), self.connectors, self.domain, bytes, &|_| HERE)
    }

    /// The same from another place.
    pub fn seen_from(&self, place: &dyn Fn(&SendConnector) -> Place) -> Self {
        Self::from_place(self.pointer.clone(), self.connectors, self.domain, 0, place)
    }

    /// The same for another domain.
    pub fn for_domain<'d>(&self, domain: &'d str) -> Routing<'d>
    where
        'a: 'd,
    {
        Routing::new(self.pointer.clone(), self.connectors, domain)
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
        self.selection.winner.map(|at| self.at(at))
    }

    /// Whether the winner serves the domain only because it serves all domains.
    pub fn by_wildcard(&self) -> bool {
        self.winner().is_some_and(|(_, connector)| closest(connector, self.domain).is_some_and(|fixed| fixed == 0))
    }

    /// Whether a connector that is meant for the domain serves it.
    pub fn is_served(&self) -> bool {
        self.winner().is_some() && !self.by_wildcard()
    }

    /// A disabled connector that would have won were it enabled.
    pub fn disabled(&self) -> Option<(String, &'a SendConnector)> {
        let winner = self.winner().and_then(|(_, connector)| closest(connector, self.domain));
        let disabled = self.selection.lost.iter().filter(|(_, why)| *why == Lost::Disabled);
        disabled
            .filter_map(|(at, _)| Some((closest(&self.connectors[*at], self.domain)?, *at)))
            .filter(|(fixed, _)| *fixed > 0 && winner.is_none_or(|won| *fixed > won))
            .max_by_key(|(fixed, at)| (*fixed, core::cmp::Reverse(*at)))
            .map(|(_, at)| self.at(at))
    }

    /// Why each other connector lost, as a sentence's tail; empty where there is no other.
    pub fn why_others_lost(&self) -> String {
        let each: Vec<String> = self.selection.lost.iter().map(|&(at, why)| self.reason(at, why)).collect();
        if each.is_empty() { String::new() } else { format!(" ({})", listed(&each, 6)) }
    }

    /// The same without the connectors named `names`.
    pub fn why_others_lost_but(&self, names: &[&str]) -> String {
        let told = self.selection.lost.iter().filter(|(at, _)| !names.contains(&&*self.connectors[*at].name));
        let each: Vec<String> = told.map(|&(at, why)| self.reason(at, why)).collect();
        if each.is_empty() { String::new() } else { format!(" ({})", listed(&each, 6)) }
    }

    fn reason(&self, at: usize, why: Lost) -> String {
        let connector = &self.connectors[at];
        let won = self.selection.winner.map(|at| &self.connectors[at]);
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

/// The address spaces of a connector as an administrator writes them.
pub fn spaces(connector: &SendConnector) -> Vec<String> {
    let written = |space: &crate::evidence::exchange::AddressSpace| match &*space.kind {
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
    fn sizes_are_told_as_exchange_writes_them() {
        let cases = [(36_700_160, "35 MB"), (10_240, "10 KB"), (1_000, "1000 bytes"), (1_500_000, "1500000 bytes")];
        for (bytes, words) in cases {
            assert_eq!(bytes_in_words(bytes), words);
        }
    }
}
