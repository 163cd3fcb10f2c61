//! A notice's text for people: whom it names, and what it says of each.
use super::forms::{ADDRESS, ALIAS, ASIDE, COPY, HEADING, NAME, SILENCE};
use super::heard::{KEPT, cut, hear, single};
use super::transcript::{self, Refused};
use nsdiag_checks::evidence::address;
use nsdiag_checks::evidence::bounce::{Action, Said, Speaker};
use nsdiag_checks::replies::enhanced_code;

/// How many lines of a notice are read, and how long one may be.
const LINES: usize = 4000;
const LONGEST: usize = 4096;
/// How many recipients one notice may name.
pub(super) const MOST: usize = 500;

/// The notice, and behind it the copy of the message, as far as there is one.
pub(super) fn split(text: &str) -> (String, String) {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if COPY.fits(cut(line.trim(), 300)) {
            return (text[..at].to_string(), text[at..].to_string());
        }
        at += line.len();
    }
    (text.to_string(), String::new())
}

/// `text` without the marks of a quotation, where it is one.
pub(super) fn unquoted(text: &str) -> Option<String> {
    let filled = || text.lines().filter(|line| !line.trim().is_empty());
    let quoted = filled().filter(|line| line.trim_start().starts_with(['>', '|'])).count();
    (quoted > 0 && quoted * 3 >= filled().count()).then(|| {
        let bare = |line: &str| {
            let mut line = line.trim_start();
            while let Some(rest) = line.strip_prefix(['>', '|']) {
                line = rest.strip_prefix(' ').unwrap_or(rest);
            }
            format!("{line}\n")
        };
        // A notice has quotations of its own (`>>> RCPT TO`), which stand behind more marks than one.
        text.lines()
            .map(|line| if line.trim_start().starts_with(">>>") { format!("{line}\n") } else { bare(line) })
            .collect()
    })
}

/// What a notice says of one recipient, where it speaks of it several times.
struct Block {
    said: Said,
    mentions: Vec<String>,
    /// What was said to it in a dialogue.
    told: Option<Refused>,
}

impl Block {
    fn of(address: String) -> Self {
        let said = Said { address: Some(address), ..Said::default() };
        Self { said, mentions: vec![String::new()], told: None }
    }

    fn has_code(&self) -> bool {
        self.mentions.iter().any(|text| is_coded(text))
    }
}

/// Whether something like a reply's code is in it: a number behind which words or a status stand, and no telephone number.
fn is_coded(text: &str) -> bool {
    text.match_indices(['4', '5']).any(|(at, _)| {
        let (before, rest) = text.split_at(at);
        let code = rest.get(..3).is_some_and(|code| code.bytes().all(|byte| byte.is_ascii_digit()));
        if !code || before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | ',')) {
            return false;
        }
        let Some(said) = rest[3..].strip_prefix([' ', '-', ':', '\n']) else { return false };
        let said = said.trim_start();
        enhanced_code(said.trim_start_matches('#')).is_some() || !said.starts_with(|c: char| c.is_ascii_digit())
    })
}

/// What `notice` says of each recipient that it names; what it says before it names anybody; and whether a dialogue is in it.
pub(super) fn read(notice: &str) -> (Vec<Said>, String, Vec<Refused>) {
    let lines: Vec<&str> = notice.lines().take(LINES).map(|line| cut(line, LONGEST)).collect();
    let dialogue = transcript::refusals(&lines);
    let mut blocks: Vec<Block> = Vec::new();
    let mut current: Option<usize> = None;
    let mut before = String::new();
    let mut fresh = false;
    let mut last = None;
    let mut whole = false;
    let (mut aside, mut is_aside) = (String::new(), false);
    for (number, line) in lines.iter().enumerate() {
        let line = line.trim().trim_matches('\u{feff}');
        if line.is_empty() {
            let is_said = |at: usize| blocks[at].mentions.last().is_some_and(|text| whole || is_coded(text));
            if current.is_some_and(is_said) {
                current = None;
            }
            fresh = true;
            continue;
        }
        last = current.or(last);
        if SILENCE.fits(line) || ASIDE.fits(line) {
            current = None;
            is_aside = ASIDE.fits(line);
            continue;
        }
        if RESUMES.iter().any(|mark| line.starts_with(mark)) {
            current = last;
        } else if HEADING.fits(line) {
            continue;
        }
        if transcript::is_line(line) {
            current = None;
            continue;
        }
        if let Some((alias, at)) = ALIAS.first(line).zip(current) {
            let alias = alias.0.name("address").and_then(|one| address::fold(one.as_str()).ok());
            let other = alias.filter(|alias| blocks[at].said.address.as_ref() != Some(alias));
            blocks[at].said.written_to = blocks[at].said.written_to.take().or(other);
            continue;
        }
        let Some(named) = named(line) else {
            let into = match current {
                Some(at) => blocks[at].mentions.last_mut(),
                None if is_aside => Some(&mut aside),
                None if blocks.is_empty() => Some(&mut before),
                None => None,
            };
            if let Some(text) = into {
                text.push_str(line);
                text.push('\n');
            }
            fresh = false;
            continue;
        };
        whole = !named.rest.is_empty();
        let known = blocks.iter().position(|block| block.said.address.as_ref() == Some(&named.address));
        match known {
            // A reply may end in the address that it is about.
            Some(at) if current == Some(at) && !fresh && !blocks[at].mentions.concat().is_empty() => {
                if let Some(text) = blocks[at].mentions.last_mut() {
                    text.push_str(line);
                    text.push('\n');
                }
            }
            Some(at) if blocks[at].has_code() => current = None,
            Some(at) => {
                blocks[at].mentions.push(named.rest);
                current = Some(at);
            }
            None if blocks.len() >= MOST => current = None,
            None => {
                let mut block = Block::of(named.address);
                block.said.written_to = named.alias;
                // Sendmail's own line follows the reply that it is about.
                let about = |one: &&Refused| one.line < number && one.address.is_none();
                let last = dialogue.iter().rfind(about).filter(|_| named.is_outcome);
                let since = |one: &&Refused| !lines[one.line..number].iter().any(|line| is_outcome(line));
                block.told = last.filter(since).cloned();
                block.mentions = vec![named.rest];
                blocks.push(block);
                current = Some(blocks.len() - 1);
            }
        }
        fresh = false;
    }
    let said = said(blocks, &before, &aside, &dialogue);
    before.push_str(&aside);
    (said, before, dialogue)
}

/// What goes on with what is said of the last recipient: m-FILTER.
const RESUMES: [&str; 1] = ["-------SMTP command"];

/// Whether a line is Sendmail's own word on a recipient, behind a dialogue.
fn is_outcome(line: &str) -> bool {
    let line = line.trim();
    line.get(..3).is_some_and(|code| code.bytes().all(|byte| byte.is_ascii_digit())) && line.contains(">... ")
}

fn said(mut blocks: Vec<Block>, before: &str, aside: &str, dialogue: &[Refused]) -> Vec<Said> {
    // Of a list of addresses, what stands behind the last is said of all.
    for at in (1..blocks.len()).rev() {
        let empty = |block: &Block| block.mentions.iter().all(|text| text.trim().is_empty());
        if empty(&blocks[at - 1]) && blocks[at - 1].told.is_none() {
            blocks[at - 1].mentions = blocks[at].mentions.clone();
        }
    }
    let alone = blocks.len() == 1;
    // Where nothing is said of anybody, what is said is said of all.
    let silent = blocks.iter().all(|block| block.told.is_none() && block.mentions.concat().trim().is_empty());
    let mut all = Vec::new();
    for block in blocks {
        let Block { mut said, mentions, told } = block;
        let about = |one: &&Refused| one.address.is_some() && one.address == said.address;
        let told = dialogue.iter().find(about).cloned().or(told);
        if let Some(told) = told.or_else(|| dialogue.first().filter(|_| alone).cloned()) {
            apply(&mut said, &told);
        } else {
            let fullest =
                mentions.iter().find(|text| is_coded(text)).or(mentions.iter().find(|text| !text.trim().is_empty()));
            match fullest {
                Some(text) => hear(&mut said, text),
                None if silent && !aside.trim().is_empty() => hear(&mut said, aside),
                None if silent => hear(&mut said, before),
                None => {}
            }
            if alone && said.code.is_none() && is_coded(before) {
                said.text.clear();
                hear(&mut said, before);
            }
        }
        all.push(said);
    }
    all
}

/// Writes down what a dialogue says.
pub(super) fn apply(said: &mut Said, told: &Refused) {
    said.code = Some(told.code);
    said.text = cut(&told.text, KEPT).to_string();
    said.stage = told.stage;
    said.by = match &told.host {
        Some(host) => Speaker::Host(host.clone()),
        None => Speaker::Unnamed,
    };
}

/// A line that names a recipient.
struct Named {
    address: String,
    alias: Option<String>,
    rest: String,
    /// Whether it is Sendmail's own word behind a dialogue.
    is_outcome: bool,
}

fn named(line: &str) -> Option<Named> {
    if !line.contains('@') {
        return None;
    }
    let (caught, _) = NAME.first(line)?;
    let get = |name| caught.name(name).map(|found| found.as_str().trim());
    let address = address::fold(get("address")?).ok()?;
    let alias = get("alias").and_then(|alias| address::fold(alias).ok()).filter(|alias| *alias != address);
    let code = get("code").map(|code| format!("{code} ")).unwrap_or_default();
    let rest = get("rest").filter(|rest| !rest.is_empty()).map(|rest| format!("{code}{rest}\n")).unwrap_or_default();
    Some(Named { address, alias, rest, is_outcome: !code.is_empty() })
}

/// The addresses in `text`, folded, each once; some at most.
pub(super) fn addresses(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for one in ADDRESS.find_iter(cut(text, 256 * 1024)).take(2000) {
        let Ok(one) = address::fold(one.as_str()) else { continue };
        if !found.contains(&one) {
            found.push(one);
        }
        if found.len() >= 20 {
            break;
        }
    }
    found
}

/// What became of the message, by the words of the notice.
pub(super) fn action(subject: &str, notice: &str) -> Action {
    const DELAYED: [&str; 11] = [
        "warning message only",
        "has been delayed",
        "not yet been delivered",
        "delivery attempts will continue",
        "will be retried",
        "(delay)",
        "delayed mail",
        "delivery delayed",
        "you do not need to resend",
        "message delayed",
        "warning: could not send message",
    ];
    let words = format!("{} {}", single(cut(subject, 500)), single(cut(notice, 4096))).to_lowercase();
    // A notice that gives up may tell of the delay before it.
    let given_up = words.contains("failed permanently") || words.contains("given up") || words.contains("giving up");
    if !given_up && DELAYED.iter().any(|mark| words.contains(mark)) { Action::Delayed } else { Action::Failed }
}
