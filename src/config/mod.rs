//! What a run is asked: the configuration file and the flags, of which a flag wins.
mod address;
mod file;
mod mail;
mod policy;
#[cfg(test)]
mod tests;
mod values;

use crate::border::Secrets;
use crate::collect::directory::Password;
use crate::commands::check::CheckArgs;
use crate::stop::Stop;
use file::{File, FileDirectory, Given, OneOrMany, Place, Source, in_file, read};
pub use mail::MailSettings;
use nsdiag_checks::evidence::{Question, System, SystemKind};
pub use policy::Policy;
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use toml::Spanned;
use values::{credential, is_code_or_area, own_name, random_local, read_password, readable};
pub use values::{per_second, split_host};

/// As many recipients as there are.
pub const ALL: usize = u32::MAX as usize;

/// Everything that a run needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What goes into the report as `run.settings`.
    pub question: Question,
    /// The directories to ask.
    pub directories: Vec<DirectorySettings>,
    /// Exports that stand beside LDAP or in for it, by system.
    pub exports: Vec<ExportSettings>,
    /// PEM files with roots to trust.
    pub ca_files: Vec<PathBuf>,
    /// The DNS servers to ask; none means the system's.
    pub resolvers: Vec<SocketAddr>,
    /// Files that list mailboxes, each with its system.
    pub lists: Vec<(String, PathBuf)>,
    /// The domain of names without one in the lists of a system.
    pub list_domains: BTreeMap<String, String>,
    /// The addresses of `--recipient`.
    pub recipients: Vec<String>,
    /// What the user should know of the configuration.
    pub notes: Vec<String>,
    /// What no report, note or file may show.
    pub secrets: Secrets,
    /// Where answers are kept as they come.
    pub journal: JournalSettings,
    /// The mail that the report goes out with, if it does.
    pub mail: Option<MailSettings>,
    /// The user's wish to stop.
    pub stop: Stop,
}

/// Where the journal is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum JournalSettings {
    /// The user named it.
    Named(PathBuf),
    /// Beside the report, for a run that is long.
    Beside(PathBuf),
    /// There is no file to keep it beside.
    #[default]
    Nowhere,
}

/// One system's directory.
#[derive(Clone, Debug)]
pub struct DirectorySettings {
    /// The system.
    pub system: String,
    /// Its servers; none means those of DNS SRV.
    pub urls: Vec<String>,
    /// Its AD site, whose servers DNS SRV names first.
    pub site: Option<String>,
    /// Its global catalog; none means the one beside its server, or those of DNS SRV.
    pub catalog: Option<String>,
    /// Whether to bind by Kerberos, in place of user and password.
    pub kerberos: bool,
    /// As whom to bind.
    pub user: Option<String>,
    /// With which password.
    pub password: Option<Password>,
    /// Whether the password may go in the clear.
    pub plaintext: bool,
}

/// One system's exports.
#[derive(Clone, Debug)]
pub struct ExportSettings {
    /// The system.
    pub system: String,
    /// Files and folders.
    pub paths: Vec<PathBuf>,
}

/// What is wrong with the arguments or the configuration, in words that name the place.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError(pub String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

impl Settings {
    /// Puts file and flags together.
    ///
    /// # Errors
    /// With file, line and column, or the flag, where something cannot be understood.
    pub fn load(args: &CheckArgs) -> Result<Self, ConfigError> {
        let (file, source) = read(args.ask.config.as_deref())?;
        Builder { file: &file, source: &source, args }.build()
    }
}

/// That what `flag` names are codes or areas.
///
/// # Errors
/// In words.
pub fn codes_or_areas(flag: &str, list: &[String]) -> Result<(), ConfigError> {
    let Some(unknown) = list.iter().find(|name| !is_code_or_area(name)) else { return Ok(()) };
    let said = "is neither a code nor one of dns, smtp, exchange, recipients, flow";
    Err(ConfigError(format!("{flag}: '{unknown}' {said}")))
}

/// The passwords, to be kept out of what is written.
fn secrets(question: &Question, directories: &[DirectorySettings], mail: Option<&MailSettings>) -> Secrets {
    let mut secrets = Secrets::default();
    let binds =
        directories.iter().filter_map(|one| Some((one.user.as_deref().unwrap_or_default(), one.password.as_ref()?)));
    let login = mail.and_then(|mail| mail.smart_host.login()).map(|login| (login.user.as_str(), &login.password));
    for (user, password) in binds.chain(login) {
        // Words that every report holds, and those that this one does.
        let checks =
            nsdiag_checks::checks().into_iter().map(|(area, check)| format!("{area} {} {}", check.code, check.name));
        let question = serde_json::to_string(question).expect("a question is JSON");
        let named = checks.chain([question, crate::report::schema()]).collect::<Vec<_>>().join(" ");
        secrets.add(user, password, &named);
    }
    secrets
}

struct Builder<'a> {
    file: &'a File,
    source: &'a Source,
    args: &'a CheckArgs,
}

impl Builder<'_> {
    fn build(self) -> Result<Settings, ConfigError> {
        let (args, file) = (self.args, self.file);
        let mut notes = Vec::new();
        let domain = match self.one(args.domain.as_ref(), "DOMAIN", file.domain.as_ref()) {
            Some(given) => self.domain(&given)?,
            None => {
                let said = "no domain: give it on the command line, or as 'domain' in the configuration";
                return Err(ConfigError(said.into()));
            }
        };
        let mut systems = Vec::new();
        let mut directories = Vec::new();
        let mut exports = Vec::new();
        let mut lists = Vec::new();
        let mut list_domains = BTreeMap::new();
        for system in &file.system {
            let name = system.name.get_ref().clone();
            if systems.iter().any(|known: &System| known.name == name) {
                return Err(self.source.wrong(Some(system.name.span()), &format!("there are two systems '{name}'")));
            }
            let smtp = system.smtp.iter().map(|host| self.host(&in_file(host))).collect::<Result<_, _>>()?;
            let in_directory = system.recipients.as_ref().is_some_and(OneOrMany::in_directory);
            let listed = system.recipients.as_ref().filter(|_| !in_directory);
            let listed = listed.map_or(vec![], |listed| listed.paths(self.source));
            let mut exported = vec![];
            if let Some(directory) = &system.directory {
                let (span, directory) = (directory.span(), directory.get_ref());
                match system.kind {
                    SystemKind::Exchange if !directory.by_ldap() => {}
                    SystemKind::Exchange => directories.push(self.directory(&name, directory)?),
                    SystemKind::ExchangeOnline if !directory.by_ldap() => {}
                    SystemKind::ExchangeOnline => {
                        let said = "Exchange Online has no LDAP: name exports of its configuration in 'export'";
                        return Err(self.source.wrong(Some(span), said));
                    }
                    SystemKind::Other => {
                        let said = "only a system of kind 'exchange' has a directory; list the mailboxes of others in 'recipients'";
                        return Err(self.source.wrong(Some(span), said));
                    }
                }
                if let Some(export) = &directory.export {
                    exported = export.get_ref().paths(self.source);
                    let wrong = exported.iter().find_map(|path| crate::collect::exports::check_path(path).err());
                    if let Some(wrong) = wrong {
                        return Err(self.source.wrong(Some(export.span()), &wrong));
                    }
                    exports.push(ExportSettings { system: name.clone(), paths: exported.clone() });
                }
            }
            let asked = directories.iter().find(|directory| directory.system == name);
            systems.push(System {
                name: name.clone(),
                kind: system.kind,
                smtp,
                ldap: asked.map_or(vec![], |directory| directory.urls.clone()),
                ldap_user: asked.and_then(|directory| directory.user.clone()),
                exports: exported.iter().map(|path| path.display().to_string()).collect(),
                lists: listed.iter().map(|path| path.display().to_string()).collect(),
                outbound: system.outbound.iter().map(|host| self.sender(&in_file(host))).collect::<Result<_, _>>()?,
                recipients_in_directory: in_directory,
            });
            if let Some(domain) = &system.list_domain {
                list_domains.insert(name.clone(), self.domain(&in_file(domain))?);
            }
            lists.extend(listed.into_iter().map(|path| (name.clone(), path)));
        }
        self.flags_of_systems(&mut systems, &mut directories, &mut exports, &mut lists)?;
        if let Some(domain) = self.one(self.args.ask.list_domain.as_ref(), "--list-domain", None) {
            let domain = self.domain(&domain)?;
            list_domains.extend(systems.iter().map(|system| (system.name.clone(), domain.clone())));
        }
        for directory in &mut directories {
            self.password(directory, &mut notes)?;
        }
        let mut delivers_to = BTreeMap::new();
        for gateway in &file.gateway {
            let Some(to) = &gateway.delivers_to else { continue };
            delivers_to.insert(self.host(&in_file(&gateway.host))?, to.get_ref().clone());
            if !systems.iter().any(|system| system.name == *to.get_ref()) {
                let said = format!("delivers_to names no system: '{}'", to.get_ref());
                return Err(self.source.wrong(Some(to.span()), &said));
            }
        }
        let gateways = self.many(&args.ask.gateway, "--gateway", file.gateway.iter().map(|gateway| &gateway.host));
        let gateways = gateways.iter().map(|given| self.host(given)).collect::<Result<_, _>>()?;
        let known_good = self
            .many(&args.ask.known_good, "--known-good", file.probe.known_good.iter())
            .iter()
            .map(|given| self.address_in(given, &domain))
            .collect::<Result<_, _>>()?;
        let resolvers = self
            .many(&args.ask.resolver, "--resolver", file.dns.resolvers.iter())
            .iter()
            .map(|given| self.resolver(given))
            .collect::<Result<Vec<_>, _>>()?;
        let host = own_name();
        let ehlo = match self.one(args.ask.ehlo.as_ref(), "--ehlo", file.probe.ehlo.as_ref()) {
            Some(given) => self.ehlo(&given)?,
            None => host.clone(),
        };
        let mail_from = match self.one(args.ask.mail_from.as_ref(), "--mail-from", file.probe.mail_from.as_ref()) {
            Some(given) => self.address(&given)?,
            None => format!("postmaster@{host}"),
        };
        let pace = match self.one(args.ask.pace.as_ref(), "--pace", file.probe.pace.as_ref()) {
            Some(given) => self.pace(&given)?,
            None => "polite".into(),
        };
        let number = |flag: Option<u64>, name, file: Option<&Spanned<u64>>, usual| {
            let value = flag.or(file.map(|value| *value.get_ref())).unwrap_or(usual);
            match (value, flag, file) {
                (1.., ..) => Ok(value),
                (_, None, Some(file)) => Err(self.source.wrong(Some(file.span()), "it must be 1 or more")),
                _ => Err(ConfigError(format!("{name}: it must be 1 or more"))),
            }
        };
        let timeout_s = number(args.ask.timeout, "--timeout", file.probe.timeout.as_ref(), 10)?;
        let deadline_s = number(args.ask.deadline, "--deadline", file.probe.deadline.as_ref(), 120)?;
        let max_recipients = args.ask.max_recipients.or(file.probe.max_recipients.as_ref().map(|most| *most.get_ref()));
        for (list, flag) in [(&args.report.only, "--only"), (&args.report.skip, "--skip")] {
            codes_or_areas(flag, list)?;
        }
        let recipients = self.many(&args.ask.recipient, "--recipient", [].iter());
        let recipients = recipients.iter().map(|given| self.address(given)).collect::<Result<_, _>>()?;
        let usual = if pace == "own" { ALL } else { 20 };
        let question = Question {
            random: format!("{}@{domain}", random_local()),
            second_random: format!("{}@{domain}", random_local()),
            domain,
            systems,
            gateways,
            delivers_to,
            known_good,
            traced: Vec::new(),
            mail_from,
            ehlo,
            pace,
            smtp_port: 25,
            max_recipients: max_recipients.unwrap_or(usual),
            timeout_s,
            deadline_s,
            only: args.report.only.clone(),
            skip: args.report.skip.clone(),
            resolvers: resolvers.iter().map(ToString::to_string).collect(),
            replies: self.replies()?,
            ignores: self.ignores()?,
            severities: self.severities()?,
        };
        let mail = self.mail(&question.mail_from, &mut notes)?;
        let ca_files = match args.ask.ca.is_empty() {
            false => args.ask.ca.clone(),
            true => file.tls.ca_files.iter().map(|path| self.source.path(path)).collect(),
        };
        for path in lists.iter().map(|(_, path)| path).chain(&ca_files) {
            readable(path)?;
        }
        Ok(Settings {
            secrets: secrets(&question, &directories, mail.as_ref()),
            question,
            directories,
            exports,
            ca_files,
            resolvers,
            lists,
            list_domains,
            recipients,
            notes,
            journal: self.journal(),
            mail,
            stop: Stop::default(),
        })
    }

    /// The journal that was named, else one beside the first report.
    fn journal(&self) -> JournalSettings {
        match (&self.args.ask.journal, self.args.report.told.output.first()) {
            (Some(named), _) => JournalSettings::Named(named.clone()),
            (None, Some(report)) => {
                let mut name = report.clone().into_os_string();
                name.push(".journal");
                JournalSettings::Beside(name.into())
            }
            (None, None) => JournalSettings::Nowhere,
        }
    }

    /// Flags go to the first system of their kind, which is made where there is none.
    fn flags_of_systems(
        &self,
        systems: &mut Vec<System>,
        directories: &mut Vec<DirectorySettings>,
        exports: &mut Vec<ExportSettings>,
        lists: &mut Vec<(String, PathBuf)>,
    ) -> Result<(), ConfigError> {
        let args = self.args;
        let kerberos = args.ask.kerberos();
        if kerberos && args.ask.ldap_user.is_some() {
            let said = "--ldap-kerberos: it binds as whoever the ticket is for; leave --ldap-user out";
            return Err(ConfigError(said.into()));
        }
        let asks_ldap = !args.ask.ldap.is_empty() || args.ask.ldap_user.is_some() || kerberos;
        // Exports alone may be of Exchange Online, where that is all that is configured.
        let online = systems.iter().position(|system| system.kind == SystemKind::ExchangeOnline);
        let exports_make = !args.ask.exchange_export.is_empty() && online.is_none();
        let exchange = !args.ask.exchange.is_empty() || asks_ldap || exports_make;
        let other = !args.ask.other.is_empty() || !args.ask.recipients.is_empty() || !args.ask.recipient.is_empty();
        let mut first = |kind, name: &str, wanted: bool| {
            let found = systems.iter().position(|system| system.kind == kind);
            found.or_else(|| {
                (wanted || systems.is_empty()).then(|| {
                    systems.push(System {
                        name: name.into(),
                        kind,
                        smtp: vec![],
                        ldap: vec![],
                        ldap_user: None,
                        exports: vec![],
                        lists: vec![],
                        outbound: vec![],
                        recipients_in_directory: false,
                    });
                    systems.len() - 1
                })
            })
        };
        let (exchange, other) =
            (first(SystemKind::Exchange, "exchange", exchange), first(SystemKind::Other, "other", other));
        let hosts = |hosts: &[String], flag| -> Result<Vec<String>, ConfigError> {
            hosts.iter().map(|host| self.host(&Given { text: host.clone(), place: Place::Flag(flag) })).collect()
        };
        if let Some(at) = exchange {
            if !args.ask.exchange.is_empty() {
                systems[at].smtp = hosts(&args.ask.exchange, "--exchange")?;
            }
            if asks_ldap {
                let name = systems[at].name.clone();
                let known = directories.iter().position(|directory| directory.system == name);
                let place = known.unwrap_or_else(|| {
                    directories.push(DirectorySettings {
                        system: name,
                        urls: vec![],
                        site: None,
                        catalog: None,
                        kerberos: false,
                        user: None,
                        password: None,
                        plaintext: false,
                    });
                    directories.len() - 1
                });
                let directory = &mut directories[place];
                if !args.ask.ldap.is_empty() {
                    for url in &args.ask.ldap {
                        self.url(&Given { text: url.clone(), place: Place::Flag("--ldap") })?;
                    }
                    directory.urls.clone_from(&args.ask.ldap);
                }
                directory.user = args.ask.ldap_user.clone().or(directory.user.take());
                // Of the file's and the flag's word on who binds, the flag's counts.
                directory.kerberos = kerberos || directory.kerberos && args.ask.ldap_user.is_none();
                if kerberos {
                    directory.user = None;
                }
                directory.plaintext |= args.ask.ldap_plaintext;
                systems[at].ldap.clone_from(&directory.urls);
                systems[at].ldap_user.clone_from(&directory.user);
            }
        }
        if let (Some(at), false) = (exchange.or(online), args.ask.exchange_export.is_empty()) {
            let paths = &args.ask.exchange_export;
            if let Some(wrong) = paths.iter().find_map(|path| crate::collect::exports::check_path(path).err()) {
                return Err(ConfigError(format!("--exchange-export: {wrong}")));
            }
            exports.retain(|own| own.system != systems[at].name);
            exports.push(ExportSettings { system: systems[at].name.clone(), paths: paths.clone() });
            systems[at].exports = paths.iter().map(|path| path.display().to_string()).collect();
        }
        if let Some(at) = other {
            if !args.ask.other.is_empty() {
                systems[at].smtp = hosts(&args.ask.other, "--other")?;
            }
            if !args.ask.recipients.is_empty() {
                let name = systems[at].name.clone();
                lists.retain(|(system, _)| *system != name);
                lists.extend(args.ask.recipients.iter().map(|path| (name.clone(), path.clone())));
                systems[at].lists = args.ask.recipients.iter().map(|path| path.display().to_string()).collect();
            }
        }
        Ok(())
    }

    fn directory(&self, system: &str, directory: &FileDirectory) -> Result<DirectorySettings, ConfigError> {
        if let Some(kerberos) = directory.kerberos.as_ref().filter(|kerberos| *kerberos.get_ref()) {
            let wrong = match directory.user {
                _ if !cfg!(feature = "gssapi") => "this nsdiag is built without Kerberos (cargo feature 'gssapi')",
                Some(_) => "Kerberos binds as whoever the ticket is for: leave 'user' out",
                None => "",
            };
            if !wrong.is_empty() {
                return Err(self.source.wrong(Some(kerberos.span()), wrong));
            }
        }
        for url in directory.ldap.iter().chain(&directory.catalog) {
            self.url(&in_file(url))?;
        }
        Ok(DirectorySettings {
            system: system.into(),
            urls: directory.ldap.iter().map(|url| url.get_ref().clone()).collect(),
            site: directory.site.clone(),
            catalog: directory.catalog.as_ref().map(|url| url.get_ref().clone()),
            kerberos: directory.kerberos.as_ref().is_some_and(|kerberos| *kerberos.get_ref()),
            user: directory.user.clone(),
            password: match &directory.password_file {
                Some(path) => Some(read_password(&self.source.path(path))?.0),
                None => None,
            },
            plaintext: directory.plaintext,
        })
    }

    /// The flag's password file, else the configuration's, else the service manager's credential.
    fn password(&self, directory: &mut DirectorySettings, notes: &mut Vec<String>) -> Result<(), ConfigError> {
        let flag = self.args.ask.ldap_password_file.clone();
        let path = match (flag, &directory.password, &directory.user) {
            (Some(path), _, _) => path,
            (None, None, Some(_)) => match credential("ldap-password") {
                Some(path) => path,
                None => return Ok(()),
            },
            _ => return Ok(()),
        };
        let (password, open) = read_password(&path)?;
        if open {
            notes.push(format!("{} can be read by others: chmod 600 it", path.display()));
        }
        directory.password = Some(password);
        Ok(())
    }
}
