//! NSD402: the gateway refuses somebody whom the directory holds (F-22, F-23, F-24).
use super::groups;
use crate::model::FaultKind;
use crate::model::families::{Explanation, Scope, agreement, tally};
use crate::prelude::*;
use crate::products::remedies::widen_look_up;

pub(super) const CHECK: Check = Check {
    code: "NSD402",
    name: "gateway-rejects-exchange-recipient",
    title: "the gateway refuses recipients that the directory holds",
    severity: Severity::Critical,
    why: "The directory holds the address in proxyAddresses, and the gateway refuses it: its look-up asks for `mail` alone, \
          for one kind of object, in one domain of the forest, or it keeps an old answer in its cache.",
    fix: "Have the gateway search the whole forest for (proxyAddresses=smtp:…), over users, groups, contacts and public \
          folders, and flush its cache.",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    unnamed(case, notes);
    for group in groups(case, FaultKind::GatewayRejectsExchange) {
        let kinds: Vec<_> = group
            .recipients
            .iter()
            .map(|recipient| {
                let held = recipient.directories.iter().find(|held| held.state.resolves());
                format!("{} ({})", recipient.address, held.map_or("", |held| held.state.word()))
            })
            .collect();
        let reply = group.first.reply.clone().unwrap_or_default();
        let mut gateways = case.model.hops_of(Role::Gateway).filter(|hop| group.first.hops.contains(&hop.name()));
        let (why, steps) = gateways.find_map(|hop| explained(case, hop)).unwrap_or_default();
        let detail = format!(
            "{} refuses {}, which the directory holds in proxyAddresses: {reply}{why}",
            listed(&group.first.hops, 4),
            listed(&kinds, 5)
        );
        let finding = group.tell(notes, detail);
        for remedy in steps.into_iter().chain(widen_look_up(case, &group.first.hops)) {
            finding.mend(remedy);
        }
    }
}

/// Who is held by a directory and was not even named.
fn unnamed(case: &Case, notes: &mut Notes) {
    const SUPPLY: &str = "--pace own where the hosts are yours, which asks for everybody";
    for organisation in &case.model.organisations {
        let directories = || organisation.directories.iter().map(|(_, directory)| directory);
        let what = format!("the recipients of {} beside those that were asked for", organisation.system);
        if directories().any(|one| one.roster.known().is_some() && one.roster_incomplete.is_none()) {
            continue;
        }
        let miss = directories().find_map(|one| one.roster_incomplete.as_ref().or(one.roster.miss()));
        notes.gap(match miss {
            Some(miss) => Gap::unanswered(what, miss.said.clone(), SUPPLY),
            None => Gap::not_asked(what, "--ldap URL with --ldap-user, or Get-Recipient in --exchange-export"),
        });
    }
}

/// Which look-up would decide as the gateway did in everything, and what mends that one beside a wider filter.
fn explained(case: &Case, hop: &HopView) -> Option<(String, Option<Remedy>)> {
    let decisions = case.model.decisions(hop);
    if decisions.is_empty() {
        return None;
    }
    let all = case.model.explanations(&decisions);
    let words: Vec<_> = all.iter().map(Explanation::words).collect();
    let tally = tally(&decisions);
    let compared = || case.model.queries().any(|query| agreement(&query, &decisions).is_some());
    let why = match words.is_empty() {
        true if !compared() => {
            format!("; the directory did not answer for all of its {tally}, so they explain nothing")
        }
        true => format!("; no look-up known of gateways agrees with its {tally}; an old list or cache may"),
        false => format!("; its {tally} agree with a look-up for {}", words.join(", or for ")),
    };
    let catalog = !all.is_empty() && all.iter().all(|one| !one.anywhere && one.query.scope == Scope::Forest);
    let steps = vec![
        "Ask a domain controller, ports 389 and 636".into(),
        "Or see to it that the global catalog holds proxyAddresses (isMemberOfPartialAttributeSet)".into(),
    ];
    Some((why, catalog.then(|| Remedy::steps("gateway", "Ask where the proxy addresses are", steps))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::families::Family;
    use crate::stories::{GATEWAY, World};

    #[test]
    fn the_object_makes_the_difference_to_nsd401() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        let unknown = "550 5.1.1 User unknown in relay recipient table";
        world.rcpt(GATEWAY, "orders@contoso.com", unknown);
        assert_eq!(world.lines(&CHECK), [""; 0], "absent from the directory");
        world.directory("orders@contoso.com", "contact targetAddress=SMTP:orders@zimbra.contoso.com");
        let found = format!(
            "critical proven: mx1.contoso.com (192.0.2.25) refuses orders@contoso.com (a mail contact), which the directory \
             holds in proxyAddresses: {unknown}; its 3 decisions (2 accepted, 1 refused) agree with a look-up for {}, which \
             misses contacts and dynamic groups, or for {}, which misses contacts, groups, public folders and disabled \
             accounts [orders@contoso.com]",
            Family::UserGroupFolder.filter(),
            Family::EnabledUser.filter()
        );
        assert_eq!(world.lines(&CHECK), [found]);
        world.directory("sales@contoso.com", "UNKNOWN");
        let told = world.lines(&CHECK).remove(0);
        let unclear = "; the directory did not answer for all of its 3 decisions (2 accepted, 1 refused), so they explain nothing [";
        assert!(told.starts_with("critical proven: ") && told.contains(unclear), "{told}");
        world.directory("orders@contoso.com", "contact mail=orders@contoso.com");
        assert_eq!(world.lines(&CHECK), [""; 0], "mail alone does not resolve");
        world.directory("orders@contoso.com", "UNKNOWN");
        assert_eq!(world.lines(&CHECK), [""; 0]);
    }
}
