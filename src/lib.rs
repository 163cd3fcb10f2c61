//! nsdiag finds out who cannot get mail in an SMTP domain shared between Exchange and another mail system.
//!
//! This crate touches the world: it collects evidence and renders reports. What the evidence means is decided in
//! `nsdiag-checks`.
pub mod app;
pub mod border;
pub mod cli;
pub mod clock;
pub mod collect;
pub mod commands;
pub mod config;
pub mod demo;
pub mod journal;
pub mod mailing;
pub mod probing;
pub mod redact;
pub mod report;
pub mod state;
pub mod stop;
pub mod vantage;
