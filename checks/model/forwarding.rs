//! Where a recipient's mail goes on to: forwarding and targets as a graph over the directory objects in evidence.
use super::Object;
use crate::evidence::address;
use crate::prelude::*;
use alloc::collections::BTreeMap;

/// The attribute that sends mail on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Via {
    /// `altRecipient`: an object of the same directory.
    AltRecipient,
    /// `msExchGenericForwardingAddress`: any address.
    ForwardingAddress,
    /// `targetAddress`: where a contact's, a mail user's or a remote mailbox's mail goes.
    TargetAddress,
}

impl Via {
    /// The attribute's name.
    pub fn attribute(self) -> &'static str {
        match self {
            Self::AltRecipient => "altRecipient",
            Self::ForwardingAddress => "msExchGenericForwardingAddress",
            Self::TargetAddress => "targetAddress",
        }
    }
}

/// One step of a chain, from one object to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Whose mail is sent on, by its place among the objects.
    pub from: usize,
    /// What sends it on.
    pub via: Via,
    /// To whom.
    pub to: usize,
}

/// What becomes of mail in a circle of forwarding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Exchange gives up: 5.4.6, RESOLVER.FWD.Loop.
    Lost,
    /// It is forwarded by address alone: Exchange marks what it forwards so (X-MS-Exchange-ForwardingLoop), forwards nothing
    /// that comes back, and leaves it in the mailbox.
    Cut,
    /// Every member keeps a copy.
    Kept,
    /// Some keep a copy, and so hold what reaches them.
    Collected,
    /// It mixes ways of which no source says what they do together, or whether copies are kept was not seen.
    Open,
}

/// All objects, with who forwards to whom.
pub struct Forwarding<'m, 'a> {
    objects: &'m [Object<'a>],
    by_name: BTreeMap<(&'a str, String), usize>,
    by_address: BTreeMap<&'m str, Vec<usize>>,
}

impl<'m, 'a> Forwarding<'m, 'a> {
    /// Draws the graph.
    pub fn new(objects: &'m [Object<'a>]) -> Self {
        let mut by_name = BTreeMap::new();
        let mut by_address: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, object) in objects.iter().enumerate() {
            by_name.insert((object.system, object.entry.dn.to_lowercase()), at);
            by_name.insert((object.system, canonical(&object.entry.dn).to_lowercase()), at);
            for each in object.addresses() {
                by_address.entry(each).or_default().push(at);
            }
        }
        Self { objects, by_name, by_address }
    }

    /// Where the mail of the object at `from` goes on to, as far as that is in evidence. A target counts before
    /// `altRecipient`, and that before a forwarding address.
    pub fn next(&self, from: usize) -> Option<Link> {
        let object = &self.objects[from];
        let link = |via, to| Some(Link { from, via, to });
        if let Some(target) = object.target() {
            let target = target.ok()?;
            // An address of its own sends mail out of the organisation; whether it comes back is the routing's to say.
            if object.holds(&target) {
                return None;
            }
            return link(Via::TargetAddress, self.resolve(object.system, &target)?);
        }
        if let Some(name) = object.entry.value("altRecipient") {
            return link(Via::AltRecipient, *self.by_name.get(&(object.system, name.to_lowercase()))?);
        }
        let to = object.entry.value("msExchGenericForwardingAddress")?;
        link(Via::ForwardingAddress, self.resolve(object.system, &address::fold(to).ok()?)?)
    }

    /// What becomes of mail in a circle.
    pub fn fate(&self, circle: &[Link]) -> Fate {
        let keeps = |link: &&Link| link.via != Via::TargetAddress && self.objects[link.from].keeps_copy() == Some(true);
        let keeping = circle.iter().filter(keeps).count();
        let unseen = |link: &Link| link.via != Via::TargetAddress && self.objects[link.from].keeps_copy().is_none();
        let by_address = circle.iter().filter(|link| link.via == Via::ForwardingAddress).count();
        match (keeping, by_address) {
            (keeping, _) if keeping == circle.len() => Fate::Kept,
            (_, by_address) if by_address == circle.len() => Fate::Cut,
            (0, 0) if circle.iter().any(unseen) => Fate::Open,
            (0, 0) => Fate::Lost,
            (0, _) => Fate::Open,
            _ => Fate::Collected,
        }
    }

    /// The circles in which mail is lost.
    pub fn losing(&self) -> Vec<Vec<Link>> {
        self.circles().into_iter().filter(|circle| self.fate(circle) == Fate::Lost).collect()
    }

    /// The one object that resolves `address`: in `system`, or else elsewhere.
    fn resolve(&self, system: &str, address: &str) -> Option<usize> {
        let all = self.by_address.get(address)?;
        let here: Vec<usize> = all.iter().copied().filter(|at| self.objects[*at].system == system).collect();
        match (&here[..], &all[..]) {
            ([one], _) | ([], [one]) => Some(*one),
            _ => None,
        }
    }

    /// The circles, each once, beginning with the object that comes first.
    pub fn circles(&self) -> Vec<Vec<Link>> {
        let mut circles = Vec::new();
        // 0: not seen; n: seen in the n-th walk.
        let mut walked = vec![0_usize; self.objects.len()];
        for start in 0..self.objects.len() {
            let mut walk: Vec<Link> = Vec::new();
            let mut at = start;
            while walked[at] == 0 {
                walked[at] = start + 1;
                let Some(link) = self.next(at) else { break };
                walk.push(link);
                at = link.to;
            }
            let closed = walk.last().is_some_and(|last| last.to == at) && walked[at] == start + 1;
            if let Some(first) = walk.iter().position(|link| link.from == at).filter(|_| closed) {
                let mut circle = walk.split_off(first);
                let smallest =
                    circle.iter().enumerate().min_by_key(|(_, link)| link.from).map_or(0, |(place, _)| place);
                circle.rotate_left(smallest);
                circles.push(circle);
            }
        }
        circles
    }

    /// A chain in words: `mail for a@… goes on to b@… (altRecipient), which goes on to …`; of a long one its beginning.
    pub fn words(&self, chain: &[Link]) -> String {
        const LONG: usize = 6;
        let name = |at: usize| self.objects[at].name();
        let copy = |link: &Link| match self.objects[link.from].entry.boolean("deliverAndRedirect") {
            Some(true) => ", and stays",
            _ => "",
        };
        let step = |link: &Link| format!("goes on to {} ({}){}", name(link.to), link.via.attribute(), copy(link));
        let steps: Vec<String> = chain.iter().take(LONG).map(step).collect();
        let first = chain.first().map(|link| name(link.from)).unwrap_or_default();
        let rest = match chain.len().checked_sub(LONG) {
            None | Some(0) => String::new(),
            Some(more) => format!(", and so on over {more} more"),
        };
        format!("mail for {first} {}{rest}", steps.join(", which "))
    }
}

/// A distinguished name as exports write it: `contoso.com/Users/Anna` for `CN=Anna,CN=Users,DC=contoso,DC=com`.
fn canonical(dn: &str) -> String {
    let mut parts: Vec<String> = vec![String::new()];
    let mut escaped = false;
    for c in dn.chars() {
        match c {
            _ if escaped => {
                parts.last_mut().expect("never empty").push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            ',' => parts.push(String::new()),
            _ => parts.last_mut().expect("never empty").push(c),
        }
    }
    let mut domain = Vec::new();
    let mut path = Vec::new();
    for (kind, value) in parts.iter().filter_map(|part| part.split_once('=')) {
        match kind.trim().eq_ignore_ascii_case("dc") {
            true => domain.push(value),
            false => path.push(value),
        }
    }
    path.push("");
    path.reverse();
    format!("{}{}", domain.join("."), path.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::World;

    #[test]
    fn circles_are_found_once_and_chains_are_none() {
        let a = "user dn=CN=A,CN=Users,DC=contoso,DC=com proxyaddresses=SMTP:a@contoso.com homemdb=DB1";
        let b = "user dn=CN=B,CN=Users,DC=contoso,DC=com proxyaddresses=SMTP:b@contoso.com homemdb=DB1";
        let c = "contact dn=CN=C,CN=Users,DC=contoso,DC=com proxyaddresses=SMTP:c@contoso.com";
        let d = "contact dn=CN=D,CN=Users,DC=contoso,DC=com proxyaddresses=SMTP:d@contoso.com targetaddress=smtp:c@contoso.com";
        let to = |name: &str| format!("altrecipient=CN={name},CN=Users,DC=contoso,DC=com");
        let circle = "mail for a@contoso.com goes on to b@contoso.com (altRecipient), which goes on to a@contoso.com";
        let cases: [(&str, Vec<String>, Vec<String>); 8] = [
            ("two forward to each other", vec![format!("{a} {}", to("B")), format!("{b} {}", to("a"))], vec![format!("{circle} (altRecipient)")]),
            ("as exports write it", vec![format!("{a} altrecipient=contoso.com/Users/B"), format!("{b} {}", to("A"))], vec![format!("{circle} (altRecipient)")]),
            ("a chain", vec![format!("{a} {}", to("B")), b.into()], vec![]),
            ("to itself", vec![format!("{a} {}", to("A"))], vec!["mail for a@contoso.com goes on to a@contoso.com (altRecipient)".into()]),
            ("by address", vec![format!("{a} {}", to("B")), format!("{b} msexchgenericforwardingaddress=smtp:A@contoso.com")], vec![format!("{circle} (msExchGenericForwardingAddress)")]),
            ("a contact of its own address", vec![format!("{c} targetaddress=SMTP:c@contoso.com")], vec![]),
            ("contacts that point at each other", vec![format!("{c} targetaddress=SMTP:d@contoso.com"), d.into()], vec!["mail for c@contoso.com goes on to d@contoso.com (targetAddress), which goes on to c@contoso.com (targetAddress)".into()]),
            ("a tail into a circle", vec![d.into(), format!("{c} targetaddress=SMTP:a@contoso.com"), format!("{a} {}", to("B")), format!("{b} {}", to("A"))], vec![format!("{circle} (altRecipient)")]),
        ];
        for (name, objects, expected) in cases {
            let mut world = World::healthy();
            world.noteworthy(&objects.iter().map(String::as_str).collect::<Vec<_>>());
            let case = Case::new(&world.question, &world.evidence);
            let forwarding = Forwarding::new(case.model.objects());
            let found: Vec<_> = forwarding.circles().iter().map(|circle| forwarding.words(circle)).collect();
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn a_name_is_known_by_its_path_too() {
        assert_eq!(canonical("CN=Anna,CN=Users,DC=contoso,DC=com"), "contoso.com/Users/Anna");
        assert_eq!(canonical("CN=Meier\\, Anna,OU=A,OU=B,DC=com"), "com/B/A/Meier, Anna");
    }
}
