//! Recipients that exist: restricted, disabled, full (catalogue 2D).
use super::row::{Confidence::*, Row, Said::*, row};
use crate::replies::Meaning::*;

/// The rows, in the order in which they are tried.
pub(super) static ROWS: &[Row] = &[
    row(74, &["resolver.rst.authrequired"], AuthenticationRequired, "Exchange", "SOE", High)
        .like("550 5.7.1 RESOLVER.RST.AuthRequired; authentication required")
        .said(Later)
        .note("the recipient exists, and takes authenticated senders only"),
    row(75, &["resolver.rst.notauthorized"], AuthenticationRequired, "Exchange", "SGO", Medium)
        .like("550 5.7.1 RESOLVER.RST.NotAuthorized; not authorized")
        .said(Later),
    row(79, &["disabled recipient address"], Disabled, "various", "SOE", Medium)
        .like("525 5.7.13 Disabled recipient address"),
    row(76, &[""], AuthenticationRequired, "Exchange Online", "MSX", High)
        .like("550 5.7.136 Sender not authenticated for mail user")
        .codes(&[5])
        .enhanced(&["5.7.12", "5.7.124", "5.7.13", "5.7.133", "5.7.134", "5.7.135", "5.7.136"])
        .note(
            "5.7.136 is a mail user that takes internal senders only, as users of a second system \
often are",
        ),
    row(77, &["mailbox cannot be accessed", "storedrv*disabled"], Disabled, "Exchange", "SGO", Medium)
        .like("550 5.2.1 STOREDRV.Deliver: mailbox disabled")
        .said(Later),
    row(
        78,
        &["account that you tried to reach is disabled", "account that you tried to reach is inactive"],
        Disabled,
        "Google",
        "SGO",
        High,
    )
    .like("550 5.2.1 The email account that you tried to reach is disabled."),
    row(80, &["temporary locked"], Disabled, "Postfix access text", "SOE", Medium).like(
        "550 5.7.1 <a@contoso.com>: Recipient address rejected: User a@contoso.com temporary \
locked. Please try again later!",
    ),
    row(
        154,
        &[
            "mailbox disabled",
            "mailbox is disabled",
            "account disabled",
            "account is disabled",
            "account has been disabled",
            "user is disabled",
            "inactive email address",
            "mailbox is inactive",
            "mailbox is frozen",
            "recipient no longer on server",
        ],
        Disabled,
        "iCloud and others",
        "SOE, SGO",
        Medium,
    )
    .like("550 5.1.1 <a@contoso.com>: inactive email address"),
    row(3, &["access denied, banned recipient"], Disabled, "Exchange Online", "MSX", High)
        .like("550 5.7.505 Access denied, banned recipient"),
    row(84, &["submission quota exceeded"], RateLimited, "Exchange Online", "MSX", High)
        .like("550 5.2.2 Submission quota exceeded")
        .note("the sender's quota, for all that 5.2.2 says"),
    row(81, &["storedrv.deliver*mailbox full", "mailbox full"], Full, "Exchange", "SOE", High)
        .like("550 5.2.2 STOREDRV.Deliver: mailbox full")
        .said(Later)
        .note("550 and not 552; the mailbox exists"),
    row(82, &["out of storage space", "is over quota"], Full, "Google", "SGO", High)
        .like("452 4.2.2 The recipient's inbox is out of storage space.")
        .note("the mailbox exists"),
    row(
        83,
        &["over quota", "quota exceeded", "mailbox is full", "quota is full", "overquota"],
        Full,
        "Dovecot, Zimbra, iCloud and others",
        "Zimbra LmtpReply.java, SGO, SOE",
        High,
    )
    .like("552 5.2.2 <a@contoso.com> Quota exceeded")
    // That of a sender or a client, as policyd's.
    .unless(&["policy rejection"])
    .note("the mailbox exists"),
];
