//! Says who asks: a name and a password (RFC 4513, 5.1), or a Kerberos ticket where nsdiag is built for that.
use super::connection::Connection;
use super::message::{self, Kind};
use super::refusal::refusal;
use super::{Access, Clock};
use nsdiag_checks::evidence::{How, Miss, Observed};

/// Binds as the user of `access`; without one, nobody is bound.
pub(super) async fn bind(connection: &Connection, access: &Access, clock: Clock) -> Observed<String> {
    let bound = match access.kerberos {
        #[cfg(feature = "gssapi")]
        true => super::kerberos::bind(connection, clock).await,
        #[cfg(not(feature = "gssapi"))]
        true => Err(Miss::new(How::NotTried, "this nsdiag is built without Kerberos")),
        false => simple(connection, access, clock).await,
    };
    match bound {
        Ok(who) => Observed::Known(who),
        Err(miss) => Observed::Unknown(miss),
    }
}

async fn simple(connection: &Connection, access: &Access, clock: Clock) -> Result<String, Miss> {
    let Some(user) = &access.user else { return Ok("nobody (anonymous)".into()) };
    let Some(password) = access.password.as_ref().filter(|password| !password.0.is_empty()) else {
        // RFC 4513, 5.1.2: a name without a password binds nobody, and many servers say success to it.
        return Err(Miss::new(How::NotTried, "there is no password; give --ldap-password-file FILE"));
    };
    if !connection.secure && !access.plaintext {
        let said = "the password would go in the clear; use ldaps://, or --ldap-plaintext on a wire that you trust";
        return Err(Miss::new(How::NotTried, said));
    }
    let request = message::simple_bind(user, &password.0);
    let outcome = clock.step("the bind", connection.wire.ask_once(Kind::Bind, &request)).await??;
    match outcome.code {
        0 => Ok(user.clone()),
        _ => Err(refusal(&outcome)),
    }
}
