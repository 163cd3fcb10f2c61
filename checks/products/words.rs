//! What greetings, EHLO answers and other replies tell of the product that says them.
//!
//! Patterns as in the catalogue of replies: `*` any text, `^` the beginning behind the enhanced code, `$` the end. Sources:
//! NMP nmap's service probes · RCG recog · PFX, EXM, STW, HAR, OSM, HMS the servers' own sources · MSX Microsoft's Exchange
//! documentation · SOE set-of-emails · SGO go-sisimai · SRB rb-sisimai · U-… vendors' pages.
use super::Words;
use crate::replies::Confidence::{self, *};

const fn says(texts: &'static [&'static str], product: &'static str, source: &'static str, how: Confidence) -> Words {
    Words { texts, product, source, confidence: how }
}

/// Greetings, from specific to general.
pub(super) static GREETINGS: &[Words] = &[
    says(&[".outlook.com microsoft esmtp mail service"], "Exchange Online", "SOE", High),
    says(&["microsoft esmtp mail service, version:"], "IIS SMTP", "RCG", High),
    says(&["microsoft esmtp mail service"], "Exchange", "NMP, MSX", High),
    says(&[".pphosted.com esmtp"], "Proofpoint", "SOE", High),
    says(&["ppe-hosted.com"], "Proofpoint Essentials", "U-PE1", Medium),
    says(&[".mimecast.com esmtp"], "Mimecast", "U-MC5, SOE", High),
    says(&["emailsecurity.trendmicro", "prefilter-postmta"], "Trend Micro Email Security", "SOE", Medium),
    says(&[".prod.hydra.sophos.com"], "Sophos Email", "real sample", High),
    says(&["esmtp symantec messaging gateway"], "Symantec Messaging Gateway", "NMP, RCG", High),
    says(&["interscan messaging security", "^imss"], "Trend Micro InterScan", "NMP", High),
    says(&["imsva"], "Trend Micro InterScan", "SOE", Medium),
    says(&["esmtp smtpd;"], "FortiMail", "NMP", High),
    says(&["webshield smtp"], "McAfee Email Gateway", "NMP", High),
    says(&["esmtp sonicwall"], "SonicWall Email Security", "RCG", High),
    says(&["esmtp mailmarshal"], "Trustwave MailMarshal", "NMP", High),
    says(&["mailsweeper esmtp"], "Clearswift MAILsweeper", "NMP", Medium),
    says(&["cellopoint e-mail firewall"], "Cellopoint", "NMP", Medium),
    says(&["borderware mxtreme"], "BorderWare", "NMP", Medium),
    says(&["mail essentials server"], "GFI MailEssentials", "NMP", Medium),
    says(&["asyncos", "sending mta's poor reputation"], "Cisco Secure Email", "NMP", High),
    says(&["mx.google.com esmtp", "- gsmtp"], "Google Workspace", "NMP, SGO", High),
    says(&["want to use yandex.mail for your domain"], "Yandex 360", "FEM", High),
    says(&["esmtp openswmtpd", "esmtp opensmtpd"], "OpenSMTPD", "OSM, NMP", High),
    says(&["esmtp haraka"], "Haraka", "HAR", High),
    says(&["esmtp sendmail"], "Sendmail", "NMP", High),
    says(&["esmtp exim"], "Exim", "EXM, RCG", High),
    says(
        &["esmtp service (hcl domino", "esmtp service (ibm domino", "esmtp service (lotus domino"],
        "Domino",
        "NMP, RCG",
        High,
    ),
    says(&["groupwise internet agent"], "GroupWise", "NMP, RCG", High),
    says(&["kerio connect"], "Kerio Connect", "NMP, RCG", High),
    says(&["esmtp mdaemon"], "MDaemon", "NMP", High),
    says(&["hmailserver"], "hMailServer", "HMS, NMP", High),
    says(&["axigen esmtp"], "Axigen", "NMP", High),
    says(&["esmtp icewarp", "esmtp merak"], "IceWarp", "NMP", High),
    says(&["esmtp mailenable service"], "MailEnable", "NMP, RCG", High),
    says(&["esmtp communigate pro"], "CommuniGate Pro", "NMP", High),
    says(&["nt-esmtp server"], "IMail", "NMP", High),
    says(&["david.fx", "tobit.software"], "Tobit David", "NMP", High),
    says(&["(powermta(tm)"], "PowerMTA", "NMP", High),
    says(&["esmtp ecelerity"], "Momentum", "NMP", High),
    says(&["(james smtp server"], "Apache James", "NMP", High),
    says(&["oracle communications messaging exchange server"], "Oracle Messaging", "NMP", High),
    says(&["zimbra"], "Zimbra", "RCG", Medium),
    says(&["esmtp postfix"], "Postfix", "PFX, RCG", High),
];

/// What EHLO is answered with, line after line.
pub(super) static EHLO: &[Words] = &[
    says(&[".outlook.com hello"], "Exchange Online", "SOE", High),
    says(&["x-anonymoustls", "x-exps", "xexch50", "xrdst"], "Exchange", "NMP, MSX", High),
    says(&["at your service, ["], "Google Workspace", "NMP", High),
    says(&["mt-priority*requiretls", "requiretls*mt-priority", "futurerelease*deliverby"], "Stalwart", "STW", Medium),
    says(&[" prdr"], "Exim", "EXM", Medium),
    says(&["xxxxxx"], "Cisco PIX fixup", "RCG, NMP", High),
    says(&["pipelining size*vrfy etrn"], "Postfix", "PFX", Medium),
    says(&["pleased to meet you"], "Sendmail", "NMP", Low),
];

/// Replies to MAIL and RCPT, accepted or not, from specific to general.
pub(super) static REPLIES: &[Words] = &[
    says(
        &[
            "as(201806281)",
            "aka.ms/exosmtperrors",
            "recipient address rejected: access denied*.outlook.com",
            "tenantattribution;",
        ],
        "Exchange Online",
        "MSX, SOE",
        High,
    ),
    says(&["access denied, banned sending ip", "customer block list"], "Exchange Online", "MSX", High),
    says(&["community.mimecast.com/", "mimecastsupport.zendesk.com/"], "Mimecast", "SGO, SOE", High),
    says(&["user email address is marked as invalid"], "Proofpoint Essentials", "U-PE1", High),
    says(&["^#5.", "^#4."], "Cisco Secure Email", "SOE, real sample", High),
    says(&["- gsmtp"], "Google Workspace", "SOE, SGO", High),
    says(
        &["permanent failure for one or more recipients (", "^no such user ("],
        "Barracuda Email Gateway Defense",
        "real sample",
        High,
    ),
    says(&["blocked using barracuda reputation;"], "Barracuda Email Security Gateway", "NMP", Medium),
    says(
        &["invalid recipient <*(#5.1.1)", "recipient mailbox is not allowed"],
        "Symantec Email Security.cloud",
        "U-SY1, SRB",
        High,
    ),
    says(&["invalid mailprotector recipient"], "Mailprotector", "U-MP1", Medium),
    says(&["no policy for recipient"], "OPSWAT MetaDefender Email", "U-OP1", Medium),
    says(&["user does not exist - <"], "Zoho", "SOE, SRB", High),
    says(&["rule imposed mailbox access", "trustwave seg spamprofiler"], "Trustwave MailMarshal", "SGO", High),
    says(
        &["unable to relay recipient in non-accepted domain", "resolver.adr.", "resolver.rst."],
        "Exchange",
        "SOE, MSX",
        High,
    ),
    says(&["delivery is not allowed to this address."], "hMailServer", "HMS", High),
    says(&["i cannot deliver mail for <"], "Haraka", "HAR", High),
    says(&["destination address valid: recipient ok"], "OpenSMTPD", "OSM", High),
    says(&["unable to verify address at this time"], "Stalwart", "STW", High),
    says(&["in my list of allowed rcpthosts", "validrcptto", "no mailbox here by that name"], "qmail", "SGO", Medium),
    says(
        &[
            "user unknown in*table",
            "recipient address rejected: undeliverable address",
            "recipient address rejected: unverified address",
        ],
        "Postfix",
        "PFX",
        High,
    ),
    says(&["greylisted, see http"], "Postfix", "PFX", Medium),
    says(&["unrouteable address", "relay not permitted", "callout verification failed"], "Exim", "EXM", High),
    says(&["... user unknown", "... relaying denied", "... recipient ok"], "Sendmail", "SOE, SGO", High),
    says(&["^recipient ok$"], "Exchange", "MSX", Medium),
];
