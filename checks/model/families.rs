//! What gateways ask a directory about a recipient: the families of filter that vendors document, and where they ask.
use super::recipients::{catalogs, holds, same};
use super::{Held, HopView, Model, Outcome, Recipient};
use crate::prelude::*;
use crate::remedy::quoting::ldap;

/// A family of filters. The first seven are those of the vendors' defaults; two more are variants that vendors document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// F1: every object that holds the address in `proxyAddresses` (Symantec and Postfix by default).
    Proxy,
    /// F2: `mail` alone.
    Mail,
    /// F3: either (Cisco by default).
    Either,
    /// F4: people alone (Postfix, in many recipes).
    Person,
    /// F5: users whose account is not disabled (E-MailRelay).
    EnabledUser,
    /// F6: users, groups and public folders (Exim, in many recipes).
    UserGroupFolder,
    /// F7: `targetAddress` alone.
    Target,
    /// F1 without disabled accounts (Symantec's recommended variant, and Proofpoint Essentials).
    Enabled,
    /// F1 of people and groups (Postfix).
    PersonOrGroup,
}

/// Where a gateway asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// At a domain controller, below the naming context of its domain (Barracuda's default).
    Domain,
    /// At a global catalog, in the whole forest.
    Forest,
}

impl Family {
    /// All of them, the plainest first.
    pub const ALL: [Self; 9] = [
        Self::Proxy,
        Self::Either,
        Self::Mail,
        Self::Enabled,
        Self::Person,
        Self::PersonOrGroup,
        Self::UserGroupFolder,
        Self::EnabledUser,
        Self::Target,
    ];

    /// The filter, as RFC 4515 writes it.
    pub fn filter(self) -> &'static str {
        match self {
            Self::Proxy => "(proxyAddresses=smtp:<address>)",
            Self::Mail => "(mail=<address>)",
            Self::Either => "(|(mail=<address>)(proxyAddresses=smtp:<address>))",
            Self::Person => "(&(objectClass=person)(proxyAddresses=smtp:<address>))",
            Self::EnabledUser => {
                "(&(objectClass=user)(!(userAccountControl:1.2.840.113556.1.4.803:=2))(proxyAddresses=smtp:<address>))"
            }
            Self::UserGroupFolder => {
                "(&(|(objectClass=user)(objectClass=group)(objectClass=publicFolder))(proxyAddresses=smtp:<address>))"
            }
            Self::Target => "(targetAddress=smtp:<address>)",
            Self::Enabled => "(&(proxyAddresses=smtp:<address>)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
            Self::PersonOrGroup => "(&(|(objectClass=person)(objectClass=group))(proxyAddresses=smtp:<address>))",
        }
    }

    /// The filter with `address` in it.
    pub fn filter_for(self, address: &str) -> String {
        self.filter().replace("<address>", &ldap(address))
    }

    /// What it misses, in words; none where it misses no recipient of Exchange's.
    pub fn misses(self) -> Option<&'static str> {
        match self {
            Self::Proxy | Self::Either => None,
            Self::Mail => Some("aliases"),
            Self::Person => Some("groups and public folders"),
            Self::EnabledUser => Some("contacts, groups, public folders and disabled accounts"),
            Self::UserGroupFolder => Some("contacts and dynamic groups"),
            Self::Target => Some("all but contacts and mail users"),
            Self::Enabled => Some("disabled accounts"),
            Self::PersonOrGroup => Some("public folders and dynamic groups"),
        }
    }

    /// Whether it leaves out kinds of objects.
    pub fn by_kind(self) -> bool {
        !matches!(self, Self::Proxy | Self::Mail | Self::Either | Self::Target)
    }

    /// Whether the filter with `address` in it matches `entry`, where the server `sees` an attribute (lower case).
    pub fn matches(self, entry: &Entry, address: &str, sees: impl Fn(&str) -> bool) -> bool {
        let by_proxy = || sees("proxyaddresses") && holds(entry, address);
        let by_mail = || sees("mail") && entry.values("mail").iter().any(|mail| same(mail, address));
        match self {
            Self::Proxy => by_proxy(),
            Self::Mail => by_mail(),
            Self::Either => by_mail() || by_proxy(),
            Self::Person => is_person(entry) && by_proxy(),
            Self::EnabledUser => entry.is("user") && !is_disabled(entry) && by_proxy(),
            Self::UserGroupFolder => ["user", "group", "publicFolder"].iter().any(|each| entry.is(each)) && by_proxy(),
            Self::Target => sees("targetaddress") && targets(entry, address),
            Self::Enabled => !is_disabled(entry) && by_proxy(),
            Self::PersonOrGroup => (is_person(entry) || entry.is("group")) && by_proxy(),
        }
    }
}

/// Whether the object is of class `person`: users and contacts are, though not every source spells their classes out.
fn is_person(entry: &Entry) -> bool {
    ["person", "user", "contact"].iter().any(|class| entry.is(class))
}

/// Whether the object is a disabled account (`userAccountControl`, bit 0x2). Where the source does not show that, as exports
/// of Get-Recipient do not: linked, shared, room and equipment mailboxes have disabled accounts by design.
pub fn is_disabled(entry: &Entry) -> bool {
    const BY_DESIGN: i64 = 1 << 1 | 1 << 2 | 1 << 4 | 1 << 5 | 1 << 33 | 1 << 34 | 1 << 35;
    let designed = |kind: i64| kind.count_ones() == 1 && kind & BY_DESIGN != 0;
    let by_type = || entry.integer("msExchRecipientTypeDetails").is_some_and(designed);
    entry.integer("userAccountControl").map_or_else(by_type, |bits| bits & 0x2 != 0)
}

fn targets(entry: &Entry, address: &str) -> bool {
    let target = entry.value("targetAddress").and_then(|target| target.split_once(':'));
    target.is_some_and(|(kind, rest)| kind.eq_ignore_ascii_case("smtp") && same(rest, address))
}

/// One look-up that a gateway may make: a family, asked somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Query<'a> {
    /// The system whose directory is asked.
    pub system: &'a str,
    /// The filter.
    pub family: Family,
    /// Where.
    pub scope: Scope,
    /// Whether there is another source beside it, for those who are on another system's list.
    pub lists: bool,
}

impl Query<'_> {
    /// Whether it finds `recipient`; none where the evidence does not tell.
    pub fn finds(&self, recipient: &Recipient) -> Option<bool> {
        recipient.directories.iter().find(|held| held.system == self.system)?.answers(self, recipient.address)
    }

    /// Whether a gateway that asks so decides like this; none where the evidence does not tell.
    pub fn agrees(&self, decision: &Decision) -> Option<bool> {
        let found = self.finds(decision.recipient)?;
        let otherwise = self.lists && decision.accepted && decision.recipient.listed().is_some();
        Some(found == decision.accepted || otherwise)
    }
}

/// A look-up that agrees with all that a hop decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation<'a> {
    /// The look-up.
    pub query: Query<'a>,
    /// Whether it is the same wherever it is asked, as far as is known.
    pub anywhere: bool,
}

impl Explanation<'_> {
    /// What such a look-up misses, in words; none where it misses nothing.
    pub fn misses(&self) -> Option<String> {
        let elsewhere = match (self.anywhere, self.query.scope) {
            (true, _) => None,
            (_, Scope::Domain) => Some("other domains of the forest"),
            (_, Scope::Forest) => Some("what the global catalog does not hold"),
        };
        let all: Vec<&str> = self.query.family.misses().into_iter().chain(elsewhere).collect();
        (!all.is_empty()).then(|| all.join(", and "))
    }

    /// In words: `(mail=<address>), which misses aliases`.
    pub fn words(&self) -> String {
        let place = match (self.anywhere, self.query.scope) {
            (true, _) => "",
            (_, Scope::Domain) => " in one domain alone",
            (_, Scope::Forest) => " at the global catalog",
        };
        let beside = if self.query.lists { " beside the other system's list" } else { "" };
        let misses = self.misses().map(|misses| format!(", which misses {misses}")).unwrap_or_default();
        format!("{}{place}{beside}{misses}", self.query.family.filter())
    }

    /// Those that the gateway accepted although the look-up misses them: the list beside it has them.
    pub fn from_list<'x>(&self, decisions: &[Decision<'_, 'x>]) -> Vec<&'x str> {
        let missed = |one: &&Decision| one.accepted && self.query.finds(one.recipient) == Some(false);
        decisions.iter().filter(missed).map(|one| one.recipient.address).collect()
    }
}

impl Held<'_> {
    /// Whether the directory has an answer to `query` for `address`; none where nobody asked there.
    fn answers(&self, query: &Query, address: &str) -> Option<bool> {
        let family = query.family;
        match query.scope {
            Scope::Domain => Some(self.own?.iter().any(|entry| family.matches(entry, address, |_| true))),
            Scope::Forest => {
                let sees = |attribute: &str| catalogs(self.directory, attribute);
                Some(self.forest?.iter().any(|entry| family.matches(entry, address, sees)))
            }
        }
    }
}

/// What a hop decided about one recipient.
pub struct Decision<'m, 'a> {
    /// The recipient.
    pub recipient: &'m Recipient<'a>,
    /// Whether it was accepted.
    pub accepted: bool,
    /// The JSON Pointer to the reply.
    pub pointer: String,
    /// When the session began in which it was heard.
    pub when: &'a str,
}

impl Decision<'_, '_> {
    /// Whether a directory holds the recipient, which was refused all the same.
    pub fn wrongly_refused(&self) -> bool {
        !self.accepted && self.recipient.resolves()
    }
}

impl<'a> Model<'a> {
    /// What `hop` decided that can be believed: nothing where it accepts everybody, or nobody knows whether it does.
    pub fn decisions(&self, hop: &HopView) -> Vec<Decision<'_, 'a>> {
        if hop.validates() != Some(true) {
            return Vec::new();
        }
        let decision = |recipient: &Recipient| {
            let heard = hop.word_on(recipient.address)?;
            let unknown = heard.meaning == Meaning::UnknownRecipient && hop.control(heard).is_some();
            let when = self.evidence.smtp.get(heard.session).map_or("", |session| &session.started_at);
            match heard.outcome() {
                Outcome::Accepted => Some((true, heard.pointer(), when)),
                Outcome::Rejected if unknown => Some((false, heard.pointer(), when)),
                _ => None,
            }
        };
        let decided = |recipient| {
            let (accepted, pointer, when) = decision(recipient)?;
            Some(Decision { recipient, accepted, pointer, when })
        };
        self.recipients.iter().filter_map(decided).collect()
    }

    /// The look-ups that agree with all of `decisions`, the plainest first; one that needs another source beside it only
    /// where it does not agree without.
    pub fn explanations(&self, decisions: &[Decision<'_, 'a>]) -> Vec<Explanation<'a>> {
        // Nobody asks for targets alone without finding somebody.
        let finds =
            |query: &Query| decisions.iter().any(|one| one.accepted && query.finds(one.recipient) == Some(true));
        let agrees = |query: &Query| {
            let (agrees, of) = agreement(query, decisions)?;
            Some(agrees == of && (query.family != Family::Target || finds(query)))
        };
        let mut found: Vec<Explanation> = Vec::new();
        for query in self.queries().filter(|query| query.scope == Scope::Domain) {
            let catalog = Query { scope: Scope::Forest, ..query };
            let explanation = match (agrees(&query), agrees(&catalog)) {
                (Some(true), other) => Explanation { query, anywhere: other != Some(false) },
                (_, Some(true)) => Explanation { query: catalog, anywhere: false },
                _ => continue,
            };
            let without = |known: &Explanation| {
                (known.query.system, known.query.family) == (query.system, query.family) && !known.query.lists
            };
            if !found.iter().any(without) {
                found.push(explanation);
            }
        }
        found
    }

    /// Every look-up that there may be evidence for.
    pub fn queries(&self) -> impl Iterator<Item = Query<'a>> {
        let held = self.recipients.first().into_iter().flat_map(|one| &one.directories);
        let systems: Vec<&'a str> = held.map(|held| held.system).collect();
        systems.into_iter().flat_map(|system| {
            Family::ALL.into_iter().flat_map(move |family| {
                [false, true].into_iter().flat_map(move |lists| {
                    [Scope::Domain, Scope::Forest].map(|scope| Query { system, family, scope, lists })
                })
            })
        })
    }
}

/// With how many of `decisions` a look-up agrees, and of how many; none where too little of the evidence is there.
pub fn agreement(query: &Query, decisions: &[Decision]) -> Option<(usize, usize)> {
    let played = decisions.iter().filter_map(|one| query.agrees(one));
    let (mut agrees, mut of) = (0, 0);
    for agreed in played {
        agrees += usize::from(agreed);
        of += 1;
    }
    // A look-up is not cleared by those of whom nobody asked.
    (of > 0 && of == decisions.len()).then_some((agrees, of))
}

/// `7 decisions (5 accepted, 2 refused)`.
pub fn tally(decisions: &[Decision]) -> String {
    let accepted = decisions.iter().filter(|decision| decision.accepted).count();
    let refused = decisions.len() - accepted;
    format!("{} ({accepted} accepted, {refused} refused)", count(decisions.len(), "decision"))
}

#[cfg(test)]
mod tests {
    use super::Family::*;
    use super::*;
    use crate::stories::{GATEWAY, World};

    /// Which families accept `address`, asked for in the domain and at the global catalog.
    fn accepting(world: &World, address: &str) -> [Vec<Family>; 2] {
        let case = Case::new(&world.question, &world.evidence);
        let recipient = case.model.recipients.iter().find(|one| one.address == address).unwrap();
        let at = |scope| {
            let query = |family| Query { system: "corp", family, scope, lists: false };
            Family::ALL.into_iter().filter(|family| query(*family).finds(recipient) == Some(true)).collect()
        };
        [at(Scope::Domain), at(Scope::Forest)]
    }

    #[test]
    fn each_kind_of_object_is_found_by_some_and_missed_by_others() {
        let a = "orders@contoso.com";
        let all = [Proxy, Either, Mail, Enabled, Person, PersonOrGroup, UserGroupFolder, EnabledUser];
        let (mail, proxy) = ("mail=orders@contoso.com", "proxyaddresses=SMTP:orders@contoso.com");
        let cases: [(&str, String, &[Family]); 10] = [
            (
                "a shared mailbox of an export that does not show accounts",
                format!("user {mail} {proxy} homemdb=DB1 msexchrecipienttypedetails=4"),
                &[Proxy, Either, Mail, Person, PersonOrGroup, UserGroupFolder],
            ),
            ("a mailbox", format!("user {mail} {proxy} homemdb=DB1 useraccountcontrol=512"), &all),
            (
                "a contact",
                format!("contact {mail} {proxy} targetaddress=SMTP:orders@zimbra.contoso.com"),
                &[Proxy, Either, Mail, Enabled, Person, PersonOrGroup],
            ),
            (
                "a contact that targets itself",
                format!("contact {mail} {proxy} targetaddress=smtp:Orders@Contoso.com"),
                &[Proxy, Either, Mail, Enabled, Person, PersonOrGroup, Target],
            ),
            (
                "a group",
                format!("group {mail} {proxy}"),
                &[Proxy, Either, Mail, Enabled, PersonOrGroup, UserGroupFolder],
            ),
            (
                "a dynamic group",
                format!("msExchDynamicDistributionList {mail} {proxy}"),
                &[Proxy, Either, Mail, Enabled],
            ),
            (
                "a public folder",
                format!("publicFolder {mail} {proxy}"),
                &[Proxy, Either, Mail, Enabled, UserGroupFolder],
            ),
            (
                "a shared mailbox, whose account is disabled",
                format!("user {mail} {proxy} homemdb=DB1 useraccountcontrol=514"),
                &[Proxy, Either, Mail, Person, PersonOrGroup, UserGroupFolder],
            ),
            (
                "an alias",
                "user mail=o@contoso.com proxyaddresses=SMTP:o@contoso.com proxyaddresses=smtp:orders@contoso.com"
                    .into(),
                &[Proxy, Either, Enabled, Person, PersonOrGroup, UserGroupFolder, EnabledUser],
            ),
            ("mail alone", format!("user {mail}"), &[Either, Mail]),
        ];
        for (name, object, expected) in cases {
            let mut world = World::healthy();
            world.holds(a, &[&object], None);
            assert_eq!(accepting(&world, a), [expected.to_vec(), vec![]], "{name}");
            world.holds(a, &[], Some(&[&object]));
            assert_eq!(accepting(&world, a), [vec![], expected.to_vec()], "{name}, of a child domain");
        }
    }

    #[test]
    fn a_catalog_answers_from_the_attributes_that_it_holds() {
        let a = "orders@contoso.com";
        let object = "user mail=orders@contoso.com proxyaddresses=SMTP:orders@contoso.com";
        let mut world = World::healthy();
        world.holds(a, &[object], Some(&[object]));
        world.evidence.directories[0].catalog_attributes = Observed::Known(vec!["mail".into()]);
        let [domain, forest] = accepting(&world, a);
        assert_eq!((domain.len(), forest), (8, vec![Either, Mail]));
    }

    #[test]
    fn a_look_up_explains_a_gateway_that_it_agrees_with_in_everything() {
        let unknown = "550 5.1.1 User unknown in relay recipient table";
        let user = "user mail=helpdesk@contoso.com proxyaddresses=SMTP:helpdesk@contoso.com";
        let contact = "contact mail=orders@contoso.com proxyaddresses=SMTP:orders@contoso.com";
        let alias = "user mail=o@contoso.com proxyaddresses=SMTP:o@contoso.com proxyaddresses=smtp:orders@contoso.com";
        let child = "user mail=orders@contoso.com proxyaddresses=SMTP:orders@contoso.com";
        type Row<'a> = (&'a str, &'a [&'a str], Option<&'a [&'a str]>, &'a [(Family, &'a str)]);
        let cases: [Row; 5] = [
            ("nobody", &[], None, &[(Proxy, ""), (Either, ""), (Mail, "aliases"), (Enabled, "disabled accounts")]),
            (
                "a contact",
                &[contact],
                None,
                &[
                    (UserGroupFolder, "contacts and dynamic groups"),
                    (EnabledUser, "contacts, groups, public folders and disabled accounts"),
                ],
            ),
            ("an alias", &[alias], None, &[(Mail, "aliases")]),
            ("an alias, seen in the forest too", &[alias], Some(&[alias]), &[(Mail, "aliases")]),
            (
                "a child's user",
                &[],
                Some(&[child]),
                &[(Proxy, "other domains of the forest"), (Either, "other domains of the forest")],
            ),
        ];
        for (name, own, forest, expected) in cases {
            let mut world = World::healthy();
            world.holds("helpdesk@contoso.com", &[user], None);
            if forest.is_some() {
                world.holds("helpdesk@contoso.com", &[user], Some(&[user]));
                world.holds("sales@contoso.com", &[], Some(&[]));
            }
            world.holds("orders@contoso.com", own, forest);
            world.evidence.files[0].addresses = Observed::Known(vec!["sales@contoso.com".into()]);
            world.question.known_good.push("orders@contoso.com".into());
            world.rcpt(GATEWAY, "orders@contoso.com", unknown);
            let case = Case::new(&world.question, &world.evidence);
            let decisions = case.model.decisions(case.model.hops_of(Role::Gateway).next().unwrap());
            assert_eq!(tally(&decisions), "3 decisions (2 accepted, 1 refused)");
            let found = case.model.explanations(&decisions);
            let found: Vec<_> = found.iter().map(|one| (one.query.family, one.misses().unwrap_or_default())).collect();
            let found: Vec<_> = found.iter().map(|(family, misses)| (*family, &**misses)).collect();
            assert_eq!(found.get(..expected.len()), Some(expected), "{name}: {found:?}");
        }
    }
}
