//! NSD328: what the first host takes is too large for what comes behind it.
use super::on_premises;
use crate::model::routing::bytes_in_words;
use crate::model::{HopView, OrganisationView};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD328",
    name: "size-limits-shrink",
    title: "the first host takes larger messages than what comes behind it",
    severity: Severity::Info,
    why: "Each host announces the largest message that it takes (SIZE, RFC 1870); Exchange has limits for the whole \
          organisation too (MaxReceiveSize, MaxSendSize; 10 MB in a new one). A message between two limits is taken by the \
          first host and bounces at the next with 5.3.4: the sender gets a bounce, where he could have had a refusal.",
    fix: "Have the first host take no more than the smallest limit behind it, or raise that.",
    sources: &["https://learn.microsoft.com/exchange/mail-flow/message-size-limits", "RFC 1870, 4"],
    judge,
};

/// A limit on the way.
struct Limit {
    /// Whose: `MaxSendSize of corp`.
    of: String,
    bytes: u64,
    seen: String,
}

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in on_premises(case, notes) {
        // Without Exchange's own limits it is not known what comes through at all.
        let Some((pointer, config)) = notes.need(organisation.transport_config()) else { continue };
        let whole = |field: &str, name: &str, bytes: Option<u64>| {
            let of = format!("{name} of {}", organisation.system);
            Some(Limit { of, bytes: bytes?, seen: format!("{pointer}/{field}") })
        };
        let received = whole("max_receive", "MaxReceiveSize", config.max_receive);
        let sent = whole("max_send", "MaxSendSize", config.max_send);
        let alone = case.model.on_premises().count() == 1;
        let hops = |role| case.model.hops_of(role);
        let own: Vec<Limit> = hops(Role::Exchange)
            .filter(|hop| hop.hop.system.as_deref() == Some(organisation.system))
            .filter_map(|hop| announced(hop))
            .collect();
        let fronts: Vec<(&HopView, Limit)> = hops(Role::Gateway)
            .filter(|hop| case.question.named_behind(hop.hop).map_or(alone, |system| system == organisation.system))
            .filter_map(|hop| Some((hop, announced(hop)?)))
            .collect();
        let onward: Vec<Limit> = match passes_on(case, organisation) {
            true => sent.into_iter().chain(hops(Role::Other).filter_map(|hop| announced(hop))).collect(),
            false => vec![],
        };
        // Without a gateway Exchange's own hosts are the first ones.
        let behind: Vec<&Limit> = received.iter().chain(&onward).collect();
        let (own_front, own_behind): (Vec<&Limit>, Vec<&Limit>) = match fronts.is_empty() {
            true => (own.iter().collect(), behind),
            false => (vec![], own.iter().chain(behind).collect()),
        };
        for front in fronts.iter().map(|(_, limit)| limit).chain(own_front) {
            let Some(least) = own_behind.iter().min_by_key(|limit| limit.bytes) else { continue };
            // A header more or less is no difference.
            if least.bytes.saturating_add(least.bytes / 20) >= front.bytes {
                continue;
            }
            let finding = notes.finding(format!(
                "{} takes messages up to {}, and {} is {}",
                front.of,
                in_words(front.bytes),
                least.of,
                in_words(least.bytes)
            ));
            finding.certainty(Certainty::Likely).seen(&*front.seen).seen(&*least.seen);
            finding.about(SubjectKind::System, organisation.system);
            finding.mend(Remedy::steps(
                "gateway",
                "Have the first host refuse what is too large",
                vec![format!(
                    "Set the message size limit of {} to {} bytes, or raise {}",
                    front.of, least.bytes, least.of
                )],
            ));
        }
    }
}

/// Whether the organisation hands mail for the shared domain on, as far as that is known.
fn passes_on(case: &Case, organisation: &OrganisationView) -> bool {
    case.model.leaves(organisation).is_ok_and(|by| by.is_some())
}

fn announced(hop: &HopView) -> Option<Limit> {
    let (seen, bytes) = hop.size_limit()?;
    Some(Limit { of: format!("the SIZE of {}", hop.name()), bytes, seen })
}

/// In megabytes where that is nearly right.
fn in_words(bytes: u64) -> String {
    const MB: u64 = 1024 * 1024;
    match bytes {
        _ if bytes.is_multiple_of(1024) || bytes < MB => bytes_in_words(bytes),
        _ => format!("{} MB", (bytes + MB / 2) / MB),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::transport::TransportConfig;
    use crate::stories::{EXCHANGE, GATEWAY, OTHER, World, turn};

    /// `MaxReceiveSize` and `MaxSendSize`.
    type Whole = (Option<u64>, Option<u64>);

    fn world(sizes: [&str; 3], config: Option<Whole>) -> World {
        let mut world = World::healthy();
        for (hop, size) in [GATEWAY, EXCHANGE, OTHER].into_iter().zip(sizes) {
            let mut hello = turn(Stage::Ehlo, "250-x", None);
            let line = |text: &str| crate::evidence::smtp::Line { at_ms: 0, text: text.into() };
            hello.lines.push(line(&format!("250-SIZE{size}")));
            hello.lines.push(line("250 HELP"));
            world.last(hop).transcript.retain(|turn| turn.stage != Stage::Ehlo);
            world.last(hop).transcript.insert(1, hello);
        }
        if let Some((max_receive, max_send)) = config {
            let config = TransportConfig { max_receive, max_send, ..TransportConfig::default() };
            world.organisation().transport_config = Observed::Known(config);
        }
        world
    }

    #[test]
    fn a_message_between_two_limits_is_told_and_equal_ones_are_not() {
        let unlimited = Some((None, None));
        let mb = |many: u64| Some(many * 1024 * 1024);
        let (large, usual) = (" 52428800", " 37748736");
        let found = |behind: &str| {
            vec![format!(
                "info likely: the SIZE of mx1.contoso.com (192.0.2.25) takes messages up to 50 MB, and {behind} [corp]"
            )]
        };
        let cases: Vec<([&str; 3], Option<Whole>, Vec<String>)> = vec![
            ([usual, usual, usual], unlimited, vec![]),
            ([large, usual, large], unlimited, found("the SIZE of exch01.corp.contoso.com (10.0.0.10) is 36 MB")),
            (
                [large, large, " 10240000"],
                unlimited,
                found("the SIZE of smarthost.contoso.com (10.0.0.44) is 10000 KB"),
            ),
            ([large, large, large], Some((mb(10), None)), found("MaxReceiveSize of corp is 10 MB")),
            ([large, large, large], Some((None, mb(10))), found("MaxSendSize of corp is 10 MB")),
            ([usual, " 36700160", usual], unlimited, vec![]),
            ([usual, large, large], unlimited, vec![]),
            // No fixed limit, and none that is announced (RFC 1870, 4).
            ([" 0", usual, usual], unlimited, vec![]),
            (["", usual, usual], unlimited, vec![]),
            ([large, " 0", ""], unlimited, vec![]),
            ([large, " many", large], unlimited, vec![]),
            ([large, usual, usual], None, vec!["not asked: the transport configuration of corp".into()]),
        ];
        for (sizes, config, expected) in cases {
            assert_eq!(world(sizes, config).lines(&CHECK), expected, "{sizes:?} {config:?}");
        }
        let mut inside = world([large, large, " 10240000"], unlimited);
        inside.accepted(|accepted| accepted.kind = crate::evidence::exchange::DomainKind::Authoritative);
        inside.noteworthy(&[]);
        assert_eq!(inside.lines(&CHECK), [""; 0], "nothing leaves for the other system");
    }
}
