//! NSD420: where a gateway seems to have its recipients from.
use crate::model::families::tally;
use crate::model::sources::sources;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD420",
    name: "gateway-recipient-source",
    title: "what the gateway's decisions follow",
    severity: Severity::Info,
    why: "Nobody can read a gateway's look-up from outside, but its decisions show it: they agree with the directory that it \
          asks, or with the list that it was given. It is an inference, and never a proof.",
    fix: "Nothing, if that is what the gateway is meant to ask.",
    judge,
};

/// A rule of a few decisions is chance: so many of each kind are needed.
const ENOUGH: usize = 3;

fn judge(case: &Case, notes: &mut Notes) {
    for hop in case.model.hops_of(Role::Gateway) {
        let decisions = case.model.decisions(hop);
        let accepted = decisions.iter().filter(|decision| decision.accepted).count();
        if accepted < ENOUGH || decisions.len() - accepted < ENOUGH {
            continue;
        }
        let sources = sources(&case.model, &decisions);
        let best = sources.iter().map(|(_, agrees)| *agrees).max().unwrap_or_default();
        if best * 10 < decisions.len() * 9 {
            continue;
        }
        // Of those that agree best, the ones that suppose least: between these nobody can choose from outside.
        let leaders = || sources.iter().filter(|(_, agrees)| *agrees == best).map(|(source, _)| source);
        let rank = leaders().map(|source| source.rank).min();
        let words: Vec<_> = leaders().filter(|one| Some(one.rank) == rank).map(|one| one.words.as_str()).collect();
        let detail = format!(
            "{} decides as {} would: {best} of its {} agree",
            hop.name(),
            words.join(", or as "),
            tally(&decisions)
        );
        notes
            .finding(detail)
            .certainty(Certainty::Likely)
            .about(SubjectKind::Host, hop.id())
            .seen_all(decisions.iter().map(|decision| decision.pointer.clone()));
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
                "info likely: mx1.contoso.com (192.0.2.25) decides as {source} would: 6 of its 6 decisions (3 accepted, 3 \
                 refused) agree [{GATEWAY}]"
            )
        };
        let directory = "the list of corp, or as the directory of corp asked for (proxyAddresses=smtp:<address>) or \
                         (|(mail=<address>)(proxyAddresses=smtp:<address>)) or (mail=<address>)";
        assert_eq!(world(|exchange| exchange).lines(&CHECK), [follows(directory)]);
        assert_eq!(world(|exchange| !exchange).lines(&CHECK), [follows("the list of zimbra")]);
        assert_eq!(world(|_| true).lines(&CHECK), [""; 0], "it accepts all of them");
        assert_eq!(World::broken_gateway().lines(&CHECK), [""; 0], "too few");
    }
}
