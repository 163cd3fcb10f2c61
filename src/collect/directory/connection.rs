//! A connection to a directory server: TCP, TLS, and an LDAP session on it.
use super::message::{self, Answer, Kind, Message};
use super::wire::{Stream, Wire};
use super::{Access, Clock, ber};
use crate::collect::tcp::{self, Prompt};
use nsdiag_checks::evidence::{How, Miss};
use rustls::pki_types::ServerName;
use std::net::{IpAddr, SocketAddr};
use std::{fmt, io};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::client::TlsStream;

/// A server's URL, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
}

impl Url {
    /// Reads `ldap://host[:port]` or `ldaps://host[:port]`.
    pub(super) fn parse(text: &str) -> Result<Self, Miss> {
        let bad = || {
            // A login in front of the host may hold a password.
            let shown = match text.rsplit_once('@') {
                Some((_, host)) => format!("***@{host}"),
                None => text.into(),
            };
            Miss::new(How::NotTried, format!("'{shown}' is not ldap://host[:port] or ldaps://host[:port]"))
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(bad)?;
        let tls = match &*scheme.to_ascii_lowercase() {
            "ldap" => false,
            "ldaps" => true,
            _ => return Err(bad()),
        };
        let authority = rest.trim_end_matches('/');
        let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or_else(bad)?)),
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        let default = if tls { 636 } else { 389 };
        let port = port.map_or(Ok(default), |port| port.parse().map_err(|_| bad()))?;
        if host.is_empty() || host.contains(['/', '@', ' ']) {
            return Err(bad());
        }
        Ok(Self { tls, host: host.into(), port })
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let scheme = if self.tls { "ldaps" } else { "ldap" };
        match self.host.contains(':') {
            true => write!(f, "{scheme}://[{}]:{}", self.host, self.port),
            false => write!(f, "{scheme}://{}:{}", self.host, self.port),
        }
    }
}

/// A connection that stands.
pub(super) struct Connection {
    pub(super) wire: Wire,
    /// Whether a password may go over it.
    pub(super) secure: bool,
    /// The server, as it was named.
    #[cfg(feature = "gssapi")]
    pub(super) host: String,
    /// The certificate that opened the TLS channel, in DER.
    #[cfg(feature = "gssapi")]
    pub(super) certificate: Option<Vec<u8>>,
}

impl Connection {
    /// Connects to `url` at `address`: TLS at once for ldaps, StartTLS for ldap (RFC 4513, 3).
    pub(super) async fn open(url: &Url, address: IpAddr, access: &Access, clock: Clock) -> Result<Self, Miss> {
        let tcp = clock.step("connecting", tcp::connect(SocketAddr::new(address, url.port))).await?;
        let mut tcp = tcp.map_err(|error| connect_miss(&error))?;
        if url.tls {
            return Ok(Self::sealed(handshake(tcp, url, access, clock).await?, url));
        }
        match clock.step("StartTLS", start_tls(&mut tcp)).await? {
            Ok(()) => Ok(Self::sealed(handshake(tcp, url, access, clock).await?, url)),
            // What goes in the clear is decided at the bind; without a user nothing secret goes.
            Err(_) if access.plaintext || access.user.is_none() => {
                let again = clock.step("connecting", tcp::connect(SocketAddr::new(address, url.port))).await?;
                Ok(Self::over(again.map_err(|error| connect_miss(&error))?, url, None))
            }
            Err(miss) => Err(miss),
        }
    }

    fn sealed(stream: TlsStream<Prompt>, url: &Url) -> Self {
        let chain = stream.get_ref().1.peer_certificates();
        let certificate = chain.and_then(|chain| chain.first()).map_or_else(Vec::new, |first| first.to_vec());
        Self::over(stream, url, Some(certificate))
    }

    #[cfg_attr(not(feature = "gssapi"), allow(unused_variables))]
    fn over(stream: impl Stream + 'static, url: &Url, certificate: Option<Vec<u8>>) -> Self {
        Self {
            wire: Wire::new(stream),
            secure: certificate.is_some(),
            #[cfg(feature = "gssapi")]
            host: url.host.clone(),
            #[cfg(feature = "gssapi")]
            certificate,
        }
    }
}

async fn handshake(tcp: Prompt, url: &Url, access: &Access, clock: Clock) -> Result<TlsStream<Prompt>, Miss> {
    let host = idna::domain_to_ascii(&url.host).unwrap_or_else(|_| url.host.clone());
    let name = ServerName::try_from(host).map_err(|error| Miss::new(How::TlsFailed, error.to_string()))?;
    let connecting = tokio_rustls::TlsConnector::from(access.tls.clone()).connect(name, tcp);
    let stream = clock.step("the TLS handshake", connecting).await?;
    stream.map_err(|error| {
        let hint = match error.to_string().contains("certificate") {
            true => "; name the root that signed it with --ca FILE, and the server by the name in its certificate",
            false => "",
        };
        Miss::new(How::TlsFailed, format!("the TLS handshake failed: {error}{hint}"))
    })
}

/// Asks for StartTLS (RFC 4511, 4.14) in the clear, and takes nothing for an answer but the answer.
async fn start_tls(tcp: &mut Prompt) -> Result<(), Miss> {
    let gone = |error: io::Error| Miss::new(How::HungUp, format!("at StartTLS: {error}"));
    tcp.write_all(&message::message(1, &message::start_tls(), &[])).await.map_err(gone)?;
    let mut buffer = Vec::new();
    let length = loop {
        if let Some(length) = ber::whole(&buffer)? {
            break length;
        }
        let mut chunk = [0; 1024];
        let count = tcp.read(&mut chunk).await.map_err(gone)?;
        if count == 0 {
            return Err(Miss::new(How::HungUp, "the server closed the connection at StartTLS"));
        }
        buffer.extend_from_slice(&chunk[..count]);
    };
    if buffer.len() > length {
        return Err(Miss::new(How::TlsInjection, "bytes in clear text followed the reply to StartTLS"));
    }
    let reply = Message::read(&buffer)?;
    if let Some(notice) = reply.notice().filter(|_| reply.id == 0) {
        return Err(notice);
    }
    match reply.answer()? {
        Answer::Outcome(outcome) if reply.id == 1 && reply.fits(Kind::Extended) => match outcome.code {
            0 => Ok(()),
            code => Err(Miss::new(
                How::TlsMissing,
                format!(
                    "the server refuses StartTLS (result {code}); use ldaps://, or --ldap-plaintext on a wire that you \
                     trust"
                ),
            )),
        },
        _ => Err(Miss::new(How::Protocol, "the reply to StartTLS is none")),
    }
}

fn connect_miss(error: &io::Error) -> Miss {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Miss::new(How::Refused, "connection refused"),
        io::ErrorKind::ConnectionReset => Miss::new(How::HungUp, "the server reset the connection"),
        io::ErrorKind::TimedOut => Miss::new(How::TimedOut, "no connection"),
        _ => Miss::new(How::Unreachable, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_and_bad_ones_named() {
        let url = |tls, host: &str, port| Some(Url { tls, host: host.into(), port });
        let cases = [
            ("ldaps://dc1.corp.contoso.com", url(true, "dc1.corp.contoso.com", 636)),
            ("ldap://dc1:3268/", url(false, "dc1", 3268)),
            ("LDAPS://[2001:db8::1]:1636", url(true, "2001:db8::1", 1636)),
            ("ldaps://[2001:db8::1]", url(true, "2001:db8::1", 636)),
            ("https://dc1", None),
            ("dc1.corp.contoso.com", None),
            ("ldap://dc1:no", None),
            ("ldap://", None),
        ];
        for (text, expected) in cases {
            assert_eq!(Url::parse(text).ok(), expected, "{text}");
        }
        let said = Url::parse("ldaps://svc:geheim@7391@dc1").err().map(|miss| miss.said);
        assert_eq!(said.as_deref(), Some("'***@dc1' is not ldap://host[:port] or ldaps://host[:port]"));
    }
}
