//! What mends a fault: commands that are built from their parts, so that no value gets into one but quoted, and what takes
//! them back.
pub mod command;
pub mod order;
pub mod quoting;

use crate::prelude::*;
pub use command::{Cmdlet, Command, Program, Shell};
use order::Turn;
use serde::Serializer;

/// How many commands a person reads and pastes; a script (`show --remedies powershell`) serves better for more.
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
    /// Its place among the remedies of the report, from 1: they work in this order. Other ways to mend the same finding
    /// share it, and so do findings with one cure. None where it mends nothing, and only shows something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<usize>,
    /// Whether each command has its own undo, at the same place.
    #[serde(skip)]
    paired: bool,
    /// When its turn comes, where what it does would not say so.
    #[serde(skip)]
    turn: Option<Turn>,
}

impl Remedy {
    /// A remedy in the Exchange Management Shell.
    pub fn exchange(title: impl Into<String>, commands: Vec<Cmdlet>, undo: Vec<Cmdlet>) -> Self {
        let [commands, undo] = [commands, undo].map(|all| all.into_iter().map(Into::into).collect());
        Self {
            title: title.into(),
            place: "exchange".into(),
            shell: Some(Shell::PowerShell.word().into()),
            commands,
            undo,
            order: None,
            paired: false,
            turn: None,
        }
    }

    /// The same for several things, each with the command that does it and the one that takes it back.
    pub fn each(title: impl Into<String>, pairs: impl IntoIterator<Item = (Cmdlet, Cmdlet)>) -> Self {
        let (commands, undo) = pairs.into_iter().unzip();
        Self { paired: true, ..Self::exchange(title, commands, undo) }
    }

    /// The same with a comment before its first command, where there is one to make.
    pub fn noting(mut self, remark: Option<String>) -> Self {
        if let (Some(remark), Some(first)) = (remark, self.commands.first_mut()) {
            first.note(&remark);
        }
        self
    }

    /// Each command with its own undo, where each has one.
    pub fn pairs(&self) -> Option<impl Iterator<Item = (&Command, &Command)>> {
        self.paired.then(|| self.commands.iter().zip(&self.undo))
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
            order: None,
            paired: false,
            turn: None,
        }
    }

    /// A remedy in words, at `place`.
    pub fn steps(place: &str, title: impl Into<String>, steps: Vec<String>) -> Self {
        let commands = steps.into_iter().map(Command::step).collect();
        Self {
            title: title.into(),
            place: place.into(),
            shell: None,
            commands,
            undo: Vec::new(),
            order: None,
            paired: false,
            turn: None,
        }
    }
}

/// `commands` line by line, as far as a person reads, and how many more there are.
pub fn lines(commands: &[Command]) -> Vec<String> {
    // What was saved was counted when it was.
    let most = if commands.iter().any(Command::is_saved) { commands.len() } else { READABLE };
    let mut shown: Vec<String> = commands.iter().take(most).flat_map(Command::lines).collect();
    if commands.len() > most {
        let more = commands.len() - most;
        shown.push(format!("# and {more} more; all: nsdiag show REPORT.json --remedies powershell -o FILE.ps1"));
    }
    shown
}

fn as_lines<S: Serializer>(commands: &[Command], to: S) -> Result<S::Ok, S::Error> {
    lines(commands).serialize(to)
}
