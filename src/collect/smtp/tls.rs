//! TLS that looks first and judges apart: the handshake goes through whatever the certificate, and what the
//! certificate is worth is written down beside it.
//!
//! Nothing secret ever goes over such a connection. LDAP, which carries a password, uses [`TlsTrust::strict`].
use nsdiag_checks::evidence::smtp::{Certificate, Handshake, Tls};
use nsdiag_checks::evidence::{How, Miss, Observed};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The roots to trust: the system's, and those that the user named.
#[derive(Clone)]
pub struct TlsTrust {
    roots: Arc<RootCertStore>,
    /// The system's alone.
    public: Arc<RootCertStore>,
    strict: Arc<ClientConfig>,
}

impl TlsTrust {
    /// Trusts the system's roots and the PEM certificates in `extra`, each with the name of its file.
    ///
    /// # Errors
    /// In words, with the file's name, where a file holds no certificate or one that cannot be read.
    pub fn new(extra: &[(String, Vec<u8>)]) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        // A machine without roots, or with an odd one among them, still finds its users' own authority in `extra`.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let public = Arc::new(roots.clone());
        for (file, pem) in extra {
            let mut found = 0;
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(|error| format!("{file}: not a PEM certificate: {error}"))?;
                roots.add(certificate).map_err(|error| format!("{file}: not a usable certificate: {error}"))?;
                found += 1;
            }
            if found == 0 {
                return Err(format!("{file}: holds no PEM certificate"));
            }
        }
        let roots = Arc::new(roots);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let strict = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        Ok(Self { roots, public, strict: Arc::new(strict) })
    }

    /// A configuration that verifies, for connections that carry a password.
    pub fn strict(&self) -> Arc<ClientConfig> {
        self.strict.clone()
    }

    /// A configuration that accepts everything, and where it writes down what it saw.
    ///
    /// `named`: whether the host has a name to compare with.
    pub(super) fn capture(&self, named: bool) -> Result<(Arc<ClientConfig>, Arc<Mutex<Seen>>), String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let seen = Arc::new(Mutex::new(Seen::default()));
        let inner = match self.roots.is_empty() {
            true => None,
            false => Some(
                WebPkiServerVerifier::builder_with_provider(self.roots.clone(), provider.clone())
                    .build()
                    .map_err(|error| error.to_string())?,
            ),
        };
        let algorithms = provider.signature_verification_algorithms;
        let (roots, public) = (self.roots.clone(), self.public.clone());
        let verifier = Capture { inner, roots, public, algorithms, named, seen: seen.clone() };
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        config.resumption = rustls::client::Resumption::disabled();
        Ok((Arc::new(config), seen))
    }
}

/// The most certificates of a chain that are looked at; real chains have two to four.
const CHAIN: usize = 16;

/// The name to ask for and to compare with: `host` where it is a DNS name or an address.
pub(crate) fn server_name(host: &str) -> Option<ServerName<'static>> {
    let host = host.trim_end_matches('.');
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let ascii = if bare.is_ascii() { bare.to_string() } else { idna::domain_to_ascii(bare).ok()? };
    ServerName::try_from(ascii).ok()
}

/// What the verifier saw in one handshake.
#[derive(Debug, Default)]
pub(super) struct Seen {
    chain: Vec<Vec<u8>>,
    trusted: Observed<bool>,
    publicly_trusted: Observed<bool>,
    names_host: Observed<bool>,
    objection: Option<String>,
}

impl Seen {
    /// The evidence, with what became of the handshake.
    pub(super) fn into_evidence(self, handshake: Observed<Handshake>) -> Tls {
        Tls {
            handshake,
            chain: self.chain.iter().map(|der| certificate(der)).collect(),
            trusted: self.trusted,
            publicly_trusted: self.publicly_trusted,
            names_host: self.names_host,
            objection: self.objection,
        }
    }
}

#[derive(Debug)]
struct Capture {
    inner: Option<Arc<WebPkiServerVerifier>>,
    roots: Arc<RootCertStore>,
    public: Arc<RootCertStore>,
    algorithms: WebPkiSupportedAlgorithms,
    named: bool,
    seen: Arc<Mutex<Seen>>,
}

impl Capture {
    fn names(&self, leaf: &ParsedCertificate, name: &ServerName) -> Observed<bool> {
        use rustls::CertificateError::{NotValidForName, NotValidForNameContext};
        if !self.named {
            return Observed::Unknown(Miss::new(How::NotTried, "the host has no name to compare with"));
        }
        match verify_server_name(leaf, name) {
            Ok(()) => Observed::Known(true),
            Err(rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. })) => {
                Observed::Known(false)
            }
            Err(error) => Observed::Unknown(Miss::new(How::Protocol, error.to_string())),
        }
    }
}

impl ServerCertVerifier for Capture {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let mut seen = Seen {
            chain: std::iter::once(leaf).chain(rest).take(CHAIN).map(|each| each.to_vec()).collect(),
            ..Seen::default()
        };
        let rest = &rest[..rest.len().min(CHAIN - 1)];
        let whole = self.inner.as_ref().map(|inner| inner.verify_server_cert(leaf, rest, name, ocsp, now));
        seen.objection = whole.and_then(Result::err).map(|error| error.to_string());
        match ParsedCertificate::try_from(leaf) {
            Ok(parsed) => {
                // Dates are judged apart, so trust is asked for at any time at which the chain may have been valid: the
                // span in which all of a path is valid, where there is one, begins with one of its certificates.
                let leads = |roots: &RootCertStore| {
                    let at = |then| {
                        let all = self.algorithms.all;
                        verify_server_cert_signed_by_trust_anchor(&parsed, roots, rest, then, all).is_ok()
                    };
                    match roots.is_empty() {
                        true => {
                            Observed::Unknown(Miss::new(How::NotTried, "this machine trusts no certificate authority"))
                        }
                        false => Observed::Known(at(now) || seen.chain.iter().filter_map(|der| begins(der)).any(at)),
                    }
                };
                (seen.trusted, seen.publicly_trusted) = (leads(&self.roots), leads(&self.public));
                seen.names_host = self.names(&parsed, name);
            }
            // Version 1 certificates and the like: no verifier takes them.
            Err(error) => {
                seen.trusted = Observed::Known(false);
                seen.names_host = Observed::Unknown(Miss::new(How::Protocol, error.to_string()));
                seen.objection = Some(error.to_string());
            }
        }
        *self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = seen;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// When the certificate begins to be valid.
fn begins(der: &[u8]) -> Option<UnixTime> {
    let (_, parsed) = x509_parser::parse_x509_certificate(der).ok()?;
    let seconds = u64::try_from(parsed.validity().not_before.timestamp()).ok()?;
    Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
}

fn certificate(der: &[u8]) -> Certificate {
    let digests = |bytes: &[u8]| (hex(&ring::digest::SHA256, bytes), hex(&ring::digest::SHA512, bytes));
    let (sha256, sha512) = digests(der);
    let Ok((_, parsed)) = x509_parser::parse_x509_certificate(der) else {
        let unreadable = "(not readable)".to_string();
        return Certificate {
            subject: unreadable.clone(),
            issuer: unreadable,
            sha256,
            sha512,
            ..Certificate::default()
        };
    };
    let (key_sha256, key_sha512) = digests(parsed.public_key().raw);
    use x509_parser::extensions::GeneralName;
    let names = parsed.subject_alternative_name().ok().flatten().map_or_else(Vec::new, |extension| {
        let name = |name: &GeneralName| match name {
            GeneralName::DNSName(name) => Some((*name).to_string()),
            GeneralName::IPAddress(octets) => match octets.len() {
                4 => <[u8; 4]>::try_from(*octets).ok().map(|octets| std::net::Ipv4Addr::from(octets).to_string()),
                16 => <[u8; 16]>::try_from(*octets).ok().map(|octets| std::net::Ipv6Addr::from(octets).to_string()),
                _ => None,
            },
            _ => None,
        };
        extension.value.general_names.iter().filter_map(name).collect()
    });
    Certificate {
        subject: parsed.subject().to_string(),
        issuer: parsed.issuer().to_string(),
        names,
        not_before: crate::clock::rfc3339(parsed.validity().not_before.timestamp()),
        not_after: crate::clock::rfc3339(parsed.validity().not_after.timestamp()),
        sha256,
        sha512,
        key_sha256,
        key_sha512,
    }
}

/// The digest of `bytes`, hexadecimal.
pub(in crate::collect) fn hex(algorithm: &'static ring::digest::Algorithm, bytes: &[u8]) -> String {
    ring::digest::digest(algorithm, bytes).as_ref().iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A failed handshake as a miss, in words for people.
pub(super) fn handshake_miss(error: &std::io::Error) -> Miss {
    let said = error.to_string();
    let hint = match said.contains("ProtocolVersion") || said.contains("HandshakeFailure") {
        true => "; the server offers nothing of TLS 1.2 or later with a key exchange that is still safe",
        false => "",
    };
    Miss::new(How::TlsFailed, format!("the TLS handshake after STARTTLS failed: {said}{hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_host_may_be_asked_for_a_name() {
        let cases = [
            ("mx1.contoso.com", Some("mx1.contoso.com")),
            ("mx1.contoso.com.", Some("mx1.contoso.com")),
            ("mx_1.contoso.com", Some("mx_1.contoso.com")),
            ("bücher.example", Some("xn--bcher-kva.example")),
            ("[192.0.2.1]", Some("192.0.2.1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("not a name", None),
            ("", None),
            ("a..b", None),
            ("\u{0}", None),
        ];
        for (host, expected) in cases {
            assert_eq!(server_name(host).map(|name| name.to_str().into_owned()).as_deref(), expected, "{host:?}");
        }
    }
}
