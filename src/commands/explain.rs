//! `nsdiag explain`: the page of a finding code, or what an SMTP reply means.
use super::{FAULT, Outcome, USAGE};
use crate::border;
use crate::report::format::width_of_output;
use crate::report::table::layout::pairs;
use crate::report::{escaped, safe};
use clap::{Args, ValueEnum};
use nsdiag_checks::judge::Check;
use nsdiag_checks::model::diagnosis::meaning_in_words;
use nsdiag_checks::replies::{self, Confidence, Held, Meaning, Row};
use serde_json::{Value, json};
use std::io::{BufRead, Read};

/// What `explain` takes.
#[derive(Args, Clone, Debug)]
pub struct ExplainArgs {
    /// A code such as NSD401, or a reply such as `550 5.1.1 User unknown`; `-` reads a reply a line from standard input
    #[arg(value_name = "CODE|REPLY|-")]
    pub what: Vec<String>,
    /// Text for people, or one JSON object a line
    #[arg(long, value_enum, default_value_t)]
    pub format: Form,
}

/// How it is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// Text for people
    #[default]
    #[value(alias = "table")]
    Text,
    /// One JSON object a line, for programs
    Json,
}

/// The PowerShell script that writes exports of Exchange, for the Exchange Management Shell and Exchange Online.
pub const EXPORT_SCRIPT: &str = include_str!("export.ps1");

/// Explains, and gives the exit status.
///
/// # Errors
/// With the exit status, in words.
pub fn run(args: &ExplainArgs) -> Outcome {
    let what = args.what.join(" ");
    let what = what.trim();
    let text = match what {
        "" => Ok(codes(args.format)),
        "-" => return from_input(args.format).map_err(|error| (FAULT, error)),
        _ if is_code(what) => page(what, args.format),
        _ => reply(what, args.format),
    };
    super::print(&text.map_err(|wrong| (USAGE, wrong))?)
}

fn is_code(what: &str) -> bool {
    what.get(..3).is_some_and(|head| head.eq_ignore_ascii_case("NSD"))
}

fn codes(format: Form) -> String {
    let all = nsdiag_checks::checks().into_iter();
    if format == Form::Json {
        return all.map(|(area, check)| as_json(area, check)).collect();
    }
    let mut text: String = all.map(|(area, check)| format!("{}  {area:11}{}\n", check.code, check.title)).collect();
    text.push_str("NSD999  -          a check failed in itself\n");
    text
}

/// The page of a check as one line of JSON.
fn as_json(area: &str, check: &Check) -> String {
    let Check { code, name, title, severity, why, fix, sources, .. } = check;
    let source = sources.join("; ");
    let object = json!({
        "code": code, "name": name, "area": area, "severity": severity,
        "title": title, "why": why, "fix": fix, "source": source,
    });
    escaped(&format!("{object}\n"))
}

fn page(code: &str, format: Form) -> Result<String, String> {
    if code.eq_ignore_ascii_case("NSD999") {
        return Ok("NSD999  check-crashed (warning)\n\nA check failed in itself; the run went on without it. Its verdict is \
                   at best unknown.\nSend the JSON report to the developers: it holds the evidence that the check failed on.\n"
            .into());
    }
    let all = nsdiag_checks::checks();
    let found = all.into_iter().find(|(_, check)| check.code.eq_ignore_ascii_case(code));
    let (area, check) = found.ok_or_else(|| format!("no code '{code}'; `nsdiag explain` alone lists them"))?;
    if format == Form::Json {
        return Ok(as_json(area, check));
    }
    let severity = format!("{:?}", check.severity).to_lowercase();
    let head = format!("{}  {} ({severity}; area {area})\n\n", check.code, check.name);
    let rows = [("", check.title.to_string()), ("why", check.why.into()), ("do", check.fix.into())];
    let page = rows.iter().fold(head, |page, row| page + &pairs(width_of_output(), &[(row.0, row.1.clone())]) + "\n");
    // As it is: a link that is wrapped is none.
    let source = |(at, source): (usize, &&str)| format!("  {:7}{source}\n", if at == 0 { "source" } else { "" });
    let page = page + &check.sources.iter().enumerate().map(source).collect::<String>();
    Ok(match check.code {
        "NSD331" => {
            let said = "or let an administrator run this script, and give nsdiag the folder that it writes:";
            page + "\n" + &pairs(width_of_output(), &[("", said.into())]) + "\n" + EXPORT_SCRIPT
        }
        _ => page,
    })
}

/// The longest reply that is taken from standard input, in bytes; an SMTP reply line has 512 (RFC 5321, 4.5.3.1.5).
const LONGEST: usize = 64 * 1024;

/// One reply a line from standard input: each line has its answer, if only that it is no reply, and none stops the rest.
fn from_input(format: Form) -> Result<u8, String> {
    let mut input = std::io::stdin().lock();
    let mut status = 0;
    for number in 1.. {
        let text = match line(&mut input) {
            Ok(None) => break,
            Ok(Some(text)) => text,
            Err(error) => {
                border::tell(&format!("standard input, line {number}: {error}"));
                return Ok(USAGE);
            }
        };
        match (text.clone().and_then(|text| reply(&text, format)), format) {
            (Ok(text), _) => border::print(&text)?,
            (Err(wrong), Form::Json) => {
                let object = json!({"reply": text.unwrap_or_default(), "error": wrong});
                border::print(&escaped(&format!("{object}\n")))?;
                status = USAGE;
            }
            (Err(wrong), _) => {
                border::tell(&format!("standard input, line {number}: {wrong}"));
                status = USAGE;
            }
        }
    }
    Ok(status)
}

/// The next line, whatever its bytes; one that is too long is passed over. None at the end.
fn line(input: &mut impl BufRead) -> std::io::Result<Option<Result<String, String>>> {
    let mut bytes = Vec::new();
    input.by_ref().take(LONGEST as u64).read_until(b'\n', &mut bytes)?;
    if bytes.len() == LONGEST && bytes.last() != Some(&b'\n') {
        input.skip_until(b'\n')?;
        return Ok(Some(Err(format!("it has more than {LONGEST} bytes, and no reply has"))));
    }
    Ok((!bytes.is_empty()).then(|| Ok(String::from_utf8_lossy(&bytes).trim_end().to_string())))
}

fn reply(text: &str, format: Form) -> Result<String, String> {
    let held = replies::held(text)?;
    if let Some(enhanced) = &held.bare {
        return Ok(code_alone(text, enhanced, &held, format));
    }
    let verdict = replies::classify(held.stage, held.code, &held.text);
    let confidence = word(verdict.confidence());
    let row = verdict.row;
    if format == Form::Json {
        let object = json!({
            "reply": text,
            "meaning": verdict.meaning,
            "product": row.map(|row| row.product),
            "confidence": confidence,
            "source": row.map(Row::source_in_words),
            "row": row.map(|row| row.number),
            "said": row.map(|row| row.said.word()),
            "note": row.map(|row| row.note).filter(|note| !note.is_empty()),
            "quotes": verdict.quoted,
        });
        return Ok(escaped(&format!("{object}\n")));
    }
    let mut rows = vec![("meaning", in_words(held.code, verdict.meaning))];
    match row {
        Some(row) => {
            rows.push(("product", row.product.into()));
            rows.push(("said", row.said.word().into()));
            rows.push(("confidence", confidence.into()));
            rows.push(("source", format!("{} (row {} of the catalogue)", row.source_in_words(), row.number)));
            rows.push(("note", row.note.into()));
        }
        None => rows.push(("confidence", format!("{confidence}: no known text, judged by its code alone"))),
    }
    if verdict.confidence() == Confidence::Low {
        rows.push(("", "by itself it proves nothing".into()));
    }
    if let Some(quoted) = &verdict.quoted {
        let whose = verdict.quoted_row.map_or("in no catalogue".to_string(), |row| {
            format!("{}; {} (row {})", row.product, row.source_in_words(), row.number)
        });
        rows.push(("it quotes", safe(quoted)));
        rows.push(("", whose));
    }
    let line =
        |(name, text): &(&str, String)| if text.is_empty() { String::new() } else { format!("{name:<12}{text}\n") };
    Ok(rows.iter().map(line).collect())
}

/// What an enhanced code alone can mean: by the standard, and in the replies of the products that say it.
fn code_alone(text: &str, enhanced: &str, held: &Held, format: Form) -> String {
    let verdict = replies::classify(held.stage, held.code, &held.text);
    let standard = replies::standard(enhanced);
    let mut known: Vec<(&Row, String)> =
        replies::bearing(enhanced).map(|row| (row, format!("{} ({})", row.product, row.example))).collect();
    known.dedup_by(|one, other| one.1 == other.1);
    if format == Form::Json {
        let known: Vec<Value> = known
            .iter()
            .map(|(row, _)| json!({"meaning": row.meaning, "product": row.product, "example": row.example, "row": row.number}))
            .collect();
        let object = json!({
            "reply": text,
            "meaning": verdict.meaning,
            "product": null,
            "confidence": word(verdict.confidence()),
            "source": standard.map(|name| format!("RFC 3463 and its registry: {name}")),
            "known": known,
        });
        return escaped(&format!("{object}\n"));
    }
    let by_standard = standard.map_or("not in the registry of enhanced codes (RFC 5248)".into(), |name| {
        format!("{name} (the registry of enhanced codes, RFC 5248)")
    });
    let alone = match verdict.meaning {
        Meaning::Ambiguous => "the code alone does not decide",
        _ => "by the code alone, which proves nothing",
    };
    let mut out = format!("meaning     {}: {alone}\n", named(verdict.meaning));
    out.push_str(&format!("standard    {by_standard}\n"));
    for (at, (row, whose)) in known.iter().enumerate() {
        let head = if at == 0 { "said by" } else { "" };
        out.push_str(&format!("{head:<12}{}: {whose}\n", named(row.meaning)));
    }
    out
}

fn in_words(code: u16, meaning: Meaning) -> String {
    let refused = match code {
        400..=499 => "the recipient was put off, ",
        500.. => "the recipient was refused, ",
        _ => return named(meaning),
    };
    format!("{}: {refused}{}", named(meaning), meaning_in_words(meaning))
}

/// The meaning's name in the contract.
pub fn named(meaning: Meaning) -> String {
    let value = serde_json::to_value(meaning).expect("a unit variant is a string");
    value.as_str().unwrap_or_default().into()
}

fn word(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    }
}
