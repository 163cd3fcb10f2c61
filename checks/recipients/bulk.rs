//! Commands for many: one for each as far as a person reads, and a loop for the rest.
use crate::prelude::*;

/// How many commands a person reads before a loop serves better.
pub(super) const READABLE: usize = 20;

/// As many of `commands` as a person reads, and how many more there are.
pub(super) fn readable(commands: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut commands: Vec<String> = commands.into_iter().collect();
    if commands.len() > READABLE {
        let more = commands.len() - READABLE;
        commands.truncate(READABLE);
        commands.push(format!("# and {more} more in the same way; the report has their names and values"));
    }
    commands
}

/// `commands`, one for each subject of the findings of `check`; past a screenful the first of them, and a loop that does
/// `each` for `$a`, every address in the saved report.
pub(super) fn for_all(check: &Check, certainty: Certainty, mut commands: Vec<String>, each: &str) -> Vec<String> {
    if commands.len() <= READABLE {
        return commands;
    }
    let more = commands.len() - READABLE;
    let certainty = match certainty {
        Certainty::Proven => "proven",
        Certainty::Likely => "likely",
        Certainty::Inconclusive => "inconclusive",
    };
    commands.truncate(READABLE);
    // A comment must not be broken over lines.
    commands.push(format!("# and {more} more; or all of these, from what -o report.json wrote:"));
    commands.push(format!(
        "(Get-Content -Raw -Encoding UTF8 report.json | ConvertFrom-Json).findings | Where-Object {{ $_.code -eq '{}' -and \
         $_.certainty -eq '{certainty}' }} | ForEach-Object {{ $_.subjects }} | ForEach-Object {{ $a = $_.value; {each} }}",
        check.code
    ));
    commands
}

/// `orders@contoso.com` as a name for an object in Exchange.
pub(super) fn object_name(address: &str) -> String {
    address.replace('@', " at ")
}
