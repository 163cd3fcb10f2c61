//! Policy: the findings that the configuration says to ignore, taken out after judging and never inside a check.
use crate::judge::Finding;
use crate::prelude::*;
use crate::remedy::Command;
use alloc::collections::BTreeSet;

/// An entry of `[[ignore]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ignore {
    /// The code of the findings to ignore.
    pub code: String,
    /// The subject that they are ignored for; none is all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Why, in the user's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The last day on which it holds, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// Policy: what the configuration says to ignore.
pub(super) struct Ignored<'a> {
    entries: &'a [Ignore],
    used: BTreeSet<usize>,
    expired: BTreeSet<usize>,
    /// How many findings it has taken out.
    pub(super) count: usize,
}

impl<'a> Ignored<'a> {
    pub(super) fn new(entries: &'a [Ignore], today: &str) -> Self {
        let expired = |entry: &Ignore| entry.until.as_deref().is_some_and(|until| until < today);
        let expired = entries.iter().enumerate().filter(|(_, entry)| expired(entry)).map(|(at, _)| at).collect();
        Self { entries, used: BTreeSet::new(), expired, count: 0 }
    }

    /// Takes out the subjects that are ignored, and the findings of which none is left; how many are left out whole, beside the
    /// rest. What is left of a finding says whom it leaves out, and its remedies do nothing for them; it is counted as well.
    pub(super) fn sift(&mut self, findings: Vec<Finding>) -> (Vec<Finding>, usize) {
        let mut whole = 0;
        let mut kept = Vec::new();
        'findings: for mut finding in findings {
            let mut gone: Vec<String> = Vec::new();
            for (at, entry) in self.entries.iter().enumerate() {
                if entry.code != finding.code || self.expired.contains(&at) {
                    continue;
                }
                let is_ignored = |value: &str| entry.subject.as_ref().is_none_or(|name| is_about(value, name));
                let before = gone.len();
                gone.extend(finding.subjects.iter().filter(|one| is_ignored(&one.value)).map(|one| one.value.clone()));
                finding.subjects.retain(|subject| !is_ignored(&subject.value));
                if gone.len() > before || entry.subject.is_none() {
                    self.used.insert(at);
                    if finding.subjects.is_empty() {
                        self.count += 1;
                        whole += 1;
                        continue 'findings;
                    }
                }
            }
            if !gone.is_empty() {
                self.count += 1;
                leave_out(&mut finding, &gone);
            }
            kept.push(finding);
        }
        (kept, whole)
    }

    /// What the user should know: entries that have expired or match nothing.
    pub(super) fn notes(&self) -> Vec<String> {
        let describe = |entry: &Ignore| match &entry.subject {
            Some(subject) => format!("[[ignore]] {} for {subject}", entry.code),
            None => format!("[[ignore]] {}", entry.code),
        };
        let note = |(at, entry): (usize, &Ignore)| {
            if self.expired.contains(&at) {
                let until = entry.until.as_deref().unwrap_or_default();
                return Some(format!("{} expired on {until}; it is not applied", describe(entry)));
            }
            (!self.used.contains(&at)).then(|| format!("{} matches no finding", describe(entry)))
        };
        self.entries.iter().enumerate().filter_map(note).collect()
    }
}

/// Takes what is done for those who are left out from the remedies, and says that they are.
fn leave_out(finding: &mut Finding, gone: &[String]) {
    let whom: Vec<&str> = gone.iter().map(|one| &**one).collect();
    let whom = listed(&whom, 5);
    finding.detail = format!("{}; left out, as the configuration ignores it for them: {whom}", finding.detail);
    let kept: Vec<String> = finding.subjects.iter().map(|one| one.value.to_lowercase()).collect();
    let mut shared = false;
    finding.remedies.retain_mut(|remedy| {
        let mut is_theirs = |command: &Command| {
            let text = command.text().to_lowercase();
            let theirs = gone.iter().any(|one| names(&text, &one.to_lowercase()));
            let ours = kept.iter().any(|one| names(&text, one));
            shared |= theirs && ours;
            theirs && !ours
        };
        let before = remedy.commands.len();
        let emptied = remedy.leave_out(&mut is_theirs);
        !(emptied && before > 0)
    });
    if shared {
        finding.detail.push_str(", whom commands below name beside the others");
    }
}

/// Whether `text` names `value` and not a longer one.
fn names(text: &str, value: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    text.match_indices(value).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let behind = text[at + value.len()..].chars().next();
        !before.is_some_and(part) && !behind.is_some_and(|c| part(c) && c != '.')
    })
}

/// Whether a finding's subject is the one of an entry, in which `*` stands for anything; case does not matter.
pub(super) fn is_about(subject: &str, name: &str) -> bool {
    // A host's subject is the hop's id, `gateway/mx1.contoso.com/192.0.2.25:25`.
    let host = subject.split('/').nth(1);
    [Some(subject), host].into_iter().flatten().any(|one| is_like(&one.to_lowercase(), &name.to_lowercase()))
}

fn is_like(text: &str, pattern: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return text == pattern };
    let Some(text) = text.strip_prefix(head) else { return false };
    let (middle, tail) = rest.rsplit_once('*').map_or((None, rest), |(middle, tail)| (Some(middle), tail));
    let Some(mut text) = text.strip_suffix(tail) else { return false };
    middle.into_iter().flat_map(|middle| middle.split('*')).all(|part| match text.find(part) {
        Some(at) => {
            text = &text[at + part.len()..];
            true
        }
        None => false,
    })
}
