//! What the checks of recipients have in common: those for whom the same is wrong, and the objects of a directory.
use crate::evidence::SystemKind;
use crate::model::{Diagnosis, Fault, FaultKind, Object, Recipient};
use crate::prelude::*;

/// Those for whom the same is wrong, with the same certainty and in the same words: one finding.
pub(super) struct Group<'a> {
    pub(super) recipients: Vec<&'a Recipient<'a>>,
    pub(super) first: Fault,
    pub(super) evidence: Vec<String>,
}

impl Group<'_> {
    pub(super) fn addresses(&self) -> Vec<&str> {
        self.recipients.iter().map(|recipient| recipient.address).collect()
    }

    /// `refuses`, and the reply behind a colon; of those who were not asked for, what it would do.
    pub(super) fn refuses(&self) -> (&'static str, String) {
        match &self.first.reply {
            Some(reply) if reply.starts_with('4') => ("puts off as unknown", format!(": {reply}")),
            Some(reply) => ("refuses", format!(": {reply}")),
            None => ("would refuse", String::new()),
        }
    }

    /// Writes the finding down.
    pub(super) fn tell<'n>(&self, notes: &'n mut Notes, detail: String) -> &'n mut Finding {
        let lacking = match &self.first.lacking {
            Some(lacking) => format!("; not proven, because {lacking}"),
            None => String::new(),
        };
        let finding = notes.finding(format!("{detail}{lacking}"));
        finding.certainty(self.first.certainty).seen_all(self.evidence.iter().cloned());
        for address in self.addresses() {
            finding.about(SubjectKind::Recipient, address);
        }
        finding
    }
}

/// The recipients with a fault of `kind`, grouped by where and how surely.
pub(super) fn groups<'a>(case: &'a Case, kind: FaultKind) -> Vec<Group<'a>> {
    let mut groups: Vec<Group> = Vec::new();
    for recipient in &case.model.recipients {
        let Diagnosis { faults, .. } = case.model.diagnose(recipient);
        let Some(fault) = faults.iter().find(|fault| fault.kind == kind) else { continue };
        let alike = |group: &&mut Group| {
            let first = &group.first;
            first.certainty == fault.certainty
                && first.hops == fault.hops
                && first.accepting == fault.accepting
                && first.lacking == fault.lacking
        };
        match groups.iter_mut().find(alike) {
            Some(group) => {
                group.recipients.push(recipient);
                group.evidence.extend(fault.evidence.iter().cloned());
            }
            None => {
                let evidence = fault.evidence.clone();
                groups.push(Group { recipients: vec![recipient], first: fault.clone(), evidence });
            }
        }
    }
    groups
}

/// What a check of recipients judges by.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Sight {
    /// What the gateways say.
    Gateways,
    /// What Exchange's own hops say.
    Exchange,
    /// What the other system's own hops say.
    Others,
    /// The lists of mailboxes.
    Lists,
    /// What the directories of Exchange hold.
    Directories,
}

/// Notes what of `needs` was not seen, so that a check which saw nothing wrong there says no more than it knows. What one
/// recipient lacks at a hop is noted in the words of its diagnosis.
pub(super) fn note_unseen(case: &Case, notes: &mut Notes, needs: &[Sight]) {
    let mut hops: Vec<&HopView> = Vec::new();
    for need in needs {
        match need {
            Sight::Gateways => {
                let gateways = case.model.hops_of(Role::Gateway);
                if gateways.clone().next().is_none() {
                    notes.gap(Gap::not_asked("a gateway", "--gateway HOST, or MX records"));
                }
                hops.extend(gateways);
            }
            Sight::Exchange => {
                let own = case.model.hops_of(Role::Exchange);
                if own.clone().next().is_none() {
                    notes.gap(Gap::not_asked("a hop of Exchange", "--exchange HOST"));
                }
                hops.extend(own);
            }
            Sight::Others => {
                // A second organisation is the other system of the first.
                let first = case.model.first_exchange();
                let beyond = case.model.hops_of(Role::Exchange).filter(|hop| hop.hop.system.as_deref() != first);
                let others: Vec<_> = case.model.hops_of(Role::Other).chain(beyond).collect();
                if others.is_empty() && !is_exchange_alone(case) {
                    notes.gap(Gap::not_asked("a hop of the other system", "--other HOST"));
                }
                hops.extend(others);
            }
            Sight::Lists => unread_lists(case, notes),
            Sight::Directories => unread_directories(case, notes),
        }
    }
    if hops.is_empty() {
        return;
    }
    if case.model.recipients.is_empty() {
        notes.gap(Gap::not_asked("a recipient to ask the hops about", "--recipients FILE, or --known-good ADDR"));
    }
    let ends: Vec<String> = hops.iter().map(|hop| format!(" at {}", hop.name())).collect();
    for gap in case.model.recipients.iter().flat_map(|recipient| &case.model.diagnose(recipient).gaps) {
        if ends.iter().any(|end| gap.what.ends_with(end.as_str())) {
            notes.gap(gap.clone());
        }
    }
}

/// Whether the domain is shared between Exchange organisations alone: the directory of each says who has a mailbox there.
fn is_exchange_alone(case: &Case) -> bool {
    let systems = &case.question.systems;
    systems.len() > 1 && systems.iter().all(|system| system.kind != SystemKind::Other)
}

fn unread_lists(case: &Case, notes: &mut Notes) {
    for list in &case.evidence.files {
        if let Observed::Unknown(miss) = &list.addresses {
            let what = format!("the list {} of {}", list.source, list.system);
            notes.gap(Gap::unanswered(what, miss.said.clone(), "--recipients FILE that can be read"));
        }
    }
    if case.evidence.files.is_empty() && !is_exchange_alone(case) {
        let supply = "--recipients FILE, or --recipient ADDR";
        notes.gap(Gap::not_asked("who has a mailbox on the other system", supply));
    }
}

fn unread_directories(case: &Case, notes: &mut Notes) {
    let supply = "--ldap URL with --ldap-user, or Get-Recipient in --exchange-export";
    for system in case.question.systems.iter().filter(|system| system.kind != SystemKind::Other) {
        let directories = || case.evidence.directories.iter().filter(|directory| directory.system == system.name);
        let what = format!("what the directory of {} holds of the recipients", system.name);
        let held =
            || case.model.recipients.iter().flat_map(|one| &one.directories).filter(|one| one.system == system.name);
        let lookups = || directories().flat_map(|directory| &directory.lookups);
        if held().any(|held| held.state == State::Unknown) || held().next().is_none() {
            let of_lookup = lookups().find_map(|lookup| lookup.entries.miss().or(lookup.forest.miss()));
            let of_all = directories().find_map(|one| one.bind.miss().or(one.root.miss()).or(one.noteworthy.miss()));
            match of_lookup.or(of_all).filter(|miss| miss.how != How::NotTried) {
                Some(miss) => notes.gap(Gap::unanswered(what, miss.said.clone(), supply)),
                // The mailbox that another organisation offered as known-good is looked up there alone.
                None if held().any(|held| held.state != State::Unknown) => {}
                None => notes.gap(Gap::not_asked(what, supply)),
            }
        }
    }
}

/// What no undo gives back, since it is not read: whether an address policy applied.
pub(super) const POLICY: &str = "whether an e-mail address policy applied is not known here; note \
                                 EmailAddressPolicyEnabled before, because the undo leaves it off";

/// The command that takes a contact or mail user out of mail; the object stays.
pub(super) fn out_of_mail(object: &Object) -> Cmdlet {
    let disable = object.cmdlet("Disable").remark(POLICY);
    let kept =
        "what else Exchange kept there (custom attributes, delivery restrictions) goes too, and nothing brings it back";
    disable.remark(kept).off("Confirm")
}

/// What makes a contact or mail user again of what was taken out of mail: with its alias and its addresses, those of other
/// kinds and its legacyExchangeDN among them, by which old replies find it.
pub(super) fn put_back(object: &Object, target: &str) -> Vec<Cmdlet> {
    let enable = object.cmdlet("Enable").with("ExternalEmailAddress", target);
    let enable = object.entry.value("mailNickname").map_or(enable.clone(), |alias| enable.with("Alias", alias));
    let old = object.entry.value("legacyExchangeDN").map(|old| format!("X500:{old}"));
    let mut all: Vec<String> = object.entry.values("proxyAddresses").to_vec();
    all.extend(old.filter(|old| !all.iter().any(|one| one.eq_ignore_ascii_case(old))));
    // With a primary address of its own no address policy changes it.
    let primary = object.addresses().first();
    let enable = primary.map_or(enable.clone(), |primary| enable.with("PrimarySmtpAddress", primary));
    let mut set = object.cmdlet("Set").list("EmailAddresses", all);
    for (attribute, parameter) in [
        ("msExchHideFromAddressLists", "HiddenFromAddressListsEnabled"),
        ("msExchRequireAuthToSendTo", "RequireSenderAuthenticationEnabled"),
    ] {
        if object.entry.boolean(attribute) == Some(true) {
            set = set.bool(parameter, true);
        }
    }
    object.enabled_by(enable).into_iter().chain([set]).collect()
}

/// Whether `object` is a tenant's.
pub(super) fn is_online(case: &Case, object: &Object) -> bool {
    case.model.organisation_of(object.system).is_some_and(|one| one.is_online())
}

/// What to do about objects of a tenant, which has no cmdlet for it: `what` says it.
pub(super) fn at_its_source(what: &str) -> Remedy {
    let steps = vec![
        format!("Where they are synchronised from a directory on premises, {what} there, and let it synchronise"),
        format!("Where they are the tenant's own, {what} in the Exchange admin center"),
    ];
    Remedy::steps("exchange", "Mend them where they come from", steps)
}

/// The directory objects of the shared domain; what was not swept is noted, for then there may be more.
pub(super) fn objects<'m, 'a>(case: &'m Case<'a>, notes: &mut Notes) -> impl Iterator<Item = &'m Object<'a>> {
    let systems = case.question.systems.iter().filter(|system| system.kind != SystemKind::Other);
    for system in systems {
        let directories = || case.evidence.directories.iter().filter(|directory| directory.system == system.name);
        let whole =
            |directory: &Directory| directory.noteworthy.known().is_some() && directory.noteworthy_incomplete.is_none();
        if directories().any(whole) {
            continue;
        }
        let what = format!("the recipients of {} other than those looked up", system.name);
        let supply = "--ldap URL with --ldap-user, or Get-Recipient in --exchange-export";
        let miss = directories()
            .find_map(|directory| directory.noteworthy.miss().or(directory.noteworthy_incomplete.as_ref()));
        notes.gap(match miss.filter(|miss| miss.how != How::NotTried) {
            Some(miss) => Gap::unanswered(what, miss.said.clone(), supply),
            None => Gap::not_asked(what, supply),
        });
    }
    let domain = &case.question.domain;
    case.model.objects().iter().filter(move |object| object.is_in(domain))
}

/// One finding about several objects: `detail` behind their names.
pub(super) fn tell_objects<'n>(notes: &'n mut Notes, objects: &[&Object], detail: String) -> &'n mut Finding {
    let finding = notes.finding(detail);
    finding.seen_all(objects.iter().map(|object| object.pointer.clone()));
    for object in objects {
        finding.about(SubjectKind::Recipient, object.name());
    }
    finding
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{GATEWAY, OTHER, World};

    /// The checks that judge by `note_unseen`.
    fn judging() -> impl Iterator<Item = &'static Check> {
        let codes = ["NSD404", "NSD405", "NSD406", "NSD407", "NSD413", "NSD414", "NSD417", "NSD420"];
        crate::recipients::CHECKS.iter().copied().filter(move |check| codes.contains(&check.code))
    }

    /// The codes of those that say nothing at all of `world`, which is to say that they passed.
    fn passing(change: fn(&mut World)) -> Vec<&'static str> {
        let mut world = World::healthy();
        change(&mut world);
        judging().filter(|check| world.lines(check).is_empty()).map(|check| check.code).collect()
    }

    #[test]
    fn no_check_of_recipients_passes_without_what_it_judges_by() {
        // Nobody in this world is asked about an alias, or about enough recipients to tell a source by.
        assert_eq!(passing(|_| {}), ["NSD404", "NSD405", "NSD406", "NSD407", "NSD417"]);
        type Change = fn(&mut World);
        let cases: [(&str, Change, &[&str]); 9] = [
            ("no hop", |world| world.evidence.hops.clear(), &[]),
            ("no gateway", |world| world.evidence.hops.retain(|hop| hop.id != GATEWAY), &["NSD404", "NSD407"]),
            (
                "a gateway that is not heard",
                |world| world.silent(GATEWAY, How::TimedOut, "late"),
                &["NSD404", "NSD407"],
            ),
            ("one that takes everybody", |world| world.accepts_everybody(GATEWAY), &["NSD404", "NSD407"]),
            ("no other hop", |world| world.evidence.hops.retain(|hop| hop.id != OTHER), &["NSD405"]),
            ("one that is not heard", |world| world.silent(OTHER, How::Refused, "refused"), &["NSD405"]),
            ("no list", |world| world.evidence.files.clear(), &["NSD405"]),
            (
                "a list that cannot be read",
                |world| {
                    world.evidence.files[0].addresses = Observed::Unknown(Miss::new(How::Unreadable, "no such file"))
                },
                &["NSD405"],
            ),
            ("no directory", |world| world.evidence.directories.clear(), &["NSD404", "NSD405"]),
        ];
        for (name, change, expected) in cases {
            assert_eq!(passing(change), expected, "{name}");
        }
    }

    #[test]
    fn what_was_asked_in_vain_is_told_from_what_nobody_asked() {
        let mut world = World::healthy();
        world.directory("orders@contoso.com", "UNKNOWN");
        let check = judging().find(|check| check.code == "NSD407").unwrap();
        assert_eq!(
            world.lines(check),
            ["unanswered: what the directory of corp holds of the recipients (no answer in 10 s)"]
        );
        world.evidence.directories.clear();
        assert_eq!(world.lines(check), ["not asked: what the directory of corp holds of the recipients"]);
        assert_eq!(
            World::hybrid().lines(check),
            [""; 0],
            "between two organisations their directories say who is where"
        );
    }
}
