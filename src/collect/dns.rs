//! Asks DNS.
