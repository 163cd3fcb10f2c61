//! The catalogue: one row per reply that is known, in the order in which rows are tried, each with its source.
//!
//! Sources: PFX Postfix source and documentation · EXM Exim source and specification · MSX Microsoft's Exchange
//! documentation · SOE set-of-emails (real bounces) · SGO go-sisimai · SRB rb-sisimai · REA check-if-email-exists
//! (facts only) · FEM forwardemail · NMP nmap service probes · U-… vendor pages: U-MC3, U-MC4 Mimecast,
//! U-PE1 Proofpoint Essentials, U-CS4 Cisco AsyncOS guide, U-SY1 Broadcom.
use super::Meaning::{self, *};
use Confidence::*;
use serde::{Deserialize, Serialize};

/// How well a row is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// By practice only, or by code alone; never makes a finding `proven`.
    Low,
    /// One real sample, or a secondary list.
    Medium,
    /// Vendor's source or documentation, or two independent samples.
    High,
}

/// One known reply.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// The row's number in the catalogue; never reused.
    pub number: u16,
    /// Lower-case patterns, any of which must occur; `*` stands for any text between two parts.
    pub texts: &'static [&'static str],
    /// The codes it comes with: `5` is any 5xx, empty any but 2xx.
    pub codes: &'static [u16],
    /// The enhanced codes it must come with, as prefixes; empty is any or none.
    pub enhanced: &'static [&'static str],
    /// What it means.
    pub meaning: Meaning,
    /// Whose reply it is.
    pub product: &'static str,
    /// What else to know; may be empty.
    pub note: &'static str,
    /// After this text another host's reply may be quoted, which then decides.
    pub quotes: Option<&'static str>,
    /// Where we know it from.
    pub source: &'static str,
    /// How well.
    pub confidence: Confidence,
}

impl Row {
    /// Whether this row knows the reply; `lower` is its text in lower case.
    pub(super) fn fits(&self, code: u16, enhanced: Option<&str>, lower: &str) -> bool {
        (self.codes.is_empty() || self.codes.iter().any(|&c| c == code || c == code / 100))
            && (self.enhanced.is_empty() || enhanced.is_some_and(|e| self.enhanced.iter().any(|p| e.starts_with(p))))
            && self.texts.iter().any(|pattern| occurs(pattern, lower))
    }

    const fn codes(mut self, codes: &'static [u16]) -> Self {
        self.codes = codes;
        self
    }

    const fn enhanced(mut self, enhanced: &'static [&'static str]) -> Self {
        self.enhanced = enhanced;
        self
    }

    const fn quotes(mut self, marker: &'static str) -> Self {
        self.quotes = Some(marker);
        self
    }

    const fn note(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }
}

/// Whether the parts of `pattern` between its `*` occur in `text`, in order.
fn occurs(pattern: &str, text: &str) -> bool {
    let mut rest = text;
    pattern.split('*').all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

const fn row(
    number: u16,
    texts: &'static [&'static str],
    meaning: Meaning,
    product: &'static str,
    source: &'static str,
    confidence: Confidence,
) -> Row {
    Row { number, texts, codes: &[], enhanced: &[], meaning, product, note: "", quotes: None, source, confidence }
}

/// All rows, in the order in which they are tried: rate and greylisting, policy and reputation, restricted
/// recipients, relaying, unfinished checks, then unknown recipients from specific to generic.
pub static CATALOGUE: &[Row] = &[
    // Rate, greylisting, trouble.
    row(117, &["greylisted, see http"], Greylisted, "postgrey", "postgrey source", High),
    row(118, &["greylisting in action"], Greylisted, "milter-greylist", "real sample", High),
    row(
        119,
        &["greylisted, try again", "greylisted, please try", "greylisted"],
        Greylisted,
        "Zoho, Stalwart and others",
        "SRB, Stalwart source",
        High,
    )
    .codes(&[4]),
    row(
        121,
        &["internal resources are temporarily unavailable", "internal resource is temporarily unavailable"],
        Greylisted,
        "Mimecast",
        "U-MC4",
        High,
    )
    .note("Mimecast's text does not say greylisting; retry after 60 s or more"),
    row(
        124,
        &["4.3.2 service currently unavailable"],
        Greylisted,
        "Postfix postscreen",
        "PFX postscreen_state.c",
        High,
    )
    .codes(&[450])
    .note("every new client is deferred once"),
    row(
        126,
        &["temporarily rate limited due to ip reputation"],
        Reputation,
        "Outlook.com, Exchange Online",
        "SOE",
        High,
    ),
    row(
        127,
        &["server busy. please try again later", "access denied, please try again later"],
        Reputation,
        "Exchange Online",
        "MSX",
        High,
    )
    .codes(&[451])
    .enhanced(&["4.7.5", "4.7.6", "4.7.85", "4.7.86", "4.7.87", "4.7.88", "4.7.89"]),
    row(128, &["too many connections"], RateLimited, "Postfix and others", "PFX", High),
    row(129, &["too many errors"], RateLimited, "Postfix", "PFX", High)
        .note("the hard error limit (20): too many refusals in one session"),
    row(130, &["too much mail from", "too many recipients from"], RateLimited, "Postfix anvil", "PFX", High),
    row(133, &["too many invalid recipients"], RateLimited, "Cisco Secure Email (DHAP)", "U-CS4", High)
        .note("a directory harvest limit: it also hits recipients that exist"),
    row(132, &["rejected for too many bad recipients"], RateLimited, "Exim", "EXM configure.default", High)
        .note("hits good recipients too"),
    row(
        135,
        &["sent to too many recipients this hour", "too many recipients received this hour"],
        RateLimited,
        "GoDaddy, Cisco Secure Email",
        "SOE, SRB",
        High,
    )
    .note("GoDaddy says it with 5.1.1"),
    row(136, &["connection rate limit exceeded"], RateLimited, "Sendmail", "NMP, SOE", High),
    row(131, &["too many recipients"], RateLimited, "Postfix, Exim, Exchange Online, Mimecast", "PFX, EXM, MSX", High),
    row(139, &["rate limit exceeded"], RateLimited, "Stalwart and others", "Stalwart source", High),
    row(140, &["receiving mail too quickly", "receiving mail at a rate"], RateLimited, "Google", "SGO", High)
        .note("the mailbox exists"),
    row(84, &["submission quota exceeded"], RateLimited, "Exchange Online", "MSX", High),
    row(
        137,
        &["screening ports are busy", "server ports are busy"],
        Temporary,
        "Postfix postscreen, Proofpoint Essentials",
        "PFX",
        High,
    ),
    row(
        138,
        &["server too busy, try again later"],
        Temporary,
        "Barracuda Email Gateway Defense",
        "real sample",
        Medium,
    ),
    row(141, &["insufficient system resources"], Temporary, "Exchange", "MSX", High).note("back pressure"),
    row(142, &["service not active", "service not available"], Temporary, "Exchange", "MSX", High).codes(&[4]),
    row(144, &["synchronization error"], Protocol, "Exim, Postfix", "EXM, PFX", High),
    row(145, &["no valid recipients"], Protocol, "Postfix", "PFX", High),
    row(146, &["does not accept mail (nullmx)"], NoMail, "Postfix", "PFX", High),
    row(
        148,
        &["routing loop detected", "hop count exceeded", "too many hops", "loops back to myself"],
        Loop,
        "Exchange and others",
        "MSX",
        High,
    ),
    // Policy, reputation, sender.
    row(85, &["access denied, banned sending ip"], Reputation, "Exchange Online", "MSX", High),
    row(87, &["using customer block list"], Reputation, "Exchange Online", "MSX", High),
    row(88, &["access denied, rejected by recipient"], Reputation, "Exchange Online", "MSX", High)
        .note("the recipient's organisation blocks our address"),
    row(64, &["unable to relay: blocked by customer allow list"], Policy, "Exchange Online", "MSX", High),
    row(92, &["blocked - see http"], Reputation, "Proofpoint", "SOE", High),
    row(
        93,
        &["proofpoint reputation services", "proofpoint dynamic reputation"],
        Reputation,
        "Proofpoint",
        "REA",
        Medium,
    ),
    row(94, &["poor reputation"], Reputation, "Cisco Secure Email, Mimecast", "NMP, REA", High),
    row(95, &["sbrs score"], Reputation, "Cisco Secure Email", "REA", Medium),
    row(96, &["blocked using barracuda reputation", "b.barracudacentral.org"], Reputation, "Barracuda", "NMP", High),
    row(99, &["ip reputation - (reject)"], Reputation, "Mimecast", "SGO", Medium),
    row(
        105,
        &[
            "service unavailable;*blocked using",
            "service unavailable, client host*blocked using",
            "listed at",
            "blacklisted",
            "blocklisted",
        ],
        Reputation,
        "Postfix reject_rbl_client and others",
        "PFX",
        High,
    ),
    row(104, &["client host rejected: cannot find your"], Reputation, "Postfix", "PFX", High),
    row(103, &["sender invalid - envelope rejected"], SenderRejected, "Mimecast", "SGO", Medium),
    row(102, &["anti-spoofing policy"], SenderRejected, "Mimecast", "SGO", Medium)
        .note("MAIL FROM used the probed domain"),
    row(
        101,
        &["administrative prohibition envelope blocked", "envelope blocked - user"],
        Policy,
        "Mimecast",
        "SGO",
        Medium,
    ),
    row(106, &["helo command rejected"], Protocol, "Postfix", "PFX", High),
    row(89, &["access denied, bad helo"], Protocol, "Exchange Online", "MSX", High),
    row(107, &["sender address rejected"], SenderRejected, "Postfix", "PFX", High),
    row(108, &["sender verify failed"], SenderRejected, "Exim", "EXM", High),
    row(109, &["administrative prohibition"], Policy, "Exim", "EXM", High),
    row(
        110,
        &["refusing mail from:<>", "empty envelope senders not allowed", "null sender is not allowed"],
        SenderRejected,
        "various",
        "SGO",
        Medium,
    ),
    row(114, &["local policy violation"], Policy, "Proofpoint", "SOE", High),
    row(
        97,
        &["permanent failure for one or more recipients (*:blocked)"],
        Policy,
        "Barracuda Email Gateway Defense",
        "FEM",
        High,
    ),
    row(98, &["connection rejected by policy"], Reputation, "Symantec Email Security.cloud", "SRB", High),
    row(
        116,
        &[
            "tls required for rcpt domain",
            "must issue a starttls command first",
            "connection required. (#4.7.1)",
            "this route requires encryption",
        ],
        TlsRequired,
        "Google, Postfix, Symantec.cloud, Mimecast",
        "SGO, PFX, SRB",
        High,
    ),
    // Restricted, disabled, full.
    row(
        74,
        &["resolver.rst.authrequired", "resolver.rst.notauthorized"],
        AuthenticationRequired,
        "Exchange",
        "SOE, SGO",
        High,
    )
    .note("the recipient exists and takes authenticated senders only"),
    row(76, &[""], AuthenticationRequired, "Exchange Online", "MSX", High)
        .enhanced(&["5.7.12", "5.7.133", "5.7.134", "5.7.135", "5.7.136"]),
    row(3, &["access denied, banned recipient"], Disabled, "Exchange Online", "MSX", High),
    row(
        78,
        &["that you tried to reach is disabled", "that you tried to reach is inactive"],
        Disabled,
        "Google",
        "SGO",
        High,
    ),
    row(77, &["mailbox cannot be accessed", "mailbox disabled"], Disabled, "Exchange", "SGO", Medium),
    row(
        83,
        &["over quota", "quota exceeded", "mailbox full", "mailbox is full", "out of storage space"],
        Full,
        "various",
        "SGO, SOE",
        High,
    )
    .note("the mailbox exists"),
    // Relaying.
    row(62, &["tenantattribution; relay access denied"], RelayDenied, "Exchange Online", "MSX", High),
    row(57, &["relay access denied"], RelayDenied, "Postfix, Exchange Online", "PFX, MSX", High)
        .note("454 is as final as 554 here: Postfix's defer_unauth_destination"),
    row(
        58,
        &["relay not permitted", "relay not allowed", "relaying not allowed"],
        RelayDenied,
        "Exim, Stalwart",
        "EXM",
        High,
    ),
    row(
        59,
        &["relaying denied", "mail relay denied"],
        RelayDenied,
        "Sendmail, Cisco Secure Email, Google",
        "REA, SGO",
        High,
    ),
    row(60, &["unable to relay"], RelayDenied, "Exchange, IIS", "MSX, SOE", High),
    row(66, &["open relay not allowed", "open relay is not allowed"], RelayDenied, "Mimecast", "SGO", Medium),
    row(67, &["as a relay, but i have not been configured"], RelayDenied, "Symantec.cloud, qmail", "SRB", High),
    row(71, &["in my list of allowed rcpthosts"], RelayDenied, "qmail", "SGO", Medium),
    // The server's own check was not finished.
    row(47, &["unverified address:"], VerificationFailed, "Postfix call-ahead", "PFX", High)
        .quotes("unverified address:"),
    row(49, &["address verification problem"], VerificationFailed, "Postfix call-ahead", "PFX", High),
    row(
        51,
        &["could not complete recipient verify", "could not complete sender verify"],
        VerificationFailed,
        "Exim",
        "EXM",
        High,
    ),
    row(52, &["unable to verify address at this time"], VerificationFailed, "Stalwart", "Stalwart source", High),
    row(53, &["recipient temporarily unavailable"], VerificationFailed, "Mimecast call-forward", "SGO", Medium),
    row(48, &["undeliverable address"], UnknownRecipientTemporary, "Postfix call-ahead", "PFX", Medium).codes(&[4]),
    row(50, &["user unknown in*table"], UnknownRecipientTemporary, "Postfix soft_bounce", "PFX, SOE", High).codes(&[4]),
    // Unknown recipient, specific texts.
    row(13, &["undeliverable address:"], UnknownRecipient, "Postfix call-ahead", "PFX", High)
        .codes(&[5])
        .quotes("undeliverable address:")
        .note("the text behind it names the hop that really refused"),
    row(15, &["callout verification failed"], Ambiguous, "Exim call-ahead", "EXM verify.c", High)
        .codes(&[5])
        .quotes("callout verification failed"),
    row(
        7,
        &["remote server returned unknown recipient or mailbox unavailable"],
        UnknownRecipient,
        "Exchange Online",
        "SOE, SGO",
        High,
    )
    .codes(&[5])
    .quotes("->"),
    row(
        28,
        &["permanent failure for one or more recipients ("],
        Ambiguous,
        "Barracuda Email Gateway Defense",
        "real sample",
        Medium,
    )
    .codes(&[5])
    .quotes("permanent failure for one or more recipients ("),
    row(
        1,
        &[
            "recipient address rejected: access denied*as(201806281)",
            "recipient address rejected: access denied*outlook.com",
        ],
        UnknownRecipient,
        "Exchange Online (directory-based edge blocking)",
        "MSX",
        High,
    )
    .codes(&[5])
    .enhanced(&["5.4.1"])
    .note("the domain is authoritative there, and the tenant does not know the address"),
    row(2, &["recipient address rejected: access denied"], UnknownRecipient, "Exchange Online", "MSX", High)
        .codes(&[5])
        .enhanced(&["5.7.504"]),
    row(4, &["recipientnotfound"], UnknownRecipient, "Exchange 2013 and later", "MSX, SOE", High).codes(&[5]),
    row(5, &["recipnotfound; not found"], UnknownRecipient, "Exchange 2007-2010", "MSX, SOE", High).codes(&[5]),
    row(8, &["user unknown in local recipient table"], UnknownRecipient, "Postfix mydestination", "PFX", High)
        .codes(&[5]),
    row(9, &["user unknown in relay recipient table"], UnknownRecipient, "Postfix relay_recipient_maps", "PFX", High)
        .codes(&[5])
        .note("a gateway's own list or LDAP look-up"),
    row(10, &["user unknown in virtual mailbox table"], UnknownRecipient, "Postfix virtual_mailbox_maps", "PFX", High)
        .codes(&[5]),
    row(11, &["user unknown in virtual alias table"], UnknownRecipient, "Postfix virtual_alias_maps", "PFX, SOE", High)
        .codes(&[5]),
    row(12, &["recipient address rejected: user unknown"], UnknownRecipient, "Postfix", "PFX", High).codes(&[5]),
    row(19, &["user email address is marked as invalid"], UnknownRecipient, "Proofpoint Essentials", "U-PE1", High)
        .codes(&[5])
        .note("said with 5.7.1"),
    row(20, &["invalid recipient - http"], UnknownRecipient, "Mimecast", "SGO", High).codes(&[5]),
    row(22, &["#5.1.0 address rejected"], Ambiguous, "Cisco Secure Email", "SOE", High)
        .codes(&[5])
        .note("unknown recipient or unknown domain: a control in the same domain decides"),
    row(23, &["#5.1.1 bad address"], UnknownRecipient, "Cisco Secure Email", "SGO", Medium).codes(&[5]),
    row(24, &["invalid recipient <*(#5.1.1)"], UnknownRecipient, "Symantec.cloud", "U-SY1", High).codes(&[5]),
    row(27, &["no such user ("], UnknownRecipient, "Barracuda Email Gateway Defense", "real sample", High)
        .codes(&[550]),
    row(31, &["email account that you tried to reach does not exist"], UnknownRecipient, "Google", "SOE", High)
        .codes(&[5]),
    row(35, &["... user unknown"], UnknownRecipient, "Sendmail", "SOE", High).codes(&[5]).enhanced(&["5.1.1"]),
    row(16, &["unrouteable address", "unroutable"], UnknownRecipient, "Exim", "EXM route.c", High)
        .codes(&[5])
        .note("for a foreign domain it means a failed route"),
    row(37, &["invalid recipient: <"], Ambiguous, "OpenSMTPD", "OpenSMTPD source", High).codes(&[5]),
    row(38, &["i cannot deliver mail for <"], Ambiguous, "Haraka", "Haraka source", High).codes(&[5]),
    // Unknown recipient, generic texts.
    row(44, &["requested action not taken: mailbox unavailable"], UnknownRecipient, "various", "SGO, SOE", Medium)
        .codes(&[5])
        .enhanced(&["5.1."]),
    row(44, &["requested action not taken: mailbox unavailable"], Ambiguous, "various", "RFC 5321, 4.2.3", Medium)
        .codes(&[5]),
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
            "recipient unknown",
            "recipient not found",
            "recipient does not exist",
            "not a known user",
            "is not known",
        ],
        UnknownRecipient,
        "various",
        "SGO",
        Medium,
    )
    .codes(&[5]),
];
