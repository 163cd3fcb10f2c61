//! What mends a fault: commands that are built from their parts, so that no value gets into one but quoted, and what takes
//! them back.
pub mod command;
pub mod inverse;
pub mod order;
pub mod quoting;

use crate::prelude::*;
use alloc::collections::BTreeSet;
pub use command::{Cmdlet, Command, Program, Shell};
use order::Turn;
use serde::Serializer;
use serde::ser::SerializeStruct;

/// How many lines a person reads and pastes; a script (`show --remedies powershell`) serves better for more.
pub const READABLE: usize = 50;

/// One way to mend it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct Remedy {
    /// What it does.
    pub title: String,
    /// Where it is done: `exchange`, `gateway`, `other`, `dns`, `directory`, `here`.
    #[serde(rename = "where")]
    pub place: String,
    /// What the commands are for: `powershell`, `sh`; none for steps in words.
    pub shell: Option<String>,
    /// The commands, or the steps.
    #[schemars(with = "Vec<String>")]
    pub commands: Vec<Command>,
    /// What takes them back.
    #[schemars(with = "Vec<String>")]
    pub undo: Vec<Command>,
    /// Whether it mends nothing: commands that only read, and show what the finding says, or words that go with a remedy.
    #[serde(default)]
    pub proof: bool,
    /// The Exchange system that it is for, where that is known.
    #[serde(default)]
    pub system: Option<String>,
    /// Its place among the remedies of the report, from 1: they work in this order. Other ways to mend the same finding
    /// share it, and so do findings with one cure. None where it mends nothing, and only shows something.
    #[serde(default)]
    pub order: Option<usize>,
    /// How many commands each step has, and how many undos, where it is taken in steps.
    #[serde(skip)]
    steps: Vec<(usize, usize)>,
    /// When its turn comes, where what it does would not say so.
    #[serde(skip)]
    turn: Option<Turn>,
}

impl Remedy {
    /// A remedy in the Exchange Management Shell.
    pub fn exchange(title: impl Into<String>, commands: Vec<Cmdlet>, undo: Vec<Cmdlet>) -> Self {
        let [commands, undo] = [commands, undo].map(|all| all.into_iter().map(Into::into).collect::<Vec<Command>>());
        Self {
            title: title.into(),
            place: "exchange".into(),
            shell: Some(Shell::PowerShell.word().into()),
            proof: undo.is_empty() && !commands.is_empty() && commands.iter().all(Command::reads),
            commands,
            undo,
            system: None,
            order: None,
            steps: Vec::new(),
            turn: None,
        }
    }

    /// The same for several things, each with the command that does it and the one that takes it back.
    pub fn each(title: impl Into<String>, pairs: impl IntoIterator<Item = (Cmdlet, Cmdlet)>) -> Self {
        Self::stepwise(title, pairs.into_iter().map(|(one, back)| (vec![one], vec![back])))
    }

    /// The same for `system`, where the evidence of its finding is of several.
    pub fn of(self, system: &str) -> Self {
        Self { system: Some(system.into()), ..self }
    }

    /// The same with a comment before its first command, or a step before its first one in words, where there is one to
    /// make.
    pub fn noting(mut self, remark: Option<String>) -> Self {
        match (remark, self.commands.first_mut()) {
            (Some(remark), _) if self.shell.is_none() => self.commands.insert(0, Command::step(remark)),
            (Some(remark), Some(first)) => first.note(&remark),
            _ => {}
        }
        self
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

    /// The same, with `command` after its commands and after its undos. What is said in words stays as it is.
    pub fn then(mut self, command: Option<Cmdlet>) -> Self {
        if let Some(command) = command.filter(|_| self.shell.is_some()) {
            if !self.steps.is_empty() {
                self.steps.push((1, 1));
            }
            self.commands.push(command.clone().into());
            self.undo.push(command.into());
        }
        self
    }

    /// Leaves out what `theirs` says of a command, each step with all that belongs to it; whether nothing is left to do.
    pub(crate) fn leave_out(&mut self, theirs: &mut dyn FnMut(&Command) -> bool) -> bool {
        if self.steps.is_empty() {
            self.commands.retain(|command| !theirs(command));
            self.undo.retain(|command| !theirs(command));
        } else {
            let (mut commands, mut undo) = (self.commands.drain(..), self.undo.drain(..));
            let (mut kept, mut back, mut steps) = (Vec::new(), Vec::new(), Vec::new());
            for (one, its) in &self.steps {
                let step: Vec<Command> = commands.by_ref().take(*one).collect();
                let undone: Vec<Command> = undo.by_ref().take(*its).collect();
                if !step.iter().any(&mut *theirs) {
                    steps.push((step.len(), undone.len()));
                    kept.extend(step);
                    back.extend(undone);
                }
            }
            drop((commands, undo));
            (self.commands, self.undo, self.steps) = (kept, back, steps);
        }
        self.commands.iter().all(Command::synchronises)
    }

    /// Its commands and its undos line by line, as far as a person reads, and how many more there are: both as far as the
    /// same step, so that the one takes back what the other does.
    pub fn lines(&self) -> [Vec<String>; 2] {
        let fits = [readable(&self.commands), readable(&self.undo)];
        let mut ends = if self.steps.is_empty() { fits } else { [0; 2] };
        for (at, (one, back)) in self.steps.iter().enumerate() {
            let next = [ends[0] + one, ends[1] + back];
            if at > 0 && (next[0] > fits[0] || next[1] > fits[1]) {
                break;
            }
            ends = next;
        }
        [(&self.commands, ends[0]), (&self.undo, ends[1])].map(|(all, end)| {
            let mut shown = lines(&all[..end]);
            if end < all.len() {
                let more = all.len() - end;
                shown
                    .push(format!("# and {more} more; all: nsdiag show REPORT.json --remedies powershell -o FILE.ps1"));
            }
            shown
        })
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
            system: None,
            order: None,
            steps: Vec::new(),
            turn: None,
        }
    }

    /// How one sees it at `place`, by programs that only read.
    pub fn proof(place: &str, title: impl Into<String>, commands: Vec<Program>) -> Self {
        Self { proof: true, ..Self::programs(place, Shell::Sh, title, commands, Vec::new()) }
    }

    /// What is to be known of a remedy beside it, in words.
    pub fn note(place: &str, title: impl Into<String>, steps: Vec<String>) -> Self {
        Self { proof: true, ..Self::steps(place, title, steps) }
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
            proof: false,
            system: None,
            order: None,
            steps: Vec::new(),
            turn: None,
        }
    }
}

/// `commands` line by line. What is to be known of several is said once.
pub fn lines(commands: &[Command]) -> Vec<String> {
    let mut said: BTreeSet<&str> = BTreeSet::new();
    let mut shown: Vec<String> = Vec::new();
    for command in commands {
        let remarks = command.remarks().iter().filter(|remark| said.insert(remark));
        shown.extend(remarks.map(|remark| format!("# {remark}")));
        shown.push(command.text().to_string());
    }
    shown
}

/// How many of `commands` a person reads; at least one.
fn readable(commands: &[Command]) -> usize {
    // What was saved was counted when it was.
    if commands.iter().any(Command::is_saved) {
        return commands.len();
    }
    let mut said: BTreeSet<&str> = BTreeSet::new();
    let mut lines = 0;
    let fits = commands.iter().take_while(|command| {
        lines += 1 + command.remarks().iter().filter(|remark| said.insert(remark)).count();
        lines <= READABLE
    });
    fits.count().max(1).min(commands.len())
}

impl Serialize for Remedy {
    /// As far as a person reads.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self { title, place, shell, commands: _, undo: _, proof, system, order, steps: _, turn: _ } = self;
        let [commands, undo] = self.lines();
        let mut all = to.serialize_struct("Remedy", 8)?;
        all.serialize_field("title", title)?;
        all.serialize_field("where", place)?;
        all.serialize_field("shell", shell)?;
        all.serialize_field("commands", &commands)?;
        all.serialize_field("undo", &undo)?;
        if *proof {
            all.serialize_field("proof", proof)?;
        }
        if system.is_some() {
            all.serialize_field("system", system)?;
        }
        if order.is_some() {
            all.serialize_field("order", order)?;
        }
        all.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(name: &str) -> (Cmdlet, Cmdlet) {
        let back = Cmdlet::new("Remove-MailContact").with("Identity", name).off("Confirm");
        (Cmdlet::new("New-MailContact").with("Name", name), back)
    }

    #[test]
    fn what_is_shown_of_many_steps_is_taken_back_by_what_is_shown_of_their_undo() {
        let many = |count: usize, before: &str, back: &str| {
            let one = |number: usize| {
                let (one, undo) = contact(&format!("m{number}"));
                let note = |cmdlet: Cmdlet, words: &str| if words.is_empty() { cmdlet } else { cmdlet.remark(words) };
                (note(one, before), note(undo, &back.replace('N', &number.to_string())))
            };
            Remedy::each("x", (0..count).map(one))
        };
        let sync = || Some(Cmdlet::new("Start-EdgeSynchronization").with("Server", "EXCH01"));
        // How many are shown of each, and the last line of each.
        let cases = [
            (many(50, "", ""), 50, 50),
            (many(3_000, "", ""), 50, 50),
            (many(3_000, "one remark", ""), 49, 49),
            (many(3_000, "", "one for N"), 25, 25),
            (many(3_000, "", "").then(sync()), 50, 50),
            (many(2, "", "").then(sync()), 3, 3),
        ];
        for (remedy, does, undoes) in cases {
            let [commands, undo] = remedy.lines();
            let shown = |lines: &[String]| lines.iter().filter(|line| !line.starts_with("# ")).count();
            assert_eq!((shown(&commands), shown(&undo)), (does, undoes), "{:?}", undo.last());
            let more = |lines: &[String]| lines.last().filter(|line| line.starts_with("# and ")).cloned();
            let left = remedy.commands.len() - does;
            let told = format!("# and {left} more; all: nsdiag show REPORT.json --remedies powershell -o FILE.ps1");
            assert_eq!([more(&commands), more(&undo)], [(); 2].map(|()| (left > 0).then(|| told.clone())));
        }
    }
}
