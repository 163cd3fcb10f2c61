//! Recipient unknown: what products say, and the phrases that many use (catalogue 2A).
use super::kinds::Kind;
use super::row::{Confidence::*, Row, Said::*, row};
use crate::replies::Meaning::*;

/// The rows of single products, in the order in which they are tried.
pub(super) static ROWS: &[Row] = &[
    row(18, &["^user unknown$"], UnknownRecipient, "Proofpoint", "real sample", High)
        .like("550 5.1.1 User Unknown")
        .codes(&[550])
        .enhanced(&["5.1.1"])
        .only(Data)
        .note("after 250 at RCPT: asking RCPT alone does not see it"),
    row(45, &["^unknown user ", ">: user unknown"], UnknownRecipient, "docomo, KDDI", "SOE", High)
        .like("550 Unknown user a@contoso.com")
        .codes(&[550])
        .only(Data)
        .note("after 250 at RCPT: asking RCPT alone does not see it"),
    row(46, &["this user doesn't have a*account"], UnknownRecipient, "Yahoo", "SOE", High)
        .like("554 delivery error: dd This user doesn't have a yahoo.com account (a@yahoo.com)")
        .codes(&[5])
        .said(Data)
        .note("after 250 at RCPT: asking RCPT alone does not see it"),
    row(
        1,
        &[
            "recipient address rejected: access denied*as(201806281)",
            "all recipient addresses rejected : access denied*.outlook.com",
            "recipient address rejected: access denied*.outlook.com",
            "recipient address rejected: access denied*aka.ms/exosmtperrors",
        ],
        UnknownRecipient,
        "Exchange Online (directory-based edge blocking)",
        "MSX, ZMT",
        High,
    )
    .like(
        "550 5.4.1 Recipient address rejected: Access denied. AS(201806281) \
[DB5EUR01FT006.eop-EUR01.prod.protection.outlook.com]",
    )
    .codes(&[5])
    .enhanced(&["5.4.1"])
    .note("the domain is authoritative there, and the tenant has no object with this address"),
    row(2, &["recipient address rejected: access denied"], UnknownRecipient, "Exchange Online", "MSX", High)
        .like("550 5.7.504 Recipient address rejected: Access denied")
        .codes(&[5])
        .enhanced(&["5.7.504"]),
    row(
        156,
        &["recipient address rejected: access denied"],
        Ambiguous,
        "Postfix access map, and others",
        "PFX access(5)",
        High,
    )
    .like("554 5.7.1 <a@contoso.com>: Recipient address rejected: Access denied")
    .codes(&[5])
    .note("a rule's words; without the mark of Exchange Online they say nothing about who exists"),
    row(
        4,
        &[
            "resolver.adr.recipientnotfound; recipient not found by smtp address lookup",
            "resolver.adr.recipientnotfound",
        ],
        UnknownRecipient,
        "Exchange 2013 and later, Exchange Online",
        "MSS, SOE",
        High,
    )
    .like("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup")
    .codes(&[5])
    .said(Later)
    .note("5.1.10 is else the null MX's code (RFC 7505)"),
    row(5, &["resolver.adr.recipnotfound; not found"], UnknownRecipient, "Exchange 2007-2010", "MSX, SOE", High)
        .like("550 5.1.1 RESOLVER.ADR.RecipNotFound; not found")
        .codes(&[5])
        .said(Later),
    row(5, &["resolver.adr.exrecipnotfound; not found"], Ambiguous, "Exchange, an X.500 address", "MSX, SOE", High)
        .like("550 5.1.1 RESOLVER.ADR.ExRecipNotFound; not found")
        .codes(&[5])
        .said(Later)
        .note("a legacyExchangeDN that is gone, and no SMTP address"),
    row(
        6,
        &["^user unknown$"],
        UnknownRecipient,
        "Exchange recipient filter, and others",
        "MSX recipient-filtering.md",
        High,
    )
    .like("550 5.1.1 User unknown")
    .codes(&[550])
    .enhanced(&["5.1.1"])
    .note("after a tarpit of 5 s; the block list of the filter says the same"),
    row(8, &["user unknown in local recipient table"], UnknownRecipient, "Postfix mydestination", "PFX", High)
        .like(
            "550 5.1.1 <a@contoso.com>: Recipient address rejected: User unknown in local recipient \
table",
        )
        .codes(&[5])
        .note("the last host, or the wrong class of domain"),
    row(9, &["user unknown in relay recipient table"], UnknownRecipient, "Postfix relay_recipient_maps", "PFX", High)
        .like(
            "550 5.1.1 <a@contoso.com>: Recipient address rejected: User unknown in relay recipient \
table",
        )
        .codes(&[5])
        .note("a gateway's own list or LDAP look-up"),
    row(10, &["user unknown in virtual mailbox table"], UnknownRecipient, "Postfix virtual_mailbox_maps", "PFX", High)
        .like(
            "550 5.1.1 <a@contoso.com>: Recipient address rejected: User unknown in virtual mailbox \
table",
        )
        .codes(&[5])
        .note("Zimbra's too"),
    row(11, &["user unknown in virtual alias table"], UnknownRecipient, "Postfix virtual_alias_maps", "PFX, SOE", High)
        .like(
            "550 5.1.1 <a@contoso.com>: Recipient address rejected: User unknown in virtual alias \
table",
        )
        .codes(&[5]),
    row(
        19,
        &["address rejected: user email address is marked as invalid"],
        UnknownRecipient,
        "Proofpoint Essentials",
        "U-PE1",
        High,
    )
    .like(
        "550 5.7.1 <a@contoso.com>: Recipient address rejected: User email address is marked as \
invalid",
    )
    .codes(&[5])
    .note("said with 5.7.1: an expired entry of SMTP Discovery, or the administrator's mark"),
    row(
        20,
        &["invalid recipient - https://community.mimecast.com", "invalid recipient - https://mimecastsupport"],
        UnknownRecipient,
        "Mimecast",
        "SGO, real sample",
        High,
    )
    .like(
        "550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550 \
[aBcDeFgHiJkLmNoPqRsTuV.uk12]",
    )
    .codes(&[5])
    .note("known recipients, directory users, or call-forward"),
    row(21, &["invalid address"], UnknownRecipient, "Mimecast, and others", "SGO", Low)
        .like("501 Invalid address")
        .codes(&[501])
        .unless(&["syntax", "5.1.3", "5.5."])
        .note("501 is else a syntax error, and by itself this proves nothing"),
    row(22, &["#5.1.0 address rejected"], Ambiguous, "Cisco Secure Email", "SOE, real sample", Medium)
        .like("550 #5.1.0 Address rejected.")
        .codes(&[5])
        .note("an unknown recipient or an unknown domain: a control in the same domain decides"),
    row(23, &["#5.1.1 bad address"], UnknownRecipient, "Cisco Secure Email", "SGO", Medium)
        .like("550 #5.1.1 bad address a@contoso.com")
        .codes(&[5]),
    row(
        24,
        &["invalid recipient <*(#5.1.1)"],
        UnknownRecipient,
        "Symantec Email Security.cloud (Address Registration)",
        "U-SY1",
        High,
    )
    .like("550 Invalid recipient <a@contoso.com> (#5.1.1)")
    .codes(&[5]),
    row(25, &["recipient mailbox is not allowed"], UnknownRecipient, "Symantec Email Security.cloud", "SRB", Medium)
        .like("553 Recipient mailbox is not allowed")
        .codes(&[553]),
    row(26, &["@ rejected"], UnknownRecipient, "Symantec Email Security.cloud", "SOE, SGO", Medium)
        .like("542 a@contoso.com Rejected")
        .codes(&[542])
        .note("542 is in no standard"),
    row(27, &["^no such user ("], UnknownRecipient, "Barracuda Email Gateway Defense", "real sample", High)
        .like("550 No such user (a@contoso.com)")
        .codes(&[550]),
    row(29, &["no policy for recipient"], UnknownRecipient, "OPSWAT MetaDefender Email", "U-OP1", Medium)
        .like("550 No policy for recipient")
        .codes(&[5]),
    row(30, &["invalid mailprotector recipient"], UnknownRecipient, "Mailprotector", "U-MP1", Medium)
        .like("550 Invalid Mailprotector Recipient")
        .codes(&[5]),
    row(31, &["email account that you tried to reach does not exist"], UnknownRecipient, "Google", "SOE, ZMT", High)
        .like(
            "550 5.1.1 The email account that you tried to reach does not exist. Please try \
double-checking the recipient's email address",
        )
        .codes(&[5]),
    row(
        218,
        &["support.google.com/mail/bin/answer.py?answer=6596", "support.google.com/mail/?p=nosuchuser"],
        UnknownRecipient,
        "Google",
        "SOE",
        High,
    )
    .like("550 5.1.1 https://support.google.com/mail/?p=NoSuchUser a1.2 - gsmtp")
    .codes(&[5])
    .note("the page that it names is about addresses that do not exist"),
    row(32, &["user does not exist - <"], UnknownRecipient, "Zoho", "SOE, SRB", High)
        .like("550 5.1.1 User does not exist - <a@contoso.com>")
        .codes(&[5]),
    row(33, &["mailbox delivery failure policy error"], UnknownRecipient, "Zoho", "SRB", Medium)
        .like("552 5.1.1 Mailbox delivery failure policy error")
        .codes(&[552])
        .note("552 is else a full mailbox"),
    row(34, &["^no such user!"], UnknownRecipient, "Yandex", "FEM, real sample", High)
        .like("550 5.7.1 No such user!")
        .codes(&[5])
        .enhanced(&["5.7.1"])
        .note("said with 5.7.1"),
    row(36, &["mailbox does not exist."], UnknownRecipient, "Stalwart", "Stalwart inbound/rcpt.rs", High)
        .like("550 5.1.2 Mailbox does not exist.")
        .codes(&[5])
        .enhanced(&["5.1.2"])
        .note("5.1.2 is else an unknown domain"),
    row(16, &["unrouteable address", "unroutable address"], UnknownRecipient, "Exim", "EXM route.c", High)
        .like("550 Unrouteable address")
        .codes(&[5])
        .note("for a domain that Exim does not hold it means a failed route"),
    row(37, &["invalid recipient: <"], Ambiguous, "OpenSMTPD", "OpenSMTPD source", High)
        .like("550 Invalid recipient: <a@contoso.com>")
        .codes(&[5])
        .note("an unknown recipient or an unknown domain: a control in the same domain decides"),
    row(38, &["i cannot deliver mail for <"], Ambiguous, "Haraka", "Haraka source", High)
        .like("550 I cannot deliver mail for <a@contoso.com>")
        .codes(&[5])
        .note("no plugin claims the recipient: unknown, or not relayed"),
    row(39, &["that domain or user isn't in my list of allowed rcpthosts"], Ambiguous, "qmail", "SGO", Medium)
        .like("553 sorry, that domain or user isn't in my list of allowed rcpthosts")
        .codes(&[5]),
    row(40, &["badrcptto"], Policy, "qmail", "SGO", Medium)
        .like("553 sorry, your recipient is in my badrcptto list (#5.7.1)")
        .codes(&[5])
        .note("a list of refused recipients, and no list of those that exist"),
    row(
        41,
        &["not listed in domino directory", "not listed in public name & address book"],
        UnknownRecipient,
        "Domino, Notes",
        "SOE",
        High,
    )
    .like("554 5.0.0 User a (a@contoso.com) not listed in Domino Directory")
    .codes(&[5])
    .said(Later),
];

/// Phrases that more than one product uses: tried when nothing in the reply speaks of us.
pub(super) static PHRASES: &[Row] = &[
    row(217, &["recipient address rejected: not in recipient list"], UnknownRecipient, "Zerospam", "SFM", Medium)
        .like("554 5.7.1 <a@contoso.com>: Recipient address rejected: Not in recipient list")
        .codes(&[5]),
    row(
        12,
        &["recipient address rejected: user unknown"],
        UnknownRecipient,
        "Postfix (show_user_unknown_table_name = no)",
        "PFX",
        High,
    )
    .of(Kind::Phrase)
    .like("550 5.1.1 <a@contoso.com>: Recipient address rejected: User unknown")
    .codes(&[5]),
    row(21, &["user unknown"], UnknownRecipient, "Mimecast", "SGO", Medium)
        .of(Kind::Phrase)
        .like("503 User unknown")
        .codes(&[503])
        .note("503 is else a wrong sequence"),
    row(35, &["... user unknown"], UnknownRecipient, "Sendmail", "SOE", High)
        .of(Kind::Phrase)
        .like("550 5.1.1 <a@contoso.com>... User unknown")
        .codes(&[5])
        .enhanced(&["5.1.1", "5.2.1"])
        .note("with 5.2.1 it may be a mailbox that is filtered or switched off; the words count"),
    row(17, &["^unknown user"], UnknownRecipient, "Exim, hMailServer and others", "EXM, hMailServer source", High)
        .of(Kind::Phrase)
        .like("550 Unknown user")
        .codes(&[550])
        .unless(&["unknown users"]),
    row(40, &["not in my validrcptto list", "no mailbox here by that name"], UnknownRecipient, "qmail", "SGO", Medium)
        .of(Kind::Phrase)
        .like("550 sorry, no mailbox here by that name. (#5.1.1)")
        .codes(&[5]),
    row(42, &["no such user here"], UnknownRecipient, "Zimbra LMTP and others", "Zimbra LmtpReply.java", High)
        .of(Kind::Phrase)
        .like("550 5.1.1 No such user here")
        .codes(&[550])
        .enhanced(&["5.1.1"]),
    row(44, &["mailbox unavailable"], UnknownRecipient, "various", "SGO, SOE", Medium)
        .of(Kind::Phrase)
        .like("550 5.1.1 Requested action not taken: mailbox unavailable")
        .codes(&[5])
        .enhanced(&["5.1.1", "5.1.0"]),
    row(
        44,
        &["mailbox unavailable"],
        Ambiguous,
        "Outlook.com, Avira MailGate and others",
        "RFC 5321, 4.2.3; U-AV1",
        Medium,
    )
    .like("550 Requested action not taken: mailbox unavailable")
    .codes(&[5])
    .note("RFC 5321's own words for 550, which it allows for reasons of policy too"),
    row(
        43,
        &[
            "no such user",
            "no such recipient",
            "no such mailbox",
            "no such person",
            "unknown user",
            "unknown recipient",
            "unknown mailbox",
            "mailbox not found",
            "mailbox does not exist",
            "user unknown",
            "user not found",
            "user does not exist",
            "user doesn't exist",
            "user not exist",
            "recipient unknown",
            "recipient not found",
            "recipient does not exist",
            "user not known",
            "user*is not a known user",
            "not a known user",
            "user is not known",
            "user @ not known",
            "recipient is not known",
            "not our user",
            "unknown or illegal user",
            "unknown or illegal alias",
            "destinataire invalide. invalid recipient",
            "unknown local part",
        ],
        UnknownRecipient,
        "various",
        "SGO, ZMT, SOE",
        High,
    )
    .of(Kind::Phrase)
    .like("550 5.1.1 <a@contoso.com> user unknown")
    .codes(&[5])
    .unless(&[
        "sender address",
        "sender verify",
        "sender rejected",
        "mail from:",
        "recipient domain",
        "envelope sender",
        // Several are those of the past, and a reason to refuse everybody.
        "unknown users",
        "unknown recipients",
        "unknown mailboxes",
        "unknown error",
        "unknown reason",
    ]),
];
