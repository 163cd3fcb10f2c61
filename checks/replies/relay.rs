//! The domain is not accepted here (catalogue 2C).
use super::row::{Confidence::*, Row, Said::*, row};
use crate::replies::Meaning::*;

/// The rows, in the order in which they are tried.
pub(super) static ROWS: &[Row] = &[
    row(62, &["tenantattribution; relay access denied"], RelayDenied, "Exchange Online", "MSX, MSS", High)
        .like("550 5.7.64 TenantAttribution; Relay Access Denied [ATTR36]")
        .note("the inbound connector's certificate or address does not match"),
    row(63, &["relay access denied"], RelayDenied, "Exchange Online", "MSX", High)
        .like("550 5.4.1 Relay Access Denied")
        .enhanced(&["5.4.1"])
        .note("5.4.1 as with edge blocking: the text tells them apart"),
    row(57, &["relay access denied"], RelayDenied, "Postfix", "PFX mail_params.h", High)
        .like("454 4.7.1 <a@contoso.com>: Relay access denied")
        .note("454 is as final as 554 here: Postfix's defer_unauth_destination"),
    row(68, &["relay not allowed."], RelayDenied, "Stalwart", "Stalwart inbound/rcpt.rs", High)
        .like("550 5.1.2 Relay not allowed.")
        .enhanced(&["5.1.2"])
        .note("the same code as for an unknown mailbox"),
    row(66, &["open relay not allowed", "open relay is not allowed"], RelayDenied, "Mimecast", "SGO", Medium)
        .like("451 Open relay not allowed")
        .note("final, for all that it is a 451"),
    row(
        58,
        &["relay not permitted", "relay not allowed", "relaying not allowed", "relaying is not allowed"],
        RelayDenied,
        "Exim and others",
        "EXM configure.default",
        High,
    )
    .like("550 relay not permitted"),
    row(70, &["mail relay denied", "invalid credentials for relay"], RelayDenied, "Google", "SGO", High)
        .like("550 5.7.1 Mail relay denied")
        .note("the domain is not at Google, or not yet"),
    row(59, &["relaying denied"], RelayDenied, "Sendmail, Cisco Secure Email", "REA, SGO", High)
        .like("550 5.7.1 <a@contoso.com>... Relaying denied"),
    row(61, &["unable to relay recipient in non-accepted domain"], RelayDenied, "Exchange 2013 and later", "SOE", High)
        .like("550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain")
        .note("the domain is no accepted domain of that Exchange"),
    row(60, &["unable to relay"], RelayDenied, "Exchange, IIS", "MSX", High)
        .like("550 5.7.1 Unable to relay for a@contoso.com"),
    row(65, &["hosted tenant which has no mail-enabled subscriptions"], NoMail, "Exchange Online", "SGO", Medium)
        .like("550 5.4.4 Hosted tenant which has no mail-enabled subscriptions")
        .said(Later),
    row(
        67,
        &["as a relay, but i have not been configured to let you"],
        RelayDenied,
        "Symantec Email Security.cloud, qmail",
        "SRB",
        High,
    )
    .like(
        "553 you are trying to use me [server-1.tower-1.messagelabs.com] as a relay, but I have \
not been configured to let you [192.0.2.1] do this.",
    ),
    row(69, &["delivery is not allowed to this address"], RelayDenied, "hMailServer", "hMailServer source", High)
        .like("550 Delivery is not allowed to this address."),
    row(71, &["in my list of allowed rcpthosts"], RelayDenied, "qmail", "SGO", Medium)
        .like("553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)")
        .unless(&["domain or user"]),
    row(
        72,
        &["not a gateway", "not local host", "we don't handle mail for", "we do not handle mail for"],
        RelayDenied,
        "old servers",
        "SGO, RCG",
        Medium,
    )
    .like("550 we don't handle mail for contoso.com"),
    row(73, &["mail rejected by destination domain"], Policy, "Zoho", "SRB, SOE", Medium)
        .like("541 5.4.1 Mail rejected by destination domain")
        .codes(&[541])
        .note("a rule of the domain's"),
];
