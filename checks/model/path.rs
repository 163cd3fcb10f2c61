//! Where the configuration would send one recipient's mail, step by step.
use super::objects::kind_of;
use super::onward::End;
use super::{HopView, Model, OrganisationView, Outcome, Recipient, State};
use crate::evidence::exchange::DomainKind;
use crate::prelude::*;

/// How a path ends (contract, section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Disposition {
    /// In a mailbox.
    Delivered,
    /// At the gateway.
    RejectedAtGateway,
    /// In Exchange.
    RejectedByExchange,
    /// At the other system.
    RejectedByOther,
    /// Where it began.
    Loop,
    /// In a queue, until it expires: no connector takes it, or one that leads nowhere.
    Stranded,
    /// Somewhere that the evidence does not reach.
    LeavesTheModel,
    /// A fact is missing; the last step names it.
    InsufficientInformation,
}

/// A predicted path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Prediction {
    /// How it ends.
    pub disposition: Disposition,
    /// Its steps, in order.
    pub steps: Vec<Step>,
    /// The mail systems that it reaches, in order; where it comes back to one, that stands there again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub systems: Vec<String>,
    /// The fact that is missing, where the information is insufficient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// Whether the missing fact was asked for.
    #[serde(skip, default)]
    pub asked: bool,
    /// JSON Pointers to the configuration that it follows.
    #[serde(skip, default)]
    pub seen: Vec<String>,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Where: `gateway`, `transport-rule`, `accepted-domain`, `recipient`, `send-connector`, `smart-host`, `other-system`,
    /// `mailbox`.
    pub at: String,
    /// What happens there.
    pub says: String,
}

/// Where a transport rule is applied.
const RULE: &str = "transport-rule";

impl Prediction {
    /// Whether it ends with a transport rule.
    pub fn ends_by_rule(&self) -> bool {
        self.steps.last().is_some_and(|step| step.at == RULE)
    }
}

/// The path of `recipient`'s mail: where the gateways hand it to different systems, the one that ends worst.
pub fn predict(model: &Model, recipient: &Recipient) -> Prediction {
    let mut path = Path::new(model, recipient);
    let mut starts: Vec<&str> = Vec::new();
    for hop in model.hops_of(Role::Gateway) {
        match hop.outcome(recipient.address) {
            Outcome::Rejected => {
                path.step("gateway", format!("{} refuses it", hop.name()));
                return path.end(Disposition::RejectedAtGateway);
            }
            Outcome::Accepted => path.step("gateway", format!("{} takes it", hop.name())),
            Outcome::Deferred | Outcome::Unreachable | Outcome::NotProbed => {}
        }
        starts.extend(model.delivers_to(hop).filter(|system| !starts.contains(system)));
    }
    if starts.is_empty() {
        starts.extend(model.first_exchange());
    }
    let each = starts.into_iter().map(|system| {
        let mut path = path.clone();
        let disposition = path.at(system);
        path.end(disposition)
    });
    let worst = each.min_by_key(|prediction| badness(prediction.disposition));
    worst.unwrap_or_else(|| {
        let disposition = path.lacks("the Exchange system", false);
        path.end(disposition)
    })
}

/// The path of `recipient`'s mail from `system` on, whatever the gateways say.
pub fn predict_from(model: &Model, recipient: &Recipient, system: &str) -> Prediction {
    let mut path = Path::new(model, recipient);
    let disposition = path.at(system);
    path.end(disposition)
}

/// The place of a disposition among several: the least is told.
fn badness(disposition: Disposition) -> u8 {
    match disposition {
        Disposition::Loop => 0,
        Disposition::RejectedAtGateway | Disposition::RejectedByExchange | Disposition::RejectedByOther => 1,
        Disposition::Stranded => 2,
        Disposition::LeavesTheModel => 3,
        Disposition::InsufficientInformation => 4,
        Disposition::Delivered => 5,
    }
}

#[derive(Clone)]
struct Path<'m, 'a, 'r> {
    model: &'m Model<'a>,
    recipient: &'m Recipient<'r>,
    steps: Vec<Step>,
    missing: Option<String>,
    asked: bool,
    /// The systems that it has passed.
    been: Vec<String>,
    /// The address that it was readdressed to.
    target: Option<String>,
    seen: Vec<String>,
}

impl<'m, 'a, 'r> Path<'m, 'a, 'r> {
    fn new(model: &'m Model<'a>, recipient: &'m Recipient<'r>) -> Self {
        Self {
            model,
            recipient,
            steps: Vec::new(),
            missing: None,
            asked: false,
            been: Vec::new(),
            target: None,
            seen: Vec::new(),
        }
    }

    fn step(&mut self, at: &str, says: impl Into<String>) {
        self.steps.push(Step { at: at.into(), says: says.into() });
    }

    fn end(self, disposition: Disposition) -> Prediction {
        let Self { steps, been: systems, missing, asked, seen, .. } = self;
        Prediction { disposition, steps, systems, missing, asked, seen }
    }

    fn lacks(&mut self, fact: impl Into<String>, asked: bool) -> Disposition {
        self.missing = Some(fact.into());
        self.asked = asked;
        Disposition::InsufficientInformation
    }

    /// The path from `system` on, unless it has been there.
    fn at(&mut self, system: &str) -> Disposition {
        let model = self.model;
        if let Some(first) = self.been.iter().position(|been| been == system) {
            let circle = self.been[first..].iter().map(String::as_str).chain([system]).collect::<Vec<_>>().join(" to ");
            self.step("loop", format!("it has been there: {circle}"));
            self.been.push(system.into());
            return Disposition::Loop;
        }
        self.been.push(system.into());
        match model.organisation_of(system) {
            Some(organisation) => self.in_exchange(organisation),
            None => self.in_other(Some(system)),
        }
    }

    fn in_exchange(&mut self, organisation: &OrganisationView) -> Disposition {
        let system = organisation.system;
        if let Some(disposition) = self.by_rules(organisation) {
            return disposition;
        }
        let held = self.recipient.directories.iter().find(|held| held.system == system);
        let entries = || held.into_iter().flat_map(|held| &held.entries);
        let state = held.map_or(State::Unknown, |held| held.state);
        if state.resolves() && entries().any(|entry| self.model.is_circling(system, &entry.dn)) {
            self.step("recipient", format!("the directory of {system} holds {}", state.word()));
            self.step("recipient", "it is forwarded in a circle");
            return Disposition::Loop;
        }
        match state {
            state @ (State::Mailbox | State::Group | State::PublicFolder) => {
                self.step("recipient", format!("the directory of {system} holds {}", state.word()));
                // A mailbox that has a target sends its mail on, as a contact does.
                if state != State::Mailbox || !entries().any(|entry| entry.value("targetAddress").is_some()) {
                    return Disposition::Delivered;
                }
            }
            State::Unknown if self.recipient.is_listed_by(system) => {
                self.step("mailbox", format!("it is on the list of {system}"));
                return Disposition::Delivered;
            }
            State::Unknown => {
                // The mailbox that another directory offered as known-good is looked up there alone.
                let offered = self.model.evidence.directories.iter().any(|other| {
                    other.system != system && other.known_good.known() == Some(&Some(self.recipient.address.into()))
                });
                let looked_up = held.is_some_and(|held| held.pointer.contains("/lookups/"));
                let asked = held.is_some() && (looked_up || !offered);
                return self.lacks(format!("what the directory of {system} holds of it"), asked);
            }
            State::Ambiguous => {
                return self.lacks(format!("which of several objects in the directory of {system} it is"), true);
            }
            state => self.step("recipient", format!("the directory of {system} holds {}", state.word())),
        }
        if let Some(target) = self.target.clone() {
            return self.lacks(format!("what the directory of {system} holds of {target}"), true);
        }
        let target = held.and_then(|held| held.entries.iter().find_map(|entry| entry.value("targetAddress")));
        // What is no SMTP address goes by a foreign connector (`NOTES:…`).
        if let Some(foreign) = target.filter(|target| kind_of(target).is_some()) {
            self.step("recipient", format!("it is sent on to {foreign}, which is no SMTP address"));
            return Disposition::LeavesTheModel;
        }
        let target = target.and_then(|target| crate::evidence::address::fold(target).ok());
        let domain = target.as_deref().map_or(organisation.domain, crate::evidence::address::domain);
        if domain != organisation.domain {
            self.step("recipient", format!("it is sent on to {domain}"));
            self.target.clone_from(&target);
            return self.by_routing_domain(organisation, domain);
        }
        match organisation.accepted_domain() {
            Err(gap) => return self.lacks(gap.what, gap.asked),
            Ok(None) => {
                self.step("accepted-domain", format!("{system} does not accept {domain}"));
                return Disposition::RejectedByExchange;
            }
            // It takes whom nobody knows, before the domain's kind decides.
            Ok(Some((_, accepted))) if accepted.catch_all.is_some() && target.is_none() => {
                self.step("accepted-domain", format!("the catch-all mailbox of '{}' takes them", accepted.name));
                return Disposition::LeavesTheModel;
            }
            Ok(Some((_, accepted))) if accepted.kind == DomainKind::Authoritative && target.is_none() => {
                self.step("accepted-domain", format!("{domain} is authoritative: unknown recipients bounce"));
                return Disposition::RejectedByExchange;
            }
            Ok(Some((_, accepted))) => {
                self.step("accepted-domain", format!("'{}' relays unknown recipients", accepted.name));
            }
        }
        self.out_of_exchange(organisation)
    }

    /// What transport rules do with it; none where it goes on. What nsdiag cannot evaluate is told.
    fn by_rules(&mut self, organisation: &OrganisationView) -> Option<Disposition> {
        let model = self.model;
        let organisation = model.organisation_of(organisation.system)?;
        let address = self.recipient.address;
        for view in model.rules(organisation).ok()?.iter().filter(|view| view.may_touch(address)) {
            let (name, says) = (&view.rule.name, view.says(organisation.domain));
            self.seen.push(view.pointer.clone());
            if view.takes(address) {
                self.step(RULE, format!("the rule '{name}' {says}"));
                return Some(match view.rejects() {
                    true => Disposition::RejectedByExchange,
                    false => Disposition::LeavesTheModel,
                });
            }
            self.step(RULE, format!("the rule '{name}' {says}: nsdiag cannot evaluate that for this message"));
        }
        None
    }

    /// The way of what an object sends on to another domain than the shared one.
    fn by_routing_domain(&mut self, organisation: &OrganisationView, domain: &str) -> Disposition {
        let model = self.model;
        let onward = model.onward(organisation, domain);
        self.steps.extend(onward.steps);
        self.seen.extend(onward.seen);
        match onward.end {
            End::System(system) => {
                // The tenant knows its mailbox by the address in the shared domain as well.
                if model.organisation_of(system).is_some_and(OrganisationView::is_online) {
                    self.target = None;
                }
                self.at(system)
            }
            End::Back => self.at(organisation.system),
            End::Beyond => Disposition::LeavesTheModel,
            End::Stranded => Disposition::Stranded,
            End::Unknown(gap) => self.lacks(gap.what, gap.asked),
        }
    }

    /// The way of mail that stays in the shared domain.
    fn out_of_exchange(&mut self, organisation: &OrganisationView) -> Disposition {
        let domain = organisation.domain;
        let exit = match organisation.exit(domain) {
            Ok(exit) => exit,
            Err(gap) => return self.lacks(gap.what, gap.asked),
        };
        let Some(exit) = exit else {
            self.seen.extend(organisation.connectors_seen());
            // Without a connector Exchange Online takes the way of the MX, and Exchange none.
            if organisation.is_online() {
                self.step(
                    "send-connector",
                    format!("no outbound connector serves {domain}: it routes by the MX records"),
                );
                return self.by_mx(organisation);
            }
            let says = format!("no send connector serves {domain}: it waits in the queue and expires");
            self.step("send-connector", says);
            return Disposition::Stranded;
        };
        self.seen.push(exit.pointer.clone());
        self.step("send-connector", format!("'{}' serves {domain}", exit.name));
        if exit.smart_hosts.is_empty() {
            self.step("send-connector", format!("it routes by the MX records of {domain}"));
            return self.by_mx(organisation);
        }
        self.step("smart-host", exit.smart_hosts.join(", "));
        let model = self.model;
        let owners: Vec<_> = exit.smart_hosts.iter().filter_map(|host| model.owner(host, exit.port)).collect();
        let own = owners.iter().find(|owner| owner.system == organisation.system);
        let exchange = owners.iter().find(|owner| model.organisation_of(owner.system).is_some());
        if exit.smart_hosts.iter().all(|host| model.resolves_to_nothing(host)) {
            self.step("smart-host", "it has no address: mail waits in the queue and expires");
            return Disposition::Stranded;
        }
        if let Some(gateway) = exit.smart_hosts.iter().find_map(|host| model.gateway_at(host, exit.port)) {
            if model.may_be_others(gateway) {
                return self.lacks(format!("whether {} hands mail to {}", gateway.name(), organisation.system), true);
            }
            self.step("smart-host", "that is the gateway again");
            return self.at(model.delivers_to(gateway).unwrap_or(organisation.system));
        }
        if let Some(owner) = own.or(exchange) {
            self.step("smart-host", format!("that is {}", owner.system));
            return self.at(owner.system);
        }
        match owners.first() {
            Some(owner) => self.at(owner.system),
            // A connector for all domains leads to the Internet, unless its smart host is known.
            None if exit.by_wildcard => Disposition::LeavesTheModel,
            None => self.in_other(None),
        }
    }

    /// What becomes of mail that takes the way of the domain's own MX.
    fn by_mx(&mut self, organisation: &OrganisationView) -> Disposition {
        let model = self.model;
        let mut gateways = model.hops_of(Role::Gateway);
        let next = gateways.next().and_then(|gateway| model.delivers_to(gateway));
        self.at(next.unwrap_or(organisation.system))
    }

    /// The other system takes it, refuses it, or hands on what it does not know.
    fn in_other(&mut self, system: Option<&str>) -> Disposition {
        let (model, recipient) = (self.model, self.recipient);
        let address = recipient.address;
        let its_own = |hop: &&HopView| match (system, hop.hop.system.as_deref()) {
            (Some(system), Some(own)) => system == own,
            _ => true,
        };
        let gateways = model.hops_of(Role::Gateway).filter(|hop| system.is_some() && model.belongs_to(hop) == system);
        let hops: Vec<&HopView> = model.hops_of(Role::Other).filter(its_own).chain(gateways).collect();
        if !hops.is_empty() && hops.iter().all(|hop| hop.outcome(address) == Outcome::Rejected) {
            self.step("other-system", "the other system refuses it");
            return Disposition::RejectedByOther;
        }
        let list = recipient.lists.iter().filter(|list| list.listed);
        let list = list.filter(|list| system.is_none_or(|system| system == list.system)).map(|list| list.system).next();
        if let Some(list) = list {
            self.step("mailbox", format!("it is on the list of {list}"));
            return Disposition::Delivered;
        }
        let name = system.unwrap_or("the other system");
        let home = recipient.own_directory().map(|held| held.system);
        let takes = hops.iter().find(|hop| hop.outcome(address) == Outcome::Accepted);
        match (takes.map(|hop| hop.validates()), home) {
            // Who takes it and refuses strangers knows it, and hands on what has its mailbox elsewhere.
            (Some(Some(true)), Some(home)) => {
                self.step("other-system", format!("{name} takes it, and hands it on to {home}"));
                self.at(home)
            }
            (Some(Some(true)), None) => {
                self.step("mailbox", "the other system takes it");
                Disposition::Delivered
            }
            (_, Some(home)) => self.lacks(format!("whether {name} hands it on to {home}"), true),
            (_, None) => self.lacks("whether the other system has a mailbox for it", true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::exchange::DomainKind;
    use crate::stories::{GATEWAY, World, connector};
    use Disposition::*;

    /// How `address` fares, and the last step.
    fn path(world: &World, address: &str) -> (Disposition, String) {
        let case = Case::new(&world.question, &world.evidence);
        let recipient = case.model.recipients.iter().find(|one| one.address == address).unwrap();
        let found = predict(&case.model, recipient);
        (found.disposition, found.missing.or(found.steps.last().map(|step| step.says.clone())).unwrap())
    }

    fn forests() -> World {
        let mut world = World::two_forests();
        world.question.known_good.push("eva@contoso.com".into());
        world.rcpt(GATEWAY, "eva@contoso.com", "250 2.1.5 Ok");
        world.directory("eva@contoso.com", "");
        world.directory_at(1, "eva@contoso.com", "user homeMDB=DB9");
        world
    }

    #[test]
    fn the_path_goes_on_in_the_second_organisation() {
        let eva = "eva@contoso.com";
        let mut world = forests();
        assert_eq!(path(&world, eva), (Delivered, "the directory of labs holds a mailbox".into()));
        world.directory_at(1, eva, "");
        assert_eq!(path(&world, eva), (Loop, "it has been there: corp to labs to corp".into()));
        let Observed::Known(all) = &mut world.organisation_at(1).accepted_domains else { panic!() };
        all[0].kind = DomainKind::Authoritative;
        let end = "contoso.com is authoritative: unknown recipients bounce";
        assert_eq!(path(&world, eva), (RejectedByExchange, end.into()));
        world.directory_at(1, eva, "UNKNOWN");
        assert_eq!(path(&world, eva), (InsufficientInformation, "what the directory of labs holds of it".into()));
    }

    #[test]
    fn the_gateway_says_where_the_path_begins() {
        let eva = "eva@contoso.com";
        let mut world = forests();
        world.question.delivers_to.insert("mx1.contoso.com".into(), "labs".into());
        assert_eq!(path(&world, eva), (Delivered, "the directory of labs holds a mailbox".into()));
        let helpdesk = "helpdesk@contoso.com";
        world.directory_at(1, helpdesk, "");
        assert_eq!(path(&world, helpdesk), (Delivered, "the directory of corp holds a mailbox".into()));
        let Observed::Known(all) = &mut world.organisation_at(1).send_connectors else { panic!() };
        all[0].smart_hosts = vec!["mx1.contoso.com".into()];
        assert_eq!(path(&world, helpdesk), (Loop, "it has been there: labs to labs".into()));
        world.question.delivers_to.clear();
        world.directory(eva, "contact targetAddress=SMTP:eva@labs.contoso.com");
        world.connector(|one| one.address_spaces[0].address = "*.contoso.com".into());
        assert_eq!(path(&world, eva), (Delivered, "the directory of labs holds a mailbox".into()));
    }

    #[test]
    fn a_remote_mailbox_leads_to_the_tenant() {
        let eva = "eva@contoso.com";
        let mut world = World::hybrid();
        assert_eq!(path(&world, eva).0, Stranded, "no connector serves the routing domain");
        let mut way = connector("To the tenant", "SMTP:contoso.mail.onmicrosoft.com;1");
        way.smart_hosts.clear();
        world.connectors().push(way);
        assert_eq!(path(&world, eva), (Delivered, "the directory of cloud holds a mailbox".into()));
        world.directory(eva, "");
        let end = "contoso.com is authoritative: unknown recipients bounce";
        assert_eq!(path(&world, eva), (RejectedByExchange, end.into()));
        world.directory(eva, "user targetAddress=SMTP:eva@contoso.mail.onmicrosoft.com");
        world.directory_at(1, eva, "");
        assert_eq!(path(&world, eva).0, RejectedByExchange, "she is in neither");
    }

    #[test]
    fn a_tenant_hands_on_what_it_does_not_know() {
        let orders = "orders@contoso.com";
        let mut world = World::online();
        assert_eq!(path(&world, orders), (Delivered, "it is on the list of zimbra".into()));
        world.outbound_connectors()[0].use_mx = true;
        assert_eq!(path(&world, orders), (Loop, "it has been there: corp to corp".into()));
        world.outbound_connectors().clear();
        let back = "it has been there: corp to corp";
        assert_eq!(path(&world, orders), (Loop, back.into()), "without a connector it takes the way of the MX");
        world.accepted(|accepted| accepted.kind = DomainKind::Authoritative);
        assert_eq!(path(&world, orders).0, RejectedByExchange);
    }

    #[test]
    fn what_exchange_does_with_mail_for_somebody_it_knows() {
        let helpdesk = "helpdesk@contoso.com";
        let mut world = World::healthy();
        let cases = [
            ("user homeMDB=DB1", Delivered, "the directory of corp holds a mailbox"),
            // The healthy world's connector does not serve that domain.
            (
                "user homeMDB=DB1 targetAddress=SMTP:h@zimbra.contoso.com",
                Stranded,
                "no send connector serves zimbra.contoso.com: it waits in the Unreachable queue and expires ('To Zimbra' \
                 serves contoso.com)",
            ),
            (
                "contact targetAddress=NOTES:helpdesk/contoso@contoso",
                LeavesTheModel,
                "it is sent on to NOTES:helpdesk/contoso@contoso, which is no SMTP address",
            ),
            ("user homeMDB=DB1 altRecipient=CN=helpdesk@contoso.com", Loop, "it is forwarded in a circle"),
            // Exchange cuts that, and delivers.
            (
                "user homeMDB=DB1 msExchGenericForwardingAddress=smtp:helpdesk@contoso.com",
                Delivered,
                "the directory of corp holds a mailbox",
            ),
            (
                "user homeMDB=DB1 msExchGenericForwardingAddress=smtp:orders@contoso.com",
                Delivered,
                "the directory of corp holds a mailbox",
            ),
        ];
        for (object, disposition, last) in cases {
            world.directory(helpdesk, object);
            assert_eq!(path(&world, helpdesk), (disposition, last.into()), "{object}");
        }
    }

    #[test]
    fn a_catch_all_mailbox_takes_what_would_be_relayed() {
        let mut world = World::healthy();
        world.accepted(|accepted| accepted.catch_all = Some("CN=anna".into()));
        let last = "the catch-all mailbox of 'contoso.com' takes them";
        assert_eq!(path(&world, "orders@contoso.com"), (LeavesTheModel, last.into()));
        world.accepted(|accepted| accepted.kind = DomainKind::Authoritative);
        assert_eq!(path(&world, "orders@contoso.com"), (LeavesTheModel, last.into()), "authoritative too");
        assert_eq!(path(&world, "helpdesk@contoso.com").0, Delivered, "Exchange knows it");
        world.directory("orders@contoso.com", "contact targetAddress=SMTP:orders@contoso.com");
        assert_eq!(path(&world, "orders@contoso.com").0, Delivered, "Exchange knows it, and where it leads");
    }
}
