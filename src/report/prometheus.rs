//! Metrics in Prometheus's text format, for node_exporter's textfile collector. No label holds an address.
use super::format::{Format, Holds};
use super::safe;
use super::words::{without_mail, word};
use nsdiag_checks::evidence::smtp::{Session, Who};
use nsdiag_checks::report::{HopResult, Report, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// For node_exporter.
pub const FORMAT: Format = Format {
    name: "prometheus",
    about: "Metrics for node_exporter's textfile collector; no recipient is named",
    endings: &["prom"],
    exact: false,
    holds: Holds::Numbers,
    write: |report, _, out| out.write_all(metrics(report).as_bytes()),
};

/// The text, family by family.
#[derive(Default)]
struct Text(String);

impl Text {
    /// A family of gauges; one without samples is left out, for a heading alone says nothing.
    fn family(&mut self, name: &str, help: &str, samples: impl IntoIterator<Item = (String, f64)>) {
        let mut seen = BTreeSet::new();
        let mut samples = samples.into_iter().filter(|(labels, _)| seen.insert(labels.clone())).peekable();
        if samples.peek().is_some() {
            let _ = writeln!(self.0, "# HELP nsdiag_{name} {help}\n# TYPE nsdiag_{name} gauge");
        }
        for (labels, value) in samples {
            let _ = writeln!(self.0, "nsdiag_{name}{{{labels}}} {value}");
        }
    }
}

fn metrics(report: &Report) -> String {
    let mut text = Text::default();
    let version = label("version", &report.tool.version);
    text.family("build_info", "The version of nsdiag that judged.", [(version, 1.0)]);
    of_run(report, &mut text);
    of_findings(report, &mut text);
    of_recipients(report, &mut text);
    of_hops(report, &mut text);
    text.0
}

fn of_run(report: &Report, text: &mut Text) {
    let domain = label("domain", &report.domain);
    let states = [Verdict::Ok, Verdict::Warning, Verdict::Critical, Verdict::Unknown];
    let state = |state: Verdict| {
        let labels = format!("{domain},{}", label("verdict", state.word()));
        (labels, f64::from(u8::from(state == report.verdict)))
    };
    text.family("verdict", "Whether this is the verdict.", states.map(state));
    let one = |value: f64| [(domain.clone(), value)];
    text.family("exit_code", "The exit status: 0 ok, 1 warning, 2 critical, 3 unknown.", one(report.exit_code.into()));
    let start = seconds(&report.run.started_at).map(|start| (domain.clone(), start));
    text.family("run_start_timestamp_seconds", "When the run began.", start);
    text.family("run_duration_seconds", "How long the run took.", one(report.run.duration_ms as f64 / 1000.0));
    let complete = f64::from(u8::from(report.run.complete));
    text.family("run_complete", "Whether the run asked all that it meant to ask.", one(complete));
    let open = report.gaps.iter().filter(|gap| gap.asked).count();
    text.family("open_questions", "How much was asked and could not be determined.", one(number(open)));
    let mut statuses: BTreeMap<String, usize> = BTreeMap::new();
    for check in &report.checks {
        *statuses.entry(label("status", &word(&check.status))).or_default() += 1;
    }
    let checks = statuses.into_iter().map(|(status, count)| (format!("{domain},{status}"), number(count)));
    text.family("checks", "How many checks ended so.", checks);
}

fn of_findings(report: &Report, text: &mut Text) {
    let domain = label("domain", &report.domain);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for finding in &report.findings {
        let labels = [label("code", &finding.code), label("severity", &word(&finding.severity))].join(",");
        *counts.entry(labels).or_default() += 1;
    }
    let counts = counts.into_iter().map(|(labels, count)| (format!("{domain},{labels}"), number(count)));
    text.family("findings", "How many findings of a code and a severity there are.", counts);
    let ignored = number(report.summary.findings.ignored);
    text.family("findings_ignored", "How many findings the configuration says to ignore.", [(domain, ignored)]);
}

fn of_recipients(report: &Report, text: &mut Text) {
    let domain = label("domain", &report.domain);
    let counts = &report.summary.recipients;
    let count = |name: &str| [(domain.clone(), number(counts.get(name).copied().unwrap_or(0)))];
    text.family("recipients_judged", "How many recipients were judged.", count("total"));
    text.family("recipients_probed", "How many recipients a host was asked for.", count("probed"));
    let without = number(without_mail(report));
    text.family("recipients_without_mail", "How many recipients cannot get mail.", [(domain.clone(), without)]);
    // In a saved report anything may stand there.
    let is_word = |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    let diagnoses = counts.iter().filter(|(name, _)| is_word(name) && !matches!(&***name, "total" | "probed"));
    let diagnoses = diagnoses.map(|(name, count)| (format!("{domain},{}", label("diagnosis", name)), number(*count)));
    text.family("recipients", "How many recipients have this diagnosis.", diagnoses);
}

fn of_hops(report: &Report, text: &mut Text) {
    let labels = |hop: &HopResult| {
        let role = label("role", hop.role.word());
        format!("{},{},{role}", label("domain", &report.domain), label("hop", &hop.hop))
    };
    let hops = || report.hops.iter().map(|hop| (hop, labels(hop)));
    let sessions = |hop: &HopResult| report.evidence.smtp.iter().filter(|session| session.hop == hop.hop).collect();
    let each = |value: &dyn Fn(&HopResult, Vec<&Session>) -> Option<f64>| {
        hops().filter_map(|(hop, labels)| Some((labels, value(hop, sessions(hop))?))).collect::<Vec<_>>()
    };
    let spoke = |session: &&Session| session.transcript.iter().any(|turn| turn.who == Who::Server);
    let up = |_: &HopResult, sessions: Vec<&Session>| Some(f64::from(u8::from(sessions.iter().any(spoke))));
    text.family("hop_up", "Whether the host answered.", each(&up));
    let validates = |hop: &HopResult, _: Vec<&Session>| hop.validates_recipients.map(|does| f64::from(u8::from(does)));
    let help = "Whether the host refuses recipients that do not exist.";
    text.family("hop_validates_recipients", help, each(&validates));
    let ends = |_: &HopResult, sessions: Vec<&Session>| {
        let leaf = |session: &&Session| seconds(&session.tls.as_ref()?.chain.first()?.not_after);
        sessions.iter().rev().find_map(leaf)
    };
    let help = "When the certificate that the host showed ends.";
    text.family("hop_certificate_not_after_timestamp_seconds", help, each(&ends));
    let latencies = latencies(report);
    let of = |place: fn(&[u64]) -> Option<&u64>| {
        let latencies = &latencies;
        move |hop: &HopResult, _: Vec<&Session>| Some(*place(latencies.get(&*hop.hop)?)? as f64 / 1000.0)
    };
    let help = "How long the host took to answer RCPT, in the middle.";
    text.family("hop_rcpt_latency_median_seconds", help, each(&of(|sorted| sorted.get(sorted.len() / 2))));
    let help = "How long the host took to answer RCPT at most.";
    text.family("hop_rcpt_latency_max_seconds", help, each(&of(|sorted| sorted.last())));
}

/// How long each hop took for each recipient, sorted.
fn latencies(report: &Report) -> BTreeMap<&str, Vec<u64>> {
    let mut all: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for answer in report.recipients.iter().flat_map(|one| &one.hops) {
        all.entry(&answer.hop).or_default().extend(answer.latency_ms);
    }
    all.values_mut().for_each(|times| times.sort_unstable());
    all
}

/// `name="value"`, escaped as the exposition format has it. What could be an address does not get in.
fn label(name: &str, value: &str) -> String {
    let value = if value.contains(['@', '\u{ff20}']) { "withheld".into() } else { safe(value) };
    format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

fn number(count: usize) -> f64 {
    count as f64
}

/// Seconds since 1970, where it is a time.
fn seconds(time: &str) -> Option<f64> {
    Some(OffsetDateTime::parse(time, &Rfc3339).ok()?.unix_timestamp() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{HOSTILE, report};

    /// Name, labels and value of each sample, read by the grammar of the exposition format.
    fn samples(text: &str) -> Vec<(String, BTreeMap<String, String>, f64)> {
        let line = |line: &str| {
            let (name, mut rest) = line.split_once('{').unwrap();
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{line}");
            let mut labels = BTreeMap::new();
            loop {
                let (label, value) = rest.split_once("=\"").unwrap();
                let mut taken = String::new();
                let mut letters = value.char_indices();
                let end = loop {
                    match letters.next().unwrap() {
                        (_, '\\') => taken.push(letters.next().unwrap().1),
                        (at, '"') => break at,
                        (_, c) => taken.push(c),
                    }
                };
                assert_eq!(labels.insert(label.to_string(), taken), None, "{line}");
                rest = &value[end + 1..];
                match rest.strip_prefix(',') {
                    Some(more) => rest = more,
                    None => break,
                }
            }
            (name.to_string(), labels, rest.strip_prefix("} ").unwrap().parse().unwrap())
        };
        text.lines().filter(|line| !line.starts_with('#')).map(line).collect()
    }

    fn value(text: &str, name: &str, label: &str) -> Vec<f64> {
        let found = samples(text).into_iter().filter(|(own, labels, _)| {
            own == name && (label.is_empty() || labels.values().any(|value| value == label))
        });
        found.map(|(.., value)| value).collect()
    }

    #[test]
    fn the_numbers_are_those_of_the_report() {
        let mut one = report("mx");
        one.run.started_at = "2026-11-24T12:00:00Z".into();
        one.evidence.smtp[0].tls = serde_json::from_value(serde_json::json!({
            "handshake": "not-asked", "trusted": "not-asked", "names_host": "not-asked", "objection": null,
            "chain": [{"subject": "", "issuer": "", "names": [], "not_before": "", "not_after": "2027-01-01T00:00:00Z",
                       "sha256": ""}],
        }))
        .unwrap();
        let text = metrics(&one);
        let cases = [
            ("nsdiag_verdict", "critical", 1.0),
            ("nsdiag_verdict", "unknown", 0.0),
            ("nsdiag_exit_code", "", 2.0),
            ("nsdiag_run_start_timestamp_seconds", "", 1_795_521_600.0),
            ("nsdiag_run_duration_seconds", "", 1.84),
            ("nsdiag_run_complete", "", 1.0),
            ("nsdiag_open_questions", "", 1.0),
            ("nsdiag_checks", "inconclusive", 1.0),
            ("nsdiag_findings", "NSD401", 1.0),
            ("nsdiag_recipients_judged", "", 3.0),
            ("nsdiag_recipients_without_mail", "", 2.0),
            ("nsdiag_recipients", "gateway-rejects-other-mailbox", 2.0),
            ("nsdiag_hop_up", "gateway/mx/192.0.2.25:25", 1.0),
            ("nsdiag_hop_validates_recipients", "", 1.0),
            ("nsdiag_hop_rcpt_latency_max_seconds", "", 0.012),
            ("nsdiag_hop_certificate_not_after_timestamp_seconds", "", 1_798_761_600.0),
        ];
        for (name, label, expected) in cases {
            assert_eq!(value(&text, name, label), [expected], "{name} {label}: {text}");
        }
        one.evidence.smtp.clear();
        assert_eq!(value(&metrics(&one), "nsdiag_hop_up", ""), [0.0]);
    }

    #[test]
    fn no_label_holds_an_address_or_breaks_out() {
        let text = metrics(&report(HOSTILE));
        assert!(!text.contains('@') && !samples(&text).is_empty(), "{text}");
        let broken = "a\"} 1\nnsdiag_evil{b=\"\\\u{1b}";
        let text = metrics(&report(broken));
        let escaped = "a\"} 1\\u{a}nsdiag_evil{b=\"\\\\u{1b}";
        let domains: BTreeSet<_> =
            samples(&text).into_iter().filter_map(|(_, mut labels, _)| labels.remove("domain")).collect();
        assert_eq!(domains, BTreeSet::from([escaped.to_string()]));
    }

    #[test]
    fn every_family_is_told_once_and_no_sample_twice() {
        let mut twice = report("x");
        twice.hops.push(twice.hops[0].clone());
        let text = metrics(&twice);
        let heads: Vec<&str> = text.lines().filter(|line| line.starts_with("# TYPE")).collect();
        assert_eq!(heads.iter().collect::<BTreeSet<_>>().len(), heads.len());
        let all: Vec<String> =
            samples(&text).into_iter().map(|(name, labels, _)| format!("{name} {labels:?}")).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:?}");
    }
}
