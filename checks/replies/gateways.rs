//! Replies of gateways and providers that are known by their own text or code; before all words that others use as well.
use super::kinds::Kind;
use super::row::{Confidence::*, Row, Said::*, row};
use crate::replies::Meaning::*;

/// The rows, in the order in which they are tried.
pub(super) static ROWS: &[Row] = &[
    row(160, &["^rcp-p*recipient preferences", "^rcp-p2", "^rcp-p3"], Policy, "Facebook", "SOE, SGO", Medium)
        .like("550 5.1.1 RCP-P2 http://postmaster.facebook.com/response_codes#rcp Refused due to recipient preferences")
        .note("the recipient's own settings, for all that 5.1.1 says"),
    row(160, &["^rcp-p", "^int-p"], Ambiguous, "Facebook", "SGO", Medium)
        .like("550 5.1.1 RCP-P1 http://postmaster.facebook.com/response_codes?ip=192.0.2.1#rcp")
        .note("RCP-P1 and INT-P are said to mean an unknown recipient; their text does not say it"),
    row(160, &["^pol-p"], Policy, "Facebook", "SGO", Medium)
        .like("550 5.7.1 POL-P4 http://postmaster.facebook.com/response_codes?ip=192.0.2.1#pol"),
    row(161, &["^hl:rep", "^hl:mep", "^hl:itc"], Reputation, "NetEase", "NE163", High)
        .like("421 HL:MEP 163 smtp11")
        .said(Connect),
    row(
        161,
        &["^mi:spf", "^mi:imf", "^mi:nhd", "^mi:dma", "^mi:dmr", "^dt:sum"],
        SenderRejected,
        "NetEase",
        "NE163",
        High,
    )
    .like("550 MI:SPF 163 smtp11 http://mail.163.com/help/help_spam_16.htm?ip=192.0.2.1")
    .said(Mail),
    row(161, &["^dt:"], Policy, "NetEase", "NE163", High).like("451 DT:SPM ,please try again").said(Data),
    row(161, &["^hl:", "^mi:", "^rp:"], RateLimited, "NetEase", "NE163", High)
        .like("450 MI:DMC 163 smtp11")
        .said(Any)
        .note("the code names the limit: of connections, of messages or of recipients"),
    row(162, &["denied by secumail valid-address-filter"], UnknownRecipient, "SecuMail", "OEMM", Medium)
        .like("554 5.7.1 <a@contoso.com>: Recipient address rejected: denied by SecuMail valid-address-filter")
        .codes(&[5])
        .note("the gateway's list of valid addresses, with an access map's 5.7.1"),
    row(
        163,
        &["unknown domain or unknown recipient"],
        UnknownRecipient,
        "Hornetsecurity (EveryCloud)",
        "U-EC1",
        Medium,
    )
    .like("554 5.7.1 unknown domain or unknown recipient (LDAP check)")
    .codes(&[5])
    .note("the domain, or the recipient in the gateway's LDAP look-up"),
    row(163, &["multi-recipient bounce"], Policy, "Hornetsecurity (EveryCloud)", "U-EC1", Medium)
        .like("550 5.5.3 recipient address rejected: multi-recipient bounce"),
    row(
        163,
        &["rejection when relay check is enabled"],
        VerificationFailed,
        "Hornetsecurity (EveryCloud)",
        "U-EC1",
        Medium,
    )
    .like("450 4.1.1 rejection when relay check is enabled"),
    row(164, &["recipient address rejected: block-rcpt"], Policy, "Trend Micro Email Security", "SFM", Medium)
        .like("554 5.7.1 <a@contoso.com>: Recipient address rejected: BLOCK-RCPT."),
    row(164, &["recipient address rejected: no-domain"], RelayDenied, "Trend Micro Email Security", "SFM", Medium)
        .like("554 5.7.1 <a@contoso.com>: Recipient address rejected: NO-DOMAIN."),
    row(
        164,
        &["blocked by trend micro email reputation", "blocked using trend micro"],
        Reputation,
        "Trend Micro",
        "SEGL",
        Medium,
    )
    .like("550 5.7.1 Mail from 192.0.2.1 has been blocked by Trend Micro Email Reputation Service."),
    row(164, &["domain of forward-path is not allowed"], RelayDenied, "Trend Micro InterScan", "U-TM1", High)
        .like("550 Domain of forward-path is not allowed"),
    row(165, &["greylisted*by zerospam"], Greylisted, "Zerospam", "SFM", Medium)
        .like("450 4.2.0 <a@contoso.com>: Recipient address rejected: greylisted for 60 seconds by ZEROSPAM"),
    row(
        166,
        &["this is not a valid email address. please verify that you have the correct email address"],
        UnknownRecipient,
        "Proofpoint Essentials",
        "SFM",
        Medium,
    )
    .like(
        "550 5.1.1 - This is not a valid email address. Please verify that you have the correct email address for your \
recipient.",
    )
    .codes(&[5]),
    row(167, &["cuda_nsu*policy rejection", "policy rejection- abuse"], Policy, "Barracuda", "SFM", Medium)
        .like("450 cuda_nsu 4.7.1 <a@contoso.com>: Recipient address rejected: Policy Rejection- Abuse. Go away."),
    row(167, &["no such domain at this location"], RelayDenied, "Barracuda Spam Firewall", "ZMT", Medium)
        .like("550 No such domain at this location (a@contoso.com)"),
    row(167, &["^rejecting spoofed message"], SenderRejected, "Barracuda", "SFM", Medium)
        .like("550 rejecting spoofed message")
        .said(Data),
    row(168, &["blacklisted*sophos.com", "sophos.com/*ip-lookup"], Reputation, "Sophos Email", "SFM", Medium).like(
        "550 5.7.1 Service unavailable; Client host [192.0.2.1] is blacklisted. Visit \
https://www.sophos.com/en-us/threat-center/ip-lookup.aspx?ip=192.0.2.1",
    ),
    row(
        169,
        &["recipient address rejected: access denied", "all recipient addresses rejected : access denied"],
        UnknownRecipient,
        "Exchange Online (directory-based edge blocking)",
        "MSX, SFM",
        Medium,
    )
    .like("550 5.4.1 [a@contoso.com]: Recipient address rejected: Access denied [contoso.com]")
    .codes(&[5])
    .enhanced(&["5.4.1"])
    .unless(&["as(201806281)", ".outlook.com", "aka.ms/exosmtperrors"])
    .note("no other product says these words with 5.4.1; it proves nothing without that one's mark"),
    row(170, &["mailbox unavailable*.protection.outlook.com"], UnknownRecipient, "Outlook.com", "SFM", Medium)
        .like(
            "550 5.5.0 Requested action not taken: mailbox unavailable. \
[BN8NAM12FT045.eop-nam12.prod.protection.outlook.com]",
        )
        .codes(&[550])
        .enhanced(&["5.5.0"]),
    row(171, &["helo domain is listed in"], Reputation, "Exchange Online", "SFM", Medium)
        .like("550 5.7.1 Service unavailable, Helo domain is listed in Spamhaus. [x.prod.protection.outlook.com]")
        .said(Mail),
    row(171, &["queue quota exceeded"], Temporary, "Exchange Online", "SFM", Medium)
        .like("450 4.7.3 Organization queue quota exceeded. [outlook.com]")
        .note("the organisation's queue, and no mailbox"),
    row(171, &["exceeded their limit for the number of messages"], RateLimited, "Exchange Online", "MSX, SFM", High)
        .like(
            "554 5.2.122 The recipient has exceeded their limit for the number of messages they can receive per hour.",
        )
        .said(Data)
        .note("the mailbox exists"),
    row(171, &["message failed to be replicated"], Temporary, "Exchange", "SFM", Medium)
        .like("451 4.4.0 Message failed to be replicated: No healthy secondary server available.")
        .said(Data),
    row(172, &["symantec zodiac"], Reputation, "Symantec", "ZMT", Medium).like("500 5.7.1 Symantec Zodiac"),
    row(173, &["can't accept user... (#5.7.1)"], UnknownRecipient, "InfoSphere (qmail)", "U-IS1", Medium)
        .like("550 can't accept user... (#5.7.1)")
        .codes(&[5])
        .note("a provider's word for a mailbox that does not exist"),
    row(174, &["has too many messages on the server", "zuviele mails auf dem server"], Full, "WEB.DE", "U-SP1", Medium)
        .like("550 Benutzer hat zuviele Mails auf dem Server. / User has too many messages on the server.")
        .note("the mailbox exists"),
    row(175, &["[eab]"], Reputation, "T-Online", "U-CS9", Medium)
        .like("450 4.7.1 [EAB] 554 IP=192.0.2.1 - A problem occurred.")
        .said(Connect),
    row(176, &["mailbox delivery restricted by policy error"], Policy, "Zoho", "SFM", Medium)
        .like("452 <a@contoso.com> Mailbox delivery restricted by policy error"),
    row(177, &["^main account unavailable"], SenderRejected, "Alibaba Direct Mail", "U-AL1", Medium)
        .like("551 Main account unavailable")
        .said(Mail),
    row(178, &["no smtp mx only"], Policy, "Coremail", "U-CM1", Medium)
        .like("550 Requested action not taken: no smtp MX only")
        .note("takes mail from its own gateway alone"),
    row(
        178,
        &["requested action not taken*dnsbl", "requested action not taken*sorbs"],
        Reputation,
        "Coremail",
        "ZMT",
        Medium,
    )
    .like("450 Requested action not taken:c1mx2, IwENCgC3, dnsbl.sorbs.net, please try again"),
    row(179, &["(#id-5.9.2)"], RelayDenied, "ImprovMX", "SFM", Medium)
        .like("551 5.7.1 Domain not found (#id-5.9.2)")
        .note("the domain is not set up there"),
    row(
        180,
        &["compte du destinataire est bloque", "recipient account is blocked"],
        Disabled,
        "La Poste",
        "SOE",
        Medium,
    )
    .like("550 5.5.0 Le compte du destinataire est bloque. The recipient account is blocked. LPN007_426"),
    row(
        181,
        &["does not want your mail", "doesn't want your mail", "definitively does not want"],
        Policy,
        "various",
        "SFM",
        Medium,
    )
    .like("554 5.7.1 The recipient definitively does not want your mail. We may feed it to a spam blacklist."),
    row(
        182,
        &["is no longer valid. [-20]", "^delivery error: dd not a valid recipient"],
        UnknownRecipient,
        "Yahoo",
        "SFM, ZMT",
        High,
    )
    .like("554 delivery error: dd a@contoso.com is no longer valid. [-20] - mta1.example.yahoo.com")
    .codes(&[554])
    .said(Data)
    .note("after 250 at RCPT: asking RCPT alone does not see it"),
    row(
        183,
        &["^too many unknown recipients", "unknown recipients, goodbye"],
        RateLimited,
        "small servers",
        "U-SM1",
        Medium,
    )
    .like("421 4.7.0 Too many unknown recipients, goodbye")
    .note("said after refusals, and also of recipients that exist"),
    row(184, &["mailbox received too much email"], RateLimited, "Rackspace", "U-RS1", High)
        .like("450 4.2.1 <a@contoso.com>: Mailbox received too much email in a short period of time (G30)")
        .note("the mailbox exists"),
    row(185, &[""], RateLimited, "various", "words", Medium)
        .of(Kind::Quota)
        .like("552 5.2.2 Daily sending quota exceeded")
        .note("the sender's quota, and no mailbox that is full"),
];
