//! Whether a message went in a circle, by its Received fields (RFC 5321, 4.4 and 6.3).
use crate::evidence::bounce::Passage;
use crate::prelude::*;
use alloc::collections::BTreeMap;

/// A circle; without hosts, none was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loop {
    /// The hosts between which the message passed again and again, in the order of its way.
    pub hosts: Vec<String>,
    /// How often it passed between the first two of them.
    pub times: usize,
}

/// The circle in `received` (the newest first); none where there is nothing to look at.
///
/// The same host handed to the same other one twice, for the same recipient: a filter that a host hands everything to and
/// gets back (localhost, the host itself) is no circle, and neither is a list that hands on to another list, for its
/// members are others.
pub fn looped(received: &[Passage]) -> Option<Loop> {
    let seen: Vec<(String, String, Option<String>)> = received
        .iter()
        .rev()
        .filter_map(|one| {
            let (from, by) = (folded(one.from.as_deref()?)?, folded(one.by.as_deref()?)?);
            let apart = from != by && !is_local(&from) && !is_local(&by);
            apart.then(|| (from, by, one.recipient.as_deref().map(str::to_lowercase)))
        })
        .collect();
    if received.is_empty() {
        return None;
    }
    let mut times: BTreeMap<&(String, String, Option<String>), usize> = BTreeMap::new();
    seen.iter().for_each(|one| *times.entry(one).or_default() += 1);
    // Between the two times it was elsewhere: a host may hand the same message over twice in a row, and gets no answer.
    let again = |one: &&(String, String, Option<String>)| {
        let places: Vec<usize> = seen.iter().enumerate().filter(|(_, other)| other == one).map(|(at, _)| at).collect();
        places.windows(2).any(|pair| pair[1] > pair[0] + 1) || places.len() > 2
    };
    let repeated = |one: &&(String, String, Option<String>)| times.get(one).is_some_and(|times| *times > 1);
    let mut hosts: Vec<String> = Vec::new();
    let mut most = 0;
    for one in seen.iter().filter(repeated).filter(again) {
        most = most.max(times.get(one).copied().unwrap_or_default());
        for host in [&one.0, &one.1] {
            if !hosts.contains(host) {
                hosts.push(host.clone());
            }
        }
    }
    Some(Loop { hosts, times: most })
}

/// A host as it is compared; none where it is no name and no address.
fn folded(host: &str) -> Option<String> {
    let host = host.trim_matches(['[', ']', '(', ')', ';', ',']).trim_end_matches('.').to_lowercase();
    let host = host.strip_prefix("ipv6:").unwrap_or(&host);
    let fits = host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'));
    (fits && !host.is_empty() && host != "unknown").then(|| host.into())
}

fn is_local(host: &str) -> bool {
    host.starts_with("localhost") || host.starts_with("127.") || host == "::1"
}
