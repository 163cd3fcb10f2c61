//! The mail path: systems, connectors, recipients, and what becomes of one address.
pub mod route;
