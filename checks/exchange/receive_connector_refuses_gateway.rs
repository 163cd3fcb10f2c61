//! NSD327: no receive connector takes the gateway's mail without a password.
use super::on_premises;
use crate::evidence::servers::{PermissionGroup, ReceiveAuthentication, ReceiveConnector};
use crate::model::ranges;
use crate::prelude::*;
use alloc::collections::BTreeSet;
use core::net::IpAddr;

pub(super) const CHECK: Check = Check {
    code: "NSD327",
    name: "receive-connector-refuses-gateway",
    title: "no receive connector of Exchange takes mail from the gateway",
    severity: Severity::Warning,
    why: "The receive connector with the closest RemoteIPRanges for a host decides what it may do. Without AnonymousUsers in \
          its PermissionGroups, and without ExternalAuthoritative, a host that does not authenticate gets 530 5.7.57 or \
          5.7.1 (Microsoft, \"Receive connectors\"). nsdiag asks from its own address, for which another connector may \
          count: it does not see that.",
    fix: "Give the connector that counts for the gateway the permission group AnonymousUsers.",
    sources: &["https://learn.microsoft.com/exchange/mail-flow/connectors/receive-connectors"],
    judge,
};

/// What of a receive connector decides.
const FIELDS: [&str; 5] = ["enabled", "server", "remote_ranges", "authentication", "permission_groups"];

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in on_premises(case, notes) {
        let Some((pointer, doors)) = notes.need(organisation.receive_connectors()) else { continue };
        for gateway in case.model.hops_of(Role::Gateway) {
            let Some(address) = gateway.hop.address else { continue };
            // Which of several organisations a gateway hands mail to is not guessed.
            let alone = case.model.on_premises().count() == 1;
            let behind =
                case.question.named_behind(gateway.hop).or(case.question.system_behind(gateway.hop).filter(|_| alone));
            if behind != Some(organisation.system) {
                continue;
            }
            let counting = counting(doors, address);
            let unread = doors.iter().find_map(|door| Some((door, door.unreadable.of(&FIELDS)?)));
            if let Some((door, _)) = unread {
                let what = format!("the receive connector '{}\\{}'", door.server, door.name);
                notes.need(organisation.read(&what, &door.unreadable, &FIELDS, "Get-ReceiveConnector"));
                break;
            }
            if let Some(miss) = counting.iter().find_map(|door| door.permission_groups.miss()) {
                let what = format!("what the receive connectors of {} let strangers do", organisation.system);
                notes
                    .gap(Gap { why: miss.said.clone(), ..Gap::not_asked(what, "an export with Get-ReceiveConnector") });
                break;
            }
            if counting.is_empty() || counting.iter().any(|door| takes_strangers(door)) {
                continue;
            }
            let custom = |door: &&&ReceiveConnector| groups(door).any(|group| group == PermissionGroup::Custom);
            if let Some(door) = counting.iter().find(custom) {
                let what =
                    format!("what '{}\\{}' of {} lets strangers do", door.server, door.name, organisation.system);
                let why = "its rights were given by hand";
                notes.gap(Gap { why: why.into(), ..Gap::not_asked(what, "Get-ADPermission of that connector") });
                continue;
            }
            let names: Vec<String> = counting.iter().map(|door| format!("'{}\\{}'", door.server, door.name)).collect();
            let finding = notes.finding(format!(
                "For {} {} of {} without AnonymousUsers: mail from there is refused, unless it authenticates or comes from \
                 another address",
                gateway.name(),
                match &names[..] {
                    [one] => format!("the receive connector {one} counts"),
                    all => format!("the receive connectors {} count", listed(all, 3)),
                },
                organisation.system,
            ));
            finding.certainty(Certainty::Likely).seen(&*pointer).seen(gateway.pointer());
            finding.about(SubjectKind::Host, gateway.id()).about(SubjectKind::System, organisation.system);
            let pairs = counting.iter().map(|door| {
                let identity = format!("{}\\{}", door.server, door.name);
                let set = || Cmdlet::new("Set-ReceiveConnector").with("Identity", &identity);
                let before: Vec<&str> = groups(door).map(PermissionGroup::word).collect();
                let open = set()
                    .remark("every host in its RemoteIPRanges can then hand in mail for the accepted domains; it relays nothing")
                    .words("PermissionGroups", &[&before[..], &["AnonymousUsers"]].concat());
                let back = set().words("PermissionGroups", if before.is_empty() { &["None"] } else { &before });
                (open, back)
            });
            finding.mend(Remedy::each("Let the gateway hand in mail", pairs));
        }
    }
}

/// The connectors that count for mail from `address` at port 25: on each server and for each of its bindings the one with
/// the closest range.
fn counting(doors: &[ReceiveConnector], address: IpAddr) -> Vec<&ReceiveConnector> {
    let width =
        |door: &ReceiveConnector| door.remote_ranges.iter().filter_map(|range| ranges::width(range, address)).min();
    let ports = |door: &&ReceiveConnector| {
        door.bindings.iter().filter(|one| one.ends_with(":25")).cloned().collect::<BTreeSet<_>>()
    };
    let open: Vec<_> = doors.iter().filter(|door| door.enabled).map(|door| (door, ports(&door))).collect();
    let mut found: Vec<&ReceiveConnector> = Vec::new();
    for (door, bindings) in &open {
        let Some(own) = width(door) else { continue };
        let closest = |binding: &String| {
            let beside = open.iter().filter(|(other, all)| other.server == door.server && all.contains(binding));
            beside.filter_map(|(other, _)| width(other)).all(|other| own <= other)
        };
        if bindings.iter().any(closest) {
            found.push(door);
        }
    }
    found
}

/// Whether it takes mail from hosts that do not authenticate.
fn takes_strangers(door: &ReceiveConnector) -> bool {
    let trusted = door.authentication.contains(&ReceiveAuthentication::ExternalAuthoritative);
    trusted || groups(door).any(|group| group == PermissionGroup::AnonymousUsers)
}

fn groups(door: &ReceiveConnector) -> impl Iterator<Item = PermissionGroup> + '_ {
    door.permission_groups.known().into_iter().flatten().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::World;

    fn door(name: &str, range: &str, groups: &[PermissionGroup]) -> ReceiveConnector {
        ReceiveConnector {
            name: name.into(),
            server: "EX01".into(),
            enabled: true,
            bindings: vec!["0.0.0.0:25".into(), "[::]:25".into()],
            remote_ranges: vec![range.into()],
            permission_groups: Observed::Known(groups.to_vec()),
            ..ReceiveConnector::default()
        }
    }

    const ALL: &str = "0.0.0.0-255.255.255.255";
    /// The gateway of the stories.
    const CLOSE: &str = "192.0.2.0/24";

    #[test]
    fn the_connector_that_counts_for_the_gateway_decides() {
        use PermissionGroup::{AnonymousUsers, ExchangeServers, ExchangeUsers};
        let changed = |change: fn(&mut ReceiveConnector)| {
            let mut one = door("Close", CLOSE, &[ExchangeUsers]);
            change(&mut one);
            vec![door("Default", ALL, &[AnonymousUsers]), one]
        };
        let found = |name: &str| {
            vec![format!(
                "warning likely: For mx1.contoso.com (192.0.2.25) the receive connector 'EX01\\{name}' counts of corp without \
                 AnonymousUsers: mail from there is refused, unless it authenticates or comes from another address \
                 [gateway/mx1.contoso.com/192.0.2.25:25, corp]"
            )]
        };
        let none = Vec::new;
        let cases: Vec<(&str, Vec<ReceiveConnector>, Vec<String>)> = vec![
            ("the usual", vec![door("Default", ALL, &[AnonymousUsers, ExchangeServers])], none()),
            ("nobody", vec![door("Default", ALL, &[ExchangeUsers])], found("Default")),
            ("a closer one", changed(|_| {}), found("Close")),
            ("a closer one, disabled", changed(|one| one.enabled = false), none()),
            ("a closer one, of another port", changed(|one| one.bindings = vec!["0.0.0.0:2525".into()]), none()),
            ("a closer one, for others", changed(|one| one.remote_ranges = vec!["10.0.0.0/8".into()]), none()),
            (
                "a closer one that trusts",
                changed(|one| one.authentication = vec![ReceiveAuthentication::ExternalAuthoritative]),
                none(),
            ),
            (
                "rights given by hand",
                changed(|one| one.permission_groups = Observed::Known(vec![PermissionGroup::Custom])),
                vec!["not asked: what 'EX01\\Close' of corp lets strangers do".into()],
            ),
            ("another server takes it", changed(|one| one.server = "EX02".into()), none()),
            ("none at all", vec![], none()),
            (
                "over LDAP",
                changed(|one| one.permission_groups = Observed::Unknown(Miss::new(How::NotTried, "not read"))),
                vec!["not asked: what the receive connectors of corp let strangers do".into()],
            ),
            (
                "unreadable",
                changed(|one| one.unreadable.add("remote_ranges", "'10.0.0.x'")),
                vec!["unanswered: the receive connector 'EX01\\Close' of corp (could not be read: '10.0.0.x')".into()],
            ),
        ];
        for (what, doors, expected) in cases {
            let mut world = World::healthy();
            world.organisation().receive_connectors = Observed::Known(doors);
            assert_eq!(world.lines(&CHECK), expected, "{what}");
        }
    }

    #[test]
    fn what_it_lets_in_is_added_to_what_it_lets_in_today() {
        let mut world = World::healthy();
        let doors = vec![door("Default", ALL, &[PermissionGroup::ExchangeUsers])];
        world.organisation().receive_connectors = Observed::Known(doors);
        let set = "Set-ReceiveConnector -Identity 'EX01\\Default' -PermissionGroups ExchangeUsers,AnonymousUsers";
        assert!(world.commands(&CHECK).iter().any(|line| line == set), "{:?}", world.commands(&CHECK));
    }
}
