//! The journal: every answer is written down as it comes, so that a run that is interrupted goes on where it stopped.
//!
//! JSON lines. The first names the question; each of the others holds what is new of one session's transcript. A line
//! says from which turn on it holds, for what was heard may turn out to answer nothing and is then written again. The
//! last line may be torn by a crash; whatever else does not fit is an error.
use crate::border::Secrets;
use crate::config::JournalSettings;
use crate::report::escaped;
use nsdiag_checks::evidence::smtp::{Line, Session, Tls, Turn, Who};
use nsdiag_checks::evidence::{How, List, Miss, Question};
use nsdiag_checks::replies::Stage;
use serde::{Deserialize, Serialize};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Seek, Write};
use std::path::Path;

/// How long the answers of an interrupted run are worth going on with, in seconds.
const AGE: i64 = 24 * 60 * 60;
/// How far the clocks of two runs may be apart, in seconds.
const SKEW: i64 = 5 * 60;
const KIND: &str = "nsdiag/journal";

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    file: RefCell<File>,
    sessions: Vec<Session>,
    next: Cell<usize>,
    trouble: RefCell<Option<String>>,
    secrets: Secrets,
    head: Head,
    /// What the user should know of it.
    pub note: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Head {
    kind: String,
    format_version: String,
    /// The fingerprint of what was asked.
    question: String,
    domain: String,
    /// When the first run began, RFC 3339 in UTC, and as Unix seconds.
    began: String,
    began_s: i64,
    random: String,
    second_random: String,
}

/// What is new of one session.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Entry<T> {
    session: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    hop: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<Tls>,
    at: usize,
    turns: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    broke_off: Option<Miss>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    ended: bool,
}

impl Journal {
    /// Opens the journal at `path` for this question: a new one, or the one that an interrupted run left.
    ///
    /// # Errors
    /// In words that name the file, where it is of another question, in use, or no journal.
    pub fn open(path: &Path, question: &Question, files: &[List]) -> Result<Self, String> {
        let name = path.display();
        let told = |error: std::io::Error| format!("{name}: {error}");
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(told)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(format!("{name}: another run is writing to this journal")),
            Err(TryLockError::Error(error)) => return Err(told(error)),
        }
        let mut head = Head {
            kind: KIND.into(),
            format_version: "1.0".into(),
            question: fingerprint(question, files),
            domain: question.domain.clone(),
            began: crate::clock::now(),
            began_s: crate::clock::seconds(),
            random: question.random.clone(),
            second_random: question.second_random.clone(),
        };
        let mut note = None;
        let mut sessions = Vec::new();
        let mut next = 0;
        match read(&file, path)? {
            Some(found) if found.head.question != head.question => {
                return Err(format!(
                    "{name}: this journal holds the answers to another question ({}, begun {}); give --journal another file, \
                     or delete this one",
                    found.head.domain, found.head.began
                ));
            }
            // A clock that was put back leaves journals of the future behind.
            Some(found) if !(-SKEW..=AGE).contains(&head.began_s.saturating_sub(found.head.began_s)) => {
                let said = "not within the last day, and not gone on with; all is asked anew";
                note = Some(format!("{name}: begun {}, {said}", found.head.began));
                file.set_len(0).map_err(told)?;
            }
            Some(found) => {
                let answers: usize = found.sessions.iter().map(|session| session.rcpt_replies().count()).sum();
                note = Some(format!("going on from {name}, begun {}: {answers} answers are there", found.head.began));
                // A torn line goes.
                file.set_len(found.length).map_err(told)?;
                (head, sessions, next) = (found.head, found.sessions, found.next);
            }
            None => file.set_len(0).map_err(told)?,
        }
        file.seek(std::io::SeekFrom::End(0)).map_err(told)?;
        let journal = Self {
            file: RefCell::new(file),
            sessions,
            next: Cell::new(next),
            trouble: RefCell::default(),
            secrets: Secrets::default(),
            head,
            note,
        };
        if journal.file.borrow().metadata().map_err(told)?.len() == 0 {
            journal.write(&journal.head);
        }
        match journal.trouble() {
            Some(trouble) => Err(format!("{name}: {trouble}")),
            None => Ok(journal),
        }
    }

    /// Keeps `secrets` out of what is written from now on.
    pub fn hide(&mut self, secrets: Secrets) {
        self.secrets = secrets;
    }

    /// The random controls of the run that began it.
    pub fn randoms(&self) -> [&str; 2] {
        [&self.head.random, &self.head.second_random]
    }

    /// The sessions with one hop that an interrupted run held.
    pub fn sessions_with(&self, hop: &str) -> Vec<Session> {
        self.sessions.iter().filter(|session| session.hop == hop).cloned().collect()
    }

    /// A number for a session that begins.
    pub fn next(&self) -> usize {
        let number = self.next.get();
        self.next.set(number + 1);
        number
    }

    /// Writes down what is new of a session: its transcript from turn `from` on.
    pub fn heard(&self, number: usize, session: &Session, from: usize) {
        let first = from == 0;
        self.write(&Entry {
            session: number,
            hop: first.then(|| session.hop.clone()),
            started_at: first.then(|| session.started_at.clone()),
            tls: session.tls.clone().filter(|_| first),
            at: from,
            turns: &session.transcript[from..],
            ..Entry::default()
        });
    }

    /// Writes down that a session ended, and how.
    pub fn ended(&self, number: usize, session: &Session) {
        self.write(&Entry {
            session: number,
            hop: Some(session.hop.clone()),
            started_at: Some(session.started_at.clone()),
            tls: session.tls.clone(),
            at: session.transcript.len(),
            turns: &session.transcript[..0],
            broke_off: session.broke_off.clone(),
            ended: true,
        });
    }

    /// Why it could not be written, if so: the run then goes on without.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.borrow().clone()
    }

    fn write(&self, line: &impl Serialize) {
        if self.trouble.borrow().is_some() {
            return;
        }
        let text = serde_json::to_string(line).expect("a journal holds nothing that JSON cannot");
        let mut text = escaped(&self.secrets.mask_json(&text));
        text.push('\n');
        // One write a line: it is the kernel's at once, and outlives this process.
        if let Err(error) = self.file.borrow_mut().write_all(text.as_bytes()) {
            self.trouble.replace(Some(error.to_string()));
        }
    }
}

/// Removes the journal of a run that asked all that it meant to ask.
///
/// # Errors
/// The file system's.
pub fn finish(settings: &JournalSettings) -> std::io::Result<()> {
    let (JournalSettings::Named(path) | JournalSettings::Beside(path)) = settings else { return Ok(()) };
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// What a file held, and up to where.
struct Found {
    head: Head,
    sessions: Vec<Session>,
    /// A number that none of them has: of those that were given out, not all came to be written.
    next: usize,
    length: u64,
}

fn read(file: &File, path: &Path) -> Result<Option<Found>, String> {
    let name = path.display();
    let mut lines = BufReader::new(file);
    let mut line = Vec::new();
    let mut head: Option<Head> = None;
    let mut sessions: BTreeMap<usize, (Session, bool)> = BTreeMap::new();
    let (mut length, mut number) = (0, 0);
    loop {
        line.clear();
        let count = lines.read_until(b'\n', &mut line).map_err(|error| format!("{name}: {error}"))?;
        number += 1;
        let wrong = |what: &dyn std::fmt::Display| format!("{name}:{number}: {what}");
        // Torn by a crash, or the end.
        if !line.ends_with(b"\n") {
            if head.is_none() && count > 0 && !line.starts_with(b"{\"kind\"") {
                return Err(wrong(&"this is not a journal of nsdiag's"));
            }
            break;
        }
        if head.is_none() {
            let found: Head = serde_json::from_slice(&line).map_err(|_| wrong(&"this is not a journal of nsdiag's"))?;
            if found.kind != KIND || found.format_version != "1.0" {
                return Err(wrong(&"this is not a journal that I can read"));
            }
            head = Some(found);
        } else {
            let entry: Entry<Vec<Turn>> = serde_json::from_slice(&line).map_err(|error| wrong(&error))?;
            let known = sessions.entry(entry.session);
            let (session, ended) = match (known, &entry.hop, &entry.started_at) {
                (std::collections::btree_map::Entry::Occupied(known), ..) => known.into_mut(),
                (std::collections::btree_map::Entry::Vacant(new), Some(hop), Some(started_at)) => {
                    let (hop, started_at) = (hop.clone(), started_at.clone());
                    let session =
                        Session { hop, started_at, sister: None, transcript: vec![], tls: None, broke_off: None };
                    new.insert((session, false))
                }
                _ => return Err(wrong(&format!("session {} has no beginning", entry.session))),
            };
            if entry.hop.as_ref().is_some_and(|hop| *hop != session.hop) {
                return Err(wrong(&format!("session {} is with two hosts", entry.session)));
            }
            if entry.at > session.transcript.len() {
                return Err(wrong(&format!("session {} lacks turns before {}", entry.session, entry.at)));
            }
            session.transcript.truncate(entry.at);
            session.transcript.extend(entry.turns);
            session.tls = entry.tls.or(session.tls.take());
            (session.broke_off, *ended) = (entry.broke_off, entry.ended);
        }
        length += count as u64;
    }
    let next = sessions.last_key_value().map_or(0, |(last, _)| last.saturating_add(1));
    let sessions = sessions.into_values().map(|(session, ended)| taken_over(session, ended)).collect();
    Ok(head.map(|head| Found { head, sessions, next, length }))
}

/// A session that was cut by the end of its run is no fault of the hop's.
fn taken_over(mut session: Session, ended: bool) -> Session {
    if !ended || session.broke_off.as_ref().is_some_and(|miss| miss.how == How::Deadline) {
        session.broke_off = None;
        let last = session.transcript.last();
        let (at_ms, tls) = last.map_or((0, false), |turn| (turn.lines.last().map_or(0, |line| line.at_ms), turn.tls));
        session.transcript.push(Turn {
            who: Who::Prober,
            stage: last.map_or(Stage::Connect, |turn| turn.stage),
            tls,
            lines: vec![Line {
                at_ms,
                text: "the run was interrupted here, and another went on from its journal".into(),
            }],
            code: None,
            recipient: None,
            latency_ms: None,
            oddities: vec![],
            unasked: false,
        });
    }
    session
}

/// A fingerprint of what is asked: of whom, about whom, as whom. How fast, how long, and how findings are weighed in the end is
/// another matter.
fn fingerprint(question: &Question, files: &[List]) -> String {
    let same = Question {
        random: String::new(),
        second_random: String::new(),
        pace: String::new(),
        timeout_s: 0,
        deadline_s: 0,
        only: vec![],
        skip: vec![],
        ignores: vec![],
        severities: vec![],
        ..question.clone()
    };
    let text = serde_json::to_vec(&(same, files)).expect("a question is JSON");
    ring::digest::digest(&ring::digest::SHA256, &text).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question() -> Question {
        let (random, second_random) = ("r@contoso.com".into(), "s@contoso.com".into());
        Question { domain: "contoso.com".into(), random, second_random, ..Question::default() }
    }

    fn turn(text: &str, recipient: Option<&str>) -> Turn {
        Turn {
            who: Who::Server,
            stage: Stage::Rcpt,
            tls: false,
            lines: vec![Line { at_ms: 1, text: text.into() }],
            code: text.get(..3).and_then(|code| code.parse().ok()),
            recipient: recipient.map(String::from),
            latency_ms: Some(1),
            oddities: vec![],
            unasked: false,
        }
    }

    fn session(turns: Vec<Turn>) -> Session {
        let (hop, started_at) = ("gateway/h/10.0.0.1:25".into(), "2026-11-24T12:00:00Z".into());
        Session { hop, started_at, sister: None, transcript: turns, tls: None, broke_off: None }
    }

    #[test]
    fn what_was_heard_is_there_again_and_a_torn_line_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json.journal");
        let whole = session(vec![turn("250 a", Some("a@contoso.com")), turn("550 b", Some("b@contoso.com"))]);
        {
            let journal = Journal::open(&path, &question(), &[]).unwrap();
            assert!(journal.note.is_none() && journal.sessions.is_empty());
            let number = journal.next();
            journal.heard(number, &session(vec![whole.transcript[0].clone(), turn("?", None)]), 0);
            // The second turn turned out to be another.
            journal.heard(number, &whole, 1);
            journal.ended(number, &whole);
            let cut = journal.next();
            journal.heard(cut, &session(vec![turn("250 c", Some("c@contoso.com"))]), 0);
            let busy = Journal::open(&path, &question(), &[]).unwrap_err();
            assert!(busy.ends_with("another run is writing to this journal"), "{busy}");
        }
        let before = std::fs::read(&path).unwrap();
        let torn = [&before[..], b"{\"session\":1,\"at\":1,\"tur"].concat();
        std::fs::write(&path, torn).unwrap();
        let other = Question { random: "x@contoso.com".into(), pace: "own".into(), deadline_s: 9, ..question() };
        let journal = Journal::open(&path, &other, &[]).unwrap();
        assert_eq!(journal.randoms(), ["r@contoso.com", "s@contoso.com"]);
        assert!(journal.note.as_ref().unwrap().ends_with(": 3 answers are there"), "{:?}", journal.note);
        let found = journal.sessions_with("gateway/h/10.0.0.1:25");
        assert_eq!(found[0], whole);
        let note = found[1].transcript[1].lines[0].text.as_str();
        assert_eq!(note, "the run was interrupted here, and another went on from its journal");
        assert_eq!(std::fs::read(&path).unwrap(), before);
        assert_eq!(journal.next(), 2);
    }

    #[test]
    fn an_echoed_secret_is_not_kept_and_the_rest_can_be_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut secrets = Secrets::default();
        secrets.add("nsdiag", &crate::collect::directory::Password::new("ge\"heim".into()), "");
        let mut journal = Journal::open(&path, &question(), &[]).unwrap();
        journal.hide(secrets);
        journal.heard(journal.next(), &session(vec![turn("550 ge\"heim\u{202e}", Some("a@contoso.com"))]), 0);
        drop(journal);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(r"550 ***\u202e") && !text.contains("heim"), "{text}");
        let found = Journal::open(&path, &question(), &[]).unwrap().sessions_with("gateway/h/10.0.0.1:25");
        assert_eq!(found[0].transcript[0].lines[0].text, "550 ***\u{202e}");
    }

    #[test]
    fn another_question_and_another_file_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        drop(Journal::open(&path, &question(), &[]).unwrap());
        let other = Question { mail_from: "a@b.example".into(), ..question() };
        let told = Journal::open(&path, &other, &[]).unwrap_err();
        assert!(
            told.contains("journal: this journal holds the answers to another question (contoso.com, begun "),
            "{told}"
        );
        std::fs::write(&path, "address,name\n").unwrap();
        let told = Journal::open(&path, &question(), &[]).unwrap_err();
        assert!(told.ends_with("journal:1: this is not a journal of nsdiag's"), "{told}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "address,name\n", "it is left as it was");
        std::fs::remove_file(&path).unwrap();
        drop(Journal::open(&path, &question(), &[]).unwrap());
        let head = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{head}{{\"session\":1,\"at\":0,\"turns\":[]}}\n")).unwrap();
        let told = Journal::open(&path, &question(), &[]).unwrap_err();
        assert!(told.ends_with("journal:2: session 1 has no beginning"), "{told}");
        let began: Head = serde_json::from_str(&head).unwrap();
        for (seconds, anew) in [(-90_000, true), (-80_000, false), (60, false), (90_000, true), (i64::MAX / 2, true)] {
            let head = Head { began_s: began.began_s + seconds, ..began.clone() };
            std::fs::write(&path, serde_json::to_string(&head).unwrap() + "\n").unwrap();
            let note = Journal::open(&path, &question(), &[]).unwrap().note.unwrap();
            assert_eq!(note.ends_with("not gone on with; all is asked anew"), anew, "{seconds}: {note}");
        }
    }

    #[test]
    fn a_session_that_was_never_written_leaves_its_number_and_none_is_given_twice() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let of = |hop: &str| Session { hop: hop.into(), ..session(vec![turn("550 a", Some("a@contoso.com"))]) };
        {
            let journal = Journal::open(&path, &question(), &[]).unwrap();
            let (_, second) = (journal.next(), journal.next());
            journal.heard(second, &of("gateway/a"), 0);
        }
        {
            let journal = Journal::open(&path, &question(), &[]).unwrap();
            journal.heard(journal.next(), &of("gateway/b"), 0);
        }
        let journal = Journal::open(&path, &question(), &[]).unwrap();
        assert_eq!(["gateway/a", "gateway/b"].map(|hop| journal.sessions_with(hop).len()), [1, 1]);
        drop(journal);
        // One host's answers are never another's.
        let text = std::fs::read_to_string(&path).unwrap().replace("\"session\":2", "\"session\":1");
        std::fs::write(&path, text).unwrap();
        let told = Journal::open(&path, &question(), &[]).unwrap_err();
        assert!(told.ends_with("journal:3: session 1 is with two hosts"), "{told}");
    }
}
