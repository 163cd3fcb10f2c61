//! Holds the sessions with one hop: whom to ask in which session, at which pace, and what to ask once more.
use crate::collect::smtp::{self, Endpoint, Manners, TlsTrust};
use nsdiag_checks::evidence::smtp::{Hop, Role, Session};
use nsdiag_checks::evidence::{Directory, Evidence, How, List, Question};
use nsdiag_checks::model::recipients::holds;
use nsdiag_checks::model::{Model, Outcome};
use nsdiag_checks::replies::Meaning;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::Instant;

/// How many RCPT commands a polite session has at most (contract, section 5).
pub const POLITE: usize = 4;
/// How long to wait before what was put off is asked once more.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// Asks hops, within the manners.
pub struct Prober {
    /// What certificates are judged by.
    pub trust: TlsTrust,
    /// How to behave.
    pub manners: Manners,
}

impl Prober {
    /// All sessions with one hop, one after the other; what was put off is asked once more.
    pub async fn probe(
        &self,
        hop: &Hop,
        question: &Question,
        good: &[String],
        files: &[List],
        directories: &[Directory],
    ) -> Vec<Session> {
        let Some(address) = hop.address else { return vec![] };
        let endpoint =
            Endpoint { hop: hop.id.clone(), host: hop.host.clone(), address: SocketAddr::new(address, hop.port) };
        let mut plan = sessions(hop, question, good, files, directories);
        let mut heard: Vec<Session> = Vec::new();
        for recipients in &plan {
            if !self.converse(&endpoint, recipients, &mut heard).await {
                return heard;
            }
        }
        // One random recipient that is accepted may be a chance; a second one, in a session of its own, is none.
        if heard
            .iter()
            .flat_map(Session::rcpt_replies)
            .any(|(_, recipient, code, _)| recipient == question.random && code / 100 == 2)
        {
            let control = plan.first().and_then(|first| first.first()).cloned();
            plan.push(control.into_iter().chain([question.second_random.clone()]).collect());
            if !self.converse(&endpoint, &plan[plan.len() - 1], &mut heard).await {
                return heard;
            }
        }
        let put_off: Vec<_> =
            plan.iter().filter(|recipients| recipients.iter().any(|one| put_off(hop, question, &heard, one))).collect();
        if put_off.is_empty() || Instant::now() + RETRY_AFTER + self.manners.step > self.manners.deadline {
            return heard;
        }
        tokio::time::sleep(RETRY_AFTER).await;
        for recipients in put_off {
            if !self.converse(&endpoint, recipients, &mut heard).await {
                break;
            }
        }
        heard
    }

    /// One session, in the clear once more where TLS fails. False where no other should follow.
    async fn converse(&self, endpoint: &Endpoint, recipients: &[String], heard: &mut Vec<Session>) -> bool {
        if Instant::now() >= self.manners.deadline {
            return false;
        }
        let session = smtp::converse(endpoint, recipients, &self.manners, &self.trust).await;
        let how = session.broke_off.as_ref().map(|miss| miss.how);
        heard.push(session);
        if how == Some(How::TlsFailed) {
            let manners = Manners { use_tls: false, ..self.manners.clone() };
            let mut session = smtp::converse(endpoint, recipients, &manners, &self.trust).await;
            // The handshake is the session's before; its finding must not be lost behind this one.
            session.tls = heard.last().and_then(|before| before.tls.clone());
            let how = session.broke_off.as_ref().map(|miss| miss.how);
            heard.push(session);
            return how.is_none();
        }
        how.is_none()
    }
}

/// The recipients of each session with `hop`, the controls included (contract, section 5).
fn sessions(
    hop: &Hop,
    question: &Question,
    good: &[String],
    files: &[List],
    directories: &[Directory],
) -> Vec<Vec<String>> {
    let own = |list: &&List| hop.role != Role::Other || hop.system.as_ref().is_none_or(|system| *system == list.system);
    let listed: BTreeSet<&String> =
        files.iter().filter(own).filter_map(|list| list.addresses.known()).flatten().collect();
    let postmaster = format!("postmaster@{}", question.domain);
    let control = match hop.role {
        Role::Other => None,
        _ => Some(good.first().cloned().unwrap_or_else(|| postmaster.clone())),
    };
    let mut targets: Vec<&String> = listed.into_iter().collect();
    if hop.role != Role::Other {
        targets.extend(good.iter().skip(1));
    }
    targets.retain(|target| Some(*target) != control.as_ref());
    // Those whom the directory lacks first: of them a gateway is most likely to say something of interest.
    let resolves = |target: &String| {
        directories.iter().any(|directory| {
            let lookup = directory.lookups.iter().find(|lookup| lookup.address == *target);
            let entries = lookup.and_then(|lookup| lookup.entries.known());
            entries.is_some_and(|entries| entries.iter().any(|entry| holds(entry, target)))
        })
    };
    let doubtful = |target: &String| hop.role == Role::Gateway && !resolves(target);
    targets.sort_by_key(|target| (!doubtful(target), (*target).clone()));
    targets.truncate(question.max_recipients);
    let mut plan: Vec<Vec<String>> = Vec::new();
    let mut rest: Vec<&String> = targets;
    loop {
        let mut session: Vec<String> = control.iter().cloned().collect();
        let mut refusals = 0;
        rest.retain(|target| {
            let room = session.len() + 1 < POLITE;
            // At most two expected refusals, of which the random control is one.
            let bearable = !doubtful(target) || refusals == 0;
            if room && bearable {
                refusals += usize::from(doubtful(target));
                session.push((*target).clone());
            }
            !(room && bearable)
        });
        // At the other system its own addresses are each other's control; one alone has none.
        if hop.role == Role::Other && session.len() < 2 {
            session.insert(0, postmaster.clone());
        }
        session.push(question.random.clone());
        plan.push(session);
        if rest.is_empty() {
            return plan;
        }
    }
}

/// Whether `recipient` was put off in the sessions so far, and not for coming too often.
fn put_off(hop: &Hop, question: &Question, heard: &[Session], recipient: &str) -> bool {
    let evidence = Evidence { hops: vec![hop.clone()], smtp: heard.to_vec(), ..Evidence::default() };
    let model = Model::new(question, &evidence);
    let Some(view) = model.hops.first() else { return false };
    let limited = view.word_on(recipient).is_some_and(|heard| heard.meaning == Meaning::RateLimited);
    view.outcome(recipient) == Outcome::Deferred && !limited
}

#[cfg(test)]
mod tests {
    use super::*;
    use nsdiag_checks::evidence::Observed;
    use std::net::IpAddr;

    fn hop(role: Role) -> Hop {
        let id = format!("{}/h/10.0.0.1:25", role.word());
        let address = Some(IpAddr::from([10, 0, 0, 1]));
        Hop { id, role, system: Some("zimbra".into()), host: "h".into(), address, port: 25 }
    }

    fn planned(role: Role, good: &[&str], targets: &[&str], most: usize) -> Vec<String> {
        let question =
            Question { domain: "c.com".into(), random: "r@c.com".into(), max_recipients: most, ..Question::default() };
        let list = List {
            system: "zimbra".into(),
            source: "x".into(),
            addresses: Observed::Known(targets.iter().map(|local| format!("{local}@c.com")).collect()),
            outside: vec![],
            repeated: 0,
        };
        let good: Vec<_> = good.iter().map(|local| format!("{local}@c.com")).collect();
        let plan = sessions(&hop(role), &question, &good, &[list], &[]);
        plan.iter().map(|one| one.join(" ").replace("@c.com", "")).collect()
    }

    #[test]
    fn sessions_keep_to_the_manners() {
        assert_eq!(planned(Role::Gateway, &["g"], &["a", "b"], 20), ["g a r", "g b r"]);
        assert_eq!(planned(Role::Exchange, &["g"], &["a", "b", "c"], 20), ["g a b r", "g c r"]);
        assert_eq!(planned(Role::Other, &["g"], &["a", "b", "c", "d"], 20), ["a b c r", "postmaster d r"]);
        assert_eq!(planned(Role::Gateway, &[], &[], 20), ["postmaster r"]);
        assert_eq!(planned(Role::Gateway, &["g"], &["a", "b"], 1), ["g a r"]);
        assert_eq!(planned(Role::Gateway, &["a"], &["a"], 20), ["a r"]);
    }
}
