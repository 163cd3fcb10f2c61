//! The half of nsdiag that only thinks: no clock, no network, no files.
//!
//! `no_std` is the fence: a check that opens a socket or reads the clock does not compile.
#![no_std]
extern crate alloc;

pub mod bounce;
pub mod diff;
pub mod dns;
pub mod evidence;
pub mod exchange;
#[cfg(test)]
mod failure_modes;
pub mod flow;
pub mod judge;
pub mod merge;
pub mod model;
pub mod products;
mod proofs;
pub mod recipients;
pub mod remedy;
pub mod replies;
pub mod report;
pub mod smtp;
#[cfg(test)]
mod stories;
pub mod trace;

/// The areas that `--only` and `--skip` know, each with its checks.
pub const AREAS: [(&str, &[&judge::Check]); 5] = [
    ("dns", dns::CHECKS),
    ("smtp", smtp::CHECKS),
    ("exchange", exchange::CHECKS),
    ("recipients", recipients::CHECKS),
    ("flow", flow::CHECKS),
];

/// Every check, with its area, by code.
pub fn checks() -> alloc::vec::Vec<(&'static str, &'static judge::Check)> {
    let mut all: alloc::vec::Vec<_> =
        AREAS.iter().flat_map(|(area, checks)| checks.iter().map(|check| (*area, *check))).collect();
    all.sort_by_key(|(_, check)| check.code);
    all
}

/// What nearly every file of this crate needs: `no_std` has a smaller prelude of its own.
pub mod prelude {
    pub use crate::evidence::{
        Directory, Entry, Evidence, How, Lookup, Miss, Observed, Organisation, Question, Role, Session,
    };
    pub use crate::judge::{Case, Certainty, Check, Finding, Gap, Notes, Severity, SubjectKind, count, listed, no_dns};
    pub use crate::model::{Addresses, HopView, Outcome, State, hops::judges_us};
    pub use crate::remedy::{Cmdlet, Remedy};
    pub use crate::replies::{Meaning, OwnReply, Stage};
    pub use alloc::borrow::ToOwned;
    pub use alloc::boxed::Box;
    pub use alloc::format;
    pub use alloc::string::{String, ToString};
    pub use alloc::vec;
    pub use alloc::vec::Vec;
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};
}
