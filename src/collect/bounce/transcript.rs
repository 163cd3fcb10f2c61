//! A dialogue as notices quote it: `>>> RCPT To:<…>`, `<<< 550 …`, `While talking to …:`.
use super::forms::ADDRESS;
use super::heard::{stage, tidy};
use nsdiag_checks::evidence::address;
use nsdiag_checks::replies::{Stage, held, split_code};

/// A refusal in a dialogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// Who said it, where the dialogue tells.
    pub(super) host: Option<String>,
    /// What it answers.
    pub(super) stage: Option<Stage>,
    /// The recipient that it is about; none where it is about all.
    pub(super) address: Option<String>,
    /// The code.
    pub(super) code: u16,
    /// The text.
    pub(super) text: String,
    /// The line of the notice at which it begins, from 0.
    pub(super) line: usize,
}

/// What stands before a command of the client's, and before a reply, as pairs: Sendmail and most others; MDaemon; Postfix's
/// own notices of errors; InterScan.
const MARKS: [(&str, &str); 4] = [(">>> ", "<<< "), ("--> ", "<-- "), (OWN, "Out: "), ("Sent <<< ", "Received >>> ")];
/// In Postfix's notices of errors the one who writes is the one who replied.
const OWN: &str = "In: ";
/// What introduces the host.
const TALKING: [&str; 2] = ["while talking to ", ": connecting to "];

/// A line without the time that MDaemon puts before it: `Thu 2015-01-01 10:00:00: `.
fn timeless(line: &str) -> &str {
    let time = |head: &str| {
        head.len() >= 8
            && head.ends_with(|c: char| c.is_ascii_digit())
            && head[..head.len() - 1].ends_with(|c: char| c.is_ascii_digit())
    };
    match line.split_once(": ") {
        Some((head, rest)) if head.is_ascii() && head.matches(':').count() == 2 && time(head) => rest,
        _ => line,
    }
}

/// What a client says.
const VERBS: &str = "EHLO HELO STARTTLS AUTH XFORWARD MAIL RCPT DATA BDAT . RSET QUIT";

/// Whether a line (without the blanks around it) belongs to a dialogue.
pub(super) fn is_line(line: &str) -> bool {
    let whole = line;
    let line = timeless(line);
    let command = |line: &str| {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        VERBS.split(' ').any(|known| known == verb)
    };
    MARKS.iter().any(|(client, server)| {
        line.strip_prefix(client).is_some_and(|rest| command(rest.trim_start()))
            || line.strip_prefix(server).is_some_and(|rest| split_code(rest).is_some())
    }) || talking(whole).is_some()
}

fn talking(line: &str) -> Option<String> {
    let lower = line.to_ascii_lowercase();
    let at = TALKING.iter().find_map(|words| Some(lower.find(words)? + words.len()))?;
    // Case apart, ASCII has the same length.
    let host = line.get(at..)?.split_whitespace().next()?.trim_end_matches(':');
    Some(tidy(host)).filter(|host| !host.is_empty())
}

/// The refusals in the dialogue that `lines` quote.
pub(super) fn refusals(lines: &[&str]) -> Vec<Refused> {
    let mut found: Vec<Refused> = Vec::new();
    let (mut host, mut step, mut recipient) = (None, None, None);
    // Whom the host took before it refused the message.
    let mut taken: Vec<String> = Vec::new();
    let mut reply: Vec<&str> = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let line = line.trim();
        if let Some(named) = talking(line) {
            (host, step, recipient) = (Some(named), None, None);
            taken.clear();
            continue;
        }
        let line = timeless(line);
        for (client, server) in MARKS {
            if let Some(command) = line.strip_prefix(client).map(str::trim).filter(|_| is_line(line)) {
                let verb: String = command.split([' ', '<']).next().unwrap_or_default().into();
                step = if verb == "." { Some(Stage::Data) } else { stage(&verb) };
                recipient = match step {
                    Some(Stage::Rcpt) => ADDRESS.find(command).and_then(|one| address::fold(one.as_str()).ok()),
                    _ => None,
                };
            } else if let Some(said) =
                line.strip_prefix(server).map(str::trim).filter(|said| split_code(said).is_some())
            {
                reply.push(said);
                let goes_on = said.get(3..4) == Some("-");
                if goes_on && reply.len() < 50 {
                    continue;
                }
                // What the writer of the notice replied itself.
                let host = if client == OWN { Some("localhost".to_string()) } else { host.clone() };
                match refusal(&reply, host, step, recipient.clone(), number + 1 - reply.len()) {
                    Some(refused) if refused.stage == Some(Stage::Data) && !taken.is_empty() => {
                        let each = |one: &String| Refused { address: Some(one.clone()), ..refused.clone() };
                        found.extend(taken.iter().map(each));
                    }
                    // Commands go out in a row: what looked like the answer to DATA was the one to RCPT.
                    Some(refused) if refused.code == 503 => {
                        let same = found.iter_mut().filter(|one| one.host == refused.host);
                        same.filter(|one| one.stage == Some(Stage::Data)).for_each(|one| one.stage = Some(Stage::Rcpt));
                        if !found.iter().any(|one| one.host == refused.host) {
                            found.push(refused);
                        }
                    }
                    Some(refused) => found.push(refused),
                    None => taken.extend(recipient.clone().filter(|_| said.starts_with('2') && taken.len() < 100)),
                }
                reply.clear();
            }
        }
    }
    // A reply whose last line is missing.
    if let Some(refused) = refusal(&reply, host, step, recipient, lines.len().saturating_sub(reply.len())) {
        found.push(refused);
    }
    found
}

fn refusal(
    lines: &[&str],
    host: Option<String>,
    stage: Option<Stage>,
    address: Option<String>,
    line: usize,
) -> Option<Refused> {
    let said = held(&lines.join("\n")).ok().filter(|said| said.code >= 400)?;
    // What is said to QUIT is about nothing.
    let counts = stage != Some(Stage::Quit);
    counts.then_some(Refused { host, stage, address, code: said.code, text: said.text, line })
}
