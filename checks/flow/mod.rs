//! What becomes of mail on its way: from hop to hop, and after it was taken.
mod late_rejection_possible;

/// The checks of this area, by code.
pub const CHECKS: &[&crate::judge::Check] = &[&late_rejection_possible::CHECK];
