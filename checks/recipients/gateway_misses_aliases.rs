//! NSD413: a gateway that knows primary addresses alone (F-23).
use super::patterns;
use crate::model::families::Family;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD413",
    name: "gateway-misses-aliases",
    title: "the gateway knows primary addresses, and no aliases",
    severity: Severity::Warning,
    why: "`mail` holds one address of each object, proxyAddresses holds them all. A gateway that looks at mail alone refuses \
          every alias, those of tomorrow included. Each one that was refused is in NSD402.",
    fix: "Have the gateway search for (|(mail=<address>)(proxyAddresses=smtp:<address>)).",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for pattern in patterns(case, |family| family == Family::Mail) {
        let aliases: Vec<_> = pattern.refused().map(|decision| decision.recipient.address).collect();
        let what = format!("refuses aliases and accepts primary addresses: it refuses {}", listed(&aliases, 5));
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
        assert_eq!(World::healthy().lines(&CHECK), [""; 0]);
        let found = "warning likely: mx1.contoso.com (192.0.2.25) refuses aliases and accepts primary addresses: it refuses \
                     it@contoso.com and support@contoso.com; its 5 decisions (3 accepted, 2 refused) are those of a look-up \
                     for (mail=<address>)";
        let all = world(&["it", "support"], &["it", "support"]);
        assert_eq!(all.lines(&CHECK), [format!("{found} [{GATEWAY}]")]);
        assert_eq!(world(&["it", "support"], &["support"]).lines(&CHECK), [""; 0], "one alias is known there");
        assert_eq!(world(&["support"], &["support"]).lines(&CHECK), [""; 0], "one refusal is no pattern");
        let mut silent = world(&["it", "support"], &["it", "support"]);
        silent.accepts_everybody(GATEWAY);
        assert_eq!(silent.lines(&CHECK), [""; 0]);
    }
}
