//! Lists as people and programs have them, and what is said of each.
use super::*;

mod fixtures;
mod written;

/// Its addresses, aliases with a tilde, and then what is said of it; or the error.
fn told(bytes: &[u8], list_domain: Option<&str>) -> Vec<String> {
    let list = match read_bytes(bytes, "zimbra", "FILE", "contoso.com", list_domain) {
        Ok(list) => list,
        Err(wrong) => return vec![format!("ERR FILE{wrong}")],
    };
    let marked = |address: &String| match list.aliases.contains(address) {
        true => format!("~{address}"),
        false => address.clone(),
    };
    let addresses: Vec<String> = list.addresses.known().unwrap().iter().map(marked).collect();
    let mut told = vec![addresses.join(" ")];
    told.extend(read_in_words(&list, "contoso.com"));
    told.extend(not_taken_in_words(&list, "contoso.com"));
    told
}

#[test]
fn lists_are_read_in_every_spelling() {
    let wide: Vec<u8> =
        [0xff, 0xfe].into_iter().chain("a@contoso.com\r\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let cases: [(&str, &[u8], &str); 16] = [
        ("text", b"# mailboxes\nB@Contoso.com\n\nDoe, John <a@contoso.com>\n", "a@contoso.com b@contoso.com"),
        ("BOM", b"\xef\xbb\xbfa@contoso.com\r\n", "a@contoso.com"),
        ("UTF-16", &wide, "a@contoso.com"),
        ("CSV", b"Name,PrimarySmtpAddress\n\"Doe, J\",a@contoso.com\nK,b@contoso.com\n", "a@contoso.com b@contoso.com"),
        ("CSV without heading", b"Ann;a@contoso.com\nBen;b@contoso.com\n", "a@contoso.com b@contoso.com"),
        ("heading of unknown names", b"Wer;Wohin\nAnn;a@contoso.com\n", "a@contoso.com"),
        ("a title above", b"All mailboxes\n\nName,Mail\nAnn,a@contoso.com\n", "a@contoso.com"),
        (
            "comma in a cell",
            b"proxyAddresses,DN\nSMTP:a@contoso.com;smtp:b@contoso.com,\"CN=A,DC=c\"\n",
            "a@contoso.com ~b@contoso.com",
        ),
        ("one column", b"email\na@contoso.com\n", "a@contoso.com"),
        ("PowerShell CSV", b"#TYPE X\n\"Name\",\"EmailAddress\"\n\"A\",\"a@contoso.com\"\n", "a@contoso.com"),
        ("one quoted column", b"#TYPE X\n\"PrimarySmtpAddress\"\n\"a@contoso.com\"\n", "a@contoso.com"),
        ("JSON", br#"["a@contoso.com", "smtp:B@contoso.com"]"#, "a@contoso.com ~b@contoso.com"),
        ("JSON objects", br#"{"value": [{"id": 1, "mail": "a@contoso.com"}]}"#, "a@contoso.com"),
        (
            "JSON lines",
            b"{\"mail\": \"a@contoso.com\"}\n{\"mail\": \"b@contoso.com\"}\n",
            "a@contoso.com b@contoso.com",
        ),
        (
            "LDIF",
            b"dn: uid=a\nmail: a@con\n toso.com\nproxyAddresses: x500:/o=x\nmail:: YkBjb250b3NvLmNvbQ==\n",
            "a@contoso.com b@contoso.com",
        ),
        ("tabs and ragged lines", b"  a@contoso.com\n\tb@contoso.com\n", "a@contoso.com b@contoso.com"),
    ];
    for (name, text, expected) in cases {
        let told = told(text, None);
        assert_eq!(told[0], expected, "{name}");
        assert!(told.len() == 2, "{name}: {told:?}");
    }
}

#[test]
fn what_a_row_calls_its_mailbox_is_kept_where_it_is_surely_a_name_of_that_one() {
    let cases: [(&str, &str, &str); 16] = [
        ("a display name", "displayName,mail\nAnna Alt,a@contoso.com\n", "a: Anna Alt"),
        ("in German", "Anzeigename;E-Mail\nAnna Alt;a@contoso.com\n", "a: Anna Alt"),
        ("spelt apart", "Display Name,Primary SMTP Address\n\"Alt, Anna\",A@contoso.com\n", "a: Alt, Anna"),
        ("the surer of two", "cn,displayName,mail\nalt1,Anna Alt,a@contoso.com\n", "a: Anna Alt"),
        ("a plain name", "Name,Mail\nAnna Alt,a@contoso.com\n", "a: Anna Alt"),
        (
            "its parts",
            "First Name [Required],Last Name [Required],Email Address\nAnna,Alt,a@contoso.com\n",
            "a: Anna Alt",
        ),
        ("beside a given name", "Name;Vorname;E-Mail\nAlt;Anna;a@contoso.com\n", "a: Anna Alt"),
        ("LDIF", "dn: uid=a\ncn: Anna Alt\nmail: a@contoso.com\n", "a: Anna Alt"),
        ("JSON", r#"[{"primaryEmail": "a@contoso.com", "name": {"fullName": "Anna Alt"}}]"#, "a: Anna Alt"),
        ("aliases have none", "Name,mail,aliases\nAnna Alt,a@contoso.com,b@contoso.com\n", "a: Anna Alt"),
        ("of whom it is, nothing tells", "Name,mail\nTeam,\"a@contoso.com, b@contoso.com\"\n", ""),
        ("none", "Name,mail\n,a@contoso.com\nN/A,b@contoso.com\n-,c@contoso.com\n", ""),
        ("an address is no name", "Name,mail\na@contoso.com,a@contoso.com\n", ""),
        ("nor is what steers a terminal", "Name,mail\nAnna\u{202e}tlA,a@contoso.com\n", ""),
        ("a name to log on with", "Login,mail\nanna,a@contoso.com\n", ""),
        ("elsewhere", "Name,mail\nAnna Alt,a@fabrikam.com\nBen,b@contoso.com\n", "b: Ben"),
    ];
    for (what, text, expected) in cases {
        let list = read_bytes(text.as_bytes(), "zimbra", "FILE", "contoso.com", None).unwrap();
        let named =
            |(address, name): (&String, &String)| format!("{}: {name}", address.trim_end_matches("@contoso.com"));
        assert_eq!(list.names.iter().map(named).collect::<Vec<_>>().join(" "), expected, "{what}");
    }
    // Kerio's Name is a part of the address.
    let text = "Name;FullName;MailAddress\nanna;Anna Alt;anna\n";
    let list = read_bytes(text.as_bytes(), "kerio", "FILE", "contoso.com", Some("contoso.com")).unwrap();
    assert_eq!(list.names.get("anna@contoso.com").map(String::as_str), Some("Anna Alt"));
}

#[test]
fn what_is_no_list_is_refused_with_file_and_line() {
    let cases: [(&[u8], &str); 20] = [
        (b"", ": it holds no address"),
        (b"# nobody\n", ": it holds no address"),
        (b"[\"a@contoso.com\",", ":1:17: not JSON: EOF while parsing a value at line 1 column 17"),
        (
            b"[1, 2]",
            ": it holds no address: wanted is an array of addresses, or of objects with a field 'mail' or 'email'",
        ),
        (b"Name,Age\nAnn,7\n", ":1: 'Name' has no @"),
        (b"email,age\nnobody,7\n", ": no column holds addresses"),
        (b"dn: x\nproxyAddr\x1fesses:: %%\n", ":2: the base64 of proxyAddr\\u{1f}esses cannot be read"),
        (b"dn: x\nmail:: %%\n", ":2: the base64 of mail cannot be read"),
        (b"Dear all,\nsee below\n", ":1: 'Dear all' has no @"),
        (b"@contoso.com OK\n", ": it holds no address"),
        (b"a@contoso.com REJECT\nb@contoso.com 550 5.1.1 gone\n", ": it holds no address"),
        (b"goto,domain\na@contoso.com,contoso.com\n", ": its only addresses are in 'goto', which names no mailboxes"),
        (b"username;age\nann;7\n", ": 'username' holds names without a domain; --list-domain says which is theirs"),
        (b"ann\nben\n", ": it holds names without a domain; --list-domain says which is theirs"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", ": it is an old Excel workbook, or one with a password: save it as XLSX or CSV"),
        (
            b"<?xml version=\"1.0\"?><Objs/>",
            ": it is XML: export it as CSV; what Export-Clixml wrote of recipients is for --exchange-export",
        ),
        (b"%PDF-1.7 a@contoso.com", ": it is a PDF, which is no list"),
        (b"a@contoso.com\0\0", ": it is no text: it holds NUL bytes"),
        (b"PK\x03\x04 a@contoso.com", ": it is a damaged zip archive: "),
        (b"INSERT INTO log VALUES (1,'a');\n", ": no column holds addresses"),
    ];
    for (text, expected) in cases {
        let told = told(text, None).concat();
        assert!(told.starts_with(&format!("ERR FILE{expected}")), "{told}");
    }
    let list = read(Path::new("/no/such/list"), "zimbra", "contoso.com", None);
    assert_eq!(list.addresses.miss().unwrap().said, "/no/such/list: No such file or directory (os error 2)");
}

#[test]
fn a_row_that_cannot_be_read_costs_that_row() {
    let text = |bad: usize, rows: usize| {
        let good: String = (bad..rows).map(|at| format!("u{at}@contoso.com\n")).collect();
        "N/A\n".repeat(bad) + &good
    };
    // One in a hundred is a note, more leave the question open.
    for (bad, rows, holes) in
        [(0, 3, false), (1, 100, false), (1, 99, true), (2, 199, true), (2, 200, false), (1, 2, true)]
    {
        let list = read_bytes(text(bad, rows).as_bytes(), "zimbra", "FILE", "contoso.com", None).unwrap();
        assert_eq!(list.addresses.known().map(Vec::len), Some(rows - bad));
        assert_eq!((list.rows, list.left_out, list.is_full_of_holes()), (rows, bad, holes), "{bad} of {rows}");
    }
    let list = read_bytes(text(30, 40).as_bytes(), "zimbra", "FILE", "contoso.com", None).unwrap();
    let said = not_taken_in_words(&list, "contoso.com").remove(0);
    assert!(said.starts_with("30 of 40 rows left out: line 1: 'N/A' has no @; line 2: "), "{said}");
    assert!(said.ends_with("; line 10: 'N/A' has no @; and 20 more"), "{said}");
}

#[test]
fn a_list_of_others_says_that_it_names_nobody_here() {
    let expected = [
        "",
        "text, an address a line: it names nobody in contoso.com, in 1 row",
        "1 outside contoso.com, not probed: x@fabrikam.com",
    ];
    assert_eq!(told(b"x@fabrikam.com\n", None), expected);
    let many: String = (0..30).map(|at| format!("u{at:02}@fabrikam.com\n")).collect();
    let list = read_bytes(many.as_bytes(), "zimbra", "FILE", "contoso.com", None).unwrap();
    assert_eq!((list.outside_count, list.outside.len(), &*list.outside[20]), (30, 21, "and 10 more"));
}

#[test]
fn an_international_domain_is_the_same_in_both_spellings() {
    let both = ["a@bücher.example".to_string(), "A@xn--bcher-kva.example".to_string()];
    let list = from_flags(&both, "zimbra", "xn--bcher-kva.example").unwrap();
    assert_eq!(list.addresses, Observed::Known(vec!["a@xn--bcher-kva.example".into()]));
    assert_eq!((list.outside.len(), list.repeated), (0, 1));
    assert_eq!(from_flags(&["nobody".into()], "zimbra", "c.com").unwrap_err(), "--recipient: 'nobody' has no @");
}

#[test]
fn what_is_outside_or_repeated_is_counted() {
    let list = read_bytes(b"a@contoso.com\nA@CONTOSO.com\nx@fabrikam.com\n", "z", "FILE", "contoso.com", None).unwrap();
    assert_eq!((list.outside, list.repeated), (vec!["x@fabrikam.com".to_string()], 1));
    // Twice in one row, as a primary address and among the proxy addresses, is no repetition.
    let list = read_bytes(b"mail,proxyAddresses\na@contoso.com,SMTP:a@contoso.com\n", "z", "FILE", "contoso.com", None);
    assert_eq!(list.unwrap().repeated, 0);
}

#[test]
fn an_alias_is_one_only_where_nothing_names_it_otherwise() {
    let told = told(b"primaryEmail,aliases.0\na@contoso.com,b@contoso.com\nb@contoso.com,c@contoso.com\n", None);
    assert_eq!(told[0], "a@contoso.com b@contoso.com ~c@contoso.com");
}

#[test]
fn targets_and_patterns_of_maps_are_said_and_never_taken() {
    let cases = [
        ("a@contoso.com b@contoso.com\n", "~a@contoso.com", "targets of entries (1)"),
        ("a@contoso.com b@contoso.com,\n  c@contoso.com\n", "~a@contoso.com", "targets of entries (2)"),
        ("a@contoso.com: b@contoso.com\n", "~a@contoso.com", "targets of entries (1)"),
        ("a@contoso.com OK\n*@contoso.com OK\n", "a@contoso.com", "patterns that stand for many addresses (1)"),
        ("a@contoso.com OK\nb@contoso.com DISCARD\n", "a@contoso.com", "entries that refuse mail or throw it away (1)"),
        (
            "a@contoso.com x\nb@contoso.com error:5.1.1 gone\n",
            "a@contoso.com",
            "entries that refuse mail or throw it away (1)",
        ),
        (
            "To:a@contoso.com RELAY\nTo:b@contoso.com REJECT\n",
            "a@contoso.com",
            "entries that refuse mail or throw it away (1)",
        ),
    ];
    for (text, addresses, aside) in cases {
        let told = told(text.as_bytes(), None);
        assert_eq!((&*told[0], &*told[2], told.len()), (addresses, &*format!("not taken: {aside}"), 3), "{text}");
    }
    // Where nothing tells a target from an address, neither is taken, and it is said.
    let told = told(b"a@contoso.com\n  b@contoso.com\n", None);
    assert_eq!(told[0], "a@contoso.com");
    assert_eq!(
        told[2],
        "1 of 2 rows left out: line 2: it is indented: an address, or where mail for the one above goes?"
    );
}

#[test]
fn hostile_cells_steer_no_terminal_and_no_message_is_long() {
    let cases: [&[u8]; 5] = [
        b"a@contoso.com\n\x1b[2J\x07evil\n",
        "a@contoso.com\n\u{202e}gnp.exe@contoso.com\n".as_bytes(),
        &[b"a@contoso.com\n".as_slice(), &[b'x'; 1_000_000]].concat(),
        &[b"mail,\x1b]0;x\x07\na@contoso.com,b@contoso.com\n".as_slice()].concat(),
        b"a@contoso.com,\"\x1b[31m\n",
    ];
    for text in cases {
        for line in told(text, None) {
            assert!(line.len() < 1_000 && crate::report::safe(&line) == line, "{line:?}");
        }
    }
}
