//! The order in which the remedies of one report work, and which of them are one cure.
//!
//! What a connector leads to comes before the connector, that before what hands it mail, and the gateway, which lets the
//! mail in, comes last: whoever stops half way has lost nothing that was delivered before.
use super::{Command, Remedy};
use crate::prelude::*;
use alloc::collections::BTreeSet;
use core::cmp::Reverse;

/// When a remedy's turn comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// Rights and credentials, without which the rest is guessed.
    Sight,
    /// The other system, and the names of its hosts.
    Beyond,
    /// Exchange's receive connectors.
    WayIn,
    /// Exchange's send and outbound connectors: what is relayed without one waits and expires.
    WayOut,
    /// The catch-all mailbox: Exchange relays no domain that has one.
    CatchAll,
    /// The accepted domain, as far as it opens the way to the other system.
    Domain,
    /// Contacts, mail users, mailboxes.
    Recipients,
    /// The accepted domain, where it becomes the end of the line: only for whom an object is there it leads on.
    EndOfLine,
    /// The gateway.
    Gateway,
    /// What the Internet reads in DNS.
    Outside,
}

/// One step: a cure, whoever needs it.
pub struct Step<'f> {
    /// Its number in the report.
    pub number: usize,
    /// The findings that it mends, the one whose remedy it is first.
    pub findings: Vec<&'f Finding>,
    /// The remedy, and after it other ways to the same end.
    pub ways: Vec<&'f Remedy>,
}

impl Remedy {
    /// The same, when its turn is another than what it does and where would say.
    pub fn at(self, turn: Turn) -> Self {
        Self { turn: Some(turn), ..self }
    }

    /// Whether it mends something; else it shows something, or has nsdiag ask otherwise.
    pub fn mends(&self) -> bool {
        self.place != "here" && !self.proof
    }

    /// When its turn comes: by what its last command changes, not by the one that has Edge servers learn it.
    pub fn turn(&self) -> Turn {
        let of = |command: &Command| {
            let text = command.text();
            match command.verb_and_noun().1 {
                "ReceiveConnector" | "InboundConnector" => Turn::WayIn,
                "SendConnector" | "OutboundConnector" => Turn::WayOut,
                "AcceptedDomain" if text.contains(" -DomainType Authoritative") => Turn::EndOfLine,
                "AcceptedDomain" if text.contains(" -CatchAllRecipient ") => Turn::CatchAll,
                "AcceptedDomain" => Turn::Domain,
                _ => Turn::Recipients,
            }
        };
        self.turn.unwrap_or(match &*self.place {
            "directory" => Turn::Sight,
            "other" => Turn::Beyond,
            "gateway" => Turn::Gateway,
            "dns" => Turn::Outside,
            _ if self.shell.is_none() => Turn::Recipients,
            _ => {
                let mut last_first = self.commands.iter().rev();
                let last = last_first.find(|one| !one.synchronises());
                last.map_or(Turn::Recipients, of)
            }
        })
    }

    /// How much it does, and how much of that it says: of two that do the same, the one is taken that warns.
    fn weight(&self) -> (usize, usize) {
        (self.commands.len(), self.commands.iter().map(|one| one.remarks().len()).sum())
    }

    /// Whether it does all that `other` does.
    fn covers(&self, other: &Self) -> bool {
        let first = |one: &&Command| other.commands.first().is_some_and(|first| first.text() == one.text());
        let may = other.commands.len() <= self.commands.len() && self.commands.iter().any(|one| first(&one));
        may && self.shell == other.shell && self.place == other.place && {
            // Ten thousand contacts are many.
            let own: BTreeSet<&str> = self.commands.iter().map(Command::text).collect();
            other.commands.iter().all(|one| own.contains(one.text()))
        }
    }
}

/// The remedy that `finding` is mended by; the ones after it are other ways.
pub fn cure(finding: &Finding) -> Option<&Remedy> {
    finding.remedies.iter().find(|remedy| remedy.mends())
}

/// Gives each remedy that mends something its place in the order of all. Other ways have the place of the first, and so has
/// what is done by the remedy of another finding already; `same_system` tells whether two remedies are for one system, so
/// that equal commands do the same.
pub fn arrange(findings: &mut [Finding], same_system: impl Fn(&Remedy, &Remedy) -> bool) {
    let all: Vec<&Finding> = findings.iter().collect();
    // Whose remedy is taken for whom: of several that do the same the first one, and before it one that does more.
    let owner = |at: usize| {
        let own = cure(all[at])?;
        let more = |other: usize| {
            let cure = cure(all[other])?;
            let does = other == at || cure.covers(own) && same_system(own, cure);
            does.then_some((Reverse(cure.weight()), other))
        };
        (0..all.len()).filter_map(more).min().map(|(_, other)| other)
    };
    let owners: Vec<Option<usize>> = (0..all.len()).map(owner).collect();
    let mut turns: Vec<(Turn, usize)> = Vec::new();
    for at in owners.iter().flatten() {
        let turn = (cure(all[*at]).map_or(Turn::Outside, Remedy::turn), *at);
        if !turns.contains(&turn) {
            turns.push(turn);
        }
    }
    turns.sort_unstable();
    let numbers: Vec<Option<usize>> = owners
        .iter()
        .map(|owner| turns.iter().position(|(_, at)| Some(*at) == *owner).map(|place| place + 1))
        .collect();
    for (finding, number) in findings.iter_mut().zip(numbers) {
        finding.remedies.iter_mut().for_each(|remedy| remedy.order = number.filter(|_| remedy.mends()));
    }
}

/// The steps in their order. Remedies of a report that gives none come last, each by itself.
pub fn steps(findings: &[Finding]) -> Vec<Step<'_>> {
    let cured = |finding| cure(finding).map(|remedy| (remedy.order.unwrap_or(usize::MAX), remedy, finding));
    let mut cures: Vec<(usize, &Remedy, &Finding)> = findings.iter().filter_map(cured).collect();
    // Of one order the one that does most is the one whose remedy it is; what has none stays as it stands.
    cures.sort_by_key(|(order, remedy, _)| (*order, Reverse(remedy.order.map(|_| remedy.weight()))));
    let mut steps: Vec<Step> = Vec::new();
    let mut last = usize::MAX;
    for (order, _, finding) in cures {
        if order == usize::MAX || order != last {
            steps.push(Step { number: steps.len() + 1, findings: Vec::new(), ways: Vec::new() });
        }
        last = order;
        let step = steps.last_mut().expect("just pushed, or there before");
        let first = step.findings.is_empty();
        step.findings.push(finding);
        // The remedy itself is there already, where it is another finding's.
        let ways = finding.remedies.iter().filter(|remedy| remedy.mends());
        step.ways.extend(ways.skip(usize::from(!first)));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(code: &str, remedies: Vec<Remedy>) -> Finding {
        let mut notes = Notes::new(crate::checks()[0].1);
        let mut finding = notes.finding("x").clone();
        (finding.code, finding.remedies) = (code.into(), remedies);
        finding
    }

    fn exchange(all: &[Cmdlet]) -> Remedy {
        Remedy::exchange("x", all.to_vec(), vec![])
    }

    fn words(place: &str) -> Remedy {
        Remedy::steps(place, "x", vec!["do it".into()])
    }

    /// The codes of each step, in their order.
    fn told(mut findings: Vec<Finding>, same: bool) -> Vec<String> {
        arrange(&mut findings, |_, _| same);
        let codes = |step: &Step| step.findings.iter().map(|one| &*one.code).collect::<Vec<_>>().join("+");
        steps(&findings).iter().map(|step| format!("{} {}: {}", step.number, codes(step), step.ways.len())).collect()
    }

    #[test]
    fn what_has_to_be_there_first_comes_first() {
        let domain = || Cmdlet::new("Set-AcceptedDomain").with("Identity", "contoso.com");
        let relay = || domain().word("DomainType", "InternalRelay");
        let connector = || Cmdlet::new("New-SendConnector").with("Name", "to zimbra");
        let contact = || Cmdlet::new("New-MailContact").with("Name", "orders");
        let last = || domain().word("DomainType", "Authoritative");
        let shown = vec![exchange(&[Cmdlet::new("Get-Queue")]), words("here")];
        let all = vec![
            finding("outside", vec![words("dns")]),
            finding("gateway", vec![words("gateway")]),
            finding("last", vec![exchange(&[last()])]),
            finding("contact", vec![exchange(&[contact()]), words("gateway")]),
            finding("relay", vec![exchange(&[relay()])]),
            finding("catch-all", vec![exchange(&[domain().null("CatchAllRecipient")])]),
            finding("connector", vec![exchange(&[connector()]), exchange(&[Cmdlet::new("Get-Queue")])]),
            finding("beyond", vec![words("other")]),
            finding("name", vec![Remedy::steps("dns", "y", vec!["its name".into()]).at(Turn::Beyond)]),
            finding("rights", vec![words("directory")]),
            finding("nothing to mend", shown),
        ];
        let expected = [
            "1 rights: 1",
            "2 beyond: 1",
            "3 name: 1",
            "4 connector: 1",
            "5 catch-all: 1",
            "6 relay: 1",
            "7 contact: 2",
            "8 last: 1",
            "9 gateway: 1",
            "10 outside: 1",
        ];
        assert_eq!(told(all, true), expected);
    }

    #[test]
    fn one_cure_is_one_step_unless_it_is_for_two_systems() {
        let domain = || Cmdlet::new("Set-AcceptedDomain").with("Identity", "contoso.com");
        let relay = || domain().word("DomainType", "InternalRelay");
        let off = || domain().null("CatchAllRecipient");
        let all = || {
            vec![
                finding("refused", vec![exchange(&[off(), relay()]), words("gateway")]),
                finding("authoritative", vec![exchange(&[off(), relay()])]),
                finding("catch-all", vec![exchange(&[off()])]),
                finding("another", vec![exchange(&[Cmdlet::new("New-MailContact").with("Name", "a")])]),
            ]
        };
        let once = ["1 refused+authoritative+catch-all: 2", "2 another: 1"];
        assert_eq!(told(all(), true), once);
        let each = ["1 catch-all: 1", "2 refused: 2", "3 authoritative: 1", "4 another: 1"];
        assert_eq!(told(all(), false), each);
    }

    #[test]
    fn of_two_that_do_the_same_the_one_that_warns_is_taken() {
        let off =
            || Cmdlet::new("Set-AcceptedDomain").with("Identity", "contoso.com").bool("AddressBookEnabled", false);
        let warned = || off().remark("first give it a connector");
        for all in [[off(), warned()], [warned(), off()]] {
            let mut findings = all.map(|one| finding("NSD304", vec![exchange(&[one])]));
            arrange(&mut findings, |_, _| true);
            let steps = steps(&findings);
            assert_eq!((steps.len(), steps[0].findings.len()), (1, 2));
            assert_eq!(steps[0].ways[0].commands[0].remarks(), ["first give it a connector"]);
        }
    }

    #[test]
    fn remedies_without_an_order_come_as_they_stand() {
        let findings = [finding("a", vec![words("gateway")]), finding("b", vec![words("other")])];
        let codes: Vec<_> = steps(&findings).iter().map(|step| (step.number, &*step.findings[0].code)).collect();
        assert_eq!(codes, [(1, "a"), (2, "b")]);
    }
}
