//! The recipients line by line, for spreadsheets (`csv`) and programs (`ndjson`): everybody, with the findings that name them.
use super::format::{Format, Holds};
use super::words::{said, word};
use super::{Escaping, safe};
use nsdiag_checks::evidence::Role;
use nsdiag_checks::judge::SubjectKind;
use nsdiag_checks::report::{HopAnswer, RecipientResult, Report};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// For spreadsheets: columns that stay, whatever hops there are.
pub const CSV: Format = Format {
    name: "csv",
    about: "The recipients as a table for spreadsheets, a line each",
    endings: &["csv"],
    exact: false,
    holds: Holds::Recipients,
    write: |report, _, out| csv(report, out),
};

/// For programs: values as they are.
pub const NDJSON: Format = Format {
    name: "ndjson",
    about: "The recipients for programs, a line of JSON each: as in the report, with the codes of the findings that name them",
    endings: &["ndjson"],
    exact: false,
    holds: Holds::Recipients,
    write: |report, _, out| ndjson(report, out),
};

/// The columns. Those of a role hold what all of its hosts said.
const COLUMNS: [&str; 17] = [
    "address",
    "diagnosis",
    "certainty",
    "findings",
    "directories",
    "lists",
    "predicted",
    "missing",
    "gateway_outcome",
    "gateway_meaning",
    "gateway_reply",
    "exchange_outcome",
    "exchange_meaning",
    "exchange_reply",
    "other_outcome",
    "other_meaning",
    "other_reply",
];

/// A recipient as the report has it, with the codes of the findings that name it.
#[derive(Serialize)]
struct Line<'r> {
    #[serde(flatten)]
    recipient: &'r RecipientResult,
    findings: &'r [&'r str],
}

fn ndjson(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let codes = codes(report);
    let mut out = Escaping::new(out);
    for recipient in &report.recipients {
        let findings = codes.get(&*recipient.address).map_or(&[][..], Vec::as_slice);
        serde_json::to_writer(&mut out, &Line { recipient, findings })?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Lines end as RFC 4180 has it.
fn csv(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let codes = codes(report);
    let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    table.write_record(COLUMNS)?;
    for one in &report.recipients {
        let directories = one.directories.iter().map(|held| format!("{}: {}", held.system, word(&held.state)));
        let lists = one
            .lists
            .iter()
            .map(|list| format!("{}: {}", list.system, if list.listed { "listed" } else { "not listed" }));
        let mut row = vec![
            one.address.clone(),
            one.diagnosis.word().into(),
            word(&one.certainty),
            codes.get(&*one.address).map_or_else(String::new, |codes| codes.join(" ")),
            directories.collect::<Vec<_>>().join("; "),
            lists.collect::<Vec<_>>().join("; "),
            word(&one.predicted.disposition),
            one.predicted.missing.clone().unwrap_or_default(),
        ];
        for role in [Role::Gateway, Role::Exchange, Role::Other] {
            row.extend(of_role(one, role));
        }
        table.write_record(row.iter().map(|cell| harmless(cell)))?;
    }
    table.flush()
}

/// What the hosts of a role said: outcomes, meanings and replies. What all say is said once; else each says which host it is.
fn of_role(one: &RecipientResult, role: Role) -> [String; 3] {
    let is_of = |answer: &&HopAnswer| answer.hop.split('/').next() == Some(role.word());
    let answers: Vec<&HopAnswer> = one.hops.iter().filter(is_of).collect();
    let joined = |value: &dyn Fn(&HopAnswer) -> String| {
        let values: Vec<String> = answers.iter().map(|answer| value(answer)).collect();
        match values.split_first() {
            None => String::new(),
            Some((first, rest)) if rest.iter().all(|other| other == first) => first.clone(),
            Some(_) => {
                let host = |hop: &str| hop.split_once('/').map_or(hop, |(_, rest)| rest).to_string();
                let each = answers.iter().zip(&values).filter(|(_, value)| !value.is_empty());
                each.map(|(answer, value)| format!("{}: {value}", host(&answer.hop))).collect::<Vec<_>>().join("; ")
            }
        }
    };
    let reply = |answer: &HopAnswer| {
        let reply = answer.reply.as_ref();
        let words = |reply: &nsdiag_checks::report::Reply| {
            let enhanced = reply.enhanced.as_ref().map_or_else(String::new, |code| format!(" {code}"));
            format!("{}{enhanced} {}", reply.code, reply.text).trim_end().to_string()
        };
        reply.map_or_else(String::new, words)
    };
    let outcome = |answer: &HopAnswer| said(answer.outcome, None);
    let meaning = |answer: &HopAnswer| answer.meaning.as_ref().map_or_else(String::new, word);
    [joined(&outcome), joined(&meaning), joined(&reply)]
}

/// The codes of the findings that name each address.
fn codes(report: &Report) -> BTreeMap<&str, Vec<&str>> {
    let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for finding in &report.findings {
        for subject in finding.subjects.iter().filter(|subject| subject.kind == SubjectKind::Recipient) {
            let codes = all.entry(&subject.value).or_default();
            if !codes.contains(&&*finding.code) {
                codes.push(&finding.code);
            }
        }
    }
    all
}

/// A cell that no spreadsheet runs: one that begins as a formula does (`=`, `+`, `-`, `@`, and their wide forms) has an
/// apostrophe before it, and so has one that begins with an apostrophe. Who reads the file by program takes the first
/// apostrophe away, and has the value.
fn harmless(cell: &str) -> String {
    let cell = safe(cell);
    match cell.starts_with(['=', '+', '-', '@', '\'', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']) {
        true => format!("'{cell}"),
        false => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{HOSTILE, report};
    use serde_json::Value;

    fn written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn rows(report: &Report) -> Vec<BTreeMap<String, String>> {
        let text = written(|out| csv(report, out));
        let mut read = csv::Reader::from_reader(text.as_bytes());
        read.deserialize().collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn each_recipient_is_a_row_whose_columns_stay() {
        let mut one = report("x");
        let mut second = one.recipients[0].hops[0].clone();
        second.hop = "gateway/mx2/192.0.2.26:25".into();
        one.recipients[0].hops.push(second.clone());
        let row = &rows(&one)[0];
        assert_eq!(row.len(), COLUMNS.len());
        let expected = [
            ("address", "x@contoso.com"),
            ("diagnosis", "gateway-rejects-other-mailbox"),
            ("findings", "NSD401 x"),
            ("directories", "x: absent"),
            ("lists", "x: listed"),
            ("predicted", "rejected-at-gateway"),
            ("gateway_outcome", "rejected"),
            ("gateway_meaning", "unknown-recipient"),
            ("gateway_reply", "550 x x"),
            ("exchange_outcome", ""),
        ];
        for (column, value) in expected {
            assert_eq!(row[column], value, "{column}");
        }
        one.recipients[0].hops[1] =
            HopAnswer { outcome: nsdiag_checks::model::Outcome::Accepted, meaning: None, reply: None, ..second };
        let row = &rows(&one)[0];
        assert_eq!(row["gateway_outcome"], "x/192.0.2.25:25: rejected; mx2/192.0.2.26:25: accepted");
        assert_eq!(row["gateway_reply"], "x/192.0.2.25:25: 550 x x");
    }

    #[test]
    fn no_cell_is_a_formula_and_the_value_is_there_for_programs() {
        for value in ["=1+1", "+1", "-1", "@x", "'x", "'=x", "\u{ff1d}1", "=cmd|' /C calc'!A0"] {
            let cell = harmless(value);
            assert_eq!(cell.strip_prefix('\''), Some(value));
        }
        for value in ["a=1", "1-1", "", " =1", "ü"] {
            assert_eq!(harmless(value), value);
        }
        assert_eq!(harmless("\t=1"), "\\u{9}=1");
        for text in [HOSTILE, "=1", "+1", "-1", "@1", "\t=1", "\r=1", "a\",=1\n=1"] {
            let rows = rows(&report(text));
            assert_eq!(rows.len(), 1);
            let runs = |cell: &&String| cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
            assert_eq!(rows[0].values().find(runs), None, "{text}");
        }
    }

    #[test]
    fn a_line_of_json_is_the_recipient_of_the_report_with_its_findings() {
        let one = report(HOSTILE);
        let text = written(|out| ndjson(&one, out));
        assert_eq!(text.lines().count(), 1);
        assert!(text.chars().all(|c| c == '\n' || !nsdiag_checks::remedy::quoting::is_unseen(c)));
        let mut line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line.as_object_mut().unwrap().remove("findings").unwrap(), serde_json::json!(["NSD401", HOSTILE]));
        let back: RecipientResult = serde_json::from_value(line).unwrap();
        assert_eq!(back, one.recipients[0]);
    }

    #[test]
    fn nobody_is_a_heading_or_nothing() {
        let mut none = report("x");
        none.recipients.clear();
        assert_eq!(written(|out| csv(&none, out)), format!("{}\r\n", COLUMNS.join(",")));
        assert_eq!(written(|out| ndjson(&none, out)), "");
    }
}
