//! Which transport rules take mail for the shared domain out of its way, as far as that can be told.
use super::{Model, OrganisationView};
use crate::evidence::address;
use crate::evidence::exchange::DomainKind;
use crate::evidence::transport::{RuleAction, RuleActionKind, RuleScope, Side, TransportRule};
use crate::prelude::*;
use alloc::collections::{BTreeMap, BTreeSet};

/// A rule that keeps mail for the shared domain from its recipients, or may.
pub struct RuleView<'a> {
    /// The JSON Pointer to it.
    pub pointer: String,
    /// The rule.
    pub rule: &'a TransportRule,
    /// Which mail for the domain that is.
    pub reach: Reach,
}

/// Which mail for the shared domain, of what comes from outside, a rule applies to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All of it; but for what these words say, where there is such.
    All(Option<String>),
    /// All for these recipients; but for what these words say, where there is such.
    Named(BTreeSet<String>, Option<String>),
    /// That for some recipients, by conditions of which nsdiag cannot tell whom they mean.
    Recipients(String),
    /// Some messages, by their senders or by what is in them.
    Messages(String),
    /// What it applies to, or does, could not be read.
    Unread(String),
}

impl RuleView<'_> {
    /// What it does with what, in words that follow its name: `rejects all mail for contoso.com`.
    pub fn says(&self, domain: &str) -> String {
        let what = self.applies_to(domain);
        let of = |at| if at == 0 { &*what } else { "it" };
        let each = self.rule.actions.iter().enumerate().map(|(at, action)| in_words(action, of(at)));
        match &each.collect::<Vec<_>>()[..] {
            [] => format!("may act on {what}"),
            all => listed(all, 3),
        }
    }

    /// Whether it surely takes all mail for `address` out of its way.
    pub fn takes(&self, address: &str) -> bool {
        match &self.reach {
            Reach::All(None) => true,
            Reach::Named(all, None) => all.contains(address),
            _ => false,
        }
    }

    /// Whether it may touch mail for `address`.
    pub fn may_touch(&self, address: &str) -> bool {
        match &self.reach {
            Reach::Named(all, _) => all.contains(address),
            _ => true,
        }
    }

    fn applies_to(&self, domain: &str) -> String {
        let but = |but: &Option<String>| but.as_ref().map(|but| format!(", but {but}")).unwrap_or_default();
        match &self.reach {
            Reach::All(except) => format!("all mail for {domain}{}", but(except)),
            Reach::Named(all, except) => {
                let all: Vec<&String> = all.iter().collect();
                format!("mail for {}{}", listed(&all, 4), but(except))
            }
            Reach::Recipients(by) => format!("mail for recipients whom nsdiag cannot tell (by {by})"),
            Reach::Messages(by) => format!("messages which nsdiag cannot tell (by {by})"),
            Reach::Unread(why) => format!("mail which cannot be told ({why})"),
        }
    }

    /// Whether it refuses what it applies to.
    pub fn rejects(&self) -> bool {
        self.rule.actions.iter().any(|action| action.kind == RuleActionKind::Reject)
    }
}

impl<'a> Model<'a> {
    /// The rules of the organisation that take mail for the shared domain out of its way, or may, in their order.
    pub fn rules(&self, organisation: &OrganisationView<'a>) -> Result<&[RuleView<'a>], Gap> {
        organisation.transport_rules()?;
        let cached = self.rules.get_or_init(|| {
            let each = self.organisations.iter().filter_map(|one| Some((one.system, one.transport_rules().ok()?)));
            let aliases = self.aliases(self.organisations.iter().filter_map(|one| Some(one.transport_rules().ok()?.1)));
            let view = |(system, (pointer, all)): (&'a str, (String, &'a Vec<TransportRule>))| {
                let organisation = self.organisations.iter().find(|one| one.system == system);
                let views = organisation.map(|one| views(one, &pointer, all, &aliases)).unwrap_or_default();
                (system, views)
            };
            each.map(view).collect()
        });
        Ok(cached.get(organisation.system).map_or(&[], Vec::as_slice))
    }

    /// The addresses in the shared domain of whom rules name by an address of another domain, as far as they are seen.
    fn aliases(&self, rules: impl Iterator<Item = &'a Vec<TransportRule>>) -> BTreeMap<String, BTreeSet<String>> {
        let scopes = rules.flatten().flat_map(|rule| [&rule.only, &rule.except]);
        let outside: BTreeSet<&String> =
            scopes.flat_map(|scope| &scope.recipients).filter(|one| address::domain(one) != self.domain).collect();
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        if outside.is_empty() {
            return found;
        }
        for object in self.objects() {
            let proxies = object.entry.values("proxyAddresses").iter().filter_map(|one| address::fold(one).ok());
            let (own, others): (Vec<String>, Vec<String>) =
                proxies.partition(|one| address::domain(one) == self.domain);
            for other in others.into_iter().filter(|other| outside.contains(other)) {
                found.entry(other).or_default().extend(own.iter().cloned());
            }
        }
        found
    }
}

fn views<'a>(
    organisation: &OrganisationView<'a>,
    pointer: &str,
    all: &'a [TransportRule],
    aliases: &BTreeMap<String, BTreeSet<String>>,
) -> Vec<RuleView<'a>> {
    let mut stopped = None;
    let mut views = Vec::new();
    for (at, rule) in all.iter().enumerate().filter(|(_, rule)| rule.acts) {
        let scoped = Scoped { organisation, aliases, stopped };
        let Some(reach) = scoped.reach(rule) else { continue };
        if !rule.actions.is_empty() || rule.unreadable.of(&["actions"]).is_some() {
            views.push(RuleView { pointer: format!("{pointer}/{at}"), rule, reach });
        }
        if rule.stops {
            stopped.get_or_insert(&*rule.name);
        }
    }
    views
}

/// What a rule is held against.
struct Scoped<'v, 'a> {
    organisation: &'v OrganisationView<'a>,
    aliases: &'v BTreeMap<String, BTreeSet<String>>,
    /// A rule before it that has others passed over.
    stopped: Option<&'v str>,
}

impl Scoped<'_, '_> {
    /// Which mail for the shared domain `rule` applies to; none where it surely applies to none.
    fn reach(&self, rule: &TransportRule) -> Option<Reach> {
        let (mut named, mut recipients, mut messages, mut but) = (None, Vec::new(), Vec::new(), Vec::new());
        for condition in &rule.only.named {
            match (&**condition, self.meets(condition, &rule.only)) {
                (_, Meets::None) => return None,
                (_, Meets::All) => {}
                (_, Meets::These(all)) => named = Some(all),
                (name, Meets::Some) if of_recipients(name) => recipients.push(name),
                (name, Meets::Some) => messages.push(name),
            }
        }
        for exception in &rule.except.named {
            match self.meets(exception, &rule.except) {
                // Mail from inside is not all there is, and neither is that from outside.
                Meets::All if exception != "FromScope" => return None,
                Meets::None => {}
                Meets::These(all) if all.is_empty() => {}
                Meets::These(all) => {
                    if let Some(named) = &mut named {
                        named.retain(|one| !all.contains(one));
                    } else {
                        but.push(format!("for {}", listed(&all.into_iter().collect::<Vec<_>>(), 4)));
                    }
                }
                Meets::All | Meets::Some => {
                    but.push(format!("for exceptions that nsdiag cannot evaluate ({exception})"))
                }
            }
        }
        if named.as_ref().is_some_and(BTreeSet::is_empty) {
            return None;
        }
        if let Some(unread) = rule.unreadable.of(&["only", "except", "actions", "acts"]) {
            return Some(Reach::Unread(unread.said.clone()));
        }
        but.extend(rule.from.iter().map(|from| format!("only from {from} on")));
        but.extend(rule.until.iter().map(|until| format!("only until {until}")));
        but.extend(self.stopped.map(|before| format!("for what the rule '{before}' before it keeps from it")));
        let but = (!but.is_empty()).then(|| but.join(", "));
        Some(match (messages.is_empty(), recipients.is_empty(), named) {
            (false, ..) => Reach::Messages(listed(&[messages, recipients].concat(), 4)),
            (true, false, _) => Reach::Recipients(listed(&recipients, 4)),
            (true, true, Some(named)) => Reach::Named(named, but),
            (true, true, None) => Reach::All(but),
        })
    }

    /// How much of the mail for the shared domain, of what comes from outside, meets a condition.
    fn meets(&self, condition: &str, scope: &RuleScope) -> Meets {
        let domain = self.organisation.domain;
        let inside = || match self.organisation.accepted_domain() {
            Ok(Some((_, accepted))) => {
                Some(matches!(accepted.kind, DomainKind::Authoritative | DomainKind::InternalRelay))
            }
            _ => None,
        };
        match (condition, scope.to, scope.from) {
            // The domain itself, and likely those below it.
            ("RecipientDomainIs", ..) if !scope.domains.is_empty() => {
                let covers =
                    |one: &String| domain == one || domain.strip_suffix(&**one).is_some_and(|h| h.ends_with('.'));
                if scope.domains.iter().any(covers) { Meets::All } else { Meets::None }
            }
            ("SentTo", ..) if !scope.recipients.is_empty() => {
                if scope.recipients.iter().any(|one| !one.contains('@')) {
                    return Meets::Some;
                }
                let own = scope.recipients.iter().filter(|one| address::domain(one) == domain).cloned();
                let aliases = scope.recipients.iter().filter_map(|one| self.aliases.get(one)).flatten().cloned();
                Meets::These(own.chain(aliases).collect())
            }
            // An accepted domain that is authoritative or relayed inside is inside (Microsoft, "Mail flow rule conditions
            // and exceptions (predicates) in Exchange Server").
            ("SentToScope", Some(Side::Inside), _) => match inside() {
                Some(true) => Meets::All,
                _ => Meets::Some,
            },
            ("SentToScope", Some(Side::Outside), _) => match inside() {
                Some(true) => Meets::None,
                _ => Meets::Some,
            },
            ("FromScope", _, Some(Side::Outside)) => Meets::All,
            // What comes from outside is what this is about, and not all there is.
            _ => Meets::Some,
        }
    }
}

/// How much of the domain's mail meets a condition.
enum Meets {
    All,
    None,
    These(BTreeSet<String>),
    /// Some of it, or nobody knows.
    Some,
}

/// Whether a condition asks for recipients alone.
fn of_recipients(name: &str) -> bool {
    let recipients = ["Recipient", "SentTo", "AnyOf"].iter().any(|head| name.starts_with(head));
    recipients && !name.contains("Sender")
}

fn in_words(action: &RuleAction, what: &str) -> String {
    let to = |otherwise: &str| if action.to.is_empty() { otherwise.to_string() } else { listed(&action.to, 3) };
    match action.kind {
        RuleActionKind::Reject => format!("rejects {what}"),
        RuleActionKind::Delete => format!("deletes {what}"),
        RuleActionKind::Redirect => format!("redirects {what} to {}", to("somebody else")),
        RuleActionKind::Quarantine => format!("puts {what} into quarantine"),
        RuleActionKind::Approval => format!("holds {what} for the approval of {}", to("somebody")),
        RuleActionKind::Connector => format!("sends {what} through the connector '{}'", to("of its own")),
    }
}
