//! RCPT commands that go out together (RFC 2920), and their replies, matched strictly in order.
//!
//! A group is sent whole and heard whole before anything else is said. Its replies count only if they are as many as its
//! commands: one too many or too few, and nobody knows which answers which. Then none of them counts.
use super::reader::Stream;
use super::{Dialogue, plain};
use nsdiag_checks::evidence::smtp::Who;
use nsdiag_checks::evidence::{How, Miss};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout_at;

/// The most bytes of commands that are on the way at once, so that neither side's buffers fill up and both wait for the
/// other (RFC 2920, 3.1).
const BYTES: usize = 16 * 1024;
/// A reply that no command is left for.
pub(super) const TOO_MANY: &str = "the server said more replies than it had been given commands";

impl Dialogue<'_> {
    /// Says the commands, each about a recipient, and hears their replies. One alone is said as any other command.
    pub(super) async fn ask(&mut self, stream: &mut dyn Stream, commands: &[(String, String)]) -> Result<(), Miss> {
        let mut rest = commands;
        while let Some((recipient, command)) = rest.first() {
            let mut bytes = 0;
            let fits = |(_, command): &&(String, String)| {
                bytes += command.len() + 2;
                bytes <= BYTES
            };
            let count = rest.iter().take_while(fits).count().max(1);
            let (group, later) = rest.split_at(count);
            rest = later;
            match group.len() {
                1 => drop(self.say(stream, command, Some(recipient)).await?),
                _ => self.ask_at_once(stream, group).await?,
            }
        }
        Ok(())
    }

    async fn ask_at_once(&mut self, stream: &mut dyn Stream, group: &[(String, String)]) -> Result<(), Miss> {
        self.unasked(stream, "RCPT").await?;
        self.group = self.session.transcript.len();
        let mut bytes = Vec::new();
        for (recipient, command) in group {
            self.turn(Who::Client, command.clone(), Some(recipient));
            bytes.extend_from_slice(command.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        let sent = async {
            stream.write_all(&bytes).await?;
            stream.flush().await
        };
        // What a server says before it hangs up is heard, whether or not it took all of our commands.
        let broken = match timeout_at(self.by(), sent).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(self.at(Miss::new(How::HungUp, plain(&error)))),
            Err(_) => return Err(self.late("the commands could not be sent in time".into())),
        };
        for (recipient, _) in group {
            let Err(miss) = self.hear(stream, Some(recipient)).await else { continue };
            if miss.how == How::TimedOut {
                self.void("the server answered fewer commands than it was given");
            }
            let dismissed = self.session.transcript.last().is_some_and(|turn| turn.code == Some(421));
            return Err(broken.filter(|_| miss.how == How::HungUp && !dismissed).unwrap_or(miss));
        }
        if let Some(broken) = broken {
            return Err(broken);
        }
        if self.answers_another(group) {
            self.void("a reply names another recipient than the one that it would answer");
            return Err(self.at(Miss::new(How::Protocol, "the server's replies are not in the order of our commands")));
        }
        match self.reader.something_waits(stream).await {
            true => Err(self.too_many(stream).await),
            false => Ok(()),
        }
    }

    /// Hears what came beyond the replies of the last group, which then counts for nothing.
    pub(super) async fn too_many(&mut self, stream: &mut dyn Stream) -> Miss {
        let before = self.session.transcript.len();
        let heard = self.hear(stream, None).await;
        match self.session.transcript.get_mut(before) {
            // Who says goodbye of its own accord has not answered one command too many.
            Some(turn) if turn.code == Some(421) => {}
            Some(turn) => {
                (turn.code, turn.latency_ms, turn.unasked) = (None, None, true);
                turn.oddities.push("nobody had asked for it".into());
                self.void(TOO_MANY);
                return self.at(Miss::new(How::Protocol, TOO_MANY));
            }
            None => {}
        }
        heard.err().unwrap_or_else(|| self.at(Miss::new(How::HungUp, "the server ended the session")))
    }

    /// Takes the replies to RCPT since the last group for nothing: which of them answers which command is not known.
    pub(super) fn void(&mut self, why: &str) {
        let replies = self.session.transcript[self.group..].iter_mut();
        for turn in replies.filter(|turn| turn.who == Who::Server && turn.recipient.is_some()) {
            turn.code = None;
            turn.oddities.push(format!("it answers nothing: {why}"));
        }
        self.told = self.told.min(self.group);
    }

    /// Whether a reply of the last group names, in brackets, another of its recipients than its own.
    fn answers_another(&self, group: &[(String, String)]) -> bool {
        let replies = self.session.transcript[self.group..].iter();
        replies.filter(|turn| turn.who == Who::Server && turn.code.is_some_and(|code| code >= 400)).any(|turn| {
            let text = turn.text();
            let named = text.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(named, _)| named);
            let (Some(named), Some(own)) = (named, &turn.recipient) else { return false };
            !named.eq_ignore_ascii_case(own) && group.iter().any(|(other, _)| named.eq_ignore_ascii_case(other))
        })
    }
}
