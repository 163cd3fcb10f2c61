//! A list of addresses, written in any of the formats, is read back whole.
use super::super::*;
use base64::Engine as _;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;

/// Somebody, as a mail system knows them.
struct Person {
    name: String,
    primary: String,
    aliases: Vec<String>,
}

impl Person {
    fn local(&self) -> &str {
        self.primary.split('@').next().unwrap()
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.primary).chain(&self.aliases)
    }

    fn proxies(&self) -> Vec<String> {
        let more = self.aliases.iter().map(|alias| format!("smtp:{alias}"));
        std::iter::once(format!("SMTP:{}", self.primary)).chain(more).collect()
    }
}

fn people(random: &mut fastrand::Rng) -> Vec<Person> {
    let mut taken = BTreeSet::new();
    let mut address = |random: &mut fastrand::Rng| loop {
        let mut local: String = (0..random.usize(2..9)).map(|_| random.lowercase()).collect();
        if random.bool() {
            let joint = *random.choice(&['.', '_', '-', '+', '\'']).unwrap();
            let _ = write!(local, "{joint}{}{}", random.alphabetic(), random.u8(..));
        }
        if taken.insert(local.to_lowercase()) && taken::is_local(&local) {
            return format!("{local}@{}", random.choice(&["contoso.com", "Contoso.COM"]).unwrap());
        }
    };
    let names = ["Ann Lee", "Lee, Ann", "Jörg \"Joe\" Müller", "O'Neil; Pat", "Smith | Co", "(dept.) 1@2", "Ängström"];
    let person = |_| Person {
        name: random.choice(names).unwrap().to_string(),
        primary: address(random),
        aliases: (0..random.usize(0..3)).map(|_| address(random)).collect(),
    };
    (0..8).map(person).collect()
}

/// What a format keeps of people.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keeps {
    /// Every address, and which are aliases.
    Kinds,
    /// Every address.
    Addresses,
    /// The primary addresses alone.
    Primaries,
    /// Local parts of the primary addresses.
    Locals,
}
use Keeps::{Addresses, Kinds, Locals, Primaries};

type Format = (&'static str, Keeps, fn(&[Person]) -> Vec<u8>);

fn lines(people: &[Person], line: impl Fn(&Person) -> String) -> Vec<u8> {
    people.iter().map(|person| line(person) + "\n").collect::<String>().into_bytes()
}

fn csv(separator: &str, heading: &[&str], people: &[Person], cells: impl Fn(&Person) -> Vec<String>) -> Vec<u8> {
    let quoted = |cell: &str| format!("\"{}\"", cell.replace('"', "\"\""));
    let row = |cells: Vec<String>| cells.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(separator) + "\r\n";
    let heading = heading.iter().map(ToString::to_string).collect::<Vec<_>>();
    let heading = if heading.is_empty() { String::new() } else { row(heading) };
    (heading + &people.iter().map(|person| row(cells(person))).collect::<String>()).into_bytes()
}

fn wide(text: &str) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

fn sql(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}

/// Columns of a table, as wide as their widest cell.
fn grid(people: &[Person], between: &str, rule: char, cross: &str, edge: &str) -> String {
    let wide = |of: fn(&Person) -> &String| people.iter().map(|one| of(one).chars().count()).max().unwrap().max(20);
    let (first, second) = (wide(|one| &one.name), wide(|one| &one.primary));
    let row = |a: &str, b: &str| format!("{edge}{a:first$}{between}{b:second$}{edge}\n");
    let line = |count: usize| rule.to_string().repeat(count);
    let below = format!("{edge}{}{cross}{}{edge}\n", line(first), line(second));
    row("Name", "PrimarySmtpAddress")
        + &below
        + &people.iter().map(|one| row(&one.name.replace('|', "/"), &one.primary)).collect::<String>()
}

fn workbook(people: &[Person]) -> Vec<u8> {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    let mut rows = String::new();
    for (at, person) in people.iter().enumerate() {
        let all = person.all().map(String::as_str).collect::<Vec<_>>().join("; ");
        let cell = |text: &str| format!("<c t=\"inlineStr\"><is><t>{}</t></is></c>", escaped(text));
        let _ = write!(rows, "<row r=\"{}\">{}{}</row>", at + 2, cell(&person.name), cell(&all));
    }
    let head =
        "<row r=\"1\"><c t=\"inlineStr\"><is><t>Name</t></is></c><c t=\"inlineStr\"><is><t>E-Mail</t></is></c></row>";
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let of = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let links = "http://schemas.openxmlformats.org/package/2006/relationships";
    let parts = [
        (
            "_rels/.rels",
            format!(
                "<Relationships xmlns=\"{links}\"><Relationship Id=\"a\" Type=\"{of}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{main}\" xmlns:r=\"{of}\"><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"a\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "<Relationships xmlns=\"{links}\"><Relationship Id=\"a\" Type=\"{of}/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!("<worksheet xmlns=\"{main}\"><sheetData>{head}{rows}</sheetData></worksheet>"),
        ),
    ];
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in parts {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn ldif(people: &[Person]) -> Vec<u8> {
    let mut text = String::from("version: 1\n\n");
    let mut put = |line: String| {
        // RFC 2849: a long line goes on behind a blank.
        let mut rest = &line[..];
        while rest.len() > 40 {
            let cut = (1..=40).rev().find(|at| rest.is_char_boundary(*at)).unwrap();
            text.push_str(&rest[..cut]);
            text.push_str("\n ");
            rest = &rest[cut..];
        }
        text.push_str(rest);
        text.push('\n');
    };
    for person in people {
        let dn = base64::engine::general_purpose::STANDARD.encode(format!("CN={}", person.name));
        put(format!("dn:: {dn}"));
        person.proxies().into_iter().for_each(|proxy| put(format!("proxyAddresses: {proxy}")));
        let mail = base64::engine::general_purpose::STANDARD.encode(&person.primary);
        put(format!("mail:: {mail}"));
        put(String::new());
    }
    text.into_bytes()
}

const FORMATS: [Format; 32] = [
    ("a line each", Addresses, |all| lines(all, |one| one.all().cloned().collect::<Vec<_>>().join("\n"))),
    ("one line with commas", Addresses, |all| {
        all.iter().flat_map(Person::all).cloned().collect::<Vec<_>>().join(", ").into_bytes()
    }),
    ("Outlook", Primaries, |all| {
        let name = |one: &Person| one.name.replace(['"', ';', '|', '@'], " ");
        all.iter().map(|one| format!("{} <{}>", name(one), one.primary)).collect::<Vec<_>>().join("; ").into_bytes()
    }),
    ("CSV", Addresses, |all| {
        csv(",", &["Name", "E-Mail"], all, |one| {
            vec![one.name.clone(), one.all().cloned().collect::<Vec<_>>().join("\n")]
        })
    }),
    ("CSV with semicolons", Primaries, |all| {
        csv(";", &["E-Mail", "Name"], all, |one| vec![one.primary.clone(), one.name.clone()])
    }),
    ("tabs", Primaries, |all| csv("\t", &["Name", "Mail"], all, |one| vec![one.name.clone(), one.primary.clone()])),
    ("bars", Primaries, |all| csv("|", &["Name", "Mail"], all, |one| vec![one.name.clone(), one.primary.clone()])),
    ("CSV without heading", Primaries, |all| csv(",", &[], all, |one| vec![one.name.clone(), one.primary.clone()])),
    ("UTF-16", Primaries, |all| {
        let text = csv("\t", &["Name", "Mail"], all, |one| vec![one.name.clone(), one.primary.clone()]);
        wide(&String::from_utf8(text).unwrap())
    }),
    ("Latin-1", Primaries, |all| {
        let text = csv(";", &["Name", "Mail"], all, |one| vec![one.name.clone(), one.primary.clone()]);
        String::from_utf8(text).unwrap().chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
    }),
    ("Get-Mailbox", Kinds, |all| {
        csv(",", &["Name", "Alias", "PrimarySmtpAddress", "EmailAddresses"], all, |one| {
            vec![one.name.clone(), one.local().into(), one.primary.clone(), one.proxies().join(" ")]
        })
    }),
    ("csvde", Kinds, |all| {
        csv(",", &["DN", "objectClass", "proxyAddresses"], all, |one| {
            vec![format!("CN={},DC=contoso", one.name), "user".into(), one.proxies().join(";")]
        })
    }),
    ("Microsoft 365", Kinds, |all| {
        csv(",", &["Display name", "Proxy addresses", "User principal name"], all, |one| {
            vec![one.name.clone(), format!("{}+SIP:{}", one.proxies().join("+"), one.primary), one.primary.clone()]
        })
    }),
    ("GAM", Kinds, |all| {
        csv(",", &["primaryEmail", "aliases", "aliases.0", "aliases.1"], all, |one| {
            let more = |at: usize| one.aliases.get(at).cloned().unwrap_or_default();
            vec![one.primary.clone(), one.aliases.len().to_string(), more(0), more(1)]
        })
    }),
    ("Kerio", Locals, |all| {
        csv(";", &["Name", "Password", "FullName", "MailAddress"], all, |one| {
            vec![one.local().into(), "x".into(), one.name.clone(), one.local().into()]
        })
    }),
    ("doveadm", Locals, |all| lines(all, |one| one.local().into())),
    ("LDIF", Kinds, ldif),
    ("zmprov -v", Kinds, |all| {
        lines(all, |one| {
            let aliases: String = one.aliases.iter().map(|alias| format!("zimbraMailAlias: {alias}\n")).collect();
            let name = &one.primary;
            format!("# name {name}\ncn: {}\n{aliases}zimbraMailDeliveryAddress: {name}\n", one.name)
        })
    }),
    ("zmprov gqu", Primaries, |all| lines(all, |one| format!("{} 0 {}", one.primary, one.name.len()))),
    ("Postfix", Primaries, |all| lines(all, |one| format!("{}\tOK", one.primary))),
    ("Postfix's virtual", Kinds, |all| {
        lines(all, |one| {
            let own = format!("{0} {0}\n", one.primary);
            own + &one.aliases.iter().map(|alias| format!("{alias}\t{}\n", one.primary)).collect::<String>()
        })
    }),
    ("Exim", Kinds, |all| {
        lines(all, |one| {
            let own = format!("{0}: {0}\n", one.primary);
            own + &one.aliases.iter().map(|alias| format!("{alias}: {}\n", one.primary)).collect::<String>()
        })
    }),
    ("mysqldump", Kinds, |all| {
        let head = "CREATE TABLE `mailbox` (\n  `username` varchar(255) NOT NULL,\n  `name` varchar(255) DEFAULT ',(',\n  PRIMARY KEY (`username`)\n);\n";
        let row = |one: &Person| format!("('{}','{}')", sql(&one.primary), sql(&one.name));
        let rows = all.iter().map(row).collect::<Vec<_>>().join(",");
        let alias = |one: &Person, alias: &String| {
            format!("INSERT INTO `alias` (`address`, `goto`) VALUES ('{}', '{}');\n", sql(alias), sql(&one.primary))
        };
        let aliases: String = all.iter().flat_map(|one| one.aliases.iter().map(move |each| alias(one, each))).collect();
        format!("{head}INSERT INTO `mailbox` VALUES {rows};\n{aliases}").into_bytes()
    }),
    ("pg_dump", Primaries, |all| {
        let row = |one: &Person| format!("{}\t{}\t\\N\n", one.primary, one.name);
        let rows: String = all.iter().map(row).collect();
        format!("COPY public.mailbox (username, name, quota) FROM stdin;\n{rows}\\.\n").into_bytes()
    }),
    ("SQL Server", Primaries, |all| {
        lines(all, |one| {
            let name = one.name.replace('\'', "''");
            let address = one.primary.replace('\'', "''");
            format!(
                "INSERT [dbo].[hm_accounts] ([accountid], [accountaddress], [x]) VALUES (1, N'{address}', N'{name}')"
            )
        })
    }),
    ("Format-List", Kinds, |all| {
        lines(all, |one| {
            let proxies = one.proxies().join(",\n                     ");
            format!("PrimarySmtpAddress : {}\nEmailAddresses     : {{{proxies}}}\n", one.primary)
        })
    }),
    ("Format-Table", Primaries, |all| grid(all, " ", '-', " ", "").into_bytes()),
    ("psql", Primaries, |all| (grid(all, " | ", '-', "-+-", " ") + "(8 rows)\n").into_bytes()),
    ("JSON", Addresses, |all| serde_json::to_vec(&all.iter().flat_map(Person::all).collect::<Vec<_>>()).unwrap()),
    ("Graph", Kinds, |all| {
        let person = |one: &Person| serde_json::json!({"displayName": one.name, "mail": one.primary, "proxyAddresses": one.proxies()});
        serde_json::to_vec(&serde_json::json!({"value": all.iter().map(person).collect::<Vec<_>>()})).unwrap()
    }),
    ("Domino", Kinds, |all| {
        lines(all, |one| {
            let names: String = one.aliases.iter().map(|alias| format!(", {alias}")).collect();
            format!("Form:  Person\nFullName:  CN=A/O=Contoso{names}\nInternetAddress:  {}\n\u{c}", one.primary)
        })
    }),
    ("XLSX", Addresses, workbook),
];

#[test]
fn a_list_that_is_written_in_any_of_the_formats_is_read_back_whole() {
    let mut random = fastrand::Rng::with_seed(20_261_126);
    for round in 0..100 {
        let people = people(&mut random);
        let folded = |all: &mut dyn Iterator<Item = &String>| -> BTreeSet<String> {
            all.map(|address| address.to_lowercase()).collect()
        };
        let primaries = folded(&mut people.iter().map(|one| &one.primary));
        let aliases = folded(&mut people.iter().flat_map(|one| &one.aliases));
        for (name, keeps, write) in FORMATS {
            let bytes = write(&people);
            let shown = || String::from_utf8_lossy(&bytes).into_owned();
            let domain = (keeps == Locals).then_some("contoso.com");
            let list = read_bytes(&bytes, "zimbra", "FILE", "contoso.com", domain);
            let list = list.unwrap_or_else(|wrong| panic!("{name}, round {round}: {wrong}\n{}", shown()));
            let read: BTreeSet<String> = list.addresses.known().unwrap().iter().cloned().collect();
            let expected = match keeps {
                Kinds | Addresses => &primaries | &aliases,
                Primaries | Locals => primaries.clone(),
            };
            assert_eq!(read, expected, "{name}, round {round}:\n{}", shown());
            assert_eq!((list.left_out, list.outside_count), (0, 0), "{name}: {:?}\n{}", list.left_out_rows, shown());
            if keeps == Kinds {
                assert_eq!(list.aliases.iter().cloned().collect::<BTreeSet<_>>(), aliases, "{name}:\n{}", shown());
            }
        }
    }
}
