//! The HTML report as a browser's own parser reads it: nothing from outside becomes markup, and all that was found is there.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nsdiag::app;
use nsdiag::cli::AskArgs;
use nsdiag::commands::check::CheckArgs;
use nsdiag::config::Settings;
use nsdiag::report;
use nsdiag::report::format::{Format, View};
use nsdiag::report::words::word;
use nsdiag_checks::judge::Finding;
use nsdiag_checks::report::Report;
use nsdiag_lab::{Lab, Scenario};
use ring::digest::{SHA256, digest};
use scraper::{ElementRef, Html, Selector};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// What servers, files and other people's reports may hold.
const HOSTILE: [&str; 8] = [
    "\"><script>alert(1)</script><img src=x onerror=alert(1)>",
    "</style></script></title><svg onload=alert(1)><a href='javascript:alert(1)'>x</a>",
    "' onmouseover='alert(1)' style='position:fixed' id='main' x='",
    "\u{202e}gnp.exe\u{202c}\u{2066}\u{200b}\u{feff}",
    "\u{1b}[2J\u{1b}[31m\u{0}\u{7}\u{9b}",
    "&lt;script&gt;&#x3c;b&#x3e;&amp;amp;",
    "<!--",
    "]]><![CDATA[",
];

async fn play(name: &str) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::start(&Scenario::named(name).unwrap(), folder.path()).await.unwrap();
    let args = CheckArgs {
        ask: AskArgs { config: Some(lab.config().to_path_buf()), ..AskArgs::default() },
        ..CheckArgs::default()
    };
    let mut settings = Settings::load(&args).unwrap();
    settings.question.smtp_port = lab.smtp_port();
    app::check(&settings, &|_| {}).await.unwrap().0
}

fn rendered(report: &Report) -> String {
    let format = Format::of_file(Path::new("x.html")).unwrap();
    let mut out = Vec::new();
    (format.write)(report, &View::of_file(true), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn all<'p>(page: &'p Html, selector: &str) -> Vec<ElementRef<'p>> {
    page.select(&Selector::parse(selector).unwrap()).collect()
}

fn text(element: ElementRef) -> String {
    element.text().collect::<String>()
}

/// Elements, attributes' names, and the values of those that lead somewhere or name something.
fn bones(page: &Html) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for element in all(page, "*") {
        found.insert(format!("<{}>", element.value().name()));
        for (name, value) in element.value().attrs() {
            found.insert(name.to_string());
            if matches!(name, "class" | "role" | "type" | "scope" | "http-equiv") {
                found.insert(format!("{name}={value}"));
            }
        }
    }
    found
}

/// The report with `hostile` in each text that nsdiag's own types do not fix.
fn spoilt(report: &Report, hostile: &str) -> Report {
    fn spoil(value: &mut Value, key: &str, hostile: &str) {
        const FIXED: [&str; 37] = [
            "kind",
            "format_version",
            "verdict",
            "severity",
            "certainty",
            "diagnosis",
            "outcome",
            "meaning",
            "status",
            "state",
            "role",
            "who",
            "stage",
            "disposition",
            "how",
            "origin",
            "address",
            "hop",
            "id",
            "by",
            "confidence",
            "shell",
            "evidence",
            "authentication",
            "tls_auth_level",
            "roles",
            "permission_groups",
            "resolver",
            "hops",
            "smtp",
            "domain",
            "gateways",
            "version",
            "name",
            "systems",
            "system",
            "not_after",
        ];
        match value {
            Value::Object(fields) => fields.iter_mut().for_each(|(name, inner)| {
                let name = if name == "known" { key } else { name };
                spoil(inner, name, hostile);
            }),
            Value::Array(all) => all.iter_mut().for_each(|inner| spoil(inner, key, hostile)),
            Value::String(text) if !FIXED.contains(&key) && text != "not-asked" => text.push_str(hostile),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(report).unwrap();
    spoil(&mut value, "", hostile);
    let mut spoilt: Report = serde_json::from_value(value).unwrap();
    for finding in &mut spoilt.findings {
        finding.code.push_str(hostile);
        finding.name.push_str(hostile);
        finding.evidence.push(format!("/evidence/{hostile}"));
    }
    for one in &mut spoilt.recipients {
        one.address.push_str(hostile);
    }
    for hop in &mut spoilt.evidence.hops {
        hop.host.push_str(hostile);
    }
    spoilt.domain.push_str(hostile);
    spoilt
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_from_outside_becomes_markup() {
    for name in ["broken-gateway", "two-forests-loop", "expired-certificate", "no-rights"] {
        let report = play(name).await;
        let plain = bones(&Html::parse_document(&rendered(&report)));
        for hostile in HOSTILE {
            let page = rendered(&spoilt(&report, hostile));
            assert!(page.is_ascii() || !page.contains(|c: char| c.is_control() && c != '\n'), "{name} {hostile:?}");
            assert!(!page.contains(['\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}']), "{name} {hostile:?}");
            let page = Html::parse_document(&page);
            // What is not known by name is marked otherwise, and what is not ASCII has a direction of its own.
            let more: Vec<_> = bones(&page).difference(&plain).cloned().collect();
            let ours = |bone: &String| {
                bone == "<bdi>"
                    || bone == "title"
                    || bone == "<title>"
                    || ["class=", "<br>"].iter().any(|own| bone.starts_with(own))
            };
            assert!(more.iter().all(ours), "{name} {hostile:?}: {more:?}");
            let classes: Vec<_> =
                more.iter().filter(|bone| bone.contains("script") || bone.contains("alert")).collect();
            assert!(classes.is_empty(), "{classes:?}");
            harmless(&page);
        }
    }
}

/// No address but those within the page, each with its end; no style and no handler in an attribute.
fn harmless(page: &Html) {
    let ids: Vec<&str> = all(page, "[id]").iter().filter_map(|one| one.value().id()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "an id stands twice");
    for element in all(page, "*") {
        for (name, value) in element.value().attrs() {
            assert!(
                !name.starts_with("on") && !matches!(name, "style" | "src" | "srcset" | "action"),
                "{name}={value}"
            );
            if matches!(name, "href" | "xlink:href") {
                let to = value.strip_prefix('#').unwrap_or_else(|| panic!("{value}"));
                assert!(ids.contains(&to), "{value} leads nowhere");
            }
        }
    }
    assert_eq!((all(page, "script").len(), all(page, "style").len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_lets_the_one_style_and_the_one_script_in() {
    let page = Html::parse_document(&rendered(&play("healthy").await));
    let policy = all(&page, "meta[http-equiv=Content-Security-Policy]")[0].value().attr("content").unwrap().to_string();
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    for element in ["style", "script"] {
        let inside = text(all(&page, element)[0]);
        let hash = STANDARD.encode(digest(&SHA256, inside.as_bytes()));
        assert!(policy.contains(&format!("{element}-src 'sha256-{hash}'")), "{element}: {policy}");
        assert!(!inside.contains("</") && !inside.contains("<!--") && !inside.contains("://"), "{element}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_was_found_is_on_the_page_with_what_it_rests_on() {
    for name in [
        "broken-gateway",
        "list-of-40",
        "two-forests-contacts-loop",
        "connector-scoped",
        "mx-views-disagree",
        "wrong-password",
        "dane-mismatch",
    ] {
        let report = play(name).await;
        let page = Html::parse_document(&rendered(&report));
        harmless(&page);
        let articles = all(&page, "article.finding");
        assert_eq!(articles.len(), report.findings.len(), "{name}");
        for (finding, article) in report.findings.iter().zip(articles) {
            let said = text(article);
            let wanted = [finding.code.clone(), finding.title.clone(), finding.detail.clone(), weight(finding)];
            let subjects = finding.subjects.iter().map(|subject| subject.value.clone());
            let commands = finding.remedies.iter().filter(|one| !one.mends()).flat_map(|one| one.lines().concat());
            for wanted in wanted.into_iter().chain(subjects).chain(commands) {
                assert!(said.contains(&wanted), "{name} {}: {wanted}", finding.code);
            }
            assert!(!said.contains("Not in this report"), "{name} {}: {said}", finding.code);
            assert!(finding.evidence.is_empty() || said.contains("What it rests on"), "{name} {}", finding.code);
        }
        // What mends it is there once, whatever it mends.
        let said: String = all(&page, "#findings").into_iter().map(text).collect();
        for command in report.findings.iter().flat_map(|one| &one.remedies).flat_map(|one| one.lines().concat()) {
            assert!(said.contains(&command), "{name}: {command}");
        }
        let rows = all(&page, "#all-rows tbody tr");
        assert_eq!(rows.len(), report.recipients.len(), "{name}");
        for one in &report.recipients {
            let row = rows.iter().map(|row| text(*row)).find(|row| row.starts_with(&*one.address)).unwrap();
            assert!(row.contains(&one.diagnosis.word().replace('-', " ")), "{name}: {row}");
        }
    }
}

fn weight(finding: &Finding) -> String {
    format!("{}, {}", word(&finding.severity), word(&finding.certainty))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_that_decides_is_marked_beside_the_command_that_it_answers() {
    let page = Html::parse_document(&rendered(&play("broken-gateway").await));
    let decides: Vec<String> = all(&page, "#finding-1 .talk .decides").into_iter().map(text).collect();
    let refusal = decides.iter().find(|line| line.contains("<~*") && line.contains("550 5.1.1 <orders@contoso.com>"));
    assert!(refusal.is_some_and(|line| line.contains("decisive:")), "{decides:?}");
    let lines: Vec<String> = all(&page, "#finding-1 .talk .line").into_iter().map(text).collect();
    let at = lines.iter().position(|line| line.contains("550 5.1.1 <orders@contoso.com>")).unwrap();
    assert!(lines[at - 1].contains("~> RCPT TO:<orders@contoso.com>"), "{}", lines[at - 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_picture_shows_where_it_breaks_by_a_mark_and_in_words() {
    // The scenario, and what is marked on which way: as the words below the picture have it.
    let cases: [(&str, &str); 12] = [
        ("healthy", "Internet to Gateway (Postfix) mx1.contoso.com: nothing found, takes 5 of 5"),
        ("broken-gateway", "Internet to Gateway (Postfix) mx1.contoso.com: broken, refuses 2 of 5: NSD401"),
        ("gateway-down", "Internet to Gateway mx1.contoso.com: broken, hop unreachable: NSD201"),
        ("no-connector", "Exchange corp to Other system zimbra: broken, send connector missing: NSD311, NSD421"),
        ("no-rights", "Exchange corp to Other system zimbra: not known, the way is not known"),
        (
            "smart-host-is-gateway",
            "Exchange corp to Gateway (Postfix) mx1.contoso.com: goes round, mail for 2 of 5 goes round (by 'To Zimbra'): NSD106",
        ),
        (
            "two-forests-loop",
            "Exchange labs to Exchange corp: goes round, whom nobody knows goes round (by 'To corp'): NSD321",
        ),
        ("mx-at-other", "Internet to Other system, and the MX zimbra: broken, refuses 3 of 5: NSD402"),
        ("tenant", "Exchange Online, and the MX tenant to Other system zimbra: nothing found, takes 2 of 2"),
        ("mx-hosts-disagree", "broken, refuses 2 of 5: NSD405"),
        ("directory-down", "directory dc1.corp.contoso.com, no answer: NSD332"),
        ("mx-missing", "Internet to Gateway"),
    ];
    for (name, expected) in cases {
        let report = play(name).await;
        let page = Html::parse_document(&rendered(&report));
        let words: Vec<String> = all(&page, "#path .words li").into_iter().map(text).collect();
        assert!(words.iter().any(|line| line.contains(expected)), "{name}: {words:#?}");
        let (across, down) = (all(&page, "svg.across .way").len(), all(&page, "svg.down .way").len());
        assert!(across == down && across > 1, "{name}: {across} {down}");
        let broken = words.iter().filter(|line| line.contains(": broken, ")).count();
        assert_eq!(all(&page, "svg.across .way.broken .mark.broken").len(), broken, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_nothing_and_one_that_was_cut_are_pages_too() {
    let whole = play("broken-gateway").await;
    let mut cut = whole.clone();
    cut.run.complete = false;
    cut.evidence.smtp.truncate(1);
    cut.evidence.dns.clear();
    cut.evidence.directories.clear();
    cut.evidence.files.clear();
    let page = Html::parse_document(&rendered(&cut));
    harmless(&page);
    assert!(text(all(&page, "header.verdict")[0]).contains("Cut short"));
    assert!(all(&page, "#finding-1 .more").into_iter().any(|one| text(one).contains("Not in this report")));

    let mut nothing = serde_json::to_value(&whole).unwrap();
    for part in ["findings", "checks", "gaps", "recipients", "hops"] {
        nothing[part] = serde_json::json!([]);
    }
    nothing["summary"]["recipients"] = serde_json::json!({});
    nothing["evidence"] = serde_json::json!({"dns": [], "hops": [], "smtp": [], "directories": [], "files": []});
    nothing["run"]["settings"]["systems"] = serde_json::json!([]);
    let page = Html::parse_document(&rendered(&report::read(&nothing.to_string()).unwrap()));
    harmless(&page);
    assert!(text(all(&page, "#findings")[0]).contains("Nothing was found."));
    assert!(text(all(&page, "#path")[0]).contains("none is known"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_hears_the_page_finds_the_way() {
    let page = Html::parse_document(&rendered(&play("list-of-40").await));
    assert_eq!(all(&page, "html[lang=en] > head > title").len(), 1);
    for (selector, number) in [("main", 1), ("h1", 1), ("nav[aria-label]", 1), ("a.skip[href='#main']", 1), ("img", 0)]
    {
        assert_eq!(all(&page, selector).len(), number, "{selector}");
    }
    let mut before = 0;
    for heading in all(&page, "h1, h2, h3, h4, h5, h6") {
        let level: u32 = heading.value().name()[1..].parse().unwrap();
        assert!(level <= before + 1, "{} after h{before}", heading.html());
        before = level;
    }
    for table in all(&page, "table") {
        assert!(table.select(&Selector::parse("caption").unwrap()).next().is_some());
        let heads = table.select(&Selector::parse("thead th[scope=col]").unwrap()).count();
        let row = table.select(&Selector::parse("tbody tr").unwrap()).next().unwrap();
        assert_eq!(row.select(&Selector::parse("th[scope=row], td").unwrap()).count(), heads);
    }
    for svg in all(&page, "svg") {
        let (role, hidden) = (svg.value().attr("role"), svg.value().attr("aria-hidden"));
        assert!(role == Some("img") && svg.value().attr("aria-labelledby").is_some() || hidden == Some("true"));
    }
}
