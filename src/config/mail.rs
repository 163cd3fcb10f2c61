//! Where a report is mailed, and through whom: `--mail-to` and `[mail]`.
use super::address::typed;
use super::file::{Given, Place, in_file};
use super::values::{credential, read_password, split_host};
use super::{Builder, ConfigError};
use crate::commands::check::MailWhen;
use crate::mailing::{Letter, Line, Login, SmartHost};
use lettre::Address;
use toml::Spanned;

/// How many recipients a mail has at most: what every server takes (RFC 5321, 4.5.3.1.8).
const RECIPIENTS: usize = 100;

/// A mail that the user wants.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// To whom.
    pub to: Vec<Address>,
    /// From whom.
    pub from: Address,
    /// Through whom.
    pub smart_host: SmartHost,
    /// Whether after every run, or when something changed.
    pub always: bool,
}

impl Builder<'_> {
    /// The mail that `--mail-to` asks for, if it does. `[mail]` is read in any case: what is wrong in it is told when it is
    /// written, and not in the night when it counts.
    pub(super) fn mail(&self, mail_from: &str, notes: &mut Vec<String>) -> Result<Option<MailSettings>, ConfigError> {
        let (args, file) = (self.args, &self.file.mail);
        let smart_host = self.smart_host(notes)?;
        let from = file.from.as_ref().map(|from| self.sender_of_mail(&in_file(from))).transpose()?;
        if args.mail_to.is_empty() {
            return Ok(None);
        }
        let given = self.many(&args.mail_to, "--mail-to", [].iter());
        let mut to: Vec<Address> = Vec::new();
        for given in &given {
            let address = typed(&given.text).map_err(|wrong| self.wrong(given, &wrong))?;
            if !to.contains(&address) {
                to.push(address);
            }
        }
        if to.len() > RECIPIENTS {
            return Err(ConfigError(format!("--mail-to: a mail goes to {RECIPIENTS} addresses at most")));
        }
        let smart_host = smart_host.ok_or_else(|| {
            let said = "--mail-to: nobody is named to take the mail: put smart_host = \"HOST[:PORT]\" below [mail] in the configuration";
            ConfigError(said.into())
        })?;
        // Lettre writes no mail from an address literal, as which a host without a name probes.
        let as_probes = Given { text: mail_from.into(), place: Place::Flag("--mail-to") };
        let from = from.map_or_else(|| self.sender_of_mail(&as_probes), Ok).map_err(|ConfigError(wrong)| {
            ConfigError(format!("{wrong}: put from = \"ADDRESS\" below [mail] in the configuration"))
        })?;
        let kept = args.quiet_if_unchanged.is_some();
        let always = match args.mail {
            Some(MailWhen::Change) if !kept => {
                let said =
                    "--mail change: what the last run said is kept by --quiet-if-unchanged STATE, which is missing";
                return Err(ConfigError(said.into()));
            }
            Some(when) => when == MailWhen::Always,
            None => !kept,
        };
        Ok(Some(MailSettings { to, from, smart_host, always }))
    }

    /// An address that a mail can be from.
    fn sender_of_mail(&self, given: &Given) -> Result<Address, ConfigError> {
        let from = typed(&given.text).map_err(|wrong| self.wrong(given, &wrong))?;
        // The builder takes fewer addresses for From than for To.
        let built = Letter::new(&from, std::slice::from_ref(&from), "", "", "localhost", None);
        built.map_err(|_| self.wrong(given, &format!("no mail can be written as from {from}")))?;
        Ok(from)
    }

    fn smart_host(&self, notes: &mut Vec<String>) -> Result<Option<SmartHost>, ConfigError> {
        let file = &self.file.mail;
        let login = self.login(notes)?;
        let Some(host) = &file.smart_host else {
            let lonely = file.tls.as_ref().or(file.user.as_ref());
            let wrong =
                |lonely: &Spanned<String>| self.source.wrong(Some(lonely.span()), "there is no 'smart_host' beside it");
            return lonely.map_or(Ok(None), |lonely| Err(wrong(lonely)));
        };
        let (line, usual) = match (file.tls.as_ref().map(|tls| (tls.get_ref().as_str(), tls.span())), login) {
            (None | Some(("starttls", _)), login) => (Line::StartTls(login), 25),
            (Some(("wrapped", _)), login) => (Line::Wrapped(login), 465),
            (Some(("none", _)), None) => (Line::Clear, 25),
            (Some(("none", span)), Some(_)) => {
                return Err(self.source.wrong(Some(span), "a password goes over TLS alone: leave out 'user', or this"));
            }
            (Some((other, span)), _) => {
                let said = format!("'{}' is neither starttls, wrapped nor none", other.escape_debug());
                return Err(self.source.wrong(Some(span), &said));
            }
        };
        let given = in_file(host);
        let named = self.host(&given)?;
        let (host, port) = split_host(&named, usual).ok_or_else(|| self.wrong(&given, "it is no host[:port]"))?;
        Ok(Some(SmartHost { host, port, line }))
    }

    /// As whom to send: the password is that of `password_file`, else the service manager's credential.
    fn login(&self, notes: &mut Vec<String>) -> Result<Option<Login>, ConfigError> {
        let file = &self.file.mail;
        let named = file.password_file.as_ref().map(|path| self.source.path(path.get_ref()));
        let Some(user) = &file.user else {
            return match &file.password_file {
                Some(path) => Err(self.source.wrong(Some(path.span()), "it is nobody's password: 'user' is missing")),
                None => Ok(None),
            };
        };
        if user.get_ref().is_empty() || user.get_ref().contains('\0') {
            return Err(self.source.wrong(Some(user.span()), "it is no user"));
        }
        let path = named.or_else(|| credential("mail-password")).ok_or_else(|| {
            let said =
                "no password: name its file in 'password_file', or give it as $CREDENTIALS_DIRECTORY/mail-password";
            self.source.wrong(Some(user.span()), said)
        })?;
        let (password, open) = read_password(&path)?;
        if open {
            notes.push(format!("{} can be read by others: chmod 600 it", path.display()));
        }
        Ok(Some(Login { user: user.get_ref().clone(), password }))
    }
}
