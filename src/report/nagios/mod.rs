//! The output of a monitoring plugin (Monitoring Plugins Development Guidelines): a line with the state and performance data,
//! and below it a line for each thing that is wrong.
mod errors;
mod limits;
mod state;

use super::format::{Format, Holds, View};
use super::safe;
use super::words::{folded_gaps, ignored_in_words, is_without_mail, verdict_sentence, without_mail, word};
pub use errors::{is_asked_for, unknown};
pub use limits::{Limits, Range};
use nsdiag_checks::judge::{Finding, Severity, listed};
use nsdiag_checks::report::{Report, Verdict};
pub use state::state;
use std::io;

/// The first line with its performance data; Nagios takes 8 KB in all by default, and some of what is around it less.
const FIRST: usize = 4 * 1024;
/// One line below it.
const LINE: usize = 2 * 1024;
/// All of it.
const WHOLE: usize = 32 * 1024;
/// How many subjects of a finding are named, unless all are wanted.
const NAMED: usize = 12;

/// For Nagios, Icinga and their kind.
pub const FORMAT: Format = Format {
    name: "nagios",
    about: "A monitoring plugin's state line, performance data and details; the exit status is the state's",
    endings: &[],
    exact: false,
    holds: Holds::Everything,
    write: |report, view, out| write(report, view, out),
};

fn write(report: &Report, view: &View, out: &mut dyn io::Write) -> io::Result<()> {
    let mut text = format!("{}\n", first_line(report, &view.limits));
    let lines = if view.brief { Vec::new() } else { details(report, view) };
    // There is room for the line that says what was cut.
    let room = WHOLE - 100;
    for (at, line) in lines.iter().enumerate() {
        if text.len() + line.len() + 1 > room {
            text.push_str(&format!("(cut here: {} more; nsdiag check -o FILE.json has all)\n", lines.len() - at));
            break;
        }
        text.push_str(line);
        text.push('\n');
    }
    out.write_all(text.as_bytes())
}

/// The state with the verdict in a sentence, and the numbers.
fn first_line(report: &Report, limits: &Limits) -> String {
    let state = state(report, limits);
    let mut said = verdict_sentence(report);
    for ignored in ignored_in_words(report).into_iter().filter(|words| !verdict_sentence(report).contains(words)) {
        said = format!("{said}; {ignored}");
    }
    let said = harmless(&said);
    // A range that alerts allows nothing.
    let refused = without_mail(report);
    let within = |flag: &str, range: &Option<Range>| {
        range.as_ref().filter(|range| !range.alerts(refused)).map(|range| format!("{flag} {range}"))
    };
    let within: Vec<String> =
        [within("--warning", &limits.warning), within("--critical", &limits.critical)].into_iter().flatten().collect();
    let allowed = match state < report.verdict && !within.is_empty() {
        true => format!(" (within {})", within.join(" and ")),
        false => String::new(),
    };
    let open = match state == Verdict::Unknown && report.verdict != Verdict::Unknown {
        true => "; something that was asked could not be determined",
        false => "",
    };
    let numbers = numbers(report, limits);
    let head = format!("NSDIAG {} - ", name(state));
    let around = head.len() + allowed.len() + open.len() + numbers.len() + " | ".len() + "\n".len();
    format!("{head}{}{allowed}{open} | {numbers}", cut(&said, FIRST - around))
}

/// The performance data: `'label'=value[UOM];[warn];[crit];[min];[max]`. No label needs quotes.
fn numbers(report: &Report, limits: &Limits) -> String {
    let count = |name: &str| report.summary.recipients.get(name).copied().unwrap_or(0);
    let range = |range: &Option<Range>| range.as_ref().map(Range::to_string).unwrap_or_default();
    let (warning, critical) = (range(&limits.warning), range(&limits.critical));
    let total = count("total");
    let findings = &report.summary.findings;
    let refused = without_mail(report);
    let ms = report.run.duration_ms;
    [
        format!("refused={refused};{warning};{critical};0;{total}"),
        format!("probed={};;;0;{total}", count("probed")),
        format!("inconclusive={};;;0;{total}", count("inconclusive")),
        format!("critical={};;;0", findings.critical),
        format!("warning={};;;0", findings.warning),
        format!("info={};;;0", findings.info),
        format!("ignored={};;;0", findings.ignored),
        format!("time={}.{:03}s;;;0", ms / 1000, ms % 1000),
    ]
    .join(" ")
}

/// A line for each finding and each thing that could not be determined, the worst first.
fn details(report: &Report, view: &View) -> Vec<String> {
    let finding = |finding: &Finding| {
        let state = state::of_finding(report, finding, &view.limits);
        let subjects: Vec<&str> = finding.subjects.iter().map(|subject| &*subject.value).collect();
        let most = if view.verbose { subjects.len() } else { NAMED };
        let about = if subjects.is_empty() { String::new() } else { format!(" [{}]", listed(&subjects, most)) };
        let Finding { code, severity, certainty, title, detail, .. } = finding;
        let words = format!("{code} {} ({}) {title}{about}: {detail}", word(severity), word(certainty));
        (state, *severity, words)
    };
    let gap = |gap: super::words::Missing| {
        let (what, checks) = (listed(&gap.what, 4), listed(gap.checks, 6));
        let words =
            format!("could not be determined: {what}, because {}. Would help: {} ({checks})", gap.why, gap.supply);
        (Verdict::Unknown, Severity::Info, words)
    };
    let mut all: Vec<_> =
        report.findings.iter().map(finding).chain(folded_gaps(report, true).into_iter().map(gap)).collect();
    // Where a policy takes a finding out, or a finding is about a rule and not about people, nothing else names them here.
    let named = |address: &str| {
        report.findings.iter().flat_map(|finding| &finding.subjects).any(|subject| subject.value == address)
    };
    let refused = report.recipients.iter().filter(|one| is_without_mail(one)).map(|one| &*one.address);
    let unnamed: Vec<&str> = refused.filter(|address| !named(address)).collect();
    if !unnamed.is_empty() {
        let most = if view.verbose { unnamed.len() } else { NAMED };
        let words = format!("cannot get mail, and in no finding by name: {}", listed(&unnamed, most));
        all.push((state(report, &view.limits), Severity::Info, words));
    }
    all.sort_by_key(|(state, severity, _)| (std::cmp::Reverse(*state), *severity));
    all.iter().map(|(state, _, words)| cut(&harmless(&format!("\\_[{}] {words}", name(*state))), LINE)).collect()
}

fn name(state: Verdict) -> String {
    state.word().to_uppercase()
}

/// Text as it may stand in a plugin's output: `|` begins performance data wherever it stands, and Icinga Web takes what has a
/// tag in it for HTML.
fn harmless(text: &str) -> String {
    safe(text).replace('|', "\\u{7c}").replace('<', "\u{2039}").replace('>', "\u{203a}")
}

/// `text`, or as much of it as fits, with a word that it was cut.
fn cut(text: &str, most: usize) -> String {
    const MARK: &str = " (cut)";
    if text.len() <= most {
        return text.into();
    }
    let mut end = most.saturating_sub(MARK.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{MARK}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{HOSTILE, report};

    fn written(report: &Report, view: &View) -> String {
        let mut out = Vec::new();
        write(report, view, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_first_line_has_the_state_and_the_numbers() {
        let mut one = report("contoso.com");
        let mut view = View::of_file(false);
        let text = written(&one, &view);
        let lines: Vec<&str> = text.lines().collect();
        let numbers = "refused=2;;;0;3 probed=3;;;0;3 inconclusive=0;;;0;3 critical=1;;;0 warning=0;;;0 info=1;;;0 \
                       ignored=0;;;0 time=1.840s;;;0";
        let first = "NSDIAG CRITICAL - contoso.com: 2 of 3 recipients cannot get mail";
        assert_eq!(lines[0], format!("{first} | {numbers}"));
        assert_eq!(lines.len(), 4, "{text}");
        let states: Vec<&str> = lines[1..].iter().map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(states, ["\\_[CRITICAL]", "\\_[UNKNOWN]", "\\_[OK]"], "{text}");
        one.gaps.clear();
        one.checks.clear();
        one.findings[0].subjects.truncate(1);
        view.limits = Limits { warning: "5".parse().ok(), critical: "@10:".parse().ok() };
        let text = written(&one, &view);
        let within = " (within --warning 5 and --critical @10:) | refused=2;5;@10:;0;3 ";
        assert!(text.starts_with(&first.replace("CRITICAL", "OK")) && text.contains(within), "{text}");
        // A range that alerts allows nothing.
        view.limits = Limits { warning: "1".parse().ok(), critical: "5".parse().ok() };
        let text = written(&one, &view);
        assert!(
            text.starts_with(&first.replace("CRITICAL", "WARNING")) && text.contains(" (within --critical 5) |"),
            "{text}"
        );
        one.findings.clear();
        one.verdict = Verdict::Ok;
        one.summary.findings.ignored = 1;
        let text = written(&one, &View::of_file(false));
        let said =
            "2 of 3 recipients cannot get mail; 1 finding is ignored, as the configuration says (contoso.com) | ";
        assert!(text.starts_with(&format!("NSDIAG OK - contoso.com: {said}")), "{text}");
        let line = text.lines().nth(1).unwrap();
        assert_eq!(line, "\\_[OK] cannot get mail, and in no finding by name: contoso.com@contoso.com");
        view.brief = true;
        assert_eq!(written(&one, &view).lines().count(), 1);
    }

    #[test]
    fn nothing_from_outside_begins_a_line_or_the_performance_data() {
        let text = written(&report(HOSTILE), &View::of_file(true));
        assert_eq!(text.lines().count(), 4, "{text}");
        assert_eq!(text.matches('|').count(), 1, "{text}");
        assert!(!text.contains(|c: char| "<>\u{1b}\u{202e}\r\u{0}".contains(c)), "{text}");
    }

    #[test]
    fn what_is_long_is_cut_and_says_so() {
        let mut long = report(&"ü".repeat(10_000));
        let finding = long.findings[0].clone();
        long.findings = vec![finding; 50];
        let text = written(&long, &View::of_file(true));
        assert!(text.len() <= WHOLE && text.ends_with(" more; nsdiag check -o FILE.json has all)\n"), "{}", text.len());
        let first = text.lines().next().unwrap();
        assert!(first.len() < FIRST && first.contains(" (cut) | refused=2;"), "{first}");
        assert!(text.lines().skip(1).all(|line| line.len() <= LINE));
    }
}
