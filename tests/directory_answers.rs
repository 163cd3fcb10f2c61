//! Directory servers that answer as Active Directory does, and others that answer wrongly: what is made of it.
#![allow(clippy::unwrap_used)] // A panic is how a test fails.
use futures_util::{SinkExt, StreamExt};
use ldap3_proto::LdapCodec;
use ldap3_proto::proto::{
    LdapBindResponse, LdapExtendedResponse, LdapMsg, LdapOp, LdapPartialAttribute, LdapResult, LdapResultCode,
    LdapSearchRequest, LdapSearchResultEntry, LdapSearchResultReference, LdapSearchScope,
};
use nsdiag::collect::directory::{Access, Password, Roster, Wanted, catalog, read};
use nsdiag::collect::dns::Resolver;
use nsdiag::collect::rosters::Rosters;
use nsdiag::collect::smtp::TlsTrust;
use nsdiag_checks::evidence::{Directory, How, Lookup, Observed};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};
use tokio_util::codec::Framed;

const DOMAIN: &str = "DC=corp,DC=contoso,DC=com";
/// What arrives within this time of each other is of one wave: more than a loaded machine takes to send it.
const WAVE: Duration = Duration::from_millis(300);

type Ops = Vec<LdapOp>;

/// A server in the clear, and what it was asked.
struct Play {
    url: String,
    /// How often it was asked something after having answered.
    waves: Arc<AtomicUsize>,
    asked: Arc<Mutex<Vec<LdapSearchRequest>>>,
    binds: Arc<AtomicUsize>,
}

impl Play {
    fn count(counter: &AtomicUsize) -> usize {
        counter.load(Ordering::SeqCst)
    }
}

/// A server that takes any bind, and answers searches with what `answer` makes of them.
async fn play(answer: impl Fn(&LdapSearchRequest) -> Ops + Send + Sync + 'static) -> Play {
    play_with(LdapResultCode::Success, answer).await
}

async fn play_with(bind: LdapResultCode, answer: impl Fn(&LdapSearchRequest) -> Ops + Send + Sync + 'static) -> Play {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    let played = Play { url, waves: Arc::default(), asked: Arc::default(), binds: Arc::default() };
    let (waves, asked, binds) = (played.waves.clone(), played.asked.clone(), played.binds.clone());
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (answer, bind) = (answer.clone(), bind.clone());
            let (waves, asked, binds) = (waves.clone(), asked.clone(), binds.clone());
            tokio::spawn(async move {
                let mut framed = Framed::new(stream, LdapCodec::new(Some(1 << 20), None));
                while let Some(Ok(message)) = framed.next().await {
                    let mut replies = Vec::new();
                    match message.op {
                        LdapOp::ExtendedRequest(_) => {
                            let res = result(LdapResultCode::ProtocolError);
                            let refused = LdapExtendedResponse { res, name: None, value: None };
                            replies.push((message.msgid, LdapOp::ExtendedResponse(refused)));
                        }
                        LdapOp::BindRequest(_) => {
                            binds.fetch_add(1, Ordering::SeqCst);
                            let bound = LdapBindResponse { res: result(bind.clone()), saslcreds: None };
                            replies.push((message.msgid, LdapOp::BindResponse(bound)));
                        }
                        LdapOp::SearchRequest(first) => {
                            waves.fetch_add(1, Ordering::SeqCst);
                            let mut wave = vec![(message.msgid, first)];
                            while let Ok(Some(Ok(next))) = timeout(WAVE, framed.next()).await {
                                let LdapOp::SearchRequest(search) = next.op else { return };
                                wave.push((next.msgid, search));
                            }
                            for (id, search) in wave {
                                replies.extend(answer(&search).into_iter().map(|op| (id, op)));
                                asked.lock().unwrap().push(search);
                            }
                        }
                        _ => return,
                    }
                    for (id, op) in replies {
                        if framed.feed(LdapMsg::new(id, op)).await.is_err() {
                            return;
                        }
                    }
                    if framed.flush().await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    played
}

fn result(code: LdapResultCode) -> LdapResult {
    LdapResult { code, matcheddn: String::new(), message: String::new(), referral: vec![] }
}

fn done() -> LdapOp {
    LdapOp::SearchResultDone(result(LdapResultCode::Success))
}

fn entry(dn: &str, attributes: &[(&str, &[String])]) -> LdapOp {
    let attribute = |(name, values): &(&str, &[String])| LdapPartialAttribute {
        atype: (*name).into(),
        vals: values.iter().map(|value| value.clone().into_bytes()).collect(),
    };
    LdapOp::SearchResultEntry(LdapSearchResultEntry {
        dn: dn.into(),
        attributes: attributes.iter().map(attribute).collect(),
    })
}

fn one(value: &str) -> [String; 1] {
    [value.into()]
}

/// The rootDSE, where that is what is asked for.
fn root(search: &LdapSearchRequest) -> Option<Ops> {
    let configuration = format!("CN=Configuration,{DOMAIN}");
    let attributes = [
        ("defaultNamingContext", &one(DOMAIN)[..]),
        ("configurationNamingContext", &one(&configuration)),
        ("rootDomainNamingContext", &one(DOMAIN)),
        ("isGlobalCatalogReady", &one("TRUE")),
        ("dsServiceName", &one(&format!("CN=NTDS Settings,CN=DC1,CN=Servers,CN=Berlin,CN=Sites,{configuration}"))),
    ];
    (search.base.is_empty() && search.scope == LdapSearchScope::Base).then(|| vec![entry("", &attributes), done()])
}

/// Whether the search looks recipients up by address.
fn looks_up(search: &LdapSearchRequest, address: &str) -> bool {
    format!("{:?}", search.filter).contains(&format!("smtp:{address}"))
}

fn addresses(locals: &[&str]) -> Vec<String> {
    locals.iter().map(|local| format!("{local}@contoso.com")).collect()
}

async fn ask(play: &Play, catalog: Option<&Play>, addresses: &[String], known_good: bool) -> Directory {
    let access = Access {
        system: "corp".into(),
        urls: vec![play.url.clone()],
        catalog: catalog.map(|play| play.url.clone()),
        kerberos: false,
        user: Some("nsdiag@corp.contoso.com".into()),
        password: Some(Password::new("geheim-7391".into())),
        plaintext: true,
        tls: TlsTrust::new(&[]).unwrap().strict(),
    };
    let (step, deadline) = (Duration::from_secs(20), Instant::now() + Duration::from_secs(60));
    let resolver = Resolver::new(vec![], step, deadline);
    let wanted = Wanted { domain: "contoso.com", addresses, known_good, roster: Roster::Nobody };
    let (teller, listener) = catalog::pair();
    let rosters = &Rosters::of(1)[0];
    let asking = catalog::ask(listener, &resolver, wanted, step, deadline);
    let (mut found, said) = tokio::join!(read(access, &resolver, wanted, step, deadline, rosters, teller), asking);
    said.complete(&mut found);
    found
}

#[tokio::test]
async fn ten_addresses_take_three_round_trips_after_the_bind() {
    let boss = format!("CN=Boss,{DOMAIN}");
    let server = play(move |search| {
        let mailbox = |name: &str| {
            let proxy = one(&format!("SMTP:{name}@contoso.com"));
            let attributes = [
                ("objectClass", &one("user")[..]),
                ("cn", &one(name)),
                ("proxyAddresses", &proxy),
                ("homeMDB", &one("CN=DB")),
                ("msExchRecipientTypeDetails", &one("1")),
                ("altRecipient", &one(&boss)),
            ];
            entry(&format!("CN={name},{DOMAIN}"), &attributes)
        };
        let mut found = vec![];
        if let Some(root) = root(search) {
            return root;
        } else if search.base == boss {
            found.push(entry(
                &boss,
                &[("objectClass", &one("user")), ("proxyAddresses", &one("SMTP:boss@contoso.com"))],
            ));
        } else if looks_up(search, "user0@contoso.com") {
            found.extend((0..10).map(|at| mailbox(&format!("user{at}"))));
        } else if format!("{:?}", search.filter).contains("objectCategory") {
            found.push(mailbox("helpdesk"));
        }
        found.push(done());
        found
    })
    .await;
    let wanted: Vec<String> = (0..10).map(|at| format!("user{at}@contoso.com")).collect();
    let found = ask(&server, None, &wanted, true).await;
    assert_eq!(Play::count(&server.waves), 3, "{:?}", server.asked.lock().unwrap());
    assert_eq!(found.known_good, Observed::Known(Some("helpdesk@contoso.com".into())));
    let all = found.lookups.iter().filter(|lookup| lookup.entries.known().is_some_and(|all| all.len() == 1));
    assert_eq!(all.count(), 10, "{:?}", found.lookups);
    assert_eq!(found.noteworthy.known().unwrap()[0].dn, format!("CN=Boss,{DOMAIN}"));
    assert_eq!(found.root.known().unwrap().site.as_deref(), Some("Berlin"));
    let asked = server.asked.lock().unwrap();
    let names: Vec<String> = asked.iter().flat_map(|search| search.attrs.clone()).collect();
    assert!(names.iter().all(|name| name != "*" && !name.to_lowercase().contains("password")), "{names:?}");
}

/// A server with one object, of whose proxy addresses it gives `part` at once and `all` in total.
async fn with_many(all: usize, part: usize, stuck: bool) -> Play {
    play(move |search| {
        if let Some(root) = root(search) {
            return root;
        }
        let names: Vec<String> = search.attrs.iter().map(|name| name.to_lowercase()).collect();
        let from = names.iter().find_map(|name| name.strip_prefix("proxyaddresses;range=")?.strip_suffix("-*"));
        if from.is_none() && !looks_up(search, "last@contoso.com") {
            return vec![done()];
        }
        let from: usize = if stuck { 0 } else { from.map_or(0, |from| from.parse().unwrap()) };
        let to = all.min(from + part);
        let mut values: Vec<String> = (from..to).map(|at| format!("smtp:a{at}@contoso.com")).collect();
        let name = match (from, to == all) {
            (0, true) => "proxyAddresses".to_string(),
            (_, true) => format!("proxyAddresses;range={from}-*"),
            (_, false) => format!("proxyAddresses;range={from}-{}", to - 1),
        };
        if to == all {
            *values.last_mut().unwrap() = "SMTP:last@contoso.com".into();
        }
        vec![entry(&format!("CN=Many,{DOMAIN}"), &[("objectClass", &one("group")), (&name, &values)]), done()]
    })
    .await
}

#[tokio::test]
async fn large_attributes_are_fetched_to_their_end() {
    for (all, part) in [(4000, 1500), (1500, 1500), (10_000, 10_000)] {
        let found = ask(&with_many(all, part, false).await, None, &addresses(&["last"]), false).await;
        let entries = found.lookups[0].entries.known().unwrap_or_else(|| panic!("{:?}", found.lookups));
        let values = entries[0].values("proxyAddresses");
        assert_eq!((values.len(), &*values[all - 1]), (all, "SMTP:last@contoso.com"), "{all} in parts of {part}");
    }
    let stuck = ask(&with_many(4000, 1500, true).await, None, &addresses(&["last"]), false).await;
    let miss = stuck.lookups[0].entries.miss().unwrap();
    assert!(miss.how == How::Protocol && miss.said.contains("all values of proxyaddresses"), "{miss:?}");
}

#[tokio::test]
async fn a_server_that_ignores_paging_is_borne_and_one_without_end_is_not() {
    let many = |count: usize| {
        move |search: &LdapSearchRequest| {
            let bare = |at| entry(&format!("CN={at},{DOMAIN}"), &[("mail", &one("a@contoso.com")), ("cn", &one("x"))]);
            let count = if looks_up(search, "a@contoso.com") { count } else { 0 };
            root(search).unwrap_or_else(|| (0..count).map(bare).chain([done()]).collect())
        }
    };
    let found = ask(&play(many(3000)).await, None, &addresses(&["a"]), false).await;
    assert_eq!(found.lookups[0].entries.known().map(Vec::len), Some(3000));
    let found = ask(&play(many(300_000)).await, None, &addresses(&["a"]), false).await;
    let miss = found.lookups[0].entries.miss().unwrap_or_else(|| panic!("taken"));
    assert_eq!((miss.how, &*miss.said), (How::TooLarge, "the directory server sent more than 8 MiB"));
}

#[tokio::test]
async fn what_a_server_does_not_show_at_once_is_asked_for_in_pages() {
    let times = AtomicUsize::new(0);
    let server = play(move |search| {
        let bare = |at| entry(&format!("CN={at},{DOMAIN}"), &[("mail", &one("a@contoso.com"))]);
        if let Some(root) = root(search) {
            return root;
        } else if !looks_up(search, "a@contoso.com") {
            return vec![done()];
        }
        match times.fetch_add(1, Ordering::SeqCst) {
            0 => vec![bare(1), LdapOp::SearchResultDone(result(LdapResultCode::SizeLimitExceeded))],
            _ => vec![bare(1), bare(2), bare(3), done()],
        }
    })
    .await;
    let found = ask(&server, None, &addresses(&["a"]), false).await;
    assert_eq!(found.lookups[0].entries.known().map(Vec::len), Some(3), "{:?}", found.lookups);
}

#[tokio::test]
async fn referrals_are_told_and_not_followed() {
    let elsewhere = play(|search| root(search).unwrap_or_else(|| vec![done()])).await;
    let url = format!("{}/DC=emea,{DOMAIN}", elsewhere.url);
    let server = play(move |search| {
        let subtree = search.scope == LdapSearchScope::Subtree && search.base == DOMAIN;
        let reference = LdapOp::SearchResultReference(LdapSearchResultReference { uris: vec![url.clone()] });
        root(search).unwrap_or_else(|| if subtree { vec![reference, done()] } else { vec![done()] })
    })
    .await;
    let found = ask(&server, None, &addresses(&["a"]), false).await;
    let miss = found.lookups[0].entries.miss().unwrap();
    assert!(miss.how == How::Referral && miss.said.contains("/DC=emea,"), "{miss:?}");
    assert_eq!((Play::count(&elsewhere.binds), Play::count(&elsewhere.waves)), (0, 0), "it was followed");
}

#[tokio::test]
async fn what_is_absent_is_absent_though_the_server_refers_to_its_zones() {
    let zones = ["ForestDnsZones", "DomainDnsZones"].map(|name| {
        let host = name.to_lowercase();
        format!("ldap://{host}.corp.contoso.com/DC={name},{DOMAIN}")
    });
    let configuration = format!("ldap://corp.contoso.com/CN=Configuration,{DOMAIN}");
    let usual = || zones.iter().chain([&configuration]).cloned().collect::<Vec<_>>();
    let encoded = |url: String| url.replace('=', "%3D").replace(',', "%2c");
    let with = |more: &[&str]| usual().into_iter().chain(more.iter().map(ToString::to_string)).collect();
    let child = format!("ldap://emea.corp.contoso.com/DC=emea,{DOMAIN}");
    let cases: [(&str, Vec<String>, Option<&str>); 9] = [
        ("those of every domain", usual(), None),
        ("each by two ways", usual().iter().map(|url| format!("{url} {url}")).collect(), None),
        ("a way that leads elsewhere", with(&[&format!("{configuration} {child}")]), Some("/DC=emea,")),
        ("in small letters", usual().iter().map(|url| url.to_lowercase()).collect(), None),
        ("in capitals", usual().iter().map(|url| url.to_uppercase()).collect(), None),
        ("percent-encoded", usual().into_iter().map(encoded).collect(), None),
        ("a child domain", with(&[&child]), Some("/DC=emea,")),
        ("a child domain, percent-encoded", with(&[&encoded(child.clone())]), Some("/DC%3Demea%2c")),
        ("no name", with(&["ldap://forestdnszones.corp.contoso.com"]), Some("ldap://forestdnszones.corp")),
    ];
    for (name, urls, doubt) in cases {
        let server = play(move |search| {
            let subtree = search.scope == LdapSearchScope::Subtree && search.base == DOMAIN;
            let reference = |urls: &String| {
                LdapOp::SearchResultReference(LdapSearchResultReference {
                    uris: urls.split(' ').map(String::from).collect(),
                })
            };
            let references = urls.iter().filter(|_| subtree).map(reference);
            root(search).unwrap_or_else(|| references.chain([done()]).collect())
        })
        .await;
        let found = ask(&server, None, &addresses(&["a"]), false).await;
        // No global catalog answers.
        assert!(found.catalog.miss().is_some(), "{name}: {:?}", found.catalog);
        match (&found.lookups[0].entries, doubt) {
            (Observed::Known(entries), None) => assert!(entries.is_empty(), "{name}"),
            (Observed::Unknown(miss), Some(doubt)) => {
                assert!(miss.how == How::Referral && miss.said.contains(doubt), "{name}: {miss:?}");
            }
            (answer, _) => panic!("{name}: {answer:?}"),
        }
    }
}

#[tokio::test]
async fn the_catalog_tells_of_the_whole_forest() {
    let child = format!("CN=Anna,DC=emea,{DOMAIN}");
    let forest = play(move |search| {
        let proxy = one("SMTP:anna@contoso.com");
        let anna = entry(&child, &[("objectClass", &one("user")), ("proxyAddresses", &proxy)]);
        if search.base.is_empty() && looks_up(search, "anna@contoso.com") { vec![anna, done()] } else { vec![done()] }
    })
    .await;
    let schema = |search: &LdapSearchRequest| {
        let member = |name: &str, flag: &str| {
            let attributes = [("lDAPDisplayName", &one(name)[..]), ("isMemberOfPartialAttributeSet", &one(flag))];
            entry(&format!("CN={name},{}", search.base), &attributes)
        };
        let asked = search.base.starts_with("CN=Schema,");
        asked.then(|| vec![member("mail", "TRUE"), member("proxyAddresses", "FALSE"), done()])
    };
    let server = play(move |search| root(search).or_else(|| schema(search)).unwrap_or_else(|| vec![done()])).await;
    let found = ask(&server, Some(&forest), &addresses(&["anna", "ben"]), false).await;
    assert_eq!(found.catalog, Observed::Known(forest.url.clone()));
    let held = |lookup: &Lookup| (lookup.entries.known().unwrap().len(), lookup.forest.known().unwrap().len());
    let held: Vec<_> = found.lookups.iter().map(held).collect();
    assert_eq!(held, [(0, 1), (0, 0)]);
    assert_eq!(found.catalog_attributes, Observed::Known(vec!["mail".into()]));
}

#[tokio::test]
async fn a_catalog_that_is_not_there_or_refuses_leaves_the_forest_unknown() {
    let server = || play(|search| root(search).unwrap_or_else(|| vec![done()]));
    let refuses = play_with(LdapResultCode::Unavailable, |_| vec![done()]).await;
    let silent = play(|_| vec![LdapOp::SearchResultDone(result(LdapResultCode::UnwillingToPerform))]).await;
    let gone = Play { url: dead().await, ..play(|_| vec![]).await };
    for (catalog, said) in [(&refuses, "it is unavailable"), (&silent, "unwilling"), (&gone, "connection refused")] {
        let found = ask(&server().await, Some(catalog), &addresses(&["a"]), false).await;
        let miss = found.catalog.miss().unwrap_or_else(|| panic!("{said}: {:?}", found.catalog));
        assert!(miss.said.contains(said) && miss.said.starts_with(&catalog.url), "{said}: {miss:?}");
        assert_eq!(found.lookups[0].entries, Observed::Known(vec![]), "{said}");
        assert!(found.lookups[0].forest.miss().is_some(), "{said}");
    }
    // Nobody named one, and DNS names none either.
    let found = ask(&server().await, None, &addresses(&["a"]), false).await;
    assert!(found.catalog.miss().unwrap().said.contains("DNS names no other global catalog of corp.contoso.com"));
}

#[tokio::test]
async fn a_password_that_the_directory_refuses_is_not_tried_at_the_catalog() {
    let server = play_with(LdapResultCode::InvalidCredentials, |_| vec![done()]).await;
    let catalog = play(|_| vec![done()]).await;
    let found = ask(&server, Some(&catalog), &addresses(&["a"]), false).await;
    assert_eq!(found.bind.miss().map(|miss| miss.how), Some(How::WrongPassword));
    assert_eq!((Play::count(&server.binds), Play::count(&catalog.binds)), (1, 0));
    assert_eq!(found.catalog, Observed::NotAsked);
}

#[tokio::test]
async fn an_answer_that_comes_byte_by_byte_is_not_awaited_for_ever() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut chunk = [0; 4096];
                while let Ok(7..) = stream.read(&mut chunk).await {
                    let id = chunk[4];
                    let short = match chunk[5] {
                        // No StartTLS, and any bind.
                        0x77 => Some([0x78, 2]),
                        0x60 => Some([0x61, 0]),
                        _ => None,
                    };
                    if let Some([tag, code]) = short {
                        let reply = [0x30, 12, 2, 1, id, tag, 7, 10, 1, code, 4, 0, 4, 0];
                        stream.write_all(&reply).await.unwrap();
                        continue;
                    }
                    // An entry of 60 KB, one byte in ten milliseconds.
                    for byte in [0x30, 0x82, 0xf0, 0, 2, 1, id, 0x64, 0x82, 0xef, 0xf0].into_iter().chain([4; 60_000]) {
                        if stream.write_all(&[byte]).await.is_err() {
                            return;
                        }
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                }
            });
        }
    });
    let access = Access {
        system: "corp".into(),
        urls: vec![url],
        catalog: None,
        kerberos: false,
        user: Some("nsdiag".into()),
        password: Some(Password::new("x".into())),
        plaintext: true,
        tls: TlsTrust::new(&[]).unwrap().strict(),
    };
    let (step, deadline) = (Duration::from_secs(1), Instant::now() + Duration::from_secs(60));
    let resolver = Resolver::new(vec![], step, deadline);
    let wanted =
        Wanted { domain: "contoso.com", addresses: &addresses(&["a"]), known_good: false, roster: Roster::Nobody };
    let began = Instant::now();
    let found = read(access, &resolver, wanted, step, deadline, &Rosters::of(1)[0], catalog::pair().0).await;
    assert_eq!(found.root.miss().map(|miss| miss.how), Some(How::TimedOut), "{found:?}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

/// A URL at which nothing listens any more.
async fn dead() -> String {
    format!("ldap://{}", TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap())
}
