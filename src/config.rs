//! What a run is asked: the configuration file and the flags, of which a flag wins.
use crate::cli::CheckArgs;
use crate::collect::directory::Password;
use crate::stop::Stop;
use nsdiag_checks::evidence::{Question, System, SystemKind, address};
use nsdiag_checks::report::Ignore;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;

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
    /// The addresses of `--recipient`.
    pub recipients: Vec<String>,
    /// Findings to leave out.
    pub ignores: Vec<Ignore>,
    /// What the user should know of the configuration.
    pub notes: Vec<String>,
    /// Where answers are kept as they come.
    pub journal: JournalSettings,
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

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    domain: Option<Spanned<String>>,
    dns: Dns,
    tls: Tls,
    gateway: Vec<Gateway>,
    system: Vec<FileSystem>,
    probe: Probe,
    ignore: Vec<FileIgnore>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Dns {
    resolvers: Vec<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Tls {
    ca_files: Vec<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Gateway {
    host: Spanned<String>,
    delivers_to: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileSystem {
    name: Spanned<String>,
    kind: SystemKind,
    #[serde(default)]
    smtp: Vec<Spanned<String>>,
    recipients: Option<OneOrMany>,
    #[serde(default)]
    outbound: Vec<Spanned<String>>,
    directory: Option<Spanned<FileDirectory>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(PathBuf),
    Many(Vec<PathBuf>),
}

impl OneOrMany {
    fn paths(&self, source: &Source) -> Vec<PathBuf> {
        match self {
            Self::One(path) => vec![source.path(path)],
            Self::Many(paths) => paths.iter().map(|path| source.path(path)).collect(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileDirectory {
    ldap: Vec<Spanned<String>>,
    catalog: Option<Spanned<String>>,
    site: Option<String>,
    kerberos: Option<Spanned<bool>>,
    user: Option<String>,
    password_file: Option<PathBuf>,
    plaintext: bool,
    export: Option<Spanned<OneOrMany>>,
}

impl FileDirectory {
    /// Whether it says how to ask over LDAP; without any word on either it does: the servers are those of DNS SRV.
    fn by_ldap(&self) -> bool {
        let told = !self.ldap.is_empty() || self.user.is_some() || self.password_file.is_some() || self.plaintext;
        let told = told || self.kerberos.is_some() || self.catalog.is_some() || self.site.is_some();
        told || self.export.is_none()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Probe {
    mail_from: Option<Spanned<String>>,
    ehlo: Option<Spanned<String>>,
    known_good: Vec<Spanned<String>>,
    pace: Option<Spanned<String>>,
    max_recipients: Option<Spanned<usize>>,
    timeout: Option<Spanned<u64>>,
    deadline: Option<Spanned<u64>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileIgnore {
    code: Spanned<String>,
    subject: Option<String>,
    #[serde(rename = "reason")]
    _reason: Option<String>,
    until: Option<Spanned<toml::value::Datetime>>,
}

/// The file, and where it was found, to name places in it.
struct Source {
    name: String,
    folder: PathBuf,
    text: String,
}

impl Source {
    /// An error at a place in the file.
    fn wrong(&self, span: Option<Range<usize>>, what: &str) -> ConfigError {
        let before = &self.text[..span.map_or(0, |span| span.start).min(self.text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        ConfigError(format!("{}:{line}:{column}: {what}", self.name))
    }

    fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }
}

/// A text with the place that it came from, for errors: a flag, or a span of the file.
struct Given {
    text: String,
    place: Place,
}

enum Place {
    Flag(&'static str),
    File(Range<usize>),
}

impl Settings {
    /// Puts file and flags together.
    ///
    /// # Errors
    /// With file, line and column, or the flag, where something cannot be understood.
    pub fn load(args: &CheckArgs) -> Result<Self, ConfigError> {
        let (file, source) = read(args.config.as_deref())?;
        Builder { file: &file, source: &source, args }.build()
    }
}

/// Reads the file that was named, or the first of the usual ones.
fn read(named: Option<&Path>) -> Result<(File, Source), ConfigError> {
    let none = || (File::default(), Source { name: String::new(), folder: PathBuf::new(), text: String::new() });
    let path = match named {
        Some(path) => path.to_path_buf(),
        None => match usual().into_iter().find(|path| path.is_file()) {
            Some(path) => path,
            None => return Ok(none()),
        },
    };
    let name = path.display().to_string();
    let text = std::fs::read_to_string(&path).map_err(|error| ConfigError(format!("{name}: {error}")))?;
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let source = Source { name, folder, text };
    match toml::from_str(&source.text) {
        Ok(file) => Ok((file, source)),
        Err(error) => {
            let message = error.message().trim_end().replace('\n', "; ");
            Err(source.wrong(error.span(), &with_nearest(&message)))
        }
    }
}

fn usual() -> Vec<PathBuf> {
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config"));
    let user = std::env::var_os("XDG_CONFIG_HOME").filter(|dir| !dir.is_empty()).map(PathBuf::from).or(home);
    let user = user.map(|dir| dir.join("nsdiag/config.toml"));
    [Some("nsdiag.toml".into()), user, Some("/etc/nsdiag/config.toml".into())].into_iter().flatten().collect()
}

/// Adds the nearest key to serde's "unknown field `x`, expected one of `a`, `b`".
fn with_nearest(message: &str) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    let (Some(unknown), true) = (names.next(), message.starts_with("unknown field")) else { return message.into() };
    let nearest = names.max_by(|a, b| strsim::jaro_winkler(unknown, a).total_cmp(&strsim::jaro_winkler(unknown, b)));
    match nearest {
        Some(nearest) => format!("unknown key '{unknown}'; the nearest is '{nearest}'"),
        None => format!("unknown key '{unknown}'"),
    }
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
        for system in &file.system {
            let name = system.name.get_ref().clone();
            if systems.iter().any(|known: &System| known.name == name) {
                return Err(self.source.wrong(Some(system.name.span()), &format!("there are two systems '{name}'")));
            }
            let smtp = system.smtp.iter().map(|host| self.host(&in_file(host))).collect::<Result<_, _>>()?;
            let listed = system.recipients.as_ref().map_or(vec![], |listed| listed.paths(self.source));
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
            });
            lists.extend(listed.into_iter().map(|path| (name.clone(), path)));
        }
        self.flags_of_systems(&mut systems, &mut directories, &mut exports, &mut lists)?;
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
        let gateways = self.many(&args.gateway, "--gateway", file.gateway.iter().map(|gateway| &gateway.host));
        let gateways = gateways.iter().map(|given| self.host(given)).collect::<Result<_, _>>()?;
        let known_good = self
            .many(&args.known_good, "--known-good", file.probe.known_good.iter())
            .iter()
            .map(|given| self.address_in(given, &domain))
            .collect::<Result<_, _>>()?;
        let resolvers = self
            .many(&args.resolver, "--resolver", file.dns.resolvers.iter())
            .iter()
            .map(|given| self.resolver(given))
            .collect::<Result<Vec<_>, _>>()?;
        let host = own_name();
        let ehlo = match self.one(args.ehlo.as_ref(), "--ehlo", file.probe.ehlo.as_ref()) {
            Some(given) => self.ehlo(&given)?,
            None => host.clone(),
        };
        let mail_from = match self.one(args.mail_from.as_ref(), "--mail-from", file.probe.mail_from.as_ref()) {
            Some(given) => self.address(&given)?,
            None => format!("postmaster@{host}"),
        };
        let pace = match self.one(args.pace.as_ref(), "--pace", file.probe.pace.as_ref()) {
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
        let timeout_s = number(args.timeout, "--timeout", file.probe.timeout.as_ref(), 10)?;
        let deadline_s = number(args.deadline, "--deadline", file.probe.deadline.as_ref(), 120)?;
        let max_recipients = args.max_recipients.or(file.probe.max_recipients.as_ref().map(|most| *most.get_ref()));
        for (list, flag) in [(&args.report.only, "--only"), (&args.report.skip, "--skip")] {
            if let Some(unknown) = list.iter().find(|name| !is_code_or_area(name)) {
                let said = "is neither a code nor one of dns, smtp, exchange, recipients, flow";
                return Err(ConfigError(format!("{flag}: '{unknown}' {said}")));
            }
        }
        for recipient in &args.recipient {
            address::fold(recipient).map_err(|wrong| ConfigError(format!("--recipient: {wrong}")))?;
        }
        let usual = if pace == "own" { ALL } else { 20 };
        let question = Question {
            random: format!("{}@{domain}", random_local()),
            second_random: format!("{}@{domain}", random_local()),
            domain,
            systems,
            gateways,
            delivers_to,
            known_good,
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
        };
        let ca_files = match args.ca.is_empty() {
            false => args.ca.clone(),
            true => file.tls.ca_files.iter().map(|path| self.source.path(path)).collect(),
        };
        Ok(Settings {
            question,
            directories,
            exports,
            ca_files,
            resolvers,
            lists,
            recipients: args.recipient.clone(),
            ignores: self.ignores()?,
            notes,
            journal: self.journal(),
            stop: Stop::default(),
        })
    }

    /// The journal that was named, else one beside the first report.
    fn journal(&self) -> JournalSettings {
        match (&self.args.journal, self.args.report.output.first()) {
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
        let kerberos = args.kerberos();
        if kerberos && args.ldap_user.is_some() {
            let said = "--ldap-kerberos: it binds as whoever the ticket is for; leave --ldap-user out";
            return Err(ConfigError(said.into()));
        }
        let asks_ldap = !args.ldap.is_empty() || args.ldap_user.is_some() || kerberos;
        // Exports alone may be of Exchange Online, where that is all that is configured.
        let online = systems.iter().position(|system| system.kind == SystemKind::ExchangeOnline);
        let exports_make = !args.exchange_export.is_empty() && online.is_none();
        let exchange = !args.exchange.is_empty() || asks_ldap || exports_make;
        let other = !args.other.is_empty() || !args.recipients.is_empty() || !args.recipient.is_empty();
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
            if !args.exchange.is_empty() {
                systems[at].smtp = hosts(&args.exchange, "--exchange")?;
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
                if !args.ldap.is_empty() {
                    for url in &args.ldap {
                        self.url(&Given { text: url.clone(), place: Place::Flag("--ldap") })?;
                    }
                    directory.urls.clone_from(&args.ldap);
                }
                directory.user = args.ldap_user.clone().or(directory.user.take());
                // Of the file's and the flag's word on who binds, the flag's counts.
                directory.kerberos = kerberos || directory.kerberos && args.ldap_user.is_none();
                if kerberos {
                    directory.user = None;
                }
                directory.plaintext |= args.ldap_plaintext;
                systems[at].ldap.clone_from(&directory.urls);
                systems[at].ldap_user.clone_from(&directory.user);
            }
        }
        if let (Some(at), false) = (exchange.or(online), args.exchange_export.is_empty()) {
            let paths = &args.exchange_export;
            if let Some(wrong) = paths.iter().find_map(|path| crate::collect::exports::check_path(path).err()) {
                return Err(ConfigError(format!("--exchange-export: {wrong}")));
            }
            exports.retain(|own| own.system != systems[at].name);
            exports.push(ExportSettings { system: systems[at].name.clone(), paths: paths.clone() });
            systems[at].exports = paths.iter().map(|path| path.display().to_string()).collect();
        }
        if let Some(at) = other {
            if !args.other.is_empty() {
                systems[at].smtp = hosts(&args.other, "--other")?;
            }
            if !args.recipients.is_empty() {
                let name = systems[at].name.clone();
                lists.retain(|(system, _)| *system != name);
                lists.extend(args.recipients.iter().map(|path| (name.clone(), path.clone())));
                systems[at].lists = args.recipients.iter().map(|path| path.display().to_string()).collect();
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
        let flag = self.args.ldap_password_file.clone();
        let credential = || {
            let folder = std::env::var_os("CREDENTIALS_DIRECTORY")?;
            Some(PathBuf::from(folder).join("ldap-password")).filter(|path| path.is_file())
        };
        let path = match (flag, &directory.password, &directory.user) {
            (Some(path), _, _) => path,
            (None, None, Some(_)) => match credential() {
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

    fn ignores(&self) -> Result<Vec<Ignore>, ConfigError> {
        let one = |entry: &FileIgnore| {
            let code = entry.code.get_ref();
            if !is_code(code) {
                let said = format!("'{code}' is no code of a finding, such as NSD204");
                return Err(self.source.wrong(Some(entry.code.span()), &said));
            }
            let until = match &entry.until {
                None => None,
                Some(until) => match until.get_ref().date {
                    Some(date) => Some(format!("{:04}-{:02}-{:02}", date.year, date.month, date.day)),
                    None => return Err(self.source.wrong(Some(until.span()), "'until' is a date, such as 2026-12-31")),
                },
            };
            Ok(Ignore { code: code.to_ascii_uppercase(), subject: entry.subject.clone(), until })
        };
        self.file.ignore.iter().map(one).collect()
    }

    /// The flag's value, else the file's.
    fn one(&self, flag: Option<&String>, name: &'static str, file: Option<&Spanned<String>>) -> Option<Given> {
        let flag = flag.map(|text| Given { text: text.clone(), place: Place::Flag(name) });
        flag.or_else(|| file.map(in_file))
    }

    fn many<'f>(
        &self,
        flags: &[String],
        name: &'static str,
        file: impl Iterator<Item = &'f Spanned<String>>,
    ) -> Vec<Given> {
        match flags.is_empty() {
            true => file.map(in_file).collect(),
            false => flags.iter().map(|text| Given { text: text.clone(), place: Place::Flag(name) }).collect(),
        }
    }

    fn wrong(&self, given: &Given, what: &str) -> ConfigError {
        match &given.place {
            Place::Flag(flag) => ConfigError(format!("{flag}: {what}")),
            Place::File(span) => self.source.wrong(Some(span.clone()), what),
        }
    }

    fn domain(&self, given: &Given) -> Result<String, ConfigError> {
        let text = given.text.trim().trim_end_matches('.');
        let bad = || self.wrong(given, &format!("'{}' is no domain, such as contoso.com", given.text.escape_debug()));
        let ascii = idna::domain_to_ascii(text).map_err(|_| bad())?;
        let label = |label: &str| {
            !label.is_empty()
                && label.len() < 64
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        match ascii.contains('.') && ascii.len() < 254 && ascii.split('.').all(label) {
            true => Ok(ascii.to_ascii_lowercase()),
            false => Err(bad()),
        }
    }

    /// `host`, `host:port`, `[v6]:port`, as the report keeps it.
    fn host(&self, given: &Given) -> Result<String, ConfigError> {
        match split_host(&given.text, 25) {
            Some((host, _)) if host.parse::<IpAddr>().is_ok() => Ok(given.text.clone()),
            Some((host, _)) => self
                .domain(&Given { text: format!("{host}.x"), place: Place::Flag("") })
                .map(|_| given.text.to_lowercase())
                .map_err(|_| self.wrong(given, &format!("'{}' is no host[:port]", given.text.escape_debug()))),
            None => Err(self.wrong(given, &format!("'{}' is no host[:port]", given.text.escape_debug()))),
        }
    }

    /// A host or an address, without a port.
    fn sender(&self, given: &Given) -> Result<String, ConfigError> {
        if given.text.parse::<IpAddr>().is_ok() {
            return Ok(given.text.clone());
        }
        match given.text.contains(':') {
            true => Err(self.wrong(given, &format!("'{}' is no host or address", given.text.escape_debug()))),
            false => self.host(given),
        }
    }

    fn url(&self, given: &Given) -> Result<(), ConfigError> {
        crate::collect::directory::check_url(&given.text).map_err(|wrong| self.wrong(given, &wrong))
    }

    fn address(&self, given: &Given) -> Result<String, ConfigError> {
        address::fold(&given.text).map_err(|wrong| self.wrong(given, &wrong))
    }

    fn address_in(&self, given: &Given, domain: &str) -> Result<String, ConfigError> {
        let folded = crate::collect::lists::in_ascii(&self.address(given)?);
        match address::domain(&folded) == domain {
            true => Ok(folded),
            false => Err(self.wrong(given, &format!("{folded} is not in {domain}, and nothing else is probed"))),
        }
    }

    fn ehlo(&self, given: &Given) -> Result<String, ConfigError> {
        let literal = given.text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let fits = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        match literal {
            Some(literal) if !literal.is_empty() && fits(literal) => Ok(given.text.clone()),
            _ => self.domain(given).map_err(|_| {
                self.wrong(given, &format!("'{}' is no host name or [address]", given.text.escape_debug()))
            }),
        }
    }

    fn resolver(&self, given: &Given) -> Result<SocketAddr, ConfigError> {
        let text = given.text.trim();
        let plain = text.parse::<IpAddr>().map(|address| SocketAddr::new(address, 53));
        plain.or_else(|_| text.parse()).map_err(|_| {
            self.wrong(given, &format!("'{}' is no IP address with or without a port", text.escape_debug()))
        })
    }

    fn pace(&self, given: &Given) -> Result<String, ConfigError> {
        let text = given.text.trim();
        match matches!(text, "polite" | "own") || per_second(text).is_some() {
            true => Ok(text.into()),
            false => Err(self
                .wrong(given, &format!("'{}' is neither polite, own nor a number such as 2/s", text.escape_debug()))),
        }
    }
}

fn in_file(text: &Spanned<String>) -> Given {
    Given { text: text.get_ref().clone(), place: Place::File(text.span()) }
}

/// The rate of a pace such as `2/s` or `0.5/s`, in RCPT commands a second.
pub fn per_second(pace: &str) -> Option<f64> {
    let rate: f64 = pace.strip_suffix("/s")?.trim().parse().ok()?;
    (rate.is_finite() && rate > 0.0).then_some(rate)
}

/// Takes `host:port` apart; `port` is what counts where none is given.
pub fn split_host(text: &str, port: u16) -> Option<(String, u16)> {
    let text = text.trim();
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some((address.ip().to_string(), address.port()));
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if bare.parse::<IpAddr>().is_ok() {
        return Some((bare.into(), port));
    }
    match text.split_once(':') {
        None if !text.is_empty() => Some((text.trim_end_matches('.').to_lowercase(), port)),
        Some((host, given)) if !host.is_empty() => {
            Some((host.trim_end_matches('.').to_lowercase(), given.parse().ok().filter(|port| *port > 0)?))
        }
        _ => None,
    }
}

fn is_code(text: &str) -> bool {
    let digits = text.get(3..).unwrap_or_default();
    text.get(..3).is_some_and(|head| head.eq_ignore_ascii_case("NSD"))
        && digits.len() == 3
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_code_or_area(text: &str) -> bool {
    let known = nsdiag_checks::checks().iter().any(|(_, check)| check.code.eq_ignore_ascii_case(text));
    known || nsdiag_checks::AREAS.iter().any(|(area, _)| *area == text)
}

/// The password in a file, and whether others may read the file. Its last line end is not part of it.
fn read_password(path: &Path) -> Result<(Password, bool), ConfigError> {
    let name = path.display();
    let text = std::fs::read_to_string(path).map(zeroize::Zeroizing::new);
    let text = text.map_err(|error| ConfigError(format!("{name}: {error}")))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return Err(ConfigError(format!("{name}: the file holds no password")));
    }
    #[cfg(unix)]
    let open = {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0)
    };
    #[cfg(not(unix))]
    let open = false;
    Ok((Password::new(line.into()), open))
}

/// This host's name for EHLO; an address literal where it has no name with a dot (RFC 5321, 4.1.4).
fn own_name() -> String {
    let name = crate::vantage::hostname();
    if name.contains('.') {
        return name;
    }
    // Whichever address this host would use towards the world; nothing is sent there (RFC 5737 documentation address).
    let outward = crate::vantage::addresses(std::iter::once(SocketAddr::from(([192, 0, 2, 1], 25))));
    format!("[{}]", outward.first().map_or("127.0.0.1", String::as_str))
}

/// The local part of the random control: 16 letters and digits.
fn random_local() -> String {
    let mut generator = fastrand::Rng::new();
    // A letter first: some systems take a leading digit for something else.
    let first = generator.lowercase();
    let rest = std::iter::repeat_with(|| generator.alphanumeric().to_ascii_lowercase()).take(15);
    std::iter::once(first).chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(toml: &str, change: impl FnOnce(&mut CheckArgs)) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nsdiag.toml");
        std::fs::write(&path, toml).unwrap();
        std::fs::write(folder.path().join("password"), "geheim\n").unwrap();
        std::fs::write(folder.path().join("empty"), "\n").unwrap();
        let mut args = CheckArgs { config: Some(path.clone()), ..CheckArgs::default() };
        change(&mut args);
        let told = |error: ConfigError| {
            error.0.replace(&path.display().to_string(), "FILE").replace(&folder.path().display().to_string(), "FOLDER")
        };
        Settings::load(&args).map_err(told)
    }

    const GOOD: &str = r#"
domain = "Contoso.com"
[dns]
resolvers = ["10.0.0.53", "[::1]:5353"]
[[gateway]]
host = "mx1.contoso.com:2525"
delivers_to = "corp"
[[system]]
name = "corp"
kind = "exchange"
smtp = ["exch01.corp.contoso.com"]
[system.directory]
ldap = ["ldaps://dc1.corp.contoso.com"]
user = "nsdiag@corp.contoso.com"
password_file = "password"
[[system]]
name = "zimbra"
kind = "other"
recipients = "users.csv"
outbound = ["Mail.contoso.com", "2001:db8::7"]
[probe]
known_good = ["Helpdesk@contoso.com"]
timeout = 5
[[ignore]]
code = "NSD204"
subject = "mx2.contoso.com"
until = 2026-12-31
"#;

    #[test]
    fn a_file_is_read_and_flags_beat_it() {
        let read = load(GOOD, |_| {}).unwrap();
        let question = &read.question;
        assert_eq!((&*question.domain, question.timeout_s, question.deadline_s), ("contoso.com", 5, 120));
        assert_eq!(question.known_good, ["helpdesk@contoso.com"]);
        assert_eq!(question.resolvers, ["10.0.0.53:53", "[::1]:5353"]);
        assert_eq!(read.directories[0].urls, ["ldaps://dc1.corp.contoso.com"]);
        assert!(read.lists[0].1.ends_with("users.csv") && read.lists[0].1.is_absolute());
        assert_eq!(question.systems[1].outbound, ["mail.contoso.com", "2001:db8::7"]);
        assert_eq!(read.ignores[0].until.as_deref(), Some("2026-12-31"));
        let delivers_to = question.delivers_to.iter().map(|(gateway, system)| (&**gateway, &**system));
        assert_eq!(Vec::from_iter(delivers_to), [("mx1.contoso.com:2525", "corp")]);
        assert!(!format!("{read:?}").contains("geheim"));
        let local = question.random.strip_suffix("@contoso.com").unwrap();
        assert!(local.len() == 16 && local.bytes().all(|byte| byte.is_ascii_alphanumeric()));

        let read = load(GOOD, |args| {
            args.domain = Some("bücher.example".into());
            args.known_good = vec!["a@bücher.example".into()];
            args.timeout = Some(7);
            args.other = vec!["10.0.0.44:26".into()];
            args.ldap = vec!["ldap://dc2".into()];
        })
        .unwrap();
        assert_eq!((&*read.question.domain, read.question.timeout_s), ("xn--bcher-kva.example", 7));
        assert_eq!(read.question.systems[1].smtp, ["10.0.0.44:26"]);
        assert_eq!(read.directories[0].urls, ["ldap://dc2"]);
    }

    #[test]
    fn flags_alone_make_the_systems() {
        let read = load("", |args| {
            args.domain = Some("contoso.com".into());
            args.ldap = vec!["ldaps://dc1".into()];
            args.recipient = vec!["a@contoso.com".into()];
        })
        .unwrap();
        let systems: Vec<_> = read.question.systems.iter().map(|system| (&*system.name, system.kind)).collect();
        assert_eq!(systems, [("exchange", SystemKind::Exchange), ("other", SystemKind::Other)]);
    }

    #[test]
    fn exports_stand_beside_ldap_or_in_for_it() {
        let system = |kind: &str, directory: &str| {
            format!("domain = 'contoso.com'\n[[system]]\nname = 'a'\nkind = '{kind}'\n[system.directory]\n{directory}")
        };
        let flag = |args: &mut CheckArgs| args.exchange_export = vec!["/".into()];
        type Change<'a> = &'a dyn Fn(&mut CheckArgs);
        let cases: [(String, Change, &[&str], usize, &str); 5] = [
            (system("exchange", "export = 'empty'"), &|_| {}, &["empty"], 0, "a"),
            (
                system("exchange", "ldap = ['ldaps://dc1']\nexport = ['empty', 'password']"),
                &|_| {},
                &["empty", "password"],
                1,
                "a",
            ),
            (system("exchange-online", "export = 'empty'"), &|_| {}, &["empty"], 0, "a"),
            (system("exchange-online", "export = 'empty'"), &flag, &["/"], 0, "a"),
            ("domain = 'contoso.com'".into(), &flag, &["/"], 0, "exchange"),
        ];
        for (text, change, paths, directories, name) in cases {
            let read = load(&text, change).unwrap();
            let [exports] = &read.exports[..] else { panic!("{:?}", read.exports) };
            let ends = |(path, end): (&PathBuf, &&str)| path.ends_with(end);
            assert!(exports.paths.len() == paths.len() && exports.paths.iter().zip(paths).all(ends), "{exports:?}");
            assert_eq!((&*exports.system, read.directories.len()), (name, directories), "{text}");
            assert_eq!(read.question.systems[0].exports.len(), paths.len());
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let cases = [
            ("domain = 'contoso.com'\nresolver = 1", "FILE:2:1: unknown key 'resolver'; the nearest is 'probe'"),
            (
                "domain = 'contoso.com'\n[[system]]\nname = 'a'\nkind = 'other'\noutbound = ['mx:25']",
                "FILE:5:13: 'mx:25' is no host or address",
            ),
            ("[dns]\nresolver = ['::1']", "FILE:2:1: unknown key 'resolver'; the nearest is 'resolvers'"),
            ("domain = 'contoso'", "FILE:1:10: 'contoso' is no domain, such as contoso.com"),
            ("", "no domain: give it on the command line, or as 'domain' in the configuration"),
            ("domain = 7", "FILE:1:10: invalid type: integer `7`, expected a string"),
            (
                "domain = 'contoso.com'\n[dns]\nresolvers = ['ns1']",
                "FILE:3:14: 'ns1' is no IP address with or without a port",
            ),
            ("domain = 'contoso.com'\n[[gateway]]\nhost = 'a b'", "FILE:3:8: 'a b' is no host[:port]"),
            (
                "domain = 'contoso.com'\n[[gateway]]\nhost = 'a'\ndelivers_to = 'corp'",
                "FILE:4:15: delivers_to names no system: 'corp'",
            ),
            (
                "domain = 'contoso.com'\n[probe]\nknown_good = ['a@fabrikam.com']",
                "FILE:3:15: a@fabrikam.com is not in contoso.com, and nothing else is probed",
            ),
            (
                "domain = 'contoso.com'\n[probe]\npace = 'brisk'",
                "FILE:3:8: 'brisk' is neither polite, own nor a number such as 2/s",
            ),
            ("domain = 'contoso.com'\n[probe]\ntimeout = 0", "FILE:3:11: it must be 1 or more"),
            ("domain = 'contoso.com'\n[[ignore]]\ncode = 'X'", "FILE:3:8: 'X' is no code of a finding, such as NSD204"),
            (
                "domain = 'contoso.com'\n[[system]]\nname = 'a'\nkind = 'other'\n[[system]]\nname = 'a'\nkind = 'other'",
                "FILE:6:8: there are two systems 'a'",
            ),
            (
                "domain = 'contoso.com'\n[[system]]\nname = 'a'\nkind = 'exchange'\n[system.directory]\nldap = ['dc1']",
                "FILE:6:9: 'dc1' is not ldap://host[:port] or ldaps://host[:port]",
            ),
            (
                "domain = 'contoso.com'\n[[system]]\nname = 'a'\nkind = 'exchange'\n[system.directory]\npassword_file = 'empty'",
                "FOLDER/empty: the file holds no password",
            ),
            (
                "domain = 'contoso.com'\n[[system]]\nname = 'a'\nkind = 'other'\n[system.directory]\nldap = []",
                "FILE:5:1: only a system of kind 'exchange' has a directory; list the mailboxes of others in 'recipients'",
            ),
            (
                "domain = 'contoso.com'\n[[system]]\nname = 'a'\nkind = 'exchange-online'\n[system.directory]\nldap = ['ldaps://dc1']",
                "FILE:5:1: Exchange Online has no LDAP: name exports of its configuration in 'export'",
            ),
            (
                "domain = 'contoso.com'\n[[system]]\nname = 'a'\nkind = 'exchange'\n[system.directory]\nexport = ['empty', 'none']",
                "FILE:6:10: FOLDER/none: No such file or directory (os error 2)",
            ),
            ("domain = 'contoso.com", "FILE:1:22: invalid literal string, expected `'`"),
        ];
        for (text, expected) in cases {
            assert_eq!(load(text, |_| {}).map(|_| ()), Err(expected.to_string()), "{text}");
        }
        type Change = fn(&mut CheckArgs);
        let flags: [(Change, &str); 4] = [
            (|args| args.domain = Some("a b".into()), "DOMAIN: 'a b' is no domain, such as contoso.com"),
            (
                |args| args.report.only = vec!["mx".into()],
                "--only: 'mx' is neither a code nor one of dns, smtp, exchange, recipients, flow",
            ),
            (|args| args.recipient = vec!["x".into()], "--recipient: 'x' has no @"),
            (|args| args.deadline = Some(0), "--deadline: it must be 1 or more"),
        ];
        for (change, expected) in flags {
            let told = load("domain = 'contoso.com'", change).map(|_| ());
            assert_eq!(told, Err(expected.to_string()));
        }
    }

    #[test]
    fn hosts_are_taken_apart() {
        let cases = [
            ("MX1.contoso.com.", Some(("mx1.contoso.com", 25))),
            ("mx1:2525", Some(("mx1", 2525))),
            ("[2001:db8::1]:26", Some(("2001:db8::1", 26))),
            ("2001:db8::1", Some(("2001:db8::1", 25))),
            ("mx1:0", None),
            (":25", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(split_host(text, 25), expected.map(|(host, port)| (host.into(), port)), "{text}");
        }
    }

    #[test]
    fn kerberos_site_and_catalog_are_read_and_wrong_ones_named() {
        let with = |lines: &str| {
            let head = "domain = \"c.com\"\n[[system]]\nname = \"a\"\nkind = \"exchange\"\n[system.directory]\n";
            load(&format!("{head}{lines}\n"), |_| {}).map(|settings| settings.directories[0].clone())
        };
        let read = with("site = \"Berlin\"\ncatalog = \"ldaps://gc:3269\"").unwrap();
        assert_eq!((read.site.as_deref(), read.catalog.as_deref()), (Some("Berlin"), Some("ldaps://gc:3269")));
        let url = with("catalog = \"gc\"").unwrap_err();
        assert!(url.starts_with("FILE:6:11: ") && url.contains("'gc' is not ldap://"), "{url}");
        let kerberos = with("kerberos = true").map(|read| read.kerberos);
        let named = with("user = \"x\"\nkerberos = true").unwrap_err();
        match cfg!(feature = "gssapi") {
            true => {
                assert_eq!(kerberos, Ok(true));
                assert_eq!(named, "FILE:7:12: Kerberos binds as whoever the ticket is for: leave 'user' out");
            }
            false => {
                let without = "this nsdiag is built without Kerberos (cargo feature 'gssapi')";
                assert_eq!(kerberos, Err(format!("FILE:6:12: {without}")));
                assert_eq!(named, format!("FILE:7:12: {without}"));
            }
        }
    }
}
