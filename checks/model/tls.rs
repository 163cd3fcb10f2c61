//! What a hop's TLS is worth: whether it is offered, and what is wrong with the certificate.
use super::{HopView, Model};
use crate::evidence::exchange::{SendConnector, TlsAuthLevel};
use crate::evidence::smtp::{Certificate, Tls, Turn, Who};
use crate::prelude::*;

/// What follows `word` in a reply to EHLO that offers it (RFC 5321, 4.1.1.1).
fn keyword<'t>(hello: &'t Turn, word: &str) -> Option<&'t str> {
    let mut lines = hello.lines.iter().filter_map(|line| line.text.get(4..));
    lines.find_map(|line| {
        let (own, rest) = line.split_once(' ').unwrap_or((line, ""));
        own.trim().eq_ignore_ascii_case(word).then_some(rest)
    })
}

impl<'a> HopView<'a> {
    /// Whether the reply to the first EHLO of a session offers STARTTLS, with its pointer; none where no EHLO was
    /// answered. After STARTTLS it is no longer offered (RFC 3207, 4.2).
    pub fn offers_starttls(&self) -> Option<(String, bool)> {
        let (pointer, reply) = self.hellos().find(|(_, reply)| !reply.tls)?;
        Some((pointer, keyword(reply, "STARTTLS").is_some()))
    }

    /// The largest message that it says it takes, in bytes, with the reply that says so; none where it names no limit
    /// (RFC 1870, 4).
    pub fn size_limit(&self) -> Option<(String, u64)> {
        let (pointer, size) = self.hellos().find_map(|(pointer, reply)| Some((pointer, keyword(reply, "SIZE")?)))?;
        let bytes = size.trim().parse().ok().filter(|bytes| *bytes > 0)?;
        Some((pointer, bytes))
    }

    /// The replies that took an EHLO, with their pointers.
    fn hellos(&self) -> impl Iterator<Item = (String, &'a Turn)> + '_ {
        self.sessions.iter().flat_map(|(at, session)| {
            let replies = session.transcript.iter().enumerate();
            let taken = replies.filter(|(_, turn)| turn.stage == Stage::Ehlo && turn.code == Some(250));
            taken.map(move |(turn, reply)| (format!("/evidence/smtp/{at}/transcript/{turn}"), reply))
        })
    }

    /// What became of STARTTLS where it is offered and does not always come about: in words that follow "offers STARTTLS and",
    /// with their pointers. None where it came about whenever it was tried.
    pub fn breaks_starttls(&self) -> Option<(String, Vec<String>)> {
        let (mut worked, mut broken) = (0, Vec::new());
        for (at, session) in &self.sessions {
            let mut turns = session.transcript.iter().enumerate();
            let asked = turns.find(|(_, turn)| turn.stage == Stage::StartTls && turn.who == Who::Server);
            let through = session.spoke_through_tls();
            let fault = match (asked, &session.tls, &session.broke_off) {
                (Some((turn, reply)), None, _) if reply.code != Some(220) => {
                    let code = reply.code.map_or_else(String::new, |code| format!("{code} "));
                    Some((format!("answers it with {code}{}", reply.text()), format!("transcript/{turn}")))
                }
                (_, Some(tls), _) if tls.handshake.miss().is_some_and(|miss| !is_ours(miss.how)) => {
                    let said = tls.handshake.miss().map_or("", |miss| &miss.said);
                    Some((format!("the connection does not get there: {said}"), "tls".into()))
                }
                (_, Some(_), Some(miss)) if !through && !is_ours(miss.how) => {
                    Some((format!("breaks after the handshake: {}", miss.said), "broke_off".into()))
                }
                (_, None, Some(miss)) if session.tried_starttls() && !is_ours(miss.how) => {
                    Some((format!("gets to no handshake: {}", miss.said), "broke_off".into()))
                }
                _ => None,
            };
            worked += usize::from(through);
            broken.extend(fault.map(|(said, place)| (said, format!("/evidence/smtp/{at}/{place}"))));
        }
        let (said, _) = broken.first()?.clone();
        let seen = broken.into_iter().map(|(_, seen)| seen).collect();
        match worked {
            0 => Some((said, seen)),
            _ => Some((format!("{said} (in other sessions it came about)"), seen)),
        }
    }

    /// Whether a sender can encrypt here, with the pointer to what says so; none where no EHLO was answered.
    pub fn encrypts(&self) -> Option<(String, bool)> {
        let (pointer, offered) = self.offers_starttls()?;
        let worked = self.sessions.iter().any(|(_, session)| session.spoke_through_tls());
        Some((pointer, offered && (worked || self.breaks_starttls().is_none())))
    }

    /// Whether a handshake failed for want of a version or a cipher that we speak, which others may: TLS 1.0, or RSA key
    /// exchange.
    pub fn is_too_old_for_us(&self) -> bool {
        let misses = self.sessions.iter().filter_map(|(_, session)| session.tls.as_ref()?.handshake.miss());
        misses.into_iter().any(|miss| ["ProtocolVersion", "HandshakeFailure"].iter().any(|it| miss.said.contains(it)))
    }

    /// The last handshake, with its session.
    pub fn handshake(&self) -> Option<(usize, &'a Session, &'a Tls)> {
        self.sessions.iter().rev().find_map(|(at, session)| Some((*at, *session, session.tls.as_ref()?)))
    }

    /// The certificate that it showed in a handshake that came about.
    pub fn certificate(&self) -> Option<&'a Certificate> {
        let (.., tls) = self.handshake()?;
        tls.handshake.known().and(tls.chain.first())
    }

    /// What is wrong with its certificate, each in words that follow "it".
    pub fn certificate_faults(&self) -> Vec<(Fault, String)> {
        let mut wrong = Vec::new();
        let (Some((_, session, tls)), Some(leaf)) = (self.handshake(), self.certificate()) else { return wrong };
        // RFC 3339 in UTC compares as text.
        if leaf.not_after < session.started_at {
            wrong.push((Fault::Date, format!("expired on {}", leaf.not_after)));
        }
        if leaf.not_before > session.started_at {
            wrong.push((Fault::Date, format!("is not valid before {}", leaf.not_before)));
        }
        // Who is called by his address has no name to compare, unless somebody demands one (TlsDomain).
        let named = self.hop.host.parse::<core::net::IpAddr>().is_err();
        if tls.names_host == Observed::Known(false) && named {
            let names = if leaf.names.is_empty() { "nobody".into() } else { listed(&leaf.names, 4) };
            wrong.push((Fault::Name, format!("is for {names}, not for {}", self.hop.host)));
        }
        if tls.trusted == Observed::Known(false) {
            wrong.push((Fault::Trust, format!("leads to no trusted root (issuer: {})", leaf.issuer)));
        }
        wrong
    }
}

/// Whether a step ended for a reason of ours, which says nothing of the host.
fn is_ours(how: How) -> bool {
    matches!(how, How::Deadline | How::NotTried)
}

/// What kind of thing is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It has expired, or is not valid yet.
    Date,
    /// It is for another name than the host's.
    Name,
    /// It leads to no root that is trusted here.
    Trust,
}

/// What the send connector that wins for the domain demands of its smart host's TLS.
pub struct Demand<'a> {
    /// The pointer to the connector.
    pub pointer: String,
    /// The connector.
    pub connector: &'a SendConnector,
}

/// Why Exchange sends nothing to a smart host.
pub struct Objection {
    /// In a sentence.
    pub said: String,
    /// How sure that is.
    pub certainty: Certainty,
    /// What mends it at Exchange, where something does.
    pub remedy: Option<Remedy>,
}

impl Demand<'_> {
    /// What Exchange has against the certificate of `hop`.
    pub fn objection(&self, hop: &HopView) -> Option<Objection> {
        let (leaf, name) = (hop.certificate()?, &self.connector.name);
        let level = self.connector.tls_auth_level;
        let so = ": Exchange sends it nothing";
        if let (TlsAuthLevel::DomainValidation, Some(domain)) = (level, &self.connector.tls_domain) {
            // A certificate for all hosts of the domain may do: Microsoft does not tell.
            let borne = |one: &String| covers(one, domain) || one.strip_prefix("*.") == Some(domain);
            if !leaf.names.iter().any(borne) {
                let names = if leaf.names.is_empty() { "nobody".into() } else { listed(&leaf.names, 4) };
                let said = format!(
                    "'{name}' demands a certificate for {domain}, and that of {} is for {names}{so}",
                    hop.name()
                );
                let set =
                    |domain: &str| Cmdlet::new("Set-SendConnector").with("Identity", name).with("TlsDomain", domain);
                let borne = leaf.names.iter().find(|name| !name.contains(['*', ':']));
                let remedy = borne.map(|borne| {
                    Remedy::exchange("Or demand the name that it bears", vec![set(borne)], vec![set(domain)])
                });
                return Some(Objection { said, certainty: Certainty::Proven, remedy });
            }
        }
        let faults = hop.certificate_faults();
        let has = |wanted| faults.iter().any(|(fault, _)| *fault == wanted);
        let said = format!("'{name}' validates it{so}");
        match level {
            TlsAuthLevel::CertificateValidation | TlsAuthLevel::DomainValidation if has(Fault::Date) => {
                Some(Objection { said, certainty: Certainty::Proven, remedy: None })
            }
            TlsAuthLevel::CertificateValidation | TlsAuthLevel::DomainValidation if has(Fault::Trust) => {
                let said = said + ", unless it trusts roots that this host does not";
                Some(Objection { said, certainty: Certainty::Likely, remedy: None })
            }
            _ => None,
        }
    }
}

impl<'a> Model<'a> {
    /// The demand of the connector that hands the domain's mail to `hop`, where it requires TLS (F-47).
    pub fn tls_demand(&self, hop: &HopView) -> Option<Demand<'a>> {
        let (pointer, connector) = self.connector_to(hop)?;
        connector.require_tls.then_some(Demand { pointer, connector })
    }
}

impl Certificate {
    /// Whether it names `domain`, by itself or by a wildcard for one label (RFC 9525, 6.3).
    pub fn names_domain(&self, domain: &str) -> bool {
        self.names.iter().any(|name| covers(name, domain))
    }
}

/// Whether the name or the pattern `*.contoso.com` covers `host`; the asterisk stands for one whole label.
pub fn covers(pattern: &str, host: &str) -> bool {
    let (pattern, host) = (pattern.trim_end_matches('.'), host.trim_end_matches('.'));
    match pattern.strip_prefix("*.") {
        Some(parent) => host.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent)),
        None => pattern.eq_ignore_ascii_case(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asterisk_stands_for_one_label() {
        let cases = [
            ("mx1.contoso.com", "MX1.contoso.com.", true),
            ("*.contoso.com", "mx1.contoso.com", true),
            ("*.contoso.com", "a.mx1.contoso.com", false),
            ("*.contoso.com", "contoso.com", false),
            ("*", "contoso.com", false),
        ];
        for (pattern, host, expected) in cases {
            assert_eq!(covers(pattern, host), expected, "{pattern} {host}");
        }
    }
}
