//! Replies that quote another host's: what is quoted decides. They are looked at before all others, so that no word
//! of a host's name decides.
use super::row::{Confidence::*, Row, Said::*, row};
use crate::replies::Meaning::*;

/// The rows, in the order in which they are tried.
pub(super) static ROWS: &[Row] = &[
    row(
        13,
        &["recipient address rejected: undeliverable address:"],
        Ambiguous,
        "Postfix call-ahead",
        "PFX smtpd_check.c",
        High,
    )
    .like(
        "550 5.1.1 <a@contoso.com>: Recipient address rejected: undeliverable address: host \
b.contoso.com[192.0.2.9] said: 550 5.1.1 <a@contoso.com>: Recipient address rejected: \
User unknown in virtual mailbox table (in reply to RCPT TO command)",
    )
    .codes(&[5])
    .quotes("undeliverable address:")
    .note(
        "Postfix asked the next hop, and quotes the refusal of the hop that really refused; \
whatever it was, Postfix calls the address undeliverable",
    ),
    row(
        48,
        &["recipient address rejected: undeliverable address:"],
        UnknownRecipientTemporary,
        "Postfix call-ahead",
        "PFX smtpd_check.c",
        Medium,
    )
    .like(
        "450 4.1.1 <a@contoso.com>: Recipient address rejected: undeliverable address: host \
b.contoso.com[192.0.2.9] said: 550 5.1.1 User unknown",
    )
    .codes(&[4])
    .quotes("undeliverable address:")
    .note("Postfix of today says so with 5xx only: an old or a patched one"),
    row(
        47,
        &["recipient address rejected: unverified address:"],
        VerificationFailed,
        "Postfix call-ahead",
        "PFX smtpd_check.c",
        High,
    )
    .like(
        "450 4.1.1 <a@contoso.com>: Recipient address rejected: unverified address: Address \
verification in progress",
    )
    .codes(&[4])
    .quotes("unverified address:")
    .note(
        "said while Postfix still asks, and of refused addresses too while \
unverified_recipient_reject_code is 450: ask again after 60 s",
    ),
    row(
        14,
        &["recipient address rejected: unverified address:"],
        Ambiguous,
        "Postfix call-ahead",
        "PFX smtpd_check.c",
        High,
    )
    .like(
        "550 5.1.1 <a@contoso.com>: Recipient address rejected: unverified address: Address \
lookup failed",
    )
    .codes(&[5])
    .quotes("unverified address:")
    .note("unverified_recipient_reject_reason hides what the next hop said"),
    row(
        15,
        &["callout verification failed:"],
        Ambiguous,
        "Exim call-ahead (also cPanel, Sophos UTM, SpamExperts)",
        "EXM verify.c",
        High,
    )
    .like("550 Callout verification failed: 550 5.1.1 <a@contoso.com>: User unknown")
    .codes(&[5])
    .unless(&["sender verify"])
    .quotes("callout verification failed:")
    .note("an answer from Exim's cache comes without the next hop's words, and then says nothing"),
    row(
        7,
        &["remote server returned unknown recipient or mailbox unavailable ->"],
        UnknownRecipient,
        "Exchange Online, of another system",
        "SOE, SGO",
        High,
    )
    .like(
        "550 5.1.351 Remote server returned unknown recipient or mailbox unavailable -> 550 \
Unknown user a@contoso.com",
    )
    .codes(&[5])
    .said(Later)
    .quotes("->")
    .note("the text behind the arrow is what the other system said"),
    row(
        97,
        &["permanent failure for one or more recipients (*:blocked)"],
        Policy,
        "Barracuda Email Gateway Defense",
        "FEM",
        High,
    )
    .like("550 permanent failure for one or more recipients (a@contoso.com:blocked)")
    .codes(&[5])
    .said(Data)
    .note("blocked by a rule; other tools take it for an unknown recipient, which it is not"),
    row(
        28,
        &["permanent failure for one or more recipients ("],
        Ambiguous,
        "Barracuda Email Gateway Defense",
        "real sample",
        Medium,
    )
    .like("550 permanent failure for one or more recipients (a@contoso.com:550 5.1.1 User unknown)")
    .codes(&[5])
    .said(Data)
    .quotes("permanent failure for one or more recipients (")
    .note("in the brackets stands what the host behind it said"),
    row(157, &["unknown address error"], Ambiguous, "Cisco Secure Email (DSN)", "SOE", High)
        .like(
            "550 5.1.0 - Unknown address error 550-'5.2.2 <a@contoso.com>... Mailbox Full' (delivery \
attempts: 0)",
        )
        .codes(&[5])
        .said(Later)
        .quotes("unknown address error")
        .note("the status outside is Cisco's and often wrong; the reply inside counts"),
];
