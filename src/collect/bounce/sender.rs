//! Who wrote a message: a mail system, or somebody's program that answers.
use super::mime::Parts;
use super::{received, text};
use nsdiag_checks::evidence::address;

/// Whether a message is a notice of a mail system's: by who wrote it, or what it is called.
pub(super) fn is_notice(parts: &Parts) -> bool {
    let from = parts.header("from").to_lowercase();
    let subject = parts.header("subject").to_lowercase();
    const SENDERS: [&str; 7] = [
        "mailer-daemon",
        "postmaster",
        "mail delivery",
        "maildelivery",
        "mail.delivery",
        "system administrator",
        "mailerdaemon",
    ];
    const SUBJECTS: [&str; 16] = [
        "undeliver",
        "unzustellbar",
        "delivery status notification",
        "delivery failure",
        "delivery has failed",
        "failure notice",
        "returned mail",
        "mail delivery",
        "could not be delivered",
        "non remis",
        "non-deliv",
        "nicht zugestellt",
        "no se puede entregar",
        "mail system error",
        "delivery failed",
        "returned to sender",
    ];
    let empty_path = parts.header("return-path") == "<>";
    let auto = parts.header("auto-submitted").to_ascii_lowercase().starts_with("auto-replied");
    SENDERS.iter().any(|mark| from.contains(mark))
        || SUBJECTS.iter().any(|mark| subject.contains(mark))
        || !parts.header("x-failed-recipients").is_empty()
        || !parts.status.is_empty()
        || empty_path && !auto
}

/// The host that wrote a notice: the one that took it first, else the domain of who wrote it.
pub(super) fn sender_host(parts: &Parts) -> Option<String> {
    let passages = received::passages(&parts.headers);
    let local = |host: &String| {
        host.starts_with("localhost") || !host.contains('.') || host.parse::<std::net::IpAddr>().is_ok()
    };
    // Who hands it over is who wrote it, where the first host that took it is another one.
    let first = passages.last();
    let handed = first.and_then(|first| first.from.clone().filter(|from| Some(from) != first.by.as_ref()));
    let by = handed.filter(|host| !local(host)).or_else(|| first?.by.clone().filter(|host| !local(host)));
    let from = || text::addresses(parts.header("from")).first().map(|from| address::domain(from).to_string());
    by.or_else(from)
}

/// Whether a program wrote it.
pub(super) fn is_automatic(parts: &Parts) -> bool {
    let auto = parts.header("auto-submitted").to_ascii_lowercase();
    auto.starts_with("auto-") || !parts.header("x-autoreply").is_empty() || !parts.header("x-autorespond").is_empty()
}
