//! Lines of `key=value` for a log: the verdict, then each finding, then each thing that could not be determined.
//!
//! A value that is no single plain word stands in quotes, with `"` and `\` behind a `\`: what logfmt's readers (Loki, Splunk,
//! Vector) take. Nothing that a server said can begin a line of its own.
use super::format::{Format, Holds};
use super::safe;
use super::words::{folded_gaps, redacted, reweighed, verdict_sentence, without_mail, word};
use nsdiag_checks::judge::{Finding, listed};
use nsdiag_checks::report::Report;
use std::io;

/// How much that could not be determined for one reason is named in its line.
const NAMED: usize = 20;

/// For logs.
pub const FORMAT: Format = Format {
    name: "logfmt",
    about: "Lines of key=value for a log, one for each finding",
    endings: &["log"],
    exact: false,
    holds: Holds::Everything,
    write: |report, _, out| write(report, out),
};

fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let counts = &report.summary.findings;
    let total = report.summary.recipients.get("total").copied().unwrap_or(0);
    let mut head = Line::of("verdict", report);
    head.say("verdict", report.verdict.word());
    head.say("exit_code", &report.exit_code.to_string());
    head.say("says", &verdict_sentence(report));
    let numbers = [
        ("critical", counts.critical),
        ("warning", counts.warning),
        ("info", counts.info),
        ("ignored", counts.ignored),
    ];
    numbers.iter().for_each(|(name, number)| head.say(name, &number.to_string()));
    head.say("recipients", &total.to_string());
    head.say("without_mail", &without_mail(report).to_string());
    head.say("complete", if report.run.complete { "true" } else { "false" });
    if let Some(said) = redacted(report) {
        head.say("redacted", said);
    }
    head.end(out)?;
    for finding in &report.findings {
        of_finding(report, finding).end(out)?;
    }
    for gap in folded_gaps(report, true) {
        let mut line = Line::of("not-determined", report);
        line.say("what", &listed(&gap.what, NAMED));
        line.say("why", gap.why);
        line.end(out)?;
    }
    Ok(())
}

fn of_finding(report: &Report, finding: &Finding) -> Line {
    let mut line = Line::of("finding", report);
    line.say("code", &finding.code);
    line.say("name", &finding.name);
    line.say("severity", &word(&finding.severity));
    line.say("certainty", &word(&finding.certainty));
    let subjects: Vec<&str> = finding.subjects.iter().map(|subject| &*subject.value).collect();
    line.say("subjects", &subjects.join(" "));
    line.say("title", &finding.title);
    line.say("detail", &finding.detail);
    if let Some(said) = reweighed(finding) {
        line.say("reweighed", &said);
    }
    line
}

/// One line.
struct Line(String);

impl Line {
    /// One about `what`, with the time of the run and its domain.
    fn of(what: &str, report: &Report) -> Self {
        let mut line = Self(String::new());
        line.say("time", &report.run.started_at);
        line.say("nsdiag", what);
        line.say("domain", &report.domain);
        line
    }

    fn say(&mut self, key: &str, value: &str) {
        let value = safe(value);
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        let plain = |c: char| !c.is_whitespace() && !matches!(c, '"' | '=' | '\\');
        self.0 += key;
        self.0.push('=');
        match !value.is_empty() && value.chars().all(plain) {
            true => self.0 += &value,
            false => {
                let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
                self.0 += &format!("\"{quoted}\"");
            }
        }
    }

    fn end(mut self, out: &mut dyn io::Write) -> io::Result<()> {
        self.0.push('\n');
        out.write_all(self.0.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_plain_word_is_quoted_and_stays_on_its_line() {
        let cases = [
            ("NSD401", "k=NSD401"),
            ("", "k=\"\""),
            ("two words", "k=\"two words\""),
            ("a=b", "k=\"a=b\""),
            ("say \"no\" \\", "k=\"say \\\"no\\\" \\\\\""),
            ("550\nverdict=ok", "k=\"550\\\\u{a}verdict=ok\""),
            ("no\u{a0}break", "k=\"no\u{a0}break\""),
        ];
        for (value, expected) in cases {
            let mut line = Line(String::new());
            line.say("k", value);
            assert_eq!(line.0, expected);
        }
    }
}
