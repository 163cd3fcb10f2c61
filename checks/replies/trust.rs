//! Rule R5: our own address in the text, a block list, or a word for one; before any word about recipients.
use super::row::{Confidence::*, Row, Said::*, row};
use crate::replies::Meaning::*;

/// The rows, in the order in which they are tried.
pub(super) static ROWS: &[Row] = &[row(
    150,
    &[
        "blocked",
        "banned",
        "blacklist",
        "black list",
        "blocklist",
        "block list",
        "blocking list",
        "reputation",
        "dnsbl",
        "rbl.",
        "spamhaus",
        "spamcop",
        "sorbs.net",
        "barracudacentral",
        "uceprotect",
        "abuseat.org",
        "mailspike",
        "ip-lookup",
        "iplookup",
        "/lookup",
        "ipcheck",
        "?ip=",
        "&ip=",
    ],
    Reputation,
    "various",
    "SGO, ZMT, REA, SOE",
    Medium,
)
.like("550 5.7.1 <a@contoso.com>: user unknown, your address is blacklisted")
.said(Any)
.unless(&["banned recipient", "due to inactivity", "mailbox has been blocked", "mailbox is blocked"])
.note("our own address in the reply counts as well")];
