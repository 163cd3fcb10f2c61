//! The smart hosts by which mail of the domain leaves each organisation, and what each of them is.
use crate::exchange::aiming::{aim as aim_at_other, carrier};
use crate::model::OrganisationView;
use crate::model::exits::Exit;
use crate::model::names::{Exchangers, bare_host};
use crate::prelude::*;

/// The way by which mail of the domain leaves an organisation.
pub(super) struct Way<'c, 'a> {
    pub(super) organisation: &'c OrganisationView<'a>,
    pub(super) exit: Exit<'a>,
    /// Its smart hosts.
    pub(super) hosts: Vec<SmartHost<'a>>,
}

/// A smart host.
pub(super) struct SmartHost<'a> {
    pub(super) name: &'a str,
    pub(super) aim: Aim,
    /// JSON Pointers to what says so.
    pub(super) seen: Vec<String>,
}

/// What a smart host is. One that is none of the first three may be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// Its name leads nowhere.
    Dead,
    /// The gateway that hands the domain's mail to the organisation.
    Gateway,
    /// The organisation itself.
    Itself,
    /// What may be the gateway, and why that is open.
    Either(Gap),
    /// Another host.
    Other,
}

/// The ways out. Where there is none the reason is noted.
pub(super) fn ways<'c, 'a>(case: &'c Case<'a>, notes: &mut Notes) -> Vec<Way<'c, 'a>> {
    if case.model.organisations.is_empty() {
        notes.gap(Gap::not_asked("an Exchange system", "a [[system]] of kind exchange with its directory or exports"));
    }
    let mut ways = Vec::new();
    for organisation in &case.model.organisations {
        // What an authoritative domain does not relay no connector loses.
        let Some(Some(_)) = notes.need(case.model.leaves(organisation)) else { continue };
        let Some(Some(exit)) = notes.need(organisation.exit(organisation.domain)) else { continue };
        let hosts = exit.smart_hosts.iter().map(|name| {
            let looked_up = match case.model.addresses(name) {
                Addresses::Known(_, seen) => seen,
                Addresses::Unknown(miss) if miss.how != How::AliasLoop => {
                    notes.gap(no_dns(format!("the addresses of the smart host {name}"), &miss));
                    vec![]
                }
                Addresses::Unknown(_) => vec![],
                Addresses::NotAsked => {
                    notes.gap(Gap::not_asked(format!("the addresses of the smart host {name}"), "--resolver IP"));
                    vec![]
                }
            };
            let (aim, seen) = aim(case, organisation, name, &exit, looked_up);
            SmartHost { name, aim, seen }
        });
        ways.push(Way { organisation, hosts: hosts.collect(), exit });
    }
    if ways.iter().all(|way| way.hosts.is_empty()) && notes.gaps.is_empty() {
        let mut none = Gap::not_asked(format!("a smart host for mail of {}", case.question.domain), "");
        (none.why, none.supply) = ("no connector names one".into(), "a connector that does".into());
        notes.gap(none);
    }
    ways
}

impl<'a> Way<'_, 'a> {
    /// The smart hosts that may be right.
    pub(super) fn rest(&self) -> Vec<&str> {
        let bad = |host: &&SmartHost| matches!(host.aim, Aim::Dead | Aim::Gateway | Aim::Itself);
        self.hosts.iter().filter(|host| !bad(host)).map(|host| host.name).collect()
    }

    /// How bad one wrong smart host is: where others are left, they carry the mail in the end.
    pub(super) fn severity(&self) -> Severity {
        if self.rest().is_empty() { Severity::Critical } else { Severity::Warning }
    }

    /// What becomes of mail where one of several smart hosts hands it back.
    pub(super) fn in_turn(&self) -> String {
        match &self.rest()[..] {
            [] => String::new(),
            rest => format!(
                "; Exchange shares the mail out among its smart hosts, so the part that {} does not get goes round",
                listed(rest, 3)
            ),
        }
    }

    /// The remedy: the smart hosts that are left, or the one that is to be named; nothing that turns the mail of other
    /// domains. A host that is dead takes nobody's mail, so that it may go.
    pub(super) fn mend(&self, case: &Case<'a>, title: &str) -> Remedy {
        let Some(carrier) = carrier(self.organisation) else {
            return Remedy::steps("exchange", title, vec!["Name the other system's host on its connector".into()]);
        };
        let rest = self.rest();
        let alive = |host: &SmartHost| matches!(host.aim, Aim::Gateway | Aim::Itself);
        let is_shared = !carrier.serves_besides(self.organisation.domain).is_empty();
        if rest.is_empty() || is_shared && self.hosts.iter().any(alive) {
            return aim_at_other(case, self.organisation, &carrier, title);
        }
        let back = carrier.set().list("SmartHosts", self.hosts.iter().map(|host| host.name));
        let set = vec![carrier.set().list("SmartHosts", rest)];
        Remedy::exchange("Leave the other smart hosts on the connector", set, vec![back])
            .then(carrier.synchronise(self.organisation))
    }
}

fn aim(
    case: &Case,
    organisation: &OrganisationView,
    host: &str,
    exit: &Exit,
    looked_up: Vec<String>,
) -> (Aim, Vec<String>) {
    let model = &case.model;
    if let Some(owner) = model.owner(host, exit.port).filter(|owner| owner.system == organisation.system) {
        return (Aim::Itself, owner.seen);
    }
    let aim = match model.gateway_at(host, exit.port) {
        // A gateway that hands mail to another organisation may be the way there.
        Some(gateway) if model.delivers_to(gateway) != Some(organisation.system) => Aim::Other,
        Some(gateway) if model.may_be_others(gateway) => Aim::Either(both(host, exit.name)),
        Some(_) => Aim::Gateway,
        None if model.resolves_to_nothing(host) => Aim::Dead,
        None => match model.exchangers() {
            Err(gap) => Aim::Either(gap),
            Ok(mx) if is_unnamed_mx(case, organisation, host, &mx) => Aim::Either(both(host, exit.name)),
            Ok(_) => Aim::Other,
        },
    };
    (aim, looked_up)
}

/// Whether `host` is an MX host that the configuration names neither as a gateway nor as another system's own.
fn is_unnamed_mx(case: &Case, organisation: &OrganisationView, host: &str, mx: &Exchangers) -> bool {
    let (model, question) = (&case.model, case.question);
    let is = |other: &str| model.is_same_host(host, other) == Some(true);
    let others = question.systems.iter().filter(|system| system.name != organisation.system);
    !question.gateways.is_empty()
        && mx.hosts(&question.domain).into_iter().any(is)
        && !others.flat_map(|system| &system.smtp).any(|named| is(bare_host(named)))
}

/// The gap that a host is the MX and the smart host, and may be the other system's own.
fn both(host: &str, connector: &str) -> Gap {
    Gap::unanswered(
        format!("whether {host}, which is the MX and the smart host of '{connector}', hands mail to Exchange"),
        "it may be the other system's own host as well",
        "'smtp' of the other system (--other HOST), or 'delivers_to' of the gateway",
    )
}
