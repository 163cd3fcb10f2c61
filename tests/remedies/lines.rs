//! The lines of a remedy: what each would run, and what is wrong with it.
use crate::cmdlets::{Cmdlet, Version};
use crate::held::{BLANK, held};
use crate::shell::{Host, Shell, Stop, parse};
use crate::value::{Call, Value};
use std::collections::BTreeMap;

/// A line without the comment in which it tells something.
pub fn commands<'l>(lines: &[&'l str]) -> Vec<&'l str> {
    lines.iter().copied().filter(|line| !line.starts_with('#')).collect()
}

/// Whether a command only shows something.
pub fn only_reads(line: &str) -> bool {
    ["Get-", "Test-", "Resolve-", "Validate-"].iter().any(|verb| line.trim_start_matches('(').starts_with(verb))
}

/// Whether a command has something to be filled in.
pub fn is_blank(line: &str) -> bool {
    with_blanks(line).contains(BLANK)
}

/// Holds whatever is called against the table, and gives nothing back but a credential.
struct Judge<'a> {
    table: &'a BTreeMap<String, Cmdlet>,
    versions: &'a [Version],
    faults: Vec<String>,
}

impl Host for Judge<'_> {
    fn seen(&mut self, call: &Call, piped: bool) {
        self.faults.extend(held(call, piped, self.table, self.versions).1);
    }

    fn call(&mut self, call: &Call, _: Option<&Value>) -> Result<Vec<Value>, String> {
        Ok(match &*call.name {
            "Get-Credential" => vec![Value::Credential],
            // One of whatever there is, for what stands behind it in the pipeline.
            name if only_reads(name) => vec![Value::Object(BTreeMap::new())],
            _ => Vec::new(),
        })
    }
}

/// What is wrong with `line` in any of `versions`.
pub fn faults(line: &str, table: &BTreeMap<String, Cmdlet>, versions: &[Version]) -> Vec<String> {
    let source = with_blanks(line);
    let tree = match parse(&source) {
        Ok(tree) => tree,
        Err(why) => return vec![why],
    };
    let mut faults = Vec::new();
    if line.contains(['\n', '\r']) {
        faults.push("it stands on more than one line".into());
    }
    if tree.root_node().named_child(0).is_none_or(|list| list.named_child_count() != 1) {
        faults.push("it is not one command".into());
    }
    let mut judge = Judge { table, versions, faults };
    let mut shell = Shell::new(&source, "", &mut judge);
    let done = shell.run(&tree, &[]);
    let mut faults = judge.faults;
    match done {
        Ok(_) => {}
        Err(Stop::Refused(what)) => faults.push(format!("the test's own PowerShell does not know: {what}")),
        Err(other) => faults.push(format!("{other:?}")),
    }
    faults
}

/// `line` with a word in the place of each `<placeholder>` that stands outside quotes; PowerShell itself refuses `<`.
pub fn with_blanks(line: &str) -> String {
    let (mut out, mut quoted, mut blank) = (String::new(), None, false);
    for c in line.chars() {
        match (quoted, c) {
            _ if blank => blank = c != '>',
            (None, '<') => {
                out += BLANK;
                blank = true;
            }
            (None, '\'' | '"') => {
                quoted = Some(c);
                out.push(c);
            }
            (Some(quote), c) => {
                if c == quote {
                    quoted = None;
                }
                out.push(c);
            }
            (None, c) => out.push(c),
        }
    }
    out
}
