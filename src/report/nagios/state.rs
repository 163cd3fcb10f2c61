//! The state that a monitoring plugin tells: the verdict, and where thresholds are given what they make of it.
//!
//! Thresholds are about how many recipients cannot get mail. A range that is given alerts as the guidelines say. What it allows
//! lowers the findings that are about such recipients alone; every other finding, and what could not be determined, keeps its
//! weight. One range speaks for itself and not for the other: `--critical 10` alone leaves a warning of three who are refused, and
//! `--warning 5` alone leaves seven of them critical.
use super::Limits;
use crate::report::words::{is_without_mail, without_mail};
use nsdiag_checks::judge::{Finding, Severity, SubjectKind};
use nsdiag_checks::report::{Report, Status, Verdict};
use std::collections::BTreeSet;

/// The state of `report` under these thresholds.
pub fn state(report: &Report, limits: &Limits) -> Verdict {
    if limits.is_empty() {
        return report.verdict;
    }
    let open = report.gaps.iter().any(|gap| gap.asked)
        || !report.run.complete
        || report.checks.iter().any(|check| check.status == Status::Crashed)
        || report.verdict == Verdict::Unknown;
    let open = if open { Verdict::Unknown } else { Verdict::Ok };
    // A verdict that no finding explains is nobody's to lower.
    let unexplained = match report.verdict {
        Verdict::Critical if !report.findings.iter().any(|one| one.severity == Severity::Critical) => Verdict::Critical,
        Verdict::Warning if !report.findings.iter().any(|one| one.severity != Severity::Info) => Verdict::Warning,
        _ => Verdict::Ok,
    };
    let refused = refused(report);
    let found = report.findings.iter().map(|finding| weighed(report, finding, limits, &refused)).max();
    let counted = match (alerts(&limits.critical, report), alerts(&limits.warning, report)) {
        (true, _) => Verdict::Critical,
        (_, true) => Verdict::Warning,
        _ => Verdict::Ok,
    };
    [open, unexplained, found.unwrap_or(Verdict::Ok), counted].into_iter().max().unwrap_or(Verdict::Unknown)
}

/// The state that one finding tells.
pub fn of_finding(report: &Report, finding: &Finding, limits: &Limits) -> Verdict {
    match limits.is_empty() {
        true => own(finding),
        false => weighed(report, finding, limits, &refused(report)),
    }
}

fn own(finding: &Finding) -> Verdict {
    match finding.severity {
        Severity::Critical => Verdict::Critical,
        Severity::Warning => Verdict::Warning,
        Severity::Info => Verdict::Ok,
    }
}

fn weighed(report: &Report, finding: &Finding, limits: &Limits, refused: &BTreeSet<&str>) -> Verdict {
    let own = own(finding);
    let counts = |value: &str| refused.contains(value);
    let about_them = finding.subjects.iter().all(|one| one.kind == SubjectKind::Recipient && counts(&one.value));
    if finding.subjects.is_empty() || !about_them || alerts(&limits.critical, report) {
        return own;
    }
    match (&limits.warning, &limits.critical) {
        (Some(_), _) if !alerts(&limits.warning, report) => Verdict::Ok,
        // It is within the critical range, and not within the one for warnings, or there is none.
        (_, Some(_)) => own.min(Verdict::Warning),
        _ => own,
    }
}

/// Those who cannot get mail.
fn refused(report: &Report) -> BTreeSet<&str> {
    report.recipients.iter().filter(|one| is_without_mail(one)).map(|one| &*one.address).collect()
}

fn alerts(range: &Option<super::Range>, report: &Report) -> bool {
    range.as_ref().is_some_and(|range| range.alerts(without_mail(report)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use nsdiag_checks::model::diagnosis::Fate;

    fn limits(warning: &str, critical: &str) -> Limits {
        Limits { warning: warning.parse().ok(), critical: critical.parse().ok() }
    }

    /// Two of three are refused, the finding is about one of them alone, and nothing is open.
    fn refusing() -> Report {
        let mut report = sample::report("x");
        report.gaps.clear();
        report.checks.clear();
        report.findings.iter_mut().for_each(|finding| finding.subjects.truncate(1));
        report
    }

    #[test]
    fn thresholds_weigh_the_number_of_those_who_are_refused() {
        let cases = [
            ("", "", Verdict::Critical),
            ("5", "10", Verdict::Ok),
            ("1", "10", Verdict::Warning),
            ("1", "1", Verdict::Critical),
            ("2", "2", Verdict::Ok),
            ("5", "", Verdict::Ok),
            ("1", "", Verdict::Critical),
            ("", "10", Verdict::Warning),
            ("", "1", Verdict::Critical),
            ("", "@2", Verdict::Critical),
            ("@2", "10", Verdict::Warning),
            ("3:", "", Verdict::Critical),
            ("3:", "10", Verdict::Warning),
            ("5", "3:", Verdict::Critical),
        ];
        for (warning, critical, expected) in cases {
            assert_eq!(state(&refusing(), &limits(warning, critical)), expected, "{warning} {critical}");
        }
    }

    #[test]
    fn what_is_not_about_the_refused_alone_is_not_lowered() {
        let wide = limits("100", "100");
        let expect = |change: &dyn Fn(&mut Report), expected| {
            let mut report = refusing();
            change(&mut report);
            assert_eq!(state(&report, &wide), expected, "{:?}", report.findings);
        };
        expect(&|_| (), Verdict::Ok);
        expect(&|report| report.findings[0].subjects[0].kind = SubjectKind::Host, Verdict::Critical);
        expect(&|report| report.findings[0].subjects[0].value = "somebody@else".into(), Verdict::Critical);
        expect(&|report| report.findings[0].subjects.clear(), Verdict::Critical);
        expect(&|report| report.recipients[0].diagnosis = Fate::Delivered, Verdict::Critical);
        expect(&|report| report.recipients.clear(), Verdict::Critical);
        expect(&|report| report.findings.clear(), Verdict::Critical);
        expect(&|report| report.findings[1].severity = Severity::Warning, Verdict::Ok);
        let other = |report: &mut Report| {
            report.findings[1].severity = Severity::Warning;
            report.findings[1].subjects.clear();
        };
        expect(&other, Verdict::Warning);
    }

    #[test]
    fn unknown_never_becomes_ok() {
        let wide = limits("100", "100");
        let mut cut_short = refusing();
        cut_short.run.complete = false;
        let mut open = refusing();
        open.gaps = sample::report("x").gaps;
        let mut crashed = refusing();
        crashed.checks = sample::report("x").checks;
        crashed.checks[0].status = Status::Crashed;
        let mut said = refusing();
        said.verdict = Verdict::Unknown;
        said.findings.clear();
        for report in [cut_short, open, crashed, said] {
            assert_eq!(state(&report, &wide), Verdict::Unknown, "{report:?}");
        }
    }
}
