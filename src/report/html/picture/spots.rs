//! Where in the picture a finding belongs.
use super::landscape::Mark;
use nsdiag_checks::evidence::Role;
use nsdiag_checks::judge::{Finding, Severity, SubjectKind};
use nsdiag_checks::model::{Model, Outcome};
use nsdiag_checks::report::Report;
use std::collections::BTreeSet;

/// A place in the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    /// On the way into these hops, by their ids.
    Into(Vec<String>),
    /// On the way into whatever the MX records name.
    IntoGateways,
    /// On the way from one Exchange system to another.
    Between,
    /// On the way out of this Exchange system.
    OutOf(String),
    /// Beside this system: its directory.
    Directory(String),
    /// In this system.
    Within(String),
    /// Nowhere.
    Nowhere,
}

/// The findings that are marked in the picture, each with its place in the report, its mark and its spots.
pub(super) struct Spots(Vec<(usize, Mark, Spot)>);

impl Spots {
    pub(super) fn of(report: &Report, model: &Model) -> Self {
        let marks = |severity| match severity {
            Severity::Critical => Some(Mark::Broken),
            Severity::Warning => Some(Mark::Warned),
            Severity::Info => None,
        };
        let spot =
            |(at, finding): (usize, &Finding)| Some((at, marks(finding.severity)?, spot(report, model, finding)));
        Self(report.findings.iter().enumerate().filter_map(spot).collect())
    }

    /// Those that `wanted` takes, and the worst of their marks.
    pub(super) fn at(&self, wanted: impl Fn(&Spot) -> bool) -> (Option<Mark>, Vec<usize>) {
        let found = || self.0.iter().filter(|(.., spot)| wanted(spot));
        (found().map(|(_, mark, _)| *mark).max(), found().map(|(at, ..)| *at).collect())
    }

    /// Those into one of `hops`.
    pub(super) fn before(&self, hops: &[&str], gateways: bool) -> (Option<Mark>, Vec<usize>) {
        self.at(|spot| match spot {
            Spot::Into(ids) => ids.iter().any(|id| hops.contains(&&**id)),
            Spot::IntoGateways => gateways,
            _ => false,
        })
    }

    /// Those within the system, with their marks.
    pub(super) fn within(&self, system: &str) -> impl Iterator<Item = (usize, Mark)> {
        let is_it = move |spot: &Spot| matches!(spot, Spot::Within(own) if own == system);
        self.0.iter().filter(move |(.., spot)| is_it(spot)).map(|(at, mark, _)| (*at, *mark))
    }
}

/// By the number of the code (contract, section 6), then by what it is about.
fn spot(report: &Report, model: &Model, finding: &Finding) -> Spot {
    let number: u16 = finding.code.strip_prefix("NSD").and_then(|number| number.parse().ok()).unwrap_or(0);
    let system = || {
        let named = finding.subjects.iter().find(|subject| subject.kind == SubjectKind::System);
        let named = named.map(|subject| &*subject.value).filter(|name| model.organisation_of(name).is_some());
        let own = || finding.system(&report.evidence).filter(|name| model.organisation_of(name).is_some());
        named.or_else(own).or_else(|| model.first_exchange()).map(String::from)
    };
    let of_system = |spot: fn(String) -> Spot| system().map_or(Spot::Nowhere, spot);
    match number {
        101..=103 | 108 | 109 => Spot::IntoGateways,
        321 => Spot::Between,
        105..=107 | 301..=303 | 305 | 306 | 311..=318 | 322 | 421 | 501 => of_system(Spot::OutOf),
        331..=334 => of_system(Spot::Directory),
        401 | 402 | 405 | 413 | 414 | 417 => Spot::Into(refusing(report, finding, Role::Gateway)),
        304 | 403 => Spot::Into(refusing(report, finding, Role::Exchange)),
        404 => Spot::Into(refusing(report, finding, Role::Other)),
        323..=329 | 407..=412 | 415 | 418 => of_system(Spot::Within),
        _ => match hops(report, finding) {
            none if none.is_empty() => Spot::Nowhere,
            hops => Spot::Into(hops),
        },
    }
}

/// The hops that the finding is about: by their ids or their names.
fn hops(report: &Report, finding: &Finding) -> Vec<String> {
    let hosts: Vec<&str> =
        finding.subjects.iter().filter(|one| one.kind == SubjectKind::Host).map(|one| &*one.value).collect();
    let named = |hop: &&nsdiag_checks::evidence::Hop| hosts.contains(&&*hop.id) || hosts.contains(&&*hop.host);
    report.evidence.hops.iter().filter(named).map(|hop| hop.id.clone()).collect()
}

/// The hops of this role that refuse one of those whom the finding is about; all that refuse somebody, where it names nobody.
fn refusing(report: &Report, finding: &Finding, role: Role) -> Vec<String> {
    let about: BTreeSet<&str> =
        finding.subjects.iter().filter(|one| one.kind == SubjectKind::Recipient).map(|one| &*one.value).collect();
    let refused = |outcome| matches!(outcome, Outcome::Rejected | Outcome::Deferred);
    let mut found = BTreeSet::new();
    for one in report.recipients.iter().filter(|one| about.is_empty() || about.contains(&*one.address)) {
        found.extend(one.hops.iter().filter(|answer| refused(answer.outcome)).map(|answer| &*answer.hop));
    }
    let of_role = report.evidence.hops.iter().filter(|hop| hop.role == role && found.contains(&*hop.id));
    let of_role: Vec<String> = of_role.map(|hop| hop.id.clone()).collect();
    if of_role.is_empty() { hops(report, finding) } else { of_role }
}
