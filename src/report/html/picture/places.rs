//! The boxes of the picture.
use super::landscape::{Beside, BesideKind, Mark, Place};
use super::spots::{Spot, Spots};
use crate::report::safe;
use crate::report::words::word;
use nsdiag_checks::evidence::directory::Origin;
use nsdiag_checks::evidence::{Observed, Role, System, SystemKind};
use nsdiag_checks::judge::count;
use nsdiag_checks::model::diagnosis::Fate;
use nsdiag_checks::model::{HopView, Model, Outcome};
use nsdiag_checks::report::Report;

/// How many hosts a box names.
const HOSTS: usize = 4;

/// Which hops stand before which box, and what is known of them.
pub(super) struct Hands<'r> {
    pub(super) spots: Spots,
    /// The boxes of gateways, by their place in the picture: their hops, and the system that they hand mail to.
    pub(super) gateways: Vec<Gateways<'r>>,
    /// The systems: their name, their place in the picture, and their hops.
    pub(super) systems: Vec<Behind<'r>>,
}

/// Gateways that hand mail to one system, and of which the same is to be said.
pub(super) struct Gateways<'r> {
    pub(super) at: usize,
    pub(super) hops: Vec<&'r str>,
    pub(super) to: Option<&'r str>,
    pub(super) seen: Seen,
}

/// A system, with the hops at which it takes mail.
pub(super) struct Behind<'r> {
    pub(super) name: &'r str,
    pub(super) at: usize,
    pub(super) hops: Vec<&'r str>,
    /// Those of its own hosts that the MX records name.
    pub(super) front: Vec<&'r str>,
    /// Whether there are any.
    pub(super) is_first: bool,
}

/// What some hops said of the recipients, each counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seen {
    pub(super) asked: usize,
    pub(super) refused: usize,
    /// How many it refuses who are nobody, or whose mail arrives elsewhere: as it should.
    pub(super) rightly: usize,
    pub(super) deferred: usize,
    /// Whether it did not answer where it was to be asked.
    pub(super) silent: bool,
    /// Whether there is a hop at all.
    pub(super) any: bool,
}

impl Seen {
    pub(super) fn of(report: &Report, hops: &[&str]) -> Self {
        let mut seen = Self { any: !hops.is_empty(), ..Self::default() };
        for one in &report.recipients {
            let outcomes = one.hops.iter().filter(|answer| hops.contains(&&*answer.hop)).map(|answer| answer.outcome);
            let heard =
                |outcome: &Outcome| matches!(outcome, Outcome::Accepted | Outcome::Rejected | Outcome::Deferred);
            let (mut rejected, mut deferred, mut asked) = (false, false, false);
            for outcome in outcomes {
                rejected |= outcome == Outcome::Rejected;
                deferred |= outcome == Outcome::Deferred;
                asked |= heard(&outcome);
                seen.silent |= outcome == Outcome::Unreachable;
            }
            if rejected && matches!(one.diagnosis, Fate::Delivered | Fate::UnknownEverywhere) {
                seen.rightly += 1;
                continue;
            }
            seen.asked += usize::from(asked);
            seen.refused += usize::from(rejected);
            seen.deferred += usize::from(deferred && !rejected);
        }
        seen
    }

    /// What is to be said where no finding says more.
    pub(super) fn judged(self) -> (Mark, String) {
        let Self { asked, refused, rightly, deferred, silent, any } = self;
        match () {
            () if !any => (Mark::Unknown, "not asked".into()),
            () if asked == 0 && rightly > 0 => (Mark::Fine, format!("refuses {rightly}, rightly")),
            () if asked == 0 && silent => (Mark::Unknown, "no answer".into()),
            () if asked == 0 => (Mark::Unknown, "nobody was probed".into()),
            () if refused > 0 => (Mark::Unknown, format!("refuses {refused} of {asked}")),
            () if deferred > 0 => (Mark::Unknown, format!("puts off {deferred} of {asked}")),
            () => (Mark::Fine, format!("takes {asked} of {asked}")),
        }
    }
}

impl<'r> Hands<'r> {
    pub(super) fn of(report: &'r Report, model: &Model<'r>) -> Self {
        let spots = Spots::of(report, model);
        let mut systems: Vec<Behind> = report
            .run
            .settings
            .systems
            .iter()
            .map(|system| Behind { name: &system.name, at: 0, hops: Vec::new(), front: Vec::new(), is_first: false })
            .collect();
        let mut unnamed = Behind { name: "", at: 0, hops: Vec::new(), front: Vec::new(), is_first: false };
        for hop in model.hops.iter().filter(|hop| hop.hop.role != Role::Gateway && !hop.spared) {
            let own = hop.hop.system.as_deref().and_then(|name| systems.iter_mut().find(|one| one.name == name));
            own.unwrap_or(&mut unnamed).hops.push(hop.id());
        }
        let mut gateways: Vec<Gateways> = Vec::new();
        for hops in by_host(model) {
            let own = hops.iter().find_map(|hop| model.belongs_to(hop));
            let to = hops.iter().find_map(|hop| model.delivers_to(hop));
            let heard: Vec<&str> = hops.iter().filter(|hop| !hop.spared).map(|hop| hop.id()).collect();
            if let Some(own) = own.filter(|own| to == Some(own))
                && let Some(behind) = systems.iter_mut().find(|one| one.name == own)
            {
                behind.is_first = true;
                behind.front.extend(heard);
                continue;
            }
            let seen = Seen::of(report, &heard);
            let told = |one: &Gateways| spots.before(&one.hops, true) == spots.before(&heard, true);
            match gateways.iter_mut().find(|one| one.to == to && one.seen == seen && told(one)) {
                Some(alike) => alike.hops.extend(heard),
                None => gateways.push(Gateways { at: 0, hops: heard, to, seen }),
            }
        }
        if !unnamed.hops.is_empty() {
            systems.push(unnamed);
        }
        Self { spots, gateways, systems }
    }
}

/// The gateways' hops by host.
fn by_host<'m, 'r>(model: &'m Model<'r>) -> Vec<Vec<&'m HopView<'r>>> {
    let mut all: Vec<(&str, Vec<&HopView>)> = Vec::new();
    for hop in model.hops.iter().filter(|hop| hop.hop.role == Role::Gateway) {
        match all.iter_mut().find(|(host, _)| *host == hop.hop.host) {
            Some((_, hops)) => hops.push(hop),
            None => all.push((&hop.hop.host, vec![hop])),
        }
    }
    all.into_iter().map(|(_, hops)| hops).collect()
}

/// The boxes, and where each stands.
pub(super) fn places<'r>(report: &'r Report, model: &Model<'r>, hands: &mut Hands<'r>) -> Vec<Place> {
    let mut all = vec![Place { what: "Internet".into(), ..Place::default() }];
    for group in &mut hands.gateways {
        group.at = all.len();
        all.push(of_gateways(report, &group.hops));
    }
    let direct: Vec<Option<&str>> = hands.gateways.iter().map(|group| group.to).collect();
    let is_first = |one: &Behind| one.is_first;
    if hands.gateways.is_empty() && !hands.systems.iter().any(is_first) {
        all.push(Place { what: "Gateway".into(), title: "none is known".into(), layer: 1, ..Place::default() });
    }
    let none_first = !hands.systems.iter().any(is_first);
    for behind in &mut hands.systems {
        behind.at = all.len();
        let system = report.run.settings.systems.iter().find(|system| system.name == behind.name);
        let mut place = of_system(report, model, &hands.spots, system, behind);
        let after_gateway = direct.contains(&Some(behind.name));
        let first_exchange = none_first && direct.is_empty() && model.first_exchange() == Some(behind.name);
        place.layer = match () {
            () if behind.is_first => 1,
            () if after_gateway || first_exchange => 2,
            // Behind the system whose hosts the MX records name.
            () if hands.gateways.is_empty() && !none_first => 2,
            () => 3,
        };
        all.push(place);
    }
    all
}

fn of_gateways(report: &Report, hops: &[&str]) -> Place {
    let mut hosts: Vec<(String, usize)> = Vec::new();
    for hop in report.evidence.hops.iter().filter(|hop| hops.contains(&&*hop.id)) {
        let host = safe(&hop.host);
        match hosts.iter_mut().find(|(known, _)| *known == host) {
            Some((_, addresses)) => *addresses += 1,
            None => hosts.push((host, 1)),
        }
    }
    let product = report.hops.iter().find(|hop| hops.contains(&&*hop.hop)).and_then(|hop| hop.product.as_deref());
    let what = match (hosts.len(), product) {
        (0 | 1, Some(product)) => format!("Gateway ({})", safe(product)),
        (0 | 1, None) => "Gateway".into(),
        (many, _) => format!("{many} gateways"),
    };
    let one = |(host, addresses): (String, usize)| match addresses {
        1 => vec![host],
        many => vec![host, format!("{many} addresses")],
    };
    let more = hosts.len().saturating_sub(HOSTS);
    hosts.truncate(HOSTS);
    let mut lines: Vec<String> = hosts.into_iter().flat_map(one).collect();
    let title = if lines.is_empty() { String::new() } else { lines.remove(0) };
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    Place { what, title, lines, layer: 1, ..Place::default() }
}

fn of_system(report: &Report, model: &Model, spots: &Spots, system: Option<&System>, behind: &Behind) -> Place {
    let kind = match system.map(|system| system.kind) {
        Some(SystemKind::Exchange) => "Exchange",
        Some(SystemKind::ExchangeOnline) => "Exchange Online",
        Some(SystemKind::Other) | None => "Other system",
    };
    let what = if behind.is_first { format!("{kind}, and the MX") } else { kind.to_string() };
    let mut hosts: Vec<String> = Vec::new();
    for hop in
        report.evidence.hops.iter().filter(|hop| behind.hops.contains(&&*hop.id) || behind.front.contains(&&*hop.id))
    {
        let host = safe(&hop.host);
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    let more = hosts.len().saturating_sub(HOSTS);
    hosts.truncate(HOSTS);
    let mut lines = hosts;
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    if let Some(organisation) = model.organisation_of(behind.name)
        && let Ok(Some((_, accepted))) = organisation.accepted_domain()
    {
        lines.push(format!("{} domain", word(&accepted.kind).replace('-', " ")));
    }
    let wrong = spots.within(behind.name).map(|(at, mark)| {
        let finding = &report.findings[at];
        (mark, safe(&format!("{} {}", finding.code, finding.name.replace('-', " "))))
    });
    let wrong = wrong.collect();
    let beside = directories(report, spots, behind.name).chain(lists(report, behind.name)).collect();
    Place { what, title: safe(behind.name), lines, wrong, beside, layer: 0 }
}

fn directories<'r>(report: &'r Report, spots: &'r Spots, system: &'r str) -> impl Iterator<Item = Beside> + 'r {
    let own = report.evidence.directories.iter().filter(move |directory| directory.system == system);
    own.map(move |directory| {
        let (mark, findings) = spots.at(|spot| matches!(spot, Spot::Directory(own) if own == system));
        let held = directory.lookups.iter();
        let (asked, unanswered) = held.fold((0, 0), |(asked, unanswered), lookup| {
            (asked + 1, unanswered + usize::from(lookup.entries.miss().is_some()))
        });
        let reached =
            directory.origin == Origin::Export || directory.servers.iter().any(|one| one.outcome.known().is_some());
        let bound = directory.bind.miss().is_none();
        let (own_mark, says) = match (reached, bound) {
            (false, _) => (Mark::Unknown, "no answer".into()),
            (true, false) => (Mark::Unknown, "let nobody in".into()),
            _ if unanswered > 0 => (Mark::Unknown, format!("{unanswered} of {asked} unanswered")),
            _ if asked == 0 => (Mark::Fine, "read".into()),
            _ => (Mark::Fine, count(asked, "look-up")),
        };
        let kind = BesideKind::Directory;
        Beside {
            kind,
            name: short_source(&directory.source),
            says,
            mark: mark.unwrap_or(own_mark).max(own_mark),
            findings,
        }
    })
}

fn lists<'r>(report: &'r Report, system: &'r str) -> impl Iterator<Item = Beside> + 'r {
    let own = report.evidence.files.iter().filter(move |list| list.system == system);
    own.map(|list| {
        let (mark, says) = match &list.addresses {
            Observed::Known(all) if all.len() == 1 => (Mark::Fine, "1 address".into()),
            Observed::Known(all) => (Mark::Fine, format!("{} addresses", all.len())),
            _ => (Mark::Unknown, "could not be read".into()),
        };
        Beside { kind: BesideKind::List, name: short_source(&list.source), says, mark, findings: Vec::new() }
    })
}

/// The host of a URL, the name of a file.
fn short_source(source: &str) -> String {
    let (is_url, source) = source.split_once("://").map_or((false, source), |(_, rest)| (true, rest));
    let name = source.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default();
    let name = name.rsplit_once(':').filter(|_| is_url).map_or(name, |(host, _)| host);
    safe(if name.is_empty() { source } else { name })
}
