//! What is printed beside a finding, and beside which it is not.
use crate::evidence::dns::RecordKind;
use crate::judge::{Case, Check};
use crate::prelude::*;
use crate::stories::{BACKUP, EXCHANGE, GATEWAY, OTHER, RANDOM, World, turn};

/// What the check with `code` says.
fn notes(world: &World, code: &str) -> Notes {
    let case = Case::new(&world.question, &world.evidence);
    let (_, check): (_, &'static Check) = crate::checks().into_iter().find(|(_, check)| check.code == code).unwrap();
    let mut notes = Notes::new(check);
    (check.judge)(&case, &mut notes);
    notes
}

/// The commands that only show something, of the findings with `code`.
fn seen(world: &World, code: &str) -> Vec<String> {
    let case = Case::new(&world.question, &world.evidence);
    let mut notes = notes(world, code);
    let mut all = Vec::new();
    for finding in &mut notes.findings {
        super::prove(&case, finding);
        for remedy in finding.remedies.iter().filter(|remedy| remedy.proof && remedy.shell.is_some()) {
            assert!(remedy.undo.is_empty(), "{remedy:?}");
            all.extend(crate::remedy::lines(&remedy.commands));
        }
    }
    all
}

/// Those of them that begin with `program`.
fn of(world: &World, code: &str, program: &str) -> Vec<String> {
    seen(world, code).into_iter().filter(|line| line.starts_with(program)).collect()
}

fn named() -> World {
    let mut world = World::broken_gateway();
    (world.question.ehlo, world.question.mail_from) = ("adm01.example.net".into(), "nsdiag@example.net".into());
    world
}

const EHLO: &str = "--ehlo 'adm01.example.net' --from 'nsdiag@example.net'";

#[test]
fn a_reply_to_rcpt_is_asked_for_again_as_it_was_asked_for() {
    let at = |ip: &str, to: &str| {
        format!("swaks --quit-after RCPT --server '{ip}' {EHLO} --to '{to},nobody.has.this.name@contoso.com'")
    };
    let both = [at("192.0.2.25", "helpdesk@contoso.com,orders@contoso.com"), at("10.0.0.44", "orders@contoso.com")];
    assert_eq!(of(&named(), "NSD401", "swaks"), both);
    assert_eq!(of(&World::healthy(), "NSD401", ""), [""; 0], "nothing is wrong");

    // The port, TLS, and what we said in that very session.
    let mut world = named();
    let hop = world.evidence.hops.iter_mut().find(|hop| hop.id == GATEWAY).unwrap();
    (hop.port, hop.address) = (2525, Some("2001:db8::25".parse().unwrap()));
    let session = world.last(GATEWAY);
    session.transcript.iter_mut().for_each(|turn| turn.tls = true);
    for (stage, text) in [(Stage::Mail, "MAIL FROM:<> SIZE=100"), (Stage::Ehlo, "EHLO probe.example.net")] {
        let mut ours = turn(stage, text, None);
        (ours.who, ours.code) = (crate::evidence::smtp::Who::Client, None);
        session.transcript.insert(0, ours);
    }
    // The evidence's places have moved along.
    let asked = "swaks --quit-after RCPT --server '[2001:db8::25]' --port '2525' --tls --ehlo 'probe.example.net' --from '<>' \
                 --to 'helpdesk@contoso.com,orders@contoso.com,";
    let line = of(&world, "NSD401", "swaks").remove(0);
    assert!(line.starts_with(asked), "{line}");
}

#[test]
fn each_host_that_decides_otherwise_is_asked() {
    let mut world = World::two_gateways();
    (world.question.ehlo, world.question.mail_from) = ("adm01.example.net".into(), "nsdiag@example.net".into());
    let at = |ip: &str, to: &str| format!("swaks --quit-after RCPT --server '{ip}' {EHLO} --to '{to}'");
    let lines = of(&world, "NSD405", "swaks");
    assert!(lines[0].starts_with("swaks --quit-after RCPT --server '192.0.2.25'"), "{lines:#?}");
    assert!(lines.iter().any(|line| line.starts_with(&at("192.0.2.26", "orders@contoso.com")[..45])), "{lines:#?}");
    world.accepts_everybody(BACKUP);
    let open = of(&world, "NSD205", "swaks");
    assert!(open.iter().any(|line| *line == at("192.0.2.26", "nobody.has.this.name@contoso.com")), "{open:#?}");
}

#[test]
fn an_address_that_would_be_read_as_two_is_never_asked_about() {
    let mut world = named();
    let odd = "\"a,b@evil.example\"@contoso.com";
    world.rcpt(GATEWAY, odd, "550 5.1.1 User unknown in relay recipient table");
    world.rcpt(GATEWAY, "helpdesk@contoso.com", "250 2.1.5 Ok");
    world.rcpt(OTHER, odd, "250 2.1.5 Ok");
    world.directory(odd, "");
    world.evidence.files[0].addresses = Observed::Known(vec![odd.into()]);
    let lines = of(&world, "NSD401", "swaks");
    assert!(!lines.is_empty(), "it is found");
    assert!(lines.iter().all(|line| line.ends_with("--to (<see the comment>)")), "{lines:#?}");
}

#[test]
fn postfix_and_exim_are_asked_in_their_own_way_and_nobody_else() {
    let unknown = |table: &str| {
        format!("550 5.1.1 <orders@contoso.com>: Recipient address rejected: User unknown in {table} table")
    };
    let told = |greeting: &str, reply: &str| {
        let mut world = World::broken_gateway();
        for address in ["orders@contoso.com", "sales@contoso.com", RANDOM] {
            world.rcpt(GATEWAY, address, reply);
        }
        world.rcpt(GATEWAY, "helpdesk@contoso.com", "250 2.1.5 Ok");
        world.last(GATEWAY).transcript[0] = turn(Stage::Greeting, greeting, None);
        [of(&world, "NSD401", "post"), of(&world, "NSD401", "exim")].concat()
    };
    let postfix = |maps: &str| {
        let ask = "postmap -q 'orders@contoso.com' (<each map that it lists, such as ldap:/etc/postfix/recipients.cf>)";
        vec![format!("postconf {maps}"), ask.to_string()]
    };
    let exim = vec!["exim -bt 'orders@contoso.com'".to_string()];
    let cases = [
        ("220 mx1 ESMTP Postfix", unknown("relay recipient"), postfix("relay_recipient_maps")),
        ("220 mx1 ESMTP Postfix", unknown("virtual mailbox"), postfix("virtual_mailbox_maps")),
        // It asks the next host, or hides its table.
        (
            "220 mx1 ESMTP Postfix",
            "550 5.1.1 <orders@contoso.com>: Recipient address rejected: undeliverable address: unknown user".into(),
            vec![],
        ),
        (
            "220 mx1 ESMTP Postfix",
            "550 5.1.1 <orders@contoso.com>: Recipient address rejected: User unknown".into(),
            vec![],
        ),
        ("220 mx1 ESMTP Exim 4.97", "550 Unrouteable address".into(), exim),
        ("220 mx1 ESMTP", "550 5.1.1 User unknown".into(), vec![]),
        ("220 eu-smtp-inbound-1.mimecast.com ESMTP; now", "550 5.1.1 User unknown".into(), vec![]),
    ];
    for (greeting, reply, expected) in cases {
        assert_eq!(told(greeting, &reply), expected, "{greeting} {reply}");
    }
}

#[test]
fn the_directory_is_searched_as_the_gateway_seems_to_where_it_seems_to() {
    let with_ldap = |world: &mut World| {
        let directory = &mut world.evidence.directories[0];
        directory.bind = Observed::Known("CORP\\nsdiag".into());
        let root = crate::evidence::directory::RootDse {
            default_context: Some("DC=corp,DC=contoso,DC=com".into()),
            ..Default::default()
        };
        directory.root = Observed::Known(root);
        world.question.systems[0].ldap_user = Some("CORP\\nsdiag".into());
    };
    let mut world = World::broken_gateway();
    with_ldap(&mut world);
    let search = "ldapsearch -LLL -o ldif-wrap=no -x -D 'CORP\\nsdiag' -W -H 'ldaps://corp.contoso.com' -b \
                  'DC=corp,DC=contoso,DC=com' '(proxyAddresses=smtp:orders@contoso.com)' mail proxyAddresses";
    assert_eq!(of(&world, "NSD401", "ldapsearch"), [search]);
    world.question.systems[0].ldap_user = None;
    assert!(of(&world, "NSD401", "ldapsearch")[0].contains(" -Y GSSAPI "));
    world.evidence.directories[0].bind = Observed::Known("nobody (anonymous)".into());
    assert!(of(&world, "NSD401", "ldapsearch")[0].contains(" -x -H "));
    world.evidence.directories[0].bind = Observed::NotAsked;
    assert!(of(&world, "NSD401", "ldapsearch")[0].contains(" -x -D (<an account that may read>) -W -H "));

    // By its own words it asks the next host; nobody knows the domain, or it has a name that is none of DNS.
    type Change = fn(&mut World);
    let silent: [Change; 3] = [
        |world| world.rcpt(GATEWAY, "orders@contoso.com", "550 Callout verification failed: 550 5.1.1 User unknown"),
        |world| world.evidence.directories[0].root = Observed::NotAsked,
        |world| {
            let root = crate::evidence::directory::RootDse {
                default_context: Some("DC=corp/x,DC=contoso".into()),
                ..Default::default()
            };
            world.evidence.directories[0].root = Observed::Known(root);
        },
    ];
    for change in silent {
        let mut world = World::broken_gateway();
        with_ldap(&mut world);
        change(&mut world);
        assert_eq!(of(&world, "NSD401", "ldapsearch"), [""; 0]);
    }

    // A look-up that misses them is told beside the one that does not.
    let mut world = World::healthy();
    with_ldap(&mut world);
    let user = |mail: &str, alias: &str| {
        format!(
            "user mail={mail}@contoso.com proxyaddresses=SMTP:{mail}@contoso.com proxyaddresses=smtp:{alias}@contoso.com homemdb=DB1"
        )
    };
    for (name, alias, known) in
        [("helpdesk", "helpdesk", true), ("anna", "anna", true), ("anna", "a*(b)", false), ("carl", "carl", true)]
    {
        world.knows(&format!("{alias}@contoso.com"), &user(name, alias), known);
    }
    let both = of(&world, "NSD402", "ldapsearch");
    assert_eq!(both.len(), 2);
    assert!(both[0].contains(r" '(mail=a\2a\28b\29@contoso.com)' "), "{both:#?}");
    assert!(both[1].contains(r"(|(mail=a\2a\28b\29@contoso.com)(proxyAddresses=smtp:a\2a\28b\29@contoso.com))"));
}

#[test]
fn dns_is_asked_at_the_server_that_answered() {
    let mut world = World::healthy();
    world.dns("contoso.com", RecordKind::Mx, "10 mx1.contoso.com");
    world.dns("mx1.contoso.com", RecordKind::A, "");
    for lookup in &mut world.evidence.dns {
        lookup.resolver = "10.0.0.53:53".into();
    }
    let lines = of(&world, "NSD102", "dig");
    assert!(lines.contains(&"dig '@10.0.0.53' -t A -q 'mx1.contoso.com'".into()), "{lines:#?}");
    for lookup in &mut world.evidence.dns {
        (lookup.resolver, lookup.authenticated) = ("[2001:db8::53]:5353".into(), true);
    }
    let lines = of(&world, "NSD102", "dig");
    let signed = "dig '@2001:db8::53' -p '5353' -t A -q 'mx1.contoso.com' +dnssec";
    assert!(lines.contains(&signed.into()), "{lines:#?}");
    assert_eq!(of(&World::broken_gateway(), "NSD401", "dig"), [""; 0], "it rests on no answer of DNS");
}

#[test]
fn exchange_tells_what_it_bounced_and_not_what_it_refused_at_rcpt() {
    use crate::evidence::exchange::DomainKind;
    let mut world = World::healthy();
    world.accepted(|accepted| accepted.kind = DomainKind::Authoritative);
    let log = "Get-MessageTrackingLog -Recipients 'orders@contoso.com','sales@contoso.com' -Start (Get-Date).AddHours(-24) \
               -EventId Fail | Format-List Timestamp, Source, Sender, Recipients, RecipientStatus";
    assert_eq!(of(&world, "NSD302", "Get-"), [log]);
    for address in ["orders@contoso.com", "sales@contoso.com"] {
        world.rcpt(EXCHANGE, address, "550 5.1.1 User unknown");
    }
    assert_eq!(of(&world, "NSD302", "Get-"), [""; 0], "the log holds no refusal at RCPT");
    assert_eq!(of(&World::broken_gateway(), "NSD401", "Get-"), [""; 0], "the gateway refuses them");

    let mut tenant = World::online();
    tenant.accepted(|accepted| accepted.kind = DomainKind::Authoritative);
    let lines = of(&tenant, "NSD302", "Get-");
    assert!(lines.iter().all(|line| line.starts_with("Get-MessageTraceV2 -RecipientAddress ")), "{lines:#?}");
}

#[test]
fn a_tenant_tries_its_own_connector_and_exchange_on_premises_none() {
    let mut tenant = World::online();
    let connector = &mut tenant.outbound_connectors()[0];
    (connector.use_mx, connector.smart_hosts) = (true, vec![]);
    tenant.dns("contoso.com", RecordKind::Mx, "10 contoso-com.mail.protection.outlook.com");
    let tried = "Validate-OutboundConnector -Identity 'To Zimbra' -Recipients 'orders@contoso.com'";
    assert_eq!(of(&tenant, "NSD314", "Validate"), [tried]);
    let mut tenant = World::online();
    tenant.outbound_connectors()[0].enabled = false;
    assert!(!notes(&tenant, "NSD313").findings.is_empty());
    assert_eq!(of(&tenant, "NSD313", "Validate"), [""; 0], "one that is disabled carries nothing");
    let mut world = World::healthy();
    world.connector(|connector| connector.smart_hosts.clear());
    assert!(!notes(&world, "NSD314").findings.is_empty());
    assert_eq!(of(&world, "NSD314", "Validate"), [""; 0]);
}

#[test]
fn a_pointer_is_taken_apart_by_its_pattern() {
    use super::places;
    let transcript = "/evidence/smtp/*/transcript/*";
    assert_eq!(places("/evidence/smtp/3/transcript/17", transcript), Some([3, 17]));
    for other in ["/evidence/smtp/3", "/evidence/dns/3/transcript/1", "/evidence/smtp/x/transcript/1", ""] {
        assert_eq!(places::<2>(other, transcript), None, "{other}");
    }
    assert_eq!(places("/evidence/directories/1/lookups/4", "/evidence/directories/*"), Some([1]));
}
