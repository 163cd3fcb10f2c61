//! What every format says in the same words. All of it is harmless as text ([`safe`]); markup is each format's own to escape.
use super::safe;
use nsdiag_checks::evidence::Session;
use nsdiag_checks::evidence::smtp::{Turn, Who};
use nsdiag_checks::judge::{Finding, Severity, count, listed};
use nsdiag_checks::model::Outcome;
use nsdiag_checks::model::diagnosis::{Fate, meaning_in_words};
use nsdiag_checks::replies::Meaning;
use nsdiag_checks::report::{Disagreement, RecipientResult, Report, Verdict};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The verdict in a sentence, behind its word: `contoso.com: 2 of 5 recipients cannot get mail`.
///
/// What `recipients[]` says is never contradicted: a policy may lower the verdict, and who gets no mail is named all the same.
pub fn verdict_sentence(report: &Report) -> String {
    let recipients = &report.summary.recipients;
    let number = |name: &str| recipients.get(name).copied().unwrap_or(0);
    let (total, good, open) = (number("total"), number("delivered"), number("inconclusive"));
    let (bad, twice) = (without_mail(report), in_two_systems(report).len());
    let of_all = |number: usize| format!("{number} of {}", count(total, "recipient"));
    let mut said = Vec::new();
    if bad > 0 {
        said.push(format!("{} cannot get mail", of_all(bad)));
    } else if report.verdict == Verdict::Critical && !is_of_two_systems_alone(report) {
        said.push("mail is lost or bounces".into());
    }
    if twice > 0 {
        said.push(format!("{} {} mailboxes in two systems", of_all(twice), if twice == 1 { "has" } else { "have" }));
    }
    if report.verdict == Verdict::Unknown {
        said.push("something that was asked could not be determined".into());
    }
    if said.is_empty() {
        said.push(match (report.verdict, total, open) {
            (Verdict::Ok, 0, _) => "what was asked was answered, and nothing is wrong".into(),
            (Verdict::Ok, _, 0) => format!("nothing stands in the way of {}", count(total, "recipient")),
            (Verdict::Ok, ..) => {
                format!("nothing stands in the way of {good} recipients; {open} of {total} were not probed")
            }
            _ => "something needs a look".into(),
        });
    }
    if bad + twice > 0 && report.verdict != Verdict::Critical {
        said.extend(hushed(report));
    }
    format!("{}: {}", safe(&report.domain), said.join("; "))
}

/// What of the policy, or of the codes that were asked for, keeps findings from the verdict: a clause each.
fn hushed(report: &Report) -> Vec<String> {
    let settings = &report.run.settings;
    let mut all = ignored_in_words(report);
    let lowered = |one: &&Finding| one.reweighed.as_ref().is_some_and(|before| one.severity > before.default);
    let lowered: BTreeSet<&str> = report.findings.iter().filter(lowered).map(|one| &*one.code).collect();
    if !lowered.is_empty() {
        let codes: Vec<&str> = lowered.into_iter().collect();
        all.push(format!("the configuration weighs {} lower", safe(&listed(&codes, 4))));
    }
    for (list, flag) in [(&settings.only, "--only"), (&settings.skip, "--skip")] {
        if !list.is_empty() {
            all.push(format!("checks are left out by {flag}"));
        }
    }
    all
}

/// That findings are ignored, and by which entries: `1 finding is ignored, as the configuration says (NSD401)`.
pub fn ignored_in_words(report: &Report) -> Vec<String> {
    let ignored = report.summary.findings.ignored;
    let codes: BTreeSet<&str> = report.run.all_ignores().map(|one| &*one.code).collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    let is = if ignored == 1 { "is" } else { "are" };
    let words =
        format!("{} {is} ignored, as the configuration says ({})", count(ignored, "finding"), listed(&codes, 4));
    if ignored > 0 { vec![safe(&words)] } else { vec![] }
}

/// Whether a recipient cannot get mail. Who has mailboxes in two systems, and is refused nowhere, gets it at one of them.
pub fn is_without_mail(one: &RecipientResult) -> bool {
    !matches!(one.diagnosis, Fate::Delivered | Fate::Inconclusive) && !has_two_mailboxes(one)
}

fn has_two_mailboxes(one: &RecipientResult) -> bool {
    one.diagnosis == Fate::InBothSystems && !one.hops.iter().any(|answer| answer.outcome == Outcome::Rejected)
}

/// Those who get mail in one of two systems.
fn in_two_systems(report: &Report) -> BTreeSet<&str> {
    report.recipients.iter().filter(|one| has_two_mailboxes(one)).map(|one| &*one.address).collect()
}

/// Whether all that is critical is about those who have mailboxes in two systems.
fn is_of_two_systems_alone(report: &Report) -> bool {
    let twice = in_two_systems(report);
    let critical = || report.findings.iter().filter(|one| one.severity == Severity::Critical);
    let about =
        |one: &Finding| !one.subjects.is_empty() && one.subjects.iter().all(|subject| twice.contains(&*subject.value));
    critical().next().is_some() && critical().all(about)
}

/// How many recipients cannot get mail: all but those whose mail arrives, perhaps at one of two places, and those of whom nobody
/// knows ([`is_without_mail`]).
pub fn without_mail(report: &Report) -> usize {
    let number = |name: &str| report.summary.recipients.get(name).copied().unwrap_or(0);
    // Whoever wrote the file may have counted badly.
    let counted = number("total").saturating_sub(number("delivered")).saturating_sub(number("inconclusive"));
    counted.saturating_sub(in_two_systems(report).len())
}

/// The report in one line: `CRITICAL  contoso.com: 2 of 5 recipients cannot get mail`.
pub fn verdict_line(report: &Report) -> String {
    format!("{}  {}", report.verdict.word().to_uppercase(), verdict_sentence(report))
}

/// The numbers in a sentence: `1 critical, 2 info; 5 of 5 recipients probed; seen from adm01`.
pub fn counts_sentence(report: &Report) -> String {
    let findings = &report.summary.findings;
    let counts = [
        (findings.critical, "critical"),
        (findings.warning, "warning"),
        (findings.info, "info"),
        (findings.ignored, "ignored"),
    ];
    let counts = counts.iter().filter(|(number, _)| *number > 0).map(|(number, name)| format!("{number} {name}"));
    let counts: Vec<String> = counts.collect();
    let found = if counts.is_empty() { "no findings".into() } else { counts.join(", ") };
    let number = |name: &str| report.summary.recipients.get(name).copied().unwrap_or(0);
    let probed = match (number("probed"), number("total")) {
        (_, 0) => "no recipients".into(),
        (probed, total) => format!("{probed} of {total} recipients probed"),
    };
    let cut = if report.run.complete { "" } else { "; cut short before all was asked" };
    format!("{found}; {probed}; seen from {}{cut}", safe(&report.run.vantage.hostname))
}

/// What a hop said of a recipient.
pub fn said(outcome: Outcome, meaning: Option<Meaning>) -> String {
    match (outcome, meaning) {
        (Outcome::Accepted, _) => "accepted".into(),
        (Outcome::Rejected, Some(meaning)) => format!("rejected {}", meaning_in_words(meaning)),
        (Outcome::Rejected, None) => "rejected".into(),
        (Outcome::Deferred, Some(meaning)) => format!("put off {}", meaning_in_words(meaning)),
        (Outcome::Deferred, None) => "put off".into(),
        (Outcome::Unreachable, _) => "no answer".into(),
        (Outcome::NotProbed, _) => "not probed".into(),
    }
}

/// The word that JSON has for a value that is one: a severity, a certainty, a diagnosis, a state.
pub fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(String::from)).unwrap_or_default()
}

/// That names are tokens, where they are.
pub fn redacted(report: &Report) -> Option<&'static str> {
    report.run.redacted.map(|_| "Redacted: tokens stand for the names of people, hosts, objects and files")
}

/// What a finding's severity is by default, where the configuration gives it another one.
pub fn reweighed(finding: &Finding) -> Option<String> {
    let before = finding.reweighed.as_ref()?;
    let why = before.reason.as_ref().map_or(String::new(), |why| format!(": {}", safe(why)));
    Some(format!("{} by the configuration, {} without it{why}", word(&finding.severity), word(&before.default)))
}

/// What the configuration says that nsdiag would not say by itself, a sentence each: replies that it reads, findings that it
/// leaves out or weighs otherwise.
pub fn policy(report: &Report) -> Vec<String> {
    let question = &report.run.settings;
    let read = |pattern: &str| {
        let answers = report.recipients.iter().flat_map(|one| &one.hops);
        answers.filter(|answer| answer.configured.as_deref() == Some(pattern)).count()
    };
    let replies = question.replies.iter().map(|own| {
        let replies = match read(&own.pattern) {
            1 => "1 reply".into(),
            number => format!("{number} replies"),
        };
        format!("'{}' is read as {}, as the configuration says: {replies}", safe(&own.pattern), word(&own.meaning))
    });
    let entry = |code: &str, subject: &Option<String>, is: &str, until: &Option<String>, reason: &Option<String>| {
        let part = |before: &str, what: &Option<String>| {
            what.as_ref().map_or(String::new(), |what| format!("{before}{}", safe(what)))
        };
        let (about, until, why) = (part(" for ", subject), part(" until ", until), part(": ", reason));
        format!("{}{about} is {is}{until}, as the configuration says{why}", safe(code))
    };
    let ignores = question.ignores.iter().map(|one| entry(&one.code, &one.subject, "ignored", &one.until, &one.reason));
    let severities = question
        .severities
        .iter()
        .map(|one| entry(&one.code, &one.subject, &word(&one.severity), &one.until, &one.reason));
    replies.chain(ignores).chain(severities).collect()
}

/// What the vantage points of a merged report see differently of one thing; of those whom it is about, so many are named.
pub fn disagreement(one: &Disagreement, named: usize) -> String {
    let about = match one.about.len() {
        0 => String::new(),
        number => format!(" about {} ({})", count(number, "recipient"), listed(&one.about, named)),
    };
    let seen: Vec<String> = one.seen.iter().map(|seen| format!("{} from {}", seen.says, seen.vantage)).collect();
    safe(&format!("{} of {}{about}: {}", one.what, one.place, seen.join("; ")))
}

/// What is missing for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing<'r> {
    /// What it is; as it stands in the report.
    pub what: Vec<&'r str>,
    /// Why.
    pub why: &'r str,
    /// What would supply it.
    pub supply: &'r str,
    /// The codes of the checks that wait for it.
    pub checks: &'r [String],
}

/// What could not be determined (`asked`), or what nobody asked for: what is missing for the same reason is one entry, however
/// many recipients it is missing for. It is as the report has it, and not yet harmless.
pub fn folded_gaps(report: &Report, asked: bool) -> Vec<Missing<'_>> {
    let mut folded: Vec<Missing> = Vec::new();
    let mut places: BTreeMap<(&str, &str, &[String]), usize> = BTreeMap::new();
    for gap in report.gaps.iter().filter(|gap| gap.asked == asked) {
        let place = *places.entry((&gap.why, &gap.supply, &gap.checks)).or_insert(folded.len());
        match folded.get_mut(place) {
            Some(one) => one.what.push(&gap.what),
            None => {
                let what = vec![&*gap.what];
                folded.push(Missing { what, why: &gap.why, supply: &gap.supply, checks: &gap.checks });
            }
        }
    }
    folded
}

/// One line of a dialogue, in the notation that mail administrators know from swaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// Milliseconds since the session began.
    pub at_ms: Option<u64>,
    /// Who spoke: ` ->` we, `<-` the server, `<**` the server when it refuses; with `~` in place of `-` through TLS; `===` what
    /// the prober did, `***` why it ended.
    pub arrow: &'static str,
    /// The line.
    pub text: String,
    /// Whether the verdict rests on it.
    pub decides: bool,
}

/// A dialogue line by line: of the session at this place in the evidence.
pub fn dialogue(session: &Session, at: usize, decisive: &Decisive) -> Vec<Spoken> {
    let mut all = Vec::new();
    for (place, turn) in session.transcript.iter().enumerate() {
        let decides = decisive.names(at, Some(place));
        let line = |at_ms, text| Spoken { at_ms: Some(at_ms), arrow: arrow(turn), text: safe(text), decides };
        all.extend(turn.lines.iter().map(|one| line(one.at_ms, &*one.text)));
    }
    let end = |said| Spoken { at_ms: None, arrow: "***", text: safe(said), decides: decisive.names(at, None) };
    all.extend(session.broke_off.iter().map(|miss| end(&miss.said)));
    all
}

fn arrow(turn: &Turn) -> &'static str {
    match (turn.who, turn.tls, turn.code.is_some_and(|code| code >= 400)) {
        (Who::Client, false, _) => " ->",
        (Who::Client, true, _) => " ~>",
        (Who::Server, false, false) => "<-",
        (Who::Server, true, false) => "<~",
        (Who::Server, false, true) => "<**",
        (Who::Server, true, true) => "<~*",
        (Who::Prober, ..) => "===",
    }
}

/// The places in the dialogues that verdicts rest on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisive(BTreeSet<(usize, Option<usize>)>);

impl Decisive {
    /// Those that JSON Pointers lead to: the evidence of one finding, or of all.
    pub fn of<'p>(pointers: impl IntoIterator<Item = &'p String>) -> Self {
        let place = |pointer: &String| {
            let mut parts = pointer.strip_prefix("/evidence/smtp/")?.split('/');
            let session = parts.next()?.parse().ok()?;
            match (parts.next(), parts.next()) {
                // The session as a whole: how it ended is what there is to it.
                (None, _) => Some((session, None)),
                (Some("transcript"), Some(turn)) => Some((session, Some(turn.parse().ok()?))),
                _ => None,
            }
        };
        Self(pointers.into_iter().filter_map(place).collect())
    }

    /// Whether the turn at this place of a session is one; without a place, how the session ended.
    pub fn names(&self, session: usize, turn: Option<usize>) -> bool {
        self.0.contains(&(session, turn))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_the_word_that_json_has() {
        assert_eq!((word(&Severity::Critical), word(&Outcome::NotProbed)), ("critical".into(), "not-probed".into()));
        assert_eq!(word(&7), "");
    }

    /// The sample, in which two of three are refused, after a change.
    fn sentence(change: impl FnOnce(&mut Report)) -> String {
        let mut report = crate::report::sample::report("x");
        report.run.settings.ignores.clear();
        change(&mut report);
        verdict_sentence(&report)
    }

    #[test]
    fn no_policy_makes_health_of_those_who_are_refused() {
        let low = |verdict| move |report: &mut Report| report.verdict = verdict;
        let refused = "x: 2 of 3 recipients cannot get mail";
        assert_eq!(sentence(low(Verdict::Critical)), refused);
        assert_eq!(sentence(low(Verdict::Warning)), format!("{refused}; the configuration weighs x lower"));
        let unknown = sentence(|report| {
            report.verdict = Verdict::Unknown;
            report.findings.clear();
        });
        assert_eq!(unknown, format!("{refused}; something that was asked could not be determined"));
        type Change = fn(&mut Report);
        let policies: [(Change, &str); 4] = [
            (|_| (), ""),
            (|report| report.run.settings.skip.push("recipients".into()), "; checks are left out by --skip"),
            (|report| report.run.settings.only.push("dns".into()), "; checks are left out by --only"),
            (
                |report| {
                    report.summary.findings.ignored = 1;
                    report
                        .run
                        .settings
                        .ignores
                        .push(nsdiag_checks::report::Ignore { code: "NSD401".into(), ..Default::default() });
                },
                "; 1 finding is ignored, as the configuration says (NSD401)",
            ),
        ];
        for (policy, said) in policies {
            let words = sentence(|report| {
                report.verdict = Verdict::Ok;
                report.findings.clear();
                policy(report);
            });
            assert_eq!(words, format!("{refused}{said}"));
        }
    }

    #[test]
    fn who_has_two_mailboxes_gets_mail_at_one_of_them() {
        let twice = |outcome| {
            move |report: &mut Report| {
                report.summary.recipients = [("total", 3), ("delivered", 2), ("in-both-systems", 1)]
                    .map(|(name, number)| (name.to_string(), number))
                    .into();
                report.recipients[0].diagnosis = Fate::InBothSystems;
                report.recipients[0].hops[0].outcome = outcome;
                report.verdict = Verdict::Warning;
                report.findings.clear();
            }
        };
        assert_eq!(sentence(twice(Outcome::Accepted)), "x: 1 of 3 recipients has mailboxes in two systems");
        assert_eq!(sentence(twice(Outcome::Rejected)), "x: 1 of 3 recipients cannot get mail");
        let critical = sentence(|report| {
            twice(Outcome::Accepted)(report);
            report.verdict = Verdict::Critical;
        });
        assert_eq!(critical, "x: mail is lost or bounces; 1 of 3 recipients has mailboxes in two systems");
    }

    #[test]
    fn what_the_configuration_made_of_it_is_said_in_its_words() {
        let report = crate::report::sample::report("x\u{202e}");
        let policy = policy(&report);
        let x = "x\\u{202e}";
        let expected = [
            format!("'{x}' is read as unknown-recipient, as the configuration says: 1 reply"),
            format!("{x} for {x} is ignored until {x}, as the configuration says: {x}"),
            format!("{x} for {x} is info until {x}, as the configuration says: {x}"),
        ];
        assert_eq!(policy, expected);
        let said = reweighed(&report.findings[0]).unwrap();
        assert_eq!(said, format!("critical by the configuration, warning without it: {x}"));
        let said = disagreement(&report.disagreements[0], 5);
        assert_eq!(said, format!("{x} of {x} about 1 recipient ({x}@contoso.com): {x} from {x}"));
        assert!(redacted(&report).is_some());
    }

    #[test]
    fn pointers_lead_to_the_turns_of_their_session_alone() {
        let pointers = [
            "/evidence/smtp/1/transcript/7",
            "/evidence/smtp/1/transcript/9/lines/0",
            "/evidence/smtp/11/transcript/8",
            "/evidence/smtp/1/transcript/x",
            "/evidence/smtp/1",
            "/evidence/dns/1/transcript/3",
            "",
        ];
        let decisive = Decisive::of(&pointers.map(String::from));
        let places = |session| [None, Some(3), Some(7), Some(8), Some(9)].map(|turn| decisive.names(session, turn));
        assert_eq!(places(1), [true, false, true, false, true]);
        assert_eq!(places(11), [false, false, false, true, false]);
        assert_eq!(places(0), [false; 5]);
    }

    #[test]
    fn a_dialogue_says_who_spoke_and_how_it_ended() {
        let session: Session = serde_json::from_value(serde_json::json!({
            "hop": "gateway/mx1.contoso.com/192.0.2.25:25", "started_at": "2026-11-24T12:00:00Z", "tls": null,
            "transcript": [
                {"who": "prober", "stage": "connect", "tls": false, "lines": [{"at_ms": 0, "text": "connected"}]},
                {"who": "client", "stage": "rcpt", "tls": true, "lines": [{"at_ms": 1, "text": "RCPT TO:<a@contoso.com>"}]},
                {"who": "server", "stage": "rcpt", "tls": true, "code": 550,
                 "lines": [{"at_ms": 2, "text": "550-no"}, {"at_ms": 3, "text": "550 \u{1b}[2Jno"}]},
            ],
            "broke_off": {"how": "timed-out", "said": "no answer in 5 s"},
        }))
        .unwrap();
        let pointers = ["/evidence/smtp/4/transcript/2".to_string(), "/evidence/smtp/4".into()];
        let said: Vec<_> = dialogue(&session, 4, &Decisive::of(&pointers))
            .into_iter()
            .map(|one| (one.at_ms, one.arrow, one.text, one.decides))
            .collect();
        let expected = [
            (Some(0), "===", "connected", false),
            (Some(1), " ~>", "RCPT TO:<a@contoso.com>", false),
            (Some(2), "<~*", "550-no", true),
            (Some(3), "<~*", "550 \\u{1b}[2Jno", true),
            (None, "***", "no answer in 5 s", true),
        ];
        assert_eq!(said, expected.map(|(at, arrow, text, decides)| (at, arrow, text.to_string(), decides)));
    }
}
