//! NSD420: where a gateway seems to have its recipients from.
use super::{Sight, note_unseen};
use crate::model::deciding::kept_from;
use crate::model::families::{Decision, tally};
use crate::model::sources::{ENOUGH, Inferred, Told, told};
use crate::prelude::*;

pub(crate) const CHECK: Check = Check {
    code: "NSD420",
    name: "gateway-recipient-source",
    title: "what the gateway's decisions follow",
    severity: Severity::Info,
    why: "Nobody can read a gateway's look-up from outside, but its decisions show it: they agree with the directory that it \
          asks and the filter that it asks with, with the list that it was given, or with what the next host answers. Where \
          not everybody may be asked for, those are chosen about whom these sources differ most, at most twelve. It is an \
          inference, and never a proof: a list of its own that lacks the same people decides in the same way, and sources \
          that agree about everybody who is known cannot be told apart.",
    fix: "Nothing, if that is what the gateway is meant to ask.",
    sources: &[
        "https://mimecastsupport.zendesk.com/hc/en-us/articles/34000546468371",
        "https://www.postfix.org/ADDRESS_VERIFICATION_README.html",
        "https://www.postfix.org/LDAP_README.html",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    note_unseen(case, notes, &[Sight::Gateways]);
    for hop in case.model.hops_of(Role::Gateway) {
        let name = hop.name();
        let (detail, decisions) = match told(&case.model, hop) {
            Told::Follows(found) => (format!("{name} decides as {}", follows(&found)), found.decisions),
            Told::Everybody(number) => {
                let detail = format!(
                    "{name} asks no source before it accepts: it took all {number} who were asked about and both random \
                     recipients, so it is a catch-all, or decides later"
                );
                let randoms = hop.accepted_randoms().map(|heard| heard.pointer());
                tell(notes, hop, detail, randoms.collect());
                continue;
            }
            Told::AnotherHost { quote, decisions } => {
                let detail = format!(
                    "{name} asks another host about each recipient (call-ahead), as its words say ({quote}): {}; no host \
                     that was heard is known to answer like it",
                    tally(&decisions)
                );
                (detail, decisions)
            }
            Told::Nothing { nearest, agrees, decisions } => {
                let detail = format!(
                    "{name} decides as none of the sources that were read would: the nearest ({nearest}) agrees with \
                     {agrees} of its {}; it has a list of its own, or asks a source that was not read",
                    tally(&decisions)
                );
                (detail, decisions)
            }
            Told::NotEnough { decisions, would_decide } => {
                gap(notes, hop, not_enough(case, hop, &decisions, &would_decide));
                continue;
            }
            Told::NoSource(decisions) => {
                gap(notes, hop, format!("no source that was read tells of all its {}", tally(&decisions)));
                continue;
            }
        };
        tell(notes, hop, detail, decisions.iter().map(|decision| decision.pointer.clone()).collect());
    }
}

fn tell(notes: &mut Notes, hop: &HopView, detail: String, evidence: Vec<String>) {
    notes.finding(detail).certainty(Certainty::Likely).about(SubjectKind::Host, hop.id()).seen_all(evidence);
}

fn gap(notes: &mut Notes, hop: &HopView, why: String) {
    let what = format!("what the decisions of {} follow", hop.name());
    notes.gap(Gap { why, ..Gap::not_asked(what, "more recipients, of every kind, or a larger --max-recipients") });
}

/// The sources, the counts, and what keeps them from being told apart.
fn follows(found: &Inferred) -> String {
    let mut all = format!("{}: {}", found.words, found.count());
    if let Some(quote) = &found.quote {
        all.push_str(&format!("; its refusals quote the other host ({quote})"));
    }
    match (&found.would_decide[..], found.alternatives) {
        ([], 0 | 1) => {}
        ([], _) => {
            all.push_str("; between these nobody can choose from outside: no address that is known tells them apart")
        }
        (those, _) => all.push_str(&format!("; not enough to tell all apart, which {} would best", listed(those, 2))),
    }
    let unread = found.unread();
    if !unread.is_empty() {
        all.push_str(&format!("; too little was read to exclude {}", unread.join(" and ").replace(",", "")));
    }
    if !found.wavers.is_empty() {
        all.push_str(&format!("; it changed its mind about {}, which counts for nothing", listed(&found.wavers, 5)));
    }
    all
}

fn not_enough(case: &Case, hop: &HopView, decisions: &[Decision], would_decide: &[&str]) -> String {
    let mut why = format!("not enough: {}, and it takes {ENOUGH} of each kind", tally(decisions));
    match kept_from(&case.model, hop) {
        Some(reason) => why.push_str(&format!("; nobody else was asked about, because {reason}")),
        None if would_decide.is_empty() => why.push_str("; nobody else is known who would decide it"),
        None => why.push_str(&format!("; {} would decide it best", listed(would_decide, 2))),
    }
    why
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
                         (|(mail=<address>)(proxyAddresses=smtp:<address>)) or (mail=<address>) or 5 other filters would";
        let mut several = follows(directory);
        let apart = "; between these nobody can choose from outside: no address that is known tells them apart";
        several.insert_str(several.len() - GATEWAY.len() - 3, apart);
        assert_eq!(world(|exchange| exchange).lines(&CHECK), [several]);
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
