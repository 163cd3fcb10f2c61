//! `nsdiag explain`: the page of a finding code, or what an SMTP reply means.
use crate::cli::{ExplainArgs, Format};
use crate::report::safe;
use crate::report::table::pairs;
use nsdiag_checks::replies::{self, Confidence, Stage};
use serde_json::json;
use std::fmt::Write;
use std::io::BufRead;

/// Explains, and gives the exit status.
pub fn run(args: &ExplainArgs) -> u8 {
    let what = args.what.join(" ");
    let what = what.trim();
    let text = match what {
        "" => Ok(codes()),
        "-" => return from_input(args.format),
        _ if is_code(what) => page(what),
        _ => reply(what, args.format),
    };
    match text {
        Ok(text) => {
            print!("{text}");
            0
        }
        Err(wrong) => {
            eprintln!("nsdiag: {}", safe(&wrong));
            64
        }
    }
}

fn is_code(what: &str) -> bool {
    what.get(..3).is_some_and(|head| head.eq_ignore_ascii_case("NSD"))
}

fn codes() -> String {
    let line =
        |(area, check): (&str, &nsdiag_checks::judge::Check)| format!("{}  {area:11}{}\n", check.code, check.title);
    let mut text: String = nsdiag_checks::checks().into_iter().map(line).collect();
    text.push_str("NSD999  -          a check failed in itself\n");
    text
}

fn page(code: &str) -> Result<String, String> {
    if code.eq_ignore_ascii_case("NSD999") {
        return Ok("NSD999  check-crashed (warning)\n\nA check failed in itself; the run went on without it. Its verdict is \
                   at best unknown.\nSend the JSON report to the developers: it holds the evidence that the check failed on.\n"
            .into());
    }
    let all = nsdiag_checks::checks();
    let found = all.into_iter().find(|(_, check)| check.code.eq_ignore_ascii_case(code));
    let (area, check) = found.ok_or_else(|| format!("no code '{code}'; `nsdiag explain` alone lists them"))?;
    let severity = format!("{:?}", check.severity).to_lowercase();
    let head = format!("{}  {} ({severity}; area {area})\n\n", check.code, check.name);
    let rows = [("", check.title.to_string()), ("why", check.why.into()), ("do", check.fix.into())];
    Ok(rows.iter().fold(head, |page, row| page + &pairs(&[(row.0, row.1.clone())]) + "\n"))
}

/// One reply a line from standard input; a line that is no reply is told and does not stop the rest.
fn from_input(format: Format) -> u8 {
    let mut status = 0;
    for (at, line) in std::io::stdin().lock().lines().enumerate() {
        let line = match line {
            Ok(line) => line,
            Err(error) => {
                eprintln!("nsdiag: standard input, line {}: {error}", at + 1);
                return 64;
            }
        };
        if line.trim().is_empty() {
            continue;
        }
        match reply(&line, format) {
            Ok(text) => print!("{text}"),
            Err(wrong) => {
                eprintln!("nsdiag: standard input, line {}: {}", at + 1, safe(&wrong));
                status = 64;
            }
        }
    }
    status
}

fn reply(text: &str, format: Format) -> Result<String, String> {
    let (code, rest) = replies::split_code(text).ok_or(
        "a reply begins with its three-digit code, as in \"550 5.1.1 User unknown\"; a finding's code with NSD",
    )?;
    let verdict = replies::classify(Stage::Rcpt, code, rest);
    let meaning = serde_json::to_value(verdict.meaning).expect("a unit variant is a string");
    let word = meaning.as_str().unwrap_or_default();
    let confidence = match verdict.confidence() {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    };
    let row = verdict.row;
    if format == Format::Json {
        let object = json!({
            "reply": text,
            "meaning": meaning,
            "product": row.map(|row| row.product),
            "confidence": confidence,
            "source": row.map(|row| row.source),
        });
        return Ok(format!("{object}\n"));
    }
    let mut out = format!("meaning     {word}\n");
    // Writing to a String cannot fail.
    let _ = match row {
        Some(row) => {
            let note = if row.note.is_empty() { String::new() } else { format!("note        {}\n", row.note) };
            write!(
                out,
                "product     {}\nconfidence  {confidence}, {} (row {})\n{note}",
                row.product, row.source, row.number
            )
        }
        None => writeln!(out, "confidence  {confidence}: no known text, judged by its code alone"),
    };
    if let Some(quoted) = verdict.quoted {
        let _ = writeln!(out, "it quotes   {}", safe(&quoted));
    }
    Ok(out)
}
