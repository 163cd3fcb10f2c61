//! What entries take in memory, which bounds what is kept of a directory: every copy counts.
use nsdiag_checks::evidence::directory::Entry;

/// The most that one entry may take.
pub(super) const ENTRY: usize = 4 * 1024 * 1024;
/// What a value, an attribute and an entry take beside their letters: strings, lists, a tree's nodes.
pub(super) const VALUE_OVERHEAD: usize = 48;
pub(super) const ATTRIBUTE_OVERHEAD: usize = 128;
pub(super) const ENTRY_OVERHEAD: usize = 576;

/// What `entry` takes.
pub(super) fn weight(entry: &Entry) -> usize {
    let values = |values: &Vec<String>| values.iter().map(|value| VALUE_OVERHEAD + value.len()).sum::<usize>();
    let attributes = entry.attributes.iter();
    let attributes = attributes.map(|(name, all)| ATTRIBUTE_OVERHEAD + name.len() + values(all));
    ENTRY_OVERHEAD + entry.dn.len() + attributes.sum::<usize>()
}
