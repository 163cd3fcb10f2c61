//! What a hop lets one session do, learnt from what it said: the prober keeps under it, and NSD207 tells it.
use super::hops::TARPIT_MS;
use crate::evidence::smtp::{Turn, Who};
use crate::prelude::*;
use crate::replies;

/// A reply that took at least this many milliseconds is slow where those before it were not: Postfix waits one second
/// before each reply from the tenth error on (`smtpd_soft_error_limit`, `smtpd_error_sleep_time`).
const SLOW_MS: u64 = 900;
/// Up to how many recipients Exim's default configuration does not mind who is refused; it may show at more.
const MIXED: usize = 10;
/// How many slow replies in a row are no accident.
const SLOW_IN_A_ROW: usize = 3;

/// What one hop lets one session do. What is none has not shown itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// How many refusals a session may hold before the hop ends it or slows it down.
    pub refusals: Option<usize>,
    /// How many recipients a session may name.
    pub recipients: Option<usize>,
    /// From how many recipients on at least half must have been accepted (Exim's default configuration).
    pub mixed: Option<usize>,
    /// How many sessions it bears at once.
    pub sessions: Option<usize>,
    /// How long it takes over a refusal on purpose, in milliseconds.
    pub tarpit_ms: Option<u64>,
    /// How each of them showed itself, in the order of their showing.
    pub shown: Vec<Shown>,
}

/// How a limit showed itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Which of the replies of the session; none where the hop just closed the connection.
    pub turn: Option<usize>,
    /// What was seen, as in `it ends a session after 5 refusals: 421 …`.
    pub what: String,
    /// Whether it is a number that a session must keep under, and not time alone.
    pub counts: bool,
}

/// What one session has come to so far.
#[derive(Clone, Copy, Default)]
struct Count {
    answers: usize,
    accepted: usize,
    refusals: usize,
}

/// RCPTMAX of LIMITS in a reply to EHLO: how many recipients one transaction may have (RFC 9422).
pub fn recipients_offered(reply: &Turn) -> Option<usize> {
    let words = |line: &str| {
        let mut words = line.split_whitespace();
        let named = words.next().is_some_and(|keyword| keyword.eq_ignore_ascii_case("LIMITS"));
        let most = words.filter_map(|word| word.split_once('=')).find(|(name, _)| name.eq_ignore_ascii_case("RCPTMAX"));
        most.filter(|_| named).and_then(|(_, most)| most.parse().ok())
    };
    reply.lines.iter().skip(1).find_map(|line| words(line.text.get(4..)?)).filter(|most| *most > 0)
}

impl Limits {
    /// What all of these sessions have shown, in their order.
    pub fn of<'a>(sessions: impl Iterator<Item = &'a Session>) -> Self {
        let mut limits = Self::default();
        sessions.for_each(|session| limits.learn(session, &[]));
        limits
    }

    /// Learns from one more session, whole or as far as it has come.
    pub fn learn(&mut self, session: &Session, own: &[OwnReply]) {
        let mut count = Count::default();
        let (mut slow, mut before_slow, mut slowest_before) = (0, 0, 0);
        let mut limited = false;
        for (at, turn) in session.transcript.iter().enumerate().filter(|(_, turn)| turn.who == Who::Server) {
            let Some(code) = turn.code else { continue };
            match turn.stage {
                Stage::Ehlo => tighten(&mut self.recipients, recipients_offered(turn)),
                Stage::Rcpt if code >= 400 => {
                    let text = turn.text();
                    if replies::classify_with(own, &[], Stage::Rcpt, code, &text).meaning == Meaning::RateLimited
                        || code == 421
                    {
                        limited |= self.limited_by(code, &text, count, at);
                        continue;
                    }
                }
                Stage::Rcpt => {}
                _ => continue,
            }
            if turn.stage != Stage::Rcpt {
                continue;
            }
            let ms = turn.latency_ms.unwrap_or(0);
            if code >= 400 && ms > TARPIT_MS {
                let known = self.tarpit_ms.is_some();
                self.tarpit_ms = self.tarpit_ms.max(Some(ms));
                if !known {
                    let what = "it waits before each refusal".into();
                    self.shown.push(Shown { turn: Some(at), what, counts: false });
                }
            }
            // Slow from some refusal on, accepted or not, and quick before: it counts refusals.
            if ms >= SLOW_MS && count.refusals >= SLOW_IN_A_ROW && slowest_before < SLOW_MS / 2 {
                before_slow = if slow == 0 { count.refusals } else { before_slow };
                slow += 1;
            } else {
                slow = 0;
                slowest_before = slowest_before.max(ms);
            }
            if slow == SLOW_IN_A_ROW {
                let what = format!("it slows a session down after {}", refusals(before_slow));
                self.bound_refusals(before_slow, Shown { turn: Some(at), what, counts: true });
            }
            count.answers += 1;
            count.accepted += usize::from(code < 400);
            count.refusals += usize::from(code >= 400);
        }
        let last = session.transcript.iter().rfind(|turn| turn.who == Who::Server);
        let dismissed = last.is_some_and(|turn| turn.code == Some(421));
        let hung_up = session.broke_off.as_ref().filter(|miss| miss.how == How::HungUp && !dismissed);
        if let Some(miss) = hung_up.filter(|_| !limited && count.answers > 0) {
            self.ended_by(&miss.said.to_lowercase(), &miss.said, count, None);
        }
    }

    /// A reply that says that we ask too much; whether it says how much is too much.
    fn limited_by(&mut self, code: u16, text: &str, count: Count, at: usize) -> bool {
        let lower = text.to_lowercase();
        let quote = format!("{code} {text}");
        if lower.contains("connections") || lower.contains("sessions") {
            // How many there were, only the prober knows: it asks for fewer at once.
            self.sessions = Some(1);
            let what = format!("it bears fewer sessions at once: {quote}");
            self.shown.push(Shown { turn: Some(at), what, counts: true });
            return true;
        }
        if code == 421 {
            return self.ended_by(&lower, &quote, count, Some(at));
        }
        if count.answers == 0 {
            return false;
        }
        if code >= 500 && code != 552 && count.refusals > 0 {
            if count.refusals * 2 >= count.answers {
                let what =
                    format!("it refuses everybody after {}, of which most were refused: {quote}", named(count.answers));
                self.show_once(self.mixed, count.answers.min(MIXED), Shown { turn: Some(at), what, counts: true });
                tighten(&mut self.mixed, Some(count.answers.min(MIXED)));
            }
            let what = format!("it refuses everybody after {}: {quote}", refusals(count.refusals));
            match self.mixed {
                Some(_) => tighten(&mut self.refusals, Some((count.refusals - 1).max(1))),
                None => self.bound_refusals(count.refusals, Shown { turn: Some(at), what, counts: true }),
            }
            return true;
        }
        // 452 and 552: too many recipients, and those before it stand (RFC 5321, 4.5.3.1.10).
        if matches!(code, 452 | 552) || lower.contains("recipients") {
            self.bound_recipients(count.answers, &quote, Some(at));
            return true;
        }
        false
    }

    /// The hop ended the session: after what, as far as its words or the count tell.
    fn ended_by(&mut self, lower: &str, quote: &str, count: Count, turn: Option<usize>) -> bool {
        let by_recipients = lower.contains("recipients") || lower.contains("messages");
        if count.refusals > 0 && !(by_recipients && !lower.contains("invalid") && !lower.contains("bad")) {
            let what = format!("it ends a session after {}: {quote}", refusals(count.refusals));
            self.bound_refusals(count.refusals, Shown { turn, what, counts: true });
            true
        } else if count.answers > 0 {
            self.bound_recipients(count.answers, quote, turn);
            true
        } else {
            false
        }
    }

    /// So many were too many: the most is one fewer, and never none.
    fn bound_refusals(&mut self, too_many: usize, shown: Shown) {
        let most = too_many.saturating_sub(1).max(1);
        self.show_once(self.refusals, most, shown);
        tighten(&mut self.refusals, Some(most));
    }

    fn bound_recipients(&mut self, most: usize, quote: &str, turn: Option<usize>) {
        let what = format!("it takes {} a session: {quote}", named(most));
        self.show_once(self.recipients, most, Shown { turn, what, counts: true });
        tighten(&mut self.recipients, Some(most));
    }

    fn show_once(&mut self, known: Option<usize>, most: usize, shown: Shown) {
        if known.is_none_or(|known| most < known) {
            self.shown.push(shown);
        }
    }
}

fn tighten(limit: &mut Option<usize>, most: Option<usize>) {
    *limit = match (*limit, most) {
        (Some(known), Some(most)) => Some(known.min(most)),
        (known, most) => known.or(most),
    };
}

fn refusals(number: usize) -> String {
    count(number, "refusal")
}

fn named(number: usize) -> String {
    count(number, "recipient")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::turn;

    fn session(replies: &[(&str, u64)], broke_off: Option<&str>) -> Session {
        let spoken = replies.iter().enumerate().map(|(at, (reply, ms))| {
            let mut turn = turn(Stage::Rcpt, reply, Some(&format!("r{at}@contoso.com")));
            turn.latency_ms = Some(*ms);
            turn
        });
        let transcript = spoken.collect();
        let broke_off = broke_off.map(|said| Miss::new(How::HungUp, said));
        Session { hop: "h".into(), started_at: String::new(), sister: None, transcript, tls: None, broke_off }
    }

    #[test]
    fn each_limit_is_learnt_from_the_way_in_which_it_shows_itself() {
        const NO: &str = "550 5.1.1 User unknown in virtual mailbox table";
        const OK: &str = "250 2.1.5 Ok";
        let times = |reply, count, ms| vec![(reply, ms); count];
        type Row = (&'static str, Vec<(&'static str, u64)>, Option<&'static str>, &'static str);
        let rows: [Row; 9] = [
            ("nothing", [times(OK, 5, 1), times(NO, 2, 1)].concat(), None, "- - - -"),
            ("a tarpit", [times(OK, 5, 1), times(NO, 2, 5000)].concat(), None, "- - - 5000"),
            ("slow acceptance is no tarpit", times(OK, 5, 5000), None, "- - - -"),
            (
                "421 after five refusals",
                [times(NO, 5, 1), vec![("421 4.7.0 Too many errors on this connection", 1)]].concat(),
                Some("the server ended the session: 421 4.7.0 Too many errors on this connection (at RCPT)"),
                "4 - - -",
            ),
            (
                "a hang-up after three refusals",
                [times(OK, 2, 1), times(NO, 3, 1)].concat(),
                Some("the server closed the connection (at RCPT)"),
                "2 - - -",
            ),
            (
                "slower from the eleventh reply on",
                [times(NO, 10, 1), times(NO, 1, 1001), times(OK, 2, 1001)].concat(),
                None,
                "9 - - -",
            ),
            (
                "too many recipients",
                [times(OK, 20, 1), vec![("452 4.5.3 Error: too many recipients", 1)]].concat(),
                None,
                "- 20 - -",
            ),
            (
                "Exim's share of bad recipients",
                [times(NO, 9, 1), times(OK, 1, 1), vec![("550 Rejected for too many bad recipients", 1)]].concat(),
                None,
                "8 - 10 -",
            ),
            ("too often", vec![("450 4.7.1 Error: too much mail from 192.0.2.9", 1)], None, "- - - -"),
        ];
        for (name, replies, broke_off, expected) in rows {
            let limits = Limits::of([session(&replies, broke_off)].iter());
            let shown = |value: Option<usize>| value.map_or("-".into(), |value| value.to_string());
            let tarpit = limits.tarpit_ms.map_or("-".into(), |ms| ms.to_string());
            let found =
                format!("{} {} {} {tarpit}", shown(limits.refusals), shown(limits.recipients), shown(limits.mixed));
            assert_eq!(found, expected, "{name}: {:?}", limits.shown);
        }
    }

    #[test]
    fn the_tightest_counts_and_is_shown_when_it_first_shows() {
        let drop = |refusals| {
            let mut replies = vec![("550 5.1.1 User unknown in virtual mailbox table", 1); refusals];
            replies.push(("421 4.7.0 too many errors", 1));
            session(&replies, Some("the server ended the session: 421 4.7.0 too many errors (at RCPT)"))
        };
        let limits = Limits::of([drop(20), drop(5), drop(7)].iter());
        let shown: Vec<_> = limits.shown.iter().map(|shown| &*shown.what).collect();
        let expected =
            [20, 5].map(|count| format!("it ends a session after {count} refusals: 421 4.7.0 too many errors"));
        assert_eq!((limits.refusals, shown), (Some(4), expected.iter().map(|what| &**what).collect()));
    }

    #[test]
    fn what_ehlo_offers_is_a_limit_too() {
        let mut hello = turn(Stage::Ehlo, "250-mx", None);
        for (line, expected) in [
            ("250 LIMITS RCPTMAX=20 MAILMAX=5", Some(20)),
            ("250 SIZE RCPTMAX=3", None),
            ("250 LIMITS RCPTMAX=0", None),
        ] {
            hello.lines.truncate(1);
            hello.lines.push(crate::evidence::smtp::Line { at_ms: 0, text: line.into() });
            assert_eq!(recipients_offered(&hello), expected, "{line}");
        }
    }
}
