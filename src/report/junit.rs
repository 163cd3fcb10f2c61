//! JUnit XML for continuous integration, as Ant writes it: a suite for each area, a case for each check.
//!
//! What passes there is what is healthy: warnings and critical findings are failures, and what was asked and could not be
//! determined is an error. The suite `run` has the verdict as a case of its own, so that nothing passes where nsdiag's exit status
//! is not 0.
use super::format::{Format, Holds};
use super::words::{folded_gaps, verdict_sentence, word};
use super::{safe, safe_lines};
use nsdiag_checks::AREAS;
use nsdiag_checks::judge::{Finding, Severity, listed};
use nsdiag_checks::report::{CheckResult, Report, Status, Verdict};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use std::io;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// For continuous integration.
pub const FORMAT: Format = Format {
    name: "junit",
    about: "JUnit XML for continuous integration, a case for each check",
    endings: &["xml"],
    exact: false,
    holds: Holds::Everything,
    write: |report, _, out| write(report, out),
};

struct Suite<'r> {
    name: &'r str,
    cases: Vec<Case>,
    /// What is worth knowing and fails nothing.
    out: Vec<String>,
}

struct Case {
    name: String,
    outcome: Outcome,
}

enum Outcome {
    Passed,
    /// Its type, in one line, and in full.
    Failed(String, String, String),
    Error(String, String, String),
    Skipped(String),
}

fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let suites = suites(report);
    let mut xml = Writer::new_with_indent(out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.create_element("testsuites").write_inner_content(|xml| {
        for (id, suite) in suites.iter().enumerate() {
            of_suite(report, suite, id, xml)?;
        }
        Ok(())
    })?;
    xml.get_mut().write_all(b"\n")
}

/// The areas, and the run itself.
fn suites(report: &Report) -> Vec<Suite<'static>> {
    let area_of = |code: &str| {
        AREAS.iter().find(|(_, checks)| checks.iter().any(|check| check.code == code)).map(|(area, _)| *area)
    };
    let checked = |code: &str| report.checks.iter().any(|check| check.code == code);
    let suite = |name: &'static str| Suite { name, cases: Vec::new(), out: Vec::new() };
    let mut suites: Vec<Suite> = AREAS.iter().map(|(area, _)| suite(area)).chain([suite("run")]).collect();
    let run = suites.len() - 1;
    for check in &report.checks {
        // A check of another version is in no area that is known here.
        let at = AREAS.iter().position(|(area, _)| Some(*area) == area_of(&check.code)).unwrap_or(run);
        let findings: Vec<&Finding> = report.findings.iter().filter(|finding| finding.code == check.code).collect();
        suites[at].out.extend(findings.iter().filter(|one| one.severity == Severity::Info).map(|one| told(one)));
        suites[at].cases.push(of_check(check, &findings));
    }
    for finding in report.findings.iter().filter(|finding| !checked(&finding.code)) {
        match finding.severity {
            Severity::Info => suites[run].out.push(told(finding)),
            _ => {
                suites[run].cases.push(Case { name: title(&finding.code, &finding.name), outcome: failed(&[finding]) })
            }
        }
    }
    suites[run].cases.push(verdict(report));
    suites
}

fn title(code: &str, name: &str) -> String {
    format!("{code} {name}")
}

fn of_check(check: &CheckResult, findings: &[&Finding]) -> Case {
    let reason = check.reason.clone().unwrap_or_default();
    let wrong: Vec<&Finding> = findings.iter().filter(|one| one.severity != Severity::Info).copied().collect();
    let because = |kind: &str| Outcome::Error(kind.into(), reason.clone(), reason.clone());
    let outcome = match check.status {
        _ if !wrong.is_empty() => failed(&wrong),
        Status::Passed | Status::Failed => Outcome::Passed,
        Status::Skipped => Outcome::Skipped(reason),
        Status::Ignored => Outcome::Skipped(format!("ignored: {reason}")),
        Status::Inconclusive => because("inconclusive"),
        Status::Crashed => because("crashed"),
    };
    Case { name: title(&check.code, &check.name), outcome }
}

/// The findings, the worst first.
fn failed(findings: &[&Finding]) -> Outcome {
    let worst = findings.iter().map(|one| one.severity).min().map_or_else(String::new, |worst| word(&worst));
    let message = findings.iter().map(|one| &*one.title).collect::<Vec<_>>();
    let whole: Vec<String> = findings.iter().map(|one| told(one)).collect();
    Outcome::Failed(worst, listed(&message, 3), whole.join("\n"))
}

/// A finding in full, with what mends it.
fn told(finding: &Finding) -> String {
    let Finding { code, severity, certainty, title, detail, .. } = finding;
    let mut text = format!("{code} {} ({}): {title}\n", word(severity), word(certainty));
    for subject in &finding.subjects {
        text.push_str(&format!("for {} {}\n", word(&subject.kind), safe(&subject.value)));
    }
    text.push_str(&format!("{}\n", safe(detail)));
    for remedy in &finding.remedies {
        text.push_str(&format!("{}:\n", safe(&remedy.title)));
        let [commands, _] = remedy.lines();
        text.extend(commands.iter().map(|line| format!("  {}\n", safe(line))));
    }
    text
}

fn verdict(report: &Report) -> Case {
    let sentence = verdict_sentence(report);
    let gaps = folded_gaps(report, true);
    let gap = |gap: &super::words::Missing| {
        format!("{}, because {}. Would help: {}", listed(&gap.what, 4), gap.why, gap.supply)
    };
    let mut whole: Vec<String> = gaps.iter().map(gap).collect();
    if !report.run.complete {
        whole.push("the run was cut short before all was asked".into());
    }
    let whole = whole.join("\n");
    let kind = report.verdict.word().to_string();
    let outcome = match report.verdict {
        Verdict::Ok => Outcome::Passed,
        Verdict::Unknown => Outcome::Error(kind, sentence, whole),
        Verdict::Warning | Verdict::Critical => Outcome::Failed(kind, sentence, whole),
    };
    Case { name: "verdict".into(), outcome }
}

fn of_suite<W: io::Write>(report: &Report, suite: &Suite, id: usize, xml: &mut Writer<W>) -> io::Result<()> {
    let count = |is: fn(&Outcome) -> bool| suite.cases.iter().filter(|case| is(&case.outcome)).count().to_string();
    let failures = count(|outcome| matches!(outcome, Outcome::Failed(..)));
    let errors = count(|outcome| matches!(outcome, Outcome::Error(..)));
    let skipped = count(|outcome| matches!(outcome, Outcome::Skipped(_)));
    // The checks think for no time; the whole run's is the run's.
    let time = if suite.name == "run" { report.run.duration_ms as f64 / 1000.0 } else { 0.0 };
    let host = token(&report.run.vantage.hostname);
    let (id, tests) = (id.to_string(), suite.cases.len().to_string());
    let (stamp, time) = (stamp(&report.run.started_at), format!("{time:.3}"));
    let attributes = [
        ("name", suite.name),
        ("package", "nsdiag"),
        ("id", &*id),
        ("hostname", if host.is_empty() { "localhost" } else { &*host }),
        ("timestamp", &*stamp),
        ("tests", &*tests),
        ("failures", &*failures),
        ("errors", &*errors),
        ("skipped", &*skipped),
        ("time", &*time),
    ];
    let properties = [
        ("domain", valid(&safe(&report.domain))),
        ("verdict", report.verdict.word().into()),
        ("exit_code", report.exit_code.to_string()),
        ("complete", report.run.complete.to_string()),
        ("started_at", valid(&safe(&report.run.started_at))),
        ("version", valid(&safe(&report.tool.version))),
    ];
    xml.create_element("testsuite").with_attributes(attributes).write_inner_content(|xml| {
        xml.create_element("properties").write_inner_content(|xml| {
            for (name, value) in &properties {
                xml.create_element("property").with_attributes([("name", *name), ("value", &**value)]).write_empty()?;
            }
            Ok(())
        })?;
        for case in &suite.cases {
            of_case(suite, case, xml)?;
        }
        let out = valid(&safe_lines(&suite.out.join("\n")));
        xml.create_element("system-out").write_text_content(BytesText::new(&out))?;
        xml.create_element("system-err").write_text_content(BytesText::new(""))?;
        Ok(())
    })?;
    Ok(())
}

fn of_case<W: io::Write>(suite: &Suite, case: &Case, xml: &mut Writer<W>) -> io::Result<()> {
    let (name, class) = (token(&case.name), format!("nsdiag.{}", suite.name));
    let attributes = [("name", &*name), ("classname", &*class), ("time", "0")];
    let element = xml.create_element("testcase").with_attributes(attributes);
    let (tag, kind, message, whole) = match &case.outcome {
        Outcome::Passed => return element.write_empty().map(drop),
        Outcome::Skipped(why) => {
            let why = valid(&safe(why));
            let skipped =
                |xml: &mut Writer<W>| xml.create_element("skipped").write_text_content(BytesText::new(&why)).map(drop);
            return element.write_inner_content(skipped).map(drop);
        }
        Outcome::Failed(kind, message, whole) => ("failure", kind, message, whole),
        Outcome::Error(kind, message, whole) => ("error", kind, message, whole),
    };
    let (message, whole) = (valid(&safe(message)), valid(&safe_lines(whole)));
    let wrong = |xml: &mut Writer<W>| {
        let attributes = [("type", &**kind), ("message", &*message)];
        xml.create_element(tag).with_attributes(attributes).write_text_content(BytesText::new(&whole)).map(drop)
    };
    element.write_inner_content(wrong).map(drop)
}

/// Text without what XML 1.0 forbids (section 2.2) beyond what [`safe`] shows already.
fn valid(text: &str) -> String {
    text.replace('\u{fffe}', "\\u{fffe}").replace('\u{ffff}', "\\u{ffff}")
}

/// A name: no space at its ends, and one at a time between.
fn token(text: &str) -> String {
    valid(&safe(text)).split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// When it began, to the second and without a zone, as the schema wants it: it is UTC.
fn stamp(started_at: &str) -> String {
    let sound = OffsetDateTime::parse(started_at, &Rfc3339).is_ok_and(|time| time.offset().is_utc() && time.year() > 0);
    started_at.get(..19).filter(|_| sound).unwrap_or("1970-01-01T00:00:00").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{HOSTILE, report};
    use quick_xml::Reader;

    type Element = (String, Vec<(String, String)>);

    /// Each element that opens with its attributes.
    fn read(report: &Report) -> Vec<Element> {
        let mut out = Vec::new();
        write(report, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let forbidden = |c: &char| c.is_control() && *c != '\n' || matches!(c, '\u{fffe}' | '\u{ffff}');
        assert_eq!(text.chars().find(forbidden), None);
        let mut reader = Reader::from_str(&text);
        let mut all: Vec<Element> = Vec::new();
        loop {
            match reader.read_event().unwrap() {
                Event::Start(tag) | Event::Empty(tag) => {
                    let attribute = |one: quick_xml::events::attributes::Attribute| {
                        let value = quick_xml::escape::unescape(&one.value).unwrap().into_owned();
                        (one.key.as_ref().to_string(), value)
                    };
                    let attributes = tag.attributes().map(|one| attribute(one.unwrap())).collect();
                    all.push((tag.name().as_ref().to_string(), attributes));
                }
                Event::Eof => return all,
                _ => {}
            }
        }
    }

    fn outcomes(report: &Report) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for (tag, attributes) in read(report) {
            let of = |name: &str| attributes.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value);
            match &*tag {
                "testcase" => all.push(format!("{} {}", of("classname"), of("name"))),
                "failure" | "error" | "skipped" => {
                    let last = all.last_mut().unwrap();
                    *last = format!("{last}: {tag} {}", of("type")).trim_end().into();
                }
                _ => {}
            }
        }
        all
    }

    #[test]
    fn each_check_is_a_case_and_what_is_not_known_does_not_pass() {
        let mut one = report("x");
        let expected = [
            "nsdiag.smtp NSD205 x",
            "nsdiag.exchange NSD332 x: error inconclusive",
            "nsdiag.recipients NSD401 x: failure critical",
            "nsdiag.run x x: skipped",
            "nsdiag.run verdict: failure critical",
        ];
        assert_eq!(outcomes(&one), expected);
        one.verdict = Verdict::Unknown;
        one.findings[0].severity = Severity::Info;
        one.checks[2].status = Status::Crashed;
        let unknown = [
            "nsdiag.smtp NSD205 x",
            "nsdiag.exchange NSD332 x: error crashed",
            "nsdiag.recipients NSD401 x",
            "nsdiag.run x x: skipped",
            "nsdiag.run verdict: error unknown",
        ];
        assert_eq!(outcomes(&one), unknown);
        one.findings[1].severity = Severity::Warning;
        one.checks = vec![CheckResult { status: Status::Ignored, ..one.checks[1].clone() }];
        let ignored =
            ["nsdiag.smtp NSD205 x: skipped", "nsdiag.run x x: failure warning", "nsdiag.run verdict: error unknown"];
        assert_eq!(outcomes(&one), ignored);
    }

    #[test]
    fn the_numbers_of_a_suite_are_those_of_its_cases() {
        let all = read(&report("x"));
        let suite = |name: &str| {
            let is = |(tag, attributes): &&Element| tag == "testsuite" && attributes[0] == ("name".into(), name.into());
            let (_, attributes) = all.iter().find(is).unwrap();
            ["tests", "failures", "errors", "skipped", "time", "hostname"]
                .map(|name| attributes.iter().find(|(own, _)| own == name).unwrap().1.clone())
        };
        assert_eq!(suite("exchange"), ["1", "0", "1", "0", "0.000", "x"]);
        assert_eq!(suite("run"), ["2", "1", "0", "1", "1.840", "x"]);
        assert_eq!(suite("dns"), ["0", "0", "0", "0", "0.000", "x"]);
    }

    #[test]
    fn hostile_text_is_text() {
        let mut hostile = report(HOSTILE);
        let all = read(&hostile);
        let known = ["testsuites", "testsuite", "properties", "property", "testcase", "failure", "error", "skipped"];
        for (tag, ..) in &all {
            assert!(known.contains(&&**tag) || tag.starts_with("system-"), "{tag}");
        }
        let cases = all.iter().filter(|(tag, ..)| tag == "testcase").count();
        assert_eq!(cases, 5);
        hostile.run.vantage.hostname = String::new();
        let attributes = &read(&hostile)[1].1;
        assert!(attributes.contains(&("hostname".into(), "localhost".into())));
    }

    #[test]
    fn a_time_is_one_or_none() {
        assert_eq!(stamp("2026-11-24T12:00:00.5Z"), "2026-11-24T12:00:00");
        for wrong in
            ["", "2026-99-99T12:00:00Z", "2026-11-24T12:00:00+02:00", "0000-01-01T00:00:00Z", "üüüüüüüüüüüüüüüüüüüüü"]
        {
            assert_eq!(stamp(wrong), "1970-01-01T00:00:00");
        }
    }
}
