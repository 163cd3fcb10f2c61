//! Asks, and writes down what was heard; judges nothing.
pub mod directory;
pub mod dns;
pub mod lists;
pub mod smtp;
mod tcp;
