//! A small world for tests: healthy, until a test breaks something.
use crate::evidence::dns::{Alias, Answer, DnsLookup, Record, RecordKind, StsPolicy};
use crate::evidence::exchange::{
    AcceptedDomain, AddressSpace, DomainKind, RecipientFilter, SendConnector, SmartHostAuthentication,
};
use crate::evidence::online::{ConnectorType, OutboundConnector};
use crate::evidence::reading::Unread;
use crate::evidence::servers::{EdgeSubscription, ExchangeServer, ServerRole};
use crate::evidence::smtp::{Certificate, Handshake, Hop, Line, Tls, Turn, Who};
use crate::evidence::{List, System, SystemKind};
use crate::prelude::*;

pub const GATEWAY: &str = "gateway/mx1.contoso.com/192.0.2.25:25";
pub const BACKUP: &str = "gateway/mx2.contoso.com/192.0.2.26:25";
pub const EXCHANGE: &str = "exchange/exch01.corp.contoso.com/10.0.0.10:25";
pub const OTHER: &str = "other/smarthost.contoso.com/10.0.0.44:25";
/// The second random control.
pub const SECOND: &str = "h4w8z1p6d3y9c5j2@contoso.com";
pub const LABS: &str = "exchange/exch.labs.contoso.com/10.1.0.10:25";
pub const RANDOM: &str = "q7x2k9v4m1t8b3n6@contoso.com";

/// contoso.com: anna, ben and helpdesk at Exchange, orders and sales at zimbra, a gateway that knows them all.
pub struct World {
    pub question: Question,
    pub evidence: Evidence,
}

impl World {
    pub fn healthy() -> Self {
        let system = |name: &str, kind| System {
            name: name.into(),
            kind,
            smtp: vec![],
            ldap: vec![],
            ldap_user: None,
            exports: vec![],
            lists: vec![],
            outbound: vec![],
            recipients_in_directory: false,
        };
        let mut world = Self {
            question: Question {
                domain: "contoso.com".into(),
                systems: vec![system("corp", SystemKind::Exchange), system("zimbra", SystemKind::Other)],
                known_good: vec!["helpdesk@contoso.com".into()],
                random: RANDOM.into(),
                second_random: SECOND.into(),
                smtp_port: 25,
                ..Question::default()
            },
            evidence: Evidence::default(),
        };
        world.dns("contoso.com", RecordKind::Mx, "10 mx1.contoso.com");
        for (host, address) in [
            ("mx1.contoso.com", "192.0.2.25"),
            ("exch01.corp.contoso.com", "10.0.0.10"),
            ("smarthost.contoso.com", "10.0.0.44"),
        ] {
            world.dns(host, RecordKind::A, address);
            world.dns(host, RecordKind::Aaaa, "");
        }
        for id in [GATEWAY, EXCHANGE, OTHER] {
            world.hop(id);
        }
        let unknown = "550 5.1.1 User unknown in relay recipient table";
        let ok = "250 2.1.5 Ok";
        let all = ["helpdesk@contoso.com", "orders@contoso.com", "sales@contoso.com"];
        let taken = all.map(|address| (address, ok));
        world.session(GATEWAY, &taken);
        world.rcpt(GATEWAY, RANDOM, unknown);
        world.session(EXCHANGE, &[(SECOND, ok)]);
        world.session(EXCHANGE, &taken);
        world.rcpt(EXCHANGE, RANDOM, ok);
        world.session(OTHER, &taken[1..]);
        world.rcpt(OTHER, RANDOM, "550 5.1.1 User unknown in virtual mailbox table");
        world.evidence.files.push(List {
            system: "zimbra".into(),
            source: "zimbra-users.csv".into(),
            addresses: Observed::Known(vec!["orders@contoso.com".into(), "sales@contoso.com".into()]),
            ..List::default()
        });
        world.evidence.directories.push(Directory {
            system: "corp".into(),
            source: "ldaps://dc1.corp.contoso.com".into(),
            bind: Observed::Known("nsdiag@corp.contoso.com".into()),
            noteworthy: Observed::Known(vec![]),
            roster: Observed::Known(vec![]),
            organisation: Observed::Known(Organisation {
                dn: "CN=Contoso".into(),
                accepted_domains: Observed::Known(vec![AcceptedDomain {
                    name: "contoso.com".into(),
                    domain: "contoso.com".into(),
                    kind: DomainKind::InternalRelay,
                    address_book: false,
                    match_subdomains: false,
                    catch_all: None,
                    raw_flags: Some(2),
                    changed: None,
                    unreadable: Unread::default(),
                }]),
                send_connectors: Observed::Known(vec![connector("To Zimbra", "SMTP:contoso.com;1")]),
                recipient_filter: Observed::Known(Some(RecipientFilter {
                    raw_flags: Some(0),
                    ..RecipientFilter::default()
                })),
                ..Organisation::default()
            }),
            ..Directory::default()
        });
        world.directory("helpdesk@contoso.com", "user homeMDB=DB1");
        world.directory("orders@contoso.com", "");
        world.directory("sales@contoso.com", "");
        world
    }

    /// A world whose only Exchange is a tenant of Exchange Online, with zimbra beside it.
    pub fn online() -> Self {
        let mut world = Self::healthy();
        world.question.systems[0].kind = SystemKind::ExchangeOnline;
        world.evidence.directories[0].origin = crate::evidence::directory::Origin::Export;
        let organisation = world.organisation();
        organisation.send_connectors = Observed::NotAsked;
        organisation.recipient_filter = Observed::NotAsked;
        organisation.outbound_connectors = Observed::Known(vec![outbound("To Zimbra", "contoso.com")]);
        world
    }

    /// Two Exchange organisations, corp and labs, each relaying what it does not know to the other; eva has her mailbox
    /// at labs.
    pub fn two_forests() -> Self {
        let mut world = Self::healthy();
        world.evidence.hops.retain(|hop| hop.role != Role::Other);
        world.evidence.smtp.retain(|session| !session.hop.starts_with("other/"));
        world.evidence.files.clear();
        (world.question.systems[1].name, world.question.systems[1].kind) = ("labs".into(), SystemKind::Exchange);
        world.dns("exch.labs.contoso.com", RecordKind::A, "10.1.0.10");
        world.dns("exch.labs.contoso.com", RecordKind::Aaaa, "");
        world.hop(LABS);
        let taken = [("helpdesk@contoso.com", "250 2.1.5 Ok"), (RANDOM, "250 2.1.5 Ok")];
        world.session(LABS, &taken);
        let mut labs = world.evidence.directories[0].clone();
        (labs.system, labs.lookups) = ("labs".into(), vec![]);
        world.evidence.directories.push(labs);
        world.connector(|connector| {
            (connector.name, connector.smart_hosts) = ("To labs".into(), vec!["exch.labs.contoso.com".into()]);
        });
        let labs = match &mut world.organisation_at(1).send_connectors {
            Observed::Known(all) => &mut all[0],
            _ => panic!("no send connectors"),
        };
        (labs.name, labs.smart_hosts) = ("To corp".into(), vec!["exch01.corp.contoso.com".into()]);
        world
    }

    /// An organisation and its tenant, each with all recipients; eva has her mailbox in the tenant.
    pub fn hybrid() -> Self {
        let mut world = Self::two_forests();
        (world.question.systems[1].name, world.question.systems[1].kind) = ("cloud".into(), SystemKind::ExchangeOnline);
        world.evidence.hops.retain(|hop| hop.system.as_deref() != Some("labs"));
        world.evidence.smtp.retain(|session| session.hop != LABS);
        world.evidence.directories[1].system = "cloud".into();
        world.evidence.directories[1].origin = crate::evidence::directory::Origin::Export;
        for at in 0..2 {
            let organisation = world.organisation_at(at);
            organisation.send_connectors = if at == 0 { Observed::Known(vec![]) } else { Observed::NotAsked };
            let Observed::Known(all) = &mut organisation.accepted_domains else { panic!("no accepted domains") };
            all[0].kind = DomainKind::Authoritative;
        }
        let eva = "eva@contoso.com";
        world.question.known_good.push(eva.into());
        world.rcpt(GATEWAY, eva, "250 2.1.5 Ok");
        world.rcpt(EXCHANGE, eva, "250 2.1.5 Ok");
        let remote = "user msExchRecipientTypeDetails=2147483648 targetAddress=SMTP:eva@contoso.mail.onmicrosoft.com";
        world.directory(eva, remote);
        world.directory_at(1, eva, "user homeMDB=CN=DB");
        world.directory_at(1, "helpdesk@contoso.com", "user targetAddress=SMTP:helpdesk@contoso.com");
        world
    }

    /// Another design that works: the domain is authoritative at Exchange, which holds a contact for each mailbox of zimbra
    /// with a target in a domain of zimbra's own, and a connector for that.
    pub fn textbook() -> Self {
        let mut world = Self::healthy();
        world.accepted(|accepted| (accepted.kind, accepted.raw_flags) = (DomainKind::Authoritative, Some(0)));
        world.connector(|one| one.address_spaces = AddressSpace::parse("zimbra.contoso.com").into_iter().collect());
        for name in ["orders", "sales"] {
            let contact = format!("contact targetAddress=SMTP:{name}@zimbra.contoso.com");
            world.directory(&format!("{name}@contoso.com"), &contact);
        }
        world
    }

    /// The world of the mission: the gateway knows only what AD holds.
    pub fn broken_gateway() -> Self {
        let mut world = Self::healthy();
        for address in ["orders@contoso.com", "sales@contoso.com"] {
            let refusal =
                format!("550 5.1.1 <{address}>: Recipient address rejected: User unknown in relay recipient table");
            world.rcpt(GATEWAY, address, &refusal);
        }
        world
    }

    /// The broken gateway, and beside it one that knows everybody who exists.
    pub fn two_gateways() -> Self {
        let mut world = Self::broken_gateway();
        world.hop(BACKUP);
        let all = ["helpdesk@contoso.com", "orders@contoso.com", "sales@contoso.com"];
        world.session(BACKUP, &all.map(|address| (address, "250 2.1.5 Ok")));
        world.rcpt(BACKUP, RANDOM, "550 5.1.1 User unknown in relay recipient table");
        world
    }

    /// Adds a hop by its id.
    pub fn hop(&mut self, id: &str) {
        let parts: Vec<&str> = id.splitn(3, '/').collect();
        let (address, port) = parts[2].rsplit_once(':').unwrap();
        let (role, system) = match parts[0] {
            "gateway" => (Role::Gateway, None),
            "exchange" if parts[1].contains("labs") => (Role::Exchange, Some("labs".into())),
            "exchange" => (Role::Exchange, Some("corp".into())),
            _ => (Role::Other, Some("zimbra".into())),
        };
        let (host, port) = (parts[1].into(), port.parse().unwrap());
        self.evidence.hops.push(Hop { id: id.into(), role, system, host, address: address.parse().ok(), port });
    }

    /// Adds a session with greeting and EHLO, and these replies to RCPT.
    pub fn session(&mut self, hop: &str, rcpts: &[(&str, &str)]) {
        self.evidence.smtp.push(Session {
            hop: hop.into(),
            started_at: "2026-11-24T12:00:00Z".into(),
            sister: None,
            transcript: vec![
                turn(Stage::Greeting, "220 ESMTP", None),
                turn(Stage::Ehlo, "250 STARTTLS", None),
                turn(Stage::Mail, "250 2.1.0 Ok", None),
            ],
            tls: None,
            broke_off: None,
        });
        for (recipient, reply) in rcpts {
            self.rcpt(hop, recipient, reply);
        }
    }

    /// Has the hop's last session answer RCPT for `recipient` so, in place of what it answered before. Who is refused was
    /// asked for before those who are accepted, so that they are the controls after it.
    pub fn rcpt(&mut self, hop: &str, recipient: &str, reply: &str) {
        let transcript = &mut self.last(hop).transcript;
        transcript.retain(|turn| turn.recipient.as_deref() != Some(recipient));
        let accepted =
            transcript.iter().position(|turn| turn.stage == Stage::Rcpt && turn.code.is_some_and(|c| c < 300));
        // A limit is what stands at the end.
        let early = !["2", "421", "452"].iter().any(|head| reply.starts_with(head));
        let place = accepted.filter(|_| early).unwrap_or(transcript.len());
        transcript.insert(place, turn(Stage::Rcpt, reply, Some(recipient)));
    }

    /// Has every RCPT at the hop answered so.
    pub fn answers_all(&mut self, hop: &str, reply: &str) {
        for session in self.evidence.smtp.iter_mut().filter(|session| session.hop == hop) {
            for each in &mut session.transcript {
                if let Some(recipient) = each.recipient.clone() {
                    *each = turn(Stage::Rcpt, reply, Some(&recipient));
                }
            }
        }
        if reply.starts_with('2') {
            self.accepts_everybody(hop);
        }
    }

    /// Has the hop accept both random controls, the second in a session of its own.
    pub fn accepts_everybody(&mut self, hop: &str) {
        self.rcpt(hop, RANDOM, "250 2.1.5 Ok");
        let session = Session { hop: hop.into(), transcript: vec![], ..self.last(hop).clone() };
        let place = self.evidence.smtp.iter().position(|session| session.hop == hop).unwrap();
        self.evidence.smtp.insert(place, session);
        self.evidence.smtp[place].transcript.push(turn(Stage::Rcpt, "250 2.1.5 Ok", Some(SECOND)));
    }

    /// Has the hop refuse the random control, and ask for no second one.
    pub fn validates(&mut self, hop: &str) {
        for session in self.evidence.smtp.iter_mut().filter(|session| session.hop == hop) {
            session.transcript.retain(|turn| turn.recipient.as_deref() != Some(SECOND));
        }
        self.rcpt(hop, RANDOM, "550 5.1.1 User unknown in virtual mailbox table");
    }

    /// Has the hop's only session end before a word was heard.
    pub fn silent(&mut self, hop: &str, how: How, said: &str) {
        let last = self.last(hop).clone();
        self.evidence.smtp.retain(|session| session.hop != hop);
        self.evidence.smtp.push(last);
        let session = self.last(hop);
        session.transcript.clear();
        session.broke_off = Some(Miss::new(how, said));
    }

    /// The hop's last session.
    pub fn last(&mut self, hop: &str) -> &mut Session {
        self.evidence.smtp.iter_mut().rfind(|session| session.hop == hop).unwrap()
    }

    /// Sets a DNS answer: `NXDOMAIN`, `SERVFAIL`, `SILENCE`, `LOOP`, `CNAME target address`, `CNAME target NXDOMAIN`, or
    /// records separated by `, `.
    pub fn dns(&mut self, name: &str, kind: RecordKind, records: &str) {
        self.evidence.dns.retain(|lookup| lookup.name != name || lookup.kind != kind);
        let (aliases, records) = match records.strip_prefix("CNAME ").and_then(|rest| rest.split_once(' ')) {
            Some((target, rest)) => (vec![Alias { name: name.into(), target: target.into() }], rest),
            None => (vec![], records),
        };
        let record = |text: &str| match kind {
            RecordKind::Mx => {
                let (preference, exchange) = text.split_once(' ').unwrap();
                Record::Mx { preference: preference.parse().unwrap(), exchange: exchange.trim_end_matches('.').into() }
            }
            RecordKind::Txt => Record::Text(text.into()),
            RecordKind::Tlsa => {
                let parts: Vec<&str> = text.split(' ').collect();
                let [usage, selector, matching] = [0, 1, 2].map(|at| parts[at].parse().unwrap());
                Record::Tlsa { usage, selector, matching, digest: parts[3].into() }
            }
            _ => Record::Address(text.parse().unwrap()),
        };
        let answer = match records {
            "SILENCE" => Observed::Unknown(Miss::new(How::TimedOut, "no answer in 10 s")),
            "SERVFAIL" => Observed::Unknown(Miss::new(How::ServerFailure, "the resolver failed")),
            "LOOP" => Observed::Unknown(Miss::new(How::AliasLoop, "an alias loop")),
            "NXDOMAIN" => Observed::Known(Answer { aliases, ..Answer::default() }),
            "" => Observed::Known(Answer { exists: true, aliases, records: vec![] }),
            _ => Observed::Known(Answer { exists: true, aliases, records: records.split(", ").map(record).collect() }),
        };
        let resolver = "192.0.2.53:53".into();
        self.evidence.dns.push(DnsLookup {
            name: name.into(),
            kind,
            resolver,
            answer,
            authenticated: false,
            unvalidated: None,
            latency_ms: 1,
        });
    }

    /// Sets the MTA-STS policy.
    pub fn policy(&mut self, text: &str) {
        let url = "https://mta-sts.contoso.com/.well-known/mta-sts.txt".into();
        self.evidence.sts_policy = Some(StsPolicy { url, text: Observed::Known(text.into()) });
    }

    /// Sets what the directory holds of `address`: `class attribute=value …`; `UNKNOWN`; nothing is no object. With
    /// `mail=` in it the address is in `mail` alone.
    pub fn directory(&mut self, address: &str, object: &str) {
        self.directory_at(0, address, object);
    }

    /// The same in the directory at `at`.
    pub fn directory_at(&mut self, at: usize, address: &str, object: &str) {
        let mut entry = Entry { dn: format!("CN={address}"), ..Entry::default() };
        let mut words = object.split_whitespace();
        entry.attributes.insert("objectclass".into(), words.next().map(String::from).into_iter().collect());
        if !object.contains("mail=") {
            entry.attributes.insert("proxyaddresses".into(), vec![format!("SMTP:{address}")]);
        }
        for word in words {
            let (name, value) = word.split_once('=').unwrap();
            entry.attributes.insert(name.to_ascii_lowercase(), vec![value.into()]);
        }
        let entries = match object {
            "UNKNOWN" => Observed::Unknown(Miss::new(How::TimedOut, "no answer in 10 s")),
            "" => Observed::Known(vec![]),
            _ => Observed::Known(vec![entry]),
        };
        let lookups = &mut self.evidence.directories[at].lookups;
        lookups.retain(|lookup| lookup.address != address);
        lookups.push(Lookup { address: address.into(), entries, ..Lookup::default() });
    }

    /// Sets which objects the directory holds of `address` in its own domain and, where a global catalog was asked, in
    /// the forest: each `class attribute=value …`, an attribute that is said twice with two values.
    pub fn holds(&mut self, address: &str, own: &[&str], forest: Option<&[&str]>) {
        let all = |objects: &[&str]| objects.iter().map(|text| object(text)).collect();
        let lookups = &mut self.evidence.directories[0].lookups;
        lookups.retain(|lookup| lookup.address != address);
        lookups.push(Lookup {
            address: address.into(),
            entries: Observed::Known(all(own)),
            forest: forest.map_or(Observed::NotAsked, |forest| Observed::Known(all(forest))),
            ..Lookup::default()
        });
    }

    /// Makes `address` a recipient that the directory holds as this object, and has the gateway take it or not.
    pub fn knows(&mut self, address: &str, object: &str, taken: bool) {
        let own: &[&str] = if object.is_empty() { &[] } else { &[object] };
        self.holds(address, own, None);
        let good = &mut self.question.known_good;
        if !good.iter().any(|known| known == address) && !object.is_empty() {
            good.push(address.into());
        }
        let refused = "550 5.1.1 User unknown in relay recipient table";
        self.rcpt(GATEWAY, address, if taken { "250 2.1.5 Ok" } else { refused });
    }

    /// Adds objects that the directory's sweep came upon, each `class attribute=value …`.
    pub fn noteworthy(&mut self, objects: &[&str]) {
        let all = objects.iter().map(|text| object(text)).collect();
        self.evidence.directories[0].noteworthy = Observed::Known(all);
    }

    /// The organisation.
    pub fn organisation(&mut self) -> &mut Organisation {
        self.organisation_at(0)
    }

    /// The organisation of the directory at `at`.
    pub fn organisation_at(&mut self, at: usize) -> &mut Organisation {
        match &mut self.evidence.directories[at].organisation {
            Observed::Known(organisation) => organisation,
            _ => panic!("this world has no organisation"),
        }
    }

    /// Hides the Exchange configuration, as a missing right does.
    pub fn hide_configuration(&mut self) {
        let miss = Miss::new(How::NoRight, "no accepted domain is visible");
        self.evidence.directories[0].organisation = Observed::Unknown(miss);
    }

    /// Changes the accepted domain.
    pub fn accepted(&mut self, change: impl FnOnce(&mut AcceptedDomain)) {
        self.accepted_at(0, change);
    }

    /// The same in the directory at `at`.
    pub fn accepted_at(&mut self, at: usize, change: impl FnOnce(&mut AcceptedDomain)) {
        match &mut self.organisation_at(at).accepted_domains {
            Observed::Known(all) => change(&mut all[0]),
            _ => panic!("no accepted domains"),
        }
    }

    /// The send connectors.
    pub fn connectors(&mut self) -> &mut Vec<SendConnector> {
        match &mut self.organisation().send_connectors {
            Observed::Known(all) => all,
            _ => panic!("no send connectors"),
        }
    }

    /// The outbound connectors.
    pub fn outbound_connectors(&mut self) -> &mut Vec<OutboundConnector> {
        match &mut self.organisation().outbound_connectors {
            Observed::Known(all) => all,
            _ => panic!("no outbound connectors"),
        }
    }

    /// Changes the first send connector.
    pub fn connector(&mut self, change: impl FnOnce(&mut SendConnector)) {
        change(&mut self.connectors()[0]);
    }

    /// Has the first send connector send from an Edge server that is subscribed.
    pub fn sends_from_edge(&mut self) {
        let server =
            ExchangeServer { name: "EDGE01".into(), roles: vec![ServerRole::Edge], ..ExchangeServer::default() };
        self.organisation().servers = Observed::Known(vec![server]);
        let subscription = EdgeSubscription { name: "EDGE01".into(), ..EdgeSubscription::default() };
        self.organisation().edge_subscriptions = Observed::Known(vec![subscription]);
        self.connector(|one| one.source_servers = vec!["EDGE01".into()]);
    }

    /// What `check` writes down, a line each.
    pub fn lines(&self, check: &'static Check) -> Vec<String> {
        let mut notes = Notes::new(check);
        (check.judge)(&Case::new(&self.question, &self.evidence), &mut notes);
        let finding = |finding: &Finding| {
            assert!(!finding.evidence.is_empty(), "a finding without evidence: {finding:?}");
            let subjects: Vec<&str> = finding.subjects.iter().map(|subject| &*subject.value).collect();
            let (severity, certainty) = (format!("{:?}", finding.severity), format!("{:?}", finding.certainty));
            let (severity, certainty) = (severity.to_lowercase(), certainty.to_lowercase());
            format!("{severity} {certainty}: {} [{}]", finding.detail, subjects.join(", "))
        };
        let gap = |gap: &Gap| match gap.asked {
            true => format!("unanswered: {} ({})", gap.what, gap.why),
            false => format!("not asked: {}", gap.what),
        };
        notes.findings.iter().map(finding).chain(notes.gaps.iter().map(gap)).collect()
    }

    /// The commands of all remedies that `check` gives.
    pub fn commands(&self, check: &'static Check) -> Vec<String> {
        let mut notes = Notes::new(check);
        (check.judge)(&Case::new(&self.question, &self.evidence), &mut notes);
        let remedies = notes.findings.into_iter().flat_map(|finding| finding.remedies);
        remedies
            .filter(|remedy| remedy.shell.is_some())
            .flat_map(|remedy| {
                let [commands, _] = remedy.lines();
                commands
            })
            .collect()
    }
}

/// A directory object from `class attribute=value …`; `_` in a value is a space. Its name is that of its first address.
pub fn object(text: &str) -> Entry {
    let mut entry = Entry::default();
    let mut words = text.split_whitespace();
    entry.attributes.insert("objectclass".into(), words.next().map(String::from).into_iter().collect());
    for word in words {
        let (name, value) = word.split_once('=').unwrap();
        match name {
            "dn" => entry.dn = value.replace('_', " "),
            _ => entry.attributes.entry(name.to_ascii_lowercase()).or_default().push(value.replace('_', " ")),
        }
    }
    if entry.dn.is_empty() {
        let name = entry.value("proxyAddresses").or(entry.value("mail")).unwrap_or_default().to_lowercase();
        entry.dn = format!("CN={},DC=contoso,DC=com", name.trim_start_matches("smtp:"));
    }
    entry
}

/// A directory object with these attributes, one value each; a name that comes again has several.
pub fn entry(dn: &str, attributes: &[(&str, &str)]) -> Entry {
    let mut entry = Entry { dn: dn.into(), ..Entry::default() };
    for (name, value) in attributes {
        entry.attributes.entry(name.to_ascii_lowercase()).or_default().push((*value).into());
    }
    entry
}

/// A connector as the contract wants it, for one address space.
pub fn connector(name: &str, space: &str) -> SendConnector {
    SendConnector {
        name: name.into(),
        address_spaces: AddressSpace::parse(space).into_iter().collect(),
        smart_hosts: vec!["smarthost.contoso.com".into()],
        authentication: SmartHostAuthentication::ExternalAuthoritative,
        raw_flags: Some(16_777_216),
        ..SendConnector::default()
    }
}

/// A handshake with a good certificate for `name`.
pub fn tls(name: &str) -> Tls {
    Tls {
        handshake: Observed::Known(Handshake { version: "TLSv1.3".into(), cipher: "x".into() }),
        chain: vec![Certificate {
            subject: "CN=mx1".into(),
            issuer: "CN=Contoso CA".into(),
            names: vec![name.into()],
            not_before: "2026-01-01T00:00:00Z".into(),
            not_after: "2027-01-01T00:00:00Z".into(),
            ..Certificate::default()
        }],
        trusted: Observed::Known(true),
        publicly_trusted: Observed::Known(true),
        names_host: Observed::Known(true),
        objection: None,
    }
}

/// An outbound connector of Exchange Online as the contract wants it, for one domain.
pub fn outbound(name: &str, domain: &str) -> OutboundConnector {
    OutboundConnector {
        name: name.into(),
        enabled: true,
        kind: ConnectorType::OnPremises,
        recipient_domains: vec![domain.into()],
        smart_hosts: vec!["smarthost.contoso.com".into()],
        ..OutboundConnector::default()
    }
}

/// A reply of the hop's.
pub fn turn(stage: Stage, reply: &str, recipient: Option<&str>) -> Turn {
    Turn {
        who: Who::Server,
        stage,
        tls: false,
        lines: vec![Line { at_ms: 0, text: reply.into() }],
        code: crate::replies::split_code(reply).map(|(code, _)| code),
        recipient: recipient.map(String::from),
        latency_ms: Some(1),
        oddities: vec![],
        unasked: false,
    }
}
