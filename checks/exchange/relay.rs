//! The remedy that has Exchange relay what it does not know: with what has to be there before, as the model tries it out.
use super::known::other_hosts;
use super::remedies::{connector, connector_name, served};
use super::trial::{Change, brings, told};
use crate::evidence::exchange::{AcceptedDomain, DomainKind};
use crate::model::OrganisationView;
use crate::model::onward::End;
use crate::model::routing::Routing;
use crate::prelude::*;
use crate::remedy::Command;
use crate::remedy::order::{Turn, cure};

/// What has to be there before a domain is relayed: without a way on what is relayed waits and expires.
enum Before {
    /// The way is there.
    Nothing,
    /// A new connector.
    New,
    /// The connector of this noun and name is enabled.
    Enabled(&'static str, String),
    /// What another finding is about.
    Told(String),
    /// What was not seen.
    Unknown(String),
}

/// What the model says of the way on, were `domain` relayed: its connectors do not depend on that.
fn before<'d>(case: &Case, organisation: &OrganisationView<'d>, domain: &'d str) -> Before {
    let exit = match organisation.exit(domain) {
        Ok(exit) => exit,
        Err(gap) => {
            return Before::Unknown(format!(
                "see first that a connector leads to the other system, else mail waits and expires: {} ({})",
                gap.what, gap.why
            ));
        }
    };
    let own = exit.as_ref().is_some_and(|exit| !exit.by_wildcard);
    match case.model.onward(organisation, domain).end {
        End::System(_) | End::Gateway(_) => return Before::Nothing,
        End::Unknown(_, gap) => {
            return Before::Unknown(format!("see first where it leads: {} ({})", gap.what, gap.why));
        }
        // Where its own connector leads is judged with the domain relayed.
        _ if own => return Before::Nothing,
        _ => {}
    }
    // Where something of the domain leaves already, the connector has findings of its own.
    match case.model.leaves(organisation) {
        Ok(None) => disabled(organisation, domain).map_or(Before::New, |(noun, name)| Before::Enabled(noun, name)),
        _ => Before::Told(format!(
            "first give {domain} a connector to the other system, else mail waits and expires (NSD311 to NSD322)"
        )),
    }
}

/// The connector for `domain` that is there and disabled.
fn disabled(organisation: &OrganisationView, domain: &str) -> Option<(&'static str, String)> {
    if organisation.is_online() {
        let found = organisation.outbound(domain).ok()?.disabled.into_iter().next();
        return found.map(|(_, one)| ("OutboundConnector", one.name.clone()));
    }
    let (pointer, all) = organisation.send_connectors().ok()?;
    Routing::new(pointer, all, domain).disabled().map(|(_, one)| ("SendConnector", one.name.clone()))
}

/// What has to be done before objects with a target in the shared domain are of use, where something has.
pub(crate) fn way_first(case: &Case, system: &str) -> Option<String> {
    let organisation = case.model.organisation_of(system)?;
    let domain = organisation.domain;
    match before(case, organisation, domain) {
        Before::Nothing | Before::Unknown(_) => None,
        Before::Told(what) => Some(what),
        Before::New => {
            Some(format!("first give {domain} a connector to the other system, else mail waits and expires"))
        }
        Before::Enabled(_, name) => Some(format!("first enable the connector '{name}', else mail waits and expires")),
    }
}

/// What is done in one block, and what takes it back, the last first.
#[derive(Default)]
struct Block {
    commands: Vec<Command>,
    undo: Vec<Command>,
}

impl Block {
    fn then(&mut self, commands: impl IntoIterator<Item = Command>, undo: impl IntoIterator<Item = Command>) {
        self.commands.extend(commands);
        self.undo.splice(0..0, undo);
    }
}

/// Relays what Exchange does not know, after what has to be there before it. Where relaying would close a circle it is not
/// advised. The change of type is refused while a catch-all mailbox is set.
pub(crate) fn relay(case: &Case, organisation: &OrganisationView, accepted: &AcceptedDomain) -> Remedy {
    let domain = || Cmdlet::new("Set-AcceptedDomain").with("Identity", &accepted.name);
    let mut block = Block::default();
    let mut title = String::from("Relay what Exchange does not know");
    let mut relays = domain();
    let (name, spaces) = (connector_name(organisation.domain), served(organisation, organisation.domain));
    let hosts = other_hosts(case, organisation);
    let mut changes = vec![Change::Relay(&accepted.name)];
    let before = before(case, organisation, organisation.domain);
    let mut enables = None;
    match &before {
        Before::Nothing => {}
        Before::New => {
            title = "Give the domain a connector to the other system, and relay what Exchange does not know".into();
            let (add, remove) = connector(case, organisation, organisation.domain);
            block.then([add.into()], [remove.into()]);
            changes.push(Change::Connector(&name, &spaces, &hosts));
        }
        Before::Enabled(noun, name) => {
            title = "Enable the connector to the other system, and relay what Exchange does not know".into();
            let set = |on| Cmdlet::of("Set", noun).with("Identity", name).bool("Enabled", on);
            enables = Some((set(true), set(false)));
            changes.push(Change::Enable(name));
        }
        Before::Told(what) | Before::Unknown(what) => {
            title += ", once a connector leads to the other system";
            relays = relays.remark(what);
        }
    }
    for brought in brings(case, organisation, &changes) {
        let (code, cure) = (&brought.code, cure(&brought));
        match cure.filter(|_| brought.severity == Severity::Critical) {
            // What makes another the end of the line is for that one's administrator, and for after the contacts.
            _ if code == "NSD321" => return closes_a_circle(organisation, &brought),
            Some(cure) if cure.shell.is_some() && cure.place == "exchange" => {
                // Several findings of one connector have one cure.
                if !cure.commands.iter().all(|one| block.commands.iter().any(|there| there.text() == one.text())) {
                    block.then(cure.commands.iter().cloned(), cure.undo.iter().cloned());
                }
            }
            _ => relays = relays.remark(&told(&brought)),
        }
    }
    // It leads to the right place before it carries anything; where the domain got one of its own, nothing needs it.
    let is_new = block.commands.iter().any(|one| one.text().starts_with("New-"));
    if let Some((on, off)) = enables.filter(|_| !is_new) {
        block.then([on.into()], [off.into()]);
    }
    if let Some(mailbox) = &accepted.catch_all {
        title = format!("Take the catch-all mailbox off. {title}");
        match catch_all(organisation, accepted, mailbox) {
            Some((off, on)) => block.then([off.into()], [on.into()]),
            None => {
                relays =
                    by_hand(mailbox).iter().fold(relays, |set, step| set.remark(&format!("first, by hand: {step}")));
            }
        }
    }
    // Exchange Online has no AddressBookEnabled to go with it.
    let set = |cmdlet: Cmdlet, kind, lookup| match organisation.is_online() {
        true => cmdlet.word("DomainType", kind),
        // It is relayed already, and looked up: that alone changes.
        false if accepted.kind == DomainKind::InternalRelay => cmdlet.bool("AddressBookEnabled", lookup),
        false => cmdlet.word("DomainType", kind).bool("AddressBookEnabled", lookup),
    };
    let back = set(domain(), word(accepted.kind), accepted.address_book);
    block.then([set(relays, "InternalRelay", false).into()], [back.into()]);
    let mut remedy = Remedy::exchange(title, Vec::new(), Vec::new());
    (remedy.commands, remedy.undo) = (block.commands, block.undo);
    remedy.of(organisation.system)
}

/// What one does where another organisation relays to this one, which is the end of the line.
fn closes_a_circle(organisation: &OrganisationView, circle: &Finding) -> Remedy {
    let steps = vec![
        format!("Give each recipient that is named a mail contact or mail user in {}", organisation.system),
        format!("Do not relay the domain there: {} (NSD321)", circle.detail),
    ];
    Remedy::steps("exchange", "Have the directory hold them: the domain cannot be relayed here", steps)
        .of(organisation.system)
}

/// Takes the catch-all mailbox off.
pub(super) fn no_catch_all(
    organisation: &OrganisationView,
    accepted: &AcceptedDomain,
    mailbox: &str,
    title: &str,
) -> Remedy {
    match catch_all(organisation, accepted, mailbox) {
        Some((off, on)) => Remedy::exchange(title, vec![off], vec![on]),
        None => Remedy::steps("exchange", title, by_hand(mailbox).to_vec()).at(Turn::CatchAll),
    }
}

/// The command that takes the catch-all mailbox off, and the one that sets it again. The reference of Set-AcceptedDomain has
/// the parameter for Exchange 2013 alone (Microsoft, "Set-AcceptedDomain", Exchange 2013 Help), though Get-AcceptedDomain
/// shows the property in later versions as well.
fn catch_all(organisation: &OrganisationView, accepted: &AcceptedDomain, mailbox: &str) -> Option<(Cmdlet, Cmdlet)> {
    let (_, servers) = organisation.servers().ok()?;
    let is_2013 = |version: &str| version.starts_with("Version 15.0 ");
    let all = !servers.is_empty() && servers.iter().all(|one| one.version.as_deref().is_some_and(is_2013));
    let domain = || Cmdlet::new("Set-AcceptedDomain").with("Identity", &accepted.name);
    all.then(|| (domain().null("CatchAllRecipient"), domain().with("CatchAllRecipient", mailbox)))
}

/// How to take it off where the reference says nothing.
fn by_hand(mailbox: &str) -> [String; 2] {
    [
        format!("Note the catch-all recipient, to set it again: {mailbox}"),
        "Take the catch-all recipient off (Get-AcceptedDomain shows it as CatchAllRecipientID); the reference has a parameter \
         for that in Exchange 2013 alone, so see the help of Set-AcceptedDomain on your servers"
            .into(),
    ]
}

/// The type of an accepted domain, as Set-AcceptedDomain takes it.
fn word(kind: DomainKind) -> &'static str {
    match kind {
        DomainKind::Authoritative => "Authoritative",
        DomainKind::ExternalRelay => "ExternalRelay",
        DomainKind::InternalRelay | DomainKind::Unknown => "InternalRelay",
    }
}
