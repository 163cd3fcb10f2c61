//! Who is asked about in a session, and who hears the answers.
use nsdiag_checks::evidence::smtp::{Session, Turn};
use nsdiag_checks::model::limits;
use std::collections::VecDeque;

/// What a server offers in its reply to EHLO, as far as a session here depends on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    /// STARTTLS (RFC 3207).
    pub starttls: bool,
    /// SMTPUTF8 (RFC 6531).
    pub smtputf8: bool,
    /// PIPELINING (RFC 2920).
    pub pipelining: bool,
    /// RCPTMAX of LIMITS: how many recipients one transaction may have (RFC 9422).
    pub recipients: Option<usize>,
}

impl Offers {
    /// Reads the reply to EHLO; keywords know no case (RFC 5321, 4.1.1.1).
    pub fn read(reply: &Turn) -> Self {
        let mut offers = Self { recipients: limits::recipients_offered(reply), ..Self::default() };
        for line in reply.lines.iter().skip(1) {
            let keyword = line.text.get(4..).and_then(|rest| rest.split([' ', '=']).next()).unwrap_or_default();
            match keyword.to_ascii_uppercase().as_str() {
                "STARTTLS" => offers.starttls = true,
                "SMTPUTF8" => offers.smtputf8 = true,
                "PIPELINING" => offers.pipelining = true,
                _ => {}
            }
        }
        offers
    }
}

/// Leads a session: it names whom to ask, and hears what was said.
pub trait Script {
    /// The session stands: what the server offers.
    fn stands(&mut self, _offers: &Offers) {}

    /// Whom to ask next: several go out at once where the server takes that, nobody ends the session.
    fn next(&mut self) -> Vec<String>;

    /// Hears `session` from turn `from` of its transcript on. A turn that was heard before is heard again where it turns
    /// out to count for nothing.
    fn heard(&mut self, _session: &Session, _from: usize) {}

    /// Whether it may name an address that is not ASCII.
    fn international(&self) -> bool {
        false
    }
}

/// A list of recipients, asked in order.
pub(super) struct Recipients {
    rest: VecDeque<String>,
    international: bool,
    window: usize,
    pipelining: bool,
}

impl Recipients {
    pub(super) fn new(recipients: &[String], window: usize) -> Self {
        let international = recipients.iter().any(|recipient| !recipient.is_ascii());
        Self { rest: recipients.iter().cloned().collect(), international, window, pipelining: false }
    }
}

impl Script for Recipients {
    fn stands(&mut self, offers: &Offers) {
        self.pipelining = offers.pipelining;
    }

    fn next(&mut self) -> Vec<String> {
        let most = if self.pipelining { self.window.max(1) } else { 1 };
        self.rest.drain(..most.min(self.rest.len())).collect()
    }

    fn international(&self) -> bool {
        self.international
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nsdiag_checks::evidence::smtp::{Line, Who};
    use nsdiag_checks::replies::Stage;

    #[test]
    fn keywords_are_read_in_any_case_and_not_from_the_first_line() {
        let lines = ["250-PIPELINING at your service", "250-starttls", "250-Limits MAILMAX=3 RcptMax=20", "250 X"];
        let reply = Turn {
            who: Who::Server,
            stage: Stage::Ehlo,
            tls: false,
            lines: lines.map(|text| Line { at_ms: 0, text: text.into() }).into(),
            code: Some(250),
            recipient: None,
            latency_ms: None,
            oddities: vec![],
            unasked: false,
        };
        let expected = Offers { starttls: true, recipients: Some(20), ..Offers::default() };
        assert_eq!(Offers::read(&reply), expected);
    }
}
