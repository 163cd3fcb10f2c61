//! The configuration, as files and flags give it.
use super::*;
use crate::cli::AskArgs;
use nsdiag_checks::replies::Meaning;

fn load(toml: &str, change: impl FnOnce(&mut CheckArgs)) -> Result<Settings, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nsdiag.toml");
    std::fs::write(&path, toml).unwrap();
    std::fs::write(folder.path().join("password"), "geheim\n").unwrap();
    std::fs::write(folder.path().join("empty"), "\n").unwrap();
    std::fs::write(folder.path().join("users.csv"), "").unwrap();
    let mut args =
        CheckArgs { ask: AskArgs { config: Some(path.clone()), ..AskArgs::default() }, ..CheckArgs::default() };
    change(&mut args);
    let told = |error: ConfigError| {
        error.0.replace(&path.display().to_string(), "FILE").replace(&folder.path().display().to_string(), "FOLDER")
    };
    Settings::load(&args).map_err(told)
}

const GOOD: &str = r#"
domain = "Contoso.com"
[dns]
resolvers = ["10.0.0.53", "[::1]:5353"]
[[gateway]]
host = "mx1.contoso.com:2525"
delivers_to = "corp"
[[system]]
name = "corp"
kind = "exchange"
smtp = ["exch01.corp.contoso.com"]
[system.directory]
ldap = ["ldaps://dc1.corp.contoso.com"]
user = "nsdiag@corp.contoso.com"
password_file = "password"
[[system]]
name = "zimbra"
kind = "other"
recipients = "users.csv"
list_domain = "Contoso.com"
outbound = ["Mail.contoso.com", "2001:db8::7"]
[probe]
known_good = ["Helpdesk@contoso.com"]
timeout = 5
[[ignore]]
code = "NSD204"
subject = "mx2.contoso.com"
until = 2026-12-31
[[severity]]
code = "nsd205"
subject = "*.contoso.com"
severity = "info"
reason = "it is meant to"
[[reply]]
pattern = "kein solches Postfach"
meaning = "unknown-recipient"
host = "MX1.contoso.com"
"#;

#[test]
fn a_file_is_read_and_flags_beat_it() {
    let read = load(GOOD, |_| {}).unwrap();
    let question = &read.question;
    assert_eq!((&*question.domain, question.timeout_s, question.deadline_s), ("contoso.com", 5, 120));
    assert_eq!(question.known_good, ["helpdesk@contoso.com"]);
    assert_eq!(question.resolvers, ["10.0.0.53:53", "[::1]:5353"]);
    assert_eq!(read.directories[0].urls, ["ldaps://dc1.corp.contoso.com"]);
    assert!(read.lists[0].1.ends_with("users.csv") && read.lists[0].1.is_absolute());
    assert_eq!(question.systems[1].outbound, ["mail.contoso.com", "2001:db8::7"]);
    assert_eq!(read.list_domains, BTreeMap::from([("zimbra".into(), "contoso.com".into())]));
    let own = question.replies.iter().map(|own| (&*own.pattern, own.meaning, own.host.as_deref()));
    assert_eq!(Vec::from_iter(own), [("kein solches Postfach", Meaning::UnknownRecipient, Some("mx1.contoso.com"))]);
    assert_eq!(question.ignores[0].until.as_deref(), Some("2026-12-31"));
    let [weighed] = &question.severities[..] else { panic!("{:?}", question.severities) };
    assert_eq!((&*weighed.code, weighed.severity), ("NSD205", nsdiag_checks::judge::Severity::Info));
    let delivers_to = question.delivers_to.iter().map(|(gateway, system)| (&**gateway, &**system));
    assert_eq!(Vec::from_iter(delivers_to), [("mx1.contoso.com:2525", "corp")]);
    assert!(!format!("{read:?}").contains("geheim"));
    let local = question.random.strip_suffix("@contoso.com").unwrap();
    assert!(local.len() == 16 && local.bytes().all(|byte| byte.is_ascii_alphanumeric()));

    let read = load(GOOD, |args| {
        args.domain = Some("bücher.example".into());
        args.ask.known_good = vec!["a@bücher.example".into()];
        args.ask.timeout = Some(7);
        args.ask.other = vec!["10.0.0.44:26".into()];
        args.ask.ldap = vec!["ldap://dc2".into()];
    })
    .unwrap();
    assert_eq!((&*read.question.domain, read.question.timeout_s), ("xn--bcher-kva.example", 7));
    assert_eq!(read.question.systems[1].smtp, ["10.0.0.44:26"]);
    assert_eq!(read.directories[0].urls, ["ldap://dc2"]);
}

#[test]
fn flags_alone_make_the_systems() {
    let read = load("", |args| {
        args.domain = Some("contoso.com".into());
        args.ask.ldap = vec!["ldaps://dc1".into()];
        args.ask.recipient = vec!["a@contoso.com".into()];
    })
    .unwrap();
    let systems: Vec<_> = read.question.systems.iter().map(|system| (&*system.name, system.kind)).collect();
    assert_eq!(systems, [("exchange", SystemKind::Exchange), ("other", SystemKind::Other)]);
}

#[test]
fn exports_stand_beside_ldap_or_in_for_it() {
    let system = |kind: &str, directory: &str| {
        format!("domain = 'contoso.com'\n[[system]]\nname = 'a'\nkind = '{kind}'\n[system.directory]\n{directory}")
    };
    let flag = |args: &mut CheckArgs| args.ask.exchange_export = vec!["/".into()];
    type Change<'a> = &'a dyn Fn(&mut CheckArgs);
    let cases: [(String, Change, &[&str], usize, &str); 5] = [
        (system("exchange", "export = 'empty'"), &|_| {}, &["empty"], 0, "a"),
        (
            system("exchange", "ldap = ['ldaps://dc1']\nexport = ['empty', 'password']"),
            &|_| {},
            &["empty", "password"],
            1,
            "a",
        ),
        (system("exchange-online", "export = 'empty'"), &|_| {}, &["empty"], 0, "a"),
        (system("exchange-online", "export = 'empty'"), &flag, &["/"], 0, "a"),
        ("domain = 'contoso.com'".into(), &flag, &["/"], 0, "exchange"),
    ];
    for (text, change, paths, directories, name) in cases {
        let read = load(&text, change).unwrap();
        let [exports] = &read.exports[..] else { panic!("{:?}", read.exports) };
        let ends = |(path, end): (&PathBuf, &&str)| path.ends_with(end);
        assert!(exports.paths.len() == paths.len() && exports.paths.iter().zip(paths).all(ends), "{exports:?}");
        assert_eq!((&*exports.system, read.directories.len()), (name, directories), "{text}");
        assert_eq!(read.question.systems[0].exports.len(), paths.len());
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let cases = [
        ("domain = 'contoso.com'\nresolver = 1", "FILE:2:1: unknown key 'resolver'; the nearest is 'severity'"),
        (
            "domain = 'contoso.com'\n[[system]]\nname = 'a'\nkind = 'other'\noutbound = ['mx:25']",
            "FILE:5:13: 'mx:25' is no host or address",
        ),
        ("[dns]\nresolver = ['::1']", "FILE:2:1: unknown key 'resolver'; the nearest is 'resolvers'"),
        ("domain = 'contoso'", "FILE:1:10: 'contoso' is no domain, such as contoso.com"),
        ("", "no domain: give it on the command line, or as 'domain' in the configuration"),
        ("domain = 7", "FILE:1:10: invalid type: integer `7`, expected a string"),
        (
            "domain = 'contoso.com'\n[dns]\nresolvers = ['ns1']",
            "FILE:3:14: 'ns1' is no IP address with or without a port",
        ),
        ("domain = 'contoso.com'\n[[gateway]]\nhost = 'a b'", "FILE:3:8: 'a b' is no host[:port]"),
        (
            "domain = 'contoso.com'\n[[gateway]]\nhost = 'a'\ndelivers_to = 'corp'",
            "FILE:4:15: delivers_to names no system: 'corp'",
        ),
        (
            "domain = 'contoso.com'\n[probe]\nknown_good = ['a@fabrikam.com']",
            "FILE:3:15: a@fabrikam.com is not in contoso.com, and nothing else is probed",
        ),
        (
            "domain = 'contoso.com'\n[probe]\npace = 'brisk'",
            "FILE:3:8: 'brisk' is neither polite, own nor a number such as 2/s",
        ),
        ("domain = 'contoso.com'\n[probe]\ntimeout = 0", "FILE:3:11: it must be 1 or more"),
        (
            "domain = 'contoso.com'\n[[reply]]\npattern = ' <a@contoso.com> '\nmeaning = 'full'",
            "FILE:3:11: 'pattern' must hold a word outside of addresses: codes alone fit many a reply",
        ),
        (
            "domain = 'contoso.com'\n[[reply]]\npattern = '550 5.1.1'\nmeaning = 'full'",
            "FILE:3:11: 'pattern' must hold a word outside of addresses: codes alone fit many a reply",
        ),
        (
            "domain = 'contoso.com'\n[[reply]]\npattern = 'voll'\nmeaning = 'accepted'",
            "FILE:4:11: 'accepted' is no meaning of a refusal; those are unknown-recipient, unknown-recipient-temporary, \
             verification-failed, disabled, full, relay-denied, authentication-required, policy, reputation, \
             sender-rejected, greylisted, rate-limited, temporary, tls-required, protocol, no-mail, loop, ambiguous",
        ),
        (
            "domain = 'contoso.com'\n[[reply]]\npattern = 'voll'\nmeaning = 'full'\nhost = 'mx1:25'",
            "FILE:5:8: 'mx1:25' is no host or address",
        ),
        (
            "domain = 'contoso.com'\n[[severity]]\ncode = 'NSD204'\nseverity = 'loud'",
            "FILE:4:12: 'loud' is no severity; those are critical, warning, info",
        ),
        (
            "domain = 'contoso.com'\n[[severity]]\ncode = 'NSD998'\nseverity = 'info'",
            "FILE:3:8: no check has the code 'NSD998'; `nsdiag explain` lists them",
        ),
        ("domain = 'contoso.com'\n[[ignore]]\ncode = 'X'", "FILE:3:8: 'X' is no code of a finding, such as NSD204"),
        (
            "domain = 'contoso.com'\n[[system]]\nname = 'a'\nkind = 'other'\n[[system]]\nname = 'a'\nkind = 'other'",
            "FILE:6:8: there are two systems 'a'",
        ),
        (
            "domain = 'contoso.com'\n[[system]]\nname = 'a'\nkind = 'exchange'\n[system.directory]\nldap = ['dc1']",
            "FILE:6:9: 'dc1' is not ldap://host[:port] or ldaps://host[:port]",
        ),
        (
            "domain = 'contoso.com'\n[[system]]\nname = 'a'\nkind = 'exchange'\n[system.directory]\npassword_file = 'empty'",
            "FOLDER/empty: the file holds no password",
        ),
        (
            "domain = 'contoso.com'\n[[system]]\nname = 'a'\nkind = 'other'\n[system.directory]\nldap = []",
            "FILE:5:1: only a system of kind 'exchange' has a directory; list the mailboxes of others in 'recipients'",
        ),
        (
            "domain = 'contoso.com'\n[[system]]\nname = 'a'\nkind = 'exchange-online'\n[system.directory]\nldap = ['ldaps://dc1']",
            "FILE:5:1: Exchange Online has no LDAP: name exports of its configuration in 'export'",
        ),
        (
            "domain = 'contoso.com'\n[[system]]\nname = 'a'\nkind = 'exchange'\n[system.directory]\nexport = ['empty', 'none']",
            "FILE:6:10: FOLDER/none: No such file or directory (os error 2)",
        ),
        (
            "domain = 'contoso.com'\n[probe]\nmail_from = 'a..b@contoso.com'",
            "FILE:3:13: 'a..b@contoso.com' has no local part of RFC 5321, 4.1.2 before the @: single dots between letters, \
             digits and !#$%&'*+-/=?^_`{|}~, or anything in quotes",
        ),
        ("domain = 'contoso.com'\n[probe]\nmail_from = '<>'", "FILE:3:13: '' has no @"),
        ("domain = 'contoso.com", "FILE:1:22: invalid literal string, expected `'`"),
    ];
    for (text, expected) in cases {
        assert_eq!(load(text, |_| {}).map(|_| ()), Err(expected.to_string()), "{text}");
    }
    type Change = fn(&mut CheckArgs);
    let flags: [(Change, &str); 12] = [
        (|args| args.domain = Some("127.0.0.1".into()), "DOMAIN: '127.0.0.1' is no domain, such as contoso.com"),
        (|args| args.ask.gateway = vec!["127.1".into()], "--gateway: '127.1' is neither a host nor an IP address"),
        (
            |args| args.ask.gateway = vec!["0x7f000019:25".into()],
            "--gateway: '0x7f000019:25' is neither a host nor an IP address",
        ),
        (|args| args.ask.ehlo = Some("[a>b]".into()), "--ehlo: '[a>b]' is no host name or [address]"),
        (|args| args.ask.ehlo = Some("[::1]".into()), "--ehlo: '[::1]' is no host name or [address]"),
        (
            |args| args.ask.recipient = vec!["a@[999.1.1.1]".into()],
            "--recipient: 'a@[999.1.1.1]' has no address literal of RFC 5321, 4.1.3 behind the @",
        ),
        (|args| args.domain = Some("a b".into()), "DOMAIN: 'a b' is no domain, such as contoso.com"),
        (
            |args| args.report.only = vec!["mx".into()],
            "--only: 'mx' is neither a code nor one of dns, smtp, exchange, recipients, flow",
        ),
        (|args| args.ask.recipient = vec!["x".into()], "--recipient: 'x' has no @"),
        (
            |args| args.ask.known_good = vec!["a@con..toso.com".into()],
            "--known-good: 'a@con..toso.com' has no domain of RFC 5321, 4.1.2 behind the @",
        ),
        (|args| args.ask.mail_from = Some("a@b\r\nDATA".into()), r"--mail-from: 'a@b\r\nDATA' has '\r' in its domain"),
        (|args| args.ask.deadline = Some(0), "--deadline: it must be 1 or more"),
    ];
    for (change, expected) in flags {
        let told = load("domain = 'contoso.com'", change).map(|_| ());
        assert_eq!(told, Err(expected.to_string()));
    }
}

#[test]
fn a_mail_goes_where_the_flag_says_through_whom_the_file_says() {
    let file = "domain = 'contoso.com'\n[mail]\nsmart_host = 'Relay.contoso.com'\n";
    let to = |addresses: &[&str]| {
        let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        move |args: &mut CheckArgs| (args.mail_to, args.ask.mail_from) = (addresses, Some("probe@example.net".into()))
    };
    // Nobody is mailed whom no flag names.
    assert!(load(file, |_| {}).unwrap().mail.is_none());
    let cases = [
        ("from = 'NSdiag@Bücher.example'\n", "relay.contoso.com port 25 with STARTTLS"),
        ("tls = 'wrapped'\n", "relay.contoso.com port 465 with TLS"),
        ("tls = 'none'\n", "relay.contoso.com port 25 in the clear"),
        ("user = 'svc'\npassword_file = 'password'\n", "relay.contoso.com port 25 with STARTTLS as svc"),
    ];
    for (more, expected) in cases {
        let read =
            load(&format!("{file}{more}"), to(&["Anna@Contoso.com", "<ben@bücher.example>", "Anna@contoso.com"]))
                .unwrap();
        let mail = read.mail.as_ref().unwrap();
        let addresses: Vec<&str> = mail.to.iter().map(AsRef::as_ref).collect();
        assert_eq!(addresses, ["Anna@contoso.com", "ben@xn--bcher-kva.example"]);
        assert_eq!((mail.smart_host.to_string(), mail.always), (expected.to_string(), true));
        let from = if more.starts_with("from") { "NSdiag@xn--bcher-kva.example" } else { "probe@example.net" };
        assert_eq!(mail.from.to_string(), from);
        assert!(!format!("{read:?}").contains("geheim"));
        // What a smart host echoes of it is masked.
        let masked = if more.starts_with("user") { "535 *** is wrong" } else { "535 geheim is wrong" };
        assert_eq!(read.secrets.mask("535 geheim is wrong"), masked);
    }
    let when = |when, state: bool| {
        let read = load(file, |args| {
            to(&["a@b.example"])(args);
            args.mail = when;
            args.quiet_if_unchanged = state.then(|| "state".into());
        });
        read.map(|read| read.mail.unwrap().always)
    };
    use crate::commands::check::MailWhen::{Always, Change};
    assert_eq!([when(None, false), when(None, true), when(Some(Always), true)], [Ok(true), Ok(false), Ok(true)]);
    assert_eq!(when(Some(Change), true), Ok(false));
    let missing = "--mail change: what the last run said is kept by --quiet-if-unchanged STATE, which is missing";
    assert_eq!(when(Some(Change), false), Err(missing.into()));
    // A host without a name probes as its address.
    let literal = load(file, |args| {
        to(&["a@b.example"])(args);
        args.ask.mail_from = Some("postmaster@[192.0.2.1]".into());
    });
    let expected = "--mail-to: no mail can be written as from postmaster@[192.0.2.1]: put from = \"ADDRESS\" below [mail] in the \
                    configuration";
    assert_eq!(literal.map(|_| ()), Err(expected.into()));
}

#[test]
fn a_mail_that_could_not_be_sent_is_told_beforehand_with_its_place() {
    let many: Vec<String> = (0..101).map(|number| format!("a{number}@b.example")).collect();
    let one = vec!["a@b.example".to_string()];
    let nobody: Vec<String> = vec![];
    let cases = [
        ("smart_host = 'a b'", &nobody, "FILE:3:14: 'a b' is no host[:port]"),
        ("smart_host = 'a:0'", &nobody, "FILE:3:14: 'a:0' is no host[:port]"),
        ("tls = 'none'", &nobody, "FILE:3:7: there is no 'smart_host' beside it"),
        ("smart_host = 'a'\ntls = 'ssl'", &nobody, "FILE:4:7: 'ssl' is neither starttls, wrapped nor none"),
        (
            "smart_host = 'a'\ntls = 'none'\nuser = 'svc'\npassword_file = 'password'",
            &nobody,
            "FILE:4:7: a password goes over TLS alone: leave out 'user', or this",
        ),
        ("smart_host = 'a'\nuser = ''\npassword_file = 'password'", &nobody, "FILE:4:8: it is no user"),
        (
            "smart_host = 'a'\npassword_file = 'password'",
            &nobody,
            "FILE:4:17: it is nobody's password: 'user' is missing",
        ),
        (
            "smart_host = 'a'\nuser = 'svc'\npassword_file = 'empty'",
            &nobody,
            "FOLDER/empty: the file holds no password",
        ),
        (
            "smart_host = 'a'\nuser = 'svc'\npassword_file = 'none'",
            &nobody,
            "FOLDER/none: No such file or directory (os error 2)",
        ),
        (
            "smart_host = 'a'\nuser = 'svc'",
            &nobody,
            "FILE:4:8: no password: name its file in 'password_file', or give it as $CREDENTIALS_DIRECTORY/mail-password",
        ),
        ("from = 'nsdiag'", &nobody, "FILE:3:8: 'nsdiag' has no @"),
        (
            "from = '\"<a>\"@b.example'",
            &nobody,
            "FILE:3:8: '\\\"<a>\\\"@b.example' cannot stand in an SMTP command: it has '<' in it",
        ),
        ("smarthost = 'a'", &nobody, "FILE:3:1: unknown key 'smarthost'; the nearest is 'smart_host'"),
        (
            "",
            &one,
            "--mail-to: nobody is named to take the mail: put smart_host = \"HOST[:PORT]\" below [mail] in the configuration",
        ),
        ("smart_host = 'a'", &vec!["a@b\r\nDATA".into()], r"--mail-to: 'a@b\r\nDATA' has '\r' in its domain"),
        ("smart_host = 'a'", &many, "--mail-to: a mail goes to 100 addresses at most"),
    ];
    for (mail, to, expected) in cases {
        let text = format!("domain = 'contoso.com'\n[mail]\n{mail}");
        let told = load(&text, |args| args.mail_to.clone_from(to)).map(|_| ());
        assert_eq!(told, Err(expected.to_string()), "{mail}");
    }
}

#[test]
fn hosts_are_taken_apart() {
    let cases = [
        ("MX1.contoso.com.", Some(("mx1.contoso.com", 25))),
        ("mx1:2525", Some(("mx1", 2525))),
        ("[2001:db8::1]:26", Some(("2001:db8::1", 26))),
        ("2001:db8::1", Some(("2001:db8::1", 25))),
        // IPv4 by another name (RFC 4291, 2.5.5.2).
        ("[::ffff:192.0.2.1]", Some(("192.0.2.1", 25))),
        ("[::ffff:192.0.2.1]:26", Some(("192.0.2.1", 26))),
        ("mx1:0", None),
        (":25", None),
        ("", None),
    ];
    for (text, expected) in cases {
        assert_eq!(split_host(text, 25), expected.map(|(host, port)| (host.into(), port)), "{text}");
    }
}

#[test]
fn kerberos_site_and_catalog_are_read_and_wrong_ones_named() {
    let with = |lines: &str| {
        let head = "domain = \"c.com\"\n[[system]]\nname = \"a\"\nkind = \"exchange\"\n[system.directory]\n";
        load(&format!("{head}{lines}\n"), |_| {}).map(|settings| settings.directories[0].clone())
    };
    let read = with("site = \"Berlin\"\ncatalog = \"ldaps://gc:3269\"").unwrap();
    assert_eq!((read.site.as_deref(), read.catalog.as_deref()), (Some("Berlin"), Some("ldaps://gc:3269")));
    let url = with("catalog = \"gc\"").unwrap_err();
    assert!(url.starts_with("FILE:6:11: ") && url.contains("'gc' is not ldap://"), "{url}");
    let kerberos = with("kerberos = true").map(|read| read.kerberos);
    let named = with("user = \"x\"\nkerberos = true").unwrap_err();
    match cfg!(feature = "gssapi") {
        true => {
            assert_eq!(kerberos, Ok(true));
            assert_eq!(named, "FILE:7:12: Kerberos binds as whoever the ticket is for: leave 'user' out");
        }
        false => {
            let without = "this nsdiag is built without Kerberos (cargo feature 'gssapi')";
            assert_eq!(kerberos, Err(format!("FILE:6:12: {without}")));
            assert_eq!(named, format!("FILE:7:12: {without}"));
        }
    }
}

#[test]
fn a_file_that_is_no_text_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nsdiag.toml");
    std::fs::write(&path, b"domain = 'contoso.com'\n[[ignore]]\nreason = 'f\xfcr'\n").unwrap();
    let args = CheckArgs { ask: AskArgs { config: Some(path.clone()), ..AskArgs::default() }, ..CheckArgs::default() };
    let told = Settings::load(&args).map(|_| ()).map_err(|error| error.0);
    assert_eq!(told, Err(format!("{}:3:12: this is no UTF-8, in which TOML is written", path.display())));
}
