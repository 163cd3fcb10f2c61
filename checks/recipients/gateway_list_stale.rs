//! NSD417: a gateway whose list or cache is behind (F-27).
use super::{Sight, note_unseen};
use crate::model::FaultKind;
use crate::model::families::Decision;
use crate::model::moments::hours_between;
use crate::model::recipients::holds;
use crate::model::sources::behind;
use crate::prelude::*;
use crate::products::remedies::renew;

pub(super) const CHECK: Check = Check {
    code: "NSD417",
    name: "gateway-list-stale",
    title: "the gateway's list of recipients is behind",
    severity: Severity::Warning,
    why: "A gateway that copies the directory, or keeps its answers, knows for hours what was true before: somebody new is \
          refused, somebody gone is accepted and bounces later.",
    fix: "Synchronise the gateway's list, or flush its cache; if that does not help, see when it last synchronised.",
    sources: &[
        "https://www.postfix.org/ADDRESS_VERIFICATION_README.html",
        "https://campus.barracuda.com/product/emailgatewaydefense/doc/96773013/configuring-recipient-verification",
    ],
    judge,
};

/// Within so many hours a list or a cache may rightly be behind: vendors synchronise every 1 to 24 hours.
const YOUNG: u64 = 24;

fn judge(case: &Case, notes: &mut Notes) {
    note_unseen(case, notes, &[Sight::Gateways, Sight::Directories, Sight::Lists, Sight::Others]);
    for hop in case.model.hops_of(Role::Gateway) {
        let decisions = case.model.decisions(hop);
        let gone: Vec<_> = decisions.iter().filter(|decision| decision.accepted && is_gone(case, decision)).collect();
        if !gone.is_empty() {
            let sure =
                gone.iter().all(|decision| case.model.diagnose(decision.recipient).certainty == Certainty::Proven);
            let names: Vec<_> = gone.iter().map(|decision| decision.recipient.address).collect();
            let what = format!("{} accepts {}, whom no system knows any more", hop.name(), listed(&names, 5));
            tell(notes, hop, &gone, what, Vec::new()).certainty(if sure {
                Certainty::Proven
            } else {
                Certainty::Likely
            });
        }
        let behind = behind(&case.model, &decisions);
        for young in [false, true] {
            let some: Vec<_> = behind.iter().copied().filter(|decision| is_young(decision) == young).collect();
            if some.is_empty() {
                continue;
            }
            let names: Vec<_> = some.iter().map(|decision| decision.recipient.address).collect();
            let age = match young {
                true => format!("changed less than {YOUNG} hours before: it may be about to learn of it"),
                false => "and no look-up known of gateways would miss these alone".to_string(),
            };
            let what = format!("{} refuses {}, which the directory holds; {age}", hop.name(), listed(&names, 5));
            let wait = young.then(|| "Wait for its next synchronisation, and run nsdiag again".to_string());
            tell(notes, hop, &some, what, wait.into_iter().collect()).certainty(Certainty::Likely);
        }
    }
}

fn tell<'n>(
    notes: &'n mut Notes,
    hop: &HopView,
    decisions: &[&Decision],
    what: String,
    mut steps: Vec<String>,
) -> &'n mut Finding {
    steps.push("Synchronise its list of recipients, or flush its cache, and see when it last succeeded".into());
    steps.extend(renew(hop).iter().map(|step| (*step).to_string()));
    let finding = notes.finding(what);
    finding.about(SubjectKind::Host, hop.id());
    for decision in decisions {
        finding.about(SubjectKind::Recipient, decision.recipient.address);
    }
    let held = decisions.iter().flat_map(|decision| &decision.recipient.directories);
    finding.seen_all(decisions.iter().map(|one| &one.pointer).chain(held.map(|held| &held.pointer)));
    finding.mend(Remedy::steps("gateway", "Renew what the gateway knows", steps))
}

/// Whether its own system refuses the recipient, and no directory holds it.
fn is_gone(case: &Case, decision: &Decision) -> bool {
    let faults = &case.model.diagnose(decision.recipient).faults;
    decision.recipient.is_absent() && faults.iter().any(|fault| fault.kind == FaultKind::OtherRejectsOwn)
}

fn is_young(decision: &Decision) -> bool {
    let entries = decision.recipient.directories.iter().flat_map(|held| &held.entries);
    let mut holders = entries.filter(|entry| holds(entry, decision.recipient.address));
    let age = |entry: &&Entry| hours_between(entry.value("whenChanged")?, decision.when);
    holders.any(|entry| age(entry).is_some_and(|hours| hours < YOUNG))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{GATEWAY, OTHER, World};

    fn user(name: &str, rest: &str) -> String {
        format!("user mail={name}@contoso.com proxyaddresses=SMTP:{name}@contoso.com homemdb=DB1 {rest}")
    }

    #[test]
    fn somebody_gone_who_is_still_accepted_is_found() {
        let unknown = "550 5.1.1 User unknown in virtual mailbox table";
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.rcpt(OTHER, "orders@contoso.com", unknown);
        let found = "mx1.contoso.com (192.0.2.25) accepts orders@contoso.com, whom no system knows any more";
        assert_eq!(world.lines(&CHECK), [format!("warning proven: {found} [{GATEWAY}, orders@contoso.com]")]);
        world.rcpt(GATEWAY, "orders@contoso.com", unknown);
        assert_eq!(world.lines(&CHECK), [""; 0], "it is refused there as well");
    }

    #[test]
    fn somebody_whom_every_look_up_would_find_is_refused_by_an_old_list() {
        let story = |changed: &str| {
            let mut world = World::healthy();
            for name in ["helpdesk", "anna", "carl"] {
                world.knows(&format!("{name}@contoso.com"), &user(name, ""), true);
            }
            world.knows("dora@contoso.com", &user("dora", &format!("whenchanged={changed}")), false);
            world
        };
        let refuses =
            "warning likely: mx1.contoso.com (192.0.2.25) refuses dora@contoso.com, which the directory holds; ";
        let old =
            format!("{refuses}and no look-up known of gateways would miss these alone [{GATEWAY}, dora@contoso.com]");
        assert_eq!(story("20261101100000.0Z").lines(&CHECK), [old]);
        let young = format!("{refuses}changed less than 24 hours before: it may be about to learn of it");
        assert_eq!(story("20261124100000.0Z").lines(&CHECK), [format!("{young} [{GATEWAY}, dora@contoso.com]")]);
        let mut other = story("20261101100000.0Z");
        other.knows("dora@contoso.com", &user("dora", "useraccountcontrol=514"), false);
        assert_eq!(other.lines(&CHECK), [""; 0], "a look-up that skips disabled accounts explains it");
    }
}
