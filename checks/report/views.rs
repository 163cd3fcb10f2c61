//! The report of several vantage points: what each has heard is judged by itself, and then laid beside the others.
//!
//! A host may answer one client as it answers no other one. So a dialogue proves something only for who held it, and what one
//! vantage point alone sees is told as that.
use super::*;
use crate::model::diagnosis::Fate;
use alloc::collections::BTreeSet;

/// What one vantage point says.
struct Told<'v> {
    view: &'v View,
    report: Report,
}

pub(super) fn report(tool_version: &str, run: Run, evidence: Evidence, run_check: RunCheck) -> (Report, Vec<String>) {
    let mut notes: Vec<Vec<String>> = Vec::new();
    let mut told = Vec::new();
    for view in &run.vantages {
        let alone = Run {
            started_at: view.started_at.clone(),
            duration_ms: view.duration_ms,
            complete: view.complete,
            vantage: view.vantage.clone(),
            settings: view.settings.clone(),
            redacted: run.redacted,
            estimate: None,
            vantages: Vec::new(),
            notes: Vec::new(),
        };
        let (mut report, said) = of_one(tool_version, alone, evidence.heard(&view.heard), run_check);
        for finding in &mut report.findings {
            finding.evidence.iter_mut().for_each(|pointer| *pointer = moved(pointer, &view.heard));
        }
        notes.push(said);
        told.push(Told { view, report });
    }
    let findings = findings(&told);
    let gaps = gaps(&told);
    let checks = checks(&told, &findings, &gaps);
    let recipients = recipients(&told);
    let counted = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let counts = FindingCounts {
        critical: counted(Severity::Critical),
        warning: counted(Severity::Warning),
        info: counted(Severity::Info),
        ignored: told.iter().map(|one| one.report.summary.findings.ignored).max().unwrap_or(0),
    };
    let crashed = checks.iter().any(|check| check.status == Status::Crashed);
    let open = gaps.iter().any(|gap| gap.asked) || !run.complete || crashed;
    let verdict = verdict(&counts, open);
    let hops = hops(&told, &evidence);
    let alike: Vec<(&str, &Report)> = told.iter().map(|one| (&*one.view.name, &one.report)).collect();
    let disagreements = crate::diff::disagreements(&alike);
    let whole = Report {
        kind: "nsdiag/report".into(),
        format_version: "1.0".into(),
        tool: Tool { name: "nsdiag".into(), version: tool_version.into() },
        domain: run.settings.domain.clone(),
        verdict,
        exit_code: verdict.exit_code(),
        summary: Summary { findings: counts, recipients: tally(&recipients) },
        findings,
        checks,
        gaps,
        recipients,
        hops,
        disagreements,
        run: run.clone(),
        evidence,
    };
    // An entry that matches nothing for anybody matches nothing.
    let (first, rest) = notes.split_first().map_or((&[][..], &[][..]), |(first, rest)| (&first[..], rest));
    let everywhere = first.iter().filter(|note| rest.iter().all(|other| other.contains(note)));
    (whole, everywhere.cloned().collect())
}

impl Evidence {
    /// The evidence of one vantage point, with everybody's directories and lists.
    pub fn heard(&self, heard: &Places) -> Self {
        fn at<T: Clone>(all: &[T], places: &[usize]) -> Vec<T> {
            places.iter().filter_map(|place| all.get(*place)).cloned().collect()
        }
        Self {
            dns: at(&self.dns, &heard.dns),
            mx_views: at(&self.mx_views, &heard.mx_views),
            sts_policy: self.sts_policy.clone(),
            hops: at(&self.hops, &heard.hops),
            beyond: self.beyond.clone(),
            contradictions: self.contradictions.clone(),
            smtp: at(&self.smtp, &heard.smtp),
            directories: self.directories.clone(),
            files: self.files.clone(),
        }
    }
}

/// A pointer into the evidence of one vantage point as one into that of all.
fn moved(pointer: &str, heard: &Places) -> String {
    let mut parts = pointer.splitn(5, '/').skip(1);
    let (Some("evidence"), Some(kind), Some(place)) = (parts.next(), parts.next(), parts.next()) else {
        return pointer.into();
    };
    let places = match kind {
        "dns" => &heard.dns,
        "mx_views" => &heard.mx_views,
        "hops" => &heard.hops,
        "smtp" => &heard.smtp,
        _ => return pointer.into(),
    };
    let Some(place) = place.parse::<usize>().ok().and_then(|place| places.get(place)) else { return pointer.into() };
    let rest = parts.next().map(|rest| format!("/{rest}")).unwrap_or_default();
    format!("/evidence/{kind}/{place}{rest}")
}

/// What all see as one finding; what some see with who does, and what the others say.
fn findings(told: &[Told]) -> Vec<Finding> {
    let mut all: Vec<(Finding, Vec<usize>)> = Vec::new();
    for (at, one) in told.iter().enumerate() {
        for finding in &one.report.findings {
            let same = |(known, _): &&mut (Finding, Vec<usize>)| {
                known.code == finding.code && known.subjects == finding.subjects
            };
            match all.iter_mut().find(same) {
                Some((known, seen)) if !seen.contains(&at) => {
                    known.severity = known.severity.min(finding.severity);
                    known.certainty = known.certainty.min(finding.certainty);
                    known.seen_all(finding.evidence.iter().cloned());
                    seen.push(at);
                }
                _ => all.push((finding.clone(), vec![at])),
            }
        }
    }
    for (finding, seen) in &mut all {
        if seen.len() < told.len() {
            contrast(finding, seen, told);
        }
    }
    let mut all: Vec<Finding> = all.into_iter().map(|(finding, _)| finding).collect();
    all.sort_by(|a, b| (a.severity, &a.code).cmp(&(b.severity, &b.code)));
    all
}

/// Says of a finding that not all have what the others say of the same.
fn contrast(finding: &mut Finding, seen: &[usize], told: &[Told]) {
    let names: Vec<String> = seen.iter().map(|at| told[*at].view.name.clone()).collect();
    let (mut said, mut depends) = (Vec::new(), false);
    for other in told.iter().enumerate().filter(|(at, _)| !seen.contains(at)).map(|(_, other)| other) {
        let name = &other.view.name;
        let reaches = finding.code == "NSD201" && hops_of(finding).any(|hop| hears(&other.report, hop));
        let takes = seen.iter().find_map(|at| accepts(finding, &told[*at].report, &other.report));
        let check = other.report.checks.iter().find(|check| check.code == finding.code);
        let alike = other.report.findings.iter().find(|one| one.code == finding.code && shares(one, finding));
        said.push(match (reaches, takes, alike, check) {
            (true, ..) => {
                finding.severity = finding.severity.max(Severity::Warning);
                finding.certainty = finding.certainty.max(Certainty::Likely);
                format!(
                    "{name} talks to it, so that it is alive, and what lies between keeps {} away",
                    listed(&names, 4)
                )
            }
            (_, Some(answer), ..) => {
                finding.certainty = finding.certainty.max(Certainty::Likely);
                depends = true;
                format!("from {name}, {answer}")
            }
            (_, _, Some(one), _) => {
                let whom: Vec<&str> = one.subjects.iter().map(|subject| &*subject.value).collect();
                format!("from {name} it shows for {}", listed(&whom, 5))
            }
            (.., Some(check)) if !matches!(check.status, Status::Passed | Status::Failed) => {
                format!("{name} could not judge it")
            }
            _ if hops_of(finding).next().is_some() && !hops_of(finding).any(|hop| hears(&other.report, hop)) => {
                format!("{name} did not hear that host")
            }
            _ => format!("not from {name}"),
        });
    }
    finding.detail = format!("{}. Seen from {}; {}", finding.detail, listed(&names, 4), said.join("; "));
    finding.seen_from = names;
    if depends {
        finding.remedies.insert(0, by_client());
    }
}

/// What to know before anything is changed for a host that answers one client otherwise than another one.
fn by_client() -> Remedy {
    let step = "Who is refused depends on where the client is: look first at what the host has for single clients or networks \
                (access tables, a listener of its own, another instance behind one address). A list or a look-up that it asks \
                for everybody explains no difference";
    let mut remedy = Remedy::steps("gateway", "What to know before it is mended", vec![step.into()]);
    remedy.proof = true;
    remedy
}

/// The hops that a finding is about.
fn hops_of(finding: &Finding) -> impl Iterator<Item = &str> {
    let hosts = finding.subjects.iter().filter(|subject| subject.kind == SubjectKind::Host);
    hosts.map(|subject| &*subject.value)
}

/// Whether a report has heard a hop.
fn hears(report: &Report, hop: &str) -> bool {
    report.hops.iter().any(|one| one.hop == hop && one.banner.is_some())
}

fn shares(one: &Finding, other: &Finding) -> bool {
    one.subjects.iter().any(|subject| other.subjects.contains(subject))
}

/// What `other` was told about the finding's recipients where `own` was refused, if it is another thing.
fn accepts(finding: &Finding, own: &Report, other: &Report) -> Option<String> {
    let people = finding.subjects.iter().filter(|subject| subject.kind == SubjectKind::Recipient);
    let people: BTreeSet<&str> = people.map(|subject| &*subject.value).collect();
    let answers = |report: &'_ Report, outcome: Outcome| -> BTreeSet<(String, String)> {
        let of_people = report.recipients.iter().filter(|one| people.contains(&*one.address));
        let each = of_people.flat_map(|one| one.hops.iter().map(move |answer| (one, answer)));
        let such = each.filter(|(_, answer)| answer.outcome == outcome);
        such.map(|(one, answer)| (answer.hop.clone(), one.address.clone())).collect()
    };
    let (refused, taken) = (answers(own, Outcome::Rejected), answers(other, Outcome::Accepted));
    let mut hosts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (hop, person) in refused.intersection(&taken) {
        hosts.entry(hop).or_default().push(person);
    }
    let said = hosts.iter().map(|(hop, people)| format!("{hop} accepts {}", listed(people, 5)));
    let said: Vec<String> = said.collect();
    (!said.is_empty()).then(|| said.join(", "))
}

/// What stays open: what no vantage point could answer. What one could not see, and another one that was asked the same did, is
/// answered.
fn gaps(told: &[Told]) -> Vec<FoldedGap> {
    let open: Vec<Open> = told.iter().map(|one| Open::of(&one.report)).collect();
    let mut all: Vec<FoldedGap> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, one) in told.iter().enumerate() {
        for gap in &one.report.gaps {
            let others = || open.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, other)| other);
            if others().any(|other| other.answers(gap, &one.report)) {
                continue;
            }
            let everywhere = others().all(|other| other.gaps.contains(&*gap.what));
            let why = match everywhere {
                true => gap.why.clone(),
                false => format!("{} (from {})", gap.why, one.view.name),
            };
            let place = *places.entry(&gap.what).or_insert(all.len());
            match all.get_mut(place) {
                Some(known) => {
                    known.asked |= gap.asked;
                    let new = gap.checks.iter().filter(|code| !known.checks.contains(code));
                    let new: Vec<String> = new.cloned().collect();
                    known.checks.extend(new);
                }
                None => all.push(FoldedGap { why, ..gap.clone() }),
            }
        }
    }
    all
}

/// One report, and what it leaves open.
struct Open<'r> {
    report: &'r Report,
    gaps: BTreeSet<&'r str>,
    people: BTreeMap<&'r str, &'r RecipientResult>,
    /// The hops that it heard, each with its name in gaps.
    heard: Vec<(&'r str, String)>,
}

impl<'r> Open<'r> {
    fn of(report: &'r Report) -> Self {
        let heard = report.hops.iter().filter(|hop| hop.banner.is_some());
        Self {
            report,
            gaps: report.gaps.iter().map(|gap| &*gap.what).collect(),
            people: report.recipients.iter().map(|one| (&*one.address, one)).collect(),
            heard: heard.filter_map(|hop| Some((&*hop.hop, name(&hop.hop)?))).collect(),
        }
    }

    /// Whether it surely answers what `own` could not: it heard the host that the question names, about the recipient that it
    /// names, and left nothing open there itself.
    fn answers(&self, gap: &FoldedGap, own: &Report) -> bool {
        let named: BTreeSet<String> =
            own.hops.iter().filter_map(|hop| name(&hop.hop)).filter(|name| gap.what.contains(&**name)).collect();
        let heard: Vec<&str> =
            self.heard.iter().filter(|(_, name)| named.contains(name)).map(|(hop, _)| *hop).collect();
        let person = gap.what.split(' ').next().filter(|word| word.contains('@'));
        let found = person.and_then(|person| self.people.get(person));
        let asked_open =
            |name: &String| self.report.gaps.iter().any(|other| other.asked && other.what.contains(&**name));
        match (named.is_empty(), person, found) {
            (true, None, _) => resolves(gap, own, self.report),
            (true, Some(_), Some(one)) => one.diagnosis == Fate::Delivered && one.certainty == Certainty::Proven,
            (false, Some(_), Some(one)) => {
                let answered = |hop: &&str| {
                    let answer = one.hops.iter().find(|answer| answer.hop == **hop);
                    answer.is_some_and(|answer| matches!(answer.outcome, Outcome::Accepted | Outcome::Rejected))
                };
                heard.len() >= named.len() && heard.iter().all(answered)
            }
            (false, None, _) => heard.len() >= named.len() && !named.iter().any(asked_open),
            (_, Some(_), None) => false,
        }
    }
}

/// The name of a hop in gaps: `mx1.contoso.com (192.0.2.25)`.
fn name(hop: &str) -> Option<String> {
    let mut parts = hop.splitn(3, '/').skip(1);
    let (host, at) = (parts.next()?, parts.next()?);
    let address = at.rsplit_once(':').map_or(at, |(address, _)| address).trim_matches(['[', ']']);
    Some(if address == host { host.into() } else { format!("{host} ({address})") })
}

/// Whether `other` has the DNS answers whose lack the question is about.
fn resolves(gap: &FoldedGap, own: &Report, other: &Report) -> bool {
    let lacking =
        own.evidence.dns.iter().filter(|lookup| lookup.answer.miss().is_some() && gap.what.contains(&*lookup.name));
    let mut lacking = lacking.peekable();
    let has = |lookup: &crate::evidence::DnsLookup| {
        let found = other.evidence.dns_of(&lookup.name, lookup.kind);
        found.is_some_and(|(_, found)| found.answer.known().is_some())
    };
    lacking.peek().is_some() && lacking.all(has)
}

fn checks(told: &[Told], findings: &[Finding], gaps: &[FoldedGap]) -> Vec<CheckResult> {
    let Some((first, _)) = told.split_first() else { return vec![] };
    let fold = |(at, check): (usize, &CheckResult)| {
        let each = || told.iter().filter_map(|one| one.report.checks.get(at));
        let of = |status: Status| each().find(|check| check.status == status).cloned();
        let waits = gaps.iter().any(|gap| gap.asked && gap.checks.contains(&check.code));
        let passed = || CheckResult { status: Status::Passed, reason: None, ..check.clone() };
        match of(Status::Crashed) {
            Some(crashed) => crashed,
            None if findings.iter().any(|finding| finding.code == check.code) => {
                CheckResult { status: Status::Failed, reason: None, ..check.clone() }
            }
            None => match (of(Status::Inconclusive), of(Status::Ignored), of(Status::Passed), of(Status::Skipped)) {
                (Some(open), ..) if waits => open,
                (_, Some(ignored), ..) => ignored,
                (_, _, None, Some(skipped)) => skipped,
                _ => passed(),
            },
        }
    };
    first.report.checks.iter().enumerate().map(fold).collect()
}

/// Everybody whom any vantage point judges: the worst that is known of them, and what all of them heard.
fn recipients(told: &[Told]) -> Vec<RecipientResult> {
    let mut all: BTreeMap<&str, Vec<(&str, &RecipientResult)>> = BTreeMap::new();
    for one in told {
        for recipient in &one.report.recipients {
            all.entry(&recipient.address).or_default().push((&one.view.name, recipient));
        }
    }
    all.into_values().map(|each| recipient_of(&each)).collect()
}

fn recipient_of(each: &[(&str, &RecipientResult)]) -> RecipientResult {
    let rank = |one: &RecipientResult| match one.diagnosis {
        Fate::Delivered => 1,
        Fate::Inconclusive => 2,
        _ => 0,
    };
    let worst = each.iter().map(|(_, one)| *one).min_by_key(|one| (rank(one), one.diagnosis, one.certainty));
    let mut result = worst.cloned().unwrap_or_else(|| each[0].1.clone());
    // Where one says otherwise, or could not get to the end, nothing is proven for all.
    let differs = |one: &RecipientResult| {
        let asked = one.hops.iter().any(|answer| matches!(answer.outcome, Outcome::Rejected | Outcome::Deferred));
        one.diagnosis != result.diagnosis && (one.diagnosis != Fate::Inconclusive || asked)
    };
    if each.iter().any(|(_, one)| differs(one)) {
        result.certainty = result.certainty.max(Certainty::Likely);
    }
    result.hops = each
        .iter()
        .flat_map(|(name, one)| {
            one.hops.iter().map(|answer| HopAnswer { vantage: Some((*name).into()), ..answer.clone() })
        })
        .collect();
    result
}

fn hops(told: &[Told], evidence: &Evidence) -> Vec<HopResult> {
    let of_hop = |hop: &crate::evidence::Hop| {
        let all = told.iter().filter_map(|one| {
            let found = one.report.hops.iter().find(|known| known.hop == hop.id)?;
            Some((&*one.view.name, found))
        });
        let all: Vec<(&str, &HopResult)> = all.collect();
        let heard = || all.iter().filter(|(_, one)| one.banner.is_some());
        let (_, first) = heard().next().or(all.first())?;
        let mut validates = heard().filter_map(|(_, one)| one.validates_recipients);
        let one = validates.next();
        let validates_recipients = one.filter(|one| validates.all(|other| other == *one));
        let heard_from = heard().map(|(name, _)| (*name).to_string()).collect();
        Some(HopResult { validates_recipients, heard_from, ..(*first).clone() })
    };
    evidence.hops.iter().filter_map(of_hop).collect()
}
