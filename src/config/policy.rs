//! Policy: what the configuration says of how findings and replies are judged.
use super::file::{FileIgnore, FileReply, FileSeverity, in_file, read};
use super::values::is_code;
use super::{Builder, ConfigError};
use crate::commands::check::CheckArgs;
use nsdiag_checks::evidence::Question;
use nsdiag_checks::judge::Severity;
use nsdiag_checks::replies::own::{self, OwnReply};
use nsdiag_checks::report::{Ignore, SeverityRule};
use std::path::Path;
use toml::Spanned;

/// How findings and replies are judged, as a configuration says it; nothing else of it is looked at.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// The domain that the configuration is for, where it says so.
    pub domain: Option<String>,
    /// The entries of `[[ignore]]`.
    pub ignores: Vec<Ignore>,
    /// The entries of `[[severity]]`.
    pub severities: Vec<SeverityRule>,
    /// The entries of `[[reply]]`.
    pub replies: Vec<OwnReply>,
}

impl Policy {
    /// The policy in the configuration at `path`.
    ///
    /// # Errors
    /// With file, line and column, where something cannot be understood.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let (file, source) = read(Some(path))?;
        let builder = Builder { file: &file, source: &source, args: &CheckArgs::default() };
        let domain = file.domain.as_ref().map(|domain| domain.get_ref().clone());
        Ok(Self { domain, ignores: builder.ignores()?, severities: builder.severities()?, replies: builder.replies()? })
    }

    /// Has what was asked judged by this.
    pub fn apply(&self, question: &mut Question) {
        question.ignores.clone_from(&self.ignores);
        question.severities.clone_from(&self.severities);
        question.replies.clone_from(&self.replies);
    }
}

impl Builder<'_> {
    pub(super) fn replies(&self) -> Result<Vec<OwnReply>, ConfigError> {
        let one = |entry: &FileReply| {
            let pattern = entry.pattern.get_ref();
            if !own::is_telling(pattern) {
                let said = "'pattern' must hold a word outside of addresses: codes alone fit many a reply";
                return Err(self.source.wrong(Some(entry.pattern.span()), said));
            }
            let word = entry.meaning.get_ref();
            let meaning = own::meaning(word).ok_or_else(|| {
                let said = format!("'{word}' is no meaning of a refusal; those are {}", own::meanings().join(", "));
                self.source.wrong(Some(entry.meaning.span()), &said)
            })?;
            let host = entry.host.as_ref().map(|host| self.sender(&in_file(host))).transpose()?;
            let host = host.map(|host| host.trim_start_matches('[').trim_end_matches(']').to_string());
            Ok(OwnReply { pattern: pattern.clone(), meaning, host })
        };
        self.file.reply.iter().map(one).collect()
    }

    pub(super) fn ignores(&self) -> Result<Vec<Ignore>, ConfigError> {
        let one = |entry: &FileIgnore| {
            let (subject, reason) = (entry.subject.clone(), entry.reason.clone());
            Ok(Ignore { code: self.code(&entry.code)?, subject, reason, until: self.until(entry.until.as_ref())? })
        };
        self.file.ignore.iter().map(one).collect()
    }

    pub(super) fn severities(&self) -> Result<Vec<SeverityRule>, ConfigError> {
        let one = |entry: &FileSeverity| {
            let severity = match &**entry.severity.get_ref() {
                "critical" => Severity::Critical,
                "warning" => Severity::Warning,
                "info" => Severity::Info,
                other => {
                    let said = format!("'{other}' is no severity; those are critical, warning, info");
                    return Err(self.source.wrong(Some(entry.severity.span()), &said));
                }
            };
            let (code, until) = (self.code(&entry.code)?, self.until(entry.until.as_ref())?);
            if !nsdiag_checks::checks().iter().any(|(_, check)| check.code == code) {
                let said = format!("no check has the code '{code}'; `nsdiag explain` lists them");
                return Err(self.source.wrong(Some(entry.code.span()), &said));
            }
            Ok(SeverityRule { code, subject: entry.subject.clone(), severity, reason: entry.reason.clone(), until })
        };
        self.file.severity.iter().map(one).collect()
    }

    fn code(&self, given: &Spanned<String>) -> Result<String, ConfigError> {
        let code = given.get_ref();
        match is_code(code) {
            true => Ok(code.to_ascii_uppercase()),
            false => {
                let said = format!("'{code}' is no code of a finding, such as NSD204");
                Err(self.source.wrong(Some(given.span()), &said))
            }
        }
    }

    fn until(&self, given: Option<&Spanned<toml::value::Datetime>>) -> Result<Option<String>, ConfigError> {
        let Some(until) = given else { return Ok(None) };
        match until.get_ref().date {
            Some(date) => Ok(Some(format!("{:04}-{:02}-{:02}", date.year, date.month, date.day))),
            None => Err(self.source.wrong(Some(until.span()), "'until' is a date, such as 2026-12-31")),
        }
    }
}
