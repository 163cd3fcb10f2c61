//! Reads lists of a system's mailboxes.
