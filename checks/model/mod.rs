//! The mail path: hops, organisations, recipients, and what becomes of one address.
pub mod chosen;
pub mod circles;
pub mod controls;
pub mod deciding;
pub mod diagnosis;
pub mod differences;
pub mod exits;
pub mod families;
pub mod forwarding;
mod gateways;
mod holders;
pub mod hops;
pub mod leaving;
pub mod limits;
pub mod moments;
pub mod names;
pub mod near;
pub mod objects;
pub mod onward;
pub mod organisations;
pub mod parts;
pub mod path;
pub mod promises;
pub mod ranges;
pub mod recipients;
mod refusals;
pub mod route;
pub mod routing;
pub mod rules;
pub mod senders;
pub mod sites;
pub mod sources;
pub mod spf;
pub mod stranded;
pub mod subdomains;
pub mod systems;
pub mod targets;
pub mod tls;
mod vantage;

use crate::prelude::*;
use alloc::collections::{BTreeMap, BTreeSet};
use core::cell::{OnceCell, RefCell};
pub use diagnosis::{Diagnosis, Fault, FaultKind};
pub use hops::{Heard, HopView, Outcome};
pub use names::Addresses;
pub use objects::Object;
pub use onward::{End, Onward};
pub use organisations::OrganisationView;
pub use recipients::{Held, Recipient, State};

/// A reply to RCPT, by recipient and place among the replies about it.
type Place<'a> = (&'a str, usize);

/// A system, the domain of mail that leaves it, and its size.
type Errand<'a> = (&'a str, String, u64);

/// What follows from the evidence for the mail path.
pub struct Model<'a> {
    question: &'a Question,
    evidence: &'a Evidence,
    owners: RefCell<BTreeMap<(String, u16), Option<systems::Owner<'a>>>>,
    /// The ways out of each system, by domain and size of message: asked for with every recipient.
    ways: RefCell<BTreeMap<Errand<'a>, Vec<Onward<'a>>>>,
    domain: &'a str,
    /// The hops, in the evidence's order.
    pub hops: Vec<HopView<'a>>,
    /// The Exchange organisations, one for each Exchange system, on premises or online.
    pub organisations: Vec<OrganisationView<'a>>,
    /// The recipients under judgement, by address.
    pub recipients: Vec<Recipient<'a>>,
    objects: OnceCell<Vec<Object<'a>>>,
    /// Whether a gateway would accept those whom it was not asked about, by its place and their address, where its source
    /// could be inferred.
    inferred: OnceCell<BTreeMap<(usize, &'a str), bool>>,
    /// Which of them hold an address.
    holders: OnceCell<holders::Holders<'a>>,
    /// The objects whose mail goes in a circle, by system and name.
    circling: OnceCell<BTreeSet<(&'a str, &'a str)>>,
    /// What is known of gateways and of other systems beside what is configured.
    facts: OnceCell<path::Facts<'a>>,
    /// The transport rules that matter, by system.
    rules: OnceCell<BTreeMap<&'a str, Vec<rules::RuleView<'a>>>>,
}

impl<'a> Model<'a> {
    /// Draws the model.
    pub fn new(question: &'a Question, evidence: &'a Evidence) -> Self {
        Self {
            question,
            evidence,
            owners: RefCell::default(),
            ways: RefCell::default(),
            domain: &question.domain,
            hops: hops::views(question, evidence),
            organisations: organisations::views(question, evidence),
            recipients: recipients::all(question, evidence),
            objects: OnceCell::new(),
            holders: OnceCell::new(),
            inferred: OnceCell::new(),
            circling: OnceCell::new(),
            facts: OnceCell::new(),
            rules: OnceCell::new(),
        }
    }

    /// The organisations on premises.
    pub fn on_premises(&self) -> impl Iterator<Item = &OrganisationView<'a>> + Clone {
        self.organisations.iter().filter(|organisation| !organisation.is_online())
    }

    /// The hops of one role, but for addresses that were not heard beside others of the same host.
    pub fn hops_of(&self, role: Role) -> impl Iterator<Item = &HopView<'a>> + Clone {
        self.hops.iter().filter(move |hop| hop.hop.role == role && !hop.spared)
    }

    /// The directory objects in evidence, each once.
    pub fn objects(&self) -> &[Object<'a>] {
        self.objects.get_or_init(|| objects::all(self.question, self.evidence, self))
    }

    /// Whether the mail of the object of that name is lost in a circle of forwarding.
    pub fn is_circling(&self, system: &str, dn: &str) -> bool {
        let circling = self.circling.get_or_init(|| {
            let all = self.objects();
            let name = |link: forwarding::Link| (all[link.from].system, all[link.from].entry.dn.as_str());
            forwarding::Forwarding::new(all).losing().into_iter().flatten().map(name).collect()
        });
        circling.contains(&(system, dn))
    }

    /// What replies have shown of gateways and of other systems.
    pub fn facts(&self) -> &path::Facts<'a> {
        self.facts.get_or_init(|| path::Facts::learnt(self))
    }

    /// Whether gateway `hop` would accept `address`, about which it was not asked, by what its decisions follow; none where it
    /// was asked, or what they follow cannot be told.
    pub fn inferred_at(&self, hop: &HopView, address: &str) -> Option<bool> {
        let all = self.inferred.get_or_init(|| {
            let mut all = BTreeMap::new();
            for hop in self.hops_of(Role::Gateway).filter(|hop| hop.leaves_out()) {
                let Some(source) = sources::inferred(self, hop) else { continue };
                let left_out = self.recipients.iter().filter(|one| hop.outcome(one.address) == Outcome::NotProbed);
                all.extend(left_out.filter_map(|one| Some(((hop.at, one.address), source.accepts(one)?))));
            }
            all
        });
        all.get(&(hop.at, address)).copied()
    }

    /// The recipient with this address, where it is under judgement.
    pub fn recipient(&self, address: &str) -> Option<&Recipient<'a>> {
        let place = self.recipients.binary_search_by(|one| one.address.cmp(address)).ok()?;
        self.recipients.get(place)
    }
}
