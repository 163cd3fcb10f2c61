//! NSD401, the mission: the gateway refuses somebody whose mailbox is on the other system (F-21).
use super::contacts::{Names, about, answer_for};
use super::{Group, groups};
use crate::evidence::SystemKind;
use crate::exchange::relay::way_first;
use crate::model::FaultKind;
use crate::model::diagnosis::{Diagnosis, Fate};
use crate::model::sources::{Asks, seems_to_ask};
use crate::prelude::*;
use crate::products::remedies::{tell_of_second_system, when_to_test_again};

pub(super) const CHECK: Check = Check {
    code: "NSD401",
    name: "gateway-rejects-other-mailbox",
    title: "the gateway refuses recipients whose mailbox is on the other system",
    severity: Severity::Critical,
    why: "A gateway that looks recipients up in Active Directory alone does not find a user whose mailbox is on the other \
          system, and rejects mail for somebody who exists. The refusal counts where the gateway accepts a known-good in \
          the same session and its words mean an unknown recipient; that the mailbox exists, the other system's list \
          says, and its own SMTP hop proves, accepting the recipient while it refuses a random one.",
    fix: "Give the gateway's directory an object for each of them (their account mail-enabled, else a mail contact, with that \
          proxy address), or have the gateway ask the other system as well.",
    sources: &[
        "https://campus.barracuda.com/product/emailgatewaydefense/doc/96773013/configuring-recipient-verification",
        "https://learn.microsoft.com/powershell/module/exchange/new-mailcontact",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    if case.model.hops_of(Role::Gateway).next().is_none() {
        notes.gap(Gap::not_asked("a gateway", "--gateway HOST, or MX records"));
    }
    for recipient in &case.model.recipients {
        let Diagnosis { fate, faults, gaps, concluded, .. } = case.model.diagnose(recipient);
        // Every hop took it, and the configuration leads elsewhere: that is no health.
        // Whom nothing carries on, NSD421 names.
        if faults.is_empty() && gaps.is_empty() && matches!(*fate, Fate::Inconclusive | Fate::Loop) {
            let way = concluded.worst();
            let last = way.steps.last().map(|step| step.says.clone());
            let why = way.missing().map(|gap| format!("this is not known: {}", gap.what)).or(last);
            notes.gap(Gap::unanswered(
                format!("whether mail for {} arrives", recipient.address),
                why.unwrap_or_else(|| "its path is not known".into()),
                "the predicted path, in the JSON report",
            ));
        }
        for gap in gaps {
            notes.gap(gap.clone());
        }
    }
    unread_lists(case, notes);
    let all = groups(case, FaultKind::GatewayRejectsOther);
    let names: Vec<_> = all.iter().map(|group| Names::of(case, &all, behind(case, group))).collect();
    for (group, names) in all.iter().zip(&names) {
        let addresses = group.addresses();
        let (refuses, reply) = group.refuses();
        let why = match group.recipients.iter().all(|recipient| case.model.is_absent_behind_gateways(recipient)) {
            true => asks(case, group),
            false => String::new(),
        };
        let detail = format!(
            "{} {refuses} {}, whose {} on the other system{reply}{why}",
            listed(&group.first.hops, 4),
            listed(&addresses, 5),
            if addresses.len() == 1 { "mailbox is" } else { "mailboxes are" },
        );
        let finding = group.tell(notes, detail);
        for remedy in remedies(case, group, names) {
            finding.mend(remedy);
        }
    }
}

/// What the gateway seems to ask, where the directory lacks those whom it refuses: never against its own words and decisions.
fn asks(case: &Case, group: &Group) -> String {
    let which = if group.recipients.len() == 1 { "no such address" } else { "none of these addresses" };
    let hops = case.model.hops_of(Role::Gateway).filter(|hop| group.first.hops.contains(&hop.name()));
    let all: Option<Vec<Asks>> = hops.map(|hop| seems_to_ask(&case.model, hop)).collect();
    let all = all.unwrap_or_default();
    let told = match all.iter().find(|asks| **asks != Asks::Directory) {
        Some(Asks::NextHost(_)) => "; by its own words the gateway asks the next host".to_string(),
        Some(Asks::Beyond(others)) => {
            format!(", and the gateway does not go by it alone: it decided otherwise about {}", listed(others, 3))
        }
        _ if all.is_empty() => String::new(),
        _ => ": the gateway seems to ask it".to_string(),
    };
    format!("; the directory holds {which}{told}")
}

/// What one does about it: in Exchange, so that the directory answers for them, or at the gateway.
fn remedies(case: &Case, group: &Group, names: &Names) -> Vec<Remedy> {
    let again = when_to_test_again(case, &group.first.hops);
    let again = again.map_or(String::new(), |after| format!("; then test again after {after}"));
    let system = behind(case, group);
    let organisation = system.and_then(|system| case.model.organisation_of(system));
    let online = organisation.is_some_and(|one| one.is_online());
    let mut steps: Vec<_> =
        group.recipients.iter().map(|recipient| answer_for(recipient, names, system, online)).collect();
    let contact = |(commands, _): &(Vec<Cmdlet>, Vec<Cmdlet>)| commands.iter().any(Cmdlet::makes);
    let object = match (steps.iter().any(contact), steps.iter().all(contact)) {
        (true, true) => "a mail contact each",
        (true, false) => "a mail contact each, or the account that they have",
        (false, _) => "the account that they have",
    };
    let made = steps.iter().any(contact);
    if let Some(edges) = organisation.and_then(|one| one.synchronise()) {
        steps.push((vec![edges.clone()], vec![edges]));
    }
    let title = format!("Have the directory answer for them: {object}{again}");
    let contacts = Remedy::stepwise(title, steps).noting(system.and_then(|one| way_first(case, one)));
    let mut all = vec![match system {
        Some(system) => contacts.of(system),
        None => contacts,
    }];
    all.extend(made.then(about));
    all.extend(tell_of_second_system(case, &group.first.hops, &group.addresses()));
    all
}

/// The Exchange system behind the gateway that refuses, whose directory is to answer.
fn behind<'c>(case: &'c Case, group: &Group) -> Option<&'c str> {
    let mut gateways = case.model.hops_of(Role::Gateway).filter(|hop| group.first.hops.contains(&hop.name()));
    let behind = gateways.find_map(|hop| case.question.system_behind(hop.hop));
    behind.filter(|system| case.model.organisation_of(system).is_some()).or_else(|| case.model.first_exchange())
}

/// The core question stays open where nobody says who has a mailbox on the other systems (contract, section 2).
fn unread_lists(case: &Case, notes: &mut Notes) {
    const SUPPLY: &str = "--recipients FILE, or recipients = \"in-directory\" of the system in the configuration where \
                          Exchange's directory holds an object for each of its mailboxes";
    for list in &case.evidence.files {
        if let Observed::Unknown(miss) = &list.addresses {
            let what = format!("the list {} of {}", list.source, list.system);
            notes.gap(Gap::unanswered(what, miss.said.clone(), "--recipients FILE that can be read"));
        } else if list.is_full_of_holes() {
            let what = format!("who else is in the list {} of {}", list.source, list.system);
            notes.gap(Gap::unanswered(
                what,
                list.left_out_in_words(3),
                "--recipients FILE with an address in each row",
            ));
        } else if list.is_nearly_empty() {
            let what = format!("who else is in the list {} of {}", list.source, list.system);
            let why = format!("of its {} hardly any gave an address", count(list.rows, "row"));
            notes.gap(Gap::unanswered(what, why, "--recipients FILE with an address in each row"));
        }
    }
    let systems = &case.question.systems;
    let others = systems.iter().filter(|system| system.kind == SystemKind::Other);
    // Of several organisations the further ones are other systems to the first.
    let first = case.model.first_exchange();
    let further = systems.iter().filter(|one| one.kind != SystemKind::Other && Some(&*one.name) != first);
    let alone = others.clone().chain(further.clone()).next().is_none();
    let open =
        |why: &str, system: &str| Gap::unanswered(format!("who has a mailbox on {system}"), why.to_string(), SUPPLY);
    for system in others.chain(further) {
        let lists: Vec<_> = case.evidence.files.iter().filter(|list| list.system == system.name).collect();
        let mut directories = case.evidence.directories.iter().filter(|one| one.system == system.name);
        // A list of other domains alone tells nobody of this one.
        let named = |list: &&crate::evidence::List| list.addresses.known().is_some_and(|all| !all.is_empty());
        let told = lists.iter().copied().any(|list| named(&list))
            || directories.clone().any(|one| one.roster.known().is_some())
            || !case.model.organisations.is_empty() && system.recipients_in_directory;
        if told || lists.iter().any(|list| list.addresses.known().is_none()) {
            continue;
        }
        if let Some(list) = lists.first() {
            let why = format!("{} holds no address of {}", list.source, case.question.domain);
            notes.gap(open(&why, &system.name));
            continue;
        }
        match directories.find_map(|one| one.roster.miss()) {
            Some(miss) => notes.gap(open(&miss.said, &system.name)),
            None => notes.gap(open("there is no list of them", &system.name)),
        }
    }
    if alone && case.evidence.files.is_empty() {
        notes.gap(open("there is no list of them", "the other system"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::LeftOut;
    use crate::stories::{GATEWAY, OTHER, RANDOM, World};

    const BOTH: [&str; 2] = ["orders@contoso.com", "sales@contoso.com"];

    #[test]
    fn a_list_of_other_domains_alone_leaves_the_question_open() {
        let mut world = World::healthy();
        world.evidence.files[0].addresses = Observed::Known(vec![]);
        world.evidence.files[0].outside = vec!["lena@fabrikam.com".into()];
        let lines = world.lines(&CHECK);
        let open = "unanswered: who has a mailbox on zimbra (zimbra-users.csv holds no address of contoso.com)";
        assert!(lines.iter().any(|line| line == open), "{lines:?}");
        world.question.systems[1].recipients_in_directory = true;
        assert!(!world.lines(&CHECK).iter().any(|line| line == open), "the directory tells of all");
    }

    #[test]
    fn a_list_of_which_much_could_not_be_read_leaves_the_question_open() {
        let mut world = World::healthy();
        let list = &mut world.evidence.files[0];
        list.rows = 200;
        // Most rows name people of other domains.
        list.outside_count = 196;
        list.left_out = 2;
        list.left_out_rows = vec![LeftOut { line: 7, why: "'N/A' has no @".into() }];
        assert_eq!(world.lines(&CHECK), [""; 0], "one row in a hundred is a note");
        world.evidence.files[0].left_out = 3;
        let open = "unanswered: who else is in the list zimbra-users.csv of zimbra (3 of 200 rows left out: line 7: 'N/A' \
                    has no @; and 2 more)";
        assert_eq!(world.lines(&CHECK), [open]);
    }

    #[test]
    fn a_list_of_which_hardly_a_row_gave_an_address_leaves_the_question_open() {
        let mut world = World::healthy();
        world.evidence.files[0].rows = 20;
        assert_eq!(world.lines(&CHECK), [""; 0], "two of twenty: many who have no mail");
        world.evidence.files[0].rows = 21;
        let open = "unanswered: who else is in the list zimbra-users.csv of zimbra (of its 21 rows hardly any gave an address)";
        assert_eq!(world.lines(&CHECK), [open]);
        world.evidence.files[0].outside_count = 1;
        assert_eq!(world.lines(&CHECK), [""; 0], "whom it names elsewhere was read as well");
    }

    #[test]
    fn it_is_proven_by_both_witnesses() {
        assert_eq!(World::healthy().lines(&CHECK), [""; 0]);
        let world = World::broken_gateway();
        let found = "critical proven: mx1.contoso.com (192.0.2.25) refuses orders@contoso.com and sales@contoso.com, whose \
                     mailboxes are on the other system: 550 5.1.1 <orders@contoso.com>: Recipient address rejected: User \
                     unknown in relay recipient table; the directory holds none of these addresses: the gateway seems to \
                     ask it [orders@contoso.com, sales@contoso.com]";
        assert_eq!(world.lines(&CHECK), [found]);
        let contact = |name: &str| {
            format!(
                "New-MailContact -Name '{name} at contoso.com' -Alias '{name}.contoso.com' -ExternalEmailAddress \
                 '{name}@contoso.com' -PrimarySmtpAddress '{name}@contoso.com'"
            )
        };
        let commands = world.commands(&CHECK);
        assert_eq!(commands[..2], ["orders", "sales"].map(contact));
        // The gateway is Postfix.
        assert_eq!(commands.last().map(String::as_str), Some("postfix reload"));
    }

    #[test]
    fn what_the_gateway_asks_is_never_said_against_its_own_words_and_decisions() {
        let mut world = World::broken_gateway();
        let callout = "550 Callout verification failed: 550 5.1.1 <orders@contoso.com>: User unknown";
        world.rcpt(GATEWAY, "orders@contoso.com", callout);
        let line = world.lines(&CHECK).remove(0);
        assert!(
            line.contains("; by its own words the gateway asks the next host [") && !line.contains("seems to ask"),
            "{line}"
        );
        let mut world = World::broken_gateway();
        world.rcpt(GATEWAY, "sales@contoso.com", "250 2.1.5 Ok");
        let line = world.lines(&CHECK).remove(0);
        let beyond = "; the directory holds no such address, and the gateway does not go by it alone: it decided otherwise \
                      about sales@contoso.com [orders@contoso.com]";
        assert!(line.ends_with(beyond), "{line}");
    }

    #[test]
    fn without_the_directory_it_is_proven_too_and_says_no_why() {
        let mut world = World::broken_gateway();
        world.evidence.directories.clear();
        let lines = world.lines(&CHECK);
        assert!(lines[0].starts_with("critical proven: ") && !lines[0].contains("directory"), "{lines:?}");
    }

    #[test]
    fn a_witness_that_is_missing_is_named() {
        type Change = fn(&mut World);
        let cases: [(Change, &str); 3] = [
            (|world| world.accepts_everybody(OTHER), "smarthost.contoso.com (10.0.0.44) accepts every recipient"),
            (
                |world| world.rcpt(OTHER, RANDOM, "450 4.2.0 Greylisted"),
                "smarthost.contoso.com (10.0.0.44) gave no clear answer about the random control",
            ),
            (
                |world| world.evidence.hops.retain(|hop| hop.id != OTHER),
                "no hop of the other system was probed (--other HOST)",
            ),
        ];
        for (change, why) in cases {
            let mut world = World::broken_gateway();
            change(&mut world);
            let line = world.lines(&CHECK).remove(0);
            assert!(line.starts_with("critical likely: "), "{line}");
            let lacking = format!("; not proven, because the list alone says that the mailbox exists: {why} [");
            assert!(line.contains(&lacking), "{line}");
        }
    }

    #[test]
    fn a_refusal_that_is_not_about_the_recipient_accuses_nobody() {
        for refusal in [
            "554 5.7.1 <orders@contoso.com>: Recipient address rejected: Access denied",
            "550 5.7.606 Access denied, banned sending IP [192.0.2.1]",
            "450 4.1.1 <orders@contoso.com>: Recipient address rejected: User unknown in relay recipient table",
            "450 4.2.0 Recipient address rejected: Greylisted, see http://postgrey.example",
            "550 5.7.1 something in no catalogue",
            "421 4.7.0 Error: too many errors",
        ] {
            let mut world = World::healthy();
            BOTH.into_iter().for_each(|address| world.rcpt(GATEWAY, address, refusal));
            let lines = world.lines(&CHECK);
            assert!(
                lines.len() == 2 && lines.iter().all(|line| line.starts_with("unanswered: ")),
                "{refusal}: {lines:?}"
            );
        }
    }

    #[test]
    fn without_an_accepted_control_nothing_is_said() {
        let mut world = World::broken_gateway();
        world.rcpt(GATEWAY, "helpdesk@contoso.com", "550 5.1.1 User unknown in relay recipient table");
        let lines = world.lines(&CHECK);
        assert!(lines.iter().all(|line| line.starts_with("unanswered: ")), "{lines:?}");
        world.session(GATEWAY, &[("postmaster@contoso.com", "250 Ok")]);
        let lines = world.lines(&CHECK);
        let control = "critical proven";
        assert!(!lines[0].starts_with(control), "the control of that very session was refused: {lines:?}");
    }

    #[test]
    fn words_that_no_row_knows_count_by_their_difference_alone() {
        let odd = "550 5.1.0 Address rejected by our own engine";
        let mut world = World::healthy();
        BOTH.into_iter().chain([RANDOM]).for_each(|address| world.rcpt(GATEWAY, address, odd));
        let line = world.lines(&CHECK).remove(0);
        assert!(line.starts_with("critical likely: ") && line.contains("the reply is in no catalogue"), "{line}");
    }

    #[test]
    fn a_gateway_that_accepts_everybody_is_not_guilty_and_not_cleared() {
        let mut world = World::healthy();
        world.answers_all(GATEWAY, "250 2.1.5 Ok");
        let lines = world.lines(&CHECK);
        assert_eq!(lines.len(), 3, "{lines:?}");
        let why = "(it accepts every recipient, so its acceptance proves nothing)";
        assert!(lines.iter().all(|line| line.starts_with("unanswered: ") && line.ends_with(why)), "{lines:?}");
    }

    #[test]
    fn a_path_that_leads_elsewhere_is_no_health() {
        let mut world = World::healthy();
        world.directory("orders@contoso.com", "contact targetAddress=SMTP:orders@zimbra.contoso.com");
        assert_eq!(world.lines(&CHECK), [""; 0], "that it is stranded is NSD421's to say");
        world.connector(|connector| connector.smart_hosts.clear());
        world.directory("orders@contoso.com", "");
        let open = "unanswered: whether mail for orders@contoso.com arrives (it has been there: corp to corp)";
        assert_eq!(world.lines(&CHECK)[0], open);
        world.connector(|connector| connector.smart_hosts = vec!["smarthost.contoso.com".into()]);
        world.directory("orders@contoso.com", "contact targetAddress=SMTP:orders@zimbra.contoso.com");
        let space = crate::evidence::exchange::AddressSpace::parse("SMTP:*.contoso.com;1");
        world.connector(|connector| connector.address_spaces.extend(space));
        assert_eq!(world.lines(&CHECK), [""; 0]);
    }

    #[test]
    fn without_a_gateway_nobody_is_cleared() {
        let mut world = World::healthy();
        world.evidence.hops.retain(|hop| hop.id != GATEWAY);
        let lines = world.lines(&CHECK);
        assert_eq!(lines[0], "not asked: a gateway");
        assert_eq!(lines[1], "unanswered: helpdesk@contoso.com at the gateway (no gateway was found)");
    }

    #[test]
    fn nobody_vouches_for_it() {
        let mut world = World::broken_gateway();
        for address in BOTH {
            world.rcpt(OTHER, address, "550 5.1.1 User unknown in virtual mailbox table");
        }
        assert!(world.lines(&CHECK).iter().all(|line| !line.starts_with("critical")), "{:?}", world.lines(&CHECK));
    }

    #[test]
    fn with_neither_directory_nor_list_the_question_stays_open() {
        let mut world = World::healthy();
        world.evidence.files.clear();
        let open = ["unanswered: who has a mailbox on zimbra (there is no list of them)"];
        assert_eq!(world.lines(&CHECK), open, "the directory alone does not tell who is elsewhere");
        world.question.systems[1].recipients_in_directory = true;
        assert_eq!(world.lines(&CHECK), [""; 0], "unless the user says that it does");
        world.evidence.directories.clear();
        world.question.systems[1].recipients_in_directory = false;
        assert_eq!(world.lines(&CHECK), open);
        world.question.systems.pop();
        assert_eq!(
            world.lines(&CHECK),
            ["unanswered: who has a mailbox on the other system (there is no list of them)"]
        );
    }
}
