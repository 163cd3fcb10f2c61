//! Recipients of other systems that an organisation would bounce, were its domain authoritative.
use super::{Held, Model, OrganisationView, Recipient, State};
use crate::evidence::{System, SystemKind};
use crate::judge::Gap;
use crate::prelude::*;

/// Recipients whose home is elsewhere, by what the organisation's directory holds of them.
#[derive(Default)]
pub struct Foreign<'m, 'a> {
    /// Those that it has no object for.
    pub absent: Vec<&'m Recipient<'a>>,
    /// Those of which it did not say.
    pub unknown: Vec<&'m Recipient<'a>>,
    /// How many it has an object for.
    pub held: usize,
    /// The systems of which it is not known who is at home there, each as what is missing.
    pub untold: Vec<Gap>,
}

impl<'a> Model<'a> {
    /// Whether the domain may well be authoritative in `organisation`: in a tenant that holds all recipients, in an
    /// organisation that has nobody but such a tenant beside it, and in the last of several organisations, which is the
    /// end of the line.
    pub fn may_be_authoritative(&self, organisation: &OrganisationView) -> bool {
        let others = || self.question.systems.iter().filter(|system| system.name != organisation.system);
        let online = |kind| kind == SystemKind::ExchangeOnline;
        let hybrid = others().next().is_some() && others().all(|system| online(system.kind));
        let mut gateways = self.hops_of(Role::Gateway);
        let behind = gateways.any(|gateway| self.delivers_to(gateway) == Some(organisation.system));
        let last = !behind && self.first_exchange() != Some(organisation.system);
        organisation.is_online() || hybrid || last && self.on_premises().count() > 1
    }

    /// The recipients that are at home in other systems than `organisation`: by a list, or by what another organisation's
    /// directory holds: mailboxes of every kind that people write to, groups and public folders. What is only sent on from
    /// there (contacts, mail users, remote mailboxes) is at home elsewhere, and may be here.
    pub fn foreign_to<'m>(&'m self, organisation: &OrganisationView) -> Foreign<'m, 'a> {
        let system = organisation.system;
        let mut found = Foreign::default();
        for recipient in &self.recipients {
            let listed = recipient.lists.iter().any(|list| list.listed && list.system != system);
            let beyond = recipient.directories.iter().any(|held| held.system != system && is_home(held));
            if !listed && !beyond {
                continue;
            }
            let held = recipient.directories.iter().find(|held| held.system == system);
            match held.map_or(State::Unknown, |held| held.state) {
                State::Unknown => found.unknown.push(recipient),
                State::Absent | State::MailAttributeOnly => found.absent.push(recipient),
                _ => found.held += 1,
            }
        }
        let others = self.question.systems.iter().filter(|one| one.name != system);
        found.untold = others.filter_map(|one| self.untold(one)).collect();
        found
    }

    /// What is missing to know who is at home in `system`; none where a list tells, or a directory that was read to its end.
    fn untold(&self, system: &System) -> Option<Gap> {
        let lists = self.evidence.files.iter().filter(|list| list.system == system.name);
        let directories = || self.evidence.directories.iter().filter(|one| one.system == system.name);
        if lists.clone().any(|list| list.addresses.known().is_some())
            || directories().any(|one| one.population.known().is_some())
        {
            return None;
        }
        let what = format!("who has a mailbox in {}", system.name);
        let supply = match self.organisation_of(&system.name) {
            Some(organisation) => organisation.recipients_supply(),
            None => format!("--recipients FILE of {}", system.name),
        };
        let miss = lists.filter_map(|list| list.addresses.miss()).next();
        Some(match miss.or_else(|| directories().find_map(|one| one.population.miss())) {
            Some(miss) => Gap::unanswered(what, miss.said.clone(), supply),
            None => Gap::not_asked(what, supply),
        })
    }
}

/// Whether a recipient is at home in that directory, and people write to it: Exchange's own mailboxes are nobody's.
fn is_home(held: &Held) -> bool {
    // System, arbitration, discovery, public folder, monitoring and audit log mailboxes (`msExchRecipientTypeDetails`).
    const INTERNAL: i64 = 1 << 13 | 1 << 14 | 1 << 23 | 1 << 29 | 1 << 36 | 1 << 39 | 1 << 32 | 1 << 37;
    let of_exchange =
        |entry: &&Entry| entry.integer("msExchRecipientTypeDetails").is_some_and(|details| details & INTERNAL != 0);
    matches!(held.state, State::Mailbox | State::Group | State::PublicFolder) && !held.entries.iter().any(of_exchange)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::directory::Population;
    use crate::stories::World;

    /// Who is foreign to corp: absent from it, unknown to it, how many it holds, and whose people nobody told.
    fn foreign(world: &World) -> (Vec<&str>, Vec<&str>, usize, Vec<String>) {
        let case = Case::new(&world.question, &world.evidence);
        let found = case.model.foreign_to(&case.model.organisations[0]);
        let names = |all: &[&Recipient]| {
            let own =
                |one: &&Recipient| world.evidence.directories[1].lookups.iter().find(|l| l.address == one.address);
            all.iter().filter_map(|one| own(one).map(|lookup| &*lookup.address)).collect::<Vec<_>>()
        };
        let (absent, unknown) = (names(&found.absent), names(&found.unknown));
        (absent, unknown, found.held, found.untold.iter().map(|gap| gap.what.clone()).collect())
    }

    #[test]
    fn who_is_at_home_in_the_other_directory_is_to_be_held_here_whatever_he_is() {
        let cases = [
            ("user homeMDB=DB9", true),
            ("user homeMDB=DB9 msExchRecipientTypeDetails=4", true),
            ("user homeMDB=DB9 msExchRecipientTypeDetails=16", true),
            ("group", true),
            ("group msExchRecipientTypeDetails=1099511627776", true),
            ("publicFolder", true),
            ("user homeMDB=DB9 msExchRecipientTypeDetails=8388608", false),
            ("user homeMDB=DB9 msExchRecipientTypeDetails=549755813888", false),
            ("user homeMDB=DB9 msExchRecipientTypeDetails=68719476736", false),
            ("contact targetAddress=SMTP:eva@corp.contoso.com", false),
            ("user targetAddress=SMTP:eva@corp.contoso.com", false),
            ("user msExchRecipientTypeDetails=2147483648 targetAddress=SMTP:eva@corp.contoso.com", false),
            ("", false),
        ];
        for (object, expected) in cases {
            let mut world = World::two_forests();
            world.question.known_good = vec!["eva@contoso.com".into()];
            world.directory_at(1, "eva@contoso.com", object);
            world.directory("eva@contoso.com", "");
            world.evidence.directories[1].population = Observed::Known(Population::default());
            let absent = if expected { vec!["eva@contoso.com"] } else { vec![] };
            assert_eq!(foreign(&world), (absent.clone(), vec![], 0, vec![]), "{object}");
            world.directory("eva@contoso.com", "UNKNOWN");
            assert_eq!(foreign(&world), (vec![], absent, 0, vec![]), "{object}");
            world.directory("eva@contoso.com", "contact targetAddress=SMTP:eva@labs.contoso.com");
            assert_eq!(foreign(&world), (vec![], vec![], usize::from(expected), vec![]), "{object}");
        }
    }

    #[test]
    fn a_system_tells_by_a_list_or_by_a_directory_that_was_read_to_its_end() {
        let mut world = World::two_forests();
        world.question.known_good.clear();
        assert_eq!(foreign(&world).3, ["who has a mailbox in labs"]);
        world.evidence.directories[1].population = Observed::Unknown(Miss::new(How::TimedOut, "no answer in 10 s"));
        assert_eq!(foreign(&world).3, ["who has a mailbox in labs"]);
        world.evidence.directories[1].population = Observed::Known(Population::default());
        assert_eq!(foreign(&world).3, [""; 0]);
    }
}
