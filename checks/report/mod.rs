//! The report: evidence, and what follows from it (contract, section 4).
mod ignores;
mod severities;
mod shape;
mod views;

use crate::judge::Finding;
use crate::model::path::{self, Asked};
use crate::model::{Model, Recipient};
use crate::prelude::*;
use crate::products;
use crate::replies::enhanced_code;
use alloc::collections::BTreeMap;
pub use ignores::Ignore;
use ignores::Ignored;
use severities::Severities;
pub use severities::SeverityRule;
pub use shape::*;

/// Runs one check; what it returns in place of notes is the message of its panic.
pub type RunCheck<'a> = &'a dyn Fn(&'static Check, &Case) -> Result<Notes, String>;

/// Judges `evidence` by the run's policy and makes the report. The notes are for the user: ignore entries that have expired
/// or match nothing.
pub fn report(tool_version: &str, run: Run, evidence: Evidence, run_check: RunCheck) -> (Report, Vec<String>) {
    match run.vantages.is_empty() {
        true => of_one(tool_version, run, evidence, run_check),
        false => views::report(tool_version, run, evidence, run_check),
    }
}

/// The report of what one vantage point has heard.
fn of_one(tool_version: &str, run: Run, evidence: Evidence, run_check: RunCheck) -> (Report, Vec<String>) {
    let question = &run.settings;
    let case = Case::new(question, &evidence);
    let today = run.started_at.get(..10).unwrap_or_default();
    let mut ignored = Ignored::new(&question.ignores, today);
    let mut severities = Severities::new(&question.severities, today);
    let mut findings = Vec::new();
    let mut checks = Vec::new();
    let mut gaps = Folded::default();
    for (area, check) in crate::checks() {
        let mut result =
            CheckResult { code: check.code.into(), name: check.name.into(), status: Status::Passed, reason: None };
        if let Some(reason) = left_out(question, area, check.code).or_else(|| unheard(&case, area, check.code)) {
            result.status = Status::Skipped;
            result.reason = Some(reason.into());
            checks.push(result);
            continue;
        }
        match run_check(check, &case) {
            Ok(notes) => {
                let (kept, dropped) = ignored.sift(notes.findings);
                (result.status, result.reason) = status(&kept, dropped, &notes.gaps);
                gaps.add(notes.gaps, check.code);
                findings.extend(kept);
            }
            Err(message) => {
                result.status = Status::Crashed;
                result.reason = Some(message.clone());
                findings.push(crashed(check, &message, checks.len()));
            }
        }
        checks.push(result);
    }
    // NSD201 says so too; without it, what nobody heard is no less open.
    gaps.add(evidence.beyond.iter().map(crate::evidence::Beyond::gap).collect(), "NSD201");
    for one in &evidence.contradictions {
        let area = if one.system.is_some() { &["exchange", "recipients", "flow"][..] } else { &["dns"][..] };
        let rests = |(own, check): &(&str, &Check)| area.contains(own) && left_out(question, own, check.code).is_none();
        for (_, check) in crate::checks().into_iter().filter(rests) {
            gaps.add(vec![one.gap()], check.code);
        }
    }
    severities.apply(&mut findings);
    findings.sort_by(|a: &Finding, b| (a.severity, &a.code).cmp(&(b.severity, &b.code)));
    case.arrange(&mut findings);
    let counted = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let counts = FindingCounts {
        critical: counted(Severity::Critical),
        warning: counted(Severity::Warning),
        info: counted(Severity::Info),
        ignored: ignored.count,
    };
    let gaps = gaps.all;
    let open = gaps.iter().any(|gap| gap.asked) || !run.complete || checks.iter().any(|c| c.status == Status::Crashed);
    let verdict = verdict(&counts, open);
    let recipients: Vec<_> = case.model.recipients.iter().map(|one| recipient(&case.model, one)).collect();
    let summary = Summary { findings: counts, recipients: tally(&recipients) };
    let hops = case.model.hops.iter().map(hop).collect();
    let notes = ignored.notes().into_iter().chain(severities.notes()).collect();
    let report = Report {
        kind: "nsdiag/report".into(),
        format_version: FORMAT_VERSION.into(),
        tool: Tool { name: "nsdiag".into(), version: tool_version.into() },
        domain: question.domain.clone(),
        verdict,
        exit_code: verdict.exit_code(),
        summary,
        findings,
        checks,
        gaps,
        recipients,
        hops,
        disagreements: Vec::new(),
        run,
        evidence,
    };
    (report, notes)
}

/// The worst that can be said; `open` is whether something that was asked has no answer.
fn verdict(counts: &FindingCounts, open: bool) -> Verdict {
    match (counts.critical, open, counts.warning) {
        (1.., _, _) => Verdict::Critical,
        (_, true, _) => Verdict::Unknown,
        (_, _, 1..) => Verdict::Warning,
        _ => Verdict::Ok,
    }
}

/// Whether `--only` and `--skip` leave the check in.
pub fn is_judged(question: &Question, area: &str, code: &str) -> bool {
    left_out(question, area, code).is_none()
}

/// Why `--only` and `--skip` leave a check out, if they do. Either takes codes and areas.
fn left_out(question: &Question, area: &str, code: &str) -> Option<&'static str> {
    let names = |list: &[String]| list.iter().any(|name| name.eq_ignore_ascii_case(code) || name == area);
    if !question.only.is_empty() && !names(&question.only) {
        return Some("not among those of --only");
    }
    names(&question.skip).then_some("left out by --skip")
}

/// Why a check of SMTP has nothing to judge where port 25 is closed from here. NSD901 says so, and NSD201 what is missing.
fn unheard(case: &Case, area: &str, code: &str) -> Option<&'static str> {
    let silent = || case.model.port_blocked() && !case.model.hops.iter().any(HopView::heard_from);
    let rest = area == "smtp" && !matches!(code, "NSD201" | "NSD901");
    (rest && silent()).then_some("no hop was heard: this host seems to have no way out on port 25 (NSD901)")
}

fn status(kept: &[Finding], dropped: usize, gaps: &[Gap]) -> (Status, Option<String>) {
    let in_words = |gap: &Gap| format!("{}: {}; {}", gap.what, gap.why, gap.supply);
    if !kept.is_empty() {
        return (Status::Failed, None);
    }
    if let Some(gap) = gaps.iter().find(|gap| gap.asked) {
        return (Status::Inconclusive, Some(in_words(gap)));
    }
    if dropped > 0 {
        return (Status::Ignored, Some("the configuration ignores its findings".into()));
    }
    match gaps.first() {
        Some(gap) => (Status::Skipped, Some(in_words(gap))),
        None => (Status::Passed, None),
    }
}

/// The gaps of all checks, each once.
#[derive(Default)]
struct Folded {
    all: Vec<FoldedGap>,
    places: BTreeMap<(String, String, bool), usize>,
}

impl Folded {
    fn add(&mut self, gaps: Vec<Gap>, code: &str) {
        for gap in gaps {
            let key = (gap.what.clone(), gap.why.clone(), gap.asked);
            let place = *self.places.entry(key).or_insert(self.all.len());
            match self.all.get_mut(place) {
                Some(one) if one.checks.last().is_some_and(|last| last == code) => {}
                Some(one) => one.checks.push(code.into()),
                None => self.all.push(FoldedGap {
                    what: gap.what,
                    why: gap.why,
                    supply: gap.supply,
                    asked: gap.asked,
                    checks: vec![code.into()],
                }),
            }
        }
    }
}

fn crashed(check: &Check, message: &str, at: usize) -> Finding {
    Finding {
        code: "NSD999".into(),
        name: "check-crashed".into(),
        severity: Severity::Warning,
        reweighed: None,
        certainty: Certainty::Proven,
        title: "a check failed in itself".into(),
        detail: format!("{} ({}) could not judge: {message}; the other checks went on", check.code, check.name),
        subjects: Vec::new(),
        seen_from: Vec::new(),
        evidence: vec![format!("/checks/{at}")],
        remedies: vec![Remedy::steps("here", "Tell the developers", vec!["Send them this report as JSON".into()])],
    }
}

fn recipient(model: &Model, one: &Recipient) -> RecipientResult {
    let diagnosis = model.diagnose(one);
    RecipientResult {
        address: one.address.into(),
        diagnosis: diagnosis.fate,
        certainty: diagnosis.certainty,
        directories: one
            .directories
            .iter()
            .map(|held| DirectoryState { system: held.system.into(), state: held.state })
            .collect(),
        lists: one.lists.iter().map(|list| ListState { system: list.system.into(), listed: list.listed }).collect(),
        hops: answers(model, one.address),
        predicted: path::predict(model, Asked::from_internet(one)).told(),
    }
}

/// What each hop said of `address`.
pub(crate) fn answers(model: &Model, address: &str) -> Vec<HopAnswer> {
    let answer = |hop: &HopView| {
        let heard = hop.word_on(address);
        let said = |code, text: &str| {
            let enhanced = enhanced_code(text);
            let text = enhanced.map_or(text, |enhanced| text[enhanced.len()..].trim_start());
            Reply { code, enhanced: enhanced.map(String::from), text: text.into() }
        };
        let outcome = hop.outcome(address);
        // Who refuses our sender says nothing of the recipient, and that is what there is to say.
        let before = hop.refused_sender().filter(|_| outcome == Outcome::NotProbed);
        let before = before.map(|refused| (refused.meaning, said(refused.code, &refused.text)));
        let heard_or_before = heard.map(|heard| (heard.meaning, said(heard.code, &heard.text))).or(before);
        let (meaning, reply) = heard_or_before.unzip();
        HopAnswer {
            hop: hop.id().into(),
            vantage: None,
            outcome,
            meaning,
            configured: heard.and_then(|heard| heard.own.clone()),
            reply,
            latency_ms: heard.and_then(|heard| heard.latency_ms),
        }
    };
    model.hops.iter().map(answer).collect()
}

fn hop(view: &HopView) -> HopResult {
    HopResult {
        hop: view.id().into(),
        role: view.hop.role,
        product: view.product().map(String::from),
        layers: products::layers(&view.fingerprints).into_iter().map(String::from).collect(),
        fingerprints: view.fingerprints.clone(),
        banner: view.greeting().map(|(_, turn)| turn.text()),
        heard_from: Vec::new(),
        validates_recipients: view.validates(),
    }
}

fn tally(recipients: &[RecipientResult]) -> BTreeMap<String, usize> {
    let asked = |answer: &HopAnswer| answer.reply.is_some() && answer.outcome != Outcome::NotProbed;
    let probed = |one: &&RecipientResult| one.hops.iter().any(asked);
    let mut counts = BTreeMap::from([
        ("total".to_string(), recipients.len()),
        ("probed".to_string(), recipients.iter().filter(probed).count()),
    ]);
    for one in recipients {
        *counts.entry(one.diagnosis.word().to_string()).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Lookup;
    use crate::evidence::exchange::DomainKind;
    use crate::evidence::smtp::Who;
    use crate::model::diagnosis::Fate;
    use crate::remedy::lines;
    use crate::stories::{EXCHANGE, GATEWAY, OTHER, World, turn};
    use alloc::collections::BTreeSet;

    fn judged(world: World, ignores: &[Ignore]) -> (Report, Vec<String>) {
        let run = Run {
            started_at: "2026-11-24T12:00:00Z".into(),
            duration_ms: 1,
            complete: true,
            vantage: Vantage::default(),
            settings: Question { ignores: ignores.to_vec(), ..world.question },
            redacted: None,
            estimate: None,
            vantages: Vec::new(),
            notes: Vec::new(),
        };
        report("0", run, world.evidence, &|check, case| {
            let mut notes = Notes::new(check);
            (check.judge)(case, &mut notes);
            Ok(notes)
        })
    }

    fn codes(report: &Report) -> Vec<String> {
        report.findings.iter().map(|finding| finding.code.clone()).collect()
    }

    #[test]
    fn health_is_told_only_where_all_that_was_asked_was_answered() {
        let (healthy, _) = judged(World::healthy(), &[]);
        assert_eq!((healthy.verdict, codes(&healthy)), (Verdict::Ok, vec!["NSD205".to_string()]));
        assert!(healthy.recipients.iter().all(|one| one.diagnosis == Fate::Delivered), "{:?}", healthy.recipients);

        let (broken, _) = judged(World::broken_gateway(), &[]);
        assert_eq!((broken.verdict, broken.exit_code), (Verdict::Critical, 2));
        assert_eq!(codes(&broken), ["NSD401", "NSD205"]);
        assert_eq!(broken.summary.recipients["gateway-rejects-other-mailbox"], 2);

        let mut catch_all = World::healthy();
        catch_all.accepts_everybody(GATEWAY);
        let (catch_all, _) = judged(catch_all, &[]);
        let told = ["NSD205", "NSD205", "NSD420"].map(String::from).to_vec();
        assert_eq!((catch_all.verdict, codes(&catch_all)), (Verdict::Unknown, told));
        let orders = catch_all.recipients.iter().find(|one| one.address == "orders@contoso.com").unwrap();
        assert_eq!(orders.diagnosis, Fate::Inconclusive);

        let mut hidden = World::healthy();
        hidden.hide_configuration();
        let (hidden, _) = judged(hidden, &[]);
        assert_eq!((hidden.verdict, codes(&hidden)), (Verdict::Unknown, vec!["NSD331".into(), "NSD205".into()]));
    }

    #[test]
    fn who_was_not_asked_keeps_the_verdict_open_and_says_why() {
        type Change = fn(&mut World);
        let cases: [(Change, Option<Meaning>, &str, &str); 3] = [
            (
                |world| {
                    world.last(GATEWAY).transcript = vec![turn(Stage::Mail, "553 5.7.1 Sender address rejected", None)]
                },
                Some(Meaning::SenderRejected),
                "orders@contoso.com at mx1.contoso.com (192.0.2.25)",
                "the hop refused our sender: 553 5.7.1 Sender address rejected",
            ),
            (
                |world| {
                    let session = world.last(GATEWAY);
                    session.transcript.retain(|turn| turn.recipient.as_deref() != Some("orders@contoso.com"));
                    let mut note = turn(Stage::Rcpt, "", Some("orders@contoso.com"));
                    (note.who, note.code) = (Who::Prober, None);
                    note.lines[0].text = "its local part needs SMTPUTF8".into();
                    session.transcript.push(note);
                },
                None,
                "orders@contoso.com at mx1.contoso.com (192.0.2.25)",
                "its local part needs SMTPUTF8",
            ),
            (
                |world| {
                    let session = world.last(GATEWAY);
                    session.transcript.retain(|turn| turn.recipient.as_deref() != Some("orders@contoso.com"));
                },
                None,
                "1 of 3 recipients at mx1.contoso.com (192.0.2.25)",
                "the run ended before they were asked for",
            ),
        ];
        for (change, meaning, what, why) in cases {
            let mut world = World::healthy();
            world.question.max_recipients = 20;
            change(&mut world);
            let (report, _) = judged(world, &[]);
            assert_eq!(report.verdict, Verdict::Unknown, "{why}");
            let gap = report.gaps.iter().find(|gap| gap.what == what);
            assert_eq!(gap.map(|gap| (&*gap.why, gap.asked)), Some((why, true)));
            let orders = report.recipients.iter().find(|one| one.address == "orders@contoso.com").unwrap();
            let gateway = &orders.hops[0];
            assert_eq!((gateway.outcome, gateway.meaning), (Outcome::NotProbed, meaning), "{why}");
        }
    }

    #[test]
    fn ten_thousand_recipients_are_judged_in_time_that_grows_with_their_number() {
        let mut world = World::broken_gateway();
        let many: Vec<String> = (0..10_000).map(|number| format!("user{number:05}@contoso.com")).collect();
        let unknown = "550 5.1.1 Recipient address rejected: User unknown in relay recipient table";
        for (hop, reply) in [(GATEWAY, unknown), (EXCHANGE, "250 2.1.5 Ok"), (OTHER, "250 2.1.5 Ok")] {
            let turns = many.iter().map(|address| turn(Stage::Rcpt, reply, Some(address)));
            world.last(hop).transcript.extend(turns);
            world.rcpt(hop, "helpdesk@contoso.com", "250 2.1.5 Ok");
        }
        for address in &many {
            let lookup = Lookup { address: address.clone(), entries: Observed::Known(vec![]), ..Lookup::default() };
            world.evidence.directories[0].lookups.push(lookup);
        }
        world.evidence.files[0].addresses = Observed::Known(many);
        let (report, _) = judged(world, &[]);
        assert_eq!(report.summary.recipients["gateway-rejects-other-mailbox"], 10_000);
    }

    #[test]
    fn a_check_that_panics_costs_the_verdict_its_health() {
        let world = World::healthy();
        let run = Run {
            started_at: "2026-11-24T12:00:00Z".into(),
            duration_ms: 1,
            complete: true,
            vantage: Vantage::default(),
            settings: world.question,
            redacted: None,
            estimate: None,
            vantages: Vec::new(),
            notes: Vec::new(),
        };
        let (report, _) = report("0", run, world.evidence, &|check, _| match check.code {
            "NSD204" => Err("index out of bounds".into()),
            _ => Ok(Notes::new(check)),
        });
        assert_eq!(report.verdict, Verdict::Unknown);
        assert_eq!(codes(&report), ["NSD999"]);
    }

    #[test]
    fn what_is_ignored_is_counted_and_what_has_expired_is_told() {
        let ignore = |code: &str, subject: Option<&str>, until: Option<&str>| Ignore {
            code: code.into(),
            subject: subject.map(String::from),
            until: until.map(String::from),
            reason: None,
        };
        let entries = [
            ignore("NSD401", Some("orders@contoso.com"), Some("2026-11-24")),
            ignore("NSD205", Some("exch01.corp.contoso.com"), None),
            ignore("NSD204", None, None),
            ignore("NSD401", None, Some("2026-11-23")),
        ];
        let (report, notes) = judged(World::broken_gateway(), &entries);
        assert_eq!(codes(&report), ["NSD401"]);
        assert_eq!(report.findings[0].subjects.len(), 1);
        // One whole finding, and one that leaves out one of two: it says so, and does nothing for him.
        assert_eq!(report.summary.findings.ignored, 2);
        let left = report.findings.iter().find(|one| one.code == "NSD401").unwrap();
        let said = "; left out, as the configuration ignores it for them: orders@contoso.com";
        assert!(left.detail.contains(said), "{}", left.detail);
        let done: Vec<String> = left.remedies.iter().flat_map(|one| lines(&one.commands)).collect();
        assert!(done.iter().any(|line| line.contains("sales@contoso.com")), "{done:#?}");
        let shared = left.detail.ends_with("name beside the others");
        assert!(shared || !done.iter().any(|line| line.contains("orders@contoso.com")), "{done:#?}");
        let told =
            ["[[ignore]] NSD204 matches no finding", "[[ignore]] NSD401 expired on 2026-11-23; it is not applied"];
        assert_eq!(notes, told);
    }

    #[test]
    fn the_configuration_weighs_findings_anew_and_plays_nobody_down_by_the_way() {
        let weighed = |code: &str, subject: Option<&str>, severity, until: Option<&str>| SeverityRule {
            code: code.into(),
            subject: subject.map(String::from),
            severity,
            reason: Some("agreed".into()),
            until: until.map(String::from),
        };
        let judged = |entries: &[SeverityRule]| {
            let mut world = World::broken_gateway();
            world.question.severities = entries.to_vec();
            let (report, notes) = judged(world, &[]);
            let all = report.findings.iter();
            let all: Vec<_> = all.map(|one| (one.code.clone(), one.severity, one.reweighed.clone())).collect();
            (report.verdict, all, notes)
        };
        use Severity::{Critical, Info, Warning};
        let (verdict, all, notes) = judged(&[
            weighed("NSD401", Some("*@contoso.com"), Warning, None),
            weighed("NSD401", None, Info, None),
            weighed("NSD205", None, Warning, Some("2026-11-23")),
            weighed("NSD204", None, Critical, None),
        ]);
        let reweighed = crate::judge::Reweighed { default: Critical, reason: Some("agreed".into()) };
        assert_eq!(verdict, Verdict::Warning);
        assert_eq!(all, [("NSD401".into(), Warning, Some(reweighed)), ("NSD205".into(), Info, None)]);
        let told = [
            "[[severity]] NSD401 matches no finding",
            "[[severity]] NSD205 expired on 2026-11-23; it is not applied",
            "[[severity]] NSD204 matches no finding",
        ];
        assert_eq!(notes, told);

        // It is about somebody else as well, who would be played down.
        let (verdict, all, notes) = judged(&[weighed("NSD401", Some("orders@*"), Info, None)]);
        assert_eq!((verdict, all[0].1, all[0].2.clone()), (Verdict::Critical, Critical, None));
        let told = "[[severity]] NSD401 for orders@* is not applied where a finding is about others as well: it would play them down";
        assert_eq!(notes, [told]);
        let (verdict, all, _) = judged(&[weighed("NSD205", Some("EXCH01.corp.contoso.com"), Critical, None)]);
        let fit = all.iter().any(|(code, severity, _)| code == "NSD205" && *severity == Critical);
        assert!(verdict == Verdict::Critical && fit, "{all:?}");
    }

    #[test]
    fn a_subject_is_told_by_a_pattern() {
        let cases = [
            ("orders@contoso.com", "Orders@contoso.com", true),
            ("orders@contoso.com", "*@contoso.com", true),
            ("orders@contoso.com", "o*d*@*.com", true),
            ("orders@contoso.com", "*x*", false),
            ("aa", "a*a*a", false),
            ("gateway/mx1.contoso.com/192.0.2.25:25", "mx?.contoso.com", false),
            ("gateway/mx1.contoso.com/192.0.2.25:25", "mx*.contoso.com", true),
        ];
        for (subject, pattern, expected) in cases {
            assert_eq!(ignores::is_about(subject, pattern), expected, "{subject} {pattern}");
        }
    }

    #[test]
    fn equal_commands_for_two_organisations_are_two_steps_and_for_one_they_are_one() {
        let orders = |world: World, codes: [&str; 2]| {
            let (report, _) = judged(world, &[]);
            let of = report.findings.iter().filter(|one| codes.contains(&&*one.code));
            let cures = of.map(|one| (one.code.clone(), one.remedies[0].order, lines(&one.remedies[0].commands)));
            cures.collect::<Vec<_>>()
        };
        let mut world = World::two_forests();
        for at in 0..2 {
            world.accepted_at(at, |accepted| accepted.kind = DomainKind::ExternalRelay);
        }
        let all = orders(world, ["NSD303", "NSD303"]);
        let [(_, Some(one), corp), (_, Some(other), labs)] = &all[..] else { panic!("two findings: {all:?}") };
        assert!(corp == labs && one != other, "{all:?}");

        let mut world = World::healthy();
        world.accepted(|accepted| accepted.kind = DomainKind::Authoritative);
        world.validates(EXCHANGE);
        let refusal = "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup";
        for address in [crate::stories::RANDOM, "orders@contoso.com"] {
            world.rcpt(EXCHANGE, address, refusal);
        }
        let all = orders(world, ["NSD302", "NSD403"]);
        let [(_, one, authoritative), (_, other, refused)] = &all[..] else { panic!("two findings: {all:?}") };
        assert!(authoritative == refused && one == other && one.is_some(), "{all:?}");
    }

    #[test]
    fn only_and_skip_take_codes_and_areas() {
        let mut world = World::broken_gateway();
        world.question.only = vec!["exchange".into(), "NSD205".into()];
        world.question.skip = vec!["NSD315".into()];
        let (report, _) = judged(world, &[]);
        assert_eq!((report.verdict, codes(&report)), (Verdict::Ok, vec!["NSD205".to_string()]));
        let skipped = |code: &str| report.checks.iter().find(|c| c.code == code).unwrap().status == Status::Skipped;
        assert!(skipped("NSD401") && skipped("NSD315") && !skipped("NSD314"));
    }

    #[test]
    fn where_port_25_is_closed_no_check_of_smtp_passes() {
        let statuses = |world: World| {
            let (report, _) = judged(world, &[]);
            let smtp = |check: &&CheckResult| check.code.starts_with("NSD2") || check.code == "NSD901";
            let passed = report.checks.iter().filter(smtp).filter(|check| check.status == Status::Passed).count();
            (report.verdict, codes(&report), passed)
        };
        let mut world = World::healthy();
        for hop in [GATEWAY, EXCHANGE, OTHER] {
            world.silent(hop, How::TimedOut, "no connection within 10 s");
        }
        assert_eq!(statuses(world), (Verdict::Unknown, vec!["NSD901".into()], 0));
        let (verdict, codes, passed) = statuses(World::healthy());
        assert!(verdict == Verdict::Ok && codes == ["NSD205"] && passed > 5, "{passed}");
    }

    #[test]
    fn each_page_says_where_it_is_written_in_public() {
        let hosts = [
            "learn.microsoft.com",
            "docs.microsoft.com",
            "www.postfix.org",
            "campus.barracuda.com",
            "mimecastsupport.zendesk.com",
            "cp.hornetsecurity.com",
            "knowledge.broadcom.com",
            "docs.fortinet.com",
        ];
        let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_public = |source: &str| match (source.strip_prefix("https://"), source.strip_prefix("RFC ")) {
            (Some(rest), _) => rest.split_once('/').is_some_and(|(host, path)| {
                hosts.contains(&host) && !path.is_empty() && path.bytes().all(|byte| byte.is_ascii_graphic())
            }),
            (_, Some(rest)) => {
                rest.split_once(", ").is_some_and(|(rfc, section)| number(rfc) && section.split('.').all(number))
            }
            _ => false,
        };
        let others =
            ["RFC 5321", "RFC 5321, five", "http://learn.microsoft.com/x", "https://example.com/x", "Microsoft"];
        assert!(!others.into_iter().any(is_public));
        for (_, check) in crate::checks() {
            let wrong: Vec<_> = check.sources.iter().filter(|source| !is_public(source)).collect();
            assert!(!check.sources.is_empty() && wrong.is_empty(), "{}: {wrong:?}", check.code);
        }
    }

    #[test]
    fn codes_and_names_are_never_used_twice() {
        let all = crate::checks();
        let codes: BTreeSet<_> = all.iter().map(|(_, check)| check.code).collect();
        let names: BTreeSet<_> = all.iter().map(|(_, check)| check.name).collect();
        assert_eq!((codes.len(), names.len()), (all.len(), all.len()));
    }
}
