//! Asks, and writes down what was heard; judges nothing.
pub mod bounce;
pub mod directory;
pub mod dns;
pub mod exports;
pub mod lists;
pub mod promises;
pub mod rosters;
pub mod smtp;
pub mod sts;
pub(crate) mod tcp;
mod western;
