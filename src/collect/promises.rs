//! Asks what the domain's DNS tells senders beside its MX records: SPF, DANE and MTA-STS, and whether all servers agree.
use super::dns::{EXCHANGES, Resolver};
use super::smtp::TlsTrust;
use super::sts;
use futures_util::future::join_all;
use nsdiag_checks::evidence::dns::{MxView, RecordKind, StsPolicy};
use nsdiag_checks::evidence::{Observed, Question};
use nsdiag_checks::model::spf;
use std::collections::BTreeSet;
use tokio::time::Instant;

/// How many MX hosts are asked for TLSA records.
const HOSTS: usize = 10;
/// How often what an SPF record refers to is followed; ten terms may refer to another (RFC 7208, 4.6.4).
const DEPTH: usize = 12;

/// Asks all of it at once. Look-ups stay with the resolver.
pub async fn ask(
    resolver: &Resolver,
    trust: &TlsTrust,
    question: &Question,
    deadline: Instant,
) -> (Vec<MxView>, Option<StsPolicy>) {
    let domain = &*question.domain;
    let of_mx = async {
        let lookup = resolver.ask(domain, RecordKind::Mx).await;
        let hosts = async {
            let Observed::Known(answer) = &lookup.answer else { return };
            // Without an MX record the domain's own address is one (RFC 5321, 5.1).
            let implicit = (answer.exchanges().is_empty() && answer.exists).then_some(domain);
            // The same that are gateways where the user names none.
            let all = implicit.into_iter().chain(answer.hosts()).take(EXCHANGES);
            join_all(all.map(|host| resolver.addresses(host))).await;
        };
        let (views, (), ()) = tokio::join!(resolver.mx_views(&lookup, 53), hosts, async {
            // DANE rests on MX records that are validated (RFC 7672, 2.2.1).
            let hosts = lookup.answer.known().filter(|_| lookup.authenticated).map(|answer| answer.exchanges());
            let hosts: BTreeSet<_> = hosts.unwrap_or_default().into_iter().map(|(_, host)| host).collect();
            let names = hosts.iter().filter(|host| !host.is_empty()).take(HOSTS);
            let names: Vec<_> = names.map(|host| format!("_{}._tcp.{host}", question.smtp_port)).collect();
            join_all(names.iter().map(|name| resolver.ask(name, RecordKind::Tlsa))).await;
        });
        views
    };
    let of_sts = async {
        let lookup = resolver.ask(&format!("_mta-sts.{domain}"), RecordKind::Txt).await;
        let announced = lookup.answer.known()?.texts().any(|text| text.starts_with("v=STSv1"));
        match announced {
            true => Some(sts::fetch(resolver, trust, domain, 443, deadline).await),
            false => None,
        }
    };
    let (views, policy, ()) = tokio::join!(of_mx, of_sts, of_spf(resolver, question));
    (views, policy)
}

/// The SPF record; and what it refers to, where there is an address to judge by it.
async fn of_spf(resolver: &Resolver, question: &Question) {
    let senders = question.systems.iter().flat_map(|system| &system.outbound);
    let receivers = question.systems.iter().flat_map(|system| &system.smtp);
    let receivers = receivers.filter_map(|host| crate::config::split_host(host, question.smtp_port));
    let hosts: BTreeSet<String> = senders.cloned().chain(receivers.map(|(host, _)| host)).collect();
    let addresses = join_all(hosts.iter().map(|host| resolver.addresses(host)));
    let (_, addresses) = tokio::join!(resolver.ask(&question.domain, RecordKind::Txt), addresses);
    let public = |found: &Observed<Vec<_>>| found.known().is_some_and(|all| !all.iter().all(|ip| spf::is_private(*ip)));
    if !addresses.iter().any(public) {
        return;
    }
    for _ in 0..DEPTH {
        let wanted = spf::wanted(&resolver.lookups(), &question.domain);
        if wanted.is_empty() {
            return;
        }
        join_all(wanted.iter().map(|(name, kind)| resolver.ask(name, *kind))).await;
    }
}
