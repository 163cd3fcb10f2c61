//! NSD413: a gateway that knows primary addresses alone (F-23).
use super::patterns::note_unasked;
use super::{Sight, note_unseen, patterns};
use crate::model::Recipient;
use crate::model::families::Family;
use crate::model::recipients::{holds, same};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD413",
    name: "gateway-misses-aliases",
    title: "the gateway knows primary addresses, and no aliases",
    severity: Severity::Warning,
    why: "`mail` holds one address of each object, proxyAddresses holds them all. A gateway that looks at mail alone refuses \
          every alias, those of tomorrow included. Each one that was refused is in NSD402.",
    fix: "Have the gateway search for (|(mail=<address>)(proxyAddresses=smtp:<address>)).",
    sources: &[
        "https://learn.microsoft.com/windows/win32/adschema/a-proxyaddresses",
        "https://knowledge.broadcom.com/external/article/178641",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    note_unseen(case, notes, &[Sight::Gateways, Sight::Directories]);
    note_unasked(case, notes, "an alias of Exchange's", is_alias);
    for pattern in patterns(case, |family| family == Family::Mail) {
        let aliases: Vec<_> = pattern.refused().map(|decision| decision.recipient.address).collect();
        let all = pattern.all_asked_for();
        let what = format!("refuses aliases and accepts primary addresses: it refuses {}{all}", listed(&aliases, 5));
        pattern.tell(notes, &what).mend(Remedy::steps(
            "gateway",
            "Ask for aliases too",
            vec![
                format!("Search for {} in place of {}", Family::Either.filter(), pattern.look_ups),
                "Flush its cache, and synchronise its list".into(),
            ],
        ));
    }
}

/// Whether the address is a proxy address of an object whose `mail`, or else its primary address, is another.
fn is_alias(recipient: &Recipient) -> bool {
    let mut holders = recipient.directories.iter().flat_map(|held| &held.entries);
    let primary = |entry: &Entry| {
        let value = entry.values("proxyAddresses").iter().find_map(|value| value.strip_prefix("SMTP:"));
        entry.value("mail").or(value).is_some_and(|primary| same(primary, recipient.address))
    };
    let other = |entry: &Entry| !primary(entry);
    holders.any(|entry| holds(entry, recipient.address) && other(entry))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{GATEWAY, World};

    /// helpdesk is a mailbox with these aliases, of which the gateway refuses those.
    fn world(aliases: &[&str], refused: &[&str]) -> World {
        let mut world = World::healthy();
        let proxies: String = aliases.iter().map(|alias| format!(" proxyaddresses=smtp:{alias}@contoso.com")).collect();
        let user =
            format!("user mail=helpdesk@contoso.com proxyaddresses=SMTP:helpdesk@contoso.com homemdb=DB1{proxies}");
        world.knows("helpdesk@contoso.com", &user, true);
        for alias in aliases {
            world.knows(&format!("{alias}@contoso.com"), &user, !refused.contains(alias));
        }
        world
    }

    #[test]
    fn aliases_that_are_all_refused_are_a_pattern() {
        let unasked = "not asked: what the gateways decide about an alias of Exchange's";
        assert_eq!(World::healthy().lines(&CHECK), [unasked]);
        let found = "warning likely: mx1.contoso.com (192.0.2.25) refuses aliases and accepts primary addresses: it refuses \
                     it@contoso.com and support@contoso.com, all that it was asked for; its 5 decisions (3 accepted, 2 refused) are those of a look-up \
                     for (mail=<address>) beside the other system's list, from which it has orders@contoso.com and \
                     sales@contoso.com, or of a list of its own that lacks exactly these";
        let all = world(&["it", "support"], &["it", "support"]);
        assert_eq!(all.lines(&CHECK), [format!("{found} [{GATEWAY}]")]);
        assert_eq!(world(&["it", "support"], &["support"]).lines(&CHECK), [""; 0], "one alias is known there");
        assert_eq!(world(&["support"], &["support"]).lines(&CHECK), [""; 0], "one refusal is no pattern");
        let mut silent = world(&["it", "support"], &["it", "support"]);
        silent.accepts_everybody(GATEWAY);
        assert!(silent.lines(&CHECK).iter().all(|line| !line.starts_with("warning ")));
    }
}
