//! NSD420: where a gateway seems to have its recipients from.
use super::{Sight, note_unseen};
use crate::model::sources::{ENOUGH, inferred};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD420",
    name: "gateway-recipient-source",
    title: "what the gateway's decisions follow",
    severity: Severity::Info,
    why: "Nobody can read a gateway's look-up from outside, but its decisions show it: they agree with the directory that it \
          asks, or with the list that it was given. It is an inference, and never a proof: a list of its own that lacks the \
          same people decides in the same way.",
    fix: "Nothing, if that is what the gateway is meant to ask.",
    sources: &["https://mimecastsupport.zendesk.com/hc/en-us/articles/34000546468371"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    note_unseen(case, notes, &[Sight::Gateways]);
    for hop in case.model.hops_of(Role::Gateway) {
        let Some(found) = inferred(&case.model, hop) else {
            let what = format!("what the decisions of {} follow", hop.name());
            let why = format!("it takes {ENOUGH} decisions of each kind, and a source that agrees with them");
            notes.gap(Gap {
                why,
                ..Gap::not_asked(what, "more recipients, of every kind, or a larger --max-recipients")
            });
            continue;
        };
        notes
            .finding(format!("{} decides as {}: {}", hop.name(), found.words, found.count()))
            .certainty(Certainty::Likely)
            .about(SubjectKind::Host, hop.id())
            .seen_all(found.decisions.iter().map(|decision| decision.pointer.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::List;
    use crate::stories::{GATEWAY, World};

    /// anna, carl and dora of Exchange, and orders, press and sales of zimbra, of whom the gateway knows what `knows` says.
    fn world(knows: fn(bool) -> bool) -> World {
        let addresses = |names: [&str; 3]| names.map(|name| format!("{name}@contoso.com")).to_vec();
        let (users, others) = (addresses(["anna", "carl", "dora"]), addresses(["orders", "press", "sales"]));
        let mut world = World::healthy();
        for (address, exchange) in
            users.iter().map(|user| (user, true)).chain(others.iter().map(|other| (other, false)))
        {
            let user = format!("user mail={address} proxyaddresses=SMTP:{address} homemdb=DB1");
            world.knows(address, if exchange { &user } else { "" }, knows(exchange));
        }
        // Nobody but postmaster is known to be good, and the lists name them all.
        world.question.known_good.clear();
        world.rcpt(GATEWAY, "postmaster@contoso.com", "250 Ok");
        world.evidence.files[0].addresses = Observed::Known(others);
        let (system, addresses) = ("corp".into(), Observed::Known(users));
        world.evidence.files.push(List { system, addresses, ..world.evidence.files[0].clone() });
        world
    }

    #[test]
    fn decisions_both_ways_show_what_they_follow() {
        let follows = |source: &str| {
            format!(
                "info likely: mx1.contoso.com (192.0.2.25) decides as {source}: 6 of its 6 decisions (3 accepted, 3 \
                 refused) agree [{GATEWAY}]"
            )
        };
        let directory = "the list of corp would, or as the directory of corp asked for (proxyAddresses=smtp:<address>) or \
                         (|(mail=<address>)(proxyAddresses=smtp:<address>)) or (mail=<address>) would";
        assert_eq!(world(|exchange| exchange).lines(&CHECK), [follows(directory)]);
        assert_eq!(world(|exchange| !exchange).lines(&CHECK), [follows("the list of zimbra would")]);
        let unknown = ["not asked: what the decisions of mx1.contoso.com (192.0.2.25) follow"];
        assert_eq!(world(|_| true).lines(&CHECK), unknown, "it accepts all of them");
        assert_eq!(World::broken_gateway().lines(&CHECK), unknown, "too few");
    }

    #[test]
    fn a_decision_that_does_not_fit_is_named() {
        let mut world = world(|exchange| exchange);
        let mut users: Vec<String> = world.evidence.files[1].addresses.known().unwrap().clone();
        for name in ["emil", "fred", "gina", "hugo"] {
            let address = format!("{name}@contoso.com");
            let user = format!("user mail={address} proxyaddresses=SMTP:{address} homemdb=DB1");
            world.knows(&address, &user, name != "hugo");
            users.push(address);
        }
        users.sort_unstable();
        world.evidence.files[1].addresses = Observed::Known(users);
        let line = world.lines(&CHECK).remove(0);
        let but = "decides as the list of corp would (but for hugo@contoso.com), or as the directory of corp asked for";
        assert!(line.contains(but) && line.contains(": 9 of its 10 decisions (6 accepted, 4 refused) agree"), "{line}");
    }
}
