//! The server's own check of the recipient was not finished, or unknown was said with a 4xx (catalogue 2B).
use super::row::{Confidence::*, Row, row};
use crate::replies::Meaning::*;

/// The rows, in the order in which they are tried.
pub(super) static ROWS: &[Row] = &[
    row(49, &["address verification problem"], VerificationFailed, "Postfix call-ahead", "PFX", High)
        .like("450 4.1.1 <a@contoso.com>: Recipient address rejected: address verification problem"),
    row(50, &["user unknown in*table"], UnknownRecipientTemporary, "Postfix soft_bounce", "PFX, SOE", High)
        .like(
            "450 4.1.1 <a@contoso.com>: Recipient address rejected: User unknown in virtual alias \
table",
        )
        .codes(&[4])
        .note("an administrator is trying something out"),
    row(
        51,
        &["could not complete recipient verify", "could not complete sender verify"],
        VerificationFailed,
        "Exim",
        "EXM verify.c",
        High,
    )
    .like("451 Could not complete recipient verify callout")
    .note("the server behind it did not answer, or deferred"),
    row(
        52,
        &["unable to verify address at this time"],
        VerificationFailed,
        "Stalwart",
        "Stalwart inbound/rcpt.rs",
        High,
    )
    .like("451 4.4.3 Unable to verify address at this time."),
    row(53, &["recipient temporarily unavailable"], VerificationFailed, "Mimecast call-forward", "SGO, U-MC4", Medium)
        .like("451 Recipient temporarily unavailable - https://community.mimecast.com/docs/DOC-1369#451")
        .note("the same line is said of an address that is not trusted"),
    row(55, &["mailbox is not on this server"], Temporary, "Zimbra LMTP", "Zimbra LmtpReply.java", High)
        .like("450 4.2.0 Mailbox is not on this server")
        .codes(&[4])
        .note("the wrong store host"),
    row(56, &["could not load drd for domain"], Temporary, "resellers' front end", "SOE", Medium)
        .like("451 Could not load DRD for domain contoso.com")
        .codes(&[4]),
    row(
        54,
        &["mimecast.com/docs/doc-1369#451"],
        UnknownRecipientTemporary,
        "Mimecast (Unknown Address Type: 451)",
        "U-MC3",
        Low,
    )
    .like(
        "451 Recipient deferred - https://community.mimecast.com/docs/DOC-1369#451 \
[aBcDeFgHiJkLmNoPqRsTuV.uk12]",
    )
    .codes(&[451])
    .note(
        "Advanced and Federated accounts defer unknown recipients unless set to 550; no text of \
its own is known, only its neighbours'",
    ),
];
