//! Policy, reputation, the sender (catalogue 2E): the server judged us.
use super::row::{Confidence::*, Row, Said::*, row};
use crate::replies::Meaning::*;

/// The rows, in the order in which they are tried.
pub(super) static ROWS: &[Row] = &[
    row(64, &["unable to relay: blocked by customer allow list"], Policy, "Exchange Online", "MSS", High)
        .like("550 5.7.1 Unable To Relay: Blocked by Customer Allow List")
        .note("says relay, and is about the tenant's lists of addresses"),
    row(85, &["access denied, banned sending ip"], Reputation, "Exchange Online", "MSX, real sample", High)
        .like("550 5.7.606 Access denied, banned sending IP [192.0.2.1]")
        .note("said at RCPT"),
    row(86, &["client host*blocked using spamhaus*as(1450)"], Reputation, "Exchange Online", "FEM", Medium)
        .like("550 5.7.1 Service unavailable, Client host [192.0.2.1] blocked using Spamhaus. AS(1450)"),
    row(87, &["using customer block list"], Reputation, "Exchange Online", "MSX", High).like(
        "550 5.7.513 Service unavailable, Client host [192.0.2.1] blocked by contoso.com using \
Customer Block list (AS16012607)",
    ),
    row(88, &["access denied, rejected by recipient"], Reputation, "Exchange Online", "MSX", High)
        .like("550 5.7.507 Access denied, rejected by recipient.")
        .note("\"recipient\" is the organisation, which blocks our address"),
    row(89, &["access denied, bad helo"], Protocol, "Exchange Online", "MSX", High)
        .like("550 5.7.506 Access denied, Bad HELO")
        .said(Any),
    row(
        90,
        &["must have a reverse dns record", "does not accept email over ipv6", "must pass either spf or dkim"],
        Reputation,
        "Exchange Online over IPv6",
        "MSX",
        High,
    )
    .like(
        "550 5.7.25 Service unavailable, sending IPv6 address [2001:db8::1] must have a reverse \
DNS record",
    )
    .note("probe it over IPv4"),
    row(91, &["part of their network is on our block list"], Reputation, "Outlook.com", "SGO", High)
        .like(
            "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your \
Internet service provider since part of their network is on our block list (S3140).",
        )
        .said(Mail),
    row(92, &["blocked - see http*proofpoint.com"], Reputation, "Proofpoint, iCloud", "SOE, real sample", High)
        .like("554 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1")
        .said(Any),
    row(
        93,
        &["refused by proofpoint reputation services", "blocked using proofpoint dynamic reputation"],
        Reputation,
        "Proofpoint",
        "REA, real sample",
        Medium,
    )
    .like(
        "550 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using Proofpoint Dynamic \
Reputation",
    )
    .said(Any),
    row(94, &["sending mta's poor reputation"], Reputation, "Cisco Secure Email", "NMP, real sample", High)
        .like(
            "554 Your access to this mail system has been rejected due to the sending MTA's poor \
reputation.",
        )
        .said(Connect),
    row(95, &["sbrs score too low"], Reputation, "Cisco Secure Email", "REA", Medium)
        .like("554 SBRS score too low")
        .said(Connect),
    row(
        96,
        &["blocked using barracuda reputation", "b.barracudacentral.org"],
        Reputation,
        "Barracuda, and all who use its list",
        "NMP",
        High,
    )
    .like(
        "554 Service unavailable; Client host [192.0.2.1] blocked using Barracuda Reputation; \
http://www.barracudanetworks.com/reputation/?r=1&ip=192.0.2.1",
    )
    .said(Any),
    row(98, &["connection rejected by policy ["], Reputation, "Symantec Email Security.cloud", "SRB", High)
        .like("501 Connection rejected by policy [7.7] 20805")
        .said(Connect),
    row(
        99,
        &["csi.mimecast.org poor reputation sender", "ip reputation - (reject)"],
        Reputation,
        "Mimecast",
        "REA, SGO",
        Medium,
    )
    .like(
        "550 csi.mimecast.org Poor Reputation Sender. - \
https://community.mimecast.com/docs/DOC-1369#550",
    ),
    row(
        100,
        &["host network not allowed", "host network, not allowed"],
        Policy,
        "Mimecast (by country)",
        "SOE, SGO",
        Medium,
    )
    .like("554 Host network not allowed - https://community.mimecast.com/docs/DOC-1369#554"),
    row(102, &["anti-spoofing policy"], SenderRejected, "Mimecast", "SGO", Medium)
        .like("550 Rejected by header based Anti-Spoofing policy - Inbound not allowed")
        .note("MAIL FROM used a domain of the gateway's own"),
    row(
        103,
        &[
            "spf sender invalid - envelope rejected",
            "dkim sender invalid - envelope rejected",
            "dmarc sender invalid - envelope rejected",
        ],
        SenderRejected,
        "Mimecast",
        "SGO",
        Medium,
    )
    .like("550 SPF Sender Invalid - envelope rejected"),
    row(
        101,
        &["administrative prohibition envelope blocked", "envelope blocked - user"],
        Policy,
        "Mimecast",
        "SGO",
        Medium,
    )
    .like("550 Administrative prohibition envelope blocked")
    .note("the sender is blocked"),
    row(104, &["client host rejected: cannot find your"], Reputation, "Postfix", "PFX", High)
        .like("450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]")
        .note("smtpd_delay_reject has Postfix say it at RCPT"),
    row(
        105,
        &[
            "service unavailable; client host*blocked using",
            "service unavailable; sender address*blocked using",
            "service unavailable; recipient address*blocked using",
        ],
        Reputation,
        "Postfix reject_rbl_client",
        "PFX",
        High,
    )
    .like("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org"),
    row(152, &["client host rejected"], Policy, "Postfix", "PFX access(5)", High)
        .like("554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied")
        .note("Symantec Messaging Gateway says the same"),
    row(106, &["helo command rejected:"], Protocol, "Postfix", "PFX", High)
        .like("504 5.5.2 <probe>: Helo command rejected: need fully-qualified hostname"),
    row(107, &["sender address rejected"], SenderRejected, "Postfix", "PFX, U-FM3", High)
        .like("450 4.1.8 <a@example.net>: Sender address rejected: Domain not found")
        .note("smtpd_delay_reject has Postfix say it at RCPT"),
    row(108, &["sender verify failed"], SenderRejected, "Exim", "EXM", High)
        .like("550 Sender verify failed")
        .note("Exim asked our own domain's server about MAIL FROM"),
    row(109, &["administrative prohibition"], Policy, "Exim", "EXM", High)
        .like("550 Administrative prohibition")
        .said(Any),
    row(
        110,
        &[
            "refusing mail from:<>",
            "refusing mail from: <>",
            "empty envelope senders not allowed",
            "null sender is not allowed",
        ],
        SenderRejected,
        "various",
        "SGO",
        Medium,
    )
    .like("550 Empty envelope senders not allowed")
    .note("ask again with a real --mail-from"),
    row(111, &["recipient prohibited ("], Policy, "VPOP3", "U-VP1", Medium)
        .like("550 5.7.1 Recipient Prohibited (2)")
        .note("a rule, and no word about whether the recipient exists"),
    row(112, &["email cannot be delivered. reason: email flagged as spam"], Reputation, "Zoho", "SOE", High)
        .like("554 5.7.1 Email cannot be delivered. Reason: Email flagged as Spam.")
        .note("said at RCPT"),
    row(
        113,
        &["mail rejected by recipients", "mailbox unavailable or access denied"],
        Ambiguous,
        "Tencent",
        "SGO, FEM",
        Medium,
    )
    .like("550 Mailbox unavailable or access denied")
    .note("used for spam and for unknown recipients alike"),
    row(114, &["local policy violation"], Policy, "Proofpoint", "SOE, FEM", High)
        .like("550 5.7.0 Local Policy Violation")
        .said(Data),
    row(115, &["ip not in whitelist for rcpt domain"], Policy, "Google", "SGO", High)
        .like("421 4.7.0 IP not in whitelist for RCPT domain, closing connection.")
        .note("Google takes mail for the domain from its inbound gateway alone: this is no MX"),
    row(
        116,
        &[
            "tls required for rcpt domain",
            "must issue a starttls command first",
            "tls/sslv3 connection required",
            "this route requires encryption",
        ],
        TlsRequired,
        "Google, Postfix, Symantec Email Security.cloud, Mimecast",
        "SGO, PFX, SRB",
        High,
    )
    .like("530 5.7.0 Must issue a STARTTLS command first")
    .said(Any),
    row(
        153,
        &[
            "dmarc check failed",
            "dmarc policy",
            "dmarc verification",
            "spf record",
            "spf check",
            "fails spf",
            "failed spf",
            "dkim check",
            "does not have authentication information",
            "unauthenticated sender",
            "unauthenticated email",
        ],
        SenderRejected,
        "various",
        "SOE",
        Medium,
    )
    .like("550 5.7.1 Email rejected per DMARC policy for contoso.com")
    .said(Data),
];
