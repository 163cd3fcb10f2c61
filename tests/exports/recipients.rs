//! Exported recipients: what each becomes, when an address is nobody's, and which objects are noteworthy.
use super::{read, read_all};
use nsdiag_checks::evidence::Observed;
use nsdiag_checks::evidence::directory::{Directory, Entry};
use nsdiag_checks::model::recipients::kind;

/// A recipient of Get-Recipient as one line of JSON; `more` are further properties.
fn one(name: &str, kind: &str, addresses: &str, more: &str) -> String {
    let all: Vec<String> = addresses.split_whitespace().map(|address| format!("\"{address}\"")).collect();
    let primary = addresses.split_whitespace().find_map(|address| address.strip_prefix("SMTP:")).unwrap_or_default();
    let more = if more.contains("ExternalEmailAddress") {
        more.into()
    } else {
        format!("\"ExternalEmailAddress\": null{more}")
    };
    format!(
        "{{\"Name\": \"{name}\", \"DistinguishedName\": \"CN={name},DC=x\", \"RecipientTypeDetails\": {kind}, \"EmailAddresses\": [{}], \
         \"PrimarySmtpAddress\": \"{primary}\", \"HasActiveSyncDevicePartnership\": false, {more}}}\n",
        all.join(", ")
    )
}

fn export(text: &str, addresses: &[&str]) -> Directory {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recipients.json");
    std::fs::write(&path, text).unwrap();
    read(&path, addresses)
}

fn names(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.dn.split([',', '=']).nth(1).unwrap()).collect()
}

#[test]
fn every_type_is_what_the_directory_makes_of_it() {
    let target = "\"ExternalEmailAddress\": \"SMTP:a@zimbra.contoso.com\"";
    let cases = [
        ("\"UserMailbox\"", "", "mailbox"),
        ("1", "", "mailbox"),
        ("{\"value\": 4, \"Value\": \"SharedMailbox\"}", ", \"Database\": \"DB1\"", "mailbox"),
        ("\"RoomMailbox\"", "", "mailbox"),
        ("\"TeamMailbox\"", "", "mailbox"),
        ("\"MailUser\"", target, "mail-user"),
        ("\"GuestMailUser\"", target, "mail-user"),
        ("128", target, "mail-user"),
        ("\"RemoteUserMailbox\"", target, "remote-mailbox"),
        ("34359738368", target, "remote-mailbox"),
        ("\"MailContact\"", target, "contact"),
        ("64", target, "contact"),
        ("\"MailUniversalDistributionGroup\"", "", "group"),
        ("1024", "", "group"),
        ("\"RoomList\"", "", "group"),
        ("\"GroupMailbox\"", "", "group"),
        ("\"DynamicDistributionGroup\"", "", "group"),
        ("\"PublicFolder\"", "", "public-folder"),
    ];
    for (details, more, expected) in cases {
        let read = export(&one("A", details, "SMTP:a@contoso.com", more), &["a@contoso.com"]);
        let Observed::Known(found) = &read.lookups[0].entries else { panic!("{details}: {read:?}") };
        let state = serde_json::to_value(kind(&found[0])).unwrap();
        assert_eq!((found.len(), state.as_str().unwrap()), (1, expected), "{details}: {found:?}");
    }
}

#[test]
fn an_address_is_nobodys_only_where_all_recipients_were_exported() {
    let anna = one("Anna", "1", "SMTP:anna@contoso.com smtp:a@contoso.com", "");
    let many = |count: usize| -> String {
        let each = |number| one(&format!("U{number}"), "1", &format!("SMTP:u{number}@contoso.com"), "");
        (0..count).map(each).collect()
    };
    let wrapped = |text: &str| {
        let objects = text.trim_end().replace('\n', ",");
        format!("{{\"cmdlet\": \"Get-Recipient\", \"resultSize\": \"Unlimited\", \"objects\": [{objects}]}}")
    };
    let selected = anna.replace("HasActiveSyncDevicePartnership", "DisplayName");
    let group = one("G", "256", "SMTP:g@contoso.com", "").replace("HasActiveSyncDevicePartnership", "DisplayName");
    let unlimited = "Get-Recipient -ResultSize Unlimited would tell";
    let cases = [
        (anna.clone(), Ok(())),
        (many(999), Ok(())),
        (many(1000), Err(format!("Get-Recipient gave exactly 1000 recipients, its usual limit; {unlimited}"))),
        (wrapped(&many(1000)), Ok(())),
        (many(1001), Ok(())),
        (wrapped(""), Err("Get-Recipient gave no recipient".into())),
        (selected.clone(), Err(format!("it cannot be told which recipients were exported; {unlimited}"))),
        (format!("{selected}{group}"), Ok(())),
        (
            selected.replace("DisplayName", "ForwardingSmtpAddress"),
            Err(format!("only Get-Mailbox was exported; {unlimited}")),
        ),
        (format!("{anna}{{\"Na"), Err("the file ends in the middle of a value: it is cut off".into())),
        (anna.replace("EmailAddresses", "Emails"), Err("object 1 (Anna): the export has no EmailAddresses".into())),
    ];
    for (text, expected) in cases {
        let read = export(&text, &["nobody@contoso.com"]);
        let short = &text[..text.len().min(300)];
        match (&read.lookups[0].entries, expected) {
            (Observed::Known(found), Ok(())) => assert!(found.is_empty(), "{short}"),
            (Observed::Unknown(miss), Err(said)) => assert!(miss.said.ends_with(&said), "{}\n{short}", miss.said),
            (other, expected) => panic!("{other:?} {expected:?} {short}"),
        }
    }
    let partly = format!("{selected}{{\"Na");
    let read = export(&partly, &["a@contoso.com"]);
    assert_eq!(names(read.lookups[0].entries.known().unwrap()), ["Anna"], "what was read before the damage holds");
    let forwards = one("F", "1", "SMTP:f@contoso.com", ", \"ForwardingAddress\": \"CN=Goal,DC=x\"");
    let read = export(&format!("{forwards}{{\"Na"), &[]);
    assert_eq!(names(read.noteworthy.known().unwrap()), ["F"]);
    let cut = read.noteworthy_incomplete.map(|miss| miss.said).unwrap_or_default();
    assert!(cut.ends_with("the file ends in the middle of a value: it is cut off"), "there may be more: {cut}");
    assert_eq!(export(&forwards, &[]).noteworthy_incomplete, None);
}

#[test]
fn noteworthy_objects_are_kept_and_ordinary_ones_are_counted() {
    let to = |address: &str| format!("\"ExternalEmailAddress\": \"SMTP:{address}\"");
    let text = [
        one("Zoe", "1", "SMTP:zoe@contoso.com", ""),
        one("Anna", "1", "SMTP:anna@contoso.com smtp:shared@contoso.com", ""),
        one("Disabled", "1", "SMTP:aaa@contoso.com", ", \"AccountDisabled\": true"),
        one("Twin", "256", "SMTP:twin@contoso.com smtp:Shared@contoso.com", ""),
        one("Redirected", "1", "SMTP:r@contoso.com", &to("r@elsewhere.com")),
        one("Loop", "64", "SMTP:loop@contoso.com", &to("loop@contoso.com")),
        one("Nowhere", "128", "SMTP:n@contoso.com", ""),
        one("Fine", "64", "SMTP:fine@contoso.com", &to("fine@zimbra.contoso.com")),
        one(
            "Forwards",
            "4",
            "SMTP:f@contoso.com",
            ", \"ForwardingAddress\": \"CN=Goal,DC=x\", \"DeliverToMailboxAndForward\": true",
        ),
        one("Goal", "64", "SMTP:goal@contoso.com", &to("goal@zimbra.contoso.com")),
        one("Mails", "1", "SMTP:m@contoso.com", ", \"ForwardingSmtpAddress\": \"smtp:zoe@contoso.com\""),
    ]
    .concat();
    let read = export(&text, &["anna@contoso.com"]);
    let noteworthy = read.noteworthy.known().unwrap();
    let expected = ["Anna", "Forwards", "Goal", "Loop", "Mails", "Nowhere", "Redirected", "Twin", "Zoe"];
    assert_eq!(names(noteworthy), expected);
    let forwards = &noteworthy[1];
    assert_eq!(forwards.value("altRecipient"), Some("CN=Goal,DC=x"));
    assert_eq!(forwards.boolean("deliverAndRedirect"), Some(true));
    let population = read.population.known().unwrap();
    let count = |state: &str| population.by_state.get(state).copied().unwrap_or(0);
    assert_eq!(
        (population.total, count("mailbox"), count("contact"), count("group"), count("mail-user")),
        (11, 6, 3, 1, 1)
    );
    assert_eq!(
        read.known_good,
        Observed::Known(Some("m@contoso.com".into())),
        "neither a disabled one nor one on the list"
    );
}

#[test]
fn one_object_from_two_cmdlets_is_one_object() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["all.json", "mailboxes.json"].map(|name| folder.path().join(name));
    let anna = one("Anna", "1", "SMTP:anna@contoso.com", "");
    std::fs::write(&paths[0], &anna).unwrap();
    let forwards = anna.replace("HasActiveSyncDevicePartnership", "ProhibitSendQuota");
    let forwards =
        forwards.replace("\"ExternalEmailAddress\": null", "\"ForwardingSmtpAddress\": \"smtp:x@elsewhere.com\"");
    std::fs::write(&paths[1], forwards).unwrap();
    let read = read_all(&paths, &["anna@contoso.com", "nobody@contoso.com"]);
    let found = read.lookups[0].entries.known().unwrap();
    assert_eq!(names(found), ["Anna"]);
    assert_eq!(found[0].value("msExchGenericForwardingAddress"), Some("smtp:x@elsewhere.com"));
    assert_eq!(read.lookups[1].entries, Observed::Known(vec![]), "Get-Recipient shows all");
    assert_eq!(read.population.known().unwrap().total, 1);
    assert_eq!(names(read.noteworthy.known().unwrap()), ["Anna"], "it forwards, and shares no address with itself");
}

#[test]
fn recipients_as_the_console_lists_them_are_known_as_far_as_it_shows_them() {
    let one = |name: &str, addresses: &str| {
        format!(
            "Name                           : {name}\r\n\
             DistinguishedName              : CN={name},OU=Everybody with a very long name,\r\n\
             {0:33}OU=Contoso,DC=corp,DC=contoso,DC=com\r\n\
             Identity                       : corp.contoso.com/Contoso/{name}\r\n\
             RecipientTypeDetails           : UserMailbox\r\n\
             ExternalEmailAddress           : \r\n\
             HasActiveSyncDevicePartnership : False\r\n\
             PrimarySmtpAddress             : {name}@contoso.com\r\n\
             EmailAddresses                 : {addresses}\r\n",
            ""
        )
    };
    let wrapped = format!("{{SMTP:anna@contoso.com,\r\n{:33}smtp:anna.b@contoso.com}}", "");
    let cut = "{SMTP:ben@contoso.com, smtp:b1@contoso.com...}";
    let prompt = "[PS] C:\\Windows\\system32>";
    let asked = ["anna@contoso.com", "anna.b@contoso.com", "ben@contoso.com", "nobody@contoso.com"];
    let held = |text: &str| -> Vec<Option<usize>> {
        let found = export(text, &asked);
        let of = |address: &&str| found.lookups.iter().find(|lookup| lookup.address == **address).unwrap();
        asked.iter().map(|address| of(address).entries.known().map(Vec::len)).collect()
    };
    let whole = format!("{prompt}Get-Recipient | fl\r\n\r\n\r\n{}\r\n\r\n{prompt}", one("anna", &wrapped));
    assert_eq!(held(&whole), [Some(1), Some(1), Some(0), Some(0)]);
    // An alias that is not shown may be anybody's.
    let short = format!("{}\r\n{}\r\n", one("anna", &wrapped), one("ben", cut));
    assert_eq!(held(&short), [Some(1), Some(1), Some(1), None]);
}

#[test]
fn recipients_as_the_console_tables_them_are_known_as_far_as_it_shows_them() {
    let asked = ["anna@contoso.com", "ben@contoso.com", "nobody@contoso.com"];
    let held = |text: &str| -> Vec<Option<usize>> {
        let found = export(text, &asked);
        let of = |address: &&str| found.lookups.iter().find(|lookup| lookup.address == **address);
        asked.iter().map(|address| of(address).and_then(|one| one.entries.known()).map(Vec::len)).collect()
    };
    let head = "[PS] C:\\>Get-Recipient | ft Name,RecipientTypeDetails,PrimarySmtpAddress\r\n\r\n\
                Name       RecipientTypeDetails PrimarySmtpAddress\r\n\
                ----       -------------------- ------------------\r\n";
    let rows = "Anna Adler UserMailbox          anna@contoso.com  \r\n\
                Sales             SharedMailbox ben@contoso.com   \r\n";
    let row =
        "Anna Adler UserMailbox          anna@contoso.com  \r\nSales      SharedMailbox        ben@contoso.com\r\n";
    // Who is shown is there; the aliases are not shown, and may be anybody's.
    assert_eq!(held(&format!("{head}{row}\r\n\r\n[PS] C:\\>")), [Some(1), Some(1), None]);
    // The rest of a row that -Wrap has broken is no recipient.
    let broken = format!("{head}{row}           Mailbox\r\n");
    assert_eq!(held(&broken), [Some(1), Some(1), None]);
    let miss = export(&broken, &asked).exports[0].objects.miss().cloned().unwrap();
    assert!(miss.said.contains(":7:1: object 3: a row without its first value"), "{miss:?}");
    // What does not stand under its name is not read at all.
    assert_eq!(held(&format!("{head}{rows}")), [Some(1), None, None]);
}

#[test]
fn an_export_in_windows_1252_is_read_as_what_it_is() {
    let heading = "Name,RecipientTypeDetails,PrimarySmtpAddress,EmailAddresses\r\n";
    let rows = b"J\xfcrgen \x96 Einkauf,UserMailbox,anna@contoso.com,SMTP:anna@contoso.com\r\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recipients.csv");
    std::fs::write(&path, [heading.as_bytes(), rows].concat()).unwrap();
    let found = read(&path, &["anna@contoso.com"]);
    assert_eq!(found.exports[0].format, "CSV, Windows-1252");
    let entries = found.lookups[0].entries.known().unwrap();
    assert_eq!(entries[0].values("cn"), ["Jürgen – Einkauf"]);
}
