//! The arrows of the picture.
use super::landscape::{Mark, Place, Way};
use super::places::{Behind, Hands, Seen};
use super::spots::Spot;
use crate::report::safe;
use nsdiag_checks::evidence::SystemKind;
use nsdiag_checks::judge::count;
use nsdiag_checks::model::path::Disposition;
use nsdiag_checks::model::{Model, OrganisationView};
use nsdiag_checks::report::Report;
use std::collections::BTreeMap;

/// What leads out of an Exchange system.
enum Exit<'a> {
    /// Into another one, by this connector.
    System(&'a str, String),
    /// Back to the gateways, by this connector, or by the MX records.
    Back(String),
    /// Into itself, by this connector.
    Itself(String),
    /// To hosts that nobody named, by this connector.
    Elsewhere(String),
    /// Nowhere: there is none.
    None,
    /// It is not known.
    Unknown,
}

/// The arrows; the places are moved on where a way leads to them from one that is as far from the Internet.
pub(super) fn ways<'r>(report: &'r Report, model: &Model<'r>, hands: &Hands<'r>, places: &mut [Place]) -> Vec<Way> {
    let mut all = Drawing { report, model, hands, ways: Vec::new() };
    all.begin(places);
    for behind in &hands.systems {
        if let Some(organisation) = model.organisation_of(behind.name) {
            all.out_of_exchange(organisation, behind);
        }
    }
    all.predicted();
    all.reach_the_rest();
    let mut ways = all.ways;
    arrange(places, &ways);
    ways.sort_by_key(|way| (places[way.from].layer, way.from, places[way.to].layer, way.to));
    ways
}

/// A system that mail reaches from another one stands behind it.
fn arrange(places: &mut [Place], ways: &[Way]) {
    for _ in 0..places.len().min(3) {
        for way in ways.iter().filter(|way| way.mark != Mark::Loop && way.from < way.to) {
            if places[way.to].layer == places[way.from].layer && places[way.to].layer >= 3 {
                places[way.to].layer = 4;
            }
        }
    }
}

struct Drawing<'d, 'r> {
    report: &'r Report,
    model: &'d Model<'r>,
    hands: &'d Hands<'r>,
    ways: Vec<Way>,
}

impl<'r> Drawing<'_, 'r> {
    fn begin(&mut self, places: &[Place]) {
        for group in &self.hands.gateways {
            let way = self.leading(0, group.at, &group.hops, true, group.seen);
            self.ways.push(way);
            if let Some(behind) = self.system(group.to.unwrap_or_default()) {
                let way = self.leading(group.at, behind.at, &behind.hops, false, self.seen(behind));
                self.ways.push(way);
            }
        }
        for behind in self.hands.systems.iter().filter(|behind| behind.is_first) {
            let way = self.leading(0, behind.at, &behind.front, true, Seen::of(self.report, &behind.front));
            self.ways.push(way);
        }
        // No host is known that the Internet could meet.
        if let Some(at) = places.iter().position(|place| place.title == "none is known") {
            let way = self.leading(0, at, &[], true, Seen::default());
            self.ways.push(way);
            if let Some(behind) = self.model.first_exchange().and_then(|name| self.system(name)) {
                let way = self.leading(at, behind.at, &behind.hops, false, self.seen(behind));
                self.ways.push(way);
            }
        }
    }

    fn system(&self, name: &str) -> Option<&'_ Behind<'r>> {
        self.hands.systems.iter().find(|behind| behind.name == name)
    }

    fn seen(&self, behind: &Behind) -> Seen {
        Seen::of(self.report, &behind.hops)
    }

    /// A way into hops: what the findings say of them, else what they said.
    fn leading(&self, from: usize, to: usize, hops: &[&str], gateways: bool, seen: Seen) -> Way {
        let (worst, findings) = self.hands.spots.before(hops, gateways);
        let (mark, words) = seen.judged();
        let (mark, words) = match worst {
            // How many it refuses says more than the name of the finding.
            Some(worst) if seen.refused > 0 && self.are_refusals(&findings) => (worst, words),
            Some(worst) => (worst, self.names(&findings)),
            None => (mark, words),
        };
        Way { from, to, mark, words, by: None, findings }
    }

    fn are_refusals(&self, findings: &[usize]) -> bool {
        findings.iter().any(|at| self.report.findings[*at].code.starts_with("NSD4"))
    }

    /// The name of the first finding: the worst.
    fn names(&self, findings: &[usize]) -> String {
        findings.first().map_or(String::new(), |at| safe(&self.report.findings[*at].name).replace('-', " "))
    }

    fn exit(&self, organisation: &OrganisationView<'r>) -> Exit<'r> {
        let exit = match organisation.exit(&self.report.domain) {
            Ok(Some(exit)) => exit,
            Ok(None) if organisation.is_online() => return Exit::Back("by the MX records".into()),
            Ok(None) => return Exit::None,
            Err(_) => return Exit::Unknown,
        };
        let by = safe(&format!("by '{}'", exit.name));
        if exit.smart_hosts.is_empty() {
            return Exit::Back(by);
        }
        let hosts = || exit.smart_hosts.iter();
        if hosts().any(|host| self.model.gateway_at(host, exit.port).is_some_and(|hop| !self.model.may_be_others(hop)))
        {
            return Exit::Back(by);
        }
        match hosts().find_map(|host| self.model.owner(host, exit.port)) {
            Some(owner) if owner.system == organisation.system => Exit::Itself(by),
            Some(owner) => Exit::System(owner.system, by),
            None => Exit::Elsewhere(by),
        }
    }

    fn out_of_exchange(&mut self, organisation: &OrganisationView<'r>, own: &Behind) {
        let round = self.going_round(own.name);
        let exit = self.exit(organisation);
        let to_exchange = matches!(exit, Exit::System(name, _) if self.model.organisation_of(name).is_some());
        let (worst, findings) = self.hands.spots.at(|spot| match spot {
            Spot::OutOf(name) => name == own.name,
            Spot::Between => to_exchange,
            _ => false,
        });
        let others: Vec<usize> = match &exit {
            Exit::System(name, _) => self.system(name).map(|behind| behind.at).into_iter().collect(),
            Exit::Elsewhere(_) => {
                self.others().filter(|behind| behind.name.is_empty()).map(|behind| behind.at).collect()
            }
            _ => self.others().filter(|behind| !behind.is_first).map(|behind| behind.at).collect(),
        };
        let by = match &exit {
            Exit::System(_, by) | Exit::Back(by) | Exit::Itself(by) | Exit::Elsewhere(by) => Some(by.clone()),
            _ => None,
        };
        let loops_by_finding = findings.iter().any(|at| is_loop(&self.report.findings[*at].code));
        if round > 0 || loops_by_finding {
            self.loop_of(own, &exit, round, &findings, by.clone());
        }
        for to in others {
            if self.ways.iter().any(|way| (way.from, way.to) == (own.at, to)) {
                continue;
            }
            let behind = self.hands.systems.iter().find(|behind| behind.at == to).expect("it was found there");
            let beyond = self.leading(own.at, to, &behind.hops, false, self.seen(behind));
            let mut way = Way { by: by.clone(), ..beyond };
            match (&exit, worst) {
                (Exit::Back(_) | Exit::Itself(_), Some(_)) => {
                    (way.mark, way.words, way.by) = (Mark::Broken, "never gets there".into(), None);
                    way.findings.extend(&findings);
                }
                (Exit::Back(_) | Exit::Itself(_), None) => {
                    (way.mark, way.words, way.by) = (Mark::Unknown, "no way is known".into(), None);
                }
                (_, Some(mark)) if mark >= way.mark => {
                    let mark = if loops_by_finding && to_exchange { Mark::Loop } else { mark };
                    (way.mark, way.words) = (mark, self.names(&findings));
                    way.findings.splice(0..0, findings.iter().copied());
                }
                (_, Some(_)) => way.findings.extend(&findings),
                (Exit::None, None) => (way.mark, way.words) = (Mark::Unknown, "no connector leads there".into()),
                (Exit::Unknown, None) => (way.mark, way.words) = (Mark::Unknown, "the way is not known".into()),
                _ => {}
            }
            self.ways.push(way);
        }
    }

    /// The systems that are no Exchange.
    fn others(&self) -> impl Iterator<Item = &Behind<'r>> {
        self.hands.systems.iter().filter(|behind| self.model.organisation_of(behind.name).is_none())
    }

    /// How many recipients' mail comes back to `system`.
    fn going_round(&self, system: &str) -> usize {
        let own = |one: &&nsdiag_checks::report::RecipientResult| {
            let systems = &one.predicted.systems;
            one.predicted.disposition == Disposition::Loop && systems.last().is_some_and(|last| last == system)
        };
        self.report.recipients.iter().filter(own).count()
    }

    fn loop_of(&mut self, own: &Behind, exit: &Exit, round: usize, findings: &[usize], by: Option<String>) {
        let gateways = self.hands.gateways.iter().find(|group| group.to == Some(own.name));
        let back_from = self.closing(own.name);
        let (from, to) = match (exit, back_from, gateways) {
            (_, Some(other), _) => (other, own.at),
            (Exit::Back(_), _, Some(group)) => (own.at, group.at),
            (Exit::System(name, _), ..) => match self.system(name) {
                // Each hands on to the other what it does not know: the one that comes first begins.
                Some(behind) if behind.at > own.at => return,
                Some(behind) => (own.at, behind.at),
                None => (own.at, own.at),
            },
            _ => (own.at, own.at),
        };
        let words = match round {
            0 => "whom nobody knows goes round".into(),
            round => format!("mail for {round} of {} goes round", self.report.recipients.len()),
        };
        let by = if from == own.at { by } else { None };
        self.ways.push(Way { from, to, mark: Mark::Loop, words, by, findings: findings.to_vec() });
    }

    /// The other system from which mail comes back to `system`.
    fn closing(&self, system: &str) -> Option<usize> {
        self.report.recipients.iter().find_map(|one| {
            let systems = &one.predicted.systems;
            let [.., before, last] = &systems[..] else { return None };
            let closes = one.predicted.disposition == Disposition::Loop && last == system && before != last;
            closes.then(|| self.system(before).map(|behind| behind.at)).flatten()
        })
    }

    /// The ways that recipients' mail takes by objects that send it on.
    fn predicted(&mut self) {
        let mut pairs: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for one in &self.report.recipients {
            for pair in one.predicted.systems.windows(2) {
                *pairs.entry((&pair[0], &pair[1])).or_default() += 1;
            }
        }
        for ((from, to), recipients) in pairs {
            let (Some(from), Some(to)) = (self.system(from), self.system(to)) else { continue };
            if from.at == to.at || self.ways.iter().any(|way| (way.from, way.to) == (from.at, to.at)) {
                continue;
            }
            let way = self.leading(from.at, to.at, &to.hops, false, self.seen(to));
            let by = Some(format!("for {}", count(recipients, "recipient")));
            self.ways.push(Way { by, ..way });
        }
    }

    /// A way into each system that nothing leads to yet.
    fn reach_the_rest(&mut self) {
        let exchange = self.model.first_exchange().and_then(|name| self.system(name)).map(|behind| behind.at);
        let first = self.hands.systems.iter().find(|behind| behind.is_first).map(|behind| behind.at);
        for behind in &self.hands.systems {
            if self.ways.iter().any(|way| way.to == behind.at && way.from != behind.at) {
                continue;
            }
            let Some(from) = first.or(exchange).filter(|from| *from != behind.at) else { continue };
            let way = self.leading(from, behind.at, &behind.hops, false, self.seen(behind));
            let online = self
                .report
                .run
                .settings
                .systems
                .iter()
                .any(|system| system.name == behind.name && system.kind == SystemKind::ExchangeOnline);
            let words = if online && way.findings.is_empty() { "no way is known".into() } else { way.words.clone() };
            self.ways.push(Way { words, ..way });
        }
    }
}

/// The codes by which mail goes round, whoever it is for.
fn is_loop(code: &str) -> bool {
    matches!(code, "NSD106" | "NSD107" | "NSD321" | "NSD322" | "NSD501")
}
