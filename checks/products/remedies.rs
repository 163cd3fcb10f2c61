//! What to do at a gateway, in its product's own terms where the product is known.
use super::{Advice, exim, postfix};
use crate::model::sources::{Asks, seems_to_ask};
use crate::prelude::*;

/// What a gateway of a known server is to know.
pub(super) struct Wanted<'c, 'a> {
    pub(super) case: &'c Case<'a>,
    /// The addresses that it refuses.
    pub(super) addresses: &'c [&'c str],
    /// What it says to one of them.
    pub(super) refusal: Option<String>,
    /// Whether by its own words it asks the next host.
    pub(super) asks_next_host: bool,
    /// Whether this is one way of several.
    or: bool,
    known: &'static Advice,
}

impl Wanted<'_, '_> {
    /// The steps, with what is known of the product's caches behind them.
    pub(super) fn steps(&self, title: &str, steps: Vec<String>) -> Remedy {
        let (first, rest) = title.split_at(1);
        let title = if self.or { format!("Or {title}") } else { format!("{}{rest}", first.to_uppercase()) };
        let kept = self.known.renew.iter().map(|step| (*step).to_string());
        Remedy::steps("gateway", title, steps.into_iter().chain(kept).collect())
    }

    /// Those of the addresses that are no primary ones, each with its primary one.
    pub(super) fn aliases(&self) -> Vec<(&str, &str)> {
        let of = |address: &&'_ str| {
            let recipient = self.case.model.recipient(address)?;
            let mut entries = recipient.directories.iter().flat_map(|held| &held.entries);
            let primary = entries
                .find_map(|entry| entry.values("proxyAddresses").iter().find_map(|one| one.strip_prefix("SMTP:")))?;
            (!primary.eq_ignore_ascii_case(address)).then_some(primary)
        };
        self.addresses.iter().filter_map(|address| Some((*address, of(address)?))).collect()
    }
}

/// How the gateways called `names`, which refuse `addresses`, are told of the other system's mailboxes.
pub fn tell_of_second_system(case: &Case, names: &[String], addresses: &[&str]) -> Vec<Remedy> {
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
    each(case, names, |hop| match hop.advice() {
        None => vec![general()],
        Some(known) => match wanted(case, hop, addresses, true, known) {
            Some(wanted) if known.product == "Postfix" => postfix::second_system(&wanted),
            Some(wanted) if known.product == "Exim" => exim::second_system(&wanted),
            _ => {
                let title = format!("Or tell the gateway ({}) of the other system's mailboxes", known.product);
                vec![Remedy::steps("gateway", title, steps(known.second_system, known))]
            }
        },
    })
}

/// How long to wait before a change in the directory shows at the gateways called `names`, where that is known.
pub fn when_to_test_again(case: &Case, names: &[String]) -> Option<&'static str> {
    let mut gateways = case.model.hops_of(Role::Gateway).filter(|hop| names.contains(&hop.name()));
    gateways.find_map(|hop| hop.advice()?.again)
}

/// What to widen at the gateways called `names`, where they refuse `addresses`, whom the directory holds.
pub fn widen_look_up(case: &Case, names: &[String], addresses: &[&str]) -> Vec<Remedy> {
    let general = [
        "Search for (proxyAddresses=smtp:<address>) over users, groups, contacts and public folders",
        "Search the whole forest: a global catalog, ports 3268 and 3269",
        "If the object is new, flush the gateway's cache or wait for its next synchronisation",
    ];
    each(case, names, |hop| {
        let known = hop.advice();
        match known.and_then(|known| wanted(case, hop, addresses, false, known)) {
            Some(wanted) if wanted.known.product == "Postfix" => return postfix::widen(&wanted),
            Some(wanted) if wanted.known.product == "Exim" => return exim::widen(&wanted),
            _ => {}
        }
        vec![match known.filter(|known| !known.widen.is_empty()) {
            None => Remedy::steps("gateway", "Widen the gateway's look-up", general.map(String::from).to_vec()),
            Some(known) => {
                let title = format!("Widen the gateway's look-up ({})", known.product);
                Remedy::steps("gateway", title, steps(known.widen, known))
            }
        }]
    })
}

/// How `hop` is made to learn what has changed, where its product is known for it.
pub fn renew(hop: &HopView) -> &'static [&'static str] {
    hop.advice().map_or(&[], |known| known.renew)
}

/// The host and port that the other system's mail goes to.
pub(super) fn next_host<'c>(case: &'c Case) -> Option<(&'c str, u16)> {
    case.model.hops_of(Role::Other).next().map(|hop| (&*hop.hop.host, hop.hop.port))
}

fn wanted<'c, 'a>(
    case: &'c Case<'a>,
    hop: &HopView,
    addresses: &'c [&'c str],
    or: bool,
    known: &'static Advice,
) -> Option<Wanted<'c, 'a>> {
    let servers = ["Postfix", "Exim"];
    servers.contains(&known.product).then(|| Wanted {
        case,
        addresses,
        refusal: addresses.iter().find_map(|address| hop.word_on(address)).map(|heard| heard.text.clone()),
        asks_next_host: matches!(seems_to_ask(&case.model, hop), Some(Asks::NextHost(_))),
        or,
        known,
    })
}

fn steps(what: &[&str], known: &Advice) -> Vec<String> {
    what.iter().chain(known.renew).map(|step| (*step).to_string()).chain(known.test_again()).collect()
}

/// The remedies for each product among the gateways called `names`, and for those whose product nobody knows.
fn each<'m, 'a>(
    case: &'m Case<'a>,
    names: &[String],
    remedies: impl Fn(&'m HopView<'a>) -> Vec<Remedy>,
) -> Vec<Remedy> {
    let mut products: Vec<Option<&'static Advice>> = Vec::new();
    let mut all = Vec::new();
    for hop in case.model.hops_of(Role::Gateway).filter(|hop| names.contains(&hop.name())) {
        let known = hop.advice();
        if !products.contains(&known) {
            products.push(known);
            all.extend(remedies(hop));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{GATEWAY, RANDOM, World, turn};

    #[test]
    fn the_product_chooses_the_words() {
        let told = |greeting: &str| {
            let mut world = World::broken_gateway();
            world.answers_all(GATEWAY, "550 no");
            world.last(GATEWAY).transcript[0] = turn(Stage::Greeting, greeting, None);
            let case = Case::new(&world.question, &world.evidence);
            let names = ["mx1.contoso.com (192.0.2.25)".to_string()];
            let all = [tell_of_second_system(&case, &names, &[]), widen_look_up(&case, &names, &[])].concat();
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

    /// What is told of a gateway that greets and refuses so, about orders@contoso.com: lines, and what takes them back.
    fn told_by(greeting: &str, reply: &str, tell: fn(&Case, &[String], &[&str]) -> Vec<Remedy>) -> [Vec<String>; 2] {
        let mut world = World::broken_gateway();
        for address in ["orders@contoso.com", "sales@contoso.com", RANDOM] {
            world.rcpt(GATEWAY, address, reply);
        }
        world.rcpt(GATEWAY, "helpdesk@contoso.com", "250 Ok");
        world.last(GATEWAY).transcript[0] = turn(Stage::Greeting, greeting, None);
        let alias = "user mail=o@contoso.com proxyaddresses=SMTP:o@contoso.com proxyaddresses=smtp:orders@contoso.com";
        world.holds("orders@contoso.com", &[alias], None);
        let case = Case::new(&world.question, &world.evidence);
        let all = tell(&case, &["mx1.contoso.com (192.0.2.25)".to_string()], &["orders@contoso.com"]);
        let of = |commands: fn(&Remedy) -> &Vec<crate::remedy::Command>| {
            all.iter().flat_map(|remedy| crate::remedy::lines(commands(remedy))).collect()
        };
        [of(|remedy| &remedy.commands), of(|remedy| &remedy.undo)]
    }

    #[test]
    fn postfix_is_told_by_a_map_of_the_table_that_refuses() {
        let greeting = "220 mx1 ESMTP Postfix";
        let refusal = |table: &str| {
            format!("550 5.1.1 <orders@contoso.com>: Recipient address rejected: User unknown in {table}")
        };
        let [lines, undo] = told_by(greeting, &refusal("relay recipient table"), tell_of_second_system);
        let expected = [
            "Write /etc/postfix/other_recipients, a line for each mailbox of the other system, as in: orders@contoso.com OK",
            "In /etc/postfix/main.cf put texthash:/etc/postfix/other_recipients behind the maps that relay_recipient_maps lists: \
             each is asked until one knows",
            "Where the next host does not hand them on, route them there: orders@contoso.com relay:[smarthost.contoso.com], in a \
             map of transport_maps",
        ];
        assert_eq!(lines[..3], expected);
        let run = [
            "postmap -q 'orders@contoso.com' texthash:/etc/postfix/other_recipients",
            "postfix check",
            "postfix reload",
        ];
        assert_eq!(lines[lines.len() - 3..], run);
        assert_eq!(undo, ["# take the lines out of the files again first", "postfix reload"]);
        let [lines, _] = told_by(greeting, &refusal("virtual alias table"), tell_of_second_system);
        assert!(
            lines[0].ends_with("as in: orders@contoso.com orders@contoso.com")
                && lines[1].contains("virtual_alias_maps")
        );

        let [lines, _] = told_by(greeting, &refusal("relay recipient table"), widen_look_up);
        let filter = "In the file of its LDAP map, which relay_recipient_maps names: query_filter = \
                      (|(proxyAddresses=smtp:%s)(mail=%s))";
        let alias = "Or, where the filter is to stay, lead each alias to an address that it finds, in a map of \
                     virtual_alias_maps, as in: orders@contoso.com o@contoso.com";
        assert_eq!([&*lines[0], &*lines[2]], [filter, alias]);
    }

    #[test]
    fn who_asks_the_next_host_is_told_of_no_map_and_forgets_what_it_was_told() {
        let postfix = "550 5.1.1 <orders@contoso.com>: Recipient address rejected: undeliverable address: host 10.0.0.10 said: \
                       550 5.1.1 User unknown (in reply to RCPT TO command)";
        for tell in [tell_of_second_system, widen_look_up] {
            let [lines, undo] = told_by("220 mx1 ESMTP Postfix", postfix, tell);
            assert!(
                !lines.iter().any(|line| line.contains("_recipient_maps") || line.contains("query_filter")),
                "{lines:#?}"
            );
            assert!(lines.contains(&"postconf -e address_verify_negative_cache=no".into()), "{lines:#?}");
            assert!(undo.contains(&"postconf -e address_verify_negative_cache=yes".into()), "{undo:#?}");
            let exim = "550 Callout verification failed: 550 5.1.1 User unknown";
            let [lines, _] = told_by("220 mx1 ESMTP Exim 4.97", exim, tell);
            assert!(
                !lines.iter().any(|line| line.contains("manualroute") || line.contains("quote_ldap")),
                "{lines:#?}"
            );
            let forget = "exim_tidydb -t 1s (<the spool directory, by exim -bP spool/directory>) callout";
            assert!(lines.iter().any(|line| line.starts_with(&forget[..17])), "{lines:#?}");
        }
    }

    #[test]
    fn exim_is_told_by_a_router() {
        let [lines, _] = told_by("220 mx1 ESMTP Exim 4.97", "550 Unrouteable address", tell_of_second_system);
        let router = [
            "    other_system:",
            "      driver = manualroute",
            "      domains = contoso.com",
            "      local_parts = lsearch;/etc/exim4/other_recipients",
            "      route_list = * smarthost.contoso.com",
            "      transport = remote_smtp",
        ];
        assert_eq!(lines[1..7], router);
        assert_eq!(lines[lines.len() - 2..], ["exim -bV", "exim -bt 'orders@contoso.com'"]);
    }

    #[test]
    fn no_product_is_told_in_the_words_of_another() {
        let marks = [
            ("Postfix", &["postfix", "postmap", "postconf", "query_filter", "_maps"][..]),
            ("Exim", &["exim", "manualroute"]),
            ("Mimecast", &["Users & Groups", "Sync All"]),
            ("Cisco Secure Email", &["ldapflush", "System Administration"]),
            ("Symantec Messaging Gateway", &["Directory Integration", "Clear Cache"]),
            ("Barracuda Email Gateway Defense", &["Synchronize Now"]),
        ];
        let greetings = [
            ("", "220 mx1 ESMTP"),
            ("Postfix", "220 mx1 ESMTP Postfix"),
            ("Exim", "220 mx1 ESMTP Exim 4.97"),
            ("Mimecast", "220 eu-smtp-inbound-1.mimecast.com ESMTP; now"),
            ("Cisco Secure Email", "220 mx1 AsyncOS"),
            ("Symantec Messaging Gateway", "220 mx1 ESMTP Symantec Messaging Gateway"),
        ];
        for (product, greeting) in greetings {
            let all =
                [tell_of_second_system, widen_look_up].map(|tell| told_by(greeting, "550 no", tell)).concat().concat();
            for (other, marks) in marks {
                let said = marks.iter().any(|mark| all.iter().any(|line| line.contains(mark)));
                assert_eq!(said, other == product, "{other} in the words for {product:?}: {all:#?}");
            }
        }
    }
}
