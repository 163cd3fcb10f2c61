//! Damaged and hostile exports: each ends as evidence that names the file, the place and what is wrong.
use super::{files, fixtures, read};
use nsdiag_checks::evidence::{How, Observed, Organisation};

const HEAD: &str = "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">\n";

/// CLIXML of one accepted domain, with `properties` behind its own.
fn clixml(properties: &str) -> String {
    let kind = "Microsoft.Exchange.Data.Directory.SystemConfiguration.AcceptedDomain";
    format!(
        "{HEAD}<Obj RefId=\"0\"><TN RefId=\"0\"><T>{kind}</T></TN><Props><S N=\"Name\">a</S>{properties}</Props></Obj>\n</Objs>"
    )
}

const DOMAIN: &str = r#"{"Name": "a", "DomainName": "contoso.com", "DomainType": 2, "AddressBookEnabled": false}"#;
const CONNECTOR: &str = r#""Name": "To Zimbra", "Enabled": true, "IsScopedConnector": false, "Port": 25, "RequireTLS": false, "MaxMessageSize": "Unlimited", "SourceTransportServers": ["EX1"]"#;

const LISTED: &str = "Name               : a\nDomainName         : contoso.com\nDomainType         : InternalRelay\nAddressBookEnabled : True\n";

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// What each input is called, the input, and the whole line that the evidence has for it.
fn cases() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let text = |text: &str| text.as_bytes().to_vec();
    let whole = std::fs::read(fixtures().join("Get-SendConnector--css-exchange--o365.clixml.xml")).unwrap();
    vec![
        ("empty", vec![], " [] Unreadable: the file is empty"),
        ("only a byte order mark", vec![0xff, 0xfe], " [] Unreadable: the file is empty"),
        (
            "a real export, cut off",
            whole[..30_000].to_vec(),
            "Get-SendConnector [CLIXML, UTF-8 with BOM] Unreadable:385:30: object 1, ObjectClass: the file ends in the middle of an element: it is cut off",
        ),
        (
            "cut off in a tag",
            whole[..3_000].to_vec(),
            "Get-SendConnector [CLIXML, UTF-8 with BOM] Unreadable:66:258: object 1, SmartHosts: the file ends in the middle of an element: it is cut off",
        ),
        (
            "two real exports in one file",
            [&whole[..], &whole[3..]].concat(),
            "Get-SendConnector [CLIXML, UTF-8 with BOM] Unreadable:437:88: more behind the end of </Objs>: two exports in one file",
        ),
        (
            "a bomb of entities",
            text("<!DOCTYPE a [<!ENTITY b \"&c;&c;\"><!ENTITY c \"ha\">]>\n<Objs>&b;</Objs>"),
            " [CLIXML, UTF-8] Unreadable:1:1: a document type declaration: CLIXML has none, and no entity is expanded",
        ),
        (
            "an entity from elsewhere",
            text("<?xml version=\"1.0\"?>\n<!DOCTYPE a SYSTEM \"file:///etc/passwd\">\n<Objs/>"),
            " [CLIXML, UTF-8] Unreadable:2:1: a document type declaration: CLIXML has none, and no entity is expanded",
        ),
        (
            "an entity without a declaration",
            text(&clixml("<S N=\"Comment\">&evil;</S>")),
            "Get-AcceptedDomain [CLIXML, UTF-8] Unreadable:2:149: object 1, Comment: the entity &evil;: CLIXML defines none, and none is expanded",
        ),
        (
            "a character that is none",
            text(&clixml("<S N=\"Comment\">&#xFFFFFFFF;</S>")),
            "Get-AcceptedDomain [CLIXML, UTF-8] Unreadable:2:149: object 1, Comment: not XML: invalid character reference: `4294967295` is not a valid codepoint",
        ),
        (
            "nesting",
            text(&format!("{HEAD}{}", "<Obj><LST>".repeat(100_000))),
            " [CLIXML, UTF-8] TooLarge:2:641: object 1: more than 64 levels inside each other",
        ),
        (
            "elements that do not match",
            text(&clixml("<S N=\"Comment\">x</B>")),
            "Get-AcceptedDomain [CLIXML, UTF-8] Unreadable:2:150: object 1, Comment: not XML: ill-formed document: expected `</S>`, but `</B>` was found",
        ),
        (
            "a control character in the parser's own words",
            text(&clixml("<S N=\"&lt\u{16};\">x</S>")),
            "Get-AcceptedDomain [CLIXML, UTF-8] Unreadable:2:134: object 1: not XML: at 1..4: unrecognized entity `lt\u{fffd}`",
        ),
        (
            "an attribute twice",
            text(&clixml("<S N=\"a\" N=\"b\">x</S>")),
            "Get-AcceptedDomain [CLIXML, UTF-8] Unreadable:2:134: object 1: not XML: position 8: duplicated attribute, previous declaration at position 2",
        ),
        (
            "an attribute without an end",
            text(&format!("{HEAD}<Obj RefId=\"0>")),
            " [CLIXML, UTF-8] Unreadable:2:15: the file ends in the middle of a tag: it is cut off",
        ),
        (
            "another root",
            text("<html><body>Sign in</body></html>"),
            " [CLIXML, UTF-8] Unreadable:1:1: not CLIXML: its root is <html>, not <Objs xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">",
        ),
        (
            "another namespace",
            text("<Objs xmlns=\"urn:x\"></Objs>"),
            " [CLIXML, UTF-8] Unreadable:1:1: not CLIXML: its root is <Objs>, not <Objs xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">",
        ),
        (
            "texts in place of objects",
            text(&format!("{HEAD}<S>Name  DomainName</S></Objs>")),
            " [CLIXML, UTF-8] Unreadable:2:1: <S> where an object should be: Export-Clixml of a cmdlet's output gives objects",
        ),
        (
            "text between the objects",
            text(&format!("{HEAD}hello</Objs>")),
            " [CLIXML, UTF-8] Unreadable:2:6: text between the objects",
        ),
        (
            "a boolean that is none",
            text(&clixml("<B N=\"AddressBookEnabled\">perhaps</B>")),
            "Get-AcceptedDomain [CLIXML, UTF-8] Unreadable:2:134: object 1, AddressBookEnabled: <B> holds 'perhaps', no boolean",
        ),
        (
            "an element that CLIXML has not",
            text(&clixml("<Script N=\"x\">y</Script>")),
            "Get-AcceptedDomain [CLIXML, UTF-8] Unreadable:2:134: object 1, x: <Script> is no element of CLIXML",
        ),
        (
            "a reference that leads nowhere",
            text(&clixml("<Ref N=\"DomainName\" RefId=\"77\" />")),
            "Get-AcceptedDomain [CLIXML, UTF-8] Unreadable:2:1: object 1 (a), DomainName: it refers to an object that is not at hand; export it with Export-Clixml, or with the script that 'nsdiag explain NSD331' prints",
        ),
        (
            "a value too large",
            text(&clixml(&format!("<S N=\"Comment\">{}</S>", "x".repeat(20 << 20)))),
            "Get-AcceptedDomain [CLIXML, UTF-8] TooLarge:2:16842675: object 1, Comment: more than 16 MiB in one object",
        ),
        (
            "values too many",
            text(&clixml(&"<Nil/>".repeat(100_001))),
            "Get-AcceptedDomain [CLIXML, UTF-8] TooLarge:2:600122: object 1: more than 100000 values in one object",
        ),
        (
            "a NUL byte",
            text(&clixml("<S N=\"Comment\">a\0b</S>")),
            "Get-AcceptedDomain [CLIXML, UTF-8] Unreadable:2:150: object 1, Comment: a NUL byte: no text, or UTF-16 without a byte order mark",
        ),
        (
            "UTF-16 without a byte order mark",
            wide(DOMAIN),
            " [JSON, UTF-8] Unreadable:1:2: object 1: a NUL byte: no text, or UTF-16 without a byte order mark",
        ),
        (
            "two encodings in one file",
            b"[{\"Name\": \"gr\xc3\xbcn, gr\xfcn\"}]".to_vec(),
            " [JSON, UTF-8] Unreadable:1:20: object 1, Name: neither UTF-8, UTF-16 with a byte order mark nor Windows-1252: export it with -Encoding UTF8",
        ),
        (
            "half a character",
            [&[0xff, 0xfe][..], &wide("{\"Name\": \""), &[0x00, 0xd8], &wide("\"}")].concat(),
            " [JSON, UTF-16LE] Unreadable:1:11: object 1, Name: not UTF-16: half a character",
        ),
        (
            "JSON, cut off",
            text(&format!("[{DOMAIN},\n{{\"Name\": \"b")),
            "Get-AcceptedDomain [JSON, UTF-8] Unreadable:2:12: object 2, Name: the file ends in the middle of a value: it is cut off",
        ),
        (
            "JSON with a comma too many",
            text("[\n{\"Name\": \"a\",}]"),
            " [JSON, UTF-8] Unreadable:2:14: object 1: not JSON: trailing comma",
        ),
        (
            "JSON with something behind it",
            text(&format!("{DOMAIN}\n}}")),
            "Get-AcceptedDomain [JSON, UTF-8] Unreadable:2:1: not JSON: expected value",
        ),
        (
            "JSON nesting",
            text(&format!("[{}", "{\"a\":".repeat(100_000))),
            " [JSON, UTF-8] TooLarge:1:328: object 1, a: more than 64 levels inside each other",
        ),
        (
            "JSON arrays",
            text(&"[".repeat(100_000)),
            " [JSON, UTF-8] Unreadable:1:3: an array inside the array where an object should be: ConvertTo-Json of a cmdlet's output gives objects",
        ),
        (
            "JSON texts",
            text("[\"contoso.com\"]"),
            " [JSON, UTF-8] Unreadable:1:15: a text where an object should be: ConvertTo-Json of a cmdlet's output gives objects",
        ),
        (
            "half a character in JSON",
            text("{\"Name\": \"\\ud800\"}"),
            " [JSON, UTF-8] Unreadable:1:17: object 1, Name: not JSON: unexpected end of hex escape",
        ),
        (
            "a JSON value too large",
            text(&format!("[{{\"Name\": \"{}\"}}]", "x".repeat(20 << 20))),
            " [JSON, UTF-8] TooLarge:1:16777220: object 1, Name: more than 16 MiB in one object",
        ),
        (
            "JSON values too many",
            text(&format!("[{{\"a\": [{}0]}}]", "0,".repeat(100_001))),
            " [JSON, UTF-8] TooLarge:1:200008: object 1, a: more than 100000 values in one object",
        ),
        (
            "a wrapper without objects",
            text("{\"cmdlet\": \"Get-SendConnector\"}"),
            "Get-SendConnector [JSON, UTF-8] Unreadable:1:32: it names a cmdlet and has no \"objects\"",
        ),
        (
            "a wrapper of another cmdlet",
            text("{\"cmdlet\": \"Get-OrganizationConfig\", \"objects\": []}"),
            " [JSON, UTF-8] NotTried: of Get-OrganizationConfig, which nsdiag does not read; set aside",
        ),
        (
            "two wrappers",
            text(
                "{\"cmdlet\": \"Get-SendConnector\", \"objects\": []}\n{\"cmdlet\": \"Get-AcceptedDomain\", \"objects\": []}",
            ),
            "Get-SendConnector [JSON, UTF-8] Unreadable:2:32: Get-AcceptedDomain behind Get-SendConnector: put each cmdlet into a file of its own",
        ),
        (
            "two cmdlets",
            text(&format!("[{DOMAIN},\n {{\"Name\": \"x\", \"Bindings\": [], \"RemoteIPRanges\": []}}]")),
            "Get-AcceptedDomain [JSON, UTF-8] Unreadable:2:3: object 2 (x): it is of Get-ReceiveConnector, and those before it of Get-AcceptedDomain: put each cmdlet into a file of its own",
        ),
        (
            "a cmdlet and another thing",
            text(&format!("[{DOMAIN}, {{\"Colour\": \"red\"}}]")),
            "Get-AcceptedDomain [JSON, UTF-8] Unreadable:1:93: object 2: objects with the properties Colour behind those of Get-AcceptedDomain: put each cmdlet into a file of its own",
        ),
        (
            "a type that is none",
            text(&DOMAIN.replace('2', "7")),
            "Get-AcceptedDomain [JSON, UTF-8] Unreadable:1:2: object 1 (a), DomainType: 7 is not understood",
        ),
        (
            "a domain that is none",
            text(&DOMAIN.replace("contoso.com", "contoso com")),
            "Get-AcceptedDomain [JSON, UTF-8] Unreadable:1:2: object 1 (a), DomainName: 'contoso com' is not understood",
        ),
        (
            "a property that was not selected",
            text(&DOMAIN.replace("AddressBookEnabled", "Default")),
            "Get-AcceptedDomain [JSON, UTF-8] Unreadable:1:2: object 1 (a), AddressBookEnabled: the export lacks it; export the objects whole, without Select-Object, or with the script that 'nsdiag explain NSD331' prints",
        ),
        (
            "address spaces of a shallow JSON",
            text(&format!(
                "[{{{CONNECTOR}, \"SmartHostsString\": \"\", \"AddressSpaces\": \"Microsoft.Exchange.Data.MultiValuedProperty`1[Microsoft.Exchange.Data.AddressSpace]\"}}]"
            )),
            "Get-SendConnector [JSON, UTF-8] Unreadable:1:3: object 1 (To Zimbra), AddressSpaces: it holds only 'Microsoft.Exchange.Data.MultiValuedProperty`1[Microsoft.Exch…', which is no value; export it with Export-Clixml, or with the script that 'nsdiag explain NSD331' prints",
        ),
        (
            "address spaces as PowerShell shows an object",
            text(&format!(
                "[{{{CONNECTOR}, \"SmartHostsString\": \"\", \"AddressSpaces\": [\"@{{Address=*; Type=SMTP}}\"]}}]"
            )),
            "Get-SendConnector [JSON, UTF-8] Unreadable:1:3: object 1 (To Zimbra), AddressSpaces: it holds only '@{Address=*; Type=SMTP}', which is no value; export it with Export-Clixml, or with the script that 'nsdiag explain NSD331' prints",
        ),
        (
            "smart hosts that were lost",
            text(&format!(
                "[{{{CONNECTOR}, \"AddressSpaces\": [\"SMTP:*;1\"], \"SmartHostsString\": \"\", \"SmartHosts\": \"System.Collections.ArrayList\", \"DNSRoutingEnabled\": false}}]"
            )),
            "Get-SendConnector [JSON, UTF-8] Unreadable:1:3: object 1 (To Zimbra), DNSRoutingEnabled: it is False, and the export shows no smart host",
        ),
        (
            "address spaces in CSV",
            text(
                "#TYPE Microsoft.Exchange.Data.Directory.SystemConfiguration.SmtpSendConnectorConfig\r\n\"Name\",\"IsScopedConnector\",\"AddressSpaces\",\"SmartHostsString\"\r\n\"To Zimbra\",\"False\",\"Microsoft.Exchange.Data.MultiValuedProperty`1[Microsoft.Exchange.Data.AddressSpace]\",\"\"\r\n",
            ),
            "Get-SendConnector [CSV, UTF-8] Unreadable:3:1: object 1 (To Zimbra), AddressSpaces: it holds only 'Microsoft.Exchange.Data.MultiValuedProperty`1[Microsoft.Exch…', which is no value; export it with Export-Clixml, or with the script that 'nsdiag explain NSD331' prints",
        ),
        (
            "a row of CSV that is cut off",
            text("\"Name\",\"DomainName\",\"DomainType\"\n\"a\",\"contoso.com\"\n"),
            "Get-AcceptedDomain [CSV, UTF-8] Unreadable:2:1: object 1: 2 cells under 3 names: the row is cut off, or the separator is not one",
        ),
        (
            "a quote in CSV that is not closed",
            text("\"Name\",\"DomainName\",\"DomainType\"\n\"a\",\"contoso.com\",\"InternalRe\n"),
            "Get-AcceptedDomain [CSV, UTF-8] Unreadable:2:1: a quote is not closed: the file is cut off",
        ),
        (
            "CSV without an end",
            text("Name,DomainName,DomainType,AddressBookEnabled\na,contoso.com,InternalRelay,Fal"),
            "Get-AcceptedDomain [CSV, UTF-8] Unreadable:2:1: the last line does not end: the file is cut off",
        ),
        (
            "what the console shows",
            text(
                "\nName           DomainName     DomainType\n----           ----------     ----------\ncontoso.com    contoso.com    InternalRelay\n",
            ),
            "Get-AcceptedDomain [Format-Table, UTF-8] Unreadable:4:1: object 1 (contoso.com), AddressBookEnabled: the export lacks it; export the objects whole, without Select-Object, or with the script that 'nsdiag explain NSD331' prints",
        ),
        (
            "what the console shows of another cmdlet",
            text("\nName        TargetDeliveryDomain\n----        --------------------\ncontoso.com True\n"),
            " [Format-Table, UTF-8] NotTried: objects with the properties Name, TargetDeliveryDomain, which nsdiag does not read; set aside",
        ),
        (
            "a table whose rows do not keep to its columns",
            text(
                "DomainName DomainType    AddressBookEnabled\n---------- ----------    ------------------\ncontoso.com InternalRelay True\n",
            ),
            " [Format-Table, UTF-8] Unreadable:3:1: object 1: what stands at DomainType does not keep to its column; use Export-Clixml",
        ),
        (
            "a table with a value that is cut short",
            text(
                "DomainName  DomainType  AddressBookEnabled\n----------  ----------  ------------------\ncontoso.com InternalR... True\n",
            ),
            " [Format-Table, UTF-8] Unreadable:3:1: object 1: what stands at AddressBookEnabled does not keep to its column; use Export-Clixml",
        ),
        (
            "a table with a value that is cut short and keeps to its column",
            text(
                "DomainName  DomainType    AddressBookEnabled\n----------  ----------    ------------------\ncontoso.com InternalRe... True\n",
            ),
            "Get-AcceptedDomain [Format-Table, UTF-8] Unreadable:3:1: object 1, DomainType: the console shows a part of it alone; export it with Export-Clixml, or with the script that 'nsdiag explain NSD331' prints",
        ),
        (
            "prose",
            text("Dear all,\n\nwe have two domains.\n"),
            " [] Unreadable: neither CLIXML, JSON, CSV nor what Format-List or Format-Table shows: use Export-Clixml",
        ),
        (
            "a list that is cut off in a line",
            text("Name               : a\nDomainName         : contoso.com\nDomainType         : Internal"),
            "Get-AcceptedDomain [Format-List, UTF-8] Unreadable:3:1: object 1: the last line does not end: the text is cut off",
        ),
        (
            "a list whose last object is cut off",
            text(&format!(
                "{LISTED}\nName               : b\nDomainName         : b.com\nDomainType         : Authoritative\n"
            )),
            "Get-AcceptedDomain [Format-List, UTF-8] Unreadable:6:1: object 2: its properties are not those of the object before it: it is cut off, or of another cmdlet; use Export-Clixml",
        ),
        (
            "a list that lacks an empty line",
            text(&format!("{LISTED}{LISTED}")),
            "Get-AcceptedDomain [Format-List, UTF-8] Unreadable:5:1: object 1: Name twice in one object: an empty line is lost between two",
        ),
        (
            "a list of another cmdlet",
            text("DomainName           : contoso.com\nTargetDeliveryDomain : True\n\n"),
            " [Format-List, UTF-8] NotTried: objects with the properties DomainName, TargetDeliveryDomain, which nsdiag does not read; set aside",
        ),
        (
            "a list with a warning of the shell's between",
            text(&format!("{LISTED}WARNING: By default, only the first 1000 items are returned.\n")),
            "Get-AcceptedDomain [Format-List, UTF-8] Unreadable:5:1: object 1: 'WARNING: By default, only the first 1000 items are returned.' is no line that Format-List writes; use Export-Clixml",
        ),
        (
            "a list without what is needed",
            text("Name       : a\nDomainName : contoso.com\nDomainType : InternalRelay\n\n"),
            "Get-AcceptedDomain [Format-List, UTF-8] Unreadable:1:1: object 1 (a), AddressBookEnabled: the export lacks it; export the objects whole, without Select-Object, or with the script that 'nsdiag explain NSD331' prints",
        ),
        (
            "a list with a collection that is cut short",
            text(
                "Name                   : To Zimbra\nAddressSpaces          : {SMTP:contoso.com;1, SMTP:b.com;1...}\nSmartHosts             : {zimbra.contoso.com}\nIsScopedConnector      : False\n",
            ),
            "Get-SendConnector [Format-List, UTF-8] Unreadable:1:1: object 1 (To Zimbra), AddressSpaces: the console shows a part of it alone; export it with Export-Clixml, or with the script that 'nsdiag explain NSD331' prints",
        ),
        (
            "recipients without a type",
            text("[{\"PrimarySmtpAddress\": \"a@contoso.com\", \"RecipientType\": null}]"),
            " [JSON, UTF-8] Unreadable:1:3: object 1, RecipientTypeDetails: the export does not tell what this recipient is",
        ),
        (
            "a type of recipient that is none",
            text("[{\"Name\": \"A\", \"EmailAddresses\": [], \"RecipientTypeDetails\": 3}]"),
            " [JSON, UTF-8] Unreadable:1:3: object 1 (A), RecipientTypeDetails: '3' is no type of recipient",
        ),
        (
            "contacts without a target",
            text("[{\"Name\": \"A\", \"EmailAddresses\": [], \"RecipientTypeDetails\": 64}]"),
            " [JSON, UTF-8] Unreadable:1:3: object 1 (A), ExternalEmailAddress: the export lacks it; export the objects whole, without Select-Object, or with the script that 'nsdiag explain NSD331' prints",
        ),
        (
            "a size that is none",
            text(&format!(
                "[{{{}, \"AddressSpaces\": [], \"SmartHostsString\": \"\"}}]",
                CONNECTOR.replace("Unlimited", "large")
            )),
            "Get-SendConnector [JSON, UTF-8] Unreadable:1:3: object 1 (To Zimbra), MaxMessageSize: 'large' is not understood",
        ),
    ]
}

#[test]
fn what_is_damaged_is_told_with_file_and_place() {
    let folder = tempfile::tempdir().unwrap();
    for (number, (name, bytes, expected)) in cases().into_iter().enumerate() {
        let path = folder.path().join(format!("export{number}"));
        std::fs::write(&path, bytes).unwrap();
        let read = read(&path, &["a@contoso.com"]);
        let told = files(&read).remove(0);
        assert_eq!(told, expected, "{name}");
    }
}

/// What of an organisation is unknown, and why.
fn unknown(organisation: &Organisation) -> Vec<(&'static str, How)> {
    let parts = [
        ("accepted domains", organisation.accepted_domains.miss()),
        ("send connectors", organisation.send_connectors.miss()),
        ("receive connectors", organisation.receive_connectors.miss()),
        ("outbound connectors", organisation.outbound_connectors.miss()),
    ];
    parts.into_iter().filter_map(|(name, miss)| Some((name, miss?.how))).collect()
}

#[test]
fn what_a_damaged_file_should_have_shown_is_unknown_and_never_none() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(fixtures().join("Get-SendConnector--css-exchange--o365.clixml.xml")).unwrap();
    let mixed = format!("[{DOMAIN},\n {{\"Name\": \"x\", \"Bindings\": [], \"RemoteIPRanges\": []}}]");
    let other = DOMAIN.replace('2', "0");
    let none = "{\"cmdlet\": \"Get-OutboundConnector\", \"objects\": []}";
    let no_domain = "{\"cmdlet\": \"Get-AcceptedDomain\", \"objects\": []}";
    let all = ["accepted domains", "send connectors", "receive connectors", "outbound connectors"];
    type Case<'a> = (&'a [&'a [u8]], Vec<(&'static str, How)>);
    let cases: [Case; 9] = [
        (&[&whole[..30_000]], vec![("send connectors", How::Unreadable)]),
        (&[&whole[..30_000], &whole], vec![]),
        (&[b"{\"Na"], all.map(|part| (part, How::Unreadable)).into()),
        (&[b"{\"Na", &whole], [all[0], all[2], all[3]].map(|part| (part, How::Unreadable)).into()),
        (&[mixed.as_bytes()], vec![("accepted domains", How::Unreadable), ("receive connectors", How::Unreadable)]),
        (&[b"[null]"], all.map(|part| (part, How::NotTried)).into()),
        (&[none.as_bytes()], vec![]),
        (&[no_domain.as_bytes()], vec![("accepted domains", How::NoRight)]),
        (&[DOMAIN.as_bytes(), other.as_bytes()], vec![("accepted domains", How::Unreadable)]),
    ];
    for (number, (files, expected)) in cases.into_iter().enumerate() {
        let folder = folder.path().join(number.to_string());
        std::fs::create_dir(&folder).unwrap();
        for (place, bytes) in files.iter().enumerate() {
            std::fs::write(folder.join(format!("{place}.json")), bytes).unwrap();
        }
        let read = read(&folder, &[]);
        let Observed::Known(organisation) = &read.organisation else { panic!("{read:?}") };
        assert_eq!(unknown(organisation), expected, "{number}: {read:#?}");
        if number == 6 {
            assert_eq!(
                organisation.outbound_connectors,
                Observed::Known(vec![]),
                "the wrapper says that there are none"
            );
        }
    }
}

#[test]
fn what_is_no_file_or_too_large_is_refused_without_reading_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.xml");
    std::fs::File::create(&path).unwrap().set_len(17 << 30).unwrap();
    assert_eq!(files(&read(&path, &[])), [" [] TooLarge: larger than 16 GiB"]);
    std::fs::File::create(&path).unwrap().set_len(2 << 30).unwrap();
    let nul = " [] Unreadable:1:1: a NUL byte: no text, or UTF-16 without a byte order mark";
    assert_eq!(files(&read(&path, &[])), [nul]);
    assert_eq!(files(&read(std::path::Path::new("/dev/null"), &[])), [" [] Unreadable: not a regular file"]);
    std::fs::remove_file(&path).unwrap();
    std::fs::write(folder.path().join("notes.md"), "x").unwrap();
    std::fs::write(folder.path().join(".hidden.json"), "x").unwrap();
    let aside = " [] NotTried: set aside: the ending is none of .xml, .clixml, .json, .csv, .txt";
    assert_eq!(files(&read(folder.path(), &[])), [aside]);
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(files(&read(empty.path(), &[])), [" [] NotTried: the folder is empty"]);
}

#[test]
fn every_bent_byte_of_what_the_console_shows_is_borne() {
    let table = "Name       DomainName DomainType\n----       ---------- ----------\na b        a.com          2\n";
    for (format, text) in [("list", LISTED), ("table", table)] {
        for at in 0..text.len() {
            for byte in 0..=255 {
                let mut bent = text.as_bytes().to_vec();
                bent[at] = byte;
                let (objects, wrong) = nsdiag::collect::exports::read_bytes(format, &bent);
                assert!(objects < 3, "{bent:?}");
                assert!(!wrong.is_some_and(|wrong| wrong.contains(char::is_control)), "{bent:?}");
            }
        }
    }
}
