//! Finds directory servers by DNS SRV (MS-ADTS, 6.3.2.3).
use crate::collect::dns::Resolver;
use nsdiag_checks::evidence::dns::{Record, RecordKind};
use std::cmp::Reverse;

/// The domain controllers of AD domain `domain`, as URLs: those of `site` first, where one is given.
pub async fn controllers(resolver: &Resolver, domain: &str, site: Option<&str>) -> Vec<String> {
    near_first(resolver, site, |site| format!("_ldap._tcp.{site}dc._msdcs.{domain}")).await
}

/// The global catalogs of `forest`, named by its root domain.
pub(super) async fn catalogs(resolver: &Resolver, forest: &str, site: Option<&str>) -> Vec<String> {
    near_first(resolver, site, |site| format!("_ldap._tcp.{site}gc._msdcs.{forest}")).await
}

/// The servers of the site, then all others; both are asked for at once.
async fn near_first(resolver: &Resolver, site: Option<&str>, name: impl Fn(&str) -> String) -> Vec<String> {
    let site = site.filter(|site| is_label(site));
    let near = async {
        match site {
            Some(site) => servers(resolver, &name(&format!("{site}._sites."))).await,
            None => vec![],
        }
    };
    let all_name = name("");
    let (mut found, all) = tokio::join!(near, servers(resolver, &all_name));
    for server in all {
        if !found.contains(&server) {
            found.push(server);
        }
    }
    found
}

/// Whether a site's name can stand in a DNS name.
fn is_label(site: &str) -> bool {
    !site.is_empty() && site.len() < 64 && site.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

async fn servers(resolver: &Resolver, name: &str) -> Vec<String> {
    let lookup = resolver.ask(name, RecordKind::Srv).await;
    let mut servers: Vec<_> = lookup
        .answer
        .known()
        .into_iter()
        .flat_map(|answer| &answer.records)
        .filter_map(|record| match record {
            // RFC 2782: a target of "." says that there is no such service.
            Record::Srv { priority, weight, port, target } if !target.trim_matches('.').is_empty() => {
                Some((*priority, Reverse(*weight), target, *port))
            }
            _ => None,
        })
        .collect();
    servers.sort_unstable();
    servers.iter().map(|(_, _, host, port)| format!("ldap://{host}:{port}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_that_is_no_label_is_not_asked_for() {
        for (site, expected) in [("Default-First-Site-Name", true), ("", false), ("a.b", false), ("Köln", false)] {
            assert_eq!(is_label(site), expected, "{site}");
        }
    }
}
