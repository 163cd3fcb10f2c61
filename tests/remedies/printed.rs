//! `fixtures/remedies.txt`: every remedy that a scenario prints.
use nsdiag_checks::judge::Finding;
use nsdiag_checks::remedy::{Command, Remedy};
use std::collections::BTreeMap;

/// A remedy as `fixtures/remedies.txt` shows it.
pub fn shown(finding: &Finding, remedy: &Remedy) -> String {
    const MOST: usize = 3;
    let mut text = format!("{} {} ({}", finding.code, remedy.title, remedy.place);
    text += &remedy.shell.as_ref().map_or_else(|| ")\n".into(), |shell| format!(", {shell})\n"));
    let marks = if remedy.shell.is_some() { [">", "<"] } else { ["-", "<"] };
    for (commands, mark) in [&remedy.commands, &remedy.undo].into_iter().zip(marks) {
        let lines: Vec<String> = commands.iter().flat_map(Command::lines).collect();
        for line in lines.iter().take(if lines.len() > 12 { MOST } else { lines.len() }) {
            text += &format!("    {mark} {line}\n");
        }
        if lines.len() > 12 {
            text += &format!("    {mark} and {} more\n", lines.len() - MOST);
        }
    }
    text
}

/// Where `fixtures/remedies.txt` does not show what is printed; with UPDATE_REMEDIES in the environment it is written anew.
pub fn pinned(printed: &BTreeMap<String, Vec<&str>>) -> Option<String> {
    let mut text = String::from(
        "Every remedy that a scenario prints, and the scenarios that print it: > commands, < what takes them back, - steps.\n\
         Written anew by: UPDATE_REMEDIES=1 cargo test --test remedies\n",
    );
    for (shown, scenarios) in printed {
        text += &format!("\n{shown}    in {}\n", scenarios.join(", "));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/remedies.txt");
    if std::env::var_os("UPDATE_REMEDIES").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let known = std::fs::read_to_string(path).unwrap_or_default();
    let of = |text: &str| text.split("\n\n").map(|one| one.trim().to_string()).collect::<Vec<_>>();
    let (are, were) = (of(&text), of(&known));
    let lacking = |from: &[String], others: &[String]| {
        let all: Vec<&str> = from.iter().filter(|one| !others.contains(one)).map(String::as_str).collect();
        all.join("\n\n")
    };
    let hint = "fixtures/remedies.txt differs; UPDATE_REMEDIES=1 writes it anew";
    (text != known).then(|| format!("{hint}.\nNew:\n{}\nGone:\n{}", lacking(&are, &were), lacking(&were, &are)))
}
