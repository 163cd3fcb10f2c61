//! Kerberos: a SASL bind with GSSAPI (RFC 4752), with the ticket cache or the keytab of the environment.
//!
//! It goes over TLS alone, bound to the channel (RFC 5929). So Active Directory's demand for signing is met, no security
//! layer lies between the wire and the checks of what comes from it, and nobody between can pass the bind on.
use super::Clock;
use super::connection::Connection;
use super::message::{self, Kind};
use super::refusal::refusal;
use libgssapi::context::{ClientCtx, CtxFlags, SecurityContext};
use libgssapi::credential::{Cred, CredUsage};
use libgssapi::error::Error;
use libgssapi::name::Name;
use libgssapi::oid::{GSS_MECH_KRB5, GSS_NT_KRB5_PRINCIPAL, OidSet};
use nsdiag_checks::evidence::{How, Miss};
use ring::digest::{Algorithm, SHA256, SHA384, SHA512, digest};
use tokio::sync::oneshot;
use x509_parser::prelude::FromDer;
use x509_parser::signature_algorithm::SignatureAlgorithm;

/// How many steps a bind may take; Kerberos takes three.
const STEPS: usize = 8;
/// saslBindInProgress (RFC 4511, appendix A).
const GOES_ON: i32 = 14;
/// "No security layer" in the last step (RFC 4752, 3.3).
const NO_LAYER: u8 = 1;

/// Binds as whoever the ticket is for, and tells who that is.
pub(super) async fn bind(connection: &Connection, clock: Clock) -> Result<String, Miss> {
    if !connection.secure {
        let said = "Kerberos goes over TLS alone here; use ldaps://, or a server that knows StartTLS";
        return Err(Miss::new(How::TlsMissing, said));
    }
    let binding = connection.certificate.as_deref().and_then(end_point);
    let service = format!("ldap/{}", connection.host);
    let beginning = apart(move || begin(&service, binding.as_deref()));
    let (mut client, mut token, who) = clock.step("getting a Kerberos ticket", beginning).await??;
    for _ in 0..STEPS {
        let request = message::sasl_bind("GSSAPI", &token);
        let outcome = clock.step("the bind", connection.wire.ask_once(Kind::Bind, &request)).await??;
        match outcome.code {
            0 if client.is_complete() => return Ok(format!("{who} (Kerberos)")),
            GOES_ON => {}
            _ => return Err(refusal(&outcome)),
        }
        let answer = outcome.credentials.unwrap_or_default();
        let next = apart(move || go_on(client, &answer));
        (client, token) = clock.step("the bind", next).await??;
    }
    Err(Miss::new(How::Protocol, "the Kerberos bind does not come to an end"))
}

/// Runs what blocks in a thread of its own, for which nothing waits in the end.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T, Miss> + Send + 'static) -> Result<T, Miss> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || sender.send(work()));
    receiver.await.unwrap_or_else(|_| Err(Miss::new(How::NotTried, "the Kerberos library failed in itself")))
}

fn begin(service: &str, binding: Option<&[u8]>) -> Result<(ClientCtx, Vec<u8>, String), Miss> {
    let ticket = || {
        let mechanisms = OidSet::singleton(GSS_MECH_KRB5)?;
        let credential = Cred::acquire(None, None, CredUsage::Initiate, Some(&mechanisms))?;
        let who = String::from_utf8_lossy(&credential.name()?.display_name()?).into_owned();
        Ok((credential, who))
    };
    let (credential, who) = ticket().map_err(|error| no_ticket(&error))?;
    // A principal and not a host's name: the library would look the latter up in DNS, and believe it.
    let target = Name::new(service.as_bytes(), Some(GSS_NT_KRB5_PRINCIPAL)).map_err(|error| wrong(&error))?;
    // Neither integrity nor confidentiality: AD refuses both inside TLS.
    let flags = CtxFlags::GSS_C_MUTUAL_FLAG | CtxFlags::GSS_C_SEQUENCE_FLAG;
    let mut client = ClientCtx::new(Some(credential), target, flags, Some(GSS_MECH_KRB5));
    let token = client.step(None, binding).map_err(|error| wrong(&error))?;
    Ok((client, token.map_or_else(Vec::new, |token| token.to_vec()), who))
}

fn go_on(mut client: ClientCtx, answer: &[u8]) -> Result<(ClientCtx, Vec<u8>), Miss> {
    if !client.is_complete() {
        let token = client.step(Some(answer), None).map_err(|error| wrong(&error))?;
        return Ok((client, token.map_or_else(Vec::new, |token| token.to_vec())));
    }
    // The last step: which layers the server offers, and how long a message may be.
    let offer = client.unwrap(answer).map_err(|error| wrong(&error))?;
    match offer.first() {
        Some(layers) if layers & NO_LAYER != 0 && offer.len() == 4 => {
            let choice = client.wrap(false, &[NO_LAYER, 0, 0, 0]).map_err(|error| wrong(&error))?.to_vec();
            Ok((client, choice))
        }
        Some(_) => {
            let said = "it demands signing inside TLS, which is not done here";
            Err(Miss::new(How::SigningRequired, said))
        }
        None => Err(Miss::new(How::Protocol, "the last step of the Kerberos bind is empty")),
    }
}

/// What binds to a TLS channel that this certificate opened: the hash of it, by the algorithm that signed it
/// (RFC 5929, 4.1). None where that algorithm has no hash.
fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let (_, parsed) = x509_parser::certificate::X509Certificate::from_der(certificate).ok()?;
    let algorithm = &parsed.signature_algorithm;
    let name = match SignatureAlgorithm::try_from(algorithm) {
        Ok(SignatureAlgorithm::RSASSA_PSS(parameters)) => parameters.hash_algorithm_oid().to_id_string(),
        _ => algorithm.algorithm.to_id_string(),
    };
    let hash: &Algorithm = match &*name {
        // MD5 and SHA-1 give way to SHA-256.
        "1.2.840.113549.1.1.4" | "1.2.840.113549.1.1.5" | "1.2.840.10045.4.1" | "1.3.14.3.2.26" => &SHA256,
        "1.2.840.113549.1.1.11" | "1.2.840.10045.4.3.2" | "2.16.840.1.101.3.4.2.1" => &SHA256,
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" | "2.16.840.1.101.3.4.2.2" => &SHA384,
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" | "2.16.840.1.101.3.4.2.3" => &SHA512,
        _ => return None,
    };
    Some([b"tls-server-end-point:", digest(hash, certificate).as_ref()].concat())
}

fn no_ticket(error: &Error) -> Miss {
    let text = words(error);
    let how = if is_refused(&text) { How::WrongPassword } else { How::NotTried };
    let hint = "run kinit, or name a keytab in KRB5_CLIENT_KTNAME";
    Miss::new(how, format!("there is no Kerberos ticket: {text}; {hint}"))
}

fn wrong(error: &Error) -> Miss {
    let text = words(error);
    let how = match &*text {
        text if is_refused(text) => How::WrongPassword,
        text if text.contains("Cannot contact any KDC") => How::Unreachable,
        _ => How::NotTried,
    };
    let hint = match text.contains("not found in Kerberos database") {
        true => "; name the server in --ldap by the name that it has in Active Directory",
        false => "",
    };
    Miss::new(how, format!("Kerberos: {text}{hint}"))
}

/// Whether the account itself was refused.
fn is_refused(text: &str) -> bool {
    let signs = ["Preauthentication failed", "credentials have been revoked", "Client not found", "Client '"];
    signs.iter().any(|sign| text.contains(sign))
}

/// The library's words, without those that it says to everything.
fn words(error: &Error) -> String {
    let text = error.to_string();
    let general = ["Unspecified GSS failure.", "Minor code may provide more information"];
    let text = general.iter().fold(text, |text, part| text.replace(part, " "));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_a_channel_goes_by_the_certificates_signature() {
        use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};
        let cases = [(&PKCS_ECDSA_P256_SHA256, Some(32)), (&PKCS_ECDSA_P384_SHA384, Some(48)), (&PKCS_ED25519, None)];
        for (algorithm, length) in cases {
            let key = KeyPair::generate_for(algorithm).unwrap();
            let certificate = CertificateParams::new(vec!["dc1".into()]).unwrap().self_signed(&key).unwrap();
            let bound = end_point(certificate.der());
            assert_eq!(bound.map(|bound| bound.len()), length.map(|length: usize| length + 21), "{algorithm:?}");
        }
        assert_eq!(end_point(b"no certificate"), None);
    }
}
