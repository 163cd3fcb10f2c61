//! Times as the report writes them.
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Unix seconds as RFC 3339 in UTC; empty where the calendar does not reach.
pub fn rfc3339(seconds: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok();
    time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default()
}

/// Now, in Unix seconds.
pub fn seconds() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

/// Now, as RFC 3339 in UTC, to the second.
pub fn now() -> String {
    rfc3339(OffsetDateTime::now_utc().unix_timestamp())
}
