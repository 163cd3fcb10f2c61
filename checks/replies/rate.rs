//! Rate limits, greylisting, trouble, loops (catalogue 2F).
use super::row::{Confidence::*, Row, Said::*, row};
use crate::replies::Meaning::*;

/// The rows, in the order in which they are tried.
pub(super) static ROWS: &[Row] = &[
    row(117, &["greylisted, see http"], Greylisted, "postgrey", "real sample, postgrey", High)
        .like(
            "450 4.2.0 <a@contoso.com>: Recipient address rejected: Greylisted, see \
http://postgrey.schweikert.ch/help/contoso.com.html",
        )
        .note("five minutes unless told otherwise"),
    row(118, &["greylisting in action"], Greylisted, "milter-greylist", "real sample", High)
        .like("451 4.7.1 Greylisting in action, please come back in 00:05:00"),
    row(119, &["greylisted, try again after some time"], Greylisted, "Zoho", "SRB", High)
        .like("451 4.7.1 Greylisted, try again after some time")
        .codes(&[4]),
    row(120, &["greylisted, please try"], Greylisted, "Stalwart", "Stalwart inbound/rcpt.rs", High)
        .like("452 4.2.2 Greylisted, please try again in a few moments.")
        .codes(&[4])
        .note("4.2.2 is else the code of a full mailbox"),
    row(151, &["greylist", "graylist"], Greylisted, "various", "RFC 6647", Medium)
        .like("451 4.7.1 <a@contoso.com>: Recipient address rejected: Policy: greylisted")
        .codes(&[4]),
    row(
        121,
        &[
            "internal resources are temporarily unavailable",
            "internal resource is temporarily unavailable",
            "internal resources is temporarily unavailable",
            "internal resource are temporarily unavailable",
        ],
        Greylisted,
        "Mimecast",
        "U-MC4, U-MC5",
        High,
    )
    .like(
        "451 Internal resources are temporarily unavailable - \
https://community.mimecast.com/docs/DOC-1369#451 [aBcDeFgHiJkLmNoPqRsTuV.uk12]",
    )
    .note("Mimecast's text does not say greylisting: retry after 60 s or more, within 12 h"),
    row(122, &["^please try again later."], Greylisted, "hMailServer", "hMailServer source", High)
        .like("451 Please try again later.")
        .codes(&[451]),
    row(123, &["^try again later"], Greylisted, "Rspamd", "Rspamd milter_internal.h", High)
        .like("451 4.7.1 Try again later")
        .codes(&[4])
        .enhanced(&["4.7.1"])
        .said(Data),
    row(124, &["^service currently unavailable"], Greylisted, "Postfix postscreen", "PFX postscreen_state.c", High)
        .like("450 4.3.2 Service currently unavailable")
        .codes(&[450])
        .enhanced(&["4.3.2"])
        .note("every new client is deferred once at RCPT"),
    row(
        126,
        &["temporarily rate limited due to ip reputation"],
        Reputation,
        "Outlook.com, Exchange Online",
        "SOE",
        High,
    )
    .like(
        "451 4.7.650 The mail server [192.0.2.25] has been temporarily rate limited due to IP \
reputation.",
    ),
    row(125, &["blocked using grey.rbl"], Greylisted, "various", "ZMT", Medium)
        .like("451 4.7.1 Service unavailable; Client host [192.0.2.1] blocked using grey.rbl.example")
        .codes(&[4]),
    row(125, &["temporarily rate limited"], RateLimited, "various", "ZMT", Medium)
        .like("421 4.7.0 Temporarily rate limited")
        .codes(&[4]),
    row(
        127,
        &["server busy. please try again later", "access denied, please try again later"],
        Reputation,
        "Exchange Online",
        "MSX",
        High,
    )
    .like("451 4.7.500 Server busy. Please try again later from [192.0.2.1].")
    .codes(&[451])
    .enhanced(&["4.7.5*", "4.7.6*", "4.7.8*"])
    .note("a throttled address, though it reads like trouble at the server"),
    row(128, &["too many connections"], RateLimited, "Postfix and others", "PFX", High)
        .like("421 4.7.0 mx1.contoso.com Error: too many connections from 192.0.2.1")
        .said(Connect),
    row(129, &["too many errors"], RateLimited, "Postfix", "PFX", High)
        .like("421 4.7.0 mx1.contoso.com Error: too many errors")
        .note("the hard error limit (20): too many refusals in one session"),
    row(130, &["too much mail from", "too many recipients from"], RateLimited, "Postfix anvil", "PFX", High)
        .like("450 4.7.1 Error: too much mail from 192.0.2.1"),
    row(133, &["too many invalid recipients"], RateLimited, "Cisco Secure Email (DHAP)", "U-CS4", High)
        .like("550 Too many invalid recipients.")
        .note("a directory harvest limit: it also hits recipients that exist"),
    row(132, &["rejected for too many bad recipients"], RateLimited, "Exim", "EXM configure.default", High)
        .like("550 Rejected for too many bad recipients")
        .note("hits good recipients too"),
    row(135, &["sent to too many recipients this hour"], RateLimited, "GoDaddy", "SOE", High)
        .like("550 5.1.1 <a@contoso.com> - 192.0.2.1 has sent to too many recipients this hour. IB607")
        .note("said with 5.1.1, and yet not about the recipient"),
    row(134, &["too many recipients received this hour"], RateLimited, "Cisco Secure Email", "SRB", Medium)
        .like("452 Too many recipients received this hour"),
    row(136, &["connection rate limit exceeded"], RateLimited, "Sendmail", "NMP, SOE", High)
        .like("421 4.3.2 Connection rate limit exceeded.")
        .said(Connect),
    row(
        139,
        &["rate limit exceeded, try again later", "rate limit exceeded"],
        RateLimited,
        "Stalwart and others",
        "Stalwart source",
        High,
    )
    .like("452 4.4.5 Rate limit exceeded, try again later."),
    row(139, &["^too many recipients.$"], RateLimited, "Stalwart", "Stalwart source", High)
        .like("455 4.5.3 Too many recipients.")
        .codes(&[455])
        .enhanced(&["4.5.3"]),
    row(
        131,
        &["too many recipients"],
        RateLimited,
        "Postfix, Exim, Exchange Online, Mimecast, hMailServer",
        "PFX, EXM, MSX, hMailServer source",
        High,
    )
    .like("452 4.5.3 Error: too many recipients")
    .note("hMailServer says it with 550, others with 552 (RFC 5321, 4.5.3.1.10)"),
    row(140, &["receiving mail too quickly", "receiving mail at a rate"], RateLimited, "Google", "SGO", High)
        .like("450 4.2.1 The user you are trying to contact is receiving mail too quickly.")
        .note("the mailbox exists"),
    row(
        158,
        &["frequency limit", "sending too fast", "too many messages", "too many mails", "too many emails"],
        RateLimited,
        "various",
        "SOE",
        Medium,
    )
    .like("550 Ip frequency limited"),
    row(
        137,
        &["screening ports are busy", "server ports are busy"],
        Temporary,
        "Postfix postscreen, Proofpoint Essentials",
        "PFX postscreen.c",
        High,
    )
    .like("421 4.3.2 All screening ports are busy")
    .said(Connect),
    row(
        138,
        &["server too busy, try again later"],
        Temporary,
        "Barracuda Email Gateway Defense",
        "real sample",
        Medium,
    )
    .like("451 Server too busy, try again later")
    .said(Connect),
    row(141, &["insufficient system resources"], Temporary, "Exchange", "MSX", High)
        .like("452 4.3.1 Insufficient system resources")
        .note("back pressure"),
    row(142, &["service not active", "service not available"], Temporary, "Exchange", "MSX", High)
        .like("421 4.3.2 Service not active")
        .codes(&[4])
        .said(Connect),
    row(143, &["upstream error"], Temporary, "Cloudflare Email Routing", "SOE", High)
        .like(
            "421 4.3.0 Upstream error, please check \
https://developers.cloudflare.com/email-routing/postmaster",
        )
        .codes(&[4])
        .said(Data)
        .note("the destination behind it refused or did not answer"),
    row(
        144,
        &["synchronization error", "smtp protocol synchronization", "^protocol error"],
        Protocol,
        "Exim, Postfix",
        "EXM smtp_in.c, PFX",
        High,
    )
    .like("554 SMTP synchronization error")
    .said(Any)
    .note("the client spoke before its turn"),
    row(145, &["no valid recipients"], Protocol, "Postfix", "PFX", High)
        .like("554 5.5.1 Error: no valid recipients")
        .said(Data)
        .note("after every RCPT was refused"),
    row(146, &["does not accept mail (nullmx)"], NoMail, "Postfix", "PFX, RFC 7505", High)
        .like(
            "556 5.1.10 <a@contoso.com>: Recipient address rejected: Domain contoso.com does not \
accept mail (nullMX)",
        )
        .note("5.1.10 is the null MX's code; Exchange uses it for an unknown recipient"),
    row(
        147,
        &["not accepting connections", "not accepting messages", "not accepting network messages"],
        NoMail,
        "Sendmail, RFC 7504 hosts",
        "NMP, RFC 7504",
        High,
    )
    .unless(&["mailbox"])
    .like("521 5.3.2 mx1.contoso.com: not accepting connections")
    .said(Connect),
    row(
        148,
        &[
            "routing loop detected",
            "hop count exceeded",
            "too many hops",
            "loops back to myself",
            "suspected mail loop",
        ],
        Loop,
        "Exchange and others",
        "MSX, U-MS3, EXM receive.c",
        High,
    )
    .like("554 5.4.6 Hop count exceeded - possible mail loop")
    .said(Later)
    .note("each system relays what it does not know to the other"),
    row(
        149,
        &["message expired, connection refused", "message expired, dns query failed"],
        Temporary,
        "Exchange Online",
        "MSX, SOE",
        High,
    )
    .like("550 5.4.316 Message expired, connection refused")
    .said(Later)
    .note("Exchange Online could not reach the next system: a fault of connector or smart host"),
];
