//! The configuration file: its shape, where it is found, and how a place in it is named.
use super::ConfigError;
use nsdiag_checks::evidence::SystemKind;
use serde::Deserialize;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) domain: Option<Spanned<String>>,
    pub(super) dns: Dns,
    pub(super) tls: Tls,
    pub(super) gateway: Vec<Gateway>,
    pub(super) system: Vec<FileSystem>,
    pub(super) probe: Probe,
    pub(super) ignore: Vec<FileIgnore>,
    pub(super) severity: Vec<FileSeverity>,
    pub(super) reply: Vec<FileReply>,
    pub(super) mail: FileMail,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Dns {
    pub(super) resolvers: Vec<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Tls {
    pub(super) ca_files: Vec<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Gateway {
    pub(super) host: Spanned<String>,
    pub(super) delivers_to: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileSystem {
    pub(super) name: Spanned<String>,
    pub(super) kind: SystemKind,
    #[serde(default)]
    pub(super) smtp: Vec<Spanned<String>>,
    pub(super) recipients: Option<OneOrMany>,
    pub(super) list_domain: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) outbound: Vec<Spanned<String>>,
    pub(super) directory: Option<Spanned<FileDirectory>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(PathBuf),
    Many(Vec<PathBuf>),
}

/// What `recipients` says where Exchange's directory holds an object for each of the system's mailboxes.
const IN_DIRECTORY: &str = "in-directory";

impl OneOrMany {
    /// Whether it says that the directory is the list, and names no file.
    pub(super) fn in_directory(&self) -> bool {
        matches!(self, Self::One(path) if path.as_os_str() == IN_DIRECTORY)
    }

    pub(super) fn paths(&self, source: &Source) -> Vec<PathBuf> {
        match self {
            Self::One(path) => vec![source.path(path)],
            Self::Many(paths) => paths.iter().map(|path| source.path(path)).collect(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FileDirectory {
    pub(super) ldap: Vec<Spanned<String>>,
    pub(super) catalog: Option<Spanned<String>>,
    pub(super) site: Option<String>,
    pub(super) kerberos: Option<Spanned<bool>>,
    pub(super) user: Option<String>,
    pub(super) password_file: Option<PathBuf>,
    pub(super) plaintext: bool,
    pub(super) export: Option<Spanned<OneOrMany>>,
}

impl FileDirectory {
    /// Whether it says how to ask over LDAP; without any word on either it does: the servers are those of DNS SRV.
    pub(super) fn by_ldap(&self) -> bool {
        let told = !self.ldap.is_empty() || self.user.is_some() || self.password_file.is_some() || self.plaintext;
        let told = told || self.kerberos.is_some() || self.catalog.is_some() || self.site.is_some();
        told || self.export.is_none()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Probe {
    pub(super) mail_from: Option<Spanned<String>>,
    pub(super) ehlo: Option<Spanned<String>>,
    pub(super) known_good: Vec<Spanned<String>>,
    pub(super) pace: Option<Spanned<String>>,
    pub(super) max_recipients: Option<Spanned<usize>>,
    pub(super) timeout: Option<Spanned<u64>>,
    pub(super) deadline: Option<Spanned<u64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FileMail {
    pub(super) smart_host: Option<Spanned<String>>,
    pub(super) tls: Option<Spanned<String>>,
    pub(super) from: Option<Spanned<String>>,
    pub(super) user: Option<Spanned<String>>,
    pub(super) password_file: Option<Spanned<PathBuf>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileIgnore {
    pub(super) code: Spanned<String>,
    pub(super) subject: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) until: Option<Spanned<toml::value::Datetime>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileSeverity {
    pub(super) code: Spanned<String>,
    pub(super) subject: Option<String>,
    pub(super) severity: Spanned<String>,
    pub(super) reason: Option<String>,
    pub(super) until: Option<Spanned<toml::value::Datetime>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileReply {
    pub(super) pattern: Spanned<String>,
    pub(super) meaning: Spanned<String>,
    pub(super) host: Option<Spanned<String>>,
}

/// The line and the column behind `before`.
fn place(before: &str) -> (usize, usize) {
    (before.matches('\n').count() + 1, before.chars().rev().take_while(|c| *c != '\n').count() + 1)
}

/// The file, and where it was found, to name places in it.
pub(super) struct Source {
    pub(super) name: String,
    pub(super) folder: PathBuf,
    pub(super) text: String,
}

impl Source {
    /// An error at a place in the file.
    pub(super) fn wrong(&self, span: Option<Range<usize>>, what: &str) -> ConfigError {
        let (line, column) = place(&self.text[..span.map_or(0, |span| span.start).min(self.text.len())]);
        ConfigError(format!("{}:{line}:{column}: {what}", self.name))
    }

    pub(super) fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }
}

/// A text with the place that it came from, for errors: a flag, or a span of the file.
pub(super) struct Given {
    pub(super) text: String,
    pub(super) place: Place,
}

pub(super) enum Place {
    Flag(&'static str),
    File(Range<usize>),
}

/// Reads the file that was named, or the first of the usual ones.
pub(super) fn read(named: Option<&Path>) -> Result<(File, Source), ConfigError> {
    let none = || (File::default(), Source { name: String::new(), folder: PathBuf::new(), text: String::new() });
    let path = match named {
        Some(path) => path.to_path_buf(),
        None => match usual().into_iter().find(|path| path.is_file()) {
            Some(path) => path,
            None => return Ok(none()),
        },
    };
    let name = path.display().to_string();
    let bytes = std::fs::read(&path).map_err(|error| ConfigError(format!("{name}: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
        let (line, column) = place(&before);
        ConfigError(format!("{name}:{line}:{column}: this is no UTF-8, in which TOML is written"))
    })?;
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

pub(super) fn in_file(text: &Spanned<String>) -> Given {
    Given { text: text.get_ref().clone(), place: Place::File(text.span()) }
}
