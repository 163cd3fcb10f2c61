//! What nsdiag makes of real bounces of many products, beside what somebody makes of them who reads them; of forms of which
//! there is no real one at hand; and of a bounce beside the landscape that wrote it.
//!
//! The real ones are of the set-of-emails collection of the Sisimai project (BSD 2-clause).
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
use nsdiag::app;
use nsdiag::cli::AskArgs;
use nsdiag::collect::bounce::read_bytes;
use nsdiag::commands::check::CheckArgs;
use nsdiag::config::Settings;
use nsdiag_checks::bounce::{Answer, Beside, Bounce, judge};
use nsdiag_lab::{Lab, Scenario};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What a reader takes from each bounce, a line a recipient: file, recipient, address, the address that was written to,
/// action, status, code, who refused, step, meaning, whether it looped, product of the form. `-` is what it does not say.
const READ: &str = include_str!("bounces/read.tsv");

/// Where the classifier of replies takes a reply otherwise than a reader, and why that is left so. None of them is taken for
/// an unknown recipient.
const TAKEN_OTHERWISE: &str = include_str!("bounces/otherwise.tsv");

fn judged(bytes: &[u8]) -> Bounce {
    judge("0.1.0", &read_bytes(bytes).unwrap(), Beside::default())
}

fn word(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap_or("-").into()
}

/// A line for each recipient of a bounce.
fn lines(name: &str, bounce: &Bounce) -> Vec<Vec<String>> {
    let or = |text: Option<&str>| text.unwrap_or("-").to_string();
    let mut all = Vec::new();
    for (at, one) in bounce.recipients.iter().enumerate() {
        let code = one.reply.as_ref().and_then(|reply| reply.code);
        all.push(vec![
            name.to_string(),
            (at + 1).to_string(),
            or(one.address.as_deref()),
            or(one.written_to.as_deref()),
            one.action.word().to_string(),
            or(one.status.as_deref()),
            code.map_or("-".into(), |code| code.to_string()),
            or(one.refused_by.as_ref().map(|by| &*by.host)),
            word(one.stage),
            word(one.meaning),
            one.looped.map_or("-".into(), |looped| looped.to_string()),
            or(bounce.product.as_deref()),
        ]);
    }
    if all.is_empty() {
        all.push([vec![name.to_string(), "0".into()], vec!["-".to_string(); 10]].concat());
    }
    all
}

#[test]
fn real_bounces_are_read_as_a_reader_reads_them() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/bounces");
    if !Path::new(folder).is_dir() {
        println!("skipped: {folder} is missing");
        return;
    }
    let otherwise: BTreeMap<&str, &str> = TAKEN_OTHERWISE.lines().map(|line| line.split_once('\t').unwrap()).collect();
    let mut names: Vec<String> = READ.lines().map(|line| line.split('\t').next().unwrap().to_string()).collect();
    names.dedup();
    let mut ours = Vec::new();
    for name in &names {
        let bounce = judged(&std::fs::read(format!("{folder}/{name}.eml")).unwrap());
        // Nothing beside a bounce tells whether its refusal is false.
        for one in &bounce.recipients {
            let expected = if one.action.is_trouble() { Answer::Unknown } else { Answer::No };
            assert_eq!(one.false_rejection, expected, "{name}");
        }
        ours.extend(lines(name, &bounce));
    }
    const COLUMNS: [&str; 12] = [
        "file",
        "recipient",
        "address",
        "written to",
        "action",
        "status",
        "code",
        "refused by",
        "step",
        "meaning",
        "looped",
        "product",
    ];
    let theirs: Vec<Vec<&str>> = READ.lines().map(|line| line.split('\t').collect()).collect();
    let mut wrong = Vec::new();
    let mut meanings: BTreeMap<(String, String), usize> = BTreeMap::new();
    assert_eq!(ours.len(), theirs.len(), "more or fewer recipients");
    for (read, taken) in theirs.iter().zip(&ours) {
        *meanings.entry((read[9].into(), taken[9].clone())).or_default() += 1;
        for (at, column) in COLUMNS.iter().enumerate() {
            let known = at == 9 && otherwise.get(read[0]) == Some(&&*taken[9]);
            if read[at] != taken[at] && !known {
                wrong.push(format!("{} {}: {column}: {} is read, {} taken", read[0], read[1], read[at], taken[at]));
            }
        }
        let accused = taken[9].starts_with("unknown-recipient") && !read[9].starts_with("unknown-recipient");
        assert!(!accused, "{taken:?}");
    }
    println!("{:28} {:28} recipients", "read", "taken");
    for ((read, taken), count) in &meanings {
        println!("{read:28} {taken:28} {count}");
    }
    let products: BTreeSet<&str> = theirs.iter().map(|read| read[11]).filter(|product| *product != "-").collect();
    let same = meanings.iter().filter(|((read, taken), _)| read == taken).map(|(_, count)| count).sum::<usize>();
    println!(
        "{} recipients of {} bounces, {} products; {same} meanings as read",
        ours.len(),
        names.len(),
        products.len()
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(names.len() >= 60 && products.len() >= 12, "{} of {}", names.len(), products.len());
    assert!(same * 100 >= ours.len() * 95, "{same} of {}", ours.len());
}

/// What a form says, in short: source, product, who reports, and of each recipient the address, the action, the status, the
/// code, who refused, the step and the meaning.
fn short(bounce: &Bounce) -> String {
    let or = |text: Option<&str>| text.unwrap_or("-").to_string();
    let head = format!(
        "{} {} from {}",
        word(bounce.source),
        or(bounce.product.as_deref()),
        or(bounce.reporting_host.as_deref())
    );
    let of = |line: &Vec<String>| {
        let [_, _, address, written_to, action, status, code, by, step, meaning, ..] = &line[..] else {
            panic!("{line:?}")
        };
        let alias = if written_to == "-" { String::new() } else { format!(" ({written_to})") };
        format!("; {address}{alias} {action} {status} {code} by {by} at {step}: {meaning}")
    };
    let none = bounce.recipients.is_empty();
    head + &if none { String::new() } else { lines("", bounce).iter().map(of).collect() }
}

/// A notice with these fields for machines, and this text for people.
fn dsn(text: &str, fields: &str) -> String {
    format!(
        "From: postmaster@fabrikam.com\nTo: anna@fabrikam.com\nSubject: Undeliverable: Offer\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n--b\nContent-Type: text/plain\n\n\
         {text}\n\n--b\nContent-Type: message/delivery-status\n\n{fields}\n\n--b--\n"
    )
}

#[test]
fn forms_are_read_in_mail_in_tickets_and_in_other_languages() {
    let unknown = "<orders@contoso.com>: Recipient address rejected: User unknown in relay recipient table";
    let cases = [
        (
            "Exchange 2010, pasted",
            format!(
                "Delivery has failed to these recipients or groups:\n\norders@contoso.com<mailto:orders@contoso.com>\nThe e-mail \
                 address you entered couldn't be found. Call 555 1234.\n\nBen Miller<mailto:ben@contoso.com>\nIt couldn't be \
                 found.\n\nDiagnostic information for administrators:\n\nGenerating server: EX01.fabrikam.local\n\n\
                 orders@contoso.com\nmx1.contoso.com #550 5.1.1 {unknown} ##\n\nben@contoso.com\n\
                 mx1.contoso.com #<mx1.contoso.com #5.2.2 smtp; 552 5.2.2 <ben@contoso.com>: Mailbox full> #SMTP#\n\n\
                 Original message headers:\n\nReceived: from EX01.fabrikam.local by EX01.fabrikam.local with mapi\n"
            ),
            "text Exchange from EX01.fabrikam.local; orders@contoso.com failed 5.1.1 550 by mx1.contoso.com at -: \
             unknown-recipient; ben@contoso.com failed 5.2.2 552 by mx1.contoso.com at -: full",
        ),
        (
            "Exchange in German",
            "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:\n\norders@contoso.com\nDie eingegebene \
             E-Mail-Adresse konnte nicht gefunden werden.\n\nDiagnoseinformationen für Administratoren:\n\nGenerierender Server: \
             EX01.fabrikam.local\n\norders@contoso.com\n#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n\n\
             Ursprüngliche Nachrichtenkopfzeilen:\n\nReceived: from A by B\n"
                .into(),
            "text Exchange from EX01.fabrikam.local; orders@contoso.com failed 5.1.1 550 by EX01.fabrikam.local at -: \
             unknown-recipient",
        ),
        (
            "Exchange Online in a language that no table knows",
            format!(
                "Tu mesaj nu a putut fi livrat.\n\nServer generator: DB7PR01MB0001.eurprd01.prod.exchangelabs.com\n\n\
                 orders@contoso.com\nServerul la distanță a returnat '550 5.1.1 {unknown}'\n"
            ),
            "text - from -; orders@contoso.com failed 5.1.1 550 by - at -: unknown-recipient",
        ),
        (
            "Exchange Online",
            format!(
                "mx1.contoso.com rejected your message to the following email addresses:\n\norders@contoso.com \
                 (orders@contoso.com)\nThe address wasn't found at the destination domain.\n\nDiagnostic information for \
                 administrators:\nGenerating server: DB7PR01MB0001.eurprd01.prod.exchangelabs.com\norders@contoso.com\n\
                 mx1.contoso.com\nRemote server returned '550 5.1.1 {unknown}'\n\nOriginal message headers:\n"
            ),
            "text Exchange Online from DB7PR01MB0001.eurprd01.prod.exchangelabs.com; orders@contoso.com failed 5.1.1 550 by \
             mx1.contoso.com at -: unknown-recipient",
        ),
        (
            "Exchange 2003, of its own",
            "Your message did not reach some or all of the intended recipients.\n\n      Subject:  Test\n\nThe following \
             recipient(s) cannot be reached:\n\n      ben@contoso.com on 1/5/2009 10:21 AM\n            The e-mail account does \
             not exist at the organization this message was sent to.\n            <exch01.fabrikam.com #5.1.1>\n"
                .into(),
            "text Exchange from -; ben@contoso.com failed 5.1.1 - by exch01.fabrikam.com at -: unknown-recipient",
        ),
        (
            "Exchange 2003, of another host's: who that was, it does not say",
            "Your message did not reach some or all of the intended recipients.\n\n      ben@contoso.com on 1/5/2009 10:21 AM\n\
             There was a SMTP communication problem with the recipient's email server.\n\
             <exch01.fabrikam.com #5.5.0 smtp;550 5.7.1 Unable to relay for ben@contoso.com>\n"
                .into(),
            "text Exchange from -; ben@contoso.com failed 5.7.1 550 by - at -: relay-denied",
        ),
        (
            "hMailServer",
            "Your message did not reach some or all of the intended recipients.\n\norders@contoso.com\n   Error Type: SMTP\n   \
             Remote server (192.0.2.25) issued an error.\n   hMailServer sent: RCPT TO:<orders@contoso.com>\n   Remote server \
             replied: 550 5.1.1 User unknown\n\nhMailServer\n"
                .into(),
            "text Exchange from -; orders@contoso.com failed 5.1.1 550 by 192.0.2.25 at rcpt: unknown-recipient",
        ),
        (
            "GroupWise",
            "From: <postmaster@gw.contoso.com>\nSubject: Message status - undeliverable\nMIME-Version: 1.0\n\nThe message that \
             you sent was undeliverable to the following:\n\torders@contoso.com (user not found)\n\nPossibly truncated original \
             message follows:\n"
                .into(),
            "text GroupWise from gw.contoso.com; orders@contoso.com failed - - by gw.contoso.com at -: unknown-recipient",
        ),
        (
            "Gmail, HTML alone",
            "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nSubject: Delivery Status Notification (Failure)\n\
             MIME-Version: 1.0\nContent-Type: text/html; charset=UTF-8\n\n<html><body><h2>Address not found</h2><p>Your message \
             wasn't delivered to <b>orders@contoso.com</b> because it couldn't be found.</p><p>The response from the remote server \
             was:</p><p>550 5.4.1 Recipient address rejected: Access denied. AS(201806281) \
             [DB5EUR01FT006.eop-EUR01.prod.protection.outlook.com]</p></body></html>\n"
                .into(),
            "text Gmail from googlemail.com; orders@contoso.com failed 5.4.1 550 by \
             DB5EUR01FT006.eop-EUR01.prod.protection.outlook.com at -: unknown-recipient",
        ),
        (
            "quoted in an answer",
            format!(
                "From: helpdesk@fabrikam.com\nTo: admins@fabrikam.com\nSubject: Re: help\n\nCan you look at this?\n\n> This is \
                 the mail system at host mail.fabrikam.com.\n>\n> <orders@contoso.com>: host mx1.contoso.com[192.0.2.25] said: 550 \
                 5.1.1\n>     {unknown}\n>     (in reply to RCPT TO command)\n"
            ),
            "text Postfix from mail.fabrikam.com; orders@contoso.com failed 5.1.1 550 by mx1.contoso.com at rcpt: \
             unknown-recipient",
        ),
        (
            "a sentence in a ticket",
            format!("Ticket 4711: they get \"550 5.1.1 {unknown} (in reply to RCPT TO command)\" when they write to us\n"),
            "text - from -; orders@contoso.com failed 5.1.1 550 by - at rcpt: unknown-recipient",
        ),
        (
            "Exim, of its own",
            "This message was created automatically by mail delivery software.\n\nThe following address(es) failed:\n\n  \
             orders@contoso.com\n    (generated from sales@contoso.com)\n    Unrouteable address\n"
                .into(),
            "text Exim from -; orders@contoso.com (sales@contoso.com) failed - - by - at -: unknown-recipient",
        ),
        (
            "MDaemon",
            "YOUR MESSAGE WAS NOT DELIVERED TO ONE OR MORE RECIPIENTS!\n\nFailed address: ben@contoso.com\n\n--- Session Transcript \
             ---\n Thu 2015-01-01 10:00:00: Connecting to mx1.contoso.com\n Thu 2015-01-01 10:00:01: --> RCPT \
             To:<ben@contoso.com>\n Thu 2015-01-01 10:00:02: <-- 550 5.1.1 User unknown\n--- End Transcript ---\n"
                .into(),
            "text - from -; ben@contoso.com failed 5.1.1 550 by mx1.contoso.com at rcpt: unknown-recipient",
        ),
        (
            "CommuniGate Pro",
            "Failed to deliver to 'ben@contoso.com'\nSMTP module(domain contoso.com) reports:\n message text rejected by \
             mx1.contoso.com:\n 550 5.7.1 Message rejected as spam\n"
                .into(),
            "text CommuniGate Pro from -; ben@contoso.com failed 5.7.1 550 by mx1.contoso.com at -: policy",
        ),
        (
            "MailMarshal",
            "Your message:\n   From:    anna@fabrikam.com\n   Subject: Offer\n\nCould not be delivered because of\n\n550 5.1.1 User \
             unknown\n\nThe following recipients were affected: \n    ben@contoso.com\n"
                .into(),
            "text MailMarshal from -; ben@contoso.com failed 5.1.1 550 by - at -: unknown-recipient",
        ),
        (
            "Apache James",
            "Hi. This is the James mail server at mx.fabrikam.com.\n\nFailed recipient(s):\nben@contoso.com\n\nError message:\n550 \
             5.1.1 <ben@contoso.com>... User Unknown\n"
                .into(),
            "text Apache James from mx.fabrikam.com; ben@contoso.com failed 5.1.1 550 by - at -: unknown-recipient",
        ),
        (
            "qmail, of its own",
            "Hi. This is the qmail-send program at mx.contoso.com.\n\n<a@contoso.com>:\nThe users mailfolder is over the allowed quota \
             (size). (#5.2.2)\n\n<b@contoso.com>:\nThis message is looping: it already has my Delivered-To line. (#5.4.6)\n\n\
             <c@contoso.com>:\nSorry, I couldn't find any host by that name. (#4.1.2)\n"
                .into(),
            "text qmail from mx.contoso.com; a@contoso.com failed 5.2.2 - by mx.contoso.com at -: full; b@contoso.com failed 5.4.6 - \
             by - at -: loop; c@contoso.com failed 4.1.2 - by - at -: ambiguous",
        ),
        (
            "the host in X-Supplementary-Info",
            dsn(
                "Your message couldn't be delivered.",
                "Reporting-MTA: dns;ex01.fabrikam.com\n\nFinal-Recipient: rfc822;orders@contoso.com\nAction: failed\n\
                 Status: 5.1.1\nDiagnostic-Code: smtp;550 5.1.1 User unknown\nX-Supplementary-Info: <mx1.contoso.com #5.1.1 \
                 smtp;550 5.1.1 User unknown>",
            ),
            "dsn - from ex01.fabrikam.com; orders@contoso.com failed 5.1.1 550 by mx1.contoso.com at -: unknown-recipient",
        ),
        (
            "several recipients, of whom one arrived",
            dsn(
                "A report.",
                "Reporting-MTA: dns;mx.example.net\n\nFinal-Recipient: rfc822;a@contoso.com\nAction: delivered\nStatus: 2.1.5\n\n\
                 Final-Recipient: rfc822;b@contoso.com\nOriginal-Recipient: rfc822;team@example.net\nAction: failed\nStatus: \
                 5.7.1\nRemote-MTA: dns; mx1.contoso.com (192.0.2.25)\nDiagnostic-Code: smtp; 550 5.7.1 Relay access denied\n\
                 Final-Recipient: rfc822;c@contoso.com\nAction: delayed\nStatus: 4.4.1\nDiagnostic-Code: x-postfix; connect to \
                 mx1.contoso.com[192.0.2.25]:25: Connection timed out",
            ),
            "dsn - from mx.example.net; a@contoso.com delivered 2.1.5 - by - at -: accepted; b@contoso.com (team@example.net) \
             failed 5.7.1 550 by mx1.contoso.com at -: relay-denied; c@contoso.com delayed 4.4.1 - by - at -: temporary",
        ),
        (
            "an answer of somebody who is away",
            "From: Ben <ben@contoso.com>\nSubject: Out of office\nAuto-Submitted: auto-replied\n\nI am away. Please write \
             to\norders@contoso.com\nor call 555 1234.\n"
                .into(),
            "text - from contoso.com",
        ),
    ];
    for (name, text, expected) in cases {
        assert_eq!(short(&judged(text.as_bytes())), expected, "{name}");
        // As Windows saves it.
        let wide: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        assert_eq!(short(&judged(&wide)), expected, "{name}, in UTF-16");
        assert_eq!(short(&judged(text.replace('\n', "\r\n").as_bytes())), expected, "{name}, with CRLF");
    }
}

#[test]
fn a_notice_within_other_messages_is_found_and_one_that_came_back_is_not_taken_for_it() {
    let fields = |address: &str, host: &str| {
        format!(
            "Reporting-MTA: dns;mx.example.net\n\nFinal-Recipient: rfc822;{address}\nAction: failed\nStatus: 5.1.1\n\
             Remote-MTA: dns;{host}\nDiagnostic-Code: smtp;550 5.1.1 User unknown"
        )
    };
    let carried = |head: &str, text: &str, inner: &str| {
        format!(
            "{head}MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"o\"\n\n--o\nContent-Type: text/plain\n\n{text}\n\n\
             --o\nContent-Type: message/rfc822\n\n{inner}\n--o--\n"
        )
    };
    let inner = dsn("A report.", &fields("orders@contoso.com", "mx1.contoso.com"));
    let person = "From: anna@fabrikam.com\nTo: helpdesk@fabrikam.com\nSubject: Fw: Undeliverable\n";
    let daemon = "From: MAILER-DAEMON@mail.fabrikam.com\nSubject: failure notice\n";
    let once = carried(person, "FYI, please help.", &inner);
    let twice = carried(person, "And I hand it on.", &once);
    let bounced = carried(
        daemon,
        "Hi. This is the qmail-send program at mail.fabrikam.com.\n\n<ben@contoso.com>:\nRemote host said: 552 5.2.2 Mailbox full",
        &inner,
    );
    let orders =
        "dsn - from mx.example.net; orders@contoso.com failed 5.1.1 550 by mx1.contoso.com at -: unknown-recipient";
    let cases = [
        ("once", &once, orders),
        ("twice", &twice, orders),
        (
            "a notice whose message was a notice",
            &bounced,
            "text qmail from fabrikam.com; ben@contoso.com failed 5.2.2 552 by - at -: full",
        ),
    ];
    for (name, text, expected) in cases {
        let expected = expected.replace("from fabrikam.com", "from mail.fabrikam.com");
        assert_eq!(short(&judged(text.as_bytes())), expected, "{name}");
    }
    let mbox = format!("From a@b Thu Jan  1 10:00:00 2026\n{once}\n\nFrom a@b Thu Jan  1 10:00:01 2026\n{bounced}");
    let bounce = judged(mbox.as_bytes());
    assert_eq!(short(&bounce), orders);
    assert!(bounce.notes.iter().any(|note| note.contains("several messages (mbox)")), "{:?}", bounce.notes);
}

#[test]
fn what_is_no_text_is_refused_by_name() {
    let cases: [(&[u8], &str); 5] = [
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on",
            ": it is an Outlook file (.msg): save the message as .eml (or as text), or \
          paste what it says",
        ),
        (b"PK\x03\x04rest", ": it is a zip archive: unpack it first"),
        (b"\x1f\x8b\x08rest", ": it is compressed by gzip: unpack it first"),
        (b" \r\n", ": it is empty"),
        (b"", ": it is empty"),
    ];
    for (bytes, expected) in cases {
        assert_eq!(read_bytes(bytes).unwrap_err(), expected);
    }
}

#[test]
fn a_long_message_is_read_as_far_as_it_matters() {
    let mut long = dsn(
        "A report.",
        "Final-Recipient: rfc822;orders@contoso.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp;550 5.1.1 User unknown",
    )
    .into_bytes();
    long.resize(nsdiag::collect::bounce::LIMIT + 4096, b'x');
    let notice = nsdiag::collect::bounce::read(&mut &long[..]).unwrap();
    assert_eq!(notice.recipients.len(), 1);
    assert!(notice.notes.iter().any(|note| note == "only its first 16 MiB were read"), "{:?}", notice.notes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bounce_is_judged_beside_the_landscape_that_wrote_it() {
    // Scenario, the bounced address, who refused it in which words; whether that is false, and what is found.
    let unknown = "User unknown in relay recipient table";
    let cases = [
        (
            "broken-gateway",
            "orders@contoso.com",
            "mx1.contoso.com",
            unknown,
            Answer::Yes,
            "gateway-rejects-other-mailbox NSD401",
        ),
        ("healthy", "orders@contoso.com", "mx1.contoso.com", unknown, Answer::Unknown, "delivered"),
        ("broken-gateway", "nobody@contoso.com", "mx1.contoso.com", unknown, Answer::No, "inconclusive"),
    ];
    for (scenario, address, host, words, expected, found) in cases {
        let folder = tempfile::tempdir().unwrap();
        let lab = Lab::start(&Scenario::named(scenario).unwrap(), folder.path()).await.unwrap();
        let ask = AskArgs { config: Some(lab.config().to_path_buf()), ..AskArgs::default() };
        let mut settings = Settings::load(&CheckArgs { ask, ..CheckArgs::default() }).unwrap();
        settings.question.smtp_port = lab.smtp_port();
        settings.ask_about(vec![address.into()], None);
        let (report, _) = app::check(&settings, &|_| {}).await.unwrap();
        let fields = format!(
            "Final-Recipient: rfc822;{address}\nAction: failed\nStatus: 5.1.1\nRemote-MTA: dns;{host}\n\
             Diagnostic-Code: smtp;550 5.1.1 {words}"
        );
        let notice = read_bytes(dsn("A report.", &fields).as_bytes()).unwrap();
        let bounce = judge("0.1.0", &notice, Beside { domain: Some("contoso.com"), own: &[], report: Some(&report) });
        let one = &bounce.recipients[0];
        let codes = one.findings.iter().map(|finding| format!(" {}", finding.code)).collect::<String>();
        let said = format!("{}{codes}", one.diagnosis.map_or("-", |fate| fate.word()));
        assert_eq!((one.false_rejection, &*said), (expected, found), "{scenario}, {address}: {}", one.why);
        // Whom the bounce is not about is left alone, but for the controls.
        let asked: BTreeSet<&str> = report
            .evidence
            .smtp
            .iter()
            .flat_map(|session| &session.transcript)
            .filter_map(|turn| turn.recipient.as_deref())
            .collect();
        let others = ["sales@contoso.com"];
        assert!(asked.contains(address) && others.iter().all(|other| !asked.contains(other)), "{asked:?}");
    }
}
