//! Damaged and hostile exports.
