//! Talks to SMTP hops as far as RCPT.
