//! Reads exports from PowerShell: the Exchange organisation and its recipients, without LDAP.
//!
//! A file is read object by object and never held as a whole. Its limits: 16 GiB a file, 16 MiB, 100,000 values and 64
//! levels an object, 1,000 files a folder, 10,000 objects of the organisation and 5,000,000 recipients a file.
mod clixml;
mod cmdlet;
mod columns;
mod fields;
mod json;
mod list;
mod organisation;
mod recipients;
mod table;
mod text;
mod transport;
mod value;

use super::directory::{self, Roster, Wanted};
use cmdlet::{Cmdlet, Told, tell};
pub(super) use fields::domain_of;
use nsdiag_checks::evidence::directory::{Directory, Entry, ExportFile, Lookup, Origin};
use nsdiag_checks::evidence::{How, Miss, Observed};
use organisation::{Parts, Source, assemble};
use recipients::Sieve;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;
use text::{FILE, Fault, Text, shown};
use value::Object;

/// The most files of a folder, those in folders below it counted.
const FILES: usize = 1_000;
/// How deep folders are looked into.
const DEPTH: usize = 3;
/// The most objects of one file that describe the organisation.
const OBJECTS: usize = 10_000;
/// The most recipients of one file.
const RECIPIENTS: usize = 5_000_000;
/// The endings of files in a folder that may be exports.
const ENDINGS: [&str; 5] = ["xml", "clixml", "json", "csv", PASTED];
/// The ending of files that may be exports, pasted from the console, and may be anything.
const PASTED: &str = "txt";
/// How many objects Get-Recipient gives unless told otherwise.
const DEFAULT_SIZE: usize = 1_000;

/// What a reader hands objects to.
trait Take {
    /// The cmdlet that a wrapper names.
    fn cmdlet(&mut self, name: &str) -> Result<(), Fault>;
    /// A wrapper says that the cmdlet gave all that there is.
    fn unlimited(&mut self);
    /// What was read of an object before something went wrong: it may tell the cmdlet.
    fn begun(&mut self, object: &Object);
    /// An object, and where it begins.
    fn object(&mut self, object: Object, place: (u64, u64)) -> Result<(), Fault>;
}

/// Whether the export at `path` can be opened.
///
/// # Errors
/// In words, where it cannot.
pub fn check_path(path: &Path) -> Result<(), String> {
    let opened = std::fs::metadata(path).and_then(|meta| match meta.is_dir() {
        true => std::fs::read_dir(path).map(drop),
        false => File::open(path).map(drop),
    });
    opened.map_err(|error| format!("{}: {error}", path.display()))
}

/// Reads the exports of `system` at `paths`, files and folders. What is wrong with them is in the evidence.
pub fn read(system: &str, paths: &[PathBuf], wanted: Wanted<'_>, deadline: Option<Instant>) -> Directory {
    let mut files = Vec::new();
    let mut reading =
        Reading { sieve: Sieve::new(wanted), deadline, organisation: vec![], recipients: vec![], untold: None };
    for path in paths {
        match path.is_dir() {
            true => reading.folder(path, DEPTH, &mut files),
            false => files.push(Listed::File(path.clone())),
        }
    }
    let exports = files.into_iter().map(|listed| reading.first(listed)).collect();
    reading.second();
    let named: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    reading.directory(system, named.join(", "), exports)
}

/// Answers for those of `addresses` that others name and the exports were not asked for: they hold nobody whom they do not
/// name, unless they may hold more than they named.
pub fn complete(directory: &mut Directory, addresses: &BTreeSet<String>) {
    if directory.roster.known().is_none() {
        return;
    }
    let known: BTreeSet<&String> = directory.lookups.iter().map(|lookup| &lookup.address).collect();
    let new: Vec<&String> = addresses.iter().filter(|address| !known.contains(address)).collect();
    for address in new {
        let entries = match &directory.roster_incomplete {
            Some(miss) => Observed::Unknown(miss.clone()),
            None => Observed::Known(vec![]),
        };
        let filter = directory::filter_of(address);
        directory.lookups.push(Lookup { address: address.clone(), filter, entries, ..Lookup::default() });
    }
    directory.lookups.sort_by(|a, b| a.address.cmp(&b.address));
}

/// What a folder gave.
enum Listed {
    /// A file that was named.
    File(PathBuf),
    /// One that was found in a folder.
    Found(PathBuf),
    /// Something that is not read, and why.
    Aside(PathBuf, Miss),
}

/// A file of recipients that was read.
struct RecipientsFile {
    path: PathBuf,
    /// Why it does not show all recipients; none where it does.
    partial: Option<Miss>,
}

struct Reading<'a> {
    sieve: Sieve<'a>,
    deadline: Option<Instant>,
    organisation: Vec<Source>,
    recipients: Vec<RecipientsFile>,
    /// The first file of which it cannot be told what it holds.
    untold: Option<Miss>,
}

impl Reading<'_> {
    fn folder(&self, folder: &Path, depth: usize, into: &mut Vec<Listed>) {
        let aside = |path: &Path, how, what: &str| {
            Listed::Aside(path.into(), Miss::new(how, format!("{}: {what}", path.display())))
        };
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return into.push(aside(folder, How::Unreadable, &error.to_string())),
        };
        let mut paths: Vec<PathBuf> = entries.take(10 * FILES).filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        let before = into.len();
        for path in paths {
            let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
            if hidden {
                continue;
            }
            if into.len() >= FILES {
                into.push(aside(
                    folder,
                    How::TooLarge,
                    &format!("more than {FILES} files: name the exports themselves"),
                ));
                return;
            }
            match path.is_dir() {
                true if depth > 1 => self.folder(&path, depth - 1, into),
                true => into.push(aside(&path, How::NotTried, "too deep below the folder of exports; set aside")),
                false if ending.is_some_and(|ending| ENDINGS.contains(&&*ending)) => into.push(Listed::Found(path)),
                false => {
                    let what = "set aside: the ending is none of .xml, .clixml, .json, .csv, .txt";
                    into.push(aside(&path, How::NotTried, what));
                }
            }
        }
        if into.len() == before && depth == DEPTH {
            into.push(aside(folder, How::NotTried, "the folder is empty"));
        }
    }

    /// The first reading of a file.
    fn first(&mut self, listed: Listed) -> ExportFile {
        let (path, found) = match listed {
            Listed::File(path) => (path, false),
            Listed::Found(path) => (path, true),
            Listed::Aside(path, miss) => {
                if miss.how != How::NotTried {
                    self.untold.get_or_insert(miss.clone());
                }
                let path = path.display().to_string();
                return ExportFile { path, objects: Observed::Unknown(miss), ..ExportFile::default() };
            }
        };
        let name = path.display().to_string();
        self.sieve.file += 1;
        let mut intake = Intake::new(&mut self.sieve, self.deadline);
        let (format, mut done) = parse(&path, &mut intake);
        // A text file beside the exports may be anything.
        if let (true, Err(fault)) = (found && format.is_empty() && is_any_text(&path), &mut done) {
            fault.how = How::NotTried;
        }
        let Intake { cmdlets, parts, unlimited, count, undecoded, aliases_lost, kinds, .. } = intake;
        let told = cmdlets.first().copied();
        let damage = done.err();
        let aside = damage.as_ref().filter(|fault| fault.how == How::NotTried);
        let mut export = ExportFile { path: name.clone(), format, ..ExportFile::default() };
        export.objects = match (&damage, &undecoded, told) {
            (Some(fault), ..) => Observed::Unknown(fault.miss(&name)),
            (None, Some(fault), _) => Observed::Unknown(fault.miss(&name)),
            (None, None, None) => {
                let said = ": it holds no object, so the cmdlet that it came from cannot be told; the script that \
                            'nsdiag explain NSD331' prints writes it down";
                Observed::Unknown(Fault { how: How::NotTried, said: said.into() }.miss(&name))
            }
            (None, None, Some(_)) => Observed::Known(count),
        };
        let wrong = export.objects.miss().cloned();
        match told {
            Some(Cmdlet::Recipients(said)) => {
                // Only Get-Recipient gives mailboxes and others beside each other.
                let cmdlet = if said.is_empty() && kinds == (true, true) { "Get-Recipient" } else { said };
                export.cmdlet = cmdlet.into();
                let partial = wrong.clone().or_else(|| Self::partial(&name, cmdlet, count, unlimited, aliases_lost));
                self.recipients.push(RecipientsFile { path, partial });
            }
            Some(cmdlet) => export.cmdlet = cmdlet.name().into(),
            None if aside.is_none() => self.untold = self.untold.take().or_else(|| wrong.clone()),
            None => {}
        }
        if cmdlets.iter().any(|cmdlet| !matches!(cmdlet, Cmdlet::Recipients(_))) {
            self.organisation.push(Source { path: name, cmdlets, parts, wrong });
        }
        export
    }

    /// Why a whole file of recipients does not show all of them.
    fn partial(path: &str, cmdlet: &str, count: usize, unlimited: bool, aliases_lost: Option<Fault>) -> Option<Miss> {
        let not_tried = |said: String| Some(Miss::new(How::NotTried, said));
        if let Some(fault) = aliases_lost {
            return Some(fault.miss(path));
        }
        match cmdlet {
            _ if count == 0 => Some(Miss::new(How::NoRight, format!("{path}: {cmdlet} gave no recipient"))),
            "Get-Recipient" if count == DEFAULT_SIZE && !unlimited => not_tried(format!(
                "{path}: Get-Recipient gave exactly {DEFAULT_SIZE} recipients, its usual limit; Get-Recipient -ResultSize \
                 Unlimited would tell"
            )),
            "Get-Recipient" => None,
            "" => not_tried(format!(
                "{path}: it cannot be told which recipients were exported; Get-Recipient -ResultSize Unlimited would tell"
            )),
            other => {
                not_tried(format!("{path}: only {other} was exported; Get-Recipient -ResultSize Unlimited would tell"))
            }
        }
    }

    /// The second reading, for recipients that only turned out to matter when all were known.
    fn second(&mut self) {
        if !self.sieve.wants_more() {
            return;
        }
        for file in &mut self.recipients {
            let mut intake = Intake::new(&mut self.sieve, self.deadline);
            intake.again = true;
            if let (_, Err(fault)) = parse(&file.path, &mut intake) {
                let miss = fault.miss(&file.path.display().to_string());
                file.partial.get_or_insert(miss);
            }
        }
    }

    fn directory(mut self, system: &str, source: String, exports: Vec<ExportFile>) -> Directory {
        let mut directory =
            Directory { system: system.into(), source, origin: Origin::Export, exports, ..Directory::default() };
        directory.organisation = assemble(self.organisation, self.untold.as_ref());
        // One file that shows all recipients is enough.
        let whole = self.recipients.iter().any(|file| file.partial.is_none());
        let partial = match whole {
            true => None,
            false => self.recipients.iter().find_map(|file| file.partial.clone()).or(self.untold),
        };
        if self.recipients.is_empty() && partial.is_none() {
            return directory;
        }
        let mut found = std::mem::take(&mut self.sieve.roster);
        directory.roster = match (found.is_empty(), &partial) {
            (true, Some(miss)) => Observed::Unknown(miss.clone()),
            _ => Observed::Known(found.keys().cloned().collect()),
        };
        let too_many =
            || Miss::new(How::TooLarge, format!("there are more than {}, and only so many were kept", found.len()));
        directory.roster_incomplete = partial.clone().or_else(|| self.sieve.more.then(too_many));
        if self.sieve.wanted.roster == Roster::Nobody {
            (directory.roster, directory.roster_incomplete) = (Observed::NotAsked, None);
        }
        // Who was asked for may be found by more than a proxy address.
        found
            .extend(std::mem::take(&mut self.sieve.found).into_iter().map(|(address, all)| (address.to_string(), all)));
        for (address, entries) in found {
            let filter = directory::filter_of(&address);
            let resolves = entries.iter().any(|entry| nsdiag_checks::model::recipients::holds(entry, &address));
            let entries = match &partial {
                Some(miss) if !resolves => Observed::Unknown(miss.clone()),
                _ => Observed::Known(entries),
            };
            directory.lookups.push(Lookup { address, filter, entries, ..Lookup::default() });
        }
        let (noteworthy, more) = self.sieve.noteworthy();
        let too_many = || Miss::new(How::TooLarge, "there are more noteworthy objects than are kept");
        directory.noteworthy_incomplete = partial.clone().or(more.then(too_many));
        directory.noteworthy = match partial.clone() {
            Some(miss) if noteworthy.is_empty() => Observed::Unknown(miss),
            _ => Observed::Known(noteworthy),
        };
        directory.known_good = match (self.sieve.known_good.take(), partial) {
            (Some(known), _) => Observed::Known(Some(known)),
            (None, Some(miss)) => Observed::Unknown(miss),
            (None, None) => Observed::Known(None),
        };
        let one = self.recipients.len() == 1 || self.sieve.all_by_dn;
        if whole && one {
            directory.population = Observed::Known(std::mem::take(&mut self.sieve.population));
        }
        directory
    }
}

/// Takes the objects of one file.
struct Intake<'s, 'a> {
    sieve: &'s mut Sieve<'a>,
    deadline: Option<Instant>,
    /// Whether it is the second reading.
    again: bool,
    cmdlets: Vec<Cmdlet>,
    /// What the wrapper says, by which all objects are taken.
    named: Option<Cmdlet>,
    unlimited: bool,
    count: usize,
    parts: Parts,
    /// The first property that could not be read.
    undecoded: Option<Fault>,
    /// The first recipient whose aliases are not in the export.
    aliases_lost: Option<Fault>,
    /// Whether there were mailboxes, and others.
    kinds: (bool, bool),
}

impl<'s, 'a> Intake<'s, 'a> {
    fn new(sieve: &'s mut Sieve<'a>, deadline: Option<Instant>) -> Self {
        Self {
            sieve,
            deadline,
            again: false,
            cmdlets: vec![],
            named: None,
            unlimited: false,
            count: 0,
            parts: Parts::default(),
            undecoded: None,
            aliases_lost: None,
            kinds: (false, false),
        }
    }

    fn recipient(&mut self, entry: Entry) {
        match entry.value("homeMDB").is_some() {
            true => self.kinds.0 = true,
            false => self.kinds.1 = true,
        }
        match self.again {
            true => self.sieve.take_again(entry),
            false => self.sieve.take(entry),
        }
    }
}

impl Take for Intake<'_, '_> {
    fn cmdlet(&mut self, name: &str) -> Result<(), Fault> {
        let Some(cmdlet) = Cmdlet::named(name) else {
            let said = format!(": of {}, which nsdiag does not read; set aside", shown(name));
            return Err(Fault { how: How::NotTried, said });
        };
        let before = self.cmdlets.first().copied();
        self.named = Some(cmdlet);
        if !self.cmdlets.contains(&cmdlet) {
            self.cmdlets.push(cmdlet);
        }
        match before {
            Some(before) if before != cmdlet => {
                let said =
                    format!(": {} behind {}: put each cmdlet into a file of its own", cmdlet.name(), before.name());
                Err(Fault { how: How::Unreadable, said })
            }
            _ => Ok(()),
        }
    }

    fn unlimited(&mut self) {
        self.unlimited = true;
    }

    fn begun(&mut self, object: &Object) {
        if let (None, Told::Read(cmdlet), true) = (self.named, tell(object), self.cmdlets.is_empty()) {
            self.cmdlets.push(cmdlet);
        }
    }

    fn object(&mut self, object: Object, (line, column): (u64, u64)) -> Result<(), Fault> {
        let number = self.count + 1;
        let name = object.short("Name").map(|name| format!(" ({})", shown(&name))).unwrap_or_default();
        let at = |how, what: &str| Fault { how, said: format!(":{line}:{column}: object {number}{name}{what}") };
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(at(How::Deadline, ": not read further when the run's deadline came"));
        }
        let told = self.named.map_or_else(|| tell(&object), Told::Read);
        let cmdlet = match (told, self.cmdlets.first()) {
            (Told::Read(cmdlet), _) => cmdlet,
            (Told::Other(words), None) => {
                return Err(Fault {
                    how: How::NotTried,
                    said: format!(": {words}, which nsdiag does not read; set aside"),
                });
            }
            (Told::Other(words), Some(before)) => {
                let said =
                    format!(": {words} behind those of {}: put each cmdlet into a file of its own", before.name());
                return Err(at(How::Unreadable, &said));
            }
        };
        if !self.cmdlets.contains(&cmdlet) {
            self.cmdlets.push(cmdlet);
        }
        if let Some(before) = self.cmdlets.first().filter(|before| !before.goes_with(cmdlet)) {
            let said = format!(
                ": it is of {}, and those before it of {}: put each cmdlet into a file of its own",
                cmdlet.name(),
                before.name()
            );
            return Err(at(How::Unreadable, &said));
        }
        self.count = number;
        let most = if matches!(cmdlet, Cmdlet::Recipients(_)) { RECIPIENTS } else { OBJECTS };
        if self.count > most {
            return Err(at(How::TooLarge, &format!(": more than {most} objects")));
        }
        let wrong = match cmdlet {
            Cmdlet::Recipients(_) => match recipients::entry(&object) {
                Ok((entry, lost)) => {
                    if let (None, Some(lost)) = (&self.aliases_lost, lost) {
                        self.aliases_lost = Some(at(How::Unreadable, &format!(": {lost}")));
                    }
                    self.recipient(entry);
                    None
                }
                Err(wrong) => Some(wrong),
            },
            _ => self.parts.take(cmdlet, &object).err(),
        };
        if let (None, Some(wrong)) = (&self.undecoded, wrong) {
            self.undecoded = Some(at(How::Unreadable, &format!(", {}: {}", wrong.field, wrong.why)));
        }
        Ok(())
    }
}

/// Whether a file can be read and is by its ending any text.
fn is_any_text(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(PASTED)) && File::open(path).is_ok()
}

/// Reads a file into `take`. What its format is, and what is wrong with it.
fn parse(path: &Path, take: &mut dyn Take) -> (String, Result<(), Fault>) {
    let unreadable = |said: String| Fault { how: How::Unreadable, said: format!(": {said}") };
    let file = match std::fs::metadata(path) {
        Err(error) => Err(unreadable(error.to_string())),
        // A pipe can be read once, and this may take two readings.
        Ok(meta) if !meta.is_file() => Err(unreadable("not a regular file".into())),
        Ok(meta) if meta.len() > FILE => {
            Err(Fault { how: How::TooLarge, said: format!(": larger than {} GiB", FILE / 1024 / 1024 / 1024) })
        }
        Ok(_) => File::open(path).map_err(|error| unreadable(error.to_string())),
    };
    match file {
        Ok(file) => stream(file.take(FILE), take),
        Err(fault) => (String::new(), Err(fault)),
    }
}

/// Reads a stream into `take`: tells the encoding, then the format.
fn stream<R: Read>(reader: R, take: &mut dyn Take) -> (String, Result<(), Fault>) {
    let mut text = match Text::new(reader) {
        Ok(text) => text,
        Err(fault) => return (String::new(), Err(fault)),
    };
    let first = match text.next_visible() {
        Ok(first) => first,
        Err(fault) => return (String::new(), Err(fault)),
    };
    let neither = |what: &str| Fault { how: How::Unreadable, said: format!(": {what}") };
    let ahead = text.ahead().unwrap_or_default();
    let (format, done) = match first {
        None => ("", Err(neither("the file is empty"))),
        Some(b'<') => ("CLIXML", clixml::read(&mut text, take)),
        Some(_) if list::begins(&ahead) => ("Format-List", list::read(&mut text, take)),
        Some(_) if columns::begins(&ahead) => ("Format-Table", columns::read(&mut text, take)),
        Some(b'[' | b'{') => ("JSON", json::read(&mut text, take)),
        Some(_) if ahead.trim_end() == "null" => ("JSON", json::read(&mut text, take)),
        Some(_) => match table::heading(&ahead) {
            Some(heading) => ("CSV", table::read(&mut text, &heading, take)),
            None => {
                let what = "neither CLIXML, JSON, CSV nor what Format-List or Format-Table shows: use Export-Clixml";
                ("", Err(neither(what)))
            }
        },
    };
    // Which encoding it is may show at a late letter alone.
    let format = if format.is_empty() { String::new() } else { format!("{format}, {}", text.encoding()) };
    (format, done)
}

/// Reads `bytes` as an export of a format (`clixml`, `json`, `csv`, `list`, `table`): the way in for fuzzing. How many objects there are,
/// and why it cannot be used.
#[doc(hidden)]
pub fn read_bytes(format: &str, bytes: &[u8]) -> (usize, Option<String>) {
    let addresses = ["a@contoso.com".to_string()];
    let mut sieve =
        Sieve::new(Wanted { domain: "contoso.com", addresses: &addresses, known_good: true, roster: Roster::Sample });
    let mut intake = Intake::new(&mut sieve, None);
    let done = Text::new(bytes).and_then(|mut text| match format {
        "clixml" => clixml::read(&mut text, &mut intake),
        "json" => json::read(&mut text, &mut intake),
        "list" => list::read(&mut text, &mut intake),
        "table" => columns::read(&mut text, &mut intake),
        _ => {
            let ahead = text.ahead()?;
            table::heading(&ahead).map_or(Ok(()), |heading| table::read(&mut text, &heading, &mut intake))
        }
    });
    let fault = done.err().or(intake.undecoded);
    (intake.count, fault.map(|fault| fault.said))
}
