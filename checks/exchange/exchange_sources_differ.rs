//! NSD334: the directory and the export say different things of one organisation.
use super::all;
use crate::evidence::directory::Origin;
use crate::model::differences::differences;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD334",
    name: "exchange-sources-differ",
    title: "the directory and the export of Exchange differ",
    severity: Severity::Warning,
    why: "nsdiag judges by the directory where both tell. An export that says otherwise is old, of another organisation, or \
          shows a change that has not reached this domain controller yet.",
    fix: "Export again, and compare; where they still differ, wait for the replication or name another domain controller.",
    sources: &["https://learn.microsoft.com/exchange/plan-and-deploy/active-directory/ad-access"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in all(case, notes) {
        let system = organisation.system;
        let by = |origin| organisation.directories.iter().find(move |(_, directory)| directory.origin == origin);
        match (by(Origin::Ldap), by(Origin::Export)) {
            (Some((_, ldap)), Some((_, export))) => {
                for one in [ldap, export] {
                    if let Observed::Unknown(miss) = &one.organisation {
                        let what = format!("what {} says of {system}", one.source);
                        notes.gap(Gap::unanswered(what, miss.said.clone(), "a source that can be read (NSD331)"));
                    }
                }
            }
            // Exchange Online has exports alone.
            _ if organisation.is_online() => {}
            _ => {
                let what = format!("a second source of the configuration of {system}");
                notes.gap(Gap::not_asked(what, "both --ldap URL and --exchange-export PATH"));
            }
        }
        let all = differences(organisation);
        if all.is_empty() {
            continue;
        }
        let each: Vec<String> = all
            .iter()
            .map(|one| format!("{}: {} over LDAP, {} in the export", one.what, one.ldap, one.export))
            .collect();
        notes
            .finding(format!("The two sources of {} differ in {}", organisation.system, listed(&each, 10)))
            .about(SubjectKind::System, organisation.system)
            .seen_all(all.into_iter().flat_map(|one| one.seen))
            .mend(Remedy::steps("exchange", "Export again", vec!["Run the export once more, and check again".into()]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::exchange::DomainKind;
    use crate::stories::World;

    fn with_copy() -> World {
        let mut world = World::healthy();
        let mut export = world.evidence.directories[0].clone();
        (export.origin, export.source) = (Origin::Export, "exchange-export".into());
        world.evidence.directories.push(export);
        world
    }

    #[test]
    fn both_values_are_told() {
        let mut world = with_copy();
        assert_eq!(world.lines(&CHECK), [""; 0], "the same");
        world.accepted(|accepted| accepted.kind = DomainKind::Authoritative);
        world.connector(|connector| {
            (connector.enabled, connector.smart_hosts) = (false, vec!["b".into(), "a".into()]);
        });
        world.directory("orders@contoso.com", "contact targetAddress=SMTP:orders@zimbra.contoso.com");
        let found = "warning proven: The two sources of corp differ in the accepted domain 'contoso.com': DomainType \
                     Authoritative over LDAP, DomainType InternalRelay in the export, the send connector 'To Zimbra': \
                     Enabled false, SmartHosts a+b over LDAP, Enabled true, SmartHosts smarthost.contoso.com in the export \
                     and orders@contoso.com: a mail contact over LDAP, no object in the export [corp]";
        assert_eq!(world.lines(&CHECK), [found]);
    }

    #[test]
    fn an_object_that_one_lacks_is_told_and_a_part_that_one_does_not_know_is_not() {
        let mut world = with_copy();
        world.organisation_at(1).send_connectors = Observed::NotAsked;
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.organisation_at(1).send_connectors = Observed::Known(vec![]);
        let found = "warning proven: The two sources of corp differ in the send connector 'To Zimbra': there over LDAP, not \
                     there in the export [corp]";
        assert_eq!(world.lines(&CHECK), [found]);
        let unread = Observed::Unknown(Miss::new(How::Unreadable, "it is cut off"));
        let shown = core::mem::replace(&mut world.evidence.directories[1].organisation, unread);
        assert_eq!(world.lines(&CHECK), ["unanswered: what exchange-export says of corp (it is cut off)"]);
        world.evidence.directories[1].organisation = shown;
        world.evidence.directories[1].system = "labs".into();
        let alone = ["not asked: a second source of the configuration of corp"];
        assert_eq!(world.lines(&CHECK), alone, "another system's");
    }
}
