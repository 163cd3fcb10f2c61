//! What to do at a gateway, in its product's own terms where the product is known.
use super::Advice;
use crate::prelude::*;

/// How the gateways called `names` are told of the other system's mailboxes.
pub fn tell_of_second_system(case: &Case, names: &[String]) -> Vec<Remedy> {
    let general = || {
        let next = case.model.hops_of(Role::Other).map(|hop| hop.hop.host.clone()).next();
        let mut steps = vec![
            "Add the other system's directory, or the list of its mailboxes, to the gateway's recipient \
                look-up"
                .into(),
        ];
        let ask = |host| format!("Or let it verify recipients that the directory lacks by call-forward to {host}");
        steps.extend(next.map(ask));
        Remedy::steps("gateway", "Or have the gateway ask the other system as well", steps)
    };
    each(case, names, |known| match known {
        None => general(),
        Some(known) => {
            let title = format!("Or tell the gateway ({}) of the other system's mailboxes", known.product);
            Remedy::steps("gateway", title, steps(known.second_system, known))
        }
    })
}

/// How long to wait before a change in the directory shows at the gateways called `names`, where that is known.
pub fn when_to_test_again(case: &Case, names: &[String]) -> Option<&'static str> {
    let mut gateways = case.model.hops_of(Role::Gateway).filter(|hop| names.contains(&hop.name()));
    gateways.find_map(|hop| hop.advice()?.again)
}

/// What to widen at the gateways called `names`, where they refuse somebody whom the directory holds.
pub fn widen_look_up(case: &Case, names: &[String]) -> Vec<Remedy> {
    let general = [
        "Search for (proxyAddresses=smtp:<address>) over users, groups, contacts and public folders",
        "Search the whole forest: a global catalog, ports 3268 and 3269",
        "If the object is new, flush the gateway's cache or wait for its next synchronisation",
    ];
    each(case, names, |known| match known.filter(|known| !known.widen.is_empty()) {
        None => Remedy::steps("gateway", "Widen the gateway's look-up", general.map(String::from).to_vec()),
        Some(known) => {
            let title = format!("Widen the gateway's look-up ({})", known.product);
            Remedy::steps("gateway", title, steps(known.widen, known))
        }
    })
}

fn steps(what: &[&str], known: &Advice) -> Vec<String> {
    what.iter().map(|step| (*step).to_string()).chain(known.test_again()).collect()
}

/// One remedy for each product among the gateways called `names`, and one for those whose product nobody knows.
fn each(case: &Case, names: &[String], remedy: impl Fn(Option<&Advice>) -> Remedy) -> Vec<Remedy> {
    let mut products: Vec<Option<&'static Advice>> = Vec::new();
    for hop in case.model.hops_of(Role::Gateway).filter(|hop| names.contains(&hop.name())) {
        let known = hop.advice();
        if !products.contains(&known) {
            products.push(known);
        }
    }
    products.into_iter().map(remedy).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{GATEWAY, World, turn};

    #[test]
    fn the_product_chooses_the_words() {
        let told = |greeting: &str| {
            let mut world = World::broken_gateway();
            world.answers_all(GATEWAY, "550 no");
            world.last(GATEWAY).transcript[0] = turn(Stage::Greeting, greeting, None);
            let case = Case::new(&world.question, &world.evidence);
            let names = ["mx1.contoso.com (192.0.2.25)".to_string()];
            let all = [tell_of_second_system(&case, &names), widen_look_up(&case, &names)].concat();
            all.into_iter()
                .map(|remedy| (remedy.title, remedy.commands.last().unwrap().text().to_string()))
                .collect::<Vec<_>>()
        };
        let line = |title: &str, last: &str| (title.to_string(), last.to_string());
        let unknown = [
            line(
                "Or have the gateway ask the other system as well",
                "Or let it verify recipients that the directory lacks by call-forward to smarthost.contoso.com",
            ),
            line(
                "Widen the gateway's look-up",
                "If the object is new, flush the gateway's cache or wait for its next synchronisation",
            ),
        ];
        assert_eq!(told("220 mx1 ESMTP"), unknown);
        let sync = "Test again after the next directory synchronisation";
        let mimecast = [
            line("Or tell the gateway (Mimecast) of the other system's mailboxes", sync),
            line("Widen the gateway's look-up (Mimecast)", sync),
        ];
        assert_eq!(told("220 eu-smtp-inbound-1.mimecast.com ESMTP; now"), mimecast);
    }
}
