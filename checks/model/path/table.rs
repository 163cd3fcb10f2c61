//! Configuration, the steps that it makes, and how they end: whole lines, in `table.txt`.
use super::*;
use crate::evidence::dns::RecordKind;
use crate::evidence::exchange::{AddressSpace, DomainKind, SendConnector};
use crate::evidence::online::OutboundConnector;
use crate::evidence::servers::{EdgeSubscription, ExchangeServer, ServerRole};
use crate::evidence::transport::{RuleAction, RuleActionKind, TransportRule};
use crate::evidence::{System, SystemKind};
use crate::model::recipients;
use crate::stories::{BACKUP, GATEWAY, LABS, OTHER, World, connector, outbound};

const ORDERS: &str = "orders@contoso.com";
const HELPDESK: &str = "helpdesk@contoso.com";
const EVA: &str = "eva@contoso.com";
/// Somebody whom nobody knows.
const UNKNOWN: &str = "";

/// One row: what it shows, the world, whose mail, from whom, how large.
struct Row {
    name: &'static str,
    world: World,
    address: &'static str,
    from: Option<&'static str>,
    bytes: u64,
}

/// A message of no size from the Internet.
fn row(name: &'static str, mut world: World, address: &'static str, change: impl FnOnce(&mut World)) -> Row {
    change(&mut world);
    Row { name, world, address, from: None, bytes: 0 }
}

impl Row {
    fn from(self, system: &'static str) -> Self {
        Self { from: Some(system), ..self }
    }

    fn of(self, bytes: u64) -> Self {
        Self { bytes, ..self }
    }

    /// All of it, a line each.
    fn lines(&self) -> String {
        let (question, evidence) = (&self.world.question, &self.world.evidence);
        let model = Model::new(question, evidence);
        let own = recipients::one(question, evidence, self.address);
        let from = self.from.map_or(Origin::Internet, Origin::Inside);
        let recipient = (!self.address.is_empty()).then(|| model.recipient(self.address).unwrap_or(&own));
        let address = recipient.map_or(&*question.random, |one| one.address);
        let found = predict(&model, Asked { recipient, address, from, bytes: self.bytes });
        let whole = serde_json::to_value((&question, evidence)).unwrap();
        let document = serde_json::json!({"evidence": whole[1], "run": {"settings": whole[0]}});
        for pointer in found.all.iter().flat_map(Trace::seen) {
            assert!(document.pointer(&pointer).is_some(), "{}: {pointer} points at nothing", self.name);
        }
        let told = found.told();
        let who = if self.address.is_empty() { "somebody unknown" } else { self.address };
        let from = self.from.map_or(String::new(), |system| format!(" from {system}"));
        let size = if self.bytes > 0 { format!(", {} bytes", self.bytes) } else { String::new() };
        let mut out = format!("{}: {who}{from}{size}\n", self.name);
        told.steps.iter().for_each(|step| out += &format!("  {}: {}\n", step.at, step.says));
        out += &format!("  = {}", told.disposition.word());
        out += &told.missing.as_ref().map(|missing| format!(", missing: {missing}")).unwrap_or_default();
        out += &told.supply.as_ref().map(|supply| format!(" ({supply})")).unwrap_or_default();
        told.supposes.iter().for_each(|supposed| out += &format!(", if {supposed}"));
        out.push('\n');
        for branch in &told.otherwise {
            let how = match (branch.likelier, branch.from_other_site) {
                (_, true) => "from another site",
                (true, false) => "likelier",
                (false, false) => "or",
            };
            let last = branch.steps.last().map(|step| format!(" ({}: {})", step.at, step.says)).unwrap_or_default();
            out += &format!("  {how} {}{last}\n", branch.disposition.word());
        }
        out
    }
}

fn healthy(name: &'static str, address: &'static str, change: impl FnOnce(&mut World)) -> Row {
    row(name, World::healthy(), address, change)
}

/// corp and labs; eva has her mailbox at labs.
fn forests(name: &'static str, address: &'static str, change: impl FnOnce(&mut World)) -> Row {
    let mut world = World::two_forests();
    world.question.known_good.push(EVA.into());
    world.directory(EVA, "");
    world.directory_at(1, EVA, "user homeMDB=DB9");
    world.directory_at(1, HELPDESK, "");
    row(name, world, address, change)
}

/// corp, labs and zimbra: corp hands on to labs, and labs to zimbra; orders is at zimbra, eva at labs.
fn three(name: &'static str, address: &'static str, change: impl FnOnce(&mut World)) -> Row {
    let mut world = World::healthy();
    let labs = World::two_forests();
    let mut directory = labs.evidence.directories[1].clone();
    directory.lookups.clear();
    world.question.systems.insert(1, labs.question.systems[1].clone());
    world.question.known_good.push(EVA.into());
    world.dns("exch.labs.contoso.com", RecordKind::A, "10.1.0.10");
    world.dns("exch.labs.contoso.com", RecordKind::Aaaa, "");
    world.hop(LABS);
    world.evidence.directories.push(directory);
    world.connector(|one| (one.name, one.smart_hosts) = ("To labs".into(), vec!["exch.labs.contoso.com".into()]));
    labs_connector(&mut world, |one| {
        (one.name, one.smart_hosts) = ("To Zimbra".into(), vec!["smarthost.contoso.com".into()]);
    });
    for address in [ORDERS, "sales@contoso.com", HELPDESK] {
        world.directory_at(1, address, "");
    }
    world.directory(EVA, "");
    world.directory_at(1, EVA, "user homeMDB=DB9");
    row(name, world, address, change)
}

fn labs_connector(world: &mut World, change: impl FnOnce(&mut SendConnector)) {
    let Observed::Known(all) = &mut world.organisation_at(1).send_connectors else { panic!("no send connectors") };
    change(&mut all[0]);
}

fn hybrid(name: &'static str, address: &'static str, change: impl FnOnce(&mut World)) -> Row {
    let mut world = World::hybrid();
    let mut way = connector("To the tenant", "SMTP:contoso.mail.onmicrosoft.com;1");
    way.smart_hosts.clear();
    world.connectors().push(way);
    row(name, world, address, change)
}

fn tenant(name: &'static str, address: &'static str, change: impl FnOnce(&mut World)) -> Row {
    row(name, World::online(), address, change)
}

/// The MX is zimbra's own host.
fn mx_at_other(name: &'static str, address: &'static str, change: impl FnOnce(&mut World)) -> Row {
    let mut world = World::healthy();
    world.question.delivers_to.insert("mx1.contoso.com".into(), "zimbra".into());
    row(name, world, address, change)
}

fn kind(kind: DomainKind) -> impl FnOnce(&mut World) {
    move |world| world.accepted(|one| one.kind = kind)
}

fn smart_host(host: &'static str) -> impl FnOnce(&mut World) {
    move |world| world.connector(|one| one.smart_hosts = vec![host.into()])
}

fn gone(world: &mut World, host: &str) {
    world.dns(host, RecordKind::A, "NXDOMAIN");
    world.dns(host, RecordKind::Aaaa, "NXDOMAIN");
}

fn internet() -> SendConnector {
    let mut one = connector("Internet", "SMTP:*;1");
    one.smart_hosts.clear();
    one
}

fn server(name: &str, site: &str) -> ExchangeServer {
    ExchangeServer {
        name: name.into(),
        site: Some(site.into()),
        roles: vec![ServerRole::Mailbox],
        ..ExchangeServer::default()
    }
}

fn edge(world: &mut World) {
    let mut out = connector("EdgeSync - Berlin to Internet", "SMTP:*;100");
    (out.smart_hosts, out.source_servers) = (vec![], vec!["EDGE01".into()]);
    *world.connectors() = vec![out];
    let server = ExchangeServer { name: "EDGE01".into(), roles: vec![ServerRole::Edge], ..ExchangeServer::default() };
    world.organisation().servers = Observed::Known(vec![server]);
    let edge = EdgeSubscription { name: "EDGE01".into(), site: Some("Berlin".into()) };
    world.organisation().edge_subscriptions = Observed::Known(vec![edge]);
}

fn rule(kind: RuleActionKind) -> impl FnOnce(&mut World) {
    move |world| {
        let action = RuleAction { kind, to: Vec::new() };
        let rule = TransportRule { name: "R".into(), acts: true, actions: vec![action], ..TransportRule::default() };
        world.organisation().transport_rules = Observed::Known(vec![rule]);
    }
}

/// Three of each kind that the gateway's decisions follow AD in.
fn follows_the_directory(world: &mut World) {
    for name in ["ada", "bob", "cyd"] {
        world.knows(
            &format!("{name}@contoso.com"),
            &format!("user homeMDB=DB1 proxyAddresses=SMTP:{name}@contoso.com"),
            true,
        );
    }
    for name in ["xan", "yva", "zoe"] {
        let address = format!("{name}@contoso.com");
        let Observed::Known(all) = &mut world.evidence.files[0].addresses else { panic!("no list") };
        all.push(address.clone());
        all.sort();
        world.holds(&address, &[], None);
        world.rcpt(GATEWAY, &address, "550 5.1.1 User unknown in relay recipient table");
    }
    for address in [ORDERS, "sales@contoso.com"] {
        world.rcpt(GATEWAY, address, "550 5.1.1 User unknown in relay recipient table");
    }
}

fn rows() -> Vec<Row> {
    let routed = || AddressSpace::parse("zimbra.contoso.com").into_iter().collect::<Vec<_>>();
    let sub = "orders@app.contoso.com";
    vec![
        healthy("healthy", ORDERS, |_| {}),
        healthy("healthy", HELPDESK, |_| {}),
        healthy("healthy", UNKNOWN, |_| {}),
        healthy("healthy", ORDERS, |_| {}).from("corp"),
        healthy("healthy", UNKNOWN, |_| {}).from("corp"),
        healthy("healthy", HELPDESK, |_| {}).from("zimbra"),
        healthy("healthy, to nobody who was looked up", "ghost@contoso.com", |_| {}),
        healthy("an address that is another one's alias", "info@contoso.com", |world| {
            world.directory(
                HELPDESK,
                "user homeMDB=DB1 proxyAddresses=SMTP:helpdesk@contoso.com proxyAddresses=smtp:info@contoso.com",
            );
        }),
        row("textbook", World::textbook(), ORDERS, |world| {
            world.dns("zimbra.contoso.com", RecordKind::Mx, "10 smarthost.contoso.com");
        }),
        row("textbook", World::textbook(), UNKNOWN, |_| {}).from("corp"),
        healthy("F-01: authoritative", ORDERS, kind(DomainKind::Authoritative)),
        healthy("F-01: authoritative, and Exchange's own", HELPDESK, kind(DomainKind::Authoritative)),
        healthy("F-01: authoritative", UNKNOWN, kind(DomainKind::Authoritative)).from("corp"),
        healthy("F-02: not accepted", ORDERS, |world| world.accepted(|one| one.domain = "fabrikam.com".into())),
        healthy("F-02: accepted by a wildcard", ORDERS, |world| {
            world.accepted(|one| one.domain = "*.contoso.com".into())
        }),
        healthy("an external relay domain", ORDERS, kind(DomainKind::ExternalRelay)),
        healthy("F-03: no connector", ORDERS, |world| world.connectors().clear()),
        healthy("F-03: no connector, and Exchange's own", HELPDESK, |world| world.connectors().clear()),
        healthy("F-03: no connector", UNKNOWN, |world| world.connectors().clear()).from("corp"),
        healthy("F-04: the connector for all domains asks the MX", ORDERS, |world| {
            *world.connectors() = vec![internet()]
        }),
        healthy("F-04: the connector for all domains has a smart host of nobody's", ORDERS, |world| {
            let mut out = internet();
            out.smart_hosts = vec!["relay.example.net".into()];
            *world.connectors() = vec![out];
        }),
        healthy("F-04: the connector for all domains leads to zimbra", ORDERS, |world| {
            world.connector(|one| one.address_spaces = AddressSpace::parse("SMTP:*;1").into_iter().collect());
        }),
        healthy("F-05: disabled", ORDERS, |world| world.connector(|one| one.enabled = false)),
        healthy("F-05: disabled, beside the one for all domains", ORDERS, |world| {
            world.connector(|one| one.enabled = false);
            world.connectors().push(internet());
        }),
        healthy("F-06: scoped to one of two sites", ORDERS, |world| {
            world.connector(|one| (one.scoped, one.source_servers) = (true, vec!["EXCH01".into()]));
            world.organisation().servers = Observed::Known(vec![server("EXCH01", "Berlin"), server("EXCH02", "Bonn")]);
        }),
        healthy("two sites with a connector each", ORDERS, |world| {
            world.connector(|one| one.source_servers = vec!["EXCH01".into()]);
            let mut bonn = connector("From Bonn", "SMTP:contoso.com;1");
            (bonn.source_servers, bonn.smart_hosts) = (vec!["EXCH02".into()], vec!["exch01.corp.contoso.com".into()]);
            world.connectors().push(bonn);
            world.organisation().servers = Observed::Known(vec![server("EXCH01", "Berlin"), server("EXCH02", "Bonn")]);
        }),
        healthy("F-07: the address space of a subdomain", ORDERS, |world| {
            world.connector(|one| one.address_spaces = AddressSpace::parse("app.contoso.com").into_iter().collect());
        }),
        healthy("F-07: the domain alone, and mail for a subdomain", sub, |world| {
            world.accepted(|one| one.match_subdomains = true);
            world.dns("app.contoso.com", RecordKind::Mx, "10 mx1.contoso.com");
        }),
        healthy("F-20: a subdomain that is not accepted", sub, |world| {
            world.dns("app.contoso.com", RecordKind::Mx, "10 exch01.corp.contoso.com");
        }),
        healthy("a subdomain whose MX nobody asked for", sub, |_| {}),
        healthy("a subdomain that does not exist", sub, |world| {
            world.dns("app.contoso.com", RecordKind::Mx, "NXDOMAIN")
        }),
        healthy("a subdomain whose MX is nobody's", sub, |world| {
            world.dns("app.contoso.com", RecordKind::Mx, "10 mx.example.net");
        }),
        healthy("F-08: routed by DNS, and the MX is our gateway", ORDERS, |world| {
            world.connector(|one| one.smart_hosts.clear())
        }),
        healthy("F-08: routed by DNS", UNKNOWN, |world| world.connector(|one| one.smart_hosts.clear())).from("corp"),
        healthy("F-08: routed by DNS, which does not answer", ORDERS, |world| {
            world.connector(|one| one.smart_hosts.clear());
            world.dns("contoso.com", RecordKind::Mx, "SERVFAIL");
        }),
        healthy("F-08: routed by DNS, and the MX is nobody's", ORDERS, |world| {
            world.connector(|one| one.smart_hosts.clear());
            world.dns("contoso.com", RecordKind::Mx, "10 mx.example.net");
        }),
        mx_at_other("routed by DNS, and the MX is zimbra", ORDERS, |world| {
            world.connector(|one| one.smart_hosts.clear())
        })
        .from("corp"),
        healthy("F-11: a smart host without an address", ORDERS, |world| {
            smart_host("gone.contoso.com")(world);
            gone(world, "gone.contoso.com");
        }),
        healthy("F-11: one of two smart hosts without an address", ORDERS, |world| {
            world.connector(|one| one.smart_hosts.insert(0, "gone.contoso.com".into()));
            gone(world, "gone.contoso.com");
        }),
        healthy("a smart host of which DNS does not tell", ORDERS, smart_host("silent.contoso.com")),
        healthy("two smart hosts, one of them Exchange itself", ORDERS, |world| {
            world.connector(|one| one.smart_hosts.push("exch01.corp.contoso.com".into()));
        }),
        forests("F-16: both relay", UNKNOWN, |_| {}).from("corp"),
        forests("F-16: both relay", EVA, |_| {}),
        forests("F-16: both relay", UNKNOWN, |_| {}).from("labs"),
        forests("one of two is the end of the line", UNKNOWN, |world| {
            world.accepted_at(1, |one| one.kind = DomainKind::Authoritative);
        })
        .from("corp"),
        forests("the gateway hands it to labs", EVA, |world| {
            world.question.delivers_to.insert("mx1.contoso.com".into(), "labs".into());
        }),
        forests("what labs holds was not seen", EVA, |world| world.directory_at(1, EVA, "UNKNOWN")),
        forests("what corp holds was not seen", EVA, |world| world.directory(EVA, "UNKNOWN")),
        forests("corp's configuration cannot be read", EVA, World::hide_configuration),
        healthy("F-17: the smart host is the gateway", ORDERS, smart_host("mx1.contoso.com")),
        healthy("F-17: the smart host is the gateway", UNKNOWN, smart_host("mx1.contoso.com")).from("corp"),
        healthy("F-17: the smart host is the gateway, which takes everybody", UNKNOWN, |world| {
            smart_host("mx1.contoso.com")(world);
            world.accepts_everybody(GATEWAY);
        })
        .from("corp"),
        healthy("F-18: the smart host is Exchange itself", ORDERS, smart_host("10.0.0.10")),
        healthy("F-18: the smart host is Exchange itself", UNKNOWN, smart_host("10.0.0.10")).from("corp"),
        healthy("F-19: an Edge server without a connector", ORDERS, edge),
        healthy("F-19: an Edge server without a connector", UNKNOWN, edge).from("corp"),
        healthy("F-19: an Edge server beside a connector", ORDERS, |world| {
            edge(world);
            world.connectors().push(connector("To Zimbra", "SMTP:contoso.com;1"));
        }),
        healthy("F-19: whose source servers are not shown", ORDERS, |world| {
            edge(world);
            world.connectors()[0].source_servers.clear();
        }),
        healthy("F-21: a gateway that follows AD", ORDERS, follows_the_directory),
        healthy("F-21: a gateway that follows AD", HELPDESK, follows_the_directory),
        healthy("F-26: a gateway that takes everybody", UNKNOWN, |world| world.accepts_everybody(GATEWAY)),
        healthy("F-29: a contact that points back", ORDERS, |world| {
            world.directory(ORDERS, "contact targetAddress=SMTP:orders@contoso.com");
        }),
        forests("F-29: contacts that point at each other", EVA, |world| {
            world.directory(EVA, "contact targetAddress=SMTP:eva@contoso.com");
            world.directory_at(1, EVA, "contact targetAddress=SMTP:eva@contoso.com");
        }),
        healthy("F-30: a mailbox with a target", HELPDESK, |world| {
            world.directory(HELPDESK, "user homeMDB=DB1 targetAddress=SMTP:h@zimbra.contoso.com");
        }),
        healthy("F-31: forwarded in a circle", HELPDESK, |world| {
            world.directory(HELPDESK, "user homeMDB=DB1 altRecipient=CN=helpdesk@contoso.com");
        }),
        healthy("F-34: a target that is no SMTP address", ORDERS, |world| {
            world.directory(ORDERS, "contact targetAddress=NOTES:orders/contoso");
        }),
        healthy("F-35: two objects", ORDERS, |world| {
            world.holds(
                ORDERS,
                &[
                    "user homeMDB=DB1 dn=CN=a proxyAddresses=smtp:orders@contoso.com",
                    "user homeMDB=DB1 dn=CN=b proxyAddresses=smtp:orders@contoso.com",
                ],
                None,
            );
        }),
        healthy("F-36: mail alone", ORDERS, |world| {
            let entry = crate::stories::object("user mail=orders@contoso.com dn=CN=orders");
            let lookups = &mut world.evidence.directories[0].lookups;
            lookups
                .iter_mut()
                .filter(|one| one.address == ORDERS)
                .for_each(|one| one.entries = Observed::Known(vec![entry.clone()]));
        }),
        row("F-38: two MX hosts", World::two_gateways(), ORDERS, |world| {
            world.dns("contoso.com", RecordKind::Mx, "10 mx1.contoso.com, 20 mx2.contoso.com");
        }),
        row("F-38: a backup MX that hands mail to zimbra", World::two_gateways(), HELPDESK, |world| {
            world.dns("contoso.com", RecordKind::Mx, "10 mx1.contoso.com, 20 mx2.contoso.com");
            world.question.delivers_to.insert("mx2.contoso.com".into(), "zimbra".into());
        }),
        row("F-38: a backup MX that takes everybody", World::two_gateways(), UNKNOWN, |world| {
            world.dns("contoso.com", RecordKind::Mx, "10 mx1.contoso.com, 20 mx2.contoso.com");
            world.accepts_everybody(BACKUP);
        }),
        mx_at_other("F-39: the MX is zimbra", HELPDESK, |_| {}),
        mx_at_other("F-39: the MX is zimbra", ORDERS, |_| {}),
        mx_at_other("F-39: the MX is zimbra", UNKNOWN, |_| {}),
        tenant("F-41: a tenant that is authoritative", ORDERS, kind(DomainKind::Authoritative)),
        tenant("a tenant with a connector", ORDERS, |_| {}),
        tenant("a tenant with a connector", UNKNOWN, |_| {}).from("corp"),
        tenant("F-42: a tenant without a connector", ORDERS, |world| world.outbound_connectors().clear()),
        tenant("F-42: a tenant whose connector goes by the MX", ORDERS, |world| {
            world.outbound_connectors()[0].use_mx = true
        }),
        tenant("F-42: a tenant whose connector is disabled", ORDERS, |world| {
            world.outbound_connectors()[0].enabled = false
        }),
        tenant("a tenant whose connector is for rules alone", ORDERS, |world| {
            world.outbound_connectors()[0].by_rule_only = true
        }),
        tenant("a tenant with a connector for all domains", ORDERS, |world| {
            *world.outbound_connectors() = vec![OutboundConnector { ..outbound("All", "*") }];
        }),
        hybrid("hybrid", EVA, |_| {}),
        hybrid("hybrid, from the tenant", HELPDESK, |_| {}).from("cloud"),
        row("F-43: a remote mailbox without a way to the tenant", World::hybrid(), EVA, |_| {}),
        hybrid("F-43: a mail user in nobody's domain", EVA, |world| {
            world.directory(EVA, "user targetAddress=SMTP:eva@fabrikam.com");
        }),
        healthy("F-45: larger than the connector takes", ORDERS, |world| {
            world.connector(|one| one.max_bytes = Some(1024));
        })
        .of(4096),
        healthy("F-45: larger than the connector takes, beside the one for all domains", ORDERS, |world| {
            world.connector(|one| one.max_bytes = Some(1024));
            world.connectors().push(internet());
        })
        .of(4096),
        healthy("F-45: as large as the connector takes", ORDERS, |world| {
            world.connector(|one| one.max_bytes = Some(4096))
        })
        .of(4096),
        healthy("F-46: a catch-all mailbox", ORDERS, |world| {
            world.accepted(|one| one.catch_all = Some("CN=anna".into()))
        }),
        healthy("F-50: a rule that rejects", ORDERS, rule(RuleActionKind::Reject)),
        healthy("F-50: a rule that deletes", ORDERS, rule(RuleActionKind::Delete)),
        healthy("F-52: nothing of the configuration is seen", ORDERS, World::hide_configuration),
        healthy("F-52: nothing of the configuration is seen, and Exchange's own", HELPDESK, World::hide_configuration),
        healthy("the connector may be disabled", ORDERS, |world| {
            world.connector(|one| one.unreadable.add("enabled", "x"))
        }),
        healthy("the domain's type cannot be read", ORDERS, kind(DomainKind::Unknown)),
        healthy("nobody gave zimbra's list", ORDERS, |world| {
            world.question.known_good.push(ORDERS.into());
            world.evidence.files.clear();
        }),
        healthy("addresses on the command line are no whole list", "lena@contoso.com", |world| {
            world.directory("lena@contoso.com", "");
            world.evidence.files[0].source = "--recipient".into();
        }),
        healthy("the directory stands for zimbra's list", ORDERS, |world| {
            world.evidence.files.clear();
            world.question.known_good.push(ORDERS.into());
            world.question.systems[1].recipients_in_directory = true;
            world.directory(ORDERS, "contact targetAddress=SMTP:orders@contoso.com");
        }),
        healthy("zimbra takes whom it does not know", UNKNOWN, |world| world.accepts_everybody(OTHER)).from("corp"),
        healthy("a routing domain with a connector", ORDERS, move |world| {
            world.directory(ORDERS, "contact targetAddress=SMTP:orders@zimbra.contoso.com");
            let mut way = connector("Routed", "SMTP:zimbra.contoso.com;1");
            way.address_spaces = routed();
            world.connectors().push(way);
        }),
        healthy("a routing domain without one", ORDERS, |world| {
            world.directory(ORDERS, "contact targetAddress=SMTP:orders@zimbra.contoso.com");
        }),
        healthy("no MX and no address", ORDERS, |world| {
            world.evidence.hops.retain(|hop| hop.role != Role::Gateway);
            world.evidence.smtp.retain(|session| !session.hop.starts_with("gateway/"));
            world.dns("contoso.com", RecordKind::Mx, "0 .");
        }),
        healthy("no Exchange at all", ORDERS, |world| {
            world.question.systems.remove(0);
            world.evidence.directories.clear();
            world.evidence.hops.retain(|hop| hop.role == Role::Other);
            world.evidence.dns.clear();
        }),
        three("three systems in a row", ORDERS, |_| {}),
        three("three systems in a row", EVA, |_| {}),
        three("three systems in a row", UNKNOWN, |_| {}).from("corp"),
        three("the second of three is the end of the line", ORDERS, |world| {
            world.accepted_at(1, |one| one.kind = DomainKind::Authoritative);
        }),
        three("the second of three hands back", ORDERS, |world| {
            labs_connector(world, |one| one.smart_hosts = vec!["exch01.corp.contoso.com".into()]);
        }),
        three("the second of three hands back", UNKNOWN, |world| {
            labs_connector(world, |one| one.smart_hosts = vec!["exch01.corp.contoso.com".into()]);
        })
        .from("labs"),
        three("the second of three has no connector", ORDERS, |world| {
            let Observed::Known(all) = &mut world.organisation_at(1).send_connectors else { panic!("none") };
            all.clear();
        }),
        three("three organisations in a circle", UNKNOWN, |world| {
            let mut third = world.evidence.directories[1].clone();
            third.system = "ops".into();
            let Observed::Known(own) = &mut third.organisation else { panic!("none") };
            let Observed::Known(all) = &mut own.send_connectors else { panic!("none") };
            (all[0].name, all[0].smart_hosts) = ("Home".into(), vec!["exch01.corp.contoso.com".into()]);
            world.evidence.directories.push(third);
            let ops = System { name: "ops".into(), kind: SystemKind::Exchange, ..world.question.systems[0].clone() };
            world.question.systems.push(ops);
            let mut hop = world.evidence.hops.iter().find(|hop| hop.id == LABS).unwrap().clone();
            (hop.id, hop.host, hop.system) =
                ("exchange/exch.ops/10.2.0.10:25".into(), "exch.ops".into(), Some("ops".into()));
            hop.address = "10.2.0.10".parse().ok();
            world.evidence.hops.push(hop);
            labs_connector(world, |one| one.smart_hosts = vec!["10.2.0.10".into()]);
        })
        .from("corp"),
        three("from the third of three to the first", HELPDESK, |_| {}).from("zimbra"),
        three("the gateway hands it to the second of three", HELPDESK, |world| {
            world.question.delivers_to.insert("mx1.contoso.com".into(), "labs".into());
        }),
    ]
}

#[test]
fn every_configuration_makes_its_steps_and_its_end() {
    let rows = rows();
    assert!(rows.len() >= 80, "{}", rows.len());
    let told: String = rows.iter().map(Row::lines).collect::<Vec<_>>().join("\n");
    assert_eq!(told, include_str!("table.txt"));
}
