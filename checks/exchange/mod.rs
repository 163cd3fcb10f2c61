//! The area exchange.
/// The checks of this area, by code.
pub const CHECKS: &[&crate::judge::Check] = &[];
