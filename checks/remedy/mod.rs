//! What mends a fault: commands that are built from their parts, so that no value gets into one but quoted, and what takes
//! them back.
pub mod command;
pub mod quoting;

use crate::prelude::*;
use alloc::collections::BTreeSet;
pub use command::{Cmdlet, Command, Program, Shell};
use serde::Serializer;

/// How many lines a person reads and pastes; a script (`show --remedies powershell`) serves better for more.
pub const READABLE: usize = 50;

/// One way to mend it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Remedy {
    /// What it does.
    pub title: String,
    /// Where it is done: `exchange`, `gateway`, `other`, `dns`, `directory`, `here`.
    #[serde(rename = "where")]
    pub place: String,
    /// What the commands are for: `powershell`, `sh`; none for steps in words.
    pub shell: Option<String>,
    /// The commands, or the steps.
    #[serde(serialize_with = "as_lines")]
    #[schemars(with = "Vec<String>")]
    pub commands: Vec<Command>,
    /// What takes them back.
    #[serde(serialize_with = "as_lines")]
    #[schemars(with = "Vec<String>")]
    pub undo: Vec<Command>,
    /// Whether it mends nothing, and shows what the finding says: commands that only read.
    #[serde(default, skip_serializing_if = "is_false")]
    pub proof: bool,
    /// How many commands each step has, and how many undos, where it is taken in steps.
    #[serde(skip)]
    steps: Vec<(usize, usize)>,
}

impl Remedy {
    /// A remedy in the Exchange Management Shell.
    pub fn exchange(title: impl Into<String>, commands: Vec<Cmdlet>, undo: Vec<Cmdlet>) -> Self {
        let [commands, undo] = [commands, undo].map(|all| all.into_iter().map(Into::into).collect::<Vec<Command>>());
        Self {
            title: title.into(),
            place: "exchange".into(),
            shell: Some(Shell::PowerShell.word().into()),
            proof: undo.is_empty() && commands.iter().all(Command::reads),
            commands,
            undo,
            steps: Vec::new(),
        }
    }

    /// The same for several things, each with the command that does it and the one that takes it back.
    pub fn each(title: impl Into<String>, pairs: impl IntoIterator<Item = (Cmdlet, Cmdlet)>) -> Self {
        Self::stepwise(title, pairs.into_iter().map(|(one, back)| (vec![one], vec![back])))
    }

    /// The same where each takes several commands.
    pub fn stepwise(title: impl Into<String>, each: impl IntoIterator<Item = (Vec<Cmdlet>, Vec<Cmdlet>)>) -> Self {
        let (commands, undo): (Vec<_>, Vec<_>) = each.into_iter().unzip();
        let steps = commands.iter().zip(&undo).map(|(one, back)| (one.len(), back.len())).collect();
        Self { steps, ..Self::exchange(title, commands.concat(), undo.concat()) }
    }

    /// The commands of each step with its undos, where it is taken in steps.
    pub fn pairs(&self) -> Option<impl Iterator<Item = (&[Command], &[Command])>> {
        let (mut commands, mut undo) = (&self.commands[..], &self.undo[..]);
        let step = move |(one, back): &(usize, usize)| {
            let ((first, rest), (its, others)) = (commands.split_at(*one), undo.split_at(*back));
            (commands, undo) = (rest, others);
            (first, its)
        };
        (!self.steps.is_empty()).then(|| self.steps.iter().map(step))
    }

    /// The same, with `command` after its commands and after its undos.
    pub fn then(mut self, command: Option<Cmdlet>) -> Self {
        if let Some(command) = command {
            self.steps.clear();
            self.commands.push(command.clone().into());
            self.undo.push(command.into());
        }
        self
    }

    /// A remedy by programs of `shell`, at `place`.
    pub fn programs(
        place: &str,
        shell: Shell,
        title: impl Into<String>,
        commands: Vec<Program>,
        undo: Vec<Program>,
    ) -> Self {
        let [commands, undo] = [commands, undo].map(|all| all.into_iter().map(|one| one.in_shell(shell)).collect());
        Self {
            title: title.into(),
            place: place.into(),
            shell: Some(shell.word().into()),
            commands,
            undo,
            proof: false,
            steps: Vec::new(),
        }
    }

    /// How one sees it at `place`, by programs that only read.
    pub fn proof(place: &str, title: impl Into<String>, commands: Vec<Program>) -> Self {
        Self { proof: true, ..Self::programs(place, Shell::Sh, title, commands, Vec::new()) }
    }

    /// A remedy in words, at `place`.
    pub fn steps(place: &str, title: impl Into<String>, steps: Vec<String>) -> Self {
        let commands = steps.into_iter().map(Command::step).collect();
        let (title, place) = (title.into(), place.into());
        Self { title, place, shell: None, commands, undo: Vec::new(), proof: false, steps: Vec::new() }
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

/// `commands` line by line, as far as a person reads, and how many more there are. What is to be known of several is said once.
pub fn lines(commands: &[Command]) -> Vec<String> {
    // What was saved was counted when it was.
    let saved = commands.iter().any(Command::is_saved);
    let mut said: BTreeSet<&str> = BTreeSet::new();
    let mut shown: Vec<String> = Vec::new();
    for (at, command) in commands.iter().enumerate() {
        let remarks: Vec<_> = command.remarks().iter().filter(|remark| said.insert(remark)).collect();
        if at > 0 && !saved && shown.len() + remarks.len() >= READABLE {
            let more = commands.len() - at;
            shown.push(format!("# and {more} more; all: nsdiag show REPORT.json --remedies powershell -o FILE.ps1"));
            break;
        }
        shown.extend(remarks.into_iter().map(|remark| format!("# {remark}")));
        shown.push(command.text().to_string());
    }
    shown
}

fn as_lines<S: Serializer>(commands: &[Command], to: S) -> Result<S::Ok, S::Error> {
    lines(commands).serialize(to)
}
