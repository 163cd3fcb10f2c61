//! What has a directory answer for those whose mailbox is elsewhere: the account that they have, else a mail contact.
use super::Group;
use crate::evidence::dn;
use crate::model::objects::{afar, taken_back, whole_forest};
use crate::model::recipients::{catalogs, holds, same, typed};
use crate::model::{Held, Object, Recipient};
use crate::prelude::*;
use alloc::collections::{BTreeMap, BTreeSet};

/// How those are called who are to get an object.
pub(super) struct Names<'a> {
    /// What a list, or their own system's directory, calls them.
    told: BTreeMap<&'a str, &'a str>,
    /// The names that more than one of them would have, or that an object has; small letters.
    taken: BTreeSet<String>,
}

impl<'a> Names<'a> {
    /// The names of all in `groups`, who get objects at `system`.
    pub(super) fn of(case: &'a Case, groups: &'a [Group], system: Option<&str>) -> Self {
        let mut told = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let objects = case.model.objects().iter().filter(|object| Some(object.system) == system);
        let mut taken: BTreeSet<String> =
            objects.filter_map(|object| dn::first(&object.entry.dn)).map(|name| name.to_lowercase()).collect();
        for recipient in groups.iter().flat_map(|group| &group.recipients) {
            let name = called(case, recipient, system);
            told.extend(name.map(|name| (recipient.address, name)));
            for name in name.map(|name| within(name, recipient.address)).into_iter().chain([plain(recipient.address)]) {
                if !seen.insert(name.to_lowercase()) {
                    taken.insert(name.to_lowercase());
                }
            }
        }
        Self { told, taken }
    }

    /// The name that an object for `address` gets, and its display name where that is another.
    fn name(&self, address: &str) -> (String, Option<String>) {
        let Some(told) = self.told.get(address) else { return (plain(address), None) };
        let name = within(told, address);
        match self.taken.contains(&name.to_lowercase()) {
            true => (within(&format!("{told} ({})", plain(address)), address), Some(name)),
            false => (name, None),
        }
    }
}

/// What `recipient` is called by the lists that name it, else by the directories of systems other than `system`.
fn called<'a>(case: &'a Case, recipient: &Recipient<'a>, system: Option<&str>) -> Option<&'a str> {
    let lists = case.evidence.files.iter().filter(|list| recipient.is_listed_by(&list.system));
    let listed = lists.filter_map(|list| list.names.get(recipient.address)).map(String::as_str);
    let others = recipient.directories.iter().filter(|held| Some(held.system) != system);
    let own = others
        .flat_map(|held| &held.entries)
        .filter(|entry| holds(entry, recipient.address) || is_named(entry, recipient.address));
    let fits = |name: &&str| name.chars().any(char::is_alphanumeric) && !name.contains(char::is_control);
    listed.chain(own.filter_map(|entry| entry.value("displayName"))).map(str::trim).find(fits)
}

/// Whether `mail` of `entry` is `address`.
fn is_named(entry: &Entry, address: &str) -> bool {
    entry.values("mail").iter().any(|mail| same(mail, address))
}

/// The commands that have the directory of `system` answer for `recipient`, and those that take them back. An account that
/// exists gets the address, so that the person has one object and not two.
pub(super) fn answer_for(
    recipient: &Recipient,
    names: &Names,
    system: Option<&str>,
    online: bool,
) -> (Vec<Cmdlet>, Vec<Cmdlet>) {
    let address = recipient.address;
    let held = recipient.directories.iter().find(|held| Some(held.system) == system).filter(|_| !online);
    if let Some((entry, noun)) = held.and_then(|held| existing(held, address)) {
        let far = held.and_then(|held| afar(held.directory, &entry.dn));
        let cmdlet = |verb| Cmdlet::of(verb, noun).with("Identity", &entry.dn);
        let enable = cmdlet("Enable").with("ExternalEmailAddress", address);
        // Without it the address policy gives an address that is made of the alias.
        let enable = enable.with("PrimarySmtpAddress", address);
        let enable = far.iter().map(|_| whole_forest()).chain([enable]).collect();
        let disable = cmdlet("Disable");
        let disable = if far.is_some() { disable.flag("IgnoreDefaultScope") } else { disable };
        return (enable, taken_back(disable.off("Confirm"), entry, far.as_deref()));
    }
    let (name, display) = names.name(address);
    let mut add = Cmdlet::new("New-MailContact").with("Name", name);
    if let Some(display) = display {
        add = add.with("DisplayName", display);
    }
    add = add.with("Alias", alias(address)).with("ExternalEmailAddress", address);
    // A tenant has neither address policies nor the parameter.
    if !online {
        add = add.with("PrimarySmtpAddress", address);
    }
    if let Some(why) = held.and_then(|held| doubt(held, address)) {
        add = add.remark(&why);
    }
    (vec![add], vec![Cmdlet::new("Remove-MailContact").with("Identity", address).off("Confirm")])
}

/// What exists already for `address` and Exchange knows nothing of, with the noun of its cmdlets: the one account of that
/// name, else the one object with the address in `mail`. Never one that has a mailbox, a target or addresses.
fn existing<'a>(held: &Held<'a>, address: &str) -> Option<(&'a Entry, &'static str)> {
    let by_mail = || held.entries.iter().copied().filter(|entry| is_named(entry, address));
    let mut all: Vec<&Entry> = named(held, address).collect();
    if all.is_empty() {
        all.extend(by_mail());
    }
    let [one] = all[..] else { return None };
    Some((one, noun(held, one)?))
}

/// The account, other than `object`, that bears `mail` as its user principal name: then the object is a second one of
/// somebody's.
pub(super) fn owner(case: &Case, object: &Object, mail: &str) -> Option<String> {
    let recipient = case.model.recipient(mail)?;
    let held = recipient.directories.iter().find(|held| held.system == object.system)?;
    let other = named(held, mail).find(|entry| !entry.dn.eq_ignore_ascii_case(&object.entry.dn));
    other.map(|entry| entry.dn.clone())
}

/// The accounts that bear the address as their user principal name.
fn named<'a>(held: &Held<'a>, address: &str) -> impl Iterator<Item = &'a Entry> {
    let named = |entry: &&Entry| entry.value("userPrincipalName").is_some_and(|name| same(name, address));
    accounts(held).chain(held.entries.clone().into_iter().filter(named))
}

/// Those that were found by it alone.
fn accounts<'a>(held: &Held<'a>) -> impl Iterator<Item = &'a Entry> + use<'a> {
    let (own, forest) = held.lookup.map_or((&[][..], &[][..]), |lookup| (&lookup.accounts, &lookup.forest_accounts));
    let known = |entry: &&Entry| !own.iter().any(|other| other.dn.eq_ignore_ascii_case(&entry.dn));
    own.iter().chain(forest.iter().filter(known))
}

/// The noun of the cmdlets that mail-enable `entry`; none where Exchange knows it already, or may.
fn noun(held: &Held, entry: &Entry) -> Option<&'static str> {
    const TELLING: [&str; 4] = ["homeMDB", "targetAddress", "proxyAddresses", "msExchMailboxGuid"];
    let from_catalog = held.own.is_none_or(|own| !own.iter().any(|one| one.dn.eq_ignore_ascii_case(&entry.dn)))
        && held.lookup.is_none_or(|lookup| !lookup.accounts.iter().any(|one| one.dn.eq_ignore_ascii_case(&entry.dn)));
    // What the global catalog lacks says nothing by its absence. A mailbox elsewhere has a target.
    let unseen = from_catalog && !TELLING[..3].iter().all(|name| catalogs(held.directory, &name.to_ascii_lowercase()));
    if unseen || typed(entry).is_some() || TELLING.iter().any(|name| entry.value(name).is_some()) {
        return None;
    }
    match () {
        () if entry.is("computer") => None,
        () if entry.is("contact") => Some("MailContact"),
        () if entry.is("user") => Some("MailUser"),
        () => None,
    }
}

/// What the person who makes a contact has to know of accounts.
fn doubt(held: &Held, address: &str) -> Option<String> {
    if let Some(entry) = named(held, address).next() {
        return Some(format!(
            "the account {} bears {address} as its user principal name; see first whose it is",
            entry.dn
        ));
    }
    let asked = &held.lookup?.filter;
    (!asked.is_empty() && !asked.contains("userPrincipalName"))
        .then(|| "whether an account of that name exists was not asked: one that does is for Enable-MailUser".into())
}

/// What is to be known of contacts, beside the commands that make them.
pub(super) fn about() -> Remedy {
    let steps = vec![
        "To keep one out of address lists: Set-MailContact or Set-MailUser with -HiddenFromAddressListsEnabled $true".into(),
        "Before its mailbox comes to Exchange the contact has to go, because one address is then on two objects (NSD411): note \
         its LegacyExchangeDN, remove the contact, and add X500: and that value to the addresses of the mailbox, so that \
         replies to old mail find it"
            .into(),
    ];
    Remedy::note("exchange", "What to know of such contacts", steps)
}

/// How long a name or an alias may be, in characters (Microsoft, "New-MailContact").
const LONGEST: usize = 64;

/// The name of an object for `address` where nobody says another.
fn plain(address: &str) -> String {
    within(&address.replace('@', " at "), address)
}

/// `text` within that; what is cut off is told apart by a sum over `address`.
fn within(text: &str, address: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.into();
    }
    let kept: String = text.chars().take(LONGEST - 9).collect();
    format!("{}-{}", kept.trim_end_matches(['.', ' ']), sum(address))
}

/// FNV-1a: no secret, but it seldom meets another's.
fn sum(text: &str) -> String {
    let sum = text.bytes().fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{sum:08x}")
}

/// The alias of a contact for `address`: letters, digits, dots, hyphens and underscores, as every version takes them.
fn alias(address: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let plain: String = address.chars().map(|c| if fits(c) { c } else { '.' }).collect();
    let parts: Vec<&str> = plain.split('.').filter(|part| !part.is_empty()).collect();
    let dotted = parts.join(".");
    match dotted == address.replace('@', ".") {
        true => within(&dotted, address),
        // Another address may give the same.
        false => within(&format!("{dotted}-{}", sum(address)), address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipients::gateway_rejects_other_mailbox::CHECK;
    use crate::stories::{World, object};

    /// What NSD401 has Exchange do for orders@contoso.com, and what takes that back.
    fn for_orders(world: &World) -> (Vec<String>, Vec<String>) {
        let mut notes = Notes::new(&CHECK);
        (CHECK.judge)(&Case::new(&world.question, &world.evidence), &mut notes);
        let remedy = notes.findings.remove(0).remedies.remove(0);
        let (commands, undo) = remedy.pairs().unwrap().next().unwrap();
        let all = |commands: &[crate::remedy::Command]| {
            commands.iter().flat_map(|one| one.lines().collect::<Vec<_>>()).collect()
        };
        (all(commands), all(undo))
    }

    fn contact(names: &str) -> String {
        format!(
            "New-MailContact {names} -Alias 'orders.contoso.com' -ExternalEmailAddress 'orders@contoso.com' \
             -PrimarySmtpAddress 'orders@contoso.com'"
        )
    }

    #[test]
    fn a_contact_is_called_as_the_list_calls_the_mailbox_and_no_two_are_called_alike() {
        let long = "Order Desk of Contoso, Berlin, Friedrichstrasse 1, second floor on the left";
        let cases: [(&str, &str, &str); 7] = [
            ("Order Desk", "Sales", "-Name 'Order Desk'"),
            ("Ordershop d’Ivoire", "", "-Name 'Ordershop d’’Ivoire'"),
            ("Order Desk", "order desk", "-Name 'Order Desk (orders at contoso.com)' -DisplayName 'Order Desk'"),
            // The name that the other one gets by itself.
            (
                "sales at contoso.com",
                "",
                "-Name 'sales at contoso.com (orders at contoso.com)' -DisplayName 'sales at contoso.com'",
            ),
            ("Taken", "", "-Name 'Taken (orders at contoso.com)' -DisplayName 'Taken'"),
            ("...", "", "-Name 'orders at contoso.com'"),
            (long, "", "-Name 'Order Desk of Contoso, Berlin, Friedrichstrasse 1, seco-5ee9c9cc'"),
        ];
        for (orders, sales, expected) in cases {
            let mut world = World::broken_gateway();
            world.noteworthy(&["user dn=CN=Taken,DC=contoso,DC=com proxyaddresses=SMTP:taken@contoso.com homemdb=DB1"]);
            let names = &mut world.evidence.files[0].names;
            names.insert("orders@contoso.com".into(), orders.into());
            if !sales.is_empty() {
                names.insert("sales@contoso.com".into(), sales.into());
            }
            let undo = vec!["Remove-MailContact -Identity 'orders@contoso.com' -Confirm:$false".to_string()];
            assert_eq!(for_orders(&world), (vec![contact(expected)], undo), "{orders}, {sales}");
        }
    }

    #[test]
    fn an_account_that_exists_gets_the_address_and_one_that_exchange_knows_never_does() {
        const UPN: &str = "userprincipalname=Orders@contoso.com";
        let enable = |dn: &str| {
            format!(
                "Enable-MailUser -Identity '{dn}' -ExternalEmailAddress 'orders@contoso.com' -PrimarySmtpAddress \
                 'orders@contoso.com'"
            )
        };
        let plain = contact("-Name 'orders at contoso.com'");
        let account = format!("user dn=CN=Orders {UPN}");
        let warned =
            "# the account CN=Orders bears orders@contoso.com as its user principal name; see first whose it is";
        let held = |attribute: &str| (format!("{account} {attribute}"), vec![warned.to_string(), plain.clone()]);
        let cases = [
            (account.clone(), vec![enable("CN=Orders")]),
            (format!("computer dn=CN=Orders {UPN}"), vec![warned.to_string(), plain.clone()]),
            held("homemdb=DB1"),
            held("msexchmailboxguid=1"),
            held("targetaddress=SMTP:o@fabrikam.com"),
            held("proxyaddresses=SMTP:o@fabrikam.com"),
            held("msexchrecipienttypedetails=1"),
            held("msexchrecipienttypedetails=2147483648"),
        ];
        for (entry, expected) in cases {
            let mut world = World::broken_gateway();
            world.holds("orders@contoso.com", &[], None);
            world.evidence.directories[0].lookups.last_mut().unwrap().accounts.push(object(&entry));
            assert_eq!(for_orders(&world).0, expected, "{entry}");
        }
        // By its name before by its mail, and by neither where there are two.
        let second = "user dn=CN=Admin mail=orders@contoso.com";
        let mut world = World::broken_gateway();
        world.holds("orders@contoso.com", &[second], None);
        let undo = [
            "Disable-MailUser -Identity 'CN=Admin' -Confirm:$false",
            "Set-ADObject -Identity 'CN=Admin' -Replace @{mail='orders@contoso.com'}",
        ];
        assert_eq!(for_orders(&world), (vec![enable("CN=Admin")], undo.map(String::from).to_vec()));
        world.evidence.directories[0].lookups.last_mut().unwrap().accounts.push(object(&account));
        assert_eq!(for_orders(&world).0, [enable("CN=Orders")]);
        world.holds("orders@contoso.com", &[second, "user dn=CN=Third mail=orders@contoso.com"], None);
        assert_eq!(for_orders(&world).0, [&*plain]);
        world.holds("orders@contoso.com", &["contact dn=CN=Card mail=orders@contoso.com"], None);
        assert_eq!(for_orders(&world).0, [enable("CN=Card").replace("MailUser", "MailContact")]);
        // A catalog that hides what tells a mailbox says nothing.
        world.holds("orders@contoso.com", &[], Some(&[]));
        world.evidence.directories[0].lookups.last_mut().unwrap().forest_accounts.push(object(&account));
        assert_eq!(for_orders(&world).0, [enable("CN=Orders")]);
        world.evidence.directories[0].catalog_attributes =
            Observed::Known(vec!["proxyaddresses".into(), "targetaddress".into()]);
        assert_eq!(for_orders(&world).0, [warned.to_string(), plain.clone()]);
        // Who was swept for was not asked for by name.
        world.holds("orders@contoso.com", &[], None);
        world.evidence.directories[0].lookups.last_mut().unwrap().filter = "(|(proxyAddresses=*)(mail=*))".into();
        let unasked = "# whether an account of that name exists was not asked: one that does is for Enable-MailUser";
        assert_eq!(for_orders(&world).0, [unasked, &plain]);
    }

    #[test]
    fn what_another_systems_directory_holds_is_no_account_here() {
        let mut world = World::broken_gateway();
        let mut other = world.evidence.directories[0].clone();
        other.system = "zimbra".into();
        world.evidence.directories.push(other);
        world.directory_at(1, "orders@contoso.com", "user mail=orders@contoso.com displayName=Desk");
        assert_eq!(for_orders(&world).0, [contact("-Name 'Desk'")], "but it tells the name");
    }

    #[test]
    fn a_session_is_told_of_an_account_in_another_domain() {
        let mut world = World::broken_gateway();
        world.holds("orders@contoso.com", &[], None);
        let account =
            "user dn=CN=Orders,DC=child,DC=contoso,DC=com userprincipalname=orders@contoso.com mail=o@contoso.com";
        world.evidence.directories[0].lookups.last_mut().unwrap().accounts.push(object(account));
        let dn = "'CN=Orders,DC=child,DC=contoso,DC=com'";
        let enable = format!(
            "Enable-MailUser -Identity {dn} -ExternalEmailAddress 'orders@contoso.com' -PrimarySmtpAddress \
             'orders@contoso.com'"
        );
        let disable = |switch: &str| format!("Disable-MailUser -Identity {dn}{switch} -Confirm:$false");
        let mail = |server: &str| format!("Set-ADObject -Identity {dn}{server} -Replace @{{mail='o@contoso.com'}}");
        let near = (vec![enable.clone()], vec![disable(""), mail("")]);
        assert_eq!(for_orders(&world), near, "whose domain Exchange is in is not known");
        world.organisation().servers = Observed::Known(vec![server("exch01.corp.contoso.com")]);
        let all = "Set-ADServerSettings -ViewEntireForest $true".to_string();
        let far = (vec![all, enable], vec![disable(" -IgnoreDefaultScope"), mail(" -Server 'child.contoso.com'")]);
        assert_eq!(for_orders(&world), far);
        world.organisation().servers = Observed::Known(vec![server("exch01.child.contoso.com")]);
        assert_eq!(for_orders(&world), near);
    }

    fn server(fqdn: &str) -> crate::evidence::servers::ExchangeServer {
        crate::evidence::servers::ExchangeServer { fqdn: Some(fqdn.into()), ..Default::default() }
    }

    #[test]
    fn a_contact_has_a_name_and_an_alias_that_exchange_takes_and_that_are_its_own() {
        let long = format!("{}@contoso.com", "x".repeat(60));
        let cases = [
            ("orders@contoso.com", "orders.contoso.com"),
            // What is told apart by a sum is the same up to there.
            ("o'neil@contoso.com", "o.neil.contoso.com-"),
            ("o+neil@contoso.com", "o.neil.contoso.com-"),
            ("jörg@contoso.com", "j.rg.contoso.com-"),
        ];
        for (address, expected) in cases {
            let alias = alias(address);
            let sum = alias.strip_prefix(expected).map(str::len);
            assert_eq!(sum, Some(if expected.ends_with('-') { 8 } else { 0 }), "{address}: {alias}");
        }
        assert_ne!(alias("o'neil@contoso.com"), alias("o+neil@contoso.com"));
        for address in [&*long, "ä@contoso.com", &format!("{long}.example"), "a.@b"] {
            let (alias, name) = (alias(address), within(&address.replace('@', " at "), address));
            assert!(alias.chars().count() <= LONGEST && name.chars().count() <= LONGEST, "{alias} {name}");
            assert!(!alias.contains("..") && !alias.ends_with('.') && !alias.starts_with('.'), "{alias}");
        }
        assert_ne!(alias(&long), alias(&format!("{long}.example")));
    }
}
