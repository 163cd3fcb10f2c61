//! What to write into Postfix's configuration, and how it takes it into use (postconf(5), postmap(1), DATABASE_README,
//! LDAP_README and ADDRESS_VERIFICATION_README of Postfix).
use super::remedies::{Wanted, next_host};
use crate::prelude::*;
use crate::remedy::{Program, Shell};

/// The tables that its refusals name, with the parameters that list their maps (smtpd_check.c).
const TABLES: [(&str, &str); 4] = [
    ("unknown in relay recipient table", "relay_recipient_maps"),
    ("unknown in virtual alias table", "virtual_alias_maps"),
    ("unknown in virtual mailbox table", "virtual_mailbox_maps"),
    ("unknown in local recipient table", "local_recipient_maps"),
];

/// The parameter that lists the maps which a refusal names.
pub fn maps(refusal: &str) -> Option<&'static str> {
    let text = refusal.to_lowercase();
    TABLES.iter().find(|(words, _)| text.contains(words)).map(|(_, maps)| *maps)
}

/// It is told of the other system's mailboxes by a map of its own; no map needs to be built of a texthash.
pub(super) fn second_system(wanted: &Wanted) -> Vec<Remedy> {
    if wanted.asks_next_host {
        return vec![
            wanted.steps("tell the gateway (Postfix) of the other system's mailboxes", next_host_steps()),
            forget(),
        ];
    }
    let maps = wanted.refusal.as_deref().and_then(maps).unwrap_or("relay_recipient_maps");
    let one = wanted.addresses.first().copied().unwrap_or("ADDRESS");
    // What such a map gives is an address; of the others any value will do.
    let value = if maps == "virtual_alias_maps" { one } else { "OK" };
    let mut steps = vec![
        format!("Write {FILE}, a line for each mailbox of the other system, as in: {one} {value}"),
        format!(
            "In /etc/postfix/main.cf put texthash:{FILE} behind the maps that {maps} lists: each is asked until one knows"
        ),
    ];
    if let Some((host, port)) = next_host(wanted.case) {
        // In brackets a name is a host and no mail domain (transport(5)).
        let port = if port == 25 { String::new() } else { format!(":{port}") };
        steps.push(format!(
            "Where the next host does not hand them on, route them there: {one} relay:[{host}]{port}, in a map of \
             transport_maps"
        ));
    }
    steps.push(
        "Or, in place of a list, put reject_unverified_recipient behind reject_unauth_destination in \
         smtpd_recipient_restrictions, with address_verify_transport_maps to a host that knows the mailboxes of both systems"
            .into(),
    );
    let known = |address: &&str| {
        Program::new("postmap").word("-q").value(*address).word("texthash:/etc/postfix/other_recipients")
    };
    let known: Vec<Program> = wanted.addresses.iter().take(1).map(known).collect();
    vec![wanted.steps("tell the gateway (Postfix) of the other system's mailboxes", steps), taken_into_use(known)]
}

const FILE: &str = "/etc/postfix/other_recipients";

/// Its LDAP map finds whomever the directory holds, or an alias map leads to an address that it finds.
pub(super) fn widen(wanted: &Wanted) -> Vec<Remedy> {
    if wanted.asks_next_host {
        return vec![wanted.steps("widen the gateway's look-up (Postfix)", next_host_steps()), forget()];
    }
    let maps = wanted.refusal.as_deref().and_then(maps).unwrap_or("relay_recipient_maps");
    let mut steps = vec![
        format!("In the file of its LDAP map, which {maps} names: query_filter = (|(proxyAddresses=smtp:%s)(mail=%s))"),
        "There too: server_port = 3268, where the forest has several domains, with server_host of a global catalog"
            .into(),
    ];
    if let Some((alias, primary)) = wanted.aliases().first() {
        steps.push(format!(
            "Or, where the filter is to stay, lead each alias to an address that it finds, in a map of virtual_alias_maps, as \
             in: {alias} {primary}"
        ));
    }
    let ask = |address: &&str| {
        let ask = Program::new("postmap").word("-q").value(*address);
        ask.placeholder("the LDAP map, such as ldap:/etc/postfix/recipients.cf")
    };
    let known: Vec<Program> = wanted.addresses.iter().take(1).map(ask).collect();
    vec![wanted.steps("widen the gateway's look-up (Postfix)", steps), taken_into_use(known)]
}

fn taken_into_use(known: Vec<Program>) -> Remedy {
    let commands = known.into_iter().chain([Program::new("postfix").word("check"), reload()]).collect();
    let undo = vec![reload().remark("take the lines out of the files again first")];
    let title = "Then see that Postfix finds them, and have it read its configuration";
    Remedy::programs("gateway", Shell::Sh, title, commands, undo)
}

fn reload() -> Program {
    Program::new("postfix").word("reload")
}

fn next_host_steps() -> Vec<String> {
    vec![
        "By its own words it asks the next host (reject_unverified_recipient): have that one take them at RCPT".into(),
        "Or point address_verify_transport_maps at a host that knows the mailboxes of both systems".into(),
    ]
}

/// It keeps no refusal while one tests; as shipped it does (postconf(5), address_verify_negative_cache).
fn forget() -> Remedy {
    let keep = |word| Program::new("postconf").word("-e").word(word);
    Remedy::programs(
        "gateway",
        Shell::Sh,
        "Then have Postfix keep no refusal while you test: what it keeps it asks about after three hours at the earliest",
        vec![
            Program::new("postconf").word("address_verify_negative_cache").remark("note what it is now"),
            keep("address_verify_negative_cache=no"),
            reload(),
        ],
        vec![keep("address_verify_negative_cache=yes").remark("as shipped; else what it was before"), reload()],
    )
}
