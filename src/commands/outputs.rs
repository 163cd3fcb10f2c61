//! Where a report goes: standard output, and files in the format of their ending.
use super::{FAULT, Outcome, USAGE};
use crate::border;
use crate::cli::{Color, LimitArgs, ToldArgs};
use crate::report::format::{Format, View};
use crate::report::nagios::{self, Limits};
use crate::report::powershell::{BYTE_ORDER_MARK, Scripts, beside, scripts};
use crate::report::words::verdict_sentence;
use crate::report::{check_place, write, write_by};
use anstream::{AutoStream, ColorChoice};
use nsdiag_checks::report::Report;
use std::path::{Path, PathBuf};

/// Where a report goes.
#[derive(Debug)]
pub struct Outputs {
    format: Format,
    files: Vec<(PathBuf, Written)>,
    color: Color,
    verbose: bool,
    quiet: bool,
    limits: Limits,
}

/// What a file is written as, by its ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    /// A report in a format.
    Report(Format),
    /// The remedies as a script, with the one that takes them back beside it.
    Scripts,
}

/// A report to be told.
#[derive(Clone, Copy, Debug)]
pub struct Told<'r> {
    /// As it is.
    pub exact: &'r Report,
    /// As people are shown it: commands of a report that others had in their hands are doubted.
    pub shown: &'r Report,
}

impl<'r> From<&'r Report> for Told<'r> {
    fn from(report: &'r Report) -> Self {
        Self { exact: report, shown: report }
    }
}

impl Outputs {
    /// Bad endings, and places that cannot be written to, are told before a run, not after it; `state` is written beside the
    /// report.
    ///
    /// # Errors
    /// With the exit status, in words.
    pub fn of(args: &ToldArgs, state: Option<&Path>) -> Result<Self, (u8, String)> {
        let files = args.output.iter().map(|path| Ok((path.clone(), Written::of(path)?)));
        let files: Vec<_> = files.collect::<Result<_, (u8, String)>>()?;
        let besides: Vec<PathBuf> =
            files.iter().filter(|(_, as_what)| *as_what == Written::Scripts).map(|(path, _)| beside(path)).collect();
        let outputs = args.output.iter().chain(&besides).map(|path| ("--output", &**path));
        for (flag, path) in outputs.chain(state.map(|path| ("--quiet-if-unchanged", path))) {
            check_place(path).map_err(|error| (USAGE, format!("{flag}: {}: {error}", path.display())))?;
        }
        let LimitArgs { warning, critical } = args.limits.clone();
        let limits = Limits { warning, critical };
        if !limits.is_empty() && args.format != nagios::FORMAT {
            return Err((USAGE, "--warning and --critical are for --format nagios".into()));
        }
        if state.is_some() && args.format == nagios::FORMAT {
            let why = "a monitoring plugin tells its state every time";
            return Err((USAGE, format!("--quiet-if-unchanged is not for --format nagios: {why}")));
        }
        args.redact.check()?;
        let ToldArgs { format, color, verbose, quiet, .. } = *args;
        Ok(Self { format, files, color, verbose, quiet, limits })
    }

    /// The exit status of a run with this report: the verdict's, or that of the state that a monitoring plugin tells.
    pub fn exit_code(&self, report: &Report) -> u8 {
        match self.format == nagios::FORMAT {
            true => nagios::state(report, &self.limits).exit_code(),
            false => report.exit_code,
        }
    }

    /// The first file that is no script.
    pub fn first_report(&self) -> Option<&Path> {
        let is_report = |(_, as_what): &&(PathBuf, Written)| *as_what != Written::Scripts;
        self.files.iter().find(is_report).map(|(path, _)| &**path)
    }

    /// Writes the files. Where one cannot be written, the others are.
    ///
    /// # Errors
    /// With the exit status, in words: of the first that failed.
    pub fn write_files(&self, told: Told) -> Result<(), (u8, String)> {
        let mut outcome = Ok(());
        for (path, as_what) in &self.files {
            let written = match as_what {
                Written::Report(format) => {
                    write_by(path, |out| (format.write)(told.of(*format), &View::of_file(self.verbose), out))
                        .map_err(|error| (path.clone(), error))
                }
                Written::Scripts => {
                    let Scripts { apply, undo } = scripts(told.exact);
                    let marked = |path: PathBuf, text| {
                        write(&path, &format!("{BYTE_ORDER_MARK}{text}")).map_err(|error| (path, error))
                    };
                    // Whoever has the one has the other.
                    marked(beside(path), undo).and_then(|()| marked(path.clone(), apply))
                }
            };
            let failed = |(path, error): (PathBuf, std::io::Error)| (FAULT, format!("{}: {error}", path.display()));
            outcome = outcome.and(written.map_err(failed));
        }
        outcome
    }

    /// Tells the notes, writes the files and prints the report; the exit status is the report's.
    ///
    /// # Errors
    /// With the exit status, in words.
    pub fn finish(&self, told: Told, notes: &[String]) -> Outcome {
        if !self.quiet {
            notes.iter().for_each(|note| border::tell(note));
        }
        // Where one place cannot be written to, the others have the report.
        let written = self.write_files(told);
        let colour = match self.color {
            Color::Always => true,
            Color::Never => false,
            // NO_COLOR, CLICOLOR and terminals that know none.
            Color::Auto => AutoStream::choice(&std::io::stdout()) != ColorChoice::Never,
        };
        let view = View { colour, limits: self.limits.clone(), ..View::of_output(self.verbose, self.quiet) };
        if let (true, Err((code, why))) = (self.format == nagios::FORMAT, &written) {
            // One state line is all that is read, and its state has to be that of the exit status.
            let state = nagios::state(told.exact, &self.limits).word();
            return Err((*code, format!("{why}; the state is {state}: {}", verdict_sentence(told.exact))));
        }
        border::print_by(|out| (self.format.write)(told.of(self.format), &view, out))
            .map_err(|error| (FAULT, error))?;
        written.map(|()| self.exit_code(told.exact))
    }
}

impl<'r> Told<'r> {
    /// What of it a format shows.
    fn of(self, format: Format) -> &'r Report {
        if format.exact { self.exact } else { self.shown }
    }
}

impl Written {
    fn of(path: &Path) -> Result<Self, (u8, String)> {
        if path.extension().is_some_and(|ending| ending == "ps1") {
            return Ok(Self::Scripts);
        }
        Format::of_file(path).map(Self::Report).ok_or_else(|| {
            let endings = Format::endings().collect::<Vec<_>>().join(", ");
            (USAGE, format!("--output: {}: the ending is none of {endings} and .ps1", path.display()))
        })
    }
}
