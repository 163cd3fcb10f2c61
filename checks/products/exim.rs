//! What to write into Exim's configuration, and how it takes it into use (Exim's specification: manualroute, callout
//! verification, LDAP look-ups, hints databases).
use super::remedies::{Wanted, next_host};
use crate::prelude::*;
use crate::remedy::{Program, Shell};

/// It is told of the other system's mailboxes by a router of their own.
pub(super) fn second_system(wanted: &Wanted) -> Vec<Remedy> {
    if wanted.asks_next_host {
        return vec![
            wanted.steps("tell the gateway (Exim) of the other system's mailboxes", next_host_steps()),
            forget(),
        ];
    }
    let one = wanted.addresses.first().copied().unwrap_or("LOCAL-PART");
    let local = one.rsplit_once('@').map_or(one, |(local, _)| local);
    let host = match next_host(wanted.case) {
        Some((host, 25)) => host.to_string(),
        // A colon separates hosts, and is doubled within one (Exim's specification, manualroute).
        Some((host, port)) => format!("{host}::{port}"),
        None => "HOST".into(),
    };
    let mut steps =
        vec!["Add a router behind the one that looks recipients up; the first that takes an address wins:".into()];
    steps.extend(
        [
            "other_system:".to_string(),
            "  driver = manualroute".into(),
            format!("  domains = {}", wanted.case.question.domain),
            "  local_parts = lsearch;/etc/exim4/other_recipients".into(),
            format!("  route_list = * {host}"),
            "  transport = remote_smtp".into(),
        ]
        .map(|line| format!("    {line}")),
    );
    steps.push(format!("/etc/exim4/other_recipients has a local part on each line, as in: {local}"));
    steps.push("Or have the ACL for RCPT ask the next hosts: require verify = recipient/callout=30s".into());
    steps.push(RELOAD.into());
    vec![wanted.steps("tell the gateway (Exim) of the other system's mailboxes", steps), taken_into_use(wanted)]
}

/// Its LDAP look-up finds whomever the directory holds.
pub(super) fn widen(wanted: &Wanted) -> Vec<Remedy> {
    if wanted.asks_next_host {
        return vec![wanted.steps("widen the gateway's look-up (Exim)", next_host_steps()), forget()];
    }
    let steps = vec![
        "Have the router's LDAP look-up ask for (|(proxyAddresses=smtp:${quote_ldap:$local_part@$domain})\
         (mail=${quote_ldap:$local_part@$domain})), over users, groups and contacts"
            .into(),
        "Where the forest has several domains, have it ask a global catalog, ports 3268 and 3269".into(),
        RELOAD.into(),
    ];
    vec![wanted.steps("widen the gateway's look-up (Exim)", steps), taken_into_use(wanted)]
}

/// How the units are called differs.
const RELOAD: &str =
    "Then have the daemon read it: SIGHUP to it, or systemctl reload (exim4 with Debian, exim elsewhere)";

fn taken_into_use(wanted: &Wanted) -> Remedy {
    let route = |address: &&str| Program::new("exim").word("-bt").value(*address);
    let routed = wanted.addresses.iter().take(1).map(route);
    let commands = [Program::new("exim").word("-bV")].into_iter().chain(routed).collect();
    let title = "Then see that Exim takes its configuration, and how it routes them";
    Remedy::programs("gateway", Shell::Sh, title, commands, Vec::new())
}

fn next_host_steps() -> Vec<String> {
    vec![
        "By its own words it asks the next host (verify = recipient/callout): have that one take them at RCPT".into(),
        "Or have the domain's router lead to a host that knows the mailboxes of both systems".into(),
    ]
}

/// What a callout said is kept in a hints database, which may be emptied at any time.
fn forget() -> Remedy {
    let on = |program| Program::new(program);
    let spool =
        |program: Program| program.placeholder("the spool directory, by exim -bP spool_directory").word("callout");
    Remedy::programs(
        "gateway",
        Shell::Sh,
        "Then have Exim forget what callouts said: it asks anew, and there is nothing to take back",
        vec![spool(on("exim_dumpdb")), spool(on("exim_tidydb").word("-t").word("1s"))],
        Vec::new(),
    )
}
