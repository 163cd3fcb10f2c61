//! What mends what was found: titles that wrap, and commands that do not.
use super::layout::Page;
use crate::report::{management_shell, safe, whose};
use nsdiag_checks::remedy::Remedy;
use nsdiag_checks::remedy::order::Step;
use nsdiag_checks::report::Report;

/// How many codes of a step are named.
const CODES: usize = 6;
/// So many commands are pasted from a screen; more are a matter for a script.
const MOST: usize = 50;

/// What mends it all, step by step; what mends several findings stands once.
pub(super) fn mending(report: &Report, steps: &[Step], page: &Page) -> String {
    let mut out = match steps {
        [] => return String::new(),
        [_] => "\nWhat mends it\n".to_string(),
        _ => "\nWhat mends it, in the order in which it works\n".into(),
    };
    let mut told: Vec<(Vec<String>, usize)> = Vec::new();
    for step in steps {
        let codes: Vec<&str> = step.findings.iter().map(|finding| &*finding.code).collect();
        for (at, remedy) in step.ways.iter().enumerate() {
            let title = safe(&remedy.title);
            let title = match at {
                0 => format!("{}{}: {title}", safe(&page.listed(&distinct(&codes), CODES)), whose(report, remedy)),
                _ => title,
            };
            let label = match at {
                0 => format!("{}.", step.number),
                _ if title.starts_with("Or ") || title.starts_with("Then ") => String::new(),
                _ => "or".into(),
            };
            let [mut does, _] = remedy.lines();
            does.extend([remedy.place.clone(), whose(report, remedy)]);
            match told.iter().find(|(known, _)| *known == does) {
                Some((_, number)) => out.push_str(&page.pairs(&[(&label, format!("{title}, as in step {number}"))])),
                None => {
                    let management = management_shell(report, remedy);
                    out.push_str(&of_remedy(page, codes[0], management, &label, &title, remedy));
                    told.push((does, step.number));
                }
            }
        }
    }
    out
}

fn distinct<'c>(codes: &[&'c str]) -> Vec<&'c str> {
    let mut all: Vec<&str> = Vec::new();
    for code in codes {
        if !all.contains(code) {
            all.push(code);
        }
    }
    all
}

/// `management` is the shell in which Exchange is managed there.
pub(super) fn of_remedy(
    page: &Page,
    code: &str,
    management: &str,
    label: &str,
    title: &str,
    remedy: &Remedy,
) -> String {
    let shell = match (remedy.shell.as_deref(), &*remedy.place) {
        (Some("powershell"), "exchange") => format!(" ({management})"),
        (Some("powershell"), _) => " (PowerShell)".into(),
        (Some(_), _) => " (shell)".into(),
        (None, _) => String::new(),
    };
    let mut out = page.pairs(&[(label, format!("{title}{shell}:"))]);
    let [commands, undo] = remedy.lines();
    let what = if remedy.proof { "see" } else { "mend" };
    out.push_str(&block(page, remedy, &format!("{code} {what}"), &commands));
    if !undo.is_empty() {
        out.push_str(&page.pairs(&[("undo", "it with:".into())]));
        out.push_str(&block(page, remedy, &format!("{code} undo"), &undo));
    }
    out
}

/// Commands as they are pasted: each on one line however long, between two comments that may be pasted along. A part of a block
/// would look like the whole of it, so of many commands one is shown, as an example. What is no command is wrapped.
fn block(page: &Page, remedy: &Remedy, name: &str, lines: &[String]) -> String {
    let most = page.most(MOST, lines.len());
    let more = lines.len() - most;
    let Some(shell) = &remedy.shell else {
        let mut steps: String =
            lines[..most].iter().map(|step| page.pairs(&[("", format!("- {}", safe(step)))])).collect();
        if more > 0 {
            steps.push_str(&page.pairs(&[("", format!("- and {more} more, with -v"))]));
        }
        return steps;
    };
    let marked = |line: &str| format!("          {}\n", safe(line));
    if more > 0 {
        let script = if shell == "powershell" { ", or -o FILE.ps1 as a script" } else { "" };
        let said = format!("{} commands, all of which -v shows{script}; the first of them:", lines.len());
        return page.pairs(&[("", said)]) + &marked(&lines[0]);
    }
    let mut out = marked(&format!("# {name}: from here"));
    out.extend(lines.iter().map(|line| marked(line)));
    out + &marked("# to here")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::format::View;

    #[test]
    fn a_command_stands_on_one_line_between_comments() {
        let name = "To the `other` system's |host, which has a name of more than eighty letters, for all that it says";
        let set = || nsdiag_checks::remedy::Cmdlet::new("Set-SendConnector").with("Identity", name);
        let remedy = Remedy::exchange("x", vec![set().bool("Enabled", true)], vec![set().bool("Enabled", false)]);
        let quoted = name.replace('\'', "''");
        let expected = format!(
            "  mend   x (Exchange Management Shell):
          # NSD313 mend: from here
          Set-SendConnector -Identity '{quoted}' -Enabled $true
          # to here
  undo   it with:
          # NSD313 undo: from here
          Set-SendConnector -Identity '{quoted}' -Enabled $false
          # to here
"
        );
        assert_eq!(
            of_remedy(&Page::new(&View::of_file(false)), "NSD313", "Exchange Management Shell", "mend", "x", &remedy),
            expected
        );
    }
}
