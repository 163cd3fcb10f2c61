//! Single values of flags and of the file, read and refused with their place.
use super::file::{Given, Place, in_file};
use super::{Builder, ConfigError};
use crate::collect::directory::Password;
use nsdiag_checks::evidence::address;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use toml::Spanned;

impl Builder<'_> {
    /// The flag's value, else the file's.
    pub(super) fn one(
        &self,
        flag: Option<&String>,
        name: &'static str,
        file: Option<&Spanned<String>>,
    ) -> Option<Given> {
        let flag = flag.map(|text| Given { text: text.clone(), place: Place::Flag(name) });
        flag.or_else(|| file.map(in_file))
    }

    pub(super) fn many<'f>(
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

    pub(super) fn wrong(&self, given: &Given, what: &str) -> ConfigError {
        match &given.place {
            Place::Flag(flag) => ConfigError(format!("{flag}: {what}")),
            Place::File(span) => self.source.wrong(Some(span.clone()), what),
        }
    }

    pub(super) fn domain(&self, given: &Given) -> Result<String, ConfigError> {
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
        // A name whose last label is a number is an address, or a slip in one (RFC 1123, 2.1).
        let number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
        let is_name = ascii.rsplit('.').next().is_some_and(|last| !number(last));
        match is_name && ascii.contains('.') && ascii.len() < 254 && ascii.split('.').all(label) {
            true => Ok(ascii.to_ascii_lowercase()),
            false => Err(bad()),
        }
    }

    /// `host`, `host:port`, `[v6]:port`, as the report keeps it.
    pub(super) fn host(&self, given: &Given) -> Result<String, ConfigError> {
        match split_host(&given.text, 25) {
            Some((host, _)) if host.parse::<IpAddr>().is_ok() => Ok(given.text.clone()),
            // An old form of an IPv4 address (inet_aton(3)) is none, and no name.
            Some((host, _)) if is_old_address(&host) => {
                Err(self.wrong(given, &format!("'{}' is neither a host nor an IP address", given.text.escape_debug())))
            }
            Some((host, _)) => self
                .domain(&Given { text: format!("{host}.x"), place: Place::Flag("") })
                .map(|_| given.text.to_lowercase())
                .map_err(|_| self.wrong(given, &format!("'{}' is no host[:port]", given.text.escape_debug()))),
            None => Err(self.wrong(given, &format!("'{}' is no host[:port]", given.text.escape_debug()))),
        }
    }

    /// A host or an address, without a port.
    pub(super) fn sender(&self, given: &Given) -> Result<String, ConfigError> {
        if given.text.parse::<IpAddr>().is_ok() {
            return Ok(given.text.clone());
        }
        match given.text.contains(':') {
            true => Err(self.wrong(given, &format!("'{}' is no host or address", given.text.escape_debug()))),
            false => self.host(given),
        }
    }

    pub(super) fn url(&self, given: &Given) -> Result<(), ConfigError> {
        crate::collect::directory::check_url(&given.text).map_err(|wrong| self.wrong(given, &wrong))
    }

    /// An address, folded.
    pub(super) fn address(&self, given: &Given) -> Result<String, ConfigError> {
        super::address::typed(&given.text)
            .and_then(|_| address::fold(&given.text))
            .map_err(|wrong| self.wrong(given, &wrong))
    }

    pub(super) fn address_in(&self, given: &Given, domain: &str) -> Result<String, ConfigError> {
        let folded = crate::collect::lists::in_ascii(&self.address(given)?);
        match address::domain(&folded) == domain {
            true => Ok(folded),
            false => Err(self.wrong(given, &format!("{folded} is not in {domain}, and nothing else is probed"))),
        }
    }

    pub(super) fn ehlo(&self, given: &Given) -> Result<String, ConfigError> {
        match given.text.starts_with('[') {
            true if super::address::is_literal(&given.text) => Ok(given.text.clone()),
            _ => self.domain(given).map_err(|_| {
                self.wrong(given, &format!("'{}' is no host name or [address]", given.text.escape_debug()))
            }),
        }
    }

    pub(super) fn resolver(&self, given: &Given) -> Result<SocketAddr, ConfigError> {
        let text = given.text.trim();
        let plain = text.parse::<IpAddr>().map(|address| SocketAddr::new(address, 53));
        plain.or_else(|_| text.parse()).map_err(|_| {
            self.wrong(given, &format!("'{}' is no IP address with or without a port", text.escape_debug()))
        })
    }

    pub(super) fn pace(&self, given: &Given) -> Result<String, ConfigError> {
        let text = given.text.trim();
        match matches!(text, "polite" | "own") || per_second(text).is_some() {
            true => Ok(text.into()),
            false => Err(self
                .wrong(given, &format!("'{}' is neither polite, own nor a number such as 2/s", text.escape_debug()))),
        }
    }
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
        return Some((address.ip().to_canonical().to_string(), address.port()));
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Some((address.to_canonical().to_string(), port));
    }
    match text.split_once(':') {
        None if !text.is_empty() => Some((text.trim_end_matches('.').to_lowercase(), port)),
        Some((host, given)) if !host.is_empty() => {
            Some((host.trim_end_matches('.').to_lowercase(), given.parse().ok().filter(|port| *port > 0)?))
        }
        _ => None,
    }
}

pub(super) fn is_code(text: &str) -> bool {
    let digits = text.get(3..).unwrap_or_default();
    text.get(..3).is_some_and(|head| head.eq_ignore_ascii_case("NSD"))
        && digits.len() == 3
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn is_code_or_area(text: &str) -> bool {
    let known = nsdiag_checks::checks().iter().any(|(_, check)| check.code.eq_ignore_ascii_case(text));
    known || nsdiag_checks::AREAS.iter().any(|(area, _)| *area == text)
}

/// That a file can be opened and is none but a file; a pipe, which can be opened once, is let alone.
pub(super) fn readable(path: &Path) -> Result<(), ConfigError> {
    let opened = std::fs::metadata(path).and_then(|meta| match meta.is_dir() {
        true => Err(ErrorKind::IsADirectory.into()),
        false if meta.is_file() => std::fs::File::open(path).map(drop),
        false => Ok(()),
    });
    opened.map_err(|error| ConfigError(format!("{}: {error}", path.display())))
}

/// The password in a file, and whether others may read the file. Its last line end is not part of it.
pub(super) fn read_password(path: &Path) -> Result<(Password, bool), ConfigError> {
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

/// A file among the service manager's credentials, where there is one.
pub(super) fn credential(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY")?;
    Some(PathBuf::from(folder).join(name)).filter(|path| path.is_file())
}

/// This host's name for EHLO; an address literal where it has no name with a dot (RFC 5321, 4.1.4).
pub(super) fn own_name() -> String {
    let name = crate::vantage::hostname();
    if name.contains('.') {
        return name;
    }
    // Whichever address this host would use towards the world; nothing is sent there (RFC 5737 documentation address).
    let outward = crate::vantage::addresses(std::iter::once(SocketAddr::from(([192, 0, 2, 1], 25))));
    format!("[{}]", outward.first().map_or("127.0.0.1", String::as_str))
}

/// The local part of the random control: 16 letters and digits.
pub(super) fn random_local() -> String {
    let mut generator = fastrand::Rng::new();
    // A letter first: some systems take a leading digit for something else.
    let first = generator.lowercase();
    let rest = std::iter::repeat_with(|| generator.alphanumeric().to_ascii_lowercase()).take(15);
    std::iter::once(first).chain(rest).collect()
}

/// Whether the last part is a number: `127.1`, `2130706457`, `0x7f000019`.
fn is_old_address(host: &str) -> bool {
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let number = |digits: &str, radix| !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    number(&last, 10) || last.strip_prefix("0x").is_some_and(|digits| digits.is_empty() || number(digits, 16))
}
