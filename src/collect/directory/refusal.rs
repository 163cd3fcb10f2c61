//! What a result code other than success says, in words (RFC 4511, appendix A; the codes behind `data` are AD's).
use super::message::Outcome;
use nsdiag_checks::evidence::{How, Miss};

/// How many of the servers that it refers to are named.
const NAMED: usize = 3;

/// A refusal in words.
pub(super) fn refusal(outcome: &Outcome) -> Miss {
    let Outcome { code, text, refs, .. } = outcome;
    let detail = text.split("data ").nth(1).and_then(|rest| rest.split([',', ' ']).next());
    // SEC_E_BAD_BINDINGS: the bind is not bound to this TLS channel, and the server demands that.
    let unbound = text.to_ascii_lowercase().contains("80090346") || detail == Some("80090346");
    let reason = match detail.filter(|_| *code == 49) {
        Some("525") => ": no such account",
        Some("52e") => ": wrong account or password",
        Some("530" | "531") => ": the account may not log on at this time or from here",
        Some("532") => ": the password has expired",
        Some("533") => ": the account is disabled",
        Some("701") => ": the account has expired",
        Some("773") => ": the password must be changed first",
        Some("775") => ": the account is locked",
        _ => "",
    };
    let (how, words) = match code {
        8 => (How::SigningRequired, "it demands signing or TLS (strongerAuthRequired)"),
        13 => (How::SigningRequired, "it demands TLS (confidentialityRequired)"),
        1 if text.contains("successful bind") => (How::NoRight, "it answers nobody without a bind; give --ldap-user"),
        10 => (How::Referral, "it refers to another server, which is not followed"),
        11 => (How::TooLarge, "a limit of the server's is exceeded (adminLimitExceeded)"),
        3 => (How::TimedOut, "the search took longer than the server allows (timeLimitExceeded)"),
        4 => (How::TooLarge, "there is more than the server shows (sizeLimitExceeded)"),
        32 => (How::NoRight, "no such object is visible (noSuchObject)"),
        48 => (How::NoRight, "it does not take this kind of bind (inappropriateAuthentication)"),
        7 => (How::NoRight, "it does not take this kind of bind (authMethodNotSupported)"),
        49 if unbound => (
            How::SigningRequired,
            "it demands that the bind is bound to the TLS channel (channel binding), and this one is not or wrongly; \
             something between here and there may open the TLS channel",
        ),
        49 => (How::WrongPassword, "invalid credentials"),
        14 => (How::Protocol, "it wants to go on where there is nothing more to say (saslBindInProgress)"),
        50 => (How::NoRight, "the account may not do this (insufficientAccessRights)"),
        51 => (How::Busy, "it is busy"),
        52 => (How::Busy, "it is unavailable"),
        53 => (How::Busy, "it is unwilling to perform this"),
        _ => (How::Protocol, "it refuses"),
    };
    // Where there are many, one knows where to look all the same.
    let to = match &refs[..] {
        [] => String::new(),
        all if all.len() <= NAMED => format!(" ({})", all.join(", ")),
        [first, rest @ ..] => format!(" ({first} and {} more)", rest.len()),
    };
    let server = if text.is_empty() { String::new() } else { format!("; it says: {text}") };
    Miss::new(how, format!("{words}{reason}{to} (result {code}){server}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_codes_are_told_apart() {
        let ad = "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data 775, v4563";
        let unbound = "80090346: LdapErr: DSID-0C0906B4, comment: AcceptSecurityContext error, data 80090346, v4563";
        let cases = [
            (49, ad, How::WrongPassword, "invalid credentials: the account is locked (result 49)"),
            (49, unbound, How::SigningRequired, "it demands that the bind is bound to the TLS channel"),
            (8, "", How::SigningRequired, "it demands signing or TLS (strongerAuthRequired) (result 8)"),
            (13, "", How::SigningRequired, "it demands TLS (confidentialityRequired) (result 13)"),
            (50, "", How::NoRight, "the account may not do this (insufficientAccessRights) (result 50)"),
            (51, "", How::Busy, "it is busy (result 51)"),
            (11, "", How::TooLarge, "a limit of the server's is exceeded (adminLimitExceeded) (result 11)"),
            (
                1,
                "In order to perform this operation a successful bind must be completed",
                How::NoRight,
                "it answers nobody",
            ),
        ];
        for (code, text, how, words) in cases {
            let miss = refusal(&Outcome { code, text: text.into(), ..Outcome::default() });
            assert!(miss.how == how && miss.said.starts_with(words), "{miss:?}");
        }
        let elsewhere = Outcome { code: 10, refs: vec!["ldap://dc2".into()], ..Outcome::default() };
        assert!(refusal(&elsewhere).said.contains("ldap://dc2"));
    }
}
