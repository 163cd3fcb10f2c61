//! That the table fits where it is shown, whatever others wrote into the report.
use super::played;
use clap::ValueEnum;
use nsdiag::report::format::{Format, View};
use nsdiag::report::table::table;
use nsdiag_checks::judge::{Severity, Subject, SubjectKind};
use nsdiag_checks::remedy::Remedy;
use nsdiag_checks::remedy::quoting::is_unseen;
use nsdiag_checks::report::Report;
use unicode_width::UnicodeWidthStr;

const WIDTHS: [u16; 3] = [60, 97, 160];

fn shown(report: &Report, width: u16, verbose: bool) -> String {
    table(report, &View { width, ..View::of_file(verbose) })
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Words that no layout was made for.
fn hostile() -> Vec<String> {
    let label = "l".repeat(63);
    let mut all: Vec<String> = vec![
        format!("{}@{label}.{label}.{label}.contoso.com", "a".repeat(64)),
        "gateway/mx1.contoso.com/[2001:db8:85a3:8d3:1319:8a2e:370:7348]:25".into(),
        "x".repeat(10_000),
        "受信者のアドレスは存在しません".repeat(20),
        "e\u{301}a\u{308}".repeat(200),
        "👩🏽‍💻".repeat(90),
        "a  b     c ".repeat(30),
        " \u{1b}[2J\u{202e}\r\n\t<script>|`*_[x](y)".into(),
        String::new(),
    ];
    let line = format!("{}    12 ms <-  250 2.1.5 Ok", " ".repeat(66));
    all.push(line);
    all
}

/// `report` with `word` wherever others have a say.
fn filled(report: &Report, word: &str) -> Report {
    let mut report = report.clone();
    report.domain = word.into();
    report.run.vantage.hostname = word.into();
    for finding in &mut report.findings {
        finding.title = format!("a title of {word}");
        finding.detail = format!("{word} and {word}");
        finding.subjects.iter_mut().for_each(|subject| subject.value = word.into());
        finding.remedies.push(Remedy::steps("gateway", word, vec![word.into()]));
        for remedy in &mut finding.remedies {
            // Commands are pasted: they are the one thing that does not fit.
            remedy.shell = None;
        }
    }
    for one in &mut report.recipients {
        one.address = word.into();
        one.hops.iter_mut().for_each(|answer| answer.hop = format!("gateway/{word}/{word}"));
    }
    for gap in &mut report.gaps {
        (gap.what, gap.why, gap.supply) = (word.into(), word.into(), word.into());
    }
    for session in &mut report.evidence.smtp {
        session.hop = word.into();
        session.transcript.iter_mut().flat_map(|turn| &mut turn.lines).for_each(|line| line.text = word.into());
    }
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_in_a_report_fits_and_is_there() {
    let mut report = played("broken-gateway").await;
    // One dialogue, and one thing that is missing, is like another.
    report.evidence.smtp.truncate(1);
    report.evidence.smtp[0].transcript.truncate(8);
    report.gaps.truncate(2);
    for word in hostile() {
        let report = filled(&report, &word);
        for (width, verbose) in WIDTHS.iter().flat_map(|width| [(*width, false), (*width, true)]) {
            let text = shown(&report, width, verbose);
            let wide = text.lines().find(|line| line.width() > usize::from(width));
            assert_eq!(wide, None, "{width} {verbose} {word:.40}");
            assert!(!text.contains(|c| c != '\n' && is_unseen(c)), "{width} {word:.40}");
            let whole = squeezed(&text).matches(&squeezed(&nsdiag::report::safe(&word))).count();
            assert!(
                whole >= 2 * report.findings.len(),
                "{width} {verbose}: {word:.40} is {whole} times in\n{text:.3000}"
            );
            // A line of a dialogue that goes on below is set in, and taken for no other line.
            let dialogue = text.split("\n=== ").skip(1).flat_map(str::lines).skip(1);
            let faked = dialogue.filter(|line| line.starts_with("    12 ms")).count();
            assert_eq!(faked, 0, "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_findings_of_a_kind_are_one_block_and_verbose_shows_each() {
    let mut report = played("broken-gateway").await;
    let one = report.findings.pop().unwrap();
    report.findings.extend((0..12).map(|number| {
        let mut finding = one.clone();
        let host = format!("mx{number:02}.contoso.com");
        finding.title = format!("{host} accepts recipients that do not exist");
        finding.detail = format!("{host} takes everybody");
        finding.subjects = vec![Subject { kind: SubjectKind::Host, value: host }];
        finding.remedies.clear();
        finding
    }));
    let (short, whole) = (shown(&report, 80, false), shown(&report, 80, true));
    let expected = "
NSD205 info (proven), 12 of a kind
         mx00.contoso.com accepts recipients that do not exist
  for    mx00.contoso.com, mx01.contoso.com, mx02.contoso.com,
         mx03.contoso.com, mx04.contoso.com, mx05.contoso.com,
         mx06.contoso.com, mx07.contoso.com, mx08.contoso.com,
         mx09.contoso.com, mx10.contoso.com and mx11.contoso.com
  why    mx00.contoso.com takes everybody
         and 11 more like it, each with its own words

";
    assert!(short.contains(expected), "{short}");
    assert!(short.contains("\nNot all is shown: with -v "), "{short}");
    assert_eq!((short.matches("NSD205 info").count(), whole.matches("NSD205 info").count()), (1, 12));
    assert!(!whole.contains("Not all is shown") && !whole.contains(" of a kind"), "{whole}");
    // Of another severity it is of another kind.
    report.findings[3].severity = Severity::Warning;
    assert!(shown(&report, 80, false).contains("NSD205 info (proven), 11 of a kind"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_hundreds_some_are_named_and_all_are_counted() {
    let mut report = played("broken-gateway").await;
    let like = report.recipients.iter().find(|one| one.address == "orders@contoso.com").unwrap().clone();
    let named = |number: usize| format!("user{number:03}@contoso.com");
    report.recipients.extend((0..300).map(|number| {
        let mut one = like.clone();
        one.address = named(number);
        one
    }));
    let remedy = report.findings[0].remedies.iter_mut().find(|remedy| remedy.mends()).unwrap();
    remedy.commands = (0..300).flat_map(|_| remedy.commands[..1].to_vec()).collect();
    let (short, whole) = (shown(&report, 80, false), shown(&report, 80, true));
    assert!(short.contains("\n 302 recipients:  ") && short.contains("\n   and 297 more\n"), "{short}");
    let told = squeezed("300 commands, all of which -v shows, or -o FILE.ps1 as a script; the first of them:");
    assert!(squeezed(&short).contains(&told), "{short}");
    assert_eq!((short.matches("New-MailContact").count(), whole.matches("New-MailContact").count()), (1, 300));
    assert!((0..300).all(|number| whole.contains(&named(number))));
    assert!(short.lines().count() < 150, "{}", short.lines().count());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_line_is_one_line_and_ascii_is_ascii() {
    let report = played("broken-gateway").await;
    let brief = table(&report, &View { brief: true, width: 60, ..View::of_file(true) });
    assert_eq!(brief, "CRITICAL  contoso.com: 2 of 5 recipients cannot get mail\n");
    let colour = table(&report, &View { brief: true, colour: true, ..View::of_file(false) });
    assert_eq!(colour, "\u{1b}[1m\u{1b}[31mCRITICAL\u{1b}[0m  contoso.com: 2 of 5 recipients cannot get mail\n");
    for verbose in [false, true] {
        let view = View { unicode: false, ..View::of_file(verbose) };
        assert!(table(&report, &view).is_ascii());
        // Without the colours it is the same text.
        let coloured = table(&report, &View { colour: true, ..view.clone() });
        assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), table(&report, &view));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dialogues_mark_what_a_finding_rests_on() {
    let text = shown(&played("broken-gateway").await, 120, true);
    let said: Vec<&str> = text.lines().filter(|line| line.contains(" ms <~* 550 5.1.1 <orders@contoso.com>")).collect();
    assert!(!said.is_empty() && said.iter().all(|line| line.starts_with('>')), "{text}");
    let greeting = text.lines().filter(|line| line.contains(" ms <-  220 ")).collect::<Vec<_>>();
    assert!(!greeting.is_empty() && greeting.iter().all(|line| line.starts_with(' ')), "{text}");
    assert!(text.contains("\nThe dialogues: -> said by nsdiag, <- by the server"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_nothing_is_shown_in_every_format() {
    let mut report = played("broken-gateway").await;
    report.findings.clear();
    report.recipients.clear();
    report.summary.recipients.clear();
    (report.gaps, report.checks, report.hops) = (vec![], vec![], vec![]);
    report.evidence = nsdiag_checks::evidence::Evidence::default();
    for format in Format::value_variants() {
        for verbose in [false, true] {
            let mut out = Vec::new();
            (format.write)(&report, &View::of_file(verbose), &mut out).unwrap();
            assert!(String::from_utf8(out).is_ok(), "{}", format.name);
        }
    }
    assert_eq!(
        shown(&report, 80, false),
        "CRITICAL  contoso.com: mail is lost or bounces\n1 critical, 1 info; no recipients; seen from adm01\n\n0 checks: ; 1.0 s\n"
    );
}
