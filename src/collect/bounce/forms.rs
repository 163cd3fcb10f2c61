//! How products word a bounce: tables, each row with whose words they are and where they are seen.
//!
//! Sources: SOE set-of-emails (real bounces, the Sisimai project) · PFX Postfix source · EXM Exim source · QMS qmail source ·
//! DMA DragonFly Mail Agent source · SM Sendmail source · MSX Microsoft's pages on NDRs · HMS hMailServer source · RFC ….
use regex::{Regex, RegexBuilder};
use std::sync::LazyLock;

/// A pattern, and whose it is. `ADDR`, `HOST` and `IP` stand for what they say.
pub(super) struct Form {
    /// The product.
    pub(super) product: &'static str,
    /// How it reads.
    pub(super) reads: &'static str,
    /// Where it is seen: for whoever reads the table. A test sees to it that each row has one.
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) source: &'static str,
}

const fn form(product: &'static str, reads: &'static str, source: &'static str) -> Form {
    Form { product, reads, source }
}

/// What an address looks like to somebody who reads: no white space, no brackets, a dot need not be there.
const ADDR: &str = r#"(?:"[^"\s]+"|[^\s<>()\[\]"',;:|@]+)@(?:\[[^\]\s]+\]|[^\s<>()\[\]"',;:|@]+)"#;
const HOST: &str = r"\w(?:[\w.-]*\w)?\.?";

/// Where the copy of the message, or of its headers, begins: what stands behind is not about the bounce.
pub(super) static COPIES: &[Form] = &[
    form("Exim", r"^-{3,} ?(?:This|The following) is a copy of the (?:message|body|headers)", "EXM, SOE"),
    form("qmail", r"^-{3} (?:Below this line|Enclosed) is (?:a copy|the original)", "QMS, SOE"),
    form("qmail", r"^-{3} Undelivered message follows", "QMS"),
    form("Gmail", r"^-{3,} ?(?:Original message|Message header follows|Messaggio originale|Mensaje original)", "SOE"),
    form("Exchange", r"^(?:Original message headers|Urspr.{1,4}ngliche Nachrichtenkopfzeilen):", "MSX, SOE"),
    form("Exchange", r"^(?:En-t.{1,4}tes de message d.origine|Encabezados de mensajes? originales) ?:", "MSX"),
    form("1&1, GMX", r"^-{3} The header of the original message is following", "SOE"),
    form("various", r"^-{3,} ?Original message follows", "SOE"),
    form(
        "various",
        r"^(?:Original message follows|Message headers? follows?|Below is a copy of the original message)",
        "DMA, SOE",
    ),
    form("Sendmail", r"^ *-{3,} ?(?:Unsent|Original|Returned) message (?:follows|header)?", "SM, SOE"),
    form("Notes", r"^-{3,} ?Returned Message", "SOE"),
    form("MXLogic", r"^(?:Included is|Here is|The following is) a copy of the message header", "SOE"),
    form("m-FILTER", r"^-{3,}original (?:message|mail)", "SOE"),
    form("various", r"^\|-+ ?Message text follows", "SOE"),
    form("Verizon and others", r"^Original Message:$", "SOE"),
    form("InterScan", r"^\*+ +End of message", "SOE"),
    form("Amavis", r"^Return-Path: ", "SOE"),
    form("any", r"^Received: ?(?:from|by|\()", "RFC 5322, 3.6.7"),
];

/// Whose notice it is, by words of its text or its headers (`Name: value`, a line each).
pub(super) static PRODUCTS: &[Form] = &[
    form(
        "Exchange Online",
        r"(?:Reporting-MTA: ?dns; ?|Generating server: )\S+\.(?:prod|mail\.protection)\.(?:outlook|exchangelabs)\.com",
        "MSX, SOE",
    ),
    form("Exchange", r"^(?:X-MS-Exchange-Message-Is-Ndr|X-MS-Embedded-Report):", "SOE"),
    form(
        "Exchange",
        r"did not reach some or all of the intended recipients\.\s|Microsoft Exchange|MSEXCH:|Generating server:|Generierender Server:",
        "MSX, SOE",
    ),
    form("Outlook.com", r"Reporting-MTA: ?dns; ?\S+\.hotmail\.", "SOE"),
    form("Gmail", r"mailer-daemon@(?:googlemail|google)\.com|Reporting-MTA: ?dns; ?googlemail\.com", "SOE"),
    form(
        "Amazon SES",
        r"Reporting-MTA: ?ds?ns?; ?\S+\.(?:amazonses|amazonaws)\.com|no-reply@sns\.amazonaws\.com",
        "SOE",
    ),
    form("Yandex", r"^X-Yandex-Sender:", "SOE"),
    form("Symantec Messaging Gateway", r"^X-Symantec-Messaging-Gateway-Sender:", "SOE"),
    form("Barracuda", r"^(?:X-Barracuda-|Reporting-MTA: ?dns; ?barracuda\.)", "SOE"),
    form("Postfix", r"^X-Postfix-(?:Queue-ID|Sender):|This is the (?:Postfix program|mail system) at host", "PFX, SOE"),
    form("MailMarshal", r"^Could not be delivered because of\s", "SOE"),
    form("SurfControl", r"^A transcript of the attempts to send the message follows", "SOE"),
    form("Zoho", r"^\[Status: \w+, Address: <", "SOE"),
    form("Apache James", r"This is the James mail server at", "SOE"),
    form("fml", r"^Duplicated Message-ID in <", "SOE"),
    form("Zoho", r"ERROR_CODE ?:", "SOE"),
    form("1&1, GMX", r"SMTP error from remote server (?:after|for) [A-Z ]+ command", "SOE"),
    form("McAfee SaaS Email", r"Reporting-MTA: .*mxlogic|\.mxlogic\.net|\(mxl_mta-", "SOE"),
    form("Mail.Ru", r"сервером Mail\.Ru", "SOE"),
    form("KDDI", r"Could not be delivered to: ?<", "SOE"),
    form(
        "Exim",
        r"This message was created automatically by (?:mail delivery software|the SMTP relay)|^X-Failed-Recipients:",
        "EXM, SOE",
    ),
    form("qmail", r"This is the qmail-send program|This is the \S+ mail program", "QMS, SOE"),
    form("DragonFly Mail Agent", r"This is the DragonFly Mail Agent", "DMA, SOE"),
    form("OpenSMTPD", r"This is the MAILER-DAEMON, please DO NOT REPLY to this", "SOE"),
    form("PowerMTA", r"^X-PowerMTA-", "SOE"),
    form("SendGrid", r"^X-SendGrid-QueueID:", "SOE"),
    form(
        "Oracle Messaging Server",
        r"This report relates to a message you sent with the following header fields",
        "SOE",
    ),
    form("Courier", r"The original message was received on .*\n.*from .*\n(?s:.)*UNDELIVERABLE MAIL", "SOE"),
    form("Mimecast", r"An email that you attempted to send to the following address could not be delivered", "SOE"),
    form(
        "Domino",
        r"(?:not listed|Several matches found) in (?:Domino Directory|public Name & Address Book)|^Diagnostic-Code: ?X-Notes",
        "SOE",
    ),
    form("Notes", r"^-+ ?Failure Reasons", "SOE"),
    form("GroupWise", r"The message that you sent was undeliverable to the following|^X-Mailer: .*GroupWise", "SOE"),
    form("InterScan", r"InterScan (?:MSS|Messaging Security|NT)", "SOE"),
    form("MailFoundry", r"This has been a permanent failure\. +No further delivery attempts", "SOE"),
    form(
        "IMail",
        r"^(?:Unknown user|Invalid final delivery userid|Delivery failed \d+ attempts|undeliverable to): ?",
        "SOE",
    ),
    form("m-FILTER", r"^-+server message$", "SOE"),
    form("Yahoo", r"Sorry, we were unable to deliver your message to the following address", "SOE"),
    form("Apache James", r"^Error message below:|Apache James|JAMES SMTP", "SOE"),
    form("hMailServer", r"hMailServer sent:", "HMS"),
    form("CommuniGate Pro", r"^Failed to deliver to '", "SOE"),
    form("Sendmail", r"-{3,} ?(?:The following addresses had|Transcript of (?:the )?session follows)", "SM, SOE"),
];

/// Who wrote the notice, where the text says so.
pub(super) static REPORTERS: &[Form] = &[
    form("Postfix", r"This is the (?:Postfix program|mail system) at host (?<host>HOST)", "PFX, SOE"),
    form("qmail", r"This is the (?:qmail-send|\S+ mail) program at (?<host>HOST)", "QMS, SOE"),
    form("Apache James", r"This is the James mail server at (?<host>HOST)", "SOE"),
    form("DragonFly Mail Agent", r"This is the DragonFly Mail Agent \S+ at (?<host>HOST)", "DMA, SOE"),
    form("Exim", r"created automatically by the SMTP relay on (?<host>HOST)", "SOE"),
    form("Exim", r"hours on the queue on (?<host>HOST)", "EXM, SOE"),
    form(
        "Exchange",
        r"(?:Generating server|Generierender Server|Server generante|Servidor de generaci.{1,4}n|Serveur de g.{1,4}n.{1,4}ration|Server di generazione|Servidor gerador|Genererande server|生成サーバー|生成服务器|生成伺服器) ?[:：] ?(?<host>HOST)",
        "MSX, SOE",
    ),
    form("Yahoo Japan and others", r"^Message from +(?<host>HOST)$", "SOE"),
    form("Sendmail", r"^Reporting-MTA: ?\w+; ?(?<host>HOST)", "RFC 3464, 2.2.2"),
];

/// How a notice begins to speak of a recipient: a line, without the blanks around it. `rest` is said of it already.
pub(super) static NAMES: &[Form] = &[
    form(
        "Postfix",
        r"^<(?<address>ADDR)> \((?:expanded from|originally to|original recipient) <?(?<alias>ADDR)>?\)[:;]? ?(?<rest>.*)$",
        "PFX, SOE",
    ),
    form("Postfix, qmail, Yahoo", r"^<(?<address>ADDR)>(?:[:;] ?(?<rest>.*))?$", "PFX, QMS, SOE"),
    form("Sendmail", r"^<(?<address>ADDR)> *\((?<rest>.+)\)$", "SM"),
    form("GMX", r#"^["'](?<address>ADDR)["']:? ?(?<rest>.*)$"#, "SOE"),
    form("Exim, Gmail, Exchange", r"^(?<address>ADDR)[:;]?$", "EXM, SOE"),
    form("OpenSMTPD", r"^(?<address>ADDR): (?<rest>.+)$", "SOE"),
    form("x3, Mimecast, Active!hunter", r"^(?:[*•-]+|>>>) <?(?<address>ADDR)>?(?: <ADDR>)?$", "SOE"),
    form("x1", r"^(?<address>ADDR) \[(?<rest>[^\]]+)\]$", "SOE"),
    form("GroupWise", r"^(?<address>ADDR) \((?<rest>.+)\)$", "SOE"),
    form("Exchange 2003", r"^(?<address>ADDR) on .*?\d{1,4}.*$", "SOE"),
    form("Exchange", r"^(?:[^<>@:]+ ?)?(?:ADDR ?)?<mailto:(?<address>ADDR)>(?<rest>.*)$", "SOE"),
    form("Exchange", r"^[^<>@:]+ \((?<address>ADDR)\)(?:<mailto:ADDR>)?$", "MSX"),
    form("Zoho", r"^\[Status: \w+, Address: <(?<address>ADDR)>, ResponseCode (?<rest>.*?)\]?$", "SOE"),
    form("fml", r"^(?<rest>Duplicated Message-ID) in <(?<address>ADDR)>\.?$", "SOE"),
    form("Zoho", r"^(?<address>ADDR) (?<rest>(?:[A-Za-z ]+, )?ERROR_CODE.*)$", "SOE"),
    form("Exim 3", r"^(?<address>ADDR) \.\.\. (?<rest>.+)$", "SOE"),
    form(
        "various",
        r"^(?:Recipient(?: address)?|RCPT TO|Failed recipient|Delivery failed|Final-Recipient: ?rfc822) ?[:;] ?<?(?<address>ADDR)>?$",
        "SOE",
    ),
    form("KDDI", r"^Could not be delivered to: ?<?(?<address>ADDR)>?[.]?(?<rest>.*)$", "SOE"),
    form(
        "MailFoundry, InterScan",
        r"(?:Unable|Failed) to deliver (?:message )?to:? ?[<'](?<address>ADDR)[>'](?<rest>.*)$",
        "SOE",
    ),
    form(
        "IMail",
        r"^(?<rest>(?:Unknown user|Invalid final delivery userid|User mailbox exceeds allowed size|Delivery failed \d+ attempts|undeliverable to)): ?(?<address>ADDR)$",
        "SOE",
    ),
    form("DragonFly Mail Agent", r"error delivering your mail to <?(?<address>ADDR)>?\.?$", "DMA, SOE"),
    form("various", r"(?i)did not reach the following recipient(?:\(s\))?: ?<?(?<address>ADDR)>?$", "SOE"),
    form("x6", r"recipients returned permanent errors: (?<address>ADDR)\.(?<rest>.*)$", "SOE"),
    form("Exim", r"^generated by (?<address>ADDR)$", "EXM, SOE"),
    form("Sendmail", r"^(?<code>[45]\d\d) (?:\d\.\d\.\d )?<(?<address>ADDR)>\.\.\. (?<rest>.*)$", "SM, SOE"),
    form(
        "Exchange Online",
        r"^(?:Your message to|Ihre Nachricht an|Votre message .{1,4}|Su mensaje (?:a|para)|Il messaggio (?:a|per)|A sua mensagem para|Uw bericht (?:aan|naar)) <?(?<address>ADDR)>? (?:couldn|could not|konnte|n.a pas|no se|non|n.o|kan|kon)(?<rest>)",
        "MSX",
    ),
];

/// Who said what: a block's text with single blanks. `reply` is the reply, `step` what it answers.
pub(super) static SAYINGS: &[Form] = &[
    form(
        "Postfix",
        r"host (?<host>[^\s\[\]]+)\[(?<ip>[^\]\s]+)\](?::\d+)? said: (?<reply>.*?)(?: ?\(in reply to (?<step>[A-Z a-z]+?)(?: command)?\))?$",
        "PFX, SOE",
    ),
    form(
        "Postfix",
        r"host (?<host>[^\s\[\]]+)\[(?<ip>[^\]\s]+)\](?::\d+)? (?<step>refused to talk to me): (?<reply>.*)$",
        "PFX",
    ),
    form(
        "Exim",
        r"SMTP error from remote mail(?: server|er) after (?<step>.*?): host (?<host>\S+) \[(?<ip>[^\]]+)\]:? (?<reply>.*)$",
        "EXM, SOE",
    ),
    form(
        "Exim",
        r"host (?<host>\S+) \[(?<ip>[^\]]+)\](?: Delay reason:)? SMTP error from remote mail(?: server|er) after (?<step>.*?): (?<reply>[245]\d\d[ -].*)$",
        "EXM, SOE",
    ),
    form(
        "Gmail",
        r"by the server for the recipient domain \S+ by (?<host>HOST) \[(?<ip>[^\]]+)\]\. The error that the other server returned was: (?<reply>.*)$",
        "SOE",
    ),
    form(
        "Gmail",
        r"(?:The error that the other server returned was|The response(?: from the remote server)? was|(?:La respuesta|La r.{1,4}ponse|Die Antwort) .*?): ?(?<reply>[245]\d\d.*)$",
        "SOE",
    ),
    form(
        "qmail",
        r"Connected to (?<host>\S+) but (?<step>sender|my name|greeting) (?:was rejected|failed)\. Remote host said:? ?(?<reply>.*)$",
        "QMS, SOE",
    ),
    form("qmail", r"(?<host>\S+) (?<step>does not like recipient)\. Remote host said: (?<reply>.*)$", "QMS, SOE"),
    form(
        "qmail",
        r"(?<host>\S+) failed (?<step>after I sent the message|on DATA command)\. Remote host said(?:\[[^\]]*\])?: (?<reply>.*)$",
        "QMS, SOE",
    ),
    form(
        "qmail-ldap and others",
        r"most progress was (?<step>[A-Z ]+) response; remote host (?<host>\S+) said: (?<reply>.*)$",
        "SOE",
    ),
    form(
        "DragonFly Mail Agent",
        r"(?<host>\S+) \[(?<ip>[^\]]+)\] did not like our (?<step>[A-Za-z ]+): (?<reply>.*)$",
        "DMA, SOE",
    ),
    form("MailFoundry", r"Server (?<host>[^\s\[]+)\[(?<ip>[^\]]+)\] failed with: (?<reply>.*)$", "SOE"),
    form(
        "1&1, GMX",
        r"SMTP error from remote server (?:after|for) (?<step>[A-Z ]+) command[,:]? host: (?<host>\S+)(?: \((?<ip>[^)]+)\))?(?: reason:)? (?<reply>.*)$",
        "SOE",
    ),
    form("x3", r"SMTP:(?<step>[A-Z]+) host (?<host>\S+): (?<reply>.*)$", "SOE"),
    form("x6", r"SMTP Server <(?<host>[^>\s]+)> .*?\((?<step>[A-Z ]+)\).*?error message: \[(?<reply>[^\]]*)\]", "SOE"),
    form(
        "Exchange Online",
        r"(?<host>HOST) (?:gave this error|hat diesen Fehler ausgegeben|a renvoy.{1,4} cette erreur|ha generado este error|ha restituito questo errore) ?: (?<reply>.*)$",
        "MSX",
    ),
    form("Exchange 2007", r"(?<host>HOST) #<(?:\S+ )?#\d\.\d+\.\d+ smtp; ?(?<reply>.*?)> ?#SMTP#", "SOE"),
    form("Exchange 2007", r"(?<host>HOST) #(?<reply>[45]\d\d[ -].*?) ?##", "SOE"),
    form(
        "hMailServer",
        r"Remote server \((?<host>[^)\s]+)\) issued an error\. hMailServer sent: (?<step>[A-Z ]+)\S* Remote server replied: (?<reply>.*)$",
        "HMS",
    ),
    form("CommuniGate Pro", r"(?:rejected by|reports:) (?<host>HOST): (?<reply>[45]\d\d.*)$", "SOE"),
    form("IceWarp", r"remote MTA (?<host>HOST): SMTP diagnostic: (?<reply>.*)$", "SOE"),
    form("Domino", r"Error transferring to (?<host>HOST); (?<reply>.*)$", "SOE"),
    form("Sendmail, in a note", r"\(reason: (?<reply>[45]\d\d.*?)\)(?: \(|$)", "SM"),
    form(
        "Oracle Messaging Server",
        r"Diagnostic code: \w+; ?(?<reply>[45]\d\d.*?) Remote system: dns; ?(?<host>HOST)",
        "SOE",
    ),
    form("Mimecast", r"Additional information follows : -- (?<reply>.*)$", "SOE"),
    form("m-FILTER", r"-+server message (?<reply>.*?)(?: -+SMTP command (?<step>[A-Z ]+))?$", "SOE"),
    form("Zoho", r"ERROR_CODE ?:(?<code>[45]\d\d), ERROR_CODE ?:,? ?(?<reply>.*)$", "SOE"),
    form("Yahoo", r"Remote host said(?:\[[^\]]*\])?: (?<reply>.*?) ?\[(?<step>[A-Z_]+)\]$", "SOE"),
    form("qmail, Yahoo", r"Remote (?:host|server) (?:said|replied)(?:\[[^\]]*\])?: (?<reply>.*)$", "QMS, SOE"),
    form("Apache James", r"Error message below: (?<reply>[45]\d\d.*?)(?: Message details:.*)?$", "SOE"),
    form("Exchange", r"#(?<reply>[45]\d\d[ -].*?) ?##", "SOE"),
    form(
        "Exchange",
        r"(?i)Remote Server at (?<host>HOST) \((?<ip>[^)]+)\) returned '(?<reply>[245]\d\d[ -].*?)'(?: .*)?$",
        "SOE",
    ),
    form("SurfControl", r"^\[(?<host>[^\]\s]+)\], (?<reply>[45]\d\d.*?)(?: ?-{2,}.*)?$", "SOE"),
    form("Exim", r"LMTP error (?:from \S+ )?after (?<step>.*?): (?<reply>[45]\d\d.*)$", "EXM"),
    form("Trend Micro, MailMarshal", r"Could not be delivered because of (?<reply>[45]\d\d.*)$", "SOE"),
    form("SendGrid", r"^(?<reply>[45]\d\d[ -].*?) in (?<step>RCPT TO|MAIL FROM|DATA)$", "SOE"),
    form(
        "Exchange Online",
        r#"(?i)(?:^| )(?<host>[\w-]+(?:\.[\w-]+)+) Remote ?server returned(?: message denied| an error)?:? ?['"]?(?<reply>[245]\d\d[ -].*)$"#,
        "MSX",
    ),
    form(
        "Exchange",
        r#"(?i)Remote ?server returned(?: message denied| an error)?:? ?['"]?(?<reply>[245]\d\d[ -].*)$"#,
        "MSX, SOE",
    ),
    // Whatever the language is: the reply stands in quotes.
    form("Exchange", r#"['"«„“‘](?<reply>[45]\d\d[ -]\d\.\d{1,3}\.\d{1,3} .*?)['"»“”’]\.?$"#, "MSX"),
    form("any", r"(?:^|[\s:;'(<>-])(?<reply>[45]\d\d[ -]\d\.\d{1,3}\.\d{1,3}\b.*)$", "RFC 2034"),
];

/// Lines behind which nothing more is said of a recipient: what a program printed, headings of other sections.
pub(super) static SILENCES: &[Form] = &[
    form("Exim", r"^The following text was generated during the delivery attempt", "EXM, SOE"),
    form("Exchange", r"^Diagnostic information for administrators:", "MSX, SOE"),
    form("OpenSMTPD", r"^Please note that this is only a temporary failure report", "SOE"),
];

/// Headings behind which the dialogue is told, and what it came to.
pub(super) static ASIDES: &[Form] = &[form("Sendmail", r"^-{3,} ?Transcript of", "SM, SOE")];

/// Lines that say nothing: rules, and headings between rules.
pub(super) static HEADINGS: &[Form] =
    &[form("various", r"^because:$|^[-=*_]{2,}(?: .* ?[-=*_]{2,})?$|^_{8,}|^\*\* .* \*\*$", "SOE")];

/// What Exchange says between angle brackets: its own status, and behind `smtp;` what another host replied to it.
pub(super) static BRACKETS: &[Form] = &[
    form("Exchange 2003", r"<(?<host>HOST) #(?<status>\d\.\d+\.\d+) smtp; ?(?<reply>[45]\d\d.*)>", "SOE"),
    form("Exchange 2003", r"<(?<host>HOST) #(?<status>\d\.\d+\.\d+)>", "SOE"),
    form("Exchange", r"< ?#(?<status>\d\.\d+\.\d+) smtp; ?(?<reply>[45]\d\d.*)>", "MSX"),
];

/// Words by which a host says of itself that it refused, where a notice names no other one.
pub(super) static OWN_WORDS: &[Form] = &[
    form(
        "Exchange",
        r"\b(?:RESOLVER|ROUTING|STOREDRV|AGENT|CAT|DSN|MAILFLT|ADR|RESTRICTED|OOF|SMTPRELAY|APPROVAL)\.[A-Z]{2,}",
        "MSX",
    ),
    form("Exchange", r"TRANSPORT\.RULES\.", "MSX"),
    form("Amavis, Barracuda", r"Reject, id=|content rejected, UBE, id=", "SOE"),
];

/// Words by which it does so without a reply: of a delivery of its own.
pub(super) static LOCAL_WORDS: &[Form] = &[
    form("Exchange 2003", r"MSEXCH:|The recipient name is not recognized", "SOE"),
    form("Exim", r"mailbox is full|unknown local-part", "EXM, SOE"),
    form(
        "Postfix",
        r"(?i)unknown user: |command output:|mail for \S+ loops back to myself|mail forwarding loop for|too many hops|^User unknown in (?:local|virtual|relay) ",
        "PFX",
    ),
    form("Exim", r"Unrouteable address|lowest numbered MX record points to local host|^generated by", "EXM"),
    form("Exim, IMail, x1", r"(?i)^(?:unknown user|user unknown|invalid final delivery userid)\b", "EXM, SOE"),
    form("qmail", r"no mailbox here by that name|This address no longer accepts mail", "QMS"),
    form("Domino", r"(?:not listed|Several matches found) in (?:Domino Directory|public Name & Address Book)", "SOE"),
    form("qmail", r"^5\.(?:1\.1|2\.\d|7\.\d) ", "QMS, SOE"),
    form("fml", r"^Duplicated Message-ID", "SOE"),
    form("GroupWise", r"^user not found$", "SOE"),
];

/// Hosts that refuse what they have taken, and then write of it themselves.
pub(super) static OWN_HOSTS: &[Form] = &[form("Amazon SES", r"^inbound-smtp\.", "SOE")];

/// Words that say that nobody takes mail for the domain (RFC 7505).
pub(super) static NULL_MX: &[Form] = &[form(
    "various",
    r"(?i)null mx|MX or SRV record indicated no SMTP service|doesn't receive email according to|Host does not accept mail",
    "SM, EXM, SOE",
)];

/// Words that say that the domain has no host that could be asked.
pub(super) static NO_HOST: &[Form] = &[form(
    "various",
    r"(?i)host (?:or domain name )?not found|host unknown|unknown host|name service error|host name lookup failure|unrouteable (?:mail )?domain|domain (?:does not exist|name not found)|couldn't find (?:any host|a mail exchanger)|illegal host/domain name|no (?:mx|dns) (?:record )?(?:was )?found|no mx record|could not find a gateway for|name server:|DNS error|NXDOMAIN|all relevant MX records point to non-existent hosts",
    "PFX, EXM, QMS, SOE",
)];

/// Words that say that no host answered, or that the time was over.
pub(super) static NO_ANSWER: &[Form] = &[
    form(
        "various",
        r"(?i)connect(?:ion|ed)?\b.*?(?:timed? ?out|refused|reset|closed)|(?:operation|timed) ?(?:timed )?out|socket error|network error on destination|no route to host|network is unreachable|lost connection",
        "PFX, EXM, SOE",
    ),
    form(
        "various",
        r"(?i)not (?:reachable|responding)|did not accept our requests to connect|(?:wasn't able|unable) to (?:establish|connect)|could ?n.t connect|no SMTP connection got far enough$",
        "SOE",
    ),
    form(
        "various",
        r"(?i)too long|could not deliver for the last|have been failing for a long time|host lookup did not complete|cannot send message (?:for|within)|not delivered within|multiple retries|giving up|for \d+ (?:hours|days)|after \d+ (?:hour|day)|undeliverable for \d+|message will be retried|(?:delivery|message) (?:is |has been )?delayed|unable to deliver this message after",
        "SOE",
    ),
    form("various", EXPIRED, "SOE"),
];
const EXPIRED: &str = r"(?i)QUEUE\.Expired|message (?:has )?expired|envelope expired|(?:delivery )?time ?(?:was )?expired|retry time(?:out)? (?:exceeded|not reached)|because the domain is not reachable";

/// Of those, what is said with a code, by the host that gave up.
pub(super) static GIVEN_UP: &[Form] = &[form("various", EXPIRED, "SOE")];

/// The address that was written to, where a notice says so in a line of its own.
pub(super) static ALIASES: &[Form] = &[
    form("Exim", r"^\((?:ultimately )?generated from (?<address>ADDR)\)$", "EXM, SOE"),
    form("Sendmail", r"^\(expanded from: <?(?<address>ADDR)>?\)$", "SM, SOE"),
];

/// What stands behind a reply and is none of it.
pub(super) static TAILS: &[Form] = &[
    form("qmail", r" ?Giving up on \S+?\.?$", "QMS"),
    form("qmail", r" ?I'm not going to try again; this message has been in the queue too long\..*$", "QMS"),
    form("qmail", r" ?\(Other MXes tried: .*$", "SOE"),
    form("Gmail", r" ?\(state \d+\)\.?$", "SOE"),
    form("Yahoo", r" ?\[(?:RCPT_TO|MAIL_FROM|DATA|CONNECT|BODY)\]$", "SOE"),
    form("Yahoo", r" ?STEP: [A-Z ]+$", "SOE"),
    form("Exchange", r" ?##.*$", "SOE"),
    form("MailMarshal", r" ?The following recipients were affected:.*$", "SOE"),
    form("Amazon SES", r"' \(delivery attempts: \d+\)$", "SOE"),
];

/// The patterns of a table, ready to use.
pub(super) struct Table(Vec<(Regex, &'static Form)>);

impl Table {
    fn of(forms: &'static [Form], lines: bool) -> Self {
        let compiled = forms.iter().map(|form| {
            let text = form.reads.replace("ADDR", ADDR).replace("HOST", HOST);
            let regex = RegexBuilder::new(&text).multi_line(lines).build().expect("a test compiles every row");
            (regex, form)
        });
        Self(compiled.collect())
    }

    /// The first row that fits, with what it caught.
    pub(super) fn first<'t>(&self, text: &'t str) -> Option<(regex::Captures<'t>, &'static Form)> {
        self.0.iter().find_map(|(regex, form)| Some((regex.captures(text)?, *form)))
    }

    /// Whether a row fits.
    pub(super) fn fits(&self, text: &str) -> bool {
        self.0.iter().any(|(regex, _)| regex.is_match(text))
    }

    /// `text` without what the rows know.
    pub(super) fn without(&self, text: &str) -> String {
        let mut text = text.to_string();
        for (regex, _) in &self.0 {
            if let Some(found) = regex.find(&text) {
                text.truncate(found.start());
            }
        }
        text
    }
}

pub(super) static COPY: LazyLock<Table> = LazyLock::new(|| Table::of(COPIES, false));
pub(super) static PRODUCT: LazyLock<Table> = LazyLock::new(|| Table::of(PRODUCTS, true));
pub(super) static REPORTER: LazyLock<Table> = LazyLock::new(|| Table::of(REPORTERS, true));
pub(super) static NAME: LazyLock<Table> = LazyLock::new(|| Table::of(NAMES, false));
pub(super) static SAYING: LazyLock<Table> = LazyLock::new(|| Table::of(SAYINGS, false));
pub(super) static BRACKET: LazyLock<Table> = LazyLock::new(|| Table::of(BRACKETS, false));
pub(super) static OWN: LazyLock<Table> = LazyLock::new(|| Table::of(OWN_WORDS, false));
pub(super) static LOCAL: LazyLock<Table> = LazyLock::new(|| Table::of(LOCAL_WORDS, false));
pub(super) static OWN_HOST: LazyLock<Table> = LazyLock::new(|| Table::of(OWN_HOSTS, false));
pub(super) static NULLED: LazyLock<Table> = LazyLock::new(|| Table::of(NULL_MX, false));
pub(super) static HOSTLESS: LazyLock<Table> = LazyLock::new(|| Table::of(NO_HOST, false));
pub(super) static UNANSWERED: LazyLock<Table> = LazyLock::new(|| Table::of(NO_ANSWER, false));
pub(super) static EXPIRY: LazyLock<Table> = LazyLock::new(|| Table::of(GIVEN_UP, false));
pub(super) static ASIDE: LazyLock<Table> = LazyLock::new(|| Table::of(ASIDES, false));
pub(super) static SILENCE: LazyLock<Table> = LazyLock::new(|| Table::of(SILENCES, false));
pub(super) static HEADING: LazyLock<Table> = LazyLock::new(|| Table::of(HEADINGS, false));
pub(super) static ALIAS: LazyLock<Table> = LazyLock::new(|| Table::of(ALIASES, false));
pub(super) static TAIL: LazyLock<Table> = LazyLock::new(|| Table::of(TAILS, false));

/// A bare address.
pub(super) static ADDRESS: LazyLock<Regex> = LazyLock::new(|| Regex::new(ADDR).expect("it is tested"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_compiles_and_says_whose_it_is() {
        let all = [COPIES, PRODUCTS, REPORTERS, NAMES, SAYINGS, BRACKETS, ALIASES, TAILS];
        let all = all.into_iter().chain([
            OWN_WORDS,
            LOCAL_WORDS,
            OWN_HOSTS,
            NULL_MX,
            NO_HOST,
            NO_ANSWER,
            GIVEN_UP,
            SILENCES,
            HEADINGS,
        ]);
        for form in all.flatten() {
            assert!(!form.product.is_empty() && !form.source.is_empty(), "{}", form.reads);
        }
        for table in [&COPY, &PRODUCT, &REPORTER, &NAME, &SAYING, &BRACKET, &ALIAS, &TAIL, &OWN, &LOCAL, &UNANSWERED] {
            assert!(!table.fits("\u{0}"), "a form that fits anything");
        }
    }
}
