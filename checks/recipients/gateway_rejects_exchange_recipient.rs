//! NSD402: the gateway refuses somebody whom the directory holds (F-22, F-23, F-24).
use super::{Group, Sight, groups, note_unseen};
use crate::model::FaultKind;
use crate::model::families::{Explanation, Scope, agreement, tally};
use crate::model::sources::lists_that_agree;
use crate::prelude::*;
use crate::products::remedies::widen_look_up;

pub(super) const CHECK: Check = Check {
    code: "NSD402",
    name: "gateway-rejects-exchange-recipient",
    title: "the gateway refuses recipients that the directory holds",
    severity: Severity::Critical,
    why: "The directory holds the address in proxyAddresses, and the gateway refuses it: its look-up asks for `mail` alone, \
          for one kind of object, in one domain of the forest, it keeps an old answer in its cache, or it goes by a list \
          that was made without it.",
    fix: "Have the gateway search the whole forest for (proxyAddresses=smtp:…), over users, groups, contacts and public \
          folders, and flush its cache.",
    sources: &[
        "https://learn.microsoft.com/windows/win32/adschema/a-proxyaddresses",
        "https://campus.barracuda.com/product/emailgatewaydefense/doc/96773013/configuring-recipient-verification",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    note_unseen(case, notes, &[Sight::Gateways]);
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
        let (refuses, reply) = group.refuses();
        let mut gateways = case.model.hops_of(Role::Gateway).filter(|hop| group.first.hops.contains(&hop.name()));
        let (why, steps) = gateways.find_map(|hop| explained(case, hop, whose(&group, hop))).unwrap_or_default();
        let detail = format!(
            "{} {refuses} {}, which the directory holds in proxyAddresses{reply}{why}",
            listed(&group.first.hops, 4),
            listed(&kinds, 5)
        );
        let finding = group.tell(notes, detail);
        for remedy in steps.into_iter().chain(widen_look_up(case, &group.first.hops, &group.addresses())) {
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

/// Whose decisions are explained: of several gateways each has its own.
fn whose(group: &Group, hop: &HopView) -> String {
    if group.first.hops.len() == 1 { "its".into() } else { format!("{}'s", hop.name()) }
}

/// How many explanations a person reads.
const READABLE: usize = 4;

/// What would decide as the gateway did in everything, and what mends that beside a wider filter. From outside nobody can
/// tell a look-up from a list that was copied once and lacks the same people.
fn explained(case: &Case, hop: &HopView, whose: String) -> Option<(String, Option<Remedy>)> {
    let decisions = case.model.decisions(hop);
    if decisions.is_empty() {
        return None;
    }
    let all = case.model.explanations(&decisions);
    let look_up = |one: &Explanation| format!("a look-up for {}", one.words());
    let mut from_list: Vec<_> = all.iter().flat_map(|one| one.from_list(&decisions)).collect();
    from_list.sort_unstable();
    from_list.dedup();
    let from_list = match from_list.is_empty() {
        true => String::new(),
        false => format!("; from the other system's list it would have {}", listed(&from_list, 3)),
    };
    let lists = lists_that_agree(&case.model, &decisions).into_iter().map(|system| format!("the list of {system}"));
    let mut words: Vec<_> = lists.chain(all.iter().map(look_up)).collect();
    if words.len() > READABLE {
        let more = words.len() - READABLE;
        words.truncate(READABLE);
        words.push(format!("one of {more} other look-ups"));
    }
    let tally = tally(&decisions);
    let compared = || case.model.queries().any(|query| agreement(&query, &decisions).is_some());
    let these =
        if decisions.iter().filter(|one| !one.accepted).count() == 1 { "exactly this one" } else { "exactly these" };
    let own = format!("a list of its own that lacks {these}, such as an old copy of the directory");
    let why = match words.is_empty() {
        true if !compared() => {
            format!("; the directory did not answer for all of {whose} {tally}, so they explain nothing")
        }
        true => format!("; no look-up known of gateways agrees with {whose} {tally}; {own}, would"),
        false => format!("; {whose} {tally} agree with {}, or with {own}{from_list}", words.join(", or with ")),
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
             holds in proxyAddresses: {unknown}; its 3 decisions (2 accepted, 1 refused) agree with a look-up for {} \
             beside the other system's list, which misses contacts and dynamic groups, or with a look-up for {} beside the \
             other system's list, which misses contacts, groups, public folders and disabled accounts, or with a list of its \
             own that lacks exactly this one, such as an old copy of the directory; from the other system's list it would \
             have sales@contoso.com [orders@contoso.com]",
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
