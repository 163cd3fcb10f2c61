//! What becomes of mail on its way: from hop to hop, and after it was taken.
mod late_rejection_possible;
mod mail_loop;
mod prediction_contradicted;
mod recipient_has_no_route;

/// The checks of this area, by code.
pub const CHECKS: &[&crate::judge::Check] = &[
    &recipient_has_no_route::CHECK,
    &mail_loop::CHECK,
    &prediction_contradicted::CHECK,
    &late_rejection_possible::CHECK,
];
