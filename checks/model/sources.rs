//! Where a gateway has its recipients from, as its decisions show it.
//!
//! Nobody reads a gateway's look-up from outside: what follows is inferred, and a list of its own that lacks exactly those
//! whom it refuses explains everything as well.
use super::families::{Decision, Family, Query, Scope, tally};
use super::{HopView, Model, Outcome, Recipient};
use crate::prelude::*;

/// A rule of a few decisions is chance: so many of each kind are needed.
pub const ENOUGH: usize = 3;

/// Where recipients may come from.
#[derive(Clone, Copy)]
pub(super) enum Source<'m, 'a> {
    /// The list of a system.
    List(&'a str),
    /// A directory, asked so.
    LookUp(Query<'a>),
    /// Another host, asked about each recipient (call-ahead, callout, address verification).
    NextHost(&'m HopView<'a>),
}

impl<'m, 'a> Source<'m, 'a> {
    /// All that there may be evidence for where `hop` decides.
    pub(super) fn all(model: &'m Model<'a>, hop: &HopView) -> Vec<Self> {
        let lists = model.recipients.first().into_iter().flat_map(|one| &one.lists);
        let mut all: Vec<Self> = lists.map(|list| Self::List(list.system)).collect();
        all.extend(model.queries().map(Self::LookUp));
        // Who asks a host that takes everybody refuses nobody.
        let next = model.hops.iter().filter(|next| next.hop.role != Role::Gateway && next.validates() == Some(true));
        let itself = |next: &&HopView| next.hop.address.is_some() && next.hop.address == hop.hop.address;
        all.extend(next.filter(|next| !itself(next)).map(Self::NextHost));
        all
    }

    /// Whether it has `recipient`; none where the evidence does not tell.
    pub(super) fn has(&self, recipient: &Recipient) -> Option<bool> {
        match self {
            Self::List(system) => recipient.lists.iter().find(|list| list.system == *system).map(|list| list.listed),
            Self::LookUp(query) => Some(query.finds(recipient)? || query.lists && recipient.listed().is_some()),
            Self::NextHost(next) => {
                let heard = next.word_on(recipient.address)?;
                match heard.outcome() {
                    Outcome::Accepted => Some(true),
                    Outcome::Rejected if heard.meaning == Meaning::UnknownRecipient => Some(false),
                    _ => None,
                }
            }
        }
    }

    /// The decisions that it would not have made; none where the evidence does not tell of all.
    pub(super) fn exceptions<'x>(&self, decisions: &[Decision<'_, 'x>]) -> Option<Vec<&'x str>> {
        let mut exceptions = Vec::new();
        for one in decisions {
            if self.has(one.recipient)? != one.accepted {
                exceptions.push(one.recipient.address);
            }
        }
        Some(exceptions)
    }

    /// Whether it agrees with all of `decisions` of which the evidence tells, and there are others.
    fn may_lead(&self, decisions: &[Decision]) -> bool {
        let known = || decisions.iter().filter_map(|one| Some(self.has(one.recipient)? == one.accepted));
        let number = known().count();
        number > 0 && number < decisions.len() && known().all(|agrees| agrees)
    }

    /// How much it supposes: one source, or two.
    fn rank(&self) -> u8 {
        if matches!(self, Self::LookUp(query) if query.lists) { 2 } else { 1 }
    }

    fn is_next_host(&self) -> bool {
        matches!(self, Self::NextHost(_))
    }

    fn name(&self) -> String {
        match self {
            Self::List(system) => format!("the list of {system}"),
            Self::LookUp(Query { system, lists: true, .. }) => {
                format!("the directory of {system}, beside the other system's list,")
            }
            Self::LookUp(query) => format!("the directory of {}", query.system),
            Self::NextHost(next) => format!("{}, asked about each recipient (call-ahead),", next.name()),
        }
    }
}

/// What a gateway's decisions follow.
pub struct Inferred<'m, 'a> {
    /// In words, each exception named: `the list of zimbra would`.
    pub words: String,
    /// What it decided.
    pub decisions: Vec<Decision<'m, 'a>>,
    /// With how many of those the best sources agree.
    pub agrees: usize,
    /// The refusal whose words say that the next host was asked.
    pub quote: Option<String>,
    /// How many sources are named, where a source is a filter, a list or a host.
    pub alternatives: usize,
    /// Addresses that it was not asked about and whose answers would tell the sources apart, the best first.
    pub would_decide: Vec<&'a str>,
    /// Whom it both accepted and refused: they count for nothing.
    pub wavers: Vec<&'a str>,
    /// The sources that agree with so many.
    leading: Vec<Source<'m, 'a>>,
    /// Those that agree with all of which the evidence tells, and it does not tell of all.
    rivals: Vec<Source<'m, 'a>>,
}

impl Inferred<'_, '_> {
    /// Whether the gateway would accept `recipient`, whom it was not asked about: none unless its sources agree with each
    /// of its decisions, and with one another about this one.
    pub fn accepts(&self, recipient: &Recipient) -> Option<bool> {
        self.would(recipient).filter(|_| self.agrees == self.decisions.len())
    }

    /// Whether its sources have `recipient`, whatever the gateway decided: none where they do not agree with one another.
    pub fn would(&self, recipient: &Recipient) -> Option<bool> {
        // A host that was not asked about this one tells nothing against those that have a word.
        let told = |source: &&Source| !source.is_next_host() || source.has(recipient).is_some();
        let mut all = self.leading.iter().chain(&self.rivals).filter(told).map(|source| source.has(recipient));
        let first = all.next()??;
        all.all(|other| other == Some(first)).then_some(first)
    }

    /// `7 of its 8 decisions (5 accepted, 3 refused) agree`.
    pub fn count(&self) -> String {
        format!("{} of its {} agree", self.agrees, tally(&self.decisions))
    }

    /// Sources of which too little was read to tell, each named once.
    pub fn unread(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for rival in self.rivals.iter().filter(|rival| rival.rank() == 1 && !rival.is_next_host()) {
            let elsewhere = self.leading.iter().any(|one| one.name() == rival.name());
            if !elsewhere && !names.contains(&rival.name()) {
                names.push(rival.name());
            }
        }
        names
    }
}

/// What can be told of a gateway's source of recipients.
pub enum Told<'m, 'a> {
    /// Its decisions follow these sources.
    Follows(Inferred<'m, 'a>),
    /// It accepts everybody, random addresses too: so many of those who were asked about.
    Everybody(usize),
    /// Its refusals say that it asks another host, and none that was heard answers like it.
    AnotherHost {
        /// Such a refusal.
        quote: String,
        /// What it decided.
        decisions: Vec<Decision<'m, 'a>>,
    },
    /// It decided enough, and no source in evidence agrees.
    Nothing {
        /// The nearest, in words: `the list of zimbra would`.
        nearest: String,
        /// With how many decisions that agrees.
        agrees: usize,
        /// What it decided.
        decisions: Vec<Decision<'m, 'a>>,
    },
    /// Its decisions are too few of either kind.
    NotEnough {
        /// What it decided.
        decisions: Vec<Decision<'m, 'a>>,
        /// Whom it was not asked about and whose answers would decide best.
        would_decide: Vec<&'a str>,
    },
    /// No source in evidence tells of all its decisions.
    NoSource(Vec<Decision<'m, 'a>>),
}

/// What the decisions of `hop` tell of its source.
pub fn told<'m, 'a>(model: &'m Model<'a>, hop: &HopView) -> Told<'m, 'a> {
    if hop.validates() == Some(false) {
        let everybody = model.recipients.iter().filter(|one| hop.outcome(one.address) == Outcome::Accepted).count();
        let others = model.recipients.iter().any(|one| hop.outcome(one.address) == Outcome::Rejected);
        if everybody >= ENOUGH && !others {
            return Told::Everybody(everybody);
        }
    }
    let (decisions, wavers) = steady(model, hop);
    let accepted = decisions.iter().filter(|decision| decision.accepted).count();
    if accepted < ENOUGH || decisions.len() - accepted < ENOUGH {
        return Told::NotEnough { would_decide: super::deciding::best(model, hop, &decisions), decisions };
    }
    let all = Source::all(model, hop).into_iter();
    let all: Vec<_> = all.filter_map(|source| Some((source, source.exceptions(&decisions)?))).collect();
    let quote = asks_next_host(hop).map(|heard| heard.quote());
    // Whose words say that it asks a host, asks no directory.
    let least = |hosts: bool| {
        let those = all.iter().filter(|(source, _)| !hosts || source.is_next_host());
        those.map(|(_, exceptions)| exceptions.len()).min().filter(|least| least * 10 <= decisions.len())
    };
    let by_words = if quote.is_some() { least(true) } else { None };
    if let (Some(quote), None) = (&quote, by_words) {
        return Told::AnotherHost { quote: quote.clone(), decisions };
    }
    let (Some(least), hosts) = (by_words.or_else(|| least(false)), by_words.is_some()) else {
        let nearest = all.iter().min_by_key(|(source, exceptions)| (exceptions.len(), source.rank()));
        let Some((source, exceptions)) = nearest else { return Told::NoSource(decisions) };
        let nearest = words([&(*source, Vec::new())].into_iter(), &[]).0;
        return Told::Nothing { nearest, agrees: decisions.len() - exceptions.len(), decisions };
    };
    let best = |one: &&(Source, Vec<&str>)| one.1.len() == least && (!hosts || one.0.is_next_host());
    let (words, alternatives) = words(all.iter().filter(best), &all);
    let leading = all.iter().filter(best).map(|(source, _)| *source).collect();
    let agrees = decisions.len() - least;
    let would_decide = if hosts { Vec::new() } else { super::deciding::best(model, hop, &decisions) };
    let rivals = Source::all(model, hop).into_iter().filter(|source| source.may_lead(&decisions)).collect();
    Told::Follows(Inferred { words, agrees, quote, alternatives, would_decide, wavers, leading, rivals, decisions })
}

/// What the decisions of `hop` follow: none where they are too few of either kind, or where none of the sources in evidence
/// agrees with nine in ten of them.
pub fn inferred<'m, 'a>(model: &'m Model<'a>, hop: &HopView) -> Option<Inferred<'m, 'a>> {
    match told(model, hop) {
        Told::Follows(found) => Some(found),
        _ => None,
    }
}

/// What `hop` decided once and for all, and about whom it changed its mind: where one of several replicas lags, its answer
/// is that of whichever was asked.
pub(super) fn steady<'m, 'a>(model: &'m Model<'a>, hop: &HopView) -> (Vec<Decision<'m, 'a>>, Vec<&'a str>) {
    let changed = |one: &Decision| {
        let heard = || hop.replies().filter(|heard| heard.recipient == one.recipient.address);
        let unknown = |heard: &super::Heard| {
            heard.outcome() == Outcome::Rejected
                && heard.meaning == Meaning::UnknownRecipient
                && hop.control(heard).is_some()
        };
        heard().any(|heard| heard.outcome() == Outcome::Accepted) && heard().any(unknown)
    };
    let (wavers, decisions): (Vec<_>, Vec<_>) = model.decisions(hop).into_iter().partition(changed);
    (decisions, wavers.iter().map(|one| one.recipient.address).collect())
}

/// A refusal whose words say that another host was asked.
pub(super) fn asks_next_host<'h, 'a>(hop: &'h HopView<'a>) -> Option<&'h super::Heard<'a>> {
    let refusals = hop.replies().filter(|heard| heard.outcome() == Outcome::Rejected);
    let mut unknown = refusals.filter(|heard| heard.meaning == Meaning::UnknownRecipient);
    unknown.find(|heard| tells_of_host(&heard.text))
}

/// Of the sources that agree best those that suppose least, in words, and how many they are: between these nobody can
/// choose from outside.
fn words<'m: 'x, 'x, 'a: 'x>(
    leading: impl Iterator<Item = &'x (Source<'m, 'a>, Vec<&'a str>)> + Clone,
    all: &[(Source<'m, 'a>, Vec<&'a str>)],
) -> (String, usize) {
    let rank = leading.clone().map(|(source, _)| source.rank()).min();
    // A look-up that is asked in the one place and would not fit in the other.
    let elsewhere = |query: &Query, scope| {
        let same = |one: &Query| {
            (one.system, one.family, one.lists, one.scope) == (query.system, query.family, query.lists, scope)
        };
        let known = |source: &Source| matches!(source, Source::LookUp(one) if same(one));
        let fits = leading.clone().any(|(source, _)| known(source));
        !fits && all.iter().any(|(source, _)| known(source))
    };
    let filter = |query: &Query| match query.scope {
        Scope::Domain if elsewhere(query, Scope::Forest) => {
            format!("{} in its own domain alone", query.family.filter())
        }
        Scope::Forest if elsewhere(query, Scope::Domain) => format!("{} at the global catalog", query.family.filter()),
        _ => query.family.filter().to_string(),
    };
    let mut groups: Vec<(String, &Vec<&str>, Vec<String>)> = Vec::new();
    for (source, exceptions) in leading.clone().filter(|(source, _)| Some(source.rank()) == rank) {
        let name = source.name();
        let filter = if let Source::LookUp(query) = source { Some(filter(query)) } else { None };
        match groups.iter_mut().find(|(known, but, _)| *known == name && *but == exceptions) {
            Some((.., filters)) => filters.extend(filter.filter(|filter| !filters.contains(filter))),
            None => groups.push((name, exceptions, filter.into_iter().collect())),
        }
    }
    let group = |(name, but, filters): &(String, &Vec<&str>, Vec<String>)| {
        let mut asked = filters.iter().take(3).cloned().collect::<Vec<_>>().join(" or ");
        if filters.len() > 3 {
            asked.push_str(&format!(" or {} other filters", filters.len() - 3));
        }
        let asked = if asked.is_empty() { asked } else { format!(" asked for {asked}") };
        let but = if but.is_empty() { String::new() } else { format!(" (but for {})", listed(but, 5)) };
        format!("{name}{asked} would{but}")
    };
    let number = groups.iter().map(|(.., filters)| filters.len().max(1)).sum();
    (groups.iter().map(group).collect::<Vec<_>>().join(", or as "), number)
}

/// The systems whose list alone would have made every one of `decisions`.
pub fn lists_that_agree<'a>(model: &Model<'a>, decisions: &[Decision]) -> Vec<&'a str> {
    let agrees = |source: &Source| source.exceptions(decisions).is_some_and(|exceptions| exceptions.is_empty());
    let lists = model.recipients.first().into_iter().flat_map(|one| &one.lists).map(|list| list.system);
    lists.filter(|system| agrees(&Source::List(system))).collect()
}

/// What a gateway that refuses people whom the directory lacks seems to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asks {
    /// The directory, as far as its replies and its decisions go.
    Directory,
    /// The next host, as a reply of its own says.
    NextHost(String),
    /// Something else, or something more: it accepts these, whom the directory lacks, or refuses these, whom it holds.
    Beyond(Vec<String>),
}

/// What `hop` seems to ask about recipients; none where it decided nothing that can be believed, or no directory says.
pub fn seems_to_ask(model: &Model, hop: &HopView) -> Option<Asks> {
    let decisions = model.decisions(hop);
    if let Some(heard) = asks_next_host(hop) {
        return Some(Asks::NextHost(heard.quote()));
    }
    let behind = model.delivers_to(hop);
    let asked = model.queries().filter(|query| !query.lists && behind.is_none_or(|system| query.system == system));
    // Of whom a directory did not say, it says nothing against it.
    let against = |query: Query| {
        let answers = decisions.iter().filter_map(|one| Some((query.finds(one.recipient)?, one)));
        let answers: Vec<_> = answers.collect();
        let unlike = answers.iter().filter(|(found, one)| *found != one.accepted);
        let unlike: Vec<String> = unlike.map(|(_, one)| one.recipient.address.to_string()).collect();
        (!answers.is_empty()).then_some(unlike)
    };
    let least = asked.filter_map(against).min_by_key(Vec::len)?;
    Some(if least.is_empty() { Asks::Directory } else { Asks::Beyond(least) })
}

/// Whether a refusal says that another host was asked: Exim's and Sendmail's callouts, Postfix's address verification
/// (`reject_unverified_recipient`, whose text quotes the host), and others that quote a reply to RCPT.
fn tells_of_host(text: &str) -> bool {
    const WORDS: [&str; 9] = [
        "callout",
        "call-forward",
        "callforward",
        "verification failed",
        "recipient verify",
        "undeliverable address:",
        "unverified address:",
        "in reply to rcpt",
        "] said:",
    ];
    let text = text.to_lowercase();
    WORDS.iter().any(|word| text.contains(word)) && !text.contains("sender verif")
}

/// Those refused that a plain look-up finds, where it agrees with everything else, and no other look-up with everything.
pub fn behind<'m, 'd, 'a>(model: &Model<'a>, decisions: &'d [Decision<'m, 'a>]) -> Vec<&'d Decision<'m, 'a>> {
    let refused: Vec<_> = decisions.iter().filter(|decision| decision.wrongly_refused()).collect();
    let accepted = decisions.iter().filter(|decision| decision.accepted && decision.recipient.resolves()).count();
    let plain = |query: &Query| matches!(query.family, Family::Proxy | Family::Either);
    let fits = |query: Query| {
        decisions.iter().all(|one| query.agrees(one).is_some_and(|agrees| agrees || one.wrongly_refused()))
    };
    let explained = !model.explanations(decisions).is_empty();
    let few = refused.len() < accepted;
    if explained || !few || !model.queries().filter(plain).any(fits) {
        return Vec::new();
    }
    refused
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::List;
    use crate::stories::{GATEWAY, RANDOM, World};

    const UNKNOWN: &str = "550 5.1.1 User unknown in relay recipient table";

    fn address(name: &str) -> String {
        format!("{name}@contoso.com")
    }

    fn user(name: &str, rest: &str) -> String {
        format!("user mail={name}@contoso.com proxyaddresses=SMTP:{name}@contoso.com homemdb=DB1 {rest}")
    }

    /// A gateway that knows the Exchange users anna, carl and dora, and none of zimbra's orders, press and sales.
    fn world() -> World {
        let mut world = World::healthy();
        let others = ["orders", "press", "sales"].map(address).to_vec();
        world.evidence.files[0].addresses = Observed::Known(others.clone());
        for other in &others {
            world.knows(other, "", false);
        }
        for name in ["anna", "carl", "dora"] {
            world.knows(&address(name), &user(name, ""), true);
        }
        world.knows("helpdesk@contoso.com", &user("helpdesk", ""), true);
        world
    }

    /// Has the directory hold `object` for `name`, whom the gateway was not asked about.
    fn unasked(world: &mut World, name: &str, object: &str) {
        world.knows(&address(name), object, true);
        world.question.known_good.push(address(name));
        world.last(GATEWAY).transcript.retain(|turn| turn.recipient.as_deref() != Some(&*address(name)));
    }

    /// Whether the gateway would accept `name`, as far as its decisions tell.
    fn accepts(world: &World, name: &str) -> Option<bool> {
        let case = Case::new(&world.question, &world.evidence);
        let hop = case.model.hops_of(Role::Gateway).next().unwrap();
        let recipient = case.model.recipient(&address(name)).unwrap();
        inferred(&case.model, hop)?.accepts(recipient)
    }

    #[test]
    fn who_was_not_asked_is_judged_from_what_the_decisions_follow() {
        let mut world = world();
        unasked(&mut world, "emil", &user("emil", ""));
        assert_eq!(accepts(&world, "emil"), Some(true));
        unasked(&mut world, "fred", "");
        assert_eq!(accepts(&world, "fred"), Some(false), "no source has fred");
    }

    #[test]
    fn nobody_is_judged_from_too_little_or_where_the_sources_differ() {
        type Change = fn(&mut World);
        let cases: [(&str, Change); 7] = [
            ("two refusals are too few", |world| {
                world.evidence.files[0].addresses = Observed::Known(["orders", "sales"].map(address).to_vec());
                world.question.known_good.retain(|one| one != "press@contoso.com");
            }),
            ("an alias is in proxyAddresses and not in mail, and both explain the decisions", |world| {
                let alias = format!("{} proxyaddresses=smtp:emil@contoso.com", user("anna", ""));
                unasked(world, "emil", &alias);
            }),
            ("a second source may be followed, of which too little was read", |world| {
                let users = ["anna", "carl", "dora", "helpdesk"].map(address).to_vec();
                let (system, addresses) = ("corp".into(), Observed::Known(users));
                world.evidence.files.push(List { system, addresses, ..world.evidence.files[0].clone() });
                world.directory("anna@contoso.com", "UNKNOWN");
            }),
            ("one decision is against it", |world| world.knows("carl@contoso.com", &user("carl", ""), false)),
            ("the directory did not say", |world| world.directory("emil@contoso.com", "UNKNOWN")),
            ("the gateway accepts everybody", |world| world.accepts_everybody(GATEWAY)),
            ("nobody knows whether it does", |world| world.rcpt(GATEWAY, RANDOM, "450 4.2.0 Greylisted")),
        ];
        for (why, change) in cases {
            let mut world = world();
            unasked(&mut world, "emil", &user("emil", ""));
            change(&mut world);
            assert_eq!(accepts(&world, "emil"), None, "{why}");
        }
    }

    /// What the gateway of the mission seems to ask.
    fn asks(change: impl FnOnce(&mut World)) -> Option<Asks> {
        let mut world = World::broken_gateway();
        change(&mut world);
        let case = Case::new(&world.question, &world.evidence);
        seems_to_ask(&case.model, case.model.hops_of(Role::Gateway).next().unwrap())
    }

    #[test]
    fn a_gateway_seems_to_ask_the_directory_unless_its_words_or_decisions_say_otherwise() {
        assert_eq!(asks(|_| {}), Some(Asks::Directory));
        assert_eq!(asks(|world| world.directory("orders@contoso.com", "UNKNOWN")), Some(Asks::Directory));
        let callouts = [
            "550 Callout verification failed: 550 5.1.1 <orders@contoso.com>: User unknown",
            "550 5.1.1 <orders@contoso.com>: Recipient address rejected: undeliverable address: host 10.0.0.10[10.0.0.10] \
             said: 550 5.1.1 User unknown (in reply to RCPT TO command)",
        ];
        for reply in callouts {
            let found = asks(|world| world.rcpt(GATEWAY, "orders@contoso.com", reply));
            assert_eq!(found, Some(Asks::NextHost(reply.into())));
        }
        let others = |names: &[&str]| Some(Asks::Beyond(names.iter().map(|name| address(name)).collect()));
        let accepts = asks(|world| world.rcpt(GATEWAY, "sales@contoso.com", "250 2.1.5 Ok"));
        assert_eq!(accepts, others(&["sales"]), "whom the directory lacks");
        let refuses = asks(|world| world.knows("carl@contoso.com", &user("carl", ""), false));
        assert_eq!(refuses, others(&["carl"]), "whom every look-up would find");
        assert_eq!(
            asks(|world| world.knows("room@contoso.com", &user("room", "useraccountcontrol=514"), false)),
            Some(Asks::Directory)
        );
        assert_eq!(asks(|world| world.evidence.directories.clear()), None);
        assert_eq!(asks(|world| world.rcpt(GATEWAY, RANDOM, UNKNOWN)), Some(Asks::Directory));
        assert_eq!(asks(|world| world.accepts_everybody(GATEWAY)), None);
    }
}
