//! The lists of `fixtures/lists`: each is read whole, and each has its case.
use super::told;

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/fixtures/lists/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn every_format_is_read_whole_and_what_is_not_taken_is_said() {
    type Case<'a> = (&'a str, Option<&'a str>, &'a [&'a str]);
    let cases: &[Case] = &[
        (
            "sam-account-names.csv",
            Some("contoso.com"),
            &["ann@contoso.com ben@contoso.com", "CSV: 2 addresses in contoso.com from 'sAMAccountName', in 2 rows"],
        ),
        (
            "vuserinfo.txt",
            Some("contoso.com"),
            &["ERR FILE: its lines are fields of records, and no map: export it as CSV"],
        ),
        (
            "postfach-weiterleitung.csv",
            Some("contoso.com"),
            &[
                "ann@contoso.com ben@contoso.com cal@contoso.com",
                "CSV with semicolons: 3 addresses in contoso.com from 'Postfach', in 3 rows",
                "not taken: addresses in 'Weiterleitung' (1)",
            ],
        ),
        (
            "aliases-with-commas",
            Some("contoso.com"),
            &[
                "~ann@contoso.com ben@contoso.com cal@contoso.com staff@contoso.com",
                "a map, an address and what becomes of it a line: 4 addresses in contoso.com (1 is an alias), in 5 rows",
                "1 of 5 rows left out: line 2: 'ann' has no @",
                "not taken: targets of entries (1)",
            ],
        ),
        (
            "several-with-words-between.txt",
            None,
            &[
                "ann@contoso.com cal@contoso.com eve@contoso.com",
                "a map, an address and what becomes of it a line: 3 addresses in contoso.com, in 3 rows",
                "3 of 3 rows left out: line 1: 'und ben@contoso.com' stands behind the address; line 2: '/ dan@contoso.com' stands behind the address; line 3: '& fay@contoso.com' stands behind the address",
            ],
        ),
        (
            "format-list-broken-word.txt",
            None,
            &[
                "~a.very.long.address.that.is.wrapped.by.the.console@contoso.com ann@contoso.com ben@contoso.com",
                "Format-List: 3 addresses in contoso.com (1 is an alias) from 'PrimarySmtpAddress' and 'EmailAddresses', in 2 rows",
                "not taken: addresses in 'ForwardingSmtpAddress' (1)",
            ],
        ),
        ("ldif-of-changes.ldf", None, &["ERR FILE:2: the record changes an entry, and does not show it"]),
        (
            "json-by-address.json",
            None,
            &[
                "~al@contoso.com ann@contoso.com ben@contoso.com",
                "JSON: 3 addresses in contoso.com (1 is an alias) from 'email' and 'alias', in 2 rows",
            ],
        ),
        (
            "json-emails.json",
            None,
            &[
                "ann@contoso.com ben@contoso.com",
                "JSON: 2 addresses in contoso.com from 'emails', in 2 rows",
                "not taken: addresses in 'delegates' (1), addresses in 'forwardTo' (1)",
            ],
        ),
        ("icewarp.csv", None, &["ERR FILE: its only addresses are in 'U_ForwardTo', which names no mailboxes"]),
        (
            "supervisors.csv",
            None,
            &[
                "lee@contoso.com roe@contoso.com",
                "CSV: 2 addresses in contoso.com from 'Work Email', in 3 rows",
                "not taken: addresses in 'Personal Email' (1), addresses in 'Supervisor Email' (3), rows without an address (1)",
            ],
        ),
        (
            "shared-mailboxes.csv",
            None,
            &[
                "info@contoso.com sales@contoso.com",
                "CSV with semicolons: 2 addresses in contoso.com from 'Postfach', in 2 rows",
                "not taken: addresses in 'Besitzer' (2)",
            ],
        ),
        (
            "email-1-2-3.csv",
            None,
            &[
                "~al@contoso.com ann@contoso.com ben@contoso.com ~br@contoso.com",
                "CSV: 4 addresses in contoso.com (2 are aliases) from 'Email 1', 'Email 2' and 'Email 3', in 2 rows",
            ],
        ),
        (
            "univention.ldif",
            None,
            &[
                "~al@contoso.com ann@contoso.com ben@contoso.com",
                "LDIF: 3 addresses in contoso.com (1 is an alias) from 'mailPrimaryAddress' and 'mailAlternativeAddress', in 2 rows",
                "not taken: addresses in 'mailForwardAddress' (1)",
            ],
        ),
        (
            "cyradm-lm.txt",
            None,
            &[
                "ann@contoso.com ben.roe@contoso.com",
                "text, an address a line: 2 addresses in contoso.com, in 3 rows",
                "not taken: folders of mailboxes (1)",
            ],
        ),
        (
            "format-list-cut-off.txt",
            None,
            &[
                "~a.lee@contoso.com ann@contoso.com ben@contoso.com",
                "Format-List: 3 addresses in contoso.com (1 is an alias) from 'PrimarySmtpAddress' and 'EmailAddresses', in 2 rows",
                "1 of 2 rows left out: line 1: a collection is cut off behind 'x500:/o=Org/ou=Exchange Administrative Group(FYDIBOHF23SPDLT)/cn=Recipients/cn=a…'",
            ],
        ),
        (
            "m365-french.csv",
            None,
            &[
                "~al@contoso.com ann@contoso.com",
                "CSV: 2 addresses in contoso.com (1 is an alias) from 'Adresses de messagerie', in 1 row",
            ],
        ),
        (
            "mdaemon.csv",
            None,
            &[
                "ann@contoso.com",
                "CSV: 1 address in contoso.com from 'MailBox', in 2 rows",
                "not taken: rows that 'AccountDisabled' says are off (1)",
            ],
        ),
        (
            "mdaemon.csv",
            Some("contoso.com"),
            &[
                "ann@contoso.com",
                "CSV: 1 address in contoso.com from 'MailBox', in 2 rows",
                "not taken: rows that 'AccountDisabled' says are off (1)",
            ],
        ),
        (
            "names-before-parentheses.txt",
            None,
            &[
                "carl@contoso.com dora@contoso.com",
                "text, several addresses a line: 2 addresses in contoso.com, in 2 rows",
            ],
        ),
        (
            "numbered.txt",
            None,
            &[
                "ann@contoso.com ben@contoso.com carl@contoso.com dora@contoso.com",
                "text, an address a line: 4 addresses in contoso.com, in 4 rows",
            ],
        ),
        ("passwd", None, &["ERR FILE:1: 'ann' has no @; --list-domain would say its domain"]),
        (
            "passwd",
            Some("contoso.com"),
            &[
                "ann@contoso.com ben@contoso.com",
                "a map, an address and what becomes of it a line: 2 addresses in contoso.com, in 2 rows",
            ],
        ),
        (
            "code-page-850.csv",
            None,
            &[
                "joerg@contoso.com",
                "CSV with semicolons, an encoding that cannot be told: 1 address in contoso.com from 'E-Mail', in 2 rows",
                "1 of 2 rows left out: line 3: 'm�ller@contoso.com' has letters that cannot be read in this encoding",
            ],
        ),
        (
            "copied-headers.txt",
            None,
            &[
                "ann@contoso.com ben@contoso.com carla@contoso.com",
                "text, an address a line: 3 addresses in contoso.com, in 3 rows",
            ],
        ),
        (
            "csvde.csv",
            None,
            &[
                "~a.lee@contoso.com ann@contoso.com ben@contoso.com",
                "CSV: 3 addresses in contoso.com (1 is an alias) from 'proxyAddresses' and 'mail', in 3 rows",
                "not taken: rows without an address (1)",
            ],
        ),
        (
            "domino-structured.txt",
            None,
            &[
                "~a.lee@contoso.com ann@contoso.com ben@contoso.com",
                "structured text: 3 addresses in contoso.com (1 is an alias) from 'aliases' and 'InternetAddress', in 2 rows",
            ],
        ),
        (
            "domino-view.csv",
            None,
            &["ann@contoso.com ben@contoso.com", "CSV: 2 addresses in contoso.com from 'Internet Address', in 2 rows"],
        ),
        ("doveadm-user.txt", None, &["ERR FILE: it holds names without a domain; --list-domain says which is theirs"]),
        (
            "doveadm-user.txt",
            Some("contoso.com"),
            &[
                "ann@contoso.com ben.roe@contoso.com carla@contoso.com",
                "text, an address a line: 3 addresses in contoso.com, in 3 rows",
            ],
        ),
        (
            "dovecot-passwd",
            None,
            &[
                "ann@contoso.com ben@contoso.com",
                "a map, an address and what becomes of it a line: 2 addresses in contoso.com, in 2 rows",
            ],
        ),
        (
            "entra-users.csv",
            None,
            &[
                "ann@contoso.com ben@contoso.com",
                "CSV: 2 addresses in contoso.com from 'mail', in 3 rows",
                "not taken: addresses in 'alternateEmailAddress' (1), addresses in 'userPrincipalName' (2)",
                "1 outside contoso.com, not probed: kim@fabrikam.com",
            ],
        ),
        (
            "exim-aliases",
            None,
            &[
                "~ann@contoso.com ~carla@contoso.com",
                "a map, an address and what becomes of it a line: 2 addresses in contoso.com (2 are aliases), in 4 rows",
                "not taken: entries that refuse mail or throw it away (1), patterns that stand for many addresses (1), targets of entries (4)",
            ],
        ),
        ("exim-local-parts", None, &["ERR FILE:2: 'ann' has no @; --list-domain would say its domain"]),
        (
            "exim-local-parts",
            Some("contoso.com"),
            &[
                "~ann@contoso.com ben.roe@contoso.com postmaster@contoso.com",
                "a map, an address and what becomes of it a line: 3 addresses in contoso.com (1 is an alias), in 4 rows",
                "not taken: entries that refuse mail or throw it away (1), targets of entries (1)",
            ],
        ),
        (
            "format-list.txt",
            None,
            &[
                "~a.lee@contoso.com ann@contoso.com ben@contoso.com",
                "Format-List: 3 addresses in contoso.com (1 is an alias) from 'PrimarySmtpAddress' and 'EmailAddresses', in 2 rows",
            ],
        ),
        (
            "format-table.txt",
            None,
            &[
                "ann@contoso.com ben@contoso.com",
                "Format-Table: 2 addresses in contoso.com from 'PrimarySmtpAddress', in 3 rows",
                "1 of 3 rows left out: line 6: 'carla.with.a.long.name@conto...' is cut off",
            ],
        ),
        (
            "gam-addresses.csv",
            None,
            &[
                "~a.lee@contoso.com ann@contoso.com staff@contoso.com",
                "CSV: 3 addresses in contoso.com (1 is an alias) from 'Email', in 4 rows",
                "1 outside contoso.com, not probed: staff@contoso.com.test-google-a.com",
            ],
        ),
        (
            "gam-aliases.csv",
            None,
            &[
                "~a.lee@contoso.com ~team@contoso.com",
                "CSV: 2 addresses in contoso.com (2 are aliases) from 'Alias', in 2 rows",
                "not taken: addresses in 'Target' (2)",
            ],
        ),
        (
            "gam-users.csv",
            None,
            &[
                "~a.lee@contoso.com ann@contoso.com ben@contoso.com ~lee@contoso.com",
                "CSV: 4 addresses in contoso.com (2 are aliases) from 'primaryEmail', 'aliases.0', 'aliases.1' and 'nonEditableAliases.0', in 2 rows",
                "2 outside contoso.com, not probed: ann@contoso.com.test-google-a.com, ben@contoso.com.test-google-a.com",
            ],
        ),
        (
            "get-mailbox.csv",
            None,
            &[
                "~a.lee@contoso.com ann@contoso.com ~b.roe@contoso.com ben@contoso.com",
                "CSV: 4 addresses in contoso.com (2 are aliases) from 'PrimarySmtpAddress' and 'EmailAddresses', in 2 rows",
            ],
        ),
        (
            "get-recipient-type-names.csv",
            None,
            &[
                "ann@contoso.com ben@contoso.com",
                "CSV: 2 addresses in contoso.com from 'PrimarySmtpAddress', in 2 rows",
                "not taken: cells of 'EmailAddresses' that show the name of a type, and no address (2)",
            ],
        ),
        (
            "google-admin.csv",
            None,
            &[
                "ann@contoso.com ben@contoso.com",
                "CSV: 2 addresses in contoso.com from 'Email Address [Required]', in 2 rows",
                "not taken: addresses in 'Recovery Email' (1), addresses in 'Work Secondary Email' (1)",
            ],
        ),
        (
            "google-users.json",
            None,
            &[
                "~a.lee@contoso.com ann@contoso.com ben@contoso.com",
                "JSON: 3 addresses in contoso.com (1 is an alias) from 'aliases' and 'primaryEmail', in 2 rows",
                "not taken: addresses in 'emails.address' (1)",
            ],
        ),
        (
            "graph.json",
            None,
            &[
                "~a.lee@contoso.com ann@contoso.com ben@contoso.com",
                "JSON: 3 addresses in contoso.com (1 is an alias) from 'mail' and 'proxyAddresses', in 3 rows",
                "not taken: addresses in 'otherMails' (1), addresses in 'userPrincipalName' (2), rows without an address (1)",
            ],
        ),
        (
            "groupwise.csv",
            None,
            &[
                "ann.lee@contoso.com ben.roe@contoso.com ~roe@contoso.com",
                "CSV: 3 addresses in contoso.com (1 is an alias) from 'Preferred Email Address' and 'Nicknames', in 2 rows",
            ],
        ),
        (
            "hmailserver.sql",
            None,
            &[
                "~a.lee@contoso.com ann@contoso.com o'neil@contoso.com staff@contoso.com",
                "SQL: 4 addresses in contoso.com (1 is an alias) from 'accountaddress', 'aliasname' and 'distributionlistaddress', in 5 rows",
                "not taken: addresses in 'accountforwardaddress' (1), addresses in 'aliasvalue' (1), addresses in the table 'dbo.hm_distributionlistsrecipients' (1), rows that 'accountactive' says are off (1)",
            ],
        ),
        (
            "iredmail-pg.sql",
            None,
            &[
                "ann@contoso.com ben@contoso.com ~team@contoso.com",
                "SQL: 3 addresses in contoso.com (1 is an alias) from 'address' and 'username', in 4 rows, 1 repeated",
                "not taken: addresses in 'forwarding' (1)",
            ],
        ),
        (
            "kerio-with-domain.csv",
            None,
            &[
                "alee@contoso.com broe@contoso.com ~roe@contoso.com",
                "CSV with semicolons: 3 addresses in contoso.com (1 is an alias) from 'Name' and 'MailAddress', in 3 rows",
                "1 outside contoso.com, not probed: kko@fabrikam.com",
            ],
        ),
        ("kerio.csv", None, &["ERR FILE: 'Name' holds names without a domain; --list-domain says which is theirs"]),
        (
            "kerio.csv",
            Some("contoso.com"),
            &[
                "alee@contoso.com broe@contoso.com ~roe@contoso.com",
                "CSV with semicolons: 3 addresses in contoso.com (1 is an alias) from 'Name' and 'MailAddress', in 2 rows",
            ],
        ),
        (
            "latin-1.csv",
            None,
            &[
                "joerg@contoso.com müller@contoso.com",
                "CSV with semicolons, Latin-1: 2 addresses in contoso.com from 'E-Mail', in 2 rows",
            ],
        ),
        (
            "ldifde.ldf",
            None,
            &[
                "~a.very.long.name.of.a.person.who.has.many.names@contoso.com ann@contoso.com joerg@contoso.com",
                "LDIF: 3 addresses in contoso.com (1 is an alias) from 'proxyAddresses' and 'mail', in 2 rows",
            ],
        ),
        (
            "m365-admin-centre.csv",
            None,
            &[
                "~a+lee@contoso.com ann@contoso.com ben@contoso.com",
                "CSV: 3 addresses in contoso.com (1 is an alias) from 'Proxy addresses', in 3 rows",
                "not taken: addresses in 'User principal name' (2), rows without an address (1)",
                "1 outside contoso.com, not probed: ann@contoso.onmicrosoft.com",
            ],
        ),
        (
            "mysql.txt",
            None,
            &[
                "ann@contoso.com ben@contoso.com",
                "a table with rules: 2 addresses in contoso.com from 'email', in 2 rows",
            ],
        ),
        (
            "one-bad-cell.csv",
            None,
            &[
                "ann@contoso.com carla@contoso.com gil@contoso.com",
                "CSV with semicolons: 3 addresses in contoso.com from 'E-Mail', in 8 rows",
                "4 of 8 rows left out: line 3: 'N/A' has no @; line 4: it repeats the heading; line 7: it has 1 of 2 columns; line 8: its quotes are not closed",
                "not taken: rows without an address (1)",
            ],
        ),
        (
            "one-line.txt",
            None,
            &[
                "ann@contoso.com ben@contoso.com carla@contoso.com",
                "text, several addresses a line: 3 addresses in contoso.com, in 3 rows",
            ],
        ),
        (
            "outlook.txt",
            None,
            &[
                "ann@contoso.com ben@contoso.com carla@contoso.com",
                "text, several addresses a line: 3 addresses in contoso.com, in 3 rows",
            ],
        ),
        (
            "postfix-relay-recipients",
            None,
            &[
                "ann@contoso.com ben@contoso.com carla.diaz@contoso.com",
                "a map, an address and what becomes of it a line: 3 addresses in contoso.com, in 6 rows",
                "not taken: entries that refuse mail or throw it away (2), patterns that stand for many addresses (1)",
            ],
        ),
        (
            "postfix-virtual",
            None,
            &[
                "ann@contoso.com ~info@contoso.com ~sales@contoso.com",
                "a map, an address and what becomes of it a line: 3 addresses in contoso.com (2 are aliases), in 5 rows",
                "not taken: domains (1), patterns that stand for many addresses (2), targets of entries (5)",
            ],
        ),
        (
            "postfix-vmailbox",
            None,
            &[
                "ann@contoso.com ben@contoso.com",
                "a map, an address and what becomes of it a line: 2 addresses in contoso.com, in 2 rows",
            ],
        ),
        (
            "postfixadmin.sql",
            None,
            &[
                "ann@contoso.com ~info@contoso.com o'neil@contoso.com",
                "SQL: 3 addresses in contoso.com (1 is an alias) from 'address' and 'username', in 7 rows, 2 repeated",
                "not taken: addresses in 'goto' (4), addresses in the table 'admin' (1), patterns that stand for many addresses (1), rows that 'active' says are off (1)",
            ],
        ),
        (
            "principals-alone.csv",
            None,
            &[
                "ann@contoso.com ben@contoso.com",
                "CSV: 2 addresses in contoso.com from 'User principal name', in 2 rows",
            ],
        ),
        (
            "psql.txt",
            None,
            &[
                "ann@contoso.com ben@contoso.com",
                "a table with rules: 2 addresses in contoso.com from 'username', in 2 rows",
            ],
        ),
        (
            "sendmail-virtusertable",
            None,
            &[
                "ann@contoso.com info@contoso.com",
                "a map, an address and what becomes of it a line: 2 addresses in contoso.com, in 4 rows",
                "not taken: entries that refuse mail or throw it away (1), patterns that stand for many addresses (1), targets of entries (1)",
            ],
        ),
        (
            "sqlite.sql",
            None,
            &[
                "ann@contoso.com ben@contoso.com ~info@contoso.com",
                "SQL: 3 addresses in contoso.com (1 is an alias) from 'email' and 'source', in 3 rows",
                "not taken: addresses in 'destination' (1)",
            ],
        ),
        (
            "two-in-a-cell.csv",
            None,
            &[
                "a.lee@contoso.com ann@contoso.com b.roe@contoso.com ben@contoso.com",
                "CSV: 4 addresses in contoso.com from 'E-Mail', in 2 rows",
            ],
        ),
        (
            "utf-16-without-mark.txt",
            None,
            &[
                "ann@contoso.com joerg@contoso.com",
                "columns with tabs between, UTF-16LE: 2 addresses in contoso.com from 'E-Mail', in 2 rows",
            ],
        ),
        (
            "utf-16.txt",
            None,
            &[
                "ann@contoso.com joerg@contoso.com",
                "columns with tabs between, UTF-16LE: 2 addresses in contoso.com from 'E-Mail', in 2 rows",
            ],
        ),
        (
            "windows-1252.csv",
            None,
            &[
                "ann@contoso.com joerg@contoso.com",
                "CSV with semicolons, Windows-1252: 2 addresses in contoso.com from 'E-Mail', in 2 rows",
            ],
        ),
        (
            "workbook.xlsx",
            None,
            &[
                "ann@contoso.com b.roe@contoso.com ben@contoso.com eve@contoso.com",
                "XLSX: 4 addresses in contoso.com from 'E-Mail', in 5 rows",
                "1 of 5 rows left out: line 6: sheet 'Berlin': '#N/A' has no @",
                "not taken: rows with addresses in the hidden sheet 'Former' (1), rows without an address (1)",
            ],
        ),
        (
            "zmprov-gaa-v.txt",
            None,
            &[
                "~a.lee@contoso.com ann@contoso.com staff@contoso.com ~team@contoso.com",
                "zmprov -v: 4 addresses in contoso.com (2 are aliases) from 'zimbra name', 'mail', 'zimbraMailAlias' and 'zimbraMailDeliveryAddress', in 3 rows",
                "not taken: addresses in 'zimbraMailForwardingAddress' (1), rows that 'zimbraAccountStatus' says are off (1)",
            ],
        ),
        (
            "zmprov-gaa.txt",
            None,
            &[
                "admin@contoso.com ann@contoso.com ben@contoso.com spam.u3kx7@contoso.com",
                "text, an address a line: 4 addresses in contoso.com, in 4 rows",
            ],
        ),
        (
            "zmprov-gqu.txt",
            None,
            &[
                "ann@contoso.com ben@contoso.com carla@contoso.com",
                "a map, an address and what becomes of it a line: 3 addresses in contoso.com, in 3 rows",
            ],
        ),
    ];
    for (name, list_domain, expected) in cases {
        assert_eq!(told(&fixture(name), *list_domain), *expected, "{name}");
    }
    let folder = std::fs::read_dir(format!("{}/fixtures/lists", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let unread: Vec<String> =
        names.filter(|name| name != "README.md" && !cases.iter().any(|(own, ..)| own == name)).collect();
    assert_eq!(unread, [""; 0], "fixtures that no case reads");
}
