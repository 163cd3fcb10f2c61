//! What the words of a bounce mean.
use super::Read;
use crate::evidence::bounce::{Action, Said, Speaker};
use crate::prelude::*;
use crate::replies::{self, Confidence, enhanced_code};

/// What `said` means. The reply decides, and not the status that the reporting host made of it: Sendmail calls any 550 a
/// 5.1.1, and Exchange Online any refusal of a recipient a 5.1.351.
pub(super) fn of(said: &Said, own: &[OwnReply]) -> Read {
    if !said.action.is_trouble() {
        return bare(Meaning::Accepted, Confidence::High);
    }
    let status = said.status.as_deref().filter(|_| said.code.is_none() && enhanced_code(&said.text).is_none());
    let text = match status {
        // The words that people are given say more than the status alone.
        Some(status) if !matches!(said.by, Speaker::NoHost | Speaker::NoAnswer) => format!("{status} {}", said.text),
        _ => said.text.clone(),
    };
    let code = said.code.unwrap_or_else(|| plainest(said, &text));
    let stage = said.stage.unwrap_or(Stage::Rcpt);
    let mut read = Read::from(replies::classify_with(own, &[], stage, code, text.trim()));
    // Where nobody was asked, only words about the domain count.
    if said.by == Speaker::NoHost && !matches!(read.meaning, Meaning::NoMail | Meaning::Loop) {
        let lower = said.text.to_ascii_lowercase();
        let takes_none = NULL_MX.iter().any(|mark| lower.contains(mark));
        let meaning = if takes_none { Meaning::NoMail } else { Meaning::Ambiguous };
        read = bare(meaning, if takes_none { Confidence::Medium } else { Confidence::Low });
    }
    if said.by == Speaker::NoAnswer && !matches!(read.meaning, Meaning::Temporary | Meaning::Loop) {
        read = bare(Meaning::Temporary, Confidence::Low);
    }
    read
}

/// What is said of a domain that takes no mail at all (RFC 7505), by Google, Exim and Sendmail.
const NULL_MX: [&str; 4] = ["null mx", "no smtp service", "doesn't receive email", "host does not accept mail"];

/// The plainest code of what was said without one.
fn plainest(said: &Said, text: &str) -> u16 {
    let class = enhanced_code(text).or(said.status.as_deref()).and_then(|code| code.chars().next());
    match (class, said.action) {
        (Some('4'), _) | (None, Action::Delayed) => 450,
        _ => 550,
    }
}

fn bare(meaning: Meaning, confidence: Confidence) -> Read {
    Read { meaning, confidence, row: None, own: None }
}
