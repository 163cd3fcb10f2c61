//! nsdiag's own client: its files as they are, where they expect each other to be.
#[path = "../../../../../src/collect/western.rs"]
mod western;

pub mod directory;
