//! Reads the Exchange organisation from the configuration naming context, in one search.
//!
//! Active Directory hides what one may not read without a word. So what is not there is told from what is not visible by
//! what must be there: each part has its own sign.
use super::filter::Filter;
use super::message::Scope;
use super::search::{Question, Searcher};
use crate::collect::exports::domain_of;
use nsdiag_checks::evidence::directory::{Entry, RootDse};
use nsdiag_checks::evidence::exchange::{AcceptedDomain, Organisation, RecipientFilter, SendConnector};
use nsdiag_checks::evidence::reading::Unreadable;
use nsdiag_checks::evidence::servers::{EdgeSubscription, ExchangeServer, ReceiveConnector};
use nsdiag_checks::evidence::{How, Miss, Observed, dn};

const ORGANISATION: &str = "msExchOrganizationContainer";
const ACCEPTED: &str = "msExchAcceptedDomain";
const SEND: &str = "msExchRoutingSMTPConnector";
const RECEIVE: &str = "msExchSmtpReceiveConnector";
const FILTER: &str = "msExchMessageHygieneRecipientFilterConfig";
const SERVER: &str = "msExchExchangeServer";
const CLASSES: [&str; 6] = [ORGANISATION, ACCEPTED, SEND, RECEIVE, FILTER, SERVER];
/// The containers that tell "none" from "not visible".
const CONTAINERS: [&str; 4] = ["Accepted Domains", "Connections", "Message Hygiene", "Servers"];
/// The most objects that are taken: a large organisation has some hundreds of servers with five connectors each.
const MOST: usize = 5000;

/// What is asked of these objects, and nothing else: some hold passwords.
const ATTRIBUTES: [&str; 29] = [
    "objectClass",
    "cn",
    "whenChanged",
    "msExchAcceptedDomainName",
    "msExchAcceptedDomainFlags",
    "msExchCatchAllRecipientLink",
    "routingList",
    "msExchSmtpSmartHost",
    "msExchSmtpSendEnabled",
    "msExchSmtpSendPort",
    "msExchSmtpSendFlags",
    "msExchSmtpSendTlsDomain",
    "msExchSMTPSendConnectorFQDN",
    "msExchSmtpOutboundSecurityFlag",
    "delivContLength",
    "msExchSourceBridgeheadServersDN",
    "msExchAgentsFlags",
    "msExchMessageHygieneBlockedRecipient",
    "networkAddress",
    "msExchCurrentServerRoles",
    "msExchServerSite",
    "serialNumber",
    "msExchSmtpReceiveEnabled",
    "msExchSmtpReceiveBindings",
    "msExchSmtpReceiveRemoteIPRanges",
    "msExchSMTPReceiveInboundSecurityFlag",
    "msExchSmtpReceiveRole",
    "msExchSMTPReceiveConnectorFQDN",
    "msExchSmtpReceiveMaxMessageSize",
];

/// Finds the organisation, whatever its name, and reads its parts.
pub(super) async fn organisation(ask: Searcher<'_>, root: &RootDse) -> Observed<Organisation> {
    let Some(configuration) = &root.configuration_context else {
        let said = "the server has no configuration naming context: it is not Active Directory";
        return Observed::Unknown(Miss::new(How::Protocol, said));
    };
    let base = format!("CN=Microsoft Exchange,CN=Services,{configuration}");
    let classes = CLASSES.iter().map(|class| Filter::is("objectClass", class));
    let filter = Filter::Or(classes.chain(CONTAINERS.iter().map(|name| Filter::is("cn", name))).collect());
    let question =
        Question { base: &base, scope: Scope::Subtree, filter: &filter, attributes: &ATTRIBUTES, most: MOST };
    match ask.search(question).await {
        Ok(found) if found.more => {
            let said = format!("there are more than {MOST} objects of Exchange's below {base}");
            Observed::Unknown(Miss::new(How::TooLarge, said))
        }
        Ok(found) => read(&base, &found.entries),
        // noSuchObject
        Err(miss) if miss.how == How::NoRight && miss.said.contains("(result 32)") => Observed::Unknown(nothing(&base)),
        Err(miss) => Observed::Unknown(miss),
    }
}

fn nothing(base: &str) -> Miss {
    let said = format!(
        "no Exchange organisation is visible below {base}: there is none, or the account has not the right to list what \
         is in it (List Contents) and to read it (Read Property)"
    );
    Miss::new(How::NoRight, said)
}

fn read(base: &str, entries: &[Entry]) -> Observed<Organisation> {
    let directly = |entry: &&Entry| {
        let parent = dn::parent(&entry.dn).unwrap_or_default();
        entry.is(ORGANISATION) && dn::below(parent, base) && dn::below(base, parent)
    };
    let Some(organisation) = entries.iter().find(directly) else { return Observed::Unknown(nothing(base)) };
    let seen = Seen { dn: &organisation.dn, entries };
    let accepted = seen.accepted_domains();
    let sees = accepted.known().is_some();
    let servers = seen.servers(sees);
    let subscriptions = |servers: &Vec<ExchangeServer>| servers.iter().filter_map(EdgeSubscription::of).collect();
    // A server whose roles cannot be read may be one of the Edge.
    let unread = |servers: &Vec<ExchangeServer>| {
        let unread = servers.iter().find_map(|server| Some((server, server.unreadable.of(&["roles"])?)))?;
        Some(Miss::new(How::Unreadable, format!("what {} is could not be read: {}", unread.0.name, unread.1.said)))
    };
    Observed::Known(Organisation {
        send_connectors: seen.send_connectors(sees),
        recipient_filter: seen.recipient_filter(sees),
        receive_connectors: seen.receive_connectors(&servers),
        edge_subscriptions: match &servers {
            Observed::Known(servers) => {
                unread(servers).map_or_else(|| Observed::Known(subscriptions(servers)), Observed::Unknown)
            }
            Observed::Unknown(miss) => Observed::Unknown(miss.clone()),
            Observed::NotAsked => Observed::NotAsked,
        },
        accepted_domains: accepted,
        servers,
        dn: organisation.dn.clone(),
        ..Organisation::default()
    })
}

/// What the account sees of one organisation.
struct Seen<'a> {
    dn: &'a str,
    entries: &'a [Entry],
}

impl Seen<'_> {
    fn all<T>(&self, class: &str, read: impl Fn(&Entry) -> Option<T>) -> Vec<T> {
        self.entries.iter().filter(|entry| entry.is(class) && dn::below(&entry.dn, self.dn)).filter_map(read).collect()
    }

    fn container(&self, name: &str) -> bool {
        let is = |entry: &Entry| dn::first(&entry.dn).is_some_and(|first| first.eq_ignore_ascii_case(name));
        self.entries.iter().any(|entry| is(entry) && dn::below(&entry.dn, self.dn))
    }

    /// Which right is missing at the container `name`, after `sign` of it.
    fn no_right<T>(&self, sign: &str, name: &str) -> Observed<T> {
        let lacks = match self.container(name) {
            true => format!("it sees CN={name}, and may not read what is below it (Read Property)"),
            false => format!("it may not list CN={name} (List Contents) or not read it (Read Property)"),
        };
        Observed::Unknown(Miss::new(How::NoRight, format!("{sign}, so the account has no right to read them: {lacks}")))
    }

    fn accepted_domains(&self) -> Observed<Vec<AcceptedDomain>> {
        let mut all = self.all(ACCEPTED, AcceptedDomain::from_entry);
        for one in all.iter_mut().filter(|one| !one.domain.is_ascii()) {
            match domain_of(&one.domain) {
                Some(domain) => one.domain = domain,
                None => one.unreadable.add("domain", format!("'{}' is no domain", one.domain.escape_debug())),
            }
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        match all.is_empty() {
            false => Observed::Known(all),
            // Setup makes one that cannot be deleted: none visible is no right.
            true => {
                self.no_right("an organisation always has an accepted domain, and none is visible", "Accepted Domains")
            }
        }
    }

    /// An organisation may have none. Its container alone proves that only to an account that sees the accepted domains:
    /// connectors have no rights of their own, so that reading them takes an inherited one.
    fn send_connectors(&self, sees: bool) -> Observed<Vec<SendConnector>> {
        let mut all = self.all(SEND, SendConnector::from_entry);
        all.iter_mut().for_each(in_ascii);
        all.sort_by(|a, b| a.name.cmp(&b.name));
        match !all.is_empty() || sees && self.container("Connections") {
            true => Observed::Known(all),
            false if self.container("Connections") => self.no_right("no send connector is visible", "Connections"),
            false => {
                self.no_right("neither a send connector nor their container CN=Connections is visible", "Connections")
            }
        }
    }

    /// No such object is an answer only to an account that sees those beside it.
    fn recipient_filter(&self, sees: bool) -> Observed<Option<RecipientFilter>> {
        match self.all(FILTER, |entry| Some(RecipientFilter::from_entry(entry))).into_iter().next() {
            None if !sees => self.no_right("the transport settings are not visible", "Message Hygiene"),
            filter => Observed::Known(filter),
        }
    }

    fn servers(&self, sees: bool) -> Observed<Vec<ExchangeServer>> {
        let mut all = self.all(SERVER, ExchangeServer::from_entry);
        all.sort_by(|a, b| a.name.cmp(&b.name));
        match !all.is_empty() || sees && self.container("Servers") {
            true => Observed::Known(all),
            false => self.no_right("no Exchange server is visible", "Servers"),
        }
    }

    /// Setup makes some on every server but those of the Edge, whose connectors are not in AD.
    fn receive_connectors(&self, servers: &Observed<Vec<ExchangeServer>>) -> Observed<Vec<ReceiveConnector>> {
        let mut all = self.all(RECEIVE, ReceiveConnector::from_entry);
        all.sort_by(|a, b| (&a.server, &a.name).cmp(&(&b.server, &b.name)));
        let edge = |servers: &Vec<ExchangeServer>| servers.iter().all(|server| EdgeSubscription::of(server).is_some());
        match !all.is_empty() || servers.known().is_some_and(edge) {
            true => Observed::Known(all),
            false => self.no_right("no receive connector is visible", "Servers"),
        }
    }
}

/// Puts a connector's address spaces into A-labels (RFC 5890), by which domains are compared.
fn in_ascii(connector: &mut SendConnector) {
    let (whole, foreign) = std::mem::take(&mut connector.address_spaces)
        .into_iter()
        .partition(|space| space.kind != "SMTP" || space.address.is_ascii());
    connector.address_spaces = whole;
    for mut space in foreign {
        match domain_of(&space.address) {
            Some(address) => {
                space.address = address;
                connector.address_spaces.push(space);
            }
            None => {
                let said = format!("routingList holds '{}', which is no domain", space.address.escape_debug());
                connector.unreadable.0.push(Unreadable { field: "address_spaces".into(), said, value: None });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=c";
    const GROUP: &str = "CN=Group,CN=Administrative Groups,CN=First Organization,CN=Microsoft Exchange,CN=Services,\
                         CN=Configuration,DC=c";

    fn entry(dn: &str, class: &str, attributes: &[(&str, &str)]) -> Entry {
        let mut entry = Entry { dn: dn.into(), ..Entry::default() };
        entry.attributes.insert("objectclass".into(), vec!["top".into(), class.into()]);
        for (name, value) in attributes {
            entry.attributes.entry(name.to_ascii_lowercase()).or_default().push((*value).into());
        }
        entry
    }

    fn below(name: &str, class: &str, attributes: &[(&str, &str)]) -> Entry {
        entry(&format!("{name},{GROUP}"), class, attributes)
    }

    /// Which parts are known, and how many each holds; else the first words of why not.
    fn parts(entries: &[Entry]) -> Vec<String> {
        let organisation = match read(BASE, entries) {
            Observed::Known(organisation) => organisation,
            other => return vec![other.miss().unwrap().said.clone()],
        };
        fn part<T>(name: &str, part: &Observed<Vec<T>>) -> String {
            match part {
                Observed::Known(all) => format!("{name} {}", all.len()),
                Observed::Unknown(miss) => format!("{name}: {}", miss.said.rsplit(": ").next().unwrap()),
                Observed::NotAsked => format!("{name} not asked"),
            }
        }
        vec![
            part("accepted", &organisation.accepted_domains),
            part("send", &organisation.send_connectors),
            part("servers", &organisation.servers),
            part("receive", &organisation.receive_connectors),
            part("edge", &organisation.edge_subscriptions),
        ]
    }

    #[test]
    fn an_edge_server_is_not_ruled_out_where_roles_cannot_be_read_and_other_scripts_are_compared_in_ascii() {
        let org = entry(&format!("CN=First Organization,{BASE}"), ORGANISATION, &[]);
        let accepted = |name: &str| {
            below(&format!("CN={name},CN=Accepted Domains"), ACCEPTED, &[("msExchAcceptedDomainName", name)])
        };
        let server = |roles| below("CN=EX01,CN=Servers", SERVER, &[("msExchCurrentServerRoles", roles)]);
        let spaces = [("routingList", "SMTP:*.Grün.example;2"), ("routingList", "SMTP:c.com;1")];
        let connector = below("CN=To Zimbra,CN=Connections", SEND, &spaces);
        let entries = [org, accepted("grün.example"), accepted("c.com"), server("x"), connector];
        let Observed::Known(read) = read(BASE, &entries) else { panic!("it is visible") };
        let why = read.edge_subscriptions.miss().map(|miss| &*miss.said);
        let said = "what EX01 is could not be read: msExchCurrentServerRoles is 'x', which is no whole number that it can \
                    hold";
        assert_eq!(why, Some(said));
        let domains: Vec<_> = read.accepted_domains.known().unwrap().iter().map(|one| &*one.domain).collect();
        assert_eq!(domains, ["c.com", "xn--grn-ioa.example"]);
        let connectors = read.send_connectors.known().unwrap();
        let spaces: Vec<_> = connectors[0].address_spaces.iter().map(|one| (&*one.address, one.cost)).collect();
        assert_eq!(spaces, [("c.com", 1), ("*.xn--grn-ioa.example", 2)]);
    }

    #[test]
    fn each_part_is_there_or_empty_or_hidden() {
        let org = || entry(&format!("CN=First Organization,{BASE}"), ORGANISATION, &[]);
        let accepted = || below("CN=c.com,CN=Accepted Domains", ACCEPTED, &[("msExchAcceptedDomainName", "c.com")]);
        let container = |name: &str| below(&format!("CN={name}"), "msExchContainer", &[]);
        let server = |roles| below("CN=EX01,CN=Servers", SERVER, &[("msExchCurrentServerRoles", roles)]);
        let connector = || below("CN=To Zimbra,CN=Connections", SEND, &[]);
        let receive = || below("CN=Default,CN=SMTP Receive Connectors,CN=Protocols,CN=EX01,CN=Servers", RECEIVE, &[]);
        let unlisted = |name: &str| format!("it may not list CN={name} (List Contents) or not read it (Read Property)");
        let unread = |name: &str| format!("it sees CN={name}, and may not read what is below it (Read Property)");
        let hidden = |part: &str, name: &str| format!("{part}: {}", unlisted(name));
        let none = nothing(BASE).said;
        let other = entry("CN=Other,DC=c", ORGANISATION, &[]);
        let cases: Vec<(&str, Vec<Entry>, Vec<String>)> = vec![
            ("nothing", vec![], vec![none.clone()]),
            ("elsewhere", vec![other], vec![none]),
            (
                "the organisation alone",
                vec![org()],
                vec![
                    hidden("accepted", "Accepted Domains"),
                    hidden("send", "Connections"),
                    hidden("servers", "Servers"),
                    hidden("receive", "Servers"),
                    hidden("edge", "Servers"),
                ],
            ),
            (
                "containers alone",
                vec![org(), container("Accepted Domains"), container("Connections"), container("Servers")],
                vec![
                    format!("accepted: {}", unread("Accepted Domains")),
                    format!("send: {}", unread("Connections")),
                    format!("servers: {}", unread("Servers")),
                    format!("receive: {}", unread("Servers")),
                    format!("edge: {}", unread("Servers")),
                ],
            ),
            (
                "all, and nothing in them",
                vec![org(), accepted(), container("Connections"), container("Servers")],
                ["accepted 1", "send 0", "servers 0", "receive 0", "edge 0"].map(String::from).to_vec(),
            ),
            (
                "all",
                vec![org(), accepted(), connector(), server("54"), receive()],
                ["accepted 1", "send 1", "servers 1", "receive 1", "edge 0"].map(String::from).to_vec(),
            ),
            (
                "a server without doors",
                vec![org(), accepted(), connector(), server("54"), container("Servers")],
                vec![
                    "accepted 1".into(),
                    "send 1".into(),
                    "servers 1".into(),
                    format!("receive: {}", unread("Servers")),
                    "edge 0".into(),
                ],
            ),
            (
                "the Edge alone",
                vec![org(), accepted(), connector(), server("64")],
                ["accepted 1", "send 1", "servers 1", "receive 0", "edge 1"].map(String::from).to_vec(),
            ),
        ];
        for (name, entries, expected) in cases {
            assert_eq!(parts(&entries), expected, "{name}");
        }
    }

    #[test]
    fn no_password_is_asked_for() {
        assert!(ATTRIBUTES.iter().all(|name| !name.to_ascii_lowercase().contains("password") && *name != "*"));
    }
}
