//! The half of nsdiag that only thinks: no clock, no network, no files.
//!
//! `no_std` is the fence: a check that opens a socket or reads the clock does not compile.
#![no_std]
extern crate alloc;

pub mod replies;
