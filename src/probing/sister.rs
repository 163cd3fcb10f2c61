//! Whether one system takes mail that the other one's people send: one more session, with one of them as the sender.
use super::Prober;
use super::targets::Choice;
use crate::collect::smtp::{self, Endpoint, Manners};
use nsdiag_checks::evidence::Question;
use nsdiag_checks::evidence::smtp::{Hop, Session};
use nsdiag_checks::model::systems::is_at;
use std::net::SocketAddr;

impl Prober<'_> {
    /// The session in which MAIL names somebody of the domain who lives at another system, and RCPT somebody whom the hop
    /// has just accepted: a refusal is then the sender's. Only at hosts that the user named as a system's own, for others
    /// would take it for forgery; and never with DATA.
    pub async fn ask_as_sister(
        &self,
        hop: &Hop,
        question: &Question,
        choice: &Choice,
        heard: &[Session],
    ) -> Option<Session> {
        let system = question.systems.iter().find(|system| Some(&system.name) == hop.system.as_ref())?;
        system.smtp.iter().find(|named| is_at(named, hop, question.smtp_port))?;
        let sister = choice.sister_of(&system.name)?;
        let mut taken =
            heard.iter().filter(|session| session.unasked_reply().is_none()).flat_map(Session::rcpt_replies);
        let random = |recipient: &str| recipient == question.random || recipient == question.second_random;
        let (_, recipient, ..) = taken.find(|(_, recipient, code, _)| {
            (200..300).contains(code) && !random(recipient) && recipient != sister && recipient.is_ascii()
        })?;
        let encrypted = heard.iter().any(Session::spoke_through_tls);
        let manners =
            Manners { mail_from: sister.clone(), use_tls: self.manners.use_tls && encrypted, ..self.manners.clone() };
        let endpoint =
            Endpoint { hop: hop.id.clone(), host: hop.host.clone(), address: SocketAddr::new(hop.address?, hop.port) };
        let mut session = smtp::converse(&endpoint, &[recipient.to_string()], &manners, &self.trust).await;
        session.sister = Some(sister.clone());
        Some(session)
    }
}
