//! NSD414: a gateway that knows some kinds of recipients alone (F-22).
use super::patterns::note_unasked;
use super::{Sight, note_unseen, patterns};
use crate::model::Recipient;
use crate::model::families::{Family, is_disabled};
use crate::model::recipients::holds;
use crate::prelude::*;
use alloc::collections::BTreeMap;

pub(super) const CHECK: Check = Check {
    code: "NSD414",
    name: "gateway-misses-recipient-types",
    title: "the gateway does not know whole kinds of recipients",
    severity: Severity::Warning,
    why: "A filter on objectClass or on disabled accounts leaves out contacts, groups, public folders, or the shared and room \
          mailboxes and mail users whose accounts are disabled by design. Each one that was refused is in NSD402.",
    fix: "Have the gateway search for proxyAddresses without a condition on objectClass or userAccountControl.",
    sources: &[
        "https://knowledge.broadcom.com/external/article/178641",
        "https://learn.microsoft.com/exchange/architecture/mailbox-servers/prep-mailboxes-for-cross-forest-moves",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    note_unseen(case, notes, &[Sight::Gateways, Sight::Directories]);
    note_unasked(case, notes, "a contact, group, public folder or disabled account of Exchange's", is_special);
    for pattern in patterns(case, Family::by_kind) {
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for decision in pattern.refused() {
            let address = decision.recipient.address;
            let entries = decision.recipient.directories.iter().flat_map(|held| &held.entries);
            let entry = entries.copied().find(|entry| holds(entry, address));
            *kinds.entry(entry.map_or("object", kind)).or_default() += 1;
        }
        let kinds: Vec<_> = kinds.into_iter().map(|(kind, number)| count(number, kind)).collect();
        let what = format!("refuses kinds of recipients: {}{}", listed(&kinds, 6), pattern.all_asked_for());
        pattern.tell(notes, &what).mend(Remedy::steps(
            "gateway",
            "Ask for every kind of recipient",
            vec![
                format!("Search for {} in place of {}", Family::Proxy.filter(), pattern.look_ups),
                "Flush its cache, and synchronise its list".into(),
            ],
        ));
    }
}

/// Whether a filter on classes or accounts may miss it.
fn is_special(recipient: &Recipient) -> bool {
    let mut holders = recipient.directories.iter().flat_map(|held| &held.entries);
    holders.any(|entry| holds(entry, recipient.address) && kind(entry) != "account")
}

/// What a filter may trip over, in a word that takes an s.
fn kind(entry: &Entry) -> &'static str {
    match crate::model::recipients::kind(entry) {
        State::Contact => "contact",
        State::Group if entry.is("msExchDynamicDistributionList") => "dynamic group",
        State::Group => "group",
        State::PublicFolder => "public folder",
        _ if is_disabled(entry) => "disabled account",
        _ => "account",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{GATEWAY, World};

    fn object(class: &str, name: &str, rest: &str) -> String {
        format!("{class} mail={name}@contoso.com proxyaddresses=SMTP:{name}@contoso.com {rest}")
    }

    #[test]
    fn kinds_that_are_all_refused_are_a_pattern() {
        let unasked = "not asked: what the gateways decide about a contact, group, public folder or disabled account of \
                       Exchange's";
        assert_eq!(World::healthy().lines(&CHECK), [unasked]);
        let mut world = World::healthy();
        world.knows("helpdesk@contoso.com", &object("user", "helpdesk", "homemdb=DB1 useraccountcontrol=512"), true);
        world.knows("all@contoso.com", &object("group", "all", ""), false);
        assert_eq!(world.lines(&CHECK), [""; 0], "one refusal is no pattern");
        world.knows("room@contoso.com", &object("user", "room", "homemdb=DB1 useraccountcontrol=514"), false);
        world.knows("press@contoso.com", &object("contact", "press", "targetaddress=SMTP:p@x.com"), false);
        let found = "warning likely: mx1.contoso.com (192.0.2.25) refuses kinds of recipients: 1 contact, 1 disabled account \
                     and 1 group, all that it was asked for; its 6 decisions (3 accepted, 3 refused) are those of a look-up \
                     for (&(objectClass=user)(!(userAccountControl:1.2.840.113556.1.4.803:=2))\
                     (proxyAddresses=smtp:<address>)) beside the other system's list, from which it has orders@contoso.com and \
                     sales@contoso.com, or of a list of its own that lacks exactly these";
        assert_eq!(world.lines(&CHECK), [format!("{found} [{GATEWAY}]")]);
        world.knows("board@contoso.com", &object("group", "board", ""), true);
        assert_eq!(world.lines(&CHECK), [""; 0], "one group is known there");
    }

    #[test]
    fn contacts_that_the_other_systems_list_explains_are_named_as_exceptions() {
        let contact = |name: &str| object("contact", name, "targetaddress=SMTP:p@x.com");
        let mut world = World::healthy();
        world.knows("helpdesk@contoso.com", &object("user", "helpdesk", "homemdb=DB1"), true);
        world.knows("orders@contoso.com", &contact("orders"), true);
        world.knows("press@contoso.com", &contact("press"), false);
        world.knows("board@contoso.com", &contact("board"), false);
        let line = world.lines(&CHECK).remove(0);
        let but = "refuses kinds of recipients: 2 contacts, all that it was asked for but orders@contoso.com; its 5 decisions";
        assert!(line.starts_with("warning likely: ") && line.contains(but), "{line}");
        assert!(
            line.contains("from which it has orders@contoso.com and sales@contoso.com, or of a list of its own"),
            "{line}"
        );
        world.evidence.files[0].addresses = Observed::Known(vec!["sales@contoso.com".into()]);
        assert_eq!(world.lines(&CHECK), [""; 0], "an accepted contact that is on no list contradicts it");
    }
}
