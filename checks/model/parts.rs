//! The parts of an Exchange organisation, with what is known of each and how else one comes by it.
use crate::prelude::*;

/// One part.
pub struct Part<'a> {
    /// In words, as in `cannot read the accepted domains`.
    pub name: &'static str,
    /// Its field in the evidence.
    pub field: &'static str,
    /// What exports it.
    pub cmdlet: &'static str,
    /// Whether it is known.
    pub known: bool,
    /// Why it is not, where it was asked for.
    pub miss: Option<&'a Miss>,
}

/// The parts of an organisation on premises.
pub fn parts(of: &Organisation) -> [Part<'_>; 6] {
    fn part<'a, T>(words: [&'static str; 3], seen: &'a Observed<T>) -> Part<'a> {
        let [name, field, cmdlet] = words;
        Part { name, field, cmdlet, known: seen.known().is_some(), miss: seen.miss() }
    }
    [
        part(["the accepted domains", "accepted_domains", "Get-AcceptedDomain"], &of.accepted_domains),
        part(["the send connectors", "send_connectors", "Get-SendConnector"], &of.send_connectors),
        part(["the recipient filter", "recipient_filter", "Get-RecipientFilterConfig"], &of.recipient_filter),
        part(["the receive connectors", "receive_connectors", "Get-ReceiveConnector"], &of.receive_connectors),
        part(["the Exchange servers", "servers", "Get-ExchangeServer"], &of.servers),
        part(["the Edge subscriptions", "edge_subscriptions", "Get-EdgeSubscription"], &of.edge_subscriptions),
    ]
}
